# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Levels of domains given to XGBoost: base margins in training, the base score afterwards."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import clone, is_classifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from tests.own_intercepts_data import (
    CODES,
    COUNTS,
    IS_TARGET,
    THREE,
    VALUES,
    WEIGHT,
    X,
    Y,
    fit,
    target_mean,
)


def booster(model, **params):
    return model(**{"n_estimators": 6, "max_depth": 2, "n_jobs": 1, "random_state": 0, **params})


def smoothed_log_odds(y, n_classes):
    """Log shares of the target's classes with half a row added to each."""
    counts = np.bincount(y[IS_TARGET], WEIGHT[IS_TARGET], n_classes) + 0.5
    logs = np.log(counts / counts.sum())
    return logs if n_classes > 2 else logs[1] - logs[0]


BOOSTED = {
    "binary": (booster(XGBClassifier), Y, smoothed_log_odds(Y, 2), [1.5, -1.0, 2.0]),
    "multiclass": (
        booster(XGBClassifier),
        THREE,
        smoothed_log_odds(THREE, 3),
        [[1.0, 0.0, -1.0], [-0.5, 0.5, 0.0], [2.0, -1.0, -1.0]],
    ),
    "regression": (booster(XGBRegressor), VALUES, target_mean(VALUES), [1.5, -1.0, 2.5]),
    "poisson": (
        booster(XGBRegressor, objective="count:poisson"),
        COUNTS,
        np.log(target_mean(COUNTS)),
        [0.7, -0.5, 1.2],
    ),
}


def scores(model, **options):
    predict = model.predict_proba if is_classifier(model) else model.predict
    return predict(X, **options)


@pytest.mark.parametrize("kind", BOOSTED)
def test_xgboost_predicts_at_the_level_of_the_target(kind):
    """Without a margin the model says what it says with the target's margin on every row."""
    estimator, y, base, levels = BOOSTED[kind]
    model = fit(estimator, y, levels=np.array(levels)).estimator
    margin = np.zeros((300, *np.shape(base))) + base
    assert_allclose(scores(model), scores(model, base_margin=margin), rtol=1e-5)


@pytest.mark.parametrize("kind", BOOSTED)
def test_xgboost_trains_on_the_levels_given(kind):
    estimator, y, base, levels = BOOSTED[kind]
    by_domain = np.concatenate([np.zeros((1, *np.shape(base))), levels]) + base
    direct = clone(estimator).fit(X, y, sample_weight=WEIGHT, base_margin=by_domain[CODES])
    model = fit(estimator, y, levels=np.array(levels)).estimator
    margin = np.zeros((300, *np.shape(base))) + base
    assert_allclose(scores(model), scores(direct, base_margin=margin), rtol=1e-5)


@pytest.mark.parametrize("kind", BOOSTED)
def test_xgboost_that_learns_nothing_predicts_the_targets_share(kind):
    estimator, y, base, levels = BOOSTED[kind]
    idle = clone(estimator).set_params(learning_rate=1e-12)
    model = fit(idle, y, levels=np.array(levels)).estimator
    if is_classifier(model):
        logs = base if np.ndim(base) else np.array([0.0, base])
        assert_allclose(scores(model), np.tile(softmax(logs), (300, 1)), rtol=1e-5)
    else:
        assert_allclose(scores(model), target_mean(y), rtol=1e-5)


def test_level_that_is_known_leaves_nothing_to_learn():
    """With an identity link, sources shifted by a known level are as good as unshifted ones."""
    estimator, y, _, levels = BOOSTED["regression"]
    shift = np.concatenate([[0.0], levels])[CODES]
    shifted = fit(estimator, y + shift, levels=np.array(levels)).estimator
    plain = fit(estimator, y, levels=np.zeros(3)).estimator
    assert_allclose(scores(shifted), scores(plain), rtol=1e-4)


def test_strings_and_pipelines_around_xgboost():
    names = np.array(["u", "v", "w"])
    estimator, _, _, levels = BOOSTED["multiclass"]
    bare = fit(estimator, names[THREE], levels=np.array(levels))
    piped = fit(make_pipeline(StandardScaler(), estimator), names[THREE], levels=np.array(levels))
    assert_array_equal(bare.classes, names)
    assert set(bare.predict(X)) <= set(names)
    assert_allclose(piped.predict_proba(X, names), bare.predict_proba(X, names), rtol=1e-4)
    assert bare.estimator.get_params()["max_depth"] == 2


@pytest.mark.parametrize("kind", BOOSTED)
def test_parameters_of_xgboost_stay_the_users(kind):
    """But for the level, which XGBoost keeps as `base_score`."""
    estimator, y, _, levels = BOOSTED[kind]
    model = fit(estimator, y, levels=np.array(levels)).estimator
    mine, given = model.get_params(), estimator.get_params()
    changed = {
        name
        for name in given
        if mine[name] is not given[name] and repr(mine[name]) != repr(given[name])
    }
    assert changed <= {"base_score", "objective"}
    pickle.loads(pickle.dumps(model)).predict(X)


def test_xgboost_stops_early_at_the_level_of_the_target():
    estimator = booster(XGBClassifier, n_estimators=40, learning_rate=0.9, early_stopping_rounds=2)
    held = np.flatnonzero(IS_TARGET)[::3]
    train = np.setdiff1d(np.arange(300), held)
    levels = np.array([1.5, -1.0, 2.0])
    model = fit(
        estimator, Y[train], WEIGHT[train], CODES[train], X=X[train], levels=levels,
        evaluation=(X[held], Y[held]),
    )  # fmt: skip
    history = model.estimator.evals_result_["validation_0"]["logloss"]
    assert model.estimator.best_iteration < 39
    watched = model.estimator.predict_proba(
        X[held], iteration_range=(0, model.estimator.best_iteration + 1)
    )
    loss = -np.log(watched[np.arange(len(held)), Y[held]]).mean()
    assert_allclose(history[model.estimator.best_iteration], loss, rtol=1e-4)


@pytest.mark.parametrize("unseen", ["a", "m", "z"])
def test_labels_that_training_lacks_are_not_watched(unseen):
    labels = np.where(Y, "y", "n")
    estimator = booster(XGBClassifier, n_estimators=40, learning_rate=0.9, early_stopping_rounds=2)
    held = labels[:40].copy()
    held[::3] = unseen
    seen = held != unseen
    options = {"levels": np.zeros(3)}
    model, other = (
        fit(estimator, labels, evaluation=(X[:40][rows], held[rows]), **options)
        for rows in (slice(None), seen)
    )
    assert model.estimator.evals_result_ == other.estimator.evals_result_
