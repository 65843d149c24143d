# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""LEEP, NCE and LogME: evidence for the target's labels given a source model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from sklearn_transfer._math import evidence
from sklearn_transfer._math.correlation import joint_distribution
from sklearn_transfer._sklearn import StrOptions, validate_params
from sklearn_transfer.transferability._inputs import (
    check_features,
    check_labels,
    check_outputs,
    check_weight,
    is_measured,
)

Array = NDArray[np.float64]


def leep(source_probabilities: Any, y: Any, *, sample_weight: Any = None) -> float:
    r"""Log expected empirical prediction of the target's labels by a source classifier (LEEP).

    Parameters
    ----------
    source_probabilities : array-like of shape (n_samples, n_source_classes)
        What the source model's `predict_proba` gives for the target's rows.
    y : array-like of shape (n_samples,)
        Labels of the target.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; a weight of 2 is a row that is there twice.

    Returns
    -------
    score : float
        At most 0; greater is better.

    See Also
    --------
    nce : The same from predicted labels alone.
    logme : For features, and for measurements.

    Notes
    -----
    With theta the source's probabilities and ``P(y, z) = mean_i 1{y_i = y} theta(x_i)_z``,

    .. math:: \mathrm{LEEP} = \frac1n \sum_i \log \sum_z P(y_i \mid z) \, \theta(x_i)_z ,

    the log-likelihood of the classifier that draws a source label z and then y given z. Scores of
    targets with different numbers of classes or class frequencies are not comparable.

    References
    ----------
    .. [1] C. V. Nguyen et al., "LEEP: A New Measure to Evaluate Transferability of Learned
           Representations", ICML 2020, arXiv:2002.12462, equations 1 and 2.

    Examples
    --------
    >>> from sklearn_transfer.transferability import leep
    >>> leep([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]], ["cat", "cat", "dog"])
    -0.374257947
    """
    theta = check_features(source_probabilities, name="source_probabilities", min_samples=1)
    if not isinstance(theta, np.ndarray):
        theta = theta.toarray()
    sums = theta.sum(axis=1, dtype=float)
    worst = sums[np.abs(sums - 1.0).argmax()]
    if theta.min() < 0 or abs(worst - 1.0) > 1e-3:
        raise ValueError(
            "`source_probabilities` must be non-negative and sum to 1 in every row. Got a least "
            f"value of {theta.min():.4g} and a row that sums to {worst:.4g} instead; pass what "
            "`predict_proba` returns."
        )
    weight = check_weight(sample_weight, theta)
    _, codes = check_labels(y, theta, sample_weight=weight)
    return evidence.leep(theta, codes, weight)


def nce(source_labels: Any, y: Any, *, sample_weight: Any = None) -> float:
    r"""Negative conditional entropy of the target's labels given source labels (NCE).

    Parameters
    ----------
    source_labels : array-like of shape (n_samples,)
        Labels that the source gives to the target's rows: its own annotation of them, or what the
        source model predicts.
    y : array-like of shape (n_samples,)
        Labels of the target. The order matters: the entropy is that of `y`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; a weight of 2 is a row that is there twice.

    Returns
    -------
    score : float
        ``-H(y | source_labels)`` in nats, at most 0; 0 if `y` is a function of the source label.

    See Also
    --------
    leep : From probabilities rather than labels.
    otce : For rows that do not carry both labels.

    Notes
    -----
    .. math:: \mathrm{NCE} = \sum_{y, z} P(y, z) \log P(y \mid z)

    References
    ----------
    .. [1] A. T. Tran, C. V. Nguyen, T. Hassner, "Transferability and Hardness of Supervised
           Classification Tasks", ICCV 2019, arXiv:1908.08142, Definition 1.

    Examples
    --------
    >>> from sklearn_transfer.transferability import nce
    >>> nce(["cat", "cat", "dog", "dog"], [0, 1, 2, 2])
    -0.34657359
    >>> nce([0, 1, 2, 2], ["cat", "cat", "dog", "dog"])
    0.0
    """
    weight = check_weight(sample_weight, source_labels)
    _, z = check_labels(source_labels, y, name="source_labels", sample_weight=weight)
    if len(z) == 0:
        raise ValueError(
            "`source_labels` must have at least one row. Got none instead; leave such a domain "
            "or fold out."
        )
    _, codes = check_labels(y, source_labels, sample_weight=weight)
    return evidence.negative_conditional_entropy(joint_distribution(z, codes, weight))


