# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""The Kullback-Leibler risk of weighted transfer, and the weights that minimise it.

A model with d free parameters is fitted by maximum likelihood to :math:`N_0` target samples of
weight 1 and to :math:`n_i` samples of source i of weight :math:`w_i`. With :math:`v_i = w_i n_i`,
:math:`s = \sum_i v_i` and the discrepancy matrix
:math:`M_{ij} = (\theta_i - \theta_0)^\top J (\theta_j - \theta_0)`, where J is the target's Fisher
information per sample, its expected divergence from the target is to first order

.. math:: L(w, n) = \frac{d \, (N_0 + \sum_i w_i^2 n_i) + v^\top M v}{2 \, (N_0 + s)^2}.

Sources may differ from the target in two more ways. Their rows may carry more or less
*information*, :math:`\kappa_i J` in place of J, as features with a wider spread do. And the common
loss may be noisier on them: the *noise* :math:`r_i = \sigma_i^2 / \sigma_0^2` is the variance of
the score over the information. Then :math:`v_i = \kappa_i w_i n_i`, the sum in the numerator is
:math:`\sum_i r_i w_i v_i`, and source i stands for :math:`\kappa_i n_i / r_i` rows of the target.

References
----------
.. [1] "Unified Optimization of Source Weights and Transfer Quantities in Multi-Source Transfer
       Learning: An Asymptotic Framework", arXiv:2601.10779.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import LinearConstraint

from sklearn_transfer._math._kl_risk_constrained import (
    bounded_quantities,
    constrained_weights,
    polyhedron,
)
from sklearn_transfer._math._nonnegative_qp import nonnegative_qp
from sklearn_transfer._math.kl_risk_plug_in import (
    critical_ratio,
    debias_discrepancy,
    plug_in_noise,
    pooling_ratio,
)

__all__ = [
    "critical_ratio",
    "debias_discrepancy",
    "effective_sample_size",
    "kl_risk",
    "optimal_quantities",
    "optimal_weights",
    "plug_in_noise",
    "pooling_ratio",
    "single_source_weight",
    "transfer_quantity",
]

Array = NDArray[np.float64]

# Rounding in weights that sit at their bound already.
_VIOLATION_TOL = 1e-9
_SYMMETRY_TOL = 1e-8


def kl_risk(
    weights: ArrayLike,
    discrepancy: ArrayLike,
    n_samples: ArrayLike,
    n_target: float,
    n_parameters: float,
    *,
    quantities: ArrayLike | None = None,
    information: ArrayLike | None = None,
    noise: ArrayLike | None = None,
) -> float | Array:
    r"""Compute the expected divergence of the weighted fit from the target, to first order.

    Parameters
    ----------
    weights : array-like of shape (..., n_sources)
        Weight of each source's samples, beside 1 for the target's.
    discrepancy : array-like of shape (n_sources, n_sources)
        Discrepancy matrix M.
    n_samples : array-like of shape (n_sources,)
        Available samples of each source.
    n_target : float
        Number of target samples.
    n_parameters : float
        Number of free parameters d.
    quantities : array-like of shape (..., n_sources) or None, default=None
        Samples used of each source; None uses all there are.
    information : array-like of shape (n_sources,) or None, default=None
        Information of a source's sample relative to a target sample's, 1 by default.
    noise : array-like of shape (n_sources,) or None, default=None
        Noise variance of a source relative to the target's, 1 by default.

    Returns
    -------
    risk : float or ndarray of shape (...,)
        The risk L, one for each vector of weights.

    See Also
    --------
    optimal_weights : The weights of least risk.
    optimal_quantities : The quantities of least risk at weight one.

    Notes
    -----
    .. math:: L(w, n) = \frac{d \, (N_0 + \sum_i r_i w_i v_i) + v^\top M v}{2 \, (N_0 + s)^2},
       \qquad v_i = \kappa_i w_i n_i, \quad s = \sum_i v_i.

    Theorem 5 of [1]_ has it for :math:`\kappa = r = 1`. For the mean of a normal distribution it is
    exact. At fixed v it falls in every :math:`n_i`: to use all samples is best.

    References
    ----------
    .. [1] "Unified Optimization of Source Weights and Transfer Quantities in Multi-Source
       Transfer Learning", arXiv:2601.10779, Theorem 5.

    Examples
    --------
    Ten target samples alone, and with ninety of an identical source:

    >>> from sklearn_transfer.weighting import kl_risk
    >>> kl_risk([[0.0], [1.0]], [[0.0]], [90], 10, n_parameters=2)
    array([0.1 , 0.01])
    """
    M, available, N0, d = _check_geometry(discrepancy, n_samples, n_target, n_parameters)
    w = _check_rows("weights", weights, len(available))
    n = available if quantities is None else _check_rows("quantities", quantities, len(available))
    kappa = _check_ratios("information", information, len(available))
    r = _check_ratios("noise", noise, len(available))
    v = kappa * w * n
    variance = N0 + np.sum(r * w * v, axis=-1)
    bias = np.sum((v @ M) * v, axis=-1)
    risk = (d * variance + bias) / (2.0 * (N0 + v.sum(axis=-1)) ** 2)
    return risk if np.ndim(risk) else float(risk)


