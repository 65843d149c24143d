# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
)
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_transfer._folds import deal_folds
from sklearn_transfer.ensemble import (
    DirectTransferRegressor,
    SourceDetectionClassifier,
    SourceDetectionRegressor,
    _source_detection_base,
)
from sklearn_transfer.exceptions import TransferWarning
from tests.ensemble.data import problem, three_sources

SOURCES = ["harmful", "helpful", "useless"]


@pytest.fixture
def folds_of_two(monkeypatch):
    """Fold the six target rows as (0, 1), (2, 3), (4, 5)."""
    monkeypatch.setattr(
        _source_detection_base, "deal_folds", lambda *_, **__: np.array([0, 0, 1, 1, 2, 2])
    )


@pytest.mark.parametrize(
    ("value", "loss", "kept"),
    [(1.0, 1.0, True), (1.28, 1.0196, True), (1.3, 1.0225, False), (3.0, 2.0, False)],
)
@pytest.mark.usefixtures("folds_of_two")
def test_rule_by_hand_for_values(value, loss, kept):
    """Means predict.

    Target 0, 2, 0, 2, 0, 2: mean 1, variance 1, loss 1 in each fold, so that the threshold is
    1 + 2 * 0.01. Four source rows of value v pull the mean of the four training rows to
    m = (1 + v) / 2, and the loss to 1 + (m - 1)^2.
    """
    y = np.array([0.0, 2, 0, 2, 0, 2, value, value, value, value])
    domain = np.repeat(["t", "s"], [6, 4])
    model = SourceDetectionRegressor(DummyRegressor(), target_domain="t")
    model.fit(np.zeros((10, 1)), y, sample_domain=domain)
    assert_allclose(model.target_only_loss_, 1.0)
    assert_allclose(model.threshold_, 1.02)
    assert_allclose(model.losses_, [loss])
    assert model.kept_.tolist() == [kept]
    assert model.source_weights_.tolist() == [float(kept)]


@pytest.mark.parametrize(("positive", "kept"), [(2, True), (3, False)])
@pytest.mark.usefixtures("folds_of_two")
def test_rule_by_hand_for_classes(positive, kept):
    """Class shares predict; the loss is the log-loss, ln 2 for the target alone in each fold."""
    y = np.array([0, 1, 0, 1, 0, 1, *([1] * positive), *([0] * (4 - positive))])
    domain = np.repeat(["t", "s"], [6, 4])
    model = SourceDetectionClassifier(DummyClassifier(), target_domain="t")
    model.fit(np.zeros((10, 1)), y, sample_domain=domain)
    share = (2 + positive) / 8
    assert_allclose(model.target_only_loss_, np.log(2))
    assert_allclose(model.threshold_, np.log(2) + 0.02)
    assert_allclose(model.losses_, [-(np.log(share) + np.log(1 - share)) / 2])
    assert model.kept_.tolist() == [kept]


@pytest.mark.usefixtures("folds_of_two")
def test_deviation_by_hand():
    """Folds (0, 0), (3, 3), (6, 6) have means of the others 4.5, 3, 1.5.

    Squared errors 20.25, 0, 20.25 over the variance 6: 3.375, 0, 3.375. Their mean is 2.25, their
    standard deviation sqrt(3) * 1.125.
    """
    y = np.array([0.0, 0, 3, 3, 6, 6, 3, 3])
    domain = np.repeat(["t", "s"], [6, 2])
    model = SourceDetectionRegressor(DummyRegressor(), target_domain="t", n_deviations=1.5)
    model.fit(np.zeros((8, 1)), y, sample_domain=domain)
    assert_allclose(model.target_only_loss_, 2.25)
    assert_allclose(model.threshold_, 2.25 + 1.5 * np.sqrt(3) * 1.125)
    # Means of four target rows and two of value 3: 4, 3, 2.
    assert_allclose(model.losses_, [(16 + 0 + 16) / 6 / 3])


