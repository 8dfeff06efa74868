"""Stochastic synapse and neuron: their decks' behaviour, and the shared measurements of the same element values."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwdesign.sfq import LINEAR_10KA, Neuron, Synapse, input_pulses, output_pulses, testbench
from hwdesign.spice import Transient, compile_deck, simulate
from tests.conftest import ROOT

WARM = replace(LINEAR_10KA, temperature_k=4.2)


def train(count: int, period: float = 100.0) -> dict[str, list[float]]:
    return {"a": [50.0 + period * k for k in range(count)]}


def outputs(result: Transient, instances: int) -> np.ndarray:
    return result.pulses.counts(instances)[:, result.pulses.junctions.index("B1|XOUT_Q")]


def test_synapse_passes_all_or_nothing_without_noise() -> None:
    circuit = compile_deck(testbench(Synapse(), train(5)))
    result = simulate(circuit, batch={"IX|XDUT": np.array([70e-6, 80e-6, 90e-6, 100e-6])}, waves=False)
    assert outputs(result, 4).tolist() == [0, 0, 5, 5]
    for ix, passed in ((80.0, 0), (90.0, 5)):
        assert len(Synapse(ix_ua=ix).behaviour(train(5))["q"]) == passed


def test_the_bias_is_set_by_the_instance() -> None:
    """Two synapses of one module at different currents: one passes, one blocks."""
    for ix, passed in ((75.0, 0), (95.0, 3)):
        netlist = testbench(Synapse(ix_ua=ix), train(3))
        assert "sfq_synapse" in netlist.modules
        assert len(output_pulses(simulate(compile_deck(netlist), waves=False))) == passed


def test_synapse_curve_is_that_of_the_shared_table(shared_data: Path) -> None:
    with (shared_data / "sfq" / "synapse_neuron" / "ppass.csv").open(encoding="utf-8") as stream:
        table = [(float(row["ix_uA"]), float(row["p_pass"])) for row in csv.DictReader(stream)]
    currents = np.array([ix for ix, _ in table if 76 < ix < 96])
    expected = np.array([p for ix, p in table if 76 < ix < 96])
    pulses, copies = 50, 16
    circuit = compile_deck(testbench(Synapse(process=WARM), train(pulses), stop_ps=50 + 100 * pulses))
    batch = {"IX|XDUT": np.repeat(currents, copies) / 1e6}
    result = simulate(circuit, batch=batch, waves=False, seeds=3)
    share = outputs(result, len(currents) * copies).reshape(-1, copies).sum(axis=1) / (pulses * copies)
    error = np.sqrt(expected * (1 - expected) / (pulses * copies) + 0.006**2)
    assert np.all(np.abs(share - expected) < 4 * error + 0.01)
    # The behavioural model's curve is the same.
    model = [Synapse(process=WARM, ix_ua=float(ix)).pass_probability for ix in currents]
    assert np.abs(np.array(model) - expected).max() < 0.02


def test_model_of_the_synapse_decides_at_random_but_repeatably() -> None:
    cell = Synapse(process=WARM, ix_ua=86.0, seed=4)
    events = {"a": [100.0 * k for k in range(4000)]}
    first, again = cell.behaviour(events)["q"], cell.behaviour(events)["q"]
    assert first == again and first != replace(cell, seed=5).behaviour(events)["q"]
    expected = 0.5 * (1 + math.erf((86.0 - 84.7) / 4.04 / math.sqrt(2)))
    assert len(first) / 4000 == pytest.approx(expected, abs=4 * math.sqrt(0.25 / 4000))


def test_neuron_counts_as_the_shared_table_says(shared_data: Path) -> None:
    """Outputs to ten inputs, and the number of inputs before the first, over leak, inductance, bias and period."""
    with (shared_data / "sfq" / "synapse_neuron" / "neuron_behaviour.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    groups: dict[tuple[float, float, float], list[dict[str, str]]] = {}
    for row in rows:
        key = (float(row["r_leak_ohm"]), float(row["l_storage_pH"]), float(row["input_period_ps"]))
        groups.setdefault(key, []).append(row)
    same = 0
    for (leak, storage, period), group in groups.items():
        cell = Neuron(r_leak_ohm=leak, l_storage_ph=storage)
        biases = np.array([float(row["i_threshold_uA"]) for row in group]) / 1e6
        circuit = compile_deck(testbench(cell, train(10, period), step_ps=0.05))
        result = simulate(circuit, batch={"IT|XDUT": biases}, waves=False)
        for at, row in enumerate(group):
            found = [sum(t > a for a in input_pulses(result, "a", at)) for t in output_pulses(result, "q", at)]
            # The line between threshold and output takes a little longer than the shortest period.
            assert abs(len(found) - int(row["outputs"])) <= 1
            same += len(found) == int(row["outputs"])
    assert same >= len(rows) - 4


@pytest.mark.parametrize(
    ("period", "fires"), [(25.0, True), (100.0, False)], ids=["fast inputs fire it", "slow ones leak away"]
)
def test_the_leak_makes_the_neuron_count_rates(period: float, fires: bool) -> None:
    cell = Neuron(it_ua=80.0)
    assert cell.tau_ps == pytest.approx(100.0)
    result = simulate(compile_deck(testbench(cell, train(10, period))), waves=False)
    found = output_pulses(result)
    assert bool(found) is fires
    assert abs(len(cell.behaviour({"a": input_pulses(result)})["q"]) - len(found)) <= 1


def test_noise_is_made_by_the_cells_resistors_alone() -> None:
    circuit = compile_deck(testbench(Synapse(process=WARM), train(1)))
    noisy = {element.name for element in circuit.elements if element.temp}
    assert "RBD|XDUT" in noisy and "ROUT_Q" not in noisy
    assert all(name.startswith("RB") for name in noisy)


def test_the_sample_comparator_decides_by_its_current() -> None:
    """Over the range that the deck states; at its middle half of the pulses pass."""
    circuit = compile_deck(ROOT / "netlists" / "sfq" / "stochastic_comparator.cir")
    currents, copies, pulses = np.array([0.0, 40.0, 54.3, 70.0, 300.0]), 32, 10
    batch = {"IX": np.repeat(currents, copies) / 1e6}
    result = simulate(circuit, stop=(20 + 50 * pulses) * 1e-12, batch=batch, waves=False, seeds=4)
    counts = result.pulses.counts(len(currents) * copies)
    sent, passed = (counts[:, result.pulses.junctions.index(name)].reshape(-1, copies) for name in ("B1|X2", "B1|X4"))
    share = passed.sum(axis=1) / (pulses * copies)
    assert np.all(sent >= pulses) and share[0] == 0 and share[4] == 1
    assert share[1] < 0.02 and share[2] == pytest.approx(0.5, abs=0.12) and share[3] > 0.98
