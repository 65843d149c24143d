# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The target's posterior, found again without rows that are held out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from sklearn_transfer._families import TargetSample
from sklearn_transfer._math.random_coefficients import Population
from sklearn_transfer.hierarchical._coordinates import Rows, which_are_levels
from sklearn_transfer.hierarchical._mixture import PosteriorMixture
from sklearn_transfer.hierarchical._posterior import (
    Candidate,
    posterior,
    posteriors_over_noise,
    predictive_mean,
)

Array = NDArray[Any]

# Less believed candidates are not looked at again when rows are held out.
_LEAST_BELIEF = 1e-3


@dataclass(frozen=True)
class Posteriors:
    """What the target's posterior is made of, to be found again from fewer of its rows.

    Parameters
    ----------
    estimator : estimator
        The inner estimator, behind the steps of a Pipeline.
    before : transformer or None
        These steps, fitted.
    sample : TargetSample
        All rows behind the steps.
    rows : Rows
        The same in the coordinates of the coefficients.
    populations : list of Population
        Of each candidate.
    log_weights : ndarray of shape (n_candidates,)
        Unscaled.
    mixture : PosteriorMixture
        What predicts.
    """

    estimator: Any
    before: Any
    sample: TargetSample
    rows: Rows
    populations: list[Population]
    log_weights: Array
    mixture: PosteriorMixture

    def predict_held_out(self, train: NDArray[np.intp], test: NDArray[np.intp]) -> Array:
        """Predict some rows of the target from others; sources and spread stay as they are.

        Parameters
        ----------
        train, test : ndarray of int
            Row numbers.

        Returns
        -------
        mean : ndarray of shape (n_test,) or (n_test, n_classes)
            Probability of class 1, of every class, or the mean value.
        """
        believed = np.flatnonzero(self.mixture.weights > _LEAST_BELIEF)
        again = self._posteriors_again(train, believed)
        gained = [
            new.log_evidence - self.mixture.candidates[index].log_evidence
            for new, index in zip(again, believed.tolist(), strict=True)
        ]
        log_weights = self.log_weights[believed] + np.array(gained)
        mean = predictive_mean(
            again,
            softmax(log_weights),
            self.rows.design[test],
            self.rows.offset[test],
            self.rows.family.name,
            self.rows.n_outputs,
        )
        return self._in_units_of_y(mean)

    def _posteriors_again(
        self, train: NDArray[np.intp], believed: NDArray[np.intp]
    ) -> list[Candidate]:
        """The same candidates, given some rows of the target."""
        levels = which_are_levels(self.rows)
        old = [self.mixture.candidates[index] for index in believed.tolist()]
        again: list[Candidate] = []
        for (spread_factor, level_factor, _), group in groupby(
            zip(old, believed.tolist(), strict=True),
            key=lambda pair: (pair[0].spread_factor, pair[0].level_factor, pair[0].own_units),
        ):
            members = list(group)
            population = self.populations[members[0][1]]
            factors = {"spread_factor": spread_factor, "level_factor": level_factor}
            if self.rows.family.name == "gaussian":
                again += posteriors_over_noise(
                    self.rows.likelihood(train, 1.0),
                    population,
                    levels,
                    factors=[candidate.dispersion for candidate, _ in members],
                    **factors,
                )
                continue
            again += [
                posterior(
                    self.rows.likelihood(train, candidate.dispersion),
                    population,
                    levels,
                    **factors,
                )
                for candidate, _ in members
            ]
        return again

    def predict_base(self, test: NDArray[np.intp]) -> Array:
        """Predict rows by the base model that did not see them, as in `predict_held_out`."""
        eta, name = self.rows.offset[test], self.rows.family.name
        if name == "bernoulli":
            return expit(eta)
        if name == "multinomial":
            return softmax(eta, axis=1)
        return self._in_units_of_y(eta if name == "gaussian" else np.exp(eta))

    def _in_units_of_y(self, mean: Array) -> Array:
        gaussian = self.rows.family.name == "gaussian" and self.sample.classes is None
        return mean * self.mixture.scale + self.mixture.location if gaussian else mean
