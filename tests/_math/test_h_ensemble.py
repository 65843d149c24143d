# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The mixture of greatest H-score: against a general solver and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import eigh
from scipy.optimize import approx_fprime, minimize
from sklearn.covariance import ledoit_wolf_shrinkage

from sklearn_transfer._math.h_ensemble import (
    _raised,
    best_mixture,
    ensemble_moments,
    mean_shrinkage,
    mixture_loadings,
    mixture_score,
)
from sklearn_transfer._math.maximal_correlation_weighting import feature_moments
from sklearn_transfer.transferability import h_score


def _draw(seed, n_models=4, n=60, k=3, n_classes=4):
    """Features that know the label more or less, standardised, and the labels."""
    rng = np.random.default_rng(seed)
    codes = np.append(np.arange(n_classes), rng.integers(0, n_classes, n - n_classes))
    features = [
        rng.uniform(0, 1.5) * rng.normal(size=(n_classes, k))[codes] + rng.normal(size=(n, k))
        for _ in range(n_models)
    ]
    return _standardised(features, codes), codes


def _standardised(features, codes):
    n_classes = codes.max() + 1
    return np.stack([feature_moments(f, codes, n_classes).standardise(f) for f in features])


def _moments(features, codes, shrinkage=0.0):
    """Of features of zero mean, in whatever units they come."""
    classes = range(codes.max() + 1)
    means = np.stack([[f[codes == c].mean(axis=0) for c in classes] for f in features])
    shares = np.bincount(codes) / len(codes)
    mass = np.full(len(codes), 1 / len(codes))
    return ensemble_moments(features, means, shares, mass, shrinkage)


def _general_solver(moments, starts=12):
    n_models = len(moments.class_means)
    rng = np.random.default_rng(0)
    found = [
        minimize(
            lambda a: -mixture_score(a, moments),
            rng.dirichlet(np.ones(n_models)),
            bounds=[(0, 1)] * n_models,
            constraints={"type": "eq", "fun": lambda a: a.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        for _ in range(starts)
    ]
    best = min(found, key=lambda result: result.fun)
    return best.x, -best.fun


@pytest.mark.parametrize("shrinkage", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(6))
def test_no_general_solver_finds_better(seed, shrinkage):
    moments = _moments(*_draw(seed), shrinkage)
    weights, score = _general_solver(moments)
    found = best_mixture(moments)
    assert found.converged
    assert found.score >= score - 1e-9
    assert_allclose(found.weights, weights, atol=1e-4)
    assert_allclose(found.weights.sum(), 1)
    assert (found.weights >= 0).all()


@given(seed=st.integers(0, 10_000), n_models=st.integers(2, 5), k=st.integers(1, 4))
@settings(deadline=None, max_examples=25)
def test_weights_satisfy_the_optimality_conditions(seed, n_models, k):
    """No model in the mixture pulls either way, no model outside of it pulls in."""
    moments = _moments(*_draw(seed, n_models=n_models, k=k))
    found = best_mixture(moments)
    step = 1e-5
    slope = np.array(
        [
            (
                mixture_score(found.weights + step * one, moments)
                - mixture_score(found.weights - step * one, moments)
            )
            / (2 * step)
            for one in np.eye(n_models)
        ]
    )
    inside = found.weights > 1e-6
    assert_allclose(slope[inside], 0, atol=1e-5)
    assert (slope[~inside] < 1e-5).all()


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=10)
def test_slope_is_the_derivative_of_the_score(seed):
    moments = _moments(*_draw(seed), 0.2)
    weights = np.random.default_rng(seed).dirichlet(np.ones(4))
    assert_allclose(
        _raised(weights, moments)[1],
        approx_fprime(weights, mixture_score, 1e-7, moments),
        atol=1e-5,
    )


@pytest.mark.parametrize("seed", range(5))
def test_for_one_feature_it_is_the_first_generalised_eigenvector(seed):
    """The score is a ratio of quadratic forms; signs are turned so that the vector is positive."""
    features, codes = _draw(seed, n_models=3, k=1, n_classes=2)
    moments = _moments(features, codes)
    between = np.einsum("c,ica,jca->ij", moments.shares, moments.class_means, moments.class_means)
    values, vectors = eigh(between, moments.covariance[:, :, 0, 0])
    features = features * np.sign(vectors[:, -1])[:, np.newaxis, np.newaxis]
    found = best_mixture(_moments(features, codes))
    assert_allclose(found.weights, np.abs(vectors[:, -1]) / np.abs(vectors[:, -1]).sum(), atol=1e-6)
    assert_allclose(found.score, values[-1], rtol=1e-6)


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=15)
def test_score_is_the_h_score_of_the_mixed_features(seed):
    features, codes = _draw(seed)
    weights = np.random.default_rng(seed).dirichlet(np.ones(4))
    mixed = np.tensordot(weights, features, axes=1)
    expected = h_score(mixed, codes, shrinkage=None)
    assert_allclose(mixture_score(weights, _moments(features, codes)), expected, rtol=1e-6)
    assert_allclose(mixture_score(7 * weights, _moments(features, codes)), expected, rtol=1e-6)
    # the published shrunken score has the factor 1 - a, which moves no maximum
    shrunk = h_score(mixed, codes, shrinkage=0.3) / 0.7
    assert_allclose(mixture_score(weights, _moments(features, codes, 0.3)), shrunk, rtol=1e-6)


