# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The private names of scikit-learn that this package uses, imported here and nowhere else.

A release that moves one of them is mended in this file.
"""

from __future__ import annotations

from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions, validate_params
from sklearn.utils.validation import _check_sample_weight, _check_y, _num_samples

__all__ = [
    "HasMethods",
    "Interval",
    "StrOptions",
    "_check_sample_weight",
    "_check_y",
    "_fit_context",
    "_num_samples",
    "_safe_indexing",
    "validate_params",
]
