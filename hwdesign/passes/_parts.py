"""What a partition is: the parts, an order that they are slices of, and figures of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.passes._columns import IntArray


@dataclass(frozen=True, eq=False, slots=True)
class Partition:
    """Nodes in parts, such that signals run from lower parts to higher ones.

    Attributes:
        part: int32[nodes], part of each node, 0 .. parts - 1; no part is empty.
        order: int32[nodes], a topological order in which every part is one slice.
        parts: number of parts.
        weights: float64[parts], summed weight of the nodes of each part.
        src, dst: int32[edges], the graph's edges, those into registers included.
        cut_edges: edges between two parts.
        order_violations: edges from a higher part to a lower one, those into cut registers aside; 0 by construction.
    """

    part: IntArray
    order: IntArray
    parts: int
    weights: NDArray[np.float64]
    src: IntArray
    dst: IntArray
    cut_edges: int
    order_violations: int

    @property
    def edges(self) -> int:
        """Number of edges."""
        return len(self.src)

    @property
    def cut_fraction(self) -> float:
        """Cut edges over all edges, 0 where there are none."""
        return self.cut_edges / self.edges if self.edges else 0.0

    @property
    def imbalance(self) -> float:
        """Weight of the heaviest part over the mean, less 1."""
        mean = float(self.weights.mean()) if self.parts else 0.0
        return (float(self.weights.max()) - mean) / mean if mean else 0.0

    @property
    def cut_nets(self) -> int:
        """Nodes with a reader in another part: the net (hyperedge) cut, one net a node."""
        return _distinct(self.src[self.part[self.src] != self.part[self.dst]])

    @property
    def volume(self) -> int:
        """Communication volume: for each node, the other parts that read it, summed."""
        reader = self.part[self.dst]
        crossing = self.part[self.src] != reader
        return _distinct(self.src[crossing].astype(np.int64) * max(self.parts, 1) + reader[crossing])

    def nodes_of(self, part: int) -> IntArray:
        """int32: nodes of one part, in topological order."""
        nodes: IntArray = self.order[self.part[self.order] == part]
        return nodes


def _distinct(values: NDArray[np.signedinteger]) -> int:
    """How many different values there are; sorting takes a third of the time of `numpy.unique`."""
    ordered = np.sort(values)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + min(1, len(ordered))
