"""`hwdesign simulate compare`, and other engines in `simulate deck`."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.cli import decks
from hwdesign.spice import ENGINES
from tests.cli.conftest import Cli
from tests.conftest import require_tool
from tests.spice.engine_decks import jtl


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    require_tool("ngspice")
    path = tmp_path / "line.cir"
    path.write_text(jtl(3, stop="35p"), encoding="utf-8")
    return path


def test_engines_are_those_of_the_library() -> None:
    assert decks.ENGINES == ENGINES


def test_engines_agree(cli: Cli, deck: Path) -> None:
    outcome = cli("simulate", "compare", deck, "--engines", "embedded,ngspice,ngspice-shared")
    assert outcome.code == 0
    assert [line for line in outcome.out.splitlines() if " and " in line] == [
        "embedded and ngspice agree", "embedded and ngspice-shared agree", "ngspice and ngspice-shared agree",
    ]  # fmt: skip


def test_differences_are_told(cli: Cli, deck: Path) -> None:
    outcome = cli("simulate", "compare", deck, "--tolerance", "1e-6", "--pulse-tolerance", "0.0000001p", "--json")
    assert outcome.code == 1 and not outcome.json["agree"]
    (pair,) = outcome.json["pairs"]
    assert [signal["label"] for signal in pair["signals"]] == ["P(B1)", "P(B2)", "P(B3)"]
    for signal in pair["signals"]:
        assert 1e-6 < signal["largest"] < 0.005 and signal["tolerance"] == 1e-6
        assert 0 < signal["first"] <= signal["time"] < 35e-12
    assert [(p["junction"], p["matched"], p["only_first"]) for p in pair["pulses"]] == [
        ("B1", 1, 0), ("B2", 1, 0), ("B3", 1, 0),
    ]  # fmt: skip
    outcome = cli("simulate", "compare", deck, "--tolerance", "1e-6")
    assert outcome.code == 1 and outcome.out.startswith("embedded and ngspice differ\nsignal  max difference")


@pytest.mark.parametrize(
    ("engines", "message"),
    [
        ("embedded", "error: --engines takes two or more names, not 'embedded'; write embedded,ngspice\n"),
        (
            "josim,josim",
            "error: --engines takes two or more names, not 'josim,josim'; write embedded,ngspice\n",
        ),
        ("embedded,hspice", f"error: no engine is named 'hspice'; engines: {', '.join(ENGINES)}\n"),
    ],
)
def test_refuses_wrong_engines(cli: Cli, deck: Path, engines: str, message: str) -> None:
    outcome = cli("simulate", "compare", deck, "--engines", engines)
    assert outcome.code == 2 and outcome.err == message


def test_deck_and_pulses_take_an_engine(cli: Cli, deck: Path, tmp_path: Path) -> None:
    rows = []
    for engine in ("embedded", "ngspice"):
        out = tmp_path / f"{engine}.csv"
        outcome = cli("simulate", "deck", deck, "--engine", engine, "-o", out, "--json")
        assert outcome.code == 0 and outcome.json["engine"] == engine
        lines = out.read_text(encoding="utf-8").splitlines()
        rows.append((lines[0], len(lines), outcome.json["pulse_count"]))
    assert rows[0] == rows[1]
    pulses = tmp_path / "pulses.csv"
    assert cli("simulate", "pulses", deck, "--engine", "ngspice-shared", "-o", pulses).code == 0
    assert len(pulses.read_text(encoding="utf-8").splitlines()) == 4
