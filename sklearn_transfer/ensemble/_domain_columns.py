# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Columns that tell an inner estimator from which domain a row comes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from sklearn_transfer._sklearn import _num_samples

Array = NDArray[np.float64]


class DomainColumns(TransformerMixin, BaseEstimator):
    """Append columns of the domain; to `transform`, every row is the target's.

    Parameters
    ----------
    kind : {"onehot", "category", "augment", "level"}
        One indicator per domain; one column of categories; one copy of all columns per domain,
        zero in the rows of the others, and the indicators; the given values of each domain.
    labels : list
        The domains, the target first.
    scale : float
        Value of an indicator, factor of a copy.
    levels : ndarray of shape (n_domains, n_values) or None, default=None
        Of "level".
    """

    def __init__(self, kind: str, labels: list[Any], scale: float, levels: Array | None = None):
        self.kind = kind
        self.labels = labels
        self.scale = scale
        self.levels = levels

    def fit(self, X: Any, y: Any = None) -> DomainColumns:
        """Do nothing: all there is to know are the labels."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Any) -> Any:
        """Append the target's columns."""
        return self.append(X, np.zeros(_num_samples(X), dtype=np.intp))

    def append(self, X: Any, codes: NDArray[np.intp]) -> Any:
        """Append the columns of each row's own domain.

        Parameters
        ----------
        X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
            Never modified.
        codes : ndarray of shape (n_samples,)
            Number of each row's domain, 0 for the target.

        Returns
        -------
        X_wide : same type as `X`
            The columns of X come first, unchanged.
        """
        if self.kind == "category":
            return self._append_category(X, codes)
        if self.kind == "level":
            assert self.levels is not None
            names = [f"domain_level_{number}" for number in range(self.levels.shape[1])]
            added = self.levels[codes].astype(_float_type(X))
            if sparse.issparse(X):
                return sparse.hstack([X, sparse.csr_array(added)], format="csr")
            return _hstack(X, added, names)
        if self.kind == "augment":
            X = self._append_copies(X, codes)  # and of the constant column, the indicators
        rows = np.arange(len(codes))
        values = np.full(len(codes), self.scale)
        if sparse.issparse(X):
            shape = (len(codes), len(self.labels))
            indicators = sparse.csr_array((values, (rows, codes)), shape=shape)
            return sparse.hstack([X, indicators], format="csr")
        added = np.zeros((len(codes), len(self.labels)), dtype=_float_type(X))
        added[rows, codes] = values
        return _hstack(X, added, [f"domain_{label}" for label in self.labels])

    def _append_category(self, X: Any, codes: NDArray[np.intp]) -> Any:
        import pandas as pd

        if not isinstance(X, pd.DataFrame):
            raise ValueError(
                "strategy='domain_category' needs a pandas DataFrame, because an array has no "
                f"column of categories. Got {type(X).__name__} instead; pass a DataFrame (a "
                "transformer before the last step of a Pipeline returns one after "
                "set_output(transform='pandas')) or use strategy='domain_onehot'."
            )
        names = [str(label) for label in self.labels]
        categories = names if len(set(names)) == len(names) else list(range(len(names)))
        column = pd.Categorical.from_codes(codes, categories=categories)
        return X.assign(**{_free_names(X, ["domain"])[0]: column})

    def _append_copies(self, X: Any, codes: NDArray[np.intp]) -> Any:
        n_rows, n_columns = X.shape
        width = n_columns * len(self.labels)
        if sparse.issparse(X):
            own = sparse.coo_array(X)
            columns = own.col + n_columns * codes[own.row]
            copies = sparse.csr_array(
                (own.data * self.scale, (own.row, columns)), shape=(n_rows, width)
            )
            return sparse.hstack([X, copies], format="csr")
        numbers = _numeric(X)
        copies = np.zeros((n_rows, width), dtype=numbers.dtype)
        for code in np.unique(codes):
            rows = np.flatnonzero(codes == code)
            copies[rows, code * n_columns : (code + 1) * n_columns] = numbers[rows] * self.scale
        names = [
            f"domain_{label}_{column}"
            for label in self.labels
            for column in getattr(X, "columns", range(n_columns))
        ]
        return _hstack(X, copies, names)


def _hstack(X: Any, added: Array, names: list[str]) -> Any:
    """Columns beside X, in X's own kind of table."""
    if not hasattr(X, "columns"):
        return np.hstack([X, added])
    names = _free_names(X, names)
    if hasattr(X, "iloc"):
        import pandas as pd

        return pd.concat([X, pd.DataFrame(added, index=X.index, columns=names)], axis=1)
    return X.with_columns(**{name: added[:, j] for j, name in enumerate(names)})


def _free_names(X: Any, names: list[str]) -> list[Any]:
    """Names of X's kind that X does not hold yet."""
    taken = list(X.columns)
    if taken and not any(isinstance(name, str) for name in taken):
        first = 1 + max((name for name in taken if isinstance(name, int)), default=-1)
        return list(range(first, first + len(names)))
    free: list[str] = []
    for name in names:
        while name in taken:
            name += "_"
        free.append(name)
        taken.append(name)
    return free


def _float_type(X: Any) -> Any:
    """Single precision stays single; everything else gets doubles."""
    dtype = getattr(X, "dtype", None)
    return dtype if dtype is not None and dtype.kind == "f" else np.float64


def _numeric(X: Any) -> Array:
    """Values of X as numbers, NaN where one is missing."""
    if not hasattr(X, "columns"):
        return np.asarray(X, dtype=_float_type(X))
    try:
        if hasattr(X, "iloc"):
            categorical = [name for name in X.columns if X[name].dtype.name == "category"]
            if categorical:
                raise ValueError(f"categories in {categorical}")
            return X.to_numpy(dtype=np.float64, na_value=np.nan)
        return X.to_numpy().astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "strategy='augment' needs numeric columns, because each domain gets a scaled copy of "
            f"every one. Got {error} instead; encode them in a Pipeline whose last step is the "
            "inner estimator (the copies are made before that step), or use "
            "strategy='domain_onehot'."
        ) from error
