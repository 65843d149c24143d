# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Target rows at weight one, source rows at one weight per source: the fit that transfers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline

from sklearn_transfer._domains import Domains
from sklearn_transfer._families import TargetSample
from sklearn_transfer._folds import hold_out
from sklearn_transfer._own_intercepts import fit_with_own_intercepts
from sklearn_transfer._weighted_fit import (
    FittedModel,
    fit_weighted,
    take_rows,
    wants_evaluation_set,
)

Array = NDArray[np.float64]


class WeightedRefit:
    """Fits of one inner estimator to the rows of one problem.

    Parameters
    ----------
    estimator : estimator
        The user's inner estimator; never modified.
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        All rows.
    y : ndarray of shape (n_samples,)
        Labels or values.
    sample_weight : ndarray of shape (n_samples,) or None
        The user's weights.
    domains : Domains
        Which row belongs where.
    validation_fraction : float
        Share of the target's rows held out where the inner estimator stops early.
    random_state : int
        Of that split.
    own_intercepts : bool, default=False
        Whether every domain gets an intercept of its own.
    share_steps : bool, default=False
        Whether the steps of a Pipeline before its last are fitted once, on all rows, so that the
        models of all domains live in one coordinate system. Otherwise every fit does its own.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: NDArray[Any],
        sample_weight: Array | None,
        domains: Domains,
        *,
        validation_fraction: float,
        random_state: int,
        own_intercepts: bool = False,
        share_steps: bool = False,
    ):
        self._whole, self._before = estimator, None
        if share_steps and isinstance(estimator, Pipeline) and len(estimator) > 1:
            self._before = clone(estimator[:-1])
            X = self._before.fit_transform(X, y)
            estimator = estimator.steps[-1][1]
        self.estimator = estimator
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self.domains = domains
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.own_intercepts = own_intercepts
        self.classes = np.unique(y) if is_classifier(estimator) else None
        self._held_out = np.empty(0, dtype=np.intp)
        self._train_target = domains.target_rows
        if wants_evaluation_set(estimator):
            rows = domains.target_rows
            train, held = hold_out(
                y[rows],
                validation_fraction,
                random_state,
                self.classes is not None,
                domains.groups_of(rows),
            )
            self._train_target, self._held_out = rows[train], rows[held]

    def restricted_to(self, rows: NDArray[np.intp]) -> WeightedRefit:
        """Fits to some of the rows, behind the steps that were fitted on all of them.

        Parameters
        ----------
        rows : ndarray of shape (n_rows,)
            Sorted row numbers that stay.

        Returns
        -------
        refit : WeightedRefit
            Of these rows.
        """
        return WeightedRefit(
            self.estimator,
            take_rows(self.X, rows),
            self.y[rows],
            None if self.sample_weight is None else self.sample_weight[rows],
            self.domains.restricted_to(rows),
            validation_fraction=self.validation_fraction,
            random_state=self.random_state,
            own_intercepts=self.own_intercepts,
        )

    def target(self) -> TargetSample:
        """The target's rows, the held-out ones among them."""
        return self._sample(self.domains.target_rows)

    def source(self, index: int) -> TargetSample:
        """The rows of one source."""
        return self._sample(self.domains.source_rows(index))

    def fit(
        self,
        source_weights: Array,
        *,
        warm_from: FittedModel | None = None,
        levels: Array | None = None,
    ) -> FittedModel:
        """Fit on the target at weight one and the sources at theirs.

        Parameters
        ----------
        source_weights : ndarray of shape (n_sources,)
            Absolute weights; the rows of a source of weight 0 are left out.
        warm_from : FittedModel or None, default=None
            Where iterations may start.
        levels : ndarray of shape (n_sources,) or (n_sources, n_classes) or None, default=None
            How much higher each source's predictor lies than the target's, for inner estimators
            whose own intercepts are given rather than fitted.

        Returns
        -------
        model : FittedModel
            A model of the target.
        """
        row_weight = self.domains.per_row(1.0, source_weights)
        weighted = bool((source_weights != 0).any()) or self.sample_weight is not None
        if self.sample_weight is not None:
            row_weight *= self.sample_weight
        evaluation = None
        if len(self._held_out):
            used = row_weight > 0
            used[self._held_out] = np.isin(self._held_out, self._train_target)
            rows = np.flatnonzero(used)
            evaluation = (take_rows(self.X, self._held_out), self.y[self._held_out])
        else:
            rows = np.flatnonzero(row_weight)
        X, y = take_rows(self.X, rows), self.y[rows]
        weight = row_weight[rows] if weighted else None
        if not self.own_intercepts:
            return fit_weighted(
                self.estimator, X, y, weight, evaluation=evaluation, warm_from=warm_from
            )
        codes = self.domains.per_row(0, np.arange(1, self.domains.n_sources + 1))
        return fit_with_own_intercepts(
            self.estimator,
            X,
            y,
            weight,
            codes[rows].astype(np.intp),
            levels=levels,
            evaluation=evaluation,
        )

    def fit_source(self, index: int) -> FittedModel:
        """Fit one source by itself; its own held-out rows serve where it stops early."""
        return fit_alone(
            self.estimator, self.source(index), self.validation_fraction, self.random_state
        )

    def fit_rows(self, sample: TargetSample) -> FittedModel:
        """Fit some rows of the target by themselves, as a fold does."""
        return fit_alone(self.estimator, sample, self.validation_fraction, self.random_state)

    def whole(self, model: FittedModel) -> FittedModel:
        """Put the shared steps back in front of a model, so that it takes rows as they came."""
        if self._before is None:
            return model
        pipeline = clone(self._whole)
        pipeline.steps = [*self._before.steps, (self._whole.steps[-1][0], model.estimator)]
        return FittedModel(pipeline, model.classes, model.encoded)

    def _sample(self, rows: NDArray[np.intp]) -> TargetSample:
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return TargetSample(
            take_rows(self.X, rows),
            self.y[rows],
            weight,
            self.classes,
            self.domains.groups_of(rows),
        )


def fit_alone(
    estimator: Any,
    sample: TargetSample,
    validation_fraction: float,
    random_state: int | None,
    settings: dict[str, Any] | None = None,
) -> FittedModel:
    """Fit the rows of one domain; a function of its own so that workers and caches can call it.

    Parameters
    ----------
    estimator : estimator
        The inner estimator.
    sample : TargetSample
        Rows of the domain.
    validation_fraction : float
        Share held out where the inner estimator stops early.
    random_state : int or None
        Of that split.
    settings : dict or None, default=None
        Of `settings_of_fits`, in force already: here for a cache to tell calls apart.

    Returns
    -------
    model : FittedModel
        The domain's model.
    """
    X, y, weight = sample.X, sample.y, sample.sample_weight
    if not wants_evaluation_set(estimator):
        return fit_weighted(estimator, X, y, weight)
    train, held = hold_out(
        y, validation_fraction, random_state, sample.classes is not None, sample.groups
    )
    return fit_weighted(
        estimator,
        take_rows(X, train),
        y[train],
        None if weight is None else weight[train],
        evaluation=(take_rows(X, held), y[held]),
    )


def settings_of_fits() -> dict[str, Any]:
    """Those of scikit-learn's settings on which a fit depends: who gets weights, who gets names.

    Returns
    -------
    settings : dict
        To be handed to what a cache keeps: it tells calls apart by their arguments alone.
    """
    return {name: get_config()[name] for name in ("enable_metadata_routing", "transform_output")}
