"""Syntax tree and data flow of RTL Verilog, through pyverilog.

For designers who want to know what a file holds, with line numbers, before they synthesise it. Text with macros is
refused: pyverilog's preprocessor is another program.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hwdesign.errors import FormatError, LimitError, ToolError
from hwdesign.files import read_input
from hwdesign.formats._rtl_design import (
    Direction,
    RtlAlways,
    RtlAssign,
    RtlDesign,
    RtlInstance,
    RtlModule,
    RtlParameter,
    RtlSignal,
)
from hwdesign.formats._rtl_parser import MAX_RTL_BYTES, parse
from hwdesign.formats._rtl_summary import summarise
from hwdesign.tools import failure, run_tool

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "Direction",
    "RtlAlways",
    "RtlAssign",
    "RtlDesign",
    "RtlInstance",
    "RtlModule",
    "RtlParameter",
    "RtlSignal",
    "dataflow",
    "parse_rtl",
]


def parse_rtl(source: str | Path) -> RtlDesign:
    """Summarise RTL Verilog.

    Args:
        source: a `Path` to a file (`.gz` too), or the text itself.

    Raises:
        FormatError: a syntax error, with file and line.
        UnsupportedError: a macro or an include, with file and line.
        LimitError: more than 2 MiB of text, or expressions nested too deeply.
        FileError: the file cannot be read.
    """
    file = str(source) if isinstance(source, Path) else ""
    data = read_input(source, limit=MAX_RTL_BYTES) if isinstance(source, Path) else source.encode()
    shown = file or "<text>"
    tree = parse(data, shown)
    try:
        return RtlDesign(file, summarise(tree))
    except RecursionError as error:
        raise LimitError("the source is nested too deeply", file=shown) from error


def dataflow(
    source: str | Path, top: str | None = None, *, timeout_s: float = 120.0, memory_mb: int = 4096
) -> nx.DiGraph[str]:
    """Which signal depends on which, through the whole hierarchy below `top`.

    pyverilog resolves it in a process of its own, under limits, since loops are unrolled as the text asks.

    Args:
        source: a `Path` to a file, or the text itself.
        top: the top module; by default the only one that no other instantiates.
        timeout_s: time limit in seconds.
        memory_mb: memory limit in MiB.

    Returns:
        A graph of hierarchical names (`top.u1.count`). Nodes carry `kinds` (tuple of pyverilog's: `Input`, `Reg` …).
        An edge u → v says that v is computed from u and carries four bools: `data` (u's value enters v's), `control`
        (u chooses among values), `clock` (u clocks v or resets it asynchronously) and `registered` (v is a register,
        so that it follows u at a clock edge only).

    Raises:
        FormatError: a syntax error, a missing module or what pyverilog does not understand.
        UnsupportedError, LimitError, FileError: as for :func:`parse_rtl`.
        ToolError: the analysis ran past its limits.
    """
    import networkx as nx

    design = parse_rtl(source)
    shown = design.file or "<text>"
    if top is None:
        if len(design.tops) != 1:
            names = ", ".join(design.tops) or "none"
            raise FormatError(f"the top module is not clear: {names}", file=shown, mend="name the top module")
        top = design.tops[0]
    elif all(module.name != top for module in design.modules):
        raise FormatError(f"there is no module {top!r}", file=shown)
    text = read_input(source, limit=MAX_RTL_BYTES) if isinstance(source, Path) else source.encode()
    with tempfile.TemporaryDirectory(prefix="hwdesign-dataflow-") as name:
        work = Path(name)
        (work / "source.v").write_bytes(text)
        run = run_tool(
            [sys.executable, "-m", "hwdesign.formats._dataflow_worker", "source.v", top, "flow.json"],
            cwd=work,
            timeout_s=timeout_s,
            memory_mb=memory_mb,
            check=False,
        )
        if run.returncode != 0:
            error = failure(run, memory_mb)
            raise ToolError(
                f"pyverilog's data flow analysis stopped ({error.what})",
                command=["pyverilog"],
                output=error.output,
                file=shown,
                mend=error.mend,
            )
        result = json.loads((work / "flow.json").read_bytes())
    if "error" in result:
        raise FormatError(f"pyverilog: {result['error']}", file=shown)
    graph: nx.DiGraph[str] = nx.DiGraph(top=top)
    for node, kinds in result["nodes"]:
        graph.add_node(node, kinds=tuple(kinds))
    for source_name, target, data, control, clock, registered in result["edges"]:
        graph.add_edge(source_name, target, data=data, control=control, clock=clock, registered=registered)
    return graph
