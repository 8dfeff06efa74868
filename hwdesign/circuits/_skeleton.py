"""Random levelled graphs of two-input nodes with exact counts, exact depth and no dangling node.

Levels are filled from the outputs down. A node at level l takes one fanin from level l - 1, which fixes its depth; its
other fanin first covers nodes that nothing reads yet, and otherwise follows the fanout law. Under the law every node
draws a popularity, and free fanins choose nodes in proportion to it: exponential popularities make the fanout beyond
the first geometric (a Poisson law mixed over an exponential one), Pareto popularities give it a power-law tail.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a random graph must be: counts, depth (nodes on the longest path) and fanout law.

    Attributes:
        law: `geometric` or `power`.
        exponent: of the power law, P(fanout = k) ~ k^-exponent.
    """

    inputs: int
    nodes: int
    outputs: int
    depth: int
    law: str
    exponent: float


class Draw:
    """Draws vertices of a span by popularity."""

    def __init__(self, popularity: NDArray[np.float64], rng: np.random.Generator) -> None:
        self.below = np.concatenate([[0.0], np.cumsum(popularity)])
        self.rng = rng

    def __call__(self, low: IntArray, high: IntArray) -> IntArray:
        """One vertex of each span low .. high-1."""
        at = self.below[low] + self.rng.random(len(low)) * (self.below[high] - self.below[low])
        found: IntArray = np.clip(np.searchsorted(self.below, at, side="right") - 1, low, high - 1)
        return found

    @cached_property
    def _steps(self) -> list[float]:
        steps: list[float] = self.below.tolist()
        return steps

    def one(self, low: int, high: int) -> int:
        """One vertex of low .. high-1, the same that a call with spans of length 1 would draw, without its cost."""
        steps = self._steps
        at = steps[low] + self.rng.random() * (steps[high] - steps[low])
        return min(max(bisect_right(steps, at) - 1, low), high - 1)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The graph. Vertices 0 .. inputs-1 are the inputs, then the nodes level by level.

    Attributes:
        fanin: int64[nodes, 2], the fanin one level below, and another vertex below the node's level.
        movable: bool[nodes, 2], the fanin covers nothing and may be drawn again.
        low, high: int64[nodes, 2], span of vertices that each fanin may be drawn from.
        outputs: int64[outputs], vertex of each output.
        draw: draws from spans by the fanout law.
    """

    fanin: IntArray
    movable: NDArray[np.bool_]
    low: IntArray
    high: IntArray
    outputs: IntArray
    draw: Draw

    def redraw(self, node: int, which: int, *, uniform: bool = False) -> int:
        """Another vertex for a fanin of a node, by the fanout law or evenly."""
        low, high = self.low.item(node, which), self.high.item(node, which)
        return int(self.draw.rng.integers(low, high)) if uniform else self.draw.one(low, high)


def random_skeleton(shape: Shape, rng: np.random.Generator) -> Skeleton:
    """Random graph of a shape.

    Raises:
        NetlistError: no graph of this shape exists, or not without a dangling node.
    """
    _check(shape)
    sizes = _level_sizes(shape, rng) if shape.nodes else []
    starts = np.concatenate([[0, shape.inputs], shape.inputs + np.cumsum(sizes)]).astype(np.int64)
    vertices = int(starts[-1])
    if shape.law == "geometric":
        popularity = rng.exponential(1.0, vertices)
    else:
        popularity = rng.pareto(shape.exponent - 1.0, vertices) + 1.0
    draw = Draw(popularity, rng)
    if not shape.nodes:
        none = np.zeros((0, 2), np.int64)
        return Skeleton(none, none > 0, none, none, rng.integers(0, shape.inputs, shape.outputs), draw)
    level = np.repeat(np.arange(1, len(starts) - 1), np.diff(starts)[1:])
    high = np.stack([starts[level], starts[level]], axis=1)
    low = np.stack([starts[level - 1], np.zeros_like(level)], axis=1)
    fanin, sinks = _cover(shape, starts, rng)
    movable = fanin < 0
    for which in (0, 1):
        free = np.flatnonzero(movable[:, which])
        fanin[free, which] = draw(low[free, which], high[free, which])
    for attempt in range(40):
        clash = np.flatnonzero(fanin[:, 0] == fanin[:, 1])
        if not len(clash):
            break
        # One vertex may hold nearly all the popularity, so the last tries are even.
        spans = low[clash, 1], high[clash, 1]
        fanin[clash, 1] = draw(*spans) if attempt < 20 else rng.integers(*spans)
    # Whatever still clashes takes the next vertex below its level; there are two inputs at least.
    clash = np.flatnonzero(fanin[:, 0] == fanin[:, 1])
    fanin[clash, 1] = (fanin[clash, 0] + 1) % high[clash, 1]
    return Skeleton(fanin, movable, low, high, _outputs(shape, sinks, rng), draw)


def _check(shape: Shape) -> None:
    if shape.depth > shape.nodes or (shape.depth == 0) != (shape.nodes == 0):
        raise NetlistError(
            f"{shape.nodes} gates cannot have depth {shape.depth}", mend=f"choose a depth between 1 and {shape.nodes}"
        )
    if shape.nodes and shape.inputs < 2:
        raise NetlistError("random logic needs two inputs at least", mend="raise inputs")
    if shape.nodes > shape.outputs * ((1 << shape.depth) - 1):
        raise NetlistError(
            f"{shape.nodes} gates of depth {shape.depth} do not all reach {shape.outputs} outputs",
            mend="raise outputs or depth",
        )


def _level_sizes(shape: Shape, rng: np.random.Generator) -> list[int]:
    """Nodes at levels 1 .. depth, such that every node can be read by a higher one or an output.

    Lower levels are wider. `room` is how many nodes of the next level can be covered: the fanins and outputs that are
    still free. Taking all of it doubles it (less one level's), so k further levels hold room·(2^k - 1) nodes.
    """
    depth, left = shape.depth, shape.nodes
    # Half of the distinct two-literal ANDs over the inputs, so that level 1 finds room without repeats.
    most_first = max(1, shape.inputs * (shape.inputs - 1))
    share = np.arange(depth, 0, -1, dtype=np.float64)
    share *= shape.nodes / share.sum()
    if depth > 1 and share[0] > most_first:
        share[1:] *= (shape.nodes - most_first) / share[1:].sum()
        share[0] = most_first
    sizes = [0] * depth
    room, above = shape.outputs, 0
    for at in reversed(range(depth)):
        if at == 0:
            chosen = left
        else:
            high = min(room, left - at)
            low = _least(left, room, above, at, high)
            wanted = int(rng.binomial(left, min(1.0, share[at] / share[: at + 1].sum())))
            chosen = min(max(wanted, low), high)
        sizes[at] = chosen
        left -= chosen
        room = _room_below(room, above, chosen)
        above = chosen
    return sizes


def _room_below(room: int, above: int, chosen: int) -> int:
    """Free fanins and outputs after a level of `chosen` nodes below one of `above`: see `_level_sizes`.

    Fanins from the level above that must read this level are lost where it is the narrower one.
    """
    return room - max(above, chosen) + 2 * chosen if above else room + chosen


def _least(left: int, room: int, above: int, levels: int, high: int) -> int:
    """Fewest nodes at this level that leave no more than `levels` lower ones can hold."""
    low = 1
    while low < high:
        middle = (low + high) // 2
        if left - middle <= _room_below(room, above, middle) * ((1 << levels) - 1):
            high = middle
        else:
            low = middle + 1
    return low


def _cover(shape: Shape, starts: IntArray, rng: np.random.Generator) -> tuple[IntArray, list[int]]:
    """Fanins that cover an unread vertex (-1: free to choose), and the nodes that only outputs read."""
    fanin = np.full((shape.nodes, 2), -1, np.int64)
    top = len(starts) - 2
    sinks = list(range(int(starts[top]), int(starts[top + 1])))
    pending = np.zeros(0, np.int64)
    for target in range(top - 1, -1, -1):
        low, high = int(starts[target]), int(starts[target + 1])
        readers = np.arange(high, int(starts[target + 2])) - shape.inputs
        order = rng.permutation(np.arange(low, high))
        both = min(len(order), len(readers))
        fanin[rng.permutation(readers)[:both], 0] = order[:both]
        pending = np.concatenate([pending, readers])
        unread = order[both:]
        covering = rng.permutation(len(pending))[: len(unread)]
        fanin[pending[covering], 1] = unread[: len(covering)]
        kept = np.ones(len(pending), bool)
        kept[covering] = False
        pending = pending[kept]
        if target:
            sinks += unread[len(covering) :].tolist()
    return fanin, sinks


def _outputs(shape: Shape, sinks: list[int], rng: np.random.Generator) -> IntArray:
    """The nodes that nothing else reads, then random others, each once while there are enough."""
    others = np.setdiff1d(np.arange(shape.inputs, shape.inputs + shape.nodes), sinks)
    spare = shape.outputs - len(sinks)
    picked = rng.permutation(others)[:spare].tolist()
    picked += rng.integers(shape.inputs, shape.inputs + shape.nodes, spare - len(picked)).tolist()
    return rng.permutation(np.array(sinks + picked, np.int64))
