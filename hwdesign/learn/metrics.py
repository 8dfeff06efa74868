"""Regression metrics over NumPy vectors, always called as (true, predicted)."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


def _pair(true: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    t, p = np.asarray(true, np.float64).ravel(), np.asarray(predicted, np.float64).ravel()
    if len(t) != len(p):
        raise ValueError(f"{len(t)} true values but {len(p)} predictions")
    if len(t) == 0:
        raise ValueError("no values to compare")
    return t, p


def mean_absolute_error(true: ArrayLike, predicted: ArrayLike) -> float:
    """Σ|p - t| / n."""
    t, p = _pair(true, predicted)
    return float(np.abs(p - t).mean())


def root_mean_square_error(true: ArrayLike, predicted: ArrayLike) -> float:
    """√(Σ(p - t)² / n)."""
    t, p = _pair(true, predicted)
    return math.sqrt(float(((p - t) ** 2).mean()))


def r_squared(true: ArrayLike, predicted: ArrayLike) -> float:
    """1 - Σ(t - p)² / Σ(t - mean(t))²; the denominator is of the true values. NaN where they do not vary."""
    t, p = _pair(true, predicted)
    total = float(((t - t.mean()) ** 2).sum())
    return math.nan if total == 0.0 else 1.0 - float(((t - p) ** 2).sum()) / total


def pearson(true: ArrayLike, predicted: ArrayLike) -> float:
    """Linear correlation; NaN where either side does not vary."""
    t, p = _pair(true, predicted)
    t, p = t - t.mean(), p - p.mean()
    scale = math.sqrt(float((t * t).sum()) * float((p * p).sum()))
    return math.nan if scale < 1e-300 else float(np.clip((t * p).sum() / scale, -1.0, 1.0))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1-based ranks, ties sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[inverse]


def spearman(true: ArrayLike, predicted: ArrayLike) -> float:
    """Rank correlation, ties sharing their mean rank; NaN where either side does not vary."""
    t, p = _pair(true, predicted)
    return pearson(_ranks(t), _ranks(p))


@dataclass(frozen=True, slots=True)
class Regression:
    """All metrics of one comparison over `count` values."""

    count: int
    mae: float
    rmse: float
    r2: float
    pearson: float
    spearman: float

    def as_dict(self) -> dict[str, float]:
        """Metric by name; NaN stays NaN."""
        return asdict(self)


def regression_metrics(true: ArrayLike, predicted: ArrayLike) -> Regression:
    """All metrics at once.

    Raises:
        ValueError: the vectors differ in length or are empty.
    """
    t, p = _pair(true, predicted)
    return Regression(
        len(t), mean_absolute_error(t, p), root_mean_square_error(t, p), r_squared(t, p), pearson(t, p), spearman(t, p)
    )
