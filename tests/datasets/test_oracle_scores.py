# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The public door to the oracle scores hands each model its own formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from sklearn_transfer.datasets import make_transfer_pair, oracle_cross_learning_score

COVARIANCE_TARGET = np.array([[2.0, 0.5], [0.5, 1.0]])
COVARIANCE_SOURCE = np.array([[1.0, -0.3], [-0.3, 0.4]])


@pytest.mark.parametrize("setting", ["probit", "logistic", "lda", "linear"])
def test_score_of_a_drawn_pair_is_the_oracle_score_of_its_coefficients(setting):
    pair = make_transfer_pair(setting, cosine=0.2, random_state=0)
    covariance = None
    if setting in ("logistic", "linear"):
        lags = abs(np.subtract.outer(np.arange(10), np.arange(10)))
        covariance = 0.5**lags
    found = oracle_cross_learning_score(
        *pair.coef, model=setting, covariance_target=covariance, covariance_source=covariance
    )
    assert found == pytest.approx(pair.oracle_score, rel=1e-12)


def test_probit_with_everything_of_its_own_for_each_domain():
    b_t, b_s = np.array([1.0, 0.0]), np.array([1.0, 1.0])

    def error(rule, truth, covariance, noise):
        variances = (rule @ covariance @ rule) * (truth @ covariance @ truth + noise**2)
        return np.arccos(rule @ covariance @ truth / np.sqrt(variances)) / np.pi

    expected = 0.3 * (
        error(b_s, b_t, COVARIANCE_TARGET, 0.5) - error(b_t, b_t, COVARIANCE_TARGET, 0.5)
    ) + 0.7 * (error(b_t, b_s, COVARIANCE_SOURCE, 2.0) - error(b_s, b_s, COVARIANCE_SOURCE, 2.0))
    found = oracle_cross_learning_score(
        b_t,
        b_s,
        covariance_target=COVARIANCE_TARGET,
        covariance_source=COVARIANCE_SOURCE,
        noise_target=0.5,
        noise_source=2.0,
        domain_weight=0.3,
    )
    assert found == pytest.approx(expected, rel=1e-12)


def test_lda_and_linear_by_hand():
    found = oracle_cross_learning_score([1.0, 0.0], [0.0, 2.0], model="lda")
    expected = 0.5 * ((0.5 - norm.cdf(-1)) + (0.5 - norm.cdf(-2)))
    assert found == pytest.approx(expected, rel=1e-12)
    found = oracle_cross_learning_score(
        [1.0, 0.0],
        [0.0, 2.0],
        model="linear",
        covariance_target=COVARIANCE_TARGET,
        covariance_source=COVARIANCE_SOURCE,
        domain_weight=1.0,
    )
    assert found == pytest.approx(2.0 - 4 * 0.5 + 4 * 1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "ols"}, "`model` must be one of"),
        ({"coef_source": [1.0]}, "Got 2 and 1 entries"),
        ({"coef_target": [0.0, 0.0]}, "`coef_target` must be a vector"),
        ({"coef_target": [[1.0, 0.0]]}, "`coef_target` must be a vector"),
        ({"noise_source": -1.0}, "`noise_source` must be a number from 0"),
        ({"noise_target": float("inf")}, "`noise_target` must be a number"),
        ({"domain_weight": 1.5}, "`domain_weight` must be a number from 0 to 1.0. Got 1.5"),
        ({"covariance_source": np.eye(3)}, "`covariance_source` must be a symmetric"),
        ({"covariance_target": [[1.0, 2.0], [2.0, 1.0]]}, "`covariance_target` must be"),
    ],
)
def test_bad_input_is_refused(options, message):
    given = {"coef_target": [1.0, 0.0], "coef_source": [0.0, 1.0], **options}
    target, source = given.pop("coef_target"), given.pop("coef_source")
    with pytest.raises(ValueError, match=message):
        oracle_cross_learning_score(target, source, **given)
