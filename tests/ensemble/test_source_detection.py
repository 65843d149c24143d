# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import (
    GammaRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
)
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_transfer.ensemble import (
    DirectTransferRegressor,
    SourceDetectionClassifier,
    SourceDetectionRegressor,
    _source_detection_base,
)
from sklearn_transfer.ensemble._row_fit import deal_folds
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
    fold = deal_folds(p.y[target], n_folds, rng, stratify=classes)
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


def _shifted(classes, seed=0, n_target=150):
    """Sources that agree and differ from the target in one coefficient and the level."""
    slopes = {"t": [1.0, -1.0, 2.0], "a": [1.0, -1.0, 0.5], "b": [1.0, -1.0, 0.5]}
    return problem(
        slopes,
        {"t": n_target, "a": 2000, "b": 2000},
        classes=classes,
        levels={"a": 1.0, "b": 1.0},
        seed=seed,
    )


def _keep_all(cls, inner, p, X=None, **params):
    model = cls(inner, target_domain="t", n_deviations=1e9, random_state=0, **params)
    return model.fit(p.X if X is None else X, p.y, sample_domain=p.domain)


@pytest.mark.parametrize("kind", ["array", "pipeline", "csr", "pandas"])
@pytest.mark.parametrize("classes", [True, False])
def test_linear_stage_moves_coefficients_towards_the_targets(classes, kind):
    """The truth is (1, -1, 2) and no level; the pooled fit is near (1, -1, 0.55) and level 1."""
    p = _shifted(classes)
    inner = LogisticRegression(C=1e3) if classes else Ridge(1e-3)
    X = p.X
    if kind == "pipeline":
        inner = make_pipeline(StandardScaler(), inner)
    elif kind == "csr":
        X = sparse.csr_array(X)
    elif kind == "pandas":
        X = pd.DataFrame(X, columns=["a", "b", "c"])
    cls = SourceDetectionClassifier if classes else SourceDetectionRegressor
    plain, corrected = (_keep_all(cls, inner, p, X, debias=debias) for debias in (None, "auto"))
    last = corrected.estimator_[-1] if kind == "pipeline" else corrected.estimator_
    pooled = plain.estimator_[-1] if kind == "pipeline" else plain.estimator_
    assert type(last) is type(pooled)
    # Standard errors are about 0.25 for logistic and 0.08 for least squares.
    within = 0.9 if classes else 0.3
    assert_allclose(last.coef_.ravel(), [1, -1, 2], atol=within)
    assert_allclose(last.intercept_, 0, atol=within)
    assert abs(pooled.coef_.ravel()[2] - 2) > 1.2
    assert pooled.intercept_ > 0.7


def test_linear_stage_equals_its_formula():
    """Ridge on the residuals, at the penalty of least held-out error, in units of the variance."""
    p = _shifted(False, n_target=40)
    model = _keep_all(SourceDetectionRegressor, Ridge(2.0), p)
    pooled = Ridge(2.0).fit(p.X, p.y)
    t = p.rows("t")
    X, residual = p.X[t], p.y[t] - pooled.predict(p.X[t])
    rng = np.random.RandomState(0)
    rng.randint(np.iinfo(np.int32).max)
    fold = deal_folds(p.y[t], 3, rng, stratify=False)

    def stage(rows, penalty):
        if penalty is None:
            return np.zeros(3), 0.0
        centred = X[rows] - X[rows].mean(axis=0)
        unit = np.mean(np.sum(centred**2, axis=0))
        gram = centred.T @ centred + penalty * unit * np.eye(3)
        delta = np.linalg.solve(gram, centred.T @ residual[rows]) * np.isfinite(penalty)
        return delta, residual[rows].mean() - X[rows].mean(axis=0) @ delta

    errors = {}
    for penalty in [None, 1e12, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01]:
        errors[penalty] = 0.0
        for number in range(3):
            delta, level = stage(fold != number, penalty)
            held = fold == number
            errors[penalty] += np.sum((residual[held] - X[held] @ delta - level) ** 2)
    best = min(errors, key=errors.get)
    delta, level = stage(np.ones(len(t), dtype=bool), best)
    assert_allclose(model.estimator_.coef_, pooled.coef_ + delta, rtol=1e-6)
    assert_allclose(model.estimator_.intercept_, pooled.intercept_ + level, rtol=1e-6)


