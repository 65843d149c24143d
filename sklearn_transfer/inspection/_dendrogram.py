# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A hierarchy of domains or tasks as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer.inspection._clustering import (
    check_square,
    label_ticks,
    room_for,
    score_linkage,
    unwrap,
)
from sklearn_transfer.inspection._source_weights import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Told apart by readers who are colour-blind (Okabe and Ito); the trunk is grey.
_CLUSTER_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_TRUNK = "0.45"


class DendrogramDisplay:
    """Agglomerative clustering of domains, drawn as a tree.

    Use :meth:`from_estimator` for a fitted hierarchy or similarity, :meth:`from_scores` for a
    matrix; parameters are stored as attributes.

    Read more in the :ref:`user guide <inspection>`.

    Parameters
    ----------
    linkage : array-like of shape (n_domains - 1, 4)
        The merges, as `scipy.cluster.hierarchy.linkage` gives them.
    domains : array-like of shape (n_domains,)
        Labels of the leaves 0, 1, 2, ... of the linkage.
    height_label : str, default="distance"
        What the heights of the merges are.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : matplotlib LineCollection
        One bracket per merge.
    order_ : ndarray of shape (n_domains,)
        Positions in `domains` of the leaves, from the top of the plot to the bottom.

    See Also
    --------
    DomainSimilarityDisplay : The scores themselves, in the order of this tree.
    sklearn_transfer.transferability.TaskHierarchy : Clusters tasks by what features do for them.

    Examples
    --------
    >>> from sklearn_transfer.inspection import DendrogramDisplay
    >>> display = DendrogramDisplay.from_scores(
    ...     [[0.0, 0.1, 0.9], [0.1, 0.0, 0.8], [0.9, 0.8, 0.0]], domains=["a", "b", "c"]
    ... )
    >>> len(display.lines_.get_segments())
    2
    >>> display.linkage[:, 2]
    array([0.1 , 0.85])
    """

    ax_: Any
    figure_: Any
    lines_: Any
    order_: NDArray[np.intp]

    def __init__(self, linkage: Any, *, domains: Any, height_label: str = "distance") -> None:
        self.linkage = linkage
        self.domains = domains
        self.height_label = height_label

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        n_clusters: int | None = None,
        ax: Axes | None = None,
    ) -> DendrogramDisplay:
        """Draw the tree of a fitted hierarchy, or of a fitted similarity.

        Parameters
        ----------
        estimator : estimator
            Fitted, with `domains_` and either `linkage_`, or `scores_` of every domain on every
            domain and `greater_is_closer`; the latter are clustered by average linkage. A pipeline
            that ends in one is welcome.
        n_clusters : int, default=None
            Number of clusters to colour. None takes the `n_clusters` of the estimator, if it has
            any.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : DendrogramDisplay
            With `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If the estimator has neither.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> from sklearn_transfer.inspection import DendrogramDisplay
        >>> fitted = SimpleNamespace(
        ...     domains_=["a", "b", "c"], linkage_=[[0, 1, 0.1, 2], [2, 3, 0.8, 3]]
        ... )
        >>> DendrogramDisplay.from_estimator(fitted, n_clusters=2).order_.tolist()
        [2, 0, 1]
        """
        part = unwrap(estimator, ["domains_"], "draw its tree")
        if n_clusters is None:
            n_clusters = getattr(part, "n_clusters", None)
        if hasattr(part, "linkage_"):
            return cls(part.linkage_, domains=part.domains_).plot(ax, n_clusters=n_clusters)
        part = unwrap(part, ["scores_"], "draw its tree")
        return cls.from_scores(
            part.scores_,
            domains=part.domains_,
            greater_is_closer=getattr(part, "greater_is_closer", False),
            n_clusters=n_clusters,
            ax=ax,
        )

    @classmethod
    def from_scores(
        cls,
        scores: Any,
        *,
        domains: Any,
        greater_is_closer: bool = False,
        method: str = "average",
        n_clusters: int | None = None,
        ax: Axes | None = None,
    ) -> DendrogramDisplay:
        """Cluster a matrix of scores and draw the tree.

        Parameters
        ----------
        scores : array-like of shape (n_domains, n_domains)
            Distances or similarities of domains. The mean of both directions counts. A pair that
            is NaN in both is as far apart as the farthest that is known.
        domains : array-like of shape (n_domains,)
            Their labels.
        greater_is_closer : bool, default=False
            Whether scores are similarities; their distances are those to the greatest.
        method : {"average", "single", "complete", "weighted"}, default="average"
            Linkage: what the distance of two clusters is.
        n_clusters : int, default=None
            Number of clusters to colour; None colours none.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : DendrogramDisplay
            With `ax_` and `figure_`.
        """
        allowed = ["average", "single", "complete", "weighted"]
        if method not in allowed:
            raise ValueError(
                f"`method` must be one of {allowed}, which need distances alone. Got {method!r} "
                "instead; make the linkage by SciPy and give it to the display itself."
            )
        matrix, _ = check_square(scores, domains)
        if len(matrix) < 2:
            raise ValueError(
                "A tree must have two domains or more. Got one instead; nothing is to be merged."
            )
        tree = score_linkage(matrix, greater_is_closer=greater_is_closer, method=method)
        label = "distance below the greatest score" if greater_is_closer else "distance"
        return cls(tree, domains=domains, height_label=label).plot(ax, n_clusters=n_clusters)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        n_clusters: int | None = None,
        line_kw: dict[str, Any] | None = None,
    ) -> DendrogramDisplay:
        """Draw the tree, leaves at the left.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        n_clusters : int, default=None
            Number of clusters to colour; None colours none.
        line_kw : dict, default=None
            Options of the `LineCollection`.

        Returns
        -------
        display : DendrogramDisplay
            Itself, with `ax_` and `figure_`.
        """
        from matplotlib.collections import LineCollection
        from scipy.cluster.hierarchy import dendrogram

        tree = np.asarray(self.linkage, dtype=float)
        n_leaves = len(tree) + 1
        labels = [str(label) for label in self.domains]
        if tree.ndim != 2 or tree.shape[1] != 4 or len(labels) != n_leaves or len(tree) == 0:
            raise ValueError(
                "`linkage` must have shape (n_domains - 1, 4) with one label per domain. Got shape "
                f"{tree.shape} for {len(labels)} labels instead."
            )
        if n_clusters is not None and not 1 <= n_clusters <= n_leaves:
            raise ValueError(
                f"`n_clusters` must lie in 1..{n_leaves}, the number of domains. Got {n_clusters} "
                "instead."
            )
        colours = _merge_colours(tree, n_clusters)
        found = dendrogram(tree, no_plot=True, link_color_func=lambda node: colours[node])
        # SciPy's leaves stand at 5, 15, 25, ...
        places = (np.asarray(found["icoord"], dtype=float) - 5.0) / 10.0
        heights = np.asarray(found["dcoord"], dtype=float)
        if ax is None:
            ax = _axes(None, (6.4, 1.2 + room_for(n_leaves)))
        options = {"colors": found["color_list"], "linewidths": 1.5, **(line_kw or {})}
        self.lines_ = LineCollection(np.stack([heights, places], axis=-1).tolist(), **options)
        ax.add_collection(self.lines_)
        top = heights.max()
        ax.set_xlim(0.0, 1.05 * top if top > 0 else 1.0)
        ax.set_ylim(n_leaves - 0.5, -0.5)
        self.order_ = np.asarray(found["leaves"], dtype=np.intp)
        label_ticks(ax.yaxis, [labels[leaf] for leaf in self.order_])
        for side in ("left", "right", "top"):
            ax.spines[side].set_visible(False)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(self.height_label)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _merge_colours(tree: NDArray[np.float64], n_clusters: int | None) -> dict[int, str]:
    """Colour of every merge: that of its cluster below the cut, the trunk's above it."""
    n_leaves = len(tree) + 1
    colours = {n_leaves + merge: _TRUNK for merge in range(len(tree))}
    if n_clusters is None:
        return colours
    # The last n_clusters - 1 merges make the trunk; what they join are the clusters.
    first_of_trunk = len(tree) - (n_clusters - 1)
    roots = [
        int(child)
        for merge in range(first_of_trunk, len(tree))
        for child in tree[merge, :2]
        if n_leaves <= child < n_leaves + first_of_trunk
    ]
    if n_clusters == 1:
        roots = [n_leaves + len(tree) - 1]
    for number, root in enumerate(sorted(roots)):
        below = [root]
        while below:
            node = below.pop()
            if node >= n_leaves:
                colours[node] = _CLUSTER_COLOURS[number % len(_CLUSTER_COLOURS)]
                below.extend(int(child) for child in tree[node - n_leaves, :2])
    return colours
