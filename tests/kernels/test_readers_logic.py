"""BLIF, BENCH and AIGER: what is read, and the words of their refusals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FormatError, HwdesignError, LimitError, UnsupportedError
from hwdesign.kernels.readers import (
    COVER,
    GATE,
    INSTANCE,
    LATCH,
    LUT,
    encode_aiger_binary,
    parse_aiger,
    parse_bench,
    parse_blif,
    parse_verilog,
)
from tests.kernels.raw_tables import cells, evaluate, module_names, ports

BLIF = b"""# comment
.model top
.inputs a b \\
  c[0]
.outputs y z
.clock clk
.names a b n1 # and
11 1
.cname g$1
.attr src "file.v:1 2"
.names c[0] n2
0 1
.names one
1
.names zero
.latch n1 q re clk 0
.latch n2 r
.latch r z re NIL 2
.subckt sub A=n1 B=n2 Y=y
.param INIT 0101
.gate NAND2 A=a B= Y=w
.mlatch DFF D=w Q=v clk 1
.conn a m
.default_input_arrival 0 0
.end
.model sub
.inputs A B
.outputs Y
.end
"""


def test_blif() -> None:
    design = parse_blif(BLIF)
    assert module_names(design) == ["top", "sub"]
    assert ports(design) == [(n, "in") for n in ("a", "b", "c[0]")] + [("y", "out"), ("z", "out"), ("clk", "in")]
    found = cells(design)
    classes = [int(design.kinds.klass[k]) for k in design.modules[0].cell_kind]
    assert classes == [COVER] * 4 + [LATCH] * 3 + [INSTANCE] * 3 + [GATE]
    assert [c.kind for c in found] == [
        "11 1", "0 1", "1", "", "re 0", " 3", "re 2", "sub", "NAND2", "DFF", "BUF"
    ]  # fmt: skip
    assert [c.line for c in found[:5]] == [7, 11, 13, 15, 16]
    assert found[0].name == "g$1"
    assert found[0].params == {"@src": '"file.v:1 2"'}
    assert found[0].pins == [(0, 0, "n1"), (1, 0, "a"), (2, 0, "b")]
    assert found[4].pins == [(0, 0, "q"), (1, 0, "n1"), (2, 0, "clk")]
    assert found[5].pins == [(0, 0, "r"), (1, 0, "n2")]
    assert found[7].params == {"INIT": "0101"}
    assert found[8].pins == [("A", 0, "a"), ("B", 0, "z"), ("Y", 0, "w")]
    assert found[9].params == {"control": "clk", "init": "1"}


def test_blif_without_a_model_line() -> None:
    assert module_names(parse_blif(b".inputs a\n.outputs a\n")) == ["top"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "the file holds no model; check that it is a BLIF file"),
        ("hello\n", 1, "expected a directive, found 'hello'; check that it is a BLIF file"),
        (".model m\n.foo x\n", 2, "unknown directive '.foo'"),
        (".model m\n.end\n.model m\n", 3, "the model 'm' is defined twice; remove or rename one"),
        (".model m\n.inputs a \\\n a\n", 2, "the input 'a' is declared twice"),
        (".names a b y\n1 1\n", 2, "a cover row does not have 2 input columns and one output"),
        (".names a y\n2 1\n", 2, "a cover row holds a character other than 0, 1 and -"),
        (".names a y\n1 1\n0 0\n", 3, "a cover mixes rows for 0 and for 1; keep to one of them"),
        (".latch a\n", 1, "'.latch' has 1 fields; write '.latch input output [type control] [initial value]'"),
        (".latch a b xx c\n", 1, "unknown latch type 'xx'; use fe, re, ah, al or as"),
        (".latch a b 7\n", 1, "the initial value '7' of a latch is not 0, 1, 2 or 3"),
        (".subckt m a\n", 1, "expected port=net, found 'a'"),
        (".subckt m a=b a=c\n", 1, "the port 'a' is connected twice"),
        (".subckt\n", 1, "'.subckt' is incomplete; write '.subckt model port=net ...'"),
        (".cname x\n", 1, "'.cname' stands before any cell"),
        (
            "\n\n.inputs a\0\n",
            3,
            "the file holds a NUL byte, so it is not BLIF text; check that it is not a binary file",
        ),
    ],
)
def test_blif_refusals(text: str, line: int, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_blif(text.encode())
    assert (str(caught.value), caught.value.line) == (words, line)


def test_blif_that_is_not_read() -> None:
    with pytest.raises(UnsupportedError, match=r"^'\.exdc' is not supported; remove it, or flatten the file with ABC$"):
        parse_blif(b".model m\n.exdc\n")
    with pytest.raises(UnsupportedError, match=r"^the state table '\.start_kiss' is not supported; encode"):
        parse_blif(b".model m\n.start_kiss\n")


BENCH = b"""# Benchmark
INPUT(a)
INPUT( b[0] )
OUTPUT(y)
OUTPUT(a)\r
n1 = nand(a, b[0])
n2 = NOT(n1)
one = vdd
zero = gnd
l = LUT 0xca ( a, b[0], n2 )
y = XOR(l, m, one)
m = MUX(a, n1,
        n2)
