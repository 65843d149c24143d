# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Log evidence of labels given a source model: LEEP, NCE, LogME and OTCE.

References
----------
.. [1] C. V. Nguyen et al., "LEEP: A New Measure to Evaluate Transferability of Learned
       Representations", ICML 2020, arXiv:2002.12462.
.. [2] A. T. Tran et al., "Transferability and Hardness of Supervised Classification Tasks",
       ICCV 2019, arXiv:1908.08142.
.. [3] K. You et al., "LogME: Practical Assessment of Pre-trained Models for Transfer Learning",
       ICML 2021, arXiv:2102.11005.
.. [4] Y. Tan, Y. Li, S.-L. Huang, "OTCE: A Transferability Metric for Cross-Domain Cross-Task
       Representations", CVPR 2021, arXiv:2103.13843.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_matrix, issparse

from sklearn_transfer._math._feature_moments import (
    Codes,
    feature_moments,
    row_gram,
)

Array = NDArray[np.float64]

# Directions with a smaller share of the largest squared singular value are rounding.
_NEGLIGIBLE = 1e-13
# Noise variance relative to the mean square of y below which a fit counts as perfect.
_NOISE_FLOOR = 1e-10
_BLOCK_ROWS = 2**14


def leep(source_probabilities: Any, codes: Codes, sample_weight: Array | None = None) -> float:
    """Log expected empirical prediction [1]_.

    Parameters
    ----------
    source_probabilities : ndarray of shape (n_samples, n_source_classes)
        Class probabilities of the source model on the target's rows; rows sum to 1.
    codes : ndarray of int, shape (n_samples,)
        Target classes, from 0.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows.

    Returns
    -------
    score : float
        ``mean_i log sum_z P(y_i | z) theta(x_i)_z``, at most 0.
    """
    n_samples, n_source = source_probabilities.shape
    w = np.ones(n_samples) if sample_weight is None else sample_weight
    joint = np.zeros((codes.max() + 1, n_source))
    blocks = [slice(i, i + _BLOCK_ROWS) for i in range(0, n_samples, _BLOCK_ROWS)]
    for rows in blocks:
        theta = np.asarray(source_probabilities[rows], dtype=float)
        joint += _members(codes[rows], len(joint), w[rows]) @ theta
    mass = joint.sum(axis=0)
    # a source class of no probability anywhere predicts nothing
    conditional = joint / np.where(mass > 0, mass, 1.0)
    total = 0.0
    for rows in blocks:
        theta = np.asarray(source_probabilities[rows], dtype=float)
        expected = np.einsum("iz,iz->i", conditional[codes[rows]], theta)
        live = w[rows] > 0
        total += float(w[rows][live] @ np.log(expected[live]))
    return min(total / float(w.sum()), 0.0)


def negative_conditional_entropy(joint: Any) -> float:
    """``-H(Y | Z) = sum P(y, z) log P(y | z)`` of a joint distribution of shape (n_y, n_z) [2]_."""
    table = joint.tocoo() if issparse(joint) else csr_matrix(joint).tocoo()
    margin = np.asarray(joint.sum(axis=0), dtype=float).ravel()
    live = table.data > 0
    p = table.data[live]
    return min(float(p @ np.log(p / margin[table.col[live]])), 0.0)


class Spectrum(NamedTuple):
    """Squared singular values of features, and how outputs lie along their left vectors.

    `values` has shape (rank,), `projections` (squared) has shape (rank, n_outputs), `squares`
    holds ``y'y`` of each output; `complete` tells whether the left vectors span all rows, with
    copies counted.
    """

    values: Array
    projections: Array
    squares: Array
    mass: float
    complete: bool


def feature_spectrum(features: Any, outputs: Any, sample_weight: Array | None = None) -> Spectrum:
    """Spectrum of features without an intercept, from the smaller of ``F'F`` and ``FF'``.

    Parameters
    ----------
    features : ndarray or csr_matrix of shape (n_samples, n_features)
        Finite values.
    outputs : ndarray or csr_matrix of shape (n_samples, n_outputs)
        Targets of the linear model, one column each.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows.

    Returns
    -------
    spectrum : Spectrum
        Directions that are rounding left out.
    """
    n_samples, n_features = features.shape
    w = np.ones(n_samples) if sample_weight is None else sample_weight
    mass = float(w.sum())
    if issparse(outputs):
        squares = np.asarray(outputs.multiply(outputs).T @ w).ravel()
    else:
        squares = np.square(outputs).T @ w
    if n_features <= n_samples:
        moments = feature_moments(features, sample_weight, centred=False)
        values, vectors = eigh(moments.covariance, lower=True, overwrite_a=True, check_finite=False)
        values *= mass
        kept = values > _NEGLIGIBLE * values[-1]
        along = vectors[:, kept].T @ _cross_products(features, outputs, w)
        projections = np.square(along) / values[kept, np.newaxis]
    else:
        zeros, ones = np.zeros(n_features), np.ones(n_features)
        gram = row_gram(features, mean=zeros, scale=ones, sample_weight=sample_weight)
        values, vectors = eigh(gram, lower=True, overwrite_a=True, check_finite=False)
        kept = values > _NEGLIGIBLE * values[-1]
        rooted = vectors[:, kept] * np.sqrt(w)[:, np.newaxis]
        projections = np.square((outputs.T @ rooted).T)
    complete = np.count_nonzero(kept) >= mass
    return Spectrum(values[kept], projections, squares, mass, bool(complete))


