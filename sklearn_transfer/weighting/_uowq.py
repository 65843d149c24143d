# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""UOWQ: one weight per source from the Fisher geometry of the fitted models."""

from __future__ import annotations

from sklearn_transfer._base import BaseTransferClassifier, BaseTransferRegressor
from sklearn_transfer.weighting._uowq_base import BaseUOWQ


class UOWQClassifier(BaseUOWQ, BaseTransferClassifier):
    r"""Classifier trained on all domains, with one optimal weight per source.

    Fits one model per source, measures how far each lies from the target's in units of the
    target's Fisher information, solves for the weights that minimise the asymptotic risk, and
    fits the inner estimator once more on all rows, weighted [1]_. As it comes, a guard keeps
    sources from doing harm; the paper's algorithm as it stands is `guard=None`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        Inner estimator; it must accept `sample_weight` and have `predict_proba`. None stands for
        `LogisticRegression()`. Pipelines, grid searches and XGBoost are welcome; its parameters
        stay as given.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    guard : {"auto", "select"} or None, default="auto"
        Protection against sources that harm. None is the paper's algorithm as it stands. "select"
        compares the target alone, the first rounds of weights and pooling on held-out rows of the
        target, averages their weights by what they lose there, and fits once more: one inner
        model. "auto" takes the coefficients of the domains as draws from a population whose spread
        the sources show, and averages that model with the target alone and with pooling where
        held-out rows ask for it; it is "select" where a parameter of the weights (those from
        `update` to `source_estimators`) differs from its default, or where more than fifteen
        classes meet an inner estimator that is not linear or a table of many columns.
    update : {"static", "dynamic"}, default="dynamic"
        Whether weights are computed once, from the target-only model, or again after each refit.
    n_rounds : int, default=5
        Rounds of weights of the dynamic update; each but the first costs one refit at most.
    discrepancy : {"auto", "parametric", "functional"}, default="auto"
        How models are compared: by their linear predictors (exact for logistic
        models) or by their predictions on the target's rows (any probabilistic classifier).
        "auto" takes the exact one where there is one.
    bias_correction : bool, default=False
        Whether the estimation noise that inflates the plug-in discrepancy is subtracted. Then
        sources get more weight; `effective_sample_size_` is optimistic.
    domain_effects : {"intercept"} or None, default=None
        "intercept" gives every domain its own unpenalised intercept; differences of level then
        count neither as discrepancy nor against a source. For linear models and XGBoost, bare or
        last in a Pipeline.
    constraints : LinearConstraint or list of LinearConstraint, default=None
        Linear constraints on the source weights, in the order of `source_domains_`
        (:class:`scipy.optimize.LinearConstraint`): caps, budgets, groups, order.
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
    source_weights_ : ndarray of shape (n_sources,)
        w, the weight of each row of a source where a target row has weight 1; averaged over the
        candidates of a guard, under guard="auto" such that expected losses average.
    source_coefficients_ : ndarray of shape (n_sources,)
        alpha, the shares of the sources in what is borrowed; they sum to 1 unless all are 0.
    transfer_quantity_ : float
        s = sum_i w_i N_i, the target rows that the sources are worth.
    effective_sample_size_ : float
        d / (2 L) for the risk L of the weights: N_0 + s, unless constraints hold the weights
        away from their optimum.
    discrepancy_ : ndarray of shape (n_sources, n_sources)
        M of the last round; NaN for sources left out. Under guard="auto" all coefficients are
        shrunk towards the population's.
    n_parameters_ : float
        d, counted or (functional) effective.
    group_correlation_ : float
        How alike two rows of a group are beyond what the columns say, 0 to 1, as the sources show
        it under guard="auto"; NaN without groups.
    source_estimators_ : dict
        Source label -> fitted inner estimator; empty under guard="auto", which fits none.
    estimator_ : estimator
        The fitted inner estimator of the target; under guard="auto" an average around it.
    candidates_ : list of str
        What the guard compared: stations between the target alone and pooling.
    candidate_weights_ : ndarray of shape (n_candidates,)
        How far each was believed; they sum to 1.
    candidate_losses_ : ndarray of shape (n_candidates,)
        On held-out rows of the target: log-loss, squared error or deviance. NaN where there was
        nothing to compare.
    history_ : dict of ndarray
        Per round: "weights" and "ratio" (c_i = N_0 M_ii / d) of shape (n_rounds, n_sources),
        "risk" (L) and "transfer_quantity" (s) of shape (n_rounds,). No round under guard="auto".
    classes_ : ndarray of shape (n_classes,)
        Union of the classes of target and sources.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    UOWQRegressor : The same for regression.
    sklearn_transfer.weighting.optimal_weights : The weights as a function of M.

    Notes
    -----
    With N_0 target rows, N_i rows of source i, model parameters theta and the target's Fisher
    information J, the weighted fit has the asymptotic risk (expected Kullback-Leibler divergence)

    .. math::

        L = \frac{d}{2} \left[ \frac{N_0 + \sum_i w_i^2 N_i}{(N_0 + s)^2}
            + \frac{v' M v}{d (N_0 + s)^2} \right], \quad
        v_i = w_i N_i,\; s = \sum_i v_i,\;
        M_{ij} = (\theta_i - \theta_0)' J (\theta_j - \theta_0).

    All rows of all sources are used; the weights minimise L exactly. They are absolute and never
    renormalised: boosters see small weights as small (`min_child_weight` counts them).

    The plug-in M carries the noise of few target rows: static weights then transfer too little,
    while the dynamic update feeds back on itself and pools sources completely below a critical
    ratio c of about 4. `history_` holds the ratios, and a warning names such sources.

    The guard, and where it fails, is described in the user guide. The population model of
    `guard="auto"` is :class:`sklearn_transfer.hierarchical.RandomCoefficientsClassifier`.

    References
    ----------
    .. [1] "Unified Optimization of Source Weights and Transfer Quantities in Multi-Source
           Transfer Learning: An Asymptotic Framework", arXiv:2601.10779, Theorem 5,
           Algorithm 1.

    Examples
    --------
    Switzerland has 123 patients; three other hospitals have more:

    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_transfer.datasets import load_heart_hospitals
    >>> from sklearn_transfer.weighting import UOWQClassifier
    >>> X, y, hospital = load_heart_hospitals(return_X_y=True)
    >>> inner = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    >>> model = UOWQClassifier(inner, target_domain="switzerland", guard=None)
    >>> model = model.fit(X, y, sample_domain=hospital)
    >>> model.source_domains_
    array(['cleveland', 'hungary', 'long_beach_va'], dtype='<U13')
    >>> model.predict_proba(X[hospital == "switzerland"]).shape
    (123, 2)
    """


