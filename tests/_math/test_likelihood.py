# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Likelihoods against log-densities, finite differences and scikit-learn's fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import expit, softmax
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    TweedieRegressor,
)

from sklearn_transfer._math.likelihood import Likelihood, penalised_mode

# Name, dispersion and variance power; power 3 is the inverse Gaussian distribution.
FAMILIES = [
    ("bernoulli", 1.0, 1.5),
    ("multinomial", 1.0, 1.5),
    ("gaussian", 0.7, 1.5),
    ("poisson", 1.0, 1.5),
    ("gamma", 0.4, 1.5),
    ("tweedie", 0.6, 1.5),
    ("tweedie", 0.6, 1.3),
    ("tweedie", 0.3, 3.0),
]


def draw(family, dispersion=1.0, power=1.5, n_samples=40, seed=0):
    """Rows with an intercept, an offset and weights, and two coefficient vectors."""
    rng = np.random.default_rng(seed)
    n_outputs = 3 if family == "multinomial" else 1
    design = np.column_stack([np.ones(n_samples), 0.5 * rng.standard_normal((n_samples, 2))])
    shape = (n_samples, 3) if n_outputs == 3 else n_samples
    offset = 0.3 * rng.standard_normal(shape)
    y = {
        "bernoulli": lambda: rng.integers(2, size=n_samples),
        "multinomial": lambda: rng.integers(3, size=n_samples),
        "gaussian": lambda: rng.standard_normal(n_samples),
        "poisson": lambda: rng.poisson(2.0, n_samples),
    }.get(family, lambda: rng.gamma(2.0, 0.5, n_samples))()
    weight = rng.uniform(0.5, 2.0, n_samples)
    likelihood = Likelihood(design, y, family, offset, weight, n_outputs, dispersion, power)
    return likelihood, *rng.standard_normal((2, likelihood.n_coefficients)) * 0.5


def compound_poisson_gamma(y, mean, phi, power):
    """Tweedie's log-density for positive y, power between 1 and 2: a sum over the jumps."""
    rate = mean ** (2 - power) / (phi * (2 - power))
    shape = (2 - power) / (power - 1)
    jumps = np.arange(1, 400)
    terms = stats.poisson.logpmf(jumps, rate[:, np.newaxis]) + stats.gamma.logpdf(
        y[:, np.newaxis],
        jumps * shape,
        scale=phi * (power - 1) * mean[:, np.newaxis] ** (power - 1),
    )
    return np.logaddexp.reduce(terms, axis=1)


def log_density(likelihood, coefficients):
    """The same as `value`, from scipy's distributions."""
    eta, y, phi = likelihood.predictor(coefficients), likelihood.y, likelihood.dispersion
    if likelihood.family == "bernoulli":
        terms = stats.bernoulli.logpmf(y, expit(eta))
    elif likelihood.family == "multinomial":
        terms = stats.multinomial.logpmf(np.eye(3, dtype=int)[y], 1, softmax(eta, axis=1))
    elif likelihood.family == "gaussian":
        terms = stats.norm.logpdf(y, eta, np.sqrt(phi))
    elif likelihood.family == "poisson":
        terms = stats.poisson.logpmf(y, np.exp(eta))
    elif likelihood.family == "gamma":
        terms = stats.gamma.logpdf(y, 1 / phi, scale=phi * np.exp(eta))
    elif likelihood.power == 3.0:
        terms = stats.invgauss.logpdf(y, np.exp(eta) * phi, scale=1 / phi)
    else:
        terms = compound_poisson_gamma(y, np.exp(eta), phi, likelihood.power)
    return likelihood.sample_weight @ terms


def central_differences(function, at, step=1e-5):
    unit = np.eye(len(at)) * step
    return np.array([(function(at + e) - function(at - e)) / (2 * step) for e in unit])


