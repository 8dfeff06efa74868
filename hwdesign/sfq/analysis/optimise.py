"""Search for values that widen the critical margin: differential evolution, a generation in a few batches.

The search is SciPy's `differential_evolution` (R. Storn, K. Price, J. Global Optim. 11, 1997), whose vectorised form
hands over whole generations.
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

from hwdesign.errors import ConfigError, DataError, FormatError
from hwdesign.files import read_input, write_text
from hwdesign.sfq.analysis.margins import Margins, edges, margins
from hwdesign.sfq.analysis.study import Report, Study

Float = NDArray[np.float64]

SCAN, TOLERANCE = 8, 0.02
"""How coarsely a design's margins are measured in the search; the comparison at the end is finer."""

FIRST_SPREAD = 0.25
"""Standard deviation of the first generation, as a share of the bound."""

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
    from scipy.optimize import differential_evolution

    config = study.spec.optimise
    free = _free(study)
    names = tuple(item.name for item in study.space.parameters)
    search = _Search(study, free, None if state is None else Path(state))
    search.load()
    generator = np.random.default_rng([config.seed, len(search.history)])
    if search.population is None:
        # Around the deck, which mostly works, and not all over the box, most of which does not.
        span = generator.normal(0.0, config.bound * FIRST_SPREAD, (config.population, len(free)))
        span[0] = 0.0  # the deck as it is
        search.population = 1 + np.clip(span, -config.bound, config.bound)
    interrupted = False
    try:
        left = config.generations - len(search.history)
        if report is not None:
            report("generations", len(search.history), config.generations)
        if left > 0:

            def watch(intermediate_result: Any) -> None:
                search.keep(intermediate_result.population, intermediate_result.population_energies)
                if report is not None:
                    report("generations", len(search.history), config.generations)

            differential_evolution(
                search.cost, [(1 - config.bound, 1 + config.bound)] * len(free), init=search.population,
                maxiter=left, vectorized=True, updating="deferred", polish=False, tol=0.0, atol=0.0,
                rng=generator, callback=watch,
            )  # fmt: skip
    except KeyboardInterrupt:
        interrupted = True
    best = Optimised(names, search.best(), search.history, interrupted=interrupted)
    if not interrupted:
        fresh = config.seed + FRESH_SEED
        best.before = margins(study, seed=fresh)
        best.after = margins(study, best.design, seed=fresh)
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
        raise ConfigError(
            "the specification varies nothing", file=spec.origin.file or None, mend="give it a list 'vary'"
        )
    return sorted(set(free))


class _Search:
    """The state of a search, and its file."""

    def __init__(self, study: Study, free: list[int], path: Path | None) -> None:
        self.study, self.free, self.path = study, free, path
        self.population: Float | None = None
        self.history: list[float] = []
        self._scores: dict[bytes, float] = {}
        self._best: tuple[float, Float] = (-math.inf, np.ones(len(study.space.parameters)))
        spec = study.spec
        about = [
            sorted(study.circuit.parameters.items()), spec.optimise.model_dump(exclude={"generations"}), free,
            spec.model_dump(mode="json", include={"checks", "vary", "margins"}), spec.step, spec.stop, spec.temperature,
        ]  # fmt: skip
        self.digest = sha256(json.dumps(about).encode()).hexdigest()

    def designs(self, x: Float) -> Float:
        """float64[M, parameters] of float64[M, free]."""
        whole = np.ones((len(x), len(self.study.space.parameters)))
        whole[:, self.free] = x
        return whole

    def cost(self, x: Float) -> Float:
        """Scores, the other way round, of float64[free, M] as SciPy gives them; known ones are not measured again."""
        table = np.atleast_2d(x.T)
        new = [row for row in table if row.tobytes() not in self._scores]
        if new:
            rows = np.array(new)
            for row, found in zip(
                rows, score(self.study, self.designs(rows), self.study.spec.optimise.seed), strict=True
            ):
                self._scores[row.tobytes()] = float(found)
                if found > self._best[0]:
                    self._best = (float(found), self.designs(row[None, :])[0])
        return -np.array([self._scores[row.tobytes()] for row in table])

    def best(self) -> Float:
        """float64[parameters] of the best design so far."""
        return self._best[1]

    def keep(self, population: Float, costs: Float) -> None:
        """Write a generation down."""
        order = np.argsort(costs)
        self.history.append(-float(costs[order[0]]))
        self.population = np.array(population)
        if self.path is not None:
            content = {
                "search": self.digest, "history": self.history, "population": self.population.tolist(),
                "best": [self._best[0], self._best[1][self.free].tolist()],
            }  # fmt: skip
            write_text(self.path, json.dumps(content))

    def load(self) -> None:
        """Read what an earlier run wrote, if there is any."""
        if self.path is None or not self.path.exists():
            return
        damaged = DataError("the state file is damaged", file=self.path, mend="remove it to start anew")
        try:
            content: Any = json.loads(read_input(self.path, limit=_MAX_STATE))
            known = content["search"]
            history = [float(value) for value in content["history"]]
            population = np.array(content["population"], np.float64)
            value, design = float(content["best"][0]), np.array(content["best"][1], np.float64)
        except (ValueError, LookupError, TypeError, RecursionError, FormatError) as error:
            raise damaged from error
        if known != self.digest:
            raise DataError(
                "the state file belongs to a search with other settings", file=self.path,
                mend="remove it, or name another file",
            )  # fmt: skip
        bound = self.study.spec.optimise.bound + 1e-9
        shaped = population.ndim == 2 and population.shape[1:] == (len(self.free),) == design.shape
        if not shaped or len(population) < 5 or not np.all(np.abs(population - 1) <= bound):
            raise damaged
        if not np.all(np.abs(design - 1) <= bound):
            raise damaged
        self.history, self.population = history, population
        self._best = (value, self.designs(design[None, :])[0])
