# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""Coefficients of domains as draws from a population, estimated by empirical Bayes.

Every domain i has its own coefficients

.. math:: \theta_i \sim N(\mu, D), \qquad D = \operatorname{diag}(\tau_1^2, \dots, \tau_p^2),

and the target is one more draw. What a source says of its coefficients is its likelihood, kept to
second order: ``l_i(theta) = b_i' theta - theta' H_i theta / 2`` with the information H_i. The
spread D is estimated from the sources by expectation-maximisation of the restricted likelihood
[1]_; the target's coefficients then have the prior ``N(mu, D + cov(mu))`` [2]_. A spread of 0 pools
all domains, an infinite one leaves the target alone with its rows.

References
----------
.. [1] N. M. Laird, J. H. Ware, "Random-effects models for longitudinal data", Biometrics 38, 1982.
.. [2] B. Efron, C. Morris, "Data analysis using Stein's estimator and its generalizations", Journal
       of the American Statistical Association 70, 1975.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize_scalar

Array = NDArray[np.float64]

# Smaller variances are zero for standardised columns; precisions stay finite.
_LEAST_SPREAD = 1e-6
# Beyond, sources have nothing in common, and numbers end.
_MOST_SPREAD = 1e4
# Expectation-maximisation takes hundreds of steps towards small variances: it begins at the best of
# these, one for all slopes.
_FIRST_LEVELS = 0.5
_FIRST_SLOPES = (0.05, 1e-3, 1e-2, 0.3, 1.0)


@dataclass(frozen=True)
class Population:
    """Distribution of the coefficients of domains.

    Parameters
    ----------
    mean : ndarray of shape (n_coefficients,)
        mu.
    mean_covariance : ndarray of shape (n_coefficients, n_coefficients)
        Uncertainty of mu.
    spread : ndarray of shape (n_coefficients,)
        Variances tau^2 between domains.
    log_likelihood : float
        Restricted log-likelihood of the spread, up to a constant.
    source_precision : ndarray of shape (n_sources, n_coefficients, n_coefficients)
        What each source tells of mu.
    """

    mean: Array
    mean_covariance: Array
    spread: Array
    log_likelihood: float
    source_precision: Array


def population_given_spread(
    information: Array, score: Array, spread: Array, penalty: Array
) -> Population:
    """Mean of the population by generalised least squares, and the evidence for its spread.

    Parameters
    ----------
    information : ndarray of shape (n_sources, n_coefficients, n_coefficients)
        H_i.
    score : ndarray of shape (n_sources, n_coefficients)
        b_i.
    spread : ndarray of shape (n_coefficients,)
        tau^2, positive.
    penalty : ndarray of shape (n_coefficients,)
        Precision of a prior on mu around 0, positive where the sources do not determine mu.

    Returns
    -------
    population : Population
        With mu, its covariance and the restricted likelihood.

    Notes
    -----
    Source i tells of mu with precision ``D^-1 - D^-1 (H_i + D^-1)^-1 D^-1``, which is
    ``(D + H_i^-1)^-1`` where H_i is regular and stays valid where it is not.
    """
    return _population(information, score, spread, penalty)[0]


def _population(
    information: Array, score: Array, spread: Array, penalty: Array
) -> tuple[Population, Array]:
    """The population, and the covariances of the sources' coefficients given its mean."""
    precision = 1.0 / spread
    inverse, log_det = _inverses(information + np.diag(precision))
    source_precision = np.diag(precision) - precision[:, np.newaxis] * inverse * precision
    of_mean = source_precision.sum(axis=0) + np.diag(penalty)
    covariance, log_det_mean = _inverses(of_mean[np.newaxis])
    mean = covariance[0] @ (precision * np.einsum("kij,kj->i", inverse, score))
    shifted = score + precision * mean
    log_likelihood = 0.5 * (
        np.einsum("ki,kij,kj->", shifted, inverse, shifted, optimize=True)
        - len(score) * mean @ (precision * mean)
        - mean @ (penalty * mean)
        - log_det.sum()
        - len(score) * np.log(spread).sum()
        - log_det_mean[0]
    )
    population = Population(mean, covariance[0], spread, float(log_likelihood), source_precision)
    return population, inverse


