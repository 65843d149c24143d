# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""`guard="auto"`: the population beside the target alone and pooling, and planted harm."""

from __future__ import annotations

import numpy as np
import pytest
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
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer._folds import deal_folds
from sklearn_transfer._math.pseudo_bma import pseudo_bma_weights
from sklearn_transfer._math.worth import worth_of_average
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.hierarchical import RandomCoefficientsClassifier, RandomCoefficientsRegressor
from sklearn_transfer.hierarchical._coordinates import lends_its_likelihood
from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor, _guard_population
from tests.weighting.guard_data import (
    TARGET,
    TIGHT,
    UNPENALISED,
    CountingLogistic,
    make_data,
    seed_of,
)

# The planted sources are far, or worth little, on purpose; these warnings have tests of their own.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Dynamic updates came to trust"),
    pytest.mark.filterwarnings("ignore:All source weights are close to zero"),
]


def population_of(cls):
    return RandomCoefficientsClassifier if cls is UOWQClassifier else RandomCoefficientsRegressor


def pooled_member(inner, X, y, domain):
    """All rows, and as what the target's are predicted; trees are told each domain's share."""
    if not hasattr(inner, "apply"):
        return inner.fit(X, y), X
    level = {
        d: (y[domain == d].sum() + 5 * y.mean()) / ((domain == d).sum() + 5) for d in set(domain)
    }
    told = np.column_stack([X, [level[d] for d in domain]])
    return inner.fit(told, y), np.column_stack([X, np.full(len(X), level[TARGET])])


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
            pooled_member(clone(plain), scaled, y, domain),
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

    def test_losses_of_the_ends(self, monkeypatch):
        """Target alone and pooled by plain loops, and what belief is made of."""
        X, y, domain = make_data(9)
        asked = []

        def remembered(losses, weight, **options):
            asked.append((losses, weight, options))
            return pseudo_bma_weights(losses, weight, **options)

        monkeypatch.setattr(_guard_population, "pseudo_bma_weights", remembered)
        model = UOWQClassifier(LogisticRegression(**TIGHT), target_domain=TARGET, random_state=3)
        model.fit(X, y, sample_domain=domain)
        folds = deal_folds(y[:40], 5, np.array([0, 1]), seed_of(3))
        losses = []
        for fold in range(5):
            test = np.flatnonzero(folds == fold)
            train = np.setdiff1d(np.arange(len(y)), test)
            for row in test:
                fitted = [
                    LogisticRegression(**TIGHT).fit(X[rows], y[rows])
                    for rows in (train[train < 40], train)
                ]
                losses.append([-np.log(end.predict_proba(X[[row]])[0, y[row]]) for end in fitted])
        ((by_row, weight, options),) = asked
        assert_allclose(by_row[:, 1:], losses, rtol=1e-4)
        assert_array_equal(weight, np.ones(40))
        assert_allclose(model.candidate_losses_, by_row.mean(axis=0))
        # Prior x exp(-N_0 loss / 2), over a bootstrap of the rows.
        assert (options["are_logarithmic"], options["rate"]) == (True, 0.5)
        assert_array_equal(options["prior"], [0.8, 0.1, 0.1])
        assert_array_equal(model.candidate_weights_, pseudo_bma_weights(by_row, weight, **options))
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
