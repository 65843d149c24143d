# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of the registry: the selector of sources by their features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from sklearn_transfer.transferability import HScoreSelector
from tests.registry.row import logistic, tree
from tests.registry.score_row import ByDomain, ScoreRow


def found(selector: HScoreSelector) -> dict[str, Any]:
    """All that a selector finds, by domain, and what it makes of some rows."""
    labels = selector.source_domains_
    scores = np.nan_to_num(selector.scores_, nan=-9.0)
    rows = np.random.default_rng(0).standard_normal((6, selector.n_features_in_))
    names = getattr(selector, "feature_names_in_", None)
    X = rows if names is None else pd.DataFrame(rows, columns=names)
    features = selector.transform(X)
    outputs: dict[str, Any] = {
        "scores": ByDomain(labels, scores),
        "ranking": ByDomain(labels, selector.ranking_),
        "features": features.toarray() if issparse(features) else features,
    }
    if selector.pair_scores_ is not None:
        outputs["pairs"] = ByDomain(labels, selector.pair_scores_)
    return outputs


SCORE_ROWS = [
    ScoreRow(
        name="h-score-selector",
        make=lambda: HScoreSelector(logistic()),
        outputs=found,
        needs_target=True,
        tolerance=1e-5,
    ),
    ScoreRow(
        name="h-score-selector-leaves-by-pairs",
        make=lambda: HScoreSelector(tree(), response_method="leaves", k=2, order=2),
        outputs=found,
        needs_target=True,
    ),
    ScoreRow(
        name="h-score-selector-regression",
        make=lambda: HScoreSelector(Ridge(), k="all"),
        outputs=found,
        values=True,
        needs_target=True,
    ),
    ScoreRow(
        name="h-score-selector-transformer",
        make=lambda: HScoreSelector(StandardScaler(), scoring="logme", k=2, order=3),
        outputs=found,
        needs_target=True,
    ),
    ScoreRow(
        name="h-score-selector-leep",
        make=lambda: HScoreSelector(logistic(), scoring="leep", response_method="predict_proba"),
        outputs=found,
        needs_target=True,
        tolerance=1e-5,
    ),
]
