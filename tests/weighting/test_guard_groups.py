# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The guard where rows come in groups: what it holds out, and what that is worth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import mean_squared_error

from sklearn_transfer._folds import deal_folds
from sklearn_transfer._math.pseudo_bma import pseudo_bma_weights
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.hierarchical import RandomCoefficientsClassifier
from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor, _guard_population
from tests.weighting.guard_data import TARGET, TIGHT, make_data, seed_of

N_SHARED = 3  # patients of the target, whom a source has seen too


def patients(y, domain):
    """Four rows a patient; three patients of the target are rows of the last source as well."""
    groups = 1000 + np.arange(len(y)) // 4
    own = np.flatnonzero(domain == TARGET)
    groups[own] = np.arange(len(own)) // 4
    last = np.flatnonzero(domain == domain[-1])
    groups[last[:N_SHARED]] = np.arange(N_SHARED)
    return groups


@pytest.mark.parametrize("guard", ["auto", "select"])
def test_losses_of_the_ends(guard, monkeypatch):
    """Target alone and pooled by plain loops over groups, without their rows in the source."""
    X, y, domain = make_data(9)
    groups = patients(y, domain)
    own = np.flatnonzero(domain == TARGET)
    asked = []

    def remembered(losses, weight, **options):
        asked.append((losses, weight, options))
        return pseudo_bma_weights(losses, weight, **options)

    monkeypatch.setattr(_guard_population, "pseudo_bma_weights", remembered)
    model = UOWQClassifier(
        LogisticRegression(**TIGHT), target_domain=TARGET, guard=guard, random_state=3
    )
    model.fit(X, y, sample_domain=domain, groups=groups)
    # The groups are numbered by where they first appear, which deals them out.
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups.tolist()))}
    codes = np.array([numbers[group] for group in groups.tolist()])
    folds = deal_folds(y[own], 5, np.array([0, 1]), seed_of(3), codes[own])
    losses, order = [], []
    for fold in range(5):
        test = own[folds == fold]
        train = np.flatnonzero(~np.isin(groups, groups[test]))
        order += test.tolist()
        for row in test:
            fitted = [
                LogisticRegression(**TIGHT).fit(X[rows], y[rows])
                for rows in (np.intersect1d(train, own), train)
            ]
            losses.append([-np.log(end.predict_proba(X[[row]])[0, y[row]]) for end in fitted])
    names = ["target", "pooled"]
    found = dict(zip(model.candidates_, model.candidate_losses_, strict=True))
    assert_allclose([found[name] for name in names], np.mean(losses, axis=0), rtol=1e-4)
    if guard == "select":
        assert np.isnan(model.group_correlation_)
        return
    ((by_row, weight, options),) = asked
    assert_allclose(by_row[:, 1:], losses, rtol=1e-4)
    # Rows of a patient count by their design effect, in the bootstrap they are drawn together.
    assert_allclose(weight, 1 / (1 + 3 * model.group_correlation_))
    assert_array_equal(options["groups"], codes[order])
    alone = RandomCoefficientsClassifier(
        LogisticRegression(**TIGHT), target_domain=TARGET, random_state=3
    ).fit(X, y, sample_domain=domain, groups=groups)
    assert model.group_correlation_ == alone.group_correlation_


def test_select_steps_aside_where_the_target_is_one_group():
    X, y, domain = make_data(9)
    groups = np.where(domain == TARGET, -1, np.arange(len(y)))
    model = UOWQClassifier(target_domain=TARGET, guard="select", random_state=0)
    with pytest.warns(TransferWarning, match="of two groups where there are groups"):
        model.fit(X, y, sample_domain=domain, groups=groups)
    assert np.isnan(model.candidate_losses_).all()
    model.set_params(guard="auto").fit(X, y, sample_domain=domain, groups=groups)
    assert np.isnan(model.candidate_losses_).all()
    assert_array_equal(model.candidate_weights_, [1.0, 0.0, 0.0])


def weather(seed):
    """Four days of eight hours each in the target: the weather and much else are the day's."""
    rng = np.random.default_rng(seed)

    def days(n, hours, level):
        sky = np.repeat(rng.normal(size=(n, 3)), hours, axis=0)
        X = np.column_stack([sky, rng.normal(size=n * hours)])
        y = X @ [1.0, -1.0, 0.5, 1.0] + np.repeat(rng.normal(size=n), hours)
        return X, y + level + 0.5 * rng.normal(size=len(y)), np.repeat(np.arange(n), hours)

    parts = [days(4, 8, 0.0), *(days(40, 8, 0.3 * rng.normal()) for _ in range(4))]
    domain = np.repeat(np.arange(5), [len(part[1]) for part in parts])
    X, y, day = (np.concatenate(column) for column in zip(*parts, strict=True))
    return X, y, domain, 100 * domain + day, days(200, 4, 0.0)


def test_hours_of_a_few_days():
    """A model of four days knows them by heart; told of days, the guard does not believe it.

    Ten draws: the chance that a method no better is the better one nine times is 0.011.
    """
    better, off = 0, []
    for seed in range(10):
        X, y, domain, day, (X_new, y_new, _) = weather(seed)
        errors, thought = [], []
        for groups in (None, day):
            model = UOWQRegressor(Ridge(), target_domain=0, random_state=0)
            model.fit(X, y, sample_domain=domain, groups=groups)
            errors.append(mean_squared_error(y_new, model.predict(X_new)))
            thought.append(model.candidate_losses_[1])
        own = domain == 0
        alone = Ridge().fit(X[own], y[own])
        true = mean_squared_error(y_new, alone.predict(X_new))
        off.append([np.log(value / true) for value in thought])
        better += errors[1] < errors[0]
    assert binomtest(better, 10, alternative="greater").pvalue < 0.02
    # Out of rows the target alone looks several times as good as it is; out of days it does not.
    by_rows, by_days = np.mean(off, axis=0)
    assert by_rows < np.log(0.25)
    assert abs(by_days) < np.log(2.0)
