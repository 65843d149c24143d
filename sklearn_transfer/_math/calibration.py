# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Levels of predictions: how much higher one model predicts than the target's rows show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

Array = NDArray[np.float64]


def class_shift(
    log_probabilities: Array,
    shares: Array,
    *,
    sample_weight: Array | None = None,
    max_iter: int = 50,
    tol: float = 1e-10,
) -> Array:
    r"""Intercepts that bring a classifier's mean probabilities to given class shares.

    Parameters
    ----------
    log_probabilities : ndarray of shape (n_samples, n_classes)
        Logarithms of predicted probabilities, up to a constant per row; finite.
    shares : ndarray of shape (n_classes,)
        Positive shares that sum to 1.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Weights of the rows.
    max_iter : int, default=50
        Most Newton steps.
    tol : float, default=1e-10
        Largest difference of shares at which the iteration ends.

    Returns
    -------
    shift : ndarray of shape (n_classes,)
        The intercepts b, summing to 0.

    Notes
    -----
    Minimises the convex ``mean_x logsumexp(z(x) + b) - shares' b``: the maximum-likelihood
    intercepts of a multinomial regression with offset z ("recalibration in the large").

    Examples
    --------
    A model that predicts 50 % where 80 % are positive lies ``logit(0.8)`` too low:

    >>> import numpy as np
    >>> shift = class_shift(np.log(np.full((4, 2), 0.5)), np.array([0.2, 0.8]))
    >>> bool(np.isclose(shift[1] - shift[0], np.log(4)))
    True
    """
    weight = np.ones(len(log_probabilities)) if sample_weight is None else sample_weight
    weight = weight / weight.sum()
    n_classes = len(shares)
    shift = np.zeros(n_classes)
    for _ in range(max_iter):
        p = softmax(log_probabilities + shift, axis=1)
        mean = weight @ p
        gradient = mean - shares
        if np.abs(gradient).max() <= tol:
            break
        hessian = np.diag(mean) - (p * weight[:, np.newaxis]).T @ p
        # The direction of equal intercepts changes nothing; the added rank makes it regular.
        step = np.linalg.solve(hessian + 1.0 / n_classes + 1e-12 * np.eye(n_classes), gradient)
        shift -= step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
    return shift - shift.mean()


def class_shares(y: NDArray, classes: NDArray, sample_weight: Array | None = None) -> Array:
    """Laplace-smoothed shares of the classes, all positive.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    classes : ndarray of shape (n_classes,)
        All labels.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Weights of the rows.

    Returns
    -------
    shares : ndarray of shape (n_classes,)
        ``(count_c + 1/2) / (n + C/2)``.
    """
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    counts = (y[:, np.newaxis] == classes).T @ weight + 0.5
    return counts / counts.sum()
