# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Features of source models, each weighted by its maximal correlation with the target's label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._math.maximal_correlation_weighting import (
    feature_moments,
    maximal_correlations,
)
from sklearn_transfer._weighted_fit import FittedModel
from sklearn_transfer.ensemble._model_aggregation import BaseModelAggregation

Array = NDArray[np.float64]


class MaximalCorrelationWeightingClassifier(BaseModelAggregation):
    r"""Classifier from the features of frozen source models, weighted by their correlations.

    Maximal correlation weighting (MCW) [1]_ takes the source models as they are, asks them for
    features of the target's few labelled rows, and gives every feature the weight of its
    correlation with the label. Nothing is trained beyond means in every class, and no row of a
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
        How a source model is asked for features: "predict_proba", "log_odds", "decision_function",
        "predict", "transform", "leaves" or "hidden_layer". "auto" is the last hidden layer of a
        multi-layer perceptron, the decision function of other classifiers, or else their class
        probabilities (XGBoost: log-odds), the prediction of a regressor, the output of a
        transformer.
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
        Share of each source in `source_correlations_`.
    source_correlations_ : ndarray of shape (n_sources,)
        Sum of the correlations of the source's features: how much they say of the target's label.
        NaN for a source without a model, or where no row of the target tells.
    feature_correlations_ : dict of hashable to ndarray of shape (n_source_features,)
        Correlation of every feature of a source, by its label.
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
    HEnsembleClassifier : One weight per source model, chosen by the H-score of their mixture.
    sklearn_transfer.transferability.h_score : How much features say of labels.

    Notes
    -----
    Features :math:`f_j` of all models are standardised on the target's rows. With

    .. math::

        g_j(y) = E[f_j(X) \mid Y = y], \quad \sigma_j = E[f_j(X)\, g_j(Y)], \quad
        P(y \mid x) = P(y) \left( 1 + \sum_j \sigma_j f_j(x) g_j(y) \right),

    :math:`\sigma_j` is the squared maximal correlation of the feature with the label, its
    correlation ratio, between 0 and 1. With equal priors the prediction is the label of the
    greatest sum. The posterior sums to 1; where features are so strong that it falls below 0 it
    is cut off there, so that probabilities of exactly 0 occur: rank by them, but do not take them
    at their word. Features count as if they were independent of each other, as in naive Bayes:
    ten copies of a source count ten times.

    The published implementation differs in that it divides the sums of a class by all rows
    instead of its own, and centres test rows by their own mean without scaling them, so that the
    prediction for a row depends on those beside it. Here all moments are those of the target's
    training rows.

    A class that the target's rows lack has the prior 0 and is never predicted, unless `priors`
    says otherwise. If they have one class only, the source models' probabilities are averaged,
    with a warning.

    References
    ----------
    .. [1] J. Lee, P. Sattigeri, G. Wornell, "Learning New Tricks From Old Dogs: Multi-Source
           Transfer Learning From Pre-Trained Networks", NeurIPS 2019, section 3.

    Examples
    --------
    Three models that were fitted elsewhere, whose rows are not at hand:

    >>> import numpy as np
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_transfer.ensemble import MaximalCorrelationWeightingClassifier
    >>> rng = np.random.default_rng(0)
    >>> models = {}
    >>> for name, column in [("like", 0), ("opposed", 0), ("other", 1)]:
    ...     Z = rng.standard_normal((200, 2))
    ...     labels = (Z[:, column] > 0) ^ (name == "opposed")
    ...     models[name] = FrozenEstimator(LogisticRegression().fit(Z, labels))
    >>> X = rng.standard_normal((20, 2))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> model = MaximalCorrelationWeightingClassifier(source_estimators=models).fit(X, y)
    >>> model.to_frame()[["domain", "weight"]].round(1)
        domain  weight
    0     like     0.5
    1  opposed     0.5
    2    other     0.0
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        source_estimators: dict | None = None,
        response_method: str = "auto",
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
        self.priors = priors
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state

    def _start(self, position: Any, n_sources: int) -> None:
        self.source_correlations_ = np.full(n_sources, np.nan)
        self.feature_correlations_: dict[Any, Array] = {}
        self._position = position

    def _aggregate(
        self,
        features: list[Any],
        models: list[FittedModel],
        responses: list[str],
        codes: NDArray[np.intp],
        sample_weight: Array | None,
    ) -> tuple[list[Array], Array, Array, Array]:
        n_classes = len(self.classes_)
        coefficients, offset, totals = [], np.zeros(n_classes), np.zeros(len(features))
        for number, (block, index) in enumerate(zip(features, self._position, strict=True)):
            moments = feature_moments(block, codes, n_classes, sample_weight)
            correlations = maximal_correlations(moments)
            coefficient = ((correlations / moments.scale) * moments.class_means).T
            offset -= moments.mean @ coefficient
            coefficients.append(coefficient)
            totals[number] = correlations.sum()
            self.feature_correlations_[self.source_domains_.tolist()[index]] = correlations
        self.source_correlations_[self._position] = totals
        weights = totals / totals.sum() if totals.any() else totals
        return coefficients, offset, moments.shares, weights

    def _columns(self) -> dict[str, Any]:
        return {"correlation": self.source_correlations_}
