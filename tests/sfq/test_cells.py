"""Cells on the embedded engine: every one does what its behavioural model says, at 15 % less and more bias too."""

from __future__ import annotations

import pytest

from hwdesign.errors import NetlistError
from hwdesign.sfq import JTL, LINEAR_10KA, MITLL_SFQ5EE, Cell, Merger, Splitter, input_pulses, output_pulses
from hwdesign.sfq.cells import Neuron, Synapse
from tests.sfq.benches import run, works

PROCESSES = (LINEAR_10KA, MITLL_SFQ5EE)
MARGIN = (0.8, 0.85, 1.0, 1.15, 1.2)


@pytest.mark.parametrize("process", PROCESSES, ids=lambda p: p.name)
@pytest.mark.parametrize(
    ("cell", "stimuli"),
    [
        (JTL, {"a": [20, 45, 70]}),
        (Splitter, {"a": [20, 45, 70]}),
        (Merger, {"a": [20, 70, 140], "b": [45, 95, 142]}),
    ],
    ids=["jtl", "splitter", "merger"],
)
def test_bias_margin(cell: type[Cell], stimuli: dict[str, list[float]], process) -> None:  # type: ignore[no-untyped-def]
    assert works(cell(process=process), stimuli, MARGIN) == [True] * len(MARGIN)


def test_merger_passes_either_input_and_one_of_two_at_once() -> None:
    result = run(Merger(), {"a": [20, 120], "b": [70, 122]})
    assert len(output_pulses(result)) == 3


def test_splitter_gives_one_pulse_on_each_output() -> None:
    result = run(Splitter(), {"a": [20, 60]})
    assert len(output_pulses(result, "q0")) == len(output_pulses(result, "q1")) == 2


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


def test_modules_are_named_for_what_differs_in_the_circuit() -> None:
    assert JTL().module_name == "sfq_jtl"
    assert JTL(stages=3, bias=0.65).module_name == "sfq_jtl_stages_3_bias_0p65"
    assert Splitter(process=MITLL_SFQ5EE).module_name == "sfq_splitter_mitll_sfq5ee"
    # What an instance sets, or the model alone reads, makes no other module.
    assert Synapse(ix_ua=90.0, seed=3).module_name == Synapse().module_name == "sfq_synapse"
    assert Neuron(it_ua=100.0).module_name == "sfq_neuron"
