# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Wasserstein distances against sorting, assignment, linear programming and Gaussians."""

from __future__ import annotations

import builtins

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import sqrtm
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance as scipy_distance

from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.similarity import WassersteinDistance, wasserstein_distance
from sklearn_transfer.similarity._transport import (
    entropic_cost,
    exact_cost,
    gaussian_root,
    mean_squared_distance,
    squared_gaussian_distance,
)

SEEDS = st.integers(0, 10**6)


def by_linear_programming(cost, a, b):
    n, m = cost.shape
    rows = np.kron(np.eye(n), np.ones((1, m)))
    columns = np.kron(np.ones((1, n)), np.eye(m))
    margins = np.concatenate([a, b])
    return linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=margins).fun


@given(SEEDS, st.integers(1, 6), st.integers(1, 6))
def test_exact_cost_is_the_linear_program(seed, n, m):
    rng = np.random.default_rng(seed)
    cost = rng.uniform(size=(n, m))
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    assert_allclose(exact_cost(cost, a, b), by_linear_programming(cost, a, b), atol=1e-9)


@pytest.mark.parametrize("order", [1, 1.5, 2])
def test_equal_numbers_of_rows_are_an_assignment(order, rng):
    X, Y = rng.standard_normal((25, 3)), rng.standard_normal((25, 3)) + 0.5
    cost = cdist(X, Y) ** order
    expected = cost[linear_sum_assignment(cost)].mean() ** (1 / order)
    found = wasserstein_distance(X, Y, order=order, standardize=False)
    assert_allclose(found, expected)
    sparse = wasserstein_distance(csr_matrix(X), csr_matrix(Y), order=order, standardize=False)
    assert_allclose(sparse, expected)


def test_one_column_is_that_of_scipy_from_all_rows(rng):
    X, Y = rng.standard_normal((500, 1)), rng.exponential(size=(300, 1))
    for table in (X, csr_matrix(X)):
        found = wasserstein_distance(table, Y, order=1, standardize=False, max_samples=5)
        assert_allclose(found, scipy_distance(X[:, 0], Y[:, 0]))
    weight = rng.uniform(0.5, 2, 800)
    measure = WassersteinDistance(order=1, standardize=False)
    measure.fit(np.vstack([X, Y]), None, weight, sample_domain=np.repeat([0, 1], [500, 300]))
    expected = scipy_distance(X[:, 0], Y[:, 0], weight[:500], weight[500:])
    assert_allclose(measure.scores_[0, 1], expected)


@given(SEEDS, st.integers(1, 5))
def test_gaussian_distance_is_the_textbook_formula(seed, d):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((12, d)) @ rng.standard_normal((d, d))
    Y = rng.standard_normal((9, d)) + 1.0
    p, q = (gaussian_root(Z, np.ones(len(Z))) for Z in (X, Y))
    C, D = (np.cov(Z.T, ddof=0).reshape(d, d) for Z in (X, Y))
    root = sqrtm(C)
    shift = X.mean(axis=0) - Y.mean(axis=0)
    expected = shift @ shift + np.trace(C + D - 2 * np.real(sqrtm(root @ D @ root)))
    found = squared_gaussian_distance(p, q)
    assert_allclose(found, expected, rtol=1e-6)
    assert squared_gaussian_distance(p, p) == 0.0
    # at most the distance of the rows themselves
    a, b = np.full(12, 1 / 12), np.full(9, 1 / 9)
    assert found <= exact_cost(cdist(X, Y, "sqeuclidean"), a, b) + 1e-9


def test_gaussian_distance_without_covariances_is_that_of_diagonal_ones(rng):
    X, Y = rng.standard_normal((30, 3)), rng.standard_normal((30, 3)) * 2 + 1
    p, q = (gaussian_root(Z, np.ones(30), diagonal=True) for Z in (X, Y))
    expected = np.sum((X.mean(0) - Y.mean(0)) ** 2) + np.sum((X.std(0) - Y.std(0)) ** 2)
    assert_allclose(squared_gaussian_distance(p, q), expected)


@pytest.mark.slow
def test_exact_distance_comes_near_that_of_gaussians():
    """In one dimension, 20 000 rows: quantiles leave an error of the order of 0.01."""
    rng = np.random.default_rng(4)
    X, Y = rng.normal(0, 1, (20_000, 1)), rng.normal(2, 3, (20_000, 1))
    closed = np.sqrt(2.0**2 + (3 - 1) ** 2)
    assert_allclose(wasserstein_distance(X, Y, standardize=False), closed, atol=0.1)
    gaussian = wasserstein_distance(X, Y, method="gaussian", standardize=False)
    assert_allclose(gaussian, closed, atol=0.1)


