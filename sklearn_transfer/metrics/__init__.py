# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""How much transfer has helped, and whether it was foreseen."""

from __future__ import annotations

from sklearn_transfer.metrics._ranking import (
    discounted_cumulative_gain_agreement,
    spearman_agreement,
)
from sklearn_transfer.metrics._relative_error import (
    relative_error_reduction,
    relative_error_reductions,
)

__all__ = [
    "discounted_cumulative_gain_agreement",
    "relative_error_reduction",
    "relative_error_reductions",
    "spearman_agreement",
]
