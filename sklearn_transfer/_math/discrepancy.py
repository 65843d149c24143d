# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""Discrepancy Gram matrices between a target model and source models.

UOWQ needs one matrix of the fitted models, ``M_ij = (theta_i - theta_0)' J (theta_j - theta_0)``
with the target's Fisher information J [1]_. J itself is never formed. Each source becomes a
*deviation*: a function of the target's rows, scaled so that M is the mean inner product

.. math:: M_{ij} = \sum_x \omega_x \langle g_i(x), g_j(x) \rangle, \qquad \sum_x \omega_x = 1.

For a linear predictor, ``g_i = V^{1/2} (eta_i - eta_0)`` with the family's information weight V:
exact. For a model known by its probabilities alone, ``g_i = 2 (sqrt(p_i) - sqrt(p_0))``: the same
to second order, and bounded where models are confident.

Directions that each domain owns (its intercept, its class priors) are *tangents* in the same
space; projecting the deviations off them leaves the efficient information of the shared part.

References
----------
.. [1] "Unified Optimization of Source Weights and Transfer Quantities in Multi-Source Transfer
       Learning", arXiv:2601.10779, Theorem 5 and Algorithm 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, softmax

Array = NDArray[np.float64]

FAMILIES = ("bernoulli", "multinomial", "gaussian", "poisson", "gamma", "tweedie")


def predictor_discrepancy(
    source_predictors: Array,
    target_predictor: Array,
    *,
    family: str = "gaussian",
    dispersion: float = 1.0,
    power: float = 1.5,
    sample_weight: Array | None = None,
    own_intercepts: bool = False,
) -> Array:
    r"""Gram matrix of models that are linear in their predictor, over the target's rows.

    Parameters
    ----------
    source_predictors : ndarray of shape (n_sources, n_samples) or (n_sources, n_samples, n_classes)
        Linear predictor of each source model on the target's rows: log-odds, logits, means
        (gaussian) or log-means (poisson, gamma, tweedie).
    target_predictor : ndarray of shape (n_samples,) or (n_samples, n_classes)
        The same of the target model.
    family : str, default="gaussian"
        Likelihood, "bernoulli", "multinomial", "gaussian", "poisson", "gamma" or "tweedie"; its
        link is the one named above.
    dispersion : float, default=1.0
        Noise variance (gaussian) or dispersion phi (gamma, tweedie).
    power : float, default=1.5
        Variance power of tweedie.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Weights of the target's rows.
    own_intercepts : bool, default=False
        Whether every domain has its own intercept, which then is no discrepancy.

    Returns
    -------
    discrepancy : ndarray of shape (n_sources, n_sources)
        M, in units of one sample's information.

    See Also
    --------
    probability_discrepancy : For models known by their probabilities alone.

    Notes
    -----
    ``M_ij = mean_x Z_i(x)' V(x) Z_j(x)``, ``Z_i = eta_i - eta_0``, and V the information weight
    ``(d mu / d eta)^2 / (phi Var(mu))`` at the target model. It equals ``Delta_i' J Delta_j`` and
    does not depend on the coordinates of the features.

    Examples
    --------
    One source whose mean is 1 above the target's everywhere, noise variance 4:

    >>> import numpy as np
    >>> from sklearn_transfer.discrepancy import predictor_discrepancy
    >>> predictor_discrepancy(np.ones((1, 3)), np.zeros(3), dispersion=4.0)
    array([[0.25]])
    """
    source_predictors, target_predictor = _matching(source_predictors, target_predictor)
    deviations = predictor_deviations(
        source_predictors, target_predictor, family=family, dispersion=dispersion, power=power
    )
    tangents = None
    if own_intercepts:
        tangents = intercept_tangents(
            target_predictor, family=family, dispersion=dispersion, power=power
        )
    return deviation_gram(deviations, sample_weight=sample_weight, tangents=tangents)


def probability_discrepancy(
    source_probabilities: Array,
    target_probabilities: Array,
    *,
    sample_weight: Array | None = None,
    own_intercepts: bool = False,
) -> Array:
    r"""Gram matrix of probabilistic classifiers, in function space, over the target's rows.

    Parameters
    ----------
    source_probabilities : ndarray of shape (n_sources, n_samples, n_classes)
        Class probabilities of each source model on the target's rows.
    target_probabilities : ndarray of shape (n_samples, n_classes)
        Those of the target model; out-of-fold where the model fits its rows closely.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Weights of the target's rows.
    own_intercepts : bool, default=False
        Whether every domain has its own class priors, which then are no discrepancy.

    Returns
    -------
    discrepancy : ndarray of shape (n_sources, n_sources)
        M; its diagonal lies between 0 and 8.

    See Also
    --------
    predictor_discrepancy : Exact for linear predictors.

    Notes
    -----
    ``M_ij = 4 mean_x <sqrt(p_i) - sqrt(p_0), sqrt(p_j) - sqrt(p_0)>``. To second order this is
    twice the Kullback-Leibler divergence, as the parametric M is, but a source that rules a class
    out costs a bounded amount.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.discrepancy import probability_discrepancy
    >>> sure, unsure = np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])
    >>> probability_discrepancy(sure[np.newaxis], unsure).round(4)
    array([[2.3431]])
    """
    source_probabilities, target_probabilities = _matching(
        source_probabilities, target_probabilities
    )
    deviations = probability_deviations(source_probabilities, target_probabilities)
    tangents = prior_tangents(target_probabilities) if own_intercepts else None
    return deviation_gram(deviations, sample_weight=sample_weight, tangents=tangents)


