"""`hwdesign simulate margins`, `yield`, `shmoo`, `transfer`, `delay`, `energy`, `errors` and `optimise`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

ROOT = Path(__file__).resolve().parents[2]
JTL = ROOT / "netlists" / "sfq" / "jtl.cir"
SYNAPSE = ROOT / "sims" / "synapse.cir"
SPEC = """\
checks: [{junction: B1.X4, reference: nominal, within: 5p}]
after: 10p
temperature: 0
vary:
  - {name: bias, match: "IB|*", together: true}
  - {name: lines, match: "L1|*", sigma: 5%}
margins: {bound: 50%, scan: 5}
shmoo: {x: {vary: bias, points: 5}, y: {vary: lines, points: 3}}
delay: {input: B1.X1, output: B1.X4}
energy: {sources: "IB|*", junction: B1.X4, cooling: 400}
errors: {temperatures: [4.2], samples: 8}
optimise: {vary: [lines], population: 5, generations: 1}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yaml"
    # No `deck`: the command line names it.
    path.write_text(SPEC, encoding="utf-8")
    return path


def test_margins_as_table_csv_and_plot(cli: Cli, spec: Path, tmp_path: Path) -> None:
    table, plot = tmp_path / "m.csv", tmp_path / "m.png"
    done = cli("simulate", "margins", JTL, "--spec", spec, "-o", table, "--plot", plot, "--step", "0.2p")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].startswith(f"{JTL}: 5 parameters, ")
    assert lines[2].startswith("bias ")
    assert lines[-3].startswith("critical margin: ") and lines[-3].endswith("(bias)")
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["parameter"] for row in rows] == ["bias", "L1|X1", "L1|X2", "L1|X3", "L1|X4"]
    assert [row["unit"] for row in rows] == ["", "H", "H", "H", "H"]
    assert rows[0]["nominal"] == "" and float(rows[1]["nominal"]) == pytest.approx(2.0678e-12, rel=1e-3)
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_yield_without_a_specification(cli: Cli, tmp_path: Path) -> None:
    table = tmp_path / "y.json"
    done = cli("simulate", "yield", JTL, "--samples", 40, "--sigma", "30%", "--check", "B1.X4", "--vary", "I*",
               "-o", table, "--seed", 3)  # fmt: skip
    assert done.code == 0, done.err
    found = json.loads(table.read_text())
    assert found["samples"] == 40 and found["passed"] == 40 - len(found["failures"]) < 40
    assert f"{found['passed']} of 40 samples work" in done.out
    assert "B1|X4: " in done.out


def test_yield_with_local_and_global_spreads(cli: Cli, spec: Path) -> None:
    """Lines' own spreads alone break nothing; a bias that all stages share does."""
    arguments = ("simulate", "yield", JTL, "--spec", spec, "--samples", 60, "--step", "0.2p", "--json")
    alone = cli(*arguments).json
    shared = cli(*arguments, "--sigma-global", "bias=40%").json
    assert alone["passed"] == 60 > shared["passed"] and shared["interval_method"] == "wilson"
    silent = cli(*arguments, "--sigma", "0%", "--sigma-global", "0%")
    assert (silent.code, "nothing has a spread" in silent.out + silent.err) == (1, True)
    wrong = cli(*arguments[:-1], "--sigma-global", "nix=4%")
    assert wrong.err == "error: no entry of 'vary' is named 'nix'; there are: bias, lines\n"


def test_a_halved_step_is_told(cli: Cli, spec: Path) -> None:
    done = cli("simulate", "energy", JTL, "--spec", spec)
    assert done.code == 0 and "note: " not in done.out
    spec.write_text("step: 20p\n" + spec.read_text())
    done = cli("simulate", "energy", JTL, "--spec", spec)
    assert done.out.splitlines()[-1].startswith("note: the step was halved to 0.")


def test_a_shmoo_too_large_for_a_terminal(cli: Cli, spec: Path, tmp_path: Path) -> None:
    table = tmp_path / "grid.csv"
    spec.write_text(spec.read_text().replace("points: 5}, y", "points: 130}, y"))
    done = cli("simulate", "shmoo", JTL, "--spec", spec, "-o", table)
    assert done.out.splitlines()[1] == (
        "the grid is too large to be shown here; --plot OUT.png draws it, -o OUT.csv lists it"
    )
    assert table.read_text().splitlines()[0] == "bias_change,lines_change,works"


def test_figures_as_json(cli: Cli, spec: Path) -> None:
    energy = cli("simulate", "energy", JTL, "--spec", spec, "--json").json
    assert energy["per_pulse_cooled_j"] == pytest.approx(400 * energy["per_pulse_j"])
    assert energy["pulses"] == 2
    delay = cli("simulate", "delay", JTL, "--spec", spec, "--json").json
    assert delay["pulses"][0]["delay_s"] == pytest.approx(5.18e-12, rel=0.02)
    errors = cli("simulate", "errors", JTL, "--spec", spec, "--json").json
    assert errors["errors"][0]["bits"] == 16
    shmoo = cli("simulate", "shmoo", JTL, "--spec", spec, "--json").json
    assert len(shmoo["works"]) == 3 and shmoo["works"][1][2] == 1


