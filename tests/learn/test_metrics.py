"""Metrics against scipy and by their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hwdesign.learn.metrics import pearson, r_squared, regression_metrics, spearman

VECTOR = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0, -3.0]), min_size=4, max_size=40)


@settings(max_examples=40, deadline=None)
@given(VECTOR, st.integers(0, 2**32 - 1))
def test_correlations_agree_with_scipy_ties_included(true: list[float], seed: int) -> None:
    t = np.array(true)
    p = np.random.default_rng(seed).choice([0.0, 0.5, 1.0], len(t)) + t
    if len(set(t)) > 1 and len(set(p)) > 1:
        assert pearson(t, p) == pytest.approx(stats.pearsonr(t, p).statistic, abs=1e-9)
        assert spearman(t, p) == pytest.approx(stats.spearmanr(t, p).statistic, abs=1e-9)


def test_r_squared_divides_by_the_spread_of_the_true_values() -> None:
    # Swapping the arguments would give 1 - 0.75 / 0.25 * ... instead.
    assert r_squared([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 2.0]) == pytest.approx(1 - 1 / 5)
    assert r_squared([0.0, 1.0, 2.0, 2.0], [0.0, 1.0, 2.0, 3.0]) == pytest.approx(1 - 1 / 2.75)


def test_all_metrics_of_a_known_pair() -> None:
    found = regression_metrics([0.0, 1.0], [0.5, 1.0])
    assert (found.count, found.mae) == (2, 0.25)
    assert found.rmse == pytest.approx(math.sqrt(0.125))
    assert found.r2 == pytest.approx(0.5)
    assert found.pearson == found.spearman == pytest.approx(1.0)


def test_no_variation_gives_nan_and_bad_shapes_are_refused() -> None:
    assert math.isnan(r_squared([1.0, 1.0], [0.0, 1.0]))
    assert math.isnan(pearson([1.0, 2.0], [1.0, 1.0]))
    with pytest.raises(ValueError, match="2 true values but 1 predictions"):
        regression_metrics([0.0, 1.0], [0.0])
    with pytest.raises(ValueError, match="no values"):
        regression_metrics([], [])
