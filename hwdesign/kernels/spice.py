"""Transient simulation of phase networks with Josephson junctions, batched over instances (C++ behind).

The kernel knows unknowns, stamps and instances, and nothing of netlists: `hwdesign.spice` fills its tables. With x the
unknowns (phases in radians; a branch that fixes a phase adds a scaled current), each row of the network reads

    A0·x + A1·dx/dt + capacitors + junctions + line ports + injections + noise = 0.

A row marked `rate` fixes a phase through its derivative (a voltage source). Index -1 is ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdesign.kernels import _kernels

PHASE, RATE, JUNCTION_CURRENT, JUNCTION_RATE, CAPACITOR_CURRENT, PORT_CURRENT = range(6)
"""Kinds of record channels: x[a]-x[b] in rad, its derivative in rad/s, currents in ampere."""

DONE, NOT_FINITE, STEP_TOO_LARGE, SINGULAR, NO_CONVERGENCE = range(5)
"""How an instance's run ended."""

TABLE, SINE, EXPONENTIAL = range(3)
"""Kinds of waves."""

Float = NDArray[np.float64]
Pairs = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class PhaseWave:
    """What drives injections over time.

    Attributes:
        kind: TABLE, SINE or EXPONENTIAL.
        time, value: points of a TABLE, straight lines between them, times not falling.
        before: value ahead of the first point.
        period: a TABLE repeats after this many seconds; 0: never.
        delay: what a TABLE's times count from.
        parameters: of SINE offset, amplitude, frequency, delay, damping; of EXPONENTIAL from, to, delay, tau, delay2,
            tau2.
    """

    kind: int
    time: tuple[float, ...] = ()
    value: tuple[float, ...] = ()
    before: float = 0.0
    period: float = 0.0
    delay: float = 0.0
    parameters: tuple[float, ...] = ()


@dataclass
class PhaseNetwork:
    """Structure of a network, the same for every instance.

    Attributes:
        unknowns: number of unknowns.
        rate: rows that fix a phase through its derivative.
        a0, a1: (row, column) of each static and each derivative coefficient.
        capacitors, junctions: (a, b).
        ports: (a, b), two a transmission line.
        injections: (row, wave); wave -1 where instances have waves of their own.
        noise: (a, b): a current leaves a and enters b.
        channels: (kind, a, b) to record.
        symmetric: whether A0 and A1 are symmetric, so that half of the factors do.
    """

    unknowns: int = 0
    rate: set[int] = field(default_factory=set)
    a0: list[tuple[int, int]] = field(default_factory=list)
    a1: list[tuple[int, int]] = field(default_factory=list)
    capacitors: list[tuple[int, int]] = field(default_factory=list)
    junctions: list[tuple[int, int]] = field(default_factory=list)
    ports: list[tuple[int, int]] = field(default_factory=list)
    injections: list[tuple[int, int]] = field(default_factory=list)
    noise: list[tuple[int, int]] = field(default_factory=list)
    channels: list[tuple[int, int, int]] = field(default_factory=list)
    symmetric: bool = True


@dataclass(frozen=True)
class PhaseValues:
    """Values of a network's elements, one row an element, one column an instance, float64 where not said otherwise.

    Attributes:
        a0, a1: coefficients.
        capacitance: coefficient of the phase's second derivative (C·Φ0/2π).
        ic: critical currents, ampere.
        cap: of junctions, as `capacitance`.
        conductance: [3·junctions, N]: below the gap, in the transition, above; times Φ0/2π.
        shunt: conductance beside each junction that is none of its own, likewise.
        rate_low, rate_high: phase rates, rad/s, between which the transition lies; infinite without one.
        transition: current of the transition's line at zero rate.
        port: conductance of each port, times Φ0/2π.
        delay: int64[lines], steps.
        injection: what each injection's wave is multiplied by.
        injection_wave: int32, wave of each injection of each instance, where the network has -1.
        noise, noise_normal: standard deviations below and above the gap, ampere.
        noise_junction: int32[noise], junction that decides between the two, or -1.
        seed: uint64[N].
        phase_offset, harmonics, gap: of junctions that are no plain sine, or None. `harmonics` is
            [count·junctions, N]; `gap` [3·junctions, N]: transparency, Δ/2kT, factor of the current (0: no gap).
    """

    a0: Float
    a1: Float
    capacitance: Float
    ic: Float
    cap: Float
    conductance: Float
    shunt: Float
    rate_low: Float
    rate_high: Float
    transition: Float
    port: Float
    delay: NDArray[np.int64]
    injection: Float
    injection_wave: NDArray[np.int32]
    noise: Float
    noise_normal: Float
    noise_junction: NDArray[np.int32]
    seed: NDArray[np.uint64]
    phase_offset: Float | None = None
    harmonics: Float | None = None
    gap: Float | None = None

    def table(self) -> dict[str, Any]:
        """The arguments of the extension."""
        general = self.phase_offset is not None
        found: dict[str, Any] = {
            name: np.ascontiguousarray(getattr(self, name))
            for name in self.__dataclass_fields__
            if getattr(self, name) is not None
        }
        junctions = len(self.ic)
        found["general"] = general
        found["harmonic_count"] = len(self.harmonics) // junctions if self.harmonics is not None and junctions else 1
        return found


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """What a run gave.

    Attributes:
        waves: float64[channels, rows, N].
        pulses: int32[P, 4]: instance, junction, k, direction (1 up, -1 down), by instance, then junction, then time.
            A pulse is a junction's phase passing (2k+1)π.
        pulse_time: float64[P], seconds.
        status: int32[N], DONE or why not.
        failed_at: float64[N], seconds; where the status is DONE, 0.
        steps: int64[N], integration steps, where they vary.
    """

    waves: Float
    pulses: NDArray[np.int32]
    pulse_time: Float
    status: NDArray[np.int32]
    failed_at: Float
    steps: NDArray[np.int64] | None = None


