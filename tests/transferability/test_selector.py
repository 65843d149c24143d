# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The selector: planted truth, scores against direct calls, and its place in scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import estimator_checks
from xgboost import XGBClassifier

from sklearn_transfer.ensemble import DirectTransferClassifier, DirectTransferRegressor
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.model_selection import TargetKFold
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

SLOPES = {
    "t": [1.0, 1.0, 0.0, 0.0],
    "far": [0.0, 0.0, 1.0, 0.0],
    "half": [1.0, 0.0, 0.0, 0.0],
    "other half": [0.0, 1.0, 0.0, 0.0],
    "same": [1.0, 1.0, 0.0, 0.0],
}


def problem(seed=0, n_target=80, n_source=200, regression=False, sources=None):
    """One direction per domain; that of "same" is the target's, two others are its halves."""
    rng = np.random.default_rng(seed)
    names = ["t", *(sources or [name for name in SLOPES if name != "t"])]
    domain = np.repeat(names, [n_target] + [n_source] * (len(names) - 1))
    X = rng.standard_normal((len(domain), 4))
    value = np.einsum("ij,ij->i", X, np.array([SLOPES[name] for name in domain]))
    value = value + 0.5 * rng.standard_normal(len(domain))
    return X, value if regression else (value > 0).astype(int), domain


def fitted(*args, data=None, **params):
    X, y, domain = problem() if data is None else data
    return HScoreSelector(*args, target_domain="t", **params).fit(X, y, sample_domain=domain)


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


# Models that come fitted


