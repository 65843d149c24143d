# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Baselines, and methods that choose among or average over sources by rows of the target."""

from __future__ import annotations

from sklearn_transfer.ensemble._art import ARTClassifier, ARTRegressor
from sklearn_transfer.ensemble._direct import DirectTransferClassifier, DirectTransferRegressor
from sklearn_transfer.ensemble._h_ensemble import HEnsembleClassifier
from sklearn_transfer.ensemble._maximal_correlation_weighting import (
    MaximalCorrelationWeightingClassifier,
)
from sklearn_transfer.ensemble._source_detection import (
    SourceDetectionClassifier,
    SourceDetectionRegressor,
)

__all__ = [
    "ARTClassifier",
    "ARTRegressor",
    "DirectTransferClassifier",
    "DirectTransferRegressor",
    "HEnsembleClassifier",
    "MaximalCorrelationWeightingClassifier",
    "SourceDetectionClassifier",
    "SourceDetectionRegressor",
]
