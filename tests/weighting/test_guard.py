# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The guard of UOWQ as a whole and `"select"`: plain loops, and what it must leave alone."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import LinearConstraint
from sklearn.base import clone
from sklearn.linear_model import (
    LogisticRegression,
    PoissonRegressor,
    Ridge,
)
from sklearn.metrics import log_loss, mean_poisson_deviance, mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer._families import TargetSample
from sklearn_transfer._folds import deal_folds
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor
from sklearn_transfer.weighting._guard import with_unseen_classes
from tests.weighting.guard_data import TARGET, TIGHT, CountingLogistic, make_data, seed_of

# The planted sources are far, or worth little, on purpose; these warnings have tests of their own.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Dynamic updates came to trust"),
    pytest.mark.filterwarnings("ignore:All source weights are close to zero"),
]


def cross_validated(inner, X, y, domain, paper, loss, seed, proba):
    """Losses of target-only, three rounds and pooling: the paper's algorithm without each fold.

    One line a row of the target.
    """
    own = np.flatnonzero(domain == TARGET)
    fold_of_row = deal_folds(y[own], 5, np.unique(y) if proba else None, seed)
    total = np.empty((len(own), 5))
    for fold in range(5):
        held_out = fold_of_row == fold
        test = own[held_out]
        train = np.setdiff1d(np.arange(len(y)), test)
        walked = clone(paper).fit(X[train], y[train], sample_domain=domain[train])
        stations = [np.zeros(3), *walked.history_["weights"], np.ones(3)]
        for number, weights in enumerate(stations):
            model = refit(inner, X[train], y[train], domain[train], weights)
            predicted = model.predict_proba(X[test])[:, 1] if proba else model.predict(X[test])
            total[held_out, number] = [
                loss([of_row], [p]) for of_row, p in zip(y[test], predicted, strict=True)
            ]
    return total


def refit(inner, X, y, domain, weights):
    row_weight = (domain == TARGET).astype(float)
    for name, weight in zip(["far", "mid", "near"], weights, strict=True):
        row_weight[domain == name] = weight
    used = row_weight > 0
    return clone(inner).fit(X[used], y[used], sample_weight=row_weight[used])