def test_lasso_corrects_few_coefficients():
    rng = np.random.default_rng(0)
    base = rng.normal(size=20)
    target = base.copy()
    target[4] += 3.0
    p = problem({"t": target, "a": base}, {"t": 60, "a": 3000}, classes=False, noise=0.3, seed=1)
    model = _keep_all(SourceDetectionRegressor, Lasso(1e-4), p)
    pooled = Lasso(1e-4).fit(p.X, p.y)
    delta = model.estimator_.coef_ - pooled.coef_
    assert np.argmax(np.abs(delta)) == 4
    assert np.sum(np.abs(delta) < 1e-12) >= 5
    assert_allclose(model.estimator_.coef_[4], target[4], atol=0.5)


@pytest.mark.parametrize("inner", [PoissonRegressor(tol=1e-8), GammaRegressor(tol=1e-8)])
def test_log_link_has_the_pooled_mean_as_offset(inner):
    """The deviance is flat at the corrected coefficients in the direction of the level."""
    rng = np.random.default_rng(0)
    domain = np.repeat(["t", "a"], [200, 2000])
    X = rng.standard_normal((2200, 2))
    eta = X @ [0.3, -0.2] + np.where(domain == "t", 0.3 * X[:, 0], 1.0)
    mean = np.exp(eta)
    y = rng.poisson(mean) if isinstance(inner, PoissonRegressor) else rng.gamma(5, mean / 5)
    model = SourceDetectionRegressor(
        inner, target_domain="t", n_deviations=1e9, random_state=0
    ).fit(X, y, sample_domain=domain)
    t = domain == "t"
    fitted = model.predict(X[t])
    # The score of the free intercept: sum (y - mu) mu^(1 - power).
    power = 1 if isinstance(inner, PoissonRegressor) else 2
    score = np.sum((y[t] - fitted) * fitted ** (1 - power))
    spread = np.sqrt(np.sum(((y[t] - fitted) * fitted ** (1 - power)) ** 2))
    assert abs(score) < 0.02 * spread
    assert_allclose(model.estimator_.coef_, [0.6, -0.2], atol=0.2)


def test_stage_with_three_classes():
    rng = np.random.default_rng(0)
    domain = np.repeat(["t", "a"], [200, 1500])
    X = rng.standard_normal((1700, 2))
    scores = np.stack([np.zeros(1700), X[:, 0], X[:, 1]], axis=1)
    scores[domain == "a", 2] += 2.0
    names = np.array(["u", "v", "w"])
    y = names[(scores + rng.gumbel(size=scores.shape)).argmax(axis=1)]
    model = SourceDetectionClassifier(target_domain="t", n_deviations=1e9, random_state=0)
    model.fit(X, y, sample_domain=domain)
    t = domain == "t"
    shares = [np.mean(y[t] == name) for name in names]
    assert_allclose(model.predict_proba(X[t]).mean(axis=0), shares, atol=1e-4)
    plain = clone(model).set_params(debias=None).fit(X, y, sample_domain=domain)
    assert np.abs(plain.predict_proba(X[t]).mean(axis=0) - shares).max() > 0.1
    assert type(model.estimator_) is LogisticRegression


def test_no_correction_where_held_out_rows_do_not_ask_for_one():
    """Identical domains: most draws leave the pooled model as it is, or nearly so."""
    moved = []
    for seed in range(10):
        slope = [1.0, -1.0]
        p = problem({"t": slope, "a": slope}, {"t": 40, "a": 1000}, classes=False, seed=seed)
        pooled = Ridge().fit(p.X, p.y)
        t = p.rows("t")
        alone = Ridge().fit(p.X[t], p.y[t])
        model = _keep_all(SourceDetectionRegressor, Ridge(), p)
        moved.append(
            np.linalg.norm(model.estimator_.coef_ - pooled.coef_)
            / np.linalg.norm(alone.coef_ - pooled.coef_)
        )
    assert np.median(moved) < 0.5


