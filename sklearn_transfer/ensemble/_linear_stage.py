# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A second stage that corrects the coefficients of a pooled linear model on the target's rows."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit, log_softmax, softmax
from sklearn import linear_model as lm
from sklearn.base import clone
from sklearn.metrics import mean_tweedie_deviance
from sklearn.pipeline import Pipeline
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_transfer._families import model_family
from sklearn_transfer._weighted_fit import FittedModel, final_step, take_rows
from sklearn_transfer.ensemble._offset_logistic import fit_offset_logistic
from sklearn_transfer.ensemble._row_fit import Problem

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

# Penalties in units of the information about a coefficient, the strongest first: the correction
# then keeps from a hundredth to nearly all of what the target's rows alone would say.
_SQUARES = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01)
# In units of the smallest penalty on absolute values that leaves no coefficient.
_ABSOLUTES = (1.0, 0.3, 0.1, 0.03, 0.01)


def has_linear_stage(estimator: Any, n_classes: int | None, X: Any) -> bool:
    """Whether the coefficients of the pooled model can be corrected.

    Parameters
    ----------
    estimator : estimator
        The inner estimator.
    n_classes : int or None
        Number of classes; None for regressors.
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        What the estimator is given.

    Returns
    -------
    has : bool
        True for logistic, least-squares and generalised linear regression, on numeric columns or
        last in a Pipeline.
    """
    last = _last(estimator)
    if last is estimator and not _is_numeric(X):
        return False
    if final_step(last) is not last or not model_family(last, n_classes).linear:
        return False
    return n_classes is None or isinstance(last, lm.LogisticRegression | lm.LogisticRegressionCV)


def add_linear_stage(model: FittedModel, problem: Problem, fold: Rows) -> FittedModel:
    """Add a penalised difference of coefficients where held-out target rows ask for it.

    Parameters
    ----------
    model : FittedModel
        Of the pooled rows.
    problem : Problem
        The rows.
    fold : ndarray of shape (n_target,)
        Folds of the target's rows, by which the penalty is chosen.

    Returns
    -------
    model : FittedModel
        A plain model of the same kind: the pooled one, or one whose coefficients are the sum of
        both stages'.
    """
    stage = _Stage(model, problem)
    chosen = stage.choose(fold)
    if chosen is None:
        return model
    everything = np.arange(len(fold))
    coef, intercept = stage.solve(everything, chosen * stage.unit(everything))
    fitted = deepcopy(model.estimator)
    step = _last(fitted)
    step.coef_ = step.coef_ + np.reshape(coef, np.shape(step.coef_))
    step.intercept_ = step.intercept_ + np.reshape(intercept, np.shape(step.intercept_))
    return FittedModel(fitted, model.classes, model.encoded)


