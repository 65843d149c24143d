# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the aggregating methods share: which models, which rows, which classes, what is kept."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer.ensemble import HEnsembleClassifier, MaximalCorrelationWeightingClassifier
from sklearn_transfer.exceptions import TransferWarning
from tests.ensemble.data import three_sources

BOTH = pytest.mark.parametrize(
    "method", [HEnsembleClassifier, MaximalCorrelationWeightingClassifier]
)
SOURCES = ["harmful", "helpful", "useless"]


@pytest.fixture(scope="module")
def problem():
    return three_sources(classes=True)


@pytest.fixture(scope="module")
def models(problem):
    """Frozen models of the sources, fitted as the methods fit them."""
    X, y, _ = problem
    return {
        name: FrozenEstimator(
            LogisticRegression().fit(X[problem.rows(name)], y[problem.rows(name)])
        )
        for name in SOURCES
    }


@BOTH
def test_models_without_rows_are_as_good_as_rows_without_models(method, problem, models):
    X, y, domain = problem
    target = problem.rows("t")
    from_rows = method(target_domain="t").fit(X, y, sample_domain=domain)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_models = method(source_estimators=models).fit(X[target], y[target])
        named = method(target_domain="t", source_estimators=models).fit(
            X[target], y[target], sample_domain=domain[target]
        )
        absent = np.append(np.ones(len(target)), 0.0)  # a row of no weight changes nothing
        weighted = method(target_domain="t", source_estimators=models).fit(
            np.append(X[target], X[:1], axis=0),
            np.append(y[target], 0),
            absent,
            sample_domain=np.append(domain[target], "t"),
        )
    mixed = method(target_domain="t", source_estimators={"useless": models["useless"]}).fit(
        X[problem.rows("t", "helpful", "harmful")],
        y[problem.rows("t", "helpful", "harmful")],
        sample_domain=domain[problem.rows("t", "helpful", "harmful")],
    )
    for other in (from_models, named, weighted, mixed):
        assert other.source_domains_.tolist() == SOURCES
        assert_allclose(other.source_weights_, from_rows.source_weights_, atol=1e-9)
        assert_allclose(other.predict_proba(X), from_rows.predict_proba(X), atol=1e-9)
    assert from_models.target_domain_ is None
    assert named.target_domain_ == "t"


@BOTH
def test_survives_clone_and_leaves_the_given_models_alone(method, problem, models):
    X, y, domain = problem
    before = pickle.dumps(models)
    model = clone(method(target_domain="t", source_estimators=models))
    model.fit(X, y, sample_domain=domain)
    assert pickle.dumps(models) == before
    for name in SOURCES:
        assert model.source_estimators_[name].coef_ is not None


@BOTH
def test_only_the_target_s_rows_set_the_rule(method, problem, models):
    """Where models are given, rows of the sources change nothing."""
    X, y, domain = problem
    model = method(target_domain="t", source_estimators=models).fit(X, y, sample_domain=domain)
    others = domain != "t"
    moved, turned = np.where(others[:, np.newaxis], 100 * X, X), np.where(others, 1 - y, y)
    other = method(target_domain="t", source_estimators=models).fit(
        moved, turned, sample_domain=domain
    )
    assert_array_equal(other.predict_proba(X), model.predict_proba(X))


@BOTH
def test_prediction_of_a_row_does_not_depend_on_those_beside_it(method, problem):
    X, y, domain = problem
    model = method(target_domain="t").fit(X, y, sample_domain=domain)
    together = model.predict_proba(X)
    assert_allclose(model.predict_proba(X[:1]), together[:1], rtol=1e-12)
    assert_allclose(model.predict_proba(X[::-1])[::-1], together, rtol=1e-12)


@BOTH
def test_posterior_averages_to_the_prior_on_the_target(method):
    """Before probabilities below zero are cut off: here the features are weak enough."""
    p = three_sources(classes=True, n_target=60, seed=3)
    weak = p.X + 9 * np.random.default_rng(0).normal(size=p.X.shape)
    model = method(target_domain="t").fit(weak, p.y, sample_domain=p.domain)
    target = p.rows("t")
    proba = model.predict_proba(weak[target])
    assert proba.min() > 0
    assert_allclose(proba[:, 1].mean(), p.y[target].mean(), rtol=1e-6)


@BOTH
def test_given_priors_move_the_decision(method, problem):
    X, y, domain = problem
    counts = [
        method(target_domain="t", priors=[1 - p, p])
        .fit(X, y, sample_domain=domain)
        .predict(X)
        .sum()
        for p in (0.0, 0.2, 0.5, 0.8, 1.0)
    ]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == len(X)
    own = method(target_domain="t").fit(X, y, sample_domain=domain)
    share = y[problem.rows("t")].mean()
    same = method(target_domain="t", priors=[1 - share, share]).fit(X, y, sample_domain=domain)
    assert_allclose(same.predict_proba(X), own.predict_proba(X), rtol=1e-12)


