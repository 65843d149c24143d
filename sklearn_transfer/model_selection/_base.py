# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What every splitter shares: where the domains come from, and how a fold is put together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils.validation import check_consistent_length

from sklearn_transfer._domains import factorize_labels, read_domain_column
from sklearn_transfer._sklearn import _num_samples
from sklearn_transfer.model_selection._allocation import rows_sharing_a_group

NO_ROWS = np.empty(0, dtype=np.intp)


class Found(NamedTuple):
    """What `split` was told about the rows, as codes.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    codes : ndarray of shape (n_samples,)
        Number of each row's domain.
    labels : list
        The domains, in order of first appearance.
    place : str
        Where the domains were read from, for messages.
    groups : ndarray of shape (n_samples,) or None
        Number of each row's group, where groups are to be kept together.
    """

    n_samples: int
    codes: NDArray[np.intp]
    labels: list[Any]
    place: str
    groups: NDArray[np.intp] | None


class Fold(NamedTuple):
    """One split, before the sources join the training rows.

    Parameters
    ----------
    test : ndarray of shape (n_test,)
        Rows to test on, in ascending order.
    withheld : ndarray of shape (n_withheld,)
        Rows not to train on, beside those of `test`.
    guests : ndarray of shape (n_guests,)
        Rows that are tested on and, unless they share a group with `test`, trained on too.
    """

    test: NDArray[np.intp]
    withheld: NDArray[np.intp] = NO_ROWS
    guests: NDArray[np.intp] = NO_ROWS


class BaseDomainSplitter(BaseCrossValidator):
    """Template of a splitter: finds domains and groups, and trains on all that is not tested on.

    A subclass defines `_plan`, which says what each fold tests on.
    """

    __metadata_request__split: ClassVar = {"sample_domain": True, "groups": True}

    # Whether `groups` are read as domains where nothing else names the domains. They must be where
    # nothing else can reach the splitter: without metadata routing, `groups` is all that it gets.
    _groups_may_be_domains = True
    # Whether `groups` that are no domains are kept together.
    _keeps_groups = False

    # Set by every subclass's __init__.
    domain_column: Any

    def split(
        self, X: Any, y: Any = None, groups: Any = None, *, sample_domain: Any = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Generate the rows to train and to test on.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of all domains.
        y : array-like of shape (n_samples,), default=None
            Labels or values, needed to stratify.
        groups : array-like of shape (n_samples,), default=None
            Groups to keep together, or the domains; see the class.
        sample_domain : array-like of shape (n_samples,), default=None
            The domain of every row: any hashable labels. Not read where `domain_column` is set.

        Returns
        -------
        folds : iterator of (train, test)
            Two arrays of row numbers for each fold, each in ascending order.
        """
        # Not a generator itself, so that bad input is refused here and not at the first fold.
        if y is not None:
            check_consistent_length(X, y)
        found = self._find(X, groups, sample_domain)
        folds = self._plan(found, y)
        return (_put_together(fold, found) for fold in folds)

    @abstractmethod
    def _plan(self, found: Found, y: Any) -> list[Fold]:
        """Say what each fold tests on."""

    def _find(self, X: Any, groups: Any, sample_domain: Any) -> Found:
        """Read the domains from the first place that has them, and the groups."""
        name = type(self).__name__
        n_samples = _num_samples(X)
        if self.domain_column is not None:
            place = f"the column {self.domain_column!r} of X"
            table = X if hasattr(X, "shape") else np.asarray(X, dtype=object)
            sample_domain = read_domain_column(table, self.domain_column)
        elif sample_domain is not None:
            place = "`sample_domain`"
        elif self._groups_may_be_domains and groups is not None:
            place = "`groups`"
            sample_domain, groups = groups, None
        else:
            raise ValueError(_no_domains(name, self._groups_may_be_domains))
        codes, labels = factorize_labels(sample_domain, n_samples, place=place)
        if groups is None:
            return Found(n_samples, codes, labels, place, None)
        if not self._keeps_groups:
            raise ValueError(
                f"`groups` must be left out where {name} reads the domains from {place}, because "
                "it keeps no groups together. Got both instead; use TargetGroupKFold to keep the "
                "rows of a patient in one fold."
            )
        group_codes, _ = factorize_labels(groups, n_samples, place="`groups`", noun="group")
        return Found(n_samples, codes, labels, place, group_codes)


def _put_together(fold: Fold, found: Found) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Train on every row that is neither tested on, nor withheld, nor of a group tested on."""
    train = np.ones(found.n_samples, dtype=bool)
    train[fold.test] = False
    train[fold.withheld] = False
    if found.groups is not None:
        train &= ~rows_sharing_a_group(found.groups, fold.test)
    test = fold.test if not len(fold.guests) else np.sort(np.append(fold.test, fold.guests))
    return np.flatnonzero(train), test


def class_labels(y: Any, n_samples: int) -> NDArray[Any] | None:
    """Labels to stratify by.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels or values.
    n_samples : int
        Number of rows.

    Returns
    -------
    labels : ndarray of shape (n_samples,) or None
        None where y is continuous or has several outputs.
    """
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.shape != (n_samples,):
        return None
    numbers = values
    if values.dtype.kind == "O":
        numbers = np.array([value for value in values if isinstance(value, Real)], dtype=float)
    if numbers.dtype.kind == "f":
        if np.isnan(numbers).any():
            raise ValueError(
                "`y` must hold a label for every row. Got "
                f"{int(np.isnan(numbers).sum())} missing labels (NaN) instead; drop those rows."
            )
        if (numbers != np.floor(numbers)).any():
            return None
    return values


def check_integer(name: str, value: Any, least: int) -> None:
    """Refuse what is no integer of at least `least`.

    Parameters
    ----------
    name : str
        Parameter.
    value : object
        What was given.
    least : int
        Smallest value allowed.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"`{name}` must be an integer of at least {least}. Got {value!r} instead.")


def check_boolean(name: str, value: Any) -> None:
    """Refuse what is neither True nor False.

    Parameters
    ----------
    name : str
        Parameter.
    value : object
        What was given.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"`{name}` must be True or False. Got {value!r} instead.")


def _no_domains(name: str, groups_may_be_domains: bool) -> str:
    if groups_may_be_domains:
        return (
            f"{name} must know the domain of every row. Got neither `domain_column`, "
            "`sample_domain` nor `groups` instead; set `domain_column`, or pass `sample_domain` "
            "with metadata routing enabled. With routing disabled, scikit-learn hands a splitter "
            "nothing but `groups`: pass the domains as `groups`."
        )
    return (
        f"{name} must know the domain of every row. Got neither `domain_column` nor "
        "`sample_domain` instead; set `domain_column`, or pass `sample_domain` with metadata "
        "routing enabled. With routing disabled, scikit-learn hands a splitter nothing but "
        "`groups`, and these are the groups to keep together here: pass "
        "`cv=list(splitter.split(X, y, groups, sample_domain=domains))`."
    )
