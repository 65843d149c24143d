# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The algorithm boxes of the papers, line by line, without regard to speed.

Rows come as lists, the sources before the target, as the papers write them. Each function returns
what the papers output: a function of X.
"""

from __future__ import annotations

from math import ceil, log, prod, sqrt
from typing import Any

import numpy as np
from sklearn.base import clone


def _fit(estimator: Any, X: Any, y: Any, w: list[float]) -> Any:
    p = np.array(w) / sum(w) * len(w)
    return clone(estimator).fit(X, y, sample_weight=p)


def first_of_last_half(rounds: list[float]) -> int:
    """Find the first t >= ceil(N / 2), with t from 1 in the papers."""
    return next(t for t in range(len(rounds)) if t + 1 >= ceil(len(rounds) / 2))


def tradaboost(estimator: Any, X: Any, y: Any, n: int, N: int, dynamic: bool = False) -> Any:
    """Dai, Algorithm 1; y in {0, 1}; `dynamic` adds Al-Stouhi's factor.

    The paper asks for eps < 1/2; beta_t is 1 elsewhere, and 2 (1 - eps), the growth of the target's
    weight, is 1 then too.
    """
    w = [1.0] * len(y)
    beta = 1 / (1 + sqrt(2 * log(n) / N))
    learners, betas = [], []
    for _ in range(N):
        h = _fit(estimator, X, y, w)
        e = [abs(int(a) - int(b)) for a, b in zip(h.predict(X), y, strict=True)]
        eps = sum(w[i] * e[i] for i in range(n, len(y))) / sum(w[n:])
        assert eps > 0.5 / (len(y) - n + 1)  # no learner comes near to perfection
        beta_t = eps / (1 - eps) if eps < 0.5 - 1e-9 else 1.0
        C = 2 * (1 - eps) if dynamic and beta_t < 1 else 1
        for i in range(len(y)):
            w[i] = w[i] * C * beta ** e[i] if i < n else w[i] * beta_t ** -e[i]
        learners.append(h)
        betas.append(beta_t)

    def output(X_new: Any) -> Any:
        votes = [h.predict(X_new) for h in learners]
        voters = range(first_of_last_half(betas), N)
        if all(betas[t] == 1 for t in voters):  # both products are empty, all labels would be 1
            voters = range(N)
        return [
            int(
                prod(betas[t] ** -float(votes[t][j]) for t in voters)
                >= prod(betas[t] ** -0.5 for t in voters)
            )
            for j in range(len(X_new))
        ]

    return output, [log(1 / b) for b in betas]


def weighted_median(values: list[float], weights: list[float]) -> float:
    """Drucker's definition: the infimum of those at which half of the weight is reached."""
    half = sum(weights) / 2
    return min(
        v
        for v in values
        if sum(w for u, w in zip(values, weights, strict=True) if u <= v) >= half * (1 - 1e-9)
    )


def tradaboost_r2(estimator: Any, X: Any, y: Any, n: int, N: int) -> Any:
    """Pardoe, TrAdaBoost.R2."""
    w = [1 / len(y)] * len(y)
    beta = 1 / (1 + sqrt(2 * log(n) / N))
    learners, votes = [], []
    for _ in range(N):
        h = _fit(estimator, X, y, w)
        residual = [abs(a - b) for a, b in zip(y, h.predict(X), strict=True)]
        e = [r / max(residual) for r in residual]
        eps = sum(w[i] * e[i] for i in range(n, len(y))) / sum(w[n:])
        if eps >= 0.5:
            break
        beta_t = eps / (1 - eps)
        w = [w[i] * (beta ** e[i] if i < n else beta_t ** -e[i]) for i in range(len(y))]
        w = [v / sum(w) for v in w]
        learners.append(h)
        votes.append(log(1 / beta_t))
    first = first_of_last_half(votes)

    def output(X_new: Any) -> Any:
        predictions = [h.predict(X_new) for h in learners[first:]]
        return [
            weighted_median([p[j] for p in predictions], votes[first:]) for j in range(len(X_new))
        ]

    return output, votes


def adaboost_r2_prime(
    estimator: Any, X: Any, y: Any, w: list[float], n: int, N: int
) -> tuple[list[Any], list[float]]:
    """Pardoe, AdaBoost.R2': AdaBoost.R2 with the first n weights frozen."""
    learners, votes = [], []
    for _ in range(N):
        used = [i for i in range(len(y)) if w[i] > 0]
        h = _fit(estimator, X[used], y[used], [w[i] for i in used])
        residual = [abs(a - b) if v > 0 else 0 for a, b, v in zip(y, h.predict(X), w, strict=True)]
        e = [r / max(residual) for r in residual]
        eps = sum(w[i] * e[i] for i in range(len(y))) / sum(w)
        if eps >= 0.5:
            break
        beta = eps / (1 - eps)
        before = sum(w[n:])
        target = [w[i] * beta ** (1 - e[i]) for i in range(n, len(y))]
        w = w[:n] + [v * before / sum(target) for v in target]
        learners.append(h)
        votes.append(log(1 / beta))
    return learners, votes


def first_stage(estimator: Any, X: Any, y: Any, n: int, S: int) -> list[list[float]]:
    """Pardoe, Two-stage TrAdaBoost.R2, step 4 without its cross-validation."""
    m = len(y) - n
    w = [1 / (n + m)] * (n + m)
    steps = [w]
    for t in range(1, S):
        h = _fit(estimator, X, y, w)
        residual = [abs(a - b) for a, b in zip(y, h.predict(X), strict=True)]
        e = [r / max(residual) for r in residual]
        wanted = m / (n + m) + t / (S - 1) * (1 - m / (n + m))
        low, high = 0.0, 1.0
        for _ in range(2000):  # the binary search of the paper
            beta = (low + high) / 2
            shrunk = [w[i] * beta ** e[i] if i < n else w[i] for i in range(n + m)]
            if sum(shrunk[n:]) / sum(shrunk) > wanted:
                low = beta
            else:
                high = beta
        w = [v / sum(shrunk) for v in shrunk]
        steps.append(w)
    return steps
