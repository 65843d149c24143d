# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The guard of UOWQ: against plain loops, planted harm, and what it must leave alone."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import LinearConstraint
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    PoissonRegressor,
    Ridge,
)
from sklearn.metrics import log_loss, mean_poisson_deviance, mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer._families import TargetSample, deal_folds
from sklearn_transfer._math.worth import worth_of_average
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.hierarchical import RandomCoefficientsClassifier, RandomCoefficientsRegressor
from sklearn_transfer.hierarchical._coordinates import lends_its_likelihood
from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor
from sklearn_transfer.weighting._guard import with_unseen_classes

# The planted sources are far, or worth little, on purpose; these warnings have tests of their own.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Dynamic updates came to trust"),
    pytest.mark.filterwarnings("ignore:All source weights are close to zero"),
]
TARGET = "t"
UNPENALISED = {"counts": {"alpha": 0.0}, "values": {"alpha": 0.0}, "labels": {"C": 1e9}}
TIGHT = {"tol": 1e-10, "max_iter": 2000}


def make_data(seed=0, sizes=(40, 200, 150, 150), kind="labels", n_features=3):
    """The target, a source like it, one somewhat off, one whose slopes are reversed."""
    rng = np.random.default_rng(seed)
    domain = np.repeat(["t", "near", "mid", "far"], sizes)
    X = rng.standard_normal((len(domain), n_features))
    beta = np.linspace(1.0, -1.0, n_features)
    turn = {"t": 1.0, "near": 1.0, "mid": 0.4, "far": -1.0}
    eta = X @ beta * np.array([turn[name] for name in domain])
    if kind == "labels":
        return X, (eta + rng.logistic(size=len(eta)) > 0).astype(int), domain
    if kind == "counts":
        return X, rng.poisson(np.exp(0.4 * eta)), domain
    return X, eta + rng.standard_normal(len(eta)), domain


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


def bootstrapped(losses, evidence, n_rows, rate=1.0, prior=1.0):
    """Weights of candidates, averaged over many weightings of the rows."""
    rng = np.random.default_rng(12345)
    total = np.zeros(losses.shape[1])
    for _ in range(5000):
        log_weights = np.log(prior) - rate * evidence(
            rng.dirichlet(np.ones(len(losses))) @ losses, n_rows
        )
        weights = np.exp(log_weights - log_weights.max())
        total += weights / weights.sum()
    return total / 5000


def refit(inner, X, y, domain, weights):
    row_weight = (domain == TARGET).astype(float)
    for name, weight in zip(["far", "mid", "near"], weights, strict=True):
        row_weight[domain == name] = weight
    used = row_weight > 0
    return clone(inner).fit(X[used], y[used], sample_weight=row_weight[used])


def seed_of(random_state):
    """The estimator draws one seed for all that it does."""
    return int(np.random.RandomState(random_state).randint(np.iinfo(np.int32).max))


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


class CountingLogistic(LogisticRegression):
    sizes: list = []  # noqa: RUF012

    def fit(self, X, y, sample_weight=None):
        type(self).sizes.append(len(X))
        return super().fit(X, y, sample_weight)


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


def population_of(cls):
    return RandomCoefficientsClassifier if cls is UOWQClassifier else RandomCoefficientsRegressor


