"""SPEF: reading, refusing, writing, and OpenSTA as the judge of what is written."""

from __future__ import annotations

import csv
import gzip
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FormatError, HwdesignError, NetlistError, UnsupportedError
from hwdesign.formats.spef import read_spef, read_spef_text, spef_bytes, write_spef
from hwdesign.netlist.parasitics import NodeKind, Parasitics
from tests.conftest import require_tool

HEAD = """*SPEF "IEEE 1481-1998"
*DESIGN "top"
*DATE "today" // a comment
*DIVIDER /
*DELIMITER :
*BUS_DELIMITER [ ]
*T_UNIT 1 NS
*C_UNIT 1 PF
*R_UNIT 1 OHM
*L_UNIT 1 HENRY
"""
NETS = """*NAME_MAP
*1 data[3]
*2 u1/r\\[7\\]
*3 core\\.ff
*4 core\\.n1\\[2\\]
*PORTS
*1 I *C 1.5 2
*D_NET *1 0.007
*CONN
*P *1 I *C 1.5 2 *L 0.1
*I *2:A I *C 10 20.25 *D buf_1
*N *1:1 *C 5 6
*CAP
1 *1 0.001
2 *1:1 1:2:3
3 *1:1 *4:2 0.003 *SC 1:0.5
*RES
1 *1 *1:1 100
2 *1:1 *2:A 1.0:2.0:3.0
*INDUC
1 *1 *1:1 1e-9
*END
/* the second
net */
*D_NET *4 0.008
*CONN
*I *3:Q O
*I *2:B I
*CAP
1 *3:Q 0.004
2 *4:2 *1:1 0.003
3 *4:2 other:9 0.001
*RES
1 *3:Q *4:2 1000
2 *4:2 *2:B 0
*END
"""


def test_reads_every_part() -> None:
    p = read_spef_text(HEAD + NETS)
    assert p.design == "top"
    assert p.net_names == ("data[3]", "core.n1[2]")
    assert p.node_names == ("data[3]", "u1/r[7]/A", "data[3]:1", "core.ff/Q", "u1/r[7]/B", "core.n1[2]:2")
    assert p.node_kind.tolist() == [2, 1, 0, 1, 1, 0]
    assert p.node_ptr.tolist() == [0, 3, 6]
    assert p.resistor_ptr.tolist() == [0, 2, 4]
    np.testing.assert_allclose(p.resistor, [0.1, 0.002, 1.0, 0.0])
    assert p.resistor_a.tolist() == [0, 2, 3, 5]
    assert p.resistor_b.tolist() == [2, 1, 5, 4]
    np.testing.assert_allclose(p.node_cap, [0.001, 0, 2.003, 0.004, 0, 0.004])
    assert (p.coupling_a.tolist(), p.coupling_b.tolist(), p.coupling.tolist()) == ([2], [5], [0.003])
    assert p.net_is_bus_bit is not None and p.net_is_bus_bit.tolist() == [True, False]
    assert p.node_direction is not None and p.node_direction.tolist() == [0, 0, -1, 1, 0, -1]
    assert p.node_position is not None
    np.testing.assert_equal(p.node_position[:4], [[1.5, 2], [10, 20.25], [5, 6], [np.nan, np.nan]])
    assert p.findings == (
        "the inductors (*INDUC) of 1 nets are left out (data[3])",
        "1 coupling capacitors lead to nets that the file does not hold: they count as capacitance to ground (other/9)",
    )


def test_corner_and_coupling_factor() -> None:
    p = read_spef_text(HEAD + NETS, coupling_factor=2.0, corner="max")
    assert p.resistor[1] == pytest.approx(0.003)
    assert p.node_cap[2] == pytest.approx(3.006)
    np.testing.assert_allclose(p.ground_cap(), [0.001, 0, 3, 0.004, 0, 0.001], rtol=1e-9)


def test_units_and_delimiters() -> None:
    text = (
        '*SPEF "x"\n*DIVIDER .\n*DELIMITER |\n*BUS_DELIMITER <>\n*C_UNIT 10 ff\n*R_UNIT 2 KOHM\n'
        "*D_NET u1.bus<3> 1\n*CONN\n*I u1.b|A I\n*CAP\n1 u1.bus<3>|7 1\n*RES\n1 u1.b|A u1.bus<3>|7 1.5\n*END\n"
    )
    p = read_spef_text(text)
    assert p.net_names == ("u1/bus[3]",)
    assert p.node_names == ("u1/b/A", "u1/bus[3]:7")
    assert p.node_cap.tolist() == [0, 0.01]
    assert p.resistor.tolist() == [3.0]


