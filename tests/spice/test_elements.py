"""Each kind of element against its equation, in both modes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hwdesign.netlist.waveforms import parse_waveform
from tests.spice.decks import MODES, SIGMA, circuit, run

both = pytest.mark.parametrize("mode", MODES)


@both
def test_capacitor_charges_through_a_resistor(mode: str) -> None:
    result = run("V1 a 0 pwl(0 0 0.1p 1m)\nR1 a b 10\nC1 b 0 1p", ["V(b)", "I(C1)", "I(R1)", "I(V1)"], mode=mode)
    t = result.time - 0.05e-12
    wanted = 1e-3 * (1 - np.exp(-t / 10e-12))
    late = result.time > 1e-12
    assert np.abs(result.signals["V(B)"] - wanted)[late].max() < 1e-6
    for name, sign in (("I(C1)", 1), ("I(R1)", 1), ("I(V1)", -1)):
        assert np.abs(sign * result.signals[name] - (1e-3 - wanted) / 10)[late].max() < 5e-7, name


@both
def test_inductor_takes_over_a_resistors_current(mode: str) -> None:
    result = run("I1 0 a pwl(0 0 0.1p 100u)\nR1 a 0 2\nL1 a 0 10p", ["I(L1)", "I(I1)"], mode=mode)
    wanted = 1e-4 * (1 - np.exp(-(result.time - 0.05e-12) / 5e-12))
    assert np.abs(result.signals["I(L1)"] - wanted)[result.time > 1e-12].max() < 2e-7
    assert np.all(result.signals["I(I1)"][2:] == 1e-4)


@both
@pytest.mark.parametrize("factor", [0.5, -0.3, 1.0])
def test_coupled_inductors(mode: str, factor: float) -> None:
    """An open secondary sees M dI/dt; a factor of one has no inverse and takes the other way."""
    deck = f"I1 0 a sin(0 100u 20g)\nL1 a 0 8p\nL2 b 0 2p\nRb b 0 1e6\nK1 L1 L2 {factor}"
    result = run(deck, ["V(b)", "I(L1)", "P(b)"], mode=mode)
    mutual = factor * 4e-12
    assert np.allclose(result.signals["I(L1)"], 1e-4 * np.sin(2e9 * 20 * np.pi * result.time), atol=1e-9)
    assert np.allclose(result.signals["P(B)"], mutual * result.signals["I(L1)"] / SIGMA, atol=1e-6)


@both
def test_three_coupled_inductors_share_a_flux(mode: str) -> None:
    deck = """I1 0 a sin(0 100u 20g)
L1 a 0 4p
L2 b 0 4p
L3 c 0 4p
Rb b 0 1e6
Rc c 0 1e6
K1 L1 L2 0.5
K2 L2 L3 0.4
K3 L1 L3 0.2"""
    result = run(deck, ["P(b)", "P(c)", "I(L1)"], mode=mode)
    for name, factor in (("P(B)", 0.5), ("P(C)", 0.2)):
        assert np.allclose(result.signals[name], factor * 4e-12 * result.signals["I(L1)"] / SIGMA, atol=1e-6)


@both
def test_matched_line_delays(mode: str) -> None:
    deck = "V1 a 0 pwl(0 0 10p 0 12p 1m 14p 0)\nR1 a b 5\nT1 b 0 c 0 z0=5 td=20p\nR2 c 0 5"
    result = run(deck, ["V(b)", "V(c)", "I(T1)"], tran="0.05p 60p", mode=mode)
    near = np.interp(result.time, [0, 10e-12, 12e-12, 14e-12], [0, 0, 5e-4, 0])
    far = np.interp(result.time - 20e-12, [0, 10e-12, 12e-12, 14e-12], [0, 0, 5e-4, 0])
    assert np.abs(result.signals["V(B)"] - near).max() < 2e-5
    assert np.abs(result.signals["V(C)"] - far).max() < 2e-5
    assert np.abs(result.signals["I(T1)"] - near / 5).max() < 4e-6


@both
def test_open_line_reflects(mode: str) -> None:
    deck = "V1 a 0 pwl(0 0 10p 0 12p 1m 14p 0)\nR1 a b 5\nT1 b 0 c 0 z0=5 td=10p\nR2 c 0 1e6"
    result = run(deck, ["V(c)", "V(b)"], tran="0.05p 60p", mode=mode)
    assert abs(result.signals["V(C)"].max() - 1e-3) < 4e-5
    back = result.time > 25e-12
    assert abs(result.signals["V(B)"][back].max() - 5e-4) < 4e-5


@both
def test_controlled_sources(mode: str) -> None:
    deck = """V1 a 0 sin(0 1m 50g)
