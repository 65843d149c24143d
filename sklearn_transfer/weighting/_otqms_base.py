# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The algorithm of OTQMS, shared by the classifier and the regressor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._domains import Domains
from sklearn_transfer._families import model_family
from sklearn_transfer._math.kl_risk import (
    debias_discrepancy,
    kl_risk,
    optimal_quantities,
    plug_in_noise,
    pooling_ratio,
)
from sklearn_transfer._progress import logger, shown
from sklearn_transfer._source_estimators import check_source_estimators
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer._weighted_refit import WeightedRefit
from sklearn_transfer.ensemble._row_fit import Problem, check_probabilistic
from sklearn_transfer.weighting._geometry_base import BaseSourceGeometry
from sklearn_transfer.weighting._walk import Walk

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class BaseOTQMS(BaseSourceGeometry):
    """Quantities from the Fisher geometry of the fitted models, then one fit at weight one."""

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
        self.source_estimators = source_estimators
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        """Rounds of geometry -> quantities -> draw and refit, from the target-only model on."""
        estimator = self._inner()
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        classes = np.unique(y) if is_classifier(self) else None
        self._check_inner(estimator, classes, domains)
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
            # Source models that came fitted bring their own steps and take the rows as they are.
            share_steps=domains.n_sources > 0 and not self.source_estimators,
        )
        self._start(domains, domains.totals(sample_weight))
        kept = self._informative_sources(refit, domains)
        if len(kept) == 0:
            self._keep_model(refit.whole(refit.fit(np.zeros(domains.n_sources))))
            return
        with shown(self.verbose):
            sources = self._source_models(refit, kept, given)
            self._transfer(refit, domains, kept, sources, seed)
        self._warn_of_quantities(kept)

    def _warn_of_quantities(self, kept: NDArray[np.intp]) -> None:
        """Warn where nothing is drawn, and of sources that iteration alone brought near."""
        ratio = self.history_["ratio"][:, kept]
        if not self.transfer_quantities_.any():
            warn_transfer(
                "No row is drawn from any source, and the fit is target-only: the nearest source "
                f"has c = N_0 M_ii / d = {ratio[-1].min():.3g}, where 1 is what noise alone gives. "
                "See to_frame() for the discrepancy of each source.",
            )
        n_samples = self._n_samples[kept]
        noise = 1.0 + self._n_target / n_samples + 2.0 * np.sqrt(2.0 / self.n_parameters_)
        few_at_first = self.history_["quantities"][0, kept] < 0.5 * n_samples
        caught = (ratio[0] > noise) & few_at_first & (self.source_weights_[kept] > 0.9)
        if caught.any():
            labels = self.source_domains_[kept[caught]].tolist()
            figures = ", ".join(
                f"{label!r} (c = {first:.2f})"
                for label, first in zip(labels, ratio[0, caught], strict=True)
            )
            warn_transfer(
                "Dynamic updates took nearly all rows of sources whose discrepancy exceeds noise: "
                f"{figures}, where c = N_0 M_ii / d at the first round. The iteration reinforces "
                "itself, whatever the truth; compare update='static'.",
            )

    def _transfer(
        self,
        refit: WeightedRefit,
        domains: Domains,
        kept: NDArray[np.intp],
        sources: list[FittedModel],
        seed: int,
    ) -> None:
        n_target, n_samples = self._n_target, self._n_samples[kept]
        walk = _DrawnWalk(self._parametric(refit), refit, kept, sources, n_samples, seed)
        quantities = np.zeros(len(kept))
        rounds = []
        for number in range(1 if self.update == "static" else self.n_rounds):
            if number > 0:
                walk.advance(quantities / n_samples)
            found = walk.discrepancy()
            matrix, d = found.matrix, found.n_parameters
            if self.bias_correction:
                shares = np.append(n_target, quantities)
                noise = plug_in_noise(n_samples, n_target, d, shares=shares / shares.sum())
                matrix = debias_discrepancy(matrix, noise)
            quantities = optimal_quantities(matrix, n_samples, n_target, d)
            one = np.ones(len(kept))
            risk = float(kl_risk(one, matrix, n_samples, n_target, d, quantities=quantities))
            rounds.append((quantities, risk, pooling_ratio(found.matrix, n_target, d)))
            logger.info("round %d: risk %.4g, rows %s", number + 1, risk, quantities.round(1))
        model = walk.fit(quantities / n_samples)
        self._finish(kept, rounds, matrix, d)
        self.transfer_quantities_[kept] = walk.n_drawn
        n_rows = np.diff(domains.offsets)[1:]
        self.source_weights_ = self.transfer_quantities_ / n_rows
        self.source_estimators_ = {
            self.source_domains_.tolist()[index]: refit.whole(source).estimator
            for index, source in zip(kept, sources, strict=True)
        }
        self._keep_model(refit.whole(model))

    def _check_inner(self, estimator: Any, classes: NDArray[Any] | None, domains: Domains) -> None:
        """Refuse an inner estimator that cannot be compared; it need not take weights."""
        if domains.n_sources == 0:
            return
        linear = model_family(estimator, None if classes is None else len(classes)).linear
        if self.discrepancy == "parametric" and not linear:
            raise ValueError(
                "discrepancy='parametric' needs an inner estimator that is linear in its "
                "predictor (logistic, least-squares or generalised linear regression). Got "
                f"{estimator!r} instead; use discrepancy='functional' or 'auto'."
            )
        if classes is not None and (self.discrepancy == "functional" or not linear):
            check_probabilistic(estimator)

    def _start(self, domains: Domains, size_per_domain: Array) -> None:
        """Fitted attributes of a fit without usable sources."""
        n_sources = domains.n_sources
        self._n_target, self._n_samples = float(size_per_domain[0]), size_per_domain[1:]
        self.transfer_quantities_ = np.zeros(n_sources, dtype=int)
        self.source_weights_ = np.zeros(n_sources)
        self.discrepancy_ = np.full((n_sources, n_sources), np.nan)
        self.n_parameters_ = np.nan
        self.source_estimators_ = {}
        self.history_ = {
            "quantities": np.empty((0, n_sources)),
            "ratio": np.empty((0, n_sources)),
            "risk": np.empty(0),
        }

    def _finish(
        self,
        kept: NDArray[np.intp],
        rounds: list[tuple[Array, float, Array]],
        matrix: Array,
        n_parameters: float,
    ) -> None:
        """Fitted attributes, aligned with `source_domains_`."""
        n_sources = len(self.source_domains_)
        quantities = np.zeros((len(rounds), n_sources))
        ratio = np.full((len(rounds), n_sources), np.nan)
        quantities[:, kept] = [found for found, _, _ in rounds]
        ratio[:, kept] = [found for _, _, found in rounds]
        self.discrepancy_[np.ix_(kept, kept)] = matrix
        self.n_parameters_ = n_parameters
        self.history_ = {
            "quantities": quantities,
            "ratio": ratio,
            "risk": np.array([risk for _, risk, _ in rounds]),
        }

    def to_frame(self) -> pd.DataFrame:
        """Table of the sources for people.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, `rows` (N_i), `discrepancy` (M_ii), `ratio`
            (c_i = N_0 M_ii / d of the last round; about 1 is what noise alone gives), `quantity`
            (rows drawn) and `weight` (the share of its rows that is drawn).
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
                "quantity": self.transfer_quantities_,
                "weight": self.source_weights_,
            }
        )


class _DrawnWalk(Walk):
    """Where the target model stands, each fit being one of rows drawn afresh."""

    def __init__(
        self,
        parametric: bool,
        refit: WeightedRefit,
        kept: NDArray[np.intp],
        sources: list[FittedModel],
        n_samples: Array,
        seed: int,
    ):
        self._generator = np.random.RandomState(seed)
        self._problem = Problem(
            refit.X,
            refit.y,
            refit.sample_weight,
            refit.domains,
            refit.classes,
            refit.validation_fraction,
            refit.random_state,
        )
        super().__init__(parametric, refit, kept, sources, n_samples, seed)

    def fit(self, weights: Array) -> FittedModel:
        """Fit the target and a random share `weights` of the rows of each source, all at one.

        The shares are those of the kept sources; a source gives the rows with the smallest of
        random keys. All sources get the same keys, so that a draw depends neither on the name of a
        source nor on the others.
        """
        domains = self._problem.domains
        keys = self._generator.random_sample(int(np.diff(domains.offsets).max()))
        rows = [domains.target_rows]
        self.n_drawn = np.zeros(len(self.kept), dtype=int)
        for number, index in enumerate(self.kept):
            of_source = domains.source_rows(int(index))
            self.n_drawn[number] = int(np.rint(weights[number] * len(of_source)))
            rows.append(of_source[np.argsort(keys[: len(of_source)])[: self.n_drawn[number]]])
        drawn = np.sort(np.concatenate(rows))
        if self._problem.classes is not None and len(np.unique(self._problem.y[drawn])) < 2:
            # A target of one class has no model of its own; the pooled one is where it started.
            return self.fit(np.ones(len(self.kept)))
        return self._problem.fit(self.refit.estimator, drawn)


__all__ = ["BaseOTQMS"]
