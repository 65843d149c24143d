# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Few labelled target rows to train on, the others to test on, drawn again and again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sklearn_transfer._domains import target_code
from sklearn_transfer.model_selection._base import (
    BaseDomainSplitter,
    Fold,
    Found,
    check_boolean,
    check_integer,
)
from sklearn_transfer.model_selection._few_shot import check_size, few_shot_fold, strata_of


class TargetShuffleSplit(BaseDomainSplitter):
    """Few-shot splits: few target rows to train on, the others to test on, and all source rows.

    Each split draws exactly `train_size` rows of the target at random. They are trained on,
    together with **every source row**; the other target rows, or `test_size` of them, are tested
    on. This is the question of a small hospital: what would 50 labelled patients of mine have been
    worth?

    Read more in the :ref:`user guide <model_selection>`.

    Parameters
    ----------
    n_splits : int, default=10
        Number of draws.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain.
    train_size : int or float, default=50
        Target rows to train on: a number of rows, or a fraction of the target's rows (rounded
        down).
    test_size : int or float, default=None
        Target rows to test on: a number of rows, or a fraction of the target's rows (rounded up).
        None takes all that remain.
    stratify : bool, default=True
        Whether to draw in proportion to the target's classes. A y of continuous values, or none,
        is drawn from plainly.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    See Also
    --------
    StratifiedTargetKFold : Tests on each target row once.
    LeaveOneDomainOut : Each domain in turn is the one with few rows.

    Notes
    -----
    The domains are read from the first of these that is there: the column `domain_column` of X;
    `sample_domain`, which reaches a splitter only by metadata routing; `groups`.

    Stratified, each class gets its share of `train_size` rounded up or down (largest remainder), so
    a class too rare for a row of its own may be absent; classes of a single row are no error.

    **Groups**, such as patients, are kept together where `groups` are given and the domains are
    read from elsewhere. Groups are then drawn at random (within the groups' most frequent class, if
    stratified) until there are `train_size` rows. Of the last group only as many rows are taken as
    are needed; its other target rows are left out of the split, and so are the source rows of
    groups tested on. `train_size` and `test_size` stay exact.

    Test rows of different splits overlap, so these splits cannot serve
    :func:`~sklearn.model_selection.cross_val_predict`; no shuffle split can.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.model_selection import TargetShuffleSplit
    >>> X = np.zeros((9, 1))
    >>> y = [0, 1, 0, 1, 0, 1, 1, 1, 1]
    >>> sample_domain = ["here"] * 6 + ["there"] * 3
    >>> cv = TargetShuffleSplit(2, target_domain="here", train_size=2, random_state=0)
    >>> for train, test in cv.split(X, y, sample_domain=sample_domain):
    ...     print(train, test)
    [1 4 6 7 8] [0 2 3 5]
    [0 1 6 7 8] [2 3 4 5]
    """

    _keeps_groups = True

    def __init__(
        self,
        n_splits: int = 10,
        *,
        target_domain: Hashable = None,
        domain_column: str | int | None = None,
        train_size: float = 50,
        test_size: float | None = None,
        stratify: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        check_integer("n_splits", n_splits, 1)
        check_size("train_size", train_size, 1)
        if test_size is not None:
            check_size("test_size", test_size, 1)
        check_boolean("stratify", stratify)
        self.n_splits = n_splits
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.train_size = train_size
        self.test_size = test_size
        self.stratify = stratify
        self.random_state = random_state

    def get_n_splits(
        self, X: Any = None, y: Any = None, groups: Any = None, *, sample_domain: Any = None
    ) -> int:
        """Give the number of splits.

        Parameters
        ----------
        X : object, default=None
            Not read; exists for compatibility.
        y : object, default=None
            Not read; exists for compatibility.
        groups : object, default=None
            Not read; exists for compatibility.
        sample_domain : object, default=None
            Not read; exists for compatibility.

        Returns
        -------
        n_splits : int
            `n_splits`.
        """
        return self.n_splits

    def _plan(self, found: Found, y: Any) -> list[Fold]:
        target = target_code(found.labels, self.target_domain, place=found.place)
        rows = np.flatnonzero(found.codes == target)
        strata = strata_of(y, self.stratify, found.n_samples)
        rng = check_random_state(self.random_state)
        sizes = (self.train_size, self.test_size)
        return [
            few_shot_fold(rows, found.labels[target], sizes, strata, found.groups, rng)
            for _ in range(self.n_splits)
        ]
