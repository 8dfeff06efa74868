"""`hwdesign partition` on hierarchies, loops and files that hold no graph: exact words, and the file in each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Cli

LOOP = "module t(input a, output y);\n  and g(y, a, y);\nendmodule\n"
CROSSED = """\
module s(input a, b, output y, z);
  not g(y, a);
  not h(z, b);
endmodule
module t(input a, output y);
  s u(.a(a), .b(v), .y(v), .z(y));
endmodule
"""


def _npy(path: Path, values: object, kind: type | None = None) -> Path:
    np.save(path, np.array(values, kind))
    return path


@pytest.mark.parametrize(
    ("edges", "kind", "words"),
    [
        (
            [[0, 2**31 - 2]],
            np.int64,
            "the edges name a node 2147483646, but one edge joins no more than 2 nodes; "
            "number the nodes from 0 without gaps",
        ),
        (
            [[0, 2**40], [1, 2]],
            np.int64,
            "the edges name a node 1099511627776, but 2 edges join no more than 4 nodes; "
            "number the nodes from 0 without gaps",
        ),
        (
            [[0, 2**64 - 1]],
            np.uint64,
            "the edges name a node 18446744073709551615, but one edge joins no more than 2 nodes; "
            "number the nodes from 0 without gaps",
        ),
        ([[0, -1]], np.int64, "the edges name a node -1; number the nodes from 0 without gaps"),
        (
            [[0, 1.5]],
            np.float64,
            "the edges must be integers of shape (E, 2), not float64 of shape (1, 2); "
            "give each edge a row, its source and its target",
        ),
        (
            [[0, 1, 2]] * 4,
            np.int64,
            "the edges must be integers of shape (E, 2), not int64 of shape (4, 3); "
            "give each edge a row, its source and its target",
        ),
        (
            [0, 1],
            np.int32,
            "the edges must be integers of shape (E, 2), not int32 of shape (2,); "
            "give each edge a row, its source and its target",
        ),
        (
            [[1, 1]],
            np.int32,
            "the graph has a cycle of 1 node: 1 -> 1; remove one of its edges, or condense cycles to keep each whole",
        ),
    ],
)
def test_edges_that_make_no_graph(edges: object, kind: type, words: str, cli: Cli, tmp_path: Path) -> None:
    path = _npy(tmp_path / "e.npy", edges, kind)
    assert cli("partition", path, "--parts", 2) == (1, "", f"error: {path}: {words}\n")


def test_files_that_are_no_array(cli: Cli, tmp_path: Path) -> None:
    path = _npy(tmp_path / "e.npy", [[0, 1], [1, 2]])
    whole = path.read_bytes()
    with (tmp_path / "archive").open("wb") as stream:
        np.savez(stream, edges=np.array([[0, 1]]))
    for content in (b"junk", b"", whole[:-1], (tmp_path / "archive").read_bytes()):
        path.write_bytes(content)
        assert cli("partition", path, "--parts", 2).err == (
            f"error: {path}: this is no whole NumPy array file of numbers; write integers with numpy.save\n"
        )
    missing = tmp_path / "none.npy"
    assert cli("partition", missing, "--parts", 2).err == (
        f"error: {missing}: cannot read the edges: no such file or directory; check the path\n"
    )


@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_no_edges_at_all(kind: type, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "e.npy"
    np.save(path, np.zeros((0, 2), kind))
    assert cli("partition", path, "--parts", 2) == (2, "", f"error: --parts is 2, but {path} has 0 nodes; give 1\n")
    found = cli("partition", path, "--parts", 1, "--json").json
    assert (found["nodes"], found["cells"], found["cut_edges"], found["imbalance"]) == (0, [0], 0, 0)


@pytest.mark.parametrize(("given", "shown"), [("nan", "nan"), ("inf", "inf"), ("-1", "-1"), ("1e300", "1e+300")])
def test_an_imbalance_that_is_none(given: str, shown: str, cli: Cli, tmp_path: Path) -> None:
    path = _npy(tmp_path / "e.npy", [[0, 1]])
    assert cli("partition", path, "--parts", 2, "--imbalance", given) == (
        2,
        "",
        f"error: invalid value for '--imbalance': {shown} is not from 0 to 1000000; "
        "give a fraction of the mean, such as 0.03\n",
    )


def test_a_hierarchy_is_flattened(cli: Cli, full_adder: Path, tmp_path: Path) -> None:
    target = tmp_path / "p.npz"
    found = cli("partition", full_adder, "--parts", 2, "-o", target, "--json").json
    assert (found["top"], found["flattened"], found["nodes"]) == ("full", True, 5)
    with np.load(target, allow_pickle=False) as stored:
        assert sorted(stored["cell"].tolist()) == ["h1.a1", "h1.x1", "h2.a1", "h2.x1", "o1"]
    out = cli("partition", full_adder, "--parts", 2).out
    assert out.startswith(f"{full_adder}: 'full' flattened, 5 cells in 2 parts of ")
    kept = cli("partition", full_adder, "--parts", 3, "--keep-hierarchy", "--json").json
    assert (kept["flattened"], kept["cells"], kept["cut_edges"]) == (False, [1, 1, 1], 3)
    half = cli("partition", full_adder, "--top", "half", "--parts", 2, "--json").json
    assert (half["flattened"], half["cells"]) == (False, [1, 1])


def test_instances_can_close_a_loop_that_flattening_opens(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.v"
    path.write_text(CROSSED)
    assert cli("partition", path, "--parts", 2, "--json").json["cells"] == [1, 1]
    assert cli("partition", path, "--parts", 1, "--keep-hierarchy") == (
        1,
        "",
        f"error: {path}:6: module 't' has a loop of 1 cell: u -> u; "
        "flatten the hierarchy, which may open it, or condense loops to keep each whole\n",
    )


@pytest.mark.parametrize("options", [(), ("--keep-hierarchy",)])
def test_recursion(options: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.v"
    path.write_text("module a(input x, output y);\n  wire t;\n  not n(t, x);\n  a u(.x(t), .y(y));\nendmodule\n")
    assert cli("partition", path, "--parts", 1, *options) == (
        1,
        "",
        f"error: {path}:1: module 'a' contains itself: a -> a; break the recursion\n",
    )


def test_loops_of_cells(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.v"
    path.write_text(LOOP)
    assert cli("partition", path, "--parts", 1).err == (
        f"error: {path}:2: module 't' has a combinational loop of 1 cell: g -> g; "
        "break it by a register, or condense loops to keep each whole\n"
    )
    path = tmp_path / "r.bench"
    path.write_text("OUTPUT(y)\ny = DFF(z)\nz = NOT(y)\n")
    assert cli("partition", path, "--parts", 2, "--json").json["cut_edges"] == 2
    assert cli("partition", path, "--parts", 2, "--bind-registers").err == (
        f"error: {path}:2: module 'r' has a loop of 2 cells: _g0 -> _g1 -> _g0; "
        "let registers open it, or condense loops to keep each whole\n"
    )
    assert cli("partition", path, "--parts", 1, "--bind-registers", "--condense").code == 0


def test_edges_have_no_modules(cli: Cli, tmp_path: Path) -> None:
    path = _npy(tmp_path / "e.npy", [[0, 1]])
    for option in (("--top", "t"), ("--keep-hierarchy",)):
        assert cli("partition", path, "--parts", 2, *option) == (
            2, "", "error: edges have no modules; leave out --top and --keep-hierarchy\n"
        )  # fmt: skip


def test_devices_have_no_order(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "rc.sp"
    path.write_text("* rc\nV1 a 0 1\nR1 a b 1k\nC1 b 0 1p\n.op\n.end\n")
    assert cli("partition", path, "--parts", 1).err == (
        f"error: {path}:2: module 'rc' has a loop of 2 cells: V1 -> R1 -> V1; "
        "leave out devices, which conduct both ways, or condense loops to keep each whole\n"
    )
    assert cli("partition", path, "--parts", 1, "--condense", "--json").json["cells"] == [3]
