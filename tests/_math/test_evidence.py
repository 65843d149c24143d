# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Evidence scores against sums by hand, exact Gaussian evidence and a general solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import linprog, minimize
from scipy.sparse import csr_matrix
from scipy.stats import multivariate_normal

from sklearn_transfer._math import evidence
from sklearn_transfer._math.evidence import (
    feature_spectrum,
    leep,
    maximal_log_evidence,
    negative_conditional_entropy,
    transport_plan,
    transport_terms,
)


def largest_evidence(F, y):
    """Maximise the Gaussian log density over both precisions, from several starts."""
    n = len(y)

    def negative(log_scales):
        weight, noise = np.exp(np.clip(log_scales, -25, 25))
        density = multivariate_normal(
            np.zeros(n), noise * np.eye(n) + weight * F @ F.T, allow_singular=True
        )
        return -density.logpdf(y) / n

    starts = [(a, b) for a in (-6, 0, 6) for b in (-4, 0)]
    options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000}
    return -min(minimize(negative, s, method="Nelder-Mead", options=options).fun for s in starts)


@pytest.mark.parametrize(("n", "k"), [(12, 3), (10, 10), (8, 30)])
def test_evidence_is_the_largest_gaussian_density(n, k, rng):
    F = rng.standard_normal((n, k)) + 0.5
    y = F @ rng.standard_normal(k) + rng.standard_normal(n)
    found = maximal_log_evidence(feature_spectrum(F, y[:, np.newaxis]))[0]
    assert_allclose(found, largest_evidence(F, y), atol=2e-6)


def test_evidence_of_more_features_than_rows_has_the_missing_term(rng):
    # without -(D - k)/2 log(alpha) this would be far above 0
    F, y = rng.standard_normal((50, 200)), rng.standard_normal(50)
    found = maximal_log_evidence(feature_spectrum(F, y[:, np.newaxis]))[0]
    iid = multivariate_normal(np.zeros(50), y @ y / 50 * np.eye(50)).logpdf(y) / 50
    assert iid - 1e-9 <= found < -1


@given(st.integers(0, 10**6), st.integers(3, 25), st.integers(1, 40))
def test_no_other_precisions_have_more_evidence(seed, n, k):
    rng = np.random.default_rng(seed)
    F = rng.standard_normal((n, k)) * np.exp(rng.normal(0, 1.5, k))
    y = F @ rng.standard_normal(k) * rng.choice([0, 0.1, 1]) + rng.standard_normal(n)
    found = maximal_log_evidence(feature_spectrum(F, y[:, np.newaxis]))[0]
    values, vectors = np.linalg.eigh(F @ F.T)
    along = (vectors.T @ y) ** 2
    for t in np.geomspace(1e-8, 1e8, 200) * values.mean():
        spread = 1 + np.maximum(values, 0) / t
        noise = (along / spread).mean()
        at_t = -0.5 * np.log(spread).mean() - 0.5 * np.log(2 * np.pi * np.e * noise)
        assert found >= at_t - 1e-7


@pytest.mark.parametrize(("n", "k"), [(30, 4), (9, 20)])
def test_spectrum_of_every_form_of_input(n, k, rng):
    F = rng.standard_normal((n, k))
    F[F < 0] = 0
    Y = rng.standard_normal((n, 2))
    Y[Y < 0] = 0
    w = rng.integers(1, 4, n).astype(float)
    copies = np.repeat(np.arange(n), w.astype(int))
    U, s, _ = np.linalg.svd(F[copies], full_matrices=False)
    kept = s > 1e-10
    expected = np.sort((U.T @ Y[copies])[kept] ** 2, axis=0)
    for features in (F, csr_matrix(F)):
        for outputs in (Y, csr_matrix(Y)):
            found = feature_spectrum(features, outputs, w)
            assert_allclose(np.sort(found.values), np.sort(s[kept] ** 2), rtol=1e-10)
            assert_allclose(np.sort(found.projections, axis=0), expected, atol=1e-9)
            assert_allclose(found.squares, (Y[copies] ** 2).sum(axis=0))
            assert found.mass == len(copies)


def test_features_of_no_rank_explain_nothing():
    y = np.array([1.0, -1.0, 2.0])
    found = maximal_log_evidence(feature_spectrum(np.zeros((3, 2)), y[:, np.newaxis]))
    assert_allclose(found, -0.5 * np.log(2 * np.pi * np.e * 2.0))


