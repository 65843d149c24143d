# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What every measure of the similarity of domains shares: the matrix, its direction, its table.

A measure says in one hook, `_score_pairs`, what the entries of a list of pairs are; which pairs
are asked for, where their scores stand and what is left unknown is settled here.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._base import BaseDomainEstimator, _check_weights
from sklearn_transfer._domains import Domains, factorize_labels, label_array, listed
from sklearn_transfer._sklearn import _check_y, _num_samples
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import take_rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class DomainRows:
    """The rows of every domain, none of them a target.

    Parameters
    ----------
    labels : ndarray of shape (n_domains,)
        The domains, sorted if they sort, else in order of first appearance.
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        All rows, as the user gave them.
    y : ndarray of shape (n_samples,)
        Labels or values; zeros for measures that look at X alone.
    sample_weight : ndarray of shape (n_samples,) or None
        Positive weights.
    rows : list of ndarray
        Increasing row numbers of each domain, aligned with `labels`.
    groups : ndarray of int of shape (n_samples,) or None, default=None
        Rows of one group are held out together.
    """

    labels: NDArray[Any]
    X: Any
    y: NDArray[Any]
    sample_weight: NDArray[np.float64] | None
    rows: list[NDArray[np.intp]] = field(repr=False)
    groups: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: int) -> tuple[Any, NDArray[Any], NDArray[np.float64] | None]:
        """Rows of the domain number `index`: its X, y and weights."""
        rows = self.rows[index]
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return take_rows(self.X, rows), self.y[rows], weight


class BaseSimilarity(BaseDomainEstimator):
    """Template of a measure of how alike domains are.

    A subclass defines `_score_pairs(domains, pairs)`, which gives one score per ordered pair
    `(i, j)`: of domain `i`, in the part of the target, and domain `j`, in the part of the source.
    Where there is one domain alone, the list is empty and the rows are still to be looked at.
    What it has to say besides, it sets there as fitted attributes; `domains_` is set before.
    """

    greater_is_closer: ClassVar[bool] = False
    # Whether the score of (i, j) is that of (j, i); then one of them is asked for.
    _symmetric: ClassVar[bool] = True
    # Whether the measure looks at y; otherwise y may be left out.
    _uses_y: ClassVar[bool] = True

    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, sample_domain: Any = None
    ) -> Any:
        """Score the pairs of domains.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of all domains.
        y : array-like of shape (n_samples,), default=None
            Labels or values. Measures that look at X alone ignore it.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a weight of 2 is a row twice, a weight of 0 an absent row.
        sample_domain : array-like of shape (n_samples,), default=None
            The domain of every row: any hashable labels. None, with `domain_column` unset, takes
            all rows as rows of one domain.

        Returns
        -------
        self : object
            The fitted measure.
        """
        return super().fit(X, y, sample_weight, sample_domain=sample_domain)

    @abstractmethod
    def _score_pairs(
        self, domains: DomainRows, pairs: list[tuple[int, int]]
    ) -> NDArray[np.float64]:
        """Score each ordered pair (i, j), i in the part of the target; NaN where it cannot be."""

    def to_frame(self) -> pd.DataFrame:
        """Table of the scores for people.

        Returns
        -------
        frame : DataFrame
            With a target, one row per source: `domain`, `rows` (the sum of its weights) and
            `score`. Without one, the matrix with the domains as its index and columns.
        """
        import pandas as pd

        check_is_fitted(self)
        if not hasattr(self, "source_domains_"):
            names = pd.Index(self.domains_, name="domain", tupleize_cols=False)
            return pd.DataFrame(self.scores_, index=names, columns=names.rename(None))
        return pd.DataFrame(
            {
                "domain": self.source_domains_,
                "rows": self._totals[self._is_source],
                "score": self.source_scores_,
            }
        )

    def _fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None,
        domains: Domains,
    ) -> None:
        rows = _rows_of_domains(domains, X, y, sample_weight)
        target = None
        if self.target_domain is None:
            del self.target_domain_, self.source_domains_
        else:
            target = _position(rows.labels, domains.target)
        n_domains = len(rows)
        scores = np.full((n_domains, n_domains), np.nan)
        pairs = _pairs(n_domains, target, self._symmetric)
        own = np.arange(n_domains) if target is None else target
        scores[own, own] = 0.0
        self.domains_ = rows.labels
        self._totals = np.array([
            len(own) if sample_weight is None else sample_weight[own].sum() for own in rows.rows
        ])  # fmt: skip
        first, second = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        values = self._score_pairs(rows, pairs)
        scores[first, second] = values
        if self._symmetric:
            scores[second, first] = values
        self.scores_ = scores
        if target is not None:
            self._is_source = np.arange(n_domains) != target
            self.source_domains_ = rows.labels[self._is_source]
            self.source_scores_ = scores[target, self._is_source]

    def _validate(
        self, X: Any, y: Any, sample_weight: Any, sample_domain: Any, groups: Any = None
    ) -> tuple[Any, NDArray[Any], NDArray[np.float64] | None, Domains]:
        if not self._uses_y:
            y = np.zeros(_num_samples(X))
        X, y, _, domains = super()._validate(X, y, None, sample_domain, groups)
        if sample_weight is None:
            return X, y, None, domains
        sample_weight = _check_weights(sample_weight, X)
        present = np.flatnonzero(sample_weight)
        if len(present) < len(sample_weight):
            X, y, sample_weight = take_rows(X, present), y[present], sample_weight[present]
            groups = domains.groups_of(present)
            domains = replace(self._without_rows(domains, present), groups=groups)
            self._set_classes(y)
        return X, y, sample_weight, domains

    def _index_domains(self, sample_domain: Any, n_samples: int) -> Domains:
        """Sort the rows by domain; without a target each domain is the others' source."""
        if self.target_domain is not None:
            return super()._index_domains(sample_domain, n_samples)
        if sample_domain is None:
            codes, labels = np.zeros(n_samples, dtype=np.intp), [None]
        else:
            codes, labels = factorize_labels(sample_domain, n_samples)
            if len(labels) == 1:
                warn_transfer(
                    f"Only the domain {listed(labels)} is present: there is nothing to compare its "
                    f"{n_samples} rows with."
                )
        return _without_target(codes, labels)

    def _without_rows(self, domains: Domains, present: NDArray[np.intp]) -> Domains:
        """Index of the rows that remain, of which some domains may have none."""
        labels = [domains.target, *domains.sources.tolist()]
        codes = domains.per_row(0, np.arange(1, len(labels)))[present].astype(np.intp)
        counts = np.bincount(codes, minlength=len(labels))
        if (counts[np.diff(domains.offsets) > 0] > 0).all():
            order = np.argsort(codes, kind="stable")
            offsets = np.concatenate([[0], np.cumsum(counts)])
            return Domains(domains.target, domains.sources, order, offsets)
        of_row = np.empty(len(labels), dtype=object)
        of_row[:] = labels
        return self._index_domains(of_row[codes], len(codes))

    def _check_labels(self, y: Any) -> NDArray[Any]:
        return _check_y(y, multi_output=False, y_numeric=False, estimator=self)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "scores_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self._uses_y
        return tags


