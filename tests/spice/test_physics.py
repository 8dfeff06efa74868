"""Laws that hold whatever the method: flux quantum, current-voltage curve, plasma frequency, energy, noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from hwdesign.spice import simulate
from tests.spice.decks import BOLTZMANN, MODES, PHI0, SIGMA, circuit, jtl, run

both = pytest.mark.parametrize("mode", MODES)


@both
def test_pulse_area_is_the_flux_quantum(mode: str) -> None:
    """The bias's ramp, which the area would count too, is over long before."""
    result = run(jtl(6).replace("10p 0 13p 600u 16p 0", "60p 0 63p 600u 66p 0"), ["V(4)"], tran="0.05p 160p", mode=mode)
    late = result.time > 40e-12
    area = np.trapezoid(result.signals["V(4)"][late], result.time[late]) * 1e15
    assert area == pytest.approx(2.067834, abs=1e-5)
    assert len(result.pulses.of("B4")) == 1


@both
@pytest.mark.parametrize("drive", [1.05, 1.5, 3.0])
def test_overdamped_voltage(mode: str, drive: float) -> None:
    card = ".model m jj(rtype=0, rn=1e6, r0=1e6, cap=0.001p, icrit=0.1m)"
    deck = circuit(f"B1 1 0 m\nR1 1 0 3\nI1 0 1 dc {drive * 1e-4}\n{card}", "0.02p 1000p")
    result = simulate(deck, mode=mode, step=0.02e-12 if mode == "josim" else 0.2e-12, waves=False)
    t = result.pulses.t
    mean = PHI0 * (len(t) - 6) / (t[-1] - t[5])
    assert mean == pytest.approx(3 * math.sqrt((drive * 1e-4) ** 2 - 1e-8), rel=1e-3)


@both
def test_plasma_frequency(mode: str) -> None:
    card = ".model m jj(rtype=0, rn=1e6, r0=1e6, cap=0.07p, icrit=0.1m)"
    deck = circuit(f"B1 1 0 m area=2\nI1 0 1 pwl(0 0 0.5p 0.1u 1p 0)\n{card}", "0.02p 60p")
    result = simulate(deck, mode=mode, signals=["P(B1)"], step=0.01e-12)
    phase = result.signals["P(B1)"]
    chosen = np.flatnonzero((phase[:-1] < 0) & (phase[1:] >= 0) & (result.time[1:] > 2e-12))
    times = result.time[chosen] - phase[chosen] / (phase[chosen + 1] - phase[chosen]) * 0.01e-12
    period = (times[-1] - times[0]) / (len(times) - 1)
    wanted = 2 * math.pi * math.sqrt(0.14e-12 * SIGMA / 2e-4)
    assert period == pytest.approx(wanted, rel=1e-3)


@both
def test_a_pulse_changes_a_loop_by_one_flux_quantum(mode: str) -> None:
    """Many junctions' inductances long, a loop holds a current of nearly Φ0/L after its junction has turned once."""
    deck = """B1 1 0 m
R1 1 0 3
L1 1 0 2000p
I1 0 1 pwl(0 0 20p 0 21p 150u 27p 150u 28p 0)
.model m jj(rtype=0, rn=1e6, r0=1e6, cap=0.01p, icrit=0.1m)"""
    result = run(deck, ["I(L1)", "P(B1)"], tran="0.05p 100p", mode=mode)
    assert len(result.pulses) == 1
    held, phase = result.signals["I(L1)"][-1], result.signals["P(B1)"][-1]
    assert held == pytest.approx(PHI0 / 2000e-12, rel=0.003)
    assert held == pytest.approx(-1e-4 * math.sin(phase), rel=1e-6)  # the junction carries it back
    assert held == pytest.approx(SIGMA * phase / 2000e-12, rel=1e-9)


