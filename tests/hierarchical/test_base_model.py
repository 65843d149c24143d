# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The base model: out of fold, and told the level of each domain where it can split by it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import Lasso, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer._domains import index_domains
from sklearn_transfer._families import TargetSample, model_family
from sklearn_transfer._folds import deal_folds
from sklearn_transfer.hierarchical._base_model import fit_base_model, is_told_domains

OPTIONS = {"n_folds": 3, "validation_fraction": 0.2, "n_jobs": None, "seed": 4}


def make_rows(seed=0, classes=None):
    """Four domains whose levels differ, the target (of 12 rows) being domain 0."""
    rng = np.random.default_rng(seed)
    domain = np.repeat(np.arange(4), [12, 40, 30, 50])
    X = rng.standard_normal((len(domain), 3))
    y = X[:, 0] + np.array([3.0, 0.0, -2.0, 1.0])[domain] + 0.1 * rng.standard_normal(len(domain))
    if classes is not None:
        y = np.digitize(y, np.quantile(y, np.arange(1, classes) / classes))
    return X, y, domain, rng.uniform(0.5, 2.0, len(domain))


def fitted(estimator, X, y, domain, weight=None, classes=None):
    labels = None if classes is None else np.arange(classes)
    domains = index_domains(domain, 0, len(domain))
    sample = TargetSample(X, y, weight, labels)
    return fit_base_model(estimator, sample, model_family(estimator, classes), domains, **OPTIONS)


def level_column(y, domain, weight):
    """By a plain loop: five rows' worth of the mean of all."""
    mean = np.average(y, weights=weight)
    levels = [
        (weight[domain == d] @ y[domain == d] + 5.0 * mean) / (weight[domain == d].sum() + 5.0)
        for d in range(4)
    ]
    return np.array(levels)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_plain_loop(is_weighted):
    X, y, domain, weight = make_rows()
    weight = weight if is_weighted else np.ones(len(y))
    tree = DecisionTreeRegressor(max_depth=4, random_state=0)
    model, predictor = fitted(tree, X, y, domain, weight if is_weighted else None)

    fold = np.empty(len(y), dtype=int)
    for d in range(4):
        fold[domain == d] = deal_folds(y[domain == d], 3, None, 4)
    expected = np.empty(len(y))
    for number in range(3):
        train, test = fold != number, fold == number
        levels = level_column(y[train], domain[train], weight[train])
        wide = np.column_stack([X, levels[domain]])
        alone = clone(tree).fit(wide[train], y[train], sample_weight=weight[train])
        expected[test] = alone.predict(wide[test])
    assert_allclose(predictor, expected)

    levels = level_column(y, domain, weight)
    whole = clone(tree).fit(np.column_stack([X, levels[domain]]), y, sample_weight=weight)
    as_target = np.column_stack([X, np.full(len(X), levels[0])])
    assert_allclose(model.predict(X), whole.predict(as_target))


def test_levels_alone_are_learnt_by_trees():
    """Without the column a tree cannot know that the target lies three higher."""
    X, y, domain, _ = make_rows()
    model, _ = fitted(XGBRegressor(n_estimators=100, max_depth=3, n_jobs=1), X, y, domain)
    fresh = np.random.default_rng(1).standard_normal((500, 3))
    errors = model.predict(fresh) - (fresh[:, 0] + 3.0)
    blind = XGBRegressor(n_estimators=100, max_depth=3, n_jobs=1).fit(X, y).predict(fresh)
    assert np.sqrt(np.mean(errors**2)) < 0.6
    assert np.sqrt(np.mean((blind - fresh[:, 0] - 3.0) ** 2)) > 2.0


