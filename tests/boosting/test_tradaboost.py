# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What goes wrong in boosting classifiers across domains, shown not to go wrong."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer.boosting import (
    DynamicTrAdaBoostClassifier,
    MultiSourceTrAdaBoostClassifier,
    TrAdaBoostClassifier,
)
from sklearn_transfer.exceptions import TransferWarning
from tests.boosting.scripted import script, weights_seen

POOLING = [TrAdaBoostClassifier, DynamicTrAdaBoostClassifier]
ALL = [*POOLING, MultiSourceTrAdaBoostClassifier]
# Rows 0-3 from the source, 4-9 the target's; two classes in each.
ROWS = np.arange(10)[:, None]
DOMAIN = np.repeat(["s", "t"], [4, 6])
Y = np.array([0, 1, 0, 1, 0, 0, 0, 1, 1, 1])


def _wrong(*rows):
    """Predictions with these rows wrong."""
    line = Y.copy()
    line[list(rows)] = 1 - line[list(rows)]
    return line


def _fit(kind, lines, n_estimators, **params):
    inner = script(lines)
    model = kind(inner, target_domain="t", n_estimators=n_estimators, **params)
    return model.fit(ROWS, Y, sample_domain=DOMAIN), weights_seen(inner)


@pytest.mark.parametrize("kind", POOLING)
@pytest.mark.parametrize(("n_rounds", "first"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (10, 5)])
def test_last_half_votes(kind, n_rounds, first):
    """Rounds t >= ceil(N / 2), t from 1; each learner errs on another row of the target."""
    lines = [_wrong(0, 4 + t % 6) for t in range(n_rounds)]
    model, _ = _fit(kind, lines, n_rounds)
    assert len(model.estimators_) == n_rounds
    votes = np.log((1 - model.estimator_errors_) / np.maximum(model.estimator_errors_, 1 / 14)) * (
        np.arange(1, n_rounds + 1) >= first
    )
    above_floor = model.estimator_errors_ > 1 / 14
    assert_allclose(model.estimator_weights_[above_floor], votes[above_floor])
    assert ((model.estimator_weights_ > 0) == (np.arange(1, n_rounds + 1) >= first)).all()


def test_first_half_is_silent():
    """The first two of six rounds are wrong about row 0."""
    lines = [_wrong(0, 4), _wrong(0, 5), _wrong(6), _wrong(7), _wrong(8), _wrong(9)]
    model, _ = _fit(TrAdaBoostClassifier, lines, 6)
    assert np.flatnonzero(model.estimator_weights_).tolist() == [2, 3, 4, 5]
    assert model.predict_proba(ROWS)[0].tolist() == [1, 0]


@pytest.mark.parametrize("kind", POOLING)
def test_learner_without_error_on_the_target(kind):
    """No NaN, no infinite vote, and source rows go on losing weight: nothing freezes."""
    model, seen = _fit(kind, [_wrong(1)], 6)
    assert len(model.estimators_) == 6
    assert_array_equal(model.estimator_errors_, 0)
    # The floor is 1 / (2 (m + 1)) = 1/14: the vote is ln 13.
    assert_allclose(model.estimator_weights_[2:], log(13))
    beta = 1 / (1 + sqrt(2 * log(4) / 6))
    for t, weights in enumerate(seen):
        assert weights[1] / weights[4] == pytest.approx(beta**t)
        assert weights[0] / weights[4] == pytest.approx(1)
        assert sum(weights.values()) == pytest.approx(10)
    assert_allclose(model.predict_proba(ROWS).max(axis=1), 1.0)


def test_floor_counts_weights_as_rows():
    """Twelve rows' worth of target: 1 / (2 * 13), a vote of ln 25."""
    model = TrAdaBoostClassifier(script([_wrong(1)]), target_domain="t", n_estimators=1)
    model.fit(ROWS, Y, np.where(DOMAIN == "t", 2.0, 1.0), sample_domain=DOMAIN)
    assert_allclose(model.estimator_weights_, log(25))


