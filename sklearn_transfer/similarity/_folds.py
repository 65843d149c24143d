# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Folds of every domain, fewer where it is small, none where it has nothing to learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._domains import listed
from sklearn_transfer._folds import deal_folds
from sklearn_transfer.similarity._base import DomainRows


def domain_folds(
    domains: DomainRows, n_folds: int, classify: bool, seed: int
) -> tuple[list[NDArray[np.intp] | None], str]:
    """Fold of every row, by domain.

    Parameters
    ----------
    domains : DomainRows
        The rows.
    n_folds : int
        As asked for.
    classify : bool
        Whether y are labels; then every fold leaves rows of two classes to learn from.
    seed : int
        Of the shuffle, the same for all domains, so that their names and order mean nothing.

    Returns
    -------
    folds : list of ndarray or None
        None for a domain that cannot be split.
    said : str
        What to warn of; empty where all is as asked.
    """
    folds: list[NDArray[np.intp] | None] = []
    left_out: list[Any] = []
    fewer: list[Any] = []
    held_together: list[Any] = []
    for label, rows in zip(domains.labels.tolist(), domains.rows, strict=True):
        y = domains.y[rows]
        if not _can_be_split(y, classify):
            folds.append(None)
            left_out.append(label)
            continue
        groups = None if domains.groups is None else domains.groups[rows]
        if groups is None and len(rows) < n_folds:
            fewer.append(label)
        classes = np.unique(y) if classify else None
        fold = deal_folds(y, min(n_folds, len(rows)), classes, seed, groups)
        if groups is not None and not _leaves_enough(y, fold, classify):
            folds.append(None)
            held_together.append(label)
            continue
        folds.append(fold)
    said = []
    if left_out:
        needed = "two rows of each of two classes" if classify else "two rows"
        said.append(
            f"Domains with fewer than {needed} have no models to compare and are left out: "
            f"[{listed(left_out)}]."
        )
    if held_together:
        needed = "rows of two classes" if classify else "rows"
        said.append(
            f"Domains whose `groups`, held out together, do not leave {needed} to learn from are "
            f"left out: [{listed(held_together)}]."
        )
    if fewer:
        said.append(
            f"Domains of fewer than {n_folds} rows are scored with a fold per row: "
            f"[{listed(fewer)}]."
        )
    return folds, " ".join(said)


def _can_be_split(y: NDArray[Any], classify: bool) -> bool:
    if not classify:
        return len(y) >= 2
    counts = np.unique(y, return_counts=True)[1]
    return int((counts >= 2).sum()) >= 2


def _leaves_enough(y: NDArray[Any], fold: NDArray[np.intp], classify: bool) -> bool:
    """Whether there are folds, and each leaves rows of two classes where y are labels."""
    if fold.max() == 0:
        return False
    least = 2 if classify else 1
    return all(len(np.unique(y[fold != number])) >= least for number in range(fold.max() + 1))
