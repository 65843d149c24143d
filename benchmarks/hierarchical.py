# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Few-shot transfer on real tables: random coefficients beside what else one would do.

    python benchmarks/hierarchical.py DATA_DIR                      # linear inner estimators
    python benchmarks/hierarchical.py DATA_DIR --inner xgboost --repeats 3
    python benchmarks/hierarchical.py --tables heart_hospitals --targets 4 --rows 20 50

Of every table several domains are the target in turn, with 20 or 100 labelled rows; up to 20 other
domains of up to 1000 rows are sources, up to 2000 further rows of the target are tested on. All
methods get the same columns, prepared on the training rows: numbers median-imputed with indicators,
categories one-hot, everything standardised. Losses are log-loss or root mean squared error.

target           the inner estimator on the target's rows
pooled           the inner estimator on all rows
one-hot          pooled, with the domain as indicator columns
own intercepts   the same with indicators of 10, so that the penalty hardly touches them
category         pooled, with the domain as a categorical column (XGBoost)
UOWQ ...         UOWQ with its static or dynamic update, with one or with own intercepts
random           RandomCoefficientsClassifier or -Regressor as they come

Every fit becomes a line of the csv file; a second call computes what is missing. The first nine
tables served to choose settings of the package, the others did not.
"""

from __future__ import annotations

import argparse
import csv
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import sklearn
from _tables import BUNDLED, OTHERS, TUNING, draw, read, targets
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge

import sklearn_transfer
from sklearn_transfer.hierarchical import (
    RandomCoefficientsClassifier,
    RandomCoefficientsRegressor,
)
from sklearn_transfer.weighting import UOWQClassifier, UOWQRegressor

UOWQ = {
    "UOWQ static": {"update": "static"},
    "UOWQ dynamic": {"update": "dynamic"},
    "UOWQ static, own": {"update": "static", "domain_effects": "intercept"},
    "UOWQ dynamic, own": {"update": "dynamic", "domain_effects": "intercept"},
}
METHODS = {
    "linear": ["target", "pooled", "one-hot", "own intercepts", *UOWQ, "random"],
    "xgboost": ["target", "pooled", "category", "random"],
}
# What practice does with the domain, by inner estimator.
PRACTICE = {"linear": ["one-hot", "own intercepts"], "xgboost": ["category"]}
KEY = ["inner", "table", "rows", "target", "repeat", "method"]
N_BOOTSTRAP = 1000


def inner_estimator(inner, classification):
    if inner == "linear":
        return LogisticRegression(max_iter=1000) if classification else Ridge()
    import xgboost

    kind = xgboost.XGBClassifier if classification else xgboost.XGBRegressor
    return kind(n_estimators=100, max_depth=4, learning_rate=0.1, n_jobs=1, random_state=0)


def with_domain(X, domain, n_domains, height):
    indicators = np.zeros((len(X), n_domains))
    indicators[np.arange(len(X)), domain] = height
    return np.hstack([X, indicators])


def with_category(X, domain, n_domains):
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    return frame.assign(domain=pd.Categorical(domain, categories=range(n_domains)))


def fit_and_predict(method, estimator, data):
    """Predictions of the test rows by a method: values, or (classes seen, probabilities)."""
    X, y, domain, X_test = data.X, data.y, data.domain, data.X_test
    own, n_domains = domain == 0, domain.max() + 1
    ours = np.zeros(len(X_test), dtype=int)
    if method == "target":
        if data.classes is not None and len(np.unique(y[own])) == 1:
            return y[own][:1], np.ones((len(X_test), 1))
        X, y = X[own], y[own]
    elif method in ("one-hot", "own intercepts"):
        height = 1.0 if method == "one-hot" else 10.0
        X, X_test = (
            with_domain(X, domain, n_domains, height),
            with_domain(X_test, ours, n_domains, height),
        )
    elif method == "category":
        X, X_test = with_category(X, domain, n_domains), with_category(X_test, ours, n_domains)
        estimator = clone(estimator).set_params(enable_categorical=True)
    elif method in UOWQ:
        wrapper = UOWQRegressor if data.classes is None else UOWQClassifier
        estimator = wrapper(estimator, target_domain=0, random_state=0, **UOWQ[method])
    elif method == "random":
        wrapper = (
            RandomCoefficientsRegressor if data.classes is None else RandomCoefficientsClassifier
        )
        estimator = wrapper(estimator, target_domain=0, random_state=0)
    routed = {"sample_domain": domain} if method in UOWQ or method == "random" else {}
    if data.classes is None:
        return clone(estimator).fit(X, y, **routed).predict(X_test)
    # XGBoost takes class numbers 0, 1, ... only.
    seen, codes = np.unique(y, return_inverse=True)
    return seen, clone(estimator).fit(X, codes, **routed).predict_proba(X_test)


def loss(predicted, data):
    if data.classes is None:
        return float(np.sqrt(np.mean((data.y_test - predicted) ** 2)))
    seen, proba = predicted
    # A class that was never seen gets what one more row would have given it.
    unseen = 1.0 / ((data.domain == 0).sum() + len(data.classes))
    full = np.full((len(proba), len(data.classes)), unseen)
    missing = len(data.classes) - len(seen)
    full[:, np.searchsorted(data.classes, seen)] = proba * (1.0 - missing * unseen)
    true = full[np.arange(len(full)), np.searchsorted(data.classes, data.y_test)]
    return float(-np.log(np.clip(true, 1e-6, 1 - 1e-6)).mean())


def one_draw(folder, key, methods):
    table = read(folder, key["table"])
    data = draw(table, key["target"], key["rows"], key["repeat"])
    estimator = inner_estimator(key["inner"], data.classes is not None)
    found = []
    for method in methods:
        started = perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = loss(fit_and_predict(method, estimator, data), data)
        found.append({**key, "method": method, "loss": value, "seconds": perf_counter() - started})
    return found


def tasks(arguments, done):
    for repeat in range(arguments.repeats):
        for name in arguments.tables:
            for rows in arguments.rows:
                table = read(arguments.folder, name)
                for target in targets(table, rows, arguments.targets):
                    for inner in arguments.inner:
                        key = {"inner": inner, "table": name, "rows": rows}
                        key |= {"target": target, "repeat": repeat}
                        methods = [
                            method
                            for method in METHODS[inner]
                            if (not arguments.methods or method in arguments.methods)
                            and (*key.values(), method) not in done
                        ]
                        if methods:
                            yield delayed(one_draw)(arguments.folder, key, methods)


def cells(found, methods):
    """Losses by cell: (table, rows) -> array of runs x methods, complete runs only."""
    wide = found.pivot_table(index=KEY[1:5], columns="method", values="loss")
    wide = wide.reindex(columns=methods).dropna()
    return {key: part.to_numpy() for key, part in wide.groupby(level=["table", "rows"])}


def ratios(by_cell, columns):
    """Log ratios to the better of `columns`: of means per cell, and per run averaged per cell."""
    means = np.array([losses.mean(axis=0) for losses in by_cell])
    of_means = np.log(means / means[:, columns].min(axis=1, keepdims=True))
    per_run = [
        np.log(losses / losses[:, columns].min(axis=1, keepdims=True)).mean(axis=0)
        for losses in by_cell
    ]
    return of_means, np.array(per_run)


def interval(by_cell, names, columns, statistic):
    """Percentiles over resampled tables, and runs resampled within each."""
    rng = np.random.default_rng(0)
    tables = {name: [i for i, other in enumerate(names) if other == name] for name in names}
    drawn = []
    for _ in range(N_BOOTSTRAP):
        chosen = rng.choice(list(tables), size=len(tables))
        sample = [
            by_cell[i][rng.integers(len(by_cell[i]), size=len(by_cell[i]))]
            for name in chosen
            for i in tables[name]
        ]
        drawn.append(ratios(sample, columns)[statistic].mean(axis=0))
    return np.exp(np.percentile(drawn, [2.5, 97.5], axis=0))


def summary(found, methods, references):
    """Per method: geometric means with intervals, the worst cell and the share improved."""
    by_cell = cells(found, methods)
    if not by_cell:
        return None, None
    names = [table for table, _ in by_cell]
    columns = [methods.index(name) for name in references]
    losses = list(by_cell.values())
    of_means, per_run = ratios(losses, columns)
    low, high = interval(losses, names, columns, 0)
    run_low, run_high = interval(losses, names, columns, 1)
    frame = pd.DataFrame(
        {
            "ratio": np.exp(of_means.mean(axis=0)),
            "low": low,
            "high": high,
            "worst": np.exp(of_means.max(axis=0)),
            "improved": (of_means < 0).mean(axis=0),
            "per run": np.exp(per_run.mean(axis=0)),
            "run low": run_low,
            "run high": run_high,
        },
        index=methods,
    )
    index = pd.MultiIndex.from_tuples(by_cell, names=["table", "rows"])
    table = pd.DataFrame(np.exp(of_means), index=index, columns=methods)
    return frame, table.assign(runs=[len(part) for part in losses])


def show(found, inner):
    found = found[found["inner"] == inner]
    counts = found["method"].value_counts()
    methods = [m for m in METHODS[inner] if m in counts.index]
    if not {"target", "pooled"} <= set(methods):
        return
    seconds = found.groupby("method")["seconds"].mean()
    parts = {
        "tuning tables": found["table"].isin(TUNING),
        "other tables": ~found["table"].isin(TUNING),
        "all tables": found["table"].notna(),
    }
    for title, rows in parts.items():
        _, table = summary(found[rows], methods, ["target", "pooled"])
        if table is None:
            continue
        if title != "all tables":
            print(f"\n{inner}, {title}: ratio of means to the better of target and pooled")
            print(table.round(3).to_string())
        bases = [["target", "pooled"], *([name] for name in PRACTICE[inner])]
        for references in [base for base in bases if set(base) <= set(methods)]:
            frame, _ = summary(found[rows], methods, references)
            print(f"\n{inner}, {title}: to the better of {references}, geometric means")
            print(frame.assign(seconds=seconds).round(3).to_string())
    print(f"\n{inner}: mean loss by table, rows and target")
    pivot = found.pivot_table(index=["table", "rows"], columns="method", values="loss")
    print(pivot[methods].round(4).to_string())
    if (found["table"] == BUNDLED).any():
        own = found[found["table"] == BUNDLED]
        pivot = own.pivot_table(index=["rows", "target"], columns="method", values="loss")
        print(f"\n{inner}: mean log-loss by hospital, and over all hospitals")
        print(pivot[methods].round(3).to_string())
        print(pivot[methods].groupby(level="rows").mean().round(4).to_string())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", help="DIR of tables DIR/NAME/NAME.parquet")
    parser.add_argument("--tables", nargs="+")
    parser.add_argument("--rows", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--targets", type=int, default=2, help="domains of a table")
    parser.add_argument("--inner", nargs="+", choices=list(METHODS), default=["linear"])
    parser.add_argument("--methods", nargs="+", help="only these")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=Path("hierarchical.csv"))
    parser.add_argument("--quick", action="store_true", help="3 small tables, 20 rows, 2 repeats")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.tables = ["heart_disease", "student_performance", "pn2012"]
        arguments.rows, arguments.repeats = [20], 2
    if arguments.tables is None:
        arguments.tables = [*TUNING, *OTHERS]
    if arguments.folder is None and arguments.tables != [BUNDLED]:
        parser.error(f"DIR is needed for tables other than {BUNDLED}")
    arguments.tables = [
        name
        for name in arguments.tables
        if name == BUNDLED or (Path(arguments.folder) / name / f"{name}.parquet").exists()
    ]
    done = set()
    if arguments.output.exists():
        past = pd.read_csv(arguments.output, dtype={"target": str})
        done = set(past[KEY].itertuples(index=False, name=None))
    runs = Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(tasks(arguments, done))
    with arguments.output.open("a", newline="") as file:
        writer = csv.DictWriter(file, [*KEY, "loss", "seconds"])
        if file.tell() == 0:
            writer.writeheader()
        for found in runs:
            writer.writerows(found)
            file.flush()
    print(
        f"sklearn_transfer {sklearn_transfer.__version__}, scikit-learn {sklearn.__version__}, "
        f"NumPy {np.__version__}"
    )
    found = pd.read_csv(arguments.output, dtype={"target": str})
    for inner in arguments.inner:
        show(found[found["table"].isin(arguments.tables)], inner)


if __name__ == "__main__":
    main()
