"""Order-preserving partition: contiguous slices of a topological order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign import kernels
from hwdesign.errors import LoopError, NetlistError
from hwdesign.netlist import Kind, Module
from hwdesign.netlist.views import cell_graph
from hwdesign.passes._columns import IntArray, loop_error

_SHOWN = 12


@dataclass(frozen=True, eq=False, slots=True)
class Partition:
    """Nodes in parts, such that signals run from lower parts to higher ones.

    Attributes:
        part: int32[nodes], part of each node, 0 .. parts - 1.
        order: int32[nodes], the topological order that was sliced.
        parts: number of parts.
        weights: float64[parts], summed weight of the nodes of each part.
        edges: number of edges, those into registers included.
        cut_edges: edges between two parts.
        order_violations: edges from a higher part to a lower one, those into cut registers aside; 0 by construction.
    """

    part: IntArray
    order: IntArray
    parts: int
    weights: NDArray[np.float64]
    edges: int
    cut_edges: int
    order_violations: int

    @property
    def cut_fraction(self) -> float:
        """Cut edges over all edges, 0 where there are none."""
        return self.cut_edges / self.edges if self.edges else 0.0

    @property
    def imbalance(self) -> float:
        """Weight of the heaviest part over the mean, less 1."""
        mean = float(self.weights.mean()) if self.parts else 0.0
        return float(self.weights.max()) / mean - 1.0 if mean else 0.0

    def nodes_of(self, part: int) -> IntArray:
        """int32: nodes of one part, in topological order."""
        nodes: IntArray = self.order[self.part[self.order] == part]
        return nodes


def partition(
    graph: Module | ArrayLike,
    *,
    parts: int | None = None,
    max_size: float | None = None,
    order: Literal["dfs", "level"] = "dfs",
    weights: ArrayLike | None = None,
    cut_registers: bool = True,
    num_nodes: int | None = None,
) -> Partition:
    """Slice a topological order into parts of about equal weight, or of at most `max_size`.

    Args:
        graph: a module, whose cells are the nodes, or the edges of an acyclic graph as int32[2, E].
        parts: number of parts, at most the number of nodes; give this or `max_size`.
        max_size: greatest weight of a part; a heavier node is a part by itself.
        order: `dfs` keeps cones together and cuts fewer edges, `level` slices across.
        weights: float64[nodes], not negative; 1 each by default.
        cut_registers: a module's registers open its loops: edges into them do not bind the order.
        num_nodes: number of nodes of an edge array; by default one more than its greatest.

    Raises:
        NetlistError: neither or both of `parts` and `max_size`, or values out of range.
        LoopError: the graph has a cycle; one is named.
    """
    if (parts is None) == (max_size is None):
        raise NetlistError("a partition needs either the number of parts or their greatest size")
    if (parts is not None and parts < 1) or (max_size is not None and not max_size > 0):
        raise NetlistError("the number of parts and their size must be greater than 0")
    if isinstance(graph, Module):
        view = cell_graph(graph)
        src, dst, nodes = view.src, view.dst, graph.num_cells
        cut = graph.library.of_kind(Kind.SEQ)[graph.cell_type] if nodes and cut_registers else np.zeros(nodes, bool)
    else:
        src, dst, nodes = _edges(graph, num_nodes)
        cut = np.zeros(nodes, bool)
    binding = ~cut[dst]
    sequence = kernels.topological_order(src[binding], dst[binding], nodes, priority=order)
    if len(sequence) < nodes:
        raise _loop(graph, src[binding], dst[binding], nodes)
    weight = np.ones(nodes) if weights is None else np.asarray(weights, np.float64)
    if weight.shape != (nodes,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise NetlistError(f"the weights must be {nodes} finite numbers, none negative")
    total = np.cumsum(weight[sequence])
    slices = _equal(total, weight[sequence], parts) if parts is not None else _bounded(total, max_size or 0.0)
    part = np.zeros(nodes, np.int32)
    part[sequence] = slices
    count = int(slices[-1]) + 1 if nodes else 0
    left, right = part[src], part[dst]
    return Partition(
        part,
        sequence,
        count,
        np.bincount(part, weights=weight, minlength=count).astype(np.float64),
        len(src),
        int((left != right).sum()),
        int((left > right)[binding].sum()),
    )


def _edges(edges: ArrayLike, num_nodes: int | None) -> tuple[IntArray, IntArray, int]:
    array = np.asarray(edges)
    if array.ndim != 2 or array.shape[0] != 2 or (array.size and array.dtype.kind not in "iu"):
        raise NetlistError("the edges must be an integer array of the shape (2, E)")
    low, high = (int(array.min()), int(array.max())) if array.size else (0, -1)
    nodes = high + 1 if num_nodes is None else num_nodes
    if low < 0 or high >= nodes or nodes > np.iinfo(np.int32).max:
        raise NetlistError(f"the edges name nodes {low} to {high}, which are not all within 0 to {nodes - 1}")
    src, dst = np.ascontiguousarray(array, np.int32)
    return src, dst, nodes


def _equal(total: NDArray[np.float64], weight: NDArray[np.float64], parts: int) -> IntArray:
    """Part of each place in the order: the middle of its weight decides, and no part is empty."""
    nodes = len(total)
    parts = min(parts, nodes)
    if nodes == 0:
        return np.zeros(0, np.int32)
    whole = float(total[-1])
    middle = (total - weight / 2) / whole if whole > 0 else (np.arange(nodes) + 0.5) / nodes
    slices = np.minimum((middle * parts).astype(np.int64), parts - 1)
    # A heavy node may leap over a part: close the gaps.
    return np.unique(slices, return_inverse=True)[1].astype(np.int32)


def _bounded(total: NDArray[np.float64], max_size: float) -> IntArray:
    nodes = len(total)
    slices = np.zeros(nodes, np.int32)
    at = part = 0
    while at < nodes:
        before = float(total[at - 1]) if at else 0.0
        end = max(at + 1, int(np.searchsorted(total, before + max_size * (1 + 1e-12), side="right")))
        slices[at:end] = part
        at, part = end, part + 1
    return slices


def _loop(graph: Module | ArrayLike, src: IntArray, dst: IntArray, nodes: int) -> LoopError:
    if isinstance(graph, Module):
        return loop_error(graph, src, dst)
    cycle = kernels.find_cycle(src, dst, nodes).tolist()
    shown = [str(node) for node in cycle[:_SHOWN]] + (["..."] if len(cycle) > _SHOWN else [])
    return LoopError(
        f"the graph has a cycle of {len(cycle)} nodes: {' -> '.join([*shown, str(cycle[0])])}",
        mend="an order-preserving partition needs an acyclic graph",
    )
