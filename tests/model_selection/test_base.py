# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Where the domains are read from, what X may be, and what is refused."""

from __future__ import annotations

import copy
import pickle

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, check_cv

from sklearn_transfer.model_selection import (
    LeaveOneDomainOut,
    StratifiedTargetKFold,
    TargetGroupKFold,
    TargetKFold,
    TargetShuffleSplit,
)

DOMAIN = [2, 1, 1, 2, 1, 3, 1, 3, 1, 1]
Y = [0, 0, 1, 1, 0, 1, 0, 1, 1, 1]
SPLITTERS = [
    TargetKFold(3, target_domain=1, shuffle=True, random_state=0),
    StratifiedTargetKFold(3, target_domain=1),
    TargetGroupKFold(3, target_domain=1),
    TargetShuffleSplit(3, target_domain=1, train_size=2, random_state=0),
    LeaveOneDomainOut(train_size=1, random_state=0),
]


def named(splitter):
    return type(splitter).__name__


each = pytest.mark.parametrize("splitter", SPLITTERS, ids=named)
each_reading_groups_as_domains = pytest.mark.parametrize(
    "splitter", [s for s in SPLITTERS if not isinstance(s, TargetGroupKFold)], ids=named
)


def folds_of(splitter, X, **metadata):
    if isinstance(splitter, TargetGroupKFold):
        metadata["groups"] = np.arange(len(Y)) // 2
    return [(train.tolist(), test.tolist()) for train, test in splitter.split(X, Y, **metadata)]


def with_column(splitter, column):
    changed = copy.deepcopy(splitter)
    changed.domain_column = column
    return changed


@pytest.fixture(name="X")
def table():
    """Three columns, the second of which is the domain."""
    return np.column_stack([np.arange(10.0), DOMAIN, np.ones(10)])


class TestPlaces:
    @each
    def test_column_of_any_table_gives_the_same_folds_as_sample_domain(self, splitter, X):
        pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
        expected = folds_of(splitter, X, sample_domain=DOMAIN)
        names = ["age", "hospital", "sex"]
        frame = pd.DataFrame(X, columns=names, index=np.arange(100, 110))
        frame["hospital"] = frame["hospital"].astype(int).astype("category")
        by_name = with_column(splitter, "hospital")
        by_position = with_column(splitter, 1)
        assert folds_of(by_name, frame) == expected
        assert folds_of(by_position, frame) == expected
        assert folds_of(by_name, pl.DataFrame(X, schema=names)) == expected
        assert folds_of(by_position, X) == expected
        assert folds_of(with_column(splitter, -2), X) == expected
        assert folds_of(by_position, X.tolist()) == expected
        assert folds_of(by_position, sparse.csr_array(X)) == expected
        assert folds_of(by_position, sparse.csc_matrix(X)) == expected

    @each
    def test_kind_of_the_labels_does_not_matter(self, splitter, X):
        pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
        expected = folds_of(splitter, X, sample_domain=DOMAIN)
        for labels in (
            np.array(DOMAIN),
            np.array(DOMAIN, dtype=object),
            np.array(DOMAIN)[:, None],
            pd.Series(DOMAIN, index=np.arange(10)[::-1]),
            pd.Series(DOMAIN, dtype="category"),
            pl.Series(DOMAIN),
        ):
            assert folds_of(splitter, X, sample_domain=labels) == expected

    @each_reading_groups_as_domains
    def test_groups_are_the_domains_where_nothing_else_names_them(self, splitter, X):
        assert folds_of(splitter, X, groups=DOMAIN) == folds_of(splitter, X, sample_domain=DOMAIN)

    @each
    def test_column_goes_before_sample_domain(self, splitter, X):
        metadata = {"sample_domain": [1] * 10}
        column = with_column(splitter, 1)
        assert folds_of(column, X, **metadata) == folds_of(splitter, X, sample_domain=DOMAIN)

    @pytest.mark.parametrize("splitter", SPLITTERS[:4], ids=named)
    def test_one_domain_needs_no_name(self, splitter, X):
        unnamed = copy.deepcopy(splitter)
        unnamed.target_domain = None
        assert folds_of(unnamed, X, sample_domain=["a"] * 10) == folds_of(
            splitter, X, sample_domain=[1] * 10
        )

    @each
    def test_nothing_is_modified(self, splitter, X):
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame(X, columns=["age", "hospital", "sex"])
        before, labels = frame.copy(), np.array(DOMAIN)
        state = copy.deepcopy(vars(splitter))
        global_state = np.random.get_state()[1].tolist()  # noqa: NPY002 - it must stay untouched
        folds_of(with_column(splitter, "hospital"), frame)
        folds_of(splitter, frame, sample_domain=labels)
        pd.testing.assert_frame_equal(frame, before)
        assert labels.tolist() == DOMAIN
        assert vars(splitter) == state
        assert np.random.get_state()[1].tolist() == global_state  # noqa: NPY002


