# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Fisher information of planted models with Gaussian features, and deviations of given length."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import ndtri, softmax

_LOG2_POINTS = 16


def linear_information(
    covariance: NDArray[np.float64], noise: float, *, own_intercept: bool
) -> NDArray[np.float64]:
    """Fisher information per sample of a linear model.

    Parameters
    ----------
    covariance : ndarray of shape (n_features, n_features)
        Covariance of the features, whose means are zero.
    noise : float
        Standard deviation of the errors.
    own_intercept : bool
        Whether the intercept is profiled out.

    Returns
    -------
    information : ndarray of shape (n_parameters, n_parameters)
        The intercept's row and column first, if it is a parameter.
    """
    information = np.eye(len(covariance) + 1)
    information[1:, 1:] = covariance
    # features of mean zero are orthogonal to the intercept: nothing is lost to it
    return (information[1:, 1:] if own_intercept else information) / noise**2


def logistic_information(
    intercept: NDArray[np.float64],
    coef: NDArray[np.float64],
    covariance: NDArray[np.float64],
    *,
    own_intercept: bool,
) -> NDArray[np.float64]:
    r"""Fisher information per sample of a logistic model.

    Parameters
    ----------
    intercept : ndarray of shape (n_classes - 1,)
        Intercepts of the linear predictors of all classes but the first, which has predictor 0.
    coef : ndarray of shape (n_classes - 1, n_features)
        Their coefficients.
    covariance : ndarray of shape (n_features, n_features)
        Covariance of the features, which are Gaussian with mean zero.
    own_intercept : bool
        Whether the intercepts are profiled out.

    Returns
    -------
    information : ndarray of shape (n_parameters, n_parameters)
        Class by class: the intercept, if it is a parameter, then the coefficients.

    Notes
    -----
    The features enter the weights :math:`V = \mathrm{diag}(p) - pp^\top` through
    :math:`t = Bx` alone. With :math:`x = Gt + r`, r independent of t with covariance R, the blocks
    are :math:`E[V_{ab}]`, :math:`G\,E[V_{ab} t]` and
    :math:`G\,E[V_{ab} t t^\top] G^\top + E[V_{ab}] R`: integrals over the few dimensions of t.
    """
    n_predictors, n_features = coef.shape
    spread = coef @ covariance @ coef.T
    eigenvalues, directions = np.linalg.eigh(spread)
    root = directions * np.sqrt(np.maximum(eigenvalues, 0.0))
    t = _gaussian_points(n_predictors) @ root.T
    p = softmax(np.column_stack([np.zeros(len(t)), intercept + t]), axis=1)[:, 1:]

    G = covariance @ coef.T @ np.linalg.pinv(spread, hermitian=True)
    R = covariance - G @ spread @ G.T
    blocks = np.empty((n_predictors, n_features + 1, n_predictors, n_features + 1))
    for a in range(n_predictors):
        for b in range(n_predictors):
            v = p[:, a] * ((a == b) - p[:, b])
            zeroth = v.mean()
            second = (t.T * v) @ t / len(t)
            blocks[a, 0, b, 0] = zeroth
            blocks[a, 1:, b, 0] = blocks[a, 0, b, 1:] = G @ (v @ t / len(t))
            blocks[a, 1:, b, 1:] = G @ second @ G.T + zeroth * R
    if not own_intercept:
        size = n_predictors * (n_features + 1)
        return blocks.reshape(size, size)
    size = n_predictors * n_features
    shared = blocks[:, 1:, :, 1:].reshape(size, size)
    crossed = blocks[:, 1:, :, 0].reshape(size, n_predictors)
    return shared - crossed @ np.linalg.solve(blocks[:, 0, :, 0], crossed.T)


