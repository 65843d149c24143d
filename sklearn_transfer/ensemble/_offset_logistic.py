# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Penalised logistic regression with an offset, which scikit-learn's does not take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

Array = NDArray[np.float64]


def fit_offset_logistic(
    X: Any,
    codes: NDArray[np.intp],
    offset: Array,
    sample_weight: Array,
    *,
    penalty: float,
    l1_ratio: float = 0.0,
    fit_intercept: bool = True,
) -> tuple[Array, Array]:
    r"""Coefficients that correct a given linear predictor.

    Parameters
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
        Rows.
    codes : ndarray of shape (n_samples,)
        Numbers of the classes.
    offset : ndarray of shape (n_samples,) or (n_samples, n_classes)
        The given predictor; one column less for two classes.
    sample_weight : ndarray of shape (n_samples,)
        Row weights.
    penalty : float
        What scikit-learn calls 1 / C.
    l1_ratio : float, default=0.0
        Share of the absolute values in the penalty.
    fit_intercept : bool, default=True
        Whether there is an unpenalised intercept.

    Returns
    -------
    coef : ndarray of shape (n_outputs, n_features)
        Delta.
    intercept : ndarray of shape (n_outputs,)
        Zeros without `fit_intercept`.

    Notes
    -----
    Minimises

    .. math::

        -\sum_i w_i \log p(y_i \mid \eta_i + \delta x_i + b)
        + \lambda \left( \tfrac{1-\rho}{2} \|\delta\|_2^2 + \rho \|\delta\|_1 \right)

    by L-BFGS-B, where the absolute values are those of the difference of two non-negative vectors.
    """
    binary = offset.ndim == 1
    n_outputs = 1 if binary else offset.shape[1]
    n_features = X.shape[1]
    size = n_outputs * n_features
    offset = offset[:, np.newaxis] if binary else offset
    truth = np.zeros((len(codes), n_outputs))
    if binary:
        truth[:, 0] = codes
    else:
        truth[np.arange(len(codes)), codes] = 1.0
    signed = l1_ratio > 0 and penalty > 0

    def unpack(parameters: Array) -> tuple[Array, Array]:
        coef = parameters[:size]
        if signed:
            coef = coef - parameters[size : 2 * size]
        intercept = parameters[-n_outputs:] if fit_intercept else np.zeros(n_outputs)
        return coef.reshape(n_outputs, n_features), intercept

    def objective(parameters: Array) -> tuple[float, Array]:
        coef, intercept = unpack(parameters)
        eta = offset + X @ coef.T + intercept
        if binary:
            log_likelihood = truth[:, 0] * eta[:, 0] - np.logaddexp(0.0, eta[:, 0])
            residual = expit(eta) - truth
        else:
            log_likelihood = np.sum(truth * log_softmax(eta, axis=1), axis=1)
            residual = softmax(eta, axis=1) - truth
        residual = residual * sample_weight[:, np.newaxis]
        of_coef = np.asarray(X.T @ residual).T.ravel()
        value = -float(sample_weight @ log_likelihood)
        value += 0.5 * penalty * (1.0 - l1_ratio) * float(np.sum(coef**2))
        of_coef = of_coef + penalty * (1.0 - l1_ratio) * coef.ravel()
        parts = [of_coef]
        if signed:
            value += penalty * l1_ratio * float(parameters[: 2 * size].sum())
            parts = [of_coef + penalty * l1_ratio, -of_coef + penalty * l1_ratio]
        if fit_intercept:
            parts.append(residual.sum(axis=0))
        return value, np.concatenate(parts)

    n_coef = 2 * size if signed else size
    n_intercepts = n_outputs if fit_intercept else 0
    bounds = [(0.0, None)] * n_coef + [(None, None)] * n_intercepts if signed else None
    # Separable rows without a penalty have no optimum; the bound of steps ends the walk there.
    found = minimize(
        objective,
        np.zeros(n_coef + n_intercepts),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 1000, "ftol": 1e-12, "gtol": 1e-8},
    )
    return unpack(found.x)