def _slow_detection(p, inner, *, classes, n_folds, random_state, weight=None):
    rng = np.random.RandomState(random_state)
    rng.randint(np.iinfo(np.int32).max)
    target = p.rows("t")
    w = np.ones(len(p.y)) if weight is None else weight
    labels = np.unique(p.y) if classes else None
    fold = deal_folds(p.y[target], n_folds, labels, rng, from_anywhere=True)
    mean = np.average(p.y[target], weights=w[target])
    unit = np.average((p.y[target] - mean) ** 2, weights=w[target])
    table = np.empty((4, n_folds))
    for k, source in enumerate([None, *SOURCES]):
        for number in range(n_folds):
            rows, held = target[fold != number], target[fold == number]
            if source is not None:
                rows = np.concatenate([rows, p.rows(source)])
            model = clone(inner).fit(p.X[rows], p.y[rows], sample_weight=w[rows])
            if classes:
                proba = model.predict_proba(p.X[held])
                table[k, number] = log_loss(p.y[held], proba, sample_weight=w[held], labels=[0, 1])
            else:
                error = mean_squared_error(
                    p.y[held], model.predict(p.X[held]), sample_weight=w[held]
                )
                table[k, number] = error / unit
    return table


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_folds", [2, 3, 5])
@pytest.mark.parametrize("classes", [True, False])
def test_losses_equal_a_slow_implementation(classes, n_folds, weighted):
    p = three_sources(classes=classes)
    weight = np.random.default_rng(1).uniform(0.2, 2.0, len(p.y)) if weighted else None
    inner = LogisticRegression(tol=1e-8) if classes else Ridge(2.0)
    cls = SourceDetectionClassifier if classes else SourceDetectionRegressor
    model = cls(inner, target_domain="t", n_folds=n_folds, random_state=3, n_deviations=1.0)
    model.fit(p.X, p.y, weight, sample_domain=p.domain)
    table = _slow_detection(
        p, inner, classes=classes, n_folds=n_folds, random_state=3, weight=weight
    )
    threshold = table[0].mean() + max(table[0].std(ddof=1), 0.01)
    assert_allclose(model.target_only_loss_, table[0].mean(), rtol=1e-5)
    assert_allclose(model.losses_, table[1:].mean(axis=1), rtol=1e-5)
    assert_allclose(model.threshold_, threshold, rtol=1e-5)
    assert_array_equal(model.kept_, table[1:].mean(axis=1) <= threshold)
    frame = model.to_frame()
    assert frame["domain"].tolist() == SOURCES
    assert_allclose(frame["excess"], model.losses_ - model.target_only_loss_)
    assert frame["kept"].tolist() == model.kept_.tolist()


@pytest.mark.parametrize("classes", [True, False])
def test_without_second_stage_the_kept_sources_are_pooled(classes):
    p = three_sources(classes=classes, n_target=60)
    inner = LogisticRegression(tol=1e-8) if classes else Ridge()
    cls = SourceDetectionClassifier if classes else SourceDetectionRegressor
    model = cls(inner, target_domain="t", debias=None, random_state=0, n_deviations=0.5)
    model.fit(p.X, p.y, sample_domain=p.domain)
    kept = [label for label, keep in zip(SOURCES, model.kept_, strict=True) if keep]
    assert "helpful" in kept
    assert "harmful" not in kept
    rows = p.rows("t", *kept)
    expected = clone(inner).fit(p.X[rows], p.y[rows])
    assert_allclose(model.estimator_.coef_, expected.coef_, rtol=1e-6)


@pytest.mark.parametrize("debias", ["auto", "linear", "level", None])
def test_where_none_is_kept_the_target_stands_alone(debias):
    p = three_sources(classes=False, n_target=60)
    rows = p.domain != "helpful"
    model = SourceDetectionRegressor(
        target_domain="t", debias=debias, n_deviations=0.0, random_state=0
    ).fit(p.X[rows], p.y[rows], sample_domain=p.domain[rows])
    assert not model.kept_.any()
    t = p.rows("t")
    assert_allclose(model.estimator_.coef_, Ridge().fit(p.X[t], p.y[t]).coef_)


