"""Reading a deck with its `.include` and `.lib` files, which must lie in the deck's own folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hwdesign.errors import FormatError, LimitError
from hwdesign.files import read_input, read_source
from hwdesign.formats.spice.lines import Line, decode, logical_lines, tokens, unquote
from hwdesign.netlist.quantity import format_number, parse_number

MAX_TOTAL_BYTES = 256 << 20
MAX_DEPTH = 16
MAX_FILES = 1000

_INCLUDE = (".include", ".inc", ".incl")
_JOSIM_SIGNS = re.compile(
    r"^[ \t]*(?:\.(?:model\s+\S+\s+jj\b|spread\b|neb\b|iv\b"
    r"|(?:print|plot|save)\s+(?:(?:dev[vip]|node[vp]|phase)\b|.*\b(?:dev[vip]|node[vp])\b|.*\bp\s*\(|.*@\S+\[[vpc]\]))"
    r"|t\S*(?:[ \t]+[^\s=]+){4}[ \t]+lossless\b"
    # A junction: two or three nodes and a model. SPICE's B has v= or i= after two nodes.
    r"|b\S*(?:[ \t]+[^\s=(){}]+){2}[ \t]+(?![vi][ \t]*=)[\w.|]+(?:[ \t]+[\w.|]+)?(?:[ \t]+\w+[ \t]*=.*|[ \t\r]*)$)",
    re.IGNORECASE | re.MULTILINE,
)
_SUBCKT = re.compile(r"^[ \t]*\.subckt[ \t]+(\S+)", re.IGNORECASE | re.MULTILINE)
_INSTANCE = re.compile(r"^[ \t]*x\S*[ \t]+([^=\s][^=\n]*)(=?)", re.IGNORECASE | re.MULTILINE)
MAX_SAMPLES = 1_000_000


def is_josim(text: str, file: str) -> bool:
    """Whether a deck is of JoSIM's flavour.

    Its signs are the suffix, a junction or its model, a control line that JoSIM alone has, and an instance with its
    subcircuit before its nodes, as JSIM writes it.
    """
    if Path(file.lower().removesuffix(".gz")).suffix in (".js", ".jsim", ".jsm"):
        return True
    head, _, rest = text.partition("\n")
    # The first line may be a title, which says anything.
    return _JOSIM_SIGNS.search(text if head.lstrip()[:1] == "." else rest) is not None or _subckt_first(text)


def _subckt_first(text: str) -> bool:
    names = {name.lower() for name in _SUBCKT.findall(text)}
    for text_of, equals in _INSTANCE.findall(text) if names else ():
        words = text_of.lower().split()
        words = words[:-1] if equals else words  # without the name of the first name=value
        if len(words) > 1 and words[0] in names and words[-1] not in names:
            return True
    return False


@dataclass
class Includer:
    """Expands the inclusions of one deck.

    Attributes:
        folder: the deck's folder, symlinks resolved; None for a text in memory, which cannot include.
        total: bytes read so far.
        files: files read so far.
    """

    folder: Path | None
    total: int = 0
    files: int = 0
    _open: list[tuple[Path, str]] = field(default_factory=list)

    def expand(self, text: str, file: str, *, first: int = 1) -> Iterator[Line]:
        """Logical lines of a text, with those of the files that it includes in their places.

        Raises:
            FormatError: an inclusion leaves the folder, includes itself, or asks for a section that is not there.
            FileError: an included file cannot be read.
            LimitError: more files, depth or bytes than the bounds allow.
        """
        for line in logical_lines(text, file, first=first):
            if line.text[0] != ".":
                yield line
                continue
            word = line.text.split(None, 1)[0].lower()
            if word in _INCLUDE:
                parts = tokens(line)
                if len(parts) != 2:
                    raise line.error(f"'{word}' needs one file name", "quote a name with spaces")
                yield from self._file(line, unquote(parts[1]), "")
            elif word == ".lib":
                parts = tokens(line)
                if len(parts) != 3:
                    raise line.error(
                        "'.lib' needs a file and a section" if len(parts) < 2 else "a library section stands in a deck",
                        "write .lib 'file' section; sections belong into the file that .lib names",
                    )
                yield from self._file(line, unquote(parts[1]), unquote(parts[2]))
            else:
                yield line
                if word in (".end", ".end*"):
                    return

    def _file(self, line: Line, name: str, section: str) -> Iterator[Line]:
        path = self._locate(line, name)
        key = (path, section.lower())
        if key in self._open:
            raise line.error(f"'{name}' includes itself", "break the circle of inclusions")
        if len(self._open) >= MAX_DEPTH or self.files >= MAX_FILES:
            raise LimitError(
                f"inclusions go deeper than {MAX_DEPTH} files, or are more than {MAX_FILES}",
                file=line.file,
                line=line.line,
                mend="include fewer files",
            )
        data = read_source(path, "a SPICE deck", limit=max(MAX_TOTAL_BYTES - self.total, 0))
        self.total += len(data)
        self.files += 1
        text = decode(data, str(path))
        first = 1
        if section:
            first, text = _section(line, text, section, name)
        self._open.append(key)
        yield from self.expand(text, str(path), first=first)
        self._open.pop()

    def samples(self, line: Line, name: str) -> str | None:
        """The numbers of a custom waveform's file, apart by spaces; None where the deck has no folder.

        Raises:
            FormatError: the file lies outside the folder, does not exist, or holds something else than numbers.
            LimitError: it holds more than a million numbers.
        """
        if self.folder is None:
            return None
        text = decode(read_input(self._locate(line, name), limit=MAX_TOTAL_BYTES), name)
        # As in JoSIM, the first line is the wave.
        words = re.split(r"[\s,;]+", text.strip().split("\n", 1)[0].strip(" \t\r,;"))
        if len(words) > MAX_SAMPLES:
            raise LimitError(f"'{name}' holds more than {MAX_SAMPLES} samples", file=line.file, line=line.line)
        numbers = [parse_number(word, josim=True) for word in words]
        wrong = next((word for word, number in zip(words, numbers, strict=True) if number is None), None)
        if wrong is not None:
            raise line.error(f"'{wrong[:40]}' in '{name}' is no number", "write numbers, apart by spaces, in one line")
        return " ".join(format_number(number) for number in numbers if number is not None)

    def _locate(self, line: Line, name: str) -> Path:
        if self.folder is None:
            raise line.error(f"'{name}' cannot be included: the deck has no folder", "read the deck from a file")
        mend = "copy the file beside the deck and name it by a relative path"
        if Path(name).is_absolute() or name.startswith("~"):
            raise line.error(f"'{name}' is an absolute path outside the deck's folder", mend)
        # ngspice looks beside the including file first, then beside the deck.
        for base in (Path(line.file).parent, self.folder):
            path = (base / name).resolve()
            if not path.is_relative_to(self.folder):
                raise line.error(f"'{name}' lies outside the deck's folder", mend)
            if path.is_file():
                return path
        raise line.error(f"the included file '{name}' does not exist", "check its name; it is sought beside the deck")


def _section(line: Line, text: str, section: str, name: str) -> tuple[int, str]:
    """First line number and text of one section (`.lib section` .. `.endl`) of a library file."""
    found: list[str] | None = None
    first = 0
    for number, raw in enumerate(text.split("\n"), 1):
        words = raw.replace("'", " ").replace('"', " ").split()
        word = words[0].lower() if words else ""
        if found is None:
            if word == ".lib" and len(words) == 2 and words[1].lower() == section.lower():
                found, first = [], number + 1
        elif word == ".endl":
            return first, "\n".join(found)
        else:
            found.append(raw)
    if found is None:
        raise line.error(f"library '{name}' has no section '{section}'", "check the section's name")
    raise FormatError(f"section '{section}' has no .endl", file=name, line=first - 1, mend="end the section with .endl")
