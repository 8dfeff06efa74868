"""One registry of formats: by name and by suffix, each with its reader and its writer."""

from __future__ import annotations

import contextlib
import difflib
import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwdesign.errors import FileError, FormatError, HwdesignError
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.timing_library import TimingLibrary
from hwdesign.netlist.timing_types import cell_library
from hwdesign.netlist.types import Library


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Attributes:
        name: short name, as `--from` and `--to` take it.
        summary: one line.
        suffixes: lower-case suffixes that choose it, the first one the usual.
        reader: `module:function` under `hwdesign.formats`, '' where it cannot be read.
        writer: the same for writing.
        packed: whether `.gz` may follow the suffix.
        mapped: whether the reader takes a library of cell types.
    """

    name: str
    summary: str
    suffixes: tuple[str, ...]
    reader: str = ""
    writer: str = ""
    packed: bool = True
    mapped: bool = False

    @property
    def can_read(self) -> bool:
        """Whether there is a reader."""
        return bool(self.reader)

    @property
    def can_write(self) -> bool:
        """Whether there is a writer."""
        return bool(self.writer)


FORMATS: dict[str, Format] = {
    item.name: item
    for item in (
        Format("hwn", "hwdesign's own store: safetensors columns", (".hwn",), "hwn:read_hwn", "hwn:write_hwn", False),
        Format("verilog", "structural Verilog; RTL goes through Yosys", (".v", ".vg"),
               "verilog:read_verilog", "verilog:write_verilog", mapped=True),
        Format("rtl", "RTL Verilog or SystemVerilog, synthesised to gates by Yosys", (".sv", ".svh"),
               "synthesis:read_rtl", ""),
        Format("bench", "ISCAS/ITC BENCH", (".bench",), "bench:read_bench", "bench:write_bench"),
        Format("blif", "Berkeley logic interchange format", (".blif",), "blif:read_blif", "blif:write_blif",
               mapped=True),
        Format("aiger", "AIGER, binary", (".aig",), "aiger:read_aiger", "aiger:write_aiger"),
        Format("aiger-ascii", "AIGER, ASCII", (".aag",), "aiger:read_aiger", "aiger:write_aiger_ascii"),
        Format("yosys-json", "Yosys JSON netlist", (".json",), "yosys_json:read_yosys_json",
               "yosys_json:write_yosys_json", mapped=True),
        Format("spice", "SPICE deck (ngspice, JoSIM)",
               (".sp", ".spi", ".cir", ".ckt", ".net", ".spice", ".js", ".jsim", ".jsm"),
               "spice:read_spice", "spice:write_spice"),
        Format("spectre", "Spectre netlist", (".scs",), "", "spectre:write_spectre"),
        Format("dot", "Graphviz DOT", (".dot", ".gv"), "", "dot:write_dot"),
        Format("graphml", "GraphML", (".graphml",), "", "graphml:write_graphml"),
    )
}  # fmt: skip


@contextlib.contextmanager
def located(path: str | Path) -> Iterator[None]:
    """Give errors that name no file this one."""
    try:
        yield
    except HwdesignError as error:
        if error.file is not None:
            raise
        error.file = str(path)
        error.args = (str(error),)
        raise


def suffix_of(path: Path) -> str:
    """The suffix that tells the format, in lower case, `.gz` set aside."""
    name = path.name.lower()
    name = name.removesuffix(".gz")
    return Path(name).suffix


def format_of(path: str | Path, name: str | None = None, *, writing: bool = False) -> Format:
    """The format of a file, by explicit name or by suffix.

    Raises:
        FormatError: no such format, or it cannot be read (or written).
    """
    path = Path(path)
    if name is not None:
        found = FORMATS.get(name)
        if found is None:
            near = difflib.get_close_matches(name, FORMATS, n=1)
            known = f"did you mean '{near[0]}'" if near else f"known: {', '.join(FORMATS)}"
            raise FormatError(f"no format is named '{name}'", mend=known)
    else:
        suffix = suffix_of(path)
        found = next((item for item in FORMATS.values() if suffix in item.suffixes), None)
        if found is None:
            option = "--to" if writing else "--from"
            known = " ".join(s for item in FORMATS.values() for s in item.suffixes)
            what = f"suffix '{suffix}' tells no format" if suffix else "the name has no suffix that tells its format"
            raise FormatError(what, file=path, mend=f"use one of {known}, or name the format with {option}")
    if not (found.can_write if writing else found.can_read):
        verb = "written" if writing else "read"
        can = ", ".join(item.name for item in FORMATS.values() if (item.can_write if writing else item.can_read))
        raise FormatError(f"format '{found.name}' cannot be {verb}", file=path, mend=f"these can: {can}")
    if path.name.lower().endswith(".gz") and not found.packed:
        raise FormatError(f"format '{found.name}' is not gzipped", file=path, mend="leave '.gz' off the name")
    return found


def _function(reference: str) -> Callable[..., Any]:
    module, _, function = reference.partition(":")
    return getattr(importlib.import_module(f"hwdesign.formats.{module}"), function)  # type: ignore[no-any-return]


def read(
    path: str | Path,
    *,
    format: str | None = None,
    top: str | None = None,
    strict: bool = False,
    synchronous: bool = False,
    library: Library | TimingLibrary | Sequence[TimingLibrary] | None = None,
    **options: Any,
) -> Netlist:
    """Read a netlist.

    Args:
        path: file; its suffix tells the format (`.gz` may follow).
        format: name of the format, overriding the suffix.
        top: module to take as the top; by default the one that no other instantiates.
        strict: a cell type that is defined nowhere is an error, not a finding.
        synchronous: where RTL is synthesised, make asynchronous resets and latches synchronous, which is what an AIG
            needs; other formats are read as they are.
        library: what the cells are that the file uses but does not define: cell types, or Liberty libraries; supply
            pins of these are left out.
        options: passed to the reader.

    Raises:
        FileError: the file cannot be read.
        FormatError: its text is wrong, with file and line; or its format takes no library.
        NetlistError: no module is named `top`.
        LimitError: it is larger than the bounds for untrusted files.
    """
    path = Path(path)
    if not path.exists():
        raise FileError("the file does not exist", file=path, mend="check the path")
    if path.is_dir():
        raise FileError("this is a folder, not a file", file=path)
    chosen = format_of(path, format)
    if synchronous and chosen.name in ("verilog", "rtl"):
        options["synchronous"] = True
    reader: Callable[..., Netlist] = _function(chosen.reader)
    with located(path):
        if library is None:
            netlist = reader(path, strict=strict, **options)
        else:
            netlist = _read_mapped(reader, path, chosen, library, strict=strict, **options)
        if top is not None:
            netlist = netlist.with_top(top)
        unknown = [finding for finding in netlist.findings if finding.rule == "unknown-cell"]
        if strict and unknown:
            first = unknown[0]
            raise FormatError(
                f"module '{first.names[0]}' is defined nowhere", line=first.line, mend="add its definition to the file"
            )
    return netlist


def _read_mapped(
    reader: Callable[..., Netlist],
    path: Path,
    chosen: Format,
    library: Library | TimingLibrary | Sequence[TimingLibrary],
    **options: Any,
) -> Netlist:
    if not chosen.mapped:
        can = ", ".join(item.name for item in FORMATS.values() if item.mapped)
        raise FormatError(f"format '{chosen.name}' takes no cell library", mend=f"these do: {can}")
    if isinstance(library, Library):
        return reader(path, library=library, **options)
    timing = [library] if isinstance(library, TimingLibrary) else list(library)
    return reader(path, library=cell_library(*timing), **options)


def write(netlist: Netlist, path: str | Path, *, format: str | None = None, **options: Any) -> None:
    """Write a netlist, whole or not at all.

    Args:
        netlist: to write.
        path: target; its suffix tells the format, and `.gz` compresses.
        format: name of the format, overriding the suffix.
        options: passed to the writer.

    Raises:
        FileError: the target cannot be written.
        FormatError: the format has no writer.
        NetlistError: the format cannot hold this netlist; says why and how to mend it.
    """
    chosen = format_of(path, format, writing=True)
    _function(chosen.writer)(netlist, Path(path), **options)
