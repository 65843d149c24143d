# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Score the sources, put each in a zone, and transfer from those of which good is expected."""

from __future__ import annotations

from sklearn_transfer.zones._transfer_zone import TransferZoneClassifier, TransferZoneRegressor

__all__ = ["TransferZoneClassifier", "TransferZoneRegressor"]
