# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""One unpenalised intercept per domain: against the exact penalised likelihood and closed forms."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp, softmax
from sklearn.base import clone, is_classifier
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    ElasticNetCV,
    GammaRegressor,
    Lasso,
    LassoCV,
    LassoLars,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    RidgeCV,
    TweedieRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from sklearn_transfer._own_intercepts import check_own_intercepts
from tests.own_intercepts_data import (
    CODES,
    COUNTS,
    IS_TARGET,
    POSITIVE,
    THREE,
    VALUES,
    WEIGHT,
    X,
    Y,
    fit,
    rows_of,
    target_mean,
)

# Solvers stop at their tolerance, and an indicator column keeps a trace of the penalty.
CLOSE = {"rtol": 5e-3, "atol": 5e-3}


def minimised(loss, n_unknowns):
    """Minimise a smooth convex function given with its gradient."""
    found = minimize(loss, np.zeros(n_unknowns), jac=True, method="BFGS", options={"gtol": 1e-7})
    assert np.abs(loss(found.x)[1]).max() < 1e-4
    return found.x


def exact_logistic(C):
    def loss(unknowns):
        coef, levels = unknowns[:3], unknowns[3:]
        eta = X @ coef + levels[CODES]
        residual = WEIGHT * (1.0 / (1.0 + np.exp(-eta)) - Y)
        value = (WEIGHT * (np.logaddexp(0.0, eta) - Y * eta)).sum() + coef @ coef / (2.0 * C)
        return value, np.append(X.T @ residual + coef / C, np.bincount(CODES, residual))

    found = minimised(loss, 7)
    return found[:3], found[3]


@pytest.mark.parametrize("C", [100.0, 1.0, 0.01])
def test_binary_logistic(C):
    coef, intercept = exact_logistic(C)
    model = fit(LogisticRegression(C=C), Y).estimator
    assert_allclose(model.coef_[0], coef, **CLOSE)
    assert_allclose(model.intercept_[0], intercept, **CLOSE)


@pytest.mark.parametrize(
    "solver", ["lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"]
)
def test_every_solver_finds_the_same_optimum(solver):
    coef, intercept = exact_logistic(1.0)
    params = {"solver": solver, "tol": 1e-6, "max_iter": 5000, "random_state": 0}
    model = fit(LogisticRegression(**params), Y).estimator
    assert_allclose(model.coef_[0], coef, **CLOSE)
    assert_allclose(model.intercept_[0], intercept, **CLOSE)
    assert model.get_params()["solver"] == solver


@pytest.mark.parametrize("C", [100.0, 0.1])
def test_multinomial_logistic(C):
    one_hot = np.eye(3)[THREE]

    def loss(unknowns):
        coef, levels = unknowns[:9].reshape(3, 3), unknowns[9:].reshape(4, 3)
        eta = X @ coef.T + levels[CODES]
        residual = WEIGHT[:, np.newaxis] * (softmax(eta, axis=1) - one_hot)
        value = (WEIGHT * (logsumexp(eta, axis=1) - eta[np.arange(300), THREE])).sum()
        by_domain = np.stack([residual[rows_of(k)].sum(axis=0) for k in range(4)])
        gradient = np.append((residual.T @ X + coef / C).ravel(), by_domain.ravel())
        return value + (coef**2).sum() / (2.0 * C), gradient

    found = minimised(loss, 21)
    expected = log_softmax(X @ found[:9].reshape(3, 3).T + found[9:12], axis=1)
    model = fit(LogisticRegression(C=C, tol=1e-6), THREE).estimator
    assert_allclose(model.predict_log_proba(X), expected, rtol=0, atol=0.02)


def within(values):
    """Subtract from each row the weighted mean of its domain."""
    out = np.array(values, dtype=float)
    for k in range(4):
        rows = rows_of(k)
        out[rows] -= np.average(out[rows], axis=0, weights=WEIGHT[rows])
    return out


@pytest.mark.parametrize("alpha", [1e-6, 1.0, 100.0, 1e4])
def test_ridge_is_the_within_domain_estimator(alpha):
    Z = within(X)
    gram = Z.T @ (WEIGHT[:, np.newaxis] * Z) + alpha * np.eye(3)
    coef = np.linalg.solve(gram, Z.T @ (WEIGHT * within(VALUES)))
    model = fit(Ridge(alpha), VALUES).estimator
    assert_allclose(model.coef_, coef, **CLOSE)
    assert_allclose(model.intercept_, target_mean(VALUES) - target_mean(X) @ coef, **CLOSE)


