# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""Convex quadratic programs over a slice of a polyhedral cone.

.. math:: \min_{x \ge 0} \tfrac12 x^\top P x + q^\top x \quad \text{subject to} \quad
   m^\top x = 1, \; G x \le 0, \; E x = 0, \qquad x = (u, t).

The shape that a ratio of a quadratic to a squared linear function takes in homogeneous coordinates:
t stands for the scale, and the answer is ``u / t``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, qr, solve_triangular
from scipy.optimize import nnls

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SOLVER_TOL = 1e-11
_RANK_TOL = 1e-11
_FEASIBILITY_TOL = 1e-10
_MAX_RESCALINGS = 5
_MAX_POLISHING_STEPS = 10


class ConeProgram(NamedTuple):
    """The data P, q, m, G, E of the program, x = (u, t); P positive definite if q is zero."""

    P: Array
    q: Array
    mass: Array
    cone: Array
    equal: Array

    def objective(self, x: Array) -> float:
        """Value of the objective."""
        return float(0.5 * x @ self.P @ x + self.q @ x)

    def curvature(self) -> Array:
        """Curvature along each variable; where there is none, of the size that the mass sets."""
        return np.diag(self.P) + self.mass**2

    def in_units(self, units: Array) -> ConeProgram:
        """Write the same program in ``x / units``."""
        cone, equal = self.cone * units, self.equal * units
        return ConeProgram(
            self.P * units * units[:, np.newaxis],
            self.q * units,
            self.mass * units,
            cone / row_scale(cone)[:, np.newaxis],
            equal / row_scale(equal)[:, np.newaxis],
        )


class _Candidate(NamedTuple):
    """A solution, with the rows of the cone and the variables that are held at their bound."""

    x: Array
    active: Mask
    at_zero: Mask


def row_scale(matrix: Array) -> Array:
    """Largest entry of each row, 1 for a row of zeros."""
    largest = np.abs(matrix).max(axis=1, initial=0.0)
    return np.where(largest > 0, largest, 1.0)


def solve_cone_program(program: Callable[[float], ConeProgram], size: float) -> Array:
    """Solve for ``u / t``.

    Parameters
    ----------
    program : callable
        Gives the program for a size; t is near 1 at the solution if the size is right.
    size : float
        First guess, corrected by what t turns out to be.

    Returns
    -------
    ratio : ndarray
        ``u / t``, non-negative.

    Notes
    -----
    Clarabel's interior-point solution is precise in the objective, not in variables that are
    orders of magnitude below others, so the program is solved again by linear algebra on the set
    of bounds found active. Where that does not confirm the objective, or Clarabel fails, a program
    without linear term is solved as a projection onto the cone.
    """
    for _ in range(_MAX_RESCALINGS):
        current = program(size)
        found = _interior_point(current)
        if found is None or 0.1 <= found.x[-1] <= 10:
            break
        size /= found.x[-1]
    x = None if found is None else _polish(current, found, tol=1e-9)
    if x is None and not current.q.any():
        found = _projection(current)
        x = _polish(current, found, tol=1e-6)
    if found is None:
        raise RuntimeError(
            "The quadratic program must be solvable to working precision. Got a failure of the "
            "solver Clarabel instead. Drop sources that differ from the others by many orders of "
            "magnitude in their rows or their discrepancy."
        )
    if x is None:
        x = np.maximum(found.x, 0.0)
    return x[:-1] / x[-1]


def _interior_point(program: ConeProgram) -> _Candidate | None:
    """Solve by Clarabel, as the program is or else in its own units; None if both fail."""
    found = _clarabel(program)
    if found is None:
        units = 1.0 / np.sqrt(program.curvature())
        found = _clarabel(program.in_units(units))
        if found is not None:
            found = found._replace(x=found.x * units)
    return found


