# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The estimator of random coefficients, shared by the classifier and the regressor."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._base import BaseTransfer
from sklearn_transfer._domains import Domains
from sklearn_transfer._families import TargetSample
from sklearn_transfer._sklearn import Interval
from sklearn_transfer._weighted_fit import FittedModel, weight_keyword
from sklearn_transfer._weighted_refit import fit_alone
from sklearn_transfer.hierarchical._population_fit import (
    Settings,
    check_probabilistic,
    fit_population,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[Any]


class BaseRandomCoefficients(BaseTransfer):
    """A base model of all rows, and coefficients that vary between domains."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransfer._parameter_constraints,
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "shrinkage": [Interval(Real, 0, None, closed="left")],
        "most_columns": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        target_domain: Any = None,
        domain_column: Any = None,
        n_folds: int = 5,
        shrinkage: float = 4.0,
        most_columns: int = 250,
        n_jobs: int | None = None,
        random_state: Any = None,
    ):
        self.estimator = estimator
        self.target_domain = target_domain
        self.domain_column = domain_column
        self.n_folds = n_folds
        self.shrinkage = shrinkage
        self.most_columns = most_columns
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit(self, X: Any, y: NDArray[Any], sample_weight: Array | None, domains: Domains) -> None:
        """The population of domains, and the target's posterior in it."""
        estimator = self._inner()
        classes = np.unique(y) if is_classifier(self) else None
        sample = TargetSample(X, y, sample_weight, classes, domains.groups)
        self._n_samples = domains.totals(sample_weight)[1:]
        if domains.n_sources == 0:
            self.spread_ = np.empty(0)
            self.group_correlation_ = np.nan
            self.candidates_ = {"spread_factor": np.empty(0), "level_factor": np.empty(0)}
            self.candidate_weights_ = np.empty(0)
            self.source_weights_ = np.zeros(0)
            self.transfer_quantity_ = 0.0
            self._keep_model(fit_alone(estimator, sample, 0.2, 0))
            return
        if sample_weight is not None:
            weight_keyword(estimator)
        check_probabilistic(estimator, classes)
        settings = Settings(
            n_folds=self.n_folds,
            shrinkage=self.shrinkage,
            most_columns=self.most_columns,
            n_jobs=self.n_jobs,
            seed=int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max)),
        )
        found = fit_population(estimator, sample, domains, settings)
        assert found is not None
        self.spread_ = found.spread
        self.group_correlation_ = found.group_correlation
        candidates = found.mixture.candidates
        self.candidate_weights_ = found.mixture.weights
        self.candidates_ = {
            "spread_factor": np.array([c.spread_factor for c in candidates]),
            "level_factor": np.array([c.level_factor for c in candidates]),
        }
        self.transfer_quantity_ = float(found.worth.sum())
        self.source_weights_ = found.worth / self._n_samples
        self._keep_model(FittedModel(found.mixture.believed(), found.mixture.classes))

    def to_frame(self) -> pd.DataFrame:
        """Table of the sources for people.

        Returns
        -------
        frame : DataFrame
            One row per source: `domain`, `rows` (N_i), `weight` (worth per row) and `worth` (the
            target rows' worth of information that the source adds to the prior).
        """
        import pandas as pd

        check_is_fitted(self)
        return pd.DataFrame(
            {
                "domain": self.source_domains_,
                "rows": self._n_samples,
                "weight": self.source_weights_,
                "worth": self.source_weights_ * self._n_samples,
            }
        )
