# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Which row goes where, once classes and groups are numbers: pure functions on codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stratified_folds(
    classes: NDArray[np.intp], n_folds: int, rng: np.random.RandomState | None
) -> NDArray[np.intp]:
    """Deal the rows of each class over the folds.

    Fold sizes differ by at most one row, and so do the rows of any class. The folds are those of
    scikit-learn's `StratifiedKFold`, which refuses classes that are all smaller than `n_folds`.

    Parameters
    ----------
    classes : ndarray of shape (n_rows,)
        Codes of the classes, numbered by first appearance.
    n_folds : int
        Number of folds.
    rng : RandomState or None
        None keeps the rows of a class in blocks, in the order given.

    Returns
    -------
    folds : ndarray of shape (n_rows,)
        Number of the fold that tests each row.
    """
    order = np.argsort(classes, kind="stable")
    folds = np.empty(len(classes), dtype=np.intp)
    begin = 0
    for count in np.bincount(classes):
        # One deck for all classes: where one class stops, the next goes on, so sizes stay even.
        dealt = np.sort(np.arange(begin, begin + count) % n_folds)
        if rng is not None:
            rng.shuffle(dealt)
        folds[order[begin : begin + count]] = dealt
        begin += count
    return folds


def proportional_quota(
    counts: NDArray[np.intp], n_draw: int, rng: np.random.RandomState
) -> NDArray[np.intp]:
    """Share a number of draws in proportion to counts, by largest remainder.

    Parameters
    ----------
    counts : ndarray of shape (n_strata,)
        Rows of each stratum.
    n_draw : int
        Rows to draw, at most their sum.
    rng : RandomState
        Breaks ties.

    Returns
    -------
    quota : ndarray of shape (n_strata,)
        Rows to draw of each stratum: they sum to `n_draw`, and each is its exact share rounded
        down or up.
    """
    quota, remainder = np.divmod(counts * n_draw, counts.sum())
    largest = np.lexsort((rng.permutation(len(counts)), -remainder))
    quota[largest[: n_draw - quota.sum()]] += 1
    return quota


def draw_rows(
    n_draw: int,
    strata: NDArray[np.intp],
    groups: NDArray[np.intp] | None,
    rng: np.random.RandomState,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw an exact number of rows in proportion to the strata, group after group.

    Parameters
    ----------
    n_draw : int
        Number of rows, at most that of `strata`.
    strata : ndarray of shape (n_rows,)
        Codes; all rows of a group are of one stratum.
    groups : ndarray of shape (n_rows,) or None
        Codes of the groups. Of the last group drawn in a stratum only the rows still needed are
        taken.
    rng : RandomState
        Source of randomness.

    Returns
    -------
    drawn : ndarray of bool of shape (n_rows,)
        The rows drawn.
    touched : ndarray of bool of shape (n_rows,)
        The rows of all groups of which a row was drawn.
    """
    n_rows = len(strata)
    counts = np.bincount(strata)
    quota = proportional_quota(counts, n_draw, rng)
    turn = rng.permutation(n_rows)
    if groups is None:
        order = np.lexsort((turn, strata))
    else:
        order = np.lexsort((turn, rng.permutation(groups.max() + 1)[groups], strata))
    place = np.arange(n_rows) - np.repeat(np.cumsum(counts) - counts, counts)
    drawn = np.zeros(n_rows, dtype=bool)
    drawn[order[place < np.repeat(quota, counts)]] = True
    if groups is None:
        return drawn, drawn
    return drawn, rows_sharing_a_group(groups, np.flatnonzero(drawn))


def rows_sharing_a_group(groups: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which rows belong to a group of the rows given.

    Parameters
    ----------
    groups : ndarray of shape (n_rows,)
        Codes of the groups.
    rows : ndarray of shape (n,)
        Row numbers.

    Returns
    -------
    shares : ndarray of bool of shape (n_rows,)
        True for the rows given and for their fellows.
    """
    held = np.zeros(groups.max(initial=0) + 1, dtype=bool)
    held[groups[rows]] = True
    return held[groups]


def majority_class(classes: NDArray[np.intp], groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """Most frequent class of each row's group, the first of equals.

    Parameters
    ----------
    classes : ndarray of shape (n_rows,)
        Codes of the classes.
    groups : ndarray of shape (n_rows,)
        Codes of the groups.

    Returns
    -------
    majority : ndarray of shape (n_rows,)
        A class code for each row.
    """
    n_classes = classes.max() + 1
    table = np.bincount(groups * n_classes + classes, minlength=(groups.max() + 1) * n_classes)
    return table.reshape(-1, n_classes).argmax(axis=1)[groups]