def test_nets_without_networks() -> None:
    text = (
        HEAD + "*D_NET a 0.5\n*CONN\n*I x:A I\n*I y:Z O\n*END\n"
        "*R_NET b 0.2\n*DRIVER z:Q\n*C2_R1_C1 0.1 5 0.1\n*LOADS\n*RC w:A 1.0\n*END\n"
    )
    p = read_spef_text(text)
    assert p.node_cap.tolist() == [0, 0.5]
    assert p.findings == (
        "1 reduced nets (*R_NET) are left out (b)",
        "1 nets have a total capacitance and no *CAP: all of it is put at the driver (a)",
    )


def test_coupling_listed_once_counts_on_both_nets() -> None:
    text = HEAD + "*D_NET a 1\n*CAP\n1 a:1 b:1 0.25\n*END\n*D_NET b 1\n*CAP\n1 b:1 0.5\n*END\n"
    p = read_spef_text(text)
    assert p.node_cap.tolist() == [0.25, 0.75]
    assert p.findings[0].startswith("1 coupling capacitors are not listed alike on both of their nets")


EXTRACT = "parasitics are finite and not negative: extract them again"
FINITE = "parasitics are finite and not negative"
NET = "*D_NET a 1\n*CONN\n*I x:A I\n*CAP\n"
REFUSALS = [
    ("", ":1: expected '*SPEF' at the beginning, found ''; check that it is a SPEF file"),
    (HEAD, ":11: the file holds no *D_NET; check that it is a whole SPEF file"),
    (HEAD + NET + "1 x:A -0.5\n*END", ":15: the capacitance '-0.5' of net 'a' is negative; " + EXTRACT),
    (HEAD + NET + "1 x:A nan\n*END", ":15: the capacitance 'nan' of net 'a' is not a finite number; " + EXTRACT),
    (HEAD + NET + "1 x:A 1e300\n*END", ":15: the capacitance '1e300' of net 'a' is larger than 1e12; " + EXTRACT),
    (HEAD + NET + "1 x:A 1e999\n*END", ":15: the capacitance '1e999' of net 'a' is not a finite number; " + EXTRACT),
    (HEAD + NET + "*RES\n1 x:A a:1 -3\n*END", ":16: the resistance '-3' of net 'a' is negative; " + EXTRACT),
    (HEAD + NET + "1 x:A 1:2\n*END", ":15: expected a capacitance, or three as minimum:typical:maximum, found '1:2'"),
    (HEAD + NET + "1 *9:A 1\n*END", ":15: the index '*9' is not in the *NAME_MAP; check that the file is whole"),
    (HEAD + NET + "x x:A 1\n*END", ":15: expected an element's number, found 'x'"),
    (HEAD + NET, ":11: net 'a' has no *END; check that the file is whole"),
    (HEAD + NET + "*END\n*D_NET a 2\n*END", ":16: net 'a' is given twice; check how the file was made"),
    (HEAD + NET + "*END\n*D_NET b 2\n*CONN\n*I x:A I\n*END", ":18: node 'x/A' is on net 'a' and on net 'b'"),
    (HEAD + "*D_NET a 1\n*CONN\n*I x:A Q\n", ":13: expected a direction, one of I O B, found 'Q'"),
    (HEAD + "*D_NET a 1\n*CONN\n*I xA I\n", ":13: expected a pin as INSTANCE:PIN after *I, found 'xA'"),
    (HEAD + "*C_UNIT 1 BF\n", ":11: expected a unit, one of PF FF NF UF, found 'BF'"),
    (HEAD + "*C_UNIT 0 PF\n", ":11: expected a positive number before the unit, found '0'"),
    (HEAD + "*BOGUS\n", ":11: expected a section such as *D_NET, found '*BOGUS'"),
    (HEAD + "/* no end", ":11: a comment has no end"),
    (HEAD + '*VENDOR "no end', ":11: a string has no closing quote"),
    (HEAD + "*NAME_MAP\n*1\n", ":12: the index *1 has no name"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSALS)
def test_refusals(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.spef"
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        read_spef(path)
    assert str(caught.value) == f"{path}{message}"


def test_refuses_files_of_files(tmp_path: Path) -> None:
    path = tmp_path / "x.spef"
    path.write_text(HEAD + "*DEFINE u1 sub\n")
    with pytest.raises(UnsupportedError) as caught:
        read_spef(path)
    assert str(caught.value) == (
        f"{path}:11: the file refers to another SPEF file with *DEFINE; extract the flattened design"
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(HEAD + NETS)), st.binary(max_size=6), st.integers(0, 40))
def test_damaged_text_is_refused_or_read(at: int, put: bytes, cut: int) -> None:
    data = (HEAD + NETS).encode()
    try:
        read_spef_text(data[:at] + put + data[at + cut :]).check()
    except HwdesignError as error:
        assert "\n" not in str(error)


def _columns(p: Parasitics) -> dict[str, object]:
    return {
        name: getattr(p, name) for name in p.__dataclass_fields__ if name not in ("findings", "node_direction", "file")
    }


def assert_same(p: Parasitics, q: Parasitics) -> None:
    for name, value in _columns(p).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_allclose(getattr(q, name), value, rtol=1e-12, atol=1e-24, err_msg=name)
        else:
            assert getattr(q, name) == value, name


@st.composite
def networks(draw: st.DrawFn) -> Parasitics:
    letters = st.text("abz_.$[]/\\:*2", min_size=1, max_size=6).map(lambda text: "n" + text + "x")
    names = draw(st.lists(letters, min_size=1, max_size=5, unique=True))
    value = st.integers(1, 999999).map(lambda number: float(f"{number}e-8"))
    node_ptr, resistor_ptr, nodes, kinds, caps = [0], [0], [], [], []
    a, b, ohms = [], [], []
    for at, name in enumerate(names):
        first = len(nodes)
        for pin in range(draw(st.integers(1, 3))):
            nodes.append(f"{draw(letters)}{at}/P{pin}")
            kinds.append(NodeKind.INSTANCE_PIN)
        nodes.append(f"{name}:1")
        kinds.append(NodeKind.INTERNAL)
        caps += draw(st.lists(value, min_size=len(nodes) - first, max_size=len(nodes) - first))
        a += range(first, len(nodes) - 1)
        b += [len(nodes) - 1] * (len(nodes) - 1 - first)
        ohms += draw(st.lists(value, min_size=len(nodes) - 1 - first, max_size=len(nodes) - 1 - first))
        node_ptr.append(len(nodes))
        resistor_ptr.append(len(a))
    pairs = sorted(draw(st.sets(st.tuples(st.integers(0, len(nodes) - 1), st.integers(0, len(nodes) - 1)), max_size=4)))
    pairs = [pair for pair in pairs if pair[0] < pair[1]]
    coupling = np.array(draw(st.lists(value, min_size=len(pairs), max_size=len(pairs))), float)
    ca, cb = np.array([x for x, _ in pairs], np.int32), np.array([y for _, y in pairs], np.int32)
    count = len(nodes)
    return Parasitics(
        tuple(names), np.array(node_ptr), tuple(nodes), np.array(kinds, np.int8),
        np.array(caps) + np.bincount(ca, coupling, count) + np.bincount(cb, coupling, count),
        np.array(resistor_ptr), np.array(a, np.int32), np.array(b, np.int32), 1e-3 * np.array(ohms),
        ca, cb, coupling, design="top", net_is_bus_bit=np.zeros(len(names), bool),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(networks())
def test_what_is_written_reads_back(p: Parasitics) -> None:
    text = spef_bytes(p)
    q = read_spef_text(text)
    assert_same(p, q)
    assert q.findings == ()
    assert spef_bytes(q) == text


def test_written_text() -> None:
    """Word by word, as other tools will see it."""
    p = read_spef_text(HEAD + NETS)
    text = spef_bytes(p, digits=3, cells={"core.ff": "dff_1"}).decode()
    assert (
        text[text.index("*NAME_MAP") :]
        == """*NAME_MAP
*1 data[3]
*2 core\\.n1\\[2\\]
*3 u1/r\\[7\\]
*4 core\\.ff

*PORTS
*1 I

*D_NET *1 2
*CONN
*P *1 I *C 1.5 2
*I *3:A I *C 10 20.25
*N *1:1 *C 5 6
*CAP
1 *1 0.001
2 *3:A 0
3 *1:1 2
4 *1:1 *2:2 0.003
*RES
1 *1 *1:1 100
2 *1:1 *3:A 2
*END

*D_NET *2 0.008
*CONN
*I *4:Q O *D dff_1
*I *3:B I
*CAP
1 *4:Q 0.004
2 *3:B 0
3 *2:2 0.001
4 *2:2 *1:1 0.003
*RES
1 *4:Q *2:2 1e+03
2 *2:2 *3:B 0
*END
"""
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a b/P", "SPEF cannot hold the name 'a b'; rename it"),
        ("P", "the pin 'P' has no instance; name it INSTANCE/PIN"),
        ("a/", "SPEF cannot hold an empty name; name every net and pin"),
    ],
)
def test_names_that_cannot_be_written(name: str, message: str) -> None:
    p = read_spef_text(HEAD + NETS)
    names = (*p.node_names[:4], name, *p.node_names[5:])
    with pytest.raises(NetlistError) as caught:
        spef_bytes(Parasitics(**{**_columns(p), "node_names": names}))  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_write_refusals(tmp_path: Path) -> None:
    p = read_spef_text(HEAD + NETS)
    changed = {**_columns(p), "node_cap": np.where(np.arange(6) == 2, 0.001, p.node_cap)}
    with pytest.raises(NetlistError) as caught:
        write_spef(Parasitics(**changed), tmp_path / "x.spef")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "node 'data[3]:1' has less capacitance than its coupling capacitors; "
        "give node_cap with them added coupling_factor times"
    )
    assert not (tmp_path / "x.spef").exists()
    for column, value, words in (
        ("resistor", [0.1, np.nan, 1, 0], f"net 'data[3]' has a resistance of nan; {FINITE}"),
        ("node_cap", [-1.0, 0, 1, 1, 1, 1], f"net 'data[3]' has a capacitance of -1.0; {FINITE}"),
        ("resistor_a", [0, 2, 3, 1], "a resistor of net 'core.n1[2]' joins a node of another net"),
        ("resistor_b", [0, 2, 3, 9], "the parasitics' column 'resistor_b' points at a node that does not exist"),
    ):  # fmt: skip
        broken = Parasitics(**{**_columns(p), column: np.array(value)})  # type: ignore[arg-type]
        with pytest.raises(NetlistError) as caught:
            spef_bytes(broken)
        assert str(caught.value) == words


