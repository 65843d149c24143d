# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Geometry of models that have no coefficients: out-of-fold predictions against slow loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.ensemble import (
    RandomForestClassifier,
)
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from sklearn_transfer._families import Family, TargetSample, model_family
from sklearn_transfer._model_geometry import FunctionalGeometry
from sklearn_transfer._weighted_fit import FittedModel, fit_weighted
from sklearn_transfer.discrepancy import (
    effective_dimension,
    predictor_discrepancy,
    probability_discrepancy,
)
from tests.model_geometry_data import (
    fit,
    make_models,
    make_rows,
    make_sample,
    name_features,
    never,
    parametric,
)


class Recorder:
    """How folds are fitted, with a note of the rows each model has seen."""

    def __init__(self, inner):
        self.inner = inner
        self.seen = []
        self.models = []

    def __call__(self, sample):
        self.seen.append({row.tobytes() for row in np.asarray(sample.X)})
        self.models.append(fit_weighted(self.inner, sample.X, sample.y, sample.sample_weight))
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
                lambda part: fit_weighted(inner, part.X, part.y),
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
