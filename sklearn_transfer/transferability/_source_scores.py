# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Scores of sources, alone and together, on one and the same scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import diags, issparse

from sklearn_transfer._math.correlation import ROWS_PER_FEATURE
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer.transferability._evidence import leep, logme, nce
from sklearn_transfer.transferability._features import available_responses, concatenate_features
from sklearn_transfer.transferability._h_score import h_score
from sklearn_transfer.transferability._linear_probe import linear_probe_score

Array = NDArray[np.float64]
Score = Callable[[Sequence[int]], float]

# By what the source model must offer beside features.
OF_FEATURES = ("h_score", "logme", "linear_probe")
OF_PROBABILITIES = "leep"
OF_LABELS = "nce"
SCORINGS = (*OF_FEATURES, OF_PROBABILITIES, OF_LABELS)

SHRINKAGES = [StrOptions({"auto", "ledoit-wolf"}), Interval(Real, 0, 1, closed="left"), None]

# Features that are noise to Ledoit and Wolf alone would else leave nothing to compare.
MOST_SHRINKAGE = 0.99

PROBE_FOLDS = 5


def source_score(
    scoring: str | Callable[..., float],
    models: Sequence[FittedModel],
    features: Sequence[Any],
    X: Any,
    y: NDArray[Any],
    *,
    sample_weight: Array | None = None,
    regression: bool = False,
    shrinkage: float | str | None = "auto",
    together: int = 1,
    random_state: int | None = None,
) -> tuple[Score, float | str | None]:
    """Give the function that scores any of the sources, one or several side by side.

    Parameters
    ----------
    scoring : str or callable
        Of `SCORINGS`, or ``scoring(features, y)``.
    models : sequence of FittedModel
        The sources' models.
    features : sequence of {ndarray, csr_matrix}
        Their features of the target's rows.
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        The target's rows.
    y : ndarray of shape (n_samples,)
        Their labels or values.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Their weights.
    regression : bool, default=False
        Whether y are values rather than labels.
    shrinkage : {"auto", "ledoit-wolf"}, float or None, default="auto"
        Of the H-score. "auto" is decided once for all that are compared.
    together : int, default=1
        Most sources that will be scored side by side.
    random_state : int or None, default=None
        Of the linear probe's folds.

    Returns
    -------
    score : callable
        ``score(numbers)`` for a sequence of source numbers.
    shrinkage : float, str or None
        Of the H-score, as used; None for other scores.
    """
    check_scoring(scoring, regression=regression, weighted=sample_weight is not None)
    if scoring == OF_PROBABILITIES:
        return _leep_of(models, X, y, sample_weight), None
    if scoring == OF_LABELS:
        return _nce_of(models, X, y, sample_weight), None
    outcome = score_outcome(y, regression)
    task = "regression" if regression else "classification"
    used = None
    blocks = list(features)
    if scoring == "h_score":
        used = shrinkage
        if shrinkage == "auto":
            used, blocks = _common_shrinkage(blocks, outcome, sample_weight, together)

        def of_features(values: Any) -> float:
            return h_score(
                values, outcome, shrinkage=used, adjusted=True, sample_weight=sample_weight
            )

    elif scoring == "logme":

        def of_features(values: Any) -> float:
            return logme(values, outcome, task=task, sample_weight=sample_weight)

    elif scoring == "linear_probe":

        def of_features(values: Any) -> float:
            return linear_probe_score(
                values,
                outcome,
                task=task,
                cv=max(min(PROBE_FOLDS, len(outcome)), 2),
                random_state=random_state,
            )

    else:
        assert callable(scoring)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}

        def of_features(values: Any) -> float:
            return _one_number(scoring(values, y, **weights))

    def score(numbers: Sequence[int]) -> float:
        return float(of_features(concatenate_features([blocks[number] for number in numbers])))

    return score, used


def check_scoring(scoring: str | Callable[..., float], *, regression: bool, weighted: bool) -> None:
    """Refuse a score that cannot be computed, before anything is fitted.

    Parameters
    ----------
    scoring : str or callable
        Of `SCORINGS`, or a function.
    regression : bool
        Whether the target's y are values rather than labels.
    weighted : bool
        Whether the rows have weights.

    Raises
    ------
    ValueError
        If the score needs labels and gets values, or takes no weights and gets some.
    """
    if regression and scoring in (OF_PROBABILITIES, OF_LABELS):
        raise ValueError(
            f"scoring={scoring!r} must have labels to score. Got a regression target instead; "
            "choose 'h_score', 'logme' or 'linear_probe'."
        )
    if weighted and scoring == "linear_probe":
        raise ValueError(
            "scoring='linear_probe' must have rows of equal weight. Got `sample_weight` "
            "instead; leave it out or choose another score."
        )


def score_outcome(y: NDArray[Any], regression: bool) -> NDArray[Any]:
    """Floating-point numbers are measurements to the scores, anything else are labels.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels or values.
    regression : bool
        Which of the two.

    Returns
    -------
    outcome : ndarray of shape (n_samples,)
        Of a dtype by which the scores tell.
    """
    if regression:
        return y.astype(float)
    return np.unique(y, return_inverse=True)[1] if y.dtype.kind == "f" else y


