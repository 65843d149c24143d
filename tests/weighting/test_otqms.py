# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import warnings

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier

from sklearn_transfer._math.kl_risk import optimal_quantities
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.weighting._otqms import OTQMSClassifier, OTQMSRegressor

TARGET, NEAR, FAR = "t", "near", "far"


def _problem(*, classes=False, n_target=30, n_source=200, gap=0.3, seed=0, n_features=3):
    """A source that differs by `gap` in one coefficient and one that is opposed to the target."""
    rng = np.random.default_rng(seed)
    domain = rng.permutation(np.repeat([TARGET, NEAR, FAR], [n_target, n_source, n_source]))
    slope = np.ones(n_features)
    by_domain = {TARGET: slope, NEAR: slope + gap * np.eye(n_features)[0], FAR: -slope}
    X = rng.standard_normal((len(domain), n_features))
    eta = np.sum(X * np.array([by_domain[label] for label in domain]), axis=1)
    if classes:
        y = (rng.random(len(eta)) < 1 / (1 + np.exp(-eta))).astype(int)
    else:
        y = eta + rng.standard_normal(len(eta))
    return X, y, domain


def _one_source(**kwargs):
    X, y, domain = _problem(**kwargs)
    rows = domain != FAR
    return X[rows], y[rows], domain[rows]


