# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""UOWQ where every domain has its own intercept."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer.exceptions import TransferWarning
from tests.weighting.unguarded import UOWQClassifier, UOWQRegressor


def shifted(seed=0, level=2.0, n_classes=0):
    """Three sources with the target's slopes, one of them at another level."""
    rng = np.random.default_rng(seed)
    domain = np.repeat(["t", "same", "shifted"], [100, 600, 600])
    X = rng.standard_normal((len(domain), 2))
    eta = X @ [1.0, -0.5] + level * (domain == "shifted")
    if n_classes == 0:
        return X, eta + rng.standard_normal(len(domain)), domain
    y = np.digitize(eta + rng.logistic(size=len(domain)), np.linspace(-1, 1.5, n_classes - 1))
    return X, y, domain


@pytest.mark.parametrize(
    "inner",
    [LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression())],
    ids=["bare", "pipeline"],
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_level_is_no_discrepancy(inner, n_classes):
    X, y, domain = shifted(n_classes=n_classes)
    common = UOWQClassifier(inner, target_domain="t").fit(X, y, sample_domain=domain)
    own = UOWQClassifier(inner, target_domain="t", domain_effects="intercept")
    own.fit(X, y, sample_domain=domain)
    shifted_source = own.source_domains_.tolist().index("shifted")
    # A ratio of 1 is noise. The shift alone is worth N_0 level^2 v / d > 15, v the information.
    assert common.history_["ratio"][0, shifted_source] > 15
    assert own.history_["ratio"][0, shifted_source] < 5
    assert own.source_weights_[shifted_source] > 5 * common.source_weights_[shifted_source]
    assert own.n_parameters_ == (n_classes - 1) * 2


def test_profiled_gram_is_the_schur_complement():
    """M_eff from the coefficients: J_ss - J_sb J_bb^-1 J_bs of the full information."""
    X, y, domain = shifted(1, n_classes=2)
    inner = LogisticRegression(tol=1e-10)
    model = UOWQClassifier(
        inner, target_domain="t", update="static", domain_effects="intercept"
    ).fit(X, y, sample_domain=domain)
    at = X[domain == "t"]
    target = LogisticRegression(tol=1e-10).fit(at, y[domain == "t"])
    p = target.predict_proba(at)[:, 1]
    Z = np.column_stack([np.ones(len(at)), at])
    J = (Z * (p * (1 - p))[:, np.newaxis]).T @ Z / len(at)
    efficient = J[1:, 1:] - np.outer(J[1:, 0], J[0, 1:]) / J[0, 0]
    change = np.stack(
        [
            (LogisticRegression(tol=1e-10).fit(X[domain == n], y[domain == n]).coef_ - target.coef_)
            for n in model.source_domains_
        ]
    )[:, 0]
    np.testing.assert_allclose(model.discrepancy_, change @ efficient @ change.T, rtol=1e-4)


def test_target_keeps_its_level():
    """The prediction is at the target's level although the sources' rows outnumber it."""
    X, y, domain = shifted(2, level=5.0)
    for inner in (
        Ridge(),
        LinearRegression(),
        XGBRegressor(n_estimators=80, max_depth=2, n_jobs=1),
    ):
        own = UOWQRegressor(inner, target_domain="t", domain_effects="intercept", random_state=0)
        own.fit(X, y, sample_domain=domain)
        residual = y[domain == "t"] - own.predict(X[domain == "t"])
        # Standard error of a mean of 100 unit residuals is 0.1.
        assert abs(residual.mean()) < 0.3


def test_level_of_classes_with_xgboost():
    X, y, domain = shifted(3, level=3.0, n_classes=3)
    own = UOWQClassifier(
        XGBClassifier(n_estimators=30, max_depth=2, n_jobs=1),
        target_domain="t",
        domain_effects="intercept",
        random_state=0,
    ).fit(X, y, sample_domain=domain)
    mean = own.predict_proba(X[domain == "t"]).mean(axis=0)
    share = np.bincount(y[domain == "t"], minlength=3) / 100
    np.testing.assert_allclose(mean, share, atol=0.1)


def test_poisson_levels():
    rng = np.random.default_rng(0)
    domain = np.repeat(["t", "busy"], [200, 800])
    X = rng.standard_normal((1000, 2))
    y = rng.poisson(np.exp(X @ [0.4, 0.2] + 1.5 * (domain == "busy")))
    own = UOWQRegressor(PoissonRegressor(), target_domain="t", domain_effects="intercept")
    own.fit(X, y, sample_domain=domain)
    total = own.predict(X[domain == "t"]).sum()
    # An unpenalised intercept balances the target's total exactly.
    assert total == pytest.approx(y[domain == "t"].sum(), rel=1e-3)


def test_one_class_target_shares_the_intercept():
    X, y, domain = shifted(n_classes=2)
    y = y.copy()
    y[domain == "t"] = 0
    with pytest.warns(TransferWarning) as caught:
        own = UOWQClassifier(target_domain="t", domain_effects="intercept", update="static").fit(
            X, y, sample_domain=domain
        )
    assert any("no intercept of its own" in str(warning.message) for warning in caught)
    with pytest.warns(TransferWarning, match="have the class"):
        plain = UOWQClassifier(target_domain="t", update="static").fit(X, y, sample_domain=domain)
    np.testing.assert_allclose(own.source_weights_, plain.source_weights_)


def test_refused_where_no_intercept_can_be_owned():
    X, y, domain = shifted(n_classes=2)
    for inner in (RandomForestClassifier(), LogisticRegression(fit_intercept=False)):
        model = UOWQClassifier(inner, target_domain="t", domain_effects="intercept")
        with pytest.raises(ValueError, match=r"own|one intercept per domain.*Got"):
            model.fit(X, y, sample_domain=domain)
        assert not hasattr(model, "estimator_")
