# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""OTCE: transferability between rows that carry source labels and rows that carry target labels."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import check_random_state

from sklearn_transfer._math.evidence import transport_terms
from sklearn_transfer._sklearn import Interval, validate_params
from sklearn_transfer.transferability._inputs import check_features, check_labels, check_weight


@validate_params(
    {
        "regularization": [Interval(Real, 0, None, closed="neither"), None],
        "max_samples": [Interval(Integral, 2, None, closed="left"), None],
        "random_state": ["random_state"],
        "return_terms": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def otce(
    source_features: Any,
    source_labels: Any,
    features: Any,
    y: Any,
    *,
    coefficients: tuple[float, float, float] = (0.0, -1.0, 0.0),
    regularization: float | None = None,
    sample_weight: Any = None,
    max_samples: int | None = None,
    random_state: Any = None,
    return_terms: bool = False,
) -> Any:
    r"""Optimal-transport conditional entropy between source and target rows (OTCE).

    Parameters
    ----------
    source_features : {array-like, sparse matrix} of shape (n_source, n_features)
        Representation of the source's rows by the source model.
    source_labels : array-like of shape (n_source,)
        Labels of the source's rows.
    features : {array-like, sparse matrix} of shape (n_samples, n_features)
        Representation of the target's rows by the same model.
    y : array-like of shape (n_samples,)
        Labels of the target.
    coefficients : tuple of 3 floats, default=(0.0, -1.0, 0.0)
        Weights of the transport cost and of the conditional entropy, and an intercept: a linear
        regression of accuracy on the two terms over auxiliary tasks gives them. The default is the
        conditional entropy alone, as the authors advise where there are no auxiliary tasks.
    regularization : float, default=None
        Weight of the entropy of the plan, relative to the mean cost. None solves the transport
        exactly, which takes about cubic time in the number of rows.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the target's rows; a weight of 2 is a row that is there twice.
    max_samples : int, default=None
        Rows drawn at random from a domain that has more. None takes all: the matrix of distances
        has ``n_source * n_samples`` entries.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw.
    return_terms : bool, default=False
        Whether to return the two terms as well.

    Returns
    -------
    score : float
        Greater is better.
    distance : float
        Cost of the plan, a squared distance. Only if `return_terms`.
    conditional_entropy : float
        Entropy of the target's given the source's label under the plan, in nats. Only if
        `return_terms`.

    See Also
    --------
    nce : For rows that carry both labels.
    leep : For the probabilities of a source classifier on the target's rows.

    Notes
    -----
    The plan pi couples the rows at least squared distance; with
    ``P(z, y) = sum of pi_ij over i: z_i = z, j: y_j = y``,

    .. math:: \mathrm{OTCE} = \lambda_1 \langle \pi, C \rangle
              - \lambda_2 \sum_{z, y} P(z, y) \log \frac{P(z, y)}{P(z)} + b .

    References
    ----------
    .. [1] Y. Tan, Y. Li, S.-L. Huang, "OTCE: A Transferability Metric for Cross-Domain Cross-Task
           Representations", CVPR 2021, arXiv:2103.13843.

    Examples
    --------
    >>> from sklearn_transfer.transferability import otce
    >>> source = [[0.0], [1.0], [5.0], [6.0]]
    >>> target = [[0.1], [1.1], [5.1], [6.1]]
    >>> score, distance, entropy = otce(
    ...     source, ["cat", "cat", "dog", "dog"], target, [0, 0, 1, 2], return_terms=True
    ... )
    >>> score, distance
    (-0.34657, 0.01)
    """
    weights = _coefficients(coefficients)
    source_features = check_features(source_features, name="source_features", min_samples=1)
    features = check_features(features, min_samples=1)
    if source_features.shape[1] != features.shape[1]:
        raise ValueError(
            "`source_features` and `features` must have the same columns. Got "
            f"{source_features.shape[1]} and {features.shape[1]} columns instead; compute both "
            "with the same model."
        )
    weight = check_weight(sample_weight, features)
    _, source_codes = check_labels(source_labels, source_features, name="source_labels")
    _, codes = check_labels(y, features, sample_weight=weight)

    rng = check_random_state(random_state)
    source_rows = _draw(np.arange(len(source_codes)), max_samples, rng)
    live = np.arange(len(codes)) if weight is None else np.flatnonzero(weight)
    rows = _draw(live, max_samples, rng)
    mass = np.ones(len(rows)) if weight is None else weight[rows]
    cost = euclidean_distances(
        source_features[source_rows].astype(float), features[rows].astype(float), squared=True
    )
    terms = transport_terms(
        cost,
        source_codes[source_rows],
        codes[rows],
        np.full(len(source_rows), 1.0 / len(source_rows)),
        mass / mass.sum(),
        regularization=regularization,
    )
    score = float(weights @ [terms.distance, terms.conditional_entropy, 1.0])
    return (score, *terms) if return_terms else score


def _coefficients(coefficients: Any) -> NDArray[np.float64]:
    try:
        weights = np.array(coefficients, dtype=float)
    except (TypeError, ValueError):
        weights = np.empty(0)
    if weights.shape != (3,) or not np.isfinite(weights).all():
        raise ValueError(
            "`coefficients` must be three finite numbers: weight of the transport cost, weight of "
            f"the conditional entropy, intercept. Got {coefficients!r} instead."
        )
    return weights


def _draw(
    rows: NDArray[np.intp], max_samples: int | None, rng: np.random.RandomState
) -> NDArray[np.intp]:
    if max_samples is None or len(rows) <= max_samples:
        return rows
    return np.sort(rng.choice(rows, max_samples, replace=False))
