# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sklearn_transfer._math.kl_risk import optimal_weights, single_source_weight, transfer_quantity
from sklearn_transfer._math.kl_risk_plug_in import (
    critical_ratio,
    debias_discrepancy,
    plug_in_noise,
    pooling_ratio,
)


def estimated_matrices(rng, repeats, deviations, n, n_target, shares):
    """M from the fitted means of drawn normal samples of unit variance (J = I)."""
    d = deviations.shape[1]
    target = rng.normal(size=(repeats, n_target, d)).mean(axis=1)
    sources = np.stack(
        [
            (deviation + rng.normal(size=(repeats, rows, d))).mean(axis=1)
            for deviation, rows in zip(deviations, n, strict=True)
        ],
        axis=1,
    )
    blended = shares[0] * target + np.einsum("k,rkd->rd", shares[1:], sources)
    estimated = sources - blended[:, np.newaxis]
    return np.einsum("rid,rjd->rij", estimated, estimated)


class TestPlugInNoise:
    @pytest.mark.parametrize("shares", [(1.0, 0.0, 0.0), (0.5, 0.2, 0.3), (0.1, 0.0, 0.9)])
    def test_is_the_bias_of_estimated_matrices(self, shares):
        # 5 standard errors for each of 4 entries: false alarm below 3e-6.
        rng = np.random.default_rng(0)
        n, n_target, d = np.array([30, 12]), 8, 3
        deviations, shares = 0.3 * rng.normal(size=(2, d)), np.array(shares)
        matrices = estimated_matrices(rng, 10_000, deviations, n, n_target, shares)
        from_blend = deviations - shares[1:] @ deviations
        noise = plug_in_noise(n, n_target, d, shares=shares)
        error = matrices.std(axis=0) / np.sqrt(len(matrices))
        bias = matrices.mean(axis=0) - from_blend @ from_blend.T
        assert np.all(np.abs(bias - noise) < 5 * error)
        assert np.all(np.abs(noise) > 10 * error)

    def test_estimate_from_the_target_alone(self):
        noise = plug_in_noise([20, 50], 10, 4)
        assert_allclose(noise, 4 / 10 + np.diag([4 / 20, 4 / 50]), rtol=1e-14)
        assert_allclose(noise, plug_in_noise([20, 50], 10, 4, shares=[1, 0, 0]), rtol=1e-14)

    @given(
        raw=st.lists(st.floats(0.01, 1), min_size=2, max_size=6),
        n_target=st.floats(1, 100),
        d=st.floats(1, 50),
    )
    @settings(deadline=None, max_examples=40)
    def test_is_a_covariance(self, raw, n_target, d):
        shares = np.array(raw) / np.sum(raw)
        n = 1 + 100 * np.array(raw[1:])
        noise = plug_in_noise(n, n_target, d, shares=shares)
        assert_allclose(noise, noise.T)
        assert np.linalg.eigvalsh(noise)[0] > -1e-12 * noise.max()

    def test_identical_sources_are_capped_at_the_size_of_the_target(self):
        # what static plug-in weights suffer from: 50 000 rows of the very target are worth 50
        n, n_target, d = np.array([50_000.0]), 50, 1
        w = optimal_weights(plug_in_noise(n, n_target, d), n, n_target, d)
        assert transfer_quantity(w, n) == pytest.approx(50, rel=0.01)
        assert w[0] == pytest.approx(0.001, rel=0.01)

    @pytest.mark.parametrize("shares", [[1.0], [0.5, 0.5, 0.5], [0.5, np.nan, 0.5], np.eye(3)])
    def test_shares_are_checked(self, shares):
        with pytest.raises(ValueError, match="`shares` must hold 3 numbers with sum 1"):
            plug_in_noise([20, 50], 10, 4, shares=shares)


