# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows in groups: how alike they are is learnt from the sources, and rows weigh by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.metrics import mean_squared_error

from sklearn_transfer._domains import index_domains
from sklearn_transfer._families import TargetSample, model_family
from sklearn_transfer.hierarchical import (
    RandomCoefficientsClassifier,
    RandomCoefficientsRegressor,
)
from sklearn_transfer.hierarchical._coordinates import (
    coordinates,
    location_and_scale,
    penalty_of,
)
from sklearn_transfer.hierarchical._design import Design
from sklearn_transfer.hierarchical._group_weights import weighed_by_groups

N_ROWS = 6


def days(seed, *, shared, n_days=60, n_target=5, n_domains=4):
    """Rows of days: values whose noise has the share `shared` in common on a day."""
    rng = np.random.default_rng(seed)
    sizes = np.array([n_target, *[n_days] * (n_domains - 1)]) * N_ROWS
    domain = np.repeat(np.arange(n_domains), sizes)
    day = np.arange(len(domain)) // N_ROWS
    X = rng.normal(size=(len(domain), 2))
    slopes = 1.0 + 0.2 * rng.normal(size=(n_domains, 2))
    noise = np.sqrt(shared) * rng.normal(size=day.max() + 1)[day]
    noise += np.sqrt(1 - shared) * rng.normal(size=len(domain))
    return X, (X * slopes[domain]).sum(axis=1) + noise, domain, day


def rows_of(X, y, domain, day, inner):
    classes = np.unique(y) if hasattr(inner, "predict_proba") else None
    family = model_family(inner, None if classes is None else len(classes))
    sample = TargetSample(X, y, None, classes)
    found = coordinates(
        sample, Design(X, 250, None, 0), None, family, *location_and_scale(sample, None, family)
    )
    domains = replace(index_domains(domain, 0, len(domain)), groups=day)
    return found, domains, penalty_of(inner, found)


def standard_error(rho, n_days):
    """Of an intraclass correlation, for many days (Donner, 1986)."""
    spread = (1 - rho) * (1 + (N_ROWS - 1) * rho)
    return spread * np.sqrt(2 / (N_ROWS * (N_ROWS - 1) * n_days))


@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_correlation_of_residuals_is_found(shared):
    """Error probability below 1e-6: five standard errors of 180 days of six rows."""
    rows, domains, penalty = rows_of(*days(0, shared=shared), Ridge())
    weighed, found = weighed_by_groups(rows, domains, penalty)
    assert abs(found - shared) < 5 * standard_error(shared, 180)
    assert_allclose(weighed.sample_weight, 1 / (1 + (N_ROWS - 1) * found))


def test_against_least_squares_of_each_source():
    X, y, domain, day = days(1, shared=0.4)
    rows, domains, penalty = rows_of(X, y, domain, day, Ridge())
    products, squares = [], []
    for source in (1, 2, 3):
        own = domain == source
        design = np.column_stack([np.ones(own.sum()), X[own]])
        residual = y[own] - design @ np.linalg.lstsq(design, y[own], rcond=None)[0]
        squares.append(residual**2)
        for number in np.unique(day[own]):
            of_day = residual[day[own] == number]
            products += [a * b for i, a in enumerate(of_day) for b in of_day[:i]]
    expected = np.mean(products) / np.mean(np.concatenate(squares))
    # The modes are found under a penalty of one row or so.
    assert weighed_by_groups(rows, domains, penalty)[1] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("kind", ["labels", "several", "counts"])
def test_other_responses_of_days_are_alike_too(kind):
    X, eta, domain, day = days(2, shared=0.9)
    rng = np.random.default_rng(0)
    if kind == "labels":
        y, inner = (rng.random(len(eta)) < expit(2 * eta)).astype(int), LogisticRegression()
    elif kind == "several":
        y, inner = np.digitize(eta, [-1.0, 1.0]), LogisticRegression()
    else:
        y, inner = rng.poisson(np.exp(0.5 * eta)), PoissonRegressor()
    rows, domains, penalty = rows_of(X, y, domain, day, inner)
    alike = weighed_by_groups(rows, domains, penalty)[1]
    shuffled = replace(domains, groups=rng.permutation(day))
    # 2700 pairs: under chance the standard error is about .02. Chance of labels takes from what
    # days share of the predictor.
    assert alike > 0.15 > 0.1 > weighed_by_groups(rows, shuffled, penalty)[1]


