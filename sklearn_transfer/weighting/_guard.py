# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""How far to walk: the rounds of UOWQ compared on rows of the target that were held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint
from sklearn.utils.parallel import Parallel, delayed

from sklearn_transfer._families import Family, TargetSample
from sklearn_transfer._folds import can_hold_out, deal_folds
from sklearn_transfer._math.aggregation import (
    exponential_weights,
    log_losses,
    unit_deviance,
)
from sklearn_transfer._math.pseudo_bma import likelihood_losses
from sklearn_transfer._progress import counted
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel, take_rows
from sklearn_transfer._weighted_refit import WeightedRefit
from sklearn_transfer.weighting._walk import Rounds, Walk

Array = NDArray[np.float64]

# Five folds of three rounds and the pooled fit, beside the walk on all rows: 24 fits of all rows.
N_FOLDS = 5
MOST_ROUNDS = 3


@dataclass(frozen=True)
class Choice:
    """Candidates and how far each is believed.

    Parameters
    ----------
    names : list of str
        "target", "round 1", ..., "pooled".
    source_weights : ndarray of shape (n_candidates, n_kept)
        Of each candidate.
    losses : ndarray of shape (n_candidates,)
        Log-loss, squared error or deviance on held-out rows of the target; NaN where no row could
        be held out.
    shares : ndarray of shape (n_candidates,)
        Weights of the candidates, which sum to 1.
    """

    names: list[str]
    source_weights: Array
    losses: Array
    shares: Array


def candidates(
    rounds: list[Array], constraints: list[LinearConstraint] | None
) -> tuple[list[str], Array]:
    """Name the stations of the walk: from the target alone over its rounds to pooling.

    Parameters
    ----------
    rounds : list of ndarray of shape (n_kept,)
        Weights of each round.
    constraints : list of LinearConstraint or None
        On these weights; an end of the walk that does not meet them is no candidate.

    Returns
    -------
    names : list of str
        Of the candidates.
    source_weights : ndarray of shape (n_candidates, n_kept)
        Their weights.
    """
    n_kept = len(rounds[0])
    stations = [("target", np.zeros(n_kept))]
    stations += [(f"round {number + 1}", weights) for number, weights in enumerate(rounds)]
    stations += [("pooled", np.ones(n_kept))]
    kept = [
        (name, weights)
        for name, weights in stations
        if name.startswith("round") or _allowed(weights, constraints)
    ]
    return [name for name, _ in kept], np.array([weights for _, weights in kept])


def _allowed(weights: Array, constraints: list[LinearConstraint] | None) -> bool:
    for constraint in constraints or []:
        below, above = constraint.residual(weights)
        if min(below.min(), above.min()) < -1e-9:
            return False
    return True


def choose(
    refit: WeightedRefit,
    names: list[str],
    source_weights: Array,
    sources: list[FittedModel],
    walk: Walk,
    settings: Rounds,
    family: Family,
    *,
    n_jobs: int | None,
    seed: int,
) -> Choice:
    """Believe each candidate by what it says of held-out rows of the target.

    Parameters
    ----------
    refit : WeightedRefit
        All rows.
    names : list of str
        Of the candidates.
    source_weights : ndarray of shape (n_candidates, n_kept)
        Found on all rows of the target.
    sources : list of FittedModel
        One per source that takes part.
    walk : Walk
        On all rows; it is walked again without each fold of the target.
    settings : Rounds
        Of that walk.
    family : Family
        Of the inner estimator.
    n_jobs : int or None
        Folds at once.
    seed : int
        Of the folds.

    Returns
    -------
    choice : Choice
        With weights ``exp(-N_0 x log-loss)``; for values ``loss ** (-N_0 / 2)``, which is the same
        for a normal likelihood whose variance is the loss.
    """
    rows = refit.domains.target_rows
    y, groups = refit.y[rows], refit.domains.groups_of(rows)
    if not can_hold_out(y, refit.classes, groups):
        warn_transfer(
            f"The {len(y)} rows of the target cannot tell how far to trust the sources: there must "
            "be two at least, of two groups where there are groups, and of two classes. The guard "
            "steps aside, and the weights are those of the last round.",
        )
        last = max(index for index, name in enumerate(names) if name.startswith("round"))
        return Choice(names, source_weights, np.full(len(names), np.nan), np.eye(len(names))[last])
    fold_of_row = deal_folds(y, min(N_FOLDS, len(y)), refit.classes, seed, groups)
    folds = np.unique(fold_of_row)
    found = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_losses_of_fold)(
            refit, rows[fold_of_row == fold], names, sources, walk, settings, family, seed
        )
        for fold in folds
    )
    per_fold = list(counted(found, len(folds), "folds"))
    weight, losses = (np.concatenate(parts) for parts in zip(*per_fold, strict=True))
    means = np.average(losses, axis=0, weights=weight)
    # No bootstrap here: what it leaves to a bad candidate would be a share of all rows of a source.
    evidence = likelihood_losses(means, float(weight.sum()), refit.classes is not None)
    return Choice(names, source_weights, means, exponential_weights(evidence))


