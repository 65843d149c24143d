# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What domains, weights and labels mean, for every estimator of the registry.

A check is a function of a row; `@own_check` puts it on the list.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_transfer.exceptions import TransferWarning
from tests.common_data import (
    SOURCES,
    TARGET,
    assert_same_answers,
    assert_same_weights,
    fitted,
    problem,
)
from tests.registry import Row

# What scikit-learn's generator of checks leaves out of transformers.
LEFT_OUT_FOR_TRANSFORMERS = [
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
]

CHECKS: dict[str, tuple[Callable[[Row], None], Callable[[Row], bool]]] = {}
SAME_NAMES = {label: label for label in SOURCES}


def own_check(
    applies: Callable[[Row], bool] = lambda row: True,
) -> Callable[[Callable[[Row], None]], Callable[[Row], None]]:
    """Put a check on the list, for the rows of which it makes sense."""

    def enlist(check: Callable[[Row], None]) -> Callable[[Row], None]:
        assert check.__name__ not in CHECKS
        CHECKS[check.__name__] = (check, applies)
        return check

    return enlist


@own_check()
def check_without_domains_it_is_the_inner_estimator(row: Row) -> None:
    p = problem(row)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(p.y))
    for sample_weight in (None, weight):
        given: dict[str, Any] = {}
        if sample_weight is not None:
            given = {"sample_weight": sample_weight}
        model = clone(row.make()).fit(p.X, p.y, **given)
        inner = row.inner()
        if hasattr(inner, "steps") and given:
            given = {f"{inner.steps[-1][0]}__sample_weight": sample_weight}
        inner.fit(p.X, p.y, **given)
        assert_array_equal(model.predict(p.X), inner.predict(p.X))
        if row.is_classifier:
            assert_array_equal(model.predict_proba(p.X), inner.predict_proba(p.X))
        assert model.target_domain_ is None
        assert len(model.source_domains_) == 0


@own_check()
def check_only_target_rows_warn_and_are_the_inner_estimator(row: Row) -> None:
    p = problem(row).target_rows
    for target in (TARGET, None):
        with pytest.warns(TransferWarning, match="Only the target domain 't' is present") as seen:
            model = (
                clone(row.make())
                .set_params(target_domain=target)
                .fit(p.X, p.y, sample_domain=p.domain)
            )
        assert len(seen) == 1
        assert_same_answers(fitted(row.make(), p.X, p.y), model, p.X)
        assert model.target_domain_ == TARGET
        assert len(model.source_domains_) == 0


@own_check()
def check_only_target_rows_of_positive_weight_warn_once(row: Row) -> None:
    p = problem(row)
    weight = (p.domain == TARGET).astype(float)
    model = clone(row.make()).set_params(target_domain=TARGET)
    with pytest.warns(TransferWarning, match="Only the target") as seen:
        model.fit(p.X, p.y, weight, sample_domain=p.domain)
    assert len(seen) == 1
    t = p.target_rows
    ones = np.ones(len(t.y))
    assert_same_answers(fitted(row.make(), t.X, t.y, sample_weight=ones), model, p.X)


@own_check()
def check_sources_matter(row: Row) -> None:
    """Guard the other checks: were the sources ignored, most of them would pass."""
    p = problem(row)
    alone, model = fitted(row.make(), *p.target_rows[:2]), fitted(row.make(), *p)
    score = "predict_proba" if row.is_classifier else "predict"
    assert np.abs(getattr(alone, score)(p.X) - getattr(model, score)(p.X)).max() > 1e-3


@own_check()
def check_relabelled_domains(row: Row) -> None:
    """Give new names, which sort the other way round."""
    p = problem(row)
    names = {TARGET: "any", "a": "z", "b": "y", "c": "x"}
    model = fitted(row.make(), *p)
    renamed = np.array([names[label] for label in p.domain])
    other = fitted(row.make(), p.X, p.y, renamed, target_domain="any")
    assert_same_answers(model, other, p.X, row.tolerance)
    assert_same_weights(row, model, other, names)


@own_check()
def check_interleaved_domains(row: Row) -> None:
    """How the domains alternate means nothing, even where the order inside a domain does."""
    p = problem(row)
    together = np.argsort(p.domain, kind="stable")
    model, other = fitted(row.make(), *p), fitted(row.make(), *p.only(together))
    assert_same_answers(model, other, p.X, row.tolerance)
    assert_same_weights(row, model, other, SAME_NAMES)


