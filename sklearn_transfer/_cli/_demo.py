# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""`demo`: what three hospitals are worth to a fourth that has few labelled patients."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_transfer._cli._console import CommandError, ProgressBar, note, say, transfer_warnings
from sklearn_transfer._cli._files import check_output, refusals

METHODS = ("target-only", "pooled", "UOWQ")
_LEAST_ROWS, _MOST_ROWS = 10, 100


@dataclass(frozen=True)
class Result:
    """What one hospital as target gave, a row per draw.

    Parameters
    ----------
    target : str
        The hospital.
    n_train, n_test : int
        Its labelled and held-out rows.
    sources : list of str
        The other hospitals.
    n_samples : ndarray of shape (n_sources,)
        Their rows.
    weights : ndarray of shape (n_splits, n_sources)
        Source weights.
    log_loss, auc : ndarray of shape (n_splits, n_methods)
        On the held-out rows, in the order of `METHODS`.
    warned : list of str
        The first warning of each draw whose UOWQ fit warned.
    """

    target: str
    n_train: int
    n_test: int
    sources: list[str]
    n_samples: NDArray[np.float64]
    weights: NDArray[np.float64]
    log_loss: NDArray[np.float64]
    auc: NDArray[np.float64]
    warned: list[str]


def run(arguments: Namespace) -> None:
    """Fit, print the comparison, draw the picture.

    Parameters
    ----------
    arguments : Namespace
        Parsed arguments.
    """
    _check(arguments)
    output = check_output(arguments.output, (".png", ".pdf", ".svg"))
    draws = "one draw" if arguments.splits == 1 else f"{arguments.splits} draws"
    say(
        f"Each hospital in turn is the target: {arguments.rows} of its patients are labelled, its "
        "others are held\nout, and the other hospitals are sources. Logistic regression on "
        f"imputed, standardised attributes;\nmeans over {draws} of the labelled patients."
    )
    results = compare_hospitals(arguments.rows, arguments.splits, arguments.seed)
    for result in results:
        _show(result)
    _summarise(results)
    for result in results:
        if result.warned:
            note(
                f"{result.target}: {len(result.warned)} of {arguments.splits} UOWQ fits warned, "
                f"the first: {result.warned[0]}"
            )
    if find_spec("matplotlib") is None:
        note('no picture without matplotlib: pip install "sklearn-transfer[plot]"')
        return
    from sklearn_transfer._cli._demo_figure import draw

    with refusals():
        draw(results, output)
    say(f"saved {output}")


def compare_hospitals(n_rows: int, n_splits: int, seed: int) -> list[Result]:
    """Target-only, pooled and UOWQ fits with each hospital as target.

    Parameters
    ----------
    n_rows : int
        Labelled rows of the target, in proportion to its classes.
    n_splits : int
        Draws of those rows.
    seed : int
        Of the draws.

    Returns
    -------
    results : list of Result
        One per hospital.
    """
    from sklearn_transfer.datasets import load_heart_hospitals
    from sklearn_transfer.model_selection import TargetShuffleSplit

    X, y, hospital = load_heart_hospitals(return_X_y=True)
    names = sorted(hospital.unique())
    results = []
    with ProgressBar(len(names) * n_splits, "fits with three sources") as bar:
        for target in names:
            splitter = TargetShuffleSplit(
                n_splits, target_domain=target, train_size=n_rows, random_state=seed
            )
            draws = []
            for train, test in splitter.split(X, y, sample_domain=hospital):
                draws.append(_one_draw(X, y, hospital, target, train, test))
                bar.step()
            models, losses, areas, warned = zip(*draws, strict=True)
            table = models[0].to_frame()
            results.append(
                Result(
                    target=target,
                    n_train=n_rows,
                    n_test=len(test),
                    sources=table["domain"].tolist(),
                    n_samples=table["rows"].to_numpy(),
                    weights=np.array([model.source_weights_ for model in models]),
                    log_loss=np.array(losses),
                    auc=np.array(areas),
                    warned=[messages[0] for messages in warned if messages],
                )
            )
    return results


