"""JoSIM as a program (`josim-cli`), where one is on the PATH. No package registry has it."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import ToolError
from hwdesign.files import read_input, write_text
from hwdesign.tools import run_tool

_MAX_BYTES = 4 << 30


def run_josim(text: str, *, timeout_s: float, memory_mb: int | None, file: str = "") -> dict[str, NDArray[np.float64]]:
    """Run `josim-cli` on a deck.

    Args:
        text: the deck in JoSIM's dialect, with `.tran` and `.print` lines.
        timeout_s: wall-clock limit in seconds.
        memory_mb: limit on its address space in MiB, or None.
        file: the circuit's own deck, for errors.

    Returns:
        float64[T] by column in upper case: `TIME`, `P(B1)`, `V(N1)` ..., in SI units.

    Raises:
        ToolError: josim-cli is missing, failed or ran past its limits, or its table is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="hwdesign-josim-") as name:
        folder = Path(name)
        write_text(folder / "deck.cir", text)
        run = run_tool(
            ["josim-cli", "-o", "out.csv", "deck.cir"],
            cwd=folder,
            timeout_s=timeout_s,
            memory_mb=memory_mb,
            check=False,
        )
        table = folder / "out.csv"
        if run.returncode != 0 or not table.exists():
            said = [line.strip() for line in f"{run.stdout}\n{run.stderr}".splitlines() if line.strip()]
            wrong = next((line for line in said if line.startswith("E:")), said[-1] if said else "it said nothing")
            raise ToolError(
                f"josim failed: {wrong.removeprefix('E:').strip()[:160]}", output="\n".join(said), file=file or None
            )
        data = read_input(table, limit=_MAX_BYTES).decode("utf-8", "replace")
    return _columns(data, file)


def _columns(data: str, file: str) -> dict[str, NDArray[np.float64]]:
    head, _, body = data.partition("\n")
    names = [name.strip().upper() for name in next(csv.reader([head.strip()]), [])]
    try:
        values = np.array([float(word) for word in body.replace(",", " ").split()], np.float64)
        table = values.reshape(-1, len(names))
    except ValueError:
        raise ToolError("josim's table is damaged: its rows do not fit its header", file=file or None) from None
    if "TIME" not in names or not len(table):
        raise ToolError("josim's table has no times", file=file or None)
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        raise ToolError(f"josim: '{names[bad[0][1]]}' is no number in row {bad[0][0] + 1}", file=file or None)
    return {name: np.ascontiguousarray(table[:, at]) for at, name in enumerate(names)}