def optimal_weights(
    discrepancy: ArrayLike,
    n_samples: ArrayLike,
    n_target: float,
    n_parameters: float,
    *,
    information: ArrayLike | None = None,
    noise: ArrayLike | None = None,
    constraints: LinearConstraint | Sequence[LinearConstraint] | None = None,
) -> Array:
    r"""Find the source weights of least K-L risk, all samples used.

    Parameters
    ----------
    discrepancy : array-like of shape (n_sources, n_sources)
        Discrepancy matrix M, positive semi-definite.
    n_samples : array-like of shape (n_sources,)
        Samples of each source.
    n_target : float
        Number of target samples. Matters under constraints only.
    n_parameters : float
        Number of free parameters d.
    information : array-like of shape (n_sources,) or None, default=None
        Information of a source's sample relative to a target sample's, 1 by default.
    noise : array-like of shape (n_sources,) or None, default=None
        Noise variance of a source relative to the target's, 1 by default.
    constraints : LinearConstraint, sequence of LinearConstraint or None, default=None
        Constraints on the vector of weights, beyond ``w >= 0``: caps, floors, a budget, an order.

    Returns
    -------
    weights : ndarray of shape (n_sources,)
        Weight of each source's samples, beside 1 for the target's. A weight exceeds 1 where the
        source's bias cancels that of others.

    Raises
    ------
    ValueError
        If no weights meet the constraints, or if they exclude weights of zero without bounding
        every weight from above: the risk then need not have a minimiser.

    See Also
    --------
    single_source_weight : The closed form for one source.
    effective_sample_size : Target samples that the weighted data are worth.

    Notes
    -----
    Theorem 5 of [1]_ minimises :math:`t(\alpha) = \alpha^\top A \alpha / d` over the simplex,
    where :math:`A = \mathrm{diag}(d r_i / (\kappa_i N_i)) + M`, then takes :math:`s^* = 1 / t^*`
    and :math:`w_i^* = s^* \alpha_i^* / (\kappa_i N_i)` (equations 23 to 25). The same optimum in
    one step is

    .. math:: v^* = d \, \mathrm{argmin}_{v \ge 0} \; \tfrac12 v^\top A v - 1^\top v, \qquad
       w_i^* = v_i^* / (\kappa_i N_i).

    Bounds may not simply be added to that program, which has another optimum then. Constraints
    :math:`C w \le b` enter the risk itself, a convex program in :math:`y = v / (N_0 + s)` and
    :math:`\tau = 1 / (N_0 + s)`: minimise :math:`N_0 \tau^2 + y^\top A y / d` subject to
    :math:`N_0 \tau + 1^\top y = 1`, and to :math:`C v \le b` as :math:`C y \le b \tau`.

    References
    ----------
    .. [1] "Unified Optimization of Source Weights and Transfer Quantities in Multi-Source
       Transfer Learning", arXiv:2601.10779, section IV-B.

    Examples
    --------
    Two sources that err in opposite directions, by 0.3 and -0.2 standard deviations:

    >>> import numpy as np
    >>> from scipy.optimize import LinearConstraint
    >>> from sklearn_transfer.weighting import optimal_weights
    >>> bias = np.array([0.3, -0.2])
    >>> M = np.outer(bias, bias)
    >>> optimal_weights(M, [100, 100], n_target=20, n_parameters=1).round(3)
    array([0.786, 1.143])

    With no weight above 1, the other source has to give way too:

    >>> cap = LinearConstraint(np.eye(2), ub=1)
    >>> optimal_weights(M, [100, 100], n_target=20, n_parameters=1, constraints=cap).round(3)
    array([0.689, 1.   ])
    """
    M, n, N0, d = _check_geometry(discrepancy, n_samples, n_target, n_parameters)
    rows = _check_ratios("information", information, len(n)) * n
    allowed = None if constraints is None else polyhedron(constraints, len(n))
    A = M  # ours: the check returns a new matrix
    A[np.diag_indices_from(A)] += d * _check_ratios("noise", noise, len(n)) / rows
    weights = nonnegative_qp(A) * d / rows
    if allowed is None or allowed.violation(weights) <= _VIOLATION_TOL:
        return weights
    return constrained_weights(A, rows, N0, d, allowed, weights)


