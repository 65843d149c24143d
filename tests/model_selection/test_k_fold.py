# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""K folds of the target's rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.model_selection import (
    StratifiedTargetKFold,
    TargetGroupKFold,
    TargetKFold,
)
from tests.model_selection.layouts import assert_sound, layouts

N_SPLITS = st.integers(2, 6)
SHUFFLE = st.sampled_from([{}, {"shuffle": True, "random_state": 3}])

quiet = pytest.mark.filterwarnings(
    "ignore:Class .* target rows:sklearn_transfer.exceptions.TransferWarning"
)


def as_lists(folds):
    return [(train.tolist(), test.tolist()) for train, test in folds]


def numbered_by_appearance(groups):
    """Names that sort as ours are numbered; scikit-learn's folds depend on how names sort."""
    return np.array([list(dict.fromkeys(groups)).index(group) for group in groups])


def assert_tests_each_target_row_once(folds, domain):
    tested = np.concatenate([test for _, test in folds])
    assert sorted(tested.tolist()) == np.flatnonzero(domain == "t").tolist()


@quiet
@pytest.mark.parametrize("splitter", [TargetKFold, StratifiedTargetKFold])
@given(layout=layouts(), n_splits=N_SPLITS, shuffle=SHUFFLE)
def test_folds_are_sound(splitter, layout, n_splits, shuffle):
    assume(n_splits <= (layout.domain == "t").sum())
    cv = splitter(n_splits, target_domain="t", **shuffle)
    folds = list(cv.split(layout.X, layout.y, sample_domain=layout.domain))
    assert len(folds) == cv.get_n_splits() == n_splits
    assert_sound(folds, layout.domain)
    assert_tests_each_target_row_once(folds, layout.domain)
    sizes = [len(test) for _, test in folds]
    assert max(sizes) - min(sizes) <= 1


@quiet
@given(layout=layouts(), n_splits=N_SPLITS, shuffle=SHUFFLE)
def test_classes_of_the_target_are_spread_evenly(layout, n_splits, shuffle):
    assume(n_splits <= (layout.domain == "t").sum())
    cv = StratifiedTargetKFold(n_splits, target_domain="t", **shuffle)
    folds = list(cv.split(layout.X, layout.y, sample_domain=layout.domain))
    for label in set(layout.y):
        counts = [(layout.y[test] == label).sum() for _, test in folds]
        assert max(counts) - min(counts) <= 1


@given(layout=layouts(), n_splits=N_SPLITS, shuffle=SHUFFLE)
def test_no_group_is_trained_and_tested_on_in_any_domain(layout, n_splits, shuffle):
    target = layout.domain == "t"
    assume(n_splits <= len(set(layout.groups[target])))
    cv = TargetGroupKFold(n_splits, target_domain="t", **shuffle)
    folds = list(cv.split(layout.X, None, layout.groups, sample_domain=layout.domain))
    assert len(folds) == n_splits
    assert_sound(folds, layout.domain, groups=layout.groups)
    assert_tests_each_target_row_once(folds, layout.domain)


@given(layout=layouts(), shuffle=SHUFFLE)
def test_groups_of_one_row_each_cost_no_source_row(layout, shuffle):
    cv = TargetGroupKFold(2, target_domain="t", **shuffle)
    groups = np.arange(len(layout.y))
    assert_sound(list(cv.split(layout.X, None, groups, sample_domain=layout.domain)), layout.domain)


@pytest.mark.parametrize("shuffle", [{}, {"shuffle": True, "random_state": 1}])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (TargetKFold, KFold),
        (StratifiedTargetKFold, StratifiedKFold),
        (TargetGroupKFold, GroupKFold),
    ],
)
def test_without_sources_the_folds_are_those_of_scikit_learn(ours, theirs, shuffle, rng):
    X, y = rng.normal(size=(40, 2)), rng.integers(0, 3, 40)
    groups = numbered_by_appearance(rng.integers(0, 9, 40))
    given_groups = groups if ours is TargetGroupKFold else None
    mine = ours(4, **shuffle).split(X, y, given_groups, sample_domain=["t"] * 40)
    assert as_lists(mine) == as_lists(theirs(4, **shuffle).split(X, y, given_groups))


@pytest.mark.parametrize("splitter", [TargetKFold, StratifiedTargetKFold, TargetGroupKFold])
def test_test_rows_are_those_that_scikit_learn_tests_on_among_the_target_rows(splitter, rng):
    theirs = {
        TargetKFold: KFold,
        StratifiedTargetKFold: StratifiedKFold,
        TargetGroupKFold: GroupKFold,
    }[splitter](3)
    domain, y = rng.choice(["t", "a", "b"], 60), rng.integers(0, 2, 60)
    groups = numbered_by_appearance(rng.integers(0, 12, 60))
    groups = groups if splitter is TargetGroupKFold else None
    rows = np.flatnonzero(domain == "t")
    mine = splitter(3, target_domain="t").split(y, y, groups, sample_domain=domain)
    of_target = theirs.split(y[rows], y[rows], None if groups is None else groups[rows])
    for (_, test), (_, expected) in zip(mine, of_target, strict=True):
        assert test.tolist() == rows[expected].tolist()


