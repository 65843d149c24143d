# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What a model answers to rows of any domain, and how far that is from their y."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from sklearn_transfer._math.cross_learning import loss_moments
from sklearn_transfer._sklearn import _num_samples
from sklearn_transfer._weighted_fit import FittedModel

Array = NDArray[np.float64]
Loss = str | Callable[..., float]


@dataclass(frozen=True)
class Question:
    """What is asked of every model.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,) or None
        All labels of the problem; None for regression.
    voting : {"soft", "hard"}
        Whether classifiers answer by probabilities or by one vote.
    loss : {"zero_one", "log_loss", "squared_error"} or callable
        Row loss, or a scorer whose negative is the error.
    sharpness : float
        Of the weights of the models in the ensemble.
    """

    classes: NDArray[Any] | None
    voting: str
    loss: Loss
    sharpness: float


def answers(model: FittedModel, X: Any, classes: NDArray[Any] | None, voting: str) -> Array:
    """Values, or one column per class of the problem: probabilities, or one vote.

    A classifier without `predict_proba` answers by the softmax of its decision values (the
    logistic function of them for two classes), and by one vote where it has none of these.

    Parameters
    ----------
    model : FittedModel
        Fitted on rows that may lack classes.
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows.
    classes : ndarray or None
        All labels of the problem; None for regression.
    voting : {"soft", "hard"}
        How classifiers answer.

    Returns
    -------
    answers : ndarray of shape (n_samples,) or (n_samples, n_classes)
        A class that the model never saw has 0.
    """
    if classes is None:
        return np.asarray(model.predict(X), dtype=float).reshape(_num_samples(X))
    if voting == "soft" and hasattr(model.estimator, "predict_proba"):
        return np.asarray(model.predict_proba(X, classes), dtype=float)
    told = np.zeros((_num_samples(X), len(classes)))
    assert model.classes is not None
    if voting == "soft" and hasattr(model.estimator, "decision_function"):
        decision = np.asarray(model.estimator.decision_function(X), dtype=float)
        if decision.ndim == 1:
            decision = np.column_stack([np.zeros_like(decision), decision])
        told[:, np.searchsorted(classes, model.classes)] = softmax(decision, axis=1)
        return told
    told[np.arange(len(told)), np.searchsorted(classes, model.predict(X))] = 1.0
    return told


def error_moments(
    given: Array, question: Question, X: Any, y: NDArray[Any], sample_weight: Array | None
) -> tuple[Array, Array]:
    """Error of each of the answers, and the covariance of the losses of one row.

    Parameters
    ----------
    given : ndarray of shape (n_answers, n_samples, ...)
        What each of several models answered.
    question : Question
        What was asked.
    X, y, sample_weight
        The rows; X is only looked at by scorers.

    Returns
    -------
    error : ndarray of shape (n_answers,)
        Weighted mean losses.
    covariance : ndarray of shape (n_answers, n_answers)
        Not a number for scorers, which know no losses of rows.
    """
    if callable(question.loss):
        error = np.array([-_scored(told, question, X, y, sample_weight) for told in given])
        return error, np.full((len(given), len(given)), np.nan)
    return loss_moments(_row_losses(given, question, y), sample_weight)


def _row_losses(given: Array, question: Question, y: NDArray[Any]) -> Array:
    """Losses of shape (n_samples, n_answers)."""
    if question.classes is None:
        return ((given - y) ** 2).T
    codes = np.searchsorted(question.classes, y)
    if question.loss == "zero_one":
        return (given.argmax(axis=2) != codes).T.astype(float)
    chosen = given[:, np.arange(len(y)), codes] / given.sum(axis=2)
    return -np.log(np.clip(chosen, np.finfo(float).eps, 1.0)).T


class _Told(BaseEstimator):
    """An estimator whose answers are known, for scorers."""

    def __init__(self, told: Array | None = None):
        self.told = told

    def __sklearn_is_fitted__(self) -> bool:
        return True


class _ToldValues(RegressorMixin, _Told):
    def predict(self, X: Any) -> Any:
        return self.told


class _ToldLabels(ClassifierMixin, _Told):
    def __init__(self, told: Array | None = None, classes: NDArray[Any] | None = None):
        super().__init__(told)
        self.classes = classes
        self.classes_ = classes

    def predict(self, X: Any) -> Any:
        assert self.told is not None
        assert self.classes is not None
        return self.classes[self.told.argmax(axis=1)]

    def predict_proba(self, X: Any) -> Any:
        assert self.told is not None
        return self.told / self.told.sum(axis=1, keepdims=True)


def _scored(
    told: Array, question: Question, X: Any, y: NDArray[Any], sample_weight: Array | None
) -> float:
    """Score of answers by the user's scorer; not a number where it is not defined."""
    assert callable(question.loss)
    given = {} if sample_weight is None else {"sample_weight": sample_weight}
    known = _ToldValues(told) if question.classes is None else _ToldLabels(told, question.classes)
    with warnings.catch_warnings():
        # A fold without one of the classes has no such score, and is left out of the deviation.
        warnings.filterwarnings("ignore", message="Only one class is present")
        return float(question.loss(known, X, y, **given))
