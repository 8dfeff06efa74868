"""What structural Verilog becomes, construct by construct."""

from __future__ import annotations

import numpy as np
import pytest

from hwdesign.errors import LimitError
from hwdesign.kernels.readers import INSTANCE, parse_verilog
from tests.kernels.raw_tables import Cell, cells, module_names, net_labels, ports


def read(body: str, header: str = "module m (a, b, y); input [3:0] a; input b; output [3:0] y;") -> list[Cell]:
    return cells(parse_verilog(f"{header}\n{body}\nendmodule\n".encode()))


def test_instances_keep_names_lines_pins_and_types() -> None:
    found = read("NAND2 u1 (.A(a[0]), .B(b), .Y(n));\n\nFOO \\x[3].y (n, , y[0]);")
    assert [(c.kind, c.name, c.line) for c in found] == [("NAND2", "u1", 2), ("FOO", "x[3].y", 4)]
    assert found[0].pins == [("A", 0, "a[0]"), ("B", 0, "b"), ("Y", 0, "n")]
    assert found[1].pins == [(0, 0, "n"), (1, 0, "z"), (2, 0, "y[0]")]


def test_an_empty_port_is_open_and_a_missing_one_is_absent() -> None:
    (cell,) = read("FOO u (.A(), .B(b));")
    assert cell.pins == [("A", 0, "z"), ("B", 0, "b")]
    assert read("FOO u ();")[0].pins == []


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("a", ["a[0]", "a[1]", "a[2]", "a[3]"]),
        ("a[2:1]", ["a[1]", "a[2]"]),
        ("a[1 +: 2]", ["a[1]", "a[2]"]),
        ("a[3 -: 2]", ["a[2]", "a[3]"]),
        ("r", ["r[-1]", "r[-2]", "r[-3]"]),
        ("r[-3:-2]", ["r[-2]", "r[-3]"]),
        ("r[-2 +: 2]", ["r[-1]", "r[-2]"]),
        ("{b, a[0], 1'b1}", ["1", "a[0]", "b"]),
        ("{2{b, a[3]}}", ["a[3]", "b", "a[3]", "b"]),
        ("{b, {0{a}}}", ["b"]),
        ("4'b10xz", ["z", "0?", "0", "1"]),
        ("8'hx3", ["1", "1", "0", "0", "0?", "0?", "0?", "0?"]),
        ("3 'o 5", ["1", "0", "1"]),
        ("6'sd5", ["1", "0", "1", "0", "0", "0"]),
        ("4'bz", ["z"] * 4),
        ("5'dx", ["0?"] * 5),
        ("P[2:1]", ["1", "0"]),
        ("P", ["0", "1", "0", "1"]),
        ("\\w[1] ", ["w[1]"]),
    ],
)
def test_connections_bit_by_bit(text: str, bits: list[str]) -> None:
    found = read(f"wire [-3:-1] r; localparam P = 4'b1010; wire \\w[1] ; FOO u (.A({text}));")
    assert found[0].pin("A") == bits


def test_declared_indices_name_the_bits_and_order_the_ports() -> None:
    design = parse_verilog(b"module m (p, q, s); input [2:1] p; output [0:1] q; inout s; endmodule")
    expected = [("p[2]", "in"), ("p[1]", "in"), ("q[0]", "out"), ("q[1]", "out"), ("s", "inout")]
    assert ports(design) == expected
    module = design.modules[0]
    assert module.port_bus.tolist() == [0, 0, 1, 1, -1]
    assert list(zip(module.bus_left.tolist(), module.bus_right.tolist(), strict=True)) == [(2, 1), (0, 1)]


@pytest.mark.parametrize(
    "header",
    [
        "module m (input wire [1:0] a, b, output signed [0:0] y, inout z);",
        "module m (a, b, y, z); input [1:0] a, b; wire [1:0] a; output [0:0] y; inout wire z;",
        "module m #(parameter W = 2) (input [W-1:0] a, input [$clog2(W):0] b, output [W*0:0] y, inout z);",
    ],
)
def test_header_styles(header: str) -> None:
    design = parse_verilog(f"{header} endmodule".encode())
    names = ["a[1]", "a[0]", "b[1]", "b[0]", "y[0]", "z"]
    assert ports(design) == list(zip(names, ["in"] * 4 + ["out", "inout"], strict=True))


def test_a_port_may_be_a_part_or_a_concatenation_of_nets() -> None:
    design = parse_verilog(b"module m (.p(w[2:1]), .q({c, d}), .o()); input [3:0] w; output c, d; endmodule")
    assert ports(design) == [("p[1]", "in"), ("p[0]", "in"), ("q[1]", "out"), ("q[0]", "out")]
    labels = net_labels(design, design.modules[0])
    assert [labels[n] for n in design.modules[0].port_net] == ["w[2]", "w[1]", "c", "d"]


