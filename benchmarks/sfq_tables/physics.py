"""Hold the engine against laws: flux quantum, I-V curve, plasma frequency, energy, noise, order of convergence.

Each row is one law in one mode: the value found, the exact one, and how far apart they may be. The same laws are
tested in tests/spice/test_physics.py, where the circuits are explained.

Run: python benchmarks/sfq_tables/physics.py [--json]
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from scipy.interpolate import CubicSpline

from hwdesign.formats.spice import read_spice_text
from hwdesign.spice import Circuit, compile_deck, simulate

Mode = Literal["josim", "newton"]
PHI0 = 2.067833831170082e-15  # Wb, as JoSIM has it
BOLTZMANN = 1.38064852e-23  # J/K, as JoSIM has it
BARE = "jj(rtype=0, rn=1e6, r0=1e6, cap={cap}, icrit=0.1m)"


def circuit(text: str, tran: str = "0.05p 100p") -> Circuit:
    """A deck of a few lines."""
    return compile_deck(read_spice_text(f"* law\n{text}\n.tran {tran}\n.end\n", file="law.cir", dialect="josim"))


def line(length: int, begin: int) -> str:
    """Shunted junctions of 250 uA at 0.7 Ic, driven by one pulse of current from `begin` ps on."""
    drive = f"{begin}p 0 {begin + 3}p 600u {begin + 6}p 0"
    lines = [f"IIN 0 a pwl(0 0 {drive})", "LIN a 1 2p"]
    for k in range(1, length + 1):
        lines += [f"B{k} {k} 0 m area=2.5", f"R{k} {k} 0 2.744", f"IB{k} 0 {k} pwl(0 0 5p 175u)"]
        if k < length:
            lines.append(f"L{k} {k} {k + 1} 4.136p")
    lines += [f"LO {length} out 2.07p", "RO out 0 2"]
    lines.append(".model m jj(rtype=1, vg=2.8m, cap=0.07p, r0=160, rn=16, icrit=0.1m)")
    return "\n".join(lines)


def row(law: str, mode: str, found: float, exact: float, bar: str, unit: str = "") -> dict[str, Any]:
    """One line of the table."""
    return {"law": law, "mode": mode, "found": found, "exact": exact, "unit": unit, "bar": bar}


def pulse_area(mode: Mode) -> dict[str, Any]:
    """The integral of a pulse's voltage, after the bias has settled."""
    result = simulate(circuit(line(6, 60), "0.05p 160p"), signals=["V(4)"], mode=mode)
    late = result.time > 40e-12
    area = np.trapezoid(result.signals["V(4)"][late], result.time[late])
    return row("pulse area", mode, float(area) * 1e15, PHI0 * 1e15, "1e-5", "mV ps")


def mean_voltage(mode: Mode, drive: float) -> dict[str, Any]:
    """R sqrt(I^2 - Ic^2) of an overdamped junction."""
    deck = circuit(f"B1 1 0 m\nR1 1 0 3\nI1 0 1 dc {drive}e-4\n.model m {BARE.format(cap='0.001p')}", "0.02p 1000p")
    t = simulate(deck, mode=mode, step=0.02e-12 if mode == "josim" else 0.2e-12, waves=False).pulses.t
    found = PHI0 * (len(t) - 6) / (t[-1] - t[5])
    exact = 3e-4 * math.sqrt(drive**2 - 1)
    return row(f"mean voltage at {drive:g} Ic", mode, found * 1e6, exact * 1e6, "0.1 %", "uV")


def plasma(mode: Mode) -> dict[str, Any]:
    """The frequency of small oscillations."""
    deck = circuit(f"B1 1 0 m area=2\nI1 0 1 pwl(0 0 0.5p 0.1u 1p 0)\n.model m {BARE.format(cap='0.07p')}")
    result = simulate(deck, mode=mode, signals=["P(B1)"], step=0.01e-12)
    late = result.time > 2e-12
    crossings = CubicSpline(result.time[late] * 1e12, result.signals["P(B1)"][late]).roots(extrapolate=False)
    period = 2 * (crossings[-1] - crossings[0]) / (len(crossings) - 1)
    exact = 1e-12 / (2 * math.pi * math.sqrt(0.14e-12 * PHI0 / (2 * math.pi) / 2e-4))
    return row("plasma frequency", mode, 1e3 / float(period), exact * 1e3, "0.1 %", "GHz")


