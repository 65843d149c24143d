# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Warnings that point to the caller's line."""

from __future__ import annotations

import sys
import warnings

from sklearn_transfer.exceptions import TransferWarning


def warn_transfer(message: str) -> None:
    """Issue a `TransferWarning` that points to the caller of scikit-learn and this package.

    Parameters
    ----------
    message : str
        What was found, with figures, and what can be done.
    """
    inside = ("sklearn_transfer", "sklearn", "joblib")
    level = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        tuple(f"{package}." for package in inside)
    ):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, TransferWarning, stacklevel=level + 1)
