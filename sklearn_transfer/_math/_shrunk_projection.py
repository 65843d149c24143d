# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""How much of each class indicator the features explain, with or without shrinkage.

With Z the centred, scaled rows (n x k, masses inside), S = Z'Z / N and q_c the indicator of class
c of unit length, every route returns

.. math:: h_c = q_c^\top M q_c , \qquad M = \tfrac1N Z \left( (1 - a) S + a \mu I \right)^{-1}
          Z^\top .

Three routes reach it: the k x k covariance where there are no more features than rows, the n x n
Gram matrix of the rows where there are, and conjugate gradients where neither fits.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky, eigvalsh, qr, solve_triangular
from scipy.linalg.blas import dsymm, dsymv
from scipy.linalg.lapack import dpstrf, dtrtri
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import LinearOperator, eigsh

from sklearn_transfer._math._feature_moments import Codes, class_sums, scale_columns
from sklearn_transfer.exceptions import TransferWarning

Array = NDArray[np.float64]

# Share of its variance below which a feature counts as a linear function of the others. Squares
# carry half the digits: dependence is seen down to about 1e-6 of a standard deviation.
DEPENDENT = 1e-12

_BLOCK_BYTES = 2**25


class FeatureRoute:
    """Through the covariance of the features.

    Parameters
    ----------
    features : ndarray or csr_matrix of shape (n_samples, n_features)
        Values.
    sample_weight : ndarray of shape (n_samples,) or None
        Masses of the rows.
    mean, scale : ndarray of shape (n_features,)
        Of the features; a scale of zero leaves a feature out.
    covariance : ndarray of shape (n_features, n_features)
        Lower triangle, before scaling; overwritten.
    mass : float
        Mass of all rows.
    sums : ndarray of shape (n_classes, n_features) or None
        Centred sums of the one set of classes that will be asked for, if known; overwritten.
    """

    def __init__(
        self,
        features: Any,
        sample_weight: Array | None,
        *,
        mean: Array,
        scale: Array,
        covariance: Array,
        mass: float,
        sums: Array | None = None,
    ) -> None:
        self.sums = sums
        self.features = features
        self.sample_weight = sample_weight
        self.mean = mean
        self.scale = scale
        self.mass = mass
        covariance *= scale
        covariance *= scale[:, np.newaxis]
        self.covariance = covariance

    def squares(self) -> float:
        """Sum of the squares of S."""
        return _sum_of_squares(self.covariance)

    def largest(self) -> float:
        """Largest eigenvalue of S."""
        return _largest_eigenvalue(self.covariance)

    def factorise(self, intensity: float, target: float) -> None:
        """Prepare `explained`; the covariance is used up."""
        if intensity > 0:
            self.covariance *= 1.0 - intensity
            self.covariance[np.diag_indices_from(self.covariance)] += intensity * target
            self._lower = _cholesky(self.covariance)
            self._kept = np.arange(len(self._lower))
        else:
            self._lower, self._kept = pivoted_cholesky(self.covariance)
        self._intensity, self._target = intensity, target
        del self.covariance

    def trace(self) -> float:
        """Return tr M: without shrinkage the number of independent features."""
        return _projection_trace(self._lower, self._intensity, self._target)

    def explained(self, codes: Codes, class_masses: Array) -> Array:
        """Return h_c of every class."""
        sums = self.sums
        if sums is None:
            sums = class_sums(
                self.features,
                codes,
                len(class_masses),
                mean=self.mean,
                sample_weight=self.sample_weight,
            )
        sums *= self.scale
        half = solve_triangular(
            self._lower, sums[:, self._kept].T, lower=True, overwrite_b=True, check_finite=False
        )
        return np.square(half).sum(axis=0) / (self.mass * class_masses)


