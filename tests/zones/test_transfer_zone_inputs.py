# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Domains that cannot be scored, parts that do not fit, and fits that fail."""

from __future__ import annotations

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.optimize import LinearConstraint
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_transfer.ensemble import DirectTransferClassifier, DirectTransferRegressor
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.similarity import CrossLearningScore, MaximumMeanDiscrepancy
from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor
from sklearn_transfer.zones import TransferZoneClassifier, TransferZoneRegressor
from tests.zones.data import Scripted, measure, planted, quietly

NOT_NEGATIVE = ("positive", "ambiguous")
TREE = DecisionTreeClassifier(max_depth=3, random_state=0)


def make(**more):
    given = {"target_domain": "here", "similarity": measure(), "random_state": 0}
    return TransferZoneClassifier(**{**given, **more})


def heard(estimator, rows):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        estimator.fit(rows.X, rows.y, sample_domain=rows.domain)
    assert all(issubclass(warning.category, TransferWarning) for warning in found)
    return [str(warning.message) for warning in found]


def test_without_sources_nothing_is_scored():
    rows = planted()
    own = rows.domain == "here"
    model = make(target_domain=None).fit(rows.X[own], rows.y[own])
    assert model.similarity_ is None
    assert model.zones_.shape == model.source_weights_.shape == model.used_.shape == (0,)
    assert model.thresholds_.shape == (0, 2)
    assert len(model.to_frame()) == 0


def test_no_usable_source_is_said_with_all_zones():
    rows = planted()
    told = [("near", "ambiguous"), ("reversed", "negative")]
    model = make(similarity=Scripted(told), transfer=DirectTransferClassifier())
    own = rows.domain == "here"
    (message,) = heard(model, rows)
    assert "['positive']" in message
    assert f"the target alone (rows: {own.sum()})" in message
    assert "ambiguous: 'near'; negative: 'reversed'" in message
    alone = LogisticRegression().fit(rows.X[own], rows.y[own])
    assert_array_equal(model.predict_proba(rows.X), alone.predict_proba(rows.X))


def test_target_of_one_class_uses_every_source():
    rows = planted()
    rows = rows._replace(y=np.where(rows.domain == "here", 1, rows.y))
    model = make(transfer=DirectTransferClassifier())
    messages = heard(model, rows)
    assert any("rows of the target have the class 1" in message for message in messages)
    assert model.zones_.tolist() == ["unscored", "unscored"]
    assert model.used_.all()
    pooled = LogisticRegression().fit(rows.X, rows.y)
    assert_array_equal(model.predict_proba(rows.X), pooled.predict_proba(rows.X))


def test_target_too_small_to_be_scored_is_alone_unless_the_user_says_otherwise():
    rows = planted()
    own = np.flatnonzero(rows.domain == "here")
    few = [own[rows.y[own] == 0][0], *own[rows.y[own] == 1][:2]]
    kept = np.concatenate([few, np.flatnonzero(rows.domain != "here")])
    rows = type(rows)(*(part[kept] for part in rows))
    model = make(transfer=DirectTransferClassifier())
    messages = heard(model, rows)
    assert any("left out: ['here']" in message for message in messages)
    assert any("the target alone (rows: 3)" in message for message in messages)
    assert any("unscored: 'near', 'reversed'" in message for message in messages)
    assert not model.used_.any()
    heard(model.set_params(use=("positive", "unscored")), rows)
    assert model.used_.all()


def test_source_too_small_to_be_scored_is_left_out_by_name():
    rows = planted()
    rows.domain[np.flatnonzero(rows.domain == "near")[:2]] = "tiny"
    rows.y[rows.domain == "tiny"] = [0, 1]
    model = make(use=NOT_NEGATIVE)
    messages = heard(model, rows)
    assert any("left out: ['tiny']" in message for message in messages)
    assert model.zones_[2] == "unscored"
    assert np.isnan(model.source_scores_[2])
    assert np.isnan(model.thresholds_[2]).all()
    assert model.source_weights_[2] == 0.0


