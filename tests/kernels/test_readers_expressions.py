"""Expressions become gates that compute what Verilog says: against Icarus Verilog, and against Python on plain ones."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.kernels.readers import parse_verilog
from tests.conftest import require_tool
from tests.kernels.raw_tables import evaluate

INPUTS = {"a": 4, "b": 3, "c": 1, "s": 4}  # s is signed
WIDTHS = (1, 4, 7)


def random_expression(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(
            ["a", "b", "c", "s", "a[2]", "a[3:1]", "b[1 +: 2]", "{b, c}", "{2{c}}", "4'sb1010", "3'd5", "2'b01", "1'b1"]
        )

    def sub() -> str:
        return random_expression(rng, depth - 1)

    kind = rng.randrange(8)
    if kind < 3:
        op = rng.choice(["&", "|", "^", "~^"])
        return "(" + f" {op} ".join(sub() for _ in range(rng.randrange(2, 4))) + ")"
    if kind == 3:
        return f"~({sub()})"
    if kind == 4:
        return f"({sub()} ? {sub()} : {sub()})"
    if kind == 5:
        return rng.choice(["&", "|", "^", "~&", "~|", "~^", "!"]) + f"({sub()})"
    if kind == 6:
        return f"({sub()} {rng.choice(['&&', '||', '==', '!='])} {sub()})"
    return f"{{{sub()}, {sub()}}}"


def declarations() -> str:
    return "input [3:0] a; input [2:0] b; input c; input signed [3:0] s;"


def assignments(rng: random.Random, value: dict[str, int]) -> dict[str, int]:
    return {f"{n}[{i}]" if w > 1 else n: value[n] >> i & 1 for n, w in INPUTS.items() for i in range(w)}


def test_against_icarus(tmp_path: Path) -> None:
    require_tool("iverilog")
    rng = random.Random(5)
    texts = [random_expression(rng, 4) for _ in range(150)]
    outputs = [f"y{i}" for i in range(len(texts))]
    widths = [WIDTHS[i % len(WIDTHS)] for i in range(len(texts))]
    body = "".join(
        f"output [{w - 1}:0] {y}; assign {y} = {t};\n" for y, w, t in zip(outputs, widths, texts, strict=True)
    )
    module = f"module m (a, b, c, s, {', '.join(outputs)}); {declarations()}\n{body}endmodule\n"
    patterns = [{n: rng.randrange(1 << w) for n, w in INPUTS.items()} for _ in range(12)]
    wires = "".join(f"wire [{w - 1}:0] {y};" for y, w in zip(outputs, widths, strict=True))
    steps = "".join(
        f"a = {p['a']}; b = {p['b']}; c = {p['c']}; s = {p['s']}; #1;\n"
        + "".join(f'$display("%b", {y});\n' for y in outputs)
        for p in patterns
    )
    bench = (
        f"module t; reg [3:0] a; reg [2:0] b; reg c; reg [3:0] s; {wires}\n"
        f"m u (a, b, c, s, {', '.join(outputs)}); initial begin {steps} end endmodule\n"
    )
    (tmp_path / "t.v").write_text(module + bench, encoding="ascii")
    run = ["iverilog", "-o", str(tmp_path / "t"), str(tmp_path / "t.v")]
    subprocess.run(run, check=True, timeout=60, capture_output=True)
    shown = subprocess.run([str(tmp_path / "t")], check=True, timeout=60, capture_output=True, text=True)
    lines = iter(shown.stdout.split())
    design = parse_verilog(module.encode())
    for pattern in patterns:
        value = evaluate(design, assignments(rng, pattern))
        for y, width, text in zip(outputs, widths, texts, strict=True):
            ours = "".join(str(value[f"{y}[{i}]"]) for i in reversed(range(width)))
            assert ours == next(lines), (text, width, pattern)


OPERATORS = {"&": lambda x, y: x & y, "|": lambda x, y: x | y, "^": lambda x, y: x ^ y, "~^": lambda x, y: ~(x ^ y)}
Tree = int | tuple[str, "Tree", "Tree"] | tuple[str, "Tree"]


def trees() -> st.SearchStrategy[Tree]:
    return st.recursive(
        st.integers(0, 3),
        lambda t: st.one_of(st.tuples(st.just("~"), t), st.tuples(st.sampled_from(sorted(OPERATORS)), t, t)),
        max_leaves=30,
    )


def written(tree: Tree) -> str:
    if isinstance(tree, int):
        return f"i[{tree}]"
    if len(tree) == 2:
        return f"~({written(tree[1])})"
    return f"({written(tree[1])} {tree[0]} {written(tree[2])})"


def computed(tree: Tree, value: int) -> int:
    if isinstance(tree, int):
        return value >> tree & 1
    if len(tree) == 2:
        return ~computed(tree[1], value) & 1
    return OPERATORS[tree[0]](computed(tree[1], value), computed(tree[2], value)) & 1


@settings(max_examples=80, deadline=None)
@given(trees())
def test_bitwise_expressions_of_bits(tree: Tree) -> None:
    text = f"module m (i, y); input [3:0] i; output y; assign y = {written(tree)}; endmodule"
    design = parse_verilog(text.encode())
    for value in range(16):
        found = evaluate(design, {f"i[{k}]": value >> k & 1 for k in range(4)})
        assert found["y"] == computed(tree, value)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.booleans())
def test_an_assignment_truncates_and_extends(left: int, right: int, is_signed: bool) -> None:
    sign = "signed" if is_signed else ""
    text = f"module m (a, y); input {sign} [{right - 1}:0] a; output [{left - 1}:0] y; assign y = a; endmodule"
    design = parse_verilog(text.encode())
    for value in (0, (1 << right) - 1, 1 << (right - 1), 0b1011 & ((1 << right) - 1)):
        found = evaluate(design, {f"a[{k}]": value >> k & 1 for k in range(right)})
        wide = value - (1 << right) if is_signed and value >> (right - 1) else value
        assert [found[f"y[{k}]"] for k in range(left)] == [wide >> k & 1 for k in range(left)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8 - 3 * 2 + 1", 3), ("(8 - 3) * 2", 10), ("7 / 2 % 2", 1), ("1 << 3 | 1", 9), ("64 >> 3", 8),
        ("2 ** 10", 1024), ("$clog2(9)", 4), ("$clog2(8)", 3), ("$clog2(1)", 0), ("3 > 2 && 2 >= 2", 1),
        ("1 ? 5 : 6", 5), ("0 ? 5 : 0 ? 6 : 7", 7), ("8'hFf + 4'b1111", 270), ("~0 & 6", 6), ("!5 == 0", 1),
        ("5 != 5 || 1 ^ 1", 0), ("P * 2", 14), ("-3 + 10", 7), ("1_000", 1000), ("'h1F", 31), ("5 ~^ 5 & 1", -5),
    ],
)  # fmt: skip
def test_constant_expressions(text: str, value: int) -> None:
    module = f"module m (); localparam P = 7; localparam N = ({text}) + 20; wire [N-1:0] w; endmodule"
    assert len(parse_verilog(module.encode()).modules[0].net_name) - 2 == value + 20
