# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Problems with one source per relation to the target, and selectors fitted to them."""

from __future__ import annotations

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from sklearn_transfer.transferability import (
    HScoreSelector,
)

SLOPES = {
    "t": [1.0, 1.0, 0.0, 0.0],
    "far": [0.0, 0.0, 1.0, 0.0],
    "half": [1.0, 0.0, 0.0, 0.0],
    "other half": [0.0, 1.0, 0.0, 0.0],
    "same": [1.0, 1.0, 0.0, 0.0],
}


def problem(seed=0, n_target=80, n_source=200, regression=False, sources=None):
    """One direction per domain; that of "same" is the target's, two others are its halves."""
    rng = np.random.default_rng(seed)
    names = ["t", *(sources or [name for name in SLOPES if name != "t"])]
    domain = np.repeat(names, [n_target] + [n_source] * (len(names) - 1))
    X = rng.standard_normal((len(domain), 4))
    value = np.einsum("ij,ij->i", X, np.array([SLOPES[name] for name in domain]))
    value = value + 0.5 * rng.standard_normal(len(domain))
    return X, value if regression else (value > 0).astype(int), domain


def fitted(*args, data=None, **params):
    X, y, domain = problem() if data is None else data
    return HScoreSelector(*args, target_domain="t", **params).fit(X, y, sample_domain=domain)


class CountedFits(LogisticRegression):
    """Logistic regression that knows how often it was fitted."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).n_fits += 1
        return super().fit(X, y, sample_weight)


def frozen_models(data):
    X, y, domain = data
    return {
        label: FrozenEstimator(CountedFits().fit(X[domain == label], y[domain == label]))
        for label in np.unique(domain)
        if label != "t"
    }
