# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""From scores of all features for all tasks: the tree of the tasks, and rankings to compare."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import pdist

from sklearn_transfer.metrics import discounted_cumulative_gain_agreement, spearman_agreement

Array = NDArray[np.float64]

_MEASURES = {
    "spearman": spearman_agreement,
    "discounted_cumulative_gain": discounted_cumulative_gain_agreement,
}


def task_tree(
    scores: Array, *, metric: str, method: str, n_clusters: int
) -> tuple[Array, NDArray[np.intp]]:
    """Cluster tasks by the columns of their scores.

    Parameters
    ----------
    scores : ndarray of shape (n_tasks, n_tasks)
        Features in rows, tasks in columns.
    metric : str
        Distance of two columns, as SciPy names it.
    method : str
        Distance of two clusters, as SciPy names it.
    n_clusters : int
        Number of clusters; no more than tasks are made.

    Returns
    -------
    merges : ndarray of shape (n_tasks - 1, 4)
        As `scipy.cluster.hierarchy` has them.
    labels : ndarray of shape (n_tasks,)
        Cluster of each task.

    Raises
    ------
    ValueError
        If a distance is not defined.
    """
    n_tasks = scores.shape[1]
    if n_tasks < 2:
        return np.empty((0, 4)), np.zeros(n_tasks, dtype=np.intp)
    distances = pdist(scores.T, metric=metric)
    if not np.isfinite(distances).all():
        raise ValueError(
            f"metric={metric!r} must have scores that are finite and differ between "
            "sources. Got a task for which it is undefined instead; use "
            "metric='euclidean', or another `scoring`."
        )
    # Rounding may take the distance of equal directions below zero.
    merges = linkage(np.maximum(distances, 0.0), method=method)
    cut = cut_tree(merges, n_clusters=min(n_clusters, n_tasks))
    return merges, cut[:, 0].astype(np.intp)


def ranking_agreement(scores: Array, reference: Any, *, measure: str, own: bool) -> Array:
    """Compare the rankings of sources by the scores with measured ones, task by task.

    Parameters
    ----------
    scores : ndarray of shape (n_tasks, n_tasks)
        Features in rows, tasks in columns.
    reference : array-like of shape (n_tasks, n_tasks)
        What the features turned out to be worth.
    measure : str
        Of the measures named in `TaskHierarchy.agreement`.
    own : bool
        Whether the diagonal takes part.

    Returns
    -------
    agreement : ndarray of shape (n_tasks,)
        NaN where there is no ranking.

    Raises
    ------
    ValueError
        If the measure is unknown or the reference cannot be ranked.
    """
    if measure not in _MEASURES:
        raise ValueError(f"`measure` must be one of {list(_MEASURES)}. Got {measure!r} instead.")
    truth = np.asarray(reference, dtype=float)
    n_tasks = len(scores)
    if truth.shape != (n_tasks, n_tasks):
        raise ValueError(
            f"`reference` must have shape ({n_tasks}, {n_tasks}), as `scores_` has. Got "
            f"{truth.shape} instead."
        )
    n_ranked = n_tasks if own else n_tasks - 1
    if n_ranked < 2:
        raise ValueError(
            f"A ranking must have two sources. Got {n_ranked} instead; score more domains."
        )
    takes_part = np.ones((n_tasks, n_tasks), dtype=bool)
    if not own:
        np.fill_diagonal(takes_part, False)
    pair = [m.T[takes_part.T].reshape(n_tasks, n_ranked) for m in (truth, scores)]
    return _MEASURES[measure](*pair)
