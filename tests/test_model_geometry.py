# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Geometry of fitted models against coefficients, slow loops and numbers by hand."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, logsumexp, softmax
from sklearn.base import clone, is_classifier
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
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer._families import Family, TargetSample, model_family
from sklearn_transfer._model_geometry import FunctionalGeometry, ParametricGeometry, pearson_squares
from sklearn_transfer._weighted_fit import FittedModel, fit_weighted
from sklearn_transfer.discrepancy import (
    effective_dimension,
    predictor_discrepancy,
    probability_discrepancy,
)

N_SOURCES = 3


def make_rows(seed, n_samples, n_classes=2, n_features=3, shift=0.0):
    """Rows of one domain; `n_classes` None gives counts, 0 continuous values."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features))
    beta = np.array([1.0, -0.7, 0.4])[:n_features] + 0.3 * rng.standard_normal(n_features)
    eta = X @ beta + shift
    if n_classes is None:
        return X, rng.poisson(np.exp(eta / 2)).astype(float)
    if n_classes == 0:
        return X, eta + 0.5 * rng.standard_normal(n_samples)
    noisy = np.column_stack([k * eta for k in range(n_classes)])
    y = (noisy + rng.gumbel(size=noisy.shape)).argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)  # every class is there
    return X, y


def make_sample(inner, seed=0, n_samples=30, n_classes=2, **more):
    X, y = make_rows(seed, n_samples, n_classes, **more)
    if isinstance(inner, GammaRegressor):
        y = y + 1.0
    return TargetSample(X, y, None, np.unique(y) if is_classifier(inner) else None)


def fit(inner, sample):
    return fit_weighted(inner, sample.X, sample.y, sample.sample_weight)


def make_models(inner, n_classes, n_sources=N_SOURCES, n_samples=80, **more):
    """Target sample, its model and source models of different domains."""
    target = make_sample(inner, 0, n_classes=n_classes)
    samples = [
        make_sample(inner, seed, n_samples, n_classes, **more) for seed in range(1, n_sources + 1)
    ]
    return target, fit(inner, target), [fit(inner, sample) for sample in samples]


def name_features(models):
    """Make models fitted on arrays models of a dataframe with the columns a, b, c."""
    for model in models:
        model.estimator.feature_names_in_ = np.array(list("abc"), dtype=object)


def parametric(inner, target, sources, *, own=False, n_samples=80):
    n_classes = None if target.classes is None else len(target.classes)
    sizes = np.full(len(sources), float(n_samples))
    return ParametricGeometry(model_family(inner, n_classes), target, sources, sizes, own)


def coefficients(model):
    """Intercept and slopes of a plain linear model, flat, class by class."""
    coef, intercept = model.estimator.coef_, np.atleast_1d(model.estimator.intercept_)
    return np.column_stack([intercept, np.atleast_2d(coef)]).ravel()


def slow_information(X, model, family, weight=None, dispersion=1.0):
    """Fisher matrix at a model, summed over rows; `weight` of shape (n_samples,)."""
    weight = np.ones(len(X)) if weight is None else weight
    design = np.column_stack([np.ones(len(X)), X])
    theta = coefficients(model).reshape(-1, design.shape[1])
    total = 0.0
    for row, share in zip(design, weight / weight.sum(), strict=True):
        eta = theta @ row
        if family.name == "multinomial":
            p = softmax(eta)
            block = np.diag(p) - np.outer(p, p)
        else:
            mean = expit(eta) if family.name == "bernoulli" else np.exp(eta)
            block = np.diag(
                {
                    "bernoulli": mean * (1 - mean),
                    "gaussian": np.full(1, 1 / dispersion),
                    "poisson": mean,
                    "gamma": np.full(1, 1 / dispersion),
                    "tweedie": mean ** (2 - family.power) / dispersion,
                }[family.name]
            )
        total = total + share * np.kron(block, np.outer(row, row))
    return total


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


def never():
    raise AssertionError("the target's rows are enough")


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


class Recorder:
    """How folds are fitted, with a note of the rows each model has seen."""

    def __init__(self, inner):
        self.inner = inner
        self.seen = []
        self.models = []

    def __call__(self, X, y, sample_weight):
        self.seen.append({row.tobytes() for row in np.asarray(X)})
        self.models.append(fit_weighted(self.inner, X, y, sample_weight))
        return self.models[-1]


def functional(inner, target, sources, *, own=False, largest=None, seed=0):
    n_classes = None if target.classes is None else len(target.classes)
    recorder = Recorder(inner)
    geometry = FunctionalGeometry(
        model_family(inner, n_classes),
        target,
        sources,
        own,
        recorder,
        never if largest is None else (lambda: largest),
        seed,
    )
    return geometry, recorder


def predicted(model, target):
    """Probabilities or values, without the package's own alignment of classes."""
    if target.classes is None:
        return np.asarray(model.estimator.predict(target.X), dtype=float)
    p = np.zeros((len(target.y), len(target.classes)))
    labels = model.classes if model.encoded else model.estimator.classes_
    p[:, np.searchsorted(target.classes, labels)] = model.estimator.predict_proba(target.X)
    return p


