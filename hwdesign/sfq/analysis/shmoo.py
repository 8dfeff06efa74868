"""2-D shmoo plots: where a circuit works in the plane of two parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.sfq.analysis.spec import Axis
from hwdesign.sfq.analysis.study import CHUNK, Report, Study

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Shmoo:
    """A shmoo plot.

    Attributes:
        x_name, y_name: entries of `vary`.
        x, y: float64[n], float64[m], relative changes.
        works: float64[m, n]: 1 works, 0 does not, NaN not simulated.
        interrupted: whether points are missing.
    """

    x_name: str
    y_name: str
    x: Float
    y: Float
    works: Float
    interrupted: bool = False

    def rows(self) -> list[str]:
        """The plot in characters, the largest y first: `#` works, `.` does not, `?` not simulated."""
        return ["".join("?" if value != value else "#" if value else "." for value in row) for row in self.works[::-1]]


def shmoo(study: Study, *, seed: int = 0, report: Report | None = None) -> Shmoo:
    """Test a grid as the specification's `shmoo` says; all parameters of an entry change together.

    Of an interrupted run (Ctrl-C) the points that were simulated are kept.

    Args:
        study: the specification.
        seed: of the noise.
        report: progress.

    Raises:
        ConfigError: the specification has no `shmoo`, or an axis names no entry.
        As `hwdesign.spice.simulate`.
    """
    config = study.spec.shmoo
    if config is None:
        raise study.spec.fault("the specification has no 'shmoo'", mend="give it x and y, each with an entry of 'vary'")
    axes = [_axis(study, config.x, "x"), _axis(study, config.y, "y")]
    x, y = axes[0][1], axes[1][1]
    factors = np.ones((len(y) * len(x), len(study.space.parameters)))
    factors[:, axes[0][0]] *= 1 + np.tile(x, len(y))[:, None]
    factors[:, axes[1][0]] *= 1 + np.repeat(y, len(x))[:, None]
    works = np.full(len(factors), np.nan)
    interrupted = False
    try:
        for begin in range(0, len(factors), CHUNK):
            part = factors[begin : begin + CHUNK]
            works[begin : begin + len(part)] = study.passes(part, seed)
            if report is not None:
                report("points", begin + len(part), len(factors))
    except KeyboardInterrupt:
        interrupted = True
    return Shmoo(config.x.vary, config.y.vary, x, y, works.reshape(len(y), len(x)), interrupted)


def _axis(study: Study, axis: Axis, key: str) -> tuple[list[int], Float]:
    at = study.space.of(axis.vary)
    if not at:
        known = ", ".join(entry.label for entry in study.spec.vary)
        raise study.spec.fault(
            f"no entry of 'vary' is named '{axis.vary}'", "shmoo", key, "vary", mend=f"there are: {known or 'none'}"
        )
    return at, np.linspace(axis.low, axis.high, axis.points)
