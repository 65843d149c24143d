# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Tables of every kind, persistence, the domain as a column: for every row of the registry."""

from __future__ import annotations

import copy
import io
import pickle
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import get_tags

from sklearn_transfer.exceptions import TransferWarning
from tests.common_checks import CHECKS, own_check
from tests.common_data import (
    NAMES,
    TARGET,
    Problem,
    answers,
    as_frame,
    assert_same_answers,
    fitted,
    problem,
)
from tests.registry import Row

__all__ = ["CHECKS"]


@own_check()
def check_containers(row: Row) -> None:
    p = problem(row)
    model = fitted(row.make(), *p)
    any_index = np.random.default_rng(1).permutation(len(p.y)) // 3
    tables = [
        np.asfortranarray(p.X),
        p.X.tolist(),
        as_frame(p),
        as_frame(p).set_index(any_index),
        as_frame(p).convert_dtypes(),
        pl.DataFrame(p.X, schema=NAMES),
    ]
    if get_tags(row.make()).input_tags.sparse:
        tables += [sparse.csr_array(p.X), sparse.csc_array(p.X), sparse.coo_array(p.X)]
    for X in tables:
        other = fitted(row.make(), X, p.y, p.domain)
        tolerance = max(row.tolerance, 1e-5 * sparse.issparse(X))
        for name, mine in answers(model, p.X).items():
            said = getattr(other, name)(X)
            assert_allclose(said, mine, rtol=tolerance, atol=tolerance, err_msg=f"{type(X)}")


@own_check()
def check_rows_are_matched_by_position(row: Row) -> None:
    """Take pandas indices as names of rows, never as keys to join by."""
    p = problem(row)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(p.y))
    model = fitted(row.make(), *p, sample_weight=weight)
    backwards = np.arange(len(p.y))[::-1]
    for y, w, domain in [
        (
            pd.Series(p.y, index=backwards),
            pd.Series(weight, index=backwards),
            pd.Series(p.domain, index=backwards),
        ),
        (pl.Series(p.y), pl.Series(weight), pl.Series(p.domain.tolist())),
        (p.y.tolist(), weight.tolist(), p.domain.tolist()),
    ]:
        other = fitted(row.make(), p.X, y, domain, sample_weight=w)
        assert_same_answers(model, other, p.X)


@own_check()
def check_inputs_are_not_modified(row: Row) -> None:
    p = problem(row)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(p.y))
    weight[::7] = 0.0
    with_domain = as_frame(p).assign(site=p.domain)
    for X, y, w, domain, params in [
        (p.X, p.y, weight, p.domain, {}),
        (as_frame(p), pd.Series(p.y), pd.Series(weight), pd.Series(p.domain), {}),
        (with_domain, pd.Series(p.y), weight, None, {"domain_column": "site"}),
        (pl.DataFrame(p.X, schema=NAMES), pl.Series(p.y), weight, pl.Series(p.domain.tolist()), {}),
        (pl.from_pandas(with_domain), p.y, weight, None, {"domain_column": "site"}),
    ]:
        before = pickle.dumps((X, y, w, domain))
        model = fitted(
            row.make(), X, y, domain, sample_weight=w, **{"target_domain": TARGET, **params}
        )
        answers(model, X)
        assert pickle.dumps((X, y, w, domain)) == before


@own_check()
def check_read_only_memory_maps(row: Row) -> None:
    p = problem(row)
    weight = np.random.default_rng(1).integers(0, 3, len(p.y)).astype(float)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.joblib"
        joblib.dump([p.X, p.y, weight, np.array([len(d) for d in p.domain])], path)
        X, y, w, _ = joblib.load(path, mmap_mode="r")
        assert isinstance(X, np.memmap)
        assert not X.flags.writeable
        other = fitted(row.make(), X, y, p.domain, sample_weight=w)
        assert_same_answers(fitted(row.make(), *p, sample_weight=weight), other, p.X)
        del X, y, w


