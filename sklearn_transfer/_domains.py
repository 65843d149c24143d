# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Which row belongs to which domain: the index on which every method stands.

Every error about domains is raised here.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_transfer._warnings import warn_transfer


@dataclass(frozen=True)
class Domains:
    """Rows of each domain, the target first.

    Parameters
    ----------
    target : hashable
        The target's label; None where no domains were given.
    sources : ndarray of shape (n_sources,)
        Labels of the sources, sorted if they sort, else in order of first appearance.
    order : ndarray of shape (n_samples,)
        Row numbers, stably sorted by domain: the target's rows, then each source's.
    offsets : ndarray of shape (n_sources + 2,)
        Where each domain begins in `order`.
    groups : ndarray of int of shape (n_samples,) or None, default=None
        Group of each row, in the order given: rows of one group are held out together, in
        whatever domain. None takes every row for a group of its own.
    """

    target: Hashable
    sources: NDArray[Any]
    order: NDArray[np.intp]
    offsets: NDArray[np.intp]
    groups: NDArray[np.intp] | None = None

    @property
    def n_sources(self) -> int:
        """Number of source domains."""
        return len(self.sources)

    @property
    def target_rows(self) -> NDArray[np.intp]:
        """Row numbers of the target, in the order given."""
        return self.order[: self.offsets[1]]

    def source_rows(self, index: int) -> NDArray[np.intp]:
        """Row numbers of the source number `index`, in the order given."""
        return self.order[self.offsets[index + 1] : self.offsets[index + 2]]

    def groups_of(self, rows: NDArray[np.intp]) -> NDArray[np.intp] | None:
        """Groups of some rows; None where there are none."""
        return None if self.groups is None else self.groups[rows]

    def all_but(self, held_out: NDArray[np.intp]) -> NDArray[np.intp]:
        """Rows of every domain that may be trained on while some are held out.

        Parameters
        ----------
        held_out : ndarray of int
            Row numbers.

        Returns
        -------
        rows : ndarray of int
            Increasing numbers of the other rows, without those of groups held out.
        """
        used = np.ones(len(self.order), dtype=bool)
        used[held_out] = False
        if self.groups is not None:
            used &= ~np.isin(self.groups, self.groups[held_out])
        return np.flatnonzero(used)

    def per_row(self, target_value: float, source_values: NDArray[Any]) -> NDArray[np.float64]:
        """Spread one value per domain over the rows.

        Parameters
        ----------
        target_value : float
            Value for the target's rows.
        source_values : ndarray of shape (n_sources,)
            Value for the rows of each source.

        Returns
        -------
        values : ndarray of shape (n_samples,)
            In the order of the rows given.
        """
        values = np.empty(len(self.order))
        per_domain = np.concatenate([[target_value], np.asarray(source_values, dtype=float)])
        values[self.order] = np.repeat(per_domain, np.diff(self.offsets))
        return values

    def totals(self, sample_weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Sum of the sample weights of each domain, the target first.

        Parameters
        ----------
        sample_weight : ndarray of shape (n_samples,) or None
            None counts every row once.

        Returns
        -------
        totals : ndarray of shape (n_sources + 1,)
            N_0, N_1, ..., N_K.
        """
        if sample_weight is None:
            return np.diff(self.offsets).astype(float)
        # Domain by domain: a running sum would lose a small domain beside a large one.
        bounds = zip(self.offsets[:-1], self.offsets[1:], strict=True)
        return np.array([sample_weight[self.order[a:b]].sum() for a, b in bounds])

    def restricted_to(self, rows: NDArray[np.intp]) -> Domains:
        """Index of some of the rows, numbered anew in their order.

        Parameters
        ----------
        rows : ndarray of shape (n_rows,)
            Sorted row numbers that stay. A domain may lose all of its rows and stays.

        Returns
        -------
        domains : Domains
            Of these rows.
        """
        stays = np.zeros(len(self.order), dtype=bool)
        stays[rows] = True
        place = np.cumsum(stays) - 1
        in_order = stays[self.order]
        before = np.concatenate([[0], np.cumsum(in_order)])
        return Domains(
            self.target,
            self.sources,
            place[self.order[in_order]],
            before[self.offsets],
            self.groups_of(rows),
        )


def index_domains(sample_domain: Any, target_domain: Hashable, n_samples: int) -> Domains:
    """Sort the rows by domain and refuse what has no meaning.

    Parameters
    ----------
    sample_domain : array-like of shape (n_samples,) or None
        Any hashable labels. None means that all rows are the target's.
    target_domain : hashable or None
        One of the labels; may be None where there is only one.
    n_samples : int
        Number of rows that the labels must match.

    Returns
    -------
    domains : Domains
        The index.

    Raises
    ------
    ValueError
        If the labels do not match the rows, hold missing values, or do not determine the target.
    """
    if sample_domain is None:
        if target_domain is not None:
            warn_transfer(
                f"target_domain={target_domain!r} is named, but no domain labels came with the "
                "rows: all of them are taken as target rows. Pass `sample_domain` to fit or set "
                "`domain_column`.",
            )
        rows = np.arange(n_samples)
        return Domains(target_domain, np.empty(0, dtype=object), rows, np.array([0, n_samples]))

    codes, labels = factorize_labels(sample_domain, n_samples)
    target = target_code(labels, target_domain)
    sources = _sorted_if_sortable([code for code in range(len(labels)) if code != target], labels)
    rank = np.empty(len(labels), dtype=np.intp)
    rank[[target, *sources]] = np.arange(len(labels))
    ranks = rank[codes]
    order = np.argsort(ranks, kind="stable")
    counts = np.bincount(ranks, minlength=len(labels))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    if not sources:
        warn_transfer(
            f"Only the target domain {labels[target]!r} is present: the fit uses its "
            f"{n_samples} rows alone.",
        )
    return Domains(labels[target], label_array([labels[code] for code in sources]), order, offsets)


def factorize_labels(
    values: Any, n_samples: int, *, place: str = "`sample_domain`", noun: str = "domain"
) -> tuple[NDArray[np.intp], list[Any]]:
    """Codes and distinct labels of a column of domains, groups or classes.

    Parameters
    ----------
    values : array-like of shape (n_samples,)
        Any hashable labels: a list, array, pandas or polars Series.
    n_samples : int
        Number of rows that the labels must match.
    place : str, default="`sample_domain`"
        Where the labels come from, for messages.
    noun : str, default="domain"
        What they name, for messages.

    Returns
    -------
    codes : ndarray of shape (n_samples,)
        Number of each row's label.
    labels : list
        The distinct labels, in order of first appearance.

    Raises
    ------
    ValueError
        If the labels do not match the rows, are missing or are not hashable.
    """
    values = _one_dimensional(values, place, noun)
    if len(values) != n_samples:
        raise ValueError(
            f"{place} must hold one label per row. Got {len(values)} labels for {n_samples} rows "
            f"instead; pass the {noun} of every row of X."
        )
    if isinstance(values, np.ndarray) and values.dtype.kind in "iub":
        unique, first, inverse = np.unique(values, return_index=True, return_inverse=True)
        by_appearance = np.argsort(first)
        rank = np.empty(len(unique), dtype=np.intp)
        rank[by_appearance] = np.arange(len(unique))
        return rank[inverse], unique[by_appearance].tolist()

    import pandas as pd  # not at module level: it doubles the import time of this package

    try:
        codes, uniques = pd.factorize(values)
    except TypeError as error:
        raise ValueError(
            f"Labels in {place} must be hashable. Got {error} instead; use strings, integers or "
            "tuples."
        ) from error
    if (codes < 0).any():
        raise ValueError(
            f"{place} must name a {noun} for every row. Got {int((codes < 0).sum())} missing "
            f"labels (None or NaN) instead, the first in row {int(np.flatnonzero(codes < 0)[0])}; "
            f"drop those rows or give them a {noun} of their own."
        )
    return codes.astype(np.intp, copy=False), list(uniques)


def _one_dimensional(sample_domain: Any, place: str, noun: str) -> Any:
    """Labels as a 1-D array or Series; tuples stay labels instead of becoming a second axis."""
    shape = getattr(sample_domain, "shape", None)
    if (
        isinstance(sample_domain, str | bytes)
        or not hasattr(sample_domain, "__len__")
        or shape == ()
    ):
        raise ValueError(
            f"{place} must be array-like of shape (n_samples,). Got {sample_domain!r} instead; "
            f"pass the {noun} of every row of X."
        )
    if shape is not None and len(shape) != 1:
        if len(shape) != 2 or shape[1] != 1:
            raise ValueError(
                f"{place} must be array-like of shape (n_samples,). Got shape {tuple(shape)} "
                f"instead; pass one {noun} per row."
            )
        if hasattr(sample_domain, "columns"):
            return _one_dimensional(sample_domain[next(iter(sample_domain.columns))], place, noun)
        sample_domain = np.asarray(sample_domain)[:, 0]
    package = type(sample_domain).__module__.partition(".")[0]
    if package in ("polars", "pyarrow"):
        sample_domain = (
            sample_domain.to_pylist() if package == "pyarrow" else sample_domain.to_list()
        )
    if not hasattr(sample_domain, "dtype"):
        values = np.empty(len(sample_domain), dtype=object)
        for position, label in enumerate(sample_domain):
            values[position] = label
        return values
    if isinstance(sample_domain, np.ndarray) and sample_domain.dtype.kind in "US":
        return sample_domain.astype(object)
    return sample_domain


def target_code(labels: list[Any], target_domain: Hashable, *, place: str | None = None) -> int:
    """Position of the target among the labels.

    Parameters
    ----------
    labels : list
        The distinct domains.
    target_domain : hashable or None
        One of them; may be None where there is only one.
    place : str or None, default=None
        Where the labels were read from, for messages.

    Returns
    -------
    code : int
        Its position.

    Raises
    ------
    ValueError
        If the target is not named among several domains, or is none of them.
    """
    read_from = "" if place is None else f" The domains were read from {place}."
    if target_domain is None:
        if len(labels) == 1:
            return 0
        raise ValueError(
            "`target_domain` must name the domain to learn for, because the rows come from "
            f"{len(labels)} domains. Got None instead; choose one of {listed(labels)}.{read_from}"
        )
    for code, label in enumerate(labels):
        if label == target_domain:
            return code
    raise ValueError(
        f"`target_domain` must be one of the domains in the data, which are {listed(labels)}. "
        f"Got {target_domain!r} instead; check its spelling and type, or give target rows."
        f"{read_from}"
    )


def listed(labels: list[Any], most: int = 10) -> str:
    """Labels as text, the first few of many.

    Parameters
    ----------
    labels : list
        Any objects.
    most : int, default=10
        How many to name.

    Returns
    -------
    text : str
        Comma-separated.
    """
    plain = [label.item() if isinstance(label, np.generic) else label for label in labels[:most]]
    shown = ", ".join(repr(label) for label in plain)
    return shown + (f", ... ({len(labels)} in all)" if len(labels) > most else "")


def _sorted_if_sortable(codes: list[int], labels: list[Any]) -> list[int]:
    try:
        return sorted(codes, key=lambda code: labels[code])
    except TypeError:  # labels of mixed types have no order of their own
        return codes


def label_array(labels: Sequence[Any]) -> NDArray[Any]:
    """One-dimensional array of labels, of a native dtype where all are of one plain kind.

    Parameters
    ----------
    labels : sequence
        Hashable labels.

    Returns
    -------
    labels : ndarray of shape (n_labels,)
        Strings, integers, floats and booleans keep their kind; anything else stays an object.
    """
    for kind in (str, bool, Integral, float):
        if labels and all(isinstance(label, kind) for label in labels):
            if kind is Integral and any(isinstance(label, bool) for label in labels):
                break
            native = np.array(list(labels))
            if native.tolist() == list(labels):  # else a native type would change a label
                return native
    array = np.empty(len(labels), dtype=object)
    for position, label in enumerate(labels):
        array[position] = label
    return array


def split_domain_column(X: Any, column: Any, *, required: bool = True) -> tuple[Any, Any]:
    """Take the column that carries the domain out of X.

    Parameters
    ----------
    X : {dataframe, ndarray, sparse matrix} of shape (n_samples, n_features)
        The table with the column.
    column : str or int
        Name (dataframe) or position.
    required : bool, default=True
        Whether a missing name is an error; otherwise X comes back as it is.

    Returns
    -------
    X : same type as `X`
        Without the column; the caller's table is not modified.
    sample_domain : array-like of shape (n_samples,) or None
        The column.
    """
    if hasattr(X, "columns"):
        if not required and column_name(X, column) not in list(X.columns):
            return X, None
        labels = read_domain_column(X, column)
        name = column_name(X, column)
        return X.drop(columns=name) if hasattr(X, "iloc") else X.drop(name), labels
    labels = read_domain_column(X, column)
    return X[:, np.delete(np.arange(X.shape[1]), int(column))], labels


def read_domain_column(X: Any, column: Any) -> Any:
    """Read the column that carries the domain, copying nothing else.

    Parameters
    ----------
    X : {dataframe, ndarray, sparse matrix} of shape (n_samples, n_features)
        The table with the column.
    column : str or int
        Name (dataframe) or position.

    Returns
    -------
    sample_domain : array-like of shape (n_samples,)
        The column.

    Raises
    ------
    ValueError
        If X has no such column.
    """
    if hasattr(X, "columns"):
        names = list(X.columns)
        name = column_name(X, column)
        if name not in names:
            raise ValueError(
                f"`domain_column` must be a column of X. Got {column!r} instead; X has "
                f"{listed(names)}."
            )
        if names.count(name) > 1:
            raise ValueError(
                f"`domain_column` must name one column of X. Got {column!r}, the name of "
                f"{names.count(name)}, instead; rename the others."
            )
        return X[name]
    n_columns = X.shape[1]
    if not isinstance(column, Integral) or not -n_columns <= int(column) < n_columns:
        raise ValueError(
            f"`domain_column` must be a position in 0..{n_columns - 1}, because X has no column "
            f"names. Got {column!r} instead; pass a position, a dataframe, or `sample_domain`."
        )
    if sparse.issparse(X):
        return X[:, [int(column)]].toarray()[:, 0]
    return X[:, int(column)]


def column_name(X: Any, column: Any) -> Any:
    """Name of a dataframe's column that is given by name or position.

    Parameters
    ----------
    X : dataframe of shape (n_samples, n_features)
        The table.
    column : str or int
        Name or position.

    Returns
    -------
    name : hashable
        The name; `column` itself where X has no such column.
    """
    names = list(X.columns)
    if isinstance(column, Integral) and column not in names:
        position = int(column)
        return names[position] if -len(names) <= position < len(names) else column
    return column
