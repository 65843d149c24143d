# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Each method on a handful of rows, worked out with pencil and paper.

Stumps on x = 1, 2, ...; `fits` are the row weights, to six digits, that the stumps must have seen.
Weights are written before scaling, where target and source factors can be read off; the fits see
them scaled to the number of rows.
"""

from __future__ import annotations

from fractions import Fraction
from math import log, sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_transfer.boosting import (
    DynamicTrAdaBoostClassifier,
    MultiSourceTrAdaBoostClassifier,
    TrAdaBoostClassifier,
    TrAdaBoostRegressor,
    TwoStageTrAdaBoostRegressor,
)
from tests.boosting.scripted import script, weights_seen

SEEN: list[np.ndarray] = []


class Stump(DecisionTreeClassifier):
    """A tree of one split that notes the weights of its fits."""

    def __init__(self, max_depth=1, random_state=0):
        super().__init__(max_depth=max_depth, random_state=random_state)

    def fit(self, X, y, sample_weight=None):
        SEEN.append(sample_weight)
        return super().fit(X, y, sample_weight)


class RegressionStump(DecisionTreeRegressor):
    """The same for regression."""

    def __init__(self, max_depth=1, random_state=0):
        super().__init__(max_depth=max_depth, random_state=random_state)

    def fit(self, X, y, sample_weight=None):
        SEEN.append(sample_weight)
        return super().fit(X, y, sample_weight)


def scaled(weights):
    return np.array([float(w) for w in weights]) * len(weights) / float(sum(weights))


@pytest.fixture(autouse=True)
def _nothing_seen():
    SEEN.clear()


# Two source and four target rows; both classifiers.
X = np.arange(1.0, 7.0)[:, None]
DOMAIN = list("sstttt")
Y = np.array([0, 1, 1, 0, 1, 1])
# n = 2, N = 3: beta = 1 / (1 + sqrt(2 * 0.693147 / 3)) = 1 / (1 + 0.679780) = 0.595316
BETA = 1 / (1 + sqrt(2 * log(2) / 3))


def test_tradaboost():
    model = TrAdaBoostClassifier(Stump(), target_domain="t", n_estimators=3)
    model.fit(X, Y, sample_domain=DOMAIN)
    assert pytest.approx(0.595316, abs=1e-6) == BETA

    # Round 1, equal weights. The stump splits at 1.5 and predicts 0 1 1 1 1 1: row 4 is wrong.
    # eps = 1/4, beta_1 = (1/4) / (3/4) = 1/3; row 4 gains 3. No source row is wrong.
    # Round 2, weights 1 1 1 3 1 1. Split at 4.5, predicts 0 0 0 0 1 1: rows 2 (source) and 3.
    # eps = 1 / (1 + 3 + 1 + 1) = 1/6, beta_2 = (1/6) / (5/6) = 1/5; row 3 gains 5, row 2
    # shrinks by beta.
    # Round 3, weights 1 beta 5 3 1 1. Split at 3.5, predicts 1 1 1 0 0 0: rows 1, 5 and 6.
    # eps = (1 + 1) / (5 + 3 + 1 + 1) = 1/5, beta_3 = 1/4.
    fits = [
        [1, 1, 1, 1, 1, 1],
        [1, 1, 1, 3, 1, 1],
        [1, Fraction(BETA), 5, 3, 1, 1],
    ]
    assert_allclose(SEEN, [scaled(w) for w in fits], atol=1e-12)
    # The same in digits: 6/8 = 0.75, 18/8 = 2.25; 6 / 11.595316 = 0.517450, ...
    assert_allclose(SEEN[1], [0.75, 0.75, 0.75, 2.25, 0.75, 0.75], atol=1e-6)
    assert_allclose(
        SEEN[2], [0.517450, 0.308047, 2.587252, 1.552351, 0.517450, 0.517450], atol=1e-6
    )
    assert_allclose(model.estimator_errors_, [1 / 4, 1 / 6, 1 / 5])
    # ceil(3/2) = 2: rounds 2 and 3 vote, with ln 5 = 1.609438 and ln 4 = 1.386294.
    assert_allclose(model.estimator_weights_, [0, 1.609438, 1.386294], atol=1e-6)
    # Class 1 has ln 4 of ln 20 = 2.995732 in rows 1 to 3, nothing in row 4, ln 5 in rows 5 and 6.
    share = [0.462756, 0.462756, 0.462756, 0, 0.537244, 0.537244]
    assert_allclose(model.predict_proba(X)[:, 1], share, atol=1e-6)
    assert_array_equal(model.predict(X), [0, 0, 0, 0, 1, 1])
    # With round 1 (ln 3 = 1.098612) rows 2 and 3 would be 1: 2.484907 of 4.094345.

    # Relative weights: round 2: 1 over (1 + 3 + 1 + 1)/4 = 2/3;
    # round 3: (1 + 0.595316)/2 over (5 + 3 + 1 + 1)/4: 0.797658 / 2.5 = 0.319063.
    assert_allclose(model.history_["weights"][:, 0], [1, 0.666667, 0.319063], atol=1e-6)
    # (1.609438 * 0.666667 + 1.386294 * 0.319063) / 2.995732 = 0.505811
    assert_allclose(model.source_weights_, [0.505811], atol=1e-6)


def test_dynamic_tradaboost():
    model = DynamicTrAdaBoostClassifier(Stump(), target_domain="t", n_estimators=3)
    model.fit(X, Y, sample_domain=DOMAIN)
    # Round 1 as above: eps = 1/4; C_1 = 2 * 3/4 = 3/2 for both source rows.
    # Round 2, weights 3/2 3/2 1 3 1 1: rows 2 and 3 are wrong again, eps = 1/6;
    # C_2 = 2 * 5/6 = 5/3: row 1 becomes 5/2, row 2 becomes 5/2 beta.
    # Round 3, weights 5/2 5/2*beta 5 3 1 1. Split at 1.5, predicts 0 1 1 1 1 1: row 4 is wrong,
    # eps = 3/10, beta_3 = 3/7.
    fits = [
        [1, 1, 1, 1, 1, 1],
        [Fraction(3, 2), Fraction(3, 2), 1, 3, 1, 1],
        [Fraction(5, 2), Fraction(5, 2) * Fraction(BETA), 5, 3, 1, 1],
    ]
    assert_allclose(SEEN, [scaled(w) for w in fits], atol=1e-12)
    # 6/9 = 0.666667; 2.5 * 6 / 13.988291 = 1.072325, times beta = 0.638373, ...
    assert_allclose(SEEN[1], [1, 1, 0.666667, 2, 0.666667, 0.666667], atol=1e-6)
    assert_allclose(
        SEEN[2], [1.072325, 0.638373, 2.144651, 1.286790, 0.428930, 0.428930], atol=1e-6
    )
    assert_allclose(model.estimator_errors_, [1 / 4, 1 / 6, 3 / 10])
    # ln 5 = 1.609438, ln(7/3) = 0.847298
    assert_allclose(model.estimator_weights_, [0, 1.609438, 0.847298], atol=1e-6)
    assert_array_equal(model.predict(X), [0, 0, 0, 0, 1, 1])
    # Row 1 was never wrong: 3/2 over 6/4 and 5/2 over 10/4, as before the first round.
    # Round 3: (1 + 0.595316)/2 = 0.797658.
    assert_allclose(model.history_["weights"][:, 0], [1, 1, 0.797658], atol=1e-6)


def test_multisource_tradaboost():
    """Eight rows: two classes in each of two sources, and four target rows."""
    X = np.arange(1.0, 9.0)[:, None]
    domain = list("atbttbat")
    y = np.array([0, 1, 1, 1, 0, 0, 1, 1])
    model = MultiSourceTrAdaBoostClassifier(Stump(), target_domain="t", n_estimators=2)
    model.fit(X, y, sample_domain=domain)
    # n = 4, N = 2: beta = 1 / (1 + sqrt(2 * 1.386294 / 2)) = 1 / (1 + 1.177410) = 0.459262
    beta = 1 / (1 + sqrt(log(4)))
    # Round 1. Source a (rows 1, 7) with the target (2, 4, 5, 8): split at 1.5, predicts 1 from row
    # 2 on; row 5 is wrong. Source b (rows 3, 6): split at 4.5, predicts 1 1 1 1 0 0 0 0; row 8 is
    # wrong. Both have eps = 1/4; the first is kept, which is a's.
    # beta_1 = 1/3: row 5 gains 3; row 6, of source b, is wrong too and shrinks by beta.
    # Round 2. a: weights 1 1 1 3 1 1 of rows 1 2 4 5 7 8, split at 6, predicts 0 0 0 0 0 0 1 1:
    # rows 2 and 4 are wrong, eps = 2/6. b: 1 1 1 3 beta 1 of rows 2 3 4 5 6 8, as in round 1:
    # row 8 is wrong, eps = 1/6, and b's is kept. beta_2 = 1/5.
    assert model.estimator_domains_.tolist() == ["a", "b"]
    assert_allclose(model.estimator_errors_, [1 / 4, 1 / 6])
    fits = [
        [1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1],
        [1, 1, 1, 3, 1, 1],
        [1, 1, 1, 3, beta, 1],
    ]
    for seen, weights in zip(SEEN, fits, strict=True):
        # Scaled over the rows of source and target together.
        assert_allclose(seen, scaled(weights), atol=1e-12)
    # 6 / 7.459262 = 0.804369, ...
    assert_allclose(
        SEEN[3], [0.804369, 0.804369, 0.804369, 2.413107, 0.369416, 0.804369], atol=1e-6
    )
    # Both rounds vote: ln 3 = 1.098612 for a's, ln 5 = 1.609438 for b's; ln 15 = 2.708050.
    assert_allclose(model.estimator_weights_, [1.098612, 1.609438], atol=1e-6)
    share = [0.594316, 1, 1, 1, 0.405684, 0.405684, 0.405684, 0.405684]
    assert_allclose(model.predict_proba(X)[:, 1], share, atol=1e-6)
    # In round 2, b weighs (1 + 0.459262)/2 over (1 + 1 + 3 + 1)/4: 0.729631 / 1.5 = 0.486421.
    assert_allclose(model.history_["weights"], [[1, 0], [0, 0.486421]], atol=1e-6)
    # a: 0.405684 * 1; b: 0.594316 * 0.486421 = 0.289087
    assert_allclose(model.source_weights_, [0.405684, 0.289087], atol=1e-6)


def test_three_classes():
    """SAMME's side: beta_t = eps / ((1 - eps) (K - 1)), C_t = K (1 - eps)."""
    y = np.array([0, 1, 2, 0, 1, 2])
    rows = np.arange(6)[:, None]
    # Rows 2 and 6 wrong, then rows 1, 3 and 4 wrong.
    lines = [[0, 2, 2, 0, 1, 0], [1, 1, 0, 1, 1, 2]]
    # Round 1: eps = 1/4, beta_1 = (1/4) / (3/4 * 2) = 1/6: row 6 gains 6, row 2 shrinks by beta.
    # Round 2, weights 1 beta 1 1 1 6: eps = 2/9, beta_2 = (2/9) / (7/9 * 2) = 1/7.
    # The dynamic variant: C_1 = 3 * 3/4 = 9/4.
    for kind, growth in [(TrAdaBoostClassifier, 1), (DynamicTrAdaBoostClassifier, Fraction(9, 4))]:
        inner = script(lines)
        model = kind(inner, target_domain="t", n_estimators=2)
        model.fit(rows, y, sample_domain=DOMAIN)
        beta = 1 / (1 + sqrt(log(2)))
        fits = [[1] * 6, [growth, growth * Fraction(beta), 1, 1, 1, 6]]
        seen = [list(weights.values()) for weights in weights_seen(inner)]
        assert_allclose(seen, [scaled(w) for w in fits], atol=1e-12)
        assert_allclose(model.estimator_errors_, [1 / 4, 2 / 9])
        # ln 6 = 1.791759, ln 7 = 1.945910: both of two rounds vote.
        assert_allclose(model.estimator_weights_, [1.791759, 1.945910], atol=1e-6)
        assert_array_equal(model.predict(rows), lines[1])
        # ln 6 / ln 42 = 0.479379
        assert_allclose(model.predict_proba(rows)[0], [0.479379, 0.520621, 0], atol=1e-6)


