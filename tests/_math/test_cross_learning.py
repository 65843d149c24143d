# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Cross-Learning Score by hand, and its zones in the raw and in the excess form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_transfer._math import cross_learning as cl

UNIT = st.floats(0.0, 1.0)


def squares(n=3):
    return arrays.arrays(float, (n, n), elements=UNIT)


def test_weights_by_hand():
    errors = np.array([[0.1, 0.3], [0.2, 0.2]])
    expected = np.exp(-15 * errors)
    expected /= expected.sum(axis=1, keepdims=True)
    assert_allclose(cl.model_weights(errors, 15.0), expected, rtol=1e-14)
    assert_array_equal(cl.model_weights(errors, 0.0), np.full((2, 2), 0.5))
    assert_array_equal(cl.model_weights(errors, np.inf), [[1.0, 0.0], [0.5, 0.5]])


def test_weights_do_not_underflow():
    assert_array_equal(cl.model_weights(np.array([1e6, 1e6 + 1e4]), 15.0), [1.0, 0.0])


@given(arrays.arrays(float, 4, elements=UNIT), st.floats(0, 100), st.floats(-1, 1))
@settings(deadline=None, max_examples=50)
def test_weights_sum_to_one_and_know_no_level(errors, sharpness, shift):
    weights = cl.model_weights(errors, sharpness)
    assert weights.sum() == pytest.approx(1.0)
    assert_allclose(cl.model_weights(errors + shift, sharpness), weights, atol=1e-9)
    order = np.argsort(errors)
    assert (np.diff(weights[order]) <= 1e-12).all()


def test_score_of_a_pair_by_hand():
    # On t its own models err on .1, those of s on .3; on s its own on .2, those of t on .5.
    cross = np.array([[np.nan, 0.3], [0.5, np.nan]])
    own = np.array([[0.1, 0.1], [0.2, 0.2]])
    scores = cl.cross_learning_scores(cross, own, 0.5)
    assert_allclose(scores, [[0.0, 0.25], [0.25, 0.0]], rtol=1e-14)
    assert_allclose(cl.cross_learning_scores(cross, own, 1.0)[0, 1], 0.2)
    assert_allclose(cl.cross_learning_scores(cross, own, 0.0)[0, 1], 0.3)
    assert_allclose(cl.cross_learning_scores(cross, own, 0.8)[0, 1], 0.8 * 0.2 + 0.2 * 0.3)
    assert_allclose(cl.cross_learning_scores(cross, own, 0.8)[1, 0], 0.8 * 0.3 + 0.2 * 0.2)


@given(squares(), squares(), UNIT)
@settings(deadline=None, max_examples=50)
def test_score_is_raw_less_baseline_and_turns_with_the_weight(cross, own, weight):
    scores = cl.cross_learning_scores(cross, own, weight)
    expected = cl.raw_scores(cross, weight) - cl.baseline_errors(own, weight)
    np.fill_diagonal(expected, 0.0)
    assert_allclose(scores, expected, atol=1e-12)
    assert_allclose(cl.cross_learning_scores(cross, own, 1.0 - weight), scores.T, atol=1e-12)
    half = cl.cross_learning_scores(cross, own, 0.5)
    assert_allclose(half, half.T, atol=1e-12)


@given(squares(), squares(), squares(), UNIT, st.floats(-3, 3), st.floats(0, 4))
@settings(deadline=None, max_examples=100)
def test_zones_are_those_of_raw_scores_and_of_excesses(cross, own, variance, weight, z1, more):
    """Raw scores against baseline + z SE, excesses against z SE."""
    error = cl.baseline_standard_errors(variance, weight)
    raw, baseline = cl.raw_scores(cross, weight), cl.baseline_errors(own, weight)
    lower, upper = cl.zone_thresholds(baseline, error, z1, z1 + more)
    of_raw = cl.zones(raw, lower, upper)
    of_excess = cl.zones(raw - baseline, *cl.zone_thresholds(0.0 * baseline, error, z1, z1 + more))
    clear = (np.abs(raw - lower) > 1e-9) & (np.abs(raw - upper) > 1e-9)
    assert_array_equal(of_raw[clear], of_excess[clear])


def test_zones_at_and_between_thresholds():
    scores = np.array([-0.1, 0.0, 1e-9, 0.2, 0.2 + 1e-9, np.nan])
    expected = ["positive", "positive", "ambiguous", "ambiguous", "negative", "unscored"]
    assert cl.zones(scores, np.zeros(6), np.full(6, 0.2)).tolist() == expected


