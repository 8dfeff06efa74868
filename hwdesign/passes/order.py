"""Levels and topological orders of a module's cells."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwdesign import kernels
from hwdesign.netlist import Kind, Module
from hwdesign.netlist.views import cell_graph
from hwdesign.passes._columns import IntArray, loop_error


def combinational_edges(module: Module) -> tuple[IntArray, IntArray, NDArray[np.bool_]]:
    """(src, dst) of every driver→sink pair of cells that a signal passes at once, and bool[C] of the cut cells.

    Registers, devices and instances are cut: a signal leaves them, but does not pass through them.
    """
    graph = cell_graph(module)
    cut = ~module.library.of_kind(Kind.COMB)[module.cell_type] if module.num_cells else np.zeros(0, bool)
    keep = ~cut[graph.dst]
    return graph.src[keep], graph.dst[keep], cut


def levelize(module: Module) -> IntArray:
    """int32[C]: combinational cells on the longest path that ends at each cell, itself included.

    Paths begin at registers, input ports and constants. Registers, devices and instances are at level 0, a gate that
    reads nothing but these and ports is at level 1.

    Raises:
        LoopError: a combinational loop; its cells are named.
    """
    src, dst, cut = combinational_edges(module)
    passing = ~cut[src]
    src, dst = src[passing], dst[passing]
    level = kernels.levelize(src, dst, module.num_cells)
    if (level < 0).any():
        raise loop_error(module, src, dst)
    level[~cut] += 1
    return level


def topological_order(module: Module, *, kind: Literal["level", "dfs"] = "level") -> IntArray:
    """int32[C]: all cells so that each gate comes after the cells that it reads; registers may precede theirs.

    Args:
        module: any module without a combinational loop.
        kind: `level` sorts by (level, id); `dfs` walks each sink's fan-in cone depth first, so that neighbours in the
            order are neighbours in the netlist.

    Raises:
        LoopError: a combinational loop; its cells are named.
    """
    src, dst, _ = combinational_edges(module)
    order = kernels.topological_order(src, dst, module.num_cells, priority=kind)
    if len(order) < module.num_cells:
        raise loop_error(module, src, dst)
    return order
