# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""How the parts of a zone estimator are set up for one fit, and how their answers are read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._domains import listed
from sklearn_transfer.weighting._walk import restricted

NUMBERS = (
    "score",
    "baseline_error",
    "standard_error",
    "positive_threshold",
    "negative_threshold",
)


def with_shared(part: Any, owner: Any, seed: int) -> Any:
    """Hand down what the owner decides for a part that leaves it open.

    Parameters
    ----------
    part : estimator
        A similarity or a learner, of which nobody else has hold.
    owner : estimator
        With `n_jobs` and `memory`.
    seed : int
        For a part whose `random_state` is None.

    Returns
    -------
    part : estimator
        The same object. It takes the domains from `sample_domain` alone.
    """
    known = part.get_params(deep=False)
    shared = {"n_jobs": owner.n_jobs, "memory": owner.memory, "random_state": seed}
    given = {name: value for name, value in shared.items() if name in known and known[name] is None}
    for name in ("target_domain", "domain_column"):
        if name in known:
            given[name] = None
    return part.set_params(**given)


def only_sources(learner: Any, sources: list[Any], kept: NDArray[np.intp]) -> None:
    """Restrict what a learner was told of single sources to those that are kept.

    Parameters
    ----------
    learner : estimator
        Modified.
    sources : list
        Labels of all sources.
    kept : ndarray
        Increasing numbers of those that the learner will see.
    """
    known = learner.get_params(deep=False)
    if known.get("source_estimators"):
        labels = [sources[index] for index in kept]
        known_models = known["source_estimators"]
        models = {label: known_models[label] for label in labels if label in known_models}
        learner.set_params(source_estimators=models or None)
    if known.get("constraints") is not None:
        learner.set_params(constraints=restricted(known["constraints"], kept))


def zone_columns(table: Any, sources: list[Any]) -> dict[str, NDArray[Any]]:
    """Columns of a table of zones, in the order of the sources.

    Parameters
    ----------
    table : DataFrame or None
        With `domain`, `score`, `baseline_error`, `standard_error`, both thresholds and `zone`;
        None where there are no sources.
    sources : list
        Labels.

    Returns
    -------
    columns : dict of str to ndarray of shape (n_sources,)
        A source that the table lacks is "unscored".
    """
    columns: dict[str, NDArray[Any]] = {
        name: np.full(len(sources), np.nan, dtype=float) for name in NUMBERS
    }
    zones = ["unscored"] * len(sources)
    if table is not None:
        place = {label: number for number, label in enumerate(table["domain"].tolist())}
        for index, label in enumerate(sources):
            if label in place:
                row = table.iloc[place[label]]
                zones[index] = str(row["zone"])
                for name in NUMBERS:
                    columns[name][index] = row[name]
    columns["zone"] = np.array(zones, dtype="<U9")
    return columns


def named(sources: list[Any], zones: NDArray[Any], most: int = 10) -> str:
    """Zones with the sources in them, as text.

    Parameters
    ----------
    sources : list
        Labels.
    zones : ndarray of shape (n_sources,)
        Their zones.
    most : int, default=10
        Sources to name of each zone.

    Returns
    -------
    text : str
        Such as "negative: 'a', 'b'; unscored: 'c'".
    """
    members = {
        zone: [label for label, own in zip(sources, zones, strict=True) if own == zone]
        for zone in dict.fromkeys(zones.tolist())
    }
    return "; ".join(f"{zone}: {listed(labels, most)}" for zone, labels in members.items())