def test_the_target_is_asked_where_no_source_has_groups():
    X, y, domain, day = days(3, shared=0.8, n_target=40)
    alone = np.where(domain == 0, day, 1000 + np.arange(len(day)))
    rows, domains, penalty = rows_of(X, y, domain, alone, Ridge())
    weighed, found = weighed_by_groups(rows, domains, penalty)
    assert 0.5 < found < 1.0
    assert_allclose(weighed.sample_weight[domain > 0], 1.0)
    assert_allclose(weighed.sample_weight[domain == 0], 1 / (1 + (N_ROWS - 1) * found))


def test_nothing_is_known_of_groups_of_single_rows():
    X, y, domain, _ = days(4, shared=0.8)
    rows, domains, penalty = rows_of(X, y, domain, np.arange(len(y)), Ridge())
    weighed, found = weighed_by_groups(rows, domains, penalty)
    assert np.isnan(found)
    assert weighed is rows


def test_a_group_of_two_domains_is_two():
    """What rows of a day share they share in one town: pairs across towns would dilute it."""
    rng = np.random.default_rng(5)
    domain = np.repeat(np.arange(4), 100)
    day = np.tile(np.arange(50), 8)
    X = rng.normal(size=(400, 2))
    y = rng.normal(size=(4, 50))[domain, day] + 0.5 * rng.normal(size=400)
    rows, domains, penalty = rows_of(X, y, domain, day, Ridge())
    weighed, found = weighed_by_groups(rows, domains, penalty)
    # Planted is 0.8; over all pairs of a day in any town it would be near 0.8 / 5.
    assert found > 0.6
    assert_allclose(weighed.sample_weight, 1 / (1 + found))


class TestEstimators:
    def test_attribute(self):
        X, y, domain, day = days(6, shared=0.5)
        model = RandomCoefficientsRegressor(target_domain=0)
        assert np.isnan(model.fit(X, y, sample_domain=domain).group_correlation_)
        model.fit(X, y, sample_domain=domain, groups=day)
        assert model.group_correlation_ == pytest.approx(0.5, abs=5 * standard_error(0.5, 180))
        own = domain == 0
        model.set_params(target_domain=None).fit(X[own], y[own], groups=day[own])
        assert np.isnan(model.group_correlation_)

    def test_rows_that_are_all_the_same_are_one(self):
        """Each row three times, as a group of its own: as if it were there once."""
        X, y, domain, _ = days(7, shared=0.0, n_days=20)
        once = RandomCoefficientsRegressor(target_domain=0).fit(X, y, sample_domain=domain)
        thrice = np.repeat(np.arange(len(y)), 3)
        model = RandomCoefficientsRegressor(target_domain=0).fit(
            X[thrice], y[thrice], sample_domain=domain[thrice], groups=thrice
        )
        assert model.group_correlation_ == pytest.approx(1.0)
        assert_allclose(model.predict(X), once.predict(X), rtol=1e-6)
        assert_allclose(model.source_weights_ * 3, once.source_weights_, rtol=1e-6)
        y = (y > 0).astype(int)
        once = RandomCoefficientsClassifier(target_domain=0).fit(X, y, sample_domain=domain)
        model = RandomCoefficientsClassifier(target_domain=0).fit(
            X[thrice], y[thrice], sample_domain=domain[thrice], groups=thrice
        )
        assert_allclose(model.predict_proba(X), once.predict_proba(X), rtol=1e-5)

    def test_dependent_rows_are_not_taken_for_many(self):
        """Two days of the target, twelve draws: ten wins by chance have the probability 0.019."""
        better = 0
        for seed in range(12):
            X, y, domain, day = days(seed, shared=0.8, n_target=2)
            fresh, _, domain_of_fresh, _ = days(seed + 100, shared=0.0, n_target=60)
            slopes = 1.0 + 0.2 * _slopes_of(seed)
            target = fresh[domain_of_fresh == 0]
            errors = []
            for groups in (None, day):
                model = RandomCoefficientsRegressor(target_domain=0)
                model.fit(X, y, sample_domain=domain, groups=groups)
                errors.append(mean_squared_error(target @ slopes, model.predict(target)))
            better += errors[1] < errors[0]
        assert better >= 10


def _slopes_of(seed):
    """The target's, drawn as `days` draws them."""
    rng = np.random.default_rng(seed)
    rng.normal(size=((2 + 3 * 60) * N_ROWS, 2))
    return rng.normal(size=(4, 2))[0]
