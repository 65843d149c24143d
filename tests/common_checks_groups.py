# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of one group are held out together: for every row of the registry."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone

from sklearn_transfer.exceptions import TransferWarning
from tests.common_checks import CHECKS, own_check
from tests.common_data import TARGET, Problem, assert_same_answers, problem
from tests.registry import Row
from tests.registry.row import DRAWN

__all__ = ["CHECKS"]


class _Witness:
    """An inner estimator that tells of rows it judges while it knows others of their group."""

    group_of: dict[bytes, int] = {}  # noqa: RUF012 - clones and copies share what they report to
    leaks = 0

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **more: Any) -> Any:
        super().fit(X, y, sample_weight=sample_weight, **more)  # type: ignore[misc]
        self._known = set(_rows(X))
        for watched, _ in more.get("eval_set") or []:
            self._judge(watched)
        return self

    def predict(self, X: Any) -> Any:
        self._judge(X)
        return super().predict(X)  # type: ignore[misc]

    def predict_proba(self, X: Any) -> Any:
        self._judge(X)
        return super().predict_proba(X)  # type: ignore[misc]

    def _judge(self, X: Any) -> None:
        of = _Witness.group_of  # without rows that a method centred first
        known = {of[row] for row in self._known if row in of}
        new = [row for row in _rows(X) if row not in self._known and row in of]
        _Witness.leaks += sum(of[row] in known for row in new)


def _rows(X: Any) -> list[bytes]:
    """What rows can be told by, whatever columns the method put behind."""
    X = X.toarray() if sparse.issparse(X) else np.asarray(X)
    return [row.tobytes() for row in np.ascontiguousarray(X[:, :3], dtype=np.float32)]


def _leaks(row: Row, p: Problem, groups: NDArray[Any], *, told: bool) -> int:
    """How many rows were judged by models that knew their group."""
    model = row.make()
    inner = row.inner()
    inner = inner.steps[-1][1] if hasattr(inner, "steps") else inner
    kind = type(f"Witness{type(inner).__name__}", (_Witness, type(inner)), {})
    model.set_params(estimator=kind(**inner.get_params()), target_domain=TARGET)
    given = {"groups": groups} if told else {}
    _Witness.group_of = dict(zip(_rows(p.X), groups.tolist(), strict=True))
    _Witness.leaks = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(p.X, p.y, sample_domain=p.domain, **given)
    return _Witness.leaks


def _grouped(row: Row) -> tuple[Problem, NDArray[Any]]:
    """Five groups of eight rows in each domain."""
    p = problem(row)
    groups = np.empty(len(p.y), dtype=int)
    for number, label in enumerate(np.unique(p.domain)):
        own = np.flatnonzero(p.domain == label)
        groups[own] = 10 * number + np.arange(len(own)) % 5
    return p, groups


@own_check()
def check_a_group_is_held_out_as_one(row: Row) -> None:
    p, groups = _grouped(row)
    assert _leaks(row, p, groups, told=True) == 0
    # Where rows are dealt by their place, some are held out: the witness would have seen it. It
    # does not sit in the models by which zones are scored.
    if row.draws_rows not in ("", DRAWN) and not hasattr(row.make(), "similarity"):
        assert _leaks(row, p, groups, told=False) > 0


def _fitted(row: Row, p: Problem, groups: Any, **more: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        model = clone(row.make()).set_params(target_domain=TARGET)
        return model.fit(p.X, p.y, sample_domain=p.domain, groups=groups, **more)


@own_check()
def check_groups_of_single_rows_are_none(row: Row) -> None:
    p = problem(row)
    numbers = np.random.default_rng(0).permutation(len(p.y))
    assert_same_answers(_fitted(row, p, None), _fitted(row, p, numbers), p.X, 0.0)


@own_check()
def check_groups_may_have_any_names(row: Row) -> None:
    p, groups = _grouped(row)
    model = _fitted(row, p, groups)
    names = [f"patient {code}" for code in groups]
    for labels in (names, pd.Series(names, index=np.arange(len(names))[::-1])):
        assert_same_answers(model, _fitted(row, p, labels), p.X, 0.0)


@own_check()
def check_groups_of_absent_rows_are_absent(row: Row) -> None:
    p, groups = _grouped(row)
    weight = np.ones(len(p.y))
    weight[::7] = 0.0
    present = np.flatnonzero(weight)
    model = _fitted(row, p, groups, sample_weight=weight)
    other = _fitted(row, p.only(present), groups[present], sample_weight=weight[present])
    assert_same_answers(model, other, p.X, 0.0)


@own_check()
def check_bad_groups_are_refused(row: Row) -> None:
    p, groups = _grouped(row)
    model = _fitted(row, p, groups)
    state = dict(vars(model))
    missing = groups.astype(float)
    missing[3] = np.nan
    for bad, said in [
        (groups[:-1], "`groups` must hold one label per row"),
        (missing, "`groups`"),
        (np.column_stack([groups, groups]), "`groups`"),
    ]:
        with pytest.raises(ValueError, match=said):
            model.fit(p.X, p.y, sample_domain=p.domain, groups=bad)
        assert vars(model) == state


@own_check()
def check_one_group_is_fitted(row: Row) -> None:
    """Nothing can be held out of a single group; then what is done without must be done."""
    p = problem(row)
    if "two-stage" in row.name:
        with pytest.raises(ValueError, match="two groups at least"):
            _fitted(row, p, np.zeros(len(p.y), dtype=int))
        return
    of_target = np.where(p.domain == TARGET, "one", np.arange(len(p.y)).astype(str))
    for groups in (np.zeros(len(p.y), dtype=int), of_target, p.domain):
        predicted = _fitted(row, p, groups).predict(p.X)
        assert len(np.unique(predicted)) > 1
