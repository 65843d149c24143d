# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Relative reduction of the error by transfer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = float | NDArray[np.float64]


class _Reductions(NamedTuple):
    target: Values
    source: Values
    average: Values


def relative_error_reduction(error_target_only: Any, error_transfer: Any) -> Values:
    r"""Share of the error that transfer removes.

    Parameters
    ----------
    error_target_only : float or array-like
        Errors of the model fitted on the domain's own rows; positive.
    error_transfer : float or array-like
        Errors of the model that also learnt from other domains, on the same test rows; not
        negative. The two broadcast against each other.

    Returns
    -------
    reduction : float or ndarray
        1 where no error is left, 0 where nothing changed, negative where transfer did harm.

    Raises
    ------
    ValueError
        If an error is negative, infinite or NaN, or an `error_target_only` is zero.

    See Also
    --------
    relative_error_reductions : With the roles of target and source exchanged as well.

    Notes
    -----
    .. math::

        \mathrm{RER} = \frac{e_{\text{target only}} - e_{\text{transfer}}}{e_{\text{target only}}}

    Over several repetitions the mean of the ratios is dominated by those with a small
    `error_target_only`: report the ratio of the mean errors beside it.

    References
    ----------
    .. [1] "Quantifying Dataset Similarity to Guide Transfer Learning", arXiv:2510.10866,
           section 5.

    Examples
    --------
    >>> from sklearn_transfer.metrics import relative_error_reduction
    >>> relative_error_reduction(0.20, 0.15)
    0.25
    >>> relative_error_reduction([0.20, 0.10], [0.15, 0.12])
    array([ 0.25, -0.2 ])
    """
    alone = _errors(error_target_only, "error_target_only")
    transfer = _errors(error_transfer, "error_transfer")
    if (alone == 0).any():
        raise ValueError(
            "`error_target_only` must be positive, because the reduction is relative to it. Got "
            "0 instead; nothing is left to reduce there: compare the errors themselves."
        )
    try:
        reduction = (alone - transfer) / alone
    except ValueError as error:
        raise ValueError(
            "`error_target_only` and `error_transfer` must have shapes that broadcast. Got "
            f"{alone.shape} and {transfer.shape} instead; give one pair of errors per test."
        ) from error
    return float(reduction) if reduction.ndim == 0 else reduction


def relative_error_reductions(
    error_target_only: Any,
    error_target_transfer: Any,
    error_source_only: Any,
    error_source_transfer: Any,
) -> _Reductions:
    """Error reductions of target and source, each learning from the other, and their mean.

    Parameters
    ----------
    error_target_only : float or array-like
        Errors on target rows of the model fitted on target rows; positive.
    error_target_transfer : float or array-like
        Errors on target rows after transfer from the source.
    error_source_only : float or array-like
        Errors on source rows of the model fitted on source rows; positive.
    error_source_transfer : float or array-like
        Errors on source rows after transfer from the target.

    Returns
    -------
    reductions : named tuple of `target`, `source` and `average`
        Floats or arrays, as the errors are.

    See Also
    --------
    relative_error_reduction : One direction of it, with the formula.

    Examples
    --------
    >>> from sklearn_transfer.metrics import relative_error_reductions
    >>> found = relative_error_reductions(0.20, 0.15, 0.10, 0.11)
    >>> found.target, found.source, found.average
    (0.25, -0.10, 0.075)
    """
    target = relative_error_reduction(error_target_only, error_target_transfer)
    source = relative_error_reduction(error_source_only, error_source_transfer)
    return _Reductions(target, source, (target + source) / 2.0)


def _errors(values: Any, name: str) -> NDArray[np.float64]:
    errors = np.asarray(values, dtype=float)
    bad = ~(np.isfinite(errors) & (errors >= 0))
    if bad.any():
        raise ValueError(
            f"`{name}` must hold finite errors, none below 0. Got "
            f"{errors[bad].flat[0]} instead; negate scores of which greater is better."
        )
    return errors
