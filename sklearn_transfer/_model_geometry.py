# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""How far fitted models lie apart, read from what they say about the target's rows.

`ParametricGeometry` reads the linear predictors of (generalised) linear models, exactly;
`FunctionalGeometry` reads the predictions of any other model. Both see models only through their
values on the target's rows, so pipelines that scale each domain by itself are compared rightly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import logsumexp, softmax

from sklearn_transfer._families import Family, TargetSample, model_family
from sklearn_transfer._folds import deal_folds
from sklearn_transfer._math.calibration import class_shares, class_shift
from sklearn_transfer._math.discrepancy import (
    deviation_gram,
    effective_dimension,
    information_weight,
    intercept_tangents,
    predictor_deviations,
    predictor_divergence,
    prior_tangents,
    probability_deviations,
)
from sklearn_transfer._weighted_fit import FittedModel, final_step

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Discrepancy:
    """Gram matrix of the sources' deviations, the dimension that belongs to it, and a check.

    `divergence` is what the diagonal approximates; None where the geometry expands nothing.
    """

    matrix: Array
    n_parameters: float
    divergence: Array | None = None


class ParametricGeometry:
    """Geometry of models that are linear in their predictor.

    Parameters
    ----------
    family : Family
        Of the inner estimator.
    target : TargetSample
        The target's rows.
    sources : sequence of FittedModel
        The source models, held fixed.
    n_samples : ndarray of shape (n_sources,)
        Rows of each source.
    own_intercepts : bool
        Whether every domain has its own intercept.
    """

    def __init__(
        self,
        family: Family,
        target: TargetSample,
        sources: Sequence[FittedModel],
        n_samples: Array,
        own_intercepts: bool,
    ):
        self.family = family
        self.target = target
        self.own_intercepts = own_intercepts
        self.dispersion = 1.0
        self._smallest = 1.0 / (np.append(n_samples, target.size) + 2.0)
        self._predictors = _stacked_predictors(sources, target, family, self._smallest)

    def estimate_dispersion(
        self, model: FittedModel, source_residuals: Callable[[], tuple[float, float]]
    ) -> None:
        """Estimate the noise from the target-only fit, with the sources' where rows are few.

        Parameters
        ----------
        model : FittedModel
            Fitted on the target's rows alone.
        source_residuals : callable
            Gives the sources' sum of squared Pearson residuals and their degrees of freedom;
            called only when the target has no more than twice as many rows as parameters.
        """
        if self.family.name not in ("gaussian", "gamma", "tweedie"):
            return
        squares = pearson_squares(model, self.target, self.family)
        n_parameters = self._count(model)
        freedom = max(self.target.size - n_parameters, 0.0)
        if self.target.size <= 2 * n_parameters:
            source_squares, source_freedom = source_residuals()
            squares, freedom = squares + source_squares, freedom + source_freedom
        self.dispersion = max(squares / max(freedom, 1.0), _least_dispersion(self.target))

    def at(self, model: FittedModel) -> Discrepancy:
        """Discrepancy seen from a target model.

        Parameters
        ----------
        model : FittedModel
            The target model of this round.

        Returns
        -------
        discrepancy : Discrepancy
            M and d; d counts the shared parameters only where intercepts are owned.
        """
        predictor = _predictor(model, self.target, self.family, self._smallest[-1])
        deviations, tangents = _predictor_coordinates(
            self._predictors, predictor, self.family, self.dispersion, self.own_intercepts
        )
        matrix = deviation_gram(
            deviations, sample_weight=self.target.sample_weight, tangents=tangents
        )
        divergence = None
        if not self.own_intercepts:
            divergence = predictor_divergence(
                self._predictors,
                predictor,
                family=self.family.name,
                dispersion=self.dispersion,
                power=self.family.power,
                sample_weight=self.target.sample_weight,
            )
        return Discrepancy(matrix, self._count(model), divergence)

    def _count(self, model: FittedModel) -> float:
        step = final_step(model.estimator)
        per_class = step.coef_.shape[-1]
        if not self.own_intercepts and getattr(step, "fit_intercept", True):
            per_class += 1
        classes = self.target.classes
        return float(per_class * (1 if classes is None else max(len(classes) - 1, 1)))


