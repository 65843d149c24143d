# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Displays of source weights: what is drawn is what was fitted."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_transfer.inspection import SourceWeightsDisplay
from sklearn_transfer.weighting import UOWQRegressor


class Fitted:
    """The least that a transfer estimator has."""

    def __init__(self, target="t", sources=("a", "b"), weights=(0.25, 0.75)):
        self.target_domain_ = target
        self.source_domains_ = np.array(sources, dtype=object)
        self.source_weights_ = np.array(weights, dtype=float)


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(5)
    domain = np.repeat(["north", "south", "west"], [30, 60, 90])
    X = rng.standard_normal((180, 3))
    slope = np.where(domain == "west", 2.0, 1.0)
    return X, slope * X[:, 0] + rng.standard_normal(180), domain


@pytest.fixture(scope="module")
def fitted(problem):
    X, y, domain = problem
    return {
        name: UOWQRegressor(target_domain=name).fit(X, y, sample_domain=domain)
        for name in ["north", "south", "west"]
    }


def _bars(display):
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    return dict(zip(labels, (bar.get_width() for bar in display.bars_), strict=True))


def test_bars_are_the_weights_with_the_largest_on_top(fitted):
    model = fitted["north"]
    display = SourceWeightsDisplay.from_estimator(model)
    expected = dict(zip(model.source_domains_, model.source_weights_, strict=True))
    assert _bars(display) == pytest.approx(expected)
    assert list(_bars(display).values()) == sorted(expected.values(), reverse=True)
    bottom, top = display.ax_.get_ylim()
    assert top < bottom
    assert display.im_ is None
    assert "north" in display.ax_.get_title()


@pytest.mark.parametrize("quantity", ["share", "worth"])
def test_other_quantities_are_those_of_the_table(fitted, quantity):
    model = fitted["north"]
    display = SourceWeightsDisplay.from_estimator(model, quantity=quantity)
    frame = model.to_frame()
    assert _bars(display) == pytest.approx(dict(zip(frame["domain"], frame[quantity], strict=True)))


def test_only_the_largest_bars_are_drawn_and_the_title_says_so():
    model = Fitted(sources=list("abcd"), weights=[0.1, 0.4, 0.3, 0.2])
    display = SourceWeightsDisplay.from_estimator(model, n_largest=2)
    assert _bars(display) == pytest.approx({"b": 0.4, "c": 0.3})
    assert "2 largest of 4" in display.ax_.get_title()
    everything = SourceWeightsDisplay.from_estimator(model, n_largest=None)
    assert len(everything.bars_) == 4
    assert "largest" not in everything.ax_.get_title()


@pytest.mark.parametrize("as_list", [True, False])
def test_heat_map_has_a_row_per_estimator_and_a_blank_where_a_domain_is_no_source(fitted, as_list):
    several = list(fitted.values()) if as_list else fitted
    display = SourceWeightsDisplay.from_estimator(several)
    shown = np.ma.filled(display.im_.get_array(), np.nan)
    names = ["north", "south", "west"]
    for row, target in enumerate(names):
        for column, source in enumerate(names):
            if source == target:
                assert np.isnan(shown[row, column])
            else:
                number = fitted[target].source_domains_.tolist().index(source)
                assert shown[row, column] == fitted[target].source_weights_[number]
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == names
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == names
    assert len(display.text_) == 6
    assert display.bars_ is None


def test_keys_of_a_dict_name_the_rows(problem):
    X, y, domain = problem
    models = {
        update: UOWQRegressor(target_domain="north", update=update).fit(X, y, sample_domain=domain)
        for update in ["static", "dynamic"]
    }
    display = SourceWeightsDisplay.from_estimator(models)
    assert display.target_domains == ["static", "dynamic"]
    np.testing.assert_array_equal(display.weights[0], models["static"].source_weights_)


def test_sources_of_types_without_an_order_keep_their_appearance():
    models = [Fitted("t", ["b", 1], [0.1, 0.2]), Fitted("u", ["c", "b"], [0.3, 0.4])]
    display = SourceWeightsDisplay.from_estimator(models)
    assert display.source_domains == ["b", 1, "c"]
    np.testing.assert_array_equal(display.weights, [[0.1, 0.2, np.nan], [0.4, np.nan, 0.3]])


