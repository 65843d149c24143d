# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's checks without domains, where every class is its inner estimator."""

from __future__ import annotations

from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_transfer.ensemble import (
    ARTClassifier,
    ARTRegressor,
    DirectTransferClassifier,
    DirectTransferRegressor,
    SourceDetectionClassifier,
    SourceDetectionRegressor,
)
from sklearn_transfer.weighting._otqms import OTQMSClassifier, OTQMSRegressor


@parametrize_with_checks(
    [
        ARTClassifier(),
        ARTClassifier(estimators=[("logistic", LogisticRegression())]),
        ARTRegressor(),
        DirectTransferClassifier(),
        DirectTransferClassifier(strategy="augment"),
        DirectTransferRegressor(strategy="balanced"),
        SourceDetectionClassifier(),
        SourceDetectionRegressor(),
        OTQMSClassifier(),
        OTQMSRegressor(),
    ]
)
def test_scikit_learn_check(estimator, check):
    check(estimator)
