# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""`fit`, `predict` and `weights` do for a file what the estimators do in memory."""

from __future__ import annotations

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_transfer._cli._inner import inner_estimator
from sklearn_transfer._cli._schema import Column, Schema
from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor

FEATURES = ["age", "lab", "ward", "smoker"]


def _by_hand(visits):
    """The table as the schema should read it, made with pandas alone."""
    return pd.DataFrame(
        {
            "age": visits["age"],
            "lab": visits["lab"],
            "ward": pd.Categorical(visits["ward"], categories=["ER", "ICU", "general"]),
            "smoker": visits["smoker"].astype(float),
        }
    )


SCHEMA = Schema(
    (
        Column("age", "number"),
        Column("lab", "number", has_missing=True),
        Column("ward", "category", ("ER", "ICU", "general"), has_missing=True),
        Column("smoker", "number", has_missing=True),
    ),
    target="outcome",
    domain="site",
    target_domain=1,
    task="classification",
)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_predictions_are_those_of_the_estimator_fitted_in_memory(
    run, visits, folder, outcome, suffix
):
    if suffix == "parquet":
        visits.to_parquet("visits.parquet")
    else:
        visits.to_csv(f"visits.{suffix}", index=False)
    code, out, err = run("fit", f"visits.{suffix}", *outcome, "-o", "m.joblib")
    assert (code, err) == (0, [])
    assert "classification (2 classes: alive, died), from 3 numbers and 1 category" in out
    code, _, err = run("predict", "m.joblib", f"visits.{suffix}", "-o", "out.csv")
    assert code == 0

    X = _by_hand(visits)
    expected = UOWQClassifier(
        inner_estimator("linear", SCHEMA, 0), target_domain=1, random_state=0
    ).fit(X, visits["outcome"], sample_domain=visits["site"])
    frame = pd.read_csv("out.csv")
    assert list(frame) == ["row", "prediction", "probability_alive", "probability_died"]
    assert_array_equal(frame["row"], np.arange(len(visits)))
    assert_allclose(frame.iloc[:, 2:], expected.predict_proba(X), rtol=1e-10)
    assert_array_equal(frame["prediction"], expected.predict(X))


def test_model_file_holds_the_estimator_and_the_schema(run, visits, csv, outcome):
    run("fit", csv, *outcome, "-o", "m.joblib")
    content = joblib.load("m.joblib")
    assert Schema.from_dict(content["schema"]) == SCHEMA
    assert content["estimator"].target_domain_ == 1
    run("predict", "m.joblib", csv, "-o", "out.parquet")
    frame = pd.read_parquet("out.parquet")
    own = content["estimator"].predict_proba(_by_hand(visits))
    assert_array_equal(frame[["probability_alive", "probability_died"]], own)


def test_groups_are_no_feature_and_stay_together(run, visits, folder, outcome):
    table = visits.assign(patient=visits["pid"].str[:2])
    table.to_csv("visits.csv", index=False)
    code, out, err = run("fit", "visits.csv", *outcome, "--groups", "patient", "-o", "m.joblib")
    assert (code, err) == (0, [])
    assert "from 3 numbers and 1 category" in out
    content = joblib.load("m.joblib")
    assert Schema.from_dict(content["schema"]) == SCHEMA
    expected = UOWQClassifier(
        inner_estimator("linear", SCHEMA, 0), target_domain=1, random_state=0
    ).fit(
        _by_hand(visits), visits["outcome"], sample_domain=visits["site"], groups=table["patient"]
    )
    assert content["estimator"].group_correlation_ == pytest.approx(expected.group_correlation_)
    assert_allclose(content["estimator"].candidate_losses_, expected.candidate_losses_, rtol=1e-8)


def test_linear_preprocessing_is_what_the_guide_says(visits):
    """Median, indicator of gaps, z-score; one column per category, one for its gaps."""
    X = _by_hand(visits)
    found = inner_estimator("linear", SCHEMA, 0)[:-1].fit(X).transform(X)
    numbers = X[["age", "lab", "smoker"]]
    filled = numbers.fillna(numbers.median())
    scores = (filled - filled.mean()) / filled.std(ddof=0)
    gaps = numbers[["lab", "smoker"]].isna().astype(float)
    ward = np.column_stack([*(X["ward"] == name for name in ["ER", "ICU", "general"]),
                            X["ward"].isna()])  # fmt: skip
    assert_allclose(found, np.column_stack([scores, gaps, ward.astype(float)]), atol=1e-12)
    assert isinstance(inner_estimator("linear", SCHEMA, 0)[-1], LogisticRegression)


