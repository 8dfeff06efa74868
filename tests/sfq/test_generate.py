"""`hwdesign generate sfq`, and the decks that were made with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.sfq import CELLS, as_specified
from hwdesign.spice import compile_deck, simulate
from tests.cli.conftest import Cli, cli
from tests.conftest import ROOT

__all__ = ["cli"]


@pytest.mark.parametrize("kind", CELLS)
def test_sample_decks_are_what_the_command_writes_and_work(cli: Cli, kind: str, tmp_path: Path) -> None:
    deck = tmp_path / f"{kind}.cir"
    assert cli("generate", "sfq", kind, "--testbench", "-o", deck).code == 0
    assert deck.read_text() == (ROOT / "netlists" / "sfq" / "cells" / f"{kind}.cir").read_text()
    if kind != "dcsfq":  # takes a current, so that its model has no pulses to start from
        assert as_specified(CELLS[kind](), simulate(compile_deck(deck), waves=False))


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
