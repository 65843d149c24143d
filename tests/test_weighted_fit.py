# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Weights reach the model however it is wrapped: the oracle is a direct fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer._weighted_fit import (
    FittedModel,
    final_step,
    fit_weighted,
    needs_codes,
    take_rows,
    weight_keyword,
    wrap_fitted,
)
from tests.weighted_fit_data import FOLDS, THREE, VALUES, WEIGHT, X, Y, boosted, logistic, search

scaled = make_pipeline(StandardScaler(), logistic())
WAYS_IN = {
    "bare": (logistic(), "sample_weight"),
    "pipeline": (scaled, "logisticregression__sample_weight"),
    "pipeline in pipeline": (
        Pipeline([("select", SelectKBest(f_classif, k=2)), ("inner", scaled)]),
        "inner__logisticregression__sample_weight",
    ),
    "pipeline of nothing but the model": (
        Pipeline([("skipped", "passthrough"), ("model", logistic())]),
        "model__sample_weight",
    ),
    "search": (search(logistic(), "C"), "sample_weight"),
    "search over a pipeline": (
        search(scaled, "logisticregression__C"),
        "logisticregression__sample_weight",
    ),
    "search at the end of a pipeline": (
        make_pipeline(StandardScaler(), search(logistic(), "C")),
        "gridsearchcv__sample_weight",
    ),
    "search over a pipeline at the end of a pipeline": (
        Pipeline(
            [("scale", StandardScaler()), ("search", search(scaled, "logisticregression__C"))]
        ),
        "search__logisticregression__sample_weight",
    ),
    "random search": (
        RandomizedSearchCV(logistic(), {"C": [0.1, 1.0]}, n_iter=2, cv=FOLDS, random_state=0),
        "sample_weight",
    ),
    "bagging": (BaggingClassifier(logistic(), n_estimators=3, random_state=0), "sample_weight"),
    "voting": (VotingClassifier([("a", logistic()), ("b", GaussianNB())], voting="soft"),
               "sample_weight"),
    "calibrated": (CalibratedClassifierCV(logistic(), cv=FOLDS), "sample_weight"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("routing", [False, True])
def test_weights_find_their_way(way, routing):
    """With routing on, the user who set no requests gets the same fit as with routing off."""
    estimator, keyword = WAYS_IN[way]
    assert weight_keyword(estimator) == keyword
    direct = clone(estimator).fit(X, Y, **{keyword: WEIGHT}).predict_proba(X)
    unweighted = clone(estimator).fit(X, Y).predict_proba(X)
    with config_context(enable_metadata_routing=routing):
        model = fit_weighted(estimator, X, Y, WEIGHT)
    assert_allclose(model.predict_proba(X, np.array([0, 1])), direct, rtol=1e-12)
    assert np.abs(direct - unweighted).max() > 1e-4
    assert not hasattr(estimator, "classes_")
    assert repr(model.estimator) == repr(estimator)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc", ["accuracy", "neg_log_loss"]])
@pytest.mark.parametrize("routing", [False, True])
def test_a_search_may_score_as_it_likes(scoring, routing):
    refit = scoring if isinstance(scoring, str) else "neg_log_loss"
    estimator = GridSearchCV(logistic(), {"C": [1e-3, 1.0]}, cv=FOLDS, scoring=scoring, refit=refit)
    direct = clone(estimator).fit(X, Y, sample_weight=WEIGHT)
    with config_context(enable_metadata_routing=routing):
        model = fit_weighted(estimator, X, Y, WEIGHT).estimator
    assert model.best_params_ == direct.best_params_
    assert_allclose(model.best_estimator_.coef_, direct.best_estimator_.coef_, rtol=1e-10)


def test_what_the_user_requested_is_kept_under_routing():
    """Weights for a scaler too, where the user asks for them; who decides decides for all."""
    with config_context(enable_metadata_routing=True):
        asked = StandardScaler().set_fit_request(sample_weight=True)
        pipe = make_pipeline(asked, logistic().set_fit_request(sample_weight=True))
        model = fit_weighted(pipe, X, Y, WEIGHT).estimator
    assert_allclose(model[0].mean_, np.average(X, axis=0, weights=WEIGHT))
    with config_context(enable_metadata_routing=True):
        plain = fit_weighted(scaled, X, Y, WEIGHT).estimator
    assert_allclose(plain[0].mean_, X.mean(axis=0))


@pytest.mark.parametrize("routing", [False, True])
def test_regressors_and_target_transformers(routing):
    inner = TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp)
    with config_context(enable_metadata_routing=routing):
        model = fit_weighted(inner, X, VALUES, WEIGHT)
    direct = np.exp(Ridge().fit(X, np.log(VALUES), WEIGHT).predict(X))
    assert_allclose(model.predict(X), direct)
    assert model.classes is None


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (KNeighborsClassifier(), "KNeighborsClassifier"),
        (make_pipeline(StandardScaler(), KNeighborsClassifier()), "KNeighborsClassifier"),
        (GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 2]}), "KNeighborsClassifier"),
        (Pipeline([("scale", StandardScaler()), ("nothing", "passthrough")]), "passthrough"),
    ],
    ids=["bare", "pipeline", "search", "no model"],
)
def test_estimator_without_weights_is_named(estimator, name):
    with pytest.raises(ValueError, match=rf"must accept `sample_weight`.*Got .*{name}.*instead"):
        weight_keyword(estimator)


