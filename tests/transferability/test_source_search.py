# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The search of sources, against all sets of a made-up score."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_transfer.transferability._source_search import rank_sources


def made_up(seed):
    """A number of its own for every set, whatever the order of its members."""

    def score(numbers):
        return float(np.random.default_rng([seed, *sorted(numbers)]).standard_normal())

    return score


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n_sources=st.integers(1, 6),
    n_kept=st.integers(1, 8),
    order=st.integers(1, 8),
)
def test_ranking_against_its_definition(seed, n_sources, n_kept, order):
    score = made_up(seed)
    found = rank_sources(score, n_sources, n_kept=n_kept, order=order)
    alone = {source: score([source]) for source in range(n_sources)}
    kept = []
    n_joint = min(n_kept, order, n_sources)
    if n_joint > 1:
        kept = sorted(max(combinations(alone, 2), key=score), key=alone.get, reverse=True)
    while 0 < len(kept) < n_joint:
        kept.append(max(set(alone) - set(kept), key=lambda source: score([*kept, source])))
    kept += sorted(set(alone) - set(kept), key=alone.get, reverse=True)
    assert found.picks == kept
    assert_array_equal(found.alone, list(alone.values()))
    if order == 1:
        assert found.together is None
    else:
        expected = [[score({a, b}) for b in range(n_sources)] for a in range(n_sources)]
        assert_array_equal(found.together, expected)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_equals_keep_their_order_for_any_number_of_jobs(order):
    for n_jobs in (None, 2):
        found = rank_sources(lambda numbers: 1.0, 5, n_kept=5, order=order, n_jobs=n_jobs)
        assert found.picks == [0, 1, 2, 3, 4]
