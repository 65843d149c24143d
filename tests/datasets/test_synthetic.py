# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Planted domains: the truth that comes with them is true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.linear_model import LinearRegression, LogisticRegression

from sklearn_transfer.datasets import make_domains

COVARIANCE = np.array([[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]])
GRAM = np.array([[0.4, -0.2, 0.1], [-0.2, 0.3, 0.0], [0.1, 0.0, 0.2]])


def _all_classes(domains, domain):
    """Intercept and coefficients per class, of any domain."""
    intercept, coef = domains.intercept[domain], domains.coef[domain]
    if coef.ndim == 1:
        return np.array([0.0, intercept]), np.array([np.zeros_like(coef), coef])
    return intercept, coef


def _gram_terms(domains, X, own_intercept):
    """Per row of X, the products of the changes of the linear predictors, by definition.

    With own intercepts, each change is taken less its weighted mean over the rows.
    """
    intercept, coef = _all_classes(domains, 0)
    p = softmax(intercept + X @ coef.T, axis=1)
    V = p[:, :, np.newaxis] * (np.eye(p.shape[1]) - p[:, np.newaxis, :])
    changes = []
    for source in range(1, len(domains.coef)):
        b, B = _all_classes(domains, source)
        Z = (b - intercept) + X @ (B - coef).T
        if own_intercept:
            Z = Z - np.linalg.pinv(V.mean(axis=0)) @ np.einsum("nab,nb->a", V, Z) / len(X)
        changes.append(Z)
    changes = np.array(changes)
    return np.einsum("ina,nab,jnb->nij", changes, V, changes, optimize=True)


