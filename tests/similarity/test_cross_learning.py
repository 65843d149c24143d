# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The Cross-Learning Score against the long way round, its limits, its cost and its cache."""

from __future__ import annotations

import numpy as np
import pytest
from joblib import Memory
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_transfer.similarity import CrossLearningScore, cross_learning_score
from tests.similarity.cross_learning_data import domains, long_way

CLASSIFIERS = [GaussianNB(), DecisionTreeClassifier(max_depth=3, random_state=0)]
REGRESSORS = [LinearRegression(), DecisionTreeRegressor(max_depth=3, random_state=0)]


@pytest.mark.parametrize("aggregation", ["ensemble", "weighted", "mean"])
@pytest.mark.parametrize(
    ("loss", "models"),
    [
        ("zero_one", CLASSIFIERS),
        ("zero_one", CLASSIFIERS[:1]),
        ("log_loss", CLASSIFIERS[:1]),
        ("squared_error", REGRESSORS),
    ],
    ids=["labels", "one model", "log-loss", "values"],
)
@pytest.mark.parametrize("c", [0.5, 0.8])
def test_against_the_long_way_round(aggregation, loss, models, c):
    X, y, domain = domains("values" if loss == "squared_error" else "labels")
    measure = CrossLearningScore(
        models, aggregation=aggregation, loss=loss, domain_weight=c, random_state=0
    ).fit(X, y, sample_domain=domain)
    for t, target in enumerate("abc"):
        for s, source in enumerate("abc"):
            if s == t:
                assert measure.scores_[t, t] == 0.0
                continue
            here, there = domain == target, domain == source
            expected = long_way(
                models,
                X[here],
                y[here],
                X[there],
                y[there],
                aggregation=aggregation,
                loss=loss,
                c=c,
            )
            found = [
                measure.scores_[t, s],
                measure.baseline_errors_[t, s],
                measure.standard_errors_["folds"][t, s],
                measure.standard_errors_["losses"][t, s],
            ]
            assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", ["labels", "values"])
def test_default_models_score_a_turned_domain_further(kind):
    X, y, domain = domains(kind, n_classes=2)
    measure = CrossLearningScore(target_domain="a", random_state=0)
    measure.fit(X, y, sample_domain=domain)
    assert measure.model_names_[1:] == ["linear_svm", "rbf_svm", "xgboost"]
    assert measure.source_scores_[0] < measure.source_scores_[1]
    assert_allclose(measure.model_weights_.sum(axis=1), 1.0)


def test_target_alone_computes_its_row_and_column():
    X, y, domain = domains()
    everything = CrossLearningScore(CLASSIFIERS, domain_weight=0.8, random_state=0)
    everything.fit(X, y, sample_domain=domain)
    assert not hasattr(everything, "source_domains_")
    assert not hasattr(everything, "source_scores_")
    for target in "abc":
        of_one = CrossLearningScore(
            CLASSIFIERS, domain_weight=0.8, target_domain=target, random_state=0
        ).fit(X, y, sample_domain=domain)
        t = "abc".index(target)
        assert_array_equal(of_one.scores_[t], everything.scores_[t])
        assert_array_equal(of_one.scores_[:, t], everything.scores_[:, t])
        rest = np.delete(np.delete(of_one.scores_, t, axis=0), t, axis=1)
        assert np.isnan(rest).all()
        assert_array_equal(of_one.source_scores_, np.delete(everything.scores_[t], t))
        assert of_one.source_domains_.tolist() == [label for label in "abc" if label != target]
        assert_array_equal(of_one.zones().to_numpy(), everything.zones(target).to_numpy())


def test_function_is_the_estimator():
    X, y, domain = domains()
    here, there = domain == "a", domain == "b"
    measure = CrossLearningScore(CLASSIFIERS, random_state=0).fit(X, y, sample_domain=domain)
    score = cross_learning_score(
        X[here], y[here], X[there], y[there], estimators=CLASSIFIERS, random_state=0
    )
    assert score == measure.scores_[0, 1]


def test_one_model_has_one_score_whatever_the_aggregation():
    X, y, domain = domains()
    scores = [
        CrossLearningScore(CLASSIFIERS[0], aggregation=aggregation, random_state=0)
        .fit(X, y, sample_domain=domain)
        .scores_
        for aggregation in ("ensemble", "weighted", "mean")
    ]
    assert_allclose(scores[1], scores[0], atol=1e-12)
    assert_allclose(scores[2], scores[0], atol=1e-12)


def test_equal_models_are_one_model():
    X, y, domain = domains()
    one = CrossLearningScore(CLASSIFIERS[0], random_state=0).fit(X, y, sample_domain=domain)
    for aggregation in ("ensemble", "weighted", "mean"):
        three = CrossLearningScore([CLASSIFIERS[0]] * 3, aggregation=aggregation, random_state=0)
        three.fit(X, y, sample_domain=domain)
        assert_allclose(three.scores_, one.scores_, atol=1e-12)
        assert_allclose(three.model_weights_, 1 / 3)


