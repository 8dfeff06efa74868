"""Monte Carlo yield: circuits with random values, and the share of them that works."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import ConfigError, DataError, FormatError
from hwdesign.files import read_input, write_text
from hwdesign.sfq.analysis.statistics import wilson
from hwdesign.sfq.analysis.study import Report, Study, noise_seeds

Float = NDArray[np.float64]

BLOCK = 512
"""Samples that share one stream of random numbers: a run can stop and go on between blocks."""

_MAX_PROGRESS = 256 << 20
_KEEP_EVERY = 2.0  # seconds: the whole file is written each time


@dataclass
class Yield:
    """What a Monte Carlo run found.

    Attributes:
        passed: bool[samples].
        reasons: why samples did not pass, by sample.
        seed: of the samples.
        interrupted: whether it was stopped by Ctrl-C.
    """

    passed: NDArray[np.bool_]
    reasons: dict[int, str] = field(default_factory=dict)
    seed: int = 1
    interrupted: bool = False

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(self.passed)

    @property
    def share(self) -> float:
        """Share that works; NaN without samples."""
        return float(self.passed.mean()) if len(self.passed) else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % confidence interval."""
        return wilson(int(self.passed.sum()), len(self.passed))


Sigma = Mapping[str, float] | float | None
"""Relative standard deviations in place of a specification's: one for all, by entry, or none."""


def spreads(study: Study, sigma: Sigma = None, sigma_global: Sigma = None) -> tuple[dict[str, float], list[float]]:
    """Local standard deviation of each element (or `.param`) and global one of each entry.

    An element that several entries name has the first one's local spread.

    Args:
        study: the specification.
        sigma, sigma_global: local and global spreads in place of the specification's.

    Raises:
        ConfigError: `sigma` or `sigma_global` names no entry, or nothing has a spread.
    """
    entries = study.spec.vary
    known = [entry.label for entry in entries]
    for given in (sigma, sigma_global):
        for name in given if isinstance(given, Mapping) else ():
            if name not in known:
                raise ConfigError(f"no entry of 'vary' is named '{name}'", mend=f"there are: {', '.join(known)}")
    local: dict[str, float] = {}
    for item in study.space.parameters:
        entry = entries[item.entry]
        own = _own(sigma, entry.label, entry.sigma)
        for name in item.elements or (item.param,):
            if own is not None:
                local.setdefault(name, own)
    shared = [_own(sigma_global, entry.label, entry.sigma_global) or 0.0 for entry in entries]
    if not any(local.values()) and not any(shared) and not study.noisy:
        raise study.spec.fault(
            "nothing has a spread, so that all samples are alike",
            mend="give --sigma 5%, or sigma and sigma_global in the specification",
        )
    return local, shared


def _own(given: Sigma, label: str, written: float | None) -> float | None:
    """An entry's spread: what was given for it, else what the specification says."""
    if isinstance(given, Mapping):
        return given.get(label, written)
    return written if given is None else given


def draw(study: Study, block: int, seed: int, local: Mapping[str, float], shared: list[float]) -> dict[str, Float]:
    """The factors of one block of samples, by element.

    Gaussian; draws beyond the specification's `truncate` standard deviations, and factors that are not positive, are
    drawn again.

    Returns:
        float64[BLOCK] by name of element, and of `.param` as `param NAME`.
    """
    truncate = study.spec.yield_.truncate
    generator = np.random.default_rng([seed, block])
    factors: dict[str, Float] = {}
    done: set[str] = set()
    for at, sigma in enumerate(shared):
        common = _factors(generator, sigma, truncate) if sigma else None
        for item in study.space.parameters:
            if item.entry != at:
                continue
            for name in item.elements or (item.param,):
                key = f"param {name}" if item.param else name
                own = factors.get(key, np.ones(BLOCK))
                if name not in done and local.get(name):
                    own = own * _factors(generator, local[name], truncate)
                done.add(name)
                factors[key] = own if common is None else own * common
    return factors


def _factors(generator: np.random.Generator, sigma: float, truncate: float) -> Float:
    z = generator.standard_normal(BLOCK)
    while True:
        wrong = np.flatnonzero((np.abs(z) > truncate) | (1 + sigma * z <= 0.01))
        if not len(wrong):
            return 1 + sigma * z
        z[wrong] = generator.standard_normal(len(wrong))


