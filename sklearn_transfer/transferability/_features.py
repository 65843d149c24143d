# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What a source model says of rows, as features: outputs, leaves, hidden units, transforms."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import hstack, issparse
from scipy.special import expit
from sklearn.base import is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_memory

from sklearn_transfer._domains import Domains
from sklearn_transfer._families import TargetSample
from sklearn_transfer._progress import counted
from sklearn_transfer._source_estimators import check_fitted_source
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel, take_rows, wants_evaluation_set
from sklearn_transfer._weighted_refit import fit_alone, settings_of_fits
from sklearn_transfer.transferability._leaves import has_leaves, leaf_embedding, leaf_names

Array = NDArray[np.float64]

RESPONSE_METHODS = (
    "auto",
    "predict_proba",
    "log_odds",
    "decision_function",
    "predict",
    "transform",
    "leaves",
    "hidden_layer",
)

# Probabilities of 0 and 1 have no finite odds; a millionth is beyond what the rows can tell.
LEAST_PROBABILITY = 1e-6

VALIDATION_FRACTION = 0.2

_ACTIVATIONS = {
    "identity": lambda values: values,
    "logistic": expit,
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0.0),
}


def fit_source_models(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    domains: Domains,
    sample_weight: Array | None = None,
    *,
    source_estimators: dict[Hashable, Any] | None = None,
    n_jobs: int | None = None,
    memory: Any = None,
    random_state: Any = None,
) -> dict[Hashable, FittedModel]:
    """Fit one model per source, or take those that come fitted.

    Parameters
    ----------
    estimator : estimator
        A classifier, regressor or transformer; never modified.
    X : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows of all domains. Those of the target are not touched.
    y : ndarray of shape (n_samples,)
        Labels or values.
    domains : Domains
        Which row belongs where.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Row weights.
    source_estimators : dict or None, default=None
        Source label -> `FrozenEstimator` around a fitted estimator. A source named here needs no
        rows, and its model may know other classes than y has.
    n_jobs : int or None, default=None
        Number of sources fitted in parallel.
    memory : str, joblib.Memory or None, default=None
        Where fits are cached.
    random_state : int, RandomState instance or None, default=None
        Of the rows held out where a model stops early; the models have their own.

    Returns
    -------
    models : dict of hashable to FittedModel
        In the order of `source_labels`. A source whose rows have one class only, of which a
        classifier learns nothing, is left out with a TransferWarning.
    """
    given = dict(source_estimators or {})
    n_features = X.shape[1]
    for label, model in given.items():
        check_fitted_source(label, model, n_features)
    labels = domains.sources.tolist()
    samples: dict[Hashable, TargetSample] = {}
    for index, label in enumerate(labels):
        if label in given:
            continue
        rows = domains.source_rows(index)
        own = y[rows]
        classes = np.unique(own) if is_classifier(estimator) else None
        if classes is not None and len(classes) < 2:
            warn_transfer(
                f"Source {label!r} is left out: all of its {len(rows)} rows have the label "
                f"{classes.tolist()[0]!r}, of which a classifier learns nothing."
            )
            continue
        weight = None if sample_weight is None else sample_weight[rows]
        samples[label] = TargetSample(
            take_rows(X, rows), own, weight, classes, domains.groups_of(rows)
        )
    # A seed that decides nothing must not keep the cache from knowing the call.
    seed = None
    if wants_evaluation_set(estimator):
        seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    settings = settings_of_fits()
    fit = check_memory(memory).cache(fit_alone)
    fitted = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(fit)(estimator, sample, VALIDATION_FRACTION, seed, settings)
        for sample in samples.values()
    )
    models = dict(zip(samples, counted(fitted, len(samples), "source models"), strict=True))
    models.update({label: as_fitted_model(model) for label, model in given.items()})
    return {label: models[label] for label in source_labels(domains, given) if label in models}


