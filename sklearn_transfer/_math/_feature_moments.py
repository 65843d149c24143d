# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Moments of a feature matrix, read block by block and accumulated in double precision.

Features may be dense (a memory map too) or CSR, of any real dtype. Beyond the input, memory is one
block of rows or columns and the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyr, dsyrk
from scipy.sparse import csr_matrix, diags, issparse

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

_NO_CLASSES = np.empty((0, 0), dtype=np.intp)
_BLOCK_BYTES = 2**25
# A sparse product does about this much less work per second than a dense one: blocks that are
# denser than its square root go through BLAS.
_SPARSE_SLOWDOWN = 100


class Moments(NamedTuple):
    """Mean, covariance (its lower triangle), which features vary, centred sums by class."""

    mean: Array
    covariance: Array
    varies: NDArray[np.bool_]
    class_sums: Array


def feature_moments(
    features: Any,
    sample_weight: Array | None = None,
    *,
    centred: bool = True,
    codes: Codes = _NO_CLASSES,
    n_classes: int = 0,
) -> Moments:
    """Mean, covariance and sums by class in one reading of the rows.

    Parameters
    ----------
    features : ndarray or csr_matrix of shape (n_samples, n_features)
        Finite values.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows.
    centred : bool, default=True
        False gives second moments about zero, with a mean of zeros.
    codes : ndarray of int, shape (n_outputs, n_samples), default=empty
        Class of each row in each output, as in `class_sums`.
    n_classes : int, default=0
        Number of classes, all outputs together.

    Returns
    -------
    moments : Moments
        The covariance, with the mass of the rows as divisor, is meaningful in its lower triangle
        only. Sums by class are those of `class_sums`.

    Notes
    -----
    Dense rows are shifted by the mean of the first block before they are squared. That mean is
    off by at most ``sqrt(n_samples / block)`` standard deviations, so no more than a few of the
    sixteen digits are lost, wherever the data lie. Sparse rows are not shifted.
    """
    n_samples, n_features = features.shape
    mass = float(n_samples) if sample_weight is None else float(sample_weight.sum())
    gram = np.zeros((n_features, n_features), order="F")
    total = np.zeros(n_features)
    shift = np.zeros(n_features)
    if centred and not issparse(features):
        shift = _first_mean(features)
    sums, masses = np.zeros((n_classes, n_features)), np.zeros(n_classes)
    for rows, block in _row_blocks(features, shift):
        if len(codes):
            members = _members(codes, rows, n_classes, sample_weight)
            sums += _dense(members @ block)
            masses += np.asarray(members.sum(axis=1)).ravel()
        if sample_weight is None:
            total += np.asarray(block.sum(axis=0)).ravel()
        else:
            total += block.T @ sample_weight[rows]
            block = _scale_rows(block, np.sqrt(sample_weight[rows]))
        gram = _add_gram(gram, block)
    gram /= mass
    if not centred:
        return Moments(shift, gram, np.diagonal(gram) > 0, sums)
    offset = total / mass
    gram = dsyr(-1.0, offset, lower=1, a=gram, overwrite_a=1)
    sums -= np.outer(masses, offset)
    mean = shift + offset
    return Moments(mean, gram, _varies(np.diagonal(gram), mean, offset), sums)


def class_sums(
    features: Any,
    codes: Codes,
    n_classes: int,
    *,
    mean: Array,
    sample_weight: Array | None = None,
) -> Array:
    """Sums of centred rows by class.

    Parameters
    ----------
    features : ndarray or csr_matrix of shape (n_samples, n_features)
        Finite values.
    codes : ndarray of int, shape (n_outputs, n_samples)
        Class of each row in each output; numbers of different outputs do not overlap.
    n_classes : int
        Number of classes, all outputs together.
    mean : ndarray of shape (n_features,)
        Mean to subtract.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows.

    Returns
    -------
    sums : ndarray of shape (n_classes, n_features)
    """
    sums = np.zeros((n_classes, features.shape[1]))
    for rows, block in _row_blocks(features, mean):
        members = _members(codes, rows, n_classes, sample_weight)
        sums += _dense(members @ block)
        if issparse(block):
            sums -= np.outer(members.sum(axis=1), mean)
    return sums


def squared_norms(features: Any, *, mean: Array, scale: Array) -> Array:
    """Squared length of each row ``scale * (x - mean)``."""
    squared = scale**2
    lengths = np.empty(features.shape[0])
    sparse = issparse(features)
    for rows, block in _row_blocks(features, mean):
        if sparse:
            lengths[rows] = block.multiply(block) @ squared - 2.0 * (block @ (squared * mean))
        else:
            lengths[rows] = np.square(block, out=block) @ squared
    if sparse:
        lengths += squared @ mean**2
    return np.maximum(lengths, 0.0)


