"""The engines by name, and what to do where one is missing."""

from __future__ import annotations

from typing import Literal, get_args

from hwdesign.errors import ConfigError, ToolError
from hwdesign.spice.engines.ngspice import DEFAULT_MEMORY_MB, EngineRun, run_program
from hwdesign.spice.engines.shared import NgspiceWorker, shared_worker
from hwdesign.tools import ENGINES as TOOLS
from hwdesign.tools import find_tool

EngineName = Literal["embedded", "ngspice", "ngspice-shared", "pyspice", "josim"]
SpiceName = Literal["ngspice", "ngspice-shared", "pyspice"]

ENGINES: tuple[EngineName, ...] = get_args(EngineName)
SPICE_ENGINES: tuple[SpiceName, ...] = get_args(SpiceName)

_PROGRAMS = {"ngspice": "ngspice", "josim": "josim-cli"}


def check_engine(name: str, known: tuple[str, ...] = ENGINES) -> None:
    """Whether an engine of that name can be used.

    A library or package shows that it is missing when its worker starts.

    Raises:
        ConfigError: no such engine.
        ToolError: its program is missing; the error says how to install it.
    """
    if name not in known:
        raise ConfigError(f"no engine is named '{name}'", mend=f"engines: {', '.join(known)}")
    program = _PROGRAMS.get(name)
    if program is not None and find_tool(program) is None:
        install = next(tool.install for tool in TOOLS if tool.name == program)
        raise ToolError(
            f"engine '{name}' is not here: program '{program}' was not found", mend=f"install it with: {install}"
        )


def run_spice(
    text: str, engine: SpiceName, *, timeout_s: float, memory_mb: int | None, worker: NgspiceWorker | None = None
) -> EngineRun:
    """Run a deck of ngspice's dialect.

    Args:
        text: the deck.
        engine: which face of ngspice.
        timeout_s: wall-clock limit in seconds.
        memory_mb: limit on the address space in MiB, or None; a worker that runs already keeps its own.
        worker: for `ngspice-shared` and `pyspice`, one to use in place of the process's own.

    Raises:
        ToolError: the engine is missing, or ran past its limits.
        UnsupportedError: the deck has a line that would be executed.
    """
    check_engine(engine, SPICE_ENGINES)
    if engine == "ngspice":
        return run_program(text, timeout_s=timeout_s, memory_mb=memory_mb)
    if worker is None:
        worker = shared_worker(engine)
        if memory_mb != DEFAULT_MEMORY_MB and worker.memory_mb != memory_mb:
            worker.close()
            worker.memory_mb = memory_mb
    return worker.run(text, timeout_s=timeout_s)