class FunctionalGeometry:
    """Geometry of models known by their predictions alone.

    The target model of the first round is seen out of fold, because flexible models fit their own
    rows too well; its folds also give the effective dimension. Later rounds need no refit: to first
    order the weighted fit is the average ``(N_0 f_0 + sum_i v_i f_i) / (N_0 + s)``.

    Parameters
    ----------
    family : Family
        Of the inner estimator.
    target : TargetSample
        The target's rows.
    sources : sequence of FittedModel
        The source models, held fixed.
    own_intercepts : bool
        Whether every domain has its own intercept.
    fit : callable
        ``fit(sample) -> FittedModel``: how rows of the target are fitted by themselves.
    random_state : int, RandomState instance or None
        Of the folds.

    Attributes
    ----------
    levels : ndarray or None
        How much higher each source's predictor lies than the target's, where intercepts are owned.
    reacts : bool
        Whether the target's model tells rows apart.
    n_parameters : float
        Effective dimension of the target's model.
    """

    n_folds = 5

    def __init__(
        self,
        family: Family,
        target: TargetSample,
        sources: Sequence[FittedModel],
        own_intercepts: bool,
        fit: Callable[[TargetSample], FittedModel],
        largest_source: Callable[[], TargetSample],
        random_state: Any,
    ):
        self.family = family
        self.target = target
        self.own_intercepts = own_intercepts
        self.dispersion = 1.0
        self._predictions = np.stack([self._predict(model) for model in sources])
        self.levels = self._take_levels() if own_intercepts else None
        one_class = target.classes is not None and len(np.unique(target.y)) < 2
        trained_on = largest_source() if one_class else target
        folds, fold_of_row = self._fold_predictions(trained_on, fit, random_state)
        if one_class:
            self._reference = self._constant(target.y)
        else:
            self._reference = folds[fold_of_row, np.arange(len(target.y))]
        if target.classes is None:
            self.dispersion = self._estimate_dispersion()
        fold_coordinates, tangents = self._coordinates(folds, self._reference)
        # A model that says the same of every row has learnt from none of them.
        self.reacts = one_class or bool(np.var(folds, axis=1).mean() > 1e-4 * self.dispersion)
        self.n_parameters = effective_dimension(
            fold_coordinates,
            trained_on.size,
            sample_weight=target.sample_weight,
            tangents=tangents,
        )

    def at(self, shares: Array) -> Discrepancy:
        """Discrepancy seen from the blend of target and source models.

        Parameters
        ----------
        shares : ndarray of shape (n_sources + 1,)
            Shares of the target and of each source in the blend; they sum to 1.

        Returns
        -------
        discrepancy : Discrepancy
            M, and the effective dimension d of the target's model.
        """
        reference = shares[0] * self._reference + np.tensordot(shares[1:], self._predictions, 1)
        deviations, tangents = self._coordinates(self._predictions, reference)
        matrix = deviation_gram(
            deviations, sample_weight=self.target.sample_weight, tangents=tangents
        )
        return Discrepancy(matrix, self.n_parameters)

    def _take_levels(self) -> Array:
        """Bring every source to the target's level; return how much higher its predictor was."""
        target = self.target
        if target.classes is None:
            average = partial(np.average, axis=1, weights=target.sample_weight)
            if self.family.logarithmic:  # the ratio of means is what a log link's intercept fits
                levels = np.log(average(np.exp(self._predictions)))
                levels -= np.log(max(target.mean(target.y), np.finfo(float).tiny))
            else:
                levels = average(self._predictions) - target.mean(target.y)
            self._predictions -= levels[:, np.newaxis]
            return levels
        shares = class_shares(target.y, target.classes, target.sample_weight)
        # Probabilities of 0 and 1 have no level; a millionth is beyond what the rows can tell.
        logs = np.log(np.clip(self._predictions, 1e-6, None))
        shifts = np.stack(
            [class_shift(z, shares, sample_weight=target.sample_weight) for z in logs]
        )
        self._predictions = softmax(logs + shifts[:, np.newaxis], axis=-1)
        return shifts[:, 0] - shifts[:, 1] if len(target.classes) == 2 else -shifts

    def _coordinates(self, predictions: Array, reference: Array) -> tuple[Array, Array | None]:
        if self.target.classes is not None:
            tangents = prior_tangents(reference) if self.own_intercepts else None
            return probability_deviations(predictions, reference), tangents
        return _predictor_coordinates(
            predictions, reference, self.family, self.dispersion, self.own_intercepts
        )

    def _predict(self, model: FittedModel) -> Array:
        if self.target.classes is not None:
            return model.predict_proba(self.target.X, self.target.classes).astype(np.float64)
        return _link(model.predict(self.target.X), self.family)

    def _fold_predictions(
        self, sample: TargetSample, fit: Callable[[TargetSample], FittedModel], random_state: Any
    ) -> tuple[Array, NDArray[np.intp]]:
        """Predictions on the target's rows by models that each leave out a fold of `sample`."""
        n_folds = max(min(self.n_folds, len(sample.y)), 2)
        groups = sample.groups
        if groups is not None and len(np.unique(groups)) < 2:
            groups = None  # a model of other rows of the group says more than a constant
        fold_of_row = deal_folds(sample.y, n_folds, sample.classes, random_state, groups)
        by_fold = []
        for fold in range(max(fold_of_row.max() + 1, 2)):
            part = sample.take(np.flatnonzero(fold_of_row != fold))
            if len(np.unique(part.y)) < 2 and (sample.classes is not None or len(part.y) == 0):
                by_fold.append(self._constant(part.y))
            else:
                by_fold.append(self._predict(fit(part)))
        return np.stack(by_fold), fold_of_row

    def _constant(self, y: NDArray[Any]) -> Array:
        """What one class or no row tells: Laplace-smoothed class shares; else the sources' mean."""
        n_rows = len(self.target.y)
        if self.target.classes is None:
            return self._predictions.mean(axis=0)
        counts = (y[:, np.newaxis] == self.target.classes).sum(axis=0) + 1.0
        return np.tile(counts / counts.sum(), (n_rows, 1))

    def _estimate_dispersion(self) -> float:
        """Noise as the out-of-fold error shows it."""
        if self.family.name == "poisson":
            return 1.0
        mean = np.exp(self._reference) if self.family.logarithmic else self._reference
        squares = self.target.mean(_pearson(self.target.y, mean, self.family))
        return max(squares, _least_dispersion(self.target))


