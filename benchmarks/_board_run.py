# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""One draw, all its methods: scores, seconds and fits, one line of the csv file each."""

from __future__ import annotations

import functools
import signal
import threading
import warnings
from contextlib import contextmanager
from time import process_time

import numpy as np
from _board_methods import NotApplicableError, inner_estimator, inner_grid, method
from _board_scores import SCORES, scores
from _board_splits import few_shot
from sklearn.base import clone
from sklearn.model_selection import KFold, StratifiedKFold

KEY = ["seed", "search", "inner", "table", "rows", "target", "repeat", "method"]
# seconds: of the processor, which other work on the machine changes less. unit: those of the bare
# fits (every source, the target, pooled, once each). pooled_fits: rows that all fits of the inner
# estimator saw, over the rows of the pooled fit.
FIELDS = [*KEY, *SCORES, "seconds", "unit", "fits", "pooled_fits", "chosen", "error"]
SEARCH_FOLDS = 3


def one_draw(folder, key, names, limit):
    """Lines of all methods on one draw."""
    data = few_shot(folder, key["table"], key["target"], key["rows"], key["repeat"], key["seed"])
    estimator = inner_estimator(key["inner"], data.classes is not None)
    unit = bare_seconds(estimator, data)
    return [
        {**key, "unit": unit, **one_method(name, estimator, data, key, limit)} for name in names
    ]


def one_method(name, estimator, data, key, limit):
    line = {"method": name, "error": "", "chosen": ""}
    started = process_time()
    try:
        with silence(), counted(type(estimator)) as fits, at_most(limit):
            predict = method(name)
            if key["search"]:
                options = search(predict, key["inner"], estimator, data)
                line["chosen"] = repr(options)
                estimator = clone(estimator).set_params(**options)
            predicted = predict(estimator, data)
        line["seconds"] = process_time() - started
        line["fits"], line["pooled_fits"] = fits[0], fits[1] / len(data.X)
        with np.errstate(all="ignore"):
            line.update(scores(predicted, data))
    except NotApplicableError as reason:
        line["error"] = f"not applicable: {reason}"
    except Exception as error:  # noqa: BLE001  (whatever a method raises is its result)
        line["error"] = (
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        )
    line.setdefault("seconds", process_time() - started)
    return line


def search(predict, inner, estimator, data):
    """Inner parameters with the smallest cross-validated loss on the target's rows.

    The whole method is fitted without a fold of the target's rows, with all sources.
    """
    own, others = np.flatnonzero(data.own), np.flatnonzero(~data.own)
    folds = KFold if data.classes is None else StratifiedKFold
    folds = folds(SEARCH_FOLDS, shuffle=True, random_state=0)
    parts = [
        data.part(np.concatenate([own[train], others]), own[held])
        for train, held in folds.split(own, data.y[own])
    ]
    grid = inner_grid(inner, data.classes is not None)
    losses = [
        np.mean(
            [
                scores(predict(clone(estimator).set_params(**g), part), part)["loss"]
                for part in parts
            ]
        )
        for g in grid
    ]
    return grid[int(np.argmin(losses))]


def bare_seconds(estimator, data):
    """Seconds of one fit to every source, one to the target and one to all rows."""
    parts = [data.domain == domain for domain in range(data.domain.max() + 1)]
    started = process_time()
    for rows in [*parts, np.ones(len(data.X), dtype=bool)]:
        y = data.y[rows]
        if data.classes is not None:
            seen, y = np.unique(y, return_inverse=True)
            if len(seen) == 1:
                continue
        with silence():
            clone(estimator).fit(data.X[rows], y)
    return process_time() - started


@contextmanager
def silence():
    """Drop warnings, those too that statsmodels insists on."""
    with warnings.catch_warnings(record=True):
        yield


@contextmanager
def counted(kind):
    """Count the fits of a class of estimators, and the rows that they see."""
    found, fit = [0, 0], kind.fit

    @functools.wraps(fit)
    def counting(self, X, *arguments, **options):
        found[0] += 1
        found[1] += X.shape[0]
        return fit(self, X, *arguments, **options)

    kind.fit = counting
    try:
        yield found
    finally:
        kind.fit = fit


@contextmanager
def at_most(limit):
    """Raise where the block takes longer, in seconds; without effect off the main thread."""
    if not (hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()):
        yield
        return

    def stop(*_):
        raise TimeoutError(f"took more than {limit} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
