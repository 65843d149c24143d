# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Hierarchy of tasks: planted clusters, every cell by hand, and the published table."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist
from sklearn.cluster import AgglomerativeClustering
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.inspection import DendrogramDisplay, DomainSimilarityDisplay
from sklearn_transfer.metrics import (
    discounted_cumulative_gain_agreement,
    spearman_agreement,
)
from sklearn_transfer.transferability import TaskHierarchy, h_score, logme
from sklearn_transfer.transferability._task_tree import ranking_agreement, task_tree
from tests.metrics.test_ranking import AFFINITY_RANKS, H_SCORES

PUBLISHED = [
    "2D edges",
    "2D keypoints",
    "3D edges",
    "3D keypoints",
    "reshading",
    "depth",
    "object classes",
    "scene classes",
]


def _planted(groups=(0, 1, 0, 1, 2, 0), rows=120, *, values=False, seed=0):
    """One feature decides in each group of domains; domains are named by their place."""
    rng = np.random.default_rng(seed)
    domain = rng.permutation(np.repeat(np.arange(len(groups)), rows))
    X = rng.normal(size=(len(domain), 3))
    value = X[np.arange(len(domain)), np.array(groups)[domain]] + 0.4 * rng.normal(size=len(domain))
    return X, value if values else (value > 0).astype(int), domain


def _same_clusters(labels, groups):
    return {tuple(np.equal(labels, label)) for label in labels} == {
        tuple(np.equal(groups, group)) for group in groups
    }


@pytest.mark.parametrize("scoring", ["h_score", "logme", "leep", "nce", "linear_probe", h_score])
def test_planted_clusters_are_found(scoring):
    X, y, domain = _planted()
    hierarchy = TaskHierarchy(n_clusters=3, scoring=scoring, random_state=0)
    hierarchy.fit(X, y, sample_domain=domain)
    assert _same_clusters(hierarchy.labels_, [0, 1, 0, 1, 2, 0])
    assert hierarchy.labels_.tolist() == [0, 1, 0, 1, 2, 0]  # numbered as they appear
    # features serve the tasks of their own group best
    groups = np.array([0, 1, 0, 1, 2, 0])
    for task in range(6):
        own = groups == groups[task]
        assert hierarchy.scores_[own, task].min() > hierarchy.scores_[~own, task].max()


@pytest.mark.parametrize("n_clusters", [1, 2, 6, 9])
def test_number_of_clusters(n_clusters):
    X, y, domain = _planted()
    hierarchy = TaskHierarchy(n_clusters=n_clusters).fit(X, y, sample_domain=domain)
    assert len(set(hierarchy.labels_)) == min(n_clusters, 6)


def test_planted_clusters_of_regressions():
    X, y, domain = _planted(values=True)
    hierarchy = TaskHierarchy(n_clusters=3).fit(X, y, sample_domain=domain)
    assert _same_clusters(hierarchy.labels_, [0, 1, 0, 1, 2, 0])
    assert isinstance(hierarchy.source_estimators_[0], Ridge)


def test_every_cell_is_the_score_of_the_row_s_features_for_the_column_s_task():
    X, y, domain = _planted()
    hierarchy = TaskHierarchy().fit(X, y, sample_domain=domain)
    assert hierarchy.domains_.tolist() == [0, 1, 2, 3, 4, 5]
    for source in range(6):
        rows = domain == source
        model = LogisticRegression().fit(X[rows], y[rows])
        for task in range(6):
            rows = domain == task
            features = model.decision_function(X[rows])[:, np.newaxis]
            expected = h_score(features, y[rows], adjusted=True)
            assert_allclose(hierarchy.scores_[source, task], expected, rtol=1e-9)


@pytest.mark.parametrize("method", ["average", "complete", "single", "ward", "weighted"])
@pytest.mark.parametrize("metric", ["euclidean", "cityblock", "correlation"])
def test_tree_is_that_of_scipy_over_the_tasks_vectors(method, metric):
    X, y, domain = _planted()
    hierarchy = TaskHierarchy(linkage=method, metric=metric, n_clusters=3)
    if method == "ward" and metric != "euclidean":
        with pytest.raises(ValueError, match=r"linkage='ward' must go with metric='euclidean'"):
            hierarchy.fit(X, y, sample_domain=domain)
        return
    hierarchy.fit(X, y, sample_domain=domain)
    tree = linkage(pdist(hierarchy.scores_.T, metric), method)
    assert_allclose(hierarchy.linkage_, tree, atol=1e-12)
    assert_array_equal(hierarchy.children_, tree[:, :2])
    assert_allclose(hierarchy.distances_, tree[:, 2], atol=1e-12)
    if method != "weighted":
        name = {"cityblock": "manhattan", "correlation": "cosine"}.get(metric, metric)
        columns = hierarchy.scores_.T
        if metric == "correlation":
            columns = columns - columns.mean(axis=1, keepdims=True)
        other = AgglomerativeClustering(3, metric=name, linkage=method).fit(columns)
        assert _same_clusters(other.labels_, hierarchy.labels_)


