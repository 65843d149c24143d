# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What every transfer estimator shares: validation, domains, delegation, tags.

`fit` is a template: it checks the input, builds the index of domains and calls `_fit`, where a
method's algorithm stands. A fit that fails leaves the estimator as it was.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    is_classifier,
    is_regressor,
)
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from sklearn_transfer._domains import (
    Domains,
    column_name,
    factorize_labels,
    index_domains,
    split_domain_column,
)
from sklearn_transfer._sklearn import (
    HasMethods,
    _check_sample_weight,
    _check_y,
    _fit_context,
    _num_samples,
)
from sklearn_transfer._weighted_fit import FittedModel, take_rows


def _inner_has(method: str) -> Callable[[Any], bool]:
    """Whether the inner estimator, fitted or to be fitted, has a method."""

    def check(self: Any) -> bool:
        inner = getattr(self, "estimator_", None)
        getattr(self._inner() if inner is None else inner, method)
        return True

    return check


class BaseDomainEstimator(BaseEstimator, ABC):
    """Template of whatever is fitted on rows of several domains: models, similarities, selectors.

    A subclass defines `_fit(X, y, sample_weight, domains)`, which sets the fitted attributes,
    and `_check_labels`.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"sample_domain": True}

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "target_domain": "no_validation",
        "domain_column": [str, int, np.integer, None],
    }

    # Set by every subclass's __init__.
    target_domain: Any
    domain_column: Any

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, sample_domain: Any = None) -> Any:
        """Fit on the target's rows and on the sources, as much as each helps.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of the target and of all sources. A dataframe reaches the inner estimator as a
            dataframe.
        y : array-like of shape (n_samples,)
            Labels or values.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a weight of 2 is a row twice, a weight of 0 an absent row.
        sample_domain : array-like of shape (n_samples,), default=None
            The domain of every row: any hashable labels. None, with `domain_column` unset, takes
            all rows as target rows.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._fit_or_stay(X, y, sample_weight, sample_domain)

    def _fit_or_stay(
        self, X: Any, y: Any, sample_weight: Any, sample_domain: Any, groups: Any = None
    ) -> Any:
        """Validate and fit; whatever fails leaves the estimator as it was."""
        before = dict(vars(self))
        try:
            for name in [name for name in before if name.endswith("_")]:
                delattr(self, name)
            self._fit(*self._validate(X, y, sample_weight, sample_domain, groups))
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        return self

    @abstractmethod
    def _fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None,
        domains: Domains,
    ) -> None:
        """Run the method; X, y and weights are clean, rows of weight zero are gone."""

    @abstractmethod
    def _check_labels(self, y: Any) -> NDArray[Any]:
        """Validate y before any row is dropped."""

    def _validate(
        self, X: Any, y: Any, sample_weight: Any, sample_domain: Any, groups: Any = None
    ) -> tuple[Any, NDArray[Any], NDArray[np.float64] | None, Domains]:
        self._check_kind()
        X = _as_table(X, self)
        if self.domain_column is not None:
            if sample_domain is not None:
                raise ValueError(
                    "Domains must come from one place. Got both `domain_column`="
                    f"{self.domain_column!r} and `sample_domain` instead; leave one of them out."
                )
            self._domain_column = self.domain_column
            if hasattr(X, "columns"):  # a position at fit is that column's name ever after
                self._domain_column = column_name(X, self.domain_column)
            X, sample_domain = split_domain_column(X, self.domain_column)
        validate_data(self, X, y, skip_check_array=True)
        y = self._check_labels(y)
        check_consistent_length(X, y)
        domains = None
        if sample_domain is not None:  # refuse bad labels before anything is dropped
            domains = self._index_domains(sample_domain, _num_samples(X))
        if groups is not None:
            groups, names = factorize_labels(
                groups, _num_samples(X), place="`groups`", noun="group"
            )
            if len(names) == len(groups):
                groups = None
        if sample_weight is not None:
            sample_weight = _check_weights(sample_weight, X)
            present = np.flatnonzero(sample_weight)
            if len(present) < len(sample_weight):
                X, y, sample_weight = take_rows(X, present), y[present], sample_weight[present]
                if domains is not None:
                    codes = domains.per_row(0, np.arange(1, domains.n_sources + 1))[present]
                    domains = _without_rows(domains, codes.astype(np.intp))
                if groups is not None:  # numbered as if the absent rows had never been there
                    groups, _ = factorize_labels(groups[present], len(present))
        if domains is None:
            domains = self._index_domains(None, _num_samples(X))
        if groups is not None:
            domains = replace(domains, groups=groups)
        self._set_classes(y)
        self.target_domain_ = domains.target
        self.source_domains_ = domains.sources
        return X, y, sample_weight, domains

    def _check_kind(self) -> None:
        """Refuse estimators that cannot serve here, before any row is read."""

    def _index_domains(self, sample_domain: Any, n_samples: int) -> Domains:
        """Sort the rows by domain; without labels all are the target's."""
        return index_domains(sample_domain, self.target_domain, n_samples)

    def _set_classes(self, y: NDArray[Any]) -> None:
        """Keep the classes of the rows that count; nothing for regressors."""

    def _target_table(self, X: Any) -> Any:
        """Validate rows to predict; the domain column may be there or not."""
        check_is_fitted(self)
        X = _as_table(X, self)
        if self.domain_column is not None and (
            hasattr(X, "columns") or X.shape[1] == self.n_features_in_ + 1
        ):
            column = self._domain_column if hasattr(X, "columns") else self.domain_column
            X, _ = split_domain_column(X, column, required=False)
        return validate_data(self, X, reset=False, skip_check_array=True)


