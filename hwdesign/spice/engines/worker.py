"""The process in which ngspice's shared library runs: `python -m hwdesign.spice.engines.worker KIND`.

The library keeps global state, leaks between circuits, hangs at times and may end the process, so that it is never
loaded where a user's program runs. Requests come on standard input and answers go to the former standard output, each
a length of eight bytes and a JSON text; an answer's vectors follow it as plain numbers. `hwdesign.spice.engines.shared`
is the other end.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

LENGTH = struct.Struct("<Q")
MAX_REQUEST = 1 << 30
_MAX_LOG = 1 << 20
_VOLTAGE, _CURRENT = 3, 4  # enum simulation_types of ngspice
_REAL = 1


@dataclass(frozen=True)
class RawVector:
    """A vector as a library gives it: name, kind (`voltage`, `current`, ''), numbers as bytes."""

    name: str
    kind: str
    is_complex: bool
    data: bytes


class Backend(Protocol):
    """One way to speak to the library."""

    def run(self, lines: list[str]) -> tuple[bool, list[tuple[str, list[RawVector]]], str]:
        """Simulate a deck: whether it went well, the vectors of each plot, and the log."""


class _VectorInfo(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("flags", ctypes.c_short),
        ("real", ctypes.POINTER(ctypes.c_double)),
        ("complex", ctypes.c_void_p),
        ("length", ctypes.c_int),
    )


def library_name() -> str:
    """The shared library's usual name on this platform, or the one that the system finds."""
    usual = "libngspice.dylib" if sys.platform == "darwin" else "libngspice.so.0"
    return ctypes.util.find_library("ngspice") or usual


class CtypesBackend:
    """The library through ctypes.

    Raises:
        OSError: it cannot be loaded.
    """

    def __init__(self) -> None:
        self.library = lib = ctypes.CDLL(library_name())
        lib.ngSpice_AllPlots.restype = ctypes.POINTER(ctypes.c_char_p)
        lib.ngSpice_AllVecs.restype = ctypes.POINTER(ctypes.c_char_p)
        lib.ngGet_Vec_Info.restype = ctypes.POINTER(_VectorInfo)
        self.log: list[str] = []
        self.size = 0
        self.ended = False
        text = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)
        ends = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_bool, ctypes.c_bool, ctypes.c_int, ctypes.c_void_p)
        runs = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_bool, ctypes.c_int, ctypes.c_void_p)
        # Kept here: the library calls them as long as it lives.
        self._callbacks = (text(self._said), text(lambda *_: 0), ends(self._exits), runs(lambda *_: 0))
        said, status, exits, running = self._callbacks
        lib.ngSpice_Init(said, status, exits, None, None, running, None)
        self.command("set nomoremode")

    def _said(self, message: bytes, *_: object) -> int:
        # A circuit that does not converge may say so without end.
        if self.size < _MAX_LOG:
            text = message.decode("utf-8", "replace")
            self.log.append(text.removeprefix("stdout ").removeprefix("stderr "))
            self.size += len(message)
        return 0

    def _exits(self, *_: object) -> int:
        self.ended = True
        return 0

    def command(self, text: str) -> int:
        """One command of ngspice's; its result, 0 where it went well."""
        return int(self.library.ngSpice_Command(text.encode()))

    def run(self, lines: list[str]) -> tuple[bool, list[tuple[str, list[RawVector]]], str]:
        """Simulate a deck, take its plots and forget both."""
        self.log, self.size, self.ended = [], 0, False
        array = (ctypes.c_char_p * (len(lines) + 1))(*[line.encode() for line in lines], None)
        loaded = self.library.ngSpice_Circ(array) == 0 and not self.ended
        ok = loaded and not self._complained() and self.command("run") == 0 and not self.ended
        plots = list(self._plots()) if loaded and not self.ended else []
        log = "\n".join(self.log)
        ok = ok and "aborted" not in log
        if not self.ended:
            # The library frees nothing by itself. Its history of commands is one of the things that grow.
            self.command("destroy all")
            if loaded:
                self.command("remcirc")
            self.library.ngSpice_Command(None)
        return ok, plots, log

    def _complained(self) -> bool:
        return any("Error" in line and "not parsed" in line for line in self.log) or any(
            line.startswith("Error on line") for line in self.log
        )

    def _plots(self) -> Iterator[tuple[str, list[RawVector]]]:
        names = _texts(self.library.ngSpice_AllPlots())
        for plot in reversed(names):
            if plot != "const":
                vectors = (self._vector(plot, name) for name in _texts(self.library.ngSpice_AllVecs(plot.encode())))
                yield plot, [vector for vector in vectors if vector is not None]

    def _vector(self, plot: str, name: str) -> RawVector | None:
        pointer = self.library.ngGet_Vec_Info(f"{plot}.{name}".encode())
        if not pointer:
            return None
        info = pointer.contents
        is_complex = not info.flags & _REAL
        source = info.complex if is_complex else ctypes.cast(info.real, ctypes.c_void_p).value
        data = ctypes.string_at(source, info.length * (16 if is_complex else 8)) if source and info.length > 0 else b""
        return RawVector(name, {_VOLTAGE: "voltage", _CURRENT: "current"}.get(info.type, ""), is_complex, data)


def _texts(array: Any) -> list[str]:
    found: list[str] = []
    while array and array[len(found)]:
        found.append(array[len(found)].decode("utf-8", "replace"))
    return found


def _limit(memory_mb: int) -> None:
    import resource

    if memory_mb:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        size = memory_mb << 20
        resource.setrlimit(resource.RLIMIT_AS, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(count: int) -> bytes:
    """Exactly `count` bytes of standard input, fewer at its end."""
    parts: list[bytes] = []
    while count > 0:
        part = os.read(0, min(count, 1 << 20))
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _answer(descriptor: int, head: dict[str, object], blocks: list[bytes]) -> None:
    text = json.dumps(head).encode()
    _write(descriptor, LENGTH.pack(len(text)) + text)
    for block in blocks:
        _write(descriptor, block)


def _backend(kind: str) -> Backend:
    if kind == "pyspice":
        from hwdesign.spice.engines.pyspice import PySpiceBackend

        return PySpiceBackend()
    return CtypesBackend()


def main(kind: str, memory_mb: int) -> int:
    """Answer requests until standard input ends; returns the exit status."""
    out = os.dup(1)
    # What the library prints by itself must not stand between our answers.
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    _limit(memory_mb)
    try:
        backend = _backend(kind)
    except (OSError, ImportError) as error:
        _answer(out, {"fault": str(error)}, [])
        return 1
    _answer(out, {"ready": kind}, [])
    while True:
        head = _read(LENGTH.size)
        if len(head) < LENGTH.size:
            return 0
        (size,) = LENGTH.unpack(head)
        if size > MAX_REQUEST:
            return 1
        ok, plots, log = backend.run(json.loads(_read(size))["lines"])
        shape = [[name, [[v.name, v.kind, v.is_complex, len(v.data)] for v in vectors]] for name, vectors in plots]
        _answer(out, {"ok": ok, "log": log[-_MAX_LOG:], "plots": shape}, [v.data for _, vs in plots for v in vs])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
