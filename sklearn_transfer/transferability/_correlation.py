# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Maximal correlation between a discrete input and labels."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from sklearn_transfer._math import correlation
from sklearn_transfer._math.correlation import joint_distribution, largest_correlation
from sklearn_transfer._sklearn import Interval, validate_params
from sklearn_transfer.transferability._inputs import check_labels, check_symbols, check_weight

Array = NDArray[np.float64]


class _MaximalCorrelation(NamedTuple):
    correlations: Array
    x_functions: Array
    y_functions: Array
    x_values: NDArray[Any]
    y_values: NDArray[Any]
    n_iter: int


def divergence_transition_matrix(X: Any, y: Any, *, sample_weight: Any = None) -> Array:
    r"""Divergence transition matrix of a discrete input and labels.

    Parameters
    ----------
    X : array-like of shape (n_samples,) or (n_samples, n_columns)
        Discrete input; rows that are equal are one symbol.
    y : array-like of shape (n_samples,)
        Labels.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; a weight of 2 is a row that is there twice.

    Returns
    -------
    matrix : ndarray of shape (n_labels, n_symbols)
        Labels and symbols in sorted order.

    See Also
    --------
    optimal_h_score : Its squared Frobenius norm.
    maximal_correlation : Its largest singular value.
    alternating_conditional_expectations : Its singular vectors, as functions.

    Notes
    -----
    .. math:: \tilde B = P_Y^{-1/2} P_{YX} P_X^{-1/2} - \sqrt{P_Y} \sqrt{P_X}^\top

    All singular values lie between 0 and 1, and the last one is 0.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
           Learning", ICIP 2019, arXiv:2212.10082, Definition 1.

    Examples
    --------
    >>> from sklearn_transfer.transferability import divergence_transition_matrix
    >>> divergence_transition_matrix(["a", "a", "b", "b"], [0, 0, 1, 1])
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    _, _, x_codes, y_codes, weight = _symbols_and_labels(X, y, sample_weight)
    return correlation.divergence_transition_matrix(joint_distribution(x_codes, y_codes, weight))


def maximal_correlation(X: Any, y: Any, *, sample_weight: Any = None) -> float:
    r"""Hirschfeld-Gebelein-Renyi maximal correlation of a discrete input and labels.

    Parameters
    ----------
    X : array-like of shape (n_samples,) or (n_samples, n_columns)
        Discrete input; rows that are equal are one symbol.
    y : array-like of shape (n_samples,)
        Labels.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; a weight of 2 is a row that is there twice.

    Returns
    -------
    correlation : float
        0 for independent X and y, 1 if a function of X equals a function of y that is not
        constant.

    See Also
    --------
    alternating_conditional_expectations : The functions that attain it.
    optimal_h_score : The sum of all squared maximal correlations.

    Notes
    -----
    ``max E[f(X) g(Y)]`` over functions of zero mean and unit variance: the largest singular value
    of the divergence transition matrix.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
           Learning", ICIP 2019, arXiv:2212.10082, equation 2 and Appendix B.

    Examples
    --------
    >>> from sklearn_transfer.transferability import maximal_correlation
    >>> maximal_correlation(["a", "a", "b", "b"], [0, 1, 1, 1])
    0.5773502691896
    """
    _, _, x_codes, y_codes, weight = _symbols_and_labels(X, y, sample_weight)
    return largest_correlation(joint_distribution(x_codes, y_codes, weight))


@validate_params(
    {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def alternating_conditional_expectations(
    X: Any,
    y: Any,
    *,
    n_components: int = 1,
    sample_weight: Any = None,
    tol: float = 1e-12,
    max_iter: int = 10_000,
    random_state: Any = None,
) -> _MaximalCorrelation:
    r"""Maximally correlated functions of a discrete input and of labels (ACE).

    Parameters
    ----------
    X : array-like of shape (n_samples,) or (n_samples, n_columns)
        Discrete input; rows that are equal are one symbol.
    y : array-like of shape (n_samples,)
        Labels.
    n_components : int, default=1
        Number of pairs of functions; less than the numbers of symbols and of labels.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; a weight of 2 is a row that is there twice.
    tol : float, default=1e-12
        The iteration ends when the sum of the correlations rises by no more.
    max_iter : int, default=10000
        Bound on the number of iterations.
    random_state : int, RandomState instance or None, default=None
        Seed of the functions that the iteration starts from.

    Returns
    -------
    modes : named tuple
        `correlations` of shape (n_components,) in falling order; `x_functions` of shape
        (n_symbols, n_components) and `y_functions` of shape (n_labels, n_components), the values
        of the functions at `x_values` and `y_values`, the sorted symbols and labels; `n_iter`.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` is reached.

    See Also
    --------
    maximal_correlation : The first correlation alone.
    optimal_h_score : The sum of all squared correlations.

    Notes
    -----
    The functions ``f_1, f_2, ...`` of X are the features of least error probability for y. They
    have zero mean, unit variance and no correlation with each other, and so have the ``g_i``;
    ``E[f_i(X) g_j(Y)]`` is ``sigma_i`` for i = j and 0 otherwise. Each iteration takes
    ``f = E[g(Y) | X]``, whitens it, takes ``g = E[f(X) | Y]``, whitens it. Of the two signs of a
    pair the one is returned for which the value of f that is largest in size is positive.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
           Learning", ICIP 2019, arXiv:2212.10082, Appendix B, Algorithm 1.
    .. [2] L. Breiman, J. H. Friedman, "Estimating Optimal Transformations for Multiple Regression
           and Correlation", Journal of the American Statistical Association 80, 1985.

    Examples
    --------
    >>> from sklearn_transfer.transferability import alternating_conditional_expectations
    >>> modes = alternating_conditional_expectations(
    ...     ["a", "a", "b", "b"], [0, 1, 1, 1], random_state=0
    ... )
    >>> modes.correlations
    array([0.57735027])
    >>> dict(zip(modes.x_values.tolist(), modes.x_functions.round(6).ravel().tolist()))
    {'a': 1.0, 'b': -1.0}
    """
    symbols, labels, x_codes, y_codes, weight = _symbols_and_labels(X, y, sample_weight)
    most = min(len(symbols), len(labels)) - 1
    if n_components > most:
        raise ValueError(
            "`n_components` must be less than the numbers of symbols and of labels. Got "
            f"{n_components} with {len(symbols)} symbols and {len(labels)} labels instead; "
            + (f"take at most {most}." if most else "a constant correlates with nothing.")
        )
    modes = correlation.alternating_conditional_expectations(
        joint_distribution(x_codes, y_codes, weight),
        n_components,
        check_random_state(random_state),
        tol=tol,
        max_iter=max_iter,
    )
    if not modes.converged:
        warnings.warn(
            f"The correlations were still rising after {modes.n_iter} iterations. Raise `max_iter` "
            "or `tol`.",
            ConvergenceWarning,
            stacklevel=2,
        )
    return _MaximalCorrelation(
        modes.correlations, modes.x_functions, modes.y_functions, symbols, labels, modes.n_iter
    )


def _symbols_and_labels(
    X: Any, y: Any, sample_weight: Any
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp], NDArray[np.intp], Array | None]:
    weight = check_weight(sample_weight, X)
    symbols, x_codes = check_symbols(X, y, sample_weight=weight)
    labels, y_codes = check_labels(y, X, sample_weight=weight)
    return symbols, labels, x_codes, y_codes, weight