@pytest.mark.parametrize("scale", [0.5, 0.002])
def test_entropic_cost_is_the_least_value_of_its_problem(scale, rng):
    """Both ways of iterating: on the plan and on its logarithms; against the primal value."""
    X, Y = rng.standard_normal((15, 2)), rng.standard_normal((12, 2)) + 1
    a, b = rng.dirichlet(np.ones(15) * 9), rng.dirichlet(np.ones(12) * 9)
    cost = cdist(X, Y, "sqeuclidean")
    epsilon = scale * cost.mean()
    found, settled = entropic_cost(cost, a, b, epsilon)
    if scale >= 0.1:
        u, v = np.zeros(15), np.zeros(12)
        kernel = np.exp(-cost / epsilon)
        for _ in range(5000):
            v = -np.log((a * np.exp(u)) @ kernel)
            u = -np.log(kernel @ (b * np.exp(v)))
        plan = np.exp(u[:, None] + v - cost / epsilon) * np.outer(a, b)
        primal = (plan * cost).sum() + epsilon * (plan * np.log(plan / np.outer(a, b))).sum()
        assert settled
        assert_allclose(found, primal, rtol=1e-6)
    else:
        # so little smoothing adds at most epsilon times the entropy of the margins
        exact = exact_cost(cost, a, b)
        most = epsilon * min(-(a @ np.log(a)), -(b @ np.log(b)))
        assert exact - 1e-3 <= found <= exact + most + 1e-3


@pytest.mark.parametrize("method", ["exact", "sinkhorn", "gaussian"])
def test_distance_of_a_table_from_itself_is_zero(method, rng):
    X = rng.standard_normal((80, 3))
    for max_samples in (None, 20):
        options = {"method": method, "max_samples": max_samples, "random_state": 0}
        assert wasserstein_distance(X, X, **options) < 1e-6
        assert wasserstein_distance(X, X + 1.0, **options) > 0.5


@pytest.mark.parametrize("method", ["exact", "sinkhorn", "gaussian"])
def test_distance_is_symmetric_and_weights_count_copies(method, rng):
    X = rng.standard_normal((50, 2))
    domain = np.repeat(["a", "b", "c"], [20, 15, 15])
    copies = rng.integers(1, 4, 50)
    measure = WassersteinDistance(method=method)
    weighted = measure.fit(X, None, copies, sample_domain=domain).scores_
    assert_allclose(weighted, weighted.T)
    repeated = measure.fit(np.repeat(X, copies, 0), sample_domain=np.repeat(domain, copies))
    assert_allclose(weighted, repeated.scores_, rtol=1e-3 if method == "sinkhorn" else 1e-8)


def test_little_smoothing_comes_near_the_exact_distance(rng):
    X, Y = rng.standard_normal((40, 2)), rng.standard_normal((40, 2)) + 1.0
    exact = wasserstein_distance(X, Y)
    gaps = [
        abs(wasserstein_distance(X, Y, method="sinkhorn", regularization=r) - exact)
        for r in (0.3, 0.03, 0.01)
    ]
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 0.02


def test_iterations_without_rest_are_told(rng, monkeypatch):
    monkeypatch.setattr("sklearn_transfer.similarity._transport._MOST_ITERATIONS", 2)
    X, Y = rng.standard_normal((30, 2)), rng.standard_normal((30, 2)) + 1.0
    with pytest.warns(TransferWarning, match="1 of 1 pairs did not come to rest"):
        wasserstein_distance(X, Y, method="sinkhorn", regularization=0.01)


def test_drawn_rows_follow_the_seed_and_not_the_jobs(rng):
    X, domain = rng.standard_normal((120, 2)), np.repeat([0, 1, 2], 40)
    measure = WassersteinDistance(max_samples=15, random_state=0)
    scores = measure.fit(X, sample_domain=domain).scores_
    with joblib.parallel_config(backend="threading"):
        parallel = measure.set_params(n_jobs=2).fit(X, sample_domain=domain).scores_
    assert np.array_equal(parallel, scores)
    other = measure.set_params(random_state=1, n_jobs=1).fit(X, sample_domain=domain).scores_
    assert not np.allclose(other, scores)


@given(SEEDS, st.integers(1, 4))
def test_mean_squared_distance_is_that_of_all_ordered_pairs(seed, d):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((6, d)), rng.standard_normal((4, d)) + 2
    w, v = rng.uniform(0.5, 2, 6), rng.uniform(0.5, 2, 4)
    Z, mass = np.vstack([X, Y]), np.concatenate([w, v])
    expected = mass @ cdist(Z, Z, "sqeuclidean") @ mass / mass.sum() ** 2
    assert_allclose(mean_squared_distance([(X, w), (Y, v)]), expected)


def test_mean_squared_distance_of_equal_rows_is_one():
    assert mean_squared_distance([(np.ones((3, 2)), np.ones(3))]) == 1.0


def test_gaussian_distance_of_another_order_is_refused():
    with pytest.raises(ValueError, match=r"`order` must be 2.*Got 1 instead"):
        wasserstein_distance([[0.0]], [[1.0]], method="gaussian", order=1)


def test_missing_package_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "ot":
            raise ModuleNotFoundError("No module named 'ot'", name="ot")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install POT"):
        wasserstein_distance([[0.0, 1.0]], [[1.0, 1.0]])