def test_published_table_has_the_published_clusters():
    """Pixel-to-pixel tasks against classification; among the former 2D apart from 3D."""
    _, labels = task_tree(H_SCORES.T, metric="euclidean", method="average", n_clusters=2)
    assert dict(zip(PUBLISHED, labels.tolist(), strict=True)) == {
        name: int(name.endswith("classes")) for name in PUBLISHED
    }
    pixels = H_SCORES[:6, :6].T
    _, labels = task_tree(pixels, metric="correlation", method="average", n_clusters=2)
    assert _same_clusters(labels, [not name.startswith("2D") for name in PUBLISHED[:6]])


def test_published_rankings_agree_as_published():
    affinity = -AFFINITY_RANKS.T
    found = ranking_agreement(H_SCORES.T, affinity, measure="spearman", own=True)
    assert_allclose(found, spearman_agreement(-AFFINITY_RANKS, H_SCORES))
    found = ranking_agreement(H_SCORES.T, affinity, measure="discounted_cumulative_gain", own=True)
    assert_allclose(found, discounted_cumulative_gain_agreement(-AFFINITY_RANKS, H_SCORES))
    others = ~np.eye(8, dtype=bool)
    without = spearman_agreement(
        -AFFINITY_RANKS[others].reshape(8, 7), H_SCORES[others].reshape(8, 7)
    )
    found = ranking_agreement(H_SCORES.T, affinity, measure="spearman", own=False)
    assert_allclose(found, without)


def test_scores_rank_sources_as_their_measured_worth_does():
    """The worth of a feature: accuracy of the linear model on it, cross-validated on the task."""
    X, y, domain = _planted(rows=200)
    hierarchy = TaskHierarchy().fit(X, y, sample_domain=domain)
    worth = np.empty((6, 6))
    for source in range(6):
        feature = hierarchy.source_estimators_[source].decision_function(X)[:, np.newaxis]
        for task in range(6):
            rows = domain == task
            worth[source, task] = cross_val_score(
                LogisticRegression(), feature[rows], y[rows], scoring="neg_log_loss"
            ).mean()
    # of the five others two or one serve the task, the rest are noise
    found = hierarchy.agreement(worth, measure="discounted_cumulative_gain")
    assert found.shape == (6,)
    assert found.mean() > 0.9


def test_target_gets_its_sources_scores():
    X, y, domain = _planted()
    everyone = TaskHierarchy().fit(X, y, sample_domain=domain)
    hierarchy = TaskHierarchy(target_domain=2).fit(X, y, sample_domain=domain)
    assert_array_equal(hierarchy.scores_, everyone.scores_)
    assert hierarchy.source_domains_.tolist() == [0, 1, 3, 4, 5]
    assert_array_equal(hierarchy.source_scores_, everyone.scores_[[0, 1, 3, 4, 5], 2])
    frame = hierarchy.to_frame()
    assert frame["domain"].tolist() == [0, 1, 3, 4, 5]
    assert_array_equal(frame["score"], hierarchy.source_scores_)
    assert_array_equal(frame["cluster"], everyone.labels_[[0, 1, 3, 4, 5]])
    assert not hasattr(everyone, "source_scores_")
    assert_array_equal(everyone.to_frame().loc[3].to_numpy(), everyone.scores_[3])


def test_rows_set_aside_do_not_flatter_a_domain_s_own_features():
    """Labels are noise: a deep tree knows its own rows by heart, and no others."""
    rng = np.random.default_rng(0)
    X, y, domain = rng.normal(size=(400, 4)), rng.integers(0, 2, 400), np.repeat([0, 1], 200)
    deep = DecisionTreeClassifier(random_state=0)
    by_heart = TaskHierarchy(deep).fit(X, y, sample_domain=domain)
    assert_allclose(np.diag(by_heart.scores_), 1 - 1 / 199, atol=1e-6)  # 1/199 is chance
    # four scores, each H with mean 0 and deviation of about sqrt(2)/100 of 100 rows
    aside = TaskHierarchy(deep, test_size=0.5, random_state=0).fit(X, y, sample_domain=domain)
    assert np.abs(aside.scores_).max() < 0.15


