# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The fitted model of the target: a base model and a mixture of posteriors, as an estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer.hierarchical._design import Design
from sklearn_transfer.hierarchical._posterior import LEAST_WEIGHT, Candidate, predictive_mean

Array = NDArray[Any]

# Log-odds of a base model beyond this say "certain", not how certain.
_LEAST_PROBABILITY = 1e-4


def base_predictor(base: FittedModel, X: Any, family: str, classes: NDArray[Any] | None) -> Array:
    """Linear predictor of a base model: log-odds, centred log-probabilities, means or log-means.

    Parameters
    ----------
    base : FittedModel
        The base model.
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows.
    family : str
        As in `Likelihood`.
    classes : ndarray of shape (n_classes,) or None
        All classes; None for regression.

    Returns
    -------
    predictor : ndarray of shape (n_samples,) or (n_samples, n_classes)
        On the scale of the family's link.
    """
    if classes is not None:
        proba = base.predict_proba(X, classes).astype(np.float64)
        proba = np.clip(proba, _LEAST_PROBABILITY, 1.0 - _LEAST_PROBABILITY)
        if family == "bernoulli":
            return logit(proba[:, 1])
        logs = np.log(proba)
        return logs - logs.mean(axis=1, keepdims=True)
    values = np.asarray(base.predict(X), dtype=np.float64)
    if family == "gaussian":
        return values
    return np.log(np.maximum(values, np.finfo(float).tiny))


class PosteriorMixture(BaseEstimator):
    """Predictions averaged over posteriors of the target's coefficients.

    Parameters
    ----------
    base : FittedModel or None
        Model whose predictor is the fixed part; None where the inner estimator is linear.
    before : transformer or None
        Steps that rows pass first.
    design : Design
        Columns whose coefficients vary between domains.
    candidates : sequence of Candidate
        The posteriors.
    weights : ndarray of shape (n_candidates,)
        Their weights.
    family : str
        As in `Likelihood`.
    classes : ndarray of shape (n_classes,) or None
        All classes; None for regression.
    location, scale : float
        Of y, or of the base's predictor; location is the logarithm of the mean of y where the
        inner estimator is linear with a logarithmic link.
    """

    def __init__(
        self,
        base: FittedModel | None,
        before: Any,
        design: Design,
        candidates: Sequence[Candidate],
        weights: Array,
        family: str,
        classes: NDArray[Any] | None,
        location: float,
        scale: float,
    ):
        self.base = base
        self.before = before
        self.design = design
        self.candidates = candidates
        self.weights = weights
        self.family = family
        self.classes = classes
        self.location = location
        self.scale = scale

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def believed(self) -> Self:
        """The same without candidates whose weight changes no prediction."""
        kept = np.flatnonzero(self.weights > LEAST_WEIGHT)
        params = self.get_params(deep=False)
        params["candidates"] = [self.candidates[index] for index in kept.tolist()]
        params["weights"] = self.weights[kept] / self.weights[kept].sum()
        return type(self)(**params)

    def _mean(self, X: Any) -> Array:
        n_outputs = len(self.classes) if self.family == "multinomial" else 1  # type: ignore[arg-type]
        if self.before is not None:
            X = self.before.transform(X)
        if self.base is None:
            start = 0.0 if self.family == "gaussian" else self.location
            offset = np.full(X.shape[0] if n_outputs == 1 else (X.shape[0], n_outputs), start)
            design = self.design.transform(X)
        else:
            offset, columns = standardised(
                base_predictor(self.base, X, self.family, self.classes),
                self.family,
                self.location,
                self.scale,
            )
            design = self.design.transform(X, columns)
        return predictive_mean(
            self.candidates, self.weights, design, offset, self.family, n_outputs
        )


class ClassifierMixture(ClassifierMixin, PosteriorMixture):
    """Classifier of the target."""

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels of the probability columns."""
        assert self.classes is not None
        return self.classes

    def predict_proba(self, X: Any) -> Array:
        """Class probabilities, averaged over the posteriors."""
        mean = self._mean(X)
        return mean if mean.ndim == 2 else np.column_stack([1.0 - mean, mean])

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of the class probabilities."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X: Any) -> Array:
        """Log-odds, or log-probabilities of more than two classes."""
        logs = self.predict_log_proba(X)
        return logs[:, 1] - logs[:, 0] if logs.shape[1] == 2 else logs

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class."""
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]


class RegressorMixture(RegressorMixin, PosteriorMixture):
    """Regressor of the target."""

    def predict(self, X: Any) -> Array:
        """Mean values."""
        mean = self._mean(X)
        return mean * self.scale + self.location if self.family == "gaussian" else mean


def standardised(
    predictor: Array, family: str, location: float, scale: float
) -> tuple[Array, Array]:
    """Offset and design columns out of a base model's predictor.

    Parameters
    ----------
    predictor : ndarray of shape (n_samples,) or (n_samples, n_classes)
        On the scale of the link.
    family : str
        As in `Likelihood`; gaussian values are measured in the unit of y.
    location, scale : float
        Of y (gaussian) or of the predictor.

    Returns
    -------
    offset : ndarray of the shape of `predictor`
        The fixed part.
    columns : ndarray of shape (n_samples, n_predicted)
        The same, standardised, as columns with a slope.
    """
    columns = (predictor - location) / scale
    offset = columns if family == "gaussian" else predictor
    return offset, columns if columns.ndim == 2 else columns[:, np.newaxis]