@pytest.mark.parametrize("domain_effects", [None, "intercept"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_discrepancy_agrees_with_that_of_many_rows(n_classes, domain_effects):
    """Nine averages of 100 000 terms: six standard errors are exceeded with probability 2e-8."""
    domains = make_domains(
        100_000,
        3,
        1,
        n_features=3,
        n_classes=n_classes,
        discrepancy=GRAM,
        domain_effects=domain_effects,
        feature_covariance=COVARIANCE,
        random_state=0,
    )
    X = domains.data[domains.sample_domain == "target"]
    terms = _gram_terms(domains, X, domain_effects == "intercept")
    standard_error = terms.std(axis=0) / np.sqrt(len(X))
    assert (abs(terms.mean(axis=0) - domains.discrepancy) < 6 * standard_error).all()
    np.testing.assert_allclose(domains.discrepancy, GRAM, atol=1e-12)


@pytest.mark.parametrize("domain_effects", [None, "intercept"])
def test_discrepancy_of_linear_models_is_exact(domain_effects):
    domains = make_domains(
        n_sources=3,
        kind="regression",
        n_features=3,
        discrepancy=GRAM,
        domain_effects=domain_effects,
        noise=1.7,
        feature_covariance=COVARIANCE,
        random_state=0,
    )
    change = domains.coef[1:] - domains.coef[0]
    gram = change @ COVARIANCE @ change.T
    if domain_effects is None:
        change = domains.intercept[1:] - domains.intercept[0]
        gram += np.outer(change, change)
    np.testing.assert_allclose(domains.discrepancy, gram / 1.7**2, atol=1e-12)
    np.testing.assert_allclose(domains.discrepancy, GRAM, atol=1e-12)


@pytest.mark.parametrize("discrepancy", [0.3, [0.0, 0.3, 3.0]])
@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_squared_distances_are_those_asked_for(kind, discrepancy):
    domains = make_domains(
        n_sources=3, kind=kind, n_classes=3, discrepancy=discrepancy, random_state=1
    )
    expected = np.broadcast_to(discrepancy, 3)
    np.testing.assert_allclose(np.diag(domains.discrepancy), expected, atol=1e-10)


@pytest.mark.parametrize(
    ("kind", "n_classes", "domain_effects", "n_parameters"),
    [
        ("regression", 2, None, 6),
        ("regression", 2, "intercept", 5),
        ("classification", 2, None, 6),
        ("classification", 2, "intercept", 5),
        ("classification", 4, None, 18),
        ("classification", 4, "intercept", 15),
    ],
)
def test_number_of_shared_parameters(kind, n_classes, domain_effects, n_parameters):
    domains = make_domains(
        kind=kind, n_features=5, n_classes=n_classes, domain_effects=domain_effects, random_state=0
    )
    assert domains.n_parameters == n_parameters


def _risk(weights, discrepancy, sizes, n_target, d):
    """Expected Kullback-Leibler risk of the weighted fit, written out."""
    v = weights * sizes
    total = n_target + v.sum()
    variance = d * (n_target + (weights**2 * sizes).sum()) / total**2
    return (variance + v @ discrepancy @ v / total**2) / 2


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    sizes=st.lists(st.integers(5, 2000), min_size=1, max_size=5),
    scale=st.floats(1e-3, 3.0),
    kind=st.sampled_from(["classification", "regression"]),
)
def test_optimal_weights_have_the_least_risk(seed, sizes, scale, kind):
    """Against a general bounded optimiser on the risk itself, and its closed form."""
    domains = make_domains(
        40, len(sizes), sizes, kind=kind, n_features=3, discrepancy=scale, random_state=seed
    )
    sizes = np.array(sizes)
    arguments = (domains.discrepancy, sizes, 40, domains.n_parameters)
    least = _risk(domains.optimal_weights, *arguments)
    borrowed = domains.optimal_weights @ sizes
    assert least == pytest.approx(domains.n_parameters / (2 * (40 + borrowed)), rel=1e-8)
    search = minimize(
        _risk, np.full(len(sizes), 0.5), arguments, bounds=[(0, None)] * len(sizes), tol=1e-14
    )
    assert least <= search.fun * (1 + 1e-9)


def test_one_source_has_the_closed_form():
    domains = make_domains(50, 1, 300, discrepancy=0.2, n_features=4, random_state=0)
    assert domains.optimal_weights == pytest.approx([1 / (1 + 300 * 0.2 / 5)])


def test_identical_sources_have_weight_one():
    domains = make_domains(n_sources=3, discrepancy=0.0, n_classes=3, random_state=0)
    np.testing.assert_allclose(domains.optimal_weights, 1.0)
    for planted in (domains.coef, domains.intercept):
        np.testing.assert_array_equal(planted[1:], np.repeat(planted[:1], 3, axis=0))


def test_own_intercepts_differ_at_any_discrepancy():
    options = {"n_sources": 4, "discrepancy": 0.0, "domain_effects": "intercept"}
    domains = make_domains(**options, effect_scale=2.0, random_state=0)
    assert (domains.coef == domains.coef[0]).all()
    assert len(set(domains.intercept)) == 5
    np.testing.assert_allclose(domains.optimal_weights, 1.0)
    shifts = domains.intercept[1:] - domains.intercept[0]
    halved = make_domains(**options, effect_scale=1.0, random_state=0)
    np.testing.assert_allclose(halved.intercept[1:] - halved.intercept[0], shifts / 2)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_signal_is_the_spread_of_the_linear_predictor(n_classes):
    domains = make_domains(
        n_classes=n_classes,
        n_features=3,
        signal=2.5,
        feature_covariance=COVARIANCE,
        random_state=0,
    )
    coef = np.atleast_2d(domains.coef[0])
    variance = np.einsum("cp,pq,cq->c", coef, COVARIANCE, coef).mean()
    assert np.sqrt(variance) == pytest.approx(2.5)
    if n_classes > 2:
        np.testing.assert_allclose(coef.sum(axis=0), 0, atol=1e-12)


def test_regression_recovers_what_was_planted():
    """Errors of 20 000 rows with noise 0.5; six standard errors."""
    domains = make_domains(
        20_000, 1, 20_000, kind="regression", noise=0.5, discrepancy=2.0, random_state=0
    )
    for number, label in enumerate(["target", "source_0"]):
        rows = domains.sample_domain == label
        X, y = domains.data[rows], domains.target[rows]
        model = LinearRegression().fit(X, y)
        bound = 6 * 0.5 / np.sqrt(20_000)
        np.testing.assert_allclose(model.coef_, domains.coef[number], rtol=0, atol=bound)
        assert model.intercept_ == pytest.approx(domains.intercept[number], abs=bound)
        assert np.std(y - model.predict(X)) == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classification_recovers_what_was_planted(n_classes):
    """The fit's coefficients lie within six of their standard errors, from the planted model."""
    domains = make_domains(
        30_000, 1, 30_000, n_classes=n_classes, n_features=3, discrepancy=1.0, random_state=0
    )
    for number, label in enumerate(["target", "source_0"]):
        rows = domains.sample_domain == label
        X, y = domains.data[rows], domains.target[rows]
        model = LogisticRegression(C=1e6, tol=1e-8).fit(X, y)
        assert model.classes_.tolist() == list(range(n_classes))
        intercept, coef = _all_classes(domains, number)
        p = softmax(intercept + X @ coef.T, axis=1)[:, 1:]
        X1 = np.column_stack([np.ones(len(X)), X])
        information = np.block(
            [
                [(X1.T * (p[:, a] * ((a == b) - p[:, b]))) @ X1 for b in range(n_classes - 1)]
                for a in range(n_classes - 1)
            ]
        )
        standard_error = np.sqrt(np.diag(np.linalg.inv(information))).reshape(n_classes - 1, 4)
        fitted = np.column_stack([model.intercept_, model.coef_])
        if n_classes > 2:
            fitted = fitted[1:] - fitted[0]
        planted = np.column_stack([intercept[1:] - intercept[0], coef[1:] - coef[0]])
        assert (abs(fitted - planted) < 6 * standard_error).all()


def test_features_have_the_covariance():
    domains = make_domains(
        50_000, 1, 1, n_features=3, feature_covariance=COVARIANCE, random_state=0
    )
    X = domains.data[:50_000]
    np.testing.assert_allclose(np.cov(X.T), COVARIANCE, atol=6 * 2 * np.sqrt(2 / 50_000))
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=6 * np.sqrt(2 / 50_000))