def source_labels(
    domains: Domains, source_estimators: dict[Hashable, Any] | None = None
) -> list[Hashable]:
    """Sources with rows and sources with models: sorted if they sort, else as they appear.

    Parameters
    ----------
    domains : Domains
        Sources with rows.
    source_estimators : dict or None, default=None
        Sources with models.

    Returns
    -------
    labels : list
        Without repetition.

    Raises
    ------
    ValueError
        If a model is given for the target.
    """
    labels = domains.sources.tolist()
    given = list(source_estimators or {})
    if domains.target in given and domains.target is not None:
        raise ValueError(
            "`source_estimators` must be keyed by source domains. Got the target "
            f"{domains.target!r} instead; remove it."
        )
    labels += [label for label in given if label not in labels]
    try:
        return sorted(labels)
    except TypeError:
        return labels


def as_fitted_model(estimator: Any) -> FittedModel:
    """Give a fitted estimator the form that the package's own fits have.

    Parameters
    ----------
    estimator : fitted estimator or FittedModel
        Frozen or not.

    Returns
    -------
    model : FittedModel
        With the estimator's own classes.
    """
    if isinstance(estimator, FittedModel):
        return estimator
    classes = getattr(estimator, "classes_", None) if is_classifier(estimator) else None
    if _has_several_outputs(estimator):
        classes = None
    return FittedModel(estimator, None if classes is None else np.asarray(classes))


def last_step(estimator: Any, X: Any = None) -> tuple[Any, Any]:
    """The step that answers, inside pipelines, searches and frozen wrappers, and its rows.

    Parameters
    ----------
    estimator : fitted estimator
        As the caller has it.
    X : {array-like, sparse matrix, dataframe} or None, default=None
        Rows as the whole estimator takes them; None where only the step is asked for.

    Returns
    -------
    step : estimator
        The last step, fitted.
    X : {ndarray, sparse matrix, dataframe} or None
        Rows as the last step takes them.
    """
    while True:
        if isinstance(estimator, Pipeline):
            if X is not None and len(estimator) > 1:
                X = estimator[:-1].transform(X)
            estimator = estimator.steps[-1][1]
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return estimator, X


def available_responses(model: Any) -> list[str]:
    """Ways in which a fitted model can be asked for features.

    Parameters
    ----------
    model : fitted estimator or FittedModel
        Of any kind.

    Returns
    -------
    responses : list of str
        Of `RESPONSE_METHODS`, without "auto".
    """
    estimator = as_fitted_model(model).estimator
    step, _ = last_step(estimator)
    probabilities = hasattr(estimator, "predict_proba") and not _has_several_outputs(estimator)
    known = {
        "predict_proba": probabilities,
        "log_odds": probabilities,
        "decision_function": hasattr(estimator, "decision_function"),
        "predict": hasattr(estimator, "predict") and is_regressor(estimator),
        "transform": hasattr(estimator, "transform"),
        "leaves": has_leaves(step),
        "hidden_layer": hasattr(step, "coefs_") and len(step.coefs_) > 1,
    }
    return [name for name in RESPONSE_METHODS if known.get(name, False)]


def choose_response(model: Any, response_method: str = "auto") -> str:
    """The way in which a model is asked for features.

    Parameters
    ----------
    model : fitted estimator or FittedModel
        Of any kind.
    response_method : str, default="auto"
        Of `RESPONSE_METHODS`. "auto" is the last hidden layer of a multi-layer perceptron, the
        decision function of a classifier, its log-odds where it has none (XGBoost) but trains on
        the log-loss, the class probabilities of any other (forests, neighbours), the prediction of
        a regressor, and the output of what only transforms.

    Returns
    -------
    response_method : str
        Never "auto".

    Raises
    ------
    ValueError
        If the model has no such response.
    """
    known = available_responses(model)
    estimator = as_fitted_model(model).estimator
    step, _ = last_step(estimator)
    if response_method == "auto":
        # Boosted margins are made for the log-loss; leaves' shares may be 0 and have no odds.
        odds = ["log_odds"] if hasattr(step, "get_booster") else []
        order = ["hidden_layer", "decision_function", *odds, "predict_proba", "predict"]
        for name in [*order, "transform"]:
            if name in known:
                return name
    if response_method not in known:
        raise ValueError(
            f"`response_method` must be what the source model offers, which is {known}. Got "
            f"{response_method!r} with {type(step).__name__} instead; choose one of these or "
            "another estimator."
        )
    return response_method