def information_weight(
    family: str, mean: Array, *, dispersion: float = 1.0, power: float = 1.5
) -> Array:
    """Fisher information about the linear predictor in one observation.

    Parameters
    ----------
    family : {"bernoulli", "gaussian", "poisson", "gamma", "tweedie"}
        Likelihood with the link of `predictor_discrepancy`.
    mean : ndarray
        Mean of the observation.
    dispersion : float, default=1.0
        Noise variance or phi.
    power : float, default=1.5
        Variance power of tweedie.

    Returns
    -------
    weight : ndarray
        ``(d mu / d eta)^2 / (phi Var(mu))``, of the shape of `mean`.
    """
    if family == "bernoulli":
        return mean * (1.0 - mean)
    if family == "gaussian":
        return np.full_like(mean, 1.0 / dispersion)
    if family == "poisson":
        return mean / dispersion
    if family == "gamma":
        return np.full_like(mean, 1.0 / dispersion)
    if family == "tweedie":
        return mean ** (2.0 - power) / dispersion
    raise ValueError(f"`family` must be one of {FAMILIES}. Got {family!r} instead.")


def predictor_deviations(
    source_predictors: Array,
    target_predictor: Array,
    *,
    family: str,
    dispersion: float = 1.0,
    power: float = 1.5,
) -> Array:
    """Deviations ``V^{1/2} (eta_i - eta_0)``, of the shape of `source_predictors`.

    For softmax, ``Z' (diag p - p p') Z = sum_c p_c (z_c - sum_k p_k z_k)^2``: no matrix per row.
    """
    change = source_predictors - target_predictor
    if family == "multinomial":
        p = softmax(target_predictor, axis=-1)
        change -= (p * change).sum(axis=-1, keepdims=True)
        change *= np.sqrt(p)
        return change
    mean = _mean(target_predictor, family)
    change *= np.sqrt(information_weight(family, mean, dispersion=dispersion, power=power))
    return change


def predictor_divergence(
    source_predictors: Array,
    target_predictor: Array,
    *,
    family: str,
    dispersion: float = 1.0,
    power: float = 1.5,
    sample_weight: Array | None = None,
) -> Array:
    """Twice the mean Kullback-Leibler divergence of each source's model from the target's.

    Parameters
    ----------
    source_predictors, target_predictor, family, dispersion, power, sample_weight
        As in `predictor_discrepancy`.

    Returns
    -------
    divergence : ndarray of shape (n_sources,)
        What the diagonal of M approximates to second order. Much more than that diagonal where the
        target's model is so certain that its information vanishes; for families whose divergence
        is not computed (gamma, tweedie) the diagonal itself.
    """
    if family == "multinomial":
        log_p = log_softmax(source_predictors, axis=-1)
        log_p0 = log_softmax(target_predictor, axis=-1)
        twice = 2.0 * (np.exp(log_p0) * (log_p0 - log_p)).sum(axis=-1)
    elif family == "bernoulli":
        rise = np.logaddexp(0.0, source_predictors) - np.logaddexp(0.0, target_predictor)
        twice = 2.0 * (rise - expit(target_predictor) * (source_predictors - target_predictor))
    elif family == "poisson":
        mean, change = np.exp(target_predictor), source_predictors - target_predictor
        twice = 2.0 * mean * (np.expm1(change) - change) / dispersion
    else:
        deviations = predictor_deviations(
            source_predictors, target_predictor, family=family, dispersion=dispersion, power=power
        )
        twice = deviations**2
    return np.average(twice, axis=1, weights=sample_weight)


def probability_deviations(source_probabilities: Array, target_probabilities: Array) -> Array:
    """Deviations ``2 (sqrt(p_i) - sqrt(p_0))``, of the shape of `source_probabilities`."""
    return 2.0 * (np.sqrt(source_probabilities) - np.sqrt(target_probabilities))


def intercept_tangents(
    target_predictor: Array, *, family: str, dispersion: float = 1.0, power: float = 1.5
) -> Array:
    """Directions in which own intercepts move the deviations, one per free intercept."""
    if family == "multinomial":
        return prior_tangents(softmax(target_predictor, axis=-1))
    mean = _mean(target_predictor, family)
    weight = information_weight(family, mean, dispersion=dispersion, power=power)
    return np.sqrt(weight)[np.newaxis]


