# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What methods share that fit one model per domain and score what it says of rows."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar

from numpy.typing import NDArray
from sklearn.base import is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import Tags, get_tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sklearn_transfer._base import BaseDomainEstimator
from sklearn_transfer._sklearn import HasMethods, StrOptions, _check_y
from sklearn_transfer.transferability._features import RESPONSE_METHODS
from sklearn_transfer.transferability._source_scores import SCORINGS, SHRINKAGES


class BaseScoredModels(BaseDomainEstimator):
    """Models of domains, of any kind, and one score of their features.

    A subclass defines `_fit`.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseDomainEstimator._parameter_constraints,
        "estimator": [HasMethods(["fit"]), None],
        "source_estimators": [dict, None],
        "response_method": [StrOptions(set(RESPONSE_METHODS))],
        "scoring": [StrOptions(set(SCORINGS)), callable],
        "shrinkage": SHRINKAGES,
        "n_jobs": [Integral, None],
        "memory": [str, HasMethods(["cache"]), None],
        "random_state": ["random_state"],
    }

    # Set by every subclass's __init__.
    estimator: Any
    source_estimators: dict | None
    response_method: str
    scoring: str | Callable[..., float]
    shrinkage: float | str | None
    n_jobs: int | None
    memory: Any
    random_state: Any

    def _inner(self, regression: bool = False) -> Any:
        """The inner estimator as the user gave it, or the default one; not fitted."""
        if self.estimator is not None:
            return self.estimator
        return Ridge() if regression else LogisticRegression()

    def _regression(self, y: NDArray[Any]) -> bool:
        """Whether y are values, as the inner estimator has it, or as they look."""
        if self.estimator is not None:
            if is_regressor(self.estimator):
                return True
            if is_classifier(self.estimator):
                return False
        return type_of_target(y) == "continuous"

    def _check_labels(self, y: Any) -> NDArray[Any]:
        numeric = self.estimator is not None and is_regressor(self.estimator)
        y = _check_y(y, multi_output=False, y_numeric=numeric, estimator=self)
        if not self._regression(y):
            check_classification_targets(y)
        return y

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self._inner())
        tags.input_tags = inner.input_tags
        tags.non_deterministic = inner.non_deterministic
        tags.target_tags.required = True
        return tags
