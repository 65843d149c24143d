# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Limits of the fit that have closed forms: all pooled, all alone, nothing known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer._math.random_coefficients import Population
from sklearn_transfer.hierarchical import (
    RandomCoefficientsClassifier,
    RandomCoefficientsRegressor,
    _noise,
    _population_fit,
    _sources,
)
from sklearn_transfer.hierarchical._posterior import Candidate
from tests.hierarchical.data import planted


def equal_noise(squares, freedom):
    variance = squares.sum() / freedom.sum()
    return np.full(len(squares), variance), _noise.Noise(variance, 0.35)


@pytest.fixture
def given_spread(monkeypatch):
    """Fix the spread of levels and slopes instead of estimating it, with one candidate."""

    def fix(level, slopes):
        monkeypatch.setattr(_population_fit, "SPREAD_FACTORS", (1.0,))
        monkeypatch.setattr(_population_fit, "LEVEL_FACTORS", (1.0,))
        monkeypatch.setattr(_population_fit, "LEAST_NOISE_RANGE", 0.0)
        monkeypatch.setattr(_sources, "noise_of_domains", equal_noise)
        # In one unit for all domains; in their own the limits are others.
        monkeypatch.setattr(_population_fit, "told_in_own_units", lambda *given: None)
        monkeypatch.setattr(
            _sources,
            "estimate_spread",
            lambda information, score, penalty, *, levels, shrinkage: np.where(
                levels, level, slopes
            ),
        )

    return fix


def with_intercepts(X, domain):
    """Standardised columns and an indicator per domain, too high to be penalised."""
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    return np.hstack([Z, 1e3 * np.eye(domain.max() + 1)[domain]])


class TestNoSpread:
    """Free levels, no spread of slopes: all rows pooled, an intercept for each domain."""

    def test_ridge(self, given_spread):
        given_spread(1e6, 1e-9)
        X, y, domain = planted("regression")
        found = RandomCoefficientsRegressor(Ridge(alpha=5.0), target_domain=0)
        found.fit(X, y, sample_domain=domain)
        Z = with_intercepts(X, domain)
        pooled = Ridge(alpha=5.0, fit_intercept=False).fit(Z, y)
        assert_allclose(found.predict(X[:20]), pooled.predict(Z[:20]), rtol=1e-3, atol=1e-3)

    def test_logistic(self, given_spread):
        """Sources count to second order, around modes of their own: equal as they are large."""
        given_spread(1e6, 1e-9)
        X, y, domain = planted(n_source=3000, n_target=300, spread=0.1)
        found = RandomCoefficientsClassifier(target_domain=0).fit(X, y, sample_domain=domain)
        Z = with_intercepts(X, domain)
        pooled = LogisticRegression(fit_intercept=False, tol=1e-8, max_iter=10_000).fit(Z, y)
        assert_allclose(found.predict_proba(X[:300]), pooled.predict_proba(Z[:300]), atol=0.01)


