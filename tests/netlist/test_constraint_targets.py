"""What the names of constraints mean in a module."""

from __future__ import annotations

import pytest

from hwdesign.errors import NetlistError
from hwdesign.formats.liberty import read_liberty_text
from hwdesign.formats.sdc import read_sdc_text
from hwdesign.formats.verilog import read_verilog_text
from hwdesign.netlist import Module
from hwdesign.netlist.constraint_targets import BoundConstraints, Targets, bind
from hwdesign.netlist.timing_types import cell_library
from tests.formats.liberty_text import cell, library

LIBRARY = library(
    cell("BUF", "pin (A) { direction : input; }", 'pin (Y) { direction : output; function : "A"; }'),
    cell("FF", 'ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }', "pin (D, CK) { direction : input; }",
         'pin (Q) { direction : output; function : "IQ"; }'),
)  # fmt: skip
VERILOG = r"""module t (clk, rst, d, q, io); input clk, rst; input [1:0] d; output [1:0] q; inout io; wire n;
  BUF b0 (.A(clk), .Y(n)); FF \r/0 (.D(d[0]), .CK(n), .Q(q[0])); FF \r/1 (.D(d[1]), .CK(n), .Q(q[1])); endmodule"""


@pytest.fixture(scope="module")
def module() -> Module:
    return read_verilog_text(VERILOG, library=cell_library(read_liberty_text(LIBRARY))).top_module


def targets(module: Module, word: str) -> tuple[BoundConstraints, Targets]:
    text = f"create_clock -name c -period 1 clk; create_clock -name c2 -period 2\nset_false_path -to {word}"
    constraints = read_sdc_text(text, file="t.sdc")
    bound = bind(constraints, module)
    point = constraints.exceptions[0].target
    assert point is not None
    return bound, bound[point.objects]


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("[get_ports d]", "d[1] d[0]"),
        ("[get_ports {d[0] q[*]}]", "d[0] q[1] q[0]"),
        ("[get_ports {r?t clk rst}]", "rst clk"),
        ("[get_ports *]", "clk rst d[1] d[0] q[1] q[0] io"),
        ("[all_inputs]", "clk rst d[1] d[0] io"),
        ("[all_inputs -no_clocks]", "rst d[1] d[0] io"),
        ("[all_outputs]", "q[1] q[0] io"),
        ("[remove_from_collection [all_inputs] [get_ports {clk rst}]]", "d[1] d[0] io"),
        ("[get_pins r/*/D]", "r/0/D r/1/D"),
        ("[get_pins b0/*]", "b0/A b0/Y"),
        ("[get_pins {r/0/Q}]", "r/0/Q"),
        ("[get_cells r*]", "r/0 r/1"),
        ("[all_registers]", "r/0 r/1"),
        ("[get_nets n]", "n"),
        ("[get_clocks c*]", "c c2"),
        ("[all_clocks]", "c c2"),
        ("{c d r/0/D b0}", "d[1] d[0] r/0/D b0 c"),
    ],
)
def test_what_is_found(module: Module, word: str, names: str) -> None:
    bound, found = targets(module, word)
    ports, cells, nets = module.port_labels(), module.cell_labels(), module.net_labels()
    shown = [ports[at] for at in found.ports] + bound.pin_names(found.pins) + [cells[at] for at in found.cells]
    assert shown + [nets[at] for at in found.nets] + found.clocks == names.split()
    assert bound.findings == ()
    assert bound.require() is bound


def test_what_is_not_found(module: Module) -> None:
    bound, found = targets(module, "[get_ports {x clk d[7] y z u v w}]")
    assert found.ports == [0]
    (finding,) = bound.findings
    assert str(finding) == ("t.sdc:2: error: module 't' lacks 7 names (port): x, d[7], y, z, u ... [not-found]")
    with pytest.raises(NetlistError) as caught:
        bound.require()
    assert str(caught.value) == (
        "t.sdc:2: 7 names of the constraints are not in module 't': x, d[7], y, z, u ...; "
        "check that both files are of one design"
    )
    bound, _ = targets(module, "nothing")
    assert bound.findings[0].message == "module 't' has no clock or port or pin or cell nothing"
    bound, found = targets(module, "[get_ports -quiet x]")
    assert (bound.findings, bool(found)) == ((), False)


def test_no_clock(module: Module) -> None:
    (finding,) = bind(read_sdc_text("set_load 1 q", file="t.sdc"), module).findings
    assert str(finding) == "t.sdc: warning: the constraints make no clock, so no path is timed [no-clock]"
