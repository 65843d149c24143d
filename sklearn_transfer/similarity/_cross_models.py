# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the models of one domain say: of their own held-out rows, and of the rows of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._math.cross_learning import (
    combine_predictions,
    fold_variance,
    loss_moments,
    model_weights,
)
from sklearn_transfer._weighted_fit import FittedModel, fit_weighted, take_rows
from sklearn_transfer._weighted_refit import settings_of_fits
from sklearn_transfer.similarity._answers import Question, answers, error_moments
from sklearn_transfer.similarity._base import DomainRows

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DomainModels:
    """The fitted models of a domain and their answers for its rows while these were held out.

    Parameters
    ----------
    models : list of FittedModel
        Fitted on all rows of the domain.
    held_out : ndarray of shape (n_models, n_rows, ...)
        Each model's answers for the rows that it was not fitted on.
    """

    models: list[FittedModel]
    held_out: Array


@dataclass(frozen=True)
class DomainErrors:
    """Errors of a domain's models; the last of the answers is their weighted ensemble's.

    Parameters
    ----------
    weights : ndarray of shape (n_models,)
        Of the models in the ensemble.
    own : ndarray of shape (n_models + 1,)
        Cross-validated errors.
    own_covariance, fold_covariance : ndarray of shape (n_models + 1, n_models + 1)
        Of one row's losses, and of the mean over the folds.
    cross : ndarray of shape (n_judged, n_models + 1)
        Errors on the rows of the other domains.
    cross_covariance : ndarray of shape (n_judged, n_models + 1, n_models + 1)
        Of one row's losses there.
    """

    weights: Array
    own: Array
    own_covariance: Array
    fold_covariance: Array
    cross: Array
    cross_covariance: Array


def fit_domain(
    estimators: list[Any],
    X: Any,
    y: NDArray[Any],
    sample_weight: Array | None,
    fold_of_row: NDArray[np.intp],
    classes: NDArray[Any] | None,
    voting: str,
    settings: dict[str, Any],
) -> DomainModels:
    """Fit every model once on all rows of a domain and once without each fold.

    Parameters
    ----------
    estimators : list of estimator
        Not fitted; never modified.
    X, y, sample_weight
        The domain's rows.
    fold_of_row : ndarray of shape (n_rows,)
        Number of each row's fold.
    classes : ndarray or None
        All labels of the problem.
    voting : {"soft", "hard"}
        How classifiers answer.
    settings : dict
        Of `settings_of_fits`, in force already: a cache tells calls apart by their arguments alone.

    Returns
    -------
    models : DomainModels
        Nothing in them but what the rows and the estimators determine.
    """
    rows = np.arange(len(y))
    width = () if classes is None else (len(classes),)
    held_out = np.empty((len(estimators), len(y), *width))
    for fold in np.unique(fold_of_row):
        train, test = rows[fold_of_row != fold], rows[fold_of_row == fold]
        weight = None if sample_weight is None else sample_weight[train]
        X_train, y_train, X_test = take_rows(X, train), y[train], take_rows(X, test)
        for index, estimator in enumerate(estimators):
            model = fit_weighted(estimator, X_train, y_train, weight)
            held_out[index, test] = answers(model, X_test, classes, voting)
    models = [fit_weighted(estimator, X, y, sample_weight) for estimator in estimators]
    return DomainModels(models, held_out)


def judge_domain(
    found: DomainModels,
    question: Question,
    own: tuple[Any, NDArray[Any], Array | None, NDArray[np.intp]],
    others: tuple[Any, NDArray[Any], Array | None, list[NDArray[np.intp]]],
) -> DomainErrors:
    """Judge a domain's models by their answers: one call per model for the rows of all others.

    Parameters
    ----------
    found : DomainModels
        The domain's.
    question : Question
        What is asked.
    own : tuple of (X, y, sample_weight, fold_of_row)
        The domain's rows.
    others : tuple of (X, y, sample_weight, rows)
        The rows to judge by, and the row numbers of each domain among them.

    Returns
    -------
    errors : DomainErrors
        The domain's line in every matrix.
    """
    X, y, weight, fold_of_row = own
    single = error_moments(found.held_out, question, X, y, weight)[0]
    scale = 1.0
    if question.loss == "squared_error":  # sharpness must not depend on the unit of y
        scale = float(loss_moments(y[:, np.newaxis].astype(float), weight)[1][0, 0]) or 1.0
    weights = model_weights(single / scale, question.sharpness)
    held_out = _with_ensemble(found.held_out, weights)
    own_error, own_covariance = error_moments(held_out, question, X, y, weight)
    per_fold = []
    for fold in np.unique(fold_of_row):
        rows = np.flatnonzero(fold_of_row == fold)
        there = None if weight is None else weight[rows]
        per_fold.append(
            error_moments(held_out[:, rows], question, take_rows(X, rows), y[rows], there)[0]
        )
    X_all, y_all, weight_all, rows_of = others
    asked = [answers(m, X_all, question.classes, question.voting) for m in found.models]
    given = _with_ensemble(np.stack(asked), weights)
    cross = [
        error_moments(
            given[:, rows],
            question,
            take_rows(X_all, rows) if callable(question.loss) else None,
            y_all[rows],
            None if weight_all is None else weight_all[rows],
        )
        for rows in rows_of
    ]
    return DomainErrors(
        weights,
        own_error,
        own_covariance,
        _fold_covariance(np.array(per_fold)),
        np.array([error for error, _ in cross]),
        np.array([covariance for _, covariance in cross]),
    )


def rows_to_judge(
    domains: DomainRows, judged: list[int]
) -> tuple[Any, NDArray[Any], Array | None, list[NDArray[np.intp]]]:
    """Rows of one domain, or all rows with those of each domain among them.

    Parameters
    ----------
    domains : DomainRows
        All rows.
    judged : list of int
        The domains to judge by.

    Returns
    -------
    X, y, sample_weight, rows : tuple
        The rows, and the row numbers of each domain among them.
    """
    if len(judged) == 1:
        X, y, weight = domains.take(judged[0])
        return X, y, weight, [np.arange(len(y))]
    return domains.X, domains.y, domains.sample_weight, [domains.rows[k] for k in judged]


def work_on_domain(
    memory: Any, models: list[Any], question: Question, own: Any, others: Any
) -> Any:
    """Fit and judge the models of one domain; what was fitted is looked up where it is kept.

    Parameters
    ----------
    memory : joblib.Memory
        Of the fits.
    models : list of estimator
        Not fitted.
    question : Question
        What is asked of them.
    own, others : tuple
        As in `judge_domain`.

    Returns
    -------
    errors : DomainErrors
        The domain's line in every matrix.
    """
    X, y, weight, fold_of_row = own
    fit = memory.cache(fit_domain)
    found = fit(
        models, X, y, weight, fold_of_row, question.classes, question.voting, settings_of_fits()
    )
    return judge_domain(found, question, (X, y, weight, fold_of_row), others)


def _with_ensemble(given: Array, weights: Array) -> Array:
    """Put the ensemble's answers behind the models'."""
    return np.concatenate([given, combine_predictions(given, weights)[np.newaxis]])


def _fold_covariance(per_fold: Array) -> Array:
    """Covariance of the mean over those folds in which an error exists."""
    kept = per_fold[np.isfinite(per_fold).all(axis=1)]
    if len(kept) < 2:
        return np.full((per_fold.shape[1], per_fold.shape[1]), np.nan)
    return fold_variance(kept)
