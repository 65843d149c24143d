# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Search of the sources that score best, one by one or side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.parallel import Parallel, delayed

from sklearn_transfer.transferability._source_scores import Score

Array = NDArray[np.float64]


class SourceRanking(NamedTuple):
    """Scores of the sources alone and in pairs, and the order in which they are kept."""

    alone: Array
    together: Array | None
    picks: list[int]


def rank_sources(
    score: Score, n_sources: int, *, n_kept: int, order: int, n_jobs: int | None = None
) -> SourceRanking:
    """Rank sources: the best pair first, then what adds most to it, then the others by themselves.

    Parameters
    ----------
    score : callable
        ``score(numbers)`` of sources side by side; greater is better.
    n_sources : int
        Number of sources.
    n_kept : int
        How many will be kept: no more are chosen for what they are worth side by side.
    order : int
        Most sources that are scored side by side.
    n_jobs : int or None, default=None
        Number of scores computed at once, by threads.

    Returns
    -------
    alone : ndarray of shape (n_sources,)
        Score of each source.
    together : ndarray of shape (n_sources, n_sources) or None
        Scores of all pairs, those of the sources alone on the diagonal. None for order 1.
    picks : list of int
        All sources, the first one kept first. The earlier one of equals comes first.
    """
    positions = range(n_sources)
    alone = _scored(score, [(position,) for position in positions], n_jobs)
    together, picks = None, []
    n_joint = min(order, n_kept, n_sources)
    if order > 1:
        pairs = list(combinations(positions, 2))
        values = _scored(score, pairs, n_jobs)
        together = np.diag(alone)
        for (first, second), value in zip(pairs, values, strict=True):
            together[first, second] = together[second, first] = value
        if n_joint > 1:
            best = pairs[int(np.argmax(values))]
            picks = sorted(best, key=lambda position: -alone[position])
    while picks and len(picks) < n_joint:
        rest = [position for position in positions if position not in picks]
        values = _scored(score, [(*picks, position) for position in rest], n_jobs)
        picks.append(rest[int(np.argmax(values))])
    others = sorted(set(positions) - set(picks), key=lambda position: -alone[position])
    return SourceRanking(alone, together, [*picks, *others])


def _scored(score: Score, sets: Sequence[tuple[int, ...]], n_jobs: int | None) -> Array:
    # Threads share the features, and most of a score is spent in linear algebra.
    values = Parallel(n_jobs=n_jobs, prefer="threads")(delayed(score)(numbers) for numbers in sets)
    return np.array(values, dtype=float)
