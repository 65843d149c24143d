# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Source weights as bars (one target) or as a heat map (several)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

_AXIS_LABELS = {
    "weight": "weight of a source row (a target row has 1)",
    "share": "share in what is borrowed",
    "worth": "target rows that the source is worth",
}
_FORMATS = {"weight": ".2g", "share": ".0%", "worth": ".0f"}
_MOST_CELLS_WITH_VALUES = 400
_MOST_TICK_LABELS = 40


class SourceWeightsDisplay:
    """Weights of the sources: bars for one target, a heat map for several.

    Use :meth:`from_estimator` to make one from fitted estimators; parameters are stored as
    attributes.

    Read more in the :ref:`user guide <inspection>`.

    Parameters
    ----------
    weights : array-like of shape (n_sources,) or (n_targets, n_sources)
        What is shown. Bars are drawn from one dimension, a heat map from two, where NaN leaves a
        cell blank: a domain is no source of itself.
    source_domains : array-like of shape (n_sources,)
        Labels of the sources.
    target_domains : object or array-like of shape (n_targets,)
        Label of the target, or of each row of the heat map.
    quantity : {"weight", "share", "worth"}, default="weight"
        What `weights` holds; it sets axis labels and number formats.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        Their figure.
    bars_ : matplotlib BarContainer or None
        The bars, the largest first; None for a heat map.
    im_ : matplotlib AxesImage or None
        The heat map; None for bars.
    text_ : list of matplotlib Text
        The values written beside the bars or into the cells.

    See Also
    --------
    sklearn_transfer.weighting.UOWQClassifier : One weight per source, for classification.
    sklearn_transfer.weighting.UOWQRegressor : The same for regression.

    Examples
    --------
    >>> from sklearn_transfer.inspection import SourceWeightsDisplay
    >>> display = SourceWeightsDisplay(
    ...     [0.9, 0.1], source_domains=["north", "south"], target_domains="here"
    ... )
    >>> display.plot().bars_
    <BarContainer object of 2 artists>
    """

    ax_: Any
    figure_: Any
    bars_: Any
    im_: Any
    text_: list[Any]

    def __init__(
        self,
        weights: Any,
        *,
        source_domains: Any,
        target_domains: Any,
        quantity: str = "weight",
    ) -> None:
        self.weights = weights
        self.source_domains = source_domains
        self.target_domains = target_domains
        self.quantity = quantity

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        quantity: str = "weight",
        ax: Axes | None = None,
        n_largest: int | None = 30,
        include_values: bool | None = None,
        values_format: str | None = None,
        cmap: Any = "Blues",
        colorbar: bool = True,
    ) -> SourceWeightsDisplay:
        """Draw the weights of one fitted estimator, or of several.

        Parameters
        ----------
        estimator : estimator, list of estimators or dict
            One fitted transfer estimator gives bars. Several give a heat map with one row each,
            labelled by the target, or by the keys of a dict. Pipelines that end in a transfer
            estimator and fitted searches over one are welcome.
        quantity : {"weight", "share", "worth"}, default="weight"
            Weight w_i of a row, share alpha_i in what is borrowed, or target rows w_i N_i that the
            source is worth. Every transfer estimator has the first.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        n_largest : int or None, default=30
            Bars to draw at most, the largest; None draws all. Of no effect on heat maps.
        include_values : bool or None, default=None
            Whether values are written beside the bars or into the cells; None does where they fit.
        values_format : str or None, default=None
            Format of the values; None chooses by quantity.
        cmap : str or matplotlib Colormap, default="Blues"
            Colours of a heat map.
        colorbar : bool, default=True
            Whether a heat map has a colour bar.

        Returns
        -------
        display : SourceWeightsDisplay
            With `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If an estimator has no source weights, or no sources.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_transfer.inspection import SourceWeightsDisplay
        >>> from sklearn_transfer.weighting import UOWQRegressor
        >>> rng = np.random.default_rng(0)
        >>> X = rng.standard_normal((300, 2))
        >>> y = X[:, 0] + rng.standard_normal(300)
        >>> domain = np.repeat(["a", "b", "c"], 100)
        >>> models = [
        ...     UOWQRegressor(target_domain=name).fit(X, y, sample_domain=domain)
        ...     for name in ["a", "b", "c"]
        ... ]
        >>> display = SourceWeightsDisplay.from_estimator(models)
        >>> display.weights.shape
        (3, 3)
        """
        _check_quantity(quantity)
        if isinstance(estimator, Mapping):
            found = [_read(each, quantity) for each in estimator.values()]
            weights, sources = _matrix(found)
            targets: Any = list(estimator)
        elif isinstance(estimator, Sequence) and not isinstance(estimator, Pipeline):
            found = [_read(each, quantity) for each in estimator]
            weights, sources = _matrix(found)
            targets = [target for target, _, _ in found]
        else:
            targets, sources, weights = _read(estimator, quantity)
        display = cls(weights, source_domains=sources, target_domains=targets, quantity=quantity)
        return display.plot(
            ax,
            n_largest=n_largest,
            include_values=include_values,
            values_format=values_format,
            cmap=cmap,
            colorbar=colorbar,
        )

    def plot(
        self,
        ax: Axes | None = None,
        *,
        n_largest: int | None = 30,
        include_values: bool | None = None,
        values_format: str | None = None,
        cmap: Any = "Blues",
        colorbar: bool = True,
    ) -> SourceWeightsDisplay:
        """Draw the weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        n_largest : int or None, default=30
            Bars to draw at most, the largest; None draws all. Of no effect on heat maps.
        include_values : bool or None, default=None
            Whether values are written beside the bars or into the cells; None does where they fit.
        values_format : str or None, default=None
            Format of the values; None chooses by quantity.
        cmap : str or matplotlib Colormap, default="Blues"
            Colours of a heat map.
        colorbar : bool, default=True
            Whether a heat map has a colour bar.

        Returns
        -------
        display : SourceWeightsDisplay
            Itself, with `ax_` and `figure_`.
        """
        _check_quantity(self.quantity)
        weights = np.asarray(self.weights, dtype=float)
        sources = [str(label) for label in self.source_domains]
        if weights.ndim not in (1, 2) or weights.shape[-1] != len(sources) or weights.size == 0:
            raise ValueError(
                "`weights` must have shape (n_sources,) or (n_targets, n_sources) with a source or "
                f"more. Got shape {weights.shape} for {len(sources)} source domains instead; give "
                "one column per source."
            )
        spec = _FORMATS[self.quantity] if values_format is None else values_format
        self.bars_, self.im_, self.text_ = None, None, []
        if weights.ndim == 1:
            self._plot_bars(ax, weights, sources, n_largest, include_values, spec)
        else:
            self._plot_heat_map(ax, weights, sources, include_values, spec, cmap, colorbar)
        return self

    def _plot_bars(
        self,
        ax: Any,
        weights: Array,
        sources: list[str],
        n_largest: int | None,
        include_values: bool | None,
        spec: str,
    ) -> None:
        order = np.argsort(-weights, kind="stable")[:n_largest]
        ax = _axes(ax, (6.4, 1.2 + 0.3 * len(order)))
        places = np.arange(len(order))
        self.bars_ = ax.barh(places, weights[order])
        ax.set_yticks(places, [sources[i] for i in order])
        ax.set_ylim(len(order) - 0.4, -0.6)
        if include_values or include_values is None:
            labels = [format(value, spec) for value in weights[order]]
            self.text_ = ax.bar_label(self.bars_, labels, padding=3)
            ax.margins(x=0.12)
        ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
        title = f"target: {self.target_domains}"
        if len(order) < len(weights):
            title += f" ({len(order)} largest of {len(weights)} sources)"
        ax.set(title=title, xlabel=_AXIS_LABELS[self.quantity], ylabel="source")
        self.ax_, self.figure_ = ax, ax.figure

    def _plot_heat_map(
        self,
        ax: Any,
        weights: Array,
        sources: list[str],
        include_values: bool | None,
        spec: str,
        cmap: Any,
        colorbar: bool,
    ) -> None:
        n_rows, n_columns = weights.shape
        size = (min(2.5 + 0.6 * n_columns, 14.0), min(1.8 + 0.5 * n_rows, 12.0))
        ax = _axes(ax, (max(size[0], 4.8), size[1]))
        ax.set_facecolor("0.92")  # seen where a cell is blank
        top = np.nanmax(weights) if np.isfinite(weights).any() else 1.0
        self.im_ = ax.imshow(weights, cmap=cmap, vmin=0.0, vmax=top or 1.0, aspect="auto")
        _label_ticks(ax.xaxis, sources)
        _label_ticks(ax.yaxis, [str(label) for label in self.target_domains])
        ax.tick_params(axis="x", labelrotation=45)
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
        if include_values or (include_values is None and weights.size <= _MOST_CELLS_WITH_VALUES):
            self.text_ = [
                ax.text(
                    column,
                    row,
                    format(value, spec),
                    ha="center",
                    va="center",
                    color=_ink(self.im_, value),
                )
                for (row, column), value in np.ndenumerate(weights)
                if np.isfinite(value)
            ]
        if colorbar:
            ax.figure.colorbar(self.im_, ax=ax, label=_AXIS_LABELS[self.quantity])
        ax.set(xlabel="source", ylabel="target")
        self.ax_, self.figure_ = ax, ax.figure


