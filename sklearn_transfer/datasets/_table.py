# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A user's own table: features, target and domain out of one file."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
_SUFFIXES = (*_SEPARATORS, ".parquet")


def read_table(
    path: str | PathLike[str],
    *,
    target: str | None,
    domain: str | None,
    drop: str | Iterable[str] = (),
    drop_missing_target: bool = False,
) -> tuple[pd.DataFrame, pd.Series | None, pd.Series | None]:
    r"""Read features, target and domain from a csv, tsv or parquet file.

    Parameters
    ----------
    path : str or path-like
        A file that ends in `.csv`, `.csv.gz`, `.tsv`, `.tsv.gz` or `.parquet`, in any letter case.
        The first line of a text file names the columns; fields are separated by commas (csv) or
        tabs (tsv), numbers have a decimal point, and empty fields, `NA`, `NaN` and `null` are
        missing.
    target : str or None
        Column to predict. None for a table without one, as for prediction.
    domain : str or None
        Column that says to which domain a row belongs. None if the table has no such column.
    drop : str or iterable of str, default=()
        Columns that are no features: identifiers, dates, other outcomes.
    drop_missing_target : bool, default=False
        Whether rows without a target are left out. By default they are refused.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_features)
        All other columns. Columns of strings are pandas categories, columns of booleans stay
        booleans (pandas' nullable ones where values are missing), missing values are kept.
    y : Series of shape (n_samples,) or None
        The target as it stands in the file.
    sample_domain : Series of shape (n_samples,) or None
        The domain labels as they stand in the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file has another suffix or cannot be read, a column is not in it, a row has no
        domain or no target, or no row or no feature is left. Each message fits on one line.

    See Also
    --------
    load_heart_hospitals : A ready table of four hospitals.

    Notes
    -----
    A numeric column with a code for missing such as `?` is a column of strings, and so becomes
    categorical: leave such fields empty.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sklearn_transfer.datasets import read_table
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "visits.csv"
    >>> _ = path.write_text("age,ward,died,site\n61,A,0,north\n,B,1,south\n")
    >>> X, y, sample_domain = read_table(path, target="died", domain="site")
    >>> X.dtypes.astype(str).to_dict()
    {'age': 'float64', 'ward': 'category'}
    >>> sample_domain.tolist()
    ['north', 'south']
    """
    path = Path(path)
    drop = [drop] if isinstance(drop, str) else list(drop)
    if target is not None and target == domain:
        raise ValueError(
            f"`target` and `domain` must be two columns. Got {target!r} for both instead; name "
            "the column to predict and the column of domains."
        )
    if set(drop) & {target, domain}:
        raise ValueError(
            "`drop` must name neither the target nor the domain column. Got "
            f"{sorted(set(drop) & {target, domain})!r} instead; take it out of `drop`."
        )
    table = _read(path)
    for role, column in [("target", target), ("domain", domain), *(("drop", c) for c in drop)]:
        if column is not None:
            _check_column(table, column, role, path)

    if target is not None:
        missing = table[target].isna()
        if missing.any():
            if not drop_missing_target:
                raise ValueError(
                    f"Every row of {path.name} must have a value of the target {target!r}. Got "
                    f"{int(missing.sum())} of {len(table)} rows without one instead; fill them "
                    "in or pass `drop_missing_target=True` to leave those rows out."
                )
            table = table[~missing]
    if len(table) == 0:
        raise ValueError(
            f"The table must have at least one row. Got none from {path.name} instead; check "
            "the file."
        )
    y = None if target is None else _plain(table[target])
    sample_domain = None
    if domain is not None:
        missing = table[domain].isna()
        if missing.any():
            raise ValueError(
                f"Every row of {path.name} must have a label in the domain column {domain!r}. "
                f"Got {int(missing.sum())} of {len(table)} rows without one instead; fill them "
                "in (empty fields, NA and null count as missing)."
            )
        sample_domain = _plain(table[domain])

    features = [name for name in table.columns if name not in {target, domain, *drop}]
    if not features:
        raise ValueError(
            f"The table must have at least one feature. Got only {list(table.columns)!r} from "
            f"{path.name} instead; check `target`, `domain` and `drop`."
        )
    import pandas as pd

    X = pd.DataFrame({name: _feature(table[name], path) for name in features}, index=table.index)
    return X, y, sample_domain


