# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Maximal correlation weighting: the estimator is the formula."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer.ensemble import MaximalCorrelationWeightingClassifier
from sklearn_transfer.transferability import feature_h_scores, h_score
from tests.ensemble.data import three_sources


class _Column(TransformerMixin, BaseEstimator):
    """Features of a row are its columns, times a number: a model whose answers are known."""

    def __init__(self, columns, factor=1.0):
        self.columns, self.factor = columns, factor

    def fit(self, X=None, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X):
        return self.factor * np.asarray(X)[:, self.columns]


def _columns(**models):
    return {name: FrozenEstimator(_Column(columns)) for name, columns in models.items()}


def test_by_hand():
    """One source, one feature: values 0, 2, 4, 6, of which the first three have class 0.

    f(4) is 1/sqrt(5), the class means are -1/sqrt(5) and 3/sqrt(5), and sigma is .6.
    """
    X, y = np.array([[0.0], [2.0], [4.0], [6.0]]), np.array([0, 0, 0, 1])
    model = MaximalCorrelationWeightingClassifier(source_estimators=_columns(a=[0])).fit(X, y)
    assert_allclose(model.source_correlations_, [0.6])
    assert_allclose(model.predict_proba([[4.0]]), [[0.66, 0.34]])
    # equal priors: 1 - .12 against 1 + .36
    model.set_params(priors=[0.5, 0.5]).fit(X, y)
    assert_allclose(model.predict_proba([[4.0]]), [[0.88 / 2.24, 1.36 / 2.24]])
    assert model.predict([[4.0]]) == [1]


def test_equal_priors_predict_the_label_of_the_greatest_sum():
    """As the method is published: argmax of the sum over all features of sigma f g."""
    p = three_sources(classes=True)
    rng = np.random.default_rng(0)
    labels = np.where(p.X[:, 2] > 0.8, 2, p.y)
    target = p.rows("t")
    X, y = p.X[target], labels[target]
    model = MaximalCorrelationWeightingClassifier(
        source_estimators=_columns(a=[0, 1], b=[2]), priors=np.full(3, 1 / 3)
    ).fit(X, y)
    test = rng.normal(size=(30, 3))
    f = (X - X.mean(axis=0)) / X.std(axis=0)
    g = np.stack([f[y == c].mean(axis=0) for c in range(3)])
    sigma = (f * g[y]).mean(axis=0)
    sums = ((test - X.mean(axis=0)) / X.std(axis=0) * sigma) @ g.T
    assert_allclose(model.predict(test), sums.argmax(axis=1))
    assert_allclose(model.source_correlations_, [sigma[:2].sum(), sigma[2]])
    assert_allclose(model.feature_correlations_["a"], sigma[:2])


def test_correlations_are_the_h_scores_of_single_features():
    p = three_sources(classes=True)
    model = MaximalCorrelationWeightingClassifier(target_domain="t")
    model.fit(p.X, p.y, sample_domain=p.domain)
    target = p.rows("t")
    for name, correlation in zip(model.source_domains_, model.source_correlations_, strict=True):
        feature = model.source_estimators_[name].decision_function(p.X[target])[:, np.newaxis]
        assert_allclose(correlation, h_score(feature, p.y[target], shrinkage=None), rtol=1e-9)
    several = MaximalCorrelationWeightingClassifier(source_estimators=_columns(a=[0, 1, 2]))
    several.fit(p.X[target], p.y[target])
    assert_allclose(
        several.feature_correlations_["a"], feature_h_scores(p.X[target], p.y[target]), rtol=1e-9
    )


def test_opposed_source_serves_as_well_as_one_alike():
    """What is wrong throughout tells as much as what is right; what knows nothing tells little."""
    p = three_sources(classes=True, n_target=200, n_source=2000)
    model = MaximalCorrelationWeightingClassifier(target_domain="t")
    model.fit(p.X, p.y, sample_domain=p.domain)
    weights = dict(zip(model.source_domains_.tolist(), model.source_weights_, strict=True))
    assert_allclose(weights["harmful"], weights["helpful"], rtol=0.1)
    assert weights["useless"] == min(weights.values())


def test_source_repeated_counts_again():
    p = three_sources(classes=True)
    target = p.rows("t")
    X, y = p.X[target], p.y[target]
    once = MaximalCorrelationWeightingClassifier(source_estimators=_columns(a=[0], b=[1])).fit(X, y)
    twice = MaximalCorrelationWeightingClassifier(
        source_estimators=_columns(a=[0], b=[1], c=[0])
    ).fit(X, y)
    a, b = once.source_correlations_
    assert_allclose(twice.source_weights_, np.array([a, b, a]) / (2 * a + b))


def test_leaves_stay_sparse_and_are_as_their_indicators():
    p = three_sources(classes=True)
    inner = DecisionTreeClassifier(max_depth=3, random_state=0)
    model = MaximalCorrelationWeightingClassifier(
        inner, target_domain="t", response_method="leaves"
    ).fit(p.X, p.y, sample_domain=p.domain)
    dense = {}
    for name, tree in model.source_estimators_.items():
        leaves = np.unique(tree.apply(p.X))
        # a regression on the indicators of the leaves returns them
        indicators = (tree.apply(p.X)[:, np.newaxis] == leaves).astype(float)
        dense[name] = (tree, leaves, indicators)
    target = p.rows("t")
    f = np.hstack([dense[name][2] for name in model.source_domains_])
    spread = f[target].std(axis=0)
    seen = spread > 0
    z = (f[:, seen] - f[target][:, seen].mean(axis=0)) / spread[seen]
    y = p.y[target]
    g = np.stack([z[target][y == c].mean(axis=0) for c in range(2)])
    sigma = (z[target] * g[y]).mean(axis=0)
    shares = np.bincount(y) / len(y)
    expected = np.maximum(shares * (1 + (z * sigma) @ g.T), 0)
    expected /= expected.sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(p.X), expected, atol=1e-9)


@pytest.mark.parametrize("constant", [True, False])
def test_models_that_say_nothing_leave_the_prior(constant):
    X = np.zeros((6, 2)) if constant else np.tile([[1.0, 0.0], [-1.0, 0.0]], (3, 1))
    y = np.array([0, 0, 1, 1, 2, 2])
    ridge = FrozenEstimator(Ridge().fit([[0.0, 0.0], [1.0, 1.0]], [0.0, 1.0]))
    model = MaximalCorrelationWeightingClassifier(source_estimators={"a": ridge}).fit(X, y)
    assert_allclose(model.predict_proba(X), 1 / 3)
    assert_allclose(model.source_correlations_, 0, atol=1e-12)


def test_classes_of_the_sources_that_the_target_lacks_are_never_predicted():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    domain = np.repeat(["t", "s"], [60, 240])
    keep = ~((domain == "t") & (y == 2))
    model = MaximalCorrelationWeightingClassifier(LogisticRegression(), target_domain="t")
    model.fit(X[keep], y[keep], sample_domain=domain[keep])
    assert model.classes_.tolist() == [0, 1, 2]
    assert_allclose(model.predict_proba(X)[:, 2], 0)