class CountedFits(LogisticRegression):
    """Logistic regression that knows how often it was fitted."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).n_fits += 1
        return super().fit(X, y, sample_weight)


def frozen_models(data):
    X, y, domain = data
    return {
        label: FrozenEstimator(CountedFits().fit(X[domain == label], y[domain == label]))
        for label in np.unique(domain)
        if label != "t"
    }


def test_frozen_sources_are_not_refitted_and_need_no_rows():
    X, y, domain = data = problem()
    own = domain == "t"
    given = frozen_models(data)
    with_rows = fitted(data=data, k=2)
    CountedFits.n_fits = 0
    for rows, params, extra in [
        ((X, y), {"target_domain": "t"}, {"sample_domain": domain}),
        ((X[own], y[own]), {"target_domain": "t"}, {"sample_domain": domain[own]}),
        ((X[own], y[own]), {"target_domain": "t"}, {}),
        ((X[own], y[own]), {}, {}),
    ]:
        selector = clone(HScoreSelector(source_estimators=given, k=2, **params)).fit(*rows, **extra)
        assert selector.target_domain_ == params.get("target_domain")
        assert_array_equal(selector.scores_, with_rows.scores_)
        assert_array_equal(selector.selected_domains_, with_rows.selected_domains_)
        assert_array_equal(selector.transform(X), with_rows.transform(X))
    assert CountedFits.n_fits == 0


def test_frozen_and_fitted_sources_side_by_side():
    data = problem()
    given = frozen_models(data)
    del given["half"]
    selector = fitted(data=data, source_estimators=given)
    assert_allclose(selector.scores_, fitted(data=data).scores_)


def test_source_of_another_task_may_know_other_classes():
    X, y, domain = problem()
    own = domain == "t"

    def thirds(value):
        return np.array(["p", "q", "r"])[np.digitize(value, [-0.7, 0.7])]

    given = {
        "letters": FrozenEstimator(LogisticRegression().fit(X, thirds(X[:, 0] + X[:, 1]))),
        "others": FrozenEstimator(LogisticRegression().fit(X, thirds(X[:, 3]))),
        "value": FrozenEstimator(Ridge().fit(X, X[:, 2])),
    }
    selector = HScoreSelector(source_estimators=given).fit(X[own], y[own])
    assert selector.selected_domains_.tolist() == ["letters"]
    assert selector.get_feature_names_out().tolist() == ["letters_p", "letters_q", "letters_r"]
    assert selector.response_methods_.tolist() == ["decision_function"] * 2 + ["predict"]


def test_memory_keeps_source_models_over_a_search(tmp_path):
    X, y, domain = problem()
    selector = HScoreSelector(CountedFits(), target_domain="t", memory=str(tmp_path))
    CountedFits.n_fits = 0
    for k in (1, 2):
        for order in (1, 2):
            clone(selector).set_params(k=k, order=order).fit(X, y, sample_domain=domain)
    assert CountedFits.n_fits == 4


# In scikit-learn


def pipeline(**params):
    return make_pipeline(
        HScoreSelector(target_domain="t", **params),
        DirectTransferClassifier(LogisticRegression(), target_domain="t", strategy="target_only"),
    )


def test_last_step_trained_on_target_rows_alone():
    X, y, domain = problem()
    own = domain == "t"
    selector = fitted(k=2)
    expected = LogisticRegression().fit(selector.transform(X[own]), y[own])
    with config_context(enable_metadata_routing=True):
        routed = pipeline(k=2).fit(X, y, sample_domain=domain)
    named = pipeline(k=2).fit(
        X, y, hscoreselector__sample_domain=domain, directtransferclassifier__sample_domain=domain
    )
    for model in (routed, named):
        assert_array_equal(model.predict_proba(X), expected.predict_proba(selector.transform(X)))


def test_plain_last_step_is_trained_on_all_rows():
    X, y, domain = problem()
    selector = fitted(k=2)
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(clone(selector), LogisticRegression()).fit(X, y, sample_domain=domain)
    expected = LogisticRegression().fit(selector.transform(X), y)
    assert_array_equal(model.predict(X), expected.predict(selector.transform(X)))


def test_regression_pipeline():
    X, y, domain = problem(regression=True)
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(
            HScoreSelector(target_domain="t"),
            DirectTransferRegressor(target_domain="t", strategy="target_only"),
        ).fit(X, y, sample_domain=domain)
    assert model[0].selected_domains_.tolist() == ["same"]
    assert model.predict(X).shape == y.shape


def test_k_and_order_in_a_search_that_tests_on_target_rows():
    X, y, domain = problem()
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            pipeline(),
            {"hscoreselector__k": [1, 2, "all"], "hscoreselector__order": [1, 2]},
            cv=TargetKFold(3, target_domain="t"),
        ).fit(X, y, sample_domain=domain)
        scores = cross_val_score(
            pipeline(),
            X,
            y,
            cv=TargetKFold(3, target_domain="t"),
            params={"sample_domain": domain},
        )
    assert set(search.cv_results_["mean_test_score"]) != {0.0}
    assert "same" in search.best_estimator_[0].selected_domains_
    assert np.isfinite(scores).all()


def test_set_output():
    X, y, domain = problem()
    frame = pd.DataFrame(X, columns=list("abcd")).assign(site=domain)
    selector = HScoreSelector(target_domain="t", domain_column="site", k=2)
    selector.set_output(transform="pandas").fit(frame, y)
    out = selector.transform(frame.drop(columns="site"))
    assert list(out) == selector.get_feature_names_out().tolist()
    assert_array_equal(out.index, frame.index)
    assert_allclose(out.to_numpy(), fitted(k=2).transform(X))


@pytest.mark.parametrize(
    "check",
    [
        "check_global_output_transform_pandas",
        "check_global_set_output_transform_polars",
        "check_set_output_transform",
        "check_set_output_transform_pandas",
        "check_set_output_transform_polars",
        "check_transformer_get_feature_names_out",
        "check_transformer_get_feature_names_out_pandas",
        "check_inplace_ensure_writeable",
    ],
)
@pytest.mark.parametrize("estimator", [None, StandardScaler()], ids=["default", "scaler"])
def test_checks_of_transformers_that_the_generator_leaves_out(check, estimator):
    with warnings.catch_warnings():
        # These checks transform arrays after a fit on tables, and the other way round.
        warnings.filterwarnings("ignore", ".*feature names, but .* was fitted")
        getattr(estimator_checks, check)("HScoreSelector", HScoreSelector(estimator, k="all"))


# Edges


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
