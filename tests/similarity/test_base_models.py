# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The default models of the Cross-Learning Score take tables as they come."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.preprocessing import StandardScaler

from sklearn_transfer.similarity import CrossLearningScore
from sklearn_transfer.similarity._base_models import default_models, texts


def table(n_samples=120, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.standard_normal((n_samples, 3)), columns=["a", "b", "c"])
    domain = np.repeat(["here", "there"], n_samples // 2)
    y = (X["a"] + 0.3 * rng.standard_normal(n_samples) > 0).astype(int)
    return X, y.to_numpy(), domain


def test_clean_numbers_are_scaled_and_no_more():
    X, _, _ = table()
    for given in (X, X.to_numpy()):
        steps = default_models(True, given)["rbf_svm"].steps
        assert [type(step) for _, step in steps[:-1]] == [StandardScaler]


@pytest.mark.parametrize("container", [pd.DataFrame, np.asarray])
def test_gaps_are_imputed(container):
    """An empty column and gaps that tell nothing hardly change the score."""
    X, y, domain = table()
    gaps = X.mask(np.random.default_rng(1).random(X.shape) < 0.05).assign(empty=np.nan)
    score = CrossLearningScore(target_domain="here", random_state=0)
    score.fit(container(gaps), y, sample_domain=domain)
    assert np.isfinite(score.source_scores_).all()
    assert abs(score.source_scores_[0]) < 0.15


def test_categories_are_encoded():
    """Where the label is the category, every model errs as seldom as it can."""
    X, _, domain = table()
    kind = pd.Series(np.where(np.arange(120) % 2, "odd", "even"), dtype="category")
    y = (kind == "odd").astype(int).to_numpy()
    score = CrossLearningScore(target_domain="here", random_state=0)
    score.fit(X.assign(kind=kind), y, sample_domain=domain)
    assert_array_equal(score.cross_errors_[0, 1], 0.0)


def test_codes_of_categories_are_no_numbers():
    """A code between the others has a label of its own: no line through the codes gives it."""
    X, _, domain = table()
    code = np.arange(120) % 3
    y = (code == 1).astype(int)
    given = X.assign(code=pd.Categorical(code))
    model = default_models(True, given)["logistic_regression"].fit(given, y)
    assert_array_equal(model.predict(given), y)
    score = CrossLearningScore(target_domain="here", random_state=0)
    score.fit(given, y, sample_domain=domain)
    assert score.cross_errors_[0, 1] == 0.0


@pytest.mark.parametrize(
    "kind", ["string", "category", "object", "boolean", "Int64", "Float64", "int categories"]
)
def test_every_type_of_column_may_have_gaps(kind):
    """Half of the values are absent, and the label is whether they are."""
    X, _, domain = table()
    values = {
        "boolean": [True, False],
        "Int64": [1, 2],
        "Float64": [0.5, 1.5],
        "int categories": [1, 2],
    }.get(kind, ["u", "v"])
    present = [values[i % 2] for i in range(120)]
    dtype = "category" if kind == "int categories" else kind
    column = pd.Series(present, dtype=dtype).mask(np.arange(120) % 4 < 2)
    y = column.isna().astype(int).to_numpy()
    score = CrossLearningScore(target_domain="here", random_state=0)
    score.fit(X.assign(column=column), y, sample_domain=domain)
    assert score.cross_errors_[0, 1] == 0.0


def test_equal_codes_have_one_text_beside_gaps_and_without():
    code = pd.Series(pd.Categorical([1, 2, None, 1]))
    frame = pd.DataFrame({"code": code, "kind": ["a", None, np.nan, "b"]})
    frame["told"] = pd.array([True, None, False, True], dtype="boolean")
    told = texts(frame)
    assert told[:, 0].tolist() == ["1.0", "2.0", "missing", "1.0"]
    assert told[:, 1].tolist() == ["a", "missing", "missing", "b"]
    assert told[:, 2].tolist() == ["1.0", "missing", "0.0", "1.0"]
    assert_array_equal(texts(frame.iloc[[0, 1]])[:, 0], told[:2, 0])


def test_infinity_is_refused():
    X, y, domain = table()
    X.iloc[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        CrossLearningScore(target_domain="here").fit(X, y, sample_domain=domain)