def test_draws_on_the_axes_given():
    _, axes = plt.subplots(1, 2)
    bars = SourceWeightsDisplay.from_estimator(Fitted(), ax=axes[0])
    heat = SourceWeightsDisplay.from_estimator([Fitted()], ax=axes[1], colorbar=False)
    assert bars.ax_ is axes[0]
    assert heat.ax_ is axes[1]
    assert bars.figure_ is heat.figure_ is axes[0].figure
    assert len(axes[0].figure.axes) == 2


def test_plot_gives_itself_back_and_can_be_repeated():
    display = SourceWeightsDisplay([0.5], source_domains=["a"], target_domains="t")
    assert display.plot() is display
    first = display.ax_
    assert display.plot().ax_ is not first


def test_values_are_written_in_a_colour_that_can_be_read():
    display = SourceWeightsDisplay(
        [[0.0, 1.0]], source_domains=["a", "b"], target_domains=["t"]
    ).plot(values_format=".1f")
    assert [text.get_text() for text in display.text_] == ["0.0", "1.0"]
    assert [text.get_color() for text in display.text_] == ["black", "white"]
    without = SourceWeightsDisplay.from_estimator(Fitted(), include_values=False)
    assert without.text_ == []


def test_heat_map_of_many_domains_stays_legible():
    n = 200
    display = SourceWeightsDisplay(
        np.ones((n, n)), source_domains=range(n), target_domains=range(n)
    ).plot()
    assert display.text_ == []
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert len(labels) <= 40
    assert labels[:2] == ["0", "5"]


def test_weights_that_are_all_zero_or_blank_can_be_drawn():
    SourceWeightsDisplay.from_estimator(Fitted(weights=[0.0, 0.0])).figure_.canvas.draw()
    blank = np.array([[np.nan, np.nan], [0.0, 0.0]])
    SourceWeightsDisplay(
        blank, source_domains=["a", "b"], target_domains=["t", "u"]
    ).plot().figure_.canvas.draw()


def test_looks_into_pipelines_and_searches(problem):
    X, y, domain = problem
    model = UOWQRegressor(target_domain="north")
    pipeline = make_pipeline(StandardScaler(), model)
    pipeline.fit(X, y, uowqregressor__sample_domain=domain)
    search = GridSearchCV(UOWQRegressor(Ridge(), target_domain="north"), {"estimator__alpha": [1]})
    search.fit(X, y, sample_domain=np.tile(["north", "south", "west"], 60))
    for outer, inner in [(pipeline, pipeline[-1]), (search, search.best_estimator_)]:
        display = SourceWeightsDisplay.from_estimator(outer)
        np.testing.assert_array_equal(display.weights, inner.source_weights_)


def test_refuses_what_has_no_weights(problem):
    X, y, _ = problem
    with pytest.raises(NotFittedError):
        SourceWeightsDisplay.from_estimator(UOWQRegressor())
    with pytest.raises(ValueError, match=r"must have `source_weights_`.*Got Ridge.*instead"):
        SourceWeightsDisplay.from_estimator(Ridge().fit(X, y))
    with pytest.raises(ValueError, match=r"lacks source_coefficients_.*quantity='weight'"):
        SourceWeightsDisplay.from_estimator(Fitted(), quantity="share")
    with pytest.raises(ValueError, match="Got str, which lacks"):
        SourceWeightsDisplay.from_estimator("uowq")
    with pytest.raises(ValueError, match="must have sources to show"):
        SourceWeightsDisplay.from_estimator(UOWQRegressor().fit(X, y))
    with pytest.raises(ValueError, match=r"one fitted estimator or more. Got none"):
        SourceWeightsDisplay.from_estimator([])


def test_refuses_wrong_quantities_and_shapes():
    with pytest.raises(ValueError, match=r"`quantity` must be one of .* Got 'alpha' instead"):
        SourceWeightsDisplay.from_estimator(Fitted(), quantity="alpha")
    for weights in [[0.1], [[0.1]], 0.1, np.ones((1, 1, 2))]:
        display = SourceWeightsDisplay(weights, source_domains=["a", "b"], target_domains=["t"])
        with pytest.raises(ValueError, match=r"`weights` must have shape .* for 2 source domains"):
            display.plot()
