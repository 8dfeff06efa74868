"""The words of a Tcl script, as far as SDC files use them: parsed, never executed.

Commands, `{braces}`, `"quotes"`, `[commands]`, `$variables`, backslashes and comments follow Tcl's rules (Ousterhout
and Jones, Tcl and the Tk Toolkit, chapter 2). A number or `*` in brackets is text, as timing tools take it, so that
`ui_in[0]` needs no braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hwdesign.errors import FormatError, LimitError
from hwdesign.netlist.constraints import Objects

MAX_DEPTH = 50
MAX_SUBSTITUTED = 1 << 26
"""Characters and objects that all variables together may stand for, so that those which double themselves come to an
end."""

Value = str | Objects
"""A word is text, or the design objects that a command in brackets asked for."""

_BIT = re.compile(r"\[(?:-?\d+(?::-?\d+)?|\*)\]")
_VARIABLE = re.compile(r"\$(?:\{([^{}\n]+)\}|((?:\w|::)+))")
_CONTINUED = re.compile(r"\\\r?\n")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_BRACE = re.compile(r"[{}\\\n]")
_BARE = re.compile(r"(?:[^\s\\]+|\\.)+\\?|\\", re.DOTALL)
_NOT_SPACE = re.compile(r"\S")
_RUN = re.compile(r"[^\s;\"$\[\]\\]+")
_BLANK = " \t\r\f\v"


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        name: first word.
        words: the others.
        file, line: where it begins.
    """

    name: str
    words: tuple[Value, ...]
    file: str
    line: int

    def error(self, what: str, mend: str = "") -> FormatError:
        """A FormatError at this command's line."""
        return FormatError(what, file=self.file or None, line=self.line, mend=mend)


