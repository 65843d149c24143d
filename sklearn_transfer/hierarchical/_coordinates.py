# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of all domains in the coordinates of their random coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._families import Family, TargetSample
from sklearn_transfer._math.likelihood import Likelihood
from sklearn_transfer._weighted_fit import final_step
from sklearn_transfer.hierarchical._design import Design
from sklearn_transfer.hierarchical._mixture import standardised

Array = NDArray[Any]

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


def which_are_predicted(rows: Rows) -> NDArray[np.bool_]:
    """Which coefficients are slopes of what a base model predicted."""
    predicted = np.zeros((rows.n_outputs, rows.design.shape[1]), dtype=bool)
    predicted[:, 1 : 1 + rows.n_outputs] = True
    return predicted.ravel()


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
