# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""OTDD against its definition by loops and linear programming, and what it cannot see."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from sklearn_transfer.similarity import (
    OTDatasetDistance,
    ot_dataset_distance,
    wasserstein_distance,
)


def least(cost, a, b):
    """Optimal transport by a general solver."""
    n, m = cost.shape
    margins = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    return linprog(cost.ravel(), A_eq=margins, b_eq=np.concatenate([a, b])).fun


def by_definition(X, y, Z, z, label_weight=1.0):
    """Write the double loop: distances of rows, and of the rows of their classes."""
    between = {
        (p, q): least(
            cdist(X[y == p], Z[z == q], "sqeuclidean"),
            np.full(np.sum(y == p), 1 / np.sum(y == p)),
            np.full(np.sum(z == q), 1 / np.sum(z == q)),
        )
        for p in set(y)
        for q in set(z)
    }
    cost = np.array([
        [np.sum((a - b) ** 2) + label_weight * between[p, q] for b, q in zip(Z, z, strict=True)]
        for a, p in zip(X, y, strict=True)
    ])  # fmt: skip
    return np.sqrt(least(cost, np.full(len(X), 1 / len(X)), np.full(len(Z), 1 / len(Z))))


@pytest.fixture
def pair(rng):
    X, Z = rng.standard_normal((14, 2)), rng.standard_normal((11, 2)) + 0.7
    y, z = np.array(["a", "b"])[(X[:, 0] > 0).astype(int)], rng.permutation(np.arange(11) % 3)
    return X, y, Z, z.astype(str)


@pytest.mark.parametrize("label_weight", [0.0, 1.0, 2.5])
def test_exact_distance_is_the_definition(label_weight, pair):
    found = ot_dataset_distance(
        *pair, label_distance="exact", label_weight=label_weight, standardize=False
    )
    assert_allclose(found, by_definition(*pair, label_weight), rtol=1e-6)


def test_without_labels_it_is_the_wasserstein_distance(pair):
    X, _, Z, _ = pair
    assert_allclose(ot_dataset_distance(*pair, label_weight=0), wasserstein_distance(X, Z))
    one_class = ot_dataset_distance(X, ["c"] * 14, Z, ["c"] * 11, label_distance="exact")
    # one class each: the distance of the classes is that of the whole
    assert_allclose(one_class, np.sqrt(2) * wasserstein_distance(X, Z), rtol=1e-6)


@pytest.mark.parametrize("method", ["exact", "sinkhorn"])
@pytest.mark.parametrize("label_distance", ["gaussian", "diagonal", "exact"])
@pytest.mark.parametrize("max_samples", [None, 25])
def test_distance_of_a_data_set_from_itself_is_zero(method, label_distance, max_samples, rng):
    X, y = rng.standard_normal((60, 3)), rng.integers(0, 3, 60)
    options = {
        "method": method,
        "label_distance": label_distance,
        "max_samples": max_samples,
        "random_state": 0,
    }
    assert ot_dataset_distance(X, y, X, y, **options) < 1e-6
    assert ot_dataset_distance(X, y, X + 1.0, y, **options) > 0.5
    measure = OTDatasetDistance(**options)
    measure.fit(np.vstack([X, X]), np.tile(y, 2), sample_domain=np.repeat([0, 1], 60))
    assert np.abs(measure.scores_).max() < 1e-6


@pytest.mark.parametrize("method", ["exact", "sinkhorn"])
def test_distance_is_symmetric(method, pair):
    X, y, Z, z = pair
    options = {"method": method, "regularization": 0.1}
    there, back = ot_dataset_distance(*pair, **options), ot_dataset_distance(Z, z, X, y, **options)
    assert_allclose(there, back, rtol=1e-6 if method == "exact" else 1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_gaussian_labels_never_exceed_exact_ones_and_come_near_for_gaussian_classes(seed):
    rng = np.random.default_rng(seed)
    y, z = rng.permutation(np.arange(120) % 2), rng.permutation(np.arange(120) % 3)
    X = rng.standard_normal((120, 1)) + 4.0 * y[:, np.newaxis]
    Z = 1.5 * rng.standard_normal((120, 1)) + 3.0 * z[:, np.newaxis]
    gaussian = ot_dataset_distance(X, y, Z, z)
    exact = ot_dataset_distance(X, y, Z, z, label_distance="exact")
    assert gaussian <= exact + 1e-9
    assert_allclose(gaussian, exact, rtol=0.05)


def test_gaussian_classes_far_apart_are_at_the_distance_of_closed_form():
    """Two classes of one point each: W between points is their distance."""
    X, y = [[0.0], [10.0]], [0, 1]
    Z = [[1.0], [11.0]]
    # every row moves by 1 and its class by 1
    assert_allclose(ot_dataset_distance(X, y, Z, y, standardize=False), np.sqrt(2.0))


def test_names_of_classes_play_no_part_so_that_opposite_labels_are_unseen(rng):
    X = rng.standard_normal((40, 2))
    y = (X[:, 0] > 0).astype(int)
    assert ot_dataset_distance(X, y, X, 1 - y) < 1e-6
    assert ot_dataset_distance(X, y, X, np.array(["no", "yes"])[y]) < 1e-6
    # another split of the same rows is seen
    assert ot_dataset_distance(X, y, X, (X[:, 1] > 0).astype(int)) > 0.3


def test_weights_count_copies(rng):
    X, y = rng.standard_normal((40, 2)), rng.integers(0, 2, 40)
    domain = np.repeat([0, 1], 20)
    copies = rng.integers(1, 4, 40)
    for label_distance in ("gaussian", "exact"):
        measure = OTDatasetDistance(label_distance=label_distance)
        weighted = measure.fit(X, y, copies, sample_domain=domain).scores_
        repeated = measure.fit(
            *(np.repeat(part, copies, axis=0) for part in (X, y)),
            sample_domain=np.repeat(domain, copies),
        ).scores_
        assert_allclose(weighted, repeated, rtol=1e-7)


def test_values_are_cut_into_bins_of_equal_mass_over_all_domains(rng):
    X = rng.standard_normal((60, 2))
    y = X[:, 0] + 0.1 * rng.standard_normal(60)
    domain = np.repeat([0, 1], 30)
    bins = np.argsort(np.argsort(y)) // 20
    binned = OTDatasetDistance(n_bins=3).fit(X, y, sample_domain=domain).scores_
    classes = OTDatasetDistance().fit(X, bins, sample_domain=domain).scores_
    assert_allclose(binned, classes)
    whole = np.round(y * 10)
    as_classes = OTDatasetDistance().fit(X, whole, sample_domain=domain).scores_
    as_values = OTDatasetDistance(task="regression").fit(X, whole, sample_domain=domain).scores_
    assert not np.allclose(as_classes, as_values)
    with pytest.raises(ValueError, match="`y` must hold numbers for `task='regression'`"):
        OTDatasetDistance(task="regression").fit(X, ["a"] * 60, sample_domain=domain)


def test_class_of_one_row_counts():
    X = [[0.0], [1.0], [7.0]]
    assert_allclose(
        ot_dataset_distance(X, [0, 0, 1], X, [0, 0, 0], label_distance="exact", standardize=False),
        by_definition(np.array(X), np.array([0, 0, 1]), np.array(X), np.array([0, 0, 0])),
        rtol=1e-6,
    )


def test_labels_must_match_the_rows():
    with pytest.raises(ValueError, match=r"`y_source` must have one.*1 entries for 2"):
        ot_dataset_distance([[0.0]], [1], [[0.0], [1.0]], [1])
