# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Pure functions on clean arrays, one topic a file; no estimators, tables or domains."""
