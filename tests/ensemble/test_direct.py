# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Every strategy against the same thing written out with scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from sklearn_transfer.ensemble import DirectTransferClassifier, DirectTransferRegressor
from tests.ensemble.data import problem, three_sources

SOURCES = ["harmful", "helpful", "useless"]
ALL = ["t", *SOURCES]
STRATEGIES = [
    "concatenate",
    "target_only",
    "source_only",
    "balanced",
    "domain_onehot",
    "domain_category",
    "augment",
]


@pytest.fixture
def labelled():
    return three_sources(classes=True)


@pytest.fixture
def valued():
    return three_sources(classes=False)


def _fit(cls, p, strategy, inner=None, X=None, sample_weight=None, **params):
    model = cls(inner, target_domain="t", strategy=strategy, **params)
    return model.fit(p.X if X is None else X, p.y, sample_weight, sample_domain=p.domain)


@pytest.mark.parametrize(
    ("strategy", "domains", "weights"),
    [
        ("concatenate", ALL, [1, 1, 1]),
        ("target_only", ["t"], [0, 0, 0]),
        ("source_only", SOURCES, [1, 1, 1]),
    ],
)
def test_rows_of_the_strategy_make_the_fit(labelled, strategy, domains, weights):
    rows = labelled.rows(*domains)
    expected = LogisticRegression(C=2.0).fit(labelled.X[rows], labelled.y[rows])
    model = _fit(DirectTransferClassifier, labelled, strategy, LogisticRegression(C=2.0))
    assert_array_equal(model.predict_proba(labelled.X), expected.predict_proba(labelled.X))
    assert_array_equal(model.source_weights_, weights)
    assert model.source_domains_.tolist() == SOURCES


@pytest.mark.parametrize(("n_target", "weight"), [(40, 40 / 240), (600, 1.0)])
def test_balanced_sources_weigh_no_more_than_the_target(n_target, weight):
    """Scarce sources are not blown up: a source row never counts more than a target row."""
    p = three_sources(classes=False, n_target=n_target)
    row_weight = np.where(p.domain == "t", 1.0, weight)
    expected = Ridge().fit(p.X, p.y, sample_weight=row_weight)
    model = _fit(DirectTransferRegressor, p, "balanced")
    assert_allclose(model.source_weights_, weight)
    assert_allclose(model.estimator_.coef_, expected.coef_, rtol=1e-10)


def test_balance_counts_rows_by_their_weight(valued):
    given = np.random.default_rng(1).uniform(0.5, 3.0, len(valued.y))
    target = valued.domain == "t"
    weight = given[target].sum() / given[~target].sum()
    expected = Ridge().fit(valued.X, valued.y, sample_weight=np.where(target, 1, weight) * given)
    model = _fit(DirectTransferRegressor, valued, "balanced", sample_weight=given)
    assert_allclose(model.source_weights_, weight)
    assert_allclose(model.estimator_.coef_, expected.coef_, rtol=1e-10)


def _indicators(p, scale):
    return scale * (p.domain[:, np.newaxis] == np.array(ALL))


def _copies(p, scale):
    """EasyAdapt, written as a loop over rows."""
    rows = []
    for x, label in zip(p.X, p.domain, strict=True):
        own = [scale * (label == domain) for domain in ALL]
        rows.append(np.concatenate([x, *[c * x for c in own], own]))
    return np.array(rows)


@pytest.mark.parametrize("scale", [0.3, 1.0, 20.0])
@pytest.mark.parametrize(
    ("strategy", "added"),
    [
        ("domain_onehot", lambda p, scale: np.hstack([p.X, _indicators(p, scale)])),
        ("augment", _copies),
    ],
)
@pytest.mark.parametrize("kind", ["array", "csr", "csc", "pandas", "polars"])
def test_columns_of_the_domain_are_appended(labelled, strategy, added, scale, kind):
    wide = added(labelled, scale)
    of_target = added(labelled._replace(domain=np.full(len(labelled.y), "t")), scale)
    expected = LogisticRegression(tol=1e-8, max_iter=1000).fit(wide, labelled.y)
    X = {
        "array": lambda: labelled.X,
        "csr": lambda: sparse.csr_array(labelled.X),
        "csc": lambda: sparse.csc_matrix(labelled.X),
        "pandas": lambda: pd.DataFrame(labelled.X, columns=["a", "b", "c"]),
        "polars": lambda: pl.DataFrame(labelled.X, schema=["a", "b", "c"]),
    }[kind]()
    inner = LogisticRegression(tol=1e-8, max_iter=1000)
    model = _fit(DirectTransferClassifier, labelled, strategy, inner, X, domain_scale=scale)
    assert_allclose(model.predict_proba(X), expected.predict_proba(of_target), rtol=1e-5)
    seen = model.estimator_[:-1].transform(X)
    assert seen.shape == of_target.shape
    assert sparse.issparse(seen) == sparse.issparse(X)
    if kind in ("pandas", "polars"):
        assert type(seen) is type(X)
        assert list(seen.columns)[:3] == ["a", "b", "c"]
        assert len(set(seen.columns)) == wide.shape[1]


