# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Intensive care in many hospitals: a cohort out of the original eICU tables."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from sklearn_transfer.datasets._eicu_cohort import (
    DOMAINS,
    OUTCOMES,
    STAY,
    balanced,
    in_large_domains,
    join_tables,
    present,
)
from sklearn_transfer.datasets._eicu_features import (
    FEATURE_GROUPS,
    FEATURES,
    RARELY_RECORDED,
    describe_features,
)
from sklearn_transfer.datasets._eicu_tables import TableFolder

if TYPE_CHECKING:
    import pandas as pd

_DESCR = """eICU: stays in intensive care
-----------------------------

Cohort built from the original tables of the eICU Collaborative Research Database (Pollard et al.,
Scientific Data 5, 180178, 2018). The open demo is under the Open Database License 1.0; the full
database is for credentialed users of PhysioNet and may not be shared.

Values outside the range given below, -1 included, count as missing. The age "> 89" is 90, the
gender "Unknown" is missing, an empty electivesurgery is 0.

Feature, group, table, plausible values
"""
_SCORES = (
    "apachescore",
    "predictedhospitalmortality",
    "predictedicumortality",
    "predictediculos",
)


def load_eicu(
    root: str | PathLike[str],
    *,
    outcome: str = "hospital_mortality",
    domain: str = "hospital",
    features: str | Sequence[str] = "all",
    complete: bool = False,
    balance: bool = False,
    min_rows: int = 1,
    apache_scores: bool = False,
    random_state: Any = None,
) -> Bunch:
    """Build a cohort of intensive-care stays from the original eICU tables.

    One row is one stay in an intensive-care unit, described by what is known after its first 24
    hours: demographics, admission, hospital, APACHE physiology and chronic conditions, as in the
    mortality study of [2]_. The eICU database [1]_ holds 200 859 stays in 208 hospitals; its open
    demo 2 520 stays in 186.

    Parameters
    ----------
    root : str or path-like
        Folder with the original tables `patient`, `apacheApsVar`, `apachePredVar` and `hospital`
        as `.csv` or `.csv.gz`. Letter case matters neither in file names nor in column names;
        other files are ignored. `hospital` is read only where its columns are asked for.
    outcome : {"hospital_mortality", "unit_mortality", "unit_los"}, default="hospital_mortality"
        What to predict: death in the hospital, death in the unit, or the length of the unit stay
        in days (regression).
    domain : {"hospital", "region", "unit_type", "teaching"}, default="hospital"
        What makes a domain: the hospital (its integer number), the region of the country, the
        type of the unit, or whether the hospital teaches (`"teaching"`, `"non-teaching"`). Stays
        without an entry form the domain `"Unknown"`. The column that defines the domains is not
        among the features.
    features : "all" or sequence of str, default="all"
        Groups of features to take, out of `"demographics"`, `"admission"`, `"hospital"`,
        `"physiology"`, `"treatment"` and `"chronic"`.
    complete : bool, default=False
        Whether to keep complete records only, as in [2]_: the columns that are recorded in few
        patients (`urine`, `ph`, `pao2`, `pco2`, `fio2`, `albumin`, `bilirubin`, `ejectfx`,
        `amilocation`, `hospitaladmitsource`) are left out, then all rows with a missing value in
        what remains. The study does not list its columns; these are ours.
    balance : bool, default=False
        Whether to undersample the larger class within each domain to the size of the smaller
        one, as in [2]_. Domains with one class disappear.
    min_rows : int, default=1
        Domains with fewer rows, after all else, are left out.
    apache_scores : bool, default=False
        Whether to return the predictions of APACHE IVa from the table `apachePatientResult`, to
        compare with. They are no features.
    random_state : int, RandomState instance or None, default=None
        Determines which rows `balance=True` keeps.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes:

        data : DataFrame of shape (n_samples, n_features)
            Floats with NaN and pandas categories, indexed by `patientunitstayid`.
        target : Series of shape (n_samples,)
            1 for death, 0 for survival; days for `outcome="unit_los"`.
        sample_domain : Series of shape (n_samples,)
            Domain of each row.
        groups : Series of shape (n_samples,)
            Patient of each row (`uniquepid`). A patient may have several stays, some of them in
            different hospitals: split by these groups.
        feature_names : list of str
            Columns of `data`, under their names in the tables.
        feature_groups : dict of str to list of str
            The columns of each group.
        target_names : list of str or None
            Names of the classes 0 and 1; None for `outcome="unit_los"`.
        flow : dict of str to int
            Stays left after each step of the selection.
        scores : DataFrame of shape (n_samples, 4) or None
            `apachescore`, `predictedhospitalmortality`, `predictedicumortality` and
            `predictediculos` of APACHE IVa, NaN where it makes none.
        DESCR : str
            Plausible range of each feature, cleaning and terms of use.

    Raises
    ------
    FileNotFoundError
        If the folder or one of the tables is missing.
    ValueError
        If a column is missing, a file cannot be read, a table has two rows for one stay, a
        parameter is not one of its options, or no row is left.

    See Also
    --------
    load_heart_hospitals : A small table of four hospitals that needs no files.
    read_table : Any csv or parquet table.

    Notes
    -----
    *Rows.* Stays with APACHE variables (a row in both APACHE tables) and a known outcome.

    *Cleaning.* -1, the missing code of the APACHE tables, and any value outside the plausible
    range of its column count as missing; `DESCR` lists the ranges (height 100-230 cm, weight
    25-350 kg, temperature 20-45 degrees and so on). The age "> 89" becomes 90. The gender
    "Unknown" is missing. An empty `electivesurgery` is 0: it is filled for surgical patients only.

    *Not among the features.* What is known only later (`diedinhospital`, discharge place, status,
    time and weight, predicted and actual outcomes), the APACHE columns that repeat others
    (`admitdiagnosis` and `admitsource` are codes of `apacheadmissiondx` and `unitadmitsource`,
    `ventday1` equals `vent`) or are constant, and identifiers. The physiology is the worst of the
    first 24 hours, so in a shorter stay it is known only at the end; mind this for `"unit_los"`.

    The tables of the demo are under the Open Database License; the full database needs
    credentials from PhysioNet and may not be shared. Neither comes with this package.

    References
    ----------
    .. [1] T. J. Pollard, A. E. W. Johnson, J. D. Raffa, L. A. Celi, R. G. Mark and O. Badawi,
       "The eICU Collaborative Research Database, a freely available multi-center database for
       critical care research", Scientific Data 5, 180178, 2018.
    .. [2] "Quantifying Data Similarity Using Cross Learning", arXiv:2510.10866, section 4.1 and
       appendix C.1.

    Examples
    --------
    >>> from sklearn_transfer.datasets import load_eicu
    >>> eicu = load_eicu("eicu-crd-demo", domain="region")  # doctest: +SKIP
    >>> eicu.target.groupby(eicu.sample_domain).agg(["size", "mean"])  # doctest: +SKIP
    """
    _check_options(outcome, domain, features, min_rows, balance)
    groups = FEATURE_GROUPS if isinstance(features, str) else tuple(features)
    names = [
        name
        for name, feature in FEATURES.items()
        if feature.group in groups
        and name != DOMAINS[domain][1]
        and not (complete and name in RARELY_RECORDED)
    ]
    folder = TableFolder(root)
    columns, flow = join_tables(folder, names, outcome, domain)

    rows = np.arange(len(columns[STAY]))
    if complete:
        for name in names:
            rows = rows[present(columns[name][rows])]
        flow["complete"] = len(rows)
    if balance:
        rows = balanced(rows, columns["target"], columns["domain"], random_state)
        flow["balanced"] = len(rows)
    if min_rows > 1:
        rows = in_large_domains(rows, columns["domain"], min_rows)
        flow[f"in domains of {min_rows} rows or more"] = len(rows)
    if len(rows) == 0:
        steps = ", ".join(f"{step}: {count}" for step, count in flow.items())
        raise ValueError(
            f"The cohort must have at least one row. Got none ({steps}) instead; loosen "
            "`complete`, `balance` or `min_rows`, or check that all tables are of one release."
        )
    return _cohort(columns, rows, names, outcome, domain, flow, folder if apache_scores else None)


