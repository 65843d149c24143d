# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_transfer.metrics import relative_error_reduction, relative_error_reductions


@pytest.mark.parametrize(
    ("alone", "transfer", "reduction"),
    [(0.4, 0.3, 0.25), (0.4, 0.4, 0.0), (0.4, 0.0, 1.0), (0.4, 0.6, -0.5), (2, 1, 0.5)],
)
def test_numbers_by_hand(alone, transfer, reduction):
    found = relative_error_reduction(alone, transfer)
    assert isinstance(found, float)
    assert_allclose(found, reduction, rtol=1e-15)


def test_arrays_broadcast():
    found = relative_error_reduction([[0.4], [0.2]], [0.1, 0.2])
    assert_allclose(found, [[0.75, 0.5], [0.5, 0.0]])


def test_both_roles_and_their_mean():
    found = relative_error_reductions(0.4, 0.3, 0.2, 0.25)
    assert_allclose(found, (0.25, -0.25, 0.0), atol=1e-15)
    assert found.average == (found.target + found.source) / 2


def test_roles_are_exchanged_symmetrically():
    there = relative_error_reductions([0.4, 0.5], [0.3, 0.2], 0.2, 0.1)
    back = relative_error_reductions(0.2, 0.1, [0.4, 0.5], [0.3, 0.2])
    assert_allclose(there.target, back.source)
    assert_allclose(there.source, back.target)
    assert_allclose(there.average, back.average)


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf, [0.1, -0.2]])
def test_what_is_no_error_is_refused(bad):
    with pytest.raises(ValueError, match=r"`error_target_only` must hold finite errors.*Got"):
        relative_error_reduction(bad, 0.1)
    with pytest.raises(ValueError, match=r"`error_transfer` must hold finite errors.*Got"):
        relative_error_reduction(0.1, bad)


def test_nothing_to_reduce_is_refused():
    with pytest.raises(ValueError, match=r"must be positive.*Got 0 instead"):
        relative_error_reduction([0.1, 0.0], 0.1)


def test_shapes_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match=r"broadcast.*Got \(2,\) and \(3,\) instead"):
        relative_error_reduction([0.1, 0.2], [0.1, 0.2, 0.3])
