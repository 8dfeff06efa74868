"""Kernels on directed graphs: CSR, levels, orders, cycles.

The array convention, used by every function here: a graph of ``nodes`` nodes 0 … nodes - 1 is an edge list
``src``, ``dst`` (int32, edge e runs from ``src[e]`` to ``dst[e]``), or a `Csr` made from it. Parallel edges and
self-loops are allowed. Other integer types are converted with a range check. Every function releases the GIL, raises
IndexError for an id outside the graph and ValueError for arrays that do not fit together.

``cut`` is a boolean or uint8 mask over nodes: edges into a masked node are left out, which is how registers open the
loops of a sequential netlist.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.kernels import _kernels
from hwdesign.kernels._arrays import ids, mask, offsets


class Csr(NamedTuple):
    """Compressed sparse rows.

    Attributes:
        ptr: int64 [rows + 1]; row r owns the positions ``ptr[r]`` … ``ptr[r + 1] - 1`` of `col` and `edge`.
        col: int32 [edges], the other end of each edge; edges of a row keep their input order.
        edge: int64 [edges], the position of each edge in the edge list that the rows were made from.
    """

    ptr: NDArray[np.int64]
    col: NDArray[np.int32]
    edge: NDArray[np.int64]


def build_csr(row: ArrayLike, col: ArrayLike, rows: int, *, cols: int | None = None) -> Csr:
    """Group edges by `row` with a counting sort.

    Args:
        row: int32 [edges].
        col: int32 [edges].
        rows: how many rows; every row id must be smaller.
        cols: how many columns; None (for bipartite use, say) leaves column ids unbounded from above.
    """
    if cols is not None and cols < 0:
        raise ValueError("the number of columns is negative")
    return Csr(*_kernels.build_csr(ids(row, "row"), ids(col, "col"), rows, -1 if cols is None else cols))


def transpose(csr: Csr, cols: int | None = None) -> Csr:
    """Turn rows into columns; `edge` still names the original edges.

    Args:
        csr: rows to turn; for fan-outs in it the result holds fan-ins, and the other way round.
        cols: how many columns `csr` has, which become rows; None means as many as it has rows.
    """
    ptr = offsets(csr.ptr, "ptr")
    return Csr(
        *_kernels.transpose(ptr, ids(csr.col, "col"), offsets(csr.edge, "edge"), len(ptr) - 1 if cols is None else cols)
    )


def build_csr_both(src: ArrayLike, dst: ArrayLike, nodes: int) -> tuple[Csr, Csr]:
    """Return (fan-out rows, fan-in rows) of one edge list: ``build_csr(src, dst)`` and ``build_csr(dst, src)``."""
    s, d = ids(src, "src"), ids(dst, "dst")
    return build_csr(s, d, nodes, cols=nodes), build_csr(d, s, nodes, cols=nodes)


def levelize(src: ArrayLike, dst: ArrayLike, nodes: int, *, cut: ArrayLike | None = None) -> NDArray[np.int32]:
    """Longest-path level of each node (Kahn's algorithm).

    Args:
        src: int32 [edges].
        dst: int32 [edges].
        nodes: how many nodes.
        cut: mask of nodes that start anew at level 0.

    Returns:
        int32 [nodes]: 0 without fan-in, otherwise one more than the greatest level among the fan-ins; -1 on a cycle
        and on every node reached from one. Use `find_cycle` to name the cycle.
    """
    return _kernels.levelize(ids(src, "src"), ids(dst, "dst"), nodes, mask(cut, "cut", nodes))


def topological_order(
    src: ArrayLike,
    dst: ArrayLike,
    nodes: int,
    *,
    priority: Literal["level", "dfs"] = "level",
    cut: ArrayLike | None = None,
) -> NDArray[np.int32]:
    """Nodes so that every edge runs forward (edges into `cut` nodes aside); the same input gives the same order.

    Args:
        src: int32 [edges].
        dst: int32 [edges].
        nodes: how many nodes.
        priority: "level" sorts by (level, id); "dfs" walks the fan-in cone of each sink depth first, sinks by id, so
            that neighbours in the order are neighbours in the graph.
        cut: mask of nodes whose incoming edges are left out.

    Returns:
        int32: a permutation of the nodes; shorter than `nodes` for a cyclic graph, without the nodes whose level is -1.
    """
    if priority not in ("level", "dfs"):
        raise ValueError(f"priority must be 'level' or 'dfs', not {priority!r}")
    kernel = _kernels.level_order if priority == "level" else _kernels.dfs_order
    return kernel(ids(src, "src"), ids(dst, "dst"), nodes, mask(cut, "cut", nodes))


def strongly_connected(
    src: ArrayLike, dst: ArrayLike, nodes: int, *, cut: ArrayLike | None = None
) -> NDArray[np.int32]:
    """Number the strongly connected components, sources first (Tarjan 1972, without recursion).

    Returns:
        int32 [nodes], the component of each node; an edge between two components runs from the smaller number to the
        greater one. A node on no cycle is a component of its own.
    """
    return _kernels.strongly_connected(ids(src, "src"), ids(dst, "dst"), nodes, mask(cut, "cut", nodes))


def find_cycle(src: ArrayLike, dst: ArrayLike, nodes: int, *, cut: ArrayLike | None = None) -> NDArray[np.int32]:
    """Return one cycle, empty when there is none.

    Returns:
        int32: the shortest cycle through the lowest-numbered node that lies on a cycle, starting at that node; each
        node has an edge to the next, and the last one to the first. A self-loop has length 1.
    """
    return _kernels.find_cycle(ids(src, "src"), ids(dst, "dst"), nodes, mask(cut, "cut", nodes))
