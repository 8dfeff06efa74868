"""`--liberty` of `hwdesign info`, `check` and `convert`; `hwdesign info` on a library."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.formats.liberty_text import HEAD, INVERTER, TEMPLATE, cell, library

FLOP = cell(
    "FF", "area : 5;", 'ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }', "pin (D, CK) { direction : input; }",
    'pin (OUT1) { direction : output; function : "IQ"; timing () { related_pin : CK; timing_type : rising_edge; } }',
)  # fmt: skip
VERILOG = """module t (a, ck, y); input a, ck; output y; wire n;
  INV u (.A(a), .Y(n)); FF r (.D(n), .CK(ck), .OUT1(y)); endmodule
"""


@pytest.fixture
def lib(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.lib"
    head = HEAD + "nom_process : 1; nom_temperature : -40; nom_voltage : 1.62; k_temp_cell_rise : 0.1;\n"
    path.write_text(library(TEMPLATE, INVERTER, FLOP, head=head))
    return path


@pytest.fixture
def mapped(tmp_path: Path) -> Path:
    path = tmp_path / "t.v"
    path.write_text(VERILOG)
    return path


def test_info_of_a_library(cli: Cli, lib: Path) -> None:
    assert cli("info", lib) == (
        0,
        f"{lib}: liberty, library 'tiny', process, temperature and voltage 1, -40 °C, 1.62 V\n"
        "2 cells (1 ff), 5 pins, 1 table\n"
        "arcs: combinational 1, rising_edge 1\n"
        "read over: k_... scaling factors 1\n",
        "",
    )
    found = cli("info", lib, "--json").json
    assert (found["library"], found["cells"], found["storage"], found["voltage"]) == ("tiny", 2, {"ff": 1}, 1.62)
    assert cli("info", lib, "--top", "x") == (
        2, "", "error: a Liberty library takes neither --top nor --liberty; leave them out\n",
    )  # fmt: skip


def test_info_gives_the_area(cli: Cli, lib: Path, mapped: Path) -> None:
    assert "area of the cells of 't': 7.5\n" in cli("info", mapped, "--liberty", lib).out
    (found,) = cli("info", mapped, "--liberty", lib, "--json").json["modules"]
    assert (found["area"], found["types"]) == (7.5, {"INV": 1, "FF": 1})
    assert "area" not in cli("info", mapped, "--json").json["modules"][0]


def test_check_knows_the_cells(cli: Cli, lib: Path, mapped: Path) -> None:
    code, out, _ = cli("check", mapped)
    assert (code, out.count("defined nowhere")) == (1, 2)  # and a guess takes OUT1 for an input
    assert cli("check", mapped, "--liberty", lib) == (0, f"{mapped}: nothing found\n", "")
    assert cli("check", mapped, "--liberty", lib, "--strict").code == 0


def test_convert_to_an_aig(cli: Cli, lib: Path, mapped: Path, tmp_path: Path) -> None:
    code, _, err = cli("convert", mapped, tmp_path / "t.aag", "--aig")
    assert code == 1
    assert "give the library or file that defines it" in err
    assert cli("convert", mapped, tmp_path / "t.aag", "--aig", "--liberty", lib).code == 0
    assert (tmp_path / "t.aag").read_text().startswith("aag 3 2 1 1 0\n")


def test_several_libraries(cli: Cli, tmp_path: Path, mapped: Path) -> None:
    for name, text in (("a.lib", library(TEMPLATE, INVERTER)), ("b.lib", library(FLOP))):
        (tmp_path / name).write_text(text)
    assert cli("check", mapped, "--liberty", tmp_path / "a.lib", "--liberty", tmp_path / "b.lib").code == 0
    out = cli("check", mapped, "--liberty", tmp_path / "a.lib").out
    assert "'FF' is used 1 times in module 't' but defined nowhere" in out


def test_refusals(cli: Cli, lib: Path, mapped: Path, tmp_path: Path) -> None:
    assert cli("check", mapped, "--liberty", tmp_path / "no.lib") == (
        1, "", f"error: {tmp_path}/no.lib: cannot read the file: no such file or directory\n",
    )  # fmt: skip
    (tmp_path / "x.bench").write_text("INPUT(a)\nOUTPUT(y)\ny = NOT(a)\n")
    assert cli("info", tmp_path / "x.bench", "--liberty", lib) == (
        1,
        "",
        f"error: {tmp_path}/x.bench: format 'bench' takes no cell library; these do: verilog, blif, yosys-json\n",
    )
    lib.write_text("library (x) {")
    assert cli("info", mapped, "--liberty", lib) == (
        1, "", f"error: {lib}:1: the group 'library' is not closed before the file ends; add its '}}'\n",
    )  # fmt: skip
