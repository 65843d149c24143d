# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What methods share that aggregate frozen source models by the target's labels."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Hashable
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._base import BaseTransferClassifier
from sklearn_transfer._domains import Domains, label_array
from sklearn_transfer._families import TargetSample
from sklearn_transfer._sklearn import HasMethods, StrOptions
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel, take_rows, wants_evaluation_set
from sklearn_transfer._weighted_refit import fit_alone
from sklearn_transfer.ensemble._feature_posterior import FeaturePosterior
from sklearn_transfer.ensemble._mixture import MixtureClassifier
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.transferability._features import (
    RESPONSE_METHODS,
    VALIDATION_FRACTION,
    choose_response,
    fit_source_models,
    model_features,
    source_labels,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Models = dict[Hashable, FittedModel]


class BaseModelAggregation(BaseTransferClassifier):
    """Source models, their features of the target's rows, and a rule that turns these to labels.

    A subclass defines `_aggregate`.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransferClassifier._parameter_constraints,
        "source_estimators": [dict, None],
        "response_method": [StrOptions(set(RESPONSE_METHODS))],
        "priors": ["array-like", None],
        "n_jobs": [Integral, None],
        "memory": [str, HasMethods(["cache"]), None],
        "random_state": ["random_state"],
    }

    # Set by every subclass's __init__.
    source_estimators: dict | None
    response_method: str
    priors: Any
    n_jobs: int | None
    memory: Any
    random_state: Any

    @abstractmethod
    def _aggregate(
        self,
        features: list[Any],
        models: list[FittedModel],
        responses: list[str],
        codes: NDArray[np.intp],
        sample_weight: Array | None,
    ) -> tuple[list[Array], Array, Array, Array]:
        """Find the rule on the target's rows.

        Returns one coefficient matrix per model, of shape (n_model_features, n_classes), the
        offset, the shares of the classes in the target, and the weights of the models.
        """

    def _inner(self) -> Any:
        """What predicts in the end, with nothing fitted yet: it knows which methods there are."""
        return FeaturePosterior(self._source_estimator())

    def _source_estimator(self) -> Any:
        return super()._inner()

    def _check_kind(self) -> None:
        inner = self._source_estimator()
        if not is_classifier(inner):
            raise ValueError(
                "The inner estimator must be a classifier, because it is what predicts where there "
                f"are no sources. Got {type(inner).__name__} instead; other models may be given "
                "as `source_estimators`."
            )

    def _validate(
        self, X: Any, y: Any, sample_weight: Any, sample_domain: Any, groups: Any = None
    ) -> tuple[Any, NDArray[Any], Array | None, Domains]:
        with warnings.catch_warnings():
            if self.source_estimators:  # rows of the target alone are as it should be
                warnings.filterwarnings("ignore", "Only the target", TransferWarning)
            return super()._validate(X, y, sample_weight, sample_domain, groups)

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        priors = self._checked_priors()
        given = self.source_estimators or {}
        labels = source_labels(domains, given)
        self.source_domains_ = label_array(labels)
        self.source_weights_ = np.zeros(len(labels))
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        models = fit_source_models(
            self._source_estimator(),
            X,
            y,
            _with_several_classes(domains, y, given),
            sample_weight,
            source_estimators=given,
            n_jobs=self.n_jobs,
            memory=self.memory,
            random_state=seed,
        )
        self.source_estimators_ = {label: model.estimator for label, model in models.items()}
        rows = domains.target_rows
        weight = None if sample_weight is None else sample_weight[rows]
        X_target, y_target = take_rows(X, rows), y[rows]
        if not models:
            self._start([], len(labels))
            self._keep_model(
                self._target_only(
                    TargetSample(
                        X_target, y_target, weight, np.unique(y_target), domains.groups_of(rows)
                    ),
                    seed,
                )
            )
            return
        position = np.array([labels.index(label) for label in models], dtype=np.intp)
        self._start(position, len(labels))
        if len(np.unique(y_target)) < 2:
            self._keep_model(self._average(models, position, y_target))
            return
        found = list(models.values())
        responses = [choose_response(model, self.response_method) for model in found]
        features = [
            model_features(model, X_target, response)
            for model, response in zip(found, responses, strict=True)
        ]
        codes = np.searchsorted(self.classes_, y_target)
        coefficients, offset, shares, weights = self._aggregate(
            features, found, responses, codes, weight
        )
        self.source_weights_[position] = weights
        used = [i for i, coefficient in enumerate(coefficients) if coefficient.any()]
        posterior = FeaturePosterior(
            self._source_estimator(),
            [(found[i], responses[i]) for i in used],
            np.concatenate([coefficients[i] for i in used]) if used else np.empty((0, len(shares))),
            offset,
            shares if priors is None else priors,
            self.classes_,
        )
        self._keep_model(FittedModel(posterior, self.classes_))

    def _start(self, position: Any, n_sources: int) -> None:
        """Further fitted attributes of the method, as they are where nothing is aggregated."""

    def _checked_priors(self) -> Array | None:
        if self.priors is None:
            return None
        priors = np.asarray(self.priors, dtype=float)
        if (
            priors.shape != self.classes_.shape
            or (priors < 0).any()
            or not np.isclose(priors.sum(), 1.0)
        ):
            raise ValueError(
                "`priors` must hold one probability per class of "
                f"{self.classes_.tolist()} and sum to 1. Got {self.priors!r} instead."
            )
        return priors

    def _target_only(self, sample: TargetSample, seed: int) -> FittedModel:
        estimator = self._source_estimator()
        return fit_alone(
            estimator,
            sample,
            VALIDATION_FRACTION,
            seed if wants_evaluation_set(estimator) else None,
        )

    def _average(
        self, models: Models, position: NDArray[np.intp], y_target: NDArray[Any]
    ) -> FittedModel:
        """Average the source models where the target's labels cannot tell them apart."""
        known = set(self.classes_.tolist())
        usable = [
            hasattr(model.estimator, "predict_proba")
            and model.classes is not None
            and set(model.classes.tolist()) <= known
            for model in models.values()
        ]
        if not any(usable):
            raise ValueError(
                "A source model must have `predict_proba` for the classes of the data where all "
                f"rows of the target have one class. Got classes {self.classes_.tolist()} and no "
                "such model instead; give target rows of several classes."
            )
        warn_transfer(
            f"All {len(y_target)} rows of the target have the class "
            f"{y_target[:1].tolist()[0]!r}: they cannot weigh the features of the sources, and the "
            f"mean of the class probabilities of {sum(usable)} source models is predicted. Give "
            "target rows of several classes."
        )
        weights = np.array(usable, dtype=float) / sum(usable)
        self.source_weights_[position] = weights
        members = [model for model, use in zip(models.values(), usable, strict=True) if use]
        mixture = MixtureClassifier(members, weights[usable], self.classes_)
        return FittedModel(mixture, self.classes_)

    def to_frame(self) -> pd.DataFrame:
        """Table of the sources for people.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, what its features alone say of the target's labels, and
            `weight`.
        """
        import pandas as pd

        check_is_fitted(self)
        return pd.DataFrame(
            {"domain": self.source_domains_, **self._columns(), "weight": self.source_weights_}
        )

    def _columns(self) -> dict[str, Any]:
        """Columns of the table that the method adds."""
        return {}


def _with_several_classes(domains: Domains, y: NDArray[Any], given: dict) -> Domains:
    """Leave out, by name, sources whose model is to be fitted to rows of one class."""
    kept: list[int] = []
    left_out: list[int] = []
    for index, label in enumerate(domains.sources.tolist()):
        several = label in given or len(np.unique(y[domains.source_rows(index)])) > 1
        (kept if several else left_out).append(index)
    if not left_out:
        return domains
    warn_transfer(
        "Sources with one class only tell nothing of the difference between classes and are left "
        f"out: {domains.sources[left_out].tolist()}. Their weight is 0."
    )
    rows = [domains.target_rows, *(domains.source_rows(index) for index in kept)]
    offsets = np.concatenate([[0], np.cumsum([len(own) for own in rows])])
    return Domains(
        domains.target,
        domains.sources[np.array(kept, dtype=np.intp)],
        np.concatenate(rows),
        offsets,
        domains.groups,
    )
