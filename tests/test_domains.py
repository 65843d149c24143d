# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The index of domains against a slow one that goes row by row."""

from __future__ import annotations

import datetime as dt
import warnings
from collections import namedtuple
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_transfer._domains import (
    Domains,
    factorize_labels,
    index_domains,
    label_array,
    split_domain_column,
)
from sklearn_transfer.exceptions import TransferWarning

INTS = st.integers()
# No zeros: older pandas hash strings as C does, up to the first of them.
TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=3)
PAIRS = st.tuples(st.integers(0, 2), st.sampled_from(["", "a", "é"]))
FLOATS = st.floats(allow_nan=False)
DATES = st.dates()
ANY = st.one_of(INTS, TEXT, PAIRS, FLOATS, DATES, st.binary(max_size=2), st.frozensets(INTS))


def label_lists(labels, min_size=1):
    """Draw lists in which labels recur."""
    return st.lists(labels, min_size=1, max_size=5).flatmap(
        lambda known: st.lists(st.sampled_from(known), min_size=min_size, max_size=40)
    )


def quiet_index(labels, target, n_samples=None) -> Domains:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        return index_domains(labels, target, len(labels) if n_samples is None else n_samples)


def slow_rows(labels, label):
    return [row for row, other in enumerate(labels) if other == label]


def distinct(labels):
    return list(dict.fromkeys(labels))


@given(st.data(), label_lists(st.one_of(INTS, TEXT, PAIRS, FLOATS)))
def test_rows_are_parted_in_the_order_given(data, labels):
    target = data.draw(st.sampled_from(labels))
    domains = quiet_index(labels, target)
    assert domains.target == target
    assert domains.n_sources == len(distinct(labels)) - 1
    assert domains.target_rows.tolist() == slow_rows(labels, target)
    seen = domains.target_rows.tolist()
    for index, source in enumerate(domains.sources.tolist()):
        rows = domains.source_rows(index).tolist()
        assert rows == slow_rows(labels, source)
        seen += rows
    assert sorted(seen) == list(range(len(labels)))
    assert seen == domains.order.tolist()


@pytest.mark.parametrize("kind", [INTS, TEXT, PAIRS, FLOATS, DATES], ids=str)
def test_sortable_sources_are_sorted_and_equal_to_the_labels(kind):
    @given(st.data(), label_lists(kind))
    def check(data, labels):
        target = data.draw(st.sampled_from(labels))
        sources = quiet_index(labels, target).sources.tolist()
        assert sources == sorted(set(labels) - {target})
        assert len({*sources, target}) == len(set(labels))

    check()


@given(st.data(), label_lists(ANY))
def test_labels_of_any_kind_stay_what_they_are(data, labels):
    target = data.draw(st.sampled_from(labels))
    sources = quiet_index(labels, target).sources.tolist()
    assert set(sources) == set(labels) - {target}
    kept = {label: type(label) for label in labels}
    assert all(type(source) is kept[source] or source in (0, 1) for source in sources)


def test_labels_without_an_order_stand_as_they_first_appear():
    labels = ["t", 3, ("x", 1), "b", 3, "t", 1.5]
    assert index_domains(labels, "t", 7).sources.tolist() == [3, ("x", 1), "b", 1.5]


@given(st.data(), st.permutations([frozenset({k}) for k in range(4)]))
def test_order_of_sources_is_not_that_of_rows_where_labels_only_seem_to_sort(data, labels):
    """Sets compare by inclusion: `sorted` neither fails nor sorts. First appearance remains."""
    sources = index_domains([*labels, "t"], "t", 5).sources.tolist()
    assert sources == labels


