"""Wires: RC trees reduced to moments, an equivalent π at the driver, and delays at every sink, all nets in one call.

Subtrees are contiguous in a depth-first order, so the sum over a subtree is a difference of two prefix sums, and the
sum along a path from the root is one prefix sum over entries and exits of subtrees: no loop over depth, and gradients
for the price of a cumulative sum.

Units: kΩ, pF, ns. Sources: moments and their path-tracing, L. T. Pillage and R. A. Rohrer, IEEE TCAD 9(4), 1990;
π model, P. R. O'Brien and T. L. Savarino, ICCAD 1989; D2M, C. J. Alpert, A. Devgan and C. V. Kashyap, IEEE TCAD 20(5),
2001 (`ln 2 · m1² / √m2`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import depth_first_order, minimum_spanning_tree
from torch import Tensor

from hwdesign.netlist.parasitics import Parasitics

LN2 = math.log(2.0)


@dataclass(frozen=True, eq=False)
class RcForest:
    """The trees of all nets, one root a driver pin. M nodes of the parasitics, V of them reached from a root.

    Attributes:
        order: int64[V], node of the parasitics at each position; a tree and its subtrees are contiguous.
        position: int64[M], position of each node, -1 where no root reaches it.
        end: int64[V], position after the last of the subtree.
        parent: int64[V], position of the parent, the root's own for a root.
        resistor: int64[V], resistor towards the parent, -1 for a root.
        root: int64[V], position of the tree's root.
        broken: int64[...], resistors left out because they close a loop.
    """

    order: Tensor
    position: NDArray[np.int64]
    end: Tensor
    parent: Tensor
    resistor: Tensor
    root: Tensor
    broken: NDArray[np.int64]

    @classmethod
    def of(cls, parasitics: Parasitics, roots: NDArray[np.int64]) -> RcForest:
        """Trees of the nets that `roots` (nodes, at most one a net) drive.

        Loops are broken at their largest resistors: each net becomes its minimum spanning tree.
        """
        count = len(parasitics.node_names)
        if not len(roots):
            none = torch.zeros(0, dtype=torch.int64)
            return cls(none, np.full(count, -1), none, none, none, none, np.zeros(0, np.int64))
        a, b = parasitics.resistor_a.astype(np.int64), parasitics.resistor_b.astype(np.int64)
        # Entries of value 0 would vanish from a sparse matrix, and parallel ones would be added up: ranks do neither.
        rank = np.empty(len(a), np.float64)
        rank[np.argsort(parasitics.resistor, kind="stable")] = np.arange(1, len(a) + 1)
        low, high = np.minimum(a, b), np.maximum(a, b)
        best = np.lexsort((rank, high, low))
        fresh = np.ones(len(best), bool)
        fresh[1:] = (low[best][1:] != low[best][:-1]) | (high[best][1:] != high[best][:-1])
        kept = best[fresh & (low[best] != high[best])]
        graph = coo_array((rank[kept], (low[kept], high[kept])), shape=(count, count)).tocsr()
        tree = minimum_spanning_tree(graph).tocoo()
        used = np.argsort(rank, kind="stable")[tree.data.astype(np.int64) - 1]
        broken = np.setdiff1d(np.arange(len(a)), used)
        # One more node joins all roots, so that one traversal walks every tree.
        ends = np.concatenate([np.stack([a[used], b[used]]), np.stack([np.full(len(roots), count), roots])], 1)
        joined = coo_array((np.ones(ends.shape[1]), (ends[0], ends[1])), shape=(count + 1, count + 1)).tocsr()
        walk, parent_node = depth_first_order(joined, count, directed=False, return_predecessors=True)
        walk = walk[1:].astype(np.int64)
        position = np.full(count + 1, -1, np.int64)
        position[walk] = np.arange(len(walk))
        parent = position[parent_node[walk]]
        is_root = parent < 0
        parent[is_root] = np.flatnonzero(is_root)
        resistor = np.full(len(walk), -1, np.int64)
        lookup = np.full(count, -1, np.int64)
        for near, far in ((a[used], b[used]), (b[used], a[used])):
            is_child = parent_node[far] == near
            lookup[far[is_child]] = used[is_child]
        resistor[~is_root] = lookup[walk[~is_root]]
        depth, root = _depths(parent, is_root)
        return cls(
            torch.as_tensor(walk), position[:-1], torch.as_tensor(_subtree_ends(parent, depth)),
            torch.as_tensor(parent), torch.as_tensor(resistor), torch.as_tensor(root), broken,
        )  # fmt: skip


def _depths(parent: NDArray[np.int64], is_root: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Depth and root of every node, by pointer doubling."""
    depth, hop = (~is_root).astype(np.int64), parent
    while (hop != hop[hop]).any():
        depth = depth + depth[hop]
        hop = hop[hop]
    return depth, hop


