# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Several fitted learners that answer as one estimator, by vote or by median."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from sklearn_transfer._math.boosting import vote_shares, weighted_median
from sklearn_transfer._weighted_fit import FittedModel

Array = NDArray[np.float64]


class FixedEnsemble(BaseEstimator):
    """Fitted from the start; like a frozen estimator, `fit` and `clone` leave it as it is.

    Parameters
    ----------
    members : list of FittedModel
        The learners that vote.
    weights : ndarray of shape (n_members,)
        Of their votes; positive.
    """

    def __init__(self, members: list[FittedModel], weights: Array):
        self.members = members
        self.weights = weights

    def fit(self, X: Any, y: Any = None) -> FixedEnsemble:
        """Return the ensemble as it is.

        Parameters
        ----------
        X : object
            Not looked at.
        y : object
            Not looked at.

        Returns
        -------
        self : object
            The same.
        """
        del X, y
        return self

    def __sklearn_clone__(self) -> FixedEnsemble:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


class WeightedVote(ClassifierMixin, FixedEnsemble):
    """Classifier whose members vote.

    Parameters
    ----------
    members : list of FittedModel
        The learners that vote.
    weights : ndarray of shape (n_members,)
        Of their votes; positive.
    classes : ndarray of shape (n_classes,)
        All labels, sorted.
    """

    def __init__(self, members: list[FittedModel], weights: Array, classes: NDArray[Any]):
        super().__init__(members, weights)
        self.classes = classes

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels, in the order of the columns of `predict_proba`."""
        return self.classes

    def predict(self, X: Any) -> NDArray[Any]:
        """Label with the largest share of the votes, the first of them in a tie."""
        return self.classes[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> Array:
        """Share of the votes per class."""
        votes = [np.searchsorted(self.classes, member.predict(X)) for member in self.members]
        return vote_shares(np.stack(votes), self.weights, len(self.classes))

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of the shares; -inf for a class without a vote."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X: Any) -> Array:
        """Shares, or for two classes the share of the second less that of the first."""
        shares = self.predict_proba(X)
        return shares[:, 1] - shares[:, 0] if len(self.classes) == 2 else shares


class WeightedMedian(RegressorMixin, FixedEnsemble):
    """Regressor that gives the weighted median of its members' predictions."""

    def predict(self, X: Any) -> Array:
        """Smallest prediction at which half of the votes is reached."""
        predictions = [np.asarray(member.predict(X), dtype=float) for member in self.members]
        return weighted_median(np.stack(predictions), self.weights)
