# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The gain over the target alone: by hand, in its limits, and how often its interval is right."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.model_selection import TargetKFold, transfer_gain
from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor


class Pooled(RegressorMixin, BaseEstimator):
    """Ridge on all rows that it is given; it writes down what these were."""

    seen: list = []  # noqa: RUF012

    def __init__(self, target_domain=None):
        self.target_domain = target_domain

    def fit(self, X, y, sample_domain=None):
        type(self).seen.append((X[:, -1].copy(), sample_domain is not None))
        self.model_ = _ridge(X, y)
        return self

    def predict(self, X):
        return self.model_[0] + X @ self.model_[1:]


class Told(Pooled):
    """Writes down the groups that it is told."""

    heard: list = []  # noqa: RUF012

    def fit(self, X, y, sample_domain=None, groups=None):
        type(self).heard.append(groups)
        return super().fit(X, y, sample_domain)


class Frequency(ClassifierMixin, BaseEstimator):
    """Share of each class among the rows given."""

    def __init__(self, target_domain=None, extra=0.0):
        self.target_domain = target_domain
        self.extra = extra

    def fit(self, X, y, sample_domain=None):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.share_ = (counts + self.extra) / (counts + self.extra).sum()
        return self

    def predict_proba(self, X):
        return np.tile(self.share_, (len(X), 1))


def _ridge(X, y):
    design = np.column_stack([np.ones(len(X)), X])
    penalty = np.diag([1e-8] + [1.0] * X.shape[1])
    return np.linalg.solve(design.T @ design + penalty, design.T @ y)


def table(seed=0, sizes=(30, 80, 60), kind="values"):
    rng = np.random.default_rng(seed)
    domain = np.repeat(["t", "a", "b"], sizes)
    X = rng.standard_normal((len(domain), 3))
    eta = X @ [1.0, -0.5, 0.2]
    if kind == "values":
        return X, eta + rng.standard_normal(len(domain)), domain
    return X, np.where(eta + rng.logistic(size=len(domain)) > 0, "yes", "no"), domain


class TestByHand:
    def test_values(self):
        """Every fold by plain loops, and the corrected variance of equation 10."""
        X, y, domain = table(sizes=(23, 40, 20))
        found = transfer_gain(
            Pooled("t"), X, y, sample_domain=domain, n_splits=4, n_repeats=2, random_state=3
        )
        losses, sizes, gains = [], [], []
        for seed in np.random.RandomState(3).randint(np.iinfo(np.int32).max, size=2):
            splitter = TargetKFold(4, target_domain="t", shuffle=True, random_state=int(seed))
            for train, test in splitter.split(X, y, sample_domain=domain):
                alone = [row for row in train if domain[row] == "t"]
                pair = []
                for rows in (train, alone):
                    b = _ridge(X[rows], y[rows])
                    pair.append(np.mean([(y[r] - b[0] - X[r] @ b[1:]) ** 2 for r in test]))
                losses.append(pair)
                sizes.append(len(test))
                gains.append(pair[1] - pair[0])
        mean = np.average(losses, axis=0, weights=sizes)
        assert found.loss == pytest.approx(mean[0])
        assert found.baseline_loss == pytest.approx(mean[1])
        assert found.gain == pytest.approx(mean[1] - mean[0])
        assert found.relative_gain == pytest.approx(1 - mean[0] / mean[1])
        assert_allclose(found.fold_gains, gains)
        test_rows = 23 / 4
        variance = np.var(gains, ddof=1) * (1 / 8 + test_rows / (23 - test_rows))
        half = stats.t.ppf(0.975, 7) * np.sqrt(variance)
        assert_allclose(found.interval, (found.gain - half, found.gain + half))
        assert found.n_target == 23
        assert found.confidence_level == 0.95

    def test_labels(self):
        """Shares of two classes: 10 of 20 in the target, all sources say "no"."""
        y = np.array(["no", "yes"] * 10 + ["no"] * 16)
        domain = np.repeat(["t", "s"], [20, 16])
        found = transfer_gain(
            Frequency("t"), np.zeros((36, 1)), y, sample_domain=domain, random_state=0
        )
        # Each fold holds out two of each: 8 of 16 are left alone, 24 against 8 with the source.
        assert found.baseline_loss == pytest.approx(np.log(2))
        assert found.loss == pytest.approx(-0.5 * (np.log(24 / 32) + np.log(8 / 32)))
        assert_allclose(found.fold_gains, found.gain)
        assert found.verdict == "hurts"
        assert found.to_frame()["verdict"].tolist() == ["hurts"]

    def test_probabilities_are_clipped(self):
        """A class that the model excludes costs -log 1e-5, not infinity."""
        y = np.array(["yes"] + ["no"] * 9 + ["no"] * 5)
        domain = np.repeat(["t", "s"], [10, 5])
        with pytest.warns(TransferWarning, match="Class 'yes' has 1 target row|Class yes has 1"):
            found = transfer_gain(
                Frequency("t"), np.zeros((15, 1)), y, sample_domain=domain, n_repeats=1,
                random_state=0,
            )  # fmt: skip
        assert np.isfinite([found.loss, *found.fold_gains]).all()
        # Where "yes" is held out the baseline has rows of one class: 6 "no" in 5 give 1 in 7.
        assert found.fold_gains.min() == pytest.approx(
            (4 * -np.log(6 / 7) - np.log(1 / 7) - -np.log(1e-5)) / 5, abs=1e-4
        )

    def test_limits_of_the_level(self):
        X, y, domain = table()
        widths = []
        for level in (0.5, 0.9, 0.99):
            found = transfer_gain(
                Pooled("t"), X, y, sample_domain=domain, confidence_level=level, random_state=0
            )
            assert np.mean(found.interval) == pytest.approx(found.gain)
            widths.append(found.interval[1] - found.gain)
        ratio = stats.t.ppf([0.75, 0.95, 0.995], 24)
        assert_allclose(np.array(widths) / widths[0], ratio / ratio[0])