def single_source_weight(
    discrepancy: ArrayLike, n_samples: ArrayLike, n_parameters: float
) -> float | Array:
    r"""Compute the optimal weight of a source that is the only one.

    Parameters
    ----------
    discrepancy : array-like
        Squared distance ``rho`` of the source from the target, a diagonal entry of M.
    n_samples : array-like
        Samples of the source.
    n_parameters : float
        Number of free parameters d.

    Returns
    -------
    weight : float or ndarray
        In (0, 1], of the shape that the arguments broadcast to.

    See Also
    --------
    optimal_weights : Any number of sources.

    Notes
    -----
    :math:`w^* = 1 / (1 + N_1 \rho / d)`, Theorem 2 and Proposition 3 of [1]_ (equation 10). It does
    not depend on the number of target samples.

    References
    ----------
    .. [1] "Unified Optimization of Source Weights and Transfer Quantities in Multi-Source
       Transfer Learning", arXiv:2601.10779, section IV-A.

    Examples
    --------
    >>> from sklearn_transfer.weighting import single_source_weight
    >>> single_source_weight(0.01, 300, n_parameters=1)
    0.25
    """
    rho, n = np.asarray(discrepancy, dtype=float), np.asarray(n_samples, dtype=float)
    weight = 1.0 / (1.0 + n * rho / n_parameters)
    return weight if weight.ndim else float(weight)


def optimal_quantities(
    discrepancy: ArrayLike, n_samples: ArrayLike, n_target: float, n_parameters: float
) -> Array:
    r"""Find how many samples to take from each source when every weight is one.

    Parameters
    ----------
    discrepancy : array-like of shape (n_sources, n_sources)
        Discrepancy matrix M, positive semi-definite.
    n_samples : array-like of shape (n_sources,)
        Available samples of each source.
    n_target : float
        Number of target samples.
    n_parameters : float
        Number of free parameters d.

    Returns
    -------
    quantities : ndarray of shape (n_sources,)
        Between 0 and `n_samples`, not rounded. Where several are optimal, as for sources with
        equal deviations, one of them.

    See Also
    --------
    optimal_weights : Use all samples, and weigh them: never worse.

    Notes
    -----
    With one source and :math:`t = \rho / d`, the optimum [1]_ is :math:`N_1` if
    :math:`N_0 t \le 1/2`, else :math:`\min(N_1, N_0 / (2 N_0 t - 1))`. In general it solves the
    convex program

    .. math:: \min_{y, \tau} \; \tau + y^\top M y / d \quad \text{subject to} \quad
       N_0 \tau + 1^\top y = 1, \; 0 \le y \le N \tau, \qquad n = y / \tau.

    References
    ----------
    .. [1] "A High-Dimensional Statistical Method for Optimizing Transfer Quantities in
       Multi-Source Transfer Learning" (OTQMS), arXiv:2502.04242.

    Examples
    --------
    >>> from sklearn_transfer.weighting import optimal_quantities
    >>> optimal_quantities([[0.1]], [1000], n_target=20, n_parameters=1).round(3)
    array([6.667])
    """
    M, n, N0, d = _check_geometry(discrepancy, n_samples, n_target, n_parameters)
    if len(n) == 0:
        return np.empty(0)
    # what weights would transfer is of the size of what quantities can
    guess = transfer_quantity(optimal_weights(M, n, N0, d), n)
    return n * bounded_quantities(M, n, N0, d, float(guess))


def transfer_quantity(
    weights: ArrayLike, n_samples: ArrayLike, *, information: ArrayLike | None = None
) -> float | Array:
    r"""Compute the weighted number of samples that are transferred.

    Parameters
    ----------
    weights : array-like of shape (..., n_sources)
        Weight of each source's samples.
    n_samples : array-like of shape (n_sources,)
        Samples of each source.
    information : array-like of shape (n_sources,) or None, default=None
        Information of a source's sample relative to a target sample's, 1 by default.

    Returns
    -------
    s : float or ndarray of shape (...,)
        Sum of ``information * weights * n_samples``.

    See Also
    --------
    effective_sample_size : What the transfer is worth, at any weights.

    Notes
    -----
    At the optimal weights, and there alone, the sources are worth as many target samples.

    Examples
    --------
    >>> from sklearn_transfer.weighting import transfer_quantity
    >>> transfer_quantity([0.5, 0.1], [100, 200])
    70.0
    """
    n = np.asarray(n_samples, dtype=float)
    w = _check_rows("weights", weights, len(n))
    s = w @ (_check_ratios("information", information, len(n)) * n)
    return s if np.ndim(s) else float(s)


