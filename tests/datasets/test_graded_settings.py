# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Pairs of chosen likeness: what is planted is there, and the oracle scores are true."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from sklearn_transfer.datasets import make_transfer_pair
from sklearn_transfer.datasets._rotation import rotate_to_cosine

TURNED = ["logistic", "probit", "lda", "linear", "nonlinear", "four_class"]
SETTINGS = [*TURNED, "mixture", "qda", "polynomial", "radial"]
CLASSES = {name: 4 if name == "four_class" else 2 for name in SETTINGS}
ROWS = 100_000


def _rule(setting, coef, domain, shift=0.5):
    """The best rule of a domain, written out anew."""
    b = coef[domain]
    if setting in ("logistic", "probit", "lda"):
        return lambda X: (X @ b > 0).astype(int)
    if setting == "linear":
        return lambda X: X @ b
    if setting == "radial":
        return lambda X: (np.sum(X**2, axis=1) > b[0] ** 2).astype(int)
    if setting == "four_class":
        return lambda X: 2 * (X @ b[0] > 0) + (X @ b[1] > 0)
    if setting == "nonlinear":
        return lambda X: (
            b[0] * np.sin(X[:, 0])
            + b[1] * X[:, 1] ** 2
            + b[2] * X[:, 2] * X[:, 3]
            + b[3] * np.exp(X[:, 4])
        )
    if setting == "polynomial":
        return lambda X: (
            b[0] * (X[:, 0] ** 2 - 1)
            + b[1] * X[:, 1] ** 3
            + b[2] * X[:, 2] * X[:, 3]
            + b[3] * X[:, 3] * X[:, 4] ** 3
            > 0
        ).astype(int)

    def density(X, sign):
        n_features = X.shape[1]
        if setting == "qda":
            lags = abs(np.subtract.outer(np.arange(n_features), np.arange(n_features)))
            return multivariate_normal(sign * b, (0.5 * sign) ** lags).logpdf(X)
        parts = [multivariate_normal(sign * mean).pdf(X) for mean in coef]
        return parts[0] if domain == 0 else (1 - shift) * parts[0] + shift * parts[1]

    return lambda X: (density(X, 1) > density(X, -1)).astype(int)


@pytest.mark.parametrize("setting", SETTINGS)
def test_oracle_score_is_that_of_the_best_rules_on_drawn_rows(setting):
    """Ten comparisons at five standard errors, plus the stated error of integration."""
    pair = make_transfer_pair(setting, n_target=ROWS, n_source=ROWS, random_state=0)
    score, variance = 0.0, 0.0
    for domain, name in enumerate(["target", "source"]):
        rows = pair.sample_domain == name
        X, y = pair.data[rows], pair.target[rows]
        own, other = (_rule(setting, pair.coef, d)(X) for d in (domain, 1 - domain))
        if setting in ("linear", "nonlinear"):
            loss = (y - other) ** 2 - (y - own) ** 2
        else:
            loss = (y != other).astype(float) - (y != own)
        score += loss.mean() / 2
        variance += loss.var() / ROWS / 4
    assert pair.oracle_score > 0.01
    assert score == pytest.approx(pair.oracle_score, abs=5 * np.sqrt(variance) + 1e-3)


@given(
    st.lists(st.floats(-2, 2), min_size=2, max_size=8).filter(lambda v: np.linalg.norm(v) > 0.01),
    st.floats(-1, 1),
)
def test_rotation_gives_the_cosine_and_keeps_the_length(vector, cosine):
    b = np.array(vector)
    rotated = rotate_to_cosine(b, cosine)
    assert rotated @ b == pytest.approx(cosine * (b @ b), abs=1e-9 * (b @ b))
    assert np.linalg.norm(rotated) == pytest.approx(np.linalg.norm(b), rel=1e-12)
    rest = b[1:] / (np.linalg.norm(b[1:]) or 1.0)
    # all angles but the first are kept: the other coordinates stay on one line
    if rest.any():
        across = rotated[1:] - (rotated[1:] @ rest) * rest
        np.testing.assert_allclose(across, 0, atol=1e-9 * np.linalg.norm(b))


def test_rotation_in_space_is_that_of_spherical_coordinates():
    """Length 2, polar angle 70 degrees and azimuth 30; a cosine of 0.5 takes off 60 degrees."""
    polar, azimuth = np.deg2rad([70.0, 10.0]), np.deg2rad(30.0)
    before, after = (
        2 * np.array([np.cos(p), np.sin(p) * np.cos(azimuth), np.sin(p) * np.sin(azimuth)])
        for p in polar
    )
    np.testing.assert_allclose(rotate_to_cosine(before, 0.5), after, atol=1e-12)