def test_own_rows_are_fitted_and_the_others_scored():
    X, y, domain = _planted(rows=60)
    seen = []

    class Noted(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            seen.append(np.asarray(X))
            return super().fit(X, y, sample_weight)

        def decision_function(self, X):
            seen.append(np.asarray(X))
            return super().decision_function(X)

    TaskHierarchy(Noted(), test_size=0.25, random_state=0).fit(X, y, sample_domain=domain)
    fitted, scored = seen[:6], seen[6:12]
    assert [len(rows) for rows in fitted] == [45] * 6
    assert {len(rows) for rows in scored} == {15}
    first = {tuple(row) for row in X[domain == 0]}
    assert {tuple(row) for row in fitted[0]} <= first
    assert not {tuple(row) for row in fitted[0]} & {tuple(row) for row in scored[0]}


def test_shrinkage_is_one_for_all_tasks():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 12))
    domain = np.repeat([0, 1, 2], [15, 25, 50])
    y = (X[:, 0] > 0).astype(int)
    wide = FrozenEstimator(_Identity().fit(X))
    given = dict.fromkeys(range(3), wide)
    hierarchy = TaskHierarchy(source_estimators=given).fit(X, y, sample_domain=domain)
    assert 0 < hierarchy.shrinkage_ < 1
    for task in range(3):
        rows = domain == task
        standard = X[rows] / X[rows].std(axis=0)
        expected = h_score(standard, y[rows], shrinkage=hierarchy.shrinkage_, adjusted=True)
        assert_allclose(hierarchy.scores_[:, task], expected, rtol=1e-9)
    plain = TaskHierarchy(LogisticRegression(), scoring="logme").fit(X, y, sample_domain=domain)
    assert plain.shrinkage_ is None


