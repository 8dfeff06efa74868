"""Syntax tree and data flow of RTL Verilog: what is found, where, and every refusal."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FileError, FormatError, HwdesignError, LimitError, ToolError, UnsupportedError
from hwdesign.formats import _rtl_parser
from hwdesign.formats.rtl import RtlInstance, RtlParameter, RtlSignal, dataflow, parse_rtl
from tests.conftest import ROOT

RTL = ROOT / "netlists" / "rtl"

TEXT = """\
// a comment
`timescale 1ns / 1ps
module top #(
    parameter W = 8,
    parameter D = 2 ** 3
) (
    input clk,
    input rst_n,
    input signed [W-1:0] a, b,
    output reg [2*W:0] y,
    inout io
);
  localparam L = $clog2(D) + (W > 4 ? 10 : 20);
  wire [L-1:0] n = a ^ {W{1'b1}};
  reg [7:0] mem [0:D-1];
  integer i;
  assign io = a[0] & ~b[W-1:2] | y[i*4 +: 4];
  leaf #(.P(W)) u1 (.x(n[0]), .z(), .w({a, b}));
  leaf u2 (a, b);
  always @(posedge clk or negedge rst_n)
    if (!rst_n) y <= 0;
    else begin
      y[3:0] <= a;
      mem[a] <= b;
    end
  always @(*) i = a;
  initial y = 0;
  function f; input q; f = q; endfunction
endmodule

module leaf #(parameter P = 1) (x, z, w);
  input [P:0] x;
  output z;
  input w;
  reg z;
endmodule
"""


def test_modules_ports_and_parameters():
    design = parse_rtl(TEXT)
    assert [(module.name, module.line) for module in design.modules] == [("top", 3), ("leaf", 31)]
    assert design.tops == ("top",)
    top = design.module("top")
    assert top.parameters == (
        RtlParameter("W", "8", 8, False, 4),
        RtlParameter("D", "2 ** 3", 8, False, 5),
        RtlParameter("L", "$clog2(D) + ((W > 4) ? 10 : 20)", 13, True, 13),
    )
    assert [(port.name, port.direction, port.range, port.bits) for port in top.ports] == [
        ("clk", "input", "", 1),
        ("rst_n", "input", "", 1),
        ("a", "input", "W - 1:0", 8),
        ("b", "input", "W - 1:0", 8),
        ("y", "output", "2 * W:0", 17),
        ("io", "inout", "", 1),
    ]
    assert (top.ports[2].signed, top.ports[4].kind, top.ports[4].line) == (True, "reg", 10)
    with pytest.raises(KeyError):
        design.module("nothing")


def test_signals_assignments_and_blocks():
    top = parse_rtl(TEXT).module("top")
    assert top.signals == (
        RtlSignal("n", "wire", None, "L - 1:0", 13, "", False, 14),
        RtlSignal("mem", "reg", None, "7:0", 8, "[0:D - 1]", False, 15),
        RtlSignal("i", "integer", None, "31:0", 32, "", True, 16),
    )
    assert [(one.targets, one.expression, one.sources, one.line) for one in top.assigns] == [
        (("n",), "a ^ {W{1'b1}}", ("a", "W"), 14),
        (("io",), "(a[0] & (~b[W - 1:2])) | y[i * 4+:4]", ("a", "b", "W", "y", "i"), 17),
    ]
    assert [(one.sensitivity, one.clocked, one.targets, one.line) for one in top.always] == [
        (("posedge clk", "negedge rst_n"), True, ("y", "mem"), 20),
        (("*",), False, ("i",), 26),
    ]
    assert top.registers == ("y", "mem")
    assert top.clocks == ("posedge clk", "negedge rst_n")
    assert (top.initial, top.functions) == (1, ("f",))


def test_instances():
    top = parse_rtl(TEXT).module("top")
    assert top.instances == (
        RtlInstance("u1", "leaf", (("P", "W"),), (("x", "n[0]"), ("z", ""), ("w", "{a, b}")), 18),
        RtlInstance("u2", "leaf", (), (("", "a"), ("", "b")), 19),
    )


def test_ports_declared_in_the_body():
    leaf = parse_rtl(TEXT).module("leaf")
    assert [(port.name, port.direction, port.kind, port.bits) for port in leaf.ports] == [
        ("x", "input", "wire", 2),
        ("z", "output", "reg", 1),
        ("w", "input", "wire", 1),
    ]
    assert leaf.signals == ()


@pytest.mark.parametrize("path", sorted(RTL.glob("*.v")), ids=lambda path: path.stem)
def test_our_designs(path):
    design = parse_rtl(path)
    assert design.file == str(path)
    (module,) = design.modules
    assert module.name == path.stem
    assert all(port.bits and port.bits > 0 for port in module.ports)
    lines = path.read_text().splitlines()
    assert f"module {module.name}" in lines[module.line - 1]
    for port in module.ports:
        assert port.name in lines[port.line - 1]
    assert set(module.clocks) == ({"posedge clk"} if "clk" in {port.name for port in module.ports} else set())
    assert bool(module.registers) == bool(module.clocks) or path.stem == "sync_fifo"


@given(st.recursive(st.sampled_from(["a", "b", "3", "8'h1f"]), lambda inner: st.one_of(
    st.tuples(inner, st.sampled_from(["+", "-", "*", "&", "|", "^", "<<", "==", "&&"]), inner).map(
        lambda t: f"({t[0]} {t[1]} {t[2]})"),
    inner.map(lambda e: f"(~{e})"),
    st.tuples(inner, inner).map(lambda t: "{" + f"{t[0]}, {t[1]}" + "}"),
    st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
), max_leaves=12))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_the_text_of_an_expression_reads_back_as_itself(expression):
    def once(text):
        return parse_rtl(f"module m; assign y = {text}; endmodule").modules[0].assigns[0]

    first = once(expression)
    again = once(first.expression)
    assert (again.expression, again.sources) == (first.expression, first.sources)
    assert set(first.sources) == {name for name in "ab" if name in expression.replace("8'h1f", "")}


@given(st.integers(-300, 300), st.integers(-300, 300), st.sampled_from(["+", "-", "*", "<", ">=", "=="]))
@settings(max_examples=40, deadline=None)
def test_constant_parameters(a, b, operator):
    text = f"module m #(parameter A = {a}, parameter B = {b}, parameter C = A {operator} B) (); endmodule"
    values = {one.name: one.value for one in parse_rtl(text).modules[0].parameters}
    assert values == {"A": a, "B": b, "C": int(eval(f"{a} {operator} ({b})"))}


def test_constants_that_are_not_plain_stay_open():
    words = ["1 / 0", "2 ** 100000000", "1 << 100000000", "4'bx", "X + 1", "3 - f(1)", "1.5"]
    text = "module m #(" + ", ".join(f"parameter P{k} = {word}" for k, word in enumerate(words)) + ") (); endmodule"
    assert [one.value for one in parse_rtl(text).modules[0].parameters] == [None] * len(words)
    small = parse_rtl("module m #(parameter A = -7 / 2, B = -7 % 2, C = 8'hFF >> 4, D = 12'b1_0) (); endmodule")
    assert [one.value for one in small.modules[0].parameters] == [-3, -1, 15, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("module m;\n  assign y = a b;\nendmodule\n", ':2: syntax error before "b"'),
        ("module m;\n\n  wire w = 'q;\nendmodule\n", ':3: Illegal character "\'"'),
        ("module m;\n  wire a;\n", ":2: the text ends inside a module"),
        ("", ": the file is empty"),
        (" \n\n", ": the file is empty"),
        ("int x;\n", ':1: syntax error before "int"'),
    ],
)
def test_syntax_errors_have_file_and_line(tmp_path, text, words):
    path = tmp_path / "bad.v"
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        parse_rtl(path)
    assert f"{path}{words}" in str(caught.value)
    # The parser is shared: a failure must leave nothing behind.
    assert parse_rtl("module ok; endmodule").modules[0].line == 1


@pytest.mark.parametrize("directive", ['include "x.vh"', "define A 1", "ifdef A", "A"])
def test_macros_are_refused(directive):
    with pytest.raises(UnsupportedError) as caught:
        parse_rtl(f"// `fine in a comment\nmodule m; endmodule\n`{directive}\n")
    name = directive.split()[0]
    assert str(caught.value) == (
        f"<text>:3: `{name} needs a preprocessor, which syntax trees and data flow do without; "
        "write the text out, for example with `iverilog -E`"
    )


