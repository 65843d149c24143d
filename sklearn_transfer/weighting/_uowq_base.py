# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The algorithm of UOWQ, shared by the classifier and the regressor."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint
from scipy.sparse import issparse
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, check_memory

from sklearn_transfer._base import BaseTransfer
from sklearn_transfer._domains import Domains
from sklearn_transfer._families import model_family
from sklearn_transfer._math._kl_risk_constrained import polyhedron
from sklearn_transfer._math.kl_risk import (
    debias_discrepancy,
    effective_sample_size,
    kl_risk,
    optimal_weights,
    plug_in_noise,
    pooling_ratio,
)
from sklearn_transfer._model_geometry import (
    Discrepancy,
    FunctionalGeometry,
    ParametricGeometry,
    pearson_squares,
)
from sklearn_transfer._own_intercepts import check_own_intercepts
from sklearn_transfer._progress import counted, logger, shown
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel, wants_evaluation_set, weight_keyword
from sklearn_transfer._weighted_refit import WeightedRefit, fit_alone
from sklearn_transfer.weighting._source_estimators import check_source_estimators
from sklearn_transfer.weighting._uowq_warnings import warn_about_expansion, warn_about_weights

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class BaseUOWQ(BaseTransfer):
    """Weights from the Fisher geometry of the fitted models, then one weighted fit."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransfer._parameter_constraints,
        "update": [StrOptions({"static", "dynamic"})],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "discrepancy": [StrOptions({"auto", "parametric", "functional"})],
        "bias_correction": ["boolean"],
        "domain_effects": [StrOptions({"intercept"}), None],
        "constraints": [LinearConstraint, list, tuple, None],
        "source_estimators": [dict, None],
        "validation_fraction": [Interval(Real, 0.0, 1.0, closed="neither")],
        "n_jobs": [Integral, None],
        "memory": "no_validation",
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        update: str = "dynamic",
        n_rounds: int = 5,
        discrepancy: str = "auto",
        bias_correction: bool = False,
        domain_effects: str | None = None,
        constraints: Any = None,
        source_estimators: dict | None = None,
        validation_fraction: float = 0.2,
        n_jobs: int | None = None,
        memory: Any = None,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.update = update
        self.n_rounds = n_rounds
        self.discrepancy = discrepancy
        self.bias_correction = bias_correction
        self.domain_effects = domain_effects
        self.constraints = constraints
        self.source_estimators = source_estimators
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        """Algorithm 1 of the paper; static is one round of it, dynamic several."""
        estimator = self._inner()
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        own_intercepts = self.domain_effects == "intercept"
        classes = np.unique(y) if is_classifier(self) else None
        self._check_inner(estimator, classes, own_intercepts, domains)
        given = check_source_estimators(
            self.source_estimators, domains, classes, self.n_features_in_
        )
        refit = WeightedRefit(
            estimator,
            X,
            y,
            sample_weight,
            domains,
            validation_fraction=self.validation_fraction,
            random_state=seed,
            own_intercepts=own_intercepts and self._has_own_level(y, domains),
            # Source models that came fitted bring their own steps and take the rows as they are.
            share_steps=domains.n_sources > 0 and not self.source_estimators,
        )
        size_per_domain = domains.totals(sample_weight)
        self._start(domains, size_per_domain)
        kept = self._informative_sources(refit, domains)
        if len(kept) == 0:
            self._keep_model(refit.whole(refit.fit(np.zeros(domains.n_sources))))
            return
        with shown(self.verbose):
            sources = self._source_models(refit, kept, given)
            self._transfer(refit, domains, kept, sources, seed)
        warn_about_weights(self, size_per_domain[1:], kept)

    def _transfer(
        self,
        refit: WeightedRefit,
        domains: Domains,
        kept: NDArray[np.intp],
        sources: list[FittedModel],
        seed: int,
    ) -> None:
        """Rounds of geometry -> weights -> refit, from the target-only model on."""
        n_target, n_samples = self._n_target, self._n_samples[kept]
        walk = _Walk(self._parametric(refit), refit, kept, sources, n_samples, self, seed)
        weights = np.zeros(len(kept))
        rounds = []
        first: tuple[Array, Array] | None = None
        for number in range(1 if self.update == "static" else self.n_rounds):
            if number > 0:
                walk.advance(weights)
            found = walk.discrepancy()
            if number == 0 and found.divergence is not None:
                first = found.matrix, found.divergence
            matrix, d = found.matrix, found.n_parameters
            if self.bias_correction:
                shares = np.append(n_target, weights * n_samples)
                noise = plug_in_noise(n_samples, n_target, d, shares=shares / shares.sum())
                matrix = debias_discrepancy(matrix, noise)
            weights = optimal_weights(
                matrix, n_samples, n_target, d, constraints=_restricted(self.constraints, kept)
            )
            risk = float(kl_risk(weights, matrix, n_samples, n_target, d))
            rounds.append((weights, risk, pooling_ratio(found.matrix, n_target, d)))
            logger.info("round %d: risk %.4g, weights %s", number + 1, risk, weights.round(3))
        self._finish(kept, rounds, matrix, d)
        if first is not None:
            warn_about_expansion(self, *first, kept)
        self.source_estimators_ = {
            self.source_domains_.tolist()[index]: refit.whole(model).estimator
            for index, model in zip(kept, sources, strict=True)
        }
        self._keep_model(refit.whole(walk.fit(weights)))

    def _check_inner(
        self, estimator: Any, classes: NDArray[Any] | None, own_intercepts: bool, domains: Domains
    ) -> None:
        """Refuse an inner estimator that cannot do what the sources need, before any fit."""
        if domains.n_sources == 0:
            return
        weight_keyword(estimator)
        n_classes = None if classes is None else len(classes)
        linear = model_family(estimator, n_classes).linear
        if self.discrepancy == "parametric" and not linear:
            raise ValueError(
                "discrepancy='parametric' needs an inner estimator that is linear in its "
                "predictor (logistic, least-squares or generalised linear regression). Got "
                f"{estimator!r} instead; use discrepancy='functional' or 'auto'."
            )
        functional = self.discrepancy == "functional" or not linear
        if classes is not None and functional and not hasattr(estimator, "predict_proba"):
            raise ValueError(
                "The inner estimator must have `predict_proba`, by which classifiers are "
                f"compared. Got {type(estimator).__name__}, which does not, instead; choose a "
                "probabilistic classifier or wrap it in CalibratedClassifierCV."
            )
        if own_intercepts:
            check_own_intercepts(estimator, n_classes)
        if self.constraints is not None:
            polyhedron(self.constraints, domains.n_sources)

    def _has_own_level(self, y: NDArray[Any], domains: Domains) -> bool:
        """Whether the target's intercept can be estimated: not from rows of one class."""
        if domains.n_sources == 0:
            return False
        if not is_classifier(self) or len(np.unique(y[domains.target_rows])) > 1:
            return True
        warn_transfer(
            "domain_effects='intercept' is left out: the rows of the target have one class only, "
            "from which no intercept of its own can be estimated. All domains share one.",
        )
        return False

    def _parametric(self, refit: WeightedRefit) -> bool:
        n_classes = None if refit.classes is None else len(refit.classes)
        linear = model_family(refit.estimator, n_classes).linear
        return self.discrepancy == "parametric" or (self.discrepancy == "auto" and linear)

    def _informative_sources(self, refit: WeightedRefit, domains: Domains) -> NDArray[np.intp]:
        """Sources a model can be fitted on; one with a single class is left out by name."""
        if refit.classes is None:
            return np.arange(domains.n_sources)
        y = refit.y
        n_classes = np.array(
            [len(np.unique(y[domains.source_rows(i)])) for i in range(domains.n_sources)], dtype=int
        )
        one_class = np.flatnonzero(n_classes < 2)
        if len(one_class) and len(refit.classes) > 1:
            warn_transfer(
                "Sources with one class only tell nothing of the difference between classes and "
                f"are left out: {self.source_domains_[one_class].tolist()}. Their weight is 0.",
            )
        return np.flatnonzero(n_classes >= 2)

    def _source_models(
        self, refit: WeightedRefit, kept: NDArray[np.intp], given: dict[int, FittedModel]
    ) -> list[FittedModel]:
        """One model per source, fitted once; cached where the user gave a memory."""
        fit = check_memory(self.memory).cache(fit_alone)
        missing = [index for index in kept if index not in given]
        # A seed that decides nothing must not keep the cache from knowing the call.
        seed = refit.random_state if wants_evaluation_set(refit.estimator) else None
        fitted = Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(fit)(refit.estimator, refit.source(index), self.validation_fraction, seed)
            for index in missing
        )
        models = dict(zip(missing, counted(fitted, len(missing), "source models"), strict=True))
        return [given.get(index) or models[index] for index in kept]

    def _start(self, domains: Domains, size_per_domain: Array) -> None:
        """Fitted attributes of a fit without usable sources."""
        n_sources = domains.n_sources
        self._n_target, self._n_samples = float(size_per_domain[0]), size_per_domain[1:]
        self.source_weights_ = np.zeros(n_sources)
        self.source_coefficients_ = np.zeros(n_sources)
        self.transfer_quantity_ = 0.0
        self.effective_sample_size_ = self._n_target
        self.discrepancy_ = np.full((n_sources, n_sources), np.nan)
        self.n_parameters_ = np.nan
        self.source_estimators_ = {}
        self.history_ = {
            "weights": np.empty((0, n_sources)),
            "ratio": np.empty((0, n_sources)),
            "risk": np.empty(0),
            "transfer_quantity": np.empty(0),
        }

    def _finish(
        self,
        kept: NDArray[np.intp],
        rounds: list[tuple[Array, float, Array]],
        matrix: Array,
        n_parameters: float,
    ) -> None:
        """Fitted attributes, aligned with `source_domains_`."""
        n_samples, n_sources = self._n_samples, len(self.source_domains_)
        history_weights = np.zeros((len(rounds), n_sources))
        history_ratio = np.full((len(rounds), n_sources), np.nan)
        history_weights[:, kept] = [weights for weights, _, _ in rounds]
        history_ratio[:, kept] = [ratio for _, _, ratio in rounds]
        self.source_weights_ = history_weights[-1].copy()
        self.discrepancy_[np.ix_(kept, kept)] = matrix
        self.n_parameters_ = n_parameters
        worth = self.source_weights_ * n_samples
        self.transfer_quantity_ = float(worth.sum())
        if self.transfer_quantity_ > 0:
            self.source_coefficients_ = worth / self.transfer_quantity_
        self.effective_sample_size_ = float(
            effective_sample_size(
                rounds[-1][0], matrix, n_samples[kept], self._n_target, n_parameters
            )
        )
        self.history_ = {
            "weights": history_weights,
            "ratio": history_ratio,
            "risk": np.array([risk for _, risk, _ in rounds]),
            "transfer_quantity": history_weights @ n_samples,
        }

    def to_frame(self) -> pd.DataFrame:
        """Table of the sources for people.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, `rows` (N_i), `discrepancy` (M_ii), `ratio`
            (c_i = N_0 M_ii / d of the last round; about 1 is what noise alone gives), `weight`
            (w_i), `share` (alpha_i) and `worth` (w_i N_i, the target rows' worth that the source
            brings).
        """
        import pandas as pd

        check_is_fitted(self)
        ratio = self.history_["ratio"]
        return pd.DataFrame(
            {
                "domain": self.source_domains_,
                "rows": self._n_samples,
                "discrepancy": np.diag(self.discrepancy_),
                "ratio": ratio[-1] if len(ratio) else np.full(len(self.source_domains_), np.nan),
                "weight": self.source_weights_,
                "share": self.source_coefficients_,
                "worth": self.source_weights_ * self._n_samples,
            }
        )


