# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The selector: models that come fitted, and its place in scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

from sklearn_transfer.ensemble import DirectTransferClassifier, DirectTransferRegressor
from sklearn_transfer.model_selection import TargetKFold
from sklearn_transfer.transferability import (
    HScoreSelector,
)
from tests.common_checks import LEFT_OUT_FOR_TRANSFORMERS
from tests.transferability.selector_data import CountedFits, fitted, frozen_models, problem

# Models that come fitted


def test_frozen_sources_are_not_refitted_and_need_no_rows():
    X, y, domain = data = problem()
    own = domain == "t"
    given = frozen_models(data)
    with_rows = fitted(data=data, k=2)
    CountedFits.n_fits = 0
    for rows, params, extra in [
        ((X, y), {"target_domain": "t"}, {"sample_domain": domain}),
        ((X[own], y[own]), {"target_domain": "t"}, {"sample_domain": domain[own]}),
        ((X[own], y[own]), {"target_domain": "t"}, {}),
        ((X[own], y[own]), {}, {}),
    ]:
        selector = clone(HScoreSelector(source_estimators=given, k=2, **params)).fit(*rows, **extra)
        assert selector.target_domain_ == params.get("target_domain")
        assert_array_equal(selector.scores_, with_rows.scores_)
        assert_array_equal(selector.selected_domains_, with_rows.selected_domains_)
        assert_array_equal(selector.transform(X), with_rows.transform(X))
    assert CountedFits.n_fits == 0


def test_frozen_and_fitted_sources_side_by_side():
    data = problem()
    given = frozen_models(data)
    del given["half"]
    selector = fitted(data=data, source_estimators=given)
    assert_allclose(selector.scores_, fitted(data=data).scores_)


def test_source_of_another_task_may_know_other_classes():
    X, y, domain = problem()
    own = domain == "t"

    def thirds(value):
        return np.array(["p", "q", "r"])[np.digitize(value, [-0.7, 0.7])]

    given = {
        "letters": FrozenEstimator(LogisticRegression().fit(X, thirds(X[:, 0] + X[:, 1]))),
        "others": FrozenEstimator(LogisticRegression().fit(X, thirds(X[:, 3]))),
        "value": FrozenEstimator(Ridge().fit(X, X[:, 2])),
    }
    selector = HScoreSelector(source_estimators=given).fit(X[own], y[own])
    assert selector.selected_domains_.tolist() == ["letters"]
    assert selector.get_feature_names_out().tolist() == ["letters_p", "letters_q", "letters_r"]
    assert selector.response_methods_.tolist() == ["decision_function"] * 2 + ["predict"]


def test_memory_keeps_source_models_over_a_search(tmp_path):
    X, y, domain = problem()
    selector = HScoreSelector(CountedFits(), target_domain="t", memory=str(tmp_path))
    CountedFits.n_fits = 0
    for k in (1, 2):
        for order in (1, 2):
            clone(selector).set_params(k=k, order=order).fit(X, y, sample_domain=domain)
    assert CountedFits.n_fits == 4
    # other numbers of the inner estimator, of a source's rows or of their weights are other fits
    clone(selector).set_params(estimator__C=0.1).fit(X, y, sample_domain=domain)
    assert CountedFits.n_fits == 8
    moved = X.copy()
    moved[np.flatnonzero(domain == "far")[0]] += 1.0
    clone(selector).fit(moved, y, sample_domain=domain)
    assert CountedFits.n_fits == 9
    clone(selector).fit(X, y, np.where(domain == "far", 2.0, 1.0), sample_domain=domain)
    assert CountedFits.n_fits == 13
    moved = X.copy()
    moved[domain == "t"] += 1.0
    clone(selector).fit(moved, y, sample_domain=domain)
    assert CountedFits.n_fits == 13


# In scikit-learn


def pipeline(**params):
    return make_pipeline(
        HScoreSelector(target_domain="t", **params),
        DirectTransferClassifier(LogisticRegression(), target_domain="t", strategy="target_only"),
    )


def test_last_step_trained_on_target_rows_alone():
    X, y, domain = problem()
    own = domain == "t"
    selector = fitted(k=2)
    expected = LogisticRegression().fit(selector.transform(X[own]), y[own])
    with config_context(enable_metadata_routing=True):
        routed = pipeline(k=2).fit(X, y, sample_domain=domain)
    named = pipeline(k=2).fit(
        X, y, hscoreselector__sample_domain=domain, directtransferclassifier__sample_domain=domain
    )
    for model in (routed, named):
        assert_array_equal(model.predict_proba(X), expected.predict_proba(selector.transform(X)))


def test_plain_last_step_is_trained_on_all_rows():
    X, y, domain = problem()
    selector = fitted(k=2)
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(clone(selector), LogisticRegression()).fit(X, y, sample_domain=domain)
    expected = LogisticRegression().fit(selector.transform(X), y)
    assert_array_equal(model.predict(X), expected.predict(selector.transform(X)))


def test_regression_pipeline():
    X, y, domain = problem(regression=True)
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(
            HScoreSelector(target_domain="t"),
            DirectTransferRegressor(target_domain="t", strategy="target_only"),
        ).fit(X, y, sample_domain=domain)
    assert model[0].selected_domains_.tolist() == ["same"]
    assert model.predict(X).shape == y.shape


def test_k_and_order_in_a_search_that_tests_on_target_rows():
    X, y, domain = problem()
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            pipeline(),
            {"hscoreselector__k": [1, 2, "all"], "hscoreselector__order": [1, 2]},
            cv=TargetKFold(3, target_domain="t"),
        ).fit(X, y, sample_domain=domain)
        scores = cross_val_score(
            pipeline(),
            X,
            y,
            cv=TargetKFold(3, target_domain="t"),
            params={"sample_domain": domain},
        )
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert "same" in search.best_estimator_[0].selected_domains_
    assert np.isfinite(scores).all()


def test_set_output():
    X, y, domain = problem()
    frame = pd.DataFrame(X, columns=list("abcd")).assign(site=domain)
    selector = HScoreSelector(target_domain="t", domain_column="site", k=2)
    selector.set_output(transform="pandas").fit(frame, y)
    out = selector.transform(frame.drop(columns="site"))
    assert list(out) == selector.get_feature_names_out().tolist()
    assert_array_equal(out.index, frame.index)
    assert_allclose(out.to_numpy(), fitted(k=2).transform(X))


@pytest.mark.parametrize("check", [*LEFT_OUT_FOR_TRANSFORMERS, "check_inplace_ensure_writeable"])
@pytest.mark.parametrize("estimator", [None, StandardScaler()], ids=["default", "scaler"])
def test_checks_of_transformers_that_the_generator_leaves_out(check, estimator):
    with warnings.catch_warnings():
        # These checks transform arrays after a fit on tables, and the other way round.
        warnings.filterwarnings("ignore", ".*feature names, but .* was fitted")
        getattr(estimator_checks, check)("HScoreSelector", HScoreSelector(estimator, k="all"))
