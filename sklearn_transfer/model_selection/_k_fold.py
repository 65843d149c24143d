# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""K folds of the target's rows."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils import check_random_state

from sklearn_transfer._domains import factorize_labels, target_code
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.model_selection._allocation import stratified_folds
from sklearn_transfer.model_selection._base import (
    BaseDomainSplitter,
    Fold,
    Found,
    check_boolean,
    check_integer,
    class_labels,
)


class BaseTargetKFold(BaseDomainSplitter):
    """Template of K folds: a subclass numbers the folds of the target's rows."""

    def __init__(
        self,
        n_splits: int = 5,
        *,
        target_domain: Hashable = None,
        domain_column: str | int | None = None,
        shuffle: bool = False,
        random_state: int | np.random.RandomState | None = None,
        partition: bool = False,
    ) -> None:
        # A splitter has no `fit` in which to check, so it checks here, as scikit-learn's do.
        check_integer("n_splits", n_splits, 2)
        check_boolean("shuffle", shuffle)
        check_boolean("partition", partition)
        if random_state is not None and not shuffle:
            raise ValueError(
                "`random_state` must be None where `shuffle=False`, because nothing is random "
                f"then. Got {random_state!r} instead; leave it out or set `shuffle=True`."
            )
        self.n_splits = n_splits
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.shuffle = shuffle
        self.random_state = random_state
        self.partition = partition

    def get_n_splits(
        self, X: Any = None, y: Any = None, groups: Any = None, *, sample_domain: Any = None
    ) -> int:
        """Give the number of folds.

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

        Raises
        ------
        ValueError
            If `partition=True`. A search asks for this number before it scores the folds; folds
            whose test rows were trained on must not be scored.
        """
        if self.partition:
            raise ValueError(
                f"{type(self).__name__} must have `partition=False` where folds are scored, "
                "because its test folds also hold source rows that were trained on otherwise. Got "
                "partition=True instead, which is for cross_val_predict alone."
            )
        return self.n_splits

    def _plan(self, found: Found, y: Any) -> list[Fold]:
        target = target_code(found.labels, self.target_domain, place=found.place)
        rows = np.flatnonzero(found.codes == target)
        numbers = self._fold_numbers(rows, found, y)
        tests = [rows[numbers == number] for number in range(self.n_splits)]
        if not self.partition:
            return [Fold(test) for test in tests]
        hosts = self._hosts(rows, numbers, found)
        return [
            Fold(test, guests=np.flatnonzero(hosts == number)) for number, test in enumerate(tests)
        ]

    @abstractmethod
    def _fold_numbers(self, rows: NDArray[np.intp], found: Found, y: Any) -> NDArray[np.intp]:
        """Give the number of the fold that tests each of the target's rows."""

    def _hosts(
        self, rows: NDArray[np.intp], numbers: NDArray[np.intp], found: Found
    ) -> NDArray[np.intp]:
        """Give the number of the fold where a source row is a guest; -1 for target rows."""
        hosts = np.arange(found.n_samples) % self.n_splits
        if found.groups is not None:
            # A source row that shares a group with test rows is not trained on in their fold, and
            # only there: that is where its prediction is an honest one.
            host_of_group = np.full(found.groups.max() + 1, -1)
            host_of_group[found.groups[rows]] = numbers
            held_out = host_of_group[found.groups]
            hosts = np.where(held_out >= 0, held_out, hosts)
        hosts[rows] = -1
        return hosts

    def _refuse_fewer(self, available: int, what: str) -> None:
        if available < self.n_splits:
            raise ValueError(
                f"`n_splits` must be at most the number of {what}. Got n_splits={self.n_splits} "
                f"for {available} instead; use fewer folds, or TargetShuffleSplit."
            )