def _predictor_coordinates(
    predictors: Array, reference: Array, family: Family, dispersion: float, own_intercepts: bool
) -> tuple[Array, Array | None]:
    """Deviations of linear predictors, and the directions of own intercepts."""
    name, power = family.name, family.power
    deviations = predictor_deviations(
        predictors, reference, family=name, dispersion=dispersion, power=power
    )
    if not own_intercepts:
        return deviations, None
    return deviations, intercept_tangents(
        reference, family=name, dispersion=dispersion, power=power
    )


def pearson_squares(model: FittedModel, sample: TargetSample, family: Family) -> float:
    """Weighted sum of squared Pearson residuals of a regression model."""
    squares = _pearson(sample.y, np.asarray(model.predict(sample.X), dtype=float), family)
    return sample.mean(squares) * sample.size


def _least_dispersion(target: TargetSample) -> float:
    """A perfect fit must not make every source infinitely far away."""
    return float(np.finfo(float).eps * max(target.mean(np.square(target.y)), 1e-30))


def _pearson(y: NDArray[Any], mean: Array, family: Family) -> Array:
    residual = np.square(y - mean)
    if family.name == "gaussian":
        return residual
    # information_weight at dispersion 1 is mu^2 / Var(mu) for a log link.
    return residual * information_weight(family.name, mean, power=family.power) / mean**2


def _link(mean: NDArray[Any], family: Family) -> Array:
    mean = np.asarray(mean, dtype=float)
    return np.log(np.maximum(mean, np.finfo(float).tiny)) if family.logarithmic else mean


def _stacked_predictors(
    sources: Sequence[FittedModel], target: TargetSample, family: Family, smallest: Array
) -> Array:
    """Linear predictors of all sources on the target's rows, in one product where they allow it."""
    coefficients = _bare_coefficients(sources, target)
    if coefficients is None:
        return np.stack(
            [_predictor(m, target, family, p) for m, p in zip(sources, smallest, strict=False)]
        )
    coef, intercept = coefficients
    flat = target.X @ coef.reshape(-1, coef.shape[-1]).T
    predictors = flat.reshape(len(target.y), *coef.shape[:-1]) + intercept
    return np.moveaxis(predictors, 0, 1)


def _bare_coefficients(
    sources: Sequence[FittedModel], target: TargetSample
) -> tuple[Array, Array] | None:
    """Coefficients of shape (n_sources[, n_classes], n_features) of plain linear models."""
    numeric = isinstance(target.X, np.ndarray) and target.X.dtype.kind in "fiub"
    if not (numeric or sparse.issparse(target.X)):
        return None
    steps = [model.estimator for model in sources]
    if any(not hasattr(model.estimator, "coef_") or not _is_of(model, target) for model in sources):
        return None
    binary = target.classes is not None and len(target.classes) <= 2
    if target.classes is not None and any(
        model.classes is None or len(model.classes) != len(target.classes) for model in sources
    ):
        return None
    coef = np.stack([np.asarray(step.coef_, dtype=float) for step in steps])
    intercept = np.stack([np.reshape(step.intercept_, step.coef_.shape[:-1]) for step in steps])
    if binary:
        coef, intercept = coef[:, 0], intercept[:, 0]
    return coef, intercept


def _is_of(model: FittedModel, target: TargetSample, family: Family | None = None) -> bool:
    """Whether a model is linear, and of a family: one that the user gave may be any other."""
    n_classes = None if target.classes is None else len(target.classes)
    found = model_family(model.estimator, n_classes)
    return found.linear and (family is None or found == family)


def _predictor(model: FittedModel, target: TargetSample, family: Family, smallest: float) -> Array:
    """Linear predictor of one model; a class it never saw gets the probability `smallest`."""
    if target.classes is None:
        return _link(model.predict(target.X), family)
    assert model.classes is not None
    if not _is_of(model, target, family):
        p = model.predict_proba(target.X, target.classes).astype(np.float64)
        logs = np.log(np.maximum(p, smallest))
        return logs if len(target.classes) > 2 else logs[:, 1] - logs[:, 0]
    decision = np.asarray(model.estimator.decision_function(target.X), dtype=float)
    if len(target.classes) <= 2:
        return decision
    if decision.ndim == 1:
        decision = np.column_stack([np.zeros_like(decision), decision])
    if len(model.classes) == len(target.classes):
        return decision
    unseen = logsumexp(decision, axis=1) + np.log(smallest)
    predictor = np.tile(unseen[:, np.newaxis], (1, len(target.classes)))
    predictor[:, np.searchsorted(target.classes, model.classes)] = decision
    return predictor


__all__ = [
    "Discrepancy",
    "FunctionalGeometry",
    "ParametricGeometry",
    "pearson_squares",
]
