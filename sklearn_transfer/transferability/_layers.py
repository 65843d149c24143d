# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Which layer of a model to transfer, and to which task: one call each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from sklearn_transfer._math.correlation import ROWS_PER_FEATURE
from sklearn_transfer._sklearn import HasMethods, StrOptions, _num_samples, validate_params
from sklearn_transfer.transferability._features import (
    RESPONSE_METHODS,
    choose_response,
    hidden_layers,
    last_step,
    model_features,
)
from sklearn_transfer.transferability._h_score import h_score
from sklearn_transfer.transferability._inputs import check_outputs, check_weight
from sklearn_transfer.transferability._leaves import (
    greatest_depth,
    has_leaves,
    leaf_embedding,
    n_boosting_rounds,
)
from sklearn_transfer.transferability._source_scores import (
    OF_FEATURES,
    SHRINKAGES,
    median_shrinkage,
    score_outcome,
    source_score,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _LayerScores:
    """Scores of the layers of one model; `best` names the best, `transform` gives its features."""

    layers: tuple[str, ...]
    scores: Array
    n_features: NDArray[np.intp]
    shrinkage: float | str | None
    _outputs: Mapping[str, Callable[[Any], Any]] = field(repr=False)

    @property
    def best(self) -> str:
        """Name of the layer of the greatest score, the first of equals."""
        return self.layers[int(np.argmax(self.scores))]

    def transform(self, X: Any, layer: str | None = None) -> Any:
        """Features of rows by the best layer, or by a named one."""
        name = self.best if layer is None else layer
        if name not in self._outputs:
            raise ValueError(f"`layer` must be one of {self.layers}. Got {name!r} instead.")
        return self._outputs[name](X)

    def to_frame(self) -> pd.DataFrame:
        """One row per layer: `layer`, `score`, `n_features`, `best`."""
        import pandas as pd

        return pd.DataFrame(
            {
                "layer": self.layers,
                "score": self.scores,
                "n_features": self.n_features,
                "best": [name == self.best for name in self.layers],
            }
        )


@dataclass(frozen=True)
class _TaskScores:
    """Scores of one model for several tasks; `best` names the task that it serves best."""

    tasks: tuple[Hashable, ...]
    scores: Array
    h_scores: Array
    n_samples: NDArray[np.intp]
    n_classes: NDArray[np.intp]
    shrinkage: float | str | None

    @property
    def best(self) -> Hashable:
        """Name of the task of the greatest score, the first of equals."""
        return self.tasks[int(np.argmax(self.scores))]

    def to_frame(self) -> pd.DataFrame:
        """One row per task: `task`, `score`, `h_score`, `n_samples`, `n_classes`, `best`."""
        import pandas as pd

        return pd.DataFrame(
            {
                "task": list(self.tasks),
                "score": self.scores,
                "h_score": self.h_scores,
                "n_samples": self.n_samples,
                "n_classes": self.n_classes,
                "best": [name == self.best for name in self.tasks],
            }
        )


@validate_params(
    {
        "estimator": [HasMethods("fit")],
        "scoring": [StrOptions(set(OF_FEATURES)), callable],
        "shrinkage": SHRINKAGES,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def layer_transferability(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    scoring: str | Callable[..., float] = "h_score",
    shrinkage: float | str | None = "auto",
    sample_weight: Any = None,
    random_state: Any = None,
) -> _LayerScores:
    """Score every layer of a fitted source model as a representation of the target.

    Parameters
    ----------
    estimator : estimator
        Fitted on the source: a multi-layer perceptron, tree, forest or boosted model, XGBoost
        among them; a Pipeline or search that ends in one.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows of the target.
    y : array-like of shape (n_samples,)
        Labels of the target, or continuous measurements.
    scoring : {"h_score", "logme", "linear_probe"} or callable, default="h_score"
        As in :class:`HScoreSelector`: the H-score is adjusted for chance.
    shrinkage : {"auto", "ledoit-wolf"}, float in [0, 1) or None, default="auto"
        Of the H-score. "auto" decides once for all layers: none if the widest has four rows per
        feature, otherwise the median of Ledoit and Wolf's intensities of the standardised layers.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; a weight of 2 is a row that is there twice.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds of the linear probe.

    Returns
    -------
    result : object
        `layers`, `scores`, `n_features`, `shrinkage` as used, `best`, the name of the best layer;
        `transform(X, layer=None)` gives its features of any rows, `to_frame()` a table.

    See Also
    --------
    HScoreSelector : Which of several sources to take.
    target_transferability : Which of several tasks to serve.

    Notes
    -----
    Layers are, for a perceptron, the input as its first layer sees it, each hidden layer, and the
    output; for trees, the nodes at which the trees stand when cut at depth 1, 2, 4, ... and at
    their full depth; for boosted models also the leaves of the first 1, 2, 4, ... and of all
    rounds. Lower layers know less of the source's task, and may know more of the target's.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
           Learning", ICIP 2019, arXiv:2212.10082, section 4.

    Examples
    --------
    Digits told apart as small or large; what of it helps to tell them one by one?

    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import GradientBoostingClassifier
    >>> from sklearn_transfer.transferability import layer_transferability
    >>> X, y = load_digits(return_X_y=True)
    >>> source = GradientBoostingClassifier(n_estimators=8, random_state=0)
    >>> source = source.fit(X[:900], y[:900] >= 5)
    >>> found = layer_transferability(source, X[900:], y[900:])
    >>> found.best
    'depth_3'
    >>> found.transform(X).shape
    (1797, 62)
    """
    check_is_fitted(estimator)
    outputs = _layers(estimator)
    features = [output(X) for output in outputs.values()]
    weight = check_weight(sample_weight, X)
    labels, regression = _labels(y, X)
    if len(np.unique(labels if weight is None else labels[weight > 0])) < 2:
        raise ValueError(
            f"`y` must have at least two {'values' if regression else 'classes'}. Got one instead; "
            "nothing is to be told apart."
        )
    score, used = source_score(
        scoring,
        [],
        features,
        X,
        labels,
        sample_weight=weight,
        regression=regression,
        shrinkage=shrinkage,
        random_state=random_state,
    )
    return _LayerScores(
        tuple(outputs),
        np.array([score((number,)) for number in range(len(features))]),
        np.array([block.shape[1] for block in features]),
        used,
        outputs,
    )


@validate_params(
    {
        "estimator": [HasMethods("fit")],
        "tasks": [Mapping],
        "response_method": [StrOptions(set(RESPONSE_METHODS))],
        "shrinkage": SHRINKAGES,
    },
    prefer_skip_nested_validation=True,
)
def target_transferability(
    estimator: Any,
    tasks: Mapping[Hashable, Any],
    *,
    response_method: str = "auto",
    shrinkage: float | str | None = "auto",
) -> _TaskScores:
    r"""Score a fitted source model for each of several target tasks.

    Parameters
    ----------
    estimator : estimator
        Fitted on the source.
    tasks : mapping
        Name of the task -> ``(X, y)``, its labelled rows; X may be the same for all. Continuous
        y are measurements and are quantised.
    response_method : str, default="auto"
        What the model says of a row, as in :class:`HScoreSelector`.
    shrinkage : {"auto", "ledoit-wolf"}, float in [0, 1) or None, default="auto"
        Of the H-score. "auto" decides once for all tasks: none if each has four rows per feature,
        otherwise the median of Ledoit and Wolf's intensities.

    Returns
    -------
    result : object
        `tasks`, `scores`, `h_scores`, `n_samples`, `n_classes`, `shrinkage` as used, `best`, the
        name of the task served best; `to_frame()` gives a table.

    See Also
    --------
    transferability : The ratio of definition 3, where optimal features are at hand.
    layer_transferability : Which layer of the model to take.

    Notes
    -----
    H-scores of tasks with different numbers of classes are not comparable. The score is

    .. math:: \frac{H}{\min(k, C - 1)} ,

    with H adjusted for chance and k features: the mean squared canonical correlation between
    features and classes, 1 where the task is a linear function of the features, and 0 on average
    where they have nothing to do with each other. A low score says that this source is of little
    use, not that the task is hard.

    References
    ----------
    .. [1] Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer
           Learning", ICIP 2019, arXiv:2212.10082, Definition 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_transfer.transferability import target_transferability
    >>> X = np.random.default_rng(0).standard_normal((300, 3))
    >>> source = LogisticRegression().fit(X[:200], X[:200, 0] + X[:200, 1] > 0)
    >>> rows = X[200:]
    >>> found = target_transferability(
    ...     source, {"near": (rows, rows[:, 0] > 0), "far": (rows, rows[:, 2] > 0)}
    ... )
    >>> found.best
    'near'
    """
    check_is_fitted(estimator)
    if not tasks:
        raise ValueError("`tasks` must hold at least one task. Got none instead.")
    response = choose_response(estimator, response_method)
    blocks, outcomes, classes = [], [], []
    for name, task in tasks.items():
        if not isinstance(task, tuple | list) or len(task) != 2:
            raise ValueError(
                f"Every value of `tasks` must be a pair (X, y). Got {type(task).__name__} for "
                f"{name!r} instead."
            )
        labels, regression = _labels(task[1], task[0])
        n_classes = len(np.unique(labels))
        if n_classes < 2:
            raise ValueError(
                "Every task must have at least two classes. Got one in the rows of "
                f"{name!r} instead; leave it out."
            )
        blocks.append(model_features(estimator, task[0], response))
        outcomes.append(score_outcome(labels, regression))
        classes.append(min(n_classes, 16) if regression else n_classes)
    used = shrinkage
    if shrinkage == "auto":
        used = 0.0
        if any(b.shape[0] < ROWS_PER_FEATURE * b.shape[1] for b in blocks):
            used, blocks = median_shrinkage(blocks, outcomes, [None] * len(blocks))
    found = [
        h_score(block, y, shrinkage=used, adjusted=True)
        for block, y in zip(blocks, outcomes, strict=True)
    ]
    bounds = [min(b.shape[1], c - 1) for b, c in zip(blocks, classes, strict=True)]
    return _TaskScores(
        tuple(tasks),
        np.array(found) / np.array(bounds),
        np.array(found),
        np.array([block.shape[0] for block in blocks]),
        np.array(classes),
        used,
    )


def _layers(estimator: Any) -> dict[str, Callable[[Any], Any]]:
    """Name of every layer -> function that gives its features of rows."""
    step, _ = last_step(estimator)
    if hasattr(step, "coefs_"):
        names = [f"hidden_{number}" for number in range(1, len(step.coefs_))]
        return {
            "input": partial(_input, estimator),
            **{name: partial(_hidden, estimator, n) for n, name in enumerate(names)},
            "output": partial(_output, estimator),
        }
    if has_leaves(step):
        rounds = n_boosting_rounds(step) or 0
        depths = {
            f"depth_{n}": partial(_leaves, estimator, depth=n) for n in _steps(greatest_depth(step))
        }
        by_round = {f"rounds_{n}": partial(_leaves, estimator, n_rounds=n) for n in _steps(rounds)}
        if depths:
            return {**depths, **by_round}
        raise ValueError(
            f"`estimator` must have a tree that splits. Got a {type(step).__name__} of lone roots "
            "instead, which knows nothing; fit it to more rows or drop it."
        )
    raise ValueError(
        "`estimator` must be a multi-layer perceptron or made of trees that tell their leaves. Got "
        f"{type(step).__name__} instead; compare such models by `HScoreSelector`."
    )


def _steps(last: int) -> list[int]:
    """1, 2, 4, ... and the last."""
    return sorted({2**n for n in range(last.bit_length())} | {last}) if last else []


def _input(estimator: Any, X: Any) -> Any:
    values = last_step(estimator, X)[1]
    return values.tocsr() if hasattr(values, "tocsr") else np.asarray(values, dtype=float)


def _hidden(estimator: Any, number: int, X: Any) -> Array:
    return hidden_layers(*last_step(estimator, X))[number]


def _output(estimator: Any, X: Any) -> Any:
    return model_features(estimator, X, "predict" if is_regressor(estimator) else "log_odds")


def _leaves(estimator: Any, X: Any, **cut: int) -> Any:
    return leaf_embedding(*last_step(estimator, X), **cut)


def _labels(y: Any, X: Any) -> tuple[NDArray[Any], bool]:
    """One column of labels or values, and which of the two."""
    if _num_samples(X) < 2:
        raise ValueError(
            f"`X` must have at least 2 rows. Got {_num_samples(X)} instead; leave such a task out."
        )
    outputs = check_outputs(y, X)
    column = outputs[:, 0]
    if outputs.shape[1] != 1:
        raise ValueError(
            f"`y` must be of shape (n_samples,). Got {outputs.shape[1]} columns instead; score "
            "one output at a time."
        )
    return column, type_of_target(column) == "continuous"