class _Walk:
    """Where the target model stands: a fitted model, or a blend of predictions."""

    def __init__(
        self,
        parametric: bool,
        refit: WeightedRefit,
        kept: NDArray[np.intp],
        sources: list[FittedModel],
        n_samples: Array,
        uowq: BaseUOWQ,
        seed: int,
    ):
        self.parametric, self.refit, self.kept = parametric, refit, kept
        self.n_samples = n_samples
        target = refit.target()
        n_classes = None if refit.classes is None else len(refit.classes)
        family = model_family(refit.estimator, n_classes)
        one_class = refit.classes is not None and len(np.unique(target.y)) < 2
        if one_class:
            warn_transfer(
                f"All {len(target.y)} rows of the target have the class "
                f"{target.y[:1].tolist()[0]!r}: its discrepancies are measured from the pooled "
                "model instead of its own.",
            )
        self.n_target = target.size
        own = refit.own_intercepts
        if parametric:
            self.geometry: Any = ParametricGeometry(family, target, sources, n_samples, own)
            self.model = self.fit(np.full(len(kept), 1.0 if one_class else 0.0))

            def residuals() -> tuple[float, float]:
                samples = [refit.source(index) for index in kept]
                squares = [
                    pearson_squares(m, s, family) for m, s in zip(sources, samples, strict=True)
                ]
                freedom = n_samples - self.geometry.at(self.model).n_parameters
                return float(sum(squares)), float(np.maximum(freedom, 0.0).sum())

            self.geometry.estimate_dispersion(self.model, residuals)
        else:
            largest = kept[int(np.argmax(n_samples))]
            self.geometry = FunctionalGeometry(
                family,
                target,
                sources,
                own,
                refit.fit_rows,
                lambda: refit.source(largest),
                seed,
            )
            self.shares = np.append(1.0, np.zeros(len(kept)))
            if not self.geometry.reacts:
                warn_transfer(
                    f"The inner estimator says the same of all {self.n_target:g} target rows: it "
                    "is too constrained for so few, as trees with large leaves are, and then every "
                    "source looks far away. Loosen it (min_samples_leaf, min_child_weight) or take "
                    "another inner estimator."
                )

    def discrepancy(self) -> Discrepancy:
        """Discrepancy of the sources as seen from here."""
        return self.geometry.at(self.model if self.parametric else self.shares)

    def advance(self, weights: Array) -> None:
        """Move to the target model that these weights give."""
        if self.parametric:
            self.model = self.fit(weights)
            return
        mass = np.append(self.n_target, weights * self.n_samples)
        self.shares = mass / mass.sum()

    def fit(self, weights: Array) -> FittedModel:
        """Fit on target and sources, from where the last fit ended if it can."""
        of_all = np.zeros(self.refit.domains.n_sources)
        of_all[self.kept] = weights
        return self.refit.fit(
            of_all,
            warm_from=getattr(self, "model", None),
            levels=self._levels(),
        )

    def _levels(self) -> Array | None:
        kept_levels = getattr(getattr(self, "geometry", None), "levels", None)
        if kept_levels is None:
            return None
        levels = np.zeros((self.refit.domains.n_sources, *kept_levels.shape[1:]))
        levels[self.kept] = kept_levels
        return levels


def _restricted(constraints: Any, kept: NDArray[np.intp]) -> list[LinearConstraint] | None:
    """Constraints on all weights, with the weights of left-out sources at zero."""
    if constraints is None:
        return None
    listed = [constraints] if isinstance(constraints, LinearConstraint) else list(constraints)
    rows = [c.A.toarray() if issparse(c.A) else np.atleast_2d(c.A) for c in listed]
    return [LinearConstraint(A[:, kept], c.lb, c.ub) for A, c in zip(rows, listed, strict=True)]
