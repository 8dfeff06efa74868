"""Kernels on directed graphs: CSR, levels, orders, cycles, cones, neighbour samples.

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
from hwdesign.kernels._arrays import ids, mask, offsets, random_seed


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


class NeighbourSample(NamedTuple):
    """A sampled subgraph in the shape of `torch_geometric.sampler.SamplerOutput`; all arrays are int64.

    Attributes:
        node: global ids; the seeds come first and in their order, then each hop's new nodes.
        row: local id of each sampled neighbour.
        col: local id of the node whose neighbour it is; with fan-in rows, messages flow from `row` to `col`.
        edge: `Csr.edge` of each sampled edge.
        batch: the seed (0, 1, …) whose tree each node belongs to when sampled disjointly; otherwise empty.
        num_sampled_nodes: [1 + hops], the number of seeds, then of new nodes in each hop.
        num_sampled_edges: [hops], the number of edges in each hop.
    """

    node: NDArray[np.int64]
    row: NDArray[np.int64]
    col: NDArray[np.int64]
    edge: NDArray[np.int64]
    batch: NDArray[np.int64]
    num_sampled_nodes: NDArray[np.int64]
    num_sampled_edges: NDArray[np.int64]


class Subgraph(NamedTuple):
    """Edges between chosen nodes; all arrays are int64, `row` and `col` being places in the list of nodes.

    Attributes:
        row: the neighbour of each edge.
        col: the node whose CSR row holds the edge.
        edge: `Csr.edge` of each edge.
    """

    row: NDArray[np.int64]
    col: NDArray[np.int64]
    edge: NDArray[np.int64]


class Cone(NamedTuple):
    """Nodes in breadth-first order.

    Attributes:
        nodes: int32, each node once, seeds first.
        depth: int32, the least number of edges from a seed to each node. In a window, fan-ins count below zero.
    """

    nodes: NDArray[np.int32]
    depth: NDArray[np.int32]


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


def neighbour_sample(
    csr: Csr,
    seeds: ArrayLike,
    fanouts: ArrayLike,
    *,
    seed: int = 0,
    replace: bool = False,
    disjoint: bool = False,
) -> NeighbourSample:
    """Sample the neighbourhood of `seeds` hop by hop (Hamilton, Ying, Leskovec: GraphSAGE, NeurIPS 2017).

    Each node is expanded once, in the hop after the one that found it. A seed that is listed twice is expanded twice,
    under two local ids, so that a loader may repeat seeds. The same arguments give the same sample on every machine.

    Args:
        csr: rows to walk along; fan-in rows for models whose messages follow the edges.
        seeds: int32, nodes to start at.
        fanouts: int64 [hops], how many neighbours to take for each node in each hop; -1 takes all.
        seed: of the random choices, 0 … 2^64 - 1.
        replace: choose with replacement; then a node with any neighbour gets exactly the fanout.
        disjoint: give every seed a tree of its own that shares no node with another's.
    """
    starts, hops = ids(seeds, "seeds"), offsets(fanouts, "fanouts")
    return NeighbourSample(*_kernels.neighbour_sample(*_rows(csr), starts, hops, random_seed(seed), replace, disjoint))


def cone(
    csr: Csr, seeds: ArrayLike, *, max_depth: int = -1, max_nodes: int = -1, stop: ArrayLike | None = None
) -> Cone:
    """Nodes reached from `seeds` along rows: the fan-in cone for fan-in rows, the fan-out cone for fan-out rows.

    Args:
        csr: rows to walk along.
        seeds: int32, nodes to start at; repeats count once.
        max_depth: how many edges to walk at most; -1 for any number.
        max_nodes: how many nodes to return at most, nearest first; -1 for any number.
        stop: mask of nodes (registers, say) that end a path: they are returned, but only seeds are walked past.
    """
    ptr, col, _ = _rows(csr)
    return Cone(
        *_kernels.cone(ptr, col, ids(seeds, "seeds"), max_depth, max_nodes, mask(stop, "stop", max(len(ptr) - 1, 0)))
    )


def window(fanin: Csr, fanout: Csr, seeds: ArrayLike, levels: int, *, stop: ArrayLike | None = None) -> Cone:
    """Fan-in and fan-out cones of `seeds`, each `levels` deep, as one set of nodes.

    `Cone.depth` is negative on the fan-in side and positive on the fan-out side; a node on both (possible only where
    seeds feed one another or the graph is cyclic) keeps the nearer, fan-in first. Nodes are ordered by distance.

    Args:
        fanin: fan-in rows.
        fanout: fan-out rows of the same graph.
        seeds: int32, nodes in the middle.
        levels: how many edges to walk each way.
        stop: as in `cone`.
    """
    if levels < 0:
        raise ValueError(f"levels must be 0 or more, not {levels}")
    if len(fanin.ptr) != len(fanout.ptr):
        raise ValueError("fanin and fanout have different numbers of rows")
    before = cone(fanin, seeds, max_depth=levels, stop=stop)
    after = cone(fanout, seeds, max_depth=levels, stop=stop)
    nodes = np.concatenate([before.nodes, after.nodes])
    depth = np.concatenate([-before.depth, after.depth])
    nearest = np.argsort(np.abs(depth), kind="stable")
    _, first = np.unique(nodes[nearest], return_index=True)
    kept = nearest[np.sort(first)]
    return Cone(nodes[kept], depth[kept])


def induced_subgraph(csr: Csr, nodes: ArrayLike) -> Subgraph:
    """All edges between `nodes` (int32, none listed twice), row after row in the order of `nodes`."""
    return Subgraph(*_kernels.induced_subgraph(*_rows(csr), ids(nodes, "nodes")))


def _rows(csr: Csr) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    return offsets(csr.ptr, "ptr"), ids(csr.col, "col"), offsets(csr.edge, "edge")