@own_check(lambda row: not row.draws_rows)
def check_permuted_rows(row: Row) -> None:
    p = problem(row)
    shuffled = np.random.default_rng(1).permutation(len(p.y))
    model, other = fitted(row.make(), *p), fitted(row.make(), *p.only(shuffled))
    assert_same_answers(model, other, p.X, row.tolerance)
    assert_same_weights(row, model, other, SAME_NAMES)


@own_check(lambda row: not row.counts_rows)
def check_source_rows_twice_at_half_weight(row: Row) -> None:
    p = problem(row)
    from_a = np.flatnonzero(p.domain == "a")
    twice = np.concatenate([np.arange(len(p.y)), from_a])
    weight = np.where(p.domain[twice] == "a", 0.5, 1.0)
    model = fitted(row.make(), *p)
    other = fitted(row.make(), *p.only(twice), sample_weight=weight)
    assert_same_answers(model, other, p.X, row.tolerance)
    assert_same_weights(row, model, other, SAME_NAMES)


@own_check(lambda row: not row.counts_rows)
def check_whole_weights_are_copies(row: Row) -> None:
    p = problem(row)
    copies = np.random.default_rng(1).integers(0, 4, len(p.y))
    model = fitted(row.make(), *p, sample_weight=copies)
    other = fitted(row.make(), *p.only(np.repeat(np.arange(len(p.y)), copies)))
    assert_same_answers(model, other, p.X, row.tolerance)
    assert_same_weights(row, model, other, SAME_NAMES)


@own_check(lambda row: row.splits_sources)
def check_source_cut_in_two_is_one(row: Row) -> None:
    """Every row of a source, half in one domain and half in another of the same content."""
    p = problem(row)
    from_a = np.flatnonzero(p.domain == "a")
    twice = np.concatenate([np.arange(len(p.y)), from_a])
    halves = p.only(twice)
    weight = np.where(halves.domain == "a", 0.5, 1.0)
    domain = halves.domain.astype(object)
    domain[len(p.y) :] = "other half of a"
    model = fitted(row.make(), *p)
    other = fitted(row.make(), halves.X, halves.y, domain, sample_weight=weight)
    assert_same_answers(model, other, p.X, row.tolerance)
    weights = dict(zip(other.source_domains_, other.source_weights_, strict=True))
    for label in ("a", "other half of a"):
        assert_allclose(weights[label], model.source_weights_[0], rtol=row.tolerance)


@own_check()
def check_rows_of_no_weight_are_absent(row: Row) -> None:
    """Their values, labels and even domains leave no trace."""
    p = problem(row)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(p.y))
    absent = np.arange(len(p.y)) % 5 == 0
    weight[absent] = 0.0
    X, y, domain = p.X.copy(), p.y.copy(), p.domain.astype(object)
    X[absent] = 1e6
    y[absent] = 7
    domain[absent & (p.domain == "b")] = "nowhere else"
    model = fitted(row.make(), X, y, domain, sample_weight=weight)
    other = fitted(row.make(), *p.only(~absent), sample_weight=weight[~absent])
    assert_same_answers(model, other, p.X)
    assert_array_equal(model.source_domains_, other.source_domains_)
    if row.is_classifier:
        assert_array_equal(model.classes_, [0, 1])


@own_check(lambda row: row.is_classifier)
def check_labels_of_any_kind(row: Row) -> None:
    p = problem(row)
    model = fitted(row.make(), *p)
    expected = model.predict(p.X)
    names = np.array(["no", "yes"])
    for labels, given in [
        (names, names[p.y]),
        (names, names[p.y].astype(object)),
        (names, names[p.y].tolist()),
        (names, pd.Series(names[p.y], index=np.arange(len(p.y))[::-1])),
        (names, pd.Series(pd.Categorical(names[p.y], categories=["yes", "unused", "no"]))),
        (names, pl.Series(names[p.y].tolist())),
        (np.array([-1, 1]), 2 * p.y - 1),
        (np.array([3, 17]), np.array([3, 17], dtype=np.int8)[p.y]),
        (np.array([0.0, 1.0]), p.y.astype(float)),
        (np.array([False, True]), p.y.astype(bool)),
    ]:
        other = fitted(row.make(), p.X, given, p.domain)
        assert_array_equal(other.classes_, labels)
        assert_array_equal(other.predict(p.X), labels[expected])
        assert_array_equal(other.predict_proba(p.X), model.predict_proba(p.X))
        assert other.score(p.X, given) == model.score(p.X, p.y)


