"""Cells under random inputs and with changed elements, and what the test bench makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
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
    Merger,
    Process,
    PTLDriver,
    PTLReceiver,
    Splitter,
    Synapse,
    as_specified,
    demo_stimuli,
    input_pulses,
    level_changes,
    output_pulses,
    testbench,
)
from hwdesign.spice import compile_deck, simulate
from tests.sfq.benches import failures_of_changed_elements, run_all, stream

PROCESSES = pytest.mark.parametrize("process", [LINEAR_10KA, MITLL_SFQ5EE], ids=lambda p: p.name)
LOGIC: tuple[type[Cell], ...] = (Merger, DFF, NDRO, AND, OR, XOR, NOT)
STREAMS = 100


@PROCESSES
@pytest.mark.parametrize("kind", [*LOGIC, FanIn], ids=lambda k: k.kind)
def test_a_hundred_random_streams_are_what_the_model_says(kind: type[Cell], process: Process) -> None:
    cell = kind(process=process)
    streams = [stream(cell, seed) for seed in range(STREAMS)]
    result = run_all(cell, streams)
    assert [at for at in range(STREAMS) if not as_specified(cell, result, at)] == []
    # The streams say something: there is much to answer.
    assert sum(len(output_pulses(result, "q", at)) for at in range(STREAMS)) > 2 * STREAMS


@pytest.mark.parametrize(("circuit", "model"), [(OR, XOR), (XOR, OR), (OR, AND)], ids=lambda k: k.kind)
def test_another_gates_model_does_not_pass(circuit: type[Cell], model: type[Cell]) -> None:
    streams = [stream(circuit(), seed) for seed in range(20)]
    result = run_all(circuit(), streams)
    assert sum(as_specified(model(), result, at) for at in range(20)) <= 6


@pytest.mark.parametrize(
    ("process", "step_ps"),
    [(LINEAR_10KA, 0.1), (LINEAR_10KA, 0.05), (MITLL_SFQ5EE, 0.1)],
    ids=["linear-10ka", "linear-10ka at half the step", "mitll-sfq5ee"],
)
@pytest.mark.parametrize("kind", [JTL, Splitter, *LOGIC, PTLDriver, PTLReceiver, SFQDC, DCSFQ], ids=lambda k: k.kind)
def test_every_element_may_be_a_tenth_off(kind: type[Cell], process: Process, step_ps: float) -> None:
    cell = kind(process=process)
    stimuli = stream(cell, 7, events=20, same_ps=100.0 if kind is SFQDC else 25.0)
    assert failures_of_changed_elements(cell, stimuli, (-0.1, 0.1), step_ps) == []


@pytest.mark.parametrize("kind", [Splitter, *LOGIC, SFQDC, DCSFQ], ids=lambda k: k.kind)
def test_the_newton_mode_sees_the_same_pulses(kind: type[Cell]) -> None:
    cell = kind()
    stimuli = demo_stimuli(cell)
    circuit = compile_deck(testbench(cell, stimuli))
    fixed, adaptive = (simulate(circuit, mode=mode, waves=False) for mode in ("josim", "newton"))  # type: ignore[arg-type]
    assert as_specified(cell, adaptive, stimuli=stimuli)
    port = cell.outputs()[0].name
    if cell.level_junction:
        found = [level_changes(result, cell) for result in (fixed, adaptive)]
    else:
        found = [output_pulses(result, port) for result in (fixed, adaptive)]
    assert len(found[0]) > 0 and found[0] == pytest.approx(found[1], abs=0.1)


@PROCESSES
def test_the_level_goes_off_whatever_its_pulse_train_was_at(process: Process) -> None:
    """The input may come at any time of the train's period of 11 ps."""
    cell = SFQDC(process=process)
    gaps = np.arange(60.0, 72.0)
    result = run_all(cell, [{"a": [30 + gap * k for k in range(6)]} for gap in gaps])
    for at in range(len(gaps)):
        assert as_specified(cell, result, at, tolerance_ps=12.0), gaps[at]


