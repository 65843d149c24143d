# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Look at what was learnt: displays of fitted transfer estimators, similarities and hierarchies."""

from __future__ import annotations

from sklearn_transfer.inspection._dendrogram import DendrogramDisplay
from sklearn_transfer.inspection._domain_similarity import DomainSimilarityDisplay
from sklearn_transfer.inspection._source_weights import SourceWeightsDisplay
from sklearn_transfer.inspection._zones import ZoneDisplay

__all__ = [
    "DendrogramDisplay",
    "DomainSimilarityDisplay",
    "SourceWeightsDisplay",
    "ZoneDisplay",
]
