# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Pure functions on codes, against counting by hand and scikit-learn's own splitter."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from sklearn_transfer.model_selection._allocation import (
    draw_rows,
    majority_class,
    proportional_quota,
    rows_sharing_a_group,
    stratified_folds,
)

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=8).filter(sum)
SEEDS = st.integers(0, 2**32 - 1)


def codes_by_appearance(values):
    seen = {}
    return np.array([seen.setdefault(value, len(seen)) for value in values])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.data(), st.booleans(), SEEDS)
def test_stratified_folds_are_those_of_scikit_learn(values, data, shuffle, seed):
    n_folds = data.draw(st.integers(2, 6))
    # Every class is there once per fold, where scikit-learn refuses and warns of nothing.
    values = data.draw(st.permutations(values + sorted(set(values)) * n_folds))
    classes = codes_by_appearance(values)
    folds = stratified_folds(classes, n_folds, np.random.RandomState(seed) if shuffle else None)
    theirs = StratifiedKFold(n_folds, shuffle=shuffle, random_state=seed if shuffle else None)
    for fold, (_, test) in enumerate(theirs.split(classes, classes)):
        assert np.flatnonzero(folds == fold).tolist() == test.tolist()


@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.integers(2, 9), SEEDS)
def test_stratified_folds_are_even_even_where_every_class_is_small(values, n_folds, seed):
    classes = codes_by_appearance(values)
    folds = stratified_folds(classes, n_folds, np.random.RandomState(seed))
    sizes = np.bincount(folds, minlength=n_folds)
    assert sizes.max() - sizes.min() <= 1
    for code in set(classes.tolist()):
        of_class = np.bincount(folds[classes == code], minlength=n_folds)
        assert of_class.max() - of_class.min() <= 1


@given(COUNTS, st.data(), SEEDS)
def test_quota_is_the_exact_share_rounded_down_or_up(counts, data, seed):
    n_draw = data.draw(st.integers(0, sum(counts)))
    quota = proportional_quota(np.array(counts), n_draw, np.random.RandomState(seed))
    assert quota.sum() == n_draw
    shares = [Fraction(count * n_draw, sum(counts)) for count in counts]
    assert all(abs(got - share) < 1 for got, share in zip(quota.tolist(), shares, strict=True))
    up = [share % 1 for got, share in zip(quota, shares, strict=True) if got > share]
    down = [share % 1 for got, share in zip(quota, shares, strict=True) if got < share]
    assert not (up and down) or min(up) >= max(down)


def test_quota_breaks_ties_at_random():
    winners = {
        int(proportional_quota(np.array([1, 1, 1]), 1, np.random.RandomState(seed)).argmax())
        for seed in range(30)
    }
    assert winners == {0, 1, 2}


@given(COUNTS, st.data(), SEEDS)
def test_draw_is_exact_and_proportional(counts, data, seed):
    n_draw = data.draw(st.integers(0, sum(counts)))
    strata = np.repeat(np.arange(len(counts)), counts)
    strata = np.random.RandomState(seed).permutation(strata)
    drawn, touched = draw_rows(n_draw, strata, None, np.random.RandomState(seed))
    assert drawn.sum() == n_draw
    assert (drawn == touched).all()
    got = np.bincount(strata[drawn], minlength=len(counts))
    assert np.all(np.abs(got - np.array(counts) * n_draw / sum(counts)) < 1)


@pytest.mark.parametrize("n_draw", [1, 3, 5])
def test_every_row_is_as_likely_as_another(n_draw):
    """6000 draws: the probability that any of 6 counts is 5 standard errors off is below 1e-5."""
    rng = np.random.RandomState(0)
    strata = np.zeros(6, dtype=np.intp)
    hits = sum(draw_rows(n_draw, strata, None, rng)[0].astype(int) for _ in range(6000))
    share = n_draw / 6
    assert np.abs(hits / 6000 - share).max() < 5 * np.sqrt(share * (1 - share) / 6000)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.data(), SEEDS)
def test_groups_are_drawn_whole_but_for_the_last(values, data, seed):
    groups = codes_by_appearance(values)
    n_draw = data.draw(st.integers(0, len(groups)))
    strata = np.zeros(len(groups), dtype=np.intp)
    drawn, touched = draw_rows(n_draw, strata, groups, np.random.RandomState(seed))
    assert drawn.sum() == n_draw
    assert set(groups[drawn]) == set(groups[touched])
    assert not set(groups[touched]) & set(groups[~touched])
    cut = {group for group in set(groups[drawn].tolist()) if not drawn[groups == group].all()}
    assert len(cut) <= 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=40))
def test_majority_class_counts_within_the_group(pairs):
    groups = codes_by_appearance([group for group, _ in pairs])
    classes = codes_by_appearance([label for _, label in pairs])
    majority = majority_class(classes, groups)
    for row, group in enumerate(groups):
        counts = Counter(classes[groups == group].tolist())
        most = max(counts.values())
        assert majority[row] == min(label for label, count in counts.items() if count == most)


def test_rows_sharing_a_group():
    groups = np.array([0, 1, 0, 2, 1])
    assert rows_sharing_a_group(groups, np.array([1])).tolist() == [0, 1, 0, 0, 1]
    assert rows_sharing_a_group(groups, np.array([], dtype=int)).tolist() == [0] * 5
