# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Graded settings with one linear predictor or several: their scores have closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from sklearn_transfer._math.cross_learning_oracle import (
    excess_error,
    lda_score,
    linear_score,
    logistic_score,
    probit_score,
)
from sklearn_transfer.datasets._graded_models import (
    Array,
    GaussianSetting,
    Generator,
    Setting,
    alternating,
    gaussian_points,
)
from sklearn_transfer.datasets._rotation import orthogonal_to, rotate_to_cosine

_COEF_MEAN = 0.35
_COEF_SPREAD = 0.1


class _LinearPredictor(GaussianSetting):
    def target_coef(self, generator: Generator) -> Array:
        return _COEF_MEAN + _COEF_SPREAD * generator.standard_normal(self.n_features)


class Logistic(_LinearPredictor):
    """Class 1 has the probability ``expit(x @ coef)``."""

    default_correlation = 0.5

    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        X = self.features(n_samples, for_features)
        return X, (for_rest.random(n_samples) < expit(X @ coef[domain])).astype(int)

    def oracle(self, coef: Array) -> float:
        return logistic_score(coef[0], coef[1], self.covariance, self.covariance)


class Probit(_LinearPredictor):
    """Class 1 is where ``x @ coef`` plus noise is positive."""

    default_noise = 1.0
    default_correlation = 0.0

    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        X = self.features(n_samples, for_features)
        noise = self.noise * for_rest.standard_normal(n_samples)
        return X, (X @ coef[domain] + noise > 0).astype(int)

    def oracle(self, coef: Array) -> float:
        covariance = self.covariance
        return probit_score(coef[0], coef[1], covariance, covariance, self.noise, self.noise)


class LinearRegression(_LinearPredictor):
    """The target is ``x @ coef`` plus noise."""

    default_noise = 1.0
    default_correlation = 0.5

    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        X = self.features(n_samples, for_features)
        return X, X @ coef[domain] + self.noise * for_rest.standard_normal(n_samples)

    def oracle(self, coef: Array) -> float:
        return linear_score(coef[0], coef[1], self.covariance, self.covariance)


class LDA(Setting):
    """Two Gaussian classes around `coef` and its negative, with the identity as covariance."""

    def target_coef(self, generator: Generator) -> Array:
        return np.full(self.n_features, 0.4)

    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        y = alternating(n_samples)
        X = for_features.standard_normal((n_samples, self.n_features))
        return X + np.outer(2 * y - 1, coef[domain]), y

    def oracle(self, coef: Array) -> float:
        identity = np.eye(self.n_features)
        return lda_score(coef[0], coef[1], identity, identity)


class FourClass(Setting):
    """The quadrant of two noisy projections onto orthogonal directions."""

    default_noise = 0.2
    min_features = 4

    @property
    def shape(self) -> tuple[int, ...]:
        return (2, self.n_features)

    def target_coef(self, generator: Generator) -> Array:
        first = _COEF_MEAN + _COEF_SPREAD * generator.standard_normal(self.n_features)
        # orthogonal to the plane in which the first one turns, so that the two turn freely
        second = orthogonal_to(np.stack([first, rotate_to_cosine(first, 0.0)]), generator)
        return np.stack([first, second])

    def source_coef(self, target: Array, generator: Generator) -> Array:
        first = rotate_to_cosine(target[0], self.level)
        partner = orthogonal_to(
            np.stack([target[1], target[0], rotate_to_cosine(target[0], 0.0)]), generator
        )
        sine = np.sqrt((1.0 - self.level) * (1.0 + self.level))
        return np.stack([first, self.level * target[1] + sine * partner])

    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        X = for_features.standard_normal((n_samples, self.n_features))
        noise = self.noise * for_rest.standard_normal((n_samples, 2))
        positive = X @ coef[domain].T + noise > 0
        return X, 2 * positive[:, 0] + positive[:, 1]

    def oracle(self, coef: Array) -> float:
        # only the span of the four directions counts
        basis = np.linalg.qr(coef.reshape(-1, self.n_features).T)[0]
        points = gaussian_points(basis.shape[1])
        target, source = (self._probabilities(points @ (c @ basis).T) for c in coef)
        return 0.5 * excess_error(target, source) + 0.5 * excess_error(source, target)

    def _probabilities(self, projections: Array) -> Array:
        p = ndtr(projections / self.noise) if self.noise > 0 else 1.0 * (projections > 0)
        first, second = np.stack([1 - p[:, 0], p[:, 0]]), np.stack([1 - p[:, 1], p[:, 1]])
        return (first[:, np.newaxis] * second).reshape(4, -1).T
