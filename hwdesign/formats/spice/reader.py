"""SPICE decks, of ngspice's and of JoSIM's flavour, to netlists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from hwdesign.errors import FormatError
from hwdesign.files import read_source
from hwdesign.formats.spice.assemble import Assembler
from hwdesign.formats.spice.deck import KEPT, DeckParser
from hwdesign.formats.spice.include import MAX_TOTAL_BYTES, Includer, is_josim
from hwdesign.formats.spice.lines import Line, decode
from hwdesign.netlist.netlist import Directive, Finding, Netlist

Dialect = Literal["auto", "ngspice", "josim"]

_STATEMENTS = KEPT | {
    "subckt",
    "model",
    "param",
    "params",
    "func",
    "global",
    "include",
    "inc",
    "incl",
    "lib",
    "control",
}
_LETTERS = "RLCBVIPKTEFGHX"
_MOST_WORDS = {"R": 4, "L": 4, "C": 4, "B": 5}  # of an element, name=value not counted
_LOOKS_LIKE_ELEMENT = re.compile(r"[A-Za-z]\w{0,15}(\s+[\w.]+){2,}\s+[\d.]\S*(\s|\Z)")


def read_spice(path: str | Path, **options: object) -> Netlist:
    """Read a SPICE deck.

    Args:
        path: the deck; `.include` and `.lib` reach the files in its folder and below, and no others.
        options: see `read_spice_text`.

    Raises:
        FileError: the file, or an included one, cannot be read.
        FormatError: the deck is wrong, holds no statement or is binary; file, line and remedy are named.
        UnsupportedError: it asks for something that hwdesign does not do (`.control`, `.if`, code models).
        LimitError: the deck is larger than the bounds for untrusted files.
    """
    path = Path(path)
    data = read_source(path, "a SPICE deck", limit=MAX_TOTAL_BYTES)
    return read_spice_text(data, file=str(path), folder=path.parent, **options)  # type: ignore[arg-type]


def read_spice_text(
    text: str | bytes,
    *,
    file: str = "<text>",
    folder: str | Path | None = None,
    dialect: Dialect = "auto",
    title: bool | None = None,
    name: str | None = None,
    params: Mapping[str, float] | None = None,
    strict: bool = False,
    skip_control: bool = False,
) -> Netlist:
    """Read a SPICE deck from memory.

    What stands at the deck's top level becomes the top module. A deck of subcircuits alone has the last one that no
    other uses as its top. Values at the top level are numbers; within a subcircuit what depends on parameters stays an
    expression (see `hwdesign.netlist.elaborate`).

    Args:
        text: the deck.
        file: for error messages; its stem names the top module.
        folder: where included files lie; None forbids inclusion.
        dialect: `auto` takes a deck for JoSIM's when it has a `jj` model, `.spread`, `.neb`, `.iv`, prints a phase or
            in JoSIM's words (`devi`, `nodev` ...), or has the suffix `.js` or `.jsim`. There `#` begins a comment,
            suffixes and powers are JoSIM's, an unknown name is a parameter, not a model, and what JoSIM has not is
            refused.
        title: whether the first line is a title. By default it is, as in SPICE, but where it begins a statement
            (`.subckt`, `.param` ...), and in JoSIM's decks, which have none but where it can be no element. A comment
            is a title either way.
        name: of the top module.
        params: values that replace those of global `.param` lines.
        strict: an undefined subcircuit or model is an error, not a finding.
        skip_control: leave `.control` blocks out, with a finding, instead of refusing the deck.

    Raises:
        FormatError: the deck is wrong.
        UnsupportedError: it asks for something that hwdesign does not do.
        LimitError: it is too large.
    """
    body = decode(text, file)
    josim = is_josim(body, file) if dialect == "auto" else dialect == "josim"
    parser = DeckParser(skip_control=skip_control, josim=josim)
    heading, rest, first = _title(body, file, josim, title, parser.findings)
    includer = Includer(None if folder is None else Path(folder).resolve())
    parser.parse(includer.expand(rest, file, first=first))
    _refuse_nothing(parser, file)
    if heading is not None:
        parser.top.directives.insert(0, Directive("title", heading, 1))
        parser.top.lines.insert(0, Line(heading, 1, file))
    stem = name or Path(file).name.split(".")[0] or "top"
    assembler = Assembler(parser, file, stem, josim, strict, dict(params or {}))
    assembler.samples = includer.samples
    return assembler.netlist()


def _refuse_nothing(parser: DeckParser, file: str) -> None:
    """Remark on a deck without an element; a deck that says nothing whatever is an error."""
    scopes = list(parser.top.walk())
    if any(scope.elements for scope in scopes):
        return
    top = parser.top
    if len(scopes) == 1 and not (top.cards or top.params or top.functions or top.directives or parser.global_nets):
        raise FormatError(
            "the deck holds no statement, only a title or comments at most",
            file=file,
            mend="check that it is a SPICE deck, and whole",
        )
    parser.findings.append(Finding("no-element", "warning", "the deck holds no element", file=file))


def _is_title(line: str) -> bool:
    """Whether the first line of a deck for JoSIM is neither an element, a statement nor a comment."""
    words = line.split()
    letter = words[0][0].upper()
    if letter in ".#+" or words[0].lower() == "end":
        return False
    if letter not in _LETTERS:
        return True
    # An element needs two nodes, its name has a digit more often than not, and words without one are no values.
    if not words[0].isalpha() or "=" in line:
        return False
    few, many = len(words) < (5 if letter in "EFGHT" else 3), len(words) > _MOST_WORDS.get(letter, len(words))
    return few or letter == "T" or (many and not any(sign.isdigit() for sign in line))


def _title(
    body: str, file: str, josim: bool, wanted: bool | None, findings: list[Finding]
) -> tuple[str | None, str, int]:
    """The title, the text after it, and the number of that text's first line."""
    head, _, rest = body.partition("\n")
    line = head.strip()
    if line.startswith("*"):
        return line.lstrip("* ").rstrip() or None, rest, 2
    if wanted is None:
        word = line[1:].split(None, 1)[0].lower() if line[:1] == "." and len(line) > 1 else ""
        wanted = bool(line) and word not in _STATEMENTS and (not josim or _is_title(line))
        if wanted and josim:
            message = "the first line is no element and was taken for a title, which JoSIM does not have"
            findings.append(Finding("title-line", "warning", message, names=(line[:80],), file=file, line=1))
        elif wanted and _LOOKS_LIKE_ELEMENT.match(line):
            findings.append(
                Finding(
                    "title-line", "warning", "the first line looks like an element but is the title, as SPICE has it",
                    names=(line[:80],), file=file, line=1,
                )
            )  # fmt: skip
    return (line, rest, 2) if wanted else (None, body, 1)