class BaseTransfer(BaseDomainEstimator):
    """Template of a transfer estimator of one target domain.

    A subclass defines `_fit(X, y, sample_weight, domains)`, which sets `_model` (a `FittedModel`)
    and the method's own fitted attributes, and `_default_estimator`.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseDomainEstimator._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
    }

    # Set by every subclass's __init__.
    estimator: Any

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"sample_domain": True, "groups": True}

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        sample_domain: Any = None,
        groups: Any = None,
    ) -> Any:
        """Fit on the target's rows and on the sources, as much as each helps.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of the target and of all sources. A dataframe reaches the inner estimator as a
            dataframe.
        y : array-like of shape (n_samples,)
            Labels or values.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a weight of 2 is a row twice, a weight of 0 an absent row.
        sample_domain : array-like of shape (n_samples,), default=None
            The domain of every row: any hashable labels. None, with `domain_column` unset, takes
            all rows as target rows.
        groups : array-like of shape (n_samples,), default=None
            The group of every row, such as the patient or the day: any hashable labels. Where
            rows are held out, to compare models or to stop early, rows of one group are held out
            together. None takes every row for a group of its own.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._fit_or_stay(X, y, sample_weight, sample_domain, groups)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict for rows of the target domain.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of the target; `domain_column` may be absent.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,)
            Predicted labels or values.
        """
        X = self._target_table(X)
        return self._model.predict(X)

    @abstractmethod
    def _default_estimator(self) -> Any:
        """The inner estimator where the user names none."""

    def _inner(self) -> Any:
        """The inner estimator as the user gave it, or the default one; not fitted."""
        return self._default_estimator() if self.estimator is None else self.estimator

    def _check_kind(self) -> None:
        """Refuse a regressor inside a classifier and the other way round."""
        inner = self._inner()
        for kind, is_kind in (("classifier", is_classifier), ("regressor", is_regressor)):
            if is_kind(self) and not is_kind(inner):
                raise ValueError(
                    f"The inner estimator must be a {kind}. Got {type(inner).__name__} instead; "
                    f"choose a {kind} or the {type(self).__name__}'s counterpart."
                )

    def _keep_model(self, model: FittedModel) -> None:
        """Keep what finally predicts."""
        self._model = model
        self.estimator_ = model.estimator

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self._inner())
        tags.input_tags = inner.input_tags
        tags.non_deterministic = inner.non_deterministic
        tags.target_tags.required = True
        tags.target_tags.positive_only = inner.target_tags.positive_only
        return tags


class BaseTransferClassifier(ClassifierMixin, BaseTransfer):
    """Template of a transfer classifier."""

    @available_if(_inner_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict class probabilities for rows of the target domain.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of the target; `domain_column` may be absent.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        X = self._target_table(X)
        return self._model.predict_proba(X, self.classes_)

    @available_if(_inner_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict logarithms of class probabilities for rows of the target domain.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of the target; `domain_column` may be absent.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        X = self._target_table(X)
        return self._model.predict_log_proba(X, self.classes_)

    @available_if(_inner_has("decision_function"))
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Decision values of the inner estimator for rows of the target domain.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of the target; `domain_column` may be absent.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            As the inner estimator gives them, columns in the order of `classes_`.
        """
        X = self._target_table(X)
        return self._model.decision_function(X, self.classes_)

    def _default_estimator(self) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression()

    def _check_labels(self, y: Any) -> NDArray[Any]:
        y = _check_y(y, multi_output=False, y_numeric=False, estimator=self)
        check_classification_targets(y)
        return y

    def _set_classes(self, y: NDArray[Any]) -> None:
        self.classes_ = np.unique(y)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self._inner())
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
            tags.classifier_tags.multi_label = False
        return tags


class BaseTransferRegressor(RegressorMixin, BaseTransfer):
    """Template of a transfer regressor."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score of the inner estimator on rows of the target domain.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of the target; `domain_column` may be absent.
        y : array-like of shape (n_samples,)
            True values.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights.

        Returns
        -------
        score : float
            R^2, or what the inner estimator scores by (D^2 for generalised linear models).
        """
        X = self._target_table(X)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._model.estimator.score(X, y, **weights)

    def _default_estimator(self) -> Any:
        from sklearn.linear_model import Ridge

        return Ridge()

    def _check_labels(self, y: Any) -> NDArray[Any]:
        return _check_y(y, multi_output=False, y_numeric=True, estimator=self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self._inner())
        if inner.regressor_tags is not None:
            tags.regressor_tags = inner.regressor_tags
        return tags


def _as_table(X: Any, estimator: Any) -> Any:
    """Leave dataframes alone; check the shape, not the contents, of everything else.

    Contents are for the inner estimator to judge: it may take missing values or categories.
    """
    if hasattr(X, "columns") and hasattr(X, "shape"):
        if 0 in X.shape:
            check_array(np.empty(X.shape), estimator=estimator)  # the usual message
        return X
    return check_array(
        X, accept_sparse=("csr", "csc"), dtype=None, ensure_all_finite=False, estimator=estimator
    )


def _check_weights(sample_weight: Any, X: Any) -> NDArray[np.float64]:
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():
        raise ValueError(
            "`sample_weight` must hold a positive weight. Got all sample weights zero instead; "
            "leave it out or give rows that count."
        )
    return weights


def _without_rows(domains: Domains, codes: NDArray[np.intp]) -> Domains:
    """Index of the rows that remain, whose domains have the given codes (0 is the target)."""
    labels = np.empty(domains.n_sources + 1, dtype=object)
    labels[0] = domains.target
    labels[1:] = domains.sources
    return index_domains(labels[codes], domains.target, len(codes))
