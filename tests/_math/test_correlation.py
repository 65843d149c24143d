# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""H-score, divergence transition matrix and ACE against definitions written out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix
from sklearn.covariance import ledoit_wolf_shrinkage

from sklearn_transfer._math import _shrunk_projection, correlation
from sklearn_transfer._math.correlation import (
    alternating_conditional_expectations,
    correlation_ratios,
    divergence_transition_matrix,
    h_scores,
    joint_distribution,
    largest_correlation,
    mean_square_contingency,
)
from sklearn_transfer.exceptions import TransferWarning

RULES = [None, "auto", "ledoit-wolf", 0.3]


def by_definition(X, y, rule, w=None):
    """H-score from matrices formed in full, with the intensity of scikit-learn."""
    w = np.ones(len(X)) if w is None else w
    n, k = w.sum(), X.shape[1]
    Z = X - np.average(X, axis=0, weights=w)
    if rule == "auto":
        if n >= 4 * k:
            rule = None
        else:
            Z /= np.sqrt(np.average(Z**2, axis=0, weights=w))
    S = (w * Z.T) @ Z / n
    a = rule or 0.0
    if isinstance(rule, str):
        copies = np.repeat(Z, w.astype(int), axis=0)
        assert len(copies) == n
        a = ledoit_wolf_shrinkage(copies, assume_centered=True)
    shrunk = (1 - a) * S + a * np.trace(S) / k * np.eye(k)
    means = np.array([np.average(Z[y == c], axis=0, weights=w[y == c]) for c in np.unique(y)])
    masses = np.array([w[y == c].sum() for c in np.unique(y)])
    between = (masses * means.T) @ means / n
    score = np.trace(np.linalg.pinv(shrunk, rcond=1e-11, hermitian=True) @ between)
    if rule == "auto":
        return score * ((1 - a) + a / np.linalg.eigvalsh(S)[-1])
    return score * (1 - a) * (n / (n - 1) if rule == "ledoit-wolf" else 1)


def one_score(X, y, **options):
    n_classes = np.array([y.max() + 1])
    return h_scores(X, y[np.newaxis], n_classes, **options).scores[0]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("n", "k"), [(90, 6), (30, 12), (20, 45)])
def test_every_route_gives_the_definition(n, k, rule, weighted, rng):
    y = np.arange(n) % 3
    X = (rng.standard_normal((n, k)) + 0.5 * y[:, np.newaxis]) @ rng.standard_normal((k, k))
    X[X < 0] = 0
    w = rng.integers(1, 4, n).astype(float) if weighted else None
    expected = by_definition(X, y, rule, w)
    options = {"shrinkage": rule, "sample_weight": w}
    assert_allclose(one_score(X, y, **options), expected, rtol=1e-9)
    assert_allclose(one_score(csr_matrix(X), y, **options), expected, rtol=1e-9)
    iterative = one_score(csr_matrix(X), y, gram_limit=1, **options)
    assert_allclose(iterative, expected, rtol=1e-7)


@pytest.mark.parametrize("kind", [np.array, csr_matrix])
@pytest.mark.parametrize(("n", "k"), [(80, 5), (80, 1), (25, 60)])
def test_ledoit_wolf_intensity_is_that_of_scikit_learn(n, k, kind, rng):
    X = rng.standard_normal((n, k)) @ rng.standard_normal((k, k)) + 7
    y = np.arange(n)[np.newaxis] % 2
    raw = h_scores(kind(X), y, np.array([2]), shrinkage="ledoit-wolf").shrinkage
    assert_allclose(raw, ledoit_wolf_shrinkage(X), rtol=1e-9, atol=1e-15)
    if n < 4 * k:
        scaled = h_scores(kind(X), y, np.array([2]), shrinkage="auto").shrinkage
        assert_allclose(scaled, ledoit_wolf_shrinkage((X - X.mean(0)) / X.std(0)), rtol=1e-9)


def test_outputs_in_blocks_are_outputs_one_by_one(monkeypatch, rng):
    X = rng.standard_normal((40, 3))
    codes = np.vstack([np.arange(40) % c for c in (2, 5, 3, 4)])
    expected = [one_score(X, row) for row in codes]
    n_classes = np.array([2, 5, 3, 4])
    assert_allclose(h_scores(X, codes, n_classes).scores, expected)
    monkeypatch.setattr(correlation, "_BLOCK_SIZE", 7 * 40)
    assert_allclose(h_scores(X, codes, n_classes).scores, expected)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("k", [1, 2, 9])
