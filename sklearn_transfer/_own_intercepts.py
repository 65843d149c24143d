# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""One intercept per domain in a common fit, the target's kept for prediction.

Least squares is fitted within domains, on centred rows. Other linear models get indicator columns
of the sources, scaled so that the user's penalty hardly touches them, which are cut off afterwards;
the target's intercept is then set to its exact optimum given the slopes. XGBoost gets every row's
level as `base_margin`, and the target's as `base_score`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_array

from sklearn_transfer._families import Family, model_family
from sklearn_transfer._math.calibration import class_shares, class_shift
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
_GRADIENT_SOLVERS = ("lbfgs", "liblinear", "newton-cg", "sag", "saga")


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
    plain = final_step(last) is last
    if plain and needs_codes(last):
        return
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
    """Fit a linear model and leave one of the target: the user's parameters, the columns of X."""
    names = getattr(X, "columns", None)
    table = check_array(X, accept_sparse=("csr", "csc"), estimator=estimator)
    n_classes = len(np.unique(y)) if is_classifier(estimator) else None
    family = model_family(estimator, n_classes)
    least_squares = family.name == "gaussian" and not sparse.issparse(table)
    fit = _fit_centred if least_squares else _fit_with_indicators
    model = fit(estimator, table, y, sample_weight, codes)
    fitted = model.estimator
    fitted.set_params(**estimator.get_params(deep=False))
    fitted.n_features_in_ = table.shape[1]
    if names is not None and all(isinstance(name, str) for name in names):
        fitted.feature_names_in_ = np.asarray(names, dtype=object)
    if not least_squares:
        rows = np.flatnonzero(codes == 0)
        weight = np.ones(len(rows)) if sample_weight is None else sample_weight[rows]
        fitted.intercept_ = fitted.intercept_ + _level_of(
            model, family, table[rows], y[rows], weight
        )
    return model


def _fit_centred(
    estimator: Any,
    table: Array,
    y: NDArray[Any],
    sample_weight: Array | None,
    codes: NDArray[np.intp],
) -> FittedModel:
    """Least squares with free intercepts is least squares within domains, whatever the penalty."""
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    mass = np.bincount(codes, weights=weight)
    mass[mass == 0] = 1.0
    membership = sparse.csr_array((weight, (codes, np.arange(len(y)))))
    means = (membership @ table) / mass[:, np.newaxis]
    levels = np.bincount(codes, weights=weight * y) / mass
    within = clone(estimator).set_params(fit_intercept=False)
    model = fit_weighted(within, table - means[codes], y - levels[codes], sample_weight)
    coef = np.asarray(model.estimator.coef_)
    level = levels[0] - means[0] @ coef
    model.estimator.intercept_ = level if np.ndim(model.estimator.intercept_) == 0 else [level]
    return model


def _fit_with_indicators(
    estimator: Any,
    table: Any,
    y: NDArray[Any],
    sample_weight: Array | None,
    codes: NDArray[np.intp],
) -> FittedModel:
    """Fit with scaled indicator columns of the sources, then cut them off."""
    n_outputs = len(np.unique(y)) if is_classifier(estimator) else 1
    few = (table.shape[1] + codes.max() + 1) * n_outputs <= _NEWTON_LIMIT
    second_order = _second_order(estimator) if few else None
    # Gradient methods converge slowly where columns differ in scale; Newton's does not mind.
    most = 1e8 if second_order is not None else 1e2
    scale = _indicator_scale(estimator, sample_weight, codes, most)
    own = sparse.csr_array((np.full(len(codes), scale), (np.arange(len(codes)), codes)))
    if not getattr(second_order, "fit_intercept", True):
        reference = 0  # the target's indicator stands for the intercept
    else:
        own, reference = own[:, 1:], None
    if sparse.issparse(table) or own.shape[1] > 2 * table.shape[1]:  # a dense block would be vast
        augmented = sparse.hstack([sparse.csr_array(table), own], format="csr")
    else:
        augmented = np.hstack([table, own.toarray()])
    model = fit_weighted(second_order or estimator, augmented, y, sample_weight)
    fitted = model.estimator
    if reference is not None:
        fitted.intercept_ = scale * fitted.coef_[table.shape[1]]
    fitted.coef_ = fitted.coef_[..., : table.shape[1]].copy()
    return model


def _second_order(estimator: Any) -> Any:
    """The same model with a solver that ends at the same optimum whatever the scale, if any."""
    params = estimator.get_params(deep=False)
    if type(estimator).__name__ == "Ridge" and not params["positive"]:
        # With sparse rows its direct solver knows no intercept.
        return clone(estimator).set_params(solver="cholesky", fit_intercept=False)
    ridge = params.get("l1_ratio") in (None, 0.0) and params.get("penalty") != "l1"
    if ridge and params.get("solver") in (*_GRADIENT_SOLVERS, "newton-cholesky"):
        return clone(estimator).set_params(solver="newton-cholesky")
    return None


def _level_of(
    model: FittedModel, family: Family, table: Any, y: NDArray[Any], weight: Array
) -> Any:
    """Change of the intercept that makes the target's score zero, given the slopes.

    Solvers stop by the gradient over all rows, in which few target rows hardly count.
    """
    fitted = model.estimator
    eta = table @ np.asarray(fitted.coef_, dtype=float).T + fitted.intercept_
    if family.logarithmic:
        power = {"poisson": 1.0, "gamma": 2.0}.get(family.name, family.power)
        mean = np.exp(eta)
        observed = weight @ (y * mean ** (1.0 - power))
        return np.log(observed / (weight @ mean ** (2.0 - power))) if observed > 0 else 0.0
    if model.classes is None:
        return np.average(y - eta, weights=weight)
    shares = (y[:, np.newaxis] == model.classes).T @ weight
    if (shares == 0).any():  # no finite intercept fits a class that is absent
        return 0.0
    if len(model.classes) == 2:
        eta = np.column_stack([np.zeros(len(y)), eta])
    shift = class_shift(eta, shares / shares.sum(), sample_weight=weight)
    return shift[1:] - shift[0] if len(model.classes) == 2 else shift


def _indicator_scale(
    estimator: Any, sample_weight: Array | None, codes: NDArray[np.intp], most: float
) -> float:
    """Scale at which the penalty on all intercepts is a hundred-thousandth of their information."""
    weight = np.ones(len(codes)) if sample_weight is None else sample_weight
    masses = np.bincount(codes, weights=weight)
    least = masses[masses > 0].min()
    params = estimator.get_params()
    if "Cs" in params:  # the strongest penalty that the search may choose
        penalty = 1e4 if np.isscalar(params["Cs"]) else 1.0 / float(np.min(params["Cs"]))
    elif "C" in params:
        penalty = 1.0 / params["C"] if params["C"] else 0.0
    else:
        alpha = params.get("alpha")
        penalty = 0.0 if alpha is None else float(np.max(alpha))
        if type(estimator).__name__ != "Ridge":  # the others average the loss
            penalty *= weight.sum()
    # A tenth of a unit of information per row: p (1 - p) at a prevalence of 11 %.
    return float(np.sqrt(np.clip(1e5 * len(masses) * penalty / (0.1 * least), 1.0, most)))


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
