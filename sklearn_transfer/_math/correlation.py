# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""H-score and maximal correlation: how much of the labels a representation can explain.

For features f and labels Y the H-score [1]_ is

.. math:: H(f) = \mathrm{tr}\left(\mathrm{cov}(f)^{-1} \mathrm{cov}(E[f \mid Y])\right)
          = \sum_c \pi_c (\mu_c - \mu)^\top \mathrm{cov}(f)^{-1} (\mu_c - \mu) ,

the sum of squared canonical correlations of f with the class indicators. Over all functions of a
discrete X its maximum is the squared Frobenius norm of the divergence transition matrix

.. math:: \tilde B = P_Y^{-1/2} P_{YX} P_X^{-1/2} - \sqrt{P_Y} \sqrt{P_X}^\top ,

whose singular vectors are the functions of maximal (Hirschfeld-Gebelein-Renyi) correlation.

References
----------
.. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
       Learning", ICIP 2019, arXiv:2212.10082, Definitions 1 and 2, Corollary 1, Appendices B and D.
.. [2] S. Ibrahim, N. Ponomareva, R. Mazumder, "Newer is not always better: Rethinking
       transferability metrics, their peculiarities, stability and performance", ECML 2022,
       arXiv:2110.06893.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, issparse

from sklearn_transfer._math._feature_moments import (
    Codes,
    class_sums,
    column_moments,
    feature_moments,
    row_gram,
    squared_norms,
)
from sklearn_transfer._math._shrunk_projection import FeatureRoute, IterativeRoute, RowRoute

Array = NDArray[np.float64]

# Below this many rows per feature the shrunken score ranks representations better than the plain
# one, above it worse.
ROWS_PER_FEATURE = 4

# Classes of several outputs are scored together up to this many numbers.
_BLOCK_SIZE = 2**22
# Sparse features get no dense matrix larger than this.
_GRAM_LIMIT = 4096


class HScores(NamedTuple):
    """H-score of each output and the shrinkage intensity that was used."""

    scores: Array
    shrinkage: float


