# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Rows of one patient or one day tell less than as many rows of others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._domains import Domains
from sklearn_transfer._math.design_effect import design_weights, intraclass_correlation
from sklearn_transfer._math.likelihood import penalised_mode
from sklearn_transfer.hierarchical._coordinates import Rows
from sklearn_transfer.hierarchical._sources import precision_of_modes

Array = NDArray[Any]


def weighed_by_groups(rows: Rows, domains: Domains, penalty: Array) -> tuple[Rows, float]:
    """Divide the weight of every row by its group's design effect.

    Parameters
    ----------
    rows : Rows
        Of all domains.
    domains : Domains
        Which row belongs where, and to which group.
    penalty : ndarray of shape (n_coefficients,)
        The user's, a precision of the mean.

    Returns
    -------
    rows : Rows
        The same with other weights; as they are where there are no groups.
    correlation : float
        Of two rows of a group, given the coefficients of their domain; NaN where it is not known.

    Notes
    -----
    The correlation is that of the sources' residuals, each around the mode of its own: they have
    most of the groups, and to the few rows of the target any coefficients fit. Where no group of
    a source has two rows, the target is asked, around the mode that all sources share.
    """
    if domains.groups is None:
        return rows, float("nan")
    start = np.zeros(len(penalty))
    precision = precision_of_modes(rows, penalty)
    domain = domains.per_row(0, np.arange(1, domains.n_sources + 1)).astype(np.intp)
    # A group of two domains is two: what differs between domains is in their coefficients.
    named = domain * (int(domains.groups.max()) + 1) + domains.groups
    cells = np.unique(named, return_inverse=True)[1]

    def correlation(own: list[NDArray[np.intp]], shared: Array | None) -> float:
        residuals = []
        for part in own:
            likelihood = rows.likelihood(part, 1.0)
            mode = penalised_mode(likelihood, start, precision)[0] if shared is None else shared
            found = likelihood.residuals(mode)
            residuals.append(found - np.average(found, axis=0, weights=likelihood.sample_weight))
        joined = np.concatenate(own)
        return intraclass_correlation(
            np.concatenate(residuals), cells[joined], rows.sample_weight[joined]
        )

    sources = [domains.source_rows(index) for index in range(domains.n_sources)]
    found = correlation(sources, None)
    if np.isnan(found):
        everything = rows.likelihood(np.concatenate(sources), 1.0)
        found = correlation([domains.target_rows], penalised_mode(everything, start, precision)[0])
    if np.isnan(found):
        return rows, found
    weight = design_weights(cells, rows.sample_weight, found)
    return replace(rows, sample_weight=rows.sample_weight * weight), found
