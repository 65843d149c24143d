# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Divergences against quadrature, closed forms, slow counts and exact means under equality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist
from scipy.special import digamma
from scipy.stats import betabinom, multivariate_normal, norm

from sklearn_transfer._math import divergence
from sklearn_transfer._math.divergence import (
    Gaussian,
    filled_dimension,
    fit_gaussian,
    gaussian_half_js,
    gaussian_kl,
    log_density,
    neighbour_distance,
    neighbour_half_js,
    neighbour_kl,
    rows_within,
)


def one_dimensional(mean, deviation):
    return Gaussian(np.array([mean]), np.array([[deviation]]))


def test_gaussian_divergence_is_the_integral():
    p, q = norm(0.3, 1.2), norm(-0.4, 0.8)
    integral = quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), -12, 12)[0]
    assert_allclose(gaussian_kl(one_dimensional(0.3, 1.2), one_dimensional(-0.4, 0.8)), integral)


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_gaussian_divergence_is_the_textbook_formula_and_affine_invariant(seed, d):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((20, d)), rng.standard_normal((25, d)) * 1.5 + 0.3
    p, q = fit_gaussian(X), fit_gaussian(Y)
    C, D = np.cov(X.T, ddof=0).reshape(d, d), np.cov(Y.T, ddof=0).reshape(d, d)
    shift = Y.mean(axis=0) - X.mean(axis=0)
    expected = 0.5 * (
        np.trace(np.linalg.solve(D, C))
        + shift @ np.linalg.solve(D, shift)
        - d
        + np.linalg.slogdet(D)[1]
        - np.linalg.slogdet(C)[1]
    )
    assert_allclose(gaussian_kl(p, q), expected, rtol=1e-7, atol=1e-10)
    A = rng.standard_normal((d, d)) + 3 * np.eye(d)
    assert_allclose(gaussian_kl(fit_gaussian(X @ A), fit_gaussian(Y @ A)), expected, rtol=1e-5)
    assert gaussian_kl(p, p) < 1e-12


def test_weights_of_a_gaussian_are_copies_and_sparse_rows_the_same(rng):
    X, copies = rng.standard_normal((12, 3)), rng.integers(1, 4, 12)
    repeated = fit_gaussian(np.repeat(X, copies, axis=0), ridge=0.1)
    for table in (X, csr_matrix(X)):
        weighted = fit_gaussian(table, copies.astype(float), ridge=0.1)
        assert_allclose(weighted.mean, repeated.mean)
        assert_allclose(np.tril(weighted.root), np.tril(repeated.root))


def test_log_density_is_that_of_scipy(rng):
    X = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 3))
    fitted = fit_gaussian(X)
    reference = multivariate_normal(X.mean(axis=0), np.cov(X.T, ddof=0)).logpdf(X)
    constant = -1.5 * np.log(2 * np.pi)
    assert_allclose(log_density(fitted, X) + constant, reference)
    assert_allclose(log_density(fitted, csr_matrix(X)) + constant, reference)


def test_gaussian_jensen_shannon_is_the_integral():
    p, q = norm(0.0, 1.0), norm(1.5, 2.0)

    def half(x):
        mixture = (p.pdf(x) + q.pdf(x)) / 2
        return p.pdf(x) * (p.logpdf(x) - np.log(mixture))

    # equal steps of probability stand for rows of p
    rows = p.ppf((np.arange(100_000) + 0.5) / 100_000)[:, np.newaxis]
    found = gaussian_half_js(one_dimensional(0.0, 1.0), one_dimensional(1.5, 2.0), rows)
    assert_allclose(found, quad(half, -12, 12)[0], rtol=1e-4)


@given(st.integers(0, 10**6), st.integers(2, 20), st.integers(2, 20), st.integers(1, 14))
def test_balls_are_counted_as_by_a_full_table_of_distances(seed, n, m, d):
    rng = np.random.default_rng(seed)
    # whole numbers: many ties, repeated rows, rows on the surface
    X = rng.integers(0, 3, (n, d)).astype(float)
    Y = rng.integers(0, 3, (m, d)).astype(float)
    table = cdist(X, Y)
    k = int(rng.integers(1, m + 1))
    radius = np.sort(table, axis=1)[:, k - 1]
    counts = (table <= radius[:, np.newaxis] * (1 + 1e-9)).sum(axis=1)
    for change in (np.asarray, csr_matrix):
        A, B = change(X), change(Y)
        assert_allclose(neighbour_distance(A, B, k), radius)
        assert_array_equal(rows_within(A, B, radius), counts)


