# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Cross-learning scores of known linear models."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_transfer._math.cross_learning_oracle import (
    lda_score,
    linear_score,
    logistic_score,
    probit_score,
)

_MODELS = ("probit", "logistic", "lda", "linear")


def oracle_cross_learning_score(
    coef_target: ArrayLike,
    coef_source: ArrayLike,
    *,
    model: str = "probit",
    covariance_target: ArrayLike | None = None,
    covariance_source: ArrayLike | None = None,
    noise_target: float = 1.0,
    noise_source: float = 1.0,
    domain_weight: float = 0.5,
) -> float:
    r"""Cross-learning score of the best rules of two domains whose models are known.

    Parameters
    ----------
    coef_target : array-like of shape (n_features,)
        Coefficients of the target; for `model="lda"` the mean of its class 1.
    coef_source : array-like of shape (n_features,)
        Those of the source.
    model : {"probit", "logistic", "lda", "linear"}, default="probit"
        What links rows and labels: `"probit"`, the sign of ``x @ coef`` plus Gaussian noise;
        `"logistic"`, probability ``expit(x @ coef)``; `"lda"`, two equally frequent Gaussian
        classes with means `coef` and its negative; `"linear"`, regression on ``x @ coef``. The
        first three are scored with the 0-1 loss, the last with the squared error.
    covariance_target : array-like of shape (n_features, n_features), default=None
        Covariance of the target's features, whose means are zero; with `"lda"` that within the
        classes. None means the identity.
    covariance_source : array-like of shape (n_features, n_features), default=None
        That of the source.
    noise_target : float, default=1.0
        Standard deviation of the target's noise, for `"probit"` alone: with squared errors it
        cancels. 0 gives the score of two linear rules without noise, with the identity the angle
        between them divided by :math:`\pi`.
    noise_source : float, default=1.0
        That of the source.
    domain_weight : float, default=0.5
        Weight of the excess error on the target, between 0 and 1; that on the source has the rest.

    Returns
    -------
    score : float
        Mean excess error of the two rules on the other's domain; 0 where the rules agree.

    Raises
    ------
    ValueError
        If shapes do not fit, or an option is out of its range.

    See Also
    --------
    make_transfer_pair : Data whose score this is.

    Notes
    -----
    With :math:`e_b(a)` the error of the best rule of domain a on domain b and c the
    `domain_weight`, the score is

    .. math::

        c\,\{e_T(S) - e_T(T)\} + (1 - c)\,\{e_S(T) - e_S(S)\}.

    For `"probit"` :math:`e_b(a) = \arccos(r_{ab}) / \pi` with :math:`r_{ab} = \beta_a^\top
    \Sigma_b \beta_b / \sqrt{\beta_a^\top \Sigma_b \beta_a (\beta_b^\top \Sigma_b \beta_b +
    \sigma_b^2)}`; for `"lda"` :math:`e_b(a) = \Phi(-w_a^\top \mu_b / \sqrt{w_a^\top \Sigma_b
    w_a})` with :math:`w_a = \Sigma_a^{-1} \mu_a`; for `"linear"` each excess is
    :math:`(\beta_T - \beta_S)^\top \Sigma_b (\beta_T - \beta_S)`; for `"logistic"` it is a
    one-dimensional integral.

    References
    ----------
    .. [1] "Quantifying Data Similarity Using Cross Learning", arXiv:2510.10866, theorems 1 and 2,
           lemma 1. Covariances with `"lda"`, `"logistic"` and `"linear"` are ours.

    Examples
    --------
    >>> from sklearn_transfer.datasets import oracle_cross_learning_score
    >>> score = oracle_cross_learning_score([1.0, 0.0], [0.0, 1.0])
    >>> round(score, 4)
    0.25
    >>> round(oracle_cross_learning_score([1, 0], [0, 1], noise_target=0, noise_source=0), 4)
    0.5
    """
    if model not in _MODELS:
        raise ValueError(f"`model` must be one of {list(_MODELS)}. Got {model!r} instead.")
    for name, value, high in [
        ("noise_target", noise_target, np.inf),
        ("noise_source", noise_source, np.inf),
        ("domain_weight", domain_weight, 1.0),
    ]:
        in_range = isinstance(value, Real) and 0.0 <= float(value) <= high
        if not in_range or np.isinf(value):
            raise ValueError(f"`{name}` must be a number from 0 to {high}. Got {value!r} instead.")
    target, source = _vector("coef_target", coef_target), _vector("coef_source", coef_source)
    if len(target) != len(source):
        raise ValueError(
            "`coef_target` and `coef_source` must have one entry per feature. Got "
            f"{len(target)} and {len(source)} entries instead."
        )
    of_target = _covariance("covariance_target", covariance_target, len(target))
    of_source = _covariance("covariance_source", covariance_source, len(target))
    if model == "probit":
        return probit_score(
            target, source, of_target, of_source, noise_target, noise_source, domain_weight
        )
    score = {"logistic": logistic_score, "lda": lda_score, "linear": linear_score}[model]
    return score(target, source, of_target, of_source, domain_weight)


def _vector(name: str, values: Any) -> NDArray[np.float64]:
    vector = np.asarray(values, dtype=float)
    if vector.ndim != 1 or not np.isfinite(vector).all() or not vector.any():
        raise ValueError(
            f"`{name}` must be a vector of finite numbers, not all zero. Got {values!r} instead."
        )
    return vector


def _covariance(name: str, values: Any, n_features: int) -> NDArray[np.float64]:
    if values is None:
        return np.eye(n_features)
    matrix = np.asarray(values, dtype=float)
    shape = (n_features, n_features)
    if matrix.shape != shape or not np.allclose(matrix, matrix.T) or not _is_definite(matrix):
        raise ValueError(
            f"`{name}` must be a symmetric positive definite matrix of shape {shape}. Got "
            f"{values!r} instead."
        )
    return matrix


def _is_definite(matrix: NDArray[np.float64]) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True
