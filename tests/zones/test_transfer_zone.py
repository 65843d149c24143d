# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Zones against planted sources, and the fit against the learner on the rows that stay."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_transfer.boosting import TrAdaBoostClassifier, TrAdaBoostRegressor
from sklearn_transfer.ensemble import (
    ARTClassifier,
    DirectTransferClassifier,
    DirectTransferRegressor,
    HEnsembleClassifier,
    MaximalCorrelationWeightingClassifier,
    SourceDetectionClassifier,
    SourceDetectionRegressor,
)
from sklearn_transfer.hierarchical import RandomCoefficientsClassifier, RandomCoefficientsRegressor
from sklearn_transfer.inspection import ZoneDisplay
from sklearn_transfer.model_selection import TargetKFold
from sklearn_transfer.similarity import CrossLearningScore
from sklearn_transfer.weighting import (
    OTQMSClassifier,
    OTQMSRegressor,
    UOWQClassifier,
    UOWQRegressor,
)
from sklearn_transfer.zones import TransferZoneClassifier, TransferZoneRegressor
from tests.zones.data import Scripted, measure, planted, quietly

EVERY_ZONE = ("positive", "ambiguous", "negative")
NOT_NEGATIVE = ("positive", "ambiguous")
CLASSIFIERS = [
    ARTClassifier(max_splits=3, random_state=0),
    DirectTransferClassifier(),
    HEnsembleClassifier(),
    MaximalCorrelationWeightingClassifier(),
    OTQMSClassifier(random_state=0),
    RandomCoefficientsClassifier(random_state=0),
    SourceDetectionClassifier(random_state=0),
    TrAdaBoostClassifier(n_estimators=3, random_state=0),
    UOWQClassifier(random_state=0),
    UOWQClassifier(guard=None, random_state=0),
]
REGRESSORS = [
    DirectTransferRegressor(),
    OTQMSRegressor(random_state=0),
    RandomCoefficientsRegressor(random_state=0),
    SourceDetectionRegressor(random_state=0),
    TrAdaBoostRegressor(n_estimators=3, random_state=0),
    UOWQRegressor(random_state=0),
]


def make(*, values=False, **more):
    given = {"target_domain": "here", "similarity": measure(values=values), "random_state": 0}
    kind = TransferZoneRegressor if values else TransferZoneClassifier
    return kind(**{**given, **more})


def assert_same(model, other, X):
    for name in ("predict", "predict_proba", "decision_function"):
        assert hasattr(model, name) == hasattr(other, name)
        if hasattr(model, name):
            assert_array_equal(getattr(model, name)(X), getattr(other, name)(X))


@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("rule", [{}, {"standard_error": "losses"}, {"level": 1e-4}])
def test_planted_sources_are_told_apart(values, rule):
    rows = planted(values=values)
    model = quietly(make(values=values, use=NOT_NEGATIVE, **rule), rows)
    assert model.source_domains_.tolist() == ["near", "reversed"]
    assert model.zones_[0] in NOT_NEGATIVE
    assert model.zones_[1] == "negative"
    assert model.used_.tolist() == [True, False]
    assert model.source_weights_[1] == 0.0 < model.source_weights_[0]


@pytest.mark.parametrize("rule", [{}, {"standard_error": "losses"}, {"level": 0.01}])
def test_scores_and_zones_are_those_of_the_similarity(rule):
    rows = planted()
    model = quietly(make(**rule), rows)
    alone = measure(target_domain="here").fit(rows.X, rows.y, sample_domain=rows.domain)
    table = alone.zones(**rule)
    assert_array_equal(model.source_scores_, alone.source_scores_)
    assert_array_equal(model.zones_, table["zone"])
    assert_array_equal(model.thresholds_[:, 0], table["positive_threshold"])
    assert_array_equal(model.thresholds_[:, 1], table["negative_threshold"])
    assert_array_equal(model.baseline_errors_, table["baseline_error"])
    assert_array_equal(model.standard_errors_, table["standard_error"])
    assert_array_equal(model.similarity_.scores_, alone.scores_)


