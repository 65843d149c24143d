# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Small domains, and the score of a pair computed the long way round."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_transfer._folds import deal_folds


def domains(kind="labels", *, rows=(30, 40, 50), seed=0, n_classes=3):
    """Rows of the domains "a", "b" and "c", whose relations of y to X differ."""
    rng = np.random.default_rng(seed)
    labels = [chr(ord("a") + i) for i in range(len(rows))]
    domain = rng.permutation(np.repeat(labels, rows))
    X = rng.normal(size=(len(domain), 3))
    turn = 0.7 * (np.array([ord(label) for label in domain]) - ord("a"))
    linear = X[:, 0] * np.cos(turn) + X[:, 1] * np.sin(turn)
    if kind == "values":
        return X, 3.0 * linear + rng.normal(size=len(X)), domain
    noisy = linear + 0.5 * rng.normal(size=len(X))
    cuts = [0.0] if n_classes == 2 else [-0.6, 0.6]
    return X, np.array(["no", "some", "yes"])[np.digitize(noisy, cuts)], domain


def long_way(
    models, X_t, y_t, X_s, y_s, *, aggregation, sharpness=15.0, cv=5, loss="zero_one", c=0.5, seed=0
):
    """Algorithms 1 and 2 of the paper for one pair: fits, folds and votes written out in loops.

    Gives the score, the baseline and its standard errors by folds and by losses.
    """
    fold_seed = int(check_random_state(seed).randint(np.iinfo(np.int32).max))
    classes = None if loss == "squared_error" else np.unique(np.concatenate([y_t, y_s]))

    def say(model, X):
        if classes is None:
            return model.predict(X)
        told = np.zeros((len(X), len(classes)))
        for column, label in enumerate(model.classes_):
            told[:, list(classes).index(label)] = model.predict_proba(X)[:, column]
        return told

    def losses(told, y):
        if classes is None:
            return (told - y) ** 2
        if loss == "zero_one":
            return (classes[told.argmax(axis=1)] != y).astype(float)
        column = [list(classes).index(label) for label in y]
        return -np.log(np.clip(told[np.arange(len(y)), column], np.finfo(float).eps, 1))

    def own(X, y):
        fold = deal_folds(y, cv, classes if classes is None else np.unique(y), fold_seed)
        told = []
        for model in models:
            held_out = np.empty(len(y) if classes is None else (len(y), len(classes)))
            for k in range(cv):
                fit = clone(model).fit(X[fold != k], y[fold != k])
                held_out[fold == k] = say(fit, X[fold == k])
            told.append(held_out)
        return told, fold

    told_t, fold_t = own(X_t, y_t)
    told_s, fold_s = own(X_s, y_s)
    on_t = [say(clone(model).fit(X_s, y_s), X_t) for model in models]
    on_s = [say(clone(model).fit(X_t, y_t), X_s) for model in models]

    def softmax_weights(told, y):
        errors = np.array([losses(one, y).mean() for one in told])
        if classes is None:
            errors = errors / y.var()
        raised = np.exp(-sharpness * errors)
        return raised / raised.sum()

    w_t, w_s = softmax_weights(told_t, y_t), softmax_weights(told_s, y_s)
    if aggregation == "ensemble":
        told_t, told_s = ([sum(w * one for w, one in zip(ws, told, strict=True))]
                          for ws, told in ((w_t, told_t), (w_s, told_s)))  # fmt: skip
        on_t = [sum(w * one for w, one in zip(w_s, on_t, strict=True))]
        on_s = [sum(w * one for w, one in zip(w_t, on_s, strict=True))]
        weights = np.ones(1)
    elif aggregation == "weighted":
        weights = (w_t + w_s) / 2
    else:
        weights = np.full(len(models), 1 / len(models))

    def mixed(told, y):
        return sum(w * losses(one, y) for w, one in zip(weights, told, strict=True))

    own_t, own_s = mixed(told_t, y_t), mixed(told_s, y_s)
    baseline = c * own_t.mean() + (1 - c) * own_s.mean()
    score = c * mixed(on_t, y_t).mean() + (1 - c) * mixed(on_s, y_s).mean() - baseline

    def by_folds(values, fold):
        return np.std([values[fold == k].mean() for k in range(cv)], ddof=1) ** 2 / cv

    folds = np.sqrt(c**2 * by_folds(own_t, fold_t) + (1 - c) ** 2 * by_folds(own_s, fold_s))
    rows = np.sqrt(c**2 * own_t.var() / len(y_t) + (1 - c) ** 2 * own_s.var() / len(y_s))
    return score, baseline, folds, rows
