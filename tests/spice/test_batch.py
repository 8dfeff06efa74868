"""Batches: values and waveforms by name, noise that does not depend on the batch, the shared synapse's curve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwdesign.errors import ConfigError, NetlistError
from hwdesign.formats.spice import read_spice_text
from hwdesign.netlist.waveforms import parse_waveform
from hwdesign.spice import Noisy, compile_deck, simulate
from tests.spice.decks import BOLTZMANN, MODES, circuit, jtl, run
from tests.spice.engine_decks import MIXED

NOISY = jtl(4).replace("R2 2 0 2.744", "R2 2 0 2.744 temp=4.2").replace("R3 3 0 2.744", "R3 3 0 2.744 temp=4.2")


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("R2", "R2 2 0 2.744", "R2 2 0 3.5"),
        ("L2", "L2 2 3 4.136p", "L2 2 3 6p"),
        ("B3.area", "B3 3 0 m area=2.5", "B3 3 0 m area=2.1"),
        ("B3.ic", "B3 3 0 m area=2.5", "B3 3 0 m ic=230u"),
        ("IB2", "IB2 0 2 pwl(0 0 5p 175u)", "IB2 0 2 pwl(0 0 5p 195u)"),
        ("IIN", "600u", "700u"),
    ],
)
def test_batch_equals_an_edited_deck(name: str, before: str, after: str) -> None:
    deck = jtl(4)
    assert before in deck
    edited = circuit(deck.replace(before, after))
    value = edited.nominal(name)
    nominal = circuit(deck)
    assert nominal.nominal(name) != value
    batch = simulate(nominal, batch={name: [nominal.nominal(name), value]}, signals=["P(B4)", "I(L2)"])
    for signal, wanted in simulate(edited, signals=["P(B4)", "I(L2)"]).signals.items():
        assert np.abs(batch.signals[signal][1] - wanted).max() < 1e-9
    for signal, wanted in simulate(nominal, signals=["P(B4)", "I(L2)"]).signals.items():
        assert np.abs(batch.signals[signal][0] - wanted).max() < 1e-9


def test_critical_current_alone_leaves_the_resistances() -> None:
    deck = "P1 a 0 pwl(0 0 1n 6)\nB1 a 0 m area=2\n.model m jj(rtype=0, rn=16, cap=1e-18, icrit=0.1m)"
    made = circuit(deck, "1p 1n")
    result = simulate(made, batch={"B1.icrit": [2e-4, 3e-4]}, signals=["I(B1)", "P(B1)", "V(a)"])
    excess = result.signals["I(B1)"] - result.signals["V(A)"] / 8
    assert np.allclose(excess[1][10:], 1.5 * excess[0][10:], atol=1e-9)


def test_parameters_lists_what_can_be_set() -> None:
    made = circuit(jtl(2))
    assert made.parameters["B1"] == 2.5 and made.parameters["B1.icrit"] == pytest.approx(2.5e-4)
    assert made.parameters["IB1"] == 1.75e-4 and made.parameters["L1"] == 4.136e-12
    for name in made.parameters:
        at, _ = made.find(name)
        assert name.startswith(made.elements[at].name)
    batch = {name: np.full(2, value) for name, value in made.parameters.items() if not name.endswith((".ic", ".area"))}
    result = simulate(made, batch=batch, signals=["P(B2)"])
    assert np.abs(result.signals["P(B2)"] - simulate(made, signals=["P(B2)"]).signals["P(B2)"]).max() < 1e-9


def test_waveforms_of_their_own() -> None:
    """One source, a pulse at another time in each instance."""
    starts = [10e-12, 25e-12, 40e-12]
    waves = [parse_waveform(f"pwl(0 0 {t} 0 {t + 3e-12} 6e-4 {t + 6e-12} 0)") for t in starts]
    made = circuit(jtl(3))
    result = simulate(made, batch={"IIN": waves}, signals=["I(IIN)"])
    first = result.pulses.of("B3", 0)
    for instance, start in enumerate(starts):
        assert np.allclose(result.pulses.of("B3", instance) - start, first - starts[0], atol=2e-14)
        assert result.signals["I(IIN)"][instance].argmax() == round((start + 3e-12) / 1e-13)


def test_noise_does_not_depend_on_the_batch() -> None:
    made = circuit(NOISY)
    seeds = np.arange(100, 119, dtype=np.uint64)
    whole = simulate(made, signals=["P(B3)"], seeds=seeds)
    part = simulate(made, signals=["P(B3)"], seeds=seeds[7:10])
    assert np.array_equal(whole.signals["P(B3)"][7:10], part.signals["P(B3)"])
    assert not np.allclose(whole.signals["P(B3)"][0], whole.signals["P(B3)"][1], atol=1e-4)
    single = simulate(made, signals=["P(B3)"], seeds=[107])
    assert np.array_equal(single.signals["P(B3)"][0], whole.signals["P(B3)"][7])
    plain = simulate(made, signals=["P(B3)"], seeds=seeds, simd=1)
    assert np.abs(plain.signals["P(B3)"] - whole.signals["P(B3)"]).max() < 1e-3  # single-precision rounding apart
    again = simulate(made, signals=["P(B3)"], seeds=4, batch={"IB1": np.full(5, 1.75e-4)})
    other = simulate(made, signals=["P(B3)"], seeds=5, batch={"IB1": np.full(5, 1.75e-4)})
    assert not np.allclose(again.signals["P(B3)"], other.signals["P(B3)"], atol=1e-4)


def test_every_and_waves() -> None:
    made = circuit(jtl(3))
    full = simulate(made, signals=["P(B2)"])
    thin = simulate(made, signals=["P(B2)"], every=7)
    assert np.array_equal(full.time[::7], thin.time)
    assert np.array_equal(full.signals["P(B2)"][::7], thin.signals["P(B2)"])
    none = simulate(made, waves=False)
    assert none.signals == {} and np.array_equal(none.pulses.t, full.pulses.t)
    assert len(simulate(made, signals=["P(B2)"], pulses=False).pulses) == 0


@pytest.mark.parametrize("mode", MODES)
def test_threads_change_nothing(mode: str) -> None:
    made = circuit(NOISY, "0.1p 30p")
    batch = {"IB2": np.linspace(150e-6, 200e-6, 40 if mode == "josim" else 11)}
    one = simulate(made, batch=batch, signals=["P(B3)"], mode=mode)  # type: ignore[arg-type]
    two = simulate(made, batch=batch, signals=["P(B3)"], mode=mode, threads=2)  # type: ignore[arg-type]
    assert np.array_equal(one.signals["P(B3)"], two.signals["P(B3)"])
    assert np.array_equal(one.pulses.t, two.pulses.t) and np.array_equal(one.pulses.instance, two.pulses.instance)


@pytest.mark.parametrize("simd", [-1, 1])
def test_instances_of_the_newton_mode_are_those_of_single_runs(simd: int) -> None:
    """Eight share their steps, with registers of any width; one alone has its own."""
    made = compile_deck(read_spice_text(MIXED, file="mixed.cir", dialect="josim"))
    batch = {"R1|X2": np.linspace(2.5, 3.5, 11), "B1|X1.icrit": np.linspace(1.9e-4, 2.1e-4, 11)}
    options = {"mode": "newton", "tolerance": 1e-8, "signals": ["P(B1.X2)", "I(T1)", "V(h)", "I(B1.X1)"]}
    together = simulate(made, batch=batch, simd=simd, **options)  # type: ignore[arg-type]
    for instance in (0, 7, 8, 10):
        one = {name: values[[instance]] for name, values in batch.items()}
        alone = simulate(made, batch=one, **options)  # type: ignore[arg-type]
        for label, values in alone.signals.items():
            apart = np.abs(together.signals[label][instance] - values[0]).max()
            assert apart < 2e-4 * np.abs(values).max(), (label, instance)
        assert np.allclose(together.pulses.of("B1|X2", instance), alone.pulses.of("B1|X2"), atol=1e-16)


def test_pulse_columns() -> None:
    result = run(jtl(3), [], seeds=[1, 2])
    pulses = result.pulses
    assert pulses.junctions == ("B1", "B2", "B3") and pulses.counts(2).tolist() == [[1, 1, 1], [1, 1, 1]]
    assert pulses.instance.tolist() == [0, 0, 0, 1, 1, 1] and pulses.junction.tolist() == [0, 1, 2] * 2
    assert set(pulses.k.tolist()) == {0} and set(pulses.direction.tolist()) == {1}
    with pytest.raises(KeyError):
        pulses.of("B9")


def test_neuron_matches_josim(shared_data: Path) -> None:
    folder = shared_data / "sfq" / "synapse_neuron"
    for name in ("neuron", "synapse"):
        wanted = np.genfromtxt(folder / f"{name}_pulses.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
        made = compile_deck(folder / f"{name}.cir")
        pulses = simulate(made, waves=False).pulses
        for junction in made.junctions:
            rows = wanted[np.char.upper(wanted["junction"]) == junction]
            assert np.abs(pulses.of(junction) * 1e12 - rows["t_ps"]).max(initial=0) < 0.001


def test_synapse_passes_with_the_shared_probability(shared_data: Path) -> None:
    """A few currents around the middle, enough pulses for 0.02 in each probability."""
    folder = shared_data / "sfq" / "synapse_neuron"
    table = np.loadtxt(folder / "ppass.csv", delimiter=",", skiprows=1)[1:5]
    copies = 16
    made = compile_deck(folder / "synapse_noise.cir")
    result = simulate(made, batch={"IX": np.repeat(table[:, 0] * 1e-6, copies)}, waves=False, seeds=2)
    net = result.pulses.counts(4 * copies)[:, result.pulses.junctions.index("B7")]
    passed = net.reshape(4, copies).mean(1) / 100
    assert np.abs(passed - table[:, 1]).max() < 0.05
    assert not result.failed


def test_a_batch_needs_values_of_one_length() -> None:
    with pytest.raises(NetlistError, match=r"the batch's arrays differ in length \(seeds: 3, L1: 2\)"):
        simulate(circuit(jtl(2)), batch={"L1": [4e-12, 5e-12]}, seeds=[1, 2, 3])


@pytest.mark.parametrize("mode", MODES)
def test_junctions_make_noise_of_their_own_unless_resistors_alone_do(mode: str) -> None:
    """As in JoSIM, a temperature given to all warms the junctions' own resistances too."""
    card = ".model m jj(rtype=0, rn=2, cap=0.01p, icrit=1n)"
    made = circuit(f"B1 1 0 m\nR1 1 0 2\nL1 1 0 10p\n{card}", "0.4p 1n")

    def energy(noisy: Noisy) -> float:
        """Mean of LI²/k; the loop's bandwidth is that of 1 Ω, its noise that of 1 Ω or of 2 Ω."""
        result = simulate(
            made, temperature=4.0, noisy=noisy, seeds=np.arange(48), signals=["I(L1)"], every=50, mode=mode,
            tolerance=1e-3,
        )  # type: ignore[arg-type]  # fmt: skip
        return float((result.signals["I(L1)"][:, 3:] ** 2).mean() * 10e-12 / BOLTZMANN)

    assert energy("all") == pytest.approx(4.0, rel=0.12)
    assert energy("resistors") == pytest.approx(2.0, rel=0.12)
    with pytest.raises(ConfigError) as caught:
        simulate(made, noisy="shunts")  # type: ignore[arg-type]
    assert str(caught.value) == "nothing is noisy as 'shunts' says; noisy: all, resistors"
