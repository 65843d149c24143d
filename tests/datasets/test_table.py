# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A user's own table comes in as it stands, and a wrong one is refused in one line."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_transfer.datasets import read_table

CSV = """age,ward,smoker,dialysis,score,died,site
61,A,True,True,1,0,north
,B,False,,2,1,south
47,,True,False,3,1,north
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        data = text.encode() if isinstance(text, str) else text
        path.write_bytes(gzip.compress(data) if name.lower().endswith(".gz") else data)
        return path

    return write


def _check_visits(X, y, sample_domain):
    assert list(X) == ["age", "ward", "smoker", "dialysis", "score"]
    assert X["age"].dtype == np.float64
    assert X["age"].isna().tolist() == [False, True, False]
    assert isinstance(X["ward"].dtype, pd.CategoricalDtype)
    assert X["ward"].cat.categories.tolist() == ["A", "B"]
    assert X["ward"].isna().tolist() == [False, False, True]
    assert X["smoker"].dtype == bool
    assert X["dialysis"].dtype == "boolean"
    assert X["dialysis"].isna().tolist() == [False, True, False]
    assert X["score"].dtype == np.int64
    assert y.tolist() == [0, 1, 1]
    assert sample_domain.tolist() == ["north", "south", "north"]
    assert not isinstance(sample_domain.dtype, pd.CategoricalDtype)


@pytest.mark.parametrize("name", ["t.csv", "t.CSV", "t.csv.gz", "t.Csv.GZ", "t.tsv", "t.tsv.gz"])
def test_text_files(write, name):
    text = CSV.replace(",", "\t") if ".tsv" in name else CSV
    _check_visits(*read_table(write(text, name), target="died", domain="site"))


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame(
        {
            "age": [61.0, None, 47.0],
            "ward": ["A", "B", None],
            "smoker": [True, False, True],
            "dialysis": [True, None, False],
            "score": [1, 2, 3],
            "died": [0, 1, 1],
            "site": pd.Categorical(["north", "south", "north"], ["west", "south", "north"]),
        }
    )
    table.to_parquet(tmp_path / "table.parquet")
    X, y, sample_domain = read_table(tmp_path / "table.parquet", target="died", domain="site")
    _check_visits(X, y, sample_domain)
    # a label of no row must not become a domain
    assert sample_domain.nunique() == len(sample_domain.unique()) == 2


def test_parquet_written_with_a_named_index(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]}, index=pd.Index(["a", "b"], name="site"))
    table.to_parquet(tmp_path / "table.parquet")
    X, _, sample_domain = read_table(tmp_path / "table.parquet", target="y", domain="site")
    assert list(X) == ["x"]
    assert sample_domain.tolist() == ["a", "b"]


@pytest.mark.parametrize("dtype", ["string", "Int64", "boolean"])
def test_labels_of_nullable_dtypes_become_plain(tmp_path, dtype):
    pytest.importorskip("pyarrow")
    labels = {"string": ["a", "b"], "Int64": [3, 4], "boolean": [True, False]}[dtype]
    table = pd.DataFrame({"x": [1.0, 2.0], "y": pd.array(labels, dtype=dtype)})
    table["site"] = table["y"]
    table.to_parquet(tmp_path / "table.parquet")
    _, y, sample_domain = read_table(tmp_path / "table.parquet", target="y", domain="site")
    for column in (y, sample_domain):
        assert column.tolist() == labels
        assert column.dtype == pd.Series(labels).dtype


def test_tables_for_prediction_have_neither_target_nor_domain(write):
    X, y, sample_domain = read_table(write(CSV), target=None, domain=None)
    assert X.shape == (3, 7)
    assert y is None
    assert sample_domain is None


@pytest.mark.parametrize("drop", ["score", ["score"], ("score",), pd.Index(["score"])])
def test_dropped_columns_are_no_features(write, drop):
    X, _, _ = read_table(write(CSV), target="died", domain="site", drop=drop)
    assert list(X) == ["age", "ward", "smoker", "dialysis"]


def test_rows_without_target_are_left_out_on_request(write):
    path = write("x,y,site\n1,0,a\n2,,a\n3,1,b\n4,,\n")
    with pytest.raises(ValueError, match="Got 2 of 4 rows without one instead"):
        read_table(path, target="y", domain="site")
    X, y, sample_domain = read_table(path, target="y", domain="site", drop_missing_target=True)
    assert X["x"].tolist() == [1, 3]
    assert y.tolist() == [0, 1]
    assert sample_domain.tolist() == ["a", "b"]
    assert X.index.tolist() == y.index.tolist() == sample_domain.index.tolist() == [0, 2]


def test_a_column_without_any_value_is_a_missing_number(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"x": [None, None], "y": [0, 1]}).to_parquet(tmp_path / "table.parquet")
    X, _, _ = read_table(tmp_path / "table.parquet", target="y", domain=None)
    assert X["x"].dtype == np.float64
    assert X["x"].isna().all()


def test_a_long_column_of_mixed_values_has_one_dtype(write):
    """Read in pieces, its first rows would be integers and its last ones strings."""
    text = "x,y\n" + "1,0\n" * 300_000 + "a,1\n"
    X, _, _ = read_table(write(text), target="y", domain=None)
    assert X["x"].cat.categories.tolist() == ["1", "a"]


def _refused(path, kind=ValueError, **options):
    with pytest.raises(kind) as info:
        read_table(path, **({"target": "died", "domain": "site"} | options))
    message = str(info.value)
    assert "\n" not in message
    assert "must" in message or "requires" in message
    assert "instead" in message
    return message


def test_missing_file(tmp_path):
    assert "nowhere.csv" in _refused(tmp_path / "nowhere.csv", FileNotFoundError)


@pytest.mark.parametrize("name", ["table.xlsx", "table", "table.csv.bz2", "csv"])
def test_unknown_suffix(write, name):
    assert ".parquet" in _refused(write(CSV, name))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "t.csv"),
        (b"a,b\n1,2,3\n", "t.csv"),
        (b"a,b\n1,2\n1,2,3\n", "t.csv"),
        (b"\xff\xfe\x00a", "t.csv"),
        (b"no parquet", "t.parquet"),
    ],
)
def test_unreadable_file(write, content, name):
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    assert "readable" in _refused(write(content, name))


def test_file_that_is_not_gzip(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_text(CSV)
    assert "readable" in _refused(path)


def test_folder_in_place_of_a_file(tmp_path):
    (tmp_path / "table.csv").mkdir()
    assert "readable" in _refused(tmp_path / "table.csv")


def test_semicolons_in_place_of_commas(write):
    assert "semicolons" in _refused(write(CSV.replace(",", ";")))


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"target": "Died"}, "did you mean 'died'"),
        ({"domain": "sites"}, "did you mean 'site'"),
        ({"drop": ["scor"]}, "did you mean 'score'"),
        ({"target": "zzz"}, "choose from 'age', 'ward'"),
    ],
)
def test_unknown_column_gets_close_matches(write, options, advice):
    message = _refused(write(CSV), **options)
    assert advice in message
    assert f"`{next(iter(options))}`" in message


def test_rows_without_domain(write):
    message = _refused(write(CSV.replace("south", "")))
    assert "1 of 3 rows" in message


def test_one_column_for_two_roles(write):
    path = write(CSV)
    assert "two columns" in _refused(path, target="site")
    assert "`drop`" in _refused(path, drop=["site"])


@pytest.mark.parametrize("text", ["died,site\n0,a\n", "age,died,site\n"])
def test_no_feature_or_no_row(write, text):
    assert "at least one" in _refused(write(text))


def test_structures_in_a_column(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "table.parquet"
    pd.DataFrame({"x": [[1], [2]], "died": [0, 1], "site": ["a", "b"]}).to_parquet(path)
    assert "'x'" in _refused(path)
    pd.DataFrame({"x": [[1], [2]], "z": [1, 2], "died": [0, 1]}).to_parquet(path)
    X, _, _ = read_table(path, target="died", domain=None, drop="x")
    assert list(X) == ["z"]


@given(
    values=st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
            st.one_of(st.none(), st.sampled_from(["red", "green, blue", 'quo"ted'])),
            st.integers(0, 3),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_is_read(values, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "table.csv"
    written = pd.DataFrame(values, columns=["number", "colour", "y"])
    written["site"] = "s" + written["y"].astype(str)
    written.to_csv(path, index=False)
    X, y, sample_domain = read_table(path, target="y", domain="site")
    np.testing.assert_allclose(
        X["number"].to_numpy(dtype=float), written["number"].to_numpy(dtype=float), rtol=1e-15
    )
    for read, wrote in zip(X["colour"], written["colour"], strict=True):
        assert read == wrote or (pd.isna(read) and pd.isna(wrote))
    assert y.tolist() == written["y"].tolist()
    assert sample_domain.tolist() == written["site"].tolist()
