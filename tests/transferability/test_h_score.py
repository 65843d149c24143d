# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""H-score: published values, identities, hard inputs."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_matrix, csr_array, csr_matrix
from scipy.stats import chi2_contingency
from sklearn.cross_decomposition import CCA
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.feature_selection import SelectKBest, f_classif

from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.transferability import (
    feature_h_scores,
    h_score,
    optimal_h_score,
    transferability,
)

# plain, published with shrinkage, intensity
ANCHORS = {
    load_iris: (1.191898825041569, 1.1778424993, 0.0075788),
    load_wine: (1.70582080, 0.76609756, None),
    load_breast_cancer: (0.77432465, 0.57705756, None),
}


def pseudo_inverse_form(X, y):
    """H-score as public implementations compute it."""
    g = np.zeros_like(X, dtype=float)
    for label in np.unique(y):
        g[y == label] = X[y == label].mean(axis=0)
    covariance = np.cov(X, rowvar=False).reshape(X.shape[1], -1)
    return np.trace(np.linalg.pinv(covariance, rcond=1e-15) @ np.cov(g, rowvar=False))


def canonical_correlations(X, y):
    """Singular values between orthonormal bases of centred features and indicators."""
    indicators = (y[:, np.newaxis] == np.unique(y)).astype(float)
    bases = []
    for block in (X, indicators):
        u, s, _ = np.linalg.svd(block - block.mean(axis=0), full_matrices=False)
        bases.append(u[:, s > 1e-10 * s[0]])
    return np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)


def problem(rng, n=120, k=4, n_classes=3):
    y = np.arange(n) % n_classes
    means = rng.standard_normal((n_classes, k))
    return rng.standard_normal((n, k)) + means[y], y


@pytest.mark.parametrize("load", ANCHORS)
def test_published_values(load):
    X, y = load(return_X_y=True)
    plain, shrunk, intensity = ANCHORS[load]
    assert_allclose(h_score(X, y), plain, rtol=1e-8)
    assert_allclose(h_score(X, y, shrinkage=None), plain, rtol=1e-8)
    assert_allclose(h_score(X, y, shrinkage=0), plain, rtol=1e-8)
    assert_allclose(pseudo_inverse_form(X, y), plain, rtol=1e-7)
    found, a = h_score(X, y, shrinkage="ledoit-wolf", return_shrinkage=True)
    assert_allclose(found, shrunk, rtol=1e-8)
    if intensity is not None:
        assert_allclose(a, intensity, rtol=1e-5)
    # the published divisors n - 1 and n against n and n
    n = len(y)
    assert_allclose(h_score(X, y, shrinkage=a) * n / (n - 1), shrunk, rtol=1e-8)


def test_iris_to_the_last_digits():
    assert_allclose(h_score(*load_iris(return_X_y=True)), 1.191898825041569, rtol=1e-12)


@pytest.mark.parametrize("load", ANCHORS)
def test_it_is_the_sum_of_squared_canonical_correlations(load):
    X, y = load(return_X_y=True)
    assert_allclose(h_score(X, y), (canonical_correlations(X, y) ** 2).sum(), rtol=1e-8)


def test_first_canonical_correlation_of_scikit_learn():
    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, :5]
    u, v = CCA(1, max_iter=5000, tol=1e-12).fit_transform(X, y.reshape(-1, 1).astype(float))
    v = v.reshape(u.shape)
    assert_allclose(h_score(X, y), np.corrcoef(u[:, 0], v[:, 0])[0, 1] ** 2, rtol=1e-6)


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(2, 5), st.integers(6, 60))
def test_affine_maps_do_not_change_it_and_bounds_hold(seed, k, n_classes, n):
    rng = np.random.default_rng(seed)
    X, y = problem(rng, n, k, n_classes)
    H = h_score(X, y, shrinkage=None)
    assert 0 <= H <= min(k, n_classes - 1)
    A = np.linalg.qr(rng.standard_normal((k, k)))[0] * np.logspace(-2, 2, k)
    assert_allclose(h_score(X @ A + 100 * rng.standard_normal(k), y, shrinkage=None), H, rtol=1e-6)
    order = rng.permutation(n)
    assert_allclose(h_score(X[order], y[order], shrinkage=None), H, rtol=1e-9)
    renamed = np.array([f"class {9 - c}" for c in y])
    assert h_score(X, renamed, shrinkage=None) == pytest.approx(H, rel=1e-12)
    assert h_score(X[:, :1], y, shrinkage=None) <= H + 1e-9  # more features never know less
    for rule in ("auto", 0.2):
        assert 0 <= h_score(X, y, shrinkage=rule) <= min(k, n_classes - 1)


