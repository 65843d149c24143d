# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Inner estimators with a default preprocessing, for tables of numbers, categories and gaps."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_transfer._cli._console import CommandError
from sklearn_transfer._cli._schema import Schema


def inner_estimator(kind: str, schema: Schema, seed: int) -> Any:
    """Unfitted inner estimator for tables of a schema.

    Parameters
    ----------
    kind : {"linear", "xgboost"}
        Family.
    schema : Schema
        Columns and task.
    seed : int
        Of whatever is random in it.

    Returns
    -------
    estimator : estimator
        Linear: medians for missing numbers with indicators of where they were missing,
        standardised; one column per frequent category. XGBoost takes the table as it is.
    """
    classify = schema.task == "classification"
    if kind == "xgboost":
        return _xgboost(classify, seed)
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        _preprocessing(schema), LogisticRegression(max_iter=1000) if classify else Ridge()
    )


def _preprocessing(schema: Schema) -> Any:
    """Columns whose number does not depend on the rows, so that all domains share one system."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = schema.names("number")
    with_gaps = [c.name for c in schema.columns if c.kind == "number" and c.has_missing]
    categories = [c for c in schema.columns if c.kind == "category"]
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    encode = OneHotEncoder(
        categories=[
            np.array([*c.categories, *([np.nan] if c.has_missing else [])], dtype=object)
            for c in categories
        ],
        handle_unknown="ignore",
        sparse_output=False,
    )
    parts = [
        ("numbers", make_pipeline(impute, StandardScaler()), numbers),
        ("missing", MissingIndicator(features="all"), with_gaps),
        ("categories", encode, [c.name for c in categories]),
    ]
    return ColumnTransformer([part for part in parts if part[2]])


def _xgboost(classify: bool, seed: int) -> Any:
    try:
        from xgboost import XGBClassifier, XGBRegressor
    except ImportError as error:
        raise CommandError(
            "--estimator xgboost requires xgboost. Got none; pip install xgboost."
        ) from error
    return (XGBClassifier if classify else XGBRegressor)(
        n_estimators=100,
        learning_rate=0.05,
        max_depth=3,
        enable_categorical=True,
        random_state=seed,
    )
