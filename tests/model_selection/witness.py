# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""An estimator that remembers what it was given and predicts whether it has seen a row."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._domains import index_domains, split_domain_column


class Witness(ClassifierMixin, BaseEstimator):
    """Takes domains as a transfer estimator does; predicts 1 for rows that it was trained on.

    The first column of X must tell the rows apart and the second the domains; a scaler changes
    neither.
    """

    __metadata_request__fit: ClassVar = {"sample_domain": True}

    def __init__(
        self,
        target_domain: Any = None,
        *,
        domain_column: str | int | None = None,
        tuned: int = 0,
    ) -> None:
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.tuned = tuned

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, sample_domain: Any = None
    ) -> Witness:
        """Remember the rows, and check that the labels came with the rows they belong to."""
        if self.domain_column is not None:
            X, sample_domain = split_domain_column(X, self.domain_column)
        assert sample_domain is not None, "no domains came"
        values = np.asarray(X, dtype=float)
        domains = index_domains(sample_domain, self.target_domain, len(values))
        for rows in (domains.target_rows, *map(domains.source_rows, range(domains.n_sources))):
            assert len(set(values[rows, 1])) == 1, "labels of other rows"
        self.n_target_rows_ = len(domains.target_rows)
        self.n_source_rows_ = len(values) - self.n_target_rows_
        self.seen_ = values[:, 0]
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        """Tell for each row whether it was seen."""
        check_is_fitted(self)
        if self.domain_column is not None:
            X, _ = split_domain_column(X, self.domain_column)
        return np.isin(np.asarray(X, dtype=float)[:, 0], self.seen_).astype(int)


def share_unseen(estimator: Any, X: Any, y: Any = None) -> float:
    """Score: 1.0 where no row was trained on."""
    return float(1 - estimator.predict(X).mean())
