# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Baselines, and methods that choose among or average over sources by held-out target rows."""

from __future__ import annotations

from sklearn_transfer.ensemble._art import ARTClassifier, ARTRegressor
from sklearn_transfer.ensemble._direct import DirectTransferClassifier, DirectTransferRegressor
from sklearn_transfer.ensemble._source_detection import (
    SourceDetectionClassifier,
    SourceDetectionRegressor,
)

__all__ = [
    "ARTClassifier",
    "ARTRegressor",
    "DirectTransferClassifier",
    "DirectTransferRegressor",
    "SourceDetectionClassifier",
    "SourceDetectionRegressor",
]
