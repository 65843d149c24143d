# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Tables of the zone benchmark: domains, the choice of target and sources, balance, encoding."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from _tables import preparation

from sklearn_transfer.datasets import load_eicu, load_heart_hospitals

# What `load_eicu` calls a domain, or the column of a hospital that groups it.
DOMAINS = {
    "hospital": "hospital",
    "region": "region",
    "unit_type": "unit_type",
    "teaching": "teaching",
    "beds": "numbedscategory",
}


@dataclass(frozen=True)
class ZoneTable:
    """Balanced, encoded rows of a target and its sources."""

    X: np.ndarray
    y: np.ndarray
    domain: np.ndarray
    target: str
    sources: list[str]
    rates: pd.DataFrame


def eicu_table(folder, domains, outcome, *, impute, teaching, least, n_sources, seed):
    """Rows as the paper chooses them: complete, balanced, one target and its sources.

    `least` is the number of rows of the rarer class that a domain must have.
    """
    kind = DOMAINS[domains]
    data = load_eicu(
        folder,
        outcome=outcome,
        domain=kind if domains != "beds" else "hospital",
        complete=not impute,
    )
    X, y, domain = data.data, data.target, data.sample_domain.astype(str)
    if teaching:
        keep = (X["teachingstatus"] == 1.0).to_numpy()
        X, y, domain = X[keep], y[keep], domain[keep]
    if domains == "beds":
        domain = X[kind].astype(str).where(X[kind].notna(), "Unknown")
        X = X.drop(columns=kind)
    rates = domain_rates(y, domain)
    eligible = rates[(rates[["died", "survived"]].min(axis=1) >= least)]
    if len(eligible) < 2:
        most = rates.sort_values("died", ascending=False).head(10).to_string()
        raise SystemExit(
            f"{len(eligible)} domains have {least} rows of either outcome, of\n{most}\n"
            "Lower --least, --impute, or choose other --domains."
        )
    target = eligible["rate"].idxmax()
    sources = eligible.drop(index=target).nlargest(n_sources, "survived").index.tolist()
    return balanced_table(X, y, domain, target, sources, rates, seed)


def heart_tables(seed):
    """Each bundled hospital in turn as the target; attributes are missing, so none is complete."""
    X, y, domain = load_heart_hospitals(return_X_y=True)
    domain = domain.astype(str)
    rates = domain_rates(y, domain)
    for target in rates.index:
        sources = [name for name in rates.index if name != target]
        yield balanced_table(X, y, domain, target, sources, rates, seed)


def domain_rates(y, domain):
    counts = pd.crosstab(domain, y).reindex(columns=[0, 1], fill_value=0)
    rates = pd.DataFrame({"survived": counts[0], "died": counts[1]})
    rates.index = [str(label) for label in rates.index]
    return rates.assign(rate=rates["died"] / rates.sum(axis=1)).sort_values("rate", ascending=False)


def balanced_table(X, y, domain, target, sources, rates, seed):
    """Undersample the larger class of every domain, then impute, encode and scale all rows."""
    rows = []
    y, domain = y.to_numpy(), domain.to_numpy(dtype=str)
    for name in [target, *sources]:
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        own = np.flatnonzero(domain == name)
        size = min((y[own] == label).sum() for label in (0, 1))
        rows += [np.sort(rng.permutation(own[y[own] == c])[:size]) for c in (0, 1)]
    rows = np.concatenate(rows)
    encoded = preparation(X).fit_transform(X.iloc[rows])
    varies = np.ptp(encoded, axis=0) > 0
    return ZoneTable(encoded[:, varies], y[rows], domain[rows], target, sources, rates)