@own_check()
def check_round_trips(row: Row) -> None:
    p = problem(row)
    model = fitted(row.make(), *p)
    memory = io.BytesIO()
    joblib.dump(model, memory)
    memory.seek(0)
    for other in (pickle.loads(pickle.dumps(model)), joblib.load(memory), copy.deepcopy(model)):
        assert_same_answers(model, other, p.X)
        assert set(vars(other)) == set(vars(model))
    fresh = clone(model)
    assert not [name for name in vars(fresh) if name.endswith("_")]
    assert_same_answers(model, fitted(fresh, *p), p.X)


@own_check()
def check_training_rows_are_not_kept(row: Row) -> None:
    """Keep no training row: a model must not grow with its table."""
    sizes = []
    for rows_per_domain in (40, 400):
        model = fitted(row.make(), *problem(row, rows_per_domain=rows_per_domain))
        sizes.append(len(pickle.dumps(model)))
    assert sizes[1] < sizes[0] + 40_000 // 4  # a tenth of the float64 rows that were added


@own_check()
def check_features_are_named_and_counted(row: Row) -> None:
    p = problem(row)
    model = fitted(row.make(), *p)
    assert model.n_features_in_ == 3
    assert not hasattr(model, "feature_names_in_")
    with pytest.raises(ValueError, match="4 features"):
        model.predict(np.ones((2, 4)))
    model = fitted(model, as_frame(p), p.y, p.domain)
    assert_array_equal(model.feature_names_in_, NAMES)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(as_frame(p)[NAMES[::-1]])
    model = fitted(row.make(), as_frame(p), p.y, p.domain)
    model.set_params(target_domain=TARGET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        model.fit(p.X, p.y, sample_domain=p.domain)
    assert not hasattr(model, "feature_names_in_")


class _Witness:
    """Writes down the tables that come to an inner estimator."""

    seen: list[tuple[str, Any]] = []  # noqa: RUF012 - shared by all clones on purpose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        return super().fit(self._noted("fit", X), y, sample_weight)  # type: ignore[misc]

    def predict(self, X: Any) -> Any:
        return super().predict(self._noted("predict", X))  # type: ignore[misc]

    def predict_proba(self, X: Any) -> Any:
        return super().predict_proba(self._noted("predict_proba", X))  # type: ignore[misc]

    def decision_function(self, X: Any) -> Any:
        return super().decision_function(self._noted("decision_function", X))  # type: ignore[misc]

    def _noted(self, method: str, X: Any) -> Any:
        if isinstance(X, _Numbers):  # one method of the parent calls another
            return X
        self.seen.append((method, X))
        return _numbers(X)


class _Numbers(np.ndarray):
    """What the witness made of a table."""


def _numbers(X: Any) -> Any:
    in_icu = np.asarray(X["ward"]) == "icu"
    columns = [*(np.asarray(X[name], dtype=float) for name in NAMES), in_icu]
    return np.column_stack(columns).view(_Numbers)


class WitnessClassifier(_Witness, LogisticRegression):
    """A classifier that needs a table."""


class WitnessRegressor(_Witness, Ridge):
    """A regressor that needs a table."""


@own_check()
def check_dataframe_reaches_the_inner_estimator(row: Row) -> None:
    """Columns, their types and categories are as given; rows are selected, the domain dropped."""
    p = problem(row)
    ward = np.where(p.X[:, 0] > 0, "icu", "ward")
    table = as_frame(p).assign(
        ward=pd.Categorical(ward, categories=["ward", "icu", "never"]), site=p.domain
    )
    inner = WitnessClassifier() if row.is_classifier else WitnessRegressor()
    for X in (table, pl.from_pandas(table)):
        _Witness.seen.clear()
        model = fitted(
            row.make(), X, p.y, domain_column="site", target_domain=TARGET, estimator=inner
        )
        model.predict(X)
        assert {name for name, _ in _Witness.seen} >= {"fit", "predict"}
        expected = X.drop(columns="site") if X is table else X.drop("site")
        for _, table_seen in _Witness.seen:
            assert type(table_seen) is type(X)
            assert list(table_seen.columns) == [*NAMES, "ward"]
            assert list(table_seen.dtypes) == list(expected.dtypes)
    _Witness.seen.clear()


@own_check(lambda row: get_tags(row.make()).input_tags.allow_nan)
def check_missing_values_reach_the_inner_estimator(row: Row) -> None:
    p = problem(row)
    X = p.X.copy()
    X[np.random.default_rng(1).random(X.shape) < 0.2] = np.nan
    model = fitted(row.make(), X, p.y, p.domain)
    other = fitted(row.make(), pd.DataFrame(X, columns=NAMES), p.y, p.domain)
    assert_array_equal(other.predict(pd.DataFrame(X, columns=NAMES)), model.predict(X))
    assert np.isfinite(model.predict(X).astype(float)).all()


def _tables_with_domain(row: Row, p: Problem) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Yield tables with the column, what `domain_column` says, the target, and the rest of X."""
    number = {TARGET: 4, "a": 1, "b": 2, "c": 3}
    codes = np.array([number[label] for label in p.domain])
    for place in (0, 3):
        frame = as_frame(p)
        frame.insert(place, "site", p.domain)
        yield frame, "site", TARGET, as_frame(p)
        yield frame, place, TARGET, as_frame(p)
        yield frame, place - 4, TARGET, as_frame(p)
        yield pl.from_pandas(frame), "site", TARGET, pl.DataFrame(p.X, schema=NAMES)
        array = np.insert(p.X, place, codes, axis=1)
        yield array, place, 4, p.X
        yield array, np.int64(place - 4), 4, p.X
        objects = array.astype(object)
        objects[:, place] = p.domain
        yield objects, place, TARGET, p.X
        if get_tags(row.make()).input_tags.sparse:
            yield sparse.csr_array(array), place, 4, sparse.csr_array(p.X)


@own_check()
def check_domain_column(row: Row) -> None:
    """By name or position, in any table, it says what `sample_domain` says; or is not there."""
    p = problem(row)
    model = fitted(row.make(), *p)
    for X, column, target, rest in _tables_with_domain(row, p):
        other = fitted(row.make(), X, p.y, domain_column=column, target_domain=target)
        assert other.n_features_in_ == 3
        assert getattr(other, "feature_names_in_", np.array(NAMES)).tolist() == NAMES
        tolerance = max(row.tolerance, 1e-5 * sparse.issparse(X))
        for name, mine in answers(model, p.X).items():
            said = getattr(other, name)(X)
            assert_allclose(said, mine, rtol=tolerance, atol=tolerance, err_msg=f"{column}")
            absent = getattr(other, name)(rest)
            assert_allclose(absent, said, rtol=1e-12, err_msg=f"{column!r}")
        assert other.score(rest, p.y) == pytest.approx(other.score(X, p.y))


@own_check()
def check_domain_column_is_refused(row: Row) -> None:
    p = problem(row)
    frame = as_frame(p).assign(site=p.domain)
    for X, column, domain, says in [
        (frame, "site", p.domain, "both `domain_column`='site' and `sample_domain` instead"),
        (frame, "ward", None, "Got 'ward' instead; X has 'age', 'dose', 'mass', 'site'"),
        (frame, 4, None, "Got 4 instead"),
        (frame, -5, None, "Got -5 instead"),
        (p.X, "site", None, r"position in 0\.\.2.*Got 'site' instead"),
        (p.X, 3, None, "Got 3 instead"),
    ]:
        model = clone(row.make()).set_params(domain_column=column, target_domain=TARGET)
        with pytest.raises(ValueError, match=says):
            model.fit(X, p.y, sample_domain=domain)
