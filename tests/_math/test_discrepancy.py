# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Gram matrices against Fisher matrices formed explicitly, and the jackknife dimension."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LinearRegression, LogisticRegression

from sklearn_transfer._math.discrepancy import (
    FAMILIES,
    deviation_gram,
    information_weight,
    predictor_deviations,
    predictor_divergence,
    prior_tangents,
    probability_deviations,
)
from sklearn_transfer.datasets import make_domains
from sklearn_transfer.discrepancy import (
    predictor_discrepancy,
    probability_discrepancy,
)

SCALAR_FAMILIES = [family for family in FAMILIES if family != "multinomial"]
OPTIONS = {
    "bernoulli": {},
    "multinomial": {},
    "gaussian": {"dispersion": 2.5},
    "poisson": {},
    "gamma": {"dispersion": 0.4},
    "tweedie": {"dispersion": 1.7, "power": 1.3},
}


def tweedie_variance(mean, dispersion, power):
    """Variance of the compound Poisson-gamma sum: rate times second moment of a jump."""
    rate = mean ** (2 - power) / (dispersion * (2 - power))
    shape, scale = (2 - power) / (power - 1), dispersion * (power - 1) * mean ** (power - 1)
    return rate * (shape + shape**2) * scale**2


def score_variance(eta, family, dispersion=1.0, power=1.5):
    """Variance of d log p(y) / d eta, out of the variance of the distribution itself."""
    mean = np.exp(eta)
    if family == "bernoulli":
        mean = 1 / (1 + np.exp(-eta))
        return stats.bernoulli(mean).var()  # the score is y - p
    if family == "gaussian":
        return stats.norm(eta, np.sqrt(dispersion)).var() / dispersion**2
    if family == "poisson":
        return stats.poisson(mean).var()
    if family == "gamma":
        return stats.gamma(1 / dispersion, scale=mean * dispersion).var() / (dispersion * mean) ** 2
    variance = tweedie_variance(mean, dispersion, power)
    return variance * (mean ** (1 - power) / dispersion) ** 2


def fisher_matrix(design, theta, family, weight, **options):
    """Second moment of the scores of all parameters: slow, one row and one class at a time."""
    n_classes = len(theta) if family == "multinomial" else 1
    size = n_classes * design.shape[1]
    information = np.zeros((size, size))
    for row, share in zip(design, weight / weight.sum(), strict=True):
        if family == "multinomial":
            p = softmax(theta @ row)
            for label in range(n_classes):
                score = np.kron(np.eye(n_classes)[label] - p, row)
                information += share * p[label] * np.outer(score, score)
        else:
            information += (
                share * score_variance(theta @ row, family, **options) * np.outer(row, row)
            )
    return information


