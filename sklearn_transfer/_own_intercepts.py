# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""One intercept per domain in a common fit, the target's kept for prediction.

Linear models get indicator columns of the sources, scaled so that the user's penalty hardly
touches them; afterwards the indicators are cut off and a plain model of the target remains.
XGBoost gets every row's level as `base_margin`, and the target's as `base_score`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_array

from sklearn_transfer._math.calibration import class_shares
from sklearn_transfer._model_geometry import model_family
from sklearn_transfer._weighted_fit import (
    FittedModel,
    encoded_rows,
    final_step,
    fit_weighted,
    needs_codes,
)

Array = NDArray[np.float64]

# Unknowns up to which Newton's d x d Hessian is cheaper than a slowly converging gradient method.
_NEWTON_LIMIT = 1000


def check_own_intercepts(estimator: Any, n_classes: int | None) -> None:
    """Refuse inner estimators that cannot have one intercept per domain.

    Parameters
    ----------
    estimator : estimator
        The inner estimator.
    n_classes : int or None
        Number of classes; None for regressors.

    Raises
    ------
    ValueError
        If it is neither a linear model with an intercept nor XGBoost, bare or at the end of a
        Pipeline.
    """
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if needs_codes(last):
        return
    plain = final_step(last) is last
    if plain and model_family(last, n_classes).linear and getattr(last, "fit_intercept", False):
        return
    raise ValueError(
        "domain_effects='intercept' needs an inner estimator that can have one intercept per "
        "domain: a linear model with fit_intercept=True or XGBoost, bare or as the last step of a "
        f"Pipeline. Got {estimator!r} instead; choose one of those or domain_effects=None."
    )


def fit_with_own_intercepts(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    sample_weight: Array | None,
    codes: NDArray[np.intp],
    *,
    levels: Array | None = None,
    evaluation: tuple[Any, NDArray[Any]] | None = None,
) -> FittedModel:
    """Fit a clone of `estimator` in which every domain has its own intercept.

    Parameters
    ----------
    estimator : estimator
        Accepted by `check_own_intercepts`.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows of the target and the sources.
    y : ndarray of shape (n_samples,)
        Labels or values.
    sample_weight : ndarray of shape (n_samples,) or None
        Absolute row weights.
    codes : ndarray of shape (n_samples,)
        Domain of each row, 0 for the target.
    levels : ndarray of shape (n_sources,) or (n_sources, n_classes) or None, default=None
        How much higher each source's predictor lies than the target's (XGBoost only).
    evaluation : tuple of (X, y) or None, default=None
        Held-out target rows for early stopping.

    Returns
    -------
    model : FittedModel
        A model of the target alone: it takes rows as the plain inner estimator does.
    """
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    before = None
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        before = clone(estimator[:-1])
        X = before.fit_transform(X, y)
        if evaluation is not None:
            evaluation = (before.transform(evaluation[0]), evaluation[1])
    if needs_codes(last):
        model = _fit_boosted(last, X, y, sample_weight, codes, levels, evaluation)
    else:
        model = _fit_linear(last, X, y, sample_weight, codes)
    if not isinstance(estimator, Pipeline):
        return model
    whole = clone(estimator)
    fitted = [] if before is None else list(before.steps)
    whole.steps = [*fitted, (estimator.steps[-1][0], model.estimator)]
    return FittedModel(whole, model.classes, model.encoded)


