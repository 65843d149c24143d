# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Whatever a user gets wrong ends in one line on stderr and exit code 2."""

from __future__ import annotations

import re

import joblib
import numpy as np
import pandas as pd
import pytest


def _replaced(arguments, option, value):
    arguments = list(arguments)
    if option not in arguments:
        return [*arguments, option, value]
    arguments[arguments.index(option) + 1] = value
    return arguments


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--target", "outcom", "--target must name a column of visits.csv. Got 'outcom'"),
        ("--target", "site", "--target and --domain must be two columns"),
        ("--domain", "Site", "--domain must name a column .* did you mean 'site'"),
        ("--target-domain", "3", "one of the 3 domains in the data. Got '3'; choose from 1, 2, 7"),
        ("--target-domain", "11", "Got '11'; did you mean '1'"),
        ("--drop", "dayz", "--drop must name a column .* did you mean 'days'"),
        ("--groups", "agee", "--groups must name a column that is neither .* did you mean 'age'"),
        ("--groups", "pid", "--groups must .* Got 'pid'; choose from"),
        ("--groups", "ward", "--groups must say of every row .* empty fields in 'ward'"),
        ("--drop", "site", "--drop must name neither the target nor the domain column"),
        ("--target", "age", "Classes must be text, booleans or whole numbers"),
        ("--target", "pid", "Classes must repeat. Got 240 values in 240 rows of 'pid'"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "weights"])
def test_wrong_columns_and_labels(refused, csv, outcome, command, option, value, said):
    arguments = _replaced(outcome, option, value)
    if option == "--target":
        arguments = [*arguments[:6], "--task", "classification"]
    end = ["-o", "m.joblib"] if command == "fit" else []
    assert re.search(said, refused(command, csv, *arguments, *end))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.csv", None, "The table must exist. Got 'absent.csv'"),
        ("table.xlsx", b"PK", "must be a file that ends in one of .csv"),
        ("table.parquet", b"no parquet at all", "must be a readable .parquet file"),
        ("table.csv", b"\xff\xfe\x00\x01,\x80\n1,2\n", "must be a readable .csv file"),
        ("table.csv", b"", "must be a readable .csv file"),
        ("table.csv", b"outcome,site,age,days,pid\n", "must have at least one row"),
        ("table.csv", b"outcome,site,age\n1,1,2\n0,1,2,3,4\n", "must be a readable .csv file"),
        ("table.csv.gz", b"not gzip", "must be a readable .csv.gz file"),
        ("folder.csv", "folder", "must be a readable .csv file"),
    ],
)
def test_unreadable_files(refused, folder, outcome, name, content, said):
    if content == "folder":
        (folder / name).mkdir()
    elif content is not None:
        (folder / name).write_bytes(content)
    assert said in refused("weights", name, *outcome)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"outcome": [None, *["a", "b"] * 15]}, "pass --drop-missing-target to leave those rows"),
        ({"site": [None, *[1, 2] * 15]}, "must have a label in the domain column 'site'"),
        ({"outcome": ["a"] * 31}, "Classification needs two classes or more. Got 'a'"),
        ({"age": [np.inf, *range(30)]}, "Column 'age' must hold finite numbers"),
        ({"age": pd.date_range("2020-01-01", periods=31)}, r"Got 'age' \(datetime64"),
        ({"age": [[1]] * 31}, "name the column in --drop"),
        ({"age": [np.nan] * 31}, "must have a feature that tells something. Got 'age'"),
        ({"age": [f"name {i}" for i in range(31)]}, "must have a feature that tells something"),
    ],
)
def test_tables_that_cannot_be_used(refused, folder, changed, said):
    rows = {"age": range(31), "site": [1, *[1, 2] * 15], "outcome": ["a", *["a", "b"] * 15]}
    pd.DataFrame({**rows, **changed}).to_parquet("t.parquet")
    arguments = ["--target", "outcome", "--domain", "site", "--target-domain", "1"]
    assert re.search(said, refused("weights", "t.parquet", *arguments))


def test_table_without_features(refused, csv, outcome):
    arguments = [*outcome, "age", "lab", "ward", "smoker"]
    assert "must have at least one feature" in refused("weights", csv, *arguments)


def test_regression_needs_numbers(refused, csv, outcome):
    said = refused("weights", csv, *outcome, "--task", "regression")
    assert "Regression needs a column of numbers. Got 'outcome' with values such as" in said


