# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""ART: an average of the target-only fit and one pooled fit per source."""

from __future__ import annotations

from sklearn_transfer._base import BaseTransferClassifier, BaseTransferRegressor
from sklearn_transfer.ensemble._art_base import BaseART


class ARTClassifier(BaseART, BaseTransferClassifier):
    r"""Classifier that averages the target-only fit and one pooled fit per source.

    Adaptive and robust transfer [1]_: the candidates are the fit on the target alone and, for every
    source, the fit on target and source together. Each gets a weight by its loss on held-out
    halves of the target, so that a harmful source loses its vote.

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
    estimators : list of (str, estimator), default=None
        Several inner estimators instead of one (ART-I-AM): every one is fitted on the target alone
        and with each source, and all candidates are averaged together.
    rate : float or "likelihood", default="likelihood"
        How fast weights fall with the loss. "likelihood" weighs a candidate by the likelihood of
        all held-out rows. A float multiplies the mean loss of a held-out row; 1.0 is what the
        authors' R package does, 0.0 gives equal weights.
    max_splits : int, default=100
        Greatest number of random halves of the target. Each costs one fit per candidate.
    tol : float, default=1e-06
        Splitting ends when another split moves the averaged weights by less than this (squared
        Euclidean distance), but not before ten splits.
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
        Sum of the weights of the candidates that were fitted with the source.
    candidates_ : list of (str, hashable)
        Learner and source of each candidate, the source None for the target alone. Without
        `estimators` the learner's name is "estimator".
    candidate_weights_ : ndarray of shape (n_candidates,)
        Weights averaged over the splits; they sum to 1.
    candidate_losses_ : ndarray of shape (n_candidates,)
        Losses averaged over the splits; NaN where nothing was split.
    n_splits_ : int
        Number of splits averaged; 0 where there is one candidate only.
    estimators_ : list of estimator
        The candidates, fitted on the whole target, with their source.
    estimator_ : estimator
        The weighted average of the candidates.
    classes_ : ndarray of shape (n_classes,)
        Union of the classes of target and sources.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    ARTRegressor : The same for regression.
    SourceDetectionClassifier : Pools the sources that do no harm, by the same kind of comparison.
    sklearn_transfer.weighting.UOWQClassifier : One fit, with one optimal weight per source.

    Notes
    -----
    In split r, candidate k is fitted on one random half, dealt out by class, of the target with
    source k and has on the other half the mean loss :math:`\ell_k^{(r)}`: the deviance,
    :math:`-2 \log p`, with p clipped to [1e-5, 1 - 1e-5]. With the rate :math:`\lambda`,

    .. math::

        W_k = \frac{1}{R} \sum_{r=1}^R
              \frac{e^{-\lambda \ell_k^{(r)}}}{\sum_j e^{-\lambda \ell_j^{(r)}}}, \quad
        f = \sum_k W_k f_k,

    where :math:`f_k` is fitted on the whole target and source k, and f averages
    probabilities.
    "likelihood" sets :math:`\lambda = n/2` for n held-out rows: weights in
    proportion to the likelihood.

    Where this differs from the authors' R package: the averaged weights predict, not those of the
    last split; they are computed without underflow; halves are dealt out evenly by class. The
    default rate differs, too: the mean loss at rate 1 gives a candidate with a deviance greater by
    0.29 three quarters of the vote of the best however many rows say so, and then ART does not
    protect against harmful sources.

    A half with one class only stands for smoothed class shares. Candidates are compared on half of
    the target's rows, where the target-only fit is weaker than on all of them: ART leans towards
    the sources. Sources enter one at a time; where each helps a little, pooling several does more.

    References
    ----------
    .. [1] B. Wang, Y. Wu, C. Ye, "The ART of transfer learning: An adaptive and robust pipeline",
           Stat 12(1), e582, 2023, arXiv:2305.00520.

    Examples
    --------
    One source like the target, one opposed to it:

    >>> import numpy as np
    >>> from sklearn_transfer.ensemble import ARTClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((340, 3))
    >>> domain = np.repeat(["here", "like", "opposed"], [40, 150, 150])
    >>> sign = np.where(domain == "opposed", -1.0, 1.0)
    >>> y = (sign * X[:, 0] + 0.5 * rng.standard_normal(340) > 0).astype(int)
    >>> model = ARTClassifier(target_domain="here", max_splits=20, random_state=0)
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.to_frame()[["domain", "weight"]].round(1)
        domain  weight
    0     like     0.7
    1  opposed     0.0
    """


