# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Leaves of trees, forests and boosted trees as sparse indicators."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Nodes = NDArray[np.intp]


class _Tree(NamedTuple):
    """Children of every node; a leaf has -1."""

    left: Nodes
    right: Nodes


def has_leaves(step: Any) -> bool:
    """Whether a fitted estimator tells in which leaf of which tree a row ends.

    Parameters
    ----------
    step : estimator
        The last step, fitted.

    Returns
    -------
    known : bool
        Trees, forests, gradient boosting, XGBoost with trees inside.
    """
    if not hasattr(step, "apply"):
        return False
    if hasattr(step, "get_booster"):
        return step.get_params().get("booster") != "gblinear"
    return hasattr(step, "tree_") or hasattr(step, "estimators_")


def leaf_embedding(
    step: Any, X: Any, *, depth: int | None = None, n_rounds: int | None = None
) -> csr_matrix:
    """Indicators of the leaf in which each row ends, tree by tree.

    Parameters
    ----------
    step : estimator
        The last step, fitted.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows as that step takes them.
    depth : int or None, default=None
        Cut every tree at this depth: all leaves below a node become that node.
    n_rounds : int or None, default=None
        Take the trees of the first rounds alone.

    Returns
    -------
    embedding : csr_matrix of shape (n_samples, n_leaves)
        One entry of 1 per row and tree.
    """
    ends = np.asarray(step.apply(X))
    ends = ends.reshape(len(ends), -1).astype(np.intp)
    tables = _tables(step, ends.shape[1], depth, n_rounds)
    n_rows, n_trees = len(ends), len(tables)
    columns = np.empty((n_rows, n_trees), dtype=np.intp)
    width = 0
    for number, (held, position) in enumerate(tables):
        columns[:, number] = width + position[ends[:, number]]
        width += len(held)
    pointers = np.arange(0, n_rows * n_trees + 1, n_trees)
    return csr_matrix((np.ones(columns.size), columns.ravel(), pointers), shape=(n_rows, width))


def leaf_names(step: Any, *, depth: int | None = None, n_rounds: int | None = None) -> list[str]:
    """Names of the columns of `leaf_embedding`: tree and node.

    Parameters
    ----------
    step : estimator
        The last step, fitted.
    depth : int or None, default=None
        As in `leaf_embedding`.
    n_rounds : int or None, default=None
        As in `leaf_embedding`.

    Returns
    -------
    names : list of str
        ``tree<number>_node<number>``.
    """
    return [
        f"tree{number}_node{node}"
        for number, (held, _) in enumerate(_tables(step, None, depth, n_rounds))
        for node in held
    ]


def n_boosting_rounds(step: Any) -> int | None:
    """Number of rounds of a boosted model; None for anything else.

    Parameters
    ----------
    step : estimator
        The last step, fitted.

    Returns
    -------
    n_rounds : int or None
        Those that serve prediction: up to the best one where XGBoost stopped early.
    """
    if hasattr(step, "get_booster"):
        if type(step).__name__.startswith("XGBRF"):
            return None
        best = _best_iteration(step)
        return int(step.get_booster().num_boosted_rounds()) if best is None else best + 1
    estimators = getattr(step, "estimators_", None)
    return len(estimators) if isinstance(estimators, np.ndarray) else None


def greatest_depth(step: Any) -> int:
    """Depth of the deepest tree; 0 for a lone root.

    Parameters
    ----------
    step : estimator
        The last step, fitted.

    Returns
    -------
    depth : int
        Number of splits on the longest way.
    """
    return max(_depth(tree) for tree in _trees(step))


def _tables(
    step: Any, n_trees: int | None, depth: int | None, n_rounds: int | None
) -> list[tuple[Nodes, Nodes]]:
    """Per tree: the nodes that are columns, and the column of every leaf."""
    trees = _trees(step)
    rounds = n_boosting_rounds(step)
    if n_rounds is not None and rounds:
        trees = trees[: n_rounds * (len(trees) // rounds)]
    if n_trees is not None:
        trees = trees[:n_trees]
    return [_columns(tree, depth) for tree in trees]


def _columns(tree: _Tree, depth: int | None) -> tuple[Nodes, Nodes]:
    """Go down level by level; below `depth` a node is held by its ancestor there."""
    holder = np.full(len(tree.left), -1, dtype=np.intp)
    holder[0] = 0
    level, frontier = 0, np.zeros(1, dtype=np.intp)
    while len(frontier):
        inner = frontier[tree.left[frontier] >= 0]
        frontier = np.concatenate([tree.left[inner], tree.right[inner]])
        cut = depth is not None and level >= depth
        holder[frontier] = np.tile(holder[inner], 2) if cut else frontier
        level += 1
    # Nodes that pruning left behind are never reached, and stay at -1.
    leaves = np.flatnonzero((tree.left < 0) & (holder >= 0))
    held, place = np.unique(holder[leaves], return_inverse=True)
    position = np.full(len(tree.left), -1, dtype=np.intp)
    position[leaves] = place
    return held, position


def _depth(tree: _Tree) -> int:
    level, frontier = -1, np.zeros(1, dtype=np.intp)
    while len(frontier):
        inner = frontier[tree.left[frontier] >= 0]
        frontier = np.concatenate([tree.left[inner], tree.right[inner]])
        level += 1
    return level


def _trees(step: Any) -> list[_Tree]:
    """Structure of all trees that serve prediction, round by round."""
    if hasattr(step, "get_booster"):
        return _booster_trees(step)
    members = [step] if hasattr(step, "tree_") else np.ravel(step.estimators_).tolist()
    return [_Tree(m.tree_.children_left, m.tree_.children_right) for m in members]


def _booster_trees(step: Any) -> list[_Tree]:
    booster = step.get_booster()
    model = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    model = model.get("gbtree", model)["model"]  # DART wraps the trees once more
    trees = [
        _Tree(
            np.array(tree["left_children"], dtype=np.intp),
            np.array(tree["right_children"], dtype=np.intp),
        )
        for tree in model["trees"]
    ]
    best = _best_iteration(step)
    if best is not None:
        trees = trees[: (best + 1) * (len(trees) // booster.num_boosted_rounds())]
    return trees


def _best_iteration(step: Any) -> int | None:
    """Round at which XGBoost's predictions stop; the attribute raises where nothing stopped."""
    try:
        return int(step.best_iteration)
    except AttributeError:
        return None
