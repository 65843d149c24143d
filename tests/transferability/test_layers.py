# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Choice of a layer and of a task: against direct calls, and with planted truth."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from sklearn_transfer.transferability import (
    h_score,
    layer_transferability,
    logme,
    target_transferability,
)
from sklearn_transfer.transferability._features import hidden_layers, model_features
from sklearn_transfer.transferability._leaves import leaf_embedding
from sklearn_transfer.transferability._source_scores import standardised


def rows(n_rows=300, seed=0):
    X = np.random.default_rng(seed).standard_normal((n_rows, 4))
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def perceptron(X, y, family=MLPClassifier, sizes=(6, 3)):
    model = family(hidden_layer_sizes=sizes, max_iter=20, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(StandardScaler(), model).fit(X, y)


def test_layers_of_a_perceptron_are_scored_as_they_are():
    X, y = rows()
    model = perceptron(X, y)
    found = layer_transferability(model, X, y)
    scaled = model[0].transform(X)
    blocks = {
        "input": scaled,
        "hidden_1": hidden_layers(model[1], scaled)[0],
        "hidden_2": hidden_layers(model[1], scaled)[1],
        "output": model_features(model, X, "log_odds"),
    }
    assert found.layers == tuple(blocks)
    assert_array_equal(found.n_features, [4, 6, 3, 1])
    expected = [h_score(block, y, shrinkage=None, adjusted=True) for block in blocks.values()]
    assert_allclose(found.scores, expected)
    assert found.shrinkage == 0.0
    for name, block in blocks.items():
        assert_allclose(found.transform(X, name), block)
    assert found.best == max(blocks, key=lambda name: expected[found.layers.index(name)])
    assert_allclose(found.transform(X), blocks[found.best])


def test_layer_that_threw_the_target_away_loses():
    """Weights set by hand: the first layer keeps both columns, the second one alone."""
    X, _ = rows()
    model = perceptron(X, X[:, 0] > 0, sizes=(2, 1))
    net = model[1].set_params(activation="identity")
    net.coefs_ = [np.eye(4)[:, :2], np.array([[1.0], [0.0]]), np.array([[1.0]])]
    net.intercepts_ = [np.zeros(2), np.zeros(1), np.zeros(1)]
    own, other = X[:, 0] > 0, X[:, 1] > 0
    for_own, for_other = (layer_transferability(model, X, y) for y in (own, other))
    assert_allclose(for_own.scores[1], for_own.scores[2], atol=0.02)
    assert for_other.best in ("input", "hidden_1")
    assert abs(for_other.scores[2]) < 0.05 < 0.5 < for_other.scores[1]


def test_measurements_and_weights():
    X, _ = rows()
    value = X[:, 0] ** 2
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(X))
    model = perceptron(X, value, MLPRegressor)
    found = layer_transferability(model, X, value, sample_weight=weight)
    output = model.predict(X).reshape(-1, 1)
    assert_allclose(
        found.scores[-1],
        h_score(output, value, shrinkage=None, adjusted=True, sample_weight=weight),
    )
    by_evidence = layer_transferability(model, X, value, scoring="logme")
    assert_allclose(by_evidence.scores[-1], logme(output, value))
    assert by_evidence.shrinkage is None


@pytest.mark.parametrize(
    ("model", "layers"),
    [
        (DecisionTreeClassifier(max_depth=5, random_state=0), ["depth_1", "depth_2", "depth_4"]),
        (RandomForestClassifier(3, max_depth=2, random_state=0), ["depth_1", "depth_2"]),
        (
            GradientBoostingClassifier(n_estimators=5, max_depth=1, random_state=0),
            ["depth_1", "rounds_1", "rounds_2", "rounds_4", "rounds_5"],
        ),
        (
            XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1),
            ["depth_1", "depth_2", "rounds_1", "rounds_2", "rounds_3"],
        ),
    ],
    ids=["tree", "forest", "boosting", "xgboost"],
)
def test_layers_of_trees(model, layers):
    X, y = rows()
    model.fit(X, y)
    found = layer_transferability(model, X, y, shrinkage=None)
    assert list(found.layers[: len(layers)]) == layers
    for name, score in zip(found.layers, found.scores, strict=True):
        kind, number = name.split("_")
        cut = {"depth" if kind == "depth" else "n_rounds": int(number)}
        embedding = leaf_embedding(model, X, **cut)
        assert_allclose(score, h_score(embedding, y, shrinkage=None, adjusted=True))
        assert_array_equal(found.transform(X, name).toarray(), embedding.toarray())


def test_one_shrinkage_for_all_layers_of_few_rows():
    X, y = rows(300)
    model = perceptron(X, y, sizes=(30, 2))
    few, labels = X[:40], y[:40]
    found = layer_transferability(model, few, labels)
    assert 0.0 < found.shrinkage < 1.0
    for name, score in zip(found.layers, found.scores, strict=True):
        block = standardised(found.transform(few, name), None)
        assert_allclose(score, h_score(block, labels, shrinkage=found.shrinkage, adjusted=True))


def test_sparse_rows():
    X, y = rows()
    model = MLPClassifier((3,), tol=1.0, n_iter_no_change=2, random_state=0).fit(X, y)
    dense, sparse = (layer_transferability(model, Z, y) for Z in (X, csr_matrix(X)))
    assert_allclose(sparse.scores, dense.scores)


