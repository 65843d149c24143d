# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Optimal transport between weighted rows: exact, entropic and debiased, between Gaussians.

References
----------
.. [1] J. Feydy et al., "Interpolating between Optimal Transport and MMD using Sinkhorn
       Divergences", AISTATS 2019, arXiv:1810.08278.
.. [2] M. Gelbrich, "On a Formula for the L2 Wasserstein Metric between Measures on Euclidean and
       Hilbert Spaces", Mathematische Nachrichten 147 (1990), 185-203.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, svdvals

from sklearn_transfer._math._feature_moments import feature_moments
from sklearn_transfer._math.kernel_discrepancy import squared_distances

Array = NDArray[np.float64]

_MOST_ITERATIONS = 2000
# Of the masses: what the margins of an entropic plan may lack.
_TOLERANCE = 1e-4
# exp(-cost / epsilon) keeps its digits up to here; beyond, sums are taken of logarithms.
_PLAIN_RANGE = 300.0
# Of the total variance: what a squared distance between equal Gaussians may be by rounding.
_ROUNDING = 1e-13


class Root(NamedTuple):
    """Mean, and symmetric root of the covariance (or the standard deviations alone)."""

    mean: Array
    root: Array


def transport_package() -> Any:
    """Import POT where it is needed, and say how to get it where it is missing.

    Returns
    -------
    ot : module
        Python Optimal Transport.
    """
    try:
        import ot
    except ModuleNotFoundError as error:
        raise ImportError(
            "Optimal transport needs the package POT. Got an installation without it instead; "
            "run `pip install POT`."
        ) from error
    return ot


def exact_cost(cost: Array, a: Array, b: Array) -> float:
    """Least cost of carrying one distribution into the other.

    Parameters
    ----------
    cost : ndarray of shape (n_x, n_y)
        Cost per unit of mass.
    a : ndarray of shape (n_x,)
        Masses of the rows; sums to 1.
    b : ndarray of shape (n_y,)
        Masses of the columns; sums to 1.

    Returns
    -------
    cost : float
        ``min <pi, cost>`` over the plans of these margins.
    """
    ot = transport_package()
    most = max(100_000, 100 * cost.size)
    return max(float(ot.emd2(a, b, np.ascontiguousarray(cost), numItermax=most)), 0.0)


def one_column_cost(x: Array, y: Array, a: Array, b: Array, order: float) -> float:
    """Least cost on a line, by sorting: the distance to the power of `order`."""
    ot = transport_package()
    return max(float(ot.wasserstein_1d(x, y, a, b, p=order)), 0.0)


def entropic_cost(cost: Array, a: Array, b: Array, epsilon: float) -> tuple[float, bool]:
    """Least cost with an entropic term.

    Parameters
    ----------
    cost : ndarray of shape (n_x, n_y)
        Cost per unit of mass.
    a, b : ndarray
        Masses; each sums to 1 and is positive.
    epsilon : float
        Weight of the divergence of the plan from the product of its margins.

    Returns
    -------
    cost : float
        ``min <pi, cost> + epsilon KL(pi || a x b)``.
    settled : bool
        Whether the iterations came to rest.
    """
    ot = transport_package()
    plain = cost.max() < _PLAIN_RANGE * epsilon
    with np.errstate(over="ignore"):  # POT gives potentials beside their logarithms
        plan, log = ot.sinkhorn(
            a,
            b,
            cost,
            epsilon,
            method="sinkhorn" if plain else "sinkhorn_log",
            numItermax=_MOST_ITERATIONS,
            stopThr=_TOLERANCE * float(np.sqrt(b @ b)),
            warn=False,
            log=True,
        )
    log_u, log_v = (np.log(log["u"]), np.log(log["v"])) if plain else (log["log_u"], log["log_v"])
    # the dual value: what the margins still lack enters it by its square only
    dual = a @ (log_u - np.log(a)) + b @ (log_v - np.log(b)) - (plan.sum() - 1.0)
    lacking = float(np.linalg.norm(plan.sum(axis=0) - b) / np.sqrt(b @ b))
    return float(epsilon * dual), lacking <= 10 * _TOLERANCE


def gaussian_root(X: Any, sample_weight: Array, *, diagonal: bool = False) -> Root:
    """Mean and root of the covariance of weighted rows.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_samples, n_features)
        Finite values.
    sample_weight : ndarray of shape (n_samples,)
        Masses of the rows.
    diagonal : bool, default=False
        Whether covariances between columns are taken as zero.

    Returns
    -------
    gaussian : Root
        With the mass as divisor of the covariance: only so is the distance between Gaussians at
        most that between the rows.
    """
    moments = feature_moments(X, sample_weight)
    variances = np.where(moments.varies, np.diagonal(moments.covariance), 0.0)
    if diagonal:
        return Root(moments.mean, np.sqrt(variances))
    values, vectors = eigh(moments.covariance, lower=True, check_finite=False)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return Root(moments.mean, root)


def squared_gaussian_distance(p: Root, q: Root) -> float:
    """Squared 2-Wasserstein distance between Gaussians [2]_.

    Parameters
    ----------
    p, q : Root
        Of the same kind.

    Returns
    -------
    squared : float
        ``|m_p - m_q|^2 + tr(C_p + C_q - 2 (C_p^1/2 C_q C_p^1/2)^1/2)``. The trace of the last
        root is the sum of the singular values of the product of the two roots, which keeps all
        digits where the covariances are singular.
    """
    shift = p.mean - q.mean
    spread = float(np.vdot(p.root, p.root) + np.vdot(q.root, q.root))
    if p.root.ndim == 1:
        difference = p.root - q.root
        return float(shift @ shift + difference @ difference)
    apart = spread - 2.0 * float(svdvals(p.root @ q.root, check_finite=False).sum())
    return float(shift @ shift) + (apart if apart > _ROUNDING * spread else 0.0)


def mean_squared_distance(samples: list[tuple[Any, Array]]) -> float:
    """Mean squared distance between two rows of all domains, from the variances of the columns.

    Parameters
    ----------
    samples : list of (ndarray or csr_matrix, ndarray)
        Rows and masses of each domain.

    Returns
    -------
    squared : float
        1 where all rows are equal.
    """
    mass, second = 0.0, 0.0
    first = np.zeros(samples[0][0].shape[1])
    for X, weight in samples:
        mass += float(weight.sum())
        first += np.asarray(X.T @ weight).ravel()
        second += float(squared_distances(X[:1] * 0.0, X)[0] @ weight)
    first /= mass
    second /= mass
    squared = 2.0 * float(second - first @ first)
    return squared if squared > _ROUNDING * second else 1.0
