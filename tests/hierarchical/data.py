# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of domains with planted coefficients."""

from __future__ import annotations

import numpy as np


def planted(
    kind="classification", *, n_sources=5, n_source=80, n_target=20, n_columns=3, spread=0.3, seed=0
):
    """X, y and domains 0 (the target), 1, 2, ...; levels and slopes scatter with sd `spread`."""
    rng = np.random.default_rng(seed)
    domain = np.repeat(np.arange(n_sources + 1), [n_target] + n_sources * [n_source])
    X = rng.standard_normal((len(domain), n_columns))
    mean = np.append(0.5, np.linspace(1.0, -1.0, n_columns))
    theta = mean + spread * rng.standard_normal((n_sources + 1, n_columns + 1))
    eta = theta[domain, 0] + (X * theta[domain, 1:]).sum(axis=1)
    if kind == "classification":
        y = (eta + rng.logistic(size=len(eta)) > 0).astype(int)
    elif kind == "several":
        y = np.digitize(eta + rng.logistic(size=len(eta)), [-0.5, 1.0])
    elif kind == "counts":
        y = rng.poisson(np.exp(0.5 * eta))
    else:
        y = eta + rng.standard_normal(len(eta))
    return X, y, domain
