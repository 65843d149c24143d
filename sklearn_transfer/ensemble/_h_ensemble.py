# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The mixture of source models' features that says most of the target's label."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sklearn_transfer._math.correlation import ROWS_PER_FEATURE
from sklearn_transfer._math.h_ensemble import (
    best_mixture,
    ensemble_moments,
    mean_shrinkage,
    mixture_loadings,
    mixture_score,
)
from sklearn_transfer._math.maximal_correlation_weighting import feature_moments, with_common_scale
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer.ensemble._model_aggregation import BaseModelAggregation

Array = NDArray[np.float64]

_CLASS_WISE = {"predict_proba", "log_odds", "decision_function"}


class HEnsembleClassifier(BaseModelAggregation):
    r"""Classifier from a mixture of frozen source models with the greatest H-score.

    The features of the source models - class by class, or unit by unit - are averaged with one
    weight per model, chosen so that the mixture says as much as possible of the target's labels
    [1]_. What the mixture says is turned into labels by maximal correlation regression. No row of a
    source is needed where its model is at hand.

    Read more in the :ref:`user guide <aggregation>`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        What is fitted to each source that comes without a model, and to the target where there are
        no sources. None stands for `LogisticRegression()`. Pipelines, grid searches and XGBoost
        are welcome; it need not accept `sample_weight`; its parameters stay as given.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    source_estimators : dict, default=None
        Source label -> :class:`sklearn.frozen.FrozenEstimator` around a fitted classifier,
        regressor or transformer, used instead of fitting that source. Its rows need not be given,
        and it may know other classes.
    response_method : str, default="auto"
        How a source model is asked for features, of which all models must give as many:
        "predict_proba", "log_odds", "decision_function", "predict", "transform", "leaves" or
        "hidden_layer". "auto" is the last hidden layer of a multi-layer perceptron, the decision
        function of other classifiers, or else their class probabilities (XGBoost: log-odds), the
        prediction of a regressor, the output of a transformer. Features that belong to classes are
        matched by class.
    shrinkage : "auto", float in [0, 1] or None, default="auto"
        Shrinkage of the covariance of standardised features towards a multiple of the identity.
        None or 0: none. "auto": none if there are at least four rows per feature of a model, else
        Ledoit and Wolf's intensity, averaged over the models. Without it any mixture looks perfect
        when there are no more rows than features.
    priors : array-like of shape (n_classes,), default=None
        Prior probabilities of the classes, in the order of `classes_`. None takes their shares in
        the target's rows; equal ones leave the decision to the features alone.
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
        Labels of the sources, with rows or with models: sorted if they sort, else by first
        appearance.
    source_weights_ : ndarray of shape (n_sources,)
        Weights of the source models in the mixture; not negative, and they sum to 1.
    source_scores_ : ndarray of shape (n_sources,)
        H-score of the features of each source alone. NaN for a source without a model, or where no
        row of the target tells.
    score_ : float
        H-score of the mixture, by which the weights were chosen; NaN where nothing was mixed.
    shrinkage_ : float
        Shrinkage intensity that was used.
    n_iter_ : int
        Steps of the optimiser from the best start.
    source_estimators_ : dict of hashable to estimator
        The source models.
    estimator_ : estimator
        What predicts: the aggregate, or the inner estimator where there are no sources.
    classes_ : ndarray of shape (n_classes,)
        Union of the classes of target and sources.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    MaximalCorrelationWeightingClassifier : One weight per feature, in closed form.
    sklearn_transfer.transferability.h_score : The score that is maximised.

    Notes
    -----
    With the features :math:`f_i` of model i standardised on the target's rows and
    :math:`f_\alpha = \sum_i \alpha_i f_i`,

    .. math::

        \alpha = \mathrm{argmax}_{\alpha \ge 0,\, 1^T\alpha = 1}\;
                 \mathrm{tr}\left(\Gamma_\alpha^{-1} \mathrm{cov}(E[f_\alpha \mid Y])\right),
        \quad \Gamma_\alpha = \mathrm{cov}(f_\alpha),

        P(y \mid x) = P(y) \left( 1 + f_\alpha(x)^T \Gamma_\alpha^{-1} E[f_\alpha \mid Y = y]
                      \right),

    cut off at 0. The maximum is found by alternating between the best function of the label, in
    closed form, and the best weights for it, a non-negative least-squares problem, with steps of
    sequential quadratic programming where that is slow. The score may have several local maxima:
    the search starts from equal weights and from every model alone. For features of one column it
    is a ratio of two quadratic forms.

    The published implementation maximises the ratio of the two traces instead, by gradient steps
    without the sign constraint, leaves :math:`\Gamma^{-1}` out of the prediction, and standardises
    test rows by their own moments. With shrinkage the score is
    :math:`\mathrm{tr}(\Gamma_a^{-1} \mathrm{cov}(E[f|Y]))`; a constant factor that some put before
    it does not change the weights.

    Weights are those of features in units of their standard deviation; those that belong to
    classes share one unit per model, which keeps sums over the classes what they are. A model that
    is wrong throughout scores as well as one that is right, and is used with its sign turned. The
    score does not change with the scale of a mixture, so that one of two models that nearly cancel
    may win by their noise: read weights beside `source_scores_`. A mixture of hidden units makes
    sense only where unit j is the same thing in all models, as when all were tuned from one
    network; features that belong to classes have that property by construction. One-class target
    rows, and classes that they lack, are treated as in `MaximalCorrelationWeightingClassifier`.

    References
    ----------
    .. [1] Y. Wu, J. Wang, W. Wang, Y. Li, "H-ensemble: An Information Theoretic Approach to
           Reliable Few-Shot Multi-Source-Free Transfer", AAAI 2024, arXiv:2312.12489.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_transfer.ensemble import HEnsembleClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((340, 3))
    >>> domain = np.repeat(["here", "like", "opposed"], [40, 150, 150])
    >>> sign = np.where(domain == "opposed", -1.0, 1.0)
    >>> y = (sign * X[:, 0] + 0.5 * rng.standard_normal(340) > 0).astype(int)
    >>> model = HEnsembleClassifier(target_domain="here").fit(X, y, sample_domain=domain)
    >>> bool(model.score_ >= model.source_scores_.max())
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseModelAggregation._parameter_constraints,
        "shrinkage": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both"), None],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        source_estimators: dict | None = None,
        response_method: str = "auto",
        shrinkage: float | str | None = "auto",
        priors: Any = None,
        n_jobs: int | None = None,
        memory: Any = None,
        random_state: Any = None,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.source_estimators = source_estimators
        self.response_method = response_method
        self.shrinkage = shrinkage
        self.priors = priors
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state

    def _start(self, position: Any, n_sources: int) -> None:
        self.source_scores_ = np.full(n_sources, np.nan)
        self.score_, self.shrinkage_, self.n_iter_ = np.nan, 0.0, 0
        self._position = position

    def _aggregate(
        self,
        features: list[Any],
        models: list[FittedModel],
        responses: list[str],
        codes: NDArray[np.intp],
        sample_weight: Array | None,
    ) -> tuple[list[Array], Array, Array, Array]:
        layouts, by_class = self._layouts(features, models, responses)
        n_classes = len(self.classes_)
        blocks = [
            np.asarray((block.toarray() if issparse(block) else block) @ layout)
            for block, layout in zip(features, layouts, strict=True)
        ]
        moments = [feature_moments(block, codes, n_classes, sample_weight) for block in blocks]
        if by_class:  # scores of classes are in one unit, and may sum to a constant
            moments = [with_common_scale(own) for own in moments]
        standard = np.stack([m.standardise(b) for m, b in zip(moments, blocks, strict=True)])
        weight = np.ones(len(codes)) if sample_weight is None else sample_weight
        total, shares = float(weight.sum()), moments[0].shares
        mass = weight / total
        self.shrinkage_ = self._intensity(standard, mass, total)
        class_means = np.stack([m.class_means for m in moments])
        ensemble = ensemble_moments(standard, class_means, shares, mass, self.shrinkage_)
        mixture = best_mixture(ensemble)
        if not mixture.converged:
            warn_transfer(
                f"The weights of the source models still moved after {mixture.n_iter} steps. Their "
                f"H-score is {mixture.score:.4g}; drop sources of little weight or set `shrinkage`."
            )
        self.score_, self.n_iter_ = mixture.score, mixture.n_iter
        self.source_scores_[self._position] = [
            mixture_score(alone, ensemble) for alone in np.eye(len(blocks))
        ]
        loadings = mixture_loadings(mixture.weights, ensemble).T
        coefficients, offset = [], np.zeros(n_classes)
        for alpha, own, layout in zip(mixture.weights, moments, layouts, strict=True):
            coefficient = (alpha / own.scale)[:, np.newaxis] * loadings
            offset -= own.mean @ coefficient
            coefficients.append(layout @ coefficient)
        return coefficients, offset, shares, mixture.weights

    def _intensity(self, features: Array, mass: Array, total: float) -> float:
        if self.shrinkage is None:
            return 0.0
        if not isinstance(self.shrinkage, str):
            return float(self.shrinkage)
        if total >= ROWS_PER_FEATURE * features.shape[2]:
            return 0.0
        return mean_shrinkage(features, mass, total)

    def _columns(self) -> dict[str, Any]:
        return {"score": self.source_scores_}

    def _layouts(
        self, features: list[Any], models: list[FittedModel], responses: list[str]
    ) -> tuple[list[Array], bool]:
        """Matrices that put the features of each model into columns common to all.

        Also whether these columns belong to classes.
        """
        widths = [block.shape[1] for block in features]
        class_lists = [
            model.classes.tolist()
            if response in _CLASS_WISE
            and model.classes is not None
            and width == (1 if len(model.classes) == 2 else len(model.classes))
            else None
            for model, response, width in zip(models, responses, widths, strict=True)
        ]
        by_class = all(classes is not None for classes in class_lists)
        if len(set(widths)) == 1 and not (
            by_class and any(classes != class_lists[0] for classes in class_lists)
        ):
            return [np.eye(width) for width in widths], by_class
        if not by_class:
            raise ValueError(
                "Source models must give the same number of features to be averaged. Got "
                f"{widths} by {responses} instead; choose a `response_method` that goes by class, "
                "or MaximalCorrelationWeightingClassifier, which takes any features."
            )
        union = list(dict.fromkeys(label for classes in class_lists for label in classes or []))
        layouts = []
        for classes, width in zip(class_lists, widths, strict=True):
            assert classes is not None
            places = [union.index(label) for label in classes]
            layout = np.zeros((width, len(union)))
            if width == 1:  # a column for the second of two classes is minus that for the first
                layout[0, places] = [-1.0, 1.0]
            else:
                layout[np.arange(width), places] = 1.0
            layouts.append(layout)
        return layouts, True
