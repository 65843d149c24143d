# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Transfer from the sources of which good is to be expected."""

from __future__ import annotations

from typing import Any

from sklearn_transfer._base import BaseTransferClassifier, BaseTransferRegressor
from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor
from sklearn_transfer.zones._base import BaseTransferZone


class TransferZoneClassifier(BaseTransferZone, BaseTransferClassifier):
    r"""Classifier that learns from the sources in the zone of positive transfer.

    Every source is scored against the target, put in the zone "positive", "ambiguous" or
    "negative" [1]_, and a learner is fitted on the target and the sources in the zones that `use`
    names. Without any it is fitted on the target alone.

    Read more in the :ref:`user guide <zones>`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        Inner estimator of `transfer`, set inside it. None leaves the one it has, which for
        `UOWQClassifier()` is `LogisticRegression()`.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    similarity : similarity measure or None, default=None
        What scores the sources: an excess error and its standard error, told by a method `zones`.
        None stands for `CrossLearningScore()` with the models of the paper, for which gaps are
        imputed and categories one-hot encoded; `estimator` gets the rows as they are.
    transfer : transfer classifier or None, default=None
        The learner that is fitted on the target and the sources in use: any of this package, with
        parameters of its own. None stands for `UOWQClassifier()`.
    use : tuple of str, default=('positive',)
        Zones whose sources the learner gets: any of "positive", "ambiguous", "negative", and
        "unscored" for sources that cannot be scored. `()` uses no source.
    positive_z : float, default=0.0
        Standard errors over the baseline up to which a source is "positive".
    negative_z : float, default=3.719
        Standard errors over the baseline above which it is "negative"; between the two it is
        "ambiguous". The default is the normal quantile of 0.9999.
    standard_error : {"folds", "losses"}, default="folds"
        Of the baseline: from the errors of the folds, as in the paper, or from the losses of the
        rows, which varies less.
    level : float, default=None
        Share of sources alike to the target that may be called negative. Instead of `negative_z`
        and `standard_error` it takes thresholds that keep this share with few rows too.
    n_jobs : int, default=None
        Number of fits run at once. The result does not depend on it.
    memory : str or object with the joblib.Memory interface, default=None
        Cache of the models of the domains: an interrupted or repeated fit goes on where it was.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    Attributes
    ----------
    target_domain_ : hashable
        The domain learnt for; None where no domains were given.
    source_domains_ : ndarray of shape (n_sources,)
        Labels of the sources: sorted if they sort, else by first appearance.
    zones_ : ndarray of shape (n_sources,)
        "positive", "ambiguous" or "negative"; "unscored" for a source that could not be scored.
    used_ : ndarray of shape (n_sources,)
        Whether the learner got the source.
    source_scores_ : ndarray of shape (n_sources,)
        Excess errors; NaN for a source that could not be scored.
    baseline_errors_ : ndarray of shape (n_sources,)
        What the scores are an excess over.
    standard_errors_ : ndarray of shape (n_sources,)
        Standard errors behind the thresholds.
    thresholds_ : ndarray of shape (n_sources, 2)
        Scores where the positive zone ends and where the negative one begins.
    source_weights_ : ndarray of shape (n_sources,)
        Weight of a row of each source in the learner; 0 for those left out, NaN where the learner
        has no weights of this kind.
    similarity_ : similarity measure
        Fitted; None where there are no sources.
    transfer_ : transfer classifier
        The learner, fitted on the rows of the target and of the sources in use.
    estimator_ : estimator
        Its fitted inner estimator of the target.
    classes_ : ndarray of shape (n_classes,)
        Union of the classes of target and sources.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    TransferZoneRegressor : The same for regression.
    sklearn_transfer.similarity.CrossLearningScore : The score, and its zones without a learner.
    sklearn_transfer.ensemble.SourceDetectionClassifier : Keeps sources by the fit with them.
    sklearn_transfer.inspection.ZoneDisplay : Draws the scores over the zones.

    Notes
    -----
    With the raw score C of a source, the mean error of its models on the target's rows and of the
    target's models on its rows, the baseline b of the own cross-validated errors and the standard
    error SE of b, a source is

    .. math::

        \text{positive if } C \le b + z_1 \mathrm{SE}, \quad
        \text{negative if } C > b + z_2 \mathrm{SE}, \quad
        \text{ambiguous between},

    where :math:`z_1` is `positive_z` and :math:`z_2` is `negative_z`. `source_scores_` are C - b
    and `thresholds_` the multiples of SE; the zones are the same either way.

    The score compares domains, not fits: it does not know how few rows the target has, and a source
    whose models are off by a little helps a small target and harms a large one. Of sources exactly
    like the target, about half are positive, since 0 is the middle of what chance gives.

    `n_jobs`, `memory` and `random_state` are handed down to parts that leave them at None. Where
    the rows of the target have one class only, no source can be scored; unless `use` is empty, all
    sources are used then, with a warning.

    References
    ----------
    .. [1] "Quantifying Data Similarity Using Cross Learning", 2025, arXiv:2510.10866, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_transfer.similarity import CrossLearningScore
    >>> from sklearn_transfer.zones import TransferZoneClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((600, 2))
    >>> domain = np.repeat(["here", "near", "reversed"], [200, 200, 200])
    >>> signal = np.where(domain == "reversed", -X[:, 0], X[:, 0])
    >>> y = signal + 0.5 * rng.standard_normal(600) > 0
    >>> model = TransferZoneClassifier(
    ...     target_domain="here",
    ...     similarity=CrossLearningScore(LogisticRegression()),
    ...     random_state=0,
    ... )
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.to_frame()[["domain", "zone", "used"]]
         domain      zone   used
    0      near  positive   True
    1  reversed  negative  False
    """

    def _default_transfer(self) -> Any:
        return UOWQClassifier()


