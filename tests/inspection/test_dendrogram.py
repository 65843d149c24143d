# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Trees of domains: the merges drawn are those of the linkage."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import squareform
from sklearn.pipeline import Pipeline

from sklearn_transfer.inspection import DendrogramDisplay

# Two pairs and a loner, by hand: a-b at 1, c-d at 2, the pairs at 6, e at 10.
DISTANCES = np.array(
    [
        [0, 1, 6, 6, 10],
        [1, 0, 6, 6, 10],
        [6, 6, 0, 2, 10],
        [6, 6, 2, 0, 10],
        [10, 10, 10, 10, 0],
    ],
    dtype=float,
)
NAMES = list("abcde")


def _labels(display):
    return [text.get_text() for text in display.ax_.get_yticklabels()]


def test_one_bracket_per_merge_at_its_height():
    display = DendrogramDisplay.from_scores(DISTANCES, domains=NAMES)
    segments = display.lines_.get_segments()
    assert len(segments) == 4
    assert_allclose(sorted(segment[:, 0].max() for segment in segments), [1, 2, 6, 10])
    assert_allclose(display.linkage[:, 2], [1, 2, 6, 10])


def test_brackets_start_at_the_leaves_that_they_join():
    display = DendrogramDisplay.from_scores(DISTANCES, domains=NAMES)
    place = {label: number for number, label in enumerate(_labels(display))}
    ends = {
        tuple(sorted(segment[[0, -1], 1]))
        for segment in display.lines_.get_segments()
        if segment[0, 0] == segment[-1, 0] == 0
    }
    assert ends == {tuple(sorted((place[x], place[y]))) for x, y in ["ab", "cd"]}
    assert _labels(display) == [NAMES[i] for i in display.order_]
    bottom, top = display.ax_.get_ylim()
    assert top < bottom


def test_like_stands_beside_like():
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(5)
    display = DendrogramDisplay.from_scores(
        DISTANCES[np.ix_(shuffled, shuffled)], domains=[NAMES[i] for i in shuffled]
    )
    order = "".join(_labels(display))
    assert {"ab", "ba"} & {order[i : i + 2] for i in range(4)}
    assert {"cd", "dc"} & {order[i : i + 2] for i in range(4)}
    assert order[0] == "e" or order[-1] == "e"


@pytest.mark.parametrize("method", ["average", "single", "complete", "weighted"])
def test_distances_are_clustered_as_scipy_does(method):
    rng = np.random.default_rng(1)
    scores = rng.uniform(0, 1, (6, 6))
    np.fill_diagonal(scores, 0)
    display = DendrogramDisplay.from_scores(scores, domains=range(6), method=method)
    expected = linkage(squareform((scores + scores.T) / 2), method=method)
    assert_allclose(display.linkage, expected)


def test_similarities_are_distances_to_the_greatest():
    display = DendrogramDisplay.from_scores(7 - DISTANCES, domains=NAMES, greater_is_closer=True)
    assert_allclose(display.linkage[:, 2], [0, 1, 5, 9])
    assert "greatest" in display.ax_.get_xlabel()


def test_scores_below_zero_are_raised_and_missing_ones_are_far():
    scores = DISTANCES - 1.5
    scores[2, 4] = scores[4, 2] = np.nan
    scores[0, 4] = np.nan  # the other direction is known
    display = DendrogramDisplay.from_scores(scores, domains=NAMES)
    assert_allclose(display.linkage[:, 2], [0, 1, 5, 9])


def test_nothing_known_is_still_a_tree():
    display = DendrogramDisplay.from_scores(np.full((3, 3), np.nan), domains="abc")
    assert len(display.lines_.get_segments()) == 2


