"""SPICE text to logical lines and tokens: comments, continuations, brackets, quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hwdesign.errors import FormatError

_MAX_NESTING = 100
_PIECE = re.compile(r"[^\s,=(){}'\"]+|\s+|.", re.DOTALL)
_CLOSING = {"(": ")", "{": "}"}
_SPECIAL = re.compile(r"[(){}'\"]|[=!<>]=")
_TAIL = re.compile(r"[(){}'\"]|(?<=\s)\*")
_INLINE = re.compile(r"\"[^\"]*\"|'[^']*'|(?P<comment>;|(?<!\S)\$(?!\S)|(?<!\S)//)")


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line: its continuations joined, its comments gone.

    Attributes:
        text: without the end of line.
        line: 1-based number of its first physical line.
        file: the file in which it stands.
    """

    text: str
    line: int
    file: str

    def error(self, what: str, mend: str = "") -> FormatError:
        """An error that points here."""
        return FormatError(what, file=self.file, line=self.line, mend=mend)

    def name(self, token: str, what: str) -> str:
        """`token`, which names a `what`.

        Raises:
            FormatError: it holds a bracket, a quote or '='.
        """
        if any(sign in token for sign in "(){}'\"="):
            raise self.error(f"'{token[:40]}' is no name of a {what}", "names hold no brackets, quotes or '='")
        return token


def decode(data: str | bytes, file: str) -> str:
    """Text of a deck; bytes that are not UTF-8 keep their values.

    Raises:
        FormatError: the data holds a zero byte, so it is no text.
    """
    text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
    if "\0" in text:
        raise FormatError(
            "the file is binary, not a SPICE deck", file=file, line=text.count("\n", 0, text.index("\0")) + 1
        )
    if "\r" in text and "\n" not in text:
        text = text.replace("\r", "\n")
    return text.removeprefix("\ufeff")


def strip_comment(text: str) -> str:
    """A physical line without its end-of-line comment: `; ...`, ` $ ...` or ` // ...`."""
    if ";" not in text and "$" not in text and "//" not in text:
        return text
    for match in _INLINE.finditer(text):
        if match.group("comment"):
            return text[: match.start()]
    return text


def logical_lines(text: str, file: str, *, first: int = 1) -> Iterator[Line]:
    """The logical lines of a text; comments (`*` or `#` first in a line) and empty lines are left out.

    No simulator knows an element or a statement that begins with `#`, so that it is JoSIM's comment in every deck.

    Args:
        text: what follows the title, or the whole of an included file.
        file: for error messages.
        first: number of the text's first line.

    Raises:
        FormatError: a continuation line continues nothing.
    """
    pieces: list[str] = []
    begun = 0
    for number, raw in enumerate(text.split("\n"), first):
        body = raw.strip()
        if not body or body[0] in "*#":
            continue
        body = strip_comment(body).rstrip()
        if not body:
            continue
        if body[0] == "+":
            if not pieces:
                raise FormatError(
                    "a continuation line '+' continues nothing", file=file, line=number, mend="remove the '+'"
                )
            pieces.extend([body[1:].strip()] if len(body) > 1 else [])
            continue
        if pieces:
            yield Line(" ".join(pieces), begun, file)
        pieces, begun = [body], number
    if pieces:
        yield Line(" ".join(pieces), begun, file)


def tokens(line: Line) -> list[str]:
    """Tokens of a logical line. White space and commas part them; `=` is one by itself; brackets and quotes hold
    together (`pwl(0 0 5p 1m)`, `{a + b}` and `"a b"` are one token each).

    Raises:
        FormatError: a bracket or a quote is not closed, or brackets nest too deep.
    """
    text = line.text
    if _SPECIAL.search(text) is None:
        return text.replace(",", " ").replace("=", " = ").split()
    out: list[str] = []
    current: list[str] = []
    stack: list[str] = []
    quote = ""

    def flush() -> None:
        if current:
            out.append("".join(current))
            current.clear()

    for match in _PIECE.finditer(text):
        piece = match.group()
        if quote:
            current.append(piece)
            quote = "" if piece == quote else quote
        elif piece in ("(", "{"):
            stack.append(_CLOSING[piece])
            current.append(piece)
            if len(stack) > _MAX_NESTING:
                raise line.error(f"brackets nest more than {_MAX_NESTING} deep")
        elif stack:
            current.append(piece)
            if piece == stack[-1]:
                stack.pop()
        elif piece in (")", "}"):
            raise line.error(f"'{piece}' closes nothing", "remove it or open the bracket")
        elif piece in ("'", '"'):
            quote = piece
            current.append(piece)
        elif piece == "=":
            before = text[match.start() - 1 : match.start()]
            after = text[match.end() : match.end() + 1]
            # == != <= >= are operators; any other = parts a name from its value.
            if after == "=" or (current and before in ("=", "!", "<", ">")):
                current.append(piece)
            else:
                flush()
                out.append(piece)
        elif piece == "," or piece.isspace():
            flush()
        else:
            current.append(piece)
    if quote:
        raise line.error(f"the quote {quote} is not closed", "close it on the same line")
    if stack:
        raise line.error(f"'{stack[-1]}' is missing", "close the bracket")
    flush()
    return out


def without_tail(text: str) -> str:
    """A line up to a `*` after white space outside of brackets and quotes, as ends a line with a remark in JSIM decks.

    JoSIM knows no such comment, and reads over what follows an element's values.
    """
    if "*" not in text:
        return text
    depth, quote = 0, ""
    for match in _TAIL.finditer(text):
        sign = match.group()
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "({":
            depth += 1
        elif sign in ")}":
            depth -= 1
        elif depth == 0:
            return text[: match.start()].rstrip()
    return text


def unquote(token: str) -> str:
    """A token without the quotes around it."""
    return token[1:-1] if len(token) > 1 and token[0] == token[-1] and token[0] in "'\"" else token


def pairs(line: Line, parts: list[str], *, spaced: bool = False) -> list[tuple[str, str]]:
    """(name, value) of `name = value` tokens. A name alone is a flag of value ''.

    Args:
        line: for error messages.
        parts: tokens.
        spaced: whether a value runs to the next name (`a = 2 * b c = 3`), or is one token.

    Raises:
        FormatError: a value is missing, or stands where a name should.
    """
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(parts):
        name = parts[at]
        if name == "=" or not (name[0].isalpha() or name[0] == "_"):
            raise line.error(f"'{name[:40]}' stands where name=value is expected")
        if at + 1 < len(parts) and parts[at + 1] == "=":
            end = at + 2
            # The next value's name stands just before the next '='.
            while end < len(parts) and parts[end] != "=":
                end += 1
            end = end - 1 if end < len(parts) else end
            end = end if spaced else min(end, at + 3)
            value = " ".join(parts[at + 2 : end])
            if not value:
                raise line.error(f"'{name[:40]}=' has no value")
            found.append((name, value))
            at = end
        else:
            found.append((name, ""))
            at += 1
    return found
