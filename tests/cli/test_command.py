"""What all commands share: version, help, JSON, exit codes, endings."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import hwdesign
from hwdesign.cli import _command
from hwdesign.cli._output import Result, one_line, plain, printable, table
from hwdesign.errors import FormatError, ToolError
from tests.cli.conftest import Cli, spawn

HEAVY = ("torch", "lightning", "numpy", "scipy", "networkx", "matplotlib", "rich", "pyosys", "pydantic", "yaml")


def test_version(cli: Cli) -> None:
    assert cli("--version") == (0, f"hwdesign {hwdesign.__version__}\n", "")


def test_help_lists_every_command(cli: Cli) -> None:
    code, out, err = cli("--help")
    assert (code, err) == (0, "")
    listed = [line.split()[0] for line in out[out.index("Commands:") :].splitlines()[1:]]
    assert sorted(listed) == sorted(
        "info convert check partition generate train predict evaluate simulate data report doctor".split()
    )


@pytest.mark.parametrize(
    ("argv", "err"),
    [
        (["inf"], "error: no such command 'inf', did you mean 'info'; see 'hwdesign --help'\n"),
        (["info"], "error: missing argument 'FILE'; see 'hwdesign info --help'\n"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(cli: Cli, argv: list[str], err: str) -> None:
    assert cli(*argv) == (2, "", err)


def test_a_wrong_value_is_one_sentence_and_exit_2(cli: Cli) -> None:
    code, out, err = cli("simulate", "aig", "x.aig", "--patterns", "many")
    assert (code, out) == (2, "")
    assert err.startswith("error: invalid value for '--patterns': ")
    assert err.endswith("; see 'hwdesign simulate aig --help'\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "what", "mend"),
    [
        (["info", "--json"], "missing argument 'FILE'", "see 'hwdesign info --help'"),
        (["inf", "a.v", "--json"], "no such command 'inf', did you mean 'info'", "see 'hwdesign --help'"),
        (
            ["generate", "circuit", "--json", "-o"],
            "option '-o' requires an argument",
            "see 'hwdesign --help'",
        ),
        # The rest of these sentences is typer's and changes with its release.
        (["--json", "info"], "no such option: --json", "see 'hwdesign --help'"),
        (["info", "a.v", "--json", "--odd"], "no such option: --odd", "see 'hwdesign info --help'"),
        (["generate", "--json"], "no such option: --json", "see 'hwdesign generate --help'"),
        (
            ["simulate", "aig", "x", "--json", "--seed", "-1"],
            "invalid value for '--seed': ",
            "see 'hwdesign simulate a",
        ),
    ],
)
def test_wrong_usage_with_json_is_a_document_too(cli: Cli, argv: list[str], what: str, mend: str) -> None:
    found = cli(*argv)
    error = found.json["error"]
    assert (found.code, found.err) == (2, f"error: {error['what']}; {error['mend']}\n")
    assert (error["type"], error["file"], error["line"]) == ("UsageError", None, 0)
    assert error["what"].startswith(what)
    assert error["mend"].startswith(mend)


def test_json_after_two_dashes_is_a_name(cli: Cli) -> None:
    assert cli("convert", "--", "--json").out == ""


def test_no_command_prints_the_help_on_standard_error(cli: Cli) -> None:
    for argv in ([], ["generate"]):
        code, out, err = cli(*argv)
        assert (code, out) == (2, "")
        assert err.startswith("Usage: hwdesign")
        assert "error" not in err


def test_start_imports_nothing_heavy() -> None:
    code = "import sys, hwdesign.cli._app; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(found) & set(HEAVY)


def _run(function: object, *, as_json: bool = False, verbose: int = 0, debug: bool = False) -> int:
    return _command.run_command(function, as_json, verbose, debug)  # type: ignore[arg-type]


def _raise(error: BaseException) -> object:
    def function() -> Result:
        raise error

    return function


def test_an_error_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    error = FormatError("the gate\nis odd", file="a\x1b[31m.v", line=3, mend="make it even")
    assert _run(_raise(error)) == 1
    assert capsys.readouterr() == ("", "error: a\\x1b[31m.v:3: the gate is odd; make it even\n")


def test_an_error_with_json_is_a_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(_raise(FormatError("odd", file="a.v", line=3)), as_json=True) == 1
    out, err = capsys.readouterr()
    assert err == "error: a.v:3: odd\n"
    assert out == (
        '{\n  "error": {\n    "type": "FormatError",\n    "what": "odd",\n    "file": "a.v",\n    "line": 3,\n'
        '    "mend": ""\n  }\n}\n'
    )


def test_only_debug_shows_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    _run(_raise(FormatError("odd")), debug=True)
    assert "Traceback" in capsys.readouterr().err
    _run(_raise(FormatError("odd")))
    assert "Traceback" not in capsys.readouterr().err


def test_verbose_shows_a_tools_output(capsys: pytest.CaptureFixture[str]) -> None:
    error = ToolError("abc failed", output="line one\nline two")
    _run(_raise(error))
    assert capsys.readouterr().err == "error: abc failed\n"
    _run(_raise(error), verbose=1)
    assert capsys.readouterr().err == "    line one\n    line two\nerror: abc failed\n"


def test_a_bug_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(_raise(KeyError("k"))) == 1
    assert capsys.readouterr().err == (
        "error: internal error: KeyError: 'k'; run again with --debug and report what it prints\n"
    )


@pytest.mark.parametrize(
    ("error", "code", "fault"),
    [
        (
            KeyError("k"),
            1,
            ("InternalError", "internal error: KeyError: 'k'", "run again with --debug and report what it"),
        ),
        (MemoryError(), 1, ("MemoryError", "memory ran out", "give it a smaller input, or a machine with more memory")),
        (KeyboardInterrupt(), 130, ("KeyboardInterrupt", "interrupted", "")),
    ],
)
def test_every_ending_is_a_document_with_json(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, fault: tuple[str, str, str]
) -> None:
    assert _run(_raise(error), as_json=True) == code
    found = json.loads(capsys.readouterr().out)["error"]
    assert (found["type"], found["what"]) == fault[:2]
    assert found["mend"].startswith(fault[2])


def test_memory_and_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(_raise(MemoryError())) == 1
    assert capsys.readouterr().err == (
        "error: memory ran out; give it a smaller input, or a machine with more memory\n"
    )
    assert _run(_raise(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_what_a_library_prints_stays_off_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    def function() -> Result:
        print("chatter")
        return Result({"a": 1}, ["line"])

    assert _run(function) == 0
    assert capsys.readouterr() == ("line\n", "chatter\n")
    assert _run(function, as_json=True) == 0
    assert capsys.readouterr() == ('{\n  "a": 1\n}\n', "chatter\n")


def test_numbers_that_json_lacks_become_null() -> None:
    value = {"a": math.nan, "b": np.array([1.0, np.inf]), 3: (np.int32(4), Path("x"), {"s"}), "t": True}
    assert plain(value) == {"a": None, "b": [1.0, None], "3": [4, "x", ["s"]], "t": True}


def test_printable_text() -> None:
    assert printable("a\x1b[2Jb\x9b\udcff\u202e\ud800é中") == "a\\x1b[2Jb\\x9b\\xff\\u202e\\ud800é中"
    assert one_line("a \n\n  b\r\nc") == "a b c"


def test_table_aligns_numbers_right() -> None:
    rows = [("a", 1, 0.5, True), ("bcd", 100, math.nan, False)]
    assert table(("name", "n", "x", "ok"), rows) == [
        "name    n       x  ok",
        "a       1  0.5000  yes",
        "bcd   100       -  no",
    ]


def test_a_full_disk_behind_standard_output() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = spawn("generate", "list", stdout=full)
    assert (done.returncode, done.stderr) == (1, b"error: cannot write to standard output: no space left on device\n")


@pytest.mark.parametrize(
    ("closed", "argv", "want"),
    [
        (">&-", "generate list", (1, "", "error: cannot write to standard output: it is closed\n")),
        ("2>&-", "--version", (0, f"hwdesign {hwdesign.__version__}\n", "")),
        ("2>&-", "inf", (2, "", "")),
        (">&- 2>&-", "generate list", (1, "", "")),
    ],
)
def test_a_standard_stream_that_is_closed(closed: str, argv: str, want: tuple[int, str, str]) -> None:
    line = f'exec "$0" -m hwdesign {argv} {closed}'
    done = subprocess.run(["sh", "-c", line, sys.executable], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == want


def test_a_reader_that_goes_away() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as pipe:
        done = spawn("generate", "list", stdout=pipe)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_encoding_without_the_name(tmp_path: Path) -> None:
    source = Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff.bench"))
    source.write_text("INPUT(a)\nOUTPUT(y)\ny = AND(a, qé)\n", encoding="utf-8")
    done = spawn("check", source, env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"/odd\\xff.bench:3: error: net 'q\\xe9' is read 1 times but nothing drives it" in done.stdout


def test_bytes_that_are_no_text(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "odd.bench"
    source.write_bytes(b"INPUT(\xff\xe9)\nOUTPUT(y)\ny = NOT(\xff\xe9)\n")
    code, out, err = cli("check", source)
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {source}:1: ")
    assert "\\xff\\xe9" in err


def test_interrupt_of_a_real_process(tmp_path: Path) -> None:
    fifo = tmp_path / "slow.bench"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [sys.executable, "-m", "hwdesign", "info", str(fifo)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with fifo.open("wb"):  # opens when the command has begun to read
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"interrupted\n")
