# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The estimators against line-by-line versions of the papers' algorithms.

Predictions are compared on the rows fitted: where two splits of a tree part those rows alike,
rounding decides between them, and only other rows see a difference.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_transfer.boosting import (
    DynamicTrAdaBoostClassifier,
    TrAdaBoostClassifier,
    TrAdaBoostRegressor,
    TwoStageTrAdaBoostRegressor,
)
from tests.boosting import slow

N_SOURCE, N_TARGET = 60, 40


def _problem(seed):
    """Noisy enough that no learner is perfect; sources first."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N_SOURCE + N_TARGET, 3))
    is_source = np.arange(len(X)) < N_SOURCE
    signal = X[:, 0] + np.where(is_source, 0.0, 0.7) * X[:, 1]
    domain = np.where(is_source, "s", "t")
    return X, signal + 0.5 * rng.standard_normal(len(X)), domain


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize(
    "inner",
    [DecisionTreeClassifier(max_depth=1, random_state=0), LogisticRegression(tol=1e-12)],
    ids=["stump", "logistic"],
)
def test_tradaboost(inner, dynamic, seed):
    X, signal, domain = _problem(seed)
    y = (signal > 0).astype(int)
    kind = DynamicTrAdaBoostClassifier if dynamic else TrAdaBoostClassifier
    model = kind(inner, target_domain="t", n_estimators=8).fit(X, y, sample_domain=domain)
    output, votes = slow.tradaboost(inner, X, y, N_SOURCE, 8, dynamic)
    assert len(model.estimators_) == len(votes) == 8
    if any(votes[3:]):
        votes[:3] = [0.0] * 3
    assert_allclose(model.estimator_weights_, votes, rtol=1e-6, atol=1e-9)
    assert_array_equal(model.predict(X), output(X))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "inner", [DecisionTreeRegressor(max_depth=2, random_state=0), Ridge()], ids=["tree", "ridge"]
)
def test_tradaboost_r2(inner, seed):
    X, y, domain = _problem(seed)
    model = TrAdaBoostRegressor(inner, target_domain="t", n_estimators=7)
    model.fit(X, y, sample_domain=domain)
    output, votes = slow.tradaboost_r2(inner, X, y, N_SOURCE, 7)
    assert len(model.estimators_) == len(votes) == 7
    assert_allclose(model.estimator_weights_, [0, 0, 0, *votes[3:]], rtol=1e-7)
    assert_allclose(model.predict(X), output(X), rtol=1e-7)


@pytest.mark.parametrize("seed", range(2))
def test_two_stage(seed):
    """A smooth inner estimator, since held-out rows are predicted."""
    X, y, domain = _problem(seed)
    inner = Ridge()
    n_folds = N_TARGET  # one row each: the same folds, however they are shuffled
    model = TwoStageTrAdaBoostRegressor(
        inner, target_domain="t", n_estimators=3, n_steps=4, n_folds=n_folds
    ).fit(X, y, sample_domain=domain)
    steps = slow.first_stage(inner, X, y, N_SOURCE, 4)
    shares = [sum(w[N_SOURCE:]) for w in steps[:-1]]
    assert_allclose(model.history_["target_share"], [*shares, 1], rtol=1e-9)
    errors = []
    for w in [*steps[:-1], [0.0] * N_SOURCE + [1.0] * N_TARGET]:
        squares = 0.0
        for held in range(N_SOURCE, N_SOURCE + N_TARGET):
            without = [0.0 if i == held else v for i, v in enumerate(w)]
            learners, votes = slow.adaboost_r2_prime(inner, X, y, without, N_SOURCE, 3)
            values = [h.predict(X[[held]])[0] for h in learners]
            squares += (y[held] - slow.weighted_median(values, votes)) ** 2
        errors.append(squares / N_TARGET)
    assert_allclose(model.history_["cv_error"], errors, rtol=1e-6)
    assert model.step_ == np.argmin(errors)
    best = [*steps[:-1], [0.0] * N_SOURCE + [1.0] * N_TARGET][model.step_]
    learners, votes = slow.adaboost_r2_prime(inner, X, y, best, N_SOURCE, 3)
    assert_allclose(model.estimator_weights_, votes, rtol=1e-6)
    expected = [
        slow.weighted_median([h.predict(X[[j]])[0] for h in learners], votes) for j in range(len(X))
    ]
    assert_allclose(model.predict(X), expected, rtol=1e-7)
