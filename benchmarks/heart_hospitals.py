# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Test log-loss on the bundled hospitals, each in turn as target with few labelled rows.

Logistic regression with its defaults on all 13 attributes, mean-imputed and standardised in one of
three ways, which differ:

inside  in the inner estimator, as users do: a target-only fit scales by the target's rows, UOWQ and
        a pooled fit by all training rows
train   before any fit, by all training rows
table   before any split, by the whole table: test rows leak into means and scales; for comparison

    python benchmarks/heart_hospitals.py [--splits 10] [--rows 20 50 100] [--jobs 2]

Standard errors are those of the draws, the four hospitals being given. `warned` counts fits with a
`TransferWarning`.
"""

from __future__ import annotations

import argparse
import warnings
from time import perf_counter

import numpy as np
import pandas as pd
import sklearn
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_transfer
from sklearn_transfer.datasets import load_heart_hospitals
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.model_selection import TargetShuffleSplit
from sklearn_transfer.weighting import UOWQClassifier

PREPARED = ("inside", "train", "table")
UOWQ = {
    "UOWQ as it comes": {},
    "UOWQ guard=select": {"guard": "select"},
    "UOWQ static": {"guard": None, "update": "static"},
    "UOWQ dynamic": {"guard": None},
    "UOWQ static, bias-corrected": {"guard": None, "update": "static", "bias_correction": True},
    "UOWQ static, own intercepts": {
        "guard": None,
        "update": "static",
        "domain_effects": "intercept",
    },
    "UOWQ dynamic, own intercepts": {"guard": None, "domain_effects": "intercept"},
}
METHODS = ["target-only", "pooled", *UOWQ]


def preparation():
    # Switzerland has no cholesterol, others lack attributes in small draws: a constant stays.
    return make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())


def prepare(how, X, train):
    """Features and inner estimator for one way of imputing and scaling."""
    if how == "inside":
        return X, make_pipeline(*preparation(), LogisticRegression())
    rows = train if how == "train" else slice(None)
    return preparation().fit(X[rows]).transform(X), LogisticRegression()


def one_split(data, target, train, test, key):
    """Log-loss of every method on one draw."""
    X, y, hospital = data
    own = train[hospital[train] == target]
    found = []
    for how in PREPARED:
        Z, inner = prepare(how, X, train)
        fits = {
            "target-only": lambda Z=Z, inner=inner: clone(inner).fit(Z[own], y[own]),
            "pooled": lambda Z=Z, inner=inner: clone(inner).fit(Z[train], y[train]),
        }
        for name, options in UOWQ.items():
            model = UOWQClassifier(inner, target_domain=target, random_state=0, **options)
            fits[name] = lambda Z=Z, model=model: model.fit(
                Z[train], y[train], sample_domain=hospital[train]
            )
        for name, fit in fits.items():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", TransferWarning)
                model = fit()
            loss = log_loss(y[test], model.predict_proba(Z[test]), labels=[0, 1])
            warned = any(issubclass(w.category, TransferWarning) for w in caught)
            found.append({**key, "scaled": how, "method": name, "loss": loss, "warned": warned})
    return found


def mean_and_error(losses):
    """Mean over targets of means over draws, and its standard error."""
    by_target = losses.groupby("target")["loss"].agg(["mean", "var", "size"])
    error = np.sqrt((by_target["var"] / by_target["size"]).sum()) / len(by_target)
    return pd.Series({"mean": by_target["mean"].mean(), "se": error})


def show(found, rows, n_splits):
    table = found[found["rows"] == rows]
    print(f"\n{rows} labelled rows of the target: {n_splits} draws for each of 4 targets")
    wide = {}
    for how, part in table.groupby("scaled"):
        summary = part.groupby("method")[["target", "loss"]].apply(mean_and_error)
        wide[how] = summary.apply(lambda row: f"{row['mean']:.4f} ({row['se']:.4f})", axis=1)
    wide["warned"] = table[table["scaled"] == "inside"].groupby("method")["warned"].sum()
    print(pd.DataFrame(wide).loc[METHODS, [*PREPARED, "warned"]].to_string())
    print("\n  by target, scaled inside")
    inside = table[table["scaled"] == "inside"]
    by_target = inside.pivot_table(index="method", columns="target", values="loss")
    print(by_target.loc[METHODS].round(3).to_string())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--rows", type=int, nargs="+", default=[20, 50, 100])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="2 splits of 50 rows")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.splits, arguments.rows = 2, [50]
    X, y, hospital = load_heart_hospitals(return_X_y=True, as_frame=False)
    tasks = []
    for rows in arguments.rows:
        for target in sorted(set(hospital)):
            splitter = TargetShuffleSplit(
                arguments.splits,
                target_domain=target,
                train_size=rows,
                random_state=arguments.seed,
            )
            for draw, (train, test) in enumerate(splitter.split(X, y, sample_domain=hospital)):
                key = {"rows": rows, "target": str(target), "draw": draw}
                tasks.append(delayed(one_split)((X, y, hospital), target, train, test, key))
    started = perf_counter()
    found = Parallel(n_jobs=arguments.jobs)(tasks)
    seconds = perf_counter() - started
    found = pd.DataFrame([row for rows in found for row in rows])
    print(
        f"sklearn_transfer {sklearn_transfer.__version__}, scikit-learn {sklearn.__version__}, "
        f"NumPy {np.__version__}; mean test log-loss (standard error)"
    )
    for rows in arguments.rows:
        show(found, rows, arguments.splits)
    n_fits = len(found)
    print(f"\n{seconds:.1f} s for {n_fits} fits of a method in {arguments.jobs} processes")


if __name__ == "__main__":
    main()