class TransferZoneRegressor(BaseTransferZone, BaseTransferRegressor):
    r"""Regressor that learns from the sources in the zone of positive transfer.

    Every source is scored against the target, put in the zone "positive", "ambiguous" or
    "negative" [1]_, and a learner is fitted on the target and the sources in the zones that `use`
    names. Without any it is fitted on the target alone.

    Read more in the :ref:`user guide <zones>`.

    Parameters
    ----------
    estimator : regressor or None, default=None
        Inner estimator of `transfer`, set inside it. None leaves the one it has, which for
        `UOWQRegressor()` is `Ridge()`.
    target_domain : hashable, default=None
        Label of the domain to learn for. May stay None where all rows belong to one domain.
    domain_column : str or int, default=None
        Name or position of the column of X that carries the domain, instead of `sample_domain`
        in `fit`. The inner estimator does not see it, and it may be absent at prediction.
    similarity : similarity measure or None, default=None
        What scores the sources: an excess error and its standard error, told by a method `zones`.
        None stands for `CrossLearningScore()` with the models of the paper, for which gaps are
        imputed and categories one-hot encoded; `estimator` gets the rows as they are.
    transfer : transfer regressor or None, default=None
        The learner that is fitted on the target and the sources in use: any of this package, with
        parameters of its own. None stands for `UOWQRegressor()`.
    use : tuple of str, default=('positive',)
        Zones whose sources the learner gets: any of "positive", "ambiguous", "negative", and
        "unscored" for sources that cannot be scored. `()` uses no source.
    positive_z : float, default=0.0
        Standard errors over the baseline up to which a source is "positive".
    negative_z : float, default=3.719
        Standard errors over the baseline above which it is "negative"; between the two it is
        "ambiguous". The default is the normal quantile of 0.9999.
    standard_error : {"folds", "losses"}, default="folds"
        Of the baseline: from the errors of the folds, as in the paper, or from the losses of the
        rows, which varies less.
    level : float, default=None
        Share of sources alike to the target that may be called negative. Instead of `negative_z`
        and `standard_error` it takes thresholds that keep this share with few rows too.
    n_jobs : int, default=None
        Number of fits run at once. The result does not depend on it.
    memory : str or object with the joblib.Memory interface, default=None
        Cache of the models of the domains: an interrupted or repeated fit goes on where it was.
    random_state : int, RandomState instance or None, default=None
        Seed or generator of the random numbers; an int gives the same result on every call.

    Attributes
    ----------
    target_domain_ : hashable
        The domain learnt for; None where no domains were given.
    source_domains_ : ndarray of shape (n_sources,)
        Labels of the sources: sorted if they sort, else by first appearance.
    zones_ : ndarray of shape (n_sources,)
        "positive", "ambiguous" or "negative"; "unscored" for a source that could not be scored.
    used_ : ndarray of shape (n_sources,)
        Whether the learner got the source.
    source_scores_ : ndarray of shape (n_sources,)
        Excess errors; NaN for a source that could not be scored.
    baseline_errors_ : ndarray of shape (n_sources,)
        What the scores are an excess over.
    standard_errors_ : ndarray of shape (n_sources,)
        Standard errors behind the thresholds.
    thresholds_ : ndarray of shape (n_sources, 2)
        Scores where the positive zone ends and where the negative one begins.
    source_weights_ : ndarray of shape (n_sources,)
        Weight of a row of each source in the learner; 0 for those left out, NaN where the learner
        has no weights of this kind.
    similarity_ : similarity measure
        Fitted; None where there are no sources.
    transfer_ : transfer regressor
        The learner, fitted on the rows of the target and of the sources in use.
    estimator_ : estimator
        Its fitted inner estimator of the target.
    n_features_in_ : int
        Number of features of X, without the domain column.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has any.

    See Also
    --------
    TransferZoneClassifier : The same for classification.
    sklearn_transfer.similarity.CrossLearningScore : The score, and its zones without a learner.
    sklearn_transfer.ensemble.SourceDetectionRegressor : Keeps sources by the fit with them.
    sklearn_transfer.inspection.ZoneDisplay : Draws the scores over the zones.

    Notes
    -----
    With the raw score C of a source, the mean error of its models on the target's rows and of the
    target's models on its rows, the baseline b of the own cross-validated errors and the standard
    error SE of b, a source is

    .. math::

        \text{positive if } C \le b + z_1 \mathrm{SE}, \quad
        \text{negative if } C > b + z_2 \mathrm{SE}, \quad
        \text{ambiguous between},

    where :math:`z_1` is `positive_z` and :math:`z_2` is `negative_z`. `source_scores_` are C - b
    and `thresholds_` the multiples of SE; the zones are the same either way.

    The score compares domains, not fits: it does not know how few rows the target has, and a source
    whose models are off by a little helps a small target and harms a large one. Of sources exactly
    like the target, about half are positive, since 0 is the middle of what chance gives.

    `n_jobs`, `memory` and `random_state` are handed down to parts that leave them at None. Where
    the rows of the target are fewer than two, no source can be scored and the target is alone,
    unless `use` names "unscored".

    References
    ----------
    .. [1] "Quantifying Data Similarity Using Cross Learning", 2025, arXiv:2510.10866, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_transfer.similarity import CrossLearningScore
    >>> from sklearn_transfer.zones import TransferZoneRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((600, 2))
    >>> domain = np.repeat(["here", "near", "reversed"], [200, 200, 200])
    >>> signal = np.where(domain == "reversed", -X[:, 0], X[:, 0])
    >>> y = signal + 0.5 * rng.standard_normal(600)
    >>> model = TransferZoneRegressor(
    ...     target_domain="here",
    ...     similarity=CrossLearningScore(LinearRegression()),
    ...     random_state=0,
    ... )
    >>> model = model.fit(X, y, sample_domain=domain)
    >>> model.to_frame()[["domain", "zone", "used"]]
         domain      zone   used
    0      near  positive   True
    1  reversed  negative  False
    """

    def _default_transfer(self) -> Any:
        return UOWQRegressor()
