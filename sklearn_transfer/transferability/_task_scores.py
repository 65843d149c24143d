# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Scores of the features of every model for the task of every domain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.parallel import Parallel, delayed

from sklearn_transfer._math.correlation import ROWS_PER_FEATURE
from sklearn_transfer._progress import counted
from sklearn_transfer._weighted_fit import FittedModel, take_rows
from sklearn_transfer.transferability._features import model_features
from sklearn_transfer.transferability._source_scores import (
    median_shrinkage,
    score_outcome,
    source_score,
)

Array = NDArray[np.float64]


def task_scores(
    models: list[FittedModel],
    responses: list[str],
    X: Any,
    y: NDArray[Any],
    sample_weight: Array | None,
    rows: list[NDArray[np.intp]],
    *,
    scoring: Any,
    shrinkage: float | str | None,
    regression: bool,
    n_jobs: int | None,
    random_state: int,
) -> tuple[Array, float | str | None]:
    """Score all models for all tasks.

    Parameters
    ----------
    models : list of FittedModel
        One per source of features.
    responses : list of str
        How each is asked for features.
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows of all tasks.
    y : ndarray of shape (n_samples,)
        Labels or values.
    sample_weight : ndarray of shape (n_samples,) or None
        Row weights.
    rows : list of ndarray
        Row numbers of each task.
    scoring : str or callable
        As `source_score` takes it.
    shrinkage : float, str or None
        Of the H-score; "auto" is decided once for all.
    regression : bool
        Whether y are values rather than labels.
    n_jobs : int or None
        Number of tasks scored at once.
    random_state : int
        Of the linear probe's folds.

    Returns
    -------
    scores : ndarray of shape (n_models, n_tasks)
        One column per task.
    shrinkage : float, str or None
        As used; None for other scores than the H-score.
    """
    tables = [take_rows(X, own) for own in rows]
    weights = [None if sample_weight is None else sample_weight[own] for own in rows]
    # Threads share the features, and most of a score is spent in linear algebra.
    parallel = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    blocks = list(parallel(delayed(_features)(models, responses, table) for table in tables))
    used = shrinkage
    if scoring == "h_score" and shrinkage == "auto":
        outcomes = [score_outcome(y[own], regression) for own in rows]
        used, blocks = _common_shrinkage(blocks, outcomes, weights)
    columns = parallel(
        delayed(_column)(
            scoring,
            models,
            features,
            table,
            y[own],
            sample_weight=weight,
            regression=regression,
            shrinkage=used,
            random_state=random_state,
        )
        for features, table, own, weight in zip(blocks, tables, rows, weights, strict=True)
    )
    scores = np.column_stack(list(counted(columns, len(rows), "tasks")))
    return scores, used if scoring == "h_score" else None


def _features(models: list[FittedModel], responses: list[str], X: Any) -> list[Any]:
    """What every model says of the rows of one task."""
    return [
        model_features(model, X, response)
        for model, response in zip(models, responses, strict=True)
    ]


def _column(scoring: Any, models: list[FittedModel], *args: Any, **options: Any) -> Array:
    """Scores of all models for one task."""
    score, _ = source_score(scoring, models, *args, **options)
    return np.array([score((number,)) for number in range(len(models))])


def _common_shrinkage(
    blocks: list[list[Any]], outcomes: list[NDArray[Any]], weights: list[Array | None]
) -> tuple[float, list[list[Any]]]:
    """One intensity for all features and tasks, whose scores are compared with each other."""
    masses = [
        float(len(y)) if weight is None else float(weight.sum())
        for y, weight in zip(outcomes, weights, strict=True)
    ]
    widest = max(block.shape[1] for features in blocks for block in features)
    if min(masses) >= ROWS_PER_FEATURE * widest:
        return 0.0, blocks
    n_models = len(blocks[0])
    used, scaled = median_shrinkage(
        [block for features in blocks for block in features],
        [y for y in outcomes for _ in range(n_models)],
        [weight for weight in weights for _ in range(n_models)],
    )
    return used, [scaled[i * n_models : (i + 1) * n_models] for i in range(len(blocks))]
