# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of all domains in the coordinates of their random coefficients, and what sources say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._domains import Domains
from sklearn_transfer._families import Family, TargetSample
from sklearn_transfer._math.likelihood import Likelihood, penalised_mode
from sklearn_transfer._weighted_fit import final_step
from sklearn_transfer.hierarchical._design import Design
from sklearn_transfer.hierarchical._mixture import standardised

Array = NDArray[Any]

# Variances below this are those of rounding; y is in units of its standard deviation.
_LEAST_VARIANCE = 1e-8
# Even where all sources agree, the target's noise may differ a little.
_LEAST_LOG_SD = 0.35
_PENALISED_IN_SUM = ("LogisticRegression", "LinearRegression", "Ridge")
_PENALISED_PER_ROW = ("PoissonRegressor", "GammaRegressor", "TweedieRegressor")


@dataclass(frozen=True)
class Rows:
    """All rows in the coordinates of the random coefficients."""

    design: Array
    y: NDArray[Any]
    offset: Array
    sample_weight: Array
    family: Family
    n_outputs: int
    dispersion: float = 1.0

    def likelihood(self, rows: NDArray[np.intp], dispersion: float) -> Likelihood:
        return Likelihood(
            self.design[rows],
            self.y[rows],
            self.family.name,
            self.offset[rows],
            self.sample_weight[rows],
            self.n_outputs,
            dispersion,
            self.family.power,
        )


def location_and_scale(
    sample: TargetSample, predictor: Array | None, family: Family
) -> tuple[float, float]:
    """Unit in which coefficients are measured: that of y, or the base predictor's spread."""
    if predictor is None and family.logarithmic:
        # Coefficients begin where y is: from elsewhere an exponential may overflow.
        return float(np.log(max(sample.mean(sample.y), np.finfo(float).tiny))), 1.0
    values = sample.y if family.name == "gaussian" else predictor
    if values is None:
        return 0.0, 1.0
    location = sample.mean(values) if values.ndim == 1 else 0.0
    squares = (values - location) ** 2
    variance = sample.mean(squares if values.ndim == 1 else squares.mean(axis=1))
    return location, float(np.sqrt(variance)) or 1.0


def coordinates(
    sample: TargetSample,
    design: Design,
    predictor: Array | None,
    family: Family,
    location: float,
    scale: float,
) -> Rows:
    n_samples = len(sample.y)
    n_outputs = 1
    y: NDArray[Any] = sample.y
    if sample.classes is not None:
        y = np.searchsorted(sample.classes, sample.y)
        n_outputs = len(sample.classes) if family.name == "multinomial" else 1
    elif family.name == "gaussian":
        y = (sample.y - location) / scale
    if predictor is None:
        start = 0.0 if family.name == "gaussian" else location
        offset = np.full(n_samples if n_outputs == 1 else (n_samples, n_outputs), start)
        columns = design.transform(sample.X)
    else:
        offset, predicted = standardised(predictor, family.name, location, scale)
        columns = design.transform(sample.X, predicted)
    weight = np.ones(n_samples) if sample.sample_weight is None else sample.sample_weight
    return Rows(columns, y, offset, weight, family, n_outputs)


def which_are_levels(rows: Rows) -> NDArray[np.bool_]:
    levels = np.zeros((rows.n_outputs, rows.design.shape[1]), dtype=bool)
    levels[:, 0] = True
    return levels.ravel()


def penalty_of(estimator: Any, rows: Rows) -> Array:
    """The user's penalty on slopes, as a precision of the population's mean."""
    strength = 1.0
    if rows.family.linear:
        params = estimator.get_params()
        alpha = float(np.mean(params.get("alpha", 0.0)))
        # Generalised linear models penalise the mean deviance, the others its sum.
        mean_deviance = type(estimator).__name__ in _PENALISED_PER_ROW
        strength = alpha * (rows.sample_weight.sum() if mean_deviance else 1.0)
        if params.get("C") and getattr(estimator, "penalty", "l2") is not None:
            strength = 1.0 / params["C"]
    penalty = np.full(rows.n_outputs * rows.design.shape[1], max(strength, 1e-3))
    penalty[which_are_levels(rows)] = 1e-6
    return penalty