def test_newton_mode_loses_no_energy() -> None:
    inductance, capacitance = 10e-12, 0.1e-12
    period = 2 * math.pi * math.sqrt(inductance * capacitance)
    deck = circuit(f"L1 1 0 {inductance}\nC1 1 0 {capacitance}\nI1 0 1 pwl(0 0 1p 100u 2p 100u 3p 0)")
    result = simulate(
        deck, mode="newton", step=period / 8, stop=1000 * period + 4e-12, signals=["I(L1)", "V(1)"], tolerance=1e-4
    )
    energy = inductance / 2 * result.signals["I(L1)"] ** 2 + capacitance / 2 * result.signals["V(1)"] ** 2
    free = energy[result.time > 3.5e-12]
    assert np.abs(free / free[0] - 1).max() < 1e-6 and free[0] > 1e-21


def test_junction_without_losses_keeps_its_energy() -> None:
    card = ".model m jj(rtype=0, rn=1e15, r0=1e15, cap=0.07p, icrit=0.1m)"
    deck = circuit(f"B1 1 0 m\nI1 0 1 pwl(0 0 0.3p 90u 0.6p 0)\n{card}", "0.1p 2000p")
    result = simulate(deck, mode="newton", signals=["P(B1)", "V(1)"])
    phase, voltage = result.signals["P(B1)"], result.signals["V(1)"]
    energy = 0.07e-12 / 2 * voltage**2 + 1e-4 * SIGMA * (1 - np.cos(phase))
    free = energy[result.time > 1e-12]
    assert np.abs(phase).max() > 0.5
    assert (
        np.abs(free / free[0] - 1).max() < 1e-3
    )  # the trapezoidal rule keeps quadratic energies exactly, others nearly


def test_delay_converges_with_the_square_of_the_step() -> None:
    deck = circuit(jtl(3))

    def arrival(step: float, mode: str = "josim", tolerance: float = 1e-6) -> float:
        result = simulate(deck, step=step * 1e-12, stop=30e-12, signals=["P(B2)"], mode=mode, tolerance=tolerance)  # type: ignore[arg-type]
        crossing = CubicSpline(result.time * 1e12, result.signals["P(B2)"] - np.pi).roots(extrapolate=False)
        return float(crossing[0])

    t = [arrival(step) for step in (0.05, 0.025, 0.0125, 0.00625)]
    ratios = [(t[k] - t[k + 1]) / (t[k + 1] - t[k + 2]) for k in range(2)]
    assert all(3.3 < ratio < 4.6 for ratio in ratios)
    assert arrival(0.05, "newton", 1e-8) == pytest.approx(t[3] + (t[3] - t[2]) / 3, abs=2e-5)


@pytest.mark.parametrize("step_ps", [0.4, 0.1])
def test_noise_of_a_loop(step_ps: float) -> None:
    """A loop of R and L in equilibrium: <I²> = kT/L, whatever the step."""
    deck = circuit("R1 1 0 2 temp=4.2\nL1 1 0 10p", f"{step_ps}p 4n")
    result = simulate(deck, signals=["I(L1)"], seeds=np.arange(256), every=round(10 / step_ps))
    current = result.signals["I(L1)"][:, 4:]
    assert current.size > 100_000 or step_ps < 0.2
    mean = (current**2).mean() * 10e-12 / (BOLTZMANN * 4.2)
    assert mean == pytest.approx(1, abs=0.02)  # five standard errors
    assert abs(current.mean()) < 5 * math.sqrt(BOLTZMANN * 4.2 / 10e-12 / current.size)


