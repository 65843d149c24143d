# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Look at what was learnt: displays of fitted transfer estimators."""

from __future__ import annotations

from sklearn_transfer.inspection._source_weights import SourceWeightsDisplay

__all__ = ["SourceWeightsDisplay"]