def test_what_the_estimator_refuses_is_one_line_too(run, csv, outcome, monkeypatch):
    from sklearn_transfer.weighting import UOWQClassifier

    def fit(self, X, y, **metadata):
        raise ValueError("First line.\n  Second line.")

    monkeypatch.setattr(UOWQClassifier, "fit", fit)
    code, _, err = run("weights", csv, *outcome)
    assert (code, err) == (2, ["error: First line. Second line."])


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere/m.joblib", "The folder of the output must exist. Got 'nowhere'"),
        (".", "The output must be a file. Got the folder '.'"),
    ],
)
def test_outputs_are_checked_before_any_work(refused, folder, outcome, path, said):
    assert said in refused("fit", "absent.csv", *outcome, "-o", path)
    assert said in refused("predict", "absent.joblib", "absent.csv", "-o", path)
    assert said in refused("weights", "absent.csv", *outcome, "--csv", path)
    assert said in refused("demo", "-o", path)


def test_outputs_of_unknown_kind(refused, folder, outcome):
    tables = "The output must end in .csv or .csv.gz or .parquet. Got 'out.xlsx'"
    assert tables in refused("weights", "absent.csv", *outcome, "--csv", "out.xlsx")
    assert tables in refused("predict", "absent.joblib", "absent.csv", "-o", "out.xlsx")
    assert "must end in .png or .pdf or .svg" in refused("demo", "-o", "demo.gif")


def test_models_that_are_none(refused, csv, folder):
    (folder / "text.joblib").write_text("hello")
    (folder / "empty.joblib").write_bytes(b"")
    joblib.dump([1, 2], "list.joblib")
    joblib.dump(
        {"format": "sklearn_transfer model", "format_version": 99, "version": "9.9"}, "n.joblib"
    )
    for name, said in [
        ("absent.joblib", "The model must be a file. Got 'absent.joblib'"),
        (".", "The model must be a file. Got '.'"),
        ("text.joblib", "which cannot be loaded"),
        ("empty.joblib", "which cannot be loaded"),
        ("list.joblib", "which holds list; fit a model first"),
        ("n.joblib", "Got one of 9.9; upgrade this package"),
    ]:
        assert said in refused("predict", name, csv, "-o", "out.csv")


@pytest.fixture
def model(run, csv, outcome):
    assert run("fit", csv, *outcome, "-o", "m.joblib")[0] == 0
    return "m.joblib"


def test_tables_that_do_not_fit_the_model(refused, run, visits, model):
    visits.drop(columns=["age", "ward"]).to_csv("t.csv", index=False)
    said = refused("predict", model, "t.csv", "-o", "out.csv")
    assert "every column of the training table. Got none named 'age', 'ward'" in said
    visits.assign(age=visits["age"].astype(object).where(visits.index != 3, "?")).to_csv(
        "t.csv", index=False
    )
    said = refused("predict", model, "t.csv", "-o", "out.csv")
    assert "Column 'age' must hold numbers, as in training. Got '?'" in said
    assert "The table must exist" in refused("predict", model, "absent.csv", "-o", "out.csv")


def test_columns_that_cannot_be_kept(refused, run, visits, csv, model):
    said = refused("predict", model, csv, "-o", "out.csv", "--keep", "pid", "name")
    assert "--keep must name columns of the table. Got 'name'" in said
    visits.assign(row=1).to_csv("t.csv", index=False)
    code, _, err = run("predict", model, "t.csv", "-o", "out.csv", "--keep", "row")
    assert code == 2
    assert "--keep must not name columns that predictions have. Got row" in err[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["guess"], "invalid choice: 'guess'"),
        (["fit", "t.csv"], "required: --target, --domain, --target-domain, -o/--output"),
        (["predict", "m.joblib"], "the following arguments are required: data"),
        (["demo", "--rows", "many"], "invalid int value: 'many'"),
        (["demo", "--row", "20"], "unrecognized arguments: --row 20"),
        (["demo", "--rows", "9"], "--rows must be from 10 to 100"),
        (["demo", "--rows", "101"], "--rows must be from 10 to 100"),
        (["demo", "--splits", "0"], "--splits must be 1 or more. Got 0"),
        (["demo", "--seed", "-1"], "--seed must be from 0 to 4294967295. Got -1"),
    ],
)
def test_wrong_arguments(refused, arguments, said):
    assert said in refused(*arguments)


def test_wrong_estimator(refused, csv, outcome):
    said = refused("weights", csv, *outcome, "--estimator", "forest")
    assert "argument --estimator: invalid choice: 'forest'" in said