def _check_quantity(quantity: Any) -> None:
    if quantity not in _AXIS_LABELS:
        raise ValueError(
            f"`quantity` must be one of {sorted(_AXIS_LABELS)}. Got {quantity!r} instead."
        )


def _read(estimator: Any, quantity: str) -> tuple[Any, list[Any], Array]:
    """Target, sources and their values out of a fitted transfer estimator."""
    while not hasattr(estimator, "source_weights_"):
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            break
    if not hasattr(estimator, "source_weights_") and isinstance(estimator, BaseEstimator):
        check_is_fitted(estimator)
    wanted = ["source_weights_", "source_domains_"]
    if quantity != "weight":
        wanted += ["source_coefficients_", "transfer_quantity_"]
    missing = [name for name in wanted if not hasattr(estimator, name)]
    if missing:
        raise ValueError(
            f"The estimator must have {' and '.join(f'`{name}`' for name in wanted)} to show the "
            f"{quantity} of its sources. Got {type(estimator).__name__}, which lacks "
            f"{', '.join(missing)}, instead; choose a transfer estimator"
            + ("." if quantity == "weight" else " or quantity='weight'.")
        )
    sources = list(estimator.source_domains_)
    if not sources:
        raise ValueError(
            "The estimator must have sources to show. Got one that was fitted on its target "
            f"{estimator.target_domain_!r} alone instead; fit it with rows of other domains."
        )
    values = np.asarray(estimator.source_weights_, dtype=float)
    if quantity != "weight":
        values = np.asarray(estimator.source_coefficients_, dtype=float)
    if quantity == "worth":
        values = values * estimator.transfer_quantity_
    return getattr(estimator, "target_domain_", None), sources, values


def _matrix(found: list[tuple[Any, list[Any], Array]]) -> tuple[Array, list[Any]]:
    """Rows over the union of all sources, NaN where an estimator lacks one."""
    if not found:
        raise ValueError(
            "`estimator` must hold one fitted estimator or more. Got none instead; fit one per "
            "target."
        )
    union = list(dict.fromkeys(label for _, sources, _ in found for label in sources))
    with suppress(TypeError):  # labels of mixed types have no order of their own
        union = sorted(union)
    column = {label: number for number, label in enumerate(union)}
    matrix = np.full((len(found), len(union)), np.nan)
    for row, (_, sources, values) in enumerate(found):
        matrix[row, [column[label] for label in sources]] = values
    return matrix, union


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    """Given axes, or those of a figure that has room for all labels."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def _label_ticks(axis: Any, labels: list[str]) -> None:
    """Every label where there is room, else every so many."""
    step = -(-len(labels) // _MOST_TICK_LABELS)
    axis.set_ticks(np.arange(0, len(labels), step), labels[::step])


def _ink(image: Any, value: float) -> str:
    """Black or white, whichever can be read on the cell."""
    red, green, blue, _ = image.cmap(image.norm(value))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
