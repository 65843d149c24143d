# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The target's coefficients given the population and the target's rows, and what they predict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from sklearn_transfer._math.likelihood import Likelihood, penalised_mode
from sklearn_transfer._math.random_coefficients import Population

Array = NDArray[Any]

# Candidates below this cost a pass each and change nothing.
LEAST_WEIGHT = 1e-6
# Of mean and covariance; the third changes the mean by less than a hundredth of its error.
_TURNS = 2


@dataclass(frozen=True)
class Candidate:
    """Posterior of the target's coefficients under one prior.

    Parameters
    ----------
    spread_factor : float
        Factor on the estimated spread of the slopes: small pools, large leaves the target alone.
    level_factor : float
        Factor on the estimated spread of the levels.
    dispersion : float
        Noise variance of the target.
    mode : ndarray of shape (n_coefficients,)
        Of the posterior; of two classes its mean.
    covariance : ndarray of shape (n_coefficients, n_coefficients) or None
        Of the posterior; None for normal noise, where means need none.
    log_evidence : float
        Of the target's rows.
    log_prior : float, default=0.0
        Of the noise variance.
    own_units : bool, default=False
        Whether the sources told of it in their own units.
    """

    spread_factor: float
    level_factor: float
    dispersion: float
    mode: Array
    covariance: Array | None
    log_evidence: float
    log_prior: float = 0.0
    own_units: bool = False

    @property
    def name(self) -> str:
        """For people."""
        return (
            f"slopes x {self.spread_factor:g}, levels x {self.level_factor:g}, "
            f"noise {self.dispersion:.3g}{', own units' if self.own_units else ''}"
        )


def posterior(
    likelihood: Likelihood,
    population: Population,
    levels: NDArray[np.bool_],
    *,
    spread_factor: float,
    level_factor: float,
) -> Candidate:
    """Normal approximation of the target's posterior.

    Parameters
    ----------
    likelihood : Likelihood
        Of the target's rows.
    population : Population
        With the spread of the slopes already scaled.
    levels : ndarray of bool of shape (n_coefficients,)
        Which coefficients are intercepts.
    spread_factor : float
        By which the slopes' spread was scaled; kept for the record.
    level_factor : float
        Factor on the levels' spread.

    Returns
    -------
    candidate : Candidate
        Mean, covariance and evidence.

    Notes
    -----
    The evidence, and the normal variable to begin with, are Laplace's: around the mode. Of two
    classes one of which is rare the posterior is skewed, and probabilities averaged around its mode
    are too near to even odds. So the mean is moved to where the *expected* log-likelihood has its
    penalised maximum [1]_: there the probabilities that are averaged for a prediction fit the rows.

    References
    ----------
    .. [1] M. Opper, C. Archambeau, "The Variational Gaussian Approximation Revisited", Neural
       Computation 21(3), 2009.
    """
    spread = population.spread * np.where(levels, level_factor, 1.0)
    prior_precision = np.linalg.inv(np.diag(spread) + population.mean_covariance)
    mode, information = penalised_mode(likelihood, population.mean, prior_precision)
    precision = information + prior_precision
    away = mode - population.mean
    log_evidence = (
        likelihood.value(mode)
        - 0.5 * away @ prior_precision @ away
        + 0.5 * (np.linalg.slogdet(prior_precision)[1] - np.linalg.slogdet(precision)[1])
    )
    covariance = np.linalg.inv(precision)
    if likelihood.family == "bernoulli":
        for _ in range(_TURNS):
            variance = np.einsum("ij,ij->i", likelihood.design @ covariance, likelihood.design)
            expected = replace(likelihood, variance=variance)
            mode, information = penalised_mode(
                expected, population.mean, prior_precision, start=mode
            )
            covariance = np.linalg.inv(information + prior_precision)
    return Candidate(
        spread_factor,
        level_factor,
        likelihood.dispersion,
        mode,
        covariance,
        float(log_evidence),
    )