def estimates_of_equal_distributions(estimate, n, m, d, n_runs):
    rng = np.random.default_rng(1)
    return [
        estimate(rng.standard_normal((n, d)), rng.standard_normal((m, d)), 3) for _ in range(n_runs)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m"), [(30, 30), (200, 20), (20, 200)])
@pytest.mark.parametrize("estimate", [neighbour_kl, neighbour_half_js])
def test_equal_distributions_have_a_mean_of_zero_whatever_the_sizes(estimate, n, m):
    """500 runs, 4.5 standard errors: wrong alarm with chance 7e-6 each."""
    found = estimates_of_equal_distributions(estimate, n, m, 2, 500)
    error = np.std(found) / np.sqrt(len(found))
    assert error < 0.02
    assert abs(np.mean(found)) < 4.5 * error


def test_level_without_a_difference_is_the_closed_form():
    """Of n rows of p and n + 1 others the k-th has rank k; scipy's beta-binomial agrees."""
    counts = np.arange(41)
    chance = divergence._chance_before(counts, 40, 3, 25)
    assert_allclose(chance, betabinom.pmf(counts, 40, 3, 25 + 1 - 3), rtol=1e-9)
    # the k-th of n - 1 rows among n - 1 + n rows of the same distribution
    n, k = 30, 4
    chance = divergence._chance_before(np.arange(n + 1), n, k, n - 1)
    level = chance @ digamma(k + np.arange(n + 1)) - digamma(k)
    assert_allclose(level, digamma(2 * n) - digamma(n))


def plain(X, Y, k):
    """Estimate by distances alone, from full tables of them."""
    inner = np.sort(cdist(X, X), axis=1)[:, k]
    outer = np.sort(cdist(X, Y), axis=1)[:, k - 1]
    level = digamma(len(Y) + 1) - digamma(len(X))
    return X.shape[1] * np.mean(np.log(outer / inner)) + level


@given(st.integers(0, 10**6), st.integers(8, 30), st.integers(1, 14))
def test_without_ties_the_divergence_is_that_of_the_distances(seed, n, d):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((n, d)), rng.standard_normal((n - 1, d)) + 0.5
    for k in (1, 4):
        assert_allclose(neighbour_kl(X, Y, k), plain(X, Y, k))
        assert_allclose(neighbour_kl(csr_matrix(X), csr_matrix(Y), k), plain(X, Y, k))


def test_filled_dimension_leaves_out_what_depends_on_other_columns(rng):
    X = rng.standard_normal((50, 3))
    more = np.column_stack([X, X[:, 0] + X[:, 1], np.ones(50), X[:, 2]])
    assert filled_dimension(X) == filled_dimension(more) == filled_dimension(csr_matrix(more)) == 3
    assert filled_dimension(X[:2]) == filled_dimension(np.ones((4, 2))) == 1


def test_repeated_rows_compare_the_masses_of_the_points():
    # p: 3/4 and 1/4 on two points, q: 1/4 and 3/4; every ball is a point and its copies
    X = np.repeat([[0.0], [1.0]], [600, 200], axis=0)
    Y = np.repeat([[0.0], [1.0]], [200, 600], axis=0)
    assert_allclose(neighbour_kl(X, Y, 5), 0.5 * np.log(3), atol=0.01)
    mixture = 0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5)
    assert_allclose(neighbour_half_js(X, Y, 5), mixture, atol=0.01)


@pytest.mark.slow
def test_neighbour_divergences_come_near_the_closed_forms_for_gaussians():
    """Means of 20 runs of 2000 rows; 20 neighbours smooth a part of the divergence away."""
    rng = np.random.default_rng(2)
    kl, js = [], []
    for _ in range(20):
        X, Y = rng.standard_normal((2000, 2)), rng.standard_normal((2000, 2))
        Y[:, 0] += 1.0
        kl.append(neighbour_kl(X, Y, 20))
        js.append((neighbour_half_js(X, Y, 20) + neighbour_half_js(Y, X, 20)) / 2)
    p, q = norm(0, 1), norm(1, 1)
    half = quad(lambda x: p.pdf(x) * (p.logpdf(x) - np.log((p.pdf(x) + q.pdf(x)) / 2)), -10, 10)[0]
    assert np.std(kl) / np.sqrt(20) < 0.01
    assert_allclose(np.mean(kl), 0.5, atol=0.1)
    assert_allclose(np.mean(js), half, atol=0.006)


def test_far_domains_share_no_ball():
    X, Y = np.arange(40.0)[:, np.newaxis], 1e6 + np.arange(40.0)[:, np.newaxis]
    assert_allclose(neighbour_half_js(X, Y, 5), np.log(2), rtol=0.03)
    assert neighbour_half_js(X, Y, 5) <= np.log(2)
    # log(nu / rho) is about log(1e6 / 5)
    assert_allclose(neighbour_kl(X, Y, 5), np.log(1e6 / 3), rtol=0.1)