def effective_sample_size(
    weights: ArrayLike,
    discrepancy: ArrayLike,
    n_samples: ArrayLike,
    n_target: float,
    n_parameters: float,
    *,
    information: ArrayLike | None = None,
    noise: ArrayLike | None = None,
) -> float | Array:
    r"""Compute the number of target samples whose fit alone would have the same risk.

    Parameters
    ----------
    weights : array-like of shape (..., n_sources)
        Weight of each source's samples, beside 1 for the target's.
    discrepancy : array-like of shape (n_sources, n_sources)
        Discrepancy matrix M.
    n_samples : array-like of shape (n_sources,)
        Samples of each source.
    n_target : float
        Number of target samples.
    n_parameters : float
        Number of free parameters d.
    information : array-like of shape (n_sources,) or None, default=None
        Information of a source's sample relative to a target sample's, 1 by default.
    noise : array-like of shape (n_sources,) or None, default=None
        Noise variance of a source relative to the target's, 1 by default.

    Returns
    -------
    size : float or ndarray of shape (...,)
        ``d / (2 L)``. Below `n_target` where the transfer does harm.

    See Also
    --------
    transfer_quantity : The weighted number of samples s.
    kl_risk : The risk L.

    Notes
    -----
    A fit to N target samples alone has the risk :math:`d / (2 N)`. At the optimal weights
    :math:`L^* = d / (2 (N_0 + s^*))`, so the size is :math:`N_0 + s^*`. At other weights
    :math:`N_0 + s` is no such number.

    Examples
    --------
    >>> from sklearn_transfer.weighting import effective_sample_size
    >>> effective_sample_size([0.25], [[0.01]], [300], n_target=20, n_parameters=1)
    95.0
    """
    risk = kl_risk(
        weights,
        discrepancy,
        n_samples,
        n_target,
        n_parameters,
        information=information,
        noise=noise,
    )
    return n_parameters / (2.0 * risk)


def _check_geometry(
    discrepancy: ArrayLike, n_samples: ArrayLike, n_target: float, n_parameters: float
) -> tuple[Array, Array, float, float]:
    M, n = np.asarray(discrepancy, dtype=float), np.asarray(n_samples, dtype=float)
    if n.ndim != 1 or M.shape != (n.size, n.size):
        raise ValueError(
            "`discrepancy` must have one row and one column for each entry of the vector "
            f"`n_samples`. Got shapes {M.shape} and {n.shape} instead. Leave the target out."
        )
    if not (np.all((n > 0) & (n < np.inf)) and 0 < n_target < np.inf and 0 < n_parameters < np.inf):
        raise ValueError(
            "`n_samples`, `n_target` and `n_parameters` must be positive and finite. Got "
            f"n_samples={n.tolist()}, n_target={n_target!r}, n_parameters={n_parameters!r} "
            "instead. Leave out sources without samples."
        )
    largest = max(M.max(initial=0.0), -M.min(initial=0.0))
    skew = M - M.T if np.isfinite(largest) else M
    if not (np.isfinite(largest) and skew.max(initial=0.0) <= _SYMMETRY_TOL * largest):
        raise ValueError(
            "`discrepancy` must be finite and symmetric. Got a matrix that is not, with the "
            f"largest entry {largest:.3g}, instead. Leave out sources whose models did not fit."
        )
    skew *= 0.5
    return M - skew, n, float(n_target), float(n_parameters)


def _check_rows(name: str, values: ArrayLike, n_sources: int) -> Array:
    array = np.asarray(values, dtype=float)
    if array.ndim == 0 or array.shape[-1] != n_sources:
        raise ValueError(
            f"`{name}` must have one entry for each of the {n_sources} sources on its last axis. "
            f"Got shape {array.shape} instead. Order it as `n_samples` is."
        )
    return array


def _check_ratios(name: str, values: ArrayLike | None, n_sources: int) -> Array:
    if values is None:
        return np.ones(n_sources)
    array = np.asarray(values, dtype=float)
    if array.shape != (n_sources,) or not (np.all(array > 0) and np.isfinite(array).all()):
        raise ValueError(
            f"`{name}` must hold one positive number for each of the {n_sources} sources. Got "
            f"{array.tolist()} instead. It is a ratio to the target's own, 1 if equal."
        )
    return array