def test_limits_and_missing_and_binary_files(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        parse_rtl(tmp_path / "none.v")
    with pytest.raises(FormatError, match="<text>: this is a binary file"):
        parse_rtl("module\0")
    with pytest.raises(LimitError, match="larger than 2097152 bytes"):
        parse_rtl("/" * (_rtl_parser.MAX_RTL_BYTES + 1))
    deep = "module m; assign y = " + "(" * 3000 + "a" + " + b)" * 3000 + "; endmodule"
    with pytest.raises(LimitError, match="nested too deeply"):
        parse_rtl(deep)


@given(st.text(alphabet="module(){}[];:=,.#@`'\"\\/* \nabc01é\0<>?+-", max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_a_summary_or_an_error_of_ours(text):
    for source in (text, "module m(input a);\n" + text + "\nendmodule"):
        try:
            parse_rtl(source)
        except HwdesignError:
            continue


def test_nothing_is_written_or_printed(tmp_path):
    code = (
        "from hwdesign.formats.rtl import parse_rtl, dataflow\n"
        "text = 'module m(input a, output y); assign y = ~a; endmodule'\n"
        "parse_rtl(text); dataflow(text)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


FLOW = """\
module top(input clk, input arst, input en, input [3:0] d, input [1:0] s, output [3:0] y, output reg z);
  parameter P = 3;
  wire [3:0] n;
  reg [3:0] t;
  leaf u(.clk(clk), .i(n), .o(y));
  assign n = d + P;
  always @(posedge clk or posedge arst) if (arst) z <= 0; else if (en) z <= t[s];
  always @(*) begin t = n; t = t ^ d; end
endmodule
module leaf(input clk, input [3:0] i, output [3:0] o);
  reg [3:0] q;
  assign o = q;
  always @(posedge clk) q <= i;
endmodule
"""


def test_dataflow_through_the_hierarchy():
    graph = dataflow(FLOW)
    assert graph.graph["top"] == "top"

    def flags(source, target):
        edge = graph.edges[source, target]
        return "".join(name[0] for name in ("data", "control", "clock", "registered") if edge[name])

    assert {(*edge, flags(*edge)) for edge in graph.edges} == {
        ("top.d", "top.n", "d"),
        ("top.n", "top.u.i", "d"),
        ("top.clk", "top.u.clk", "d"),
        ("top.u.clk", "top.u.q", "cr"),
        ("top.u.i", "top.u.q", "dr"),
        ("top.u.q", "top.u.o", "d"),
        ("top.u.o", "top.y", "d"),
        ("top.n", "top.t", "d"),
        ("top.d", "top.t", "d"),
        ("top.t", "top.z", "dr"),
        ("top.s", "top.z", "cr"),
        ("top.en", "top.z", "cr"),
        ("top.clk", "top.z", "cr"),
        ("top.arst", "top.z", "ccr"),
    }
    assert "Input" in graph.nodes["top.d"]["kinds"]
    assert "top.P" not in graph


def test_dataflow_names_generate_blocks_as_verilog_does():
    graph = dataflow(RTL / "fir.v")
    assert graph.edges["fir.x", "fir.tap[2].sum"]["registered"]
    assert {f"fir.tap[{k}].sum" for k in range(4)} <= set(graph)


def test_dataflow_refusals():
    two = "module a; endmodule\nmodule b; endmodule\n"
    with pytest.raises(FormatError, match="the top module is not clear: a, b; name the top module"):
        dataflow(two)
    assert len(dataflow(two, "b")) == 0
    with pytest.raises(FormatError, match="there is no module 'c'"):
        dataflow(two, "c")
    with pytest.raises(FormatError, match="pyverilog: "):
        dataflow("module m(input a, output y); missing u(a, y); endmodule")
    endless = (
        "module m(output reg [31:0] y); integer i;\nalways @(*) for (i = 0; i < 100000000; i = i + 1) y = i; endmodule"
    )
    with pytest.raises(ToolError, match="ran past its limit of 1 s"):
        dataflow(endless, timeout_s=1)