class TestLikelihood:
    @pytest.mark.parametrize(("family", "dispersion", "power"), FAMILIES)
    def test_differences_are_those_of_the_log_density(self, family, dispersion, power):
        likelihood, first, second = draw(family, dispersion, power)
        assert_allclose(
            likelihood.value(first) - likelihood.value(second),
            log_density(likelihood, first) - log_density(likelihood, second),
            rtol=1e-8,
        )

    def test_gaussian_noise_levels_can_be_compared(self):
        likelihood, at, _ = draw("gaussian")
        other = replace(likelihood, dispersion=2.5)
        assert_allclose(
            likelihood.value(at) - other.value(at),
            log_density(likelihood, at) - log_density(other, at),
            rtol=1e-10,
        )

    @pytest.mark.parametrize(("power", "family"), [(1.0, "poisson"), (2.0, "gamma")])
    def test_tweedie_contains_its_special_cases(self, power, family):
        special, at, _ = draw(family, 0.5)
        general = replace(special, family="tweedie", power=power)
        assert_allclose(general.value(at), special.value(at))
        for ours, theirs in zip(
            general.gradient_and_information(at), special.gradient_and_information(at), strict=True
        ):
            assert_allclose(ours, theirs)

    @pytest.mark.parametrize(("family", "dispersion", "power"), FAMILIES)
    def test_gradient(self, family, dispersion, power):
        likelihood, at, _ = draw(family, dispersion, power)
        gradient, _ = likelihood.gradient_and_information(at)
        assert_allclose(gradient, central_differences(likelihood.value, at), rtol=1e-6, atol=1e-6)

    @pytest.mark.parametrize(("family", "dispersion", "power"), FAMILIES)
    def test_information(self, family, dispersion, power):
        """The observed information is the expected one where y is the mean (any y if canonical)."""
        likelihood, at, _ = draw(family, dispersion, power)
        if family in ("gamma", "tweedie"):
            likelihood = replace(likelihood, y=np.exp(likelihood.predictor(at)))
        _, information = likelihood.gradient_and_information(at)
        observed = -central_differences(lambda c: likelihood.gradient_and_information(c)[0], at)
        assert_allclose(information, observed, rtol=1e-6, atol=1e-6)

    @pytest.mark.parametrize(("family", "dispersion", "power"), FAMILIES)
    def test_weight_two_is_a_row_twice(self, family, dispersion, power):
        likelihood, at, _ = draw(family, dispersion, power)
        weight = np.random.default_rng(0).integers(0, 4, size=len(likelihood.y))
        rows = np.repeat(np.arange(len(weight)), weight)
        weighted = replace(likelihood, sample_weight=weight.astype(float))
        repeated = replace(
            likelihood,
            design=likelihood.design[rows],
            y=likelihood.y[rows],
            offset=likelihood.offset[rows],
            sample_weight=np.ones(len(rows)),
        )
        assert_allclose(weighted.value(at), repeated.value(at))
        for ours, theirs in zip(
            weighted.gradient_and_information(at),
            repeated.gradient_and_information(at),
            strict=True,
        ):
            assert_allclose(ours, theirs, atol=1e-12)

    def test_softmax_of_two_classes_is_the_logistic_model(self):
        binary, at, _ = draw("bernoulli")
        offset = np.column_stack([np.zeros(len(binary.y)), binary.offset])
        double = replace(binary, family="multinomial", offset=offset, n_outputs=2)
        both = np.concatenate([np.zeros(3), at])
        assert_allclose(double.value(both), binary.value(at))
        gradient, information = double.gradient_and_information(both)
        expected, expected_information = binary.gradient_and_information(at)
        assert_allclose(gradient[3:], expected)
        assert_allclose(information[3:, 3:], expected_information)

    def test_expected_over_the_predictor(self):
        """By differences, and by quadrature of the logistic function within its known error."""
        certain, at, _ = draw("bernoulli")
        rng = np.random.default_rng(2)
        likelihood = replace(certain, variance=rng.uniform(0.0, 4.0, len(certain.y)))
        gradient, information = likelihood.gradient_and_information(at)
        assert_allclose(gradient, central_differences(likelihood.value, at), rtol=1e-6, atol=1e-6)
        observed = -central_differences(lambda c: likelihood.gradient_and_information(c)[0], at)
        assert_allclose(information, observed, rtol=1e-6, atol=1e-6)

        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        drawn = likelihood.predictor(at)[:, np.newaxis] + np.outer(
            np.sqrt(likelihood.variance), nodes
        )
        mean = expit(drawn) @ weights / weights.sum()
        n_rows = likelihood.sample_weight.sum()
        exact = likelihood.design.T @ (likelihood.sample_weight * (likelihood.y - mean))
        assert_allclose(gradient / n_rows, exact / n_rows, atol=0.01)

        nothing = replace(certain, variance=np.zeros(len(certain.y)))
        assert_allclose(nothing.value(at), certain.value(at))


