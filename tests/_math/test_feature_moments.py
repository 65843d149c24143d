# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Moments read in blocks, against numpy on the whole matrix."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix

from sklearn_transfer._math import _feature_moments
from sklearn_transfer._math._feature_moments import (
    class_sums,
    column_moments,
    feature_moments,
    row_gram,
    squared_norms,
)

KINDS = ["float64", "float32", "int", "bool", "fortran", "strided", "sparse", "dense_sparse"]


def matrix(kind, rng, n=203, k=7):
    """Features of one kind, and the same as a plain array."""
    X = 3.0 + rng.standard_normal((n, k)) * np.arange(1, k + 1)
    if kind == "float32":
        X = X.astype(np.float32)
    elif kind == "int":
        X = (10 * X).astype(np.int64)
    elif kind == "bool":
        X = X > 3
    elif kind == "fortran":
        X = np.asfortranarray(X)
    elif kind == "strided":
        X = np.repeat(X, 2, axis=1)[:, ::2]
    elif kind == "sparse":
        places = rng.integers(0, n, 400), rng.integers(0, 40, 400)
        X = csr_matrix((rng.random(400), places), shape=(n, 40))
    elif kind == "dense_sparse":
        X = csr_matrix(X)
    return X, (X.toarray() if "sparse" in kind else X).astype(float)


def symmetric(lower):
    return np.tril(lower) + np.tril(lower, -1).T


@pytest.fixture(params=[None, 2**11], ids=["one block", "many blocks"])
def blocks(request, monkeypatch):
    if request.param is not None:
        monkeypatch.setattr(_feature_moments, "_BLOCK_BYTES", request.param)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_moments_are_those_of_the_whole_matrix(kind, weighted, rng):
    X, dense = matrix(kind, rng)
    w = rng.uniform(0, 2, len(dense)) if weighted else None
    weights = np.ones(len(dense)) if w is None else w
    mean = np.average(dense, axis=0, weights=weights)
    covariance = np.cov(dense, rowvar=False, aweights=weights, ddof=0)
    moments = feature_moments(X, w)
    assert_allclose(moments.mean, mean, rtol=1e-12)
    assert_allclose(symmetric(moments.covariance), covariance, rtol=1e-11, atol=1e-12)
    column_mean, variance, _ = column_moments(X, w)
    assert_allclose(column_mean, mean, rtol=1e-12)
    assert_allclose(variance, np.diagonal(covariance), rtol=1e-11, atol=1e-12)
    raw = feature_moments(X, w, centred=False)
    expected = (dense.T * weights) @ dense / weights.sum()
    assert_allclose(symmetric(raw.covariance), expected, rtol=1e-11, atol=1e-12)

    scale = rng.uniform(0.5, 2, dense.shape[1])
    Z = (dense - mean) * scale
    assert_allclose(squared_norms(X, mean=mean, scale=scale), (Z**2).sum(axis=1), rtol=1e-10)
    root = np.sqrt(weights)[:, np.newaxis]
    gram = row_gram(X, mean=mean, scale=scale, sample_weight=w)
    assert_allclose(symmetric(gram), (root * Z) @ (root * Z).T, rtol=1e-9, atol=1e-9)

    codes = np.vstack([rng.integers(0, 3, len(dense)), 3 + rng.integers(0, 2, len(dense))])
    sums = class_sums(X, codes, 5, mean=mean, sample_weight=w)
    for c in range(5):
        rows = (codes == c).any(axis=0)
        assert_allclose(sums[c], weights[rows] @ (dense - mean)[rows], rtol=1e-9, atol=1e-9)
    in_one_reading = feature_moments(X, w, codes=codes, n_classes=5).class_sums
    assert_allclose(in_one_reading, sums, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("blocks")
def test_the_place_of_the_data_costs_no_digits(rng):
    X = rng.standard_normal((400, 3))
    X[200:] += 5  # the first block is not like the others
    X = np.round(X * 2**20) / 2**20
    near = symmetric(feature_moments(X).covariance)
    assert_array_equal((X + 2**30) - 2**30, X)  # the shift itself loses nothing
    assert_allclose(symmetric(feature_moments(X + 2**30).covariance), near, rtol=1e-12)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("kind", ["float64", "float32", "dense_sparse"])
def test_constants_are_told_from_features_that_vary_little(kind, rng):
    n = 300
    X = np.full((n, 4), 0.1)
    X[:, 1] = 1e6 / 3
    X[:, 2] = 0.1 * (1 + 1e-4 * rng.standard_normal(n))
    X[:, 3] = rng.standard_normal(n)
    w = rng.uniform(0.1, 1, n)
    w[0], X[0, 0] = 0, 7.0  # varies in a row without mass only
    if kind == "float32":
        X = X.astype(np.float32)
    elif kind == "dense_sparse":
        X = csr_matrix(X)
    assert_array_equal(feature_moments(X, w).varies, [False, False, True, True])
    assert_array_equal(column_moments(X, w)[2], [False, False, True, True])


def test_memory_beyond_the_input_does_not_grow_with_the_rows(tmp_path):
    path = tmp_path / "features.dat"
    np.memmap(path, dtype=np.float32, mode="w+", shape=(2**19, 32))[:] = 1.0
    peaks = []
    for n in (2**18, 2**19):
        X = np.memmap(path, dtype=np.float32, mode="r", shape=(n, 32))
        codes = np.zeros((1, n), dtype=np.intp)
        tracemalloc.start()
        feature_moments(X)
        class_sums(X, codes, 1, mean=np.zeros(32))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] <= 1.01 * peaks[0]
    assert peaks[0] < 3 * _feature_moments._BLOCK_BYTES