def out_of_fold(recorder, target):
    """Each row as predicted by the one model that has not seen it."""
    folds = np.stack([predicted(model, target) for model in recorder.models])
    rows = [row.tobytes() for row in target.X]
    unseen = np.array([[row not in seen for row in rows] for seen in recorder.seen])
    assert (unseen.sum(axis=0) == 1).all()
    return folds[unseen.argmax(axis=0), np.arange(len(rows))], folds


FLEXIBLE = [
    pytest.param(DecisionTreeClassifier(max_depth=3, random_state=0), 2, id="tree-2"),
    pytest.param(RandomForestClassifier(8, random_state=0), 3, id="forest-3"),
    pytest.param(XGBClassifier(n_estimators=5, max_depth=2, n_jobs=1), 2, id="xgboost-2"),
    pytest.param(XGBClassifier(n_estimators=5, max_depth=2, n_jobs=1), 3, id="xgboost-3"),
    pytest.param(LogisticRegression(), 2, id="logistic"),
    pytest.param(DecisionTreeRegressor(max_depth=3, random_state=0), 0, id="tree"),
    pytest.param(XGBRegressor(n_estimators=5, max_depth=2, n_jobs=1), 0, id="xgboost"),
    pytest.param(
        XGBRegressor(objective="count:poisson", n_estimators=5, max_depth=2, n_jobs=1),
        None,
        id="xgboost-poisson",
    ),
]