class TestSelect:
    def check(self, cls, inner, kind, loss, evidence):
        X, y, domain = make_data(2, kind=kind)
        model = cls(inner, target_domain=TARGET, guard="select", random_state=1)
        model.fit(X, y, sample_domain=domain)
        paper = cls(inner, target_domain=TARGET, guard=None, n_rounds=3, random_state=1)
        names = ["target", "round 1", "round 2", "round 3", "pooled"]
        assert model.candidates_ == names
        losses = cross_validated(
            inner, X, y, domain, paper, loss, seed_of(1), cls is UOWQClassifier
        )
        assert_allclose(model.candidate_losses_, losses.mean(axis=0), rtol=2e-4)
        log_weights = -evidence(losses.mean(axis=0), 40)
        weights = np.exp(log_weights - log_weights.max())
        assert_allclose(model.candidate_weights_, weights / weights.sum(), rtol=0.02, atol=1e-4)
        on_all = paper.fit(X, y, sample_domain=domain)
        stations = np.vstack([np.zeros(3), on_all.history_["weights"], np.ones(3)])
        assert_allclose(model.history_["weights"], on_all.history_["weights"], atol=1e-8)
        averaged = model.candidate_weights_ @ stations
        assert_allclose(model.source_weights_, averaged, rtol=1e-8)
        assert model.transfer_quantity_ == pytest.approx(averaged @ [150, 150, 200])
        final = refit(inner, X, y, domain, model.source_weights_)
        assert_allclose(model.estimator_.coef_, final.coef_, rtol=1e-4, atol=1e-6)
        assert_allclose(model.estimator_.intercept_, final.intercept_, rtol=1e-4, atol=1e-6)
        assert type(model.estimator_) is type(inner)

    def test_classification(self):
        self.check(
            UOWQClassifier,
            LogisticRegression(**TIGHT),
            "labels",
            lambda y, p: log_loss(y, p, labels=[0, 1]),
            lambda loss, n: n * loss,
        )

    def test_regression(self):
        self.check(
            UOWQRegressor,
            Ridge(),
            "values",
            mean_squared_error,
            lambda loss, n: 0.5 * n * np.log(loss),
        )

    def test_deviance(self):
        self.check(
            UOWQRegressor,
            PoissonRegressor(alpha=0.01, **TIGHT),
            "counts",
            mean_poisson_deviance,
            lambda loss, n: 0.5 * n * np.log(loss),
        )

    def test_a_constant_response_leaves_all_candidates_alike(self):
        X, _, domain = make_data()
        model = UOWQRegressor(target_domain=TARGET, guard="select")
        model.fit(X, np.full(len(X), 3.0), sample_domain=domain)
        assert_allclose(model.candidate_weights_, 0.2)
        assert_allclose(model.predict(X[:3]), 3.0)

    def test_own_intercepts(self):
        """Source levels far from the target's are no reason to mistrust pooling."""
        X, y, domain = make_data(0, sizes=(60, 300, 300, 300), kind="values")
        y = X @ [1.0, 0.0, -1.0] + 10.0 * (domain == "mid") + 8.0 * (domain == "far")
        y += np.random.default_rng(1).standard_normal(len(y))
        model = UOWQRegressor(target_domain=TARGET, guard="select", domain_effects="intercept")
        model.fit(X, y, sample_domain=domain)
        losses = dict(zip(model.candidates_, model.candidate_losses_, strict=True))
        # Noise has variance 1; without intercepts of their own the domains would add about 30.
        assert losses["pooled"] < 1.6
        assert losses["pooled"] < losses["target"] + 0.05
        shared = UOWQRegressor(target_domain=TARGET, guard="select")
        shared.fit(X, y, sample_domain=domain)
        assert shared.candidate_losses_[-1] > 5.0
        assert shared.candidate_weights_[-1] < 1e-6

    def test_pipeline_and_bare_model_agree_on_scaled_columns(self):
        X, y, domain = make_data(3)
        scaled = StandardScaler().fit_transform(X)
        inner = LogisticRegression(**TIGHT)
        options = {"target_domain": TARGET, "guard": "select", "random_state": 0}
        piped = UOWQClassifier(make_pipeline(StandardScaler(), inner), **options)
        bare = UOWQClassifier(inner, **options)
        piped.fit(X, y, sample_domain=domain)
        bare.fit(scaled, y, sample_domain=domain)
        assert_allclose(piped.candidate_losses_, bare.candidate_losses_, rtol=1e-8)
        assert_allclose(piped.source_weights_, bare.source_weights_, rtol=1e-6)
        assert_allclose(piped.predict_proba(X), bare.predict_proba(scaled), rtol=1e-6)

    def test_source_weights_of_rows_are_copies(self):
        """Folds deal out target rows; a weighted source row is the row as often as that."""
        X, y, domain = make_data(4)
        rng = np.random.default_rng(0)
        times = np.where(domain == TARGET, 1, rng.integers(1, 4, len(y)))
        copies = np.arange(len(y)).repeat(times)
        options = {"target_domain": TARGET, "guard": "select", "random_state": 0}
        weighted = UOWQClassifier(LogisticRegression(**TIGHT), **options)
        weighted.fit(X, y, sample_weight=times.astype(float), sample_domain=domain)
        copied = clone(weighted).fit(X[copies], y[copies], sample_domain=domain[copies])
        assert_allclose(weighted.candidate_losses_, copied.candidate_losses_, rtol=1e-4)
        assert_allclose(weighted.source_weights_, copied.source_weights_, rtol=2e-3)

    def test_doubled_target_weights_double_the_evidence(self):
        """A fold of single rows has the copies of a row on one side: every row twice."""
        X, y, domain = make_data(5, kind="values")
        own = domain == TARGET
        options = {"target_domain": TARGET, "guard": "select", "random_state": 0}
        model = UOWQRegressor(Ridge(), **options)
        model.fit(X, y, sample_weight=np.where(own, 2.0, 1.0), sample_domain=domain)
        # loss ** (-N_0 / 2) with N_0 = 80
        expected = (model.candidate_losses_ / model.candidate_losses_.min()) ** -40.0
        assert_allclose(model.candidate_weights_, expected / expected.sum())

    @pytest.mark.parametrize("n_positive", [1, 2, 3])
    @pytest.mark.parametrize("effects", [None, "intercept"])
    def test_few_positives(self, n_positive, effects):
        X, y, domain = make_data(6)
        y[:40] = np.arange(40) < n_positive
        model = UOWQClassifier(
            target_domain=TARGET, guard="select", domain_effects=effects, random_state=0
        ).fit(X, y, sample_domain=domain)
        assert np.isfinite(model.candidate_losses_).all()
        assert model.candidate_weights_.sum() == pytest.approx(1.0)
        if n_positive == 1:
            # The fold that holds it out has 32 of one class: the target alone says 1 in 34 of it.
            inner = LogisticRegression()
            own, labels = np.arange(40), y[:40]
            folds = deal_folds(labels, 5, np.array([0, 1]), seed_of(0))
            total = 0.0
            for fold in range(5):
                test, train = own[folds == fold], own[folds != fold]
                p = (
                    clone(inner).fit(X[train], labels[train]).predict_proba(X[test])[:, 1]
                    if labels[train].any()
                    else np.full(len(test), 1 / 34)
                )
                total -= np.log(np.where(labels[test] == 1, p, 1 - p)).sum()
            assert model.candidate_losses_[0] == pytest.approx(total / 40, rel=1e-3)

    def test_one_class_target(self):
        X, y, domain = make_data()
        y[:40] = 0
        model = UOWQClassifier(target_domain=TARGET, guard="select")
        with (
            pytest.warns(TransferWarning, match="guard steps aside"),
            pytest.warns(TransferWarning, match="measured from the pooled model"),
        ):
            model.fit(X, y, sample_domain=domain)
        assert_array_equal(model.candidate_weights_, [0, 0, 0, 1, 0])
        assert np.isnan(model.candidate_losses_).all()
        assert_array_equal(model.source_weights_, model.history_["weights"][-1])

    @pytest.mark.parametrize("n_target", [1, 2, 3])
    def test_few_target_rows(self, n_target):
        X, y, domain = make_data(1, sizes=(n_target, 100, 100, 100), kind="values")
        model = UOWQRegressor(target_domain=TARGET, guard="select")
        if n_target == 1:
            with pytest.warns(TransferWarning, match="guard steps aside"):
                model.fit(X, y, sample_domain=domain)
            return
        model.fit(X, y, sample_domain=domain)
        assert np.isfinite(model.candidate_losses_).all()
        assert np.isfinite(model.predict(X)).all()

    @pytest.mark.parametrize("inner", [XGBClassifier, XGBRegressor])
    def test_xgboost(self, inner):
        kind = "labels" if inner is XGBClassifier else "values"
        X, y, domain = make_data(0, sizes=(60, 200, 150, 150), kind=kind)
        cls = UOWQClassifier if inner is XGBClassifier else UOWQRegressor
        booster = inner(n_estimators=15, max_depth=2, n_jobs=1)
        model = cls(booster, target_domain=TARGET, guard="select", random_state=0)
        model.fit(X, y, sample_domain=domain)
        final = refit(booster, X, y, domain, model.source_weights_)
        assert_allclose(model.estimator_.predict(X), final.predict(X), rtol=1e-5)
        near, far = model.source_weights_[2], model.source_weights_[0]
        assert near > far


