# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Accuracy and log-loss on real tables as the target has 5, 10, ... 100 labelled rows.

The counterpart of Fig. 4 of the UOWQ paper (arXiv:2601.10779). Shots are rows of the target in all,
drawn in proportion to its classes; the other rows of the target are tested on.

    python benchmarks/shots.py                          # the bundled hospitals
    python benchmarks/shots.py --data DIR               # also tables DIR/NAME/NAME.parquet
    python benchmarks/shots.py --data DIR --tables rhc ist

A table has features, `target` and `domain`; columns `id_*` and `alt_*` are left out. The variable
SKLEARN_TRANSFER_DATA may name DIR instead. The targets are the smallest domains that leave 100 rows
to test on. Preprocessing is that of `python -m sklearn_transfer fit`, fitted once a draw on all its
training rows; then logistic regression. A target-only fit gives a class that it never saw the
probability 1 / (shots + classes). Tables of ten classes take long where 5 rows leave most of them
out, own intercepts above all.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from sklearn_transfer._cli._inner import inner_estimator
from sklearn_transfer._cli._schema import Schema, learn_columns
from sklearn_transfer.datasets import load_heart_hospitals, read_table
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.model_selection import TargetShuffleSplit
from sklearn_transfer.weighting import UOWQClassifier

SHOTS = [5, 10, 20, 50, 100]
TABLES = [
    "adult",
    "amazon_reviews_400",
    "fair_affairs",
    "ist",
    "rhc",
    "support2",
]
UOWQ = {
    "UOWQ static": {"update": "static"},
    "UOWQ dynamic": {"update": "dynamic"},
    "UOWQ dynamic, own intercepts": {"update": "dynamic", "domain_effects": "intercept"},
}
METHODS = ["target-only", "pooled", *UOWQ]
COLORS = ["tab:gray", "tab:orange", "tab:cyan", "tab:blue", "tab:green"]


def read(folder, name, most_rows, seed):
    """Features, labels and domains of one table, large domains thinned."""
    if name == "heart_hospitals":
        X, y, domain = load_heart_hospitals(return_X_y=True)
    else:
        path = folder / name / f"{name}.parquet"
        others = [c for c in pd.read_parquet(path).columns if c.startswith(("id_", "alt_"))]
        X, y, domain = read_table(path, target="target", domain="domain", drop=others)
    order = np.random.default_rng(seed).permutation(len(y))
    rank = domain.iloc[order].groupby(domain.iloc[order]).cumcount().to_numpy()
    kept = np.sort(order[rank < most_rows])
    return X.iloc[kept], y.iloc[kept].to_numpy(), domain.iloc[kept].to_numpy(dtype=object)


def completed(model, X, classes, shots):
    """Probabilities of all classes, those never seen included."""
    proba = np.full((len(X), len(classes)), 1.0 / (shots + len(classes)))
    seen = np.searchsorted(classes, model.classes_)
    unseen = len(classes) - len(seen)
    proba[:, seen] = model.predict_proba(X) * (1.0 - unseen / (shots + len(classes)))
    return proba


class Prior:
    """What can be learnt from rows of one class."""

    def __init__(self, label):
        self.classes_ = np.array([label])

    def predict_proba(self, X):
        return np.ones((len(X), 1))


def fit(method, inner, X, y, domain, target, train):
    own = train[domain[train] == target]
    if method == "target-only":
        if len(np.unique(y[own])) == 1:
            return Prior(y[own][0])
        return clone(inner).fit(X[own], y[own])
    if method == "pooled":
        return clone(inner).fit(X[train], y[train])
    model = UOWQClassifier(inner, target_domain=target, **UOWQ[method])
    return model.fit(X[train], y[train], sample_domain=domain[train])


def one_split(data, inner, target, train, test, key):
    X, y, domain = data
    X = clone(inner[:-1]).fit(X.iloc[train]).transform(X)
    classes = np.unique(y)
    found = []
    for method in METHODS:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = fit(method, inner[-1], X, y, domain, target, train)
        proba = completed(model, X[test], classes, key["shots"])
        hit = classes[proba.argmax(axis=1)] == y[test]
        loss = log_loss(y[test], proba, labels=classes)
        told = [w.category for w in caught]
        found.append(
            {
                **key,
                "method": method,
                "accuracy": hit.mean(),
                "log-loss": loss,
                "transfer_warnings": sum(issubclass(c, TransferWarning) for c in told),
                "not_converged": sum(issubclass(c, ConvergenceWarning) for c in told),
            }
        )
    return found


