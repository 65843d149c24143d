# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Two-stage TrAdaBoost.R2: source weights by schedule, then boosting of the target alone."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from sklearn_transfer._folds import deal_folds
from sklearn_transfer._math.boosting import is_chance, target_beta, target_error, vote_weight
from sklearn_transfer._math.boosting_two_stage import (
    shrink_sources,
    target_share,
    update_target_only,
)
from sklearn_transfer._progress import counted, logger
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer._weighted_fit import take_rows
from sklearn_transfer.boosting._base import LARGEST_SEED, BaseBoostingRegressor
from sklearn_transfer.boosting._ensembles import WeightedMedian
from sklearn_transfer.boosting._rounds import Learner, Rounds
from sklearn_transfer.boosting._rows import WeightedRows
from sklearn_transfer.boosting._tradaboost_r2 import GRADED_FLOOR, graded_errors

Array = NDArray[np.float64]


class TwoStageTrAdaBoostRegressor(BaseBoostingRegressor):
    r"""Boosted regressor that takes from the sources as much as cross-validation finds useful.

    Two-stage TrAdaBoost.R2: a first stage lowers the weights of the sources step by step, those of
    rows with large errors first, from equal weights to none; a second stage boosts the
    target's rows with the source weights of each step frozen. The step with the least
    cross-validated error on the target is kept [1]_. The last step knows the target alone.

    Parameters
    ----------
    estimator : regressor or None, default=None
        Inner estimator; it must accept `sample_weight`. None stands for
        `DecisionTreeRegressor(max_depth=3)`. Pipelines and XGBoost are welcome; its parameters
        stay as given, but for a `random_state` of None, which `random_state` seeds.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    n_estimators : int, default=10
        Most rounds of each boosting in the second stage.
    n_steps : int, default=10
        Steps of the first stage, those with equal weights and without sources included.
    n_folds : int, default=5
        Folds of the target's rows, shuffled, in which each step is judged; as many as there are
        rows at most.
    loss : {"linear", "square", "exponential"}, default="linear"
        The error of a row as a function of its relative residual r, between 0 and 1: r, r^2 or
        1 - exp(-r).
    validation_fraction : float, default=0.2
        Share of the target's rows held out of all rounds where an inner XGBoost model stops early.
    n_jobs : int, default=None
        Number of fits run at once. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.
    verbose : int, default=0
        Whether progress is reported through the logger `sklearn_transfer`.

    Attributes
    ----------
    target_domain_ : hashable
        The domain learnt for; None where no domains were given.
    source_domains_ : ndarray of shape (n_sources,)
        Labels of the sources: sorted if they sort, else by first appearance.
    source_weights_ : ndarray of shape (n_sources,)
        Mean weight of a row of a source where that of a target row is 1, in the step kept. Weights
        given by the user count as so many rows.
    step_ : int
        The step kept: 0 has equal weights, `n_steps` - 1 the target alone; None where nothing was
        boosted.
    estimators_ : list of regressors
        The learners of the second stage in the step kept.
    estimator_weights_ : ndarray of shape (n_rounds,)
        Their votes, log(1 / beta_t).
    estimator_errors_ : ndarray of shape (n_rounds,)
        Their weighted errors on all rows; NaN where nothing was boosted.
    history_ : dict of ndarray
        Per step of the first stage: "weights" (of shape (n_steps, n_sources), as in
        `source_weights_`), "target_share" (of the total weight) and "cv_error" (mean squared error
        on the target), of shape (n_steps,).
    estimator_ : estimator
        The weighted median; without sources, the fitted inner estimator.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    TrAdaBoostRegressor : One stage, much cheaper.
    sklearn_transfer.weighting.UOWQRegressor : One weight per source, one fit on all rows.

    Notes
    -----
    Stage 1, with m target and n source rows, S steps t = 0, ..., S - 1 and the errors :math:`e_i`
    of a learner fitted under the weights of step t - 1
    (:class:`TrAdaBoostRegressor` defines them):
    :math:`w_i \leftarrow w_i \beta_t^{e_i}` for source rows, :math:`\beta_t` found by bisection
    such that the target has the share

    .. math::

        \frac{m}{n + m} + \frac{t}{S - 1} \left(1 - \frac{m}{n + m}\right)

    of the total weight. Stage 2, AdaBoost.R2': as AdaBoost.R2, with :math:`\varepsilon` the
    weighted mean error of **all** rows, but only target rows change,
    :math:`w_i \leftarrow w_i \beta^{1 - e_i}`, scaled so that the target keeps its share; the
    prediction is the weighted median of **all** learners.

    Rows of weight 0 are absent: they are not fitted, and their residuals are not the unit of
    the errors. Cross-validation judges boosting under the weights of a step; the weights
    themselves come from a learner that has seen all target rows, as in the paper. With (S - 2) +
    S F N + N fits for F folds of N rounds, it costs hundreds of fits; those of different steps and
    folds run in parallel.

    References
    ----------
    .. [1] D. Pardoe, P. Stone, "Boosting for regression transfer", ICML 2010, algorithm Two-stage
           TrAdaBoost.R2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.boosting import TwoStageTrAdaBoostRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, (190, 2))
    >>> domain = np.repeat(["here", "opposite"], [40, 150])
    >>> y = np.where(domain == "opposite", -1.0, 1.0) * X[:, 0]
    >>> model = TwoStageTrAdaBoostRegressor(
    ...     target_domain="here", n_estimators=5, n_steps=5, random_state=0
    ... )
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.history_["target_share"].round(2)
    array([0.21, 0.41, 0.61, 0.8 , 1.  ])
    >>> bool(model.source_weights_[0] < 0.2)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseBoostingRegressor._parameter_constraints,
        "n_steps": [Interval(Integral, 2, None, closed="left")],
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "loss": [StrOptions({"linear", "square", "exponential"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        n_estimators: int = 10,
        n_steps: int = 10,
        n_folds: int = 5,
        loss: str = "linear",
        validation_fraction: float = 0.2,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_estimators = n_estimators
        self.n_steps = n_steps
        self.n_folds = n_folds
        self.loss = loss
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _boost(self, rows: WeightedRows, random_state: np.random.RandomState) -> Rounds:
        folds = self._folds(rows, random_state)
        steps = self._first_stage(rows, random_state)
        cv_error = self._cv_errors(rows, steps, folds, random_state)
        self._schedule = {
            "weights": [rows.relative_weights(weight) for weight in steps],
            "target_share": np.array([weight[rows.is_target].sum() for weight in steps]),
            "cv_error": cv_error,
        }
        best = int(np.argmin(cv_error))
        logger.info("step %d of %d has the least error, %.4g", best, len(steps), cv_error[best])
        seed = random_state.randint(LARGEST_SEED)
        return boost_target(rows, steps[best], self.n_estimators, self.loss, seed)

    def _folds(
        self, rows: WeightedRows, random_state: np.random.RandomState
    ) -> list[NDArray[np.intp]]:
        """Increasing row numbers of each fold of the target."""
        target = np.flatnonzero(rows.is_target & (rows.initial > 0))
        if len(target) < 2:
            raise ValueError(
                "The target must have at least 2 rows, in which the steps are judged by "
                f"cross-validation. Got {len(target)} instead; use TrAdaBoostRegressor or more "
                "target rows."
            )
        groups = rows.domains.groups_of(target)
        if groups is None:
            n_folds = min(self.n_folds, len(target))
            split = KFold(n_folds, shuffle=True, random_state=random_state).split(target)
            return [target[held] for _, held in split]
        if len(np.unique(groups)) < 2:
            raise ValueError(
                "`groups` must put the target's rows into two groups at least, by which the steps "
                "are judged in cross-validation. Got 1 group instead; use TrAdaBoostRegressor or "
                "rows of more groups."
            )
        fold_of_row = deal_folds(rows.y[target], self.n_folds, None, random_state, groups)
        return [target[fold_of_row == fold] for fold in range(fold_of_row.max() + 1)]

    def _first_stage(self, rows: WeightedRows, random_state: np.random.RandomState) -> list[Array]:
        """Row weights of all steps, each with sum 1."""
        is_target = rows.is_target
        steps = [rows.initial / rows.initial.sum()]
        for step in range(1, self.n_steps):
            weight = steps[-1].copy()
            share = target_share(step, self.n_steps, rows.n_target, rows.n_source)
            if step == self.n_steps - 1:
                weight[~is_target] = 0.0
            else:
                model = rows.fit(weight, random_state.randint(LARGEST_SEED))
                error = graded_errors(model, rows, weight, self.loss)
                total = weight[is_target].sum() * (1.0 - share) / share
                weight[~is_target], _ = shrink_sources(weight[~is_target], error[~is_target], total)
            steps.append(weight / weight.sum())
        return steps

    def _cv_errors(
        self,
        rows: WeightedRows,
        steps: list[Array],
        folds: list[NDArray[np.intp]],
        random_state: np.random.RandomState,
    ) -> Array:
        """Mean squared error of each step on the target's rows, held out fold by fold."""
        tasks = [(weight, held) for weight in steps for held in folds]
        seeds = random_state.randint(LARGEST_SEED, size=len(tasks))
        squares = Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(_held_out_squares)(rows, weight, held, self.n_estimators, self.loss, seed)
            for (weight, held), seed in zip(tasks, seeds, strict=True)
        )
        per_task = np.array(list(counted(squares, len(tasks), "folds")))
        return per_task.reshape(len(steps), len(folds)).sum(axis=1) / rows.n_target

    def _keep_rounds(self, rounds: Rounds, kept: NDArray[np.intp]) -> None:
        super()._keep_rounds(rounds, kept)
        self.step_ = None
        schedule = self.__dict__.pop("_schedule", None)
        if schedule is not None:
            self.step_ = int(np.argmin(schedule["cv_error"]))
            weights = self._of_all_sources(schedule["weights"], kept)
            self.history_ = {**schedule, "weights": weights}


