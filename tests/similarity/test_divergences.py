# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Divergences between domains: direction, bounds, weights, closed forms for Gaussians."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_transfer._math.divergence import fit_gaussian, gaussian_kl, neighbour_kl
from sklearn_transfer.similarity import (
    JensenShannonDivergence,
    KLDivergence,
    jensen_shannon_divergence,
    kl_divergence,
)


@pytest.fixture
def three(rng):
    X = rng.standard_normal((90, 2)) * [1.0, 30.0]
    domain = np.repeat(["narrow", "wide", "shifted"], [40, 30, 20])
    X[domain == "wide"] *= 3.0
    X[domain == "shifted"] += [2.0, 0.0]
    return X, domain


def test_entries_are_divergences_of_the_row_from_the_column(three):
    X, domain = three
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    tables = {label: Z[domain == label] for label in domain}
    by_neighbours = KLDivergence(n_neighbors=3).fit(X, sample_domain=domain)
    by_gaussians = KLDivergence(method="gaussian", reg_covar=1e-3).fit(X, sample_domain=domain)
    labels = by_neighbours.domains_.tolist()
    for i, p in enumerate(labels):
        for j, q in enumerate(labels):
            if i == j:
                continue
            assert_allclose(by_neighbours.scores_[i, j], neighbour_kl(tables[p], tables[q], 3))
            expected = gaussian_kl(
                fit_gaussian(tables[p], ridge=1e-3), fit_gaussian(tables[q], ridge=1e-3)
            )
            assert_allclose(by_gaussians.scores_[i, j], expected)
    # rows of the wide domain lie where the narrow one has none
    wide, narrow = labels.index("wide"), labels.index("narrow")
    assert by_gaussians.scores_[wide, narrow] > by_gaussians.scores_[narrow, wide] + 1.0


def test_neighbours_tell_the_domain_that_lies_inside_the_other():
    """Even rows of [0, 1] and [0, 3]: KL is log 3 one way and infinite the other."""
    inside, around = (np.linspace(0, end, 301)[:, np.newaxis] for end in (1.0, 3.0))
    assert_allclose(kl_divergence(inside, around), np.log(3), atol=0.15)
    assert kl_divergence(around, inside) > 1.8


def test_source_scores_are_of_the_target_from_the_sources(three):
    X, domain = three
    every = KLDivergence().fit(X, sample_domain=domain)
    named = KLDivergence(target_domain="wide").fit(X, sample_domain=domain)
    row = every.scores_[every.domains_ == "wide"][0]
    assert_allclose(named.source_scores_, row[every.domains_ != "wide"])
    assert_allclose(named.scores_[:, named.domains_ == "wide"].ravel(), every.scores_[:, 2])


def test_gaussian_divergence_minds_no_units_without_the_ridge(three):
    X, domain = three
    turned = X @ np.array([[2.0, 1.0], [0.3, 0.01]])
    for measure in (
        KLDivergence(method="gaussian", reg_covar=1e-12),
        JensenShannonDivergence(method="gaussian", reg_covar=1e-12),
    ):
        scores = measure.fit(X, sample_domain=domain).scores_
        assert_allclose(measure.fit(turned, sample_domain=domain).scores_, scores, rtol=1e-6)


@pytest.mark.parametrize("cls", [KLDivergence, JensenShannonDivergence])
def test_weights_of_gaussians_count_copies(cls, three, rng):
    X, domain = three
    copies = rng.integers(1, 4, len(X))
    measure = cls(method="gaussian")
    weighted = measure.fit(X, None, copies, sample_domain=domain).scores_
    repeated = np.repeat(X, copies, axis=0)
    other = measure.fit(repeated, sample_domain=np.repeat(domain, copies)).scores_
    assert_allclose(weighted, other, rtol=1e-8)


@pytest.mark.parametrize("method", ["knn", "gaussian"])
def test_jensen_shannon_is_symmetric_and_bounded(method, three):
    X, domain = three
    X[domain == "shifted"] += 1e3
    scores = JensenShannonDivergence(method=method).fit(X, sample_domain=domain).scores_
    assert_allclose(scores, scores.T)
    assert scores.max() <= np.log(2) + 1e-12
    assert_allclose(scores[1, 0], np.log(2), rtol=0.02)
    tables = X[domain == "narrow"], X[domain == "wide"]
    one = jensen_shannon_divergence(*tables, method=method)
    assert_allclose(jensen_shannon_divergence(*tables[::-1], method=method), one)


@pytest.mark.parametrize("method", ["knn", "gaussian"])
def test_columns_that_are_constant_or_repeated_are_finite(method, rng):
    X = rng.standard_normal((60, 1))
    X[30:] += 1.0
    domain = np.repeat([0, 1], 30)
    alone = KLDivergence(method=method).fit(X, sample_domain=domain).scores_
    more = np.column_stack([X, np.full(60, 7.0)])
    with_constant = KLDivergence(method=method).fit(more, sample_domain=domain).scores_
    assert_allclose(with_constant, alone)
    twice = np.column_stack([X, X])
    repeated = KLDivergence(method=method).fit(twice, sample_domain=domain).scores_
    # neighbours stay the same; of a singular Gaussian no more is asked than to be finite
    assert_allclose(repeated, alone, rtol=1e-9 if method == "knn" else 1e-3)


def test_repeated_rows_do_no_harm(rng):
    X = rng.integers(0, 2, (400, 2)).astype(float)
    X[200:] = rng.choice(2, (200, 2), p=[0.7, 0.3])
    found = kl_divergence(X[:200], X[200:])
    # divergence of the two tables of 2 x 2 cells
    p, q = (np.bincount((part @ [2, 1]).astype(int), minlength=4) for part in (X[:200], X[200:]))
    p, q = p / 200, q / 200
    assert np.isfinite(found)
    assert_allclose(found, np.sum(p * np.log(p / q)), atol=0.02)


def test_domain_of_few_rows_is_scored_with_fewer_neighbours():
    tables = [[0.0], [1.0], [2.0]], [[0.5], [1.5]]
    assert np.isfinite(kl_divergence(*tables, n_neighbors=5))
    assert kl_divergence(*tables, n_neighbors=5) == kl_divergence(*tables, n_neighbors=2)
    with pytest.raises(
        ValueError, match="`X_source` must have rows enough to be scored: a density needs at least"
    ):
        kl_divergence([[0.0], [1.0]], [[0.0]])


@pytest.mark.slow
def test_estimates_come_near_the_divergence_of_gaussians():
    """One draw of 20 000 rows; the spread of both is below 0.012, the margin five times that."""
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((20_000, 2)), rng.normal([0.8, 0.0], 1.0, (20_000, 2))
    assert_allclose(kl_divergence(X, Y, n_neighbors=20), 0.32, atol=0.06)
    assert_allclose(kl_divergence(X, Y, method="gaussian"), 0.32, atol=0.06)
