# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Domains as draws from a population: how far they spread decides how much is borrowed."""

from __future__ import annotations

from sklearn_transfer.hierarchical._random_coefficients import (
    RandomCoefficientsClassifier,
    RandomCoefficientsRegressor,
)

__all__ = ["RandomCoefficientsClassifier", "RandomCoefficientsRegressor"]
