# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The methods on the board: each predicts the test rows of one draw.

A method is a function of the inner estimator and a draw. It gets the prepared columns, the inner
estimator with its parameters, and nothing else, so that methods differ in what they do with the
domains alone. `UOWQ(guard="select", n_rounds=3)` as a name is UOWQ with those options.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pandas as pd
from _board_glmm import (
    RandomInterceptLinear,
    RandomInterceptLogistic,
    StatsmodelsLinear,
    StatsmodelsLogistic,
)
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_transfer import ensemble, hierarchical, weighting
from sklearn_transfer.boosting import TrAdaBoostClassifier, TrAdaBoostRegressor

INNERS = ("linear", "xgboost")
TARGET, POOLED, DEFAULT = "target", "pooled", "UOWQ"
SELECT, STATSMODELS = "UOWQ, select", "GLMM, statsmodels"
GROUPS = "UOWQ, groups"
# Run where named by --methods only: statsmodels takes longer than everything else together, and
# no other method is told of groups.
ON_DEMAND = {STATSMODELS, GROUPS}
# Rounds and splits below the defaults, so that a run of the whole board stays affordable.
ROUNDS = {"linear": 20, "xgboost": 10}
ART_SPLITS = {"linear": 20, "xgboost": 5}


class NotApplicableError(Exception):
    """The method is not defined for such data."""


def inner_estimator(inner, classification):
    if inner == "linear":
        return LogisticRegression(max_iter=1000) if classification else Ridge()
    import xgboost

    kind = xgboost.XGBClassifier if classification else xgboost.XGBRegressor
    return kind(n_estimators=100, max_depth=4, learning_rate=0.1, n_jobs=1, random_state=0)


def inner_grid(inner, classification):
    """The small search over regularisation, the first entry being the parameters as they are."""
    if inner == "xgboost":
        return [{"max_depth": d, "reg_lambda": r} for d, r in [(4, 1), (2, 1), (4, 20), (2, 20)]]
    if classification:
        return [{"C": value} for value in (1.0, 0.01, 0.1, 10.0)]
    return [{"alpha": value} for value in (1.0, 0.1, 10.0, 100.0)]


def _wrapped(module, name, **options):
    """A learner of the package around the inner estimator."""

    def method(estimator, data):
        kind = getattr(module, name + ("Regressor" if data.classes is None else "Classifier"))
        return _predict(kind(estimator, target_domain=0, **_seeded(kind, options)), data)

    return method


def _seeded(kind, options):
    accepted = inspect.signature(kind).parameters
    return {"random_state": 0, **options} if "random_state" in accepted else options


def _predict(learner, data, X=None, X_test=None, **given):
    X = data.X if X is None else X
    X_test = data.X_test if X_test is None else X_test
    if data.classes is None:
        return learner.fit(X, data.y, sample_domain=data.domain, **given).predict(X_test)
    # XGBoost takes class numbers 0, 1, ... only.
    seen, codes = np.unique(data.y, return_inverse=True)
    learner.fit(X, codes, sample_domain=data.domain, **given)
    proba = np.zeros((len(X_test), len(data.classes)))
    columns = np.searchsorted(data.classes, seen)[learner.classes_]
    proba[:, columns] = learner.predict_proba(X_test)
    return proba


def _direct(strategy, **options):
    return _wrapped(ensemble, "DirectTransfer", strategy=strategy, **options)


def _frames(data):
    names = [f"x{j}" for j in range(data.X.shape[1])]
    return pd.DataFrame(data.X, columns=names), pd.DataFrame(data.X_test, columns=names)


def _category(estimator, data):
    kind = ensemble.DirectTransferRegressor
    if data.classes is not None:
        kind = ensemble.DirectTransferClassifier
    inner = clone(estimator).set_params(enable_categorical=True)
    learner = kind(inner, target_domain=0, strategy="domain_category")
    return _predict(learner, data, *_frames(data))


def _catboost(estimator, data):
    import catboost

    depth, penalty = estimator.get_params()["max_depth"], estimator.get_params()["reg_lambda"]
    kind = catboost.CatBoostRegressor if data.classes is None else catboost.CatBoostClassifier
    model = kind(
        iterations=estimator.n_estimators,
        learning_rate=estimator.learning_rate,
        depth=depth,
        # 3 is CatBoost's own default, as 1 is XGBoost's.
        l2_leaf_reg=3.0 * (penalty or 1.0),
        cat_features=["domain"],
        thread_count=1,
        random_seed=0,
        verbose=False,
        allow_writing_files=False,
    )
    X, X_test = _frames(data)
    model.fit(X.assign(domain=data.domain.astype(str)), data.y)
    X_test = X_test.assign(domain="0")
    if data.classes is None:
        return model.predict(X_test)
    proba = np.zeros((len(X_test), len(data.classes)))
    seen = np.asarray(model.classes_).astype(data.classes.dtype)
    proba[:, np.searchsorted(data.classes, seen)] = model.predict_proba(X_test)
    return proba


def _random_intercepts(linear, logistic):
    def method(estimator, data):
        if data.classes is None:
            return linear(estimator).fit(data.X, data.y, data.domain).predict(data.X_test)
        if len(data.classes) > 2:
            raise NotApplicableError("random-intercept logistic regression has two classes")
        y = (data.y == data.classes[1]).astype(float)
        return logistic(estimator).fit(data.X, y, data.domain).predict_proba(data.X_test)

    return method


