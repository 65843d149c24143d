# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Optimal transport distance between labelled data sets."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target

from sklearn_transfer._math.kernel_discrepancy import squared_distances
from sklearn_transfer._math.quantization import quantise
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer.similarity._row_distance import Sample, compare_tables
from sklearn_transfer.similarity._transport import (
    Root,
    exact_cost,
    gaussian_root,
    squared_gaussian_distance,
)
from sklearn_transfer.similarity._wasserstein import BaseTransportDistance

Array = NDArray[np.float64]


class OTDatasetDistance(BaseTransportDistance):
    """Optimal transport dataset distance (OTDD) between labelled domains.

    Looks at X and y: rows are carried from one domain into the other, and it costs to carry a row
    into a class whose rows lie elsewhere. Class names play no part.

    Parameters
    ----------
    label_distance : {"gaussian", "diagonal", "exact"}, default="gaussian"
        Distance between two classes, from their rows: between their Gaussians, between Gaussians
        without covariances (for many columns), or exact.
    method : {"exact", "sinkhorn"}, default="exact"
        "exact" solves the transport of rows; "sinkhorn" smooths it by an entropic term and takes
        off what that adds.
    label_weight : float, default=1.0
        Weight of the squared distance between classes beside that between rows. 0 leaves the
        2-Wasserstein distance.
    task : {"auto", "classification", "regression"}, default="auto"
        Whether y holds classes or is cut into bins. "auto" cuts numbers that are not whole.
    n_bins : int, default=10
        Bins of y in regression, of about equal mass over all domains together.
    regularization : float, default=0.05
        Weight of the entropic term of "sinkhorn", relative to the mean squared distance between
        two rows of all domains.
    max_samples : int, default=2000
        Rows drawn from a domain that has more, the same for all its pairs. None takes all: a pair
        holds ``n_i * n_j`` costs. Gaussians of classes are fitted to all rows.
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
    WassersteinDistance : Looks at X alone.
    ot_dataset_distance : The same between two tables.

    Notes
    -----
    With ``c = |x - x'|^2 + label_weight * W_2^2(rows of class y, rows of class y')``,
    ``OTDD = (min_pi <pi, c>)^(1/2)`` [1]_. The distance of a data set from itself is 0: the exact
    transport stays where it is, equal domains draw equal rows, and "sinkhorn" takes off half the
    entropic cost of either domain with itself. Two samples of the same distribution are not at
    distance 0, as in `WassersteinDistance`. The Gaussian distance between classes is at most the
    exact one, and so is the whole.

    Since only the places of the classes count, domains that give the same rows opposite labels are
    at distance 0.

    References
    ----------
    .. [1] D. Alvarez-Melis, N. Fusi, "Geometric Dataset Distances via Optimal Transport",
           NeurIPS 2020, arXiv:2002.02923, equations 4 and 8.

    Examples
    --------
    >>> from sklearn_transfer.similarity import OTDatasetDistance
    >>> X = [[0.0], [1.0], [5.0], [6.0]] * 3
    >>> y = [0, 0, 1, 1] + [1, 1, 0, 0] + [0, 1, 0, 1]
    >>> ward = ["same"] * 4 + ["opposite"] * 4 + ["mixed"] * 4
    >>> measure = OTDatasetDistance(standardize=False).fit(X, y, sample_domain=ward)
    >>> measure.domains_
    array(['mixed', 'opposite', 'same'], dtype='<U8')
    >>> measure.scores_.round(2)
    array([[0.  , 3.24, 3.24],
           [3.24, 0.  , 0.  ],
           [3.24, 0.  , 0.  ]])
    """

    _uses_y: ClassVar[bool] = True

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransportDistance._parameter_constraints,
        "label_distance": [StrOptions({"gaussian", "diagonal", "exact"})],
        "method": [StrOptions({"exact", "sinkhorn"})],
        "label_weight": [Interval(Real, 0, None, closed="left")],
        "task": [StrOptions({"auto", "classification", "regression"})],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        label_distance: str = "gaussian",
        method: str = "exact",
        label_weight: float = 1.0,
        task: str = "auto",
        n_bins: int = 10,
        regularization: float = 0.05,
        max_samples: int | None = 2000,
        standardize: bool = True,
        target_domain: Any = None,
        domain_column: str | int | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.label_distance = label_distance
        self.method = method
        self.label_weight = label_weight
        self.task = task
        self.n_bins = n_bins
        self.regularization = regularization
        self.max_samples = max_samples
        self.standardize = standardize
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _codes(self, y: NDArray[Any], sample_weight: Array | None) -> NDArray[np.intp]:
        binned = self.task == "regression"
        if self.task == "auto":
            binned = type_of_target(y, input_name="y") == "continuous"
        if not binned:
            return np.unique(y, return_inverse=True)[1]
        try:
            values = np.asarray(y, dtype=float)
        except (TypeError, ValueError) as error:
            raise ValueError(
                "`y` must hold numbers for `task='regression'`. Got values of dtype "
                f"{np.asarray(y).dtype} instead; choose `task='classification'`."
            ) from error
        return quantise(values, self.n_bins, strategy="quantile", sample_weight=sample_weight)

    def _roots(self, sample: Sample) -> list[Root]:
        if self.label_distance == "exact" or self.label_weight == 0:
            return []
        return [
            gaussian_root(
                sample.X[sample.codes == code],
                sample.weight[sample.codes == code],
                diagonal=self.label_distance == "diagonal",
            )
            for code in np.unique(sample.codes)
        ]

    def _own(self, sample: Sample, common: Any) -> Any:
        return super()._own(_from_zero(sample), common)

    def _compare(self, first: Sample, second: Sample, own: Any, common: Any) -> Any:
        return super()._compare(_from_zero(first), _from_zero(second), own, common)

    def _cost(self, first: Sample, second: Sample, roots: tuple[Any, Any]) -> Array:
        squared = squared_distances(first.X, second.X)
        if self.label_weight == 0:
            return squared
        if self.label_distance == "exact":
            between = _exact_label_distances(first, second, squared)
        else:
            between = np.array([
                [squared_gaussian_distance(p, q) for q in roots[1]] for p in roots[0]
            ])  # fmt: skip
        return squared + self.label_weight * between[np.ix_(first.codes, second.codes)]

    def _distance(self, cost: float) -> float:
        return float(np.sqrt(cost))


