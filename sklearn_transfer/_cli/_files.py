# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Files that the commands write and read: where they may go is settled before work starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sklearn_transfer
from sklearn_transfer._cli._console import CommandError
from sklearn_transfer._cli._schema import Schema

if TYPE_CHECKING:
    import pandas as pd

_FORMAT = "sklearn_transfer model"
_FORMAT_VERSION = 1


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the package refuses, and files that cannot be used, into errors of one line."""
    try:
        yield
    except (OSError, TypeError, ValueError) as error:
        raise CommandError(error) from error


def check_output(path: str, suffixes: Sequence[str] = ()) -> Path:
    """Refuse a file that could not be written in the end.

    Parameters
    ----------
    path : str
        File to write.
    suffixes : sequence of str, default=()
        What its name may end in; empty allows everything.

    Returns
    -------
    path : Path
        The same.
    """
    file = Path(path)
    if not file.parent.is_dir():
        raise CommandError(
            f"The folder of the output must exist. Got {str(file.parent)!r}, which does not; "
            "create it or choose another."
        )
    if file.is_dir():
        raise CommandError(f"The output must be a file. Got the folder {path!r}; add a file name.")
    if suffixes and not file.name.lower().endswith(tuple(suffixes)):
        raise CommandError(
            f"The output must end in {' or '.join(suffixes)}. Got {file.name!r}; choose another "
            "name."
        )
    return file


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table without its index.

    Parameters
    ----------
    frame : DataFrame
        The table.
    path : Path
        Ends in `.csv`, `.csv.gz` or `.parquet`.
    """
    with refusals():
        if path.name.lower().endswith(".parquet"):
            try:
                frame.to_parquet(path, index=False)
            except ImportError as error:
                raise CommandError(
                    "Writing parquet requires pyarrow. Got none; pip install pyarrow or write csv."
                ) from error
        else:
            frame.to_csv(path, index=False)


def save_model(estimator: Any, schema: Schema, path: Path) -> None:
    """Write a fitted estimator and its schema.

    Parameters
    ----------
    estimator : estimator
        Fitted on tables of the schema.
    schema : Schema
        What the columns mean.
    path : Path
        File; one of that name is replaced only when all is written.
    """
    import joblib

    content = {
        "format": _FORMAT,
        "format_version": _FORMAT_VERSION,
        "version": sklearn_transfer.__version__,
        "schema": schema.to_dict(),
        "estimator": estimator,
    }
    unfinished = path.with_name(f"{path.name}.part")
    with refusals():
        try:
            joblib.dump(content, unfinished, compress=3)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def load_model(path: str) -> tuple[Any, Schema]:
    """Read what `save_model` wrote. Loading runs code in the file: only trusted files.

    Parameters
    ----------
    path : str
        File.

    Returns
    -------
    estimator : estimator
        Fitted.
    schema : Schema
        What the columns mean.
    """
    import joblib

    if not Path(path).is_file():
        raise CommandError(f"The model must be a file. Got {path!r}, where there is none.")
    try:
        content = joblib.load(path)
    except Exception as error:  # a broken or foreign pickle may raise anything
        raise CommandError(
            f"The model must be a file written by `fit`. Got {path!r}, which cannot be loaded: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise CommandError(
            f"The model must be a file written by `fit`. Got {path!r}, which holds "
            f"{type(content).__name__}; fit a model first."
        )
    if content["format_version"] > _FORMAT_VERSION:
        raise CommandError(
            f"The model must be written by sklearn_transfer {sklearn_transfer.__version__} or "
            f"older. Got one of {content['version']}; upgrade this package."
        )
    return content["estimator"], Schema.from_dict(content["schema"])
