"""`hwdesign check` on loops through instances and on modules that hold themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli

LOOP = """\
module s(input a, b, output y);
  and g(y, a, b);
endmodule
module t(input a, output y);
  wire w;
  s u(.a(a), .b(w), .y(y));
  s v(.a(a), .b(y), .y(w));
endmodule
"""


def test_a_loop_through_two_instances(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.v"
    path.write_text(LOOP)
    assert cli("check", path) == (
        1,
        f"{path}:6: error: combinational loop of 2 cells: u.g -(y)-> v.g -(w)-> u.g [combinational-loop]\n"
        f"{path}: 1 error\n",
        "",
    )
    (finding,) = cli("check", path, "--json").json["findings"]
    assert (finding["module"], finding["names"], finding["line"]) == ("t", ["u.g", "v.g"], 6)


def test_bits_of_a_bus_are_told_apart(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.v"
    child = "module s(input [1:0] d, output [1:0] y);\n  not g0(y[0], d[0]);\n  not g1(y[1], d[1]);\nendmodule\n"
    top = "module t(input a, output [1:0] y);\n  s u(.d({{{}}}), .y(y));\nendmodule\n"
    path.write_text(child + top.format("y[0], a"))
    assert cli("check", path) == (0, f"{path}: nothing found\n", "")
    path.write_text(child + top.format("a, y[0]"))
    assert cli("check", path).out.splitlines()[0] == (
        f"{path}:6: error: combinational loop of 1 cell: u.g0 -(y[0])-> u.g0 [combinational-loop]"
    )


@pytest.mark.parametrize(
    ("text", "line", "chain"),
    [
        ("module m(input a, output y);\n  m u(a, y);\nendmodule\n", 2, "m -> m"),
        (
            "module a(input x, output y);\n  b u(x, y);\nendmodule\n"
            "module b(input x, output y);\n  a u(x, y);\nendmodule\n",
            2,
            "a -> b -> a",
        ),
    ],
)
def test_recursion(cli: Cli, tmp_path: Path, text: str, line: int, chain: str) -> None:
    path = tmp_path / "r.v"
    path.write_text(text)
    assert cli("check", path) == (
        1,
        f"{path}:{line}: error: module '{chain[0]}' instantiates itself: {chain} [recursive-instance]\n"
        f"{path}: 1 error\n",
        "",
    )
    refusal = f"error: {path}:1: module '{chain[0]}' contains itself: {chain}; break the recursion\n"
    for option in ("--aig", "--flatten"):
        assert cli("convert", path, tmp_path / "out.aig", option) == (1, "", refusal)


def test_a_gate_that_reads_itself_is_one_cell(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "one.v"
    path.write_text("module t(input a, output y);\n  and g(y, a, y);\nendmodule\n")
    assert cli("check", path).out.splitlines()[0] == (
        f"{path}:2: error: combinational loop of 1 cell: g -(y)-> g [combinational-loop]"
    )
    assert cli("convert", path, tmp_path / "out.aig", "--aig").err == (
        f"error: {path}:2: module 't' has a combinational loop of 1 cell: g -> g; break it by a register\n"
    )