def _clarabel(program: ConeProgram) -> _Candidate | None:
    import cvxpy

    cp: Any = cvxpy  # its annotations miss most of its public names
    x = cp.Variable(len(program.mass))
    nonnegative = x >= 0
    constraints = [nonnegative, program.mass @ x == 1]
    if len(program.equal):
        constraints.append(program.equal @ x == 0)
    inside = None
    if len(program.cone):
        inside = program.cone @ x <= 0
        constraints.append(inside)
    # psd_wrap: the matrix is positive semi-definite by construction, up to rounding
    objective = 0.5 * cp.quad_form(x, cp.psd_wrap(program.P)) + program.q @ x
    problem = cp.Problem(cp.Minimize(objective), constraints)
    with warnings.catch_warnings():
        # cvxpy warns of answers short of the tolerances; here they are polished or replaced
        warnings.simplefilter("ignore")
        try:
            problem.solve(
                solver=cp.CLARABEL,
                tol_gap_abs=_SOLVER_TOL,
                tol_gap_rel=_SOLVER_TOL,
                tol_feas=_SOLVER_TOL,
            )
        except cp.SolverError:
            return None
    solution: Array | None = x.value
    if problem.status not in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE} or solution is None:
        return None
    if solution[-1] <= 0:
        return None
    # A bound counts as active if leaving it by the slack would cost less than its multiplier says.
    curvature = program.curvature()
    active = np.zeros(len(program.cone), dtype=bool)
    if inside is not None:
        row_curvature = 1.0 / np.sum(program.cone**2 / curvature, axis=1)
        active = -(program.cone @ solution) * row_curvature < inside.dual_value
    return _Candidate(solution, active, solution * curvature < nonnegative.dual_value)


def _projection(program: ConeProgram) -> _Candidate:
    """Solve a program with ``q = 0`` as a projection onto the cone.

    Up to scale its minimiser is that of ``1/2 x'Px - m'x`` on the cone, and the dual of that is a
    non-negative least-squares problem in the multipliers. The active set comes out exactly; values
    that cancel lose digits, which polishing restores.
    """
    scale = 1.0 / np.sqrt(np.diag(program.P))
    factor = cholesky(program.P * scale * scale[:, np.newaxis], lower=True)
    n = len(scale)
    equal = program.equal * scale
    rows = np.concatenate([np.eye(n), -program.cone * scale, equal, -equal])
    columns = solve_triangular(factor, rows.T, lower=True)
    columns /= np.linalg.norm(columns, axis=0)
    target = -solve_triangular(factor, program.mass * scale, lower=True)
    multipliers = nnls(columns, target, maxiter=30 * columns.shape[1])[0]
    residual = columns @ multipliers - target
    x = np.maximum(scale * solve_triangular(factor, residual, lower=True, trans="T"), 0.0)
    held = multipliers > 0
    return _Candidate(x / (program.mass @ x), held[n : n + len(program.cone)], held[:n])


def _polish(program: ConeProgram, found: _Candidate, *, tol: float) -> Array | None:
    """Solve exactly on the set of active bounds; None if that is not the optimum."""
    x, active, at_zero = found
    x = np.maximum(x, 0.0)
    before = program.objective(x)
    for _ in range(_MAX_POLISHING_STEPS):
        polished = _on_active_set(program, x, active, at_zero)
        if polished is None:
            return None
        outside = program.cone @ polished > _FEASIBILITY_TOL * (np.abs(program.cone) @ x)
        negative = polished < -_FEASIBILITY_TOL * x
        if not (outside.any() or negative.any()):
            is_optimum = program.objective(polished) <= before + tol * abs(before)
            return np.maximum(polished, 0.0) if is_optimum else None
        active, at_zero = active | outside, at_zero | negative
    return None


def _on_active_set(program: ConeProgram, x: Array, active: Mask, at_zero: Mask) -> Array | None:
    """Optimum with the given bounds as equations, computed in units of `x`."""
    free = ~at_zero & (x > 0)
    if not free[-1]:
        return None
    unit = x[free]
    basis = np.eye(len(unit))
    rows = np.concatenate([program.equal, program.cone[active]])[:, free] * unit
    if len(rows):
        Q, R, _ = qr((rows / row_scale(rows)[:, np.newaxis]).T, pivoting=True)
        basis = Q[:, np.count_nonzero(np.abs(np.diag(R)) > _RANK_TOL) :]
    if basis.shape[1] == 0:
        return None
    H = basis.T @ (program.P[np.ix_(free, free)] * unit * unit[:, np.newaxis]) @ basis
    q, mass = basis.T @ (program.q[free] * unit), basis.T @ (program.mass[free] * unit)
    if program.q.any():
        # P may be singular then, and least squares takes the smallest of all solutions
        kkt = np.block([[H, mass[:, np.newaxis]], [mass, np.zeros(1)]])
        solution = np.linalg.lstsq(kkt, np.append(-q, 1.0), rcond=None)[0][:-1]
    else:
        solution = np.linalg.solve(H, mass)
    if mass @ solution <= 0:
        return None
    polished = np.zeros(len(x))
    polished[free] = unit * (basis @ solution)
    return polished / (program.mass @ polished)
