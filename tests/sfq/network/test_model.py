"""The architecture-level model against the tables, against the circuit, and trained."""

import numpy as np
import pytest
import torch

from hwdesign.errors import ConfigError, DataError
from hwdesign.sfq.network import (
    TASKS,
    Coding,
    Layer,
    Network,
    NetworkConfig,
    SfqModel,
    Spread,
    accuracy,
    load_network_config,
    measure_tables,
    model_of,
    simulate_patterns,
    train_network,
)
from tests.sfq.network.nets import PATTERNS, XOR, xor


def _single(ix, it, pulses, slots=(0,)):
    return Network(
        coding=Coding(pulses=pulses, period_ps=200.0, slots=slots, dual_rail=False),
        layers=(Layer(ix_ua=((ix,) * len(slots),), it_ua=(it,), l_storage_ph=8.0, r_leak_ohm=0.16),),
        decide_at=1,
    )


def test_tables_say_what_the_cells_were_designed_for(tables):
    synapse, neuron = tables.synapse, tables.neuron
    assert synapse.mu_ua == pytest.approx(84.7, abs=0.4)
    assert synapse.sigma_ua == pytest.approx(4.04, rel=0.06)
    assert 8 < synapse.mu_spread_ua < 18  # 5 % of junctions of 175 and 200 µA, and of what biases them
    assert neuron.error < 0.02
    # L/R, the inductance of the loop's junctions included.
    assert neuron.tau_ps == pytest.approx((8.0 + 2.33) / 0.16, rel=0.15)
    assert neuron.threshold(130.0) < 1 < neuron.threshold(25.0) < 1 + np.exp(-25 / neuron.tau_ps)
    assert 0.04 < neuron.spread < 0.15
    assert 3 < tables.merger_dead_time_ps < 12
    shares = np.array(synapse.passed) / synapse.offered
    assert shares[0] < 0.01
    assert shares[-1] > 0.99


def test_a_neuron_whose_bias_sets_no_threshold_is_refused():
    with pytest.raises(DataError, match="has no threshold that its bias could set; take another storage inductance"):
        measure_tables(150.0, 0.0, spread=0.0)


@pytest.mark.parametrize("ix", [78.0, 84.7, 90.0])
def test_thinning_agrees_with_the_circuit(tables, ix):
    """Mean counts of a synapse near even odds and a neuron that one pulse fires."""
    network = _single(ix, 130.0, 20)
    run = simulate_patterns(network, [[1.0]], [1], chips=48, seed=3)
    torch.manual_seed(0)
    model = model_of(network, tables)
    with torch.no_grad():
        counts = model(model.encode([[1.0]]), 4000, 0.0)
    expected = float(counts.mean())
    error = np.sqrt(20 * 0.25 / 48)
    assert run.counts.mean() == pytest.approx(expected, abs=4 * error + 0.2)


@pytest.mark.parametrize("it", [10.0, 40.0, 70.0, 110.0])
@pytest.mark.parametrize("slots", [(0, 1), (0, 2), (0, 4)])
def test_neurons_fire_as_the_circuit_does(tables, it, slots):
    network = _single(140.0, it, 3, slots)
    patterns = [[1, 0], [1, 1]]
    run = simulate_patterns(network, patterns, [0, 1], temperature_k=0)
    model = model_of(network, tables)
    with torch.no_grad():
        counts = model(model.encode(patterns), 1, 0.0)
    assert counts[0, :, 0].tolist() == run.counts[0, :, 0].tolist()


def test_the_model_sees_how_spreads_hurt(tables):
    task = TASKS["xor"]()
    torch.manual_seed(0)
    assert accuracy(xor(), task, tables) > 0.995
    found = accuracy(xor(), task, tables, spread=2.0)
    run = simulate_patterns(xor(), PATTERNS, XOR, chips=96, spread=Spread.local(0.10), seed=2)
    assert found == pytest.approx(run.correct.mean(), abs=0.06)
    assert 0.85 < found < 0.999


def test_training_reaches_the_currents(tables):
    coding = Coding(pulses=2, period_ps=200.0, slots=(0, 1))
    torch.manual_seed(1)
    model = SfqModel([3, 1], coding, tables)
    counts = model(model.encode(PATTERNS), 16)
    counts.sum().backward()
    for layer in model.stack:
        assert layer.ix.grad.abs().sum() > 0
        assert layer.it.grad.abs().sum() > 0
        assert (layer.ix.grad >= 0).all()  # neurons are monotone: more pulses in, never fewer out


def test_slots_within_the_dead_time_are_refused(tables):
    with pytest.raises(ConfigError, match=r"slots of 5 ps are not longer than the cells' dead time of .* ps"):
        SfqModel([1], Coding(slots=(0, 1), slot_ps=5.0), tables)


@pytest.mark.parametrize("task", ["and", pytest.param("xor", marks=pytest.mark.slow)])
def test_trained_networks_decide_at_circuit_level(task):
    hidden, steps = ((2,), 120) if task == "and" else ((4,), 300)
    config = NetworkConfig(name=task, task=task, hidden=hidden, train={"threads": 1, "steps": steps, "good": 0.99})
    trained = train_network(config)
    assert trained.accuracy >= 0.99
    data = TASKS[task]()
    run = simulate_patterns(trained.network, data.patterns, data.labels, chips=48, spread=Spread.local(0.05), seed=9)
    assert run.correct.mean() >= 0.99


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task: nand", "'task'"),
        ("hiden: [4]", "unknown key 'hiden'"),
        ("train: {ix_ua: [90, 80]}", "a range of currents rises"),
        ("sweep: [0.9]", "at most 64 spreads between 0 and 0.5"),
        ("hidden: [0]", "at most 8 hidden layers of 1 to 1024 neurons"),
    ],
)
def test_configurations_are_refused_by_key_and_line(tmp_path, text, message):
    path = tmp_path / "net.yaml"
    path.write_text("seed: 1\n" + text + "\n")
    with pytest.raises(ConfigError) as caught:
        load_network_config(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}:2: ")


def test_overrides(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("task: and\n")
    assert load_network_config(path, ["train.steps=5"]).train.steps == 5
    with pytest.raises(ConfigError, match=r"'coding\.slots' names 1 slots for the 2 features of 'and'"):
        load_network_config(path, ["coding.slots=[0]"]).code(2)