def posteriors_over_noise(
    likelihood: Likelihood,
    population: Population,
    levels: NDArray[np.bool_],
    *,
    spread_factor: float,
    level_factor: float,
    factors: Sequence[float] | Array,
    log_sd: float = 0.35,
) -> list[Candidate]:
    """The same for several noise variances of the target, with a log-normal prior on the factor.

    Parameters
    ----------
    likelihood : Likelihood
        Of the target's rows, with the sources' noise.
    population : Population
        With the spread of the slopes already scaled.
    levels : ndarray of bool of shape (n_coefficients,)
        Which coefficients are intercepts.
    spread_factor, level_factor : float
        As in `posterior`.
    factors : sequence of float or ndarray
        Factors on the noise.
    log_sd : float, default=0.35
        Standard deviation of the prior on the factor's logarithm.

    Returns
    -------
    candidates : list of Candidate
        One per factor.

    Notes
    -----
    One decomposition serves all factors. With the prior covariance C of the coefficients and the
    residuals r from the prior mean, ``r ~ N(0, Z C Z' + sigma^2 I)``.
    """
    spread = population.spread * np.where(levels, level_factor, 1.0)
    prior = np.diag(spread) + population.mean_covariance
    root_weight = np.sqrt(likelihood.sample_weight)
    design = root_weight[:, np.newaxis] * likelihood.design
    residual = root_weight * (likelihood.y - likelihood.predictor(population.mean))
    if len(design) <= len(spread):
        # In the space of the rows: their covariance under the prior, K = Z C Z'.
        carried = prior @ design.T
        eigenvalues, vectors = np.linalg.eigh(design @ carried)
        moved = carried @ vectors
        projected = vectors.T @ residual
        outside = 0.0
    else:
        # In the space of the coefficients, whitened by the prior.
        root = np.linalg.cholesky(prior)
        whitened = design @ root
        eigenvalues, vectors = np.linalg.eigh(whitened.T @ whitened)
        moved = root @ vectors
        projected = vectors.T @ (whitened.T @ residual)
        outside = float(residual @ residual)
    eigenvalues = np.maximum(eigenvalues, 0.0)
    total = float(likelihood.sample_weight.sum())
    candidates = []
    for factor in factors:
        variance = likelihood.dispersion * float(factor)
        shrunk = projected / (eigenvalues + variance)
        if len(design) <= len(spread):
            squares = projected @ shrunk
        else:
            squares = (outside - projected @ shrunk) / variance
        log_evidence = -0.5 * (
            squares + np.log1p(eigenvalues / variance).sum() + total * np.log(variance)
        )
        candidates.append(
            Candidate(
                spread_factor,
                level_factor,
                variance,
                population.mean + moved @ shrunk,
                None,
                float(log_evidence),
                -0.5 * (np.log(factor) / log_sd) ** 2,
            )
        )
    return candidates


def predictive_mean(
    candidates: Sequence[Candidate],
    weights: Array,
    design: Array,
    offset: Array,
    family: str,
    n_outputs: int,
) -> Array:
    """Mean of the response over the candidates and their posteriors.

    Parameters
    ----------
    candidates : sequence of Candidate
        The mixture.
    weights : ndarray of shape (n_candidates,)
        Summing to 1.
    design : ndarray of shape (n_samples, n_columns)
        Rows to predict.
    offset : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Fixed part of the linear predictor.
    family : str
        As in `Likelihood`.
    n_outputs : int
        Number of classes of "multinomial", else 1.

    Returns
    -------
    mean : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Probability of class 1, of every class, or the mean value.

    Notes
    -----
    The logistic function of a normal variable with mean m and variance v has about the mean
    ``expit(m / sqrt(1 + pi v / 8))``: uncertain rows are drawn towards even odds. It is off by
    0.015 at most. Several classes are compared pair by pair.
    """
    total = np.zeros(len(design) if n_outputs == 1 else (len(design), n_outputs))
    counted = np.flatnonzero(weights > LEAST_WEIGHT)
    share = weights[counted] / weights[counted].sum()
    for weight, candidate in zip(share, [candidates[int(i)] for i in counted], strict=True):
        if n_outputs > 1:
            total += weight * _softmax_mean(candidate, design, offset, n_outputs)
            continue
        eta = design @ candidate.mode + offset
        if family == "bernoulli" and candidate.covariance is not None:
            variance = np.einsum("ij,ij->i", design @ candidate.covariance, design)
            total += weight * expit(eta / np.sqrt(1.0 + np.pi * variance / 8.0))
        else:
            total += weight * (eta if family == "gaussian" else np.exp(eta))
    return total


def _softmax_mean(candidate: Candidate, design: Array, offset: Array, n_outputs: int) -> Array:
    """Every pair of classes as a logistic model, the shares of all scaled to sum to 1."""
    assert candidate.covariance is not None
    n_columns = design.shape[1]
    eta = design @ candidate.mode.reshape(n_outputs, n_columns).T + offset
    blocks = candidate.covariance.reshape(n_outputs, n_columns, n_outputs, n_columns)
    # Logarithm of 1 + sum over b of the odds of b against a; overflow is kept out by logarithms.
    log_total = np.zeros_like(eta)
    for a, b in combinations(range(n_outputs), 2):
        # What both classes share moves no odds, so only their difference is uncertain.
        between = blocks[a, :, a] + blocks[b, :, b] - blocks[a, :, b] - blocks[b, :, a]
        variance = np.maximum(np.einsum("ij,ij->i", design @ between, design), 0.0)
        log_odds = (eta[:, a] - eta[:, b]) / np.sqrt(1.0 + np.pi * variance / 8.0)
        log_total[:, a] = np.logaddexp(log_total[:, a], -log_odds)
        log_total[:, b] = np.logaddexp(log_total[:, b], log_odds)
    return softmax(-log_total, axis=1)
