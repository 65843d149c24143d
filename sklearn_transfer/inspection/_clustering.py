# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What displays of several domains share: reading an estimator, clustering its scores, labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

Array = NDArray[np.float64]

_MOST_TICK_LABELS = 60
_MOST_LARGE_LABELS = 25


def unwrap(estimator: Any, wanted: list[str], purpose: str) -> Any:
    """Find the part of a pipeline or search that has the attributes.

    Parameters
    ----------
    estimator : object
        Fitted; a pipeline ends in what is wanted, a search found it.
    wanted : list of str
        Attributes that it must have.
    purpose : str
        What they are for, for the message.

    Returns
    -------
    part : object
        It has all of `wanted`.

    Raises
    ------
    ValueError
        If no part has them.
    """
    while not all(hasattr(estimator, name) for name in wanted):
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            break
    missing = [name for name in wanted if not hasattr(estimator, name)]
    if missing and isinstance(estimator, BaseEstimator):
        check_is_fitted(estimator)
    if missing:
        raise ValueError(
            f"The estimator must have {', '.join(f'`{name}`' for name in wanted)} to {purpose}. "
            f"Got {type(estimator).__name__}, which lacks {', '.join(missing)}, instead; choose "
            "another or give the values to the display itself."
        )
    return estimator


def check_square(scores: Any, domains: Any) -> tuple[Array, list[str]]:
    """Validate a matrix of scores, domain by domain, and turn labels into text.

    Parameters
    ----------
    scores : array-like of shape (n_domains, n_domains)
        NaN where nothing is known.
    domains : array-like of shape (n_domains,)
        Labels.

    Returns
    -------
    scores : ndarray of shape (n_domains, n_domains)
        As floats.
    labels : list of str
        As text.

    Raises
    ------
    ValueError
        If the matrix is not square, or the labels do not match it.
    """
    matrix = np.asarray(scores, dtype=float)
    labels = [str(label) for label in domains]
    if matrix.ndim != 2 or matrix.shape != (len(labels), len(labels)) or not labels:
        raise ValueError(
            "`scores` must have shape (n_domains, n_domains) with one label per domain. Got shape "
            f"{matrix.shape} for {len(labels)} labels instead; score every domain on every domain, "
            "NaN where that is not known."
        )
    return matrix, labels


def score_linkage(scores: Array, *, greater_is_closer: bool, method: str) -> Array:
    """Cluster domains by a matrix of scores.

    Parameters
    ----------
    scores : ndarray of shape (n_domains, n_domains)
        The mean of both directions counts, or the one that is known; a pair of which neither is
        known is as far apart as the farthest known.
    greater_is_closer : bool
        Whether great scores mean that domains are alike.
    method : str
        Linkage of `scipy.cluster.hierarchy.linkage`.

    Returns
    -------
    linkage : ndarray of shape (n_domains - 1, 4)
        Heights are distances above the closest pair for similarities; scores themselves, raised
        to no less than 0, for distances.
    """
    known = np.isfinite(scores)
    total = np.where(known, scores, 0.0)
    count = known.astype(int) + known.T
    with np.errstate(invalid="ignore"):
        mean = (total + total.T) / count
    pairs = squareform(np.where(np.eye(len(scores), dtype=bool), 0.0, mean), checks=False)
    finite = pairs[np.isfinite(pairs)]
    if greater_is_closer:
        pairs = (finite.max() if len(finite) else 0.0) - pairs
    elif len(finite):
        pairs = pairs - min(finite.min(), 0.0)
    farthest = pairs[np.isfinite(pairs)].max() if len(finite) else 1.0
    return linkage(np.where(np.isfinite(pairs), pairs, farthest), method=method)


def dendrogram_order(
    scores: Array, *, greater_is_closer: bool, tree: Any = None
) -> NDArray[np.intp]:
    """Order of the domains at the leaves of a dendrogram.

    Parameters
    ----------
    scores : ndarray of shape (n_domains, n_domains)
        As `score_linkage` takes them.
    greater_is_closer : bool
        Whether great scores mean that domains are alike.
    tree : array-like of shape (n_domains - 1, 4) or None, default=None
        The linkage; None clusters the scores by average linkage.

    Returns
    -------
    order : ndarray of shape (n_domains,)
        Positions.
    """
    if len(scores) < 2:
        return np.arange(len(scores))
    if tree is None:
        tree = score_linkage(scores, greater_is_closer=greater_is_closer, method="average")
    return leaves_list(np.asarray(tree, dtype=float)).astype(np.intp)


def label_ticks(axis: Any, labels: list[str]) -> None:
    """Write every label where there is room, in small letters if need be, else every so many.

    Parameters
    ----------
    axis : matplotlib Axis
        Of a plot with one place per label, 0, 1, 2, ...
    labels : list of str
        In order.
    """
    step = -(-len(labels) // _MOST_TICK_LABELS)
    axis.set_ticks(np.arange(0, len(labels), step), labels[::step])
    if len(labels) > _MOST_LARGE_LABELS:
        axis.set_tick_params(labelsize=7)


def room_for(n_labels: int) -> float:
    """Inches that a row of labels needs.

    Parameters
    ----------
    n_labels : int
        Their number.

    Returns
    -------
    inches : float
        At most 14.
    """
    each = 0.32 if n_labels <= _MOST_LARGE_LABELS else 0.18
    return min(each * n_labels, 14.0)