def test_transfer_and_its_plot(cli: Cli, tmp_path: Path) -> None:
    plot = tmp_path / "t.png"
    path = tmp_path / "spec.yaml"
    path.write_text(
        "transfer: {source: IX.XDUT, start: 76u, stop: 94u, points: 4, input: B2.XIN_a, output: B1.XOUT_q,\n"
        "  pulses: 200, temperature: 4.2}\n"
    )
    done = cli("simulate", "transfer", SYNAPSE, "--spec", path, "--plot", plot)
    assert done.code == 0, done.err
    assert "P(pass) = Φ((I - mu)/sigma): mu 8" in done.out
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_optimise_keeps_its_state(cli: Cli, spec: Path, tmp_path: Path) -> None:
    state, plot = tmp_path / "s.json", tmp_path / "o.png"
    for _ in range(2):
        done = cli("simulate", "optimise", JTL, "--spec", spec, "--state", state, "--plot", plot)
        assert done.code == 0, done.err
        assert done.out.splitlines()[0] == f"{JTL}: 1 generation"
        assert "critical margin before: " in done.out and "critical margin after: " in done.out
    assert len(json.loads(state.read_text())["scores"]) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("after: 10p", "afer: 10p", "2: unknown key 'afer'; did you mean 'after'?"),
        ("after: 10p", "after: soon", "2: 'after': 'soon' is no number; write it as 0.1p or 175u"),
        ("B1.X4, ref", "B1.X9, ref", "1: the deck has no junction 'B1.X9'; did you mean 'B1|X1'?"),
        ('"L1|*"', '"LX|*"', "6: no element of the deck matches 'LX|*'; names are as in B1|XDUT; "
         "`hwdesign simulate pulses DECK` lists junctions"),
        ("bound: 50%", "bound: 150%", "7: 'margins.bound' is '150%'; keep it less than 1"),
        ("y: {vary: lines", "y: {vary: line", "8: no entry of 'vary' is named 'line'; there are: bias, lines"),
        ("reference: nominal, within: 5p", "count: 3",
         "1: the deck as it is does not pass: B1|X4: 2 pulses, not 3"),
        ("reference: nominal, ", "", "1: 'checks.0': a check needs one of 'reference', 'count' and 'windows'"),
        ("match: \"L1|*\"", "param: nix", "6: the deck's top level has no .param named 'nix'; there are: area, "
         "ibias, ic0, icrs, lhalf, rshunt"),
        ("y: {vary: lines", "y: {vary: bias", "8: 'shmoo.y.vary': it is the entry of 'x' too; name another entry"),
        ("scan: 5", "tolerance: 50%", "7: 'margins.tolerance': it is not below 'bound'"),
        ('match: "L1|*"', 'match: "L1|*", shunts: RS',
         "6: 'shunts' goes with junctions, which 'L1|X1' is not"),
        ("after: 10p", "after: 1n", "2: nothing is left after 1000 ps of a simulation that ends at 100 ps; "
         "make 'after' smaller or 'stop' larger"),
        ("temperature: 0", "step: 1n", "3: a step of 1000 ps is longer than the simulation of 100 ps"),
        ("temperatures: [4.2]", "temperatures: []", "11: 'errors.temperatures' has 0 items; give at least 1"),
        ("temperature: 0", "yeild: {samples: 3}", "3: unknown key 'yeild'; did you mean 'yield'?"),
        ("temperature: 0", "yield: {sample: 3}", "3: unknown key 'yield.sample'; did you mean 'samples'?"),
        ("checks: [{junction: B1.X4, reference: nominal, within: 5p}]", "checks: []",
         "1: the specification has no 'checks', so that nothing says when the deck works; "
         "write checks: [{junction: B1.XDUT, reference: nominal}]"),
    ],
)  # fmt: skip
def test_faults_name_the_line(cli: Cli, spec: Path, old: str, new: str, message: str) -> None:
    text = spec.read_text()
    assert old in text
    spec.write_text(text.replace(old, new, 1))
    done = cli("simulate", "shmoo", JTL, "--spec", spec)
    assert (done.code, done.err) == (1, f"error: {spec}:{message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sigma", "lots"], "--sigma takes a share from 0 to 1, not 'lots'; write --sigma 5%"),
        (["--sigma", "5%", "--sigma", "3%"], "--sigma comes once as SHARE, or often as ENTRY=SHARE; write "
         "--sigma 'L*=5%'"),
        (["--step", "-1p"], "--step takes a positive time, not '-1p'; write --step 0.05p"),
        (["--spec", "x.yaml", "--vary", "L*"], "--vary and --check do not go with --spec; write them into the "
         "specification"),
    ],
)  # fmt: skip
def test_wrong_options(cli: Cli, arguments: list[str], message: str) -> None:
    done = cli("simulate", "yield", JTL, *arguments)
    assert (done.code, done.err) == (2, f"error: {message}\n")


def test_a_missing_section_is_named(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text("checks: [{junction: B1.X4, count: 2}]\n")
    done = cli("simulate", "transfer", JTL, "--spec", path)
    assert done.code == 1
    assert done.err == (
        f"error: {path}:1: the specification has no 'transfer'; give it source, start, stop, input and output\n"
    )


@pytest.mark.parametrize(("cell", "least"), [("ptl", "> 60 % (T1|XDUT)"), ("sfqdc", "23.8 % (B5|XDUT)")])
def test_margins_of_a_sample_bench_without_a_specification(cli: Cli, cell: str, least: str) -> None:
    """Of a line its impedance varies; of a level what turns it on and off is checked."""
    done = cli("simulate", "margins", ROOT / "netlists" / "sfq" / "cells" / f"{cell}.cir")
    assert (done.code, done.out.splitlines()[-1]) == (0, f"critical margin: {least}")
