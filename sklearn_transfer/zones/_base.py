# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A similarity, a rule and a method put together: score, sort into zones, transfer from some."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sklearn_transfer._base import BaseTransfer
from sklearn_transfer._domains import Domains
from sklearn_transfer._progress import logger
from sklearn_transfer._sklearn import HasMethods, Interval, StrOptions
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel, take_rows
from sklearn_transfer.similarity import CrossLearningScore
from sklearn_transfer.similarity._base_models import default_models, named_models
from sklearn_transfer.similarity._zone_table import check_rule
from sklearn_transfer.zones._parts import named, only_sources, with_shared, zone_columns

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

ZONES = ("positive", "ambiguous", "negative", "unscored")


class BaseTransferZone(BaseTransfer):
    """Scores every source, sorts them into zones and lets a learner use some of them."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransfer._parameter_constraints,
        "similarity": [HasMethods(["fit", "zones", "set_params"]), None],
        "transfer": [HasMethods(["fit", "predict", "set_params"]), None],
        "use": [tuple, list, set, frozenset],
        "positive_z": [Interval(Real, None, None, closed="neither")],
        "negative_z": [Interval(Real, None, None, closed="right")],
        "standard_error": [StrOptions({"folds", "losses"})],
        "level": [Interval(Real, 0.0, 0.5, closed="neither"), None],
        "n_jobs": [Integral, None],
        "memory": [str, HasMethods(["cache"]), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        similarity: Any = None,
        transfer: Any = None,
        use: Any = ("positive",),
        positive_z: float = 0.0,
        negative_z: float = 3.719,
        standard_error: str = "folds",
        level: float | None = None,
        n_jobs: int | None = None,
        memory: Any = None,
        random_state: Any = None,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.similarity = similarity
        self.transfer = transfer
        self.use = use
        self.positive_z = positive_z
        self.negative_z = negative_z
        self.standard_error = standard_error
        self.level = level
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state

    @abstractmethod
    def _default_transfer(self) -> Any:
        """The learner where the user names none."""

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        """Score, choose, transfer."""
        random_state = check_random_state(self.random_state)
        seeds = random_state.randint(np.iinfo(np.int32).max, size=2).tolist()
        self._totals = domains.totals(sample_weight)[1:]
        # One object per domain, so that labels of any kind stay what they are.
        labels = np.empty(domains.n_sources + 1, dtype=object)
        labels[0], labels[1:] = domains.target, domains.sources
        codes = domains.per_row(0, np.arange(1, len(labels))).astype(np.intp)
        given: dict[str, Any] = {}
        if sample_weight is not None:
            given["sample_weight"] = sample_weight
        if domains.groups is not None:
            given["groups"] = domains.groups
        self._score(X, y, given, labels[codes], domains, seeds[0])
        used = self._usable(y, domains)
        logger.info("%d of %d sources are used", used.sum(), domains.n_sources)

        rows = np.flatnonzero(np.concatenate([[True], used])[codes])
        learner = with_shared(self._learner(), self, seeds[1])
        given = {name: values[rows] for name, values in _accepted(learner, given).items()}
        if used.any():
            only_sources(learner, domains.sources.tolist(), np.flatnonzero(used))
            learner.set_params(target_domain=domains.target)
            given["sample_domain"] = labels[codes[rows]]
        elif "source_estimators" in learner.get_params(deep=False):
            learner.set_params(source_estimators=None)
        self.transfer_ = learner.fit(take_rows(X, rows), y[rows], **given)
        self.used_ = used
        self.source_weights_ = self._weights(used)
        self._model = FittedModel(self.transfer_, getattr(self.transfer_, "classes_", None))
        self.estimator_ = getattr(self.transfer_, "estimator_", self.transfer_)

    def _score(
        self,
        X: Any,
        y: NDArray[Any],
        given: dict[str, Any],
        sample_domain: NDArray[Any],
        domains: Domains,
        seed: int,
    ) -> None:
        """Scores, thresholds and zones, aligned with `source_domains_`."""
        sources = domains.sources.tolist()
        self.similarity_ = None
        columns = zone_columns(None, sources)
        if sources:
            measure = with_shared(self._measure(X), self, seed)
            measure.set_params(target_domain=domains.target)
            self.similarity_ = measure.fit(
                X, y, sample_domain=sample_domain, **_accepted(measure, given)
            )
            rule = {
                "positive_z": self.positive_z,
                "negative_z": self.negative_z,
                "standard_error": self.standard_error,
            }
            if self.level is not None:
                rule["level"] = self.level
            columns = zone_columns(self.similarity_.zones(**rule), sources)
        self.zones_ = columns["zone"]
        self.source_scores_ = columns["score"]
        self.baseline_errors_ = columns["baseline_error"]
        self.standard_errors_ = columns["standard_error"]
        self.thresholds_ = np.column_stack(
            [columns["positive_threshold"], columns["negative_threshold"]]
        )

    def _usable(self, y: NDArray[Any], domains: Domains) -> NDArray[np.bool_]:
        """Which sources are used; warns where that is not what the call suggests."""
        used = np.isin(self.zones_, list(self.use))
        if domains.n_sources == 0 or not self.use:
            return used
        own = y[domains.target_rows]
        if is_classifier(self) and len(np.unique(own)) < 2 and len(np.unique(y)) > 1:
            warn_transfer(
                f"All {len(own)} rows of the target have the class {own[:1].tolist()[0]!r}: no "
                "source can be scored, and all of them are used. Give rows of another class."
            )
            return np.ones_like(used)
        if not used.any():
            warn_transfer(
                f"No source is in the zones that `use` names, {list(self.use)}: the fit uses the "
                f"target alone (rows: {len(own)}). The zones are "
                f"{named(domains.sources.tolist(), self.zones_)}."
            )
        return used

    def _weights(self, used: NDArray[np.bool_]) -> Array:
        """The learner's weights, 0 for the sources left out."""
        weights = np.zeros(len(used))
        if used.any():
            weights[used] = np.nan
            found = getattr(self.transfer_, "source_weights_", [])
            labels = getattr(self.transfer_, "source_domains_", np.empty(0)).tolist()
            by_label = dict(zip(labels, found, strict=False))
            for index in np.flatnonzero(used):
                label = self.source_domains_.tolist()[index]
                weights[index] = by_label.get(label, np.nan)
        return weights

    def to_frame(self) -> pd.DataFrame:
        """Table of the sources for people.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, `rows` (the sum of its sample weights), `score`,
            `baseline_error`, `standard_error`, `positive_threshold`, `negative_threshold`,
            `zone`, `used` and `weight` (what the learner gave it, 0 if it was left out).
        """
        import pandas as pd

        check_is_fitted(self)
        return pd.DataFrame(
            {
                "domain": self.source_domains_,
                "rows": self._totals,
                "score": self.source_scores_,
                "baseline_error": self.baseline_errors_,
                "standard_error": self.standard_errors_,
                "positive_threshold": self.thresholds_[:, 0],
                "negative_threshold": self.thresholds_[:, 1],
                "zone": self.zones_,
                "used": self.used_,
                "weight": self.source_weights_,
            }
        )

    def _measure(self, X: Any) -> Any:
        """The similarity that is fitted, which knows whether y are labels or values."""
        measure = CrossLearningScore() if self.similarity is None else clone(self.similarity)
        if isinstance(measure, CrossLearningScore) and measure.estimators is None:
            if measure.loss == "auto":
                return measure.set_params(
                    loss="zero_one" if is_classifier(self) else "squared_error"
                )
            # A scorer does not say what y are, and whole numbers look like labels.
            return measure.set_params(estimators=default_models(is_classifier(self), X))
        return measure

    def _learner(self) -> Any:
        """The learner that is fitted, with the inner estimator inside."""
        learner = self._default_transfer() if self.transfer is None else clone(self.transfer)
        if self.estimator is not None and "estimator" in learner.get_params(deep=False):
            learner.set_params(estimator=self.estimator)
        return learner

    def _inner(self) -> Any:
        return self._learner()

    def _check_kind(self) -> None:
        """Refuse parts that do not fit together, before any row is read."""
        unknown = [zone for zone in self.use if zone not in ZONES]
        if unknown:
            raise ValueError(
                f"`use` must name zones, which are {', '.join(ZONES)}. Got {unknown[0]!r} "
                "instead; () uses no source."
            )
        check_rule(self.positive_z, self.negative_z, self.standard_error, self.level)
        if isinstance(self.similarity, CrossLearningScore):
            self.similarity._check_rule(self.standard_error, self.level)
            self._check_models(self.similarity)
        learner = self._learner()
        for kind, is_kind in (("classifier", is_classifier), ("regressor", is_regressor)):
            if is_kind(self) and not is_kind(learner):
                raise ValueError(
                    f"`transfer` must be a {kind}. Got {type(learner).__name__} instead; choose a "
                    f"{kind} of several domains."
                )
        known = learner.get_params(deep=False)
        if "target_domain" not in known:
            raise ValueError(
                "`transfer` must learn from several domains and have a parameter `target_domain`. "
                f"Got {type(learner).__name__} instead; pass a plain model as `estimator`."
            )
        if self.estimator is not None and "estimator" not in known:
            raise ValueError(
                "`estimator` must be None where `transfer` has no such parameter. Got "
                f"{type(self.estimator).__name__} for {type(learner).__name__} instead; leave it "
                "out."
            )
        if isinstance(learner, BaseTransfer):
            learner._check_kind()

    def _check_models(self, similarity: CrossLearningScore) -> None:
        """Refuse a score by classifiers of values, or by regressors of labels."""
        if similarity.estimators is None:
            return
        first = next(iter(named_models(similarity.estimators).values()))
        if is_classifier(first) is not is_classifier(self):
            kind = "classifiers" if is_classifier(self) else "regressors"
            raise ValueError(
                f"`similarity` must score by {kind}. Got a score by {type(first).__name__} "
                f"instead; choose {kind} as its `estimators`, or None."
            )


def _accepted(part: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What a part gets of the rows' properties: groups only if it holds rows out by groups."""
    if has_fit_parameter(part, "groups"):
        return given
    return {name: values for name, values in given.items() if name != "groups"}
