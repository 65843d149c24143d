# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What sources are worth to an average of models that use them differently, in target rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def worth_of_average(worth: Array, share: Array, n_target: float) -> Array:
    r"""Target rows' worth of each source in an average of models.

    Parameters
    ----------
    worth : ndarray of shape (n_models, n_sources)
        Target rows' worth that each model takes from each source.
    share : ndarray of shape (n_models,)
        Of each model in the average; they sum to 1.
    n_target : float
        N_0, rows of the target that all models have.

    Returns
    -------
    worth : ndarray of shape (n_sources,)
        Target rows' worth of the sources in the average.

    Notes
    -----
    A fit of d coefficients to n rows has the expected excess loss d / (2 n). That of the average is
    at most the average of the models', losses being convex; so rows average harmonically,

    .. math::

        \frac{1}{N_0 + \sum_i v_i} = \sum_c \frac{\pi_c}{N_0 + \sum_i v_{ci}},

    and each source gets the part of what is saved, :math:`1/N_0` less that, that is due to it.

    Examples
    --------
    Half a belief in a pooled model of 10 000 rows is worth no more than the 20 rows it can save:

    >>> import numpy as np
    >>> from sklearn_transfer._math.worth import worth_of_average
    >>> worth_of_average(np.array([[0.0], [10_000.0]]), np.array([0.5, 0.5]), 20.0).round(1)
    array([20.])
    """
    total = worth.sum(axis=1)
    saved = share * (1.0 / n_target - 1.0 / (n_target + total))
    if not saved.any():
        return np.zeros(worth.shape[1])
    within = worth / np.where(total > 0, total, 1.0)[:, np.newaxis]
    # Not 1 / N_0 less what is saved: where much is saved, that difference is all rounding.
    size = 1.0 / (share / (n_target + total)).sum()
    return (size - n_target) * (saved @ within) / saved.sum()
