"""Graphviz DOT of the top module: one node a cell or port bit, one edge a driver–sink pair."""

from __future__ import annotations

from pathlib import Path

from hwdesign.files import write_text
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.types import Direction
from hwdesign.netlist.views import cell_graph

_SHAPES = {Direction.IN: "invtriangle", Direction.OUT: "triangle", Direction.INOUT: "diamond"}


def quoted(text: str) -> str:
    """A DOT string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def dot_text(netlist: Netlist) -> str:
    """DOT text; inverted connections end in a dot."""
    module = netlist.top_module
    lines = [f"digraph {quoted(module.name)} {{", "  rankdir=LR;", "  node [shape=box];"]
    for cell, label in enumerate(module.cell_labels()):
        lines.append(f"  c{cell} [label={quoted(label + chr(10) + module.type_of(cell).name)}];")
    for port, label in enumerate(module.port_labels()):
        shape = _SHAPES[Direction(int(module.port_dir[port]))]
        lines.append(f"  p{port} [label={quoted(label)}, shape={shape}];")
    graph = cell_graph(module, ports=True)
    nets = module.net_labels()
    ids = [f"c{at}" for at in range(module.num_cells)] + [f"p{at}" for at in range(module.num_ports)]
    for src, dst, net, inverted in zip(
        graph.src.tolist(), graph.dst.tolist(), graph.net.tolist(), graph.inverted.tolist(), strict=True
    ):
        head = ", arrowhead=odot" if inverted else ""
        lines.append(f"  {ids[src]} -> {ids[dst]} [label={quoted(nets[net])}{head}];")
    return "\n".join([*lines, "}", ""])


def write_dot(netlist: Netlist, path: Path) -> None:
    """Write `.dot`."""
    write_text(path, dot_text(netlist))
