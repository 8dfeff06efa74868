"""A saturated ramp through a resistor into a capacitor: which ramp gives a slew, as smooth tabulated functions.

In units of the time constant τ = R·C a ramp of length δ rising from 0 to 1 gives the output
`y(u) = (g(u) - g(u - δ)) / δ` with `g(u) = u - 1 + exp(-u)` for u > 0 and 0 before. The time between two crossings
grows steadily with δ, so that δ is a function of that time; it is tabulated once for each pair of thresholds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from torch import Tensor

_LONGEST = 120.0  # beyond this ramp, in time constants, all exponentials have died away
_ENTRIES = 2048


def ramp_through_rc(time: Tensor, tau: Tensor) -> Tensor:
    """Response to a ramp of slope 1 that does not end, at `time` ≥ 0 after its start."""
    return time + tau * torch.expm1(-time / tau)


@dataclass(frozen=True, eq=False)
class RampTable:
    """Ramp length and crossing times over the gap between the crossings of `low` and `middle`, all in units of τ.

    Attributes:
        low, middle, high: fractions of the swing.
        shortest: gap of a step, and of ramps so short that they end before the crossing of `low`; the least there is.
        values: float64[4, n], ramp length and crossing times of low, middle, high, over `sqrt(gap - shortest)`.
        slopes: float64[4, n], their derivatives.
        step: distance of the entries.
    """

    low: float
    middle: float
    high: float
    shortest: float
    values: Tensor
    slopes: Tensor
    step: float

    def length(self, gap: Tensor) -> Tensor:
        """Ramp length whose crossings of `low` and `middle` are `gap` apart; differentiable."""
        return self._at(0, gap)

    def crossing(self, which: int, gap: Tensor) -> Tensor:
        """Time of crossing `low` (0), `middle` (1) or `high` (2) after the ramp's start, from the gap."""
        return self._at(1 + which, gap)

    def _at(self, column: int, gap: Tensor) -> Tensor:
        last = self.values.shape[1] - 1
        root = (gap - self.shortest).clamp(min=1e-12).sqrt() / self.step
        at = root.detach().floor().clamp(max=last - 1).to(torch.int64)
        values, slopes = self.values[column].to(gap.dtype), self.slopes[column].to(gap.dtype)
        t = root - at
        low, high = values[at], values[at + 1]
        rise, fall = slopes[at] * self.step, slopes[at + 1] * self.step
        inside = low + t * (rise + t * (3 * (high - low) - 2 * rise - fall + t * (2 * (low - high) + rise + fall)))
        # A long ramp is followed at a constant lag: every time is linear in the gap.
        end = self.shortest + (last * self.step) ** 2
        pace = (1.0, self.low, self.middle, self.high)[column] / (self.middle - self.low)
        return torch.where(gap > end, values[last] + (gap - end) * pace, inside)


@lru_cache(maxsize=16)
def ramp_table(low: float, middle: float, high: float) -> RampTable:
    """The table of a set of thresholds, 0 < low < middle < high < 1."""
    # Up to this length the ramp has ended before its output crosses `low`: what follows is one exponential, so that
    # the gap is a step's and tells nothing of the length.
    early = brentq(lambda u: math.log(math.expm1(u) / u / (1.0 - low)) - u, 1e-6, 20.0)
    length = early + np.concatenate([[0.0], np.geomspace(1e-4, _LONGEST - early, 6000)])
    times = [_crossing(length, level) for level in (low, middle, high)]
    shortest = math.log((1.0 - low) / (1.0 - middle))
    root = np.sqrt(np.maximum(times[1] - times[0] - shortest, 0))
    root[0] = 0.0
    columns = np.stack([length, *times])
    # Where the gap differs from a step's by less than rounding, an entry says nothing.
    keep = np.concatenate([[True], np.diff(np.maximum.accumulate(np.where(root > 1e-6, root, 0))) > 0])
    spline = CubicSpline(root[keep], columns[:, keep], axis=1)
    places = np.linspace(0.0, root[-1], _ENTRIES)
    return RampTable(
        low, middle, high, shortest, torch.as_tensor(spline(places)), torch.as_tensor(spline(places, 1)),
        float(places[1]),
    )  # fmt: skip


def _crossing(length: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """When the response to a ramp of each length crosses `level`, by bisection."""
    low, high = np.zeros_like(length), length + 40.0

    def lag(u: NDArray[np.float64]) -> NDArray[np.float64]:
        u = np.maximum(u, 0.0)
        return u + np.expm1(-u)

    for _ in range(60):
        middle = 0.5 * (low + high)
        below = (lag(middle) - lag(middle - length)) / length < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)