def column_moments(
    features: Any, sample_weight: Array | None = None
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Mean and variance of each column and whether it varies; no matrix of covariances."""
    n_samples, n_features = features.shape
    w = np.ones(n_samples) if sample_weight is None else sample_weight
    mass = w.sum()
    mean, variance = np.zeros(n_features), np.zeros(n_features)
    if issparse(features):
        for rows, block in _row_blocks(features, mean):
            mean += block.T @ w[rows]
            variance += block.multiply(block).T @ w[rows]
        mean /= mass
        variance = np.maximum(variance / mass - mean**2, 0.0)
        return mean, variance, _varies(variance, mean, mean)
    rounding = np.empty(n_features)
    for columns in _slices(n_features, n_samples):
        origin = np.asarray(features[0, columns], dtype=float)
        block = features[:, columns] - origin
        offset = w @ block / mass
        block -= offset
        mean[columns] = origin + offset
        variance[columns] = w @ np.square(block, out=block) / mass
        rounding[columns] = np.sqrt(np.finfo(float).eps) * offset
    return mean, variance, _varies(variance, mean, rounding)


def row_gram(
    features: Any, *, mean: Array, scale: Array, sample_weight: Array | None = None
) -> Array:
    """Inner products of the rows ``sqrt(w) scale (x - mean)``; the lower triangle only.

    Parameters
    ----------
    features : ndarray or csr_matrix of shape (n_samples, n_features)
        Finite values.
    mean, scale : ndarray of shape (n_features,)
        Of the columns; a scale of zero leaves a column out.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows.

    Returns
    -------
    gram : ndarray of shape (n_samples, n_samples)
        In Fortran order.
    """
    n_samples, n_features = features.shape
    if issparse(features):
        scaled = scale_columns(features, scale)
        gram = np.asfortranarray((scaled @ scaled.T).toarray())
        along = scaled @ (scale * mean)
        gram -= along
        gram -= along[:, np.newaxis]
        gram += np.sum((scale * mean) ** 2)
        if sample_weight is not None:
            root = np.sqrt(sample_weight)
            gram *= root
            gram *= root[:, np.newaxis]
        return gram
    gram = np.zeros((n_samples, n_samples), order="F")
    for columns in _slices(n_features, n_samples):
        block = np.subtract(features[:, columns], mean[columns], dtype=float, order="C")
        block *= scale[columns]
        if sample_weight is not None:
            block *= np.sqrt(sample_weight)[:, np.newaxis]
        gram = dsyrk(1.0, block.T, trans=1, beta=1.0, c=gram, lower=1, overwrite_c=1)
    return gram


def scale_columns(features: Any, scale: Array) -> csr_matrix:
    """Multiply the columns of a sparse matrix, in double precision."""
    return csr_matrix(features.astype(float) @ diags(scale))


def _varies(variance: Array, mean: Array, offset: Array) -> NDArray[np.bool_]:
    """Tell variances from the rounding of a constant and of the offset that was subtracted."""
    eps = np.finfo(float).eps
    return variance > (8.0 * eps * mean) ** 2 + 64.0 * eps * offset**2


def _slices(length: int, width: int) -> Iterator[slice]:
    step = max(1, _BLOCK_BYTES // (8 * max(width, 1)))
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))


def _row_blocks(features: Any, shift: Array) -> Iterator[tuple[slice, Any]]:
    """Yield rows in double precision; dense ones shifted, in one buffer that is written again."""
    n_samples, n_features = features.shape
    if issparse(features):
        for rows in _slices(n_samples, 4 * features.nnz // n_samples):
            yield rows, features[rows].astype(float)
        return
    buffer: Array | None = None
    for rows in _slices(n_samples, n_features):
        if buffer is None:
            buffer = np.empty((rows.stop, n_features))
        block = buffer[: rows.stop - rows.start]
        np.subtract(features[rows], shift, out=block)
        yield rows, block


def _members(codes: Codes, rows: slice, n_classes: int, sample_weight: Array | None) -> csr_matrix:
    """Masses of some rows in the classes, of shape (n_classes, n_rows)."""
    n_outputs, n_rows = len(codes), rows.stop - rows.start
    w = np.ones(n_rows) if sample_weight is None else sample_weight[rows]
    where = (codes[:, rows].ravel(), np.tile(np.arange(n_rows), n_outputs))
    return csr_matrix((np.tile(w, n_outputs), where), shape=(n_classes, n_rows))


def _dense(product: Any) -> Array:
    return product.toarray() if issparse(product) else product


def _first_mean(features: Any) -> Array:
    first = features[next(_slices(*features.shape))]
    origin = np.asarray(first[0], dtype=float)
    # the mean of the differences: exact where a column is constant
    return origin + np.mean(first - origin, axis=0)


def _scale_rows(block: Any, factors: Array) -> Any:
    if issparse(block):
        return csr_matrix(diags(factors) @ block)
    block *= factors[:, np.newaxis]
    return block


def _add_gram(gram: Array, block: Any) -> Array:
    """Add the products of the columns to the lower triangle, in place."""
    if issparse(block):
        n_rows, n_columns = block.shape
        if _SPARSE_SLOWDOWN * (block.nnz / (n_rows * n_columns)) ** 2 < 1.0:
            gram += (block.T @ block).toarray()
            return gram
        block = block.toarray()
    return dsyrk(1.0, block.T, beta=1.0, c=gram, lower=1, overwrite_c=1)
