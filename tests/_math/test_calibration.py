# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Levels of classifiers: stationarity, round trips and an independent optimiser."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import brentq, minimize
from scipy.special import expit, log_softmax, logsumexp, softmax

from sklearn_transfer._math.calibration import class_shares, class_shift

problems = st.tuples(
    st.integers(0, 10_000), st.integers(1, 12), st.integers(2, 5), st.floats(0.05, 5.0)
)


def draw(seed, n_samples, n_classes, concentration):
    """Log-probabilities from mild to certain (clipped at a millionth), shares and weights."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(n_classes, concentration), size=n_samples)
    shares = rng.dirichlet(np.full(n_classes, concentration)) + 1e-4
    return np.log(np.clip(p, 1e-6, None)), shares / shares.sum(), rng.uniform(0.1, 2, n_samples)


class TestClassShift:
    @given(problems)
    def test_mean_probabilities_become_the_shares(self, problem):
        """The stationarity condition of a convex problem is all there is to check."""
        z, shares, weight = draw(*problem)
        shift = class_shift(z, shares, sample_weight=weight)
        mean = np.average(softmax(z + shift, axis=1), axis=0, weights=weight)
        assert_allclose(mean, shares, atol=1e-9)
        assert abs(shift.sum()) < 1e-9

    def test_is_the_minimum_that_a_general_optimiser_finds(self):
        z, shares, weight = draw(0, 20, 4, 1.0)

        def objective(b):
            return np.average(logsumexp(z + b, axis=1), weights=weight) - shares @ b

        found = minimize(objective, np.zeros(4), method="BFGS", options={"gtol": 1e-10}).x
        shift = class_shift(z, shares, sample_weight=weight)
        assert_allclose(shift, found - found.mean(), atol=1e-5)

    @given(problems)
    def test_undoes_a_shift(self, problem):
        z, _, weight = draw(*problem)
        rng = np.random.default_rng(problem[0])
        planted = rng.normal(size=z.shape[1])
        planted -= planted.mean()
        before = np.average(softmax(z, axis=1), axis=0, weights=weight)
        after = np.average(softmax(z + planted, axis=1), axis=0, weights=weight)
        # Certain rows hardly tell the level, so probabilities are compared and not intercepts.
        there = class_shift(z, after, sample_weight=weight)
        assert_allclose(softmax(z + there, axis=1), softmax(z + planted, axis=1), atol=1e-6)
        back = class_shift(z + there, before, sample_weight=weight)
        assert_allclose(softmax(z + there + back, axis=1), softmax(z, axis=1), atol=1e-6)

    @given(problems)
    def test_does_not_see_constants_of_rows_nor_the_order_of_classes(self, problem):
        z, shares, weight = draw(*problem)
        shift = class_shift(z, shares, sample_weight=weight)
        rng = np.random.default_rng(problem[0])
        moved = class_shift(z + rng.normal(size=(len(z), 1)), shares, sample_weight=weight)
        assert_allclose(moved, shift, atol=1e-6)
        order = rng.permutation(len(shares))
        permuted = class_shift(z[:, order], shares[order], sample_weight=weight)
        assert_allclose(permuted, shift[order], atol=1e-6)

    @given(problems)
    def test_weighted_rows_are_repeated_rows(self, problem):
        z, shares, _ = draw(*problem)
        times = np.random.default_rng(problem[0]).integers(1, 4, len(z))
        assert_allclose(
            class_shift(z, shares, sample_weight=times.astype(float)),
            class_shift(np.repeat(z, times, axis=0), shares),
            atol=1e-6,
        )

    @pytest.mark.parametrize("predicted", [1e-6, 1e-3, 0.5, 1 - 1e-6])
    @pytest.mark.parametrize("share", [1e-4, 0.3, 1 - 1e-4])
    def test_of_a_constant_prediction_is_the_difference_of_log_odds(self, predicted, share):
        z = np.log(np.tile([1 - predicted, predicted], (5, 1)))
        shift = class_shift(z, np.array([1 - share, share]))
        expected = np.log(share / (1 - share)) - np.log(predicted / (1 - predicted))
        assert_allclose(shift[1] - shift[0], expected, rtol=1e-5, atol=1e-8)

    def test_two_opposite_groups_of_certain_rows(self):
        """Between the groups the objective is almost flat: steps must be limited."""
        z = np.array([[0.0, -13.0], [0.0, 13.0]])
        shift = class_shift(z, np.array([0.75, 0.25]))
        difference = brentq(lambda b: (expit(b - 13) + expit(b + 13)) / 2 - 0.25, -40, 40)
        assert_allclose(shift[1] - shift[0], difference, atol=1e-8)

    def test_right_level_is_left_alone(self):
        z, _, _ = draw(1, 10, 3, 1.0)
        shift = class_shift(z, softmax(z, axis=1).mean(axis=0))
        assert_allclose(shift, 0.0, atol=1e-12)

    def test_inputs_are_not_modified(self):
        z, shares, weight = draw(2, 10, 3, 1.0)
        for array in (z, shares, weight):
            array.setflags(write=False)
        class_shift(z, shares, sample_weight=weight)


class TestClassShares:
    def test_by_hand(self):
        y = np.array(["b", "a", "b", "b"])
        shares = class_shares(y, np.array(["a", "b", "c"]))
        assert_allclose(shares, np.array([1.5, 3.5, 0.5]) / 5.5)

    @given(st.integers(0, 10_000), st.integers(0, 20), st.integers(1, 5))
    def test_are_positive_and_sum_to_one(self, seed, n_samples, n_classes):
        y = np.random.default_rng(seed).integers(0, n_classes, n_samples)
        shares = class_shares(y, np.arange(n_classes))
        assert shares.min() > 0
        assert_allclose(shares.sum(), 1.0)

    @given(st.integers(0, 10_000))
    def test_weighted_rows_are_repeated_rows(self, seed):
        rng = np.random.default_rng(seed)
        y, times = rng.integers(0, 3, 8), rng.integers(0, 4, 8)
        assert_allclose(
            class_shares(y, np.arange(3), times.astype(float)),
            class_shares(np.repeat(y, times), np.arange(3)),
        )

    def test_make_a_shift_finite(self):
        """The target has no row of class 2; its share is still one that probabilities can have."""
        z = log_softmax(np.random.default_rng(0).normal(size=(6, 3)), axis=1)
        shares = class_shares(np.array([0, 1, 1, 0, 1, 1]), np.arange(3))
        shift = class_shift(z, shares)
        assert_allclose(softmax(z + shift, axis=1).mean(axis=0), shares, atol=1e-9)