@own_check()
def check_domain_labels_of_any_kind(row: Row) -> None:
    p = problem(row)
    model = fitted(row.make(), *p)
    plain = p.domain.tolist()

    def renamed(names: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        return [names[label] for label in plain], names

    ints, int_names = renamed({"t": 3, "a": 0, "b": -7, "c": 40})
    floats, float_names = renamed({"t": 0.5, "a": -1.0, "b": np.inf, "c": 2.0})
    pairs, pair_names = renamed({"t": ("t", 1), "a": ("a", 1), "b": ("a", 2), "c": ("c", 0)})
    mixed, mixed_names = renamed({"t": ("t", 1), "a": "a", "b": 2, "c": frozenset("c")})
    day = {label: pd.Timestamp(2020, 1, 1 + i) for i, label in enumerate("tabc")}
    days, day_names = renamed(day)
    levels = ["unused", "c", "t", "b", "a"]
    same = {label: label for label in "tabc"}
    for given, names in [
        (plain, same),
        (np.array(plain), same),
        (np.array(plain, dtype=object), same),
        (p.domain[:, np.newaxis], same),
        ([np.str_(label) for label in plain], same),
        (pd.Series(plain, index=np.arange(len(plain))[::-1]), same),
        (pd.Series(plain, dtype="string"), same),
        (pd.Categorical(plain, categories=levels, ordered=True), same),
        (pd.Series(pd.Categorical(plain, categories=levels)), same),
        (pl.Series(plain), same),
        (pl.Series(plain, dtype=pl.Categorical), same),
        (ints, int_names),
        (np.array(ints, dtype=np.int8), int_names),
        (pd.Series(ints, dtype="Int64"), int_names),
        (floats, float_names),
        (pairs, pair_names),
        (mixed, mixed_names),
        (days, day_names),
        (pd.Series(days), day_names),
    ]:
        other = fitted(row.make(), p.X, p.y, given, target_domain=names["t"])
        assert other.target_domain_ == names["t"]
        assert set(other.source_domains_.tolist()) == {names[label] for label in SOURCES}
        assert_same_answers(model, other, p.X, row.tolerance)
        assert_same_weights(row, model, other, names)


@own_check(lambda row: row.is_classifier)
def check_classes_are_the_union(row: Row) -> None:
    """Keep columns where `classes_` says, though the target lacks a class and a source another."""
    p = problem(row, n_classes=3)
    lacking = ((p.domain == TARGET) & (p.y == 2)) | ((p.domain == "b") & (p.y == 0))
    p = p.only(~lacking)
    names = np.array(["u", "v", "w"])
    model = fitted(row.make(), p.X, names[p.y], p.domain)
    assert_array_equal(model.classes_, names)
    proba = model.predict_proba(p.X)
    assert proba.shape == (len(p.y), 3)
    assert (proba >= 0).all()
    assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-5)
    assert_array_equal(model.predict(p.X), names[proba.argmax(axis=1)])
    log_proba = model.predict_log_proba(p.X) if hasattr(model, "predict_log_proba") else None
    if log_proba is not None:
        assert_allclose(np.exp(log_proba), proba, rtol=1e-5, atol=1e-12)


@own_check(lambda row: row.is_classifier)
def check_class_of_a_useless_source_has_no_probability(row: Row) -> None:
    """Know a third class that only a one-class source has, and never predict it."""
    p = problem(row)
    y = np.where(p.domain == "c", 2, p.y)
    model = fitted(row.make(), p.X, y, p.domain)
    assert_array_equal(model.classes_, [0, 1, 2])
    assert model.predict_proba(p.X).shape == (len(y), 3)
    assert_allclose(model.predict_proba(p.X).sum(axis=1), 1.0, rtol=1e-5)
    assert set(model.predict(p.X)) <= {0, 1}


