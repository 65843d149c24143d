# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The base models of the Cross-Learning Score: the paper's four, or the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import is_classifier, is_regressor


def default_models(classify: bool, X: Any) -> dict[str, Any]:
    """Models of the paper at default parameters, scaled inside.

    Parameters
    ----------
    classify : bool
        Whether y are labels.
    X : {ndarray, sparse matrix, dataframe}
        What they will see. A sparse table is scaled without being centred; gaps are imputed by the
        mean of the training rows with an indicator, categories one-hot encoded.

    Returns
    -------
    models : dict of str to estimator
        Linear model, linear SVM, RBF SVM and XGBoost, by name.
    """
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import SVC, SVR
    from xgboost import XGBClassifier, XGBRegressor

    def scaled(model: Any) -> Any:
        return make_pipeline(*_preparation(X), model)

    if classify:
        return {
            "logistic_regression": scaled(LogisticRegression()),
            "linear_svm": scaled(SVC(kernel="linear")),
            "rbf_svm": scaled(SVC()),
            "xgboost": scaled(XGBClassifier(n_jobs=1)),
        }
    return {
        "linear_regression": scaled(LinearRegression()),
        "linear_svm": scaled(SVR(kernel="linear")),
        "rbf_svm": scaled(SVR()),
        "xgboost": scaled(XGBRegressor(n_jobs=1)),
    }


def _preparation(X: Any) -> list[Any]:
    """Steps that make standardised numbers of a table, no more of them than it needs."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    if sparse.issparse(X):
        return [StandardScaler(with_mean=False)]
    imputer = SimpleImputer(add_indicator=True, keep_empty_features=True)
    if not hasattr(X, "columns"):
        gaps = X.dtype.kind == "f" and bool(np.isnan(X).any())
        return [imputer, StandardScaler()] if gaps else [StandardScaler()]
    numbers = [name for name in X.columns if _kind(X[name]) in "iufb"]
    others = [name for name in X.columns if name not in numbers]
    gaps = any(_has_gaps(X[name]) for name in numbers)
    if not others:
        return [imputer, StandardScaler()] if gaps else [StandardScaler()]
    encoder = make_pipeline(
        FunctionTransformer(texts, feature_names_out="one-to-one"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    columns = ColumnTransformer([("numbers", imputer, numbers), ("categories", encoder, others)])
    return [columns, StandardScaler()]


def _kind(column: Any) -> str:
    """Kind of a column's values, of nullable types too; codes of categories are no numbers."""
    kind = getattr(column.dtype, "kind", None)
    return np.asarray(column).dtype.kind if kind is None else kind


def _has_gaps(column: Any) -> bool:
    if hasattr(column, "isna"):
        return bool(column.isna().any())
    return bool(np.isnan(np.asarray(column, dtype=float)).any())


def texts(X: Any) -> NDArray[Any]:
    """Categories of any type as text, a gap of any kind as one more of them.

    Parameters
    ----------
    X : dataframe of shape (n_samples, n_features)
        Columns of categories.

    Returns
    -------
    texts : ndarray of shape (n_samples, n_features)
        Of strings. Equal numbers have one text: the same codes are whole numbers in one part of a
        table and have a decimal point in another, beside a gap.
    """
    told = np.empty(X.shape, dtype=object)
    for position, name in enumerate(X.columns):
        shown: dict[Any, str] = {}
        for row, value in enumerate(np.asarray(X[name], dtype=object)):
            if value not in shown:
                shown[value] = _text(value)
            told[row, position] = shown[value]
    return told


def _text(value: Any) -> str:
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return "missing"
    return str(float(value)) if isinstance(value, Real | np.bool_) else str(value)


def named_models(estimators: Any) -> dict[str, Any]:
    """Base models by name, however the user gave them.

    Parameters
    ----------
    estimators : estimator, list of estimator, list of (str, estimator) or dict
        Not fitted.

    Returns
    -------
    models : dict of str to estimator
        In the order given; models without a name are named by their class.

    Raises
    ------
    ValueError
        If there is none, a name comes twice, or classifiers and regressors are mixed.
    """
    if isinstance(estimators, Mapping):
        given = list(estimators.items())
    elif hasattr(estimators, "fit"):
        given = [(_class_name(estimators), estimators)]
    else:
        given = _with_names(list(estimators))
    names = [name for name, _ in given]
    if not given or len(set(names)) < len(names):
        raise ValueError(
            "`estimators` must hold at least one model, and no name twice. Got the names "
            f"{names} instead; give an estimator, or (name, estimator) pairs."
        )
    for kind in (is_classifier, is_regressor):
        if all(hasattr(model, "fit") and kind(model) for _, model in given):
            return dict(given)
    kinds = ", ".join(type(model).__name__ for _, model in given)
    raise ValueError(
        "`estimators` must all be classifiers or all be regressors. Got "
        f"{kinds} instead; choose models of one kind."
    )


def _with_names(items: list[Any]) -> list[tuple[Any, Any]]:
    """Pairs as they are; models without a name by their class, numbered where it comes twice."""
    if all(isinstance(item, tuple) and len(item) == 2 for item in items):
        return items
    classes = [_class_name(item) for item in items]
    return [
        (name if classes.count(name) == 1 else f"{name}_{classes[:i].count(name) + 1}", item)
        for i, (name, item) in enumerate(zip(classes, items, strict=True))
    ]


def _class_name(estimator: Any) -> str:
    return type(estimator).__name__.lower()
