# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Agreement of rankings, on the published table of task transferability too."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import rankdata, spearmanr

from sklearn_transfer.metrics import (
    discounted_cumulative_gain_agreement,
    spearman_agreement,
)

# Bao et al., 2019, Appendix G, Table 1. Rows are targets, columns sources: 2D edges, 2D keypoints,
# 3D edges, 3D keypoints, reshading, depth, object classes, scene classes.
H_SCORES = np.array(
    [
        [1.8216, 1.7334, 1.5704, 1.5696, 1.6146, 1.6201, 1.5097, 1.4402],
        [1.6698, 1.7859, 1.5248, 1.5287, 1.5481, 1.5632, 1.5253, 1.4725],
        [1.4828, 1.4910, 1.5167, 1.4701, 1.5405, 1.6739, 1.4644, 1.4730],
        [1.5375, 1.5466, 1.5910, 1.6456, 1.7198, 1.7122, 1.4709, 1.4121],
        [1.5504, 1.5426, 1.8174, 1.7990, 2.2339, 2.1200, 1.4774, 1.3804],
        [1.6542, 1.6870, 1.8504, 1.8176, 2.1700, 2.2441, 1.6008, 1.5099],
        [22.866, 23.627, 22.371, 21.950, 22.452, 23.697, 33.468, 28.013],
        [14.575, 15.074, 14.206, 13.801, 14.332, 15.474, 25.750, 25.962],
    ]
)
H_RANKS = np.array(
    [
        [1, 2, 5, 6, 4, 3, 7, 8],
        [2, 1, 7, 5, 4, 3, 6, 8],
        [5, 4, 3, 7, 2, 1, 8, 6],
        [6, 5, 4, 3, 1, 2, 7, 8],
        [5, 6, 3, 4, 1, 2, 7, 8],
        [6, 5, 3, 4, 2, 1, 7, 8],
        [5, 4, 7, 8, 6, 3, 1, 2],
        [5, 4, 7, 8, 6, 3, 2, 1],
    ]
)
AFFINITY_RANKS = np.array(
    [
        [1, 2, 4, 3, 7, 8, 5, 6],
        [2, 1, 7, 5, 6, 8, 3, 4],
        [6, 7, 1, 2, 4, 3, 8, 5],
        [5, 6, 2, 1, 3, 4, 7, 8],
        [6, 8, 2, 4, 1, 3, 7, 5],
        [7, 8, 3, 4, 2, 1, 6, 5],
        [7, 6, 3, 4, 5, 8, 1, 2],
        [8, 7, 3, 4, 5, 6, 2, 1],
    ]
)


def test_published_scores_have_the_published_ranks():
    assert_array_equal(rankdata(-H_SCORES, axis=1), H_RANKS)


def test_both_measures_agree_on_every_published_target():
    """As the paper says: positive throughout, and stronger by discounted gain."""
    spearman = spearman_agreement(-AFFINITY_RANKS, H_SCORES)
    gain = discounted_cumulative_gain_agreement(-AFFINITY_RANKS, H_SCORES)
    adjusted = discounted_cumulative_gain_agreement(-AFFINITY_RANKS, H_SCORES, adjusted=True)
    by_differences = 1 - 6 * ((H_RANKS - AFFINITY_RANKS) ** 2).sum(axis=1) / (8 * 63)
    assert_allclose(spearman, by_differences)
    assert_allclose(
        spearman, [0.3810, 0.3571, 0.4286, 0.7857, 0.8095, 0.7619, 0.2143, 0.2857], atol=5e-5
    )
    assert_allclose(
        gain, [0.9396, 0.9401, 0.8886, 0.9169, 0.9835, 0.9862, 0.9312, 0.9418], atol=5e-5
    )
    assert (spearman > 0).all()
    assert (adjusted > 0).all()
    assert adjusted.mean() > spearman.mean()


def test_discounted_gain_by_hand():
    # gains 3, 1, 2, 0 found in the order 3, 1, 2, 0; best 3, 2, 1, 0
    discounts = 1 / np.log2([2, 3, 4, 5])
    found, best = np.array([3, 1, 2, 0]), np.array([3, 2, 1, 0])
    reference, scores = [0.9, 0.7, 0.8, 0.5], [1.5, 1.4, 1.1, 0.2]
    agreement = discounted_cumulative_gain_agreement(reference, scores)
    assert_allclose(agreement, found @ discounts / (best @ discounts))
    first_two = discounted_cumulative_gain_agreement(reference, scores, k=2)
    assert_allclose(first_two, found[:2] @ discounts[:2] / (best[:2] @ discounts[:2]))


@pytest.mark.parametrize("k", [None, 1, 3])
def test_adjusted_gain_is_zero_on_average_and_one_at_best(k):
    reference = [0.1, 0.5, 0.2, 0.2, 0.9]
    orders = list(permutations(range(5)))
    scores = np.array(orders, dtype=float)
    rows = np.tile(reference, (len(orders), 1))
    agreement = discounted_cumulative_gain_agreement(rows, scores, k=k, adjusted=True)
    assert_allclose(agreement.mean(), 0, atol=1e-12)
    assert_allclose(agreement.max(), 1)
    best = discounted_cumulative_gain_agreement(reference, reference, k=k, adjusted=True)
    assert best == pytest.approx(1)


def test_spearman_is_that_of_scipy_with_ties(rng):
    a, b = rng.integers(0, 4, (5, 8)), rng.integers(0, 4, (5, 8))
    expected = [spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)]
    assert_allclose(spearman_agreement(a, b), expected)
    assert isinstance(spearman_agreement(a[0], b[0]), float)


def test_sources_that_all_tie_have_no_ranking():
    assert np.isnan(spearman_agreement([1, 1, 1], [1, 2, 3]))
    assert np.isnan(spearman_agreement([1, 2, 3], [1, 1, 1]))
    assert np.isnan(discounted_cumulative_gain_agreement([1, 1, 1], [1, 2, 3]))
    assert discounted_cumulative_gain_agreement(
        [1, 2, 3], [1, 1, 1], adjusted=True
    ) == pytest.approx(0)


@pytest.mark.parametrize("function", [spearman_agreement, discounted_cumulative_gain_agreement])
@pytest.mark.parametrize(
    ("reference", "scores", "message"),
    [
        ([1, 2], [1, 2, 3], "one shape"),
        ([1], [1], "at least two sources"),
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2)), "one shape"),
        ([1, np.nan], [1, 2], "`reference` must be finite"),
        ([1, 2], [1, np.inf], "`scores` must be finite"),
    ],
)
def test_what_cannot_be_compared_is_refused(function, reference, scores, message):
    with pytest.raises(ValueError, match=message):
        function(reference, scores)
