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
    DRAWN,
    FOLDS,
    HELD_OUT,
    NO_WEIGHTS,
    UNWEIGHTED_SCALER,
    Row,
    boosted,
    logistic,
)

ROWS = [
    Row(
        name="uowq-classifier-default",
        make=UOWQClassifier,
        grid={"update": ["static", "dynamic"]},
        tolerance=1e-3,
    ),
    Row(
        name="uowq-classifier-static",
        make=lambda: UOWQClassifier(logistic(C=1e6), update="static"),
        grid={"estimator__C": [0.01, 1.0]},
        splits_sources=True,
    ),
    Row(
        name="uowq-classifier-debiased",
        make=lambda: UOWQClassifier(logistic(), bias_correction=True),
        grid={"estimator__C": [0.01, 1.0]},
    ),
    Row(
        name="uowq-classifier-own-intercepts",
        make=lambda: UOWQClassifier(logistic(), domain_effects="intercept", n_rounds=2),
        grid={"estimator__C": [0.01, 1.0]},
        tolerance=1e-5,
        expected_failures={"check_dataframe_reaches_the_inner_estimator": AUGMENTED},
    ),
    Row(
        name="uowq-classifier-pipeline",
        make=lambda: UOWQClassifier(make_pipeline(StandardScaler(), logistic())),
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
            logistic(C=1e6), discrepancy="functional", update="static", random_state=0
        ),
        grid={"estimator__C": [0.01, 1.0]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        splits_sources=True,
    ),
    Row(
        name="uowq-classifier-xgboost",
        make=lambda: UOWQClassifier(boosted(XGBClassifier), n_rounds=2, random_state=0),
        grid={"estimator__max_depth": [1, 2]},
        draws_rows=FOLDS,
        counts_rows=FOLDS,
        tolerance=1e-4,
    ),
    Row(
        name="uowq-classifier-early-stopping",
        make=lambda: UOWQClassifier(
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
        make=lambda: UOWQRegressor(boosted(XGBRegressor), n_rounds=2, random_state=0),
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