class TargetKFold(BaseTargetKFold):
    """K folds of the target domain's rows, each trained with all source rows.

    The target's rows are divided into `n_splits` folds as
    :class:`~sklearn.model_selection.KFold` divides rows. Each fold in turn is tested on; the other
    target rows and **every source row** are trained on.

    Read more in the :ref:`user guide <model_selection>`.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, from 2 to the number of target rows.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain.
    shuffle : bool, default=False
        Whether to shuffle the target's rows first. Otherwise a fold is a run of consecutive rows.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.
    partition : bool, default=False
        Whether each source row is a test row too, in one fold, so that the test folds cover every
        row once. :func:`~sklearn.model_selection.cross_val_predict` demands that. The source rows
        are trained on all the same, so discard what is predicted for them, and never score such
        folds.

    See Also
    --------
    StratifiedTargetKFold : Keeps the share of each class.
    TargetGroupKFold : Keeps the rows of a patient together, across domains.
    TargetShuffleSplit : Few target rows to train on, many to test on.

    Notes
    -----
    The domains are read from the first of these that is there: the column `domain_column` of X;
    `sample_domain`, which reaches a splitter only by metadata routing; `groups`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.model_selection import TargetKFold
    >>> X = np.zeros((6, 1))
    >>> sample_domain = ["here", "here", "there", "there", "there", "here"]
    >>> cv = TargetKFold(3, target_domain="here")
    >>> for train, test in cv.split(X, sample_domain=sample_domain):
    ...     print(train, test)
    [1 2 3 4 5] [0]
    [0 2 3 4 5] [1]
    [0 1 2 3 4] [5]
    """

    def _fold_numbers(self, rows: NDArray[np.intp], found: Found, y: Any) -> NDArray[np.intp]:
        self._refuse_fewer(len(rows), "target rows")
        splitter = KFold(self.n_splits, shuffle=self.shuffle, random_state=self.random_state)
        return _numbered(splitter, rows)


class StratifiedTargetKFold(BaseTargetKFold):
    """K folds of the target domain's rows that keep its class shares, trained with all source rows.

    The target's rows are divided into `n_splits` folds as
    :class:`~sklearn.model_selection.StratifiedKFold` divides rows, by the classes **of the
    target**; how the sources are composed plays no part. Each fold in turn is tested on; the other
    target rows and **every source row** are trained on.

    Read more in the :ref:`user guide <model_selection>`.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, from 2 to the number of target rows.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain.
    shuffle : bool, default=False
        Whether to shuffle the rows of each class first.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.
    partition : bool, default=False
        Whether each source row is a test row too, in one fold, so that the test folds cover every
        row once. :func:`~sklearn.model_selection.cross_val_predict` demands that. The source rows
        are trained on all the same, so discard what is predicted for them, and never score such
        folds.

    Warns
    -----
    TransferWarning
        If the target has several classes, and one of them fewer rows than there are folds: some
        folds then have none of it to test on, and a score such as the area under the ROC curve is
        undefined there. Small hospitals are like that, so it is no error, not even where every
        class is too small; scikit-learn's splitter refuses that.

    See Also
    --------
    TargetKFold : Does not look at y.
    TargetGroupKFold : Keeps the rows of a patient together, across domains.
    TargetShuffleSplit : Few target rows to train on, many to test on.

    Notes
    -----
    A target of one class is divided as it stands. A continuous y is refused: use
    :class:`TargetKFold`.

    The domains are read from the first of these that is there: the column `domain_column` of X;
    `sample_domain`, which reaches a splitter only by metadata routing; `groups`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.model_selection import StratifiedTargetKFold
    >>> X = np.zeros((7, 1))
    >>> y = [0, 0, 1, 1, 1, 1, 1]
    >>> sample_domain = ["here", "here", "here", "here", "there", "there", "there"]
    >>> cv = StratifiedTargetKFold(2, target_domain="here")
    >>> for train, test in cv.split(X, y, sample_domain=sample_domain):
    ...     print(train, test)
    [1 3 4 5 6] [0 2]
    [0 2 4 5 6] [1 3]
    """

    def _fold_numbers(self, rows: NDArray[np.intp], found: Found, y: Any) -> NDArray[np.intp]:
        if y is None:
            raise ValueError(
                "`y` must be given to stratify by. Got None instead; pass the labels, or use "
                "TargetKFold."
            )
        self._refuse_fewer(len(rows), "target rows")
        labels = class_labels(y, found.n_samples)
        if labels is None:
            raise ValueError(
                "`y` must hold one class per row to stratify by. Got continuous values or several "
                "outputs instead; use TargetKFold."
            )
        classes, names = factorize_labels(labels[rows], len(rows), place="`y`", noun="class")
        self._warn_of_small_classes(np.bincount(classes), names)
        rng = check_random_state(self.random_state) if self.shuffle else None
        return stratified_folds(classes, self.n_splits, rng)

    def _warn_of_small_classes(self, counts: NDArray[np.intp], names: list[Any]) -> None:
        smallest = int(counts.argmin())
        if counts[smallest] < self.n_splits:
            warnings.warn(
                f"Class {names[smallest]!r} has {counts[smallest]} target rows for "
                f"{self.n_splits} folds: some folds have none of it to test on. Use fewer folds if "
                "the score needs every class.",
                TransferWarning,
                stacklevel=5,
            )