def test_rows_keep_their_order_whatever_it_is(run, visits, csv, outcome):
    run("fit", csv, *outcome, "-o", "m.joblib")
    here = visits[visits["site"] == 1]
    here.to_csv("a.csv", index=False)
    here[::-1].to_csv("b.csv", index=False)
    run("predict", "m.joblib", "a.csv", "-o", "out_a.csv", "--keep", "pid", "age")
    run("predict", "m.joblib", "b.csv", "-o", "out_b.csv", "--keep", "pid", "age")
    a, b = pd.read_csv("out_a.csv"), pd.read_csv("out_b.csv")
    assert list(a)[:4] == ["row", "pid", "age", "prediction"]
    assert a["pid"].tolist() == here["pid"].tolist()
    pd.testing.assert_frame_equal(
        a.drop(columns="row"), b[::-1].reset_index(drop=True).drop(columns="row")
    )


def test_rows_of_a_parquet_file_keep_their_labels(run, visits, csv, outcome):
    run("fit", csv, *outcome, "-o", "m.joblib")
    visits.iloc[:3].set_axis([30, 10, 20]).to_parquet("new.parquet")
    run("predict", "m.joblib", "new.parquet", "-o", "out.csv")
    assert pd.read_csv("out.csv")["row"].tolist() == [30, 10, 20]


def test_regression(run, visits, csv):
    arguments = ["--target", "days", "--domain", "site", "--target-domain", "1"]
    code, out, _ = run("fit", csv, *arguments, "--drop", "outcome", "pid", "-o", "m.joblib")
    assert code == 0
    assert "'days': regression" in out
    run("predict", "m.joblib", csv, "-o", "out.csv")
    schema = Schema(SCHEMA.columns, "days", "site", 1, "regression")
    inner = inner_estimator("linear", schema, 0)
    assert isinstance(inner[-1], Ridge)
    X = _by_hand(visits)
    model = UOWQRegressor(inner, target_domain=1, random_state=0).fit(
        X, visits["days"], sample_domain=visits["site"]
    )
    frame = pd.read_csv("out.csv")
    assert list(frame) == ["row", "prediction"]
    assert_allclose(frame["prediction"], model.predict(X), rtol=1e-10)


@pytest.mark.parametrize("target", ["outcome", "days"])
def test_xgboost_takes_the_table_as_it_is(run, visits, csv, target):
    other = "days" if target == "outcome" else "outcome"
    arguments = ["--target", target, "--domain", "site", "--target-domain", "1"]
    arguments += ["--drop", other, "pid", "--estimator", "xgboost", "--update", "static"]
    code, _, _ = run("fit", csv, *arguments, "-o", "m.joblib")
    assert code == 0
    run("predict", "m.joblib", csv, "-o", "out.csv")
    task = "classification" if target == "outcome" else "regression"
    inner = inner_estimator("xgboost", Schema(SCHEMA.columns, target, "site", 1, task), 0)
    make = UOWQClassifier if target == "outcome" else UOWQRegressor
    X = _by_hand(visits)
    model = make(inner, target_domain=1, update="static", random_state=0)
    model.fit(X, visits[target], sample_domain=visits["site"])
    frame = pd.read_csv("out.csv")
    if target == "outcome":
        assert_array_equal(frame["prediction"], model.predict(X))
        found, expected = frame["probability_died"], model.predict_proba(X)[:, 1]
    else:
        found, expected = frame["prediction"], model.predict(X)
    assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("estimator", ["linear", "xgboost"])
def test_category_never_seen_counts_as_missing(run, visits, csv, outcome, estimator):
    run("fit", csv, *outcome, "--estimator", estimator, "-o", "m.joblib")
    new = visits.head(6)
    new.assign(ward="burns").to_csv("unseen.csv", index=False)
    new.assign(ward=np.nan).to_csv("empty.csv", index=False)
    assert run("predict", "m.joblib", "unseen.csv", "-o", "unseen_out.csv")[0] == 0
    assert run("predict", "m.joblib", "empty.csv", "-o", "empty_out.csv")[0] == 0
    pd.testing.assert_frame_equal(pd.read_csv("unseen_out.csv"), pd.read_csv("empty_out.csv"))


def test_predict_says_what_it_ignores(run, visits, csv, outcome):
    run("fit", csv, *outcome, "-o", "m.joblib")
    code, _, err = run("predict", "m.joblib", csv, "-o", "out.csv", "--keep", "pid")
    assert code == 0
    ignored, others = err
    assert ignored == "note: ignored columns that the model was not trained on: 'days'"
    assert others.startswith("note: 190 of 240 rows are not of the domain 1, for which the model")
    visits.loc[visits["site"] == 1, FEATURES].to_csv("plain.csv", index=False)
    assert run("predict", "m.joblib", "plain.csv", "-o", "out.csv")[2] == []