def _without_target(codes: NDArray[np.intp], labels: list[Any]) -> Domains:
    """Sort the rows by domain where no domain is the target."""
    try:
        ranked = sorted(range(len(labels)), key=lambda code: labels[code])
    except TypeError:  # labels of mixed types have no order of their own
        ranked = list(range(len(labels)))
    rank = np.empty(len(labels), dtype=np.intp)
    rank[ranked] = np.arange(len(labels))
    order = np.argsort(rank[codes], kind="stable")
    offsets = np.concatenate([[0, 0], np.cumsum(np.bincount(rank[codes]))])
    return Domains(None, label_array([labels[code] for code in ranked]), order, offsets)


def _rows_of_domains(
    domains: Domains, X: Any, y: NDArray[Any], sample_weight: NDArray[np.float64] | None
) -> DomainRows:
    """Rows by domain, in the order of their labels; a target is put where it sorts."""
    labels, rows = domains.sources.tolist(), [*map(domains.source_rows, range(domains.n_sources))]
    if domains.offsets[1]:
        labels, rows = [domains.target, *labels], [domains.target_rows, *rows]
        try:
            ranked = sorted(range(len(labels)), key=lambda code: labels[code])
        except TypeError:
            ranked = sorted(range(len(labels)), key=lambda code: rows[code][0])
        labels, rows = [labels[code] for code in ranked], [rows[code] for code in ranked]
    return DomainRows(label_array(labels), X, y, sample_weight, rows, domains.groups)


def _position(labels: NDArray[Any], label: Any) -> int:
    return next(i for i, other in enumerate(labels.tolist()) if other == label)


def _pairs(n_domains: int, target: int | None, symmetric: bool) -> list[tuple[int, int]]:
    """Ordered pairs to score: all, or those of the target; the target comes first."""
    if target is None:
        return [
            (i, j)
            for i in range(n_domains)
            for j in range(n_domains)
            if (i < j if symmetric else i != j)
        ]
    others = [j for j in range(n_domains) if j != target]
    return [(target, j) for j in others] + [(j, target) for j in others if not symmetric]
