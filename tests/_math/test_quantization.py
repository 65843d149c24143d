# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Levels of measured outputs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.cluster import KMeans

from sklearn_transfer._math.quantization import quantise


def inertia(values, levels):
    return sum(((values[levels == j] - values[levels == j].mean()) ** 2).sum() for j in set(levels))


def test_kmeans_finds_planted_levels(rng):
    planted = rng.integers(0, 5, 400)
    values = 10.0 * planted + rng.uniform(-1, 1, 400)
    assert_array_equal(quantise(values, 5, strategy="kmeans"), planted)


def test_kmeans_finds_the_intervals_of_least_error(rng):
    values = rng.standard_normal(12)
    ordered = np.sort(values)
    least = min(
        sum(((part - part.mean()) ** 2).sum() for part in np.split(ordered, cuts))
        for cuts in combinations(range(1, 12), 3)
    )
    assert inertia(values, quantise(values, 4, strategy="kmeans")) == pytest.approx(least)


@pytest.mark.parametrize("n", [200, 2000])
def test_kmeans_is_a_fixed_point_and_no_worse_than_scikit_learn(n, rng):
    values = rng.gamma(2.0, size=n)
    levels = quantise(values, 16, strategy="kmeans")
    centres = np.array([values[levels == j].mean() for j in range(16)])
    assert_array_equal(levels, np.abs(values[:, np.newaxis] - centres).argmin(axis=1))
    peer = KMeans(16, n_init=5, random_state=0).fit(values.reshape(-1, 1))
    assert inertia(values, levels) < 1.005 * peer.inertia_


def test_quantiles_have_equal_mass(rng):
    levels = quantise(rng.standard_normal(1600), 16, strategy="quantile")
    assert_array_equal(np.bincount(levels), np.full(16, 100))


def test_many_zeros_do_not_use_up_the_levels(rng):
    values = np.where(rng.random(1000) < 0.7, 0.0, rng.gamma(2.0, size=1000))
    assert quantise(values, 16, strategy="kmeans").max() == 15


@pytest.mark.parametrize("strategy", ["kmeans", "quantile"])
def test_few_distinct_values_are_their_own_levels(strategy):
    assert_array_equal(quantise(np.array([3.0, 1.0, 3.0]), 16, strategy=strategy), [1, 0, 1])


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=40),
    st.integers(2, 8),
    st.sampled_from(["kmeans", "quantile"]),
    st.integers(1, 3),
)
def test_levels_rise_with_the_values_without_gaps_and_weights_are_copies(
    values, n_levels, strategy, copies
):
    values = np.array(values, dtype=float)
    levels = quantise(values, n_levels, strategy=strategy)
    order = np.argsort(values, kind="stable")
    assert (np.diff(levels[order]) >= 0).all()
    assert_array_equal(np.unique(levels), np.arange(levels.max() + 1))
    assert levels.max() < n_levels
    weight = 1.0 + np.arange(len(values)) % copies
    weighted = quantise(values, n_levels, strategy=strategy, sample_weight=weight)
    repeated = np.repeat(values, weight.astype(int))
    copied = quantise(repeated, n_levels, strategy=strategy)
    assert_array_equal(np.repeat(weighted, weight.astype(int)), copied)