@given(st.data(), label_lists(st.integers(-3, 3), min_size=2))
def test_totals_are_those_of_a_group_by(data, labels):
    target = data.draw(st.sampled_from(labels))
    weight = np.array(
        data.draw(st.lists(st.floats(0, 1e6), min_size=len(labels), max_size=len(labels)))
    )
    domains = quiet_index(labels, target)
    for given_weight in (weight, None):
        counted = np.ones(len(labels)) if given_weight is None else given_weight
        by_label = pd.Series(counted).groupby(labels).sum()
        expected = by_label[[target, *domains.sources.tolist()]]
        assert_allclose(domains.totals(given_weight), expected, rtol=1e-9, atol=1e-6)


def test_totals_of_a_small_domain_beside_a_large_one_are_exact():
    """Weights may differ by orders of magnitude; N_i must not drown in a running sum."""
    domains = index_domains(["a", "b", "t"], "t", 3)
    assert domains.totals(np.array([1e16, 1.0, 1.0])).tolist() == [1.0, 1e16, 1.0]


@given(st.data(), label_lists(st.integers(-3, 3)))
def test_values_per_row(data, labels):
    target = data.draw(st.sampled_from(labels))
    domains = quiet_index(labels, target)
    value = {label: 10.0 + label for label in labels}
    value[target] = -1.0
    spread = domains.per_row(-1.0, [value[label] for label in domains.sources.tolist()])
    assert spread.tolist() == [value[label] for label in labels]


@given(st.data(), label_lists(st.sampled_from("abcd")))
def test_every_container_gives_the_same_index(data, labels):
    target = data.draw(st.sampled_from(labels))
    expected = quiet_index(labels, target)
    backwards = np.arange(len(labels))[::-1]
    categories = ["unused", *sorted(set(labels), reverse=True)]
    for container in [
        tuple(labels),
        np.array(labels),
        np.array(labels, dtype=object),
        np.array(labels)[:, np.newaxis],
        pd.Series(labels, index=backwards),
        pd.Series(labels, dtype="string"),
        pd.Index(labels),
        pd.Categorical(labels, categories=categories, ordered=True),
        pd.Series(pd.Categorical(labels, categories=categories)),
        pd.CategoricalIndex(labels),
        pl.Series(labels),
        pl.Series(labels, dtype=pl.Categorical),
        pl.Series(labels, dtype=pl.Enum(list("dcba"))),
    ]:
        domains = quiet_index(container, target)
        assert domains.target == target, type(container)
        assert_array_equal(domains.sources, expected.sources)
        assert_array_equal(domains.order, expected.order)
        assert_array_equal(domains.offsets, expected.offsets)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_table_of_one_column_is_a_column(frame):
    domains = index_domains(frame({"site": ["b", "t", "a"]}), "t", 3)
    assert domains.sources.tolist() == ["a", "b"]
    assert domains.order.tolist() == [1, 2, 0]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_table_of_more_columns_is_refused(frame):
    with pytest.raises(ValueError, match=r"shape \(n_samples,\).*Got shape \(2, 2\)"):
        index_domains(frame({"site": ["b", "t"], "ward": ["t", "b"]}), "t", 2)


@given(st.data(), label_lists(st.integers(-100, 100)))
def test_every_container_of_integers_gives_the_same_index(data, labels):
    target = data.draw(st.sampled_from(labels))
    expected = quiet_index(labels, target)
    for container in [
        np.array(labels),
        np.array(labels, dtype=np.int8),
        np.array(labels, dtype=float),
        np.array(labels, dtype=object),
        [np.int64(label) for label in labels],
        pd.Series(labels, dtype="Int64"),
        pd.Series(labels, dtype="category"),
        pl.Series(labels),
    ]:
        domains = quiet_index(container, target)
        assert domains.target == target
        assert domains.sources.tolist() == expected.sources.tolist()
        assert_array_equal(domains.order, expected.order)


def test_arrow_labels_are_python_labels():
    pa = pytest.importorskip("pyarrow")
    for container in (pa.array(["t", "a", "t"]), pa.chunked_array([["t", "a"], ["t"]])):
        domains = index_domains(container, "t", 3)
        assert domains.sources.tolist() == ["a"]


