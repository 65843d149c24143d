# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Drawn domains of the guard's tests, and what they know of UOWQ."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

TARGET = "t"
UNPENALISED = {"counts": {"alpha": 0.0}, "values": {"alpha": 0.0}, "labels": {"C": 1e9}}
TIGHT = {"tol": 1e-10, "max_iter": 2000}


def make_data(seed=0, sizes=(40, 200, 150, 150), kind="labels", n_features=3):
    """The target, a source like it, one somewhat off, one whose slopes are reversed."""
    rng = np.random.default_rng(seed)
    domain = np.repeat(["t", "near", "mid", "far"], sizes)
    X = rng.standard_normal((len(domain), n_features))
    beta = np.linspace(1.0, -1.0, n_features)
    turn = {"t": 1.0, "near": 1.0, "mid": 0.4, "far": -1.0}
    eta = X @ beta * np.array([turn[name] for name in domain])
    if kind == "labels":
        return X, (eta + rng.logistic(size=len(eta)) > 0).astype(int), domain
    if kind == "counts":
        return X, rng.poisson(np.exp(0.4 * eta)), domain
    return X, eta + rng.standard_normal(len(eta)), domain


def seed_of(random_state):
    """The estimator draws one seed for all that it does."""
    return int(np.random.RandomState(random_state).randint(np.iinfo(np.int32).max))


class CountingLogistic(LogisticRegression):
    sizes: list = []  # noqa: RUF012

    def fit(self, X, y, sample_weight=None):
        type(self).sizes.append(len(X))
        return super().fit(X, y, sample_weight)
