# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The two schedules of weights of two-stage TrAdaBoost.R2.

Pardoe, Stone, "Boosting for regression transfer", ICML 2010, algorithm "Two-stage TrAdaBoost.R2";
notation as in `boosting`, S steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def target_share(step: int, n_steps: int, n_target: float, n_source: float) -> float:
    """Share of the total weight that the target has after `step` updates of stage 1 (step 4).

    m / (n + m) + t / (S - 1) (1 - m / (n + m)): from its share of the rows to all of it.

    Parameters
    ----------
    step : int
        t, from 0 to S - 1.
    n_steps : int
        S, at least 2.
    n_target, n_source : float
        m and n.

    Returns
    -------
    share : float
        In (0, 1].
    """
    first = n_target / (n_source + n_target)
    return first + step / (n_steps - 1) * (1.0 - first)


def shrink_sources(weight: Array, error: Array, total: float) -> tuple[Array, float]:
    """Source weights w beta^e with a given sum; beta by bisection (step 4).

    The sum rises in log beta from that of the rows without error to that of all rows. No beta
    reaches a sum below the former; then the rows with error get nothing and the others share it.

    Parameters
    ----------
    weight, error : ndarray of shape (n_rows,)
        Of the source rows.
    total : float
        The sum wanted, at most that of `weight`.

    Returns
    -------
    weight : ndarray of shape (n_rows,)
        The new weights.
    beta : float
        In [0, 1].
    """
    # Below the rounding of the largest error, which is 1, there is none.
    error = np.where(error < np.finfo(np.float64).eps, 0.0, error)
    without_error = error == 0
    kept = float(weight[without_error].sum())
    if total <= kept:
        scale = total / kept if kept > 0 else 0.0
        return np.where(without_error, weight * scale, 0.0), 0.0
    if total >= weight.sum():
        return weight.copy(), 1.0
    low, high = -1.0, 0.0
    while weight @ np.exp(low * error) > total:
        low *= 2.0
    while low < (middle := 0.5 * (low + high)) < high:
        if weight @ np.exp(middle * error) > total:
            high = middle
        else:
            low = middle
    return weight * np.exp(low * error), float(np.exp(low))


def update_target_only(
    weight: Array, error: Array, is_target: NDArray[np.bool_], beta: float
) -> Array:
    """Row weights of the next round of AdaBoost.R2' (stage 2).

    Target rows: w beta^(1 - e), scaled so that the target keeps its share; source rows as they
    are. Scaled over all rows instead, the target would lose weight to the sources in each round,
    whose weights would thus change.

    Parameters
    ----------
    weight, error : ndarray of shape (n_samples,)
        w and e of all rows.
    is_target : ndarray of shape (n_samples,)
        Whether a row is the target's.
    beta : float
        eps / (1 - eps), eps being the weighted mean error of **all** rows.

    Returns
    -------
    weight : ndarray of shape (n_samples,)
        With the sum of the weights given.
    """
    updated = weight.copy()
    target = weight[is_target] * beta ** (1.0 - error[is_target])
    updated[is_target] = target * (weight[is_target].sum() / target.sum())
    return updated