def _check_options(outcome: str, domain: str, features: Any, min_rows: int, balance: bool) -> None:
    chosen = {"outcome": (outcome, list(OUTCOMES)), "domain": (domain, list(DOMAINS))}
    for name, (value, options) in chosen.items():
        if value not in options:
            raise ValueError(
                f"`{name}` must be one of {', '.join(map(repr, options))}. Got {value!r} instead."
            )
    groups = list(features) if not isinstance(features, str) else []
    if (isinstance(features, str) and features != "all") or set(groups) - set(FEATURE_GROUPS):
        raise ValueError(
            f"`features` must be 'all' or a list of {', '.join(map(repr, FEATURE_GROUPS))}. Got "
            f"{features!r} instead."
        )
    if features != "all" and not groups:
        raise ValueError("`features` must name at least one group. Got none instead.")
    if not isinstance(min_rows, Integral) or min_rows < 1:
        raise ValueError(f"`min_rows` must be an integer of at least 1. Got {min_rows!r} instead.")
    if balance and outcome == "unit_los":
        raise ValueError(
            "`balance=True` must go with an outcome that has two classes. Got "
            "outcome='unit_los' instead; choose a mortality or pass `balance=False`."
        )


def _cohort(
    columns: dict[str, Any],
    rows: NDArray[np.intp],
    names: list[str],
    outcome: str,
    domain: str,
    flow: dict[str, int],
    score_folder: TableFolder | None,
) -> Bunch:
    """The selected rows as tables."""
    import pandas as pd

    index = pd.Index(columns[STAY][rows], name=STAY)
    selected = {name: columns[name][rows] for name in names}
    for name, values in selected.items():
        if isinstance(values, pd.Categorical):
            selected[name] = values.remove_unused_categories()
    target = columns["target"][rows]
    is_class = outcome != "unit_los"
    return Bunch(
        data=pd.DataFrame(selected, index=index),
        target=pd.Series(target.astype(np.int64) if is_class else target, index, name=outcome),
        sample_domain=pd.Series(columns["domain"][rows], index, name=domain),
        groups=pd.Series(columns["uniquepid"][rows], index, name="uniquepid"),
        feature_names=names,
        feature_groups={
            group: [name for name in names if FEATURES[name].group == group]
            for group in dict.fromkeys(FEATURES[name].group for name in names)
        },
        target_names=["alive", "expired"] if is_class else None,
        flow=flow,
        scores=None if score_folder is None else _apache_iva(score_folder, index),
        DESCR=_DESCR + describe_features(),
    )


def _apache_iva(folder: TableFolder, stays: pd.Index) -> pd.DataFrame:
    """Score and predictions of APACHE IVa, which the table gives beside those of version IV."""
    wanted = {STAY: "int64", "apacheversion": "category"} | dict.fromkeys(_SCORES, "float64")
    table = folder.read_rows("apachePatientResult", wanted)
    table = table[table.pop("apacheversion").astype(str).str.lower() == "iva"]
    scores = table.drop_duplicates(STAY).set_index(STAY).reindex(stays)
    return scores.where(scores >= 0)
