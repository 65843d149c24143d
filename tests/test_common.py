# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's checks and our own, over every estimator of the registry."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import config_context
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_transfer
from tests import common_checks_groups, common_checks_tables, common_checks_tools
from tests.common_checks import CHECKS, LEFT_OUT_FOR_TRANSFORMERS
from tests.registry import ROWS, Row

# Importing a file of checks is what puts them on the list.
for checks in (common_checks_groups, common_checks_tables, common_checks_tools):
    assert checks.CHECKS is CHECKS

BY_REPR = {repr(row.make()): row for row in ROWS}
# What the generator leaves out.
LEFT_OUT = [
    "check_dataframe_column_names_consistency",
    "check_inplace_ensure_writeable",
    "check_param_validation",
]


def _inner_zeros_allowed() -> np.errstate:
    """Trees and unpenalised logistic models take the logarithm of probability zero."""
    return np.errstate(divide="ignore")


def _expected_failures(estimator: Any) -> dict[str, str]:
    return dict(BY_REPR[repr(estimator)].expected_failures)


def _scikit_learn_checks(estimators: list[Any]) -> pytest.MarkDecorator:
    """Parametrise by a list: scikit-learn 1.7 gives a generator, which pytest 9 warns about."""
    mark = parametrize_with_checks(estimators, expected_failed_checks=_expected_failures)
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


def _cases() -> list[Any]:
    """Pair every row with every check that applies; expected failures are strict."""
    cases = []
    for row in ROWS:
        names = LEFT_OUT + LEFT_OUT_FOR_TRANSFORMERS * hasattr(row.make(), "transform")
        run: dict[str, Any] = {name: _by_hand(name) for name in names}
        run.update({name: check for name, (check, applies) in CHECKS.items() if applies(row)})
        for name, check in run.items():
            reason = row.expected_failures.get(name)
            marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
            cases.append(pytest.param(row, check, id=f"{row.name}-{name}", marks=marks))
    return cases


def _by_hand(name: str) -> Any:
    def check(row: Row) -> None:
        estimator = row.make()
        with _inner_zeros_allowed():
            getattr(estimator_checks, name)(type(estimator).__name__, estimator)

    check.__name__ = name
    return check


def test_rows_can_be_told_apart():
    assert len(BY_REPR) == len(ROWS) == len({row.name for row in ROWS})


def test_expected_failures_name_checks_and_reasons():
    """A check that was renamed must not leave an excuse behind."""
    known = {name for name in dir(estimator_checks) if name.startswith("check_")} | set(CHECKS)
    for row in ROWS:
        assert set(row.expected_failures) <= known
        assert all(len(reason.split()) > 3 for reason in row.expected_failures.values())


@_scikit_learn_checks([row.make() for row in ROWS])
def test_scikit_learn_check(estimator, check):
    with _inner_zeros_allowed():
        check(estimator)


def _one_of_each_class() -> list[Any]:
    """Routing is the business of the class, not of its parameters."""
    return list({type(row.make()): row.make() for row in reversed(ROWS)}.values())


@_scikit_learn_checks(_one_of_each_class())
def test_scikit_learn_check_with_metadata_routing(estimator, check):
    with config_context(enable_metadata_routing=True), _inner_zeros_allowed():
        check(estimator)


@pytest.mark.parametrize(("row", "check"), _cases())
def test_own_check(row, check):
    check(row)


def _raised_messages(path: Path) -> list[tuple[int, str]]:
    """Line and source text of the message of every ValueError and TypeError that leaves a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    caught = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and node.handlers
        for statement in node.body
        for inner in ast.walk(statement)
    }
    messages = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Raise) or node in caught or not isinstance(node.exc, ast.Call):
            continue
        name, arguments = ast.unparse(node.exc.func), node.exc.args
        # A message made by a helper is seen where the check that raises it is tested.
        if name in ("ValueError", "TypeError") and not isinstance(arguments[0], ast.Call):
            messages.append((node.lineno, ast.unparse(arguments[0])))
    return messages


FILES = sorted(Path(sklearn_transfer.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_errors_say_what_is_required_before_what_was_got(path):
    wrong = [
        f"line {line}: {message}"
        for line, message in _raised_messages(path)
        if not re.search(r"(?s)\S.*\bGot\b.*\binstead\b", message)
    ]
    assert not wrong, "\n".join(wrong)
