"""What networks are trained on: patterns with values in 0..1, and their classes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Task:
    """Patterns and classes.

    Attributes:
        patterns: float64[P, features] in 0..1.
        labels: int64[P].
        outputs: 1 for a decision by count threshold; else one output a class.
        held_out: patterns that training does not see; None where `patterns` are all that there are.
        weights: int64[P], samples that each pattern stands for; None for one each.
    """

    patterns: NDArray[np.float64]
    labels: NDArray[np.int64]
    outputs: int = 1
    held_out: Task | None = None
    weights: NDArray[np.int64] | None = None


def _truth(bits: int, rule: Callable[[tuple[int, ...]], int]) -> Task:
    rows = list(itertools.product((0, 1), repeat=bits))
    return Task(np.array(rows, np.float64), np.array([rule(row) for row in rows], np.int64))


_DIGITS = {
    "0": "0110 1001 1001 0110",
    "1": "0010 0110 0010 0111",
    "4": "1001 1001 1111 0001",
    "7": "1111 0001 0010 0100",
}
"""Ours: four digits on 4×4 pixels."""


def _digits() -> Task:
    rows = [[float(c) for c in text.replace(" ", "")] for text in _DIGITS.values()]
    return Task(np.array(rows), np.arange(len(rows)), len(rows))


_BINS = (8, 6)
_POINTS, _NOISE = (200, 400), 0.1


def _points(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Two half circles that reach into each other, with Gaussian noise, scaled into 0..1."""
    rng = np.random.default_rng(seed)
    angle, labels = np.pi * rng.random(count), np.arange(count) % 2
    sign = 1 - 2 * labels
    xy = np.stack([labels + sign * np.cos(angle), 0.5 * labels + sign * np.sin(angle)], axis=1)
    return (xy + _NOISE * rng.standard_normal(xy.shape) - [-1.25, -0.8]) / [3.5, 2.1], labels


def _moons() -> Task:
    """Each coordinate lies in one of a few bins, a feature a bin: a population code.

    Training sees the bins that its points fall into, with their most frequent class (none where classes are even);
    held out are other points, each with its own class.
    """

    def coded(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate(
            [
                (np.clip(np.floor(v * n), 0, n - 1)[:, None] == np.arange(n)).astype(np.float64)
                for v, n in zip(xy.T, _BINS, strict=True)
            ],
            axis=1,
        )

    xy, labels = _points(_POINTS[0], 0)
    cells, inverse = np.unique(coded(xy), axis=0, return_inverse=True)
    ones = np.bincount(inverse.reshape(-1), labels) / np.bincount(inverse.reshape(-1))
    clear = ones != 0.5
    xy, labels = _points(_POINTS[1], 1)
    rows, weights = np.unique(np.column_stack([coded(xy), labels]), axis=0, return_counts=True)
    held_out = Task(rows[:, :-1], rows[:, -1].astype(np.int64), weights=weights)
    return Task(cells[clear], (ones[clear] > 0.5).astype(np.int64), held_out=held_out)


TASKS: Mapping[str, Callable[[], Task]] = MappingProxyType({
    "xor": lambda: _truth(2, lambda row: row[0] ^ row[1]),
    "and": lambda: _truth(2, lambda row: row[0] & row[1]),
    "majority": lambda: _truth(3, lambda row: int(sum(row) >= 2)),
    "parity3": lambda: _truth(3, lambda row: sum(row) % 2),
    "digits4": _digits,
    "moons": _moons,
})  # fmt: skip
"""Tasks by name."""
