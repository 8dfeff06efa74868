"""The embedded engine: a circuit, or a batch of its variants, simulated over time by the C++ kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.errors import ConfigError, LimitError, NetlistError
from hwdesign.kernels.spice import (
    DONE,
    NOT_FINITE,
    STEP_TOO_LARGE,
    TABLE,
    PhasePlan,
    PhaseRun,
    PhaseValues,
    SingularError,
)
from hwdesign.netlist.outputs import Output
from hwdesign.netlist.waveforms import Waveform
from hwdesign.spice.batch import Batch, Noisy
from hwdesign.spice.circuit import Circuit
from hwdesign.spice.inductors import incapable
from hwdesign.spice.network import Assembly
from hwdesign.spice.result import Pulses, Transient
from hwdesign.spice.signals import Signal, build_signals, evaluate, requested

Mode = Literal["josim", "newton"]
Float = NDArray[np.float64]

STEP_LIMIT = 0.4 * math.pi
"""Largest predicted step of a junction's phase; beyond it JoSIM halves its step, and so does the `josim` mode."""

MAX_HALVINGS = 10
MAX_STEPS = 1 << 32
MAX_CELLS = 1 << 28  # 2 GiB, and as much again while a table is written
DELAY_UNIT = 1e-15
"""Seconds to which the newton mode rounds transmission lines' delays."""

_UNREAL = -1  # status of an instance that is not run
_WEAKEN = "weaken one of the factors, or turn its sign"
_CHUNK = 4096  # instances whose tables are in memory at once


def simulate(
    circuit: Circuit,
    *,
    step: float | None = None,
    stop: float | None = None,
    mode: Mode = "josim",
    signals: Sequence[str] | str = "deck",
    batch: Mapping[str, ArrayLike | Sequence[Waveform]] | None = None,
    temperature: ArrayLike | None = None,
    noisy: Noisy = "all",
    seeds: ArrayLike | int | None = None,
    pulses: bool = True,
    waves: bool = True,
    every: int = 1,
    startup: bool | None = None,
    tolerance: float = 1e-6,
    threads: int = 1,
    simd: int = -1,
) -> Transient:
    """Simulate a circuit, or N variants of it at once.

    The `josim` mode takes equal steps as JoSIM 2.7 does: second-order backward differences, each junction's current at
    a phase predicted from its voltages, up to 1,000 steps before t = 0 to settle. An instance in which a junction's
    predicted phase moves by more than 0.4π in a step is run again with half the step. Thermal noise is a white current
    of density 4kT/R for every resistor and junction that has a temperature, constant over each step.

    The `newton` mode takes trapezoidal steps of its own choosing, at most `every` times `step` long, and solves for the
    junctions' currents, so that no energy is lost to the method. Its noise is constant over each `step`, at whose ends
    its own steps end: one seed is one path, whatever the tolerance. Eight instances of a batch share their steps, and
    agree with single runs to within the tolerance.

    Args:
        circuit: the circuit.
        step: seconds, also between two rows; by default the deck's.
        stop: end, seconds; by default the deck's.
        mode: `josim` or `newton`.
        signals: `deck` for what the deck prints, or texts: `P(B1.XDUT)`, `V(out)`, `I(L1)`, `phase B1.XDUT`.
        batch: values by name (see `Circuit.find`): N numbers, or of a source N waveforms. A source's number is its
            waveform's value of the largest size; the waveform is scaled.
        temperature: noise temperature of all resistors and junctions in kelvin, one or N; by default the deck's.
        noisy: `all` as JoSIM has it: a junction's own resistance is noisy too, below the gap r0 and above it rn
            (`rtype=0`: rn everywhere); `resistors`: junctions are silent, shunts and other resistors are not.
        seeds: of the noise: one, from which N follow, or N.
        pulses: whether to look for pulses.
        waves: whether to record signals.
        every: record each of this many steps.
        startup: whether to settle before t = 0; by default the deck's.
        tolerance: largest local error of a phase in a step of the `newton` mode, radians.
        threads: number of threads.
        simd: -1 the widest registers that there are; 1 plain, 2 AVX2, 3 AVX-512.

    Returns:
        The simulation. Instances that fail are named in `failed`; the others are finished.

    Raises:
        ConfigError: no step or end, or ones that make no sense.
        NetlistError: a singular network, an unknown name, or a single run that fails.
        UnsupportedError: something that the engine does not simulate.
        LimitError: more than 2^32 steps, or more values than 2^31 to record.
    """
    job = _Job(circuit, step, stop, mode, every, startup, threads, simd, pulses, tolerance)
    seed_list = None if seeds is None or np.ndim(seeds) == 0 else np.asarray(seeds)
    table = Batch(circuit, batch, temperature, None if seed_list is None else len(seed_list), noisy)
    outputs = requested(circuit, signals) if waves else ()
    return job.run(table, outputs, _seeds(seeds if seed_list is None else seed_list, table.size))


