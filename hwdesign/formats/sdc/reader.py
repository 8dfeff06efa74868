"""From an SDC file to `Constraints`."""

from __future__ import annotations

from pathlib import Path

from hwdesign.errors import FormatError, UnsupportedError
from hwdesign.files import read_source
from hwdesign.formats.sdc.commands import IGNORED, Builder
from hwdesign.formats.sdc.queries import call
from hwdesign.formats.sdc.tcl import Command, Parser, Value
from hwdesign.formats.sdc.units import Units
from hwdesign.netlist.constraints import Constraints

MAX_BYTES = 64 << 20


def read_sdc(path: str | Path, *, units: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Constraints:
    """Read timing constraints (`.sdc`, `.sdc.gz`). The Tcl in them is parsed, not executed.

    Args:
        path: file.
        units: ns, pF and kΩ of one unit in the file, which SDC leaves to the library
            (`TimingLibrary.units`); `set_units` in the file overrules it.

    Raises:
        FileError: the file cannot be read.
        FormatError: its text is no Tcl, a command's words make no sense, or it holds no command; with file and line.
        UnsupportedError: a command that is not supported, by name.
        LimitError: it is larger than the bounds for untrusted files.
    """
    data = read_source(path, "SDC", limit=MAX_BYTES)
    return read_sdc_text(data, file=str(path), units=units)


def read_sdc_text(
    text: bytes | str, *, file: str = "", units: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> Constraints:
    """The same of a text in memory."""
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig", "surrogateescape")
    variables: dict[str, Value] = {}
    builder = Builder(Units(*units))
    parser = Parser(text, file, variables, call)
    some = False
    while (command := parser.next()) is not None:
        some = True
        if command.name == "set":
            _set(command, variables)
        elif command.name in IGNORED:
            builder.ignored[command.name] += 1
        else:
            handler = builder.handler(command.name)
            if handler is None:
                raise UnsupportedError(
                    f"the command '{command.name[:40]}' is not supported; SDC is read, not executed",
                    file=file or None,
                    line=command.line,
                    mend="leave it out, or write the constraints that it makes",
                )
            handler(command)
    if not some:
        raise FormatError("the file holds no constraint", file=file or None, mend="create a clock at least")
    return builder.finish(file)


def _set(command: Command, variables: dict[str, Value]) -> None:
    if len(command.words) != 2 or not isinstance(command.words[0], str):
        raise command.error("set needs a name and a value", "put lists into braces or [list ...]")
    variables[command.words[0].removeprefix("::")] = command.words[1]