class TestAuto:
    @pytest.mark.parametrize(
        ("cls", "inner", "kind"),
        [
            (UOWQClassifier, None, "labels"),
            (UOWQClassifier, make_pipeline(StandardScaler(), LogisticRegression(C=0.3)), "labels"),
            (UOWQClassifier, XGBClassifier(n_estimators=10, max_depth=2, n_jobs=1), "labels"),
            (UOWQRegressor, None, "values"),
            (UOWQRegressor, PoissonRegressor(alpha=0.01), "counts"),
        ],
    )
    def test_averages_random_coefficients_and_the_two_ends(self, cls, inner, kind):
        X, y, domain = make_data(9, kind=kind)
        own = domain == TARGET
        options = {"target_domain": TARGET, "random_state": 3}
        model = cls(inner, **options).fit(X, y, sample_domain=domain)
        population = population_of(cls)(inner, **options).fit(X, y, sample_domain=domain)
        plain = model.get_params()["estimator"] or (
            LogisticRegression() if cls is UOWQClassifier else Ridge()
        )
        scaled = X
        if hasattr(plain, "steps"):
            # Steps of a Pipeline are fitted on all rows.
            scaled, plain = plain[0].fit_transform(X), plain[-1]
        members = [
            (population, X),
            (clone(plain).fit(scaled[own], y[own]), scaled),
            (clone(plain).fit(scaled, y), scaled),
        ]
        assert model.candidates_ == ["population", "target", "pooled"]
        predict = "predict_proba" if cls is UOWQClassifier else "predict"
        expected = sum(
            weight * getattr(member, predict)(rows)
            for weight, (member, rows) in zip(model.candidate_weights_, members, strict=True)
        )
        assert_allclose(getattr(model, predict)(X), expected, rtol=1e-5)
        rows = np.array([150.0, 150.0, 200.0])
        worth = np.array([population.source_weights_ * rows, np.zeros(3), rows])
        # Rows average harmonically over the candidates, as expected excess losses do linearly.
        size = 1.0 / (model.candidate_weights_ @ (1.0 / (40 + worth.sum(axis=1))))
        assert model.effective_sample_size_ == pytest.approx(size, rel=1e-8)
        expected = worth_of_average(worth, model.candidate_weights_, 40.0)
        assert_allclose(model.source_weights_ * rows, expected, rtol=1e-8)

    def test_losses_of_the_ends(self):
        """Target alone and pooled by plain loops."""
        X, y, domain = make_data(9)
        model = UOWQClassifier(LogisticRegression(**TIGHT), target_domain=TARGET, random_state=3)
        model.fit(X, y, sample_domain=domain)
        folds = deal_folds(y[:40], 5, np.array([0, 1]), seed_of(3))
        losses = np.empty((40, 2))
        for fold in range(5):
            test = np.flatnonzero(folds == fold)
            train = np.setdiff1d(np.arange(len(y)), test)
            for number, rows in enumerate((train[train < 40], train)):
                p = LogisticRegression(**TIGHT).fit(X[rows], y[rows]).predict_proba(X[test])
                losses[test, number] = -np.log(p[np.arange(len(test)), y[test]])
        assert_allclose(model.candidate_losses_[1:], losses.mean(axis=0), rtol=1e-5)
        # Of the ends against each other, which are what is known row by row here.
        weights = bootstrapped(losses, lambda loss, n: 0.5 * n * loss, 40)
        believed = model.candidate_weights_[1:]
        assert_allclose(believed / believed.sum(), weights, atol=0.15)
        # What no row is held out for predicts its own rows at least as well.
        population = RandomCoefficientsClassifier(
            LogisticRegression(**TIGHT), target_domain=TARGET, random_state=3
        ).fit(X, y, sample_domain=domain)
        seen = log_loss(y[:40], population.predict_proba(X[:40])[:, 1])
        assert seen < model.candidate_losses_[0]

    @pytest.mark.parametrize("n_positive", [0, 1, 2])
    def test_few_positives(self, n_positive):
        X, y, domain = make_data(6)
        y[:40] = np.arange(40) < n_positive
        model = UOWQClassifier(target_domain=TARGET, random_state=0)
        if n_positive == 0:
            with pytest.warns(TransferWarning, match="learnt from the sources alone"):
                model.fit(X, y, sample_domain=domain)
            assert np.isnan(model.candidate_losses_).all()
            assert_array_equal(model.candidate_weights_, [1.0, 0.0, 0.0])
        else:
            model.fit(X, y, sample_domain=domain)
            assert np.isfinite(model.candidate_losses_).all()
        p = model.predict_proba(X)
        assert ((p > 0) & (p < 1)).all()
        # Half of the sources' rows are positive; the target's level is learnt from its own.
        assert p[:40, 1].mean() < 0.25

    @pytest.mark.parametrize("n_target", [1, 2, 3])
    def test_few_rows(self, n_target):
        X, y, domain = make_data(1, sizes=(n_target, 100, 100, 100), kind="values")
        model = UOWQRegressor(target_domain=TARGET).fit(X, y, sample_domain=domain)
        assert np.isfinite(model.predict(X)).all()
        assert np.isfinite(model.candidate_losses_).all() == (n_target > 1)

    @pytest.mark.parametrize(
        "changed",
        [
            {"update": "static"},
            {"n_rounds": 2},
            {"discrepancy": "functional"},
            {"bias_correction": True},
            {"domain_effects": "intercept"},
            {"constraints": LinearConstraint(np.eye(3), 0, 2.0)},
        ],
        ids=lambda changed: next(iter(changed)),
    )
    def test_is_select_around_what_was_configured(self, changed):
        X, y, domain = make_data(9)
        options = {"target_domain": TARGET, "random_state": 3, **changed}
        model = UOWQClassifier(**options).fit(X, y, sample_domain=domain)
        select = UOWQClassifier(guard="select", **options).fit(X, y, sample_domain=domain)
        assert "pooled" in model.candidates_
        assert_array_equal(model.candidate_weights_, select.candidate_weights_)
        assert_array_equal(model.predict_proba(X), select.predict_proba(X))

    @pytest.mark.parametrize("n_classes", [15, 16])
    def test_is_select_for_many_classes(self, n_classes):
        """Levels, and slopes of all classes' shared log-probabilities: more than 250 from 16 on."""
        X, y, domain = make_data(0, sizes=(80, 90, 80, 80), kind="values", n_features=20)
        edges = np.quantile(y, np.arange(1, n_classes) / n_classes)
        model = UOWQClassifier(target_domain=TARGET, random_state=0)
        model.fit(X, np.digitize(y, edges), sample_domain=domain)
        assert ("round 1" in model.candidates_) == (n_classes > 15)

    @staticmethod
    def _wide(seed, n_target, n_tested=500):
        """300 columns made of ten factors, whose slopes vary between domains."""
        rng = np.random.default_rng(seed)
        domain = np.repeat([TARGET, *"abcde"], [n_target + n_tested, *[200] * 5])
        factors = rng.standard_normal((len(domain), 10))
        X = factors @ rng.standard_normal((10, 300))
        X += 0.5 * rng.standard_normal(X.shape)
        slopes = {name: 1.0 + 0.5 * rng.standard_normal(10) for name in np.unique(domain)}
        y = np.einsum("ij,ij->i", factors, [slopes[name] for name in domain])
        y += 2.0 * rng.standard_normal(len(domain))
        tested = np.arange(len(y)) // n_target > 0
        tested &= domain == TARGET
        return X, y, domain, tested

    def test_wide_tables(self):
        """Better than the better of both in eight of ten draws; a coin has that at 0.055."""
        better = 0
        for seed in range(10):
            X, y, domain, tested = self._wide(seed, 15)
            model = UOWQRegressor(target_domain=TARGET, random_state=0)
            model.fit(X[~tested], y[~tested], sample_domain=domain[~tested])
            assert model.candidates_ == ["population", "target", "pooled"]
            own = ~tested & (domain == TARGET)
            plain = [Ridge().fit(X[rows], y[rows]) for rows in (own, ~tested)]
            losses = [
                mean_squared_error(y[tested], fitted.predict(X[tested]))
                for fitted in (model, *plain)
            ]
            better += losses[0] < min(losses[1:])
        assert better >= 8

    def test_wide_sparse_tables(self, monkeypatch):
        X, y, domain, _ = self._wide(0, 15, 0)
        table = sparse.csr_array(X)
        monkeypatch.setattr(sparse.csr_array, "toarray", None)
        model = UOWQRegressor(target_domain=TARGET, random_state=0)
        model.fit(table, y, sample_domain=domain)
        assert model.candidates_ == ["population", "target", "pooled"]
        own = domain == TARGET
        assert np.corrcoef(model.predict(table)[own], y[own])[0, 1] > 0.8

    def test_reversed_source_does_no_harm(self):
        """Log-loss under the true probabilities; 200 rows, one equal and one reversed source.

        The excess of the target alone is about d / (2 N_0) = 0.01 here, and the sources may not
        add 0.005 to it in any of five draws; nor may the mean over draws be worse at all.
        """
        beta = np.array([1.0, -1.0, 0.5])
        test = np.random.default_rng(99).standard_normal((4000, 3))
        truth = expit(test @ beta)

        def loss(model):
            p = model.predict_proba(test)[:, 1]
            return -np.mean(truth * np.log(p) + (1 - truth) * np.log1p(-p))

        gains = []
        for seed in range(5):
            rng = np.random.default_rng(seed)
            domain = np.repeat(["t", "equal", "reversed"], [200, 1000, 1000])
            X = rng.standard_normal((2200, 3))
            eta = X @ beta * np.where(domain == "reversed", -1.0, 1.0)
            y = (eta + rng.logistic(size=2200) > 0).astype(int)
            model = UOWQClassifier(target_domain=TARGET).fit(X, y, sample_domain=domain)
            gains.append(loss(LogisticRegression().fit(X[:200], y[:200])) - loss(model))
        assert min(gains) > -0.005
        assert np.mean(gains) > -0.001

    @pytest.mark.parametrize("guard", ["auto", "select"])
    def test_identical_sources_are_pooled(self, guard):
        """With 30 target rows and 2000 alike the excess error is nearer to pooling's."""
        beta = np.array([1.0, -1.0, 0.5, 0.0, 0.0])
        domain = np.repeat(np.array(["t", *"abcd"]), [30] + 4 * [500])
        errors = []
        for seed in range(4):
            rng = np.random.default_rng(seed)
            X = rng.standard_normal((2030, 5))
            y = X @ beta + rng.standard_normal(2030)
            model = UOWQRegressor(Ridge(), target_domain=TARGET, guard=guard, random_state=0)
            model.fit(X, y, sample_domain=domain)
            test = rng.standard_normal((1000, 5))
            errors.append(
                [
                    np.mean((m.predict(test) - test @ beta) ** 2)
                    for m in (model, Ridge().fit(X[:30], y[:30]), Ridge().fit(X, y))
                ]
            )
        found, alone, pooled = np.mean(errors, axis=0)
        assert pooled < 0.1 * alone
        assert found < 0.5 * alone

    def test_figures(self):
        X, y, domain = make_data(0, sizes=(300, 400, 400, 400))
        model = UOWQClassifier(target_domain=TARGET).fit(X, y, sample_domain=domain)
        M = model.discrepancy_
        assert_allclose(M, M.T, atol=1e-12)
        assert np.linalg.eigvalsh(M).min() > -1e-12
        far, mid, near = np.diag(M)
        assert near < mid < far
        worth = model.source_weights_ * 400
        assert model.transfer_quantity_ == pytest.approx(worth.sum())
        assert model.effective_sample_size_ == pytest.approx(300 + model.transfer_quantity_)
        assert model.source_coefficients_.sum() == pytest.approx(1.0)
        assert model.n_parameters_ == 4
        assert len(model.history_["risk"]) == 0
        assert model.history_["weights"].shape == (0, 3)
        assert model.source_estimators_ == {}

    def test_frames(self):
        X, y, domain = make_data(10)
        model = UOWQClassifier(target_domain=TARGET).fit(X, y, sample_domain=domain)
        sources = model.to_frame()
        assert sources["domain"].tolist() == ["far", "mid", "near"]
        assert_allclose(sources["discrepancy"], np.diag(model.discrepancy_))
        assert_allclose(sources["ratio"], 40 * sources["discrepancy"] / model.n_parameters_)
        assert_allclose(sources["worth"], sources["rows"] * sources["weight"])
        listed = model.to_frame("candidates")
        assert listed["weight"].is_monotonic_decreasing
        assert sorted(listed["candidate"]) == sorted(model.candidates_)
        assert listed["loss"].notna().all()
        with pytest.raises(ValueError, match="`of` must be 'sources' or 'candidates'"):
            model.to_frame("rows")


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


