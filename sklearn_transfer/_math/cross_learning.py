# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Cross-Learning Score from error matrices: scores, aggregation, standard errors and zones.

Entry (t, s) of a matrix is of the pair with domain t in the part of the target and s in that of
the source. `cross[t, s]` is the error, on the rows of t, of the models fitted on s; `own[t, s]`
the cross-validated error of t's own models (it depends on s only where the models are weighed
pair by pair). c is the weight of the target's rows, 1/2 in the symmetric score.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


def model_weights(errors: Array, sharpness: float) -> Array:
    """Softmax weights exp(-g e_m) / sum_j exp(-g e_j) of the models of each domain.

    Parameters
    ----------
    errors : ndarray of shape (..., n_models)
        Cross-validated errors, free of a unit.
    sharpness : float
        g; 0 weighs all models alike, infinity takes the best alone.

    Returns
    -------
    weights : ndarray of shape (..., n_models)
        They sum to 1; models that tie share.
    """
    lag = errors - errors.min(axis=-1, keepdims=True)
    if np.isinf(sharpness):
        weights = (lag == 0.0).astype(float)
    else:
        weights = np.exp(-sharpness * lag)
    return weights / weights.sum(axis=-1, keepdims=True)


def pair_weights(weights: Array) -> Array:
    """Weights of the models in the score of a pair: the mean of its domains' weights.

    Parameters
    ----------
    weights : ndarray of shape (n_domains, n_models)
        Of each domain.

    Returns
    -------
    weights : ndarray of shape (n_domains, n_domains, n_models)
        Symmetric in the pair.
    """
    return 0.5 * (weights[:, np.newaxis] + weights[np.newaxis, :])


def combine_predictions(predictions: Array, weights: Array) -> Array:
    """Weighted ensemble: the models' probabilities, votes or values, mixed by `weights`.

    Parameters
    ----------
    predictions : ndarray of shape (n_models, n_samples, ...)
        Of each model.
    weights : ndarray of shape (n_models,)
        They sum to 1.

    Returns
    -------
    predictions : ndarray of shape (n_samples, ...)
        Of the ensemble.
    """
    return np.tensordot(weights, predictions, axes=1)


def raw_scores(cross: Array, domain_weight: float) -> Array:
    """Mean cross-domain error of each pair, c cross[t, s] + (1 - c) cross[s, t].

    Parameters
    ----------
    cross : ndarray of shape (n_domains, n_domains)
        Cross-domain errors.
    domain_weight : float
        c.

    Returns
    -------
    raw : ndarray of shape (n_domains, n_domains)
        The score before the baseline is taken off.
    """
    return domain_weight * cross + (1.0 - domain_weight) * cross.T


def baseline_errors(own: Array, domain_weight: float) -> Array:
    """Error that each pair's own models make, c own[t, s] + (1 - c) own[s, t].

    Parameters
    ----------
    own : ndarray of shape (n_domains, n_domains)
        Cross-validated errors of the row's domain.
    domain_weight : float
        c.

    Returns
    -------
    baseline : ndarray of shape (n_domains, n_domains)
        What a score is an excess over.
    """
    return raw_scores(own, domain_weight)


def cross_learning_scores(cross: Array, own: Array, domain_weight: float) -> Array:
    """Excess error of each pair, c {cross - own}[t, s] + (1 - c) {cross - own}[s, t].

    Parameters
    ----------
    cross : ndarray of shape (n_domains, n_domains)
        Cross-domain errors.
    own : ndarray of shape (n_domains, n_domains)
        Cross-validated errors of the row's domain.
    domain_weight : float
        c.

    Returns
    -------
    scores : ndarray of shape (n_domains, n_domains)
        0 on the diagonal: a domain is no further from itself than it is.
    """
    scores = raw_scores(cross - own, domain_weight)
    # With few rows a score of 0 is common, and lies on a threshold: rounding must not decide.
    rounding = 16.0 * np.finfo(float).eps * raw_scores(np.abs(cross) + np.abs(own), domain_weight)
    scores[np.abs(scores) <= rounding] = 0.0
    np.fill_diagonal(scores, 0.0)
    return scores


def fold_variance(fold_errors: Array) -> Array:
    """Covariance of the mean over folds of the errors, C / k with C over the k folds.

    Parameters
    ----------
    fold_errors : ndarray of shape (n_folds, n_models)
        Error in each fold.

    Returns
    -------
    variance : ndarray of shape (n_models, n_models)
        Of the cross-validated errors of the models.
    """
    return np.atleast_2d(np.cov(fold_errors, rowvar=False)) / len(fold_errors)


def loss_moments(losses: Array, sample_weight: Array | None) -> tuple[Array, Array]:
    """Mean and covariance of row losses, a row of weight 2 counting twice.

    Parameters
    ----------
    losses : ndarray of shape (n_samples, n_models)
        Loss of each row.
    sample_weight : ndarray of shape (n_samples,) or None
        Row weights.

    Returns
    -------
    mean : ndarray of shape (n_models,)
        The error.
    covariance : ndarray of shape (n_models, n_models)
        Of one row's losses.
    """
    mean = np.average(losses, axis=0, weights=sample_weight)
    centred = losses - mean
    weight = np.full(len(losses), 1.0) if sample_weight is None else sample_weight
    return mean, (centred * weight[:, np.newaxis]).T @ centred / weight.sum()


