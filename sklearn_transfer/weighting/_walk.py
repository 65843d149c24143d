# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The rounds of UOWQ: where the target model stands, what is seen from there, where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint
from scipy.sparse import issparse

from sklearn_transfer._families import model_family
from sklearn_transfer._math.kl_risk import (
    debias_discrepancy,
    kl_risk,
    optimal_weights,
    plug_in_noise,
    pooling_ratio,
)
from sklearn_transfer._model_geometry import (
    Discrepancy,
    FunctionalGeometry,
    ParametricGeometry,
    pearson_squares,
)
from sklearn_transfer._progress import logger
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer._weighted_refit import WeightedRefit

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rounds:
    """How the weights of a round are found.

    Parameters
    ----------
    n_rounds : int
        1 is the static update.
    bias_correction : bool
        Whether estimation noise is subtracted from M.
    constraints : LinearConstraint or list of LinearConstraint or None
        On the weights of all sources.
    """

    n_rounds: int
    bias_correction: bool
    constraints: Any


@dataclass(frozen=True)
class Round:
    """What one round found.

    Parameters
    ----------
    weights : ndarray of shape (n_kept,)
        w.
    risk : float
        L of these weights.
    ratio : ndarray of shape (n_kept,)
        c_i of the plug-in discrepancy.
    matrix : ndarray of shape (n_kept, n_kept)
        M, corrected where that was asked for.
    seen : Discrepancy
        As it was measured.
    """

    weights: Array
    risk: float
    ratio: Array
    matrix: Array
    seen: Discrepancy


class Walk:
    """Where the target model stands: a fitted model, or a blend of predictions."""

    def __init__(
        self,
        parametric: bool,
        refit: WeightedRefit,
        kept: NDArray[np.intp],
        sources: list[FittedModel],
        n_samples: Array,
        seed: int,
        *,
        warn: bool = True,
    ):
        self.parametric, self.refit, self.kept = parametric, refit, kept
        self.n_samples = n_samples
        self._fitted: dict[bytes, FittedModel] = {}
        target = refit.target()
        n_classes = None if refit.classes is None else len(refit.classes)
        family = model_family(refit.estimator, n_classes)
        one_class = refit.classes is not None and len(np.unique(target.y)) < 2
        if one_class and warn:
            warn_transfer(
                f"All {len(target.y)} rows of the target have the class "
                f"{target.y[:1].tolist()[0]!r}: its discrepancies are measured from the pooled "
                "model instead of its own.",
            )
        self.n_target = target.size
        own = refit.own_intercepts
        if parametric:
            self.geometry: Any = ParametricGeometry(family, target, sources, n_samples, own)
            self.model = self.fit(np.full(len(kept), 1.0 if one_class else 0.0))

            def residuals() -> tuple[float, float]:
                samples = [refit.source(index) for index in kept]
                squares = [
                    pearson_squares(m, s, family) for m, s in zip(sources, samples, strict=True)
                ]
                freedom = n_samples - self.geometry.at(self.model).n_parameters
                return float(sum(squares)), float(np.maximum(freedom, 0.0).sum())

            self.geometry.estimate_dispersion(self.model, residuals)
        else:
            largest = kept[int(np.argmax(n_samples))]
            self.geometry = FunctionalGeometry(
                family,
                target,
                sources,
                own,
                refit.fit_rows,
                lambda: refit.source(largest),
                seed,
            )
            self.shares = np.append(1.0, np.zeros(len(kept)))
            if warn and not self.geometry.reacts:
                warn_transfer(
                    f"The inner estimator says the same of all {self.n_target:g} target rows: it "
                    "is too constrained for so few, as trees with large leaves are, and then every "
                    "source looks far away. Loosen it (min_samples_leaf, min_child_weight) or take "
                    "another inner estimator."
                )

    def rounds(self, settings: Rounds, n_target: float) -> list[Round]:
        """Rounds of geometry -> weights -> refit, from the target-only model on.

        Parameters
        ----------
        settings : Rounds
            How many, and how weights are found.
        n_target : float
            N_0.

        Returns
        -------
        rounds : list of Round
            The last one is where the walk ends.
        """
        rounds: list[Round] = []
        for number in range(settings.n_rounds):
            if number > 0:
                self.advance(rounds[-1].weights)
            found = self.discrepancy()
            matrix, d = found.matrix, found.n_parameters
            if settings.bias_correction:
                weights = rounds[-1].weights if rounds else np.zeros(len(self.kept))
                shares = np.append(n_target, weights * self.n_samples)
                noise = plug_in_noise(self.n_samples, n_target, d, shares=shares / shares.sum())
                matrix = debias_discrepancy(matrix, noise)
            constraints = restricted(settings.constraints, self.kept)
            weights = optimal_weights(matrix, self.n_samples, n_target, d, constraints=constraints)
            risk = float(kl_risk(weights, matrix, self.n_samples, n_target, d))
            ratio = pooling_ratio(found.matrix, n_target, d)
            rounds.append(Round(weights, risk, ratio, matrix, found))
            logger.info("round %d: risk %.4g, weights %s", number + 1, risk, weights.round(3))
        return rounds

    def discrepancy(self) -> Discrepancy:
        """Discrepancy of the sources as seen from here."""
        return self.geometry.at(self.model if self.parametric else self.shares)

    def advance(self, weights: Array) -> None:
        """Move to the target model that these weights give."""
        if self.parametric:
            self.model = self.fit(weights)
            return
        mass = np.append(self.n_target, weights * self.n_samples)
        self.shares = mass / mass.sum()

    def fit(self, weights: Array) -> FittedModel:
        """Fit on target and sources, from where the last fit ended if it can, and only once."""
        known = weights.tobytes()
        if known not in self._fitted:
            of_all = np.zeros(self.refit.domains.n_sources)
            of_all[self.kept] = weights
            self._fitted[known] = self.refit.fit(
                of_all, warm_from=getattr(self, "model", None), levels=self._levels()
            )
        return self._fitted[known]

    def _levels(self) -> Array | None:
        kept_levels = getattr(getattr(self, "geometry", None), "levels", None)
        if kept_levels is None:
            return None
        levels = np.zeros((self.refit.domains.n_sources, *kept_levels.shape[1:]))
        levels[self.kept] = kept_levels
        return levels


def restricted(constraints: Any, kept: NDArray[np.intp]) -> list[LinearConstraint] | None:
    """Constraints on all weights, with the weights of left-out sources at zero."""
    if constraints is None:
        return None
    listed = [constraints] if isinstance(constraints, LinearConstraint) else list(constraints)
    rows = [c.A.toarray() if issparse(c.A) else np.atleast_2d(c.A) for c in listed]
    return [LinearConstraint(A[:, kept], c.lb, c.ub) for A, c in zip(rows, listed, strict=True)]
