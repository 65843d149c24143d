# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Columns as a model was trained on them: numbers and categories, decided once.

Every table, in training and later, goes through the same schema, so that a column has one meaning
and a category never seen in training is a missing value instead of an error.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from sklearn_transfer._cli._console import CommandError

if TYPE_CHECKING:
    import pandas as pd

_LEAST_ROWS_OF_CATEGORY = 5
_LEAST_SHARE_OF_CATEGORY = 0.01
_LEAST_ROWS_TO_SUSPECT = 50


@dataclass(frozen=True)
class Column:
    """One feature.

    Parameters
    ----------
    name : str
        Its name.
    kind : {"number", "category"}
        How it is read.
    categories : tuple of str
        Values of a category that were frequent in training; others count as missing.
    has_missing : bool
        Whether values were missing in training.
    """

    name: str
    kind: str
    categories: tuple[str, ...] = ()
    has_missing: bool = False


@dataclass(frozen=True)
class Schema:
    """What a model needs to know about tables.

    Parameters
    ----------
    columns : tuple of Column
        The features, in the order of training.
    target, domain : str
        Columns that are no features.
    target_domain : hashable
        The domain that the model was made for.
    task : {"classification", "regression"}
        What is predicted.
    """

    columns: tuple[Column, ...]
    target: str
    domain: str
    target_domain: Any
    task: str

    def names(self, kind: str) -> list[str]:
        """Names of the columns of one kind."""
        return [column.name for column in self.columns if column.kind == kind]

    def table(self, X: pd.DataFrame) -> pd.DataFrame:
        """Read a table as the model was trained to.

        Parameters
        ----------
        X : DataFrame
            With all columns of the schema; others are ignored.

        Returns
        -------
        table : DataFrame
            Floats and categories, in the order of training, with the index of `X`.
        """
        import pandas as pd

        missing = [column.name for column in self.columns if column.name not in X.columns]
        if missing:
            raise CommandError(
                f"The table must have every column of the training table. Got none named "
                f"{_listed(missing)}; add what is missing, empty where the values are unknown."
            )
        read = {"number": _numbers, "category": _categories}
        return pd.DataFrame(
            {column.name: read[column.kind](X[column.name], column) for column in self.columns},
            index=X.index,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain containers, which outlive this class in a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Schema:
        """Undo `to_dict`."""
        columns = tuple(Column(**column) for column in state["columns"])
        return cls(**{**state, "columns": columns})


def learn_columns(X: pd.DataFrame) -> tuple[tuple[Column, ...], list[str]]:
    """Decide from dtypes what is a number and what a category.

    Parameters
    ----------
    X : DataFrame
        All training rows, of all domains, as `read_table` gives them.

    Returns
    -------
    columns : tuple of Column
        Columns that tell something.
    left_out : list of str
        Columns without a value, and columns of strings in which none is frequent.
    """
    import pandas as pd

    strange = [
        f"{name!r} ({X[name].dtype})"
        for name in X.columns
        if not (
            isinstance(X[name].dtype, pd.CategoricalDtype)
            or pd.api.types.is_numeric_dtype(X[name].dtype)
        )
    ]
    if strange:
        raise CommandError(
            f"Features must be numbers, strings or booleans. Got {', '.join(strange)}; turn such "
            "columns into numbers or leave them out with --drop."
        )
    columns, left_out = [], []
    for name in X.columns:
        has_missing = bool(X[name].isna().any())
        if not isinstance(X[name].dtype, pd.CategoricalDtype):
            if X[name].notna().any():
                columns.append(Column(name, "number", has_missing=has_missing))
            else:
                left_out.append(name)
            continue
        frequent = _frequent(X[name])
        if frequent:
            columns.append(Column(name, "category", frequent, has_missing))
        else:
            left_out.append(name)
    if not columns:
        raise CommandError(
            f"The table must have a feature that tells something. Got {_listed(left_out)}, each "
            "without a frequent value; check --drop and the file."
        )
    return tuple(columns), left_out


def lookalike_identifiers(X: pd.DataFrame) -> list[str]:
    """Name whole-number columns in which no value repeats.

    Parameters
    ----------
    X : DataFrame
        All training rows.

    Returns
    -------
    names : list of str
        Columns that may number the rows or the patients; empty for tables of few rows.
    """
    import pandas as pd

    if len(X) < _LEAST_ROWS_TO_SUSPECT:
        return []
    return [
        name
        for name in X.columns
        if pd.api.types.is_integer_dtype(X[name].dtype) and X[name].is_unique
    ]


def _frequent(column: pd.Series) -> tuple[str, ...]:
    """Values that are more than names of single rows."""
    texts, codes = _texts(column)
    least = max(_LEAST_ROWS_OF_CATEGORY, ceil(_LEAST_SHARE_OF_CATEGORY * len(column)))
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    return tuple(sorted(text for text, count in zip(texts, counts, strict=True) if count >= least))


def _numbers(column: pd.Series, wanted: Column) -> pd.Series:
    import pandas as pd

    try:
        numbers = column.astype(np.float64)
    except (TypeError, ValueError):
        parsed = pd.to_numeric(column.astype(object), errors="coerce")
        bad = column[parsed.isna() & column.notna()]
        raise CommandError(
            f"Column {wanted.name!r} must hold numbers, as in training. Got {bad.iloc[0]!r}; "
            "leave unknown values empty."
        ) from None
    if np.isinf(numbers.to_numpy()).any():
        raise CommandError(
            f"Column {wanted.name!r} must hold finite numbers. Got an infinite one; leave unknown "
            "values empty."
        )
    return numbers


def _categories(column: pd.Series, wanted: Column) -> pd.Series:
    import pandas as pd

    texts, codes = _texts(column)
    place = {text: number for number, text in enumerate(wanted.categories)}
    known = np.array([*(place.get(text, -1) for text in texts), -1], dtype=np.intp)
    values = pd.Categorical.from_codes(known[codes], categories=list(wanted.categories))
    return pd.Series(values, index=column.index, name=wanted.name)


def _texts(column: pd.Series) -> tuple[list[str], np.ndarray]:
    """Distinct values as text and the code of each row, -1 where it is missing."""
    import pandas as pd

    codes, values = pd.factorize(column)
    texts = [as_text(value) for value in values]
    unique = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    merged = np.array([*(unique[text] for text in texts), -1], dtype=np.intp)
    return list(unique), merged[codes]


def as_text(value: Any) -> str:
    """Value as text; 2 and 2.0 are the same code, for one missing cell turns a column to floats."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _listed(names: list[str], most: int = 10) -> str:
    shown = ", ".join(map(repr, names[:most]))
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
