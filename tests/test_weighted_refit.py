# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Fits to some of the rows of a problem, against fits of the rows themselves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_transfer._domains import index_domains
from sklearn_transfer._weighted_refit import WeightedRefit

WEIGHTS = np.array([0.3, 0.0])


def problem():
    rng = np.random.default_rng(0)
    domain = rng.choice(list("tab"), 90)
    X = 3.0 + rng.standard_normal((90, 2))
    return X, X @ [1.0, -1.0] + rng.standard_normal(90), domain, rng.uniform(0.5, 2.0, 90)


@pytest.mark.parametrize("weighted", [False, True])
def test_restricted_fit_is_the_fit_of_the_rows(weighted):
    X, y, domain, weight = problem()
    sample_weight = weight if weighted else None
    options = {"validation_fraction": 0.2, "random_state": 0}
    whole = WeightedRefit(Ridge(), X, y, sample_weight, index_domains(domain, "t", 90), **options)
    rows = np.flatnonzero(np.arange(90) % 4 != 1)
    found = whole.restricted_to(rows).fit(WEIGHTS).estimator
    of_row = np.where(domain == "t", 1.0, np.where(domain == "a", 0.3, 0.0))[rows]
    used = of_row > 0
    of_row = of_row * (weight[rows] if weighted else 1.0)
    expected = Ridge().fit(X[rows][used], y[rows][used], of_row[used])
    assert_allclose(found.coef_, expected.coef_)
    assert_allclose(found.intercept_, expected.intercept_)


def test_restricted_samples_and_options():
    X, y, domain, weight = problem()
    whole = WeightedRefit(
        LogisticRegression(),
        X,
        (y > 0).astype(int),
        weight,
        index_domains(domain, "t", 90),
        validation_fraction=0.3,
        random_state=7,
        own_intercepts=True,
    )
    rows = np.flatnonzero(np.arange(90) % 3 != 0)
    part = whole.restricted_to(rows)
    assert (part.validation_fraction, part.random_state) == (0.3, 7)
    assert part.own_intercepts
    kept = domain[rows]
    assert_array_equal(part.target().X, X[rows][kept == "t"])
    assert_array_equal(part.target().sample_weight, weight[rows][kept == "t"])
    for index, name in enumerate("ab"):
        assert_array_equal(part.source(index).X, X[rows][kept == name])
    assert len(whole.y) == 90


def test_steps_stay_those_of_all_rows():
    """The models of a part live in the coordinates of the whole."""
    X, y, domain, _ = problem()
    whole = WeightedRefit(
        make_pipeline(StandardScaler(), Ridge()),
        X,
        y,
        None,
        index_domains(domain, "t", 90),
        validation_fraction=0.2,
        random_state=0,
        share_steps=True,
    )
    rows = np.arange(0, 90, 2)
    part = whole.restricted_to(rows)
    scaled = StandardScaler().fit_transform(X)
    assert_allclose(part.X, scaled[rows])
    own = rows[domain[rows] == "t"]
    found = part.fit(np.zeros(2)).estimator
    assert_allclose(found.coef_, Ridge().fit(scaled[own], y[own]).coef_)
