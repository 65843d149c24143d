# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of the registry: the hierarchy of tasks."""

from __future__ import annotations

from typing import Any

from scipy.cluster.hierarchy import cophenet
from scipy.spatial.distance import squareform

from sklearn_transfer.transferability import TaskHierarchy
from tests.registry.row import logistic, tree
from tests.registry.score_row import ByDomain, ScoreRow


def tree_and_scores(hierarchy: TaskHierarchy) -> dict[str, Any]:
    """All that a hierarchy finds, by domain; the tree by the height at which two domains meet."""
    labels = hierarchy.domains_
    together = hierarchy.labels_[:, None] == hierarchy.labels_
    found: dict[str, Any] = {
        "scores": ByDomain(labels, hierarchy.scores_),
        "clusters": ByDomain(labels, together),
    }
    if len(labels) > 1:
        found["heights"] = ByDomain(labels, squareform(cophenet(hierarchy.linkage_)))
    if hasattr(hierarchy, "source_scores_"):
        found["source scores"] = ByDomain(hierarchy.source_domains_, hierarchy.source_scores_)
    return found


SCORE_ROWS = [
    ScoreRow(
        name="task-hierarchy",
        make=lambda: TaskHierarchy(logistic()),
        outputs=tree_and_scores,
        tolerance=1e-5,
    ),
    ScoreRow(
        name="task-hierarchy-tree-logme",
        make=lambda: TaskHierarchy(
            tree(), scoring="logme", response_method="predict_proba", metric="cityblock"
        ),
        outputs=tree_and_scores,
    ),
]
