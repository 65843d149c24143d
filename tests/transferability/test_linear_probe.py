# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Linear probe against cross-validation written out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, LeaveOneOut, StratifiedKFold

from sklearn_transfer.transferability import linear_probe_score


def test_accuracy_over_stratified_folds():
    X, y = load_iris(return_X_y=True)
    scores = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=3).split(X, y):
        mean, std = X[train].mean(axis=0), X[train].std(axis=0)
        model = LogisticRegression(max_iter=1000).fit((X[train] - mean) / std, y[train])
        scores.append(model.score((X[test] - mean) / std, y[test]))
    assert_allclose(linear_probe_score(X, y, random_state=3), np.mean(scores))
    names = np.array(["a", "b", "c"])[y]
    assert_allclose(linear_probe_score(X, names, random_state=3), np.mean(scores))


def test_r2_over_folds():
    X, y = load_diabetes(return_X_y=True)
    scores = []
    for train, test in KFold(4, shuffle=True, random_state=0).split(X):
        mean, std = X[train].mean(axis=0), X[train].std(axis=0)
        model = Ridge().fit((X[train] - mean) / std, y[train])
        scores.append(r2_score(y[test], model.predict((X[test] - mean) / std)))
    assert_allclose(linear_probe_score(X, y, cv=4, random_state=0), np.mean(scores))
    integers = linear_probe_score(X, y.astype(int), task="regression", cv=4, random_state=0)
    assert_allclose(integers, np.mean(scores))
    twice = linear_probe_score(X, np.column_stack([y, y]), cv=4, random_state=0)
    assert_allclose(twice, np.mean(scores))


def test_classes_with_one_row_need_no_warning(rng):
    X = rng.standard_normal((21, 2))
    y = np.r_[np.repeat([0, 1], 10), 2]
    assert 0 <= linear_probe_score(X, y, random_state=0) <= 1


def test_sparse_features_own_estimator_scorer_and_splitter(rng):
    X = rng.standard_normal((40, 3))
    X[X < 0] = 0
    y = (X[:, 0] > 0.5).astype(int)
    scores = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        std = X[train].std(axis=0)  # scaled, and not centred
        model = LogisticRegression(max_iter=1000).fit(X[train] / std, y[train])
        scores.append(model.score(X[test] / std, y[test]))
    assert_allclose(linear_probe_score(csr_matrix(X), y, random_state=0), np.mean(scores))
    most = max(y.mean(), 1 - y.mean())
    assert_allclose(linear_probe_score(X, y, estimator=DummyClassifier(), cv=LeaveOneOut()), most)
    loss = linear_probe_score(X, y, scoring="neg_log_loss", random_state=0)
    assert loss < 0
    assert linear_probe_score(X, y, n_jobs=2, random_state=0) == linear_probe_score(
        X, y, random_state=0
    )


def test_what_cannot_be_probed_is_refused():
    X = np.arange(8.0).reshape(4, 2)
    with pytest.raises(ValueError, match="two classes"):
        linear_probe_score(X, [1, 1, 1, 1], cv=2)
    with pytest.raises(ValueError, match="5 folds of 4 rows"):
        linear_probe_score(X, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="at least 2 rows"):
        linear_probe_score(np.empty((0, 2)), [])
    with pytest.raises(ValueError, match="one output at a time"):
        linear_probe_score(X, np.zeros((4, 2), dtype=int), cv=2)
