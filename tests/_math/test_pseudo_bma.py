# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Pseudo-BMA+ against its limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sklearn_transfer._math import pseudo_bma
from sklearn_transfer._math.pseudo_bma import pseudo_bma_weights

# Three standard errors of the mean of a thousand numbers between 0 and 1, at most.
MONTE_CARLO = 3 * 0.5 / np.sqrt(1000)


@pytest.mark.parametrize(
    ("are_logarithmic", "expected"),
    [(True, np.exp(-20 * np.array([0.3, 0.4]))), (False, np.array([0.3, 0.4]) ** -10.0)],
)
def test_rows_that_agree_leave_nothing_to_chance(are_logarithmic, expected):
    losses = np.tile([0.3, 0.4], (20, 1))
    found = pseudo_bma_weights(losses, are_logarithmic=are_logarithmic)
    assert_allclose(found, expected / expected.sum(), rtol=1e-10)


def test_rate_and_prior():
    losses, prior = np.tile([0.3, 0.4], (20, 1)), np.array([0.2, 0.8])
    found = pseudo_bma_weights(losses, are_logarithmic=True, rate=0.5, prior=prior)
    expected = prior * np.exp(-10 * losses[0])
    assert_allclose(found, expected / expected.sum(), rtol=1e-10)
    losses = np.random.default_rng(0).exponential(size=(20, 2))
    assert_allclose(pseudo_bma_weights(losses, are_logarithmic=True, rate=0, prior=prior), prior)


def test_is_the_mean_over_dirichlet_weights_of_rows():
    losses = np.random.default_rng(0).exponential(size=(30, 3))
    rng, expected = np.random.default_rng(1), np.zeros(3)
    for _ in range(20_000):
        weights = np.exp(-30 * rng.dirichlet(np.ones(30)) @ losses)
        expected += weights / weights.sum() / 20_000
    found = pseudo_bma_weights(losses, are_logarithmic=True)
    assert_allclose(found, expected, atol=MONTE_CARLO)


@pytest.mark.parametrize("are_logarithmic", [True, False])
def test_weights_are_repetitions(are_logarithmic):
    rng = np.random.default_rng(0)
    losses, times = rng.exponential(size=(30, 2)), rng.integers(0, 4, 30)
    options = {"are_logarithmic": are_logarithmic, "rate": 0.2, "n_draws": 20_000}
    weighted = pseudo_bma_weights(losses, times.astype(float), **options)
    repeated = pseudo_bma_weights(np.repeat(losses, times, axis=0), **options)
    assert_allclose(weighted, repeated, atol=6 * 0.5 / np.sqrt(20_000))


def test_one_outlier_does_not_decide():
    """Against the plain weights, which would be 6e-6 for the candidate that has it."""
    losses = np.tile([1.0, 1.1], (50, 1))
    losses[0] = [40.0, 1.1]
    assert (losses[:, 0].mean() / 1.1) ** -25.0 < 1e-5
    assert pseudo_bma_weights(losses, are_logarithmic=False)[0] > 0.05


def test_draws_in_parts_are_the_same(monkeypatch):
    losses = np.random.default_rng(0).exponential(size=(30, 2))
    whole = pseudo_bma_weights(losses, are_logarithmic=True)
    monkeypatch.setattr(pseudo_bma, "_MOST_NUMBERS_AT_ONCE", 70)
    assert_allclose(pseudo_bma_weights(losses, are_logarithmic=True), whole, rtol=1e-10)


@given(
    arrays(float, (7, 3), elements=st.floats(0, 1e6)),
    arrays(float, 7, elements=st.floats(1e-6, 1e3)),
    st.booleans(),
)
def test_sums_to_one(losses, weight, are_logarithmic):
    found = pseudo_bma_weights(losses, weight, are_logarithmic=are_logarithmic, n_draws=20)
    assert (found >= 0).all()
    assert_allclose(found.sum(), 1.0)


@given(arrays(float, (7, 3), elements=st.floats(1e-3, 1e3)), st.floats(1e-3, 1e3))
def test_unit_of_values_does_not_matter(losses, unit):
    plain = pseudo_bma_weights(losses, are_logarithmic=False, n_draws=20)
    scaled = pseudo_bma_weights(losses * unit, are_logarithmic=False, n_draws=20)
    assert_allclose(scaled, plain, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("are_logarithmic", [True, False])
def test_rows_that_repeat_each_other_are_drawn_as_one(are_logarithmic):
    losses = np.random.default_rng(0).exponential(size=(8, 2))
    options = {"are_logarithmic": are_logarithmic}
    expected = pseudo_bma_weights(losses, **options)
    thrice = np.repeat(np.arange(8), 3)
    # Evidence counts rows: a third of it is that of the eight.
    found = pseudo_bma_weights(losses[thrice], groups=thrice, rate=1 / 3, **options)
    assert_allclose(found, expected, rtol=1e-8)
    as_weights = pseudo_bma_weights(losses[thrice], np.full(24, 1 / 3), groups=thrice, **options)
    assert_allclose(as_weights, expected, rtol=1e-8)


def test_one_group_leaves_nothing_to_chance():
    losses = np.random.default_rng(0).exponential(size=(20, 2))
    found = pseudo_bma_weights(losses, are_logarithmic=True, groups=np.zeros(20, dtype=int))
    expected = np.exp(-losses.sum(axis=0))
    assert_allclose(found, expected / expected.sum(), rtol=1e-8)
