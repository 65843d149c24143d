# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The population of domains against dense normal distributions and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import block_diag
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import multivariate_normal

from sklearn_transfer._math.random_coefficients import (
    estimate_spread,
    estimate_spread_around_base,
    population_given_spread,
)

problems = st.tuples(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 4))


def regular(seed, n_sources, n_coefficients):
    """Positive definite informations, scores, two spreads and a penalty."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((n_sources, n_coefficients, n_coefficients + 2))
    information = 3.0 * root @ root.transpose(0, 2, 1) + 0.1 * np.eye(n_coefficients)
    score = 4.0 * rng.standard_normal((n_sources, n_coefficients))
    spreads = rng.uniform(0.05, 2.0, (2, n_coefficients))
    return information, score, spreads, rng.uniform(0.1, 1.0, n_coefficients)


def log_density_of_estimates(information, score, spread, penalty):
    """Of the sources' own estimates, the population's mean integrated out."""
    covariance = np.linalg.inv(information)
    estimates = np.einsum("kij,kj->ki", covariance, score)
    shared = np.kron(np.ones((len(score), len(score))), np.diag(1 / penalty))
    total = block_diag(*(covariance + np.diag(spread))) + shared
    return multivariate_normal.logpdf(estimates.ravel(), np.zeros(score.size), total)


class TestPopulationGivenSpread:
    @given(problems)
    def test_is_generalised_least_squares(self, problem):
        information, score, (spread, _), penalty = regular(*problem)
        covariance = np.linalg.inv(information)
        estimates = np.einsum("kij,kj->ki", covariance, score)
        precision = np.linalg.inv(covariance + np.diag(spread))
        of_mean = np.linalg.inv(precision.sum(axis=0) + np.diag(penalty))
        population = population_given_spread(information, score, spread, penalty)
        assert_allclose(population.source_precision, precision, rtol=1e-7, atol=1e-8)
        assert_allclose(population.mean_covariance, of_mean, rtol=1e-7, atol=1e-9)
        expected = of_mean @ np.einsum("kij,kj->i", precision, estimates)
        assert_allclose(population.mean, expected, rtol=1e-7, atol=1e-8)

    @given(problems)
    def test_evidence_compares_spreads(self, problem):
        information, score, spreads, penalty = regular(*problem)
        found = [
            population_given_spread(information, score, spread, penalty).log_likelihood
            for spread in spreads
        ]
        expected = [
            log_density_of_estimates(information, score, spread, penalty) for spread in spreads
        ]
        assert_allclose(found[0] - found[1], expected[0] - expected[1], rtol=1e-6, atol=1e-6)

    def test_sources_with_fewer_rows_than_coefficients(self):
        """Singular informations: the density of y itself, coefficients and mean integrated out."""
        rng = np.random.default_rng(0)
        sizes, p = [1, 2, 3, 6], 4
        designs = [rng.standard_normal((n, p)) for n in sizes]
        values = [rng.standard_normal(n) for n in sizes]
        information = np.array([Z.T @ Z for Z in designs])
        score = np.array([Z.T @ y for Z, y in zip(designs, values, strict=True)])
        penalty = np.full(p, 0.3)
        stacked, y = np.vstack(designs), np.concatenate(values)

        def direct(spread):
            own = block_diag(*[Z * spread @ Z.T for Z in designs])
            total = own + stacked / penalty @ stacked.T + np.eye(len(y))
            return multivariate_normal.logpdf(y, np.zeros(len(y)), total)

        first, second = np.array([0.5, 0.1, 1.0, 0.2]), np.full(p, 0.7)
        found = [
            population_given_spread(information, score, spread, penalty).log_likelihood
            for spread in (first, second)
        ]
        assert_allclose(found[0] - found[1], direct(first) - direct(second), rtol=1e-9)

    def test_restricted_likelihood_of_one_way_random_effects(self):
        """The textbook formula: v_i = tau^2 + sigma^2/n_i, with an improper prior on the mean."""
        rng = np.random.default_rng(1)
        n, noise = np.array([3.0, 10.0, 25.0, 7.0, 40.0]), 1.7
        means = rng.standard_normal(5)

        def textbook(spread):
            w = 1 / (spread + noise / n)
            centre = w @ means / w.sum()
            return 0.5 * (np.log(w).sum() - np.log(w.sum()) - w @ (means - centre) ** 2)

        information = (n / noise).reshape(-1, 1, 1)
        score = (n / noise * means).reshape(-1, 1)
        found = [
            population_given_spread(
                information, score, np.array([spread]), np.array([1e-9])
            ).log_likelihood
            for spread in (0.3, 2.0)
        ]
        assert_allclose(found[0] - found[1], textbook(0.3) - textbook(2.0), rtol=1e-6)

    def test_no_spread_pools_and_much_spread_averages(self):
        information, score, _, _ = regular(3, 5, 3)
        tiny, huge = np.full(3, 1e-6), np.full(3, 1e6)
        none = np.full(3, 1e-12)
        pooled = np.linalg.solve(information.sum(axis=0), score.sum(axis=0))
        found = population_given_spread(information, score, tiny, none).mean
        assert_allclose(found, pooled, rtol=1e-3)
        estimates = np.array([np.linalg.solve(H, b) for H, b in zip(information, score, strict=1)])
        found = population_given_spread(information, score, huge, none).mean
        assert_allclose(found, estimates.mean(axis=0), rtol=1e-3)


def one_way(seed, n_sources, spread, noise):
    """Estimates of one coefficient, all of variance `noise`."""
    rng = np.random.default_rng(seed)
    estimates = rng.normal(2.0, np.sqrt(spread + noise), n_sources)
    information = np.full((n_sources, 1, 1), 1 / noise)
    return estimates, information, estimates[:, np.newaxis] / noise


EXACT = {"max_iter": 800, "tol": 1e-7}


class TestEstimateSpread:
    @pytest.mark.parametrize("seed", range(6))
    @pytest.mark.parametrize(("n_sources", "spread"), [(3, 2.0), (8, 0.0), (12, 0.3)])
    def test_balanced_slopes_give_analysis_of_variance(self, seed, n_sources, spread):
        estimates, information, score = one_way(seed, n_sources, spread, 0.5)
        closed = max(estimates.var(ddof=1) - 0.5, 0.0)
        found = estimate_spread(
            information,
            score,
            np.array([1e-10]),
            levels=np.array([False]),
            shrinkage=0.0,
            **EXACT,
        )
        # Near 0 expectation-maximisation slows down without end.
        assert_allclose(found[0], closed, rtol=1e-3, atol=0.02)

    @pytest.mark.parametrize("seed", range(6))
    @pytest.mark.parametrize(("n_sources", "spread"), [(2, 2.0), (8, 0.0), (12, 0.3)])
    def test_balanced_levels_have_one_more_source_of_variance_a_quarter(
        self, seed, n_sources, spread
    ):
        """Fixed point (K+1) s = E[sum of squares] + 1/4, written out for one coefficient."""
        noise = 0.5
        estimates, information, score = one_way(seed, n_sources, spread, noise)
        scatter = ((estimates - estimates.mean()) ** 2).sum()

        def excess(s):
            share = s / (s + noise)
            squares = share**2 * scatter + s + (n_sources - 1) * share * noise
            return squares + 0.25 - (n_sources + 1) * s

        found = estimate_spread(
            information, score, np.array([1e-10]), levels=np.array([True]), **EXACT
        )
        assert_allclose(found[0], brentq(excess, 1e-9, 1e4), rtol=1e-5)

    def test_unbalanced_slope_maximises_the_restricted_likelihood(self):
        rng = np.random.default_rng(4)
        noise = rng.uniform(0.05, 2.0, 15)
        estimates = rng.normal(1.0, np.sqrt(0.8 + noise))
        information, score = (1 / noise).reshape(-1, 1, 1), (estimates / noise)[:, np.newaxis]
        flat = np.array([1e-10])

        def loss(log_spread):
            spread = np.exp([log_spread])
            return -population_given_spread(information, score, spread, flat).log_likelihood

        best = minimize_scalar(loss, bounds=(-5, 3), method="bounded", options={"xatol": 1e-8}).x
        found = estimate_spread(
            information, score, flat, levels=np.array([False]), shrinkage=0.0, **EXACT
        )
        assert_allclose(found[0], np.exp(best), rtol=1e-4)

    def test_shrinkage_draws_slopes_together_and_leaves_their_mean(self):
        """Balanced and orthogonal: each slope by itself, then all alike."""
        rng = np.random.default_rng(5)
        estimates = rng.standard_normal((8, 4)) * [0.3, 0.6, 1.0, 2.0]
        information = np.tile(np.eye(4) * 20.0, (8, 1, 1))
        score = 20.0 * estimates
        levels = np.zeros(4, dtype=bool)
        found = {
            shrinkage: estimate_spread(
                information,
                score,
                np.full(4, 1e-10),
                levels=levels,
                shrinkage=shrinkage,
                **EXACT,
            )
            for shrinkage in (0.0, 4.0, 1e9)
        }
        assert_allclose(found[0.0], estimates.var(axis=0, ddof=1) - 1 / 20, rtol=1e-4)
        spans = [np.ptp(np.log(found[key])) for key in (0.0, 4.0, 1e9)]
        assert spans[0] > spans[1] > spans[2]
        assert_allclose(spans[2], 0.0, atol=1e-6)

    def test_one_source_tells_nothing_of_slopes(self):
        """The spread of a single draw is not identified: it stays where it started."""
        information, score = np.eye(2)[np.newaxis] * 50.0, np.array([[10.0, 30.0]])
        found = estimate_spread(
            information, score, np.full(2, 1e-10), levels=np.array([True, False])
        )
        assert_allclose(found[1], 0.05, rtol=0.01)
        # With K = 1 the fixed point (K+1) s = s + 1/4 of levels is the prior itself.
        assert_allclose(found[0], 0.25, rtol=0.1)

    def test_identical_sources_have_almost_no_spread(self):
        information = np.tile(np.eye(3) * 1000.0, (10, 1, 1))
        score = np.tile([100.0, 300.0, -50.0], (10, 1))
        levels = np.array([True, False, False])
        found = estimate_spread(information, score, np.full(3, 1e-6), levels=levels)
        assert (found[1:] < 0.002).all()
        # (K+1) s = s + (K-1) v + 1/4, with v the sources' own variance of 1/1000.
        assert_allclose(found[0], (0.25 + 9 / 1000) / 10, rtol=0.1)

    def test_sources_without_information_leave_the_start(self):
        """Nothing is known, nothing is claimed: no division by zero, no divergence."""
        found = estimate_spread(
            np.zeros((5, 2, 2)),
            np.zeros((5, 2)),
            np.full(2, 1e-3),
            levels=np.array([True, False]),
        )
        assert np.isfinite(found).all()
        assert (found > 0).all()

    def test_ends_near_the_best_scale_where_spreads_are_small(self):
        """From a spread too large, expectation-maximisation would still be 50 nats away."""
        rng = np.random.default_rng(7)
        n_rows, p = 150, 40
        theta = 0.3 * rng.standard_normal(p)
        designs = rng.standard_normal((6, n_rows, p))
        information = np.einsum("kni,knj->kij", designs, designs)
        noise = rng.standard_normal((6, n_rows))
        score = np.einsum("kni,kn->ki", designs, designs @ theta + noise)
        levels, flat = np.arange(p) == 0, np.full(p, 1e-6)
        found = estimate_spread(information, score, flat, levels=levels)

        def value(factor):
            spread = np.where(levels, found, found * factor)
            return population_given_spread(information, score, spread, flat).log_likelihood

        best = max(value(factor) for factor in np.geomspace(1e-3, 1e2, 26))
        assert value(1.0) > best - 2.0
        assert value(0.05 / found[~levels].mean()) < best - 20.0

    def test_spread_without_an_end_is_cut(self):
        """Scores outside of what their information carries: sources at infinity."""
        information = np.tile(np.diag([10.0, 1e-9]), (4, 1, 1))
        score = np.array([[1.0, 1.0], [2.0, -1.0], [-1.0, 1.0], [0.5, -1.0]])
        found = estimate_spread(
            information, score, np.full(2, 1e-3), levels=np.array([True, False]), max_iter=500
        )
        assert np.isfinite(found).all()
        assert found[1] <= 1e4

    @pytest.mark.slow
    def test_recovers_planted_spreads(self):
        """400 sources of 200 rows, three spreads, dispersion known.

        The relative standard error of an estimated variance is about sqrt(2/400) (1 + v/tau^2)
        with v = 1/200: .071, .074 and .088 here. The bounds are five of them: an error happens
        with probability below 1e-5 in all.
        """
        rng = np.random.default_rng(6)
        n_sources, n_rows, spread = 400, 200, np.array([1.0, 0.1, 0.02])
        information = np.empty((n_sources, 3, 3))
        score = np.empty((n_sources, 3))
        for i in range(n_sources):
            design = np.column_stack([np.ones(n_rows), rng.standard_normal((n_rows, 2))])
            theta = [0.5, 1.0, -1.0] + np.sqrt(spread) * rng.standard_normal(3)
            y = design @ theta + rng.standard_normal(n_rows)
            information[i], score[i] = design.T @ design, design.T @ y
        found = estimate_spread(
            information,
            score,
            np.full(3, 1e-6),
            levels=np.array([True, False, False]),
            shrinkage=0.0,
            max_iter=1000,
            tol=1e-6,
        )
        error = np.sqrt(2 / n_sources) * (1 + 1 / (n_rows * spread))
        assert (np.abs(found / spread - 1) < 5 * error).all()


class TestEstimateSpreadAroundBase:
    """One variance omega^2 for the mean slopes, in turn with the spread."""

    def draws(self, seed, *, omega, n_coefficients=30, n_sources=6, spread=0.1, rows=400.0):
        """Orthogonal informations; the first coefficient is a level far from 0."""
        rng = np.random.default_rng(seed)
        mean = omega * rng.standard_normal(n_coefficients)
        mean[0] = 5.0
        theta = mean + np.sqrt(spread) * rng.standard_normal((n_sources, n_coefficients))
        estimates = theta + rng.standard_normal(theta.shape) / np.sqrt(rows)
        information = np.tile(np.eye(n_coefficients) * rows, (n_sources, 1, 1))
        levels = np.arange(n_coefficients) == 0
        penalty = np.where(levels, 1e-6, 1.0)
        return information, rows * estimates, penalty, levels

    @pytest.mark.parametrize("omega", [0.3, 1.0, 3.0])
    def test_is_stationary_in_omega(self, omega):
        """The restricted likelihood's slope in omega, by differences of its value."""
        information, score, start, levels = self.draws(1, omega=omega)
        spread, penalty = estimate_spread_around_base(
            information, score, start, levels=levels, tol=1e-9
        )
        assert np.ptp(penalty[~levels]) == 0.0

        def value(log_omega2):
            """With the prior's own constant, which does not depend on the spread."""
            prior = np.where(levels, penalty, np.exp(-log_omega2))
            found = population_given_spread(information, score, spread, prior)
            return found.log_likelihood + 0.5 * np.log(prior).sum()

        at = -np.log(penalty[1])
        step = 1e-4
        assert abs(value(at + step) - value(at - step)) / (2 * step) < 1e-3
        assert value(at) > max(value(at - 0.3), value(at + 0.3))
        best = minimize_scalar(lambda t: -value(t), bounds=(at - 4, at + 4), method="bounded").x
        assert_allclose(at, best, atol=1e-3)

    def test_balanced_closed_form(self):
        """Means of the sources' estimates are N(0, omega^2 + (s + 1/rows) / K): the mean square."""
        information, score, start, levels = self.draws(2, omega=0.7)
        spread, penalty = estimate_spread_around_base(
            information, score, start, levels=levels, shrinkage=1e12, tol=1e-10
        )
        centre = (score / 400.0).mean(axis=0)[~levels]
        own = (spread[1] + 1 / 400.0) / len(score)
        assert_allclose(1 / penalty[1], np.mean(centre**2) - own, rtol=1e-5)

    def test_kept_coefficients_keep_their_penalty(self):
        """A mean of 3 among means of 0 would be drawn to 0 by the variance of all."""
        information, score, start, levels = self.draws(5, omega=0.0, spread=1e-3)
        score[:, 1] += 400.0 * 3.0
        kept = np.arange(30) == 1
        _, free = estimate_spread_around_base(information, score, start, levels=levels, kept=kept)
        _, alike = estimate_spread_around_base(information, score, start, levels=levels)
        assert free[1] == start[1] == 1.0
        assert free[0] == 1e-6
        assert free[2] > 1000.0 > alike[2] == alike[1]

    @pytest.mark.slow
    @pytest.mark.parametrize("omega", [0.2, 1.0])
    def test_recovers_planted_omega(self, omega):
        """100 slopes: standard error of log omega^2 = sqrt(2/100) (1 + v/omega^2) = .14 to .20.

        v = (0.1 + 1/400) / 6. Five of them are allowed: an error happens with probability 1e-6.
        """
        information, score, start, levels = self.draws(3, omega=omega, n_coefficients=101)
        _, penalty = estimate_spread_around_base(information, score, start, levels=levels, tol=1e-6)
        error = np.sqrt(2 / 100) * (1 + 0.1025 / 6 / omega**2)
        assert abs(np.log(1 / penalty[1] / omega**2)) < 5 * error

    def test_no_common_correction(self):
        """Means of 0 are found to be near 0, and the prior says so; the level stays free."""
        information, score, start, levels = self.draws(4, omega=0.0, spread=1e-3)
        _, penalty = estimate_spread_around_base(information, score, start, levels=levels)
        assert penalty[1] > 1000.0
        assert penalty[0] == 1e-6
        assert start[1] == 1.0

    @pytest.mark.parametrize("seed", range(5))
    def test_rounding_of_the_likelihood_is_not_magnified(self, seed):
        """The same rows summed in another order give the same precision to the last digit."""
        information, score, start, levels = self.draws(seed, omega=0.5)
        found = [
            estimate_spread_around_base(information, score * factor, start, levels=levels)[1]
            for factor in 1.0 + 1e-15 * np.arange(-2, 3)
        ]
        for other in found:
            assert_array_equal(other, found[0])

    def test_levels_only(self):
        information, score = np.full((4, 1, 1), 30.0), np.array([[3.0], [9.0], [-6.0], [30.0]])
        levels, penalty = np.array([True]), np.array([1e-6])
        spread, same = estimate_spread_around_base(information, score, penalty, levels=levels)
        assert_allclose(spread, estimate_spread(information, score, penalty, levels=levels))
        assert_allclose(same, penalty)