@PROCESSES
def test_dcsfq_over_its_range_of_amplitudes(process: Process) -> None:
    cell = DCSFQ(process=process)
    stimuli = {"a": [30, 50, 72, 100, 180, 200]}
    circuit = compile_deck(testbench(cell, stimuli))
    result = simulate(circuit, batch={"IIN_a": np.array([300, 550, 700, 1200]) / 1e6}, waves=False)
    works = [as_specified(cell, result, at, tolerance_ps=5.0, stimuli=stimuli) for at in range(4)]
    assert works == [False, True, True, True]


@PROCESSES
def test_two_pulses_within_the_dead_time_come_out_as_one(process: Process) -> None:
    """Of a merger and of a tree, whichever two inputs they come to."""
    dead = 7.5 if process is LINEAR_10KA else 5.5
    for cell, pairs in ((Merger(process=process), ["ab", "ba"]), (FanIn(process=process), ["01", "02", "13", "32"])):
        names = [port.name for port in cell.inputs()]
        for first, second in pairs:
            a, b = (next(name for name in names if name.endswith(end)) for end in (first, second))
            gaps = (0.0, dead - 1.0, dead + 0.5, dead + 3.0)
            silent: dict[str, list[float]] = {name: [] for name in names}
            result = run_all(cell, [{**silent, a: [30, 100], b: [30 + gap, 100 + gap]} for gap in gaps])
            assert [len(output_pulses(result, "q", at)) for at in range(4)] == [2, 2, 4, 4], (a, b)


@pytest.mark.parametrize("leaves", [3, 5, 6])
def test_leaves_near_the_root_are_faster(leaves: int) -> None:
    cell = FanIn(leaves=leaves)
    result = run_all(cell, [{f"a{k}": [30.0 + 40 * k] for k in range(leaves)}])
    assert as_specified(cell, result, tolerance_ps=4.0) and len(output_pulses(result)) == leaves
    assert not as_specified(FanIn(leaves=leaves, dead_time_ps=100.0), result)


@PROCESSES
def test_lines_near_the_drivers_impedance_work_at_any_length(process: Process) -> None:
    """And those far from it do not: reflections."""
    sent = 8
    stimuli = {"a": [30.0 + 20 * k for k in range(sent)]}
    impedance = np.array([1.0, 2.0, 3.0, 4.0, 12.0])
    far = []
    for flight in (1.0, 5.0, 7.3, 15.0, 33.0):
        circuit = compile_deck(testbench(PTL(flight_ps=flight, process=process), stimuli))
        result = simulate(circuit, batch={"T1|XDUT": impedance}, waves=False)
        delays = [np.subtract(output_pulses(result, "q", at), input_pulses(result, "a", at)) for at in range(4)]
        assert all(len(row) == sent and np.ptp(row) < 5 for row in delays), flight
        far.append(len(output_pulses(result, "q", 4)))
    assert any(number != sent for number in far)


def test_a_level_needs_the_stimuli() -> None:
    result = simulate(compile_deck(testbench(DCSFQ(), {"a": [30]})), waves=False)
    with pytest.raises(NetlistError) as caught:
        as_specified(DCSFQ(), result)
    assert str(caught.value) == (
        "input 'a' of 'dcsfq' takes a level, which a simulation's pulses do not show; "
        "give the stimuli of the test bench"
    )


def test_pulses_that_run_back_are_no_inputs() -> None:
    """Near even odds a noisy synapse sends pulses back through its input."""
    cell = Synapse(process=replace(LINEAR_10KA, temperature_k=4.2))
    sent, copies = 50, 32
    circuit = compile_deck(testbench(cell, {"a": [50 + 100 * k for k in range(sent)]}))
    result = simulate(circuit, batch={"IX|XDUT": np.full(copies, 84.7e-6)}, waves=False, seeds=5)
    crossings = result.pulses.counts(copies)[:, result.pulses.junctions.index("B2|XIN_A")]
    assert crossings.sum() > sent * copies
    assert [len(input_pulses(result, "a", at)) for at in range(copies)] == [sent] * copies
