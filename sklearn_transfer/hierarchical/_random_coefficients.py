# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Random coefficients: the target as one more draw from the population of domains."""

from __future__ import annotations

from sklearn_transfer._base import BaseTransferClassifier, BaseTransferRegressor
from sklearn_transfer.hierarchical._base import BaseRandomCoefficients


class RandomCoefficientsClassifier(BaseRandomCoefficients, BaseTransferClassifier):
    r"""Classifier whose coefficients are draws from a population of domains.

    How much the sources differ from each other says how much the target may differ from them. That
    spread, estimated from the sources, decides how far the target's few rows move its coefficients
    away from the common ones: an empirical-Bayes answer between pooling all domains and leaving the
    target alone.

    Parameters
    ----------
    estimator : classifier or None, default=None
        Inner estimator. None stands for `LogisticRegression()`. A logistic model, bare or last in a
        Pipeline, is replaced by its own likelihood, with its penalty on the coefficients that all
        domains share; any other estimator predicts the part that all domains share.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    n_folds : int, default=5
        Folds from which an inner estimator that is not linear predicts its own training rows.
    shrinkage : float, default=4.0
        Sources' worth of belief that the slopes of all columns spread alike between domains.
    most_columns : int, default=250
        Where the table has more columns (after encoding categories; times the number of classes
        if that is more than two), the inner estimator is fitted to all domains, and what varies
        between them are the level, the slope of its prediction, and slopes of at most 75 leading
        principal components. With 0 no column or component varies.
    n_jobs : int, default=None
        Number of folds fitted at once. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Of the folds. The inner estimator has its own.

    Attributes
    ----------
    target_domain_ : hashable
        The domain learnt for; None where no domains were given.
    source_domains_ : ndarray of shape (n_sources,)
        Labels of the sources: sorted if they sort, else by first appearance.
    source_weights_ : ndarray of shape (n_sources,)
        Target rows' worth of information that one row of each source brings.
    transfer_quantity_ : float
        Target rows' worth of the prior: what all sources bring.
    spread_ : ndarray of shape (n_coefficients,)
        Estimated variances of the coefficients between sources, for standardised columns.
    group_correlation_ : float
        How alike two rows of a group are beyond what the columns say, 0 to 1; NaN without groups.
    candidates_ : dict of ndarray
        "spread_factor" and "level_factor" of every prior that was tried, of shape (n_candidates,).
    candidate_weights_ : ndarray of shape (n_candidates,)
        Their posterior weights.
    estimator_ : estimator
        The fitted model of the target, a mixture over the candidates.
    classes_ : ndarray of shape (n_classes,)
        Union of the classes of target and sources.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    RandomCoefficientsRegressor : The same for regression.
    sklearn_transfer.weighting.UOWQClassifier : One weight per source instead of one prior for all.

    Notes
    -----
    The linear predictor of a row x of domain i is ``f(x) + theta_i' z(x)``: the inner estimator's
    f (0 for linear ones), and a correction that is linear in standardised columns z - a constant,
    f itself, and the table's own - with coefficients

    .. math:: \theta_i \sim N(\mu, D), \quad D = \operatorname{diag}(\tau^2).

    D comes from the sources, by restricted maximum likelihood [1]_; the target's coefficients get
    the posterior under ``N(mu, D + cov(mu))`` [2]_. A spread of 0 pools all domains with one
    intercept each, an infinite one leaves the target alone. D is scaled by factors from 0.03 to
    300, the levels' part apart; the candidates are averaged by their marginal likelihood, that of
    the target's rows in full and that of the sources to the power ``1 / sqrt(p)``. No target row is
    held out. For a classifier the average runs over probabilities, so that rows about which the
    coefficients say little are drawn towards even odds.

    It is no method of the papers that this package implements, and experimental.

    References
    ----------
    .. [1] N. M. Laird, J. H. Ware, "Random-effects models for longitudinal data", Biometrics 38,
           1982.
    .. [2] B. Efron, C. Morris, "Data analysis using Stein's estimator and its generalizations",
           Journal of the American Statistical Association 70, 1975.

    Examples
    --------
    Twenty rows of one hospital; three others have more:

    >>> import numpy as np
    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_transfer.datasets import load_heart_hospitals
    >>> from sklearn_transfer.hierarchical import RandomCoefficientsClassifier
    >>> X, y, hospital = load_heart_hospitals(return_X_y=True, as_frame=False)
    >>> few = np.flatnonzero(hospital == "hungary")[:20]
    >>> rows = np.append(few, np.flatnonzero(hospital != "hungary"))
    >>> inner = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    >>> model = RandomCoefficientsClassifier(inner, target_domain="hungary")
    >>> model = model.fit(X[rows], y[rows], sample_domain=hospital[rows])
    >>> model.predict_proba(X[few]).shape
    (20, 2)
    """


