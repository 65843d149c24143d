# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Empirical Bayes over domains: from rows of all of them to the target's mixture of posteriors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_transfer._domains import Domains
from sklearn_transfer._families import Family, TargetSample, model_family
from sklearn_transfer._math.likelihood import Likelihood
from sklearn_transfer._math.random_coefficients import Population
from sklearn_transfer.hierarchical._base_model import fit_base_model
from sklearn_transfer.hierarchical._coordinates import (
    Rows,
    coordinates,
    lends_its_likelihood,
    location_and_scale,
    penalty_of,
    which_are_levels,
)
from sklearn_transfer.hierarchical._design import Design
from sklearn_transfer.hierarchical._group_weights import weighed_by_groups
from sklearn_transfer.hierarchical._held_out import Posteriors
from sklearn_transfer.hierarchical._mixture import (
    ClassifierMixture,
    PosteriorMixture,
    RegressorMixture,
)
from sklearn_transfer.hierarchical._posterior import (
    Candidate,
    posterior,
    posteriors_over_noise,
)
from sklearn_transfer.hierarchical._sources import told_by_sources, told_in_own_units
from sklearn_transfer.hierarchical._units import Told

Array = NDArray[Any]

# From all but pooled to all but alone; a few sources tell little of the spread, the rest is the
# target's to say.
SPREAD_FACTORS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
LEVEL_FACTORS = (1.0, 4.0, 16.0, 64.0, 256.0)
LEAST_NOISE_RANGE = float(np.log(4.0))
# A domain's level may lie far outside of what a few sources show (a hospital of referrals), and its
# own rows tell of it first: the prior on the factor is centred above 1. The more sources, the
# better they show how far levels lie apart.
_LEVEL_FACTOR = 16.0
_FEW_SOURCES = 5
_LEAST_LEVEL_LOG_SD = 1.0
# The cost is cubic in what varies; directions of little variance say little in a few rows.
_MOST_COMPONENTS = 75
_LEVEL_LOG_SD = 2.5


@dataclass(frozen=True)
class Settings:
    """What a fit of random coefficients may be told.

    Parameters
    ----------
    n_folds : int, default=5
        Folds from which an inner estimator that is not linear predicts its own training rows.
    shrinkage : float, default=4.0
        Sources' worth of belief that all slopes spread alike.
    most_columns : int, default=250
        Of more columns than these, only principal components vary between domains.
    validation_fraction : float, default=0.2
        Share of rows held out where the inner estimator stops early.
    n_jobs : int or None, default=None
        Folds fitted at once.
    seed : int, default=0
        Of the folds.
    limits_classes : bool, default=False
        Whether nothing is fitted where levels and slopes of all classes are too many already.
    """

    n_folds: int = 5
    shrinkage: float = 4.0
    most_columns: int = 250
    validation_fraction: float = 0.2
    n_jobs: int | None = None
    seed: int = 0
    limits_classes: bool = False


@dataclass(frozen=True)
class PopulationFit:
    """The target's model, and what the sources are worth to it.

    Parameters
    ----------
    mixture : PosteriorMixture
        What predicts.
    spread : ndarray of shape (n_coefficients,)
        Variances between sources, in one unit for all.
    worth : ndarray of shape (n_sources,)
        Target rows' worth that each source adds to the prior.
    discrepancy : ndarray of shape (n_sources, n_sources)
        M, the sources' coefficients against the target's in units of information per row, both
        shrunk towards the population.
    n_parameters : float
        Directions of the coefficients that rows inform.
    group_correlation : float
        Of two rows of a group; NaN where there are no groups.
    posteriors : Posteriors
        What the mixture is made of.
    """

    mixture: PosteriorMixture
    spread: Array
    worth: Array
    discrepancy: Array
    n_parameters: float
    group_correlation: float
    posteriors: Posteriors


def population_family(estimator: Any, classes: NDArray[Any] | None) -> Family:
    """Family of the likelihood; linear where the inner estimator lends its own.

    Parameters
    ----------
    estimator : estimator
        The inner estimator.
    classes : ndarray or None
        None for regression.

    Returns
    -------
    family : Family
        Of the responses given the predictor.
    """
    family = model_family(estimator, None if classes is None else len(classes))
    return replace(family, linear=family.linear and lends_its_likelihood(estimator))


def _n_outputs(family: Family, classes: NDArray[Any] | None) -> int:
    return len(classes) if family.name == "multinomial" and classes is not None else 1