@own_check(lambda row: row.is_classifier and row.weights_sources)
def check_one_class_source_is_left_out_by_name(row: Row) -> None:
    p = problem(row)
    y = np.where(p.domain == "c", 0, p.y)
    with pytest.warns(TransferWarning, match=r"left out: \['c'\]"):
        model = (
            clone(row.make()).set_params(target_domain=TARGET).fit(p.X, y, sample_domain=p.domain)
        )
    assert model.source_domains_.tolist() == SOURCES
    assert model.source_weights_[2] == 0.0
    rest = p.domain != "c"
    other = fitted(row.make(), p.X[rest], y[rest], p.domain[rest])
    if not row.pools_steps:
        assert_same_answers(model, other, p.X)


@own_check(lambda row: row.is_classifier)
def check_one_class_target_learns_from_sources(row: Row) -> None:
    p = problem(row)
    y = np.where(p.domain == TARGET, 0, p.y)
    model = clone(row.make()).set_params(target_domain=TARGET)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", TransferWarning)
        model.fit(p.X, y, sample_domain=p.domain)
    assert any("of the target have" in str(w.message) for w in heard)
    proba = model.predict_proba(p.X)
    assert np.isfinite(proba).all()
    assert np.ptp(proba[:, 0]) > 0
    assert set(model.predict(p.X)) <= {0, 1}


class NoWeights(DecisionTreeClassifier):
    """An inner estimator whose fit takes no weights."""

    def fit(self, X: Any, y: Any) -> NoWeights:
        return super().fit(X, y)


class NoWeightsRegressor(DecisionTreeRegressor):
    """The same for regression."""

    def fit(self, X: Any, y: Any) -> NoWeightsRegressor:
        return super().fit(X, y)


# What scikit-learn's own validation says in its own words.
IN_SCIKIT_LEARNS_WORDS = re.compile(
    r"inconsistent numbers of samples|contains NaN|contains infinity|Negative values in data|"
    r"Sample weights must be 1D array|sample_weight\.shape == |"
    r"Sample weights must contain at least one non-zero number"
)
REQUIREMENT_THEN_GOT = re.compile(r"(?s)\b(must|needs?|cannot)\b.*\bGot\b.*\binstead\b")


def assert_refused(
    estimator: Any, calls: list[tuple[tuple[Any, ...], dict[str, Any], str]]
) -> None:
    """Fit with each (args, kwargs) and compare the message: requirement first, then what was got.

    All calls are made before the first complaint.
    """
    complaints = []
    for number, (args, kwargs, says) in enumerate(calls):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", TransferWarning)
                clone(estimator).fit(*args, **kwargs)
        except (ValueError, TypeError) as error:
            message = str(error)
            in_order = REQUIREMENT_THEN_GOT.search(message)
            if not (in_order or IN_SCIKIT_LEARNS_WORDS.search(message)):
                complaints.append(f"{number}, not 'must ... Got ... instead': {message}")
            elif not re.search(f"(?s){says}", message):
                complaints.append(f"{number}, not {says!r}: {message}")
        except Exception as error:  # noqa: BLE001, RUF100 - whatever it is, it is listed
            complaints.append(f"{number}, {type(error).__name__}: {error}")
        else:
            complaints.append(f"{number}, accepted; expected {says!r}")
    assert not complaints, "\n".join(complaints)


@own_check()
def check_undetermined_target_is_refused(row: Row) -> None:
    X, y, domain = problem(row)
    listed = "(?=.*'t')(?=.*'a')(?=.*'b')(?=.*'c')"
    rest = domain != TARGET
    bare = row.make()
    given = {"sample_domain": domain}
    assert_refused(bare, [((X, y), given, f"`target_domain` must name.*4 domains.*{listed}")])
    absent = "`target_domain` must be one of"
    assert_refused(
        clone(bare).set_params(target_domain="z"),
        [
            ((X, y), given, f"{absent}.*{listed}.*'z'"),
            ((X, y), {"sample_domain": domain == TARGET}, f"{absent}.*True.*'z'"),
        ],
    )
    assert_refused(
        clone(bare).set_params(target_domain=TARGET),
        [
            ((X[rest], y[rest]), {"sample_domain": domain[rest]}, f"{absent}.*'a'.*Got 't'"),
            ((X, y, rest.astype(float)), given, f"{absent}.*'a'.*Got 't'"),
        ],
    )


