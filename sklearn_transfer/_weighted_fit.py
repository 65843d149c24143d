# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Fit any inner estimator with row weights: the one place that knows the ways in.

The rest of the package says *which rows, which weights*; how a Pipeline, a grid search, XGBoost
with early stopping or an estimator that wants codes 0..C-1 takes them is settled here.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context, get_config
from sklearn.base import clone, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from sklearn_transfer._sklearn import _num_samples, _safe_indexing


@dataclass(frozen=True)
class FittedModel:
    """A fitted inner estimator that answers in the labels of the caller.

    Parameters
    ----------
    estimator : estimator
        The fitted scikit-learn estimator.
    classes : ndarray of shape (n_classes,) or None
        Labels of its probability columns, in their order; None for regressors.
    encoded : bool
        Whether it was trained on the codes 0..C-1 of `classes`.
    """

    estimator: Any
    classes: NDArray[Any] | None
    encoded: bool = False

    def predict(self, X: Any) -> NDArray[Any]:
        """Labels or values, decoded."""
        predicted = self.estimator.predict(X)
        if self.encoded and self.classes is not None:
            return self.classes[np.asarray(predicted).astype(np.intp)]
        return predicted

    def predict_proba(self, X: Any, classes: NDArray[Any]) -> NDArray[np.float64]:
        """Probabilities in the order of `classes`; a class never seen has probability 0."""
        return self._aligned(self.estimator.predict_proba(X), classes, missing=0.0)

    def predict_log_proba(self, X: Any, classes: NDArray[Any]) -> NDArray[np.float64]:
        """Log-probabilities in the order of `classes`; a class never seen has -inf."""
        return self._aligned(self.estimator.predict_log_proba(X), classes, missing=-np.inf)

    def decision_function(self, X: Any, classes: NDArray[Any]) -> NDArray[np.float64]:
        """Decision values in the order of `classes`; a class never seen has -inf."""
        decision = self.estimator.decision_function(X)
        assert self.classes is not None
        if decision.ndim == 1 and len(classes) > 2:
            decision = np.column_stack([-decision, decision])
        return decision if decision.ndim == 1 else self._aligned(decision, classes, -np.inf)

    def _aligned(
        self, columns: NDArray[Any], classes: NDArray[Any], missing: float
    ) -> NDArray[np.float64]:
        assert self.classes is not None
        if len(self.classes) == len(classes):
            return columns
        aligned = np.full((len(columns), len(classes)), missing, dtype=columns.dtype)
        aligned[:, np.searchsorted(classes, self.classes)] = columns
        return aligned


def fit_weighted(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None = None,
    *,
    evaluation: tuple[Any, NDArray[Any]] | None = None,
    warm_from: FittedModel | None = None,
) -> FittedModel:
    """Fit a clone of `estimator`.

    Parameters
    ----------
    estimator : estimator
        Never modified; its parameters are those of the returned model.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows, passed on as they are.
    y : ndarray of shape (n_samples,)
        Labels or values.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Absolute row weights. None calls the inner `fit` without weights.
    evaluation : tuple of (X, y) or None, default=None
        Held-out rows on which an inner XGBoost model stops early.
    warm_from : FittedModel or None, default=None
        Where a convex inner model starts its iterations; other models start afresh.

    Returns
    -------
    model : FittedModel
        The fitted clone.
    """
    classes = np.unique(y) if is_classifier(estimator) else None
    encoded = classes is not None and needs_codes(estimator)
    codes = y
    if classes is not None and encoded:
        codes = np.searchsorted(classes, y)
        if evaluation is not None:
            evaluation = encoded_rows(*evaluation, classes)

    if warm_from is not None and _can_start_from(warm_from, estimator, classes):
        fitted = _refit_warm(warm_from.estimator, X, codes, sample_weight)
    elif evaluation is not None:
        fitted = _fit_with_early_stopping(estimator, X, codes, sample_weight, evaluation)
    else:
        fitted = _fit_plain(clone(estimator), X, codes, sample_weight)
    return FittedModel(
        fitted, _classes_of(fitted, classes, encoded), encoded and classes is not None
    )


