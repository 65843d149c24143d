# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The empirical-Bayes fit of random coefficients, shared by the classifier and the regressor."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._base import BaseTransfer
from sklearn_transfer._domains import Domains
from sklearn_transfer._families import Family, TargetSample, deal_folds, model_family
from sklearn_transfer._math.likelihood import Likelihood, penalised_mode
from sklearn_transfer._math.random_coefficients import (
    Population,
    estimate_spread,
    population_given_spread,
)
from sklearn_transfer._sklearn import Interval
from sklearn_transfer._weighted_fit import FittedModel, take_rows, weight_keyword
from sklearn_transfer._weighted_refit import fit_alone
from sklearn_transfer.hierarchical._design import Design
from sklearn_transfer.hierarchical._mixture import (
    ClassifierMixture,
    PosteriorMixture,
    RegressorMixture,
    base_predictor,
    standardised,
)
from sklearn_transfer.hierarchical._posterior import (
    Candidate,
    posterior,
    posteriors_over_noise,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[Any]

# From all but pooled to all but alone; a few sources tell little of the spread, the rest is the
# target's to say.
SPREAD_FACTORS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
LEVEL_FACTORS = (1.0, 4.0, 16.0, 64.0)
NOISE_FACTORS = (0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0)
_LEVEL_LOG_SD = 2.5


@dataclass(frozen=True)
class _Rows:
    """All rows in the coordinates of the random coefficients."""

    design: Array
    y: NDArray[Any]
    offset: Array
    sample_weight: Array
    family: Family
    n_outputs: int
    dispersion: float = 1.0

    def likelihood(self, rows: NDArray[np.intp], dispersion: float) -> Likelihood:
        return Likelihood(
            self.design[rows],
            self.y[rows],
            self.family.name,
            self.offset[rows],
            self.sample_weight[rows],
            self.n_outputs,
            dispersion,
            self.family.power,
        )


class BaseRandomCoefficients(BaseTransfer):
    """A base model of all rows, and coefficients that vary between domains."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransfer._parameter_constraints,
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "shrinkage": [Interval(Real, 0, None, closed="left")],
        "most_columns": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        n_folds: int = 5,
        shrinkage: float = 4.0,
        most_columns: int = 250,
        n_jobs: int | None = None,
        random_state: Any = None,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_folds = n_folds
        self.shrinkage = shrinkage
        self.most_columns = most_columns
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        """Base model out of fold, what each source says, their spread, the target's posterior."""
        estimator = self._inner()
        classes = np.unique(y) if is_classifier(self) else None
        if domains.n_sources == 0:
            sample = TargetSample(X, y, sample_weight, classes)
            self._without_sources(fit_alone(estimator, sample, 0.2, 0))
            return
        if sample_weight is not None:
            weight_keyword(estimator)
        if classes is not None and not hasattr(estimator, "predict_proba"):
            raise ValueError(
                "The inner estimator must have `predict_proba`, which is what its predictor is "
                f"read from. Got {type(estimator).__name__}, which does not, instead; choose a "
                "probabilistic classifier or wrap it in CalibratedClassifierCV."
            )
        family = model_family(estimator, None if classes is None else len(classes))
        before = None
        if family.linear and isinstance(estimator, Pipeline) and len(estimator) > 1:
            before = clone(estimator[:-1])
            X = before.fit_transform(X, y)
            estimator = estimator.steps[-1][1]
        sample = TargetSample(X, y, sample_weight, classes)
        # Softmax has a coefficient per column and class, and the cost is cubic in coefficients.
        n_outputs = 1 if family.name != "multinomial" or classes is None else len(classes)
        design = Design(X, self.most_columns // n_outputs, sample_weight)
        base, predictor = None, None
        if not family.linear or not len(design._used):
            base, predictor = self._base_model(estimator, sample, family, domains)
        location, scale = _location_and_scale(sample, predictor, family)
        rows = _coordinates(sample, design, predictor, family, location, scale)
        penalty = _penalty(estimator, rows)
        information, score, dispersion = _summaries(rows, domains, penalty)
        levels = _levels(rows)
        spread = estimate_spread(
            information, score, penalty / dispersion, levels=levels, shrinkage=self.shrinkage
        )
        target = rows.likelihood(domains.target_rows, dispersion)
        candidates, log_weights, populations = [], [], []
        for factor in SPREAD_FACTORS:
            scaled = np.where(levels, spread, spread * factor)
            population = population_given_spread(information, score, scaled, penalty / dispersion)
            for candidate in _candidates(target, population, levels, factor):
                candidates.append(candidate)
                populations.append(population)
                log_weights.append(_log_weight(candidate, population, len(levels)))
        weights = np.exp(np.array(log_weights) - np.max(log_weights))
        weights /= weights.sum()
        mixture = (ClassifierMixture if classes is not None else RegressorMixture)(
            base, before, design, candidates, weights, family.name, classes, location, scale
        )
        self._finish(mixture, spread, populations, information, levels, domains, sample_weight)

    def _base_model(
        self, estimator: Any, sample: TargetSample, family: Family, domains: Domains
    ) -> tuple[FittedModel, Array]:
        """Fit the inner estimator on all rows; its predictor for each row comes out of fold."""
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        fold_of_row = np.empty(len(sample.y), dtype=np.intp)
        for domain in range(domains.n_sources + 1):  # by the place in the domain, whatever its name
            rows = domains.order[domains.offsets[domain] : domains.offsets[domain + 1]]
            fold_of_row[rows] = deal_folds(sample.y[rows], self.n_folds, sample.classes, seed)
        folds = [
            (np.flatnonzero(fold_of_row != fold), np.flatnonzero(fold_of_row == fold))
            for fold in np.unique(fold_of_row)
        ]
        everything = np.arange(len(sample.y))
        models = Parallel(n_jobs=self.n_jobs)(
            delayed(fit_alone)(estimator, _subset(sample, rows), 0.2, seed)
            for rows in [*(train for train, _ in folds), everything]
        )
        predictor: Array | None = None
        for (_, test), model in zip(folds, models, strict=False):
            part = base_predictor(model, take_rows(sample.X, test), family.name, sample.classes)
            if predictor is None:
                predictor = np.empty((len(sample.y), *part.shape[1:]))
            predictor[test] = part
        assert predictor is not None
        return models[-1], predictor

    def _without_sources(self, model: FittedModel) -> None:
        self.spread_ = np.empty(0)
        self.candidates_ = {"spread_factor": np.empty(0), "level_factor": np.empty(0)}
        self.candidate_weights_ = np.empty(0)
        self.source_weights_ = np.zeros(0)
        self.transfer_quantity_ = 0.0
        self._n_samples = np.empty(0)
        self._keep_model(model)

    def _finish(
        self,
        mixture: PosteriorMixture,
        spread: Array,
        populations: list[Population],
        information: Array,
        levels: NDArray[np.bool_],
        domains: Domains,
        sample_weight: Array | None,
    ) -> None:
        """Fitted attributes: what the sources are worth, averaged over the priors.

        A fit of d coefficients to n rows has the expected excess loss d / (2 n), the prior mean has
        half the trace of information per row times prior covariance: where both agree, n is what
        the prior is worth. Directions that no row informs are not counted.
        """
        weights = mixture.weights
        self.spread_ = spread
        self.candidate_weights_ = weights
        self.candidates_ = {
            "spread_factor": np.array([c.spread_factor for c in mixture.candidates]),
            "level_factor": np.array([c.level_factor for c in mixture.candidates]),
        }
        self._n_samples = domains.totals(sample_weight)[1:]
        per_row = information.sum(axis=0) / self._n_samples.sum()
        rank = np.linalg.matrix_rank(per_row, hermitian=True, tol=1e-6 * np.trace(per_row))
        worth = np.zeros(domains.n_sources)
        for weight, candidate, population in zip(
            weights, mixture.candidates, populations, strict=True
        ):
            variances = population.spread * np.where(levels, candidate.level_factor, 1.0)
            excess = np.trace(per_row @ population.mean_covariance) + np.diag(per_row) @ variances
            share = np.einsum("kij,ji->k", population.source_precision, population.mean_covariance)
            worth += weight * share / share.sum() * rank / excess
        self.transfer_quantity_ = float(worth.sum())
        self.source_weights_ = worth / self._n_samples
        self._keep_model(FittedModel(mixture, mixture.classes))

    def to_frame(self) -> pd.DataFrame:
        """Table of the sources for people.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, `rows` (N_i), `weight` (worth per row) and `worth` (the
            target rows' worth of information that the source adds to the prior).
        """
        import pandas as pd

        check_is_fitted(self)
        return pd.DataFrame(
            {
                "domain": self.source_domains_,
                "rows": self._n_samples,
                "weight": self.source_weights_,
                "worth": self.source_weights_ * self._n_samples,
            }
        )


def _subset(sample: TargetSample, rows: NDArray[np.intp]) -> TargetSample:
    weight = None if sample.sample_weight is None else sample.sample_weight[rows]
    return TargetSample(take_rows(sample.X, rows), sample.y[rows], weight, sample.classes)


def _location_and_scale(
    sample: TargetSample, predictor: Array | None, family: Family
) -> tuple[float, float]:
    """Unit in which coefficients are measured: that of y, or the base predictor's spread."""
    if predictor is None and family.logarithmic:
        # Coefficients begin where y is: from elsewhere an exponential may overflow.
        return float(np.log(max(sample.mean(sample.y), np.finfo(float).tiny))), 1.0
    values = sample.y if family.name == "gaussian" else predictor
    if values is None:
        return 0.0, 1.0
    location = sample.mean(values) if values.ndim == 1 else 0.0
    squares = (values - location) ** 2
    variance = sample.mean(squares if values.ndim == 1 else squares.mean(axis=1))
    return location, float(np.sqrt(variance)) or 1.0


def _coordinates(
    sample: TargetSample,
    design: Design,
    predictor: Array | None,
    family: Family,
    location: float,
    scale: float,
) -> _Rows:
    n_samples = len(sample.y)
    n_outputs = 1
    y: NDArray[Any] = sample.y
    if sample.classes is not None:
        y = np.searchsorted(sample.classes, sample.y)
        n_outputs = len(sample.classes) if family.name == "multinomial" else 1
    elif family.name == "gaussian":
        y = (sample.y - location) / scale
    if predictor is None:
        start = 0.0 if family.name == "gaussian" else location
        offset = np.full(n_samples if n_outputs == 1 else (n_samples, n_outputs), start)
        columns = design.transform(sample.X)
    else:
        offset, predicted = standardised(predictor, family.name, location, scale)
        columns = design.transform(sample.X, predicted)
    weight = np.ones(n_samples) if sample.sample_weight is None else sample.sample_weight
    return _Rows(columns, y, offset, weight, family, n_outputs)


def _levels(rows: _Rows) -> NDArray[np.bool_]:
    levels = np.zeros((rows.n_outputs, rows.design.shape[1]), dtype=bool)
    levels[:, 0] = True
    return levels.ravel()


def _penalty(estimator: Any, rows: _Rows) -> Array:
    """The user's penalty on slopes, as a precision of the population's mean."""
    params = estimator.get_params()
    strength = 1.0
    if rows.family.linear:
        strength = 1.0 / params["C"] if params.get("C") else params.get("alpha", 1e-3)
        strength = float(np.mean(strength)) if strength is not None else 1e-3
    penalty = np.full(rows.n_outputs * rows.design.shape[1], max(strength, 1e-3))
    penalty[_levels(rows)] = 1e-6
    return penalty


def _summaries(rows: _Rows, domains: Domains, penalty: Array) -> tuple[Array, Array, float]:
    """Second-order likelihood of every source, and the noise within sources."""
    p = len(penalty)
    information = np.empty((domains.n_sources, p, p))
    score = np.empty((domains.n_sources, p))
    squares = freedom = 0.0
    fallback = []
    precision = np.diag(np.maximum(penalty, 1e-2))
    for index in range(domains.n_sources):
        likelihood = rows.likelihood(domains.source_rows(index), 1.0)
        mode, information[index] = penalised_mode(likelihood, np.zeros(p), precision)
        gradient, _ = likelihood.gradient_and_information(mode)
        score[index] = information[index] @ mode + gradient
        if rows.family.name not in ("bernoulli", "multinomial", "poisson"):
            residual, total = _pearson(likelihood, mode)
            squares += residual if total > 2 * p else 0.0
            freedom += total - p if total > 2 * p else 0.0
            weight = likelihood.sample_weight
            centre = np.average(likelihood.y, weights=weight)
            fallback.append(np.average((likelihood.y - centre) ** 2, weights=weight))
    if not fallback:
        return information, score, 1.0
    dispersion = squares / freedom if freedom else 0.7 * float(np.mean(fallback))
    dispersion = max(dispersion, 1e-8)
    return information / dispersion, score / dispersion, dispersion


def _pearson(likelihood: Likelihood, mode: Array) -> tuple[float, float]:
    eta = likelihood.predictor(mode)
    total = float(likelihood.sample_weight.sum())
    if likelihood.family == "gaussian":
        squares = (likelihood.y - eta) ** 2
    else:
        mean = np.exp(eta)
        squares = (likelihood.y - mean) ** 2 / mean ** likelihood._variance_power()
    return float(likelihood.sample_weight @ squares), total


def _candidates(
    target: Likelihood, population: Population, levels: NDArray[np.bool_], factor: float
) -> list[Candidate]:
    found = []
    for level_factor in LEVEL_FACTORS:
        options = {"spread_factor": factor, "level_factor": level_factor}
        if target.family == "gaussian":
            found += posteriors_over_noise(
                target, population, levels, factors=NOISE_FACTORS, **options
            )
        else:
            found.append(posterior(target, population, levels, **options))
    return found


def _log_weight(candidate: Candidate, population: Population, n_coefficients: int) -> float:
    """The target's evidence in full; the sources', tempered: their spread is one of many models.

    The power ``1 / sqrt(p)`` was chosen on the tuning tables of `benchmarks/hierarchical.py`.
    """
    level_prior = -0.5 * (np.log(candidate.level_factor) / _LEVEL_LOG_SD) ** 2
    tempered = population.log_likelihood / np.sqrt(n_coefficients)
    return candidate.log_evidence + tempered + level_prior
