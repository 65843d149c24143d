# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""UOWQ against independent slow implementations, planted truth and its limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, minimize
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    TweedieRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from tests.weighting.unguarded import UOWQClassifier, UOWQRegressor

TARGET = "t"
# These sources are far enough for dynamic updates to drift; that warning has a test of its own.
pytestmark = pytest.mark.filterwarnings("ignore:Dynamic updates came to trust")


def make_data(seed=0, sizes=(60, 300, 250, 200), n_classes=2, n_features=3):
    """Four domains: the target, one source like it, one somewhat off and one far away."""
    rng = np.random.default_rng(seed)
    names = ["t", "near", "mid", "far"]
    domain = np.repeat(names, sizes)
    X = rng.standard_normal((len(domain), n_features))
    slopes = {"t": [1.0, -1.0, 0.5], "near": [1.1, -1.0, 0.5], "mid": [0.3, -0.6, 1.0]}
    slopes["far"] = [-1.0, 1.0, -0.5]
    beta = np.array([slopes[d] for d in domain])[:, :n_features]
    eta = (X * beta).sum(axis=1)
    if n_classes == 0:
        return X, eta + rng.standard_normal(len(domain)), domain
    cuts = np.linspace(-1, 1, n_classes - 1) if n_classes > 2 else [0.0]
    return X, np.digitize(eta + rng.logistic(size=len(domain)), cuts), domain


def slow_weights(M, n_samples, n_target, d):
    """Minimise the K-L risk in w directly, knowing nothing of its convexity."""

    def risk(w):
        s = w @ n_samples
        v = w * n_samples
        return (
            0.5
            * d
            * (
                (n_target + w**2 @ n_samples) / (n_target + s) ** 2
                + v @ M @ v / (d * (n_target + s) ** 2)
            )
        )

    best = min(
        (
            minimize(risk, start, method="L-BFGS-B", bounds=[(0, None)] * len(n_samples), tol=1e-14)
            for start in (np.full(len(n_samples), 0.1), np.ones(len(n_samples)))
        ),
        key=lambda found: found.fun,
    )
    return best.x, best.fun


def design(X):
    return np.column_stack([np.ones(len(X)), X])


def theta(model):
    return np.column_stack([np.atleast_1d(model.intercept_), np.atleast_2d(model.coef_)])


def fisher(family, model, X, y, d):
    """The d x d Fisher information per sample, formed in full."""
    Z = design(X)
    if family == "multinomial":
        P = model.predict_proba(X)
        blocks = np.einsum("nc,ck->nck", P, np.eye(P.shape[1])) - np.einsum("nc,nk->nck", P, P)
        J = np.einsum("nck,ni,nj->cikj", blocks, Z, Z) / len(X)
        size = P.shape[1] * Z.shape[1]
        return J.reshape(size, size)
    mu = model.predict_proba(X)[:, 1] if family == "bernoulli" else model.predict(X)
    if family == "bernoulli":
        v = mu * (1 - mu)
    elif family == "gaussian":
        v = np.full(len(X), (len(X) - d) / np.sum((y - mu) ** 2))
    elif family == "poisson":
        v = mu
    else:
        power = 2.0 if family == "gamma" else model.power
        dispersion = np.sum((y - mu) ** 2 / mu**power) / (len(X) - d)
        v = mu ** (2 - power) / dispersion
    return (Z * v[:, np.newaxis]).T @ Z / len(X)


CASES = [
    pytest.param("bernoulli", LogisticRegression(tol=1e-8), 2, id="logistic"),
    pytest.param("multinomial", LogisticRegression(tol=1e-8), 3, id="multinomial"),
    pytest.param("gaussian", Ridge(alpha=0.5), 0, id="ridge"),
    pytest.param("gaussian", LinearRegression(), 0, id="least-squares"),
    pytest.param("gaussian", ElasticNet(alpha=0.01, tol=1e-8), 0, id="elastic-net"),
    pytest.param("poisson", PoissonRegressor(alpha=0.01, tol=1e-8), -1, id="poisson"),
    pytest.param("gamma", GammaRegressor(alpha=0.01, tol=1e-8), -2, id="gamma"),
    pytest.param(
        "tweedie", TweedieRegressor(power=1.3, alpha=0.01, link="log", tol=1e-8), -2, id="tweedie"
    ),
]


