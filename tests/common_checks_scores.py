# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What domains, weights and labels mean for estimators that do not predict.

A check is a function of a row; `@score_check` puts it on the list.
"""

from __future__ import annotations

import copy
import logging
import pickle
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags

from sklearn_transfer.exceptions import TransferWarning
from tests.common_checks import assert_refused
from tests.common_data import NAMES, TARGET, Problem, as_frame, problem
from tests.registry.score_row import ByDomain, ScoreRow

Names = dict[Any, Any]
SCORE_CHECKS: dict[str, tuple[Callable[[ScoreRow], None], Callable[[ScoreRow], bool]]] = {}


def score_check(
    applies: Callable[[ScoreRow], bool] = lambda row: True,
) -> Callable[[Callable[[ScoreRow], None]], Callable[[ScoreRow], None]]:
    """Put a check on the list, for the rows of which it makes sense."""

    def enlist(check: Callable[[ScoreRow], None]) -> Callable[[ScoreRow], None]:
        assert check.__name__ not in SCORE_CHECKS
        SCORE_CHECKS[check.__name__] = (check, applies)
        return check

    return enlist


def targets(row: ScoreRow) -> list[Any]:
    """What may be named as the target of the problem."""
    return [TARGET] if row.needs_target else [None, TARGET]


def scored(
    estimator: Any, X: Any, y: Any, sample_domain: Any = None, /, weight: Any = None, **params: Any
) -> Any:
    """Fit a clone; figures about domains are not news."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        estimator = clone(estimator).set_params(**params)
        return estimator.fit(X, y, weight, sample_domain=sample_domain)


def assert_same_outputs(
    row: ScoreRow,
    model: Any,
    other: Any,
    *,
    names: Names | None = None,
    tolerance: float = 0.0,
) -> None:
    """Compare what two estimators found, by the names of the domains."""
    mine, others = row.outputs(model), row.outputs(other)
    assert mine.keys() == others.keys()
    for name, found in mine.items():
        said = others[name]
        if isinstance(found, ByDomain):
            said = _in_order(found, said, names)
            found = np.asarray(found.values)
        found, said = np.asarray(found), np.asarray(said)
        assert found.shape == said.shape, name
        if tolerance == 0.0 or found.dtype.kind not in "fc":
            np.testing.assert_array_equal(said, found, err_msg=name)
        else:
            assert_allclose(said, found, rtol=tolerance, atol=tolerance, err_msg=name)


def _in_order(found: ByDomain, said: ByDomain, names: Names | None) -> Any:
    """Values of `said` in the order of the labels of `found`."""
    labels = list(found.labels)
    wanted = labels if names is None else [names[label] for label in labels]
    there = list(said.labels)
    assert set(there) == set(wanted)
    places = [there.index(label) for label in wanted]
    values = np.asarray(said.values)
    for axis in range(values.ndim) if found.axes is None else found.axes:
        values = np.take(values, places, axis=axis)
    return values


@score_check()
def check_domains_matter(row: ScoreRow) -> None:
    """Guard the other checks: were the domains ignored, most of them would pass."""
    p = problem(row)  # type: ignore[arg-type]
    shuffled = np.random.default_rng(1).permutation(p.domain)
    model = scored(row.make(), *p, target_domain=TARGET)
    other = scored(row.make(), p.X, p.y, shuffled, target_domain=TARGET)
    with pytest.raises(AssertionError):
        assert_same_outputs(row, model, other, tolerance=1e-4)


