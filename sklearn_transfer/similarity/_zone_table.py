# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The table of zones, and what may be asked of it."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._domains import listed
from sklearn_transfer.similarity._base import _position

if TYPE_CHECKING:
    import pandas as pd


def check_rule(
    positive_z: float, negative_z: float, standard_error: str, level: float | None
) -> None:
    """Refuse a rule that has no meaning.

    Parameters
    ----------
    positive_z, negative_z : float
        Standard errors up to and above which a source is positive and negative.
    standard_error : str
        Of the baseline.
    level : float or None
        In place of `negative_z` and `standard_error`.
    """
    for name, value in (("positive_z", positive_z), ("negative_z", negative_z)):
        if not isinstance(value, Real) or np.isnan(float(value)):
            raise ValueError(
                f"`{name}` must be a number of standard errors. Got {value!r} instead; the paper's "
                "are 0 and 3.719."
            )
    if positive_z > negative_z:
        raise ValueError(
            f"`positive_z` must not exceed `negative_z`. Got {positive_z!r} and {negative_z!r} "
            "instead; the zones lie in this order."
        )
    if standard_error not in ("folds", "losses"):
        raise ValueError(
            f'`standard_error` must be "folds" or "losses". Got {standard_error!r} instead; see '
            "`level` for the third."
        )
    if level is not None and not 0.0 < level < 0.5:
        raise ValueError(
            f"`level` must lie between 0 and 0.5. Got {level!r} instead; 1e-4 is the paper's."
        )


def target_index(measure: Any, target: Any) -> int:
    """Position of the target among the domains of a fitted measure.

    Parameters
    ----------
    measure : BaseSimilarity
        Fitted, with a target or for all pairs.
    target : hashable or None
        None takes the target that was named at construction.

    Returns
    -------
    index : int
        Its position in `domains_`.
    """
    labels = measure.domains_.tolist()
    if hasattr(measure, "source_domains_"):
        if target is not None and target != measure.target_domain_:
            raise ValueError(
                "`target` must be the domain whose scores were computed, "
                f"{measure.target_domain_!r}. Got {target!r} instead; construct with "
                "target_domain=None to score all pairs."
            )
        target = measure.target_domain_
    elif target is None:
        raise ValueError(
            "`target` must name one of the domains. Got None instead, and no target was named at "
            f"construction; choose one of {listed(labels)}."
        )
    if target not in labels:
        raise ValueError(
            f"`target` must be one of the domains, {listed(labels)}. Got {target!r} instead; "
            "check its spelling and type."
        )
    return _position(measure.domains_, target)


def zone_table(
    domains: NDArray[Any], target: int, columns: dict[str, NDArray[Any]]
) -> pd.DataFrame:
    """Table of the sources of a target.

    Parameters
    ----------
    domains : ndarray of shape (n_domains,)
        Labels.
    target : int
        Position of the target.
    columns : dict of str to ndarray of shape (n_domains,)
        Values of every domain.

    Returns
    -------
    table : DataFrame
        One row per source.
    """
    import pandas as pd

    others = np.arange(len(domains)) != target
    return pd.DataFrame(
        {
            "domain": domains[others],
            **{name: column[others] for name, column in columns.items()},
        }
    )