@pytest.mark.parametrize("cosine", [-1.0, -0.3, 0.0, 0.8, 1.0])
@pytest.mark.parametrize("setting", TURNED)
def test_cosine_is_planted_exactly(setting, cosine):
    coef = make_transfer_pair(setting, n_features=7, cosine=cosine, random_state=3).coef
    for target, source in zip(np.atleast_2d(coef[0]), np.atleast_2d(coef[1]), strict=True):
        lengths = np.linalg.norm(target), np.linalg.norm(source)
        assert lengths[0] == pytest.approx(lengths[1], rel=1e-12)
        assert target @ source == pytest.approx(cosine * lengths[0] ** 2, abs=1e-12)


def test_directions_of_the_four_classes_are_orthogonal():
    """And each turns out of the other's way, so the score has a closed form."""
    pair = make_transfer_pair("four_class", cosine=0.3, random_state=0)
    b = pair.coef
    products = b.reshape(4, -1) @ b.reshape(4, -1).T
    length = b[0, 0] @ b[0, 0]
    expected = length * np.array([[1, 0, 0.3, 0], [0, 1, 0, 0.3], [0.3, 0, 1, 0], [0, 0.3, 0, 1]])
    np.testing.assert_allclose(products, expected, atol=1e-12)
    r = np.sqrt(length / (length + 0.2**2))
    accuracy = [(1 - np.arccos(r * c) / np.pi) ** 2 for c in (1.0, 0.3)]
    assert pair.oracle_score == pytest.approx(accuracy[0] - accuracy[1], abs=2e-4)


@pytest.mark.parametrize("setting", ["lda", "qda", "mixture"])
def test_classes_alternate(setting):
    pair = make_transfer_pair(setting, n_target=40, n_source=60, random_state=0)
    for name, half in [("target", 20), ("source", 30)]:
        np.testing.assert_array_equal(
            np.bincount(pair.target[pair.sample_domain == name]), [half, half]
        )


@pytest.mark.parametrize("setting", ["logistic", "probit", "polynomial", "four_class", "radial"])
def test_shares_of_the_classes(setting):
    """By symmetry equal, but for the sphere, and where a square shifts the polynomial.

    Shares of 100 000 rows; at 0.01 six standard errors are exceeded with probability 1e-9.
    """
    coef = [1e-9, 0.5, 0.5, 0.5] if setting == "polynomial" else None
    pair = make_transfer_pair(setting, n_target=ROWS, n_source=1, coef=coef, random_state=1)
    shares = np.bincount(pair.target[:ROWS]) / ROWS
    expected = [0.5250, 0.4750] if setting == "radial" else 1 / CLASSES[setting]
    np.testing.assert_allclose(shares, expected, atol=0.01)


@pytest.mark.parametrize("setting", SETTINGS)
def test_all_that_is_returned(setting):
    pair = make_transfer_pair(setting, n_target=30, n_source=20, n_features=6, random_state=0)
    assert pair.data.shape == (50, 6)
    assert pair.target.shape == (50,)
    assert list(pair.sample_domain) == ["target"] * 30 + ["source"] * 20
    if setting not in ("linear", "nonlinear"):
        assert set(pair.target) <= set(range(CLASSES[setting]))


@pytest.mark.parametrize("setting", SETTINGS)
def test_same_seed_same_pair_and_more_rows_leave_the_first(setting):
    first = make_transfer_pair(setting, n_target=20, n_source=20, random_state=5)
    again = make_transfer_pair(setting, n_target=20, n_source=20, random_state=5)
    longer = make_transfer_pair(setting, n_target=33, n_source=25, random_state=5)
    np.testing.assert_array_equal(first.data, again.data)
    np.testing.assert_array_equal(first.target, again.target)
    for name in ("target", "source"):
        for key in ("data", "target"):
            rows = longer[key][longer.sample_domain == name][:20]
            # a product of more rows may be summed in another order
            np.testing.assert_allclose(
                first[key][first.sample_domain == name], rows, atol=1e-10, rtol=0
            )
    other = make_transfer_pair(setting, n_target=20, n_source=20, random_state=6)
    assert not np.array_equal(first.data, other.data)


