"""Every reader on damaged, huge and hostile input: a clear error or a netlist, never a crash."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import HwdesignError
from hwdesign.formats import FORMATS, read, write
from hwdesign.formats.verilog import read_verilog_text, verilog_text
from hwdesign.netlist import Builder
from hwdesign.netlist.check import check
from hwdesign.passes import flatten, to_aig
from tests.formats.same import assert_same_function
from tests.strategies import Shape, random_netlist

# RTL goes through Yosys, in a process of its own: tested in test_yosys.py.
READABLE = sorted(item.suffixes[0] for item in FORMATS.values() if item.can_read and item.name != "rtl")
TEXTS = (".v", ".bench", ".blif", ".aig", ".aag", ".json", ".hwn")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One file a format, with registers and buses."""
    folder = tmp_path_factory.mktemp("corpus")
    netlist = random_netlist(random.Random(3), Shape(gates=20, registers=2, inverted=False))
    found = {}
    for suffix in TEXTS:
        path = folder / f"x{suffix}"
        plain = random_netlist(random.Random(3), Shape(gates=20, registers=0)) if suffix == ".bench" else netlist
        write(to_aig(plain) if suffix in (".aig", ".aag") else plain, path)
        found[suffix] = path.read_bytes()
    return found


def _survives(path: Path) -> None:
    try:
        check(read(path, **({"rtl": False} if path.suffix == ".v" else {})))
    except HwdesignError as error:
        assert str(error).startswith(str(path)), error
        assert "\n" not in str(error)


@pytest.mark.parametrize("suffix", TEXTS)
def test_truncated_files(suffix: str, corpus: dict[str, bytes], tmp_path: Path) -> None:
    data = corpus[suffix]
    for cut in {0, 1, 7, *range(8, len(data), max(1, len(data) // 60)), len(data) - 1}:
        path = tmp_path / f"x{suffix}"
        path.write_bytes(data[:cut])
        _survives(path)


@pytest.mark.parametrize("suffix", TEXTS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_mutated_files(
    suffix: str, seed: int, corpus: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = random.Random(seed)
    data = bytearray(corpus[suffix])
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data))
        how = rng.random()
        if how < 0.5:
            data[at] = rng.randrange(256)
        elif how < 0.75:
            del data[at : at + rng.randint(1, 12)]
        else:
            data[at:at] = rng.choice([b"99999999999999999999", b"(", b"[", b"\x00", b"{" * 40, b"\xff\xfe", b"\n"])
        data = data or bytearray(b" ")
    path = tmp_path_factory.getbasetemp() / f"mutated{suffix}"
    path.write_bytes(bytes(data))
    _survives(path)


@pytest.mark.parametrize("suffix", READABLE)
def test_binary_files_are_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"noise{suffix}"
    path.write_bytes(random.Random(1).randbytes(4096))
    with pytest.raises(HwdesignError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}")


@pytest.mark.parametrize("suffix", [s for s in READABLE if s != ".bench"])
def test_empty_files_are_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"empty{suffix}"
    path.write_bytes(b"")
    if suffix == ".sp":
        assert read(path).top_module.num_cells == 0
        return
    with pytest.raises(HwdesignError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}")


def test_a_line_of_a_megabyte(tmp_path: Path) -> None:
    gates = "".join(f"and g{k} (n{k + 1}, n{k}, a); " for k in range(40_000))
    path = tmp_path / "long.v"
    path.write_text(f"module t (input a, output y); {gates} buf (y, n40000); endmodule")
    assert read(path).top_module.num_cells == 40_001
    name = "x" * 1_000_000
    path.write_text(f"module t (input a, output y); buf {name} (y, a); endmodule")
    assert read(path).top_module.cell_label(0) == name


def test_a_hierarchy_ten_thousand_deep(tmp_path: Path) -> None:
    depth = 10_000
    lines = ["module m0 (input a, output y); not g (y, a); endmodule"]
    lines += [f"module m{k} (input a, output y); m{k - 1} u (.a(a), .y(y)); endmodule" for k in range(1, depth)]
    path = tmp_path / "deep.v"
    path.write_text("\n".join(lines))
    start = time.process_time()
    netlist = read(path)
    assert netlist.top == f"m{depth - 1}"
    assert check(netlist) == []
    assert time.process_time() - start < 30


def test_modules_that_instantiate_themselves(tmp_path: Path) -> None:
    path = tmp_path / "self.v"
    path.write_text("module a (input x); b u (.x(x)); endmodule\nmodule b (input x); a u (.x(x)); endmodule\n")
    with pytest.raises(
        HwdesignError, match=r"self\.v:1: module .a. contains itself: a -> b -> a; break the recursion$"
    ):
        flatten(read(path))


@pytest.mark.parametrize("label", ["größe", "変数", "a b", "x\u00a0y", "semi;colon", 'quo"te', "back\\slash"])
def test_strange_names_survive_verilog_and_json(label: str, tmp_path: Path) -> None:
    b = Builder("t")
    b.top.output("y", b.top.gate("NOT", b.top.input("a"), out=b.top.net(label), name=label))
    netlist = b.freeze()
    for suffix in (".v", ".json", ".hwn"):
        write(netlist, tmp_path / f"x{suffix}")
        again = read(tmp_path / f"x{suffix}")
        assert_same_function(netlist, again)
        # White space cannot stand in a Verilog name.
        expected = label.replace(" ", "_").replace("\u00a0", "_") if suffix == ".v" else label
        assert expected in again.top_module.net_labels()
        assert expected in again.top_module.cell_labels()


def test_bytes_that_are_no_utf8_are_written_back() -> None:
    text = b"module t (input a, output y);\n  buf \\caf\xe9 (y, a);\nendmodule\n"
    try:
        again = verilog_text(read_verilog_text(text)).encode("utf-8", "surrogateescape")
    except HwdesignError as error:
        assert "UTF-8" in str(error)
    else:
        assert b"\\caf\xe9 " in again