q = DFF(y)
"""


def test_bench() -> None:
    design = parse_bench(BENCH, name="c17")
    assert module_names(design) == ["c17"]
    assert ports(design) == [("a", "in"), ("b[0]", "in"), ("y", "out"), ("a", "out")]
    found = cells(design)
    assert [c.kind for c in found] == ["NAND", "NOT", "BUF", "BUF", "0xca", "XOR", "MUX", "DFF"]
    assert [c.line for c in found] == [6, 7, 8, 9, 10, 11, 12, 14]
    assert found[2].pins == [(0, 0, "one"), (1, 0, "1")]
    assert found[4].pins == [(0, 0, "l"), (1, 0, "a"), (2, 0, "b[0]"), (3, 0, "n2")]
    assert int(design.kinds.klass[design.modules[0].cell_kind[4]]) == LUT


def test_an_undefined_bench_output_is_left_undriven() -> None:
    design = parse_bench(b"INPUT(a)\nOUTPUT(y)\n")
    assert ports(design) == [("a", "in"), ("y", "out")]
    assert cells(design) == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "the file holds no signal; check that it is a BENCH file"),
        ("INPUT(a\n", 2, "expected ')' after a signal name, found the end of the file"),
        ("INPUT()\n", 1, "expected a signal name, found ')'"),
        ("INPUT(a)\nINPUT(a)\n", 2, "the input 'a' is declared twice"),
        ("FOO(a)", 1, "expected INPUT or OUTPUT before '(', found 'FOO'; write gates as 'name = GATE(inputs)'"),
        ("y = FOO(a)", 1, "unknown gate 'FOO'; use AND OR NAND NOR XOR XNOR NOT BUFF DFF MUX LUT vdd or gnd"),
        ("y = NOT(a, b)", 1, "the gate 'NOT' has 2 inputs; it takes 1"),
        ("y = AND()", 1, "the gate 'AND' has 0 inputs; it takes 1 or more"),
        ("y = AND(a,)", 1, "expected a signal name, found ')'"),
        ("y = AND(a b)", 1, "expected ',' or ')' after a signal name, found 'b'"),
        ("y = AND", 1, "expected '(' after 'AND', found the end of the file"),
        ("y AND", 1, "expected '=' or '(' after 'y', found 'AND'"),
        ("y = LUT 8 (a)", 1, "expected a table such as 0x8 after LUT, found '8'"),
        ("y = LUT 0x1f (a, b)", 1, "the table '0x1f' has more bits than a LUT of 2 inputs holds"),
        ("INPUT(\xff)", 1, None),
    ],
)
def test_bench_refusals(text: str, line: int, words: str | None) -> None:
    with pytest.raises(FormatError) as caught:
        parse_bench(text.encode("latin-1"))
    assert caught.value.line == line
    assert str(caught.value) == (words or "the name '\\xff' is not UTF-8 text; save the file as UTF-8")


AAG = b"""aag 9 2 2 2 3 1 1 1 1
2
4
6 13 1
8 6 8
14
7
13
10
2
2
4
6
14 10 12
12 5 9
10 2 4
i0 a
i1 b [0]
l0 q
o0 y
j0 just
c
a comment
"""
AIG = b"aig 6 2 1 1 3\n12 0\n13\n\x04\x02\x04\x03\x02\x05i0 a\nl0 q\nc\nbinary"


def test_ascii_aiger() -> None:
    a = parse_aiger(AAG)
    assert (a.binary, a.max_variable, a.comment) == (False, 9, b"a comment\n")
    assert (a.inputs.tolist(), a.outputs.tolist()) == ([2, 4], [14, 7])
    assert (a.latch_literals.tolist(), a.latch_next.tolist(), a.latch_reset.tolist()) == ([6, 8], [13, 6], [1, 8])
    assert (a.bad.tolist(), a.constraints.tolist(), a.fairness.tolist()) == ([13], [10], [6])
    assert (a.justice_ptr.tolist(), a.justice.tolist()) == ([0, 2], [2, 4])
    assert (a.and_lhs.tolist(), a.and_rhs0.tolist(), a.and_rhs1.tolist()) == ([14, 12, 10], [10, 5, 2], [12, 9, 4])
    assert a.symbols == (("i", 0, "a"), ("i", 1, "b [0]"), ("l", 0, "q"), ("o", 0, "y"), ("j", 0, "just"))


def test_binary_aiger() -> None:
    a = parse_aiger(AIG)
    assert (a.binary, a.max_variable, a.comment) == (True, 6, b"binary")
    assert (a.inputs.tolist(), a.latch_literals.tolist(), a.outputs.tolist()) == ([2, 4], [6], [13])
    assert (a.and_lhs.tolist(), a.and_rhs0.tolist(), a.and_rhs1.tolist()) == ([8, 10, 12], [4, 6, 10], [2, 3, 5])


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 1, "the file does not begin with 'aig' or 'aag'; check that it is an AIGER file"),
        (b"aag 1 1 0 1", 1, "expected the header's A, found the end of the file"),
        (b"aag 1 x 0 1 0\n", 1, "expected the header's I, found 'x'"),
        (b"aag 0 1 0 0 0\n2\n", 1, "the header's M is 0, less than I + L + A, 1"),
        (b"aig 2 1 0 0 0\n", 1, "the header's M is 2, but I + L + A is 1; a binary file numbers its variables "
                                "without gaps"),
        (b"aag 9 9 0 0 0\n2\n", 2, "the file is shorter than its header says; check that it is complete"),
        (b"aag 2 2 0 0 0\n2\n2\n", 3, "the literal 2 is defined twice"),
        (b"aag 1 1 0 0 0\n3\n", 2, "an input is the literal 3, which is inverted"),
        (b"aag 1 1 0 0 0\n0\n", 2, "an input is the literal 0, which is a constant"),
        (b"aag 1 1 0 1 0\n2\n4\n", 3, "an output is 4, above 2 M + 1 = 3"),
        (b"aag 2 1 0 1 0\n2\n4\n", 0, "an output uses the literal 4, which nothing defines"),
        (b"aag 2 0 1 0 0\n2 2 4\n", 2, "the reset value 4 of the latch 2 is not 0, 1 or the latch itself"),
        (b"aag 2 1 0 0 1\n2\n4 2\n", 3, "expected an and gate's second input, found the end of the line"),
        (b"aag 1 1 0 0 0\n2 7\n", 2, "expected the end of the line after an input, found '7'"),
        (b"aig 2 1 0 0 1\n\x05\x00", 2, "the and gate 4 has an input that is not below it"),
        (b"aig 2 1 0 0 1\n\x00\x00", 2, "the and gate 4 has an input that is not below it"),
        (b"aig 2 1 0 0 1\n\x82\x80", 2, "the file ends within its and gates; check that it is complete"),
        (b"aig 2 1 0 0 1\n\xff\xff\xff\xff\xff\x01", 2, "a difference in the and gates has more than 32 bits"),
        (b"aag 1 1 0 0 0\n2\ni1 x\n", 3, "the symbol 'i1' names nothing; the file has 1 of its kind"),
        (b"aag 1 1 0 0 0\n2\nx\n", 3, "expected a symbol or the comment 'c', found 'x'"),
        (b"aag 1 1 0 0 0\n2\ni0 \xff\n", 3, "the name '\\xff' is not UTF-8 text; save the file as UTF-8"),
    ],
)  # fmt: skip
def test_aiger_refusals(data: bytes, line: int, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_aiger(data)
    assert (str(caught.value), caught.value.line) == (words, line)


def test_aiger_headers_that_ask_for_too_much() -> None:
    for header in (b"aig 900000000 900000000 0 0 0\n", b"aag 900000000 0 0 0 0\n", b"aag 99999999999 0 0 0 0\n"):
        with pytest.raises(LimitError):
            parse_aiger(header)


@st.composite
def and_gates(draw: st.DrawFn) -> tuple[int, list[int], list[int]]:
    first = draw(st.integers(1, 1000))
    count = draw(st.integers(0, 60))
    tops = [2 * (first + i) - 1 for i in range(count)]
    return first, [draw(st.integers(0, t)) for t in tops], [draw(st.integers(0, t)) for t in tops]


@settings(max_examples=60, deadline=None)
@given(and_gates())
def test_binary_coding_round_trip(gates: tuple[int, list[int], list[int]]) -> None:
    first, fanin0, fanin1 = gates
    count = len(fanin0)
    head = f"aig {first - 1 + count} {first - 1} 0 0 {count}\n".encode()
    a = parse_aiger(head + encode_aiger_binary(first, fanin0, fanin1))
    assert a.and_lhs.tolist() == [2 * (first + i) for i in range(count)]
    assert a.and_rhs0.tolist() == [max(pair) for pair in zip(fanin0, fanin1, strict=True)]
    assert a.and_rhs1.tolist() == [min(pair) for pair in zip(fanin0, fanin1, strict=True)]


def test_the_writer_refuses_gates_out_of_order() -> None:
    with pytest.raises(ValueError, match=r"^the and gate 1 with the literal 6 has the fan-ins 2 and 6, which must lie"):
        encode_aiger_binary(2, [2, 2], [3, 6])
    with pytest.raises(ValueError, match="differ in length"):
        encode_aiger_binary(2, [2, 2], [3])


@st.composite
def circuits(draw: st.DrawFn) -> list[tuple[str, list[int]]]:
    """Gates over earlier signals; signals 0 and 1 are the inputs."""
    gates = []
    for i in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["AND", "NAND", "OR", "NOR", "XOR", "XNOR", "NOT", "BUF"]))
        arity = 1 if kind in ("NOT", "BUF") else draw(st.integers(1, 4))
        gates.append((kind, [draw(st.integers(0, i + 1)) for _ in range(arity)]))
    return gates


@settings(max_examples=60, deadline=None)
@given(circuits())
def test_bench_and_verilog_hold_the_same_circuit(gates: list[tuple[str, list[int]]]) -> None:
    bench = "INPUT(s0)\nINPUT(s1)\n"
    verilog = "module m (s0, s1); input s0, s1;\n"
    for at, (kind, ins) in enumerate(gates, start=2):
        names = ", ".join(f"s{k}" for k in ins)
        bench += f"s{at} = {'BUFF' if kind == 'BUF' else kind.lower()}({names})\n"
        verilog += f"{kind.lower()} (s{at}, {names});\n"
    one, other = parse_bench(bench.encode()), parse_verilog((verilog + "endmodule").encode())
    assert [(c.kind, c.pins) for c in cells(one)] == [(c.kind, c.pins) for c in cells(other)]
    for value in range(4):
        inputs = {"s0": value & 1, "s1": value >> 1}
        assert evaluate(one, inputs) == evaluate(other, inputs)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([BLIF, BENCH, AAG, AIG]), st.data())
def test_damaged_files_end_in_an_error_or_a_design(text: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    drop = data.draw(st.integers(0, 8))
    insert = data.draw(st.binary(max_size=6))
    damaged = text[:at] + insert + text[at + drop :]
    for parse in (parse_blif, parse_bench, parse_aiger):
        try:
            parse(damaged)
        except HwdesignError as error:
            assert error.what
            assert error.line >= 0
