# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize

from sklearn_transfer._math.kl_risk import (
    effective_sample_size,
    kl_risk,
    optimal_quantities,
    optimal_weights,
    single_source_weight,
    transfer_quantity,
)

SEEDS = range(8)


def random_problem(seed, n_sources=None, rank=None):
    """Draw sources of 20 to 2000 rows whose discrepancy is comparable with their variance."""
    rng = np.random.default_rng(seed)
    K = n_sources or int(rng.integers(2, 7))
    n = np.exp(rng.uniform(np.log(20), np.log(2000), K)).round()
    n_target, d = float(rng.integers(5, 200)), float(rng.integers(1, 30))
    deviations = rng.normal(size=(rank or K, K)) * np.exp(rng.uniform(-3, 1, K))
    return deviations.T @ deviations, n, n_target, d


def fitted_divergences(rng, repeats, target, sources, weights, sensitivities, noises):
    """Fit weighted least squares of y = h theta + sigma e on drawn rows; the K-L of each fit.

    The target has h = sigma = 1. For this model the K-L divergence is |theta - theta_0|^2 / 2.
    """
    n_target, d = target
    numerator = rng.normal(size=(repeats, n_target, d)).sum(axis=1)
    denominator = n_target
    for (n, deviation), w, h, sigma in zip(sources, weights, sensitivities, noises, strict=True):
        rows = h * deviation + sigma * rng.normal(size=(repeats, n, d))
        numerator += w * h * rows.sum(axis=1)
        denominator += w * h**2 * n
    return 0.5 * np.sum((numerator / denominator) ** 2, axis=1)


def exhaustive_weights(A, n, d):
    """Go the paper's route: t = a'Aa/d over the simplex, every support tried, then s = 1/t."""
    K = len(n)
    best_t, best_alpha = np.inf, None
    for size in range(1, K + 1):
        for support in map(list, combinations(range(K), size)):
            alpha = np.zeros(K)
            alpha[support] = np.linalg.solve(A[np.ix_(support, support)], np.ones(size))
            alpha /= alpha.sum()
            t = alpha @ A @ alpha / d
            if alpha.min() >= 0 and t < best_t:
                best_t, best_alpha = t, alpha
    return best_alpha / best_t / n


def risk_gradient(w, M, n, n_target, d):
    v = w * n
    total = n_target + v.sum()
    numerator = d * (n_target + w @ v) + v @ M @ v
    return n * ((d * w + M @ v) / total**2 - numerator / total**3)


class TestKLRisk:
    def test_formula_is_the_divergence_of_simulated_fits(self):
        # Exact for a Gaussian location model. 5 standard errors: false alarm below 1e-6.
        rng = np.random.default_rng(0)
        d, n_target, n = 3, 12, np.array([20, 35])
        deviations = rng.normal(size=(2, d)) * 0.2
        weights = np.array([0.6, 0.25])
        divergences = fitted_divergences(
            rng, 20_000, (n_target, d), zip(n, deviations, strict=True), weights, [1, 1], [1, 1]
        )
        expected = kl_risk(weights, deviations @ deviations.T, [50, 40], n_target, d, quantities=n)
        error = divergences.std() / np.sqrt(len(divergences))
        assert abs(divergences.mean() - expected) < 5 * error
        assert error < 0.01 * expected

    def test_formula_holds_for_other_information_and_noise(self):
        # 5 standard errors: false alarm below 1e-6.
        rng = np.random.default_rng(1)
        d, n_target, n = 2, 10, np.array([15, 25])
        deviations = rng.normal(size=(2, d)) * 0.2
        weights, h, sigma = np.array([0.5, 0.7]), np.array([2.0, 0.8]), np.array([1.5, 0.6])
        divergences = fitted_divergences(
            rng, 20_000, (n_target, d), zip(n, deviations, strict=True), weights, h, sigma
        )
        M = deviations @ deviations.T
        expected = kl_risk(weights, M, n, n_target, d, information=h**2, noise=sigma**2)
        error = divergences.std() / np.sqrt(len(divergences))
        assert abs(divergences.mean() - expected) < 5 * error
        assert error < 0.01 * expected
        assert abs(divergences.mean() - kl_risk(weights, M, n, n_target, d)) > 20 * error

    def test_leading_axes_are_vectorised(self):
        M, n, n_target, d = random_problem(0, n_sources=3)
        rng = np.random.default_rng(0)
        weights, quantities = rng.uniform(size=(4, 5, 3)), n * rng.uniform(size=(5, 3))
        risks = kl_risk(weights, M, n, n_target, d, quantities=quantities)
        assert risks.shape == (4, 5)
        for index in np.ndindex(4, 5):
            single = kl_risk(weights[index], M, n, n_target, d, quantities=quantities[index[1]])
            assert isinstance(single, float)
            assert single == pytest.approx(risks[index], rel=1e-14)

    def test_no_source_is_the_target_alone(self):
        assert kl_risk([], np.empty((0, 0)), [], 20, 3) == 3 / 40
        assert kl_risk([0.0, 0.0], np.eye(2), [10, 20], 20, 3) == 3 / 40

    @pytest.mark.parametrize("seed", SEEDS)
    def test_risk_falls_in_every_quantity_at_fixed_weighted_mass(self, seed):
        M, n, n_target, d = random_problem(seed)
        mass = np.random.default_rng(seed).uniform(0.1, 1, len(n)) * n
        for i in range(len(n)):
            fewer = n.copy()
            fewer[i] *= 0.7
            used_all = kl_risk(mass / n, M, n, n_target, d)
            assert kl_risk(mass / fewer, M, n, n_target, d, quantities=fewer) > used_all