def _read(path: Path) -> pd.DataFrame:
    """Whole file as a table, with every failure told in one line."""
    import pandas as pd

    name = path.name.lower()
    suffix = next((known for known in _SUFFIXES if name.endswith(known)), None)
    if suffix is None:
        raise ValueError(
            f"The table must be a file that ends in one of {', '.join(_SUFFIXES)}. Got "
            f"{path.name!r} instead; save it as csv or parquet."
        )
    if not path.exists():
        raise FileNotFoundError(
            f"The table must exist. Got {str(path)!r}, where there is no file, instead; check "
            "the path."
        )
    try:
        if suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            with warnings.catch_warnings():
                # rows longer than the header: pandas would drop their last fields
                warnings.simplefilter("error", category=pd.errors.ParserWarning)
                table = pd.read_csv(
                    path,
                    sep=_SEPARATORS[suffix],
                    index_col=False,
                    compression="gzip" if suffix.endswith(".gz") else None,
                    low_memory=False,  # one dtype a column, whatever the file's length
                )
    except ImportError as error:
        raise ValueError(
            f"Reading {path.name} requires pyarrow or fastparquet. Got neither instead; install "
            "pyarrow or save the table as csv."
        ) from error
    except Exception as error:  # parsers raise OSError, ValueError, EOFError, zlib's and Arrow's
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(
            f"The table must be a readable {suffix} file. Got {path.name} with the error "
            f"{reason[0]!r} instead; open and save it again, as UTF-8 text if it is csv."
        ) from error
    if table.index.names != [None]:
        table = table.reset_index()
    table.columns = [str(column) for column in table.columns]
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ValueError(
            f"Columns of {path.name} must have different names. Got {twice!r} twice instead; "
            "rename one of them."
        )
    if suffix in _SEPARATORS and len(table.columns) == 1 and ";" in table.columns[0]:
        raise ValueError(
            f"Fields of a {suffix} file must be separated by "
            f"{'commas' if ',' in _SEPARATORS[suffix] else 'tabs'}. Got the one column "
            f"{table.columns[0]!r} instead; save it without semicolons and with decimal points."
        )
    return table


def _check_column(table: pd.DataFrame, column: str, role: str, path: Path) -> None:
    if column in table.columns:
        return
    lowered = {name.lower(): name for name in table.columns}
    close = [lowered[name] for name in difflib.get_close_matches(column.lower(), lowered, n=3)]
    names = list(table.columns)
    shown = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
    advice = f"did you mean {' or '.join(map(repr, close))}?" if close else f"choose from {shown}."
    raise ValueError(
        f"`{role}` must name a column of {path.name}. Got {column!r}, which is not among its "
        f"{len(names)} columns, instead; {advice}"
    )


def _plain(column: pd.Series) -> pd.Series:
    """Labels in a plain dtype: pandas categories keep values that no row has any more."""
    import pandas as pd

    if isinstance(column.dtype, np.dtype) and column.dtype != object:
        return column
    return pd.Series(column.to_list(), index=column.index, name=column.name)


def _feature(column: pd.Series, path: Path) -> pd.Series:
    """One feature in a dtype that estimators can tell apart: number, boolean or category."""
    import pandas as pd

    if not (column.dtype == object or pd.api.types.is_string_dtype(column.dtype)):
        return column
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "boolean":
        return column.astype("boolean")
    if kind in {"decimal", "empty"}:
        return column.astype(np.float64)
    try:
        return column.astype("category")
    except TypeError as error:  # lists and structures do not hash
        raise ValueError(
            f"Columns of {path.name} must hold numbers, strings or booleans. Got {kind!r} "
            f"values in {column.name!r} instead; name the column in `drop`."
        ) from error
