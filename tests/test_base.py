# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The template of transfer estimators: what `_fit` receives, what a user of the template gets."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object

from sklearn_transfer._base import BaseTransferClassifier, BaseTransferRegressor
from sklearn_transfer._weighted_fit import fit_weighted, take_rows
from sklearn_transfer.exceptions import TransferWarning


class _TargetOnly:
    """The smallest method: learns from the target's rows; remembers what it was given."""

    def __init__(self, estimator=None, *, target_domain=None, domain_column=None):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column

    def _fit(self, X, y, sample_weight, domains):
        self.given_ = (X, y, sample_weight, domains)
        rows = domains.target_rows
        weight = None if sample_weight is None else sample_weight[rows]
        self._keep_model(fit_weighted(self._inner(), take_rows(X, rows), y[rows], weight))


class TargetOnlyClassifier(_TargetOnly, BaseTransferClassifier):
    """A classifier from the template."""


class TargetOnlyRegressor(_TargetOnly, BaseTransferRegressor):
    """A regressor from the template."""


rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
DOMAIN = np.array(["t", "a", "b"])[np.arange(60) % 3]
Y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
VALUES = X[:, 0] + rng.normal(size=60)


def fitted(estimator=None, **params):
    return TargetOnlyClassifier(estimator, target_domain="t", **params).fit(
        X, Y, sample_domain=DOMAIN
    )


def test_a_method_gets_clean_arrays_and_the_index():
    weight = np.arange(60) % 4 * 0.5
    model = TargetOnlyClassifier(target_domain="t").fit(
        X.tolist(), Y.tolist(), weight.tolist(), sample_domain=DOMAIN.tolist()
    )
    given_X, given_y, given_weight, domains = model.given_
    present = weight > 0
    assert_array_equal(given_X, X[present])
    assert_array_equal(given_y, Y[present])
    assert_array_equal(given_weight, weight[present])
    assert_array_equal(domains.target_rows, np.flatnonzero(DOMAIN[present] == "t"))
    assert domains.sources.tolist() == ["a", "b"]
    assert_array_equal(domains.source_rows(1), np.flatnonzero(DOMAIN[present] == "b"))


def test_a_method_gets_no_weights_where_none_were_given():
    assert fitted().given_[2] is None


def test_fit_returns_itself_and_sets_what_all_have():
    model = TargetOnlyClassifier(target_domain="t")
    frame = pd.DataFrame(X, columns=["p", "q", "r"])
    assert model.fit(frame, Y, sample_domain=DOMAIN) is model
    assert model.target_domain_ == "t"
    assert model.source_domains_.tolist() == ["a", "b"]
    assert model.classes_.tolist() == [0, 1]
    assert model.n_features_in_ == 3
    assert model.feature_names_in_.tolist() == ["p", "q", "r"]
    assert isinstance(model.estimator_, LogisticRegression)
    assert not hasattr(TargetOnlyRegressor().fit(X, VALUES), "classes_")


def test_a_dense_table_is_not_copied():
    assert fitted().given_[0] is X
    frame = pd.DataFrame(X, columns=["p", "q", "r"])
    model = TargetOnlyClassifier(target_domain="t").fit(frame, Y, sample_domain=DOMAIN)
    assert model.given_[0] is frame


@pytest.mark.parametrize("make", [sparse.coo_array, sparse.csr_array, sparse.csc_array])
def test_a_sparse_table_stays_sparse(make):
    model = TargetOnlyClassifier(target_domain="t").fit(make(X), Y, sample_domain=DOMAIN)
    assert sparse.issparse(model.given_[0])
    assert_array_equal(model.predict(make(X)), fitted().predict(X))


METHODS = ["predict_proba", "predict_log_proba", "decision_function"]


@pytest.mark.parametrize(
    "inner",
    [
        LogisticRegression(),
        RidgeClassifier(),
        DecisionTreeClassifier(random_state=0),
        KNeighborsClassifier(),
        SVC(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        make_pipeline(StandardScaler(), LinearSVC()),
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}),
    ],
    ids=lambda inner: type(inner).__name__,
)
def test_methods_are_those_of_the_inner_estimator(inner):
    """Before and after fitting, and with the same answers."""
    model = TargetOnlyClassifier(inner)
    direct = clone(inner).fit(X, Y)
    for stage in (model, model.fit(X, Y)):
        for method in METHODS:
            assert hasattr(stage, method) == hasattr(direct, method), method
    assert_array_equal(model.predict(X), direct.predict(X))
    for method in METHODS:
        if hasattr(direct, method):
            with np.errstate(divide="ignore"):  # trees say log(0)
                assert_array_equal(getattr(model, method)(X), getattr(direct, method)(X))
    assert model.score(X, Y) == pytest.approx(np.mean(direct.predict(X) == Y))


