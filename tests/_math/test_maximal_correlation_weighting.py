# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Maximal correlation weighting: by hand, and against loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix

from sklearn_transfer._math.maximal_correlation_weighting import (
    feature_moments,
    label_posterior,
    maximal_correlations,
)
from sklearn_transfer.transferability import h_score


def _draw(seed, n=30, k=3, n_classes=3):
    rng = np.random.default_rng(seed)
    codes = np.append(np.arange(n_classes), rng.integers(0, n_classes, n - n_classes))
    features = rng.normal(size=(n_classes, k))[codes] + rng.normal(size=(n, k))
    return features, codes, rng.uniform(0.5, 2, n)


def test_by_hand():
    """One feature, values 0, 2, 4, 6 of which the first three have class 0."""
    moments = feature_moments(np.array([[0.0], [2.0], [4.0], [6.0]]), np.array([0, 0, 0, 1]), 2)
    assert_allclose(moments.mean, 3)
    assert_allclose(moments.scale, np.sqrt(5))
    assert_allclose(moments.shares, [0.75, 0.25])
    assert_allclose(moments.class_means, [[-1 / np.sqrt(5)], [3 / np.sqrt(5)]])
    # E[g^2] = 3/4 * 1/5 + 1/4 * 9/5
    assert_allclose(maximal_correlations(moments), 0.6)
    # at x = 4 the feature is 1/sqrt(5): sigma f g = .6 * (-1/5), .6 * 3/5
    association = np.array([[-0.12, 0.36]])
    assert_allclose(label_posterior(association, moments.shares), [[0.66, 0.34]])


def _slow_posterior(train, codes, weight, n_classes, test):
    """Sum over features and rows one at a time."""
    total = weight.sum()
    posterior = np.zeros((len(test), n_classes))
    shares = [weight[codes == c].sum() / total for c in range(n_classes)]
    for r in range(len(test)):
        for c in range(n_classes):
            association = 0.0
            for j in range(train.shape[1]):
                mean = sum(weight * train[:, j]) / total
                deviation = np.sqrt(sum(weight * (train[:, j] - mean) ** 2) / total)
                f = (train[:, j] - mean) / deviation
                g = [
                    sum(weight[codes == k] * f[codes == k]) / weight[codes == k].sum()
                    for k in range(n_classes)
                ]
                sigma = sum(weight[i] * f[i] * g[codes[i]] for i in range(len(train))) / total
                association += sigma * (test[r, j] - mean) / deviation * g[c]
            posterior[r, c] = max(shares[c] * (1 + association), 0)
    return posterior / posterior.sum(axis=1, keepdims=True)


@given(seed=st.integers(0, 1000), n_classes=st.integers(2, 4))
@settings(deadline=None, max_examples=10)
def test_against_loops(seed, n_classes):
    features, codes, weight = _draw(seed, n_classes=n_classes)
    test = np.random.default_rng(seed + 1).normal(size=(4, 3))
    moments = feature_moments(features, codes, n_classes, weight)
    sigma = maximal_correlations(moments)
    association = (moments.standardise(test) * sigma) @ moments.class_means.T
    found = label_posterior(association, moments.shares)
    assert_allclose(found, _slow_posterior(features, codes, weight, n_classes, test), atol=1e-12)


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_correlation_is_the_h_score_of_the_feature_alone(seed):
    features, codes, weight = _draw(seed)
    sigma = maximal_correlations(feature_moments(features, codes, 3, weight))
    alone = [
        h_score(features[:, [j]], codes, shrinkage=None, sample_weight=weight) for j in range(3)
    ]
    assert_allclose(sigma, alone, rtol=1e-9)
    assert (sigma >= 0).all()
    assert (sigma <= 1).all()


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_scale_and_origin_of_features_do_not_matter(seed):
    features, codes, weight = _draw(seed)
    moved = features * np.array([-3.0, 1e-4, 1e5]) + np.array([1.0, -2.0, 3.0])
    one, other = (feature_moments(values, codes, 3, weight) for values in (features, moved))
    assert_allclose(maximal_correlations(other), maximal_correlations(one), rtol=1e-8)
    assert_allclose(
        np.abs(other.standardise(moved)), np.abs(one.standardise(features)), rtol=1e-5, atol=1e-9
    )


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_associations_average_to_zero_over_the_prior(seed):
    """So that the posterior sums to 1 before anything is cut off."""
    features, codes, weight = _draw(seed)
    moments = feature_moments(features, codes, 3, weight)
    test = np.random.default_rng(seed).normal(size=(5, 3)) * 10
    association = (moments.standardise(test) * maximal_correlations(moments)) @ (
        moments.class_means.T
    )
    assert_allclose(association @ moments.shares, 0, atol=1e-10)
    posterior = label_posterior(association, moments.shares)
    assert_allclose(posterior.sum(axis=1), 1)
    assert (posterior >= 0).all()
    best = (moments.shares * (1 + association)).argmax(axis=1)
    assert_array_equal(posterior.argmax(axis=1), best)


def test_sparse_features_are_as_dense_ones():
    rng = np.random.default_rng(0)
    features = rng.integers(0, 2, (20, 5)).astype(float)
    features[:, 4] = 1.0
    codes, weight = rng.integers(0, 2, 20), rng.uniform(size=20)
    dense = feature_moments(features, codes, 2, weight)
    thin = feature_moments(csr_matrix(features), codes, 2, weight)
    for mine, others in zip(dense, thin, strict=True):
        assert_allclose(others, mine, rtol=1e-9, atol=1e-12)


def test_constant_features_and_absent_classes_count_for_nothing():
    features = np.column_stack([np.full(4, 0.1), [1.0, 2.0, 3.0, 4.0]])
    moments = feature_moments(features, np.array([0, 0, 2, 2]), 3)
    assert np.isinf(moments.scale[0])
    assert maximal_correlations(moments)[0] == 0
    assert_array_equal(moments.class_means[1], 0)
    assert moments.shares[1] == 0
    assert label_posterior(np.array([[5.0, 9.0, 5.0]]), moments.shares)[0, 1] == 0


def test_rows_far_from_those_seen_go_to_the_greatest_association():
    """With priors other than the shares all sums may be negative; absent classes stay so."""
    posterior = label_posterior(np.array([[-3.0, -2.0, 7.0]]), np.array([0.5, 0.5, 0.0]))
    assert_array_equal(posterior, [[0, 1, 0]])