def _one_number(value: Any) -> float:
    """What a function of the user gave: without an order nothing can be best."""
    try:
        number = float(value) if np.ndim(value) == 0 else np.nan
    except (TypeError, ValueError):
        number = np.nan
    if np.isnan(number):
        raise ValueError(
            "`scoring` must return one number for any features of the target's rows, constant ones "
            f"among them. Got {value!r} instead; return a low number where a score is undefined."
        )
    return number


def _common_shrinkage(
    blocks: list[Any], y: NDArray[Any], sample_weight: Array | None, together: int
) -> tuple[float, list[Any]]:
    """None is needed if the widest set that will be compared has enough rows."""
    mass = len(y) if sample_weight is None else float(sample_weight.sum())
    widths = sorted(block.shape[1] for block in blocks)
    if mass >= ROWS_PER_FEATURE * sum(widths[-together:]):
        return 0.0, blocks
    n_blocks = len(blocks)
    return median_shrinkage(blocks, [y] * n_blocks, [sample_weight] * n_blocks)


def median_shrinkage(
    blocks: Sequence[Any], outcomes: Sequence[NDArray[Any]], sample_weights: Sequence[Array | None]
) -> tuple[float, list[Any]]:
    """One intensity for all that are compared: with and without, scores have different scales.

    Parameters
    ----------
    blocks : sequence of {ndarray, csr_matrix}
        Features.
    outcomes : sequence of ndarray
        Labels or values of the rows of each block.
    sample_weights : sequence of ndarray or None
        Their weights.

    Returns
    -------
    intensity : float
        Median of Ledoit and Wolf's intensities for the standardised features.
    scaled : list of {ndarray, csr_matrix}
        Those features.
    """
    scaled = [
        standardised(block, weight) for block, weight in zip(blocks, sample_weights, strict=True)
    ]
    found = [
        h_score(block, y, shrinkage="ledoit-wolf", sample_weight=weight, return_shrinkage=True)[1]
        for block, y, weight in zip(scaled, outcomes, sample_weights, strict=True)
    ]
    return min(float(np.median(found)), MOST_SHRINKAGE), scaled


def standardised(features: Any, sample_weight: Array | None) -> Any:
    """Columns that vary, at unit variance; the H-score does not see their means.

    Parameters
    ----------
    features : {ndarray, csr_matrix} of shape (n_samples, n_features)
        Any.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows.

    Returns
    -------
    scaled : {ndarray, csr_matrix} of shape (n_samples, n_varying)
        One column of zeros if nothing varies.
    """
    if issparse(features):
        mean = _average(features, sample_weight)
        variance = _average(features.multiply(features).tocsr(), sample_weight) - mean**2
        size = np.maximum(mean**2, np.finfo(float).tiny)
    else:
        mean = np.average(features, axis=0, weights=sample_weight)
        variance = np.average(np.square(features - mean), axis=0, weights=sample_weight)
        size = mean**2 + variance
    varies = np.flatnonzero(variance > 1e-12 * size)
    if len(varies) == 0:
        return np.zeros((features.shape[0], 1))
    scale = 1.0 / np.sqrt(variance[varies])
    if issparse(features):
        return (features[:, varies] @ diags(scale)).tocsr()
    return features[:, varies] * scale


def _average(features: Any, sample_weight: Array | None) -> Array:
    n_rows = features.shape[0]
    weight = np.ones(n_rows) if sample_weight is None else sample_weight
    return np.asarray(features.T @ weight).ravel() / weight.sum()


def _leep_of(
    models: Sequence[FittedModel],
    X: Any,
    y: NDArray[Any],
    sample_weight: Array | None,
) -> Score:
    """Several sources: their classes beside each other, each source believed alike."""
    for model in models:
        if "predict_proba" not in available_responses(model):
            raise ValueError(
                "scoring='leep' must have source models with `predict_proba` for one output. Got "
                f"{type(model.estimator).__name__} instead; choose another estimator or "
                "scoring='h_score'."
            )
    probabilities = [np.asarray(model.estimator.predict_proba(X), dtype=float) for model in models]
    labels = np.unique(y, return_inverse=True)[1]

    def score(numbers: Sequence[int]) -> float:
        theta = np.hstack([probabilities[number] for number in numbers]) / len(numbers)
        return leep(theta, labels, sample_weight=sample_weight)

    return score


def _nce_of(
    models: Sequence[FittedModel],
    X: Any,
    y: NDArray[Any],
    sample_weight: Array | None,
) -> Score:
    """Several sources: the label is the tuple of their labels."""
    for model in models:
        if model.classes is None:
            raise ValueError(
                "scoring='nce' must have source models that are classifiers. Got "
                f"{type(model.estimator).__name__} instead; choose another estimator or "
                "scoring='h_score'."
            )
    predicted = [np.unique(model.predict(X), return_inverse=True)[1] for model in models]
    labels = np.unique(y, return_inverse=True)[1]

    def score(numbers: Sequence[int]) -> float:
        columns = np.column_stack([predicted[number] for number in numbers])
        joint = np.unique(columns, axis=0, return_inverse=True)[1].ravel()
        return nce(joint, labels, sample_weight=sample_weight)

    return score
