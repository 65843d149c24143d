# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The baselines: one ordinary fit on the rows as they are, up-weighted or marked by domain."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from sklearn_transfer._base import BaseTransfer, BaseTransferClassifier, BaseTransferRegressor
from sklearn_transfer._domains import Domains
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer._weighted_fit import FittedModel, weight_keyword
from sklearn_transfer.ensemble._domain_columns import DomainColumns
from sklearn_transfer.ensemble._row_fit import Problem

Array = NDArray[np.float64]

_COLUMNS = {"domain_onehot": "onehot", "domain_category": "category", "augment": "augment"}
_STRATEGIES = {"concatenate", "target_only", "source_only", "balanced", *_COLUMNS}


class _BaseDirect(BaseTransfer):
    """One fit; the strategy says on which rows, at which weight, with which columns."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransfer._parameter_constraints,
        "strategy": [StrOptions(_STRATEGIES)],
        "domain_scale": [Interval(Real, 0.0, None, closed="neither")],
        "validation_fraction": [Interval(Real, 0.0, 1.0, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        strategy: str = "concatenate",
        domain_scale: float = 1.0,
        validation_fraction: float = 0.2,
        random_state: Any = None,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.strategy = strategy
        self.domain_scale = domain_scale
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        estimator = self._inner()
        if self.strategy == "source_only" and domains.n_sources == 0:
            raise ValueError(
                "strategy='source_only' needs rows of source domains. Got target rows only "
                "instead; pass `sample_domain` with several domains or choose another strategy."
            )
        self.source_weights_ = self._source_weights(domains.totals(sample_weight))
        problem = Problem(
            X,
            y,
            sample_weight,
            domains,
            np.unique(y) if is_classifier(self) else None,
            self.validation_fraction,
            int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max)),
        )
        everything = np.arange(len(y))
        if domains.n_sources == 0:
            self._keep_model(problem.fit(estimator, everything))
        elif self.strategy in _COLUMNS:
            self._keep_model(self._fit_with_columns(estimator, problem))
        elif self.strategy == "concatenate":
            self._keep_model(problem.fit(estimator, everything))
        elif self.strategy == "target_only":
            self._keep_model(problem.fit_or_shares(estimator, domains.target_rows))
        elif self.strategy == "source_only":
            rows = np.setdiff1d(everything, domains.target_rows)
            self._keep_model(problem.fit_or_shares(estimator, rows))
        else:
            weight_keyword(estimator)
            row_weight = domains.per_row(1.0, self.source_weights_)
            if sample_weight is not None:
                row_weight *= sample_weight
            self._keep_model(problem.fit(estimator, everything, row_weight))

    def _source_weights(self, totals: Array) -> Array:
        n_sources = len(totals) - 1
        if self.strategy == "target_only":
            return np.zeros(n_sources)
        if self.strategy == "balanced" and n_sources:
            return np.full(n_sources, min(1.0, totals[0] / totals[1:].sum()))
        return np.ones(n_sources)

    def _fit_with_columns(self, estimator: Any, problem: Problem) -> FittedModel:
        """Fit with columns of the domain, appended in front of the last step of a pipeline.

        There no scaler can undo their scale and no column transformer can drop them.
        """
        domains, X = problem.domains, problem.X
        before: list[tuple[str, Any]] = []
        name, last = "estimator", estimator
        if isinstance(estimator, Pipeline):
            name, last = estimator.steps[-1]
            if len(estimator) > 1:
                preparation = clone(estimator[:-1])
                X = preparation.fit_transform(X, problem.y)
                before = list(preparation.steps)
        labels = [domains.target, *domains.sources.tolist()]
        columns = DomainColumns(_COLUMNS[self.strategy], labels, self.domain_scale)
        codes = domains.per_row(0, np.arange(1, len(labels))).astype(np.intp)
        wide = Problem(
            columns.append(X, codes),
            problem.y,
            problem.sample_weight,
            domains,
            problem.classes,
            problem.validation_fraction,
            problem.seed,
        )
        model = wide.fit(last, np.arange(len(problem.y)))
        whole = Pipeline([*before, (_free_name("domain_columns", before), columns)])
        whole.steps.append((_free_name(name, whole.steps), model.estimator))
        return FittedModel(whole, model.classes, model.encoded)


def _free_name(name: str, steps: list[tuple[str, Any]]) -> str:
    while any(name == taken for taken, _ in steps):
        name += "_"
    return name


class DirectTransferClassifier(_BaseDirect, BaseTransferClassifier):
    r"""Classifier fitted once, on the rows of all domains as they are.

    The baselines against which transfer has to prove itself: pooling, the target alone, the
    sources alone, balanced pooling, the domain as a feature, and feature augmentation.

    Parameters
    ----------
    estimator : classifier or None, default=None
        Inner estimator. None stands for `LogisticRegression()`. Pipelines, grid searches and
        XGBoost are welcome; its parameters stay as given.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    strategy : str, default="concatenate"
        What is fitted:

        - "concatenate": all rows at weight one;
        - "target_only": the rows of the target;
        - "source_only": the rows of the sources;
        - "balanced": all rows, those of the sources at one common weight
          :math:`\min(1, N_0 / \sum_i N_i)`, so that together they weigh no more than the target;
        - "domain_onehot": all rows, with one indicator column per domain;
        - "domain_category": all rows of a pandas DataFrame, with one more column of dtype
          category, for inner estimators that split on categories;
        - "augment": all rows, with one more copy of every column and of the constant per domain,
          which is zero in the rows of other domains [1]_.
    domain_scale : float, default=1.0
        Value of the indicators of "domain_onehot" and factor of the copies of "augment". Under a
        penalty on the coefficients a greater scale lets the domains differ more.
    validation_fraction : float, default=0.2
        Share of the target's rows held out where an inner XGBoost model stops early.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    Attributes
    ----------
    target_domain_ : hashable
        The domain learnt for; None where no domains were given.
    source_domains_ : ndarray of shape (n_sources,)
        Labels of the sources: sorted if they sort, else by first appearance.
    source_weights_ : ndarray of shape (n_sources,)
        Weight of a row of each source, where a target row has weight 1.
    estimator_ : estimator
        The fitted inner estimator; with columns of the domain, a Pipeline that appends the
        target's and ends in it.
    classes_ : ndarray of shape (n_classes,)
        Union of the classes of target and sources.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    DirectTransferRegressor : The same for regression.
    ARTClassifier : Averages the target-only fit and one pooled fit per source.
    sklearn_transfer.weighting.UOWQClassifier : Pools with one optimal weight per source.

    Notes
    -----
    Without sources every strategy is the inner estimator, except "source_only", which raises an
    error.

    Columns of the domain are appended in front of the last step of an inner Pipeline: scalers
    before it do not undo `domain_scale`, and its column transformers do not drop them. Rows to
    predict get the target's columns. "augment" maps row x of domain k to

    .. math::

        \Phi(x) = (x,\; c\, 1_{k=0}\, \tilde x,\; c\, 1_{k=1}\, \tilde x,\; \ldots,\;
                   c\, 1_{k=K}\, \tilde x), \quad \tilde x = (1, x),

    with c = `domain_scale`: about K + 2 times as many columns, kept sparse where X is. An L2
    penalty then shrinks each domain's coefficients and level towards common ones.

    References
    ----------
    .. [1] H. Daume III, "Frustratingly Easy Domain Adaptation", ACL 2007, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.ensemble import DirectTransferClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((220, 2))
    >>> domain = np.repeat(["here", "there"], [20, 200])
    >>> y = (X[:, 0] + (domain == "there") > 0).astype(int)
    >>> pooled = DirectTransferClassifier(target_domain="here")
    >>> pooled = pooled.fit(X, y, sample_domain=domain)
    >>> marked = DirectTransferClassifier(target_domain="here", strategy="domain_onehot")
    >>> marked = marked.fit(X, y, sample_domain=domain)
    >>> here = domain == "here"
    >>> bool(marked.score(X[here], y[here]) > pooled.score(X[here], y[here]))
    True
    """


class DirectTransferRegressor(_BaseDirect, BaseTransferRegressor):
    r"""Regressor fitted once, on the rows of all domains as they are.

    The baselines against which transfer has to prove itself: pooling, the target alone, the
    sources alone, balanced pooling, the domain as a feature, and feature augmentation.

    Parameters
    ----------
    estimator : regressor or None, default=None
        Inner estimator. None stands for `Ridge()`. Pipelines, grid searches and XGBoost are
        welcome; its parameters stay as given.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    strategy : str, default="concatenate"
        What is fitted:

        - "concatenate": all rows at weight one;
        - "target_only": the rows of the target;
        - "source_only": the rows of the sources;
        - "balanced": all rows, those of the sources at one common weight
          :math:`\min(1, N_0 / \sum_i N_i)`, so that together they weigh no more than the target;
        - "domain_onehot": all rows, with one indicator column per domain;
        - "domain_category": all rows of a pandas DataFrame, with one more column of dtype
          category, for inner estimators that split on categories;
        - "augment": all rows, with one more copy of every column and of the constant per domain,
          which is zero in the rows of other domains [1]_.
    domain_scale : float, default=1.0
        Value of the indicators of "domain_onehot" and factor of the copies of "augment". Under a
        penalty on the coefficients a greater scale lets the domains differ more.
    validation_fraction : float, default=0.2
        Share of the target's rows held out where an inner XGBoost model stops early.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    Attributes
    ----------
    target_domain_ : hashable
        The domain learnt for; None where no domains were given.
    source_domains_ : ndarray of shape (n_sources,)
        Labels of the sources: sorted if they sort, else by first appearance.
    source_weights_ : ndarray of shape (n_sources,)
        Weight of a row of each source, where a target row has weight 1.
    estimator_ : estimator
        The fitted inner estimator; with columns of the domain, a Pipeline that appends the
        target's and ends in it.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    DirectTransferClassifier : The same for classification.
    ARTRegressor : Averages the target-only fit and one pooled fit per source.
    sklearn_transfer.weighting.UOWQRegressor : Pools with one optimal weight per source.

    Notes
    -----
    Without sources every strategy is the inner estimator, except "source_only", which raises an
    error.

    Columns of the domain are appended in front of the last step of an inner Pipeline: scalers
    before it do not undo `domain_scale`, and its column transformers do not drop them. Rows to
    predict get the target's columns. "augment" maps row x of domain k to

    .. math::

        \Phi(x) = (x,\; c\, 1_{k=0}\, \tilde x,\; c\, 1_{k=1}\, \tilde x,\; \ldots,\;
                   c\, 1_{k=K}\, \tilde x), \quad \tilde x = (1, x),

    with c = `domain_scale`: about K + 2 times as many columns, kept sparse where X is. An L2
    penalty then shrinks each domain's coefficients and level towards common ones.

    References
    ----------
    .. [1] H. Daume III, "Frustratingly Easy Domain Adaptation", ACL 2007, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.ensemble import DirectTransferRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((250, 2))
    >>> domain = np.repeat(["here", "there"], [50, 200])
    >>> y = X[:, 0] + 3.0 * (domain == "there") + rng.standard_normal(250)
    >>> model = DirectTransferRegressor(
    ...     target_domain="here", strategy="domain_onehot", domain_scale=10.0
    ... )
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> here, there = 10.0 * model.estimator_["estimator"].coef_[2:]
    >>> bool(abs(there - here - 3.0) < 0.5)
    True
    """
