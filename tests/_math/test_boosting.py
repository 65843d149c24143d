# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Updates of boosting weights against their definitions."""

from __future__ import annotations

from math import exp, log, prod, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_transfer._math.boosting import (
    chance_error,
    correction_factor,
    error_floor,
    first_vote,
    is_chance,
    relative_errors,
    source_decay,
    target_beta,
    target_error,
    update_weights,
    vote_shares,
    vote_weight,
    weighted_median,
)

CLASSES = st.integers(2, 6)
# Errors that a learner better than chance may have on hundreds of rows.
SHARES = st.floats(1e-3, 0.999)


@st.composite
def rounds_of_a_classifier(draw):
    """Weights, 0/1 errors and the target's rows, some of which are right and some wrong."""
    n = draw(st.integers(3, 12))
    weight = np.array(draw(st.lists(st.floats(1e-3, 10.0), min_size=n, max_size=n)))
    error = np.array(draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=n, max_size=n)))
    is_target = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    error[:2], is_target[:2] = [0.0, 1.0], True
    return weight, error, is_target


def test_source_decay_is_that_of_hedge():
    assert source_decay(100, 10) == pytest.approx(1 / (1 + sqrt(2 * log(100) / 10)))
    assert source_decay(2, 3) == pytest.approx(0.595316, abs=1e-6)


@given(st.floats(0.0, 1e9), st.integers(1, 1000))
def test_source_decay_never_raises_a_weight(n_source, n_rounds):
    """ln(n / N) under the root, as often printed, would be NaN wherever n < N."""
    assert 0 < source_decay(n_source, n_rounds) <= 1
    assert source_decay(0.5, n_rounds) == source_decay(1, n_rounds) == 1.0
    assert source_decay(n_source + 2, n_rounds) <= source_decay(n_source + 1, n_rounds)


@given(CLASSES, st.floats(1e-6, 0.999999))
def test_beta_lies_between_0_and_1_for_learners_better_than_chance(n_classes, share):
    eps = share * chance_error(n_classes)
    beta = target_beta(eps, n_classes)
    assert 0 < beta < 1
    assert vote_weight(beta) == pytest.approx(log((1 - eps) / eps) + log(n_classes - 1), abs=1e-9)
    assert target_beta(chance_error(n_classes), n_classes) == pytest.approx(1.0)


def test_beta_is_the_odds_of_an_error():
    """Another formula, eps / (2 - eps), found in another package, would be 1/3 here."""
    assert target_beta(1 / 3) == pytest.approx(1 / 2)


@given(rounds_of_a_classifier(), CLASSES)
def test_correction_is_the_growth_of_the_target(problem, n_classes):
    weight, error, is_target = problem
    eps = target_error(weight[is_target], error[is_target])
    beta = target_beta(eps, n_classes)
    correction = correction_factor(eps, beta)
    assert correction == pytest.approx(n_classes * (1 - eps))
    grown = weight[is_target] @ beta ** -error[is_target]
    assert grown / weight[is_target].sum() == pytest.approx(correction)


def test_correction_without_error_leaves_the_sources_alone():
    """K (1 - eps) would double the sources in every round of learners without error."""
    assert correction_factor(0.0, target_beta(error_floor(20))) == 1.0
    assert correction_factor(0.0, target_beta(error_floor(20), 5)) == 1.0


@given(rounds_of_a_classifier(), CLASSES, st.floats(0.1, 1.0), st.floats(1.0, 3.0))
def test_update_by_its_definition(problem, n_classes, decay, correction):
    weight, error, is_target = problem
    eps = target_error(weight[is_target], error[is_target])
    beta = target_beta(eps, n_classes)
    before = weight.copy()
    updated = update_weights(weight, error, is_target, decay, beta, correction)
    assert_array_equal(weight, before)
    assert updated.sum() == pytest.approx(weight.sum())
    expected = [
        w * beta**-e if target else correction * w * decay**e
        for w, e, target in zip(weight, error, is_target, strict=True)
    ]
    assert_allclose(updated / updated.sum(), np.array(expected) / sum(expected))


@given(rounds_of_a_classifier(), CLASSES)
def test_the_last_learner_is_at_chance_under_the_new_weights(problem, n_classes):
    """What AdaBoost and SAMME are made for; a learner that repeats it must not count."""
    weight, error, is_target = problem
    eps = target_error(weight[is_target], error[is_target])
    updated = update_weights(weight, error, is_target, 0.5, target_beta(eps, n_classes))
    again = target_error(updated[is_target], error[is_target])
    assert again == pytest.approx(chance_error(n_classes))
    assert is_chance(again, n_classes)


