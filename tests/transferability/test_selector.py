# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The selector: planted truth, scores against direct calls, and what it gives."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from sklearn_transfer.transferability import (
    HScoreSelector,
    h_score,
    leep,
    linear_probe_score,
    logme,
    nce,
)
from sklearn_transfer.transferability._features import model_features
from sklearn_transfer.transferability._source_scores import standardised
from tests.transferability.selector_data import fitted, problem


def target_features(selector, X, domain):
    """Features of the target's rows by each source's model."""
    return [
        model_features(selector.source_estimators_[label], X[domain == "t"], response)
        for label, response in zip(
            selector.source_domains_.tolist(), selector.response_methods_, strict=True
        )
    ]


# Planted truth


@pytest.mark.parametrize("scoring", ["h_score", "logme", "linear_probe", "leep", h_score])
@pytest.mark.parametrize("seed", [0, 1])
def test_source_of_the_targets_bayes_statistic_ranks_first(scoring, seed):
    selector = fitted(data=problem(seed), scoring=scoring, random_state=0)
    assert selector.source_domains_.tolist() == ["far", "half", "other half", "same"]
    assert selector.selected_domains_.tolist() == ["same"]
    assert selector.ranking_[3] == 1
    assert selector.ranking_[0] == 4


def test_nce_puts_the_same_direction_before_the_others():
    selector = fitted(data=problem(0, n_target=400), scoring="nce")
    assert selector.selected_domains_.tolist() == ["same"]
    assert selector.ranking_[0] == 4


@pytest.mark.parametrize("scoring", ["h_score", "logme", "linear_probe"])
def test_planted_order_of_regression(scoring):
    data = problem(regression=True)
    selector = fitted(data=data, scoring=scoring, random_state=0)
    assert selector.selected_domains_.tolist() == ["same"]
    assert selector.ranking_[0] == 4
    assert set(selector.response_methods_) == {"predict"}


