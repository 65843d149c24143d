# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The one list of estimators that feeds scikit-learn's checks and our own.

A new method is put under all of them by adding one row to `ROWS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer.boosting import (
    DynamicTrAdaBoostClassifier,
    MultiSourceTrAdaBoostClassifier,
    TrAdaBoostClassifier,
    TrAdaBoostRegressor,
    TwoStageTrAdaBoostRegressor,
)
from sklearn_transfer.ensemble import (
    ARTClassifier,
    ARTRegressor,
    DirectTransferClassifier,
    DirectTransferRegressor,
    SourceDetectionClassifier,
    SourceDetectionRegressor,
)
from sklearn_transfer.hierarchical import (
    RandomCoefficientsClassifier,
    RandomCoefficientsRegressor,
)
from sklearn_transfer.weighting import (
    OTQMSClassifier,
    OTQMSRegressor,
    UOWQClassifier,
    UOWQRegressor,
)

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
    "check_dataframe_reaches_the_inner_estimator": "a linear inner estimator lends its likelihood "
    "and is not fitted itself; any other predicts by probabilities",
    "check_failed_refit_leaves_the_last_fit": "a linear inner estimator is not fitted itself, and "
    "the bomb of the check waits for that",
    "check_one_class_source_is_left_out_by_name": PRIOR,
    "check_one_class_target_learns_from_sources": PRIOR,
    "check_inner_estimator_without_weights_is_refused_by_name": UNWEIGHTED,
}


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


def _boosted(model: Callable[..., Any], **more: Any) -> Any:
    # Three trees: with more, the last bit of single precision may differ between equal problems.
    return model(**{"n_estimators": 3, "max_depth": 2, "n_jobs": 1, "random_state": 0, **more})


# Run to the end, so that equal problems have equal solutions.
def _logistic(**more: Any) -> LogisticRegression:
    return LogisticRegression(tol=1e-8, max_iter=1000, **more)


def _tree() -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=2, random_state=0)


ROWS = [
    Row(
        name="uowq-classifier-default",
        make=UOWQClassifier,
        grid={"update": ["static", "dynamic"]},
        tolerance=1e-3,
    ),
    Row(
        name="uowq-classifier-static",
        make=lambda: UOWQClassifier(_logistic(C=1e6), update="static"),
        grid={"estimator__C": [0.01, 1.0]},
        splits_sources=True,
    ),
    Row(
        name="uowq-classifier-debiased",
        make=lambda: UOWQClassifier(_logistic(), bias_correction=True),
        grid={"estimator__C": [0.01, 1.0]},
    ),
    Row(
        name="uowq-classifier-own-intercepts",
        make=lambda: UOWQClassifier(_logistic(), domain_effects="intercept", n_rounds=2),
        grid={"estimator__C": [0.01, 1.0]},
        tolerance=1e-5,
        expected_failures={"check_dataframe_reaches_the_inner_estimator": AUGMENTED},
    ),
    Row(
        name="uowq-classifier-pipeline",
        make=lambda: UOWQClassifier(make_pipeline(StandardScaler(), _logistic())),
        grid={"estimator__logisticregression__C": [0.01, 1.0]},
        counts_rows=UNWEIGHTED_SCALER,
        pools_steps="the scaler of the pipeline is fitted on the rows of all domains",
        expected_failures={"check_sample_weight_equivalence_on_dense_data": UNWEIGHTED_SCALER},
    ),
    Row(
        name="uowq-classifier-functional-tree",
        make=lambda: UOWQClassifier(
            DecisionTreeClassifier(max_depth=2, random_state=0),
            discrepancy="functional",
            n_rounds=2,
            random_state=0,
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
    ),
    Row(
        name="uowq-classifier-functional-logistic",
        make=lambda: UOWQClassifier(
            _logistic(C=1e6), discrepancy="functional", update="static", random_state=0
        ),
        grid={"estimator__C": [0.01, 1.0]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        splits_sources=True,
    ),
    Row(
        name="uowq-classifier-xgboost",
        make=lambda: UOWQClassifier(_boosted(XGBClassifier), n_rounds=2, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        tolerance=1e-4,
    ),
    Row(
        name="uowq-classifier-early-stopping",
        make=lambda: UOWQClassifier(
            _boosted(XGBClassifier, n_estimators=8, learning_rate=0.7, early_stopping_rounds=2),
            n_rounds=2,
            random_state=0,
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=HELD_OUT,
        counts_rows=HELD_OUT,
        tolerance=1e-4,
        expected_failures={
            "check_without_domains_it_is_the_inner_estimator": "alone, an XGBoost model with "
            "early_stopping_rounds has no rows to watch and refuses to be fitted",
            "check_sample_weight_equivalence_on_dense_data": HELD_OUT,
            "check_sample_weight_equivalence_on_sparse_data": HELD_OUT,
        },
    ),
    Row(
        name="uowq-regressor-default",
        make=UOWQRegressor,
        grid={"update": ["static", "dynamic"]},
        tolerance=1e-6,
    ),
    Row(
        name="uowq-regressor-static",
        make=lambda: UOWQRegressor(Ridge(1e-8), update="static"),
        grid={"estimator__alpha": [0.1, 100.0]},
        splits_sources=True,
    ),
    Row(
        name="uowq-regressor-own-intercepts",
        make=lambda: UOWQRegressor(Ridge(), domain_effects="intercept", n_rounds=2),
        grid={"estimator__alpha": [0.1, 100.0]},
        expected_failures={"check_dataframe_reaches_the_inner_estimator": AUGMENTED},
    ),
    Row(
        name="uowq-regressor-poisson",
        make=lambda: UOWQRegressor(PoissonRegressor(tol=1e-8, max_iter=1000)),
        grid={"estimator__alpha": [0.1, 100.0]},
        tolerance=1e-5,
    ),
    Row(
        name="uowq-regressor-functional-tree",
        make=lambda: UOWQRegressor(
            DecisionTreeRegressor(max_depth=2, random_state=0), n_rounds=2, random_state=0
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
    ),
    Row(
        name="uowq-regressor-xgboost",
        make=lambda: UOWQRegressor(_boosted(XGBRegressor), n_rounds=2, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        tolerance=1e-4,
    ),
    Row(
        name="direct-classifier-concatenate",
        make=lambda: DirectTransferClassifier(_logistic()),
        grid={"strategy": ["concatenate", "balanced"]},
        tolerance=1e-5,
        expected_failures={**BASELINE, **NO_WEIGHTS},
    ),
    Row(
        name="direct-classifier-balanced",
        make=lambda: DirectTransferClassifier(_logistic(), strategy="balanced"),
        grid={"estimator__C": [0.01, 1.0]},
        tolerance=1e-5,
        expected_failures=BASELINE,
    ),
    Row(
        name="direct-classifier-onehot",
        make=lambda: DirectTransferClassifier(_logistic(), strategy="domain_onehot"),
        grid={"domain_scale": [0.1, 1.0]},
        tolerance=1e-5,
        expected_failures={**BASELINE, **NO_WEIGHTS, **TABLE},
    ),
    Row(
        name="direct-classifier-augment",
        make=lambda: DirectTransferClassifier(_logistic(), strategy="augment"),
        grid={"domain_scale": [0.1, 1.0]},
        tolerance=1e-5,
        expected_failures={**BASELINE, **NO_WEIGHTS, **TABLE},
    ),
    Row(
        name="direct-regressor-concatenate",
        make=DirectTransferRegressor,
        grid={"strategy": ["concatenate", "balanced"]},
        expected_failures={**REGRESSION, **NO_WEIGHTS},
    ),
    Row(
        name="direct-regressor-onehot",
        make=lambda: DirectTransferRegressor(strategy="domain_onehot"),
        grid={"domain_scale": [0.1, 1.0]},
        expected_failures={**REGRESSION, **NO_WEIGHTS, **TABLE},
    ),
    Row(
        name="art-classifier",
        make=lambda: ARTClassifier(_logistic(), max_splits=5, random_state=0),
        grid={"rate": [0.0, 1.0]},
        draws_rows=HALVES,
        counts_rows=HALVES,
        tolerance=1e-5,
        expected_failures={**NO_WEIGHTS, "check_dataframe_reaches_the_inner_estimator": AVERAGED},
    ),
    Row(
        name="art-regressor",
        make=lambda: ARTRegressor(max_splits=5, random_state=0),
        grid={"rate": [0.0, 1.0]},
        draws_rows=HALVES,
        counts_rows=HALVES,
        expected_failures=NO_WEIGHTS,
    ),
    Row(
        name="source-detection-classifier",
        make=lambda: SourceDetectionClassifier(_logistic(), random_state=0),
        grid={"debias": ["level", None]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
        tolerance=1e-5,
        expected_failures={**NO_WEIGHTS, "check_dataframe_reaches_the_inner_estimator": AVERAGED},
    ),
    Row(
        name="source-detection-classifier-tree",
        make=lambda: SourceDetectionClassifier(
            DecisionTreeClassifier(max_depth=2, random_state=0), random_state=0
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
        expected_failures={**NO_WEIGHTS, "check_dataframe_reaches_the_inner_estimator": AVERAGED},
    ),
    Row(
        name="source-detection-regressor",
        make=lambda: SourceDetectionRegressor(random_state=0),
        grid={"debias": ["level", None]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
        expected_failures=NO_WEIGHTS,
    ),
    Row(
        name="otqms-classifier",
        make=lambda: OTQMSClassifier(_logistic(), random_state=0),
        grid={"update": ["static", "dynamic"]},
        draws_rows=DRAWN,
        counts_rows=DRAWN,
        tolerance=1e-5,
        expected_failures=NO_WEIGHTS,
    ),
    Row(
        name="otqms-classifier-functional",
        make=lambda: OTQMSClassifier(GaussianNB(), update="static", random_state=0),
        grid={"estimator__var_smoothing": [1e-9, 1e-3]},
        draws_rows=DRAWN,
        counts_rows=DRAWN,
        expected_failures=NO_WEIGHTS,
    ),
    Row(
        name="otqms-regressor",
        make=lambda: OTQMSRegressor(random_state=0),
        grid={"update": ["static", "dynamic"]},
        draws_rows=DRAWN,
        counts_rows=DRAWN,
        expected_failures=NO_WEIGHTS,
    ),
    Row(
        name="random-coefficients-classifier",
        make=lambda: RandomCoefficientsClassifier(_logistic()),
        grid={"shrinkage": [1.0, 4.0]},
        tolerance=1e-5,
        expected_failures=HIERARCHICAL,
    ),
    Row(
        name="random-coefficients-classifier-tree",
        make=lambda: RandomCoefficientsClassifier(
            DecisionTreeClassifier(max_depth=2, random_state=0), n_folds=2, random_state=0
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=BASE_FOLDS,
        counts_rows=BASE_FOLDS,
        expected_failures=HIERARCHICAL,
    ),
    Row(
        name="random-coefficients-regressor",
        make=RandomCoefficientsRegressor,
        grid={"shrinkage": [1.0, 4.0]},
        tolerance=1e-5,
        expected_failures={k: v for k, v in HIERARCHICAL.items() if "one_class" not in k},
    ),
    Row(
        name="tradaboost-tree",
        make=lambda: TrAdaBoostClassifier(_tree(), n_estimators=5, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
    ),
    Row(
        name="dynamic-tradaboost",
        make=lambda: DynamicTrAdaBoostClassifier(_tree(), n_estimators=5, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
    ),
    Row(
        name="multisource-tradaboost",
        make=lambda: MultiSourceTrAdaBoostClassifier(_tree(), n_estimators=4, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
    ),
    Row(
        name="tradaboost-logistic",
        make=lambda: TrAdaBoostClassifier(_logistic(), n_estimators=5, random_state=0),
        grid={"estimator__C": [0.01, 1.0]},
        tolerance=1e-5,
    ),
    Row(
        name="tradaboost-xgboost",
        make=lambda: TrAdaBoostClassifier(_boosted(XGBClassifier), n_estimators=3, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
        tolerance=1e-4,
    ),
    Row(
        name="tradaboost-r2",
        make=lambda: TrAdaBoostRegressor(
            DecisionTreeRegressor(max_depth=2, random_state=0), n_estimators=5, random_state=0
        ),
        grid={"estimator__max_depth": [1, 2]},
    ),
    Row(
        name="tradaboost-r2-ridge",
        make=lambda: TrAdaBoostRegressor(Ridge(), n_estimators=5, random_state=0),
        grid={"estimator__alpha": [0.1, 100.0]},
    ),
    Row(
        name="two-stage-tradaboost-r2",
        make=lambda: TwoStageTrAdaBoostRegressor(
            DecisionTreeRegressor(max_depth=2, random_state=0),
            n_estimators=2,
            n_steps=3,
            n_folds=2,
            random_state=0,
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=STEP_FOLDS,
        counts_rows=STEP_FOLDS,
    ),
]