def test_rows_and_labels():
    domains = make_domains(20, 12, np.arange(1, 13), random_state=0)
    labels, counts = np.unique(domains.sample_domain, return_counts=True)
    # sorted labels are in the order of the arrays
    assert labels.tolist() == [*domains.source_domains, "target"]
    assert counts.tolist() == [*range(1, 13), 20]
    assert domains.source_domains[0] == "source_00"
    assert domains.data.shape == (20 + 78, 10)
    assert domains.coef.shape == (13, 10)
    assert domains.intercept.shape == (13,)
    assert make_domains(n_classes=3, random_state=0).coef.shape == (9, 3, 10)
    assert set(make_domains(n_target=500, n_classes=3, random_state=0).target) == {0, 1, 2}


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_same_seed_same_draw(kind):
    first, again, other = (make_domains(kind=kind, random_state=seed) for seed in (3, 3, 4))
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])
    assert not np.array_equal(first.data, other.data)
    assert not np.array_equal(first.coef, other.coef)


@pytest.mark.parametrize("covariance", [None, COVARIANCE])
def test_more_rows_leave_models_and_rows_as_they_were(covariance):
    options = {"n_features": 3, "feature_covariance": covariance, "random_state": 0}
    few = make_domains(30, 2, 40, **options)
    more = make_domains(90, 2, [40, 70], **options)
    np.testing.assert_array_equal(few.coef, more.coef)
    np.testing.assert_allclose(few.data[:30], more.data[:30], rtol=1e-12)
    np.testing.assert_array_equal(few.target[:30], more.target[:30])
    for label in few.source_domains:
        there, here = few.sample_domain == label, more.sample_domain == label
        np.testing.assert_allclose(few.data[there], more.data[here][:40], rtol=1e-12)
        np.testing.assert_array_equal(few.target[there], more.target[here][:40])


def test_the_global_random_state_stays_untouched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_domains(random_state=0)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(
    "options",
    [
        {"n_target": 0},
        {"n_sources": 2.0},
        {"n_features": True},
        {"n_samples_sources": 0},
        {"n_samples_sources": [5, 5]},
        {"n_samples_sources": 10.5},
        {"kind": "ranking"},
        {"n_classes": 1},
        {"domain_effects": "slope"},
        {"noise": 0.0},
        {"signal": -1.0},
        {"effect_scale": np.inf},
        {"discrepancy": -0.1},
        {"discrepancy": [0.1, 0.2]},
        {"discrepancy": np.nan},
        {"discrepancy": np.diag([1.0, 1.0, -1.0])},
        {"discrepancy": np.triu(np.ones((3, 3)))},
        {"discrepancy": np.eye(3), "n_features": 1},
        {"feature_covariance": np.eye(2)},
        {"feature_covariance": np.zeros((10, 10))},
    ],
)
def test_bad_parameters(options):
    with pytest.raises(ValueError, match=r"must be .*Got .* instead") as info:
        make_domains(**({"n_sources": 3} | options))
    assert str(info.value).startswith(f"`{next(iter(options))}`")


@pytest.mark.slow
def test_planted_weights_have_the_risk_they_promise():
    """Simulated risk of weighted least squares at the planted weights.

    4000 repeats put the standard error at about 1 %; the formula's own error at these sizes is of
    order d / (N_0 + s), about 2 %. Other weights must do worse by their formula's margin.
    """
    options = {"n_features": 4, "kind": "regression", "domain_effects": None}
    sizes = np.array([200, 300])
    gram = np.array([[0.05, -0.01], [-0.01, 0.02]])
    base = make_domains(100, 2, sizes, discrepancy=gram, random_state=0, **options)
    rng = np.random.default_rng(0)
    theta = np.column_stack([base.intercept, base.coef])
    simulated = {"optimal": [], "target": [], "pooled": []}
    weights = {"optimal": base.optimal_weights, "target": np.zeros(2), "pooled": np.ones(2)}
    for _ in range(4000):
        X = np.column_stack([np.ones(600), rng.standard_normal((600, 4))])
        y = np.einsum("np,np->n", X, theta[np.repeat([0, 1, 2], [100, 200, 300])])
        y += rng.standard_normal(600)
        for name, w in weights.items():
            row_weights = np.repeat([1.0, *w], [100, 200, 300])
            error = np.linalg.solve((X.T * row_weights) @ X, X.T @ (row_weights * y)) - theta[0]
            simulated[name].append(error @ error / 2)
    for name, w in weights.items():
        formula = _risk(w, base.discrepancy, sizes, 100, base.n_parameters)
        assert np.mean(simulated[name]) == pytest.approx(formula, rel=0.08), name
    assert np.mean(simulated["optimal"]) < np.mean(simulated["pooled"])
    assert np.mean(simulated["optimal"]) < np.mean(simulated["target"])