def sample_batch(study: Study, factors: Mapping[str, Float]) -> dict[str, Float]:
    """A batch's values from factors by element."""
    space = study.space
    table = np.ones((BLOCK, len(space.parameters)))
    for at, item in enumerate(space.parameters):
        if item.param:
            table[:, at] = factors.get(f"param {item.param}", 1.0)
    values = space.batch(table)
    for name, factor in factors.items():
        if not name.startswith("param "):
            values[name] = values.get(name, space.circuit.nominal(name)) * factor
    return values


def monte_carlo(
    study: Study,
    *,
    samples: int | None = None,
    sigma: Sigma = None,
    sigma_global: Sigma = None,
    seed: int | None = None,
    width: float | None = None,
    progress: str | Path | None = None,
    report: Report | None = None,
) -> Yield:
    """Simulate random samples and count those that work.

    Args:
        study: the specification.
        samples, seed, width: in place of the specification's; see `YieldConfig`.
        sigma, sigma_global: local and global spreads; see `spreads`.
        progress: file that keeps what is done; where it exists already, the run goes on from there.
        report: progress.

    Raises:
        ConfigError: see `spreads`.
        DataError: the progress file belongs to another run, or is damaged.
        As `hwdesign.spice.simulate`.
    """
    config = study.spec.yield_
    samples = config.samples if samples is None else samples
    seed = config.seed if seed is None else seed
    width = config.width if width is None else width
    local, shared = spreads(study, sigma, sigma_global)
    digest = _digest(study, local, shared, seed)
    passed, reasons = _resume(Path(progress), digest) if progress is not None else ([], {})
    stored = len(passed)
    passed = passed[: min(stored, samples) // BLOCK * BLOCK]
    interrupted, kept = False, time.monotonic()
    try:
        while len(passed) < samples:
            if width is not None and len(passed) >= BLOCK:
                low, high = wilson(sum(passed), len(passed))
                if (high - low) / 2 <= width:
                    break
            block = len(passed) // BLOCK
            size = min(BLOCK, samples - len(passed))
            values = sample_batch(study, draw(study, block, seed, local, shared))
            verdict = study.test(
                {name: value[:size] for name, value in values.items()}, size, noise_seeds(seed, block * BLOCK, size)
            )
            reasons |= {len(passed) + i: verdict.reason(i) for i in np.flatnonzero(~verdict.passed).tolist()}
            passed += verdict.passed.tolist()
            if progress is not None and len(passed) > stored and time.monotonic() - kept > _KEEP_EVERY:
                _keep(Path(progress), digest, passed, reasons)
                kept = time.monotonic()
            if report is not None:
                report("samples", min(len(passed), samples), samples)
    except KeyboardInterrupt:
        interrupted = True
    if progress is not None and len(passed) > stored:
        _keep(Path(progress), digest, passed, reasons)
    reasons = {at: text for at, text in reasons.items() if at < len(passed)}
    return Yield(np.array(passed, bool), reasons, seed, interrupted)


def _digest(study: Study, local: Mapping[str, float], shared: list[float], seed: int) -> str:
    """What a run's samples depend on: circuit, spreads, checks, times, noise."""
    spec = study.spec
    about = [
        sorted(study.circuit.parameters.items()), sorted(local.items()), shared, seed, spec.step, spec.stop, spec.after,
        spec.temperature, spec.yield_.truncate, spec.model_dump(mode="json", include={"checks", "vary", "noisy"}),
    ]  # fmt: skip
    return sha256(json.dumps(about).encode()).hexdigest()


def _keep(path: Path, digest: str, passed: list[bool], reasons: Mapping[int, str]) -> None:
    bits = "".join("1" if ok else "0" for ok in passed)
    content = {"run": digest, "passed": bits, "reasons": {str(at): text for at, text in reasons.items()}}
    write_text(path, json.dumps(content))


def _resume(path: Path, digest: str) -> tuple[list[bool], dict[int, str]]:
    if not path.exists():
        return [], {}
    damaged = DataError("the progress file is damaged", file=path, mend="remove it to start anew")
    try:
        content: Any = json.loads(read_input(path, limit=_MAX_PROGRESS))
        run, bits, reasons = content["run"], content["passed"], content["reasons"]
        found = {int(at): str(text) for at, text in reasons.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, FormatError) as error:
        raise damaged from error
    if run != digest:
        raise DataError(
            "the progress file belongs to a run with other settings", file=path,
            mend="remove it, or name another file",
        )  # fmt: skip
    if not isinstance(bits, str) or set(bits) - {"0", "1"}:
        raise damaged
    return [bit == "1" for bit in bits], found