@own_check()
def check_unusable_domain_labels_are_refused(row: Row) -> None:
    X, y, domain = problem(row)
    with_none, with_nan, with_list = (domain.astype(object) for _ in range(3))
    with_none[3], with_nan[5], with_list[0] = None, np.nan, ["t"]
    assert_refused(
        clone(row.make()).set_params(target_domain=TARGET),
        [
            ((X, y), {"sample_domain": labels}, says)
            for labels, says in [
                (domain[domain != TARGET], "one label per row.*120.*160"),
                ([*domain, "t"], "161 labels for 160 rows"),
                (with_none, "1 missing.*row 3"),
                (with_none.tolist(), "1 missing.*row 3"),
                (with_nan, "1 missing.*row 5"),
                (pd.Series(with_none), "1 missing.*row 3"),
                (pd.Categorical(with_none), "1 missing.*row 3"),
                (pl.Series(with_none.tolist()), "1 missing.*row 3"),
                (pd.Series([None, *range(159)], dtype="Int64"), "1 missing.*row 0"),
                (with_list, "hashable"),
                ("t", "array-like.*'t'"),
                (b"t" * 160, "array-like"),
                (3, "array-like.*3"),
                (np.array("t"), "array-like"),
                (np.column_stack([domain, domain]), r"shape \(160, 2\)"),
                (pd.DataFrame({"d": domain, "e": domain}), r"shape \(160, 2\)"),
            ]
        ],
    )


@own_check()
def check_unusable_weights_and_lengths_are_refused(row: Row) -> None:
    X, y, domain = problem(row)
    ones = np.ones(len(y))
    negative, missing, endless = ones.copy(), ones.copy(), ones.copy()
    negative[0], missing[0], endless[0] = -1.0, np.nan, np.inf
    given = {"sample_domain": domain}
    assert_refused(
        clone(row.make()).set_params(target_domain=TARGET),
        [
            ((X, y, negative), given, "Negative"),
            ((X, y, missing), given, "NaN"),
            ((X, y, endless), given, "infinity"),
            ((X, y, 0 * ones), given, "positive weight.*zero|non-zero"),
            ((X, y, ones[:-1]), given, "159"),
            ((X, y, np.column_stack([ones, ones])), given, "1D"),
            ((X[:-1], y), given, "inconsistent numbers of samples"),
            ((X, y[:-1]), given, "inconsistent numbers of samples"),
        ],
    )


@own_check()
def check_inner_estimator_without_weights_is_refused_by_name(row: Row) -> None:
    X, y, domain = problem(row)
    inner = NoWeights() if row.is_classifier else NoWeightsRegressor()
    estimator = clone(row.make()).set_params(estimator=inner, target_domain=TARGET)
    says = f"`sample_weight`.*Got {type(inner).__name__}"
    assert_refused(estimator, [((X, y), {"sample_domain": domain}, says)])
    piped = clone(estimator).set_params(estimator=make_pipeline(StandardScaler(), inner))
    assert_refused(piped, [((X, y), {"sample_domain": domain}, says)])


@own_check()
def check_inner_estimator_of_the_other_kind_is_refused_by_name(row: Row) -> None:
    """Refuse what would predict numbers for labels, or the other way round."""
    X, y, domain = problem(row)
    inner = Ridge() if row.is_classifier else LogisticRegression()
    labels = (y > np.median(y)).astype(int)
    estimator = clone(row.make()).set_params(estimator=inner, target_domain=TARGET)
    says = f"must be a (classifier|regressor).*Got {type(inner).__name__}"
    assert_refused(
        estimator, [((X, labels), {"sample_domain": domain}, says), ((X, labels), {}, says)]
    )


@own_check(lambda row: row.is_classifier)
def check_unusable_labels_are_refused(row: Row) -> None:
    p = problem(row)
    estimator = clone(row.make()).set_params(target_domain=TARGET)
    with_none, with_nan = (np.array(["no", "yes"], dtype=object)[p.y] for _ in range(2))
    with_none[0], with_nan[0] = None, np.nan
    for y in (p.X[:, 0], with_none, with_nan, np.column_stack([p.y, p.y]), p.y * np.nan):
        with pytest.raises(ValueError, match=r"(?i)label|class|nan|shape|1d"):
            clone(estimator).fit(p.X, y, sample_domain=p.domain)
