# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The small problem that the common checks fit, and how two fits are compared."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.base import clone

from sklearn_transfer.exceptions import TransferWarning
from tests.registry import Row

TARGET = "t"
SOURCES = ["a", "b", "c"]
NAMES = ["age", "dose", "mass"]


class Problem(NamedTuple):
    """Rows of the target "t" and of the sources "a", "b", "c", in random order."""

    X: NDArray[np.float64]
    y: NDArray[Any]
    domain: NDArray[Any]

    def only(self, rows: NDArray[Any]) -> Problem:
        """Keep these rows."""
        return Problem(self.X[rows], self.y[rows], self.domain[rows])

    @property
    def target_rows(self) -> Problem:
        """Keep the rows of the target."""
        return self.only(self.domain == TARGET)


def problem(row: Row, *, n_classes: int = 2, rows_per_domain: int = 40, seed: int = 0) -> Problem:
    """Draw sources that are like the target, a little off, and far away.

    Values are positive, so that every regressor takes them.
    """
    rng = np.random.default_rng(seed)
    domain = rng.permutation(np.repeat([TARGET, *SOURCES], rows_per_domain))
    X = rng.normal(size=(len(domain), 3))
    slopes = {TARGET: (1.0, -1.0), "a": (1.0, -1.0), "b": (1.5, -0.5), "c": (0.0, 1.0)}
    levels = {TARGET: 0.0, "a": 0.5, "b": 0.0, "c": -0.5}
    slope = np.array([slopes[label] for label in domain])
    predictor = (X[:, :2] * slope).sum(axis=1) + np.array([levels[label] for label in domain])
    if row.is_regressor:
        return Problem(X, np.exp(0.3 * predictor + 0.2 * rng.normal(size=len(X))), domain)
    scores = np.column_stack([np.zeros(len(X)), predictor, predictor * 0.5 + X[:, 2]])
    noisy = scores[:, :n_classes] + rng.gumbel(size=(len(X), n_classes))
    return Problem(X, noisy.argmax(axis=1), domain)


def as_frame(p: Problem) -> pd.DataFrame:
    """Give the features of a problem names."""
    return pd.DataFrame(p.X, columns=NAMES)


def fitted(estimator: Any, X: Any, y: Any, sample_domain: Any = None, /, **params: Any) -> Any:
    """Fit a clone for the target "t" or as `params` say; figures about the weights are not news."""
    sample_weight = params.pop("sample_weight", None)
    params.setdefault("target_domain", TARGET if sample_domain is not None else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TransferWarning)
        return (
            clone(estimator)
            .set_params(**params)
            .fit(X, y, sample_weight, sample_domain=sample_domain)
        )


def answers(model: Any, X: Any) -> dict[str, NDArray[Any]]:
    """Everything that a fitted model says about rows."""
    methods = ["predict", "predict_proba", "decision_function", "transform"]
    return {name: getattr(model, name)(X) for name in methods if hasattr(model, name)}


def assert_same_answers(model: Any, other: Any, X: Any, tolerance: float = 0.0) -> None:
    """Compare two models; a tolerance of 0 asks for equality to the last bit."""
    mine, others = answers(model, X), answers(other, X)
    assert mine.keys() == others.keys()
    for name, value in mine.items():
        if tolerance == 0.0 or np.asarray(value).dtype.kind not in "fc":
            assert_array_equal(value, others[name], err_msg=name)
        else:
            assert_allclose(others[name], value, rtol=tolerance, atol=tolerance, err_msg=name)


def assert_same_weights(row: Row, model: Any, other: Any, names: dict[Any, Any]) -> None:
    """Compare the weights of sources that `names` takes from one model to the other."""
    if not row.weights_sources:
        return
    mine = dict(zip(model.source_domains_.tolist(), model.source_weights_, strict=True))
    others = dict(zip(other.source_domains_.tolist(), other.source_weights_, strict=True))
    assert {names[label] for label in mine} == set(others)
    for label, weight in mine.items():
        assert_allclose(others[names[label]], weight, rtol=row.tolerance, atol=row.tolerance)
