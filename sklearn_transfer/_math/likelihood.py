# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Log-likelihoods of generalised linear models, and their modes under a normal prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit, log_softmax, softmax

Array = NDArray[Any]

# Of a logarithmic predictor, in one step.
_MOST_CHANGE = 10.0


@dataclass(frozen=True)
class Likelihood:
    r"""Log-likelihood of rows as a function of coefficients.

    Parameters
    ----------
    design : ndarray of shape (n_samples, n_columns)
        Rows, with a column of ones where an intercept is wanted.
    y : ndarray of shape (n_samples,)
        Values; 0/1 for "bernoulli", class numbers for "multinomial".
    family : str
        "bernoulli", "multinomial", "gaussian", "poisson", "gamma" or "tweedie", with the canonical
        link for the first three and the logarithm for the others.
    offset : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Fixed part of the linear predictor.
    sample_weight : ndarray of shape (n_samples,)
        A weight of 2 is a row twice.
    n_outputs : int, default=1
        Number of classes of "multinomial"; the coefficients are those of class 0, then class 1...
    dispersion : float, default=1.0
        Noise variance, or phi of gamma and tweedie.
    power : float, default=1.5
        Variance power of tweedie.
    variance : ndarray of shape (n_samples,) or None, default=None
        Of the linear predictor of each row, normal around the given one: `value` is then the
        expected log-likelihood. For "bernoulli".

    Notes
    -----
    The expected logistic function of a normal variable with mean m and variance v is taken as
    ``expit(m / sqrt(1 + pi v / 8))``, and the expected log-likelihood as its integral.
    """

    design: Array
    y: NDArray
    family: str
    offset: Array
    sample_weight: Array
    n_outputs: int = 1
    dispersion: float = 1.0
    power: float = 1.5
    variance: Array | None = None

    @property
    def n_coefficients(self) -> int:
        """Number of coefficients, all outputs together."""
        return self.design.shape[1] * self.n_outputs

    @property
    def logarithmic(self) -> bool:
        """Whether the predictor is the logarithm of the mean."""
        return self.family in ("poisson", "gamma", "tweedie")

    def predictor(self, coefficients: Array) -> Array:
        """Linear predictor, of shape (n_samples,) or (n_samples, n_classes)."""
        if self.n_outputs == 1:
            return self.design @ coefficients + self.offset
        return self.design @ coefficients.reshape(self.n_outputs, -1).T + self.offset

    def value(self, coefficients: Array) -> float:
        """Log-likelihood without what depends on y alone, or on the dispersion if not gaussian."""
        eta = self.predictor(coefficients)
        if self.family == "bernoulli":
            drawn = self._drawn_to_even_odds()
            terms = self.y * eta - np.logaddexp(0.0, drawn * eta) / drawn
        elif self.family == "multinomial":
            terms = log_softmax(eta, axis=1)[np.arange(len(eta)), self.y.astype(np.intp)]
        elif self.family == "gaussian":
            terms = -0.5 * ((self.y - eta) ** 2 / self.dispersion + np.log(self.dispersion))
        else:
            terms = self._quasi_likelihood(eta) / self.dispersion
        return float(self.sample_weight @ terms)

    def gradient_and_information(self, coefficients: Array) -> tuple[Array, Array]:
        """Gradient of `value` and the expected information, both in the coefficients."""
        eta = self.predictor(coefficients)
        if self.family == "multinomial":
            return self._softmax_terms(eta)
        if self.family == "bernoulli":
            score = self.y - expit(self._drawn_to_even_odds() * eta)
        elif self.family == "gaussian":
            score = (self.y - eta) / self.dispersion
        else:
            mean = np.exp(eta)
            score = (self.y - mean) * mean ** (1.0 - self._variance_power()) / self.dispersion
        gradient = self.design.T @ (self.sample_weight * score)
        return gradient, self.information_of(self._row_information(eta))

    def residuals(self, coefficients: Array) -> Array:
        """Response less its mean: of values in units of their standard deviation, but for phi.

        Those of classes are bounded as they are.
        """
        eta = self.predictor(coefficients)
        if self.family == "multinomial":
            return np.eye(self.n_outputs)[self.y] - softmax(eta, axis=1)
        if self.family == "bernoulli":
            return self.y - expit(eta)
        if self.family == "gaussian":
            return self.y - eta
        mean = np.exp(eta)
        return (self.y - mean) / mean ** (0.5 * self._variance_power())

    def row_information(self, coefficients: Array) -> Array:
        """Expected information of each row in its own predictor; not for "multinomial"."""
        return self._row_information(self.predictor(coefficients))

    def information_of(self, row_information: Array) -> Array:
        """Information in the coefficients, from that of each row in its predictor."""
        weighted = self.design * (self.sample_weight * row_information)[:, np.newaxis]
        return weighted.T @ self.design

    def _row_information(self, eta: Array) -> Array:
        if self.family == "bernoulli":
            drawn = self._drawn_to_even_odds()
            mean = expit(drawn * eta)
            return drawn * mean * (1.0 - mean)
        if self.family == "gaussian":
            return np.full_like(eta, 1.0 / self.dispersion)
        return np.exp(eta) ** (2.0 - self._variance_power()) / self.dispersion

    def _softmax_terms(self, eta: Array) -> tuple[Array, Array]:
        p = softmax(eta, axis=1)
        residual = -p
        residual[np.arange(len(eta)), self.y.astype(np.intp)] += 1.0
        residual *= self.sample_weight[:, np.newaxis]
        gradient = (residual.T @ self.design).ravel()
        n_columns = self.design.shape[1]
        information = np.empty((self.n_outputs, n_columns, self.n_outputs, n_columns))
        for a in range(self.n_outputs):
            for b in range(a, self.n_outputs):
                v = self.sample_weight * p[:, a] * ((a == b) - p[:, b])
                block = (self.design * v[:, np.newaxis]).T @ self.design
                information[a, :, b, :] = block
                information[b, :, a, :] = block
        return gradient, information.reshape(self.n_coefficients, self.n_coefficients)

    def _drawn_to_even_odds(self) -> Array | float:
        """Factor on the log-odds of rows whose predictor is uncertain."""
        return 1.0 if self.variance is None else 1.0 / np.sqrt(1.0 + np.pi * self.variance / 8.0)

    def _variance_power(self) -> float:
        return {"poisson": 1.0, "gamma": 2.0}.get(self.family, self.power)

    def _quasi_likelihood(self, eta: Array) -> Array:
        """Integral of ``(y - t) / t^power`` up to the mean."""
        power = self._variance_power()
        mean = np.exp(eta)
        if power == 1.0:
            return self.y * eta - mean
        if power == 2.0:
            return -self.y / mean - eta
        return self.y * mean ** (1.0 - power) / (1.0 - power) - mean ** (2.0 - power) / (
            2.0 - power
        )