def test_table_of_layers():
    X, y = rows()
    frame = layer_transferability(FrozenEstimator(perceptron(X, y)), X, y).to_frame()
    assert list(frame) == ["layer", "score", "n_features", "best"]
    assert frame["best"].sum() == 1
    assert frame.loc[frame["best"], "score"].item() == frame["score"].max()


def test_task_scores_are_those_of_direct_calls():
    X, y = rows()
    three = np.digitize(X[:, 0], [-0.5, 0.5])
    value = X[:, 1] + 0.1 * X[:, 2]
    model = LogisticRegression().fit(X, y)
    forest = RandomForestClassifier(5, max_depth=2, random_state=0).fit(X, three)
    tasks = {"two": (X, y == 1), "three": (X[:200], three[:200]), "value": (X, value)}
    for source, response, width in [(model, "auto", 1), (forest, "predict_proba", 3)]:
        found = target_transferability(source, tasks, response_method=response)
        for number, (rows_, labels) in enumerate(tasks.values()):
            features = model_features(source, rows_, response)
            expected = h_score(features, labels, shrinkage=None, adjusted=True)
            n_classes = [2, 3, 16][number]
            assert_allclose(found.h_scores[number], expected)
            assert_allclose(found.scores[number], expected / min(width, n_classes - 1))
        assert found.tasks == tuple(tasks)
        assert_array_equal(found.n_samples, [300, 200, 300])
        assert_array_equal(found.n_classes, [2, 3, 16])


def test_the_sources_own_task_is_served_best():
    X, y = rows(2000)
    model = LogisticRegression().fit(X, y)
    found = target_transferability(
        model,
        {
            "own": (X, y),
            "half": (X, X[:, 0] > 0),
            "other": (X, X[:, 2] > 0),
            "ten": (X, np.digitize(X[:, 3], np.linspace(-1.5, 1.5, 9))),
        },
    )
    assert found.best == "own"
    assert_allclose(found.scores[2:], 0.0, atol=0.01)
    # two Gaussian signs: cov(x, sign) = sqrt(2 / pi), times the correlation of the directions
    assert_allclose(found.scores[:2], [2 / np.pi, 1 / np.pi], atol=0.04)
    frame = found.to_frame()
    assert list(frame) == ["task", "score", "h_score", "n_samples", "n_classes", "best"]
    assert frame["task"][frame["best"]].tolist() == ["own"]


def test_one_shrinkage_for_all_tasks():
    X, y = rows()
    model = perceptron(X, y, sizes=(20,))
    tasks = {"few": (X[:30], y[:30]), "many": (X, y)}
    found = target_transferability(model, tasks)
    assert found.shrinkage > 0.0
    blocks = [standardised(model_features(model, Z), None) for Z, _ in tasks.values()]
    intensities = [
        h_score(b, t[1], shrinkage="ledoit-wolf", return_shrinkage=True)[1]
        for b, t in zip(blocks, tasks.values(), strict=True)
    ]
    assert_allclose(found.shrinkage, np.median(intensities))


def test_what_cannot_be_is_refused():
    X, y = rows()
    model = perceptron(X, y)
    with pytest.raises(ValueError, match="multi-layer perceptron or made of trees"):
        layer_transferability(LogisticRegression().fit(X, y), X, y)
    with pytest.raises(NotFittedError):
        layer_transferability(MLPClassifier(), X, y)
    with pytest.raises(ValueError, match="at least two classes"):
        layer_transferability(model, X, np.zeros(len(y), dtype=int))
    with pytest.raises(ValueError, match="at least 2 rows"):
        layer_transferability(model, X[:1], y[:1])
    with pytest.raises(ValueError, match="2 columns"):
        layer_transferability(model, X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="'scoring' parameter"):
        layer_transferability(model, X, y, scoring="leep")
    with pytest.raises(ValueError, match="`layer` must be one of"):
        layer_transferability(model, X, y).transform(X, "hidden_9")
    with pytest.raises(ValueError, match="at least one task"):
        target_transferability(model, {})
    with pytest.raises(ValueError, match=r"pair \(X, y\). Got ndarray for 'a'"):
        target_transferability(model, {"a": X})
    with pytest.raises(ValueError, match="Got one in the rows of 'a'"):
        target_transferability(model, {"a": (X, np.zeros(len(y), dtype=int))})
    with pytest.raises(ValueError, match="what the source model offers"):
        target_transferability(Ridge().fit(X, y), {"a": (X, y)}, response_method="leaves")


def test_tree_of_a_lone_root_is_refused():
    X = np.random.default_rng(0).standard_normal((20, 3))
    y = np.arange(20) % 2
    for root in (DecisionTreeClassifier(), GradientBoostingClassifier(n_estimators=2)):
        root = root.set_params(max_leaf_nodes=2, min_samples_split=50).fit(X, y)
        with pytest.raises(ValueError, match="must have a tree that splits"):
            layer_transferability(root, X, y)


def test_outcome_that_does_not_vary_is_refused():
    X = np.random.default_rng(0).standard_normal((20, 3))
    y = np.arange(20) % 2
    model = DecisionTreeClassifier(max_depth=1).fit(X, y)
    with pytest.raises(ValueError, match="at least two values"):
        layer_transferability(model, X, np.full(20, 1.5))
    with pytest.raises(ValueError, match="at least two classes"):
        layer_transferability(model, X, y, sample_weight=y)
