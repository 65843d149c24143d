# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Graded settings with curved boundaries or curved regression functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sklearn_transfer._math.cross_learning_oracle import excess_error, linear_score, radial_score
from sklearn_transfer.datasets._graded_models import (
    Array,
    GaussianSetting,
    Generator,
    Setting,
    alternating,
    autoregressive,
    gaussian_points,
)


class MixtureGaussian(Setting):
    """Classes around a mean and its negative; the source mixes in those around another mean."""

    level_name = "shift"

    def target_coef(self, generator: Generator) -> Array:
        return np.full(self.n_features, 0.3)

    def source_coef(self, target: Array, generator: Generator) -> Array:
        return generator.uniform(-0.5, 0.5, self.n_features)

    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        y = alternating(n_samples)
        X = for_features.standard_normal((n_samples, self.n_features))
        # one number per row whatever the shift: rows change over one after the other
        component = (for_rest.random(n_samples) < self.level * domain).astype(int)
        return X + (2 * y - 1)[:, np.newaxis] * coef[component], y

    def oracle(self, coef: Array) -> float:
        # only the plane of the two means counts, and class 0 is the mirror image of class 1
        basis = np.linalg.qr(coef.T)[0]
        points, means = gaussian_points(basis.shape[1]), coef @ basis
        excess = self._excess(points + means[0], 0, means)
        on_source = [self._excess(points + mean, 1, means) for mean in means]
        return 0.5 * excess + 0.5 * float(np.dot([1 - self.level, self.level], on_source))

    def _excess(self, points: Array, domain: int, means: Array) -> float:
        p = [_two_classes(self._log_odds(points, means, d)) for d in (domain, 1 - domain)]
        return excess_error(*p)

    def _log_odds(self, points: Array, means: Array, domain: int) -> Array:
        share = np.array([1.0 - self.level * domain, self.level * domain])
        logs = np.log(share, where=share > 0, out=np.full(2, -np.inf))
        logs = logs - np.sum(means**2, axis=1) / 2.0
        projections = points @ means.T
        return np.logaddexp.reduce(logs + projections, axis=1) - np.logaddexp.reduce(
            logs - projections, axis=1
        )


class QDA(Setting):
    """Classes around a mean and its negative, with covariances of their own."""

    level_name = None
    correlations = (-0.5, 0.5)

    def target_coef(self, generator: Generator) -> Array:
        return generator.uniform(-0.5, 0.5, self.n_features)

    def source_coef(self, target: Array, generator: Generator) -> Array:
        return self.target_coef(generator)

    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        y = alternating(n_samples)
        Z = for_features.standard_normal((n_samples, self.n_features))
        both = [self._place(Z, coef[domain], label) for label in (0, 1)]
        return np.where(y[:, np.newaxis] == 1, both[1], both[0]), y

    def oracle(self, coef: Array) -> float:
        points = gaussian_points(self.n_features)
        excess = 0.0
        for domain in (0, 1):
            for label in (0, 1):
                X = self._place(points, coef[domain], label)
                p = [_two_classes(self._log_odds(X, coef[d])) for d in (domain, 1 - domain)]
                excess += excess_error(*p) / 4.0
        return excess

    def _place(self, Z: Array, mean: Array, label: int) -> Array:
        root = np.linalg.cholesky(autoregressive(self.n_features, self.correlations[label]))
        return (2 * label - 1) * mean + Z @ root.T

    def _log_odds(self, X: Array, mean: Array) -> Array:
        odds = np.zeros(len(X))
        for label in (0, 1):
            covariance = autoregressive(self.n_features, self.correlations[label])
            whitening = np.linalg.cholesky(np.linalg.inv(covariance))
            whitened = (X - (2 * label - 1) * mean) @ whitening
            distance = np.einsum("ij,ij->i", whitened, whitened)
            odds -= (2 * label - 1) * (distance + np.linalg.slogdet(covariance)[1]) / 2.0
        return odds


class PolynomialLogistic(Setting):
    """A logistic model of a square, a cube, a product and a term of the fourth order."""

    level_name = None
    min_features = 5

    @property
    def shape(self) -> tuple[int, ...]:
        return (4,)

    def target_coef(self, generator: Generator) -> Array:
        return generator.uniform(-1.0, 1.0, 4)

    def source_coef(self, target: Array, generator: Generator) -> Array:
        return self.target_coef(generator)

    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        X = for_features.standard_normal((n_samples, self.n_features))
        p = expit(self._terms(X) @ coef[domain])
        return X, (for_rest.random(n_samples) < p).astype(int)

    def oracle(self, coef: Array) -> float:
        terms = self._terms(gaussian_points(self.min_features))
        target, source = (_two_classes(terms @ c) for c in coef)
        return 0.5 * excess_error(target, source) + 0.5 * excess_error(source, target)

    @staticmethod
    def _terms(X: Array) -> Array:
        x = X.T
        return np.column_stack([x[0] ** 2 - 1.0, x[1] ** 3, x[2] * x[3], x[3] * x[4] ** 3])


class Radial(Setting):
    """Class 1 lies outside a sphere; there is no noise."""

    level_name = None
    min_features = 1

    @property
    def shape(self) -> tuple[int, ...]:
        return (1,)

    def target_coef(self, generator: Generator) -> Array:
        return np.array([3.1])

    def source_coef(self, target: Array, generator: Generator) -> Array:
        return np.array([3.3])

    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        X = for_features.standard_normal((n_samples, self.n_features))
        return X, (np.linalg.norm(X, axis=1) > coef[domain, 0]).astype(int)

    def oracle(self, coef: Array) -> float:
        return radial_score(float(coef[0, 0]), float(coef[1, 0]), self.n_features)


class NonlinearRegression(GaussianSetting):
    """A linear model of a sine, a square, a product and an exponential."""

    default_noise = 1.0
    default_correlation = 0.5
    min_features = 5

    @property
    def shape(self) -> tuple[int, ...]:
        return (4,)

    def target_coef(self, generator: Generator) -> Array:
        return 2.0 + 0.5 * generator.standard_normal(4)

    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        X = self.features(n_samples, for_features)
        x = X.T
        terms = np.column_stack([np.sin(x[0]), x[1] ** 2, x[2] * x[3], np.exp(x[4])])
        return X, terms @ coef[domain] + self.noise * for_rest.standard_normal(n_samples)

    def oracle(self, coef: Array) -> float:
        moments = self._moments()
        return linear_score(coef[0], coef[1], moments, moments)

    def _moments(self) -> Array:
        """Second moments of the four terms, with r the correlation of neighbours."""
        r = self.correlation
        upper = np.zeros((4, 4))
        upper[0, 3] = np.sin(r**4)  # the imaginary part of E[exp(i x1 + x5)]
        upper[1, 2] = r + 2.0 * r**3
        upper[1, 3] = np.sqrt(np.e) * (1.0 + r**6)
        upper[2, 3] = np.sqrt(np.e) * (r + r**3)
        own = [(1.0 - np.exp(-2.0)) / 2.0, 3.0, 1.0 + 2.0 * r**2, np.exp(2.0)]
        return np.asarray(np.diag(own) + upper + upper.T)


def _two_classes(log_odds: Array) -> Array:
    return np.column_stack([expit(-log_odds), expit(log_odds)])
