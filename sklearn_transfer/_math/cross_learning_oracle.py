# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""Cross-learning scores of known domains: of the best rules themselves, not of fitted ones.

Each is :math:`c\,\{E_T[l(f_S)] - E_T[l(f_T)]\} + (1 - c)\,\{E_S[l(f_T)] - E_S[l(f_S)]\}` with
:math:`f_T, f_S` the best rules of target and source and c the weight of the target.

References
----------
.. [1] "Quantifying Data Similarity Using Cross Learning", arXiv:2510.10866, sections 2.2 and A.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtr, ndtr

Array = NDArray[np.float64]

# Beyond 38 standard deviations the Gaussian density is 0 in double precision.
_GAUSSIAN_END = 38.0


def probit_score(
    coef_target: Array,
    coef_source: Array,
    covariance_target: Array,
    covariance_source: Array,
    noise_target: float = 1.0,
    noise_source: float = 1.0,
    domain_weight: float = 0.5,
) -> float:
    r"""Score of two probit models under the 0-1 loss ([1]_, theorem 1).

    Parameters
    ----------
    coef_target, coef_source : ndarray of shape (n_features,)
        Coefficients; the label is the sign of ``x @ coef`` plus noise.
    covariance_target, covariance_source : ndarray of shape (n_features, n_features)
        Covariances of the features, which are Gaussian with mean zero.
    noise_target, noise_source : float, default=1.0
        Standard deviations of the noise; 0 gives the noise-free angle.
    domain_weight : float, default=0.5
        Weight of the error on the target.

    Returns
    -------
    score : float
        :math:`\{c\,[\arccos r_{ST} - \arccos r_{TT}] + (1 - c)\,[\arccos r_{TS} -
        \arccos r_{SS}]\} / \pi` with :math:`r_{ab} = \beta_a^\top \Sigma_b \beta_b /
        \sqrt{\beta_a^\top \Sigma_b \beta_a\,(\beta_b^\top \Sigma_b \beta_b + \sigma_b^2)}`.
    """

    def error(rule: Array, truth: Array, covariance: Array, noise: float) -> float:
        return float(np.arccos(_correlation(rule, truth, covariance, noise)) / np.pi)

    on_target = error(coef_source, coef_target, covariance_target, noise_target) - error(
        coef_target, coef_target, covariance_target, noise_target
    )
    on_source = error(coef_target, coef_source, covariance_source, noise_source) - error(
        coef_source, coef_source, covariance_source, noise_source
    )
    return domain_weight * on_target + (1.0 - domain_weight) * on_source


def logistic_score(
    coef_target: Array,
    coef_source: Array,
    covariance_target: Array,
    covariance_source: Array,
    domain_weight: float = 0.5,
) -> float:
    r"""Score of two logistic models without intercept under the 0-1 loss.

    Parameters
    ----------
    coef_target, coef_source : ndarray of shape (n_features,)
        Coefficients; ``expit(x @ coef)`` is the probability of class 1.
    covariance_target, covariance_source : ndarray of shape (n_features, n_features)
        Covariances of the features, which are Gaussian with mean zero.
    domain_weight : float, default=0.5
        Weight of the error on the target.

    Returns
    -------
    score : float
        The excess error of rule a on domain b is :math:`2 \int_0^\infty \phi(z)\,
        \Phi(-\kappa z) \tanh(\tau z / 2)\,dz` with :math:`\tau^2 = \beta_b^\top \Sigma_b \beta_b`,
        r the correlation of the two linear predictors and :math:`\kappa = r / \sqrt{1 - r^2}`.
    """
    from scipy.integrate import quad

    def excess(rule: Array, truth: Array, covariance: Array) -> float:
        tau = float(np.sqrt(truth @ covariance @ truth))
        r = _correlation(rule, truth, covariance, 0.0)
        if r >= 1.0:
            return 0.0
        kappa = r / np.sqrt((1.0 - r) * (1.0 + r)) if r > -1.0 else -np.inf

        def integrand(z: float) -> float:
            disagree = 1.0 if np.isinf(kappa) else ndtr(-kappa * z)
            density = np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi)
            # the difference of the two class probabilities: what the wrong side costs
            return float(density * disagree * np.tanh(tau * z / 2.0))

        integral, _ = quad(integrand, 0.0, _GAUSSIAN_END, points=[1.0, 4.0], epsabs=1e-13)
        return float(2.0 * integral)

    on_target = excess(coef_source, coef_target, covariance_target)
    on_source = excess(coef_target, coef_source, covariance_source)
    return domain_weight * on_target + (1.0 - domain_weight) * on_source


