# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Kullback-Leibler and Jensen-Shannon divergences, between Gaussians and from nearest neighbours.

References
----------
.. [1] Q. Wang, S. R. Kulkarni, S. Verdu, "Divergence Estimation for Multidimensional Densities Via
       k-Nearest-Neighbor Distances", IEEE Transactions on Information Theory 55 (2009), 2392-2405.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import issparse
from scipy.spatial import cKDTree
from scipy.special import betaln, digamma

from sklearn_transfer._math._feature_moments import feature_moments
from sklearn_transfer._math.kernel_discrepancy import row_blocks, squared_distances

Array = NDArray[np.float64]

# In more dimensions a tree looks at nearly every row, and at more cost.
_TREE_COLUMNS = 12
# A ball reaches so much beyond its radius that the row on its surface is in, whatever the rounding.
_SURFACE = 1e-10


class Gaussian(NamedTuple):
    """Mean and lower Cholesky factor of the covariance."""

    mean: Array
    root: Array


def fit_gaussian(X: Any, sample_weight: Array | None = None, *, ridge: float = 0.0) -> Gaussian:
    """Gaussian of largest likelihood.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_samples, n_features)
        Finite values.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows.
    ridge : float, default=0.0
        Added to the variances, so that the covariance has an inverse.

    Returns
    -------
    gaussian : Gaussian
        With the mass of the rows as divisor of the covariance.
    """
    moments = feature_moments(X, sample_weight)
    covariance = moments.covariance
    covariance[np.diag_indices_from(covariance)] += ridge
    return Gaussian(moments.mean, cholesky(covariance, lower=True, check_finite=False))


def gaussian_kl(p: Gaussian, q: Gaussian) -> float:
    """Divergence KL(p || q) between Gaussians.

    Parameters
    ----------
    p, q : Gaussian
        Of the same dimension.

    Returns
    -------
    divergence : float
        ``1/2 [tr(C_q^-1 C_p) + (m_q - m_p)' C_q^-1 (m_q - m_p) - d + log det C_q / det C_p]``.
    """
    spread = solve_triangular(q.root, p.root, lower=True, check_finite=False)
    shift = solve_triangular(q.root, q.mean - p.mean, lower=True, check_finite=False)
    log_ratio = np.log(np.diag(q.root)).sum() - np.log(np.diag(p.root)).sum()
    quadratic = float(np.vdot(spread, spread) + shift @ shift) - len(shift)
    return max(quadratic / 2.0 + float(log_ratio), 0.0)


def log_density(gaussian: Gaussian, X: Any) -> Array:
    """Log density of a Gaussian on rows.

    Parameters
    ----------
    gaussian : Gaussian
        The density.
    X : ndarray or csr_matrix of shape (n_samples, n_features)
        Finite values.

    Returns
    -------
    log_density : ndarray of shape (n_samples,)
        Up to the constant ``-d/2 log 2 pi``.
    """
    values = np.empty(X.shape[0])
    for rows in row_blocks(*X.shape):
        block = X[rows].toarray() if issparse(X) else X[rows]
        white = solve_triangular(
            gaussian.root, (block - gaussian.mean).T, lower=True, check_finite=False
        )
        values[rows] = -0.5 * np.einsum("ij,ij->j", white, white)
    return values - np.log(np.diag(gaussian.root)).sum()


def gaussian_half_js(p: Gaussian, q: Gaussian, X: Any, sample_weight: Array | None = None) -> float:
    """Mean of ``log p / m`` over rows of p, where m is the equal mixture of two Gaussians.

    Parameters
    ----------
    p, q : Gaussian
        The densities.
    X : ndarray or csr_matrix of shape (n_samples, n_features)
        Rows that come from p.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows.

    Returns
    -------
    divergence : float
        At most log 2. The mean of this one and of its counterpart is the Jensen-Shannon divergence.
    """
    log_ratio = log_density(q, X) - log_density(p, X)
    values = np.log(2.0) - np.logaddexp(0.0, log_ratio)
    return float(np.average(values, weights=sample_weight))


def neighbour_kl(X: Any, Y: Any, n_neighbors: int, *, n_dimensions: int | None = None) -> float:
    r"""Estimate KL(p || q) from rows of p and rows of q, by distances to neighbours.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_x, n_features)
        Rows of p, at least 2.
    Y : ndarray or csr_matrix of shape (n_y, n_features)
        Rows of q.
    n_neighbors : int
        k in the smaller set; in the larger one as many more as it is larger, so that the balls
        are of one size where p = q.
    n_dimensions : int or None, default=None
        Dimension d of the space that the rows fill. None takes all columns.

    Returns
    -------
    divergence : float
        May be a little below 0.

    Notes
    -----
    With the distances rho and nu from a row of p to its k_x-th neighbour in X and its k_y-th in Y,
    and k and l rows in these closed balls, ``mean [d log(nu / rho) + digamma(k) - digamma(l)]
    + digamma(n_y + 1) - digamma(n_x)`` [1]_. Without ties k and l are k_x and k_y. Where a
    distance is zero, because rows repeat, both balls reach to the larger one, and only their
    counts are compared.
    """
    k_x, k_y = _proportional(n_neighbors, X.shape[0] - 1, Y.shape[0])
    inner = neighbour_distance(X, X, k_x + 1)
    outer = neighbour_distance(X, Y, k_y)
    apart = np.minimum(inner, outer) > 0
    log_ratio = np.zeros(len(inner))
    np.log(np.divide(outer, inner, out=log_ratio, where=apart), out=log_ratio, where=apart)
    widest = np.maximum(inner, outer)
    own = rows_within(X, X, np.where(apart, inner, widest)) - 1
    other = rows_within(X, Y, np.where(apart, outer, widest))
    dimension = X.shape[1] if n_dimensions is None else n_dimensions
    level = digamma(Y.shape[0] + 1) - digamma(X.shape[0])
    return float(np.mean(dimension * log_ratio + digamma(own) - digamma(other)) + level)


