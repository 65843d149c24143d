# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""How useful a source's representation is for the target, before anything is trained on it."""

from __future__ import annotations

from sklearn_transfer.transferability._correlation import (
    alternating_conditional_expectations,
    divergence_transition_matrix,
    maximal_correlation,
)
from sklearn_transfer.transferability._evidence import leep, logme, nce
from sklearn_transfer.transferability._h_score import (
    feature_h_scores,
    h_score,
    optimal_h_score,
    transferability,
)
from sklearn_transfer.transferability._hierarchy import TaskHierarchy
from sklearn_transfer.transferability._layers import (
    layer_transferability,
    target_transferability,
)
from sklearn_transfer.transferability._linear_probe import linear_probe_score
from sklearn_transfer.transferability._otce import otce
from sklearn_transfer.transferability._selector import HScoreSelector

__all__ = [
    "HScoreSelector",
    "TaskHierarchy",
    "alternating_conditional_expectations",
    "divergence_transition_matrix",
    "feature_h_scores",
    "h_score",
    "layer_transferability",
    "leep",
    "linear_probe_score",
    "logme",
    "maximal_correlation",
    "nce",
    "optimal_h_score",
    "otce",
    "target_transferability",
    "transferability",
]
