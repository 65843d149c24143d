# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Domains with planted linear or logistic models, whose optimal weights are known."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.utils import Bunch, check_random_state

from sklearn_transfer._math.kl_risk import optimal_weights
from sklearn_transfer.datasets._information import (
    checked_covariance,
    checked_gram,
    deviations,
    linear_information,
    logistic_information,
)


def make_domains(
    n_target: int = 50,
    n_sources: int = 8,
    n_samples_sources: int | ArrayLike = 400,
    *,
    kind: str = "classification",
    n_features: int = 10,
    n_classes: int = 2,
    discrepancy: float | ArrayLike = 0.1,
    domain_effects: str | None = None,
    effect_scale: float = 1.0,
    signal: float = 1.0,
    noise: float = 1.0,
    feature_covariance: ArrayLike | None = None,
    random_state: Any = None,
) -> Bunch:
    r"""Draw a target and source domains whose distances are chosen and optimal weights known.

    Every domain follows a linear model (regression) or a logistic one (classification) of the same
    features; each source's parameters deviate from the target's by as much as `discrepancy` says.

    Parameters
    ----------
    n_target : int, default=50
        Number of target rows.
    n_sources : int, default=8
        Number of sources.
    n_samples_sources : int or array-like of shape (n_sources,), default=400
        Rows of each source.
    kind : {"classification", "regression"}, default="classification"
        Logistic model with classes 0, 1, ..., or linear model with Gaussian errors.
    n_features : int, default=10
        Number of features, jointly Gaussian with mean zero in all domains.
    n_classes : int, default=2
        Number of classes; for classification only.
    discrepancy : float or array-like of shape (n_sources,) or (n_sources, n_sources), default=0.1
        How far the sources are: the squared distance of each from the target, in the metric of the
        target's Fisher information per sample (twice the Kullback-Leibler divergence, to second
        order), in directions drawn at random; or the whole Gram matrix of the deviations.
    domain_effects : {None, "intercept"}, default=None
        With `"intercept"`, every source has an intercept of its own, drawn at random, which is not
        a part of its distance: `discrepancy` is then the efficient Gram matrix of the coefficients,
        and the intercept does not count in `n_parameters`.
    effect_scale : float, default=1.0
        Standard deviation of the sources' own intercepts about the target's.
    signal : float, default=1.0
        Standard deviation of the target's linear predictor over the rows; its intercept is drawn
        with half of it.
    noise : float, default=1.0
        Standard deviation of the errors; for regression only.
    feature_covariance : array-like of shape (n_features, n_features), default=None
        Covariance of the features. None means the identity.
    random_state : int, RandomState instance or None, default=None
        Determines the draw. With the same int and more rows in a domain, the models and the rows
        that were there stay the same, so that held-out rows are those beyond the first.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes:

        data : ndarray of shape (n_samples, n_features)
            Target rows first, then each source's.
        target : ndarray of shape (n_samples,)
            Class or value of each row.
        sample_domain : ndarray of shape (n_samples,)
            `"target"`, `"source_0"`, and so on, with leading zeros from eleven sources on: sorting
            keeps the order of the arrays below.
        source_domains : ndarray of shape (n_sources,)
            The labels of the sources.
        coef : ndarray of shape (n_sources + 1, n_features)
            Planted coefficients, the target's first. Where there are more than two classes, of
            shape (n_sources + 1, n_classes, n_features), summing to zero over the classes.
        intercept : ndarray of shape (n_sources + 1,)
            Planted intercepts; likewise (n_sources + 1, n_classes).
        discrepancy : ndarray of shape (n_sources, n_sources)
            Gram matrix of the planted deviations at the target's parameters.
        n_parameters : int
            Number of free parameters that the sources share with the target.
        optimal_weights : ndarray of shape (n_sources,)
            Weight of each source's rows that minimises the expected Kullback-Leibler risk on the
            target, to leading order in the sample sizes.

    See Also
    --------
    load_heart_hospitals : Real data of four hospitals.

    Notes
    -----
    With :math:`\tilde x = (1, x)`, :math:`J` the Fisher information per sample at the target's
    parameters and :math:`\Delta_i` the deviation of source i, the Gram matrix is
    :math:`M_{ij} = \Delta_i^\top J \Delta_j`. For regression :math:`J = E[\tilde x \tilde
    x^\top]/\sigma^2` is exact. For classification :math:`J = E[(\mathrm{diag}(p) - pp^\top) \otimes
    \tilde x \tilde x^\top]` is reduced to the distribution of the `n_classes - 1` linear
    predictors and integrated there over 2**16 fixed quasi-random points and their mirror images:
    the relative error is about 1e-7 for two classes, 1e-4 for five and 1e-3 for ten.
    With own intercepts, the Schur complement
    :math:`J_{\beta\beta} - J_{\beta b} J_{bb}^{-1} J_{b\beta}` takes its place. The weights are
    :math:`w_i = v_i / N_i` with :math:`v = d \arg\min_{v \ge 0} \frac12 v^\top A v - 1^\top v` and
    :math:`A = \mathrm{diag}(d / N_i) + M`; the risk at these is :math:`d / (2 (N_0 + \sum_i v_i))`,
    with own intercepts besides what the target's intercept costs.

    Examples
    --------
    >>> from sklearn_transfer.datasets import make_domains
    >>> domains = make_domains(discrepancy=[0.0, 0.1, 1.0], n_sources=3, random_state=0)
    >>> domains.data.shape
    (1250, 10)
    >>> domains.discrepancy.diagonal().round(6)
    array([0. , 0.1, 1. ])
    >>> domains.optimal_weights.round(2)
    array([1.  , 0.22, 0.03])
    """
    _check_options(kind, domain_effects, n_classes)
    for name, value in [
        ("n_target", n_target),
        ("n_sources", n_sources),
        ("n_features", n_features),
    ]:
        _check_count(name, value)
    _check_real("signal", signal, positive=False)
    _check_real("effect_scale", effect_scale, positive=False)
    _check_real("noise", noise, positive=True)
    sizes = _source_sizes(n_samples_sources, n_sources)
    covariance = checked_covariance(feature_covariance, n_features)
    is_linear = kind == "regression"
    own_intercept = domain_effects == "intercept"
    n_predictors = 1 if is_linear else n_classes - 1
    n_parameters = n_predictors * (n_features + (not own_intercept))
    gram = checked_gram(discrepancy, n_sources, n_parameters)

    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    model_seed, *domain_seeds = np.random.SeedSequence(int(seed)).spawn(n_sources + 2)
    rng = np.random.default_rng(model_seed)
    theta = np.empty((n_sources + 1, n_predictors, n_features + 1))
    theta[:] = _target_parameters(rng, n_predictors, covariance, signal)
    if is_linear:
        information = linear_information(covariance, noise, own_intercept=own_intercept)
    else:
        information = logistic_information(
            theta[0, :, 0], theta[0, :, 1:], covariance, own_intercept=own_intercept
        )
    delta = deviations(gram, information, rng)
    shared = slice(1, None) if own_intercept else slice(None)
    theta[1:, :, shared] += delta.T.reshape(n_sources, n_predictors, -1)
    if own_intercept:
        theta[1:, :, 0] += effect_scale * rng.standard_normal((n_sources, n_predictors))

    root = None if feature_covariance is None else np.linalg.cholesky(covariance)
    rows = [
        _draw(domain_seed, size, parameters, root, noise if is_linear else None)
        for domain_seed, size, parameters in zip(
            domain_seeds, [n_target, *sizes], theta, strict=True
        )
    ]
    width = len(str(n_sources - 1))
    sources = np.array([f"source_{i:0{width}d}" for i in range(n_sources)])
    planted = delta.T @ information @ delta
    planted = (planted + planted.T) / 2
    return Bunch(
        data=np.concatenate([X for X, _ in rows]),
        target=np.concatenate([y for _, y in rows]),
        sample_domain=np.repeat(np.array(["target", *sources]), [n_target, *sizes]),
        source_domains=sources,
        coef=_all_classes(theta[:, :, 1:]),
        intercept=_all_classes(theta[:, :, 0]),
        discrepancy=planted,
        n_parameters=n_parameters,
        optimal_weights=optimal_weights(planted, sizes, n_target, n_parameters),
    )