def _fit_linear(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    sample_weight: Array | None,
    codes: NDArray[np.intp],
) -> FittedModel:
    """Fit with scaled indicator columns, then cut them off."""
    names = getattr(X, "columns", None)
    table = check_array(X, accept_sparse=("csr", "csc"), estimator=estimator)
    present = np.unique(codes[codes > 0])
    column = np.searchsorted(present, codes)
    rows = np.flatnonzero(codes > 0)
    scale = _indicator_scale(estimator, sample_weight, codes)
    shape = (len(codes), len(present))
    indicators = sparse.csr_array((np.full(len(rows), scale), (rows, column[rows])), shape=shape)
    if sparse.issparse(table):
        augmented = sparse.hstack([table, indicators], format="csr")
    else:
        augmented = np.hstack([table, indicators.toarray()])
    solver = estimator.get_params().get("solver")
    n_outputs = len(np.unique(y)) if is_classifier(estimator) else 1
    if solver == "lbfgs" and augmented.shape[1] * n_outputs <= _NEWTON_LIMIT:
        # The same optimum; Newton's method does not mind columns of another scale.
        estimator = clone(estimator).set_params(solver="newton-cholesky")
    model = fit_weighted(estimator, augmented, y, sample_weight)
    fitted = model.estimator
    if solver is not None:
        fitted.set_params(solver=solver)
    fitted.coef_ = fitted.coef_[..., : table.shape[1]].copy()
    fitted.n_features_in_ = table.shape[1]
    if names is not None and all(isinstance(name, str) for name in names):
        fitted.feature_names_in_ = np.asarray(names, dtype=object)
    return model


def _indicator_scale(estimator: Any, sample_weight: Array | None, codes: NDArray[np.intp]) -> float:
    """Scale at which the penalty on an intercept is a thousandth of its information."""
    weight = np.ones(len(codes)) if sample_weight is None else sample_weight
    masses = np.bincount(codes, weights=weight)
    least = masses[masses > 0].min()
    params = estimator.get_params()
    if params.get("C"):
        penalty = 1.0 / params["C"]
    else:
        alpha = params.get("alpha", 0.0)
        penalty = float(np.max(alpha if alpha is not None else 0.0))
        if type(estimator).__name__ not in ("Ridge", "RidgeCV"):  # the others average the loss
            penalty *= weight.sum()
    # A tenth of a unit of information per row: p (1 - p) at a prevalence of 11 %.
    return float(np.sqrt(np.clip(1000.0 * penalty / (0.1 * least), 1.0, 1e6)))


def _fit_boosted(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    sample_weight: Array | None,
    codes: NDArray[np.intp],
    levels: Array | None,
    evaluation: tuple[Any, NDArray[Any]] | None,
) -> FittedModel:
    """Give XGBoost each row's level; the target's level becomes the model's own `base_score`."""
    is_target = codes == 0
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    classes = np.unique(y) if is_classifier(estimator) else None
    if classes is not None:
        base = np.log(class_shares(y[is_target], classes, weight[is_target]))
        if len(classes) == 2:
            base = base[1] - base[0]
    else:
        mean = np.average(y[is_target], weights=weight[is_target])
        family = model_family(estimator, None)
        base = np.log(max(mean, np.finfo(float).tiny)) if family.logarithmic else mean
    by_domain = np.zeros((codes.max() + 1, *np.shape(base))) + base
    if levels is not None:
        by_domain[1:] += levels[: len(by_domain) - 1]
    margin = by_domain[codes]
    booster = clone(estimator).set_params(base_score=_base_score(base, estimator, classes))
    encoded = classes is not None
    y_codes = y
    if classes is not None:
        y_codes = np.searchsorted(classes, y)
        if evaluation is not None:
            evaluation = encoded_rows(*evaluation, classes)
    options: dict[str, Any] = {}
    if evaluation is not None:
        X_held, y_held = evaluation
        options = {
            "eval_set": [(X_held, y_held)],
            "base_margin_eval_set": [np.zeros((len(y_held), *np.shape(base))) + base],
            "verbose": False,
        }
    booster.fit(X, y_codes, sample_weight=sample_weight, base_margin=margin, **options)
    return FittedModel(booster, classes, encoded)


def _base_score(base: Any, estimator: Any, classes: NDArray[Any] | None) -> Any:
    """The target's level on the scale in which XGBoost keeps it."""
    if classes is not None:
        return float(1.0 / (1.0 + np.exp(-base))) if len(classes) == 2 else base.tolist()
    return float(np.exp(base)) if model_family(estimator, None).logarithmic else float(base)
