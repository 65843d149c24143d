# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Worth of sources in an average of models: limits, and the harmonic mean."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_transfer._math.worth import worth_of_average

WORTH = np.array([[10.0, 30.0], [0.0, 0.0], [500.0, 100.0]])


def test_one_model_has_its_own_worth():
    for index in range(3):
        assert_allclose(worth_of_average(WORTH, np.eye(3)[index], 25.0), WORTH[index], rtol=1e-12)


def test_nothing_borrowed_is_worth_nothing():
    assert_array_equal(worth_of_average(np.zeros((2, 3)), np.array([0.3, 0.7]), 5.0), 0.0)


def test_by_hand():
    # 1 / 75 = (1 / 50 + 1 / 150) / 2: 25 rows beside the 50, all of the third model's source.
    found = worth_of_average(np.array([[0.0, 0.0], [100.0, 0.0]]), np.array([0.5, 0.5]), 50.0)
    assert_allclose(found, [25.0, 0.0])


@given(
    arrays(float, (3, 4), elements=st.floats(0, 1e6)),
    arrays(float, 3, elements=st.floats(1e-3, 1.0)),
    st.floats(1.0, 1e4),
)
def test_rows_average_harmonically(worth, share, n_target):
    share = share / share.sum()
    found = worth_of_average(worth, share, n_target)
    assert (found >= 0).all()
    size = n_target + worth.sum(axis=1)
    assert_allclose(1.0 / (n_target + found.sum()), (share / size).sum(), rtol=1e-9)
    # No more than the arithmetic mean, which takes a doubted model at its word.
    assert found.sum() <= (share @ worth).sum() * (1 + 1e-9) + 1e-9