@pytest.mark.parametrize("n_clusters", [1, 2, 3, 5])
def test_each_cluster_has_a_colour_and_the_trunk_none_of_theirs(n_clusters):
    display = DendrogramDisplay.from_scores(DISTANCES, domains=NAMES, n_clusters=n_clusters)
    place = {label: number for number, label in enumerate(_labels(display))}
    sizes = np.bincount(cut_tree(display.linkage, n_clusters=n_clusters)[:, 0])
    colours = [to_hex(colour) for colour in display.lines_.get_colors()]
    grey = to_hex("0.45")
    assert colours.count(grey) == n_clusters - 1
    # a cluster of n domains is held together by n - 1 merges of one colour
    counts = [colours.count(colour) for colour in set(colours) - {grey}]
    assert sorted(counts) == sorted(size - 1 for size in sizes if size > 1)
    assert len(place) == 5


def test_reads_a_hierarchy_and_its_number_of_clusters():
    tree = linkage(squareform(DISTANCES), method="complete")
    fitted = SimpleNamespace(domains_=NAMES, linkage_=tree, n_clusters=3)
    display = DendrogramDisplay.from_estimator(fitted)
    assert_array_equal(display.linkage, tree)
    assert len({to_hex(colour) for colour in display.lines_.get_colors()}) == 3
    pipeline = Pipeline([("only", fitted)])
    assert_array_equal(DendrogramDisplay.from_estimator(pipeline).linkage, tree)


@pytest.mark.parametrize("greater", [True, False])
def test_reads_a_similarity(greater):
    scores = 10 - DISTANCES if greater else DISTANCES
    fitted = SimpleNamespace(domains_=NAMES, scores_=scores, greater_is_closer=greater)
    display = DendrogramDisplay.from_estimator(fitted)
    expected = DendrogramDisplay.from_scores(
        scores, domains=NAMES, greater_is_closer=greater
    ).linkage
    assert_array_equal(display.linkage, expected)


def test_draws_on_the_axes_given_and_again():
    _, ax = plt.subplots()
    display = DendrogramDisplay.from_scores(DISTANCES, domains=NAMES, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert display.plot() is display
    assert display.ax_ is not ax
    assert display.plot(line_kw={"linewidths": 4}).lines_.get_linewidths() == [4]


@pytest.mark.parametrize(("n", "n_labels"), [(50, 50), (130, 44)])
def test_many_domains_stay_legible(n, n_labels):
    rng = np.random.default_rng(0)
    display = DendrogramDisplay.from_scores(rng.uniform(size=(n, n)), domains=range(n))
    assert len(_labels(display)) == n_labels
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.ax_.get_yticklabels()]
    assert all(below.y1 <= above.y0 + 1 for above, below in itertools.pairwise(boxes))


def test_equal_domains_can_be_drawn():
    display = DendrogramDisplay.from_scores(np.zeros((3, 3)), domains="abc")
    display.figure_.canvas.draw()


def test_refuses_what_is_no_tree():
    with pytest.raises(ValueError, match=r"must have shape \(n_domains, n_domains\).*\(2, 3\)"):
        DendrogramDisplay.from_scores(np.zeros((2, 3)), domains="ab")
    with pytest.raises(ValueError, match="two domains or more"):
        DendrogramDisplay.from_scores([[0.0]], domains="a")
    with pytest.raises(ValueError, match=r"`method` must be one of.*Got 'ward' instead"):
        DendrogramDisplay.from_scores(DISTANCES, domains=NAMES, method="ward")
    with pytest.raises(ValueError, match=r"`linkage` must have shape.*for 2 labels"):
        DendrogramDisplay(np.zeros((3, 4)), domains="ab").plot()
    for n_clusters in (0, 6):
        with pytest.raises(ValueError, match=r"`n_clusters` must lie in 1\.\.5"):
            DendrogramDisplay.from_scores(DISTANCES, domains=NAMES, n_clusters=n_clusters)
    with pytest.raises(ValueError, match="lacks domains_"):
        DendrogramDisplay.from_estimator(SimpleNamespace())
    with pytest.raises(ValueError, match="lacks scores_"):
        DendrogramDisplay.from_estimator(SimpleNamespace(domains_=NAMES))
