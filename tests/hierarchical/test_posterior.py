# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Posteriors against conjugate formulas and quadrature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import expit, softmax
from scipy.stats import multivariate_normal, norm

from sklearn_transfer._math.likelihood import Likelihood
from sklearn_transfer._math.random_coefficients import Population
from sklearn_transfer.hierarchical._posterior import (
    Candidate,
    posterior,
    posteriors_over_noise,
    predictive_mean,
)

# expit(m / sqrt(1 + pi v / 8)) misses the mean of expit by at most this, over all m and v.
PROBIT_ERROR = 0.016


def population(mean, covariance, spread):
    p = len(mean)
    return Population(np.array(mean), np.array(covariance), np.array(spread), 0.0, np.eye(p)[None])


def gaussian_problem():
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(12), rng.standard_normal((12, 2))])
    y, offset = rng.standard_normal(12), rng.standard_normal(12)
    likelihood = Likelihood(design, y, "gaussian", offset, np.ones(12), dispersion=0.6)
    root = 0.2 * rng.standard_normal((3, 3))
    drawn_from = population([1.0, -0.5, 0.2], root @ root.T, [0.5, 0.1, 0.3])
    return likelihood, drawn_from, np.array([True, False, False])


class TestGaussian:
    def test_is_the_conjugate_posterior(self):
        likelihood, drawn_from, levels = gaussian_problem()
        found = posterior(likelihood, drawn_from, levels, spread_factor=1.0, level_factor=4.0)
        prior = np.diag([2.0, 0.1, 0.3]) + drawn_from.mean_covariance
        # In the space of rows, by conditioning: no inverse of the prior.
        Z = likelihood.design
        gain = prior @ Z.T @ np.linalg.inv(Z @ prior @ Z.T + 0.6 * np.eye(12))
        away = likelihood.y - likelihood.offset - Z @ drawn_from.mean
        assert_allclose(found.mode, drawn_from.mean + gain @ away, rtol=1e-7)
        assert_allclose(found.covariance, prior - gain @ Z @ prior, rtol=1e-6, atol=1e-9)
        assert (found.spread_factor, found.level_factor, found.dispersion) == (1.0, 4.0, 0.6)

    def test_evidence_is_the_marginal_likelihood(self):
        likelihood, drawn_from, levels = gaussian_problem()
        Z = likelihood.design
        for level_factor in (1.0, 16.0):
            for candidate, factor in zip(
                posteriors_over_noise(
                    likelihood,
                    drawn_from,
                    levels,
                    spread_factor=1.0,
                    level_factor=level_factor,
                    factors=(0.5, 1.0, 2.0),
                ),
                (0.5, 1.0, 2.0),
                strict=True,
            ):
                spread = drawn_from.spread * [level_factor, 1.0, 1.0]
                total = Z @ (np.diag(spread) + drawn_from.mean_covariance) @ Z.T
                exact = multivariate_normal.logpdf(
                    likelihood.y,
                    Z @ drawn_from.mean + likelihood.offset,
                    total + 0.6 * factor * np.eye(12),
                )
                exact += 6 * np.log(2 * np.pi)  # the constant of the density of y
                prior = norm.logpdf(np.log(factor), scale=0.35) - norm.logpdf(0, scale=0.35)
                assert_allclose(candidate.log_evidence, exact, rtol=1e-8)
                assert_allclose(candidate.log_prior, prior, atol=1e-12)
                assert candidate.dispersion == pytest.approx(0.6 * factor)