def loop_step(mode: Mode) -> dict[str, Any]:
    """The current that a pulse leaves in a loop of 2,000 pH and the junction's own inductance, small beside it."""
    deck = "B1 1 0 m\nR1 1 0 3\nL1 1 0 2000p\nI1 0 1 pwl(0 0 20p 0 21p 150u 27p 150u 28p 0)\n"
    result = simulate(circuit(deck + f".model m {BARE.format(cap='0.01p')}"), mode=mode, signals=["I(L1)"])
    exact = PHI0 / (2000e-12 + PHI0 / (2 * math.pi * 1e-4))
    return row("loop current step", mode, float(result.signals["I(L1)"][-1]) * 1e6, exact * 1e6, "0.1 %", "uA")


def energy_drift() -> dict[str, Any]:
    """Energy of a lossless LC circuit after 1,000 periods."""
    inductance, capacitance = 10e-12, 0.1e-12
    period = 2 * math.pi * math.sqrt(inductance * capacitance)
    deck = circuit(f"L1 1 0 {inductance}\nC1 1 0 {capacitance}\nI1 0 1 pwl(0 0 1p 100u 2p 100u 3p 0)")
    signals = ["I(L1)", "V(1)"]
    result = simulate(deck, mode="newton", step=period / 8, stop=1000 * period + 4e-12, signals=signals, tolerance=1e-4)
    energy = inductance / 2 * result.signals["I(L1)"] ** 2 + capacitance / 2 * result.signals["V(1)"] ** 2
    free = energy[result.time > 3.5e-12]
    return row("LC energy drift, 1,000 periods", "newton", float(np.abs(free / free[0] - 1).max()), 0.0, "1e-6")


def noise(mode: Mode, step_ps: float) -> dict[str, Any]:
    """<I^2> of an RL loop at 4.2 K over kT/L."""
    deck = circuit("R1 1 0 2 temp=4.2\nL1 1 0 10p", f"{step_ps}p 4n")
    result = simulate(deck, mode=mode, signals=["I(L1)"], seeds=np.arange(256), every=round(10 / step_ps))
    mean = float((result.signals["I(L1)"][:, 4:] ** 2).mean()) * 10e-12 / (BOLTZMANN * 4.2)
    return row(f"<I^2> L / kT at {step_ps} ps", mode, mean, 1.0, "2 %")


def convergence() -> dict[str, Any]:
    """By what a delay's error falls where the step is halved."""
    deck = circuit(line(3, 10))

    def arrival(step_ps: float) -> float:
        result = simulate(deck, step=step_ps * 1e-12, stop=30e-12, signals=["P(B2)"])
        return float(CubicSpline(result.time * 1e12, result.signals["P(B2)"] - np.pi).roots(extrapolate=False)[0])

    t = [arrival(step) for step in (0.025, 0.0125, 0.00625)]
    return row("error ratio of a delay, step halved", "josim", (t[0] - t[1]) / (t[1] - t[2]), 4.0, "second order")


def rows() -> Iterator[dict[str, Any]]:
    """All laws."""
    modes: tuple[Mode, ...] = ("josim", "newton")
    for mode in modes:
        yield pulse_area(mode)
        yield from (mean_voltage(mode, drive) for drive in (1.05, 1.5, 3.0))
        yield plasma(mode)
        yield loop_step(mode)
    yield energy_drift()
    yield from (noise(mode, step) for mode in modes for step in (0.4, 0.1))
    yield convergence()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = list(rows())
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{'law':<37}{'mode':<8}{'found':>13}{'exact':>13} {'unit':<6} bar")
    for r in found:
        print(f"{r['law']:<37}{r['mode']:<8}{r['found']:>13.7g}{r['exact']:>13.7g} {r['unit']:<6} {r['bar']}")


if __name__ == "__main__":
    main()
