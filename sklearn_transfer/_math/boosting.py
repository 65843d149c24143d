# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""Weights of rows and of votes in boosting across domains.

Notation of the papers: n source rows and m target rows (sums of sample weights, so that a weight of
2 is a row twice), N rounds, K classes; :math:`e_i \in [0, 1]` is the error of row i, in
classification 0 or 1; w is the vector of row weights, whose scale never matters.

Dai: Dai, Yang, Xue, Yu, "Boosting for transfer learning", ICML 2007, Algorithm 1.
Al-Stouhi: Al-Stouhi, Reddy, "Adaptive boosting for transfer learning using dynamic updates",
ECML PKDD 2011, Algorithm 1.
Pardoe: Pardoe, Stone, "Boosting for regression transfer", ICML 2010.
Drucker: "Improving regressors using boosting techniques", ICML 1997.
SAMME: Zhu, Zou, Rosset, Hastie, "Multi-class AdaBoost", Statistics and Its Interface 2, 2009.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Half of the votes is half, and the error of chance is that of chance, up to the rounding of sums.
ROUNDING = 1e-10


def source_decay(n_source: float, n_rounds: int) -> float:
    """Factor by which a source row loses weight when a learner errs on it.

    Dai, beta of the initialisation: 1 / (1 + sqrt(2 ln n / N)), the rate of Hedge.

    Parameters
    ----------
    n_source : float
        n. Less than one row has nothing to learn from: the factor is then 1.
    n_rounds : int
        N, the rounds planned.

    Returns
    -------
    decay : float
        In (0, 1].
    """
    return float(1.0 / (1.0 + np.sqrt(2.0 * np.log(max(n_source, 1.0)) / n_rounds)))


def target_error(weight: Array, error: Array) -> float:
    """Weighted mean error (Dai, step 3; Pardoe, Algorithm TrAdaBoost.R2, step 3).

    Parameters
    ----------
    weight : ndarray of shape (n_rows,)
        Weights of the rows that judge the learner: the target's, at any scale.
    error : ndarray of shape (n_rows,)
        Their errors.

    Returns
    -------
    eps : float
        In [0, 1].
    """
    return float(min(weight @ error / weight.sum(), 1.0))


def error_floor(n_target: float) -> float:
    """Smallest share of errors that m rows can vouch for.

    Without it, a learner without error on the target has an infinite vote. The value,
    (0 + 1/2) / (m + 1), is Krichevsky and Trofimov's estimate from no error in m rows.

    Parameters
    ----------
    n_target : float
        m.

    Returns
    -------
    floor : float
        In (0, 1/4].
    """
    return 0.5 / (max(n_target, 1.0) + 1.0)


def chance_error(n_classes: int) -> float:
    """Error of guessing: 1 - 1/K (Dai: 1/2; SAMME).

    Parameters
    ----------
    n_classes : int
        K; 2 for regression.

    Returns
    -------
    chance : float
        In [1/2, 1).
    """
    return 1.0 - 1.0 / n_classes


def is_chance(eps: float, n_classes: int = 2) -> bool:
    """Whether a learner is no better than guessing, so that it must not vote.

    A learner that errs on the same target rows as the one before has exactly this error under the
    new weights, so that rounding would decide; hence the margin.

    Parameters
    ----------
    eps : float
        Its weighted error.
    n_classes : int, default=2
        K; 2 for regression.

    Returns
    -------
    is_chance : bool
        Whether eps >= 1 - 1/K, up to rounding.
    """
    return eps >= chance_error(n_classes) - ROUNDING


def target_beta(eps: float, n_classes: int = 2) -> float:
    """beta_t = eps / ((1 - eps) (K - 1)) (Dai, step 4; SAMME for K > 2).

    Parameters
    ----------
    eps : float
        In (0, 1 - 1/K).
    n_classes : int, default=2
        K.

    Returns
    -------
    beta : float
        In (0, 1).
    """
    return eps / ((1.0 - eps) * (n_classes - 1))


def correction_factor(eps: float, beta: float) -> float:
    """Growth of the target's total weight in one round, by which the sources must grow too.

    Al-Stouhi's C_t = 2 (1 - eps), for K classes K (1 - eps), is the value of
    (1 - eps) + eps / beta_t at beta_t = eps / ((1 - eps) (K - 1)). The general form also holds
    where beta_t was floored: a learner without error leaves the target as it is, so C_t = 1,
    while K (1 - eps) would multiply the sources by K.

    Parameters
    ----------
    eps : float
        The error as measured, not floored.
    beta : float
        beta_t as used for the target's rows.

    Returns
    -------
    factor : float
        In [1, K).
    """
    return (1.0 - eps) + eps / beta


