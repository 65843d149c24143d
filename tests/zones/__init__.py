# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Tests of transfer from the sources in a zone."""
