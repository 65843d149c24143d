# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""How alike domains are: by what their models say of each other, or by their rows."""

from __future__ import annotations

from sklearn_transfer.similarity._cross_learning import CrossLearningScore
from sklearn_transfer.similarity._divergences import (
    JensenShannonDivergence,
    KLDivergence,
    jensen_shannon_divergence,
    kl_divergence,
)
from sklearn_transfer.similarity._maximum_mean_discrepancy import (
    MaximumMeanDiscrepancy,
    maximum_mean_discrepancy,
)
from sklearn_transfer.similarity._otdd import OTDatasetDistance, ot_dataset_distance
from sklearn_transfer.similarity._pair import cross_learning_score
from sklearn_transfer.similarity._wasserstein import WassersteinDistance, wasserstein_distance

__all__ = [
    "CrossLearningScore",
    "JensenShannonDivergence",
    "KLDivergence",
    "MaximumMeanDiscrepancy",
    "OTDatasetDistance",
    "WassersteinDistance",
    "cross_learning_score",
    "jensen_shannon_divergence",
    "kl_divergence",
    "maximum_mean_discrepancy",
    "ot_dataset_distance",
    "wasserstein_distance",
]
