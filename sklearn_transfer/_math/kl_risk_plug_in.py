# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""What estimation does to the weights of least K-L risk: noise in M, and how to take it off.

The discrepancy matrix is estimated by putting fitted parameters in place of true ones. Their
noise adds to every entry, so that even a source equal to the target looks distant, and a procedure
that estimates the target again from the data it has just weighted reinforces what it found first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

Array = NDArray[np.float64]


def plug_in_noise(
    n_samples: ArrayLike,
    n_target: float,
    n_parameters: float,
    *,
    shares: ArrayLike | None = None,
) -> Array:
    r"""Compute the part of an estimated discrepancy matrix that is estimation noise.

    Parameters
    ----------
    n_samples : array-like of shape (n_sources,)
        Samples that each source model was fitted to; ``kappa_i N_i / r_i`` where they differ from
        target samples in information or noise.
    n_target : float
        Number of target samples.
    n_parameters : float
        Number of free parameters d.
    shares : array-like of shape (n_sources + 1,) or None, default=None
        Shares of the target's samples (first) and of each source's in the estimate of the target
        parameters, with sum 1; None for an estimate from the target's samples alone.

    Returns
    -------
    noise : ndarray of shape (n_sources, n_sources)
        Expectation of the estimated matrix less the matrix of the deviations that are estimated.

    See Also
    --------
    debias_discrepancy : Take it off.

    Notes
    -----
    Source parameters are estimated with the covariance :math:`J^{-1} / N_i`, and those of the
    target by :math:`\sum_j a_j \hat\theta_j`, as a fit with weights w does with
    :math:`a_0 = N_0 / (N_0 + s)` and :math:`a_i = w_i N_i / (N_0 + s)`. The noise is

    .. math:: \delta_{ij} \frac{d}{N_i} - a_i \frac{d}{N_i} - a_j \frac{d}{N_j}
       + \sum_{l=0}^K a_l^2 \frac{d}{N_l},

    which is :math:`d / N_0 + \delta_{ij} d / N_i` if :math:`a_0 = 1`. The deviations that are
    estimated are :math:`\theta_i - \sum_j a_j \theta_j`, smaller than those from
    :math:`\theta_0` where the sources agree.

    Examples
    --------
    >>> from sklearn_transfer.weighting import plug_in_noise
    >>> plug_in_noise([100, 200], n_target=50, n_parameters=2)
    array([[0.06, 0.04],
           [0.04, 0.05]])
    """
    n = np.asarray(n_samples, dtype=float)
    variances = n_parameters / np.append(float(n_target), n)
    a = np.zeros(len(variances))
    a[0] = 1.0
    if shares is not None:
        a = np.asarray(shares, dtype=float)
        if a.shape != variances.shape or not abs(a.sum() - 1.0) < 1e-6:
            raise ValueError(
                f"`shares` must hold {len(variances)} numbers with sum 1, the target's first. Got "
                f"{a.tolist()} instead. Divide the weighted numbers of samples by their sum."
            )
    cross = a[1:] * variances[1:]
    noise = np.full((len(n), len(n)), np.sum(a**2 * variances))
    noise -= cross[:, np.newaxis] + cross
    noise[np.diag_indices_from(noise)] += variances[1:]
    return noise


def debias_discrepancy(discrepancy: ArrayLike, noise: ArrayLike) -> Array:
    r"""Take expected noise off an estimated discrepancy matrix, and keep it a Gram matrix.

    Parameters
    ----------
    discrepancy : array-like of shape (n_sources, n_sources)
        Estimated discrepancy matrix.
    noise : array-like of shape (n_sources, n_sources)
        Its expected noise, from :func:`plug_in_noise`.

    Returns
    -------
    debiased : ndarray of shape (n_sources, n_sources)
        The nearest positive semi-definite matrix to the difference.

    See Also
    --------
    plug_in_noise : The expected noise.

    Notes
    -----
    Negative eigenvalues of the symmetrised difference are set to zero. Without that, and with no
    variance terms added back, the weights grow without bound along directions that look as if they
    had less than no discrepancy. With it, the effective sample size is still optimistic.

    Examples
    --------
    >>> from sklearn_transfer.weighting import debias_discrepancy
    >>> debias_discrepancy([[3.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 2.0]])
    array([[2., 0.],
           [0., 0.]])
    """
    difference = np.asarray(discrepancy, dtype=float) - np.asarray(noise, dtype=float)
    values, vectors = eigh((difference + difference.T) / 2.0, subset_by_value=(0.0, np.inf))
    return (vectors * values) @ vectors.T


