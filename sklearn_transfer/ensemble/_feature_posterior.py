# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A classifier that is linear in the features of frozen models."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, get_tags

from sklearn_transfer._math.maximal_correlation_weighting import label_posterior
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer.transferability._features import concatenate_features, model_features

Array = NDArray[np.float64]


class FeaturePosterior(ClassifierMixin, BaseEstimator):
    """Prior times one plus what the features of a row say for each label.

    Parameters
    ----------
    estimator : estimator
        What the models are fits of, for what it takes.
    models : list of (FittedModel, str) or None, default=None
        Each with the way in which it is asked for features; None while nothing is fitted.
    coefficient : ndarray of shape (n_features, n_classes) or None, default=None
        Of the features of all models side by side.
    offset : ndarray of shape (n_classes,) or None, default=None
        What takes the place of centring.
    priors : ndarray of shape (n_classes,) or None, default=None
        Prior probabilities.
    classes : ndarray of shape (n_classes,) or None, default=None
        Labels.
    """

    def __init__(
        self,
        estimator: Any,
        models: list[tuple[FittedModel, str]] | None = None,
        coefficient: Array | None = None,
        offset: Array | None = None,
        priors: Array | None = None,
        classes: NDArray[Any] | None = None,
    ):
        self.estimator = estimator
        self.models = models
        self.coefficient = coefficient
        self.offset = offset
        self.priors = priors
        self.classes = classes

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels of the columns."""
        if self.classes is None:
            raise AttributeError("classes_")
        return self.classes

    def fit(self, X: Any, y: Any = None) -> FeaturePosterior:
        """Do nothing: the models are fitted already."""
        return self

    def predict_proba(self, X: Any) -> Array:
        """Posterior probabilities."""
        assert self.models is not None
        assert self.coefficient is not None
        assert self.priors is not None
        if not self.models:  # no feature tells anything: the prior is all there is
            n_rows = X.shape[0]
            association = np.zeros((n_rows, len(self.priors)))
        else:
            blocks = [model_features(model, X, response) for model, response in self.models]
            association = np.asarray(concatenate_features(blocks) @ self.coefficient) + self.offset
        return label_posterior(association, self.priors)

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithm of the posterior probabilities."""
        with np.errstate(divide="ignore"):  # log 0 = -inf is meant
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Class of the greatest posterior probability."""
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]

    def __sklearn_is_fitted__(self) -> bool:
        return self.models is not None

    def __sklearn_tags__(self) -> Tags:
        """Take what the inner estimator takes."""
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.non_deterministic = inner.non_deterministic
        if tags.classifier_tags is not None and inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
        return tags