@pytest.mark.parametrize("classes", [True, False])
def test_level_of_any_model_becomes_the_targets(classes):
    levels = {"a": 2.0}
    slope = [1.0, -1.0]
    p = problem(
        {"t": slope, "a": slope}, {"t": 100, "a": 500}, classes=classes, levels=levels, noise=0.5
    )
    cls = SourceDetectionClassifier if classes else SourceDetectionRegressor
    inner = GaussianNB() if classes else KNeighborsRegressor(15)
    model = _keep_all(cls, inner, p)
    t = p.rows("t")
    rng = np.random.RandomState(0)
    rng.randint(np.iinfo(np.int32).max)
    fold = deal_folds(p.y[t], 3, rng, stratify=classes)
    pooled = clone(inner).fit(p.X, p.y)
    held_out = np.empty(len(t))
    for number in range(3):
        rows = np.concatenate([t[fold != number], p.rows("a")])
        fit = clone(inner).fit(p.X[rows], p.y[rows])
        held = t[fold == number]
        held_out[fold == number] = (
            fit.predict_proba(p.X[held])[:, 1] if classes else fit.predict(p.X[held])
        )
    if not classes:
        shift = np.mean(p.y[t]) - held_out.mean()
        assert shift < -1
        assert_allclose(model.predict(p.X), pooled.predict(p.X) + shift)
        return
    shift = logit(model.predict_proba(p.X)[:, 1]) - logit(pooled.predict_proba(p.X)[:, 1])
    assert_allclose(shift, shift[0], rtol=1e-6)
    share = (np.sum(p.y[t]) + 0.5) / (len(t) + 1)
    assert_allclose(expit(logit(held_out) + shift[0]).mean(), share, rtol=1e-6)
    assert_array_equal(model.predict(p.X), model.predict_proba(p.X).argmax(axis=1))


def test_classes_keep_their_level_under_a_frozen_decision():
    """A levelled model answers by log-odds where its inner estimator has a decision function."""
    p = _shifted(True)
    inner = LogisticRegression()
    model = _keep_all(SourceDetectionClassifier, inner, p, debias="level")
    proba = model.predict_proba(p.X)
    assert_allclose(model.decision_function(p.X), logit(proba[:, 1]), rtol=1e-6)
    assert_allclose(np.exp(model.predict_log_proba(p.X)), proba, rtol=1e-10)
    forest = _keep_all(SourceDetectionClassifier, GaussianNB(), p)
    assert not hasattr(forest, "decision_function")


def test_automatic_stage_is_the_one_the_inner_estimator_has():
    p = _shifted(True, n_target=60)
    for inner, linear in [
        (LogisticRegression(), True),
        (make_pipeline(StandardScaler(), LogisticRegression()), True),
        (DecisionTreeClassifier(max_depth=3), False),
        (make_pipeline(StandardScaler(), GaussianNB()), False),
    ]:
        model = _keep_all(SourceDetectionClassifier, inner, p)
        assert (type(model.estimator_) is type(inner)) == linear
    with pytest.raises(ValueError, match=r"debias='linear' needs.*Got GaussianNB"):
        _keep_all(SourceDetectionClassifier, GaussianNB(), p, debias="linear")


def test_columns_that_are_no_numbers_have_a_level_only():
    class Encoding(Ridge):
        def fit(self, X, y, sample_weight=None):
            return super().fit(self._codes(X), y, sample_weight)

        def predict(self, X):
            return super().predict(self._codes(X))

        @staticmethod
        def _codes(X):
            return np.column_stack([X["a"], X["b"].cat.codes])

    p = _shifted(False)
    X = pd.DataFrame({"a": p.X[:, 0], "b": pd.Categorical(np.where(p.X[:, 1] > 0, "u", "v"))})
    model = _keep_all(SourceDetectionRegressor, Encoding(), p, X)
    assert type(model.estimator_).__name__ == "LevelledRegressor"
    with pytest.raises(ValueError, match=r"debias='linear' needs.*numeric columns"):
        _keep_all(SourceDetectionRegressor, Encoding(), p, X, debias="linear")


# ------------------------------------------------------------------------------------------------
# The contract
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
