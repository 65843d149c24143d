# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""TrAdaBoost.R2: units of the errors, ends of boosting, votes."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_transfer.boosting import TrAdaBoostRegressor
from sklearn_transfer.exceptions import TransferWarning
from tests.boosting.scripted import ScriptedRegressor, script, weights_seen

# Rows 0-2 from the source, 3-6 the target's.
ROWS = np.arange(7)[:, None]
DOMAIN = np.repeat(["s", "t"], [3, 4])
Y = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])


def _fit(residuals, n_estimators, **params):
    inner = script([Y - np.array(line, dtype=float) for line in residuals], ScriptedRegressor)
    model = TrAdaBoostRegressor(inner, target_domain="t", n_estimators=n_estimators, **params)
    return model.fit(ROWS, Y, sample_domain=DOMAIN), weights_seen(inner)


def test_unit_of_the_errors_is_the_largest_residual_of_all_rows():
    """It is a source's here; in units of the target's largest, 2, the error would be 3/8."""
    model, _ = _fit([[8, 0, 0, 2, 1, 0, 0]], 1)
    assert_allclose(model.estimator_errors_, [(2 / 8 + 1 / 8) / 4])
    model, _ = _fit([[0, 0, 0, -2, 1, 0, 0]], 1)
    assert_allclose(model.estimator_errors_, [3 / 8])


@pytest.mark.parametrize(
    ("loss", "grade"),
    [("linear", lambda r: r), ("square", lambda r: r**2), ("exponential", lambda r: 1 - exp(-r))],
)
def test_updates_follow_the_loss(loss, grade):
    residual = np.array([4.0, -1.0, 0.0, 2.0, 1.0, 0.0, -1.0])
    model, seen = _fit([residual, np.zeros(7)], 2, loss=loss)
    e = np.array([grade(r) for r in np.abs(residual) / 4])
    eps = e[3:].mean()
    assert_allclose(model.estimator_errors_[0], eps)
    beta, beta_t = 1 / (1 + sqrt(2 * log(3) / 2)), eps / (1 - eps)
    expected = np.concatenate([beta ** e[:3], beta_t ** -e[3:]])
    assert_allclose(list(seen[1].values()), expected * 7 / expected.sum())


def test_first_learner_at_chance_is_kept_with_a_warning():
    with pytest.warns(
        TransferWarning, match=r"weighted error 0\.5\. The one with the least, 0\.75"
    ):
        model, seen = _fit([[1, 0, 0, 4, 4, 4, 0]], 5)
    assert len(seen) == 1
    assert model.estimator_weights_.tolist() == [1.0]
    assert_allclose(model.predict(ROWS), Y - [1, 0, 0, 4, 4, 4, 0])


def test_later_learner_at_chance_does_not_count():
    """N of the last half is then the number of rounds before it."""
    good = [4, 0, 0, 1, 0, 0, 0]
    model, seen = _fit([good, good, good, [0, 0, 0, 4, 4, 4, 4]], 10)
    assert len(seen) == 4
    assert len(model.estimators_) == 3
    assert (model.estimator_weights_ > 0).tolist() == [False, True, True]


def test_learner_without_error_on_the_target():
    model, seen = _fit([[1, 0.5, 0, 0, 0, 0, 0]], 4)
    assert len(seen) == 4
    assert np.isfinite(model.estimator_weights_).all()
    beta = 1 / (1 + sqrt(2 * log(3) / 4))
    for t, weights in enumerate(seen):
        assert weights[0] / weights[3] == pytest.approx(beta**t)
        assert weights[1] / weights[3] == pytest.approx(beta ** (t / 2))


def test_learner_without_any_error_ends_boosting():
    model, seen = _fit([np.zeros(7)], 50)
    assert len(seen) == 1
    assert_array_equal(model.predict(ROWS), Y)


def test_prediction_is_one_of_the_predictions():
    lines = [[4, 0, 0, 1, 0, 0, 0], [4, 0, 0, 0, 1, 0, 0], [4, 0, 0, 0, 0, 1, 0]] * 2
    model, _ = _fit(lines, 6)
    voters = np.flatnonzero(model.estimator_weights_)
    assert voters.tolist() == [2, 3, 4, 5]
    said = np.array([model.estimators_[t].predict(ROWS) for t in voters])
    weights = model.estimator_weights_[voters]
    for column, value in enumerate(model.predict(ROWS)):
        below = weights[said[:, column] <= value].sum()
        strictly = weights[said[:, column] < value].sum()
        assert value in said[:, column]
        assert strictly < weights.sum() / 2 <= below + 1e-9


def test_weights_of_the_user_are_the_weights_of_the_first_round():
    weight = np.array([1.0, 2, 3, 1, 1, 2, 4])
    residual = np.array([4.0, 0, 0, 2, 0, 0, 0])
    inner = script([Y - residual, Y], ScriptedRegressor)
    model = TrAdaBoostRegressor(inner, target_domain="t", n_estimators=2)
    model.fit(ROWS, Y, weight, sample_domain=DOMAIN)
    seen = weights_seen(inner)
    assert_allclose(list(seen[0].values()), weight)
    assert_allclose(model.estimator_errors_[0], 0.5 * 1 / 8)
    # n is the sum of the weights of the source, 6.
    beta = 1 / (1 + sqrt(2 * log(6) / 2))
    assert seen[1][0] / seen[1][1] == pytest.approx(beta / 2)
    assert sum(seen[1].values()) == pytest.approx(weight.sum())