def test_chance_is_met_up_to_rounding():
    assert is_chance(0.5 - 1e-15)
    assert not is_chance(0.4999)
    assert is_chance(2 / 3 - 1e-15, 3)
    assert not is_chance(0.6, 3)


def test_target_error_is_one_at_most():
    errors = [target_error(np.full(n, 0.1), np.ones(n)) for n in range(1, 200)]
    assert max(errors) == 1.0  # rounding would give more than 1
    assert min(errors) == pytest.approx(1.0)
    assert target_error(np.array([1.0, 3.0]), np.array([1.0, 0.0])) == 0.25


@pytest.mark.parametrize("n_target", [1e-3, 1, 2, 5, 100, 1e6])
def test_floor_of_the_error_is_below_what_one_row_weighs(n_target):
    """It must not touch an error that rows of equal weight can show."""
    floor = error_floor(n_target)
    assert 0 < floor <= 0.25
    assert floor < 1 / max(n_target, 1)
    assert floor == pytest.approx(0.5 / (max(n_target, 1) + 1))


def test_last_half_of_the_rounds_votes():
    """Rounds t >= ceil(N / 2), t from 1: 1 of 1, 2 of 2, 2 of 3, 3 of 4, 3 of 5, ..., 6 of 10."""
    voting = [[t + 1 for t in range(n) if t >= first_vote(n)] for n in range(1, 11)]
    assert [len(rounds) for rounds in voting] == [1, 2, 2, 3, 3, 4, 4, 5, 5, 6]
    assert voting[4] == [3, 4, 5]
    assert voting[9] == [5, 6, 7, 8, 9, 10]


@given(st.lists(st.tuples(st.booleans(), SHARES), min_size=1, max_size=8))
def test_vote_is_that_of_the_products(learners):
    """Dai: 1 if prod beta^-h >= prod beta^-1/2."""
    votes = np.array([[int(h)] for h, _ in learners])
    betas = [beta for _, beta in learners]
    share = vote_shares(votes, np.array([vote_weight(beta) for beta in betas]), 2)[0]
    left = prod(beta ** -float(h) for (h, beta) in learners)
    right = prod(beta**-0.5 for beta in betas)
    assert share.sum() == pytest.approx(1.0)
    if abs(left / right - 1) > 1e-6:
        assert (share[1] > share[0]) == (left > right)
    else:
        assert share[1] == pytest.approx(0.5, abs=1e-5)


def test_shares_by_hand():
    votes = np.array([[0, 2], [1, 2], [1, 0]])
    shares = vote_shares(votes, np.array([1.0, 2.0, 5.0]), 3)
    assert_allclose(shares, [[1 / 8, 7 / 8, 0], [5 / 8, 0, 3 / 8]])


def test_a_tie_of_votes_is_a_tie():
    """0.1 + 0.2 != 0.3 in floating point; both classes have half of the votes."""
    shares = vote_shares(np.array([[1], [1], [0]]), np.array([0.1, 0.2, 0.3]), 2)
    assert shares[0, 0] == shares[0, 1]


@given(st.lists(st.tuples(st.integers(-5, 5), st.floats(0.01, 10.0)), min_size=1, max_size=9))
def test_weighted_median_is_the_infimum(learners):
    predictions = np.array([[float(h)] for h, _ in learners])
    weights = np.array([w for _, w in learners])
    half = (0.5 - 1e-10) * weights.sum()
    reached = [h for h in predictions[:, 0] if sum(w for g, w in learners if g <= h) >= half]
    assert weighted_median(predictions, weights)[0] == min(reached)


def test_weighted_median_takes_no_mean_and_minds_no_rounding():
    six = np.arange(6.0)[:, None]
    for vote in (0.1, 0.3, 0.7):  # three times 0.7 is less than half of six times, in floats
        assert weighted_median(six, np.full(6, vote))[0] == 2.0
    assert weighted_median(six[:3], np.array([0.1, 0.2, 0.3]))[0] == 1.0
    assert weighted_median(six[:2], np.array([1.0, 1.1]))[0] == 1.0


def test_errors_are_relative_to_the_largest_of_all_rows():
    residual = np.array([-4.0, 1.0, 0.0, 2.0])
    assert_allclose(relative_errors(residual), [1, 0.25, 0, 0.5])
    assert_allclose(relative_errors(residual, "square"), [1, 0.0625, 0, 0.25])
    assert_allclose(
        relative_errors(residual, "exponential"), [1 - exp(-r) for r in (1, 0.25, 0, 0.5)]
    )


@pytest.mark.parametrize("loss", ["linear", "square", "exponential"])
def test_no_residual_is_no_error(loss):
    assert_array_equal(relative_errors(np.zeros(3), loss), np.zeros(3))