def test_adjustment_is_the_mean_over_all_orders_of_the_labels(k, rule, rng):
    X = rng.standard_normal((6, k)) * np.arange(1, k + 1)
    y = np.array([0, 0, 1, 1, 2, 2])
    orders = [one_score(X, np.array(order), shrinkage=rule) for order in set(permutations(y))]
    expected = one_score(X, y, shrinkage=rule) - np.mean(orders)
    assert_allclose(one_score(X, y, shrinkage=rule, adjusted=True), expected, atol=1e-12)


def test_at_full_shrinkage_features_count_one_by_one(rng):
    y = np.arange(12) % 3
    codes, n_classes = y[np.newaxis], np.array([3])
    draws = (rng.standard_normal((12, 4)) for _ in range(100))
    X = next(X for X in draws if h_scores(X, codes, n_classes, shrinkage="auto").shrinkage == 1)
    largest = np.linalg.eigvalsh(np.corrcoef(X, rowvar=False))[-1]
    expected = correlation_ratios(X, codes, n_classes).sum() / largest
    for kind, options in ((np.array, {}), (csr_matrix, {}), (csr_matrix, {"gram_limit": 1})):
        assert_allclose(one_score(kind(X), y, shrinkage="auto", **options), expected, rtol=1e-9)
    adjusted = one_score(X, y, shrinkage="auto", adjusted=True)
    assert_allclose(adjusted, expected - 4 * 2 / 11 / largest, rtol=1e-9)
    assert one_score(X, y, shrinkage="auto") > 0  # the published score is 0 here


def test_adjustment_needs_a_factorisation(rng):
    X = csr_matrix(rng.standard_normal((30, 12)))
    with pytest.raises(ValueError, match="TruncatedSVD"):
        one_score(X, np.arange(30) % 2, adjusted=True, gram_limit=5)


def test_unfinished_iteration_is_a_lower_bound_and_says_so(monkeypatch, rng):
    X = rng.standard_normal((60, 40)) * np.logspace(0, 3, 40)
    y = np.arange(60) % 2
    monkeypatch.setattr(_shrunk_projection.IterativeRoute, "max_iter", 3)
    with pytest.warns(TransferWarning, match="lower bound"):
        found = one_score(csr_matrix(X), y, shrinkage=1e-6, gram_limit=5)
    assert 0 < found < one_score(X, y, shrinkage=1e-6)


def test_largest_eigenvalue_by_lanczos(rng):
    A = rng.standard_normal((300, 400))
    A = A @ A.T
    lower = np.asfortranarray(np.tril(A))
    expected = np.linalg.eigvalsh(A)[-1]
    assert_allclose(_shrunk_projection._largest_eigenvalue(lower), expected, rtol=1e-7)


def tables():
    """Joint counts of 2 to 5 labels and 2 to 6 symbols without empty margins."""
    shapes = st.tuples(st.integers(2, 5), st.integers(2, 6))
    return shapes.flatmap(
        lambda shape: st.lists(
            st.integers(0, 9), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]
        ).map(lambda cells: np.reshape(cells, shape))
    ).filter(lambda table: table.sum(axis=0).all() and table.sum(axis=1).all())


@given(tables())
def test_divergence_transition_matrix(table):
    joint = table / table.sum()
    p_y, p_x = joint.sum(axis=1), joint.sum(axis=0)
    B = divergence_transition_matrix(joint)
    expected = np.diag(p_y**-0.5) @ joint @ np.diag(p_x**-0.5) - np.outer(p_y**0.5, p_x**0.5)
    assert_allclose(B, expected, atol=1e-14)
    sigma = np.linalg.svd(B, compute_uv=False)
    assert sigma[0] <= 1 + 1e-12
    assert_allclose(sigma[-1], 0, atol=1e-12)
    sparse = csr_matrix(joint)
    assert_allclose(divergence_transition_matrix(sparse), B, atol=1e-14)
    assert_allclose(mean_square_contingency(sparse), (sigma**2).sum(), atol=1e-12)
    assert_allclose(largest_correlation(sparse), sigma[0], atol=1e-7)