class Parser:
    """Reads a script command by command.

    Args:
        text: the script.
        file: for errors.
        variables: values of `$name`, read when a word is.
        call: gives the value of a command in brackets.
    """

    def __init__(self, text: str, file: str, variables: Mapping[str, Value], call: Callable[[Command], Value]) -> None:
        self._text = text
        self._file = file
        self._variables = variables
        self._call = call
        self._at = 0
        self._line = 1
        self._depth = 0
        self._substituted = 0

    def next(self) -> Command | None:
        """The next command of the script; None at its end.

        Raises:
            FormatError: unbalanced braces, quotes or brackets, an unknown variable.
            LimitError: commands nest too deep, or a word grows too long.
        """
        return self._command(None)

    def _error(self, what: str, mend: str = "", line: int = 0) -> FormatError:
        return FormatError(what, file=self._file or None, line=line or self._line, mend=mend)

    def _command(self, end: str | None) -> Command | None:
        text = self._text
        while self._at < len(text):
            char = text[self._at]
            if char == "\n":
                self._line += 1
            elif char == "#":
                self._comment()
                continue
            elif char == "\\" and self._continued():
                continue
            elif char not in _BLANK and char != ";":
                break
            self._at += 1
        line = self._line
        words: list[Value] = []
        while self._at < len(text):
            char = text[self._at]
            if char in "\n;" or char == end:
                break
            if char in _BLANK:
                self._at += 1
            elif not (char == "\\" and self._continued()):
                words.append(self._word(end))
        if not words:
            return None
        name = words[0]
        if not isinstance(name, str):
            raise self._error("a command's name is not text", "write the command's name", line)
        return Command(name, tuple(words[1:]), self._file, line)

    def _comment(self) -> None:
        text = self._text
        while self._at < len(text) and text[self._at] != "\n":
            if text[self._at] == "\\" and self._at + 1 < len(text):
                self._at += 1
                self._line += text[self._at] == "\n"
            self._at += 1

    def _continued(self) -> bool:
        """Past a backslash that ends a line, where one stands here."""
        match = _CONTINUED.match(self._text, self._at)
        if match is None:
            return False
        self._at = match.end()
        self._line += 1
        return True

    def _word(self, end: str | None) -> Value:
        char = self._text[self._at]
        if char == "{":
            value: Value = self._braces()
        elif char == '"':
            value = self._parts('"')
        else:
            return self._parts(end or "")
        after = self._text[self._at : self._at + 1]
        if after and after not in _BLANK + "\n;\\" and after != end:
            raise self._error(f"'{after}' stands right after a closing brace or quote", "put a blank between them")
        return value

    def _braces(self) -> str:
        text, begin = self._text, self._at
        first_line, depth = self._line, 0
        while (found := _BRACE.search(text, self._at)) is not None:
            self._at = found.start()
            char = found[0]
            if char == "\\" and self._at + 1 < len(text):
                self._at += 1
                self._line += text[self._at] == "\n"
            elif char == "{":
                depth += 1
            elif char == "}":
                depth -= 1
                if depth == 0:
                    self._at += 1
                    return re.sub(r"\\\r?\n[ \t]*", " ", text[begin + 1 : self._at - 1])
            elif char == "\n":
                self._line += 1
            self._at += 1
        self._at = len(text)
        raise self._error("the brace is not closed before the file ends", "add its '}'", first_line)

    def _parts(self, end: str) -> Value:
        """A quoted word (`end` is a quote), or a bare one, up to a blank, `;` or `end`, with what is substituted."""
        text, quoted = self._text, end == '"'
        first_line = self._line
        self._at += quoted
        parts: list[Value] = []
        while self._at < len(text):
            char = text[self._at]
            if char == end:
                if quoted:
                    self._at += 1
                return self._joined(parts, first_line)
            if not quoted and (char in _BLANK or char in "\n;"):
                return self._joined(parts, first_line)
            if char == "[":
                parts.append(self._brackets())
            elif char == "$":
                parts.append(self._variable())
            elif char == "\\":
                if self._continued():
                    if not quoted:
                        return self._joined(parts, first_line)
                    parts.append(" ")
                else:
                    parts.append(text[self._at + 1 : self._at + 2] or "\\")
                    self._at += 2
            else:
                self._line += char == "\n"
                run = _RUN.match(text, self._at)
                parts.append(run[0] if run else char)
                self._at += len(parts[-1])
        if quoted:
            raise self._error("the quote is not closed before the file ends", "add its '\"'", first_line)
        return self._joined(parts, first_line)

    def _joined(self, parts: list[Value], line: int) -> Value:
        if len(parts) == 1:
            return parts[0]
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) != len(parts):
            raise self._error("design objects stand within a text", "make a list of them: [list $a $b]", line)
        return "".join(texts)

    def _brackets(self) -> Value:
        bit = _BIT.match(self._text, self._at)
        if bit is not None:
            self._at = bit.end()
            return bit[0]
        first_line = self._line
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise LimitError(f"commands nest more than {MAX_DEPTH} deep", file=self._file, line=self._line)
        self._at += 1
        value: Value = ""
        while True:
            command = self._command("]")
            if command is not None:
                value = self._call(command)
            char = self._text[self._at : self._at + 1]
            if char == "]":
                break
            if not char:
                raise self._error("the bracket is not closed before the file ends", "add its ']'", first_line)
        self._at += 1
        self._depth -= 1
        return value

    def _variable(self) -> Value:
        match = _VARIABLE.match(self._text, self._at)
        if match is None:  # a dollar sign alone
            self._at += 1
            return "$"
        name = match[1] or match[2]
        value = self._variables.get(name.removeprefix("::"))
        if value is None:
            if name.removeprefix("::").startswith("env"):
                raise self._error(f"'{match[0]}' is an environment variable, which is not read", "write its value")
            raise self._error(f"no variable is named '{name}'", f"set it before: set {name} value")
        self._at = match.end()
        self._substituted += len(value)
        if self._substituted > MAX_SUBSTITUTED:
            raise LimitError(
                f"the variables stand for more than {MAX_SUBSTITUTED} characters", file=self._file, line=self._line
            )
        return value


def split_list(text: str, command: Command) -> list[str]:
    """Elements of a Tcl list: words apart by white space, in braces or quotes where they hold any.

    Raises:
        FormatError: a brace or quote is not closed.
    """
    elements = []
    at = 0
    while (start := _NOT_SPACE.search(text, at)) is not None:
        begin = start.start()
        if start[0] in '{"':
            at = _closing(text, begin)
            if at < 0:
                raise command.error("a brace or quote within a list is not closed", "close it")
            elements.append(text[begin + 1 : at])
            at += 1
        else:
            bare = _BARE.match(text, begin)
            at = begin + 1 if bare is None else bare.end()
            elements.append(_ESCAPE.sub(r"\1", text[begin:at]))
    return elements


def _closing(text: str, at: int) -> int:
    """Place of the brace or quote that closes the one at `at`, or -1."""
    if text[at] == '"':
        return text.find('"', at + 1)
    depth = 0
    while (found := _BRACE.search(text, at)) is not None:
        at = found.start()
        depth += (found[0] == "{") - (found[0] == "}")
        if depth == 0:
            return at
        at += 1 + (found[0] == "\\")
    return -1
