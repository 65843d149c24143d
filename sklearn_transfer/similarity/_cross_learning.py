# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The Cross-Learning Score: how much worse the models of one domain do on the rows of another."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import Tags, check_random_state, get_tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, check_memory

from sklearn_transfer._domains import listed
from sklearn_transfer._progress import counted
from sklearn_transfer._sklearn import HasMethods, Interval, StrOptions, _check_y, _fit_context
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer.similarity._answers import Question
from sklearn_transfer.similarity._base import BaseSimilarity, DomainRows, _position
from sklearn_transfer.similarity._base_models import default_models, named_models
from sklearn_transfer.similarity._cross_matrices import CrossMatrices
from sklearn_transfer.similarity._cross_models import (
    DomainErrors,
    rows_to_judge,
    work_on_domain,
)
from sklearn_transfer.similarity._folds import domain_folds
from sklearn_transfer.similarity._zone_table import check_rule, target_index, zone_table

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
# Losses of a row, and whether they are of labels.
ROW_LOSSES = {"zero_one": True, "log_loss": True, "squared_error": False}


class CrossLearningScore(BaseSimilarity):
    """Excess error that the models of one domain make on the rows of another, both ways.

    Every domain's models are fitted once and asked for the rows of all domains. The score of a
    pair is how much worse the other's models predict than those of the domain itself. It is about
    zero where two domains share the relation of y to X, however their X differ.

    Parameters
    ----------
    estimators : estimator, list of estimator, list of (str, estimator) or dict, default=None
        Base models, all classifiers or all regressors; a single one is Algorithm 1 of the paper.
        None takes logistic (or linear) regression, a linear and an RBF support vector machine
        and XGBoost, at their default parameters and with X standardised inside (gaps imputed,
        categories one-hot encoded, where there are any).
    aggregation : {"ensemble", "weighted", "mean"}, default="ensemble"
        How several models become one score: the score of their weighted ensembles, the weighted
        average of their scores, or the plain mean of these.
    sharpness : float, default=15.0
        The g of the models' weights, exp(-g error); 0 weighs them alike. The default is inferred
        from the tables of the paper, whose text lost the figure. Squared errors are divided by
        the variance of y first, so that the unit of y does not matter.
    cv : int, default=5
        Number of folds of each domain's own error. A domain of fewer rows has a fold per row.
    loss : {"auto", "zero_one", "log_loss", "squared_error"}, str or callable, default="auto"
        Error of a prediction: "auto" is zero-one for labels and squared for values. A scorer, or
        the name of one, takes its negative; there is no standard error by losses then.
    voting : {"soft", "hard"}, default="soft"
        Whether classifiers answer by probabilities or by one vote. A classifier without
        `predict_proba` answers by the logistic function (softmax) of its decision values.
    target_domain : hashable, default=None
        Label of the domain whose scores with every other are computed. None scores all pairs.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`.
    domain_weight : float, default=0.5
        Weight c of the errors on the target's rows; 1 asks only how the source's models do
        on the target. Other values than 1/2 make `scores_` asymmetric.
    n_jobs : int, default=None
        Number of domains worked on at once. The result does not depend on it.
    memory : str or object with the joblib.Memory interface, default=None
        Cache of each domain's models: an interrupted or repeated fit goes on where it was.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    Attributes
    ----------
    domains_ : ndarray of shape (n_domains,)
        The domains, sorted if they sort, else in order of first appearance.
    scores_ : ndarray of shape (n_domains, n_domains)
        Excess errors; entry (t, s) has t in the part of the target. 0 on the diagonal, NaN for
        pairs that were not asked for and of domains that were left out.
    source_domains_ : ndarray of shape (n_sources,)
        The domains other than the target. Only where a target is named.
    source_scores_ : ndarray of shape (n_sources,)
        Scores of the target with them. Only where a target is named.
    target_domain_ : hashable
        The target. Only where one is named.
    cross_errors_ : ndarray of shape (n_domains, n_domains)
        Error on the rows of t of the models of s; each domain's own cross-validated error on the
        diagonal.
    domain_errors_ : ndarray of shape (n_domains,)
        Each domain's own cross-validated error.
    baseline_errors_ : ndarray of shape (n_domains, n_domains)
        c times the target's own error plus 1 - c times the source's: what the weighted cross
        error of a pair exceeds by its score.
    standard_errors_ : dict of str to ndarray of shape (n_domains, n_domains)
        Of the baseline, from the errors of the folds ("folds") or from the losses of the rows
        ("losses"); and of the whole score of domains that are alike ("excess"), an upper bound.
    model_weights_ : ndarray of shape (n_domains, n_models)
        Weight of each model in the ensemble of each domain.
    model_errors_ : ndarray of shape (n_domains, n_models)
        Each model's cross-validated error.
    model_scores_ : ndarray of shape (n_models, n_domains, n_domains)
        The score by each model alone.
    model_names_ : list of str
        Names of the base models.
    classes_ : ndarray of shape (n_classes,)
        Labels, of all domains together. Only for classification.
    n_features_in_ : int
        Number of features, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names. Only where X has names, all of them strings.

    See Also
    --------
    cross_learning_score : The score of two data sets.

    Notes
    -----
    With L(f, D) the error of f on the rows D, e the cross-validated error of a domain's own
    models and f fitted on all rows of a domain,

        score(t, s) = c {L(f_s, D_t) - e_t} + (1 - c) {L(f_t, D_s) - e_s}.

    K domains and m models take K m (cv + 1) fits and one call of each fitted model for the rows
    of all domains: never a fit or a call per pair.

    Where y is numeric, it is taken as values if it has fractions and as labels otherwise; the
    kind of `estimators`, or `loss="squared_error"`, decides where they are given. A domain of one
    class, or without two rows of each of two classes, has no models to compare: it is left out by
    name, with a warning. `random_state` deals the folds; base models keep their own.

    References
    ----------
    "Quantifying Data Similarity Using Cross Learning", 2025, arXiv:2510.10866, Algorithms 1 and 2
    and section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_transfer.similarity import CrossLearningScore
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 2))
    >>> domain = np.repeat(["here", "near", "turned"], 200)
    >>> y = np.where(domain == "turned", X[:, 1] > 0, X[:, 0] > 0)
    >>> score = CrossLearningScore(LogisticRegression(), target_domain="here", random_state=0)
    >>> score.fit(X, y, sample_domain=domain).to_frame().round(2)
       domain  rows  score
    0    near   200  -0.00
    1  turned   200   0.48
    >>> score.zones().zone.tolist()
    ['positive', 'negative']
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseSimilarity._parameter_constraints,
        "estimators": [HasMethods(["fit", "predict"]), list, tuple, dict, None],
        "aggregation": [StrOptions({"ensemble", "weighted", "mean"})],
        "sharpness": [Interval(Real, 0, None, closed="both")],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "loss": [
            StrOptions({"auto", *ROW_LOSSES, *get_scorer_names()}),
            callable,
        ],
        "voting": [StrOptions({"soft", "hard"})],
        "domain_weight": [Interval(Real, 0, 1, closed="both")],
        "n_jobs": [Integral, None],
        "memory": [str, HasMethods(["cache"]), None],
        "random_state": ["random_state"],
    }
    _symmetric = False

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"sample_domain": True, "groups": True}

    def __init__(
        self,
        estimators: Any = None,
        *,
        aggregation: str = "ensemble",
        sharpness: float = 15.0,
        cv: int = 5,
        loss: Any = "auto",
        voting: str = "soft",
        target_domain: Any = None,
        domain_column: Any = None,
        domain_weight: float = 0.5,
        n_jobs: int | None = None,
        memory: Any = None,
        random_state: Any = None,
    ):
        self.estimators = estimators
        self.aggregation = aggregation
        self.sharpness = sharpness
        self.cv = cv
        self.loss = loss
        self.voting = voting
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.domain_weight = domain_weight
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        sample_domain: Any = None,
        groups: Any = None,
    ) -> Any:
        """Score the pairs of domains.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows of all domains.
        y : array-like of shape (n_samples,)
            Labels or values.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a weight of 2 is a row twice, a weight of 0 an absent row.
        sample_domain : array-like of shape (n_samples,), default=None
            The domain of every row: any hashable labels. None, with `domain_column` unset, takes
            all rows as rows of one domain.
        groups : array-like of shape (n_samples,), default=None
            The group of every row, such as the patient or the day: any hashable labels. Rows of
            one group are in one fold of their domain. None takes every row for a group of its own.

        Returns
        -------
        self : object
            The fitted measure.
        """
        return self._fit_or_stay(X, y, sample_weight, sample_domain, groups)

    def zones(
        self,
        target: Any = None,
        positive_z: float = 0.0,
        negative_z: float = 3.719,
        *,
        standard_error: str = "folds",
        level: float | None = None,
    ) -> pd.DataFrame:
        """Put every source in a zone: what may be expected of transfer from it.

        Parameters
        ----------
        target : hashable, default=None
            One of `domains_`. None takes the target that was named at construction.
        positive_z : float, default=0.0
            Standard errors over the baseline up to which a source is "positive".
        negative_z : float, default=3.719
            Standard errors over the baseline above which it is "negative"; between the two it is
            "ambiguous". The default is the normal quantile of 0.9999.
        standard_error : {"folds", "losses"}, default="folds"
            Of the baseline: from the errors of the folds, as in the paper, or from the losses of
            the rows, which varies less. A scorer as `loss` has those of the folds alone.
        level : float, default=None
            Share of sources alike to the target that may be called negative. Instead of
            `negative_z` and `standard_error` it takes Student's quantile and a standard error of
            the whole score, so that the share is kept with few rows too. None leaves it; a scorer
            as `loss` needs that.

        Returns
        -------
        zones : DataFrame
            One row per source: `domain`, `score`, `baseline_error`, `standard_error`,
            `positive_threshold` and `negative_threshold` (of the score) and `zone`: "positive",
            "ambiguous", "negative", or "unscored" for a domain that was left out or a standard
            error that is not known.
        """
        check_is_fitted(self)
        check_rule(positive_z, negative_z, standard_error, level)
        self._check_rule(standard_error, level)
        index = target_index(self, target)
        found = self._matrices.zones(index, positive_z, negative_z, standard_error, level)
        return zone_table(self.domains_, index, found)

    def _check_rule(self, standard_error: str, level: float | None) -> None:
        """Refuse rules that need the losses of single rows where the loss is a scorer."""
        of_rows = isinstance(self.loss, str) and self.loss in {"auto", *ROW_LOSSES}
        if of_rows or (standard_error == "folds" and level is None):
            return
        got = f"level={level!r}" if level is not None else f"standard_error={standard_error!r}"
        raise ValueError(
            "Zones of a scorer must have their standard error from the folds, because a scorer "
            f"gives no losses of single rows. Got {got} for loss={self.loss!r} instead; choose "
            f'standard_error="folds" and level=None, or a loss among {listed([*ROW_LOSSES])}.'
        )

    def _score_pairs(self, domains: DomainRows, pairs: list[tuple[int, int]]) -> Array:
        classify = self._classifies(domains.y)
        models = (
            default_models(classify, domains.X)
            if self.estimators is None
            else named_models(self.estimators)
        )
        question = self._question(classify, next(iter(models.values())), domains.y)
        if question.classes is not None:
            self.classes_ = question.classes
        self.model_names_ = list(models)
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        folds, said = domain_folds(domains, self.cv, classify, seed)
        if said and len(domains) > 1:
            warn_transfer(said)
        kept = [index for index, fold in enumerate(folds) if fold is not None]
        target = None
        if self.target_domain is not None:
            target = _position(domains.labels, self.target_domain)
        errors: dict[int, tuple[list[int], DomainErrors]] = {}
        if target is None or target in kept:
            errors = self._errors(domains, list(models.values()), question, folds, kept, target)
        return self._keep(errors, question, len(models), pairs)

    def _errors(
        self,
        domains: DomainRows,
        models: list[Any],
        question: Question,
        folds: list[NDArray[np.intp] | None],
        kept: list[int],
        target: int | None,
    ) -> dict[int, tuple[list[int], DomainErrors]]:
        """Errors of every domain's models, and the domains by whose rows they were judged."""
        memory = check_memory(self.memory)
        judged = {
            index: [k for k in kept if k != index] if target in (None, index) else [target]
            for index in kept
        }
        work = Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(work_on_domain)(
                memory,
                models,
                question,
                (*domains.take(index), folds[index]),
                rows_to_judge(domains, judged[index]),
            )
            for index in kept
        )
        found = counted(work, len(kept), "domains")
        return {index: (judged[index], errors) for index, errors in zip(kept, found, strict=True)}

    def _keep(
        self,
        errors: dict[int, tuple[list[int], DomainErrors]],
        question: Question,
        n_models: int,
        pairs: list[tuple[int, int]],
    ) -> Array:
        """Set the fitted attributes and give the scores of the pairs."""
        matrices = CrossMatrices.collect(
            errors,
            self._totals,
            n_models,
            aggregation=self.aggregation,
            domain_weight=self.domain_weight,
            zero_one=question.loss == "zero_one",
        )
        self._matrices = matrices
        self.cross_errors_ = matrices.cross_with_own()
        self.domain_errors_ = np.diag(matrices.own).copy()
        self.baseline_errors_ = matrices.baseline
        self.standard_errors_ = dict(matrices.standard_errors)
        self.model_weights_ = matrices.weights
        self.model_errors_ = matrices.model_errors
        self.model_scores_ = matrices.model_scores
        first, second = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        return matrices.scores[first, second]

    def _question(self, classify: bool, model: Any, y: NDArray[Any]) -> Question:
        """What is asked of the models, with the user's loss made out."""
        loss = self.loss
        if loss == "auto":
            loss = "zero_one" if classify else "squared_error"
        elif not (isinstance(loss, str) and loss in ROW_LOSSES):
            loss = check_scoring(model, scoring=loss)
        return Question(np.unique(y) if classify else None, self.voting, loss, self.sharpness)

    def _classifies(self, y: NDArray[Any]) -> bool:
        """Whether y are labels: as the models or the loss say, else as they look."""
        if self.estimators is not None:
            return is_classifier(next(iter(named_models(self.estimators).values())))
        if isinstance(self.loss, str) and self.loss in ROW_LOSSES:
            return ROW_LOSSES[self.loss]
        return not type_of_target(y).startswith("continuous")

    def _check_labels(self, y: Any) -> NDArray[Any]:
        y = _check_y(y, multi_output=False, y_numeric=False, estimator=self)
        if self._classifies(y):
            check_classification_targets(y)
            return y
        return _check_y(y, multi_output=False, y_numeric=True, estimator=self)

    def _check_kind(self) -> None:
        """Refuse losses that the models do not have, before any row is read."""
        if self.loss == "log_loss" and self.voting == "hard":
            raise ValueError(
                '`voting` must be "soft" for the logarithmic loss. Got "hard" instead; votes '
                "give no probabilities."
            )
        if self.estimators is None or not isinstance(self.loss, str):
            return
        classify = is_classifier(next(iter(named_models(self.estimators).values())))
        if ROW_LOSSES.get(self.loss, classify) is not classify:
            kind = "classifiers" if classify else "regressors"
            fitting = [loss for loss, of_labels in ROW_LOSSES.items() if of_labels is classify]
            raise ValueError(
                f"`loss` must be a loss of the models, which are {kind}. Got {self.loss!r} "
                f"instead; choose one of {listed(fitting)}, or a scorer."
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.estimators is None  # the default models impute
        if self.estimators is not None:
            of_models = [get_tags(m).input_tags for m in named_models(self.estimators).values()]
            for name in ("sparse", "allow_nan", "string", "categorical"):
                setattr(tags.input_tags, name, all(getattr(tag, name) for tag in of_models))
        return tags