@BOTH
@pytest.mark.parametrize("priors", [[0.5], [0.7, 0.7], [-0.5, 1.5], [[0.5, 0.5]]])
def test_priors_that_are_none_are_refused(method, problem, priors):
    X, y, domain = problem
    with pytest.raises(ValueError, match="`priors` must hold one probability per class"):
        method(target_domain="t", priors=priors).fit(X, y, sample_domain=domain)


@BOTH
def test_target_of_one_class_gets_the_mean_of_the_models(method, problem, models):
    X, y, domain = problem
    y = np.where(domain == "t", 1, y)
    with pytest.warns(TransferWarning, match="All 40 rows of the target have the class 1"):
        model = method(target_domain="t").fit(X, y, sample_domain=domain)
    expected = np.mean([models[name].predict_proba(X) for name in SOURCES], axis=0)
    assert_allclose(model.predict_proba(X), expected, rtol=1e-9)
    assert_allclose(model.source_weights_, 1 / 3)


@BOTH
def test_target_of_one_class_needs_probabilities(method, problem):
    X, y, domain = problem
    y = np.where(domain == "t", 1, y)
    with pytest.raises(ValueError, match="must have `predict_proba`"):
        method(LinearSVC(), target_domain="t").fit(X, y, sample_domain=domain)


@BOTH
def test_models_of_other_kinds_and_classes(method, problem):
    """A regressor, labels that the target does not know, a model without probabilities."""
    X, y, _ = problem
    target = problem.rows("t")
    value = X @ np.array([1.5, -1.0, 0.5])
    given = {
        "regressor": FrozenEstimator(Ridge().fit(X, value)),
        "named": FrozenEstimator(LogisticRegression().fit(X, np.where(value > 0, "high", "low"))),
        "margin": FrozenEstimator(LinearSVC().fit(X, value > 0)),
    }
    model = method(source_estimators=given).fit(X[target], y[target])
    assert model.classes_.tolist() == [0, 1]
    assert model.source_domains_.tolist() == ["margin", "named", "regressor"]
    # "high" sorts before "low", so that its one column falls with the value: the sign is found
    assert roc_auc_score(value > 0, model.predict_proba(X)[:, 1]) > 0.9


@BOTH
@pytest.mark.parametrize(
    ("inner", "response"),
    [
        (DecisionTreeClassifier(max_depth=3, random_state=0), "predict_proba"),
        (RandomForestClassifier(5, random_state=0), "log_odds"),
        (MLPClassifier((4,), max_iter=20, random_state=0), "hidden_layer"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_features_of_other_models(method, problem, inner, response):
    X, y, domain = problem
    model = method(inner, target_domain="t", response_method=response)
    proba = model.fit(X, y, sample_domain=domain).predict_proba(X)
    assert_allclose(proba.sum(axis=1), 1)
    assert np.ptp(proba[:, 0]) > 0.1


@BOTH
def test_weight_of_a_row_is_its_number(method, problem, models):
    X, y, domain = problem
    copies = np.random.default_rng(0).integers(1, 4, len(y))
    copies[domain != "t"] = 1
    model = method(target_domain="t", source_estimators=models)
    weighted = clone(model).fit(X, y, copies, sample_domain=domain)
    rows = np.repeat(np.arange(len(y)), copies)
    copied = clone(model).fit(X[rows], y[rows], sample_domain=domain[rows])
    assert_allclose(weighted.predict_proba(X), copied.predict_proba(X), atol=1e-6)


@BOTH
def test_refuses_models_that_cannot_serve(method, problem, models):
    X, y, domain = problem
    target = problem.rows("t")
    for given, says in [
        ({"t": models["helpful"]}, "Got the target 't' instead"),
        ({"new": LogisticRegression()}, "Got an unfitted LogisticRegression for 'new'"),
        ({"new": FrozenEstimator(PCA().fit(X[:, :2]))}, "fitted on 2 columns"),
    ]:
        with pytest.raises(ValueError, match=says):
            method(target_domain="t", source_estimators=given).fit(
                X[target], y[target], sample_domain=domain[target]
            )


@BOTH
def test_table_of_the_sources(method, problem):
    X, y, domain = problem
    model = method(target_domain="t").fit(X, y, sample_domain=domain)
    frame = model.to_frame()
    assert frame["domain"].tolist() == SOURCES
    assert_array_equal(frame["weight"], model.source_weights_)
    assert_allclose(model.source_weights_.sum(), 1)


@BOTH
def test_without_sources_there_is_nothing_to_aggregate(method, problem):
    target = problem.rows("t")
    model = method().fit(problem.X[target], problem.y[target])
    assert isinstance(model.estimator_, LogisticRegression)
    assert model.to_frame().empty
    assert model.source_estimators_ == {}
