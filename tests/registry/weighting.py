# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of the registry: weights per source."""

from __future__ import annotations

from sklearn.linear_model import PoissonRegressor, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer.weighting import (
    OTQMSClassifier,
    OTQMSRegressor,
    UOWQClassifier,
    UOWQRegressor,
)
from tests.registry.row import (
    AUGMENTED,
    BASE_FOLDS,
    DRAWN,
    FOLDS,
    HELD_OUT,
    HIERARCHICAL,
    HIERARCHICAL_REGRESSION,
    NO_WEIGHTS,
    TARGET_FOLDS,
    UNWEIGHTED_SCALER,
    Row,
    boosted,
    logistic,
    tree,
)
from tests.weighting import unguarded

# A target of one class is heard of, as everywhere in this room.
GUARDED = {name: why for name, why in HIERARCHICAL.items() if "one_class_target" not in name}

ROWS = [
    Row(
        name="uowq-classifier-default",
        make=lambda: UOWQClassifier(random_state=0),
        grid={"guard": ["auto", "select"]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
        tolerance=1e-3,
        expected_failures=GUARDED,
    ),
    Row(
        name="uowq-classifier-default-tree",
        make=lambda: UOWQClassifier(tree(), random_state=0),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=BASE_FOLDS,
        counts_rows=BASE_FOLDS,
        expected_failures=GUARDED,
    ),
    Row(
        name="uowq-classifier-select",
        make=lambda: UOWQClassifier(logistic(), guard="select", random_state=0),
        grid={"update": ["static", "dynamic"]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
        tolerance=1e-4,
    ),
    Row(
        name="uowq-classifier-select-xgboost",
        make=lambda: UOWQClassifier(
            boosted(XGBClassifier), guard="select", n_rounds=2, random_state=0
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
        tolerance=1e-4,
    ),
    Row(
        name="uowq-regressor-default",
        make=lambda: UOWQRegressor(random_state=0),
        grid={"guard": ["auto", "select"]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
        tolerance=1e-5,
        expected_failures=HIERARCHICAL_REGRESSION,
    ),
    Row(
        name="uowq-regressor-select",
        make=lambda: UOWQRegressor(Ridge(), guard="select", random_state=0),
        grid={"estimator__alpha": [0.1, 100.0]},
        draws_rows=TARGET_FOLDS,
        counts_rows=TARGET_FOLDS,
    ),
    Row(
        name="uowq-classifier-paper",
        make=lambda: unguarded.UOWQClassifier(),
        grid={"update": ["static", "dynamic"]},
        tolerance=1e-3,
    ),
    Row(
        name="uowq-classifier-static",
        make=lambda: unguarded.UOWQClassifier(logistic(C=1e6), update="static"),
        grid={"estimator__C": [0.01, 1.0]},
        splits_sources=True,
    ),
    Row(
        name="uowq-classifier-debiased",
        make=lambda: unguarded.UOWQClassifier(logistic(), bias_correction=True),
        grid={"estimator__C": [0.01, 1.0]},
    ),
    Row(
        name="uowq-classifier-own-intercepts",
        make=lambda: unguarded.UOWQClassifier(logistic(), domain_effects="intercept", n_rounds=2),
        grid={"estimator__C": [0.01, 1.0]},
        tolerance=1e-5,
        expected_failures={"check_dataframe_reaches_the_inner_estimator": AUGMENTED},
    ),
    Row(
        name="uowq-classifier-pipeline",
        make=lambda: unguarded.UOWQClassifier(make_pipeline(StandardScaler(), logistic())),
        grid={"estimator__logisticregression__C": [0.01, 1.0]},
        counts_rows=UNWEIGHTED_SCALER,
        pools_steps="the scaler of the pipeline is fitted on the rows of all domains",
        expected_failures={"check_sample_weight_equivalence_on_dense_data": UNWEIGHTED_SCALER},
    ),
    Row(
        name="uowq-classifier-functional-tree",
        make=lambda: unguarded.UOWQClassifier(
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
        make=lambda: unguarded.UOWQClassifier(
            logistic(C=1e6), discrepancy="functional", update="static", random_state=0
        ),
        grid={"estimator__C": [0.01, 1.0]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        splits_sources=True,
    ),
    Row(
        name="uowq-classifier-xgboost",
        make=lambda: unguarded.UOWQClassifier(boosted(XGBClassifier), n_rounds=2, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        tolerance=1e-4,
    ),
    Row(
        name="uowq-classifier-early-stopping",
        make=lambda: unguarded.UOWQClassifier(
            boosted(XGBClassifier, n_estimators=8, learning_rate=0.7, early_stopping_rounds=2),
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
        name="uowq-regressor-paper",
        make=lambda: unguarded.UOWQRegressor(),
        grid={"update": ["static", "dynamic"]},
        tolerance=1e-6,
    ),
    Row(
        name="uowq-regressor-static",
        make=lambda: unguarded.UOWQRegressor(Ridge(1e-8), update="static"),
        grid={"estimator__alpha": [0.1, 100.0]},
        splits_sources=True,
    ),
    Row(
        name="uowq-regressor-own-intercepts",
        make=lambda: unguarded.UOWQRegressor(Ridge(), domain_effects="intercept", n_rounds=2),
        grid={"estimator__alpha": [0.1, 100.0]},
        expected_failures={"check_dataframe_reaches_the_inner_estimator": AUGMENTED},
    ),
    Row(
        name="uowq-regressor-poisson",
        make=lambda: unguarded.UOWQRegressor(PoissonRegressor(tol=1e-8, max_iter=1000)),
        grid={"estimator__alpha": [0.1, 100.0]},
        tolerance=1e-5,
    ),
    Row(
        name="uowq-regressor-functional-tree",
        make=lambda: unguarded.UOWQRegressor(
            DecisionTreeRegressor(max_depth=2, random_state=0), n_rounds=2, random_state=0
        ),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
    ),
    Row(
        name="uowq-regressor-xgboost",
        make=lambda: unguarded.UOWQRegressor(boosted(XGBRegressor), n_rounds=2, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        tolerance=1e-4,
    ),
    Row(
        name="otqms-classifier",
        make=lambda: OTQMSClassifier(logistic(), random_state=0),
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
]
