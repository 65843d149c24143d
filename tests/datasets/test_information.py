# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Fisher information of planted models against quadrature and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from sklearn_transfer.datasets._information import (
    deviations,
    linear_information,
    logistic_information,
)


def _covariance(rng, n_features):
    root = rng.standard_normal((n_features, n_features))
    return root @ root.T / n_features + 0.1 * np.eye(n_features)


@pytest.mark.parametrize("signal", [0.3, 1.0, 3.0])
def test_two_classes_agree_with_gauss_hermite_quadrature(rng, signal):
    """In coordinates whose first axis is the linear predictor, all but two integrals vanish."""
    covariance = _covariance(rng, 4)
    b, coef = 0.4, rng.standard_normal(4)
    coef *= signal / np.sqrt(coef @ covariance @ coef)
    # x = root z with z standard, and z_0 = t / signal
    root = np.linalg.cholesky(covariance)
    axes, _ = np.linalg.qr(np.column_stack([root.T @ coef, rng.standard_normal((4, 3))]))
    axes[:, 0] = root.T @ coef / signal
    z, weight = np.polynomial.hermite_e.hermegauss(150)
    weight = weight / weight.sum()
    v = expit(b + signal * z) * (1 - expit(b + signal * z))
    moments = [weight @ (v * z**power) for power in range(3)]
    in_axes = np.diag([moments[0], moments[2], *[moments[0]] * 3])
    in_axes[0, 1] = in_axes[1, 0] = moments[1]
    back = np.eye(5)
    back[1:, 1:] = root @ axes
    expected = back @ in_axes @ back.T

    information = logistic_information(
        np.array([b]), coef[np.newaxis], covariance, own_intercept=False
    )
    np.testing.assert_allclose(information, expected, rtol=0, atol=1e-6 * expected.max())
    profiled = logistic_information(np.array([b]), coef[np.newaxis], covariance, own_intercept=True)
    # the inverse of a Schur complement is a block of the inverse
    np.testing.assert_allclose(np.linalg.inv(profiled), np.linalg.inv(expected)[1:, 1:], rtol=1e-4)


def test_without_signal_all_rows_inform_alike(rng):
    covariance = _covariance(rng, 3)
    information = logistic_information(
        np.zeros(1), np.zeros((1, 3)), covariance, own_intercept=False
    )
    expected = np.zeros((4, 4))
    expected[0, 0], expected[1:, 1:] = 0.25, covariance / 4
    np.testing.assert_allclose(information, expected, atol=1e-12)


@pytest.mark.parametrize("n_features", [1, 3])
@pytest.mark.parametrize("n_classes", [3, 5])
def test_more_classes_agree_with_simulation(rng, n_classes, n_features):
    """Also where the features are fewer than the linear predictors.

    Each of at most 256 entries is an average of 100 000 terms; six standard errors are exceeded
    with probability 5e-7.
    """
    q = n_classes - 1
    covariance = _covariance(rng, n_features)
    intercept, coef = rng.standard_normal(q), rng.standard_normal((q, n_features))
    X = rng.multivariate_normal(np.zeros(n_features), covariance, size=100_000)
    p = softmax(np.column_stack([np.zeros(len(X)), intercept + X @ coef.T]), axis=1)[:, 1:]
    X1 = np.column_stack([np.ones(len(X)), X])
    information = logistic_information(intercept, coef, covariance, own_intercept=False)
    blocks = information.reshape(q, n_features + 1, q, n_features + 1)
    for a in range(q):
        for b in range(q):
            v = p[:, a] * ((a == b) - p[:, b])
            terms = v[:, np.newaxis, np.newaxis] * X1[:, :, np.newaxis] * X1[:, np.newaxis, :]
            standard_error = terms.std(axis=0) / np.sqrt(len(X))
            assert (abs(blocks[a, :, b] - terms.mean(axis=0)) < 6 * standard_error).all()
    np.testing.assert_allclose(information, information.T, atol=1e-12)
    assert np.linalg.eigvalsh(information)[0] > 0


def test_linear_information_is_the_second_moment_over_the_variance(rng):
    covariance = _covariance(rng, 3)
    information = linear_information(covariance, 2.0, own_intercept=False)
    assert information[0].tolist() == [0.25, 0, 0, 0]
    np.testing.assert_allclose(information[1:, 1:], covariance / 4)
    profiled = linear_information(covariance, 2.0, own_intercept=True)
    np.testing.assert_allclose(profiled, covariance / 4)


@pytest.mark.parametrize("rank", [1, 3, 5])
def test_deviations_have_the_gram_matrix(rng, rank):
    information = _covariance(rng, 5)
    root = rng.standard_normal((7, rank))
    delta = deviations(root @ root.T, information, rng)
    np.testing.assert_allclose(delta.T @ information @ delta, root @ root.T, atol=1e-10)


def test_deviations_have_the_lengths(rng):
    information = _covariance(rng, 5)
    lengths = np.array([0.0, 0.5, 2.0])
    delta = deviations(lengths, information, rng)
    np.testing.assert_allclose(np.diag(delta.T @ information @ delta), lengths, atol=1e-12)
