# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Standardised numeric columns out of any table, for coefficients that vary between domains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
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
        Where there would be more columns, their leading principal components take their place.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Of the rows, for means, scales and components.
    n_components : int, default=0
        Of wide tables; with 0 the model then varies between domains in its level, and in the slope
        of what else predicts.
    """

    def __init__(
        self,
        X: Any,
        most_columns: int,
        sample_weight: Array | None = None,
        n_components: int = 0,
    ):
        self._encoder = _encoder(X)
        self._used = np.empty(0, dtype=np.intp)
        self._mean, self._scale = np.empty(0), np.empty(0)
        self._components: _Components | None = None
        stays_sparse = sparse.issparse(X) and X.shape[1] > most_columns
        columns = X if stays_sparse else self._encode(X, fit=True)
        if columns.shape[1] > most_columns and not n_components:
            return
        if stays_sparse:
            self._components = _Components(columns, n_components, sample_weight)
            return
        mean, scale = _mean_and_scale(columns, sample_weight)
        self._used = np.flatnonzero(scale > 1e-9 * (1.0 + np.abs(mean)))
        self._mean, self._scale = mean[self._used], scale[self._used]
        if columns.shape[1] > most_columns:
            self._components = _Components(self._standardised(columns), n_components, sample_weight)

    @property
    def n_columns(self) -> int:
        """Number of columns, or of components of a wide table, that may vary."""
        return len(self._used) if self._components is None else len(self._components.mean)

    @property
    def is_reduced(self) -> bool:
        """Whether the table has more columns than may vary."""
        return self._components is not None

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
        if self._components is not None and sparse.issparse(X):
            parts.append(self._components.transform(X))
        elif len(self._used):
            columns = self._standardised(self._encode(X, fit=False))
            if self._components is not None:
                columns = self._components.transform(columns)
            parts.append(columns)
        return np.hstack(parts)

    def _standardised(self, columns: Array) -> Array:
        return (columns[:, self._used] - self._mean) / self._scale

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


class _Components:
    """Leading principal components, of unit variance on average; of sparse columns uncentred.

    One scale for all of them: slopes of the columns that are alike a priori are slopes of the
    components that are alike.
    """

    def __init__(self, columns: Any, n_components: int, sample_weight: Array | None):
        weighted = columns
        if sample_weight is not None:
            root = np.sqrt(sample_weight)
            weighted = (
                sparse.diags_array(root) @ columns
                if sparse.issparse(columns)
                else root[:, np.newaxis] * columns
            )
        # Random starts of a power iteration, the same in every fit.
        svd = TruncatedSVD(min(n_components, *columns.shape), n_iter=7, random_state=0)
        axes = svd.fit(weighted).components_.T
        mean, scale = _mean_and_scale(columns @ axes, sample_weight)
        told = scale > 1e-6 * scale.max(initial=0.0)
        self.axes, self.mean = axes[:, told], mean[told]
        self.scale = float(np.sqrt(np.mean(scale[told] ** 2)))

    def transform(self, columns: Any) -> Array:
        return np.asarray((columns @ self.axes - self.mean) / self.scale, dtype=np.float64)


def _mean_and_scale(columns: Array, sample_weight: Array | None) -> tuple[Array, Array]:
    mean = np.average(columns, axis=0, weights=sample_weight)
    return mean, np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=sample_weight))


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
