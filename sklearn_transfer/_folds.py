# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows held out: in folds, or once for early stopping; rows of one group stay together."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, train_test_split
from sklearn.utils import check_random_state

from sklearn_transfer._warnings import warn_transfer

Rows = NDArray[np.intp]

# Beyond so many groups each fold has about every class's share anyway, and they are balanced one
# by one, in Python.
_MOST_BALANCED = 1000


def deal_folds(
    y: NDArray[Any],
    n_folds: int,
    classes: NDArray[Any] | None,
    random_state: Any,
    groups: Rows | None = None,
    *,
    from_anywhere: bool = False,
) -> Rows:
    """Deal rows out to folds, classes evenly, however few rows they have.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels or values.
    n_folds : int
        Number of folds; there are fewer where there are fewer groups.
    classes : ndarray or None
        Given for labels, None for values.
    random_state : int, RandomState instance or None
        Of the shuffle.
    groups : ndarray of int of shape (n_samples,) or None, default=None
        Rows of one group come to one fold. None, or a group for every row, deals single rows.
    from_anywhere : bool, default=False
        Whether single rows are dealt from a random fold on rather than from the first, so that
        a class of one row is not always in the same fold.

    Returns
    -------
    fold_of_row : ndarray of shape (n_samples,)
        Fold numbers; all 0 where there is one group.
    """
    random_state = check_random_state(random_state)
    if groups is not None and len(np.unique(groups)) < len(groups):
        return _deal_groups(y, n_folds, classes, random_state, groups)
    # Random numbers are drawn in the order of the rows alone, not of labels or domains.
    shuffled = random_state.permutation(len(y))
    first = random_state.randint(n_folds) if from_anywhere else 0
    if classes is not None:
        shuffled = shuffled[np.argsort(y[shuffled], kind="stable")]
    fold_of_row = np.empty(len(y), dtype=np.intp)
    fold_of_row[shuffled] = (np.arange(len(y)) + first) % n_folds
    return fold_of_row


def _deal_groups(
    y: NDArray[Any],
    n_folds: int,
    classes: NDArray[Any] | None,
    random_state: np.random.RandomState,
    groups: Rows,
) -> Rows:
    """Deal whole groups; classes evenly, as far as the groups allow."""
    fold_of_row = np.zeros(len(y), dtype=np.intp)
    n_groups = len(np.unique(groups))
    n_folds = min(n_folds, n_groups)
    if n_folds < 2:
        return fold_of_row
    splitter: Any = GroupKFold(n_folds, shuffle=True, random_state=random_state)
    codes = np.zeros(len(y), dtype=np.intp)
    if classes is not None:
        codes = np.searchsorted(classes, y)
        if np.bincount(codes).max() >= n_folds and n_groups <= _MOST_BALANCED:
            # Shuffled here, by name: scikit-learn 1.7 loses the balance of classes where it does.
            groups = random_state.permutation(n_groups)[np.unique(groups, return_inverse=True)[1]]
            splitter = StratifiedGroupKFold(n_folds)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for number, (_, held) in enumerate(splitter.split(codes, codes, groups)):
            fold_of_row[held] = number
    return np.unique(fold_of_row, return_inverse=True)[1]  # balancing may leave a fold empty


def can_hold_out(y: NDArray[Any], classes: NDArray[Any] | None, groups: Rows | None) -> bool:
    """Whether models can be compared on rows that are held out.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels or values.
    classes : ndarray or None
        Given for labels, None for values.
    groups : ndarray of int of shape (n_samples,) or None
        Groups that stay together.

    Returns
    -------
    possible : bool
        False for a single row or group, and for rows of one class.
    """
    if len(y) < 2 or (groups is not None and len(np.unique(groups)) < 2):
        return False
    return classes is None or len(np.unique(y)) > 1


def hold_out(
    y: NDArray[Any],
    fraction: float,
    random_state: Any,
    stratify: bool,
    groups: Rows | None = None,
) -> tuple[Rows, Rows]:
    """Split rows into those to train on and those on which to stop early.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels or values.
    fraction : float
        Share of the rows to hold out.
    random_state : int, RandomState instance or None
        Of the shuffle.
    stratify : bool
        Whether to keep the classes' shares.
    groups : ndarray of int of shape (n_samples,) or None, default=None
        Rows of one group are held out together, and the share is kept as nearly as that allows.

    Returns
    -------
    train, held_out : ndarray
        Increasing row numbers. Where the rows are too few to be split, both are all rows, with a
        warning.
    """
    rows = np.arange(len(y))
    if groups is not None and len(np.unique(groups)) < len(groups):
        held = _held_out_groups(y, fraction, random_state, stratify, groups)
        if held is not None:
            return np.flatnonzero(~held), np.flatnonzero(held)
        what = f"{len(y)} rows in {len(np.unique(groups))} groups"
    else:
        what = f"{len(y)} rows"
        try:
            train, kept = train_test_split(
                rows,
                test_size=fraction,
                random_state=random_state,
                stratify=y if stratify else None,
            )
            return np.sort(train), np.sort(kept)
        except ValueError:
            pass
    warn_transfer(
        f"{what} are too few to hold out a share of {fraction:g} for early stopping: "
        "it watches the training rows themselves. Give more rows or set "
        "early_stopping_rounds=None.",
    )
    return rows, rows


def _held_out_groups(
    y: NDArray[Any], fraction: float, random_state: Any, stratify: bool, groups: Rows
) -> NDArray[np.bool_] | None:
    """Folds whose share of the rows is nearest to the one asked for, and leaves every class."""
    classes = np.unique(y) if stratify else None
    # A share is met to a tenth, as far as the groups allow.
    fold_of_row = deal_folds(y, 10, classes, random_state, groups)
    best, best_gap = None, np.inf
    for last in range(fold_of_row.max() + 1):
        held = fold_of_row <= last
        gap = abs(held.mean() - fraction)
        leaves_all = not held.all() and (
            classes is None or len(np.unique(y[~held])) == len(classes)
        )
        if leaves_all and gap < best_gap:
            best, best_gap = held, gap
    return best
