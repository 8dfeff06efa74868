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
    """

    patterns: NDArray[np.float64]
    labels: NDArray[np.int64]
    outputs: int = 1


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


TASKS: Mapping[str, Callable[[], Task]] = MappingProxyType({
    "xor": lambda: _truth(2, lambda row: row[0] ^ row[1]),
    "and": lambda: _truth(2, lambda row: row[0] & row[1]),
    "majority": lambda: _truth(3, lambda row: int(sum(row) >= 2)),
    "parity3": lambda: _truth(3, lambda row: sum(row) % 2),
    "digits4": _digits,
})  # fmt: skip
"""Tasks by name."""
