"""One tree of exceptions: what went wrong, where (file:line), and how to mend it."""

from __future__ import annotations

from pathlib import Path


class HwdesignError(Exception):
    """Base of every error that hwdesign raises on purpose.

    Attributes:
        what: the fault in one sentence, without a full stop.
        file: the input at fault, where there is one.
        line: 1-based line in `file`; 0 where the fault has no line.
        mend: what the user can do about it, without a full stop; may be empty.
    """

    def __init__(self, what: str, *, file: str | Path | None = None, line: int = 0, mend: str = "") -> None:
        self.what = what
        self.file = None if file is None else str(file)
        self.line = line
        self.mend = mend
        super().__init__(str(self))

    def __str__(self) -> str:
        """`file:line: what; mend`, leaving out what is not known."""
        where = ""
        if self.file is not None:
            where = f"{self.file}:{self.line}: " if self.line else f"{self.file}: "
        return where + self.what + (f"; {self.mend}" if self.mend else "")

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword fields when an error crosses a process boundary."""
        return (_rebuild, (type(self), self.what, self.file, self.line, self.mend))


def _rebuild(cls: type[HwdesignError], what: str, file: str | None, line: int, mend: str) -> HwdesignError:
    return cls(what, file=file, line=line, mend=mend)


class FormatError(HwdesignError):
    """A file's text is not what its format allows."""


class NotStructuralError(FormatError):
    """A Verilog file holds behavioural code, which the structural reader does not take."""


class UnsupportedError(HwdesignError):
    """The input is legal but asks for something that hwdesign does not do."""


class NetlistError(HwdesignError):
    """A netlist, or a request made of one, is inconsistent."""


class LoopError(NetlistError):
    """A combinational loop stands where an acyclic netlist is needed."""


class ConfigError(HwdesignError):
    """A configuration file or value is wrong."""


class OverrideError(ConfigError):
    """A setting given beside the configuration file, as by `--set`, is wrong; the file is not at fault."""


class DataError(HwdesignError):
    """A data set, split, checkpoint or its card is missing, damaged or does not fit."""


class FileError(HwdesignError):
    """A file cannot be read or written."""


class LimitError(HwdesignError):
    """An input is larger than the bound set for untrusted files."""


class ToolError(HwdesignError):
    """An external program is missing, failed, or ran past its limits.

    Attributes:
        command: the argument list that was run.
        output: the trimmed end of what the program printed.
    """

    def __init__(
        self,
        what: str,
        *,
        command: list[str] | None = None,
        output: str = "",
        file: str | Path | None = None,
        line: int = 0,
        mend: str = "",
    ) -> None:
        self.command = list(command or [])
        self.output = output[-2000:]
        super().__init__(what, file=file, line=line, mend=mend)
