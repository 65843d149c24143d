# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Kernel means against double loops, repeated rows and the closed form for Gaussians."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist

from sklearn_transfer._math import kernel_discrepancy
from sklearn_transfer._math.kernel_discrepancy import (
    kernel_sum,
    linear_time_discrepancy,
    median_distance,
    own_kernel_sum,
    own_term,
    row_blocks,
    squared_distances,
)

CASES = st.tuples(st.integers(0, 10**6), st.integers(2, 9), st.integers(2, 9), st.integers(1, 40))


def two_tables(case):
    seed, n, m, d = case
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((m, d)) + 1.0, rng


def kernel(x, y, bandwidth):
    return np.exp(-sum((x - y) ** 2) / (2 * bandwidth**2))


@given(CASES)
def test_squared_distances_are_sums_of_squares_dense_or_sparse(case):
    X, Y, _ = two_tables(case)
    expected = [[np.sum((x - y) ** 2) for y in Y] for x in X]
    assert_allclose(squared_distances(X, Y), expected)
    assert_allclose(squared_distances(csr_matrix(X), csr_matrix(Y)), expected)


@pytest.mark.parametrize("columns", [3, 100])
@pytest.mark.parametrize("to", [np.asarray, csr_matrix])
def test_equal_rows_are_at_distance_zero(columns, to, rng):
    X = 1e3 + rng.standard_normal((5, columns))
    assert_array_equal(np.diag(squared_distances(to(X), to(X))), 0.0)


@given(CASES)
def test_kernel_sums_are_those_of_a_double_loop(case):
    X, Y, rng = two_tables(case)
    w, v = rng.uniform(0.5, 2, len(X)), rng.uniform(0.5, 2, len(Y))
    pairs = [w[i] * v[j] * kernel(x, y, 1.7) for i, x in enumerate(X) for j, y in enumerate(Y)]
    assert_allclose(kernel_sum(X, Y, 1.7, w, v), sum(pairs))
    own = [w[i] * w[j] * kernel(a, b, 1.7) for i, a in enumerate(X) for j, b in enumerate(X)]
    assert_allclose(own_kernel_sum(X, 1.7, w), sum(own))
    assert_allclose(own_kernel_sum(X, 1.7), kernel_sum(X, X, 1.7))


@given(CASES, st.integers(1, 30))
def test_blocks_change_nothing(case, entries):
    X, Y, _ = two_tables(case)
    whole = kernel_sum(X, Y, 2.0), own_kernel_sum(X, 2.0), median_distance(X)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_discrepancy, "_BLOCK_ENTRIES", entries)
        parts = kernel_sum(X, Y, 2.0), own_kernel_sum(X, 2.0), median_distance(X)
    assert_allclose(parts, whole)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(1, 1), (5, 10**7), (3000, 3000)])
def test_blocks_cover_all_rows_and_are_bounded(n_rows, n_columns):
    blocks = list(row_blocks(n_rows, n_columns))
    assert [row for block in blocks for row in range(block.start, block.stop)] == list(
        range(n_rows)
    )
    assert max(b.stop - b.start for b in blocks) <= max(1, 2**21 // n_columns)


@given(CASES)
def test_unbiased_own_mean_leaves_out_the_diagonal_and_counts_copies(case):
    X, _, rng = two_tables(case)
    copies = rng.integers(1, 4, len(X))
    repeated = np.repeat(X, copies, axis=0)
    others = [
        kernel(repeated[i], repeated[j], 1.3)
        for i in range(len(repeated))
        for j in range(len(repeated))
        if i != j
    ]
    w = copies.astype(float)
    assert_allclose(own_term(own_kernel_sum(X, 1.3, w), w, unbiased=True), np.mean(others))
    biased = own_term(own_kernel_sum(X, 1.3, w), w, unbiased=False)
    assert_allclose(biased, kernel_sum(repeated, repeated, 1.3) / len(repeated) ** 2)


@given(CASES)
def test_median_is_that_of_the_pairs_and_counts_copies(case):
    X, _, rng = two_tables(case)
    distances = np.sort(pdist(X))
    assert_allclose(median_distance(X), distances[(len(distances) - 1) // 2])
    copies = rng.integers(1, 4, len(X))
    repeated = np.sort(pdist(np.repeat(X, copies, axis=0)))
    apart = repeated[repeated > 1e-9]
    expected = apart[(len(apart) - 1) // 2]
    assert_allclose(median_distance(X, copies.astype(float)), expected)


def test_median_of_equal_rows_is_one():
    assert median_distance(np.ones((4, 2))) == 1.0


@given(CASES)
def test_linear_time_statistic_is_a_mean_over_disjoint_pairs(case):
    X, Y, _ = two_tables(case)
    n_pairs = min(len(X), len(Y)) // 2
    terms = []
    for i in range(n_pairs):
        a, b, c, d = X[2 * i], X[2 * i + 1], Y[2 * i], Y[2 * i + 1]
        terms.append(kernel(a, b, 0.9) + kernel(c, d, 0.9) - kernel(a, d, 0.9) - kernel(b, c, 0.9))
    assert_allclose(linear_time_discrepancy(X, Y, 0.9), np.mean(terms), atol=1e-12)
    sparse = linear_time_discrepancy(csr_matrix(X), csr_matrix(Y), 0.9)
    assert_allclose(sparse, np.mean(terms), atol=1e-12)


def gaussian_mmd(mean, first, second, bandwidth):
    """Squared discrepancy of N(0, first) and N(mean, second)."""

    def between(shift, spread):
        inner = np.eye(len(mean)) + spread / bandwidth**2
        form = shift @ np.linalg.solve(inner, shift) / bandwidth**2
        return np.exp(-form / 2) / np.sqrt(np.linalg.det(inner))

    zero = np.zeros_like(mean)
    return between(zero, 2 * first) + between(zero, 2 * second) - 2 * between(mean, first + second)


@pytest.mark.slow
@pytest.mark.parametrize("linear", [False, True])
def test_unbiased_estimates_meet_the_closed_form_for_gaussians(linear):
    """The mean of 400 estimates within 4.5 standard errors: wrong alarm with chance 7e-6 each."""
    rng = np.random.default_rng(0)
    mean, first = np.array([0.5, -0.3]), np.array([[1.0, 0.4], [0.4, 0.5]])
    second = np.array([[0.6, -0.1], [-0.1, 1.5]])
    estimates = []
    for _ in range(400):
        X = rng.multivariate_normal(np.zeros(2), first, 40)
        Y = rng.multivariate_normal(mean, second, 60)
        if linear:
            estimates.append(linear_time_discrepancy(X, Y, 1.2))
            continue
        own = (own_term(own_kernel_sum(Z, 1.2), np.ones(len(Z)), unbiased=True) for Z in (X, Y))
        estimates.append(sum(own) - 2 * kernel_sum(X, Y, 1.2) / (40 * 60))
    error = np.std(estimates) / np.sqrt(len(estimates))
    exact = gaussian_mmd(mean, first, second, 1.2)
    assert abs(np.mean(estimates) - exact) < 4.5 * error
    assert exact > 15 * error or linear  # the test would see a wrong sign or a missing term
