# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Maximal correlation from rows of symbols and labels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from sklearn_transfer.transferability import (
    alternating_conditional_expectations,
    divergence_transition_matrix,
    h_score,
    maximal_correlation,
    optimal_h_score,
)


@pytest.fixture
def rows(rng):
    X = rng.integers(0, 5, 400)
    return np.array(list("edcba"))[X], (X + rng.integers(0, 3, 400)) % 4


def test_rows_and_columns_are_sorted_labels_and_symbols(rows):
    X, y = rows
    B = divergence_transition_matrix(X, y)
    assert B.shape == (4, 5)
    p_xy, p_x, p_y = np.mean((X == "b") & (y == 2)), np.mean(X == "b"), np.mean(y == 2)
    assert_allclose(B[2, 1], (p_xy - p_x * p_y) / np.sqrt(p_x * p_y))


def test_all_measures_come_from_one_matrix(rows):
    X, y = rows
    sigma = np.linalg.svd(divergence_transition_matrix(X, y), compute_uv=False)
    assert_allclose(maximal_correlation(X, y), sigma[0])
    assert_allclose(optimal_h_score(X, y), (sigma**2).sum())
    modes = alternating_conditional_expectations(X, y, n_components=3, random_state=0)
    assert_allclose(modes.correlations, sigma[:3], atol=1e-6)
    f = modes.x_functions[np.searchsorted(modes.x_values, X)]
    assert_allclose(h_score(f, y), optimal_h_score(X, y), rtol=1e-6)
    g = modes.y_functions[np.searchsorted(modes.y_values, y)]
    assert_allclose(f.T @ g / len(y), np.diag(sigma[:3]), atol=1e-6)


def test_the_seed_does_not_matter(rows):
    X, y = rows
    modes = [
        alternating_conditional_expectations(X, y, n_components=2, random_state=seed)
        for seed in (0, 1)
    ]
    assert_allclose(modes[0].x_functions, modes[1].x_functions, atol=1e-3)
    assert_allclose(modes[0].y_functions, modes[1].y_functions, atol=1e-3)


def test_columns_together_are_one_symbol(rows, rng):
    X, y = rows
    number = np.searchsorted(np.array(list("abcde")), X)
    columns = np.column_stack([number // 2, number % 2])
    assert_allclose(
        divergence_transition_matrix(columns, y), divergence_transition_matrix(X, y), atol=1e-14
    )
    modes = alternating_conditional_expectations(columns, y, random_state=0)
    assert_array_equal(modes.x_values, [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0]])
    mixed = np.column_stack([X.astype(object), number % 2])
    assert_allclose(maximal_correlation(mixed, y), maximal_correlation(X, y))


def test_weights_are_copies(rows, rng):
    X, y = rows
    w = rng.integers(0, 3, len(y))
    w[X == "c"] = 0
    again = np.repeat(np.arange(len(y)), w)
    assert_allclose(
        divergence_transition_matrix(X, y, sample_weight=w),
        divergence_transition_matrix(X[again], y[again]),
        atol=1e-14,
    )
    modes = alternating_conditional_expectations(X, y, sample_weight=w, random_state=0)
    assert_array_equal(modes.x_values, ["a", "b", "d", "e"])


def test_bounds_of_the_correlation(rng):
    X = rng.integers(0, 6, 200)
    assert maximal_correlation(X, X % 2) == pytest.approx(1)
    assert maximal_correlation(np.tile(np.arange(4), 6), np.repeat(np.arange(6), 4)) < 1e-7
    assert maximal_correlation(np.zeros(10), np.arange(10)) == 0


def test_unfinished_iteration_says_so(rows):
    with pytest.warns(ConvergenceWarning, match="after 1 iterations"):
        alternating_conditional_expectations(*rows, max_iter=1, random_state=0)


def test_too_many_components_are_refused(rows):
    with pytest.raises(ValueError, match=r"Got 4 with 5 symbols and 4 labels instead; take at"):
        alternating_conditional_expectations(*rows, n_components=4)
    with pytest.raises(ValueError, match="a constant correlates with nothing"):
        alternating_conditional_expectations([0, 0], [0, 1])
    with pytest.raises(ValueError, match="n_components"):
        alternating_conditional_expectations(*rows, n_components=0)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([0, 1], [0, 1, 2], "inconsistent"),
        ([0, np.nan], [0, 1], "`X` must be known"),
        ([0, 1], [None, 1], "`y` must be known"),
        ([0], [0], "at least 2 rows"),
    ],
)
@pytest.mark.parametrize("function", [divergence_transition_matrix, maximal_correlation])
def test_bad_rows_are_refused(function, X, y, message):
    with pytest.raises(ValueError, match=message):
        function(X, y)
