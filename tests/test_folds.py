# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows held out: every one once, classes evenly, groups together."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.stats import binomtest

from sklearn_transfer._folds import can_hold_out, deal_folds, hold_out
from sklearn_transfer.exceptions import TransferWarning

SEEDS = st.integers(0, 2**31 - 1)


def dealt(y, n_folds, seed, *, groups=None):
    y = np.asarray(y)
    return deal_folds(
        y, n_folds, np.unique(y), np.random.RandomState(seed), groups, from_anywhere=True
    )


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 6), SEEDS)
def test_folds_and_classes_are_dealt_out_evenly(labels, n_folds, seed):
    y = np.array(labels)
    fold = dealt(y, n_folds, seed)
    sizes = np.bincount(fold, minlength=n_folds)
    assert len(sizes) == n_folds
    assert np.ptp(sizes) <= 1
    for label in np.unique(y):
        assert np.ptp(np.bincount(fold[y == label], minlength=n_folds)) <= 1


def test_without_classes_folds_are_even_too():
    fold = deal_folds(np.random.default_rng(0).normal(size=11), 3, None, 0)
    assert sorted(np.bincount(fold)) == [3, 4, 4]


def test_one_row_of_a_class_is_in_each_half_half_the_time():
    """Error probability 1e-6: were it always in the same half, nothing would be learnt of it."""
    y = np.array([0] * 9 + [1])
    first = [dealt(y, 2, seed)[-1] for seed in range(400)]
    assert binomtest(int(np.sum(first)), 400).pvalue > 1e-6


def test_names_of_classes_do_not_matter():
    y = np.random.default_rng(0).integers(0, 2, 20)
    assert_array_equal(dealt(y, 2, 3), dealt(np.array(["a", "b"])[y], 2, 3))


GROUPED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=40)


@given(GROUPED, st.integers(2, 6), SEEDS, st.booleans())
def test_a_group_is_in_one_fold(rows, n_folds, seed, classify):
    y, groups = np.array(rows).T
    fold = deal_folds(y, n_folds, np.unique(y) if classify else None, seed, groups)
    for group in np.unique(groups):
        assert np.ptp(fold[groups == group]) == 0
    # Numbered without gaps, and as many as there can be: no fold but the only one holds all rows.
    assert_array_equal(np.unique(fold), np.arange(fold.max() + 1))
    assert fold.max() < n_folds
    assert (fold.max() == 0) == (len(np.unique(groups)) < 2)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 6), SEEDS)
def test_a_group_for_every_row_is_none(labels, n_folds, seed):
    groups = np.random.default_rng(seed).permutation(len(labels))
    assert_array_equal(dealt(labels, n_folds, seed, groups=groups), dealt(labels, n_folds, seed))


def test_classes_are_even_over_folds_of_groups():
    """Twenty groups of two rows, half of each class: no fold may lack a class."""
    y = np.tile(np.repeat([0, 1], 2), 10)
    for seed in range(20):
        fold = deal_folds(y, 5, np.array([0, 1]), seed, np.repeat(np.arange(20), 2))
        table = np.array([np.bincount(fold[y == label], minlength=5) for label in (0, 1)])
        assert_array_equal(table, np.full((2, 5), 4))


def test_many_groups_are_dealt_at_random():
    y = np.tile([0, 1], 1500)
    fold = deal_folds(y, 5, np.array([0, 1]), 0, np.repeat(np.arange(1500), 2))
    assert_array_equal(np.bincount(fold), np.full(5, 600))


@pytest.mark.parametrize(
    ("y", "classify", "groups", "expected"),
    [
        ([1.0, 2.0], False, None, True),
        ([1.0], False, None, False),
        ([1.0, 2.0], False, [0, 0], False),
        ([1.0, 1.0], False, [0, 1], True),
        ([1, 1], True, None, False),
        ([0, 1], True, [3, 3], False),
        ([0, 1], True, [3, 4], True),
    ],
)
def test_when_rows_can_be_held_out(y, classify, groups, expected):
    y = np.array(y)
    groups = None if groups is None else np.array(groups)
    assert can_hold_out(y, np.unique(y) if classify else None, groups) is expected


def held_out(y, fraction, seed, groups=None):
    """What is held out, and whether a warning said that nothing could be."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", TransferWarning)
        found = hold_out(y, fraction, seed, True, groups)
    assert all("too few to hold out" in str(said.message) for said in heard)
    return *found, bool(heard)


@given(st.integers(2, 60), st.floats(0.05, 0.95), st.integers(1, 4), st.integers(0, 10**6))
def test_held_out_rows(n, fraction, n_classes, seed):
    y = np.random.default_rng(seed).integers(0, n_classes, n)
    train, held, too_few = held_out(y, fraction, seed)
    again = held_out(y, fraction, seed)
    assert_array_equal(train, again[0])
    assert_array_equal(held, again[1])
    assert (np.diff(train) > 0).all()
    assert (np.diff(held) > 0).all()
    if too_few:
        assert len(train) == len(held) == n
        return
    assert sorted([*train, *held]) == list(range(n))
    assert len(held) == np.ceil(fraction * n)
    for label in np.unique(y):
        share = (y[held] == label).sum() / (y == label).sum()
        assert abs(share - fraction) * (y == label).sum() <= 1.5


@given(GROUPED, st.floats(0.05, 0.95), SEEDS)
def test_groups_are_held_out_together(rows, fraction, seed):
    y, groups = np.array(rows).T
    train, held, too_few = held_out(y, fraction, seed, groups)
    if too_few:
        assert len(train) == len(held) == len(y)
        return
    assert sorted([*train, *held]) == list(range(len(y)))
    assert not set(groups[train]) & set(groups[held])
    assert set(y[train]) == set(y)


def test_the_share_held_out_is_as_near_as_groups_allow():
    y = np.tile([0, 1], 50)
    for fraction in (0.1, 0.2, 0.5):
        train, held, too_few = held_out(y, fraction, 0, np.repeat(np.arange(50), 2))
        assert not too_few
        assert len(held) == fraction * 100
        assert len(train) == (1 - fraction) * 100


def test_a_single_group_is_too_few():
    with pytest.warns(TransferWarning, match="4 rows in 1 groups are too few to hold out"):
        hold_out(np.array([0, 1, 0, 1]), 0.2, 0, True, np.zeros(4, dtype=int))


def test_groups_alike_come_to_any_fold():
    """Error probability 1e-6: which of four equal groups go together is left to chance."""
    y = np.tile([0, 1], 4)
    groups = np.repeat(np.arange(4), 2)
    together = 0
    for seed in range(300):
        fold = deal_folds(y, 2, np.array([0, 1]), seed, groups)
        assert np.bincount(fold).tolist() == [4, 4]
        together += fold[0] == fold[2]
    assert binomtest(int(together), 300, 1 / 3).pvalue > 1e-6