def test_without_weights_fit_is_called_without_them():
    model = fit_weighted(KNeighborsClassifier(), X, Y)
    assert_array_equal(model.predict(X), KNeighborsClassifier().fit(X, Y).predict(X))


@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 1], [3, 17], [False, True]], ids=str)
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda model: model,
        lambda model: make_pipeline(StandardScaler(), model),
        lambda model: GridSearchCV(model, {"max_depth": [1, 2]}, cv=FOLDS),
        FrozenEstimator,
    ],
    ids=["bare", "pipeline", "search", "frozen"],
)
def test_labels_are_encoded_for_xgboost(labels, wrapped):
    labels = np.array(labels)
    estimator = wrapped(boosted())
    if isinstance(estimator, FrozenEstimator):
        estimator = FrozenEstimator(boosted().fit(X, Y))
    assert needs_codes(estimator)
    codes = fit_weighted(estimator, X, Y, WEIGHT if hasattr(estimator, "get_booster") else None)
    model = fit_weighted(
        estimator, X, labels[Y], WEIGHT if hasattr(estimator, "get_booster") else None
    )
    assert_array_equal(model.classes, labels)
    assert_array_equal(model.predict(X), labels[codes.predict(X)])
    assert_array_equal(model.predict_proba(X, labels), codes.predict_proba(X, np.array([0, 1])))


def test_columns_of_classes_never_seen():
    model = fit_weighted(logistic(), X, np.where(Y, "w", "u"), WEIGHT)
    known = model.estimator.predict_proba(X)
    classes = np.array(["t", "u", "v", "w"])
    assert_array_equal(model.predict_proba(X, classes)[:, [1, 3]], known)
    assert_array_equal(model.predict_proba(X, classes)[:, [0, 2]], 0.0)
    assert_array_equal(model.predict_log_proba(X, classes)[:, [0, 2]], -np.inf)
    decision = model.decision_function(X, classes)
    assert_array_equal(decision[:, 3], model.estimator.decision_function(X))
    assert_array_equal(decision[:, 1], -decision[:, 3])
    assert_array_equal(decision[:, [0, 2]], -np.inf)
    assert_array_equal(classes[decision.argmax(axis=1)], model.predict(X))


def test_decision_values_of_a_binary_model_stay_a_column():
    model = fit_weighted(logistic(), X, Y, WEIGHT)
    assert_array_equal(
        model.decision_function(X, np.array([0, 1])), model.estimator.decision_function(X)
    )


def test_pairwise_decision_values_are_given_as_they_are():
    """One-vs-one values belong to pairs of classes: no alignment can add a class."""
    model = fit_weighted(SVC(decision_function_shape="ovo"), X, THREE, WEIGHT)
    assert_array_equal(
        model.decision_function(X, np.unique(THREE)), model.estimator.decision_function(X)
    )


def test_given_models_are_wrapped():
    strings = wrap_fitted(FrozenEstimator(logistic().fit(X, THREE)), np.unique(THREE))
    assert not strings.encoded
    codes = np.searchsorted(np.unique(THREE), THREE)
    booster = wrap_fitted(FrozenEstimator(boosted().fit(X, codes)), np.unique(THREE))
    assert booster.encoded
    assert set(booster.predict(X)) <= set(THREE)
    integers = wrap_fitted(boosted().fit(X, codes), np.array([0, 1, 2]))
    assert_array_equal(integers.predict(X), integers.estimator.predict(X))
    assert wrap_fitted(Ridge().fit(X, VALUES), None).classes is None


def test_codes_of_a_given_booster_are_decoded_for_integer_labels_too():
    """Trained on codes 0, 1 of the labels 3, 17 it must answer 3 and 17."""
    model = wrap_fitted(boosted().fit(X, Y), np.array([3, 17]))
    assert set(model.predict(X)) <= {3, 17}


