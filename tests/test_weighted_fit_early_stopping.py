# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Early stopping watches held-out rows, through pipelines and inside searches."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from xgboost import XGBRegressor

from sklearn_transfer._weighted_fit import (
    fit_weighted,
    wants_evaluation_set,
)
from tests.weighted_fit_data import VALUES, WEIGHT, X, Y, boosted, logistic, search


def _stopping(**params):
    return boosted(n_estimators=40, learning_rate=0.9, early_stopping_rounds=2, **params)


def _held(rows):
    return X[rows], Y[rows]


def _direct_early_stopping(X_train=X, X_held=X[60:]):
    return _stopping().fit(
        X_train[:60], Y[:60], sample_weight=WEIGHT[:60], eval_set=[(X_held, Y[60:])], verbose=False
    )


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("labels", [[0, 1], ["no", "yes"]], ids=str)
def test_early_stopping_watches_the_evaluation_set(routing, labels):
    labels = np.array(labels)
    direct = _direct_early_stopping()
    assert direct.best_iteration < 39
    with config_context(enable_metadata_routing=routing):
        model = fit_weighted(
            _stopping(), X[:60], labels[Y[:60]], WEIGHT[:60], evaluation=(X[60:], labels[Y[60:]])
        )
    assert model.estimator.best_iteration == direct.best_iteration
    assert_array_equal(model.predict_proba(X, labels), direct.predict_proba(X))


@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("n_steps", [1, 2])
@pytest.mark.parametrize("routing", [False, True])
def test_early_stopping_sees_through_a_pipeline(tmp_path, memory, n_steps, routing):
    scaler = StandardScaler().fit(X[:60])
    Z = scaler.transform(X)
    direct = _direct_early_stopping(Z, Z[60:])
    before = [StandardScaler(), FunctionTransformer()][:n_steps]
    pipe = make_pipeline(*before, _stopping(), memory=str(tmp_path) if memory else None)
    with config_context(enable_metadata_routing=routing):
        for _ in range(2):  # the second time the transformers come from the cache
            model = fit_weighted(pipe, X[:60], Y[:60], WEIGHT[:60], evaluation=_held(slice(60, 90)))
            assert_array_equal(model.predict_proba(X, np.array([0, 1])), direct.predict_proba(Z))
    assert model.estimator.memory == pipe.memory


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("piped", [False, True])
def test_early_stopping_inside_a_search(routing, piped):
    """Every candidate watches the same rows, and so does the refit of the best."""
    estimator = search(_stopping(), "learning_rate")
    if piped:
        estimator = make_pipeline(StandardScaler(), estimator)
    assert wants_evaluation_set(estimator)
    Z = StandardScaler().fit(X[:60]).transform(X) if piped else X
    direct = search(_stopping(), "learning_rate").fit(
        Z[:60], Y[:60], sample_weight=WEIGHT[:60], eval_set=[(Z[60:], Y[60:])], verbose=False
    )
    with config_context(enable_metadata_routing=routing):
        model = fit_weighted(
            estimator, X[:60], Y[:60], WEIGHT[:60], evaluation=_held(slice(60, 90))
        )
    assert_array_equal(model.predict_proba(X, np.array([0, 1])), direct.predict_proba(Z))


@pytest.mark.parametrize("routing", [False, True])
def test_early_stopping_under_steps_that_a_search_refits_is_refused(routing):
    """The held-out rows would need the steps of every fold: said by name, before any fit."""
    inner = Pipeline([("scale", StandardScaler()), ("model", _stopping())])
    estimator = search(inner, "model__learning_rate")
    says = r"(?s)early_stopping_rounds.*Got .*GridSearchCV.*instead"
    with config_context(enable_metadata_routing=routing), pytest.raises(ValueError, match=says):
        fit_weighted(estimator, X[:60], Y[:60], WEIGHT[:60], evaluation=_held(slice(60, 90)))


@pytest.mark.parametrize("unseen", ["a", "m", "z"])
def test_labels_that_training_lacks_are_not_watched(unseen):
    """Before, between and after the known labels: their codes must not become another's."""
    labels = np.where(Y, "y", "n")
    held = labels[60:].copy()
    held[::3] = unseen
    seen = held != unseen
    model = fit_weighted(_stopping(), X[:60], labels[:60], evaluation=(X[60:], held))
    other = fit_weighted(
        _stopping(), X[:60], labels[:60], evaluation=(X[60:][seen], labels[60:][seen])
    )
    assert model.estimator.evals_result_ == other.estimator.evals_result_


def test_nothing_left_to_watch():
    """An empty evaluation set never improves: it must not end the training at once."""
    labels = np.where(Y, "y", "n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = fit_weighted(
            _stopping(), X[:60], labels[:60], evaluation=(X[60:], np.full(30, "z"))
        )
    assert model.estimator.get_booster().num_boosted_rounds() > 5


def test_regression_stops_early_too():
    estimator = boosted(XGBRegressor, n_estimators=40, early_stopping_rounds=2, learning_rate=0.9)
    model = fit_weighted(
        estimator, X[:60], VALUES[:60], WEIGHT[:60], evaluation=(X[60:], VALUES[60:])
    )
    direct = clone(estimator).fit(
        X[:60],
        VALUES[:60],
        sample_weight=WEIGHT[:60],
        eval_set=[(X[60:], VALUES[60:])],
        verbose=False,
    )
    assert_array_equal(model.predict(X), direct.predict(X))


def test_who_wants_an_evaluation_set():
    assert wants_evaluation_set(_stopping())
    assert wants_evaluation_set(make_pipeline(StandardScaler(), _stopping()))
    assert not wants_evaluation_set(boosted())
    assert not wants_evaluation_set(logistic())
