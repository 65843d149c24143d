# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Two-stage TrAdaBoost.R2: schedule, frozen sources, folds and the number of fits."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeRegressor

from sklearn_transfer.boosting import TwoStageTrAdaBoostRegressor


class Witness(Ridge):
    """Notes rows and weights of every fit; the last column of X is the number of the row."""

    seen: ClassVar[list[dict[int, float]]] = []  # shared by all clones

    def fit(self, X, y, sample_weight=None):
        Witness.seen.append(dict(zip(X[:, -1].astype(int).tolist(), sample_weight, strict=True)))
        return super().fit(X[:, :-1], y, sample_weight)

    def predict(self, X):
        return super().predict(X[:, :-1])


@pytest.fixture(autouse=True)
def _nothing_seen():
    Witness.seen.clear()


def _problem(n_source=40, n_target=12, opposite=False):
    rng = np.random.default_rng(5)
    n = n_source + n_target
    domain = np.repeat(["s", "t"], [n_source, n_target])
    X = np.column_stack([rng.standard_normal((n, 2)), np.arange(n)])
    slope = np.where(domain == "s", -1.0 if opposite else 1.3, 1.0)
    return X, slope * X[:, 0] + 0.3 * rng.standard_normal(n), domain


def _fit(problem, **params):
    X, y, domain = problem
    model = TwoStageTrAdaBoostRegressor(Witness(), target_domain="t", random_state=0, **params)
    return model.fit(X, y, sample_domain=domain)


def test_target_share_rises_evenly_from_its_rows_to_all():
    model = _fit(_problem(), n_estimators=2, n_steps=6, n_folds=2)
    first = 12 / 52
    expected = [first + t / 5 * (1 - first) for t in range(6)]
    assert_allclose(model.history_["target_share"], expected, rtol=1e-12)
    # Hence (1 - share) / 40 over share / 12 for the mean row of the source.
    shares = np.array(expected)
    relative = ((1 - shares) / 40) / (shares / 12)
    assert_allclose(model.history_["weights"][:, 0], relative, atol=1e-12)


def test_first_stage_lowers_rows_with_large_errors_first():
    _fit(_problem(), n_estimators=1, n_steps=4, n_folds=2)
    before, after = Witness.seen[0], Witness.seen[1]  # the fits of steps 0 and 1
    X, y, _ = _problem()
    error = np.abs(y - Ridge().fit(X[:, :-1], y).predict(X[:, :-1]))
    factor = np.array([after[i] / before[i] for i in range(40)]) / (after[40] / before[40])
    order = np.argsort(error[:40])
    assert (np.diff(factor[order]) <= 1e-12).all()
    # w beta^e: the logarithms are proportional to the errors.
    assert_allclose(np.log(factor) / error[:40], np.log(factor[0]) / error[0])
    target = np.array([after[i] / before[i] for i in range(40, 52)])
    assert_allclose(target, target[0])


def test_second_stage_leaves_the_sources_alone():
    model = _fit(_problem(), n_estimators=4, n_steps=3, n_folds=2)
    assert model.step_ < 2
    final = Witness.seen[-len(model.estimators_) :]
    assert len(final) == 4
    for weights in final[1:]:
        assert_allclose([weights[i] for i in range(40)], [final[0][i] for i in range(40)])
        mass = [sum(w[i] for i in range(40, 52)) for w in (weights, final[0])]
        assert mass[0] == pytest.approx(mass[1])
    assert np.ptp([final[-1][i] for i in range(40, 52)]) > 0.1
    assert_allclose(model.source_weights_, model.history_["weights"][model.step_])


def test_last_step_knows_the_target_alone():
    """It is kept where the source says the opposite, and boosts the target by itself."""
    X, y, domain = _problem(opposite=True)
    model = _fit((X, y, domain), n_estimators=3, n_steps=4, n_folds=3)
    assert model.step_ == 3
    assert model.source_weights_.tolist() == [0.0]
    final = Witness.seen[-len(model.estimators_) :]
    assert all(sorted(weights) == list(range(40, 52)) for weights in final)
    # Residuals of absent rows are not the unit of the errors: they would be seven times larger.
    own = Ridge().fit(X[40:, :-1], y[40:])
    error = np.abs(y[40:] - own.predict(X[40:, :-1]))
    assert_allclose(model.estimator_errors_[0], (error / error.max()).mean())


