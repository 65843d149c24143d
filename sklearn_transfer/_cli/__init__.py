# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Commands: the demo on bundled hospitals, and the same for a user's own table."""

from __future__ import annotations

from sklearn_transfer._cli._parser import main

__all__ = ["main"]