def test_augmenting_is_a_kernel_that_trusts_its_own_domain(valued):
    """Daume, section 3.2: x'z + c^2 (1 + x'z) inside a domain, x'z across domains."""
    scale, alpha = 1.7, 3.0
    same = valued.domain[:, np.newaxis] == valued.domain
    product = valued.X @ valued.X.T
    kernel = product + scale**2 * same * (1 + product)
    dual = KernelRidge(alpha=alpha, kernel="precomputed").fit(kernel, valued.y)
    t = valued.rows("t")
    model = _fit(
        DirectTransferRegressor,
        valued,
        "augment",
        Ridge(alpha, fit_intercept=False),
        domain_scale=scale,
    )
    assert_allclose(model.predict(valued.X[t]), dual.predict(kernel[t]), rtol=1e-8)


def test_no_scale_for_the_domain_is_pooling(valued):
    pooled = _fit(DirectTransferRegressor, valued, "concatenate")
    for strategy in ("domain_onehot", "augment"):
        model = _fit(DirectTransferRegressor, valued, strategy, domain_scale=1e-6)
        assert_allclose(model.predict(valued.X), pooled.predict(valued.X), rtol=1e-6)


def test_free_indicator_of_the_domain_is_a_level_of_its_own():
    """Least squares with indicators is the regression on values centred inside each domain."""
    p = problem(
        {"t": [1.0, 2.0], "a": [1.0, 2.0]}, {"t": 30, "a": 60}, classes=False, levels={"a": 5.0}
    )
    X, y = p.X.copy(), p.y.copy()
    for label in ("t", "a"):
        rows = p.rows(label)
        X[rows] -= X[rows].mean(axis=0)
        y[rows] -= y[rows].mean()
    slope = LinearRegression(fit_intercept=False).fit(X, y).coef_
    t = p.rows("t")
    expected = p.y[t].mean() + (p.X - p.X[t].mean(axis=0)) @ slope
    model = _fit(DirectTransferRegressor, p, "domain_onehot", LinearRegression())
    assert_allclose(model.predict(p.X), expected, rtol=1e-8)


def test_category_of_the_domain_is_one_column(valued):
    X = pd.DataFrame(valued.X, columns=["a", "b", "domain"])  # the name is taken
    wide = X.assign(domain_=pd.Categorical(valued.domain, categories=ALL))
    of_target = X.assign(domain_=pd.Categorical(np.full(len(X), "t"), categories=ALL))
    inner = HistGradientBoostingRegressor(
        max_iter=5, min_samples_leaf=5, categorical_features="from_dtype", random_state=0
    )
    expected = clone(inner).fit(wide, valued.y).predict(of_target)
    model = _fit(DirectTransferRegressor, valued, "domain_category", inner, X)
    assert_array_equal(model.predict(X), expected)
    assert list(X.columns) == ["a", "b", "domain"]
    # The category is what tells the domains apart: without it the answers differ.
    pooled = _fit(DirectTransferRegressor, valued, "concatenate", inner, X)
    assert np.abs(model.predict(X) - pooled.predict(X)).max() > 0.1


def test_category_suits_xgboost(labelled):
    X = pd.DataFrame(labelled.X, columns=["a", "b", "c"])
    wide = X.assign(domain=pd.Categorical(labelled.domain, categories=ALL))
    of_target = X.assign(domain=pd.Categorical(np.full(len(X), "t"), categories=ALL))
    inner = XGBClassifier(n_estimators=5, max_depth=2, enable_categorical=True, n_jobs=1)
    expected = clone(inner).fit(wide, labelled.y).predict_proba(of_target)
    names = np.array(["no", "yes"])
    p = labelled._replace(y=names[labelled.y])
    model = _fit(DirectTransferClassifier, p, "domain_category", inner, X)
    assert_array_equal(model.predict_proba(X), expected)
    assert_array_equal(model.predict(X), names[expected.argmax(axis=1)])


