# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""OTCE against POT called directly."""

from __future__ import annotations

import numpy as np
import ot
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix

from sklearn_transfer.transferability import nce, otce


@pytest.fixture
def pair(rng):
    z, y = np.arange(24) % 3, np.arange(18) % 4
    source = rng.standard_normal((24, 3)) + z[:, np.newaxis]
    target = rng.standard_normal((18, 3)) + y[:, np.newaxis]
    return source, z, target, y


def brute_force(source, z, target, y, weight=None):
    """Both terms from the plan of POT, label by label."""
    b = np.ones(len(y)) if weight is None else weight
    cost = ((source[:, np.newaxis] - target) ** 2).sum(axis=2)
    plan = ot.emd(np.full(len(z), 1 / len(z)), b / b.sum(), cost)
    entropy = 0.0
    for i in np.unique(z):
        for j in np.unique(y):
            p = plan[np.ix_(z == i, y == j)].sum()
            if p > 0:
                entropy -= p * np.log(p / plan[z == i].sum())
    return (plan * cost).sum(), entropy


def test_terms_are_those_of_the_plan(pair):
    distance, entropy = brute_force(*pair)
    assert_allclose(otce(*pair, return_terms=True), (-entropy, distance, entropy))
    assert_allclose(otce(*pair), -entropy)
    mixed = otce(*pair, coefficients=(-0.1, -0.7, 2.0))
    assert_allclose(mixed, -0.1 * distance - 0.7 * entropy + 2)


def test_forms_of_input(pair):
    source, z, target, y = pair
    expected = otce(*pair)
    names = np.array(["a", "b", "c", "d"])
    assert_allclose(otce(csr_matrix(source), names[z], csr_matrix(target), names[y]), expected)
    w = np.r_[0, np.ones(16), 2]
    _, entropy = brute_force(*pair, weight=w)
    assert_allclose(otce(*pair, sample_weight=w), -entropy, atol=1e-12)


def test_the_same_rows_give_nce(rng):
    features = rng.standard_normal((30, 2))
    z, y = rng.integers(0, 3, 30), rng.integers(0, 4, 30)
    score, distance, _ = otce(features, z, features, y, return_terms=True)
    assert distance == pytest.approx(0, abs=1e-10)
    assert_allclose(score, nce(z, y))


def test_entropic_plan_comes_near_the_exact_one(pair):
    distances = [otce(*pair, regularization=reg, return_terms=True)[1] for reg in (1.0, 0.1, 0.02)]
    exact = otce(*pair, return_terms=True)[1]
    assert distances[0] > distances[1] > distances[2] > exact * (1 - 1e-6)
    assert_allclose(distances[2], exact, rtol=0.05)


def test_rows_are_drawn_with_a_seed(pair):
    first = otce(*pair, max_samples=10, random_state=0)
    assert first == otce(*pair, max_samples=10, random_state=0)
    assert first != otce(*pair, max_samples=10, random_state=1)
    assert otce(*pair, max_samples=100) == otce(*pair)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({0: np.ones((24, 2))}, {}, "same columns"),
        ({1: np.arange(5)}, {}, "inconsistent"),
        ({2: np.empty((0, 3)), 3: []}, {}, "at least 1 rows"),
        ({}, {"coefficients": (1.0, 2.0)}, "three finite numbers"),
        ({}, {"coefficients": "ce"}, "three finite numbers"),
        ({}, {"regularization": 0.0}, "regularization"),
        ({}, {"max_samples": 1}, "max_samples"),
    ],
)
def test_what_cannot_be_coupled_is_refused(pair, change, options, message):
    arguments = [change.get(position, value) for position, value in enumerate(pair)]
    with pytest.raises(ValueError, match=message):
        otce(*arguments, **options)
