# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer._folds import deal_folds
from sklearn_transfer.ensemble import ARTClassifier, ARTRegressor
from sklearn_transfer.exceptions import TransferWarning
from tests.ensemble.data import problem, three_sources

SOURCES = ["harmful", "helpful", "useless"]
LOGISTIC = LogisticRegression(tol=1e-8)


def _slow_art(p, learners, *, classes, rate, n_splits, random_state, sample_weight=None):
    """ART from its description, one split and one candidate after the other.

    Only the halves come from the package, whose evenness has tests of its own. Underflow is left
    to happen.
    """
    rng = np.random.RandomState(random_state)
    rng.randint(np.iinfo(np.int32).max)  # the seed of rows held out for early stopping
    seeds = rng.randint(np.iinfo(np.int32).max, size=n_splits)
    w = np.ones(len(p.y)) if sample_weight is None else sample_weight
    target = p.rows("t")
    unit = (
        np.average(
            (p.y[target] - np.average(p.y[target], weights=w[target])) ** 2, weights=w[target]
        )
        if not classes
        else None
    )
    history, all_losses = [], []
    for seed in seeds:
        fold = deal_folds(
            p.y[target],
            2,
            np.unique(p.y) if classes else None,
            np.random.RandomState(seed),
            from_anywhere=True,
        )
        first, second = target[fold == 0], target[fold == 1]
        losses = []
        for learner in learners:
            for source in [None, *SOURCES]:
                rows = first if source is None else np.concatenate([first, p.rows(source)])
                model = clone(learner).fit(p.X[rows], p.y[rows], sample_weight=w[rows])
                if classes:
                    proba = np.clip(model.predict_proba(p.X[second]), 1e-5, 1 - 1e-5)
                    of_true = proba[np.arange(len(second)), p.y[second]]
                    losses.append(np.sum(-2 * w[second] * np.log(of_true)) / w[second].sum())
                else:
                    error = p.y[second] - model.predict(p.X[second])
                    losses.append(np.sum(w[second] * error**2) / w[second].sum() / unit)
        losses = np.array(losses)
        half = w[second].sum() / 2
        by_rate = {"likelihood": half if classes else half / losses.min()}.get(rate, rate)
        vote = np.exp(-by_rate * (losses - losses.min()))
        history.append(vote / vote.sum())
        all_losses.append(losses)
    averages = np.cumsum(history, axis=0) / np.arange(1, n_splits + 1)[:, np.newaxis]
    return averages, np.mean(all_losses, axis=0)


