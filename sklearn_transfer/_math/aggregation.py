# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Losses on one scale, and weights that fall exponentially in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax, xlogy

Array = NDArray[np.float64]

# Probabilities below this count as this: one confident mistake must not outweigh all other rows.
SMALLEST_PROBABILITY = 1e-5


def exponential_weights(losses: Array, rate: float = 1.0) -> Array:
    r"""Weights :math:`w_k = e^{-\lambda \ell_k} / \sum_j e^{-\lambda \ell_j}`.

    Parameters
    ----------
    losses : ndarray of shape (..., n_candidates)
        An infinite loss gives the weight 0.
    rate : float, default=1.0
        lambda, not negative; 0 gives equal weights to all finite losses.

    Returns
    -------
    weights : ndarray of shape (..., n_candidates)
        They sum to 1 over the last axis, however large the losses are.

    Raises
    ------
    ValueError
        If a loss is NaN or minus infinity, or no loss of a row is finite.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer._math.aggregation import exponential_weights
    >>> exponential_weights(np.array([1000.0, 1000.0 + np.log(3.0)]))
    array([0.75, 0.25])
    """
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any() or np.isneginf(losses).any():
        raise ValueError(
            f"`losses` must be numbers or +inf. Got {losses.tolist()} instead; a candidate without "
            "a loss has to be left out."
        )
    finite = np.isfinite(losses)
    if not finite.any(axis=-1).all():
        raise ValueError(
            f"`losses` must hold a finite loss. Got {losses.tolist()} instead; no candidate can "
            "be preferred."
        )
    # Not `-rate * losses`: a rate of 0 times an infinite loss is no number.
    exponent = np.where(finite, -rate * np.where(finite, losses, 0.0), -np.inf)
    return softmax(exponent, axis=-1)


def log_losses(probability: Array) -> Array:
    """Log-loss of each row: -log p, p being the probability given to what happened.

    Parameters
    ----------
    probability : ndarray of shape (n_samples,)
        Probability of each row's true class; clipped away from 0 and 1 by 1e-5.

    Returns
    -------
    losses : ndarray of shape (n_samples,)
        At most 11.5.
    """
    return -np.log(np.clip(probability, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY))


def mean_deviance(probability: Array, sample_weight: Array | None = None) -> float:
    """Mean of -2 log p over rows, p being the probability given to what happened.

    Parameters
    ----------
    probability : ndarray of shape (n_samples,)
        Probability of each row's true class; clipped away from 0 and 1 by 1e-5.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Row weights.

    Returns
    -------
    deviance : float
        Twice the log-loss.
    """
    return float(np.average(2.0 * log_losses(probability), weights=sample_weight))


def unit_deviance(y: Array, mean: Array, power: float) -> Array:
    """Deviance of each row from its predicted mean, for the Tweedie distribution of this power.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        What happened; not negative for powers from 1 on, positive for powers from 2 on.
    mean : ndarray of shape (n_samples,)
        Positive.
    power : float
        Of the mean, to which the variance is proportional: 0 normal, 1 Poisson, 2 gamma.

    Returns
    -------
    deviance : ndarray of shape (n_samples,)
        Not negative.
    """
    if power == 0:
        return (y - mean) ** 2
    if power == 1:
        return 2.0 * (xlogy(y, y / mean) - y + mean)
    if power == 2:
        return 2.0 * (np.log(mean / y) + y / mean - 1.0)
    a, b = 1.0 - power, 2.0 - power
    return 2.0 * (np.maximum(y, 0.0) ** b / (a * b) - y * mean**a / a + mean**b / b)


def mean_squared_error(
    y_true: Array, y_pred: Array, scale: float, sample_weight: Array | None = None
) -> float:
    """Mean squared error in units of `scale`, so that the unit of y does not matter.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,)
        True values.
    y_pred : ndarray of shape (n_samples,)
        Predicted values.
    scale : float
        A variance, as `variance_scale` gives it.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Row weights.

    Returns
    -------
    error : float
        1 is what predicting the mean costs where `scale` is the variance of y.
    """
    # Divided before squaring: values near the largest float must not overflow.
    standard = (y_true - y_pred) / np.sqrt(scale)
    return float(np.average(np.square(standard), weights=sample_weight))


def variance_scale(y: Array, sample_weight: Array | None = None) -> float:
    """Variance of y, as the unit of squared errors.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Values.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Row weights.

    Returns
    -------
    scale : float
        The weighted variance; where y is constant its squared size, and 1 where it is zero.
    """
    y = np.asarray(y, dtype=float)
    mean = np.average(y, weights=sample_weight)
    variance = float(np.average(np.square(y - mean), weights=sample_weight))
    smallest = (np.finfo(float).eps * max(abs(mean), 1e-300)) ** 2
    if variance > smallest:
        return variance
    return float(mean**2) if mean**2 > 0 else 1.0