class TestFunctional:
    @pytest.mark.parametrize(("inner", "n_classes"), FLEXIBLE)
    @pytest.mark.parametrize("weighted", [False, True])
    def test_is_the_slow_computation(self, inner, n_classes, weighted):
        """Out-of-fold reference, five folds, Gram and jackknife written out once more."""
        target, _, sources = make_models(inner, n_classes)
        if weighted:
            weight = np.random.default_rng(1).uniform(0.2, 2.0, len(target.y))
            target = TargetSample(target.X, target.y, weight, target.classes)
        weight = target.sample_weight
        geometry, recorder = functional(inner, target, sources)
        assert len(recorder.models) == 5
        reference, folds = out_of_fold(recorder, target)
        values = np.stack([predicted(source, target) for source in sources])
        if target.classes is not None:
            M = probability_discrepancy(values, reference, sample_weight=weight)
            coordinates = 2 * np.sqrt(folds)
        else:
            phi, scale = 1.0, np.ones(len(target.y))
            if n_classes is None:
                scale = np.sqrt(reference)  # information of a count about its log-mean
                values, folds, reference = np.log(values), np.log(folds), np.log(reference)
            else:
                phi = np.average((target.y - reference) ** 2, weights=weight)
            M = predictor_discrepancy(
                scale * values, scale * reference, dispersion=phi, sample_weight=weight
            )
            coordinates = scale * folds / np.sqrt(phi)
            assert_allclose(geometry.dispersion, phi)
        found = geometry.at(np.array([1.0, 0.0, 0.0, 0.0]))
        assert_allclose(found.matrix, M, rtol=1e-5)
        d = effective_dimension(coordinates, target.size, sample_weight=weight)
        assert_allclose(found.n_parameters, d, rtol=1e-5)

    def test_folds_hold_all_classes_evenly(self):
        inner = DecisionTreeClassifier(random_state=0)
        X, _ = make_rows(0, 50, 2)
        target = TargetSample(X, np.repeat([0, 1, 2], [5, 10, 35]), None, np.arange(3))
        geometry, recorder = functional(inner, target, [fit(inner, target)])
        assert geometry.n_parameters > 1
        by_row = {row.tobytes(): label for row, label in zip(X, target.y, strict=True)}
        for seen in recorder.seen:
            counts = np.bincount([by_row[row] for row in seen])
            assert counts.tolist() == [4, 8, 28]

    def test_a_memorising_model_is_seen_out_of_fold(self):
        """Pure leaves: in sample, the source that learnt the same rows is the target itself."""
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((60, 3)), rng.integers(0, 2, 60)  # nothing to be learnt
        target = TargetSample(X, y, None, np.arange(2))
        inner = DecisionTreeClassifier(random_state=0)
        memory = fit(inner, target)
        assert (memory.predict(X) == y).all()
        geometry, recorder = functional(inner, target, [memory])
        p = predicted(memory, target)
        assert probability_discrepancy(p[np.newaxis], p).item() == 0.0  # in sample
        found = geometry.at(np.array([1.0, 0.0]))
        reference, _ = out_of_fold(recorder, target)
        wrong = np.mean(reference.argmax(axis=1) != y)
        assert 0.3 < wrong < 0.7
        assert_allclose(found.matrix, [[8 * wrong]])  # certain and wrong is 8
        # A tree of pure leaves has about as many parameters as rows, and not none.
        assert found.n_parameters > 30

    def test_moves_along_the_blend_of_predictions(self):
        inner = DecisionTreeClassifier(max_depth=2, random_state=0)
        target, _, sources = make_models(inner, 2)
        geometry, recorder = functional(inner, target, sources)
        reference, _ = out_of_fold(recorder, target)
        values = np.stack([predicted(source, target) for source in sources])
        shares = np.array([0.4, 0.3, 0.2, 0.1])
        blend = 0.4 * reference + 0.3 * values[0] + 0.2 * values[1] + 0.1 * values[2]
        found = geometry.at(shares)
        assert_allclose(found.matrix, probability_discrepancy(values, blend), rtol=1e-9)
        assert found.n_parameters == geometry.at(np.eye(4)[0]).n_parameters
        assert geometry.at(np.eye(4)[1]).matrix[0, 0] == 0.0

    def test_class_that_a_source_never_saw_has_probability_zero(self):
        inner = RandomForestClassifier(5, random_state=0)
        target = make_sample(inner, 0, n_classes=3)
        X, y = make_rows(1, 80, 3)
        source = fit_weighted(inner, X[y != 1], y[y != 1])
        geometry, recorder = functional(inner, target, [source])
        p = np.zeros((1, len(target.y), 3))
        p[0][:, [0, 2]] = source.estimator.predict_proba(target.X)
        M = probability_discrepancy(p, out_of_fold(recorder, target)[0])
        assert_allclose(geometry.at(np.array([1.0, 0.0])).matrix, M)

    def test_target_of_one_class_is_seen_from_its_smoothed_share(self):
        inner = DecisionTreeClassifier(max_depth=2, random_state=0)
        whole, _, sources = make_models(inner, 2)
        target = TargetSample(whole.X, np.zeros_like(whole.y), None, np.arange(2))
        largest = make_sample(inner, 3, 80)
        geometry, recorder = functional(inner, target, sources, largest=largest)
        values = np.stack([predicted(source, target) for source in sources])
        n_rows = len(target.y)
        share = np.array([n_rows + 1, 1]) / (n_rows + 2)
        M = probability_discrepancy(values, np.tile(share, (n_rows, 1)))
        found = geometry.at(np.eye(4)[0])
        assert_allclose(found.matrix, M)
        # The dimension is that of the largest source's folds, seen on the target's rows.
        folds = np.stack([predicted(model, target) for model in recorder.models])
        assert_allclose(found.n_parameters, effective_dimension(2 * np.sqrt(folds), 80))

    @pytest.mark.parametrize("n_samples", [1, 2, 3])
    def test_hardly_any_rows(self, n_samples):
        for inner, n_classes in [
            (DecisionTreeRegressor(max_depth=1), 0),
            (DecisionTreeClassifier(max_depth=1), 2),
        ]:
            whole, _, sources = make_models(inner, n_classes)
            rows = np.arange(n_samples)
            target = TargetSample(whole.X[rows], whole.y[rows], None, whole.classes)
            largest = make_sample(inner, 1, 80, n_classes)
            for own in (False, True):
                geometry, _ = functional(inner, target, sources, own=own, largest=largest)
                found = geometry.at(np.eye(4)[0])
                assert np.isfinite(found.matrix).all()
                assert 1 <= found.n_parameters < np.inf

    def test_one_row_of_a_class_leaves_a_constant(self):
        """Eight negative rows and no other say 9/10 : 1/10."""
        inner = DecisionTreeClassifier(max_depth=1, random_state=0)
        X, _ = make_rows(0, 11, 2)
        y = np.zeros(11, dtype=int)
        y[4] = 1
        target = TargetSample(X, y, None, np.arange(2))
        source = fit(inner, make_sample(inner, 1, 80))
        geometry, recorder = functional(inner, target, [source])
        # Four models have seen the positive row and eight negative ones; the fifth fold is larger.
        assert [len(seen) for seen in recorder.seen] == [9, 9, 9, 9]
        folds = [predicted(model, target) for model in recorder.models]
        constant = np.tile([0.9, 0.1], (11, 1))
        d = effective_dimension(2 * np.sqrt(np.stack([constant, *folds])), 11)
        assert_allclose(geometry.n_parameters, d)

    @pytest.mark.parametrize(
        "as_table", [sparse.csr_array, lambda X: pd.DataFrame(X, columns=list("abc"))]
    )
    def test_every_table_gives_the_same_gram(self, as_table):
        inner = DecisionTreeClassifier(max_depth=3, random_state=0)
        target, _, sources = make_models(inner, 2)
        grams = []
        for table in (target.X, as_table(target.X)):
            if isinstance(table, pd.DataFrame):
                name_features(sources)
            sample = TargetSample(table, target.y, None, target.classes)
            geometry = FunctionalGeometry(
                Family("bernoulli", linear=False),
                sample,
                sources,
                False,
                partial(fit_weighted, inner),
                never,
                0,
            )
            grams.append(geometry.at(np.eye(4)[0]))
        assert_allclose(grams[1].matrix, grams[0].matrix)
        assert grams[1].n_parameters == grams[0].n_parameters

    def test_the_seed_decides_the_folds(self):
        inner = DecisionTreeClassifier(max_depth=3, random_state=0)
        target, _, sources = make_models(inner, 2)
        grams = [
            functional(inner, target, sources, seed=seed)[0].at(np.eye(4)[0]).matrix
            for seed in (0, 0, 1)
        ]
        assert np.array_equal(grams[0], grams[1])
        assert not np.array_equal(grams[0], grams[2])


