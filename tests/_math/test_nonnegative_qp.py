# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import nnls

from sklearn_transfer._math import _nonnegative_qp
from sklearn_transfer._math._nonnegative_qp import nonnegative_qp


def hard_matrix(seed, n_variables=150):
    """Low rank, a common direction and a tiny diagonal: most variables end at zero."""
    rng = np.random.default_rng(seed)
    rank = int(rng.choice([3, 10, 40, 100]))
    common = rng.choice([0.0, 0.3, 1.0]) * rng.normal(size=(rank, 1))
    factor = (rng.normal(size=(rank, n_variables)) + common) * rng.lognormal(size=n_variables)
    return np.diag(np.exp(rng.uniform(-6, 0, n_variables))) + factor.T @ factor


def assert_optimal(A, v, tol=1e-8):
    gradient = A @ v - 1
    assert v.min() >= 0
    assert_allclose(gradient[v > 0], 0, atol=tol)
    assert gradient[v == 0].min(initial=0) > -tol


@pytest.mark.parametrize("seed", range(30))
def test_equals_scipy_nnls(seed):
    A = hard_matrix(seed)
    v = nonnegative_qp(A)
    assert_optimal(A, v)
    lower = np.linalg.cholesky(A)
    expected = nnls(lower.T, np.linalg.solve(lower, np.ones(len(A))), maxiter=10_000)[0]
    assert_allclose(v, expected, rtol=1e-6, atol=1e-8 * expected.max())


@pytest.mark.parametrize("seed", range(10))
def test_every_stage_reaches_the_optimum_alone(seed, monkeypatch):
    A = hard_matrix(seed)
    expected = nonnegative_qp(A)
    used = []
    active_set = _nonnegative_qp._active_set

    def stalled(B, b, z, support, max_steps):
        return z, support, 0, False

    def counted(*args):
        used.append("active set")
        return active_set(*args)

    def fallback(*args, **kwargs):
        used.append("nnls")
        return nnls(*args, **kwargs)

    monkeypatch.setattr(_nonnegative_qp, "_block_pivoting", stalled)
    monkeypatch.setattr(_nonnegative_qp, "_active_set", counted)
    monkeypatch.setattr(_nonnegative_qp, "nnls", fallback)
    assert_allclose(nonnegative_qp(A), expected, rtol=1e-6, atol=1e-8 * expected.max())
    assert used == ["active set"]
    assert_allclose(nonnegative_qp(A, max_steps=0), expected, rtol=1e-6, atol=1e-8 * expected.max())
    assert used == ["active set", "active set", "nnls"]


def test_some_problems_need_more_than_block_pivoting(monkeypatch):
    stalls = 0
    active_set = _nonnegative_qp._active_set

    def counted(*args):
        nonlocal stalls
        stalls += 1
        return active_set(*args)

    monkeypatch.setattr(_nonnegative_qp, "_active_set", counted)
    for seed in range(30):
        nonnegative_qp(hard_matrix(seed))
    assert 0 < stalls < 30


def test_unconstrained_solution_is_returned_where_it_is_positive():
    A = np.array([[2.0, 0.5], [0.5, 1.0]])
    assert_allclose(nonnegative_qp(A), np.linalg.solve(A, [1, 1]), rtol=1e-14)


def test_scales_of_many_orders_of_magnitude():
    A = np.diag([1e-12, 1.0, 1e12])
    assert_allclose(nonnegative_qp(A), [1e12, 1.0, 1e-12], rtol=1e-14)


def test_equal_variables_share_equally_even_if_rounding_makes_them_singular():
    A = np.full((4, 4), 3.0)
    v = nonnegative_qp(A)
    assert v.sum() == pytest.approx(1 / 3, rel=1e-9)
    assert_allclose(v, v[0], rtol=1e-6)


@pytest.mark.parametrize("A", [[[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]]])
def test_matrix_that_is_not_definite_is_refused(A):
    with pytest.raises(ValueError, match="positive semi-definite"):
        nonnegative_qp(np.array(A))