@pytest.mark.parametrize("method", ["predict", *METHODS])
def test_unfitted(method):
    with pytest.raises(NotFittedError):
        getattr(TargetOnlyClassifier(), method)(X)
    with pytest.raises(NotFittedError):
        TargetOnlyRegressor().score(X, VALUES)


def test_regressors_score_as_their_inner_estimator_does():
    weight = rng.uniform(size=60)
    counts = np.exp(VALUES)
    for inner, y in [(Ridge(), VALUES), (PoissonRegressor(), counts)]:
        model, direct = TargetOnlyRegressor(inner).fit(X, y), clone(inner).fit(X, y)
        assert model.score(X, y) == direct.score(X, y)
        assert model.score(X, y, weight) == direct.score(X, y, weight)
        assert model.score(X, y, sample_weight=weight) == direct.score(X, y, weight)


def test_classifiers_score_by_accuracy_with_weights():
    model, weight = fitted(), rng.uniform(size=60)
    right = model.predict(X) == Y
    assert model.score(X, Y, weight) == pytest.approx(np.average(right, weights=weight))


@pytest.mark.parametrize(
    "inner",
    [
        LogisticRegression(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        HistGradientBoostingClassifier(),
        DecisionTreeClassifier(),
        KNeighborsClassifier(),
        SVC(kernel="precomputed"),
        DummyClassifier(),
    ],
    ids=lambda inner: type(inner).__name__,
)
def test_tags_of_classifiers_are_the_inner_ones(inner):
    tags, inner_tags = get_tags(TargetOnlyClassifier(inner)), get_tags(inner)
    assert is_classifier(TargetOnlyClassifier(inner))
    assert tags.input_tags == inner_tags.input_tags
    assert tags.non_deterministic == inner_tags.non_deterministic
    assert tags.classifier_tags.multi_class == inner_tags.classifier_tags.multi_class
    assert tags.classifier_tags.poor_score == inner_tags.classifier_tags.poor_score
    assert tags.target_tags.required


@pytest.mark.parametrize(
    "inner",
    [Ridge(), PoissonRegressor(), GammaRegressor(), DecisionTreeRegressor(), DummyRegressor()],
    ids=lambda inner: type(inner).__name__,
)
def test_tags_of_regressors_are_the_inner_ones(inner):
    tags, inner_tags = get_tags(TargetOnlyRegressor(inner)), get_tags(inner)
    assert is_regressor(TargetOnlyRegressor(inner))
    assert tags.input_tags == inner_tags.input_tags
    assert tags.target_tags.positive_only == inner_tags.target_tags.positive_only
    assert tags.regressor_tags.poor_score == inner_tags.regressor_tags.poor_score


@pytest.mark.parametrize(
    "inner",
    [DecisionTreeClassifier(), KNeighborsClassifier(), MultiOutputClassifier(LogisticRegression())],
    ids=lambda inner: type(inner).__name__,
)
def test_several_outputs_are_not_promised(inner):
    """What inner estimators could do with 2-D y, the template refuses."""
    tags = get_tags(TargetOnlyClassifier(inner))
    assert not tags.classifier_tags.multi_label
    assert not tags.target_tags.multi_output
    with pytest.raises(ValueError, match="1d array"):
        TargetOnlyClassifier(inner).fit(X, np.column_stack([Y, Y]))


def test_tags_do_not_leak_into_the_inner_estimator():
    inner = LogisticRegression()
    get_tags(TargetOnlyClassifier(inner)).input_tags.sparse = "changed"
    assert get_tags(inner).input_tags.sparse is True


@pytest.mark.parametrize("given", [3, "logistic"])
def test_an_estimator_that_is_none_is_refused_in_fit(given):
    """`repr` and `clone` may not fail before."""
    model = TargetOnlyClassifier(given)
    repr(model)
    clone(model, safe=False)
    with pytest.raises(ValueError, match=r"The 'estimator' parameter .* must be.*Got .*instead"):
        model.fit(X, Y)


def test_sample_domain_is_requested_and_weights_are_left_open():
    requests = get_routing_for_object(TargetOnlyClassifier())
    assert requests.fit.requests == {
        "sample_domain": True,
        "groups": True,
        "sample_weight": None,
    }
    assert "sample_domain" not in requests.predict.requests
    assert "sample_domain" not in requests.score.requests
    with config_context(enable_metadata_routing=True):
        refusing = TargetOnlyClassifier().set_fit_request(sample_domain=False)
        assert get_routing_for_object(refusing).fit.requests["sample_domain"] is False


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_a_failed_fit_leaves_everything_as_it_was(monkeypatch, error):
    model = fitted()
    state, said = dict(vars(model)), model.predict_proba(X)

    def fail(*args):
        model.half_way_ = True
        model.target_domain_ = "elsewhere"
        raise error

    monkeypatch.setattr(TargetOnlyClassifier, "_fit", fail)
    with pytest.raises(error):
        model.fit(X[:, :2], 1 - Y, sample_domain=DOMAIN)
    assert vars(model).keys() == state.keys()
    assert all(vars(model)[name] is value for name, value in state.items())
    assert_array_equal(model.predict_proba(X), said)


def test_a_failed_first_fit_leaves_it_unfitted(monkeypatch):
    model = TargetOnlyClassifier()
    monkeypatch.setattr(TargetOnlyClassifier, "_keep_model", lambda self, model: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, Y)
    assert vars(model).keys() == vars(TargetOnlyClassifier()).keys()
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_a_refit_forgets_the_last_fit():
    model = TargetOnlyClassifier(target_domain="t")
    model.fit(pd.DataFrame(X, columns=["p", "q", "r"]), Y, sample_domain=DOMAIN)
    model.of_an_earlier_method_ = 1
    model.fit(X, Y, sample_domain=DOMAIN)
    assert not hasattr(model, "feature_names_in_")
    assert not hasattr(model, "of_an_earlier_method_")


def test_inner_estimator_is_never_modified():
    inner = LogisticRegression()
    before = pickle.dumps(inner)
    model = fitted(inner)
    model.predict(X)
    assert pickle.dumps(inner) == before
    assert model.estimator is inner
    assert model.estimator_ is not inner


def test_constructor_stores_and_validates_nothing():
    odd = object()
    model = TargetOnlyClassifier(odd, target_domain=odd, domain_column=odd)
    assert model.get_params(deep=False) == dict.fromkeys(
        ["domain_column", "estimator", "target_domain"], odd
    )


@pytest.mark.parametrize("place", [0, 1, 3, -1, -4])
@pytest.mark.parametrize("kind", ["frame", "array"])
def test_domain_column_by_position_may_be_absent_at_prediction(kind, place):
    at = place % 4
    codes = np.array([{"t": 7.0, "a": 8.0, "b": 9.0}[label] for label in DOMAIN])
    full, rest = np.insert(X, at, codes, axis=1), X
    if kind == "frame":
        names = np.array(["p", "q", "r"])
        full = pd.DataFrame(full, columns=np.insert(names.astype(object), at, "site"))
        rest = pd.DataFrame(X, columns=names)
    model = TargetOnlyClassifier(target_domain=7, domain_column=place).fit(full, Y)
    assert model.n_features_in_ == 3
    assert_allclose(model.predict_proba(rest), model.predict_proba(full), rtol=1e-12)
    assert_allclose(model.predict_proba(full), fitted().predict_proba(X), rtol=1e-12)


def test_a_position_is_a_position_in_arrays_too():
    """Fitted on a dataframe, asked about the same columns without names: said, and answered."""
    codes = np.array([{"t": 7.0, "a": 8.0, "b": 9.0}[label] for label in DOMAIN])
    full = np.insert(X, 1, codes, axis=1)
    frame = pd.DataFrame(full, columns=["p", "site", "q", "r"])
    model = TargetOnlyClassifier(target_domain=7, domain_column=1).fit(frame, Y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        said = model.predict_proba(full)
    assert_allclose(said, model.predict_proba(frame), rtol=1e-12)


def test_table_of_another_width_is_refused_at_prediction():
    codes = np.array([{"t": 7.0, "a": 8.0, "b": 9.0}[label] for label in DOMAIN])
    full = np.insert(X, 0, codes, axis=1)
    model = TargetOnlyClassifier(target_domain=7, domain_column=0).fit(full, Y)
    for table in (X[:, :2], np.column_stack([full, full])):
        with pytest.raises(ValueError, match="features"):
            model.predict(table)


def test_labels_other_than_classes_are_refused_before_the_values_are_compared():
    """Infinite y is neither a class nor worth a warning about casts."""
    for y in (np.full(60, np.inf), np.full(60, np.nan), VALUES):
        with pytest.raises(ValueError, match=r"NaN|infinity|Unknown label type"):
            TargetOnlyClassifier().fit(X, y)


def test_column_vector_y_warns_once_and_is_flattened():
    with pytest.warns(sklearn.exceptions.DataConversionWarning):
        model = TargetOnlyClassifier().fit(X, Y[:, np.newaxis])
    assert model.given_[1].shape == (60,)


def test_only_the_target_left_by_weights_warns_once_at_the_callers_line():
    weight = (DOMAIN == "t").astype(float)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        TargetOnlyClassifier(target_domain="t").fit(X, Y, weight, sample_domain=DOMAIN)
    assert [w.category for w in heard] == [TransferWarning]


def test_warnings_point_to_the_caller():
    """Not into the package, where nobody can mend them."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        TargetOnlyClassifier(target_domain="t").fit(X, Y, sample_domain=["t"] * 60)
        TargetOnlyClassifier(target_domain="t").fit(X, Y)
    assert [w.category for w in heard] == [TransferWarning] * 2
    assert {w.filename for w in heard} == {__file__}
