# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The eICU cohort: which stays, which features, which values, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_transfer.datasets import load_eicu
from tests.datasets.eicu_tables import COLUMNS, invent_tables, write_tables

# Columns that tell the outcome, or when and where the stay ended.
LEAKS = {
    "diedinhospital",
    "dischargelocation",
    "dischargeweight",
    "var03hspxlos",
    *(name for name in COLUMNS["patient"] if "discharge" in name),
    *(name for name in COLUMNS["apachePatientResult"] if name.startswith(("pred", "actual"))),
}

# Columns with a namesake that is read in their place.
NAMESAKES = {
    "patient": set(),
    "apacheApsVar": set(),
    "apachePredVar": {
        "gender",
        "age",
        "region",
        "meds",
        "verbal",
        "motor",
        "eyes",
        "pao2",
        "fio2",
        "creatinine",
    },
}


@pytest.fixture
def tables():
    return invent_tables()


@pytest.fixture
def load(tables, tmp_path):
    """Write the tables, as the test changed them, and load them."""

    def load(**options):
        return load_eicu(write_tables(tables, tmp_path / "eicu"), **options)

    return load


def _set(tables, table, column, stay, value):
    """Set one cell; text makes a column of objects."""
    frame = tables[table]
    if isinstance(value, str):
        frame[column] = frame[column].astype(object)
    frame.loc[frame["patientunitstayid"] == stay, column] = value


def test_every_row_holds_the_values_of_its_stay(tables, load):
    """The tables are joined by stay although each is in another order."""
    eicu = load()
    patient = tables["patient"].set_index("patientunitstayid")
    assert eicu.data.index.tolist() == patient.index.tolist()
    for table in ("patient", "apacheApsVar", "apachePredVar"):
        original = tables[table].set_index("patientunitstayid").loc[eicu.data.index]
        shared = [name for name in original if name in eicu.data and name not in NAMESAKES[table]]
        assert shared
        for name in shared:
            read = eicu.data[name]
            if name == "amilocation":
                read = read.astype(int)
            expected = original[name].astype(float) if name == "age" else original[name]
            assert read.tolist() == pytest.approx(expected.tolist()), name
    hospital = tables["hospital"].set_index("hospitalid").loc[patient["hospitalid"]]
    assert eicu.data["region"].tolist() == hospital["region"].tolist()
    assert eicu.data["numbedscategory"].tolist() == hospital["numbedscategory"].tolist()
    np.testing.assert_array_equal(eicu.data["teachingstatus"], hospital["teachingstatus"] == "t")
    np.testing.assert_allclose(
        eicu.data["hours_hospital_before_unit"], -patient["hospitaladmitoffset"] / 60
    )
    assert eicu.groups.tolist() == patient["uniquepid"].tolist()
    for column in (eicu.target, eicu.sample_domain, eicu.groups):
        assert column.index.equals(eicu.data.index)


def test_outcomes(tables, load):
    patient = tables["patient"].set_index("patientunitstayid")
    patient.loc[1001, "unitdischargestatus"] = "Expired"
    tables["patient"] = patient.reset_index()
    eicu = load()
    np.testing.assert_array_equal(
        eicu.target, (patient["hospitaldischargestatus"] == "Expired").astype(int)
    )
    assert eicu.target_names == ["alive", "expired"]
    eicu = load(outcome="unit_mortality")
    np.testing.assert_array_equal(
        eicu.target, (patient["unitdischargestatus"] == "Expired").astype(int)
    )
    eicu = load(outcome="unit_los")
    np.testing.assert_allclose(eicu.target, 1.0 + np.arange(len(patient)))
    assert eicu.target_names is None


@pytest.mark.parametrize("outcome", ["hospital_mortality", "unit_mortality", "unit_los"])
def test_no_feature_tells_the_outcome(load, outcome):
    eicu = load(outcome=outcome, apache_scores=True)
    assert not LEAKS & set(eicu.data)
    assert not {"patientunitstayid", "uniquepid", "hospitalid", "wardid"} & set(eicu.data)


def test_only_stays_with_apache_variables_and_a_known_outcome(tables, load):
    tables["apacheApsVar"] = tables["apacheApsVar"].query("patientunitstayid != 1000")
    tables["apachePredVar"] = tables["apachePredVar"].query("patientunitstayid != 1001")
    _set(tables, "patient", "hospitaldischargestatus", 1002, None)
    _set(tables, "patient", "unitdischargeoffset", 1003, -5)
    eicu = load()
    assert eicu.data.index.tolist() == [1003 + i for i in range(57)]
    assert list(eicu.flow.items()) == [
        ("unit stays", 60),
        ("with APACHE variables", 58),
        ("with a known outcome", 57),
    ]
    assert load(outcome="unit_los").data.index.tolist() == [1002, *(1004 + i for i in range(56))]


