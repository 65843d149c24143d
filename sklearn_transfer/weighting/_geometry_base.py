# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What methods share that see the sources as fitted models around the target's."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_memory

from sklearn_transfer._base import BaseTransfer
from sklearn_transfer._domains import Domains
from sklearn_transfer._families import model_family
from sklearn_transfer._progress import counted
from sklearn_transfer._sklearn import Interval, StrOptions
from sklearn_transfer._warnings import warn_transfer
from sklearn_transfer._weighted_fit import FittedModel, wants_evaluation_set
from sklearn_transfer._weighted_refit import WeightedRefit, fit_alone, settings_of_fits


class BaseSourceGeometry(BaseTransfer):
    """One model per source, fitted once, and how the geometry compares them."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTransfer._parameter_constraints,
        "update": [StrOptions({"static", "dynamic"})],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "discrepancy": [StrOptions({"auto", "parametric", "functional"})],
        "bias_correction": ["boolean"],
        "source_estimators": [dict, None],
        "validation_fraction": [Interval(Real, 0.0, 1.0, closed="neither")],
        "n_jobs": [Integral, None],
        "memory": "no_validation",
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # Set by every subclass's __init__.
    update: str
    n_rounds: int
    discrepancy: str
    bias_correction: bool
    source_estimators: dict | None
    validation_fraction: float
    n_jobs: int | None
    memory: Any
    random_state: Any
    verbose: int

    def _parametric(self, refit: WeightedRefit) -> bool:
        n_classes = None if refit.classes is None else len(refit.classes)
        linear = model_family(refit.estimator, n_classes).linear
        return self.discrepancy == "parametric" or (self.discrepancy == "auto" and linear)

    def _informative_sources(self, refit: WeightedRefit, domains: Domains) -> NDArray[np.intp]:
        """Sources a model can be fitted on; one with a single class is left out by name."""
        if refit.classes is None:
            return np.arange(domains.n_sources)
        y = refit.y
        n_classes = np.array(
            [len(np.unique(y[domains.source_rows(i)])) for i in range(domains.n_sources)], dtype=int
        )
        one_class = np.flatnonzero(n_classes < 2)
        if len(one_class) and len(refit.classes) > 1:
            warn_transfer(
                "Sources with one class only tell nothing of the difference between classes and "
                f"are left out: {self.source_domains_[one_class].tolist()}. Their weight is 0.",
            )
        return np.flatnonzero(n_classes >= 2)

    def _source_models(
        self, refit: WeightedRefit, kept: NDArray[np.intp], given: dict[int, FittedModel]
    ) -> list[FittedModel]:
        """One model per source, fitted once; cached where the user gave a memory."""
        fit = check_memory(self.memory).cache(fit_alone)
        missing = [index for index in kept if index not in given]
        # A seed that decides nothing must not keep the cache from knowing the call.
        seed = refit.random_state if wants_evaluation_set(refit.estimator) else None
        fitted = Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(fit)(
                refit.estimator,
                refit.source(index),
                self.validation_fraction,
                seed,
                settings_of_fits(),
            )
            for index in missing
        )
        models = dict(zip(missing, counted(fitted, len(missing), "source models"), strict=True))
        return [given.get(index) or models[index] for index in kept]
