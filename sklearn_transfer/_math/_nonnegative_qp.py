# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Strictly convex quadratic programs over the non-negative orthant."""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import nnls

# Steps before the QR-based solver takes over. Problems of 2048 variables built to be hard took
# at most 140; a rounding cycle is the only known way to more.
_MAX_STEPS = 500
_GRADIENT_TOL = 1e-10
# Exchanges without a new record before block pivoting gives way.
_PATIENCE = 3


def nonnegative_qp(A: np.ndarray, *, max_steps: int = _MAX_STEPS) -> np.ndarray:
    r"""Minimise :math:`\tfrac12 v^\top A v - 1^\top v` over :math:`v \ge 0`.

    Parameters
    ----------
    A : ndarray of shape (K, K)
        Symmetric, positive definite.
    max_steps : int, default=500
        Linear systems to solve before falling back on :func:`scipy.optimize.nnls`.

    Returns
    -------
    v : ndarray of shape (K,)
        The minimiser, with exact zeros where the bound is active.

    Raises
    ------
    ValueError
        If `A` has a clearly negative eigenvalue.

    Notes
    -----
    Three stages, each started only if the one before did not finish:

    1. Block principal pivoting [1]_ from the full support: solve on the support, exchange every
       variable of the wrong sign, until their number has not fallen for some steps. The first
       solve is the unconstrained solution, and most problems end there.
    2. A primal active-set method in the Gram form of Lawson and Hanson's [2]_, warm-started from
       the support reached so far. The objective falls at every step, so it cannot cycle in exact
       arithmetic. Several variables enter at a time: those whose gradient is at least half the
       most negative one.
    3. Lawson and Hanson's own method on the Cholesky factor, for which rounding matters less.

    The problem is scaled to a unit diagonal, under which signs and optimality conditions do not
    change. A point is accepted when :math:`(Av)_i \ge 1` off the support up to rounding.

    References
    ----------
    .. [1] L. F. Portugal, J. J. Judice, L. N. Vicente, "A comparison of block pivoting and
       interior-point algorithms for linear least squares problems with nonnegative variables",
       Mathematics of Computation 63, 1994.
    .. [2] C. L. Lawson, R. J. Hanson, "Solving Least Squares Problems", chapter 23, SIAM, 1995.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer._math._nonnegative_qp import nonnegative_qp
    >>> nonnegative_qp(np.array([[1.0, 2.0], [2.0, 5.0]]))
    array([1., 0.])
    """
    n_variables = len(A)
    if n_variables == 0:
        return np.empty(0)
    diagonal = np.diag(A)
    if diagonal.min() <= 0:
        raise ValueError(_not_definite(diagonal.min()))
    scale = 1.0 / np.sqrt(diagonal)
    largest = scale.max()
    b = scale / largest
    B = A * scale
    B *= scale[:, np.newaxis]

    support = np.ones(n_variables, dtype=bool)
    try:
        z = _solve_on(B, b, support)
    except LinAlgError:
        _lift_spectrum(B)
        z = _solve_on(B, b, support)
    z, support, steps, optimal = _block_pivoting(B, b, z, support, max_steps)
    if not optimal:
        z, optimal = _active_set(B, b, support, max_steps - steps)
    if not optimal:
        lower = cholesky(B, lower=True)
        z = nnls(lower.T, solve_triangular(lower, b, lower=True), maxiter=30 * n_variables)[0]
    return np.maximum(z, 0.0) * (scale * largest)


def _solve_on(B: np.ndarray, b: np.ndarray, support: np.ndarray) -> np.ndarray:
    """Solve ``B z = b`` on the support, zero elsewhere."""
    z = np.zeros(len(b))
    index = np.flatnonzero(support)
    if len(index):
        block = B[np.ix_(index, index)] if len(index) < len(b) else B.copy()
        # the transpose of a symmetric matrix spares LAPACK's wrapper another copy
        factor = cho_factor(block.T, lower=True, overwrite_a=True, check_finite=False)
        z[index] = cho_solve(factor, b[index], check_finite=False)
    return z


def _descent(B: np.ndarray, b: np.ndarray, z: np.ndarray, support: np.ndarray) -> np.ndarray:
    """How far each variable off the support would pull the objective down; 0 where it would not."""
    index = np.flatnonzero(support)
    # gathering rows pays only where they are few
    pull = b - (z[index] @ B[index] if 4 * len(index) < len(b) else z @ B)
    # B has a unit diagonal, so |B| <= 1 and rounding in the product is about eps * sum(z)
    pull[support | (pull <= _GRADIENT_TOL * b + 16 * np.finfo(float).eps * np.abs(z).sum())] = 0.0
    return pull


def _block_pivoting(
    B: np.ndarray, b: np.ndarray, z: np.ndarray, support: np.ndarray, max_steps: int
) -> tuple[np.ndarray, np.ndarray, int, bool]:
    """Exchange all variables of the wrong sign, for as long as that gets on."""
    fewest, patience = len(b) + 1, _PATIENCE
    for step in range(max_steps):
        wrong = (support & (z < 0)) | (_descent(B, b, z, support) > 0)
        n_wrong = int(np.count_nonzero(wrong))
        if n_wrong == 0:
            return z, support, step, True
        if n_wrong < fewest:
            fewest, patience = n_wrong, _PATIENCE
        elif patience == 0:
            return z, support, step, False
        else:
            patience -= 1
        support = support ^ wrong
        z = _solve_on(B, b, support)
    return z, support, max_steps, False


def _active_set(
    B: np.ndarray, b: np.ndarray, support: np.ndarray, max_steps: int
) -> tuple[np.ndarray, bool]:
    """Let blocks of variables enter, from any support, without ever raising the objective."""
    z = _solve_on(B, b, support)
    while np.any(support & (z <= 0)):
        support = support & (z > 0)
        z = _solve_on(B, b, support)
    for _ in range(max_steps):
        pull = _descent(B, b, z, support)
        if not pull.any():
            return z, True
        z, support = _advance(B, b, z, support | (pull >= 0.5 * pull.max()))
    return z, False


def _advance(
    B: np.ndarray, b: np.ndarray, z: np.ndarray, support: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Walk to the minimum on the support, dropping the variables that reach zero on the way."""
    while True:
        goal = _solve_on(B, b, support)
        blocked = np.flatnonzero(support & (goal <= 0))
        if len(blocked) == 0:
            return goal, support
        here, there = z[blocked], goal[blocked]
        # a variable that has just entered stands at zero: it leaves before anything moves
        step = np.min(here / (here - there)) if here.min() > 0 else 0.0
        z = np.where(support, z + step * (goal - z), 0.0)
        support = support.copy()
        support[blocked[z[blocked] <= 4 * np.finfo(float).eps * z.max()]] = False
        z[~support] = 0.0


def _lift_spectrum(B: np.ndarray) -> None:
    """Add to the diagonal, in place, what rounding took; refuse an indefinite matrix."""
    smallest = np.linalg.eigvalsh(B)[0]
    if smallest < -1e-9 * len(B):
        raise ValueError(_not_definite(smallest))
    B[np.diag_indices_from(B)] += 4 * (abs(smallest) + len(B) * np.finfo(float).eps)


def _not_definite(smallest: float) -> str:
    return (
        "The discrepancy matrix must be positive semi-definite. Got a matrix whose quadratic form "
        f"is not (smallest scaled eigenvalue {smallest:.3g} after the variance terms were added) "
        "instead. Pass it through debias_discrepancy, which projects it."
    )
