# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Which stays make the eICU cohort: joining the tables and selecting rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from sklearn_transfer.datasets._eicu_features import FEATURES, clean, columns_of, recode
from sklearn_transfer.datasets._eicu_tables import TableFolder

if TYPE_CHECKING:
    import pandas as pd

STAY = "patientunitstayid"
_TABLES = ("patient", "apacheApsVar", "apachePredVar", "hospital")
OUTCOMES = {
    "hospital_mortality": "hospitaldischargestatus",
    "unit_mortality": "unitdischargestatus",
    "unit_los": "unitdischargeoffset",
}
DOMAINS = {
    "hospital": ("patient", "hospitalid"),
    "region": ("hospital", "region"),
    "unit_type": ("patient", "unittype"),
    "teaching": ("hospital", "teachingstatus"),
}


def join_tables(
    folder: TableFolder, names: list[str], outcome: str, domain: str
) -> tuple[dict[str, Any], dict[str, int]]:
    """Join the tables on the stays that have APACHE variables and a known outcome.

    Parameters
    ----------
    folder : TableFolder
        The original tables.
    names : list of str
        Features to read.
    outcome, domain : str
        Keys of `OUTCOMES` and `DOMAINS`.

    Returns
    -------
    columns : dict of str to {ndarray, Categorical} of shape (n_stays,)
        The features, and the stay, `"uniquepid"`, `"target"` and `"domain"` of each row. Columns,
        not a table, so that rows can be selected without a copy of the whole.
    flow : dict of str to int
        Stays left after each step.
    """
    from pandas.api.extensions import take

    domain_table, domain_column = DOMAINS[domain]
    wanted = {table: columns_of(table, names) for table in _TABLES}
    wanted["patient"] |= {"uniquepid": "str", "hospitalid": "int64"}
    wanted["patient"][OUTCOMES[outcome]] = "float64" if outcome == "unit_los" else "category"
    if domain != "hospital":
        wanted[domain_table][domain_column] = "category"

    patient = folder.read("patient", wanted["patient"], key=STAY)
    tables = {"patient": patient}
    position = {"patient": np.arange(len(patient))}
    for table in ("apacheApsVar", "apachePredVar"):
        tables[table] = folder.read(table, wanted[table], key=STAY)
        position[table] = tables[table].index.get_indexer(patient.index)
    if wanted["hospital"]:
        tables["hospital"] = folder.read("hospital", wanted["hospital"], key="hospitalid")
        position["hospital"] = tables["hospital"].index.get_indexer(patient["hospitalid"])

    target = _target(patient[OUTCOMES[outcome]], outcome)
    flow = {"unit stays": len(patient)}
    kept = (position["apacheApsVar"] >= 0) & (position["apachePredVar"] >= 0)
    flow["with APACHE variables"] = int(kept.sum())
    kept &= ~np.isnan(target)
    flow["with a known outcome"] = int(kept.sum())
    position = {table: rows[kept] for table, rows in position.items()}

    columns = {
        STAY: patient.index.to_numpy()[kept],
        "uniquepid": patient["uniquepid"].to_numpy()[kept],
        "target": target[kept],
        "domain": _domain_labels(tables[domain_table][domain_column], position[domain_table]),
    }
    for name in names:
        table = FEATURES[name].table
        values = clean(name, tables[table][FEATURES[name].column or name])
        columns[name] = take(values, position[table], allow_fill=True)
    return columns, flow


def _target(column: pd.Series, outcome: str) -> NDArray[np.float64]:
    """Outcome of every stay, NaN where it is not known."""
    if outcome == "unit_los":
        days = column.to_numpy() / (24 * 60)
        return np.where(days >= 0, days, np.nan)
    meaning = {"alive": 0.0, "expired": 1.0}
    return recode(column, lambda text: meaning.get(text, np.nan))


def _domain_labels(column: pd.Series, rows: NDArray[np.intp]) -> NDArray[Any]:
    """Domain of each row: integers for hospitals, else strings."""
    if column.name == "hospitalid":
        return column.to_numpy()[rows]
    if column.name == "teachingstatus":
        names = np.array(["non-teaching", "teaching", "Unknown"], dtype=object)
        status = clean("teachingstatus", column)
        return names[np.where(rows >= 0, np.nan_to_num(status, nan=2.0)[rows], 2).astype(int)]
    names = np.array([*map(str, column.cat.categories), "Unknown"], dtype=object)
    return names[np.where(rows >= 0, column.cat.codes.to_numpy()[rows], -1)]


def present(values: Any) -> NDArray[np.bool_]:
    """Whether each value is there.

    Parameters
    ----------
    values : {ndarray of float, Categorical} of shape (n_rows,)
        A column.

    Returns
    -------
    present : ndarray of shape (n_rows,)
        False where the value is missing.
    """
    return ~np.isnan(values) if isinstance(values, np.ndarray) else values.codes >= 0


def balanced(
    rows: NDArray[np.intp], target: NDArray[Any], domain: NDArray[Any], random_state: Any
) -> NDArray[np.intp]:
    """Draw as many rows of each class in every domain, without replacement.

    Parameters
    ----------
    rows : ndarray of shape (n_rows,)
        Rows to draw from.
    target, domain : ndarray of shape (n_stays,)
        Class (0 or 1) and domain of all rows.
    random_state : int, RandomState instance or None
        Determines the draw.

    Returns
    -------
    rows : ndarray
        The rows drawn, in their order.
    """
    rng = check_random_state(random_state)
    kept = []
    for of_domain in _split(rows, domain):
        classes = [of_domain[target[of_domain] == label] for label in (0, 1)]
        size = min(map(len, classes))
        kept += [rng.choice(of_class, size, replace=False) for of_class in classes]
    return np.sort(np.concatenate(kept)) if kept else rows


def in_large_domains(
    rows: NDArray[np.intp], domain: NDArray[Any], min_rows: int
) -> NDArray[np.intp]:
    """Leave out the rows of small domains.

    Parameters
    ----------
    rows : ndarray of shape (n_rows,)
        Rows to select from.
    domain : ndarray of shape (n_stays,)
        Domain of all rows.
    min_rows : int
        Rows that a domain must have among `rows`.

    Returns
    -------
    rows : ndarray
        Those of the other domains, in their order.
    """
    large = [of_domain for of_domain in _split(rows, domain) if len(of_domain) >= min_rows]
    return np.sort(np.concatenate(large)) if large else rows[:0]


def _split(rows: NDArray[np.intp], domain: NDArray[Any]) -> list[NDArray[np.intp]]:
    """Rows of each domain, domains in sorted order."""
    if len(rows) == 0:
        return []
    _, codes = np.unique(domain[rows], return_inverse=True)
    ends = np.cumsum(np.bincount(codes))[:-1]
    return np.split(rows[np.argsort(codes, kind="stable")], ends)