def _seeds(seeds: ArrayLike | int | None, size: int) -> NDArray[np.uint64]:
    if seeds is None or np.ndim(seeds) == 0:
        first = 0 if seeds is None else int(seeds)  # type: ignore[arg-type]
        if not 0 <= first < 1 << 64:
            raise ConfigError(f"a seed lies between 0 and 2^64 - 1, not {first}")
        # Neighbouring seeds must not give neighbours the same noise.
        return np.array([(first * 0x9E3779B97F4A7C15 + k) % (1 << 64) for k in range(size)], np.uint64)
    array = np.asarray(seeds)
    if array.dtype.kind not in "iu" or (array.dtype.kind == "i" and bool(np.any(array < 0))):
        raise ConfigError("seeds are integers from 0 to 2^64 - 1")
    return array.astype(np.uint64)


class _Job:
    def __init__(
        self, circuit: Circuit, step: float | None, stop: float | None, mode: str, every: int, startup: bool | None,
        threads: int, simd: int, pulses: bool, tolerance: float,
    ) -> None:  # fmt: skip
        analysis = circuit.analysis
        step = step if step is not None else analysis.step if analysis else None
        stop = stop if stop is not None else analysis.stop if analysis else None
        if step is None or stop is None:
            raise ConfigError(
                f"the {'step' if step is None else 'end'} of the simulation is not known",
                file=circuit.file or None, mend="give step and stop, or a .tran line",
            )  # fmt: skip
        if not (0 < step < math.inf) or not (0 < stop < math.inf) or step > stop:
            raise ConfigError(
                f"a step of {step:g} s up to {stop:g} s makes no simulation",
                file=circuit.file or None, line=_tran_line(circuit, step, stop), mend="0 < step <= stop",
            )  # fmt: skip
        if mode not in ("josim", "newton"):
            raise ConfigError(f"no mode is named '{mode}'", mend="modes: josim, newton")
        if every < 1 or not 0 < tolerance < 1:
            raise ConfigError(
                f"every={every} or tolerance={tolerance} makes no sense", mend="every >= 1, 0 < tolerance < 1"
            )
        if stop / step > MAX_STEPS:
            raise LimitError(
                f"{stop / step:.3g} steps are more than {MAX_STEPS}",
                file=circuit.file or None, line=_tran_line(circuit, step, stop), mend="take a larger step",
            )  # fmt: skip
        self.circuit, self.step, self.stop, self.mode, self.every = circuit, step, stop, mode, every
        self.startup = startup if startup is not None else analysis.startup if analysis else True
        self.threads, self.simd, self.pulses, self.tolerance = threads, simd, pulses, tolerance

    @property
    def rows(self) -> int:
        """Recorded rows: steps at 0, h, 2h ... before the end."""
        return (_count(self.stop, self.step) - 1) // self.every + 1

    def run(self, batch: Batch, outputs: Sequence[Output], seeds: NDArray[np.uint64]) -> Transient:
        size, rows = batch.size, self.rows
        if len({output.label for output in outputs}) * rows * size > MAX_CELLS:
            raise LimitError(
                f"{len(outputs)} signals of {size} instances at {rows} times do not fit in memory",
                file=self.circuit.file or None, line=_tran_line(self.circuit, self.step, self.stop),
                mend="record fewer rows (a larger print step in .tran, or every=), or pulses alone",
            )  # fmt: skip
        values: dict[str, Float] = {}
        found_pulses: list[tuple[NDArray[np.int32], Float]] = []
        status = np.zeros(size, np.int32)
        failed_at = np.zeros(size)
        steps = np.zeros(size, np.int64)
        used = np.full(size, self.step)
        unreal = incapable(self.circuit, batch)
        status[unreal] = _UNREAL
        if unreal.all():
            raise NetlistError(self._reason(_UNREAL, 0.0), file=self.circuit.file or None, mend=_WEAKEN)
        pending = np.flatnonzero(~unreal)
        for halving in range(self._first(), MAX_HALVINGS + 1):
            stage = _Stage(self, batch, outputs, halving)
            again: list[NDArray[np.int64]] = []
            for begin in range(0, len(pending), _CHUNK):
                chosen = pending[begin : begin + _CHUNK]
                result = stage.run(chosen, seeds[chosen])
                retry = (result.status == STEP_TOO_LARGE) & (halving < MAX_HALVINGS)
                status[chosen], failed_at[chosen] = result.status, result.failed_at
                used[chosen], steps[chosen] = stage.step, stage.steps if result.steps is None else result.steps
                for signal in stage.signals:
                    out = values.setdefault(signal.label, np.zeros((size, rows)))
                    out[chosen] = stage.signal(signal, result, chosen)
                keep = ~retry[result.pulses[:, 0]]
                pulses = result.pulses[keep]
                pulses[:, 0] = chosen[pulses[:, 0]]
                found_pulses.append((pulses, result.pulse_time[keep]))
                again.append(chosen[retry])
            pending = np.concatenate(again)
            if not len(pending):
                break
        time = _grid(rows, self.every, self.step)
        failed = {int(i): self._reason(int(status[i]), float(failed_at[i])) for i in np.flatnonzero(status != DONE)}
        if batch.single and failed:
            raise NetlistError(
                failed[0], file=self.circuit.file or None,
                mend="take a smaller step, and look at the elements' values",
            )  # fmt: skip
        signals = {label: value[0] if batch.single else value for label, value in values.items()}
        return Transient(time, signals, self._pulses(found_pulses), failed, used, steps)

    def _first(self) -> int:
        """How often the step is halved from the start: a transmission line must be a step long."""
        lines = [element for element in self.circuit.elements if element.kind == "T"]
        if not lines or self.mode == "newton":
            return 0
        line = min(lines, key=lambda element: element.delay)
        for halving in range(MAX_HALVINGS + 1):
            if round(line.delay * 2**halving / self.step) >= 1:
                return halving
        raise line.error(f"line '{line.name}' is far shorter than the step of {self.step:g} s", "take a smaller step")

    def _reason(self, status: int, at: float) -> str:
        if status == _UNREAL:
            return "no inductors couple as the coupling factors say together"
        if status == NOT_FINITE:
            return f"the simulation broke down by t = {at:.6g} s: a phase is no number"
        if status == STEP_TOO_LARGE:
            least = self.step / 2**MAX_HALVINGS
            return f"the step is too large at t = {at:.6g} s: junctions turn by more than 0.4π even in {least:.3g} s"
        return f"the equations have no solution near t = {at:.6g} s"

    def _pulses(self, parts: list[tuple[NDArray[np.int32], Float]]) -> Pulses:
        rows = np.concatenate([pulses for pulses, _ in parts])
        time = np.concatenate([t for _, t in parts])
        order = np.lexsort((time, rows[:, 1], rows[:, 0]))
        rows, time = rows[order], time[order]
        columns = [np.ascontiguousarray(rows[:, c]) for c in range(4)]
        return Pulses(columns[0], columns[1], columns[2], columns[3], time, self.circuit.junctions)