def test_least_squares_is_the_dummy_variable_regression():
    design = np.column_stack([X, np.eye(4)[CODES]])
    root = np.sqrt(WEIGHT)
    exact = np.linalg.lstsq(design * root[:, np.newaxis], VALUES * root, rcond=None)[0]
    model = fit(LinearRegression(), VALUES).estimator
    assert_allclose(model.coef_, exact[:3], rtol=1e-8)
    assert_allclose(model.intercept_, exact[3], rtol=1e-8)


# Gaussian models in which an intercept costs nothing: fitted within domains they need none.
WITHIN = [
    Ridge(10.0),
    LinearRegression(),
    Lasso(0.1, tol=1e-8),
    ElasticNet(0.2, tol=1e-8),
    LinearRegression(positive=True),
    Ridge(1.0, positive=True),
    Lasso(0.05, positive=True, tol=1e-8),
    RidgeCV(alphas=[1000.0]),
    LassoCV(alphas=[0.3], tol=1e-8),
    ElasticNetCV(alphas=[0.3], tol=1e-8),
    LassoLars(0.1),
    BayesianRidge(),
    ARDRegression(),
]


def accepted(estimator):
    """Skip estimators that are refused: better than to be fitted wrongly."""
    try:
        check_own_intercepts(estimator, None)
    except ValueError:
        pytest.skip(f"{type(estimator).__name__} is refused")
    return estimator


@pytest.mark.parametrize("estimator", WITHIN, ids=repr)
def test_least_squares_families_are_fitted_within_domains(estimator):
    takes_weights = not isinstance(estimator, ARDRegression | LassoLars)
    weight = WEIGHT if takes_weights else np.ones(300)
    model = fit(accepted(estimator), VALUES, weight if takes_weights else None).estimator
    Z, y = X.copy(), VALUES.copy()
    for k in range(4):
        rows = rows_of(k)
        Z[rows] -= np.average(X[rows], axis=0, weights=weight[rows])
        y[rows] -= np.average(VALUES[rows], weights=weight[rows])
    alone = clone(estimator).set_params(fit_intercept=False)
    alone.fit(Z, y, **({"sample_weight": weight} if takes_weights else {}))
    assert_allclose(model.coef_, alone.coef_, rtol=0.02, atol=0.01)
    means = [np.average(v[IS_TARGET], axis=0, weights=weight[IS_TARGET]) for v in (VALUES, X)]
    assert_allclose(model.intercept_, means[0] - means[1] @ alone.coef_, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("estimator", WITHIN, ids=repr)
def test_levels_of_sources_are_irrelevant(estimator):
    estimator = accepted(estimator)
    weight = None if isinstance(estimator, ARDRegression | LassoLars) else WEIGHT
    model = fit(estimator, VALUES, weight).estimator
    shifted = fit(estimator, VALUES + np.array([0.0, 5.0, -3.0, 4.0])[CODES], weight).estimator
    assert_allclose(shifted.coef_, model.coef_, rtol=0.02, atol=0.01)
    assert_allclose(shifted.intercept_, model.intercept_, rtol=0.02, atol=0.02)


def exact_log_link(unit_loss, y, alpha):
    """Minimise the weighted mean loss plus alpha/2 |coef|^2, as scikit-learn's GLMs do."""
    share = WEIGHT / WEIGHT.sum()

    def loss(unknowns):
        coef, levels = unknowns[:3], unknowns[3:]
        value, slope = unit_loss(y, X @ coef + levels[CODES])
        gradient = np.append(
            X.T @ (share * slope) + alpha * coef, np.bincount(CODES, share * slope)
        )
        return share @ value + alpha / 2.0 * coef @ coef, gradient

    found = minimised(loss, 7)
    return found[:3], found[3]


def poisson_loss(y, eta):
    return np.exp(eta) - y * eta, np.exp(eta) - y


def gamma_loss(y, eta):
    return eta + y * np.exp(-eta), 1.0 - y * np.exp(-eta)


def tweedie_loss(y, eta):
    """Half the deviance at power 1.5, up to a constant."""
    return 2 * np.exp(eta / 2) + 2 * y * np.exp(-eta / 2), np.exp(eta / 2) - y * np.exp(-eta / 2)


@pytest.mark.parametrize("alpha", [1e-4, 0.1, 10.0])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
@pytest.mark.parametrize(
    ("estimator", "unit_loss", "y"),
    [
        (PoissonRegressor(), poisson_loss, COUNTS),
        (GammaRegressor(), gamma_loss, POSITIVE),
        (TweedieRegressor(power=1.5, link="log"), tweedie_loss, POSITIVE),
    ],
    ids=["poisson", "gamma", "tweedie"],
)
def test_generalised_linear_models(estimator, unit_loss, y, solver, alpha):
    coef, intercept = exact_log_link(unit_loss, y, alpha)
    model = fit(clone(estimator).set_params(alpha=alpha, solver=solver), y).estimator
    assert_allclose(model.coef_, coef, **CLOSE)
    assert_allclose(model.intercept_, intercept, rtol=5e-3, atol=0.02)


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        LogisticRegression(solver="newton-cg"),
        LogisticRegression(solver="saga", max_iter=1000, random_state=0),
        LogisticRegression(solver="liblinear"),
        PoissonRegressor(),
        PoissonRegressor(alpha=0.01),
        Ridge(),
        Lasso(0.1),
    ],
    ids=repr,
)
def test_a_small_target_beside_large_sources_keeps_its_level(estimator):
    """With canonical links the likelihood of an intercept balances observed and predicted means.

    50 rows of 20050 hardly move the gradient by which solvers stop.
    """
    generator = np.random.default_rng(1)
    codes = np.repeat([0, 1, 2], [50, 10_000, 10_000])
    table = generator.normal(size=(len(codes), 2))
    predictor = 0.5 * table[:, 0] + np.array([-2.5, 0.0, 1.0])[codes]
    if is_classifier(estimator):
        y = (predictor + generator.logistic(size=len(codes)) > 0).astype(int)
    elif isinstance(estimator, PoissonRegressor):
        y = generator.poisson(np.exp(predictor))
    else:
        y = predictor + generator.normal(size=len(codes))
    model = fit(estimator, y, None, codes, X=table).estimator
    target = codes == 0
    said = model.predict_proba(table)[:, 1] if is_classifier(estimator) else model.predict(table)
    assert_allclose(said[target].mean(), y[target].mean(), rtol=0.01, atol=0.001)


