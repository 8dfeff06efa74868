"""`hwdesign generate sfq`, and the decks that were made with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.sfq import CELLS, as_specified, demo_stimuli
from hwdesign.spice import compile_deck, simulate
from tests.cli.conftest import Cli, cli
from tests.conftest import ROOT
from tests.sfq.network.nets import xor

__all__ = ["cli"]


@pytest.mark.parametrize("kind", CELLS)
def test_sample_decks_are_what_the_command_writes_and_work(cli: Cli, kind: str, tmp_path: Path) -> None:
    deck = tmp_path / f"{kind}.cir"
    assert cli("generate", "sfq", kind, "--testbench", "-o", deck).code == 0
    assert deck.read_text() == (ROOT / "netlists" / "sfq" / "cells" / f"{kind}.cir").read_text()
    cell = CELLS[kind]()
    assert as_specified(cell, simulate(compile_deck(deck), waves=False), stimuli=demo_stimuli(cell))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["synaps"], "error: no SFQ cell is named 'synaps'; nearest: synapse"),
        (["jtl", "--param", "stags=3"], "error: cell 'jtl' has no parameter 'stags'; its parameters: stages, "
         "ic_ua, bias, process"),
        (["jtl", "--dialect", "hspice"], "error: no dialect is named 'hspice'; dialects: josim, ngspice, wrspice"),
        (["jtl", "--stimulus", "a=3"], "error: --stimulus goes with --testbench; add --testbench"),
        (["jtl", "--testbench", "--stimulus", "a=-3"], "error: a pulse at -3 ps cannot be made; give positive times"),
    ],
)  # fmt: skip
def test_refusals(cli: Cli, argv: list[str], message: str, tmp_path: Path) -> None:
    outcome = cli("generate", "sfq", *argv, "-o", tmp_path / "x.cir")
    assert (outcome.code, outcome.err.strip()) == (2, message)


def test_a_network_becomes_decks_and_structural_verilog(cli: Cli, tmp_path: Path) -> None:
    trained = tmp_path / "network.json"
    xor(pulses=1).save(trained)
    for pattern, pulses in (("0,0", 0), ("0,1", 1), ("1,0", 1), ("1,1", 0)):
        bench = tmp_path / "bench.cir"
        assert cli("generate", "sfq", trained, "--testbench", "--pattern", pattern, "-o", bench).code == 0
        assert len(simulate(compile_deck(bench), waves=False).pulses.of("B1|XOUT_0")) == pulses
    verilog = tmp_path / "xor.v"
    outcome = cli("generate", "sfq", trained, "-o", verilog)
    assert outcome.out.strip().startswith(f"{verilog}: verilog, '")
    assert "sfq_neuron" in verilog.read_text()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--testbench", "--pattern", "1,x"], "error: --pattern takes 2 numbers from 0 to 1, not '1,x'; write 1,1"),
        (["--pattern", "1,1"], "error: --pattern goes with --testbench; add --testbench"),
        (["--param", "stages=3"], "error: a network.json takes no --param; train it with other settings"),
    ],
)
def test_refusals_of_networks(cli: Cli, argv: list[str], message: str, tmp_path: Path) -> None:
    trained = tmp_path / "network.json"
    xor(pulses=1).save(trained)
    outcome = cli("generate", "sfq", trained, *argv, "-o", tmp_path / "x.cir")
    assert (outcome.code, outcome.err.strip()) == (2, message)


def test_the_list_names_parameters_with_their_defaults(cli: Cli) -> None:
    lines = cli("generate", "sfq", "list").out.splitlines()
    assert "splitter      ic_ua=250 bias=0.7 input_scale=1.2" in lines
    assert "ptl           z0_ohm=3 flight_ps=10" in lines
