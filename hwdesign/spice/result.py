"""What a transient simulation gives, whatever the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Pulses:
    """Times at which junctions' phases pass odd multiples of π, as columns, by instance, then junction, then time.

    Attributes:
        instance: int32[P].
        junction: int32[P], position in `junctions`.
        k: int32[P]: the phase passes (2k+1)π.
        direction: int32[P], 1 upwards, -1 downwards.
        t: float64[P], seconds; linear between two steps.
        junctions: names.
    """

    instance: NDArray[np.int32]
    junction: NDArray[np.int32]
    k: NDArray[np.int32]
    direction: NDArray[np.int32]
    t: Float
    junctions: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.t)

    def of(self, junction: str, instance: int = 0) -> Float:
        """Times at which one junction passes upwards or downwards, in seconds, rising.

        Raises:
            KeyError: no junction has that name.
        """
        name = junction.upper().replace(".", "|")
        if name not in self.junctions:
            raise KeyError(junction)
        chosen = (self.junction == self.junctions.index(name)) & (self.instance == instance)
        found: Float = self.t[chosen]
        return found

    def counts(self, instances: int) -> NDArray[np.int64]:
        """int64[instances, junctions]: net number of pulses, upward ones less downward ones."""
        out = np.zeros((instances, len(self.junctions)), np.int64)
        np.add.at(out, (self.instance, self.junction), self.direction)
        return out


@dataclass(frozen=True)
class Transient:
    """A transient simulation.

    Attributes:
        time: float64[T], seconds.
        signals: by JoSIM's label (`P(B1|XDUT)`), in SI units: float64[T], or [N, T] for a batch.
        pulses: of every junction.
        failed: why instances did not finish, by instance; their signals and pulses are not to be used.
        step: float64[N], step of each instance, in seconds; smaller than asked where it had to be halved.
        steps: int64[N], number of integration steps of each instance.
    """

    time: Float
    signals: Mapping[str, Float]
    pulses: Pulses
    failed: Mapping[int, str] = field(default_factory=dict)
    step: Float = field(default_factory=lambda: np.zeros(0))
    steps: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def instances(self) -> int:
        """Number of instances, 1 for a single run."""
        return max(1, len(self.step))


def print_rows(time: Float, start: float, step: float) -> NDArray[np.int64]:
    """Rows of `time` that JoSIM prints.

    The first row at or after `start`, then each first one that reaches a clock which starts at `start` + `step` and to
    which `step` is added for each row. The clock gathers rounding errors, so that a row may be left out (at a step of
    0.05 or 0.1 ps, row 148); comparisons row by row need the same.
    """
    rows: list[int] = []
    following = start
    for at, t in enumerate(time.tolist()):
        if t >= following:
            following = start + step if not rows else following + step
            rows.append(at)
    return np.array(rows, np.int64)