def quadratic(weights: Array, covariance: Array) -> Array:
    """Variance w' C w of weighted sums, entry by entry.

    Parameters
    ----------
    weights : ndarray of shape (..., n_models)
        Of each sum.
    covariance : ndarray of shape (..., n_models, n_models)
        Of the models.

    Returns
    -------
    variance : ndarray of shape (...)
        Of the sums.
    """
    return np.einsum("...i,...ij,...j->...", weights, covariance, weights)


def baseline_standard_errors(variance: Array, domain_weight: float) -> Array:
    """Standard error of each pair's baseline, the root of c^2 V[t, s] + (1 - c)^2 V[s, t].

    Parameters
    ----------
    variance : ndarray of shape (n_domains, n_domains)
        Variance of the cross-validated error of the row's domain: s^2 / k of fold errors, or
        s^2 / n of row losses.
    domain_weight : float
        c.

    Returns
    -------
    standard_errors : ndarray of shape (n_domains, n_domains)
        For c = 1/2, (1/2) sqrt(V_t + V_s).
    """
    c = domain_weight
    return np.sqrt(c**2 * variance + (1.0 - c) ** 2 * variance.T)


def pooled_variance(
    own: Array, own_variance: Array, cross: Array, cross_variance: Array, sizes: Array
) -> Array:
    """Variance of a row's loss where both domains have one distribution, by source of the models.

    Parameters
    ----------
    own, cross : ndarray of shape (n_domains, n_domains)
        Errors: `own[s, t]` of s's models on its own rows, `cross[t, s]` on those of t.
    own_variance, cross_variance : ndarray of shape (n_domains, n_domains)
        Variances of the row losses behind them.
    sizes : ndarray of shape (n_domains,)
        Rows of each domain.

    Returns
    -------
    variance : ndarray of shape (n_domains, n_domains)
        Entry (t, s) is of the losses of s's models over the rows of s and t together.
    """
    on_own, on_cross = sizes[np.newaxis, :], sizes[:, np.newaxis]
    total = on_own + on_cross
    gap = cross - own.T
    between = on_own * on_cross / total**2 * gap**2
    return (on_own * own_variance.T + on_cross * cross_variance) / total + between


def excess_standard_errors(variance: Array, sizes: Array, domain_weight: float) -> Array:
    """Upper bound of the standard error of a score where both domains are alike.

    Parameters
    ----------
    variance : ndarray of shape (n_domains, n_domains)
        `pooled_variance`.
    sizes : ndarray of shape (n_domains,)
        Rows of each domain.
    domain_weight : float
        c.

    Returns
    -------
    standard_errors : ndarray of shape (n_domains, n_domains)
        sd(A) + sd(B), where the score is A - B: A the weighted cross-domain errors, B the
        weighted cross-validated ones. They are of the same rows and so correlated either way;
        sd(A - B) <= sd(A) + sd(B) holds whichever it is.
    """
    c = domain_weight
    on_target, on_source = 1.0 / sizes[:, np.newaxis], 1.0 / sizes[np.newaxis, :]
    of_source, of_target = variance, variance.T  # by whose models made the losses
    crossed = c**2 * of_source * on_target + (1.0 - c) ** 2 * of_target * on_source
    validated = c**2 * of_target * on_target + (1.0 - c) ** 2 * of_source * on_source
    return np.sqrt(crossed) + np.sqrt(validated)


def level_quantile(level: float, sizes: Array) -> Array:
    """Student's t quantile at 1 - level with N_t + N_s - 2 degrees of freedom.

    Parameters
    ----------
    level : float
        Share of pairs of identical domains that may be called negative.
    sizes : ndarray of shape (n_domains,)
        Rows of each domain.

    Returns
    -------
    quantiles : ndarray of shape (n_domains, n_domains)
        Of each pair.
    """
    freedom = np.maximum(sizes[:, np.newaxis] + sizes[np.newaxis, :] - 2.0, 1.0)
    return stats.t.isf(level, freedom)


def zone_thresholds(
    baseline: Array, standard_error: Array, positive_z: float | Array, negative_z: float | Array
) -> tuple[Array, Array]:
    """Thresholds baseline + z SE; a baseline of 0 gives those of the excess score.

    Parameters
    ----------
    baseline : ndarray
        Baseline errors, or zeros.
    standard_error : ndarray
        Their standard errors.
    positive_z, negative_z : float or ndarray
        z_1 and z_2.

    Returns
    -------
    lower, upper : ndarray
        Of the positive and of the negative zone.
    """
    return baseline + positive_z * standard_error, baseline + negative_z * standard_error


def zones(scores: Array, lower: Array, upper: Array) -> NDArray[np.str_]:
    """Zone of each score: positive up to `lower`, negative above `upper`, ambiguous between.

    Parameters
    ----------
    scores : ndarray
        Raw or excess, as the thresholds are.
    lower, upper : ndarray
        Thresholds, `lower <= upper`.

    Returns
    -------
    zones : ndarray of str
        "positive", "ambiguous" or "negative"; "unscored" where the score or a threshold is not a
        number.
    """
    named = np.where(scores <= lower, "positive", "ambiguous")
    named = np.where(scores > upper, "negative", named)
    unknown = np.isnan(scores) | np.isnan(lower) | np.isnan(upper)
    return np.where(unknown, "unscored", named)