class TargetGroupKFold(BaseTargetKFold):
    """K folds of the target domain's rows that keep groups together across all domains.

    The groups of the target's rows, patients for instance, are divided into `n_splits` folds as
    :class:`~sklearn.model_selection.GroupKFold` divides groups. Each fold in turn is tested on;
    the other target rows and all source rows are trained on, **but for the rows of groups tested
    on**: a patient seen in several hospitals is never both trained and tested on.

    Read more in the :ref:`user guide <model_selection>`.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, from 2 to the number of groups among the target's rows.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain.
    shuffle : bool, default=False
        Whether to divide the groups at random. Otherwise folds are made as even in size as the
        groups allow.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.
    partition : bool, default=False
        Whether each source row is a test row too, in one fold, so that the test folds cover every
        row once. :func:`~sklearn.model_selection.cross_val_predict` demands that. The source rows
        are trained on all the same, but for those of groups tested on, so discard what is
        predicted for them, and never score such folds.

    See Also
    --------
    TargetKFold : Looks neither at groups nor at y.
    StratifiedTargetKFold : Keeps the share of each class.

    Notes
    -----
    `groups` are the groups to keep together, so the domains are read from the column
    `domain_column` of X or else from `sample_domain`, which reaches a splitter only by metadata
    routing.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.model_selection import TargetGroupKFold
    >>> X = np.zeros((6, 1))
    >>> sample_domain = ["here", "here", "here", "there", "there", "there"]
    >>> patients = ["Ann", "Ben", "Ben", "Ann", "Cem", "Cem"]
    >>> cv = TargetGroupKFold(2, target_domain="here")
    >>> for train, test in cv.split(X, groups=patients, sample_domain=sample_domain):
    ...     print(train, test)
    [0 3 4 5] [1 2]
    [1 2 4 5] [0]
    """

    _groups_may_be_domains = False
    _keeps_groups = True

    def _fold_numbers(self, rows: NDArray[np.intp], found: Found, y: Any) -> NDArray[np.intp]:
        if found.groups is None:
            raise ValueError(
                "`groups` must name the group of every row, to be kept together. Got None "
                "instead; pass `groups`, or use TargetKFold."
            )
        groups = found.groups[rows]
        self._refuse_fewer(len(np.unique(groups)), "groups in the target")
        splitter = GroupKFold(self.n_splits, shuffle=self.shuffle, random_state=self.random_state)
        return _numbered(splitter, rows, groups)


def _numbered(
    splitter: Any, rows: NDArray[np.intp], groups: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Give the number of the fold in which a scikit-learn splitter tests each row."""
    numbers = np.empty(len(rows), dtype=np.intp)
    for number, (_, test) in enumerate(splitter.split(rows, groups=groups)):
        numbers[test] = number
    return numbers