@pytest.mark.parametrize("kind", POOLING)
def test_learner_without_any_error_ends_boosting(kind):
    model, seen = _fit(kind, [_wrong(4), _wrong()], 50)
    assert len(seen) == len(model.estimators_) == 2
    assert_array_equal(model.predict(ROWS), Y)


def test_vote_of_a_learner_without_error_does_not_silence_all_others():
    lines = [_wrong(0, 4), _wrong(0, 5), _wrong(0, 6), _wrong(1), _wrong(0, 7), _wrong(0, 8)]
    model, _ = _fit(TrAdaBoostClassifier, lines, 6)
    assert model.estimator_errors_[3] == 0.0
    assert np.isfinite(model.estimator_weights_).all()
    assert model.predict(ROWS)[0] == 1  # three voters of four outvote it


@pytest.mark.parametrize("kind", POOLING)
@pytest.mark.parametrize("wrong", [(4, 5, 6), (4, 5, 6, 7), (4, 5, 6, 7, 8, 9)])
def test_no_learner_better_than_chance(kind, wrong):
    """The best of them is kept, with a warning; nothing moves, so that nothing is repeated."""
    inner = script([_wrong(*wrong)])
    model = kind(inner, target_domain="t", n_estimators=5)
    with pytest.warns(TransferWarning, match="outweigh and contradict") as heard:
        model.fit(ROWS, Y, sample_domain=DOMAIN)
    assert heard[0].filename == __file__
    assert len(weights_seen(inner)) == 1
    assert model.estimator_weights_.tolist() == [1.0]
    assert_allclose(model.estimator_errors_, [len(wrong) / 6])
    assert_array_equal(model.predict(ROWS), _wrong(*wrong))


def test_least_error_is_kept_where_all_are_chance():
    lines = [_wrong(1, 4, 5, 6, 7), _wrong(1, 4, 5, 6), _wrong(1, 4, 5, 6, 7, 8)]
    with pytest.warns(TransferWarning, match=r"error 0\.5\. The one with the least, 0\.5, is kept"):
        model, _ = _fit(TrAdaBoostClassifier, lines, 3)
    assert model.estimator_weights_.tolist() == [0, 1, 0]
    assert_array_equal(model.predict(ROWS), lines[1])


@pytest.mark.parametrize("kind", ALL)
def test_learner_at_chance_has_no_vote_and_moves_the_sources_alone(kind):
    """Its beta_t is 1: target weights stay, and so do source rows that it gets right."""
    model, seen = _fit(kind, [_wrong(0, 4), _wrong(0, 1, 4, 6, 7, 8), _wrong(2, 9), _wrong(5)], 4)
    assert len(model.estimators_) == 4
    assert model.estimator_errors_[1] > 0.5
    assert model.estimator_weights_[1] == 0
    assert (model.estimator_weights_[2:] > 0).all()
    beta = 1 / (1 + sqrt(2 * log(4) / 4))
    before, after = (np.array(list(weights.values())) for weights in seen[1:3])
    factor = after / before
    assert_allclose(factor / factor[3], [beta, beta, 1, 1, 1, 1, 1, 1, 1, 1])


def test_all_rounds_vote_where_the_last_half_has_none():
    lines = [_wrong(4), _wrong(1, 5), _wrong(1, 4, 5, 6, 7), _wrong(1, 4, 5, 8, 9)]
    model, _ = _fit(TrAdaBoostClassifier, [*lines, lines[-1]], 5)
    assert (model.estimator_weights_ > 0).tolist() == [True, True, False, False, False]


def test_learner_that_repeats_itself_is_at_chance():
    """Its error is 1/2 under the new weights in exact arithmetic, whatever rounding says."""
    for wrong in [(4,), (5,), (4, 8), (9, 6)]:
        model, seen = _fit(TrAdaBoostClassifier, [_wrong(*wrong)], 9)
        assert len(seen) == 2  # no weight moves after the second
        assert model.estimator_weights_[0] > 0
        assert model.estimator_weights_[1] == 0


