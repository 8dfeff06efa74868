"""A Josephson transmission line against its equations, integrated here without the solver."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
from numpy.typing import NDArray

from hwdesign.sfq import JTL, LINEAR_10KA, testbench
from hwdesign.sfq.process import FLUX_QUANTUM
from hwdesign.spice import compile_deck, simulate

STAGES = 10
IC, BIAS, LENGTH = 250e-6, 175e-6, FLUX_QUANTUM / (2 * 250e-6)
CAPACITANCE = 2.5 * 70e-15
# The shunt, and the junction's own subgap resistance beside it.
RESISTANCE = 1 / (250e-6 / 0.6859904418e-3 + 2.5 * 1e-4 / 1.6e-3)


def switching_times(kick: float, start: float) -> NDArray[np.float64]:
    """When each junction's phase passes π, picoseconds: RCSJ equations by fourth-order Runge-Kutta."""
    unit = FLUX_QUANTUM / (2 * pi)

    def slope(time: float, state: NDArray[np.float64]) -> NDArray[np.float64]:
        phase, voltage = state
        flow = unit * -np.diff(phase) / LENGTH
        current = BIAS * min(time / 5e-12, 1.0) - IC * np.sin(phase) - voltage / RESISTANCE
        current[0] += kick * np.exp(-(((time - start) / 2e-12) ** 2))
        current[:-1] -= flow
        current[1:] += flow
        return np.array([voltage / unit, current / CAPACITANCE])

    step, state = 0.02e-12, np.zeros((2, STAGES))
    found = np.full(STAGES, np.nan)
    for at in range(4000):
        time, before = at * step, state[0]
        one = slope(time, state)
        two = slope(time + step / 2, state + step / 2 * one)
        three = slope(time + step / 2, state + step / 2 * two)
        four = slope(time + step, state + step * three)
        state = state + step / 6 * (one + 2 * two + 2 * three + four)
        crossed = (before <= pi) & (state[0] > pi)
        found[crossed] = time + step * (pi - before[crossed]) / (state[0] - before)[crossed]
    np.testing.assert_allclose(state[0], 2 * pi + np.arcsin(BIAS / IC), atol=0.05)  # one flux quantum passed
    return found * 1e12


def test_a_stage_takes_as_long_as_its_equations_say() -> None:
    """Far from the ends a pulse has its own speed, whatever started it."""
    found = simulate(compile_deck(testbench(JTL(stages=12), {"a": [20.0]}, step_ps=0.05)), waves=False).pulses
    middle = [found.of(f"B{stage}|XDUT")[0] * 1e12 for stage in (5, 6, 7, 8)]
    exact = np.diff(switching_times(300e-6, 30e-12))
    assert np.diff(middle) == pytest.approx([exact[4]] * 3, rel=5e-4)
    # About the time that a voltage of Ic·R takes for one flux quantum.
    assert 0.5 < exact[4] / (FLUX_QUANTUM / LINEAR_10KA.icrs_v * 1e12) < 1.2
