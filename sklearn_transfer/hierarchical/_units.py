# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the sources say, in one unit for all domains or in each domain's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._domains import Domains
from sklearn_transfer._math.random_coefficients import Population, population_given_spread
from sklearn_transfer.hierarchical._coordinates import Rows
from sklearn_transfer.hierarchical._noise import Noise, noise_of_domains

Array = NDArray[Any]


@dataclass(frozen=True)
class Told:
    """What the sources say of the coefficients.

    Parameters
    ----------
    information : ndarray of shape (n_sources, n_coefficients, n_coefficients)
        H_i, in units of the source's noise.
    score : ndarray of shape (n_sources, n_coefficients)
        b_i.
    noise : Noise
        What noise is usual.
    spread : ndarray of shape (n_coefficients,)
        Variances between sources.
    unit : ndarray of shape (n_coefficients,) or float, default=1.0
        The target's unit of each coefficient over that in which it is told.
    noise_unit : float, default=1.0
        The same of y.
    own_units : bool, default=False
        Whether each source tells of slopes in its own unit.
    """

    information: Array
    score: Array
    noise: Noise
    spread: Array
    unit: Array | float = 1.0
    noise_unit: float = 1.0
    own_units: bool = False

    @property
    def target_noise(self) -> Noise:
        """What noise is expected of the target, in its unit."""
        return replace(self.noise, typical=self.noise.typical * self.noise_unit**2)

    @property
    def target_score(self) -> Array:
        """b_i, were the sources in the target's unit."""
        return self.score / self.unit

    def information_per_row(self, n_rows: float) -> Array:
        """Mean of the sources' rows, were they in the target's unit."""
        return self.information.sum(axis=0) / (n_rows * self._units())

    def population(self, spread: Array, penalty: Array) -> Population:
        """The population that the target is drawn from, in its unit.

        Parameters
        ----------
        spread : ndarray of shape (n_coefficients,)
            Variances between sources, in their units.
        penalty : ndarray of shape (n_coefficients,)
            On the mean, in units of y.

        Returns
        -------
        population : Population
            Its likelihood is that in the sources' units: these do not depend on the target, so that
            the likelihoods of both kinds of units compare.
        """
        told = population_given_spread(
            self.information, self.score, spread, penalty / self.noise.typical
        )
        return replace(
            told,
            mean=told.mean * self.unit,
            mean_covariance=told.mean_covariance * self._units(),
            spread=told.spread * self.unit**2,
            source_precision=told.source_precision / self._units(),
        )

    def _units(self) -> Array:
        """Unit of each product of two coefficients."""
        return np.multiply.outer(self.unit, self.unit)


def units_of_domains(rows: Rows, domains: Domains) -> Array:
    """Standard deviation of y in each domain, those of few rows shrunk to what is usual.

    Parameters
    ----------
    rows : Rows
        Of all domains.
    domains : Domains
        Which row belongs where.

    Returns
    -------
    unit : ndarray of shape (1 + n_sources,)
        The target's first, over the geometric mean of the sources'.
    """
    squares, freedom = np.zeros(domains.n_sources + 1), np.zeros(domains.n_sources + 1)
    for index in range(domains.n_sources + 1):
        used = domains.source_rows(index - 1) if index else domains.target_rows
        weight, y = rows.sample_weight[used], rows.y[used]
        if weight.sum() > 2:
            squares[index] = weight @ (y - np.average(y, weights=weight)) ** 2
            freedom[index] = weight.sum() - 1.0
    if not freedom.any():
        return np.ones(domains.n_sources + 1)
    unit = np.sqrt(noise_of_domains(squares, freedom)[0])
    return unit / np.exp(np.log(unit[1:]).mean())
