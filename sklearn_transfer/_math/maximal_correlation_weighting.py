# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Labels from given features, each weighted by its correlation with the label."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


class FeatureMoments(NamedTuple):
    """What is kept of the target's rows.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
        Means of the features.
    scale : ndarray of shape (n_features,)
        Their standard deviations; infinite for a feature that does not vary, so that it counts
        for nothing.
    shares : ndarray of shape (n_classes,)
        Shares of the classes.
    class_means : ndarray of shape (n_classes, n_features)
        Means of the standardised features in each class; zero in a class without rows.
    """

    mean: Array
    scale: Array
    shares: Array
    class_means: Array

    def standardise(self, features: Array) -> Array:
        """Features of any rows by the moments of the rows that were kept."""
        return (features - self.mean) / self.scale


def feature_moments(
    features: Any, codes: Codes, n_classes: int, sample_weight: Array | None = None
) -> FeatureMoments:
    """Moments of features, and their means in every class.

    Parameters
    ----------
    features : {ndarray, sparse matrix} of shape (n_samples, n_features)
        Features of the target's rows; sparse ones stay sparse.
    codes : ndarray of shape (n_samples,)
        Class of each row, 0..n_classes-1.
    n_classes : int
        Number of classes.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Masses of the rows.

    Returns
    -------
    moments : FeatureMoments
        Variances are divided by the total mass.
    """
    weight = np.ones(len(codes)) if sample_weight is None else sample_weight
    mass = weight / weight.sum()
    members = np.zeros((n_classes, len(mass)))
    members[codes, np.arange(len(mass))] = mass
    shares = members.sum(axis=1)
    mean = np.asarray(mass @ features)
    if issparse(features):
        variance = np.maximum(mass @ features.power(2) - mean**2, 0.0)
        largest = abs(features).max(axis=0).toarray()[0]
        sums = np.asarray(members @ features) - np.outer(shares, mean)
    else:
        centred = features - mean
        variance = mass @ np.square(centred)
        largest = np.abs(features).max(axis=0)
        sums = members @ centred
    scale = np.sqrt(variance)
    # A constant's variance is rounding, which must not be blown up to 1.
    scale = np.where(scale > 1e-7 * largest, scale, np.inf)
    sums = sums / scale
    present = shares > 0
    class_means = np.zeros_like(sums)
    class_means[present] = sums[present] / shares[present, np.newaxis]
    return FeatureMoments(mean, scale, shares, class_means)


def with_common_scale(moments: FeatureMoments) -> FeatureMoments:
    """Put all features in one unit, the root of their mean variance.

    Parameters
    ----------
    moments : FeatureMoments
        Each feature in its own unit.

    Returns
    -------
    moments : FeatureMoments
        Features that sum to a constant still do so.
    """
    own = np.where(np.isfinite(moments.scale), moments.scale, 0.0)
    common = float(np.sqrt(np.mean(np.square(own))))
    if common == 0.0:
        return moments
    return moments._replace(
        scale=np.full_like(own, common), class_means=moments.class_means * (own / common)
    )


def maximal_correlations(moments: FeatureMoments) -> Array:
    r"""Correlation of each feature with the function of the label that suits it best.

    Parameters
    ----------
    moments : FeatureMoments
        Of the target's rows.

    Returns
    -------
    correlations : ndarray of shape (n_features,)
        :math:`\sigma_j = E[f_j g_j(Y)]` with :math:`g_j(y) = E[f_j \mid Y = y]`, which is
        :math:`E[g_j(Y)^2]`, the correlation ratio, between 0 and 1.
    """
    return moments.shares @ np.square(moments.class_means)


def label_posterior(association: Array, shares: Array) -> Array:
    r"""Label probabilities from the association of features and labels.

    Parameters
    ----------
    association : ndarray of shape (n_samples, n_classes)
        What the features of a row say for each label: the sum of :math:`\sigma f(x) g(y)`.
    shares : ndarray of shape (n_classes,)
        Prior probabilities.

    Returns
    -------
    posterior : ndarray of shape (n_samples, n_classes)
        :math:`P(y)(1 + a_y)`, which sums to 1 where the prior is that of the class means; it may
        fall below zero, is cut off there and scaled to sum to 1.
    """
    posterior = np.maximum(shares * (1.0 + association), 0.0)
    total = posterior.sum(axis=1, keepdims=True)
    # Far from the rows seen nothing may be left; the greatest association then decides.
    lost = total[:, 0] <= 0
    if lost.any():
        best = np.where(shares > 0, association[lost], -np.inf).argmax(axis=1)
        posterior[lost] = np.eye(len(shares))[best]
        total[lost] = 1.0
    return posterior / total