class _Stage:
    """Fits of target rows on top of the pooled model's predictor."""

    def __init__(self, model: FittedModel, problem: Problem):
        rows = problem.domains.target_rows
        X, y, weight = take_rows(problem.X, rows), problem.y[rows], problem.weight(rows)
        if isinstance(model.estimator, Pipeline) and len(model.estimator) > 1:
            X = model.estimator[:-1].transform(X)
        self.step = _last(model.estimator)
        n_classes = None if model.classes is None else len(model.classes)
        self.family = model_family(self.step, n_classes)
        self.weight = np.ones(len(y)) if weight is None else weight
        self.l1_ratio = _l1_ratio(self.step)
        self.X: Any = X if sparse.issparse(X) else np.asarray(X, dtype=float)
        if model.classes is not None:
            if self.step.class_weight is not None:
                self.weight = self.weight * compute_sample_weight(self.step.class_weight, y)
            self.y: Any = np.searchsorted(model.classes, y)
            self.offset = self.step.decision_function(X)
            return
        mean = self.step.predict(X)
        if self.family.logarithmic:
            # The deviance of a mean m exp(x'd) is that of exp(x'd) for y/m, times m^(2 - power).
            power = {"poisson": 1.0, "gamma": 2.0}.get(self.family.name, self.family.power)
            self.power = power
            mean = np.maximum(mean, np.finfo(float).tiny)
            self.y, self.weight = y / mean, self.weight * mean ** (2.0 - power)
        else:
            self.y = y - mean

    def choose(self, fold: Rows) -> float | None:
        """Penalty of the least held-out loss: None for no stage at all, inf for a level only."""
        nothing = np.zeros((1, self.X.shape[1])), np.zeros(1)
        grid = _ABSOLUTES if self.l1_ratio > 0 else _SQUARES
        candidates = [None, np.inf, *grid]
        losses = np.zeros(len(candidates))
        for number in range(fold.max() + 1):
            train, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            unit = self.unit(train)
            for position, candidate in enumerate(candidates):
                found = nothing if candidate is None else self.solve(train, candidate * unit)
                losses[position] += self.loss(held, *found)
        return candidates[int(np.argmin(losses))]

    def solve(self, rows: Rows, strength: float) -> tuple[Array, Array]:
        """Coefficients and intercepts of the stage, of shapes (n_outputs, n_features) and so on."""
        X, y, weight = self.X[rows], self.y[rows], self.weight[rows]
        intercept = getattr(self.step, "fit_intercept", True)
        if self.family.name in ("bernoulli", "multinomial"):
            if np.isinf(strength):
                X, strength = X[:, :0], 0.0
            coef, level = fit_offset_logistic(
                X,
                y,
                self.offset[rows],
                weight,
                penalty=strength,
                l1_ratio=self.l1_ratio,
                fit_intercept=intercept,
            )
            if coef.shape[1] < self.X.shape[1]:
                coef = np.zeros((len(coef), self.X.shape[1]))
            return coef, level
        if np.isinf(strength):
            level = np.zeros(1)
            if intercept:
                mean = np.average(y, weights=weight)
                tiny = np.finfo(float).tiny
                level[:] = np.log(max(mean, tiny)) if self.family.logarithmic else mean
            return np.zeros((1, self.X.shape[1])), level
        if self.family.logarithmic:
            stage = clone(self.step).set_params(alpha=strength / weight.sum(), warm_start=False)
        elif self.l1_ratio > 0:
            alpha = strength / weight.sum()
            stage = lm.ElasticNet(alpha=alpha, l1_ratio=self.l1_ratio, fit_intercept=intercept)
        else:
            stage = lm.Ridge(alpha=strength, fit_intercept=intercept)
        stage.fit(X, y, sample_weight=weight)
        return np.reshape(stage.coef_, (1, -1)), np.reshape(stage.intercept_, (1,))

    def loss(self, rows: Rows, coef: Array, intercept: Array) -> float:
        """Sum of the losses of some rows."""
        eta = self.X[rows] @ coef.T + intercept
        y, weight = self.y[rows], self.weight[rows]
        if self.family.name == "bernoulli":
            eta = eta[:, 0] + self.offset[rows]
            return float(weight @ (np.logaddexp(0.0, eta) - y * eta))
        if self.family.name == "multinomial":
            log_proba = log_softmax(eta + self.offset[rows], axis=1)
            return -float(weight @ log_proba[np.arange(len(rows)), y])
        if self.family.logarithmic:
            mean = np.exp(np.clip(eta[:, 0], -500.0, 500.0))
            deviance = mean_tweedie_deviance(y, mean, sample_weight=weight, power=self.power)
            return float(deviance * weight.sum())
        return float(weight @ np.square(y - eta[:, 0]))

    def unit(self, rows: Rows) -> float:
        """Unit of the penalty on these rows."""
        X, weight = self.X[rows], self.weight[rows]
        dense = X.toarray() if sparse.issparse(X) else X
        centred = dense - np.average(dense, axis=0, weights=weight)
        if self.l1_ratio > 0:
            residual = self._residual(rows, self.solve(rows, np.inf)[1])
            return float(np.abs(centred.T @ residual).max() / self.l1_ratio) or 1.0
        if self.family.name in ("bernoulli", "multinomial"):
            offset = self.offset[rows]
            p = expit(offset)[:, np.newaxis] if offset.ndim == 1 else softmax(offset, axis=1)
            weight = weight * np.mean(p * (1.0 - p), axis=1)
        return float(np.mean(weight @ np.square(centred))) or 1.0

    def _residual(self, rows: Rows, level: Array) -> Array:
        """Weighted residuals of the level alone: the gradient in the predictor."""
        y, weight = self.y[rows], self.weight[rows]
        if self.family.name == "bernoulli":
            return weight * (y - expit(self.offset[rows] + level))
        if self.family.name == "multinomial":
            truth = np.eye(self.offset.shape[1])[y]
            return weight[:, np.newaxis] * (truth - softmax(self.offset[rows] + level, axis=1))
        return weight * (y - level)


def _is_numeric(X: Any) -> bool:
    """Whether the columns of a dataframe are numbers; arrays are taken to be."""
    if hasattr(X, "iloc"):
        return all(dtype.kind in "fiub" for dtype in X.dtypes)
    if hasattr(X, "columns"):
        return all(dtype.is_numeric() for dtype in X.dtypes)
    return True


def _l1_ratio(step: Any) -> float:
    """Share of absolute values in the inner estimator's penalty."""
    if isinstance(step, lm.Lasso | lm.LassoCV | lm.LassoLars):
        return 1.0
    params = step.get_params()
    if params.get("penalty") in ("l1", "l2"):
        return float(params["penalty"] == "l1")
    ratio = getattr(step, "l1_ratio_", params.get("l1_ratio"))
    return 0.0 if ratio is None else float(np.mean(ratio))


def _last(estimator: Any) -> Any:
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
