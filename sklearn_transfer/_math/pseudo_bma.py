# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Belief in candidates by what each said of held-out rows, and by how few rows that rests on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._math.aggregation import exponential_weights

Array = NDArray[np.float64]

_LEAST_LOSS = 1e-12
_MOST_NUMBERS_AT_ONCE = 2_000_000


def pseudo_bma_weights(
    losses: Array,
    sample_weight: Array | None = None,
    *,
    are_logarithmic: bool,
    groups: NDArray[np.intp] | None = None,
    rate: float = 1.0,
    prior: Array | None = None,
    n_draws: int = 1000,
    random_state: int = 0,
) -> Array:
    r"""Weights :math:`\pi_k \propto p_k e^{-\lambda N \bar\ell_k}`, averaged over the rows' chance.

    Parameters
    ----------
    losses : ndarray of shape (n_samples, n_candidates)
        Of each held-out row by each candidate.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Row weights; a weight of 2 is a row that was seen twice.
    are_logarithmic : bool
        Whether they are log-losses. Otherwise the likelihood is that of a normal variable whose
        variance is the mean loss, and :math:`\frac12 \log \bar\ell_k` stands for it.
    groups : ndarray of int of shape (n_samples,) or None, default=None
        Rows of one group are drawn together, with one Dirichlet weight for all. None draws rows.
    rate : float, default=1.0
        lambda.
    prior : ndarray of shape (n_candidates,) or None, default=None
        p; None for equal ones.
    n_draws : int, default=1000
        Of the bootstrap.
    random_state : int, default=0
        Of the draws.

    Returns
    -------
    weights : ndarray of shape (n_candidates,)
        They sum to 1.

    Notes
    -----
    The mean loss is bootstrapped with Dirichlet weights of the rows, and the weights are averaged
    over the draws: a candidate that is ahead by one outlier alone is not believed outright [1]_.

    References
    ----------
    .. [1] Y. Yao, A. Vehtari, D. Simpson, A. Gelman, "Using Stacking to Average Bayesian
       Predictive Distributions", Bayesian Analysis 13(3), 2018, section 3.4 (Pseudo-BMA+).

    Examples
    --------
    One row of fifty makes the second candidate's mean the smaller one:

    >>> import numpy as np
    >>> from sklearn_transfer._math.pseudo_bma import pseudo_bma_weights
    >>> losses = np.tile([1.0, 1.1], (50, 1))
    >>> losses[0] = [40.0, 1.1]
    >>> losses.mean(axis=0).round(2)
    array([1.78, 1.1 ])
    >>> pseudo_bma_weights(losses, are_logarithmic=False).round(1)
    array([0.1, 0.9])
    """
    weight = np.ones(len(losses)) if sample_weight is None else sample_weight
    log_prior = 0.0 if prior is None else np.log(prior)
    scale = max(float(losses.min()), _LEAST_LOSS)
    total = float(weight.sum())
    rng = np.random.default_rng(random_state)
    found = np.zeros(losses.shape[1])
    at_once = max(1, _MOST_NUMBERS_AT_ONCE // len(losses))
    group_of_row = None
    if groups is not None:
        names, group_of_row = np.unique(groups, return_inverse=True)
    for start in range(0, n_draws, at_once):
        n_now = min(at_once, n_draws - start)
        if group_of_row is None:
            share = rng.standard_gamma(weight, size=(n_now, len(losses)))
        else:
            share = rng.standard_gamma(1.0, size=(n_now, len(names)))[:, group_of_row] * weight
        # Of weights far below 1 all draws may be 0.
        share += np.finfo(float).tiny
        means = share @ losses / share.sum(axis=1, keepdims=True)
        evidence = likelihood_losses(means, total, are_logarithmic, scale)
        found += exponential_weights(rate * evidence - log_prior).sum(axis=0)
    return found / n_draws


def likelihood_losses(
    losses: Array, n_samples: float, are_logarithmic: bool, scale: float | None = None
) -> Array:
    """Negative log-likelihood of all rows, up to a constant.

    Parameters
    ----------
    losses : ndarray of shape (..., n_candidates)
        Means over rows.
    n_samples : float
        Weight of these rows.
    are_logarithmic : bool
        As in `pseudo_bma_weights`.
    scale : float or None, default=None
        Positive unit of losses that are no log-losses; None for the least of them.

    Returns
    -------
    losses : ndarray of the shape of `losses`
        In units of the likelihood.
    """
    if are_logarithmic:
        return n_samples * losses
    if scale is None:
        scale = max(float(losses.min()), _LEAST_LOSS)
    return 0.5 * n_samples * np.log(np.maximum(losses / scale, _LEAST_LOSS))