class TestMuchSpread:
    """Nothing is borrowed: the target's own rows, without a penalty."""

    def test_least_squares(self, given_spread):
        given_spread(1e8, 1e8)
        X, y, domain = planted("regression")
        found = RandomCoefficientsRegressor(target_domain=0).fit(X, y, sample_domain=domain)
        own = Ridge(alpha=1e-9).fit(X[:20], y[:20])
        assert_allclose(found.predict(X[:30]), own.predict(X[:30]), rtol=1e-4, atol=1e-4)

    def test_poisson(self, given_spread):
        given_spread(1e6, 1e6)
        X, y, domain = planted("counts", n_target=60)
        found = RandomCoefficientsRegressor(PoissonRegressor(), target_domain=0)
        found.fit(X, y, sample_domain=domain)
        own = PoissonRegressor(alpha=1e-9, tol=1e-9, max_iter=1000).fit(X[:60], y[:60])
        assert_allclose(found.predict(X[:60]), own.predict(X[:60]), rtol=1e-3)

    def test_logistic(self, given_spread):
        """Averaged over the posterior, probabilities fit the rows as the likeliest ones do."""
        given_spread(1e6, 1e6)
        X, y, domain = planted(n_target=200)
        found = RandomCoefficientsClassifier(target_domain=0).fit(X, y, sample_domain=domain)
        residual = y[:200] - found.predict_proba(X[:200])[:, 1]
        assert_allclose(residual @ np.column_stack([np.ones(200), X[:200]]) / 200, 0.0, atol=1e-4)
        own = LogisticRegression(C=np.inf, tol=1e-9).fit(X[:200], y[:200])
        assert_allclose(found.predict_proba(X[:200]), own.predict_proba(X[:200]), atol=0.02)


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_gaussian_fit_is_the_mixed_model(given_spread, factor):
    """Against the dense conditional mean of all rows' normal distribution, noise known.

    Independent of the code: no summaries, no posterior, one covariance matrix of y.
    """
    given_spread(0.5, 0.1 * factor)
    X, y, domain = planted("regression", n_sources=4, n_source=40)
    found = RandomCoefficientsRegressor(Ridge(alpha=2.0), target_domain=0)
    found.fit(X, y, sample_domain=domain)
    Z = np.column_stack([np.ones(len(X)), (X - X.mean(axis=0)) / X.std(axis=0)])
    noise = found.estimator_.candidates[0].dispersion
    values = (y - y.mean()) / y.std()
    same = domain[:, np.newaxis] == domain
    # The user's penalty is in units of the noise.
    shared = np.diag(noise / np.array([1e-6, 2.0, 2.0, 2.0]))
    own = np.diag([0.5, *[0.1 * factor] * 3])
    signal = Z @ shared @ Z.T + same * (Z @ own @ Z.T)
    expected = signal[:20] @ np.linalg.solve(signal + noise * np.eye(len(y)), values)
    assert_allclose(found.predict(X[:20]), y.mean() + y.std() * expected, rtol=1e-5, atol=1e-5)


class TestInvariance:
    @pytest.mark.parametrize(
        ("model", "kind"),
        [
            (RandomCoefficientsClassifier(), "classification"),
            (RandomCoefficientsClassifier(), "several"),
            (RandomCoefficientsRegressor(), "regression"),
            (RandomCoefficientsRegressor(PoissonRegressor()), "counts"),
        ],
    )
    def test_names_and_order_of_domains_and_rows(self, model, kind):
        X, y, domain = planted(kind)
        names = np.array(["home", "z", "b", "y", "a", "c"])[domain]
        order = np.random.default_rng(0).permutation(len(y))
        first = clone(model).set_params(target_domain=0).fit(X, y, sample_domain=domain)
        second = clone(model).set_params(target_domain="home")
        second.fit(X[order], y[order], sample_domain=names[order])
        ask = "predict_proba" if hasattr(first, "predict_proba") else "predict"
        assert_allclose(getattr(first, ask)(X), getattr(second, ask)(X), rtol=1e-4, atol=1e-6)
        weights = dict(zip(second.source_domains_, second.source_weights_, strict=True))
        assert_allclose(first.source_weights_, [weights[k] for k in "zbyac"], rtol=1e-3)

    def test_units_of_columns_and_values(self):
        X, y, domain = planted("regression")
        first = RandomCoefficientsRegressor(target_domain=0).fit(X, y, sample_domain=domain)
        moved = X * [1e-6, 1.0, 1e9] + [0.0, 1e3, -1e9]
        second = clone(first).fit(moved, 1e4 * y - 7.0, sample_domain=domain)
        assert_allclose(second.predict(moved), 1e4 * first.predict(X) - 7.0, rtol=1e-5, atol=1e-3)

    @pytest.mark.parametrize("unit", [1e-6, 1e6])
    def test_units_of_positive_values(self, unit):
        X, y, domain = planted("counts")
        model = RandomCoefficientsRegressor(PoissonRegressor(), target_domain=0)
        from sklearn.linear_model import GammaRegressor

        model.set_params(estimator=GammaRegressor())
        first = clone(model).fit(X, y + 1.0, sample_domain=domain).predict(X)
        second = clone(model).fit(X, unit * (y + 1.0), sample_domain=domain).predict(X)
        assert_allclose(second, unit * first, rtol=1e-4)  # modes are found to a relative gain

    @pytest.mark.parametrize("kind", ["classification", "regression"])
    def test_weight_two_is_a_row_twice(self, kind):
        X, y, domain = planted(kind)
        weight = np.random.default_rng(1).integers(0, 3, size=len(y))
        weight[:2] = 1
        rows = np.repeat(np.arange(len(y)), weight)
        model = (
            RandomCoefficientsClassifier(target_domain=0)
            if kind == "classification"
            else RandomCoefficientsRegressor(target_domain=0)
        )
        weighted = clone(model).fit(X, y, sample_domain=domain, sample_weight=weight)
        repeated = clone(model).fit(X[rows], y[rows], sample_domain=domain[rows])
        assert_allclose(
            weighted.estimator_._mean(X), repeated.estimator_._mean(X), rtol=1e-5, atol=1e-6
        )
        assert_allclose(weighted.transfer_quantity_, repeated.transfer_quantity_, rtol=1e-5)

    def test_steps_before_a_linear_model_are_fitted_once(self):
        X, y, domain = planted()
        bare = RandomCoefficientsClassifier(target_domain=0).fit(X, y, sample_domain=domain)
        piped = clone(bare).set_params(
            estimator=make_pipeline(StandardScaler(), LogisticRegression())
        )
        piped.fit(5.0 + 3.0 * X, y, sample_domain=domain)
        assert_allclose(piped.predict_proba(5.0 + 3.0 * X), bare.predict_proba(X), rtol=1e-6)


