# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The Cross-Learning Score of rows that come in groups."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer._folds import deal_folds
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.similarity import CrossLearningScore
from sklearn_transfer.weighting import UOWQClassifier
from sklearn_transfer.zones import TransferZoneClassifier

TREE = DecisionTreeClassifier(random_state=0)


def visits(seed=0, n_patients=60, n_visits=4):
    """Two hospitals alike; the visits of a patient have the same record and the same label."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(2 * n_patients), n_visits)
    X = rng.normal(size=(2 * n_patients, 3))[patient]
    y = rng.integers(0, 2, size=2 * n_patients)[patient]
    return X, y, np.repeat(["a", "b"], n_patients * n_visits), patient


def test_own_error_is_that_of_patients_not_seen():
    """Labels are drawn with a coin: the hospitals are alike, and no error is below a half."""
    X, y, domain, patient = visits()
    measure = CrossLearningScore(TREE, random_state=0)
    blind = measure.fit(X, y, sample_domain=domain)
    # The other visits of each patient tell the label, so the other hospital looks far away.
    assert_allclose(blind.domain_errors_, 0.0)
    assert blind.scores_[0, 1] > 0.35
    told = measure.fit(X, y, sample_domain=domain, groups=patient)
    # Five standard errors of the share of 60 coins.
    assert_allclose(told.domain_errors_, 0.5, atol=5 * 0.5 / np.sqrt(60))
    assert abs(told.scores_[0, 1]) < 5 * 0.5 / np.sqrt(60)


def test_against_a_loop():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 2))
    y = (X[:, 0] + rng.logistic(size=90) > 0).astype(int)
    domain, patient = np.repeat(["a", "b"], 45), np.arange(90) // 3
    model = LogisticRegression()
    measure = CrossLearningScore(model, cv=4, random_state=5).fit(
        X, y, sample_domain=domain, groups=patient
    )
    seed = int(np.random.RandomState(5).randint(np.iinfo(np.int32).max))
    for number, label in enumerate("ab"):
        own = np.flatnonzero(domain == label)
        fold = deal_folds(y[own], 4, np.unique(y), seed, patient[own])
        wrong = [
            (model.fit(X[own[fold != k]], y[own[fold != k]]).predict(X[own[fold == k]])
             != y[own[fold == k]])
            for k in range(4)
        ]  # fmt: skip
        assert measure.domain_errors_[number] == pytest.approx(np.concatenate(wrong).mean())


def test_groups_of_single_rows_are_none():
    X, y, domain, _ = visits()
    measure = CrossLearningScore(LogisticRegression(), random_state=0)
    plain = measure.fit(X, y, sample_domain=domain).scores_
    assert_array_equal(
        measure.fit(X, y, sample_domain=domain, groups=np.arange(len(y))[::-1]).scores_, plain
    )


def test_absent_rows():
    X, y, domain, patient = visits()
    weight = np.where(patient % 7 == 0, 0.0, 1.0)
    present = weight > 0
    measure = CrossLearningScore(LogisticRegression(), random_state=0)
    found = measure.fit(X, y, weight, sample_domain=domain, groups=patient).scores_
    measure.fit(
        X[present], y[present], np.ones(present.sum()), sample_domain=domain[present],
        groups=patient[present],
    )  # fmt: skip
    assert_array_equal(found, measure.scores_)


@pytest.mark.parametrize("groups", ["one", "a class each"])
def test_groups_that_cannot_be_held_out_leave_a_domain_out(groups):
    X, y, domain, patient = visits()
    third = domain.copy()
    third[:40] = "c"
    code = patient + 1
    code[:40] = 0 if groups == "one" else -y[:40]
    measure = CrossLearningScore(LogisticRegression(), random_state=0)
    with pytest.warns(TransferWarning, match="do not leave rows of two classes to learn from"):
        measure.fit(X, y, sample_domain=third, groups=code)
    assert np.isnan(measure.scores_[2, :2]).all()
    assert np.isfinite(measure.scores_[0, 1])
    values = CrossLearningScore(LinearRegression(), loss="squared_error", random_state=0)
    code[:40] = 0
    with pytest.warns(TransferWarning, match="do not leave rows to learn from"):
        values.fit(X, X[:, 0] + y, sample_domain=third, groups=code)
    assert np.isnan(values.scores_[2, :2]).all()


def test_zones_hand_groups_on():
    X, y, domain, patient = visits()
    y = np.where(np.arange(len(y)) % 3 == 0, X[:, 0] > 0, y).astype(int)
    measure = CrossLearningScore(TREE, target_domain="a")
    model = TransferZoneClassifier(
        target_domain="a",
        similarity=measure,
        transfer=UOWQClassifier(random_state=0),
        use=("positive", "ambiguous", "negative"),
        random_state=0,
    ).fit(X, y, sample_domain=domain, groups=patient)
    blind = TransferZoneClassifier(**model.get_params(deep=False)).fit(X, y, sample_domain=domain)
    assert (model.similarity_.domain_errors_ > blind.similarity_.domain_errors_ + 0.1).all()
    assert model.transfer_.group_correlation_ > 0.3
    assert np.isnan(blind.transfer_.group_correlation_)
