# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Draw a few rows of one domain to train on; the rest of it is tested on."""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._domains import factorize_labels
from sklearn_transfer.model_selection._allocation import draw_rows, majority_class
from sklearn_transfer.model_selection._base import Fold, class_labels


def check_size(name: str, value: Any, least: int) -> None:
    """Refuse what is neither a number of rows nor a fraction of them.

    Parameters
    ----------
    name : str
        Parameter.
    value : object
        What was given.
    least : int
        Smallest number of rows allowed.
    """
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least:
        return
    if isinstance(value, float | np.floating) and 0 < value < 1:
        return
    raise ValueError(
        f"`{name}` must be an integer of at least {least}, a number of rows, or a float between 0 "
        f"and 1, a fraction of them. Got {value!r} instead."
    )


def strata_of(y: Any, stratify: bool, n_samples: int) -> NDArray[np.intp]:
    """Codes by which every draw is proportional.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or None
        Labels or values.
    stratify : bool
        Whether to go by classes, where y holds classes.
    n_samples : int
        Number of rows.

    Returns
    -------
    strata : ndarray of shape (n_samples,)
        Codes of the classes; zeros where there are none.
    """
    labels = class_labels(y, n_samples) if stratify and y is not None else None
    if labels is None:
        return np.zeros(n_samples, dtype=np.intp)
    return factorize_labels(labels, n_samples, place="`y`", noun="class")[0]


def few_shot_fold(
    rows: NDArray[np.intp],
    label: Any,
    sizes: tuple[float, float | None],
    strata: NDArray[np.intp],
    groups: NDArray[np.intp] | None,
    rng: np.random.RandomState,
) -> Fold:
    """Draw the rows to train on, then those to test on.

    Parameters
    ----------
    rows : ndarray of shape (n_rows,)
        Rows of the domain.
    label : hashable
        Its label, for messages.
    sizes : tuple of (train_size, test_size)
        Numbers of rows or fractions of them; a test size of None takes all that remain.
    strata : ndarray of shape (n_samples,)
        Codes of the classes of all rows.
    groups : ndarray of shape (n_samples,) or None
        Codes of the groups of all rows.
    rng : RandomState
        Source of randomness.

    Returns
    -------
    fold : Fold
        The domain's rows that are not withheld are those drawn to train on.
    """
    n_rows = len(rows)
    train_size, test_size = sizes
    n_train = _rows_of("train_size", train_size, n_rows, floor)
    n_test = None if test_size is None else _rows_of("test_size", test_size, n_rows, ceil)
    if n_train + (n_test or 1) > n_rows:
        asked = f"train_size={train_size!r}"
        if test_size is not None:
            asked += f" and test_size={test_size!r}"
        raise ValueError(
            f"`train_size` must leave enough rows of the domain {label!r} to test on. Got {asked} "
            f"for {n_rows} rows instead; ask for fewer, or give a fraction."
        )
    # Whoever numbers groups by the domain's own rows has no empty ones.
    fellows = None if groups is None else np.unique(groups[rows], return_inverse=True)[1]
    classes = strata[rows]
    if fellows is not None:
        classes = majority_class(classes, fellows)
    train, touched = draw_rows(n_train, classes, fellows, rng)
    rest = np.flatnonzero(~touched)
    if len(rest) < (n_test or 1):
        raise ValueError(
            f"The groups of the domain {label!r} must leave {n_test or 1} or more rows to test on. "
            f"Got {len(rest)} rows of groups that train_size={train_size!r} leaves untouched "
            "instead; ask for fewer rows."
        )
    if n_test is not None:
        tested, _ = draw_rows(
            n_test, classes[rest], None if fellows is None else fellows[rest], rng
        )
        rest = rest[tested]
    return Fold(rows[rest], withheld=rows[~train])


def _rows_of(name: str, size: float, n_rows: int, rounded: Any) -> int:
    if isinstance(size, int | np.integer):
        return int(size)
    n = rounded(size * n_rows)
    if n < 1:
        raise ValueError(
            f"`{name}` must come to at least one row. Got {size!r} of {n_rows} rows instead; give "
            "a larger fraction or a number of rows."
        )
    return n
