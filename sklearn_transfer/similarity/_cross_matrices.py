# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""From the errors of every domain's models to the matrices of the score and its zones.

All three aggregations are weighted sums of the errors of the base models and of their ensemble;
they differ in the weights, which belong to a pair of domains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._math import cross_learning as mathematics
from sklearn_transfer.similarity._cross_models import DomainErrors

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CrossMatrices:
    """Matrices over pairs (t, s), t in the part of the target; NaN where nothing is known.

    Parameters
    ----------
    scores, own, cross, baseline : ndarray of shape (n_domains, n_domains)
        Excess errors, cross-validated errors of t, errors on t of the models of s, baselines.
    standard_errors : dict of str to ndarray of shape (n_domains, n_domains)
        "folds", "losses" and "excess".
    weights, model_errors : ndarray of shape (n_domains, n_models)
        Of each domain's models.
    model_scores : ndarray of shape (n_models, n_domains, n_domains)
        Of each model alone.
    sizes : ndarray of shape (n_domains,)
        Rows of each domain.
    """

    scores: Array
    own: Array
    cross: Array
    baseline: Array
    standard_errors: dict[str, Array]
    weights: Array
    model_errors: Array
    model_scores: Array
    sizes: Array

    @classmethod
    def collect(
        cls,
        errors: dict[int, tuple[list[int], DomainErrors]],
        sizes: Array,
        n_models: int,
        *,
        aggregation: str,
        domain_weight: float,
        zero_one: bool,
    ) -> CrossMatrices:
        """Put the errors of every domain where they stand.

        Parameters
        ----------
        errors : dict of int to (list of int, DomainErrors)
            By domain: the domains by whose rows its models were judged, and their errors.
        sizes : ndarray of shape (n_domains,)
            Rows of each domain.
        n_models : int
            Number of base models.
        aggregation : {"ensemble", "weighted", "mean"}
            Which weighted sum.
        domain_weight : float
            c.
        zero_one : bool
            Whether losses are 0 or 1; then no variance is below that of half a row in error.

        Returns
        -------
        matrices : CrossMatrices
            All of them.
        """
        n, answers = len(sizes), n_models + 1
        own = np.full((n, answers), np.nan)
        weights = np.full((n, n_models), np.nan)
        row_cov, fold_cov = (np.full((n, answers, answers), np.nan) for _ in range(2))
        cross = np.full((n, n, answers), np.nan)
        cross_cov = np.full((n, n, answers, answers), np.nan)
        for source, (judged, found) in errors.items():
            own[source], weights[source] = found.own, found.weights
            row_cov[source], fold_cov[source] = found.own_covariance, found.fold_covariance
            if judged:
                cross[judged, source] = found.cross
                cross_cov[judged, source] = found.cross_covariance
        by_pair = _pair_weights(weights, aggregation)
        own_error = np.einsum("tsa,ta->ts", by_pair, own)
        cross_error = np.einsum("tsa,tsa->ts", by_pair, cross)
        of_rows = mathematics.quadratic(by_pair, row_cov[:, np.newaxis])
        of_folds = mathematics.quadratic(by_pair, fold_cov[:, np.newaxis])
        crossed = mathematics.quadratic(by_pair, cross_cov)
        pooled = mathematics.pooled_variance(own_error, of_rows, cross_error, crossed, sizes)
        return cls(
            scores=mathematics.cross_learning_scores(cross_error, own_error, domain_weight),
            own=own_error,
            cross=cross_error,
            baseline=mathematics.baseline_errors(own_error, domain_weight),
            standard_errors=_standard_errors(
                of_folds, of_rows, pooled, sizes, domain_weight, zero_one
            ),
            weights=weights,
            model_errors=own[:, :n_models],
            model_scores=np.array([
                mathematics.cross_learning_scores(
                    cross[:, :, m], np.broadcast_to(own[:, m, np.newaxis], (n, n)), domain_weight
                )
                for m in range(n_models)
            ]),
            sizes=sizes,
        )  # fmt: skip

    def cross_with_own(self) -> Array:
        """Cross-domain errors, with each domain's own on the diagonal."""
        together = self.cross.copy()
        np.fill_diagonal(together, np.diag(self.own))
        return together

    def zones(
        self,
        target: int,
        positive_z: float,
        negative_z: float,
        standard_error: str,
        level: float | None,
    ) -> dict[str, NDArray]:
        """Scores of a target's pairs, what they are compared with, and their zones.

        Parameters
        ----------
        target : int
            Its number.
        positive_z, negative_z : float
            Standard errors up to and above which a source is positive and negative.
        standard_error : {"folds", "losses"}
            Of the baseline.
        level : float or None
            In place of `negative_z` and `standard_error`.

        Returns
        -------
        zones : dict of str to ndarray of shape (n_domains,)
            The columns of the table.
        """
        if level is None:
            error = self.standard_errors[standard_error][target]
            upper_z: float | Array = negative_z
        else:
            error = self.standard_errors["excess"][target]
            upper_z = mathematics.level_quantile(level, self.sizes)[target]
        lower, upper = mathematics.zone_thresholds(
            np.zeros(len(self.sizes)), error, positive_z, upper_z
        )
        return {
            "score": self.scores[target],
            "baseline_error": self.baseline[target],
            "standard_error": error,
            "positive_threshold": lower,
            "negative_threshold": upper,
            "zone": mathematics.zones(self.scores[target], lower, upper),
        }


def _pair_weights(weights: Array, aggregation: str) -> Array:
    """Weights of the models, and of their ensemble, in the score of each pair."""
    n_domains, n_models = weights.shape
    by_pair = np.zeros((n_domains, n_domains, n_models + 1))
    if aggregation == "ensemble":
        by_pair[..., n_models] = 1.0
    elif aggregation == "mean":
        by_pair[..., :n_models] = 1.0 / n_models
    else:
        by_pair[..., :n_models] = mathematics.pair_weights(weights)
    return by_pair


def _standard_errors(
    of_folds: Array,
    of_rows: Array,
    pooled: Array,
    sizes: Array,
    domain_weight: float,
    zero_one: bool,
) -> dict[str, Array]:
    """Standard errors of each kind, from the variances of mean folds and of row losses."""
    rows = sizes[:, np.newaxis]
    folds = _floored(of_folds * rows, rows, zero_one) / rows
    losses = _floored(of_rows, rows, zero_one) / rows
    excess = _floored(pooled, rows + rows.T, zero_one)
    return {
        "folds": mathematics.baseline_standard_errors(folds, domain_weight),
        "losses": mathematics.baseline_standard_errors(losses, domain_weight),
        "excess": mathematics.excess_standard_errors(excess, sizes, domain_weight),
    }


def _floored(variance: Array, rows: Array, zero_one: bool) -> Array:
    """Variance of a row's loss, above 0: few rows without an error do not prove that none is made.

    For losses of 0 and 1 the least is that of half a row in error.
    """
    share = 0.5 / rows if zero_one else np.finfo(float).eps
    return np.maximum(variance, share * (1.0 - share))