def test_complementary_halves_are_found_only_side_by_side():
    """A noisy copy of the whole beats each half; the two halves together beat it."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 3))
    y = (X[:, 0] + X[:, 1] > 0).astype(int)
    columns = {
        "noisy": X[:, 0] + X[:, 1] + 0.8 * X[:, 2],
        "left": X[:, 0] - 0.5 * X[:, 2],
        "right": X[:, 1] + 0.5 * X[:, 2],
    }
    given = {
        name: FrozenEstimator(Ridge(alpha=1e-9).fit(X, column)) for name, column in columns.items()
    }
    one = HScoreSelector(source_estimators=given, k=2).fit(X, y)
    two = HScoreSelector(source_estimators=given, k=2, order=2).fit(X, y)
    assert one.selected_domains_[0] == "noisy"
    assert set(two.selected_domains_) == {"left", "right"}


# Scores are those of direct calls


def test_scores_are_those_of_direct_calls():
    X, y, domain = data = problem()
    own = domain == "t"
    weight = np.random.default_rng(3).uniform(0.5, 2.0, len(y))
    for sample_weight in (None, weight):
        given = {} if sample_weight is None else {"sample_weight": sample_weight[own]}
        for scoring, direct in {
            "h_score": lambda f, **w: h_score(f, y[own], shrinkage=None, adjusted=True, **w),
            "logme": lambda f, **w: logme(f, y[own], **w),
            h_score: lambda f, **w: h_score(f, y[own], **w),
        }.items():
            selector = HScoreSelector(target_domain="t", scoring=scoring)
            selector.fit(X, y, sample_weight, sample_domain=domain)
            expected = [direct(f, **given) for f in target_features(selector, X, domain)]
            assert_allclose(selector.scores_, expected, atol=1e-12)
            assert selector.shrinkage_ == (0.0 if scoring == "h_score" else None)
    probe = fitted(data=data, scoring="linear_probe", random_state=0)
    assert_allclose(
        probe.scores_,
        [
            linear_probe_score(
                f, y[own], random_state=np.random.RandomState(0).randint(np.iinfo(np.int32).max)
            )
            for f in target_features(probe, X, domain)
        ],
    )


def test_leep_and_nce_look_at_the_models_themselves():
    X, y, domain = data = problem()
    own = domain == "t"
    for response in ("auto", "log_odds"):
        by_leep = fitted(data=data, scoring="leep", response_method=response)
        by_nce = fitted(data=data, scoring="nce", response_method=response, order=2)
        models = [by_leep.source_estimators_[label] for label in by_leep.source_domains_]
        assert_allclose(by_leep.scores_, [leep(m.predict_proba(X[own]), y[own]) for m in models])
        assert_allclose(by_nce.scores_, [nce(m.predict(X[own]), y[own]) for m in models])
        labels = [f"{a}{b}" for a, b in zip(*(m.predict(X[own]) for m in models[:2]), strict=True)]
        assert_allclose(by_nce.pair_scores_[0, 1], nce(labels, y[own]))


def test_leep_of_a_pair_averages_the_two_predictors():
    X, y, domain = problem()
    own = domain == "t"
    selector = fitted(scoring="leep", order=2)
    likelihoods = []
    for label in selector.source_domains_[:2]:
        theta = selector.source_estimators_[label].predict_proba(X[own])
        joint = np.array([theta[y[own] == c].sum(axis=0) for c in (0, 1)])
        likelihoods.append((theta @ (joint / joint.sum(axis=0)).T)[np.arange(own.sum()), y[own]])
    assert_allclose(selector.pair_scores_[0, 1], np.log(np.mean(likelihoods, axis=0)).mean())


@pytest.mark.parametrize("shrinkage", [None, 0.0, 0.3, "ledoit-wolf"])
def test_given_shrinkage_is_passed_on(shrinkage):
    X, y, domain = problem()
    selector = fitted(shrinkage=shrinkage)
    expected = [
        h_score(f, y[domain == "t"], shrinkage=shrinkage, adjusted=True)
        for f in target_features(selector, X, domain)
    ]
    assert_allclose(selector.scores_, expected)
    assert selector.shrinkage_ == shrinkage


def test_few_rows_are_shrunken_alike_whatever_the_width():
    """Fifteen rows: two columns would need no shrinkage, thirty do; all get the same."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((15, 30))
    y = np.arange(15) % 2
    given = {
        "wide": FrozenEstimator(StandardScaler().fit(X)),
        "narrow": FrozenEstimator(PCA(2).fit(X)),
        "flat": FrozenEstimator(StandardScaler().fit(X)),
    }
    selector = HScoreSelector(source_estimators=given).fit(X, y)
    blocks = [
        standardised(model_features(given[name], X), None) for name in selector.source_domains_
    ]
    found = [h_score(b, y, shrinkage="ledoit-wolf", return_shrinkage=True)[1] for b in blocks]
    assert selector.shrinkage_ == np.median(found) > 0.0
    expected = [h_score(b, y, shrinkage=selector.shrinkage_, adjusted=True) for b in blocks]
    assert_allclose(selector.scores_, expected)


def test_standardised_features_of_any_kind():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.poisson(1.0, (50, 3)), np.full(50, 4.0)]).astype(float)
    weight = rng.uniform(0.5, 2.0, 50)
    for given in (None, weight):
        dense, sparse = standardised(X, given), standardised(csr_matrix(X), given)
        assert dense.shape == (50, 3)
        assert_allclose(sparse.toarray(), dense)
        mean = np.average(dense, axis=0, weights=given)
        assert_allclose(np.average((dense - mean) ** 2, axis=0, weights=given), 1.0)
    assert_array_equal(standardised(X[:, 3:], None), np.zeros((50, 1)))
    assert_array_equal(standardised(csr_matrix(X[:, 3:]), None), np.zeros((50, 1)))


# Order


def test_pair_scores_are_those_of_the_concatenation():
    X, y, domain = problem()
    selector = fitted(order=2, k=2)
    blocks = target_features(selector, X, domain)
    for i, first in enumerate(blocks):
        assert selector.pair_scores_[i, i] == selector.scores_[i]
        for j, second in enumerate(blocks):
            if i != j:
                expected = h_score(
                    np.hstack([first, second]), y[domain == "t"], shrinkage=None, adjusted=True
                )
                assert_allclose(selector.pair_scores_[i, j], expected)
    best = np.argwhere(np.triu(selector.pair_scores_, 1) == np.triu(selector.pair_scores_, 1).max())
    assert set(selector.selected_domains_) == set(selector.source_domains_[best[0]])
    assert fitted(order=1).pair_scores_ is None


