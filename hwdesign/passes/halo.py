"""What surrounds the parts of a partition: frontiers, halos and masks of owned nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign import kernels
from hwdesign.passes._arguments import whole_number
from hwdesign.passes._columns import IntArray
from hwdesign.passes._parts import Partition


@dataclass(frozen=True, eq=False, slots=True)
class PartGraph:
    """One part with its halo, as a graph of its own.

    Attributes:
        part: the part's number.
        nodes: int32[n], node of the whole graph for each local node, in the partition's order.
        owned: bool[n], nodes of the part; the others are its halo.
        edges: int64[2, e], local source and target of every edge of the whole graph between these nodes.
        edge: int64[e], place of each edge in the whole graph's list.
    """

    part: int
    nodes: IntArray
    owned: NDArray[np.bool_]
    edges: NDArray[np.int64]
    edge: NDArray[np.int64]


def frontiers(found: Partition) -> list[IntArray]:
    """For each part, the nodes outside it that its nodes read, each once, in the partition's order."""
    rank = _rank(found)
    reader = found.part[found.dst]
    crossing = found.part[found.src] != reader
    nodes = max(len(found.part), 1)
    keys = np.unique(reader[crossing].astype(np.int64) * nodes + rank[found.src[crossing]])
    source = found.order[keys % nodes].astype(np.int32)
    ends = np.searchsorted(keys // nodes, np.arange(1, found.parts))
    return list(np.split(source, ends)) if found.parts else []


def halos(found: Partition, levels: int) -> Iterator[PartGraph]:
    """Each part with the nodes up to `levels` edges before (in-cones) and after it (out-cones).

    Args:
        found: a partition.
        levels: how many edges to walk each way; 0 gives the parts alone.

    Raises:
        NetlistError: `levels` is negative or no integer.
    """
    nodes = len(found.part)
    levels = min(whole_number("levels", levels, 0), nodes)
    fanout, fanin = kernels.build_csr_both(found.src, found.dst, nodes)
    rank = _rank(found)
    starts = np.searchsorted(found.part[found.order], np.arange(found.parts + 1))
    for part in range(found.parts):
        own = found.order[starts[part] : starts[part + 1]]
        reached = kernels.window(fanin, fanout, own, levels).nodes if levels else own
        local = found.order[np.sort(rank[reached])].astype(np.int32)
        inner = kernels.induced_subgraph(fanin, local)
        yield PartGraph(part, local, found.part[local] == part, np.stack([inner.row, inner.col]), inner.edge)


def halo_sizes(found: Partition, levels: int, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """float64[parts]: weight of each part with its halo of `levels` levels; nodes weigh 1 each by default."""
    levels = min(levels, len(found.part))
    fanout, fanin = kernels.build_csr_both(found.src, found.dst, len(found.part))
    starts = np.searchsorted(found.part[found.order], np.arange(found.parts + 1))
    sizes = np.zeros(found.parts)
    for part in range(found.parts):
        nodes = kernels.window(fanin, fanout, found.order[starts[part] : starts[part + 1]], levels).nodes
        sizes[part] = len(nodes) if weights is None else float(weights[nodes].sum())
    return sizes


def _rank(found: Partition) -> IntArray:
    rank = np.zeros(len(found.order), np.int32)
    rank[found.order] = np.arange(len(found.order), dtype=np.int32)
    return rank
