"""From timing libraries to cell types."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.formats import read, write
from hwdesign.formats.liberty import read_liberty, read_liberty_text
from hwdesign.formats.verilog import read_verilog_text
from hwdesign.netlist import CellType, Direction, Kind, Role, Sequential
from hwdesign.netlist.check import check
from hwdesign.netlist.evaluate import evaluate_module
from hwdesign.netlist.timing_types import cell_library
from hwdesign.passes import to_aig
from tests.formats.liberty_text import cell, library

IN, OUT, INOUT = Direction
CELLS = library(
    cell("NAND", "pin (A, B) { direction : input; }", 'pin (Y) { direction : output; function : "(A B)\'"; }',
         "pg_pin (VDD) { }"),
    cell("DFF2", 'ff (IQ, IQN) { clocked_on : "CK"; next_state : "(D)"; }', "pin (D, CK) { direction : input; }",
         'pin (Q) { direction : output; function : "IQ"; } pin (QN) { direction : output; function : "IQN"; }'),
    cell("DFFN", 'ff (IQ, IQN) { clocked_on : "!CK"; next_state : "D"; }', "pin (D, CK) { direction : input; }",
         'pin (Q) { direction : output; function : "IQ"; }'),
    cell("TRI", "pin (A, E) { direction : input; }", 'pin (Z) { direction : output; function : "A"; '
         'three_state : "!E"; } pin (M) { direction : internal; }'),
    cell("PAD", "pin (P) { direction : inout; } pin (X) { direction : output; function : \"VDD & P\"; }"),
    cell("RAM", "pin (CK) { direction : input; } pin (Q) { direction : output; "
         "timing () { related_pin : CK; timing_type : rising_edge; } }"),
)  # fmt: skip


def test_kinds_roles_and_functions() -> None:
    types = cell_library(read_liberty_text(CELLS))
    assert list(types) == [
        CellType("NAND", Kind.COMB, (Role("A", IN), Role("B", IN), Role("Y", OUT, "(A B)'"))),
        CellType(
            "DFF2",
            Kind.SEQ,
            (Role("D", IN), Role("CK", IN), Role("Q", OUT), Role("QN", OUT, "!Q")),
            Sequential("dff", "D", "CK", "Q"),
        ),
        CellType("DFFN", Kind.SEQ, (Role("D", IN), Role("CK", IN), Role("Q", OUT))),
        CellType("TRI", Kind.COMB, (Role("A", IN), Role("E", IN), Role("Z", OUT))),
        CellType("PAD", Kind.COMB, (Role("P", INOUT), Role("X", OUT))),
        CellType("RAM", Kind.SEQ, (Role("CK", IN), Role("Q", OUT))),
    ]
    assert types[0].supplies == ("VDD",)


def test_the_first_library_counts() -> None:
    first = read_liberty_text(library(cell("X", "pin (A) { direction : input; }")))
    second = read_liberty_text(library(cell("X", "pin (B) { direction : input; }"), cell("Y")))
    types = cell_library(first, second)
    assert [(t.name, [r.name for r in t.roles]) for t in types] == [("X", ["A"]), ("Y", [])]


def test_a_mapped_netlist_is_evaluated_and_mapped() -> None:
    text = """module t (a, b, ck, y, q); input a, b, ck; output y, q; wire n;
      NAND g (.A(a), .B(b), .Y(n)); NAND h (.A(n), .B(n), .Y(y)); DFF2 r (.D(n), .CK(ck), .Q(q)); endmodule"""
    netlist = read_verilog_text(text, library=cell_library(read_liberty_text(CELLS)))
    assert netlist.findings == ()
    assert [f.rule for f in check(netlist)] == []
    top = netlist.top_module
    assert top.type_counts() == {"NAND": 2, "DFF2": 1}
    aig = to_aig(netlist)
    assert aig.top_module.type_counts()["DFF"] == 1
    result = evaluate_module(netlist, {"a": [0, 1, 1], "b": [1, 0, 1], "ck": [0, 0, 0]})
    assert result.outputs["y"] == [0, 0, 1]


def test_supplies_are_left_out() -> None:
    text = """module t (a, y, VDD); input a; output y; inout VDD;
      NAND g (.A(a), .B(a), .Y(y), .VDD(VDD), .X(a)); endmodule"""
    netlist = read_verilog_text(text, library=cell_library(read_liberty_text(CELLS)), file="t.v")
    assert [str(f) for f in netlist.findings] == [
        "t.v:2: error: instance 'g' connects a port that does not fit: 'NAND' has no port 'X' [port-mismatch]"
    ]
    assert netlist.top_module.num_pins == 3


def test_every_mapped_format(tmp_path: Path) -> None:
    """A netlist on library cells, one with a rising bus, means the same after each format that holds such cells."""
    timing = read_liberty_text(
        library(
            "type (up) { bit_from : 2; bit_to : 4; }",
            cell("ROM", "bus (A) { bus_type : up; direction : input; }",
                 'pin (Y) { direction : output; function : "A[2] & !A[4]"; }'),
            CELLS.split("{", 1)[1].split(";", 3)[3].rsplit("}", 1)[0],
        )
    )  # fmt: skip
    text = """module t (a, ck, y, q); input [2:0] a; input ck; output y, q; wire n;
      ROM r (.A(a), .Y(n)); NAND g (.A(n), .B(a[1]), .Y(y)); DFF2 f (.D(n), .CK(ck), .Q(q)); endmodule"""
    netlist = read_verilog_text(text, library=cell_library(timing))
    inputs = {"a": list(range(8)), "ck": [0] * 8}
    wanted = evaluate_module(netlist, inputs).outputs["y"]
    assert wanted == [0 if a == 6 else 1 for a in range(8)]
    for suffix in (".v", ".json", ".blif"):
        path = tmp_path / f"t{suffix}"
        write(netlist, path)
        again = read(path, library=timing)
        assert [f.rule for f in again.findings] == []
        given = inputs if suffix != ".blif" else {f"a[{k}]": [a >> k & 1 for a in range(8)] for k in range(3)}
        found = evaluate_module(again, {**given, "ck": [0] * 8}).outputs["y"]
        assert found == wanted, suffix


def test_shared_designs(shared_data: Path) -> None:
    folder = shared_data / "timing"
    if not folder.is_dir():
        pytest.skip("the shared data hold no timing designs")
    types = cell_library(read_liberty(folder / "tech" / "sky130hd_tt.lib.gz"))
    for design in sorted((folder / "tt05").iterdir())[:10]:
        netlist = read(design / "netlist.v.gz", library=types)
        assert netlist.findings == ()
        assert {f.rule for f in check(netlist)} <= {"unused-net", "comb-loop", "multiple-drivers"}, design.name