@pytest.mark.parametrize(
    ("labels", "typed"),
    [
        ({7: 7, 1: 1, 2: 2}, "1.0"),
        ({7: 7.5, 1: 1.5, 2: 2.5}, "1.50"),
        ({7: "seven", 1: "one", 2: "two"}, "one"),
        ({7: "07", 1: "01", 2: "02"}, "01"),
    ],
)
def test_target_domain_is_found_whatever_its_type(run, visits, folder, outcome, labels, typed):
    visits.assign(site=visits["site"].map(labels)).to_parquet("t.parquet")
    outcome[outcome.index("1")] = typed
    code, out, _ = run("weights", "t.parquet", *outcome)
    assert code == 0
    assert "50 rows; 2 sources with 190 rows" in out


def test_weights_prints_the_table_and_writes_it_whole(run, visits, csv, outcome):
    code, out, err = run("weights", csv, *outcome, "--csv", "w.csv")
    assert (code, err) == (0, [])
    model = UOWQClassifier(inner_estimator("linear", SCHEMA, 0), target_domain=1, random_state=0)
    frame = model.fit(_by_hand(visits), visits["outcome"], sample_domain=visits["site"]).to_frame()
    written = pd.read_csv("w.csv")
    pd.testing.assert_frame_equal(written, frame, check_dtype=False, rtol=1e-10)
    lines = [line.split() for line in out.splitlines()]
    start = lines.index(["domain", "rows", "discrepancy", "ratio", "weight", "share", "worth"])
    shown = {int(line[0]): float(line[4]) for line in lines[start + 1 : start + 3]}
    assert shown == pytest.approx(
        dict(zip(frame["domain"], frame["weight"], strict=True)), abs=6e-4
    )
    assert [int(line[0]) for line in lines[start + 1 : start + 3]] == frame.sort_values(
        "worth", ascending=False
    )["domain"].tolist()


def test_options_reach_the_estimator(run, csv, outcome):
    run("fit", csv, *outcome, "--update", "static", "--own-intercepts", "--seed", "4",
        "--jobs", "1", "-o", "m.joblib")  # fmt: skip
    estimator = joblib.load("m.joblib")["estimator"]
    assert estimator.update == "static"
    assert estimator.domain_effects == "intercept"
    assert estimator.random_state == 4
    assert estimator.n_jobs == 1


def test_verbose_tells_of_every_round(run, csv, outcome, caplog):
    run("weights", csv, *outcome, "--verbose", "--guard", "none")
    assert sum("round" in message for message in caplog.messages) == 5


def test_verbose_tells_of_the_guard(run, csv, outcome, caplog):
    run("weights", csv, *outcome, "--verbose")
    assert sum("population" in message for message in caplog.messages) == 1


def test_warnings_of_the_fit_are_notes(run, visits, folder, outcome):
    """A target with one class is fitted, with one line that says so."""
    one_class = visits[(visits["site"] != 1) | (visits["outcome"] == "alive")]
    one_class.to_csv("t.csv", index=False)
    code, _, err = run("weights", "t.csv", *outcome)
    assert code == 0
    assert len([line for line in err if line.startswith("note: All ")]) == 1
    assert all(line.startswith("note: ") for line in err)


def test_target_alone_is_fitted_with_a_note(run, visits, folder, outcome):
    visits[visits["site"] == 1].to_csv("t.csv", index=False)
    code, out, err = run("fit", "t.csv", *outcome, "-o", "m.joblib")
    assert code == 0
    assert "0 sources with 0 rows" in out
    assert [line for line in err if "Only the target domain 1 is present" in line] == err
    assert run("predict", "m.joblib", "t.csv", "-o", "out.csv")[0] == 0


def test_rows_without_a_target_can_be_left_out(run, visits, csv, folder, outcome):
    missing = visits["outcome"].mask(visits["pid"].isin(["p1", "p2"]))
    visits.assign(outcome=missing).to_csv("gaps.csv", index=False)
    visits[missing.notna()].to_csv("without.csv", index=False)
    _, with_gaps, _ = run("weights", "gaps.csv", *outcome, "--drop-missing-target")
    _, without, _ = run("weights", "without.csv", *outcome)
    assert with_gaps == without


def test_columns_that_tell_nothing_are_named(run, visits, csv, outcome):
    visits.assign(empty=np.nan, number=np.arange(len(visits))).to_csv("t.csv", index=False)
    outcome.remove("pid")
    _, out, err = run("weights", "t.csv", *outcome)
    assert [line for line in err if line.startswith("note: left out 'pid', 'empty'")]
    assert [line for line in err if line.startswith("note: no value repeats in 'number'")]
    assert "from 4 numbers and 1 category" in out


def test_a_model_that_could_not_be_written_leaves_the_old_one(run, csv, outcome, monkeypatch):
    run("fit", csv, *outcome, "-o", "m.joblib")
    before = Path("m.joblib").read_bytes()

    def full(content, path, compress):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(joblib, "dump", full)
    code, _, err = run("fit", csv, *outcome, "-o", "m.joblib")
    assert (code, err) == (2, ["error: No space left on device"])
    assert Path("m.joblib").read_bytes() == before
