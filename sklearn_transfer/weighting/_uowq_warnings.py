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
    if uowq.n_parameters_ <= 1.0 and uowq.n_features_in_ > 1:
        warn_transfer(
            f"The inner estimator hardly reacts to the {n_target:g} target rows (effective "
            "dimension 1): it may be too constrained for so few, as trees with large leaves are, "
            "and then every source looks far away. Loosen it (min_samples_leaf, "
            "min_child_weight) or take another inner estimator."
        )
    if uowq.transfer_quantity_ < 0.01 * n_target:
        warn_transfer(
            f"All source weights are close to zero (largest {uowq.source_weights_.max():.2g}): "
            f"the sources are worth {uowq.transfer_quantity_:.2g} target rows beside the "
            f"{n_target:g} there are, and the fit is practically target-only. See to_frame() for "
            "the discrepancy of each source."
        )


def _warn_of_phase_transition(uowq: Any, n_samples: Array, kept: NDArray[np.intp]) -> None:
    """Sources pooled by iteration although their first discrepancy was more than noise."""
    first = uowq.history_["ratio"][0, kept]
    n_target, d = uowq._n_target, uowq.n_parameters_
    expected = 1.0 + n_target / n_samples[kept]
    beyond_noise = first > expected + 2.0 * np.sqrt(2.0 / d)
    below = first < critical_ratio(n_samples[kept], n_target)
    pooled = uowq.source_weights_[kept] > 0.9
    caught = np.flatnonzero(beyond_noise & below & pooled)
    if len(caught):
        labels = uowq.source_domains_[kept].tolist()
        figures = ", ".join(
            f"{labels[i]!r} (c = {first[i]:.2f}, weight {uowq.source_weights_[kept][i]:.2f})"
            for i in caught
        )
        warn_transfer(
            "Dynamic updates pooled sources whose discrepancy exceeds noise: "
            f"{figures}, where c = N_0 M_ii / d at the first round. Below its critical value the "
            "iteration reinforces itself, whatever the truth; compare update='static'."
        )