class TestInnerParameters:
    @pytest.mark.parametrize(
        "inner",
        [
            LogisticRegression(class_weight="balanced"),
            LogisticRegression(l1_ratio=0.5, solver="saga"),
            LogisticRegression(fit_intercept=False),
            LogisticRegressionCV(),
            Ridge(positive=True),
            Ridge(fit_intercept=False),
            XGBRegressor(),
            CountingLogistic(),
        ],
        ids=lambda inner: repr(inner)[:40],
    )
    def test_more_than_a_likelihood_is_fitted_itself(self, inner):
        assert not lends_its_likelihood(inner)
        assert not lends_its_likelihood(make_pipeline(StandardScaler(), inner))

    @pytest.mark.parametrize("inner", [LogisticRegression(), Ridge(), PoissonRegressor()])
    def test_plain_ones_lend_it(self, inner):
        assert lends_its_likelihood(inner)
        assert lends_its_likelihood(make_pipeline(StandardScaler(), inner))

    def test_what_is_fitted_itself_is_the_users(self):
        X, y, domain = make_data(0, kind="values")
        fitted = []

        class Positive(Ridge):
            def fit(self, X, y, sample_weight=None):
                fitted.append(self.get_params())
                return super().fit(X, y, sample_weight)

        UOWQRegressor(Positive(alpha=2.0, positive=True), target_domain=TARGET).fit(
            X, y, sample_domain=domain
        )
        assert len(fitted) >= 6
        assert all(params["positive"] and params["alpha"] == 2.0 for params in fitted)

    @pytest.mark.parametrize(
        ("inner", "kind"),
        [
            (PoissonRegressor(alpha=0.2, **TIGHT), "counts"),
            (PoissonRegressor(alpha=1.0, **TIGHT), "counts"),
            (Ridge(alpha=3000.0), "values"),
            (LogisticRegression(C=1e-3, **TIGHT), "labels"),
        ],
        ids=lambda value: repr(value)[:24],
    )
    def test_a_strong_penalty_is_no_spread(self, inner, kind):
        """Sources of one law: the inner estimator on pooled, standardised columns.

        A penalty that held the population's mean at 0 would have to call the common slopes a
        spread of the sources, and give the target up to its own 40 rows.
        """
        rng = np.random.default_rng(0)
        domain = np.repeat(np.arange(13), [40] + 12 * [1500])
        X = StandardScaler().fit_transform(rng.standard_normal((len(domain), 3)))
        eta = 0.3 + X @ [0.6, -0.4, 0.2]
        y = {
            "counts": rng.poisson(np.exp(eta)),
            "values": eta + rng.standard_normal(len(eta)),
            "labels": (eta + rng.logistic(size=len(eta)) > 0).astype(int),
        }[kind]
        cls = RandomCoefficientsClassifier if kind == "labels" else RandomCoefficientsRegressor
        model = cls(inner, target_domain=0).fit(X, y, sample_domain=domain)
        assert (model.spread_[1:] < 0.002).all()
        unit = np.vstack([np.zeros(3), np.eye(3)])
        link = {"counts": np.log, "values": np.asarray, "labels": logit}[kind]
        learnt = link(model.predict_proba(unit)[:, 1] if kind == "labels" else model.predict(unit))
        pooled = np.ravel(clone(inner).fit(X, y).coef_)
        free = np.ravel(clone(inner).set_params(**UNPENALISED[kind]).fit(X, y).coef_)
        # The penalty moves slopes by far more than the tolerance.
        assert np.abs(free - pooled).max() > 0.06
        assert_allclose(learnt[1:] - learnt[0], pooled, atol=0.03)


def test_class_that_a_fold_lacks_does_not_ruin_the_target():
    """By hand: 4 rows of two classes out of three leave 1 / (4 + 3) to the third."""
    alone = TargetSample(np.zeros((4, 1)), np.array([0, 0, 1, 1]), None, np.arange(3))
    found = with_unseen_classes(np.array([[0.6, 0.4, 0.0]]), alone)
    assert_allclose(found, [[0.6 * 6 / 7, 0.4 * 6 / 7, 1 / 7]])
    complete = TargetSample(np.zeros((3, 1)), np.arange(3), None, np.arange(3))
    assert_allclose(with_unseen_classes(found, complete), found)