def _tran_line(circuit: Circuit, step: float, stop: float) -> int:
    """Line of the deck's `.tran` where the times are its own, 0 otherwise."""
    analysis = circuit.analysis
    return analysis.line if analysis and (analysis.step, analysis.stop) == (step, stop) else 0


def _count(stop: float, step: float) -> int:
    """Steps at 0, step, 2·step ... before the end; rounding takes none away."""
    return max(1, int(stop / step * (1 + 1e-9)))


def _grid(rows: int, every: int, step: float) -> Float:
    return np.arange(rows, dtype=np.float64) * every * step


class _Stage:
    """The circuit at one step: plan, waves, and runs over chosen instances."""

    def __init__(self, job: _Job, batch: Batch, outputs: Sequence[Output], halving: int) -> None:
        self.job, self.batch = job, batch
        factor: int = 2**halving
        self.step = job.step / factor
        self.every = job.every * factor
        self.steps = _count(job.stop, job.step) * factor
        self.noise_every = self._noise_every()
        self.assembly = Assembly(job.circuit, batch, self.step, job.stop, self.noise_every)
        self.signals: list[Signal] = build_signals(self.assembly, outputs)
        self.plan: PhasePlan | None = None

    def _noise_every(self) -> int:
        """Steps between noise values: one, or more where a `neb` or a noise source's interval asks for fewer values."""
        elements = self.job.circuit.elements
        bands = {e.neb for at, e in enumerate(elements) if e.neb and np.any(np.nan_to_num(self.batch.get(at, "temp")))}
        noises = [e.waveform.values for e in elements if e.waveform is not None and e.waveform.kind == "noise"]
        bands |= {1 / values[2] for values in noises if len(values) > 2 and values[2] > self.job.step}
        if len(bands) > 1:
            raise NetlistError(
                "elements have different noise bandwidths: " + ", ".join(f"{band:.6g} Hz" for band in sorted(bands)),
                file=self.job.circuit.file or None, mend="give all the same neb, and noise sources the interval 1/neb",
            )  # fmt: skip
        if not bands:
            return 1
        every = 1 / (band := bands.pop()) / self.step
        if every > MAX_STEPS:
            raise NetlistError(
                f"a noise bandwidth of {band:g} Hz is far below one value in the whole simulation",
                file=self.job.circuit.file or None, mend="give a larger neb, or a temperature of 0",
            )  # fmt: skip
        return max(1, round(every))

    def run(self, chosen: NDArray[np.int64], seeds: NDArray[np.uint64]) -> PhaseRun:
        values = self._values(chosen, seeds)
        job = self.job
        newton = job.mode == "newton"
        if self.plan is None:
            try:
                self.plan = PhasePlan(self.assembly.network, values, (2.0 if newton else 1.5) / self.step)
            except SingularError as error:
                raise self._singular(error.unknown) from error
        startup = 0
        if job.startup:
            # JoSIM's number of steps for settling.
            startup = min(1000, int(2 * 10 ** ((abs(math.log10(self.step)) - 12) * 2 + 1)))
        if newton:
            # A circuit at rest needs no settling.
            moved = any(wave.kind != TABLE or wave.before for wave in self.assembly.waves)
            return self.plan.newton(
                values, self.assembly.waves, step=self.step * self.every, rows=job.rows, tolerance=job.tolerance,
                settle=startup * self.step if moved else 0.0, delay_unit=self._delay_unit(),
                noise_interval=self.step * self.noise_every, noise_linear=self.noise_every > 1, pulses=job.pulses,
                threads=job.threads, simd=job.simd,
            )  # fmt: skip
        return self.plan.steps(
            values, self.assembly.waves, step=self.step, steps=self.steps, startup=startup, every=self.every,
            noise_every=self.noise_every, limit=STEP_LIMIT, pulses=job.pulses, threads=job.threads, simd=job.simd,
        )  # fmt: skip

    def _singular(self, unknown: int) -> Exception:
        circuit = self.job.circuit
        at = self.assembly.owner.get(unknown)
        if at is None:
            node = circuit.nodes[unknown]
            element = next(e for e in circuit.elements if unknown in e.nodes)
            return element.error(f"the circuit has no single solution at node '{node}'", "look for loops and open ends")
        return circuit.elements[at].error(
            f"the current of '{circuit.elements[at].name}' is not determined", "look for loops of inductors and sources"
        )

    def _values(self, chosen: NDArray[np.int64], seeds: NDArray[np.uint64]) -> PhaseValues:
        a = self.assembly
        count = max((len(weights) for weights in a.harmonics), default=1)
        padded = [weights + (0.0,) * (count - len(weights)) for weights in a.harmonics]
        wave = np.zeros((len(a.injection), len(chosen)), np.int32)
        for row, given in zip(wave, a.injection_wave, strict=True):
            if given is not None:
                row[:] = given[chosen]
        return PhaseValues(
            a0=a.a0.table(chosen), a1=a.a1.table(chosen), capacitance=a.capacitance.table(chosen),
            ic=a.ic.table(chosen), cap=a.cap.table(chosen),
            conductance=np.concatenate([rows.table(chosen) for rows in a.conductance]),
            shunt=a.shunt.table(chosen), rate_low=a.rate_low.table(chosen), rate_high=a.rate_high.table(chosen),
            transition=a.transition.table(chosen), port=a.port.table(chosen), delay=self._delays(),
            injection=a.injection.table(chosen), injection_wave=wave, noise=a.noise.table(chosen),
            noise_normal=a.noise_normal.table(chosen), noise_junction=np.array(a.noise_junction, np.int32), seed=seeds,
            phase_offset=a.offset.table(chosen) if a.general else None,
            harmonics=np.repeat(np.array(padded).T.reshape(-1, 1), len(chosen), axis=1) if a.general else None,
            gap=np.concatenate([rows.table(chosen) for rows in a.gap]) if a.general else None,
        )  # fmt: skip

    def _delays(self) -> NDArray[np.int64]:
        # What a line sends after the end is never seen: a longer delay is the same, and needs no memory.
        unit, end = self._delay_unit(), self._longest_delay()
        return np.array([max(1, round(min(delay, end) / unit)) for delay in self.assembly.delay], np.int64)

    def _delay_unit(self) -> float:
        """Seconds that one step of a line's delay stands for; the kernel counts up to 2^31."""
        if self.job.mode == "josim":
            return self.step
        return max(DELAY_UNIT, self._longest_delay() / (1 << 30))

    def _longest_delay(self) -> float:
        return 2 * self.job.stop + 1000 * self.step  # settling takes 1000 steps at most

    def signal(self, signal: Signal, run: PhaseRun, chosen: NDArray[np.int64]) -> Float:
        """float64[chosen, T]."""
        if signal.source < 0:
            return evaluate(signal, run, chosen)
        times = _grid(self.job.rows, self.job.every, self.job.step)
        element = self.job.circuit.elements[signal.source]
        own = self.batch.waves.get(signal.source)
        if own is not None:
            return np.stack([own[int(i)].sample(times, self.step, self.job.stop) for i in chosen])
        assert element.waveform is not None
        shape = element.waveform.sample(times, self.step, self.job.stop)
        share = np.asarray(self.assembly.amplitude(signal.source)) / (element.value or 1.0)
        return shape * (np.full(len(chosen), share) if share.ndim == 0 else share[chosen])[:, None]
