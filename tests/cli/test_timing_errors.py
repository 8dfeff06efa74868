"""What `hwdesign predict timing` and `evaluate timing` say of bad input, on the placed sample."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Outcome
from tests.conftest import ROOT

SAMPLE = ROOT / "netlists" / "timing"
OPTIONS = {
    "netlist.v": "--netlist", "placed.def": "--placement", "demo.lib": "--liberty", "demo.lef": "--lef",
    "constraints.sdc": "--sdc",
}  # fmt: skip


def predict(cli: Cli, folder: Path, changed: str = "", pattern: str = "", by: str = "") -> Outcome:
    """Predict with one of the sample's files changed."""
    files = {name: SAMPLE / name for name in OPTIONS}
    if changed:
        text, count = re.subn(pattern, by, files[changed].read_text(), flags=re.MULTILINE)
        assert count, "the sample has what the test changes"
        files[changed] = folder / changed
        files[changed].write_text(text)
    return cli("predict", "timing", *(item for name, option in OPTIONS.items() for item in (option, files[name])))


@pytest.mark.parametrize(
    ("changed", "pattern", "by", "message"),
    [
        ("placed.def", "acc_reg|ovf_reg", "other",
         "{file}: the placement lacks 7 instances (acc_reg0, acc_reg1, acc_reg2, acc_reg3, acc_reg4, ...) of module "
         "'accumulator'; give the placement of the same netlist"),
        ("placed.def", r"^- d\[", "- din[",
         "{file}: the placement lacks 6 ports (d[5], d[4], d[3], d[2], d[1], ...); give the placement of the same "
         "netlist"),
        ("placed.def", r"^(- acc_reg\d dff_1).*", r"\1 + UNPLACED ;",
         "{file}: 6 instances (acc_reg0, acc_reg1, acc_reg2, acc_reg3, acc_reg4, ...) not placed; place the design "
         "first"),
        ("netlist.v", "(xor|nor)2_1", r"\g<1>9_1",
         "{file}: 2 cell types of module 'accumulator' are not in library 'demo': xor9_1, nor9_1; read the Liberty "
         "library that the netlist was mapped to"),
        ("constraints.sdc", r"(?s)\A.*", "", "{file}: the file holds no constraint; create a clock at least"),
        ("constraints.sdc", r"(?s)\A.*", "set_load 0.01 [all_outputs]\n",
         "{file}: the constraints make no clock, so no path is timed; add a create_clock"),
        ("constraints.sdc", r"d\[\*\]", "e[*]",
         "{file}:5: 1 names of the constraints are not in module 'accumulator': e[*]; check that both files are of one "
         "design"),
        ("constraints.sdc", "set_load 0.01", "set_load -0.01",
         "{file}:8: the value of set_load is negative; write zero or more"),
        ("constraints.sdc", "set_load 0.01", "set_load nan",
         "{file}:8: 'nan' is no number for the load of set_load; write a finite number"),
        ("demo.lib", "capacitance : 0.0021", "capacitance : -0.0021",
         "{file}:28: pin 'A' has a negative capacitance; write zero or more"),
        ("demo.lib", "capacitance : 0.0021", "capacitance : nan",
         "{file}:28: 'nan' is no number for 'capacitance'; write a finite decimal number"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(cli: Cli, tmp_path: Path, changed: str, pattern: str, by: str, message: str) -> None:
    code, out, err = predict(cli, tmp_path, changed, pattern, by)
    assert (code, out, err) == (1, "", f"error: {message.format(file=tmp_path / changed)}\n")


def test_macros_that_are_missing(cli: Cli, tmp_path: Path) -> None:
    code, out, err = predict(cli, tmp_path, "demo.lef", "(MACRO|END) inv_1", r"\1 inv_9")
    wanted = "the macro library lacks 1 macro (inv_1); give the LEF files of all cells"
    assert (code, out, err) == (1, "", f"error: {SAMPLE / 'placed.def'}: {wanted}\n")


@pytest.mark.parametrize(("pattern", "by"), [(r"\.CK\(clk_b\)", ".CK()"), (r"clkbuf \(\.A\(clk\)", "clkbuf (.A(rst)")])
def test_registers_without_a_clock_are_named(cli: Cli, tmp_path: Path, pattern: str, by: str) -> None:
    code, out, err = predict(cli, tmp_path, "netlist.v", pattern, by)
    assert (code, err) == (0, "")
    assert (
        "note: no clock reaches 13 clock pins (in_reg0/CK, in_reg1/CK, in_reg2/CK, in_reg3/CK, in_reg4/CK, ...): paths "
        "from and to their registers are not timed\n"
    ) in out


def test_loops_are_broken_and_told_of(cli: Cli, tmp_path: Path) -> None:
    code, out, err = predict(cli, tmp_path, "netlist.v", r"gen0 \(\.A\(a0\)", "gen0 (.A(c1)")
    assert (code, err) == (0, "")
    assert "note: 2 arc edges close loops and are left out of paths, the first at cell 'gen0'\n" in out
    code, out, err = predict(cli, tmp_path)
    assert (code, err) == (0, "") and "note:" not in out


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of the sample alone, with predicted wires as its parasitics."""
    from hwdesign.timing.predict_wires import predict as predicted

    folder = tmp_path_factory.mktemp("extracted")
    for name in ("tech", "set/sample"):
        (folder / name).mkdir(parents=True)
    at = folder / "set" / "sample"
    for name in OPTIONS:
        shutil.copy(SAMPLE / name, folder / "tech" if name.startswith("demo") else at)
    predicted(SAMPLE / "netlist.v", SAMPLE / "placed.def", SAMPLE / "demo.lib", [SAMPLE / "demo.lef"], spef=at / "spef")
    return folder


@pytest.mark.parametrize(
    ("pattern", "by", "message"),
    [
        (r"(\*RES\n1 \S+ \S+) \S+", r"\1 -0.5",
         "{file}:{line}: the resistance '-0.5' of net 'clk' is negative; parasitics are finite and not negative: "
         "extract them again"),
        (r"(\*CAP\n1 \S+) \S+", r"\1 nan",
         "{file}:{line}: the capacitance 'nan' of net 'clk' is not a finite number; parasitics are finite and not "
         "negative: extract them again"),
        (r"(\*CAP\n1 \S+) \S+", r"\1 -1",
         "{file}:{line}: the capacitance '-1' of net 'clk' is negative; parasitics are finite and not negative: "
         "extract them again"),
        (r"(acc_reg|half|gen|in_reg|prop|next|sum|clear|carry)", r"x_\1",
         "{file}: the parasitics lack 149 pins (in_reg5/D, in_reg4/D, in_reg3/D, in_reg2/D, in_reg1/D, ...); give the "
         "parasitics of the same netlist"),
    ],
)  # fmt: skip
def test_bad_parasitics_are_refused(
    cli: Cli, tmp_path: Path, extracted: Path, pattern: str, by: str, message: str
) -> None:
    folder = Path(shutil.copytree(extracted, tmp_path / "data"))
    file = folder / "set" / "sample" / "spef"
    text = file.read_text()
    found = re.search(pattern, text)
    assert found is not None
    line = text.count("\n", 0, found.end()) + 1
    file.write_text(re.sub(pattern, by, text, count=0 if by.startswith("x_") else 1))
    code, out, err = cli("evaluate", "timing", "shipped", folder / "set")
    assert (code, out, err) == (1, "", f"error: {message.format(file=file, line=line)}\n")


def test_an_evaluation_against_the_wires_themselves_finds_no_error(cli: Cli, extracted: Path) -> None:
    found = cli("evaluate", "timing", "shipped", extracted / "set", "--json").json
    model, zero = found["summary"]["model"], found["summary"]["zero"]
    assert model["arrival_mae_ps"] < 1e-3 and model["slack_mae_ps"] < 1e-3 and model["wns_error_ps"] < 1e-3
    assert zero["arrival_mae_ps"] > 10 and zero["wns_error_ps"] > 10 and zero["tns_error_ps"] >= zero["wns_error_ps"]
    assert found["designs"][0]["seconds"] > 0 and found["designs"][0]["truth"] == "engine"