def test_totals_of_extracted_designs(shared_data: Path) -> None:
    """Each net's sum is the total that the extractor wrote, so that no capacitor is lost or counted twice."""
    folder = shared_data / "timing"
    for path in [*sorted((folder / "tt04").glob("*/spef.gz"))[:4], *sorted((folder / "tt05").glob("*/spef.gz"))[:4]]:
        p = read_spef(path)
        p.check()
        with gzip.open(path) as stream:
            totals = [float(total) for total in re.findall(rb"\*D_NET \S+ (\S+)", stream.read())]
        np.testing.assert_allclose(p.net_cap(), totals, rtol=2e-5)
        assert p.findings == ()
        assert_same(p, read_spef_text(spef_bytes(p)))


def test_opensta_takes_what_is_written(shared_data: Path, tmp_path: Path) -> None:
    """OpenSTA gives the same wire delays with our SPEF as with the extractor's."""
    sta = require_tool("sta")
    folder = shared_data / "timing"
    design = folder / "tt04" / "tt_um_htfab_rotfpga2"
    write_spef(read_spef(design / "spef.gz"), tmp_path / "ours.spef")
    environment = {
        "TIMING_DIR": str(design), "TIMING_LIB": str(folder / "tech" / "sky130hd_tt.lib.gz"),
        "TIMING_OUT": str(tmp_path), "TIMING_SPEF": str(tmp_path / "ours.spef"),
    }  # fmt: skip
    done = subprocess.run(
        [sta, "-exit", folder / "make_labels.tcl"], env=environment, capture_output=True, text=True, timeout=120
    )
    assert "Warning" not in done.stdout + done.stderr and "Error" not in done.stdout + done.stderr
    with (tmp_path / "labels_netarcs.csv").open() as ours, gzip.open(design / "labels_netarcs.csv.gz", "rt") as truth:
        rows, wanted = list(csv.reader(ours)), list(csv.reader(truth))
    assert [row[:2] for row in rows] == [row[:2] for row in wanted]
    found, expected = (np.array([[float(x) for x in row[2:4]] for row in rs[1:]]) for rs in (rows, wanted))
    assert len(found) == 3652
    # OpenSTA adds single-precision numbers in the file's order, hence a femtosecond.
    np.testing.assert_allclose(found, expected, atol=2e-6)
