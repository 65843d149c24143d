# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The second stage of source detection: what moves the pooled model towards the target."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.linear_model import (
    GammaRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer._folds import deal_folds
from sklearn_transfer.ensemble import (
    SourceDetectionClassifier,
    SourceDetectionRegressor,
)
from tests.ensemble.data import problem


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
    fold = deal_folds(p.y[t], 3, None, rng, from_anywhere=True)

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
    labels = np.unique(p.y) if classes else None
    fold = deal_folds(p.y[t], 3, labels, rng, from_anywhere=True)
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
