# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Oracle cross-learning scores against published tables and against simulated best rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm

from sklearn_transfer._math.cross_learning_oracle import (
    angle_score,
    excess_error,
    lda_score,
    linear_score,
    logistic_score,
    probit_score,
    radial_score,
)

# arXiv:2510.10866, appendix B: oracle scores at the cosines -1, -0.9, ..., 1.
COSINES = np.arange(-10, 11) / 10
LDA = [
    *[0.7941, 0.7696, 0.7413, 0.7091, 0.6731, 0.6335, 0.5906, 0.5449, 0.4969, 0.4474],
    *[0.3970, 0.3467, 0.2972, 0.2492, 0.2035, 0.1606, 0.1210, 0.0850, 0.0528, 0.0245, 0.0],
]
PROBIT = [
    *[0.5410, 0.5068, 0.4757, 0.4467, 0.4193, 0.3930, 0.3676, 0.3428, 0.3185, 0.2944],
    *[0.2705, 0.2466, 0.2225, 0.1981, 0.1734, 0.1479, 0.1217, 0.0943, 0.0653, 0.0342, 0.0],
]
TARGET = np.array([0.8, -0.5, 0.3])
SOURCE = np.array([0.2, 0.4, 0.9])
COVARIANCE_TARGET = np.array([[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]])
COVARIANCE_SOURCE = np.array([[0.7, -0.2, 0.1], [-0.2, 1.5, 0.4], [0.1, 0.4, 1.1]])
COVARIANCES = (COVARIANCE_TARGET, COVARIANCE_SOURCE)
ROWS = 400_000

vectors = st.lists(st.floats(-3, 3), min_size=3, max_size=3).map(np.array)
vectors = vectors.filter(lambda vector: np.linalg.norm(vector) > 0.1)


def _planar(length, cosine):
    return length * np.array([1.0, 0.0]), length * np.array([cosine, np.sqrt(1 - cosine**2)])


def test_lda_table_is_that_of_the_paper():
    mean = np.full(10, 0.4)
    orthogonal = np.tile([0.4, -0.4], 5)
    found = [
        lda_score(mean, c * mean + np.sqrt(1 - c**2) * orthogonal, np.eye(10), np.eye(10))
        for c in COSINES
    ]
    np.testing.assert_array_equal(np.round(found, 4) + 0.0, LDA)


def test_probit_table_follows_from_one_of_its_rows():
    """The row at cosine -1 gives the signal-to-noise ratio; its rounding costs half a unit."""
    r = np.sin(np.pi * PROBIT[0] / 2)
    length = np.sqrt(r**2 / (1 - r**2))
    assert length**2 == pytest.approx(1.2948, abs=1e-3)
    found = [probit_score(*_planar(length, c), np.eye(2), np.eye(2)) for c in COSINES]
    np.testing.assert_allclose(found[1:], PROBIT[1:], atol=1.0001e-4)


def _simulated(draw, target_rule, source_rule, weight, rng):
    """Score of given rules by simulation, and its standard error."""
    losses = []
    for domain in (0, 1):
        X, y = draw(domain, rng)
        own, other = (target_rule, source_rule) if domain == 0 else (source_rule, target_rule)
        losses.append((other(X) != y).astype(float) - (own(X) != y))
    weights = [weight, 1 - weight]
    score = sum(w * loss.mean() for w, loss in zip(weights, losses, strict=True))
    variance = sum(w**2 * loss.var() / ROWS for w, loss in zip(weights, losses, strict=True))
    return score, np.sqrt(variance)


@pytest.mark.parametrize("weight", [0.5, 0.8])
@pytest.mark.parametrize("model", ["probit", "logistic", "lda"])
def test_score_is_that_of_simulated_best_rules(model, weight, rng):
    """Six comparisons at five standard errors: one fails by chance with probability 4e-6."""
    coefs, noises = (TARGET, SOURCE), (0.7, 1.6)
    roots = [np.linalg.cholesky(covariance) for covariance in COVARIANCES]

    def draw(domain, rng):
        X = rng.standard_normal((ROWS, 3)) @ roots[domain].T
        predictor = X @ coefs[domain]
        if model == "probit":
            return X, predictor + noises[domain] * rng.standard_normal(ROWS) > 0
        if model == "logistic":
            return X, rng.random(ROWS) < expit(predictor)
        y = rng.random(ROWS) < 0.5
        return X + np.where(y, 1, -1)[:, np.newaxis] * coefs[domain], y

    def rule(domain):
        w = coefs[domain]
        w = np.linalg.inv(COVARIANCES[domain]) @ w if model == "lda" else w
        return lambda X: X @ w > 0

    found, error = _simulated(draw, rule(0), rule(1), weight, rng)
    expected = {
        "probit": lambda: probit_score(TARGET, SOURCE, *COVARIANCES, *noises, weight),
        "logistic": lambda: logistic_score(TARGET, SOURCE, *COVARIANCES, weight),
        "lda": lambda: lda_score(TARGET, SOURCE, *COVARIANCES, weight),
    }[model]()
    assert error < 0.002
    assert found == pytest.approx(expected, abs=5 * error)


