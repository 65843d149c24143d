# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Few-shot splits of the target."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sklearn_transfer.model_selection import TargetShuffleSplit
from tests.model_selection.layouts import assert_sound, layouts

SIZES = st.one_of(st.integers(1, 24), st.floats(0.05, 0.95))


def n_rows(size, n_target, rounded):
    return size if isinstance(size, int) else rounded(size * n_target)


def as_lists(folds):
    return [(train.tolist(), test.tolist()) for train, test in folds]


@given(
    layout=layouts(),
    train_size=SIZES,
    test_size=st.none() | SIZES,
    stratify=st.booleans(),
    seed=st.integers(0, 99),
)
def test_folds_are_sound_and_of_exact_size(layout, train_size, test_size, stratify, seed):
    target = layout.domain == "t"
    n_train = n_rows(train_size, target.sum(), floor)
    n_test = target.sum() - n_train
    if test_size is not None:
        n_test = n_rows(test_size, target.sum(), ceil)
    assume(n_train >= 1 and n_test >= 1 and n_train + n_test <= target.sum())
    cv = TargetShuffleSplit(
        3,
        target_domain="t",
        train_size=train_size,
        test_size=test_size,
        stratify=stratify,
        random_state=seed,
    )
    folds = list(cv.split(layout.X, layout.y, sample_domain=layout.domain))
    assert len(folds) == cv.get_n_splits() == 3
    assert_sound(folds, layout.domain, uses_all_target_rows=False)
    for train, test in folds:
        assert target[train].sum() == n_train
        assert len(test) == n_test


@given(layout=layouts(min_target=4), data=st.data(), seed=st.integers(0, 99))
def test_classes_are_drawn_in_proportion(layout, data, seed):
    target = layout.domain == "t"
    n_train = data.draw(st.integers(1, target.sum() - 1))
    cv = TargetShuffleSplit(2, target_domain="t", train_size=n_train, random_state=seed)
    for train, test in cv.split(layout.X, layout.y, sample_domain=layout.domain):
        for label in set(layout.y):
            share = (layout.y[target] == label).mean()
            drawn = (layout.y[train][target[train]] == label).sum()
            assert abs(drawn - n_train * share) < 1
            assert abs((layout.y[test] == label).sum() - len(test) * share) < 1


@given(layout=layouts(min_target=6), data=st.data(), stratify=st.booleans())
def test_groups_are_kept_together_and_sizes_stay_exact(layout, data, stratify):
    target = layout.domain == "t"
    n_train = data.draw(st.integers(1, target.sum() - 1))
    n_test = data.draw(st.none() | st.integers(1, target.sum() - n_train))
    cv = TargetShuffleSplit(
        2,
        target_domain="t",
        train_size=n_train,
        test_size=n_test,
        stratify=stratify,
        random_state=0,
    )
    try:
        folds = list(cv.split(layout.X, layout.y, layout.groups, sample_domain=layout.domain))
    except ValueError:  # the groups drawn leave too few rows: that has a test of its own
        assume(False)
    assert_sound(folds, layout.domain, groups=layout.groups, uses_all_target_rows=False)
    for train, test in folds:
        assert target[train].sum() == n_train
        if n_test is not None:
            assert len(test) == n_test
        else:
            untouched = target & ~np.isin(layout.groups, layout.groups[train[target[train]]])
            assert test.tolist() == np.flatnonzero(untouched).tolist()


def test_groups_are_drawn_one_after_another_and_the_last_is_cut():
    """12 patients of 4 rows: 10 training rows touch 3 of them, 8 in full, and 2 rows are unused."""
    groups, domain = np.repeat(np.arange(12), 4), ["t"] * 48
    cv = TargetShuffleSplit(5, train_size=10, random_state=0)
    for train, test in cv.split(groups, groups=groups, sample_domain=domain):
        assert sorted(np.unique(groups[train], return_counts=True)[1]) == [2, 4, 4]
        assert len(test) == 48 - 12


def test_groups_are_stratified_by_their_most_frequent_class():
    groups = np.repeat(np.arange(40), 3)
    y = np.where(groups < 30, 0, 1)
    cv = TargetShuffleSplit(10, train_size=24, random_state=0)
    for train, _ in cv.split(y, y, groups, sample_domain=["t"] * 120):
        assert np.bincount(y[train]).tolist() == [18, 6]


