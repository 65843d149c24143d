# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Scores of sources over the zones of positive, ambiguous and negative transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer.inspection._clustering import label_ticks, room_for, unwrap
from sklearn_transfer.inspection._source_weights import _axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

# Bluish green, yellow and vermilion are told apart by colour-blind readers (Okabe and Ito), and
# the marker says the zone again.
_ZONES = {
    "positive": ("#009E73", "o"),
    "ambiguous": ("#F0E442", "s"),
    "negative": ("#D55E00", "X"),
}


class ZoneDisplay:
    """Scores of the sources over coloured bands: positive, ambiguous and negative transfer.

    Use :meth:`from_estimator` for a fitted estimator, :meth:`from_frame` for a table; parameters
    are stored as attributes.

    Read more in the :ref:`user guide <inspection>`.

    Parameters
    ----------
    scores : array-like of shape (n_sources,)
        Score of each source, less is better; NaN for a source that was not scored.
    thresholds : array-like of shape (2,) or (n_sources, 2)
        Where the positive zone ends and where the negative one begins, for all sources or each;
        a source whose thresholds are NaN has no bands.
    zones : array-like of shape (n_sources,)
        "positive", "ambiguous" or "negative"; anything else for a source that is in no zone.
    source_domains : array-like of shape (n_sources,)
        Labels of the sources.
    target_domain : object, default=None
        Label of the target, for the title.
    standard_errors : array-like of shape (n_sources,), default=None
        Standard errors, drawn as bars of one standard error to each side.
    score_name : str, default="excess error"
        Label of the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        Their figure.
    bands_ : dict of str to BarContainer
        The bands by zone, a bar for each source.
    points_ : dict of str to PathCollection
        The scores by zone; a zone without sources has none.
    errors_ : ErrorbarContainer or None
        The standard errors.
    order_ : ndarray of shape (n_sources,)
        Positions of the sources from the top to the bottom, the least score first.

    See Also
    --------
    SourceWeightsDisplay : What a fitted model then borrows from each source.
    DomainSimilarityDisplay : Scores between all domains.

    Examples
    --------
    >>> from sklearn_transfer.inspection import ZoneDisplay
    >>> display = ZoneDisplay(
    ...     [0.3, -0.01, 0.05],
    ...     thresholds=[0.0, 0.1],
    ...     zones=["negative", "positive", "ambiguous"],
    ...     source_domains=["a", "b", "c"],
    ... ).plot()
    >>> [text.get_text() for text in display.ax_.get_yticklabels()]
    ['b', 'c', 'a']
    """

    ax_: Any
    figure_: Any
    bands_: dict[str, Any]
    points_: dict[str, Any]
    errors_: Any
    order_: NDArray[np.intp]

    def __init__(
        self,
        scores: Any,
        *,
        thresholds: Any,
        zones: Any,
        source_domains: Any,
        target_domain: Any = None,
        standard_errors: Any = None,
        score_name: str = "excess error",
    ) -> None:
        self.scores = scores
        self.thresholds = thresholds
        self.zones = zones
        self.source_domains = source_domains
        self.target_domain = target_domain
        self.standard_errors = standard_errors
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Axes | None = None) -> ZoneDisplay:
        """Draw the zones of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with `source_domains_`, `source_scores_`, `thresholds_` and `zones_`; it may
            have `standard_errors_`, one per source. A pipeline that ends in one, or a fitted
            search over one, is welcome.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : ZoneDisplay
            With `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If the estimator has no zones, or no sources.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> from sklearn_transfer.inspection import ZoneDisplay
        >>> fitted = SimpleNamespace(
        ...     source_domains_=["a"], source_scores_=[0.2], thresholds_=[0.0, 0.1],
        ...     zones_=["negative"], standard_errors_=[0.03],
        ... )
        >>> sorted(ZoneDisplay.from_estimator(fitted).bands_)
        ['ambiguous', 'negative', 'positive']
        """
        wanted = ["source_domains_", "source_scores_", "thresholds_", "zones_"]
        part = unwrap(estimator, wanted, "show its zones")
        return cls(
            part.source_scores_,
            thresholds=part.thresholds_,
            zones=part.zones_,
            source_domains=part.source_domains_,
            target_domain=getattr(part, "target_domain_", None),
            standard_errors=getattr(part, "standard_errors_", None),
        ).plot(ax)

    @classmethod
    def from_frame(
        cls, zones: pd.DataFrame, *, target_domain: Any = None, ax: Axes | None = None
    ) -> ZoneDisplay:
        """Draw a table of zones.

        Parameters
        ----------
        zones : DataFrame
            One row per source, with `domain`, `score`, `positive_threshold`,
            `negative_threshold`, `zone` and, if known, `standard_error`, as
            :meth:`CrossLearningScore.zones <sklearn_transfer.similarity.CrossLearningScore.zones>`
            gives it.
        target_domain : object, default=None
            Label of the target, for the title.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : ZoneDisplay
            With `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If a column is missing.
        """
        wanted = ["domain", "score", "positive_threshold", "negative_threshold", "zone"]
        missing = [name for name in wanted if name not in zones]
        if missing:
            raise ValueError(
                f"`zones` must have the columns {', '.join(wanted)}. Got a table without "
                f"{', '.join(missing)} instead."
            )
        return cls(
            zones["score"],
            thresholds=zones[["positive_threshold", "negative_threshold"]],
            zones=zones["zone"],
            source_domains=zones["domain"],
            target_domain=target_domain,
            standard_errors=zones.get("standard_error"),
        ).plot(ax)

    def plot(self, ax: Axes | None = None, *, legend: bool = True) -> ZoneDisplay:
        """Draw the scores over the zones.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        legend : bool, default=True
            Whether to name the zones.

        Returns
        -------
        display : ZoneDisplay
            Itself, with `ax_` and `figure_`.
        """
        scores, thresholds, zones, errors = self._checked()
        self.order_ = np.argsort(scores, kind="stable")  # NaN comes last
        scores, thresholds, zones = (v[self.order_] for v in (scores, thresholds, zones))
        errors = None if errors is None else errors[self.order_]
        labels = [str(list(self.source_domains)[i]) for i in self.order_]
        places = np.arange(len(scores))
        ax = _axes(ax, (6.4, 1.6 + room_for(len(scores))))
        left, right = _limits(scores, thresholds, errors)
        edges = np.column_stack(
            [
                np.full(len(scores), left),
                np.clip(thresholds, left, right),
                np.full_like(scores, right),
            ]
        )
        edges[np.isnan(thresholds).any(axis=1)] = left
        self.bands_ = {
            zone: ax.barh(
                places,
                np.diff(edges, axis=1)[:, number],
                left=edges[:, number],
                height=1.0,
                color=colour,
                alpha=0.3,
                linewidth=0.0,
            )
            for number, (zone, (colour, _)) in enumerate(_ZONES.items())
        }
        self.errors_ = None
        if errors is not None:
            self.errors_ = ax.errorbar(
                scores, places, xerr=errors, fmt="none", ecolor="0.25", capsize=2.0, zorder=2
            )
        self._mark_scores(ax, scores, zones)
        label_ticks(
            ax.yaxis,
            [
                label if np.isfinite(score) else f"{label} (no score)"
                for label, score in zip(labels, scores, strict=True)
            ],
        )
        ax.set(xlim=(left, right), ylim=(len(scores) - 0.5, -0.5), ylabel="source")
        ax.set_xlabel(
            self.score_name if errors is None else f"{self.score_name} ± one standard error"
        )
        if self.target_domain is not None:
            ax.set_title(f"target: {self.target_domain}")
        if legend:
            self._name_zones(ax, zones)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _mark_scores(self, ax: Any, scores: Array, zones: NDArray[Any]) -> None:
        places = np.arange(len(scores))
        self.points_ = {}
        for zone, (colour, marker) in _ZONES.items():
            inside = (zones == zone) & np.isfinite(scores)
            if inside.any():
                self.points_[zone] = ax.scatter(
                    scores[inside],
                    places[inside],
                    c=colour,
                    marker=marker,
                    edgecolors="black",
                    zorder=3,
                )
        elsewhere = ~np.isin(zones, list(_ZONES)) & np.isfinite(scores)
        if elsewhere.any():
            ax.scatter(scores[elsewhere], places[elsewhere], c="none", edgecolors="black", zorder=3)

    def _name_zones(self, ax: Any, zones: NDArray[Any]) -> None:
        from matplotlib.lines import Line2D

        handles = [
            Line2D(
                [],
                [],
                linestyle="none",
                marker=marker,
                markerfacecolor=colour,
                markeredgecolor="black",
                label=f"{zone} ({int((zones == zone).sum())})",
            )
            for zone, (colour, marker) in _ZONES.items()
        ]
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)

    def _checked(self) -> tuple[Array, Array, NDArray[Any], Array | None]:
        scores = np.asarray(self.scores, dtype=float)
        n_sources = len(list(self.source_domains))
        if scores.shape != (n_sources,) or n_sources == 0:
            raise ValueError(
                "`scores` must have shape (n_sources,) with a source or more. Got shape "
                f"{scores.shape} for {n_sources} source domains instead; fit with rows of other "
                "domains."
            )
        thresholds = np.asarray(self.thresholds, dtype=float)
        if thresholds.shape not in {(2,), (n_sources, 2)}:
            raise ValueError(
                "`thresholds` must have shape (2,) or (n_sources, 2): the end of the positive zone "
                f"and the start of the negative one. Got shape {thresholds.shape} for {n_sources} "
                "source domains instead."
            )
        thresholds = np.broadcast_to(thresholds, (n_sources, 2))
        if (thresholds[:, 0] > thresholds[:, 1]).any():
            raise ValueError(
                "`thresholds` must rise. Got a negative zone that begins before the positive one "
                f"ends, {thresholds[thresholds[:, 0] > thresholds[:, 1]][0].tolist()}, instead; "
                "swap them."
            )
        zones = np.asarray(list(self.zones), dtype=object)
        if zones.shape != (n_sources,):
            raise ValueError(
                f"`zones` must have shape (n_sources,). Got shape {zones.shape} for {n_sources} "
                "source domains instead."
            )
        errors = None
        if self.standard_errors is not None:
            errors = np.asarray(self.standard_errors, dtype=float)
            if errors.shape != (n_sources,):
                raise ValueError(
                    f"`standard_errors` must have shape (n_sources,). Got shape {errors.shape} "
                    f"for {n_sources} source domains instead; leave them out."
                )
        return scores, thresholds, zones, errors


def _limits(scores: Array, thresholds: Array, errors: Array | None) -> tuple[float, float]:
    """Ends of the axis: all scores with their errors, and all finite thresholds."""
    reach = np.zeros(len(scores)) if errors is None else np.nan_to_num(errors)
    values = np.concatenate([scores - reach, scores + reach, thresholds.ravel()])
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    margin = 0.08 * (high - low) or 0.5
    return float(low - margin), float(high + margin)