def test_labels_may_have_attributes_of_any_name():
    """A message lists labels by `repr`; `item` of a NumPy scalar is not everyone's `item`."""
    Site = namedtuple("Site", ["item", "ward"])
    labels = [Site("x", 1), Site("y", 2)]
    assert index_domains(labels, labels[0], 2).sources.tolist() == labels[1:]
    with pytest.raises(ValueError, match=r"Site\(item='x', ward=1\)"):
        index_domains(labels, None, 2)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (["a", "bb"], "U"),
        ([1, -2], "i"),
        ([True, False], "b"),
        ([0.5, np.inf], "f"),
        ([1, True], "O"),
        ([1, "a"], "O"),
        ([("a", 1), ("b", 2)], "O"),
        ([Fraction(1, 3)], "O"),
        ([dt.date(2020, 1, 1)], "O"),
        ([], "O"),
    ],
)
def test_label_array_is_native_where_all_are_of_one_kind(labels, kind):
    array = label_array(labels)
    assert array.shape == (len(labels),)
    assert array.dtype.kind == kind
    assert array.tolist() == labels


@pytest.mark.parametrize(
    "labels", [[2**63 + 1, -1], [2**70, 1], ["a", "a\0"], ["", "\0"]], ids=repr
)
def test_label_array_keeps_what_native_types_would_change(labels):
    """Mixed 64-bit signs become floats in NumPy, and strings lose zeros at their end."""
    assert label_array(labels).tolist() == labels


def test_integers_of_any_size_name_domains():
    labels = [2**63 + 1, -1, 2**70, 5]
    assert index_domains(labels, 5, 4).sources.tolist() == [-1, 2**63 + 1, 2**70]


@given(label_lists(st.one_of(INTS, TEXT, PAIRS)))
def test_factorized_labels_give_the_rows_back(labels):
    codes, known = factorize_labels(labels, len(labels))
    assert [known[code] for code in codes] == labels
    assert known == distinct(labels)


def test_no_labels_mean_that_all_rows_are_the_targets():
    domains = index_domains(None, None, 4)
    assert (domains.target, domains.n_sources) == (None, 0)
    assert domains.target_rows.tolist() == [0, 1, 2, 3]
    assert domains.per_row(2.0, np.empty(0)).tolist() == [2.0] * 4
    with pytest.warns(TransferWarning, match="target_domain='t' is named, but no domain labels"):
        assert index_domains(None, "t", 4).target == "t"


def test_only_the_target_present_warns():
    with pytest.warns(TransferWarning, match="Only the target domain 't'.* 3 rows"):
        domains = index_domains(["t"] * 3, None, 3)
    assert (domains.target, domains.n_sources) == ("t", 0)


def test_many_domains_are_listed_in_part():
    with pytest.raises(ValueError, match=r"26 domains.*'a', 'b', .*'j', \.\.\. \(26 in all\)"):
        index_domains(list("abcdefghijklmnopqrstuvwxyz"), None, 26)


@pytest.mark.parametrize("target", [True, 1.0, np.int8(1)])
def test_equal_labels_are_the_same_domain(target):
    """As in a Python dict: 1 == 1.0 == True."""
    assert index_domains([1, 2], target, 2).target_rows.tolist() == [0]


def _tables():
    values = np.array([[10.0, 1.0, 20.0], [11.0, 2.0, 21.0]])
    frame = pd.DataFrame(values, columns=["p", "site", "q"])
    return {
        "array": values,
        "objects": values.astype(object),
        "csr": sparse.csr_array(values),
        "csc": sparse.csc_array(values),
        "pandas": frame,
        "polars": pl.from_pandas(frame),
    }