def case_data(n_classes):
    if n_classes >= 0:
        return make_data(3, n_classes=n_classes)
    X, eta, domain = make_data(3, n_classes=0)
    rng = np.random.default_rng(5)
    mean = np.exp(0.3 * eta)
    return X, rng.poisson(mean) if n_classes == -1 else mean * rng.gamma(3, 1 / 3, len(X)), domain


@pytest.mark.parametrize(("family", "inner", "n_classes"), CASES)
def test_static_equals_slow_implementation(family, inner, n_classes):
    X, y, domain = case_data(n_classes)
    cls = UOWQClassifier if n_classes > 0 else UOWQRegressor
    model = cls(inner, target_domain=TARGET, update="static").fit(X, y, sample_domain=domain)

    models = {name: clone(inner).fit(X[domain == name], y[domain == name]) for name in set(domain)}
    d = (X.shape[1] + 1) * max(n_classes - 1, 1)
    J = fisher(family, models[TARGET], X[domain == TARGET], y[domain == TARGET], d)
    change = np.stack(
        [(theta(models[n]) - theta(models[TARGET])).ravel() for n in model.source_domains_]
    )
    M = change @ J @ change.T
    sizes = np.array([(domain == name).sum() for name in model.source_domains_])
    weights, risk = slow_weights(M, sizes, (domain == TARGET).sum(), d)

    assert model.n_parameters_ == d
    np.testing.assert_allclose(model.discrepancy_, M, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(model.source_weights_, weights, atol=2e-4)
    assert model.history_["risk"][-1] == pytest.approx(risk, rel=1e-7)

    row_weight = np.ones(len(y))
    for name, weight in zip(model.source_domains_, model.source_weights_, strict=True):
        row_weight[domain == name] = weight
    final = clone(inner).fit(X[row_weight > 0], y[row_weight > 0], row_weight[row_weight > 0])
    np.testing.assert_allclose(theta(model.estimator_), theta(final), atol=1e-5)


def test_dynamic_equals_slow_rounds():
    X, y, domain = make_data(1)
    inner = LogisticRegression(tol=1e-10, max_iter=1000)
    model = UOWQClassifier(inner, target_domain=TARGET, n_rounds=3)
    model.fit(X, y, sample_domain=domain)
    is_target = domain == TARGET
    sources = [clone(inner).fit(X[domain == n], y[domain == n]) for n in model.source_domains_]
    sizes = np.array([(domain == n).sum() for n in model.source_domains_])
    row_weight = is_target.astype(float)
    for number in range(3):
        used = row_weight > 0
        current = clone(inner).fit(X[used], y[used], row_weight[used])
        J = fisher("bernoulli", current, X[is_target], y[is_target], 4)
        change = np.stack([(theta(s) - theta(current)).ravel() for s in sources])
        M = change @ J @ change.T
        weights, _ = slow_weights(M, sizes, is_target.sum(), 4)
        np.testing.assert_allclose(model.history_["weights"][number], weights, atol=5e-4)
        np.testing.assert_allclose(
            model.history_["ratio"][number], is_target.sum() * np.diag(M) / 4, rtol=1e-3
        )
        for name, weight in zip(model.source_domains_, weights, strict=True):
            row_weight[domain == name] = weight
    np.testing.assert_array_equal(model.source_weights_, model.history_["weights"][-1])


def check_ranking(model):
    # The ratio of the first round is seen from the target alone; later ones from a blend.
    far, mid, near = model.history_["ratio"][0]
    assert near < mid < far
    # The far source may keep some weight: its errors can cancel the others'.
    far, mid, near = model.source_weights_
    assert near > 1.2 * max(mid, far)


@pytest.mark.parametrize(
    ("inner", "discrepancy"),
    [
        (LogisticRegression(), "auto"),
        (LogisticRegression(), "functional"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "auto"),
        (XGBClassifier(n_estimators=30, max_depth=2, n_jobs=1), "auto"),
        (RandomForestClassifier(40, min_samples_leaf=5, random_state=0), "auto"),
    ],
    ids=["logistic", "logistic-functional", "pipeline", "xgboost", "forest"],
)
@pytest.mark.parametrize("update", ["static", "dynamic"])
def test_planted_sources_are_ranked(inner, discrepancy, update):
    # The far source has the opposite slopes; each seed is a different draw of all domains.
    for seed in range(3):
        X, y, domain = make_data(seed, sizes=(300, 900, 900, 900))
        model = UOWQClassifier(
            inner, target_domain=TARGET, discrepancy=discrepancy, update=update, random_state=0
        ).fit(X, np.where(y, "yes", "no"), sample_domain=domain)
        check_ranking(model)


@pytest.mark.parametrize(
    "inner",
    [
        Ridge(),
        XGBRegressor(n_estimators=40, max_depth=3, n_jobs=1),
        RandomForestRegressor(40, min_samples_leaf=3, random_state=0),
    ],
    ids=["ridge", "xgboost", "forest"],
)
def test_planted_sources_are_ranked_in_regression(inner):
    for seed in range(3):
        X, y, domain = make_data(seed, sizes=(300, 900, 900, 900), n_classes=0)
        model = UOWQRegressor(inner, target_domain=TARGET, random_state=0)
        check_ranking(model.fit(X, y, sample_domain=domain))


def test_pipeline_and_bare_model_see_one_geometry():
    """Scaling each domain by itself changes coordinates, not the models."""
    X, y, domain = make_data(2)
    X = X * [1.0, 10.0, 0.1] + [0.0, 5.0, -3.0]
    X[domain == "near"] += 2.0
    y = (X[:, 0] + 0.1 * X[:, 1] + np.random.default_rng(0).logistic(size=len(y)) > 0).astype(int)
    nearly_free = {"C": 1e6, "max_iter": 5000, "tol": 1e-9, "solver": "newton-cholesky"}
    bare = UOWQClassifier(LogisticRegression(**nearly_free), target_domain=TARGET)
    piped = UOWQClassifier(
        make_pipeline(StandardScaler(), LogisticRegression(**nearly_free)), target_domain=TARGET
    )
    bare.fit(X, y, sample_domain=domain)
    piped.fit(X, y, sample_domain=domain)
    np.testing.assert_allclose(piped.discrepancy_, bare.discrepancy_, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(piped.source_weights_, bare.source_weights_, atol=1e-3)


def test_identical_sources_tend_to_weight_one():
    """E[M] is d/N_0 + d/N_i for identical domains; subtracting it leaves weights near 1."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((24_000, 2))
    y = X[:, 0] + rng.standard_normal(24_000)
    domain = np.repeat(["t", "a", "b"], 8000)
    static = UOWQRegressor(target_domain="t", update="static", bias_correction=True)
    static.fit(X, y, sample_domain=domain)
    np.testing.assert_allclose(static.source_weights_, 1.0, atol=0.35)
    plug_in = UOWQRegressor(target_domain="t", update="static").fit(X, y, sample_domain=domain)
    # The trap of the static plug-in: the borrowed mass stays near N_0.
    assert plug_in.transfer_quantity_ < 2 * 8000
    assert plug_in.source_weights_.max() < static.source_weights_.min()


def test_halving_sources_keeps_shares_and_raises_weights():
    """Figure 6 of the paper, on planted discrepancies that rows do not change."""
    from sklearn_transfer.weighting import optimal_weights

    M = np.diag([0.05, 0.1, 0.4]) + 0.01
    full = optimal_weights(M, np.array([4000.0, 4000, 4000]), 50, 5)
    half = optimal_weights(M, np.array([2000.0, 2000, 2000]), 50, 5)
    np.testing.assert_allclose(half / half.sum(), full / full.sum(), atol=0.01)
    assert (half > 1.9 * full).all()


class CountingLogistic(LogisticRegression):
    fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).fits += 1
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize(("update", "extra"), [("static", 2), ("dynamic", 6)])
def test_number_of_fits(update, extra, tmp_path):
    """One fit a source, one on the target, one weighted fit a round."""
    X, y, domain = make_data(0)
    CountingLogistic.fits = 0
    UOWQClassifier(CountingLogistic(), target_domain=TARGET, update=update).fit(
        X, y, sample_domain=domain
    )
    assert CountingLogistic.fits == 3 + extra

    cached = UOWQClassifier(
        CountingLogistic(), target_domain=TARGET, update=update, memory=str(tmp_path)
    )
    CountingLogistic.fits = 0
    cached.fit(X, y, sample_domain=domain)
    first = cached.source_weights_
    cached.fit(X, y, sample_domain=domain)
    assert CountingLogistic.fits == 3 + 2 * extra  # sources came from the cache
    np.testing.assert_array_equal(cached.source_weights_, first)


def test_cache_tells_settings_of_scikit_learn_apart(tmp_path):
    """With routing on, weights may go to other steps; with pandas output, names to all."""
    X, y, domain = make_data(0)
    model = UOWQClassifier(
        CountingLogistic(), target_domain=TARGET, update="static", memory=str(tmp_path)
    )
    fits = []
    for settings in ({}, {"enable_metadata_routing": True}, {"transform_output": "pandas"}, {}):
        CountingLogistic.fits = 0
        with config_context(**settings):
            model.fit(X, y, sample_domain=domain)
        fits.append(CountingLogistic.fits)
    assert fits == [3 + 2, 3 + 2, 3 + 2, 2]


def test_constraints_hold_and_cost():
    X, y, domain = make_data(4)
    free = UOWQClassifier(target_domain=TARGET).fit(X, y, sample_domain=domain)
    near = free.source_domains_.tolist().index("near")
    row = np.zeros(3)
    row[near] = 1.0
    cap = LinearConstraint(row, 0, 0.5 * free.source_weights_[near])
    capped = UOWQClassifier(target_domain=TARGET, constraints=cap, update="static")
    capped.fit(X, y, sample_domain=domain)
    static = UOWQClassifier(target_domain=TARGET, update="static").fit(X, y, sample_domain=domain)
    assert capped.source_weights_[near] <= cap.ub * (1 + 1e-6)
    assert capped.history_["risk"][0] >= static.history_["risk"][0] * (1 - 1e-9)
    assert capped.effective_sample_size_ <= static.effective_sample_size_ * (1 + 1e-9)


def test_figures_belong_together():
    X, y, domain = make_data(5)
    model = UOWQClassifier(target_domain=TARGET).fit(X, y, sample_domain=domain)
    sizes = np.array([(domain == name).sum() for name in model.source_domains_])
    worth = model.source_weights_ * sizes
    n_target = (domain == TARGET).sum()
    assert model.transfer_quantity_ == pytest.approx(worth.sum())
    assert model.source_coefficients_.sum() == pytest.approx(1.0)
    # L* = d / (2 (N_0 + s*)) at the optimum.
    assert model.effective_sample_size_ == pytest.approx(n_target + worth.sum())
    assert model.history_["risk"][-1] == pytest.approx(
        model.n_parameters_ / (2 * (n_target + worth.sum()))
    )
    frame = model.to_frame()
    assert frame["domain"].tolist() == ["far", "mid", "near"]
    np.testing.assert_allclose(frame["worth"], worth)
    np.testing.assert_allclose(frame["rows"], sizes)
    np.testing.assert_allclose(frame["discrepancy"], np.diag(model.discrepancy_))


def test_sample_weight_counts_rows():
    """A weight of 2 everywhere is every row twice: N_0, N_i and all weights follow."""
    X, y, domain = make_data(6)
    twice = np.arange(len(y)).repeat(2)
    inner = LogisticRegression(tol=1e-10, max_iter=1000)
    weighted = UOWQClassifier(inner, target_domain=TARGET, update="static")
    weighted.fit(X, y, sample_weight=np.full(len(y), 2.0), sample_domain=domain)
    repeated = clone(weighted).fit(X[twice], y[twice], sample_domain=domain[twice])
    np.testing.assert_allclose(weighted.discrepancy_, repeated.discrepancy_, rtol=1e-4)
    np.testing.assert_allclose(weighted.source_weights_, repeated.source_weights_, atol=1e-5)