def model_features(model: Any, X: Any, response_method: str = "auto") -> Any:
    """Features of rows by one model.

    Parameters
    ----------
    model : fitted estimator or FittedModel
        Of any kind: a Pipeline answers by its last step, a search by its best estimator.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows as the model takes them.
    response_method : str, default="auto"
        Of `RESPONSE_METHODS`; see `choose_response`.

    Returns
    -------
    features : {ndarray, csr_matrix} of shape (n_samples, n_model_features)
        Two classes give one column, that of the second; more give one each. Leaves are sparse.
    """
    name = choose_response(model, response_method)
    estimator = as_fitted_model(model).estimator
    if name in {"predict_proba", "log_odds"}:
        return _class_columns(estimator.predict_proba(X), logarithmic=name == "log_odds")
    if name == "leaves":
        return leaf_embedding(*last_step(estimator, X))
    if name == "hidden_layer":
        step, X = last_step(estimator, X)
        return hidden_layers(step, X)[-1]
    response = getattr(estimator, name)(X)
    if issparse(response):
        return response.tocsr()
    response = np.asarray(response, dtype=float)
    return response.reshape(len(response), -1)


def model_feature_names(model: Any, response_method: str, n_columns: int) -> list[str]:
    """Names of the columns of `model_features`.

    Parameters
    ----------
    model : fitted estimator or FittedModel
        The model.
    response_method : str
        As `choose_response` gave it.
    n_columns : int
        How many there are.

    Returns
    -------
    names : list of str
        Class labels, leaves, hidden units, or the transformer's own names.
    """
    model = as_fitted_model(model)
    if response_method == "leaves":
        return leaf_names(last_step(model.estimator)[0])
    if response_method == "hidden_layer":
        return [f"hidden{unit}" for unit in range(n_columns)]
    if response_method == "predict" and n_columns == 1:
        return ["prediction"]
    if response_method == "transform" and hasattr(model.estimator, "get_feature_names_out"):
        try:
            return [str(name) for name in model.estimator.get_feature_names_out()]
        except (AttributeError, ValueError):  # a step of a pipeline knows no names
            pass
    classes = model.classes
    if classes is not None and response_method != "transform":
        if n_columns == 1 and len(classes) == 2:
            return [str(classes[1])]
        if n_columns == len(classes):
            return [str(label) for label in classes]
    return [str(column) for column in range(n_columns)]


def hidden_layers(step: Any, X: Any) -> list[Array]:
    """Activations of every hidden layer of a multi-layer perceptron of scikit-learn.

    Parameters
    ----------
    step : MLPClassifier or MLPRegressor
        Fitted.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows as that step takes them.

    Returns
    -------
    activations : list of ndarray of shape (n_samples, n_units)
        From the first hidden layer to the last.
    """
    activate = _ACTIVATIONS[step.activation]
    values = check_array(X, accept_sparse=("csr", "csc"), dtype=[np.float64, np.float32])
    activations = []
    for coef, intercept in zip(step.coefs_[:-1], step.intercepts_[:-1], strict=True):
        values = activate(np.asarray(values @ coef) + intercept)
        activations.append(values)
    return activations


def concatenate_features(blocks: Sequence[Any]) -> Any:
    """Features of several models side by side, sparse if one of them is.

    Parameters
    ----------
    blocks : sequence of {ndarray, sparse matrix}
        Of the same rows.

    Returns
    -------
    features : {ndarray, csr_matrix} of shape (n_samples, n_all_features)
        In the order given.
    """
    if len(blocks) == 1:
        return blocks[0]
    if any(issparse(block) for block in blocks):
        return hstack(blocks, format="csr")
    return np.hstack(blocks)


def _has_several_outputs(estimator: Any) -> bool:
    """Whether a classifier has one list of classes, and of probabilities, for each output."""
    classes = getattr(estimator, "classes_", None)
    return isinstance(classes, list) and any(isinstance(own, np.ndarray) for own in classes)


def _class_columns(probabilities: Any, *, logarithmic: bool) -> Array:
    p = np.asarray(probabilities, dtype=float)
    if logarithmic:
        logs = np.log(np.clip(p, LEAST_PROBABILITY, 1.0))
        if p.shape[1] == 2:
            return (logs[:, 1] - logs[:, 0])[:, np.newaxis]
        return logs - logs.mean(axis=1, keepdims=True)
    return p[:, 1:] if p.shape[1] == 2 else p