@pytest.mark.parametrize("rate", ["likelihood", 1.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [True, False])
def test_weights_equal_a_slow_implementation(classes, rate, weighted):
    p = three_sources(classes=classes, n_target=21)
    weight = np.random.default_rng(1).uniform(0.2, 2.0, len(p.y)) if weighted else None
    inner = LOGISTIC if classes else Ridge(2.0)
    cls = ARTClassifier if classes else ARTRegressor
    model = cls(inner, target_domain="t", rate=rate, max_splits=15, tol=0.0, random_state=4)
    model.fit(p.X, p.y, weight, sample_domain=p.domain)
    averages, losses = _slow_art(
        p, [inner], classes=classes, rate=rate, n_splits=15, random_state=4, sample_weight=weight
    )
    assert model.n_splits_ == 15
    assert_allclose(model.candidate_weights_, averages[-1], rtol=1e-5, atol=1e-12)
    assert_allclose(model.candidate_losses_, losses, rtol=1e-5)
    assert_array_equal(model.source_weights_, model.candidate_weights_[1:])


def test_several_learners_are_weighed_together():
    """ART-I-AM."""
    p = three_sources(classes=True)
    learners = [LOGISTIC, GaussianNB()]
    named = [("logistic", LOGISTIC), ("bayes", GaussianNB())]
    model = ARTClassifier(
        estimators=named, target_domain="t", max_splits=12, tol=0.0, random_state=1
    ).fit(p.X, p.y, sample_domain=p.domain)
    averages, _ = _slow_art(
        p, learners, classes=True, rate="likelihood", n_splits=12, random_state=1
    )
    assert_allclose(model.candidate_weights_, averages[-1], rtol=1e-5, atol=1e-12)
    expected = [(name, domain) for name in ("logistic", "bayes") for domain in [None, *SOURCES]]
    assert model.candidates_ == expected
    by_source = model.candidate_weights_.reshape(2, 4).sum(axis=0)
    assert_allclose(model.source_weights_, by_source[1:])
    assert_allclose(model.to_frame()["weight"], by_source[1:])
    assert [type(e) for e in model.estimators_] == [LogisticRegression] * 4 + [GaussianNB] * 4


@pytest.mark.parametrize("tol", [1e-4, 1e-6])
def test_splitting_stops_when_the_average_stands_still(tol):
    p = three_sources(classes=False)
    model = ARTRegressor(
        Ridge(), target_domain="t", rate=1.0, tol=tol, max_splits=200, random_state=0
    ).fit(p.X, p.y, sample_domain=p.domain)
    averages, _ = _slow_art(p, [Ridge()], classes=False, rate=1.0, n_splits=200, random_state=0)
    steps = np.sum(np.diff(averages, axis=0) ** 2, axis=1)  # that of split r at r - 2
    still = [r for r in range(10, 201) if steps[r - 2] < tol]
    assert model.n_splits_ == still[0] < 200
    assert_allclose(model.candidate_weights_, averages[still[0] - 1], rtol=1e-5)


def test_a_large_tolerance_still_averages_ten_splits():
    p = three_sources(classes=False)
    model = ARTRegressor(target_domain="t", tol=10.0).fit(p.X, p.y, sample_domain=p.domain)
    assert model.n_splits_ == 10


@pytest.mark.parametrize("classes", [True, False])
def test_prediction_is_the_weighted_average_of_fits_on_the_whole_target(classes):
    p = three_sources(classes=classes)
    inner = LOGISTIC if classes else Ridge()
    cls = ARTClassifier if classes else ARTRegressor
    model = cls(inner, target_domain="t", max_splits=10, rate=0.5, random_state=0)
    model.fit(p.X, p.y, sample_domain=p.domain)
    average = 0.0
    for weight, source in zip(model.candidate_weights_, [None, *SOURCES], strict=True):
        rows = p.rows("t") if source is None else p.rows("t", source)
        fit = clone(inner).fit(p.X[rows], p.y[rows])
        average += weight * (fit.predict_proba(p.X) if classes else fit.predict(p.X))
    if classes:
        assert_allclose(model.predict_proba(p.X), average, rtol=1e-6)
        assert_allclose(np.exp(model.predict_log_proba(p.X)), average, rtol=1e-6)
        assert_array_equal(model.predict(p.X), average.argmax(axis=1))
    else:
        assert_allclose(model.predict(p.X), average, rtol=1e-10)


@pytest.mark.parametrize("rate", [1.0, "likelihood"])
def test_unit_of_y_does_not_matter(rate):
    p = three_sources(classes=False)
    weights = [
        ARTRegressor(
            LinearRegression(), target_domain="t", rate=rate, max_splits=10, random_state=0
        )
        .fit(p.X, unit * p.y + level, sample_domain=p.domain)
        .candidate_weights_
        for unit, level in [(1.0, 0.0), (1e-3, 5.0), (1e4, -1e5)]
    ]
    assert_allclose(weights[1], weights[0], rtol=1e-5, atol=1e-12)
    assert_allclose(weights[2], weights[0], rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize(("rate", "expected"), [(0.0, [0.25] * 4), (1e9, None)])
def test_limits_of_the_rate(rate, expected):
    """No rate: all candidates alike. An endless one: each split votes for its best, no 0/0."""
    p = three_sources(classes=False)
    model = ARTRegressor(target_domain="t", rate=rate, max_splits=10, tol=0.0, random_state=0)
    weights = model.fit(p.X, p.y, sample_domain=p.domain).candidate_weights_
    if expected is None:
        assert_allclose(weights * 10, np.rint(weights * 10), atol=1e-9)
        expected = weights
    assert_allclose(weights, expected)
    assert_allclose(weights.sum(), 1.0)


@pytest.mark.parametrize("classes", [True, False])
def test_same_result_for_any_number_of_jobs(classes):
    """Threads, which start at once; what is split does not depend on the backend."""
    p = three_sources(classes=classes)
    cls = ARTClassifier if classes else ARTRegressor
    inner = DecisionTreeClassifier(max_depth=2, random_state=0) if classes else Ridge()
    model = cls(inner, target_domain="t", rate=1.0, tol=1e-4, max_splits=25, random_state=0)
    model.fit(p.X, p.y, sample_domain=p.domain)
    other = clone(model).set_params(n_jobs=3)
    with parallel_config(backend="threading"):
        other.fit(p.X, p.y, sample_domain=p.domain)
    assert model.n_splits_ == other.n_splits_
    assert_array_equal(model.candidate_weights_, other.candidate_weights_)
    assert_array_equal(model.predict(p.X), other.predict(p.X))


def test_fits_are_those_of_the_splits_and_the_candidates():
    """No hidden refits: candidates times (splits + 1)."""
    fits = []

    class Counted(Ridge):
        def fit(self, X, y, sample_weight=None):
            fits.append(len(y))
            return super().fit(X, y, sample_weight)

    p = three_sources(classes=False, n_target=40, n_source=80)
    ARTRegressor(Counted(), target_domain="t", max_splits=12, tol=0.0).fit(
        p.X, p.y, sample_domain=p.domain
    )
    assert sorted(fits) == sorted([20, 100, 100, 100] * 12 + [40, 120, 120, 120])


def test_two_equal_sources_get_equal_votes():
    p = three_sources(classes=False)
    twin = p.rows("helpful")
    X, y = np.concatenate([p.X, p.X[twin]]), np.concatenate([p.y, p.y[twin]])
    domain = np.concatenate([p.domain, np.full(len(twin), "twin")])
    model = ARTRegressor(target_domain="t", max_splits=10, random_state=0)
    model.fit(X, y, sample_domain=domain)
    weights = dict(zip(model.source_domains_, model.source_weights_, strict=True))
    assert_allclose(weights["twin"], weights["helpful"], rtol=1e-12)


def test_without_sources_it_is_the_inner_estimator():
    p = three_sources(classes=True)
    model = ARTClassifier(LOGISTIC).fit(p.X, p.y)
    assert_array_equal(model.predict_proba(p.X), clone(LOGISTIC).fit(p.X, p.y).predict_proba(p.X))
    assert_array_equal(model.candidate_weights_, [1.0])
    assert model.n_splits_ == 0
    assert len(model.to_frame()) == 0


def test_half_of_one_class_stands_for_smoothed_shares():
    """One positive row: in half of the splits the training half has none."""
    p = three_sources(classes=True, n_target=10)
    y = p.y.copy()
    t = p.rows("t")
    y[t] = 0
    y[t[0]] = 1
    p = p._replace(y=y)
    model = ARTClassifier(LOGISTIC, target_domain="t", rate=1.0, max_splits=1, random_state=0)
    losses = {}
    for seed in range(12):
        model.set_params(random_state=seed).fit(p.X, y, sample_domain=p.domain)
        rng = np.random.RandomState(seed)
        rng.randint(np.iinfo(np.int32).max)
        split = np.random.RandomState(rng.randint(np.iinfo(np.int32).max, size=1)[0])
        fold = deal_folds(y[t], 2, np.unique(y), split, from_anywhere=True)
        if fold[0] == 1:  # the positive row is held out, after training on five negative ones
            losses[seed] = model.candidate_losses_[0]
    assert 2 <= len(losses) <= 10
    assert_allclose(list(losses.values()), -2 * (4 * np.log(6 / 7) + np.log(1 / 7)) / 5)


def test_target_of_one_class_learns_from_all_sources_alike():
    p = three_sources(classes=True)
    y = np.where(p.domain == "t", 0, p.y)
    with pytest.warns(TransferWarning, match=r"All 40 rows of the target have the class 0"):
        model = ARTClassifier(target_domain="t").fit(p.X, y, sample_domain=p.domain)
    assert_allclose(model.candidate_weights_, [0, 1 / 3, 1 / 3, 1 / 3])
    assert np.ptp(model.predict_proba(p.X)[:, 0]) > 0.1


def test_a_single_target_row_compares_nothing():
    p = three_sources(classes=False, n_target=1)
    with pytest.warns(TransferWarning, match=r"1 row of the target cannot be split"):
        model = ARTRegressor(target_domain="t").fit(p.X, p.y, sample_domain=p.domain)
    assert_allclose(model.candidate_weights_, [0, 1 / 3, 1 / 3, 1 / 3])


def test_source_of_one_class_is_left_out_by_name():
    p = three_sources(classes=True)
    y = np.where(p.domain == "useless", 1, p.y)
    model = ARTClassifier(LOGISTIC, target_domain="t", max_splits=10, random_state=0)
    with pytest.warns(TransferWarning, match=r"left out: \['useless'\]"):
        model.fit(p.X, y, sample_domain=p.domain)
    rest = p.domain != "useless"
    other = clone(model).fit(p.X[rest], y[rest], sample_domain=p.domain[rest])
    assert_array_equal(model.source_weights_, [*other.source_weights_, 0.0])
    assert_array_equal(model.predict_proba(p.X), other.predict_proba(p.X))


def test_inner_estimator_need_not_take_weights():
    p = three_sources(classes=True)
    model = ARTClassifier(KNeighborsClassifier(), target_domain="t", max_splits=10)
    assert model.fit(p.X, p.y, sample_domain=p.domain).predict(p.X).shape == p.y.shape


def test_tables_reach_the_inner_estimator():
    seen = set()

    class Witness(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            seen.add((type(X), tuple(X.dtypes)))
            self.classes_ = np.unique(y)
            return self

        def predict_proba(self, X):
            seen.add((type(X), tuple(X.dtypes)))
            return np.full((len(X), 2), 0.5)

        def predict(self, X):
            return self.classes_[self.predict_proba(X).argmax(axis=1)]

    p = three_sources(classes=True)
    X = pd.DataFrame(p.X[:, :2]).assign(ward=pd.Categorical(np.where(p.X[:, 2] > 0, "u", "v")))
    X.columns = ["a", "b", "ward"]
    model = ARTClassifier(Witness(), target_domain="t", max_splits=10)
    model.fit(X, p.y, sample_domain=p.domain).predict(X)
    assert seen == {(pd.DataFrame, tuple(X.dtypes))}


def test_methods_are_those_of_an_average_before_and_after_the_fit():
    p = three_sources(classes=True)
    model = ARTClassifier(max_splits=10, target_domain="t")
    for _ in range(2):
        assert hasattr(model, "predict_proba")
        assert not hasattr(model, "decision_function")
        model.fit(p.X, p.y, sample_domain=p.domain)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"estimator": Ridge(), "estimators": [("a", Ridge())]}, r"Got both `estimator` and"),
        ({"estimators": []}, r"list of pairs \(name, estimator\), one at least. Got \[\]"),
        ({"estimators": [Ridge()]}, r"list of pairs"),
        ({"estimators": [("a", Ridge()), ("a", Ridge())]}, r"must differ. Got \['a', 'a'\]"),
        ({"estimators": [("a", LogisticRegression())]}, r"must be a regressor.*Got Logistic"),
        ({"rate": "fast"}, r"'rate' parameter.*Got 'fast' instead"),
        ({"rate": -1.0}, r"'rate' parameter.*Got -1.0 instead"),
    ],
)
def test_unusable_parameters_are_refused(params, says):
    p = three_sources(classes=False)
    with pytest.raises(ValueError, match=says):
        ARTRegressor(target_domain="t", **params).fit(p.X, p.y, sample_domain=p.domain)


