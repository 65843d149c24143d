# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Standardised numeric columns out of any table, for coefficients that vary between domains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

Array = NDArray[np.float64]

_MOST_LEVELS = 25
_LEAST_ROWS_OF_LEVEL = 10


class Design:
    """Design matrix with a leading column of ones.

    Parameters
    ----------
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        The rows to learn the columns from: numbers (missing ones take the median, and an indicator
        where they are missing) and categories (one column per frequent level).
    most_columns : int
        Where there would be more columns, none is used: the model then varies between domains in
        its level, and in the slope of what else predicts.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Of the rows, for means and scales.
    """

    def __init__(self, X: Any, most_columns: int, sample_weight: Array | None = None):
        self._encoder = _encoder(X)
        self._mean = np.empty(0)
        self._scale = np.empty(0)
        self._used = np.empty(0, dtype=np.intp)
        if not sparse.issparse(X) or X.shape[1] <= most_columns:
            columns = self._encode(X, fit=True)
            if columns.shape[1] <= most_columns:
                mean = np.average(columns, axis=0, weights=sample_weight)
                scale = np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=sample_weight))
                self._used = np.flatnonzero(scale > 1e-9 * (1.0 + np.abs(mean)))
                self._mean, self._scale = mean[self._used], scale[self._used]

    @property
    def n_columns(self) -> int:
        """Number of the table's columns that may vary; 0 where there would be too many."""
        return len(self._used)

    def transform(self, X: Any, predicted: Array | None = None) -> Array:
        """Columns of the design: ones, what another model predicted, and the table's own.

        Parameters
        ----------
        X : same type as in the constructor
            Rows.
        predicted : ndarray of shape (n_samples, n_predicted) or None, default=None
            Standardised predictors of another model.

        Returns
        -------
        design : ndarray of shape (n_samples, n_columns)
            Of float64.
        """
        n_samples = X.shape[0]
        parts = [np.ones((n_samples, 1))]
        if predicted is not None:
            parts.append(predicted)
        if len(self._used):
            columns = self._encode(X, fit=False)[:, self._used]
            parts.append((columns - self._mean) / self._scale)
        return np.hstack(parts)

    def _encode(self, X: Any, *, fit: bool) -> Array:
        if self._encoder is not None:
            encoded = self._encoder.fit_transform(X) if fit else self._encoder.transform(X)
        else:
            encoded = X
        if sparse.issparse(encoded):
            encoded = encoded.toarray()
        columns = np.asarray(encoded, dtype=np.float64)
        if np.isinf(columns).any():
            raise ValueError(
                "X must hold finite numbers or missing values. Got infinity instead; mark unknown "
                "values as missing."
            )
        return columns


def _encoder(X: Any) -> Any:
    """Transformer of a table with gaps or categories; None for numbers without."""
    numbers = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    if sparse.issparse(X):
        return None
    if not hasattr(X, "columns"):
        if X.dtype.kind in "iub" or (X.dtype.kind == "f" and not np.isnan(X).any()):
            return None
        return numbers
    names = list(X.columns)
    numeric = [name for name in names if np.asarray(X[name]).dtype.kind in "iufb"]
    categories = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(
            max_categories=_MOST_LEVELS,
            min_frequency=_LEAST_ROWS_OF_LEVEL,
            handle_unknown="infrequent_if_exist",
        ),
    )
    others = [name for name in names if name not in numeric]
    return ColumnTransformer([("numbers", numbers, numeric), ("categories", categories, others)])
