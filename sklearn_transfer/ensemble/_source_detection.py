# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Source detection: keep the sources that do no harm, pool them, correct on the target."""

from __future__ import annotations

from sklearn_transfer._base import BaseTransferClassifier, BaseTransferRegressor
from sklearn_transfer.ensemble._source_detection_base import BaseSourceDetection


class SourceDetectionClassifier(BaseSourceDetection, BaseTransferClassifier):
    r"""Classifier on the target and on those sources that do no harm to it.

    A source is kept if models fitted on target and source predict held-out rows of the target
    about as well as models fitted on the target alone [1]_. The kept sources are pooled with the
    target, and a second stage corrects the pooled model on the target's rows.

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
    n_folds : int, default=3
        Folds of the target's rows. Detection costs `n_folds` fits per source.
    n_deviations : float, default=2.0
        How many standard deviations of the target-only loss over the folds a source's loss may lie
        above it.
    min_deviation : float, default=0.01
        The standard deviation counts as this much at least, in units of log-loss.
    debias : {"auto", "linear", "level"} or None, default="auto"
        The second stage. "linear" fits a penalised difference of coefficients (and the level) on
        top of a pooled linear model, "level" shifts the level of any model, and None leaves the
        pooled model as it is. "auto" is "linear" for logistic regression, bare or last in a
        Pipeline, else "level". Cross-validation on the target's rows chooses the penalty and
        whether there is a correction at all.
    validation_fraction : float, default=0.2
        Share of the target's rows held out where an inner XGBoost model stops early.
    n_jobs : int, default=None
        Number of fits run at once. The result does not depend on it.
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
        1 for a source that is kept, else 0.
    kept_ : ndarray of bool of shape (n_sources,)
        Which sources are kept.
    losses_ : ndarray of shape (n_sources,)
        Mean log-loss on held-out rows of the target, fitted with each source.
    target_only_loss_ : float
        The same, fitted on the target alone.
    threshold_ : float
        Greatest loss that is kept.
    estimator_ : estimator
        The fitted inner estimator, its coefficients corrected; or a wrapper that shifts its level.
    classes_ : ndarray of shape (n_classes,)
        Union of the classes of target and sources.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    SourceDetectionRegressor : The same for regression.
    ARTClassifier : Averages the candidates instead of choosing among them.
    sklearn_transfer.weighting.UOWQClassifier : Pools with one optimal weight per source.

    Notes
    -----
    With the mean losses :math:`\ell_k` over the folds of the fits on target and source k
    (k = 0: the target alone), source k is kept if

    .. math::

        \ell_k \le \ell_0 + c \, \max(\hat\sigma_0, m),

    :math:`\hat\sigma_0` being the standard deviation of the target-only loss over the folds,
    c = `n_deviations` and m = `min_deviation`. The rule errs on the side of keeping: with few
    target rows :math:`\hat\sigma_0` is large and harmful sources pass.

    The "linear" stage adds to the pooled coefficients a difference :math:`\delta` fitted on the
    target with the pooled predictor as offset, under a ridge penalty, or the inner estimator's
    mixture with absolute values. Departing from [1]_, no correction and a correction of the level
    alone are among the candidates of its cross-validation. Without sources, or where none is kept,
    the fit is the target-only one. The "level" stage costs `n_folds` more fits of the pooled model,
    because flexible models fit their own rows too well to show a difference of level on them.

    References
    ----------
    .. [1] Y. Tian, Y. Feng, "Transfer Learning under High-dimensional Generalized Linear Models",
           Journal of the American Statistical Association 118, 2023, Algorithms 1 and 2.

    Examples
    --------
    One source like the target, one opposed to it:

    >>> import numpy as np
    >>> from sklearn_transfer.ensemble import SourceDetectionClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((400, 3))
    >>> domain = np.repeat(["here", "like", "opposed"], [100, 150, 150])
    >>> sign = np.where(domain == "opposed", -1.0, 1.0)
    >>> y = (sign * X[:, 0] + 0.5 * rng.standard_normal(400) > 0).astype(int)
    >>> model = SourceDetectionClassifier(target_domain="here", random_state=0)
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.to_frame()[["domain", "kept"]]
        domain   kept
    0     like   True
    1  opposed  False
    """