def test_linear_score_is_the_mean_squared_difference_of_the_rules(rng):
    """A mean of 400 000 squares against its expectation, at five standard errors."""
    expected = linear_score(TARGET, SOURCE, *COVARIANCES, 0.3)
    parts = []
    for covariance, weight in zip(COVARIANCES, (0.3, 0.7), strict=True):
        X = rng.standard_normal((ROWS, 3)) @ np.linalg.cholesky(covariance).T
        y = X @ (TARGET if weight == 0.3 else SOURCE) + rng.standard_normal(ROWS)
        own, other = (TARGET, SOURCE) if weight == 0.3 else (SOURCE, TARGET)
        loss = (y - X @ other) ** 2 - (y - X @ own) ** 2
        parts.append((weight * loss.mean(), weight * loss.std() / np.sqrt(ROWS)))
    means, errors = np.array(parts).T
    assert means.sum() == pytest.approx(expected, abs=5 * np.linalg.norm(errors))


def test_logistic_score_is_that_of_a_fine_grid():
    """The integral over both predictors, by sums on a grid."""
    z = (np.arange(-4000, 4000) + 0.5) / 500
    tau, r = 1.7, 0.35
    target, source = _planar(tau, r)
    disagree = norm.cdf(-r / np.sqrt(1 - r**2) * np.abs(z))
    expected = np.sum(norm.pdf(z) * disagree * np.tanh(tau * np.abs(z) / 2)) / 500
    found = logistic_score(target, source, np.eye(2), np.eye(2))
    assert found == pytest.approx(expected, abs=1e-7)


def test_opposite_logistic_rule_costs_all_that_can_be_gained():
    """One minus twice the error of the best rule, which is 0.2426 at a variance of 3.05."""
    coef = np.array([np.sqrt(3.05)])
    found = logistic_score(coef, -coef, np.eye(1), np.eye(1))
    assert found == pytest.approx(0.5148, abs=1e-4)


@given(vectors, vectors)
def test_without_noise_the_probit_score_is_the_angle(target, source):
    found = probit_score(target, source, np.eye(3), np.eye(3), 0.0, 0.0)
    cosine = target @ source / np.linalg.norm(target) / np.linalg.norm(source)
    assert angle_score(target, source) == pytest.approx(found, abs=1e-7)
    assert np.cos(np.pi * angle_score(target, source)) == pytest.approx(cosine, abs=1e-9)


def test_little_noise_gives_nearly_the_angle():
    found = probit_score(TARGET, SOURCE, np.eye(3), np.eye(3), 1e-6, 1e-6)
    assert found == pytest.approx(angle_score(TARGET, SOURCE), abs=1e-5)


SCORES = [probit_score, logistic_score, lda_score, linear_score]


def _score(function, target, source, covariances, weight):
    if function is probit_score:
        return function(target, source, *covariances, 1.0, 1.0, weight)
    return function(target, source, *covariances, weight)


@pytest.mark.parametrize("function", SCORES)
@given(vectors, vectors, st.floats(0, 1))
def test_scores_are_excess_errors(function, target, source, weight):
    found = _score(function, target, source, COVARIANCES, weight)
    ends = [_score(function, target, source, COVARIANCES, w) for w in (1.0, 0.0)]
    exchanged = _score(function, source, target, COVARIANCES[::-1], 1 - weight)
    assert found >= -1e-9
    assert found == pytest.approx(weight * ends[0] + (1 - weight) * ends[1], abs=1e-9)
    assert found == pytest.approx(exchanged, abs=1e-9)
    same = _score(function, target, target, (COVARIANCE_TARGET,) * 2, weight)
    assert same == pytest.approx(0.0, abs=1e-12)


def test_radial_score_is_the_share_of_rows_between_the_spheres(rng):
    """A share of 400 000 rows, at five standard errors."""
    length = np.linalg.norm(rng.standard_normal((ROWS, 10)), axis=1)
    share = np.mean((length > 3.1) & (length <= 3.3))
    error = np.sqrt(share * (1 - share) / ROWS)
    assert radial_score(3.1, 3.3, 10) == pytest.approx(share, abs=5 * error)
    assert radial_score(3.3, 3.1, 10) == radial_score(3.1, 3.3, 10)


def test_excess_error_by_hand():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    q = np.array([[0.2, 0.5, 0.3], [0.0, 0.1, 0.9]])
    assert excess_error(p, q) == pytest.approx(0.25)
    assert excess_error(p, q, np.array([3.0, 1.0])) == pytest.approx(0.375)
    assert excess_error(p, p) == 0.0