@pytest.mark.parametrize(("n_wrong", "votes"), [(3, True), (4, False)])
def test_chance_of_three_classes(n_wrong, votes):
    """3 of 6 wrong is better than chance, 2/3; 4 of 6 is not."""
    y = np.array([0, 1, 2, 1, 0, 0, 1, 1, 2, 2])
    line = y.copy()
    line[[0, *range(4, 4 + n_wrong)]] = (line[[0, *range(4, 4 + n_wrong)]] + 1) % 3
    model = TrAdaBoostClassifier(script([line, y]), target_domain="t", n_estimators=2)
    model.fit(ROWS, y, sample_domain=DOMAIN)
    expected = log((1 - 0.5) / 0.5 * 2) if votes else 0.0
    assert_allclose(model.estimator_weights_[0], expected)
    assert model.estimator_weights_[1] > 0


def test_sources_drift_without_the_correction_and_not_with_it():
    """Learners that err on the target alone: no source row ever misleads."""
    lines = [_wrong(4 + t) for t in range(6)]
    plain, _ = _fit(TrAdaBoostClassifier, lines, 6)
    dynamic, _ = _fit(DynamicTrAdaBoostClassifier, lines, 6)
    assert (np.diff(plain.history_["weights"][:, 0]) < 0).all()
    # Growth of the target per round: K (1 - eps), where eps is above the floor.
    above = plain.estimator_errors_[:-1] > 1 / 14
    growth = plain.history_["weights"][:-1, 0] / plain.history_["weights"][1:, 0]
    assert_allclose(growth[above], 2 * (1 - plain.estimator_errors_[:-1][above]))
    assert_allclose(dynamic.history_["weights"], 1.0)
    assert_allclose(dynamic.source_weights_, 1.0)


@pytest.mark.parametrize("kind", ALL)
def test_first_learner_is_the_pooled_fit(kind):
    """Weights sum to those given, so that the penalty weighs what it weighs in a plain fit."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 3))
    y = np.where(X[:, 0] + rng.standard_normal(80) > 0, "yes", "no")
    domain = np.repeat(["s", "t"], 40)
    weight = rng.uniform(0.5, 2.0, 80)
    inner = LogisticRegression(C=0.1, tol=1e-10, random_state=0)
    for given in (None, weight):
        model = kind(inner, target_domain="t", n_estimators=3)
        model.fit(X, y, given, sample_domain=domain)
        pooled = LogisticRegression(C=0.1, tol=1e-10).fit(X, y, given)
        assert_allclose(model.estimators_[0].coef_, pooled.coef_, rtol=1e-6)


@pytest.mark.parametrize("kind", ALL)
def test_each_fit_sees_as_much_weight_as_there_are_rows(kind):
    lines = [_wrong(0, 4 + t % 6) for t in range(5)]
    _, seen = _fit(kind, lines, 5)
    for weights in seen:
        assert sum(weights.values()) == pytest.approx(10)


def test_multisource_judges_the_rows_of_all_sources():
    """The learner of source a takes weight from a row of source b, which it has not seen."""
    domain = np.repeat(["a", "b", "t"], [2, 2, 6])
    inner = script([_wrong(3, 4), _wrong(3, 4, 5)] + [_wrong(9)] * 2)
    model = MultiSourceTrAdaBoostClassifier(inner, target_domain="t", n_estimators=2)
    model.fit(ROWS, Y, sample_domain=domain)
    seen = weights_seen(inner)
    assert [sorted(weights) for weights in seen[:2]] == [
        [0, 1, 4, 5, 6, 7, 8, 9],
        [2, 3, 4, 5, 6, 7, 8, 9],
    ]
    assert model.estimator_domains_[0] == "a"
    # n = 4 rows of both sources, N = 2.
    beta = 1 / (1 + sqrt(2 * log(4) / 2))
    assert seen[3][3] / seen[3][2] == pytest.approx(beta)


def test_multisource_lets_all_rounds_vote():
    lines = [_wrong(0, 4 + t) for t in range(6)]
    model, _ = _fit(MultiSourceTrAdaBoostClassifier, lines, 6)
    assert (model.estimator_weights_ > 0).all()
    assert model.estimator_domains_.tolist() == ["s"] * 6


def test_multisource_with_one_source_runs_the_rounds_of_tradaboost():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((120, 3))
    y = (X[:, 0] + 0.7 * rng.standard_normal(120) > 0).astype(int)
    domain = np.repeat(["s", "t"], [80, 40])
    inner = DecisionTreeClassifier(max_depth=2, random_state=0)
    models = [
        kind(inner, target_domain="t", n_estimators=8).fit(X, y, sample_domain=domain)
        for kind in (TrAdaBoostClassifier, MultiSourceTrAdaBoostClassifier)
    ]
    assert_array_equal(models[0].estimator_errors_, models[1].estimator_errors_)
    assert_array_equal(models[0].history_["weights"], models[1].history_["weights"])


def test_one_class_target_is_pooled_with_a_warning():
    """Boosting could only learn that nobody dies."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 2))
    domain = np.repeat(["s", "t"], [80, 20])
    y = ((X[:, 0] > 0) & (domain == "s")).astype(int)
    model = TrAdaBoostClassifier(LogisticRegression(), target_domain="t")
    with pytest.warns(TransferWarning, match="All 20 rows of the target have the class 0"):
        model.fit(X, y, sample_domain=domain)
    pooled = LogisticRegression().fit(X, y)
    assert_allclose(model.predict_proba(X), pooled.predict_proba(X))
    assert model.source_weights_.tolist() == [1.0]
    assert np.isnan(model.estimator_errors_).all()


