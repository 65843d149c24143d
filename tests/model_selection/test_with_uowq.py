# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A real transfer estimator under the splitters, against a loop over their folds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_transfer.model_selection import (
    StratifiedTargetKFold,
    TargetGroupKFold,
    TargetShuffleSplit,
)
from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor

RANDOM = np.random.default_rng(3)
DOMAIN = RANDOM.permutation(np.repeat(["here", "north", "south"], [60, 80, 70]))
TARGET = DOMAIN == "here"
X = RANDOM.normal(size=(210, 3))
MEAN = X @ [1.0, -1.0, 0.5] + 0.4 * (DOMAIN == "north")
Y = (MEAN + RANDOM.logistic(size=210) > 0).astype(int)
PATIENTS = RANDOM.permutation(210) // 2
FRAME = pd.DataFrame(X, columns=["age", "weight", "pressure"]).assign(hospital=DOMAIN)
CV = StratifiedTargetKFold(3, target_domain="here")


def bare(**options):
    return UOWQClassifier(target_domain="here", guard=None, update="static", **options)


def in_pipeline():
    return make_pipeline(StandardScaler(), bare())


def to_fit(model, routing):
    step = "" if routing or not hasattr(model, "steps") else "uowqclassifier__"
    return {f"{step}sample_domain": DOMAIN}


def scores_of_a_loop(model, folds):
    """Fit and score fold by fold, without scikit-learn's tools."""
    scores = []
    for train, test in folds:
        metadata = {name: values[train] for name, values in to_fit(model, routing=False).items()}
        fitted = clone(model).fit(X[train], Y[train], **metadata)
        scores.append(fitted.score(X[test], Y[test]))
    return scores


@pytest.fixture(params=[False, True], ids=["routing off", "routing on"])
def routing(request):
    with sklearn.config_context(enable_metadata_routing=request.param):
        yield request.param


@pytest.mark.parametrize("make", [bare, in_pipeline])
class TestSampleDomain:
    def test_cross_validate(self, make, routing):
        with sklearn.config_context(enable_metadata_routing=False):
            expected = scores_of_a_loop(make(), CV.split(X, Y, sample_domain=DOMAIN))
        groups = {} if routing else {"groups": DOMAIN}
        results = cross_validate(make(), X, Y, cv=CV, params=to_fit(make(), routing), **groups)
        assert results["test_score"].tolist() == expected

    def test_grid_search(self, make, routing):
        name = "uowqclassifier__bias_correction" if make is in_pipeline else "bias_correction"
        with sklearn.config_context(enable_metadata_routing=False):
            expected = [
                scores_of_a_loop(
                    make().set_params(**{name: value}), CV.split(X, Y, sample_domain=DOMAIN)
                )
                for value in (False, True)
            ]
        groups = {} if routing else {"groups": DOMAIN}
        search = GridSearchCV(make(), {name: [False, True]}, cv=CV)
        search.fit(X, Y, **to_fit(make(), routing), **groups)
        for fold in range(3):
            got = search.cv_results_[f"split{fold}_test_score"].tolist()
            assert got == [scores[fold] for scores in expected]

    @pytest.mark.parametrize("method", ["predict", "predict_proba"])
    def test_cross_val_predict(self, make, method, routing):
        cv = StratifiedTargetKFold(3, target_domain="here", partition=True)
        groups = {} if routing else {"groups": DOMAIN}
        got = cross_val_predict(
            make(), X, Y, cv=cv, method=method, params=to_fit(make(), routing), **groups
        )
        for train, test in CV.split(X, Y, sample_domain=DOMAIN):
            metadata = {name: d[train] for name, d in to_fit(make(), routing).items()}
            fitted = make().fit(X[train], Y[train], **metadata)
            np.testing.assert_allclose(got[test], getattr(fitted, method)(X[test]), rtol=1e-12)