def test_affine_maps_change_it_under_shrinkage_and_units_do_not_under_auto(rng):
    X, y = problem(rng, n=20, k=8)
    mixed, scaled = X @ rng.standard_normal((8, 8)), X * np.logspace(0, 3, 8) + 5
    for rule in ("ledoit-wolf", 0.3):
        assert abs(h_score(scaled, y, shrinkage=rule) - h_score(X, y, shrinkage=rule)) > 0.01
    assert_allclose(h_score(scaled, y), h_score(X, y), rtol=1e-9)
    assert abs(h_score(mixed, y) - h_score(X, y)) > 0.001


def test_auto_shrinks_below_four_rows_per_feature_that_varies(rng):
    X, y = problem(rng, n=40, k=11)
    assert h_score(X[:, :10], y[:40], return_shrinkage=True)[1] == 0
    assert h_score(X, y, return_shrinkage=True)[1] > 0
    X[:, 10] = 3.0
    assert h_score(X, y, return_shrinkage=True)[1] == 0
    weight = np.full(40, 0.5)
    assert h_score(X, y, sample_weight=weight, return_shrinkage=True)[1] > 0


def test_one_feature_gives_the_correlation_ratio(rng):
    X, y = problem(rng)
    groups = [X[y == c] for c in range(3)]
    between = sum(len(g) * (g.mean(axis=0) - X.mean(axis=0)) ** 2 for g in groups)
    expected = between / ((X - X.mean(axis=0)) ** 2).sum(axis=0)
    assert_allclose([h_score(X[:, [j]], y) for j in range(4)], expected)
    assert_allclose(feature_h_scores(X, y), expected)
    F = expected / (1 - expected) * (len(y) - 3) / 2
    assert_allclose(f_classif(X, y)[0], F)


def test_perfect_features_reach_the_bound():
    y = np.repeat([0, 1, 2], 10)
    assert h_score(np.eye(3)[y], y) == pytest.approx(2, abs=1e-12)
    assert h_score(np.eye(3)[y], y) <= 2


def test_redundant_features_count_once(rng):
    X, y = problem(rng)
    H = h_score(X, y)
    wide = np.column_stack([X, X[:, ::-1], X @ rng.standard_normal((4, 2)), np.full(len(X), 0.1)])
    assert_allclose(h_score(wide, y), H, rtol=1e-9)
    assert_allclose(h_score(csr_matrix(wide), y), H, rtol=1e-7)
    shares = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)  # sum to one, as probabilities do
    assert_allclose(h_score(shares, y), h_score(shares[:, 1:], y), rtol=1e-9)
    single = shares.astype(np.float32)
    assert_allclose(h_score(single, y), h_score(shares, y), rtol=1e-4)


@pytest.mark.parametrize("rule", [None, "auto", "ledoit-wolf", 0.5])
def test_constant_features_say_nothing(rule):
    X = np.full((12, 3), 0.1)
    y = np.arange(12) % 2
    assert h_score(X, y, shrinkage=rule) == 0
    assert h_score(X, y, shrinkage=rule, adjusted=True) == 0
    assert_array_equal(feature_h_scores(X, y), np.zeros(3))


def test_more_features_than_rows(rng):
    X, y = problem(rng, n=20, k=50)
    assert h_score(X, y, shrinkage=None) == pytest.approx(2)  # saturated, as the formula says
    assert 0 < h_score(X, y) < 2
    assert_allclose(h_score(np.hstack([X, X]), y), h_score(X, y), rtol=0.2)


