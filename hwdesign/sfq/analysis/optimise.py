"""Search for values that widen the critical margin: CMA-ES, a generation in a few batches.

The search is `cma`'s covariance matrix adaptation (N. Hansen, A. Ostermeier, Evol. Comput. 9, 2001), asked for a
generation and told its scores.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import DataError, FormatError
from hwdesign.files import read_input, write_text
from hwdesign.sfq.analysis.margins import Margins, edges, measure
from hwdesign.sfq.analysis.study import Report, Study

Float = NDArray[np.float64]

SCAN, TOLERANCE = 8, 0.02
"""How coarsely a design's margins are measured in the search; the comparison at the end is finer."""

FIRST_SPREAD = 0.2
"""Standard deviation of the first generation around the deck, as a share of the bound."""

MEAN_WEIGHT = 0.05
"""Share of the mean margin in the score: it tells designs apart whose critical margins the scan finds equal."""

FRESH_SEED = 0x5EED
"""Added to the search's seed for the comparison: no design is judged by the noise that it was fitted to."""

_MAX_STATE = 64 << 20


@dataclass
class Optimised:
    """What a search found.

    Attributes:
        names: of all parameters.
        design: float64[parameters], factors of the best design.
        history: best score of each generation; a score is the critical margin and 5 % of the mean one.
        before, after: margins of the deck and of the design, measured anew; None where interrupted.
        interrupted: whether it was stopped by Ctrl-C.
    """

    names: tuple[str, ...]
    design: Float
    history: list[float] = field(default_factory=list)
    before: Margins | None = None
    after: Margins | None = None
    interrupted: bool = False


def score(study: Study, designs: Float, seed: int = 0) -> Float:
    """Score of designs: critical margin and a little of the mean one; -1 where the design itself does not work.

    Args:
        study: the specification.
        designs: float64[M, parameters], factors.
        seed: of the noise.

    Returns:
        float64[M].
    """
    out = np.full(len(designs), -1.0)
    alive = np.flatnonzero(study.passes(designs, seed))
    if len(alive):
        chosen = range(designs.shape[1])
        bound = study.spec.margins.bound
        found, _ = edges(study, designs[alive], chosen, bound=bound, scan=SCAN, tolerance=TOLERANCE, seed=seed)
        table = found.distance.reshape(len(alive), -1)
        out[alive] = table.min(axis=1) + MEAN_WEIGHT * table.mean(axis=1)
    return out


def optimise(study: Study, *, state: str | Path | None = None, report: Report | None = None) -> Optimised:
    """Search as the specification's `optimise` says, then measure the deck and the best design with fresh noise.

    Timed checks keep the times of the deck as it is: a design that is faster or slower by more than `within` fails.

    Args:
        study: the specification.
        state: file that keeps each generation; where it exists already, the search goes on from there.
        report: progress.

    Raises:
        ConfigError: nothing may change, or an entry is unknown.
        DataError: the state file belongs to another search, or is damaged.
        As `hwdesign.spice.simulate`.
    """
    config = study.spec.optimise
    free = _free(study)
    names = tuple(item.name for item in study.space.parameters)
    search = _Search(study, free, None if state is None else Path(state))
    search.load()
    interrupted = False
    try:
        while len(search.scores) < config.generations:
            if report is not None:
                report("generations", len(search.scores), config.generations)
            search.step()
    except KeyboardInterrupt:
        interrupted = True
    history = [max(row) for row in search.scores]
    best = Optimised(names, search.best, history, interrupted=interrupted)
    if not interrupted:
        if report is not None:
            report("generations", len(search.scores), config.generations)
        fresh = config.seed + FRESH_SEED
        best.before = measure(study, seed=fresh)
        best.after = measure(study, best.design, seed=fresh)
        best.interrupted = best.before.interrupted or best.after.interrupted
    return best


def _free(study: Study) -> list[int]:
    """Positions of the parameters that may change."""
    spec = study.spec
    wanted = spec.optimise.vary or [entry.label for entry in spec.vary]
    free: list[int] = []
    for place, entry in enumerate(wanted):
        at = study.space.of(entry)
        if not at:
            known = ", ".join(item.label for item in spec.vary)
            raise spec.fault(
                f"no entry of 'vary' is named '{entry}'", "optimise", "vary", place, mend=f"there are: {known}"
            )
        free += at
    if not free:
        raise spec.fault("the specification varies nothing", mend="give it a list 'vary'")
    return sorted(set(free))


class _Search:
    """The state of a search, and its file: the scores of each generation, from which the search is told anew."""

    def __init__(self, study: Study, free: list[int], path: Path | None) -> None:
        import cma

        self.study, self.free, self.path = study, free, path
        self.scores: list[list[float]] = []
        self.best = np.ones(len(study.space.parameters))
        self._best_score = -math.inf
        spec = study.spec
        config = spec.optimise
        generator = np.random.default_rng(config.seed)
        options = {
            "bounds": [1 - config.bound, 1 + config.bound], "popsize": config.population, "verbose": -9,
            # A generator of our own: the library would seed NumPy's for the whole process.
            "seed": math.nan, "randn": lambda *shape: generator.standard_normal(shape),
        }  # fmt: skip
        self._strategy = cma.CMAEvolutionStrategy(np.ones(len(free)), FIRST_SPREAD * config.bound, options)
        about = [
            sorted(study.circuit.parameters.items()), config.model_dump(exclude={"generations"}), free,
            spec.model_dump(mode="json", include={"checks", "vary", "margins", "noisy"}), spec.step, spec.stop,
            spec.temperature,
        ]  # fmt: skip
        self.digest = sha256(json.dumps(about).encode()).hexdigest()

    def step(self) -> None:
        """Measure a generation and write it down."""
        asked = self._ask()
        found = score(self.study, self._designs(asked), self.study.spec.optimise.seed)
        self._tell(asked, found.tolist())
        if self.path is not None:
            write_text(self.path, json.dumps({"search": self.digest, "scores": self.scores}))

    def load(self) -> None:
        """Tell the search what an earlier run wrote, if there is any."""
        if self.path is None or not self.path.exists():
            return
        damaged = DataError("the state file is damaged", file=self.path, mend="remove it to start anew")
        try:
            content: Any = json.loads(read_input(self.path, limit=_MAX_STATE))
            known = content["search"]
            scores = [[float(value) for value in row] for row in content["scores"]]
        except (ValueError, LookupError, TypeError, RecursionError, FormatError) as error:
            raise damaged from error
        if known != self.digest:
            raise DataError(
                "the state file belongs to a search with other settings", file=self.path,
                mend="remove it, or name another file",
            )  # fmt: skip
        size = self.study.spec.optimise.population
        if any(len(row) != size or not all(-1 <= value <= 2 for value in row) for row in scores):
            raise damaged
        for row in scores:
            self._tell(self._ask(), row)

    def _ask(self) -> Float:
        """float64[population, free]: the next generation; the deck as it is is one of the first."""
        asked = np.array(self._strategy.ask(), np.float64)
        if not self.scores:
            asked[0] = 1.0
        return asked

    def _tell(self, asked: Float, found: list[float]) -> None:
        self._strategy.tell(list(asked), [-value for value in found])
        at = int(np.argmax(found))
        if found[at] > self._best_score:
            self._best_score, self.best = found[at], self._designs(asked[at : at + 1])[0]
        self.scores.append(found)

    def _designs(self, asked: Float) -> Float:
        """float64[M, parameters] of float64[M, free]."""
        whole = np.ones((len(asked), len(self.study.space.parameters)))
        whole[:, self.free] = asked
        return whole
