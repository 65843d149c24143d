# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""HScoreSelector: the sources whose models describe the target best, as features."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._domains import Domains, label_array
from sklearn_transfer._families import TargetSample
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel, take_rows
from sklearn_transfer._weighted_refit import fit_alone
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.transferability._features import (
    VALIDATION_FRACTION,
    choose_response,
    concatenate_features,
    fit_source_models,
    model_feature_names,
    model_features,
    source_labels,
)
from sklearn_transfer.transferability._scored_models import BaseScoredModels
from sklearn_transfer.transferability._source_scores import Score, check_scoring, source_score
from sklearn_transfer.transferability._source_search import SourceRanking, rank_sources

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class _Source(NamedTuple):
    """A source's model, how it is asked, and what it says of the target's rows."""

    label: Hashable
    model: FittedModel
    response: str
    features: Any
    names: list[str]


class HScoreSelector(TransformerMixin, BaseScoredModels):
    r"""Transformer that puts the features of the most transferable sources in place of X.

    Fits one model per source, or takes models that come fitted, asks each what it says of the
    target's labelled rows, scores these features by how much of the target's labels they explain
    [1]_, and keeps the best sources. `transform` gives what their models say of any row.

    Parameters
    ----------
    estimator : estimator, default=None
        Classifier, regressor or transformer that is fitted on every source. None stands for
        `LogisticRegression()`, or `Ridge()` where y is continuous.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    source_estimators : dict, default=None
        Source label -> :class:`sklearn.frozen.FrozenEstimator` around a fitted estimator, used
        instead of fitting that source. It needs no rows, and may know other classes than the
        target.
    k : int or "all", default=1
        Number of sources to keep.
    order : int, default=1
        Most sources whose features are scored side by side. 1 keeps the k best one by one. From 2
        on all pairs are scored and the best one is kept; to it is added, while fewer than `order`
        and than `k` are kept, the source that makes the best concatenation; any more are kept by
        their own scores. With ``k=1`` that is the best source by itself, whatever the order.
    response_method : str, default="auto"
        What a model says of a row:

        - "predict_proba": class probabilities, the second alone of two;
        - "log_odds": logarithm of the odds of two classes, centred log-probabilities of more;
        - "decision_function";
        - "predict": the prediction of a regressor;
        - "transform": the output of a transformer;
        - "leaves": sparse indicators of the leaves of a tree, forest or boosted model, scikit-learn
          or XGBoost;
        - "hidden_layer": the last hidden layer of a multi-layer perceptron;
        - "auto": the hidden layer of a perceptron, the decision function of other classifiers,
          the log-odds of XGBoost, the probabilities where there is neither, the prediction of a
          regressor, the output of a transformer. `response_methods_` says what was taken.
    scoring : {"h_score", "leep", "nce", "logme", "linear_probe"} or callable, default="h_score"
        Score of features: a function of this package with its defaults, except that the H-score
        is adjusted for chance, or ``scoring(features, y)``, with `sample_weight` where given;
        greater is better. "leep" and "nce" look at the models' probabilities and labels, whatever
        `response_method`; side by side, sources are averaged in LEEP, and their labels paired in
        NCE. A regression target takes "h_score", "logme", "linear_probe" or a callable.
    shrinkage : {"auto", "ledoit-wolf"}, float in [0, 1) or None, default="auto"
        Of the H-score, see :func:`h_score`. "auto" decides once for all sets that are compared:
        none if the widest has four rows per feature, otherwise the median of Ledoit and Wolf's
        intensities of the sources' standardised features.
    n_jobs : int, default=None
        Number of fits run at once. The result does not depend on it.
    memory : str or object with the joblib.Memory interface, default=None
        Cache of the source models: an interrupted or repeated fit goes on where it was.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    Attributes
    ----------
    target_domain_ : hashable
        The domain learnt for; None where no domains were given.
    source_domains_ : ndarray of shape (n_sources,)
        Labels of the sources: sorted if they sort, else by first appearance.
    scores_ : ndarray of shape (n_sources,)
        Score of every source alone; NaN for a source of one class, which is left out.
    pair_scores_ : ndarray of shape (n_sources, n_sources) or None
        Scores of all pairs side by side, those of the sources alone on the diagonal. None for
        order 1.
    ranking_ : ndarray of shape (n_sources,)
        1 for the source kept first, and so on; those not kept follow by their scores.
    selected_domains_ : ndarray of shape (n_selected,)
        Labels of the sources kept, the best first.
    response_methods_ : ndarray of shape (n_sources,)
        How every source's model was asked; "" for a source that is left out.
    shrinkage_ : float, str or None
        Of the H-score as used; None for other scores.
    source_estimators_ : dict
        Source label -> its fitted model.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    h_score : The score.
    layer_transferability : Which layer or depth of one model to take.
    target_transferability : Which of several tasks one model serves best.
    sklearn_transfer.ensemble.DirectTransferClassifier : With ``strategy="target_only"``, a last
        step of a Pipeline that trains on the target's rows alone.

    Notes
    -----
    The score of a source set S is ``h_score(F_S, y, shrinkage=selector.shrinkage_, adjusted=True)``
    on the target's rows, F_S being the models' features side by side, at unit variance where
    `shrinkage_` came out positive from "auto". The paper's score itself is
    ``scoring=h_score``.

    The target's labels choose among models that never saw them. A step behind may therefore be
    fitted on the same target rows: what it sees there is what it will see of new rows. Of a
    source's own rows the source's model says more than it knows, so that this step had best be
    fitted on the target's rows alone.

    Without sources the target's own model gives the features, on the rows that it was fitted on.
    Where the target's labels do not vary, nothing can be scored: all sources score 0 and are kept
    in their order, with a warning.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
           Learning", ICIP 2019, arXiv:2212.10082, sections 4 and 5.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.transferability import HScoreSelector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((640, 3))
    >>> domain = np.repeat(["t", "far", "near"], [40, 300, 300])
    >>> slope = np.where((domain == "far")[:, np.newaxis], [0, 1, 0], [1, 0, 0])
    >>> y = ((X * slope).sum(axis=1) + 0.3 * rng.standard_normal(640) > 0).astype(int)
    >>> selector = HScoreSelector(target_domain="t").fit(X, y, sample_domain=domain)
    >>> selector.to_frame()[["domain", "score", "rank", "response_method"]].round(3)
      domain  score  rank    response_method
    0    far -0.025     2  decision_function
    1   near  0.686     1  decision_function
    >>> selector.get_feature_names_out()
    array(['near_1'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseScoredModels._parameter_constraints,
        "k": [Interval(Integral, 1, None, closed="left"), StrOptions({"all"})],
        "order": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        source_estimators: dict | None = None,
        k: int | str = 1,
        order: int = 1,
        response_method: str = "auto",
        scoring: str | Callable[..., float] = "h_score",
        shrinkage: float | str | None = "auto",
        n_jobs: int | None = None,
        memory: Any = None,
        random_state: Any = None,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.source_estimators = source_estimators
        self.k = k
        self.order = order
        self.response_method = response_method
        self.scoring = scoring
        self.shrinkage = shrinkage
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        regression = self._regression(y)
        check_scoring(self.scoring, regression=regression, weighted=sample_weight is not None)
        estimator = self._inner(regression)
        labels = source_labels(domains, self.source_estimators)
        models = fit_source_models(
            estimator,
            X,
            y,
            domains,
            sample_weight,
            source_estimators=self.source_estimators,
            n_jobs=self.n_jobs,
            memory=self.memory,
            random_state=seed,
        )
        rows = domains.target_rows
        target, y = take_rows(X, rows), y[rows]
        weight = None if sample_weight is None else sample_weight[rows]
        known = [number for number, label in enumerate(labels) if label in models]
        sources = [self._ask(labels[number], models[labels[number]], target) for number in known]
        self._start(labels, known, sources)
        if known:
            ranking = rank_sources(
                self._score(sources, target, y, weight, regression, seed),
                len(known),
                n_kept=len(known) if self.k == "all" else int(self.k),
                order=self.order,
                n_jobs=self.n_jobs,
            )
            self._keep(ranking, known, sources)
            return
        classes = None if regression else np.unique(y)
        own = fit_alone(
            estimator, TargetSample(target, y, weight, classes), VALIDATION_FRACTION, seed
        )
        name = "target" if domains.target is None else domains.target
        self._kept = [self._ask(name, own, target)._replace(features=None)]

    def _ask(self, label: Hashable, model: FittedModel, X: Any) -> _Source:
        """What a model says of the target's rows, and how it is asked."""
        response = choose_response(model, self.response_method)
        features = model_features(model, X, response)
        names = model_feature_names(model, response, features.shape[1])
        return _Source(label, model, response, features, names)

    def _start(self, labels: list[Hashable], known: list[int], sources: list[_Source]) -> None:
        """Fitted attributes as they are before anything is scored."""
        self.source_domains_ = label_array(labels)
        self.source_estimators_ = {source.label: source.model.estimator for source in sources}
        self.scores_ = np.full(len(labels), np.nan)
        self.pair_scores_: Array | None = None
        self.ranking_ = np.arange(1, len(labels) + 1)
        self.selected_domains_ = self.source_domains_[:0]
        self.shrinkage_: float | str | None = None
        self.response_methods_ = np.full(len(labels), "", dtype=object)
        self._n_features = np.zeros(len(labels), dtype=np.intp)
        for number, source in zip(known, sources, strict=True):
            self.response_methods_[number] = source.response
            self._n_features[number] = source.features.shape[1]

    def _score(
        self,
        sources: list[_Source],
        X: Any,
        y: NDArray[Any],
        sample_weight: Array | None,
        regression: bool,
        seed: int,
    ) -> Score:
        """The score of sources side by side, by their positions."""
        if len(np.unique(y)) < 2 and (len(y) > 1 or not regression):
            one, others = ("value", "values") if regression else ("class", "classes")
            warn_transfer(
                f"The target has one {one}, {y.tolist()[0]!r}, which needs no features: all "
                f"sources score 0 and are kept in their order. Give target rows of other {others}."
            )
            return lambda positions: 0.0
        score, self.shrinkage_ = source_score(
            self.scoring,
            [source.model for source in sources],
            [source.features for source in sources],
            X,
            y,
            sample_weight=sample_weight,
            regression=regression,
            shrinkage=self.shrinkage,
            together=min(self.order, len(sources)),
            random_state=seed,
        )
        return score

    def _keep(self, ranking: SourceRanking, known: list[int], sources: list[_Source]) -> None:
        picks = [known[position] for position in ranking.picks]
        n_kept = len(picks) if self.k == "all" else int(self.k)
        if n_kept > len(picks):
            warn_transfer(
                f"k={n_kept} sources are to be kept, and {len(picks)} can be scored: all of them "
                "are kept."
            )
        self.scores_[known] = ranking.alone
        n_sources = len(self.source_domains_)
        if ranking.together is not None:
            self.pair_scores_ = np.full((n_sources, n_sources), np.nan)
            self.pair_scores_[np.ix_(known, known)] = ranking.together
        order = picks + [number for number in range(n_sources) if number not in known]
        self.ranking_[order] = np.arange(1, n_sources + 1)
        self.selected_domains_ = self.source_domains_[picks[:n_kept]]
        self._kept = [
            sources[position]._replace(features=None) for position in ranking.picks[:n_kept]
        ]

    def _validate(
        self, X: Any, y: Any, sample_weight: Any, sample_domain: Any, groups: Any = None
    ) -> tuple[Any, NDArray[Any], Array | None, Domains]:
        with warnings.catch_warnings():
            if self.source_estimators:  # rows of the target alone are as it should be
                for message in ("Only the target", "target_domain=.* is named"):
                    warnings.filterwarnings("ignore", message, TransferWarning)
            return super()._validate(X, y, sample_weight, sample_domain)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_kept")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def transform(self, X: Any) -> Any:
        """Give the features of rows by the models of the sources kept.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of any domain; `domain_column` may be absent.

        Returns
        -------
        features : {ndarray, csr_matrix} of shape (n_samples, n_features_out)
            Those of the best source first; leaves are sparse.
        """
        X = self._target_table(X)
        return concatenate_features(
            [model_features(source.model, X, source.response) for source in self._kept]
        )

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Name the features: the source, and what its model calls them.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X, which must be those of `fit`; nothing else is done with them.

        Returns
        -------
        names : ndarray of shape (n_features_out,)
            ``<source>_<class, leaf or unit>``.
        """
        check_is_fitted(self)
        OneToOneFeatureMixin.get_feature_names_out(self, input_features)  # refuses other columns
        names = [f"{source.label}_{name}" for source in self._kept for name in source.names]
        return np.array(names, dtype=object)

    def to_frame(self) -> pd.DataFrame:
        """Table of the sources for people.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, `score`, `rank`, `selected`, `response_method` and
            `n_features`.
        """
        import pandas as pd

        check_is_fitted(self)
        chosen = self.selected_domains_.tolist()
        return pd.DataFrame(
            {
                "domain": self.source_domains_,
                "score": self.scores_,
                "rank": self.ranking_,
                "selected": [label in chosen for label in self.source_domains_.tolist()],
                "response_method": self.response_methods_,
                "n_features": self._n_features,
            }
        )