@pytest.mark.parametrize("setting", TURNED)
def test_another_cosine_turns_the_source_alone(setting):
    pairs = [
        make_transfer_pair(setting, cosine=c, n_target=50, n_source=50, random_state=0)
        for c in (-0.5, 1.0)
    ]
    target = pairs[0].sample_domain == "target"
    np.testing.assert_array_equal(pairs[0].data[target], pairs[1].data[target])
    np.testing.assert_array_equal(pairs[0].target[target], pairs[1].target[target])
    np.testing.assert_array_equal(pairs[0].coef[0], pairs[1].coef[0])
    change = pairs[0].data[~target] - pairs[1].data[~target]
    if setting == "lda":
        signs = 2 * pairs[0].target[~target] - 1
        change -= signs[:, np.newaxis] * (pairs[0].coef[1] - pairs[1].coef[1])
    np.testing.assert_allclose(change, 0, atol=1e-12)
    assert not np.array_equal(pairs[0].target[~target], pairs[1].target[~target]) or (
        setting == "lda"
    )


def test_another_shift_moves_rows_over_one_after_the_other():
    draws = [
        make_transfer_pair("mixture", shift=shift, random_state=0).data[200:]
        for shift in (0.0, 0.3, 0.6, 1.0)
    ]
    unmoved = [np.isclose(draws[0], other).all(axis=1) for other in draws]
    for more, fewer in itertools.pairwise(unmoved):
        assert (more | ~fewer).all()
    # binomial shares of 200 rows
    np.testing.assert_allclose([u.mean() for u in unmoved], [1.0, 0.7, 0.4, 0.0], atol=0.15)


@pytest.mark.parametrize("setting", [*TURNED, "mixture"])
def test_score_falls_to_zero_as_the_domains_come_together(setting):
    name, levels = (
        ("shift", [1, 0.7, 0.3, 0])
        if setting == "mixture"
        else (
            "cosine",
            [0, 0.4, 0.8, 1],
        )
    )
    scores = [
        make_transfer_pair(setting, **{name: level}, random_state=0).oracle_score
        for level in levels
    ]
    assert (np.diff(scores) < 0).all()
    assert scores[-1] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("setting", SETTINGS)
def test_coef_of_a_result_gives_the_same_models(setting):
    first = make_transfer_pair(setting, random_state=0)
    fresh = make_transfer_pair(setting, coef=first.coef, random_state=1)
    np.testing.assert_array_equal(first.coef, fresh.coef)
    assert first.oracle_score == fresh.oracle_score
    assert not np.array_equal(first.data, fresh.data)
    of_target = make_transfer_pair(setting, coef=first.coef[0], random_state=0)
    np.testing.assert_array_equal(first.coef, of_target.coef)
    np.testing.assert_array_equal(first.data, of_target.data)


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.4])
def test_features_have_the_correlation(correlation):
    """Sums of 100 000 products; at 0.03 nine standard errors."""
    pair = make_transfer_pair(
        "linear", n_target=ROWS, n_source=1, n_features=4, correlation=correlation, random_state=0
    )
    lags = abs(np.subtract.outer(np.arange(4), np.arange(4)))
    found = np.cov(pair.data[:ROWS], rowvar=False)
    np.testing.assert_allclose(found, np.float64(correlation) ** lags, atol=0.03)


def test_noise_is_that_asked_for():
    """A standard deviation of 100 000 rows; 0.02 is more than five standard errors."""
    pair = make_transfer_pair("linear", n_target=ROWS, n_source=1, noise=1.7, random_state=0)
    residuals = pair.target[:ROWS] - pair.data[:ROWS] @ pair.coef[0]
    assert residuals.std() == pytest.approx(1.7, abs=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"setting": "ldaa"}, "`setting` must be one of"),
        ({"setting": "qda", "cosine": 0.5}, "`cosine` must be None in the setting 'qda'"),
        ({"setting": "lda", "shift": 0.5}, "`shift` must be None"),
        ({"setting": "lda", "noise": 1.0}, "`noise` must be None"),
        ({"setting": "lda", "correlation": 0.1}, "`correlation` must be None"),
        ({"cosine": 1.1}, "`cosine` must be a finite number from -1.0 to 1.0. Got 1.1"),
        ({"cosine": float("nan")}, "`cosine` must be"),
        ({"setting": "mixture", "shift": -0.1}, "`shift` must be"),
        ({"setting": "linear", "noise": float("inf")}, "`noise` must be"),
        ({"correlation": 1.0}, "`correlation` must be between"),
        ({"n_target": 0}, "`n_target` must be an integer of at least 1"),
        ({"n_source": 2.5}, "`n_source` must be an integer"),
        ({"setting": "four_class", "n_features": 3}, "at least 4 for 'four_class'. Got 3"),
        ({"coef": [1.0, 2.0]}, r"`coef` must be finite and of shape \(10,\), or \(2, 10\)"),
        ({"coef": np.zeros(10)}, "`coef` must hold vectors other than zero"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_transfer_pair(**options)
