# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the board says of a method's predictions on the test rows."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax
from sklearn.metrics import accuracy_score, roc_auc_score

SCORES = ["loss", "auc", "accuracy", "brier", "slope"]
SMALLEST = 1e-6
# Beyond it the rows are separated, and the slope is a matter of the optimiser.
LARGEST_SLOPE = 50.0


def scores(predicted, data):
    """Scores of predictions: values, or probabilities of `data.classes`.

    loss      log-loss, or root mean squared error over the target's standard deviation
    auc       for two classes
    accuracy  for classes
    brier     sum over classes, halved: for two classes the usual one
    slope     of the truth on the prediction; for classes on its logit or logarithm
    """
    y = data.y_test
    if data.classes is None:
        if not np.isfinite(predicted).all():
            raise FloatingPointError("predictions are not finite")
        loss = np.sqrt(np.mean((y - predicted) ** 2)) / data.spread
        varies = np.var(predicted) > 0
        slope = np.cov(predicted, y)[0, 1] / np.var(predicted, ddof=1) if varies else np.nan
        return {"loss": float(loss), "slope": float(slope)}
    if not np.isfinite(predicted).all():
        raise FloatingPointError("probabilities are not finite")
    code = np.searchsorted(data.classes, y)
    proba = _seen(predicted, data)
    true = np.clip(proba[np.arange(len(y)), code], SMALLEST, 1 - SMALLEST)
    hot = np.eye(len(data.classes))[code]
    two = len(data.classes) == 2
    return {
        "loss": float(-np.log(true).mean()),
        "auc": float(roc_auc_score(code, proba[:, 1])) if two and np.ptp(code) else np.nan,
        "accuracy": float(accuracy_score(code, proba.argmax(axis=1))),
        "brier": float(((proba - hot) ** 2).sum(axis=1).mean() / 2),
        "slope": _slope(proba, code),
    }


def _seen(proba, data):
    """A class to which no row gets any chance was not seen: it gets what one more row would."""
    unseen = (proba == 0.0).all(axis=0)
    share = 1.0 / (data.own.sum() + len(data.classes))
    full = proba * (1.0 - unseen.sum() * share)
    full[:, unseen] = share
    return full / full.sum(axis=1, keepdims=True)


def _slope(proba, code):
    log_proba = np.log(np.clip(proba, SMALLEST, 1.0))
    rows = np.arange(len(code))
    if proba.shape[1] > 2:
        found = minimize_scalar(
            lambda slope: -log_softmax(slope * log_proba, axis=1)[rows, code].mean(),
            bounds=(0.0, LARGEST_SLOPE),
            method="bounded",
        )
        return float(found.x)
    if np.ptp(code) == 0:
        return np.nan
    logit = log_proba[:, 1] - log_proba[:, 0]

    def negative(point):
        linear = point[0] + point[1] * logit
        return np.logaddexp(0.0, linear).mean() - (code * linear).mean()

    found = minimize(negative, np.array([0.0, 1.0]))
    return float(found.x[1]) if abs(found.x[1]) < LARGEST_SLOPE else np.nan
