# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Scores of every domain on every domain as a heat map, like beside like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer.inspection._clustering import (
    check_square,
    dendrogram_order,
    label_ticks,
    room_for,
    unwrap,
)
from sklearn_transfer.inspection._source_weights import _axes, _ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_DOMAINS_WITH_VALUES = 15
_SORTINGS = ("dendrogram", "given")


class DomainSimilarityDisplay:
    """Matrix of scores between domains, in the order of their dendrogram.

    Use :meth:`from_estimator` to make one from a fitted similarity; parameters are stored as
    attributes.

    Read more in the :ref:`user guide <inspection>`.

    Parameters
    ----------
    scores : array-like of shape (n_domains, n_domains)
        What is shown. NaN cells, which were not computed, are hatched.
    domains : array-like of shape (n_domains,)
        Labels of rows and columns.
    greater_is_closer : bool, default=False
        Whether great scores mean that domains are alike.
    score_name : str, default="score"
        Text beside the colour bar.
    row_name : str, default="domain"
        What a row is.
    column_name : str, default="domain"
        What a column is.
    linkage : array-like of shape (n_domains - 1, 4), default=None
        Merges that give the order, as `scipy.cluster.hierarchy.linkage` has them. None clusters
        the scores, the mean of both directions, by average linkage.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        Their figure.
    im_ : matplotlib AxesImage
        The heat map.
    text_ : list of matplotlib Text
        The values written into the cells.
    order_ : ndarray of shape (n_domains,)
        Position in `domains` of each row and column drawn.

    See Also
    --------
    DendrogramDisplay : The tree that gives the order.
    SourceWeightsDisplay : Weights of sources, for several targets.

    Examples
    --------
    >>> from sklearn_transfer.inspection import DomainSimilarityDisplay
    >>> display = DomainSimilarityDisplay(
    ...     [[0.0, 0.9, 0.1], [0.9, 0.0, 0.8], [0.1, 0.8, 0.0]], domains=["a", "b", "c"]
    ... ).plot()
    >>> [display.domains[i] for i in display.order_]
    ['b', 'a', 'c']
    """

    ax_: Any
    figure_: Any
    im_: Any
    text_: list[Any]
    order_: NDArray[np.intp]

    def __init__(
        self,
        scores: Any,
        *,
        domains: Any,
        greater_is_closer: bool = False,
        score_name: str = "score",
        row_name: str = "domain",
        column_name: str = "domain",
        linkage: Any = None,
    ) -> None:
        self.scores = scores
        self.domains = domains
        self.greater_is_closer = greater_is_closer
        self.score_name = score_name
        self.row_name = row_name
        self.column_name = column_name
        self.linkage = linkage

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Axes | None = None,
        sort: str = "dendrogram",
        include_values: bool | None = None,
        values_format: str | None = None,
        cmap: Any = None,
        colorbar: bool = True,
    ) -> DomainSimilarityDisplay:
        """Draw the scores of a fitted similarity or hierarchy.

        Parameters
        ----------
        estimator : estimator
            Fitted, with `scores_`, `domains_` and, unless small scores are close,
            `greater_is_closer`; `linkage_`, if there, gives the order. A pipeline that ends in one
            is welcome.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        sort : {"dendrogram", "given"}, default="dendrogram"
            Whether like domains are put side by side, or the order is that of `domains`.
        include_values : bool or None, default=None
            Whether values are written into the cells; None does where they fit.
        values_format : str or None, default=None
            Format of the values; None writes two decimals, or two digits where all are small.
        cmap : str or matplotlib Colormap, default=None
            Colours. None is "cividis", dark where domains are close.
        colorbar : bool, default=True
            Whether to draw a colour bar.

        Returns
        -------
        display : DomainSimilarityDisplay
            With `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If the estimator has no scores.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> from sklearn_transfer.inspection import DomainSimilarityDisplay
        >>> fitted = SimpleNamespace(domains_=["a", "b"], scores_=[[0.0, 0.3], [0.2, 0.0]])
        >>> len(DomainSimilarityDisplay.from_estimator(fitted).text_)
        4
        """
        part = unwrap(estimator, ["scores_", "domains_"], "show its scores")
        tree = getattr(part, "linkage_", None)
        display = cls(
            part.scores_,
            domains=part.domains_,
            greater_is_closer=getattr(part, "greater_is_closer", False),
            row_name="domain" if tree is None else "features of",
            column_name="domain" if tree is None else "task",
            linkage=tree,
        )
        return display.plot(
            ax,
            sort=sort,
            include_values=include_values,
            values_format=values_format,
            cmap=cmap,
            colorbar=colorbar,
        )

    def plot(
        self,
        ax: Axes | None = None,
        *,
        sort: str = "dendrogram",
        include_values: bool | None = None,
        values_format: str | None = None,
        cmap: Any = None,
        colorbar: bool = True,
    ) -> DomainSimilarityDisplay:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        sort : {"dendrogram", "given"}, default="dendrogram"
            Whether like domains are put side by side, or the order is that of `domains`.
        include_values : bool or None, default=None
            Whether values are written into the cells; None does where they fit.
        values_format : str or None, default=None
            Format of the values; None writes two decimals, or two digits where all are small.
        cmap : str or matplotlib Colormap, default=None
            Colours. None is "cividis", dark where domains are close.
        colorbar : bool, default=True
            Whether to draw a colour bar.

        Returns
        -------
        display : DomainSimilarityDisplay
            Itself, with `ax_` and `figure_`.
        """
        if sort not in _SORTINGS:
            raise ValueError(f"`sort` must be one of {list(_SORTINGS)}. Got {sort!r} instead.")
        scores, labels = check_square(self.scores, self.domains)
        n_domains = len(labels)
        self.order_ = np.arange(n_domains)
        if sort == "dendrogram":
            self.order_ = dendrogram_order(
                scores, greater_is_closer=self.greater_is_closer, tree=self.linkage
            )
        shown = scores[np.ix_(self.order_, self.order_)]
        side = room_for(n_domains)
        if n_domains <= _MOST_DOMAINS_WITH_VALUES:  # cells as wide as what is written into them
            side = 0.55 * n_domains
        ax = _axes(ax, (max(side, 2.4) + 2.4, max(side, 2.0) + 1.2))
        ax.set_facecolor("0.92")
        ax.patch.set(hatch="////", edgecolor="0.75")  # seen where a cell was not computed
        if cmap is None:
            cmap = "cividis_r" if self.greater_is_closer else "cividis"
        known = shown[np.isfinite(shown)]
        low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
        self.im_ = ax.imshow(
            np.ma.masked_invalid(shown),
            cmap=cmap,
            vmin=low,
            vmax=high if high > low else low + 1.0,
            aspect="equal",
        )
        ordered = [labels[i] for i in self.order_]
        label_ticks(ax.xaxis, ordered)
        label_ticks(ax.yaxis, ordered)
        ax.tick_params(axis="x", labelrotation=90)
        if values_format is None:
            values_format = ".2f" if 0.1 <= np.abs(known).max(initial=0.0) < 1000.0 else ".2g"
        self.text_ = []
        if include_values or (include_values is None and n_domains <= _MOST_DOMAINS_WITH_VALUES):
            self.text_ = [
                ax.text(
                    column,
                    row,
                    format(value, values_format),
                    ha="center",
                    va="center",
                    fontsize="small",
                    color=_ink(self.im_, value),
                )
                for (row, column), value in np.ndenumerate(shown)
                if np.isfinite(value)
            ]
        if colorbar:
            closer = "greater" if self.greater_is_closer else "smaller"
            ax.figure.colorbar(self.im_, ax=ax, label=f"{self.score_name} ({closer} is closer)")
        ax.set(xlabel=self.column_name, ylabel=self.row_name)
        self.ax_, self.figure_ = ax, ax.figure
        return self