def prior_tangents(target_probabilities: Array) -> Array:
    """Directions ``d 2 sqrt(p) / d b_c`` of class priors, of shape (n_classes, n, n_classes)."""
    p = target_probabilities
    identity = np.eye(p.shape[1])[:, np.newaxis, :]
    return np.sqrt(p) * (identity - p.T[:, :, np.newaxis])


def deviation_gram(
    deviations: Array, *, sample_weight: Array | None = None, tangents: Array | None = None
) -> Array:
    """Mean inner products of deviations over the rows, the tangents projected out.

    Parameters
    ----------
    deviations : ndarray of shape (n_deviations, n_samples) or (n_deviations, n_samples, n_classes)
        One function of the rows per source.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Weights of the rows; only their ratios matter.
    tangents : ndarray of shape (n_tangents, n_samples, ...) or None, default=None
        Directions that are no discrepancy.

    Returns
    -------
    gram : ndarray of shape (n_deviations, n_deviations)
        Symmetric, positive semi-definite.

    Notes
    -----
    With tangents t the result is ``<g, g'> - <g, t> <t, t>^+ <t, g'>``: for one intercept the
    weighted centring of ``eta_i - eta_0``, in general the efficient information
    ``J_ss - J_sb J_bb^- J_bs`` seen by the deviations.
    """
    n_samples = deviations.shape[1]
    if sample_weight is None:
        root = np.full(n_samples, 1.0 / np.sqrt(n_samples))
    else:
        root = np.sqrt(sample_weight / sample_weight.sum())
    g = _flat(deviations, root)
    if tangents is not None:
        t = _flat(tangents, root)
        # Before the product, so that large differences of level do not cancel in it.
        g = g - (g @ t.T) @ np.linalg.pinv(t @ t.T, hermitian=True) @ t
    return g @ g.T


def effective_dimension(
    fold_predictions: Array,
    n_samples: float,
    *,
    sample_weight: Array | None = None,
    tangents: Array | None = None,
) -> float:
    """Number of parameters that a model behaves as if it had, by the delete-block jackknife.

    Parameters
    ----------
    fold_predictions : ndarray of shape (n_folds, n_rows) or (n_folds, n_rows, n_classes)
        Predictions on common rows by models that each left out one of `n_folds` blocks of the
        training rows, in the coordinates of the deviations: ``f / sigma`` for regression,
        ``2 sqrt(p)`` for classification.
    n_samples : float
        Number of training rows, all blocks together.
    sample_weight : ndarray of shape (n_rows,) or None, default=None
        Weights of the common rows.
    tangents : ndarray or None, default=None
        Directions that each domain owns; they are not counted.

    Returns
    -------
    dimension : float
        ``d = N (k-1)/k sum_j mean_x |f_(-j) - mean_j f|^2``, at least 1.

    Notes
    -----
    The variance of a regular model's prediction is ``d / N`` in these coordinates, averaged over
    the rows; the jackknife estimates that variance. Use few folds (k <= 5): for unstable learners
    the value grows with k. Its relative spread is about ``sqrt(2 / ((k-1) d))``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.discrepancy import effective_dimension
    >>> rng = np.random.default_rng(0)
    >>> y = rng.standard_normal(1000)  # the mean of unit noise has one parameter
    >>> folds = np.array([[np.delete(y, slice(b, b + 200)).mean()] for b in range(0, 1000, 200)])
    >>> bool(0.5 < effective_dimension(folds, 1000) < 2.5)
    True
    """
    n_folds = len(fold_predictions)
    spread = fold_predictions - fold_predictions.mean(axis=0)
    gram = deviation_gram(spread, sample_weight=sample_weight, tangents=tangents)
    return max(1.0, float(n_samples * (n_folds - 1) / n_folds * np.trace(gram)))


def _matching(of_sources: Array, of_target: Array) -> tuple[Array, Array]:
    """Arrays of numbers whose shapes belong together."""
    of_sources = np.asarray(of_sources, dtype=np.float64)
    of_target = np.asarray(of_target, dtype=np.float64)
    if of_sources.shape[1:] != of_target.shape:
        raise ValueError(
            "Arrays of the sources must have the shape (n_sources, ...) of the target's. Got "
            f"{of_sources.shape} for the sources and {of_target.shape} for the target instead; "
            "give one array per source, on the target's rows."
        )
    return of_sources, of_target


def _mean(predictor: Array, family: str) -> Array:
    if family == "bernoulli":
        return expit(predictor)
    return predictor if family == "gaussian" else np.exp(predictor)


def _flat(functions: Array, root: Array) -> Array:
    weighted = functions * (root if functions.ndim == 2 else root[:, np.newaxis])
    return weighted.reshape(len(functions), -1)