def _losses_of_fold(
    refit: WeightedRefit,
    held_out: NDArray[np.intp],
    names: list[str],
    sources: list[FittedModel],
    walk: Walk,
    settings: Rounds,
    family: Family,
    seed: int,
) -> tuple[Array, Array]:
    """Weights of the rows held out, and the loss of every candidate on each of them."""
    part = refit.restricted_to(refit.domains.all_but(held_out))
    n_kept = len(walk.kept)
    again = Walk(walk.parametric, part, walk.kept, sources, walk.n_samples, seed, warn=False)
    rounds = [found.weights for found in again.rounds(settings, again.n_target)]
    weights = {"target": np.zeros(n_kept), "pooled": np.ones(n_kept)}
    weights |= {f"round {number + 1}": found for number, found in enumerate(rounds)}
    X, y = take_rows(refit.X, held_out), refit.y[held_out]
    row_weight = np.ones(len(y)) if refit.sample_weight is None else refit.sample_weight[held_out]
    alone = part.target()
    losses = np.empty((len(y), len(names)))
    for number, name in enumerate(names):
        if name == "target" and refit.classes is not None and len(np.unique(alone.y)) < 2:
            losses[:, number] = frequency_losses(alone, y)
            continue
        model = again.fit(weights[name])
        if refit.classes is not None:
            predicted = model.predict_proba(X, refit.classes).astype(np.float64)
            if name == "target":
                predicted = with_unseen_classes(predicted, alone)
        else:
            predicted = np.asarray(model.predict(X), dtype=np.float64)
        losses[:, number] = held_out_losses(predicted, y, refit.classes, family)
    return row_weight, losses


def held_out_losses(
    predicted: Array, y: NDArray[Any], classes: NDArray[Any] | None, family: Family
) -> Array:
    """Log-losses of probabilities, squared errors or deviances of values.

    Parameters
    ----------
    predicted : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Values, or probabilities in the order of `classes`.
    y : ndarray of shape (n_samples,)
        What happened.
    classes : ndarray of shape (n_classes,) or None
        None for values.
    family : Family
        Of the inner estimator.

    Returns
    -------
    losses : ndarray of shape (n_samples,)
        Of each row.
    """
    if classes is not None:
        return log_losses(predicted[np.arange(len(y)), np.searchsorted(classes, y)])
    if family.logarithmic:
        power = {"poisson": 1.0, "gamma": 2.0}.get(family.name, family.power)
        positive = np.maximum(predicted, np.finfo(float).tiny)
        return unit_deviance(y, positive, power)
    return (y - predicted) ** 2


def with_unseen_classes(predicted: Array, alone: TargetSample) -> Array:
    """Probabilities of a target-only model that leave room for classes it has not seen.

    Parameters
    ----------
    predicted : ndarray of shape (n_samples, n_classes)
        Probabilities of all classes; 0 for those that the target's rows lack.
    alone : TargetSample
        These rows.

    Returns
    -------
    predicted : ndarray of shape (n_samples, n_classes)
        A class without a row is as frequent as one row more of each leaves it. Otherwise the target
        alone would be refused for what a fold took from it.
    """
    assert alone.classes is not None
    unseen = ~np.isin(alone.classes, alone.y)
    if not unseen.any():
        return predicted
    share = 1.0 / (alone.size + len(alone.classes))
    predicted = predicted * (1.0 - unseen.sum() * share)
    predicted[:, unseen] = share
    return predicted


def frequency_losses(alone: TargetSample, y: NDArray[Any]) -> Array:
    """Log-losses of a target of one class, for which no model can be fitted.

    Parameters
    ----------
    alone : TargetSample
        Rows of one class; it is as frequent as one row more of each class leaves it.
    y : ndarray of shape (n_samples,)
        Labels held out.

    Returns
    -------
    losses : ndarray of shape (n_samples,)
        Of each row.
    """
    assert alone.classes is not None
    true = np.where(y == alone.y[0], 1.0 + alone.size, 1.0) / (alone.size + len(alone.classes))
    return log_losses(true)