class RandomCoefficientsRegressor(BaseRandomCoefficients, BaseTransferRegressor):
    r"""Regressor whose coefficients are draws from a population of domains.

    How much the sources differ from each other says how much the target may differ from them. That
    spread, estimated from the sources, decides how far the target's few rows move its coefficients
    away from the common ones: an empirical-Bayes answer between pooling all domains and leaving the
    target alone.

    Parameters
    ----------
    estimator : regressor or None, default=None
        Inner estimator. None stands for `Ridge()`. A (generalised) linear model, bare or last in a
        Pipeline, is replaced by its own likelihood, with its penalty on the coefficients that all
        domains share; any other estimator predicts the part that all domains share.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    n_folds : int, default=5
        Folds from which an inner estimator that is not linear predicts its own training rows.
    shrinkage : float, default=4.0
        Sources' worth of belief that the slopes of all columns spread alike between domains.
    most_columns : int, default=250
        Where the table has more columns (after encoding categories; times the number of classes
        if that is more than two), the inner estimator is fitted to all domains, and what varies
        between them are the level, the slope of its prediction, and slopes of at most 75 leading
        principal components. With 0 no column or component varies.
    n_jobs : int, default=None
        Number of folds fitted at once. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Of the folds. The inner estimator has its own.

    Attributes
    ----------
    target_domain_ : hashable
        The domain learnt for; None where no domains were given.
    source_domains_ : ndarray of shape (n_sources,)
        Labels of the sources: sorted if they sort, else by first appearance.
    source_weights_ : ndarray of shape (n_sources,)
        Target rows' worth of information that one row of each source brings.
    transfer_quantity_ : float
        Target rows' worth of the prior: what all sources bring.
    spread_ : ndarray of shape (n_coefficients,)
        Estimated variances of the coefficients between sources, for standardised columns.
    group_correlation_ : float
        How alike two rows of a group are beyond what the columns say, 0 to 1; NaN without groups.
    candidates_ : dict of ndarray
        "spread_factor" and "level_factor" of every prior that was tried, of shape (n_candidates,).
    candidate_weights_ : ndarray of shape (n_candidates,)
        Their posterior weights.
    estimator_ : estimator
        The fitted model of the target, a mixture over the candidates.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    RandomCoefficientsClassifier : The same for classification.
    sklearn_transfer.weighting.UOWQRegressor : One weight per source instead of one prior for all.

    Notes
    -----
    The linear predictor of a row x of domain i is ``f(x) + theta_i' z(x)``: the inner estimator's
    f (0 for linear ones), and a correction that is linear in standardised columns z - a constant,
    f itself, and the table's own - with coefficients

    .. math:: \theta_i \sim N(\mu, D), \quad D = \operatorname{diag}(\tau^2).

    D comes from the sources, by restricted maximum likelihood [1]_; the target's coefficients get
    the posterior under ``N(mu, D + cov(mu))`` [2]_. A spread of 0 pools all domains with one
    intercept each, an infinite one leaves the target alone. D is scaled by factors from 0.03 to
    300, the levels' part apart; the candidates are averaged by their marginal likelihood, that of
    the target's rows in full and that of the sources to the power ``1 / sqrt(p)``. No target row is
    held out. For a classifier the average runs over probabilities, so that rows about which the
    coefficients say little are drawn towards even odds.

    It is no method of the papers that this package implements, and experimental.

    References
    ----------
    .. [1] N. M. Laird, J. H. Ware, "Random-effects models for longitudinal data", Biometrics 38,
           1982.
    .. [2] B. Efron, C. Morris, "Data analysis using Stein's estimator and its generalizations",
           Journal of the American Statistical Association 70, 1975.

    Examples
    --------
    Domains whose slopes scatter around 1:

    >>> import numpy as np
    >>> from sklearn_transfer.hierarchical import RandomCoefficientsRegressor
    >>> rng = np.random.default_rng(0)
    >>> domain = np.repeat(np.arange(9), [10] + 8 * [100])
    >>> slope = 1 + 0.1 * rng.standard_normal(9)
    >>> X = rng.standard_normal((len(domain), 1))
    >>> y = slope[domain] * X[:, 0] + domain + rng.standard_normal(len(domain))
    >>> model = RandomCoefficientsRegressor(target_domain=0).fit(X, y, sample_domain=domain)
    >>> learnt = model.predict([[1.0]]) - model.predict([[0.0]])
    >>> bool(abs(learnt[0] - slope[0]) < 0.3)
    True
    """