def wrap_fitted(estimator: Any, labels: NDArray[Any] | None) -> FittedModel:
    """Take an estimator that the user fitted, whose classes may be codes of `labels`.

    Parameters
    ----------
    estimator : fitted estimator
        Frozen or not.
    labels : ndarray of shape (n_classes,) or None
        All labels of the problem; None for regressors.

    Returns
    -------
    model : FittedModel
        Its view in the labels of the problem.
    """
    if labels is None:
        return FittedModel(estimator, None)
    classes = np.asarray(estimator.classes_)
    is_codes = classes.tolist() == list(range(len(labels))) != labels.tolist()
    if is_codes and needs_codes(estimator):
        return FittedModel(estimator, labels, encoded=True)
    return FittedModel(estimator, classes)


def take_rows(X: Any, rows: NDArray[np.intp]) -> Any:
    """Rows of any table, as a view where they are adjacent.

    Parameters
    ----------
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        The table.
    rows : ndarray of shape (n_rows,)
        Increasing row numbers.

    Returns
    -------
    X_rows : same type as `X`
        The rows.
    """
    if len(rows) == _num_samples(X):
        return X
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return _safe_indexing(X, slice(int(rows[0]), int(rows[-1]) + 1))
    return _safe_indexing(X, rows)


def final_step(estimator: Any) -> Any:
    """The estimator that makes the prediction, inside pipelines, searches and frozen wrappers."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif _is_search(estimator):
            estimator = estimator.estimator
        else:
            return estimator


def needs_codes(estimator: Any) -> bool:
    """Whether the estimator takes labels only as the codes 0..C-1."""
    return _comes_from(final_step(estimator), "xgboost")


def wants_evaluation_set(estimator: Any) -> bool:
    """Whether the estimator stops early on rows that it does not train on."""
    step = final_step(estimator)
    return (
        _comes_from(step, "xgboost") and step.get_params().get("early_stopping_rounds") is not None
    )


def weight_keyword(estimator: Any) -> str:
    """Name under which the estimator's `fit` takes row weights.

    Parameters
    ----------
    estimator : estimator
        Unfitted.

    Returns
    -------
    keyword : str
        `"sample_weight"`, or with the names of pipeline steps before it.

    Raises
    ------
    ValueError
        If it takes none.
    """
    if isinstance(estimator, Pipeline):
        name, step = estimator.steps[-1]
        return f"{name}__{weight_keyword(step)}"
    if _is_search(estimator):
        return weight_keyword(estimator.estimator)
    fit = getattr(estimator, "fit", None)
    parameters = [] if fit is None else signature(fit).parameters.values()
    takes_any = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters)
    if (
        fit is None
        or _comes_from(estimator, "skorch")
        or not (has_fit_parameter(estimator, "sample_weight") or takes_any)
    ):
        name = estimator if isinstance(estimator, str) else type(estimator).__name__
        raise ValueError(
            "The inner estimator must accept `sample_weight` in fit, because sources are weighted. "
            f"Got {name}, which does not, instead; choose an estimator with `sample_weight`."
        )
    return "sample_weight"


def _fit_plain(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    **options: Any,
) -> Any:
    """Fit with weights and options for the last step, whether metadata routing is on or off.

    Where the user asked for nothing, the old spelling `step__sample_weight` reaches the last step
    alone, so routing is off for this call. Requests that the user made are honoured as they are.
    """
    if sample_weight is None and not options:
        return estimator.fit(X, y)
    prefix = weight_keyword(estimator).removesuffix("sample_weight")
    if get_config()["enable_metadata_routing"] and _answers_requests(estimator):
        return estimator.fit(X, y, sample_weight=sample_weight, **options)
    given = {"sample_weight": sample_weight, **options}
    with config_context(enable_metadata_routing=False):
        return estimator.fit(X, y, **{f"{prefix}{name}": value for name, value in given.items()})


def _answers_requests(estimator: Any) -> bool:
    """Whether the user decided what becomes of weights in any part; then answer for the others."""
    open_parts, decided = [], False
    for part in [estimator, *estimator.get_params(deep=True).values()]:
        if hasattr(part, "set_fit_request"):
            requests = getattr(get_routing_for_object(part), "fit", None)
            known = {} if requests is None else requests.requests
            if known.get("sample_weight") is not None:
                decided = True
            elif "sample_weight" in known:
                open_parts.append(part)
    if decided:
        for part in open_parts:
            part.set_fit_request(sample_weight=hasattr(part, "predict"))
    return decided


def encoded_rows(X: Any, y: NDArray[Any], classes: NDArray[Any]) -> tuple[Any, NDArray[np.intp]]:
    """Rows with codes for labels, without those whose label training lacks: no model scores it."""
    known = np.flatnonzero(np.isin(y, classes))
    return take_rows(X, known), np.searchsorted(classes, y[known])


def _fit_with_early_stopping(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    evaluation: tuple[Any, NDArray[Any]],
) -> Any:
    """Fit a model that watches `evaluation`, seen through the steps before it in a pipeline."""
    X_held, y_held = evaluation
    if len(y_held) == 0:  # nothing to watch never improves, and would end the training at once
        X_held, y_held = X, y
    estimator = clone(estimator)
    last = estimator
    if isinstance(estimator, Pipeline):
        last = estimator.steps[-1][1]
        if len(estimator) > 1:
            before = estimator[:-1]
            X = before.fit_transform(X, y)
            X_held = before.transform(X_held)
            estimator.steps[:-1] = before.steps  # a caching pipeline fits clones of them
    if _is_search(last) and isinstance(last.estimator, Pipeline) and len(last.estimator) > 1:
        raise ValueError(
            "An inner estimator with early_stopping_rounds must see the held-out rows as its last "
            f"step does. Got {type(last).__name__} around a Pipeline, which fits the steps anew in "
            "every fold, instead; put the search inside the Pipeline or stop early elsewhere."
        )
    _fit_plain(last, X, y, sample_weight, eval_set=[(X_held, y_held)], verbose=False)
    return estimator


def _can_start_from(model: FittedModel, estimator: Any, classes: NDArray[Any] | None) -> bool:
    """Only convex linear models: elsewhere `warm_start` means more trees or another optimum."""
    step = final_step(estimator)
    return (
        type(estimator) is type(model.estimator)
        and (step is estimator or isinstance(estimator, Pipeline))
        and _comes_from(step, "sklearn.linear_model")
        and "warm_start" in step.get_params()
        and not hasattr(step, "partial_fit")  # stochastic steps from there end elsewhere
        and hasattr(final_step(model.estimator), "coef_")
        and (classes is None or classes.tolist() == np.asarray(model.classes).tolist())
    )


def _refit_warm(
    fitted: Any, X: Any, y: NDArray[Any], sample_weight: NDArray[np.float64] | None
) -> Any:
    estimator = deepcopy(fitted)
    step = final_step(estimator)
    chosen = step.warm_start
    step.set_params(warm_start=True)
    try:
        return _fit_plain(estimator, X, y, sample_weight)
    finally:
        step.set_params(warm_start=chosen)


def _classes_of(fitted: Any, classes: NDArray[Any] | None, encoded: bool) -> NDArray[Any] | None:
    if classes is None or encoded or not hasattr(fitted, "classes_"):
        return classes
    return np.asarray(fitted.classes_)


def _is_search(estimator: Any) -> bool:
    return hasattr(estimator, "best_estimator_") or (
        hasattr(estimator, "estimator") and hasattr(estimator, "refit") and hasattr(estimator, "cv")
    )


def _comes_from(estimator: Any, package: str) -> bool:
    """Whether a class of the estimator is defined in `package`, which need not be installed."""
    return any(
        base.__module__ == package or base.__module__.startswith(f"{package}.")
        for base in type(estimator).__mro__
    )
