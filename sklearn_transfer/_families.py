# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Families of estimators and the rows of a domain: the one place that knows families."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._weighted_fit import final_step, take_rows

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Family:
    """Likelihood of an inner estimator.

    Parameters
    ----------
    name : str
        As in `sklearn_transfer.discrepancy.predictor_discrepancy`.
    linear : bool
        Whether the model is linear in its predictor, so that the parametric geometry is exact.
    power : float, default=1.5
        Variance power of tweedie.
    """

    name: str
    linear: bool
    power: float = 1.5

    @property
    def logarithmic(self) -> bool:
        """Whether the predictor is the logarithm of the mean."""
        return self.name in ("poisson", "gamma", "tweedie")


@dataclass(frozen=True)
class TargetSample:
    """The target's rows, with what their models need to know.

    Parameters
    ----------
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        The rows.
    y : ndarray of shape (n_samples,)
        Their labels or values.
    sample_weight : ndarray of shape (n_samples,) or None
        Their weights.
    classes : ndarray of shape (n_classes,) or None
        All labels; None for values.
    groups : ndarray of int of shape (n_samples,) or None, default=None
        Rows of one group are held out together.
    """

    X: Any
    y: NDArray[Any]
    sample_weight: Array | None
    classes: NDArray[Any] | None
    groups: NDArray[np.intp] | None = None

    def take(self, rows: NDArray[np.intp]) -> TargetSample:
        """Some of the rows."""
        return TargetSample(
            take_rows(self.X, rows),
            self.y[rows],
            None if self.sample_weight is None else self.sample_weight[rows],
            self.classes,
            None if self.groups is None else self.groups[rows],
        )

    @property
    def size(self) -> float:
        """N_0, a row of weight 2 counting twice."""
        return float(len(self.y) if self.sample_weight is None else self.sample_weight.sum())

    def mean(self, values: Array) -> float:
        """Weighted mean over the rows."""
        return float(np.average(values, weights=self.sample_weight))


def model_family(estimator: Any, n_classes: int | None) -> Family:
    """Family of an inner estimator, fitted or not.

    Parameters
    ----------
    estimator : estimator
        Of any kind.
    n_classes : int or None
        Number of classes; None for regressors.

    Returns
    -------
    family : Family
        Gaussian noise where a regressor says nothing else.
    """
    from sklearn import linear_model as lm

    step = final_step(estimator)
    if n_classes is not None:
        name = "bernoulli" if n_classes <= 2 else "multinomial"
        logistic = isinstance(step, lm.LogisticRegression | lm.LogisticRegressionCV)
        one_vs_rest = n_classes > 2 and getattr(step, "solver", None) == "liblinear"
        sgd = isinstance(step, lm.SGDClassifier) and step.loss == "log_loss" and n_classes <= 2
        return Family(name, linear=(logistic and not one_vs_rest) or sgd)
    if isinstance(step, lm.PoissonRegressor):
        return Family("poisson", linear=True)
    if isinstance(step, lm.GammaRegressor):
        return Family("gamma", linear=True)
    if isinstance(step, lm.TweedieRegressor):
        if step.link == "identity" or (step.link == "auto" and step.power <= 0):
            return Family("gaussian", linear=step.power == 0)
        return Family("tweedie", linear=True, power=float(step.power))
    least_squares = (
        lm.LinearRegression | lm.Ridge | lm.RidgeCV | lm.Lasso | lm.LassoCV | lm.ElasticNet
        | lm.ElasticNetCV | lm.Lars | lm.LassoLars | lm.BayesianRidge | lm.ARDRegression
    )  # fmt: skip
    if isinstance(step, least_squares):
        return Family("gaussian", linear=True)
    if isinstance(step, lm.SGDRegressor) and step.loss == "squared_error":
        return Family("gaussian", linear=True)
    return _boosted_family(step)


def _boosted_family(step: Any) -> Family:
    """Likelihood that a boosted regressor names in its loss."""
    params = step.get_params() if hasattr(step, "get_params") else {}
    loss = str(params.get("objective") or params.get("loss") or "")
    for name in ("poisson", "gamma", "tweedie"):
        if loss.endswith(name):
            power = params.get("tweedie_variance_power") or 1.5
            return Family(name, linear=False, power=float(power))
    return Family("gaussian", linear=False)
