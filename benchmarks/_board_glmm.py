# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Random-intercept models, what biostatistics would fit to the pooled table.

The spread of the intercepts maximises the marginal likelihood: restricted, for values; Laplace's
approximation of it, as lme4's `glmer` takes it, for two classes. The slopes are penalised as those
of the inner estimator are, without which a regression on rare categories breaks down. The models of
`statsmodels` are here for comparison: MixedLM, unpenalised, and the variational
BinomialBayesMixedGLM, which takes 50 times as long.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve, qr
from scipy.optimize import minimize_scalar
from scipy.special import expit

# Of an intercept, in units of the noise or of the linear predictor. The smallest is a pooled fit,
# the largest one intercept per domain.
LOG_SPREAD = (-5.0, 3.0)
# Precision of the common intercept, which is not penalised.
FLAT = 1e-6


class _RandomIntercepts:
    """Slopes, a common intercept, and one deviation of each domain, in this order.

    `penalty` is the ratio of the noise's variance to that of a slope.
    """

    def __init__(self, penalty):
        self.penalty = penalty

    def fit(self, X, y, domain):
        members = np.zeros((len(X), domain.max() + 1))
        members[np.arange(len(X)), domain] = 1.0
        wide = np.column_stack([X, np.ones(len(X)), members])
        n_columns = X.shape[1]
        prior = np.full(wide.shape[1], float(self.penalty))
        prior[n_columns] = FLAT
        self._begin(wide, y)

        def with_spread(log_spread):
            prior[n_columns + 1 :] = np.exp(-2.0 * log_spread)
            return self._mode(wide, y, prior)

        best = minimize_scalar(
            lambda log_spread: -with_spread(log_spread)[1],
            bounds=LOG_SPREAD,
            method="bounded",
            options={"xatol": 0.05},
        )
        mode, _ = with_spread(best.x)
        self.spread_ = float(np.exp(best.x))
        self.coef_ = mode[:n_columns]
        self.intercept_ = mode[n_columns] + mode[n_columns + 1]
        return self

    def predict(self, X):
        return X @ self.coef_ + self.intercept_


class RandomInterceptLinear(_RandomIntercepts):
    """Values; the noise is profiled out."""

    def _begin(self, wide, y):
        self._gram, self._cross = wide.T @ wide, wide.T @ y

    def _mode(self, wide, y, prior):
        factor = cho_factor(self._gram + np.diag(prior))
        mode = cho_solve(factor, self._cross)
        residual = y @ y - self._cross @ mode
        determinant = 2.0 * np.log(np.diag(factor[0])).sum()
        evidence = np.log(prior).sum() - determinant - (len(y) - 1) * np.log(residual)
        return mode, 0.5 * evidence


class RandomInterceptLogistic(_RandomIntercepts):
    """Two classes, 0 and 1."""

    def _begin(self, wide, y):
        self._point = np.zeros(wide.shape[1])

    def _mode(self, wide, y, prior):
        """Newton's method, from the last mode."""

        def objective(point):
            linear = wide @ point
            return y @ linear - np.logaddexp(0.0, linear).sum() - 0.5 * prior @ point**2

        point = self._point
        value = objective(point)
        for _ in range(50):
            chance = expit(wide @ point)
            gradient = wide.T @ (y - chance) - prior * point
            curvature = (wide * (chance * (1 - chance))[:, None]).T @ wide + np.diag(prior)
            factor = cho_factor(curvature)
            step = cho_solve(factor, gradient)
            length = 1.0
            while objective(point + length * step) < value and length > 1e-6:
                length /= 2
            point = point + length * step
            before, value = value, objective(point)
            if value - before < 1e-6 * (1.0 + abs(value)):
                break
        self._point = point
        determinant = 2.0 * np.log(np.diag(factor[0])).sum()
        return point, value + 0.5 * np.log(prior).sum() - 0.5 * determinant

    def predict_proba(self, X):
        chance = expit(self.predict(X))
        return np.column_stack([1.0 - chance, chance])


class StatsmodelsLinear:
    """MixedLM: unpenalised slopes, restricted maximum likelihood."""

    def fit(self, X, y, domain):
        from statsmodels.regression.mixed_linear_model import MixedLM

        wide = np.column_stack([np.ones(len(X)), X])
        # MixedLM takes no collinear columns, which indicators of missing values are full of.
        _, upper, order = qr(wide, mode="economic", pivoting=True)
        pivots = np.abs(np.diag(upper))
        self.columns_ = np.sort(order[: len(pivots)][pivots > 1e-6 * pivots[0]])
        result = MixedLM(y, wide[:, self.columns_], groups=domain).fit()
        self.coef_ = np.asarray(result.fe_params)
        # A spread of zero leaves no random effects, and MixedLM refuses to predict them.
        spread = float(np.asarray(result.cov_re)[0, 0])
        self.intercept_ = float(np.asarray(result.random_effects[0])[0]) if spread > 1e-10 else 0.0
        return self

    def predict(self, X):
        wide = np.column_stack([np.ones(len(X)), X])
        return wide[:, self.columns_] @ self.coef_ + self.intercept_


class StatsmodelsLogistic:
    """BinomialBayesMixedGLM, variational; `C` is the prior variance of a slope."""

    def __init__(self, C):
        self.C = C

    def fit(self, X, y, domain):
        from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

        wide = np.column_stack([np.ones(len(X)), X])
        n_domains = int(domain.max()) + 1
        model = BinomialBayesMixedGLM(
            y,
            wide,
            np.eye(n_domains)[domain],
            np.zeros(n_domains, dtype=int),
            fe_p=np.sqrt(self.C),
        )
        n_unknown = wide.shape[1] + 1 + n_domains
        result = model.fit_vb(mean=np.zeros(n_unknown), sd=np.full(n_unknown, 0.5))
        self.coef_, self.intercept_ = result.fe_mean, result.vc_mean[0]
        return self

    def predict_proba(self, X):
        chance = expit(np.column_stack([np.ones(len(X)), X]) @ self.coef_ + self.intercept_)
        return np.column_stack([1.0 - chance, chance])
