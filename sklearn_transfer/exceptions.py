# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Warnings that concern transfer itself, so that a user can silence or escalate them by class."""

from __future__ import annotations

__all__ = ["TransferWarning"]


class TransferWarning(UserWarning):
    """The fit went on, but its transfer differs from what the call suggests.

    Raised for a fold without sources, a source that had to be left out, a target with one class,
    weights that collapsed to zero or a dynamic run past its phase transition. The message says
    what was found, with figures, and what can be done.

    Examples
    --------
    >>> import warnings
    >>> from sklearn_transfer.exceptions import TransferWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", category=TransferWarning)  # refuse such fits
    """