class SourceDetectionRegressor(BaseSourceDetection, BaseTransferRegressor):
    r"""Regressor on the target and on those sources that do no harm to it.

    A source is kept if models fitted on target and source predict held-out rows of the target
    about as well as models fitted on the target alone [1]_. The kept sources are pooled with the
    target, and a second stage corrects the pooled model on the target's rows.

    Parameters
    ----------
    estimator : regressor or None, default=None
        Inner estimator. None stands for `Ridge()`. Pipelines, grid searches and
        XGBoost are welcome; it need not accept `sample_weight`; its parameters stay as given.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    n_folds : int, default=3
        Folds of the target's rows. Detection costs `n_folds` fits per source.
    n_deviations : float, default=2.0
        How many standard deviations of the target-only loss over the folds a source's loss may lie
        above it.
    min_deviation : float, default=0.01
        The standard deviation counts as this much at least, in units of the variance of the
        target's y.
    debias : {"auto", "linear", "level"} or None, default="auto"
        The second stage. "linear" fits a penalised difference of coefficients (and the level) on
        top of a pooled linear model, "level" shifts the level of any model, and None leaves the
        pooled model as it is. "auto" is "linear" for least squares and generalised linear models,
        bare or last in a Pipeline, else "level". Cross-validation on the target's rows chooses the
        penalty and whether there is a correction at all.
    validation_fraction : float, default=0.2
        Share of the target's rows held out where an inner XGBoost model stops early.
    n_jobs : int, default=None
        Number of fits run at once. The result does not depend on it.
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
        1 for a source that is kept, else 0.
    kept_ : ndarray of bool of shape (n_sources,)
        Which sources are kept.
    losses_ : ndarray of shape (n_sources,)
        Mean squared error on held-out rows of the target, fitted with each source, in
        units of the variance of the target's y.
    target_only_loss_ : float
        The same, fitted on the target alone.
    threshold_ : float
        Greatest loss that is kept.
    estimator_ : estimator
        The fitted inner estimator, its coefficients corrected; or a wrapper that shifts its level.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    SourceDetectionClassifier : The same for classification.
    ARTRegressor : Averages the candidates instead of choosing among them.
    sklearn_transfer.weighting.UOWQRegressor : Pools with one optimal weight per source.

    Notes
    -----
    With the mean losses :math:`\ell_k` over the folds of the fits on target and source k
    (k = 0: the target alone), source k is kept if

    .. math::

        \ell_k \le \ell_0 + c \, \max(\hat\sigma_0, m),

    :math:`\hat\sigma_0` being the standard deviation of the target-only loss over the folds,
    c = `n_deviations` and m = `min_deviation`. The rule errs on the side of keeping: with few
    target rows :math:`\hat\sigma_0` is large and harmful sources pass.

    The "linear" stage adds to the pooled coefficients a difference :math:`\delta` fitted on the
    target with the pooled predictor as offset, under a ridge penalty, or the inner estimator's
    mixture with absolute values. Departing from [1]_, no correction and a correction of the level
    alone are among the candidates of its cross-validation. Without sources, or where none is kept,
    the fit is the target-only one. The "level" stage costs `n_folds` more fits of the pooled model,
    because flexible models fit their own rows too well to show a difference of level on them.

    References
    ----------
    .. [1] Y. Tian, Y. Feng, "Transfer Learning under High-dimensional Generalized Linear Models",
           Journal of the American Statistical Association 118, 2023, Algorithms 1 and 2.

    Examples
    --------
    One source like the target, one opposed to it:

    >>> import numpy as np
    >>> from sklearn_transfer.ensemble import SourceDetectionRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((400, 3))
    >>> domain = np.repeat(["here", "like", "opposed"], [100, 150, 150])
    >>> sign = np.where(domain == "opposed", -1.0, 1.0)
    >>> y = sign * X[:, 0] + 0.5 * rng.standard_normal(400)
    >>> model = SourceDetectionRegressor(target_domain="here", random_state=0)
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.to_frame()[["domain", "kept"]]
        domain   kept
    0     like   True
    1  opposed  False
    """
