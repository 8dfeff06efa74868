"""Order of calculation: driving nodes in levels, loops broken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Levels:
    """Driving nodes in levels: all that a level's arcs read is driven from levels before it.

    Attributes:
        level: int64[nodes], level of a driving node, -1 for the others.
        count: number of levels.
        cut: bool[arcs], arcs that were cut to break a loop.
    """

    level: I64
    count: int
    cut: NDArray[np.bool_]


def levelise(
    nodes: int, drives: NDArray[np.bool_], wires: tuple[I64, I64], arcs: tuple[I64, I64], loose: NDArray[np.bool_]
) -> Levels:
    """Levels by longest path.

    Args:
        nodes: number of nodes.
        drives: bool[nodes], the driving ones.
        wires: from drivers to the nodes they reach.
        arcs: from inputs to outputs of cells.
        loose: bool[arcs], to be cut first where there are loops: transparent latches, arcs that never switch.
    """
    reached_by = np.full(nodes, -1, np.int64)
    reached_by[wires[1]] = wires[0]
    before, after = reached_by[arcs[0]], arcs[1]
    cut = np.zeros(len(before), bool)
    several = np.bincount(wires[1], minlength=nodes).max(initial=0) > 1
    while True:
        level, stuck = _longest(nodes, drives, before, after, ~cut, wires if several else None)
        inside = stuck[np.maximum(before, 0)] & (before >= 0) & stuck[after] & ~cut
        if not inside.any():
            return Levels(level, int(level.max(initial=-1)) + 1, cut)
        soft = inside & loose
        cut |= soft if soft.any() else _back_arcs(nodes, before, after, inside)


def _longest(
    nodes: int,
    drives: NDArray[np.bool_],
    before: I64,
    after: I64,
    live: NDArray[np.bool_],
    wires: tuple[I64, I64] | None,
) -> tuple[I64, NDArray[np.bool_]]:
    """Level of each driver, and those that no order reaches."""
    use = np.flatnonzero(live & (before >= 0))
    source, target = before[use], after[use]
    order = np.argsort(source, kind="stable")
    source, target = source[order], target[order]
    start = np.searchsorted(source, np.arange(nodes + 1))
    waiting = np.bincount(target, minlength=nodes)
    level = np.where(drives, 0, -1).astype(np.int64)
    done = ~drives
    front = np.flatnonzero(drives & (waiting == 0))
    while len(front):
        done[front] = True
        count = start[front + 1] - start[front]
        rank = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        reached = target[np.repeat(start[front], count) + rank]
        np.maximum.at(level, reached, np.repeat(level[front], count) + 1)
        np.subtract.at(waiting, reached, 1)
        touched = np.unique(reached)
        front = touched[waiting[touched] == 0]
    return level, ~done


def _back_arcs(nodes: int, before: I64, after: I64, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Arcs that close a loop in a depth-first walk of the stuck drivers."""
    fanout: dict[int, list[int]] = {}
    for at in np.flatnonzero(inside).tolist():
        fanout.setdefault(int(before[at]), []).append(at)
    cut = np.zeros(len(before), bool)
    state = np.zeros(nodes, np.int8)  # 1 on the path, 2 finished
    for begin in sorted(fanout):
        if state[begin]:
            continue
        state[begin] = 1
        path = [(begin, iter(fanout[begin]))]
        while path:
            node, rest = path[-1]
            at = next(rest, -1)
            if at < 0:
                state[node] = 2
                path.pop()
                continue
            target = int(after[at])
            if state[target] == 1:
                cut[at] = True
            elif state[target] == 0:
                state[target] = 1
                path.append((target, iter(fanout.get(target, []))))
    return cut
