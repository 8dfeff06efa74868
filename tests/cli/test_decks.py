"""`hwdesign simulate deck` and `simulate pulses`."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Cli

DECK = """* one junction, driven past its critical current
IB 0 1 pwl(0 0 5p 300u)
X1 1 0 cell
.subckt cell a b
B1 a b jm area=2
R1 a b 2
.ends
.model jm jj(rtype=1, vg=2.8m, cap=0.07p, r0=160, rn=16, icrit=0.1m)
.tran 0.1p 50p 0 0.1p
.print phase B1.X1
.print v(1) i(R1.X1)
.end
"""


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    path = tmp_path / "one.cir"
    path.write_text(DECK, encoding="utf-8")
    return path


def rows(path: Path) -> tuple[list[str], np.ndarray]:
    with path.open(encoding="utf-8") as stream:
        head = next(csv.reader(stream))
        return head, np.loadtxt(stream, delimiter=",")


def test_writes_what_the_deck_prints(cli: Cli, deck: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert cli("simulate", "deck", deck, "-o", out).code == 0
    head, values = rows(out)
    assert head == ["time", "P(B1|X1)", "V(1)", "I(R1|X1)"]
    assert len(values) == 499  # JoSIM leaves out the row of step 148
    assert values[1, 0] == 1e-13
    assert np.allclose(values[:, 2] / 2, values[:, 3], atol=1e-12)
    # The voltage is the phase's derivative.
    late = values[200:]
    slope = np.gradient(late[:, 1], late[:, 0]) * 3.291059757e-16
    assert np.abs(slope - late[:, 2])[2:-2].max() < 0.02 * late[:, 2].max()


def test_step_is_also_the_print_step(cli: Cli, deck: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    outcome = cli(
        "simulate", "deck", deck, "--step", "0.05p", "--stop", "20p", "--print", "P(B1.X1)", "-o", out, "--json"
    )
    assert outcome.code == 0 and outcome.json["steps"] == 400 and outcome.json["signals"] == ["P(B1|X1)"]
    head, values = rows(out)
    assert head == ["time", "P(B1|X1)"] and values[2, 0] == 1e-13


def test_lists_pulses(cli: Cli, deck: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    outcome = cli("simulate", "pulses", deck, "-o", out)
    assert outcome.code == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "junction,k,direction,t_s"
    found = [line.split(",") for line in lines[1:]]
    assert [row[:3] for row in found] == [["B1|X1", str(k), "1"] for k in range(len(found))] and len(found) > 3
    times = [float(row[3]) for row in found]
    assert times == sorted(times) and 0 < times[0] < times[-1] < 50e-12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "abacus"], "error: no engine is named 'abacus'; engines: "),
        (["--mode", "euler"], "error: no mode is named 'euler'; modes: josim, newton\n"),
        (["--step", "-1p"], "error: --step takes a positive time, not '-1p'; write --step 0.05p\n"),
        (["--stop", "soon"], "error: --stop takes a positive time, not 'soon'; write --stop 0.05p\n"),
    ],
)
def test_refuses_wrong_options(cli: Cli, deck: Path, arguments: list[str], message: str) -> None:
    outcome = cli("simulate", "deck", deck, *arguments)
    assert outcome.code == 2 and outcome.err.startswith(message)


def test_refuses_what_is_not_there(cli: Cli, deck: Path) -> None:
    outcome = cli("simulate", "deck", deck, "--print", "P(B2.X1)")
    assert outcome.code == 1 and "no device or node is named 'B2|X1'" in outcome.err
    text = deck.read_text(encoding="utf-8").replace(".tran 0.1p 50p 0 0.1p\n", "")
    deck.write_text(text, encoding="utf-8")
    outcome = cli("simulate", "deck", deck)
    assert outcome.code == 2 and outcome.err == f"error: {deck} has no .tran line; add one, or give --step\n"


def test_a_deck_without_print_lines_prints_its_nodes_phases(cli: Cli, deck: Path, tmp_path: Path) -> None:
    kept = [line for line in DECK.splitlines() if not line.lower().startswith(".print")]
    deck.write_text("\n".join(kept) + "\n", encoding="utf-8")
    out = tmp_path / "out.csv"
    outcome = cli("simulate", "deck", deck, "-o", out)
    assert outcome.code == 0 and "the deck prints nothing: these are the phases of its nodes" in outcome.out
    head, values = rows(out)
    assert head[0] == "time" and len(head) > 1 and all(name.startswith("P(") for name in head[1:])
    node = cli("simulate", "deck", deck, "--print", f"nodep {head[1][2:-1]}", "-o", out)
    assert node.code == 0 and (rows(out)[1][:, 1] == values[:, 1]).all()


def test_only_print_steps_are_kept_of_a_long_simulation(
    cli: Cli, deck: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deck.write_text(DECK.replace(".tran 0.1p 50p 0 0.1p", ".tran 0.1p 50p 10p 2p"), encoding="utf-8")
    tables = []
    for many in (1 << 24, 100):
        monkeypatch.setattr("hwdesign.cli.decks._MANY", many)
        out = tmp_path / "out.csv"
        assert cli("simulate", "deck", deck, "-o", out).code == 0
        tables.append(rows(out)[1])
    assert np.allclose(tables[1][:, 0], 10e-12 + 2e-12 * np.arange(20)) and len(tables[0]) == 20
    near = np.abs(tables[0][:, 0] - tables[1][:, 0]) < 1e-16  # JoSIM's clock may print a step late
    assert near.sum() > 15 and np.allclose(tables[0][near], tables[1][near])


def test_too_many_steps_are_refused_at_the_line_that_asks_for_them(cli: Cli, deck: Path) -> None:
    text = DECK.replace(".tran 0.1p 50p 0 0.1p", ".tran 1e-18 1n 0 1.5e-18")
    deck.write_text(text, encoding="utf-8")
    line = text.splitlines().index(".tran 1e-18 1n 0 1.5e-18") + 1
    outcome = cli("simulate", "deck", deck)
    assert outcome.code == 1 and outcome.err.startswith(f"error: {deck}:{line}: ")
    assert outcome.err.endswith("record fewer rows (a larger print step in .tran, or every=), or pulses alone\n")


@pytest.mark.parametrize(
    ("dialect", "sign"),
    [
        ("josim", ".print phase B1.X1\n"),
        ("ngspice", "G1 0 phase p n 3038534.921166394\n"),
        ("wrspice", ".tran 1e-13 5e-11 0 1e-13 uic\n"),
    ],
)
def test_a_deck_is_written_in_the_dialect_that_is_asked_for(
    cli: Cli, deck: Path, tmp_path: Path, dialect: str, sign: str
) -> None:
    out = tmp_path / "out.cir"
    outcome = cli("convert", deck, out, "--dialect", dialect)
    assert outcome.code == 0 and sign in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "dialect", "message"),
    [
        ("out.cir", "spectre", "error: no dialect is named 'spectre'; dialects: josim, ngspice, wrspice\n"),
        ("out.v", "josim", "error: --dialect goes with SPICE decks, not with verilog; leave it out\n"),
    ],
)
def test_refuses_wrong_dialects(cli: Cli, deck: Path, tmp_path: Path, name: str, dialect: str, message: str) -> None:
    outcome = cli("convert", deck, tmp_path / name, "--dialect", dialect)
    assert outcome.code == 2 and outcome.err == message and not (tmp_path / name).exists()


def test_newton_mode_and_notes(cli: Cli, deck: Path, tmp_path: Path) -> None:
    deck.write_text(DECK.replace(".end\n", ".spread 0.1\n.end\n"), encoding="utf-8")
    out = tmp_path / "out.csv"
    outcome = cli("simulate", "deck", deck, "--mode", "newton", "--step", "0.5p", "-o", out)
    assert outcome.code == 0
    line = deck.read_text(encoding="utf-8").splitlines().index(".spread 0.1") + 1
    assert f"note: {deck}:{line}: '.spread 0.1' is not drawn from: every element has its nominal value" in outcome.out
    head, values = rows(out)
    assert len(values) == 100 and head[0] == "time"
    josim = tmp_path / "josim.csv"
    assert cli("simulate", "deck", deck, "--step", "0.02p", "-o", josim).code == 0
    _, fine = rows(josim)
    assert abs(np.interp(40e-12, fine[:, 0], fine[:, 1]) - np.interp(40e-12, values[:, 0], values[:, 1])) < 0.01


def test_halving_is_said(cli: Cli, deck: Path) -> None:
    outcome = cli("simulate", "pulses", deck, "--step", "1p")
    assert outcome.code == 0
    assert "as a junction turned by more than 0.4π in one" in outcome.out


def test_iv_writes_all_points_of_a_decks_curves(cli: Cli, tmp_path: Path) -> None:
    deck, out = tmp_path / "iv.cir", tmp_path / "out.csv"
    deck.write_text(DECK.replace(".end\n", ".iv jm 10u a.csv\n.iv JM 5u b.csv\n.end\n"), encoding="utf-8")
    outcome = cli("simulate", "iv", deck, "-o", out)
    assert outcome.code == 0 and not (tmp_path / "a.csv").exists()
    with out.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["model", "current_a", "voltage_v"]
    assert [row["model"] for row in rows] == ["jm"] * 17 + ["JM"] * 9
    both = cli("simulate", "deck", deck)
    assert both.code == 0 and "'.iv jm 10u a.csv' is not drawn here: `hwdesign simulate iv` does" in both.out
