# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Splitters that test on rows of the target domain and train on the sources, and what these gain.

The splitters serve wherever scikit-learn takes `cv`.
"""

from sklearn_transfer.model_selection._k_fold import (
    StratifiedTargetKFold,
    TargetGroupKFold,
    TargetKFold,
)
from sklearn_transfer.model_selection._leave_one_out import LeaveOneDomainOut
from sklearn_transfer.model_selection._shuffle import TargetShuffleSplit
from sklearn_transfer.model_selection._transfer_gain import TransferGain, transfer_gain

__all__ = [
    "LeaveOneDomainOut",
    "StratifiedTargetKFold",
    "TargetGroupKFold",
    "TargetKFold",
    "TargetShuffleSplit",
    "TransferGain",
    "transfer_gain",
]
