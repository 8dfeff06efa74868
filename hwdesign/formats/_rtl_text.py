"""What must be known of RTL text before any tool reads it: the files that it names, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hwdesign.errors import FileError, FormatError, LimitError, UnsupportedError
from hwdesign.files import read_input

#: Largest RTL source or memory image, in bytes; RTL is written by people.
MAX_SOURCE_BYTES = 64 << 20
_MAX_INCLUDED_FILES = 1000

# Strings and comments first, so that what stands inside them is not taken for code.
_TOKEN = re.compile(
    r"""
    (?P<string>"(?:[^"\\\n]|\\(?:.|\n))*")
    | //[^\n]*
    | /\*.*?(?:\*/|\Z)
    | (?P<escaped>\\[^\s]+)
    | `(?P<directive>[A-Za-z_]\w*)
    | (?P<readmem>\$readmem[hb]\b)
    | (?P<dpi>\b(?:import|export)\b(?=\s*"DPI))
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r'\s*"((?:[^"\\\n]|\\.)*)"')
_IMAGE = re.compile(r'\s*\(\s*"((?:[^"\\\n]|\\.)*)"\s*,')


@dataclass(frozen=True)
class Directive:
    """A compiler directive: its name, its 1-based line, and where in the text it starts."""

    name: str
    line: int
    start: int


@dataclass(frozen=True)
class Source:
    """RTL text and the files that it names.

    Attributes:
        text: the whole text; a byte that is not UTF-8 is a surrogate.
        directives: compiler directives outside strings and comments.
        includes: (line, name as written) of each `` `include ``.
        images: (line, name as written) of each `$readmemh` and `$readmemb`.
    """

    text: str
    directives: tuple[Directive, ...]
    includes: tuple[tuple[int, str], ...]
    images: tuple[tuple[int, str], ...]


def scan(data: bytes, file: str) -> Source:
    """Look through RTL text without parsing it.

    Raises:
        FormatError: the data are binary.
        UnsupportedError: calls of foreign code (DPI), or a file's name that is computed.
    """
    if b"\0" in data[:1_000_000]:
        raise FormatError("this is a binary file, not Verilog text", file=file)
    text = data.decode("utf-8", "surrogateescape")
    directives: list[Directive] = []
    includes: list[tuple[int, str]] = []
    images: list[tuple[int, str]] = []
    line, counted = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if match["dpi"]:
            # Yosys calls such functions while it elaborates, `system` among them.
            raise UnsupportedError("foreign functions (DPI) are not run", file=file, line=line)
        if name := match["directive"]:
            directives.append(Directive(name, line, match.start()))
            if name == "include":
                includes.append((line, _literal(_QUOTED, text, match.end(), "`include", file, line)))
        elif name := match["readmem"]:
            images.append((line, _literal(_IMAGE, text, match.end(), name, file, line)))
    return Source(text, tuple(directives), tuple(includes), tuple(images))


def _literal(pattern: re.Pattern[str], text: str, at: int, what: str, file: str, line: int) -> str:
    match = pattern.match(text, at)
    if match is None or "\\" in match[1]:
        raise UnsupportedError(
            f"{what} needs a file name in plain quotes: a computed name cannot be checked before it is opened",
            file=file,
            line=line,
            mend="write the name out",
        )
    return match[1]


def gather(
    paths: Sequence[Path], include_dirs: Sequence[Path]
) -> Mapping[Path, Mapping[PurePosixPath, tuple[Path, bytes]]]:
    """Read sources and, for each, the files that it names, all from its own folder or an `include_dirs`.

    A named file that does not exist is passed over: it may stand in a branch of `` `ifdef `` that is not taken.

    Returns:
        For each source: path and content by place. The source itself is at its file name; an included file is at its
        place relative to the folder that it was found in.

    Raises:
        FileError: a file is missing or unreadable.
        FormatError: a name leads outside the folders, or is odd.
        LimitError: more than 1,000 files, or a file of more than 64 MiB.
    """
    gathered: dict[Path, dict[PurePosixPath, tuple[Path, bytes]]] = {}
    for path in paths:
        if any(ord(char) < 32 or ord(char) == 127 for char in str(path)):
            raise FileError("the file's name holds control characters", file=repr(str(path)), mend="rename it")
        data = read_input(path, limit=MAX_SOURCE_BYTES)
        files = {PurePosixPath(path.name): (path, data)}
        _follow(scan(data, str(path)), str(path), [path.parent, *include_dirs], files)
        gathered[path] = files
    return gathered


def _follow(source: Source, file: str, folders: Sequence[Path], files: dict[PurePosixPath, tuple[Path, bytes]]) -> None:
    """Add to `files` what `source` names, and what those files name."""
    pending = [(source, file, PurePosixPath())]
    while pending:
        source, file, inside = pending.pop()
        for line, name in (*source.includes, *source.images):
            found = _find(name, inside, folders, file, line)
            if found is None or found[0] in files:
                continue
            place, path = found
            if len(files) >= _MAX_INCLUDED_FILES:
                raise LimitError(f"more than {_MAX_INCLUDED_FILES} files are included", file=file, line=line)
            data = read_input(path, limit=MAX_SOURCE_BYTES)
            files[place] = (path, data)
            if (line, name) in source.includes:
                pending.append((scan(data, str(path)), str(path), place.parent))


def _find(
    name: str, inside: PurePosixPath, folders: Sequence[Path], file: str, line: int
) -> tuple[PurePosixPath, Path] | None:
    """Place and path of a named file, beside the file that names it or below one of `folders`."""
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts:
        raise FormatError(
            f"the file name {name!r} leads outside the source's folder",
            file=file,
            line=line,
            mend="name a file inside the folder of the source",
        )
    if not re.fullmatch(r"[\w.][\w./ +@=,-]*", name):
        raise FormatError(f"the file name {name!r} holds odd characters", file=file, line=line, mend="rename the file")
    for candidate in dict.fromkeys((inside / place, place)):
        for folder in folders:
            path = folder / candidate
            if path.is_file():
                # A link may lead out although the name does not.
                if not path.resolve().is_relative_to(folder.resolve()):
                    raise FormatError(f"the file {name!r} links outside the source's folder", file=file, line=line)
                return candidate, path
    return None
