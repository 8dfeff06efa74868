"""External programs: where they are, and how they are run under limits."""

from __future__ import annotations

import importlib.util
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hwdesign.errors import ToolError

#: Program names tried in order for a tool that distributions name differently.
ALIASES: dict[str, tuple[str, ...]] = {
    "abc": ("berkeley-abc", "abc", "yosys-abc"),
    "opensta": ("sta", "opensta"),
}
ALIASES["berkeley-abc"] = ALIASES["abc"]
ALIASES["sta"] = ALIASES["opensta"]

#: Most of one output stream that is kept, in bytes; a tool that prints more is cut, not the machine filled.
_KEEP_BYTES = 64 << 20
#: Largest file that a tool may write, in MiB.
_FILE_MB = 4096

# Limits are set by a small Python that then becomes the tool: `preexec_fn` may deadlock in a process with threads
# (torch has them), and a shell's `ulimit` would bring a shell. A limit that the platform lacks is passed over.
_LIMITER = """\
import os, resource, sys
def limit(kind, amount):
    try:
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            amount = min(amount, hard)
        resource.setrlimit(kind, (amount, amount))
    except (ValueError, OSError):
        pass
memory, size = int(sys.argv[1]), int(sys.argv[2])
if memory:
    limit(resource.RLIMIT_AS, memory << 20)
limit(resource.RLIMIT_FSIZE, size << 20)
limit(resource.RLIMIT_CORE, 0)
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass(frozen=True)
class ToolRun:
    """What a finished program left behind.

    Attributes:
        argv: the argument list that ran.
        returncode: exit status; negative is the signal that ended it.
        stdout: standard output, at most 64 MiB of it.
        stderr: standard error, bounded in the same way.
        seconds: wall-clock time.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float


def find_tool(name: str) -> Path | None:
    """Path of an external program, or None.

    `name` is a program's name or a tool's (`abc`, `opensta`), whose usual names are tried in turn. The ABC that ships
    inside the pyosys wheel stands in where no other is installed.
    """
    for program in ALIASES.get(name, (name,)):
        found = shutil.which(program)
        if found:
            return Path(found)
    if name in ("abc", "berkeley-abc", "yosys-abc"):
        spec = importlib.util.find_spec("pyosys")
        for folder in (spec.submodule_search_locations or []) if spec else []:
            bundled = Path(folder) / "yosys-abc"
            if os.access(bundled, os.X_OK):
                return bundled
    return None


def run_tool(
    argv: Sequence[str | Path],
    *,
    cwd: str | Path | None = None,
    timeout_s: float,
    memory_mb: int | None,
    input: str | bytes | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
) -> ToolRun:
    """Run a program to its end under limits.

    Args:
        argv: program and arguments; the program is looked up with :func:`find_tool` unless it holds a slash.
        cwd: folder that it runs in.
        timeout_s: wall-clock limit in seconds; then the process group is killed.
        memory_mb: limit on its address space in MiB, or None.
        input: what it reads on standard input; otherwise that is empty.
        env: environment variables set over the present ones; `LC_ALL=C` is set always, so that messages can be read.
        check: raise when the exit status is not 0.

    Raises:
        ToolError: the program is missing, cannot start, failed (with `check`) or ran past `timeout_s`.
    """
    words = [str(word) for word in argv]
    if not words:
        raise ToolError("no command was given to run")
    if any("\0" in word for word in words):
        raise ToolError("an argument holds a NUL character", command=words)
    # A path is meant from here, not from `cwd`.
    program = os.path.abspath(words[0]) if os.sep in words[0] else str(find_tool(words[0]) or "")  # noqa: PTH100
    if not program or not os.access(program, os.X_OK):
        raise ToolError(f"program {words[0]!r} was not found", command=words, mend="install it or add it to PATH")
    # -I and -S: nothing of the user's environment is imported before the limits stand.
    limited = [sys.executable, "-I", "-S", "-c", _LIMITER, str(memory_mb or 0), str(_FILE_MB), program, *words[1:]]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as fed:
        if input is not None:
            fed.write(input.encode() if isinstance(input, str) else input)
            fed.seek(0)
        try:
            process = subprocess.Popen(
                limited,
                cwd=cwd,
                stdin=fed,
                stdout=out,
                stderr=err,
                start_new_session=True,
                env={**os.environ, **(env or {}), "LC_ALL": "C"},
            )
        except OSError as error:
            raise ToolError(f"{words[0]} could not be started: {error}", command=words) from error
        try:
            finished = _wait(process, timeout_s)
        except BaseException:  # Ctrl-C must not leave the tool running
            _kill_group(process)
            raise
        if not finished:
            _kill_group(process)
            raise ToolError(
                f"{words[0]} ran past its limit of {timeout_s:g} s",
                command=words,
                output=_trim(_text(out), _text(err)),
                mend="raise the time limit or give it a smaller input",
            )
        result = ToolRun(tuple(words), process.returncode, _text(out), _text(err), time.perf_counter() - start)
    if check and result.returncode != 0:
        raise failure(result, memory_mb)
    return result


def failure(result: ToolRun, memory_mb: int | None = None) -> ToolError:
    """The error that says how `result` failed; `memory_mb` is the limit that it ran under."""
    code = result.returncode
    how = f"failed with exit status {code}"
    if code < 0:
        try:
            how = f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            how = f"was ended by signal {-code}"
    output = _trim(result.stdout, result.stderr)
    starved = memory_mb is not None and any(
        word in output for word in ("bad_alloc", "MemoryError", "annot allocate memory", "out of memory")
    )
    last = output.rstrip().rsplit("\n", 1)[-1].strip()
    return ToolError(
        f"{Path(result.argv[0]).name} {how}" + (f": {last[:200]}" if last else ""),
        command=list(result.argv),
        output=output,
        mend=f"it may need more than its {memory_mb} MiB of memory" if starved else "",
    )


def _wait(process: subprocess.Popen[bytes], timeout_s: float) -> bool:
    """Wait for the end; False when the time ran out."""
    if hasattr(os, "pidfd_open"):
        # subprocess polls with sleeps of up to 50 ms; short simulations by the thousand feel that.
        try:
            handle = os.pidfd_open(process.pid)
        except OSError:
            pass
        else:
            try:
                poll = select.poll()
                poll.register(handle, select.POLLIN)
                if not poll.poll(max(timeout_s, 0) * 1000):
                    return False
            finally:
                os.close(handle)
            process.wait()
            return True
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # Not yet reaped, so the group's number cannot have been given to anyone else.
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()
        process.wait()


def _text(stream: IO[bytes]) -> str:
    """What a tool printed; of a stream past the bound, the end, where the errors stand."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _KEEP_BYTES))
    return stream.read(_KEEP_BYTES).decode("utf-8", "replace")


def _trim(stdout: str, stderr: str) -> str:
    """The last of both streams, standard error last."""
    return "\n".join(part[-1000:].strip() for part in (stdout, stderr) if part.strip())
