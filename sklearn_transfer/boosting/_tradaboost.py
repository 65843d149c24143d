# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""TrAdaBoost and its dynamic variant, for two and for more classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._math.boosting import error_floor
from sklearn_transfer.boosting._base import LARGEST_SEED, BaseBoostingClassifier
from sklearn_transfer.boosting._rounds import Learner, Rounds, boost
from sklearn_transfer.boosting._rows import WeightedRows


class BaseTrAdaBoostClassifier(BaseBoostingClassifier):
    """One learner per round, fitted to all rows."""

    # Whether source weights are corrected for the growth of the target's.
    _dynamic: bool

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        n_estimators: int = 50,
        validation_fraction: float = 0.2,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_estimators = n_estimators
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    def _boost(self, rows: WeightedRows, random_state: np.random.RandomState) -> Rounds:
        def propose(weight: NDArray[np.float64]) -> Learner:
            model = rows.fit(weight, random_state.randint(LARGEST_SEED))
            return Learner(model, (model.predict(rows.X) != rows.y).astype(float))

        return boost(
            rows,
            propose,
            self.n_estimators,
            floor=error_floor(rows.n_target),
            n_classes=len(self.classes_),
            dynamic=self._dynamic,
        )


class TrAdaBoostClassifier(BaseTrAdaBoostClassifier):
    r"""Classifier boosted on target and sources, where errors cost source rows their weight.

    In each round, target rows that the learner gets wrong gain weight, as in AdaBoost, and source
    rows that it gets wrong lose weight: they are taken to be unlike the target. The learners of
    the last half of the rounds vote [1]_.

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
        Most rounds, each of one fit. It enters the rate at which source rows lose weight.
    validation_fraction : float, default=0.2
        Share of the target's rows held out of all rounds where an inner XGBoost model stops early.
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
        learners that vote by their votes. Weights given by the user count as so many rows.
    estimators_ : list of classifiers
        The learners of all rounds.
    estimator_weights_ : ndarray of shape (n_rounds,)
        Their votes, log(1 / beta_t); 0 in the first half.
    estimator_errors_ : ndarray of shape (n_rounds,)
        Their weighted errors on the target's rows; NaN where nothing was boosted.
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
    DynamicTrAdaBoostClassifier : Keeps source rows on which learners agree with the target.
    MultiSourceTrAdaBoostClassifier : Chooses one source per round.
    TrAdaBoostRegressor : The same for regression.
    sklearn_transfer.weighting.UOWQClassifier : One weight per source instead of one per row.

    Notes
    -----
    With n source rows, N rounds, K classes, the error :math:`e_i = 1` where the learner
    :math:`h_t` gets row i wrong and 0 elsewhere, and :math:`\varepsilon_t`, its weighted mean over
    the target's rows,

    .. math::

        \beta = \frac{1}{1 + \sqrt{2 \ln n / N}}, \quad
        \beta_t = \frac{\varepsilon_t}{(1 - \varepsilon_t)(K - 1)}, \quad
        w_i \leftarrow \begin{cases}
            w_i\, \beta^{e_i} & \text{source} \\ w_i\, \beta_t^{-e_i} & \text{target,}
        \end{cases}

    and the class with the largest sum of :math:`\ln(1/\beta_t)` over the rounds
    :math:`t \ge \lceil N/2 \rceil` wins. For K = 2 this is Algorithm 1 of [1]_; for more classes
    the target's side is SAMME [2]_.

    Where the paper is silent: :math:`\varepsilon_t` counts as no less than 1 / (2 (m + 1)) for m
    target rows, so that a learner without error on the target has a finite vote, and source rows
    go on losing weight. A learner no better than chance, :math:`\varepsilon_t \ge 1 - 1/K`, has no
    vote and leaves the target's weights as they are (:math:`\beta_t = 1`), while source rows go on
    losing weight. Where no learner of the last half is better, all rounds vote; where none is at
    all, the one with the least error is kept alone, with a warning. Boosting ends once no weight
    would change. A tie goes to the first class, as everywhere in scikit-learn.

    `predict_proba` gives the shares of the votes, which say how far the learners agree; they are
    not calibrated, and a class without a vote has probability 0. `decision_function` gives, for
    two classes, the share of the second less that of the first.

    `sample_weight` sets the weights of the first round; n and m are sums of weights. Each inner
    fit gets weights that sum to those given (without any: to the number of rows), so that the
    first learner is the pooled fit and `min_child_weight` or C mean the same in each round.

    Nothing limits the harm of a source that outweighs and contradicts the target: see the user
    guide.

    References
    ----------
    .. [1] W. Dai, Q. Yang, G.-R. Xue, Y. Yu, "Boosting for transfer learning", ICML 2007,
           Algorithm 1.
    .. [2] J. Zhu, H. Zou, S. Rosset, T. Hastie, "Multi-class AdaBoost", Statistics and Its
           Interface 2, 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.boosting import TrAdaBoostClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, (330, 2))
    >>> domain = np.repeat(["here", "like", "unlike"], [30, 200, 100])
    >>> y = np.where(domain == "unlike", X[:, 1] > 0, X[:, 0] > 0)
    >>> model = TrAdaBoostClassifier(target_domain="here", random_state=0)
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.source_domains_
    array(['like', 'unlike'], dtype='<U6')
    >>> bool(model.source_weights_[0] > model.source_weights_[1])
    True
    """

    _dynamic = False


