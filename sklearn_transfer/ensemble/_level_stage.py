# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A second stage that shifts any pooled model to the target's level."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if

from sklearn_transfer._families import model_family
from sklearn_transfer._math.calibration import class_shares, class_shift
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer.ensemble._row_fit import Problem

Array = NDArray[np.float64]


def add_level(
    model: FittedModel,
    estimator: Any,
    problem: Problem,
    out_of_fold: Array,
    fold: NDArray[np.intp],
) -> FittedModel:
    """Bring the pooled model to the target's level where held-out rows ask for it.

    Parameters
    ----------
    model : FittedModel
        Of the pooled rows.
    estimator : estimator
        The inner estimator.
    problem : Problem
        The rows.
    out_of_fold : ndarray of shape (n_target,) or (n_target, n_classes)
        What pooled models predict for target rows that they did not see: flexible models fit
        their own rows too well to show a difference of level there.
    fold : ndarray of shape (n_target,)
        Folds of the target's rows.

    Returns
    -------
    model : FittedModel
        The pooled model, or one with its level shifted.
    """
    level = _Level(estimator, problem, out_of_fold)
    plain = shifted = 0.0
    for number in range(fold.max() + 1):
        train, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        plain += level.loss(held, level.nothing)
        shifted += level.loss(held, level.fit(train))
    if shifted >= plain:
        return model
    found = level.fit(np.arange(len(fold)))
    if problem.classes is not None:
        levelled = LevelledClassifier(model, found, problem.classes)
        return FittedModel(levelled, problem.classes)
    if level.multiplies:
        return FittedModel(LevelledRegressor(model, factor=float(np.exp(found))), None)
    return FittedModel(LevelledRegressor(model, shift=float(found)), None)


class _Level:
    """Intercepts with the predictions of the pooled model as offset."""

    def __init__(self, estimator: Any, problem: Problem, predictions: Array):
        rows = problem.domains.target_rows
        self.y, weight = problem.y[rows], problem.weight(rows)
        self.weight = np.ones(len(rows)) if weight is None else weight
        self.classes = problem.classes
        self.multiplies = self.classes is None and model_family(estimator, None).logarithmic
        self.predictions = predictions
        self.nothing: Any = 0.0 if self.classes is None else np.zeros(len(self.classes))

    def fit(self, rows: NDArray[np.intp]) -> Any:
        """Level of some rows: a number, its logarithm for a factor, or one shift per class."""
        y, weight, predicted = self.y[rows], self.weight[rows], self.predictions[rows]
        if self.classes is not None:
            shares = class_shares(y, self.classes, weight)
            return class_shift(_log(predicted), shares, sample_weight=weight)
        mean = np.average(y, weights=weight), np.average(predicted, weights=weight)
        if self.multiplies:
            tiny = np.finfo(float).tiny
            return np.log(max(mean[0], tiny)) - np.log(max(mean[1], tiny))
        return mean[0] - mean[1]

    def loss(self, rows: NDArray[np.intp], level: Any) -> float:
        """Sum of the losses of some rows at that level."""
        y, weight, predicted = self.y[rows], self.weight[rows], self.predictions[rows]
        if self.classes is not None:
            proba = softmax(_log(predicted) + level, axis=1)
            of_true = proba[np.arange(len(rows)), np.searchsorted(self.classes, y)]
            return -float(weight @ np.log(of_true))
        shifted = predicted * np.exp(level) if self.multiplies else predicted + level
        return float(weight @ np.square(y - shifted))


class _Levelled(BaseEstimator):
    """A fitted model whose level was shifted; fitted from the start."""

    model: FittedModel

    def fit(self, X: Any, y: Any = None) -> _Levelled:
        """Do nothing: the model is fitted already."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.model.estimator).input_tags
        return tags


class LevelledRegressor(RegressorMixin, _Levelled):
    """Predicts ``factor * f(x) + shift``."""

    def __init__(self, model: FittedModel, shift: float = 0.0, factor: float = 1.0):
        self.model = model
        self.shift = shift
        self.factor = factor

    def predict(self, X: Any) -> Array:
        """Values at the target's level."""
        return self.factor * np.asarray(self.model.predict(X), dtype=float) + self.shift


class LevelledClassifier(ClassifierMixin, _Levelled):
    """Predicts probabilities in proportion to ``p_c(x) exp(shift_c)``."""

    def __init__(self, model: FittedModel, shift: Array, classes: NDArray[Any]):
        self.model = model
        self.shift = shift
        self.classes = classes

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels of the columns."""
        return self.classes

    def predict_proba(self, X: Any) -> Array:
        """Probabilities at the target's level."""
        return softmax(_log(self.model.predict_proba(X, self.classes)) + self.shift, axis=1)

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of the probabilities."""
        return np.log(self.predict_proba(X))

    @available_if(lambda self: hasattr(self.model.estimator, "decision_function"))
    def decision_function(self, X: Any) -> Array:
        """Log-odds of the second class, or log-probabilities of all."""
        log_proba = self.predict_log_proba(X)
        return log_proba[:, 1] - log_proba[:, 0] if len(self.classes) == 2 else log_proba

    def predict(self, X: Any) -> NDArray[Any]:
        """Class of the greatest probability."""
        return self.classes[np.argmax(self.predict_proba(X), axis=1)]


def _log(probability: Array) -> Array:
    # Probabilities of 0 have no level; a millionth is beyond what the rows can tell.
    return np.log(np.clip(probability, 1e-6, None))