def test_domain_column(routing):
    model = bare(domain_column="hospital")
    cv = StratifiedTargetKFold(3, target_domain="here", domain_column="hospital", partition=True)
    got = cross_val_predict(model, FRAME, Y, cv=cv, method="predict_proba")
    for train, test in CV.split(X, Y, sample_domain=DOMAIN):
        fitted = clone(model).fit(FRAME.iloc[train], Y[train])
        np.testing.assert_allclose(got[test], fitted.predict_proba(FRAME.iloc[test]), rtol=1e-12)


def test_patients(routing):
    cv = TargetGroupKFold(3, target_domain="here", domain_column="hospital")
    how = {"params": {"groups": PATIENTS}} if routing else {"groups": PATIENTS}
    model = bare(domain_column="hospital")
    results = cross_validate(model, FRAME, Y, cv=cv, return_indices=True, **how)
    expected = []
    for train, test in zip(*results["indices"].values(), strict=True):
        assert not set(PATIENTS[train]) & set(PATIENTS[test])
        fitted = clone(model).fit(FRAME.iloc[train], Y[train])
        expected.append(fitted.score(FRAME.iloc[test], Y[test]))
    assert results["test_score"].tolist() == expected


def test_patients_reach_the_estimator():
    """Routed, groups are the estimator's as well: its own folds keep them together."""
    cv = TargetGroupKFold(3, target_domain="here")
    model = UOWQClassifier(target_domain="here", random_state=0)
    pipe = make_pipeline(StandardScaler(), model)
    for estimator in (model, pipe):
        with sklearn.config_context(enable_metadata_routing=True):
            results = cross_validate(
                estimator,
                X,
                Y,
                cv=cv,
                params={"groups": PATIENTS, "sample_domain": DOMAIN},
                return_estimator=True,
                return_indices=True,
            )
        for fitted, train in zip(results["estimator"], results["indices"]["train"], strict=True):
            rows = X[train]
            last = fitted
            if estimator is pipe:
                rows, last = StandardScaler().fit_transform(rows), fitted[-1]
            alone = clone(model).fit(
                rows, Y[train], sample_domain=DOMAIN[train], groups=PATIENTS[train]
            )
            assert alone.group_correlation_ >= 0.0
            assert last.group_correlation_ == alone.group_correlation_
            assert last.candidate_losses_.tolist() == alone.candidate_losses_.tolist()


def test_regressor(routing):
    groups = {} if routing else {"groups": DOMAIN}
    model = UOWQRegressor(target_domain="here", guard=None, update="static")
    cv = TargetShuffleSplit(3, target_domain="here", train_size=20, random_state=0)
    results = cross_validate(
        model, X, MEAN, cv=cv, params={"sample_domain": DOMAIN}, return_estimator=True, **groups
    )
    for fitted, (train, test), score in zip(
        results["estimator"],
        cv.split(X, MEAN, sample_domain=DOMAIN),
        results["test_score"],
        strict=True,
    ):
        alone = clone(model).fit(X[train], MEAN[train], sample_domain=DOMAIN[train])
        assert fitted.source_weights_.tolist() == alone.source_weights_.tolist()
        assert score == alone.score(X[test], MEAN[test])
    with pytest.raises(ValueError, match="use TargetKFold"):
        cross_validate(model, X, MEAN, cv=CV, params={"sample_domain": DOMAIN}, **groups)


def test_calibration_on_target_rows(routing):
    cv = StratifiedTargetKFold(3, target_domain="here", domain_column="hospital")
    model = CalibratedClassifierCV(bare(domain_column="hospital"), cv=cv).fit(FRAME, Y)
    listed = CalibratedClassifierCV(
        bare(domain_column="hospital"), cv=list(CV.split(X, Y, sample_domain=DOMAIN))
    ).fit(FRAME, Y)
    assert model.predict_proba(FRAME).tolist() == listed.predict_proba(FRAME).tolist()