def test_many_small_sources_leave_the_target_its_level():
    """More intercepts than the Newton method's limit."""
    generator = np.random.default_rng(1)
    codes = np.repeat(np.arange(1001), [40] + 1000 * [4])
    table = generator.normal(size=(len(codes), 2))
    y = (table[:, 0] + np.where(codes, 0.5, -1.5) + generator.logistic(size=len(codes)) > 0) * 1
    model = fit(LogisticRegression(), y, None, codes, X=table).estimator
    said = model.predict_proba(table)[:, 1]
    assert_allclose(said[codes == 0].mean(), y[codes == 0].mean(), rtol=0.01)


@pytest.mark.parametrize("estimator", [LogisticRegression(C=0.1), Ridge(), PoissonRegressor()])
def test_model_of_the_target_alone_is_left(estimator):
    """Parameters are the user's, columns those of X; it takes rows as the plain model does."""
    y = {LogisticRegression: Y, Ridge: VALUES, PoissonRegressor: COUNTS}[type(estimator)]
    frame = pd.DataFrame(X, columns=["p", "q", "r"])
    for table in (X, frame):
        model = fit(estimator, y, X=table).estimator
        plain = clone(estimator).fit(table, y)
        assert type(model) is type(plain)
        assert model.get_params() == plain.get_params()
        assert model.coef_.shape == plain.coef_.shape
        assert np.shape(model.intercept_) == np.shape(plain.intercept_)
        assert model.n_features_in_ == 3
        assert hasattr(model, "feature_names_in_") == hasattr(plain, "feature_names_in_")
        assert model.predict(table).shape == (300,)
        assert len(pickle.dumps(model)) < len(pickle.dumps(plain)) + 500
    assert model.feature_names_in_.tolist() == ["p", "q", "r"]


