# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of the registry: measures that compare the rows of domains."""

from __future__ import annotations

from typing import Any

from sklearn_transfer.similarity import (
    JensenShannonDivergence,
    KLDivergence,
    MaximumMeanDiscrepancy,
    OTDatasetDistance,
    WassersteinDistance,
)
from tests.registry.score_row import ByDomain, ScoreRow

COUNTED = "rows are counted, or paired, one by one: weights other than 1 are refused by name"
NO_COPIES = dict.fromkeys(
    [
        "check_inputs_of_scores_are_not_modified",
        "check_rows_of_no_weight_do_not_score",
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
        "check_sample_weights_list",
        "check_sample_weights_not_overwritten",
    ],
    COUNTED,
)
PAIRED = "disjoint pairs of rows are drawn by their place in the domain"
DRAWN = "rows are drawn by their place in the domain"


def scores(measure: Any) -> dict[str, Any]:
    """All that a distance between rows finds, by domain."""
    found: dict[str, Any] = {"scores": ByDomain(measure.domains_, measure.scores_)}
    if hasattr(measure, "bandwidth_"):
        found["bandwidth"] = measure.bandwidth_
    if hasattr(measure, "source_scores_"):
        found["source scores"] = ByDomain(measure.source_domains_, measure.source_scores_)
    return found


SCORE_ROWS = [
    ScoreRow(name="mmd", make=MaximumMeanDiscrepancy, outputs=scores, uses_y=False),
    ScoreRow(
        name="mmd-linear",
        make=lambda: MaximumMeanDiscrepancy(method="linear", random_state=0),
        outputs=scores,
        uses_y=False,
        draws_rows=PAIRED,
        expected_failures=NO_COPIES,
    ),
    ScoreRow(
        name="kl-neighbours",
        make=KLDivergence,
        outputs=scores,
        uses_y=False,
        expected_failures=NO_COPIES,
    ),
    ScoreRow(
        name="kl-gaussian",
        make=lambda: KLDivergence(method="gaussian"),
        outputs=scores,
        uses_y=False,
    ),
    ScoreRow(
        name="jensen-shannon-neighbours",
        make=JensenShannonDivergence,
        outputs=scores,
        uses_y=False,
        expected_failures=NO_COPIES,
    ),
    ScoreRow(
        name="jensen-shannon-gaussian",
        make=lambda: JensenShannonDivergence(method="gaussian"),
        outputs=scores,
        uses_y=False,
    ),
    ScoreRow(name="wasserstein", make=WassersteinDistance, outputs=scores, uses_y=False),
    ScoreRow(
        name="wasserstein-sinkhorn",
        make=lambda: WassersteinDistance(method="sinkhorn", order=1, regularization=0.2),
        outputs=scores,
        uses_y=False,
    ),
    ScoreRow(
        name="wasserstein-gaussian",
        make=lambda: WassersteinDistance(method="gaussian"),
        outputs=scores,
        uses_y=False,
    ),
    ScoreRow(
        name="otdd-drawn",
        make=lambda: OTDatasetDistance(max_samples=20, random_state=0),
        outputs=scores,
        draws_rows=DRAWN,
    ),
    ScoreRow(
        name="otdd-exact-labels",
        make=lambda: OTDatasetDistance(label_distance="exact"),
        outputs=scores,
    ),
    ScoreRow(
        name="otdd-regression",
        make=lambda: OTDatasetDistance(method="sinkhorn", label_distance="diagonal", n_bins=3),
        outputs=scores,
        values=True,
    ),
]