def test_a_perfect_fit_is_finite():
    F = np.arange(1.0, 9.0).reshape(-1, 1)
    assert 5 < maximal_log_evidence(feature_spectrum(F, 3 * F))[0] < 50


def test_leep_by_hand(monkeypatch):
    monkeypatch.setattr(evidence, "_BLOCK_ROWS", 2)
    theta = np.array([[0.8, 0.2, 0.0], [0.6, 0.4, 0.0], [0.1, 0.9, 0.0]])
    # P(z) ~ (1.5, 1.5, 0); P(y=0 | z) = (14/15, 2/5), P(y=1 | z) = (1/15, 3/5)
    rows = [0.8 * 14 / 15 + 0.2 * 0.4, 0.6 * 14 / 15 + 0.4 * 0.4, 0.1 / 15 + 0.9 * 0.6]
    codes = np.array([0, 0, 1])
    assert_allclose(leep(theta, codes), np.log(rows).mean())
    assert_allclose(leep(theta, codes, np.array([2.0, 2.0, 2.0])), np.log(rows).mean())
    doubled = np.array([0, 1, 2, 2])
    expected = leep(theta[doubled], codes[doubled])
    assert_allclose(leep(theta, codes, np.array([1.0, 1.0, 2.0])), expected)


def test_nce_by_hand():
    joint = np.array([[0.2, 0.1], [0.3, 0.0], [0.0, 0.4]])  # y by z
    expected = 0.2 * np.log(0.4) + 0.3 * np.log(0.6) + 0.1 * np.log(0.2) + 0.4 * np.log(0.8)
    for form in (joint, csr_matrix(joint)):
        assert_allclose(negative_conditional_entropy(form), expected)


@given(st.integers(0, 10**6))
def test_leep_is_at_least_nce_and_the_log_probability_of_the_predicted_label(seed):
    rng = np.random.default_rng(seed)
    theta = rng.dirichlet(np.ones(3), size=30)
    y, z = rng.integers(0, 4, 30), theta.argmax(axis=1)
    soft = np.zeros((4, 3))
    np.add.at(soft, y, theta / 30)
    # the bound of Nguyen et al., Property 2, with LEEP's own conditional distribution
    conditional = soft / soft.sum(axis=0)
    bound = np.mean(np.log(conditional[y, z])) + np.mean(np.log(theta[np.arange(30), z]))
    assert leep(theta, y) >= bound


def test_transport_terms_against_a_linear_program(rng):
    n_source, n_target = 6, 5
    cost = rng.random((n_source, n_target))
    a, b = rng.dirichlet(np.ones(n_source)), rng.dirichlet(np.ones(n_target))
    z, y = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 1, 0, 1, 1])
    marginals = np.vstack(
        [np.kron(np.eye(n_source), np.ones(n_target)), np.kron(np.ones(n_source), np.eye(n_target))]
    )
    solution = linprog(cost.ravel(), A_eq=marginals, b_eq=np.concatenate([a, b]))
    plan = solution.x.reshape(n_source, n_target)
    joint = np.array([[plan[np.ix_(z == i, y == j)].sum() for i in range(3)] for j in range(2)])
    live = joint > 0
    entropy = -(joint * np.log(np.where(live, joint, 1) / joint.sum(axis=0)))[live].sum()
    terms = transport_terms(cost, z, y, a, b)
    assert_allclose(terms.distance, solution.fun)
    assert_allclose(terms.conditional_entropy, entropy, atol=1e-9)


def test_entropic_plan_meets_its_condition(rng):
    cost, a, b = 100 * rng.random((5, 4)), rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(4))
    plan = transport_plan(cost, a, b, regularization=0.5)
    assert_allclose(plan.sum(axis=1), a, atol=1e-7)
    assert_allclose(plan.sum(axis=0), b, atol=1e-7)
    # log plan + cost / (reg * mean cost) is a sum of a row and a column term
    residue = np.log(plan) + cost / (0.5 * cost.mean())
    residue -= residue.mean(axis=0) + residue.mean(axis=1, keepdims=True) - residue.mean()
    assert_allclose(residue, 0, atol=1e-9)
