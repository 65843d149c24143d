# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Agreement of two rankings of sources."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import ndcg_score

from sklearn_transfer._sklearn import Interval, validate_params

Array = NDArray[np.float64]


def spearman_agreement(reference: Any, scores: Any) -> Any:
    r"""Spearman correlation of two scorings of the same sources.

    Parameters
    ----------
    reference : array-like of shape (n_sources,) or (n_targets, n_sources)
        What the sources turned out to be worth, greater is better: accuracies, or negative
        errors, after transfer.
    scores : array-like of the same shape
        What was known before: H-scores, for example.

    Returns
    -------
    agreement : float or ndarray of shape (n_targets,)
        Between -1 and 1, one for each row; NaN where all sources of a row tie.

    See Also
    --------
    discounted_cumulative_gain_agreement : Counts the best sources most.
    scipy.stats.spearmanr : With a p-value.

    Notes
    -----
    Pearson's correlation of the ranks, ties at their mean rank.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Metric of Transferability for Task Transfer
           Learning", 2019, section 5.2 and Figure 7.

    Examples
    --------
    >>> from sklearn_transfer.metrics import spearman_agreement
    >>> spearman_agreement([0.9, 0.7, 0.8, 0.5], [1.5, 1.4, 1.1, 0.2])
    0.8
    """
    truth, guess, single = _rows(reference, scores)
    a, b = (rankdata(rows, axis=1) - (rows.shape[1] + 1) / 2 for rows in (truth, guess))
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    agreement = np.full(len(a), np.nan)
    np.divide((a * b).sum(axis=1), size, out=agreement, where=size > 0)
    return float(agreement[0]) if single else agreement


@validate_params(
    {"k": [Interval(Integral, 1, None, closed="left"), None], "adjusted": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def discounted_cumulative_gain_agreement(
    reference: Any, scores: Any, *, k: int | None = None, adjusted: bool = False
) -> Any:
    r"""Normalised discounted cumulative gain of a ranking of sources.

    Parameters
    ----------
    reference : array-like of shape (n_sources,) or (n_targets, n_sources)
        What the sources turned out to be worth, greater is better: accuracies, or negative
        errors, after transfer. Only their order counts.
    scores : array-like of the same shape
        What was known before: H-scores, for example.
    k : int, default=None
        Number of sources from the top that count. None is all.
    adjusted : bool, default=False
        Whether to put the mean over all orders of the sources at 0, and the best order at 1.

    Returns
    -------
    agreement : float or ndarray of shape (n_targets,)
        One for each row; at most 1, and positive unless adjusted. NaN where all sources of a
        `reference` row tie.

    See Also
    --------
    spearman_agreement : Counts all sources alike.
    sklearn.metrics.ndcg_score : For gains of one's own.

    Notes
    -----
    .. math:: \mathrm{DCG} = \sum_{r=1}^{k} \frac{g_{(r)}}{\log_2(1 + r)}

    over the sources in falling order of `scores`, divided by the same for the order of
    `reference`. The gain g of a source is the number of sources that it beats in `reference`, a tie
    counting half. Sources that tie in `scores` share their gains. Chance does not score 0: with
    eight sources it is at .80 on average, hence `adjusted`.

    References
    ----------
    .. [1] K. Jarvelin, J. Kekalainen, "Cumulated gain-based evaluation of IR techniques", ACM
           Transactions on Information Systems 20, 2002.
    .. [2] Y. Bao et al., "An Information-Theoretic Metric of Transferability for Task Transfer
           Learning", 2019, section 5.2 and Figure 7.

    Examples
    --------
    >>> from sklearn_transfer.metrics import discounted_cumulative_gain_agreement
    >>> discounted_cumulative_gain_agreement([0.9, 0.7, 0.8, 0.5], [1.5, 1.4, 1.1, 0.2])
    0.9725
    """
    truth, guess, single = _rows(reference, scores)
    gains = rankdata(truth, axis=1) - 1.0
    n_sources = gains.shape[1]
    tied = np.ptp(gains, axis=1) == 0
    agreement = np.full(len(gains), np.nan)
    for row in np.flatnonzero(~tied):
        found = ndcg_score(gains[[row]], guess[[row]], k=k)
        if adjusted:
            chance = ndcg_score(gains[[row]], np.zeros((1, n_sources)), k=k)
            found = (found - chance) / (1.0 - chance)
        agreement[row] = found
    return float(agreement[0]) if single else agreement


def _rows(reference: Any, scores: Any) -> tuple[Array, Array, bool]:
    truth = np.asarray(reference, dtype=float)
    guess = np.asarray(scores, dtype=float)
    if truth.shape != guess.shape or truth.ndim not in {1, 2} or truth.shape[-1] < 2:
        raise ValueError(
            "`reference` and `scores` must have one shape, (n_sources,) or (n_targets, n_sources), "
            f"with at least two sources. Got {truth.shape} and {guess.shape} instead; give both "
            "for the same sources in the same order."
        )
    for name, values in (("reference", truth), ("scores", guess)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"`{name}` must be finite. Got {values[~np.isfinite(values)][0]} instead; leave "
                "out sources that were not scored."
            )
    return np.atleast_2d(truth), np.atleast_2d(guess), truth.ndim == 1
