"""ngspice's shared library in a worker process under a watchdog: several runs a process, and no run without end."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from types import TracebackType
from typing import Any, Literal

import numpy as np

from hwdesign.errors import ToolError
from hwdesign.spice.engines.ngspice import DEFAULT_MEMORY_MB, DEFAULT_TIMEOUT_S, EngineRun, check_text
from hwdesign.spice.engines.rawfile import Plot, Values, plot_kind, vector_name
from hwdesign.spice.engines.worker import LENGTH

SharedKind = Literal["ngspice-shared", "pyspice"]

_START_S = 60.0
_MAX_HEAD = 256 << 20
_MAX_DATA = 8 << 30
_SCALES = ("time", "frequency")


class NgspiceWorker:
    """A process that holds the library. It starts at the first run, and again after a run that had to be ended.

    Args:
        kind: `ngspice-shared` through ctypes, `pyspice` through PySpice.
        memory_mb: limit on its address space in MiB, or None.

    >>> with NgspiceWorker() as worker:
    ...     runs = [worker.run(deck, timeout_s=60) for deck in decks]
    """

    def __init__(self, kind: SharedKind = "ngspice-shared", memory_mb: int | None = DEFAULT_MEMORY_MB) -> None:
        self.kind, self.memory_mb = kind, memory_mb
        self.starts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> NgspiceWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, text: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> EngineRun:
        """Simulate a deck.

        Args:
            text: the deck, with its analyses.
            timeout_s: wall-clock limit in seconds; past it the process is killed, and the next run starts another.

        Raises:
            ToolError: the library or PySpice is missing, or the run took too long or ended the process.
            UnsupportedError: see `hwdesign.spice.engines.ngspice.check_text`.
        """
        check_text(text)
        with self._lock:
            process = self._started()
            request = json.dumps({"lines": [line for line in text.splitlines() if line.strip()]}).encode()
            deadline = time.monotonic() + timeout_s
            try:
                _send(process, LENGTH.pack(len(request)) + request, deadline)
                head, blocks = _receive(process, deadline)
            except TimeoutError:
                self._kill()
                raise ToolError(
                    f"{self.kind} ran past its limit of {timeout_s:g} s",
                    mend="raise the time limit or give it a smaller input",
                ) from None
            except (EOFError, OSError):
                code = self._kill()
                how = f"signal {-code}" if code < 0 else f"exit status {code}"
                raise ToolError(
                    f"{self.kind} ended its process ({how}) while it simulated", mend="try engine 'ngspice'"
                ) from None
            except BaseException:  # Ctrl-C leaves an answer in the pipe
                self._kill()
                raise
        return EngineRun(tuple(_plots(head, blocks)), str(head.get("log", "")), bool(head.get("ok")))

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._kill()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._kill()
        self._folder = tempfile.TemporaryDirectory(prefix="hwdesign-ngspice-")
        # -P: nothing is imported from the folder in which it runs; a home of its own: no start-up file of the user's.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hwdesign.spice.engines.worker", self.kind, str(self.memory_mb or 0)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.name,
            start_new_session=True,
            env={**os.environ, "HOME": self._folder.name, "LC_ALL": "C", "OMP_NUM_THREADS": "1"},
        )
        self.starts += 1
        try:
            head, _ = _receive(self._process, time.monotonic() + _START_S)
        except (EOFError, OSError, TimeoutError):
            head = {"fault": "its process did not start"}
        if "ready" not in head:
            self._kill()
            raise _missing(self.kind, str(head.get("fault", "")))
        return self._process

    def _kill(self) -> int:
        """End the process group; its exit status."""
        process, self._process = self._process, None
        code = 0
        if process is not None:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        return code


_workers: dict[SharedKind, NgspiceWorker] = {}


def shared_worker(kind: SharedKind) -> NgspiceWorker:
    """The process's own worker of a kind, which later runs use again; it ends with the process."""
    if kind not in _workers:
        _workers[kind] = NgspiceWorker(kind)
        atexit.register(_workers[kind].close)
    return _workers[kind]


def _missing(kind: SharedKind, why: str) -> ToolError:
    if kind == "pyspice" and importlib.util.find_spec("PySpice") is None:
        return ToolError(
            "engine 'pyspice' is not here: package 'PySpice' was not found",
            mend="install it with: pip install 'hwdesign[pyspice]'",
        )
    return ToolError(
        f"engine '{kind}' is not here: ngspice's shared library does not load: {why}",
        mend="install it with: apt install libngspice0",
    )


def _wait(descriptor: int, deadline: float, *, write: bool = False) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if write else select.POLLIN | select.POLLHUP)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError


def _send(process: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
    assert process.stdin is not None
    descriptor, view = process.stdin.fileno(), memoryview(data)
    os.set_blocking(descriptor, False)
    while view:
        _wait(descriptor, deadline, write=True)
        with contextlib.suppress(BlockingIOError):
            view = view[os.write(descriptor, view[: 1 << 16]) :]


def _take(process: subprocess.Popen[bytes], count: int, deadline: float) -> bytes:
    assert process.stdout is not None
    descriptor, parts = process.stdout.fileno(), []
    while count:
        _wait(descriptor, deadline)
        part = os.read(descriptor, min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _receive(process: subprocess.Popen[bytes], deadline: float) -> tuple[dict[str, Any], list[bytes]]:
    """An answer's head, and its vectors' numbers in the head's order."""
    (size,) = LENGTH.unpack(_take(process, LENGTH.size, deadline))
    if size > _MAX_HEAD:
        raise EOFError
    head: dict[str, Any] = json.loads(_take(process, size, deadline))
    sizes = [vector[3] for _, vectors in head.get("plots", []) for vector in vectors]
    if sum(sizes) > _MAX_DATA:
        raise EOFError
    return head, [_take(process, count, deadline) for count in sizes]


def _plots(head: dict[str, Any], blocks: list[bytes]) -> list[Plot]:
    found, at = [], 0
    for name, shapes in head.get("plots", []):
        vectors: dict[str, Values] = {}
        for label, kind, is_complex, _ in shapes:
            values: Values = np.frombuffer(blocks[at], np.complex128 if is_complex else np.float64)
            key = vector_name(label, kind)
            vectors[key] = values.real.copy() if key == "frequency" else values
            at += 1
        scale = next((key for key in vectors if key in _SCALES or key.endswith("-sweep")), None)
        if scale is not None:
            vectors = {scale: vectors.pop(scale), **vectors}
        found.append(Plot(plot_kind(name), "", vectors))
    return found
