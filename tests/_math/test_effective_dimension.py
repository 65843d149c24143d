# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The jackknife dimension against variances between blocks and numbers of parameters."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, LogisticRegression

from sklearn_transfer.discrepancy import (
    effective_dimension,
)


def fold_models(fit, X, y, n_folds, rng):
    """What `fit` predicts on all rows from all folds but one; consecutive folds of equal size."""
    fold = rng.permutation(len(y)) % n_folds
    return np.stack([fit(X[fold != j], y[fold != j], X) for j in range(n_folds)])


class TestEffectiveDimension:
    @pytest.mark.parametrize("weighted", [False, True])
    def test_is_the_jackknife_variance(self, weighted):
        rng = np.random.default_rng(0)
        folds = rng.standard_normal((4, 6, 3))
        weight = rng.uniform(0.5, 2, 6) if weighted else np.ones(6)
        total = 0.0
        for row in range(6):
            for label in range(3):
                values = folds[:, row, label]
                jackknife = (4 - 1) / 4 * sum((value - values.mean()) ** 2 for value in values)
                total += weight[row] / weight.sum() * jackknife
        found = effective_dimension(folds, 20, sample_weight=weight if weighted else None)
        assert_allclose(found, 20 * total)

    def test_of_a_mean_is_the_variance_between_blocks(self):
        rng = np.random.default_rng(1)
        y = rng.standard_normal(40) + np.repeat(np.arange(4), 10)
        blocks = y.reshape(4, 10)
        left_out = np.array([[np.delete(blocks, j, axis=0).mean()] for j in range(4)])
        expected = 10 * blocks.mean(axis=1).var(ddof=1)
        assert expected > 1
        assert_allclose(effective_dimension(left_out, 40), expected)

    def test_is_at_least_one(self):
        assert effective_dimension(np.ones((5, 10)), 100) == 1.0

    def test_own_directions_are_not_counted(self):
        rng = np.random.default_rng(2)
        folds = rng.standard_normal((5, 30))
        level = rng.standard_normal((5, 1))
        tangents = np.ones((1, 30))
        assert_allclose(
            effective_dimension(folds + 50 * level, 100, tangents=tangents),
            effective_dimension(folds, 100, tangents=tangents),
        )

    @pytest.mark.slow
    def test_of_least_squares_is_the_number_of_parameters(self):
        """Eleven parameters, 100 data sets of 400 rows.

        The expectation is a little above 11, because models of 320 rows vary more: 11.41 over
        8000 data sets, at a relative spread of 0.23. The mean of 100 has the standard error 0.27;
        it lies further than 1.2 away once in 100 000 draws.
        """
        rng = np.random.default_rng(3)
        values, shared = [], []
        for _ in range(100):
            X = rng.standard_normal((400, 10))
            y = X @ rng.standard_normal(10) + 2.0 + 3.0 * rng.standard_normal(400)

            def fit(X_train, y_train, X_all):
                return LinearRegression().fit(X_train, y_train).predict(X_all) / 3.0

            folds = fold_models(fit, X, y, 5, rng)
            values.append(effective_dimension(folds, 400))
            shared.append(effective_dimension(folds, 400, tangents=np.ones((1, 400))))
        assert abs(np.mean(values) - 11.4) < 1.2
        assert abs(np.mean(shared) - 10.4) < 1.2
        spread = np.std(values, ddof=1) / np.mean(values)
        # Standard error of a standard deviation of 100 values is 7 %; five of them.
        assert_allclose(spread, np.sqrt(2 / (4 * 11)), rtol=0.35)

    @pytest.mark.slow
    def test_of_logistic_regression_is_near_the_number_of_parameters(self):
        """Eleven parameters, 60 data sets of 500 rows.

        The expectation is 11.6 over 600 data sets, the standard error of a mean of 60 is 0.33:
        further than 1.5 away once in 100 000 draws.
        """
        rng = np.random.default_rng(4)
        beta = np.full(10, 0.3)
        values = []
        for _ in range(60):
            X = rng.standard_normal((500, 10))
            y = rng.random(500) < 1 / (1 + np.exp(-X @ beta))

            def fit(X_train, y_train, X_all):
                model = LogisticRegression(C=1e6).fit(X_train, y_train)
                return 2 * np.sqrt(model.predict_proba(X_all))

            values.append(effective_dimension(fold_models(fit, X, y, 5, rng), 500))
        assert abs(np.mean(values) - 11.6) < 1.5
