"""Running external programs under limits, and the trials behind `hwdesign doctor`."""

import os
import sys
import time
from pathlib import Path

import pytest

from hwdesign.errors import ToolError
from hwdesign.tools import ENGINES, Engine, find_tool, probe_all, probe_tool, run_tool
from hwdesign.tools import _probe as probe_module


def python(code: str, **kwargs):
    return run_tool([sys.executable, "-c", code], **{"timeout_s": 20, "memory_mb": 512, **kwargs})


def test_output_input_and_folder(tmp_path):
    run = python(
        "import os, sys; print(os.getcwd()); print(sys.stdin.read(), file=sys.stderr)", cwd=tmp_path, input="αβ"
    )
    assert (run.returncode, run.stdout.strip(), run.stderr.strip()) == (0, str(tmp_path.resolve()), "αβ")
    assert run.argv[0] == sys.executable
    assert run.seconds > 0


def test_arguments_are_not_a_shell_string(tmp_path):
    word = f"$(touch {tmp_path}/made); `id` 'x' \n*"
    run = run_tool([sys.executable, "-c", "import sys; print(repr(sys.argv[1]))", word], timeout_s=20, memory_mb=None)
    assert run.stdout.strip() == repr(word)
    assert not (tmp_path / "made").exists()


def test_standard_input_is_empty_unless_given():
    assert python("import sys; print(len(sys.stdin.read()))").stdout == "0\n"


def test_missing_program():
    with pytest.raises(ToolError) as caught:
        run_tool(["no-such-program-here", "-x"], timeout_s=1, memory_mb=None)
    assert str(caught.value) == "program 'no-such-program-here' was not found; install it or add it to PATH"
    assert caught.value.command == ["no-such-program-here", "-x"]


def test_nul_and_empty_commands_are_refused():
    with pytest.raises(ToolError, match="holds a NUL character"):
        run_tool(["true", "a\0b"], timeout_s=1, memory_mb=None)
    with pytest.raises(ToolError, match="no command was given"):
        run_tool([], timeout_s=1, memory_mb=None)


def test_failure_names_status_command_and_output():
    with pytest.raises(ToolError) as caught:
        python("import sys; print('before'); sys.exit('the reason')")
    assert "failed with exit status 1: the reason" in str(caught.value)
    assert caught.value.output == "before\nthe reason"
    assert caught.value.command[0] == sys.executable
    assert python("raise SystemExit(3)", check=False).returncode == 3


def test_a_signal_is_named():
    with pytest.raises(ToolError, match="was ended by SIGABRT"):
        python("import os; os.abort()")


def test_timeout_ends_the_whole_group(tmp_path):
    child = tmp_path / "child"
    code = (
        "import subprocess, sys, time, pathlib\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(child)!r}).write_text(str(p.pid)); print('started', flush=True); time.sleep(60)"
    )
    start = time.monotonic()
    with pytest.raises(ToolError, match=r"ran past its limit of 1\.5 s; raise the time limit") as caught:
        python(code, timeout_s=1.5)
    assert time.monotonic() - start < 10
    assert caught.value.output == "started"
    pid = int(child.read_text())
    for _ in range(100):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            break
        time.sleep(0.02)
    else:
        pytest.fail("the tool's child outlived the timeout")


def test_waiting_without_pidfd(monkeypatch):
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    assert python("print(1)").stdout == "1\n"
    with pytest.raises(ToolError, match="ran past its limit"):
        python("import time; time.sleep(60)", timeout_s=0.3)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not enforce RLIMIT_AS")
def test_memory_limit():
    with pytest.raises(ToolError, match="it may need more than its 128 MiB of memory"):
        python("x = bytearray(1 << 28)", memory_mb=128)
    assert python("x = bytearray(1 << 28); print(len(x))", memory_mb=None).stdout == f"{1 << 28}\n"


def test_a_relative_program_is_meant_from_here(tmp_path, monkeypatch):
    program = tmp_path / "tool"
    program.write_text(f"#!{sys.executable}\nprint('mine')\n")
    program.chmod(0o755)
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run_tool(["./tool"], cwd="sub", timeout_s=20, memory_mb=None).stdout == "mine\n"


def test_find_tool_uses_aliases_and_the_bundled_abc(tmp_path, monkeypatch):
    sta = tmp_path / "sta"
    sta.write_text("")
    sta.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tool("opensta") == sta
    assert find_tool("iverilog") is None
    bundled = find_tool("abc")  # the pyosys wheel brings one
    assert bundled is not None
    assert bundled.name == "yosys-abc"


def test_engines_table_is_complete():
    names = [engine.name for engine in ENGINES]
    assert len(set(names)) == len(names)
    assert {"ngspice", "iverilog", "opensta", "berkeley-abc", "yosys"} <= set(names)
    assert {"pyosys", "aigverse", "pyverilog", "PySpice", "torch", "pyslang"} <= set(names)
    assert all(engine.install.startswith(("apt install ", "pip install ", "git clone ")) for engine in ENGINES)
    assert all(engine.programs or engine.kind != "program" for engine in ENGINES)


def test_installed_engines_work():
    # Every one but torch, whose import alone takes seconds.
    for status in probe_all([engine.name for engine in ENGINES if engine.name != "torch"]):
        if status.required:
            assert status.found, status
        if status.found:
            assert status.works, status
            assert status.version or status.kind == "library", status
        else:
            assert status.detail, status
        if os.environ.get("HWDESIGN_REQUIRE_TOOLS") == "1" and status.install.startswith("apt"):
            assert status.found or status.name == "yosys", status


def test_a_missing_engine_says_what_is_missing(tmp_path, monkeypatch):
    only = tmp_path / "iverilog"
    only.write_text("")
    only.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    status = probe_tool("iverilog")
    assert (status.found, status.works, status.detail) == (False, False, "vvp not found")
    assert status.install == "apt install iverilog"
    assert probe_tool("nothing-of-the-kind").detail == "not found"


def test_a_broken_engine_is_found_but_does_not_work(monkeypatch):
    def broken(folder: Path) -> str:
        raise ToolError("it crashed")

    engine = Engine("broken", "package", "", "pip install broken", broken, "x", distribution="pytest")
    monkeypatch.setattr(probe_module.importlib.util, "find_spec", lambda name: type("Spec", (), {"origin": "here"}))
    status = probe_module._probe(engine)
    assert (status.found, status.works, status.detail, status.path) == (True, False, "it crashed", "here")
    wrong = Engine("wrong", "package", "", "pip install wrong", lambda folder: "41", "^42$", distribution="pytest")
    assert probe_module._probe(wrong).detail == "its trial printed '41'"
