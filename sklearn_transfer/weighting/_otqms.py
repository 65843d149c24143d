# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""OTQMS: how many rows to take from each source when every row counts the same."""

from __future__ import annotations

from sklearn_transfer._base import BaseTransferClassifier, BaseTransferRegressor
from sklearn_transfer.weighting._otqms_base import BaseOTQMS


class OTQMSClassifier(BaseOTQMS, BaseTransferClassifier):
    r"""Classifier trained on an optimal number of rows of every source.

    Fits one model per source, measures how far each lies from the target's in units of the
    target's Fisher information, computes how many rows of each source minimise the asymptotic
    risk, draws that many at random and fits the inner estimator on them and the target [1]_.

    Parameters
    ----------
    estimator : classifier or None, default=None
        Inner estimator; it must have `predict_proba`. None stands for `LogisticRegression()`.
        Pipelines, grid searches and XGBoost are welcome; it need not accept `sample_weight`; its
        parameters stay as given.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    update : {"static", "dynamic"}, default="dynamic"
        Whether quantities are computed once, from the target-only model, or again after each
        refit on rows drawn afresh.
    n_rounds : int, default=5
        Rounds of quantities of the dynamic update; each but the first costs one refit at most.
    discrepancy : {"auto", "parametric", "functional"}, default="auto"
        How models are compared: by their linear predictors (exact for logistic models) or by their
        predictions on the target's rows (any probabilistic classifier). "auto" takes the exact one
        where there is one.
    bias_correction : bool, default=False
        Whether the estimation noise that inflates the plug-in discrepancy is subtracted. Then
        more rows of the sources are taken.
    source_estimators : dict, default=None
        Source label -> :class:`sklearn.frozen.FrozenEstimator` around a fitted estimator, used
        instead of fitting that source. Its rows must still be given.
    validation_fraction : float, default=0.2
        Share of the target's rows held out where an inner XGBoost model stops early; a source's
        own model holds out the same share of its rows.
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
    target_domain_ : hashable
        The domain learnt for; None where no domains were given.
    source_domains_ : ndarray of shape (n_sources,)
        Labels of the sources: sorted if they sort, else by first appearance.
    transfer_quantities_ : ndarray of int of shape (n_sources,)
        Rows drawn from each source for the final fit.
    source_weights_ : ndarray of shape (n_sources,)
        Share of the rows of each source that is drawn: on average, the weight of its rows.
    discrepancy_ : ndarray of shape (n_sources, n_sources)
        M of the last round; NaN for sources left out.
    n_parameters_ : float
        d, counted or (functional) effective.
    source_estimators_ : dict
        Source label -> fitted inner estimator.
    estimator_ : estimator
        The fitted inner estimator of the target.
    history_ : dict of ndarray
        Per round: "quantities" (n_i, not rounded) and "ratio" (c_i = N_0 M_ii / d) of shape
        (n_rounds, n_sources), "risk" of shape (n_rounds,).
    classes_ : ndarray of shape (n_classes,)
        Union of the classes of target and sources.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    OTQMSRegressor : The same for regression.
    UOWQClassifier : Uses all rows, weighted: never a greater asymptotic risk.
    optimal_quantities : The quantities as a function of M.

    Notes
    -----
    With N_0 target rows, :math:`n_i \le N_i` rows of source i, :math:`s = \sum_i n_i`, model
    parameters theta and the target's Fisher information J, the fit has the asymptotic risk

    .. math::

        L = \frac{d}{2} \left[ \frac{1}{N_0 + s} + \frac{n' M n}{d (N_0 + s)^2} \right], \quad
        M_{ij} = (\theta_i - \theta_0)' J (\theta_j - \theta_0).

    For one source with :math:`t = M_{11} / d` the best quantity is :math:`N_1` if
    :math:`N_0 t \le 1/2`, else :math:`\min(N_1, N_0 / (2 N_0 t - 1))`.

    The nearest whole number of rows is drawn, at random and without replacement. Where rows have a
    `sample_weight`, N_i is its sum, the share :math:`n_i / N_i` of the rows is drawn, and they keep
    their weights. Where only rows of one class would be drawn, all rows are.

    The noise of few target rows inflates M: of identical sources, too, the static update takes
    about N_0 rows only. The dynamic update feeds back on itself: rows drawn from a source move the
    target's model towards it, and the source then looks closer. With few target rows it can end
    with all rows of a harmful source; a warning names sources that were far away at first, and
    `update="static"` does not do so.

    References
    ----------
    .. [1] Q. Zhang et al., "A Theoretical Framework for Data Efficient Multi-Source Transfer
           Learning Based on Cramer-Rao Bound", arXiv:2502.04242, Theorem 7.

    Examples
    --------
    One source like the target, one opposed to it:

    >>> import numpy as np
    >>> from sklearn_transfer.weighting import OTQMSClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((420, 2))
    >>> domain = np.repeat(["here", "like", "opposed"], [40, 190, 190])
    >>> sign = np.where(domain == "opposed", -1.0, 1.0)
    >>> y = (sign * X[:, 0] + 0.5 * rng.standard_normal(420) > 0).astype(int)
    >>> model = OTQMSClassifier(target_domain="here", update="static", random_state=0)
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.to_frame()[["domain", "rows", "quantity"]]
        domain   rows  quantity
    0     like  190.0       190
    1  opposed  190.0        37
    """