class _Identity(LogisticRegression):
    """Hands its rows on."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.classes_ = np.arange(X.shape[1])
        return self

    def decision_function(self, X):
        return np.asarray(X, dtype=float)


def test_other_scores_are_those_of_the_functions():
    X, y, domain = _planted(groups=(0, 1))
    hierarchy = TaskHierarchy(scoring="logme").fit(X, y, sample_domain=domain)
    rows = domain == 1
    features = hierarchy.source_estimators_[0].decision_function(X[rows])[:, np.newaxis]
    assert_allclose(hierarchy.scores_[0, 1], logme(features, y[rows]))

    def accuracy(features, y):
        return accuracy_score(y, features[:, 0] > 0)

    hierarchy = TaskHierarchy(scoring=accuracy).fit(X, y, sample_domain=domain)
    assert_allclose(hierarchy.scores_[0, 1], accuracy(features, y[rows]))


def test_given_models_are_not_fitted_again():
    X, y, domain = _planted(groups=(0, 1, 0))
    rows = domain == 0
    given = {2: FrozenEstimator(LogisticRegression().fit(X[rows], y[rows]))}
    hierarchy = TaskHierarchy(source_estimators=given).fit(X, y, sample_domain=domain)
    assert_allclose(hierarchy.scores_[2], hierarchy.scores_[0], rtol=1e-9)
    with pytest.raises(ValueError, match=r"keyed by domains with rows.*Got \['z'\] instead"):
        TaskHierarchy(source_estimators={"z": given[2]}).fit(X, y, sample_domain=domain)


def test_domain_of_one_class_is_left_out_by_name():
    X, y, domain = _planted(groups=(0, 1, 0))
    y = np.where(domain == 1, 1, y)
    with pytest.warns(TransferWarning, match=r"one class only are no tasks.*: \[1\]"):
        hierarchy = TaskHierarchy().fit(X, y, sample_domain=domain)
    assert hierarchy.domains_.tolist() == [0, 2]
    with pytest.warns(TransferWarning), pytest.raises(ValueError, match="The target 1 must have"):
        TaskHierarchy(target_domain=1).fit(X, y, sample_domain=domain)
    with pytest.raises(ValueError, match="must have a domain with labels of two classes"):
        TaskHierarchy().fit(X, np.ones(len(X), dtype=int), sample_domain=domain)


def test_one_domain_is_a_tree_without_merges():
    X, y, domain = _planted(groups=(0,))
    with pytest.warns(TransferWarning, match="Only the"):
        hierarchy = TaskHierarchy().fit(X, y, sample_domain=domain)
    assert hierarchy.scores_.shape == (1, 1)
    assert hierarchy.linkage_.shape == (0, 4)
    assert hierarchy.labels_.tolist() == [0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert TaskHierarchy().fit(X, y).scores_.shape == (1, 1)


def test_agreement_refuses_what_cannot_be_ranked():
    X, y, domain = _planted(groups=(0, 1))
    hierarchy = TaskHierarchy().fit(X, y, sample_domain=domain)
    with pytest.raises(ValueError, match=r"`reference` must have shape \(2, 2\)"):
        hierarchy.agreement(np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"two sources\. Got 1 instead"):
        hierarchy.agreement(np.ones((2, 2)))
    with pytest.raises(ValueError, match="`measure` must be one of"):
        hierarchy.agreement(np.ones((2, 2)), measure="kendall", own=True)


def test_undefined_distances_are_refused():
    X, y, domain = _planted(groups=(0, 1, 0))
    hierarchy = TaskHierarchy(scoring=lambda features, y: 1.0, metric="correlation")
    with pytest.raises(ValueError, match="metric='correlation' must have scores that are finite"):
        hierarchy.fit(X, y, sample_domain=domain)


def test_displays_read_it():
    X, y, domain = _planted()
    hierarchy = TaskHierarchy(n_clusters=3).fit(X, y, sample_domain=domain)
    drawn = DendrogramDisplay.from_estimator(hierarchy)
    assert_array_equal(drawn.linkage, hierarchy.linkage_)
    matrix = DomainSimilarityDisplay.from_estimator(hierarchy)
    assert_array_equal(matrix.order_, drawn.order_)
    assert matrix.greater_is_closer


def test_table_of_a_target_that_is_a_tuple():
    X, y, domain = _planted(groups=(0, 1, 0))
    pairs = [("site", int(number)) for number in domain]
    hierarchy = TaskHierarchy(target_domain=("site", 1)).fit(X, y, sample_domain=pairs)
    plain = TaskHierarchy(target_domain=1).fit(X, y, sample_domain=domain)
    frame = hierarchy.to_frame()
    assert frame["domain"].tolist() == [("site", 0), ("site", 2)]
    assert frame["score"].tolist() == plain.to_frame()["score"].tolist()
    assert frame["cluster"].tolist() == plain.to_frame()["cluster"].tolist()


def test_domain_too_small_to_set_rows_aside_is_named():
    X, y, domain = _planted(groups=(0, 1, 0))
    own = np.flatnonzero(domain == 1)
    few = [own[y[own] == 0][0], own[y[own] == 1][0]]
    rows = np.concatenate([np.flatnonzero(domain != 1), few])
    hierarchy = TaskHierarchy(StandardScaler(), scoring=_n_rows, test_size=0.5, random_state=0)
    with pytest.warns(TransferWarning) as record:
        hierarchy.fit(X[rows], y[rows], sample_domain=domain[rows])
    assert len(record) == 1
    message = str(record[0].message)
    assert "test_size=0.5 cannot be set aside of the few rows of [1]" in message
    assert "early" not in message
    halves = [(domain == number).sum() // 2 for number in (0, 2)]
    assert hierarchy.scores_[0].tolist() == [halves[0], 2, halves[1]]


def _n_rows(features, y):
    return len(y)


def test_given_model_of_a_domain_that_is_no_task_is_left_out_with_it():
    X, y, domain = _planted(groups=(0, 1, 0))
    given = {1: FrozenEstimator(LogisticRegression().fit(X, y))}
    y = np.where(domain == 1, 1, y)
    with pytest.warns(TransferWarning, match=r"one class only are no tasks.*: \[1\]"):
        hierarchy = TaskHierarchy(source_estimators=given).fit(X, y, sample_domain=domain)
    assert hierarchy.domains_.tolist() == [0, 2]
    assert set(hierarchy.source_estimators_) == {0, 2}


def test_impossible_score_is_refused_before_any_fit():
    X, y, domain = _planted(groups=(0, 1))

    class Never(Ridge):
        def fit(self, X, y, sample_weight=None):
            raise AssertionError("fitted in vain")

    with pytest.raises(ValueError, match="scoring='nce' must have labels"):
        TaskHierarchy(Never(), scoring="nce").fit(X, X[:, 0], sample_domain=domain)
    with pytest.raises(ValueError, match="rows of equal weight"):
        TaskHierarchy(Never(), scoring="linear_probe").fit(
            X, X[:, 0], np.ones(len(y)), sample_domain=domain
        )