class TestCost:
    def test_select(self):
        X, y, domain = make_data(0)
        CountingLogistic.sizes = []
        UOWQClassifier(CountingLogistic(), target_domain=TARGET, guard="select").fit(
            X, y, sample_domain=domain
        )
        sizes = np.array(CountingLogistic.sizes)
        # One a source; the target alone on all rows and in five folds; and all that is pooled:
        # rounds 1 and 2, four stations in five folds, the last fit.
        assert np.isin(sizes, [200, 150]).sum() == 3
        assert (sizes <= 40).sum() == 6
        assert (sizes > 200).sum() == 2 + 20 + 1
        assert len(sizes) <= 25 + 3 + 6

    def test_paper(self):
        X, y, domain = make_data(0)
        CountingLogistic.sizes = []
        UOWQClassifier(CountingLogistic(), target_domain=TARGET, guard=None).fit(
            X, y, sample_domain=domain
        )
        assert len(CountingLogistic.sizes) == 3 + 6

    @pytest.mark.parametrize("linear", [True, False])
    def test_auto(self, linear):
        X, y, domain = make_data(0)
        CountingLogistic.sizes = []
        Lent = type("LogisticRegression", (CountingLogistic,), {}) if linear else CountingLogistic
        model = UOWQClassifier(Lent(), target_domain=TARGET).fit(X, y, sample_domain=domain)
        sizes = np.array(CountingLogistic.sizes if not linear else Lent.sizes)
        # Five folds and one for all rows, of the target alone and of all; no source by itself.
        last = int(model.candidate_weights_[0] < 1.0)
        assert (sizes <= 40).sum() == 5 + last
        assert (sizes > 200).sum() == 5 + (last if linear else 1)
        assert np.isin(sizes, [200, 150]).sum() == 0


