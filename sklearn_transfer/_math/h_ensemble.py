# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The mixture of several models' features that has the greatest H-score."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize, nnls

from sklearn_transfer._math.correlation import ledoit_wolf_intensity

Array = NDArray[np.float64]

# So little of the identity keeps covariances of dependent features invertible.
LEAST_SHRINKAGE = 1e-7
# Models whose features are the same get the same weight instead of an arbitrary one.
_TIE_BREAK = 1e-9
_MAX_STEPS = 200
_STEPS_BEFORE_SOLVER = 20
_TOLERANCE = 1e-9


class EnsembleMoments(NamedTuple):
    """Second moments of the features of all models, on the target's rows.

    Attributes
    ----------
    covariance : ndarray of shape (n_models, n_models, n_features, n_features)
        Covariance of the features of each pair of models, shrunk.
    class_means : ndarray of shape (n_models, n_classes, n_features)
        Means in each class, of features whose overall mean is zero.
    shares : ndarray of shape (n_classes,)
        Shares of the classes.
    """

    covariance: Array
    class_means: Array
    shares: Array


class Mixture(NamedTuple):
    """The best mixture found.

    Attributes
    ----------
    weights : ndarray of shape (n_models,)
        On the simplex.
    score : float
        H-score of the mixture.
    n_iter : int
        Steps from the best start.
    converged : bool
        Whether the weights stood still there.
    """

    weights: Array
    score: float
    n_iter: int
    converged: bool


def ensemble_moments(
    features: Array,
    class_means: Array,
    shares: Array,
    mass: Array,
    shrinkage: float = 0.0,
) -> EnsembleMoments:
    """Moments from standardised features.

    Parameters
    ----------
    features : ndarray of shape (n_models, n_samples, n_features)
        Features of zero mean, of as many columns for every model.
    class_means : ndarray of shape (n_models, n_classes, n_features)
        Their means in each class.
    shares : ndarray of shape (n_classes,)
        Shares of the classes.
    mass : ndarray of shape (n_samples,)
        Masses of the rows; they sum to 1.
    shrinkage : float, default=0.0
        Shrinkage of the covariance towards a multiple of the identity.

    Returns
    -------
    moments : EnsembleMoments
        For `mixture_score` and `best_mixture`.
    """
    n_features = features.shape[2]
    covariance = np.einsum("ina,jnb,n->ijab", features, features, mass, optimize=True)
    trace = np.einsum("ijaa->ij", covariance) / n_features
    intensity = max(shrinkage, LEAST_SHRINKAGE)
    identity = trace[:, :, np.newaxis, np.newaxis] * np.eye(n_features)
    shrunk = (1.0 - intensity) * covariance + intensity * identity
    return EnsembleMoments(shrunk, class_means, shares)


def mean_shrinkage(features: Array, mass: Array, n_samples: float) -> float:
    """Ledoit and Wolf's shrinkage intensity, on average over the models.

    Parameters
    ----------
    features : ndarray of shape (n_models, n_samples, n_features)
        Features of zero mean.
    mass : ndarray of shape (n_samples,)
        Masses of the rows; they sum to 1.
    n_samples : float
        Number of rows that they stand for.

    Returns
    -------
    intensity : float
        Between 0 and 1.
    """
    intensities = []
    for block in features:
        covariance = (block.T * mass) @ block
        fourth = mass @ np.square(np.square(block).sum(axis=1))
        target, squares = np.trace(covariance) / len(covariance), np.square(covariance).sum()
        intensities.append(
            ledoit_wolf_intensity(float(fourth), target, squares, n_samples, len(covariance))
        )
    return float(np.mean(intensities))


def mixture_score(weights: Array, moments: EnsembleMoments) -> float:
    r"""H-score of a mixture of features.

    Parameters
    ----------
    weights : ndarray of shape (n_models,)
        Weights, whose scale does not matter.
    moments : EnsembleMoments
        Of the features.

    Returns
    -------
    score : float
        :math:`\mathrm{tr}(\mathrm{cov}(f_\alpha)^{-1} \mathrm{cov}(E[f_\alpha | Y]))`.
    """
    means, loadings = _loadings(weights, moments)
    return float(np.einsum("c,ca,ca->", moments.shares, means, loadings))


