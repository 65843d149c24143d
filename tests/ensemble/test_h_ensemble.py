# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""H-ensemble: the estimator is the formula at the best mixture."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer.ensemble import HEnsembleClassifier
from sklearn_transfer.transferability import h_score
from tests.ensemble.data import three_sources

PRECISE = LogisticRegression(tol=1e-8, max_iter=1000)


def _three_classes(seed=0, n_target=60):
    rng = np.random.default_rng(seed)
    domain = np.repeat(["t", "a", "b", "c"], [n_target, 150, 150, 150])
    X = rng.normal(size=(len(domain), 3))
    turn = {"t": np.eye(3), "a": np.eye(3), "b": np.eye(3)[[1, 0, 2]], "c": 0 * np.eye(3)}
    scores = np.stack([turn[label] @ row for label, row in zip(domain, X, strict=True)])
    y = (2 * scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
    return X, y, domain


def _mixed(model, X, target):
    """Features of all models, standardised on the target's rows, and their mixture."""
    features = [
        model.source_estimators_[name].decision_function(X) for name in model.source_domains_
    ]
    centred = [f - f[target].mean(axis=0) for f in features]
    standard = [f / np.sqrt(np.square(f[target]).mean()) for f in centred]
    return standard, np.tensordot(model.source_weights_, standard, axes=1)


def test_weights_are_those_of_a_general_solver_of_the_h_score():
    X, y, domain = _three_classes()
    model = HEnsembleClassifier(PRECISE, target_domain="t", shrinkage=None)
    model.fit(X, y, sample_domain=domain)
    target = domain == "t"
    standard, mixed = _mixed(model, X, target)
    assert_allclose(model.score_, h_score(mixed[target], y[target], shrinkage=None), rtol=1e-6)

    def loss(weights):
        features = np.tensordot(weights, standard, axes=1)[target]
        return -h_score(features, y[target], shrinkage=None)

    found = [
        minimize(
            loss,
            start,
            bounds=[(0, 1)] * 3,
            constraints={"type": "eq", "fun": lambda a: a.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-12},
        )
        for start in [*(0.8 * np.eye(3) + 0.2 / 3), np.full(3, 1 / 3)]
    ]
    best = min(found, key=lambda result: result.fun)
    assert model.score_ >= -best.fun - 1e-7
    assert_allclose(model.source_weights_, best.x, atol=1e-3)


def test_posterior_is_the_prior_times_one_plus_the_association():
    X, y, domain = _three_classes()
    model = HEnsembleClassifier(PRECISE, target_domain="t", shrinkage=None)
    model.fit(X, y, sample_domain=domain)
    target = domain == "t"
    _, mixed = _mixed(model, X, target)
    covariance = np.cov(mixed[target].T, bias=True)
    means = np.stack([mixed[target][y[target] == c].mean(axis=0) for c in range(3)])
    # decision functions of a softmax sum to zero
    association = mixed @ np.linalg.pinv(covariance, rcond=1e-10) @ means.T
    expected = np.maximum(np.bincount(y[target]) / target.sum() * (1 + association), 0)
    expected /= expected.sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(X), expected, atol=1e-5)


def test_source_scores_are_those_of_each_model_alone():
    X, y, domain = _three_classes()
    model = HEnsembleClassifier(PRECISE, target_domain="t", shrinkage=None)
    model.fit(X, y, sample_domain=domain)
    target = domain == "t"
    standard, _ = _mixed(model, X, target)
    alone = [h_score(features[target], y[target], shrinkage=None) for features in standard]
    assert_allclose(model.source_scores_, alone, rtol=1e-6)
    assert model.score_ >= max(alone) - 1e-9
    assert_allclose(model.to_frame()["score"], model.source_scores_)


