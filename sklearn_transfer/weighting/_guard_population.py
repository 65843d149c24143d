# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The population model beside the target alone and pooling, on rows of the target held out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from sklearn_transfer._domains import Domains
from sklearn_transfer._folds import can_hold_out, deal_folds
from sklearn_transfer._math.pseudo_bma import pseudo_bma_weights
from sklearn_transfer._weighted_fit import FittedModel, take_rows
from sklearn_transfer._weighted_refit import fit_alone
from sklearn_transfer.ensemble._mixture import MixtureClassifier, MixtureRegressor
from sklearn_transfer.hierarchical._held_out import Posteriors
from sklearn_transfer.hierarchical._population_fit import PopulationFit
from sklearn_transfer.weighting._guard import (
    N_FOLDS,
    frequency_losses,
    held_out_losses,
    with_unseen_classes,
)

Array = NDArray[np.float64]

NAMES = ["population", "target", "pooled"]
# The population has spoken by its evidence already: held-out rows must speak clearly to be heard,
# and count by half, being few and dependent. Chosen on the tuning tables of the board.
PRIOR = np.array([0.8, 0.1, 0.1])
RATE = 0.5


def guard_population(
    found: PopulationFit,
    domains: Domains,
    *,
    validation_fraction: float,
    n_jobs: int | None,
    seed: int,
) -> tuple[FittedModel, Array, Array]:
    """Average the population model, the target alone and pooling by what each predicts.

    Parameters
    ----------
    found : PopulationFit
        The population model.
    domains : Domains
        Which row belongs where.
    validation_fraction : float
        Share of rows held out where the inner estimator stops early.
    n_jobs : int or None
        Folds at once.
    seed : int
        Of the folds.

    Returns
    -------
    model : FittedModel
        What predicts.
    losses : ndarray of shape (3,)
        Log-loss, squared error or deviance on held-out rows; NaN where none could be held out.
    weights : ndarray of shape (3,)
        ``PRIOR * exp(-RATE * N_0 * log-loss)``, averaged over a bootstrap of the rows, or
        of the groups, whose rows count by their design effect.
    """
    parts = found.posteriors
    classes = parts.sample.classes
    rows = domains.target_rows
    y, groups = parts.sample.y[rows], domains.groups_of(rows)
    population = FittedModel(found.mixture.believed(), classes)
    if not can_hold_out(y, classes, groups):
        return population, np.full(3, np.nan), np.array([1.0, 0.0, 0.0])
    # The folds of the base model: its predictions for a fold have not seen that fold.
    fold_of_row = deal_folds(y, N_FOLDS, classes, seed, groups)
    folds = [rows[fold_of_row == fold] for fold in np.unique(fold_of_row)]
    per_fold = Parallel(n_jobs=n_jobs)(
        delayed(_losses_of_fold)(parts, domains, held_out, validation_fraction, seed)
        for held_out in folds
    )
    weight, by_row = (np.concatenate(found) for found in zip(*per_fold, strict=True))
    order = np.concatenate(folds)
    losses = np.average(by_row, axis=0, weights=weight)
    weights = pseudo_bma_weights(
        by_row,
        parts.rows.sample_weight[order],  # which knows of groups
        are_logarithmic=classes is not None,
        groups=domains.groups_of(order),
        rate=RATE,
        prior=PRIOR,
        random_state=seed,
    )
    if weights[0] > 1.0 - 1e-3:  # the others cost memory and time and change nothing
        return population, losses, np.array([1.0, 0.0, 0.0])
    members = [population, *_plain_models(parts, rows, validation_fraction, seed)]
    mixture: Any = MixtureRegressor(members, weights)
    if classes is not None:
        mixture = MixtureClassifier(members, weights, classes)
    return FittedModel(mixture, classes), losses, weights


def _losses_of_fold(
    parts: Posteriors,
    domains: Domains,
    held_out: NDArray[np.intp],
    validation_fraction: float,
    seed: int,
) -> tuple[Array, Array]:
    """Weights of the rows of a fold, and the losses of the three on each."""
    sample, family = parts.sample, parts.rows.family
    others = np.setdiff1d(domains.target_rows, held_out)
    X, y = take_rows(sample.X, held_out), sample.y[held_out]
    weight = np.ones(len(y)) if sample.sample_weight is None else sample.sample_weight[held_out]

    def loss(predicted: Array) -> Array:
        if sample.classes is not None and predicted.ndim == 1:
            predicted = np.column_stack([1.0 - predicted, predicted])
        return held_out_losses(predicted, y, sample.classes, family)

    def fitted(train: NDArray[np.intp]) -> Array:
        known = sample.take(train)
        model = fit_alone(parts.estimator, known, validation_fraction, seed)
        if sample.classes is not None:
            proba = model.predict_proba(X, sample.classes).astype(np.float64)
            return loss(with_unseen_classes(proba, known))
        return loss(np.asarray(model.predict(X), dtype=np.float64))

    alone = sample.take(others)
    losses = np.empty((len(y), 3))
    losses[:, 0] = loss(parts.predict_held_out(others, held_out))
    if sample.classes is not None and len(np.unique(alone.y)) < 2:
        losses[:, 1] = frequency_losses(alone, y)
    else:
        losses[:, 1] = fitted(others)
    if parts.mixture.base is not None:
        losses[:, 2] = loss(parts.predict_base(held_out))
    else:
        losses[:, 2] = fitted(domains.all_but(held_out))
    return weight, losses


def _plain_models(
    parts: Posteriors, rows: NDArray[np.intp], validation_fraction: float, seed: int
) -> list[FittedModel]:
    """The target alone, and all rows pooled; with the steps of a Pipeline in front again."""
    models = [fit_alone(parts.estimator, parts.sample.take(rows), validation_fraction, seed)]
    pooled = parts.mixture.base
    if pooled is None:
        pooled = fit_alone(parts.estimator, parts.sample, validation_fraction, seed)
    models.append(pooled)
    if parts.before is None:
        return models
    return [
        FittedModel(
            Pipeline([*parts.before.steps, ("model", model.estimator)]),
            model.classes,
            model.encoded,
        )
        for model in models
    ]