def pooling_ratio(discrepancy: ArrayLike, n_target: float, n_parameters: float) -> Array:
    r"""Compute each source's discrepancy in units of the target's estimation variance.

    Parameters
    ----------
    discrepancy : array-like of shape (n_sources, n_sources)
        Discrepancy matrix M, estimated with the target's samples alone.
    n_target : float
        Number of target samples.
    n_parameters : float
        Number of free parameters d.

    Returns
    -------
    ratio : ndarray of shape (n_sources,)
        ``c_i = N_0 M_ii / d``. A source equal to the target has about ``1 + N_0 / N_i``.

    See Also
    --------
    critical_ratio : Below it, a dynamic update pools.

    Examples
    --------
    >>> from sklearn_transfer.weighting import pooling_ratio
    >>> pooling_ratio([[0.25, 0.0], [0.0, 1.0]], n_target=20, n_parameters=5)
    array([1., 4.])
    """
    return n_target * np.diag(np.asarray(discrepancy, dtype=float)) / n_parameters


def critical_ratio(n_samples: ArrayLike, n_target: float) -> float | Array:
    r"""Compute the pooling ratio at which repeated updates of one source's weight switch.

    Parameters
    ----------
    n_samples : array-like
        Samples of the source; several sources are taken one by one.
    n_target : float
        Number of target samples.

    Returns
    -------
    critical : float or ndarray
        The ratio c*, 4 for a source without end; NaN where there is none, at
        ``n_samples <= 8 * n_target``.

    See Also
    --------
    pooling_ratio : The ratio to compare.

    Notes
    -----
    A dynamic update estimates the target parameters from the weighted data, so that with
    :math:`x = s / N_0` the discrepancy it sees shrinks to :math:`\rho / (1 + x)^2`. In the
    quadratic model of the likelihood, with :math:`r = N_1 / N_0` and :math:`c = N_0 \rho / d`, the
    next value is :math:`x' = 1 / (1/r + c / (1 + x)^2)`, and x grows from 0 to the smallest root of

    .. math:: c = h(x) = (1 + x)^2 \left(\frac1x - \frac1r\right), \qquad 0 < x < r.

    h falls, rises and falls again if r > 8, with its minimum at
    :math:`x_- = (r - \sqrt{r^2 - 8 r}) / 4` and its maximum at
    :math:`x_+ = (r + \sqrt{r^2 - 8 r}) / 4`. Above :math:`c^* = h(x_-)` the iteration stops at
    some :math:`x \le x_-`, a small multiple of the target's own weight; below, it runs beyond
    :math:`x_+` to near full pooling, whatever the true discrepancy. If r is at most 8, h falls
    throughout: the root is unique and moves with c without a jump. At r = 8, the limit is 27/8.

    Examples
    --------
    >>> from sklearn_transfer.weighting import critical_ratio
    >>> critical_ratio([10, 20, 1000], n_target=2)
    array([ nan, 3.53..., 3.99...])
    """
    r = np.asarray(n_samples, dtype=float) / n_target
    root = np.sqrt(1.0 - 8.0 / np.where(r > 8.0, r, np.inf))
    # the smaller root of 2 x^2 - r x + r, in the form that does not cancel for large r
    x = 2.0 / (1.0 + root)
    critical = np.where(r > 8.0, (1.0 + x) ** 2 * (1.0 / x - 1.0 / r), np.nan)
    return critical if critical.ndim else float(critical)