def boost_target(rows: WeightedRows, weight: Array, n_rounds: int, loss: str, seed: int) -> Rounds:
    """AdaBoost.R2': AdaBoost.R2 in which the weights of source rows stay.

    Parameters
    ----------
    rows : WeightedRows
        The problem.
    weight : ndarray of shape (n_samples,)
        Row weights of the first round; rows of weight 0 are absent.
    n_rounds : int
        N.
    loss : {"linear", "square", "exponential"}
        How errors are graded.
    seed : int
        Of the inner fits.

    Returns
    -------
    rounds : Rounds
        At least one.
    """
    random_state = check_random_state(seed)
    done = Rounds()
    for number in range(1, n_rounds + 1):
        model = rows.fit(weight, random_state.randint(LARGEST_SEED))
        learner = Learner(model, graded_errors(model, rows, weight, loss))
        relative = rows.relative_weights(weight)
        eps = target_error(weight, learner.error)
        if is_chance(eps):
            if number == 1:
                done.add(learner, 1.0, eps, relative)
            break
        beta = target_beta(max(eps, GRADED_FLOOR))
        done.add(learner, vote_weight(beta), eps, relative)
        if eps == 0:
            break
        weight = update_target_only(weight, learner.error, rows.is_target, beta)
    return done


def _held_out_squares(
    rows: WeightedRows,
    weight: Array,
    held: NDArray[np.intp],
    n_rounds: int,
    loss: str,
    seed: int,
) -> float:
    """Weighted sum of squared errors on held-out target rows."""
    without = np.zeros_like(weight)
    used = rows.domains.all_but(held)
    without[used] = weight[used]
    rounds = boost_target(rows, without, n_rounds, loss, seed)
    median = WeightedMedian(rounds.models, np.array(rounds.votes))
    predicted = median.predict(take_rows(rows.X, held))
    return float(rows.initial[held] @ (rows.y[held] - predicted) ** 2)