def _target_parameters(
    rng: np.random.Generator, n_predictors: int, covariance: NDArray[np.float64], signal: float
) -> NDArray[np.float64]:
    """Intercept and coefficients of every linear predictor, in columns."""
    n_features = len(covariance)
    if n_predictors == 1:
        theta = rng.standard_normal((1, n_features + 1))
    else:
        # drawn for all classes alike, then taken relative to the first
        per_class = rng.standard_normal((n_predictors + 1, n_features + 1))
        theta = per_class[1:] - per_class[0]
    coef = _all_classes(theta[np.newaxis, :, 1:]).reshape(-1, n_features)
    theta[:, 1:] *= signal / np.sqrt(np.mean(np.sum((coef @ covariance) * coef, axis=1)))
    theta[:, 0] *= signal / 2
    return theta


def _all_classes(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Parameters as scikit-learn shows them: one predictor, or one per class that sum to zero."""
    if parameters.shape[1] == 1:
        return parameters[:, 0]
    with_first = np.concatenate([np.zeros_like(parameters[:, :1]), parameters], axis=1)
    return with_first - with_first.mean(axis=1, keepdims=True)


def _draw(
    seed: np.random.SeedSequence,
    n_samples: int,
    theta: NDArray[np.float64],
    root: NDArray[Any] | None,
    noise: float | None,
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Rows of one domain; features and labels have streams of their own, so rows stay put."""
    for_features, for_labels = (np.random.default_rng(child) for child in seed.spawn(2))
    X = for_features.standard_normal((n_samples, theta.shape[1] - 1))
    if root is not None:
        X = X @ root.T
    predictors = theta[:, 0] + X @ theta[:, 1:].T
    if noise is not None:
        return X, predictors[:, 0] + noise * for_labels.standard_normal(n_samples)
    p = softmax(np.column_stack([np.zeros(n_samples), predictors]), axis=1)
    below = for_labels.random(n_samples)[:, np.newaxis] >= np.cumsum(p, axis=1)[:, :-1]
    return X, below.sum(axis=1)


def _check_options(kind: Any, domain_effects: Any, n_classes: Any) -> None:
    if kind not in ("classification", "regression"):
        raise ValueError(f"`kind` must be 'classification' or 'regression'. Got {kind!r} instead.")
    if domain_effects not in (None, "intercept"):
        raise ValueError(
            f"`domain_effects` must be None or 'intercept'. Got {domain_effects!r} instead."
        )
    if not isinstance(n_classes, Integral) or n_classes < 2:
        raise ValueError(
            f"`n_classes` must be an integer of at least 2. Got {n_classes!r} instead."
        )


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, int | np.integer) or value is True or value < 1:
        raise ValueError(f"`{name}` must be a positive integer. Got {value!r} instead.")


def _check_real(name: str, value: Any, *, positive: bool) -> None:
    in_range = isinstance(value, Real) and 0 <= float(value) < float("inf")
    if not in_range or (positive and value == 0):
        raise ValueError(
            f"`{name}` must be a {'positive' if positive else 'non-negative'} number. Got "
            f"{value!r} instead."
        )


def _source_sizes(n_samples_sources: Any, n_sources: int) -> NDArray[np.int64]:
    sizes = np.asarray(n_samples_sources)
    if sizes.dtype.kind not in "iu" or sizes.shape not in ((), (n_sources,)) or sizes.min() < 1:
        raise ValueError(
            f"`n_samples_sources` must be a positive integer or one for each of the {n_sources} "
            f"sources. Got {n_samples_sources!r} instead."
        )
    return np.broadcast_to(sizes, n_sources).astype(np.int64)
