# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Zones: bands where the thresholds are, scores where the sources are."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from sklearn_transfer.inspection import DomainSimilarityDisplay, ZoneDisplay
from sklearn_transfer.similarity import CrossLearningScore

SCORES = [0.30, -0.05, 0.04, 0.02]
ZONES = ["negative", "positive", "ambiguous", "positive"]
SOURCES = ["a", "b", "c", "d"]
EACH = [[0.0, 0.1], [0.01, 0.2], [0.0, 0.3], [0.03, 0.1]]


def _fitted(**changes):
    values = {
        "source_domains_": np.array(SOURCES),
        "source_scores_": np.array(SCORES),
        "thresholds_": np.array(EACH),
        "zones_": np.array(ZONES),
        "target_domain_": "here",
    }
    return SimpleNamespace(**{**values, **changes})


def _rows(display):
    return [text.get_text() for text in display.ax_.get_yticklabels()]


def test_sources_stand_from_the_least_score_down():
    display = ZoneDisplay.from_estimator(_fitted())
    assert _rows(display) == ["b", "d", "c", "a"]
    assert_array_equal(display.order_, [1, 3, 2, 0])
    bottom, top = display.ax_.get_ylim()
    assert top < bottom
    assert "here" in display.ax_.get_title()


def test_points_are_the_scores_in_their_zones():
    display = ZoneDisplay.from_estimator(_fitted())
    found = {
        (zone, round(x, 6), _rows(display)[int(y)])
        for zone, points in display.points_.items()
        for x, y in points.get_offsets()
    }
    assert found == set(zip(ZONES, SCORES, SOURCES, strict=True))


@pytest.mark.parametrize("thresholds", [EACH, [0.0, 0.1]])
def test_bands_meet_at_the_thresholds_and_fill_the_axes(thresholds):
    display = ZoneDisplay.from_estimator(_fitted(thresholds_=thresholds))
    expected = np.broadcast_to(thresholds, (4, 2))[display.order_]
    left, right = display.ax_.get_xlim()
    edges = {
        zone: np.array([[bar.get_x(), bar.get_x() + bar.get_width()] for bar in bars])
        for zone, bars in display.bands_.items()
    }
    assert_allclose(edges["positive"][:, 0], left)
    assert_allclose(edges["positive"][:, 1], expected[:, 0], atol=1e-12)
    assert_allclose(edges["ambiguous"], expected, atol=1e-12)
    assert_allclose(edges["negative"][:, 0], expected[:, 1], atol=1e-12)
    assert_allclose(edges["negative"][:, 1], right)
    colours = {display.bands_[zone][0].get_facecolor() for zone in display.bands_}
    assert len(colours) == 3


def test_errors_are_one_standard_error_to_each_side():
    errors = [0.01, 0.02, np.nan, 0.04]
    display = ZoneDisplay.from_estimator(_fitted(standard_errors_=errors))
    segments = display.errors_.lines[2][0].get_segments()
    widths = [segment[1, 0] - segment[0, 0] for segment in segments if len(segment)]
    assert_allclose(widths, [0.04, 0.08, 0.02])  # b, d, a; that of c is not known
    left, right = display.ax_.get_xlim()
    assert left < -0.05 - 0.02
    assert right > 0.30 + 0.01
    assert "standard error" in display.ax_.get_xlabel()
    assert ZoneDisplay.from_estimator(_fitted()).errors_ is None


def test_source_without_a_score_is_named_as_such():
    scores = [0.3, np.nan, 0.04, 0.02]
    zones = ["negative", "unknown", "ambiguous", None]
    display = ZoneDisplay.from_estimator(
        _fitted(source_scores_=scores, zones_=np.array(zones, dtype=object))
    )
    assert _rows(display)[-1] == "b (no score)"
    assert set(display.points_) == {"negative", "ambiguous"}
    display.figure_.canvas.draw()