def test_regression_with_one_target_row_is_the_target_alone():
    rows = planted(values=True)
    kept = np.sort(
        [np.flatnonzero(rows.domain == "here")[0], *np.flatnonzero(rows.domain != "here")]
    )
    rows = type(rows)(*(part[kept] for part in rows))
    model = TransferZoneRegressor(
        DecisionTreeRegressor(), target_domain="here", similarity=measure(values=True)
    )
    messages = heard(model, rows)
    assert any("the target alone (rows: 1)" in message for message in messages)
    assert (model.predict(rows.X) == rows.y[rows.domain == "here"]).all()


def test_sources_whose_labels_do_not_sort_stay_aligned():
    rows = planted()
    names = {"here": ("here", 1), "near": 7, "reversed": frozenset("r")}
    domain = np.empty(len(rows.y), dtype=object)
    for place, label in enumerate(rows.domain.tolist()):
        domain[place] = names[label]
    model = make(target_domain=("here", 1), use=NOT_NEGATIVE)
    quietly(model, rows._replace(domain=domain))
    plain = quietly(make(use=NOT_NEGATIVE), rows)
    zones = dict(zip(model.source_domains_.tolist(), model.zones_.tolist(), strict=True))
    assert zones == {7: plain.zones_[0], frozenset("r"): "negative"}
    assert_array_equal(model.predict_proba(rows.X), plain.predict_proba(rows.X))


def test_seed_jobs_and_memory_are_handed_down_where_they_are_open(tmp_path):
    rows = planted()
    model = make(
        similarity=measure(random_state=None, n_jobs=2),
        transfer=UOWQClassifier(random_state=5),
        use=NOT_NEGATIVE,
        n_jobs=1,
        memory=str(tmp_path),
    )
    with joblib.parallel_config(backend="threading"):
        quietly(model, rows)
        again = quietly(clone(model), rows)
    assert (model.similarity_.n_jobs, model.transfer_.n_jobs) == (2, 1)
    assert model.similarity_.memory == model.transfer_.memory == str(tmp_path)
    assert model.transfer_.random_state == 5
    assert isinstance(model.similarity_.random_state, int)
    assert any(tmp_path.iterdir())
    assert_array_equal(again.source_scores_, model.source_scores_)


def test_what_was_told_of_single_sources_is_told_of_those_that_stay():
    rows = planted()
    of_source = {
        label: FrozenEstimator(
            LogisticRegression().fit(rows.X[rows.domain == label], rows.y[rows.domain == label])
        )
        for label in ("near", "reversed")
    }
    learner = UOWQClassifier(
        guard=None,
        source_estimators=of_source,
        constraints=LinearConstraint(np.eye(2), ub=[0.125, 0.5]),
    )
    model = quietly(make(transfer=learner, use=NOT_NEGATIVE), rows)
    assert list(model.transfer_.source_estimators_) == ["near"]
    assert model.source_weights_ == pytest.approx([0.125, 0.0])
    assert quietly(make(transfer=learner, use=()), rows).transfer_.source_estimators is None


