"""Where a batch of tests along lines first fails: a scan, then bisection, all lines of a round in one batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
LineTest = Callable[[NDArray[np.int64], Float], NDArray[np.bool_]]
"""Lines int64[N] and distances along them float64[N] → whether it works there."""


@dataclass(frozen=True)
class Edges:
    """Where lines first fail.

    Attributes:
        distance: float64[L]: largest distance known to work, with no failure seen before it; 0 where the first step
            up from 0 fails at once.
        open: bool[L]: no failure up to the bound.
        reentrant: bool[L]: a later step of the scan works again.
    """

    distance: Float
    open: NDArray[np.bool_]
    reentrant: NDArray[np.bool_]


def first_failures(test: LineTest, lines: int, *, bound: float, scan: int, tolerance: float) -> Edges:
    """Search every line from 0, which is taken to work, to `bound`.

    Working regions need not be simple: a scan of equal steps finds the first failure, and only the step before it is
    bisected.

    Args:
        test: of points on lines.
        lines: how many.
        bound: largest distance.
        scan: steps of the scan.
        tolerance: width to which an edge is narrowed down.
    """
    grid = bound * np.arange(1, scan + 1) / scan
    works = test(np.repeat(np.arange(lines), scan), np.tile(grid, lines)).reshape(lines, scan)
    beyond = works.all(axis=1)
    first = np.where(beyond, scan, np.argmin(works, axis=1))
    reentrant = np.array([bool(row[at:].any()) for row, at in zip(works, first, strict=True)], bool)
    low = np.where(first > 0, grid[np.maximum(first - 1, 0)], 0.0)
    high = grid[np.minimum(first, scan - 1)]
    open_lines = np.flatnonzero(~beyond)
    width = bound / scan
    while width > tolerance and len(open_lines):
        middle = (low[open_lines] + high[open_lines]) / 2
        good = test(open_lines, middle)
        low[open_lines[good]] = middle[good]
        high[open_lines[~good]] = middle[~good]
        width /= 2
    return Edges(np.where(beyond, bound, low), np.asarray(beyond, bool), reentrant)
