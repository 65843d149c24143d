# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Columns mean later what they meant in training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_transfer._cli._console import CommandError
from sklearn_transfer._cli._problem import find_label, find_task
from sklearn_transfer._cli._schema import Column, Schema, learn_columns, lookalike_identifiers


def _schema(*columns):
    return Schema(columns, "y", "site", 1, "classification")


def test_kinds_follow_dtypes():
    X = pd.DataFrame(
        {
            "float": [0.5, np.nan] * 5,
            "nullable": pd.array([1, None] * 5, dtype="Int64"),
            "boolean": pd.array([True, None] * 5, dtype="boolean"),
            "plain_boolean": [True, False] * 5,
            "text": pd.Categorical(["a", None] * 5),
            "codes": pd.Categorical([2.0, 1.0] * 5),
            "rare": pd.Categorical([*["b"] * 9, "once"]),
        }
    )
    columns, left_out = learn_columns(X)
    assert left_out == []
    assert columns == (
        Column("float", "number", has_missing=True),
        Column("nullable", "number", has_missing=True),
        Column("boolean", "number", has_missing=True),
        Column("plain_boolean", "number"),
        Column("text", "category", ("a",), has_missing=True),
        Column("codes", "category", ("1", "2")),
        Column("rare", "category", ("b",)),
    )
    table = _schema(*columns).table(X)
    assert table["nullable"].dtype == np.float64
    assert table["boolean"].tolist()[:1] == [1.0]
    assert table["boolean"].isna().sum() == 5
    assert table["rare"].isna().tolist() == [False] * 9 + [True]


@given(
    st.lists(st.sampled_from([None, "a", "b", "1", "2", "new"]), min_size=1, max_size=12),
    st.sampled_from(["text", "category", "reordered"]),
)
def test_known_categories_stay_and_others_are_missing(values, form):
    column = pd.Series(values, dtype=object)
    if form == "category":
        column = column.astype("category")
    elif form == "reordered":
        column = pd.Series(pd.Categorical(values, categories=["new", "b", "2", "1", "a"]))
    known = ("1", "2", "a", "b")
    read = _schema(Column("c", "category", known)).table(pd.DataFrame({"c": column}))["c"]
    assert list(read.cat.categories) == list(known)
    expected = [value if value in known else None for value in values]
    assert [None if pd.isna(value) else value for value in read] == expected


def test_codes_are_the_same_whether_read_as_numbers_or_text():
    schema = _schema(Column("c", "category", ("1", "2", "A")))
    whole = schema.table(pd.DataFrame({"c": [1, 2, 2]}))
    with_gap = schema.table(pd.DataFrame({"c": [1.0, 2.0, np.nan]}))
    text = schema.table(pd.DataFrame({"c": ["1", "2", "2"]}))
    assert whole["c"].tolist() == text["c"].tolist() == ["1", "2", "2"]
    assert with_gap["c"].tolist()[:2] == ["1", "2"]


def test_table_takes_its_columns_in_order_and_keeps_the_index():
    schema = _schema(Column("b", "number"), Column("a", "number"))
    X = pd.DataFrame({"a": [1, 2], "extra": 0, "b": ["3", "4"]}, index=[5, 3])
    table = schema.table(X)
    assert list(table) == ["b", "a"]
    assert table.index.tolist() == [5, 3]
    assert table["b"].tolist() == [3.0, 4.0]
    assert list(X) == ["a", "extra", "b"]


def test_category_needs_five_rows_and_one_percent():
    columns, left_out = learn_columns(
        pd.DataFrame(
            {
                "four": pd.Categorical([*["x"] * 4, *[f"{i}" for i in range(996)]]),
                "nine": pd.Categorical([*["x"] * 9, *["y"] * 10, *["z"] * 981]),
            }
        )
    )
    assert left_out == ["four"]
    assert columns == (Column("nine", "category", ("y", "z")),)


def test_schema_survives_plain_containers():
    schema = _schema(Column("a", "number", has_missing=True), Column("c", "category", ("u", "v")))
    assert Schema.from_dict(schema.to_dict()) == schema


def test_identifiers_are_whole_numbers_that_never_repeat():
    X = pd.DataFrame({"id": range(60), "count": [0, *range(59)], "age": np.arange(60) + 0.5})
    assert lookalike_identifiers(X) == ["id"]
    assert lookalike_identifiers(X.head(40)) == []


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"] * 5, "classification"),
        ([True, False] * 5, "classification"),
        ([0, 1] * 5, "classification"),
        ([0.0, 1.0] * 5, "classification"),
        ([0.0, 0.5] * 5, "regression"),
        (list(range(11)) * 2, "regression"),
        (list(range(10)) * 2, "classification"),
    ],
)
def test_task_is_read_off_the_target(values, task):
    assert find_task(pd.Series(values), "auto", "y") == task


def test_task_that_is_named_wins():
    counts = pd.Series([0, 1, 2] * 5)
    assert find_task(counts, "regression", "y") == "regression"
    assert find_task(pd.Series(list(range(11)) * 2), "classification", "y") == "classification"


@given(
    st.lists(
        st.one_of(st.integers(), st.floats(allow_nan=False), st.text(min_size=1), st.booleans()),
        min_size=1,
        unique_by=str,
    ),
    st.data(),
)
def test_every_label_is_found_by_its_text(labels, data):
    label = data.draw(st.sampled_from(labels))
    assert str(find_label(str(label), labels)) == str(label)


def test_text_wins_over_the_number_it_spells():
    assert find_label("1", [1, "1"]) == "1"
    assert find_label("01", [1, "01"]) == "01"
    assert find_label("01", [1, 2]) == 1
    with pytest.raises(CommandError, match="one of the 1 domains"):
        find_label("01", ["1"])