def penalty(n_outputs, n_columns, strength, intercept=0.0):
    one = np.full(n_columns, float(strength))
    one[0] = intercept
    return np.diag(np.tile(one, n_outputs))


class TestPenalisedMode:
    """scikit-learn's solvers are the oracle; all leave the intercept free."""

    def data(self, family):
        rng = np.random.default_rng(1)
        X = rng.standard_normal((120, 3))
        eta = X @ [0.8, -0.4, 0.0] + 0.3
        weight = rng.uniform(0.5, 2.0, 120)
        y = {
            "bernoulli": lambda: rng.binomial(1, expit(eta)),
            "multinomial": lambda: rng.integers(3, size=120) * (eta > -0.2),
            "gaussian": lambda: eta + rng.standard_normal(120),
            "poisson": lambda: rng.poisson(np.exp(eta)),
        }.get(family, lambda: np.exp(eta) * rng.gamma(2.0, 0.5, 120))()
        return X, y, weight

    def mode(self, family, X, y, weight, strength, power=1.5):
        design = np.column_stack([np.ones(len(X)), X])
        n_outputs = 3 if family == "multinomial" else 1
        offset = np.zeros((len(X), 3) if n_outputs == 3 else len(X))
        likelihood = Likelihood(design, y, family, offset, weight, n_outputs, 1.0, power)
        # Softmax does not determine what all intercepts share.
        prior = penalty(n_outputs, 4, strength, 1e-8 if n_outputs == 3 else 0.0)
        found, _ = penalised_mode(likelihood, np.zeros(4 * n_outputs), prior)
        return found.reshape(n_outputs, 4)

    @pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
    def test_logistic(self, C):
        X, y, weight = self.data("bernoulli")
        model = LogisticRegression(C=C, tol=1e-10).fit(X, y, sample_weight=weight)
        found = self.mode("bernoulli", X, y, weight, 1 / C)
        assert_allclose(found[0], [*model.intercept_, *model.coef_[0]], atol=1e-5)

    @pytest.mark.parametrize("C", [0.1, 10.0])
    def test_softmax(self, C):
        X, y, weight = self.data("multinomial")
        model = LogisticRegression(C=C, tol=1e-10).fit(X, y, sample_weight=weight)
        found = self.mode("multinomial", X, y, weight, 1 / C)
        found[:, 0] -= found[:, 0].mean()
        expected = np.column_stack([model.intercept_ - model.intercept_.mean(), model.coef_])
        assert_allclose(found, expected, atol=1e-4)

    @pytest.mark.parametrize("alpha", [0.1, 50.0])
    def test_ridge(self, alpha):
        X, y, weight = self.data("gaussian")
        model = Ridge(alpha=alpha).fit(X, y, sample_weight=weight)
        found = self.mode("gaussian", X, y, weight, alpha)
        assert_allclose(found[0], [model.intercept_, *model.coef_], atol=1e-7)

    @pytest.mark.parametrize(
        ("family", "model", "power"),
        [
            ("poisson", PoissonRegressor(alpha=0.1, tol=1e-10, max_iter=1000), 1.5),
            ("gamma", GammaRegressor(alpha=0.1, tol=1e-10, max_iter=1000), 1.5),
            ("tweedie", TweedieRegressor(power=1.4, alpha=0.1, tol=1e-10, max_iter=1000), 1.4),
            (
                "tweedie",
                TweedieRegressor(power=3, link="log", alpha=0.1, tol=1e-10, max_iter=1000),
                3.0,
            ),
        ],
    )
    def test_logarithmic_link(self, family, model, power):
        """Their loss is a mean over rows, so that their penalty grows with the rows."""
        X, y, weight = self.data(family)
        model.fit(X, y, sample_weight=weight)
        found = self.mode(family, X, y, weight, 0.1 * weight.sum(), power)
        assert_allclose(found[0], [model.intercept_, *model.coef_], atol=1e-4)

    @pytest.mark.parametrize(("family", "dispersion", "power"), FAMILIES)
    def test_is_stationary_from_any_start(self, family, dispersion, power):
        likelihood, start, prior_mean = draw(family, dispersion, power)
        rng = np.random.default_rng(2)
        root = rng.standard_normal((len(start), len(start)))
        precision = root @ root.T + 0.1 * np.eye(len(start))
        mode, information = penalised_mode(likelihood, prior_mean, precision, tol=1e-14)
        gradient, expected = likelihood.gradient_and_information(mode)
        assert_allclose(gradient, precision @ (mode - prior_mean), atol=1e-4)
        assert_allclose(information, expected)
        again, _ = penalised_mode(likelihood, prior_mean, precision, start=start, tol=1e-14)
        assert_allclose(again, mode, atol=1e-5)

    def test_without_rows_is_the_prior_mean(self):
        empty = Likelihood(np.ones((0, 2)), np.ones(0), "bernoulli", np.zeros(0), np.zeros(0))
        mode, information = penalised_mode(empty, np.array([1.0, -2.0]), np.eye(2))
        assert_allclose(mode, [1.0, -2.0])
        assert_allclose(information, 0.0)

    @pytest.mark.parametrize("family", ["bernoulli", "multinomial", "poisson", "gamma"])
    def test_separable_or_extreme_rows_end_at_a_finite_mode(self, family):
        x = np.linspace(-50, 50, 40)
        y = {"multinomial": np.digitize(x, [-10, 10]), "bernoulli": (x > 0).astype(int)}.get(
            family, np.where(x > 0, 1e6, 1e-3)
        )
        n_outputs = 3 if family == "multinomial" else 1
        likelihood = Likelihood(
            np.column_stack([np.ones(40), x]),
            y,
            family,
            np.zeros((40, 3) if n_outputs == 3 else 40),
            np.ones(40),
            n_outputs,
        )
        precision = 1e-2 * np.eye(2 * n_outputs)
        mode, _ = penalised_mode(likelihood, np.zeros(2 * n_outputs), precision, max_iter=200)
        gradient, _ = likelihood.gradient_and_information(mode)
        assert_allclose(gradient - precision @ mode, 0.0, atol=1e-3 * np.abs(y).max())


class TestResiduals:
    @pytest.mark.parametrize("family", ["bernoulli", "multinomial", "gaussian"])
    def test_make_up_the_gradient(self, family):
        """Of a canonical link."""
        likelihood, at, _ = draw(family)
        weighted = likelihood.sample_weight[:, np.newaxis] * likelihood.residuals(at).reshape(
            40, -1
        )
        expected = (weighted.T @ likelihood.design).ravel()
        assert_allclose(likelihood.gradient_and_information(at)[0], expected, rtol=1e-10)

    @pytest.mark.parametrize(
        ("family", "power", "variance"),
        [
            ("poisson", 1.5, lambda mean: mean),
            ("gamma", 1.5, lambda mean: mean**2),
            ("tweedie", 1.3, lambda mean: mean**1.3),
        ],
    )
    def test_are_in_units_of_the_standard_deviation(self, family, power, variance):
        likelihood, at, _ = draw(family, power=power)
        mean = np.exp(likelihood.offset + likelihood.design @ at)
        expected = (likelihood.y - mean) / np.sqrt(variance(mean))
        assert_allclose(likelihood.residuals(at), expected)