@pytest.mark.parametrize("kind", ALL)
def test_probabilities_are_shares_of_the_votes(kind):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((150, 3))
    noisy = X[:, 0] + rng.standard_normal(150)
    y = np.array(["low", "mid", "high"])[np.digitize(noisy, [-0.5, 0.5])]
    domain = np.repeat(["a", "b", "t"], 50)
    model = kind(target_domain="t", n_estimators=5, random_state=0).fit(X, y, sample_domain=domain)
    proba = model.predict_proba(X)
    votes = np.array([tree.predict(X) for tree in model.estimators_])
    for column, label in enumerate(model.classes_):
        share = model.estimator_weights_ @ (votes == label) / model.estimator_weights_.sum()
        assert_allclose(proba[:, column], share, atol=1e-9)
    assert_array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])
    assert_allclose(model.decision_function(X), proba)
    logs = model.predict_log_proba(X)
    assert_allclose(np.exp(logs), proba)
    assert np.isneginf(logs[proba == 0]).all()


def test_margin_of_two_classes():
    model, _ = _fit(TrAdaBoostClassifier, [_wrong(0, 4), _wrong(5)], 2)
    proba = model.predict_proba(ROWS)
    assert_allclose(model.decision_function(ROWS), proba[:, 1] - proba[:, 0])
    assert_array_equal(model.decision_function(ROWS) > 0, model.predict(ROWS) == 1)


def test_class_that_only_a_source_has():
    y = np.where(np.arange(10) == 3, 2, Y)
    line = y.copy()
    line[4] = 2
    model = TrAdaBoostClassifier(script([line]), target_domain="t", n_estimators=1)
    model.fit(ROWS, y, sample_domain=DOMAIN)
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict_proba(ROWS)[4].tolist() == [0, 0, 1]


def test_table_of_sources():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((120, 2))
    domain = np.repeat(["t", "b", "a"], [20, 40, 60])
    y = (X[:, 0] * np.where(domain == "b", -1, 1) + 0.3 * rng.standard_normal(120) > 0).astype(int)
    weight = np.full(120, 2.0)
    model = MultiSourceTrAdaBoostClassifier(target_domain="t", n_estimators=4, random_state=0)
    table = model.fit(X, y, weight, sample_domain=domain).to_frame()
    assert table["domain"].tolist() == ["a", "b"]
    assert table["rows"].tolist() == [120, 80]
    assert_array_equal(table["weight"], model.source_weights_)
    assert_allclose(table["worth"], table["rows"] * table["weight"])
