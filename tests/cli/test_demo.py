# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The demo says what fits by hand give, with a picture or without."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from sklearn_transfer._cli._demo import METHODS, compare_hospitals
from sklearn_transfer.datasets import load_heart_hospitals
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.model_selection import TargetShuffleSplit
from sklearn_transfer.weighting import UOWQClassifier


@pytest.fixture(scope="module")
def results():
    return compare_hospitals(50, 1, 0)


def _standardised(X, rows):
    """Mean-imputed and standardised over `rows`; attributes never seen there are 0."""
    seen = X[rows]
    count = np.maximum((~np.isnan(seen)).sum(axis=0), 1)
    mean = np.nansum(seen, axis=0) / count
    filled = np.where(np.isnan(X), mean, X)
    scale = filled[rows].std(axis=0)
    return (filled - filled[rows].mean(axis=0)) / np.where(scale > 0, scale, 1.0)


def test_every_hospital_is_the_target_once(results):
    _, _, hospital = load_heart_hospitals(return_X_y=True, as_frame=False)
    assert [result.target for result in results] == sorted(set(hospital))
    for result in results:
        assert result.n_train + result.n_test == (hospital == result.target).sum()
        assert dict(zip(result.sources, result.n_samples, strict=True)) == {
            name: (hospital == name).sum() for name in set(hospital) - {result.target}
        }
        assert result.weights.shape == (1, 3)
        assert result.log_loss.shape == result.auc.shape == (1, len(METHODS))


@pytest.mark.parametrize("target", ["cleveland", "switzerland"])
def test_baselines_are_those_of_fits_by_hand(results, target):
    X, y, hospital = load_heart_hospitals(return_X_y=True, as_frame=False)
    result = next(result for result in results if result.target == target)
    splitter = TargetShuffleSplit(1, target_domain=target, train_size=50, random_state=0)
    train, test = next(splitter.split(X, y, sample_domain=hospital))
    own = train[hospital[train] == target]
    assert set(y[own]) == {0, 1}
    for number, rows in enumerate([own, train]):
        Z = _standardised(X, rows)
        proba = LogisticRegression().fit(Z[rows], y[rows]).predict_proba(Z[test])[:, 1]
        assert result.log_loss[0, number] == pytest.approx(log_loss(y[test], proba), rel=1e-4)
        assert result.auc[0, number] == pytest.approx(roc_auc_score(y[test], proba), abs=0.01)


def test_prints_every_hospital_and_writes_a_picture(run, results, folder):
    code, out, err = run("demo", "--splits", "1", "-o", "picture.png")
    assert code == 0
    assert all(line.startswith("note: ") and "fits warned" in line for line in err)
    for result in results:
        assert f"{result.target}: 50 labelled, {result.n_test} held out" in out
        line = next(
            line for line in out.splitlines() if line.startswith(f"  {result.sources[0]}")
            and f"target-only  {result.log_loss[0, 0]:>8.3f}" in line
        )  # fmt: skip
        assert f"{result.weights[0, 0]:.3f}" in line
    mean = np.mean([result.log_loss[0] for result in results], axis=0)
    for method, value in zip(METHODS, mean, strict=True):
        assert f"{method:<12} log-loss {value:.3f}" in out
    behind = [result for result in results if result.log_loss[0, 2] > result.log_loss[0, 1]]
    assert f"than pooled in {4 - len(behind)} of 4" in out
    for result in behind:
        assert f"{result.target} (+{result.log_loss[0, 2] - result.log_loss[0, 1]:.3f})" in out
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_table_remains(run, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = run("demo", "--splits", "1", "--rows", "20")
    assert code == 0
    assert "Mean over the 4 hospitals" in out
    assert err[-1] == 'note: no picture without matplotlib: pip install "sklearn-transfer[plot]"'
    assert list(folder.iterdir()) == []


def test_warnings_of_the_fits_are_counted(run, folder, monkeypatch):
    """Forty fits may warn forty times, with other figures each: one note per hospital."""
    fit = UOWQClassifier.fit

    def fit_and_warn(self, X, y, **metadata):
        fit(self, X, y, **metadata)
        if self.target_domain == "hungary":
            warnings.warn("Figures.", TransferWarning, stacklevel=1)
            warnings.warn("More.", TransferWarning, stacklevel=1)
        return self

    monkeypatch.setattr(UOWQClassifier, "fit", fit_and_warn)
    code, _, err = run("demo", "--splits", "2")
    assert code == 0
    hungary = [line for line in err if "hungary" in line]
    assert hungary[0].startswith("note: hungary: 2 of 2 UOWQ fits warned, the first: ")
    assert len(hungary) == 1
    assert len(err) <= 4


def test_same_seed_same_draws(results):
    again = compare_hospitals(50, 1, 0)
    other = compare_hospitals(50, 1, 1)
    for first, second, third in zip(results, again, other, strict=True):
        np.testing.assert_array_equal(first.log_loss, second.log_loss)
        np.testing.assert_array_equal(first.weights, second.weights)
        assert (first.log_loss != third.log_loss).all()
