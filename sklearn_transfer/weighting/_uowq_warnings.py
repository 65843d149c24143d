# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What a user should hear about fitted weights, with figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._math.kl_risk import critical_ratio
from sklearn_transfer._warnings import warn_transfer

Array = NDArray[np.float64]

_LARGEST_CONDITION = 1e12
_LARGEST_UNDERSTATEMENT = 3.0


def warn_about_weights(uowq: Any, n_samples: Array, kept: NDArray[np.intp]) -> None:
    """Warn of weights that collapsed, a singular geometry or a run past its phase transition.

    Parameters
    ----------
    uowq : BaseUOWQ
        With its fitted attributes.
    n_samples : ndarray of shape (n_sources,)
        Rows of each source.
    kept : ndarray
        Numbers of the sources that took part.
    """
    _warn_of_singular_geometry(uowq, n_samples, kept)
    _warn_of_collapse(uowq)
    if uowq.update == "dynamic":
        _warn_of_phase_transition(uowq, n_samples, kept)


def warn_about_expansion(
    uowq: Any, matrix: Array, divergence: Array, kept: NDArray[np.intp]
) -> None:
    """Warn of sources that look near only because the target's model is certain.

    Parameters
    ----------
    uowq : BaseUOWQ
        With its fitted attributes.
    matrix : ndarray of shape (n_kept, n_kept)
        M of the first round, as seen from the target alone.
    divergence : ndarray of shape (n_kept,)
        Twice the Kullback-Leibler divergence, which the diagonal of M approximates.
    kept : ndarray
        Numbers of the sources that took part.
    """
    second_order = np.diag(matrix)
    weight = uowq.source_weights_[kept]
    beyond_noise = uowq._n_target * divergence / uowq.n_parameters_ > 4.0
    understated = divergence > _LARGEST_UNDERSTATEMENT * second_order
    counts = weight * uowq._n_samples[kept] > 0.1 * uowq._n_target
    caught = np.flatnonzero(beyond_noise & understated & counts)
    if len(caught):
        labels = uowq.source_domains_[kept].tolist()
        figures = ", ".join(
            f"{labels[i]!r} (discrepancy {second_order[i]:.2g}, divergence {divergence[i]:.2g}, "
            f"weight {weight[i]:.2f})"
            for i in caught
        )
        warn_transfer(
            "The target's model is so certain that the second-order discrepancy understates how "
            f"far sources are: {figures}. Their weights are too large; use "
            "discrepancy='functional', which is bounded, or regularise the inner estimator more."
        )


def _warn_of_singular_geometry(uowq: Any, n_samples: Array, kept: NDArray[np.intp]) -> None:
    matrix = uowq.discrepancy_[np.ix_(kept, kept)]
    condition = np.linalg.cond(np.diag(uowq.n_parameters_ / n_samples[kept]) + matrix)
    if condition > _LARGEST_CONDITION:
        warn_transfer(
            "The geometry of the sources is nearly singular: the condition number of "
            f"diag(d/N_i) + M is {condition:.1e}. Standardise the features or regularise the "
            "inner estimator more, so that no coefficient runs away."
        )


def _warn_of_collapse(uowq: Any) -> None:
    n_target = uowq._n_target
    if uowq.transfer_quantity_ < 0.01 * n_target:
        warn_transfer(
            f"All source weights are close to zero (largest {uowq.source_weights_.max():.2g}): "
            f"the sources are worth {uowq.transfer_quantity_:.2g} target rows beside the "
            f"{n_target:g} there are, and the fit is practically target-only. See to_frame() for "
            "the discrepancy of each source."
        )


def _warn_of_phase_transition(uowq: Any, n_samples: Array, kept: NDArray[np.intp]) -> None:
    """Sources that iteration pooled, or came to trust, although the target's rows spoke against."""
    first = uowq.history_["ratio"][0, kept]
    weight = uowq.source_weights_[kept]
    n_target, d = uowq._n_target, uowq.n_parameters_
    expected = 1.0 + n_target / n_samples[kept]
    beyond_noise = first > expected + 2.0 * np.sqrt(2.0 / d)
    pooled = (weight > 0.9) & (first < critical_ratio(n_samples[kept], n_target))
    far = first > 4.0 * np.maximum(expected, 1.0)
    drifted = far & (weight > 0.25) & (weight > 4.0 * uowq.history_["weights"][0, kept])
    caught = np.flatnonzero(beyond_noise & (pooled | drifted))
    if len(caught):
        labels = uowq.source_domains_[kept].tolist()
        figures = ", ".join(
            f"{labels[i]!r} (c = {first[i]:.2f}, weight {weight[i]:.2f})" for i in caught
        )
        warn_transfer(
            "Dynamic updates came to trust sources whose discrepancy exceeds noise: "
            f"{figures}, where c = N_0 M_ii / d at the first round. The iteration reinforces "
            "itself, whatever the truth; compare update='static'."
        )