class TestOptimalWeights:
    @pytest.mark.parametrize("seed", range(30))
    def test_equals_the_simplex_route_of_the_paper(self, seed):
        M, n, n_target, d = random_problem(seed, rank=int(seed % 4) + 1)
        expected = exhaustive_weights(np.diag(d / n) + M, n, d)
        assert_allclose(optimal_weights(M, n, n_target, d), expected, rtol=1e-8, atol=1e-12)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_no_bounded_optimiser_finds_less_risk(self, seed):
        M, n, n_target, d = random_problem(seed)
        optimum = kl_risk(optimal_weights(M, n, n_target, d), M, n, n_target, d)
        rng = np.random.default_rng(seed)
        found = min(
            minimize(
                lambda w: np.log(kl_risk(w, M, n, n_target, d)),
                start,
                jac=lambda w: risk_gradient(w, M, n, n_target, d) / kl_risk(w, M, n, n_target, d),
                bounds=[(0, None)] * len(n),
                method="L-BFGS-B",
                options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000},
            ).fun
            for start in rng.uniform(0, 1, size=(5, len(n)))
        )
        assert np.log(optimum) == pytest.approx(found, abs=1e-6)
        assert np.log(optimum) <= found + 1e-12

    def test_gradient_used_above_is_right(self):
        M, n, n_target, d = random_problem(3)
        w, step = np.full(len(n), 0.3), 1e-6
        differences = [
            (kl_risk(w + e, M, n, n_target, d) - kl_risk(w - e, M, n, n_target, d)) / (2 * step)
            for e in step * np.eye(len(n))
        ]
        assert_allclose(risk_gradient(w, M, n, n_target, d), differences, rtol=1e-6, atol=1e-12)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_optimality_conditions(self, seed):
        M, n, n_target, d = random_problem(seed, n_sources=40, rank=6)
        w = optimal_weights(M, n, n_target, d)
        gradient = (np.diag(d / n) + M) @ (w * n) / d - 1
        assert 0 < np.count_nonzero(w) < 40
        assert_allclose(gradient[w > 0], 0, atol=1e-9)
        assert gradient[w == 0].min() > -1e-9

    @pytest.mark.parametrize("seed", SEEDS)
    def test_sources_are_worth_their_transfer_quantity(self, seed):
        M, n, n_target, d = random_problem(seed)
        w = optimal_weights(M, n, n_target, d)
        s = transfer_quantity(w, n)
        assert kl_risk(w, M, n, n_target, d) == pytest.approx(d / (2 * (n_target + s)), rel=1e-10)
        size = effective_sample_size(w, M, n, n_target, d)
        assert size == pytest.approx(n_target + s, rel=1e-10)
        # elsewhere it is another number
        assert effective_sample_size(1.5 * w, M, n, n_target, d) < n_target + s

    def test_identical_sources_have_weight_one(self):
        n = np.array([3.0, 500.0, 1e6])
        assert_allclose(optimal_weights(np.zeros((3, 3)), n, 10, 7), 1.0, rtol=1e-14)

    def test_weight_exceeds_one_where_biases_cancel(self):
        bias = np.array([0.3, -0.2])
        w = optimal_weights(np.outer(bias, bias), [100, 100], 20, 1)
        assert_allclose(w, [11 / 14, 8 / 7], rtol=1e-12)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_weight_of_paper_from_shares_on_the_support(self, seed):
        # w_i = 1 - (M alpha)_i / (d t): what a source's deviation shares with the pooled one
        M, n, n_target, d = random_problem(seed)
        w = optimal_weights(M, n, n_target, d)
        s = transfer_quantity(w, n)
        alpha, t = w * n / s, 1 / s
        support = w > 0
        assert_allclose(w[support], (1 - M @ alpha / (d * t))[support], rtol=1e-8)

    def test_halving_all_sources_keeps_shares_and_raises_weights(self):
        # Fig. 6 of the paper: so where bias dominates variance
        rng = np.random.default_rng(0)
        deviations = rng.normal(size=(20, 5)) + 1.5 * rng.normal(size=(20, 1))
        M, n = deviations.T @ deviations / 20, rng.uniform(2000, 4000, 5)
        full, half = optimal_weights(M, n, 50, 20), optimal_weights(M, n / 2, 50, 20)
        share = [w * n / (w @ n) for w in (full, half)]
        assert np.abs(share[0] - share[1]).max() < 0.01
        assert np.all(half[full > 0] > 1.8 * full[full > 0])

    @pytest.mark.parametrize("seed", SEEDS)
    def test_more_rows_never_hurt(self, seed):
        M, n, n_target, d = random_problem(seed)

        def least(rows, target_rows):
            return kl_risk(optimal_weights(M, rows, target_rows, d), M, rows, target_rows, d)

        risk = least(n, n_target)
        assert least(n, 1.1 * n_target) < risk
        for i in range(len(n)):
            assert least(np.where(np.arange(len(n)) == i, 1.1 * n, n), n_target) <= risk * (
                1 + 1e-12
            )

    def test_distant_source_is_silenced(self):
        M = np.diag([0.0, 1e9])
        assert_allclose(optimal_weights(M, [100, 100], 10, 1), [1, 1e-11], rtol=1e-6)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_information_and_noise_against_an_optimiser(self, seed):
        M, n, n_target, d = random_problem(seed)
        rng = np.random.default_rng(seed)
        ratios = {
            "information": np.exp(rng.normal(size=len(n))),
            "noise": rng.uniform(0.3, 3, len(n)),
        }
        w = optimal_weights(M, n, n_target, d, **ratios)
        risk = kl_risk(w, M, n, n_target, d, **ratios)
        found = minimize(
            lambda u: np.log(kl_risk(u, M, n, n_target, d, **ratios)),
            np.full(len(n), 0.5),
            bounds=[(0, None)] * len(n),
            method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000, "maxfun": 50_000},
        )
        assert np.log(risk) == pytest.approx(found.fun, abs=1e-6)
        s = transfer_quantity(w, n, information=ratios["information"])
        size = effective_sample_size(w, M, n, n_target, d, **ratios)
        assert size == pytest.approx(n_target + s, rel=1e-9)

    def test_informative_rows_count_as_more_rows_of_less_weight(self):
        M, n, n_target, d = random_problem(5, n_sources=3)
        as_rows = optimal_weights(M, 4 * n, n_target, d)
        w = optimal_weights(M, n, n_target, d, information=np.full(3, 4.0))
        assert_allclose(w, as_rows, rtol=1e-10)
        noisy = optimal_weights(M, n, n_target, d, noise=np.full(3, 4.0))
        assert_allclose(noisy, optimal_weights(M, n / 4, n_target, d) / 4, rtol=1e-10)
        # to ignore it costs risk
        truth = {"information": np.full(3, 4.0)}
        ignorant = kl_risk(optimal_weights(M, n, n_target, d), M, n, n_target, d, **truth)
        assert ignorant > 1.01 * kl_risk(w, M, n, n_target, d, **truth)

    def test_arguments_are_left_alone(self):
        M, n, n_target, d = random_problem(2)
        M.flags.writeable = n.flags.writeable = False
        optimal_weights(M, n, n_target, d)
        optimal_quantities(M, n, n_target, d)

    @given(seed=st.integers(0, 10_000), data=st.data())
    @settings(deadline=None, max_examples=30)
    def test_order_of_sources_does_not_matter(self, seed, data):
        M, n, n_target, d = random_problem(seed)
        order = np.array(data.draw(st.permutations(range(len(n)))))
        permuted = optimal_weights(M[np.ix_(order, order)], n[order], n_target, d)
        assert_allclose(permuted, optimal_weights(M, n, n_target, d)[order], rtol=1e-7, atol=1e-10)

    @given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e3))
    @settings(deadline=None, max_examples=30)
    def test_only_discrepancy_per_parameter_matters(self, seed, factor):
        M, n, n_target, d = random_problem(seed)
        w = optimal_weights(M, n, n_target, d)
        scaled = optimal_weights(factor * M, n, n_target, factor * d)
        assert_allclose(scaled, w, rtol=1e-7, atol=1e-10)
        risk = kl_risk(w, factor * M, n, n_target, factor * d)
        assert risk == pytest.approx(factor * kl_risk(w, M, n, n_target, d), rel=1e-12)

    @given(seed=st.integers(0, 10_000), cut=st.floats(0.05, 0.95))
    @settings(deadline=None, max_examples=30)
    def test_source_cut_in_two_keeps_its_weight(self, seed, cut):
        M, n, n_target, d = random_problem(seed)
        index = np.append(np.arange(len(n)), 0)
        parts = n[index] * np.append([cut, *np.ones(len(n) - 1)], 1 - cut)
        w = optimal_weights(M, n, n_target, d)
        split = optimal_weights(M[np.ix_(index, index)], parts, n_target, d)
        assert_allclose(split, w[index], rtol=1e-6, atol=1e-9)

    def test_target_rows_do_not_matter_without_constraints(self):
        M, n, _, d = random_problem(4)
        assert_array_equal(optimal_weights(M, n, 1, d), optimal_weights(M, n, 1e6, d))

    def test_no_source(self):
        assert optimal_weights(np.empty((0, 0)), [], 10, 2).shape == (0,)
        assert optimal_quantities(np.empty((0, 0)), [], 10, 2).shape == (0,)