CONVEX = {
    "logistic": (LogisticRegression(tol=1e-8, max_iter=1000), Y),
    "multinomial": (LogisticRegression(tol=1e-8, max_iter=1000), THREE),
    "newton": (logistic(), Y),
    "saga": (LogisticRegression(solver="saga", tol=1e-8, max_iter=20_000, random_state=0), Y),
    "pipeline": (make_pipeline(StandardScaler(), LogisticRegression(tol=1e-8)), Y),
    "lasso": (Lasso(0.05, tol=1e-10), VALUES),
    "elastic net": (ElasticNet(0.05, tol=1e-10), VALUES),
    "poisson": (PoissonRegressor(tol=1e-8, max_iter=1000), VALUES),
    "ridge, which has no warm start": (Ridge(), VALUES),
    "tree, for which it would mean something else": (DecisionTreeClassifier(random_state=0), Y),
}


def _said(model):
    return model.predict(X) if model.classes is None else model.estimator.predict_proba(X)


@pytest.mark.parametrize("name", CONVEX)
def test_warm_start_ends_where_a_cold_fit_ends(name):
    estimator, y = CONVEX[name]
    far_away = fit_weighted(estimator, X * [1.0, 0.5, 2.0], y, WEIGHT[::-1].copy())
    before = _said(far_away).copy()
    cold = fit_weighted(estimator, X, y, WEIGHT)
    warm = fit_weighted(estimator, X, y, WEIGHT, warm_from=far_away)
    assert_allclose(_said(warm), _said(cold), rtol=2e-5, atol=2e-6)
    assert repr(warm.estimator.get_params()) == repr(cold.estimator.get_params())
    assert_array_equal(_said(far_away), before)


def test_warm_start_saves_iterations():
    estimator = LogisticRegression(tol=1e-6)
    cold = fit_weighted(estimator, X, Y, WEIGHT)
    warm = fit_weighted(estimator, X, Y, WEIGHT, warm_from=cold)
    assert warm.estimator.n_iter_[0] <= 1
    assert cold.estimator.n_iter_[0] > 5


def test_warm_start_that_the_user_set_stays_set():
    estimator = LogisticRegression(warm_start=True)
    first = fit_weighted(estimator, X, Y)
    assert fit_weighted(estimator, X, Y, warm_from=first).estimator.warm_start is True


def test_stochastic_models_start_afresh():
    """A descent that stops after some epochs ends elsewhere if it begins elsewhere."""
    estimator = SGDClassifier(loss="log_loss", random_state=0, max_iter=5, tol=None)
    first = fit_weighted(estimator, X, Y, WEIGHT[::-1].copy())
    cold, warm = (fit_weighted(estimator, X, Y, WEIGHT, warm_from=m) for m in (None, first))
    assert_array_equal(cold.estimator.coef_, warm.estimator.coef_)


def test_other_classes_start_afresh():
    first = fit_weighted(logistic(), X, THREE)
    warm = fit_weighted(logistic(), X, Y, WEIGHT, warm_from=first)
    assert_array_equal(warm.estimator.coef_, logistic().fit(X, Y, WEIGHT).coef_)


def test_random_state_instance_of_the_user_is_not_consumed():
    state = np.random.RandomState(0)
    estimator = DecisionTreeClassifier(max_features=1, random_state=state)
    before = state.get_state()[1].copy()
    one, two = fit_weighted(estimator, X, Y, WEIGHT), fit_weighted(estimator, X, Y, WEIGHT)
    assert_array_equal(state.get_state()[1], before)
    assert_array_equal(one.predict(X), two.predict(X))


@given(st.sets(st.integers(0, 9)).map(sorted))
def test_rows_of_any_table(rows):
    values = np.arange(30.0).reshape(10, 3)
    index = np.array(rows, dtype=np.intp)
    for table in (
        values,
        values.astype(object),
        sparse.csr_array(values),
        sparse.csc_array(values),
        pd.DataFrame(values, index=np.arange(10)[::-1]),
        pl.DataFrame(values),
    ):
        taken = take_rows(table, index)
        assert type(taken) is type(table)
        plain = taken.toarray() if sparse.issparse(taken) else np.asarray(taken)
        assert_array_equal(plain.reshape(len(rows), 3), values[rows])


def test_adjacent_rows_are_not_copied():
    values = np.arange(30.0).reshape(10, 3)
    assert take_rows(values, np.arange(10)) is values
    assert np.shares_memory(take_rows(values, np.arange(2, 7)), values)
    frame = pd.DataFrame(values)
    assert take_rows(frame, np.arange(10)) is frame


def test_final_step():
    model = logistic()
    inner = search(make_pipeline(StandardScaler(), model), "logisticregression__C")
    assert final_step(Pipeline([("search", inner)])) is model
    fitted = clone(inner).fit(X, Y)
    assert final_step(fitted) is fitted.best_estimator_[-1]
    frozen = FrozenEstimator(fitted)
    assert final_step(frozen) is fitted.best_estimator_[-1]


def test_model_is_a_value():
    """Frozen, so that nobody changes a source's model under way."""
    model = FittedModel(logistic().fit(X, Y), np.array([0, 1]))
    with pytest.raises(AttributeError):
        model.encoded = True
