# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Random tables of domains, groups and classes, and what every fold must satisfy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray


class Layout(NamedTuple):
    """Rows of the target "t" and of other domains, in any order."""

    X: NDArray[Any]
    y: NDArray[Any]
    domain: NDArray[Any]
    groups: NDArray[Any]


@st.composite
def layouts(draw: st.DrawFn, min_target: int = 2, max_target: int = 25) -> Layout:
    """Draw a table whose target has the number of rows given; sources may be absent."""
    n_target = draw(st.integers(min_target, max_target))
    n_source = draw(st.integers(0, 20))
    seed = draw(st.integers(0, 2**32 - 1))
    n_classes = draw(st.integers(1, 5))
    n_groups = draw(st.integers(1, n_target + n_source))
    rng = np.random.default_rng(seed)
    domain = np.array(["t"] * n_target + list(rng.choice(["a", "b", "z"], n_source)), dtype=object)
    order = rng.permutation(n_target + n_source)
    n_rows = len(order)
    return Layout(
        rng.normal(size=(n_rows, 2)),
        rng.choice([f"class {k}" for k in range(n_classes)], n_rows, p=_shares(rng, n_classes)),
        domain[order],
        rng.integers(0, n_groups, n_rows),
    )


def _shares(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.dirichlet(np.full(n, 0.7))


def assert_sound(
    folds: list[tuple[NDArray[Any], NDArray[Any]]],
    domain: NDArray[Any],
    *,
    groups: NDArray[Any] | None = None,
    target: Any = "t",
    uses_all_target_rows: bool = True,
) -> None:
    """Check what holds for every splitter: slowly, row by row, on sets of Python integers."""
    everything = set(range(len(domain)))
    for train, test in folds:
        assert len(train) == len(set(train.tolist()))
        assert len(test) == len(set(test.tolist()))
        trained, tested = set(train.tolist()), set(test.tolist())
        assert tested
        assert not trained & tested
        assert all(domain[row] == target for row in tested)
        tested_groups = set() if groups is None else {groups[row] for row in tested}
        for row in everything - tested:
            shares = groups is not None and groups[row] in tested_groups
            if shares:
                assert row not in trained
            elif domain[row] != target or uses_all_target_rows:
                assert row in trained
