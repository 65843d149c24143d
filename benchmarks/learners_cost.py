# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Fits of the inner estimator, and seconds, that each learner costs.

Source detection with trees adds one fit a fold, for the level that it estimates out of fold.

The fits are counted, not derived: the inner estimator counts them itself. Seconds are divided by
those of one pooled fit, taken in the same run. A learner is added by one row in `LEARNERS`.

    OMP_NUM_THREADS=1 python benchmarks/learners_cost.py [--quick] [--only NAME] [--n-jobs N]

Fits are counted in this process, with one job; `--n-jobs` is for the seconds alone.
"""

from __future__ import annotations

import argparse
import platform
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import sklearn_transfer
from sklearn_transfer.boosting import (
    DynamicTrAdaBoostClassifier,
    MultiSourceTrAdaBoostClassifier,
    TrAdaBoostClassifier,
    TrAdaBoostRegressor,
    TwoStageTrAdaBoostRegressor,
)
from sklearn_transfer.ensemble import (
    ARTClassifier,
    DirectTransferClassifier,
    SourceDetectionClassifier,
)
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.hierarchical import RandomCoefficientsClassifier
from sklearn_transfer.weighting import OTQMSClassifier, UOWQClassifier

TARGET = "target"


@dataclass(frozen=True)
class Learner:
    """One row of the table.

    Parameters
    ----------
    name : str
        Shown, and matched by `--only`.
    make : callable
        Inner estimator -> the learner, whose target domain is set later.
    fits : callable
        Number of sources -> fits that its documentation promises at most.
    inner : estimator
        What it fits.
    """

    name: str
    make: Callable[[Any], Any]
    fits: Callable[[int], int]
    inner: Any


TREE = DecisionTreeClassifier(max_depth=3, random_state=0)
REGRESSION_TREE = DecisionTreeRegressor(max_depth=3, random_state=0)
LOGISTIC = LogisticRegression()
RIDGE = Ridge()

LEARNERS = [
    Learner("TrAdaBoost, 50 rounds", TrAdaBoostClassifier, lambda k: 50, TREE),
    Learner("TrAdaBoost, 50 rounds, logistic", TrAdaBoostClassifier, lambda k: 50, LOGISTIC),
    Learner("Dynamic TrAdaBoost, 50 rounds", DynamicTrAdaBoostClassifier, lambda k: 50, TREE),
    Learner(
        "MultiSource TrAdaBoost, 50 rounds",
        MultiSourceTrAdaBoostClassifier,
        lambda k: 50 * k,
        TREE,
    ),
    Learner("TrAdaBoost.R2, 50 rounds", TrAdaBoostRegressor, lambda k: 50, REGRESSION_TREE),
    Learner("TrAdaBoost.R2, 50 rounds, ridge", TrAdaBoostRegressor, lambda k: 50, RIDGE),
    Learner(
        "Two-stage TrAdaBoost.R2, 10 steps, 5 folds, 10 rounds",
        TwoStageTrAdaBoostRegressor,
        lambda k: (10 - 2) + 10 * 5 * 10 + 10,
        REGRESSION_TREE,
    ),
    Learner("DirectTransfer, concatenate", DirectTransferClassifier, lambda k: 1, LOGISTIC),
    Learner(
        "ART, 20 splits",
        partial(ARTClassifier, max_splits=20),
        lambda k: 20 * (k + 1) + (k + 1),
        LOGISTIC,
    ),
    Learner(
        "Source detection, 3 folds", SourceDetectionClassifier, lambda k: 3 * (k + 1) + 1 + 3, TREE
    ),
    Learner("OTQMS static", partial(OTQMSClassifier, update="static"), lambda k: k + 2, LOGISTIC),
    Learner("OTQMS dynamic, 5 rounds", OTQMSClassifier, lambda k: k + 6, LOGISTIC),
    Learner("UOWQ static", partial(UOWQClassifier, update="static"), lambda k: k + 2, LOGISTIC),
    Learner("UOWQ dynamic, 5 rounds", UOWQClassifier, lambda k: k + 6, LOGISTIC),
    Learner("Random coefficients, 5 folds", RandomCoefficientsClassifier, lambda k: 6, TREE),
]


class _Count:
    """Number of fits of all counting estimators since the last reset."""

    fits = 0


def counting(estimator: Any) -> Any:
    """Return the same estimator, of a subclass that counts its fits.

    A subclass, not a wrapper: methods that read the model (its family, its coefficients) see
    what they would see.
    """
    kind = type(estimator)

    def fit(self: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
        _Count.fits += 1
        return kind.fit(self, X, y, sample_weight)

    counted = type(kind.__name__, (kind,), {"fit": fit, "__init__": kind.__init__})
    return counted(**estimator.get_params(deep=False))


def draw(n_sources: int, rows: int, is_classifier: bool) -> tuple[Any, Any, Any]:
    """Draw sources that differ from the target by degrees; the target has a tenth of a source."""
    rng = np.random.default_rng(0)
    names = [TARGET, *(f"source {k}" for k in range(n_sources))]
    domain = np.repeat(names, [rows // 10] + [rows] * n_sources)
    X = rng.standard_normal((len(domain), 10))
    turn = np.repeat(np.linspace(0.0, 1.0, n_sources + 1), [rows // 10] + [rows] * n_sources)
    y = X[:, 0] + turn * X[:, 1] + 0.5 * X[:, 2] ** 2 + rng.standard_normal(len(X))
    return X, (y > np.median(y)).astype(int) if is_classifier else y, domain


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Time a call: the median of several."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times)


def measure(learner: Learner, n_sources: int, rows: int, repeats: int, n_jobs: int) -> str:
    """Write one row of the table."""
    X, y, domain = draw(n_sources, rows, sklearn.base.is_classifier(learner.inner))
    model = learner.make(counting(learner.inner)).set_params(target_domain=TARGET)
    if "random_state" in model.get_params(deep=False):
        model.set_params(random_state=0)
    _Count.fits = 0
    model.fit(X, y, sample_domain=domain)
    fits, promised = _Count.fits, learner.fits(n_sources)
    if "n_jobs" in model.get_params(deep=False):
        model.set_params(n_jobs=n_jobs)
    model.set_params(estimator=learner.inner)
    once = seconds(lambda: clone(learner.inner).fit(X, y), 5 * repeats)
    whole = seconds(lambda: clone(model).fit(X, y, sample_domain=domain), repeats)
    return (
        f"{learner.name:<54} {n_sources:>4} {fits:>6} {promised:>9} {whole:>9.3f} "
        f"{whole / once:>7.0f} {whole / once / fits:>8.2f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer and smaller tables")
    parser.add_argument("--only", default="", help="part of the names of the learners to run")
    parser.add_argument("--n-jobs", type=int, default=1, help="jobs while seconds are taken")
    options = parser.parse_args()
    rows, repeats, numbers = (500, 1, [3]) if options.quick else (5000, 3, [1, 3, 10])
    print(
        f"sklearn_transfer {sklearn_transfer.__version__}, scikit-learn {sklearn.__version__}, "
        f"NumPy {np.__version__}, Python {platform.python_version()}; {rows} rows a source, "
        f"{rows // 10} target rows, n_jobs={options.n_jobs}"
    )
    print(
        f"{'learner':<54} {'K':>4} {'fits':>6} {'promised':>9} {'seconds':>9} {'/pooled':>7} "
        f"{'per fit':>8}"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        for learner in LEARNERS:
            if options.only.lower() in learner.name.lower():
                for n_sources in numbers:
                    print(measure(learner, n_sources, rows, repeats, options.n_jobs), flush=True)


if __name__ == "__main__":
    main()