def test_gate_primitives() -> None:
    found = read("nand #(1, 2) g1 (y[0], a[0], ~b), (y[1], a[1], 1'bx);\nbuf (strong0, pull1) (y[2], y[3], b);")
    assert [(c.kind, c.name) for c in found] == [("NAND", "g1"), ("NAND", ""), ("BUF", ""), ("BUF", "")]
    assert found[0].pins == [(0, 0, "y[0]"), (1, 0, "a[0]"), (2, 0, "~b")]
    assert found[1].pin(2) == ["0?"]
    assert [c.pin(0) + c.pin(1) for c in found[2:]] == [["y[2]", "b"], ["y[3]", "b"]]


def test_arrays_of_instances_share_or_split_their_connections() -> None:
    found = read("CELL u[3:0] (.A(a), .B(b), .Y(y)); xor g[0:1] (y[1:0], a[1:0], b);")
    gates, instances = found[:2], found[2:]
    assert [(c.name, c.pin("A"), c.pin("B"), c.pin("Y")) for c in instances] == [
        (f"u[{i}]", [f"a[{i}]"], ["b"], [f"y[{i}]"]) for i in (3, 2, 1, 0)
    ]
    assert [(c.name, c.pin(0), c.pin(1), c.pin(2)) for c in gates] == [
        ("g[0]", ["y[1]"], ["a[1]"], ["b"]), ("g[1]", ["y[0]"], ["a[0]"], ["b"])
    ]  # fmt: skip


def test_arrays_of_known_modules_follow_the_ports_widths() -> None:
    text = b"""module top (input [1:0] a, output [3:0] y); leaf u [1:0] (.a(a), .y(y)); endmodule
               module leaf (input [1:0] a, output [1:0] y); endmodule"""
    first, second = cells(parse_verilog(text))
    assert (first.name, first.pin("a"), first.pin("y")) == ("u[1]", ["a[0]", "a[1]"], ["y[2]", "y[3]"])
    assert (second.name, second.pin("a"), second.pin("y")) == ("u[0]", ["a[0]", "a[1]"], ["y[0]", "y[1]"])


def test_a_constant_without_a_width_takes_its_ports_width() -> None:
    text = b"""module top (); leaf u (.a(5)); BOX v (.a(0), .b(5)); endmodule
               module leaf (input [3:0] a); endmodule"""
    known, box = cells(parse_verilog(text))
    assert known.pin("a") == ["1", "0", "1", "0"]
    assert box.pin("a") == ["0"]
    assert box.pin("b") == ["1", "0", "1"]


def test_attributes_and_parameters_stay_with_their_cell() -> None:
    found = read(
        '(* src = "f.v:3", keep *) BOX #(.INIT(8\'hA5), .NAME("n"), .R(1.5)) u (.A(a[0]));\n'
        "BOX #(3, 4) v (.A(b)), w [1:0] (.A(b)); LATE x (.A(b)); defparam x.K = 2 * 3;"
    )
    by_name = {c.name: c.params for c in found}
    assert by_name["u"] == {"@src": '"f.v:3"', "@keep": "1", "INIT": "8'hA5", "NAME": '"n"', "R": "1.5"}
    assert by_name["v"] == by_name["w[0]"] == by_name["w[1]"] == {"#0": "3", "#1": "4"}
    assert by_name["x"] == {"K": "6"}


PARAMETERS = b"""
module top (input [7:0] a, output [7:0] y);
  leaf #(.W(2)) u1 (.a(a[1:0]), .y(y[1:0]));
  leaf #(4) u2 (.a(a[3:0]), .y(y[3:0]));
  leaf u3 (.a(a), .y(y));
  leaf #(.W(8)) u4 (.a(a), .y(y));
  leaf u5 (.a(a[0]), .y(y[0]));
  defparam u5.W = 3 - 2;
endmodule
module leaf #(parameter W = 8, localparam L = W - 1) (input [L:0] a, output [L:0] y);
  assign y = ~a;
endmodule
"""


