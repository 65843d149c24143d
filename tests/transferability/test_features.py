# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Features that models give of rows, against what the models themselves say."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix, issparse
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor, XGBRFClassifier

from sklearn_transfer.transferability._features import (
    RESPONSE_METHODS,
    as_fitted_model,
    available_responses,
    choose_response,
    concatenate_features,
    hidden_layers,
    last_step,
    model_feature_names,
    model_features,
)
from sklearn_transfer.transferability._leaves import (
    greatest_depth,
    leaf_embedding,
    leaf_names,
    n_boosting_rounds,
)

BOOSTED = {"n_estimators": 4, "max_depth": 3, "n_jobs": 1, "random_state": 0}
# The order of leaves is pinned nowhere: an embedding is known up to the order of its columns.
TREES = {
    "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
    "tree-regressor": DecisionTreeRegressor(max_depth=3, random_state=0),
    "forest": RandomForestClassifier(4, max_depth=3, random_state=0),
    "extra-trees": ExtraTreesClassifier(4, max_depth=3, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=4, random_state=0),
    "boosting-regressor": GradientBoostingRegressor(n_estimators=4, random_state=0),
    "xgboost": XGBClassifier(**BOOSTED),
    "xgboost-regressor": XGBRegressor(**BOOSTED),
    "xgboost-dart": XGBClassifier(booster="dart", **BOOSTED),
    "xgboost-forest": XGBRFClassifier(**BOOSTED),
    "xgboost-parallel": XGBClassifier(num_parallel_tree=2, **BOOSTED),
    "xgboost-lossguide": XGBClassifier(grow_policy="lossguide", gamma=1.0, **BOOSTED),
}


def rows(n_classes=3, n_rows=240):
    X, y = make_classification(
        n_rows, 6, n_informative=4, n_classes=n_classes, n_clusters_per_class=1, random_state=0
    )
    return X, y


def perceptron(family=MLPClassifier, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        X, y = rows()
        return family(hidden_layer_sizes=(5, 4), max_iter=5, random_state=0, **more).fit(X, y), X


@pytest.fixture(params=TREES, ids=str)
def trees(request):
    X, y = rows()
    return TREES[request.param].fit(X, y), X


def test_leaves_are_the_partition_that_the_model_applies(trees):
    model, X = trees
    embedding = leaf_embedding(model, X)
    ends = np.asarray(model.apply(X)).reshape(len(X), -1)
    assert issparse(embedding)
    assert_array_equal(embedding.sum(axis=1).ravel(), ends.shape[1])
    together = (embedding @ embedding.T).toarray()
    assert_array_equal(together, (ends[:, np.newaxis] == ends).sum(axis=2))
    assert embedding.shape[1] == len(leaf_names(model)) == len(set(leaf_names(model)))


def test_leaf_names_say_tree_and_node(trees):
    model, X = trees
    ends = np.asarray(model.apply(X)).reshape(len(X), -1).astype(int)
    named = [np.array(leaf_names(model))[row.indices] for row in leaf_embedding(model, X)[:5]]
    assert_array_equal(named, [[f"tree{t}_node{n}" for t, n in enumerate(row)] for row in ends[:5]])


def test_every_leaf_has_a_column_whatever_rows_are_shown(trees):
    model, X = trees
    assert leaf_embedding(model, X[:1]).shape[1] == leaf_embedding(model, X).shape[1]
    assert_array_equal(
        leaf_embedding(model, X[:9]).toarray(), leaf_embedding(model, X).toarray()[:9]
    )


def test_cut_trees_merge_leaves_level_by_level(trees):
    model, X = trees
    full = leaf_embedding(model, X).toarray()
    last = full.shape[1] + 1
    n_trees = int(full[0].sum())
    for depth in range(greatest_depth(model), -1, -1):
        cut = leaf_embedding(model, X, depth=depth).toarray()
        assert cut.shape[1] == len(leaf_names(model, depth=depth)) <= n_trees * 2**depth
        assert cut.shape[1] < last or depth == greatest_depth(model)
        # every node of the cut tree is a union of leaves of the whole one
        assert np.linalg.matrix_rank(np.hstack([full, cut])) == np.linalg.matrix_rank(full)
        last = cut.shape[1]
    assert last == n_trees


def test_cut_tree_is_the_tree_grown_less_deep():
    X, y = rows()
    deep = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, y)
    for depth in (1, 2, 3):
        shallow = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X, y)
        cut, grown = (leaf_embedding(deep, X, depth=depth), leaf_embedding(shallow, X))
        assert_array_equal((cut @ cut.T).toarray(), (grown @ grown.T).toarray())


