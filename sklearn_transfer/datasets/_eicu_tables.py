# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Reading some columns of the original eICU tables, whatever the case of their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pandas as pd

_SUFFIXES = (".csv", ".csv.gz")
_Result = TypeVar("_Result")


class TableFolder:
    """The tables in a folder.

    Parameters
    ----------
    root : str or path-like
        Folder with the original files, `.csv` or `.csv.gz`.
    """

    def __init__(self, root: str | PathLike[str]) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise FileNotFoundError(
                "`root` must be the folder that holds the eICU tables. Got "
                f"{str(self.root)!r}, which is no folder, instead; check the path."
            )
        self._files = {path.name.lower(): path for path in sorted(self.root.iterdir())}

    def read(self, table: str, columns: Mapping[str, str], *, key: str) -> pd.DataFrame:
        """Read some columns of a table that has one row for each key.

        Parameters
        ----------
        table : str
            Its original name, such as `"apacheApsVar"`.
        columns : mapping of str to dtype
            Lower-case column names and the dtypes to read them in.
        key : str
            Column of integers that identifies the rows.

        Returns
        -------
        table : DataFrame
            With these columns, under their lower-case names, and the key as its index.
        """
        content = self.read_rows(table, {key: "int64", **columns}).set_index(key)
        if not content.index.is_unique:
            raise ValueError(
                f"The eICU table {table!r} must have one row for each {key}. Got "
                f"{int(content.index.duplicated().sum())} repeated rows instead; use the "
                "original file."
            )
        return content

    def read_rows(self, table: str, columns: Mapping[str, str]) -> pd.DataFrame:
        """Read some columns of any table.

        Parameters
        ----------
        table : str
            Its original name.
        columns : mapping of str to dtype
            Lower-case column names and the dtypes to read them in.

        Returns
        -------
        table : DataFrame
            With these columns, under their lower-case names.
        """
        import pandas as pd

        path = self._find(table)
        compression: Any = "gzip" if path.name.lower().endswith(".gz") else None
        header = _or_explain(
            path, lambda: pd.read_csv(path, nrows=0, compression=compression).columns
        )
        names = {name.strip().lower(): name for name in header}
        missing = [column for column in columns if column not in names]
        if missing:
            raise ValueError(
                f"The eICU table {table!r} must have the columns "
                f"{', '.join(map(repr, columns))}, in any letter case. Got {path.name} without "
                f"{', '.join(map(repr, missing))} instead; use the original file of eICU 2.0."
            )
        dtypes: Any = {names[column]: dtype for column, dtype in columns.items()}
        content = _or_explain(
            path,
            lambda: pd.read_csv(path, usecols=list(dtypes), dtype=dtypes, compression=compression),
        )
        content.columns = [name.strip().lower() for name in content.columns]
        return content

    def _find(self, table: str) -> Path:
        for suffix in _SUFFIXES:
            if (path := self._files.get(table.lower() + suffix)) is not None:
                return path
        found = [path.name for name, path in self._files.items() if name.endswith(_SUFFIXES)]
        shown = ", ".join(found[:8]) + (", ..." if len(found) > 8 else "")
        raise FileNotFoundError(
            f"The eICU table {table!r} must be in the folder as {table}.csv or {table}.csv.gz, in "
            f"any letter case. Got {shown or 'no csv file'} in {str(self.root)!r} instead; put "
            "the file there under its original name."
        )


def _or_explain(path: Path, read: Callable[[], _Result]) -> _Result:
    """Result of `read`, or one line about a file that cannot be read."""
    try:
        return read()
    except Exception as error:  # parsers raise OSError, ValueError, EOFError and zlib's own
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(
            f"The file {path.name} must be a readable csv table with the columns of eICU 2.0. "
            f"Got the error {reason[0]!r} instead; fetch the original file again."
        ) from error