def test_planted_mixture_is_found():
    """The target's score is .7 of one model's and .3 of another's; the third is noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 3))
    value = 0.7 * X[:, 0] + 0.3 * X[:, 1]
    y = (value + 0.1 * rng.normal(size=len(X)) > 0).astype(int)
    models = {}
    for column, name in enumerate("abc"):
        Z = rng.normal(size=(2000, 3))
        models[name] = FrozenEstimator(LogisticRegression(C=0.01).fit(Z, Z[:, column] > 0))
    model = HEnsembleClassifier(source_estimators=models).fit(X, y)
    assert_allclose(model.source_weights_, [0.7, 0.3, 0.0], atol=0.03)


def test_model_that_is_wrong_throughout_serves_as_well():
    p = three_sources(classes=True)
    right = LogisticRegression().fit(p.X, p.y)
    wrong = LogisticRegression().fit(p.X, 1 - p.y)
    target = p.rows("t")
    answers = []
    for given in [{"r": right}, {"w": wrong}, {"r": right, "w": wrong}]:
        frozen = {name: FrozenEstimator(model) for name, model in given.items()}
        model = HEnsembleClassifier(source_estimators=frozen).fit(p.X[target], p.y[target])
        assert_allclose(model.source_scores_, model.score_, rtol=1e-4)
        answers.append(model.predict_proba(p.X))
    assert_allclose(answers[1], answers[0], atol=1e-4)
    assert_allclose(answers[2], answers[0], atol=1e-4)


def test_with_few_rows_covariances_are_shrunk():
    X, y, domain = _three_classes(n_target=9)
    few = HEnsembleClassifier(target_domain="t").fit(X, y, sample_domain=domain)
    assert 0 < few.shrinkage_ <= 1
    X, y, domain = _three_classes(n_target=60)
    many = HEnsembleClassifier(target_domain="t").fit(X, y, sample_domain=domain)
    assert many.shrinkage_ == 0
    given = HEnsembleClassifier(target_domain="t", shrinkage=0.25).fit(X, y, sample_domain=domain)
    assert given.shrinkage_ == 0.25


def test_features_are_matched_by_class_where_sources_know_different_ones():
    """A model of classes 0 and 2 and one of 1 and 2 are put into three columns, signs and all."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 2))
    y = (2 * np.column_stack([X, -X.sum(axis=1)]) + rng.gumbel(size=(300, 3))).argmax(axis=1)
    domain = np.repeat(["t", "a", "b"], 100)
    keep = ~(((domain == "a") & (y == 1)) | ((domain == "b") & (y == 0)))
    X, y, domain = X[keep], y[keep], domain[keep]
    model = HEnsembleClassifier(PRECISE, target_domain="t", shrinkage=0.1)
    model.fit(X, y, sample_domain=domain)
    target = domain == "t"
    a, b = (model.source_estimators_[name].decision_function(X) for name in "ab")
    zero = np.zeros(len(X))
    blocks = [np.column_stack([-a, a, zero]), np.column_stack([zero, b, -b])]  # 0, 2, 1
    centred = [block - block[target].mean(axis=0) for block in blocks]
    standard = [block / np.sqrt(np.square(block[target]).mean()) for block in centred]
    mixed = np.tensordot(model.source_weights_, standard, axes=1)
    covariance = np.cov(mixed[target].T, bias=True)
    shrunk = 0.9 * covariance + 0.1 * np.trace(covariance) / 3 * np.eye(3)
    means = np.stack([mixed[target][y[target] == c].mean(axis=0) for c in range(3)])
    shares = np.bincount(y[target]) / target.sum()
    expected = np.maximum(shares * (1 + mixed @ np.linalg.solve(shrunk, means.T)), 0)
    expected /= expected.sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(X), expected, atol=1e-6)


def test_features_of_different_number_are_refused():
    p = three_sources(classes=True)
    deep = DecisionTreeClassifier(max_depth=4, random_state=0)
    model = HEnsembleClassifier(deep, target_domain="t", response_method="leaves")
    with pytest.raises(ValueError, match=r"same number of features.*'leaves'.*instead"):
        model.fit(p.X, p.y, sample_domain=p.domain)