@quiet
@pytest.mark.parametrize("splitter", [TargetKFold, StratifiedTargetKFold, TargetGroupKFold])
def test_seed_decides_the_folds(splitter, rng):
    y, domain, groups = rng.integers(0, 2, 50), rng.choice(["t", "a"], 50), np.arange(50)

    def folds(seed):
        cv = splitter(4, target_domain="t", shuffle=True, random_state=seed)
        groups_given = groups if splitter is TargetGroupKFold else None
        return as_lists(cv.split(y, y, groups_given, sample_domain=domain))

    assert folds(0) == folds(0)
    assert folds(0) != folds(1)


@pytest.mark.parametrize("shuffle", [{}, {"shuffle": True, "random_state": 1}])
def test_names_of_groups_play_no_part(shuffle, rng):
    domain, groups = rng.choice(["t", "a"], 40), rng.integers(0, 9, 40)
    names = np.array(["Eva", "Ann", "Zoe", "Cem", "Ben", "Mia", "Tom", "Ida", "Kai"])
    cv = TargetGroupKFold(3, target_domain="t", **shuffle)
    assert as_lists(cv.split(domain, None, groups, sample_domain=domain)) == as_lists(
        cv.split(domain, None, names[groups], sample_domain=domain)
    )


class TestPartition:
    @quiet
    @pytest.mark.parametrize("splitter", [TargetKFold, StratifiedTargetKFold])
    @given(layout=layouts(), n_splits=N_SPLITS)
    def test_every_row_is_tested_once_and_sources_are_still_trained_on(
        self, splitter, layout, n_splits
    ):
        target = layout.domain == "t"
        assume(n_splits <= target.sum())
        metadata = {"sample_domain": layout.domain}
        plain = splitter(n_splits, target_domain="t").split(layout.X, layout.y, **metadata)
        cv = splitter(n_splits, target_domain="t", partition=True)
        folds = list(cv.split(layout.X, layout.y, **metadata))
        tested = np.concatenate([test for _, test in folds])
        assert sorted(tested.tolist()) == list(range(len(target)))
        for (train, test), (plain_train, plain_test) in zip(folds, plain, strict=True):
            assert train.tolist() == plain_train.tolist()
            assert test[target[test]].tolist() == plain_test.tolist()

    @given(layout=layouts(), n_splits=N_SPLITS)
    def test_source_rows_of_held_out_groups_are_tested_where_they_are_held_out(
        self, layout, n_splits
    ):
        target = layout.domain == "t"
        target_groups = set(layout.groups[target])
        assume(n_splits <= len(target_groups))
        cv = TargetGroupKFold(n_splits, target_domain="t", partition=True)
        folds = list(cv.split(layout.X, None, layout.groups, sample_domain=layout.domain))
        tested = np.concatenate([test for _, test in folds])
        assert sorted(tested.tolist()) == list(range(len(target)))
        for train, test in folds:
            for row in test:
                held_out = layout.groups[row] in target_groups
                assert (row in train) == (not held_out)

    @pytest.mark.parametrize("splitter", [TargetKFold, StratifiedTargetKFold, TargetGroupKFold])
    def test_a_search_is_refused(self, splitter):
        with pytest.raises(ValueError, match=r"must have `partition=False` where folds are scored"):
            splitter(partition=True).get_n_splits()


class TestSmallTargets:
    def test_class_smaller_than_the_folds_is_spread_and_warned_of(self):
        y = np.array(["alive"] * 8 + ["dead"] * 2 + ["dead"] * 5)
        domain = ["t"] * 10 + ["a"] * 5
        with pytest.warns(TransferWarning, match=r"Class 'dead' has 2 target rows for 5 folds"):
            folds = list(StratifiedTargetKFold(target_domain="t").split(y, y, sample_domain=domain))
        assert sorted((y[test] == "dead").sum() for _, test in folds) == [0, 0, 0, 1, 1]

    def test_every_class_smaller_than_the_folds_is_no_error(self):
        y = np.array([0, 0, 1, 1, 2, 2])
        with pytest.raises(ValueError, match=r"n_splits=3 cannot be greater"):
            list(StratifiedKFold(3).split(y, y))
        with pytest.warns(TransferWarning, match=r"has 2 target rows for 3 folds"):
            folds = list(StratifiedTargetKFold(3).split(y, y, sample_domain=["t"] * 6))
        assert [len(test) for _, test in folds] == [2, 2, 2]

    def test_target_of_one_class_is_divided_without_a_word(self):
        y, domain = np.array([0] * 6 + [1] * 6), ["t"] * 6 + ["a"] * 6
        folds = list(StratifiedTargetKFold(3, target_domain="t").split(y, y, sample_domain=domain))
        assert [test.tolist() for _, test in folds] == [[0, 1], [2, 3], [4, 5]]

    def test_as_many_folds_as_target_rows(self):
        domain = ["a", "t", "a", "t"]
        folds = TargetKFold(2, target_domain="t").split(domain, sample_domain=domain)
        assert as_lists(folds) == [([0, 2, 3], [1]), ([0, 1, 2], [3])]

    @pytest.mark.parametrize("splitter", [TargetKFold, StratifiedTargetKFold])
    def test_more_folds_than_target_rows_are_refused(self, splitter):
        y, domain = [0, 1] * 10, ["t"] * 3 + ["a"] * 17
        with pytest.raises(
            ValueError, match=r"at most the number of target rows. Got n_splits=5 for 3 instead"
        ):
            splitter(target_domain="t").split(y, y, sample_domain=domain)

    def test_more_folds_than_groups_in_the_target_are_refused(self):
        groups, domain = [0, 0, 1, 1, 2, 3, 4, 5], ["t"] * 4 + ["a"] * 4
        with pytest.raises(
            ValueError, match=r"number of groups in the target. Got n_splits=3 for 2 instead"
        ):
            TargetGroupKFold(3, target_domain="t").split(
                groups, groups=groups, sample_domain=domain
            )


