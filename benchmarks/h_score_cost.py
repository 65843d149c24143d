# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Time and memory of the H-score.

Time: beside the pseudo-inverse form of public implementations, and beside the part that nothing
avoids, one symmetric product of the centred features (SYRK) and one Cholesky factorisation. All
run one after the other on the same rows, in one process; ratios are of the least of several
repeats. Memory: the growth of the process beyond its files while it scores rows of a memory map.

    OMP_NUM_THREADS=1 python benchmarks/h_score_cost.py
    OMP_NUM_THREADS=1 python benchmarks/h_score_cost.py --memory
    OMP_NUM_THREADS=1 python benchmarks/h_score_cost.py --quick
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import scipy
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotrf

from sklearn_transfer.transferability import h_score


def make_rows(n_rows: int, n_features: int, n_classes: int, seed: int = 0):
    """Correlated features whose means differ a little between classes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n_rows)
    means = 0.1 * rng.standard_normal((n_classes, n_features))
    X = rng.standard_normal((n_rows, n_features))
    X[:, 1:] += 0.5 * X[:, :-1]
    for start in range(0, n_rows, 4096):  # no second matrix of this size
        X[start : start + 4096] += means[y[start : start + 4096]]
    return X, y


def pseudo_inverse_form(X, y):
    """H-score as public implementations compute it: two covariances and a pseudo-inverse."""

    def covariance(rows):
        centred = rows - rows.mean(axis=0)
        return centred.T @ centred / (len(rows) - 1)

    g = np.zeros_like(X)
    for label in np.unique(y):
        g[y == label] = X[y == label].mean(axis=0)
    return np.trace(np.linalg.pinv(covariance(X), rcond=1e-15) @ covariance(g))


def bare(X, centred):
    """SYRK and Cholesky, on rows that are centred already."""
    gram = dsyrk(1.0 / len(X), centred.T, lower=1)
    return dpotrf(gram, lower=1, overwrite_a=1)[0][-1, -1]


def time_table(n_rows: int, n_features: int, n_classes: int, repeats: int, peers: int) -> None:
    """Print the times and their ratios."""
    X, y = make_rows(n_rows, n_features, n_classes)
    ours, least, pinv, scores = [], [], [], {}
    for repeat in range(repeats):
        started = perf_counter()
        scores["ours"] = h_score(X, y, shrinkage=None)
        ours.append(perf_counter() - started)
        centred = X - X.mean(axis=0)
        started = perf_counter()
        bare(X, centred)
        least.append(perf_counter() - started)
        del centred
        if repeat < peers:
            started = perf_counter()
            scores["pinv"] = pseudo_inverse_form(X, y)
            pinv.append(perf_counter() - started)
    print(f"{n_rows} rows x {n_features} features x {n_classes} classes, float64")
    print(f"  SYRK + Cholesky     {min(least):8.2f} s")
    print(f"  h_score             {min(ours):8.2f} s = {min(ours) / min(least):5.2f} x the above")
    if pinv:
        print(f"  pseudo-inverse form {min(pinv):8.2f} s = {min(pinv) / min(ours):5.2f} x h_score")
        print(f"  scores              {scores['ours']:.10f} and {scores['pinv']:.10f}")


def anonymous_memory() -> int:
    """Bytes of this process that no file backs."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError("/proc/self/status has no RssAnon: the memory is measured on Linux only.")


def measure_memory(path: str, n_rows: int, n_features: int) -> None:
    """Print the growth of this process while it scores the first rows of a file."""
    X = np.memmap(path, dtype=np.float64, mode="r", shape=(n_rows, n_features))
    y = np.random.default_rng(0).integers(0, 100, n_rows)
    h_score(X[:4096], y[:4096], shrinkage=None)  # libraries load and allocate their buffers
    before = peak = anonymous_memory()
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, anonymous_memory())
            sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = perf_counter()
    score = h_score(X, y, shrinkage=None)
    seconds = perf_counter() - started
    done.set()
    watcher.join()
    print(
        f"{n_rows:9d} rows x {n_features}: {X.nbytes / 2**20:7.0f} MiB of input, "
        f"{(peak - before) / 2**20:6.1f} MiB beyond it, {seconds:5.1f} s, H = {score:.4f}",
        flush=True,
    )


def memory_table(sizes: list[int], n_features: int, folder: str | None) -> None:
    """Print one line per number of rows, each measured in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "features.dat"
        rng = np.random.default_rng(0)
        with path.open("wb") as file:
            for start in range(0, max(sizes), 8192):
                rng.standard_normal((min(8192, max(sizes) - start), n_features)).tofile(file)
        for n_rows in sizes:
            command = [sys.executable, __file__, "--one", str(path), str(n_rows), str(n_features)]
            subprocess.run(command, check=True)


def main() -> None:
    """Read the options and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", help="50000; with --memory 500000 1000000")
    parser.add_argument("--features", type=int, help="2048; with --memory 512")
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", type=int, default=1, help="repeats of the pseudo-inverse form")
    parser.add_argument("--memory", action="store_true", help="memory instead of time")
    parser.add_argument("--folder", help="where the file of --memory is put")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure_memory(options.one[0], int(options.one[1]), int(options.one[2]))
        return
    print(f"numpy {np.__version__}, scipy {scipy.__version__}")
    if options.memory:
        sizes = [50_000, 100_000] if options.quick else [500_000, 1_000_000]
        memory_table(options.rows or sizes, options.features or 512, options.folder)
        return
    rows, features = (5000, 512) if options.quick else (50_000, 2048)
    for n_rows in options.rows or [rows]:
        time_table(
            n_rows, options.features or features, options.classes, options.repeats, options.peers
        )


if __name__ == "__main__":
    main()
