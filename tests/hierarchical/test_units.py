# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Domains that measure the same in other units: shops of other sizes, joints of other torques."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from sklearn_transfer._math.random_coefficients import population_given_spread
from sklearn_transfer.hierarchical import RandomCoefficientsRegressor, _population_fit
from sklearn_transfer.hierarchical._noise import Noise
from sklearn_transfer.hierarchical._units import Told

SLOPES = np.array([1.0, -2.0, 0.5, 1.5, -1.0])


def shops(seed, scales, n_target=12, n_source=150):
    """The same slopes in units of each domain's size; the target comes first, its tests last."""
    rng = np.random.default_rng(seed)
    sizes = [n_target, *[n_source] * (len(scales) - 1)]
    domain = np.repeat(np.arange(len(scales)), sizes)
    X = rng.standard_normal((len(domain), 5))
    own = SLOPES + 0.3 * rng.standard_normal((len(scales), 5))
    y = np.einsum("ij,ij->i", X, own[domain]) + rng.standard_normal(len(domain)) + 3.0
    tested = rng.standard_normal((500, 5))
    scales = np.asarray(scales, dtype=float)
    return X, y * scales[domain], domain, tested, (tested @ own[0] + 3.0) * scales[0]


def fit(X, y, domain):
    return RandomCoefficientsRegressor(Ridge(), target_domain=0).fit(X, y, sample_domain=domain)


def share_of_own_units(model):
    own = [candidate.own_units for candidate in model.estimator_.candidates]
    return model.estimator_.weights @ own


def test_sources_of_other_sizes_help_as_those_of_one(monkeypatch):
    """Twelve rows for six coefficients: over five draws less than half the error in own units."""
    scales = [3.0, 0.1, 10.0, 1.0, 30.0, 0.3, 5.0]
    errors = {"own": [], "one": []}
    for seed in range(5):
        X, y, domain, tested, truth = shops(seed, scales)
        model = fit(X, y, domain)
        assert share_of_own_units(model) > 0.99
        errors["own"].append(np.mean((model.predict(tested) - truth) ** 2))
    monkeypatch.setattr(_population_fit, "told_in_own_units", lambda *given: None)
    for seed in range(5):
        X, y, domain, tested, truth = shops(seed, scales)
        errors["one"].append(np.mean((fit(X, y, domain).predict(tested) - truth) ** 2))
    ratio = np.log(errors["own"]) - np.log(errors["one"])
    assert np.exp(ratio.mean()) < 0.5


def test_unit_of_a_source_does_not_matter():
    X, y, domain, tested, _ = shops(0, [3.0, 0.1, 10.0, 1.0, 30.0, 0.3, 5.0])
    found = fit(X, y, domain).predict(tested)
    rescaled = fit(X, np.where(domain == 2, 7.0 * y, y), domain).predict(tested)
    assert_allclose(rescaled, found, atol=0.02 * np.std(found))


def test_of_one_size_both_say_the_same(monkeypatch):
    X, y, domain, tested, truth = shops(0, [1.0] * 7)
    found = fit(X, y, domain).predict(tested)
    monkeypatch.setattr(_population_fit, "told_in_own_units", lambda *given: None)
    assert_allclose(found, fit(X, y, domain).predict(tested), atol=0.1 * np.std(truth))


def test_population_is_that_of_sources_in_the_unit_of_the_target():
    rng = np.random.default_rng(0)
    roots = rng.standard_normal((4, 3, 6))
    information, score = roots @ roots.swapaxes(1, 2), rng.standard_normal((4, 3))
    spread, penalty, unit = np.array([2.0, 0.5, 1.0]), np.array([1e-6, 1.0, 1.0]), 5.0
    units = np.array([1.0, unit, unit])
    told = Told(information, score, Noise(0.7, 0.4), spread, units, unit)
    found = told.population(spread, penalty)
    expected = population_given_spread(
        information / np.outer(units, units),
        score / units,
        spread * units**2,
        penalty / (0.7 * units**2),
    )
    for name in ("mean", "mean_covariance", "spread", "source_precision"):
        assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9)
    assert_allclose(told.target_noise.typical, 0.7 * 25)
    assert_allclose(told.target_score, score / units)
    per_row = information.sum(axis=0) / 10
    assert_allclose(told.information_per_row(10), per_row / np.outer(units, units))


@pytest.mark.parametrize("n_target", [1, 2, 4])
def test_a_target_of_few_rows_has_the_usual_unit(n_target):
    X, y, domain, tested, _ = shops(0, [1.0, 0.5, 2.0, 1.0, 0.7], n_target=n_target)
    assert np.isfinite(fit(X, y, domain).predict(tested)).all()


def test_constant_responses():
    X, y, domain, tested, _ = shops(0, [1.0, 2.0, 3.0, 1.0])
    y = np.where(domain == 2, 4.0, y)
    assert np.isfinite(fit(X, y, domain).predict(tested)).all()
    assert_allclose(fit(X, np.full(len(y), 4.0), domain).predict(tested), 4.0, atol=1e-6)
