# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Schedules of two-stage TrAdaBoost.R2: shares to the last digit, a root found independently."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import brentq

from sklearn_transfer._math.boosting_two_stage import (
    shrink_sources,
    target_share,
    update_target_only,
)


@st.composite
def source_rows(draw):
    n = draw(st.integers(1, 10))
    weight = np.array(draw(st.lists(st.floats(1e-6, 10.0), min_size=n, max_size=n)))
    error = np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=n, max_size=n)))
    return weight, error


@given(st.integers(2, 30), st.floats(1, 1e4), st.floats(1, 1e4))
def test_share_rises_evenly_from_that_of_the_rows_to_all(n_steps, m, n):
    shares = [target_share(step, n_steps, m, n) for step in range(n_steps)]
    assert shares[0] == pytest.approx(m / (n + m))
    assert shares[-1] == pytest.approx(1.0)
    assert_allclose(np.diff(shares), (n / (n + m)) / (n_steps - 1), rtol=1e-6)


@given(source_rows(), st.floats(0.0, 1.0))
def test_sources_have_the_sum_wanted(rows, share):
    weight, error = rows
    total = share * weight.sum()
    shrunk, beta = shrink_sources(weight, error, total)
    assert 0 <= beta <= 1
    assert (shrunk >= 0).all()
    assert (shrunk <= weight * (1 + 1e-12)).all()
    assert shrunk.sum() == pytest.approx(total, rel=1e-10, abs=1e-300)


@given(source_rows(), st.floats(0.01, 0.99))
def test_weights_are_powers_of_the_root(rows, share):
    weight, error = rows
    error = np.maximum(error, 0.05)
    total = share * weight.sum()
    shrunk, beta = shrink_sources(weight, error, total)
    root = brentq(lambda u: weight @ np.exp(u * error) - total, -1e3, 0.0, xtol=1e-13)
    assert_allclose(shrunk, weight * np.exp(root * error), rtol=1e-8)
    assert beta == pytest.approx(np.exp(root), rel=1e-6, abs=1e-300)


def test_closed_form():
    """Errors 1 and 1/2, equal weights: beta + sqrt(beta) = 0.8."""
    shrunk, beta = shrink_sources(np.ones(2), np.array([1.0, 0.5]), 0.8)
    root = (np.sqrt(1 + 4 * 0.8) - 1) / 2
    assert beta == pytest.approx(root**2)
    assert_allclose(shrunk, [root**2, root])


def test_rows_without_error_give_way_last():
    """0^0 is 1: no beta takes weight from them, so that they are scaled."""
    weight, error = np.array([1.0, 2.0, 3.0]), np.array([0.0, 1e-17, 0.5])
    shrunk, beta = shrink_sources(weight, error, 1.5)
    assert beta == 0.0
    assert_allclose(shrunk, [0.5, 1.0, 0.0])
    assert_allclose(shrink_sources(weight, np.zeros(3), 3.0)[0], weight / 2)
    assert_array_equal(shrink_sources(weight, error, 0.0)[0], np.zeros(3))


def test_nothing_to_take_leaves_the_weights():
    weight = np.array([1.0, 2.0])
    shrunk, beta = shrink_sources(weight, np.array([0.3, 1.0]), 3.0)
    assert beta == 1.0
    assert_array_equal(shrunk, weight)


@given(source_rows(), st.floats(0.01, 0.9), st.integers(1, 9))
def test_second_stage_moves_the_target_alone(rows, beta, n_target):
    weight, error = rows
    is_target = np.arange(len(weight)) < n_target
    updated = update_target_only(weight, error, is_target, beta)
    assert_array_equal(updated[~is_target], weight[~is_target])
    assert updated[is_target].sum() == pytest.approx(weight[is_target].sum())
    factors = updated[is_target] / weight[is_target]
    expected = beta ** -error[is_target]
    assert_allclose(factors / factors[0], expected / expected[0])
