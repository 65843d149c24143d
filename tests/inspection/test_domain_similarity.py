# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Matrices of scores: every cell where its labels say, missing ones seen as missing."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklearn_transfer.inspection import DendrogramDisplay, DomainSimilarityDisplay

# a and c belong together, and so do b and d.
SCORES = np.array(
    [
        [0.0, 0.9, 0.1, 0.8],
        [0.7, 0.0, 0.9, 0.2],
        [0.1, 0.8, 0.0, 0.9],
        [0.9, 0.1, 0.7, 0.0],
    ]
)
NAMES = ["a", "b", "c", "d"]


def _cells(display):
    """Shown values by labels of row and column, NaN where masked."""
    shown = np.ma.filled(display.im_.get_array(), np.nan)
    rows = [text.get_text() for text in display.ax_.get_yticklabels()]
    columns = [text.get_text() for text in display.ax_.get_xticklabels()]
    return {(r, c): shown[i, j] for i, r in enumerate(rows) for j, c in enumerate(columns)}


@pytest.mark.parametrize("sort", ["dendrogram", "given"])
def test_every_cell_is_the_score_of_its_labels(sort):
    display = DomainSimilarityDisplay(SCORES, domains=NAMES).plot(sort=sort)
    cells = _cells(display)
    for i, row in enumerate(NAMES):
        for j, column in enumerate(NAMES):
            assert cells[row, column] == SCORES[i, j]
    assert len(display.text_) == 16


@pytest.mark.parametrize("greater", [True, False])
def test_like_stands_beside_like_as_in_the_tree(greater):
    scores = 1 - SCORES if greater else SCORES
    display = DomainSimilarityDisplay(scores, domains=NAMES, greater_is_closer=greater).plot()
    order = [NAMES[i] for i in display.order_]
    assert set(order[:2]) in ({"a", "c"}, {"b", "d"})
    tree = DendrogramDisplay.from_scores(scores, domains=NAMES, greater_is_closer=greater)
    assert_array_equal(display.order_, tree.order_)
    given = display.plot(sort="given")
    assert_array_equal(given.order_, range(4))


def test_what_is_close_is_dark():
    for greater in (True, False):
        scores = 1 - SCORES if greater else SCORES
        display = DomainSimilarityDisplay(scores, domains=NAMES, greater_is_closer=greater).plot()
        closest, farthest = (1.0, 0.1) if greater else (0.0, 0.9)
        brightness = [sum(display.im_.cmap(display.im_.norm(v))[:3]) for v in (closest, farthest)]
        assert brightness[0] < brightness[1]


def test_missing_cells_are_hatched_not_coloured():
    """As with a target: its row and its column are known, the rest is not."""
    scores = np.full((4, 4), np.nan)
    scores[1], scores[:, 1] = SCORES[1], SCORES[:, 1]
    display = DomainSimilarityDisplay(scores, domains=NAMES).plot()
    cells = _cells(display)
    assert sum(np.isnan(value) for value in cells.values()) == 9
    assert len(display.text_) == 7
    assert display.ax_.patch.get_hatch() is not None
    # the domain nearest to the target stands beside it
    order = [NAMES[i] for i in display.order_]
    assert abs(order.index("b") - order.index("d")) == 1
    display.figure_.canvas.draw()


def test_reads_a_fitted_similarity_and_a_hierarchy():
    fitted = SimpleNamespace(scores_=SCORES, domains_=np.array(NAMES), greater_is_closer=True)
    display = DomainSimilarityDisplay.from_estimator(fitted, sort="given")
    assert display.greater_is_closer
    assert _cells(display)["b", "c"] == SCORES[1, 2]
    assert display.ax_.get_ylabel() == "domain"
    fitted.linkage_ = [[1, 2, 0.1, 2], [0, 4, 0.2, 3], [3, 5, 0.3, 4]]
    display = DomainSimilarityDisplay.from_estimator(fitted)
    assert_array_equal(display.order_, [3, 0, 1, 2])
    assert display.ax_.get_ylabel() == "features of"
    assert display.ax_.get_xlabel() == "task"


def test_draws_on_the_axes_given_with_or_without_colour_bar():
    _, axes = plt.subplots(1, 2)
    display = DomainSimilarityDisplay(SCORES, domains=NAMES).plot(axes[0], colorbar=False)
    assert display.ax_ is axes[0]
    assert len(axes[0].figure.axes) == 2
    display.plot(axes[1])
    assert len(axes[0].figure.axes) == 3


def test_values_are_written_in_a_colour_that_can_be_read():
    display = DomainSimilarityDisplay([[0.0, 1.0], [1.0, 0.0]], domains=["a", "b"]).plot(
        values_format=".1f"
    )
    assert [text.get_text() for text in display.text_] == ["0.0", "1.0", "1.0", "0.0"]
    assert [text.get_color() for text in display.text_] == ["white", "black", "black", "white"]


@pytest.mark.parametrize(("scale", "text"), [(1.0, "0.90"), (1e-3, "0.0009"), (1e6, "9e+05")])
def test_values_are_written_with_as_many_digits_as_their_size_needs(scale, text):
    display = DomainSimilarityDisplay(scale * SCORES, domains=NAMES).plot(sort="given")
    assert display.text_[1].get_text() == text


@pytest.mark.parametrize(("n", "n_labels"), [(50, 50), (200, 50)])
def test_many_domains_stay_legible(n, n_labels):
    scores = np.random.default_rng(0).uniform(size=(n, n))
    display = DomainSimilarityDisplay(scores, domains=range(n)).plot()
    assert display.text_ == []
    display.figure_.canvas.draw()
    labels = display.ax_.get_yticklabels()
    assert len(labels) == n_labels
    boxes = [text.get_window_extent() for text in labels]
    assert all(below.y1 <= above.y0 + 1 for above, below in itertools.pairwise(boxes))


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_matrix_of_one_value_can_be_drawn(value):
    for n in (1, 2, 5):
        display = DomainSimilarityDisplay(np.full((n, n), value), domains=range(n)).plot()
        display.figure_.canvas.draw()


def test_refuses_what_cannot_be_shown():
    with pytest.raises(ValueError, match=r"must have shape \(n_domains, n_domains\).*for 3 labels"):
        DomainSimilarityDisplay(np.zeros((2, 2)), domains="abc").plot()
    with pytest.raises(ValueError, match=r"`sort` must be one of.*Got 'size' instead"):
        DomainSimilarityDisplay(SCORES, domains=NAMES).plot(sort="size")
    with pytest.raises(ValueError, match="lacks scores_, domains_"):
        DomainSimilarityDisplay.from_estimator(Ridge().fit([[0.0], [1.0]], [0, 1]))
    with pytest.raises(NotFittedError):
        DomainSimilarityDisplay.from_estimator(Ridge())