def test_reads_a_table():
    thresholds = np.array(EACH)
    frame = pd.DataFrame(
        {
            "domain": SOURCES,
            "score": [0.30, np.nan, 0.04, 0.02],
            "standard_error": [0.1, np.nan, 0.2, 0.3],
            "positive_threshold": [0.0, np.nan, 0.0, 0.03],
            "negative_threshold": [0.1, np.nan, 0.3, 0.1],
            "zone": ["negative", "unscored", "ambiguous", "positive"],
        },
        index=[7, 5, 3, 1],
    )
    display = ZoneDisplay.from_frame(frame, target_domain="here")
    assert _rows(display) == ["d", "c", "a", "b (no score)"]
    assert set(display.points_) == {"negative", "ambiguous", "positive"}
    widths = [[bars[row].get_width() for bars in display.bands_.values()] for row in range(4)]
    assert_allclose(widths[3], 0)
    assert_allclose(widths[0][1], thresholds[3, 1] - thresholds[3, 0])
    display.figure_.canvas.draw()
    assert ZoneDisplay.from_frame(frame.drop(columns="standard_error")).errors_ is None
    with pytest.raises(ValueError, match="without score, zone instead"):
        ZoneDisplay.from_frame(frame.drop(columns=["score", "zone"]))


def test_reads_the_zones_of_a_similarity():
    rng = np.random.default_rng(0)
    domain = np.repeat(["here", "like", "opposed"], 60)
    X = rng.normal(size=(180, 2))
    y = ((X[:, 0] > 0) ^ (domain == "opposed")).astype(int)
    measure = CrossLearningScore(LogisticRegression(), target_domain="here", random_state=0)
    table = measure.fit(X, y, sample_domain=domain).zones()
    display = ZoneDisplay.from_frame(table, target_domain="here")
    assert _rows(display) == ["like", "opposed"]
    assert_allclose(sorted(table["score"]), np.asarray(display.scores)[display.order_])
    matrix = DomainSimilarityDisplay.from_estimator(measure)
    assert matrix.text_  # the target's row and column
    assert len(matrix.text_) < 9


def test_legend_counts_the_sources_of_each_zone():
    display = ZoneDisplay.from_estimator(_fitted())
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["positive (2)", "ambiguous (1)", "negative (1)"]
    assert display.plot(legend=False).ax_.get_legend() is None


def test_looks_into_pipelines_and_searches():
    fitted = _fitted()
    search = SimpleNamespace(best_estimator_=Pipeline([("last", fitted)]))
    assert_array_equal(ZoneDisplay.from_estimator(search).scores, SCORES)


def test_draws_on_the_axes_given():
    _, ax = plt.subplots()
    display = ZoneDisplay.from_estimator(_fitted(), ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


def test_many_sources_stay_legible():
    n = 50
    scores = np.random.default_rng(0).normal(size=n)
    display = ZoneDisplay(
        scores,
        thresholds=[-0.5, 0.5],
        zones=np.where(scores < -0.5, "positive", np.where(scores < 0.5, "ambiguous", "negative")),
        source_domains=[f"hospital {i}" for i in range(n)],
    ).plot()
    display.figure_.canvas.draw()
    labels = display.ax_.get_yticklabels()
    assert len(labels) == n
    boxes = [text.get_window_extent() for text in labels]
    assert all(below.y1 <= above.y0 + 1 for above, below in itertools.pairwise(boxes))


def test_infinite_thresholds_and_a_single_source_can_be_drawn():
    display = ZoneDisplay(
        [0.1], thresholds=[-np.inf, np.inf], zones=["ambiguous"], source_domains=["a"]
    ).plot()
    display.figure_.canvas.draw()
    assert display.bands_["positive"][0].get_width() == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source_scores_": [0.1]}, r"`scores` must have shape .* for 4 source domains"),
        ({"source_domains_": [], "source_scores_": []}, "a source or more"),
        ({"thresholds_": [0.0, 0.1, 0.2]}, r"`thresholds` must have shape \(2,\) or"),
        ({"thresholds_": [0.2, 0.1]}, r"`thresholds` must rise"),
        ({"zones_": ["positive"]}, r"`zones` must have shape"),
        ({"standard_errors_": [0.1]}, r"`standard_errors` must have shape"),
    ],
)
def test_refuses_what_does_not_fit_together(changes, message):
    with pytest.raises(ValueError, match=message):
        ZoneDisplay.from_estimator(_fitted(**changes))


def test_refuses_what_has_no_zones():
    with pytest.raises(ValueError, match=r"must have `source_domains_`.*Got Ridge, which lacks"):
        ZoneDisplay.from_estimator(Ridge().fit([[0.0], [1.0]], [0, 1]))
    with pytest.raises(NotFittedError):
        ZoneDisplay.from_estimator(Ridge())