def _recalibrated(estimator, data):
    """Pooled, then one shift per class, or of the mean, fitted to the target's rows.

    A shift has the prior variance of 10, which keeps it finite where the rows have one class.
    """
    kind = ensemble.DirectTransferRegressor
    if data.classes is not None:
        kind = ensemble.DirectTransferClassifier
    both = np.vstack([data.X[data.own], data.X_test])
    predicted = _predict(kind(estimator, target_domain=0), data, X_test=both)
    n_own = int(data.own.sum())
    ours, tests = predicted[:n_own], predicted[n_own:]
    if data.classes is None:
        return tests + (data.y[data.own] - ours).mean()
    code = np.searchsorted(data.classes, data.y[data.own])
    ours, tests = np.log(np.clip(ours, 1e-6, 1.0)), np.log(np.clip(tests, 1e-6, 1.0))
    rows = np.arange(n_own)

    def negative(shift):
        return 0.05 * shift @ shift - log_softmax(ours + shift, axis=1)[rows, code].sum()

    return softmax(tests + minimize(negative, np.zeros(len(data.classes))).x, axis=1)


def _inner_of(estimator):
    return "linear" if hasattr(estimator, "fit_intercept") else "xgboost"


def _art(estimator, data):
    splits = ART_SPLITS[_inner_of(estimator)]
    return _wrapped(ensemble, "ART", max_splits=splits)(estimator, data)


def _tradaboost(estimator, data):
    kind = TrAdaBoostRegressor if data.classes is None else TrAdaBoostClassifier
    rounds = ROUNDS[_inner_of(estimator)]
    return _predict(kind(estimator, target_domain=0, n_estimators=rounds, random_state=0), data)


def _uowq(**options):
    return _wrapped(weighting, "UOWQ", **options)


def _told_of_groups(estimator, data):
    kind = weighting.UOWQRegressor if data.classes is None else weighting.UOWQClassifier
    return _predict(kind(estimator, target_domain=0, random_state=0), data, groups=data.group)


def _paper(name, **options):
    """The algorithm of the paper, without a guard where the estimator has one."""

    def method(estimator, data):
        kind = getattr(weighting, name + ("Regressor" if data.classes is None else "Classifier"))
        bare = {"guard": None} if "guard" in inspect.signature(kind).parameters else {}
        return _predict(kind(estimator, target_domain=0, random_state=0, **bare, **options), data)

    return method


METHODS: dict[str, Callable] = {
    TARGET: _direct("target_only"),
    POOLED: _direct("concatenate"),
    "sources": _direct("source_only"),
    "balanced": _direct("balanced"),
    "one-hot": _direct("domain_onehot"),
    # Indicators so large that the penalty hardly touches their coefficients.
    "own intercepts": _direct("domain_onehot", domain_scale=10.0),
    "category": _category,
    "augment": _direct("augment"),
    "recalibrated": _recalibrated,
    "GLMM": _random_intercepts(
        lambda inner: RandomInterceptLinear(inner.alpha),
        lambda inner: RandomInterceptLogistic(1.0 / inner.C),
    ),
    STATSMODELS: _random_intercepts(
        lambda inner: StatsmodelsLinear(), lambda inner: StatsmodelsLogistic(inner.C)
    ),
    "CatBoost": _catboost,
    "TrAdaBoost": _tradaboost,
    "ART": _art,
    "source detection": _wrapped(ensemble, "SourceDetection"),
    "OTQMS": _paper("OTQMS"),
    "UOWQ static": _paper("UOWQ", update="static"),
    "UOWQ dynamic": _paper("UOWQ", update="dynamic"),
    "UOWQ static, own": _paper("UOWQ", update="static", domain_effects="intercept"),
    "UOWQ dynamic, own": _paper("UOWQ", update="dynamic", domain_effects="intercept"),
    "random": _wrapped(hierarchical, "RandomCoefficients"),
    SELECT: _uowq(guard="select"),
    DEFAULT: _uowq(),
    GROUPS: _told_of_groups,
}
LINEAR_ONLY = {"own intercepts", "GLMM", STATSMODELS, "UOWQ static, own", "UOWQ dynamic, own"}
TREES_ONLY = {"category", "CatBoost"}
# What practice does with the domain, by inner estimator.
PRACTICE = {
    "linear": ["own intercepts", "one-hot", "recalibrated", "GLMM"],
    "xgboost": ["category", "one-hot", "recalibrated"],
}


def method(name):
    """The function of that name, or UOWQ with the options that the name spells out."""
    if name in METHODS:
        return METHODS[name]
    call = ast.parse(name, mode="eval").body
    if not (isinstance(call, ast.Call) and getattr(call.func, "id", "") == "UOWQ"):
        raise ValueError(f"A method is one of {list(METHODS)} or UOWQ(...). Got {name!r} instead.")
    return _uowq(**{keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords})


def methods_of(inner):
    """Methods on the board for an inner estimator, and why others are left out."""
    left_out = dict.fromkeys(LINEAR_ONLY, "linear inner estimators only")
    if inner == "linear":
        left_out = dict.fromkeys(TREES_ONLY, "XGBoost inside only")
    if find_spec("catboost") is None:
        left_out["CatBoost"] = "catboost is not installed"
    if find_spec("statsmodels") is None:
        left_out[STATSMODELS] = "statsmodels is not installed"
    if "guard" not in inspect.signature(weighting.UOWQClassifier).parameters:
        left_out[SELECT] = "this version of UOWQ has no guard"
    return [name for name in METHODS if name not in {*left_out, *ON_DEMAND}], left_out
