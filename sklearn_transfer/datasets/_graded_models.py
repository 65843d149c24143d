# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the graded settings share: the interface, Gaussian features, points of integration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sklearn_transfer.datasets._rotation import rotate_to_cosine

Array = NDArray[np.float64]
Generator = np.random.Generator

_LOG2_POINTS = 16


class Setting(ABC):
    """A way to draw a target and a source whose likeness is known.

    Parameters
    ----------
    n_features : int
        Number of features.
    level : float
        Cosine between target and source, or the shift of a mixture; ignored where neither is.
    noise : float
        Standard deviation of the noise, in the settings that have one.
    correlation : float
        Of neighbouring features, in the settings that have one.
    """

    level_name: ClassVar[str | None] = "cosine"
    default_noise: ClassVar[float | None] = None
    default_correlation: ClassVar[float | None] = None
    min_features: ClassVar[int] = 2

    def __init__(self, n_features: int, level: float, noise: float, correlation: float) -> None:
        self.n_features = n_features
        self.level = level
        self.noise = noise
        self.correlation = correlation

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one domain's parameters."""
        return (self.n_features,)

    @abstractmethod
    def target_coef(self, generator: Generator) -> Array:
        """Draw the target's parameters."""

    def source_coef(self, target: Array, generator: Generator) -> Array:
        """Turn the target's parameters into the source's, or draw these."""
        return rotate_to_cosine(target, self.level)

    @abstractmethod
    def rows(
        self, coef: Array, domain: int, n_samples: int, for_features: Generator, for_rest: Generator
    ) -> tuple[Array, NDArray[Any]]:
        """Draw rows of the target (domain 0) or of the source (domain 1)."""

    @abstractmethod
    def oracle(self, coef: Array) -> float:
        """Cross-learning score of the best rules."""


class GaussianSetting(Setting):
    """Features are Gaussian, with correlations that decay from neighbour to neighbour."""

    @property
    def covariance(self) -> Array:
        """Of both domains."""
        return autoregressive(self.n_features, self.correlation)

    def features(self, n_samples: int, generator: Generator) -> Array:
        """Draw them."""
        X = generator.standard_normal((n_samples, self.n_features))
        return X if self.correlation == 0 else X @ np.linalg.cholesky(self.covariance).T


def autoregressive(n_features: int, correlation: float) -> Array:
    """Give the correlation matrix with entries ``correlation ** abs(i - j)``."""
    return np.asarray(
        correlation ** abs(np.subtract.outer(np.arange(n_features), np.arange(n_features))),
        dtype=float,
    )


def gaussian_points(n_dimensions: int) -> Array:
    """Give fixed quasi-random points of the standard Gaussian distribution."""
    from scipy.stats import qmc

    sobol = qmc.Sobol(n_dimensions, scramble=True, seed=0)
    return np.asarray(ndtri(sobol.random_base2(_LOG2_POINTS)))


def alternating(n_samples: int) -> NDArray[np.int64]:
    """Give both classes in turn, so that any even number of first rows is balanced."""
    return np.arange(n_samples) % 2
