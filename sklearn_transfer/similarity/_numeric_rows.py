# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows as numbers on one scale, for measures that look at distances between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, issparse

from sklearn_transfer._domains import listed
from sklearn_transfer._math._feature_moments import column_moments

Array = NDArray[np.float64]


def numeric_rows(X: Any, *, name: str = "X") -> Any:
    """Read a table as numbers, and refuse by name what has no distance.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        The table.
    name : str, default="X"
        What the caller calls it, for messages.

    Returns
    -------
    X : ndarray or csr_matrix of shape (n_samples, n_features)
        Finite, in double precision; the caller's own array where it is that already.

    Raises
    ------
    ValueError
        If a column holds categories, or missing or infinite values.
    TypeError
        If an entry is no number at all.
    """
    if issparse(X):
        return _sparse_rows(X, name)
    names = list(X.columns) if hasattr(X, "columns") else None
    values = _dataframe_rows(X, name) if names is not None else _array_rows(X, name)
    if not np.isfinite(values.sum()):  # overflow of a sum of finite values is settled below
        lacking = np.flatnonzero(~np.isfinite(values).all(axis=0)).tolist()
        if lacking:
            _refuse(
                f"`{name}` must hold finite numbers, because distances between rows need every "
                "value",
                f"missing or infinite values in {_columns(lacking, names)}",
                "impute them, over all domains alike, or leave these columns out",
            )
    return values


def on_one_scale(X: Any, sample_weight: Array | None, *, standardize: bool) -> Any:
    """Centre the columns, and divide each by its standard deviation over all domains together.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_samples, n_features)
        Rows of all domains.
    sample_weight : ndarray of shape (n_samples,) or None
        Masses of the rows.
    standardize : bool
        Whether to divide; constant columns stay as they are.

    Returns
    -------
    X : ndarray or csr_matrix of shape (n_samples, n_features)
        A new matrix. Sparse rows are not centred; distances do not mind.
    """
    mean, variance, varies = column_moments(X, sample_weight)
    scale = np.sqrt(np.where(varies, variance, 1.0)) if standardize else np.ones(len(mean))
    if issparse(X):
        return csr_matrix(X @ diags(1.0 / scale))
    rows = np.subtract(X, mean)
    rows /= scale
    return rows


def _sparse_rows(X: Any, name: str) -> csr_matrix:
    values = csr_matrix(X, dtype=float)
    if not values.has_canonical_format:
        values = values.copy()
        values.sum_duplicates()
    if not np.isfinite(values.data).all():
        lacking = np.unique(values.indices[~np.isfinite(values.data)]).tolist()
        _refuse(
            f"`{name}` must hold finite numbers, because distances between rows need every value",
            f"missing or infinite values in {_columns(lacking, None)}",
            "impute them, over all domains alike, or leave these columns out",
        )
    return values


def _array_rows(X: Any, name: str) -> Array:
    values = np.asarray(X)
    if values.dtype.kind in "biuf":
        return values.astype(float, copy=False)
    numbers = np.empty(values.shape)
    categories = []
    for position in range(values.shape[1]):
        try:
            numbers[:, position] = [_number(value) for value in values[:, position]]
        except ValueError:
            categories.append(position)
    if categories:
        _refuse_categories(name, categories, None)
    return numbers


def _dataframe_rows(X: Any, name: str) -> Array:
    names = list(X.columns)
    numbers = np.empty(X.shape)
    categories = []
    for position, column in enumerate(names):
        if hasattr(X, "iloc"):
            values = X.iloc[:, position]
            if values.dtype.kind in "biuf":
                numbers[:, position] = values.to_numpy(dtype=float, na_value=np.nan)
            else:
                categories.append(position)
        else:
            plain = X[column].to_numpy()
            if plain.dtype.kind in "biuf":
                numbers[:, position] = plain
            else:
                categories.append(position)
    if categories:
        _refuse_categories(name, categories, names)
    return numbers


def _number(value: Any) -> float:
    if value is None or type(value).__name__ == "NAType":
        return np.nan
    if isinstance(value, str | bytes):
        raise ValueError(f"A value must be a number. Got {value!r} instead.")
    return float(value)


def _columns(positions: list[int], names: list[Any] | None) -> str:
    shown = positions if names is None else [names[position] for position in positions]
    return f"column{'s' if len(shown) > 1 else ''} {listed(shown)}"


def _refuse_categories(name: str, categories: list[int], names: list[Any] | None) -> None:
    _refuse(
        f"`{name}` must hold numbers, because distances between categories are not defined",
        f"values that are not numbers in {_columns(categories, names)}",
        "encode them, over all domains alike (OneHotEncoder), or leave these columns out",
    )


def _refuse(requirement: str, found: str, remedy: str) -> None:
    raise ValueError(f"{requirement}. Got {found} instead; {remedy}.")
