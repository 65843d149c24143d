# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Geometry of fitted models against coefficients, slow loops and numbers by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.special import log_softmax
from sklearn.base import is_classifier
from sklearn.ensemble import (
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    PoissonRegressor,
    Ridge,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer._families import Family, TargetSample, model_family
from sklearn_transfer._model_geometry import pearson_squares
from sklearn_transfer._weighted_fit import FittedModel, fit_weighted
from sklearn_transfer.discrepancy import (
    predictor_discrepancy,
)
from tests.model_geometry_data import (
    coefficients,
    fit,
    make_models,
    make_rows,
    make_sample,
    name_features,
    never,
    parametric,
    slow_information,
)


class TestFamily:
    @pytest.mark.parametrize(
        ("estimator", "n_classes", "name", "linear"),
        [
            (LogisticRegression(), 2, "bernoulli", True),
            (LogisticRegression(), 3, "multinomial", True),
            (LogisticRegression(), 1, "bernoulli", True),
            (LogisticRegressionCV(), 3, "multinomial", True),
            (LogisticRegression(solver="liblinear"), 2, "bernoulli", True),
            (LogisticRegression(solver="liblinear"), 3, "multinomial", False),
            (SGDClassifier(loss="log_loss"), 2, "bernoulli", True),
            (SGDClassifier(loss="log_loss"), 3, "multinomial", False),
            (SGDClassifier(loss="modified_huber"), 2, "bernoulli", False),
            (RandomForestClassifier(), 2, "bernoulli", False),
            (XGBClassifier(), 3, "multinomial", False),
            (LinearRegression(), None, "gaussian", True),
            (Ridge(), None, "gaussian", True),
            (RidgeCV(), None, "gaussian", True),
            (Lasso(), None, "gaussian", True),
            (LassoCV(), None, "gaussian", True),
            (ElasticNet(), None, "gaussian", True),
            (BayesianRidge(), None, "gaussian", True),
            (SGDRegressor(), None, "gaussian", True),
            (SGDRegressor(loss="huber"), None, "gaussian", False),
            (HuberRegressor(), None, "gaussian", False),
            (PoissonRegressor(), None, "poisson", True),
            (GammaRegressor(), None, "gamma", True),
            (TweedieRegressor(power=0), None, "gaussian", True),
            (TweedieRegressor(power=0, link="log"), None, "tweedie", True),
            (TweedieRegressor(power=1.5), None, "tweedie", True),
            (TweedieRegressor(power=1.5, link="identity"), None, "gaussian", False),
            (RandomForestRegressor(), None, "gaussian", False),
            (HistGradientBoostingRegressor(), None, "gaussian", False),
            (HistGradientBoostingRegressor(loss="poisson"), None, "poisson", False),
            (HistGradientBoostingRegressor(loss="gamma"), None, "gamma", False),
            (XGBRegressor(), None, "gaussian", False),
            (XGBRegressor(objective="reg:squarederror"), None, "gaussian", False),
            (XGBRegressor(objective="count:poisson"), None, "poisson", False),
            (XGBRegressor(objective="reg:gamma"), None, "gamma", False),
            (XGBRegressor(objective="reg:tweedie"), None, "tweedie", False),
        ],
        ids=lambda value: str(value)[:60] if hasattr(value, "fit") else None,
    )
    def test_of_an_estimator(self, estimator, n_classes, name, linear):
        family = model_family(estimator, n_classes)
        assert (family.name, family.linear) == (name, linear)
        assert family.logarithmic == (name in ("poisson", "gamma", "tweedie"))

    @pytest.mark.parametrize(
        ("estimator", "power"),
        [
            (TweedieRegressor(power=1.2), 1.2),
            (TweedieRegressor(power=0, link="log"), 0.0),
            (XGBRegressor(objective="reg:tweedie"), 1.5),
            (XGBRegressor(objective="reg:tweedie", tweedie_variance_power=1.2), 1.2),
        ],
    )
    def test_power(self, estimator, power):
        assert model_family(estimator, None).power == power

    def test_is_seen_through_wrappers(self):
        inner = PoissonRegressor()
        search = GridSearchCV(make_pipeline(StandardScaler(), inner), {})
        frozen = FrozenEstimator(make_pipeline(StandardScaler(), inner))
        for wrapped in (make_pipeline(StandardScaler(), inner), search, frozen):
            assert model_family(wrapped, None) == Family("poisson", linear=True)
        X, y = make_rows(0, 30, None)
        fitted = GridSearchCV(inner, {"alpha": [1.0]}, cv=2).fit(X, y)
        assert model_family(fitted, None) == Family("poisson", linear=True)


LINEAR = [
    pytest.param(LogisticRegression(), 2, id="logistic"),
    pytest.param(LogisticRegression(), 3, id="softmax"),
    pytest.param(SGDClassifier(loss="log_loss", random_state=0), 2, id="sgd"),
    pytest.param(Ridge(), 0, id="ridge"),
    pytest.param(ElasticNet(alpha=0.01), 0, id="elastic-net"),
    pytest.param(PoissonRegressor(alpha=0.01), None, id="poisson"),
    pytest.param(GammaRegressor(alpha=0.01), None, id="gamma"),
    pytest.param(TweedieRegressor(power=1.5, alpha=0.01), None, id="tweedie"),
]


class TestParametric:
    @pytest.mark.parametrize(("inner", "n_classes"), LINEAR)
    @pytest.mark.parametrize("own", [False, True])
    def test_gram_is_the_quadratic_form_of_the_coefficients(self, inner, n_classes, own):
        target, model, sources = make_models(inner, n_classes)
        geometry = parametric(inner, target, sources, own=own)
        geometry.dispersion = phi = 0.8 if n_classes == 0 or hasattr(inner, "power") else 1.0
        J = slow_information(target.X, model, geometry.family, dispersion=phi)
        delta = np.array([coefficients(source) - coefficients(model) for source in sources])
        if own:
            intercepts = np.arange(0, len(J), 4)
            shared = np.setdiff1d(np.arange(len(J)), intercepts)
            J_sb = J[np.ix_(shared, intercepts)]
            inverse = np.linalg.pinv(J[np.ix_(intercepts, intercepts)], rcond=1e-10)
            J, delta = J[np.ix_(shared, shared)] - J_sb @ inverse @ J_sb.T, delta[:, shared]
        found = geometry.at(model)
        assert_allclose(found.matrix, delta @ J @ delta.T, rtol=1e-7)
        outputs = 2 if n_classes == 3 else 1
        assert found.n_parameters == outputs * (3 if own else 4)

    @pytest.mark.parametrize(("inner", "n_classes"), LINEAR)
    def test_weighted_rows_are_repeated_rows(self, inner, n_classes):
        target, model, sources = make_models(inner, n_classes)
        times = np.random.default_rng(0).integers(0, 3, len(target.y))
        weighted = TargetSample(target.X, target.y, times.astype(float), target.classes)
        repeated = TargetSample(
            np.repeat(target.X, times, axis=0), np.repeat(target.y, times), None, target.classes
        )
        assert weighted.size == repeated.size
        found = [
            parametric(inner, sample, sources, own=own).at(model).matrix
            for own in (False, True)
            for sample in (weighted, repeated)
        ]
        assert_allclose(found[0], found[1], rtol=1e-7)
        assert_allclose(found[2], found[3], rtol=1e-7, atol=1e-12)

    @pytest.mark.parametrize(
        "as_table",
        [
            sparse.csr_array,
            sparse.csc_array,
            sparse.csr_matrix,
            lambda X: pd.DataFrame(X, columns=list("abc")),
            lambda X: X.astype(object),
        ],
        ids=["csr", "csc", "matrix", "dataframe", "object"],
    )
    @pytest.mark.parametrize(("inner", "n_classes"), LINEAR)
    def test_every_table_gives_the_same_gram(self, inner, n_classes, as_table):
        """Dense arrays take one product of all sources, dataframes ask model by model."""
        target, model, sources = make_models(inner, n_classes)
        dense = parametric(inner, target, sources).at(model).matrix
        table = as_table(target.X)
        if isinstance(table, pd.DataFrame):
            name_features([model, *sources])
        other = TargetSample(table, target.y, None, target.classes)
        assert_allclose(parametric(inner, other, sources).at(model).matrix, dense, rtol=1e-9)

    @pytest.mark.parametrize(("inner", "n_classes"), LINEAR)
    def test_single_precision_rows(self, inner, n_classes):
        target, model, sources = make_models(inner, n_classes)
        single = TargetSample(target.X.astype(np.float32), target.y, None, target.classes)
        assert_allclose(
            parametric(inner, single, sources).at(model).matrix,
            parametric(inner, target, sources).at(model).matrix,
            rtol=1e-4,
        )

    @pytest.mark.parametrize(
        ("inner", "n_classes"), [(LinearRegression(), 0), (LogisticRegression(), 2)]
    )
    def test_domains_scaled_by_themselves_are_compared_in_raw_coordinates(self, inner, n_classes):
        piped = make_pipeline(StandardScaler(), inner)
        target = make_sample(inner, 0, n_classes=n_classes)
        samples = [make_sample(inner, seed, 80, n_classes) for seed in (1, 2)]
        for number, sample in enumerate(samples):
            sample.X[:] = sample.X * (number + 2.0) + number  # other units in every domain
        model, sources = fit(piped, target), [fit(piped, sample) for sample in samples]

        def raw(fitted):
            scaler, linear = fitted.estimator.steps[0][1], fitted.estimator.steps[1][1]
            slopes = np.ravel(linear.coef_) / scaler.scale_
            return np.append(np.ravel(linear.intercept_) - slopes @ scaler.mean_, slopes)

        design = np.column_stack([np.ones(len(target.y)), target.X])
        M = predictor_discrepancy(
            np.array([raw(source) for source in sources]) @ design.T,
            design @ raw(model),
            family="gaussian" if n_classes == 0 else "bernoulli",
        )
        assert_allclose(parametric(piped, target, sources).at(model).matrix, M, rtol=1e-9)
        if n_classes == 0:  # least squares are the same model in any units
            bare = parametric(inner, target, [fit(inner, sample) for sample in samples])
            assert_allclose(bare.at(fit(inner, target)).matrix, M, rtol=1e-9)

    @pytest.mark.parametrize("wrap", [FrozenEstimator, lambda model: make_pipeline(model)])
    def test_wrapped_sources_are_the_same_sources(self, wrap):
        inner = LogisticRegression()
        target, model, sources = make_models(inner, 3)
        wrapped = [FittedModel(wrap(source.estimator), source.classes) for source in sources]
        assert_allclose(
            parametric(inner, target, wrapped).at(model).matrix,
            parametric(inner, target, sources).at(model).matrix,
        )

    def test_searches_are_seen_through(self):
        search = GridSearchCV(LogisticRegression(), {"C": [0.1, 0.1]}, cv=2)
        target, model, sources = make_models(search, 2)
        best = [FittedModel(m.estimator.best_estimator_, m.classes) for m in [model, *sources]]
        found = parametric(search, target, sources).at(model)
        plain = parametric(LogisticRegression(), target, best[1:]).at(best[0])
        assert_allclose(found.matrix, plain.matrix)
        assert found.n_parameters == plain.n_parameters == 4

    def test_without_an_intercept_there_is_one_parameter_less(self):
        inner = LogisticRegression(fit_intercept=False)
        target, model, sources = make_models(inner, 2)
        found = parametric(inner, target, sources).at(model)
        assert found.n_parameters == 3
        J = slow_information(target.X, model, Family("bernoulli", linear=True))
        delta = np.array([coefficients(s) - coefficients(model) for s in sources])
        assert_allclose(found.matrix, delta @ J @ delta.T)

    @pytest.mark.parametrize("present", [[0, 1], [1, 2], [0, 2]])
    def test_class_that_a_source_never_saw(self, present):
        """It gets the probability q / (1 + q), q = 1 / (N_i + 2); the rest keep their ratios."""
        inner = LogisticRegression()
        target = make_sample(inner, 0, n_classes=3)
        model = fit(inner, target)
        X, y = make_rows(1, 80, 3)
        seen = np.isin(y, present)
        source = fit_weighted(inner, X[seen], y[seen])
        p = np.zeros((len(target.y), 3))
        p[:, present] = source.estimator.predict_proba(target.X)
        smallest = 1 / (80 + 2)
        p[:, np.setdiff1d(range(3), present)] = smallest
        M = predictor_discrepancy(
            np.log(p)[np.newaxis],
            log_softmax(model.estimator.decision_function(target.X), axis=1),
            family="multinomial",
        )
        found = parametric(inner, target, [source]).at(model)
        assert_allclose(found.matrix, M, rtol=1e-9)
        assert found.n_parameters == 8

    def test_class_that_the_target_never_saw(self):
        inner = LogisticRegression()
        whole, _, sources = make_models(inner, 3)
        rows = whole.y != 2
        target = TargetSample(whole.X[rows], whole.y[rows], None, np.arange(3))
        model = fit(inner, target)
        p = model.estimator.predict_proba(target.X)
        smallest = np.full((len(target.y), 1), 1 / (rows.sum() + 2))
        M = predictor_discrepancy(
            np.stack([source.estimator.decision_function(target.X) for source in sources]),
            np.log(np.hstack([p, smallest])),
            family="multinomial",
        )
        found = parametric(inner, target, sources).at(model)
        assert_allclose(found.matrix, M, rtol=1e-9)
        assert found.n_parameters == 8

    def test_one_row(self):
        target, _, sources = make_models(Ridge(), 0)
        one = TargetSample(target.X[:1], target.y[:1], None, None)
        model = fit(Ridge(), one)
        geometry = parametric(Ridge(), one, sources)
        change = [s.predict(one.X) - model.predict(one.X) for s in sources]
        assert_allclose(geometry.at(model).matrix, np.outer(change, change), rtol=1e-9)
        own = parametric(Ridge(), one, sources, own=True)
        assert_allclose(own.at(model).matrix, np.zeros((3, 3)), atol=1e-12)


class TestDispersion:
    def test_is_the_residual_variance_of_the_target(self):
        """Nine rows, four parameters: 9 > 2 * 4, so that the sources are not asked."""
        X, y = make_rows(0, 9, 0)
        target = TargetSample(X, y, None, None)
        model = fit(LinearRegression(), target)
        geometry = parametric(LinearRegression(), target, [model])
        geometry.estimate_dispersion(model, never)
        design = np.column_stack([np.ones(9), X])
        residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        assert_allclose(geometry.dispersion, residual @ residual / (9 - 4))

    def test_takes_the_sources_where_rows_are_few(self):
        """Eight rows, four parameters; sources say 30 over 10 degrees of freedom."""
        X, y = make_rows(0, 8, 0)
        target = TargetSample(X, y, None, None)
        model = fit(LinearRegression(), target)
        geometry = parametric(LinearRegression(), target, [model])
        geometry.estimate_dispersion(model, lambda: (30.0, 10.0))
        squares = np.sum((y - model.predict(X)) ** 2)
        assert_allclose(geometry.dispersion, (squares + 30) / (4 + 10))

    def test_counts_weights_as_rows(self):
        X, y = make_rows(0, 9, 0)
        times = np.array([1, 2, 1, 1, 3, 1, 1, 2, 1])
        weighted = TargetSample(X, y, times.astype(float), None)
        repeated = TargetSample(np.repeat(X, times, axis=0), np.repeat(y, times), None, None)
        found = []
        for sample in (weighted, repeated):
            geometry = parametric(LinearRegression(), sample, [fit(LinearRegression(), sample)])
            geometry.estimate_dispersion(fit(LinearRegression(), sample), never)
            found.append(geometry.dispersion)
        assert_allclose(*found)

    @pytest.mark.parametrize("inner", [GammaRegressor(), TweedieRegressor(power=1.5)])
    def test_is_pearsons_for_a_log_link(self, inner):
        X, y = make_rows(0, 20, None)
        target = TargetSample(X, y + 0.5, None, None)
        model = fit(inner, target)
        mean = model.predict(X)
        power = getattr(inner, "power", 2)
        squares = np.sum((y + 0.5 - mean) ** 2 / mean**power)
        assert_allclose(pearson_squares(model, target, model_family(inner, None)), squares)
        geometry = parametric(inner, target, [model])
        geometry.estimate_dispersion(model, never)
        assert_allclose(geometry.dispersion, squares / 16)

    @pytest.mark.parametrize("inner", [PoissonRegressor(), LogisticRegression()])
    def test_is_one_where_the_family_says_so(self, inner):
        target, model, sources = make_models(inner, 2 if is_classifier(inner) else None)
        geometry = parametric(inner, target, sources)
        geometry.estimate_dispersion(model, never)
        assert geometry.dispersion == 1.0

    def test_of_a_perfect_fit_leaves_the_gram_finite(self):
        target, model, sources = make_models(LinearRegression(), 0)
        perfect = TargetSample(target.X, model.predict(target.X), None, None)
        geometry = parametric(LinearRegression(), perfect, sources)
        geometry.estimate_dispersion(model, never)
        assert 0 < geometry.dispersion < 1e-12
        assert np.isfinite(geometry.at(model).matrix).all()
