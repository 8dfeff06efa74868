"""The registry: which file is read by what, and the words of every refusal."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hwdesign.errors import FileError, FormatError, LimitError, NetlistError
from hwdesign.files import open_atomic, read_input, write_text
from hwdesign.formats import FORMATS, format_of, read, write
from hwdesign.netlist import Builder, Netlist


def half_adder() -> Netlist:
    b = Builder("half_adder")
    x, y = b.top.input("x"), b.top.input("y")
    b.top.output("s", b.top.gate("XOR", x, y, name="g1"))
    b.top.output("c", b.top.gate("AND", x, y, name="g2"))
    return b.freeze()


def test_every_suffix_belongs_to_one_format() -> None:
    suffixes = [suffix for item in FORMATS.values() for suffix in item.suffixes]
    assert len(suffixes) == len(set(suffixes))


def test_gz_is_set_aside() -> None:
    assert format_of("a/b.V.GZ").name == "verilog"
    assert format_of("x.aig").name == "aiger"


@pytest.mark.parametrize("name", ["x.js", "x.jsim", "X.JSIM", "x.jsim.gz"])
def test_a_deck_of_jsim_is_read_in_its_dialect(name: str, tmp_path: Path) -> None:
    text = b"R1 1 0 1X\n# JoSIM's suffix X is 1e6, and its decks have no title\n.tran 1p 1n\n.end\n"
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    module = read(path).top_module
    assert [(label, module.params_of(at)) for at, label in enumerate(module.cell_labels())] == [("R1", {"value": 1e6})]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("a.xyz", "a.xyz: suffix '.xyz' tells no format; use one of .hwn .v"),
        ("a", "a: the name has no suffix that tells its format; use one of"),
        ("a.hwn.gz", "a.hwn.gz: format 'hwn' is not gzipped; leave '.gz' off the name"),
        ("a.scs", "a.scs: format 'spectre' cannot be read; these can: hwn, verilog"),
    ],
)
def test_refused_suffixes(path: str, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        format_of(path)
    assert str(caught.value).startswith(words)


def test_unknown_format_name_suggests_the_nearest() -> None:
    with pytest.raises(FormatError, match=r"^no format is named 'verlog'; did you mean 'verilog'$"):
        format_of("a.v", "verlog")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        read(tmp_path / "no.v")
    assert str(caught.value) == f"{tmp_path}/no.v: the file does not exist; check the path"
    with pytest.raises(FileError, match=r"this is a folder, not a file$"):
        read(tmp_path)


def test_unwritable_target_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match=r"file/a\.v: cannot write the file: not a directory$"):
        write(half_adder(), tmp_path / "file" / "a.v")
    with pytest.raises(FileError, match=r"cannot write the file: no such file or directory$"):
        write(half_adder(), tmp_path / "none" / "a.v")
    with pytest.raises(FileError, match=r"cannot write the file: it is a folder$"):
        write_text(tmp_path, "x")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), open_atomic(target) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_full_disk_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match=r"a\.v: cannot write the file: no space left on device$"):
        write(half_adder(), tmp_path / "a.v")
    assert list(tmp_path.iterdir()) == []


def test_truncated_and_false_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(b"module m; endmodule\n" * 100)
    (tmp_path / "a.v.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match="the gzip data is damaged or cut short"):
        read(tmp_path / "a.v.gz")
    (tmp_path / "b.v.gz").write_bytes(b"module m; endmodule\n")
    with pytest.raises(FileError, match=r"b\.v\.gz: this is no gzip file, although its name says so; leave '\.gz' off"):
        read(tmp_path / "b.v.gz")


def test_gzip_bombs_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "a.v.gz").write_bytes(gzip.compress(b" " * 5_000_000))
    with pytest.raises(LimitError, match=r"the file's \d+ bytes decompress to more than 1000000 bytes; decompress"):
        read_input(tmp_path / "a.v.gz", limit=1_000_000)
    (tmp_path / "a.v").write_bytes(b" " * 2000)
    with pytest.raises(LimitError, match="the file is larger than 1000 bytes; split it or raise the limit"):
        read_input(tmp_path / "a.v", limit=1000)


def test_unknown_top(tmp_path: Path) -> None:
    write(half_adder(), tmp_path / "a.v")
    with pytest.raises(NetlistError, match=r"a\.v: no module is named 'nope'; modules: half_adder$"):
        read(tmp_path / "a.v", top="nope")


def test_an_undefined_module_is_a_finding_or_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.v"
    path.write_text("module t (input a, output y);\n  mystery u1 (.A(a), .Y(y));\nendmodule\n")
    netlist = read(path)
    assert [f.rule for f in netlist.findings] == ["unknown-cell"]
    assert str(netlist.findings[0]) == (
        f"{path}:2: warning: 'mystery' is used 1 times in module 't' but defined nowhere; "
        "pin directions are guessed from pin names [unknown-cell]"
    )
    with pytest.raises(FormatError) as caught:
        read(path, strict=True)
    assert str(caught.value) == f"{path}:2: module 'mystery' is defined nowhere; add its definition to the file"


def test_dot_and_graphml(tmp_path: Path) -> None:
    import networkx as nx

    write(half_adder(), tmp_path / "a.dot")
    text = (tmp_path / "a.dot").read_text()
    assert text.startswith('digraph "half_adder" {')
    assert text.count("->") == 6
    write(half_adder(), tmp_path / "a.graphml")
    graph = nx.read_graphml(tmp_path / "a.graphml", force_multigraph=True)
    assert graph.number_of_nodes() == 6
    assert graph.number_of_edges() == 6
    assert graph.nodes["cell:g1"]["type"] == "XOR2"
