# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""The K-L risk minimised under linear constraints, as a convex quadratic program.

With :math:`v_i` the information that source i contributes and :math:`s = \sum_i v_i`, the risk is
a ratio, :math:`(d N_0 + v^\top A v) / (2 (N_0 + s)^2)`. It is not convex in the weights, and the
program :math:`\tfrac12 v^\top A v - 1^\top v` that has the same minimiser without constraints has
another one with them. In the homogeneous coordinates :math:`y = v / (N_0 + s)` and
:math:`\tau = 1 / (N_0 + s)` it is convex,

.. math:: \min_{y \ge 0,\, \tau \ge 0} N_0 \tau^2 + y^\top A y / d
   \quad \text{subject to} \quad N_0 \tau + 1^\top y = 1,

and a constraint :math:`C v \le b` is the cone :math:`C y \le b \tau`. The code uses
:math:`u = w t` in place of y and :math:`t = S \tau` in place of :math:`\tau`, where S is of the
size of :math:`N_0 + s`, so that a constraint on the weights keeps its coefficients and t is near 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, linprog
from scipy.sparse import issparse

from sklearn_transfer._math._cone_qp import ConeProgram, row_scale, solve_cone_program

Array = NDArray[np.float64]

_FEASIBILITY_TOL = 1e-7


class Polyhedron(NamedTuple):
    """Weights ``w >= 0`` with ``lower <= matrix @ w <= upper``."""

    matrix: Array
    lower: Array
    upper: Array

    def violation(self, weights: Array) -> float:
        """Largest violation of a row, relative to the size of the row's terms."""
        values = self.matrix @ weights
        size = np.abs(self.matrix) @ weights
        worst = 0.0
        for bound, excess in ((self.lower, self.lower - values), (self.upper, values - self.upper)):
            row = np.isfinite(bound)
            scale = np.maximum(size[row], np.abs(bound[row]))
            positive = excess[row] > 0
            worst = max(worst, np.max(excess[row][positive] / scale[positive], initial=0.0))
        return float(worst)


def polyhedron(
    constraints: LinearConstraint | Sequence[LinearConstraint], n_sources: int
) -> Polyhedron:
    """Stack constraints on the source weights and refuse those that pose no proper problem.

    Parameters
    ----------
    constraints : LinearConstraint or sequence of LinearConstraint
        Over the vector of source weights.
    n_sources : int
        Number of sources.

    Returns
    -------
    polyhedron : Polyhedron
        The rows that bound anything.

    Raises
    ------
    TypeError
        If an item is no :class:`scipy.optimize.LinearConstraint`.
    ValueError
        If sizes do not fit, bounds are not numbers in order, no non-negative weights meet all
        constraints, or weights of zero are excluded while some weights are unbounded.

    Notes
    -----
    Where zero weights are allowed, a minimiser exists: an unbounded direction alpha of the
    polyhedron lies in it from the origin on, and along it the risk is least at the finite
    ``s = 1 / t(alpha)``. Where they are not, there may be none: if a floor holds on to a source
    with a large bias, ever more of another source can be the best answer. Whether that happens
    depends on the data, so a bounded set is asked for in every such case.
    """
    items = constraints if isinstance(constraints, list | tuple) else [constraints]
    blocks = [_rows(item, n_sources) for item in items]
    if not blocks:
        return Polyhedron(np.empty((0, n_sources)), np.empty(0), np.empty(0))
    stacked = Polyhedron(*(np.concatenate(part) for part in zip(*blocks, strict=True)))
    bounding = np.isfinite(stacked.lower) | np.isfinite(stacked.upper)
    stacked = Polyhedron(*(part[bounding] for part in stacked))
    if np.any(stacked.lower > 0) or np.any(stacked.upper < 0):
        _require_feasible(stacked)
        _require_bounded(stacked)
    return stacked


def constrained_weights(
    A: Array, rows: Array, n_target: float, n_parameters: float, allowed: Polyhedron, guess: Array
) -> Array:
    """Weights of least K-L risk within a polyhedron.

    Parameters
    ----------
    A : ndarray of shape (K, K)
        ``diag(d / effective rows) + M``, positive definite.
    rows : ndarray of shape (K,)
        Information contributed by each source at weight one.
    n_target : float
        Number of target samples.
    n_parameters : float
        Number of free parameters d.
    allowed : Polyhedron
        From :func:`polyhedron`.
    guess : ndarray of shape (K,)
        Weights without the constraints; they set the scale.

    Returns
    -------
    weights : ndarray of shape (K,)
        The minimiser.
    """
    K = len(rows)
    curvature = A * (rows * rows[:, np.newaxis] / n_parameters)
    cone, equal = _homogeneous_rows(allowed)

    def program(size: float) -> ConeProgram:
        quadratic = np.zeros((K + 1, K + 1))
        quadratic[:K, :K] = curvature / size
        quadratic[K, K] = n_target / size
        mass = np.append(rows, n_target) / size
        return ConeProgram(2 * quadratic, np.zeros(K + 1), mass, cone, equal)

    return solve_cone_program(program, n_target + float(rows @ guess))