@validate_params(
    {
        "task": [StrOptions({"auto", "classification", "regression"})],
        "multioutput": [StrOptions({"average", "raw_values"})],
    },
    prefer_skip_nested_validation=True,
)
def logme(
    features: Any,
    y: Any,
    *,
    task: str = "auto",
    sample_weight: Any = None,
    multioutput: str = "average",
) -> Any:
    r"""Log of the maximum evidence of a Bayesian linear model on the features (LogME).

    Parameters
    ----------
    features : {array-like, sparse matrix} of shape (n_samples, n_features)
        Representation of the target's rows. No intercept is added and nothing is centred.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Labels or measurements of the target.
    task : {"auto", "classification", "regression"}, default="auto"
        "classification" fits the indicator of each class and averages over the classes;
        "regression" fits y as it is. "auto" is regression for floating-point y and classification
        otherwise.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; a weight of 2 is a row that is there twice.
    multioutput : {"average", "raw_values"}, default="average"
        Whether several outputs give their mean score or one score each.

    Returns
    -------
    score : float or ndarray of shape (n_outputs,)
        Log evidence per row; greater is better. A density for regression, which depends on the
        unit of y: compare features for the same y only.

    See Also
    --------
    h_score : Second-order score of features, the same for every affine map of them.
    leep : For the probabilities of a source classifier.

    Notes
    -----
    .. math:: \max_{\alpha, \beta} \; \frac1n \log
              N\left(y; 0, \beta^{-1} I + \alpha^{-1} F F^\top \right)

    for Gaussian weights of precision alpha and noise of precision beta. The rank of F takes the
    place of its width, so the value is this evidence for more features than rows too; a widespread
    implementation lacks the term ``-(D - k)/2 log(alpha)`` there. Of several maxima the greatest is
    returned. Where features of less than full row rank fit y perfectly, the noise variance is held
    at ``1e-10`` of the mean square of y, so that they score high, not infinitely so.

    References
    ----------
    .. [1] K. You, Y. Liu, J. Wang, M. Long, "LogME: Practical Assessment of Pre-trained Models for
           Transfer Learning", ICML 2021, arXiv:2102.11005, equation 2 and Algorithm 1.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_transfer.transferability import logme
    >>> X, y = load_iris(return_X_y=True)
    >>> logme(X, y)
    -0.1600602434
    """
    features = check_features(features)
    weight = check_weight(sample_weight, features)
    outputs = check_outputs(y, features)
    if task == "regression" or (task == "auto" and is_measured(outputs)):
        scores = _scores(features, _measurements(outputs), weight)
    else:
        indicators = [_indicators(column, features, weight) for column in outputs.T]
        each = _scores(features, hstack(indicators, format="csr"), weight)
        ends = np.cumsum([block.shape[1] for block in indicators])
        scores = np.array([part.mean() for part in np.split(each, ends[:-1])])
    return float(scores.mean()) if multioutput == "average" else scores


def _scores(features: Any, outputs: Any, weight: Array | None) -> Array:
    return evidence.maximal_log_evidence(evidence.feature_spectrum(features, outputs, weight))


def _indicators(column: NDArray[Any], features: Any, weight: Array | None) -> csr_matrix:
    labels, codes = check_labels(column, features, sample_weight=weight)
    rows = np.arange(len(codes))
    return csr_matrix((np.ones(len(codes)), (rows, codes)), shape=(len(codes), len(labels)))


def _measurements(outputs: NDArray[Any]) -> Array:
    try:
        columns = outputs.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`y` must be numeric for regression. Got {outputs.dtype} labels instead; use "
            'task="classification".'
        ) from error
    empty = ~columns.any(axis=0)
    if empty.any():
        raise ValueError(
            "Every output of `y` must have a value other than 0. Got only zeros in column "
            f"{np.flatnonzero(empty)[0]} instead; a constant needs no transfer: leave it out."
        )
    return columns
