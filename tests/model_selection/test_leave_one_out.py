# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Each domain in turn is left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import LeaveOneGroupOut

from sklearn_transfer.model_selection import LeaveOneDomainOut
from tests.model_selection.layouts import assert_sound, layouts


def as_lists(folds):
    return [(train.tolist(), test.tolist()) for train, test in folds]


@given(layout=layouts())
def test_folds_are_those_of_leave_one_group_out(layout):
    assume(len(set(layout.domain)) > 1)
    cv = LeaveOneDomainOut()
    theirs = LeaveOneGroupOut().split(layout.X, groups=layout.domain.astype(str))
    assert as_lists(cv.split(layout.X, sample_domain=layout.domain)) == as_lists(theirs)
    assert cv.get_n_splits(sample_domain=layout.domain) == len(set(layout.domain))


@given(layout=layouts(), train_size=st.integers(1, 5), seed=st.integers(0, 99))
def test_few_rows_of_the_domain_left_out_are_trained_on(layout, train_size, seed):
    names, counts = np.unique(layout.domain.astype(str), return_counts=True)
    names = names[counts > train_size].tolist()
    assume(len(names) and len(set(layout.domain)) > 1)
    cv = LeaveOneDomainOut(target_domains=names, train_size=train_size, random_state=seed)
    folds = list(cv.split(layout.X, layout.y, sample_domain=layout.domain))
    assert len(folds) == cv.get_n_splits() == len(names)
    for name, fold in zip(names, folds, strict=True):
        assert_sound([fold], layout.domain, target=name)
        left_out = layout.domain == name
        assert left_out[fold[0]].sum() == train_size
        assert len(fold[1]) == left_out.sum() - train_size
        for label in set(layout.y):
            share = (layout.y[left_out] == label).mean()
            drawn = (layout.y[fold[0]][left_out[fold[0]]] == label).sum()
            assert abs(drawn - train_size * share) < 1


@given(layout=layouts(min_target=4), train_size=st.sampled_from([0, 1, 2]))
def test_groups_are_kept_together_across_domains(layout, train_size):
    assume(len(set(layout.domain)) > 1)
    assume(len(set(layout.groups[layout.domain == "t"])) > train_size)
    cv = LeaveOneDomainOut(target_domains=["t"], train_size=train_size, random_state=0)
    folds = list(cv.split(layout.X, None, layout.groups, sample_domain=layout.domain))
    assert_sound(folds, layout.domain, groups=layout.groups, uses_all_target_rows=train_size == 0)
    assert (layout.domain[folds[0][0]] == "t").sum() == train_size


def test_order_of_the_domains():
    def left_out(domain, **options):
        folds = LeaveOneDomainOut(**options).split(domain, sample_domain=domain)
        return [domain[test[0]] for _, test in folds]

    assert left_out(["b", "a", "c", "a"]) == ["a", "b", "c"]
    assert left_out(["b", 3, ("x", 1), 3]) == ["b", 3, ("x", 1)]
    assert left_out(["b", "a", "c", "a"], target_domains=["c", "a"]) == ["c", "a"]


def test_fraction_is_of_each_domain():
    domain = np.repeat(["a", "b"], [10, 40])
    cv = LeaveOneDomainOut(train_size=0.25, random_state=0)
    folds = list(cv.split(domain, sample_domain=domain))
    assert [
        (domain[train] == name).sum() for name, (train, _) in zip("ab", folds, strict=True)
    ] == [
        2,
        10,
    ]


def test_number_of_splits_is_read_where_the_domains_are():
    X = np.array([[0, 7], [0, 8], [0, 9], [0, 7]])
    assert LeaveOneDomainOut().get_n_splits(groups=[1, 2, 2]) == 2
    assert LeaveOneDomainOut(domain_column=1).get_n_splits(X) == 3
    assert LeaveOneDomainOut(target_domains=[8, 9]).get_n_splits() == 2


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"train_size": -1}, "`train_size` must be an integer of at least 0.* Got -1 instead"),
        ({"stratify": None}, "`stratify` must be True or False. Got None"),
        ({"target_domains": "abc"}, "must be a list of one or more domains.* Got 'abc' instead"),
        ({"target_domains": []}, r"must be a list of one or more domains.* Got \[\] instead"),
        ({"target_domains": 3}, "must be a list of one or more domains.* Got 3 instead"),
    ],
)
def test_wrong_parameters_are_refused_on_construction(parameters, message):
    with pytest.raises(ValueError, match=message):
        LeaveOneDomainOut(**parameters)


def test_one_domain_alone_is_refused():
    with pytest.raises(ValueError, match=r"two or more domains.* Got 'a' instead"):
        LeaveOneDomainOut().split([0, 1], sample_domain=["a", "a"])


def test_unknown_domains_are_refused():
    with pytest.raises(ValueError, match=r"which are 'a', 'b'. Got 'x' instead"):
        LeaveOneDomainOut(target_domains=["a", "x"]).split([0, 1], sample_domain=["a", "b"])


def test_domain_with_too_few_rows_is_named():
    domain = ["a"] * 3 + ["b"] * 9
    with pytest.raises(ValueError, match=r"of the domain 'a' to test on. Got train_size=3 for 3"):
        LeaveOneDomainOut(train_size=3).split(domain, sample_domain=domain)


def test_domains_cannot_be_counted_without_rows():
    with pytest.raises(ValueError, match=r"must know the domain of every row"):
        LeaveOneDomainOut().get_n_splits()
    with pytest.raises(ValueError, match=r"X must be given to count the domains in its column 'h'"):
        LeaveOneDomainOut(domain_column="h").get_n_splits()
