# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The one list of estimators that feeds scikit-learn's checks and our own, a file per room.

A new method is put under all of them by adding one row to the file of its room.
"""

from __future__ import annotations

from tests.registry import aggregation, boosting, ensemble, hierarchical, weighting, zones
from tests.registry.row import Row

__all__ = ["ROWS", "Row"]

ROWS = [
    *weighting.ROWS,
    *ensemble.ROWS,
    *hierarchical.ROWS,
    *boosting.ROWS,
    *aggregation.ROWS,
    *zones.ROWS,
]
