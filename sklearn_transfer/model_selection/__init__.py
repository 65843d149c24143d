# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Splitters that test on rows of the target domain and train on the sources.

They serve wherever scikit-learn takes `cv`.
"""

from sklearn_transfer.model_selection._k_fold import (
    StratifiedTargetKFold,
    TargetGroupKFold,
    TargetKFold,
)
from sklearn_transfer.model_selection._leave_one_out import LeaveOneDomainOut
from sklearn_transfer.model_selection._shuffle import TargetShuffleSplit

__all__ = [
    "LeaveOneDomainOut",
    "StratifiedTargetKFold",
    "TargetGroupKFold",
    "TargetKFold",
    "TargetShuffleSplit",
]
