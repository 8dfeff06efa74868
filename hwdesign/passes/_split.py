"""Splitting an acyclic graph: by slices of a topological order, or through the partition kernel."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign import kernels
from hwdesign.kernels.partition import Effort, Objective
from hwdesign.passes._columns import IntArray

_SCALE = 1 << 40  # weights that are not integers are rounded up to this fraction of their sum


@dataclass(frozen=True, eq=False, slots=True)
class Graph:
    """An acyclic graph to split.

    Attributes:
        src, dst: int32[E], edges that bind the order.
        nodes: how many nodes.
        weight: float64[nodes].
        sequence: int32[nodes], a topological order.
        key: int64[nodes], like for nodes that should be tried in the same part; None where nothing is known.
    """

    src: IntArray
    dst: IntArray
    nodes: int
    weight: NDArray[np.float64]
    sequence: IntArray
    key: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What the kernel looks for, and how hard: all as in `kernels.partition_order`."""

    objective: Objective
    effort: Effort
    seed: int
    threads: int


def equal_slices(graph: Graph, parts: int) -> IntArray:
    """Part of each node: the middle of its weight in the order decides, and no part is empty."""
    nodes = graph.nodes
    if nodes == 0:
        return np.zeros(0, np.int32)
    weight = graph.weight[graph.sequence]
    total = np.cumsum(weight)
    whole = float(total[-1])
    parts = min(parts, nodes)
    middle = (total - weight / 2) / whole if whole > 0 else (np.arange(nodes) + 0.5) / nodes
    return _placed(graph, np.minimum((middle * parts).astype(np.int64), parts - 1))


def bounded_slices(graph: Graph, max_size: float) -> IntArray:
    """Part of each node: each part takes what fits; a heavier node is a part by itself."""
    total = np.cumsum(graph.weight[graph.sequence])
    slices = np.zeros(graph.nodes, np.int32)
    at = part = 0
    while at < graph.nodes:
        before = float(total[at - 1]) if at else 0.0
        end = max(at + 1, int(np.searchsorted(total, before + max_size * (1 + 1e-12), side="right")))
        slices[at:end] = part
        at, part = end, part + 1
    return _placed(graph, slices)


def _placed(graph: Graph, slices: NDArray[np.signedinteger]) -> IntArray:
    part = np.zeros(graph.nodes, np.int32)
    # A heavy node may leap over a part: close the gaps.
    part[graph.sequence] = _closed(slices)
    return part


def equal_parts(graph: Graph, parts: int, imbalance: float, search: Search) -> IntArray:
    """At most `parts` parts, none heavier than 1 + imbalance times the mean where that can be had."""
    if graph.nodes == 0:
        return np.zeros(0, np.int32)
    weight, scale = _integers(graph.weight)
    parts = min(parts, graph.nodes)
    whole = int(weight.sum())
    if whole == 0:
        return equal_slices(graph, parts)
    allowed = float(graph.weight.sum()) * scale * (1 + imbalance) / parts
    cap = max(-(-whole // parts), int(min(allowed, whole) + 1e-6))
    return _closed(_kernel(graph, weight, parts, cap, search))


def bounded_parts(graph: Graph, max_size: float, search: Search) -> IntArray:
    """About as few parts as `max_size` allows, none heavier; a heavier node is a part by itself."""
    if graph.nodes == 0 or float(graph.weight.max()) > max_size or not graph.weight.any():
        return bounded_slices(graph, max_size)
    weight, scale = _integers(graph.weight)
    whole = int(weight.sum())
    cap = int(min(max_size * scale * (1 + 1e-12), whole))
    fewest = max(1, -(-whole // max(1, cap)))
    slices = bounded_slices(graph, max_size)
    most = int(slices.max()) + 1
    # The bound may leave no slack at all: a few more parts make room, and slices always do.
    for parts in sorted({fewest, fewest + 1, (fewest + most) // 2}):
        if parts <= most:
            part = _kernel(graph, weight, parts, cap, search)
            if np.bincount(part, weights=graph.weight).max() <= max_size * (1 + 1e-12):
                return _closed(part)
    return slices


def _kernel(graph: Graph, weight: NDArray[np.int64], parts: int, cap: int, search: Search) -> IntArray:
    return kernels.partition_order(
        graph.src,
        graph.dst,
        graph.nodes,
        parts,
        cap,
        weight=weight,
        key=graph.key,
        objective=search.objective,
        effort=search.effort,
        seed=search.seed,
        threads=search.threads,
    )


def _closed(part: NDArray[np.signedinteger]) -> IntArray:
    """Parts renumbered without the empty ones."""
    rank = np.cumsum(np.bincount(part) > 0, dtype=np.int32) - np.int32(1)
    closed: IntArray = rank[part]
    return closed


def _integers(weight: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """Integer weights and how many of their units make 1; rounded up, so that no bound on them is met in vain."""
    whole = float(weight.sum())
    if whole < _SCALE and (weight == np.floor(weight)).all():
        return weight.astype(np.int64), 1.0
    scale = min(_SCALE / whole, sys.float_info.max)  # the sum may be next to nothing
    return np.ceil(weight * scale).astype(np.int64), scale