def test_tradaboost_r2():
    y = np.array([1.0, 1.0, 1.0, 6.0, 0.0, 2.0])
    model = TrAdaBoostRegressor(RegressionStump(), target_domain="t", n_estimators=3)
    model.fit(X, y, sample_domain=list("stsstt"))
    # n = 3, N = 3: beta = 1 / (1 + sqrt(2 * 1.098612 / 3)) = 1 / (1 + 0.855809) = 0.538849
    beta = 1 / (1 + sqrt(2 * log(3) / 3))
    # Round 1, equal weights. Split at 3.5: means 1 and 8/3, residuals 0 0 0 10/3 -8/3 -2/3.
    # The largest is that of row 4, a source row: errors 0 0 0 1 4/5 1/5.
    # eps = (0 + 4/5 + 1/5)/3 = 1/3, beta_1 = 1/2.
    # Rows 5 and 6 gain 2^0.8 = 1.741101 and 2^0.2 = 1.148698; row 4 shrinks by beta.
    first = np.array([1, 1, 1, beta, 2**0.8, 2**0.2])
    # Round 2, weights 1 1 1 0.538849 1.741101 1.148698. Split at 4.5: means
    # (3 + 6 * 0.538849) / 3.538849 = 1.761333 and 2.297397 / 2.889800 = 0.795002.
    # Residuals 0.761333 (three times), 4.238667, 0.795002, 1.204998; errors over 4.238667:
    # 0.179616 (three times), 1, 0.187559, 0.284287.
    # eps = (0.179616 + 1.741101 * 0.187559 + 1.148698 * 0.284287) / 3.889799 = 0.214082;
    # beta_2 = 0.272397.
    errors = [0.179616, 0.179616, 0.179616, 1, 0.187559, 0.284287]
    factors = [beta**e if d == "s" else 0.272397**-e for d, e in zip("stsstt", errors, strict=True)]
    fits = [np.ones(6), first, first * factors]
    assert_allclose(SEEN, [scaled(w) for w in fits], atol=5e-6)
    assert_allclose(
        SEEN[1], [0.933322, 0.933322, 0.933322, 0.502919, 1.625008, 1.072106], atol=1e-6
    )
    assert_allclose(
        SEEN[2], [0.742863, 1.048549, 0.742863, 0.241032, 1.844586, 1.380106], atol=1e-6
    )
    # Round 3, weights 0.894885 1.263126 0.894885 0.290358 2.222066 1.662534 before scaling.
    # Split at 5.5: means (3.052896 + 6 * 0.290358) / 5.565320 = 0.861593 and 2.
    # Residuals 0.138407 (three times), 5.138407, 0.861593, 0; errors 0.026936, 1, 0.167677, 0.
    # eps = (1.263126 * 0.026936 + 2.222066 * 0.167677) / 5.147726 = 0.078989.
    assert_allclose(model.estimator_errors_, [1 / 3, 0.214082, 0.078989], atol=1e-6)
    # Rounds 2 and 3 vote with ln(0.785918 / 0.214082) = 1.300493 and
    # ln(0.921011 / 0.078989) = 2.456165: the heavier alone holds more than half.
    assert_allclose(model.estimator_weights_, [0, 1.300493, 2.456165], atol=1e-6)
    assert_allclose(model.predict(X), [0.861593] * 5 + [2], atol=1e-6)