def penalised_mode(
    likelihood: Likelihood,
    prior_mean: Array,
    prior_precision: Array,
    *,
    start: Array | None = None,
    max_iter: int = 50,
    tol: float = 1e-9,
) -> tuple[Array, Array]:
    """Mode of a likelihood under a normal prior, by Fisher scoring with a line search.

    Parameters
    ----------
    likelihood : Likelihood
        Of the rows.
    prior_mean : ndarray of shape (n_coefficients,)
        Mean of the prior.
    prior_precision : ndarray of shape (n_coefficients, n_coefficients)
        Precision of the prior; together with the information it must be positive definite.
    start : ndarray of shape (n_coefficients,) or None, default=None
        Where to begin; the prior's mean by default.
    max_iter : int, default=50
        Most steps.
    tol : float, default=1e-9
        Relative gain in the objective at which the iteration ends.

    Returns
    -------
    mode : ndarray of shape (n_coefficients,)
        The maximiser.
    information : ndarray of shape (n_coefficients, n_coefficients)
        Of the likelihood there.
    """

    def objective(at: Array) -> float:
        away = at - prior_mean
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            value = likelihood.value(at) - 0.5 * away @ prior_precision @ away
        return float(value) if np.isfinite(value) else -np.inf

    mode = prior_mean.copy() if start is None else start.copy()
    reached = objective(mode)
    for _ in range(max_iter):
        gradient, information = likelihood.gradient_and_information(mode)
        gradient = gradient - prior_precision @ (mode - prior_mean)
        step = cho_solve(_factor(information + prior_precision), gradient)
        length = 1.0
        if likelihood.logarithmic:
            # The quadratic model says nothing of far away, where exponentials overflow.
            change = np.abs(likelihood.design @ step).max(initial=0.0)
            length = 1.0 / max(1.0, change / _MOST_CHANGE)
        while (value := objective(mode + length * step)) < reached and length > 1e-6:
            length *= 0.5
        if value <= reached:
            break
        mode, gain, reached = mode + length * step, value - reached, value
        if gain <= tol * (1.0 + abs(reached)):
            break
    return mode, likelihood.gradient_and_information(mode)[1]


def _factor(matrix: Array) -> tuple[Array, bool]:
    """Cholesky factor; rounding may need a little help where a prior is all but flat."""
    ridge = 1e-10 * np.trace(matrix) / len(matrix)
    return cho_factor(matrix + ridge * np.eye(len(matrix)), lower=True)
