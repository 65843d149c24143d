# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the sources say of the coefficients, each to second order around its mode."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._domains import Domains
from sklearn_transfer._math.likelihood import Likelihood, penalised_mode
from sklearn_transfer._math.random_coefficients import (
    estimate_spread,
    estimate_spread_around_base,
    population_given_spread,
)
from sklearn_transfer.hierarchical._coordinates import (
    Rows,
    which_are_levels,
    which_are_predicted,
)
from sklearn_transfer.hierarchical._noise import (
    LEAST_LOG_SD,
    LEAST_VARIANCE,
    Noise,
    noise_of_domains,
)
from sklearn_transfer.hierarchical._units import Told, units_of_domains

Array = NDArray[Any]

# A user's penalty shrinks what all domains share; it is no evidence that they differ. A precision
# above this one on their mean would have its distance from 0 explained by a spread of the sources.
_MOST_EVIDENT_PENALTY = 1.0
# Of the modes around which likelihoods are expanded first; no part of what they say. Slopes of
# standardised columns are seldom far above 1, unless the columns separate the classes.
_LEAST_PRECISION = 0.01
_LEAST_PRECISION_OF_SLOPES = 1.0


def told_by_sources(
    rows: Rows, domains: Domains, penalty: Array, *, around_base: bool, shrinkage: float
) -> tuple[Told, Array, Array]:
    """What the sources say in one unit, and how far their mean may lie from 0.

    Parameters
    ----------
    rows : Rows
        Of all domains.
    domains : Domains
        Which row belongs where; one source at least.
    penalty : ndarray of shape (n_coefficients,)
        The user's, a precision of the mean, in units of y.
    around_base : bool
        Whether the coefficients correct what a base model predicted: how far is estimated then.
    shrinkage : float
        Sources' worth of belief that all slopes spread alike.

    Returns
    -------
    told : Told
        Second-order likelihoods and the spread between them.
    penalty, evident : ndarray of shape (n_coefficients,)
        On the mean, and of it what counts in the evidence; in units of y.

    Notes
    -----
    A source of few rows whose classes its columns separate has its own mode far away, where its
    rows say next to nothing: a second-order likelihood from there draws the mean of all sources
    after it. So the sources' likelihoods are expanded again around their modes given the population
    (Laplace's approximation), and the spread is estimated again. Later turns change little.
    """
    evident = np.minimum(penalty, _MOST_EVIDENT_PENALTY)
    information, score, noise = _around_own_modes(rows, domains, evident)
    start = penalty
    told, penalty, evident = _with_spread(
        information, score, noise, rows, start, evident, around_base, shrinkage
    )
    if rows.family.name == "gaussian":  # the likelihood is of second order, wherever it is expanded
        return told, penalty, evident
    information, score = _around_shared_modes(rows, domains, told, evident)
    return _with_spread(information, score, noise, rows, start, evident, around_base, shrinkage)


def _with_spread(
    information: Array,
    score: Array,
    noise: Noise,
    rows: Rows,
    penalty: Array,
    evident: Array,
    around_base: bool,
    shrinkage: float,
) -> tuple[Told, Array, Array]:
    levels = which_are_levels(rows)
    if not around_base:
        spread = estimate_spread(
            information, score, evident / noise.typical, levels=levels, shrinkage=shrinkage
        )
        return Told(information, score, noise, spread), penalty, evident
    # The base model has said what all domains share. How good its scale is, many rows tell.
    spread, penalty = estimate_spread_around_base(
        information,
        score,
        penalty,
        kept=levels | which_are_predicted(rows),
        levels=levels,
        shrinkage=shrinkage,
    )
    penalty = penalty * noise.typical
    return Told(information, score, noise, spread), penalty, penalty


def precision_of_modes(rows: Rows, penalty: Array) -> Array:
    """Prior precision that keeps the mode of a domain's own rows finite.

    Parameters
    ----------
    rows : Rows
        Of all domains.
    penalty : ndarray of shape (n_coefficients,)
        On the mean of all domains.

    Returns
    -------
    precision : ndarray of shape (n_coefficients, n_coefficients)
        A diagonal matrix.
    """
    least = np.full(len(penalty), _LEAST_PRECISION)
    if rows.family.name != "gaussian":
        least[~which_are_levels(rows)] = _LEAST_PRECISION_OF_SLOPES
    return np.diag(np.maximum(penalty, least))