def _one_draw(
    X: Any, y: Any, hospital: Any, target: str, train: NDArray[np.intp], test: NDArray[np.intp]
) -> tuple[Any, list[float], list[float], list[str]]:
    from sklearn.metrics import log_loss, roc_auc_score

    from sklearn_transfer.weighting import UOWQClassifier

    own = train[(hospital.iloc[train] == target).to_numpy()]
    uowq = UOWQClassifier(_inner(), target_domain=target, random_state=0)
    with transfer_warnings() as warned:
        uowq.fit(X.iloc[train], y.iloc[train], sample_domain=hospital.iloc[train])
    models = (
        _inner().fit(X.iloc[own], y.iloc[own]),
        _inner().fit(X.iloc[train], y.iloc[train]),
        uowq,
    )
    proba = [model.predict_proba(X.iloc[test])[:, 1] for model in models]
    return (
        uowq,
        [log_loss(y.iloc[test], p, labels=[0, 1]) for p in proba],
        [roc_auc_score(y.iloc[test], p) for p in proba],
        warned,
    )


def _inner() -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # Some hospitals never recorded an attribute; it stays, as a constant that tells nothing.
    return make_pipeline(
        SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression()
    )


def _check(arguments: Namespace) -> None:
    if not _LEAST_ROWS <= arguments.rows <= _MOST_ROWS:
        raise CommandError(
            f"--rows must be from {_LEAST_ROWS} to {_MOST_ROWS}: the smallest hospital has 123 "
            f"patients, 8 of them healthy, and some must be left to test on. Got {arguments.rows}."
        )
    if arguments.splits < 1:
        raise CommandError(f"--splits must be 1 or more. Got {arguments.splits}.")
    if not 0 <= arguments.seed < 2**32:
        raise CommandError(f"--seed must be from 0 to {2**32 - 1}. Got {arguments.seed}.")


def _show(result: Result) -> None:
    """Print one hospital: its sources on the left, the methods on the right."""
    say(f"\n{result.target}: {result.n_train} labelled, {result.n_test} held out")
    say(f"  {'source':<15}{'rows':>5}{'weight':>9}{'worth':>8}    {'method':<13}log-loss    AUC")
    weights = result.weights.mean(axis=0)
    losses, areas = result.log_loss.mean(axis=0), result.auc.mean(axis=0)
    for line in range(max(len(result.sources), len(METHODS))):
        left = right = ""
        if line < len(result.sources):
            n_rows, weight = result.n_samples[line], weights[line]
            left = f"{result.sources[line]:<15}{n_rows:>5.0f}{weight:>9.3f}{weight * n_rows:>8.1f}"
        if line < len(METHODS):
            mark = "*" if line == np.argmin(losses) else " "
            right = f"{METHODS[line]:<13}{losses[line]:>8.3f}{mark} {areas[line]:>5.3f}"
        say(f"  {left:<37}    {right}".rstrip())


def _summarise(results: list[Result]) -> None:
    """Print the means over hospitals, and where transfer does not pay."""
    losses = np.array([result.log_loss.mean(axis=0) for result in results])
    areas = np.array([result.auc.mean(axis=0) for result in results])
    say("\n* lowest log-loss; worth = weight x rows, in labelled patients of the target")
    say(f"\nMean over the {len(results)} hospitals")
    for number, method in enumerate(METHODS):
        loss, area = losses[:, number].mean(), areas[:, number].mean()
        say(f"  {method:<12} log-loss {loss:.3f}, AUC {area:.3f}")
    for number, method in enumerate(METHODS[:-1]):
        behind = losses[:, -1] - losses[:, number]
        sentence = (
            f"UOWQ has a lower log-loss than {method} in {(behind < 0).sum()} of {len(results)}"
        )
        worse = [
            f"{result.target} (+{gap:.3f})"
            for result, gap in zip(results, behind, strict=True)
            if gap > 0
        ]
        if worse:
            sentence += f", a higher one in {', '.join(worse)}"
        say(f"{sentence}.")
