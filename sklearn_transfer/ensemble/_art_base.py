# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The algorithm of ART, shared by the classifier and the regressor."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._base import BaseTransfer
from sklearn_transfer._domains import Domains
from sklearn_transfer._folds import deal_folds
from sklearn_transfer._math.aggregation import exponential_weights, variance_scale
from sklearn_transfer._progress import counted, logger, shown
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer.ensemble._mixture import MixtureClassifier, MixtureRegressor
from sklearn_transfer.ensemble._row_fit import (
    Problem,
    check_probabilistic,
    informative_sources,
    target_is_comparable,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Learners = list[tuple[str, Any]]

# Two equal splits in a row say little; this many have to be averaged before `tol` is asked.
_LEAST_SPLITS = 10


class BaseART(BaseTransfer):
    """Candidates, their weights from random halves of the target, and their average."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransfer._parameter_constraints,
        "estimators": [list, None],
        "rate": [Interval(Real, 0.0, None, closed="left"), StrOptions({"likelihood"})],
        "max_splits": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0.0, None, closed="left")],
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
        estimators: Learners | None = None,
        rate: float | str = "likelihood",
        max_splits: int = 100,
        tol: float = 1e-6,
        validation_fraction: float = 0.2,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.estimators = estimators
        self.rate = rate
        self.max_splits = max_splits
        self.tol = tol
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _learners(self) -> Learners:
        """The inner estimators by name."""
        # What is no pair is refused in fit; here, where tags are asked for, it is passed over.
        named = [item for item in self.estimators or [] if _is_named(item)]
        return named or [("estimator", super()._inner())]

    def _inner(self) -> Any:
        """What predicts in the end, with nothing fitted yet: it knows which methods there are."""
        members = [estimator for _, estimator in self._learners()]
        # Not is_classifier, which asks for the tags, which ask for the inner estimator.
        kind = MixtureClassifier if isinstance(self, ClassifierMixin) else MixtureRegressor
        return kind(members)

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        learners = self._check_learners()
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
        kept = informative_sources(problem)
        sources = [None, *kept.tolist()]
        candidates = [(learner, source) for _, learner in learners for source in sources]
        labels = [None, *domains.sources[kept].tolist()]
        self.candidates_ = [(name, label) for name, _ in learners for label in labels]
        with shown(self.verbose):
            self._weigh(problem, candidates, random_state)
            fitted = Parallel(n_jobs=self.n_jobs, return_as="generator")(
                delayed(_fit_candidate)(problem, learner, source, len(sources) > 1)
                for learner, source in candidates
            )
            models = list(counted(fitted, len(candidates), "candidates"))
        per_source = self.candidate_weights_.reshape(len(learners), len(sources))
        self.source_weights_ = np.zeros(domains.n_sources)
        self.source_weights_[kept] = per_source.sum(axis=0)[1:]
        self.estimators_ = [model.estimator for model in models]
        self._keep_model(self._mixture(models, problem.classes))

    def _check_learners(self) -> Learners:
        """Refuse what cannot be a candidate, before any fit."""
        if self.estimators is not None:
            if self.estimator is not None:
                raise ValueError(
                    "Inner estimators must come from one place. Got both `estimator` and "
                    "`estimators` instead; leave one of them out."
                )
            if not self.estimators or not all(_is_named(item) for item in self.estimators):
                raise ValueError(
                    "`estimators` must be a list of pairs (name, estimator), one at least. Got "
                    f"{self.estimators!r} instead."
                )
            names = [name for name, _ in self.estimators]
            if len(set(names)) < len(names):
                raise ValueError(f"Names in `estimators` must differ. Got {names} instead.")
        learners = self._learners()
        for _, learner in learners:
            if is_classifier(self) != is_classifier(learner):
                kind = "classifier" if is_classifier(self) else "regressor"
                raise ValueError(
                    f"The inner estimator must be a {kind}, as {type(self).__name__} is one. Got "
                    f"{type(learner).__name__} instead; choose a {kind}."
                )
            if is_classifier(self):
                check_probabilistic(learner)
        return learners

    def _weigh(
        self,
        problem: Problem,
        candidates: list[tuple[Any, int | None]],
        random_state: np.random.RandomState,
    ) -> None:
        """Average the candidates' weights over splits until the average stands still."""
        n_candidates = len(candidates)
        self.candidate_weights_ = np.full(n_candidates, 1.0 / n_candidates)
        self.candidate_losses_ = np.full(n_candidates, np.nan)
        self.n_splits_ = 0
        rows = problem.domains.target_rows
        if n_candidates == 1:
            return
        with_source = np.array([source is not None for _, source in candidates])
        if with_source.any() and not target_is_comparable(
            problem, "all candidates with a source get the same weight"
        ):
            self.candidate_weights_ = with_source / with_source.sum()
            return
        if len(rows) < 2 or (problem.classes is not None and len(problem.classes) < 2):
            return
        scale = (
            1.0
            if problem.classes is not None
            else variance_scale(problem.y[rows], problem.weight(rows))
        )
        seeds = random_state.randint(np.iinfo(np.int32).max, size=self.max_splits)
        # As many splits at once as there are workers; what is computed beyond the last split that
        # counts is dropped, so that the result does not depend on their number.
        at_once = max(effective_n_jobs(self.n_jobs), 1)
        total, total_loss = np.zeros(n_candidates), np.zeros(n_candidates)
        parallel = Parallel(n_jobs=self.n_jobs)
        for first in range(0, self.max_splits, at_once):
            found = parallel(
                delayed(_split_losses)(problem, candidates, scale, int(seed))
                for seed in seeds[first : first + at_once]
            )
            for losses, held_out in found:
                total += self._split_weights(losses, held_out, problem.classes is not None)
                total_loss += losses
                self.n_splits_ += 1
                average = total / self.n_splits_
                step = np.sum(np.square(average - self.candidate_weights_))
                self.candidate_weights_ = average
                self.candidate_losses_ = total_loss / self.n_splits_
                if self.n_splits_ >= _LEAST_SPLITS and step < self.tol:
                    return
            logger.info("%d splits, weights %s", self.n_splits_, average.round(3))

    def _split_weights(self, losses: Array, held_out: float, classes: bool) -> Array:
        """Weights of the candidates by one split."""
        if self.rate != "likelihood":
            return exponential_weights(losses, float(self.rate))
        if classes:
            return exponential_weights(losses, held_out / 2.0)
        # Gaussian likelihood; the best candidate tells how much of y is noise.
        noise = max(losses.min(), np.finfo(float).eps)
        return exponential_weights(losses / noise, held_out / 2.0)

    def _mixture(self, models: list[FittedModel], classes: NDArray[Any] | None) -> FittedModel:
        if classes is None:
            return FittedModel(MixtureRegressor(models, self.candidate_weights_), None)
        return FittedModel(MixtureClassifier(models, self.candidate_weights_, classes), classes)

    def to_frame(self) -> pd.DataFrame:
        """Table of the sources for people.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, `loss` (mean over the splits, of the best candidate
            with the source), `excess` (over the best candidate without one) and `weight` (of all
            candidates with the source).
        """
        import pandas as pd

        check_is_fitted(self)
        n_learners = sum(domain is None for _, domain in self.candidates_)
        best = self.candidate_losses_.reshape(n_learners, -1).min(axis=0)
        by_label = dict(zip([d for _, d in self.candidates_[: len(best)]], best, strict=True))
        labels = self.source_domains_.tolist()
        loss = np.array([by_label.get(label, np.nan) for label in labels], dtype=float)
        return pd.DataFrame(
            {
                "domain": self.source_domains_,
                "loss": loss,
                "excess": loss - best[0],
                "weight": self.source_weights_,
            }
        )


def _is_named(item: Any) -> bool:
    """Whether an item is a pair of a name and an estimator."""
    return (
        isinstance(item, tuple | list)
        and len(item) == 2
        and isinstance(item[0], str)
        and hasattr(item[1], "fit")
    )


def _fit_candidate(
    problem: Problem, learner: Any, source: int | None, several: bool
) -> FittedModel:
    """Fit the whole target, with one source or none."""
    fit = problem.fit_or_shares if several else problem.fit
    return fit(learner, problem.candidate_rows(source))


def _split_losses(
    problem: Problem, candidates: list[tuple[Any, int | None]], scale: float, seed: int
) -> tuple[Array, float]:
    """Losses of all candidates on one half of the target after training on the other."""
    rows = problem.domains.target_rows
    random_state = np.random.RandomState(seed)
    fold = deal_folds(
        problem.y[rows],
        2,
        problem.classes,
        random_state,
        problem.domains.groups_of(rows),
        from_anywhere=True,
    )
    train, held = rows[fold == 0], rows[fold == 1]
    losses = np.empty(len(candidates))
    for number, (learner, source) in enumerate(candidates):
        model = problem.fit_or_shares(learner, problem.candidate_rows(source, train))
        losses[number] = problem.loss(model, held, scale)
    weight = problem.weight(held)
    return losses, float(len(held) if weight is None else weight.sum())
