# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The selector where there is little to select: edges, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.transferability import (
    HScoreSelector,
)
from tests.transferability.selector_data import CountedFits, fitted, frozen_models, problem


def test_without_sources_the_targets_own_model_gives_the_features():
    X, y, domain = problem()
    own = domain == "t"
    expected = LogisticRegression().fit(X[own], y[own]).decision_function(X)
    alone = HScoreSelector().fit(X[own], y[own])
    with pytest.warns(TransferWarning, match="Only the target domain 't' is present"):
        fold = HScoreSelector(target_domain="t").fit(X[own], y[own], sample_domain=domain[own])
    for selector, name in [(alone, "target_1"), (fold, "t_1")]:
        assert_allclose(selector.transform(X)[:, 0], expected)
        assert selector.get_feature_names_out().tolist() == [name]
        assert len(selector.scores_) == len(selector.selected_domains_) == 0
        assert len(selector.to_frame()) == 0


def test_one_class_source_is_left_out_and_ranks_last():
    X, y, domain = problem()
    y[domain == "same"] = 1
    with pytest.warns(TransferWarning, match="Source 'same' is left out"):
        selector = fitted(data=(X, y, domain), order=2, k="all")
    assert np.isnan(selector.scores_[3])
    assert np.isnan(selector.pair_scores_[3]).all()
    assert selector.ranking_[3] == 4
    assert "same" not in selector.selected_domains_
    assert selector.response_methods_[3] == ""


def test_only_one_class_sources_leave_the_targets_own_model():
    X, y, domain = problem(sources=["same"])
    y[domain == "same"] = 1
    with pytest.warns(TransferWarning, match="Source 'same' is left out"):
        selector = fitted(data=(X, y, domain))
    assert selector.get_feature_names_out().tolist() == ["t_1"]
    assert np.isnan(selector.scores_).all()


@pytest.mark.parametrize("scoring", ["h_score", "logme", "leep", "nce", "linear_probe"])
def test_one_class_target_keeps_the_order_of_the_sources(scoring):
    X, y, domain = problem()
    y[domain == "t"] = 1
    with pytest.warns(TransferWarning, match="The target has one class, 1"):
        selector = fitted(data=(X, y, domain), scoring=scoring, k=2)
    assert_array_equal(selector.scores_, 0.0)
    assert selector.selected_domains_.tolist() == ["far", "half"]


def test_more_sources_asked_for_than_there_are():
    with pytest.warns(TransferWarning, match="k=9 sources are to be kept, and 4 can be scored"):
        selector = fitted(k=9)
    assert len(selector.selected_domains_) == 4


@pytest.mark.parametrize("scoring", ["h_score", "logme", "leep", "nce", "linear_probe"])
@pytest.mark.parametrize("labels", [["no", "yes"], [-3, 40], [0.0, 1.0], [False, True]], ids=str)
def test_labels_of_any_kind(labels, scoring):
    X, y, domain = problem()
    plain = fitted(data=(X, y, domain), scoring=scoring, random_state=0)
    other = fitted(data=(X, np.array(labels)[y], domain), scoring=scoring, random_state=0)
    assert_allclose(other.scores_, plain.scores_)
    assert_array_equal(other.transform(X), plain.transform(X))


@pytest.mark.parametrize("scoring", ["h_score", "logme", "leep", "nce", "linear_probe"])
def test_class_of_one_target_row(scoring):
    X, y, domain = problem()
    y[np.flatnonzero(domain == "t")[0]] = 2
    selector = fitted(data=(X, y, domain), scoring=scoring, random_state=0)
    assert selector.selected_domains_.tolist() == ["same"]


def test_constant_features_score_nothing():
    X, y, domain = problem()
    own = domain == "t"
    flat = LogisticRegression().fit(X, y)
    flat.coef_[:] = 0.0
    given = {"flat": FrozenEstimator(flat), "same": frozen_models((X, y, domain))["same"]}
    for response, n_rows in [("decision_function", 80), ("predict_proba", 80), ("log_odds", 3)]:
        rows = np.flatnonzero(own)[:n_rows]
        if len(np.unique(y[rows])) < 2:
            rows = np.append(rows, np.flatnonzero(own & (y != y[rows[0]]))[0])
        selector = HScoreSelector(source_estimators=given, response_method=response)
        selector.fit(X[rows], y[rows])
        assert selector.scores_[0] == 0.0


def test_duplicated_sources_tie_and_add_nothing():
    X, y, domain = data = problem()
    same = frozen_models(data)["same"]
    own = domain == "t"
    selector = HScoreSelector(source_estimators={"a": same, "b": same}, order=2, k=2)
    selector.fit(X[own], y[own])
    assert selector.scores_[0] == selector.scores_[1]
    assert_allclose(selector.pair_scores_, selector.scores_[0])
    assert selector.selected_domains_.tolist() == ["a", "b"]


def test_more_features_than_rows():
    X, y, domain = problem(n_target=12)
    selector = fitted(
        DecisionTreeClassifier(max_depth=5, random_state=0),
        data=(X, y, domain),
        response_method="leaves",
        order=2,
        k=2,
    )
    assert (selector.to_frame()["n_features"] >= 12).all()
    assert 0.0 < selector.shrinkage_ < 1.0
    assert np.isfinite(selector.pair_scores_).all()
    assert (selector.scores_ < 1.0).all()