def test_classes_with_one_row_and_one_class(rng):
    X, y = problem(rng, n=30)
    y = y.copy()
    y[0] = 7
    assert_allclose(h_score(X, y), (canonical_correlations(X, y) ** 2).sum())
    assert h_score(X, np.zeros(30, dtype=int)) == 0
    assert h_score(X, np.arange(30)) == pytest.approx(4)  # every row its own class


@pytest.mark.parametrize("rule", [None, "auto", "ledoit-wolf", 0.5])
@pytest.mark.parametrize("k", [3, 12, 40])
def test_weights_are_copies(rule, k, rng):
    X, y = problem(rng, n=30, k=k)
    w = rng.integers(0, 3, 30)
    rows = np.repeat(np.arange(30), w)
    expected = h_score(X[rows], y[rows], shrinkage=rule, adjusted=True)
    found = h_score(X, y, shrinkage=rule, adjusted=True, sample_weight=w)
    assert_allclose(found, expected, rtol=1e-8)
    y[w == 0] = 9  # a class without mass is none
    assert_allclose(
        h_score(X, y, shrinkage=rule, adjusted=True, sample_weight=w), expected, rtol=1e-8
    )
    assert_allclose(feature_h_scores(X, y, sample_weight=w), feature_h_scores(X[rows], y[rows]))


@pytest.mark.parametrize("rule", [None, "auto", "ledoit-wolf", 0.5])
def test_every_form_of_features(rule, rng):
    X, y = problem(rng, n=60)
    X = np.round(8 * X) / 8
    expected = h_score(X, y, shrinkage=rule)
    forms = [X.astype(np.float32), X.tolist(), csr_matrix(X), csc_matrix(X), csr_array(X)]
    forms += [(8 * X).astype(np.int32), csr_matrix(X.astype(np.float32)), np.asfortranarray(X)]
    for form in forms:
        assert_allclose(h_score(form, y, shrinkage=rule), expected, rtol=1e-9)
    # entries that are stored in two parts
    halves = csr_matrix(X)
    columns = np.repeat(halves.indices, 2)
    parts = np.column_stack([halves.data / 4, 3 * halves.data / 4]).ravel()
    doubled = csr_matrix((parts, columns, 2 * halves.indptr), shape=X.shape)
    assert not doubled.has_canonical_format
    assert_allclose(h_score(doubled, y, shrinkage=rule), expected, rtol=1e-9)


def test_data_frames(rng):
    pd = pytest.importorskip("pandas")
    X, y = problem(rng, n=60)
    frame = pd.DataFrame(X, columns=list("abcd"))
    labels = pd.Series(np.array(["x", "y", "z"])[y], dtype="category")
    assert_allclose(h_score(frame, labels), h_score(X, y))
    assert_allclose(h_score(frame, pd.Series(y, dtype="Int64")), h_score(X, y))


