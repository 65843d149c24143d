# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Levels of a measured output, so that it can be treated as a class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

_CANDIDATES = 256


def quantise(
    values: Array, n_levels: int, *, strategy: str, sample_weight: Array | None = None
) -> Codes:
    """Levels of values, from 0 upwards, without gaps.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Finite values.
    n_levels : int
        Number of levels; fewer are used where the values or their ties do not allow as many.
    strategy : {"kmeans", "quantile"}
        Levels of least squared error, or of equal mass.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the values.

    Returns
    -------
    levels : ndarray of int, shape (n_samples,)
        Rise with the values.
    """
    distinct, inverse = np.unique(values, return_inverse=True)
    if len(distinct) <= n_levels:
        return inverse
    mass = np.bincount(inverse, weights=sample_weight).astype(float)
    if strategy == "quantile":
        middle = (np.cumsum(mass) - mass / 2) / mass.sum()
        levels = np.unique(np.floor(middle * n_levels), return_inverse=True)[1]
    else:
        levels = _cluster(distinct, mass, n_levels)
    return levels[inverse]


def _cluster(distinct: Array, mass: Array, n_levels: int) -> Codes:
    """Cluster sorted values, in one dimension, where clusters are intervals.

    Dynamic programming finds the best intervals that end at some 256 candidates, which are all of
    them for as few values; Lloyd's algorithm then moves the ends. Sums over intervals are
    differences of cumulative sums. No randomness, no starting point.
    """
    n_distinct = len(distinct)
    shifted = distinct - np.average(distinct, weights=mass)
    masses = np.concatenate([[0.0], np.cumsum(mass)])
    sums = np.concatenate([[0.0], np.cumsum(mass * shifted)])

    ends = np.arange(n_distinct + 1)
    if n_distinct > _CANDIDATES:
        even = np.linspace(0, n_distinct, _CANDIDATES // 2 + 1).astype(np.intp)
        cuts = np.linspace(shifted[0], shifted[-1], _CANDIDATES // 2 + 1)[1:-1]
        ends = np.unique(np.concatenate([even, np.searchsorted(shifted, cuts)]))
    bounds = ends[_best_intervals(masses[ends], sums[ends], n_levels)]
    for _ in range(1000):
        centres = np.diff(sums[bounds]) / np.diff(masses[bounds])
        middles = (centres[1:] + centres[:-1]) / 2
        moved = np.concatenate([[0], np.searchsorted(shifted, middles), [n_distinct]])
        # an interval that has lost its last value is no level
        moved = np.unique(moved)
        if np.array_equal(moved, bounds):
            break
        bounds = moved
    return np.searchsorted(bounds[1:-1], np.arange(n_distinct), side="right")


def _best_intervals(masses: Array, sums: Array, n_levels: int) -> Codes:
    """Ends of the intervals of greatest variance between them, from cumulative sums."""
    width = masses[np.newaxis] - masses[:, np.newaxis]
    gain = np.full(width.shape, -np.inf)
    np.divide((sums[np.newaxis] - sums[:, np.newaxis]) ** 2, width, out=gain, where=width > 0)
    reached = gain[0]
    steps = []
    for _ in range(n_levels - 1):
        total = reached[:, np.newaxis] + gain
        steps.append(total.argmax(axis=0))
        reached = total[steps[-1], np.arange(len(masses))]
    bounds = [len(masses) - 1]
    for step in reversed(steps):
        bounds.append(int(step[bounds[-1]]))
    return np.array([0, *reversed(bounds)], dtype=np.intp)
