# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of the registry: frozen source models, aggregated."""

from __future__ import annotations

from sklearn_transfer.ensemble import HEnsembleClassifier, MaximalCorrelationWeightingClassifier
from tests.registry.row import AVERAGED, NO_WEIGHTS, Row, logistic, tree

AGGREGATED = {**NO_WEIGHTS, "check_dataframe_reaches_the_inner_estimator": AVERAGED}

ROWS = [
    Row(
        name="maximal-correlation-weighting",
        make=lambda: MaximalCorrelationWeightingClassifier(logistic()),
        grid={"response_method": ["decision_function", "predict_proba"]},
        tolerance=1e-5,
        expected_failures=AGGREGATED,
    ),
    Row(
        name="maximal-correlation-weighting-leaves",
        make=lambda: MaximalCorrelationWeightingClassifier(tree(), response_method="leaves"),
        grid={"estimator__max_depth": [1, 2]},
        expected_failures=AGGREGATED,
    ),
    Row(
        name="h-ensemble",
        make=lambda: HEnsembleClassifier(logistic()),
        grid={"estimator__C": [0.01, 1.0]},
        tolerance=1e-5,
        expected_failures=AGGREGATED,
    ),
    Row(
        name="h-ensemble-tree",
        make=lambda: HEnsembleClassifier(tree(), shrinkage=0.1),
        grid={"shrinkage": [0.1, 0.5]},
        expected_failures=AGGREGATED,
    ),
]