Ra a 0 10
E1 e 0 a 0 3
Re e 0 1
G1 0 g a 0 0.02
Rg g 0 5
Rf a f1 10
F1 0 f f1 0 4
Ro f 0 2
Rh a h1 20
H1 h 0 h1 0 7
Rh2 h 0 1
F2 0 q V1 2
Rq q 0 1"""
    names = ["V(a)", "V(e)", "V(g)", "V(f)", "V(h)", "V(q)", "I(V1)", "I(F1)", "I(G1)", "I(E1)", "I(H1)"]
    result = run(deck, names, mode=mode)
    signals = {name: values[5:] for name, values in result.signals.items()}
    a = signals["V(A)"]
    assert a.max() > 9e-4
    for name, gain in (
        ("V(E)", 3), ("V(G)", 0.1), ("V(F)", 0.8), ("V(H)", 0.35), ("I(F1)", 0.4), ("I(G1)", 0.02), ("I(E1)", -3),
        ("I(H1)", -0.35), ("I(V1)", -0.25),
    ):  # fmt: skip
        assert np.allclose(signals[name], gain * a, atol=2e-6 * abs(gain) + 1e-9), name
    assert np.allclose(signals["V(Q)"], 2 * signals["I(V1)"], atol=1e-9)


@both
def test_phase_source_drives_a_loop(mode: str) -> None:
    result = run("P1 a 0 pwl(0 0 10p 6.283185307179586)\nL1 a 0 20p", ["I(L1)", "I(P1)", "P(a)"], mode=mode)
    assert abs(result.signals["I(L1)"][-1] - 2.067833831e-15 / 20e-12) < 1e-10
    assert np.allclose(result.signals["I(P1)"], -result.signals["I(L1)"], atol=1e-12)


@both
def test_zero_inductors_and_resistors_only_conduct(mode: str) -> None:
    result = run(
        "I1 0 a pwl(0 0 1p 80u)\nL1 a b 0\nR1 b c 0\nL2 c 0 5p", ["I(L1)", "I(R1)", "I(L2)", "P(a)"], mode=mode
    )
    for name in ("I(L1)", "I(R1)", "I(L2)"):
        assert np.allclose(result.signals[name][20:], 8e-5, atol=1e-12), name


@both
def test_current_phase_relation(mode: str) -> None:
    """A junction on a slow phase ramp carries its harmonics' sum, its offset taken off."""
    card = ".model m jj(rtype=0, rn=1e9, r0=1e9, cap=1e-21, icrit=0.1m, cpr={0.9,-0.3}, phi=0.5)"
    result = run(f"P1 a 0 pwl(0 0 1n 12)\nB1 a 0 m area=2\n{card}", ["P(a)", "I(B1)"], tran="1p 1n", mode=mode)
    x = result.signals["P(A)"] - 0.5
    wanted = 2e-4 * (0.9 * np.sin(x) - 0.3 * np.sin(2 * x))
    assert np.abs(result.signals["I(B1)"] - wanted)[10:].max() < 2e-8


@both
def test_transparent_contact(mode: str) -> None:
    """Haberkorn's relation with the gap at T; the amplitude is set by icrit."""
    card = ".model m jj(rtype=0, cap=1e-21, icrit=0.1m, t=4.2, tc=9.1, d=0.8)"
    result = run(f"P1 a 0 pwl(0 0 1n 12)\nB1 a 0 m\n{card}", ["P(a)", "I(B1)", "V(a)"], tran="1p 1n", mode=mode)
    kelvin, charge = 1.38064852e-23, 1.6021766208e-19
    gap = 1.76 * kelvin * 9.1 * math.sqrt(math.cos(math.pi / 2 * (4.2 / 9.1) ** 2))
    thermal = gap / (2 * kelvin * 4.2)
    normal = math.pi * gap / (2 * charge * 1e-4) * math.tanh(thermal)
    x = result.signals["P(A)"]
    root = np.sqrt(1 - 0.8 * np.sin(x / 2) ** 2)
    wanted = math.pi * gap / (2 * charge * normal) * np.sin(x) / root * np.tanh(thermal * root)
    wanted += result.signals["V(A)"] / normal
    assert np.abs(result.signals["I(B1)"] - wanted)[10:].max() < 2e-8