@pytest.mark.parametrize("kind", ["array", "float32", "sparse", "dataframe"])
def test_tables_stay_as_they_are(kind):
    X, y, domain, _ = make_rows(classes=3)
    given = {
        "array": X,
        "float32": X.astype(np.float32),
        "sparse": sparse.csr_array(X),
        "dataframe": pd.DataFrame(X, columns=["a", "domain_level_0", "c"]),
    }[kind]
    before = given.copy()
    model, predictor = fitted(
        DecisionTreeClassifier(max_depth=3, random_state=0), given, y, domain, classes=3
    )
    assert predictor.shape == (len(y), 3)
    assert model.predict_proba(given, np.arange(3)).shape == (len(y), 3)
    # Shares of two classes tell that of the third.
    assert model.estimator.named_steps["domain"].levels.shape == (4, 2)
    assert type(given) is type(before)
    if kind == "sparse":
        assert_array_equal(given.toarray(), before.toarray())
    else:
        assert_array_equal(np.asarray(given), np.asarray(before))


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (DecisionTreeRegressor(), True),
        (RandomForestClassifier(), True),
        (HistGradientBoostingRegressor(), True),
        (XGBClassifier(), True),
        (make_pipeline(StandardScaler(), XGBClassifier()), True),
        (XGBClassifier(booster="gblinear"), False),
        (XGBClassifier(monotone_constraints=(1, 0, 0)), False),
        (XGBRegressor(interaction_constraints=[[0, 1], [2]]), False),
        (HistGradientBoostingRegressor(monotonic_cst=[1, 0, 0]), False),
        (HistGradientBoostingRegressor(categorical_features=[True, False, False]), False),
        (KNeighborsRegressor(), False),
        (Lasso(), False),
        (MLPClassifier(), False),
    ],
)
def test_who_is_told(estimator, expected):
    assert is_told_domains(estimator) is expected


def test_constraints_of_columns_are_kept():
    """One more column would make XGBoost refuse the tuple."""
    X, y, domain, _ = make_rows()
    booster = XGBRegressor(n_estimators=5, n_jobs=1, monotone_constraints=(1, 0, 0))
    model, _ = fitted(booster, X, y, domain)
    assert_allclose(model.predict(X), clone(booster).fit(X, y).predict(X), rtol=1e-6)


class TestGroups:
    """Rows of a group are predicted by models that know none of them, in whatever domain."""

    @pytest.mark.parametrize("classes", [None, 2])
    def test_plain_loop(self, classes):
        X, y, domain, _ = make_rows(classes=classes)
        groups = np.arange(len(y)) // 4
        groups[20:24] = groups[0]  # a group of two domains
        labels = None if classes is None else np.arange(classes)
        domains = index_domains(domain, 0, len(domain))
        inner = LogisticRegression() if classes else KNeighborsRegressor(3)
        sample = TargetSample(X, y, None, labels, groups)
        _, predictor = fit_base_model(
            inner, sample, model_family(inner, classes), domains, **OPTIONS
        )
        fold_of_group = {}
        for d in range(4):
            own = np.flatnonzero(domain == d)
            dealt = deal_folds(y[own], 3, labels, 4, groups[own])
            for group, fold in zip(groups[own].tolist(), dealt.tolist(), strict=True):
                fold_of_group.setdefault(group, fold)
        fold = np.array([fold_of_group[group] for group in groups.tolist()])
        expected = np.empty(len(y))
        for number in range(3):
            train, test = fold != number, fold == number
            assert not set(groups[train]) & set(groups[test])
            alone = clone(inner).fit(X[train], y[train])
            said = alone.decision_function if classes else alone.predict
            expected[test] = said(X[test])
        assert_allclose(predictor, expected, rtol=1e-6)

    def test_a_domain_of_one_group_is_predicted_by_the_others(self):
        X, y, domain, _ = make_rows()
        domains = index_domains(domain, 0, len(domain))
        inner = KNeighborsRegressor(1)
        # A group a domain; and one group in all, of which rows are dealt after all.
        for groups, knows in [(domain, False), (np.zeros(len(y), dtype=int), True)]:
            sample = TargetSample(X, y, None, None, groups)
            _, predictor = fit_base_model(
                inner, sample, model_family(inner, None), domains, **OPTIONS
            )
            of_own = [np.isin(predictor[domain == d], y[domain == d]).any() for d in range(4)]
            assert of_own == [knows] * 4
