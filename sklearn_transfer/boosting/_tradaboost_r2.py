# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""TrAdaBoost.R2: TrAdaBoost for regression."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._math.boosting import relative_errors
from sklearn_transfer._sklearn import StrOptions
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer.boosting._base import LARGEST_SEED, BaseBoostingRegressor
from sklearn_transfer.boosting._rounds import Learner, Rounds, boost
from sklearn_transfer.boosting._rows import WeightedRows

# Graded errors have no smallest unit, as counts have: only rounding is kept out of the votes.
GRADED_FLOOR = float(np.sqrt(np.finfo(np.float64).eps))


def graded_errors(
    model: FittedModel, rows: WeightedRows, weight: NDArray[np.float64], loss: str
) -> NDArray[np.float64]:
    """Errors of a regressor on all rows, in units of the largest among those that count.

    Parameters
    ----------
    model : FittedModel
        The learner.
    rows : WeightedRows
        The problem.
    weight : ndarray of shape (n_samples,)
        Row weights; a row of weight 0 is absent and has error 0.
    loss : {"linear", "square", "exponential"}
        How errors are graded.

    Returns
    -------
    error : ndarray of shape (n_samples,)
        In [0, 1].
    """
    residual = np.where(weight > 0, rows.y - model.predict(rows.X), 0.0)
    return relative_errors(residual, loss)


class TrAdaBoostRegressor(BaseBoostingRegressor):
    r"""Regressor boosted on target and sources, where errors cost source rows their weight.

    TrAdaBoost.R2: in each round, target rows gain weight by the size of their errors and source
    rows lose weight by the size of theirs. The prediction is the weighted median of the learners
    of the last half of the rounds [1]_.

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
    n_estimators : int, default=50
        Most rounds, each of one fit. It enters the rate at which source rows lose weight.
    loss : {"linear", "square", "exponential"}, default="linear"
        The error of a row as a function of its relative residual r, between 0 and 1: r, r^2 or
        1 - exp(-r).
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
    estimators_ : list of regressors
        The learners of all rounds.
    estimator_weights_ : ndarray of shape (n_rounds,)
        Their votes, log(1 / beta_t); 0 in the first half.
    estimator_errors_ : ndarray of shape (n_rounds,)
        Their weighted errors on the target's rows; NaN where nothing was boosted.
    history_ : dict of ndarray
        "weights", of shape (n_rounds, n_sources): mean weights as in `source_weights_`, in the fit
        of each round.
    estimator_ : estimator
        The weighted median; without sources, the fitted inner estimator.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    TwoStageTrAdaBoostRegressor : Lets cross-validation decide how far to trust the sources.
    TrAdaBoostClassifier : The same for classification.
    sklearn_transfer.weighting.UOWQRegressor : One weight per source instead of one per row.

    Notes
    -----
    With n source rows, N rounds, residuals :math:`r_i` of the learner :math:`h_t` and
    :math:`e_i = |r_i| / \max_j |r_j|`, the maximum taken over **all** rows,

    .. math::

        \varepsilon_t = \frac{\sum_{i \in T} w_i e_i}{\sum_{i \in T} w_i}, \quad
        \beta_t = \frac{\varepsilon_t}{1 - \varepsilon_t}, \quad
        \beta = \frac{1}{1 + \sqrt{2 \ln n / N}}, \quad
        w_i \leftarrow \begin{cases}
            w_i\, \beta^{e_i} & \text{source} \\ w_i\, \beta_t^{-e_i} & \text{target.}
        \end{cases}

    The prediction is the smallest :math:`h_t(x)` at which the votes :math:`\ln(1/\beta_t)`,
    summed over :math:`\lceil N/2 \rceil \le t \le N` in the order of the predictions, reach half
    of their sum.

    Boosting ends at a learner with :math:`\varepsilon_t \ge 1/2`, which does not count; should it
    be the first, it is kept alone, with a warning. That happens where the sources outweigh the
    target and differ from it everywhere; :class:`TwoStageTrAdaBoostRegressor` does not suffer
    from it.

    `sample_weight` sets the weights of the first round. Each inner fit gets weights that sum to
    those given (without any: to the number of rows).

    References
    ----------
    .. [1] D. Pardoe, P. Stone, "Boosting for regression transfer", ICML 2010, algorithm
           TrAdaBoost.R2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.boosting import TrAdaBoostRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, (330, 2))
    >>> domain = np.repeat(["here", "like", "unlike"], [30, 150, 150])
    >>> y = X[:, 0] + np.where(domain == "unlike", X[:, 1], 0.0)
    >>> model = TrAdaBoostRegressor(target_domain="here", random_state=0)
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.source_domains_
    array(['like', 'unlike'], dtype='<U6')
    >>> bool(model.source_weights_[0] > model.source_weights_[1])
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseBoostingRegressor._parameter_constraints,
        "loss": [StrOptions({"linear", "square", "exponential"})],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        n_estimators: int = 50,
        loss: str = "linear",
        validation_fraction: float = 0.2,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_estimators = n_estimators
        self.loss = loss
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    def _boost(self, rows: WeightedRows, random_state: np.random.RandomState) -> Rounds:
        def propose(weight: NDArray[np.float64]) -> Learner:
            model = rows.fit(weight, random_state.randint(LARGEST_SEED))
            return Learner(model, graded_errors(model, rows, weight, self.loss))

        return boost(rows, propose, self.n_estimators, floor=GRADED_FLOOR, stop_at_chance=True)
