# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Wasserstein distance between domains."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sklearn_transfer._math.kernel_discrepancy import squared_distances
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer.similarity._row_distance import (
    BaseRowDistance,
    Comparison,
    Sample,
    common_seed,
    compare_tables,
    drawn_rows,
)
from sklearn_transfer.similarity._transport import (
    Root,
    entropic_cost,
    exact_cost,
    gaussian_root,
    mean_squared_distance,
    one_column_cost,
    squared_gaussian_distance,
)

Array = NDArray[np.float64]


class Transport(NamedTuple):
    """What all pairs share: the seed of the draw, and the weight of the entropic term."""

    seed: int
    epsilon: float


class Own(NamedTuple):
    """What one domain brings: its Gaussian, or those of its classes; its entropic cost."""

    roots: list[Root]
    self_cost: float = 0.0
    settled: bool = True


class BaseTransportDistance(BaseRowDistance):
    """Template of a distance by optimal transport of rows that are drawn once per domain."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseRowDistance._parameter_constraints,
        "regularization": [Interval(Real, 0, None, closed="neither")],
        "max_samples": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    # Set by every subclass's __init__.
    method: str
    regularization: float
    max_samples: int | None
    random_state: Any

    @abstractmethod
    def _cost(self, first: Sample, second: Sample, roots: tuple[Any, Any]) -> Array:
        """Cost of a unit of mass from each row of the first to each row of the second."""

    @abstractmethod
    def _roots(self, sample: Sample) -> list[Root]:
        """Gaussians of a domain, from all its rows."""

    @abstractmethod
    def _distance(self, cost: float) -> float:
        """Distance that stands for a cost."""

    def _scale(self, samples: list[Sample]) -> float:
        """Cost between two rows of all domains on average, or so."""
        return mean_squared_distance([(sample.X, sample.weight) for sample in samples])

    def _common(self, samples: list[Sample]) -> Transport:
        seed = common_seed(self.random_state)
        if self.method != "sinkhorn":
            return Transport(seed, 0.0)
        return Transport(seed, self.regularization * self._scale(samples))

    def _own(self, sample: Sample, common: Transport) -> Own:
        roots = self._roots(sample)
        if self.method != "sinkhorn":
            return Own(roots)
        drawn = self._drawn(sample, common)
        a = drawn.weight / drawn.weight.sum()
        cost = self._cost(drawn, drawn, (roots, roots))
        return Own(roots, *entropic_cost(cost, a, a, common.epsilon))

    def _compare(
        self, first: Sample, second: Sample, own: tuple[Own, Own], common: Transport
    ) -> Comparison:
        first, second = self._drawn(first, common), self._drawn(second, common)
        a, b = first.weight / first.weight.sum(), second.weight / second.weight.sum()
        cost = self._cost(first, second, (own[0].roots, own[1].roots))
        if self.method == "exact":
            return Comparison(self._distance(exact_cost(cost, a, b)))
        least, settled = entropic_cost(cost, a, b, common.epsilon)
        # not below zero but for rounding and iterations that were cut short
        debiased = max(least - (own[0].self_cost + own[1].self_cost) / 2.0, 0.0)
        return Comparison(self._distance(debiased), settled and own[0].settled and own[1].settled)

    def _drawn(self, sample: Sample, common: Transport) -> Sample:
        n_samples = sample.X.shape[0]
        if self.max_samples is None or n_samples <= self.max_samples:
            return sample
        return sample.take(drawn_rows(n_samples, self.max_samples, common.seed))


class WassersteinDistance(BaseTransportDistance):
    """Wasserstein distance between the rows of domains.

    Looks at X alone: how far rows must be carried, on average, to make one domain into the other.
    In units of the standardised columns, without a bound.

    Parameters
    ----------
    method : {"exact", "sinkhorn", "gaussian"}, default="exact"
        "exact" solves the transport of rows; "sinkhorn" smooths it by an entropic term and takes
        off what that adds; "gaussian" takes each domain as a Gaussian.
    order : float, default=2
        Distances are carried to this power, at least 1; "gaussian" needs 2.
    regularization : float, default=0.05
        Weight of the entropic term of "sinkhorn", relative to the mean distance (to the power of
        `order`) between two rows of all domains.
    max_samples : int, default=2000
        Rows drawn from a domain that has more, the same for all its pairs. None takes all: a pair
        holds ``n_i * n_j`` distances. "gaussian", and "exact" on a single column, read all rows.
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
        Distances, symmetric; 0 on the diagonal, NaN where not computed.
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
    OTDatasetDistance : Looks at labels too.
    MaximumMeanDiscrepancy : Close to 0 for equal distributions, whatever the number of columns.
    wasserstein_distance : The same between two tables.

    Notes
    -----
    ``W_p = (min_pi <pi, |x - y|^p>)^(1/p)`` over the plans pi between the rows. Two samples of the
    same distribution are not at distance 0: with n rows and d columns about ``n^(-1/d)`` remains.
    To see how much, give two halves of one domain different labels. "sinkhorn" gives the divergence
    ``S = W(a, b) - W(a, a) / 2 - W(b, b) / 2`` of entropic costs [1]_, to the power of ``1/p``.
    "gaussian": ``|m - m'|^2 + tr(C + C' - 2 (C^1/2 C' C^1/2)^1/2)`` [2]_, which is at most the
    square of the exact distance.

    References
    ----------
    .. [1] J. Feydy et al., "Interpolating between Optimal Transport and MMD using Sinkhorn
           Divergences", AISTATS 2019, arXiv:1810.08278, equation 3.
    .. [2] M. Gelbrich, "On a Formula for the L2 Wasserstein Metric between Measures on Euclidean
           and Hilbert Spaces", Mathematische Nachrichten 147 (1990), 185-203.

    Examples
    --------
    >>> from sklearn_transfer.similarity import WassersteinDistance
    >>> X = [[0.0], [1.0], [2.0], [0.0], [1.0], [2.0], [5.0], [6.0], [7.0]]
    >>> ward = ["a", "a", "a", "b", "b", "b", "c", "c", "c"]
    >>> WassersteinDistance(standardize=False).fit(X, sample_domain=ward).scores_
    array([[0., 0., 5.],
           [0., 0., 5.],
           [5., 5., 0.]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransportDistance._parameter_constraints,
        "method": [StrOptions({"exact", "sinkhorn", "gaussian"})],
        "order": [Interval(Real, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        method: str = "exact",
        order: float = 2,
        regularization: float = 0.05,
        max_samples: int | None = 2000,
        standardize: bool = True,
        target_domain: Any = None,
        domain_column: str | int | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.method = method
        self.order = order
        self.regularization = regularization
        self.max_samples = max_samples
        self.standardize = standardize
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _common(self, samples: list[Sample]) -> Transport:
        if self.method == "gaussian" and self.order != 2:
            raise ValueError(
                "`order` must be 2 for `method='gaussian'`, which has a closed form for no other. "
                f"Got {self.order!r} instead; choose `method='exact'`."
            )
        return super()._common(samples)

    def _scale(self, samples: list[Sample]) -> float:
        return float(super()._scale(samples) ** (self.order / 2.0))

    def _roots(self, sample: Sample) -> list[Root]:
        return [gaussian_root(sample.X, sample.weight)] if self.method == "gaussian" else []

    def _cost(self, first: Sample, second: Sample, roots: tuple[Any, Any]) -> Array:
        squared = squared_distances(first.X, second.X)
        return squared if self.order == 2 else squared ** (self.order / 2.0)

    def _distance(self, cost: float) -> float:
        return float(cost ** (1.0 / self.order))

    def _compare(
        self, first: Sample, second: Sample, own: tuple[Own, Own], common: Transport
    ) -> Comparison:
        if self.method == "gaussian":
            squared = squared_gaussian_distance(own[0].roots[0], own[1].roots[0])
            return Comparison(float(np.sqrt(squared)))
        if self.method == "exact" and first.X.shape[1] == 1:
            columns = (s.X.toarray() if issparse(s.X) else s.X for s in (first, second))
            x, y = (np.ascontiguousarray(column[:, 0]) for column in columns)
            a, b = first.weight / first.weight.sum(), second.weight / second.weight.sum()
            return Comparison(self._distance(one_column_cost(x, y, a, b, self.order)))
        return super()._compare(first, second, own, common)


def wasserstein_distance(
    X_target: Any,
    X_source: Any,
    *,
    method: str = "exact",
    order: float = 2,
    regularization: float = 0.05,
    max_samples: int | None = 2000,
    standardize: bool = True,
    random_state: Any = None,
) -> float:
    """Wasserstein distance between the rows of two tables.

    Parameters
    ----------
    X_target : {array-like, sparse matrix, dataframe} of shape (n_target, n_features)
        Rows of one domain.
    X_source : {array-like, sparse matrix, dataframe} of shape (n_source, n_features)
        Rows of the other.
    method : {"exact", "sinkhorn", "gaussian"}, default="exact"
        As in `WassersteinDistance`.
    order : float, default=2
        Distances are carried to this power, at least 1; "gaussian" needs 2.
    regularization : float, default=0.05
        Weight of the entropic term of "sinkhorn", relative to the mean distance (to the power of
        `order`) between two rows of both tables.
    max_samples : int, default=2000
        Rows drawn from a table that has more. None takes all.
    standardize : bool, default=True
        Whether columns are divided by their standard deviation over both tables together.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    Returns
    -------
    distance : float
        In units of the (standardised) columns.

    See Also
    --------
    WassersteinDistance : For more than two domains, and weighted rows.
    ot_dataset_distance : Looks at labels too.

    Examples
    --------
    >>> from sklearn_transfer.similarity import wasserstein_distance
    >>> wasserstein_distance([[0, 0], [0, 1]], [[3, 4], [3, 5]], standardize=False)
    5.0
    """
    measure = WassersteinDistance(
        method=method,
        order=order,
        regularization=regularization,
        max_samples=max_samples,
        standardize=standardize,
        random_state=random_state,
    )
    return compare_tables(measure, X_target, X_source)
