# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows and inner estimators for the tests of weighted fits."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from xgboost import XGBClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 3)) * [1.0, 5.0, 0.2] + 3.0
Y = (X[:, 0] + rng.normal(size=90) > 3).astype(int)
VALUES = np.exp(0.3 * X[:, 0] + 0.1 * rng.normal(size=90))
WEIGHT = rng.uniform(0.1, 3.0, 90)
THREE = np.array(["u", "v", "w"])[(X[:, :2] * [1.0, 0.2]).sum(axis=1).astype(int) % 3]
FOLDS = KFold(3)


def logistic(**params):
    return LogisticRegression(solver="newton-cholesky", tol=1e-10, **params)


def boosted(model=XGBClassifier, **params):
    return model(**{"n_estimators": 5, "max_depth": 2, "n_jobs": 1, "random_state": 0, **params})


def search(estimator, name):
    return GridSearchCV(estimator, {name: [1e-3, 1.0]}, cv=FOLDS)
