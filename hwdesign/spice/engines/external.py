"""Other simulators behind the face of the embedded engine: one instance a run, the same result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.errors import ConfigError, ToolError
from hwdesign.netlist.waveforms import Waveform
from hwdesign.spice.batch import Batch, Noisy
from hwdesign.spice.circuit import Circuit
from hwdesign.spice.engines.flat import FlatDeck, flat_deck
from hwdesign.spice.engines.josim import run_josim
from hwdesign.spice.engines.names import SpiceName, check_engine, run_spice
from hwdesign.spice.engines.ngspice import EngineRun, not_finite, trouble
from hwdesign.spice.engines.rawfile import Values
from hwdesign.spice.places import Places
from hwdesign.spice.result import Pulses, Transient
from hwdesign.spice.signals import requested

Float = NDArray[np.float64]

OPTIONS: Mapping[str, str] = {
    # Gear's second order at equal steps is what the josim mode takes: a tolerance that never shortens a step.
    "josim": "method=gear maxord=2 reltol=1e-4 trtol=1e4 abstol=1e-12 vntol=1e-9 chgtol=1e-12",
    # A junction's charge is far below the usual tolerances; ones ten times tighter end in steps that are too small.
    "newton": "method=trap reltol=1e-5 abstol=1e-10 vntol=1e-8 chgtol=1e-18",
}
"""What ngspice is told of the integration, by mode; the longest step is the step that was asked for."""

MAX_INSTANCES = 10_000
_SETTLE_STEPS = 1000


def simulate_external(
    circuit: Circuit,
    engine: Literal["ngspice", "ngspice-shared", "pyspice", "josim"],
    *,
    step: float | None,
    stop: float | None,
    mode: str,
    signals: Sequence[str] | str,
    batch: Mapping[str, ArrayLike | Sequence[Waveform]] | None,
    temperature: ArrayLike | None,
    noisy: Noisy,
    seeds: ArrayLike | int | None,
    pulses: bool,
    waves: bool,
    every: int,
    startup: bool | None,
    timeout_s: float,
    memory_mb: int | None,
) -> Transient:
    """Simulate a circuit on another simulator; see `hwdesign.spice.simulate`.

    Raises:
        ConfigError: no step or end, or ones that make no sense.
        ToolError: the engine is missing or failed; its words are given with the element that it names.
        UnsupportedError: the engine has no such element.
    """
    check_engine(engine)
    job = _Job(circuit, engine, mode, timeout_s, memory_mb)
    analysis = circuit.analysis
    step = step if step is not None else analysis.step if analysis else None
    stop = stop if stop is not None else analysis.stop if analysis else None
    if step is None or stop is None or not 0 < step <= stop < math.inf or every < 1:
        raise ConfigError(
            f"a step of {step} s up to {stop} s makes no simulation", file=circuit.file or None, mend="0 < step <= stop"
        )
    if mode not in OPTIONS:
        raise ConfigError(f"no mode is named '{mode}'", mend=f"modes: {', '.join(OPTIONS)}")
    if startup if startup is not None else analysis.startup if analysis else True:
        job.settle = _SETTLE_STEPS * step
    many = None if seeds is None or np.ndim(seeds) == 0 else np.asarray(seeds)
    table = Batch(circuit, batch, temperature, None if many is None else len(many), noisy)
    if table.size > MAX_INSTANCES:
        raise ConfigError(
            f"{table.size} instances are too many for engine '{engine}'", mend="take the embedded engine for batches"
        )
    return job.run(table, signals if waves else (), step, stop, every, pulses)


class _Job:
    def __init__(self, circuit: Circuit, engine: str, mode: str, timeout_s: float, memory_mb: int | None) -> None:
        self.circuit, self.engine, self.mode = circuit, engine, mode
        self.timeout_s, self.memory_mb = timeout_s, memory_mb
        self.settle = 0.0

    def run(
        self, batch: Batch, signals: Sequence[str] | str, step: float, stop: float, every: int, pulses: bool
    ) -> Transient:
        finder = Places(self.circuit)
        places = list({p.label: p for p in map(finder.place, requested(self.circuit, signals))}.values())
        rows = (max(1, int(stop / step * (1 + 1e-9))) - 1) // every + 1
        time = np.arange(rows, dtype=np.float64) * (step * every)
        values = {place.label: np.full((batch.size, rows), np.nan) for place in places}
        steps = np.zeros(batch.size, np.int64)
        failed: dict[int, str] = {}
        found: list[tuple[NDArray[np.int32], Float]] = []
        for instance in range(batch.size):
            deck = flat_deck(
                self.circuit, places, dialect="josim" if self.engine == "josim" else "ngspice", step=step, stop=stop,
                settle=self.settle, phases=pulses, batch=batch, instance=instance,
            )  # fmt: skip
            try:
                at, vectors = self._vectors(deck)
            except ToolError as error:
                if batch.single:
                    raise
                failed[instance] = error.what
                continue
            for label, terms in deck.signals.items():
                values[label][instance] = sum(np.interp(time, at, vectors[v]) * w for v, w in terms)
            steps[instance] = len(at) - 1
            found.append(crossings(at, [vectors[name] for name in deck.phases], instance))
        shown = {label: value[0] if batch.single else value for label, value in values.items()}
        return Transient(time, shown, self._pulses(found), failed, np.full(batch.size, step), steps)

    def _vectors(self, deck: FlatDeck) -> tuple[Float, dict[str, Float]]:
        """Times from the sources' beginning on, and every vector that was asked for."""
        if self.engine == "josim":
            found = run_josim(deck.text, timeout_s=self.timeout_s, memory_mb=self.memory_mb, file=self.circuit.file)
            wanted = {v for terms in deck.signals.values() for v, _ in terms} | set(deck.phases)
            missing = sorted(name for name in wanted if name.upper() not in found)
            if missing:
                raise ToolError(f"josim did not print '{missing[0]}'", file=self.circuit.file or None)
            return found["TIME"], {name: found[name.upper()] for name in wanted}
        text = deck.text.removesuffix(".end\n")
        body = [line for line in text.splitlines() if not line.startswith(".options")]
        text = "\n".join([*body, f".options {OPTIONS[self.mode]} numdgt=12", ".end", ""])
        run = run_spice(text, _spice(self.engine), timeout_s=self.timeout_s, memory_mb=self.memory_mb)
        if not run.ok:
            raise self._fault(deck, run)
        plot = next((plot for plot in run.plots if plot.kind == "tran"), None)
        if plot is None:
            raise self._fault(deck, run)
        wrong = not_finite((plot,))
        if wrong:
            raise ToolError(
                f"{self.engine}: {deck.message(wrong)}", output=run.log, file=self.circuit.file or None,
                mend="take a smaller step, and look at the elements' values",
            )  # fmt: skip
        vectors = {name: real(values) for name, values in plot.vectors.items()}
        return vectors["time"] - deck.delay, vectors

    def _fault(self, deck: FlatDeck, run: EngineRun) -> ToolError:
        cause = trouble(run.log)
        element = deck.element(cause.element) or deck.element(cause.node)
        where = f" (at element '{element.name}')" if element is not None else ""
        return ToolError(
            f"{self.engine} failed: {deck.message(cause.message)}{where}",
            output=run.log, file=(element.file if element else self.circuit.file) or None,
            line=element.line if element else 0,
        )  # fmt: skip

    def _pulses(self, parts: list[tuple[NDArray[np.int32], Float]]) -> Pulses:
        rows = np.concatenate([rows for rows, _ in parts]) if parts else np.zeros((0, 4), np.int32)
        time = np.concatenate([t for _, t in parts]) if parts else np.zeros(0)
        columns = [np.ascontiguousarray(rows[:, c]) for c in range(4)]
        return Pulses(columns[0], columns[1], columns[2], columns[3], time, self.circuit.junctions)