@pytest.mark.parametrize("name", ["boosting", "xgboost", "xgboost-dart", "xgboost-parallel"])
def test_first_rounds_are_the_model_stopped_there(name):
    X, y = rows()
    model = TREES[name].fit(X, y)
    assert n_boosting_rounds(model) == 4
    if name == "xgboost-dart":  # the same trees, though dropped out at other weights
        ends = model.get_booster().predict(_matrix(X), pred_leaf=True, iteration_range=(0, 2))
    elif name == "boosting":
        ends = model.apply(X)[:, :2]
    else:
        ends = model.apply(X, iteration_range=(0, 2))
    ends = np.asarray(ends).reshape(len(X), -1)
    first = leaf_embedding(model, X, n_rounds=2)
    assert_array_equal((first @ first.T).toarray(), (ends[:, np.newaxis] == ends).sum(axis=2))


def _matrix(X):
    from xgboost import DMatrix

    return DMatrix(X)


def test_early_stopping_leaves_the_later_trees_out():
    X, y = rows(2)
    model = XGBClassifier(n_estimators=60, max_depth=4, early_stopping_rounds=3, n_jobs=1)
    model.fit(X[::2], y[::2], eval_set=[(X[1::2], y[1::2])], verbose=False)
    kept = model.best_iteration + 1
    assert kept < model.get_booster().num_boosted_rounds()
    assert n_boosting_rounds(model) == kept
    assert_array_equal(leaf_embedding(model, X).sum(axis=1).ravel(), kept)
    assert len(leaf_names(model)) == leaf_embedding(model, X).shape[1]


def test_models_without_rounds():
    X, y = rows()
    assert n_boosting_rounds(RandomForestClassifier(2).fit(X, y)) is None
    assert n_boosting_rounds(XGBRFClassifier(n_estimators=2).fit(X, y)) is None


def test_lone_root():
    stump = DecisionTreeClassifier().fit([[0.0], [1.0]], [1, 1])
    assert greatest_depth(stump) == 0
    assert_array_equal(leaf_embedding(stump, [[3.0]]).toarray(), [[1.0]])


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_hidden_layer_carries_the_output(activation):
    model, X = perceptron(activation=activation)
    layers = hidden_layers(model, X)
    assert [layer.shape[1] for layer in layers] == [5, 4]
    logits = layers[-1] @ model.coefs_[-1] + model.intercepts_[-1]
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert_allclose(odds / odds.sum(axis=1, keepdims=True), model.predict_proba(X))
    sparse = hidden_layers(model, csr_matrix(X))
    assert_allclose(sparse[-1], layers[-1])


def test_hidden_layer_of_a_regressor_in_a_pipeline():
    model, X = perceptron(MLPRegressor)
    values = hidden_layers(model, X)[-1] @ model.coefs_[-1] + model.intercepts_[-1]
    assert_allclose(values.ravel(), model.predict(X))
    scaled = make_pipeline(StandardScaler().fit(X), model)
    expected = hidden_layers(model, scaled[0].transform(X))[-1]
    assert_array_equal(model_features(scaled, X, "hidden_layer"), expected)


AUTO = {
    "hidden_layer": perceptron()[0],
    "decision_function": LogisticRegression(),
    "log_odds": XGBClassifier(**BOOSTED),
    "predict_proba": RandomForestClassifier(3, random_state=0),
    "predict": Ridge(),
    "transform": PCA(2),
}


@pytest.mark.parametrize("expected", AUTO)
def test_auto(expected):
    X, y = rows()
    model = AUTO[expected]
    if expected != "hidden_layer":
        model.fit(X, y)
    wrapped = [model, FrozenEstimator(model), make_pipeline(StandardScaler().fit(X), model)]
    for estimator in wrapped:
        assert choose_response(estimator) == expected
        assert_array_equal(model_features(estimator, X), model_features(estimator, X, expected))


def test_auto_of_other_models():
    X, y = rows()
    for model, expected in [
        (LinearSVC(), "decision_function"),
        (GradientBoostingClassifier(n_estimators=2), "decision_function"),
        (HistGradientBoostingClassifier(max_iter=2), "decision_function"),
        (KNeighborsClassifier(), "predict_proba"),
        (XGBRegressor(**BOOSTED), "predict"),
        (StandardScaler(), "transform"),
        (GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2), "decision_function"),
    ]:
        assert choose_response(model.fit(X, y)) == expected


def test_classifier_of_several_outputs_has_leaves_and_no_probabilities():
    X, y = rows()
    model = RandomForestClassifier(2, random_state=0).fit(X, np.column_stack([y, y > 0]))
    for estimator in (model, FrozenEstimator(model)):
        assert available_responses(estimator) == ["leaves"]
        assert as_fitted_model(estimator).classes is None
        assert model_features(estimator, X, "leaves").shape[0] == len(X)
        with pytest.raises(ValueError, match=r"which is \['leaves'\]\. Got 'auto'"):
            model_features(estimator, X)


