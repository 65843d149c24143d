# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""`fit` and `weights`: one model for one domain of a user's table."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from sklearn_transfer._cli._console import say
from sklearn_transfer._cli._files import check_output, refusals, save_model, write_table
from sklearn_transfer._cli._inner import inner_estimator
from sklearn_transfer._cli._problem import Problem, read_problem

if TYPE_CHECKING:
    import pandas as pd

_FORMATS = {
    "rows": "{:,.0f}".format,
    "discrepancy": "{:.3g}".format,
    "ratio": "{:.2f}".format,
    "weight": "{:.3f}".format,
    "share": "{:.1%}".format,
    "worth": "{:,.1f}".format,
}


def run(arguments: Namespace) -> None:
    """Fit, print the table of sources, and save the model (`fit`) or the table (`weights`).

    Parameters
    ----------
    arguments : Namespace
        Parsed arguments.
    """
    output = None
    if arguments.output is not None:
        is_table = arguments.command == "weights"
        output = check_output(arguments.output, (".csv", ".csv.gz", ".parquet") if is_table else ())
    problem = read_problem(arguments)
    _introduce(problem)
    estimator = fit_problem(problem, arguments)
    frame = estimator.to_frame()
    _show(estimator, frame)
    if output is None:
        return
    if arguments.command == "weights":
        write_table(frame, output)
    else:
        save_model(estimator, problem.schema, output)
    say(f"saved {output}")


def fit_problem(problem: Problem, arguments: Namespace) -> Any:
    """Fit UOWQ with the default inner estimator.

    Parameters
    ----------
    problem : Problem
        Rows and schema.
    arguments : Namespace
        Parsed arguments.

    Returns
    -------
    estimator : UOWQClassifier or UOWQRegressor
        Fitted.
    """
    from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor

    schema = problem.schema
    make = UOWQClassifier if schema.task == "classification" else UOWQRegressor
    estimator = make(
        inner_estimator(arguments.estimator, schema, arguments.seed),
        target_domain=schema.target_domain,
        guard=None if arguments.guard == "none" else arguments.guard,
        update=arguments.update,
        domain_effects="intercept" if arguments.own_intercepts else None,
        n_jobs=arguments.jobs,
        random_state=arguments.seed,
        verbose=int(arguments.verbose),
    )
    with refusals():
        return estimator.fit(
            problem.X, problem.y, sample_domain=problem.sample_domain, groups=problem.groups
        )


def _introduce(problem: Problem) -> None:
    schema = problem.schema
    n_target = int((problem.sample_domain == schema.target_domain).sum())
    n_sources = problem.sample_domain.nunique() - 1
    say(
        f"target {schema.target_domain}: {n_target:,} rows; {_several(n_sources, 'source')} with "
        f"{len(problem.y) - n_target:,} rows"
    )
    what = schema.task
    if what == "classification":
        classes = sorted(map(str, problem.y.unique()))
        shown = ", ".join(classes[:5]) + (", ..." if len(classes) > 5 else "")
        what += f" ({len(classes)} classes: {shown})"
    say(
        f"{schema.target!r}: {what}, from {_several(len(schema.names('number')), 'number')} and "
        f"{_several(len(schema.names('category')), 'category', 'categories')}"
    )


def _show(estimator: Any, frame: pd.DataFrame) -> None:
    """Print the sources, those worth most first."""
    if len(frame):
        ordered = frame.sort_values("worth", ascending=False, kind="stable")
        say()
        say(ordered.to_string(index=False, formatters=_FORMATS, na_rep="-"))
        say()
    say(
        f"The sources are worth {estimator.transfer_quantity_:,.1f} rows of "
        f"{estimator.target_domain_} (worth = weight x rows; a row of the target has weight 1)."
    )


def _several(count: int, name: str, plural: str | None = None) -> str:
    return f"{count:,} {name if count == 1 else plural or name + 's'}"
