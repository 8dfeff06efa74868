"""ngspice as a program: one deck, one process, a raw file in a temporary folder.

Decks given to ngspice are made by our own writers. ngspice would run any command that stands between `.control` and
`.endc` or after `*#`, and read any file that `.include` names: a text with such a line is refused.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwdesign.errors import UnsupportedError
from hwdesign.files import write_text
from hwdesign.spice.engines.rawfile import Plot, read_raw
from hwdesign.tools import run_tool

DEFAULT_TIMEOUT_S = 600.0
DEFAULT_MEMORY_MB = 8192

_FORBIDDEN = re.compile(r"^\s*(\.control|\.endc|\.exec|\.inc|\.lib|\.include|\*#)", re.IGNORECASE | re.MULTILINE)
_LOG = 1 << 20
# Figures of a run, not of a circuit.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "SPICE_SCRIPTS": "", "NGSPICE_MEAS_PRECISION": ""}


@dataclass(frozen=True)
class EngineRun:
    """What a simulator made of a deck.

    Attributes:
        plots: what it found, one plot an analysis.
        log: what it said.
        ok: whether it finished every analysis.
    """

    plots: tuple[Plot, ...]
    log: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a simulator failed, in its words.

    Attributes:
        message: one sentence.
        element: the element that it names, '' for none.
        node: the node that it names, '' for none.
    """

    message: str
    element: str = ""
    node: str = ""


def check_text(text: str) -> None:
    """Refuse a deck with a line that ngspice would execute, or that makes it read another file.

    Raises:
        UnsupportedError: there is such a line.
    """
    match = _FORBIDDEN.search(text)
    if match is not None:
        raise UnsupportedError(f"a line that begins with '{match[1]}' is not given to ngspice", mend="take it out")


def run_program(
    text: str, *, timeout_s: float = DEFAULT_TIMEOUT_S, memory_mb: int | None = DEFAULT_MEMORY_MB
) -> EngineRun:
    """Run `ngspice -b` on a deck.

    Args:
        text: the deck, with its analyses.
        timeout_s: wall-clock limit in seconds.
        memory_mb: limit on its address space in MiB, or None.

    Raises:
        ToolError: ngspice is missing, or ran past its limits.
        UnsupportedError: see `check_text`.
        FormatError, LimitError: its raw file is damaged or too large.
    """
    check_text(text)
    with tempfile.TemporaryDirectory(prefix="hwdesign-ngspice-") as name:
        folder = Path(name)
        write_text(folder / "deck.cir", text)
        # -n and a home of its own: no start-up file of the user's is run.
        run = run_tool(
            ["ngspice", "-n", "-b", "-r", "out.raw", "deck.cir"],
            cwd=folder, timeout_s=timeout_s, memory_mb=memory_mb, check=False, env=_ENVIRONMENT | {"HOME": name},
        )  # fmt: skip
        raw = folder / "out.raw"
        log = f"{run.stdout[-_LOG:]}\n{run.stderr[:_LOG]}"
        ok = run.returncode == 0 and "aborted" not in log
        # What a failed run leaves behind may be cut off.
        plots = read_raw(raw) if ok and raw.exists() else ()
    return EngineRun(plots, log if ok or run.returncode >= 0 else f"{log}\nError: ended by signal", ok)


_LINE = re.compile(r"Error on line \d+ or its substitute:\n(?P<line>[^\n]*)\n(?P<why>[^\n]*)")
_UNKNOWN = re.compile(r"^Error: unknown subckt: (?P<line>[^\n]*)", re.MULTILINE)
_MODEL = re.compile(r"can't find model '(?P<model>[^']*)' from line\n(?P<line>[^\n]*)")
_ANALYSIS = re.compile(r"doAnalyses: (?P<what>[^\n]*)")  # it may follow a progress report on its line
_NODE = re.compile(r"singular matrix:\s+check nodes? (?P<node>[^\s,]+)|trouble with node \"?(?P<other>[^\s\"]+)")
_INSTANCE = re.compile(r"trouble with (?P<model>[^\s:]+):(?P<name>[^\s\"]+)|^\s+in line (?P<line>\S+)", re.MULTILINE)
_ERROR = re.compile(r"^(?:stderr )?(?P<what>(?:Fatal )?Error:[^\n]*)", re.MULTILINE | re.IGNORECASE)
_UNRECORDED = re.compile(r"; (initial timepoint: )?cause unrecorded")
_NOISE = ("circuit not parsed", "there aren't any circuits", "no such vector", "out of range")


def trouble(log: str) -> Trouble:
    """The first cause of a failure that ngspice's log gives."""
    unknown = _UNKNOWN.search(log)
    if unknown:
        words = unknown["line"].split()
        return Trouble(f"unknown subcircuit in '{_short(unknown['line'])}'", words[0] if words else "")
    match = _LINE.search(log)
    if match:
        model, words = _MODEL.search(log), match["line"].split()
        why = match["why"].strip()
        if model and model["line"].strip() == match["line"].strip():
            why = f"no model is named '{model['model']}'"
        return Trouble(f"{why} in '{_short(match['line'])}'", words[0] if words else "")
    node, instance, analysis = _NODE.search(log), _INSTANCE.search(log), _ANALYSIS.search(log)
    place = (node["node"] or node["other"]) if node else ""
    element = (instance["name"] or instance["line"] or "") if instance else ""
    error = next((m for m in _ERROR.finditer(log) if not any(word in m["what"] for word in _NOISE)), None)
    if analysis and "too small" in analysis["what"]:
        what = _UNRECORDED.sub("", _sentence(analysis["what"]))
    elif error:
        what = _sentence(error["what"].partition(":")[2])
    elif analysis:
        what = _sentence(analysis["what"])
    else:
        lines = [line.strip() for line in log.splitlines() if line.strip()]
        what = _short(lines[-1]) if lines else "it said nothing"
    if place.endswith("#branch"):
        place, element = "", element or place.removesuffix("#branch")
    if node and node["node"] and "singular" not in what:
        what += f", singular matrix at {node['node']}"
    return Trouble(what, element, place)


def not_finite(plots: tuple[Plot, ...]) -> str:
    """The first vector that holds what is no number, with its place; '' where there is none."""
    for plot in plots:
        first = next(iter(plot.vectors.values()), None)
        for name, values in plot.vectors.items():
            bad = np.flatnonzero(~np.isfinite(values))
            if len(bad):
                at = "" if first is None or plot.kind != "tran" else f" at t = {float(first[bad[0]].real):.6g} s"
                return f"'{name}' is no number{at}"
    return ""


def _sentence(text: str) -> str:
    return _short(" ".join(text.split()).rstrip(" .,:"))


def _short(text: str) -> str:
    return " ".join(text.split())[:160]
