"""RTL Verilog and SystemVerilog in the registry of formats: synthesised by Yosys to simple gates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hwdesign.errors import FormatError
from hwdesign.formats._yosys import synthesise
from hwdesign.formats.yosys_json import read_yosys_json_text
from hwdesign.netlist.netlist import Finding, Netlist


def read_rtl(
    path: Path,
    *,
    strict: bool = False,
    top: str | None = None,
    flatten: bool = True,
    synchronous: bool = False,
    timeout_s: float = 300.0,
) -> Netlist:
    """Read RTL: Yosys synthesises it to simple gates, names and source lines survive.

    Args:
        path: `.v` or `.sv`, `.gz` too.
        strict: passed on; see `hwdesign.formats.read`.
        top: the top module; by default the one that no other instantiates.
        flatten: dissolve the hierarchy.
        synchronous: make asynchronous resets and latches synchronous, so that DFFs are the only registers.
        timeout_s: time limit of the synthesis, in seconds.

    Raises:
        FormatError: the text is not Verilog that Yosys accepts, with file and line.
        ToolError: Yosys ran past its limits.
    """
    made = synthesise([path], target="gates", top=top, flatten=flatten, synchronous=synchronous, timeout_s=timeout_s)
    if not made.top:
        raise FormatError("the file holds no module", file=path)
    netlist = read_yosys_json_text(made.data, file=str(path), top=made.top)
    notes = tuple(Finding("synthesis", "note", text, netlist.top, (), str(path)) for text in made.warnings)
    return replace(netlist, findings=(*netlist.findings, *notes))
