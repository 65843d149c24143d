# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Inner estimators whose predictions are written down beforehand, round by round."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

# Survives `clone`, which copies every parameter.
_SCRIPTS: dict[int, list[Any]] = {}
_SEEN: dict[int, list[dict[int, float]]] = {}
_NUMBERS = count()


class _Scripted(BaseEstimator):
    """The k-th fit predicts the k-th line of the script; X holds the number of each row."""

    def __init__(self, script: int):
        self.script = script

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        lines, seen = _SCRIPTS[self.script], _SEEN[self.script]
        self.line_ = np.asarray(lines[min(len(seen), len(lines) - 1)])
        seen.append(dict(zip(X[:, 0].astype(int).tolist(), sample_weight, strict=True)))
        if isinstance(self, ClassifierMixin):
            self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return self.line_[X[:, 0].astype(int)]


class ScriptedClassifier(ClassifierMixin, _Scripted):
    """A classifier that follows a script."""


class ScriptedRegressor(RegressorMixin, _Scripted):
    """A regressor that follows a script."""


def script(lines: list[Any], kind: type = ScriptedClassifier) -> Any:
    """Write a script: one list of predictions per fit, the last one repeated for ever.

    Parameters
    ----------
    lines : list
        Predictions for all rows, by the number of the row.
    kind : type, default=ScriptedClassifier
        What reads it.

    Returns
    -------
    estimator : estimator
        Unfitted.
    """
    number = next(_NUMBERS)
    _SCRIPTS[number], _SEEN[number] = lines, []
    return kind(number)


def weights_seen(estimator: Any) -> list[dict[int, float]]:
    """Row number -> weight, for each fit so far.

    Parameters
    ----------
    estimator : estimator
        Made by `script`.

    Returns
    -------
    weights : list of dict
        One per fit.
    """
    return _SEEN[estimator.script]