def test_category_needs_a_table(valued):
    with pytest.raises(ValueError, match=r"needs a pandas DataFrame.*Got ndarray instead"):
        _fit(DirectTransferRegressor, valued, "domain_category")


def test_domains_whose_names_read_alike_stay_apart(valued):
    p = valued._replace(
        domain=np.array(
            [{"t": "t", "helpful": 1, "useless": "1"}.get(d, 2.0) for d in valued.domain],
            dtype=object,
        )
    )
    X = pd.DataFrame(valued.X, columns=["a", "b", "c"])
    for strategy in ("domain_onehot", "domain_category"):
        model = DirectTransferRegressor(
            HistGradientBoostingRegressor(
                max_iter=2, categorical_features="from_dtype", random_state=0
            ),
            target_domain="t",
            strategy=strategy,
        ).fit(X, p.y, sample_domain=p.domain)
        seen = model.estimator_[:-1].transform(X)
        assert len(set(seen.columns)) == seen.shape[1] == 3 + (4 if "onehot" in strategy else 1)
        if strategy == "domain_category":
            assert len(seen["domain"].cat.categories) == 4


def test_pipeline_is_prepared_first_and_marked_then(valued):
    """A scaler after the columns would centre them and undo their scale."""
    X = valued.X.copy()
    X[::7, 1] = np.nan
    inner = make_pipeline(SimpleImputer(), StandardScaler(), Ridge(3.0))
    before = clone(inner[:-1]).fit(X)
    ready = before.transform(X)
    ridge = Ridge(3.0).fit(np.hstack([ready, _indicators(valued, 2.0)]), valued.y)
    t = valued._replace(domain=np.full(len(X), "t"))
    model = _fit(DirectTransferRegressor, valued, "domain_onehot", inner, X, domain_scale=2.0)
    assert_allclose(model.predict(X), ridge.predict(np.hstack([ready, _indicators(t, 2.0)])))
    names = [name for name, _ in model.estimator_.steps]
    assert names == ["simpleimputer", "standardscaler", "domain_columns", "ridge"]
    assert not hasattr(inner[0], "statistics_")


def test_categories_are_encoded_before_they_are_copied(valued):
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import OneHotEncoder

    X = pd.DataFrame({"a": valued.X[:, 0], "b": pd.Categorical(np.where(valued.y > 0, "u", "v"))})
    with pytest.raises(ValueError, match=r"numeric columns.*Got categories in \['b'\] instead"):
        _fit(DirectTransferRegressor, valued, "augment", X=X)
    encoder = make_column_transformer((OneHotEncoder(), ["b"]), remainder="passthrough")
    model = _fit(DirectTransferRegressor, valued, "augment", make_pipeline(encoder, Ridge()), X)
    assert model.estimator_[:-1].transform(X).shape[1] == 3 * 5 + 4


def test_missing_values_are_copied_to_their_own_domain_only(valued):
    X = valued.X.copy()
    X[3, 1] = np.nan
    inner = HistGradientBoostingRegressor(max_iter=2, random_state=0)
    model = _fit(DirectTransferRegressor, valued, "augment", inner, X)
    columns = model.estimator_["domain_columns"]
    codes = np.full(len(X), 2)
    wide = columns.append(X, codes)
    assert np.isnan(wide[3]).tolist() == [i in (1, 3 * 3 + 1) for i in range(19)]


def test_single_precision_stays_single(valued):
    class Witness(RegressorMixin, BaseEstimator):
        def fit(self, X, y):
            self.dtype_ = X.dtype
            return self

        def predict(self, X):
            assert X.dtype == self.dtype_
            return np.zeros(len(X))

    for strategy in ("domain_onehot", "augment"):
        X = valued.X.astype(np.float32)
        model = _fit(DirectTransferRegressor, valued, strategy, Witness(), X)
        model.predict(X)
        assert model.estimator_[-1].dtype_ == np.float32


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_without_sources_it_is_the_inner_estimator(valued, strategy):
    model = DirectTransferRegressor(Ridge(2.0), strategy=strategy)
    if strategy == "source_only":
        with pytest.raises(ValueError, match=r"needs rows of source domains\. Got target rows"):
            model.fit(valued.X, valued.y)
        return
    expected = Ridge(2.0).fit(valued.X, valued.y)
    assert_array_equal(model.fit(valued.X, valued.y).predict(valued.X), expected.predict(valued.X))
    assert type(model.estimator_) is Ridge
    assert model.source_weights_.shape == (0,)


