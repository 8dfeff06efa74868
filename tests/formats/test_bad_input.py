"""Every reader on damaged, huge and hostile input: a clear error or a netlist, never a crash."""

from __future__ import annotations

import gzip
import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FileError, FormatError, HwdesignError
from hwdesign.formats import FORMATS, read, write
from hwdesign.formats.verilog import read_verilog_text, verilog_text
from hwdesign.netlist import Builder
from hwdesign.netlist.check import check
from hwdesign.passes import flatten, to_aig
from tests.formats.same import assert_same_function
from tests.strategies import Shape, random_netlist

# RTL goes through Yosys, in a process of its own: tested in test_yosys.py.
READABLE = sorted(item.suffixes[0] for item in FORMATS.values() if item.can_read and item.name != "rtl")
NOT_THIS = {
    ".v": ": this is a binary file, not Verilog; check what it is",
    ".bench": ": this is a binary file, not BENCH; check what it is",
    ".blif": ": this is a binary file, not BLIF; check what it is",
    ".json": ": this is a binary file, not JSON; check what it is",
    ".sp": ": this is a binary file, not a SPICE deck; check what it is",
    ".aig": ":1: the file does not begin with 'aig' or 'aag'; check that it is an AIGER file",
    ".aag": ":1: the file does not begin with 'aig' or 'aag'; check that it is an AIGER file",
    ".hwn": r": this is no \.hwn file, or it is cut short \(.+\)",
}
"""What the refusal of random bytes says after the file's name."""
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
@pytest.mark.parametrize("size", [300, 4096])
def test_binary_files_are_refused(suffix: str, size: int, tmp_path: Path) -> None:
    path = tmp_path / f"noise{suffix}"
    for seed in range(8):
        noise = random.Random(seed).randbytes(size)
        for data in (noise, noise.replace(b"\0", b"\1")):
            path.write_bytes(data)
            with pytest.raises(HwdesignError) as caught:
                read(path)
            assert re.fullmatch(re.escape(str(path)) + NOT_THIS[suffix], str(caught.value))


@pytest.mark.parametrize("suffix", [suffix for suffix in READABLE if suffix != ".hwn"])
def test_noise_in_gzip_or_named_so_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"noise{suffix}.gz"
    noise = random.Random(2).randbytes(300)
    path.write_bytes(noise)
    with pytest.raises(FileError) as caught:
        read(path)
    assert str(caught.value) == (f"{path}: this is no gzip file, although its name says so; leave '.gz' off the name")
    path.write_bytes(gzip.compress(noise))
    with pytest.raises(FormatError) as refused:
        read(path)
    assert re.fullmatch(re.escape(str(path)) + NOT_THIS[suffix], str(refused.value))
    path.write_bytes(gzip.compress(noise * 30)[:-20])
    with pytest.raises(FileError, match="the gzip data is damaged or cut short"):
        read(path)


@pytest.mark.parametrize("suffix", [".v", ".bench", ".blif", ".json", ".sp", ".aig", ".aag", ".sv"])
def test_gzip_without_the_suffix_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(gzip.compress(b"module m; endmodule\n"))
    with pytest.raises(HwdesignError) as caught:
        read(path)
    assert re.fullmatch(
        re.escape(str(path)) + r"(: this is gzip data, not .+; let the name end in '\.gz'|:1: the file does not .+|"
        r": this is a binary file, not Verilog text)",
        str(caught.value),
    )


def test_other_codings_are_told_from_noise(tmp_path: Path) -> None:
    path = tmp_path / "x.v"
    text = "// größe 変数\nmodule t (input a, output y); buf g (y, a); endmodule\n"
    for coding in ("utf-8", "shift_jis", "iso2022_jp"):
        path.write_bytes(text.replace("ö", "o").replace("ß", "s").encode(coding))
        assert read(path).top_module.num_cells == 1
    path.write_bytes(text.encode("latin-1", "replace"))
    assert read(path).top_module.num_cells == 1
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(FormatError) as caught:
        read(path)
    assert str(caught.value) == f"{path}: this is UTF-16 text, not Verilog in UTF-8; store it as UTF-8"


@pytest.mark.parametrize(
    "text", ["", "\n \n", "* a comment\n* another\n", "a title\n", "a title\n.end\n", "* t\n.end\n"]
)
def test_a_deck_without_a_statement_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.sp"
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: the deck holds no statement, only a title or comments at most; check that it is a SPICE deck, and "
        "whole"
    )


@pytest.mark.parametrize("body", [".param a=1", ".model n nmos", ".tran 1n 1u", ".subckt s a b\n.ends", ".global vdd"])
def test_a_deck_without_an_element_is_a_finding(body: str, tmp_path: Path) -> None:
    path = tmp_path / "x.sp"
    path.write_text(f"a title\n{body}\n.end\n")
    assert [str(finding) for finding in read(path).findings] == [
        f"{path}: warning: the deck holds no element [no-element]"
    ]


@pytest.mark.parametrize("suffix", [s for s in READABLE if s != ".bench"])
def test_empty_files_are_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"empty{suffix}"
    path.write_bytes(b"")
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
