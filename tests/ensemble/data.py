# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Small problems with planted truth, shared by the tests of this folder."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Problem(NamedTuple):
    """Rows of the target "t" and of sources, interleaved."""

    X: NDArray[np.float64]
    y: NDArray[Any]
    domain: NDArray[Any]

    def rows(self, *labels: str) -> NDArray[np.intp]:
        """Row numbers of some domains."""
        return np.flatnonzero(np.isin(self.domain, labels))


def problem(
    slopes: dict[str, Any],
    sizes: dict[str, int],
    *,
    classes: bool,
    levels: dict[str, float] | None = None,
    noise: float = 1.0,
    seed: int = 0,
) -> Problem:
    """Draw linear or logistic domains, each with its own coefficients and level.

    Parameters
    ----------
    slopes : dict
        Coefficients of each domain; the target's is "t".
    sizes : dict
        Rows of each domain.
    classes : bool
        Whether y are labels 0 and 1.
    levels : dict or None, default=None
        Intercepts; 0 where not named.
    noise : float, default=1.0
        Standard deviation of y, for regression.
    seed : int, default=0
        Of the draw.
    """
    rng = np.random.default_rng(seed)
    domain = rng.permutation(np.repeat(list(sizes), list(sizes.values())))
    n_features = len(next(iter(slopes.values())))
    X = rng.standard_normal((len(domain), n_features))
    coef = np.array([slopes[label] for label in domain], dtype=float)
    eta = np.sum(X * coef, axis=1)
    eta += np.array([(levels or {}).get(label, 0.0) for label in domain])
    if classes:
        y = (rng.random(len(domain)) < 1 / (1 + np.exp(-eta))).astype(int)
    else:
        y = eta + noise * rng.standard_normal(len(domain))
    return Problem(X, y, domain)


def three_sources(*, classes: bool, n_target: int = 40, n_source: int = 80, seed: int = 0) -> Any:
    """A source like the target, one that tells nothing and one that is opposed to it."""
    slope = np.array([1.5, -1.0, 0.5])
    slopes = {"t": slope, "helpful": slope, "useless": 0 * slope, "harmful": -slope}
    sizes = {"t": n_target, "helpful": n_source, "useless": n_source, "harmful": n_source}
    return problem(slopes, sizes, classes=classes, seed=seed)