@pytest.mark.parametrize("strategy", [s for s in STRATEGIES if s not in ("balanced",)])
def test_inner_estimator_need_not_take_weights(labelled, strategy):
    X = pd.DataFrame(labelled.X)
    inner = KNeighborsClassifier()
    if strategy == "domain_category":
        return
    model = _fit(DirectTransferClassifier, labelled, strategy, inner, X.to_numpy())
    assert model.predict(labelled.X).shape == labelled.y.shape


def test_balancing_without_weights_is_refused_before_any_fit(labelled):
    with pytest.raises(ValueError, match=r"`sample_weight`.*Got KNeighborsClassifier"):
        _fit(DirectTransferClassifier, labelled, "balanced", KNeighborsClassifier())


@pytest.mark.parametrize("strategy", ["concatenate", "source_only", "augment"])
def test_class_that_only_the_target_has(labelled, strategy):
    y = labelled.y.copy()
    y[labelled.rows("t")[:5]] = 2
    model = _fit(DirectTransferClassifier, labelled._replace(y=y), strategy)
    assert_array_equal(model.classes_, [0, 1, 2])
    proba = model.predict_proba(labelled.X)
    assert_allclose(proba.sum(axis=1), 1.0)
    assert (proba[:, 2].max() > 0) == (strategy != "source_only")


def test_target_of_one_class_alone_is_its_smoothed_shares(labelled):
    y = np.where(labelled.domain == "t", 0, labelled.y)
    model = _fit(DirectTransferClassifier, labelled._replace(y=y), "target_only")
    assert_allclose(model.predict_proba(labelled.X[:3]), [[41 / 42, 1 / 42]] * 3)


@pytest.mark.parametrize("strategy", ["concatenate", "target_only", "augment"])
def test_early_stopping_watches_target_rows_that_are_not_trained_on(labelled, strategy):
    inner = XGBClassifier(
        n_estimators=50, max_depth=2, early_stopping_rounds=3, n_jobs=1, eval_metric="logloss"
    )
    seed = np.random.RandomState(7).randint(np.iinfo(np.int32).max)
    t = labelled.rows("t")
    train, held = train_test_split(
        np.arange(len(t)), test_size=0.25, random_state=seed, stratify=labelled.y[t]
    )
    train, held = t[np.sort(train)], t[np.sort(held)]
    table, ready = labelled.X, labelled.X
    if strategy == "augment":
        table = _copies(labelled, 1.0)
        ready = _copies(labelled._replace(domain=np.full(len(table), "t")), 1.0)
    if strategy != "target_only":
        train = np.sort(np.concatenate([train, labelled.rows(*SOURCES)]))
    expected = clone(inner).fit(
        table[train], labelled.y[train], eval_set=[(table[held], labelled.y[held])], verbose=False
    )
    model = _fit(
        DirectTransferClassifier,
        labelled,
        strategy,
        inner,
        validation_fraction=0.25,
        random_state=7,
    )
    assert_array_equal(model.predict_proba(labelled.X), expected.predict_proba(ready))


def test_search_is_tuned_on_the_columns_of_the_domain(valued):
    search = GridSearchCV(Ridge(), {"alpha": [1e-3, 1.0, 1e3]}, cv=3)
    wide = np.hstack([valued.X, _indicators(valued, 1.0)])
    expected = clone(search).fit(wide, valued.y)
    model = _fit(DirectTransferRegressor, valued, "domain_onehot", search)
    assert model.estimator_["estimator"].best_params_ == expected.best_params_
    of_target = np.hstack(
        [valued.X, _indicators(valued._replace(domain=np.full(len(wide), "t")), 1)]
    )
    assert_allclose(model.predict(valued.X), expected.predict(of_target))


def test_step_of_the_users_keeps_its_name(valued):
    inner = Pipeline([("scale", StandardScaler()), ("domain_columns", Ridge())])
    model = _fit(DirectTransferRegressor, valued, "domain_onehot", inner)
    assert len({name for name, _ in model.estimator_.steps}) == 3
    assert model.predict(valued.X).shape == valued.y.shape