def test_sharpness_between_its_limits():
    """0 is the plain mean; with infinity only the best model of each domain speaks."""
    X, y, domain = domains("values")
    given = {"aggregation": "weighted", "random_state": 0}
    blunt = CrossLearningScore(REGRESSORS, sharpness=0.0, **given).fit(X, y, sample_domain=domain)
    mean = CrossLearningScore(REGRESSORS, aggregation="mean", random_state=0)
    assert_allclose(blunt.scores_, mean.fit(X, y, sample_domain=domain).scores_, atol=1e-12)
    sharp = CrossLearningScore(REGRESSORS, sharpness=np.inf, **given)
    sharp.fit(X, y, sample_domain=domain)
    best = sharp.model_errors_.argmin(axis=1)
    assert_array_equal(sharp.model_weights_, np.eye(2)[best])


def test_unit_of_y_does_not_matter():
    """Exactly so for a power of 2, which leaves the tree's ties as they are."""
    X, y, domain = domains("values")
    measure, other = (
        CrossLearningScore(REGRESSORS, random_state=0).fit(X, unit * y, sample_domain=domain)
        for unit in (1.0, 1024.0)
    )
    assert_allclose(other.model_weights_, measure.model_weights_, rtol=1e-9)
    assert_allclose(other.scores_, 1024.0**2 * measure.scores_, rtol=1e-9)
    zones = [m.zones("a").zone.tolist() for m in (measure, other)]
    assert zones[0] == zones[1]


def test_identical_domains_are_a_hold_out_away():
    """The same rows under two names: the models are fitted on the rows they are judged by."""
    X, y, _ = domains(rows=(60,))
    twice, labels = np.concatenate([X, X]), np.concatenate([y, y])
    measure = CrossLearningScore(CLASSIFIERS, random_state=0)
    measure.fit(twice, labels, sample_domain=np.repeat(["a", "b"], len(y)))
    assert measure.domain_errors_[0] == measure.domain_errors_[1]
    expected = np.mean(GaussianNB().fit(X, y).predict(X) != y) - measure.model_errors_[0, 0]
    assert_allclose(measure.model_scores_[0, 0, 1], expected)
    assert measure.zones("a").zone.tolist() == ["positive"]


@pytest.mark.parametrize(("weight", "part"), [(1.0, (0, 1)), (0.0, (1, 0))])
def test_extreme_domain_weights_ask_one_direction(weight, part):
    X, y, domain = domains(rows=(30, 40))
    measure = CrossLearningScore(CLASSIFIERS, domain_weight=weight, random_state=0)
    measure.fit(X, y, sample_domain=domain)
    t = part[0]
    assert_allclose(measure.scores_[0, 1], measure.cross_errors_[part] - measure.domain_errors_[t])
    assert_allclose(measure.baseline_errors_[0, 1], measure.domain_errors_[t])


class Counted(LogisticRegression):
    """Counts its fits and its answers, and can fail at one fit."""

    fits = 0
    calls = 0
    fail_at = 0

    def fit(self, X, y, sample_weight=None):
        Counted.fits += 1
        if Counted.fits == Counted.fail_at:
            raise KeyboardInterrupt
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X):
        Counted.calls += 1
        return super().predict_proba(X)


@pytest.fixture
def counts():
    Counted.fits = Counted.calls = Counted.fail_at = 0
    return Counted


@pytest.mark.parametrize("target", [None, "a"])
def test_fits_and_calls_are_counted_by_domain_not_by_pair(counts, target):
    X, y, domain = domains(rows=(20, 20, 20, 20, 20), n_classes=2)
    measure = CrossLearningScore([Counted(), Counted(C=0.1)], cv=3, target_domain=target)
    measure.fit(X, y, sample_domain=domain)
    assert counts.fits == 5 * 2 * (3 + 1)
    assert counts.calls == 5 * 2 * (3 + 1)  # each fold's rows, then the rows of all domains once


@pytest.mark.parametrize("as_path", [True, False])
def test_interrupted_run_goes_on_where_it_was(counts, tmp_path, as_path):
    X, y, domain = domains(rows=(20, 20, 20), n_classes=2)
    memory = str(tmp_path) if as_path else Memory(tmp_path, verbose=0)
    measure = CrossLearningScore(Counted(), cv=3, memory=memory, random_state=0)
    counts.fail_at = 10  # in the third domain
    with pytest.raises(KeyboardInterrupt):
        measure.fit(X, y, sample_domain=domain)
    counts.fits = counts.fail_at = 0
    measure.fit(X, y, sample_domain=domain)
    assert counts.fits == 4
    plain = CrossLearningScore(Counted(), cv=3, random_state=0).fit(X, y, sample_domain=domain)
    assert_array_equal(measure.scores_, plain.scores_)
    counts.fits = 0
    measure.fit(X, y, sample_domain=domain)
    assert counts.fits == 0


def test_cache_tells_settings_of_scikit_learn_apart(counts, tmp_path):
    X, y, domain = domains(rows=(20, 20), n_classes=2)
    measure = CrossLearningScore(Counted(), cv=3, memory=str(tmp_path), random_state=0)
    for routing, fits in ((False, 8), (True, 8), (False, 0)):
        counts.fits = 0
        with config_context(enable_metadata_routing=routing):
            measure.fit(X, y, sample_domain=domain)
        assert counts.fits == fits


def test_a_new_domain_fits_its_own_models_alone(counts, tmp_path):
    X, y, domain = domains(rows=(20, 20, 20), n_classes=2)
    measure = CrossLearningScore(Counted(), cv=3, memory=str(tmp_path), random_state=0)
    known = domain != "c"
    measure.fit(X[known], y[known], sample_domain=domain[known])
    counts.fits = 0
    measure.fit(X, y, sample_domain=domain)
    assert counts.fits == 4
