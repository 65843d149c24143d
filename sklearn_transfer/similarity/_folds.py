# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Folds of every domain, fewer where it is small, none where it has nothing to learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._domains import listed
from sklearn_transfer._families import deal_folds
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
    for label, rows in zip(domains.labels.tolist(), domains.rows, strict=True):
        y = domains.y[rows]
        if not _can_be_split(y, classify):
            folds.append(None)
            left_out.append(label)
            continue
        if len(rows) < n_folds:
            fewer.append(label)
        groups = np.unique(y) if classify else None
        folds.append(deal_folds(y, min(n_folds, len(rows)), groups, seed))
    said = []
    if left_out:
        needed = "two rows of each of two classes" if classify else "two rows"
        said.append(
            f"Domains with fewer than {needed} have no models to compare and are left out: "
            f"[{listed(left_out)}]."
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