def test_two_classes_give_one_column_and_more_give_each():
    for n_classes, width in ((2, 1), (3, 3)):
        X, y = rows(n_classes)
        model = LogisticRegression().fit(X, y)
        for response in ("predict_proba", "log_odds", "decision_function"):
            assert model_features(model, X, response).shape == (len(X), width)


def test_values_are_what_the_model_says():
    X, y = rows()
    model = LogisticRegression(C=0.01).fit(X, y)  # mild: no probability is next to 0
    assert_array_equal(model_features(model, X, "predict_proba"), model.predict_proba(X))
    assert_array_equal(model_features(model, X, "decision_function"), model.decision_function(X))
    centred = model.decision_function(X)
    centred -= centred.mean(axis=1, keepdims=True)
    assert_allclose(model_features(model, X, "log_odds"), centred, atol=1e-9)
    two = LogisticRegression(C=0.01).fit(X, y == 1)
    assert_allclose(model_features(two, X, "log_odds")[:, 0], two.decision_function(X), atol=1e-9)
    assert_array_equal(model_features(two, X, "predict_proba")[:, 0], two.predict_proba(X)[:, 1])
    ridge = Ridge().fit(X, y)
    assert_array_equal(model_features(ridge, X)[:, 0], ridge.predict(X))


def test_log_odds_of_certain_leaves_are_finite():
    X, y = rows(2)
    model = DecisionTreeClassifier().fit(X, y)
    assert set(model.predict_proba(X)[:, 1]) == {0.0, 1.0}
    assert_allclose(np.abs(model_features(model, X, "log_odds")), np.log(1e6), rtol=1e-4)


def test_search_answers_by_its_best_estimator():
    X, y = rows()
    pipe = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0))
    search = GridSearchCV(pipe, {"decisiontreeclassifier__max_depth": [2]}, cv=2).fit(X, y)
    step, Z = last_step(search, X)
    assert isinstance(step, DecisionTreeClassifier)
    assert_allclose(Z, StandardScaler().fit_transform(X))
    assert_array_equal(
        model_features(search, X, "leaves").toarray(), leaf_embedding(step, Z).toarray()
    )


def test_tables_and_missing_values_reach_the_model():
    X, y = rows()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    frame.loc[3, "a"] = np.nan
    model = XGBClassifier(**BOOSTED).fit(frame, y)
    for response in available_responses(model):
        assert model_features(model, frame, response).shape[0] == len(X)


@pytest.mark.parametrize(
    ("model", "response"),
    [
        (LogisticRegression(), "leaves"),
        (LogisticRegression(), "predict"),
        (LinearSVC(), "predict_proba"),
        (HistGradientBoostingClassifier(max_iter=2), "leaves"),
        (XGBClassifier(booster="gblinear", n_estimators=2), "leaves"),
        (Ridge(), "log_odds"),
        (PCA(2), "decision_function"),
        (RandomForestClassifier(2), "hidden_layer"),
    ],
)
def test_a_response_that_the_model_lacks_is_refused(model, response):
    X, y = rows()
    with pytest.raises(ValueError, match="`response_method` must be what the source model offers"):
        model_features(model.fit(X, y), X, response)


def test_names():
    X, y = rows()
    labels = np.array(["u", "v", "w"])[y]
    model = LogisticRegression().fit(X, labels)
    assert model_feature_names(model, "decision_function", 3) == ["u", "v", "w"]
    two = LogisticRegression().fit(X, y == 1)
    assert model_feature_names(two, "log_odds", 1) == ["True"]
    assert model_feature_names(Ridge().fit(X, y), "predict", 1) == ["prediction"]
    assert model_feature_names(perceptron()[0], "hidden_layer", 2) == ["hidden0", "hidden1"]
    assert model_feature_names(PCA(2).fit(X), "transform", 2) == ["pca0", "pca1"]


def test_every_response_has_as_many_names_as_columns(trees):
    model, X = trees
    for response in available_responses(model):
        width = model_features(model, X, response).shape[1]
        assert len(model_feature_names(model, response, width)) == width
    assert set(available_responses(model)) < set(RESPONSE_METHODS)


def test_concatenation_stays_sparse():
    dense, sparse = np.ones((3, 2)), csr_matrix(np.eye(3))
    together = concatenate_features([dense, sparse])
    assert issparse(together)
    assert_array_equal(together.toarray(), np.hstack([dense, np.eye(3)]))
    assert isinstance(concatenate_features([dense, dense]), np.ndarray)
    assert concatenate_features([dense]) is dense
