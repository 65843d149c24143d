# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Inner estimators, tables, seeds, and what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer.boosting import (
    DynamicTrAdaBoostClassifier,
    MultiSourceTrAdaBoostClassifier,
    TrAdaBoostClassifier,
    TrAdaBoostRegressor,
    TwoStageTrAdaBoostRegressor,
)
from sklearn_transfer.exceptions import TransferWarning

CLASSIFIERS = [
    DynamicTrAdaBoostClassifier,
    MultiSourceTrAdaBoostClassifier,
    TrAdaBoostClassifier,
]
REGRESSORS = [TrAdaBoostRegressor, TwoStageTrAdaBoostRegressor]
ALL = [*CLASSIFIERS, *REGRESSORS]


def _small(kind, inner=None, **params):
    more = {"n_steps": 2, "n_folds": 2} if kind is TwoStageTrAdaBoostRegressor else {}
    return kind(
        inner, n_estimators=3, **{"target_domain": "t", "random_state": 0, **more, **params}
    )


def _problem(kind):
    rng = np.random.default_rng(7)
    X = rng.standard_normal((90, 3))
    domain = np.repeat(["a", "b", "t"], 30)
    signal = X[:, 0] + np.where(domain == "b", X[:, 1], 0.0) + 0.5 * rng.standard_normal(90)
    if kind in CLASSIFIERS:
        return X, np.array(["low", "mid", "top"])[np.digitize(signal, [-0.5, 0.7])], domain
    return X, signal, domain


@pytest.mark.parametrize("kind", ALL)
def test_xgboost_in_a_pipeline_with_string_labels(kind):
    X, y, domain = _problem(kind)
    boosted = XGBClassifier if kind in CLASSIFIERS else XGBRegressor
    inner = make_pipeline(StandardScaler(), boosted(n_estimators=5, max_depth=2, n_jobs=1))
    model = _small(kind, inner).fit(X, y, sample_domain=domain)
    assert set(model.predict(X)) <= set(y) or kind in REGRESSORS
    assert model.score(X, y) > model.score(X, np.roll(y, 1))
    assert "xgbclassifier__n_estimators" not in model.get_params()
    for step in model.estimators_:
        assert step[-1].get_params()["n_estimators"] == 5


@pytest.mark.parametrize("kind", ALL)
def test_xgboost_that_stops_early_watches_rows_held_out_of_all_rounds(kind):
    X, y, domain = _problem(kind)
    boosted = XGBClassifier if kind in CLASSIFIERS else XGBRegressor
    inner = boosted(n_estimators=30, max_depth=2, n_jobs=1, early_stopping_rounds=2)
    model = _small(kind, inner, validation_fraction=0.3).fit(X, y, sample_domain=domain)
    assert all(one.best_iteration < 29 for one in model.estimators_)
    assert len(model.predict(X)) == len(y)
    alone = _small(kind, inner, target_domain=None).fit(X, y)
    assert alone.estimator_.best_iteration < 29


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_classifier_without_probabilities_votes(kind):
    """A vote needs labels only; the shares are its probabilities."""
    X, y, domain = _problem(kind)
    model = _small(kind, LinearSVC()).fit(X, y, sample_domain=domain)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)


@pytest.mark.parametrize("kind", ALL)
def test_dataframes_reach_the_inner_estimator(kind):
    X, y, domain = _problem(kind)
    frame = pd.DataFrame(X, columns=["age", "dose", "mass"]).assign(site=domain)
    model = _small(kind, domain_column="site").fit(frame, y)
    for one in model.estimators_:
        assert one.feature_names_in_.tolist() == ["age", "dose", "mass"]
    arrays = _small(kind).fit(X, y, sample_domain=domain)
    assert_array_equal(model.predict(frame.drop(columns="site")), arrays.predict(X))


@pytest.mark.parametrize("kind", ALL)
def test_open_seeds_are_filled_and_those_given_stay(kind):
    """As in AdaBoost: a learner without a seed of its own must not make the fit irreproducible."""
    X, y, domain = _problem(kind)
    tree = DecisionTreeClassifier if kind in CLASSIFIERS else DecisionTreeRegressor
    inner = tree(max_depth=2, max_features=1)
    first, again, other = (
        _small(kind, inner, random_state=seed).fit(X, y, sample_domain=domain) for seed in (3, 3, 4)
    )
    assert_array_equal(first.predict(X), again.predict(X))
    assert [one.random_state for one in first.estimators_] == [
        one.random_state for one in again.estimators_
    ]
    assert len({one.random_state for one in first.estimators_}) == len(first.estimators_)
    assert first.estimators_[0].random_state != other.estimators_[0].random_state
    assert inner.random_state is None
    seeded = _small(kind, tree(max_depth=2, random_state=9)).fit(X, y, sample_domain=domain)
    assert {one.random_state for one in seeded.estimators_} == {9}


