# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The picture of the demo: what the sources are worth, and what that brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sklearn_transfer._cli._demo import METHODS, Result

_MARKERS = {"target-only": ("o", "tab:gray"), "pooled": ("s", "tab:orange"), "UOWQ": ("D", "C0")}


def draw(results: list[Result], path: Path) -> None:
    """Write the picture.

    Parameters
    ----------
    results : list of Result
        One per hospital.
    path : Path
        File.
    """
    from matplotlib.figure import Figure

    from sklearn_transfer.inspection import SourceWeightsDisplay

    figure = Figure(figsize=(10.5, 4.4), layout="constrained")  # not pyplot: needs no screen
    left, right = figure.subplots(1, 2)
    names = [result.target for result in results]
    worth = np.full((len(names), len(names)), np.nan)
    for row, result in enumerate(results):
        columns = [names.index(source) for source in result.sources]
        worth[row, columns] = result.weights.mean(axis=0) * result.n_samples
    SourceWeightsDisplay(worth, source_domains=names, target_domains=names, quantity="worth").plot(
        left, colorbar=False
    )
    left.set_title("What sources are worth, in patients of the target", fontsize=10)
    _draw_losses(right, results)
    figure.savefig(path, dpi=150)


def _draw_losses(ax: Any, results: list[Result]) -> None:
    rows = np.arange(len(results))
    losses = np.array([result.log_loss.mean(axis=0) for result in results])
    ax.hlines(rows, losses.min(axis=1), losses.max(axis=1), color="0.8", zorder=1)
    for number, method in enumerate(METHODS):
        marker, color = _MARKERS[method]
        ax.scatter(losses[:, number], rows, marker=marker, color=color, label=method, zorder=2)
    for number, method in enumerate(METHODS):
        ax.axvline(losses[:, number].mean(), color=_MARKERS[method][1], linestyle=":", zorder=0)
    ax.set_yticks(rows, [result.target for result in results])
    ax.set_ylim(len(results) - 0.5, -0.5)
    ax.set(xlabel="log-loss, lower is better (dotted: mean)")
    ax.set_title(f"Held-out patients, {results[0].n_train} labelled ones in training", fontsize=10)
    ax.legend(loc="best", fontsize=9)