def test_classifier_without_probabilities_is_refused():
    p = three_sources(classes=True)
    with pytest.raises(ValueError, match=r"must have `predict_proba`.*Got LinearSVC"):
        ARTClassifier(LinearSVC(), target_domain="t").fit(p.X, p.y, sample_domain=p.domain)


def _test_error(model, p, test):
    model.fit(p.X, p.y, sample_domain=p.domain)
    if hasattr(model, "predict_proba"):
        return log_loss(test.y, model.predict_proba(test.X))
    return mean_squared_error(test.y, model.predict(test.X))


@pytest.mark.slow
@pytest.mark.parametrize("classes", [True, False])
def test_planted_truth(classes):
    """With a helpful source better than the target alone, without one no worse by 10 %.

    Each over 20 draws; the means lie more than five standard errors from the bounds, so that
    another seed fails with probability below 1e-5.
    """
    slope = np.array([1.5, -1.0, 0.5, 1.0, -0.5])
    slopes = {"t": slope, "helpful": slope, "useless": 0 * slope, "harmful": -slope}
    inner = LogisticRegression() if classes else Ridge()
    cls = ARTClassifier if classes else ARTRegressor
    gains = {"with": [], "without": [], "mean loss": []}
    for seed in range(20):
        sizes = {"t": 30, "helpful": 200, "useless": 200, "harmful": 200}
        p = problem(slopes, sizes, classes=classes, seed=seed)
        test = problem({"t": slope}, {"t": 3000}, classes=classes, seed=seed + 1000)
        rows = p.domain != "helpful"
        without = p._replace(X=p.X[rows], y=p.y[rows], domain=p.domain[rows])
        t = p.rows("t")
        alone = clone(inner).fit(p.X[t], p.y[t])
        error = (
            log_loss(test.y, alone.predict_proba(test.X))
            if classes
            else mean_squared_error(test.y, alone.predict(test.X))
        )
        art = cls(inner, target_domain="t", max_splits=30, random_state=0)
        gains["with"].append(_test_error(art, p, test) / error)
        gains["without"].append(_test_error(art, without, test) / error)
        gains["mean loss"].append(
            _test_error(clone(art).set_params(rate=1.0), without, test) / error
        )
    means = {name: np.mean(ratios) for name, ratios in gains.items()}
    assert means["with"] < 0.96
    assert means["without"] < 1.1
    # The rate of the authors' package does not protect where all sources are bad.
    assert means["mean loss"] > means["without"] + 0.01


def test_random_forest_inside():
    """An inner estimator with its own seed, for which nothing is exact but repetition."""
    p = three_sources(classes=False)
    inner = RandomForestRegressor(5, random_state=0)
    fits = [
        ARTRegressor(inner, target_domain="t", max_splits=10, random_state=0).fit(
            p.X, p.y, sample_domain=p.domain
        )
        for _ in range(2)
    ]
    assert_array_equal(fits[0].predict(p.X), fits[1].predict(p.X))