def estimate_spread(
    information: Array,
    score: Array,
    penalty: Array,
    *,
    levels: NDArray[np.bool_],
    shrinkage: float = 4.0,
    max_iter: int = 40,
    tol: float = 0.02,
) -> Array:
    """Spread of the coefficients between sources, by expectation-maximisation.

    Parameters
    ----------
    information : ndarray of shape (n_sources, n_coefficients, n_coefficients)
        H_i.
    score : ndarray of shape (n_sources, n_coefficients)
        b_i.
    penalty : ndarray of shape (n_coefficients,)
        Precision of a prior on mu around 0.
    levels : ndarray of bool of shape (n_coefficients,)
        Which coefficients are intercepts; slopes share strength among themselves only.
    shrinkage : float, default=4.0
        Sources' worth of belief that all slopes spread alike: a few sources tell little of single
        coefficients.
    max_iter : int, default=40
        Most iterations.
    tol : float, default=0.02
        Relative change of the variances at which the iteration ends.

    Returns
    -------
    spread : ndarray of shape (n_coefficients,)
        tau^2.
    """
    n_sources, n_coefficients = score.shape
    starts = [np.where(levels, _FIRST_LEVELS, common) for common in _FIRST_SLOPES]
    likelihoods = [
        _population(information, score, start, penalty)[0].log_likelihood for start in starts
    ]
    # What cannot be told apart stays at the first.
    spread = starts[int(np.argmax(np.round(likelihoods, 1)))]
    for _ in range(max_iter):
        population, inverse = _population(information, score, spread, penalty)
        precision = 1.0 / spread
        mode = np.einsum("kij,kj->ki", inverse, score + precision * population.mean)
        # Posterior variance of theta_i - mu: its own, and what the uncertainty of mu adds.
        carried = inverse * precision - np.eye(n_coefficients)
        added = np.einsum("kij,kij->i", carried @ population.mean_covariance, carried)
        squares = ((mode - population.mean) ** 2).sum(axis=0) + np.einsum("kii->i", inverse) + added
        updated = (squares + 0.25) / (n_sources + 1)
        if not levels.all():
            common = squares[~levels].mean() / n_sources
            slopes = (squares + shrinkage * common) / (n_sources + shrinkage)
            updated = np.where(levels, updated, slopes)
        updated = np.clip(updated, _LEAST_SPREAD, _MOST_SPREAD)
        settled = np.abs(np.log(updated / spread)).max() < tol
        spread = updated
        if settled:
            break
    return spread


def estimate_spread_around_base(
    information: Array,
    score: Array,
    penalty: Array,
    *,
    levels: NDArray[np.bool_],
    kept: NDArray[np.bool_] | None = None,
    shrinkage: float = 4.0,
    max_rounds: int = 3,
    tol: float = 0.1,
) -> tuple[Array, Array]:
    """Spread of the coefficients, and how far their mean may lie from 0.

    Coefficients that correct a base model have a mean of about 0. Its slopes get the prior
    ``N(0, omega^2)``, one variance for all, of which the likelihood is largest, in turn with the
    spread.

    Parameters
    ----------
    information : ndarray of shape (n_sources, n_coefficients, n_coefficients)
        H_i.
    score : ndarray of shape (n_sources, n_coefficients)
        b_i.
    penalty : ndarray of shape (n_coefficients,)
        Precision of the prior on mu to begin with; that of the levels stays.
    levels : ndarray of bool of shape (n_coefficients,)
        Which coefficients are intercepts.
    kept : ndarray of bool of shape (n_coefficients,) or None, default=None
        Which coefficients keep their penalty beside the levels.
    shrinkage : float, default=4.0
        As in `estimate_spread`.
    max_rounds : int, default=3
        Turns of spread and mean.
    tol : float, default=0.1
        Relative change of omega^2 at which the turns end.

    Returns
    -------
    spread : ndarray of shape (n_coefficients,)
        tau^2.
    penalty : ndarray of shape (n_coefficients,)
        ``1 / omega^2`` for the slopes that do not keep theirs.
    """
    penalty = penalty.copy()
    kept = levels if kept is None else kept | levels
    for _ in range(max_rounds):
        spread = estimate_spread(information, score, penalty, levels=levels, shrinkage=shrinkage)
        if kept.all():
            break
        before = penalty
        penalty = _penalty_of_mean(information, score, spread, penalty, kept, tol)
        if np.abs(np.log(penalty / before)).max() < tol:
            break
    return spread, penalty


def _penalty_of_mean(
    information: Array,
    score: Array,
    spread: Array,
    penalty: Array,
    kept: NDArray[np.bool_],
    tol: float,
) -> Array:
    """Precision of the slopes of mu around 0 that makes what the sources say most likely."""

    def with_slopes(log_precision: float) -> Array:
        return np.where(kept, penalty, np.exp(log_precision))

    def negative(log_precision: float) -> float:
        found = population_given_spread(information, score, spread, with_slopes(log_precision))
        return -found.log_likelihood - 0.5 * (~kept).sum() * log_precision

    reach = (-float(np.log(_MOST_SPREAD)), -float(np.log(_LEAST_SPREAD)))
    found = minimize_scalar(negative, bounds=reach, method="bounded", options={"xatol": tol})
    # Parabolas through nearly equal likelihoods magnify their rounding; the digits far beyond the
    # search's tolerance mean nothing.
    return with_slopes(round(float(found.x), 1 - math.floor(math.log10(tol))))


def _inverses(matrices: Array) -> tuple[Array, Array]:
    """Inverses and log-determinants of positive definite matrices."""
    factors = np.linalg.cholesky(matrices)
    log_det = 2.0 * np.log(np.einsum("kii->ki", factors)).sum(axis=1)
    # A third of the work of solving for the identity; only one triangle is filled.
    lower = np.stack([np.tril(dpotri(factor, lower=True)[0]) for factor in factors])
    return lower + np.tril(lower, -1).transpose(0, 2, 1), log_det
