"""Parameter margins: how far each value may go, either way, before the circuit stops working."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.sfq.analysis.search import Edges, first_failures
from hwdesign.sfq.analysis.study import Report, Study

Float = NDArray[np.float64]

_NOISY_RUNS = 64  # of the unchanged deck, before margins are believed
_BLOCK = 32  # parameters in one batch: 64 lines of a dozen steps fill it, and Ctrl-C keeps the blocks before


@dataclass(frozen=True, slots=True)
class Margin:
    """One parameter's margins, as shares of its value.

    Attributes:
        name: of the parameter.
        nominal: its value, NaN where it is several.
        unit: of `nominal`; see `hwdesign.sfq.analysis.vary.Parameter`.
        low, high: largest change downwards and upwards that works.
        low_open, high_open: whether nothing failed up to the bound.
        reentrant: whether it worked again further out.
    """

    name: str
    nominal: float
    low: float
    high: float
    low_open: bool
    high_open: bool
    reentrant: bool
    unit: str = ""

    @property
    def critical(self) -> float:
        """The smaller of the two."""
        return min(self.low, self.high)


@dataclass(frozen=True)
class Margins:
    """Margins of a circuit.

    Attributes:
        rows: one a parameter.
        bound: largest change that was tried.
        simulations: how many variants were simulated.
        interrupted: whether parameters are missing.
    """

    rows: tuple[Margin, ...]
    bound: float
    simulations: int
    interrupted: bool = False

    @property
    def critical(self) -> Margin | None:
        """The parameter with the smallest margin."""
        return min(self.rows, key=lambda row: row.critical, default=None)


def edges(
    study: Study, designs: Float, chosen: Sequence[int], *, bound: float, scan: int, tolerance: float, seed: int = 0
) -> tuple[Edges, int]:
    """First failures of `chosen` parameters, downwards and upwards, of several designs at once.

    Args:
        study: the specification.
        designs: float64[M, parameters], factors.
        chosen: positions of parameters.
        bound, scan, tolerance: as `MarginsConfig`.
        seed: of the noise.

    Returns:
        Lines by design, then parameter, then down and up; and the number of simulations.
    """
    total = 0

    def test(line: NDArray[np.int64], distance: Float) -> NDArray[np.bool_]:
        nonlocal total
        total += len(line)
        factors = designs[line // (2 * len(chosen))].copy()
        at = np.asarray(chosen)[line // 2 % len(chosen)]
        factors[np.arange(len(line)), at] *= 1 + np.where(line % 2, distance, -distance)
        return study.passes(factors, seed)

    lines = 2 * len(chosen) * len(designs)
    found = first_failures(test, lines, bound=bound, scan=scan, tolerance=tolerance)
    return found, total


def margins(study: Study, design: Float | None = None, *, seed: int = 0, report: Report | None = None) -> Margins:
    """Margins of every parameter, each by itself.

    Args:
        study: the specification.
        design: float64[parameters], factors of the design to measure; by default the deck.
        seed: of the noise.
        report: progress.

    Returns:
        The margins; of an interrupted search (Ctrl-C) those that were found.

    Raises:
        ConfigError: the specification varies nothing, or the deck as it is fails now and then by its noise.
    """
    if not study.space.parameters:
        raise study.spec.fault("the specification varies nothing", mend="give it a list 'vary'")
    if design is None and study.noisy:
        # A single run decides at every step of the search: by chance, if it can fail without any change.
        wrong = int(np.sum(~study.passes(np.ones((_NOISY_RUNS, len(study.space.parameters))), seed)))
        if wrong:
            raise study.spec.fault(
                f"with noise, {wrong} of {_NOISY_RUNS} runs of the unchanged deck do not pass, "
                "so that it has no margins",
                "temperature", mend="write temperature: 0, or measure its yield",
            )  # fmt: skip
    return measure(study, design, seed=seed, report=report)


def measure(study: Study, design: Float | None = None, *, seed: int = 0, report: Report | None = None) -> Margins:
    """As `margins`, of any design: 0 where it fails as it is."""
    config, parameters = study.spec.margins, study.space.parameters
    base = np.ones(len(parameters)) if design is None else design
    rows: list[Margin] = []
    total = 0
    for begin in range(0, len(parameters), _BLOCK):
        if report is not None:
            report("parameters", begin, len(parameters))
        chosen = range(begin, min(begin + _BLOCK, len(parameters)))
        try:
            found, count = edges(
                study, base[None, :], chosen,
                bound=config.bound, scan=config.scan, tolerance=config.tolerance, seed=seed,
            )  # fmt: skip
        except KeyboardInterrupt:
            return Margins(tuple(rows), config.bound, total, interrupted=True)
        total += count
        for place, at in enumerate(chosen):
            low, high = 2 * place, 2 * place + 1
            again = bool(found.reentrant[low] or found.reentrant[high])
            nominal = parameters[at].nominal * float(base[at])
            reach, is_open = found.distance, found.open
            row = Margin(
                parameters[at].name, nominal, float(reach[low]), float(reach[high]),
                bool(is_open[low]), bool(is_open[high]), again, parameters[at].unit,
            )  # fmt: skip
            rows.append(row)
    if report is not None:
        report("parameters", len(parameters), len(parameters))
    return Margins(tuple(rows), config.bound, total)


def margin_text(value: float, is_open: bool) -> str:
    """`12.5 %`, or `> 60 %` where nothing failed."""
    if not math.isfinite(value):
        return "-"
    return f"> {100 * value:.0f} %" if is_open else f"{100 * value:.1f} %"
