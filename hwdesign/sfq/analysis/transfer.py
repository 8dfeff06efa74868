"""Transfer curve of a stochastic synapse: the share of pulses that pass against a bias current, and its probit fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from hwdesign.errors import DataError
from hwdesign.sfq.analysis.criterion import train
from hwdesign.sfq.analysis.statistics import wilson
from hwdesign.sfq.analysis.study import CHUNK, Report, Study, noise_seeds
from hwdesign.sfq.analysis.vary import check_named

Float = NDArray[np.float64]
Counts = NDArray[np.int64]

_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Probit:
    """P(pass) = Φ((I - mu)/sigma), fitted by maximum likelihood.

    Attributes:
        mu: current at which half of the pulses pass, amperes.
        sigma: width, amperes; negative where the share falls with the current.
        mu_error, sigma_error: standard errors, from the expected information.
        chi2: Pearson's statistic per degree of freedom: near 1 where the model holds.
    """

    mu: float
    sigma: float
    mu_error: float
    sigma_error: float
    chi2: float

    def share(self, current: Float) -> Float:
        """P(pass) at currents in amperes."""
        found: Float = ndtr((np.asarray(current, np.float64) - self.mu) / self.sigma)
        return found


@dataclass(frozen=True)
class Transfer:
    """A measured transfer curve.

    Attributes:
        current: float64[n], amperes.
        offered, passed: int64[n], pulses sent to the input, and net pulses at the output.
        failed: simulations that did not finish; they count nowhere.
        fit: None where the shares do not allow one.
        interrupted: whether pulses are missing.
        note: why there is no fit; else empty.
    """

    current: Float
    offered: Counts
    passed: Counts
    failed: int
    fit: Probit | None
    interrupted: bool = False
    note: str = ""

    @property
    def share(self) -> Float:
        """float64[n]: P(pass); NaN where nothing was offered."""
        out = np.full(len(self.current), np.nan)
        np.divide(self.passed, self.offered, out=out, where=self.offered > 0)
        return out

    def interval(self, at: int) -> tuple[float, float]:
        """Wilson's 95 % interval of the share at one current."""
        return wilson(min(int(self.passed[at]), int(self.offered[at])), int(self.offered[at]))


def fit_probit(current: Float, passed: Counts, offered: Counts) -> Probit:
    """Fit Φ((I - mu)/sigma) to counts by Fisher scoring.

    Args:
        current: float64[n].
        passed, offered: int64[n].

    Raises:
        DataError: fewer than two currents were measured, the shares say nothing of a width, or clearly more pulses
            passed than were offered, so that shares are none.
    """
    x, k, n = (np.asarray(item, np.float64) for item in (current, passed, offered))
    used = n > 0
    x, k, n = x[used], k[used], n[used]
    if np.any(k - n > 0.01 * n + 3):
        worst = int(np.argmax(k - n))
        raise DataError(
            f"at {x[worst]:g} A {k[worst]:.0f} pulses leave for {n[worst]:.0f} that enter: these are no shares",
            mend="step the current over a smaller range, and look at the junctions",
        )
    k = np.clip(k, 0, n)
    mend = "take currents at which the share is between 0 and 1"
    if len(np.unique(x)) < 2 or np.sum((k > 0) & (k < n)) < 1 or np.all(k / n == k[0] / n[0]):
        raise DataError("the transfer curve has no width that could be fitted", mend=mend)
    scale = float(np.ptp(x))
    u = (x - x.mean()) / scale
    design = np.stack([np.ones(len(u)), u], axis=1)

    def deviance(b: Float) -> float:
        z = design @ b
        return float(-np.sum(k * log_ndtr(z) + (n - k) * log_ndtr(-z)))

    b = np.array([0.0, 1.0 if np.polyfit(u, k / n, 1)[0] >= 0 else -1.0])
    for _ in range(_ROUNDS):
        z = design @ b
        p = np.clip(ndtr(z), 1e-300, 1 - 1e-16)
        density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        weight = n * density**2 / (p * (1 - p))
        information = design.T @ (weight[:, None] * design)
        slope = design.T @ ((k - n * p) * density / (p * (1 - p)))
        try:
            move = np.linalg.solve(information, slope)
        except np.linalg.LinAlgError as error:
            raise DataError("the transfer curve has no width that could be fitted", mend=mend) from error
        before, share = deviance(b), 1.0
        while deviance(b + share * move) > before + 1e-12 * abs(before) and share > 1e-6:
            share /= 2
        b = b + share * move
        if np.max(np.abs(share * move)) < 1e-10 * (1 + np.max(np.abs(b))):
            break
    if not np.all(np.isfinite(b)) or abs(b[1]) < 1e-9 or np.max(np.abs(b)) > 1e6:
        raise DataError("the transfer curve has no width that could be fitted", mend=mend)
    covariance = np.linalg.inv(information)
    to_mu = np.array([-1 / b[1], b[0] / b[1] ** 2])
    p = ndtr(design @ b)
    spread = n * p * (1 - p)
    seen = spread > 0.5  # Pearson's statistic says nothing where no count is expected to differ
    chi2 = float(np.sum((k - n * p)[seen] ** 2 / spread[seen])) / max(1, int(seen.sum()) - 2)
    return Probit(
        float(x.mean() - b[0] / b[1] * scale), float(scale / b[1]),
        float(scale * math.sqrt(to_mu @ covariance @ to_mu)),
        float(scale * math.sqrt(covariance[1, 1]) / b[1] ** 2), chi2,
    )  # fmt: skip


