# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The noise of the domains as draws from a population."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_transfer.hierarchical._noise import noise_of_domains
from sklearn_transfer.hierarchical._population_fit import noise_factors


def test_equal_noise_is_pooled():
    """Where sums of squares agree better than chance lets them, there is one variance."""
    variance, noise = noise_of_domains(np.full(5, 60.0), np.full(5, 30.0))
    assert_allclose(variance, variance[0])
    assert noise.log_sd == pytest.approx(0.35)
    assert noise.typical == pytest.approx(2.0, rel=0.05)


def test_planted_population_of_variances():
    """Error of the log standard deviation: about 1 / sqrt(2 K) = 2 %, five of which are allowed."""
    rng = np.random.default_rng(0)
    logs = 1.0 + 1.5 * rng.standard_normal(1000)
    freedom = rng.integers(20, 200, 1000).astype(float)
    squares = np.exp(logs) * rng.chisquare(freedom)
    variance, noise = noise_of_domains(squares, freedom)
    assert noise.log_sd == pytest.approx(np.hypot(1.5, 0.35), rel=0.1)
    assert np.log(noise.typical) == pytest.approx(1.0, abs=0.25)
    # Shrunk estimates are nearer than those of each source alone.
    alone = np.log(squares / freedom)
    assert np.mean((np.log(variance) - logs) ** 2) < np.mean((alone - logs) ** 2)


def test_source_without_freedom_gets_the_typical_noise():
    variance, noise = noise_of_domains(np.array([10.0, 90.0, 0.0]), np.array([30.0, 30.0, 0.0]))
    assert variance[2] == pytest.approx(noise.typical)
    assert variance[0] < variance[2] < variance[1]


@pytest.mark.parametrize("log_sd", [0.35, 1.0, 3.0])
def test_grid_of_factors_reaches_far_enough(log_sd):
    factors = noise_factors(log_sd)
    assert pytest.approx(factors[len(factors) // 2]) == 1.0
    assert np.log(factors[-1]) >= max(2.8 * log_sd, np.log(4.0)) - 1e-9
    assert len(factors) <= 25