def test_sources_without_end_are_kept_with_an_endless_threshold():
    p = three_sources(classes=False)
    model = SourceDetectionRegressor(target_domain="t", debias=None, n_deviations=1e9)
    model.fit(p.X, p.y, sample_domain=p.domain)
    pooled = DirectTransferRegressor(target_domain="t").fit(p.X, p.y, sample_domain=p.domain)
    assert_array_equal(model.predict(p.X), pooled.predict(p.X))


# ------------------------------------------------------------------------------------------------
# The second stage
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [True, False])
def test_same_result_for_any_number_of_jobs(classes):
    p = three_sources(classes=classes)
    cls = SourceDetectionClassifier if classes else SourceDetectionRegressor
    inner = DecisionTreeClassifier(max_depth=2) if classes else DecisionTreeRegressor(max_depth=2)
    inner.set_params(random_state=0)
    model = cls(inner, target_domain="t", random_state=0).fit(p.X, p.y, sample_domain=p.domain)
    other = clone(model).set_params(n_jobs=3)
    with parallel_config(backend="threading"):
        other.fit(p.X, p.y, sample_domain=p.domain)
    assert_array_equal(model.losses_, other.losses_)
    assert_array_equal(model.predict(p.X), other.predict(p.X))


@pytest.mark.parametrize(
    ("debias", "more"), [(None, []), ("level", [260 - 14, 260 - 13, 260 - 13])]
)
def test_fits_are_counted(debias, more):
    """n_folds fits per candidate, one pooled fit, and for a level n_folds pooled ones."""
    fits = []

    class Counted(KNeighborsRegressor):
        def fit(self, X, y):
            fits.append(len(y))
            return super().fit(X, y)

    p = three_sources(classes=False, n_target=20 * 2, n_source=80)
    rows = p.domain != "useless"
    p = p._replace(X=p.X[rows], y=p.y[rows], domain=p.domain[rows])
    model = SourceDetectionRegressor(
        Counted(5), target_domain="t", debias=debias, n_deviations=1e9, random_state=0
    ).fit(p.X, p.y, sample_domain=p.domain)
    assert model.kept_.all()
    parts = [40 - 14, 40 - 13, 40 - 13]
    expected = parts + [80 + n for n in parts] * 2 + [200]
    assert sorted(fits) == sorted(expected + [n - 60 for n in more])


def test_without_sources_it_is_the_inner_estimator():
    p = three_sources(classes=True)
    inner = LogisticRegression(C=3.0)
    model = SourceDetectionClassifier(inner).fit(p.X, p.y)
    assert_array_equal(model.predict_proba(p.X), clone(inner).fit(p.X, p.y).predict_proba(p.X))
    assert len(model.to_frame()) == 0
    assert np.isnan(model.threshold_)


def test_target_of_one_class_keeps_all_sources():
    p = three_sources(classes=True)
    y = np.where(p.domain == "t", 0, p.y)
    with pytest.warns(TransferWarning, match=r"All 40 rows of the target have the class 0"):
        model = SourceDetectionClassifier(target_domain="t").fit(p.X, y, sample_domain=p.domain)
    assert model.kept_.all()
    assert_allclose(model.estimator_.coef_, LogisticRegression().fit(p.X, y).coef_)


def test_a_single_target_row_keeps_all_sources():
    p = three_sources(classes=False, n_target=1)
    with pytest.warns(TransferWarning, match=r"1 row of the target cannot be split"):
        model = SourceDetectionRegressor(target_domain="t").fit(p.X, p.y, sample_domain=p.domain)
    assert model.kept_.all()
    assert np.isnan(model.losses_).all()