def test_quasiparticle_branch() -> None:
    """Below the gap r0, above it rn, and between the two a steep line (rtype=1)."""
    card = ".model m jj(rtype=1, vg=2.8m, cap=0.07p, r0=160, rn=16, icrit=1n)"
    deck = f"V1 a 0 pwl(0 0 1n 4m)\nB1 a 0 m\n{card}"
    result = run(deck, ["V(a)", "I(B1)"], tran="0.05p 1n")
    v, i = result.signals["V(A)"], result.signals["I(B1)"]
    mean = np.convolve(i, np.ones(401) / 401, "same")  # the supercurrent of 1 nA turns fast
    for low, high, resistance in ((0.5e-3, 2.6e-3, 160), (3.0e-3, 3.9e-3, 16)):
        chosen = (v > low) & (v < high)
        slope = np.polyfit(v[chosen], mean[chosen], 1)[0]
        assert slope == pytest.approx(1 / resistance, rel=0.02)


@pytest.mark.parametrize(
    "wave",
    [
        "pulse(1e-5 1e-4 2e-11 2e-12 3e-12 1e-11 3e-11)",
        "pulse(0 5e-5 1e-11 0 0 5e-12 2e-11)",
        "sin(2e-5 5e-5 3e10 5e-12 1e10)",
        "exp(0 1e-4 1e-11 5e-12 4e-11 8e-12)",
        "pwl(0 0 5e-12 3e-5 6e-12 -1e-5)",
    ],
)
@both
def test_waveforms(wave: str, mode: str) -> None:
    result = run(f"I1 0 a {wave}\nR1 a 0 2\nC1 a 0 1f", ["I(R1)", "I(I1)"], mode=mode)
    wanted = parse_waveform(wave).sample(result.time, 1e-13, 1e-10)
    assert np.allclose(result.signals["I(I1)"], wanted, atol=1e-15)
    # Where the wave jumps, the capacitor is behind it.
    smooth = np.abs(np.gradient(wanted)) < 2.5e-6
    assert smooth.mean() > 0.8
    assert np.abs(result.signals["I(R1)"] - wanted)[2:][smooth[2:]].max() < 1e-6


def test_names_reach_into_the_hierarchy() -> None:
    deck = """.subckt inner p
R1 p q 1
R2 q 0 1
.ends
.subckt outer p
XI inner p
L1 p 0 10p
.ends
I1 0 a pwl(0 0 1p 10u)
XO outer a"""
    made = circuit(deck)
    assert {e.name for e in made.elements} == {"I1", "R1|XI|XO", "R2|XI|XO", "L1|XO"}
    assert set(made.nodes) == {"A", "Q|XI|XO"}
    result = run(deck, ["V(q.XI.XO)", "I(R2.XI.XO)", "P(p|XO)", "V(a)"])
    assert set(result.signals) == {"V(Q|XI|XO)", "I(R2|XI|XO)", "P(P|XO)", "V(A)"}
    assert np.allclose(2 * result.signals["V(Q|XI|XO)"], result.signals["V(A)"], atol=1e-15)


@pytest.mark.parametrize("mode", MODES)
def test_a_line_longer_than_the_simulation_is_a_resistor(mode: str) -> None:
    deck = "V1 s 0 pwl(0 0 10p 1m)\nR1 s a 5\nT1 a 0 b 0 td={td} z0=5\nR2 b 0 7"
    once, far = (run(deck.replace("{td}", td), ["V(a)", "V(b)"], mode=mode) for td in ("101p", "1"))
    for made in (once, far):
        assert made.signals["V(A)"][-1] == pytest.approx(0.5e-3)
        assert np.all(made.signals["V(B)"] == 0)
    assert np.allclose(once.signals["V(A)"], far.signals["V(A)"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("node", ["12", "0"])
def test_a_phase_node_that_nothing_else_uses_is_read_over(node: str) -> None:
    deck = "B1 a 0 {node} m area=2\nI1 0 a pwl(0 0 5p 150u)\n.model m jj(rtype=0, icrit=0.1m, rn=5, cap=0.07p)"
    three = run(deck.replace("{node}", node), ["phase B1"])
    two = run(deck.replace("{node} ", ""), ["phase B1"])
    assert three.signals["P(B1)"][-1] == pytest.approx(math.asin(0.75), abs=1e-3)
    assert np.array_equal(three.signals["P(B1)"], two.signals["P(B1)"])