def _around_own_modes(rows: Rows, domains: Domains, penalty: Array) -> tuple[Array, Array, Noise]:
    """Second-order likelihood of every source in units of its noise, and what noise is usual."""
    p = len(penalty)
    information = np.empty((domains.n_sources, p, p))
    score = np.empty((domains.n_sources, p))
    squares, freedom = np.zeros(domains.n_sources), np.zeros(domains.n_sources)
    spread_of_y = []
    precision = precision_of_modes(rows, penalty)
    noisy = rows.family.name not in ("bernoulli", "multinomial", "poisson")
    for index in range(domains.n_sources):
        likelihood = rows.likelihood(domains.source_rows(index), 1.0)
        mode, information[index] = penalised_mode(likelihood, np.zeros(p), precision)
        gradient, _ = likelihood.gradient_and_information(mode)
        score[index] = information[index] @ mode + gradient
        if noisy:
            residual, total = _pearson(likelihood, mode)
            if total > 2 * p:
                squares[index], freedom[index] = residual, total - p
            weight = likelihood.sample_weight
            centre = np.average(likelihood.y, weights=weight)
            spread_of_y.append(np.average((likelihood.y - centre) ** 2, weights=weight))
    if not noisy:
        return information, score, Noise(1.0, 0.0)
    if not freedom.any():
        typical = max(0.7 * float(np.mean(spread_of_y)), LEAST_VARIANCE)
        return information / typical, score / typical, Noise(typical, LEAST_LOG_SD)
    dispersion, noise = noise_of_domains(squares, freedom)
    return (
        information / dispersion[:, np.newaxis, np.newaxis],
        score / dispersion[:, np.newaxis],
        replace(noise, squares=squares, freedom=freedom),
    )


def _around_shared_modes(
    rows: Rows, domains: Domains, told: Told, penalty: Array
) -> tuple[Array, Array]:
    """Second-order likelihood of every source around its mode given the population."""
    noise, spread = told.noise, told.spread
    population = population_given_spread(
        told.information, told.score, spread, penalty / noise.typical
    )
    dispersion = np.full(domains.n_sources, noise.typical)
    if noise.squares is not None and noise.freedom is not None:
        dispersion = noise_of_domains(noise.squares, noise.freedom)[0]
    information, score = np.empty_like(told.information), np.empty_like(told.score)
    precision = np.diag(1.0 / spread)
    for index in range(domains.n_sources):
        likelihood = rows.likelihood(domains.source_rows(index), dispersion[index])
        mode, information[index] = penalised_mode(likelihood, population.mean, precision)
        if rows.family.name == "bernoulli":
            information[index] = _beyond_doubt(
                likelihood, mode, information[index], precision, population.mean_covariance
            )
        gradient, _ = likelihood.gradient_and_information(mode)
        score[index] = information[index] @ mode + gradient
    return information, score


def _beyond_doubt(
    likelihood: Likelihood,
    mode: Array,
    information: Array,
    precision: Array,
    mean_covariance: Array,
) -> Array:
    """Information in which rows beyond doubt count as on average over what is uncertain.

    A column that all but gives the classes away puts every row far from even odds. There the
    likelihood is flat, and its second order at the mode allows even odds again, which the rows rule
    out. So a row counts by its information at the mode or by the expected one, whichever is more.
    """
    inverse = np.linalg.inv(information + precision)
    carried = inverse @ precision
    covariance = inverse + carried @ mean_covariance @ carried.T
    design = likelihood.design
    variance = np.einsum("ij,ij->i", design @ covariance, design)
    on_average = replace(likelihood, variance=variance).row_information(mode)
    return likelihood.information_of(np.maximum(likelihood.row_information(mode), on_average))


def _pearson(likelihood: Likelihood, mode: Array) -> tuple[float, float]:
    weight = likelihood.sample_weight
    return float(weight @ likelihood.residuals(mode) ** 2), float(weight.sum())


def told_in_own_units(
    told: Told, rows: Rows, domains: Domains, penalty: Array, shrinkage: float
) -> Told | None:
    """The same with slopes and noise in each domain's own unit.

    Levels stay in one unit: measured from where, they would be in none of their own. What each
    source says is rescaled, not fitted again, so that the likelihoods of both compare.

    Parameters
    ----------
    told : Told
        In one unit.
    rows : Rows
        Of all domains.
    domains : Domains
        Which row belongs where.
    penalty : ndarray of shape (n_coefficients,)
        On the mean, in units of y.
    shrinkage : float
        As in `told_by_sources`.

    Returns
    -------
    told : Told or None
        None where the noise is not known.
    """
    squares, freedom = told.noise.squares, told.noise.freedom
    if squares is None or freedom is None or not freedom.any():
        return None
    levels = which_are_levels(rows)
    unit = units_of_domains(rows, domains)
    noise = noise_of_domains(squares / unit[1:] ** 2, freedom)[1]
    back = np.where(levels, 1.0, unit[1:, np.newaxis])
    information = told.information * back[:, :, np.newaxis] * back[:, np.newaxis, :]
    score = told.score * back
    spread = estimate_spread(
        information, score, penalty / noise.typical, levels=levels, shrinkage=shrinkage
    )
    own = float(unit[0])
    return Told(information, score, noise, spread, np.where(levels, 1.0, own), own, own_units=True)
