# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss, mean_tweedie_deviance

from sklearn_transfer._math.aggregation import (
    exponential_weights,
    mean_deviance,
    mean_squared_error,
    unit_deviance,
    variance_scale,
)

LOSSES = arrays(float, st.integers(1, 6), elements=st.floats(-20, 20))


@given(LOSSES, st.floats(0, 5))
def test_weights_are_the_formula_where_it_does_not_underflow(losses, rate):
    naive = np.exp(-rate * losses)
    assert_allclose(exponential_weights(losses, rate), naive / naive.sum(), rtol=1e-10)


@given(LOSSES, st.floats(-1e6, 1e6))
def test_weights_depend_on_differences_of_losses_alone(losses, shift):
    moved = exponential_weights(losses + shift)
    assert_allclose(moved, exponential_weights(losses), atol=1e-8)


def test_losses_beyond_exp_are_compared_all_the_same():
    """The naive formula is 0/0 here."""
    weights = exponential_weights(np.array([5000.0, 5001.0, 9000.0]), rate=2.0)
    assert_allclose(weights, [1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2)), 0.0], atol=1e-15)


def test_each_row_of_losses_has_weights_of_its_own():
    losses = np.array([[0.0, 1.0], [3.0, 1.0]])
    assert_allclose(
        exponential_weights(losses), [exponential_weights(row) for row in losses], rtol=1e-15
    )


@pytest.mark.parametrize(("rate", "expected"), [(0.0, [0.5, 0.0, 0.5]), (1e4, [1.0, 0.0, 0.0])])
def test_infinite_loss_has_no_weight_at_any_rate(rate, expected):
    assert_array_equal(exponential_weights(np.array([1.0, np.inf, 2.0]), rate), expected)


@pytest.mark.parametrize("losses", [[0.0, np.nan], [-np.inf, 0.0]])
def test_losses_that_are_no_losses_are_refused(losses):
    with pytest.raises(ValueError, match=r"must be numbers.*Got.*instead"):
        exponential_weights(np.array(losses))


def test_no_finite_loss_is_refused():
    with pytest.raises(ValueError, match=r"must hold a finite loss.*Got.*instead"):
        exponential_weights(np.array([[0.0, 1.0], [np.inf, np.inf]]))


def test_deviance_is_twice_the_log_loss():
    y, p = np.array([0, 1, 1]), np.array([0.2, 0.7, 0.4])
    weight = np.array([1.0, 2.0, 0.5])
    of_true = np.where(y == 1, p, 1 - p)
    assert_allclose(mean_deviance(of_true, weight), 2 * log_loss(y, p, sample_weight=weight))
    assert_allclose(mean_deviance(of_true), 2 * log_loss(y, p))


@pytest.mark.parametrize(("p", "clipped"), [(0.0, 1e-5), (1e-9, 1e-5), (1.0, 1 - 1e-5)])
def test_deviance_of_certainty_is_bounded(p, clipped):
    assert_allclose(mean_deviance(np.array([p])), -2 * np.log(clipped))


@given(
    arrays(float, 4, elements=st.floats(-10, 10)),
    arrays(float, 4, elements=st.floats(-10, 10)),
    st.floats(1e-3, 1e3),
)
def test_squared_error_does_not_depend_on_the_unit(y, predicted, unit):
    assume(np.var(y) > 1e-6)
    plain = mean_squared_error(y, predicted, variance_scale(y))
    other = mean_squared_error(unit * y, unit * predicted, variance_scale(unit * y))
    assert_allclose(other, plain, rtol=1e-9)


def test_the_mean_costs_one_unit():
    y, weight = np.array([1.0, 4.0, 4.0, 10.0]), np.array([1.0, 2.0, 0.5, 3.0])
    mean = np.full(4, np.average(y, weights=weight))
    assert_allclose(mean_squared_error(y, mean, variance_scale(y, weight), weight), 1.0)


def test_whole_weights_are_copies():
    y, copies = np.array([1.0, 4.0, 6.0]), np.array([3, 1, 2])
    assert_allclose(variance_scale(y, copies.astype(float)), np.var(np.repeat(y, copies)))


@pytest.mark.parametrize(
    ("value", "scale"), [(0.0, 1.0), (-3.0, 9.0), (1e8 + 0.1, (1e8 + 0.1) ** 2)]
)
def test_constant_y_has_a_scale(value, scale):
    assert_allclose(variance_scale(np.full(5, value)), scale)


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5, 2.0, 3.0])
def test_unit_deviance_is_that_of_scikit_learn(power):
    rng = np.random.default_rng(0)
    y, mean = rng.gamma(2.0, size=10), rng.gamma(2.0, size=10)
    if power < 2.0:
        y[0] = 0.0
    expected = [mean_tweedie_deviance([a], [b], power=power) for a, b in zip(y, mean, strict=True)]
    assert_allclose(unit_deviance(y, mean, power), expected, rtol=1e-10)