def test_rounding_does_not_decide_a_tie():
    own = np.array([[0.7, 0.7], [0.1, 0.1]])
    cross = np.array([[np.nan, 0.8], [0.0, np.nan]])  # 0.1 more, 0.1 less
    assert 0.5 * (0.8 - 0.7) + 0.5 * (0.0 - 0.1) != 0.0
    assert_array_equal(cl.cross_learning_scores(cross, own, 0.5), np.zeros((2, 2)))


def test_standard_errors_by_hand():
    folds = np.array([[0.1], [0.3], [0.2]])
    assert_allclose(cl.fold_variance(folds), [[0.01 / 3]])
    variance = np.array([[0.04, 0.04], [0.09, 0.09]])
    expected = 0.5 * np.sqrt(0.04 + 0.09)
    assert_allclose(cl.baseline_standard_errors(variance, 0.5)[0, 1], expected)
    weighed = np.sqrt(0.8**2 * 0.04 + 0.2**2 * 0.09)
    assert_allclose(cl.baseline_standard_errors(variance, 0.8)[0, 1], weighed)


def test_loss_moments_take_weights_as_copies():
    rng = np.random.default_rng(0)
    losses, copies = rng.normal(size=(20, 3)), rng.integers(1, 4, 20)
    mean, covariance = cl.loss_moments(losses, copies.astype(float))
    repeated = np.repeat(losses, copies, axis=0)
    assert_allclose(mean, repeated.mean(axis=0))
    assert_allclose(covariance, np.cov(repeated, rowvar=False, bias=True))
    weights = np.array([0.2, 0.5, 0.3])
    assert_allclose(cl.quadratic(weights, covariance), (repeated @ weights).var())


def test_pooled_variance_is_that_of_all_losses_together():
    rng = np.random.default_rng(0)
    on_own, on_cross = rng.normal(size=30), 1.0 + rng.normal(size=50)  # of the models of s = 1
    nan = np.full((2, 2), np.nan)
    own, own_var, cross, cross_var = nan.copy(), nan.copy(), nan.copy(), nan.copy()
    own[1, 0], own_var[1, 0] = on_own.mean(), on_own.var()
    cross[0, 1], cross_var[0, 1] = on_cross.mean(), on_cross.var()
    pooled = cl.pooled_variance(own, own_var, cross, cross_var, np.array([50.0, 30.0]))
    assert_allclose(pooled[0, 1], np.concatenate([on_own, on_cross]).var())


def test_excess_error_of_equal_domains_is_twice_that_of_the_baseline():
    variance, sizes = np.full((2, 2), 0.16), np.array([100.0, 100.0])
    baseline = cl.baseline_standard_errors(variance / 100.0, 0.5)
    assert_allclose(cl.excess_standard_errors(variance, sizes, 0.5), 2.0 * baseline)


def test_excess_error_bounds_every_correlation():
    """The deviation of A - B is at most sd(A) + sd(B), and is that for correlation -1."""
    v_s, v_t, n_t, n_s, c = 0.2, 0.1, 40.0, 90.0, 0.7
    variance = np.array([[np.nan, v_s], [v_t, np.nan]])
    bound = cl.excess_standard_errors(variance, np.array([n_t, n_s]), c)[0, 1]
    crossed = np.sqrt(c**2 * v_s / n_t + (1 - c) ** 2 * v_t / n_s)
    validated = np.sqrt(c**2 * v_t / n_t + (1 - c) ** 2 * v_s / n_s)
    for correlation in (-1.0, 0.0, 1.0):
        deviation = np.sqrt(crossed**2 + validated**2 - 2 * correlation * crossed * validated)
        assert deviation <= bound + 1e-12
    assert bound == pytest.approx(crossed + validated)


def test_level_quantiles_are_students():
    quantiles = cl.level_quantile(1e-4, np.array([20.0, 1e6]))
    assert_allclose(quantiles[0, 0], stats.t.ppf(1 - 1e-4, 38))
    assert_allclose(quantiles[1, 1], stats.norm.isf(1e-4), rtol=1e-4)


def test_pair_weights_are_means_of_both():
    weights = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert_allclose(cl.pair_weights(weights)[0, 1], [0.75, 0.25])


def test_ensemble_is_the_weighted_sum():
    said = np.array([[[1.0, 0.0]], [[0.25, 0.75]]])
    assert_allclose(cl.combine_predictions(said, np.array([0.2, 0.8])), [[0.4, 0.6]])
