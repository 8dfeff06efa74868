"""Effective capacitance and waveforms: closed forms, conservation of charge, gradients, OpenSTA's answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from hwdesign.timing.driver import Pi, Waves, at_sinks, crossings, drive
from hwdesign.timing.ramp import ramp_table
from hwdesign.timing.tables import Curves

RAMPS = ramp_table(0.2, 0.5, 0.8)
LEVELS = (0.2, 0.5, 0.8)


def line(start: float, slope: float, count: int = 1) -> Curves:
    """`start + slope * load` as a table."""
    axis = torch.tensor([[0.001, 0.01, 0.1]], dtype=torch.float64).expand(count, 3)
    return Curves(axis, start + slope * axis, torch.full((count,), 1))


def pi(near: float, resistance: float, far: float) -> Pi:
    return Pi(*(torch.tensor([value], dtype=torch.float64) for value in (near, resistance, far)))


@pytest.mark.parametrize("length", [0.6, 1.0, 4.0, 30.0, 100.0, 400.0])
def test_a_ramp_is_found_from_the_time_between_its_crossings(length: float) -> None:
    time = np.linspace(0, length + 12, 400001)
    lag = time + np.expm1(-time)
    late = np.maximum(time - length, 0)
    values = (lag - late - np.expm1(-late)) / length
    low, middle, high = np.interp(LEVELS, values, time)
    gap = torch.tensor([middle - low], dtype=torch.float64)
    assert float(RAMPS.length(gap)) == pytest.approx(length, rel=1e-5)
    assert [float(RAMPS.crossing(at, gap)) for at in range(3)] == pytest.approx([low, middle, high], rel=1e-5)


def test_the_waveform_is_that_of_the_circuit() -> None:
    near, through, far, source, ramp, tau = 0.004, 1.5, 0.02, 3.0, 0.06, 0.025

    def slope(t: float, v: np.ndarray) -> list[float]:
        drive_ = min(t / ramp, 1.0)
        a, b, c = v
        return [((drive_ - a) / source - (a - b) / through) / near, (a - b) / through / far, (a - c) / tau]

    truth = solve_ivp(slope, (0, 0.6), [0.0, 0.0, 0.0], rtol=1e-10, atol=1e-12, dense_output=True, max_step=0.002)
    load = pi(near, through, far)
    waves = Waves(torch.tensor([ramp]).double(), *load.response(torch.tensor([source]).double()))
    times = torch.linspace(0.001, 0.6, 50).double()[None]
    np.testing.assert_allclose(waves.at(times)[0], truth.sol(times[0].numpy())[0], atol=1e-6)
    found = crossings(waves, LEVELS, torch.tensor([[0.03, 0.05, 0.4]]).double())
    np.testing.assert_allclose(truth.sol(found[0].numpy())[0], LEVELS, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.5, 6.0), st.floats(1.2, 3.0), st.floats(0.005, 0.08), st.floats(1e-4, 0.03), st.floats(0.001, 4.0),
    st.floats(1e-4, 0.03),
)  # fmt: skip
def test_effective_capacitance_lies_between_near_and_whole(
    slope: float, ratio: float, start: float, near: float, through: float, far: float
) -> None:
    driven = drive(line(0.1, slope), line(start, slope * ratio), pi(near, through, far), RAMPS)
    assert 0 < float(driven.ceff) <= (near + far) * (1 + 1e-9)
    assert float(driven.delay) == pytest.approx(0.1 + slope * float(driven.ceff))
    assert float(driven.slew) > 0
    delay, end = at_sinks(driven, torch.tensor([0]), torch.tensor([through * far]).double(), RAMPS)
    assert float(delay) > 0 and float(end) >= float(driven.slew) * (1 - 1e-9)


def test_a_wire_without_resistance_is_one_capacitor() -> None:
    driven = drive(line(0.1, 2.0), line(0.01, 3.0), pi(0.005, 0.0, 0.02), RAMPS)
    assert len(driven.solved) == 0
    assert float(driven.ceff) == pytest.approx(0.025) and float(driven.slew) == pytest.approx(0.085)


# OpenSTA 2.0.17 (dmp_ceff_elmore) on a library with delay 0.1 + k C and slew s0 + m C; far pin behind the π.
@pytest.mark.parametrize(
    ("k", "m", "s0", "load", "ceff", "slew", "wire", "end"),
    [
        (2, 3, 0.01, (0.005, 0.05, 0.02), 0.024724, 0.090108, 0.000998, 0.090123),
        (2, 3, 0.01, (0.005, 1.0, 0.02), 0.019413, 0.095366, 0.019374, 0.101820),
        (2, 3, 0.01, (0.005, 2.0, 0.02), 0.014698, 0.095527, 0.039367, 0.121207),
        (2, 6, 0.01, (0.005, 4.0, 0.02), 0.014962, 0.114222, 0.069330, 0.185055),
        (4, 4, 0.01, (0.02, 2.0, 0.02), 0.032814, 0.247622, 0.044268, 0.258667),
        (8, 12, 0.02, (0.001, 2.0, 0.02), 0.017339, 0.309946, 0.039336, 0.317580),
    ],
)
def test_what_opensta_answers(
    k: float, m: float, s0: float, load: tuple[float, float, float], ceff: float, slew: float, wire: float, end: float
) -> None:
    driven = drive(line(0.1, k), line(s0, m), pi(*load), RAMPS)
    delay, at_end = at_sinks(driven, torch.tensor([0]), torch.tensor([load[1] * load[2]]).double(), RAMPS)
    # Its iteration stops within about half a percent.
    assert float(driven.ceff) == pytest.approx(ceff, rel=5e-3)
    assert float(driven.slew) == pytest.approx(slew, rel=5e-3)
    assert float(delay) == pytest.approx(wire, rel=5e-3)
    assert float(at_end) == pytest.approx(end, rel=5e-3)


def test_gradients_against_finite_differences() -> None:
    row = torch.zeros(2, dtype=torch.int64)

    def values(near: torch.Tensor, through: torch.Tensor, far: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
        curve = line(0.01, 3.0)
        slew = Curves(curve.axis, curve.values + shift, curve.last)
        driven = drive(line(0.1, 2.0), slew, Pi(near, through, far), RAMPS)
        ends = at_sinks(driven, row, torch.stack([through[0] * far[0], 0.3 * through[0] * far[0]]), RAMPS)
        return torch.cat([driven.delay, driven.slew, *ends])

    inputs = [torch.tensor([v], dtype=torch.float64, requires_grad=True) for v in (0.005, 1.2, 0.02)]
    shift = torch.tensor(0.004, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(values, (*inputs, shift), eps=1e-7, atol=1e-7, rtol=1e-4)


def test_single_precision_follows_double() -> None:
    curve = [Curves(c.axis.float(), c.values.float(), c.last) for c in (line(0.1, 2.0), line(0.01, 3.0))]
    load = Pi(*(x.float() for x in (torch.tensor([0.005]), torch.tensor([1.0]), torch.tensor([0.02]))))
    single = drive(curve[0], curve[1], load, RAMPS)
    double = drive(line(0.1, 2.0), line(0.01, 3.0), pi(0.005, 1.0, 0.02), RAMPS)
    assert single.slew.dtype == torch.float32
    assert float(single.slew) == pytest.approx(float(double.slew), rel=1e-4)
    assert float(single.ceff) == pytest.approx(float(double.ceff), rel=1e-4)