class RowRoute:
    """Through the inner products of the rows, for more features than rows.

    Parameters
    ----------
    gram : ndarray of shape (n_samples, n_samples)
        ``Z Z'``, its lower triangle; overwritten.
    sample_weight : ndarray of shape (n_samples,) or None
        Masses of the rows.
    mass : float
        Mass of all rows.
    """

    def __init__(self, gram: Array, sample_weight: Array | None, mass: float) -> None:
        gram /= mass
        self.gram = gram
        self.sample_weight = sample_weight
        self.mass = mass

    def squares(self) -> float:
        """Sum of the squares of S."""
        return _sum_of_squares(self.gram)

    def largest(self) -> float:
        """Largest eigenvalue of S."""
        return _largest_eigenvalue(self.gram)

    def factorise(self, intensity: float, target: float) -> None:
        """Prepare `explained`."""
        self._intensity, self._target = intensity, target
        if intensity > 0:
            damped = (1.0 - intensity) * self.gram
            damped[np.diag_indices_from(damped)] += intensity * target
            self._lower = _cholesky(damped)
        else:
            largest = np.diagonal(self.gram).max()
            columns = _pivoted_columns(self.gram / largest)
            self._lower = qr(columns, mode="economic", overwrite_a=True, check_finite=False)[0].T

    def trace(self) -> float:
        """Return tr M: without shrinkage the number of independent rows."""
        return _projection_trace(self._lower, self._intensity, self._target)

    def explained(self, codes: Codes, class_masses: Array) -> Array:
        """Return h_c of every class."""
        q = _indicators(codes, class_masses, self.sample_weight)
        if self._intensity > 0:
            solved = cho_solve((self._lower, True), q, check_finite=False)
            return (solved * dsymm(1.0, self.gram, q, lower=1)).sum(axis=0)
        return np.square(self._lower @ q).sum(axis=0)


