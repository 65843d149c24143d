# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What UOWQ refuses, warns about and takes: sources, constraints, source models, XGBoost."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import LinearConstraint
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from xgboost import XGBClassifier

from sklearn_transfer.exceptions import TransferWarning
from tests.weighting.unguarded import UOWQClassifier, UOWQRegressor


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    domain = np.repeat(["t", "a", "b"], [60, 200, 200])
    X = rng.standard_normal((460, 3))
    y = np.where(X[:, 0] + rng.logistic(size=460) > 0, "yes", "no")
    return X, y, domain


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"estimator": KNeighborsClassifier()}, "must accept `sample_weight`.*KNeighbors.*choose"),
        ({"estimator": SVC()}, "must have `predict_proba`.*SVC.*choose"),
        (
            {"estimator": RandomForestClassifier(), "discrepancy": "parametric"},
            "linear in its predictor.*RandomForest.*use",
        ),
        (
            {"constraints": [LinearConstraint(np.eye(2), 2, 3), LinearConstraint([[1, 1]], 0, 1)]},
            "constraints must leave.*instead",
        ),
        ({"constraints": [np.eye(2)]}, "LinearConstraint.*instead"),
        ({"constraints": LinearConstraint(np.eye(3), 0, 1)}, "2.*3.*instead"),
        ({"constraints": LinearConstraint([[1.0, 0.0]], 0.5, np.inf)}, "no upper bound"),
        ({"source_estimators": {"z": FrozenEstimator(LogisticRegression())}}, "keyed by.*'z'"),
        (
            {"source_estimators": {"a": LogisticRegression()}},
            "must hold fitted estimators.*FrozenEstimator",
        ),
        ({"update": "sometimes"}, "update.*sometimes.*instead"),
        ({"n_rounds": 0}, "n_rounds.*Got 0 instead"),
        ({"validation_fraction": 1.0}, "validation_fraction.*Got 1.0 instead"),
    ],
)
def test_refused_before_any_fit(data, params, message):
    X, y, domain = data
    model = UOWQClassifier(target_domain="t", **params)
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        model.fit(X, y, sample_domain=domain)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_source_model_of_another_shape_or_class_set(data):
    X, y, domain = data
    narrow = FrozenEstimator(LogisticRegression().fit(X[:, :2], y))
    with pytest.raises(ValueError, match=r"3 columns of X.*2 columns"):
        UOWQClassifier(target_domain="t", source_estimators={"a": narrow}).fit(
            X, y, sample_domain=domain
        )
    other = FrozenEstimator(LogisticRegression().fit(X, np.where(y == "yes", "ja", "nein")))
    with pytest.raises(ValueError, match=r"no other classes.*'ja'"):
        UOWQClassifier(target_domain="t", source_estimators={"a": other}).fit(
            X, y, sample_domain=domain
        )


@pytest.mark.parametrize(
    "inner", [LogisticRegression(), XGBClassifier(n_estimators=5, n_jobs=1)], ids=["lr", "xgb"]
)
def test_given_source_models_replace_fits(data, inner):
    X, y, domain = data
    rows = domain == "a"
    codes = (y == "yes").astype(int) if isinstance(inner, XGBClassifier) else y
    given = {"a": FrozenEstimator(clone(inner).fit(X[rows], codes[rows]))}
    with_given = UOWQClassifier(
        inner, target_domain="t", source_estimators=given, random_state=0
    ).fit(X, y, sample_domain=domain)
    fitted = UOWQClassifier(inner, target_domain="t", random_state=0)
    fitted.fit(X, y, sample_domain=domain)
    np.testing.assert_allclose(with_given.source_weights_, fitted.source_weights_)
    assert with_given.source_estimators_["a"] is given["a"]
    assert clone(with_given).fit(X, y, sample_domain=domain).source_weights_.shape == (2,)