def test_minus_one_and_implausible_values_are_missing(tables, load):
    _set(tables, "apacheApsVar", "glucose", 1000, -1)
    _set(tables, "apacheApsVar", "ph", 1000, 74)
    _set(tables, "apacheApsVar", "temperature", 1000, 98.6)
    _set(tables, "apacheApsVar", "vent", 1000, -1)
    _set(tables, "apachePredVar", "ejectfx", 1000, -1)
    _set(tables, "apachePredVar", "amilocation", 1000, -1)
    _set(tables, "patient", "admissionheight", 1000, 1.8)
    _set(tables, "patient", "admissionweight", 1000, 900)
    _set(tables, "patient", "gender", 1000, "Unknown")
    _set(tables, "patient", "ethnicity", 1000, None)
    data = load().data
    missing = {
        "glucose",
        "ph",
        "temperature",
        "vent",
        "ejectfx",
        "amilocation",
        "admissionheight",
        "admissionweight",
        "gender",
        "ethnicity",
    }
    assert set(data.columns[data.loc[1000].isna()]) == missing
    assert not data.drop(index=1000).isna().any().any()
    assert data["gender"].cat.categories.tolist() == ["Female", "Male"]
    assert data["amilocation"].cat.categories.tolist() == ["1", "2", "3", "4", "5", "6"]


def test_ends_of_the_plausible_range_are_kept(tables, load):
    for stay, value in [(1000, 20.0), (1001, 19.9), (1002, 45.0), (1003, 45.1)]:
        _set(tables, "apacheApsVar", "temperature", stay, value)
    temperature = load().data["temperature"].iloc[:4]
    np.testing.assert_array_equal(temperature, [20.0, np.nan, 45.0, np.nan])


def test_ages_above_89_and_empty_ages(tables, load):
    for stay, age in [(1000, "> 89"), (1001, "89"), (1002, None), (1003, ">89")]:
        _set(tables, "patient", "age", stay, age)
    np.testing.assert_array_equal(load().data["age"].iloc[:4], [90, 89, np.nan, 90])


def test_empty_elective_surgery_means_no_surgery(tables, load):
    _set(tables, "apachePredVar", "electivesurgery", 1000, None)
    assert load().data.loc[1000, "electivesurgery"] == 0


def test_features_are_floats_and_categories(load):
    data = load().data
    kinds = {str(dtype) for dtype in data.dtypes}
    assert kinds == {"float64", "category"}
    for name in data.select_dtypes("category"):
        assert all(isinstance(category, str) for category in data[name].cat.categories)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
@pytest.mark.parametrize("case", ["upper", "lower", "title"])
def test_letter_case_and_compression_do_not_matter(tables, tmp_path, suffix, case):
    plain = load_eicu(write_tables(tables, tmp_path / "plain"), apache_scores=True)
    other = load_eicu(
        write_tables(tables, tmp_path / "other", suffix=suffix, case=case), apache_scores=True
    )
    for name in ("data", "scores"):
        pd.testing.assert_frame_equal(plain[name], other[name])
    for name in ("target", "sample_domain", "groups"):
        pd.testing.assert_series_equal(plain[name], other[name])


def test_domains(tables, load):
    hospitals = tables["patient"]["hospitalid"]
    assert load().sample_domain.tolist() == hospitals.tolist()
    regions = {10: "West", 20: "South", 30: "West"}
    assert load(domain="region").sample_domain.tolist() == hospitals.map(regions).tolist()
    teaching = {10: "non-teaching", 20: "teaching", 30: "non-teaching"}
    assert load(domain="teaching").sample_domain.tolist() == hospitals.map(teaching).tolist()
    assert load(domain="unit_type").sample_domain.tolist() == tables["patient"]["unittype"].tolist()


@pytest.mark.parametrize(
    ("domain", "column"),
    [("region", "region"), ("unit_type", "unittype"), ("teaching", "teachingstatus")],
)
def test_the_domain_is_no_feature(load, domain, column):
    names = set(load().feature_names)
    assert column in names
    assert set(load(domain=domain).feature_names) == names - {column}