def neighbour_half_js(X: Any, Y: Any, n_neighbors: int) -> float:
    """Estimate the divergence of p from the equal mixture of p and q.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_x, n_features)
        Rows of p, at least 2.
    Y : ndarray or csr_matrix of shape (n_y, n_features)
        Rows of q.
    n_neighbors : int
        Neighbours from X in a ball; as many more as X has more rows than Y.

    Returns
    -------
    divergence : float
        May be a little below 0, and at most log 2. The mean of this one and of its counterpart
        estimates the Jensen-Shannon divergence.

    Notes
    -----
    Around each row of p the ball reaches to its k-th neighbour in X. A row of q in it counts
    ``n_x / n_y``, so that p and q have equal parts in the mixture. For equal distributions without
    ties the mean of the estimate is exactly 0.
    """
    n_x, n_y = X.shape[0], Y.shape[0]
    k_x, _ = _proportional(n_neighbors, n_x - 1, n_y)
    radius = neighbour_distance(X, X, k_x + 1)
    own = rows_within(X, X, radius) - 1
    other = rows_within(X, Y, radius)
    ratio = n_x / n_y
    counts = np.arange(n_y + 1)
    chance = _chance_before(counts, n_y, k_x, n_x - 1)
    level = float(chance @ digamma(k_x + counts * ratio)) - digamma(k_x)
    return min(float(np.mean(digamma(own) - digamma(own + other * ratio)) + level), np.log(2.0))


def _proportional(n_neighbors: int, n_own: int, n_other: int) -> tuple[int, int]:
    """Neighbours to look for in two sets, in proportion to their sizes."""
    smaller = min(n_own, n_other)
    least = min(n_neighbors, smaller)
    return round(least * n_own / smaller), round(least * n_other / smaller)


def _chance_before(counts: NDArray[np.intp], n_rows: int, k: int, n_other: int) -> Array:
    """Probability that so many of `n_rows` rows lie before the k-th of `n_other` rows.

    Seen from any centre, the rows of two equal distributions come in random order: beta-binomial.
    """
    a, b = k, n_other + 1 - k
    log_ways = -np.log(n_rows + 1) - betaln(counts + 1, n_rows - counts + 1)
    return np.exp(log_ways + betaln(counts + a, n_rows - counts + b) - betaln(a, b))


def filled_dimension(X: Any) -> int:
    """Dimension of the flat space that rows fill: columns that depend on others do not count.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_samples, n_features)
        Some rows of all domains, near zero in comparison with their spread.

    Returns
    -------
    n_dimensions : int
        Rank of the centred rows, at least 1.
    """
    n_samples, n_features = X.shape
    rows = X.toarray() if issparse(X) else X
    rows = rows - rows.mean(axis=0)
    gram = rows @ rows.T if n_samples < n_features else rows.T @ rows
    values = np.linalg.eigvalsh(gram)
    return max(int(np.count_nonzero(values > _SURFACE * values[-1])), 1)


def neighbour_distance(X: Any, Y: Any, n_neighbors: int) -> Array:
    """Distance from each row of X to its k-th nearest row of Y.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_x, n_features)
        Rows.
    Y : ndarray or csr_matrix of shape (n_y, n_features)
        At least `n_neighbors` rows. A row of X that is among them is its own first neighbour.
    n_neighbors : int
        k, from 1.

    Returns
    -------
    distances : ndarray of shape (n_x,)
        Euclidean.
    """
    if _by_tree(X):
        distances, _ = cKDTree(Y).query(X, k=[n_neighbors])
        return np.asarray(distances[:, 0], dtype=float)
    distances = np.empty(X.shape[0])
    for rows in row_blocks(X.shape[0], Y.shape[0]):
        block = squared_distances(X[rows], Y)
        distances[rows] = np.partition(block, n_neighbors - 1, axis=1)[:, n_neighbors - 1]
    return np.sqrt(distances)


def rows_within(X: Any, Y: Any, radius: Array) -> NDArray[np.intp]:
    """Count the rows of Y in a closed ball around each row of X.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_x, n_features)
        Centres.
    Y : ndarray or csr_matrix of shape (n_y, n_features)
        Rows to count.
    radius : ndarray of shape (n_x,)
        Of each ball.

    Returns
    -------
    counts : ndarray of int, shape (n_x,)
        Rows on the surface are in.
    """
    reach = radius * (1.0 + _SURFACE)
    if _by_tree(X):
        return np.asarray(cKDTree(Y).query_ball_point(X, reach, return_length=True), dtype=np.intp)
    counts = np.empty(X.shape[0], dtype=np.intp)
    for rows in row_blocks(X.shape[0], Y.shape[0]):
        near = squared_distances(X[rows], Y) <= np.square(reach[rows])[:, np.newaxis]
        counts[rows] = np.count_nonzero(near, axis=1)
    return counts


def _by_tree(X: Any) -> bool:
    return not issparse(X) and X.shape[1] <= _TREE_COLUMNS
