# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Each domain in turn is the one to test on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sklearn_transfer._domains import listed
from sklearn_transfer.model_selection._base import (
    BaseDomainSplitter,
    Fold,
    Found,
    check_boolean,
)
from sklearn_transfer.model_selection._few_shot import check_size, few_shot_fold, strata_of


class LeaveOneDomainOut(BaseDomainSplitter):
    """Test on one domain, train on all others; each domain in turn.

    How would a model do at a hospital it has never seen? With `train_size`, how would it do at one
    that gave only so many labelled rows? These rows of the domain left out are then trained on, and
    the others are tested on.

    Read more in the :ref:`user guide <model_selection>`.

    Parameters
    ----------
    target_domains : sequence of hashable, default=None
        Labels of the domains to leave out, in this order. None leaves out each domain once: sorted
        if the labels sort, else by first appearance.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain.
    train_size : int or float, default=0
        Rows of the domain left out to train on all the same: a number of rows, or a fraction of
        that domain's rows (rounded down).
    stratify : bool, default=True
        Whether to draw these rows in proportion to the domain's classes. A y of continuous values,
        or none, is drawn from plainly.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    See Also
    --------
    TargetShuffleSplit : Few rows of one and the same target.
    sklearn.model_selection.LeaveOneGroupOut : Leaves out groups, with `groups` alone.

    Notes
    -----
    The domain that a transfer estimator learns **for** is its own `target_domain`, which no
    splitter can change. In `cross_validate`, an estimator for the domain `"a"` is one for `"a"` in
    every fold, and needs rows of `"a"` to train on: the fold that leaves out `"a"` fails unless
    `train_size` leaves some. So there are two uses:

    * with a pooled estimator such as :class:`~sklearn.linear_model.LogisticRegression`, anywhere
      that scikit-learn takes `cv`;
    * with a transfer estimator in a loop that names the domain left out as the target (see the
      example), and `train_size` of 1 or more. In `cross_validate`, use
      :class:`TargetShuffleSplit` once for each target.

    The domains are read from the first of these that is there: the column `domain_column` of X;
    `sample_domain`, which reaches a splitter only by metadata routing; `groups`. Where `groups` are
    given and the domains are read from elsewhere, groups are kept together as in
    :class:`TargetShuffleSplit`: rows of other domains that share a group with test rows are left
    out.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.model_selection import LeaveOneDomainOut
    >>> X = np.zeros((6, 1))
    >>> sample_domain = np.array(["b", "b", "a", "a", "c", "c"])
    >>> for train, test in LeaveOneDomainOut().split(X, sample_domain=sample_domain):
    ...     print(train, test)
    [0 1 4 5] [2 3]
    [2 3 4 5] [0 1]
    [0 1 2 3] [4 5]

    One row of each domain left out is trained on:

    >>> cv = LeaveOneDomainOut(train_size=1, random_state=0)
    >>> for train, test in cv.split(X, sample_domain=sample_domain):
    ...     target_domain = sample_domain[test[0]]
    ...     print(target_domain, train, test)
    a [0 1 3 4 5] [2]
    b [0 2 3 4 5] [1]
    c [0 1 2 3 4] [5]
    """

    _keeps_groups = True

    def __init__(
        self,
        *,
        target_domains: Sequence[Any] | None = None,
        domain_column: str | int | None = None,
        train_size: float = 0,
        stratify: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        several = hasattr(target_domains, "__len__") and not isinstance(target_domains, str)
        if target_domains is not None and not (several and len(target_domains)):
            raise ValueError(
                "`target_domains` must be a list of one or more domains to leave out. Got "
                f"{target_domains!r} instead; put the label into a list, or leave it out."
            )
        check_size("train_size", train_size, 0)
        check_boolean("stratify", stratify)
        self.target_domains = target_domains
        self.domain_column = domain_column
        self.train_size = train_size
        self.stratify = stratify
        self.random_state = random_state

    def get_n_splits(
        self, X: Any = None, y: Any = None, groups: Any = None, *, sample_domain: Any = None
    ) -> int:
        """Give the number of domains to leave out.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features), default=None
            Rows of all domains. May be None where `target_domains` is set.
        y : object, default=None
            Not read; exists for compatibility.
        groups : array-like of shape (n_samples,), default=None
            The domains, where nothing else names them.
        sample_domain : array-like of shape (n_samples,), default=None
            The domain of every row: any hashable labels. Not read where `domain_column` is set.

        Returns
        -------
        n_splits : int
            Number of `target_domains`, or of the domains in the data.
        """
        if self.target_domains is not None:
            return len(self.target_domains)
        if X is None:
            if self.domain_column is not None:
                raise ValueError(
                    f"X must be given to count the domains in its column {self.domain_column!r}. "
                    "Got None instead; pass X, or set `target_domains`."
                )
            X = next((rows for rows in (sample_domain, groups) if rows is not None), [])
        return len(self._find(X, groups, sample_domain).labels)

    def _plan(self, found: Found, y: Any) -> list[Fold]:
        if len(found.labels) < 2:
            raise ValueError(
                "LeaveOneDomainOut must have two or more domains, to train on one and test on the "
                f"other. Got {listed(found.labels)} instead; give rows of other domains."
            )
        domains = [(np.flatnonzero(found.codes == code), code) for code in self._left_out(found)]
        if self.train_size == 0:
            return [Fold(rows) for rows, _ in domains]
        strata = strata_of(y, self.stratify, found.n_samples)
        rng = check_random_state(self.random_state)
        sizes = (self.train_size, None)
        return [
            few_shot_fold(rows, found.labels[code], sizes, strata, found.groups, rng)
            for rows, code in domains
        ]

    def _left_out(self, found: Found) -> list[int]:
        """Codes of the domains to leave out, in order."""
        if self.target_domains is not None:
            unknown = [label for label in self.target_domains if label not in found.labels]
            if unknown:
                raise ValueError(
                    "`target_domains` must be among the domains in the data, which are "
                    f"{listed(found.labels)}. Got {listed(unknown)} instead; check spelling and "
                    f"type. The domains were read from {found.place}."
                )
            return [found.labels.index(label) for label in self.target_domains]
        codes = list(range(len(found.labels)))
        try:
            return sorted(codes, key=lambda code: found.labels[code])
        except TypeError:  # labels of mixed types have no order of their own
            return codes
