# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the measures share that compare rows, not models: one scale, one work per domain, pairs."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse, vstack
from sklearn.utils import Tags, check_random_state
from sklearn.utils.parallel import Parallel, delayed

from sklearn_transfer._domains import listed
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import take_rows
from sklearn_transfer.similarity._base import BaseSimilarity, DomainRows
from sklearn_transfer.similarity._numeric_rows import numeric_rows, on_one_scale

Array = NDArray[np.float64]


class Sample(NamedTuple):
    """Rows of one domain as numbers, their masses, and their classes where a measure wants them."""

    X: Any
    weight: Array
    codes: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> Sample:
        """Give some rows, in the order of their numbers."""
        return Sample(self.X[rows], self.weight[rows], self.codes[rows])


class Comparison(NamedTuple):
    """Score of one pair, and whether the iterations that gave it came to rest."""

    score: float
    settled: bool = True


class BaseRowDistance(BaseSimilarity):
    """Template of a measure that compares the rows of two domains.

    A subclass defines `_compare` and, where it has them, `_common` (what all pairs share),
    `_own` (what is worked out once per domain) and `_lacking` (why a domain cannot be scored).
    """

    _uses_y: ClassVar[bool] = False

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseSimilarity._parameter_constraints,
        "standardize": ["boolean"],
        "n_jobs": [Integral, None],
    }

    # Set by every subclass's __init__.
    standardize: bool
    n_jobs: int | None

    @abstractmethod
    def _compare(
        self, first: Sample, second: Sample, own: tuple[Any, Any], common: Any
    ) -> Comparison:
        """Score one pair, the first in the part of the target."""

    def _common(self, samples: list[Sample]) -> Any:
        """Work out what all pairs share, a bandwidth for example."""
        return None

    def _own(self, sample: Sample, common: Any) -> Any:
        """Work out what one domain brings into each of its pairs."""
        return None

    def _lacking(self, sample: Sample) -> str:
        """Say what a domain lacks; empty where it can be scored."""
        return ""

    def _refuse_weights(self) -> str:
        """Say why rows may not be weighted; empty where they may."""
        return ""

    def _codes(self, y: NDArray[Any], sample_weight: Array | None) -> NDArray[np.intp]:
        """Classes of the rows of all domains."""
        return np.zeros(len(y), dtype=np.intp)

    def _samples(self, domains: DomainRows) -> list[Sample]:
        if domains.sample_weight is not None and (domains.sample_weight != 1.0).any():
            reason = self._refuse_weights()
            if reason:
                raise ValueError(
                    f"`sample_weight` must be 1 for every row, because {reason}. Got weights "
                    f"between {domains.sample_weight.min():g} and "
                    f"{domains.sample_weight.max():g} instead; leave it out or choose another "
                    "`method`."
                )
        weight = domains.sample_weight
        X = on_one_scale(numeric_rows(domains.X), weight, standardize=self.standardize)
        codes = self._codes(domains.y, weight)
        weight = np.ones(len(codes)) if weight is None else weight
        return [Sample(take_rows(X, rows), weight[rows], codes[rows]) for rows in domains.rows]

    def _score_pairs(self, domains: DomainRows, pairs: list[tuple[int, int]]) -> Array:
        samples = self._samples(domains)
        common = self._common(samples)
        if not pairs:
            return np.empty(0)
        lacking = {i: self._lacking(sample) for i, sample in enumerate(samples)}
        lacking = {i: reason for i, reason in lacking.items() if reason}
        if lacking:
            warn_transfer(
                f"{type(self).__name__} leaves out "
                + "; ".join(f"{listed([domains.labels[i]])}: {lacking[i]}" for i in lacking)
                + ". Their scores are NaN."
            )
        scores = np.full(len(pairs), np.nan)
        kept = [n for n, pair in enumerate(pairs) if not lacking.keys() & set(pair)]
        if not kept:
            return scores
        parallel = Parallel(n_jobs=self.n_jobs)
        used = [i for i in range(len(samples)) if i not in lacking]
        worked_out = parallel(delayed(self._own)(samples[i], common) for i in used)
        own = dict(zip(used, worked_out, strict=True))
        compared = parallel(
            delayed(self._compare)(samples[i], samples[j], (own[i], own[j]), common)
            for i, j in (pairs[n] for n in kept)
        )
        scores[kept] = [comparison.score for comparison in compared]
        restless = sum(not comparison.settled for comparison in compared)
        if restless:
            warn_transfer(
                f"The iterations of {restless} of {len(kept)} pairs did not come to rest: their "
                "scores are less exact. Raise `regularization` or lower `max_samples`."
            )
        return scores

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def compare_tables(
    measure: BaseRowDistance,
    X_target: Any,
    X_source: Any,
    y_target: Any = None,
    y_source: Any = None,
) -> float:
    """Score one pair of tables by a measure that has not been fitted.

    Parameters
    ----------
    measure : BaseRowDistance
        With the parameters to use.
    X_target, X_source : {array-like, sparse matrix, dataframe}
        Rows of the two domains; the same columns.
    y_target, y_source : array-like or None, default=None
        Labels or values, for measures that look at them.

    Returns
    -------
    score : float
        What the measure gives for the pair (target, source).
    """
    measure._validate_params()
    tables = {"X_target": X_target, "X_source": X_source}
    labels = {"X_target": y_target, "X_source": y_source}
    target, source = (_matrix(table, name) for name, table in tables.items())
    _check_same_columns(X_target, X_source, target, source)
    ys = []
    for (name, y), X in zip(labels.items(), (target, source), strict=True):
        y = np.zeros(X.shape[0]) if y is None else measure._check_labels(y)
        if len(y) != X.shape[0]:
            raise ValueError(
                f"`{name.replace('X', 'y')}` must have one entry per row of `{name}`. Got "
                f"{len(y)} entries for {X.shape[0]} rows instead."
            )
        ys.append(y)
    mixed = issparse(target) or issparse(source)
    X = vstack([target, source], format="csr") if mixed else np.concatenate([target, source])
    split = target.shape[0]
    rows = [np.arange(split), np.arange(split, X.shape[0])]
    domains = DomainRows(np.array([*tables]), X, np.concatenate(ys), None, rows)
    for name, sample in zip(tables, measure._samples(domains), strict=True):
        if measure._lacking(sample):
            raise ValueError(
                f"`{name}` must have rows enough to be scored: {measure._lacking(sample)}. Got "
                f"{sample.X.shape[0]} rows instead; give more."
            )
    return float(measure._score_pairs(domains, [(0, 1)])[0])


