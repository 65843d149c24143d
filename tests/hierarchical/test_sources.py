# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What sources say, to second order: where it is expanded decides what is left of it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss

from sklearn_transfer._domains import index_domains
from sklearn_transfer._families import model_family
from sklearn_transfer._math.likelihood import Likelihood
from sklearn_transfer._math.random_coefficients import population_given_spread
from sklearn_transfer.hierarchical import RandomCoefficientsClassifier, _sources
from sklearn_transfer.hierarchical._coordinates import Rows

FLAT = np.array([1e-6])


def only_told_once(rows, domains, told, penalty):
    """In place of the second expansion."""
    return told.information, told.score


def rare_levels(seed, spread):
    """Twenty sources of twelve rows each, one in twelve positive: many have none."""
    rng = np.random.default_rng(seed)
    domain = np.repeat(np.arange(21), 12)
    level = -2.5 + np.sqrt(spread) * rng.standard_normal(21)
    y = (rng.random(len(domain)) < expit(level[domain])).astype(int)
    ones = np.ones(len(y))
    family = model_family(LogisticRegression(), 2)
    rows = Rows(ones[:, np.newaxis], y, np.zeros(len(y)), ones, family, 1)
    return rows, index_domains(domain, 0, len(domain))


def mean_by_quadrature(rows, domains, spread):
    """Most likely mean of the population: each source's level integrated out."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)

    def negative(mean):
        level = mean + np.sqrt(spread) * nodes
        total = 0.0
        for index in range(domains.n_sources):
            y = rows.y[domains.source_rows(index)]
            total += np.log(weights @ np.exp(y.sum() * level - len(y) * np.logaddexp(0, level)))
        return -total

    return minimize_scalar(negative, bounds=(-8, 3), method="bounded").x


def test_second_expansion_is_nearer_to_the_integral(monkeypatch):
    """Sources without a positive row have their own mode at infinity, and no information there."""
    spread = 0.5
    monkeypatch.setattr(_sources, "estimate_spread", lambda *given, **options: np.array([spread]))
    errors = []
    for seed in range(6):
        rows, domains = rare_levels(seed, spread)
        exact = mean_by_quadrature(rows, domains, spread)
        told, _, _ = _sources.told_by_sources(rows, domains, FLAT, around_base=False, shrinkage=4.0)
        alone = _sources._around_own_modes(rows, domains, FLAT)[:2]
        errors.append(
            [
                population_given_spread(*said, np.array([spread]), FLAT).mean[0] - exact
                for said in ((told.information, told.score), alone)
            ]
        )
    again, once = np.abs(errors).mean(axis=0)
    assert again < 0.25
    assert again < 0.4 * once


def test_squared_errors_are_told_once(monkeypatch):
    """A quadratic is the same wherever it is expanded."""
    monkeypatch.setattr(_sources, "_around_shared_modes", None)
    rng = np.random.default_rng(0)
    domain = np.repeat(np.arange(4), 30)
    design = np.column_stack([np.ones(120), rng.standard_normal((120, 2))])
    y = design @ [1.0, 2.0, -1.0] + rng.standard_normal(120)
    rows = Rows(design, y, np.zeros(120), np.ones(120), model_family(Ridge(), None), 1)
    domains = index_domains(domain, 0, 120)
    penalty = np.array([1e-6, 1.0, 1.0])
    told, same, evident = _sources.told_by_sources(
        rows, domains, penalty, around_base=False, shrinkage=4.0
    )
    assert_allclose(same, penalty)
    assert_allclose(evident, penalty)
    first = design[domain == 1]
    factor = told.information[0, 0, 0] / 30
    assert_allclose(told.information[0], factor * first.T @ first)
    assert_allclose(told.score[0], factor * first.T @ y[domain == 1])


@pytest.mark.parametrize("seed", range(4))
def test_small_sources_of_many_columns_tell_the_level(seed, monkeypatch):
    """Eight sources of 70 rows and 40 columns, a tenth positive: columns separate the classes.

    Expanded once, around modes of their own, they said a rate of 1.7 times the true one.
    """
    rng = np.random.default_rng(seed)
    domain = np.repeat(np.arange(9), [20] + [70] * 8)
    slopes = 0.15 * rng.standard_normal(40)
    X = rng.standard_normal((len(domain), 40))
    y = (rng.random(len(X)) < expit(-2.4 + X @ slopes)).astype(int)
    fresh = rng.standard_normal((4000, 40))
    truth = expit(-2.4 + fresh @ slopes)

    def excess_loss():
        model = RandomCoefficientsClassifier(target_domain=0, random_state=0)
        found = model.fit(X, y, sample_domain=domain).predict_proba(fresh)[:, 1]
        gained = np.log(truth / found) * truth
        return np.mean(gained + np.log((1 - truth) / (1 - found)) * (1 - truth))

    again = excess_loss()
    monkeypatch.setattr(_sources, "_around_shared_modes", only_told_once)
    assert again < 0.8 * excess_loss()


def given_away(seed):
    """Eight sources of 250 rows, 2 % positive: of 41 standardised columns one gives them away."""
    rng = np.random.default_rng(seed)
    domain = np.repeat(np.arange(10), [20] + [250] * 8 + [2000])
    y = (rng.random(len(domain)) < 0.02).astype(int)
    y[:2] = 0, 1
    X = np.column_stack([y, rng.standard_normal((len(y), 40))])
    return (X - X.mean(axis=0)) / X.std(axis=0), y, domain


@pytest.mark.parametrize("seed", range(3))
def test_column_that_gives_the_classes_away(seed, monkeypatch):
    """All rows are beyond doubt: the likelihood is flat at its mode, where even odds seem possible.

    Its second order there said .04, the pooled model's log-loss is .0003.
    """
    X, y, domain = given_away(seed)
    learn, test = domain < 9, domain == 9

    def loss():
        model = RandomCoefficientsClassifier(target_domain=0, random_state=0)
        model.fit(X[learn], y[learn], sample_domain=domain[learn])
        return log_loss(y[test], model.predict_proba(X[test]))

    on_average = loss()
    monkeypatch.setattr(_sources, "_beyond_doubt", at_the_mode)
    assert on_average < 0.01
    assert on_average < 0.3 * loss()


def at_the_mode(likelihood, mode, information, precision, mean_covariance):
    """In place of what rows beyond doubt count on average."""
    return information


def test_rows_beyond_doubt_count_by_their_average():
    """Log-odds of -8 with a standard deviation of 4: the expected information by quadrature."""
    n_samples = 30
    ones = np.ones((n_samples, 1))
    likelihood = Likelihood(
        ones, np.zeros(n_samples), "bernoulli", np.zeros(n_samples), np.ones(n_samples)
    )
    mode = np.array([-8.0])
    at_mode = likelihood.gradient_and_information(mode)[1]
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    eta = -8.0 + 4.0 * nodes
    expected = n_samples * (weights @ (expit(eta) * expit(-eta))) / weights.sum()
    precision = np.array([[1 / 16.0]]) - at_mode
    found = _sources._beyond_doubt(likelihood, mode, at_mode, precision, np.zeros((1, 1)))
    assert_allclose(found[0, 0], expected, rtol=0.35)
    assert expected > 5 * at_mode[0, 0]
    near = np.array([0.5])
    information = likelihood.gradient_and_information(near)[1]
    same = _sources._beyond_doubt(likelihood, near, information, precision, np.zeros((1, 1)))
    assert_allclose(same, information)
