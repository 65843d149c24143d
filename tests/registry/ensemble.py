# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of the registry: plain and combined models."""

from __future__ import annotations

from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer.ensemble import (
    ARTClassifier,
    ARTRegressor,
    DirectTransferClassifier,
    DirectTransferRegressor,
    SourceDetectionClassifier,
    SourceDetectionRegressor,
)
from tests.registry.row import (
    AVERAGED,
    BASELINE,
    HALVES,
    NO_WEIGHTS,
    REGRESSION,
    TABLE,
    TARGET_FOLDS,
    Row,
    logistic,
)

ROWS = [
    Row(
        name="direct-classifier-concatenate",
        make=lambda: DirectTransferClassifier(logistic()),
        grid={"strategy": ["concatenate", "balanced"]},
        tolerance=1e-5,
        expected_failures={**BASELINE, **NO_WEIGHTS},
    ),
    Row(
        name="direct-classifier-balanced",
        make=lambda: DirectTransferClassifier(logistic(), strategy="balanced"),
        grid={"estimator__C": [0.01, 1.0]},
        tolerance=1e-5,
        expected_failures=BASELINE,
    ),
    Row(
        name="direct-classifier-onehot",
        make=lambda: DirectTransferClassifier(logistic(), strategy="domain_onehot"),
        grid={"domain_scale": [0.1, 1.0]},
        tolerance=1e-5,
        expected_failures={**BASELINE, **NO_WEIGHTS, **TABLE},
    ),
    Row(
        name="direct-classifier-augment",
        make=lambda: DirectTransferClassifier(logistic(), strategy="augment"),
        grid={"domain_scale": [0.1, 1.0]},
        tolerance=1e-5,
        expected_failures={**BASELINE, **NO_WEIGHTS, **TABLE},
    ),
    Row(
        name="direct-regressor-concatenate",
        make=DirectTransferRegressor,
        grid={"strategy": ["concatenate", "balanced"]},
        expected_failures={**REGRESSION, **NO_WEIGHTS},
    ),
    Row(
        name="direct-regressor-onehot",
        make=lambda: DirectTransferRegressor(strategy="domain_onehot"),
        grid={"domain_scale": [0.1, 1.0]},
        expected_failures={**REGRESSION, **NO_WEIGHTS, **TABLE},
    ),
    Row(
        name="art-classifier",
        make=lambda: ARTClassifier(logistic(), max_splits=5, random_state=0),
        grid={"rate": [0.0, 1.0]},
        draws_rows=HALVES,
        counts_rows=HALVES,
        tolerance=1e-5,
        expected_failures={**NO_WEIGHTS, "check_dataframe_reaches_the_inner_estimator": AVERAGED},
    ),
    Row(
        name="art-regressor",
        make=lambda: ARTRegressor(max_splits=5, random_state=0),
        grid={"rate": [0.0, 1.0]},
        draws_rows=HALVES,
        counts_rows=HALVES,
        expected_failures=NO_WEIGHTS,
    ),
    Row(
        name="source-detection-classifier",
        make=lambda: SourceDetectionClassifier(logistic(), random_state=0),
        grid={"debias": ["level", None]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
        tolerance=1e-5,
        expected_failures={**NO_WEIGHTS, "check_dataframe_reaches_the_inner_estimator": AVERAGED},
    ),
    Row(
        name="source-detection-classifier-tree",
        make=lambda: SourceDetectionClassifier(
            DecisionTreeClassifier(max_depth=2, random_state=0), random_state=0
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
        expected_failures={**NO_WEIGHTS, "check_dataframe_reaches_the_inner_estimator": AVERAGED},
    ),
    Row(
        name="source-detection-regressor",
        make=lambda: SourceDetectionRegressor(random_state=0),
        grid={"debias": ["level", None]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
        expected_failures=NO_WEIGHTS,
    ),
]