@pytest.mark.parametrize("domain", ["region", "teaching"])
def test_stays_without_an_entry_form_a_domain(tables, load, domain):
    """An empty cell, and a hospital that the table of hospitals does not list."""
    column = {"region": "region", "teaching": "teachingstatus"}[domain]
    tables["hospital"].loc[0, column] = None
    tables["hospital"] = tables["hospital"].iloc[:2]
    labels = load(domain=domain).sample_domain
    hospitals = tables["patient"]["hospitalid"].to_numpy()
    assert set(labels[hospitals != 20]) == {"Unknown"}
    assert len(set(labels[hospitals == 20])) == 1
    data = load().data
    assert data["numbedscategory"][hospitals == 30].isna().all()
    assert data["teachingstatus"][hospitals == 30].isna().all()


def test_groups_of_features_can_be_left_out(tables, load, tmp_path):
    eicu = load()
    listed = [name for names in eicu.feature_groups.values() for name in names]
    assert listed == eicu.feature_names == list(eicu.data)
    chosen = load(features=["chronic", "physiology"])
    assert list(chosen.data) == (eicu.feature_groups["physiology"] + eicu.feature_groups["chronic"])
    pd.testing.assert_frame_equal(chosen.data, eicu.data[list(chosen.data)])
    # with neither its features nor its domains, the table of hospitals is not needed
    del tables["hospital"]
    without = load_eicu(write_tables(tables, tmp_path / "without"), features=["chronic"])
    assert list(without.data) == eicu.feature_groups["chronic"]


def test_complete_records(tables, load):
    _set(tables, "apacheApsVar", "glucose", 1000, -1)
    _set(tables, "apacheApsVar", "ph", 1001, -1)
    eicu = load(complete=True)
    assert not eicu.data.isna().any().any()
    assert "ph" not in eicu.data
    assert eicu.data.index.tolist() == [1001 + i for i in range(59)]
    assert eicu.flow["complete"] == 59


def test_balanced_domains(load):
    """One in five died, in each of three hospitals of 20: four of each class remain."""
    everyone = load()
    eicu = load(balance=True, random_state=0)
    counts = eicu.target.groupby(eicu.sample_domain).agg(["size", "sum"])
    assert counts.values.tolist() == [[8, 4]] * 3
    died = everyone.target.index[everyone.target == 1]
    assert set(died) <= set(eicu.target.index)
    assert eicu.target.index.is_monotonic_increasing
    pd.testing.assert_frame_equal(
        eicu.data, everyone.data.loc[eicu.data.index], check_categorical=False
    )


def test_balancing_follows_the_random_state(load):
    first, again, other = (load(balance=True, random_state=seed).data.index for seed in (0, 0, 1))
    assert first.equals(again)
    assert not first.equals(other)


def test_balancing_leaves_out_domains_with_one_class(tables, load):
    patient = tables["patient"]
    patient.loc[patient["hospitalid"] == 20, "hospitaldischargestatus"] = "Alive"
    assert set(load(balance=True, random_state=0).sample_domain) == {10, 30}


def test_small_domains_are_left_out(tables, load):
    tables["patient"]["hospitalid"] = [10] * 5 + [20] * 6 + [30] * 49
    assert set(load(min_rows=6).sample_domain) == {20, 30}
    assert set(load(min_rows=7).sample_domain) == {30}
    # counted after balancing: one death in hospital 10, two in 20, ten in 30
    assert set(load(min_rows=5, balance=True, random_state=0).sample_domain) == {30}


def test_no_category_without_rows_remains(tables, load):
    _set(tables, "patient", "ethnicity", 1000, "Hispanic")
    _set(tables, "patient", "hospitaldischargestatus", 1000, None)
    assert load().data["ethnicity"].cat.categories.tolist() == ["Asian", "Caucasian"]


def test_apache_scores_are_those_of_version_iva(tables, load):
    result = tables["apachePatientResult"]
    second = result["apacheversion"] == "IVa"
    result.loc[second & (result["patientunitstayid"] == 1000), "apachescore"] = -1
    tables["apachePatientResult"] = result[result["patientunitstayid"] != 1001]
    scores = load(apache_scores=True).scores
    assert scores["apachescore"].iloc[:2].isna().all()
    assert scores["apachescore"].iloc[2:].tolist() == [1 + 2 * i for i in range(2, 60)]
    assert load().scores is None