def _subtree_ends(parent: NDArray[np.int64], depth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Position after the last node of each subtree."""
    size = np.ones(len(parent), np.int64)
    order = np.argsort(depth, kind="stable")
    bounds = np.searchsorted(depth[order], np.arange(1, int(depth.max()) + 2))
    for level in range(len(bounds) - 1, 0, -1):
        nodes = order[bounds[level - 1] : bounds[level]]
        np.add.at(size, parent[nodes], size[nodes])
    return np.arange(len(parent)) + size


@dataclass(frozen=True, eq=False)
class Wires:
    """What the delay calculation needs to know of all wires. V tree nodes, E = 2 edges (rise, fall) or 1.

    Attributes:
        elmore: float[V, E], ns, first moment of the step response from root to node.
        second: float[V, E], ns², its second moment coefficient `Σ R C m1`.
        total: float[V, E], pF; at a root the whole capacitance, elsewhere that of the subtree.
        near, far: float[V, E], pF, capacitors of the π at a root: at the driver and behind the resistor.
        resistance: float[V, E], kΩ, of the π at a root.
    """

    elmore: Tensor
    second: Tensor
    total: Tensor
    near: Tensor
    far: Tensor
    resistance: Tensor

    def d2m(self) -> Tensor:
        """Delay from root to node by the D2M metric, ns: float[V, E]."""
        return LN2 * self.elmore.square() / self.second.clamp(min=1e-300).sqrt()

    def step_slew(self, low: float = 0.2, high: float = 0.8) -> Tensor:
        """Slew at each node for a step at its root, from the response's standard deviation, ns: float[V, E].

        A ramp of slew s at the root leaves about `sqrt(s² + step_slew²)` (C. V. Kashyap, C. J. Alpert, F. Liu and
        A. Devgan, "Closed form expressions for extending step delay and slew metrics to ramp inputs", ISPD 2003).
        """
        sigma = (2.0 * self.second - self.elmore.square()).clamp(min=0).sqrt()
        return math.log((1.0 - low) / (1.0 - high)) * sigma


def reduce_wires(forest: RcForest, cap: Tensor, resistor: Tensor) -> Wires:
    """Moments of all trees at once; differentiable in both arguments.

    Args:
        forest: the trees.
        cap: float[M, E], pF to ground at each node of the parasitics, load pins included.
        resistor: float[R], kΩ.
    """
    here = cap.to(torch.float64)[forest.order]
    # One more entry stands for what joins a root to itself.
    padded = torch.cat([resistor.to(torch.float64), here.new_zeros(1)])
    branch = padded[forest.resistor][:, None]
    downstream = _below(here, forest.end)
    elmore = _along(branch * downstream, forest.end)
    second = _along(branch * _below(here * elmore, forest.end), forest.end)
    # Sums over whole trees: taken tree by tree, so that a small net does not inherit a large one's rounding.
    sums = [_at_root(here * moment, forest.root) for moment in (torch.ones_like(here), elmore, second)]
    held = (sums[1] > 0) & (sums[2] > 0)
    y2, y3 = (torch.where(held, value, 1.0) for value in sums[1:])
    far = torch.where(held, y2.square() / y3, 0.0)
    resistance = torch.where(held, y3.square() / y2**3, 0.0)
    near = (sums[0] - far).clamp(min=0)
    wires = (elmore, second, downstream, near, far, resistance)
    return Wires(*(value.to(cap.dtype) for value in wires))


def _below(values: Tensor, end: Tensor) -> Tensor:
    """Sum of `values` over the subtree of every node."""
    prefix = torch.cat([values.new_zeros(1, values.shape[1]), values.cumsum(0)])
    return prefix[end] - prefix[:-1]


def _along(values: Tensor, end: Tensor) -> Tensor:
    """Sum of `values` over the nodes from the root to every node, itself included."""
    leaving = values.new_zeros(len(values) + 1, values.shape[1]).index_add(0, end, values)
    return (values - leaving[:-1]).cumsum(0)


def _at_root(values: Tensor, root: Tensor) -> Tensor:
    """Sum of `values` over each tree, at the position of its root; 0 elsewhere."""
    return torch.zeros_like(values).index_add(0, root, values)