def lends_its_likelihood(estimator: Any) -> bool:
    """Whether a linear model is its likelihood, a quadratic penalty and a free intercept.

    Parameters
    ----------
    estimator : estimator
        The inner estimator, bare or a Pipeline.

    Returns
    -------
    lends : bool
        False, too, where a parameter asks for more: then the estimator itself is fitted.
    """
    step = final_step(estimator)
    if type(step).__name__ not in (*_PENALISED_PER_ROW, *_PENALISED_IN_SUM):
        return False
    params = step.get_params()
    plain_penalty = params.get("penalty") not in ("l1", "elasticnet") and not params.get("l1_ratio")
    return (
        plain_penalty
        and bool(params["fit_intercept"])
        and params.get("class_weight") is None
        and not params.get("positive")
    )


@dataclass(frozen=True)
class Noise:
    """Noise variances of the domains, as draws from a population of their own.

    Parameters
    ----------
    typical : float
        Geometric mean over the sources: what is expected of the target.
    log_sd : float
        Standard deviation of the logarithm of a domain's variance around that.
    squares, freedom : ndarray of shape (n_sources,) or None, default=None
        Sums of squared residuals and their degrees of freedom; 0 where rows are too few to tell.
    log_likelihood : float, default=0.0
        Of the sources' variances, up to a constant.
    """

    typical: float
    log_sd: float
    squares: Array | None = None
    freedom: Array | None = None
    log_likelihood: float = 0.0


def summaries(rows: Rows, domains: Domains, penalty: Array) -> tuple[Array, Array, Noise]:
    """Second-order likelihood of every source in units of its noise, and what noise is usual."""
    p = len(penalty)
    information = np.empty((domains.n_sources, p, p))
    score = np.empty((domains.n_sources, p))
    squares, freedom = np.zeros(domains.n_sources), np.zeros(domains.n_sources)
    spread_of_y = []
    precision = np.diag(np.maximum(penalty, 1e-2))
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
        typical = max(0.7 * float(np.mean(spread_of_y)), _LEAST_VARIANCE)
        return information / typical, score / typical, Noise(typical, _LEAST_LOG_SD)
    dispersion, noise = noise_of_domains(squares, freedom)
    return (
        information / dispersion[:, np.newaxis, np.newaxis],
        score / dispersion[:, np.newaxis],
        replace(noise, squares=squares, freedom=freedom),
    )


def noise_of_domains(squares: Array, freedom: Array) -> tuple[Array, Noise]:
    """Noise variance of each source, shrunk to their population; by moments of the logarithms.

    Parameters
    ----------
    squares : ndarray of shape (n_sources,)
        Sums of squared residuals.
    freedom : ndarray of shape (n_sources,)
        Their degrees of freedom; 0 where a source has too few rows to tell.

    Returns
    -------
    variance : ndarray of shape (n_sources,)
        Of each source.
    noise : Noise
        Of the population.

    Notes
    -----
    The logarithm of a variance with f degrees of freedom has about the mean ``log sigma^2 - 1 / f``
    and the variance ``2 / f``.
    """
    told = freedom > 0
    logs = np.log(np.maximum(squares[told] / freedom[told], _LEAST_VARIANCE)) + 1.0 / freedom[told]
    error = 2.0 / freedom[told]
    between = 0.0
    for _ in range(20):
        weight = 1.0 / (between + error)
        mean = weight @ logs / weight.sum()
        if len(logs) > 1:
            excess = (logs - mean) ** 2 * len(logs) / (len(logs) - 1) - error
            between = max(float(weight**2 @ excess / (weight**2).sum()), 0.0)
    shrunk = np.full(len(squares), mean)
    shrunk[told] = mean + between / (between + error) * (logs - mean)
    variance = between + error
    # Restricted: the mean is estimated.
    log_likelihood = -0.5 * (
        np.log(variance).sum()
        + ((logs - mean) ** 2 / variance).sum()
        + np.log((1.0 / variance).sum())
    )
    return np.exp(shrunk), Noise(
        float(np.exp(mean)),
        float(np.hypot(np.sqrt(between), _LEAST_LOG_SD)),
        log_likelihood=float(log_likelihood),
    )


def _pearson(likelihood: Likelihood, mode: Array) -> tuple[float, float]:
    eta = likelihood.predictor(mode)
    total = float(likelihood.sample_weight.sum())
    if likelihood.family == "gaussian":
        squares = (likelihood.y - eta) ** 2
    else:
        mean = np.exp(eta)
        squares = (likelihood.y - mean) ** 2 / mean ** likelihood._variance_power()
    return float(likelihood.sample_weight @ squares), total
