"""Places on a Hilbert curve: points that are close on the curve are close in the plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BITS = 24  # a coordinate


def hilbert_keys(positions: NDArray[np.float64]) -> NDArray[np.int64]:
    """int64[n]: the place of each point on a Hilbert curve over the square around all of them.

    Args:
        positions: float64[n, 2], finite, in any unit.

    Source: D. Hilbert, Über die stetige Abbildung einer Linie auf ein Flächenstück, Math. Annalen 38, 1891.
    """
    key = np.zeros(len(positions), np.int64)
    if not len(positions):
        return key
    cells = 1 << _BITS
    halved = positions / 2  # so that no difference overflows
    offset = halved - halved.min(axis=0)
    side = float(offset.max())
    x, y = (offset / side * (cells - 1) if side > 0 else offset).astype(np.int64).T
    half = cells >> 1
    while half:
        right, upper = (x & half) > 0, (y & half) > 0
        key = 4 * key + np.where(right, np.where(upper, 2, 3), upper)
        # The curve enters each quadrant where it left the one before: the lower two are mirrored.
        flip = right & ~upper
        x, y = np.where(flip, cells - 1 - x, x), np.where(flip, cells - 1 - y, y)
        x, y = np.where(upper, x, y), np.where(upper, y, x)
        half >>= 1
    return key
