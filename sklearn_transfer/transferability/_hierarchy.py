# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""TaskHierarchy: which tasks are served by the same features."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._base import _check_weights
from sklearn_transfer._domains import Domains, factorize_labels, index_domains, label_array
from sklearn_transfer._progress import shown
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import take_rows
from sklearn_transfer.transferability._features import choose_response, fit_source_models
from sklearn_transfer.transferability._scored_models import BaseScoredModels
from sklearn_transfer.transferability._source_scores import check_scoring
from sklearn_transfer.transferability._task_scores import task_scores
from sklearn_transfer.transferability._task_tree import ranking_agreement, task_tree

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Rows = list[NDArray[np.intp]]


class TaskHierarchy(BaseScoredModels):
    r"""Hierarchy of domains by what the features of each do for the labels of each.

    Fits one model per domain, scores the features of every model on the labelled rows of every
    domain, represents each task by its vector of scores, and clusters the tasks [1]_.

    Read more in the :ref:`user guide <task_hierarchy>`.

    Parameters
    ----------
    estimator : estimator, default=None
        Classifier, regressor or transformer that is fitted on every domain. None stands for
        `LogisticRegression()`, or `Ridge()` where y is continuous.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    source_estimators : dict, default=None
        Domain label -> :class:`sklearn.frozen.FrozenEstimator` around a fitted estimator, used
        instead of fitting that domain. Its rows must still be given.
    response_method : str, default="auto"
        What a model says of a row, with the choices of :class:`HScoreSelector`.
    scoring : {"h_score", "leep", "nce", "logme", "linear_probe"} or callable, default="h_score"
        Score of features, as in :class:`HScoreSelector`; greater is better. The H-score is
        adjusted for chance.
    shrinkage : {"auto", "ledoit-wolf"}, float in [0, 1) or None, default="auto"
        Of the H-score. "auto" decides once for all features and tasks: none if each has four rows
        per feature, otherwise the median of Ledoit and Wolf's intensities.
    n_clusters : int, default=2
        Number of clusters in `labels_`; no more than there are domains.
    linkage : {"average", "complete", "single", "ward", "weighted"}, default="average"
        What the distance of two clusters is.
    metric : {"euclidean", "cityblock", "cosine", "correlation"}, default="euclidean"
        Distance of two vectors of scores. "correlation" looks at their shape alone: which sources
        are good, not how good; to be preferred where tasks differ in their number of classes.
    test_size : float, default=None
        Share of the rows of every domain that no model is fitted to, on which all features are
        scored. None fits and scores on all rows, which flatters a domain's own features.
    n_jobs : int, default=None
        Number of fits run at once. The result does not depend on it.
    memory : str or object with the joblib.Memory interface, default=None
        Cache of the source models: an interrupted or repeated fit goes on where it was.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.
    verbose : int, default=0
        Whether progress is reported through the logger `sklearn_transfer`.

    Attributes
    ----------
    domains_ : ndarray of shape (n_domains,)
        Labels of the domains: sorted if they sort, else by first appearance. Domains of one class
        are left out, with a warning.
    scores_ : ndarray of shape (n_domains, n_domains)
        Score of the features of the row's domain for the task of the column's.
    linkage_ : ndarray of shape (n_domains - 1, 4)
        Merges as `scipy.cluster.hierarchy` has them.
    children_ : ndarray of shape (n_domains - 1, 2)
        What is joined by each merge: domains by their number, later clusters by n_domains plus the
        number of the merge.
    distances_ : ndarray of shape (n_domains - 1,)
        Heights of the merges.
    labels_ : ndarray of shape (n_domains,)
        Cluster of each domain, numbered as they appear.
    shrinkage_ : float, str or None
        Of the H-score as used; None for other scores.
    source_estimators_ : dict
        Domain label -> its fitted model.
    target_domain_ : hashable
        The domain learnt for; only where it is named.
    source_domains_ : ndarray of shape (n_sources,)
        All other domains; only where a target is named.
    source_scores_ : ndarray of shape (n_sources,)
        Score of each source's features for the target; only where it is named.
    greater_is_closer : bool
        True: a great score says that features serve a task well.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    HScoreSelector : Picks the sources for one target.
    sklearn_transfer.inspection.DendrogramDisplay : Draws the tree.
    sklearn_transfer.inspection.DomainSimilarityDisplay : Draws the scores in the order of the tree.

    Notes
    -----
    Task t is the vector of scores of all features for its labels,

    .. math:: v_t = \left( H_t(f_1), \dots, H_t(f_K) \right),

    column t of `scores_`. Two tasks are alike if the same features serve both, whether or not their
    own models resemble each other. The cost is that of K fits and :math:`K^2` scores.

    The scores are not symmetric: features of a rich task may serve a poor one, and not the other
    way round. The greatest possible H-score of a task is its number of classes less one, so that
    tasks with many classes stand apart in Euclidean distance, as pixel-to-pixel tasks and
    classification do in [1]_.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Metric of Transferability for Task Transfer
           Learning", 2019, section 5.2 and Figure 7.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.transferability import TaskHierarchy
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((800, 4))
    >>> domain = np.repeat(["heart 1", "heart 2", "lung 1", "lung 2"], 200)
    >>> column = np.repeat([0, 0, 1, 1], 200)
    >>> y = (X[np.arange(800), column] + 0.3 * rng.standard_normal(800) > 0).astype(int)
    >>> hierarchy = TaskHierarchy(random_state=0).fit(X, y, sample_domain=domain)
    >>> hierarchy.labels_
    array([0, 0, 1, 1])
    >>> hierarchy.to_frame().round(1)
             heart 1  heart 2  lung 1  lung 2
    domain
    heart 1      0.6      0.7     0.0     0.0
    heart 2      0.6      0.7     0.0     0.0
    lung 1       0.0      0.0     0.7     0.6
    lung 2       0.0      0.0     0.7     0.6
    """

    greater_is_closer: ClassVar[bool] = True

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseScoredModels._parameter_constraints,
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "linkage": [StrOptions({"average", "complete", "single", "ward", "weighted"})],
        "metric": [StrOptions({"euclidean", "cityblock", "cosine", "correlation"})],
        "test_size": [Interval(Real, 0, 1, closed="neither"), None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        source_estimators: dict | None = None,
        response_method: str = "auto",
        scoring: str | Callable[..., float] = "h_score",
        shrinkage: float | str | None = "auto",
        n_clusters: int = 2,
        linkage: str = "average",
        metric: str = "euclidean",
        test_size: float | None = None,
        n_jobs: int | None = None,
        memory: Any = None,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.source_estimators = source_estimators
        self.response_method = response_method
        self.scoring = scoring
        self.shrinkage = shrinkage
        self.n_clusters = n_clusters
        self.linkage = linkage
        self.metric = metric
        self.test_size = test_size
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        self._check_ward()
        regression = self._regression(y)
        check_scoring(self.scoring, regression=regression, weighted=sample_weight is not None)
        every_label, every_row = _domains_with_rows(domains)
        given = self._given(every_label)
        labels, rows = self._tasks(every_label, every_row, y, regression)
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        fitted_rows, scored_rows = self._split(labels, rows, y, seed, stratify=not regression)
        with shown(self.verbose):
            models = fit_source_models(
                self._inner(regression),
                X,
                y,
                _all_sources(labels, fitted_rows),
                sample_weight,
                source_estimators={label: given[label] for label in labels if label in given},
                n_jobs=self.n_jobs,
                memory=self.memory,
                random_state=seed,
            )
            lost = [label for label in labels if label not in models]
            if lost:  # rows set aside took a class with them
                raise ValueError(
                    "Every domain must keep rows of two classes to be fitted. Got one class in "
                    f"{lost} after setting rows aside instead; lower `test_size` or drop them."
                )
            self.domains_ = label_array(labels)
            self.source_estimators_ = {label: models[label].estimator for label in labels}
            found = [models[label] for label in labels]
            self.scores_, self.shrinkage_ = task_scores(
                found,
                [choose_response(model, self.response_method) for model in found],
                X,
                y,
                sample_weight,
                scored_rows,
                scoring=self.scoring,
                shrinkage=self.shrinkage,
                regression=regression,
                n_jobs=self.n_jobs,
                random_state=seed,
            )
        self.linkage_, self.labels_ = task_tree(
            self.scores_, metric=self.metric, method=self.linkage, n_clusters=self.n_clusters
        )
        self.children_ = self.linkage_[:, :2].astype(np.intp)
        self.distances_ = self.linkage_[:, 2]
        if self.target_domain is None:
            del self.target_domain_, self.source_domains_
            return
        if domains.target not in labels:
            raise ValueError(
                f"The target {domains.target!r} must have labels of two classes to be a task. Got "
                "one class instead; leave `target_domain` None."
            )
        target = labels.index(domains.target)
        others = np.arange(len(labels)) != target
        self.source_domains_ = self.domains_[others]
        self.source_scores_ = self.scores_[others, target]

    def _given(self, labels: list[Hashable]) -> dict[Hashable, Any]:
        """Models that come fitted; those of domains without rows are refused."""
        given = dict(self.source_estimators or {})
        unknown = [label for label in given if label not in labels]
        if unknown:
            raise ValueError(
                f"`source_estimators` must be keyed by domains with rows, which are {labels}. Got "
                f"{unknown} instead; remove them or give their labelled rows."
            )
        return given

    def _tasks(
        self, labels: list[Hashable], rows: Rows, y: NDArray[Any], regression: bool
    ) -> tuple[list[Hashable], Rows]:
        """Domains that have something to tell apart, and their rows."""
        pairs = list(zip(labels, rows, strict=True))
        kept = [(label, own) for label, own in pairs if len(np.unique(y[own])) > 1]
        left_out = [label for label, own in pairs if len(np.unique(y[own])) < 2]
        one, two = ("value", "values") if regression else ("class", "classes")
        if not kept:
            raise ValueError(
                f"A hierarchy of tasks must have a domain with labels of two {two}. Got one "
                f"{one} in every domain instead."
            )
        if left_out:
            warn_transfer(f"Domains with one {one} only are no tasks and are left out: {left_out}.")
        return [label for label, _ in kept], [own for _, own in kept]

    def _split(
        self, labels: list[Hashable], rows: Rows, y: NDArray[Any], seed: int, *, stratify: bool
    ) -> tuple[Rows, Rows]:
        """Rows to fit and rows to score of each domain, the same where none are set aside."""
        if self.test_size is None:
            return rows, rows
        fitted, scored, whole = [], [], []
        for label, own in zip(labels, rows, strict=True):
            try:
                train, held = train_test_split(
                    own,
                    test_size=self.test_size,
                    random_state=seed,
                    stratify=y[own] if stratify else None,
                )
            except ValueError:  # too few rows, of some class or in all
                train = held = own
            if train is held or len(held) < 2:  # no score is defined on a single row
                train = held = own
                whole.append(label)
            fitted.append(np.sort(train))
            scored.append(np.sort(held))
        if whole:
            warn_transfer(
                f"The share test_size={self.test_size:g} cannot be set aside of the few rows of "
                f"{whole}: all of them are fitted and scored, which flatters the domain's own "
                "features. Give more rows, change `test_size` or drop them."
            )
        return fitted, scored

    def agreement(self, reference: Any, *, measure: str = "spearman", own: bool = False) -> Array:
        """Compare the ranking of sources by the scores with one that was measured.

        Parameters
        ----------
        reference : array-like of shape (n_domains, n_domains)
            What the features of the row's domain turned out to be worth for the task of the
            column's, greater is better: accuracies after transfer, or negative errors.
        measure : {"spearman", "discounted_cumulative_gain"}, default="spearman"
            Agreement of two rankings: all sources alike, or the best ones most.
        own : bool, default=False
            Whether a domain's own features take part in the ranking for its task.

        Returns
        -------
        agreement : ndarray of shape (n_domains,)
            One for each task; NaN where there is no ranking.
        """
        check_is_fitted(self)
        return ranking_agreement(self.scores_, reference, measure=measure, own=own)

    def to_frame(self) -> pd.DataFrame:
        """Table of the scores for people.

        Returns
        -------
        frame : DataFrame
            With a target, one row per source: `domain`, `score` and `cluster`. Without one, the
            matrix, with the domains whose features are scored as its index and tasks as columns.
        """
        import pandas as pd

        check_is_fitted(self)
        if hasattr(self, "source_domains_"):
            target = self.target_domain_  # a tuple may be a label: never compare by arrays
            others = [label != target for label in self.domains_.tolist()]
            return pd.DataFrame(
                {
                    "domain": self.source_domains_,
                    "score": self.source_scores_,
                    "cluster": self.labels_[others],
                }
            )
        names = pd.Index(self.domains_, name="domain", tupleize_cols=False)
        return pd.DataFrame(self.scores_, index=names, columns=names.rename(None))

    def _check_ward(self) -> None:
        if self.linkage == "ward" and self.metric != "euclidean":
            raise ValueError(
                "linkage='ward' must go with metric='euclidean'. Got "
                f"metric={self.metric!r} instead; choose linkage='average'."
            )

    def _index_domains(self, sample_domain: Any, n_samples: int) -> Domains:
        """Sort the rows by domain; without a target each of them is a source."""
        if self.target_domain is not None or sample_domain is None:
            return super()._index_domains(sample_domain, n_samples)
        codes, labels = factorize_labels(sample_domain, n_samples)
        if len(labels) < 2:
            return index_domains(sample_domain, None, n_samples)
        rows = [np.flatnonzero(codes == code) for code in range(len(labels))]
        return _all_sources(labels, rows)

    def _validate(
        self, X: Any, y: Any, sample_weight: Any, sample_domain: Any, groups: Any = None
    ) -> tuple[Any, NDArray[Any], Array | None, Domains]:
        X, y, _, domains = super()._validate(X, y, None, sample_domain)
        if sample_weight is None:
            return X, y, None, domains
        weight = _check_weights(sample_weight, X)
        present = np.flatnonzero(weight)
        if len(present) < len(weight):
            X, y, weight = take_rows(X, present), y[present], weight[present]
            domains = domains.restricted_to(present)
            if self.target_domain is not None and len(domains.target_rows) == 0:
                labels = [
                    label
                    for index, label in enumerate(domains.sources.tolist())
                    if len(domains.source_rows(index))
                ]
                index_domains(labels, self.target_domain, len(labels))  # says what is wrong
        return X, y, weight, domains

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "linkage_")


def _domains_with_rows(domains: Domains) -> tuple[list[Hashable], Rows]:
    """All domains, the target among them, in order, and their rows."""
    pairs: list[tuple[Any, NDArray[np.intp]]] = [(domains.target, domains.target_rows)]
    for index, label in enumerate(domains.sources.tolist()):
        pairs.append((label, domains.source_rows(index)))
    pairs = [(label, rows) for label, rows in pairs if len(rows)]
    try:
        pairs.sort(key=lambda pair: pair[0])
    except TypeError:  # labels of mixed types have no order of their own
        pairs.sort(key=lambda pair: pair[1][0])
    return [label for label, _ in pairs], [rows for _, rows in pairs]


def _all_sources(labels: list[Hashable], rows: Rows) -> Domains:
    """Index in which no domain is the target."""
    offsets = np.concatenate([[0, 0], np.cumsum([len(own) for own in rows])])
    return Domains(None, label_array(labels), np.concatenate(rows), offsets)
