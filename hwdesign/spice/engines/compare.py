"""Two simulations of one circuit side by side: where they differ, and from when on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hwdesign.errors import NetlistError
from hwdesign.spice.result import Pulses, Transient

PHASE_TOLERANCE = 0.005
"""Radians, of phases."""

PULSE_TOLERANCE = 0.002e-12
"""Seconds, of matched pulses."""

RELATIVE_TOLERANCE = 0.01
"""Of voltages and currents, relative to the signal's largest value."""


@dataclass(frozen=True, slots=True)
class SignalDifference:
    """How far one signal differs.

    Attributes:
        label: of the signal.
        largest: largest |difference|, in the signal's unit.
        time: when, seconds.
        tolerance: what was allowed, in the signal's unit.
        first: first time beyond the tolerance, seconds; None where it is kept.
    """

    label: str
    largest: float
    time: float
    tolerance: float
    first: float | None


@dataclass(frozen=True, slots=True)
class PulseDifference:
    """How the pulses of one junction differ.

    Attributes:
        junction: its name.
        matched: number of pulses of the same multiple and direction in both.
        only_first, only_second: number of those in one alone.
        largest: largest |difference| of a matched pair's times, seconds.
    """

    junction: str
    matched: int
    only_first: int
    only_second: int
    largest: float


@dataclass(frozen=True)
class Comparison:
    """Differences between two simulations.

    Attributes:
        signals: one record a signal that both have.
        pulses: one record a junction that has a pulse in either.
        pulse_tolerance: seconds allowed between two matched pulses.
        missing: signals that one of the two lacks.
    """

    signals: tuple[SignalDifference, ...]
    pulses: tuple[PulseDifference, ...]
    pulse_tolerance: float
    missing: tuple[str, ...] = ()

    @property
    def agree(self) -> bool:
        """Whether every signal and pulse keeps its tolerance and none is missing."""
        return not self.missing and all(s.first is None for s in self.signals) and all(map(self.kept, self.pulses))

    def kept(self, pulse: PulseDifference) -> bool:
        """Whether a junction's pulses are matched within the tolerance."""
        return not pulse.only_first and not pulse.only_second and pulse.largest <= self.pulse_tolerance


def compare(
    first: Transient,
    second: Transient,
    *,
    phase: float = PHASE_TOLERANCE,
    relative: float = RELATIVE_TOLERANCE,
    pulse: float = PULSE_TOLERANCE,
) -> Comparison:
    """Compare two simulations of one circuit on one grid of times.

    Args:
        first, second: single runs.
        phase: tolerance of phases, radians.
        relative: tolerance of voltages and currents, relative to the largest size of the first's signal.
        pulse: tolerance of matched pulses' times, seconds.

    Raises:
        NetlistError: the grids of times differ, or a run is a batch.
    """
    if first.instances > 1 or second.instances > 1:
        raise NetlistError("batches cannot be compared", mend="compare single runs")
    if len(first.time) != len(second.time) or not np.allclose(first.time, second.time, rtol=1e-9, atol=0):
        raise NetlistError("the simulations have different times", mend="give both the same step and stop")
    shared = [label for label in first.signals if label in second.signals]
    missing = sorted(set(first.signals) ^ set(second.signals))
    records = tuple(_signal(label, first, second, phase, relative) for label in shared)
    return Comparison(records, tuple(_pulses(first.pulses, second.pulses)), pulse, tuple(missing))


def _signal(label: str, first: Transient, second: Transient, phase: float, relative: float) -> SignalDifference:
    a, b = first.signals[label].reshape(-1), second.signals[label].reshape(-1)
    gap = np.abs(a - b)
    tolerance = phase if label.startswith("P(") else relative * float(np.abs(a).max(initial=0.0))
    # What is no number is beyond every tolerance.
    beyond = np.flatnonzero(~(gap <= tolerance))
    at = int(np.argmax(np.where(np.isnan(gap), math.inf, gap)))
    return SignalDifference(
        label, float(gap[at]), float(first.time[at]), tolerance, float(first.time[beyond[0]]) if len(beyond) else None
    )


def _pulses(first: Pulses, second: Pulses) -> Iterator[PulseDifference]:
    for junction in first.junctions:
        one, two = _times(first, junction), _times(second, junction)
        if not one and not two:
            continue
        matched, largest = 0, 0.0
        for key in one.keys() & two.keys():
            pairs = list(zip(one[key], two[key], strict=False))
            matched += len(pairs)
            largest = max([largest, *(abs(a - b) for a, b in pairs)])
        counts = [sum(map(len, times.values())) for times in (one, two)]
        yield PulseDifference(junction, matched, counts[0] - matched, counts[1] - matched, largest)


def _times(pulses: Pulses, junction: str) -> dict[tuple[int, int], list[float]]:
    """Times by multiple and direction."""
    found: dict[tuple[int, int], list[float]] = {}
    if junction in pulses.junctions:
        chosen = pulses.junction == pulses.junctions.index(junction)
        rows = zip(pulses.k[chosen].tolist(), pulses.direction[chosen].tolist(), pulses.t[chosen].tolist(), strict=True)
        for k, direction, t in rows:
            found.setdefault((k, direction), []).append(t)
    return found
