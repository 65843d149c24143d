# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Vectors at a given cosine from another one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rotate_to_cosine(vector: Array, cosine: float) -> Array:
    r"""Turn a vector in the plane of itself and the first axis until it has a given cosine.

    Parameters
    ----------
    vector : ndarray of shape (n_features,)
        At least two features, not all of them zero.
    cosine : float
        Cosine of the angle between the vector and the result.

    Returns
    -------
    rotated : ndarray of shape (n_features,)
        Of the same length. In spherical coordinates the polar angle :math:`\varphi_1` from the
        first axis is reduced by :math:`\arccos` of the cosine, and all others are kept.
    """
    length = np.linalg.norm(vector)
    others = np.array(vector, dtype=float)
    others[0] = 0.0
    rest = np.linalg.norm(others)
    # a vector on the first axis has no plane of its own: the second axis gives it one
    others = others / rest if rest > 0 else np.eye(len(vector))[1]
    polar = np.arctan2(rest, vector[0]) - np.arccos(cosine)
    rotated = np.sin(polar) * others
    rotated[0] = np.cos(polar)
    return length * rotated


def orthogonal_to(known: Array, generator: np.random.Generator) -> Array:
    """Draw a direction orthogonal to others.

    Parameters
    ----------
    known : ndarray of shape (n_vectors, n_features)
        Fewer than there are features.
    generator : numpy.random.Generator
        Where the draw comes from.

    Returns
    -------
    drawn : ndarray of shape (n_features,)
        As long as the first of `known`.
    """
    basis = np.linalg.qr(known.T)[0]
    drawn = np.asarray(generator.standard_normal(known.shape[1]))
    free = drawn - basis @ (basis.T @ drawn)
    return np.asarray(free * (np.linalg.norm(known[0]) / np.linalg.norm(free)))
