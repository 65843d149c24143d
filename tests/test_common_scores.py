# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's checks and our own, over every estimator that does not predict."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests import registry
from tests.common_checks_scores import SCORE_CHECKS
from tests.registry.score_row import ScoreRow

ROWS: list[ScoreRow] = [
    row
    for file in pkgutil.iter_modules(registry.__path__)
    for row in getattr(importlib.import_module(f"tests.registry.{file.name}"), "SCORE_ROWS", [])
]
BY_REPR = {repr(row.make()): row for row in ROWS}
# What the generator leaves out.
LEFT_OUT = ["check_dataframe_column_names_consistency", "check_param_validation"]


def _scikit_learn_checks(estimators: list[Any]) -> pytest.MarkDecorator:
    """Parametrise by a list: scikit-learn 1.7 gives a generator, which pytest 9 warns about."""
    mark = parametrize_with_checks(
        estimators, expected_failed_checks=lambda e: dict(BY_REPR[repr(e)].expected_failures)
    )
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


def _cases() -> list[Any]:
    """Pair every row with every check that applies; expected failures are strict."""
    cases = []
    for row in ROWS:
        run: dict[str, Any] = {name: _by_hand(name) for name in LEFT_OUT}
        run.update({name: check for name, (check, applies) in SCORE_CHECKS.items() if applies(row)})
        for name, check in run.items():
            reason = row.expected_failures.get(name)
            marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
            cases.append(pytest.param(row, check, id=f"{row.name}-{name}", marks=marks))
    return cases


def _by_hand(name: str) -> Any:
    def check(row: ScoreRow) -> None:
        estimator = row.make()
        getattr(estimator_checks, name)(type(estimator).__name__, estimator)

    check.__name__ = name
    return check


def test_rows_can_be_told_apart():
    assert len(BY_REPR) == len(ROWS) == len({row.name for row in ROWS})


def test_expected_failures_name_checks_and_reasons():
    """A check that was renamed must not leave an excuse behind."""
    known = {name for name in dir(estimator_checks) if name.startswith("check_")}
    for row in ROWS:
        assert set(row.expected_failures) <= known | set(SCORE_CHECKS)
        assert all(len(reason.split()) > 3 for reason in row.expected_failures.values())


@_scikit_learn_checks([row.make() for row in ROWS])
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(("row", "check"), _cases())
def test_own_check(row, check):
    check(row)
