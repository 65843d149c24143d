# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What other domains gain: cross-validated, with an interval and a plain verdict."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.base import clone, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_consistent_length, column_or_1d, has_fit_parameter

from sklearn_transfer._domains import (
    factorize_labels,
    read_domain_column,
    split_domain_column,
    target_code,
)
from sklearn_transfer._sklearn import _num_samples, _safe_indexing
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.model_selection._base import check_integer
from sklearn_transfer.model_selection._k_fold import (
    StratifiedTargetKFold,
    TargetGroupKFold,
    TargetKFold,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

_LEAST_PROBABILITY = 1e-5


@dataclass(frozen=True)
class TransferGain:
    """What `transfer_gain` found.

    Printed, it is one sentence for people who must justify using other hospitals' data.

    Parameters
    ----------
    gain : float
        Loss of the baseline less that of the estimator, a mean over held-out rows of the target.
    interval : tuple of float
        Of the expected gain, at `confidence_level`.
    loss : float
        Of the estimator: log-loss, or squared error.
    baseline_loss : float
        Of the baseline.
    verdict : {"helps", "no clear evidence", "hurts"}
        Where 0 lies: below, within or above the interval.
    confidence_level : float
        Of the interval.
    n_target : int
        Rows of the target.
    fold_gains : ndarray of shape (n_folds,)
        Of each fold of each repetition.

    See Also
    --------
    transfer_gain : Estimates it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.model_selection import TransferGain
    >>> found = TransferGain(0.06, (0.01, 0.11), 0.49, 0.55, "helps", 0.95, 200, np.empty(0))
    >>> print(found)  # doctest: +ELLIPSIS
    helps: loss 0.49 against 0.55, a gain of 0.06 (95% interval 0.01 to 0.11) from 200 ...
    """

    gain: float
    interval: tuple[float, float]
    loss: float
    baseline_loss: float
    verdict: str
    confidence_level: float
    n_target: int
    fold_gains: Array

    @property
    def relative_gain(self) -> float:
        """Share of the baseline's loss that is saved."""
        return self.gain / self.baseline_loss if self.baseline_loss else 0.0

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.verdict}: loss {self.loss:.4g} against {self.baseline_loss:.4g}, a gain of "
            f"{self.gain:.3g} ({self.confidence_level:.0%} interval {low:.3g} to {high:.3g}) from "
            f"{self.n_target} rows of the target"
        )

    def to_frame(self) -> pd.DataFrame:
        """Table of one row for people.

        Returns
        -------
        frame : DataFrame
            `verdict`, `gain`, `low`, `high`, `relative_gain`, `loss`, `baseline_loss`, `n_target`.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "verdict": [self.verdict],
                "gain": [self.gain],
                "low": [self.interval[0]],
                "high": [self.interval[1]],
                "relative_gain": [self.relative_gain],
                "loss": [self.loss],
                "baseline_loss": [self.baseline_loss],
                "n_target": [self.n_target],
            }
        )


def transfer_gain(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    sample_domain: Any = None,
    groups: Any = None,
    baseline: Any = None,
    n_splits: int = 5,
    n_repeats: int = 5,
    confidence_level: float = 0.95,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> TransferGain:
    r"""Whether other domains help the target, and by how much.

    Rows of the target are held out in folds, several times; the estimator learns from the rest of
    the target and from all sources, the baseline from the rest of the target alone.

    Parameters
    ----------
    estimator : estimator
        A transfer estimator with `target_domain`; it is cloned, never fitted itself.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows of the target and of all sources.
    y : array-like of shape (n_samples,)
        Labels or values.
    sample_domain : array-like of shape (n_samples,), default=None
        The domain of every row; None where the estimator has a `domain_column`.
    groups : array-like of shape (n_samples,), default=None
        Rows of one group, such as a patient, are held out together, and sources do not train on
        them either. An estimator whose `fit` takes `groups` is told those of its rows.
    baseline : estimator, default=None
        What to compare with, fitted to rows of the target alone. None stands for the estimator
        itself, which without sources is its inner estimator.
    n_splits : int, default=5
        Folds of the target's rows; fewer where a class or the target has fewer.
    n_repeats : int, default=5
        How often new folds are dealt.
    confidence_level : float, default=0.95
        Of the interval.
    n_jobs : int, default=None
        Number of folds worked on at once. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Of the folds. The estimator has its own.

    Returns
    -------
    gain : TransferGain
        Gain in log-loss (classification) or squared error (regression), its interval, and the
        verdict "helps", "no clear evidence" or "hurts".

    Raises
    ------
    ValueError
        If the target has fewer than four rows or one group, a classifier's target has one class,
        or the estimators cannot be compared.

    Notes
    -----
    Folds share most of their training rows, so that the variance between them tells too little of
    the variance of their mean. With J fold gains of variance :math:`s^2` it is taken as
    :math:`s^2 (1/J + n_\text{test} / n_\text{train})` [1]_, with J - 1 degrees of freedom. The
    gain is that of training on all but a fold of the target; with all of it the target-only model
    improves too, and the gain is a little smaller.

    The interval is rather too wide than too narrow. In 200 simulated data sets each (5 columns, 200
    source rows, ridge or logistic regression pooled against the target alone; standard error of a
    coverage about 0.02), the 95 % interval covered the expected gain, and "helps" or "hurts" was
    said, in these shares:

    =============== ======== ============== =============== ==============
    true gain       n_target squared error  log-loss        any verdict
    =============== ======== ============== =============== ==============
    clearly above 0 20       0.92           0.88            0.08, 0.10
    about 0         20       0.99           0.95            0.01, 0.04
    clearly below 0 20       0.96           0.97            0.09, 0.07
    clearly above 0 50       1.00           0.99            0.07, 0.04
    about 0         50       0.99           1.00            0.02, 0.01
    clearly below 0 50       0.99           1.00            0.07, 0.13
    =============== ======== ============== =============== ==============

    So a verdict can be believed, and its absence says little: below about 100 rows only large gains
    are seen. With 20 rows the folds, which have the target's share of each class, flatter a
    classifier trained on the target alone, and the interval tends to lie too low.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52,
           2003, equation 10.

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_transfer.datasets import load_heart_hospitals
    >>> from sklearn_transfer.model_selection import transfer_gain
    >>> from sklearn_transfer.weighting import UOWQClassifier
    >>> X, y, hospital = load_heart_hospitals(return_X_y=True)
    >>> inner = make_pipeline(
    ...     SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression()
    ... )
    >>> model = UOWQClassifier(inner, target_domain="long_beach_va", random_state=0)
    >>> gain = transfer_gain(model, X, y, sample_domain=hospital, random_state=0)
    >>> gain.verdict
    'helps'
    """
    check_integer("n_splits", n_splits, 2)
    check_integer("n_repeats", n_repeats, 1)
    if not 0.0 < confidence_level < 1.0:
        raise ValueError(
            f"`confidence_level` must lie between 0 and 1. Got {confidence_level!r} instead."
        )
    _check_estimators(estimator, baseline)
    check_consistent_length(X, y, groups)
    y = column_or_1d(y)
    labels = sample_domain
    if labels is None and getattr(estimator, "domain_column", None) is not None:
        labels = read_domain_column(X, estimator.domain_column)
    codes, domains = factorize_labels(labels, _num_samples(X))
    target = target_code(domains, estimator.target_domain)
    own = codes == target
    classes = np.unique(y) if is_classifier(estimator) else None
    n_splits = _possible_splits(y[own], classes, n_splits, groups, own)
    seeds = check_random_state(random_state).randint(np.iinfo(np.int32).max, size=n_repeats)
    folds = [
        fold
        for seed in seeds
        for fold in _folds(codes, target, y, groups, classes, n_splits, int(seed))
    ]
    routed = {"sample_domain": sample_domain, "groups": groups}
    routed = {name: values for name, values in routed.items() if values is not None}
    found = Parallel(n_jobs=n_jobs)(
        delayed(_losses)(estimator, baseline, X, y, routed, own, classes, fold) for fold in folds
    )
    size = np.array([len(test) for _, test in folds], dtype=float)
    losses = np.array(found)
    gains = losses[:, 1] - losses[:, 0]
    mean, baseline_mean = size @ losses / size.sum()
    gain = float(baseline_mean - mean)
    half = _half_width(gains, size, float(own.sum()), confidence_level)
    low, high = gain - half, gain + half
    verdict = "helps" if low > 0 else "hurts" if high < 0 else "no clear evidence"
    return TransferGain(
        gain,
        (low, high),
        float(mean),
        float(baseline_mean),
        verdict,
        confidence_level,
        int(own.sum()),
        gains,
    )


def _check_estimators(estimator: Any, baseline: Any) -> None:
    if not hasattr(estimator, "target_domain"):
        raise ValueError(
            "`estimator` must be a transfer estimator with the parameter `target_domain`. Got "
            f"{type(estimator).__name__}, which has none, instead; put it inside of one, as "
            "UOWQClassifier(estimator, target_domain=...) does."
        )
    if baseline is not None and is_classifier(estimator) and not hasattr(baseline, "predict_proba"):
        raise ValueError(
            "`baseline` must have `predict_proba` where the estimator is a classifier, because "
            f"log-losses are compared. Got {type(baseline).__name__}, which has none, instead; "
            "choose a probabilistic classifier."
        )


def _possible_splits(
    y: NDArray[Any],
    classes: NDArray[Any] | None,
    n_splits: int,
    groups: Any,
    own: NDArray[np.bool_],
) -> int:
    """Folds that leave every class of the target in training rows, as far as that can be."""
    if len(y) < 4:
        raise ValueError(
            f"The target must have four rows at least for its gain to be estimated. Got {len(y)} "
            "instead; give more."
        )
    most = len(y) if groups is None else len(np.unique(np.asarray(groups)[own]))
    if most < 2:
        raise ValueError(
            "`groups` must put the target's rows into two groups at least, or none can be held "
            "out. Got 1 group instead; leave `groups` out if its rows are independent."
        )
    if classes is not None:
        _, counts = np.unique(y, return_counts=True)
        if len(counts) < 2:
            raise ValueError(
                "The target must have rows of two classes at least, or no loss of a classifier "
                f"can be estimated. Got {y[:1].tolist()[0]!r} alone instead; give more rows."
            )
        most = min(most, max(int(counts.min()), 2))
    return max(2, min(n_splits, most))


def _folds(
    codes: NDArray[np.intp],
    target: int,
    y: NDArray[Any],
    groups: Any,
    classes: NDArray[Any] | None,
    n_splits: int,
    seed: int,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    kind: Any = TargetGroupKFold if groups is not None else TargetKFold
    if groups is None and classes is not None:
        kind = StratifiedTargetKFold
    splitter = kind(n_splits, target_domain=target, shuffle=True, random_state=seed)
    return splitter.split(codes[:, np.newaxis], y, groups, sample_domain=codes)


def _losses(
    estimator: Any,
    baseline: Any,
    X: Any,
    y: NDArray[Any],
    routed: dict[str, Any],
    own: NDArray[np.bool_],
    classes: NDArray[Any] | None,
    fold: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> tuple[float, float]:
    """Mean losses of the estimator and of the baseline on the test rows of a fold."""
    train, test = fold
    groups = routed.get("groups")
    alone = train[own[train]]
    with warnings.catch_warnings():
        # What a fit says of one fold is not for the reader of the verdict.
        warnings.simplefilter("ignore", TransferWarning)
        model = clone(estimator).fit(
            _safe_indexing(X, train), y[train], **_of_rows(estimator, routed, train)
        )
        other = clone(estimator if baseline is None else baseline)
        if "target_domain" in other.get_params() and "sample_domain" in routed:
            other.set_params(target_domain=None)
        X_alone = X
        if "sample_domain" not in routed and getattr(other, "domain_column", None) is None:
            # The column of domains is the transfer estimator's; no other may learn from it.
            X_alone = split_domain_column(X, estimator.domain_column)[0]
        given = _of_rows(other, {"groups": groups} if groups is not None else {}, alone)
        reference = _fit_alone(other, X_alone, y, alone, classes, given)
    return (
        _loss(model, _safe_indexing(X, test), y[test], classes),
        _loss(reference, _safe_indexing(X_alone, test), y[test], classes),
    )


def _of_rows(estimator: Any, routed: dict[str, Any], rows: NDArray[np.intp]) -> dict[str, Any]:
    """Domains of the rows, and their groups where the estimator holds rows out by groups."""
    return {
        name: _safe_indexing(values, rows)
        for name, values in routed.items()
        if name != "groups" or has_fit_parameter(estimator, "groups")
    }


class _OneClass:
    """Stands for a model of rows of one class: as frequent as one row more of each leaves it."""

    def __init__(self, y: NDArray[Any], classes: NDArray[Any]):
        self.classes_ = classes
        counts = 1.0 + (y[:, np.newaxis] == classes).sum(axis=0)
        self._frequency = counts / counts.sum()

    def predict_proba(self, X: Any) -> Array:
        return np.tile(self._frequency, (_num_samples(X), 1))


def _fit_alone(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    rows: NDArray[np.intp],
    classes: NDArray[Any] | None,
    given: dict[str, Any],
) -> Any:
    if classes is not None and len(np.unique(y[rows])) < 2:
        return _OneClass(y[rows], classes)
    return estimator.fit(_safe_indexing(X, rows), y[rows], **given)


def _loss(model: Any, X: Any, y: NDArray[Any], classes: NDArray[Any] | None) -> float:
    if classes is None:
        return float(np.mean((y - np.asarray(model.predict(X), dtype=float)) ** 2))
    proba = np.asarray(model.predict_proba(X), dtype=float)
    known = model.classes_.tolist()
    column = np.array([known.index(label) if label in known else -1 for label in y.tolist()])
    true = np.where(column >= 0, proba[np.arange(len(y)), column], 0.0)
    return float(-np.log(np.clip(true, _LEAST_PROBABILITY, 1.0)).mean())


def _half_width(gains: Array, size: Array, n_target: float, confidence_level: float) -> float:
    """Half of the interval, by the corrected variance of a mean over folds."""
    n_folds = len(gains)
    in_training = n_target - size.mean()
    variance = gains.var(ddof=1) * (1.0 / n_folds + size.mean() / in_training)
    quantile = student.ppf(0.5 + confidence_level / 2.0, n_folds - 1)
    return float(quantile * np.sqrt(variance))
