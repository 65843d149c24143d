# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What all boosting estimators share: the fit without sources, fitted attributes, the table."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._base import BaseTransfer, BaseTransferClassifier, BaseTransferRegressor
from sklearn_transfer._domains import Domains
from sklearn_transfer._progress import shown
from sklearn_transfer._sklearn import Interval
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer._weighted_refit import WeightedRefit
from sklearn_transfer.boosting._ensembles import WeightedMedian, WeightedVote
from sklearn_transfer.boosting._rounds import Rounds
from sklearn_transfer.boosting._rows import (
    WeightedRows,
    leave_out_sources,
    seeded,
    weighted_rows,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

LARGEST_SEED = np.iinfo(np.int32).max


class BaseBoosting(BaseTransfer):
    """Rounds of one inner estimator under changing row weights.

    A subclass defines `_boost`, which runs the rounds, and `_combine`.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransfer._parameter_constraints,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0.0, 1.0, closed="neither")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    # Set by every subclass's __init__.
    n_estimators: int
    validation_fraction: float
    random_state: Any
    verbose: int

    @abstractmethod
    def _boost(self, rows: WeightedRows, random_state: np.random.RandomState) -> Rounds:
        """Run the rounds of the method; there is at least one source."""

    @abstractmethod
    def _combine(self, models: list[FittedModel], votes: Array) -> FittedModel:
        """Let the learners answer as one."""

    def _informative_sources(self, y: NDArray[Any], domains: Domains) -> NDArray[np.intp]:
        """Numbers of the sources to use."""
        del y
        return np.arange(domains.n_sources)

    def _can_boost(self, y: NDArray[Any]) -> bool:
        """Whether the target's rows can tell good source rows from bad ones."""
        del y
        return True

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        random_state = check_random_state(self.random_state)
        seed = random_state.randint(LARGEST_SEED)
        estimator = self._inner()
        self._sizes = domains.totals(sample_weight)[1:]
        kept = self._informative_sources(y, domains)
        X, y, sample_weight, domains = leave_out_sources(X, y, sample_weight, domains, kept)
        if len(kept) == 0 or not self._can_boost(y[domains.target_rows]):
            refit = WeightedRefit(
                seeded(estimator, seed),
                X,
                y,
                sample_weight,
                domains,
                validation_fraction=self.validation_fraction,
                random_state=seed,
            )
            pooled = np.ones(len(kept))
            model = refit.fit(pooled)
            self._keep_rounds(Rounds([model], [1.0], [np.nan], [pooled], [None]), kept)
            self._keep_model(model)
            return
        rows = weighted_rows(
            estimator, X, y, sample_weight, domains, self.validation_fraction, seed
        )
        with shown(self.verbose):
            rounds = self._boost(rows, random_state)
        self._keep_rounds(rounds, kept)
        voting = np.flatnonzero(self.estimator_weights_)
        self._keep_model(
            self._combine([rounds.models[i] for i in voting], self.estimator_weights_[voting])
        )

    def _keep_rounds(self, rounds: Rounds, kept: NDArray[np.intp]) -> None:
        """Fitted attributes, one item per round or per source."""
        votes = np.array(rounds.votes)
        self.estimators_ = [model.estimator for model in rounds.models]
        self.estimator_weights_ = votes
        self.estimator_errors_ = np.array(rounds.errors)
        self.history_ = {"weights": self._of_all_sources(rounds.weights, kept)}
        self.source_weights_ = votes @ self.history_["weights"] / votes.sum()

    def _of_all_sources(self, weights: list[Array], kept: NDArray[np.intp]) -> Array:
        """One row per round or step, 0 for the sources left out."""
        spread = np.zeros((len(weights), len(self.source_domains_)))
        spread[:, kept] = weights
        return spread

    def to_frame(self) -> pd.DataFrame:
        """Table of the sources for people.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, `rows` (N_i, the sum of its sample weights), `weight`
            (that of one of its rows, where a target row has 1, averaged over the learners that
            vote) and `worth` (`weight` times `rows`).
        """
        import pandas as pd

        check_is_fitted(self)
        return pd.DataFrame(
            {
                "domain": self.source_domains_,
                "rows": self._sizes,
                "weight": self.source_weights_,
                "worth": self.source_weights_ * self._sizes,
            }
        )


class BaseBoostingClassifier(BaseBoosting, BaseTransferClassifier):
    """Boosting by weighted votes."""

    def _default_estimator(self) -> Any:
        from sklearn.tree import DecisionTreeClassifier

        return DecisionTreeClassifier(max_depth=3)

    def _informative_sources(self, y: NDArray[Any], domains: Domains) -> NDArray[np.intp]:
        """One class says nothing of the difference between classes."""
        one_class = np.array(
            [len(np.unique(y[domains.source_rows(i)])) < 2 for i in range(domains.n_sources)],
            dtype=bool,
        )
        if one_class.any() and len(self.classes_) > 1:
            warn_transfer(
                "Sources with one class only tell nothing of the difference between classes and "
                f"are left out: {self.source_domains_[one_class].tolist()}. Their weight is 0.",
            )
        return np.flatnonzero(~one_class)

    def _can_boost(self, y: NDArray[Any]) -> bool:
        classes = np.unique(y)
        if len(classes) == 1:
            warn_transfer(
                f"All {len(y)} rows of the target have the class {classes.tolist()[0]!r}: boosting "
                "would only learn to predict it everywhere. The inner estimator is fitted to all "
                "rows instead, the sources at weight 1.",
            )
        return len(classes) > 1

    def _combine(self, models: list[FittedModel], votes: Array) -> FittedModel:
        return FittedModel(WeightedVote(models, votes, self.classes_), self.classes_)


class BaseBoostingRegressor(BaseBoosting, BaseTransferRegressor):
    """Boosting by weighted medians."""

    def _default_estimator(self) -> Any:
        from sklearn.tree import DecisionTreeRegressor

        return DecisionTreeRegressor(max_depth=3)

    def _combine(self, models: list[FittedModel], votes: Array) -> FittedModel:
        return FittedModel(WeightedMedian(models, votes), None)