def test_a_wide_sparse_matrix_stays_sparse(rng):
    places = rng.integers(0, 300, 6000), rng.integers(0, 200_000, 6000)
    X = csr_matrix((rng.random(6000), places), shape=(300, 200_000))
    y = np.arange(300) % 3
    tracemalloc.start()
    score = h_score(X, y, shrinkage=0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 < score < 2
    assert peak < 0.1 * 8 * 300 * 200_000


def test_rows_of_a_memory_map_are_not_copied(tmp_path, rng):
    X = np.memmap(tmp_path / "features.dat", dtype=np.float32, mode="w+", shape=(2**19, 64))
    X[:] = rng.standard_normal((2**12, 64), dtype=np.float32)[np.arange(2**19) % 2**12]
    y = np.arange(2**19) % 4
    tracemalloc.start()
    score = h_score(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_allclose(score, h_score(X[: 2**12], y[: 2**12]), rtol=1e-9)
    assert peak < 0.7 * X.nbytes


def test_inputs_are_not_modified(rng):
    X, y = problem(rng, n=20, k=8)
    w = np.ones(20)
    copies = X.copy(), y.copy(), w.copy()
    sparse = csr_matrix(X)
    for rule in (None, "auto", "ledoit-wolf", 0.5):
        h_score(X, y, shrinkage=rule, sample_weight=w)
        h_score(sparse, y, shrinkage=rule, sample_weight=w)
    for now, before in zip((X, y, w), copies, strict=True):
        assert_array_equal(now, before)
    assert_array_equal(sparse.toarray(), X)


def test_measurements_are_quantised_and_labels_are_not():
    X, y = load_diabetes(return_X_y=True)
    assert 0.3 < h_score(X, y) < h_score(X, y.astype(int))  # 16 levels, 214 classes
    assert h_score(X, y.astype(int)) == h_score(X, y, quantization=None)
    assert h_score(X, y) == h_score(X, 10 * y + 3)
    median = (y > np.median(y)).astype(int)
    found = h_score(X, y, n_levels=2, quantization="quantile")
    assert_allclose(found, h_score(X, median), rtol=0.05)
    few = (y > 100).astype(float)
    assert h_score(X, few) == h_score(X, few.astype(int))


def test_several_outputs_are_scored_one_by_one(rng):
    X, y = problem(rng)
    Y = np.column_stack([y, y % 2, rng.integers(0, 4, len(y))])
    raw = h_score(X, Y, multioutput="raw_values")
    assert_allclose(raw, [h_score(X, column) for column in Y.T])
    assert_allclose(h_score(X, Y), raw.mean())
    measured = X @ rng.standard_normal((4, 5))
    raw = h_score(X, measured, multioutput="raw_values", n_levels=5)
    assert_allclose(raw, [h_score(X, column, n_levels=5) for column in measured.T])
    assert_allclose(
        feature_h_scores(X, Y), np.mean([feature_h_scores(X, column) for column in Y.T], axis=0)
    )


def test_select_k_best():
    X, y = load_iris(return_X_y=True)
    for form in (X, csr_matrix(X)):
        selector = SelectKBest(feature_h_scores, k=2).fit(form, y)
        assert_array_equal(selector.get_support(), [False, False, True, True])


def test_adjusted_scores_of_features_that_know_nothing_are_about_zero():
    # mean of 200 scores; H has mean k (C - 1)/(n - 1) = .31 and spread < .15, so the mean of the
    # adjusted one is within 5 sigma = .055 of 0 but for one run in a million
    rng = np.random.default_rng(1)
    y = np.arange(60) % 3
    raw, adjusted = zip(
        *((h_score(X, y), h_score(X, y, adjusted=True)) for X in rng.standard_normal((200, 60, 9))),
        strict=True,
    )
    assert abs(np.mean(adjusted)) < 0.055
    assert abs(np.mean(raw) - 18 / 59) < 0.055


def test_optimal_score_is_chi_square_over_n(rng):
    X, y = rng.integers(0, 5, 300), rng.integers(0, 3, 300)
    y[X == 0] = 0
    table = np.zeros((5, 3))
    np.add.at(table, (X, y), 1)
    expected = chi2_contingency(table, correction=False).statistic / 300
    assert_allclose(optimal_h_score(X, y), expected)
    assert_allclose(optimal_h_score(np.array(list("abcde"))[X], y), expected)
    # the indicators of X span all functions of X
    assert_allclose(h_score(np.eye(5)[X], y), expected)
    columns = np.column_stack([X % 2, X // 2])
    assert_allclose(optimal_h_score(columns, y), expected)
    w = rng.integers(0, 3, 300)
    rows = np.repeat(np.arange(300), w)
    assert_allclose(optimal_h_score(X, y, sample_weight=w), optimal_h_score(X[rows], y[rows]))


@given(st.integers(0, 10**6))
def test_transferability_is_a_share_of_the_best(seed):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 6, 80)
    y = (X + rng.integers(0, 2, 80)) % 4
    f = rng.standard_normal((6, 2))[X]
    ratio = transferability(f, y, X=X)
    assert 0 <= ratio <= 1
    assert_allclose(ratio, h_score(f, y) / optimal_h_score(X, y))
    assert transferability(np.eye(6)[X], y, X=X) == pytest.approx(1)
    assert_allclose(transferability(f, y, optimal_features=np.eye(6)[X]), ratio, rtol=1e-9)


def test_transferability_above_the_best_is_one_with_a_warning(rng):
    X = np.arange(40) % 2
    y = np.arange(40) % 4
    with pytest.warns(TransferWarning, match="no function of `X`"):
        assert transferability(np.eye(4)[y], y, X=X) == 1
    with pytest.warns(TransferWarning, match="not optimal"):
        assert transferability(np.eye(4)[y], y, optimal_features=np.eye(2)[X]) == 1


@pytest.mark.parametrize(
    ("features", "y", "options", "message"),
    [
        (np.empty((0, 3)), [], {}, "at least 2 rows"),
        (np.ones((1, 3)), [0], {}, "at least 2 rows"),
        (np.empty((4, 0)), [0, 1, 0, 1], {}, "one column"),
        (np.ones(4), [0, 1, 0, 1], {}, "shape \\(n_samples, n_features\\)"),
        ([[np.nan], [1.0]], [0, 1], {}, "NaN"),
        ([[np.inf], [1.0]], [0, 1], {}, "infinity"),
        ([[1.0], [2.0]], [0, 1, 2], {}, "inconsistent"),
        ([[1.0], [2.0]], [0.5, np.nan], {}, "known in every row"),
        ([[1.0], [2.0]], np.array(["a", None], dtype=object), {}, "known in every row"),
        ([[1.0], [2.0]], np.array(["a", 1], dtype=object), {}, "one kind"),
        ([[1.0], [2.0]], np.zeros((2, 2, 2)), {}, "n_outputs"),
        ([[1.0], [2.0]], [0, 1], {"sample_weight": [0, 0]}, "positive somewhere|non-zero"),
        ([[1.0], [2.0]], [0, 1], {"sample_weight": [-1, 2]}, "non-negative"),
        ([[1.0], [2.0]], [0, 1], {"sample_weight": [0.5, 0.5], "adjusted": True}, "more than one"),
        ([[1.0], [2.0]], [0, 1], {"shrinkage": 1.0}, "shrinkage"),
        ([[1.0], [2.0]], [0, 1], {"shrinkage": "oas"}, "shrinkage"),
        ([[1.0], [2.0]], [0, 1], {"n_levels": 1}, "n_levels"),
        ([[1.0], [2.0]], [0, 1], {"quantization": "uniform"}, "quantization"),
        ([[1.0], [2.0]], [0, 1], {"multioutput": "mean"}, "multioutput"),
    ],
)
def test_what_cannot_be_scored_is_refused(features, y, options, message):
    with pytest.raises(ValueError, match=message):
        h_score(features, y, **options)


def test_shrinkage_lost_in_rounding_is_refused(rng):
    X, y = problem(rng, n=30)
    for wide in (np.hstack([X, X]), np.hstack([X] * 10)):
        with pytest.raises(ValueError, match="lost in rounding"):
            h_score(wide, y, shrinkage=1e-300)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Got neither"),
        ({"X": [0, 1, 0], "optimal_features": [[0], [1], [0]]}, "Got both"),
        ({"X": [0, 0, 0]}, "say something"),
        ({"optimal_features": [[1.0], [1.0], [1.0]]}, "say something"),
        ({"optimal_features": [[1.0], [2.0]]}, "same rows"),
    ],
)
def test_transferability_needs_a_best(options, message):
    with pytest.raises(ValueError, match=message):
        transferability([[0.0], [1.0], [0.5]], [0, 1, 0], **options)


def test_transferability_takes_one_output():
    with pytest.raises(ValueError, match="one ratio for each output"):
        transferability([[0.0], [1.0]], [[0, 1], [1, 0]], X=[0, 1])


def test_optimal_score_refuses_what_is_not_discrete():
    with pytest.raises(ValueError, match="sparse"):
        optimal_h_score(csr_matrix(np.eye(3)), [0, 1, 0])
    with pytest.raises(ValueError, match="one output"):
        optimal_h_score([0, 1], [[0, 1], [1, 0]])
    with pytest.raises(ValueError, match="at least 2 rows"):
        optimal_h_score([], [])