class ARTRegressor(BaseART, BaseTransferRegressor):
    r"""Regressor that averages the target-only fit and one pooled fit per source.

    Adaptive and robust transfer [1]_: the candidates are the fit on the target alone and, for every
    source, the fit on target and source together. Each gets a weight by its loss on held-out
    halves of the target, so that a harmful source loses its vote.

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
    estimators : list of (str, estimator), default=None
        Several inner estimators instead of one (ART-I-AM): every one is fitted on the target alone
        and with each source, and all candidates are averaged together.
    rate : float or "likelihood", default="likelihood"
        How fast weights fall with the loss. "likelihood" weighs a candidate by the likelihood of
        all held-out rows. A float multiplies the mean loss of a held-out row; 1.0 is what the
        authors' R package does, 0.0 gives equal weights.
    max_splits : int, default=100
        Greatest number of random halves of the target. Each costs one fit per candidate.
    tol : float, default=1e-06
        Splitting ends when another split moves the averaged weights by less than this (squared
        Euclidean distance), but not before ten splits.
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
        Sum of the weights of the candidates that were fitted with the source.
    candidates_ : list of (str, hashable)
        Learner and source of each candidate, the source None for the target alone. Without
        `estimators` the learner's name is "estimator".
    candidate_weights_ : ndarray of shape (n_candidates,)
        Weights averaged over the splits; they sum to 1.
    candidate_losses_ : ndarray of shape (n_candidates,)
        Losses averaged over the splits; NaN where nothing was split.
    n_splits_ : int
        Number of splits averaged; 0 where there is one candidate only.
    estimators_ : list of estimator
        The candidates, fitted on the whole target, with their source.
    estimator_ : estimator
        The weighted average of the candidates.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    ARTClassifier : The same for classification.
    SourceDetectionRegressor : Pools the sources that do no harm, by the same kind of comparison.
    sklearn_transfer.weighting.UOWQRegressor : One fit, with one optimal weight per source.

    Notes
    -----
    In split r, candidate k is fitted on one random half of the target with source k and
    has on the other half the mean loss :math:`\ell_k^{(r)}`: the squared error in
    units of the variance of the target's y. With the rate :math:`\lambda`,

    .. math::

        W_k = \frac{1}{R} \sum_{r=1}^R
              \frac{e^{-\lambda \ell_k^{(r)}}}{\sum_j e^{-\lambda \ell_j^{(r)}}}, \quad
        f = \sum_k W_k f_k,

    where :math:`f_k` is fitted on the whole target and source k, and f averages values.
    "likelihood" sets :math:`\lambda = n / (2 \min_j \ell_j)` for n held-out rows: weights in
    proportion to a Gaussian likelihood whose noise the best candidate tells.

    Where this differs from the authors' R package: the averaged weights predict, not those of the
    last split; they are computed without underflow and do not depend on the unit of y; halves are
    dealt out evenly. The default rate differs, too: the mean loss at rate 1 gives a candidate with
    an error greater by 0.29 variances three quarters of the vote of the best however many rows say
    so, and then ART does not protect against harmful sources.

    Candidates are compared on half of the target's rows, where the target-only fit is weaker than
    on all of them: ART leans towards the sources. Sources enter one at a time; where each helps a
    little, pooling several does more.

    References
    ----------
    .. [1] B. Wang, Y. Wu, C. Ye, "The ART of transfer learning: An adaptive and robust pipeline",
           Stat 12(1), e582, 2023, arXiv:2305.00520.

    Examples
    --------
    One source like the target, one opposed to it:

    >>> import numpy as np
    >>> from sklearn_transfer.ensemble import ARTRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((340, 3))
    >>> domain = np.repeat(["here", "like", "opposed"], [40, 150, 150])
    >>> sign = np.where(domain == "opposed", -1.0, 1.0)
    >>> y = sign * X[:, 0] + 0.5 * rng.standard_normal(340)
    >>> model = ARTRegressor(target_domain="here", max_splits=20, random_state=0)
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.to_frame()[["domain", "weight"]].round(1)
        domain  weight
    0     like     0.8
    1  opposed     0.0
    """