def test_one_class_source_is_left_out_by_name(data):
    X, y, domain = data
    y = y.copy()
    y[domain == "b"] = "no"
    with pytest.warns(TransferWarning, match=r"left out: \['b'\]"):
        model = UOWQClassifier(target_domain="t").fit(X, y, sample_domain=domain)
    assert model.source_domains_.tolist() == ["a", "b"]
    assert model.source_weights_[1] == 0
    assert np.isnan(model.discrepancy_[1]).all()
    assert list(model.source_estimators_) == ["a"]
    alone = UOWQClassifier(target_domain="t").fit(
        X[domain != "b"], y[domain != "b"], sample_domain=domain[domain != "b"]
    )
    np.testing.assert_array_equal(model.source_weights_[:1], alone.source_weights_)


@pytest.mark.parametrize(
    "inner",
    [LogisticRegression(), XGBClassifier(n_estimators=10, n_jobs=1)],
    ids=["parametric", "functional"],
)
def test_one_class_target(data, inner):
    X, y, domain = data
    y = y.copy()
    y[domain == "t"] = "no"
    with pytest.warns(TransferWarning, match="have the class 'no'"):
        model = UOWQClassifier(inner, target_domain="t", update="static", random_state=0).fit(
            X, y, sample_domain=domain
        )
    assert model.classes_.tolist() == ["no", "yes"]
    assert (model.source_weights_ > 0).any()
    assert (model.predict_proba(X)[:, 1] < 0.5).mean() > 0.5