@pytest.mark.parametrize("kind", ALL)
def test_inner_estimator_without_weights_is_refused_before_any_fit(kind):
    X, y, domain = _problem(kind)
    neighbours = KNeighborsClassifier() if kind in CLASSIFIERS else KNeighborsRegressor()
    with pytest.raises(ValueError, match=r"must accept `sample_weight`.*Got KNeighbors"):
        _small(kind, neighbours).fit(X, y, sample_domain=domain)
    alone = _small(kind, neighbours, target_domain=None).fit(X, y)
    assert_array_equal(alone.predict(X), clone(neighbours).fit(X, y).predict(X))


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(
    ("name", "value"),
    [("n_estimators", 0), ("validation_fraction", 1.0), ("random_state", "x"), ("verbose", "x")],
)
def test_parameters_out_of_range_are_refused(kind, name, value):
    X, y, domain = _problem(kind)
    with pytest.raises(ValueError, match=f"'{name}' parameter of {kind.__name__} must be"):
        _small(kind).set_params(**{name: value}).fit(X, y, sample_domain=domain)


@pytest.mark.parametrize(
    ("name", "value"), [("n_steps", 1), ("n_folds", 1), ("loss", "huber"), ("n_jobs", 1.5)]
)
def test_parameters_of_two_stages_out_of_range_are_refused(name, value):
    X, y, domain = _problem(TwoStageTrAdaBoostRegressor)
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        _small(TwoStageTrAdaBoostRegressor, **{name: value}).fit(X, y, sample_domain=domain)


@pytest.mark.parametrize("kind", ALL)
def test_mixture_is_a_fitted_estimator(kind):
    X, y, domain = _problem(kind)
    model = _small(kind).fit(X, y, sample_domain=domain)
    mixture = model.estimator_
    check_is_fitted(mixture)
    assert is_classifier(mixture) == (kind in CLASSIFIERS)
    assert is_regressor(mixture) == (kind in REGRESSORS)
    assert clone(mixture) is mixture
    assert mixture.fit(X, y) is mixture
    assert_array_equal(mixture.predict(X), model.predict(X))
    assert mixture.score(X, y) == model.score(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(X), model.predict(X))
    voters = np.count_nonzero(model.estimator_weights_)
    assert len(mixture.members) == voters


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_one_class_source_is_left_out(kind):
    X, y, domain = _problem(kind)
    y = np.where(domain == "b", "low", y)
    with pytest.warns(TransferWarning, match=r"left out: \['b'\]") as heard:
        model = _small(kind).fit(X, y, sample_domain=domain)
    assert heard[0].filename == __file__
    rest = domain != "b"
    other = _small(kind).fit(X[rest], y[rest], sample_domain=domain[rest])
    assert_array_equal(model.predict_proba(X), other.predict_proba(X))
    assert model.source_weights_.tolist() == [other.source_weights_[0], 0.0]
    assert model.history_["weights"].shape == (len(model.estimators_), 2)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_without_an_informative_source_the_target_is_alone(kind):
    X, y, domain = _problem(kind)
    y = np.where(domain == "t", y, "low")
    inner = LogisticRegression()
    with pytest.warns(TransferWarning, match=r"left out: \['a', 'b'\]"):
        model = _small(kind, inner).fit(X, y, sample_domain=domain)
    own = LogisticRegression().fit(X[60:], y[60:])
    assert_array_equal(model.predict_proba(X), own.predict_proba(X))
    assert model.source_weights_.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("kind", ALL)
def test_inputs_are_not_modified(kind):
    X, y, domain = _problem(kind)
    weight = np.full(90, 2.0)
    before = [a.copy() for a in (X, y, domain, weight)]
    inner = LogisticRegression() if kind in CLASSIFIERS else Ridge()
    for array in (X, y, domain, weight):
        array.setflags(write=False)
    _small(kind, inner).fit(X, y, weight, sample_domain=domain)
    for array, kept in zip((X, y, domain, weight), before, strict=True):
        assert_array_equal(array, kept)
    assert not hasattr(inner, "coef_")


def test_progress_is_logged(caplog):
    X, y, domain = _problem(TrAdaBoostClassifier)
    _small(TrAdaBoostClassifier, verbose=1).fit(X, y, sample_domain=domain)
    said = [record.getMessage() for record in caplog.records]
    assert said[0].startswith("round 1: error 0.")
