"""Syntax tree and data flow of RTL Verilog, through pyverilog.

For designers who want to know what a file holds, with line numbers, before they synthesise it. Text with macros is
refused: pyverilog's preprocessor is another program.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hwdesign.errors import FormatError, LimitError, ToolError
from hwdesign.files import read_input
from hwdesign.formats._rtl_parser import MAX_RTL_BYTES, parse
from hwdesign.tools import failure, run_tool

if TYPE_CHECKING:
    import networkx as nx

Direction = Literal["input", "output", "inout"]


@dataclass(frozen=True)
class RtlParameter:
    """A parameter: its default as text, its value where that is a plain integer constant."""

    name: str
    default: str
    value: int | None
    local: bool
    line: int


@dataclass(frozen=True)
class RtlSignal:
    """A net, variable or port.

    Attributes:
        name: its name.
        kind: `wire`, `reg`, `integer`, `real`, `genvar`, `tri` or `supply`.
        direction: for a port, else None.
        range: `msb:lsb` as text, or "" for a single bit.
        bits: its width with the parameters' defaults; None where it is not a plain constant.
        words: the ranges of a memory or array as text, or "".
        signed: whether it is declared signed.
        line: where it is declared.
    """

    name: str
    kind: str
    direction: Direction | None
    range: str
    bits: int | None
    words: str
    signed: bool
    line: int


@dataclass(frozen=True)
class RtlAssign:
    """A continuous assignment: the signals that it drives, its right side as text, and the signals that this reads."""

    targets: tuple[str, ...]
    expression: str
    sources: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class RtlAlways:
    """An `always` block: what wakes it, whether an edge does, and the signals that it assigns."""

    sensitivity: tuple[str, ...]
    clocked: bool
    targets: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class RtlInstance:
    """An instance: connections and parameters are (name, expression as text); positional names are ""."""

    name: str
    module: str
    parameters: tuple[tuple[str, str], ...]
    connections: tuple[tuple[str, str], ...]
    line: int


@dataclass(frozen=True)
class RtlModule:
    """A module. Instances, assignments and blocks inside `generate` are listed once, as written.

    Attributes:
        name: its name.
        line: where it starts.
        parameters: parameters and local parameters.
        ports: in the order of the port list.
        signals: what is declared inside; ports are not repeated.
        registers: signals that a clocked block assigns; synthesis makes flip-flops of them.
        assigns: continuous assignments.
        always: `always` blocks.
        initial: number of `initial` blocks.
        instances: instances of modules and primitives.
        functions: names of functions and tasks.
    """

    name: str
    line: int
    parameters: tuple[RtlParameter, ...]
    ports: tuple[RtlSignal, ...]
    signals: tuple[RtlSignal, ...]
    registers: tuple[str, ...]
    assigns: tuple[RtlAssign, ...]
    always: tuple[RtlAlways, ...]
    initial: int
    instances: tuple[RtlInstance, ...]
    functions: tuple[str, ...]

    @property
    def clocks(self) -> tuple[str, ...]:
        """Signals whose edges wake blocks (asynchronous resets among them), as `posedge clk`, each once."""
        edges = (word for block in self.always if block.clocked for word in block.sensitivity)
        return tuple(dict.fromkeys(word for word in edges if word.startswith(("posedge ", "negedge "))))


@dataclass(frozen=True)
class RtlDesign:
    """The modules of a file; `file` is "" for a text."""

    file: str
    modules: tuple[RtlModule, ...]

    @property
    def tops(self) -> tuple[str, ...]:
        """Modules that no other module here instantiates."""
        used = {instance.module for module in self.modules for instance in module.instances}
        return tuple(module.name for module in self.modules if module.name not in used)

    def module(self, name: str) -> RtlModule:
        """The module of that name; KeyError where there is none."""
        for module in self.modules:
            if module.name == name:
                return module
        raise KeyError(name)


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
    from hwdesign.formats._rtl_summary import summarise

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
