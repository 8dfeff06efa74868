"""The SPICE reader: devices, values, hierarchy, scopes, both flavours."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.formats.spice import read_spice, read_spice_text
from hwdesign.netlist import Kind, Netlist
from tests.formats.spice_view import cell, view


def deck(body: str, **options: object) -> Netlist:
    return read_spice_text("title\n" + body, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "kind", "nets", "params"),
    [
        ("R1 a b 2.2k", "R", ["a", "b"], {"value": 2200.0}),
        ("R1 a gnd 1MEG tc1=0.001", "R", ["a", "0"], {"value": 1e6, "tc1": 0.001}),
        ("R1 a b rpoly w=1u l=10u", "R", ["a", "b"], {"model": "rpoly", "w": 1e-6, "l": 1e-5}),
        ("C1 a b 10pF ic=0.5", "C", ["a", "b"], {"value": 1e-11, "ic": 0.5}),
        ("C1 a b C = {2*1p}", "C", ["a", "b"], {"value": 2e-12}),
        ("L1 a b '1n+1n'", "L", ["a", "b"], {"value": 2e-9}),
        ("V1 a 0 5", "V", ["a", "0"], {"dc": 5.0}),
        ("V1 a 0 dc=1.8 ac 1 90", "V", ["a", "0"], {"dc": 1.8, "ac": 1.0, "acphase": 90.0}),
        ("V1 a 0 AC", "V", ["a", "0"], {"ac": 1.0}),
        ("V1 a 0 PULSE(0 1, 1n {2*1n} 1n 5n 10n) dc 0", "V", ["a", "0"],
         {"dc": 0.0, "tran": "pulse(0 1 1e-09 2e-09 1e-09 5e-09 1e-08)"}),
        ("V1 a 0 sin 0 1 1k", "V", ["a", "0"], {"tran": "sin(0 1 1000)"}),
        ("I1 a 0 pwl (0 0 1n 1m) r=0", "I", ["a", "0"], {"tran": "pwl(0 0 1e-09 0.001)", "r": 0.0}),
        ("D1 a k dmod 2 off", "D", ["a", "k"], {"model": "dmod", "area": 2.0, "off": ""}),
        ("Q1 c b e qmod", "Q", ["c", "b", "e"], {"model": "qmod"}),
        ("Q1 c b e qmod 2", "Q", ["c", "b", "e"], {"model": "qmod", "area": 2.0}),
        ("Q1 c b e s qmod", "Q", ["c", "b", "e", "s"], {"model": "qmod"}),
        ("J1 d g s jmod", "J", ["d", "g", "s"], {"model": "jmod"}),
        ("M1 d g s b nch W=1u L=0.18u m=2", "M", ["d", "g", "s", "b"],
         {"model": "nch", "w": 1e-6, "l": 1.8e-7, "m": 2.0}),
        ("B1 a b V = v(x)*2 + 1", "BSRC", ["a", "b"], {"quantity": "v", "value": "v(x)*2 + 1"}),
        ("B1 a b i={v(x)}", "BSRC", ["a", "b"], {"quantity": "i", "value": "v(x)"}),
        ("B1 a b jmod area=2", "B", ["a", "b"], {"model": "jmod", "area": 2.0}),
        ("B1 a b ph jmod", "B", ["a", "b", "ph"], {"model": "jmod"}),
        ("T1 a 0 b 0 z0=50 td=1n", "T", ["a", "0", "b", "0"], {"z0": 50.0, "td": 1e-9}),
        ("E1 a 0 b 0 10", "E", ["a", "0", "b", "0"], {"value": 10.0}),
        ("E1 a 0 vol='v(b)*2'", "E", ["a", "0"], {"value": "v(b)*2"}),
        ("G1 a 0 cur = {v(b) * 2}", "G", ["a", "0"], {"value": "v(b) * 2"}),
        ("F1 a 0 Vx 3", "F", ["a", "0"], {"control": "Vx", "value": 3.0}),
        ("H1 a 0 Vx 1k", "H", ["a", "0"], {"control": "Vx", "value": 1000.0}),
        ("H1 a 0 b 0 1k", "H", ["a", "0", "b", "0"], {"value": 1000.0}),
        ("S1 a b c d smod on", "S", ["a", "b", "c", "d"], {"model": "smod", "on": ""}),
        ("W1 a b Vx wmod", "W", ["a", "b"], {"control": "Vx", "model": "wmod"}),
    ],
)  # fmt: skip
def test_a_device(line: str, kind: str, nets: list[str], params: dict[str, float | str]) -> None:
    assert cell(deck(line), line.split()[0]) == (kind, nets, params)


def test_coupling_names_its_inductors() -> None:
    netlist = deck("L1 a 0 1n\nL2 b 0 1n\nK1 L1 l2 0.9")
    assert cell(netlist, "K1") == ("K", [], {"inductors": "L1 l2", "value": 0.9})


def test_lines_comments_and_continuations() -> None:
    netlist = read_spice_text(
        "my title\n* comment\n\nR1 a ; the rest\n* between\n+ b $ more\n+ 1k // end\n.end\nrubbish here\n", file="x.sp"
    )
    assert cell(netlist, "R1") == ("R", ["a", "b"], {"value": 1000.0})
    assert netlist.top_module.cell_line.tolist() == [4]
    assert netlist.top == "x"
    assert view(netlist)["directives"] == [("title", "my title", "")]


def test_node_names_keep_their_first_spelling() -> None:
    netlist = deck("R1 Out in 1\nR2 OUT IN 1\nR3 out GND 1\nC1 out 0 1")
    assert netlist.top_module.net_labels()[2:] == ["Out", "in", "0"]
    assert netlist.global_nets == ("0",)


def test_global_nets_have_one_spelling_everywhere() -> None:
    netlist = deck(".global VDD\n.subckt s a\nR1 a vdd 1\n.ends\nX1 b s\nV1 vdd 0 1")
    assert netlist.global_nets == ("0", "VDD")
    assert cell(netlist, "R1", "s")[1] == ["a", "VDD"]
    assert cell(netlist, "V1")[1] == ["VDD", "0"]


def test_parameters_are_evaluated_at_the_top_level_in_any_order() -> None:
    netlist = deck(
        ".param b={2*a} c = a + 1 d='max(a,b)'\n.param a=3\nR1 x 0 {b*c}\nR2 x 0 d\n.func f(x,y) {x*y}\nR3 x 0 {f(a,2)}"
    )
    assert [cell(netlist, name)[2]["value"] for name in ("R1", "R2", "R3")] == [24.0, 6.0, 6.0]
    assert ("param", "b=2*a", "") in view(netlist)["directives"]
    again = read_spice_text("t\n.param a=3\nR1 x 0 {a}", params={"A": 7.0})
    assert cell(again, "R1")[2] == {"value": 7.0}


def test_values_within_a_subcircuit_stay_expressions() -> None:
    netlist = deck(
        ".param k=2\n.subckt s a b params: w=1u l={2*k}\n.param x={w * l}\nR1 a b x\nR2 a b {k+w}\nR3 a b {2*3}\n"
        "I1 a b pulse(0 x 1n)\n.ends s\nX1 p q s w={k}\n.model m d(is=1e-14)"
    )
    module = netlist.modules["s"]
    assert dict(module.parameters) == {"w": 1e-6, "l": "2*k"}
    assert [cell(netlist, name, "s")[2]["value"] for name in ("R1", "R2", "R3")] == ["x", "k+w", 6.0]
    assert cell(netlist, "I1", "s")[2] == {"tran": "pulse(0 x 1e-09)"}
    assert ("param", "x=w*l", "s") in view(netlist)["directives"]
    assert cell(netlist, "X1") == ("s", ["p", "q"], {"w": 2.0})


def test_models_hold_within_their_subcircuit() -> None:
    netlist = deck(
        ".model N nmos (level=1, vto=0.5 version=4.8.1)\n.subckt s d g w=1\n.model n nmos level=1 vto={w/2} mode=fast\n"
        "M1 d g 0 0 n\n.ends\nM2 x y 0 0 N\nX1 x y s"
    )
    assert netlist.findings == ()
    assert view(netlist)["models"] == {
        "n": ("N", "nmos", {"level": 1.0, "vto": 0.5, "version": "4.8.1"}, ""),
        "s/n": ("n", "nmos", {"level": 1.0, "vto": "w/2", "mode": "fast"}, "s"),
    }
    inner, outer = netlist.model("N", "s"), netlist.model("N")
    assert inner is not None and outer is not None
    assert (inner.scope, outer.scope) == ("s", "")


def test_subcircuits_within_subcircuits() -> None:
    netlist = deck(
        ".subckt a p q\n.model d1 d\n.subckt inner x y\nD1 x y d1\n.ends inner\nX1 p q inner\n.ends a\n"
        ".subckt inner x\nR1 x 0 1\n.ends\nX1 1 2 a\nX2 3 inner"
    )
    nested = cell(netlist, "X1", "a")[0]
    assert list(netlist.modules) == ["a", "a.inner", "inner", "<text>"]
    assert (nested, cell(netlist, "X2")[0]) == ("a.inner", "inner")
    assert netlist.model("d1", nested) is not None
    assert netlist.findings == ()


def test_a_deck_of_subcircuits_has_the_outermost_as_its_top() -> None:
    netlist = deck(".subckt leaf a\nR1 a 0 1\n.ends\n.subckt mid a\nX1 a leaf\n.ends\n")
    assert netlist.top == "mid"
    assert list(netlist.modules) == ["leaf", "mid"]
    assert netlist.modules["mid"].line == 5


def test_an_undefined_subcircuit_is_a_black_box_and_a_finding() -> None:
    netlist = deck("X1 a b mystery w=2\nX2 c d MYSTERY\nM1 a b c d nomodel")
    kind = netlist.top_module.type_of(0)
    assert (kind.name, kind.kind, len(kind.roles)) == ("mystery", Kind.BLACKBOX, 2)
    assert [str(f) for f in netlist.findings] == [
        "<text>:2: warning: subcircuit 'mystery' is not defined; it is a black box [undefined-subckt]",
        "<text>:4: warning: model 'nomodel' is not defined [undefined-model]",
    ]


JOSIM = """B1 n 0 jj1 area=a
R1 n 0 r1 temp=4.2 neb=1e12
X1 cell n out
# a comment
X2 n out2 cell
P1 out 0 pwl(0 0 1p phi_zero)
.param a=2.5
.param r1=1/a
.subckt cell x y
L1 x y l1
.param l1=2p
.ends
.model jj1 jj(rtype=1, vg=2.8mV, cap=0.07pF, icrit=0.1mA)
.spread 0.1
.tran 0.25p 1n
.end
"""


def test_josim_has_no_title_and_writes_subcircuits_first() -> None:
    netlist = read_spice_text(JOSIM, file="jtl.cir")
    assert netlist.findings == ()
    assert cell(netlist, "B1") == ("B", ["n", "0"], {"model": "jj1", "area": 2.5})
    assert cell(netlist, "R1")[2] == {"value": 0.4, "temp": 4.2, "neb": 1e12}
    assert cell(netlist, "X1")[1] == ["n", "out"]
    assert cell(netlist, "X2")[1] == ["n", "out2"]
    assert cell(netlist, "P1")[2] == {"tran": "pwl(0 0 1e-12 2.067833831170082e-15)"}
    assert dict(netlist.models["jj1"].params) == {"rtype": 1.0, "vg": 2.8e-3, "cap": 7e-14, "icrit": 1e-4}
    assert [d.name for d in netlist.directives if not d.module] == ["param", "param", "spread", "tran"]


def test_the_first_line_is_a_title_unless_it_is_a_statement() -> None:
    assert read_spice_text("R1 a b 1k\nR2 a b 1k\n").top_module.num_cells == 1
    assert [f.rule for f in read_spice_text("R1 a b 1k\nR2 a b 1k\n").findings] == ["title-line"]
    assert read_spice_text("R1 a b 1k\nR2 a b 1k\n", title=False).top_module.num_cells == 2
    assert read_spice_text(".subckt s a\nR1 a 0 1k\n.ends\n").top == "s"
    assert read_spice_text("R1 a b 1k\nR2 a b 1k\n", dialect="josim").top_module.num_cells == 2


def test_inclusion_within_the_folder(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "cells.inc").write_text(".subckt c a\nR1 a 0 1\n.ends\n.include models.inc\n")
    (tmp_path / "lib" / "models.inc").write_text(".model d1 d(is=1f)\n")
    (tmp_path / "corner.lib").write_text(".lib tt\n.param k=1\n.endl tt\n.lib ff\n.param k=2\n.endl\n")
    (tmp_path / "a b.sp").write_text("t\n.include 'lib/cells.inc'\n.lib \"corner.lib\" FF\nX1 n c\nR1 n 0 {k}\n")
    netlist = read_spice(tmp_path / "a b.sp")
    assert cell(netlist, "R1")[2] == {"value": 2.0}
    assert list(netlist.models) == ["d1"]
    assert netlist.modules["c"].file == str(tmp_path / "lib" / "cells.inc")


def test_control_blocks_can_be_left_out() -> None:
    netlist = deck("R1 a 0 1\n.control\nrun\nshell rm x\n.endc\nR2 a 0 1\n", skip_control=True)
    assert netlist.top_module.num_cells == 2
    assert [f.rule for f in netlist.findings] == ["skipped-control"]


def test_bytes_that_are_not_utf8_keep_their_values() -> None:
    netlist = read_spice_text(b"t\nR1 n\xe4 0 1k\r\n")
    assert netlist.top_module.net_labels()[2].encode("utf-8", "surrogateescape") == b"n\xe4"
