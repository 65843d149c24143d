# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of four domains with levels of their own, and how they are fitted."""

from __future__ import annotations

import numpy as np

from sklearn_transfer._own_intercepts import fit_with_own_intercepts

rng = np.random.default_rng(0)
CODES = rng.permutation(np.repeat(np.arange(4), [60, 120, 90, 30]))
IS_TARGET = CODES == 0
X = rng.normal(size=(300, 3)) + 0.3 * CODES[:, np.newaxis]  # features and levels are confounded
WEIGHT = rng.uniform(0.2, 2.0, 300)
LEVELS = np.array([-0.5, 1.0, -1.5, 2.0])[CODES]
PREDICTOR = X @ [1.0, -1.0, 0.5] + LEVELS
Y = (PREDICTOR + rng.logistic(size=300) > 0).astype(int)
THREE = (np.column_stack([PREDICTOR, 0 * PREDICTOR, X[:, 1]]) + rng.gumbel(size=(300, 3))).argmax(1)
VALUES = PREDICTOR + rng.normal(size=300)
COUNTS = rng.poisson(np.exp(0.5 * PREDICTOR))
POSITIVE = np.exp(0.5 * PREDICTOR) * rng.gamma(3.0, 1.0 / 3.0, 300) + 1e-3


def rows_of(domain):
    return np.flatnonzero(np.equal(CODES, domain))


def fit(estimator, y, weight=WEIGHT, codes=CODES, X=X, **options):
    return fit_with_own_intercepts(estimator, X, y, weight, codes, **options)


def target_mean(values):
    return np.average(values[IS_TARGET], axis=0, weights=WEIGHT[IS_TARGET])
