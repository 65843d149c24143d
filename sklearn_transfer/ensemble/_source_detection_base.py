# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The algorithm of source detection, shared by the classifier and the regressor."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._base import BaseTransfer
from sklearn_transfer._domains import Domains
from sklearn_transfer._folds import deal_folds
from sklearn_transfer._math.aggregation import variance_scale
from sklearn_transfer._progress import counted, logger, shown
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer._weighted_fit import FittedModel, take_rows
from sklearn_transfer.ensemble._level_stage import add_level
from sklearn_transfer.ensemble._row_fit import (
    Problem,
    check_probabilistic,
    informative_sources,
    target_is_comparable,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class BaseSourceDetection(BaseTransfer):
    """Keep the sources that do no harm, pool them, correct on the target."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransfer._parameter_constraints,
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "n_deviations": [Interval(Real, 0.0, None, closed="left")],
        "min_deviation": [Interval(Real, 0.0, None, closed="left")],
        "debias": [StrOptions({"auto", "linear", "level"}), None],
        "validation_fraction": [Interval(Real, 0.0, 1.0, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        n_folds: int = 3,
        n_deviations: float = 2.0,
        min_deviation: float = 0.01,
        debias: str | None = "auto",
        validation_fraction: float = 0.2,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_folds = n_folds
        self.n_deviations = n_deviations
        self.min_deviation = min_deviation
        self.debias = debias
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        """Detect, pool, debias."""
        estimator = self._inner()
        random_state = check_random_state(self.random_state)
        problem = Problem(
            X,
            y,
            sample_weight,
            domains,
            np.unique(y) if is_classifier(self) else None,
            self.validation_fraction,
            int(random_state.randint(np.iinfo(np.int32).max)),
        )
        self.kept_ = np.zeros(domains.n_sources, dtype=bool)
        self.losses_ = np.full(domains.n_sources, np.nan)
        self.target_only_loss_ = self.threshold_ = np.nan
        if domains.n_sources == 0:
            self.source_weights_ = np.zeros(0)
            self._keep_model(problem.fit(estimator, np.arange(len(y))))
            return
        debias = self._stage(estimator, problem)
        rows = domains.target_rows
        candidates = informative_sources(problem)
        n_folds = min(self.n_folds, len(rows))
        fold = deal_folds(
            y[rows],
            n_folds,
            problem.classes,
            random_state,
            domains.groups_of(rows),
            from_anywhere=True,
        )
        with shown(self.verbose):
            if len(candidates) == 0:
                debias = None
            elif target_is_comparable(problem, "all of them are kept, without a second stage"):
                self._detect(estimator, problem, candidates, fold)
            else:
                self.kept_[candidates] = True
                debias = None
            logger.info("kept %d of %d sources", self.kept_.sum(), domains.n_sources)
            self.source_weights_ = self.kept_.astype(float)
            model = problem.fit_or_shares(estimator, _with_kept(problem, rows, self.kept_))
            if self.kept_.any() and debias == "linear":
                from sklearn_transfer.ensemble._linear_stage import add_linear_stage

                model = add_linear_stage(model, problem, fold)
            elif self.kept_.any() and debias == "level":
                out_of_fold = self._out_of_fold(estimator, problem, fold)
                model = add_level(model, estimator, problem, out_of_fold, fold)
        self._keep_model(model)

    def _stage(self, estimator: Any, problem: Problem) -> str | None:
        """Which second stage there will be; refuses what is impossible before any fit."""
        # Not at module level: linear_model adds to the import time of the package.
        from sklearn_transfer.ensemble._linear_stage import has_linear_stage

        classes = problem.classes
        if classes is not None:
            check_probabilistic(estimator)
        linear = has_linear_stage(estimator, None if classes is None else len(classes), problem.X)
        if self.debias == "linear" and not linear:
            raise ValueError(
                "debias='linear' needs an inner estimator whose coefficients can be corrected: "
                "logistic, least-squares or generalised linear regression on numeric columns, "
                f"bare or as the last step of a Pipeline. Got {estimator!r} instead; use "
                "debias='level' or 'auto'."
            )
        if self.debias == "auto":
            return "linear" if linear else "level"
        return self.debias

    def _detect(
        self,
        estimator: Any,
        problem: Problem,
        candidates: NDArray[np.intp],
        fold: NDArray[np.intp],
    ) -> None:
        """Compare each source's pooled fits with the target-only ones, fold by fold."""
        sources = [None, *candidates.tolist()]
        rows = problem.domains.target_rows
        scale = 1.0
        if problem.classes is None:
            scale = variance_scale(problem.y[rows], problem.weight(rows))
        tasks = [(source, number) for source in sources for number in range(fold.max() + 1)]
        found = Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(_fold_loss)(problem, estimator, source, fold, number, scale)
            for source, number in tasks
        )
        losses = np.array(list(counted(found, len(tasks), "fits"))).reshape(len(sources), -1)
        if problem.classes is not None:
            losses /= 2.0  # half the deviance is the log-loss
        self.target_only_loss_ = float(losses[0].mean())
        deviation = max(float(losses[0].std(ddof=1)), self.min_deviation)
        self.threshold_ = self.target_only_loss_ + self.n_deviations * deviation
        self.losses_[candidates] = losses[1:].mean(axis=1)
        self.kept_ = self.losses_ <= self.threshold_  # false for NaN, those left out

    def _out_of_fold(self, estimator: Any, problem: Problem, fold: NDArray[np.intp]) -> Array:
        """Predictions for target rows by pooled models that did not see them."""
        numbers = range(fold.max() + 1)
        models = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_without)(problem, estimator, self.kept_, fold, number)
            for number in numbers
        )
        rows = problem.domains.target_rows
        width = () if problem.classes is None else (len(problem.classes),)
        predictions = np.empty((len(rows), *width))
        for number, model in zip(numbers, models, strict=True):
            held = np.flatnonzero(fold == number)
            predictions[held] = _predict(model, problem, rows[held])
        return predictions

    def to_frame(self) -> pd.DataFrame:
        """Table of the sources for people.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, `loss` (held-out target loss of the fit with it),
            `excess` (over the target-only loss), `threshold` (greatest loss that is kept),
            `kept` and `weight` (1 if kept, else 0).
        """
        import pandas as pd

        check_is_fitted(self)
        return pd.DataFrame(
            {
                "domain": self.source_domains_,
                "loss": self.losses_,
                "excess": self.losses_ - self.target_only_loss_,
                "threshold": self.threshold_,
                "kept": self.kept_,
                "weight": self.source_weights_,
            }
        )


def _with_kept(
    problem: Problem, target_rows: NDArray[np.intp], kept: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Some rows of the target and all rows of the kept sources."""
    return problem.training_rows(np.flatnonzero(kept).tolist(), target_rows)


def _fold_loss(
    problem: Problem,
    estimator: Any,
    source: int | None,
    fold: NDArray[np.intp],
    number: int,
    scale: float,
) -> float:
    """Loss on one fold of the target after training on the others, with one source or none."""
    rows = problem.domains.target_rows
    train = problem.candidate_rows(source, rows[fold != number])
    model = problem.fit_or_shares(estimator, train)
    return problem.loss(model, rows[fold == number], scale)


def _fit_without(
    problem: Problem,
    estimator: Any,
    kept: NDArray[np.bool_],
    fold: NDArray[np.intp],
    number: int,
) -> FittedModel:
    rows = problem.domains.target_rows[fold != number]
    return problem.fit_or_shares(estimator, _with_kept(problem, rows, kept))


def _predict(model: FittedModel, problem: Problem, rows: NDArray[np.intp]) -> Array:
    X = take_rows(problem.X, rows)
    if problem.classes is None:
        return np.asarray(model.predict(X), dtype=float)
    return model.predict_proba(X, problem.classes)