def _spice(name: str) -> SpiceName:
    return name  # type: ignore[return-value]


def real(values: Values) -> Float:
    """The real part, which is all that a transient analysis has."""
    return np.asarray(values.real, np.float64)


def crossings(time: Float, phases: Sequence[Float], instance: int = 0) -> tuple[NDArray[np.int32], Float]:
    """Where phases pass odd multiples of π at or after time zero, linear between two points.

    Args:
        time: float64[T], seconds, rising.
        phases: float64[T] of each junction, radians.
        instance: what the first column says.

    Returns:
        int32[P, 4] of instance, junction, k and direction, and float64[P] times, by junction, then time.
    """
    rows: list[tuple[int, int, int, int]] = []
    times: list[float] = []
    for junction, phase in enumerate(phases):
        turn = np.floor((phase + math.pi) / (2 * math.pi)).astype(np.int64)
        for at in np.flatnonzero(np.diff(turn)).tolist():
            a, b = int(turn[at]), int(turn[at + 1])
            # A step over several turns passes several multiples.
            for k in range(a, b) if b > a else range(a - 1, b - 1, -1):
                share = ((2 * k + 1) * math.pi - phase[at]) / (phase[at + 1] - phase[at])
                t = float(time[at] + share * (time[at + 1] - time[at]))
                if t >= 0:
                    rows.append((instance, junction, k, 1 if b > a else -1))
                    times.append(t)
    return np.array(rows, np.int32).reshape(-1, 4), np.array(times)
