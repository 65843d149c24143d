# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Maximum mean discrepancy with a Gaussian kernel, and the squared distances it rests on.

Kernel matrices are never held: blocks of rows are summed and dropped, so that memory is one block
whatever the number of rows.

References
----------
.. [1] A. Gretton, K. M. Borgwardt, M. J. Rasch, B. Schoelkopf, A. Smola, "A Kernel Two-Sample
       Test", Journal of Machine Learning Research 13 (2012), 723-773.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from scipy.spatial.distance import cdist

Array = NDArray[np.float64]

_BLOCK_ENTRIES = 2**21
# Beyond so many columns a matrix product is faster than a sum of squared differences.
_FEW_COLUMNS = 32
# Of the squared lengths: what the difference of two products may be by rounding alone.
_ROUNDING = 1e-13


def squared_distances(X: Any, Y: Any) -> Array:
    """Squared Euclidean distances, exactly zero between equal rows.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_x, n_features)
        Rows.
    Y : ndarray or csr_matrix of shape (n_y, n_features)
        Other rows.

    Returns
    -------
    distances : ndarray of shape (n_x, n_y)
        Not negative. For sparse rows and many columns from ``x'x + y'y - 2 x'y``, where what may
        be rounding counts as zero.
    """
    if not issparse(X) and X.shape[1] <= _FEW_COLUMNS:
        return cdist(X, Y, "sqeuclidean")
    lengths = _squared_lengths(X)[:, np.newaxis] + _squared_lengths(Y)
    product = X @ Y.T
    distances = lengths - 2.0 * (product.toarray() if issparse(product) else product)
    distances[distances <= _ROUNDING * lengths] = 0.0
    return distances


def median_distance(X: Any, sample_weight: Array | None = None) -> float:
    """Median of the distances between rows that differ, the usual scale of a Gaussian kernel [1]_.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_samples, n_features)
        Rows; ``n_samples * (n_samples - 1) / 2`` distances are held.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows; a pair has the product of its masses.

    Returns
    -------
    distance : float
        The lower median; 1 where all rows are equal.
    """
    n_samples = X.shape[0]
    first, second = np.triu_indices(n_samples, 1)
    squared = np.empty(len(first))
    start = 0
    for rows in row_blocks(n_samples, n_samples):
        block = squared_distances(X[rows], X[rows.start :])
        inside = np.arange(block.shape[1]) > np.arange(block.shape[0])[:, np.newaxis]
        values = block[inside]
        squared[start : start + len(values)] = values
        start += len(values)
    apart = squared > 0
    squared = squared[apart]
    if not len(squared):
        return 1.0
    if sample_weight is None:
        middle = (len(squared) - 1) // 2
        return float(np.sqrt(np.partition(squared, middle)[middle]))
    mass = (sample_weight[first] * sample_weight[second])[apart]
    order = np.argsort(squared)
    below = np.cumsum(mass[order])
    # so that whole weights give the lower median of the repeated pairs
    middle = np.searchsorted(below, below[-1] / 2 * (1 - 1e-12))
    return float(np.sqrt(squared[order[middle]]))


def kernel_sum(
    X: Any,
    Y: Any,
    bandwidth: float,
    weight_x: Array | None = None,
    weight_y: Array | None = None,
) -> float:
    """Sum of the Gaussian kernel over all pairs of a row of X and a row of Y.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_x, n_features)
        Rows.
    Y : ndarray or csr_matrix of shape (n_y, n_features)
        Other rows.
    bandwidth : float
        Of the kernel ``exp(-|x - y|^2 / (2 bandwidth^2))``.
    weight_x, weight_y : ndarray or None, default=None
        Masses of the rows.

    Returns
    -------
    total : float
        ``sum_ij w_i v_j k(x_i, y_j)``.
    """
    total = 0.0
    for rows in row_blocks(X.shape[0], Y.shape[0]):
        sums = _weighted_rows(_kernel(squared_distances(X[rows], Y), bandwidth), weight_y)
        total += float(sums.sum() if weight_x is None else sums @ weight_x[rows])
    return total


def own_kernel_sum(X: Any, bandwidth: float, sample_weight: Array | None = None) -> float:
    """Sum of the kernel over all ordered pairs of rows of X, a row with itself included.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_samples, n_features)
        Rows.
    bandwidth : float
        Of the kernel.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows.

    Returns
    -------
    total : float
        ``sum_ij w_i w_j k(x_i, x_j)``; the kernel of each pair is computed once.
    """
    total = 0.0
    for rows in row_blocks(X.shape[0], X.shape[0]):
        kernel = _kernel(squared_distances(X[rows], X[rows.start :]), bandwidth)
        kernel[:, rows.stop - rows.start :] *= 2.0
        own = None if sample_weight is None else sample_weight[rows.start :]
        sums = _weighted_rows(kernel, own)
        total += float(sums.sum() if sample_weight is None else sums @ sample_weight[rows])
    return total


def own_term(kernel_total: float, sample_weight: Array, *, unbiased: bool) -> float:
    """Mean of the kernel over pairs of rows of one domain.

    Parameters
    ----------
    kernel_total : float
        What `own_kernel_sum` gives.
    sample_weight : ndarray of shape (n_samples,)
        Masses of the rows, as numbers of copies.
    unbiased : bool
        Whether a row is left out of its own company: a row of mass w is w rows, of which each
        meets the w - 1 others.

    Returns
    -------
    mean : float
        ``E k(x, x')``.
    """
    mass = float(sample_weight.sum())
    if unbiased:
        return (kernel_total - mass) / (mass * (mass - 1.0))
    return kernel_total / mass**2


def linear_time_discrepancy(X: Any, Y: Any, bandwidth: float) -> float:
    """Squared discrepancy from disjoint pairs of rows, in linear time [1]_, Lemma 14.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_x, n_features)
        Rows in random order.
    Y : ndarray or csr_matrix of shape (n_y, n_features)
        Rows in random order.
    bandwidth : float
        Of the kernel.

    Returns
    -------
    squared : float
        Unbiased. Uses ``2 * floor(min(n_x, n_y) / 2)`` rows of each.
    """
    n_pairs = min(X.shape[0], Y.shape[0]) // 2
    x, x_next = X[: 2 * n_pairs : 2], X[1 : 2 * n_pairs : 2]
    y, y_next = Y[: 2 * n_pairs : 2], Y[1 : 2 * n_pairs : 2]
    kernels = [
        _kernel(_squared_lengths(a - b), bandwidth)
        for a, b in ((x, x_next), (y, y_next), (x, y_next), (x_next, y))
    ]
    return float((kernels[0] + kernels[1] - kernels[2] - kernels[3]).mean())


def row_blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Slices of rows whose blocks of a matrix are of bounded size.

    Parameters
    ----------
    n_rows, n_columns : int
        Shape of the matrix that is not to be held.

    Yields
    ------
    rows : slice
        Some rows; all rows in turn.
    """
    step = max(1, _BLOCK_ENTRIES // max(n_columns, 1))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def _kernel(squared: Array, bandwidth: float) -> Array:
    squared *= -0.5 / bandwidth**2
    return np.exp(squared, out=squared)


def _weighted_rows(kernel: Array, weight: Array | None) -> Array:
    return kernel.sum(axis=1) if weight is None else kernel @ weight


def _squared_lengths(X: Any) -> Array:
    if issparse(X):
        return np.asarray(X.multiply(X).sum(axis=1), dtype=float).ravel()
    return np.einsum("ij,ij->i", X, X)
