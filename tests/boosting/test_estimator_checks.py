# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's own checks, which never pass domains: all rows are the target's."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_transfer.boosting import (
    DynamicTrAdaBoostClassifier,
    MultiSourceTrAdaBoostClassifier,
    TrAdaBoostClassifier,
    TrAdaBoostRegressor,
    TwoStageTrAdaBoostRegressor,
)


@parametrize_with_checks(
    [
        DynamicTrAdaBoostClassifier(n_estimators=3, random_state=0),
        MultiSourceTrAdaBoostClassifier(n_estimators=3, random_state=0),
        TrAdaBoostClassifier(n_estimators=3, random_state=0),
        TrAdaBoostRegressor(n_estimators=3, random_state=0),
        TwoStageTrAdaBoostRegressor(n_estimators=2, n_steps=2, n_folds=2, random_state=0),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