def update_weights(
    weight: Array,
    error: Array,
    is_target: NDArray[np.bool_],
    decay: float,
    beta: float,
    correction: float = 1.0,
) -> Array:
    """Row weights of the next round (Dai, step 5; Pardoe, TrAdaBoost.R2, step 5).

    Source rows: C w decay^e; target rows: w beta_t^-e.

    Parameters
    ----------
    weight, error : ndarray of shape (n_samples,)
        w and e.
    is_target : ndarray of shape (n_samples,)
        Whether a row is the target's.
    decay : float
        Of the sources.
    beta : float
        beta_t.
    correction : float, default=1.0
        C_t of the dynamic variant.

    Returns
    -------
    weight : ndarray of shape (n_samples,)
        Scaled to the sum of the weights given.
    """
    updated = weight * np.where(is_target, beta**-error, correction * decay**error)
    return updated * (weight.sum() / updated.sum())


def first_vote(n_rounds: int) -> int:
    """Index, from 0, of the first round that votes: t >= ceil(N / 2), t from 1 (Dai, Output).

    Parameters
    ----------
    n_rounds : int
        Rounds done; where boosting ended early, those before the end.

    Returns
    -------
    index : int
        Of the first learner that votes.
    """
    return max(ceil(n_rounds / 2) - 1, 0)


def vote_weight(beta: float) -> float:
    """log(1 / beta_t), the vote of one learner (Dai, Output; Pardoe; SAMME).

    Parameters
    ----------
    beta : float
        In (0, 1]; 1 where a learner is no better than chance.

    Returns
    -------
    weight : float
        Not negative.
    """
    return float(np.log(1.0 / beta))


def vote_shares(votes: NDArray[np.intp], weights: Array, n_classes: int) -> Array:
    """Share of the votes that each class gets.

    Dai's output, class 1 if prod beta_t^-h_t >= prod beta_t^-1/2, asks after logarithms whether
    the share of class 1 is at least 1/2.

    Parameters
    ----------
    votes : ndarray of shape (n_voters, n_samples)
        Class numbers.
    weights : ndarray of shape (n_voters,)
        Of the votes.
    n_classes : int
        K.

    Returns
    -------
    shares : ndarray of shape (n_samples, n_classes)
        Rows sum to 1.
    """
    shares = np.zeros((votes.shape[1], n_classes))
    rows = np.arange(votes.shape[1])
    for vote, weight in zip(votes, weights / weights.sum(), strict=True):
        shares[rows, vote] += weight
    # Rounded to the precision that sums of votes have, so that a tie is a tie.
    shares = np.round(shares, 10)
    return shares / shares.sum(axis=1, keepdims=True)


def weighted_median(predictions: Array, weights: Array) -> Array:
    """Smallest prediction at which half of the votes is reached (Drucker; Pardoe, Output).

    inf {y : sum_{t: h_t <= y} log(1/beta_t) >= 1/2 sum_t log(1/beta_t)}. It is always one of the
    predictions; no mean of two is taken.

    Parameters
    ----------
    predictions : ndarray of shape (n_voters, n_samples)
        h_t(x).
    weights : ndarray of shape (n_voters,)
        Of the votes.

    Returns
    -------
    median : ndarray of shape (n_samples,)
        Per sample.
    """
    order = np.argsort(predictions, axis=0, kind="stable")
    reached = np.cumsum(weights[order], axis=0)
    index = (reached >= (0.5 - ROUNDING) * reached[-1]).argmax(axis=0)
    columns = np.arange(predictions.shape[1])
    return predictions[order[index, columns], columns]


def relative_errors(residual: Array, loss: str = "linear") -> Array:
    """Errors between 0 and 1 of a regressor (Drucker, step 5; Pardoe, AdaBoost.R2, step 2).

    Parameters
    ----------
    residual : ndarray of shape (n_samples,)
        y - h(x) of **all** rows, source and target: the largest of them is the unit.
    loss : {"linear", "square", "exponential"}, default="linear"
        r, r^2 or 1 - exp(-r) of r = |residual| / max |residual|.

    Returns
    -------
    error : ndarray of shape (n_samples,)
        All 0 where every residual is.
    """
    size = np.abs(residual)
    largest = size.max(initial=0.0)
    relative = size / largest if largest > 0 else np.zeros_like(size)
    if loss == "square":
        return relative**2
    if loss == "exponential":
        return -np.expm1(-relative)
    return relative