@score_check()
def check_round_trips_of_scores(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    for target in targets(row):
        model = scored(row.make(), *p, target_domain=target)
        for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            assert_same_outputs(row, model, other)
            assert set(vars(other)) == set(vars(model))
        fresh = clone(model)
        assert repr(fresh) == repr(clone(row.make()).set_params(target_domain=target))
        assert not [name for name in vars(fresh) if name.endswith("_")]
        assert_same_outputs(row, model, scored(fresh, *p))


@score_check()
def check_inputs_of_scores_are_not_modified(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(p.y))
    weight[::7] = 0.0
    with_domain = as_frame(p).assign(site=p.domain)
    for X, y, w, domain, params in [
        (p.X, p.y, weight, p.domain, {}),
        (as_frame(p), pd.Series(p.y), pd.Series(weight), pd.Series(p.domain), {}),
        (with_domain, pd.Series(p.y), weight, None, {"domain_column": "site"}),
        (pl.DataFrame(p.X, schema=NAMES), pl.Series(p.y), weight, pl.Series(p.domain.tolist()), {}),
    ]:
        before = pickle.dumps((X, y, w, domain))
        scored(row.make(), X, y, domain, weight=w, target_domain=TARGET, **params)
        assert pickle.dumps((X, y, w, domain)) == before


@score_check()
def check_failed_refit_leaves_the_last_scores(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    model = scored(row.make(), as_frame(p), p.y, p.domain, target_domain=TARGET)
    state, text = dict(vars(model)), pickle.dumps(model)
    for X, y, w, domain in [
        (p.X[:, :2], p.y, None, p.domain[:-1]),
        (p.X[:, :2], p.y, None, np.where(p.domain == TARGET, "z", p.domain)),
        (p.X[:, :2], p.y, -np.ones(len(p.y)), p.domain),
        (p.X[:, :0], p.y, None, p.domain),
        (np.array([["x", "y"]] * len(p.y), dtype=object), p.y, None, p.domain),
    ]:
        with pytest.raises((ValueError, TypeError)):
            model.fit(X, y, w, sample_domain=domain)
        assert vars(model) == state
    assert pickle.dumps(model) == text
    unfitted = row.make()
    with pytest.raises(ValueError, match="one label per row"):
        unfitted.fit(p.X, p.y, sample_domain=p.domain[:-1])
    assert vars(unfitted).keys() == vars(row.make()).keys()


@score_check()
def check_relabelled_domains_score_alike(row: ScoreRow) -> None:
    """Give new names, which sort the other way round."""
    p = problem(row)  # type: ignore[arg-type]
    names = {TARGET: "any", "a": "z", "b": "y", "c": "x"}
    renamed = np.array([names[label] for label in p.domain])
    for target in targets(row):
        model = scored(row.make(), *p, target_domain=target)
        other = scored(row.make(), p.X, p.y, renamed, target_domain=target and names[target])
        assert_same_outputs(row, model, other, names=names, tolerance=row.tolerance)


@score_check()
def check_interleaved_domains_score_alike(row: ScoreRow) -> None:
    """How the domains alternate means nothing, even where the order inside a domain does."""
    p = problem(row)  # type: ignore[arg-type]
    together = np.argsort(p.domain, kind="stable")
    backwards = np.argsort([-ord(label) for label in p.domain], kind="stable")
    for target in targets(row):
        model = scored(row.make(), *p, target_domain=target)
        for order in (together, backwards):
            other = scored(row.make(), *p.only(order), target_domain=target)
            assert_same_outputs(row, model, other, tolerance=row.tolerance)


@score_check(lambda row: not row.draws_rows)
def check_permuted_rows_score_alike(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    shuffled = np.random.default_rng(1).permutation(len(p.y))
    model = scored(row.make(), *p, target_domain=TARGET)
    other = scored(row.make(), *p.only(shuffled), target_domain=TARGET)
    assert_same_outputs(row, model, other, tolerance=row.tolerance)


@score_check()
def check_domain_labels_of_any_kind_score_alike(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    plain = p.domain.tolist()
    same = {label: label for label in "tabc"}
    ints = {"t": 3, "a": 0, "b": -7, "c": 40}
    pairs = {"t": ("t", 1), "a": ("a", 1), "b": ("a", 2), "c": ("c", 0)}
    mixed = {"t": ("t", 1), "a": "a", "b": 2, "c": frozenset("c")}
    days = {label: pd.Timestamp(2020, 1, 1 + i) for i, label in enumerate("tabc")}

    def under(names: Names) -> list[Any]:
        return [names[label] for label in plain]

    given: list[tuple[Any, Any]] = [
        (plain, same),
        (np.array(plain, dtype=object), same),
        (p.domain[:, np.newaxis], same),
        (pd.Series(plain, index=np.arange(len(plain))[::-1]), same),
        (pd.Categorical(plain, categories=["unused", "c", "t", "b", "a"], ordered=True), same),
        (pl.Series(plain, dtype=pl.Categorical), same),
        (under(ints), ints),
        (np.array(under(ints), dtype=np.int8), ints),
        (under(pairs), pairs),
        (under(mixed), mixed),
        (pd.Series(under(days)), days),
    ]
    for target in targets(row):
        model = scored(row.make(), *p, target_domain=target)
        for domain, names in given:
            other = scored(row.make(), p.X, p.y, domain, target_domain=target and names[target])
            assert_same_outputs(row, model, other, names=names, tolerance=row.tolerance)


@score_check()
def check_rows_of_no_weight_do_not_score(row: ScoreRow) -> None:
    """Their values, labels and even domains leave no trace."""
    p = problem(row)  # type: ignore[arg-type]
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(p.y))
    absent = np.arange(len(p.y)) % 5 == 0
    weight[absent] = 0.0
    X, y, domain = p.X.copy(), p.y.copy(), p.domain.astype(object)
    X[absent] = 1e6
    y[absent] = 7
    domain[absent & (p.domain == "b")] = "nowhere else"
    for target in targets(row):
        model = scored(row.make(), X, y, domain, weight=weight, target_domain=target)
        kept = p.only(~absent)
        other = scored(row.make(), *kept, weight=weight[~absent], target_domain=target)
        assert_same_outputs(row, model, other)


@score_check()
def check_undetermined_target_of_scores_is_refused(row: ScoreRow) -> None:
    X, y, domain = problem(row)  # type: ignore[arg-type]
    listed = "(?=.*'t')(?=.*'a')(?=.*'b')(?=.*'c')"
    rest = domain != TARGET
    given = {"sample_domain": domain}
    if row.needs_target:
        says = f"`target_domain` must name.*4 domains.*{listed}"
        assert_refused(row.make(), [((X, y), given, says)])
    absent = "`target_domain` must be one of"
    assert_refused(
        clone(row.make()).set_params(target_domain="z"),
        [((X, y), given, f"{absent}.*{listed}.*'z'")],
    )
    assert_refused(
        clone(row.make()).set_params(target_domain=TARGET),
        [
            ((X[rest], y[rest]), {"sample_domain": domain[rest]}, f"{absent}.*'a'.*Got 't'"),
            ((X, y, rest.astype(float)), given, f"{absent}.*'a'.*Got 't'"),
        ],
    )


@score_check()
def check_unusable_domain_labels_of_scores_are_refused(row: ScoreRow) -> None:
    X, y, domain = problem(row)  # type: ignore[arg-type]
    with_none, with_nan, with_list = (domain.astype(object) for _ in range(3))
    with_none[3], with_nan[5], with_list[0] = None, np.nan, ["t"]
    for target in targets(row):
        assert_refused(
            clone(row.make()).set_params(target_domain=target),
            [
                ((X, y), {"sample_domain": labels}, says)
                for labels, says in [
                    ([*domain, "t"], "161 labels for 160 rows"),
                    (with_none, "1 missing.*row 3"),
                    (with_nan, "1 missing.*row 5"),
                    (pd.Series(with_none), "1 missing.*row 3"),
                    (with_list, "hashable"),
                    ("t", "array-like.*'t'"),
                    (3, "array-like.*3"),
                    (np.column_stack([domain, domain]), r"shape \(160, 2\)"),
                ]
            ],
        )


@score_check()
def check_unusable_weights_of_scores_are_refused(row: ScoreRow) -> None:
    X, y, domain = problem(row)  # type: ignore[arg-type]
    ones = np.ones(len(y))
    negative, missing = ones.copy(), ones.copy()
    negative[0], missing[0] = -1.0, np.nan
    given = {"sample_domain": domain}
    assert_refused(
        clone(row.make()).set_params(target_domain=TARGET),
        [
            ((X, y, negative), given, "Negative"),
            ((X, y, missing), given, "NaN"),
            ((X, y, 0 * ones), given, "positive weight.*zero|non-zero"),
            ((X, y, ones[:-1]), given, "159"),
        ],
    )


def _tables_with_domain(p: Problem) -> Iterator[tuple[Any, Any, Names]]:
    """Tables that carry the domain, the column's name or position, and the domains' names."""
    same = {label: label for label in "tabc"}
    codes = {label: float(code) for code, label in enumerate("tabc")}
    frame = as_frame(p)
    frame.insert(1, "site", p.domain)
    coded = np.insert(p.X, 1, [codes[label] for label in p.domain], axis=1)
    yield frame, "site", same
    yield frame, 1, same
    yield frame, -3, same
    yield pl.from_pandas(frame), "site", same
    yield coded, 1, codes


@score_check()
def check_domain_column_of_scores(row: ScoreRow) -> None:
    """By name or position, in any table, it says what `sample_domain` says."""
    p = problem(row)  # type: ignore[arg-type]
    for target in targets(row):
        model = scored(row.make(), *p, target_domain=target)
        for X, column, names in _tables_with_domain(p):
            wanted = None if target is None else names[target]
            other = scored(row.make(), X, p.y, domain_column=column, target_domain=wanted)
            assert other.n_features_in_ == 3
            assert getattr(other, "feature_names_in_", np.array(NAMES)).tolist() == NAMES
            assert_same_outputs(row, model, other, names=names, tolerance=row.tolerance)
    both = clone(row.make()).set_params(domain_column=1, target_domain=TARGET)
    with pytest.raises(ValueError, match="both `domain_column`=1 and `sample_domain` instead"):
        both.fit(p.X, p.y, sample_domain=p.domain)


@score_check()
def check_containers_score_alike(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    model = scored(row.make(), *p, target_domain=TARGET)
    tables = [
        np.asfortranarray(p.X),
        p.X.tolist(),
        as_frame(p),
        as_frame(p).set_index(np.random.default_rng(1).permutation(len(p.y)) // 3),
        pl.DataFrame(p.X, schema=NAMES),
    ]
    if get_tags(row.make()).input_tags.sparse:
        tables += [sparse.csr_array(p.X), sparse.csc_array(p.X)]
    for X in tables:
        other = scored(row.make(), X, p.y, p.domain, target_domain=TARGET)
        tolerance = max(row.tolerance, 1e-5 * sparse.issparse(X))
        assert_same_outputs(row, model, other, tolerance=tolerance)


@score_check(lambda row: "n_jobs" in row.make().get_params())
def check_same_scores_for_any_n_jobs(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    for target in targets(row):
        model = scored(row.make(), *p, n_jobs=1, target_domain=target)
        with joblib.parallel_config(backend="threading"):
            for n_jobs in (2, -1):
                other = scored(row.make(), *p, n_jobs=n_jobs, target_domain=target)
                assert_same_outputs(row, model, other)
    assert_same_outputs(row, model, scored(row.make(), *p, n_jobs=2, target_domain=TARGET))


@score_check()
def check_same_seed_same_scores(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    given: dict[str, Any] = {"target_domain": TARGET}
    if "random_state" in row.make().get_params():
        given["random_state"] = 3
    model = scored(row.make(), *p, **given)
    assert_same_outputs(row, model, scored(row.make(), *p, **given))


@score_check()
def check_global_state_is_untouched_by_scores(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    logger = logging.getLogger("sklearn_transfer")

    def state() -> list[str]:
        return [
            repr(np.random.get_state()),  # noqa: NPY002 - it is this state that must not move
            repr(sorted(sklearn.get_config().items())),
            repr(np.geterr()),
            repr(warnings.filters),
            repr((logger.level, logger.handlers, logger.propagate, logging.root.handlers)),
        ]

    known = row.make().get_params()
    params = {n: v for n, v in {"random_state": 0, "verbose": 1}.items() if n in known}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        model = clone(row.make()).set_params(target_domain=TARGET, **params)
        before = state()
        row.outputs(model.fit(p.X, p.y, sample_domain=p.domain))
        assert state() == before


@score_check()
def check_training_rows_are_not_kept_by_scores(row: ScoreRow) -> None:
    sizes = []
    for rows_per_domain in (40, 400):
        p = problem(row, rows_per_domain=rows_per_domain)  # type: ignore[arg-type]
        sizes.append(len(pickle.dumps(scored(row.make(), *p, target_domain=TARGET))))
    assert sizes[1] < sizes[0] + 40_000 // 4  # a tenth of the float64 rows that were added


@score_check(lambda row: not row.uses_y)
def check_y_may_be_left_out(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    assert not get_tags(row.make()).target_tags.required
    for target in targets(row):
        model = scored(row.make(), *p, target_domain=target)
        for y in (None, p.y[::-1], np.array(["label"] * len(p.y))):
            other = scored(row.make(), p.X, y, p.domain, target_domain=target)
            assert_same_outputs(row, model, other)


@score_check(lambda row: row.uses_y)
def check_y_is_required(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    assert get_tags(row.make()).target_tags.required
    with pytest.raises(ValueError, match="requires y to be passed"):
        clone(row.make()).set_params(target_domain=TARGET).fit(p.X, None, sample_domain=p.domain)


@score_check()
def check_sample_domain_is_routed_to_scores(row: ScoreRow) -> None:
    p = problem(row)  # type: ignore[arg-type]
    model = scored(row.make(), *p, target_domain=TARGET)
    estimator = clone(row.make()).set_params(target_domain=TARGET)
    name = type(estimator).__name__.lower()
    for routing, keyword in [(False, f"{name}__sample_domain"), (True, "sample_domain")]:
        with config_context(enable_metadata_routing=routing), warnings.catch_warnings():
            warnings.simplefilter("ignore", TransferWarning)
            other = make_pipeline(clone(estimator)).fit(p.X, p.y, **{keyword: p.domain})[-1]
        assert_same_outputs(row, model, other)
