# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The Cross-Learning Score of two data sets that are at hand one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from sklearn_transfer._sklearn import _num_samples
from sklearn_transfer.similarity._cross_learning import CrossLearningScore


def cross_learning_score(
    X_target: Any,
    y_target: Any,
    X_source: Any,
    y_source: Any,
    *,
    estimators: Any = None,
    aggregation: str = "ensemble",
    sharpness: float = 15.0,
    cv: int = 5,
    loss: Any = "auto",
    voting: str = "soft",
    domain_weight: float = 0.5,
    random_state: Any = None,
) -> float:
    """Cross-Learning Score of a target and a source.

    Parameters
    ----------
    X_target : {array-like, sparse matrix, dataframe} of shape (n_target_samples, n_features)
        Rows of the target.
    y_target : array-like of shape (n_target_samples,)
        Their labels or values.
    X_source : {array-like, sparse matrix, dataframe} of shape (n_source_samples, n_features)
        Rows of the source; a dataframe if `X_target` is one.
    y_source : array-like of shape (n_source_samples,)
        Their labels or values.
    estimators : estimator, list of estimator, list of (str, estimator) or dict, default=None
        Base models. None takes those of the paper.
    aggregation : {"ensemble", "weighted", "mean"}, default="ensemble"
        How several models become one score.
    sharpness : float, default=15.0
        The g of the models' weights, exp(-g error).
    cv : int, default=5
        Number of folds of each data set's own error.
    loss : {"auto", "zero_one", "log_loss", "squared_error"}, str or callable, default="auto"
        Error of a prediction, or a scorer.
    voting : {"soft", "hard"}, default="soft"
        Whether classifiers answer by probabilities or by one vote.
    domain_weight : float, default=0.5
        Weight of the errors on the target's rows.
    random_state : int, RandomState instance or None, default=None
        Of the folds.

    Returns
    -------
    score : float
        Excess error; about 0 where both share the relation of y to X, not a number where one of
        them has no models to compare.

    See Also
    --------
    CrossLearningScore : Of many domains, with zones and standard errors.

    References
    ----------
    "Quantifying Data Similarity Using Cross Learning", 2025, arXiv:2510.10866, Algorithms 1 and 2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_transfer.similarity import cross_learning_score
    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> y = X[:, 0] > 0
    >>> model = LogisticRegression()
    >>> there = -X[200:]
    >>> float(round(cross_learning_score(
    ...     X[:200], y[:200], there, y[200:], estimators=model, random_state=0
    ... ), 2))
    0.97
    """
    measure = CrossLearningScore(
        estimators,
        aggregation=aggregation,
        sharpness=sharpness,
        cv=cv,
        loss=loss,
        voting=voting,
        target_domain="target",
        domain_weight=domain_weight,
        random_state=random_state,
    )
    n_target, n_source = _num_samples(X_target), _num_samples(X_source)
    _check_lengths("target", n_target, y_target)
    _check_lengths("source", n_source, y_source)
    measure.fit(
        _stacked(X_target, X_source),
        np.concatenate([np.asarray(y_target), np.asarray(y_source)]),
        sample_domain=np.repeat(["target", "source"], [n_target, n_source]),
    )
    return float(measure.source_scores_[0])


def _check_lengths(name: str, n_samples: int, y: Any) -> None:
    """Refuse y of another length: both together might fit all rows, and be shifted."""
    if _num_samples(y) != n_samples:
        raise ValueError(
            f"`y_{name}` must have one entry per row of `X_{name}`. Got {_num_samples(y)} entries "
            f"for {n_samples} rows instead; pass the labels of these rows."
        )


def _stacked(first: Any, second: Any) -> Any:
    """Rows of both, as the table that they are."""
    if hasattr(first, "columns") != hasattr(second, "columns"):
        raise ValueError(
            "`X_target` and `X_source` must both be dataframes or both be arrays. Got "
            f"{type(first).__name__} and {type(second).__name__} instead; convert one of them."
        )
    if hasattr(first, "columns"):
        if list(first.columns) != list(second.columns):
            raise ValueError(
                "`X_target` and `X_source` must have the same columns in the same order. Got "
                f"{list(first.columns)} and {list(second.columns)} instead; select them alike."
            )
        if hasattr(first, "vstack"):
            return first.vstack(second)
        import pandas as pd

        return pd.concat([first, second], ignore_index=True)
    if not (sparse.issparse(first) or sparse.issparse(second)):
        first, second = np.asarray(first), np.asarray(second)
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(
            "`X_target` and `X_source` must have the same columns. Got rows of shape "
            f"{first.shape[1:]} and {second.shape[1:]} instead; give what both have."
        )
    if sparse.issparse(first) or sparse.issparse(second):
        return sparse.vstack([first, second], format="csr")
    return np.concatenate([first, second])