def test_zones_are_equal_in_raw_and_excess_form():
    """Mean cross error against b + z SE, from the attributes of the score by hand."""
    rows = planted(seed=1)
    model = quietly(make(positive_z=0.3, negative_z=2.0), rows)
    cross = model.similarity_.cross_errors_
    raw = (cross[0, 1:] + cross[1:, 0]) / 2.0
    own = np.diag(cross)
    baseline = (own[0] + own[1:]) / 2.0
    assert_allclose(model.baseline_errors_, baseline)
    error = model.similarity_.standard_errors_["folds"][0, 1:]
    expected = np.where(raw > baseline + 2.0 * error, "negative", "ambiguous")
    expected[raw <= baseline + 0.3 * error] = "positive"
    assert_array_equal(model.zones_, expected)


@pytest.mark.parametrize("learner", CLASSIFIERS, ids=lambda model: type(model).__name__)
def test_fit_is_that_of_the_learner_on_the_kept_rows(learner):
    rows = planted()
    inner = DecisionTreeClassifier(max_depth=3, random_state=0)
    model = quietly(make(estimator=inner, transfer=learner, use=NOT_NEGATIVE), rows)
    kept = rows.domain != "reversed"
    alone = clone(learner).set_params(target_domain="here", estimator=inner)
    quietly(alone, type(rows)(*(part[kept] for part in rows)))
    assert_same(model, alone, rows.X)
    assert_array_equal(model.source_weights_, [alone.source_weights_[0], 0.0])
    assert type(model.estimator_) is type(alone.estimator_)


@pytest.mark.parametrize("learner", REGRESSORS, ids=lambda model: type(model).__name__)
def test_regression_is_that_of_the_learner_on_the_kept_rows(learner):
    rows = planted(values=True)
    inner = DecisionTreeRegressor(max_depth=3, random_state=0)
    model = make(values=True, estimator=inner, transfer=learner, use=NOT_NEGATIVE)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(rows.y))
    quietly(model, rows, sample_weight=weight)
    kept = rows.domain != "reversed"
    alone = clone(learner).set_params(target_domain="here", estimator=inner)
    quietly(alone, type(rows)(*(part[kept] for part in rows)), sample_weight=weight[kept])
    assert_same(model, alone, rows.X)
    assert model.score(rows.X, rows.y) == alone.score(rows.X, rows.y)


@pytest.mark.parametrize("learner", [None, *CLASSIFIERS], ids=lambda model: type(model).__name__)
def test_no_zone_in_use_is_the_inner_estimator_on_the_target(learner):
    rows = planted()
    own = rows.domain == "here"
    model = make(estimator=LogisticRegression(C=0.1), transfer=learner, use=())
    model.fit(rows.X, rows.y, sample_domain=rows.domain)  # and nothing is warned of
    alone = LogisticRegression(C=0.1).fit(rows.X[own], rows.y[own])
    assert_array_equal(model.predict_proba(rows.X), alone.predict_proba(rows.X))
    assert_array_equal(model.source_weights_, [0.0, 0.0])
    assert model.zones_[1] == "negative"
    assert model.transfer_.source_domains_.tolist() == []


@pytest.mark.parametrize("values", [False, True])
def test_every_zone_in_use_is_the_learner_on_all_rows(values):
    rows = planted(values=values)
    learner = UOWQRegressor() if values else UOWQClassifier()
    learner.set_params(random_state=3)
    model = quietly(make(values=values, transfer=learner, use=EVERY_ZONE), rows)
    alone = quietly(clone(learner).set_params(target_domain="here"), rows)
    assert_same(model, alone, rows.X)
    assert_array_equal(model.source_weights_, alone.source_weights_)


def test_defaults_are_the_papers_score_and_uowq():
    rows = planted(n_target=60)
    model = quietly(TransferZoneClassifier(target_domain="here", random_state=0), rows)
    assert isinstance(model.similarity_, CrossLearningScore)
    assert model.similarity_.model_names_ == [
        "logistic_regression",
        "linear_svm",
        "rbf_svm",
        "xgboost",
    ]
    assert isinstance(model.transfer_, UOWQClassifier)
    assert model.zones_[1] == "negative"


def test_regressor_takes_whole_numbers_for_values():
    rows = planted(values=True, n_target=60)
    rows = rows._replace(y=np.round(3.0 * rows.y).astype(int))
    model = quietly(TransferZoneRegressor(target_domain="here", random_state=0), rows)
    assert not hasattr(model.similarity_, "classes_")
    assert model.similarity_.loss == "squared_error"


