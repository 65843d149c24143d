# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A weighted average of fitted models, as one estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if

from sklearn_transfer._weighted_fit import FittedModel


class _Mixture(BaseEstimator):
    """What both kinds share; the members are fitted elsewhere.

    Parameters
    ----------
    members : list
        Fitted models, or while nothing is fitted the estimators that will be.
    weights : ndarray of shape (n_members,) or None
        They sum to 1.
    """

    def __init__(self, members: list[Any], weights: NDArray[np.float64] | None = None):
        self.members = members
        self.weights = weights

    def fit(self, X: Any, y: Any = None) -> _Mixture:
        """Do nothing: the members are fitted already."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return self.weights is not None

    def __sklearn_tags__(self) -> Tags:
        """Take what every member takes."""
        tags = super().__sklearn_tags__()
        inner = [get_tags(_estimator_of(member)) for member in self.members]
        for name in ("sparse", "categorical", "string", "allow_nan"):
            setattr(tags.input_tags, name, all(getattr(i.input_tags, name) for i in inner))
        tags.input_tags.positive_only = any(i.input_tags.positive_only for i in inner)
        tags.non_deterministic = any(i.non_deterministic for i in inner)
        if tags.classifier_tags is not None:
            kinds = [i.classifier_tags for i in inner if i.classifier_tags is not None]
            tags.classifier_tags.multi_class = all(kind.multi_class for kind in kinds)
            tags.classifier_tags.poor_score = any(kind.poor_score for kind in kinds)
        if tags.regressor_tags is not None:
            tags.regressor_tags.poor_score = any(
                i.regressor_tags.poor_score for i in inner if i.regressor_tags is not None
            )
        return tags


class MixtureRegressor(RegressorMixin, _Mixture):
    """Weighted average of predicted values."""

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Average of the members' predictions."""
        assert self.weights is not None
        return sum(
            weight * np.asarray(member.predict(X), dtype=float)
            for weight, member in zip(self.weights, self.members, strict=True)
        )


class MixtureClassifier(ClassifierMixin, _Mixture):
    """Weighted average of class probabilities.

    Parameters
    ----------
    members : list
        Fitted models, or while nothing is fitted the estimators that will be.
    weights : ndarray of shape (n_members,) or None
        They sum to 1.
    classes : ndarray of shape (n_classes,) or None
        Labels of the columns.
    """

    def __init__(
        self,
        members: list[Any],
        weights: NDArray[np.float64] | None = None,
        classes: NDArray[Any] | None = None,
    ):
        super().__init__(members, weights)
        self.classes = classes

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels of the columns."""
        if self.classes is None:
            raise AttributeError("classes_")
        return self.classes

    @available_if(lambda self: self._is_probabilistic())
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Average of the members' probabilities."""
        assert self.weights is not None
        return sum(
            weight * member.predict_proba(X, self.classes_).astype(np.float64)
            for weight, member in zip(self.weights, self.members, strict=True)
        )

    @available_if(lambda self: self._is_probabilistic())
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of the average probabilities."""
        with np.errstate(divide="ignore"):  # log 0 = -inf is meant
            return np.log(self.predict_proba(X))

    def _is_probabilistic(self) -> bool:
        return all(hasattr(_estimator_of(member), "predict_proba") for member in self.members)

    def predict(self, X: Any) -> NDArray[Any]:
        """Class of the greatest average probability."""
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]


def _estimator_of(member: Any) -> Any:
    return member.estimator if isinstance(member, FittedModel) else member
