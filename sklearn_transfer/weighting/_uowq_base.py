# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The algorithm of UOWQ, shared by the classifier and the regressor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._domains import Domains
from sklearn_transfer._families import TargetSample, model_family
from sklearn_transfer._math._kl_risk_constrained import polyhedron
from sklearn_transfer._math.kl_risk import effective_sample_size
from sklearn_transfer._math.worth import worth_of_average
from sklearn_transfer._own_intercepts import check_own_intercepts
from sklearn_transfer._progress import logger, shown
from sklearn_transfer._sklearn import StrOptions
from sklearn_transfer._source_estimators import check_source_estimators
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel, weight_keyword
from sklearn_transfer._weighted_refit import WeightedRefit
from sklearn_transfer.hierarchical._population_fit import (
    PopulationFit,
    Settings,
    check_probabilistic,
    fit_population,
)
from sklearn_transfer.weighting._geometry_base import BaseSourceGeometry
from sklearn_transfer.weighting._guard import MOST_ROUNDS, candidates, choose
from sklearn_transfer.weighting._guard_population import NAMES as CANDIDATES
from sklearn_transfer.weighting._guard_population import guard_population
from sklearn_transfer.weighting._uowq_warnings import warn_about_expansion, warn_about_weights
from sklearn_transfer.weighting._walk import Round, Rounds, Walk, restricted

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

# What configures the paper's algorithm: where one differs, that algorithm is what is guarded.
_UNCONFIGURED = {
    "update": "dynamic",
    "n_rounds": 5,
    "discrepancy": "auto",
    "bias_correction": False,
    "domain_effects": None,
    "constraints": None,
    "source_estimators": None,
}


