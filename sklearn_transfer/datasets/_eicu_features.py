# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Features of the eICU cohort: where each comes from and which of its values are believed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


class Feature(NamedTuple):
    """One feature.

    Parameters
    ----------
    table : str
        Original table that it is read from.
    group : str
        Group under which a caller may leave it out.
    low, high : float, default=nan
        Smallest and largest plausible value of a number; NaN for labels.
    unit : str, default=""
        Unit of a number.
    column : str, default=""
        Column in the table where it is not named like the feature.
    """

    table: str
    group: str
    low: float = math.nan
    high: float = math.nan
    unit: str = ""
    column: str = ""

    @property
    def is_label(self) -> bool:
        """Whether the values are categories."""
        return math.isnan(self.low)


_PATIENT = "patient"
_APS = ("apacheApsVar", "physiology")
_TREATED = Feature("apachePredVar", "treatment", 0, 1)
_CHRONIC = Feature("apachePredVar", "chronic", 0, 1)

# The ranges are wider than any reference range: they remove codes and slips of the keyboard, not
# the very sick. All of those of APACHE variables exclude -1, the code for missing.
FEATURES: dict[str, Feature] = {
    "age": Feature(_PATIENT, "demographics", 0, 90, "years"),
    "gender": Feature(_PATIENT, "demographics"),
    "ethnicity": Feature(_PATIENT, "demographics"),
    "admissionheight": Feature(_PATIENT, "demographics", 100, 230, "cm"),
    "admissionweight": Feature(_PATIENT, "demographics", 25, 350, "kg"),
    "apacheadmissiondx": Feature(_PATIENT, "admission"),
    "unittype": Feature(_PATIENT, "admission"),
    "unitadmitsource": Feature(_PATIENT, "admission"),
    "hospitaladmitsource": Feature(_PATIENT, "admission"),
    "unitstaytype": Feature(_PATIENT, "admission"),
    "unitvisitnumber": Feature(_PATIENT, "admission", 1, math.inf),
    "hours_hospital_before_unit": Feature(
        _PATIENT, "admission", -math.inf, math.inf, "hours", "hospitaladmitoffset"
    ),
    "electivesurgery": Feature("apachePredVar", "admission", 0, 1),
    "readmit": Feature("apachePredVar", "admission", 0, 1),
    "numbedscategory": Feature("hospital", "hospital"),
    "teachingstatus": Feature("hospital", "hospital", 0, 1),
    "region": Feature("hospital", "hospital"),
    "intubated": Feature(*_APS, 0, 1),
    "vent": Feature(*_APS, 0, 1),
    "dialysis": Feature(*_APS, 0, 1),
    "eyes": Feature(*_APS, 1, 4, "points of the Glasgow Coma Scale"),
    "motor": Feature(*_APS, 1, 6, "points of the Glasgow Coma Scale"),
    "verbal": Feature(*_APS, 1, 5, "points of the Glasgow Coma Scale"),
    "meds": Feature(*_APS, 0, 1),
    "urine": Feature(*_APS, 0, 20_000, "ml in 24 hours"),
    "wbc": Feature(*_APS, 0, 500, "thousands per microlitre"),
    "temperature": Feature(*_APS, 20, 45, "degrees Celsius"),
    "respiratoryrate": Feature(*_APS, 1, 100, "per minute"),
    "sodium": Feature(*_APS, 90, 200, "mmol/l"),
    "heartrate": Feature(*_APS, 10, 300, "per minute"),
    "meanbp": Feature(*_APS, 10, 250, "mm Hg"),
    "ph": Feature(*_APS, 6.5, 8),
    "hematocrit": Feature(*_APS, 5, 75, "%"),
    "creatinine": Feature(*_APS, 0.05, 40, "mg/dl"),
    "albumin": Feature(*_APS, 0.5, 7, "g/dl"),
    "pao2": Feature(*_APS, 15, 750, "mm Hg"),
    "pco2": Feature(*_APS, 5, 250, "mm Hg"),
    "bun": Feature(*_APS, 1, 300, "mg/dl"),
    "glucose": Feature(*_APS, 5, 2500, "mg/dl"),
    "bilirubin": Feature(*_APS, 0, 80, "mg/dl"),
    "fio2": Feature(*_APS, 21, 100, "%"),
    "activetx": _TREATED,
    "thrombolytics": _TREATED,
    "ima": _TREATED,
    "oobventday1": _TREATED,
    "oobintubday1": _TREATED,
    "graftcount": Feature("apachePredVar", "treatment", 0, 12),
    "aids": _CHRONIC,
    "hepaticfailure": _CHRONIC,
    "lymphoma": _CHRONIC,
    "metastaticcancer": _CHRONIC,
    "leukemia": _CHRONIC,
    "immunosuppression": _CHRONIC,
    "cirrhosis": _CHRONIC,
    "diabetes": _CHRONIC,
    "midur": _CHRONIC,
    "ejectfx": Feature("apachePredVar", "chronic", 1, 100, "%"),
    "amilocation": Feature("apachePredVar", "chronic"),
}

