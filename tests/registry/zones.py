# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of the registry: transfer from the sources in a zone."""

from __future__ import annotations

from sklearn.tree import DecisionTreeRegressor

from sklearn_transfer.boosting import TrAdaBoostClassifier
from sklearn_transfer.ensemble import DirectTransferClassifier, DirectTransferRegressor
from sklearn_transfer.similarity import CrossLearningScore
from sklearn_transfer.weighting import UOWQClassifier
from sklearn_transfer.zones import TransferZoneClassifier, TransferZoneRegressor
from tests.registry.row import NO_WEIGHTS, ONCE, Row, logistic, tree

FOLDS = "the folds of a domain's own error are dealt out by a row's place in it"
NUMBERS = "the models of the score are given the table too, and take no text"
WANTED = ("positive", "ambiguous")
TEXT = {"check_dataframe_reaches_the_inner_estimator": NUMBERS}
ALONE = {"check_failed_refit_leaves_the_last_fit": ONCE}


def regression_tree() -> DecisionTreeRegressor:
    return DecisionTreeRegressor(max_depth=2, random_state=0)


ROWS = [
    Row(
        name="zone-classifier-default",
        make=lambda: TransferZoneClassifier(
            similarity=CrossLearningScore(tree(), cv=3), use=WANTED, random_state=0
        ),
        grid={"use": [(), ("positive",), WANTED]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        tolerance=1e-3,
        expected_failures={**TEXT, **NO_WEIGHTS},
    ),
    Row(
        name="zone-classifier-select",
        make=lambda: TransferZoneClassifier(
            logistic(),
            similarity=CrossLearningScore([logistic(), tree()], cv=2),
            transfer=UOWQClassifier(guard="select"),
            use=WANTED,
            level=1e-4,
            random_state=0,
        ),
        grid={"similarity__sharpness": [0.0, 15.0]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        tolerance=1e-4,
        expected_failures=TEXT,
    ),
    Row(
        name="zone-classifier-boosting",
        make=lambda: TransferZoneClassifier(
            tree(),
            similarity=CrossLearningScore(tree(), cv=3),
            transfer=TrAdaBoostClassifier(n_estimators=4),
            use=WANTED,
            standard_error="losses",
            random_state=0,
        ),
        alone=tree,
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        expected_failures=TEXT,
    ),
    Row(
        name="zone-classifier-pooled",
        make=lambda: TransferZoneClassifier(
            logistic(),
            similarity=CrossLearningScore(tree(), cv=3),
            transfer=DirectTransferClassifier(),
            use=WANTED,
            random_state=0,
        ),
        grid={"negative_z": [0.0, 3.719]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        tolerance=1e-5,
        expected_failures={**TEXT, **NO_WEIGHTS, **ALONE},
    ),
    Row(
        name="zone-regressor-default",
        make=lambda: TransferZoneRegressor(
            similarity=CrossLearningScore(regression_tree(), cv=3), use=WANTED, random_state=0
        ),
        grid={"positive_z": [0.0, 2.0]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        tolerance=1e-5,
        expected_failures={**TEXT, **NO_WEIGHTS},
    ),
    Row(
        name="zone-regressor-pooled",
        make=lambda: TransferZoneRegressor(
            regression_tree(),
            similarity=CrossLearningScore(regression_tree(), cv=3),
            transfer=DirectTransferRegressor(),
            use=WANTED,
            random_state=0,
        ),
        grid={"transfer__strategy": ["concatenate", "target_only"]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        expected_failures={**TEXT, **NO_WEIGHTS, **ALONE},
    ),
]
