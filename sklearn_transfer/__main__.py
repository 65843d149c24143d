# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The command line: `python -m sklearn_transfer --help`."""

from __future__ import annotations

import sys

from sklearn_transfer._cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
