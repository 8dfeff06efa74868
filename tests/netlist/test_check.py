"""Each rule of `check`: what it finds, in which words, with which names and line."""

from __future__ import annotations

from hypothesis import given, settings

from hwdesign.netlist import OPEN, Builder, CellType, Direction, Finding, Kind, Netlist, Role, gate
from hwdesign.netlist.check import MAX_PER_RULE, check
from tests.strategies import hierarchical_netlists


def _found(netlist: Netlist, rule: str) -> list[Finding]:
    return [finding for finding in check(netlist) if finding.rule == rule]


def _one(builder: Builder, rule: str) -> Finding:
    (finding,) = _found(builder.freeze(), rule)
    return finding


@settings(max_examples=30, deadline=None)
@given(hierarchical_netlists())
def test_sound_netlists_have_no_errors(netlist: Netlist) -> None:
    assert [f for f in check(netlist) if f.severity != "note"] == []


def test_undriven_net() -> None:
    b = Builder("top", file="a.v")
    b.top.output("y", b.top.gate("AND", b.top.net("lost"), b.top.input("a"), line=5))
    finding = _one(b, "undriven-net")
    assert str(finding) == "a.v:5: error: net 'lost' is read 1 times but nothing drives it [undriven-net]"
    assert finding.names == ("lost",)


def test_global_nets_need_no_driver() -> None:
    b = Builder("top")
    b.top.output("y", b.top.gate("NOT", b.top.net("vdd")))
    b.global_nets.append("vdd")
    assert _found(b.freeze(), "undriven-net") == []


def test_multiple_drivers() -> None:
    b = Builder("top")
    y = b.top.net("y")
    b.top.gate("NOT", b.top.input("a"), out=y, name="g1", line=2)
    b.top.gate("NOT", b.top.input("b"), out=y, name="g2", line=3)
    b.top.output("y")
    finding = _one(b, "multiple-drivers")
    assert finding.message == "net 'y' has 2 drivers: g1, g2"
    assert (finding.severity, finding.names, finding.line) == ("error", ("y", "g1", "g2"), 2)


def test_driven_input_port() -> None:
    b = Builder("top")
    a = b.top.input("a")
    b.top.gate("ONE", out=a, name="g")
    assert _one(b, "multiple-drivers").message == "net 'a' has 2 drivers: a, g"


def test_driven_constant() -> None:
    b = Builder("top")
    b.top.cell(gate("NOT"), [b.top.input("a"), 1], name="g")
    assert _one(b, "multiple-drivers").message == "net '1'b1' has 2 drivers: a constant and g"


def test_floating_inputs() -> None:
    b = Builder("top", file="a.v")
    b.top.cell(gate("AND", 3), {"A": b.top.input("a"), "B": OPEN, "Y": b.top.net("y")}, name="g", line=4)
    finding = _one(b, "floating-input")
    assert str(finding) == "a.v:4: warning: cell 'g' of type 'AND3' leaves its input B, C open [floating-input]"
    assert finding.names == ("g", "B", "C")


def test_a_register_may_leave_its_clock_open_but_not_its_data() -> None:
    b = Builder("top")
    b.top.cell(gate("DFF"), {"D": b.top.input("d"), "Q": b.top.net("q")}, name="fine")
    b.top.cell(gate("DFF"), {"Q": b.top.net("r")}, name="bad")
    assert _one(b, "floating-input").names == ("bad", "D")


def test_a_register_with_clock_but_without_data() -> None:
    b = Builder("top")
    b.top.cell(gate("DFF"), {"C": b.top.input("clk"), "Q": b.top.net("r")}, name="bad")
    assert _one(b, "floating-input").names == ("bad", "D")


def test_combinational_loop_is_printed() -> None:
    b = Builder("top", file="a.v")
    m = b.top
    x, y = m.net("x"), m.net("y")
    m.cell(gate("AND"), [m.input("a"), y, x], name="g1", line=3)
    m.cell(gate("NOT"), [x, y], name="g2", line=4)
    m.output("y")
    assert str(_one(b, "combinational-loop")) == (
        "a.v:3: error: combinational loop of 2 cells: g1 -(x)-> g2 -(y)-> g1 [combinational-loop]"
    )


def test_a_loop_through_a_register_is_fine() -> None:
    b = Builder("top")
    q = b.top.net("q")
    b.top.cell(gate("DFF"), [b.top.gate("NOT", q), b.top.input("clk"), q])
    b.top.output("q")
    assert _found(b.freeze(), "combinational-loop") == []


def test_unknown_cell_is_reported_once() -> None:
    b = Builder("top")
    black = CellType("IP", Kind.BLACKBOX, (Role("i", Direction.IN), Role("o", Direction.OUT)), guessed=True)
    for k in range(3):
        b.top.cell(black, [b.top.input(f"a{k}"), b.top.output(f"y{k}")], line=8 + k)
    finding = _one(b, "unknown-cell")
    assert finding.message == (
        "'IP' is used 3 times in module 'top' but defined nowhere; pin directions are guessed from pin names"
    )
    assert (finding.severity, finding.line) == ("warning", 8)


def test_instance_with_an_open_input() -> None:
    b = Builder("top")
    child = b.module("child")
    child.output("y", child.gate("NOT", child.input("x")))
    b.top.instance("child", {"y": b.top.output("z")}, name="u")
    finding = _one(b, "port-mismatch")
    assert finding.message == "cell 'u' of type 'child' leaves its input x open"


def test_unused_nets_are_a_note() -> None:
    b = Builder("top")
    b.top.input("a")
    finding = _one(b, "unused-net")
    assert (finding.severity, finding.message) == ("note", "1 nets are driven but nothing reads them: a")


def test_a_rule_is_cut_short_and_counts_the_rest() -> None:
    b = Builder("top")
    for k in range(MAX_PER_RULE + 5):
        b.top.output(f"y{k}")
    found = _found(b.freeze(), "undriven-net")
    assert len(found) == MAX_PER_RULE + 1
    assert found[-1].message == "5 more of this rule"


def test_the_readers_findings_come_first() -> None:
    b = Builder("top")
    remark = Finding("reader", "warning", "something odd")
    b.findings.append(remark)
    assert check(b.freeze()) == [remark]
