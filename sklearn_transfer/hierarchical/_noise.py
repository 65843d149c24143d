# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Noise variances of the domains, as draws from a population of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Variances below this are those of rounding; y is in units of its standard deviation.
LEAST_VARIANCE = 1e-8
# Even where all sources agree, the target's noise may differ a little.
LEAST_LOG_SD = 0.35


@dataclass(frozen=True)
class Noise:
    """Noise variances of the domains, as draws from a population of their own.

    Parameters
    ----------
    typical : float
        Geometric mean over the sources: what is expected of the target.
    log_sd : float
        Standard deviation of the logarithm of a domain's variance around that.
    squares, freedom : ndarray of shape (n_sources,) or None, default=None
        Sums of squared residuals and their degrees of freedom; 0 where rows are too few to tell.
    log_likelihood : float, default=0.0
        Of the sources' variances, up to a constant.
    """

    typical: float
    log_sd: float
    squares: Array | None = None
    freedom: Array | None = None
    log_likelihood: float = 0.0


def noise_of_domains(squares: Array, freedom: Array) -> tuple[Array, Noise]:
    """Noise variance of each source, shrunk to their population; by moments of the logarithms.

    Parameters
    ----------
    squares : ndarray of shape (n_sources,)
        Sums of squared residuals.
    freedom : ndarray of shape (n_sources,)
        Their degrees of freedom; 0 where a source has too few rows to tell.

    Returns
    -------
    variance : ndarray of shape (n_sources,)
        Of each source.
    noise : Noise
        Of the population.

    Notes
    -----
    The logarithm of a variance with f degrees of freedom has about the mean ``log sigma^2 - 1 / f``
    and the variance ``2 / f``.
    """
    told = freedom > 0
    logs = np.log(np.maximum(squares[told] / freedom[told], LEAST_VARIANCE)) + 1.0 / freedom[told]
    error = 2.0 / freedom[told]
    between = 0.0
    for _ in range(20):
        weight = 1.0 / (between + error)
        mean = weight @ logs / weight.sum()
        if len(logs) > 1:
            excess = (logs - mean) ** 2 * len(logs) / (len(logs) - 1) - error
            between = max(float(weight**2 @ excess / (weight**2).sum()), 0.0)
    shrunk = np.full(len(squares), mean)
    shrunk[told] = mean + between / (between + error) * (logs - mean)
    variance = between + error
    # Restricted: the mean is estimated.
    log_likelihood = -0.5 * (
        np.log(variance).sum()
        + ((logs - mean) ** 2 / variance).sum()
        + np.log((1.0 / variance).sum())
    )
    return np.exp(shrunk), Noise(
        float(np.exp(mean)),
        float(np.hypot(np.sqrt(between), LEAST_LOG_SD)),
        log_likelihood=float(log_likelihood),
    )