def deviations(
    gram: NDArray[np.float64], information: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw parameter deviations of given lengths or with a given Gram matrix.

    Parameters
    ----------
    gram : ndarray of shape (n_sources,) or (n_sources, n_sources)
        Squared lengths in the metric of the information, or the Gram matrix, of rank at most
        n_parameters.
    information : ndarray of shape (n_parameters, n_parameters)
        Positive definite.
    rng : Generator
        Draws the directions.

    Returns
    -------
    deviations : ndarray of shape (n_parameters, n_sources)
        One column per source.
    """
    n_parameters, n_sources = len(information), len(gram)
    if gram.ndim == 1:
        whitened = rng.standard_normal((n_sources, n_parameters)).T
        whitened *= np.sqrt(gram) / np.linalg.norm(whitened, axis=0)
    else:
        eigenvalues, vectors = np.linalg.eigh(gram)
        largest = np.argsort(eigenvalues)[::-1][:n_parameters]
        frame, _ = np.linalg.qr(rng.standard_normal((n_parameters, len(largest))))
        lengths = np.sqrt(np.maximum(eigenvalues[largest], 0.0))
        whitened = frame @ (vectors[:, largest] * lengths).T
    return solve_triangular(np.linalg.cholesky(information).T, whitened)


def checked_covariance(feature_covariance: Any, n_features: int) -> NDArray[np.float64]:
    """Refuse a covariance of the features that is none.

    Parameters
    ----------
    feature_covariance : array-like or None
        As given; None is the identity.
    n_features : int
        Number of features.

    Returns
    -------
    covariance : ndarray of shape (n_features, n_features)
        As an array.
    """
    if feature_covariance is None:
        return np.eye(n_features)
    covariance = np.asarray(feature_covariance, dtype=float)
    if covariance.shape == (n_features, n_features):
        smallest, _ = _extreme_eigenvalues(covariance)
        if smallest > 0:
            return covariance
        got = f"the smallest eigenvalue {smallest:.3g} (NaN if it is not symmetric)"
    else:
        got = f"shape {covariance.shape}"
    raise ValueError(
        "`feature_covariance` must be a symmetric positive definite matrix of shape "
        f"({n_features}, {n_features}). Got {got} instead."
    )


def checked_gram(discrepancy: Any, n_sources: int, n_parameters: int) -> NDArray[np.float64]:
    """Refuse lengths or Gram matrices that no deviations have.

    Parameters
    ----------
    discrepancy : float or array-like
        As given.
    n_sources, n_parameters : int
        Number of deviations and of their dimensions.

    Returns
    -------
    gram : ndarray of shape (n_sources,) or (n_sources, n_sources)
        Squared lengths, or the Gram matrix.
    """
    gram = np.asarray(discrepancy, dtype=float)
    if gram.shape in ((), (n_sources,)) and np.isfinite(gram).all() and gram.min() >= 0:
        return np.broadcast_to(gram, n_sources)
    if gram.shape != (n_sources, n_sources):
        got = f"shape {gram.shape}" if gram.shape not in ((), (n_sources,)) else f"{gram.tolist()}"
        raise ValueError(
            "`discrepancy` must be a non-negative number, one for each of the "
            f"{n_sources} sources, or their Gram matrix. Got {got} instead."
        )
    smallest, rank = _extreme_eigenvalues(gram)
    if not smallest >= 0 or rank > n_parameters:
        raise ValueError(
            "`discrepancy` must be a symmetric positive semi-definite matrix of rank at most "
            f"{n_parameters}, the number of shared parameters. Got rank {rank} and the smallest "
            f"eigenvalue {smallest:.3g} (NaN if it is not symmetric) instead; give the squared "
            "distances alone, or more features."
        )
    return gram


def _extreme_eigenvalues(matrix: NDArray[np.float64]) -> tuple[float, int]:
    """Smallest eigenvalue, 0 up to rounding, and rank; NaN for a matrix that is not symmetric."""
    if not np.allclose(matrix, matrix.T):
        return np.nan, len(matrix)
    eigenvalues = np.linalg.eigvalsh(matrix)
    eigenvalues[abs(eigenvalues) <= 1e-10 * abs(eigenvalues).max()] = 0.0
    return float(eigenvalues[0]), int(np.count_nonzero(eigenvalues))


def _gaussian_points(n_dimensions: int) -> NDArray[np.float64]:
    """Points whose averages are expectations over independent standard Gaussians."""
    from scipy.stats import qmc

    sobol = qmc.Sobol(n_dimensions, scramble=True, seed=0)
    points = ndtri(sobol.random_base2(_LOG2_POINTS))
    return np.concatenate([points, -points])
