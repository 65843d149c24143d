# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Time and memory of UOWQ against the fits that no method of its kind can avoid.

Those are: one fit per source, one on the target's rows, one on all rows. They are run bare, in the
same process and interleaved with UOWQ; ratios are of the least of several repeats. Run on one core:

    OMP_NUM_THREADS=1 python benchmarks/uowq_cost.py
    OMP_NUM_THREADS=1 python benchmarks/uowq_cost.py --growth      # K = 8 ... 2048
    OMP_NUM_THREADS=1 python benchmarks/uowq_cost.py --memory      # peak memory beyond X
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import warnings
from time import perf_counter
from unittest import mock

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from sklearn_transfer.weighting import UOWQClassifier, _walk

N_ROWS, N_FEATURES, N_DOMAINS = 200_000, 60, 208


def make_rows(n_domains: int, n_rows: int = N_ROWS, seed: int = 0):
    """Rows of logistic regressions that differ a little between domains, in random order."""
    rng = np.random.default_rng(seed)
    domain = rng.integers(0, n_domains, n_rows)
    X = rng.standard_normal((n_rows, N_FEATURES))
    common = 0.3 * rng.standard_normal(N_FEATURES)
    own = 0.1 * rng.standard_normal((n_domains, N_FEATURES))
    eta = X @ common + np.einsum("ij,ij->i", X, own[domain])
    y = (eta + rng.logistic(size=n_rows) > 0).astype(int)
    return X, y, domain


def inner_estimator(name: str):
    """Build the inner estimator of a row of the table."""
    if name == "logistic":
        return LogisticRegression()
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=50, max_depth=4, n_jobs=1)


def bare_fits(inner, X, y, domain):
    """Seconds of the unavoidable fits: sources, target, all rows."""
    order = np.argsort(domain, kind="stable")
    bounds = np.searchsorted(domain[order], np.arange(domain.max() + 2))
    started = perf_counter()
    for k in range(1, domain.max() + 1):
        rows = order[bounds[k] : bounds[k + 1]]
        if len(np.unique(y[rows])) > 1:
            clone(inner).fit(X[rows], y[rows])
    sources = perf_counter()
    rows = order[: bounds[1]]
    clone(inner).fit(X[rows], y[rows])
    target = perf_counter()
    clone(inner).fit(X, y, sample_weight=np.ones(len(y)))
    return sources - started, target - sources, perf_counter() - target


def uowq_fit(inner, X, y, domain, update: str):
    """Seconds of a UOWQ fit, and of the geometry and weights within it."""
    spent = [0.0]

    def timed(function):
        def wrapper(*args, **kwargs):
            started = perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent[0] += perf_counter() - started

        return wrapper

    parametric = _walk.ParametricGeometry
    with (
        mock.patch.object(_walk, "optimal_weights", timed(_walk.optimal_weights)),
        mock.patch.object(parametric, "__init__", timed(parametric.__init__)),
        mock.patch.object(parametric, "at", timed(parametric.at)),
        mock.patch.object(_walk.FunctionalGeometry, "at", timed(_walk.FunctionalGeometry.at)),
    ):
        model = UOWQClassifier(inner, target_domain=0, guard=None, update=update, random_state=0)
        started = perf_counter()
        model.fit(X, y, sample_domain=domain)
        return perf_counter() - started, spent[0]


def table(inners: list[str], n_domains: int, repeats: int) -> None:
    """Print one line per inner estimator and update."""
    X, y, domain = make_rows(n_domains)
    for name in inners:
        inner = inner_estimator(name)
        bare, static, dynamic = [], [], []
        for _ in range(repeats):
            bare.append(bare_fits(inner, X, y, domain))
            static.append(uowq_fit(inner, X, y, domain, "static"))
            dynamic.append(uowq_fit(inner, X, y, domain, "dynamic"))
        sources, target, pooled = np.min(bare, axis=0)
        unavoidable = min(sum(row) for row in bare)
        for update, runs in (("static", static), ("dynamic", dynamic)):
            seconds, geometry = min(runs)
            print(
                f"{name:9s} K={n_domains:<5d} {update:8s} {seconds:8.2f} s = "
                f"{seconds / unavoidable:5.2f} x bare ({sources:.2f} + {target:.3f} + "
                f"{pooled:.2f} s); geometry and weights {geometry:.3f} s = "
                f"{geometry / unavoidable:.1%}",
                flush=True,
            )


def peak_memory(what: str, name: str) -> None:
    """Print the peak memory of one kind of fit in this process, in units of X."""
    X, y, domain = make_rows(N_DOMAINS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    inner = inner_estimator(name)
    if what == "bare":
        bare_fits(inner, X, y, domain)
    else:
        UOWQClassifier(inner, target_domain=0, update=what, random_state=0).fit(
            X, y, sample_domain=domain
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{name:9s} {what:8s} {(peak - before) * 1024 / X.nbytes:5.2f} x X beyond X", flush=True)


def main() -> None:
    """Read the options and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inner", nargs="+", default=["logistic", "xgboost"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="vary the number of domains")
    parser.add_argument("--memory", action="store_true", help="peak memory instead of time")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.one:
        peak_memory(*options.one)
    elif options.memory:
        for name in options.inner:
            for what in ("bare", "static", "dynamic"):  # a process each: peaks do not fall
                subprocess.run([sys.executable, __file__, "--one", what, name], check=True)
    elif options.growth:
        for n_domains in (8, 32, 128, 512, 2048):
            table(options.inner, n_domains, options.repeats)
    else:
        table(options.inner, N_DOMAINS, options.repeats)


if __name__ == "__main__":
    main()
