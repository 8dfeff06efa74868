"""Hand-set networks at circuit level."""

import numpy as np
import pytest

from hwdesign.errors import NetlistError
from hwdesign.sfq.bench import stimulus
from hwdesign.sfq.network import (
    Coding,
    Layer,
    Network,
    Spread,
    bias_junctions,
    network_bench,
    network_netlist,
    simulate_patterns,
    spread_batch,
)
from hwdesign.sfq.process import FLUX_QUANTUM
from hwdesign.sfq.trees import fan_in_levels, fan_out_levels
from hwdesign.spice import compile_deck, simulate
from tests.sfq.network.nets import PATTERNS, XOR, xor


@pytest.mark.parametrize("full", [False, True])
def test_xor_without_noise(full):
    run = simulate_patterns(xor(full=full), PATTERNS, XOR, temperature_k=0)
    assert run.counts[0, :, 0].tolist() == [0, 4, 4, 0]
    assert run.all_correct == 1.0
    assert run.margins.min() == pytest.approx(1.5 / 4)


def test_xor_with_noise_and_spreads():
    run = simulate_patterns(xor(), PATTERNS, XOR, chips=32, spread=Spread.local(0.05), seed=7)
    assert run.counts.shape == (32, 4, 1)
    assert not run.failed.any()
    assert run.correct.mean() >= 0.99
    wide = simulate_patterns(xor(), PATTERNS, XOR, chips=32, spread=Spread.local(0.25), seed=7)
    assert wide.all_correct < 0.9  # an oracle that cannot fail would show nothing


def test_a_wrong_threshold_current_decides_wrongly():
    network = xor()
    deaf = network.layers[0].model_copy(update={"it_ua": (0.0, 0.0), "l_storage_ph": 40.0})
    run = simulate_patterns(
        network.model_copy(update={"layers": (deaf, network.layers[1])}), PATTERNS, XOR, temperature_k=0
    )
    assert run.correct[0].tolist() == [True, False, False, True]


def test_runs_repeat_and_seeds_matter():
    def counts(seed):
        return simulate_patterns(xor(), PATTERNS, XOR, chips=8, spread=Spread.local(0.2), seed=seed).latency_ps

    np.testing.assert_array_equal(counts(1), counts(1))
    assert not np.array_equal(counts(1), counts(2), equal_nan=True)


def test_a_chip_keeps_its_spread_over_all_patterns_and_sources_are_exact():
    circuit = compile_deck(network_bench(xor()))
    batch = spread_batch(circuit, 5000, Spread(ic=0.05, l=0.02, r=0.0), seed=3)
    assert {name[0] for name in batch} == {"B", "L"}
    values = batch["BT|XN0_0|XNET"] / circuit.nominal("BT|XN0_0|XNET")
    assert values.mean() == pytest.approx(1, abs=0.003)
    assert values.std() == pytest.approx(0.05, rel=0.05)
    assert not any("XSRC" in name for name in batch)


def test_energy_is_the_integral_of_bias_current_times_voltage():
    network = xor(pulses=2)
    circuit = compile_deck(network_bench(network, temperature_k=0))
    run = simulate_patterns(network, PATTERNS, XOR, temperature_k=0)
    # Pattern 01 in full: the recorded voltage across each source, which points from ground into its node.
    sources = bias_junctions(circuit)
    names = [name for name, _, _ in sources]
    shown = [f"v({name})" for name in names]
    times = network.coding.times_ps(PATTERNS)[1]
    batch = {f"IIN_{rail}": [stimulus(t)] for rail, t in enumerate(times)}
    result = simulate(circuit, batch=batch, signals=shown)
    ramp = result.time > 20e-12  # the bias currents are up, and the first pulse is not there yet
    energy = 0.0
    for (_, amperes, _), label in zip(sources, result.signals, strict=True):
        energy -= amperes * np.trapezoid(result.signals[label][0][ramp], result.time[ramp])
    assert run.energy_aj[0, 1] == pytest.approx(energy * 1e18, rel=0.01)
    assert len(names) == sum(e.kind == "I" and e.name.endswith("|XNET") for e in circuit.elements)
    assert energy > 50 * 100e-6 * FLUX_QUANTUM


def test_trees_know_the_levels_of_their_leaves():
    assert fan_out_levels(1) == [0]
    assert fan_out_levels(3) == [1, 2, 2]
    assert fan_in_levels(3) == [2, 2, 1]
    assert fan_in_levels(5) == [3, 3, 3, 3, 1]


def test_three_inputs_arrive_together():
    """All paths of a layer are equally slow, within 4 ps."""
    times = []
    for alone in range(3):
        row = tuple(140.0 for _ in range(3))
        network = Network(
            coding=Coding(pulses=1, slots=(0, 0, 0), dual_rail=False),
            layers=(Layer(ix_ua=(row,), it_ua=(130.0,), l_storage_ph=8.0, r_leak_ohm=0.16),),
            decide_at=1,
        )
        pattern = [[float(k == alone) for k in range(3)]]
        run = simulate_patterns(network, pattern, [1], temperature_k=0)
        assert run.counts[0, 0, 0] == 1
        times.append(run.latency_ps[0, 0])
    assert max(times) - min(times) < 4


def test_unused_inputs_end_in_a_resistor_and_missing_synapses_are_refused():
    layer = Layer(ix_ua=((140.0, None),), it_ua=(130.0,), l_storage_ph=8.0)
    one = Network(coding=Coding(pulses=1, slots=(0, 0), dual_rail=False), layers=(layer,), decide_at=1)
    names = network_netlist(one).modules["network"].cell_labels()
    assert "XU1" in names
    run = simulate_patterns(one, [[1, 1], [0, 1]], [1, 0], temperature_k=0)
    assert run.correct.all()
    deaf = Layer(ix_ua=((None, None),), it_ua=(130.0,))
    with pytest.raises(NetlistError, match="neuron 0 of layer 0 has no synapse"):
        network_netlist(one.model_copy(update={"layers": (deaf,)}))
    with pytest.raises(NetlistError, match="1 labels for 2 patterns"):
        simulate_patterns(one, [[1, 1], [0, 1]], [1])