def h_scores(
    features: Any,
    codes: Codes,
    n_classes: NDArray[np.intp],
    *,
    shrinkage: float | str | None = None,
    adjusted: bool = False,
    sample_weight: Array | None = None,
    gram_limit: int = _GRAM_LIMIT,
) -> HScores:
    """H-score of features with respect to each output.

    Parameters
    ----------
    features : ndarray or csr_matrix of shape (n_samples, n_features)
        Finite values.
    codes : ndarray of int, shape (n_outputs, n_samples)
        Class of each row in each output, from 0.
    n_classes : ndarray of int, shape (n_outputs,)
        Number of classes of each output.
    shrinkage : {"auto", "ledoit-wolf"}, float or None, default=None
        As in `sklearn_transfer.transferability.h_score`.
    adjusted : bool, default=False
        Whether to subtract the expectation for shuffled labels.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows; every class has some.
    gram_limit : int, default=4096
        Largest dense matrix formed for sparse features.

    Returns
    -------
    scores : HScores
        One score per output.
    """
    n_samples, n_features = features.shape
    mass = float(n_samples) if sample_weight is None else float(sample_weight.sum())
    iterative = issparse(features) and min(n_samples, n_features) > gram_limit
    by_features = n_features <= n_samples and not iterative
    groups = _groups(n_classes, n_features if by_features else n_samples)
    covariance = sums = None
    if by_features:
        # where all outputs fit together their sums come out of the same reading
        given = groups[0].numbered(codes) if len(groups) == 1 else codes[:0]
        mean, covariance, varies, sums = feature_moments(
            features, sample_weight, codes=given, n_classes=groups[0].n_classes
        )
        variance = np.array(np.diagonal(covariance))
    else:
        mean, variance, varies = column_moments(features, sample_weight)
    n_varying = int(np.count_nonzero(varies))
    intensity = float(shrinkage) if isinstance(shrinkage, int | float) else 0.0
    if n_varying == 0:  # constants have nothing to say
        return HScores(np.zeros(len(codes)), intensity)
    if shrinkage == "auto" and mass >= ROWS_PER_FEATURE * n_varying:
        shrinkage = None

    scale = varies.astype(float)
    if shrinkage in {None, "auto", 0}:
        scale[varies] /= np.sqrt(variance[varies])
        target = 1.0
    else:
        target = float(variance[varies].sum()) / n_features
    route: FeatureRoute | RowRoute | IterativeRoute
    if iterative:
        route = IterativeRoute(features, sample_weight, mean=mean, scale=scale, mass=mass)
    elif covariance is None:
        gram = row_gram(features, mean=mean, scale=scale, sample_weight=sample_weight)
        route = RowRoute(gram, sample_weight, mass)
    else:
        route = FeatureRoute(
            features,
            sample_weight,
            mean=mean,
            scale=scale,
            covariance=covariance,
            mass=mass,
            sums=sums if len(groups) == 1 else None,
        )
    if isinstance(shrinkage, str):
        fourth = squared_norms(features, mean=mean, scale=scale) ** 2
        intensity = ledoit_wolf_intensity(
            float(np.average(fourth, weights=sample_weight)),
            target,
            route.squares(),
            mass,
            n_varying if shrinkage == "auto" else n_features,
        )
    largest = route.largest() if shrinkage == "auto" and intensity > 0.0 else target
    route.factorise(intensity, target)
    scores = _scores(route, codes, groups, sample_weight)
    if adjusted:
        # labels in random order: E cov(E[f|Y]) = S (C - 1) / (n - 1)
        everything = route.trace() if intensity < 1.0 else n_varying
        scores -= (n_classes - 1) / (mass - 1.0) * everything
    if shrinkage == "auto":
        # so that the direction of most variance, which shrinkage harms least, counts fully
        scores *= (1.0 - intensity) + intensity * target / largest
    else:
        scores *= 1.0 - intensity
    if shrinkage == "ledoit-wolf":
        # as published: the between-class covariance has the divisor n - 1, the other one n
        scores *= mass / (mass - 1.0)
    else:
        scores = np.minimum(scores, np.minimum(min(n_samples, n_features), n_classes - 1))
    return HScores(scores, intensity)


def ledoit_wolf_intensity(
    fourth: float, target: float, squares: float, n_samples: float, n_features: int
) -> float:
    r"""Shrinkage intensity of Ledoit and Wolf from sums that need no copy of the data.

    Parameters
    ----------
    fourth : float
        Mean of ``|x|^4`` over centred rows.
    target, squares : float
        ``tr S / k`` and ``|S|_F^2`` of their covariance.
    n_samples : float
        Mass of the rows.
    n_features : int
        Number of features.

    Returns
    -------
    intensity : float
        Between 0 and 1.

    Notes
    -----
    ``min(b, d) / d`` with ``d = |S|_F^2 - k (tr S / k)^2`` and ``b = (E|x|^4 - |S|_F^2) / n``: the
    error of S as an estimate of its expectation, relative to its distance from a multiple of the
    identity.
    """
    distance = squares - n_features * target**2
    error = min((fourth - squares) / n_samples, distance)
    # of one feature the distance is rounding
    if n_features == 1 or error <= 0.0:
        return 0.0
    return float(error / distance)


