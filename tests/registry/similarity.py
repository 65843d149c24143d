# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of the registry: the Cross-Learning Score."""

from __future__ import annotations

from typing import Any

from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeRegressor

from sklearn_transfer.similarity import CrossLearningScore
from tests.registry.row import logistic, tree
from tests.registry.score_row import ByDomain, ScoreRow

FOLDS = "the folds of a domain's own error are dealt out by a row's place in it"
ONE_CV = "cv is a number of folds, dealt inside each domain, and takes no splits of all rows"
NO_SPLITS = {
    "check_sample_weight_equivalence_on_dense_data": ONE_CV,
    "check_sample_weight_equivalence_on_sparse_data": ONE_CV,
}


def matrices(measure: CrossLearningScore) -> dict[str, Any]:
    """All that a Cross-Learning Score finds, by domain."""
    labels = measure.domains_
    found: dict[str, Any] = {
        "scores": ByDomain(labels, measure.scores_),
        "cross": ByDomain(labels, measure.cross_errors_),
        "own": ByDomain(labels, measure.domain_errors_),
        "baseline": ByDomain(labels, measure.baseline_errors_),
        "weights": ByDomain(labels, measure.model_weights_, (0,)),
        "errors": ByDomain(labels, measure.model_errors_, (0,)),
        "by model": ByDomain(labels, measure.model_scores_, (1, 2)),
    }
    for name, values in measure.standard_errors_.items():
        found[f"standard error by {name}"] = ByDomain(labels, values)
    if hasattr(measure, "source_scores_"):
        found["source scores"] = ByDomain(measure.source_domains_, measure.source_scores_)
        found["zones"] = ByDomain(measure.source_domains_, measure.zones().zone.to_numpy())
    return found


SCORE_ROWS = [
    ScoreRow(
        name="cross-learning-ensemble",
        make=lambda: CrossLearningScore([logistic(), tree()], cv=3, random_state=0),
        outputs=matrices,
        draws_rows=FOLDS,
        expected_failures=NO_SPLITS,
    ),
    ScoreRow(
        name="cross-learning-one-model",
        make=lambda: CrossLearningScore(
            logistic(), cv=3, loss="log_loss", domain_weight=0.8, random_state=0
        ),
        outputs=matrices,
        draws_rows=FOLDS,
        tolerance=1e-5,
        expected_failures=NO_SPLITS,
    ),
    ScoreRow(
        name="cross-learning-regression",
        make=lambda: CrossLearningScore(
            [Ridge(), DecisionTreeRegressor(max_depth=2, random_state=0)],
            aggregation="weighted",
            cv=3,
            random_state=0,
        ),
        outputs=matrices,
        values=True,
        draws_rows=FOLDS,
        expected_failures=NO_SPLITS,
    ),
]