class TestVerdict:
    def test_the_same_has_no_gain(self):
        X, y, domain = table()
        alone = domain == "t"
        found = transfer_gain(Pooled("t"), X[alone], y[alone], sample_domain=domain[alone])
        assert found.gain == 0.0
        assert found.interval == (0.0, 0.0)
        assert found.verdict == "no clear evidence"

    def test_clear_cases(self):
        """Noise-free values: the source's law is the target's, then the opposite one."""
        rng = np.random.default_rng(0)
        domain = np.repeat(["t", "s"], [60, 600])
        X = rng.standard_normal((660, 45))
        same = X @ np.ones(45)
        opposite = np.where(domain == "t", same, -same)
        options = {"sample_domain": domain, "random_state": 0}
        helps = transfer_gain(Pooled("t"), X, same, **options)
        hurts = transfer_gain(Pooled("t"), X, opposite, **options)
        assert helps.verdict == "helps"
        assert helps.interval[0] > 0
        assert hurts.verdict == "hurts"
        assert hurts.interval[1] < 0
        assert str(hurts).startswith("hurts: loss")
        assert "95% interval" in str(hurts)
        columns = ["verdict", "gain", "low", "high", "relative_gain", "loss", "baseline_loss"]
        assert hurts.to_frame().columns.tolist() == [*columns, "n_target"]


