# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Maximum mean discrepancy between domains."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy.sparse import issparse, vstack

from sklearn_transfer._math.kernel_discrepancy import (
    kernel_sum,
    linear_time_discrepancy,
    median_distance,
    own_kernel_sum,
    own_term,
)
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer.similarity._row_distance import (
    BaseRowDistance,
    Comparison,
    Sample,
    common_seed,
    compare_tables,
    drawn_rows,
)

_MEDIAN_ROWS = 1000


class _Common(NamedTuple):
    bandwidth: float
    seed: int


class MaximumMeanDiscrepancy(BaseRowDistance):
    """Squared maximum mean discrepancy between the rows of domains, with a Gaussian kernel.

    Looks at X alone. 0 for domains of the same distribution, at most 2.

    Parameters
    ----------
    method : {"unbiased", "biased", "linear"}, default="unbiased"
        "unbiased" leaves each row out of its own company, so that equal distributions score 0 on
        average, and a little below 0 half the time; "biased" keeps it in and is never below 0;
        "linear" is unbiased from disjoint pairs of rows in linear time, with more noise.
    bandwidth : "median" or float, default="median"
        Of the kernel ``exp(-|x - y|^2 / (2 bandwidth^2))``. "median" takes the median distance
        between rows of all domains (1000 of them drawn where there are more), one for all pairs:
        scores of different pairs are comparable.
    standardize : bool, default=True
        Whether columns are divided by their standard deviation over all domains together. Otherwise
        columns of large numbers decide.
    target_domain : hashable, default=None
        Label of the domain whose scores with every other are computed. None scores all pairs.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`.
    n_jobs : int, default=None
        Number of domains worked on at once. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    Attributes
    ----------
    domains_ : ndarray of shape (n_domains,)
        Labels of the domains.
    scores_ : ndarray of shape (n_domains, n_domains)
        Squared discrepancies, symmetric; 0 on the diagonal, NaN where not computed.
    bandwidth_ : float
        Of the kernel, in units of the standardised columns.
    target_domain_ : hashable
        The target. Only where one is named.
    source_domains_ : ndarray of shape (n_sources,)
        The other domains. Only where a target is named.
    source_scores_ : ndarray of shape (n_sources,)
        Score of each source with the target. Only where a target is named.
    n_features_in_ : int
        Number of columns seen in `fit`, without `domain_column`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where all are strings.

    See Also
    --------
    WassersteinDistance : In units of the columns.
    OTDatasetDistance : Looks at labels too.
    maximum_mean_discrepancy : The same between two tables.

    Notes
    -----
    With the kernel k, ``MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y)`` [1]_. Means within a domain
    are worked out once, not once a pair. Cost: ``n^2`` kernel values for n rows, in blocks of
    bounded memory; "linear" takes ``2 n``, and its rows in a random order. Weights count copies
    of rows; "linear" takes none.

    References
    ----------
    .. [1] A. Gretton, K. M. Borgwardt, M. J. Rasch, B. Schoelkopf, A. Smola, "A Kernel Two-Sample
           Test", Journal of Machine Learning Research 13 (2012), 723-773: Lemma 6 (unbiased),
           equation 5 (biased), Lemma 14 (linear).

    Examples
    --------
    >>> from sklearn_transfer.similarity import MaximumMeanDiscrepancy
    >>> X = [[0.0], [1.0], [2.0], [0.0], [1.0], [2.0], [5.0], [6.0], [7.0]]
    >>> ward = ["a", "a", "a", "b", "b", "b", "c", "c", "c"]
    >>> measure = MaximumMeanDiscrepancy(method="biased").fit(X, sample_domain=ward)
    >>> measure.scores_.round(3)
    array([[0.   , 0.   , 1.305],
           [0.   , 0.   , 1.305],
           [1.305, 1.305, 0.   ]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseRowDistance._parameter_constraints,
        "method": [StrOptions({"unbiased", "biased", "linear"})],
        "bandwidth": [StrOptions({"median"}), Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        method: str = "unbiased",
        bandwidth: str | float = "median",
        standardize: bool = True,
        target_domain: Any = None,
        domain_column: str | int | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.method = method
        self.bandwidth = bandwidth
        self.standardize = standardize
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _refuse_weights(self) -> str:
        if self.method != "linear":
            return ""
        return "the linear-time statistic is a mean over pairs of rows that count alike"

    def _lacking(self, sample: Sample) -> str:
        if self.method == "unbiased" and sample.weight.sum() <= 1:
            return "the unbiased statistic needs rows of a total weight above 1"
        if self.method == "linear" and sample.X.shape[0] < 2:
            return "the linear-time statistic needs at least 2 rows"
        return ""

    def _common(self, samples: list[Sample]) -> _Common:
        seed = common_seed(self.random_state)
        bandwidth = self.bandwidth
        if isinstance(bandwidth, str):
            bandwidth = _median_bandwidth(samples, seed)
        self.bandwidth_ = float(bandwidth)
        return _Common(self.bandwidth_, seed)

    def _own(self, sample: Sample, common: _Common) -> Any:
        if self.method == "linear":
            return None
        total = own_kernel_sum(sample.X, common.bandwidth, sample.weight)
        return own_term(total, sample.weight, unbiased=self.method == "unbiased")

    def _compare(
        self, first: Sample, second: Sample, own: tuple[Any, Any], common: _Common
    ) -> Comparison:
        if self.method == "linear":
            x, y = (_in_random_order(sample.X, common.seed) for sample in (first, second))
            return Comparison(linear_time_discrepancy(x, y, common.bandwidth))
        total = kernel_sum(first.X, second.X, common.bandwidth, first.weight, second.weight)
        between = total / (first.weight.sum() * second.weight.sum())
        return Comparison(float(own[0] + own[1] - 2.0 * between))


def maximum_mean_discrepancy(
    X_target: Any,
    X_source: Any,
    *,
    method: str = "unbiased",
    bandwidth: str | float = "median",
    standardize: bool = True,
    random_state: Any = None,
) -> float:
    """Squared maximum mean discrepancy between two tables, with a Gaussian kernel.

    Parameters
    ----------
    X_target : {array-like, sparse matrix, dataframe} of shape (n_target, n_features)
        Rows of one domain.
    X_source : {array-like, sparse matrix, dataframe} of shape (n_source, n_features)
        Rows of the other.
    method : {"unbiased", "biased", "linear"}, default="unbiased"
        As in `MaximumMeanDiscrepancy`.
    bandwidth : "median" or float, default="median"
        Of the kernel; "median" takes the median distance between rows of both tables.
    standardize : bool, default=True
        Whether columns are divided by their standard deviation over both tables together.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    Returns
    -------
    squared : float
        0 for equal distributions, a little below where the unbiased estimate falls short.

    See Also
    --------
    MaximumMeanDiscrepancy : For more than two domains, and weighted rows.

    References
    ----------
    .. [1] A. Gretton, K. M. Borgwardt, M. J. Rasch, B. Schoelkopf, A. Smola, "A Kernel Two-Sample
           Test", Journal of Machine Learning Research 13 (2012), 723-773.

    Examples
    --------
    >>> from sklearn_transfer.similarity import maximum_mean_discrepancy
    >>> maximum_mean_discrepancy([[0.0], [1.0], [2.0]], [[5.0], [6.0], [7.0]], method="biased")
    0.98555
    """
    measure = MaximumMeanDiscrepancy(
        method=method, bandwidth=bandwidth, standardize=standardize, random_state=random_state
    )
    return compare_tables(measure, X_target, X_source)


def _in_random_order(X: Any, seed: int) -> Any:
    return X[np.random.RandomState(seed).permutation(X.shape[0])]


def _median_bandwidth(samples: list[Sample], seed: int) -> float:
    """Median distance between rows of all domains, of some of them where there are many."""
    sizes = [sample.X.shape[0] for sample in samples]
    ends = np.cumsum(sizes)
    drawn = drawn_rows(int(ends[-1]), _MEDIAN_ROWS, seed)
    parts, weights = [], []
    for sample, start, stop in zip(samples, ends - sizes, ends, strict=True):
        rows = drawn[(drawn >= start) & (drawn < stop)] - start
        parts.append(sample.X[rows])
        weights.append(sample.weight[rows])
    X = vstack(parts, format="csr") if issparse(parts[0]) else np.concatenate(parts)
    return median_distance(X, np.concatenate(weights))
