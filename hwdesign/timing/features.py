"""What a wire's neighbourhood tells of it: lengths, places in the tree and on the die, crowding.

Crowding is a map of bins 5 µm wide: the wire demand that all nets' trees spread over their edges' boxes (RUDY: P.
Spindler and F. M. Johannes, DATE 2007, here by edge rather than by net), pins and cells.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from hwdesign.timing.trees import NetTrees

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

BIN_UM = 5.0
MAX_BINS = 1 << 24
EDGE_UM = 60.0  # farther from the die's edge it no longer matters
_NEAR, _FAR = 5, 15  # bins across the windows that crowding is averaged over

_MAPS = ("horizontal", "vertical", "pins", "cells", "horizontal_near", "vertical_near", "pins_near", "horizontal_far",
         "vertical_far")  # fmt: skip
_PIN = ("port", "port_layer", "width", "height", "steiner")
COLUMNS = (
    "length", "dx", "dy", "root", "below_root", "depth", "path", "distance", "distance_x", "distance_y", "children",
    "siblings", "pins_below", "length_below", "edge_x", "edge_y",
    *(f"crowd_{name}" for name in _MAPS),
    "net_pins", "net_length", "net_width", "net_height", "clock_driver", "clock_pins", "die_horizontal", "die_vertical",
    *(f"pin_{name}" for name in _PIN), *(f"parent_{name}" for name in _PIN),
)  # fmt: skip
"""Columns of `edge_features`."""


def edge_features(trees: NetTrees) -> F32:
    """One row a tree node, about its edge to the parent: f32[V, len(COLUMNS)], lengths as log(1 + µm)."""
    t, nets = trees.trees, trees.nets
    count, parent = len(t.point), t.parent.astype(np.int64)
    root, net, length = trees.root, trees.net, trees.lengths()
    node = np.arange(count)
    is_root = parent == node
    depth, path = path_sums(np.stack([~is_root, length], axis=1).astype(np.float64), t.end).T
    children = np.bincount(parent[~is_root], minlength=count)
    is_pin = t.point >= 0
    pins_below = _below(is_pin.astype(np.float64), t.end)
    length_below = _below(length, t.end) - length
    step = np.abs(t.xy - t.xy[parent])
    away = np.abs(t.xy - t.xy[root])
    low, high = np.minimum(t.xy, t.xy[parent]), np.maximum(t.xy, t.xy[parent])
    first, last = t.node_ptr[:-1], t.node_ptr[1:]
    net_low, net_high = _extent(t.xy, first, last)
    low[is_root], high[is_root] = net_low[net[is_root]], net_high[net[is_root]]
    x0, y0, x1, y1 = nets.die
    edge = np.stack([np.minimum(low[:, 0] - x0, x1 - high[:, 0]), np.minimum(low[:, 1] - y0, y1 - high[:, 1])], axis=1)
    edge = np.clip(edge, -EDGE_UM, EDGE_UM) / 50.0
    crowd, demand = _crowding(trees, low, high, is_root)
    pin_net = np.repeat(np.arange(len(nets.net_names)), np.diff(nets.pin_ptr))
    pins = np.diff(nets.pin_ptr)
    clock_pins = np.bincount(pin_net, nets.is_clock, len(pins)) / np.maximum(pins, 1)
    whole = length_below[first] if len(first) else np.zeros(0)
    per_net = np.stack(
        [
            np.log1p(pins), np.log1p(whole), np.log1p(net_high[:, 0] - net_low[:, 0]),
            np.log1p(net_high[:, 1] - net_low[:, 1]), nets.clock_driver, clock_pins,
            np.full(len(pins), demand[0]), np.full(len(pins), demand[1]),
        ],
        axis=1,
    )  # fmt: skip
    at = np.maximum(t.point, 0)
    port = nets.node[at] >= nets.graph.module.num_pins if len(nets.node) else np.zeros(0, bool)
    per_pin = np.stack([port, nets.port_layer[at], *nets.size[at].T, np.zeros(count)], axis=1).astype(np.float64)
    per_pin[~is_pin] = (0, 0, 0, 0, 1)
    own = np.stack(
        [
            np.log1p(length), np.log1p(step[:, 0]), np.log1p(step[:, 1]), is_root, is_root[parent], depth,
            np.log1p(path), np.log1p(away.sum(1)), np.log1p(away[:, 0]), np.log1p(away[:, 1]), children,
            children[parent], np.log1p(pins_below), np.log1p(length_below), edge[:, 0], edge[:, 1],
        ],
        axis=1,
    )  # fmt: skip
    return np.concatenate([own, crowd, per_net[net], per_pin, per_pin[parent]], axis=1).astype(np.float32)


def path_sums(values: F64, end: NDArray[np.int32]) -> F64:
    """Sum of `values` (f64[V, K]) over the nodes from the root to each node, itself included."""
    leaving = np.zeros((len(values) + 1, values.shape[1]))
    np.add.at(leaving, end, values)
    sums: F64 = np.cumsum(values - leaving[:-1], axis=0)
    return sums


def _below(values: F64, end: NDArray[np.int32]) -> F64:
    """Sum of `values` (f64[V]) over each subtree."""
    prefix = np.concatenate([[0.0], np.cumsum(values)])
    sums: F64 = prefix[end] - prefix[:-1]
    return sums


def _extent(xy: F64, first: I64, last: I64) -> tuple[F64, F64]:
    """Corners of the box around each run of points; every run holds one."""
    if not len(first):
        return np.zeros((0, 2)), np.zeros((0, 2))
    return np.minimum.reduceat(xy, first), np.maximum.reduceat(xy, first)


class _Bins:
    """A grid over the die."""

    def __init__(self, die: Sequence[float]) -> None:
        self.corner = np.array(die[:2])
        span = np.maximum(np.array(die[2:]) - self.corner, 0.0)
        # A die of many millimetres gets wider bins rather than more memory.
        self.width = max(BIN_UM, float(np.sqrt(span.prod() / MAX_BINS)), float(span.max()) / (MAX_BINS / 64))
        self.shape = tuple((span / self.width).astype(np.int64) + 1)

    def of(self, xy: F64) -> I64:
        at: I64 = np.clip(((xy - self.corner) / self.width).astype(np.int64), 0, np.array(self.shape) - 1)
        return at

    def counts(self, xy: F64) -> F64:
        at = self.of(xy)
        flat = np.bincount(at[:, 0] * self.shape[1] + at[:, 1], minlength=self.shape[0] * self.shape[1])
        return flat.reshape(self.shape).astype(np.float64)

    def spread(self, low: I64, high: I64, values: F64) -> F64:
        """`values` shared out evenly over the bins of their boxes."""
        size = high - low + 1
        share = values / size.prod(1)
        change = np.zeros((self.shape[0] + 1, self.shape[1] + 1))
        for x, y, sign in ((low, low, 1.0), (low, high + 1, -1.0), (high + 1, low, -1.0), (high + 1, high + 1, 1.0)):
            np.add.at(change, (x[:, 0], y[:, 1]), sign * share)
        spread: F64 = change.cumsum(0).cumsum(1)[:-1, :-1]
        return spread


def _crowding(trees: NetTrees, low: F64, high: F64, is_root: NDArray[np.bool_]) -> tuple[F64, tuple[float, float]]:
    """Mean of each map over each edge's box, f64[V, 9]; and the die's mean demand along x and y."""
    nets, bins = trees.nets, _Bins(trees.nets.die)
    begin, end = bins.of(low), bins.of(high)
    step = np.where(is_root[:, None], 0.0, high - low)
    scale = BIN_UM / bins.width
    horizontal, vertical = (scale * bins.spread(begin, end, step[:, axis]) for axis in (0, 1))
    pins = scale**2 * bins.counts(nets.xy)
    cells = scale**2 * bins.counts(nets.cell_xy)
    maps = [horizontal, vertical, pins, cells]
    maps += [uniform_filter(each, _NEAR, mode="constant") for each in (horizontal, vertical, pins)]
    maps += [uniform_filter(each, _FAR, mode="constant") for each in (horizontal, vertical)]
    sums = np.zeros((bins.shape[0] + 1, bins.shape[1] + 1, len(maps)))
    sums[1:, 1:] = np.stack(maps, axis=-1).cumsum(0).cumsum(1)
    i0, j0, i1, j1 = begin[:, 0], begin[:, 1], end[:, 0] + 1, end[:, 1] + 1
    total = sums[i1, j1] - sums[i0, j1] - sums[i1, j0] + sums[i0, j0]
    mean = total / ((i1 - i0) * (j1 - j0))[:, None]
    x0, y0, x1, y1 = nets.die
    area = max((x1 - x0) * (y1 - y0), BIN_UM**2) / 10.0
    return mean, (float(step[:, 0].sum() / area), float(step[:, 1].sum() / area))