def tasks_of(data, name, arguments):
    X, y, domain = data
    columns, _ = learn_columns(X)
    schema = Schema(columns, "target", "domain", None, "classification")
    inner = inner_estimator("linear", schema, 0)
    data = (schema.table(X), y, domain)
    sizes = pd.Series(domain).value_counts(sort=False).sort_values(kind="stable")
    spare = min(100, sizes.max() // 4)
    if name == "heart_hospitals":
        targets = list(sizes.index)
    else:
        targets = list(sizes.index[sizes >= max(arguments.shots) + spare][: arguments.targets])
    for target in targets:
        for shots in arguments.shots:
            splitter = TargetShuffleSplit(
                arguments.splits,
                target_domain=target,
                train_size=shots,
                random_state=arguments.seed,
            )
            for draw, (train, test) in enumerate(splitter.split(X, y, sample_domain=domain)):
                key = {"table": name, "target": str(target), "shots": shots, "draw": draw}
                yield delayed(one_split)(data, inner, target, train, test, key)


def draw_figure(means, path):
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(means["table"]))
    figure = Figure(figsize=(3.2 * len(names) + 1.0, 5.6), layout="constrained")
    axes = figure.subplots(2, len(names), squeeze=False, sharex=True)
    for column, name in enumerate(names):
        for row, measure in enumerate(["accuracy", "log-loss"]):
            ax = axes[row, column]
            for method, color in zip(METHODS, COLORS, strict=True):
                part = means[(means["table"] == name) & (means["method"] == method)]
                ax.plot(
                    part["shots"],
                    part[measure],
                    marker="o",
                    markersize=3,
                    color=color,
                    label=method,
                )
            ax.set_xscale("log")
            ax.set_xticks(SHOTS, [str(shots) for shots in SHOTS])
            ax.minorticks_off()
            if row == 0:
                ax.set_title(name, fontsize=10)
            if column == 0:
                ax.set_ylabel(measure)
    figure.supxlabel("labelled rows of the target")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    figure.savefig(path, dpi=130)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default=os.environ.get("SKLEARN_TRANSFER_DATA"))
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--shots", type=int, nargs="+", default=SHOTS)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--targets", type=int, default=2)
    parser.add_argument("--most-rows", type=int, default=1000, help="of a domain")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="hospitals alone, 2 splits")
    parser.add_argument(
        "-o", "--output", default="shots.png", help="figure; the csv lies beside it"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.data, arguments.splits = None, 2
    names = ["heart_hospitals", *(arguments.tables if arguments.data else [])]
    found = []
    for name in names:
        started = perf_counter()
        data = read(
            Path(arguments.data or "."),
            name,
            arguments.most_rows,
            arguments.seed,
        )
        tasks = tasks_of(data, name, arguments)
        found += [row for rows in Parallel(n_jobs=arguments.jobs)(tasks) for row in rows]
        print(f"{name}: {len(data[1])} rows, {perf_counter() - started:.0f} s", flush=True)
    found = pd.DataFrame(found)
    counts = found.groupby(["table", "method"], sort=False)[["transfer_warnings", "not_converged"]]
    print(f"\nwarnings, of {len(found)} fits\n{counts.sum().to_string()}")
    path = Path(arguments.output)
    found.to_csv(path.with_suffix(".csv"), index=False)
    means = found.groupby(["table", "method", "shots"], sort=False)[["accuracy", "log-loss"]]
    means = means.mean().reset_index()
    for measure in ["accuracy", "log-loss"]:
        print(f"\n{measure}")
        wide = means.pivot_table(
            index=["table", "method"], columns="shots", values=measure, sort=False
        )
        print(wide.round(3).to_string())
    draw_figure(means, path)
    print(f"\nsaved {path} and {path.with_suffix('.csv')}")


if __name__ == "__main__":
    main()