def test_one_target_row_is_refused():
    with pytest.raises(ValueError, match="at least 2 rows"):
        fitted(data=problem(n_target=1, regression=True))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"scoring": "leep", "estimator": LinearSVC()}, "scoring='leep' must have source models"),
        ({"scoring": "leep", "estimator": PCA(1)}, "scoring='leep' must have source models"),
        ({"scoring": "nce", "estimator": PCA(1)}, "scoring='nce' must have source models"),
        ({"response_method": "leaves"}, "`response_method` must be what the source model offers"),
        ({"k": 0}, "'k' parameter"),
        ({"memory": 3}, "'memory' parameter"),
        ({"order": 0}, "'order' parameter"),
        ({"scoring": "accuracy"}, "'scoring' parameter"),
        ({"shrinkage": 1.0}, "'shrinkage' parameter"),
        ({"source_estimators": {"far": LogisticRegression()}}, "must hold fitted estimators"),
    ],
)
def test_what_cannot_be_is_refused(params, message):
    with pytest.raises(ValueError, match=message):
        fitted(**params)


@pytest.mark.parametrize("scoring", ["leep", "nce"])
def test_scores_of_labels_refuse_regression(scoring):
    with pytest.raises(ValueError, match="must have labels to score"):
        fitted(data=problem(regression=True), scoring=scoring)


def test_linear_probe_refuses_weights():
    X, y, domain = problem()
    with pytest.raises(ValueError, match="must have rows of equal weight"):
        HScoreSelector(target_domain="t", scoring="linear_probe").fit(
            X, y, np.ones(len(y)), sample_domain=domain
        )


def test_inner_estimator_without_weights_refuses_them():
    X, y, domain = problem()
    selector = HScoreSelector(KNeighborsClassifier(), target_domain="t")
    with pytest.raises(ValueError, match="KNeighborsClassifier, which does not"):
        selector.fit(X, y, np.ones(len(y)), sample_domain=domain)
    selector.fit(X, y, sample_domain=domain)


def test_float_labels_of_a_classifier_are_refused():
    X, _, domain = problem()
    with pytest.raises(ValueError, match="Unknown label type"):
        fitted(LogisticRegression(), data=(X, X[:, 0], domain))


# Scores that cannot be


@pytest.mark.parametrize(
    "value", [np.nan, None, "great", np.array([1.0, 2.0])], ids=["nan", "none", "text", "array"]
)
@pytest.mark.parametrize("order", [1, 2])
def test_a_function_that_gives_no_number_is_refused(value, order):
    """NaN is greater than everything to argmax: such a source would be kept first."""
    with pytest.raises(ValueError, match="`scoring` must return one number"):
        fitted(scoring=lambda features, y: value, order=order)


def test_impossible_scores_are_refused_before_any_fit():
    X, y, domain = problem()
    CountedFits.n_fits = 0
    with pytest.raises(ValueError, match="must have rows of equal weight"):
        HScoreSelector(CountedFits(), target_domain="t", scoring="linear_probe").fit(
            X, y, np.ones(len(y)), sample_domain=domain
        )
    assert CountedFits.n_fits == 0

    class Never(Ridge):
        def fit(self, X, y, sample_weight=None):
            raise AssertionError("fitted in vain")

    for scoring in ("leep", "nce"):
        with pytest.raises(ValueError, match="must have labels to score"):
            fitted(Never(), data=problem(regression=True), scoring=scoring)


@pytest.mark.parametrize("scoring", ["h_score", "logme", "linear_probe"])
@pytest.mark.parametrize("value", [0.0, 2.5])
def test_one_value_of_the_target_keeps_the_order_of_the_sources(scoring, value):
    X, y, domain = problem(regression=True)
    y[domain == "t"] = value
    with pytest.warns(TransferWarning, match=f"The target has one value, {value}"):
        selector = fitted(Ridge(), data=(X, y, domain), scoring=scoring, k=2)
    assert_array_equal(selector.scores_, 0.0)
    assert selector.selected_domains_.tolist() == ["far", "half"]


def test_model_of_several_outputs():
    X, y, domain = problem()
    own = domain == "t"
    forest = RandomForestClassifier(3, max_depth=2, random_state=0)
    given = {"both": FrozenEstimator(forest.fit(X, np.column_stack([y, X[:, 3] > 0])))}
    with pytest.raises(ValueError, match="must be what the source model offers"):
        HScoreSelector(source_estimators=given).fit(X[own], y[own])
    leaves = HScoreSelector(source_estimators=given, response_method="leaves")
    assert leaves.fit(X[own], y[own]).transform(X).shape[0] == len(X)
    with pytest.raises(ValueError, match="scoring='leep' must have source models"):
        leaves.set_params(scoring="leep").fit(X[own], y[own])


def test_order_beyond_the_number_of_sources_is_that_number():
    four, many = fitted(order=4, k="all"), fitted(order=40, k="all")
    assert many.selected_domains_.tolist() == four.selected_domains_.tolist()
    assert_array_equal(many.pair_scores_, four.pair_scores_)
    assert many.shrinkage_ == four.shrinkage_


def test_given_models_whose_rows_weigh_nothing_are_no_reason_to_warn():
    X, y, domain = data = problem()
    own = domain == "t"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        selector = HScoreSelector(source_estimators=frozen_models(data), target_domain="t")
        selector.fit(X, y, own.astype(float), sample_domain=domain)
    assert selector.selected_domains_.tolist() == ["same"]