def correlation_ratios(
    features: Any,
    codes: Codes,
    n_classes: NDArray[np.intp],
    *,
    sample_weight: Array | None = None,
) -> Array:
    """Share of the variance of each feature that lies between the classes of each output.

    Parameters
    ----------
    features : ndarray or csr_matrix of shape (n_samples, n_features)
        Finite values.
    codes : ndarray of int, shape (n_outputs, n_samples)
        Class of each row in each output, from 0.
    n_classes : ndarray of int, shape (n_outputs,)
        Number of classes of each output.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows; every class has some.

    Returns
    -------
    ratios : ndarray of shape (n_outputs, n_features)
        The H-score of each feature alone; 0 for constants.
    """
    mean, variance, varies = column_moments(features, sample_weight)
    mass = len(codes[0]) if sample_weight is None else sample_weight.sum()
    ratios = np.empty((len(codes), features.shape[1]))
    for output, n in enumerate(n_classes):
        row = codes[output : output + 1]
        sums = class_sums(features, row, n, mean=mean, sample_weight=sample_weight)
        masses = np.bincount(row[0], weights=sample_weight, minlength=n)
        between = (sums**2 / masses[:, np.newaxis]).sum(axis=0) / mass
        ratios[output] = np.where(varies, between / np.where(varies, variance, 1.0), 0.0)
    return np.clip(ratios, 0.0, 1.0)


def joint_distribution(
    x_codes: Codes, y_codes: Codes, sample_weight: Array | None = None
) -> csr_matrix:
    """Empirical ``P_YX``, of shape (n_y, n_x), from codes without gaps."""
    w = np.ones(len(x_codes)) if sample_weight is None else sample_weight
    return csr_matrix((w / w.sum(), (y_codes, x_codes)))


def divergence_transition_matrix(joint: Any) -> Array:
    """Divergence transition matrix of a joint distribution (Definition 1).

    Parameters
    ----------
    joint : ndarray or sparse matrix of shape (n_y, n_x)
        ``P_YX``; all of its margins are positive.

    Returns
    -------
    matrix : ndarray of shape (n_y, n_x)
        Its singular values lie between 0 and 1.
    """
    dense = joint.toarray() if issparse(joint) else np.asarray(joint, dtype=float)
    root_y, root_x = np.sqrt(dense.sum(axis=1)), np.sqrt(dense.sum(axis=0))
    return dense / np.outer(root_y, root_x) - np.outer(root_y, root_x)


def mean_square_contingency(joint: csr_matrix) -> float:
    """``|B|_F^2``, that is chi^2 / n, without the zeros of the table."""
    p_y, p_x = _margins(joint)
    cells = joint.tocoo()
    expected = p_y[cells.row] * p_x[cells.col]
    filled = float(np.sum((cells.data - expected) ** 2 / expected))
    # an empty cell adds its expected mass
    return min(filled + max(1.0 - float(expected.sum()), 0.0), min(joint.shape) - 1.0)


def largest_correlation(joint: csr_matrix) -> float:
    """Largest singular value of the divergence transition matrix."""
    if min(joint.shape) == 1:
        return 0.0
    p_y, p_x = _margins(joint)
    transition = _transition(joint, p_y, p_x)
    if joint.shape[0] > joint.shape[1]:
        transition, p_y = transition.T, p_x
    gram = (transition @ transition.T).toarray() - np.sqrt(np.outer(p_y, p_y))
    return float(np.sqrt(np.clip(np.linalg.eigvalsh(gram)[-1], 0.0, 1.0)))


class Modes(NamedTuple):
    """Correlations in falling order, the functions of x and y, steps, whether it converged."""

    correlations: Array
    x_functions: Array
    y_functions: Array
    n_iter: int
    converged: bool


