# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""TrAdaBoost and its kin: boosting that takes weight from source rows which mislead."""

from __future__ import annotations

from sklearn_transfer.boosting._multisource import MultiSourceTrAdaBoostClassifier
from sklearn_transfer.boosting._tradaboost import (
    DynamicTrAdaBoostClassifier,
    TrAdaBoostClassifier,
)
from sklearn_transfer.boosting._tradaboost_r2 import TrAdaBoostRegressor
from sklearn_transfer.boosting._two_stage import TwoStageTrAdaBoostRegressor

__all__ = [
    "DynamicTrAdaBoostClassifier",
    "MultiSourceTrAdaBoostClassifier",
    "TrAdaBoostClassifier",
    "TrAdaBoostRegressor",
    "TwoStageTrAdaBoostRegressor",
]
