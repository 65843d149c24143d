# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""H-score of features, and the transferability that it measures."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._math.correlation import (
    correlation_ratios,
    h_scores,
    joint_distribution,
    mean_square_contingency,
)
from sklearn_transfer._sklearn import Interval, StrOptions, validate_params
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.transferability._inputs import (
    check_features,
    check_labels,
    check_symbols,
    check_weight,
    output_codes,
)

Array = NDArray[np.float64]

_LEVELS = {
    "n_levels": [Interval(Integral, 2, None, closed="left")],
    "quantization": [StrOptions({"kmeans", "quantile"}), None],
}
_SHRINKAGE = {
    "shrinkage": [
        StrOptions({"auto", "ledoit-wolf"}),
        Interval(Real, 0, 1, closed="left"),
        None,
    ],
}


@validate_params(
    {
        **_SHRINKAGE,
        **_LEVELS,
        "adjusted": ["boolean"],
        "multioutput": [StrOptions({"average", "raw_values"})],
        "return_shrinkage": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def h_score(
    features: Any,
    y: Any,
    *,
    shrinkage: float | str | None = "auto",
    adjusted: bool = False,
    sample_weight: Any = None,
    multioutput: str = "average",
    n_levels: int = 16,
    quantization: str | None = "kmeans",
    return_shrinkage: bool = False,
) -> Any:
    r"""H-score: how much of the labels a linear model on the features can explain.

    Parameters
    ----------
    features : {array-like, sparse matrix} of shape (n_samples, n_features)
        Representation of the target's rows: outputs, hidden units or leaves of a source model.
        Read block by block, so that a memory map may be larger than memory.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Labels or measurements of the target. Floating-point numbers are measurements and are
        quantised; anything else (integers, strings, booleans) are labels.
    shrinkage : {"auto", "ledoit-wolf"}, float in [0, 1) or None, default="auto"
        Shrinkage of the covariance towards a multiple of the identity:

        - None or 0: none. The H-score as defined; linearly dependent features count once.
        - "auto": none if there are at least four rows per feature that varies; otherwise by
          Ledoit and Wolf's intensity for standardised features.
        - "ledoit-wolf": always, for the features as they are. The shrunken H-score as published.
        - a number: by this intensity, for the features as they are.
    adjusted : bool, default=False
        Whether to subtract the score expected of the same labels in random order. To be preferred
        for comparing features of different widths on few rows.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; a weight of 2 is a row that is there twice.
    multioutput : {"average", "raw_values"}, default="average"
        Whether several outputs give their mean score or one score each.
    n_levels : int, default=16
        Number of levels of a measured output.
    quantization : {"kmeans", "quantile"} or None, default="kmeans"
        Levels of least squared error or of equal numbers of rows. None takes every distinct
        value for a label, floating-point or not.
    return_shrinkage : bool, default=False
        Whether to return the shrinkage intensity that was used as well.

    Returns
    -------
    score : float or ndarray of shape (n_outputs,)
        Between 0 and the lesser of the number of features and the number of classes less one;
        less if adjusted. Greater is better.
    intensity : float
        Shrinkage intensity, 0 for none. Only if `return_shrinkage`.

    See Also
    --------
    feature_h_scores : The H-score of every feature alone.
    transferability : The H-score relative to the best possible.
    logme : Evidence of a linear model, for labels and measurements.

    Notes
    -----
    .. math:: H = \mathrm{tr}\left(\mathrm{cov}(f)^{-1} \mathrm{cov}(E[f \mid Y])\right)

    is the sum of squared canonical correlations between features and class indicators; for one
    feature, the correlation ratio. It does not change under invertible affine maps of the
    features. Near independence it falls linearly with the log-loss of a linear classifier, and is
    at most twice the mutual information; away from it neither need hold.

    With few rows H rises with the number of features, by ``k (C - 1) / (n - 1)`` even for features
    that know nothing, and reaches ``C - 1`` for n <= k. Two remedies:

    `adjusted` subtracts ``(C - 1) / (n - 1) tr(S_a^{-1} S)``, the exact mean over all orders of
    the labels. It needs n <= 4096 or k <= 4096 for sparse features.

    `shrinkage` replaces the covariance S by ``S_a = (1 - a) S + a tr(S)/k I``. The published score
    [2]_ is ``H_a = (1 - a) tr(S_a^{-1} cov(E[f|Y]))``; "ledoit-wolf" and numbers give it. It
    changes with the scale of the features, and tends to 0 with a -> 1, which is Ledoit and Wolf's
    intensity for features that are nearly uncorrelated, whatever they know of y. So "auto"
    standardises the features, and has the factor ``(1 - a) + a / lambda_1`` in place of ``1 - a``,
    with lambda_1 the largest eigenvalue of their correlation matrix: the largest that keeps the
    bounds of H. Scores with and without shrinkage are not on one scale: fix `shrinkage` to compare
    features of which some are narrow and others wide. The implementations that [2]_ is known by
    divide S by n but the covariance of the class means by n - 1: "ledoit-wolf" does as well, and
    is ``n / (n - 1)`` times the score for the same intensity given as a number.

    The cost is that of one product ``f' f`` (or ``f f'`` if there are more features than rows) and
    one Cholesky factorisation. Sparse features stay sparse: where both dimensions exceed 4096,
    conjugate gradients take the place of the factorisation. A feature is dependent if less than
    ``1e-12`` of its variance is its own.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
           Learning", ICIP 2019, arXiv:2212.10082, Definition 2.
    .. [2] S. Ibrahim, N. Ponomareva, R. Mazumder, "Newer is not always better: Rethinking
           transferability metrics, their peculiarities, stability and performance", ECML 2022,
           arXiv:2110.06893.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_transfer.transferability import h_score
    >>> X, y = load_iris(return_X_y=True)
    >>> h_score(X, y)
    1.191898825
    >>> h_score(X, y, shrinkage="ledoit-wolf", return_shrinkage=True)
    (1.177842499, 0.0075788)
    """
    features = check_features(features)
    weight = check_weight(sample_weight, features)
    if (adjusted or shrinkage == "ledoit-wolf") and weight is not None and weight.sum() <= 1.0:
        raise ValueError(
            "`sample_weight` must add up to more than one row for an adjusted or a published "
            f"score. Got {weight.sum():g} instead; a weight of 2 is a row that is there twice."
        )
    codes, n_classes = output_codes(
        y, features, n_levels=n_levels, quantization=quantization, sample_weight=weight
    )
    scores, intensity = h_scores(
        features,
        codes,
        n_classes,
        shrinkage=shrinkage,
        adjusted=adjusted,
        sample_weight=weight,
    )
    score = float(scores.mean()) if multioutput == "average" else scores
    return (score, intensity) if return_shrinkage else score


@validate_params(_LEVELS, prefer_skip_nested_validation=True)
def feature_h_scores(
    features: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    n_levels: int = 16,
    quantization: str | None = "kmeans",
) -> Array:
    r"""H-score of every feature alone, as a `score_func` of scikit-learn's selectors.

    Parameters
    ----------
    features : {array-like, sparse matrix} of shape (n_samples, n_features)
        Representation of the target's rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Labels, or floating-point measurements, which are quantised. Several outputs are averaged.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; a weight of 2 is a row that is there twice.
    n_levels : int, default=16
        Number of levels of a measured output.
    quantization : {"kmeans", "quantile"} or None, default="kmeans"
        Levels of least squared error or of equal numbers of rows. None takes every distinct
        value for a label.

    Returns
    -------
    scores : ndarray of shape (n_features,)
        Correlation ratios, between 0 and 1; 0 for constant features.

    See Also
    --------
    h_score : The H-score of all features together.
    sklearn.feature_selection.f_classif : The F-test that orders features alike.

    Notes
    -----
    The score of one feature is the share of its variance that lies between the classes,
    ``eta^2 = sum_c pi_c (mu_c - mu)^2 / sigma^2``, so that the F statistic is
    ``eta^2 / (1 - eta^2) * (n - C) / (C - 1)``. Unlike :func:`h_score` it does not see what
    features say together, or say twice.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
           Learning", ICIP 2019, arXiv:2212.10082, Definition 2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.feature_selection import SelectKBest
    >>> from sklearn_transfer.transferability import feature_h_scores
    >>> X, y = load_iris(return_X_y=True)
    >>> SelectKBest(feature_h_scores, k=2).fit(X, y).scores_.round(3)
    array([0.619, 0.401, 0.941, 0.929])
    """
    features = check_features(features)
    weight = check_weight(sample_weight, features)
    codes, n_classes = output_codes(
        y, features, n_levels=n_levels, quantization=quantization, sample_weight=weight
    )
    return correlation_ratios(features, codes, n_classes, sample_weight=weight).mean(axis=0)


def optimal_h_score(X: Any, y: Any, *, sample_weight: Any = None) -> float:
    r"""H-score of the best of all features of a discrete input.

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
    score : float
        Between 0 and the lesser of the numbers of symbols and labels, less one.

    See Also
    --------
    transferability : The H-score of given features relative to this one.
    divergence_transition_matrix : The matrix whose squared norm this is.

    Notes
    -----
    ``H(f_opt) = |B|_F^2 = chi^2 / n`` of the contingency table of X and y (Pearson's mean square
    contingency). Under independence its expectation is about ``(|X| - 1) (|Y| - 1) / n``: a table
    with few rows per symbol overstates it.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
           Learning", ICIP 2019, arXiv:2212.10082, Corollary 1.

    Examples
    --------
    >>> from sklearn_transfer.transferability import optimal_h_score
    >>> optimal_h_score(["a", "a", "b", "b"], [0, 0, 1, 1])
    1.0
    """
    weight = check_weight(sample_weight, X)
    _, x_codes = check_symbols(X, y, sample_weight=weight)
    _, y_codes = check_labels(y, X, sample_weight=weight)
    return mean_square_contingency(joint_distribution(x_codes, y_codes, weight))


@validate_params({**_SHRINKAGE, **_LEVELS}, prefer_skip_nested_validation=True)
def transferability(
    features: Any,
    y: Any,
    *,
    X: Any = None,
    optimal_features: Any = None,
    shrinkage: float | str | None = None,
    sample_weight: Any = None,
    n_levels: int = 16,
    quantization: str | None = "kmeans",
) -> float:
    r"""H-score of a source's features relative to the target's best possible.

    Parameters
    ----------
    features : {array-like, sparse matrix} of shape (n_samples, n_features)
        Representation of the target's rows by the source.
    y : array-like of shape (n_samples,)
        Labels of the target, or floating-point measurements, which are quantised.
    X : array-like of shape (n_samples,) or (n_samples, n_columns), default=None
        Discrete input that the features are functions of: the best score is then exact.
    optimal_features : {array-like, sparse matrix} of shape (n_samples, n_optimal), default=None
        In place of `X`: features that were trained for the target, by maximal correlation for
        example. Exactly one of the two is given.
    shrinkage : {"auto", "ledoit-wolf"}, float in [0, 1) or None, default=None
        Shrinkage of the covariances, as in :func:`h_score`. The best score for a discrete `X` has
        none.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; a weight of 2 is a row that is there twice.
    n_levels : int, default=16
        Number of levels of a measured output.
    quantization : {"kmeans", "quantile"} or None, default="kmeans"
        Levels of least squared error or of equal numbers of rows. None takes every distinct
        value for a label.

    Returns
    -------
    ratio : float
        Between 0 and 1.

    Warns
    -----
    TransferWarning
        If the features score higher than what should be the best; the ratio is 1 then.

    See Also
    --------
    h_score : The numerator; it orders the sources of one target in the same way.
    optimal_h_score : The denominator for a discrete input.

    Notes
    -----
    ``T(S, T) = H_T(f_S) / H_T(f_opt)``. The error exponent of a test on the source's features is
    this share of the best exponent, near independence. For sources of one target the denominator
    is a constant; the ratio is for comparing targets.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
           Learning", ICIP 2019, arXiv:2212.10082, Definition 3.

    Examples
    --------
    A feature that merges two of three symbols:

    >>> import numpy as np
    >>> from sklearn_transfer.transferability import transferability
    >>> X = np.array(["a", "b", "c"] * 4)
    >>> y = np.array([0, 1, 2] * 4)
    >>> feature = (X == "a").astype(float).reshape(-1, 1)
    >>> transferability(feature, y, X=X)
    0.5
    """
    if (X is None) == (optimal_features is None):
        given = "neither" if X is None else "both"
        raise ValueError(
            f"Exactly one of `X` and `optimal_features` is required. Got {given} instead; give "
            "`X` if it is discrete, features trained for the target otherwise."
        )
    features = check_features(features)
    weight = check_weight(sample_weight, features)
    codes, n_classes = output_codes(
        y, features, n_levels=n_levels, quantization=quantization, sample_weight=weight
    )
    if len(codes) > 1:
        raise ValueError(
            f"`y` must be of shape (n_samples,). Got {len(codes)} columns instead; compute one "
            "ratio for each output."
        )
    if X is not None:
        _, x_codes = check_symbols(X, features, sample_weight=weight)
        best = mean_square_contingency(joint_distribution(x_codes, codes[0], weight))
    else:
        optimal = check_features(optimal_features, name="optimal_features")
        if optimal.shape[0] != features.shape[0]:
            raise ValueError(
                "`features` and `optimal_features` must describe the same rows. Got "
                f"{features.shape[0]} and {optimal.shape[0]} rows instead."
            )
        best = _single_h_score(optimal, codes, n_classes, shrinkage, weight)
    if best <= 0.0:
        raise ValueError(
            f"`{'optimal_features' if X is None else 'X'}` must say something about `y`. Got a "
            "best H-score of 0 instead; nothing can transfer to this target."
        )
    score = _single_h_score(features, codes, n_classes, shrinkage, weight)
    if score > best * (1.0 + 1e-6):
        warnings.warn(
            f"The features have an H-score of {score:.4g}, more than the best one ({best:.4g}): "
            + (
                "`optimal_features` are not optimal. "
                if X is None
                else "they are no function of `X`. "
            )
            + "The transferability is reported as 1.",
            TransferWarning,
            stacklevel=2,
        )
    return min(score / best, 1.0)


def _single_h_score(
    features: Any,
    codes: NDArray[np.intp],
    n_classes: NDArray[np.intp],
    shrinkage: float | str | None,
    weight: Array | None,
) -> float:
    return float(
        h_scores(features, codes, n_classes, shrinkage=shrinkage, sample_weight=weight).scores[0]
    )