def test_results_may_be_changed_by_the_caller(load):
    """Older pandas warns where a table handed out is a slice of a hidden one."""
    eicu = load(min_rows=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        eicu.data["age"] = 1.0
        eicu.target.iloc[0] = 5
        eicu.sample_domain.iloc[0] = 5
    assert load(min_rows=2).target.iloc[0] != 5


def test_every_feature_is_described(load):
    eicu = load()
    described = {line.split()[0] for line in eicu.DESCR.splitlines() if line}
    assert set(eicu.feature_names) <= described


def _refused(call, kind, *words):
    with pytest.raises(kind) as info:
        call()
    message = str(info.value)
    assert "\n" not in message
    for word in ("must", "Got", "instead", *words):
        assert word in message


def test_root_that_is_no_folder(tmp_path):
    _refused(lambda: load_eicu(tmp_path / "nowhere"), FileNotFoundError, "nowhere")


@pytest.mark.parametrize("table", ["patient", "apacheApsVar", "apachePredVar", "hospital"])
def test_missing_table(tables, load, table):
    del tables[table]
    _refused(load, FileNotFoundError, repr(table), f"{table}.csv.gz")


def test_scores_need_their_table(tables, load):
    del tables["apachePatientResult"]
    assert len(load().data) == 60
    _refused(lambda: load(apache_scores=True), FileNotFoundError, "'apachePatientResult'")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("patient", "patientunitstayid"),
        ("patient", "uniquepid"),
        ("patient", "hospitaldischargestatus"),
        ("apacheApsVar", "glucose"),
        ("apachePredVar", "diabetes"),
        ("hospital", "region"),
    ],
)
def test_missing_column(tables, load, table, column):
    tables[table] = tables[table].drop(columns=column)
    _refused(load, ValueError, repr(table), f"without {column!r}")


def test_text_in_a_column_of_numbers(tables, load):
    _set(tables, "apacheApsVar", "glucose", 1000, "high")
    _refused(load, ValueError, "apacheApsVar.csv", "high")


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bno gzip", b"\xff\xfe\xfa"])
def test_unreadable_table(tables, tmp_path, content):
    folder = write_tables(tables, tmp_path / "eicu", suffix=".csv.gz")
    (folder / "patient.csv.gz").write_bytes(content)
    _refused(lambda: load_eicu(folder), ValueError, "patient.csv.gz", "readable")


@pytest.mark.parametrize("table", ["patient", "apacheApsVar", "apachePredVar", "hospital"])
def test_repeated_keys(tables, load, table):
    tables[table] = pd.concat([tables[table], tables[table].iloc[:2]])
    _refused(load, ValueError, repr(table), "2 repeated rows")


@pytest.mark.parametrize(
    "options",
    [
        {"outcome": "mortality"},
        {"domain": "ward"},
        {"features": "physiology"},
        {"features": ["labs"]},
        {"features": []},
        {"min_rows": 0},
        {"min_rows": 2.5},
        {"balance": True, "outcome": "unit_los"},
    ],
)
def test_bad_options(load, options):
    _refused(lambda: load(**options), ValueError, f"`{next(iter(options))}")


def test_nothing_left(tables, load):
    _refused(lambda: load(min_rows=21), ValueError, "in domains of 21 rows or more: 0")
    tables["apacheApsVar"]["patientunitstayid"] += 10_000
    _refused(load, ValueError, "with APACHE variables: 0")


@pytest.fixture(scope="module")
def demo(data_folder):
    folder = data_folder / "eicu_demo" / "tables"
    if not folder.is_dir():
        pytest.skip("the data folder has no tables of the eICU demo")
    return folder


def test_cohort_of_the_demo(demo):
    """Numbers counted independently of this loader, on version 2.0 of the demo."""
    eicu = load_eicu(demo, apache_scores=True)
    assert eicu.flow == {
        "unit stays": 2520,
        "with APACHE variables": 2205,
        "with a known outcome": 2179,
    }
    assert eicu.target.sum() == 196
    assert eicu.sample_domain.nunique() == 186
    assert eicu.groups.nunique() == 1765
    present = eicu.data.notna().sum()
    assert present[["age", "gender", "admissionheight", "admissionweight"]].tolist() == [
        2176,
        2176,
        2111,
        2100,
    ]
    assert present[["ph", "glucose", "ejectfx", "amilocation"]].tolist() == [403, 1794, 31, 67]
    assert eicu.scores.notna().sum()["predictedhospitalmortality"] == 1683
    regions = load_eicu(demo, domain="region").sample_domain.value_counts().to_dict()
    assert regions == {"Midwest": 718, "South": 666, "West": 458, "Unknown": 199, "Northeast": 138}


def test_complete_and_balanced_cohort_of_the_demo(demo):
    eicu = load_eicu(demo, domain="region", complete=True, balance=True, random_state=0)
    assert not eicu.data.isna().any().any()
    rates = eicu.target.groupby(eicu.sample_domain).mean()
    assert (rates == 0.5).all()
    assert eicu.flow["complete"] > 1000