def test_greedy_addition_against_all_sets():
    X, y, domain = problem()
    selector = fitted(order=3, k="all")
    blocks = dict(zip(selector.source_domains_, target_features(selector, X, domain), strict=True))

    def score(names):
        together = np.hstack([blocks[name] for name in names])
        return h_score(together, y[domain == "t"], shrinkage=None, adjusted=True)

    first, second, third, last = selector.selected_domains_
    pairs = [(a, b) for a in blocks for b in blocks if a < b]
    assert {first, second} == set(max(pairs, key=score))
    rest = [name for name in blocks if name not in (first, second)]
    assert third == max(rest, key=lambda name: score([first, second, name]))
    assert last == next(name for name in rest if name != third)


def test_scores_do_not_depend_on_k():
    one = fitted(k=1, order=2)
    for k in (2, 3, "all"):
        other = fitted(k=k, order=2)
        assert_array_equal(one.scores_, other.scores_)
        assert_array_equal(one.pair_scores_, other.pair_scores_)
        assert other.shrinkage_ == one.shrinkage_


def test_one_kept_is_the_best_one_whatever_the_order():
    for order in (1, 2, 4):
        selector = fitted(k=1, order=order)
        assert_array_equal(selector.ranking_, fitted(k=1).ranking_)


# What it gives


def test_all_sources_are_the_concatenation_in_their_ranking():
    X, _, _ = problem()
    selector = fitted(k="all")
    models = [selector.source_estimators_[label] for label in selector.selected_domains_]
    blocks = [model_features(model, X) for model in models]
    assert_array_equal(selector.transform(X), np.hstack(blocks))
    assert selector.get_feature_names_out().tolist() == [
        f"{label}_1" for label in selector.selected_domains_
    ]
    assert_array_equal(np.sort(selector.ranking_), np.arange(1, 5))
    assert_array_equal(
        selector.source_domains_[np.argsort(selector.ranking_)], selector.selected_domains_
    )


def test_target_rows_do_not_shape_the_features():
    X, y, domain = problem()
    own = domain == "t"
    other = y.copy()
    other[own] = 1 - y[own]
    kept, changed = fitted(k="all"), fitted(k="all", data=(X, other, domain))
    for label in kept.source_domains_:
        assert_array_equal(
            kept.source_estimators_[label].coef_, changed.source_estimators_[label].coef_
        )


def test_table():
    selector = fitted(k=2)
    frame = selector.to_frame()
    assert list(frame) == ["domain", "score", "rank", "selected", "response_method", "n_features"]
    assert frame["domain"].tolist() == selector.source_domains_.tolist()
    assert frame.loc[frame["selected"], "rank"].sort_values().tolist() == [1, 2]
    assert set(frame["n_features"]) == {1}


def test_leaves_stay_sparse_and_are_named():
    selector = fitted(
        XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1), response_method="leaves", k=2, order=2
    )
    X, _, _ = problem()
    features = selector.transform(X)
    assert issparse(features)
    assert features.shape[1] == len(selector.get_feature_names_out())
    assert_array_equal(features.sum(axis=1).ravel(), 6)
    blocks = [
        model_features(selector.source_estimators_[label], X, "leaves")
        for label in selector.selected_domains_
    ]
    assert_array_equal(features.toarray(), hstack(blocks).toarray())


@pytest.mark.parametrize("response", ["predict_proba", "log_odds", "decision_function"])
def test_responses(response):
    selector = fitted(response_method=response)
    X, _, _ = problem()
    model = selector.source_estimators_["same"]
    assert_array_equal(selector.transform(X), model_features(model, X, response))
    assert set(selector.response_methods_) == {response}


def test_transformers_serve():
    X, _, _ = problem()
    selector = fitted(StandardScaler(), k=2)
    assert set(selector.response_methods_) == {"transform"}
    first = selector.source_estimators_[selector.selected_domains_[0]]
    assert_array_equal(selector.transform(X)[:, :4], first.transform(X))
    assert selector.get_feature_names_out()[0] == f"{selector.selected_domains_[0]}_x0"
