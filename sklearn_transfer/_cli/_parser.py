# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Arguments of the commands, and the one place where errors become an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import sklearn_transfer
from sklearn_transfer._cli._console import CommandError, complain, warnings_as_notes

_DESCRIPTION = """\
Transfer learning across domains: what is each other hospital, region or machine worth to mine?"""

_EPILOG = """\
demo     show it on four hospitals that come with the package
fit      fit a model for one domain of your csv or parquet file
predict  apply that model to rows of the domain
weights  print what each source is worth, without saving a model"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments; None reads those of the process.

    Returns
    -------
    code : int
        0 if all went well, 2 if the user must mend something, which is then said in one line on
        stderr, 130 if interrupted.
    """
    try:
        arguments = build_parser().parse_args(argv)
        with warnings_as_notes():
            import_module(arguments.module).run(arguments)
        sys.stdout.flush()
    except CommandError as error:
        complain(error)
        return 2
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Define all commands.

    Returns
    -------
    parser : ArgumentParser
        Its result has `module`, whose function `run` takes it.
    """
    parser = _Parser(
        prog="python -m sklearn_transfer",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"sklearn_transfer {sklearn_transfer.__version__}"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_fit(commands)
    _add_predict(commands)
    _add_weights(commands)
    return parser


def _add(commands: argparse._SubParsersAction, name: str, module: str, text: str) -> _Parser:
    command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    command.set_defaults(module=f"sklearn_transfer._cli.{module}")
    return command


def _add_demo(commands: argparse._SubParsersAction) -> None:
    demo = _add(commands, "demo", "_demo", "Show transfer between four hospitals.")
    demo.add_argument("-o", "--output", default="demo.png", help="picture (default: %(default)s)")
    demo.add_argument(
        "--rows", type=int, default=50, help="labelled rows of the target (default: %(default)s)"
    )
    demo.add_argument(
        "--splits", type=int, default=10, help="draws of those rows (default: %(default)s)"
    )
    demo.add_argument("--seed", type=int, default=0, help="of the draws (default: %(default)s)")


def _add_fit(commands: argparse._SubParsersAction) -> None:
    fit = _add(commands, "fit", "_fit", "Fit a model for one domain of a table and save it.")
    _add_problem(fit)
    fit.add_argument("-o", "--output", required=True, help="file for the model, such as m.joblib")


def _add_predict(commands: argparse._SubParsersAction) -> None:
    predict = _add(commands, "predict", "_predict", "Apply a saved model to a table.")
    predict.add_argument("model", help="file written by fit; open only files that you trust")
    predict.add_argument("data", help="csv, tsv or parquet file with the columns used in training")
    predict.add_argument("-o", "--output", required=True, help="csv or parquet file to write")
    predict.add_argument(
        "--keep", nargs="+", action="extend", default=[], metavar="COL",
        help="columns to copy into the output, such as an identifier",
    )  # fmt: skip


def _add_weights(commands: argparse._SubParsersAction) -> None:
    weights = _add(commands, "weights", "_fit", "Print what each source is worth to one domain.")
    _add_problem(weights)
    weights.add_argument("--csv", dest="output", default=None, help="file for the table")


def _add_problem(command: _Parser) -> None:
    command.add_argument("data", help="csv, tsv (also .gz) or parquet file")
    command.add_argument("--target", required=True, metavar="COL", help="column to predict")
    command.add_argument("--domain", required=True, metavar="COL", help="column of domain labels")
    command.add_argument(
        "--target-domain", required=True, metavar="LABEL", help="the domain to learn for"
    )
    command.add_argument(
        "--estimator", choices=["linear", "xgboost"], default="linear",
        help="kind of model (default: %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--task", choices=["auto", "classification", "regression"], default="auto",
        help="auto looks at the column to predict",
    )  # fmt: skip
    command.add_argument(
        "--drop", nargs="+", action="extend", default=[], metavar="COL",
        help="columns that are no features, such as identifiers",
    )  # fmt: skip
    command.add_argument(
        "--groups", default=None, metavar="COL",
        help="column that says which rows belong together, such as a patient; no feature",
    )  # fmt: skip
    command.add_argument(
        "--drop-missing-target", action="store_true", help="leave out rows without a target value"
    )
    command.add_argument(
        "--guard", choices=["auto", "select", "none"], default="auto",
        help="protection against sources that harm; none is the paper's algorithm as it stands "
        "(default: %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--update", choices=["dynamic", "static"], default="dynamic",
        help="compute weights in several rounds or once (default: %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--own-intercepts", action="store_true", help="let every domain have a level of its own"
    )
    command.add_argument(
        "--jobs", type=int, default=None, metavar="N", help="sources to fit at once (-1: all cores)"
    )
    command.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    command.add_argument(
        "--verbose", action="store_true", help="show progress on stderr, round by round"
    )
