# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""TrAdaBoost that chooses, in each round, the source to learn with."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.parallel import Parallel, delayed

from sklearn_transfer._math.boosting import error_floor, target_error
from sklearn_transfer.boosting._base import LARGEST_SEED, BaseBoostingClassifier
from sklearn_transfer.boosting._rounds import Learner, Rounds, boost
from sklearn_transfer.boosting._rows import WeightedRows, fit_some


class MultiSourceTrAdaBoostClassifier(BaseBoostingClassifier):
    r"""Boosted classifier that learns each round from the target and one source.

    In each round one learner per source is fitted to that source and the target, and the one with
    the least error on the target is kept: a source that contradicts the target is passed over
    instead of being mixed in [1]_.

    Parameters
    ----------
    estimator : classifier or None, default=None
        Inner estimator; it must accept `sample_weight`. None stands for
        `DecisionTreeClassifier(max_depth=3)`. Pipelines and XGBoost are welcome; its parameters
        stay as given, but for a `random_state` of None, which `random_state` seeds.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    n_estimators : int, default=50
        Most rounds, each of one fit per source. It enters the rate at which source rows lose
        weight.
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
        Mean weight of a row of a source where that of a target row is 1, averaged over the
        learners by their votes; 0 in a round whose learner comes from another source. Weights
        given by the user count as so many rows.
    estimators_ : list of classifiers
        The learners kept, one per round.
    estimator_weights_ : ndarray of shape (n_rounds,)
        Their votes, log(1 / beta_t).
    estimator_errors_ : ndarray of shape (n_rounds,)
        Their weighted errors on the target's rows; NaN where nothing was boosted.
    estimator_domains_ : ndarray of shape (n_rounds,)
        The source that each was fitted with; empty where nothing was boosted.
    history_ : dict of ndarray
        "weights", of shape (n_rounds, n_sources): mean weights as in `source_weights_`, in the fit
        of each round.
    estimator_ : estimator
        The vote; without sources, the fitted inner estimator.
    classes_ : ndarray of shape (n_classes,)
        Union of the classes of target and sources.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    TrAdaBoostClassifier : Pools the sources.
    sklearn_transfer.weighting.UOWQClassifier : One weight per source, one fit on all rows.

    Notes
    -----
    The weights follow :class:`TrAdaBoostClassifier`, with n the rows of all sources together: the
    learner kept judges the rows of **all** sources, not only of its own. All rounds vote, as in
    Algorithm 1 of [1]_, where :class:`TrAdaBoostClassifier` lets the last half vote.

    The rate at which source rows lose weight is that of TrAdaBoost, with ln(n)/N under the root;
    ln(n/N), as it is sometimes written for this method, is negative for n < N.

    References
    ----------
    .. [1] Y. Yao, G. Doretto, "Boosting for transfer learning with multiple sources", CVPR 2010,
           Algorithm 1 (MultiSourceTrAdaBoost).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.boosting import MultiSourceTrAdaBoostClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, (330, 2))
    >>> domain = np.repeat(["here", "like", "opposite"], [30, 150, 150])
    >>> y = (X[:, 0] + 0.2 * rng.standard_normal(330) > 0) ^ (domain == "opposite")
    >>> model = MultiSourceTrAdaBoostClassifier(target_domain="here", random_state=0)
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> str(model.estimator_domains_[0])
    'like'
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseBoostingClassifier._parameter_constraints,
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        n_estimators: int = 50,
        validation_fraction: float = 0.2,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_estimators = n_estimators
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _boost(self, rows: WeightedRows, random_state: np.random.RandomState) -> Rounds:
        domains = rows.domains
        pools = [
            np.sort(np.concatenate([domains.target_rows, domains.source_rows(source)]))
            for source in range(domains.n_sources)
        ]
        is_target = rows.is_target

        def propose(weight: NDArray[np.float64]) -> Learner:
            seeds = random_state.randint(LARGEST_SEED, size=len(pools))
            models = parallel(
                delayed(fit_some)(*rows.prepare(weight, seed, pool))
                for seed, pool in zip(seeds, pools, strict=True)
            )
            learners = [
                Learner(model, (model.predict(rows.X) != rows.y).astype(float), source)
                for source, model in enumerate(models)
            ]
            return min(
                learners,
                key=lambda learner: target_error(weight[is_target], learner.error[is_target]),
            )

        with Parallel(n_jobs=self.n_jobs) as parallel:  # one pool of workers for all rounds
            return boost(
                rows,
                propose,
                self.n_estimators,
                floor=error_floor(rows.n_target),
                n_classes=len(self.classes_),
                last_half_votes=False,
            )

    def _keep_rounds(self, rounds: Rounds, kept: NDArray[np.intp]) -> None:
        super()._keep_rounds(rounds, kept)
        chosen = [source for source in rounds.sources if source is not None]
        self.estimator_domains_ = self.source_domains_[kept[chosen]]
