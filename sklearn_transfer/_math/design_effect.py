# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""How much rows tell that come in groups: the intraclass correlation and the design effect."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def intraclass_correlation(
    residuals: Array, groups: NDArray[np.intp], sample_weight: Array
) -> float:
    r"""Correlation of the residuals of two rows of a group.

    Parameters
    ----------
    residuals : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        With mean 0.
    groups : ndarray of int of shape (n_samples,)
        Group of each row, numbered from 0.
    sample_weight : ndarray of shape (n_samples,)
        A pair of rows counts by the product of their weights.

    Returns
    -------
    correlation : float
        Between 0 and 1; NaN where no group has two rows, or nothing is left to explain.

    Notes
    -----
    .. math:: \hat\rho = \frac{\sum_g \sum_{i \ne j \in g} w_i w_j r_i r_j}
        {\sum_g \sum_{i \ne j \in g} w_i w_j} \Big/ \frac{\sum_i w_i r_i^2}{\sum_i w_i},

    the moment estimator of a correlation that is the same for all pairs; of several outputs, the
    sums are over all of them. Rows of other groups are taken for uncorrelated.

    References
    ----------
    A. Donner, "A review of inference procedures for the intraclass correlation coefficient in the
    one-way random effects model", International Statistical Review 54(1), 1986.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer._math.design_effect import intraclass_correlation
    >>> day = np.repeat(np.arange(4), 2)
    >>> alike = np.repeat([1.0, -1.0, 1.0, -1.0], 2)
    >>> intraclass_correlation(alike, day, np.ones(8))
    1.0
    """
    residuals = residuals.reshape(len(groups), -1)
    weighted = sample_weight[:, np.newaxis] * residuals
    sums = np.stack([np.bincount(groups, column) for column in weighted.T], axis=1)
    products = float((sums**2).sum() - (weighted**2).sum())
    of_group = np.bincount(groups, sample_weight)
    pairs = float(of_group @ of_group - sample_weight @ sample_weight)
    variance = float(sample_weight @ (residuals**2).sum(axis=1) / sample_weight.sum())
    # A sum of squares less its own terms is rounding where there are no pairs.
    if pairs <= 1e-9 * float(sample_weight @ sample_weight) or variance == 0.0:
        return float("nan")
    return float(np.clip(products / pairs / variance, 0.0, 1.0))


def design_weights(groups: NDArray[np.intp], sample_weight: Array, correlation: float) -> Array:
    r"""What a row is worth beside the others of its group.

    Parameters
    ----------
    groups : ndarray of int of shape (n_samples,)
        Group of each row, numbered from 0.
    sample_weight : ndarray of shape (n_samples,)
        Weights of the rows.
    correlation : float
        Between two rows of a group.

    Returns
    -------
    weights : ndarray of shape (n_samples,)
        :math:`1 / (1 + (m - 1) \rho)`, the inverse of the design effect of a group of m rows [1]_;
        with unequal weights :math:`m = (\sum w)^2 / \sum w^2`.

    References
    ----------
    .. [1] L. Kish, "Survey Sampling", Wiley, 1965, sections 5.4 and 11.7.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer._math.design_effect import design_weights
    >>> design_weights(np.array([0, 0, 0, 1]), np.ones(4), 0.5)
    array([0.5, 0.5, 0.5, 1. ])
    """
    total = np.bincount(groups, sample_weight)[groups]
    size = total**2 / np.bincount(groups, sample_weight**2)[groups]
    return 1.0 / (1.0 + (size - 1.0) * correlation)
