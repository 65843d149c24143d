# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows, models and slow formulas for the tests of the geometry of fitted models."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import is_classifier
from sklearn.linear_model import (
    GammaRegressor,
)

from sklearn_transfer._families import TargetSample, model_family
from sklearn_transfer._model_geometry import ParametricGeometry
from sklearn_transfer._weighted_fit import fit_weighted

N_SOURCES = 3


def make_rows(seed, n_samples, n_classes=2, n_features=3, shift=0.0):
    """Rows of one domain; `n_classes` None gives counts, 0 continuous values."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features))
    beta = np.array([1.0, -0.7, 0.4])[:n_features] + 0.3 * rng.standard_normal(n_features)
    eta = X @ beta + shift
    if n_classes is None:
        return X, rng.poisson(np.exp(eta / 2)).astype(float)
    if n_classes == 0:
        return X, eta + 0.5 * rng.standard_normal(n_samples)
    noisy = np.column_stack([k * eta for k in range(n_classes)])
    y = (noisy + rng.gumbel(size=noisy.shape)).argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)  # every class is there
    return X, y


def make_sample(inner, seed=0, n_samples=30, n_classes=2, **more):
    X, y = make_rows(seed, n_samples, n_classes, **more)
    if isinstance(inner, GammaRegressor):
        y = y + 1.0
    return TargetSample(X, y, None, np.unique(y) if is_classifier(inner) else None)


def fit(inner, sample):
    return fit_weighted(inner, sample.X, sample.y, sample.sample_weight)


def make_models(inner, n_classes, n_sources=N_SOURCES, n_samples=80, **more):
    """Target sample, its model and source models of different domains."""
    target = make_sample(inner, 0, n_classes=n_classes)
    samples = [
        make_sample(inner, seed, n_samples, n_classes, **more) for seed in range(1, n_sources + 1)
    ]
    return target, fit(inner, target), [fit(inner, sample) for sample in samples]


def name_features(models):
    """Make models fitted on arrays models of a dataframe with the columns a, b, c."""
    for model in models:
        model.estimator.feature_names_in_ = np.array(list("abc"), dtype=object)


def parametric(inner, target, sources, *, own=False, n_samples=80):
    n_classes = None if target.classes is None else len(target.classes)
    sizes = np.full(len(sources), float(n_samples))
    return ParametricGeometry(model_family(inner, n_classes), target, sources, sizes, own)


def coefficients(model):
    """Intercept and slopes of a plain linear model, flat, class by class."""
    coef, intercept = model.estimator.coef_, np.atleast_1d(model.estimator.intercept_)
    return np.column_stack([intercept, np.atleast_2d(coef)]).ravel()


def slow_information(X, model, family, weight=None, dispersion=1.0):
    """Fisher matrix at a model, summed over rows; `weight` of shape (n_samples,)."""
    weight = np.ones(len(X)) if weight is None else weight
    design = np.column_stack([np.ones(len(X)), X])
    theta = coefficients(model).reshape(-1, design.shape[1])
    total = 0.0
    for row, share in zip(design, weight / weight.sum(), strict=True):
        eta = theta @ row
        if family.name == "multinomial":
            p = softmax(eta)
            block = np.diag(p) - np.outer(p, p)
        else:
            mean = expit(eta) if family.name == "bernoulli" else np.exp(eta)
            block = np.diag(
                {
                    "bernoulli": mean * (1 - mean),
                    "gaussian": np.full(1, 1 / dispersion),
                    "poisson": mean,
                    "gamma": np.full(1, 1 / dispersion),
                    "tweedie": mean ** (2 - family.power) / dispersion,
                }[family.name]
            )
        total = total + share * np.kron(block, np.outer(row, row))
    return total


def never():
    raise AssertionError("the target's rows are enough")
