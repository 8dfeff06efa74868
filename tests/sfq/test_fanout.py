"""The rule that an output drives one input: findings, repair, trees."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import NetlistError
from hwdesign.formats import read, write
from hwdesign.formats.spice.writer import spice_text
from hwdesign.formats.verilog import read_verilog
from hwdesign.netlist import Builder, Netlist
from hwdesign.sfq import (
    CELLS,
    DFF,
    JTL,
    FanIn,
    FanOut,
    cell_types,
    fan_in,
    fan_out,
    fan_out_check,
    insert_splitters,
    structural,
    testbench,
)
from hwdesign.sfq.trees import depth, fan_out_levels
from tests.cli.conftest import Cli, cli

__all__ = ["cli"]

VERILOG = """\
module chip (input a, clk, output q0, q1);
  wire x;
  sfq_jtl j0 (.a(a), .q(x));
  sfq_dff d0 (.a(x), .clk(clk), .q(q0));
  sfq_dff d1 (.a(x), .clk(clk), .q(q1));
endmodule
"""


def shared(readers: int) -> Netlist:
    """One line that drives `readers` others and an output port."""
    b = Builder("net")
    m = b.top
    x = m.net("x")
    JTL().place(m, {"a": m.input("a"), "q": x}, name="J0")
    for k in range(readers):
        JTL().place(m, {"a": x, "q": m.output(f"q{k}")}, name=f"J{k + 1}")
    m.output("qx", x)
    return b.freeze()


@pytest.mark.parametrize("kind", CELLS)
def test_cells_and_their_benches_keep_the_rule(kind: str) -> None:
    cell = CELLS[kind]()
    assert fan_out_check(cell.netlist()) == []
    assert fan_out_check(testbench(cell, {})) == []


def test_findings_name_net_cells_and_line(tmp_path: Path) -> None:
    path = tmp_path / "chip.v"
    path.write_text(VERILOG)
    found = fan_out_check(read_verilog(path, library=cell_types()))
    assert [str(finding) for finding in found] == [
        f"{path}:1: error: net 'clk' drives 2 inputs where an SFQ output drives exactly one: insert splitters "
        "[sfq-fan-out]",
        f"{path}:3: error: net 'x' drives 2 inputs where an SFQ output drives exactly one: insert splitters "
        "[sfq-fan-out]",
    ]
    assert found[1].names == ("x", "j0", "d0", "d1")


def test_an_output_that_drives_nothing_is_found() -> None:
    b = Builder("net")
    JTL().place(b.top, {"a": b.top.input("a"), "q": b.top.net("x")}, name="J0")
    (found,) = fan_out_check(b.freeze())
    assert found.message == "net 'x' drives 0 inputs where an SFQ output drives exactly one: terminate it"


@settings(max_examples=15, deadline=None)
@given(readers=st.integers(1, 30))
def test_splitters_mend_every_fan_out(readers: int) -> None:
    mended = insert_splitters(shared(readers))
    assert fan_out_check(mended) == []
    counts = mended.top_module.type_counts()
    assert counts["sfq_splitter"] == readers and counts["sfq_jtl"] == readers + 1
    assert mended.top_module.port_labels() == shared(readers).top_module.port_labels()
    # Nothing else is new: mending it again changes nothing.
    assert spice_text(insert_splitters(mended)) == spice_text(mended)


def test_verilog_with_splitters_can_be_read_again(tmp_path: Path) -> None:
    path, again = tmp_path / "chip.v", tmp_path / "mended.v"
    path.write_text(VERILOG)
    mended = insert_splitters(read_verilog(path, library=cell_types()))
    write(structural(mended), again)
    assert "sfq_splitter XS_x_0 (.a(x), .q0(XS_x_0_q0), .q1(XS_x_0_q1));" in again.read_text()
    assert fan_out_check(read_verilog(again, library=cell_types())) == []


def test_no_structural_netlist_of_devices() -> None:
    with pytest.raises(NetlistError, match="module 'sfq_dff' holds devices, so that no structural netlist"):
        structural(DFF().netlist())


def test_devices_on_a_net_cannot_be_split() -> None:
    from hwdesign.netlist.devices import RESISTOR

    b = Builder("net")
    m = b.top
    x = m.net("x")
    JTL().place(m, {"a": m.input("a"), "q": x}, name="J0")
    JTL().place(m, {"a": x, "q": m.output("q")}, name="J1")
    m.cell(RESISTOR, [x, m.net("0")], name="R1", params={"value": 2.0})
    assert len(fan_out_check(b.freeze())) == 1
    with pytest.raises(NetlistError, match="net 'x' of module 'net' is split but has devices on it"):
        insert_splitters(b.freeze())


@settings(max_examples=20, deadline=None)
@given(leaves=st.integers(1, 70))
def test_trees_have_one_cell_less_than_leaves_and_least_depth(leaves: int) -> None:
    b = Builder("tree")
    m = b.top
    ends = fan_out(m, m.input("a"), leaves, name="S")
    m.output("q", fan_in(m, ends, name="M"))
    netlist = b.freeze()
    counts = netlist.top_module.type_counts()
    assert counts.get("sfq_splitter", 0) == counts.get("sfq_merger", 0) == leaves - 1
    assert fan_out_check(netlist) == [] and len(set(ends)) == leaves
    levels = fan_out_levels(leaves)
    assert max(levels) == depth(leaves) and max(levels) - min(levels) <= 1


def test_trees_refuse_sizes_that_make_no_tree() -> None:
    m = Builder("tree").top
    with pytest.raises(NetlistError, match="a tree of 0 leaves cannot be made; 1 to 4096 can"):
        fan_out(m, m.input("a"), 0, name="S")
    with pytest.raises(NetlistError, match="a tree of 3 leaves cannot end in 2 given nets"):
        fan_out(m, m.net("a"), 3, name="S", ends=[2, 3])
    with pytest.raises(NetlistError, match="parameter 'leaves' of 'fanin' is 1"):
        FanIn(leaves=1)


def test_tree_cells_survive_a_deck(tmp_path: Path) -> None:
    path = tmp_path / "tree.cir"
    write(testbench(FanOut(leaves=3), {"a": [20]}), path)
    assert {"sfq_fanout_leaves_3", "sfq_splitter", "sfq_jtl"} <= set(read(path).modules)


def test_the_command_line_checks_the_rule(cli: Cli, tmp_path: Path) -> None:
    path, mended = tmp_path / "chip.v", tmp_path / "mended.v"
    path.write_text(VERILOG)
    done = cli("check", path, "--sfq")
    assert done.code == 1 and done.out.count("[sfq-fan-out]") == 2
    assert done.out.splitlines()[-1] == f"{path}: 2 errors"
    write(structural(insert_splitters(read_verilog(path, library=cell_types()))), mended)
    done = cli("check", mended, "--sfq")
    assert (done.code, done.out) == (0, f"{mended}: nothing found\n")
    done = cli("check", path, "--sfq", "--liberty", "x.lib")
    assert (done.code, done.err) == (2, "error: --sfq does not go with --liberty; leave one of them out\n")