def test_none_is_the_papers_algorithm():
    """Rounds of weights, and one fit with those of the last: nothing is held out or averaged."""
    X, y, domain = make_data(7)
    inner = LogisticRegression(**TIGHT)
    model = UOWQClassifier(inner, target_domain=TARGET, guard=None, n_rounds=2)
    model.fit(X, y, sample_domain=domain)
    static = clone(model).set_params(update="static").fit(X, y, sample_domain=domain)
    assert_allclose(model.history_["weights"][0], static.source_weights_)
    assert_array_equal(model.source_weights_, model.history_["weights"][-1])
    final = refit(inner, X, y, domain, model.source_weights_)
    assert_allclose(model.estimator_.coef_, final.coef_, rtol=1e-4)
    assert model.candidates_ == ["round 2"]
    assert model.candidate_weights_.tolist() == [1.0]


class TestConstraints:
    def test_caps_leave_out_pooling(self):
        X, y, domain = make_data(8)
        cap = LinearConstraint(np.eye(3), 0, [0.1, 0.2, 0.3])
        model = UOWQClassifier(target_domain=TARGET, guard="select", constraints=cap)
        model.fit(X, y, sample_domain=domain)
        assert "pooled" not in model.candidates_
        assert "target" in model.candidates_
        assert (model.source_weights_ <= np.array([0.1, 0.2, 0.3]) + 1e-6).all()

    def test_floors_leave_out_the_target_alone(self):
        X, y, domain = make_data(8)
        floor = LinearConstraint(np.eye(3), [0.05, 0.05, 0.2], 2.0)
        model = UOWQClassifier(target_domain=TARGET, guard="select", constraints=floor)
        model.fit(X, y, sample_domain=domain)
        assert "target" not in model.candidates_
        assert "pooled" in model.candidates_
        assert (model.source_weights_ >= np.array([0.05, 0.05, 0.2]) - 1e-6).all()

    def test_a_budget(self):
        X, y, domain = make_data(8)
        budget = LinearConstraint([150.0, 150.0, 200.0], 0, 30.0)
        model = UOWQClassifier(target_domain=TARGET, guard="select", constraints=[budget])
        model.fit(X, y, sample_domain=domain)
        assert model.transfer_quantity_ <= 30.0 * (1 + 1e-6)


@pytest.mark.parametrize("guard", ["auto", "select", None])
class TestEveryGuard:
    def test_without_sources_it_is_the_inner_estimator(self, guard):
        X, y, domain = make_data()
        own = domain == TARGET
        model = UOWQClassifier(guard=guard).fit(X[own], y[own])
        alone = LogisticRegression().fit(X[own], y[own])
        assert_allclose(model.predict_proba(X), alone.predict_proba(X))
        assert model.candidates_ == ["target"]
        assert model.candidate_weights_.tolist() == [1.0]
        assert len(model.to_frame()) == 0
        assert len(model.to_frame("candidates")) == 1
        assert model.effective_sample_size_ == 40

    def test_clone_pickle_and_seed(self, guard):
        X, y, domain = make_data()
        model = UOWQClassifier(target_domain=TARGET, guard=guard, random_state=0)
        model.fit(X, y, sample_domain=domain)
        again = pickle.loads(pickle.dumps(model))
        assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        fresh = clone(model)
        assert fresh.get_params() == model.get_params()
        with parallel_config("threading"):
            fresh.set_params(n_jobs=2).fit(X, y, sample_domain=domain)
        assert_array_equal(fresh.predict_proba(X), model.predict_proba(X))
        assert_array_equal(fresh.candidate_losses_, model.candidate_losses_)


def test_class_that_a_fold_lacks_does_not_ruin_the_target():
    """By hand: 4 rows of two classes out of three leave 1 / (4 + 3) to the third."""
    alone = TargetSample(np.zeros((4, 1)), np.array([0, 0, 1, 1]), None, np.arange(3))
    found = with_unseen_classes(np.array([[0.6, 0.4, 0.0]]), alone)
    assert_allclose(found, [[0.6 * 6 / 7, 0.4 * 6 / 7, 1 / 7]])
    complete = TargetSample(np.zeros((3, 1)), np.arange(3), None, np.arange(3))
    assert_allclose(with_unseen_classes(found, complete), found)
