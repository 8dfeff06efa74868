"""Bad input ends in one sentence that says what, where and how to mend it, and leaves no file behind."""

from __future__ import annotations

import errno
import gzip
import os
import re
from pathlib import Path

import pytest

from tests.cli.conftest import FULL_ADDER, LOOP, Cli, spawn


def _fails(cli: Cli, *argv: object, code: int = 1) -> str:
    """The one error line of a command that must fail so."""
    found = cli(*argv)
    assert (found.code, found.out) == (code, "")
    assert found.err.startswith("error: ")
    assert found.err.count("\n") == 1
    return found.err.removeprefix("error: ").removesuffix("\n")


def test_missing_file(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "no.v"
    assert _fails(cli, "info", path) == f"{path}: the file does not exist; check the path"


def test_a_folder(cli: Cli, tmp_path: Path) -> None:
    assert _fails(cli, "info", tmp_path) == f"{tmp_path}: this is a folder, not a file"


def test_wrong_suffix(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF")
    error = _fails(cli, "info", path)
    assert error.startswith(f"{path}: suffix '.pdf' tells no format; use one of ")
    assert error.endswith("or name the format with --from")


def test_wrong_suffix_of_the_target_shows_before_the_work(cli: Cli, tmp_path: Path) -> None:
    error = _fails(cli, "convert", tmp_path / "missing.v", tmp_path / "out.xyz")
    assert error.startswith(f"{tmp_path / 'out.xyz'}: suffix '.xyz' tells no format; ")
    assert error.endswith("or name the format with --to")


def test_unknown_format(cli: Cli, full_adder: Path) -> None:
    assert _fails(cli, "info", full_adder, "--from", "verlog") == "no format is named 'verlog'; did you mean 'verilog'"


def test_unknown_top(cli: Cli, full_adder: Path) -> None:
    assert _fails(cli, "info", full_adder, "--top", "quarter") == (
        f"{full_adder}: no module is named 'quarter'; modules: half, full"
    )


def test_truncated_gzip(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "t.v.gz"
    path.write_bytes(gzip.compress(FULL_ADDER.encode())[:-20])
    assert _fails(cli, "info", path) == (
        f"{path}: the gzip data is damaged or cut short "
        "(Compressed file ended before the end-of-stream marker was reached)"
    )


def test_binary_text(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "b.bench"
    path.write_bytes(bytes(range(256)))
    assert _fails(cli, "info", path) == f"{path}: this is a binary file, not BENCH; check what it is"


def test_unwritable_target(cli: Cli, full_adder: Path, tmp_path: Path) -> None:
    target = full_adder / "out.blif"
    for argv in (("convert", full_adder, target, "--flatten"), ("generate", "circuit", "parity", "-o", target)):
        assert _fails(cli, *argv) == f"{target}: cannot write the file: not a directory"


def test_full_disk_leaves_nothing(cli: Cli, full_adder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)
    target = tmp_path / "out.blif"
    assert _fails(cli, "convert", full_adder, target, "--flatten") == (
        f"{target}: cannot write the file: no space left on device"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["full.v"]


def test_unknown_circuit(cli: Cli, tmp_path: Path) -> None:
    assert _fails(cli, "generate", "circuit", "adder-riple", "-o", tmp_path / "a.v", code=2).startswith(
        "no circuit generator is named 'adder-riple'; nearest: adder-ripple"
    )
    assert _fails(cli, "generate", "list", "xyzzy", code=2) == (
        "no circuit generator is named 'xyzzy'; list them by `hwdesign generate list`"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["-p", "widht=3"], "circuit 'adder-ripple' has no parameter 'widht'; did you mean 'width'?"),
        (["-p", "width=0"], "parameter 'width' of 'adder-ripple' is 0; keep it between 1 and "),
        (["-p", "width=wide"], "parameter 'width' of 'adder-ripple' is 'wide'; give an integer"),
        (["-p", "width"], "-p takes key=value, not 'width'; write it as -p key=value"),
        (["-p", "width=1", "-p", "width=2"], "-p names 'width' twice; leave one of them out"),
    ],
)
def test_wrong_parameter(cli: Cli, tmp_path: Path, given: list[str], message: str) -> None:
    error = _fails(cli, "generate", "circuit", "adder-ripple", *given, "-o", tmp_path / "a.v", code=2)
    assert error.startswith(message)
    assert not list(tmp_path.iterdir())


def test_a_loop_where_none_may_be(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "loop.bench"
    path.write_text(LOOP)
    error = _fails(cli, "convert", path, tmp_path / "out.aig", "--aig")
    assert "combinational loop" in error
    assert "y" in error
    assert not (tmp_path / "out.aig").exists()


def test_undefined_module(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "b.v"
    path.write_text("module t(input a, output y);\n  mystery u1 (.A(a), .Y(y));\nendmodule\n")
    assert _fails(cli, "convert", path, tmp_path / "o.hwn", "--strict") == (
        f"{path}:2: module 'mystery' is defined nowhere; add its definition to the file"
    )


def test_rtl_syntax_error(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bad.v"
    path.write_text("module bad(input a, output reg y);\n  always @(*) begin\n    y = a +;\n  end\nendmodule\n")
    for argv in (("info", path), ("info", "--rtl", path)):
        assert re.match(rf"{re.escape(str(path))}:3: ", _fails(cli, *argv))


def test_unknown_collection(cli: Cli) -> None:
    assert _fails(cli, "data", "info", "nasa", code=2) == (
        "no collection is named 'nasa'; known: epfl, iscas, itc99, openabc, rtl"
    )


def test_a_real_process_ends_the_same_way(tmp_path: Path) -> None:
    done = spawn("info", tmp_path / "no.v")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == f"error: {tmp_path / 'no.v'}: the file does not exist; check the path\n"
    done = spawn("info", tmp_path / "no.v", "--debug")
    assert b"Traceback" in done.stderr
