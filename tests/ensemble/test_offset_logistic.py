# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from sklearn_transfer.ensemble._offset_logistic import fit_offset_logistic


def _rows(n_classes, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((60, 4))
    scores = X @ rng.standard_normal((4, n_classes)) + rng.gumbel(size=(60, n_classes))
    return X, scores.argmax(axis=1), rng.uniform(0.2, 2.0, 60), rng


def _offset(n_classes, rng):
    return rng.standard_normal(60) if n_classes == 2 else rng.standard_normal((60, n_classes))


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
def test_without_offset_it_is_scikit_learns(n_classes, l1_ratio, fit_intercept):
    X, y, weight, _ = _rows(n_classes)
    coef, intercept = fit_offset_logistic(
        X,
        y,
        np.zeros(60) if n_classes == 2 else np.zeros((60, n_classes)),
        weight,
        penalty=2.0,
        l1_ratio=l1_ratio,
        fit_intercept=fit_intercept,
    )
    mixture = {}
    if l1_ratio > 0:
        mixture = {"l1_ratio": l1_ratio, "solver": "saga", "random_state": 0}
        if LogisticRegression().penalty == "l2":  # before 1.8, when the mixture had a name
            mixture["penalty"] = "elasticnet"
    same = LogisticRegression(
        C=0.5, tol=1e-9, max_iter=20000, fit_intercept=fit_intercept, **mixture
    ).fit(X, y, sample_weight=weight)
    assert_allclose(coef, same.coef_, atol=2e-5)
    centred = intercept - intercept.mean() * (n_classes > 2)
    expected = same.intercept_ - same.intercept_.mean() * (n_classes > 2)
    assert_allclose(centred, expected, atol=2e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csc_matrix])
def test_optimality_with_an_offset(n_classes, kind):
    """The gradient vanishes: X'w(y - p) = penalty * coef, and the intercept is free."""
    X, y, weight, rng = _rows(n_classes)
    offset = _offset(n_classes, rng)
    coef, intercept = fit_offset_logistic(kind(X), y, offset, weight, penalty=0.7)
    if n_classes == 2:
        residual = (y - expit(offset + X @ coef[0] + intercept))[:, np.newaxis]
    else:
        residual = np.eye(3)[y] - softmax(offset + X @ coef.T + intercept, axis=1)
    residual *= weight[:, np.newaxis]
    assert_allclose(X.T @ residual, 0.7 * coef.T, atol=1e-4)
    assert_allclose(residual.sum(axis=0), 0.0, atol=1e-4)


def test_absolute_values_leave_out_coefficients():
    """Optimality of the lasso: |gradient| <= penalty where the coefficient is zero, else equal."""
    X, y, weight, rng = _rows(2)
    offset = _offset(2, rng)
    coef, intercept = fit_offset_logistic(X, y, offset, weight, penalty=9.0, l1_ratio=1.0)
    gradient = X.T @ (weight * (y - expit(offset + X @ coef[0] + intercept)))
    zero = np.abs(coef[0]) < 1e-9
    assert 0 < zero.sum() < 4
    assert (np.abs(gradient[zero]) <= 9.0 + 1e-4).all()
    assert_allclose(gradient[~zero], 9.0 * np.sign(coef[0, ~zero]), atol=1e-4)


def test_what_the_offset_explains_is_not_fitted_again():
    X, y, weight, _ = _rows(2)
    first = LogisticRegression(C=np.inf, tol=1e-10).fit(X, y, sample_weight=weight)
    coef, intercept = fit_offset_logistic(X, y, first.decision_function(X), weight, penalty=1e-3)
    assert_allclose(coef, 0.0, atol=1e-3)
    assert_allclose(intercept, 0.0, atol=1e-3)


def test_no_column_leaves_the_level():
    X, y, weight, rng = _rows(2)
    offset = _offset(2, rng)
    coef, intercept = fit_offset_logistic(X[:, :0], y, offset, weight, penalty=0.0)
    assert coef.shape == (1, 0)
    assert_allclose(weight @ expit(offset + intercept), weight @ y, rtol=1e-6)