class UOWQRegressor(BaseUOWQ, BaseTransferRegressor):
    r"""Regressor trained on all domains, with one optimal weight per source.

    Fits one model per source, measures how far each lies from the target's in units of the
    target's Fisher information, solves for the weights that minimise the asymptotic risk, and
    fits the inner estimator once more on all rows, weighted [1]_. As it comes, a guard keeps
    sources from doing harm; the paper's algorithm as it stands is `guard=None`.

    Parameters
    ----------
    estimator : regressor or None, default=None
        Inner estimator; it must accept `sample_weight`. None stands for
        `Ridge()`. Pipelines, grid searches and XGBoost are welcome; its parameters
        stay as given.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    guard : {"auto", "select"} or None, default="auto"
        Protection against sources that harm. None is the paper's algorithm as it stands. "select"
        compares the target alone, the first rounds of weights and pooling on held-out rows of the
        target, averages their weights by what they lose there, and fits once more: one inner
        model. "auto" takes the coefficients of the domains as draws from a population whose spread
        the sources show, and averages that model with the target alone and with pooling where
        held-out rows ask for it; it is "select" where a parameter of the weights (those from
        `update` to `source_estimators`) differs from its default.
    update : {"static", "dynamic"}, default="dynamic"
        Whether weights are computed once, from the target-only model, or again after each refit.
    n_rounds : int, default=5
        Rounds of weights of the dynamic update; each but the first costs one refit at most.
    discrepancy : {"auto", "parametric", "functional"}, default="auto"
        How models are compared: by their linear predictors (exact for (generalised) linear
        models) or by their predictions on the target's rows (any regressor).
        "auto" takes the exact one where there is one.
    bias_correction : bool, default=False
        Whether the estimation noise that inflates the plug-in discrepancy is subtracted. Then
        sources get more weight; `effective_sample_size_` is optimistic.
    domain_effects : {"intercept"} or None, default=None
        "intercept" gives every domain its own unpenalised intercept; differences of level then
        count neither as discrepancy nor against a source. For linear models and XGBoost, bare or
        last in a Pipeline.
    constraints : LinearConstraint or list of LinearConstraint, default=None
        Linear constraints on the source weights, in the order of `source_domains_`
        (:class:`scipy.optimize.LinearConstraint`): caps, budgets, groups, order.
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
    source_weights_ : ndarray of shape (n_sources,)
        w, the weight of each row of a source where a target row has weight 1; averaged over the
        candidates of a guard, under guard="auto" such that expected losses average.
    source_coefficients_ : ndarray of shape (n_sources,)
        alpha, the shares of the sources in what is borrowed; they sum to 1 unless all are 0.
    transfer_quantity_ : float
        s = sum_i w_i N_i, the target rows that the sources are worth.
    effective_sample_size_ : float
        d / (2 L) for the risk L of the weights: N_0 + s, unless constraints hold the weights
        away from their optimum.
    discrepancy_ : ndarray of shape (n_sources, n_sources)
        M of the last round; NaN for sources left out. Under guard="auto" all coefficients are
        shrunk towards the population's.
    n_parameters_ : float
        d, counted or (functional) effective.
    group_correlation_ : float
        How alike two rows of a group are beyond what the columns say, 0 to 1, as the sources show
        it under guard="auto"; NaN without groups.
    source_estimators_ : dict
        Source label -> fitted inner estimator; empty under guard="auto", which fits none.
    estimator_ : estimator
        The fitted inner estimator of the target; under guard="auto" an average around it.
    candidates_ : list of str
        What the guard compared: stations between the target alone and pooling.
    candidate_weights_ : ndarray of shape (n_candidates,)
        How far each was believed; they sum to 1.
    candidate_losses_ : ndarray of shape (n_candidates,)
        On held-out rows of the target: log-loss, squared error or deviance. NaN where there was
        nothing to compare.
    history_ : dict of ndarray
        Per round: "weights" and "ratio" (c_i = N_0 M_ii / d) of shape (n_rounds, n_sources),
        "risk" (L) and "transfer_quantity" (s) of shape (n_rounds,). No round under guard="auto".
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    UOWQClassifier : The same for classification.
    sklearn_transfer.weighting.optimal_weights : The weights as a function of M.

    Notes
    -----
    With N_0 target rows, N_i rows of source i, model parameters theta and the target's Fisher
    information J, the weighted fit has the asymptotic risk (expected Kullback-Leibler divergence)

    .. math::

        L = \frac{d}{2} \left[ \frac{N_0 + \sum_i w_i^2 N_i}{(N_0 + s)^2}
            + \frac{v' M v}{d (N_0 + s)^2} \right], \quad
        v_i = w_i N_i,\; s = \sum_i v_i,\;
        M_{ij} = (\theta_i - \theta_0)' J (\theta_j - \theta_0).

    All rows of all sources are used; the weights minimise L exactly. They are absolute and never
    renormalised: boosters see small weights as small (`min_child_weight` counts them).

    The plug-in M carries the noise of few target rows: static weights then transfer too little,
    while the dynamic update feeds back on itself and pools sources completely below a critical
    ratio c of about 4. `history_` holds the ratios, and a warning names such sources.

    The guard, and where it fails, is described in the user guide. The population model of
    `guard="auto"` is :class:`sklearn_transfer.hierarchical.RandomCoefficientsRegressor`.

    References
    ----------
    .. [1] "Unified Optimization of Source Weights and Transfer Quantities in Multi-Source
           Transfer Learning: An Asymptotic Framework", arXiv:2601.10779, Theorem 5,
           Algorithm 1.

    Examples
    --------
    One source like the target, one far away:

    >>> import numpy as np
    >>> from sklearn_transfer.weighting import UOWQRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((420, 2))
    >>> domain = np.repeat(["here", "near", "far"], [20, 200, 200])
    >>> slope = np.where(domain == "far", -2.0, 1.0)
    >>> y = slope * X[:, 0] + rng.standard_normal(420)
    >>> model = UOWQRegressor(target_domain="here", guard=None).fit(X, y, sample_domain=domain)
    >>> near = model.source_domains_.tolist().index("near")
    >>> bool(model.source_coefficients_[near] > 0.8)
    True
    """