def test_tables_with_text_reach_models_that_take_them():
    rows = planted()
    X = pd.DataFrame(rows.X, columns=["dose", "age"]).assign(
        ward=pd.Categorical(np.where(rows.X[:, 0] > 0, "icu", "ward")), site=rows.domain
    )
    encode = make_column_transformer((OneHotEncoder(), ["ward"]), remainder="passthrough")
    inner = make_pipeline(encode, LogisticRegression())
    model = make(
        estimator=inner,
        similarity=CrossLearningScore(inner),
        transfer=DirectTransferClassifier(),
        domain_column="site",
        use=NOT_NEGATIVE,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        model.fit(X, rows.y)
    kept = rows.domain != "reversed"
    alone = clone(inner).fit(X[kept].drop(columns="site"), rows.y[kept])
    assert_array_equal(model.predict_proba(X), alone.predict_proba(X.drop(columns="site")))


class FailingLearner(DirectTransferClassifier):
    """A learner that fails after the sources were scored."""

    def _fit(self, X, y, sample_weight, domains):
        raise KeyboardInterrupt


def test_failed_refit_keeps_the_last_fit():
    rows = planted()
    model = quietly(make(transfer=DirectTransferClassifier(), use=NOT_NEGATIVE), rows)
    before = dict(vars(model))
    said = model.predict_proba(rows.X)
    model.set_params(transfer=FailingLearner())
    with pytest.raises(KeyboardInterrupt):
        quietly(model, rows._replace(X=rows.X[:, ::-1]))
    model.set_params(transfer=before["transfer"])
    assert vars(model) == before
    assert_array_equal(model.predict_proba(rows.X), said)


class _Untouched(CrossLearningScore):
    def fit(self, X, y=None, sample_weight=None, *, sample_domain=None):
        raise AssertionError("scored before the parts were checked")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"use": ("positive", "good")}, "`use` must name zones.*Got 'good' instead"),
        ({"use": "positive"}, "'use' parameter.*Got 'positive' instead"),
        ({"positive_z": 2.0, "negative_z": 1.0}, "`positive_z` must not exceed"),
        ({"level": 0.7}, "'level' parameter"),
        ({"similarity": MaximumMeanDiscrepancy()}, "'similarity' parameter.*'zones'"),
        (
            {"similarity": _Untouched(TREE, loss="roc_auc"), "standard_error": "losses"},
            "Zones of a scorer.*Got standard_error='losses'",
        ),
        (
            {"similarity": _Untouched(TREE, loss="roc_auc"), "level": 0.01},
            "Zones of a scorer.*Got level=0.01",
        ),
        (
            {"similarity": _Untouched([("line", LinearRegression())])},
            "`similarity` must score by classifiers. Got a score by LinearRegression",
        ),
        ({"transfer": UOWQRegressor()}, "`transfer` must be a classifier. Got UOWQRegressor"),
        ({"transfer": LogisticRegression()}, "`transfer` must learn from several domains"),
        ({"estimator": LinearRegression()}, "must be a classifier. Got LinearRegression"),
    ],
)
def test_parts_that_do_not_fit_are_refused_before_any_work(given, says):
    rows = planted()
    with pytest.raises(ValueError, match=f"(?s){says}"):
        make(**{"similarity": _Untouchable(), **given}).fit(
            rows.X, rows.y, sample_domain=rows.domain
        )


class _Untouchable(Scripted):
    def fit(self, X, y, sample_weight=None, *, sample_domain=None):
        raise AssertionError("scored before the parts were checked")


class WithoutInner(DirectTransferClassifier):
    """A learner without a parameter `estimator`."""

    def __init__(self, target_domain=None):
        super().__init__(target_domain=target_domain)


def test_estimator_for_a_learner_that_has_none_is_refused():
    rows = planted()
    with pytest.raises(ValueError, match="`estimator` must be None"):
        make(estimator=LogisticRegression(), transfer=WithoutInner()).fit(
            rows.X, rows.y, sample_domain=rows.domain
        )


def test_regressor_refuses_a_score_by_classifiers():
    """Which would take whole numbers for labels."""
    rows = planted(values=True)
    model = TransferZoneRegressor(target_domain="here", similarity=_Untouched(TREE))
    with pytest.raises(ValueError, match=r"must score by regressors\. Got a score by DecisionTree"):
        model.fit(rows.X, np.round(rows.y), sample_domain=rows.domain)


def test_regressor_refuses_a_classifier_as_learner():
    rows = planted(values=True)
    model = TransferZoneRegressor(target_domain="here", transfer=DirectTransferClassifier())
    with pytest.raises(ValueError, match=r"`transfer` must be a regressor\. Got Direct"):
        model.fit(rows.X, rows.y, sample_domain=rows.domain)
    model.set_params(transfer=DirectTransferRegressor(), similarity=measure(values=True))
    quietly(model, rows)