def transfer(study: Study, *, report: Report | None = None) -> Transfer:
    """Measure a transfer curve as the specification's `transfer` says.

    All currents and repetitions are instances of one batch with noise of their own. Of an interrupted run (Ctrl-C) what
    was counted is kept.

    Args:
        study: the specification; it needs no checks.
        report: progress.

    Raises:
        ConfigError: the specification has no `transfer`, names what the deck lacks, or no pulse reaches the input.
        As `hwdesign.spice.simulate`.
    """
    spec = study.spec
    config = spec.transfer
    if config is None:
        raise spec.fault("the specification has no 'transfer'", mend="give it source, start, stop, input and output")
    source = config.source.upper().replace(".", "|")
    if source not in study.circuit.index or study.circuit.elements[study.circuit.index[source]].kind != "I":
        raise spec.fault(f"the deck has no current source '{config.source}'", "transfer", "source")
    entry = check_named(spec, study.circuit, config.input, "transfer", "input")
    leave = check_named(spec, study.circuit, config.output, "transfer", "output")
    # Counted without noise: with noise, a few pulses run back from the decision and pass the input once more.
    each = abs(int(train(study.nominal.pulses, entry, spec.after).net(1)[0]))
    if each == 0:
        raise spec.fault(f"no pulse passes '{config.input}'", "transfer", "input")
    if config.temperature is None and not study.noisy:
        raise spec.fault(
            "the deck has no noise, so that its pulses pass or do not", "transfer", mend="give a temperature"
        )
    runs = -(-config.pulses // each)
    current = np.linspace(config.start, config.stop, config.points)
    offered, passed = np.zeros(config.points, np.int64), np.zeros(config.points, np.int64)
    failed, interrupted = 0, False
    total = runs * config.points
    try:
        for begin in range(0, total, CHUNK):
            # One run of every current, then the next: an interrupted curve has them all.
            which = np.arange(begin, min(begin + CHUNK, total)) % config.points
            result = study.run(
                {source: current[which]}, len(which), seeds=noise_seeds(config.seed, begin, len(which)),
                temperature=config.temperature,
            )  # fmt: skip
            good = np.ones(len(which), bool)
            good[list(result.failed)] = False
            failed += len(result.failed)
            net = np.abs(train(result.pulses, leave, spec.after).net(len(which)))
            np.add.at(passed, which[good], net[good])
            np.add.at(offered, which[good], each)
            if report is not None:
                report("runs", begin + len(which), total)
    except KeyboardInterrupt:
        interrupted = True
    fit, note = None, ""
    try:
        fit = fit_probit(current, passed, offered)
    except DataError as error:
        note = str(error)
    return Transfer(current, offered, passed, failed, fit, interrupted, note)
