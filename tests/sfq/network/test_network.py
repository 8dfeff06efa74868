"""Networks as data: codes, files, pruning, refusals."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import ConfigError, NetlistError
from hwdesign.formats import read
from hwdesign.sfq.library import cell_types
from hwdesign.sfq.network import TASKS, Coding, Layer, Network, Task, export, load_network, prove
from hwdesign.spice import compile_deck, simulate
from tests.sfq.network.nets import xor


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_a_value_becomes_as_many_pulses_spread_evenly(pulses, values):
    coding = Coding(pulses=pulses, period_ps=200.0, slots=tuple(range(len(values))))
    counts = coding.counts([values])[0]
    active = coding.active([values])[0]
    half = len(values)
    np.testing.assert_array_equal(active.sum(axis=1), counts)
    np.testing.assert_array_equal(counts[:half] + counts[half:], pulses)
    for row, count in zip(active, counts, strict=True):
        gaps = np.diff(np.flatnonzero(row))
        assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1
        assert count == 0 or gaps.size == count - 1


def test_pulses_lie_in_their_slots():
    times = xor().coding.times_ps([[1, 0]])[0]
    assert times[0] == (20.0, 220.0, 420.0, 620.0)
    assert times[1] == ()
    assert times[2] == ()
    assert times[3] == (45.0, 245.0, 445.0, 645.0)


@pytest.mark.parametrize(
    ("patterns", "text"),
    [
        ([[0.0]], "patterns of shape [1, 1] for a network of 2 features"),
        ([[0.0, 1.5]], "a pattern's values lie between 0 and 1; scale them"),
        ([[0.0, np.nan]], "a pattern's values lie between 0 and 1; scale them"),
    ],
)
def test_wrong_patterns_are_refused(patterns, text):
    with pytest.raises(NetlistError) as caught:
        xor().coding.counts(patterns)
    assert str(caught.value) == text


def test_decisions():
    network = xor()
    assert network.decide(np.array([[1], [2], [4]])).tolist() == [0, 1, 1]
    two = network.model_copy(update={"layers": (network.layers[0], Layer(ix_ua=((1, 1), (1, 1)), it_ua=(0, 0)))})
    assert two.decide(np.array([[3, 1], [1, 3], [2, 2]])).tolist() == [0, 1, 0]


def test_pruning_drops_what_nothing_enters_or_leaves():
    layers = (
        Layer(ix_ua=((1, None), (None, None), (2, 3), (4, 5)), it_ua=(10, 11, 12, 13)),
        Layer(ix_ua=((6, 7, 8, None),), it_ua=(14,)),
    )
    network = Network(coding=Coding(slots=(0, 1), dual_rail=False), layers=layers).pruned()
    assert network.layers[0].ix_ua == ((1, None), (2, 3))
    assert network.layers[0].it_ua == (10, 12)
    assert network.layers[1].ix_ua == ((6, 8),)
    assert network.pruned() == network
    dead = Layer(ix_ua=((None, 7, None, None),), it_ua=(14,))
    with pytest.raises(NetlistError, match="no path of synapses leads to output 0 of 'network'; train it again"):
        Network(coding=Coding(slots=(0, 1), dual_rail=False), layers=(layers[0], dead)).pruned()


def test_networks_come_back_from_their_files(tmp_path):
    path = tmp_path / "network.json"
    xor(full=True).save(path)
    assert load_network(path) == xor(full=True)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda c: c.pop("layers"), "'layers' is missing"),
        (lambda c: c["layers"][0]["ix_ua"].pop(), "1 rows of synapses for 2 neurons"),
        (lambda c: c["layers"][1].update(it_ua=[-1]), "a neuron's current lies between 0 and 400 µA"),
        (lambda c: c["layers"].reverse(), "the layer has 2 inputs, but 4 come in"),
        (lambda c: c["coding"].update(slots=[0, 9]), "the slots do not fit into the period"),
        (lambda c: c.update(name="a b"), "name"),
        (lambda c: c.update(colour="red"), "unknown key 'colour'"),
    ],
)
def test_damaged_networks_are_refused_by_name(tmp_path, change, text):
    content = json.loads(xor().model_dump_json())
    change(content)
    path = tmp_path / "network.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError) as caught:
        load_network(path)
    assert text in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(("content", "text"), [("{", "no JSON"), ("[1]", "holds no network")])
def test_files_that_are_no_networks(tmp_path, content, text):
    path = tmp_path / "network.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=text):
        load_network(path)


def test_written_decks_simulate_as_the_network_does(tmp_path):
    files = export(xor(), [0, 1], tmp_path)
    assert sorted(path.name for path in files) == ["xor.cir", "xor.v", "xor_ngspice.cir", "xor_wrspice.cir"]
    circuit = compile_deck(tmp_path / "xor.cir")
    counts = simulate(circuit, waves=False).pulses.counts(1)[0]
    assert counts[circuit.junctions.index("B1|XOUT_0")] == 4
    silent = export(xor(), [1, 1], tmp_path / "silent")[0]
    circuit = compile_deck(silent)
    assert simulate(circuit, waves=False).pulses.counts(1)[0][circuit.junctions.index("B1|XOUT_0")] == 0


def test_structural_verilog_holds_the_cells_and_their_currents(tmp_path):
    export(xor(), [0, 1], tmp_path)
    text = (tmp_path / "xor.v").read_text()
    assert text.count("sfq_synapse #(.ix(0.00014)") == 6
    assert text.count("sfq_merger ") == 3
    assert ".it(0.00013)" in text
    module = read(tmp_path / "xor.v", library=cell_types()).top_module
    assert module.num_cells == 12


def test_moons_are_coded_by_one_bin_a_coordinate_and_hold_points_out():
    task = TASKS["moons"]()
    assert task.held_out is not None
    for patterns in (task.patterns, task.held_out.patterns):
        assert (patterns[:, :8].sum(axis=1) == 1).all()
        assert (patterns[:, 8:].sum(axis=1) == 1).all()
    assert len(np.unique(task.patterns, axis=0)) == len(task.patterns)
    assert set(task.labels.tolist()) == {0, 1}
    assert task.held_out.weights is not None
    assert task.held_out.weights.sum() == 400
    # The nearest cell's class is mostly right: what is held out can be learnt from what training sees.
    here, seen = (
        np.column_stack([p[:, :8].argmax(axis=1), p[:, 8:].argmax(axis=1)])
        for p in (task.held_out.patterns, task.patterns)
    )
    near = np.abs(here[:, None] - seen[None]).sum(axis=2)
    right = task.labels[near.argmin(axis=1)] == task.held_out.labels
    assert right @ task.held_out.weights > 0.9 * 400


def test_held_out_samples_are_counted_by_their_weights():
    # The held-out samples disagree about one of their patterns.
    held = Task(np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), np.array([0, 1, 0]), weights=np.array([5, 3, 2]))
    whole = TASKS["xor"]()
    found = prove(xor(), Task(whole.patterns, whole.labels, held_out=held), chips=2, spread=0.0).as_dict()
    assert found["held_out"] == {"samples": 10, "correct": 0.8, "worst_chip": 0.8, "best_possible": 0.8}