class TestRows:
    def test_what_each_model_sees(self):
        """Sources go to the estimator alone, and no held-out row to anyone."""
        X, y, domain = table(sizes=(20, 30, 10))
        X[:, -1] = np.arange(60)
        Pooled.seen = []
        transfer_gain(Pooled("t"), X, y, sample_domain=domain, n_repeats=1, random_state=0)
        assert len(Pooled.seen) == 10
        for (everything, routed), (alone, alone_routed) in zip(
            Pooled.seen[::2], Pooled.seen[1::2], strict=True
        ):
            assert routed
            assert not alone_routed
            assert set(alone) < set(range(20))
            assert len(alone) == 16
            assert set(everything) == set(alone) | set(range(20, 60))

    def test_groups_are_told_to_an_estimator_that_takes_them(self):
        """The transfer estimator gets those of all its rows, the baseline those of the target's."""
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(80, 2)), rng.normal(size=80)
        domain, groups = np.repeat(["t", "s"], 40), np.arange(80) // 4
        Told.heard = []
        transfer_gain(
            Told("t"), X, y, sample_domain=domain, groups=groups, n_repeats=1, random_state=0
        )
        for everything, alone in zip(Told.heard[::2], Told.heard[1::2], strict=True):
            assert len(everything) == 72
            assert_array_equal(alone, everything[:32])
            assert np.bincount(alone)[np.unique(alone)].tolist() == [4] * 8
        Told.heard = []
        transfer_gain(Told("t"), X, y, sample_domain=domain, n_repeats=1, random_state=0)
        assert all(heard is None for heard in Told.heard)

    def test_groups_are_held_out_together(self):
        X, y, domain = table(sizes=(20, 30, 10))
        X[:, -1] = np.arange(60)
        groups = np.concatenate([np.repeat(np.arange(5), 4), np.arange(40) % 8])
        Pooled.seen = []
        transfer_gain(
            Pooled("t"), X, y, sample_domain=domain, groups=groups, n_repeats=1, random_state=0
        )
        for everything, _ in Pooled.seen[::2]:
            trained = set(groups[everything.astype(int)].tolist())
            held = set(range(20)) - set(everything.astype(int).tolist())
            assert held
            assert not trained & {groups[row] for row in held}

    def test_baseline_of_ones_own(self):
        X, y, domain = table()
        found = transfer_gain(
            Pooled("t"), X, y, sample_domain=domain, baseline=LinearRegression(), random_state=0
        )
        same = transfer_gain(Pooled("t"), X, y, sample_domain=domain, random_state=0)
        assert found.loss == same.loss
        assert found.baseline_loss != same.baseline_loss
        assert found.baseline_loss == pytest.approx(same.baseline_loss, rel=0.2)

    @pytest.mark.parametrize("guard", ["auto", None])
    def test_domain_column(self, guard):
        X, y, domain = table(kind="labels", sizes=(24, 60, 40))
        frame = pd.DataFrame(X, columns=["u", "v", "w"])
        options = {"n_repeats": 1, "n_splits": 3, "random_state": 0}
        plain = UOWQClassifier(target_domain="t", guard=guard, random_state=0)
        in_column = clone(plain).set_params(domain_column="d")
        expected = transfer_gain(plain, frame, y, sample_domain=domain, **options)
        found = transfer_gain(in_column, frame.assign(d=domain), y, **options)
        # Rows lie otherwise in memory: sums may differ in the last bit.
        assert_allclose(found.fold_gains, expected.fold_gains, rtol=1e-9, atol=1e-12)
        bare = transfer_gain(
            in_column, frame.assign(d=domain), y, baseline=LogisticRegression(), **options
        )
        # A baseline that knows no domains does not see their column either.
        assert bare.baseline_loss == pytest.approx(expected.baseline_loss)

    def test_pipelines_and_text(self):
        X, y, domain = table(kind="labels")
        inner = make_pipeline(StandardScaler(), LogisticRegression())
        model = UOWQClassifier(inner, target_domain="t", random_state=0)
        options = {"n_repeats": 1, "random_state": 0}
        found = transfer_gain(model, X, y, sample_domain=domain, **options)
        listed = transfer_gain(model, X, y.tolist(), sample_domain=domain.tolist(), **options)
        assert_array_equal(found.fold_gains, listed.fold_gains)
        assert found.baseline_loss < np.log(2) * 1.2
        assert not hasattr(model, "classes_")


def test_same_for_any_number_of_jobs():
    X, y, domain = table()
    inner = RandomForestRegressor(3, random_state=0)
    model = UOWQRegressor(inner, target_domain="t", guard=None, random_state=0)
    options = {"sample_domain": domain, "n_repeats": 1, "n_splits": 3, "random_state": 5}
    serial = transfer_gain(model, X, y, **options)
    parallel = transfer_gain(model, X, y, n_jobs=2, **options)
    assert_array_equal(serial.fold_gains, parallel.fold_gains)
    assert serial.interval == parallel.interval


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "match"),
        [
            ({"n_splits": 1}, "`n_splits` must be an integer of at least 2"),
            ({"n_repeats": 0}, "`n_repeats` must be an integer of at least 1"),
            ({"confidence_level": 1.0}, "`confidence_level` must lie between 0 and 1"),
            ({"sample_domain": None}, "`sample_domain` must be"),
            ({"groups": np.zeros(170)}, "`groups` must put the target's rows into two groups"),
            ({"baseline": LinearRegression()}, "`baseline` must have `predict_proba`"),
        ],
    )
    def test_parameters(self, options, match):
        X, y, domain = table(kind="labels")
        with pytest.raises(ValueError, match=match):
            transfer_gain(
                UOWQClassifier(target_domain="t"), X, y, **{"sample_domain": domain, **options}
            )

    def test_no_transfer_estimator(self):
        X, y, domain = table()
        with pytest.raises(ValueError, match="`estimator` must be a transfer estimator"):
            transfer_gain(Ridge(), X, y, sample_domain=domain)

    def test_too_few_rows(self):
        X, y, domain = table(sizes=(3, 20, 20))
        with pytest.raises(ValueError, match="The target must have four rows at least"):
            transfer_gain(Pooled("t"), X, y, sample_domain=domain)

    def test_one_class(self):
        X, y, domain = table(kind="labels")
        y[domain == "t"] = "no"
        with pytest.raises(ValueError, match="must have rows of two classes at least"):
            transfer_gain(UOWQClassifier(target_domain="t"), X, y, sample_domain=domain)

    def test_unknown_target(self):
        X, y, domain = table()
        with pytest.raises(ValueError, match="`target_domain` must be one of the domains"):
            transfer_gain(Pooled("zz"), X, y, sample_domain=domain)