def ot_dataset_distance(
    X_target: Any,
    y_target: Any,
    X_source: Any,
    y_source: Any,
    *,
    label_distance: str = "gaussian",
    method: str = "exact",
    label_weight: float = 1.0,
    task: str = "auto",
    n_bins: int = 10,
    regularization: float = 0.05,
    max_samples: int | None = 2000,
    standardize: bool = True,
    random_state: Any = None,
) -> float:
    """Optimal transport dataset distance (OTDD) between two labelled tables.

    Parameters
    ----------
    X_target : {array-like, sparse matrix, dataframe} of shape (n_target, n_features)
        Rows of one domain.
    y_target : array-like of shape (n_target,)
        Their labels or values.
    X_source : {array-like, sparse matrix, dataframe} of shape (n_source, n_features)
        Rows of the other.
    y_source : array-like of shape (n_source,)
        Their labels or values.
    label_distance : {"gaussian", "diagonal", "exact"}, default="gaussian"
        Distance between two classes, as in `OTDatasetDistance`.
    method : {"exact", "sinkhorn"}, default="exact"
        As in `OTDatasetDistance`.
    label_weight : float, default=1.0
        Weight of the squared distance between classes beside that between rows.
    task : {"auto", "classification", "regression"}, default="auto"
        Whether y holds classes or is cut into bins. "auto" cuts numbers that are not whole.
    n_bins : int, default=10
        Bins of y in regression, of about equal mass over both tables together.
    regularization : float, default=0.05
        Weight of the entropic term of "sinkhorn", relative to the mean squared distance between
        two rows of both tables.
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
    OTDatasetDistance : For more than two domains, and weighted rows.
    wasserstein_distance : Looks at X alone.

    References
    ----------
    .. [1] D. Alvarez-Melis, N. Fusi, "Geometric Dataset Distances via Optimal Transport",
           NeurIPS 2020, arXiv:2002.02923.

    Examples
    --------
    >>> from sklearn_transfer.similarity import ot_dataset_distance
    >>> X, y = [[0.0], [1.0], [5.0], [6.0]], ["well", "well", "ill", "ill"]
    >>> ot_dataset_distance(X, y, X, y)
    0.0
    >>> ot_dataset_distance(X, y, [[1.0], [2.0], [6.0], [7.0]], y, standardize=False)
    1.41421
    """
    measure = OTDatasetDistance(
        label_distance=label_distance,
        method=method,
        label_weight=label_weight,
        task=task,
        n_bins=n_bins,
        regularization=regularization,
        max_samples=max_samples,
        standardize=standardize,
        random_state=random_state,
    )
    return compare_tables(measure, X_target, X_source, y_target, y_source)


def _from_zero(sample: Sample) -> Sample:
    """Classes numbered by those that the domain has."""
    return sample._replace(codes=np.unique(sample.codes, return_inverse=True)[1])


def _exact_label_distances(first: Sample, second: Sample, squared: Array) -> Array:
    """Squared 2-Wasserstein distance between the rows of each pair of classes."""
    between = np.zeros((first.codes.max() + 1, second.codes.max() + 1))
    for p in np.unique(first.codes):
        rows = np.flatnonzero(first.codes == p)
        a = first.weight[rows] / first.weight[rows].sum()
        for q in np.unique(second.codes):
            columns = np.flatnonzero(second.codes == q)
            b = second.weight[columns] / second.weight[columns].sum()
            between[p, q] = exact_cost(squared[np.ix_(rows, columns)], a, b)
    return between
