# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""`predict`: a saved model applied to a table."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from sklearn_transfer._cli._console import CommandError, note, say
from sklearn_transfer._cli._files import check_output, load_model, refusals, write_table
from sklearn_transfer._cli._schema import Schema, as_text

if TYPE_CHECKING:
    import pandas as pd


def run(arguments: Namespace) -> None:
    """Predict for every row and write the table of predictions.

    Parameters
    ----------
    arguments : Namespace
        Parsed arguments.
    """
    from sklearn_transfer.datasets import read_table

    output = check_output(arguments.output, (".csv", ".csv.gz", ".parquet"))
    estimator, schema = load_model(arguments.model)
    with refusals():
        X, _, _ = read_table(arguments.data, target=None, domain=None)
    absent = [name for name in arguments.keep if name not in X.columns]
    if absent:
        raise CommandError(
            f"--keep must name columns of the table. Got {', '.join(map(repr, absent))}, which it "
            "lacks; check the spelling."
        )
    table = schema.table(X)
    _tell_what_is_ignored(X, schema, arguments.keep)
    frame = predictions(estimator, schema, table)
    clash = [name for name in arguments.keep if name in frame.columns]
    if clash:
        raise CommandError(
            f"--keep must not name columns that predictions have. Got {', '.join(clash)}; rename "
            "them in the table."
        )
    for position, name in enumerate(dict.fromkeys(arguments.keep), start=1):
        frame.insert(position, name, X[name].to_numpy())
    write_table(frame, output)
    say(f"{len(frame):,} predictions for {schema.target_domain}; saved {output}")


def predictions(estimator: Any, schema: Schema, table: pd.DataFrame) -> pd.DataFrame:
    """Predict for rows of a table that the schema has read.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    schema : Schema
        Of its training.
    table : DataFrame
        Rows.

    Returns
    -------
    frame : DataFrame
        `row` (label of the row in the table read), `prediction` and, for classes,
        `probability_<class>`, in the order of the rows.
    """
    import pandas as pd

    with refusals():
        columns = {"row": table.index.to_numpy(), "prediction": estimator.predict(table)}
        if schema.task == "classification":
            proba = estimator.predict_proba(table)
            for number, label in enumerate(estimator.classes_):
                columns[f"probability_{label}"] = proba[:, number]
    return pd.DataFrame(columns)


def _tell_what_is_ignored(X: pd.DataFrame, schema: Schema, kept: list[str]) -> None:
    known = {column.name for column in schema.columns} | {schema.target, schema.domain, *kept}
    extra = [name for name in X.columns if name not in known]
    if extra:
        shown = ", ".join(map(repr, extra[:10])) + (", ..." if len(extra) > 10 else "")
        note(f"ignored columns that the model was not trained on: {shown}")
    if schema.domain not in X.columns:
        return
    wanted = as_text(schema.target_domain)
    others = sum(as_text(label) != wanted for label in X[schema.domain])
    if others:
        note(
            f"{others} of {len(X)} rows are not of the domain {schema.target_domain!r}, for which "
            "the model was made; it predicts for them as if they were"
        )
