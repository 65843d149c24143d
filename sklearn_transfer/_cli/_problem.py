# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A user's table as a problem: what is predicted, for which domain, from which columns."""

from __future__ import annotations

import difflib
from argparse import Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sklearn_transfer._cli._console import CommandError, note
from sklearn_transfer._cli._files import refusals
from sklearn_transfer._cli._schema import Schema, learn_columns, lookalike_identifiers

if TYPE_CHECKING:
    import pandas as pd

_MOST_NUMERIC_CLASSES = 10


@dataclass(frozen=True)
class Problem:
    """Rows of all domains, clean, and the schema by which they were read."""

    X: pd.DataFrame
    y: pd.Series
    sample_domain: pd.Series
    schema: Schema
    groups: pd.Series | None = None


def read_problem(arguments: Namespace) -> Problem:
    """Read the table that the arguments of `fit` and `weights` name.

    Parameters
    ----------
    arguments : Namespace
        Parsed arguments.

    Returns
    -------
    problem : Problem
        Checked as far as can be without a fit.
    """
    from sklearn_transfer.datasets import read_table

    with refusals():
        X, y, sample_domain = read_table(
            arguments.data,
            target=arguments.target,
            domain=arguments.domain,
            drop=arguments.drop,
            drop_missing_target=arguments.drop_missing_target,
        )
    assert y is not None
    assert sample_domain is not None
    X, groups = _without_groups(X, arguments.groups)
    target_domain = find_label(arguments.target_domain, sample_domain.unique().tolist())
    task = find_task(y, arguments.task, arguments.target)
    columns, left_out = learn_columns(X)
    if left_out:
        note(
            f"left out {', '.join(map(repr, left_out))}: columns without values, or of strings "
            "that hardly repeat, tell nothing"
        )
    if identifiers := lookalike_identifiers(X):
        note(
            f"no value repeats in {', '.join(map(repr, identifiers))}: if that is an identifier, "
            "leave it out with --drop"
        )
    schema = Schema(columns, arguments.target, arguments.domain, target_domain, task)
    if task == "regression":
        y = y.astype(np.float64)
    return Problem(schema.table(X), y, sample_domain, schema, groups)


def _without_groups(X: pd.DataFrame, name: str | None) -> tuple[pd.DataFrame, pd.Series | None]:
    """Features, and the column that says which rows belong together."""
    if name is None:
        return X, None
    if name not in X.columns:
        close = difflib.get_close_matches(name, map(str, X.columns), n=1)
        advice = f"did you mean {close[0]!r}?" if close else f"choose from {list(X.columns)}."
        raise CommandError(
            "--groups must name a column that is neither predicted, the domain nor dropped. Got "
            f"{name!r}; {advice}"
        )
    missing = int(X[name].isna().sum())
    if missing:
        raise CommandError(
            f"--groups must say of every row where it belongs. Got {missing} empty fields in "
            f"{name!r}; give these rows a group of their own or leave them out."
        )
    return X.drop(columns=name), X[name]


def find_label(text: str, labels: list[Any]) -> Any:
    """Label that a word of the command line means.

    Parameters
    ----------
    text : str
        As typed.
    labels : list
        Distinct labels in the data, of any type.

    Returns
    -------
    label : hashable
        The one that equals the text, reads like it, or is the number it spells.
    """
    for label in labels:
        if isinstance(label, str) and label == text:
            return label
    for label in labels:
        if str(label) == text:
            return label
    number = _as_number(text)
    for label in labels:
        if number is not None and not isinstance(label, str) and label == number:
            return label
    names = sorted(str(label) for label in labels)
    lowered = {name.lower(): name for name in names}
    close = [lowered[name] for name in difflib.get_close_matches(text.lower(), lowered, n=3)]
    if close:
        advice = f"did you mean {' or '.join(map(repr, close))}?"
    else:
        advice = f"choose from {', '.join(names[:10])}{', ...' if len(names) > 10 else '.'}"
    raise CommandError(
        f"--target-domain must be one of the {len(names)} domains in the data. Got {text!r}; "
        f"{advice}"
    )


def find_task(y: pd.Series, wanted: str, name: str) -> str:
    """Whether the target is a class or a number.

    Parameters
    ----------
    y : Series
        The target as it stands in the file.
    wanted : {"auto", "classification", "regression"}
        What the user says.
    name : str
        Column, for messages.

    Returns
    -------
    task : {"classification", "regression"}
        Left to us: classification for text, booleans and up to ten whole numbers.
    """
    import pandas as pd

    numeric = pd.api.types.is_numeric_dtype(y.dtype) and not pd.api.types.is_bool_dtype(y.dtype)
    distinct = y.unique()
    if wanted == "regression":
        if not pd.api.types.is_numeric_dtype(y.dtype):
            raise CommandError(
                f"Regression needs a column of numbers. Got {name!r} with values such as "
                f"{distinct[0]!r}; use --task classification or another --target."
            )
        return wanted
    whole = not numeric or bool(np.all(np.mod(distinct, 1) == 0))
    if wanted == "auto":
        few = len(distinct) <= _MOST_NUMERIC_CLASSES
        wanted = "classification" if not numeric or (whole and few) else "regression"
    if wanted == "classification":
        if len(distinct) < 2:
            raise CommandError(
                f"Classification needs two classes or more. Got {distinct[0]!r} in every row of "
                f"{name!r}; check --target."
            )
        if not whole:
            raise CommandError(
                f"Classes must be text, booleans or whole numbers. Got {name!r} with fractions; "
                "use --task regression."
            )
        if len(distinct) > len(y) / 2:
            raise CommandError(
                f"Classes must repeat. Got {len(distinct)} values in {len(y)} rows of {name!r}; "
                + ("use --task regression." if numeric else "check --target.")
            )
    return wanted


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
