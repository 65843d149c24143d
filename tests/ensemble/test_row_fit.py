# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from sklearn_transfer.ensemble._row_fit import deal_folds


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=30),
    st.integers(1, 6),
    st.integers(0, 2**31 - 1),
)
def test_folds_and_classes_are_dealt_out_evenly(labels, n_folds, seed):
    y = np.array(labels)
    fold = deal_folds(y, n_folds, np.random.RandomState(seed), stratify=True)
    sizes = np.bincount(fold, minlength=n_folds)
    assert len(sizes) == n_folds
    assert np.ptp(sizes) <= 1
    for label in np.unique(y):
        assert np.ptp(np.bincount(fold[y == label], minlength=n_folds)) <= 1


def test_without_classes_folds_are_even_too():
    fold = deal_folds(
        np.random.default_rng(0).normal(size=11), 3, np.random.RandomState(0), stratify=False
    )
    assert sorted(np.bincount(fold)) == [3, 4, 4]


def test_one_row_of_a_class_is_in_each_half_half_the_time():
    """Error probability 1e-6: were it always in the same half, nothing would be learnt of it."""
    y = np.array([0] * 9 + [1])
    first = [
        deal_folds(y, 2, np.random.RandomState(seed), stratify=True)[-1] for seed in range(400)
    ]
    assert binomtest(int(np.sum(first)), 400).pvalue > 1e-6


def test_names_of_classes_do_not_matter():
    y = np.random.default_rng(0).integers(0, 2, 20)
    folds = [
        deal_folds(labels, 2, np.random.RandomState(3), stratify=True)
        for labels in (y, np.array(["a", "b"])[y])
    ]
    assert (folds[0] == folds[1]).all()
