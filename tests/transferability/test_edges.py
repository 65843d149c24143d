# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What folds and tables bring with them, for every score: a right answer or a clear error."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_transfer.transferability import (
    alternating_conditional_expectations,
    divergence_transition_matrix,
    feature_h_scores,
    h_score,
    leep,
    linear_probe_score,
    logme,
    maximal_correlation,
    nce,
    optimal_h_score,
    otce,
)

N_ROWS = 40


def probe(features, y):
    return linear_probe_score(features, y, random_state=0)


def adjusted(features, y):
    return h_score(features, y, adjusted=True, shrinkage=0.2)


def coupled(features, y):
    return otce(features, np.arange(len(features)) % 3, features, y)


def through_classes(features, y):
    """LEEP of a source of three classes that looks at the first feature."""
    p = np.exp(features[:, :1] * np.array([-1.0, 0.0, 1.0]))
    return leep(p / p.sum(axis=1, keepdims=True), y)


def through_labels(features, y):
    return nce(features[:, 0] > 0, y)


def modes(features, y):
    return alternating_conditional_expectations(features[:, 0] > 0, y, random_state=0).correlations


SCORES = {
    "h_score": h_score,
    "adjusted": adjusted,
    "feature_h_scores": feature_h_scores,
    "logme": logme,
    "linear_probe": probe,
    "otce": coupled,
    "leep": through_classes,
    "nce": through_labels,
    "optimal_h_score": lambda features, y: optimal_h_score(features[:, 0] > 0, y),
    "maximal_correlation": lambda features, y: maximal_correlation(features[:, 0] > 0, y),
    "ace": modes,
    "transition": lambda f, y: (divergence_transition_matrix(f[:, 0] > 0, y) ** 2).sum(axis=1),
}
every_score = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
of_features = pytest.mark.parametrize(
    "score", [h_score, adjusted, logme, probe], ids=["h_score", "adjusted", "logme", "probe"]
)


@pytest.fixture
def rows(rng):
    y = np.arange(N_ROWS) % 2
    return rng.standard_normal((N_ROWS, 3)) + 1.5 * y[:, np.newaxis], y


@every_score
@pytest.mark.parametrize(
    "labels",
    [["cat", "dog"], [-7, 40], [False, True], np.array(["no", "yes"], dtype=object)],
    ids=["strings", "gaps", "booleans", "objects"],
)
def test_names_of_classes_mean_nothing(score, labels, rows):
    features, y = rows
    assert_allclose(score(features, np.asarray(labels)[y]), score(features, y))


@every_score
def test_class_of_one_row(score, rows):
    features, y = rows
    y = y.copy()
    y[5] = 9
    assert np.isfinite(score(features, y)).all()


@every_score
def test_empty_folds_are_refused(score, rows):
    features, y = rows
    with pytest.raises(ValueError, match=r"at least|0 sample|minimum of 1"):
        score(features[:0], y[:0])


@every_score
def test_missing_labels_are_refused(score, rows):
    features, y = rows
    labels = y.astype(object)
    labels[3] = None
    with pytest.raises(ValueError, match="must be known in every row"):
        score(features, labels)


@of_features
def test_constant_features_add_nothing(score, rows):
    features, y = rows
    flat = np.full((N_ROWS, 1), 3.0)
    if score is logme:  # there is no intercept: a constant is one
        assert logme(flat, y) > logme(np.zeros((N_ROWS, 1)), y)
    else:
        assert_allclose(score(flat, y), {probe: 0.5}.get(score, 0.0), atol=1e-12)
    assert_allclose(score(np.zeros((N_ROWS, 2)), y), score(np.zeros((N_ROWS, 1)), y), rtol=1e-6)
    if score in (h_score, probe):
        assert_allclose(score(np.hstack([features, flat]), y), score(features, y))


@of_features
def test_duplicated_features(score, rows):
    features, y = rows
    twice = np.hstack([features, features])
    if score is h_score:
        assert_allclose(h_score(twice, y, shrinkage=None), h_score(features, y, shrinkage=None))
    elif score is logme:  # two half weights are one whole: the prior is refitted to them
        assert_allclose(logme(twice, y), logme(features, y))
    else:
        assert_allclose(score(twice, y), score(features, y), atol=0.05)


@of_features
def test_more_features_than_rows(score, rng):
    y = np.arange(N_ROWS) % 2
    features = rng.standard_normal((N_ROWS, 3 * N_ROWS))
    known = features.copy()
    known[:, :40] += 2.0 * y[:, np.newaxis]
    assert np.isfinite(score(features, y))
    assert score(known, y) > score(features, y)
    assert h_score(features, y) < 1.0
    assert_allclose(h_score(features, y, shrinkage=None), 1.0)
