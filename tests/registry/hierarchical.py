# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of the registry: hierarchical models."""

from __future__ import annotations

from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer.hierarchical import (
    RandomCoefficientsClassifier,
    RandomCoefficientsRegressor,
)
from tests.registry.row import BASE_FOLDS, HIERARCHICAL, HIERARCHICAL_REGRESSION, Row, logistic

ROWS = [
    Row(
        name="random-coefficients-classifier",
        make=lambda: RandomCoefficientsClassifier(logistic()),
        grid={"shrinkage": [1.0, 4.0]},
        tolerance=1e-5,
        expected_failures=HIERARCHICAL,
    ),
    Row(
        name="random-coefficients-classifier-tree",
        make=lambda: RandomCoefficientsClassifier(
            DecisionTreeClassifier(max_depth=2, random_state=0), n_folds=2, random_state=0
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=BASE_FOLDS,
        counts_rows=BASE_FOLDS,
        expected_failures=HIERARCHICAL,
    ),
    Row(
        name="random-coefficients-regressor",
        make=RandomCoefficientsRegressor,
        grid={"shrinkage": [1.0, 4.0]},
        tolerance=1e-5,
        expected_failures=HIERARCHICAL_REGRESSION,
    ),
]