def alternating_conditional_expectations(
    joint: csr_matrix,
    n_components: int,
    rng: np.random.RandomState,
    *,
    tol: float,
    max_iter: int,
) -> Modes:
    """Maximally correlated functions by the ACE algorithm (Algorithm 1).

    Parameters
    ----------
    joint : csr_matrix of shape (n_y, n_x)
        ``P_YX``; all of its margins are positive.
    n_components : int
        Number of pairs of functions, at most ``min(n_x, n_y) - 1``.
    rng : RandomState
        Source of the first g.
    tol : float
        The iteration ends when ``E[f'g]`` rises by no more.
    max_iter : int
        Bound on the steps.

    Returns
    -------
    modes : Modes
        ``E[f_i(X) g_j(Y)] = delta_ij sigma_i``, all functions of zero mean and unit variance.

    Notes
    -----
    In coordinates ``sqrt(P_X) f`` and ``sqrt(P_Y) g`` a conditional expectation is a product with
    ``P_Y^{-1/2} P_YX P_X^{-1/2}`` or its transpose, and whitening is orthonormalisation.
    """
    p_y, p_x = _margins(joint)
    transition = _transition(joint, p_y, p_x)
    root_x, root_y = np.sqrt(p_x), np.sqrt(p_y)
    v = _whiten(rng.standard_normal((len(p_y), n_components)), root_y)
    value, n_iter, converged = -np.inf, 0, False
    while n_iter < max_iter and not converged:
        n_iter += 1
        u = _whiten(transition.T @ v, root_x)
        v = _whiten(transition @ u, root_y)
        left, correlations, right = np.linalg.svd(u.T @ (transition.T @ v))
        previous, value = value, correlations.sum()
        converged = value - previous <= tol
    f = (u @ left) / root_x[:, np.newaxis]
    g = (v @ right.T) / root_y[:, np.newaxis]
    # of the two signs the one with a positive peak in f; of equal peaks the first decides
    size = np.abs(f)
    peak = (size >= (1.0 - 1e-6) * size.max(axis=0)).argmax(axis=0)
    sign = np.sign(f[peak, np.arange(n_components)])
    return Modes(np.minimum(correlations, 1.0), f * sign, g * sign, n_iter, bool(converged))


class _Group(NamedTuple):
    """Outputs that are scored together, their classes numbered on from one to the next."""

    outputs: slice
    starts: NDArray[np.intp]
    n_classes: int

    def numbered(self, codes: Codes) -> Codes:
        """Classes of all rows under their numbers in the group."""
        return codes[self.outputs] + self.starts[:, np.newaxis]


def _groups(n_classes: NDArray[np.intp], width: int) -> list[_Group]:
    """As many outputs at a time as memory allows, where each class takes `width` numbers."""
    groups = []
    start = 0
    while start < len(n_classes):
        totals = np.cumsum(n_classes[start:])
        n_outputs = max(1, int(np.searchsorted(totals, _BLOCK_SIZE // width, side="right")))
        starts = np.concatenate([[0], totals[: n_outputs - 1]])
        total = int(totals[min(n_outputs, len(totals)) - 1])
        groups.append(_Group(slice(start, start + n_outputs), starts, total))
        start += n_outputs
    return groups


def _scores(
    route: FeatureRoute | RowRoute | IterativeRoute,
    codes: Codes,
    groups: list[_Group],
    sample_weight: Array | None,
) -> Array:
    """Sum what is explained of the classes of each output."""
    scores = []
    for group in groups:
        numbered = group.numbered(codes)
        weights = None if sample_weight is None else np.tile(sample_weight, len(numbered))
        masses = np.bincount(numbered.ravel(), weights=weights, minlength=group.n_classes)
        explained = route.explained(numbered, masses.astype(float))
        scores.append(np.add.reduceat(explained, group.starts))
    return np.maximum(np.concatenate(scores), 0.0)


def _margins(joint: csr_matrix) -> tuple[Array, Array]:
    return (
        np.asarray(joint.sum(axis=1), dtype=float).ravel(),
        np.asarray(joint.sum(axis=0), dtype=float).ravel(),
    )


def _transition(joint: csr_matrix, p_y: Array, p_x: Array) -> csr_matrix:
    return csr_matrix(diags(1.0 / np.sqrt(p_y)) @ joint @ diags(1.0 / np.sqrt(p_x)))


def _whiten(functions: Array, root: Array) -> Array:
    """Orthonormal functions of zero mean with the same span."""
    q, _ = np.linalg.qr(np.column_stack([root, functions]))
    return q[:, 1:]