FEATURE_GROUPS = ("demographics", "admission", "hospital", "physiology", "treatment", "chronic")

# Recorded in the patients who need them: complete records with these would be a handful.
RARELY_RECORDED = (
    "urine",
    "ph",
    "pao2",
    "pco2",
    "fio2",
    "albumin",
    "bilirubin",
    "ejectfx",
    "amilocation",
    "hospitaladmitsource",
)

# Numbers that the tables write as text.
_WRITTEN_AS_TEXT = ("age", "teachingstatus")


def columns_of(table: str, names: list[str]) -> dict[str, str]:
    """Columns of a table to be read for some features.

    Parameters
    ----------
    table : str
        Original table.
    names : list of str
        Features; those of other tables are passed over.

    Returns
    -------
    columns : dict of str to str
        Column names and the dtypes to read them in.
    """
    return {
        FEATURES[name].column or name: (
            "category" if FEATURES[name].is_label or name in _WRITTEN_AS_TEXT else "float64"
        )
        for name in names
        if FEATURES[name].table == table
    }


def clean(name: str, column: pd.Series) -> Any:
    """Values of a feature, with everything that is no measurement missing.

    Parameters
    ----------
    name : str
        Feature.
    column : Series
        Its column as read; not modified.

    Returns
    -------
    values : ndarray of float or Categorical
        As many as there are rows.
    """
    feature = FEATURES[name]
    if feature.is_label:
        # pandas makes numbers of categories that look like numbers
        texts = {category: str(category) for category in column.cat.categories}
        no_labels = {"-1", "Unknown"} if name == "gender" else {"-1"}
        absent = [category for category, text in texts.items() if text.strip() in no_labels]
        return column.cat.remove_categories(absent).cat.rename_categories(texts).array
    if name == "age":
        values = recode(column, _age)
    elif name == "teachingstatus":
        meaning = dict.fromkeys("ty1", 1.0) | dict.fromkeys("fn0", 0.0)
        values = recode(column, lambda text: meaning.get(text[:1], np.nan))
    else:
        values = column.to_numpy(dtype=np.float64, copy=True)
    if name == "hours_hospital_before_unit":
        values /= -60.0  # the offset counts minutes from admission to the unit
    if name == "electivesurgery":
        values[np.isnan(values)] = 0.0  # filled for surgical patients only
    values[~((values >= feature.low) & (values <= feature.high))] = np.nan
    return values


def recode(column: pd.Series, meaning: Callable[[str], float]) -> NDArray[np.float64]:
    """Numbers behind the few distinct texts of a column.

    Parameters
    ----------
    column : Series of categories
        As read.
    meaning : callable
        The number for a text, which it gets in lower case without blanks around.

    Returns
    -------
    values : ndarray of shape (n_rows,)
        NaN where there is no text.
    """
    texts = [str(category).strip().lower() for category in column.cat.categories]
    of_category = np.array([*map(meaning, texts), np.nan])
    return of_category[column.cat.codes.to_numpy()]


def _age(text: str) -> float:
    if text.startswith(">"):  # "> 89": ages above are not told
        return 90.0
    try:
        return float(text)
    except ValueError:
        return np.nan


def describe_features() -> str:
    """One line per feature: group, table and plausible range.

    Returns
    -------
    text : str
        Lines of a table.
    """
    lines = []
    for name, feature in FEATURES.items():
        if feature.is_label:
            values = "categories"
        elif (feature.low, feature.high) == (0, 1):
            values = "0 or 1"
        elif feature.high == math.inf:
            values = feature.unit or "number"
        else:
            values = f"{feature.low:g} to {feature.high:g} {feature.unit}".rstrip()
        lines.append(f"{name:27}{feature.group:14}{feature.table:15}{values}")
    return "\n".join(lines)