def test_all_learners_of_the_second_stage_count():
    """The median of AdaBoost.R2 knows no last half."""
    model = _fit(_problem(), n_estimators=5, n_steps=2, n_folds=2)
    assert len(model.estimators_) == 5
    assert (model.estimator_weights_ > 0).all()


@pytest.mark.parametrize(("n_folds", "used"), [(2, 2), (5, 5), (50, 12)])
def test_number_of_fits(n_folds, used):
    """No fit is hidden: S - 2 in stage 1, S F N in the folds, N at the end, at most."""
    _fit(_problem(), n_estimators=1, n_steps=4, n_folds=n_folds)
    assert len(Witness.seen) == (4 - 2) + 4 * used + 1
    Witness.seen.clear()
    _fit(_problem(), n_estimators=3, n_steps=4, n_folds=n_folds)
    assert (4 - 2) + 4 * used + 1 < len(Witness.seen) <= (4 - 2) + 4 * used * 3 + 3


def test_folds_hold_out_every_target_row_once_and_no_source_row():
    _fit(_problem(), n_estimators=1, n_steps=2, n_folds=3)
    folds = Witness.seen[:3]
    missing = [set(range(52)) - set(weights) for weights in folds]
    assert sorted(len(rows) for rows in missing) == [4, 4, 4]
    assert set.union(*missing) == set(range(40, 52))


def test_errors_of_the_folds_are_weighted_as_the_user_says():
    """Each target row is a fold; step 1 of 2 is the target alone."""
    X, y, domain = _problem()
    weight = np.linspace(1, 3, len(y))
    model = TwoStageTrAdaBoostRegressor(
        Ridge(), target_domain="t", n_estimators=1, n_steps=2, n_folds=12
    ).fit(X[:, :-1], y, weight, sample_domain=domain)
    squares = np.zeros(12)
    for i in range(12):
        rest = np.delete(np.arange(40, 52), i)
        one = Ridge().fit(X[rest, :-1], y[rest], weight[rest])
        squares[i] = (y[40 + i] - one.predict(X[[40 + i], :-1])[0]) ** 2
    assert_allclose(model.history_["cv_error"][1], np.average(squares, weights=weight[40:]))


def test_folds_are_shuffled():
    """Contiguous folds would hold out neighbours, which tables keep in order."""
    _fit(_problem(), n_estimators=1, n_steps=2, n_folds=3)
    missing = [sorted(set(range(52)) - set(weights)) for weights in Witness.seen[:3]]
    assert any(rows != list(range(rows[0], rows[0] + 4)) for rows in missing)


def test_result_does_not_depend_on_n_jobs():
    X, y, domain = _problem()
    inner = DecisionTreeRegressor(max_depth=3, max_features=1)
    models = [
        TwoStageTrAdaBoostRegressor(
            inner, target_domain="t", n_estimators=2, n_steps=3, n_folds=2, n_jobs=n, random_state=1
        ).fit(X, y, sample_domain=domain)
        for n in (1, 2)
    ]
    assert_array_equal(models[0].history_["cv_error"], models[1].history_["cv_error"])
    assert_array_equal(models[0].predict(X), models[1].predict(X))


def test_one_target_row_is_refused():
    X, y, domain = _problem(n_target=1)
    with pytest.raises(ValueError, match=r"at least 2 rows.*Got 1 instead"):
        _fit((X, y, domain))
    assert not Witness.seen


def test_without_sources_there_is_no_step():
    X, y, _ = _problem()
    model = TwoStageTrAdaBoostRegressor(Ridge()).fit(X[:, :-1], y)
    assert model.step_ is None
    assert_array_equal(model.predict(X[:, :-1]), Ridge().fit(X[:, :-1], y).predict(X[:, :-1]))