def test_two_target_rows_make_two_folds():
    p = three_sources(classes=False, n_target=2)
    model = SourceDetectionRegressor(KNeighborsRegressor(1), target_domain="t", random_state=0)
    assert np.isfinite(model.fit(p.X, p.y, sample_domain=p.domain).losses_).all()


def test_source_of_one_class_is_left_out_by_name():
    p = three_sources(classes=True)
    y = np.where(p.domain == "useless", 1, p.y)
    with pytest.warns(TransferWarning, match=r"left out: \['useless'\]"):
        model = SourceDetectionClassifier(
            target_domain="t", n_deviations=1e9, debias=None, random_state=0
        ).fit(p.X, y, sample_domain=p.domain)
    assert model.kept_.tolist() == [True, True, False]
    assert np.isnan(model.losses_[2])
    rows = p.rows("t", "helpful", "harmful")
    assert_allclose(model.estimator_.coef_, LogisticRegression().fit(p.X[rows], y[rows]).coef_)


def test_classifier_without_probabilities_is_refused():
    p = three_sources(classes=True)
    with pytest.raises(ValueError, match=r"must have `predict_proba`.*Got LinearSVC"):
        SourceDetectionClassifier(LinearSVC(), target_domain="t").fit(
            p.X, p.y, sample_domain=p.domain
        )


@pytest.mark.parametrize("unit", [1e-4, 1e5])
def test_unit_of_y_does_not_matter(unit):
    p = three_sources(classes=False)
    fits = [
        SourceDetectionRegressor(LinearRegression(), target_domain="t", random_state=0).fit(
            p.X, scale * p.y, sample_domain=p.domain
        )
        for scale in (1.0, unit)
    ]
    assert_allclose(fits[1].losses_, fits[0].losses_, rtol=1e-8)
    assert_allclose(fits[1].threshold_, fits[0].threshold_, rtol=1e-8)
    assert_allclose(fits[1].predict(p.X), unit * fits[0].predict(p.X), rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("forest", [False, True])
@pytest.mark.parametrize("classes", [True, False])
def test_planted_truth(classes, forest):
    """Harmful sources are dropped, helpful ones kept, and the fit is no worse than the target's.

    Over 20 draws, in which the logistic fits gain nothing on average: useless sources are kept half
    of the time. Bounds lie over five standard errors away, so that another seed fails with
    probability below 1e-5.
    """
    if forest:
        inner = RandomForestClassifier(20, min_samples_leaf=5, random_state=0)
        if not classes:
            inner = DecisionTreeRegressor(min_samples_leaf=5, random_state=0)
    else:
        inner = LogisticRegression() if classes else Ridge()
    cls = SourceDetectionClassifier if classes else SourceDetectionRegressor
    slope = np.array([1.5, -1.0, 0.5, 1.0, -0.5])
    slopes = {"t": slope, "helpful": slope, "useless": 0 * slope, "harmful": -slope}
    kept, ratio = [], []
    for seed in range(20):
        sizes = {"t": 100, "helpful": 300, "useless": 300, "harmful": 300}
        p = problem(slopes, sizes, classes=classes, seed=seed)
        test = problem({"t": slope}, {"t": 3000}, classes=classes, seed=seed + 1000)
        model = cls(inner, target_domain="t", random_state=0)
        model.fit(p.X, p.y, sample_domain=p.domain)
        t = p.rows("t")
        alone = clone(inner).fit(p.X[t], p.y[t])
        if classes:
            errors = [log_loss(test.y, m.predict_proba(test.X)) for m in (model, alone)]
        else:
            errors = [mean_squared_error(test.y, m.predict(test.X)) for m in (model, alone)]
        kept.append(model.kept_)
        ratio.append(errors[0] / errors[1])
    assert np.mean(kept, axis=0)[0] <= 0.1
    assert np.mean(kept, axis=0)[1] >= 0.9
    assert np.mean(ratio) < (1.0 if not (classes or forest) else 1.06)