class TestBaseModel:
    def test_uninformative_base_leaves_the_linear_part(self):
        """A stump of one leaf says the same of every row: what remains is the linear model."""
        X, y, domain = planted(n_source=400)
        stump = DecisionTreeClassifier(max_depth=1, min_samples_leaf=2000)
        with_stump = RandomCoefficientsClassifier(stump, target_domain=0, random_state=0)
        linear = RandomCoefficientsClassifier(target_domain=0)
        found, expected = (
            model.fit(X, y, sample_domain=domain).predict_proba(X[:20])
            for model in (with_stump, linear)
        )
        assert_allclose(found, expected, atol=0.03)

    def test_folds_follow_the_seed_alone(self):
        X, y, domain = planted()
        model = RandomCoefficientsClassifier(
            DecisionTreeClassifier(max_depth=3, random_state=0), target_domain=0, random_state=3
        )
        one, two = (
            clone(model).set_params(n_jobs=jobs).fit(X, y, sample_domain=domain).predict_proba(X)
            for jobs in (None, 2)
        )
        assert_allclose(one, two)

    def test_predictor_is_out_of_fold(self):
        """A tree that knows its rows by heart: in sample its slope would be certain."""
        X, y, domain = planted(n_source=200)
        rng = np.random.default_rng(0)
        noise = rng.integers(2, size=len(y))
        tree = DecisionTreeClassifier(random_state=0)
        model = RandomCoefficientsClassifier(tree, target_domain=0, random_state=0)
        proba = model.fit(X, noise, sample_domain=domain).predict_proba(X)[:, 1]
        assert np.abs(proba - 0.5).max() < 0.35


@pytest.mark.parametrize(("n_sources", "centre"), [(3, 16.0), (5, 16.0), (20, 2.0)])
def test_many_sources_show_how_far_levels_lie_apart(n_sources, centre):
    """The prior of the factor on the levels' spread peaks nearer to 1 with more sources."""
    factors = np.geomspace(0.5, 64, 22)
    weights = []
    for factor in factors:
        candidate = Candidate(1.0, factor, 1.0, np.zeros(1), None, 0.0)
        told = Population(np.zeros(1), np.eye(1), np.ones(1), 0.0, np.ones((n_sources, 1, 1)))
        weights.append(_population_fit._log_weight(candidate, told, 1))
    assert_allclose(factors[np.argmax(weights)], centre)
