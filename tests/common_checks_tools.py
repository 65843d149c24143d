# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Reproducibility, failure and scikit-learn's tools: for every row of the registry."""

from __future__ import annotations

import copy
import logging
import pickle
import warnings
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_transfer.exceptions import TransferWarning
from tests.common_checks import CHECKS, own_check
from tests.common_data import (
    TARGET,
    Problem,
    answers,
    as_frame,
    assert_same_answers,
    assert_same_weights,
    fitted,
    problem,
)
from tests.registry import Row

__all__ = ["CHECKS"]


@own_check(lambda row: "n_jobs" in row.make().get_params())
def check_same_result_for_any_n_jobs(row: Row) -> None:
    p = problem(row)
    model = fitted(row.make(), *p, n_jobs=1)
    for n_jobs in (2, -1):
        with joblib.parallel_config(backend="threading"):
            assert_same_answers(model, fitted(row.make(), *p, n_jobs=n_jobs), p.X)
    assert_same_answers(model, fitted(row.make(), *p, n_jobs=2), p.X)


@own_check()
def check_same_seed_same_result(row: Row) -> None:
    p = problem(row)
    seeds: list[Any] = [None]
    if "random_state" in row.make().get_params():
        seeds = [0, np.random.RandomState(3)]
    for seed in seeds:
        given: dict[str, Any] = {} if seed is None else {"random_state": seed}
        model = fitted(row.make(), *p, **copy.deepcopy(given))
        assert_same_answers(model, fitted(row.make(), *p, **copy.deepcopy(given)), p.X)
        if not isinstance(seed, np.random.RandomState):  # whose clone goes on where it stopped
            assert_same_answers(model, fitted(model, *p), p.X)


class _Bomb:
    """An inner estimator whose third fit fails, when the work is half done."""

    fits = 0

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        _Bomb.fits += 1
        if _Bomb.fits == 3:
            raise KeyboardInterrupt
        return super().fit(X, y, sample_weight)  # type: ignore[misc]


class BombClassifier(_Bomb, LogisticRegression):
    """A classifier that fails in the middle."""


class BombRegressor(_Bomb, Ridge):
    """A regressor that fails in the middle."""


@own_check()
def check_failed_refit_leaves_the_last_fit(row: Row) -> None:
    p = problem(row)
    model = fitted(row.make(), as_frame(p), p.y, p.domain)
    state = dict(vars(model))
    said = answers(model, as_frame(p))
    text = pickle.dumps(model)
    endless = p.X.copy()
    endless[0, 0] = np.inf
    for X, y, w, domain in [
        (p.X[:, :2], p.y[:-1], None, p.domain),
        (p.X[:, :2], p.y, None, p.domain[p.domain != TARGET]),
        (p.X[:, :2], p.y, None, np.where(p.domain == TARGET, "z", p.domain)),
        (p.X[:, :2], p.y, -np.ones(len(p.y)), p.domain),
        (p.X[:, :0], p.y, None, p.domain),
        (np.array([["x", "y"]] * len(p.y), dtype=object), p.y, None, p.domain),
        (endless, p.y, None, p.domain),
    ]:
        with pytest.raises((ValueError, TypeError)):
            model.fit(X, y, w, sample_domain=domain)
        assert vars(model) == state
    inner = model.estimator
    _Bomb.fits = 0
    model.set_params(estimator=BombClassifier() if row.is_classifier else BombRegressor())
    with pytest.raises(KeyboardInterrupt):
        model.fit(p.X, p.y, sample_domain=p.domain)
    model.estimator = inner
    assert vars(model) == state
    assert pickle.dumps(model) == text
    for name, value in answers(model, as_frame(p)).items():
        assert_array_equal(value, said[name])
    unfitted = row.make()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        unfitted.fit(p.X, p.y[:-1])
    assert vars(unfitted).keys() == vars(row.make()).keys()


@own_check()
def check_global_state_is_untouched(row: Row) -> None:
    p = problem(row)
    logger = logging.getLogger("sklearn_transfer")

    def state() -> list[str]:
        return [
            repr(np.random.get_state()),  # noqa: NPY002 - it is this state that must not move
            repr(sorted(sklearn.get_config().items())),
            repr(np.geterr()),
            repr(warnings.filters),
            repr((logger.level, logger.handlers, logger.propagate, logging.root.handlers)),
        ]

    params = {"random_state": 0, "verbose": 1}
    known = row.make().get_params()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        model = clone(row.make()).set_params(
            target_domain=TARGET, **{name: v for name, v in params.items() if name in known}
        )
        before = state()
        model.fit(p.X, p.y, sample_domain=p.domain)
        answers(model, p.X)
        assert state() == before


def _folds(p: Problem) -> list[tuple[Any, Any]]:
    """Three folds of the target's rows; the sources are always in training."""
    target = np.flatnonzero(p.domain == TARGET)
    everything = np.arange(len(p.y))
    return [
        (np.setdiff1d(everything, target[test]), target[test]) for _, test in KFold(3).split(target)
    ]


