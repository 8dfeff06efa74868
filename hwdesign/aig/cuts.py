"""Reconvergence-driven cuts: small windows in which a node's probability is computed exactly.

The cut of an AND node is a set of at most `MAX_LEAVES` variables that every path from the inputs to the node crosses.
The node is a Boolean function of its leaves; with the leaves taken as independent, its probability is the multilinear
extension of that function. This removes the error that COP makes at reconvergence inside the window. Leaf by leaf the
window grows where it adds the fewest leaves (after A. Mishchenko and R. Brayton, "Scalable logic synthesis using a
simple circuit structure", IWLS 2006).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int32]

MAX_LEAVES = 6
# Truth table of leaf i over six leaves: bit m is bit i of m.
_LEAF_TABLES = np.array(
    [sum(1 << m for m in range(64) if m >> i & 1) for i in range(MAX_LEAVES)],
    np.uint64,
)
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_CHUNK = 1 << 15


@dataclass(frozen=True, eq=False, slots=True)
class Cuts:
    """One cut an AND node.

    Attributes:
        leaves: int32[A, MAX_LEAVES], variables; unused places hold 0, on which `table` does not depend.
        size: uint8[A], leaves used.
        steps: uint8[A], nodes inside the window beside the root; 0 means that the leaves are the two fan-ins.
        table: uint64[A], value of the node for each assignment of the leaves.
    """

    leaves: IntArray
    size: NDArray[np.uint8]
    steps: NDArray[np.uint8]
    table: NDArray[np.uint64]


def reconvergent_cuts(
    fanin0: IntArray, fanin1: IntArray, num_inputs: int, *, leaves: int = MAX_LEAVES, steps: int = 12
) -> Cuts:
    """Cut of every AND node.

    Args:
        fanin0, fanin1: int32[A], literals, in topological order.
        num_inputs: I; variables 1..I are inputs.
        leaves: most leaves, 2 to 6.
        steps: most nodes inside a window beside its root.

    A window that meets no reconvergence shrinks back to the two fan-ins, since growing it gains nothing there.
    """
    if not 2 <= leaves <= MAX_LEAVES:
        raise ValueError(f"a cut has 2 to {MAX_LEAVES} leaves, not {leaves}")
    ands = len(fanin0)
    first = 1 + num_inputs
    # Literals of every variable's fan-ins; -1 for the constant and the inputs.
    fanin = np.full((first + ands, 2), -1, np.int32)
    fanin[first:, 0], fanin[first:, 1] = fanin0, fanin1
    parts = [
        _cut_chunk(fanin, np.arange(low, min(low + _CHUNK, first + ands)), leaves, steps)
        for low in range(first, first + ands, _CHUNK)
    ]
    if not parts:
        none = np.zeros(0, np.uint8)
        return Cuts(np.zeros((0, MAX_LEAVES), np.int32), none, none, np.zeros(0, np.uint64))
    return Cuts(*(np.concatenate([getattr(part, name) for part in parts]) for name in Cuts.__slots__))


def _cut_chunk(fanin: IntArray, nodes: NDArray[np.int64], width: int, steps: int) -> Cuts:
    leaf, count, inner = _grow(fanin, nodes, width, steps)
    # Windows are evaluated fan-ins first: variable numbers are a topological order, unused places (-1) sort first.
    inner.sort(axis=1)
    rows = np.arange(len(nodes))
    table = np.zeros((len(nodes), steps), np.uint64)
    for step in range(steps):
        member = inner[:, step]
        at = np.flatnonzero(member >= 0)
        if len(at):
            table[at, step] = _and_table(fanin[member[at]], leaf[at], inner[at, :step], table[at, :step])
    root = _and_table(fanin[nodes], leaf, inner, table)
    used = np.arange(MAX_LEAVES)[None, :] < count[:, None]
    padded = np.zeros((len(nodes), MAX_LEAVES), np.int32)
    padded[:, :width] = leaf
    padded[~used] = 0
    return Cuts(padded, count.astype(np.uint8), (inner >= 0).sum(1).astype(np.uint8)[rows], root)


def _grow(
    fanin: IntArray, nodes: NDArray[np.int64], width: int, steps: int
) -> tuple[IntArray, NDArray[np.int64], IntArray]:
    """Leaves [n, width] (-1 unused), their count [n], nodes inside [n, steps] (-1 unused)."""
    n = len(nodes)
    leaf = np.full((n, width), -1, np.int32)
    pair = fanin[nodes] >> 1
    leaf[:, 0] = pair[:, 0]
    two = pair[:, 1] != pair[:, 0]
    leaf[two, 1] = pair[two, 1]
    count = 1 + two.astype(np.int64)
    inner = np.full((n, steps), -1, np.int32)
    best_leaf, best_count, best_inner = leaf.copy(), count.copy(), inner.copy()
    live = np.arange(n)
    for step in range(steps):
        now = leaf[live]
        under = fanin[np.maximum(now, 0)]
        open_ = (now >= 0) & (under[..., 0] >= 0)
        pair = under >> 1
        fresh0 = ~(pair[:, :, 0, None] == now[:, None, :]).any(2)
        fresh1 = ~(pair[:, :, 1, None] == now[:, None, :]).any(2) & (pair[..., 0] != pair[..., 1])
        cost = fresh0.astype(np.int8) + fresh1 - 1
        cost = np.where(open_ & (count[live][:, None] + cost <= width), cost, 9)
        # Fewest new leaves first; among equals the latest variable, which no other leaf can lie above.
        score = cost.astype(np.int64) * (len(fanin) + 1) - now
        pick = score.argmin(1)
        rows = np.arange(len(live))
        keep = cost[rows, pick] < 9
        if not keep.any():
            break
        rows, pick, live = rows[keep], pick[keep], live[keep]
        chosen, gain = now[rows, pick], cost[rows, pick]
        inner[live, step] = chosen
        add0, add1 = fresh0[rows, pick], fresh1[rows, pick]
        pair = pair[rows, pick]
        # The place of the grown leaf goes to the last leaf, and new leaves are appended.
        last = count[live] - 1
        leaf[live, pick] = leaf[live, last]
        leaf[live, last] = -1
        count[live] -= 1
        for add, variable in ((add0, pair[:, 0]), (add1, pair[:, 1])):
            target = live[add]
            leaf[target, count[target]] = variable[add]
            count[target] += 1
        met = live[gain <= 0]
        best_leaf[met], best_count[met], best_inner[met] = leaf[met], count[met], inner[met]
    return best_leaf, best_count, best_inner


def _and_table(literals: IntArray, leaf: IntArray, inner: IntArray, table: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Truth table of an AND whose fan-ins are leaves or window nodes with known tables."""
    value = np.full(len(literals), _ONES, np.uint64)
    for side in (0, 1):
        variable, inverted = literals[:, side] >> 1, literals[:, side] & 1
        own = np.zeros(len(literals), np.uint64)
        # The constant is a variable as any other, whose probability is 0.
        for place in range(leaf.shape[1]):
            own[leaf[:, place] == variable] = _LEAF_TABLES[place]
        for place in range(inner.shape[1]):
            hit = inner[:, place] == variable
            own[hit] = table[hit, place]
        value &= np.where(inverted == 1, ~own, own)
    return value