class SingularError(ValueError):
    """A network's matrix has no inverse; `unknown` takes part in what is wrong."""

    def __init__(self, unknown: int) -> None:
        self.unknown = unknown
        super().__init__(f"the network is singular at unknown {unknown}")


class PhasePlan:
    """A network with its order of elimination: made once, run often.

    Args:
        network: the structure.
        values: the first instance's decide the pivots.
        alpha: factor of a derivative's newest value: 3/2h for backward differences, 2/h for the trapezoidal rule.

    Raises:
        SingularError: no pivot is left.
    """

    def __init__(self, network: PhaseNetwork, values: PhaseValues, alpha: float) -> None:
        rate = np.zeros(network.unknowns, np.uint8)
        rate[sorted(network.rate)] = 1
        try:
            self._plan = _kernels.spice_plan(
                network.unknowns, rate, _index(network.a0, 2), _index(network.a1, 2), _index(network.capacitors, 2),
                _index(network.junctions, 2), _index(network.ports, 2), _index(network.injections, 2),
                _index(network.noise, 2), _index(network.channels, 3), network.symmetric, values.table(), alpha,
            )  # fmt: skip
        except ValueError as error:
            word, _, number = str(error).partition(" ")
            if word != "singular" or not number.isdigit():
                raise
            raise SingularError(int(number)) from error

    @property
    def size(self) -> dict[str, int]:
        """Products a step of the linear part, entries of the factor, and slots of memory an instance."""
        return {"products": self._plan.pairs, "factor": self._plan.factor_size, "slots": self._plan.slots}

    def steps(
        self,
        values: PhaseValues,
        waves: Sequence[PhaseWave],
        *,
        step: float,
        steps: int,
        startup: int = 0,
        every: int = 1,
        noise_every: int = 1,
        limit: float = 0.0,
        pulses: bool = True,
        threads: int = 1,
        simd: int = -1,
    ) -> PhaseRun:
        """Equal steps of second-order backward differences, the junctions' currents at predicted phases.

        Args:
            values: of the plan's network; alpha must have been 1.5/step.
            waves: what `injections` name.
            step: seconds.
            steps: number of steps; the first is at t = 0.
            startup: steps before t = 0, in which junctions' voltages count as zero in their histories.
            every: record each of this many steps.
            noise_every: a fresh noise value every so many steps, straight lines between.
            limit: largest predicted step of a junction's phase after the first hundredth of the run, 0: any.
            pulses: whether to look for pulses.
            threads: number of threads.
            simd: -1: the widest registers; 1 plain, 2 AVX2, 3 AVX-512.

        Raises:
            ValueError: shapes or numbers that do not fit.
        """
        found = _kernels.spice_steps(
            self._plan, values.table(), [_wave(wave) for wave in waves], step, steps, startup, every, noise_every,
            limit, pulses, threads, simd,
        )  # fmt: skip
        return _run(found)

    def newton(
        self,
        values: PhaseValues,
        waves: Sequence[PhaseWave],
        *,
        step: float,
        rows: int,
        tolerance: float,
        settle: float = 0.0,
        delay_unit: float = 1e-15,
        noise_interval: float = 0.0,
        noise_linear: bool = False,
        pulses: bool = True,
        threads: int = 1,
        simd: int = -1,
    ) -> PhaseRun:
        """Adaptive trapezoidal steps, the junctions' currents solved for.

        Noise is drawn once for each interval of a fixed grid, at whose points steps end, so that its statistics and its
        very path depend on seed and grid alone (Wong, Zakai: On the Convergence of Ordinary Integrals to Stochastic
        Integrals, Ann. Math. Stat. 36:1560, 1965). A Brownian bridge would do without the grid, but then the error
        control would see, and choose its steps by, the noise that it is to be independent of.

        Eight instances share their steps, so that what an instance gives depends on its neighbours to within the
        tolerance.

        Args:
            values: of the plan's network.
            waves: what `injections` name.
            step: seconds between two rows, and the largest step of the integration.
            rows: number of rows, the first at t = 0.
            tolerance: largest local error of a phase in a step, radians.
            settle: seconds of integration before t = 0.
            delay_unit: seconds that one step of `values.delay` stands for.
            noise_interval: seconds between two noise values, from t = 0 on; needed where the network has noise.
            noise_linear: straight lines between noise values; otherwise each holds for its interval.
            pulses: whether to look for pulses.
            threads: number of threads.
            simd: as in `steps`.

        Raises:
            ValueError: shapes or numbers that do not fit.
        """
        found = _kernels.spice_newton(
            self._plan, values.table(), [_wave(wave) for wave in waves], step, rows, tolerance, settle, delay_unit,
            noise_interval, noise_linear, pulses, threads, simd,
        )  # fmt: skip
        return _run(found)


def _run(found: dict[str, Any]) -> PhaseRun:
    instances = len(found["status"])
    waves = found["waves"].reshape(-1, found["rows"], instances) if found["waves"].size else np.zeros((0, 0, instances))
    return PhaseRun(
        waves, found["pulses"], found["pulse_time"], found["status"], found["failed_at"], found.get("steps")
    )


def _index(rows: Sequence[tuple[int, ...]], width: int) -> NDArray[np.int32]:
    return np.array(rows, np.int32).reshape(-1, width)


def _wave(wave: PhaseWave) -> tuple[object, ...]:
    return (
        wave.kind, np.array(wave.time, np.float64), np.array(wave.value, np.float64), wave.before, wave.period,
        wave.delay, np.array(wave.parameters, np.float64),
    )  # fmt: skip