def test_scorer_does_not_make_whole_numbers_labels():
    rows = planted(values=True, n_target=60)
    rows = rows._replace(y=np.round(3.0 * rows.y).astype(int))
    scored = CrossLearningScore(loss="neg_mean_absolute_error")
    model = TransferZoneRegressor(target_domain="here", similarity=scored, random_state=0)
    quietly(model, rows)
    assert model.similarity_.model_names_[0] == "linear_regression"
    assert model.zones_.tolist()[1] == "negative"
    assert scored.estimators is None


def test_any_measure_with_zones_serves():
    rows = planted()
    told = [("reversed", "positive"), ("near", "negative")]  # in an order of its own, and wrong
    model = quietly(make(similarity=Scripted(told), transfer=DirectTransferClassifier()), rows)
    assert model.zones_.tolist() == ["negative", "positive"]
    assert_array_equal(model.source_scores_, [0.1, 0.0])
    assert model.source_weights_.tolist() == [0.0, 1.0]
    kept = rows.domain != "near"
    alone = LogisticRegression().fit(rows.X[kept], rows.y[kept])
    assert_array_equal(model.predict_proba(rows.X), alone.predict_proba(rows.X))


def test_table_and_display():
    rows = planted()
    model = quietly(make(use=EVERY_ZONE), rows)
    table = model.to_frame()
    assert table.columns.tolist() == [
        "domain",
        "rows",
        "score",
        "baseline_error",
        "standard_error",
        "positive_threshold",
        "negative_threshold",
        "zone",
        "used",
        "weight",
    ]
    assert table["rows"].tolist() == [150.0, 150.0]
    assert_array_equal(table["zone"], model.zones_)
    assert_array_equal(table["negative_threshold"], 3.719 * table["standard_error"])
    for display in (ZoneDisplay.from_estimator(model), ZoneDisplay.from_frame(table)):
        ticks = [text.get_text() for text in display.ax_.get_yticklabels()]
        assert ticks == ["near", "reversed"]
        assert "negative" in display.points_


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("use", [(), EVERY_ZONE]),
        ("negative_z", [0.5, 1e6]),
        ("similarity__sharpness", [0.0, 15.0]),
        ("transfer__strategy", ["balanced", "target_only"]),
        ("estimator__C", [1e-3, 1.0]),
    ],
)
def test_parameters_are_grid_searchable(name, values):
    rows = planted(n_target=60)
    model = make(
        estimator=LogisticRegression(), transfer=DirectTransferClassifier(), use=NOT_NEGATIVE
    )
    search = GridSearchCV(model, {name: values}, cv=TargetKFold(2, target_domain="here"))
    quietly(search, rows, groups=rows.domain)
    best = values[int(np.argmax(search.cv_results_["mean_test_score"]))]
    refit = quietly(clone(model).set_params(**{name: best}), rows)
    assert_same(search.best_estimator_, refit, rows.X)


def test_parts_of_the_user_are_not_modified():
    rows = planted()
    parts = measure(), UOWQClassifier(DecisionTreeClassifier(max_depth=2)), Ridge()
    before = [repr(part.get_params()) for part in parts]
    quietly(make(similarity=parts[0], transfer=parts[1]), rows)
    values = planted(values=True)
    model = make(values=True, estimator=parts[2], similarity=measure(values=True))
    quietly(model, values)
    assert [repr(part.get_params()) for part in parts] == before
    assert not hasattr(parts[0], "scores_")
    assert not hasattr(parts[1], "estimator_")


def test_linear_models_of_the_score_may_differ_from_the_inner_estimator():
    rows = planted(values=True)
    model = make(
        values=True,
        estimator=DecisionTreeRegressor(random_state=0),
        similarity=CrossLearningScore([LinearRegression(), Ridge(10.0)]),
        transfer=DirectTransferRegressor(),
        use=NOT_NEGATIVE,
    )
    quietly(model, rows)
    assert isinstance(model.estimator_, DecisionTreeRegressor)
    assert model.similarity_.model_names_ == ["linearregression", "ridge"]
