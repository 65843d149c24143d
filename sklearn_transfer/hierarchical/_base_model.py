# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The inner estimator fitted to all rows, and its predictions of rows that it has not seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from sklearn_transfer._domains import Domains
from sklearn_transfer._families import Family, TargetSample
from sklearn_transfer._folds import deal_folds
from sklearn_transfer._weighted_fit import FittedModel, final_step, take_rows
from sklearn_transfer._weighted_refit import fit_alone
from sklearn_transfer.ensemble._domain_columns import DomainColumns
from sklearn_transfer.hierarchical._mixture import base_predictor

Array = NDArray[Any]

# Rows' worth of belief that a domain's level is that of all: some domains have a handful of rows.
_ROWS_OF_BELIEF = 5.0
# Parameters that name or count the columns: one more would break them.
_PER_COLUMN = (
    "monotone_constraints",
    "interaction_constraints",
    "feature_types",
    "monotonic_cst",
    "interaction_cst",
    "categorical_features",
)


def fit_base_model(
    estimator: Any,
    sample: TargetSample,
    family: Family,
    domains: Domains,
    *,
    n_folds: int,
    validation_fraction: float,
    n_jobs: int | None,
    seed: int,
) -> tuple[FittedModel, Array]:
    """Fit the inner estimator on all rows; its predictor for each row comes out of fold.

    Trees are told the mean of y in each row's domain, in a column of its own.

    Parameters
    ----------
    estimator : estimator
        The inner estimator.
    sample : TargetSample
        All rows.
    family : Family
        Of the inner estimator.
    domains : Domains
        Which row belongs where.
    n_folds : int
        Dealt within each domain.
    validation_fraction : float
        Share of rows held out where the inner estimator stops early.
    n_jobs : int or None
        Folds at once.
    seed : int
        Of the folds.

    Returns
    -------
    model : FittedModel
        Of all rows; it takes every row for one of the target's.
    predictor : ndarray of shape (n_samples,) or (n_samples, n_classes)
        On the scale of the family's link.
    """
    domain = domains.per_row(0, np.arange(1, domains.n_sources + 1)).astype(np.intp)
    fold_of_row = _fold_of_row(sample, domain, domains.n_sources + 1, n_folds, seed)
    everything = np.arange(len(sample.y))
    folds = [
        (np.flatnonzero(fold_of_row != fold), np.flatnonzero(fold_of_row == fold))
        for fold in np.unique(fold_of_row)
    ]
    fitted = Parallel(n_jobs=n_jobs)(
        delayed(_fit)(
            estimator,
            sample.take(train),
            domain[train],
            domains.n_sources + 1,
            take_rows(sample.X, test),
            domain[test],
            family,
            validation_fraction,
            seed,
        )
        for train, test in [*folds, (everything, everything[:1])]
    )
    parts = [part for _, part in fitted[:-1]]
    predictor = np.empty((len(sample.y), *parts[0].shape[1:]))
    for (_, test), part in zip(folds, parts, strict=True):
        predictor[test] = part
    return fitted[-1][0], predictor


def _fold_of_row(
    sample: TargetSample, domain: NDArray[np.intp], n_domains: int, n_folds: int, seed: int
) -> NDArray[np.intp]:
    """Folds dealt within each domain; a group of several domains stays in one fold."""
    fold_of_row = np.empty(len(sample.y), dtype=np.intp)
    fold_of_group: dict[int, int] = {}
    for code in range(n_domains):  # by the place in the domain, whatever its name
        rows = np.flatnonzero(domain == code)
        if sample.groups is None:
            fold_of_row[rows] = deal_folds(sample.y[rows], n_folds, sample.classes, seed)
            continue
        groups = sample.groups[rows]
        dealt = deal_folds(sample.y[rows], n_folds, sample.classes, seed, groups)
        if dealt.max() == 0:  # one group: it is held out while other domains' groups are not
            dealt += code % n_folds
        for group, fold in zip(groups.tolist(), dealt.tolist(), strict=True):
            fold_of_group.setdefault(group, fold)
        fold_of_row[rows] = [fold_of_group[group] for group in groups.tolist()]
    if fold_of_row.max() == fold_of_row.min():  # one group in all, of which nothing can be held out
        return deal_folds(sample.y, n_folds, sample.classes, seed)
    return fold_of_row


def _fit(
    estimator: Any,
    sample: TargetSample,
    domain: NDArray[np.intp],
    n_domains: int,
    X_test: Any,
    domain_of_test: NDArray[np.intp],
    family: Family,
    validation_fraction: float,
    seed: int,
) -> tuple[FittedModel, Array]:
    """The model for rows of the target, and its predictor for some rows of any domain."""
    if not is_told_domains(estimator):
        model = fit_alone(estimator, sample, validation_fraction, seed)
        return model, base_predictor(model, X_test, family.name, sample.classes)
    columns = DomainColumns("level", [], 1.0, _levels(sample, domain, n_domains))
    told = replace(sample, X=columns.append(sample.X, domain))
    model = fit_alone(estimator, told, validation_fraction, seed)
    predictor = base_predictor(
        model, columns.append(X_test, domain_of_test), family.name, sample.classes
    )
    of_target = Pipeline([("domain", columns), ("model", model.estimator)])
    return FittedModel(of_target, model.classes, model.encoded), predictor


def is_told_domains(estimator: Any) -> bool:
    """Whether the inner estimator gets the mean of y in each row's domain as one more column.

    Parameters
    ----------
    estimator : estimator
        The inner estimator, bare or a Pipeline.

    Returns
    -------
    told : bool
        Trees, forests and boosted trees, which split domains where it helps; not those with
        parameters that count the columns. Other estimators may have a fixed number of columns
        (nets) or use one column as they use all (neighbours, kernels).
    """
    step = final_step(estimator)
    if not (hasattr(step, "apply") or type(step).__name__.startswith("HistGradientBoosting")):
        return False
    params = step.get_params()
    if params.get("booster") == "gblinear":
        return False
    return all(params.get(name) in (None, "from_dtype") for name in _PER_COLUMN)


def _levels(sample: TargetSample, domain: NDArray[np.intp], n_domains: int) -> Array:
    """Mean of y, or share of every class but the first, in each domain."""
    if sample.classes is None:
        values = sample.y[:, np.newaxis].astype(np.float64)
    else:
        values = (sample.y[:, np.newaxis] == sample.classes[1:]).astype(np.float64)
    weight = np.ones(len(values)) if sample.sample_weight is None else sample.sample_weight
    total = np.bincount(domain, weight, n_domains)[:, np.newaxis]
    sums = np.column_stack([np.bincount(domain, weight * column, n_domains) for column in values.T])
    return (sums + _ROWS_OF_BELIEF * np.average(values, axis=0, weights=weight)) / (
        total + _ROWS_OF_BELIEF
    )