class TestSingleSource:
    @given(
        rho=st.floats(0, 1e4),
        n=st.floats(1, 1e6),
        n_target=st.floats(1, 1e4),
        d=st.floats(1, 1e3),
    )
    @settings(deadline=None, max_examples=50)
    def test_closed_form_is_the_general_solution(self, rho, n, n_target, d):
        w = single_source_weight(rho, n, d)
        assert isinstance(w, float)
        assert_allclose(optimal_weights([[rho]], [n], n_target, d), [w], rtol=1e-10)

    def test_limits_and_broadcasting(self):
        assert single_source_weight(0.0, 1000, 5) == 1.0
        weights = single_source_weight([0.0, 1e30], [10, 10], 5)
        assert_allclose(weights, [1.0, 0.0], atol=1e-12)
        # decreasing in both arguments
        grid = single_source_weight(np.array([[0.1], [0.2]]), np.array([10, 20]), 5)
        assert np.all(np.diff(grid, axis=0) < 0)
        assert np.all(np.diff(grid, axis=1) < 0)


class TestOptimalQuantities:
    @given(
        log_t=st.floats(-10, 8),
        log_n=st.floats(1, 13),
        log_target=st.floats(1, 9),
        d=st.floats(1, 100),
    )
    @settings(deadline=None, max_examples=60)
    def test_closed_form_of_one_source(self, log_t, log_n, log_target, d):
        t, n, n_target = np.exp([log_t, log_n, log_target])
        expected = n
        if n_target * t > 0.5:
            expected = min(n, n_target / (2 * n_target * t - 1))
        found = optimal_quantities([[t * d]], [n], n_target, d)
        assert_allclose(found, [expected], rtol=1e-5)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_no_bounded_optimiser_finds_less_risk(self, seed):
        M, n, n_target, d = random_problem(seed, rank=2)
        M = 0.05 * M
        quantities = optimal_quantities(M, n, n_target, d)
        assert np.all((quantities >= 0) & (quantities <= n))
        ones = np.ones(len(n))
        risk = kl_risk(ones, M, n, n_target, d, quantities=quantities)
        rng = np.random.default_rng(seed)
        found = min(
            minimize(
                lambda u: np.log(kl_risk(ones, M, n, n_target, d, quantities=u * n)),
                start,
                bounds=[(0, 1)] * len(n),
                method="L-BFGS-B",
                options={"ftol": 1e-15, "gtol": 1e-9, "maxfun": 20_000},
            ).fun
            for start in rng.uniform(size=(4, len(n)))
        )
        assert np.log(risk) == pytest.approx(found, abs=1e-6)
        # weights do what quantities do, and more
        assert kl_risk(optimal_weights(M, n, n_target, d), M, n, n_target, d) <= risk * (1 + 1e-9)

    def test_identical_sources_are_used_whole(self):
        n = np.array([5.0, 1e3, 1e6])
        assert_allclose(optimal_quantities(np.zeros((3, 3)), n, 10, 7), n, rtol=1e-9)

    def test_opposite_biases_are_taken_in_balance(self):
        bias = np.array([3.0, -1.0])
        quantities = optimal_quantities(np.outer(bias, bias), [1000, 900], 20, 1)
        assert_allclose(quantities, [300, 900], rtol=2e-3)