class TestDebias:
    @pytest.mark.parametrize("seed", range(8))
    def test_is_the_nearest_gram_matrix(self, seed):
        rng = np.random.default_rng(seed)
        factor, disturbance = rng.normal(size=(3, 6)), rng.normal(size=(6, 6))
        estimate, noise = factor.T @ factor, disturbance @ disturbance.T
        debiased = debias_discrepancy(estimate, noise)
        difference = estimate - noise
        assert np.linalg.eigvalsh(debiased)[0] > -1e-12
        # projection onto a convex cone: the rest is orthogonal to it, and negative on the cone
        rest = difference - debiased
        assert np.sum(rest * debiased) == pytest.approx(0, abs=1e-9)
        assert np.linalg.eigvalsh(rest)[-1] < 1e-12
        assert np.linalg.eigvalsh(difference)[0] < -0.1

    def test_leaves_what_is_a_gram_matrix(self):
        M = np.array([[2.0, 1.0], [1.0, 3.0]])
        noise = np.diag([0.5, 0.25])
        assert_allclose(debias_discrepancy(M + noise, noise), M, rtol=1e-14)

    def test_removes_all_of_what_is_noise_alone(self):
        noise = plug_in_noise([20, 50], 10, 4)
        assert_allclose(debias_discrepancy(0.9 * noise, noise), 0, atol=1e-15)

    def test_brings_weights_near_those_of_the_truth(self):
        # 400 draws; the plug-in weights of near-identical sources are about a tenth of the truth
        rng = np.random.default_rng(0)
        n, n_target, d = np.array([400, 300]), 20, 5
        deviations = 0.02 * rng.normal(size=(2, d))
        shares = np.array([1.0, 0, 0])
        matrices = estimated_matrices(rng, 400, deviations, n, n_target, shares)
        noise = plug_in_noise(n, n_target, d)
        truth = optimal_weights(deviations @ deviations.T, n, n_target, d)
        plug_in = np.mean([optimal_weights(m, n, n_target, d) for m in matrices], axis=0)
        debiased = np.mean(
            [optimal_weights(debias_discrepancy(m, noise), n, n_target, d) for m in matrices],
            axis=0,
        )
        assert np.all(truth > 0.8)
        assert np.all(plug_in < 0.3)
        assert np.all(np.abs(debiased - truth) < 0.5 * np.abs(plug_in - truth))


def iterated_weight(ratio, n_source, n_target, start=0.0, steps=20_000):
    """Repeat: target estimated from the weighted means, weight from the deviation then seen."""
    deviation, weight = np.sqrt(ratio / n_target), start
    for _ in range(steps):
        target = weight * n_source * deviation / (n_target + weight * n_source)
        before, weight = weight, single_source_weight((deviation - target) ** 2, n_source, 1)
        if abs(weight - before) < 1e-14:
            break
    return weight


class TestCriticalRatio:
    def test_pooling_ratio(self):
        M = np.array([[0.5, 0.1], [0.1, 2.0]])
        assert_allclose(pooling_ratio(M, 30, 5), [3.0, 12.0])

    @pytest.mark.parametrize("r", [8.5, 10, 12, 50, 1000])
    def test_is_where_the_iterated_quadratic_model_switches(self, r):
        n_target = 7
        critical = critical_ratio(r * n_target, n_target)
        assert isinstance(critical, float)
        root = np.sqrt(r**2 - 8 * r)
        below = iterated_weight(critical * 0.999, r * n_target, n_target)
        above = iterated_weight(critical * 1.001, r * n_target, n_target)
        # the iteration stops short of x_- above, and runs past x_+ below
        assert above * r <= (r - root) / 4 * (1 + 1e-6)
        assert below * r >= (r + root) / 4 * (1 - 1e-6)

    @pytest.mark.parametrize("r", [1, 4, 7.5, 8])
    @pytest.mark.parametrize("ratio", [0.5, 2, 3, 3.3, 3.45, 4, 8])
    def test_without_many_source_rows_the_start_does_not_matter(self, r, ratio):
        assert np.isnan(critical_ratio(r * 7, 7))
        from_target = iterated_weight(ratio, r * 7, 7)
        assert iterated_weight(ratio, r * 7, 7, start=1.0) == pytest.approx(from_target, rel=1e-6)

    @pytest.mark.parametrize("r", [12, 100])
    def test_with_many_source_rows_pooling_confirms_itself(self, r):
        ratio = 1.01 * critical_ratio(r * 7, 7)
        from_target = iterated_weight(ratio, r * 7, 7)
        assert iterated_weight(ratio, r * 7, 7, start=1.0) > 4 * from_target

    def test_values(self):
        assert critical_ratio(1e12, 10) == pytest.approx(4, rel=1e-9)
        assert critical_ratio(np.inf, 10) == 4
        assert critical_ratio(100, 10) == pytest.approx(3.54, abs=0.005)
        assert critical_ratio(8 * (1 + 1e-12), 1) == pytest.approx(27 / 8, rel=1e-5)
        ratios = critical_ratio(np.array([8.1, 9, 20, 100, 1e4]) * 3, 3)
        assert np.all(np.diff(ratios) > 0)
        assert ratios.max() < 4
