"""Intervals and the probit fit, against SciPy and against known curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr
from scipy.stats import binomtest

from hwdesign.errors import DataError
from hwdesign.sfq.analysis import fit_probit, wilson


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10_000), st.data())
def test_wilson_is_scipys(trials: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, trials))
    wanted = binomtest(hits, trials).proportion_ci(method="wilson")
    assert wilson(hits, trials) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_nothing_is_known_without_trials() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@settings(max_examples=30, deadline=None)
@given(st.floats(70e-6, 100e-6), st.floats(2e-6, 12e-6), st.booleans())
def test_expected_counts_give_the_curve_back(mu: float, sigma: float, falling: bool) -> None:
    sigma = -sigma if falling else sigma
    current = np.linspace(60e-6, 110e-6, 21)
    offered = np.full(21, 10**9)
    fit = fit_probit(current, np.rint(1e9 * ndtr((current - mu) / sigma)).astype(np.int64), offered)
    assert fit.mu == pytest.approx(mu, abs=1e-9)
    assert fit.sigma == pytest.approx(sigma, rel=1e-3)


def test_fit_is_the_likelihoods_maximum_and_its_errors_hold() -> None:
    generator = np.random.default_rng(5)
    current, offered = np.linspace(74e-6, 98e-6, 9), np.full(9, 400)
    truth = ndtr((current - 85e-6) / 4e-6)
    fits = [fit_probit(current, generator.binomial(offered, truth), offered) for _ in range(300)]
    for key, value in (("mu", 85e-6), ("sigma", 4e-6)):
        pulls = np.array([(getattr(fit, key) - value) / getattr(fit, f"{key}_error") for fit in fits])
        assert abs(pulls.mean()) < 0.25
        assert 0.85 < pulls.std() < 1.15
    passed = generator.binomial(offered, truth)
    fit = fit_probit(current, passed, offered)

    def cost(x: np.ndarray) -> float:
        z = (current * 1e6 - x[0]) / x[1]
        return float(-np.sum(passed * log_ndtr(z) + (offered - passed) * log_ndtr(-z)))

    best = minimize(cost, [84.0, 5.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    assert (fit.mu * 1e6, fit.sigma * 1e6) == pytest.approx(tuple(best.x), rel=1e-6)


@pytest.mark.parametrize(
    ("passed", "what"), [([0, 0, 10], "no width"), ([0, 0, 0], "no width"), ([0, 5, 30], "shares")]
)
def test_what_cannot_be_fitted_is_refused(passed: list[int], what: str) -> None:
    with pytest.raises(DataError, match=what):
        fit_probit(np.array([1e-6, 2e-6, 3e-6]), np.array(passed), np.full(3, 10))