class TestValidation:
    CALLS = (kl_risk, optimal_weights, optimal_quantities, effective_sample_size)

    @pytest.mark.parametrize("function", CALLS)
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"discrepancy": np.zeros((2, 3))}, r"one row and one column.*Got shapes \(2, 3\)"),
            ({"discrepancy": np.zeros((3, 3))}, r"one row and one column"),
            ({"n_samples": [[10.0, 20.0]]}, r"one row and one column"),
            ({"discrepancy": [[1.0, 0.0], [0.5, 1.0]]}, r"finite and symmetric.*instead"),
            ({"discrepancy": [[np.nan, 0.0], [0.0, 1.0]]}, r"finite and symmetric"),
            ({"discrepancy": [[np.inf, 0.0], [0.0, 1.0]]}, r"finite and symmetric"),
            ({"discrepancy": [[1.0, -np.inf], [-np.inf, 1.0]]}, r"finite and symmetric"),
            ({"n_samples": [10.0, 0.0]}, r"positive and finite.*n_samples=\[10.0, 0.0\]"),
            ({"n_samples": [10.0, np.inf]}, r"positive and finite"),
            ({"n_target": 0}, r"positive and finite.*n_target=0"),
            ({"n_parameters": -1}, r"positive and finite.*n_parameters=-1"),
        ],
    )
    def test_geometry(self, function, change, message):
        arguments = {
            "discrepancy": np.eye(2),
            "n_samples": [10.0, 20.0],
            "n_target": 5,
            "n_parameters": 2,
            **change,
        }
        if function in (kl_risk, effective_sample_size):
            arguments["weights"] = [0.5, 0.5]
        with pytest.raises(ValueError, match=message):
            function(**arguments)

    @pytest.mark.parametrize("values", [[1.0], [1.0, -1.0], [1.0, np.nan], [[1.0, 1.0]]])
    @pytest.mark.parametrize("name", ["information", "noise"])
    def test_ratios(self, name, values):
        with pytest.raises(ValueError, match=rf"`{name}` must hold one positive number"):
            optimal_weights(np.eye(2), [10, 20], 5, 2, **{name: values})

    @pytest.mark.parametrize("weights", [0.5, [0.5], [[0.1], [0.2]]])
    def test_weights(self, weights):
        with pytest.raises(ValueError, match="`weights` must have one entry for each of the 2"):
            kl_risk(weights, np.eye(2), [10, 20], 5, 2)
        with pytest.raises(ValueError, match="`weights` must have one entry for each of the 2"):
            transfer_quantity(weights, [10, 20])

    def test_indefinite_discrepancy_is_refused(self):
        M = np.array([[0.1, 2.0], [2.0, 0.1]])
        with pytest.raises(ValueError, match=r"positive semi-definite.*debias_discrepancy"):
            optimal_weights(M, [100, 100], 5, 1)
        with pytest.raises(ValueError, match="positive semi-definite"):
            optimal_weights(np.diag([1.0, -5.0]), [100, 100], 5, 1)