def test_overridden_modules_are_elaborated_under_their_own_name() -> None:
    design = parse_verilog(PARAMETERS)
    kinds = {c.name: c.kind for c in cells(design)}
    assert kinds == {"u1": "leaf$W=2", "u2": "leaf$W=4", "u3": "leaf", "u4": "leaf", "u5": "leaf$W=1"}
    assert module_names(design)[:2] == ["top", "leaf"]
    widths = {design.name(m.name): len(m.port_name) // 2 for m in design.modules[1:]}
    assert widths == {"leaf": 8, "leaf$W=1": 1, "leaf$W=2": 2, "leaf$W=4": 4}
    assert {c.name: len(c.pins) for c in cells(design)}["u2"] == 8


def test_a_default_version_that_nothing_uses_is_left_out() -> None:
    text = b"""module top (input a); leaf #(.W(2)) u (.a({a, a})); endmodule
               module leaf #(parameter W = 1) (input [W-1:0] a); deep #(W) d (a); endmodule
               module deep #(parameter W = 1) (input [W-1:0] a); endmodule"""
    design = parse_verilog(text)
    assert sorted(module_names(design)) == ["deep$W=2", "leaf$W=2", "top"]


def test_a_module_that_instantiates_itself_without_end_is_refused() -> None:
    text = b"module m #(parameter N = 0) (); m #(N + 1) deeper (); endmodule"
    with pytest.raises(LimitError, match="more than 4096 versions of modules; check for a module that instantiates"):
        parse_verilog(text)


def test_supplies_and_declarations_with_values() -> None:
    found = read("supply0 g; supply1 v; wire [1:0] t = a[1:0], s = {b, b};")
    assert [(c.kind, c.pin(0), c.pin(1)) for c in found] == [
        ("BUF", ["g"], ["0"]), ("BUF", ["v"], ["1"]),
        ("BUF", ["t[0]"], ["a[0]"]), ("BUF", ["t[1]"], ["a[1]"]),
        ("BUF", ["s[0]"], ["b"]), ("BUF", ["s[1]"], ["b"]),
    ]  # fmt: skip


def test_a_high_impedance_bit_is_not_assigned() -> None:
    assert [c.pin(0) for c in read("assign y = {1'b1, 2'bz, b};")] == [["y[0]"], ["y[3]"]]


def test_simple_inversions_become_pin_flags_on_gates_and_cells_before_instances() -> None:
    gate, inverter, box = read("assign y[0] = ~a[0] & b; BOX u (.A(~b));")
    assert (gate.kind, gate.pin(1), gate.pin(2)) == ("AND", ["~a[0]"], ["b"])
    assert (inverter.kind, inverter.pin(1)) == ("NOT", ["b"])
    assert box.pin("A") == inverter.pin(0)


def test_an_escaped_name_that_looks_like_a_bit_is_another_net() -> None:
    design = parse_verilog(b"module m (); wire \\v[0] ; wire [1:0] v, w; wire \\w[1] ; X u (\\v[0] , v[0], \\w[1] , w);"
                           b"endmodule")  # fmt: skip
    (cell,) = cells(design)
    assert [net for _, _, net in cell.pins] == ["\\v[0]", "v[0]", "\\w[1]", "w[0]", "w[1]"]


def test_specify_blocks_directives_and_comments_are_passed_over() -> None:
    text = b"""`timescale 1ns/1ps
    `celldefine // x
    module m (a, y); input a; output y; /* two
    lines */ buf (y, a); specify (a => y) = (1, 2); $setup(a, y, 3); endspecify specparam s = 1; endmodule
    `endcelldefine
    `line 3 "x" 0
    """
    design = parse_verilog(text)
    assert [(c.kind, c.line) for c in cells(design)] == [("BUF", 4)]


def test_default_nettype_wire_comes_back_after_none() -> None:
    text = b"`default_nettype none\nmodule m (); endmodule\n`resetall\nmodule n (); X u (w); endmodule"
    assert cells(parse_verilog(text), 1)[0].pins == [(0, 0, "w")]


def test_carriage_returns_byte_order_mark_and_non_ascii_names() -> None:
    text = "\ufeffmodule m (); // überall\r\n  wire \\größe ;\r\n  X \\数 (\\größe );\r\nendmodule\r\n".encode()
    (cell,) = cells(parse_verilog(text))
    assert (cell.name, cell.line, cell.pins) == ("数", 3, [(0, 0, "größe")])


def test_kinds_are_shared_and_typed() -> None:
    design = parse_verilog(b"module m (); X a (.P(n)); X b (.P(n)); and (n, p, q), (p, q, r, s); endmodule")
    assert [design.name(n) for n in design.kinds.name] == ["X", "AND", "AND"]
    assert design.kinds.arity.tolist() == [-1, 2, 3]
    assert design.kinds.klass.tolist() == [INSTANCE, 1, 1]
    assert design.modules[0].cell_kind.tolist() == [0, 0, 1, 2]


def test_data_may_be_bytes_or_an_array() -> None:
    text = b"module m (); endmodule"
    for data in (text, bytearray(text), memoryview(text), np.frombuffer(text, np.uint8)):
        assert module_names(parse_verilog(data)) == ["m"]
    with pytest.raises(ValueError, match="one-dimensional uint8 array"):
        parse_verilog(np.zeros(3, np.int32))  # type: ignore[arg-type]