def _quiet(model, X, y, domain, sample_weight=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        return model.fit(X, y, sample_weight, sample_domain=domain)


def _by_rule(N0, N1, t):
    return N1 if N0 * t <= 0.5 else min(N1, N0 / (2 * N0 * t - 1))


@pytest.mark.parametrize("gap", [0.0, 0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("n_target", [20, 60])
def test_one_source_gives_as_much_as_the_closed_form(n_target, gap):
    """n* = min(N_1, N_0 / (2 N_0 t - 1)), t = D'JD / d, with J and D worked out here."""
    X, y, domain = _one_source(n_target=n_target, gap=gap, n_source=150)
    model = OTQMSRegressor(LinearRegression(), target_domain=TARGET, update="static")
    _quiet(model, X, y, domain)
    t, s = domain == TARGET, domain == NEAR
    Z = np.column_stack([X, np.ones(len(X))])
    theta = {name: np.linalg.lstsq(Z[r], y[r], rcond=None)[0] for name, r in [("t", t), ("s", s)]}
    noise = np.sum((y[t] - Z[t] @ theta["t"]) ** 2) / (n_target - 4)
    delta = theta["s"] - theta["t"]
    M = delta @ (Z[t].T @ Z[t] / n_target / noise) @ delta
    expected = _by_rule(n_target, 150, M / 4)
    assert_allclose(model.discrepancy_, [[M]], rtol=1e-8)
    assert model.n_parameters_ == 4
    assert_allclose(model.history_["quantities"], [[expected]], rtol=1e-4)
    assert model.transfer_quantities_.tolist() == [int(np.rint(expected))]
    assert_allclose(model.source_weights_, np.rint(expected) / 150)


@pytest.mark.parametrize(
    ("t", "expected"),
    [(0.01, 100.0), (0.025, 100.0), (0.0301, 98.04), (0.05, 20.0), (0.075, 10.0), (1.0, 0.5128)],
)
def test_closed_form_by_hand(t, expected):
    """N_0 = 20, N_1 = 100: all up to t = 1/40, then 20 / (40 t - 1), and the least of a scan."""
    found = optimal_quantities([[t]], [100], n_target=20, n_parameters=1)

    def risk(n):
        return 1 / (20 + n) + n**2 * t / (20 + n) ** 2

    scan = minimize_scalar(risk, bounds=(0, 100), method="bounded", options={"xatol": 1e-6}).x
    assert_allclose(found, [expected], rtol=2e-3)
    assert_allclose(found, [scan], rtol=1e-3)


@pytest.mark.parametrize("discrepancy", ["parametric", "functional"])
@pytest.mark.parametrize("update", ["static", "dynamic"])
def test_quantities_are_those_of_the_last_discrepancy(update, discrepancy):
    X, y, domain = _problem()
    model = OTQMSRegressor(
        target_domain=TARGET, update=update, n_rounds=3, discrepancy=discrepancy, random_state=0
    )
    _quiet(model, X, y, domain)
    expected = optimal_quantities(model.discrepancy_, [200, 200], 30, model.n_parameters_)
    history = model.history_["quantities"]
    assert history.shape == (1 if update == "static" else 3, 2)
    assert_allclose(history[-1], expected, rtol=1e-6, atol=1e-6)
    assert_array_equal(model.transfer_quantities_, np.rint(expected))
    assert model.source_domains_.tolist() == [FAR, NEAR]
    assert model.transfer_quantities_[1] > model.transfer_quantities_[0]


class _Rows(LinearRegression):
    """Keeps the first column and the weights of every fit."""

    seen: list = []  # noqa: RUF012 - what the clones of one test have in common

    def fit(self, X, y, sample_weight=None):
        _Rows.seen.append((X[:, 0].copy(), sample_weight))
        return super().fit(X, y, sample_weight)


def _row_numbers(X, values):
    """Numbers of the rows that have these values in the first column, all of which differ."""
    order = np.argsort(X[:, 0])
    return order[np.searchsorted(X[order, 0], values)]


@pytest.mark.parametrize("discrepancy", ["parametric", "functional"])
def test_rows_are_drawn_without_replacement_at_weight_one(discrepancy):
    X, y, domain = _problem(gap=1.0)
    _Rows.seen.clear()
    model = OTQMSRegressor(
        _Rows(), target_domain=TARGET, n_rounds=3, discrepancy=discrepancy, random_state=0
    )
    _quiet(model, X, y, domain)
    values, weight = _Rows.seen[-1]
    assert weight is None
    last = _row_numbers(X, values)
    assert len(set(last)) == len(last)
    assert set(np.flatnonzero(domain == TARGET)) <= set(last)
    drawn = [np.sum(domain[last] == label) for label in model.source_domains_]
    assert_array_equal(drawn, model.transfer_quantities_)
    assert 0 < model.transfer_quantities_[1] < 200


def test_every_round_draws_afresh():
    """The rows of two rounds overlap as those of two independent draws do."""
    X, y, domain = _one_source(n_source=4000, gap=0.3)
    _Rows.seen.clear()
    model = OTQMSRegressor(_Rows(), target_domain=TARGET, n_rounds=3, random_state=0)
    _quiet(model, X, y, domain)
    refits = [set(_row_numbers(X, seen)) for seen, _ in _Rows.seen if 30 < len(seen) < 4000]
    first, second = (rows - set(np.flatnonzero(domain == TARGET)) for rows in refits[:2])
    n, m = len(first), len(second)
    assert min(n, m) >= 5
    # Hypergeometric: mean n m / N, standard deviation below its root; five of them.
    mean = n * m / 4000
    assert abs(len(first & second) - mean) < 5 * max(np.sqrt(mean), 1.0)


def test_draws_are_uniform_over_the_rows_of_a_source():
    """Each row in a share n/N of 100 draws; with 5 standard deviations, error 1e-4."""
    X, y, domain = _one_source(n_source=60, gap=1.0)
    counts = np.zeros(len(X))
    for seed in range(100):
        _Rows.seen.clear()
        model = OTQMSRegressor(_Rows(), target_domain=TARGET, update="static", random_state=seed)
        _quiet(model, X, y, domain)
        counts[_row_numbers(X, _Rows.seen[-1][0])] += 1
    share = model.transfer_quantities_[0] / 60
    assert 0 < share < 1
    of_source = counts[domain == NEAR]
    spread = np.sqrt(100 * share * (1 - share))
    assert np.abs(of_source - 100 * share).max() < 5 * spread
    assert of_source.std() > 0.5 * spread


def test_same_seed_same_draw_and_another_seed_another():
    X, y, domain = _problem()
    fits = [
        _quiet(OTQMSRegressor(target_domain=TARGET, random_state=seed), X, y, domain)
        for seed in (0, 0, 1)
    ]
    assert_array_equal(fits[0].predict(X), fits[1].predict(X))
    assert np.abs(fits[0].predict(X) - fits[2].predict(X)).max() > 1e-4


@pytest.mark.parametrize("classes", [True, False])
def test_source_without_discrepancy_is_pooled_whole(classes):
    """A source model that is the target's own: M = 0, so that every row is taken."""
    X, y, domain = _one_source(classes=classes)
    inner = LogisticRegression(C=1e6, tol=1e-10) if classes else LinearRegression()
    t = domain == TARGET
    same = FrozenEstimator(clone(inner).fit(X[t], y[t]))
    cls = OTQMSClassifier if classes else OTQMSRegressor
    model = cls(inner, target_domain=TARGET, update="static", source_estimators={NEAR: same}).fit(
        X, y, sample_domain=domain
    )
    assert model.transfer_quantities_.tolist() == [200]
    assert_allclose(model.discrepancy_, 0.0, atol=1e-8)
    assert_allclose(model.estimator_.coef_, clone(inner).fit(X, y).coef_, rtol=1e-4)


def test_source_far_away_is_left_alone_with_a_warning():
    X, y, domain = _one_source(gap=0.0)
    y = np.where(domain == NEAR, -50 * y, y)
    model = OTQMSRegressor(LinearRegression(), target_domain=TARGET, update="static")
    with pytest.warns(TransferWarning, match=r"No row is drawn.*c = N_0 M_ii / d = "):
        model.fit(X, y, sample_domain=domain)
    assert model.transfer_quantities_.tolist() == [0]
    t = domain == TARGET
    assert_allclose(model.predict(X), LinearRegression().fit(X[t], y[t]).predict(X))


def test_iteration_that_feeds_on_itself_is_named():
    """An opposed source and a target of few rows: a quarter of it at first, all in the end."""
    X, y, domain = _problem(classes=True, n_target=20, gap=0.0, seed=1)
    model = OTQMSClassifier(target_domain=TARGET, random_state=0)
    with pytest.warns(TransferWarning, match=r"Dynamic updates took nearly all rows.*'far'"):
        model.fit(X, y, sample_domain=domain)
    assert model.transfer_quantities_[0] == 200
    static = clone(model).set_params(update="static").fit(X, y, sample_domain=domain)
    assert static.transfer_quantities_[0] < 100


def test_bias_correction_takes_more():
    """Of identical domains the plug-in takes about N_0 rows, the corrected version most."""
    plain, corrected = [], []
    for seed in range(10):
        X, y, domain = _one_source(gap=0.0, n_source=1000, seed=seed)
        for found, option in [(plain, False), (corrected, True)]:
            model = OTQMSRegressor(
                LinearRegression(), target_domain=TARGET, update="static", bias_correction=option
            )
            found.append(_quiet(model, X, y, domain).transfer_quantities_[0])
    assert np.median(plain) < 200
    assert np.median(corrected) > 500


def test_whole_weights_are_copies_in_the_quantities():
    X, y, domain = _problem()
    copies = np.random.default_rng(1).integers(1, 4, len(y))
    again = np.repeat(np.arange(len(y)), copies)
    options = {"target_domain": TARGET, "update": "static", "random_state": 0}
    model = _quiet(OTQMSRegressor(LinearRegression(), **options), X, y, domain, copies)
    other = _quiet(OTQMSRegressor(LinearRegression(), **options), X[again], y[again], domain[again])
    assert_allclose(model.history_["quantities"], other.history_["quantities"], rtol=1e-6)
    N = [copies[domain == label].sum() for label in model.source_domains_]
    share = model.history_["quantities"][-1] / N
    assert_array_equal(model.transfer_quantities_, np.rint(200 * share))


def test_rows_keep_the_weights_of_the_user():
    X, y, domain = _problem()
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(y))
    _Rows.seen.clear()
    model = OTQMSRegressor(_Rows(), target_domain=TARGET, update="static", random_state=0)
    _quiet(model, X, y, domain, weight)
    values, given = _Rows.seen[-1]
    assert_array_equal(given, weight[_row_numbers(X, values)])


@pytest.mark.parametrize("rename", [{NEAR: "a", FAR: "z"}, {NEAR: "z", FAR: "a"}])
def test_names_and_interleaving_of_domains_mean_nothing(rename):
    X, y, domain = _problem()
    model = _quiet(OTQMSRegressor(target_domain=TARGET, random_state=0), X, y, domain)
    names = {TARGET: TARGET, **rename}
    renamed = np.array([names[label] for label in domain])
    other = _quiet(OTQMSRegressor(target_domain=TARGET, random_state=0), X, y, renamed)
    assert_allclose(other.predict(X), model.predict(X), rtol=1e-8)
    together = np.argsort(domain, kind="stable")
    other = _quiet(
        OTQMSRegressor(target_domain=TARGET, random_state=0),
        X[together],
        y[together],
        domain[together],
    )
    assert_array_equal(other.transfer_quantities_, model.transfer_quantities_)
    assert_allclose(other.predict(X), model.predict(X), rtol=1e-8)


@pytest.mark.parametrize("classes", [True, False])
def test_same_result_for_any_number_of_jobs(classes):
    X, y, domain = _problem(classes=classes)
    cls = OTQMSClassifier if classes else OTQMSRegressor
    inner = DecisionTreeClassifier(max_depth=2) if classes else DecisionTreeRegressor(max_depth=2)
    inner.set_params(random_state=0)
    model = _quiet(cls(inner, target_domain=TARGET, random_state=0), X, y, domain)
    other = clone(model).set_params(n_jobs=3)
    with parallel_config(backend="threading"):
        _quiet(other, X, y, domain)
    assert_array_equal(model.predict(X), other.predict(X))
    assert_array_equal(model.transfer_quantities_, other.transfer_quantities_)


def test_fits_are_counted():
    """One per source, the target's, one per round after the first, the last."""
    X, y, domain = _problem()
    _Rows.seen.clear()
    model = OTQMSRegressor(_Rows(), target_domain=TARGET, n_rounds=4, discrepancy="parametric")
    _quiet(model, X, y, domain)
    assert len(_Rows.seen) == 2 + 1 + 3 + 1


def test_source_models_are_remembered(tmp_path):
    X, y, domain = _problem()
    options = {"target_domain": TARGET, "memory": str(tmp_path), "random_state": 0}
    first = _quiet(OTQMSRegressor(Ridge(), **options), X, y, domain)
    again = _quiet(OTQMSRegressor(Ridge(), **options), X, y, domain)
    assert_array_equal(first.predict(X), again.predict(X))
    assert any(tmp_path.rglob("output.pkl"))


def test_inner_estimator_need_not_take_weights():
    X, y, domain = _problem(classes=True)
    model = OTQMSClassifier(KNeighborsClassifier(15), target_domain=TARGET, random_state=0)
    assert_allclose(_quiet(model, X, y, domain).predict_proba(X).sum(axis=1), 1.0)


def test_pipeline_has_one_coordinate_system():
    X, y, domain = _problem()
    X = X * [1.0, 100.0, 0.01] + [5.0, 0.0, 0.0]
    inner = make_pipeline(StandardScaler(), Ridge())
    model = _quiet(OTQMSRegressor(inner, target_domain=TARGET, random_state=0), X, y, domain)
    ready = StandardScaler().fit(X)
    other = OTQMSRegressor(target_domain=TARGET, random_state=0)
    _quiet(other, ready.transform(X), y, domain)
    assert_allclose(model.predict(X), other.predict(ready.transform(X)), rtol=1e-8)
    assert_allclose(model.estimator_[0].mean_, ready.mean_)
    assert_allclose(
        model.source_estimators_[NEAR].predict(X),
        other.source_estimators_[NEAR].predict(ready.transform(X)),
    )


def test_sparse_is_dense():
    X, y, domain = _problem(classes=True)
    dense = _quiet(OTQMSClassifier(target_domain=TARGET, random_state=0), X, y, domain)
    thin = _quiet(
        OTQMSClassifier(target_domain=TARGET, random_state=0), sparse.csr_array(X), y, domain
    )
    assert_array_equal(dense.transfer_quantities_, thin.transfer_quantities_)
    assert_allclose(dense.predict_proba(X), thin.predict_proba(sparse.csr_array(X)), rtol=1e-4)


def test_early_stopping_watches_target_rows_that_are_not_trained_on():
    X, y, domain = _problem(classes=True, n_target=60)
    inner = XGBClassifier(
        n_estimators=30, max_depth=2, early_stopping_rounds=3, n_jobs=1, eval_metric="logloss"
    )
    model = OTQMSClassifier(inner, target_domain=TARGET, update="static", random_state=5)
    _quiet(model, X, y, domain)
    seed = np.random.RandomState(5).randint(np.iinfo(np.int32).max)
    t = np.flatnonzero(domain == TARGET)
    train, held = train_test_split(np.arange(60), test_size=0.2, random_state=seed, stratify=y[t])
    keys = np.random.RandomState(seed).random_sample(200)
    rows = [t[train]]
    for label, n in zip([FAR, NEAR], model.transfer_quantities_, strict=True):
        rows.append(np.flatnonzero(domain == label)[np.argsort(keys)[:n]])
    rows = np.sort(np.concatenate(rows))
    held = t[np.sort(held)]
    expected = clone(inner).fit(X[rows], y[rows], eval_set=[(X[held], y[held])], verbose=False)
    assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_without_sources_it_is_the_inner_estimator():
    X, y, _ = _problem(classes=True)
    model = OTQMSClassifier().fit(X, y)
    assert_array_equal(model.predict_proba(X), LogisticRegression().fit(X, y).predict_proba(X))
    assert model.transfer_quantities_.shape == (0,)
    assert len(model.to_frame()) == 0


def test_target_of_one_class_learns_from_the_sources():
    X, y, domain = _problem(classes=True)
    y[domain == TARGET] = 0
    model = OTQMSClassifier(target_domain=TARGET, random_state=0)
    with pytest.warns(TransferWarning, match="of the target have"):
        model.fit(X, y, sample_domain=domain)
    assert np.isfinite(model.predict_proba(X)).all()


def test_target_of_one_class_far_from_all_is_pooled():
    """No row would be drawn, and one class cannot be fitted."""
    X, y, domain = _one_source(classes=True)
    y[domain == TARGET] = 0
    steep = FrozenEstimator(LogisticRegression(C=1e4).fit(X, (X[:, 0] > 0).astype(int)))
    model = OTQMSClassifier(target_domain=TARGET, update="static", source_estimators={NEAR: steep})
    _quiet(model, X, y, domain)
    assert_allclose(model.history_["quantities"], 0.0, atol=0.5)
    assert model.transfer_quantities_.tolist() == [200]
    assert_allclose(model.estimator_.coef_, LogisticRegression().fit(X, y).coef_, rtol=1e-4)


def test_source_of_one_class_is_left_out_by_name():
    X, y, domain = _problem(classes=True)
    y[domain == FAR] = 1
    model = OTQMSClassifier(target_domain=TARGET, random_state=0)
    with pytest.warns(TransferWarning, match=r"left out: \['far'\]"):
        model.fit(X, y, sample_domain=domain)
    assert model.transfer_quantities_[0] == 0
    assert np.isnan(model.discrepancy_[0]).all()


@pytest.mark.parametrize(
    ("inner", "params", "says"),
    [
        (LinearSVC(), {}, r"must have `predict_proba`.*Got LinearSVC"),
        (DecisionTreeClassifier(), {"discrepancy": "parametric"}, r"needs.*Got DecisionTree"),
        (None, {"update": "sometimes"}, r"'update' parameter.*Got 'sometimes'"),
        (None, {"source_estimators": {"z": None}}, r"must be keyed by source domains.*Got 'z'"),
    ],
)
def test_unusable_parameters_are_refused(inner, params, says):
    X, y, domain = _problem(classes=True)
    with pytest.raises(ValueError, match=says):
        OTQMSClassifier(inner, target_domain=TARGET, **params).fit(X, y, sample_domain=domain)


def test_table_for_people():
    X, y, domain = _problem()
    model = _quiet(OTQMSRegressor(target_domain=TARGET, random_state=0), X, y, domain)
    table = model.to_frame()
    assert table.columns.tolist() == [
        "domain",
        "rows",
        "discrepancy",
        "ratio",
        "quantity",
        "weight",
    ]
    assert_array_equal(table["quantity"], model.transfer_quantities_)
    assert_allclose(table["ratio"], 30 * np.diag(model.discrepancy_) / model.n_parameters_)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [True, False])
def test_planted_truth(classes):
    """Static quantities lose little where there is no near source, and gain a little from one.

    Over 20 draws; bounds lie five standard errors away, so that another seed fails with
    probability below 1e-5.
    """
    inner = LogisticRegression() if classes else Ridge()
    cls = OTQMSClassifier if classes else OTQMSRegressor
    ratios = {"with": [], "without": []}
    for seed in range(20):
        X, y, domain = _problem(classes=classes, gap=0.1, n_target=40, seed=seed, n_features=6)
        fresh = np.random.default_rng(seed + 1000).standard_normal((3000, 6))
        eta = fresh.sum(axis=1)
        noise = np.random.default_rng(seed + 2000)
        truth = (
            (noise.random(3000) < 1 / (1 + np.exp(-eta))).astype(int)
            if classes
            else eta + noise.standard_normal(3000)
        )

        def error(model, fresh=fresh, truth=truth):
            if classes:
                return log_loss(truth, model.predict_proba(fresh))
            return mean_squared_error(truth, model.predict(fresh))

        t = domain == TARGET
        alone = error(clone(inner).fit(X[t], y[t]))
        for name, rows in [("with", np.ones(len(y), dtype=bool)), ("without", domain != NEAR)]:
            model = cls(inner, target_domain=TARGET, update="static", random_state=0)
            ratios[name].append(error(_quiet(model, X[rows], y[rows], domain[rows])) / alone)
    means = {name: np.mean(found) for name, found in ratios.items()}
    # Few target rows make the static plug-in timid: logistic fits gain two per cent, if anything.
    assert means["with"] < (1.07 if classes else 0.99)
    assert means["without"] < 1.12