def test_what_folds_say_is_not_passed_on():
    """One positive left in training: the estimator warns of it, the verdict's reader is spared."""
    X, y, domain = table(kind="labels")
    y[:30] = ["yes"] * 4 + ["no"] * 26
    with warnings.catch_warnings():
        warnings.simplefilter("error", TransferWarning)
        found = transfer_gain(
            UOWQClassifier(target_domain="t"), X, y, sample_domain=domain, n_repeats=1,
            random_state=0,
        )  # fmt: skip
    # Four of the rarer class make four folds.
    assert len(found.fold_gains) == 4


def _expected_gain(sources, beta, n_target, n_sets):
    """At the size of training: mean over target samples, the loss known in closed form."""
    rng = np.random.default_rng(1)
    X_source, y_source = sources
    gains = []
    for _ in range(n_sets):
        X = rng.standard_normal((n_target, len(beta)))
        y = X @ beta + rng.standard_normal(n_target)
        train, _ = next(KFold(5).split(X))
        pooled = _ridge(np.vstack([X_source, X[train]]), np.append(y_source, y[train]))
        alone = _ridge(X[train], y[train])
        risk = [b[0] ** 2 + ((b[1:] - beta) ** 2).sum() for b in (pooled, alone)]
        gains.append(risk[1] - risk[0])
    return np.mean(gains)


@pytest.mark.slow
@pytest.mark.parametrize("n_target", [20, 50])
@pytest.mark.parametrize("case", ["helps", "neither", "hurts"])
def test_interval_covers_the_expected_gain(n_target, case):
    """200 data sets. At a coverage of .90, 166 or fewer hits have probability 0.001.

    Where nothing is gained, verdicts are wrong in 5 % at most if the interval is right; 22 or more
    of 200 have a probability below 0.001 then.
    """
    rng = np.random.default_rng(0)
    beta, n_source = np.full(5, 0.5), 200
    direction = rng.standard_normal(5)
    direction /= np.linalg.norm(direction)
    X_source, noise = rng.standard_normal((n_source, 5)), rng.standard_normal(n_source)

    def sources(shift):
        return X_source, X_source @ (beta + shift * direction) + noise

    low, high = 0.0, 3.0
    for _ in range(12):
        middle = (low + high) / 2
        gain = _expected_gain(sources(middle), beta, n_target, 1000)
        low, high = (middle, high) if gain > 0 else (low, middle)
    X_source, y_source = sources({"helps": 0.0, "neither": low, "hurts": 2 * low}[case])
    expected = _expected_gain((X_source, y_source), beta, n_target, 5000)
    domain = np.repeat(["s", "t"], [n_source, n_target])
    hits, verdicts = 0, []
    for number in range(200):
        X = rng.standard_normal((n_target, 5))
        y = X @ beta + rng.standard_normal(n_target)
        found = transfer_gain(
            Pooled("t"),
            np.vstack([X_source, X]),
            np.append(y_source, y),
            sample_domain=domain,
            random_state=number,
        )
        hits += found.interval[0] <= expected <= found.interval[1]
        verdicts.append(found.verdict)
    assert hits > 166
    wrong = {"helps": ["hurts"], "neither": ["helps", "hurts"], "hurts": ["helps"]}[case]
    assert sum(verdict in wrong for verdict in verdicts) < 22
