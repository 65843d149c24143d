# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the scores accept: features, labels or measurements, weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.utils import check_array, check_consistent_length

from sklearn_transfer._math.quantization import quantise
from sklearn_transfer._sklearn import _check_sample_weight, _num_samples

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


def check_features(features: Any, *, name: str = "features", min_samples: int = 2) -> Any:
    """Validate a feature matrix without copying it: an ndarray or a canonical CSR matrix.

    Any real dtype is kept, and a memory map stays on the disk.
    """
    shape = np.shape(features) if not hasattr(features, "shape") else tuple(features.shape)
    if len(shape) != 2:
        raise ValueError(
            f"`{name}` must be a matrix of shape (n_samples, n_features). Got shape {shape} "
            "instead; reshape one feature by reshape(-1, 1), one row by reshape(1, -1)."
        )
    if shape[0] < min_samples or shape[1] < 1:
        raise ValueError(
            f"`{name}` must have at least {min_samples} rows and one column. Got shape {shape} "
            "instead; leave such a domain or fold out."
        )
    checked = check_array(features, accept_sparse="csr", dtype="numeric", input_name=name)
    if not issparse(checked):
        return checked
    if not checked.has_canonical_format:
        checked = checked.copy()
        checked.sum_duplicates()
    return csr_matrix(checked)


def check_weight(sample_weight: Any, features: Any) -> Array | None:
    """Validate masses of the rows; None stays None."""
    if sample_weight is None:
        return None
    weight = _check_sample_weight(
        sample_weight, np.empty((_num_samples(features), 1)), dtype=np.float64
    )
    if (weight < 0).any() or not weight.any():
        raise ValueError(
            "`sample_weight` must be non-negative and positive somewhere. Got weights between "
            f"{weight.min():g} and {weight.max():g} instead; leave it out to weigh rows equally."
        )
    return weight


def check_outputs(y: Any, features: Any, *, name: str = "y") -> NDArray[Any]:
    """Validate labels or measurements: shape (n_samples, n_outputs), nothing missing."""
    checked = check_array(
        y,
        ensure_2d=False,
        allow_nd=True,
        dtype=None,
        ensure_all_finite=False,
        ensure_min_samples=0,
        input_name=name,
    )
    if checked.ndim not in {1, 2} or 0 in checked.shape[1:]:
        raise ValueError(
            f"`{name}` must be of shape (n_samples,) or (n_samples, n_outputs). Got shape "
            f"{checked.shape} instead; reshape images to one row of pixels each."
        )
    check_consistent_length(features, checked)
    missing = _missing(checked)
    if missing.any():
        raise ValueError(
            f"`{name}` must be known in every row. Got {np.count_nonzero(missing)} values that "
            "are missing or not finite instead; score the labelled rows alone."
        )
    return checked[:, np.newaxis] if checked.ndim == 1 else checked


def check_labels(
    y: Any, features: Any, *, name: str = "y", sample_weight: Array | None = None
) -> tuple[NDArray[Any], Codes]:
    """Validate labels of one output: the distinct labels that have mass, and each row's position.

    Rows without mass stand at position 0, where they count for nothing.
    """
    column = _single_output(y, features, name)
    return _positions(column, name, sample_weight)


def check_symbols(
    X: Any, y: Any, *, name: str = "X", sample_weight: Array | None = None
) -> tuple[NDArray[Any], Codes]:
    """Validate a discrete input of one or more columns: its distinct rows, and where each is."""
    if issparse(X):
        raise ValueError(
            f"`{name}` must be a dense array of symbols. Got a sparse matrix instead; use "
            "`h_score` for wide features."
        )
    columns = check_outputs(X, y, name=name)
    if len(columns) < 2:
        raise ValueError(
            f"`{name}` must have at least 2 rows. Got {len(columns)} instead; leave such a "
            "domain or fold out."
        )
    codes = np.zeros(len(columns), dtype=np.intp)
    for column in columns.T:
        values, position = _positions(column, name, None)
        codes = np.unique(codes * len(values) + position, return_inverse=True)[1]
    groups, positions = _positions(codes, name, sample_weight)
    order = np.argsort(codes, kind="stable")
    first = order[np.searchsorted(codes, groups, sorter=order)]
    return (columns[first, 0] if np.ndim(X) == 1 else columns[first]), positions


def output_codes(
    y: Any,
    features: Any,
    *,
    n_levels: int = 16,
    quantization: str | None = "kmeans",
    sample_weight: Array | None = None,
) -> tuple[Codes, Codes]:
    """Validate outputs and turn each into classes that all have mass.

    Returns
    -------
    codes : ndarray of int, shape (n_outputs, n_rows)
        Class of each row in each output.
    n_classes : ndarray of int, shape (n_outputs,)
        Number of classes of each output.
    """
    outputs = check_outputs(y, features)
    live = slice(None) if sample_weight is None else sample_weight > 0
    weight = None if sample_weight is None else sample_weight[live]
    strategy = quantization if is_measured(outputs) else None
    codes = np.zeros(outputs.shape[::-1], dtype=np.intp)
    for row, column in zip(codes, outputs.T, strict=True):
        if strategy is None:
            row[:] = _positions(column, "y", sample_weight)[1]
        else:
            row[live] = quantise(column[live], n_levels, strategy=strategy, sample_weight=weight)
    return codes, codes.max(axis=1) + 1


def is_measured(y: NDArray[Any]) -> bool:
    """Tell measurements, which are floating-point, from labels, which are anything else."""
    return bool(np.issubdtype(y.dtype, np.floating))


def _single_output(y: Any, features: Any, name: str) -> NDArray[Any]:
    outputs = check_outputs(y, features, name=name)
    if outputs.shape[1] != 1:
        raise ValueError(
            f"`{name}` must be of shape (n_samples,). Got {outputs.shape[1]} columns instead; "
            "score one output at a time."
        )
    return outputs[:, 0]


def _positions(
    values: NDArray[Any], name: str, sample_weight: Array | None
) -> tuple[NDArray[Any], Codes]:
    codes = np.zeros(len(values), dtype=np.intp)
    live = slice(None) if sample_weight is None else sample_weight > 0
    try:
        distinct, codes[live] = np.unique(values[live], return_inverse=True)
    except TypeError as error:
        raise ValueError(
            f"`{name}` must hold labels of one kind. Got labels that do not sort ({error}) "
            "instead; convert them to strings."
        ) from error
    return distinct, codes


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    if np.issubdtype(values.dtype, np.floating):
        return ~np.isfinite(values)
    if values.dtype == object:
        # NaN and pandas' NA differ from themselves, or answer with neither yes nor no
        return np.array([_is_missing(value) for value in values.ravel()], dtype=bool)
    return np.zeros(values.shape, dtype=bool)


def _is_missing(value: Any) -> bool:
    try:
        return value is None or not bool(value == value)
    except TypeError:
        return True