def maximal_log_evidence(spectrum: Spectrum, *, tol: float = 1e-10, max_iter: int = 1000) -> Array:
    r"""Largest log evidence per row of a Bayesian linear model, for each output [3]_.

    Parameters
    ----------
    spectrum : Spectrum
        Of the features and outputs.
    tol : float, default=1e-10
        Relative change of the precision ratio at which the iteration ends.
    max_iter : int, default=1000
        Bound on its steps.

    Returns
    -------
    evidence : ndarray of shape (n_outputs,)
        ``max over a, b of log N(y; 0, I / b + F F' / a) / n``.

    Notes
    -----
    Given the ratio ``t = a / b`` the best noise variance is closed:

    .. math:: \frac1b = \frac1n \left( |y|^2 - \sum_i x_i^2
              + \sum_i \frac{x_i^2}{1 + \sigma_i / t} \right), \qquad
              n L = - \frac12 \sum_i \log(1 + \sigma_i / t) - \frac n2 \log \frac{2 \pi e}{b} ,

    with squared singular values sigma and x the coordinates of y. The sum runs over the rank of
    the features: the term ``(D - k)/2 log a`` for the prior of D - k weights that no row touches
    cancels, and is not to be added. L can have several maxima in t: the fixed-point iteration
    ``t <- gamma r^2 / ((n - gamma) m^2)`` starts from the best of a grid.
    """
    sigma = spectrum.values[:, np.newaxis]
    x2, n = spectrum.projections, spectrum.mass
    residual = np.zeros_like(spectrum.squares)
    if not spectrum.complete:
        # with noise still at 0 the evidence of a perfect fit has no bound
        floor = _NOISE_FLOOR * spectrum.squares
        residual = np.maximum(spectrum.squares - x2.sum(axis=0), floor)

    def evidence(t: Array) -> Array:
        ratio = sigma / t
        noise = (residual + (x2 / (1.0 + ratio)).sum(axis=0)) / n
        return -np.log1p(ratio).sum(axis=0) / (2.0 * n) - 0.5 * np.log(2.0 * np.pi * np.e * noise)

    middle = spectrum.values.mean() if len(spectrum.values) else 1.0
    grid = middle * np.logspace(-12, 12, 49)
    t = np.full(len(spectrum.squares), grid[0])
    best = evidence(t)
    for point in grid[1:]:
        found = evidence(np.full_like(t, point))
        t[found > best] = point
        best = np.maximum(best, found)
    for _ in range(max_iter):
        ratio = sigma / t
        gamma = (ratio / (1.0 + ratio)).sum(axis=0)
        explained = (ratio * x2 / (1.0 + ratio) ** 2).sum(axis=0)  # t m^2
        unexplained = residual + (x2 / (1.0 + ratio) ** 2).sum(axis=0)
        lowered = (n - gamma) * explained
        # where the features are of no use, t grows without end and L stands still
        moved = t * np.divide(gamma * unexplained, lowered, out=np.ones_like(t), where=lowered > 0)
        moved = np.clip(moved, grid[0], grid[-1])
        settled = np.abs(moved - t) <= tol * t
        t = moved
        if settled.all():
            break
    return np.maximum(best, evidence(t))


class TransportTerms(NamedTuple):
    """Cost of the optimal plan, and conditional entropy of target given source labels."""

    distance: float
    conditional_entropy: float


def transport_terms(
    cost: Array,
    source_codes: Codes,
    target_codes: Codes,
    source_weight: Array,
    target_weight: Array,
    *,
    regularization: float | None = None,
) -> TransportTerms:
    """Domain and task difference of OTCE [4]_.

    Parameters
    ----------
    cost : ndarray of shape (n_source, n_target)
        Squared distances.
    source_codes : ndarray of int, shape (n_source,)
        Source labels, from 0.
    target_codes : ndarray of int, shape (n_target,)
        Target labels, from 0.
    source_weight, target_weight : ndarray
        Masses; each sums to 1.
    regularization : float or None, default=None
        Weight of the entropy of the plan relative to the mean cost. None is the exact plan.

    Returns
    -------
    terms : TransportTerms
        ``<plan, cost>`` and ``H(Y_target | Y_source)`` under the plan.
    """
    plan = transport_plan(cost, source_weight, target_weight, regularization=regularization)
    by_source = _members(source_codes, source_codes.max() + 1) @ plan
    joint = _members(target_codes, target_codes.max() + 1) @ by_source.T
    joint /= joint.sum()
    return TransportTerms(float(np.vdot(plan, cost)), -negative_conditional_entropy(joint))


def transport_plan(
    cost: Array, a: Array, b: Array, *, regularization: float | None = None
) -> Array:
    """Optimal plan between two weighted point sets, exact or with an entropic term."""
    import ot

    if regularization is None:
        return np.asarray(ot.emd(a, b, cost, numItermax=max(100_000, 100 * cost.size)))
    scale = float(cost.mean()) or 1.0
    return np.asarray(
        ot.sinkhorn(a, b, cost / scale, regularization, method="sinkhorn_log", numItermax=10_000)
    )


def _members(codes: Codes, n_classes: int, weight: Array | None = None) -> csr_matrix:
    """Indicators of shape (n_classes, n_rows)."""
    w = np.ones(len(codes)) if weight is None else weight
    return csr_matrix((w, (codes, np.arange(len(codes)))), shape=(n_classes, len(codes)))


def _cross_products(features: Any, outputs: Any, w: Array) -> Array:
    """``F' W Y``, dense, in double precision, some rows at a time."""
    n_samples, n_features = features.shape
    products = np.zeros((n_features, outputs.shape[1]))
    step = max(1, 2**22 // max(n_features, 1))
    for start in range(0, n_samples, step):
        rows = slice(start, start + step)
        block = outputs[rows]
        if issparse(block):
            block = block.multiply(w[rows, np.newaxis]).tocsr()
            part = block.T @ features[rows].astype(float)
            products += (part.toarray() if issparse(part) else part).T
        else:
            products += features[rows].astype(float).T @ (block * w[rows, np.newaxis])
    return products
