# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The paper's algorithm as it stands; the guard has tests of its own."""

from functools import partial

from sklearn_transfer import weighting

UOWQClassifier = partial(weighting.UOWQClassifier, guard=None)
UOWQRegressor = partial(weighting.UOWQRegressor, guard=None)