class OTQMSRegressor(BaseOTQMS, BaseTransferRegressor):
    r"""Regressor trained on an optimal number of rows of every source.

    Fits one model per source, measures how far each lies from the target's in units of the
    target's Fisher information, computes how many rows of each source minimise the asymptotic
    risk, draws that many at random and fits the inner estimator on them and the target [1]_.

    Parameters
    ----------
    estimator : regressor or None, default=None
        Inner estimator. None stands for `Ridge()`. Pipelines, grid searches and XGBoost are
        welcome; it need not accept `sample_weight`; its parameters stay as given.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    update : {"static", "dynamic"}, default="dynamic"
        Whether quantities are computed once, from the target-only model, or again after each
        refit on rows drawn afresh.
    n_rounds : int, default=5
        Rounds of quantities of the dynamic update; each but the first costs one refit at most.
    discrepancy : {"auto", "parametric", "functional"}, default="auto"
        How models are compared: by their linear predictors (exact for (generalised) linear models)
        or by their predictions on the target's rows (any regressor). "auto" takes the exact one
        where there is one.
    bias_correction : bool, default=False
        Whether the estimation noise that inflates the plug-in discrepancy is subtracted. Then
        more rows of the sources are taken.
    source_estimators : dict, default=None
        Source label -> :class:`sklearn.frozen.FrozenEstimator` around a fitted estimator, used
        instead of fitting that source. Its rows must still be given.
    validation_fraction : float, default=0.2
        Share of the target's rows held out where an inner XGBoost model stops early; a source's
        own model holds out the same share of its rows.
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
    target_domain_ : hashable
        The domain learnt for; None where no domains were given.
    source_domains_ : ndarray of shape (n_sources,)
        Labels of the sources: sorted if they sort, else by first appearance.
    transfer_quantities_ : ndarray of int of shape (n_sources,)
        Rows drawn from each source for the final fit.
    source_weights_ : ndarray of shape (n_sources,)
        Share of the rows of each source that is drawn: on average, the weight of its rows.
    discrepancy_ : ndarray of shape (n_sources, n_sources)
        M of the last round; NaN for sources left out.
    n_parameters_ : float
        d, counted or (functional) effective.
    source_estimators_ : dict
        Source label -> fitted inner estimator.
    estimator_ : estimator
        The fitted inner estimator of the target.
    history_ : dict of ndarray
        Per round: "quantities" (n_i, not rounded) and "ratio" (c_i = N_0 M_ii / d) of shape
        (n_rounds, n_sources), "risk" of shape (n_rounds,).
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    OTQMSClassifier : The same for classification.
    UOWQRegressor : Uses all rows, weighted: never a greater asymptotic risk.
    optimal_quantities : The quantities as a function of M.

    Notes
    -----
    With N_0 target rows, :math:`n_i \le N_i` rows of source i, :math:`s = \sum_i n_i`, model
    parameters theta and the target's Fisher information J, the fit has the asymptotic risk

    .. math::

        L = \frac{d}{2} \left[ \frac{1}{N_0 + s} + \frac{n' M n}{d (N_0 + s)^2} \right], \quad
        M_{ij} = (\theta_i - \theta_0)' J (\theta_j - \theta_0).

    For one source with :math:`t = M_{11} / d` the best quantity is :math:`N_1` if
    :math:`N_0 t \le 1/2`, else :math:`\min(N_1, N_0 / (2 N_0 t - 1))`.

    The nearest whole number of rows is drawn, at random and without replacement. Where rows have a
    `sample_weight`, N_i is its sum, the share :math:`n_i / N_i` of the rows is drawn, and they keep
    their weights.

    The noise of few target rows inflates M: of identical sources, too, the static update takes
    about N_0 rows only. The dynamic update feeds back on itself: rows drawn from a source move the
    target's model towards it, and the source then looks closer. With few target rows it can end
    with all rows of a harmful source; a warning names sources that were far away at first, and
    `update="static"` does not do so.

    References
    ----------
    .. [1] Q. Zhang et al., "A Theoretical Framework for Data Efficient Multi-Source Transfer
           Learning Based on Cramer-Rao Bound", arXiv:2502.04242, Theorem 7.

    Examples
    --------
    One source like the target, one opposed to it:

    >>> import numpy as np
    >>> from sklearn_transfer.weighting import OTQMSRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((420, 2))
    >>> domain = np.repeat(["here", "like", "opposed"], [40, 190, 190])
    >>> sign = np.where(domain == "opposed", -1.0, 1.0)
    >>> y = sign * X[:, 0] + 0.5 * rng.standard_normal(420)
    >>> model = OTQMSRegressor(target_domain="here", update="static", random_state=0)
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.to_frame()[["domain", "rows", "quantity"]]
        domain   rows  quantity
    0     like  190.0        17
    1  opposed  190.0         2
    """
