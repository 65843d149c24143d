# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Train on everything, weighted right: UOWQ and the mathematics of its weights."""

from __future__ import annotations

from sklearn_transfer._math.kl_risk import (
    critical_ratio,
    debias_discrepancy,
    effective_sample_size,
    kl_risk,
    optimal_quantities,
    optimal_weights,
    plug_in_noise,
    pooling_ratio,
    single_source_weight,
    transfer_quantity,
)
from sklearn_transfer.weighting._otqms import OTQMSClassifier, OTQMSRegressor
from sklearn_transfer.weighting._uowq import UOWQClassifier, UOWQRegressor

__all__ = [
    "OTQMSClassifier",
    "OTQMSRegressor",
    "UOWQClassifier",
    "UOWQRegressor",
    "critical_ratio",
    "debias_discrepancy",
    "effective_sample_size",
    "kl_risk",
    "optimal_quantities",
    "optimal_weights",
    "plug_in_noise",
    "pooling_ratio",
    "single_source_weight",
    "transfer_quantity",
]