class TestLevels:
    """How much higher each source predicts than the target's rows show."""

    def levels(self, inner, n_classes, weighted=True):
        target, _, sources = make_models(inner, n_classes, shift=0.8)
        weight = np.random.default_rng(2).uniform(0.2, 2.0, len(target.y)) if weighted else None
        target = TargetSample(target.X, target.y, weight, target.classes)
        geometry, _ = functional(inner, target, sources, own=True)
        return geometry.levels, target, [predicted(source, target) for source in sources]

    def test_of_values_are_the_best_offset(self):
        found, target, values = self.levels(DecisionTreeRegressor(max_depth=3), 0)
        for level, value in zip(found, values, strict=True):
            best = minimize_scalar(
                lambda b, f=value: np.average(
                    (target.y - (f - b)) ** 2, weights=target.sample_weight
                )
            ).x
            assert_allclose(level, best, atol=1e-6)

    def test_of_counts_are_the_best_factor(self):
        inner = XGBRegressor(objective="count:poisson", n_estimators=5, max_depth=2, n_jobs=1)
        found, target, values = self.levels(inner, None)
        for level, value in zip(found, values, strict=True):
            best = minimize_scalar(
                lambda b, f=value: np.average(
                    f * np.exp(-b) + target.y * b, weights=target.sample_weight
                ),
                tol=1e-12,
            ).x
            assert_allclose(level, best, atol=1e-5)

    def test_of_two_classes_are_the_best_difference_of_log_odds(self):
        inner = RandomForestClassifier(5, max_depth=2, random_state=0)
        found, target, values = self.levels(inner, 2)
        weight = target.sample_weight
        share = (weight[target.y == 1].sum() + 0.5) / (weight.sum() + 1)  # Laplace
        for level, p in zip(found, values, strict=True):
            p = np.clip(p, 1e-6, None)
            odds = np.log(p[:, 1] / p[:, 0])
            best = minimize_scalar(
                lambda b, f=odds: np.average(np.logaddexp(0, f - b), weights=weight) + share * b,
                tol=1e-12,
            ).x
            assert_allclose(level, best, atol=1e-5)

    def test_of_many_classes_are_the_best_intercepts(self):
        inner = RandomForestClassifier(5, max_depth=2, random_state=0)
        found, target, values = self.levels(inner, 3)
        weight = target.sample_weight
        shares = np.array([weight[target.y == k].sum() + 0.5 for k in range(3)])
        shares /= shares.sum()
        for level, p in zip(found, values, strict=True):
            z = np.log(np.clip(p, 1e-6, None))
            best = minimize(
                lambda b, z=z: np.average(logsumexp(z - b, axis=1), weights=weight) + shares @ b,
                np.zeros(3),
                options={"gtol": 1e-9},
            ).x
            assert_allclose(level - level.mean(), best - best.mean(), atol=1e-4)

    @pytest.mark.parametrize(
        ("inner", "n_classes"),
        [(DecisionTreeRegressor(max_depth=3, random_state=0), 0), (LinearRegression(), 0)],
    )
    def test_of_sources_are_no_discrepancy(self, inner, n_classes):
        target = make_sample(inner, 0, n_classes=n_classes)
        samples = [make_sample(inner, seed, 80, n_classes) for seed in (1, 2)]
        raised = [TargetSample(s.X, s.y + 7.0 * (k + 1), None, None) for k, s in enumerate(samples)]
        grams = []
        for group in (samples, raised):
            geometry, _ = functional(inner, target, [fit(inner, s) for s in group], own=True)
            grams.append(geometry.at(np.eye(3)[0]).matrix)
        assert_allclose(grams[1], grams[0], rtol=1e-6)
        plain, _ = functional(inner, target, [fit(inner, s) for s in raised])
        assert (plain.at(np.eye(3)[0]).matrix.diagonal() > 10 * grams[0].diagonal()).all()

    def test_of_classifiers_are_no_discrepancy(self):
        """Two sources of equal slopes and other prevalence are one and the same."""
        inner = LogisticRegression(C=1e6)
        target = make_sample(inner, 0)
        one = fit(inner, make_sample(inner, 1, 80))
        other = FittedModel(clone(one.estimator), one.classes)
        for name in ("coef_", "classes_", "n_features_in_", "n_iter_"):
            setattr(other.estimator, name, getattr(one.estimator, name))
        other.estimator.intercept_ = one.estimator.intercept_ + 2.5
        geometry, _ = functional(inner, target, [one, other], own=True)
        M = geometry.at(np.eye(3)[0]).matrix
        assert_allclose(M, np.full((2, 2), M[0, 0]), rtol=1e-6)
        assert_allclose(geometry.levels[1] - geometry.levels[0], 2.5, rtol=1e-6)


def test_function_space_meets_the_parametric_gram_for_near_logistic_models():
    """Seen from the same target model, the two differ by a term of the order of the deviation."""
    inner = LogisticRegression(C=1e6)
    target = make_sample(inner, 0, 400)
    model = fit(inner, target)
    relative = []
    for scale in (0.3, 0.03):
        sources = []
        for sign in (-1.0, 1.0):
            source = FittedModel(clone(model.estimator), model.classes)
            for name in ("intercept_", "classes_", "n_features_in_", "n_iter_"):
                setattr(source.estimator, name, getattr(model.estimator, name))
            source.estimator.coef_ = model.estimator.coef_ + scale * np.array([[1.0, sign, 0.5]])
            sources.append(source)
        exact = parametric(inner, target, sources).at(model).matrix
        geometry, _ = functional(inner, target, [model, *sources])
        close = geometry.at(np.eye(4)[1]).matrix[1:, 1:]  # the blend is the model alone
        relative.append(np.abs(close - exact).max() / np.abs(exact).max())
    assert relative[1] < 0.02
    assert relative[1] < 0.2 * relative[0]