# A class that the target never saw is one of which it is certain.
@pytest.mark.filterwarnings("ignore:The target's model is so certain")
@pytest.mark.parametrize(
    "inner",
    [LogisticRegression(), XGBClassifier(n_estimators=10, n_jobs=1)],
    ids=["parametric", "functional"],
)
def test_missing_classes(data, inner):
    X, _, domain = data
    rng = np.random.default_rng(1)
    y = np.digitize(X[:, 0] + rng.logistic(size=len(X)), [-1, 1]) * 10
    y[(domain == "a") & (y == 20)] = 10  # source a never saw class 20
    y[(domain == "t") & (y == 0)] = 10  # the target never saw class 0
    model = UOWQClassifier(inner, target_domain="t", random_state=0, update="static")
    model.fit(X, y, sample_domain=domain)
    assert model.classes_.tolist() == [0, 10, 20]
    proba = model.predict_proba(X)
    assert proba.shape == (460, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert np.isfinite(model.source_weights_).all()
    assert set(model.predict(X)) <= {0, 10, 20}


def test_constant_and_scarce():
    """Constant features, fewer rows than features, a single row: finite weights."""
    rng = np.random.default_rng(0)
    domain = np.repeat(["t", "a", "b", "c"], [6, 80, 4, 1])
    X = rng.standard_normal((91, 10))
    X[:, 0] = 1.0
    X[domain == "a", 1] = 0.0
    y = X[:, 2] + rng.standard_normal(91)
    model = UOWQRegressor(Ridge(), target_domain="t").fit(X, y, sample_domain=domain)
    assert np.isfinite(model.source_weights_).all()
    assert np.isfinite(model.predict(X)).all()


def test_collapsed_weights_warn():
    rng = np.random.default_rng(0)
    domain = np.repeat(["t", "a"], [300, 300])
    X = rng.standard_normal((600, 2))
    y = np.where(domain == "t", 100.0, -100.0) * X[:, 0] + rng.standard_normal(600)
    with pytest.warns(TransferWarning, match="close to zero.*target-only"):
        model = UOWQRegressor(target_domain="t").fit(X, y, sample_domain=domain)
    assert model.transfer_quantity_ < 3


def test_singular_geometry_warns():
    rng = np.random.default_rng(0)
    domain = np.repeat(["t", "a", "b"], [40, 5000, 5000])
    X = rng.standard_normal((10_040, 2))
    y = np.where(domain == "t", 1.0, 1e8) * X[:, 0] + 1e-3 * rng.standard_normal(10_040)
    with pytest.warns(TransferWarning) as caught:
        UOWQRegressor(LinearRegression(), target_domain="t", update="static").fit(
            X, y, sample_domain=domain
        )
    assert any("condition number" in str(warning.message) for warning in caught)


def test_phase_transition_warns():
    """A source 1.5 noise units away is pooled by iteration; static does not pool it."""
    rng = np.random.default_rng(3)
    domain = np.repeat(["t", "a"], [60, 60_000])
    X = rng.standard_normal((60_060, 8))
    shift = 0.42 / np.sqrt(8) * np.ones(8)
    y = X @ np.ones(8) + np.where(domain == "a", X @ shift, 0) + rng.standard_normal(60_060)
    with pytest.warns(TransferWarning, match=r"came to trust.*c = \d"):
        dynamic = UOWQRegressor(target_domain="t", n_rounds=20).fit(X, y, sample_domain=domain)
    static = UOWQRegressor(target_domain="t", update="static").fit(X, y, sample_domain=domain)
    assert dynamic.source_weights_[0] > 0.9 > 0.1 > static.source_weights_[0]


def test_drift_towards_a_reversed_source_warns():
    """Its first ratio is 76, its first weight next to nothing, its last one half."""
    rng = np.random.default_rng(0)
    domain = np.repeat(["t", "equal", "reversed"], [200, 1000, 1000])
    X = rng.standard_normal((2200, 2))
    slope = np.where(domain == "reversed", -2.0, 2.0)
    y = (slope * X[:, 0] + rng.logistic(size=2200) > 0).astype(int)
    with pytest.warns(TransferWarning, match=r"came to trust.*'reversed' \(c = \d\d"):
        UOWQClassifier(target_domain="t").fit(X, y, sample_domain=domain)
    static = UOWQClassifier(target_domain="t", update="static").fit(X, y, sample_domain=domain)
    assert static.source_weights_[1] < 0.1


def test_certain_target_warns():
    """Where p (1 - p) vanishes, a reversed source looks near: said by name, with figures."""
    rng = np.random.default_rng(0)
    domain = np.repeat(["t", "equal", "reversed"], [200, 1000, 1000])
    X = rng.standard_normal((2200, 2))
    slope = np.where(domain == "reversed", -8.0, 8.0)
    y = (slope * X[:, 0] + rng.logistic(size=2200) > 0).astype(int)
    with pytest.warns(TransferWarning) as caught:
        UOWQClassifier(target_domain="t").fit(X, y, sample_domain=domain)
    messages = [str(warning.message) for warning in caught]
    assert any("'reversed'" in m and "so certain" in m and "'equal'" not in m for m in messages)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bounded = UOWQClassifier(target_domain="t", discrepancy="functional", random_state=0)
        bounded.fit(X, y, sample_domain=domain)
    assert bounded.source_weights_[1] < 0.1 * bounded.source_weights_[0]


def test_constrained_inner_estimator_warns(data):
    X, y, domain = data
    rows = np.r_[0:20, 60:460]
    with pytest.warns(TransferWarning, match="says the same of all 20 target rows"):
        UOWQClassifier(HistGradientBoostingClassifier(max_iter=5), target_domain="t").fit(
            X[rows], y[rows], sample_domain=domain[rows]
        )


class RecordingXGB(XGBClassifier):
    seen: list = []  # noqa: RUF012 - shared on purpose: clones report here

    def fit(self, X, y, **options):
        type(self).seen.append((np.asarray(X), options.get("eval_set")))
        return super().fit(X, y, **options)


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_early_stopping_watches_held_out_target_rows(data, in_pipeline):
    X, y, domain = data
    inner = RecordingXGB(n_estimators=50, early_stopping_rounds=3, n_jobs=1)
    estimator = make_pipeline(StandardScaler(with_mean=False), inner) if in_pipeline else inner
    RecordingXGB.seen = []
    model = UOWQClassifier(estimator, target_domain="t", random_state=0, update="static")
    model.fit(X, y, sample_domain=domain)
    trained, [(held, _)] = RecordingXGB.seen[-1]
    fitted = model.estimator_[-1] if in_pipeline else model.estimator_
    assert fitted.best_iteration < 49
    assert len(held) == 12  # a fifth of the 60 target rows
    if in_pipeline:
        held = held * model.estimator_[0].scale_
        trained = trained * model.estimator_[0].scale_
    keys = {tuple(row.round(9)) for row in X[domain == "t"]}
    assert {tuple(row.round(9)) for row in held} <= keys
    assert not {tuple(row.round(9)) for row in held} & {tuple(row.round(9)) for row in trained}


def test_xgboost_takes_missing_values_categories_and_strings(data):
    X, y, domain = data
    frame = pd.DataFrame(X, columns=["age", "lab", "dose"])
    frame.loc[::7, "lab"] = np.nan
    frame["ward"] = pd.Categorical(np.random.default_rng(0).choice(["icu", "er"], len(y)))
    frame["hospital"] = domain
    model = UOWQClassifier(
        XGBClassifier(n_estimators=10, enable_categorical=True, n_jobs=1),
        target_domain="t",
        domain_column="hospital",
        random_state=0,
    ).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["age", "lab", "dose", "ward"]
    assert model.estimator_.feature_names_in_.tolist() == ["age", "lab", "dose", "ward"]
    assert set(model.predict(frame.drop(columns="hospital"))) == {"yes", "no"}
    np.testing.assert_array_equal(
        model.predict(frame), model.predict(frame.drop(columns="hospital"))
    )


@pytest.mark.gpu
def test_xgboost_on_the_gpu(data):
    X, y, domain = data
    inner = XGBClassifier(n_estimators=20, device="cuda")
    on_gpu = UOWQClassifier(inner, target_domain="t", random_state=0)
    on_gpu.fit(X, y, sample_domain=domain)
    on_cpu = clone(on_gpu).set_params(estimator__device="cpu").fit(X, y, sample_domain=domain)
    np.testing.assert_allclose(on_gpu.source_weights_, on_cpu.source_weights_, atol=0.1)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_result_does_not_depend_on_jobs(data, n_jobs):
    X, y, domain = data
    inner = RandomForestClassifier(10, random_state=0)
    model = UOWQClassifier(inner, target_domain="t", n_jobs=n_jobs, random_state=0)
    model.fit(X, y, sample_domain=domain)
    reference = clone(model).set_params(n_jobs=None).fit(X, y, sample_domain=domain)
    np.testing.assert_array_equal(model.source_weights_, reference.source_weights_)


def test_verbose_reports_through_logging(data, caplog, capsys):
    X, y, domain = data
    with caplog.at_level(logging.INFO, logger="sklearn_transfer"):
        UOWQClassifier(target_domain="t", verbose=1).fit(X, y, sample_domain=domain)
    assert "2 of 2 source models" in caplog.text
    assert "round 5" in caplog.text
    assert capsys.readouterr().out == ""


def test_without_sources_it_is_the_inner_estimator(data):
    X, y, domain = data
    rows = domain == "t"
    plain = LogisticRegression().fit(X[rows], y[rows])
    with pytest.warns(TransferWarning, match="Only the target"):
        model = UOWQClassifier(target_domain="t").fit(X[rows], y[rows], sample_domain=domain[rows])
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    assert model.effective_sample_size_ == 60
    assert model.to_frame().empty
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bare = UOWQClassifier().fit(X[rows], y[rows])
    np.testing.assert_array_equal(bare.predict_proba(X), plain.predict_proba(X))


def test_inner_parameters_stay_the_users(data):
    X, y, domain = data
    inner = LogisticRegression(C=0.3, warm_start=False, solver="lbfgs")
    for effects in (None, "intercept"):
        model = UOWQClassifier(inner, target_domain="t", domain_effects=effects)
        model.fit(X, y, sample_domain=domain)
        assert model.estimator_.get_params() == inner.get_params()
        assert not hasattr(inner, "coef_")


def test_weights_reach_a_pipeline_under_routing(data):
    X, y, domain = data
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    model = UOWQClassifier(inner, target_domain="t").fit(X, y, sample_domain=domain)
    with config_context(enable_metadata_routing=True):
        routed = clone(model).fit(X, y, sample_domain=domain)
    np.testing.assert_allclose(routed.source_weights_, model.source_weights_)
    np.testing.assert_allclose(routed.predict_proba(X), model.predict_proba(X))