def bounded_quantities(
    M: Array, n_samples: Array, n_target: float, n_parameters: float, guess: float
) -> Array:
    """Quantities of least K-L risk at weight one, as shares of the available samples.

    Parameters
    ----------
    M : ndarray of shape (K, K)
        Discrepancy matrix, positive semi-definite.
    n_samples : ndarray of shape (K,)
        Available samples.
    n_target : float
        Number of target samples.
    n_parameters : float
        Number of free parameters d.
    guess : float
        About the sum of the quantities; it sets the scale.

    Returns
    -------
    shares : ndarray of shape (K,)
        In [0, 1].
    """
    K = len(n_samples)
    curvature = M * (n_samples * n_samples[:, np.newaxis] / n_parameters)
    cone, equal = _homogeneous_rows(Polyhedron(np.eye(K), np.full(K, -np.inf), np.ones(K)))

    def program(size: float) -> ConeProgram:
        quadratic = np.zeros((K + 1, K + 1))
        quadratic[:K, :K] = curvature / size
        linear = np.append(np.zeros(K), 1.0)
        mass = np.append(n_samples, n_target) / size
        return ConeProgram(2 * quadratic, linear, mass, cone, equal)

    return np.clip(solve_cone_program(program, n_target + guess), 0.0, 1.0)


def _rows(constraint: LinearConstraint, n_sources: int) -> tuple[Array, Array, Array]:
    if not isinstance(constraint, LinearConstraint):
        raise TypeError(
            "Constraints must be scipy.optimize.LinearConstraint objects over the source weights. "
            f"Got {constraint!r} instead. Bounds are LinearConstraint(np.eye(n_sources), lb, ub)."
        )
    matrix = constraint.A.toarray() if issparse(constraint.A) else constraint.A
    matrix = np.atleast_2d(np.asarray(matrix, dtype=float))
    if matrix.ndim != 2 or matrix.shape[1] != n_sources:
        raise ValueError(
            f"A constraint must have one column for each of the {n_sources} sources. Got a matrix "
            f"of shape {matrix.shape} instead. Order its columns as the sources are ordered."
        )
    lower = np.broadcast_to(np.asarray(constraint.lb, dtype=float), len(matrix))
    upper = np.broadcast_to(np.asarray(constraint.ub, dtype=float), len(matrix))
    # NaN fails the comparison too
    ordered = (lower <= upper) & (lower < np.inf) & (upper > -np.inf)
    if not (np.isfinite(matrix).all() and ordered.all()):
        raise ValueError(
            "A constraint must have finite coefficients and bounds with lb <= ub. Got "
            f"A={matrix.tolist()}, lb={lower.tolist()}, ub={upper.tolist()} instead. Leave a side "
            "open with -np.inf or np.inf."
        )
    return matrix, lower, upper


def _require_feasible(stacked: Polyhedron) -> None:
    """Raise unless some non-negative weights meet all rows; name the rows that clash."""
    scale = row_scale(stacked.matrix)
    m, K = stacked.matrix.shape
    matrix, identity = stacked.matrix / scale[:, np.newaxis], np.eye(m)
    has_lower, has_upper = np.isfinite(stacked.lower), np.isfinite(stacked.upper)
    found = linprog(
        np.append(np.zeros(K), np.ones(m)),
        A_ub=np.block(
            [
                [matrix[has_upper], -identity[has_upper]],
                [-matrix[has_lower], -identity[has_lower]],
            ]
        ),
        b_ub=np.append((stacked.upper / scale)[has_upper], -(stacked.lower / scale)[has_lower]),
        method="highs",
    )
    slack = found.x[K:]
    reach = 1.0 + np.minimum(np.abs(stacked.lower), np.abs(stacked.upper)) / scale
    if np.any(slack > _FEASIBILITY_TOL * reach):
        rows = np.flatnonzero(slack > _FEASIBILITY_TOL * reach).tolist()
        raise ValueError(
            "The constraints must leave at least one vector of non-negative source weights. Got "
            f"constraints that cannot hold together (row(s) {rows} of {m} give way first) "
            "instead. Lower a floor or raise a cap or budget."
        )


def _require_bounded(stacked: Polyhedron) -> None:
    """Raise if a weight can grow for ever; the caller knows that zero weights are excluded."""
    matrix = stacked.matrix / row_scale(stacked.matrix)[:, np.newaxis]
    has_lower, has_upper = np.isfinite(stacked.lower), np.isfinite(stacked.upper)
    cone = np.concatenate([matrix[has_upper], -matrix[has_lower]])
    K = matrix.shape[1]
    found = linprog(-np.ones(K), A_ub=cone, b_ub=np.zeros(len(cone)), bounds=(0, 1), method="highs")
    growing = np.flatnonzero(found.x > _FEASIBILITY_TOL).tolist()
    if growing:
        raise ValueError(
            "Constraints that exclude weights of zero (a floor, a fixed total) must bound every "
            "weight from above. Got such constraints with no upper bound on the weight(s) of "
            f"source(s) {growing} instead: the risk may then fall for ever as they grow. Add a cap "
            "on each weight, or a budget on all."
        )


def _homogeneous_rows(allowed: Polyhedron) -> tuple[Array, Array]:
    """Rows over ``(u, t)``: ``C w <= b`` becomes ``C u - b t <= 0``."""
    matrix, lower, upper = allowed
    fixed = lower == upper
    has_lower, has_upper = np.isfinite(lower) & ~fixed, np.isfinite(upper) & ~fixed
    cone = np.concatenate(
        [
            np.column_stack([matrix[has_upper], -upper[has_upper]]),
            np.column_stack([-matrix[has_lower], lower[has_lower]]),
        ]
    )
    equal = np.column_stack([matrix[fixed], -upper[fixed]])
    return cone / row_scale(cone)[:, np.newaxis], equal / row_scale(equal)[:, np.newaxis]
