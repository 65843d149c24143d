# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""One configuration of one estimator, and the reasons and models that several rooms share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier

Parameters = Mapping[str, Any]

FOLDS = "the folds of the functional discrepancy are dealt out by a row's place in the target"
HELD_OUT = "the rows on which training stops early are drawn by their place in the domain"
UNWEIGHTED_SCALER = (
    "the scaler of the pipeline is given rows, and their weights go to the model alone"
)
AUGMENTED = "indicator columns of the sources are put beside X, which makes an array of it"
STEP_FOLDS = "the folds that judge the steps are dealt out by a row's place in the target"
BASE_FOLDS = "the folds of the shared model are dealt out by a row's place"
POOLED = "the baselines take the rows of the named domains as they are, whatever their classes"
UNWEIGHTED = "nothing is weighted, so that inner estimators without weights serve too"
APPENDED = "the columns of the domain stand beside those of X, and categories cannot be copied"
AVERAGED = "an average or a shifted level predicts by probabilities, never by the inner predict"
ONCE = "there is one fit only, and the check waits for the second"
HALVES = "the halves of the target are dealt out by a row's place in it"
TARGET_FOLDS = "the folds of the target are dealt out by a row's place in it"
DRAWN = "the rows of a source are drawn by their place in it"
NO_WEIGHTS = {"check_inner_estimator_without_weights_is_refused_by_name": UNWEIGHTED}
BASELINE = {
    "check_one_class_source_is_left_out_by_name": POOLED,
    "check_one_class_target_learns_from_sources": POOLED,
    "check_failed_refit_leaves_the_last_fit": ONCE,
}
TABLE = {"check_dataframe_reaches_the_inner_estimator": APPENDED}
REGRESSION = {k: v for k, v in BASELINE.items() if "one_class" not in k}
PRIOR = "a proper prior keeps one class finite: such a source tells of its level, a target learns"
HIERARCHICAL = {
    "check_dataframe_reaches_the_inner_estimator": "the model of the target predicts by "
    "probabilities, never by the inner predict",
    "check_one_class_source_is_left_out_by_name": PRIOR,
    "check_one_class_target_learns_from_sources": PRIOR,
    "check_inner_estimator_without_weights_is_refused_by_name": UNWEIGHTED,
}
HIERARCHICAL_REGRESSION = NO_WEIGHTS


@dataclass(frozen=True, kw_only=True)
class Row:
    """One configuration of one estimator, small and fast.

    Parameters
    ----------
    name : str
        Short, unique, the test's id.
    make : callable
        Gives a fresh estimator; domains are left for the checks to set.
    alone : callable or None, default=None
        Gives what the estimator must equal where there are no sources; None stands for its own
        inner estimator.
    grid : mapping
        Values of one or two parameters for a search, the inner estimator's where there is one.
    weights_sources : bool, default=True
        Whether `source_weights_` is aligned with `source_domains_`.
    draws_rows : str, default=""
        Why the order of the rows inside a domain matters; empty where it does not.
    counts_rows : str, default=""
        Why a row of weight 2 is not quite a row twice; empty where it is.
    splits_sources : bool, default=False
        Whether a source cut in two halves of the same rows is worth the whole (only where source
        models do not change with the mass of their rows).
    tolerance : float, default=1e-6
        Within which two mathematically equal fits agree: the solver's.
    pools_steps : str, default=""
        Why a source that is left out still has a part in the fit; empty where it has none.
    expected_failures : mapping of str to str
        Name of a check, scikit-learn's or ours, to the reason why it must fail. Strict: a check
        that passes all the same is an error.
    """

    name: str
    make: Callable[[], Any]
    alone: Callable[[], Any] | None = None
    grid: Mapping[str, list[Any]] = field(default_factory=dict)
    weights_sources: bool = True
    draws_rows: str = ""
    counts_rows: str = ""
    splits_sources: bool = False
    tolerance: float = 1e-6
    pools_steps: str = ""
    expected_failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_classifier(self) -> bool:
        """Whether its y are labels."""
        return is_classifier(self.make())

    @property
    def is_regressor(self) -> bool:
        """Whether its y are numbers."""
        return is_regressor(self.make())

    def inner(self) -> Any:
        """Give what it must equal without sources, not fitted."""
        if self.alone is not None:
            return self.alone()
        given = self.make().estimator
        if given is not None:
            return clone(given)
        return LogisticRegression() if self.is_classifier else Ridge()


def boosted(model: Callable[..., Any], **more: Any) -> Any:
    # Three trees: with more, the last bit of single precision may differ between equal problems.
    return model(**{"n_estimators": 3, "max_depth": 2, "n_jobs": 1, "random_state": 0, **more})


# Run to the end, so that equal problems have equal solutions.
def logistic(**more: Any) -> LogisticRegression:
    return LogisticRegression(tol=1e-8, max_iter=1000, **more)


def tree() -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=2, random_state=0)
