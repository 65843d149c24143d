# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""LEEP, NCE and LogME: published values, order of arguments, inputs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix
from scipy.stats import multivariate_normal
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

from sklearn_transfer.transferability import leep, logme, nce


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (load_iris, -0.1600602434),
        (load_wine, -0.00445916),
        (load_breast_cancer, -0.18500326),
        (load_diabetes, -6.523563962),
    ],
)
def test_published_evidence(load, expected):
    # scikit-learn holds the measurements of diabetes as floating-point numbers
    assert_allclose(logme(*load(return_X_y=True)), expected, atol=6e-9)


def test_evidence_of_classes_is_that_of_their_indicators():
    X, y = load_iris(return_X_y=True)
    indicators = (y[:, np.newaxis] == np.arange(3)).astype(float)
    raw = logme(X, indicators, multioutput="raw_values")
    assert raw.shape == (3,)
    assert_allclose(logme(X, y), raw.mean())
    assert_allclose(logme(X, np.array(["a", "b", "c"])[y]), raw.mean())
    assert_allclose(logme(X, y.astype(float), task="classification"), raw.mean())
    assert_allclose(logme(X, y, task="regression"), logme(X, y.astype(float)))
    both = np.column_stack([y, y % 2])
    assert_allclose(
        logme(X, both, multioutput="raw_values"), [logme(X, y), logme(X, y % 2)], rtol=1e-9
    )


def test_evidence_of_more_features_than_rows_is_a_density(rng):
    F, y = rng.standard_normal((20, 60)), rng.standard_normal(20)
    densities = [
        multivariate_normal(np.zeros(20), noise * np.eye(20) + weight * F @ F.T).logpdf(y) / 20
        for weight in np.logspace(-6, 1, 40)
        for noise in np.logspace(-3, 1, 40)
    ]
    assert max(densities) <= logme(F, y) <= max(densities) + 0.01


def test_evidence_does_not_change_with_unit_basis_form_or_copies_of_rows(rng):
    F = rng.standard_normal((30, 5))
    F[F < 0] = 0
    y = np.arange(30) % 3
    expected = logme(F, y)
    rotation = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    for form in (1e3 * F, F @ rotation, csr_matrix(F), np.asfortranarray(F)):
        assert_allclose(logme(form, y), expected, rtol=1e-8)
    assert_allclose(logme(F.astype(np.float32), y), expected, rtol=1e-5)
    w = rng.integers(0, 3, 30)
    rows = np.repeat(np.arange(30), w)
    assert_allclose(logme(F, y, sample_weight=w), logme(F[rows], y[rows]), rtol=1e-8)
    wide = np.hstack([F, rng.standard_normal((30, 40))])
    assert_allclose(
        logme(wide, y, sample_weight=1 + w),
        logme(wide.repeat(1 + w, 0), y.repeat(1 + w, 0)),
        rtol=1e-6,
    )


def test_measurements_of_evidence_must_be_numbers_that_vary():
    F = np.arange(6.0).reshape(3, 2)
    with pytest.raises(ValueError, match='task="classification"'):
        logme(F, ["a", "b", "a"], task="regression")
    with pytest.raises(ValueError, match="other than 0"):
        logme(F, [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="at least 2 rows"):
        logme(np.empty((0, 2)), [])


def test_leep_of_a_source_that_knows_and_one_that_does_not():
    y = np.array(["cat", "dog", "dog", "cow"])
    assert leep(np.eye(3)[[2, 1, 1, 0]], y) == 0
    frequencies = np.array([1, 2, 2, 1]) / 4
    assert_allclose(leep(np.full((4, 3), 1 / 3), y), np.log(frequencies).mean())
    # source classes may be more than the target's, and never probable
    padded = np.column_stack([np.eye(3)[[2, 1, 1, 0]], np.zeros(4)])
    assert leep(padded, y) == 0
    assert leep(csr_matrix(padded), y) == 0


def test_leep_of_labels_is_nce(rng):
    z, y = rng.integers(0, 3, 50), rng.integers(0, 4, 50)
    w = rng.integers(1, 4, 50)
    assert_allclose(leep(np.eye(3)[z], y), nce(z, y))
    assert_allclose(leep(np.eye(3)[z], y, sample_weight=w), nce(z, y, sample_weight=w))
    assert_allclose(nce(z, y, sample_weight=w), nce(np.repeat(z, w), np.repeat(y, w)))


def test_the_order_of_labels_matters():
    fine, coarse = [0, 1, 2, 3], ["a", "a", "b", "b"]
    assert nce(fine, coarse) == 0
    assert_allclose(nce(coarse, fine), -np.log(2))


def test_rows_without_mass_do_not_count(rng):
    theta, y = rng.dirichlet(np.ones(3), size=20), rng.integers(0, 3, 20)
    w = np.r_[0.0, np.ones(19)]
    y[0] = 17
    assert_allclose(leep(theta, y, sample_weight=w), leep(theta[1:], y[1:]))
    assert_allclose(nce(y, y % 2, sample_weight=w), nce(y[1:], y[1:] % 2))


@pytest.mark.parametrize(
    ("theta", "y", "message"),
    [
        ([[0.5, 0.4], [0.5, 0.5]], [0, 1], "sums to 0.9"),
        ([[1.5, -0.5], [0.5, 0.5]], [0, 1], "least value of -0.5"),
        ([0.5, 0.5], [0, 1], "`source_probabilities` must be a matrix"),
        (np.empty((0, 2)), [], "at least 1 rows"),
        ([[0.5, 0.5]], [[0, 1]], "one output at a time"),
    ],
)
def test_what_are_no_probabilities_is_refused(theta, y, message):
    with pytest.raises(ValueError, match=message):
        leep(theta, y)


def test_labels_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match="inconsistent"):
        nce([0, 1], [0, 1, 2])
    with pytest.raises(ValueError, match="at least one row"):
        nce([], [])
