"""Cells on the embedded engine: every one does what its behavioural model says, at less and at more bias too."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hwdesign.errors import NetlistError
from hwdesign.sfq import (
    AND,
    DCSFQ,
    DFF,
    JTL,
    LINEAR_10KA,
    MITLL_SFQ5EE,
    NDRO,
    NOT,
    OR,
    PTL,
    SFQDC,
    XOR,
    Cell,
    FanIn,
    FanOut,
    Merger,
    Process,
    PTLDriver,
    PTLReceiver,
    Splitter,
    as_specified,
    input_pulses,
    level_changes,
    make_cell,
    output_pulses,
    testbench,
)
from hwdesign.sfq.cells import Neuron, Synapse
from hwdesign.spice import compile_deck, simulate
from tests.sfq.benches import run, works

WIDE = (0.8, 0.85, 1.0, 1.15, 1.2)
NARROW = (0.85, 0.9, 1.0, 1.1, 1.15)

# Two or more sequences a cell: repeated, missing and coinciding inputs, and clocks at different distances.
SEQUENCES: list[tuple[Cell, dict[str, list[float]], tuple[float, ...]]] = [
    (JTL(), {"a": [20, 45, 70]}, WIDE),
    (Splitter(), {"a": [20, 45, 70]}, WIDE),
    (Merger(), {"a": [20, 70, 140], "b": [45, 95, 142]}, WIDE),
    (DFF(), {"a": [40, 140, 190, 215, 340], "clk": [70, 120, 170, 240, 290, 370, 420]}, WIDE),
    (
        NDRO(),
        {
            "a": [40, 240, 340, 365],
            "b": [140, 165, 290, 440],
            "clk": [70, 95, 120, 190, 215, 265, 315, 390, 415, 470, 495],
        },
        NARROW,
    ),
    (
        AND(),
        {
            "a": [40, 140, 240, 290, 340],
            "b": [90, 142, 240, 310, 350],
            "clk": [70, 120, 170, 220, 270, 320, 370, 420],
        },
        WIDE,
    ),
    (
        OR(),
        {"a": [40, 140, 240, 290, 340], "b": [90, 165, 240, 310, 350], "clk": [70, 120, 190, 220, 270, 335, 380, 420]},
        WIDE,
    ),
    (
        XOR(),
        {"a": [40, 140, 240, 290, 340], "b": [90, 150, 240, 310, 400], "clk": [70, 120, 190, 220, 270, 335, 370, 425]},
        WIDE,
    ),
    (NOT(), {"a": [40, 140, 240, 290, 340], "clk": [70, 120, 190, 220, 270, 320, 380, 425, 450]}, WIDE),
    (PTLDriver(), {"a": [30, 60, 90]}, WIDE),
    (PTLReceiver(), {"a": [30, 60, 90]}, WIDE),
    (FanOut(leaves=5), {"a": [30, 60]}, NARROW),
    (FanIn(leaves=4), {f"a{k}": [30.0 + 25 * k] for k in range(4)}, NARROW),
]


def with_process(cell: Cell, process: Process) -> Cell:
    values = {item.name: getattr(cell, item.name) for item in cell.parameters()}
    return make_cell(cell.kind, {**values, "process": process.name})


@pytest.mark.parametrize("process", [LINEAR_10KA, MITLL_SFQ5EE], ids=lambda p: p.name)
@pytest.mark.parametrize(("cell", "stimuli", "factors"), SEQUENCES, ids=[row[0].kind for row in SEQUENCES])
def test_does_what_its_model_says_within_its_bias_margin(
    cell: Cell, stimuli: dict[str, list[float]], factors: tuple[float, ...], process: Process
) -> None:
    assert works(with_process(cell, process), stimuli, factors) == [True] * len(factors)


@pytest.mark.parametrize(
    ("cell", "truth"),
    [
        (AND(), {(): 0, ("a",): 0, ("b",): 0, ("a", "b"): 1}),
        (OR(), {(): 0, ("a",): 1, ("b",): 1, ("a", "b"): 1}),
        (XOR(), {(): 0, ("a",): 1, ("b",): 1, ("a", "b"): 0}),
        (NOT(), {(): 1, ("a",): 0}),
        (DFF(), {(): 0, ("a",): 1}),
    ],
    ids=lambda item: item.kind if isinstance(item, Cell) else "",
)
def test_truth_table(cell: Cell, truth: dict[tuple[str, ...], int]) -> None:
    """One pulse at each clock that should give one, none at the others: from the pulses alone, without the model."""
    stimuli: dict[str, list[float]] = {"clk": []}
    for period, inputs in enumerate(truth):
        for at, name in enumerate(inputs):
            stimuli.setdefault(name, []).append(40.0 + 100 * period + 5 * at)
        stimuli["clk"].append(90.0 + 100 * period)
    result = run(cell, stimuli)
    clocks, found = input_pulses(result, "clk"), output_pulses(result)
    assert len(clocks) == len(truth)
    fired = [sum(clock < t < clock + 50 for t in found) for clock in clocks]
    assert fired == list(truth.values()) and sum(fired) == len(found)


def test_ndro_keeps_what_it_reads() -> None:
    result = run(NDRO(), {"a": [50], "b": [210], "clk": [20, 90, 130, 170, 250, 290]})
    clocks = input_pulses(result, "clk")
    assert [any(c < t < c + 35 for t in output_pulses(result)) for c in clocks] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]


def test_merger_passes_either_input_and_one_of_two_at_once() -> None:
    result = run(Merger(), {"a": [20, 120], "b": [70, 122]})
    assert len(output_pulses(result)) == 3


def test_merger_keeps_pulses_from_its_other_input() -> None:
    circuit = compile_deck(testbench(Merger(), {"a": [20, 60, 100]}))
    pulses = simulate(circuit, waves=False).pulses
    assert len(pulses.of("B5|XDUT")) == 3 and len(pulses.of("B3|XDUT")) == 0 and len(pulses.of("B2|XIN_B")) == 0


def test_splitter_gives_one_pulse_on_each_output() -> None:
    result = run(Splitter(), {"a": [20, 60]})
    assert len(output_pulses(result, "q0")) == len(output_pulses(result, "q1")) == 2


@pytest.mark.parametrize("flight_ps", [3.0, 10.0, 33.3])
def test_a_pulse_crosses_a_line_in_its_time_of_flight(flight_ps: float) -> None:
    cell = PTL(flight_ps=flight_ps)
    result = run(cell, {"a": [30, 70, 110]})
    assert as_specified(cell, result, tolerance_ps=5.0) and len(output_pulses(result)) == 3


@pytest.mark.parametrize("process", [LINEAR_10KA, MITLL_SFQ5EE], ids=lambda p: p.name)
def test_dcsfq_gives_one_pulse_a_rising_edge(process: Process) -> None:
    result = run(DCSFQ(process=process), {"a": [40, 65, 120]})
    found = output_pulses(result)
    assert [round(b - a) for a, b in pairwise(found)] == [25, 55]


@pytest.mark.parametrize("process", [LINEAR_10KA, MITLL_SFQ5EE], ids=lambda p: p.name)
def test_sfqdc_turns_a_voltage_on_and_off(process: Process) -> None:
    cell = SFQDC(process=process)
    result = simulate(compile_deck(testbench(cell, {"a": [40, 140, 240, 340]})))
    assert as_specified(cell, result) and len(level_changes(result, cell)) == 4
    time, voltage = result.time * 1e12, result.signals["V(ROUT_Q)"]
    for begin, on in ((85, True), (185, False), (285, True), (385, False)):
        mean = voltage[(time > begin) & (time < begin + 50)].mean()
        assert mean > 100e-6 if on else abs(mean) < 10e-6


def test_delay_of_the_model_is_that_of_the_circuit() -> None:
    for stages in (1, 2, 8):
        cell = JTL(stages=stages)
        result = run(cell, {"a": [20]})
        expected = cell.behaviour({"a": input_pulses(result)})["q"]
        assert output_pulses(result) == pytest.approx(expected, abs=1.0)


def test_a_cell_refuses_values_out_of_bounds() -> None:
    with pytest.raises(NetlistError) as caught:
        JTL(stages=0)
    assert str(caught.value) == "parameter 'stages' of 'jtl' is 0; keep it between 1 and 4096"
    with pytest.raises(NetlistError, match="cell 'jtl' has no input 'b'; its inputs: a"):
        JTL().behaviour({"b": [1.0]})
    with pytest.raises(NetlistError, match="a pulse at input 'a' of 'jtl' has the time inf"):
        JTL().behaviour({"a": [float("inf")]})


def test_modules_are_named_for_what_differs_in_the_circuit() -> None:
    assert JTL().module_name == "sfq_jtl"
    assert JTL(stages=3, bias=0.65).module_name == "sfq_jtl_stages_3_bias_0p65"
    assert Splitter(process=MITLL_SFQ5EE).module_name == "sfq_splitter_mitll_sfq5ee"
    # What an instance sets, or the model alone reads, makes no other module.
    assert Synapse(ix_ua=90.0, seed=3).module_name == Synapse().module_name == "sfq_synapse"
    assert Neuron(it_ua=100.0).module_name == "sfq_neuron"
