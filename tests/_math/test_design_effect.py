# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Intraclass correlation and design effects: by slow loops, and of planted correlation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_transfer._math.design_effect import design_weights, intraclass_correlation

NUMBERS = st.floats(-3, 3, allow_subnormal=False)
ROWS = st.lists(
    st.tuples(st.integers(0, 4), NUMBERS, NUMBERS, st.floats(0.1, 3)), min_size=2, max_size=12
)


@given(ROWS)
def test_correlation_is_the_mean_product_of_pairs(rows):
    groups, first, second, weight = (np.array(column) for column in zip(*rows, strict=True))
    residuals = np.column_stack([first, second])
    products = pairs = 0.0
    for i in range(len(groups)):
        for j in range(len(groups)):
            if i != j and groups[i] == groups[j]:
                pairs += weight[i] * weight[j]
                products += weight[i] * weight[j] * (residuals[i] @ residuals[j])
    variance = np.average((residuals**2).sum(axis=1), weights=weight)
    found = intraclass_correlation(residuals, groups, weight)
    if pairs == 0.0 or variance == 0.0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(np.clip(products / pairs / variance, 0, 1), abs=1e-9)


@pytest.mark.parametrize("planted", [0.0, 0.3, 0.8])
def test_planted_correlation_is_found(planted):
    """Error probability below 1e-6: five standard errors (Donner, 1986)."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(3000), 4)
    shared = rng.normal(size=3000)[groups]
    residuals = np.sqrt(planted) * shared + np.sqrt(1 - planted) * rng.normal(size=len(groups))
    found = intraclass_correlation(residuals, groups, np.ones(len(groups)))
    error = (1 - planted) * (1 + 3 * planted) * np.sqrt(2 / (4 * 3 * 3000))
    assert abs(found - planted) < 5 * error


@given(ROWS, st.floats(0, 1))
def test_weights_are_inverse_design_effects(rows, correlation):
    groups = np.array([row[0] for row in rows])
    found = design_weights(groups, np.ones(len(groups)), correlation)
    for weight, group in zip(found, groups, strict=True):
        assert weight == pytest.approx(1 / (1 + ((groups == group).sum() - 1) * correlation))


def test_ends_of_the_correlation():
    groups = np.array([0, 0, 0, 1, 2, 2])
    assert_array_equal(design_weights(groups, np.ones(6), 0.0), np.ones(6))
    # Rows that are all the same are one.
    sums = np.bincount(groups, design_weights(groups, np.ones(6), 1.0))
    assert_allclose(sums, np.ones(3))


def test_variance_of_a_mean_is_that_of_so_many_independent_rows():
    """Five standard errors of a variance over 4000 draws: sqrt(2 / 4000) of it."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(5), 6)
    rho = 0.4
    means = []
    for _ in range(4000):
        y = np.sqrt(rho) * rng.normal(size=5)[groups] + np.sqrt(1 - rho) * rng.normal(size=30)
        means.append(y.mean())
    independent = design_weights(groups, np.ones(30), rho).sum()
    assert np.var(means) * independent == pytest.approx(1.0, abs=5 * np.sqrt(2 / 4000))


def test_a_row_of_hardly_any_weight_is_hardly_there():
    weight = np.array([1.0, 1.0, 1e-9])
    found = design_weights(np.zeros(3, dtype=int), weight, 0.5)
    assert_allclose(found, 1 / 1.5, rtol=1e-6)
