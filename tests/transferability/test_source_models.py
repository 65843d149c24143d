# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""One model per source: whose rows it sees, what a cache remembers, what is refused."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from sklearn_transfer._domains import index_domains
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.transferability._features import (
    as_fitted_model,
    fit_source_models,
    model_features,
)


def rows(n_classes=3, n_rows=240):
    X, y = make_classification(
        n_rows, 6, n_informative=4, n_classes=n_classes, n_clusters_per_class=1, random_state=0
    )
    return X, y


def domains_of(X):
    return index_domains(np.repeat(["t", "b", "a"], len(X) // 3), "t", len(X))


def test_every_source_is_fitted_on_its_own_rows():
    X, y = rows()
    domains = domains_of(X)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(X))
    for sample_weight in (None, weight):
        models = fit_source_models(LogisticRegression(), X, y, domains, sample_weight)
        assert list(models) == ["a", "b"]
        for index, label in enumerate("ab"):
            own = domains.source_rows(index)
            given = None if sample_weight is None else weight[own]
            expected = LogisticRegression().fit(X[own], y[own], given)
            assert_array_equal(models[label].estimator.coef_, expected.coef_)


def test_models_do_not_depend_on_the_target_rows_or_the_number_of_jobs():
    X, y = rows()
    domains = domains_of(X)
    one = fit_source_models(LogisticRegression(), X, y, domains)
    changed, other = X.copy(), y.copy()
    changed[domains.target_rows] = 7.0
    other[domains.target_rows] = 0
    with joblib.parallel_config(backend="threading"):
        two = fit_source_models(LogisticRegression(), changed, other, domains, n_jobs=2)
    for label in "ab":
        assert_array_equal(one[label].estimator.coef_, two[label].estimator.coef_)


class CountedFits(LogisticRegression):
    """Logistic regression that knows how often it was fitted."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).n_fits += 1
        return super().fit(X, y, sample_weight)


def test_given_models_are_taken_as_they_are_and_need_no_rows():
    X, y = rows()
    domains = domains_of(X)
    CountedFits.n_fits = 0
    given = {name: FrozenEstimator(CountedFits().fit(X, y)) for name in ("a", "elsewhere")}
    assert CountedFits.n_fits == 2
    models = fit_source_models(CountedFits(), X, y, domains, source_estimators=given)
    assert CountedFits.n_fits == 3
    assert list(models) == ["a", "b", "elsewhere"]
    for label, estimator in given.items():
        assert models[label].estimator is estimator
        assert_array_equal(models[label].classes, [0, 1, 2])


def test_a_cache_remembers_source_models(tmp_path):
    X, y = rows()
    domains = domains_of(X)
    first = fit_source_models(CountedFits(), X, y, domains, memory=str(tmp_path))
    CountedFits.n_fits = 0
    again = fit_source_models(CountedFits(), X, y, domains, memory=str(tmp_path), random_state=3)
    assert CountedFits.n_fits == 0
    assert_array_equal(first["a"].estimator.coef_, again["a"].estimator.coef_)


@pytest.mark.parametrize("through", ["workers", "cache"])
def test_settings_of_scikit_learn_reach_every_fit(through, tmp_path):
    """With routing on, weights go to the scaler too; neither workers nor a cache forget that."""
    X, y = rows()
    weight = np.random.default_rng(0).uniform(0.1, 3.0, len(X))

    def means(routing, **params):
        with config_context(enable_metadata_routing=routing):
            models = fit_source_models(estimator, X, y, domains_of(X), weight, **params)
            return [model.estimator[0].mean_ for model in models.values()]

    with config_context(enable_metadata_routing=True):
        estimator = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=True),
            LogisticRegression().set_fit_request(sample_weight=True),
        )
    routed, plain = means(True), means(False)
    assert np.abs(np.array(routed) - plain).max() > 0.01
    if through == "workers":
        assert_array_equal(means(True, n_jobs=2), routed)
    else:
        for routing in (False, True, False):
            expected = routed if routing else plain
            assert_array_equal(means(routing, memory=str(tmp_path)), expected)


def test_one_class_source_is_left_out_by_name():
    X, y = rows()
    domains = domains_of(X)
    y[domains.source_rows(1)] = 2
    with pytest.warns(TransferWarning, match="Source 'b' is left out: all of its 80 rows"):
        models = fit_source_models(LogisticRegression(), X, y, domains)
    assert list(models) == ["a"]
    assert list(fit_source_models(Ridge(), X, y, domains)) == ["a", "b"]


def test_codes_for_xgboost_and_rows_to_stop_early_on():
    X, y = rows()
    labels = np.array(["u", "v", "w"])[y]
    stopping = XGBClassifier(n_estimators=30, early_stopping_rounds=2, n_jobs=1)
    seeds = [
        fit_source_models(stopping, X, labels, domains_of(X), random_state=seed)["a"]
        for seed in (0, 0, 1)
    ]
    assert_array_equal(seeds[0].classes, ["u", "v", "w"])
    assert set(seeds[0].predict(X)) <= {"u", "v", "w"}
    first, again, other = (model_features(model, X) for model in seeds)
    assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": LogisticRegression()}, "must hold fitted estimators"),
        (
            {"a": FrozenEstimator(LogisticRegression().fit([[0.0], [1.0]], [0, 1]))},
            "must take the 6",
        ),
        ({"t": FrozenEstimator(LogisticRegression().fit(*rows()))}, "Got the target 't' instead"),
    ],
)
def test_bad_source_estimators_are_refused(given, message):
    X, y = rows()
    with pytest.raises(ValueError, match=message):
        fit_source_models(LogisticRegression(), X, y, domains_of(X), source_estimators=given)


def test_labels_that_do_not_sort_keep_their_order():
    X, y = rows()
    model = FrozenEstimator(LogisticRegression().fit(X, y))
    domains = index_domains(None, None, len(X))
    models = fit_source_models(None, X, y, domains, source_estimators={"b": model, 1: model})
    assert list(models) == ["b", 1]
    assert as_fitted_model(models[1]) is models[1]