@pytest.mark.parametrize("estimator", [LogisticRegression(), Ridge()], ids=repr)
def test_sparse_and_dense_rows_give_the_same_model(estimator):
    y = Y if is_classifier(estimator) else VALUES
    thin = np.where(np.abs(X) > 0.7, X, 0.0)
    dense = fit(estimator, y, X=thin).estimator
    for table in (sparse.csr_array(thin), sparse.csc_array(thin)):
        model = fit(estimator, y, X=table).estimator
        assert_allclose(model.coef_, dense.coef_, rtol=1e-3, atol=1e-4)
        assert_allclose(model.intercept_, dense.intercept_, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("estimator", [LogisticRegression(), Ridge()], ids=repr)
def test_numbers_of_the_domains_mean_nothing(estimator):
    """Other numbers, gaps where a source has no row: only who shares an intercept matters."""
    y = Y if is_classifier(estimator) else VALUES
    model = fit(estimator, y).estimator
    other = fit(estimator, y, codes=np.array([0, 9, 2, 5])[CODES]).estimator
    assert_allclose(other.coef_, model.coef_, rtol=1e-6)
    assert_allclose(other.intercept_, model.intercept_, rtol=1e-6)


@pytest.mark.parametrize("estimator", [LogisticRegression(), Ridge(), PoissonRegressor()], ids=repr)
def test_without_sources_it_is_the_plain_model(estimator):
    y = {LogisticRegression: Y, Ridge: VALUES, PoissonRegressor: COUNTS}[type(estimator)]
    model = fit(estimator, y, codes=np.zeros(300, dtype=int)).estimator
    plain = clone(estimator).set_params(tol=1e-8).fit(X, y, WEIGHT)
    assert_allclose(model.coef_, plain.coef_, rtol=1e-3, atol=1e-4)
    assert_allclose(model.intercept_, plain.intercept_, rtol=1e-3, atol=1e-3)


def test_weights_are_absolute():
    """Weights of 2 are two rows, so that the penalty weighs half as much."""
    twice = np.concatenate([np.arange(300), np.arange(300)])
    model = fit(LogisticRegression(tol=1e-8), Y, np.full(300, 2.0)).estimator
    other = fit(LogisticRegression(tol=1e-8), Y[twice], None, CODES[twice], X=X[twice]).estimator
    assert_allclose(model.coef_, other.coef_, rtol=1e-4)
    assert_allclose(model.intercept_, other.intercept_, rtol=1e-3)


def test_pipeline_scales_before_intercepts_are_added():
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    model = fit(pipe, Y).estimator
    scaler = StandardScaler().fit(X)
    bare = fit(LogisticRegression(), Y, X=scaler.transform(X)).estimator
    assert_allclose(model.predict_proba(X), bare.predict_proba(scaler.transform(X)))
    assert_array_equal(model[0].mean_, scaler.mean_)
    assert list(model.named_steps) == list(pipe.named_steps)
    assert not hasattr(pipe[0], "mean_")


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        XGBClassifier(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        make_pipeline(StandardScaler(), XGBClassifier()),
    ],
    ids=["logistic", "xgboost", "pipeline", "pipeline of xgboost"],
)
def test_who_can_have_own_intercepts(estimator):
    check_own_intercepts(estimator, 2)


@pytest.mark.parametrize(
    ("estimator", "n_classes"),
    [
        (DecisionTreeClassifier(), 2),
        (SVC(), 2),
        (RidgeClassifier(), 2),
        (HistGradientBoostingRegressor(), None),
        (LogisticRegression(fit_intercept=False), 2),
        (Ridge(fit_intercept=False), None),
        (make_pipeline(StandardScaler(), DecisionTreeClassifier()), 2),
        (GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}), None),
        (GridSearchCV(XGBClassifier(), {"max_depth": [1, 2]}), 2),
        (LogisticRegression(solver="liblinear"), 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_who_cannot_is_told_what_can(estimator, n_classes):
    with pytest.raises(ValueError, match=r"(?s)domain_effects='intercept' needs.*Got .*instead"):
        check_own_intercepts(estimator, n_classes)


def test_stronger_penalties_shrink_slopes_and_leave_levels_alone():
    """An oracle-free check of direction: the target's mean prediction stays where it is."""
    sizes, means = [], []
    for C in (10.0, 1.0, 0.1, 0.01, 0.001):
        model = fit(LogisticRegression(C=C), Y).estimator
        sizes.append(np.abs(model.coef_).sum())
        said = model.predict_proba(X[IS_TARGET])[:, 1]
        means.append(np.average(said, weights=WEIGHT[IS_TARGET]))
    assert all(larger > smaller for larger, smaller in pairwise(sizes))
    observed = np.average(Y[IS_TARGET], weights=WEIGHT[IS_TARGET])
    assert_allclose(means, observed, rtol=2e-3)
