# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of the registry: the TrAdaBoost family."""

from __future__ import annotations

from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeRegressor
from xgboost import XGBClassifier

from sklearn_transfer.boosting import (
    DynamicTrAdaBoostClassifier,
    MultiSourceTrAdaBoostClassifier,
    TrAdaBoostClassifier,
    TrAdaBoostRegressor,
    TwoStageTrAdaBoostRegressor,
)
from tests.registry.row import STEP_FOLDS, Row, boosted, logistic, tree

ROWS = [
    Row(
        name="tradaboost-tree",
        make=lambda: TrAdaBoostClassifier(tree(), n_estimators=5, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
    ),
    Row(
        name="dynamic-tradaboost",
        make=lambda: DynamicTrAdaBoostClassifier(tree(), n_estimators=5, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
    ),
    Row(
        name="multisource-tradaboost",
        make=lambda: MultiSourceTrAdaBoostClassifier(tree(), n_estimators=4, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
    ),
    Row(
        name="tradaboost-logistic",
        make=lambda: TrAdaBoostClassifier(logistic(), n_estimators=5, random_state=0),
        grid={"estimator__C": [0.01, 1.0]},
        tolerance=1e-5,
    ),
    Row(
        name="tradaboost-xgboost",
        make=lambda: TrAdaBoostClassifier(boosted(XGBClassifier), n_estimators=3, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
        tolerance=1e-4,
    ),
    Row(
        name="tradaboost-r2",
        make=lambda: TrAdaBoostRegressor(
            DecisionTreeRegressor(max_depth=2, random_state=0), n_estimators=5, random_state=0
        ),
        grid={"estimator__max_depth": [1, 2]},
    ),
    Row(
        name="tradaboost-r2-ridge",
        make=lambda: TrAdaBoostRegressor(Ridge(), n_estimators=5, random_state=0),
        grid={"estimator__alpha": [0.1, 100.0]},
    ),
    Row(
        name="two-stage-tradaboost-r2",
        make=lambda: TwoStageTrAdaBoostRegressor(
            DecisionTreeRegressor(max_depth=2, random_state=0),
            n_estimators=2,
            n_steps=3,
            n_folds=2,
            random_state=0,
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=STEP_FOLDS,
        counts_rows=STEP_FOLDS,
    ),
]