class BaseUOWQ(BaseSourceGeometry):
    """Weights from the Fisher geometry of the fitted models, then one weighted fit."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseSourceGeometry._parameter_constraints,
        "guard": [StrOptions({"auto", "select"}), None],
        "domain_effects": [StrOptions({"intercept"}), None],
        "constraints": [LinearConstraint, list, tuple, None],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        guard: str | None = "auto",
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
        self.guard = guard
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
        """The guarded default, or Algorithm 1 of the paper: one round of it or several."""
        estimator = self._inner()
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        classes = np.unique(y) if is_classifier(self) else None
        self._start(domains, domains.totals(sample_weight))
        with shown(self.verbose):
            if self._guards_by_population(domains):
                sample = TargetSample(X, y, sample_weight, classes, domains.groups)
                found = self._population(estimator, sample, domains, seed)
                if found is not None:
                    self._finish_population(found, domains, seed)
                    return
            self._fit_weights(estimator, X, y, sample_weight, domains, classes, seed)

    def _guards_by_population(self, domains: Domains) -> bool:
        """Whether the default is as it comes; else the guard is around what was configured."""
        untouched = all(
            getattr(self, name) is value or getattr(self, name) == value
            for name, value in _UNCONFIGURED.items()
        )
        return self.guard == "auto" and domains.n_sources > 0 and untouched

    def _population(
        self, estimator: Any, sample: TargetSample, domains: Domains, seed: int
    ) -> PopulationFit | None:
        """Coefficients of the domains as draws from a population; None for too many classes."""
        if sample.sample_weight is not None:
            weight_keyword(estimator)
        check_probabilistic(estimator, sample.classes)
        own = sample.y[domains.target_rows]
        if sample.classes is not None and len(np.unique(own)) < 2:
            warn_transfer(
                f"All {len(own)} rows of the target have the class {own[:1].tolist()[0]!r}: how it "
                "differs from others is learnt from the sources alone.",
            )
        settings = Settings(
            validation_fraction=self.validation_fraction,
            n_jobs=self.n_jobs,
            seed=seed,
            limits_classes=True,
        )
        return fit_population(estimator, sample, domains, settings)

    def _fit_weights(
        self,
        estimator: Any,
        X: Any,
        y: NDArray[Any],
        sample_weight: Array | None,
        domains: Domains,
        classes: NDArray[Any] | None,
        seed: int,
    ) -> None:
        """One weight per source, then one weighted fit."""
        own_intercepts = self.domain_effects == "intercept"
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
        kept = self._informative_sources(refit, domains)
        if len(kept) == 0:
            self._keep_model(refit.whole(refit.fit(np.zeros(domains.n_sources))))
            return
        sources = self._source_models(refit, kept, given)
        self._transfer(refit, kept, sources, seed)
        warn_about_weights(self, self._n_samples, kept)

    def _transfer(
        self,
        refit: WeightedRefit,
        kept: NDArray[np.intp],
        sources: list[FittedModel],
        seed: int,
    ) -> None:
        """Rounds of geometry -> weights -> refit; with a guard, held-out rows say how many."""
        walk = Walk(self._parametric(refit), refit, kept, sources, self._n_samples[kept], seed)
        n_rounds = 1 if self.update == "static" else self.n_rounds
        if self.guard is not None:
            n_rounds = min(n_rounds, MOST_ROUNDS)
        settings = Rounds(n_rounds, self.bias_correction, self.constraints)
        rounds = walk.rounds(settings, self._n_target)
        weights = rounds[-1].weights
        if self.guard is not None:
            weights = self._guarded(refit, sources, walk, settings, rounds, seed)
        else:
            self.candidates_ = [f"round {n_rounds}"]
        self._finish(kept, rounds, weights)
        divergence = rounds[0].seen.divergence
        if divergence is not None:
            warn_about_expansion(self, rounds[0].seen.matrix, divergence, kept)
        self.source_estimators_ = {
            self.source_domains_.tolist()[index]: refit.whole(model).estimator
            for index, model in zip(kept, sources, strict=True)
        }
        self._keep_model(refit.whole(walk.fit(weights)))

    def _guarded(
        self,
        refit: WeightedRefit,
        sources: list[FittedModel],
        walk: Walk,
        settings: Rounds,
        rounds: list[Round],
        seed: int,
    ) -> Array:
        """Average the weights along the walk, each station by its held-out loss."""
        constraints = restricted(self.constraints, walk.kept)
        names, stations = candidates([found.weights for found in rounds], constraints)
        family = model_family(
            refit.estimator, None if refit.classes is None else len(refit.classes)
        )
        choice = choose(
            refit, names, stations, sources, walk, settings, family, n_jobs=self.n_jobs, seed=seed
        )
        self.candidates_ = choice.names
        self.candidate_weights_ = choice.shares
        self.candidate_losses_ = choice.losses
        return choice.shares @ stations

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
        self.group_correlation_ = np.nan
        self.source_estimators_ = {}
        self.candidates_, self.candidate_weights_ = ["target"], np.ones(1)
        self.candidate_losses_ = np.full(1, np.nan)
        self.history_ = {
            "weights": np.empty((0, n_sources)),
            "ratio": np.empty((0, n_sources)),
            "risk": np.empty(0),
            "transfer_quantity": np.empty(0),
        }

    def _finish(self, kept: NDArray[np.intp], rounds: list[Round], weights: Array) -> None:
        """Fitted attributes, aligned with `source_domains_`."""
        n_samples, n_sources = self._n_samples, len(self.source_domains_)
        history_weights = np.zeros((len(rounds), n_sources))
        history_ratio = np.full((len(rounds), n_sources), np.nan)
        history_weights[:, kept] = [found.weights for found in rounds]
        history_ratio[:, kept] = [found.ratio for found in rounds]
        last = rounds[-1]
        self.discrepancy_[np.ix_(kept, kept)] = last.matrix
        self.n_parameters_ = last.seen.n_parameters
        self.source_weights_[kept] = weights
        self._share_out()
        self.effective_sample_size_ = float(
            effective_sample_size(
                weights, last.matrix, n_samples[kept], self._n_target, self.n_parameters_
            )
        )
        self.history_ = {
            "weights": history_weights,
            "ratio": history_ratio,
            "risk": np.array([found.risk for found in rounds]),
            "transfer_quantity": history_weights @ n_samples,
        }

    def _finish_population(self, found: PopulationFit, domains: Domains, seed: int) -> None:
        """Guard the population model, and set the same attributes."""
        model, self.candidate_losses_, self.candidate_weights_ = guard_population(
            found,
            domains,
            validation_fraction=self.validation_fraction,
            n_jobs=self.n_jobs,
            seed=seed,
        )
        self.candidates_ = list(CANDIDATES)
        self.discrepancy_ = found.discrepancy
        self.n_parameters_ = found.n_parameters
        self.group_correlation_ = found.group_correlation
        worth = np.array([found.worth, np.zeros_like(found.worth), self._n_samples])
        self.source_weights_ = (
            worth_of_average(worth, self.candidate_weights_, self._n_target) / self._n_samples
        )
        self._share_out()
        self.effective_sample_size_ = self._n_target + self.transfer_quantity_
        logger.info(
            "population of %d sources: worth %.4g target rows, candidates %s",
            len(self.source_domains_),
            self.transfer_quantity_,
            dict(zip(self.candidates_, self.candidate_weights_.round(3), strict=True)),
        )
        self._keep_model(model)

    def _share_out(self) -> None:
        """What the source weights mean in rows."""
        worth = self.source_weights_ * self._n_samples
        self.transfer_quantity_ = float(worth.sum())
        if self.transfer_quantity_ > 0:
            self.source_coefficients_ = worth / self.transfer_quantity_

    def to_frame(self, of: str = "sources") -> pd.DataFrame:
        """Table of the sources, or of the candidates of the guard, for people.

        Parameters
        ----------
        of : {"sources", "candidates"}, default="sources"
            What the rows are.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, `rows` (N_i), `discrepancy` (M_ii, twice the
            log-likelihood that a row of the target loses under the source's model), `ratio`
            (c_i = N_0 M_ii / d of the last round; about 1 is what noise alone gives), `weight`
            (w_i), `share` (alpha_i) and `worth` (w_i N_i, the target rows' worth that the source
            brings). Or one row per candidate: `candidate`, `loss` and `weight`, the heaviest first.
        """
        import pandas as pd

        check_is_fitted(self)
        if of == "candidates":
            columns = {"candidate": self.candidates_, "loss": self.candidate_losses_}
            frame = pd.DataFrame({**columns, "weight": self.candidate_weights_})
            return frame.sort_values("weight", ascending=False, ignore_index=True, kind="stable")
        if of != "sources":
            raise ValueError(f"`of` must be 'sources' or 'candidates'. Got {of!r} instead.")
        ratio = self.history_["ratio"]
        discrepancy = np.diag(self.discrepancy_)
        plain = self._n_target * discrepancy / self.n_parameters_
        return pd.DataFrame(
            {
                "domain": self.source_domains_,
                "rows": self._n_samples,
                "discrepancy": discrepancy,
                "ratio": ratio[-1] if len(ratio) else plain,
                "weight": self.source_weights_,
                "share": self.source_coefficients_,
                "worth": self.source_weights_ * self._n_samples,
            }
        )
