# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Few-shot draws for the board: stratified, and by whole groups where a table has groups.

Where a column `id_*` says which rows belong together (patient, mother, date, hospital), labelled
and test rows of the target come from different groups, and no source holds a row of a group that
is tested on. The groups for training are drawn until they hold three times the labelled rows, or
half of the target's rows where that is less; the labelled rows are drawn from them by class, the
rows of all other groups are tested on.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from _tables import (
    BUNDLED,
    LEAST_TEST_ROWS,
    MOST_TEST_ROWS,
    Table,
    by_class,
    draw_sources,
    frame_of,
    preparation,
    read,
    table_of,
    targets,
)

# Census weights, not people: that two rows share one says nothing.
NO_GROUPS = {("adult", "id_fnlwgt")}


@dataclass(frozen=True)
class Few:
    """Training rows (the target's have domain 0), test rows, and the spread of the target.

    `group` says which training rows belong together, where the table tells.
    """

    X: np.ndarray
    y: np.ndarray
    domain: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    classes: np.ndarray | None
    spread: float
    group: np.ndarray | None = None

    @property
    def own(self) -> np.ndarray:
        return self.domain == 0

    def part(self, rows: np.ndarray, held: np.ndarray) -> Few:
        """Training rows only, some of them held out in place of the test rows."""
        return Few(
            self.X[rows],
            self.y[rows],
            self.domain[rows],
            self.X[held],
            self.y[held],
            self.classes,
            self.spread,
            None if self.group is None else self.group[rows],
        )


def read_with_groups(folder: str | None, name: str) -> tuple[Table, np.ndarray | None]:
    """The table, and the first `id_*` column that puts several rows together, coded."""
    table = read(folder, name)
    if name == BUNDLED:
        return table, None
    frame = frame_of(folder, name, only="id_")
    for column in [c for c in frame if c.startswith("id_")]:
        # A row without a group is a group of its own.
        code = pd.factorize(frame[column])[0]
        missing = np.flatnonzero(code < 0)
        code[missing] = code.max() + 1 + np.arange(len(missing))
        if len(np.unique(code)) < len(code) and (table_of(name), column) not in NO_GROUPS:
            return table, code
    return table, None


def board_targets(folder: str | None, name: str, rows: int, most: int) -> list[str]:
    """Domains to learn for: those with enough rows, and with enough rows of other groups."""
    table, group = read_with_groups(folder, name)
    found = []
    for target in targets(table, rows, len(table.y)):
        own = np.flatnonzero(table.domain == target)
        if group is not None:
            _, sizes = np.unique(group[own], return_counts=True)
            # The largest group may be the last that joins the labelled rows.
            if len(own) - rows - sizes.max() < LEAST_TEST_ROWS:
                continue
        found.append(target)
        if len(found) == most:
            break
    return found


def few_shot(
    folder: str | None, name: str, target: str, rows: int, repeat: int, seed: int = 0
) -> Few:
    """One draw: the same for every method and inner estimator."""
    table, group = read_with_groups(folder, name)
    rng = np.random.default_rng([repeat, rows, zlib.crc32(target.encode()), seed])
    own = rng.permutation(np.flatnonzero(table.domain == target))
    if group is None:
        order = own[_order(table, own)]
        train, test = order[:rows], order[rows:]
    else:
        pool = _pool(group[own], rows, rng)
        inside = own[pool]
        train, test = inside[_order(table, inside)][:rows], own[~pool]
    test = rng.permutation(test)[:MOST_TEST_ROWS]
    kept = Table(table.X, table.y, table.domain, group, table.classes)
    sources = draw_sources(kept, target, test, rng)
    everything = np.concatenate([train, *sources])
    before = preparation(table.X).fit(table.X.iloc[everything])
    spread = float(np.std(table.y[own])) if table.classes is None else 1.0
    return Few(
        before.transform(table.X.iloc[everything]),
        table.y[everything],
        np.repeat(np.arange(len(sources) + 1), [len(train), *map(len, sources)]),
        before.transform(table.X.iloc[test]),
        table.y[test],
        table.classes,
        spread,
        None if group is None else group[everything],
    )


def _order(table: Table, own: np.ndarray) -> np.ndarray:
    return np.arange(len(own)) if table.classes is None else by_class(table.y[own])


def _pool(group: np.ndarray, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of the groups to draw labelled rows from."""
    names, sizes = np.unique(group, return_counts=True)
    most = min(len(group) // 2, len(group) - LEAST_TEST_ROWS - sizes.max())
    enough = max(rows, min(3 * rows, most))
    chosen, size = [], 0
    for position in rng.permutation(len(names)):
        if size >= enough:
            break
        chosen.append(names[position])
        size += sizes[position]
    return np.isin(group, chosen)