@own_check()
def check_in_a_pipeline(row: Row) -> None:
    p = problem(row)
    scaled = StandardScaler().fit_transform(p.X)
    model = fitted(row.make(), scaled, p.y, p.domain)
    for routing, keyword in [(False, "model__sample_domain"), (True, "sample_domain")]:
        pipe = Pipeline(
            [("scale", StandardScaler()), ("model", row.make().set_params(target_domain=TARGET))]
        )
        with config_context(enable_metadata_routing=routing), warnings.catch_warnings():
            warnings.simplefilter("ignore", TransferWarning)
            pipe.fit(p.X, p.y, **{keyword: p.domain})
            assert_array_equal(pipe.predict(p.X), model.predict(scaled))
            assert pipe.score(p.X, p.y) == model.score(scaled, p.y)


@own_check()
def check_in_cross_validation(row: Row) -> None:
    p = problem(row)
    estimator = row.make().set_params(target_domain=TARGET)
    folds = _folds(p)
    scores = [
        fitted(estimator, *p.only(train), target_domain=TARGET).score(p.X[test], p.y[test])
        for train, test in folds
    ]
    for routing in (False, True):
        with config_context(enable_metadata_routing=routing), warnings.catch_warnings():
            warnings.simplefilter("ignore", TransferWarning)
            result = cross_validate(
                estimator,
                p.X,
                p.y,
                cv=folds,
                params={"sample_domain": p.domain},
                error_score="raise",
            )
            assert_array_equal(result["test_score"], scores)
            t = p.target_rows
            said = cross_val_predict(
                clone(estimator).set_params(domain_column=0),
                np.insert(t.X.astype(object), 0, t.domain, axis=1),
                t.y,
                cv=KFold(3),
            )
            assert said.shape == t.y.shape


@own_check(lambda row: bool(row.grid))
def check_in_grid_search(row: Row) -> None:
    p = problem(row)
    name, values = next(iter(row.grid.items()))
    estimator = row.make().set_params(target_domain=TARGET)
    folds = _folds(p)
    means = []
    for value in values:
        candidate = clone(estimator).set_params(**{name: value})
        models = [fitted(candidate, *p.only(train), target_domain=TARGET) for train, _ in folds]
        means.append(
            np.mean(
                [m.score(p.X[test], p.y[test]) for m, (_, test) in zip(models, folds, strict=True)]
            )
        )
    for routing in (False, True):
        search = GridSearchCV(estimator, {name: values}, cv=folds, error_score="raise")
        with config_context(enable_metadata_routing=routing), warnings.catch_warnings():
            warnings.simplefilter("ignore", TransferWarning)
            search.fit(p.X, p.y, sample_domain=p.domain)
        assert_allclose(search.cv_results_["mean_test_score"], means, rtol=1e-12)
        best = values[int(np.argmax(means))]
        refit = fitted(clone(estimator).set_params(**{name: best}), *p)
        assert_same_answers(refit, search.best_estimator_, p.X)


@own_check()
def check_weights_are_routed_on_request(row: Row) -> None:
    """With routing on, `sample_weight` is undecided until the user decides, as in scikit-learn."""
    p = problem(row)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(p.y))
    estimator = row.make().set_params(target_domain=TARGET)
    model = fitted(estimator, *p, sample_weight=weight)
    with config_context(enable_metadata_routing=True), warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        given = {"sample_domain": p.domain, "sample_weight": weight}
        with pytest.raises(ValueError, match="not explicitly set as requested"):
            make_pipeline(clone(estimator)).fit(p.X, p.y, **given)
        asked = clone(estimator).set_fit_request(sample_weight=True)
        assert_same_answers(model, make_pipeline(asked).fit(p.X, p.y, **given)[-1], p.X)
        alias = clone(estimator).set_fit_request(sample_domain="ward")
        other = make_pipeline(alias).fit(p.X, p.y, ward=p.domain)[-1]
        assert_same_answers(fitted(estimator, *p), other, p.X)


@own_check(lambda row: row.weights_sources)
def check_source_attributes_are_aligned(row: Row) -> None:
    """Attributes of one value per source follow `source_domains_`, whichever way it is ordered."""
    p = problem(row)
    names = {TARGET: TARGET, "a": 2, "b": "x", "c": ("y", 1)}  # these do not sort
    domain = [names[label] for label in p.domain]
    model, other = fitted(row.make(), *p), fitted(row.make(), p.X, p.y, domain)
    first_seen = list(dict.fromkeys(label for label in domain if label != TARGET))
    assert other.source_domains_.tolist() == first_seen
    assert model.source_domains_.tolist() == ["a", "b", "c"]
    assert_same_weights(row, model, other, names)
    if hasattr(other, "to_frame"):
        table = other.to_frame()
        assert table["domain"].tolist() == first_seen
        assert_array_equal(table["weight"], other.source_weights_)


@own_check(lambda row: hasattr(row.make(), "transform"))
def check_set_output_with_domains(row: Row) -> None:
    p = problem(row)
    model = fitted(row.make(), as_frame(p), p.y, p.domain)
    plain = model.transform(as_frame(p))
    for library, kind in [("pandas", pd.DataFrame), ("polars", pl.DataFrame)]:
        table = model.set_output(transform=library).transform(as_frame(p))
        assert isinstance(table, kind)
        assert list(table.columns) == model.get_feature_names_out().tolist()
        assert_array_equal(table.to_numpy(), plain)
