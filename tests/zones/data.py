# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A target, a source of the same rule, and one of the opposite rule."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression

from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.similarity import CrossLearningScore


class Rows(NamedTuple):
    """Rows of "here", "near" and "reversed"."""

    X: NDArray[np.float64]
    y: NDArray[Any]
    domain: NDArray[Any]


def planted(*, values: bool = False, n_target: int = 100, seed: int = 0) -> Rows:
    """Draw "near" by the rule of "here" and "reversed" by its opposite, in mixed order."""
    rng = np.random.default_rng(seed)
    domain = rng.permutation(np.repeat(["here", "near", "reversed"], [n_target, 150, 150]))
    X = rng.standard_normal((len(domain), 2))
    signal = np.where(domain == "reversed", -1.0, 1.0) * (2.0 * X[:, 0] - X[:, 1])
    signal += rng.standard_normal(len(X))
    return Rows(X, signal if values else (signal > 0).astype(int), domain)


def measure(*, values: bool = False, **more: Any) -> CrossLearningScore:
    """Give the score by one fast model, its folds fixed."""
    model = LinearRegression() if values else LogisticRegression()
    return CrossLearningScore(model, **{"random_state": 0, **more})


def quietly(estimator: Any, rows: Rows, **more: Any) -> Any:
    """Fit; which sources are left out is no news."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        return estimator.fit(rows.X, rows.y, sample_domain=rows.domain, **more)


class Scripted(BaseEstimator):
    """A measure that puts the sources in the zones it is told."""

    def __init__(self, told: Any = (), target_domain: Any = None):
        self.told = told
        self.target_domain = target_domain

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, sample_domain: Any = None) -> Any:
        self.fitted_ = True
        return self

    def zones(self, *, positive_z: float, negative_z: float, standard_error: str) -> Any:
        import pandas as pd

        numbers = dict.fromkeys(
            ["baseline_error", "standard_error", "positive_threshold", "negative_threshold"], 0.1
        )
        table = pd.DataFrame(list(self.told), columns=["domain", "zone"])
        return table.assign(score=np.arange(len(table)) / 10.0, **numbers)
