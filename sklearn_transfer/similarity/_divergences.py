# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Kullback-Leibler and Jensen-Shannon divergences between domains."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse, vstack

from sklearn_transfer._math.divergence import (
    filled_dimension,
    fit_gaussian,
    gaussian_half_js,
    gaussian_kl,
    neighbour_half_js,
    neighbour_kl,
)
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer.similarity._row_distance import (
    BaseRowDistance,
    Comparison,
    Sample,
    compare_tables,
    drawn_rows,
)

_RANK_ROWS = 2000


class _BaseDivergence(BaseRowDistance):
    """Parameters of the divergences, and the Gaussian of each domain."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseRowDistance._parameter_constraints,
        "method": [StrOptions({"knn", "gaussian"})],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "reg_covar": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        method: str = "knn",
        n_neighbors: int = 5,
        reg_covar: float = 1e-6,
        standardize: bool = True,
        target_domain: Any = None,
        domain_column: str | int | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.method = method
        self.n_neighbors = n_neighbors
        self.reg_covar = reg_covar
        self.standardize = standardize
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_jobs = n_jobs

    def _refuse_weights(self) -> str:
        if self.method != "knn":
            return ""
        return "nearest neighbours are counted, and a copy of a row is its own neighbour"

    def _lacking(self, sample: Sample) -> str:
        return "" if sample.X.shape[0] > 1 else "a density needs at least 2 rows"

    def _own(self, sample: Sample, common: Any) -> Any:
        if self.method == "knn":
            return None
        return fit_gaussian(sample.X, sample.weight, ridge=self.reg_covar)


class KLDivergence(_BaseDivergence):
    """Kullback-Leibler divergence of the rows of one domain from those of another, in nats.

    Looks at X alone. 0 for domains of the same distribution, without a bound, and not symmetric.

    Parameters
    ----------
    method : {"knn", "gaussian"}, default="knn"
        "knn" compares how far the neighbours of each row are in either domain; "gaussian" takes
        each domain as a Gaussian.
    n_neighbors : int, default=5
        Which neighbour in the smaller domain "knn" looks for; in the larger one it is as many
        times farther down the list. More of them make the estimate smoother and smaller.
    reg_covar : float, default=1e-06
        Added to the variances of "gaussian", in squared units of the standardised columns. Columns
        that are constant or repeat others have a finite divergence with it.
    standardize : bool, default=True
        Whether columns are divided by their standard deviation over all domains together. Otherwise
        columns of large numbers decide which rows are neighbours.
    target_domain : hashable, default=None
        Label of the domain whose scores with every other are computed. None scores all pairs.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`.
    n_jobs : int, default=None
        Number of domains worked on at once. The result does not depend on it.

    Attributes
    ----------
    domains_ : ndarray of shape (n_domains,)
        Labels of the domains.
    scores_ : ndarray of shape (n_domains, n_domains)
        ``scores_[i, j]`` is ``KL(p_i || p_j)``, large where domain i has rows and domain j has
        none; 0 on the diagonal, NaN where not computed.
    target_domain_ : hashable
        The target. Only where one is named.
    source_domains_ : ndarray of shape (n_sources,)
        The other domains. Only where a target is named.
    source_scores_ : ndarray of shape (n_sources,)
        ``KL(p_target || p_source)`` of each source. Only where a target is named.
    n_features_in_ : int
        Number of columns seen in `fit`, without `domain_column`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where all are strings.

    See Also
    --------
    JensenShannonDivergence : Symmetric and bounded.
    MaximumMeanDiscrepancy : Easier to estimate in many dimensions.
    kl_divergence : The same between two tables.

    Notes
    -----
    "knn" [1]_: with the distances rho and nu from a row of p to its k-th neighbour in p and in q,
    ``mean d log(nu / rho)`` and what the numbers of rows add. d is the rank of the rows of all
    domains: columns that are constant or depend on others do not count. Where rows repeat, copies
    are counted instead. It may be a little below 0, and falls short where domains differ much in
    many dimensions. Cost: ``n log n`` up to 12 dense columns, else ``n^2`` distances, in blocks of
    bounded memory. It takes no weights.

    "gaussian": ``1/2 [tr(C_q^-1 C_p) + (m_q - m_p)' C_q^-1 (m_q - m_p) - d + log det C_q/det C_p]``
    with the moments of the rows; biased upwards where rows are few for the d columns.

    References
    ----------
    .. [1] Q. Wang, S. R. Kulkarni, S. Verdu, "Divergence Estimation for Multidimensional Densities
           Via k-Nearest-Neighbor Distances", IEEE Transactions on Information Theory 55 (2009),
           2392-2405, equation 5.

    Examples
    --------
    >>> from sklearn_transfer.similarity import KLDivergence
    >>> X = [[-1.0], [1.0], [-2.0], [2.0]]
    >>> ward = ["a", "a", "b", "b"]
    >>> KLDivergence(method="gaussian").fit(X, sample_domain=ward).scores_.round(4)
    array([[0.    , 0.3181],
           [0.8069, 0.    ]])
    """

    _symmetric: ClassVar[bool] = False

    def _compare(
        self, first: Sample, second: Sample, own: tuple[Any, Any], common: Any
    ) -> Comparison:
        if self.method == "gaussian":
            return Comparison(gaussian_kl(*own))
        kl = neighbour_kl(first.X, second.X, self.n_neighbors, n_dimensions=common)
        return Comparison(kl)

    def _common(self, samples: list[Sample]) -> int | None:
        return None if self.method == "gaussian" else filled_dimension(_some_rows(samples))


class JensenShannonDivergence(_BaseDivergence):
    """Jensen-Shannon divergence between the rows of domains, in nats.

    Looks at X alone. 0 for domains of the same distribution, ``log 2 = 0.693`` for domains that
    have no place in common; symmetric.

    Parameters
    ----------
    method : {"knn", "gaussian"}, default="knn"
        "knn" compares how many rows of either domain lie around each row; "gaussian" takes each
        domain as a Gaussian.
    n_neighbors : int, default=5
        Rows of the own domain in the balls of "knn", as many more as it is larger than the other.
    reg_covar : float, default=1e-06
        Added to the variances of "gaussian", in squared units of the standardised columns. Columns
        that are constant or repeat others have a finite divergence with it.
    standardize : bool, default=True
        Whether columns are divided by their standard deviation over all domains together. Otherwise
        columns of large numbers decide which rows are neighbours.
    target_domain : hashable, default=None
        Label of the domain whose scores with every other are computed. None scores all pairs.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`.
    n_jobs : int, default=None
        Number of domains worked on at once. The result does not depend on it.

    Attributes
    ----------
    domains_ : ndarray of shape (n_domains,)
        Labels of the domains.
    scores_ : ndarray of shape (n_domains, n_domains)
        Divergences, symmetric; 0 on the diagonal, NaN where not computed.
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
    KLDivergence : Not symmetric, and without a bound.
    MaximumMeanDiscrepancy : Easier to estimate in many dimensions.
    jensen_shannon_divergence : The same between two tables.

    Notes
    -----
    ``1/2 KL(p || m) + 1/2 KL(q || m)`` with ``m = (p + q) / 2``, whatever the sizes of the domains.
    "knn" counts rows in balls that reach to the n_neighbors-th row of the own domain, less what
    equal distributions give on average: neither radius nor dimension enters, and repeated rows do
    no harm. It may be a little below 0, and takes no weights. "gaussian" averages the logarithms
    over the rows, with the densities of the fitted Gaussians: there is no closed form.

    Examples
    --------
    >>> from sklearn_transfer.similarity import JensenShannonDivergence
    >>> X = [[0.0], [0.5], [1.0], [0.0], [0.5], [1.0], [100.0], [101.0], [102.0]]
    >>> ward = ["a", "a", "a", "b", "b", "b", "c", "c", "c"]
    >>> measure = JensenShannonDivergence(method="gaussian").fit(X, sample_domain=ward)
    >>> measure.scores_.round(3)
    array([[0.   , 0.   , 0.693],
           [0.   , 0.   , 0.693],
           [0.693, 0.693, 0.   ]])
    """

    def _compare(
        self, first: Sample, second: Sample, own: tuple[Any, Any], common: Any
    ) -> Comparison:
        if self.method == "gaussian":
            halves = (
                gaussian_half_js(own[0], own[1], first.X, first.weight),
                gaussian_half_js(own[1], own[0], second.X, second.weight),
            )
        else:
            halves = (
                neighbour_half_js(first.X, second.X, self.n_neighbors),
                neighbour_half_js(second.X, first.X, self.n_neighbors),
            )
        return Comparison((halves[0] + halves[1]) / 2.0)


def kl_divergence(
    X_target: Any,
    X_source: Any,
    *,
    method: str = "knn",
    n_neighbors: int = 5,
    reg_covar: float = 1e-6,
    standardize: bool = True,
) -> float:
    """Kullback-Leibler divergence ``KL(p_target || p_source)`` between two tables, in nats.

    Parameters
    ----------
    X_target : {array-like, sparse matrix, dataframe} of shape (n_target, n_features)
        Rows of p_target.
    X_source : {array-like, sparse matrix, dataframe} of shape (n_source, n_features)
        Rows of p_source.
    method : {"knn", "gaussian"}, default="knn"
        As in `KLDivergence`.
    n_neighbors : int, default=5
        Which neighbour in the smaller table "knn" looks for.
    reg_covar : float, default=1e-06
        Added to the variances of "gaussian", in squared units of the standardised columns.
    standardize : bool, default=True
        Whether columns are divided by their standard deviation over both tables together.

    Returns
    -------
    divergence : float
        Large where the target has rows and the source has none.

    See Also
    --------
    KLDivergence : For more than two domains, and weighted rows.
    jensen_shannon_divergence : Symmetric and bounded.

    References
    ----------
    .. [1] Q. Wang, S. R. Kulkarni, S. Verdu, "Divergence Estimation for Multidimensional Densities
           Via k-Nearest-Neighbor Distances", IEEE Transactions on Information Theory 55 (2009),
           2392-2405, equation 5.

    Examples
    --------
    >>> from sklearn_transfer.similarity import kl_divergence
    >>> kl_divergence([[-1.0], [1.0]], [[-2.0], [2.0]], method="gaussian")
    0.318147
    """
    measure = KLDivergence(
        method=method, n_neighbors=n_neighbors, reg_covar=reg_covar, standardize=standardize
    )
    return compare_tables(measure, X_target, X_source)


def jensen_shannon_divergence(
    X_target: Any,
    X_source: Any,
    *,
    method: str = "knn",
    n_neighbors: int = 5,
    reg_covar: float = 1e-6,
    standardize: bool = True,
) -> float:
    """Jensen-Shannon divergence between two tables, in nats.

    Parameters
    ----------
    X_target : {array-like, sparse matrix, dataframe} of shape (n_target, n_features)
        Rows of one domain.
    X_source : {array-like, sparse matrix, dataframe} of shape (n_source, n_features)
        Rows of the other.
    method : {"knn", "gaussian"}, default="knn"
        As in `JensenShannonDivergence`.
    n_neighbors : int, default=5
        Rows of the own table in the balls of "knn", as many more as it is larger than the other.
    reg_covar : float, default=1e-06
        Added to the variances of "gaussian", in squared units of the standardised columns.
    standardize : bool, default=True
        Whether columns are divided by their standard deviation over both tables together.

    Returns
    -------
    divergence : float
        At most ``log 2``.

    See Also
    --------
    JensenShannonDivergence : For more than two domains, and weighted rows.
    kl_divergence : Not symmetric, and without a bound.

    Examples
    --------
    >>> from sklearn_transfer.similarity import jensen_shannon_divergence
    >>> jensen_shannon_divergence([[0.0], [1.0]], [[50.0], [51.0]], method="gaussian")
    0.693147
    """
    measure = JensenShannonDivergence(
        method=method, n_neighbors=n_neighbors, reg_covar=reg_covar, standardize=standardize
    )
    return compare_tables(measure, X_target, X_source)


def _some_rows(samples: list[Sample]) -> Any:
    """Rows of all domains, no more than their rank needs."""
    parts = []
    for sample in samples:
        n_samples = sample.X.shape[0]
        parts.append(sample.X[drawn_rows(n_samples, max(_RANK_ROWS // len(samples), 2), 0)])
    return vstack(parts, format="csr") if issparse(parts[0]) else np.concatenate(parts)
