# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Source models that the user brings along."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._domains import Domains
from sklearn_transfer._weighted_fit import FittedModel, wrap_fitted


def check_source_estimators(
    source_estimators: dict[Hashable, Any] | None,
    domains: Domains,
    classes: NDArray[Any] | None,
    n_features: int,
) -> dict[int, FittedModel]:
    """Models of the sources that need no fit, for methods that also use the sources' rows.

    Parameters
    ----------
    source_estimators : dict or None
        Source label -> `FrozenEstimator` around a fitted estimator.
    domains : Domains
        The sources there are.
    classes : ndarray of shape (n_classes,) or None
        All classes; None for regression.
    n_features : int
        Number of columns of X.

    Returns
    -------
    models : dict of int to FittedModel
        By the source's number.

    Raises
    ------
    ValueError
        If a key is no source, a model is not fitted, or its columns or classes are not those of the
        problem.
    """
    if source_estimators is None:
        return {}
    models: dict[int, FittedModel] = {}
    numbers = {label: number for number, label in enumerate(domains.sources.tolist())}
    for label, estimator in source_estimators.items():
        if label not in numbers:
            raise ValueError(
                "`source_estimators` must be keyed by source domains, which are "
                f"{list(numbers)}. Got {label!r} instead; remove it or give its rows."
            )
        check_fitted_source(label, estimator, n_features)
        model = wrap_fitted(estimator, classes)
        known = [] if model.classes is None else model.classes.tolist()
        if classes is not None and not set(known) <= set(classes.tolist()):
            raise ValueError(
                f"A source estimator must know no other classes than the data, {classes.tolist()}. "
                f"Got {known} for {label!r} instead; recode its "
                "labels or drop that source."
            )
        models[numbers[label]] = model
    return models


def check_fitted_source(label: Hashable, estimator: Any, n_features: int) -> None:
    """Refuse a source model that is not fitted, or was fitted on other columns.

    Parameters
    ----------
    label : hashable
        The source, for messages.
    estimator : estimator
        What the user gave for it.
    n_features : int
        Number of columns of X.

    Raises
    ------
    ValueError
        If it is not fitted, or on another number of columns.
    """
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError) as error:
        raise ValueError(
            "`source_estimators` must hold fitted estimators. Got an unfitted "
            f"{type(estimator).__name__} for {label!r} instead; fit it and wrap it in "
            "sklearn.frozen.FrozenEstimator, which survives `clone`."
        ) from error
    seen = getattr(estimator, "n_features_in_", n_features)
    if seen != n_features:
        raise ValueError(
            f"A source estimator must take the {n_features} columns of X. Got one for "
            f"{label!r} fitted on {seen} columns instead; fit it on the same columns."
        )