@given(tables(), st.integers(0, 3))
def test_alternating_conditional_expectations_are_the_singular_vectors(table, seed):
    joint = table / table.sum()
    sigma = np.linalg.svd(divergence_transition_matrix(joint), compute_uv=False)
    k = min(table.shape) - 1
    rng = np.random.RandomState(seed)
    modes = alternating_conditional_expectations(
        csr_matrix(joint), k, rng, tol=1e-14, max_iter=10_000
    )
    f, g = modes.x_functions, modes.y_functions
    p_y, p_x = joint.sum(axis=1), joint.sum(axis=0)
    assert modes.converged
    assert_allclose(modes.correlations, sigma[:k], atol=1e-5)
    # zero mean, unit variance, uncorrelated, and E[f g'] diagonal
    assert_allclose(p_x @ f, 0, atol=1e-9)
    assert_allclose(p_y @ g, 0, atol=1e-9)
    assert_allclose((p_x * f.T) @ f, np.eye(k), atol=1e-9)
    assert_allclose((p_y * g.T) @ g, np.eye(k), atol=1e-9)
    assert_allclose(g.T @ joint @ f, np.diag(modes.correlations), atol=1e-5)


def test_first_component_alone_is_the_first_of_all(rng):
    joint = csr_matrix(rng.dirichlet(np.ones(20)).reshape(4, 5))
    options = {"tol": 1e-14, "max_iter": 10_000}
    first, both = (
        alternating_conditional_expectations(joint, k, np.random.RandomState(0), **options)
        for k in (1, 3)
    )
    assert_allclose(first.correlations[0], both.correlations[0], atol=1e-10)
    assert_allclose(first.x_functions[:, 0], both.x_functions[:, 0], atol=1e-5)
    assert_allclose(first.y_functions[:, 0], both.y_functions[:, 0], atol=1e-5)


def information(joint):
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return (joint * np.log(joint / independent)).sum()


def features_of(joint, f):
    """Rows, masses and labels whose distribution is the joint one, with features f(x)."""
    n_y, n_x = joint.shape
    return np.tile(f, (n_y, 1)), np.repeat(np.arange(n_y), n_x), joint.ravel()


def test_h_score_of_the_optimal_features_is_the_squared_norm(rng):
    joint = rng.dirichlet(np.ones(20)).reshape(4, 5)
    modes = alternating_conditional_expectations(
        csr_matrix(joint), 3, np.random.RandomState(0), tol=1e-15, max_iter=10_000
    )
    for k in (1, 2, 3):
        X, y, w = features_of(joint, modes.x_functions[:, :k])
        expected = (modes.correlations[:k] ** 2).sum()
        assert_allclose(one_score(X, y, sample_weight=w), expected, rtol=1e-6)
        # and no other features reach as far (Corollary 1)
        X, y, w = features_of(joint, rng.standard_normal((5, k)))
        assert one_score(X, y, sample_weight=w) < expected


def test_h_score_is_at_most_twice_the_information_near_independence(rng):
    independent = np.outer(rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(4)))
    direction = rng.standard_normal((3, 4))
    direction -= direction.mean(axis=0)
    direction -= direction.mean(axis=1, keepdims=True)
    ratios = []
    for size in (0.1, 0.01, 0.001):
        joint = independent + size * independent.min() * direction / np.abs(direction).max()
        twice = 2 * information(joint)
        optimal = mean_square_contingency(csr_matrix(joint))
        ratios.append(abs(optimal / twice - 1))
        X, y, w = features_of(joint, rng.standard_normal((4, 1)))
        assert one_score(X, y, sample_weight=w) < twice
    assert ratios[0] < 0.1
    assert ratios[1] < 0.2 * ratios[0]
    assert ratios[2] < 0.2 * ratios[1]


def test_away_from_independence_it_often_is_more(rng):
    certain = np.array([[0.9, 0.0], [0.0, 0.1]]) + 1e-12
    assert mean_square_contingency(csr_matrix(certain)) > 2 * information(certain)  # 1 and .65
    joints = rng.dirichlet(np.ones(12), size=500).reshape(-1, 3, 4)
    more = [mean_square_contingency(csr_matrix(p)) > 2 * information(p) for p in joints]
    assert 0.15 < np.mean(more) < 0.35


def test_joint_distribution_adds_up_weights():
    joint = joint_distribution(np.array([0, 1, 1]), np.array([0, 0, 0]), np.array([2.0, 1.0, 1.0]))
    assert_allclose(joint.toarray(), [[0.5, 0.5]])
