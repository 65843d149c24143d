# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Fits on chosen rows at their own weight, and their losses on others.

Nothing here weights a source, so that inner estimators without `sample_weight` serve too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._domains import Domains
from sklearn_transfer._folds import hold_out
from sklearn_transfer._math.aggregation import mean_deviance, mean_squared_error
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import (
    FittedModel,
    fit_weighted,
    take_rows,
    wants_evaluation_set,
)

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Problem:
    """The rows of one transfer problem and how an early-stopping model holds some of them out.

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
    classes : ndarray of shape (n_classes,) or None
        All labels; None for regression.
    validation_fraction : float
        Share of rows held out where the inner estimator stops early.
    seed : int
        Of that split.
    """

    X: Any
    y: NDArray[Any]
    sample_weight: Array | None
    domains: Domains
    classes: NDArray[Any] | None
    validation_fraction: float
    seed: int

    def weight(self, rows: Rows) -> Array | None:
        """Weights of some rows."""
        return None if self.sample_weight is None else self.sample_weight[rows]

    def candidate_rows(self, source: int | None, target_rows: Rows | None = None) -> Rows:
        """Rows of the target, or some of them, with those of one source where it is not None."""
        if target_rows is None:
            target_rows = self.domains.target_rows
        return self.training_rows([] if source is None else [source], target_rows)

    def training_rows(self, sources: Sequence[int], target_rows: Rows) -> Rows:
        """Some rows of the target and those of some sources, without groups that are held out."""
        domains = self.domains
        rows = np.concatenate([target_rows, *(domains.source_rows(index) for index in sources)])
        if domains.groups is not None:
            held_out = np.setdiff1d(domains.target_rows, target_rows)
            rows = np.intersect1d(rows, domains.all_but(held_out))
        return np.sort(rows)

    def fit(self, estimator: Any, rows: Rows, row_weight: Array | None = None) -> FittedModel:
        """Fit a clone on some rows.

        Parameters
        ----------
        estimator : estimator
            The inner estimator; never modified.
        rows : ndarray of shape (n_rows,)
            Increasing row numbers.
        row_weight : ndarray of shape (n_rows,) or None, default=None
            Weights instead of the user's.

        Returns
        -------
        model : FittedModel
            The fitted clone.
        """
        weight = self.weight(rows) if row_weight is None else row_weight
        train, held = self.early_stopping_split(estimator, rows)
        if held is None:
            return fit_weighted(estimator, take_rows(self.X, rows), self.y[rows], weight)
        return fit_weighted(
            estimator,
            take_rows(self.X, rows[train]),
            self.y[rows[train]],
            None if weight is None else weight[train],
            evaluation=(take_rows(self.X, rows[held]), self.y[rows[held]]),
        )

    def early_stopping_split(self, estimator: Any, rows: Rows) -> tuple[Rows, Rows | None]:
        """Positions in `rows` to train on and to watch; the latter None where nothing is watched.

        Target rows are held out where there are any, because it is the target that counts.
        """
        everything = np.arange(len(rows))
        if not wants_evaluation_set(estimator):
            return everything, None
        watched = np.flatnonzero(np.isin(rows, self.domains.target_rows))
        if len(watched) == 0:
            watched = everything
        train, held = hold_out(
            self.y[rows[watched]],
            self.validation_fraction,
            self.seed,
            self.classes is not None,
            self.domains.groups_of(rows[watched]),
        )
        others = np.setdiff1d(everything, watched)
        return np.sort(np.concatenate([others, watched[train]])), watched[held]

    def fit_or_shares(self, estimator: Any, rows: Rows) -> FittedModel:
        """Fit a clone, or where the rows have one class only, smoothed class shares.

        Laplace's rule gives the classes not seen a probability, so that such a model can be scored
        and averaged.
        """
        y = self.y[rows]
        if self.classes is None or len(np.unique(y)) > 1 or len(self.classes) < 2:
            return self.fit(estimator, rows)
        from sklearn.dummy import DummyClassifier

        weight = self.weight(rows)
        weight = np.ones(len(rows)) if weight is None else weight
        shares = DummyClassifier(strategy="prior").fit(
            np.zeros((len(rows) + len(self.classes), 1)),
            np.concatenate([y, self.classes]),
            np.concatenate([weight, np.ones(len(self.classes))]),
        )
        return FittedModel(shares, self.classes)

    def loss(self, model: FittedModel, rows: Rows, scale: float) -> float:
        """Loss of a model on some rows.

        Parameters
        ----------
        model : FittedModel
            Fitted on other rows.
        rows : ndarray of shape (n_rows,)
            Row numbers.
        scale : float
            Unit of squared errors; not used for classes.

        Returns
        -------
        loss : float
            Mean deviance (twice the log-loss), or mean squared error over `scale`.
        """
        X, y, weight = take_rows(self.X, rows), self.y[rows], self.weight(rows)
        if self.classes is None:
            return mean_squared_error(y, np.asarray(model.predict(X), dtype=float), scale, weight)
        proba = model.predict_proba(X, self.classes)
        of_true = proba[np.arange(len(rows)), np.searchsorted(self.classes, y)]
        return mean_deviance(of_true, weight)


def informative_sources(problem: Problem) -> Rows:
    """Numbers of the sources that can tell classes apart; the others are left out by name.

    Parameters
    ----------
    problem : Problem
        The rows.

    Returns
    -------
    kept : ndarray
        All sources for regression.
    """
    domains, numbers = problem.domains, np.arange(problem.domains.n_sources)
    if problem.classes is None or len(problem.classes) < 2:
        return numbers
    several = [len(np.unique(problem.y[domains.source_rows(i)])) > 1 for i in numbers.tolist()]
    left_out = domains.sources[~np.array(several, dtype=bool)]
    if len(left_out):
        warn_transfer(
            "Sources with one class only tell nothing of the difference between classes and "
            f"are left out: {left_out.tolist()}. Their weight is 0.",
        )
    return numbers[several]


def target_is_comparable(problem: Problem, without: str) -> bool:
    """Whether rows of the target can be held out to compare candidates; warns if not.

    Parameters
    ----------
    problem : Problem
        The rows.
    without : str
        What is done instead.

    Returns
    -------
    comparable : bool
        False for a single row or group and for rows of one class.
    """
    y = problem.y[problem.domains.target_rows]
    groups = problem.domains.groups_of(problem.domains.target_rows)
    if len(y) < 2:
        reason = f"{len(y)} row of the target cannot be split"
    elif groups is not None and len(np.unique(groups)) < 2:
        reason = f"All {len(y)} rows of the target are of one group"
    elif problem.classes is not None and len(np.unique(y)) < 2:
        reason = f"All {len(y)} rows of the target have the class {y[:1].tolist()[0]!r}"
    else:
        return True
    warn_transfer(
        f"{reason}: sources cannot be compared on them, and {without}. Give more target rows.",
    )
    return False


def check_probabilistic(estimator: Any) -> None:
    """Refuse classifiers whose probabilities cannot be had.

    Parameters
    ----------
    estimator : classifier
        The inner estimator.

    Raises
    ------
    ValueError
        If it has no `predict_proba`.
    """
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(
            "The inner estimator must have `predict_proba`, by whose log-loss candidates are "
            f"compared. Got {type(estimator).__name__}, which does not, instead; choose a "
            "probabilistic classifier or wrap it in CalibratedClassifierCV."
        )
