# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Columns out of any table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_transfer.hierarchical._design import Design


def numbers(seed=0):
    return np.random.default_rng(seed).normal(3.0, 5.0, (30, 4))


def test_a_column_of_ones_and_standardised_numbers():
    X = numbers()
    Z = Design(X, 250).transform(X)
    assert_allclose(Z[:, 0], 1.0)
    assert_allclose(Z[:, 1:], (X - X.mean(axis=0)) / X.std(axis=0))


def test_other_rows_take_the_same_means_and_scales():
    X = numbers()
    design = Design(X, 250)
    assert_allclose(design.transform(X[:3]), design.transform(X)[:3])


def test_weights_are_rows_repeated():
    X, weight = numbers(), np.arange(30) % 3
    rows = np.repeat(np.arange(30), weight)
    weighted = Design(X, 250, weight.astype(float)).transform(X)
    assert_allclose(weighted, Design(X[rows], 250).transform(X))


@pytest.mark.parametrize("constant", [0.0, 7.0, 1e12])
def test_constant_columns_are_left_out(constant):
    X = np.insert(numbers(), 2, constant, axis=1)
    assert_allclose(Design(X, 250).transform(X), Design(numbers(), 250).transform(numbers()))


def test_more_columns_than_allowed_leave_the_ones():
    X = numbers()
    assert Design(X, 3).transform(X).shape == (30, 1)
    assert Design(X, 4).transform(X).shape == (30, 5)
    assert Design(sparse.csr_matrix(X), 3).transform(sparse.csr_matrix(X)).shape == (30, 1)


def test_predictions_of_another_model_come_after_the_ones():
    X, predicted = numbers(), np.arange(60.0).reshape(30, 2)
    Z = Design(X, 250).transform(X, predicted)
    assert_allclose(Z[:, 1:3], predicted)
    assert Z.shape == (30, 7)


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array, pd.DataFrame])
def test_containers_agree(container):
    X = numbers()
    given = container(X)
    assert_allclose(Design(given, 250).transform(given), Design(X, 250).transform(X))


def test_missing_values_take_the_median_and_an_indicator():
    X = numbers()
    X[:6, 1] = np.nan
    Z = Design(X, 250).transform(X)
    assert Z.shape == (30, 6)
    filled = X[:, 1].copy()
    filled[:6] = np.median(filled[6:])
    assert_allclose(Z[:, 2], (filled - filled.mean()) / filled.std())
    assert_allclose(np.unique(np.round(Z[:, 5], 9)).size, 2)


def test_missing_values_seen_at_prediction_only():
    X = numbers()
    gaps = X.copy()
    gaps[0, 0] = np.nan
    design = Design(np.vstack([X, gaps]), 250)
    assert np.isfinite(design.transform(np.full((2, 4), np.nan))).all()
    frame = pd.DataFrame(X)
    assert np.isfinite(Design(frame, 250).transform(frame * np.nan)).all()


def test_categories_become_indicators_of_frequent_levels():
    frame = pd.DataFrame(
        {
            "number": np.arange(60.0),
            "letter": pd.Categorical(np.repeat(["a", "b", "c", "rare"], [20, 20, 17, 3])),
            "word": np.repeat(np.array(["x", "y"], dtype=object), 30),
        }
    )
    frame.loc[0, "letter"] = np.nan
    design = Design(frame, 250)
    Z = design.transform(frame)
    # Ones, the number, a, b, c, all rare levels together with the missing one, x and y.
    assert Z.shape == (60, 8)
    new = pd.DataFrame({"number": [0.0], "letter": ["never seen"], "word": ["x"]})
    assert_allclose(design.transform(new)[0, 2:6], Z[59, 2:6])


def test_the_table_is_not_modified():
    frame = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": ["u", None, "v"]})
    before = frame.copy()
    Design(frame, 250).transform(frame)
    pd.testing.assert_frame_equal(frame, before)


def wide(n_rows=60, n_columns=30, seed=0):
    """Rows of falling variances along random directions."""
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((n_rows, n_columns)) * 0.5 ** np.arange(n_columns)
    return scores @ np.linalg.qr(rng.standard_normal((n_columns, n_columns)))[0] * 5.0 + 3.0


def up_to_sign(design, expected):
    signs = np.sign(np.sum(design * expected, axis=0))
    assert_allclose(design, signs * expected, atol=1e-5)


class TestComponents:
    def test_are_those_of_the_correlation_matrix(self):
        X = wide()
        design = Design(X, 20, n_components=5)
        assert design.is_reduced
        assert design.n_columns == 5
        Z = (X - X.mean(axis=0)) / X.std(axis=0)
        left, values, _ = np.linalg.svd(Z, full_matrices=False)
        scores = (left * values)[:, :5]
        found = design.transform(X)
        assert_array_equal(found[:, 0], 1.0)
        # One scale for all: a slope of a component moves predictions as slopes of columns do.
        up_to_sign(found[:, 1:], scores / np.sqrt(np.mean(scores**2)))

    def test_new_rows_take_the_same_axes(self):
        X = wide()
        design = Design(X, 20, n_components=5)
        assert_allclose(design.transform(X[:7]), design.transform(X)[:7], rtol=1e-12)

    def test_weights_are_repetitions(self):
        X = wide()
        weight = np.random.default_rng(0).integers(0, 4, len(X))
        weighted = Design(X, 20, weight.astype(float), n_components=4)
        repeated = Design(np.repeat(X, weight, axis=0), 20, n_components=4)
        up_to_sign(weighted.transform(X), repeated.transform(X))

    def test_sparse_rows_stay_sparse(self, monkeypatch):
        X = wide() * (np.random.default_rng(0).uniform(size=(60, 30)) < 0.3)
        left, _, right = np.linalg.svd(X, full_matrices=False)
        X = (left * 0.5 ** np.arange(30)) @ right
        thin = sparse.csr_array(X)
        monkeypatch.setattr(type(thin), "toarray", None)
        found = Design(thin, 20, n_components=5).transform(thin)[:, 1:]
        # Not centred before the axes are found, but after.
        left, values, _ = np.linalg.svd(X, full_matrices=False)
        scores = (left * values)[:, :5]
        scores -= scores.mean(axis=0)
        up_to_sign(found, scores / np.sqrt(np.mean(scores**2)))

    def test_no_more_than_there_are(self):
        rng = np.random.default_rng(0)
        flat = rng.standard_normal((50, 3)) @ rng.standard_normal((3, 40))
        assert Design(flat, 20, n_components=10).n_columns == 3
        assert Design(flat[:8], 20, n_components=10).n_columns == 3

    def test_gaps_and_categories(self):
        X = pd.DataFrame(wide(), columns=[f"x{j}" for j in range(30)])
        X.loc[::7, "x3"] = np.nan
        X["kind"] = np.resize(["a", "b", "c"], len(X))
        design = Design(X, 20, n_components=5)
        assert np.isfinite(design.transform(X)).all()
        assert design.n_columns == 5

    @pytest.mark.parametrize("n_components", [0, 5])
    def test_narrow_tables_keep_their_columns(self, n_components):
        X = wide(n_columns=10)
        design = Design(X, 20, n_components=n_components)
        assert not design.is_reduced
        assert_allclose(design.transform(X)[:, 1:], (X - X.mean(axis=0)) / X.std(axis=0))

    def test_none(self):
        design = Design(wide(), 20)
        assert not design.is_reduced
        assert design.n_columns == 0
        assert_array_equal(design.transform(wide()), np.ones((60, 1)))