def best_mixture(moments: EnsembleMoments, *, max_iter: int = _MAX_STEPS) -> Mixture:
    r"""Weights on the simplex with the greatest H-score.

    Parameters
    ----------
    moments : EnsembleMoments
        Of the features.
    max_iter : int, default=200
        Bound on the steps from each start.

    Returns
    -------
    mixture : Mixture
        A stationary point, the best of those found from equal weights and from each model alone.

    Notes
    -----
    Half the H-score is the greatest value over g of

    .. math:: E[f_\alpha(X)^T g(Y)] - \tfrac12 \mathrm{tr}(\mathrm{cov}(f_\alpha) \mathrm{cov}(g)),

    reached by :math:`g(y) = \mathrm{cov}(f_\alpha)^{-1} E[f_\alpha | y]`. For a given g it is
    quadratic and concave in alpha, and its greatest value over :math:`\alpha \ge 0` a non-negative
    least-squares problem. The two steps alternate, and neither lowers the value; after every 20
    sequential quadratic programming goes on from there. The scale of alpha does not matter and is
    set in the end.
    """
    n_models = len(moments.class_means)
    starts = [np.full(n_models, 1.0 / n_models)]
    # From a model alone the others start at a little weight, without which they might never enter.
    starts += [0.98 * one + 0.02 / n_models for one in np.eye(n_models)] if n_models > 1 else []
    best: Mixture | None = None
    for start in starts:
        found = _climb(start, moments, max_iter)
        # Equal optima must not be told apart by rounding: the first one stays.
        if best is None or found.score > best.score * (1.0 + 1e-7) + 1e-12:
            best = found
    assert best is not None
    return best


def _climb(weights: Array, moments: EnsembleMoments, max_iter: int) -> Mixture:
    """Alternate, and where that creeps along a flat ridge, take the steps of a general solver."""
    for step in range(1, max_iter + 1):
        raised, slope = _raised(weights, moments)
        # No model of the mixture pulls either way, and none outside of it pulls in.
        pull = np.where(weights > 0, np.abs(slope), np.maximum(slope, 0.0)).max()
        score = mixture_score(weights, moments)
        if pull <= _TOLERANCE * score or np.abs(raised - weights).max() <= _TOLERANCE:
            return Mixture(weights, score, step, True)
        weights = raised
        if step % _STEPS_BEFORE_SOLVER == 0:
            with warnings.catch_warnings():  # some versions tell of each step they clip to a bound
                warnings.simplefilter("ignore", RuntimeWarning)
                found = minimize(
                    lambda at: -mixture_score(at, moments),
                    weights,
                    jac=lambda at: -_raised(at, moments)[1],
                    bounds=[(0.0, 1.0)] * len(weights),
                    constraints={"type": "eq", "fun": lambda at: at.sum() - 1.0},
                    method="SLSQP",
                    options={"ftol": 1e-16, "maxiter": 100},
                )
            at = np.maximum(found.x, 0.0)
            at[at < _TOLERANCE] = 0.0
            if at.any() and mixture_score(at, moments) >= mixture_score(weights, moments):
                weights = at / at.sum()
    return Mixture(weights, mixture_score(weights, moments), max_iter, False)


def _raised(weights: Array, moments: EnsembleMoments) -> tuple[Array, Array]:
    """Weights that are best for the functions of the label that are best for these weights.

    Also the derivative of the score: that of the value for these functions.
    """
    covariance, class_means, shares = moments
    _, loadings = _loadings(weights, moments)
    linear = np.einsum("c,ica,ca->i", shares, class_means, loadings)
    if not linear.any():  # no model tells anything of the label
        return weights, np.zeros_like(weights)
    spread = np.einsum("c,ca,cb->ab", shares, loadings, loadings)
    quadratic = np.einsum("ijab,ba->ij", covariance, spread)
    quadratic = (quadratic + quadratic.T) / 2.0
    slope = 2.0 * (linear - quadratic @ weights)
    quadratic[np.diag_indices_from(quadratic)] += _TIE_BREAK * np.trace(quadratic)
    factor = np.linalg.cholesky(quadratic)
    raised, _ = nnls(factor.T, np.linalg.solve(factor, linear))
    return raised / raised.sum(), slope


def _loadings(weights: Array, moments: EnsembleMoments) -> tuple[Array, Array]:
    """Class means of the mixture, and these through the inverse of its covariance."""
    covariance = np.einsum("i,j,ijab->ab", weights, weights, moments.covariance, optimize=True)
    means = np.tensordot(weights, moments.class_means, axes=1)
    if not np.trace(covariance) > 0:
        return means, np.zeros_like(means)
    return means, cho_solve(cho_factor(covariance), means.T).T


def mixture_loadings(weights: Array, moments: EnsembleMoments) -> Array:
    """Functions of the label that go with a mixture.

    Parameters
    ----------
    weights : ndarray of shape (n_models,)
        On the simplex.
    moments : EnsembleMoments
        Of the features.

    Returns
    -------
    loadings : ndarray of shape (n_classes, n_features)
        ``cov(f)^{-1} E[f|y]``; a row's association with label y is the product with its features.
    """
    return _loadings(weights, moments)[1]