class TestRefused:
    @each_reading_groups_as_domains
    def test_no_domains(self, splitter, X):
        with pytest.raises(
            ValueError, match=r"Got neither `domain_column`, `sample_domain` nor `groups` instead"
        ) as caught:
            splitter.split(X, Y)
        assert "With routing disabled, scikit-learn hands a splitter nothing but" in str(
            caught.value
        )

    def test_no_domains_beside_groups_to_keep_together(self, X):
        with pytest.raises(
            ValueError, match=r"Got neither `domain_column` nor `sample_domain` instead"
        ) as caught:
            TargetGroupKFold(target_domain=1).split(X, Y, groups=DOMAIN)
        assert "list(splitter.split(X, y, groups, sample_domain=domains))" in str(caught.value)

    @pytest.mark.parametrize("splitter", SPLITTERS[:4], ids=named)
    def test_unknown_target(self, splitter, X):
        with pytest.raises(
            ValueError,
            match=r"which are 'a', 'b'. Got 1 instead.* The domains were read from `sample_domain`",
        ):
            folds_of(splitter, X, sample_domain=["a", "b"] * 5)

    @pytest.mark.parametrize("splitter", SPLITTERS[:4], ids=named)
    def test_target_without_a_name_among_several(self, splitter, X):
        unnamed = copy.deepcopy(splitter)
        unnamed.target_domain = None
        with pytest.raises(
            ValueError, match=r"come from 3 domains. Got None instead; choose one of"
        ):
            folds_of(unnamed, X, sample_domain=DOMAIN)

    def test_patients_mistaken_for_domains(self, X):
        with pytest.raises(ValueError, match=r"Got 'here' .* The domains were read from `groups`"):
            TargetKFold(target_domain="here").split(X, groups=np.arange(10))

    @each
    def test_missing_domain_labels(self, splitter, X):
        labels = np.array(DOMAIN, dtype=object)
        labels[3] = None
        with pytest.raises(ValueError, match=r"`sample_domain` must name a domain for every row"):
            folds_of(splitter, X, sample_domain=labels)

    @each
    def test_missing_labels_in_the_column(self, splitter, X):
        X[4, 1] = np.nan
        with pytest.raises(ValueError, match=r"the column 1 of X must name a domain .* in row 4"):
            folds_of(with_column(splitter, 1), X)

    @each
    def test_column_that_is_not_there(self, splitter, X):
        pd = pytest.importorskip("pandas")
        with pytest.raises(ValueError, match=r"must be a column of X. Got 'clinic' instead"):
            folds_of(with_column(splitter, "clinic"), pd.DataFrame(X, columns=list("abc")))
        with pytest.raises(ValueError, match=r"must be a position in 0..2"):
            folds_of(with_column(splitter, "clinic"), X)

    @each
    def test_labels_of_another_length(self, splitter, X):
        with pytest.raises(ValueError, match=r"Got 9 labels for 10 rows instead"):
            folds_of(splitter, X, sample_domain=DOMAIN[:9])

    @pytest.mark.parametrize("splitter", SPLITTERS[2:], ids=named)
    def test_groups_with_missing_labels_or_of_another_length(self, splitter, X):
        groups = [0.0, np.nan, *range(8)]
        with pytest.raises(ValueError, match=r"`groups` must name a group for every row. Got 1"):
            splitter.split(X, Y, groups, sample_domain=DOMAIN)
        with pytest.raises(ValueError, match=r"`groups` must hold one label per row. Got 3"):
            splitter.split(X, Y, [0, 1, 2], sample_domain=DOMAIN)


class TestObject:
    @each
    def test_copies_and_pickles_give_the_same_folds(self, splitter, X, tmp_path):
        expected = folds_of(splitter, X, sample_domain=DOMAIN)
        joblib.dump(splitter, tmp_path / "splitter.joblib")
        for other in (
            copy.deepcopy(splitter),
            clone(splitter, safe=False),
            clone(GridSearchCV(DummyClassifier(), {}, cv=splitter)).cv,
            pickle.loads(pickle.dumps(splitter)),
            joblib.load(tmp_path / "splitter.joblib"),
        ):
            assert type(other) is type(splitter)
            assert folds_of(other, X, sample_domain=DOMAIN) == expected

    @each
    def test_scikit_learn_takes_it_for_a_splitter(self, splitter):
        assert check_cv(splitter) is splitter

    @each
    def test_representation_names_class_and_parameters(self, splitter):
        text = repr(splitter)
        assert text.startswith(f"{named(splitter)}(")
        for name, value in vars(splitter).items():
            assert f"{name}={value!r}" in text

    @each
    def test_number_of_folds_needs_no_metadata_where_it_is_given(self, splitter, X):
        metadata = {"sample_domain": DOMAIN}
        assert splitter.get_n_splits(X, Y, **metadata) == len(folds_of(splitter, X, **metadata))