class IterativeRoute:
    """Through products with the sparse rows alone.

    Parameters
    ----------
    features : csr_matrix of shape (n_samples, n_features)
        Values.
    sample_weight : ndarray of shape (n_samples,) or None
        Masses of the rows.
    mean, scale : ndarray of shape (n_features,)
        Of the features; a scale of zero leaves a feature out.
    mass : float
        Mass of all rows.
    """

    # of the gradient; the error of the fit is of the order of its square
    tolerance = 1e-6
    max_iter = 2000

    def __init__(
        self,
        features: csr_matrix,
        sample_weight: Array | None,
        *,
        mean: Array,
        scale: Array,
        mass: float,
    ) -> None:
        self.rows = scale_columns(features, scale)
        self.columns = csr_matrix(self.rows.T)
        self.mean = mean * scale
        self.root = np.ones(features.shape[0]) if sample_weight is None else np.sqrt(sample_weight)
        self.sample_weight = sample_weight
        self.mass = mass

    def squares(self) -> float:
        """Sum of the squares of S, some rows of ``Z Z'`` at a time."""
        n_samples = len(self.root)
        step = max(1, _BLOCK_BYTES // (8 * n_samples))
        along = self.rows @ self.mean
        constant = self.mean @ self.mean
        squares = 0.0
        for start in range(0, n_samples, step):
            stop = min(start + step, n_samples)
            block = (self.rows[start:stop] @ self.columns).toarray()
            block -= along
            block += constant - along[start:stop, np.newaxis]
            block *= self.root
            block *= self.root[start:stop, np.newaxis]
            squares += float(np.vdot(block, block))
        return squares / self.mass**2

    def largest(self) -> float:
        """Largest eigenvalue of S."""
        return _lanczos(
            lambda v: self._adjoint(self._product(v[:, np.newaxis]))[:, 0] / self.mass,
            self.rows.shape[1],
        )

    def factorise(self, intensity: float, target: float) -> None:
        """Note the damping; there is nothing to factorise."""
        self._intensity, self._target = intensity, target

    def trace(self) -> float:
        """Refuse: a trace takes a factorisation."""
        raise ValueError(
            "An adjusted H-score of sparse features needs at most 4096 rows or columns. Got "
            f"{self.rows.shape[0]} rows and {self.rows.shape[1]} columns instead; reduce the "
            "features, with TruncatedSVD for example."
        )

    def explained(self, codes: Codes, class_masses: Array) -> Array:
        """Return h_c of every class, some classes at a time."""
        q = _indicators(codes, class_masses, self.sample_weight)
        step = max(1, _BLOCK_BYTES // (8 * self.rows.shape[1]))
        parts = [self._explained(q[:, j : j + step]) for j in range(0, q.shape[1], step)]
        return np.concatenate(parts)

    def _explained(self, q: Array) -> Array:
        if self._intensity == 1.0:
            return np.square(self._adjoint(q)).sum(axis=0) / (self.mass * self._target)
        # (1 - a) M is the fit of damped least squares
        damping = self.mass * self._intensity * self._target / (1.0 - self._intensity)
        return self._fit(q, damping) / (1.0 - self._intensity)

    def _product(self, v: Array) -> Array:
        return self.root[:, np.newaxis] * (self.rows @ v - self.mean @ v)

    def _adjoint(self, u: Array) -> Array:
        u = self.root[:, np.newaxis] * u
        return self.columns @ u - np.outer(self.mean, u.sum(axis=0))

    def _fit(self, q: Array, damping: float) -> Array:
        """Damped least squares for all columns at once, by conjugate gradients (CGLS)."""
        residual = q.copy()
        gradient = self._adjoint(residual)
        x = np.zeros_like(gradient)
        direction = gradient.copy()
        size = np.square(gradient).sum(axis=0)
        goal = self.tolerance**2 * size
        for _ in range(self.max_iter):
            active = size > goal
            if not active.any():
                break
            image = self._product(direction)
            curvature = np.square(image).sum(axis=0)
            curvature += damping * np.square(direction).sum(axis=0)
            step = np.where(active, size / np.where(active, curvature, 1.0), 0.0)
            x += step * direction
            residual -= step * image
            gradient = self._adjoint(residual) - damping * x
            previous, size = size, np.where(active, np.square(gradient).sum(axis=0), size)
            direction *= np.where(active, size / np.where(active, previous, 1.0), 0.0)
            direction += gradient
        else:
            warnings.warn(
                f"The H-score was computed by {self.max_iter} steps of conjugate gradients, which "
                f"did not converge for {np.count_nonzero(size > goal)} classes: the score is a "
                "lower bound. Give a larger `shrinkage` or reduce the features, with TruncatedSVD "
                "for example.",
                TransferWarning,
                stacklevel=2,
            )
        # of all expressions that agree at the solution, the one with an error of second order
        fit = np.square(q).sum(axis=0) - np.square(residual).sum(axis=0)
        return fit - damping * np.square(x).sum(axis=0)


def _cholesky(matrix: Array) -> Array:
    try:
        return cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError as error:
        raise ValueError(
            "`shrinkage` must make the covariance definite. Got an intensity that is lost in "
            "rounding instead; use None, which leaves dependent features out."
        ) from error


def _projection_trace(lower: Array, intensity: float, target: float) -> float:
    """Return tr M from a basis, or from the factor of the shrunken matrix of either side."""
    if intensity == 0.0:
        return float(len(lower))
    inverse = np.square(dtrtri(lower, lower=1)[0]).sum()
    # (1 - a) S (.)^-1 = I - a mu (.)^-1, and so with the Gram matrix
    return (len(lower) - intensity * target * float(inverse)) / (1.0 - intensity)


def pivoted_cholesky(matrix: Array) -> tuple[Array, NDArray[np.intp]]:
    """Lower factor of the largest independent part of a matrix of unit diagonal.

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        Positive semi-definite and not zero, in Fortran order, lower triangle; overwritten.

    Returns
    -------
    lower : ndarray of shape (rank, rank)
        Factor of the rows and columns that were kept.
    kept : ndarray of shape (rank,)
        Which ones, in the order of the factor.
    """
    factor, pivots, rank, _ = dpstrf(matrix, lower=1, tol=DEPENDENT, overwrite_a=1)
    return factor[:rank, :rank], pivots[:rank] - 1


def _pivoted_columns(matrix: Array) -> Array:
    """Columns that span the range of a positive semi-definite matrix, given its lower triangle."""
    factor, pivots, rank, _ = dpstrf(matrix, lower=1, tol=DEPENDENT, overwrite_a=1)
    columns = np.empty((len(matrix), rank))
    columns[pivots - 1] = np.tril(factor)[:, :rank]
    return columns


def _largest_eigenvalue(lower: Array) -> float:
    """Largest eigenvalue of a symmetric matrix, given its lower triangle."""
    if len(lower) <= 256:
        return float(eigvalsh(lower, lower=True, check_finite=False)[-1])
    return _lanczos(lambda v: dsymv(1.0, lower, v, lower=1), len(lower))


def _lanczos(product: Callable[[Array], Array], size: int) -> float:
    operator = LinearOperator((size, size), matvec=product, dtype=float)
    # any start that is no eigenvector; ARPACK's own is random
    start = np.cos(np.arange(size, dtype=float))
    return float(eigsh(operator, k=1, which="LA", v0=start, tol=1e-8)[0][0])


def _sum_of_squares(lower: Array) -> float:
    """Sum of squares of a symmetric matrix, given its lower triangle."""
    diagonal = np.diagonal(lower)
    squares = sum(float(np.vdot(lower[j:, j], lower[j:, j])) for j in range(len(lower)))
    return 2.0 * squares - float(diagonal @ diagonal)


def _indicators(codes: Codes, class_masses: Array, sample_weight: Array | None) -> Array:
    n_outputs, n_samples = codes.shape
    w = np.ones(n_samples) if sample_weight is None else sample_weight
    q = np.zeros((n_samples, len(class_masses)))
    for output in range(n_outputs):
        q[np.arange(n_samples), codes[output]] = np.sqrt(w / class_masses[codes[output]])
    return q