class TestLabels:
    DOMAIN = ("t", "t", "t", "t", "a", "a")

    def split(self, y):
        X = np.zeros((6, 1))
        cv = StratifiedTargetKFold(2, target_domain="t")
        return as_lists(cv.split(X, y, sample_domain=self.DOMAIN))

    def test_kind_of_the_labels_does_not_matter(self):
        pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
        expected = self.split([0, 0, 1, 1, 1, 1])
        words = ["no", "no", "yes", "yes", "yes", "yes"]
        for y in (
            np.array([0.0, 0, 1, 1, 1, 1]),
            np.array([[0], [0], [1], [1], [1], [1]]),
            np.array([False, False, True, True, True, True]),
            words,
            np.array(words),
            np.array(words, dtype=object),
            pd.Series(words),
            pd.Series(words, dtype="category", index=[9, 8, 7, 6, 5, 4]),
            pd.Series([0, 0, 1, 1, 1, 1], dtype="Int64"),
            pl.Series(words),
        ):
            assert self.split(y) == expected

    def test_classes_of_the_sources_play_no_part(self):
        assert self.split([0, 0, 1, 1, 7, 8]) == self.split([0, 0, 1, 1, 1, 1])

    @pytest.mark.parametrize(
        "y",
        [
            [0.5, 1.0, 2.0, 0.0, 1.0, 2.0],
            np.array([0.5, 1, 2, 0, 1, 2], dtype=object),
            np.array([1, 1, 0, 0, 0, 1.5]),
            np.zeros((6, 2), dtype=int),
        ],
    )
    def test_continuous_or_several_outputs_are_refused(self, y):
        with pytest.raises(ValueError, match=r"one class per row to stratify by.*use TargetKFold"):
            self.split(y)

    def test_missing_labels_are_refused(self):
        with pytest.raises(ValueError, match=r"a label for every row. Got 1 missing labels"):
            self.split([0, 0, 1, np.nan, 1, 1])
        with pytest.raises(ValueError, match=r"`y` must name a class for every row. Got 1 missing"):
            self.split(np.array(["no", None, "yes", "yes", "no", "no"], dtype=object))

    def test_no_labels_are_refused(self):
        with pytest.raises(ValueError, match=r"`y` must be given to stratify by. Got None"):
            self.split(None)

    def test_labels_of_another_length_are_refused(self):
        with pytest.raises(ValueError, match=r"inconsistent numbers of samples"):
            self.split([0, 1])


class TestParameters:
    @pytest.mark.parametrize("splitter", [TargetKFold, StratifiedTargetKFold, TargetGroupKFold])
    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"n_splits": 1}, "`n_splits` must be an integer of at least 2. Got 1 instead"),
            ({"n_splits": 2.0}, "`n_splits` must be an integer of at least 2. Got 2.0 instead"),
            ({"n_splits": True}, "`n_splits` must be an integer of at least 2. Got True instead"),
            ({"shuffle": 1}, "`shuffle` must be True or False. Got 1 instead"),
            ({"partition": "all"}, "`partition` must be True or False. Got 'all' instead"),
            ({"random_state": 0}, "`random_state` must be None where `shuffle=False`.*Got 0"),
        ],
    )
    def test_wrong_ones_are_refused_on_construction(self, splitter, parameters, message):
        with pytest.raises(ValueError, match=message):
            splitter(**parameters)

    def test_groups_are_required_to_keep_them_together(self):
        with pytest.raises(ValueError, match=r"`groups` must name the group of every row.* None"):
            TargetGroupKFold().split([0, 1], sample_domain=["t", "t"])

    @pytest.mark.parametrize("splitter", [TargetKFold, StratifiedTargetKFold])
    def test_groups_that_would_not_be_kept_together_are_refused(self, splitter):
        with pytest.raises(
            ValueError,
            match=r"`groups` must be left out where .* reads the domains from `sample_domain`",
        ):
            splitter().split([0, 1], [0, 1], [5, 6], sample_domain=["t", "t"])
