"""SDF: reading, refusing, writing, and OpenSTA as the judge of what is written."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FormatError, HwdesignError, NetlistError
from hwdesign.formats.sdf import read_sdf, read_sdf_text, sdf_text, write_sdf
from hwdesign.netlist.delays import CheckKind, Delays, Edge
from tests.conftest import require_tool

nan = np.nan
TEXT = """(DELAYFILE
  (SDFVERSION "3.0") (DESIGN "top") (DATE "now") // comment
  (VOLTAGE 1.8:1.8:1.8)
  (DIVIDER .)
  (TIMESCALE 100 ps)
  (CELL (CELLTYPE "top") (INSTANCE)
    (DELAY (ABSOLUTE
      (INTERCONNECT clk u1.a\\.b\\[3\\].CLK (1:2:3) (4::6))
      (INTERCONNECT in[2] u2.A (1))
      (PORT u2.A (1))
    ) (INCREMENT (IOPATH a b (1)))))
  (CELL (CELLTYPE "dff") (INSTANCE u1.a\\.b\\[3\\])
    (DELAY (ABSOLUTE
      (IOPATH (posedge CLK) Q[1] (1) () )
      (COND EN==1'b1  && (A | B) (IOPATH D Q (1) (2) (3)))
      (CONDELSE (IOPATH D Q (RETAIN (0.1)) ((5) (0) (1)) (6)))
      (COND "name" !S (IOPATH D Q (1) (2) (3) (4) (5) (6:7:8)))
    ))
    (TIMINGCHECK
      (SETUP D (posedge CLK) (0.5))
      (SETUPHOLD (negedge D) (posedge CLK) (1) (-2))
      (RECREM (posedge RN) (posedge CLK) (3) (4:5:6))
      (HOLD (COND (a==1) (posedge D)) CLK (7))
      (WIDTH (COND R D) (8))
      (WIDTH (negedge CLK) (8))
      (PERIOD CLK (9))
      (SKEW D CLK (9))
    ))
  (CELL (CELLTYPE "inv") (INSTANCE *) /* all
    of them */ (DELAY (ABSOLUTE (IOPATH A Y (1) (1)))))
)
"""


def test_reads_every_part() -> None:
    d = read_sdf_text(TEXT)
    assert d.design == "top"
    assert (d.wire_from, d.wire_to) == (("clk", "in[2]"), ("u1/a.b[3]/CLK", "u2/A"))
    np.testing.assert_allclose(d.wire_delay, 0.1 * np.array([[[1, 2, 3], [4, nan, 6]], [[1] * 3, [1] * 3]]))
    assert d.find_wire("in[2]", "u2/A") == 1
    assert d.find_wire("in[2]", "u3/A") == -1
    assert d.instance_names == ("", "u1/a.b[3]", "*")
    assert d.instance_cell == ("top", "dff", "inv")
    assert d.arc_instance.tolist() == [1, 1, 1, 1, 2]
    assert d.arc_from == ("CLK", "D", "D", "D", "A")
    assert d.arc_to == ("Q[1]", "Q", "Q", "Q", "Y")
    assert d.arc_edge.tolist() == [Edge.RISE, 0, 0, 0, 0]
    assert d.arc_condition == (None, "EN==1'b1 && (A | B)", "else", "!S", None)
    expected = [[1, nan, 1, 1, nan, nan], [1, 2, 3, 1, 3, 2], [5, 6, 5, 5, 6, 6], [1, 2, 3, 4, 5, 7], [1] * 6]
    np.testing.assert_allclose(d.arc_delay[:, :, 1], 0.1 * np.array(expected))
    np.testing.assert_allclose(d.arc_delay[3, 5], [0.6, 0.7, 0.8])
    kinds = "SETUP SETUP HOLD RECOVERY REMOVAL HOLD WIDTH WIDTH PERIOD"
    assert [CheckKind(kind).name for kind in d.check_kind] == kinds.split()
    assert d.check_pin == ("D", "D", "D", "RN", "RN", "D", "D", "CLK", "CLK")
    assert d.check_edge.tolist() == [0, 2, 2, 1, 1, 1, 0, 2, 0]
    assert d.check_related == ("CLK",) * 6 + (None,) * 3
    assert d.check_related_edge.tolist() == [1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert d.check_condition == (None,) * 5 + ("(a==1)", "R", None, None)
    np.testing.assert_allclose(d.check_limit[:, 2], 0.1 * np.array([0.5, 1, -2, 3, 6, 7, 8, 8, 9]))
    assert d.findings == (
        "1 entries PORT are left out",
        "1 entries INCREMENT are left out",
        "1 entries RETAIN are left out",
        "1 entries pulse limits are left out",
        "1 entries SKEW are left out",
    )


def test_wires_within_a_block() -> None:
    text = '(DELAYFILE (DIVIDER /) (CELL (CELLTYPE "b") (INSTANCE u1) (INSTANCE u2) (DELAY (ABSOLUTE {}))))'
    d = read_sdf_text(text.format("(INTERCONNECT a/Y b/A (1)) (IOPATH A Y (1))"))
    assert (d.wire_from, d.wire_to, d.instance_names) == (("u1/u2/a/Y",), ("u1/u2/b/A",), ("u1/u2",))


def assert_same(d: Delays, e: Delays) -> None:
    for name in d.__dataclass_fields__:
        value = getattr(d, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_allclose(getattr(e, name), value, rtol=1e-12, err_msg=name)
        elif name != "findings":
            assert getattr(e, name) == value, name


def test_what_is_written_reads_back() -> None:
    d = read_sdf_text(TEXT)
    text = sdf_text(d)
    e = read_sdf_text(text)
    # The design's own cell holds the wires alone and is made anew.
    assert e.instance_names == d.instance_names
    assert_same(d, e)
    assert sdf_text(e) == text


values = st.one_of(st.just(nan), st.integers(-99999, 999999).map(lambda number: float(f"{number}e-6")))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(values, min_size=18, max_size=18), min_size=1, max_size=4), st.text("ab.[]/$:(", min_size=1))
def test_random_delays_read_back(rows: list[list[float]], name: str) -> None:
    count = len(rows)
    none: tuple[None, ...] = (None,) * count
    d = Delays(
        "top", ("a",) * count, ("x" + name + "y/B[2]",) * count, np.array(rows)[:, :6].reshape(-1, 2, 3),
        ("", "x" + name), ("top", "cell"), np.full(count, 1, np.int32), ("A",) * count, ("Y",) * count,
        np.zeros(count, np.int8), none, np.array(rows).reshape(-1, 6, 3), np.full(count, 1, np.int32),
        np.zeros(count, np.int8), ("D",) * count, np.full(count, 2, np.int8), ("C",) * count,
        np.full(count, 1, np.int8), none, np.array(rows)[:, :3],
    )  # fmt: skip
    assert_same(d, read_sdf_text(sdf_text(d)))


REFUSALS = [
    ("", ":1: expected '(DELAYFILE' at the beginning, found ''; check that it is an SDF file"),
    ("(FILE)", ":1: expected '(DELAYFILE' at the beginning, found 'FILE'; check that it is an SDF file"),
    ("(DELAYFILE (DESIGN x)", ":1: expected '(', found the end of the file"),
    ("(DELAYFILE\n(TIMESCALE 1 hour))", ":2: expected a TIMESCALE such as 1ns or 100ps, found '1hour'"),
    ("(DELAYFILE\n(DIVIDER :))", ":2: expected '.' or '/', found ':'"),
    ("(DELAYFILE\n(CELL (DELAY", ":2: a cell has delays before its CELLTYPE and INSTANCE"),
    ('(DELAYFILE\n(DATE "x', ":2: a string has no closing quote"),
    ("(DELAYFILE\n/* x", ":2: a comment has no end"),
    ("(DELAYFILE\n(DATE (", ":2: a parenthesis has no end; check that the file is whole"),
]
ARC = '(DELAYFILE (CELL (CELLTYPE "c") (INSTANCE u) (DELAY (ABSOLUTE\n'
ARC_REFUSALS = [
    ("(IOPATH A Y)", "expected a value in parentheses, found ')'"),
    ("(IOPATH A Y 1)", "expected a value in parentheses, found '1'"),
    ("(IOPATH A Y (1:2))", "expected a value, or three as minimum:typical:maximum, found '1:2'"),
    ("(IOPATH A Y (nan))", "expected a value, or three as minimum:typical:maximum, found 'nan'"),
    ("(IOPATH A Y (1e300))", "expected a value, or three as minimum:typical:maximum, found '1e300'"),
    ("(IOPATH A Y (x))", "expected a value, or three as minimum:typical:maximum, found 'x'"),
    ("(IOPATH (rise A) Y (1))", "expected posedge or negedge, found 'rise'"),
    ("(IOPATH A (Y) (1))", "expected a pin, found '('"),
    ("(COND a==1)", "expected '(IOPATH' after a condition, found ')'"),
    ("(IOPATH A Y " + 13 * "(1)" + ")", "expected ')' after twelve values, found '('"),
    ("(COND " + 300 * "(", "a condition is nested too deeply"),
]


@pytest.mark.parametrize(("text", "message"), REFUSALS + [(ARC + text, ":2: " + words) for text, words in ARC_REFUSALS])
def test_refusals(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.sdf"
    path.write_text(text)
    with pytest.raises(HwdesignError) as caught:
        read_sdf(path)
    assert str(caught.value) == f"{path}{message}"
    assert isinstance(caught.value, FormatError) or "deeply" in message


def test_write_refusals(tmp_path: Path) -> None:
    d = read_sdf_text(TEXT)
    fields = {name: getattr(d, name) for name in d.__dataclass_fields__}
    for change, message in (
        ({"check_limit": np.full((9, 3), np.inf)},
         "SDF cannot hold an infinite delay; leave out what has no finite delay"),
        ({"arc_to": ("a b",) * 5}, "SDF cannot hold the name 'a b'; rename it"),
    ):  # fmt: skip
        with pytest.raises(NetlistError) as caught:
            write_sdf(Delays(**{**fields, **change}), tmp_path / "x.sdf")
        assert str(caught.value) == message
    assert not list(tmp_path.iterdir())


@settings(max_examples=80, deadline=None)
@given(st.integers(0, len(TEXT)), st.binary(max_size=4), st.integers(0, 40))
def test_damaged_text_is_refused_or_read(at: int, put: bytes, cut: int) -> None:
    data = TEXT.encode()
    try:
        read_sdf_text(data[:at] + put + data[at + cut :])
    except HwdesignError as error:
        assert "\n" not in str(error)


def test_opensta_takes_what_is_written(shared_data: Path, tmp_path: Path) -> None:
    """OpenSTA writes SDF, we read and write it, OpenSTA annotates every arc with it and keeps the wires' delays."""
    sta = require_tool("sta")
    folder = shared_data / "timing"
    name = "tt_um_htfab_rotfpga2"
    for path, to in (
        (folder / "tech" / "sky130hd_tt.lib.gz", "t.lib"),
        (folder / "tt04" / name / "netlist.v.gz", "n.v"),
        (folder / "tt04" / name / "spef.gz", "n.spef"),
    ):
        (tmp_path / to).write_bytes(gzip.decompress(path.read_bytes()))
    begin = f"read_liberty t.lib\nread_verilog n.v\nlink_design {name}\n"
    end = "report_checks > /dev/null\nwrite_sdf -digits 7 -divider / {}\n"
    (tmp_path / "a.tcl").write_text(begin + "read_spef n.spef\n" + end.format("a.sdf"))
    (tmp_path / "b.tcl").write_text(begin + "read_sdf ours.sdf\nreport_annotated_delay\n" + end.format("b.sdf"))

    def run(script: str) -> str:
        done = subprocess.run(
            [sta, "-exit", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
        )
        return done.stdout + done.stderr

    run("a.tcl")
    theirs = read_sdf(tmp_path / "a.sdf")
    assert (len(theirs.wire_from), len(theirs.arc_from), len(theirs.check_pin)) == (3652, 4458, 768)
    write_sdf(theirs, tmp_path / "ours.sdf")
    assert_same(theirs, read_sdf(tmp_path / "ours.sdf"))
    assert re.search(r"^ +8110 +8110 +0$", run("b.tcl"), re.MULTILINE)
    again = read_sdf(tmp_path / "b.sdf")
    assert (again.wire_from, again.wire_to) == (theirs.wire_from, theirs.wire_to)
    np.testing.assert_allclose(again.wire_delay, theirs.wire_delay, atol=1.1e-7)