def drawn_rows(n_samples: int, max_samples: int | None, seed: int) -> NDArray[np.intp]:
    """Rows drawn without replacement: the same places in all domains of the same size.

    So a domain is drawn alike whenever it is compared, with itself too.

    Parameters
    ----------
    n_samples : int
        Rows there are.
    max_samples : int or None
        Rows to draw; None takes all.
    seed : int
        Of the draw.

    Returns
    -------
    rows : ndarray of int
        Increasing row numbers.
    """
    if max_samples is None or n_samples <= max_samples:
        return np.arange(n_samples)
    return np.sort(np.random.RandomState(seed).permutation(n_samples)[:max_samples])


def common_seed(random_state: Any) -> int:
    """One seed for all domains, from what the user gave."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _matrix(table: Any, name: str) -> Any:
    if not (hasattr(table, "columns") or issparse(table)):
        table = np.asarray(table)
        if table.ndim != 2:
            raise ValueError(
                f"`{name}` must be a matrix of shape (n_samples, n_features). Got shape "
                f"{table.shape} instead; reshape one feature by reshape(-1, 1)."
            )
    if 0 in table.shape:
        raise ValueError(f"`{name}` must have rows and columns. Got shape {table.shape} instead.")
    return numeric_rows(table, name=name)


def _check_same_columns(X_target: Any, X_source: Any, target: Any, source: Any) -> None:
    if target.shape[1] != source.shape[1]:
        raise ValueError(
            "`X_target` and `X_source` must have the same columns. Got "
            f"{target.shape[1]} and {source.shape[1]} columns instead; give what both have."
        )
    if hasattr(X_target, "columns") and hasattr(X_source, "columns"):
        names, others = list(X_target.columns), list(X_source.columns)
        if names != others:
            raise ValueError(
                "`X_target` and `X_source` must have the same columns in the same order. Got "
                f"{listed(names)} and {listed(others)} instead; select them by name."
            )
