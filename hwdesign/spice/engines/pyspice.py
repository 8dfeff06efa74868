"""PySpice's face to ngspice's shared library. PySpice is GPL-3 and optional: nothing else imports it.

It runs in a worker process (`hwdesign.spice.engines.worker`), as the library under it does.
"""

from __future__ import annotations

import contextlib
import logging

import numpy as np
from PySpice.Spice.NgSpice.Shared import NgSpiceShared

from hwdesign.spice.engines.worker import RawVector, library_name


class PySpiceBackend:
    """The library through PySpice.

    Raises:
        OSError: the library cannot be loaded.
    """

    def __init__(self) -> None:
        logging.disable(logging.CRITICAL)  # PySpice warns of every version that is newer than itself
        # PySpice looks for the name that only a developer's install of the library has.
        NgSpiceShared.LIBRARY_PATH = library_name()
        self.shared = NgSpiceShared.new_instance()

    def run(self, lines: list[str]) -> tuple[bool, list[tuple[str, list[RawVector]]], str]:
        """Simulate a deck, take its plots and forget both."""
        ok, log, loaded = True, [], False
        try:
            self.shared.load_circuit("\n".join(lines))
            loaded = True
            log.append(self._said())
            self.shared.run()
        except (NameError, RuntimeError, ValueError) as error:  # what PySpice raises for a failed command
            ok = False
            log.append(str(error))
        log.append(self._said())
        # PySpice takes every note on the error stream for a failure; ngspice itself says `aborted`.
        text = "\n".join(log)
        plots = [(name, self._vectors(name)) for name in reversed(self.shared.plot_names) if name != "const"]
        ok = (ok or (loaded and bool(plots))) and "aborted" not in text and "Error on line" not in text
        self._forget("destroy all")
        self._forget("remcirc")
        return ok, plots, text

    def _said(self) -> str:
        return f"{self.shared.stdout}\n{self.shared.stderr}"

    def _forget(self, command: str) -> None:
        # There may be nothing to forget.
        with contextlib.suppress(NameError, RuntimeError):
            self.shared.exec_command(command)

    def _vectors(self, plot: str) -> list[RawVector]:
        found: list[RawVector] = []
        for name, vector in self.shared.plot(None, plot).items():
            data = np.ascontiguousarray(vector._data)
            kind = "voltage" if vector.is_voltage_node else "current" if vector.is_branch_current else ""
            found.append(RawVector(name, kind, data.dtype.kind == "c", data.tobytes()))
        return found