def build_design(
    estimator: Any, sample: TargetSample, family: Family, most_columns: int
) -> tuple[Any, TargetSample, Any, Design]:
    """Steps before a linear inner estimator, the rows behind them, and the columns that may vary.

    Parameters
    ----------
    estimator : estimator
        The inner estimator.
    sample : TargetSample
        All rows.
    family : Family
        Of the inner estimator.
    most_columns : int
        As in `Settings`; 0 lets no column vary.

    Returns
    -------
    estimator : estimator
        Without the steps.
    sample : TargetSample
        Behind the steps.
    before : transformer or None
        The steps, fitted.
    design : Design
        Of principal components where there would be too many columns.
    """
    before, X = None, sample.X
    if family.linear and isinstance(estimator, Pipeline) and len(estimator) > 1:
        before = clone(estimator[:-1])
        X = before.fit_transform(X, sample.y)
        estimator = estimator.steps[-1][1]
    # Softmax has a coefficient per column and class, and the cost is cubic in coefficients.
    n_outputs = _n_outputs(family, sample.classes)
    most = most_columns // n_outputs
    # Beside the components vary the level and the slopes of the shared prediction.
    n_components = min(_MOST_COMPONENTS // n_outputs, most - 1 - n_outputs)
    design = Design(X, most, sample.sample_weight, max(n_components, 0))
    return (
        estimator,
        replace(sample, X=X),
        before,
        design,
    )


def fit_population(
    estimator: Any, sample: TargetSample, domains: Domains, settings: Settings
) -> PopulationFit | None:
    """Base model out of fold, what each source says, their spread, the target's posterior.

    Parameters
    ----------
    estimator : estimator
        The inner estimator; one that classifies has `predict_proba`.
    sample : TargetSample
        All rows.
    domains : Domains
        Which row belongs where; one source at least.
    settings : Settings
        The rest.

    Returns
    -------
    fit : PopulationFit or None
        The model and what it says of the sources; None where there are too many classes.
    """
    classes = sample.classes
    family = population_family(estimator, classes)
    estimator, sample, before, design = build_design(
        estimator, sample, family, settings.most_columns
    )
    base, predictor = None, None
    if not family.linear or design.is_reduced or not design.n_columns:
        n_outputs = _n_outputs(family, classes)
        if settings.limits_classes and n_outputs * (1 + n_outputs) > settings.most_columns:
            return None
        base, predictor = fit_base_model(
            estimator,
            sample,
            family,
            domains,
            n_folds=settings.n_folds,
            validation_fraction=settings.validation_fraction,
            n_jobs=settings.n_jobs,
            seed=settings.seed,
        )
    location, scale = location_and_scale(sample, predictor, family)
    rows = coordinates(sample, design, predictor, family, location, scale)
    penalty = penalty_of(estimator, rows)
    rows, group_correlation = weighed_by_groups(rows, domains, penalty)
    around_base = base is not None
    first, penalty, evident = told_by_sources(
        rows,
        domains,
        penalty,
        around_base=around_base,
        shrinkage=settings.shrinkage,
    )
    told, levels = [first], which_are_levels(rows)
    if not around_base and family.name == "gaussian" and domains.n_sources > 1:
        in_own = told_in_own_units(first, rows, domains, evident, settings.shrinkage)
        told += [in_own] if in_own is not None else []
    beliefs = _beliefs(told, rows, domains, penalty, evident)
    log_weights = np.array([belief.log_weight for belief in beliefs])
    weights = softmax(log_weights)
    mixture = (ClassifierMixture if classes is not None else RegressorMixture)(
        base,
        before,
        design,
        [belief.candidate for belief in beliefs],
        weights,
        family.name,
        classes,
        location,
        scale,
    )
    n_rows = float(domains.totals(rows.sample_weight)[1:].sum())
    per_row = first.information_per_row(n_rows)
    n_parameters = float(
        np.linalg.matrix_rank(per_row, hermitian=True, tol=1e-6 * np.trace(per_row))
    )
    worth, discrepancy = np.zeros(domains.n_sources), np.zeros((domains.n_sources,) * 2)
    for weight, belief in zip(weights, beliefs, strict=True):
        if weight > 1e-6:
            worth += weight * _worth(belief, levels, n_rows, n_parameters)
            discrepancy += weight * _discrepancy(belief, n_rows)
    populations = [belief.population for belief in beliefs]
    posteriors = Posteriors(estimator, before, sample, rows, populations, log_weights, mixture)
    return PopulationFit(
        mixture, first.spread, worth, discrepancy, n_parameters, group_correlation, posteriors
    )


class _Belief(NamedTuple):
    """One candidate, the population behind it, and who told of that."""

    candidate: Candidate
    population: Population
    told: Told
    log_weight: float


def _beliefs(
    told: list[Told], rows: Rows, domains: Domains, penalty: Array, evident: Array
) -> list[_Belief]:
    """The target's posteriors under every scaling of the sources' spread, in every unit."""
    levels = which_are_levels(rows)
    found = []
    for teller in told:
        target = rows.likelihood(domains.target_rows, teller.target_noise.typical)
        for factor in SPREAD_FACTORS:
            scaled = np.where(levels, teller.spread, teller.spread * factor)
            population = evidence = teller.population(scaled, penalty)
            if (evident < penalty).any():
                evidence = teller.population(scaled, evident)
            for candidate in _candidates(target, population, levels, factor, teller):
                log_weight = _log_weight(candidate, evidence, len(levels))
                log_weight += teller.noise.log_likelihood
                found.append(_Belief(candidate, population, teller, log_weight))
    return found


def check_probabilistic(estimator: Any, classes: NDArray[Any] | None) -> None:
    """Refuse a classifier whose predictor cannot be read.

    Parameters
    ----------
    estimator : estimator
        The inner estimator.
    classes : ndarray or None
        None for regression, where nothing is asked.

    Raises
    ------
    ValueError
        If it has no `predict_proba`.
    """
    if classes is not None and not hasattr(estimator, "predict_proba"):
        raise ValueError(
            "The inner estimator must have `predict_proba`, which is what its predictor is "
            f"read from. Got {type(estimator).__name__}, which does not, instead; choose a "
            "probabilistic classifier or wrap it in CalibratedClassifierCV."
        )


def _worth(belief: _Belief, levels: NDArray[np.bool_], n_rows: float, n_parameters: float) -> Array:
    """Target rows' worth of each source.

    A fit of d coefficients to n rows has the expected excess loss d / (2 n), the prior mean has
    half the trace of information per row times prior covariance: where both agree, n is what
    the prior is worth. Directions that no row informs are not counted.
    """
    population, per_row = belief.population, belief.told.information_per_row(n_rows)
    variances = population.spread * np.where(levels, belief.candidate.level_factor, 1.0)
    excess = np.trace(per_row @ population.mean_covariance) + np.diag(per_row) @ variances
    share = np.einsum("kij,ji->k", population.source_precision, population.mean_covariance)
    return share / share.sum() * n_parameters / excess


def _discrepancy(belief: _Belief, n_rows: float) -> Array:
    """Products of the sources' deviations from the target, all of them posterior modes."""
    population, spread = belief.population, belief.population.spread
    # (H_i + D^-1)^-1, from the precision with which source i tells of the mean.
    inverse = np.diag(spread) - spread[:, np.newaxis] * population.source_precision * spread
    score = belief.told.target_score
    modes = np.einsum("kij,kj->ki", inverse, score + population.mean / spread)
    deviations = modes - belief.candidate.mode
    return deviations @ belief.told.information_per_row(n_rows) @ deviations.T


def _candidates(
    target: Likelihood,
    population: Population,
    levels: NDArray[np.bool_],
    factor: float,
    teller: Told,
) -> list[Candidate]:
    found = []
    for level_factor in LEVEL_FACTORS:
        options = {"spread_factor": factor, "level_factor": level_factor}
        if target.family == "gaussian":
            found += posteriors_over_noise(
                target,
                population,
                levels,
                factors=noise_factors(teller.noise.log_sd),
                log_sd=teller.noise.log_sd,
                **options,
            )
        else:
            found.append(posterior(target, population, levels, **options))
    return [replace(candidate, own_units=teller.own_units) for candidate in found]


def noise_factors(log_sd: float) -> Array:
    """Factors on the typical noise: 2.8 standard deviations to both sides, a factor 4 at least.

    Parameters
    ----------
    log_sd : float
        Of the logarithm of a domain's noise variance.

    Returns
    -------
    factors : ndarray of shape (n_factors,)
        Of steps of about a factor 1.6, at most 25.
    """
    if not LEAST_NOISE_RANGE:
        return np.ones(1)
    reach = max(LEAST_NOISE_RANGE, 2.8 * log_sd)
    return np.exp(np.linspace(-reach, reach, min(2 * int(np.ceil(reach / 0.47)) + 1, 25)))


def _log_weight(candidate: Candidate, population: Population, n_coefficients: int) -> float:
    """The target's evidence in full; the sources', tempered: their spread is one of many models.

    The power ``1 / sqrt(p)`` was chosen on the tuning tables of `benchmarks/hierarchical.py`.
    """
    few = min(1.0, _FEW_SOURCES / len(population.source_precision))
    log_sd = max(_LEVEL_LOG_SD * few, _LEAST_LEVEL_LOG_SD)
    away = np.log(candidate.level_factor) - np.log(_LEVEL_FACTOR) * few
    level_prior = -0.5 * (away / log_sd) ** 2
    tempered = population.log_likelihood / np.sqrt(n_coefficients)
    return candidate.log_evidence + candidate.log_prior + tempered + level_prior
