# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""One configuration of an estimator that scores domains or features instead of predicting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from numpy.typing import NDArray


class ByDomain(NamedTuple):
    """An array whose axes follow domains.

    Parameters
    ----------
    labels : ndarray of shape (n_labels,)
        The domains, in the order of the axes.
    values : ndarray
        The array.
    axes : tuple of int or None, default=None
        Those of its axes that follow the labels; None stands for all.
    """

    labels: NDArray[Any]
    values: NDArray[Any]
    axes: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One configuration, small and fast. A file of this package lists its rows in `SCORE_ROWS`.

    Parameters
    ----------
    name : str
        Short, unique, the test's id.
    make : callable
        Gives a fresh estimator; domains are left for the checks to set.
    outputs : callable
        Gives all that a fitted estimator found: arrays, and `ByDomain` where axes follow domains.
    values : bool, default=False
        Whether y are numbers instead of labels.
    uses_y : bool, default=True
        Whether y has a part; if not, it may be left out.
    needs_target : bool, default=False
        Whether a target must be named where there are several domains.
    draws_rows : str, default=""
        Why the order of the rows inside a domain matters; empty where it does not.
    tolerance : float, default=1e-6
        Within which two mathematically equal fits agree.
    expected_failures : mapping of str to str
        Name of a check, scikit-learn's or ours, to the reason why it must fail. Strict.
    """

    name: str
    make: Callable[[], Any]
    outputs: Callable[[Any], dict[str, Any]]
    values: bool = False
    uses_y: bool = True
    needs_target: bool = False
    draws_rows: str = ""
    tolerance: float = 1e-6
    expected_failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_regressor(self) -> bool:
        """Whether its y are numbers."""
        return self.values
