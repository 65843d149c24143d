# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Linear probe: the cross-validated score of a linear model on frozen features."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_transfer._sklearn import HasMethods, Interval, StrOptions, validate_params
from sklearn_transfer.transferability._inputs import (
    check_features,
    check_labels,
    check_outputs,
    is_measured,
)


@validate_params(
    {
        "estimator": [HasMethods("fit"), None],
        "task": [StrOptions({"auto", "classification", "regression"})],
        "scoring": [str, callable, None],
        "cv": ["cv_object", Interval(Integral, 2, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def linear_probe_score(
    features: Any,
    y: Any,
    *,
    estimator: Any = None,
    task: str = "auto",
    scoring: Any = None,
    cv: Any = 5,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> float:
    """Cross-validated score of a linear model on frozen features.

    Parameters
    ----------
    features : {array-like, sparse matrix} of shape (n_samples, n_features)
        Representation of the target's rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Labels or measurements of the target; several outputs for regression only.
    estimator : estimator, default=None
        The probe. None is logistic regression or ridge regression on standardised features.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" is regression for floating-point y and classification otherwise.
    scoring : str or callable, default=None
        Scorer of scikit-learn. None is the estimator's own score: accuracy or R^2.
    cv : int, cross-validation generator or iterable, default=5
        Number of folds or splitter. Folds are shuffled, and stratified where every class has as
        many rows as there are folds.
    n_jobs : int, default=None
        Number of folds fitted in parallel.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffle.

    Returns
    -------
    score : float
        Mean over the folds; greater is better.

    See Also
    --------
    h_score : At the cost of one matrix product, without a fit.
    logme : Evidence in place of cross-validation.

    Notes
    -----
    The measure that the other scores stand in for, at the price of `cv` fits, and with the noise
    of few rows. A fold may lack a class that has fewer rows than there are folds.

    References
    ----------
    .. [1] G. Alain, Y. Bengio, "Understanding intermediate layers using linear classifier
           probes", arXiv:1610.01644.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_transfer.transferability import linear_probe_score
    >>> X, y = load_iris(return_X_y=True)
    >>> linear_probe_score(X, y, random_state=0)
    0.96
    """
    features = check_features(features)
    outputs = check_outputs(y, features)
    regression = task == "regression" or (task == "auto" and is_measured(outputs))
    target = outputs[:, 0] if outputs.shape[1] == 1 else outputs
    splitter = cv
    if isinstance(cv, Integral):
        n_splits = int(cv)
        if n_splits > features.shape[0]:
            raise ValueError(
                f"`cv` must not exceed the number of rows. Got {n_splits} folds of "
                f"{features.shape[0]} rows instead; take fewer folds."
            )
        splitter = KFold(n_splits, shuffle=True, random_state=random_state)
    if not regression:
        labels, codes = check_labels(y, features)
        counts = np.bincount(codes)
        if len(labels) < 2:
            raise ValueError(
                "`y` must have at least two classes. Got one instead; nothing is to be told apart."
            )
        if isinstance(cv, Integral) and counts.min() >= n_splits:
            splitter = StratifiedKFold(n_splits, shuffle=True, random_state=random_state)
        target = codes
    if estimator is None:
        scaler = StandardScaler(with_mean=not issparse(features))
        estimator = make_pipeline(
            scaler, Ridge() if regression else LogisticRegression(max_iter=1000)
        )
    scores = cross_val_score(
        estimator,
        features,
        target,
        scoring=scoring,
        cv=splitter,
        n_jobs=n_jobs,
        error_score="raise",
    )
    return float(scores.mean())