def test_mixture_is_no_worse_than_any_model_alone_or_all_alike():
    for seed in range(10):
        moments = _moments(*_draw(seed))
        rivals = [np.full(4, 0.25), *np.eye(4)]
        best = max(mixture_score(rival, moments) for rival in rivals)
        assert best_mixture(moments).score >= best - 1e-9


def test_loadings_are_the_class_means_through_the_inverse_covariance():
    features, codes = _draw(3)
    weights = np.array([0.5, 0.2, 0.3, 0.0])
    mixed = np.tensordot(weights, features, axes=1)
    means = np.stack([mixed[codes == c].mean(axis=0) for c in range(4)])
    expected = means @ np.linalg.inv(np.cov(mixed.T, bias=True))
    assert_allclose(mixture_loadings(weights, _moments(features, codes)), expected, rtol=1e-6)


def test_model_that_stands_for_noise_gets_little_and_copies_the_same():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, 400)
    known = codes + 0.5 * rng.normal(size=400)
    features = _standardised(
        [known[:, np.newaxis], rng.normal(size=(400, 1)), known[:, np.newaxis]], codes
    )
    weights = best_mixture(_moments(features, codes)).weights
    assert weights[1] < 0.05
    assert_allclose(weights[0], weights[2], rtol=1e-6)


def test_order_of_the_models_does_not_matter():
    features, codes = _draw(1)
    order = [2, 0, 3, 1]
    one = best_mixture(_moments(features, codes)).weights
    other = best_mixture(_moments(features[order], codes)).weights
    assert_allclose(other, one[order], atol=1e-7)


def test_features_that_say_nothing_leave_equal_weights():
    codes = np.array([0, 1] * 5)
    found = best_mixture(_moments(np.zeros((3, 10, 2)), codes))
    assert_allclose(found.weights, 1 / 3)
    assert found.score == 0


def test_dependent_features_do_not_break_it():
    """Class probabilities sum to one: their covariance is singular."""
    features, codes = _draw(2, k=2)
    doubled = np.concatenate([features, -features.sum(axis=2, keepdims=True)], axis=2)
    one, other = (best_mixture(_moments(block, codes)) for block in (features, doubled))
    assert_allclose(other.score, one.score, rtol=1e-5)
    assert_allclose(other.weights, one.weights, atol=1e-3)


def test_shrinkage_is_that_of_scikit_learn():
    features, codes = _draw(0, n=20, k=6)
    mass = np.full(len(codes), 1 / len(codes))
    expected = np.mean([ledoit_wolf_shrinkage(f, assume_centered=True) for f in features])
    assert_allclose(mean_shrinkage(features, mass, len(codes)), expected)