def lda_score(
    mean_target: Array,
    mean_source: Array,
    covariance_target: Array,
    covariance_source: Array,
    domain_weight: float = 0.5,
) -> float:
    r"""Score of two pairs of Gaussian classes under the 0-1 loss ([1]_, theorem 2).

    Parameters
    ----------
    mean_target, mean_source : ndarray of shape (n_features,)
        Mean of class 1; that of class 0 is its negative, and the classes are equally frequent.
    covariance_target, covariance_source : ndarray of shape (n_features, n_features)
        Covariance of both classes. The published theorem has the identity.
    domain_weight : float, default=0.5
        Weight of the error on the target.

    Returns
    -------
    score : float
        The error of rule a on domain b is :math:`\Phi(-w_a^\top \mu_b /
        \sqrt{w_a^\top \Sigma_b w_a})` with :math:`w_a = \Sigma_a^{-1} \mu_a`.
    """
    rule_target: Array = np.linalg.solve(covariance_target, mean_target).astype(float)
    rule_source: Array = np.linalg.solve(covariance_source, mean_source).astype(float)

    def error(rule: Array, mean: Array, covariance: Array) -> float:
        return float(ndtr(-(rule @ mean) / np.sqrt(rule @ covariance @ rule)))

    on_target = error(rule_source, mean_target, covariance_target) - error(
        rule_target, mean_target, covariance_target
    )
    on_source = error(rule_target, mean_source, covariance_source) - error(
        rule_source, mean_source, covariance_source
    )
    return domain_weight * on_target + (1.0 - domain_weight) * on_source


def linear_score(
    coef_target: Array,
    coef_source: Array,
    moments_target: Array,
    moments_source: Array,
    domain_weight: float = 0.5,
) -> float:
    r"""Score of two linear models under the squared error.

    Parameters
    ----------
    coef_target, coef_source : ndarray of shape (n_features,)
        Coefficients of the conditional means.
    moments_target, moments_source : ndarray of shape (n_features, n_features)
        Second moments of the features: their covariances where the means are zero.
    domain_weight : float, default=0.5
        Weight of the error on the target.

    Returns
    -------
    score : float
        :math:`(\beta_T - \beta_S)^\top \{c\,M_T + (1 - c)\,M_S\} (\beta_T - \beta_S)`, whatever
        the noise.
    """
    change = coef_target - coef_source
    moments = domain_weight * moments_target + (1.0 - domain_weight) * moments_source
    return float(change @ moments @ change)


def angle_score(coef_target: Array, coef_source: Array) -> float:
    r"""Score of two linear rules without noise under isotropic features ([1]_, lemma 1).

    Parameters
    ----------
    coef_target, coef_source : ndarray of shape (n_features,)
        Coefficients of the decision functions.

    Returns
    -------
    score : float
        The angle between the two, divided by :math:`\pi`.
    """
    a = coef_target / np.linalg.norm(coef_target)
    b = coef_source / np.linalg.norm(coef_source)
    # exact for small angles too, where the arc cosine loses half the digits
    return float(2.0 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b)) / np.pi)


def radial_score(radius_target: float, radius_source: float, n_features: int) -> float:
    r"""Score of two spheres that part standard Gaussian features without noise.

    Parameters
    ----------
    radius_target, radius_source : float
        Rows at a greater distance from the origin belong to class 1.
    n_features : int
        Number of features.

    Returns
    -------
    score : float
        The probability of the shell between the two, the same from either side.
    """
    inner, outer = sorted((radius_target, radius_source))
    return float(chdtr(n_features, outer**2) - chdtr(n_features, inner**2))


def excess_error(
    probabilities: Array, rule_probabilities: Array, weights: Array | None = None
) -> float:
    """Excess 0-1 error of another domain's best rule, from the probabilities at given points.

    Parameters
    ----------
    probabilities : ndarray of shape (n_points, n_classes)
        Class probabilities of the domain at points of its own distribution.
    rule_probabilities : ndarray of shape (n_points, n_classes)
        Those of the domain whose rule is tried, at the same points.
    weights : ndarray of shape (n_points,) or None, default=None
        Masses of the points.

    Returns
    -------
    excess : float
        Mean probability that the rule forgoes; never negative.
    """
    chosen = np.take_along_axis(
        probabilities, np.argmax(rule_probabilities, axis=1)[:, np.newaxis], axis=1
    )[:, 0]
    return float(np.average(probabilities.max(axis=1) - chosen, weights=weights))


def _correlation(rule: Array, truth: Array, covariance: Array, noise: float) -> float:
    """Correlation of a rule's linear predictor with the noisy score behind the labels."""
    variance = truth @ covariance @ truth + noise**2
    r = (rule @ covariance @ truth) / np.sqrt((rule @ covariance @ rule) * variance)
    return float(np.clip(r, -1.0, 1.0))
