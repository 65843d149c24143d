# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The bundled hospitals are those of the UCI repository, and say whose they are."""

from __future__ import annotations

import hashlib
import re
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from sklearn_transfer.datasets import load_heart_hospitals

FOLDER = resources.files("sklearn_transfer.datasets").joinpath("data")
# Rows of each hospital by grade, from the documentation of the UCI files (heart-disease.names).
GRADES = {
    "cleveland": [164, 55, 36, 35, 13],
    "hungary": [188, 37, 26, 28, 15],
    "long_beach_va": [51, 56, 41, 42, 10],
    "switzerland": [8, 48, 32, 30, 5],
}


def test_rows_grades_and_domains_are_those_of_the_documentation():
    hospitals = load_heart_hospitals()
    assert hospitals.data.shape == (920, 13)
    counts = pd.crosstab(hospitals.sample_domain, hospitals.grade)
    # the 14-attribute file of Hungary, which is bundled, grades any disease as 1
    expected = GRADES | {"hungary": [188, 37 + 26 + 28 + 15, 0, 0, 0]}
    assert counts.T.to_dict("list") == expected
    np.testing.assert_array_equal(hospitals.target, hospitals.grade > 0)


def test_first_patient_of_cleveland():
    first = load_heart_hospitals().data.iloc[0]
    expected = [63, 1, 1, 145, 233, 1, 2, 150, 0, 2.3, 3, 0, 6]
    np.testing.assert_array_equal(first, expected)


def test_missing_values_are_kept_and_documented():
    hospitals = load_heart_hospitals()
    missing = hospitals.data.isna().sum()
    documented = dict(re.findall(r"^\| `(\w+)` .*\| (\d+) \|$", hospitals.DESCR, flags=re.M))
    assert {name: int(documented[name]) for name in hospitals.feature_names} == missing.to_dict()
    assert hospitals.data["chol"][hospitals.sample_domain == "switzerland"].isna().all()
    # the codes of the original files
    assert not hospitals.data.isin([-9]).any().any()
    assert (hospitals.data[["chol", "trestbps"]].min() > 0).all()


def test_file_is_the_one_whose_checksum_is_given():
    content = FOLDER.joinpath("heart_hospitals.csv").read_bytes().replace(b"\r\n", b"\n")
    readme = FOLDER.joinpath("README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(content).hexdigest() in readme


@pytest.mark.parametrize("text", ["DESCR", "docstring"])
def test_licence_and_investigators_are_named(text):
    text = load_heart_hospitals().DESCR if text == "DESCR" else load_heart_hospitals.__doc__
    words = " ".join(text.split())
    for required in [
        "CC BY 4.0",
        "10.24432/C52P4X",
        "Janosi",
        "Steinbrunn",
        "Pfisterer",
        "Detrano",
    ]:
        assert required in words


def test_frame_holds_data_target_and_hospital():
    hospitals = load_heart_hospitals()
    assert list(hospitals.frame) == [*hospitals.feature_names, "target", "hospital"]
    pd.testing.assert_frame_equal(hospitals.frame[hospitals.feature_names], hospitals.data)
    assert (hospitals.data.dtypes == np.float64).all()
    assert hospitals.target.dtype == np.int64


def test_arrays_hold_the_same_values():
    hospitals = load_heart_hospitals()
    arrays = load_heart_hospitals(as_frame=False)
    np.testing.assert_array_equal(arrays.data, hospitals.data.to_numpy())
    np.testing.assert_array_equal(arrays.target, hospitals.target)
    np.testing.assert_array_equal(arrays.grade, hospitals.grade)
    assert arrays.sample_domain.tolist() == hospitals.sample_domain.tolist()
    assert arrays.sample_domain.dtype.kind == "U"
    assert arrays.frame is None


@pytest.mark.parametrize("as_frame", [True, False])
def test_return_x_y_gives_the_three(as_frame):
    hospitals = load_heart_hospitals(as_frame=as_frame)
    X, y, sample_domain = load_heart_hospitals(return_X_y=True, as_frame=as_frame)
    np.testing.assert_array_equal(X, hospitals.data)
    np.testing.assert_array_equal(y, hospitals.target)
    np.testing.assert_array_equal(sample_domain, hospitals.sample_domain)
