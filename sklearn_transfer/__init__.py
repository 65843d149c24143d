# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Learn for a small table with the help of larger ones, as scikit-learn estimators."""

from __future__ import annotations

from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor

__version__ = "0.1.0"

__all__ = ["UOWQClassifier", "UOWQRegressor", "__version__"]