class TestLogistic:
    def problem(self, n_samples):
        """Fixed rows with a share of ones that rises with x; one coefficient."""
        x = np.tile([-1.5, -0.5, 0.5, 1.5], n_samples // 4)
        y = np.repeat([0, 0, 0, 1], n_samples // 4)
        y = np.where(x > 0, 1 - y, y)
        return Likelihood(x[:, None], y, "bernoulli", np.full(n_samples, 0.2), np.ones(n_samples))

    def laplace_and_quadrature(self, n_samples):
        likelihood = self.problem(n_samples)
        found = posterior(
            likelihood,
            population([0.5], [[0.2]], [0.8]),
            np.array([False]),
            spread_factor=1.0,
            level_factor=1.0,
        )

        def density(t):
            log = likelihood.value(np.array([t])) + norm.logpdf(t, 0.5, 1.0)
            return np.exp(log - found.log_evidence)

        span = found.mode[0] + 12 * np.sqrt(found.covariance[0, 0]) * np.array([-1, 1])
        mass, mean, square = (
            quad(lambda t, k=k: t**k * density(t), *span, epsabs=1e-12)[0] for k in range(3)
        )
        return found, np.log(mass), mean / mass, square / mass - (mean / mass) ** 2

    def test_evidence_mode_and_variance(self):
        """Laplace's errors fall like 1/n: within .03 at 40 rows, a quarter of that at 160."""
        errors = []
        for n_samples in (40, 160):
            found, log_mass, mean, variance = self.laplace_and_quadrature(n_samples)
            errors.append(
                [
                    abs(log_mass),
                    abs(found.mode[0] - mean) / np.sqrt(variance),
                    abs(found.covariance[0, 0] / variance - 1),
                ]
            )
        assert (np.array(errors[0]) < [0.03, 0.2, 0.15]).all()
        assert (np.array(errors[1]) < 0.6 * np.array(errors[0])).all()

    def test_few_rows_stay_near_the_prior(self):
        found, *_ = self.laplace_and_quadrature(4)
        assert abs(found.mode[0] - 0.5) < 1.0
        assert found.covariance[0, 0] < 1.0


def candidate(mode, covariance):
    return Candidate(1.0, 1.0, 1.0, np.array(mode), np.array(covariance), 0.0)


class TestPredictiveMean:
    def test_bernoulli_against_quadrature(self):
        rng = np.random.default_rng(0)
        design = np.column_stack([np.ones(300), 2 * rng.standard_normal((300, 2))])
        root = rng.standard_normal((3, 3))
        one = candidate([0.3, 1.0, -0.7], root @ root.T)
        offset = rng.standard_normal(300)
        found = predictive_mean([one], np.ones(1), design, offset, "bernoulli", 1)
        nodes, weights = hermegauss(200)
        sd = np.sqrt(np.einsum("ij,jk,ik->i", design, one.covariance, design))
        eta = (design @ one.mode + offset)[:, None] + sd[:, None] * nodes
        exact = expit(eta) @ weights / weights.sum()
        assert np.abs(found - exact).max() < PROBIT_ERROR

    def test_stays_calibrated_where_the_mode_would_not(self):
        """Bound of the approximation on a grid, so that PROBIT_ERROR is a fact."""
        mean, variance = np.meshgrid(np.linspace(-8, 8, 81), np.linspace(0, 25, 51))
        nodes, weights = hermegauss(120)
        eta = mean[..., None] + np.sqrt(variance)[..., None] * nodes
        exact = expit(eta) @ weights / weights.sum()
        approximate = expit(mean / np.sqrt(1 + np.pi * variance / 8))
        assert np.abs(approximate - exact).max() < PROBIT_ERROR
        assert np.abs(expit(mean) - exact).max() > 10 * PROBIT_ERROR

    def test_two_classes_of_softmax_are_the_logistic_model(self):
        rng = np.random.default_rng(1)
        design = np.column_stack([np.ones(50), rng.standard_normal((50, 1))])
        root = rng.standard_normal((2, 2))
        covariance, mode, offset = root @ root.T, np.array([0.2, 1.5]), rng.standard_normal(50)
        single = predictive_mean(
            [candidate(mode, covariance)], np.ones(1), design, offset, "bernoulli", 1
        )
        for share in (0.0, 0.5):
            # The log-odds are the difference of the classes, however they are shared out.
            split = np.array([-share, 1.0 - share])
            double = predictive_mean(
                [candidate(np.kron(split, mode), np.kron(np.outer(split, split), covariance))],
                np.ones(1),
                design,
                np.outer(offset, split),
                "multinomial",
                2,
            )
            assert_allclose(double[:, 1], single, rtol=1e-10)
            assert_allclose(double.sum(axis=1), 1.0)

    def test_what_all_classes_share_does_not_matter(self):
        rng = np.random.default_rng(2)
        design = np.column_stack([np.ones(20), rng.standard_normal((20, 1))])
        root = rng.standard_normal((6, 6))
        covariance, mode, offset = root @ root.T, rng.standard_normal(6), np.zeros((20, 3))
        shared = np.kron(np.ones((3, 3)), 5 * np.eye(2))
        mixture = [
            candidate(mode, covariance),
            candidate(mode + np.tile([3.0, 1.0], 3), covariance + shared),
        ]
        found = [
            predictive_mean([one], np.ones(1), design, offset + shift, "multinomial", 3)
            for one, shift in zip(mixture, (0.0, 7.0), strict=True)
        ]
        assert_allclose(found[0], found[1], rtol=1e-8)

    def test_certain_coefficients_give_softmax(self):
        rng = np.random.default_rng(3)
        design, mode = rng.standard_normal((20, 2)), 5 * rng.standard_normal(8)
        one = candidate(mode, np.zeros((8, 8)))
        found = predictive_mean([one], np.ones(1), design, np.zeros((20, 4)), "multinomial", 4)
        assert_allclose(found, softmax(design @ mode.reshape(4, 2).T, axis=1), atol=1e-12)

    def test_several_classes_against_simulation(self):
        """Closer than the mode is; the simulated means have standard errors below .002."""
        rng = np.random.default_rng(4)
        ours, modes = [], []
        for _ in range(20):
            root = rng.standard_normal((4, 4))
            mean = 2 * rng.standard_normal(4)
            drawn = mean + rng.standard_normal((50_000, 4)) @ root.T
            exact = softmax(drawn, axis=1).mean(axis=0)
            found = predictive_mean(
                [candidate(mean, root @ root.T)],
                np.ones(1),
                np.ones((1, 1)),
                np.zeros((1, 4)),
                "multinomial",
                4,
            )
            ours.append(np.abs(found[0] - exact).max())
            modes.append(np.abs(softmax(mean) - exact).max())
        assert np.mean(ours) < 0.05 < 0.1 < np.mean(modes)

    @pytest.mark.parametrize(("family", "inverse"), [("gaussian", lambda t: t), ("gamma", np.exp)])
    def test_values_are_averaged(self, family, inverse):
        design = np.column_stack([np.ones(5), np.arange(5.0)])
        modes = np.array([[0.1, 0.2], [-0.3, 0.5]])
        mixture = [candidate(mode, np.eye(2)) for mode in modes]
        found = predictive_mean(mixture, np.array([0.3, 0.7]), design, np.ones(5), family, 1)
        assert_allclose(found, inverse(design @ modes.T + 1.0) @ [0.3, 0.7])


@pytest.mark.parametrize("n_samples", [4, 40])
def test_one_decomposition_for_all_noise_is_the_posterior_for_each(n_samples):
    """More rows than coefficients and fewer: both ways equal the posterior in coefficients."""
    rng = np.random.default_rng(0)
    p = 6
    root = rng.standard_normal((p, p))
    drawn_from = Population(
        rng.standard_normal(p), 0.1 * root @ root.T, rng.uniform(0.1, 2.0, p), 0.0, np.empty(0)
    )
    levels = np.arange(p) == 0
    likelihood = Likelihood(
        rng.standard_normal((n_samples, p)),
        rng.standard_normal(n_samples),
        "gaussian",
        rng.standard_normal(n_samples),
        rng.uniform(0.5, 2.0, n_samples),
        1,
        0.7,
    )
    options = {"spread_factor": 1.0, "level_factor": 4.0}
    factors = (0.3, 1.0, 5.0)
    found = posteriors_over_noise(likelihood, drawn_from, levels, factors=factors, **options)
    for candidate, factor in zip(found, factors, strict=True):
        slow = posterior(
            replace(likelihood, dispersion=0.7 * factor), drawn_from, levels, **options
        )
        assert_allclose(candidate.mode, slow.mode, rtol=1e-8)
        assert_allclose(candidate.log_evidence, slow.log_evidence, rtol=1e-8)
