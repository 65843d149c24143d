# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The rows of one problem, and fits of the inner estimator to them under changing weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.utils import check_random_state

from sklearn_transfer._domains import Domains
from sklearn_transfer._folds import hold_out
from sklearn_transfer._weighted_fit import (
    FittedModel,
    fit_weighted,
    take_rows,
    wants_evaluation_set,
    weight_keyword,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class WeightedRows:
    """Rows of target and sources with the weights that the user gave them.

    Parameters
    ----------
    estimator : estimator
        The inner estimator; never modified.
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        All rows.
    y : ndarray of shape (n_samples,)
        Labels or values.
    domains : Domains
        Which row belongs where.
    initial : ndarray of shape (n_samples,)
        Weights before the first round; 0 for rows held out.
    is_target : ndarray of shape (n_samples,)
        Whether a row is the target's.
    evaluation : tuple of (X, y) or None
        The rows held out, on which the inner estimator stops early.
    """

    estimator: Any
    X: Any
    y: NDArray[Any]
    domains: Domains
    initial: Array
    is_target: NDArray[np.bool_]
    evaluation: tuple[Any, NDArray[Any]] | None = None

    @property
    def n_target(self) -> float:
        """Sum of the weights of the target's rows."""
        return float(self.initial[self.is_target].sum())

    @property
    def n_source(self) -> float:
        """Sum of the weights of all source rows."""
        return float(self.initial[~self.is_target].sum())

    def prepare(
        self, weight: Array, seed: int, rows: NDArray[np.intp] | None = None
    ) -> tuple[Any, ...]:
        """Gather the arguments of `fit_some`.

        Parameters
        ----------
        weight : ndarray of shape (n_samples,)
            Row weights at any scale; rows of weight 0 are left out.
        seed : int
            Of the inner estimator, where it has none of its own.
        rows : ndarray or None, default=None
            Increasing numbers of the rows to fit; None stands for all.

        Returns
        -------
        arguments : tuple
            Estimator, X, y, weights, held-out rows and seed. The weights are scaled to the sum of
            the weights given by the user for the same rows, which is their number where he gave
            none: learners that heed the scale (`min_child_weight`, C, alpha) see as much data in
            each round.
        """
        if rows is None:
            rows = np.arange(len(weight))
        rows = rows[weight[rows] > 0]
        scaled = weight[rows] * (self.initial[rows].sum() / weight[rows].sum())
        X, y = take_rows(self.X, rows), self.y[rows]
        return self.estimator, X, y, scaled, self.evaluation, seed

    def fit(self, weight: Array, seed: int) -> FittedModel:
        """Fit to all rows under the weights given."""
        return fit_some(*self.prepare(weight, seed))

    def relative_weights(self, weight: Array) -> Array:
        """Mean factor on the rows of each source, where that on the target's rows is 1.

        Parameters
        ----------
        weight : ndarray of shape (n_samples,)
            Row weights at any scale.

        Returns
        -------
        factors : ndarray of shape (n_sources,)
            (sum of w / sum of initial weights) of the source over the same of the target.
        """
        factors = self.domains.totals(weight) / self.domains.totals(self.initial)
        return factors[1:] / factors[0]


def leave_out_sources(
    X: Any,
    y: NDArray[Any],
    sample_weight: Array | None,
    domains: Domains,
    kept: NDArray[np.intp],
) -> tuple[Any, NDArray[Any], Array | None, Domains]:
    """Rows of the target and of some sources, as if there were no others.

    Parameters
    ----------
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        All rows.
    y : ndarray of shape (n_samples,)
        Labels or values.
    sample_weight : ndarray of shape (n_samples,) or None
        The user's weights.
    domains : Domains
        Which row belongs where.
    kept : ndarray of int
        Numbers of the sources that stay.

    Returns
    -------
    X, y, sample_weight, domains : tuple
        The same without the rows of the other sources.
    """
    if len(kept) == domains.n_sources:
        return X, y, sample_weight, domains
    per_domain = [domains.target_rows, *(domains.source_rows(index) for index in kept)]
    order = np.concatenate(per_domain)
    rows = np.sort(order)
    offsets = np.cumsum([0, *(len(rows_of) for rows_of in per_domain)])
    fewer = Domains(
        domains.target,
        domains.sources[kept],
        np.searchsorted(rows, order),
        offsets,
        domains.groups_of(rows),
    )
    weight = None if sample_weight is None else sample_weight[rows]
    return take_rows(X, rows), y[rows], weight, fewer


def weighted_rows(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    sample_weight: Array | None,
    domains: Domains,
    validation_fraction: float,
    seed: int,
) -> WeightedRows:
    """Check that the inner estimator can be boosted, and hold rows out where it stops early.

    Parameters
    ----------
    estimator : estimator
        The inner estimator.
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        All rows.
    y : ndarray of shape (n_samples,)
        Labels or values.
    sample_weight : ndarray of shape (n_samples,) or None
        The user's weights.
    domains : Domains
        Which row belongs where.
    validation_fraction : float
        Share of the target's rows to hold out.
    seed : int
        Of that split.

    Returns
    -------
    rows : WeightedRows
        What boosting works on.
    """
    weight_keyword(estimator)
    initial = np.ones(len(y)) if sample_weight is None else sample_weight.copy()
    is_target = np.zeros(len(y), dtype=bool)
    is_target[domains.target_rows] = True
    evaluation = None
    if wants_evaluation_set(estimator):
        target = domains.target_rows
        train, held = hold_out(
            y[target],
            validation_fraction,
            seed,
            is_classifier(estimator),
            domains.groups_of(target),
        )
        evaluation = (take_rows(X, target[held]), y[target[held]])
        initial[target[np.setdiff1d(held, train)]] = 0.0
    return WeightedRows(estimator, X, y, domains, initial, is_target, evaluation)


def fit_some(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    weight: Array,
    evaluation: tuple[Any, NDArray[Any]] | None,
    seed: int,
) -> FittedModel:
    """Fit some rows; a function of its own so that workers can call it.

    Parameters
    ----------
    estimator : estimator
        The inner estimator.
    X : {ndarray, sparse matrix, dataframe} of shape (n_rows, n_features)
        The rows.
    y : ndarray of shape (n_rows,)
        Their labels or values.
    weight : ndarray of shape (n_rows,)
        Their weights.
    evaluation : tuple of (X, y) or None
        Rows on which to stop early.
    seed : int
        For `seeded`.

    Returns
    -------
    model : FittedModel
        The fitted clone.
    """
    return fit_weighted(seeded(estimator, seed), X, y, weight, evaluation=evaluation)


def seeded(estimator: Any, seed: int) -> Any:
    """Clone with a seed wherever the user left `random_state` open, as AdaBoost does.

    Parameters
    ----------
    estimator : estimator
        With its steps and inner estimators, if it has any.
    seed : int
        What the seeds are drawn from.

    Returns
    -------
    estimator : estimator
        The clone; a `random_state` that the user set stays.
    """
    seeds = check_random_state(seed)
    parameters = estimator.get_params(deep=True)
    is_open = [
        name
        for name in sorted(parameters)
        if name.rpartition("__")[2] == "random_state" and parameters[name] is None
    ]
    drawn = {name: int(seeds.randint(np.iinfo(np.int32).max)) for name in is_open}
    copy = clone(estimator)
    return copy.set_params(**drawn) if drawn else copy
