# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Discrepancy Gram matrices of models, and the dimension that a model behaves as if it had."""

from __future__ import annotations

from sklearn_transfer._math.discrepancy import (
    effective_dimension,
    predictor_discrepancy,
    probability_discrepancy,
)

__all__ = ["effective_dimension", "predictor_discrepancy", "probability_discrepancy"]
