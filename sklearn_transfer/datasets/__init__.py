# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Data with several domains: bundled hospitals, loaders for tables, generators with known truth."""

from sklearn_transfer.datasets._eicu import load_eicu
from sklearn_transfer.datasets._graded_settings import make_transfer_pair
from sklearn_transfer.datasets._hospitals import load_heart_hospitals
from sklearn_transfer.datasets._oracle_scores import oracle_cross_learning_score
from sklearn_transfer.datasets._synthetic import make_domains
from sklearn_transfer.datasets._table import read_table

__all__ = [
    "load_eicu",
    "load_heart_hospitals",
    "make_domains",
    "make_transfer_pair",
    "oracle_cross_learning_score",
    "read_table",
]