class DynamicTrAdaBoostClassifier(BaseTrAdaBoostClassifier):
    r"""TrAdaBoost whose source rows keep their weight while learners get them right.

    In TrAdaBoost target rows gain weight in each round, so that source rows lose weight relative
    to them even where learners get them right. This variant multiplies the sources by the growth
    of the target [1]_.

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
        Most rounds, each of one fit. It enters the rate at which source rows lose weight.
    validation_fraction : float, default=0.2
        Share of the target's rows held out of all rounds where an inner XGBoost model stops early.
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
        learners that vote by their votes. Weights given by the user count as so many rows.
    estimators_ : list of classifiers
        The learners of all rounds.
    estimator_weights_ : ndarray of shape (n_rounds,)
        Their votes, log(1 / beta_t); 0 in the first half.
    estimator_errors_ : ndarray of shape (n_rounds,)
        Their weighted errors on the target's rows; NaN where nothing was boosted.
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
    TrAdaBoostClassifier : Without the correction.
    MultiSourceTrAdaBoostClassifier : Chooses one source per round.

    Notes
    -----
    As :class:`TrAdaBoostClassifier`, with source rows updated by
    :math:`w_i \leftarrow C_t\, w_i\, \beta^{e_i}`, where

    .. math::

        C_t = (1 - \varepsilon_t) + \varepsilon_t / \beta_t = K (1 - \varepsilon_t),

    which is :math:`2 (1 - \varepsilon_t)` of [1]_ for two classes. The first form is used: the two
    differ only where :math:`\varepsilon_t` lies below its floor, and there K would multiply the
    sources although the target did not grow. A source row that is never wrong thus keeps its
    weight relative to the mean of the target's rows.

    References
    ----------
    .. [1] S. Al-Stouhi, C. K. Reddy, "Adaptive boosting for transfer learning using dynamic
           updates", ECML PKDD 2011, Algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.boosting import DynamicTrAdaBoostClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, (330, 2))
    >>> domain = np.repeat(["here", "like", "unlike"], [30, 200, 100])
    >>> y = np.where(domain == "unlike", X[:, 1] > 0, X[:, 0] > 0)
    >>> model = DynamicTrAdaBoostClassifier(target_domain="here", random_state=0)
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.source_domains_
    array(['like', 'unlike'], dtype='<U6')
    >>> bool(model.source_weights_[0] > model.source_weights_[1])
    True
    """

    _dynamic = True
