# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The loop that the TrAdaBoost family shares: learner, error on the target, new row weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._math.boosting import (
    chance_error,
    correction_factor,
    first_vote,
    is_chance,
    source_decay,
    target_beta,
    target_error,
    update_weights,
    vote_weight,
)
from sklearn_transfer._progress import logger
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer.boosting._rows import WeightedRows

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Learner:
    """What one round proposes.

    Parameters
    ----------
    model : FittedModel
        The learner of the round.
    error : ndarray of shape (n_samples,)
        Its errors on all rows, in [0, 1].
    source : int or None, default=None
        Number of the one source that it was fitted with; None where it saw all.
    """

    model: FittedModel
    error: Array
    source: int | None = None


@dataclass
class Rounds:
    """What the rounds leave behind; lists have one item per round.

    Parameters
    ----------
    models : list of FittedModel
        The learners.
    votes : list of float
        Their votes, log(1 / beta_t); 0 for those that do not vote.
    errors : list of float
        Their weighted errors, as measured.
    weights : list of ndarray of shape (n_sources,)
        Relative weights of the sources in the fit of the learner.
    sources : list of int or None
        The source that the learner was fitted with.
    """

    models: list[FittedModel] = field(default_factory=list)
    votes: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    sources: list[int | None] = field(default_factory=list)

    def add(self, learner: Learner, vote: float, error: float, weights: Array) -> None:
        """Note one round."""
        if learner.source is not None:
            weights = np.where(np.arange(len(weights)) == learner.source, weights, 0.0)
        self.models.append(learner.model)
        self.votes.append(vote)
        self.errors.append(error)
        self.weights.append(weights)
        self.sources.append(learner.source)


def boost(
    rows: WeightedRows,
    propose: Callable[[Array], Learner],
    n_rounds: int,
    *,
    floor: float,
    n_classes: int = 2,
    dynamic: bool = False,
    stop_at_chance: bool = False,
    last_half_votes: bool = True,
) -> Rounds:
    """Run TrAdaBoost (Dai, Algorithm 1) with the learners that `propose` gives.

    Ends before `n_rounds` where no weight changes any more: at a learner that errs on no row.

    Parameters
    ----------
    rows : WeightedRows
        The problem.
    propose : callable
        Row weights -> `Learner`.
    n_rounds : int
        N.
    floor : float
        Smallest error that counts on the target.
    n_classes : int, default=2
        K; 2 for regression.
    dynamic : bool, default=False
        Whether source weights are corrected for the growth of the target's.
    stop_at_chance : bool, default=False
        Whether a learner no better than chance on the target ends boosting and does not count
        (Pardoe). Otherwise beta_t = 1: it has no vote and leaves the target's weights as they
        are, while the sources go on losing weight.
    last_half_votes : bool, default=True
        Whether the learners of the first half of the rounds done have no vote, unless no other
        learner has one.

    Returns
    -------
    rounds : Rounds
        At least one, and at least one vote.
    """
    done = Rounds()
    weight, is_target = rows.initial, rows.is_target
    decay = source_decay(rows.n_source, n_rounds)
    for number in range(1, n_rounds + 1):
        learner = propose(weight)
        eps = target_error(weight[is_target], learner.error[is_target])
        logger.info("round %d: error %.4g on the target", number, eps)
        at_chance = is_chance(eps, n_classes)
        if at_chance and stop_at_chance and number > 1:
            break
        beta = 1.0 if at_chance else target_beta(max(eps, floor), n_classes)
        done.add(learner, vote_weight(beta), eps, rows.relative_weights(weight))
        moving = weight * learner.error * ~(is_target & at_chance)
        if not moving.any() or (at_chance and stop_at_chance):
            break
        correction = correction_factor(eps, beta) if dynamic else 1.0
        weight = update_weights(weight, learner.error, is_target, decay, beta, correction)
    silent = first_vote(len(done.votes)) if last_half_votes else 0
    if any(done.votes[silent:]):
        done.votes[:silent] = [0.0] * silent
    if not any(done.votes):
        best = int(np.argmin(done.errors))
        done.votes[best] = 1.0
        _warn_about_chance(done.errors[best], chance_error(n_classes))
    return done


def _warn_about_chance(eps: float, chance: float) -> None:
    """Say that boosting did not get under way."""
    warn_transfer(
        "The sources outweigh and contradict the target: no learner is better than chance on it, "
        f"which has the weighted error {chance:.3g}. The one with the least, {eps:.3g}, is kept "
        "alone. Leave sources out, or give the target's rows a larger `sample_weight`.",
    )