@pytest.mark.parametrize(("step_ps", "tolerance"), [(0.4, 1e-4), (0.4, 1e-6), (1.6, 1e-6)])
def test_noise_of_a_loop_in_newton_mode(step_ps: float, tolerance: float) -> None:
    """<I²> = kT/L at any tolerance; of values that hold for h the loop takes tanh(z)/z, z = hR/2L, of it."""
    deck = circuit("R1 1 0 2 temp=4.2\nL1 1 0 10p", f"{step_ps}p 4n")
    result = simulate(
        deck, signals=["I(L1)"], seeds=np.arange(128), every=round(11.2 / step_ps), mode="newton", tolerance=tolerance
    )
    current = result.signals["I(L1)"][:, 4:]
    z = step_ps * 2 / 20
    mean = (current**2).mean() * 10e-12 / (BOLTZMANN * 4.2) * z / math.tanh(z)
    assert mean == pytest.approx(1, abs=0.02)  # three standard errors
    assert abs(current.mean()) < 5 * math.sqrt(BOLTZMANN * 4.2 / 10e-12 / current.size)


def test_noise_in_newton_mode_is_one_path_whatever_the_tolerance() -> None:
    deck = circuit(jtl(3).replace("R2 2 0 2.744", "R2 2 0 2.744 temp=4.2"), "0.1p 40p")
    options = {"signals": ["P(B2)"], "mode": "newton", "seeds": [7, 8, 7]}
    fine, coarse = (simulate(deck, tolerance=t, **options).signals["P(B2)"] for t in (1e-8, 1e-4))  # type: ignore[arg-type]
    assert np.array_equal(fine[0], fine[2])
    assert np.abs(fine[0] - fine[1]).max() > 0.1
    assert np.abs(fine - coarse).max() < 5e-3


def test_noise_of_a_plasma_oscillation() -> None:
    """Equipartition: a junction's capacitance holds kT/2 on the mean, its bowl, cut to second order, as much."""
    card = ".model m jj(rtype=0, rn=5, r0=5, cap=0.5p, icrit=2m)"
    deck = circuit(f"B1 1 0 m\n{card}", "0.1p 2n")
    result = simulate(
        deck, signals=["V(1)", "P(B1)"], temperature=4.2, seeds=np.arange(32), every=50, mode="newton", tolerance=1e-4
    )
    voltage, phase = result.signals["V(1)"][:, 2:], result.signals["P(B1)"][:, 2:]
    assert 0.5e-12 * (voltage**2).mean() / (BOLTZMANN * 4.2) == pytest.approx(1, abs=0.06)
    assert 2e-3 * SIGMA * (phase**2).mean() / (BOLTZMANN * 4.2) == pytest.approx(1, abs=0.06)


@both
def test_noise_of_a_junction_and_its_temperature(mode: str) -> None:
    """The noise of a junction's own resistance is that of a resistor of the same value."""
    card = ".model m jj(rtype=0, rn=2, r0=2, cap=0.001p, icrit=1n)"
    deck = circuit(f"B1 1 0 m\nL1 1 0 10p\n{card}", "0.2p 4n")
    copies = 128 if mode == "josim" else 24
    temperature = np.repeat([1.0, 9.0], copies)
    result = simulate(deck, signals=["I(L1)"], temperature=temperature, seeds=5, every=50, mode=mode, tolerance=1e-3)  # type: ignore[arg-type]
    squares = (result.signals["I(L1)"][:, 4:] ** 2).mean(1) * 10e-12 / BOLTZMANN
    assert squares[:copies].mean() == pytest.approx(1.0, rel=0.04)
    assert squares[copies:].mean() == pytest.approx(9.0, rel=0.04)


@both
def test_band_limited_noise(mode: str) -> None:
    """`neb` draws a value each 1/neb, with straight lines between; slow loops see the same density."""
    deck = circuit("R1 1 0 0.2 temp=4.2 neb=1e12\nL1 1 0 10p", "0.25p 20n")
    result = simulate(deck, signals=["I(L1)"], seeds=np.arange(64), every=400, mode=mode, tolerance=1e-4)
    mean = (result.signals["I(L1)"][:, 4:] ** 2).mean() * 10e-12 / (BOLTZMANN * 4.2)
    assert mean == pytest.approx(1, abs=0.06)
