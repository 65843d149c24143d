# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Invented tables in the schema of eICU 2.0, complete with the columns that tell the outcome."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

_COLUMNS = {
    "patient": (
        "patientunitstayid patienthealthsystemstayid gender age ethnicity hospitalid wardid "
        "apacheadmissiondx admissionheight hospitaladmittime24 hospitaladmitoffset "
        "hospitaladmitsource hospitaldischargeyear hospitaldischargetime24 "
        "hospitaldischargeoffset hospitaldischargelocation hospitaldischargestatus unittype "
        "unitadmittime24 unitadmitsource unitvisitnumber unitstaytype admissionweight "
        "dischargeweight unitdischargetime24 unitdischargeoffset unitdischargelocation "
        "unitdischargestatus uniquepid"
    ),
    "apacheApsVar": (
        "apacheapsvarid patientunitstayid intubated vent dialysis eyes motor verbal meds urine wbc "
        "temperature respiratoryrate sodium heartrate meanbp ph hematocrit creatinine albumin pao2 "
        "pco2 bun glucose bilirubin fio2"
    ),
    "apachePredVar": (
        "apachepredvarid patientunitstayid sicuday saps3day1 saps3today saps3yesterday gender "
        "teachtype region bedcount admitsource graftcount meds verbal motor eyes age "
        "admitdiagnosis thrombolytics diedinhospital aids hepaticfailure lymphoma metastaticcancer "
        "leukemia immunosuppression cirrhosis electivesurgery activetx readmit ima midur ventday1 "
        "oobventday1 oobintubday1 diabetes managementsystem var03hspxlos pao2 fio2 ejectfx "
        "creatinine dischargelocation visitnumber amilocation day1meds day1verbal day1motor "
        "day1eyes day1pao2 day1fio2"
    ),
    "hospital": "hospitalid numbedscategory teachingstatus region",
    "apachePatientResult": (
        "apachepatientresultsid patientunitstayid physicianspeciality "
        "physicianinterventioncategory acutephysiologyscore apachescore apacheversion "
        "predictedicumortality actualicumortality predictediculos actualiculos "
        "predictedhospitalmortality actualhospitalmortality predictedhospitallos "
        "actualhospitallos preopmi preopcardiaccath ptcawithin24h unabridgedunitlos "
        "unabridgedhosplos actualventdays predventdays unabridgedactualventdays"
    ),
}
COLUMNS = {table: columns.split() for table, columns in _COLUMNS.items()}


def invent_tables(n_stays: int = 60, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Invent stays in three hospitals, of patients with two stays each.

    Parameters
    ----------
    n_stays : int, default=60
        Rows of `patient`; each of the APACHE tables has one for every stay, in another order.
    seed : int, default=0
        Determines the values.

    Returns
    -------
    tables : dict of str to DataFrame
        By original name, the columns in their original order.
    """
    rng = np.random.default_rng(seed)
    stays = 1000 + np.arange(n_stays)
    died = np.arange(n_stays) % 5 == 0
    status = np.where(died, "Expired", "Alive")
    patient = {
        "patientunitstayid": stays,
        "gender": rng.choice(["Male", "Female"], n_stays),
        "age": rng.integers(20, 89, n_stays).astype(str),
        "ethnicity": rng.choice(["Caucasian", "Asian"], n_stays),
        "hospitalid": np.array([10, 20, 30])[np.arange(n_stays) % 3],
        "apacheadmissiondx": rng.choice(["Sepsis, pulmonary", "CHF"], n_stays),
        "admissionheight": rng.integers(150, 200, n_stays).astype(float),
        "hospitaladmitoffset": -60 * rng.integers(0, 48, n_stays),
        "hospitaladmitsource": rng.choice(["Floor", "Emergency Department"], n_stays),
        "hospitaldischargelocation": np.where(died, "Death", "Home"),
        "hospitaldischargestatus": status,
        "unittype": rng.choice(["MICU", "SICU"], n_stays),
        "unitadmitsource": rng.choice(["Floor", "Operating Room"], n_stays),
        "unitvisitnumber": 1 + np.arange(n_stays) % 2,
        "unitstaytype": rng.choice(["admit", "readmit"], n_stays),
        "admissionweight": rng.integers(50, 120, n_stays).astype(float),
        "unitdischargeoffset": 1440 * (1 + np.arange(n_stays)),
        "unitdischargestatus": status,
        "uniquepid": [f"00{stay // 2 % 9}-{stay // 2}" for stay in stays],
    }
    aps = {"patientunitstayid": rng.permutation(stays)}
    aps |= {name: rng.integers(0, 2, n_stays) for name in ["intubated", "vent", "dialysis", "meds"]}
    aps |= {name: rng.integers(1, 5, n_stays) for name in ["eyes", "motor", "verbal"]}
    typical = {
        "urine": 1500, "wbc": 10, "temperature": 37, "respiratoryrate": 20, "sodium": 140,
        "heartrate": 90, "meanbp": 80, "ph": 7.4, "hematocrit": 35, "creatinine": 1, "albumin": 3,
        "pao2": 90, "pco2": 40, "bun": 20, "glucose": 120, "bilirubin": 1, "fio2": 40,
    }  # fmt: skip
    aps |= {name: value * rng.uniform(0.95, 1.05, n_stays) for name, value in typical.items()}
    flags = COLUMNS["apachePredVar"]
    pred = {name: rng.integers(0, 2, n_stays) for name in flags}
    pred |= {
        "patientunitstayid": rng.permutation(stays),
        "admitdiagnosis": rng.choice(["SEPSISPULM", "CHF"], n_stays),
        "ejectfx": rng.integers(20, 70, n_stays),
        "amilocation": rng.integers(1, 7, n_stays),
    }
    hospital = {
        "hospitalid": [10, 20, 30],
        "numbedscategory": ["<100", ">= 500", "100 - 249"],
        "teachingstatus": ["f", "t", "f"],
        "region": ["West", "South", "West"],
    }
    result = {
        "patientunitstayid": np.repeat(stays, 2),
        "apacheversion": ["IV", "IVa"] * n_stays,
        "apachescore": np.arange(2 * n_stays),
        "predictedhospitalmortality": rng.uniform(size=2 * n_stays),
        "predictedicumortality": rng.uniform(size=2 * n_stays),
        "predictediculos": rng.uniform(1, 9, size=2 * n_stays),
    }
    contents = [patient, aps, pred, hospital, result]
    return {
        name: pd.DataFrame(content).reindex(columns=COLUMNS[name])
        for name, content in zip(COLUMNS, contents, strict=True)
    }


def write_tables(
    tables: dict[str, pd.DataFrame], folder: Path, *, suffix: str = ".csv", case: str = "as it is"
) -> Path:
    """Write the tables as the original files.

    Parameters
    ----------
    tables : dict of str to DataFrame
        By original name.
    folder : Path
        Where to write; created where it is not there.
    suffix : {".csv", ".csv.gz"}, default=".csv"
        Plain or compressed.
    case : {"as it is", "upper", "lower", "title"}, default="as it is"
        Letter case of file names and column names.

    Returns
    -------
    folder : Path
        The folder.
    """
    folder.mkdir(exist_ok=True)
    change = (lambda name: name) if case == "as it is" else getattr(str, case)
    for name, table in tables.items():
        table.rename(columns=change).to_csv(
            folder / change(name + suffix),
            index=False,
            compression="gzip" if suffix.endswith(".gz") else None,
        )
    return folder