def test_two_stage():
    """Sources shrink by beta and its root, since their errors are 1 and 1/2."""
    X = np.array([[1.0], [2.0], [3.0], [5.0], [6.0], [7.0]])
    y = np.array([1.0, 0.0, 0.0, 6.0, 6.0, 6.0])
    model = TwoStageTrAdaBoostRegressor(
        RegressionStump(), target_domain="t", n_estimators=2, n_steps=3, n_folds=4
    )
    model.fit(X, y, sample_domain=DOMAIN)
    # Stage 1. Step 0: equal weights, the target has 4/6. Split at 4: means 1/3 and 6, errors
    # 1 1/2 1/2 0 0 0. Step 1: the target must have 2/3 + 1/2 * 1/3 = 5/6. Its weights sum to 4/6,
    # those of the sources must sum to 4/6 * (1/6)/(5/6) = 2/15, hence beta + sqrt(beta) = 4/5:
    # sqrt(beta) = (sqrt(1 + 16/5) - 1)/2 = 0.524695, beta = 0.275305.
    # Of the sum 4/5: sources 0.275305/4.8 = 0.057355 and 0.109311, target rows 0.208333 each.
    # Step 2: the target alone.
    assert_allclose(model.history_["target_share"], [2 / 3, 5 / 6, 1])
    # (0.057355 + 0.109311)/2 over 0.208333: 2/5
    assert_allclose(model.history_["weights"][:, 0], [1, 2 / 5, 0], atol=1e-12)
    # Four folds of one row each. Without row 3 (y = 0), steps 0 and 1 predict the mean of rows 1
    # and 2 for it: 1/2, and 0.275305/0.8 = 0.344132. Step 2 has seen 6 only: the error is 36. All
    # other rows are predicted without error. 0.25/4, 0.118427/4, 36/4:
    assert_allclose(model.history_["cv_error"], [0.0625, 0.029607, 9], atol=1e-6)
    assert model.step_ == 1
    # Stage 2 from step 1. Round 1: left mean 0.057355/0.375 = 0.152947, right 6; residuals
    # 0.847053 0.152947 0.152947 0 0 0, errors 1 0.180564 0.180564 0 0 0;
    # eps over all rows = 0.057355 + (0.109311 + 0.208333) * 0.180564 = 0.114710,
    # beta = 0.129574. Row 3 gains beta^-0.180564 = 1.446263 on the other target rows; the target
    # keeps 5/6: row 3 has 5/6 * 1.446263/4.446263 = 0.271063, the others 0.187423.
    fits = [
        [0.057355, 0.109311, 0.208333, 0.208333, 0.208333, 0.208333],
        [0.057355, 0.109311, 0.271063, 0.187423, 0.187423, 0.187423],
    ]
    assert_allclose(SEEN[-2:], np.multiply(fits, 6), atol=6e-6)
    # Round 2: left mean 0.057355/0.437730 = 0.131029, errors 1 0.150786 0.150786 0 0 0;
    # eps = 0.057355 + (0.109311 + 0.271063) * 0.150786 = 0.114710 again (the residuals about a
    # mean cancel: it is twice the weight of row 1).
    assert_allclose(model.estimator_errors_, [0.114710, 0.114710], atol=1e-6)
    assert_allclose(
        [tree.predict(X)[0] for tree in model.estimators_], [0.152947, 0.131029], atol=1e-6
    )
    # Equal votes, ln(0.885290 / 0.114710) = 2.043504: the smaller prediction reaches half of them.
    assert_allclose(model.estimator_weights_, [2.043504, 2.043504], atol=1e-6)
    assert_allclose(model.predict(X), [0.131029] * 3 + [6] * 3, atol=1e-6)
    assert_allclose(model.source_weights_, [2 / 5])