def make_problem(family, seed=0, n_samples=25, n_features=3, n_sources=4, n_classes=3):
    """Rows with an intercept column first, the target's parameters, the sources' and weights."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n_samples), rng.standard_normal((n_samples, n_features))])
    outputs = (n_classes,) if family == "multinomial" else ()
    theta = rng.standard_normal((*outputs, n_features + 1))
    sources = theta + rng.standard_normal((n_sources, *theta.shape))
    return design, theta, sources, rng.uniform(0.1, 3.0, n_samples)


def gram_arguments(family, design, theta, sources):
    if family == "multinomial":
        return np.einsum("kcf,nf->knc", sources, design), design @ theta.T
    return sources @ design.T, design @ theta


def random_probabilities(rng, *shape, n_classes=3):
    return rng.dirichlet(np.full(n_classes, 0.7), size=shape)


class TestParametricGram:
    @pytest.mark.parametrize("family", FAMILIES)
    @pytest.mark.parametrize("weighted", [False, True])
    def test_is_the_quadratic_form_of_the_fisher_matrix(self, family, weighted):
        design, theta, sources, weight = make_problem(family)
        weight = weight if weighted else np.ones(len(design))
        J = fisher_matrix(design, theta, family, weight, **OPTIONS[family])
        delta = (sources - theta).reshape(len(sources), -1)
        M = predictor_discrepancy(
            *gram_arguments(family, design, theta, sources),
            family=family,
            sample_weight=weight if weighted else None,
            **OPTIONS[family],
        )
        assert_allclose(M, delta @ J @ delta.T, rtol=1e-10)

    @pytest.mark.parametrize("family", SCALAR_FAMILIES)
    def test_own_intercepts_leave_the_schur_complement(self, family):
        design, theta, sources, weight = make_problem(family, seed=1)
        J = fisher_matrix(design, theta, family, weight, **OPTIONS[family])
        efficient = J[1:, 1:] - np.outer(J[1:, 0], J[0, 1:]) / J[0, 0]
        delta = (sources - theta)[:, 1:]
        M = predictor_discrepancy(
            *gram_arguments(family, design, theta, sources),
            family=family,
            sample_weight=weight,
            own_intercepts=True,
            **OPTIONS[family],
        )
        assert_allclose(M, delta @ efficient @ delta.T, rtol=1e-10)

    def test_own_intercepts_of_softmax_need_the_pseudo_inverse(self):
        design, theta, sources, weight = make_problem("multinomial", seed=2)
        J = fisher_matrix(design, theta, "multinomial", weight)
        per_class = design.shape[1]
        own = np.arange(0, len(J), per_class)
        shared = np.setdiff1d(np.arange(len(J)), own)
        J_bb = J[np.ix_(own, own)]
        assert np.linalg.matrix_rank(J_bb) == len(own) - 1  # equal intercepts change nothing
        cross = J[np.ix_(shared, own)]
        efficient = J[np.ix_(shared, shared)] - cross @ np.linalg.pinv(J_bb, rcond=1e-10) @ cross.T
        delta = (sources - theta)[:, :, 1:].reshape(len(sources), -1)
        M = predictor_discrepancy(
            *gram_arguments("multinomial", design, theta, sources),
            family="multinomial",
            sample_weight=weight,
            own_intercepts=True,
        )
        assert_allclose(M, delta @ efficient @ delta.T, rtol=1e-9)

    @pytest.mark.parametrize("family", FAMILIES)
    def test_own_intercepts_are_the_best_intercepts(self, family):
        """Profiling is minimising over the intercepts that the source might have had."""
        design, theta, sources, weight = make_problem(family, seed=3)
        J = fisher_matrix(design, theta, family, weight, **OPTIONS[family])
        intercepts = np.eye(len(J))[:, :: design.shape[1]]
        values, vectors = np.linalg.eigh(J)
        root = (vectors * np.sqrt(np.maximum(values, 0))).T
        M = predictor_discrepancy(
            *gram_arguments(family, design, theta, sources),
            family=family,
            sample_weight=weight,
            own_intercepts=True,
            **OPTIONS[family],
        )
        for delta, squared in zip(
            (sources - theta).reshape(len(sources), -1), M.diagonal(), strict=True
        ):
            best = np.linalg.lstsq(root @ intercepts, -root @ delta, rcond=1e-8)[0]
            assert_allclose(squared, np.sum((root @ (delta + intercepts @ best)) ** 2), rtol=1e-8)

    def test_softmax_does_not_see_the_over_parametrisation(self):
        rng = np.random.default_rng(4)
        design, theta, sources, _ = make_problem("multinomial")
        eta, eta_0 = gram_arguments("multinomial", design, theta, sources)
        common = rng.standard_normal((len(eta), len(design), 1)) * 10
        moved = predictor_discrepancy(eta + common, eta_0 - 3.0, family="multinomial")
        assert_allclose(moved, predictor_discrepancy(eta, eta_0, family="multinomial"), rtol=1e-11)

    @given(st.permutations(range(4)))
    def test_softmax_does_not_see_the_order_of_classes(self, order):
        design, theta, sources, _ = make_problem("multinomial", n_classes=4, n_features=2)
        eta, eta_0 = gram_arguments("multinomial", design, theta, sources)
        for own in (False, True):
            M = predictor_discrepancy(eta, eta_0, family="multinomial", own_intercepts=own)
            permuted = predictor_discrepancy(
                eta[..., order], eta_0[..., order], family="multinomial", own_intercepts=own
            )
            assert_allclose(permuted, M, rtol=1e-10, atol=1e-13)

    @pytest.mark.parametrize("own", [False, True])
    def test_two_classes_are_bernoulli(self, own):
        design, theta, sources, weight = make_problem("bernoulli")
        eta, eta_0 = gram_arguments("bernoulli", design, theta, sources)
        logits = [np.stack([np.zeros_like(e), e], axis=-1) for e in (eta, eta_0)]
        assert_allclose(
            predictor_discrepancy(
                *logits, family="multinomial", sample_weight=weight, own_intercepts=own
            ),
            predictor_discrepancy(
                eta, eta_0, family="bernoulli", sample_weight=weight, own_intercepts=own
            ),
            rtol=1e-10,
        )

    def test_softmax_is_the_covariance_of_log_probability_ratios(self):
        """M_ij = mean_x Cov_{y ~ p_0}[log p_i / p_0, log p_j / p_0], exactly."""
        design, theta, sources, _ = make_problem("multinomial", seed=5)
        eta, eta_0 = gram_arguments("multinomial", design, theta, sources)
        p = softmax(eta_0, axis=-1)
        ratio = log_softmax(eta, axis=-1) - log_softmax(eta_0, axis=-1)
        mean = np.einsum("nc,knc->kn", p, ratio)
        second = np.einsum("nc,inc,jnc->ijn", p, ratio, ratio)
        covariance = (second - mean[:, np.newaxis] * mean).mean(axis=-1)
        assert_allclose(
            predictor_discrepancy(eta, eta_0, family="multinomial"), covariance, rtol=1e-10
        )

    @pytest.mark.parametrize("family", ["gaussian", "gamma", "tweedie"])
    def test_noise_divides(self, family):
        design, theta, sources, _ = make_problem(family)
        arguments = gram_arguments(family, design, theta, sources)
        unit = predictor_discrepancy(*arguments, family=family)
        assert_allclose(predictor_discrepancy(*arguments, family=family, dispersion=8.0), unit / 8)

    def test_unknown_family_is_refused(self):
        with pytest.raises(ValueError, match=r"`family` must be one of .* Got 'probit' instead"):
            predictor_discrepancy(np.ones((1, 3)), np.zeros(3), family="probit")


@pytest.mark.parametrize("family", SCALAR_FAMILIES)
def test_information_is_the_curvature_of_the_expected_log_likelihood(family):
    """Log-likelihoods of exponential families are linear in y: the expectation puts in its mean."""
    phi, power = 0.7, 1.3
    eta_0 = np.linspace(-2, 2, 9)
    mean_0 = {"bernoulli": 1 / (1 + np.exp(-eta_0)), "gaussian": eta_0}.get(family, np.exp(eta_0))

    def expected(eta):
        mean = np.exp(eta)
        return {
            "bernoulli": mean_0 * eta - np.log1p(mean),
            "gaussian": -((mean_0 - eta) ** 2) / (2 * phi),
            "poisson": (mean_0 * eta - mean) / phi,
            "gamma": (-mean_0 / mean - eta) / phi,
            "tweedie": (
                mean_0 * mean ** (1 - power) / (1 - power) - mean ** (2 - power) / (2 - power)
            )
            / phi,
        }[family]

    step = 1e-3
    curvature = (expected(eta_0 + step) - 2 * expected(eta_0) + expected(eta_0 - step)) / step**2
    weight = information_weight(family, mean_0, dispersion=phi, power=power)
    assert_allclose(weight, -curvature, rtol=1e-5)


class TestFunctionSpaceGram:
    @staticmethod
    def near(scale, seed=0):
        """Logits of two sources at a distance that shrinks with `scale`."""
        rng = np.random.default_rng(seed)
        eta_0 = 1.5 * rng.standard_normal((40, 3))
        return eta_0 + scale * rng.standard_normal((2, 40, 3)), eta_0

    @staticmethod
    def slope(errors, scales):
        return np.polyfit(np.log(scales), np.log(errors), 1)[0]

    @pytest.mark.parametrize("own", [False, True])
    def test_tends_to_the_parametric_gram(self, own):
        """The relative difference of the two is of the order of the deviation."""
        scales = np.array([1e-1, 3e-2, 1e-2, 3e-3])
        errors = []
        for scale in scales:
            eta, eta_0 = self.near(scale)
            exact = predictor_discrepancy(eta, eta_0, family="multinomial", own_intercepts=own)
            M = probability_discrepancy(
                softmax(eta, axis=-1), softmax(eta_0, axis=-1), own_intercepts=own
            )
            errors.append(np.abs(M - exact).max() / np.abs(exact).max())
        assert errors[-1] < 3e-3
        assert 0.8 < self.slope(errors, scales) < 1.3

    def test_diagonal_tends_to_twice_the_kullback_leibler_divergence(self):
        scales = np.array([1e-1, 3e-2, 1e-2, 3e-3])
        errors = []
        for scale in scales:
            eta, eta_0 = self.near(scale, seed=1)
            log_p, log_p0 = log_softmax(eta, axis=-1), log_softmax(eta_0, axis=-1)
            twice_kl = 2 * (np.exp(log_p0) * (log_p0 - log_p)).sum(axis=-1).mean(axis=-1)
            M = probability_discrepancy(np.exp(log_p), np.exp(log_p0))
            errors.append(np.abs(M.diagonal() / twice_kl - 1).max())
        assert errors[-1] < 3e-3
        assert 0.8 < self.slope(errors, scales) < 1.3

    @given(st.integers(0, 10_000), st.integers(2, 5), st.floats(0.01, 2.0))
    def test_diagonal_is_bounded_by_eight(self, seed, n_classes, concentration):
        rng = np.random.default_rng(seed)
        p = rng.dirichlet(np.full(n_classes, concentration), size=(4, 6))
        p[0, 0] = np.eye(n_classes)[0]  # a class ruled out
        M = probability_discrepancy(p[1:], p[0])
        # 4 |sqrt p - sqrt q|^2 = 8 (1 - sum sqrt(p q))
        affinity = np.sqrt(p[1:] * p[0]).sum(axis=-1).mean(axis=-1)
        assert_allclose(M.diagonal(), 8 * (1 - affinity), atol=1e-12)
        assert M.diagonal().max() <= 8 + 1e-12

    def test_certain_and_opposite_is_eight(self):
        certain = np.tile([1.0, 0.0], (3, 1))
        assert_allclose(probability_discrepancy(certain[np.newaxis, :, ::-1], certain), [[8.0]])

    def test_same_model_is_at_zero(self):
        p = random_probabilities(np.random.default_rng(0), 5)
        assert probability_discrepancy(p[np.newaxis], p).item() == 0.0

    def test_shifts_of_the_priors_are_no_discrepancy_of_their_own(self):
        """What remains of a shift of priors is of higher order, a hundredth a decade closer."""
        rng = np.random.default_rng(1)
        eta_0, priors = rng.standard_normal((30, 3)), rng.standard_normal(3)
        remaining = []
        for scale in (1e-1, 1e-2):
            p, p0 = softmax(eta_0 + scale * priors, axis=-1), softmax(eta_0, axis=-1)
            own = probability_discrepancy(p[np.newaxis], p0, own_intercepts=True).item()
            remaining.append(own / probability_discrepancy(p[np.newaxis], p0).item())
        assert remaining[0] < 1e-2
        assert_allclose(remaining[1] / remaining[0], 1e-2, rtol=0.2)

    def test_prior_tangents_are_derivatives(self):
        rng = np.random.default_rng(2)
        eta = rng.standard_normal((6, 4))
        for label, tangent in enumerate(prior_tangents(softmax(eta, axis=-1))):
            step = 1e-6 * np.eye(4)[label]
            up, down = softmax(eta + step, axis=-1), softmax(eta - step, axis=-1)
            assert_allclose(tangent, (np.sqrt(up) - np.sqrt(down)) / 1e-6, atol=1e-8)

    def test_class_that_the_target_rules_out(self):
        """A tangent of length zero: the pseudo-inverse leaves it out, nothing divides by zero."""
        rng = np.random.default_rng(3)
        p0 = np.column_stack([random_probabilities(rng, 8, n_classes=2), np.zeros(8)])
        p = random_probabilities(rng, 2, 8)
        M = probability_discrepancy(p, p0, own_intercepts=True)
        g = probability_deviations(p, p0).reshape(2, -1) / np.sqrt(8)
        t = prior_tangents(p0).reshape(3, -1)
        residual = g - np.linalg.lstsq(t.T, g.T, rcond=1e-10)[0].T @ t
        assert_allclose(M, residual @ residual.T, atol=1e-12)


class TestDeviationGram:
    @given(st.integers(0, 10_000), st.integers(1, 6), st.booleans(), st.booleans())
    def test_weighted_rows_are_repeated_rows(self, seed, n_sources, classes, with_tangents):
        rng = np.random.default_rng(seed)
        tail = (3,) if classes else ()
        g = rng.standard_normal((n_sources, 7, *tail))
        t = rng.standard_normal((2, 7, *tail)) if with_tangents else None
        times = rng.integers(0, 4, 7)
        times[0] = 1
        repeated = None if t is None else np.repeat(t, times, axis=1)
        assert_allclose(
            deviation_gram(g, sample_weight=times.astype(float), tangents=t),
            deviation_gram(np.repeat(g, times, axis=1), tangents=repeated),
            atol=1e-10,
        )

    @given(st.integers(0, 10_000), st.floats(1e-8, 1e8))
    def test_only_ratios_of_weights_matter(self, seed, scale):
        rng = np.random.default_rng(seed)
        g, weight = rng.standard_normal((3, 6)), rng.uniform(0.1, 1, 6)
        assert_allclose(
            deviation_gram(g, sample_weight=scale * weight),
            deviation_gram(g, sample_weight=weight),
            rtol=1e-10,
            atol=1e-14,
        )

    @given(st.integers(0, 10_000), st.integers(0, 4))
    def test_is_symmetric_and_positive_semi_definite(self, seed, n_tangents):
        rng = np.random.default_rng(seed)
        g = rng.standard_normal((5, 4, 2))
        t = rng.standard_normal((n_tangents, 4, 2)) if n_tangents else None
        M = deviation_gram(g, tangents=t)
        assert np.array_equal(M, M.T)
        assert np.linalg.eigvalsh(M).min() > -1e-12

    @given(st.integers(0, 10_000))
    def test_tangents_are_projected_out(self, seed):
        rng = np.random.default_rng(seed)
        g, t = rng.standard_normal((3, 8)), rng.standard_normal((2, 8))
        t = np.vstack([t, t.sum(axis=0)])  # one direction too many
        mixed = g + rng.standard_normal((3, 3)) @ t
        assert_allclose(
            deviation_gram(mixed, tangents=t), deviation_gram(g, tangents=t), atol=1e-10
        )
        assert_allclose(deviation_gram(t, tangents=t), np.zeros((3, 3)), atol=1e-10)

    def test_one_constant_tangent_is_the_weighted_covariance(self):
        rng = np.random.default_rng(0)
        g, weight = rng.standard_normal((3, 9)), rng.uniform(0.1, 1, 9)
        M = deviation_gram(g, sample_weight=weight, tangents=np.ones((1, 9)))
        assert_allclose(M, np.cov(g, aweights=weight, ddof=0))


@pytest.mark.parametrize("family", FAMILIES)
def test_inputs_are_not_modified(family):
    design, theta, sources, weight = make_problem(family)
    arguments = [*gram_arguments(family, design, theta, sources), weight]
    before = [array.copy() for array in arguments]
    for array in arguments:
        array.setflags(write=False)
    predictor_discrepancy(
        *arguments[:2], family=family, sample_weight=arguments[2], own_intercepts=True
    )
    if family == "multinomial":
        p, p0 = softmax(arguments[0], axis=-1), softmax(arguments[1], axis=-1)
        p.setflags(write=False)
        p0.setflags(write=False)
        probability_discrepancy(p, p0, sample_weight=arguments[2], own_intercepts=True)
    for array, copy in zip(arguments, before, strict=True):
        assert np.array_equal(array, copy)


@pytest.mark.slow
@pytest.mark.parametrize("effects", [None, "intercept"])
@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_planted_gram_is_found_in_large_samples(kind, effects):
    """From 100 000 rows a domain, and five parameters.

    The errors of two models are sqrt(2 d / N) = 0.01 long in the metric of M, where the nearest
    source is 0.32 away: an entry moves by at most 0.063 of its scale for a typical error that
    points the worst way. Rows drawn afresh move J by another 0.5 %.
    """
    planted = make_domains(
        n_target=100_000,
        n_sources=3,
        n_samples_sources=100_000,
        n_features=4,
        kind=kind,
        noise=2.0,
        discrepancy=[0.1, 0.3, 0.6],
        domain_effects=effects,
        random_state=0,
    )
    inner = LinearRegression() if kind == "regression" else LogisticRegression(C=1e8)
    models = {
        label: inner.fit(planted.data[rows], planted.target[rows]).coef_.ravel().tolist()
        + np.ravel(inner.intercept_).tolist()
        for label in np.unique(planted.sample_domain)
        for rows in [planted.sample_domain == label]
    }
    rows = planted.sample_domain == "target"
    design = np.column_stack([planted.data[rows], np.ones(rows.sum())])
    M = predictor_discrepancy(
        np.array([models[label] for label in planted.source_domains]) @ design.T,
        design @ np.array(models["target"]),
        family="gaussian" if kind == "regression" else "bernoulli",
        dispersion=4.0 if kind == "regression" else 1.0,
        own_intercepts=effects is not None,
    )
    scale = np.sqrt(np.outer(planted.discrepancy.diagonal(), planted.discrepancy.diagonal()))
    assert_allclose(M / scale, planted.discrepancy / scale, atol=0.08)


def test_deviations_of_a_linear_family_are_scaled_changes():
    eta_0 = np.array([0.0, np.log(4.0)])
    found = predictor_deviations(eta_0 + np.array([[1.0, -2.0]]), eta_0, family="poisson")
    assert_allclose(found, [[1.0, -4.0]])


@pytest.mark.parametrize("family", ["bernoulli", "multinomial", "poisson", "gaussian"])
def test_divergence_is_twice_kullback_leibler(family):
    """By summing over outcomes; the diagonal of M is its second-order limit."""
    rng = np.random.default_rng(0)
    shape = (6, 3) if family == "multinomial" else (6,)
    target, step = rng.standard_normal(shape), rng.standard_normal((2, *shape))
    weight = rng.uniform(0.5, 2.0, 6)
    found = predictor_divergence(target + step, target, family=family, sample_weight=weight)
    if family == "multinomial":
        p0, p = softmax(target, -1), softmax(target + step, -1)
        twice = 2 * (p0 * np.log(p0 / p)).sum(axis=-1)
    elif family == "bernoulli":
        p0, p = expit(target), expit(target + step)
        twice = 2 * (p0 * np.log(p0 / p) + (1 - p0) * np.log((1 - p0) / (1 - p)))
    elif family == "poisson":
        m0, m = np.exp(target), np.exp(target + step)
        twice = 2 * (m0 * np.log(m0 / m) - m0 + m)
    else:
        twice = step**2
    assert_allclose(found, np.average(twice, axis=1, weights=weight))
    small = predictor_divergence(target + 1e-4 * step, target, family=family)
    M = predictor_discrepancy(target + 1e-4 * step, target, family=family)
    assert_allclose(small, np.diag(M), rtol=1e-3)