@pytest.mark.parametrize("name", _tables())
@pytest.mark.parametrize("column", ["site", 1, -2, np.int64(1)])
def test_domain_column_is_taken_out_of_a_copy(name, column):
    X = _tables()[name]
    named = name in ("pandas", "polars")
    if column == "site" and not named:
        with pytest.raises(ValueError, match=r"position in 0\.\.2.*no column names.*Got 'site'"):
            split_domain_column(X, column)
        return
    rest, labels = split_domain_column(X, column)
    assert type(rest) is type(X)
    assert np.asarray(labels).tolist() == [1.0, 2.0]
    plain = rest.toarray() if sparse.issparse(rest) else np.asarray(rest)
    assert plain.tolist() == [[10.0, 20.0], [11.0, 21.0]]
    if named:
        assert list(rest.columns) == ["p", "q"]
        assert X.equals(_tables()[name])
    else:
        before = _tables()[name]
        assert (before != X).sum() == 0


def test_integer_names_come_before_positions():
    frame = pd.DataFrame([[5, 6, 7]], columns=[2, 1, 0])
    rest, labels = split_domain_column(frame, 0)
    assert labels.tolist() == [7]
    assert list(rest.columns) == [2, 1]


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_absent_domain_column(name):
    X = _tables()[name]
    same, labels = split_domain_column(X, "ward", required=False)
    assert same is X
    assert labels is None
    with pytest.raises(ValueError, match="Got 'ward' instead; X has 'p', 'site', 'q'"):
        split_domain_column(X, "ward")


def test_ambiguous_domain_column_is_refused():
    frame = pd.DataFrame([["t", 1.0, "t"]], columns=["site", "p", "site"])
    with pytest.raises(ValueError, match=r"(?s)one column.*'site'.*instead"):
        split_domain_column(frame, "site")


@pytest.mark.filterwarnings("ignore:Only the target domain")
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 5))
def test_restricted_to_is_the_index_of_the_rows_that_stay(seed, n_rows, n_domains):
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_domains, size=n_rows)
    whole = index_domains(labels, int(labels[0]), n_rows)
    rows = np.flatnonzero(rng.random(n_rows) < 0.6)
    part = whole.restricted_to(rows)
    assert part.target == whole.target
    assert_array_equal(part.sources, whole.sources)
    kept = labels[rows]
    assert_array_equal(part.target_rows, np.flatnonzero(kept == whole.target))
    for index, source in enumerate(whole.sources):
        assert_array_equal(part.source_rows(index), np.flatnonzero(kept == source))
    assert_allclose(part.totals(None).sum(), len(rows))
    assert_array_equal(whole.order[: whole.offsets[1]], np.flatnonzero(labels == labels[0]))


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=20), st.data()
)
def test_all_but_leaves_out_groups_in_every_domain(rows, data):
    labels, groups = np.array(rows).T
    held_out = data.draw(st.sets(st.integers(0, len(rows) - 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        plain = index_domains(labels, int(labels[0]), len(labels))
    held = np.array(sorted(held_out), dtype=np.intp)
    assert plain.groups_of(held) is None
    assert plain.all_but(held).tolist() == [i for i in range(len(rows)) if i not in held_out]
    grouped = replace(plain, groups=groups)
    assert grouped.groups_of(held).tolist() == groups[held].tolist()
    gone = {groups[i] for i in held_out}
    assert grouped.all_but(held).tolist() == [i for i in range(len(rows)) if groups[i] not in gone]
    part = grouped.restricted_to(grouped.all_but(held))
    assert part.groups.tolist() == groups[grouped.all_but(held)].tolist()


def test_restricted_to_all_and_to_none():
    whole = index_domains(np.array(list("batab")), "t", 5)
    same = whole.restricted_to(np.arange(5))
    assert_array_equal(same.order, whole.order)
    assert_array_equal(same.offsets, whole.offsets)
    empty = whole.restricted_to(np.empty(0, dtype=np.intp))
    assert empty.sources.tolist() == ["a", "b"]
    assert_array_equal(empty.offsets, np.zeros(4))
    assert len(empty.order) == 0