@pytest.mark.parametrize("seed", range(5))
def test_groups_of_several_classes_are_drawn_as_one(seed):
    """At most one group is cut per stratum, and only in the rows of one side."""
    groups = np.repeat(np.arange(30), 3)
    y = np.where(groups % 3 == 0, [1, 1, 0] * 30, [0, 0, 1] * 30)
    cv = TargetShuffleSplit(1, train_size=20, test_size=25, random_state=seed)
    for side in next(cv.split(y, y, groups, sample_domain=["t"] * 90)):
        sizes = np.unique(groups[side], return_counts=True)[1]
        assert (sizes < 3).sum() <= 2


def test_classes_of_one_row_and_more_classes_than_shots_are_no_error():
    y = np.arange(12) % 7
    cv = TargetShuffleSplit(3, train_size=3, random_state=0)
    folds = list(cv.split(y, y, sample_domain=["t"] * 12))
    assert [len(train) for train, _ in folds] == [3, 3, 3]


@pytest.mark.parametrize("seed", range(5))
def test_continuous_y_and_no_y_are_drawn_from_plainly(seed, rng):
    """Without strata y plays no part, so the three calls draw the same rows."""
    values, domain = rng.normal(size=30), rng.choice(["t", "a"], 30)

    def folds(y, **options):
        cv = TargetShuffleSplit(4, target_domain="t", train_size=5, random_state=seed, **options)
        return as_lists(cv.split(values, y, sample_domain=domain))

    assert folds(values) == folds(None) == folds(values > 0, stratify=False)
    assert folds(values > 0) != folds(None)


def test_splits_differ_and_the_seed_repeats_them():
    domain = ["t"] * 200 + ["a"] * 10

    def folds(seed):
        cv = TargetShuffleSplit(target_domain="t", random_state=seed)
        return as_lists(cv.split(domain, sample_domain=domain))

    assert folds(0) == folds(0)
    assert folds(0) != folds(1)
    assert len({tuple(train) for train, _ in folds(0)}) == 10


def test_default_is_fifty_target_rows():
    domain = np.array(["t"] * 200 + ["a"] * 10)
    for train, test in TargetShuffleSplit(target_domain="t").split(domain, sample_domain=domain):
        assert (domain[train] == "t").sum() == 50
        assert len(test) == 150


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_splits": 0}, "`n_splits` must be an integer of at least 1. Got 0"),
        ({"train_size": 0}, "`train_size` must be an integer of at least 1.* Got 0 instead"),
        ({"train_size": 1.0}, "`train_size` must be .* between 0 and 1.* Got 1.0 instead"),
        ({"train_size": None}, "`train_size` must be .* Got None instead"),
        ({"train_size": True}, "`train_size` must be .* Got True instead"),
        ({"test_size": -3}, "`test_size` must be .* Got -3 instead"),
        ({"test_size": float("nan")}, "`test_size` must be .* Got nan instead"),
        ({"stratify": [0, 1]}, r"`stratify` must be True or False. Got \[0, 1\] instead"),
    ],
)
def test_wrong_parameters_are_refused_on_construction(parameters, message):
    with pytest.raises(ValueError, match=message):
        TargetShuffleSplit(**parameters)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({}, "of the domain 't' to test on. Got train_size=50 for 20 rows instead"),
        ({"train_size": 20}, "Got train_size=20 for 20 rows instead"),
        (
            {"train_size": 15, "test_size": 6},
            "Got train_size=15 and test_size=6 for 20 rows instead",
        ),
        ({"train_size": 0.01}, "must come to at least one row. Got 0.01 of 20 rows instead"),
    ],
)
def test_sizes_that_the_target_cannot_give_are_refused(sizes, message):
    domain = ["t"] * 20 + ["a"] * 100
    with pytest.raises(ValueError, match=message):
        TargetShuffleSplit(target_domain="t", **sizes).split(domain, sample_domain=domain)


def test_groups_that_leave_nothing_to_test_on_are_refused():
    domain, groups = ["t"] * 20, np.repeat([0, 1], 10)
    cv = TargetShuffleSplit(train_size=11, random_state=0)
    with pytest.raises(ValueError, match=r"must leave 1 or more rows to test on. Got 0 rows"):
        cv.split(domain, groups=groups, sample_domain=domain)
