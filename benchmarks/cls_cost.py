# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Cost of all Cross-Learning Scores of K hospitals beside the pair-by-pair form.

Pair by pair, every pair fits its two domains' models anew, m (cv + 1) fits each; the matrix fits
every domain once. Both are timed on one core with the four default models. Of K (K - 1) / 2 pairs
a random sample of --pairs is measured and the mean time multiplied by their number; where there
are no more pairs than that, all are measured. Times are of the processor, not of the wall clock;
memory is what the process's peak rises by while the matrix is made, the table itself apart.

    python benchmarks/cls_cost.py            # K = 5, 20, 80, 208; the table of the user guide
    python benchmarks/cls_cost.py --quick    # K = 5, 10, small tables
"""

from __future__ import annotations

import argparse
import resource
from itertools import combinations
from time import process_time
from typing import Any

import numpy as np

from sklearn_transfer.similarity import CrossLearningScore, cross_learning_score

FEATURES = 20
COUNTS = [5, 20, 80, 208]


def hospitals(count: int, rows: float, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Draw hospitals of about the sizes of real ones: lognormal, from 40 rows on."""
    sizes = np.maximum(rng.lognormal(np.log(rows), 0.6, count), 40).astype(int)
    domain = np.repeat(np.arange(count), sizes)
    X = rng.normal(size=(len(domain), FEATURES))
    slopes = rng.normal(size=(count, FEATURES)) * 0.2 + 1.0 / np.sqrt(FEATURES)
    y = (X * slopes[domain]).sum(axis=1) + rng.normal(size=len(domain)) > 0
    return X, y, domain


def peak_memory() -> float:
    """Most memory that the process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(count: int, rows: float, n_pairs: int, seed: int) -> dict[str, Any]:
    """Time both forms."""
    rng = np.random.default_rng([seed, count])
    X, y, domain = hospitals(count, rows, rng)
    before = peak_memory()
    started = process_time()
    score = CrossLearningScore(random_state=0).fit(X, y, sample_domain=domain)
    together = process_time() - started
    memory = peak_memory() - before
    pairs = list(combinations(range(count), 2))
    chosen = rng.permutation(len(pairs))[:n_pairs]
    times = []
    for index in chosen:
        i, j = pairs[index]
        here, there = domain == i, domain == j
        started = process_time()
        alone = cross_learning_score(X[here], y[here], X[there], y[there], random_state=0)
        times.append(process_time() - started)
        assert abs(alone - score.scores_[i, j]) < 1e-9
    one_by_one = float(np.mean(times)) * len(pairs)
    error = float(np.std(times) / np.sqrt(len(times))) * len(pairs)
    return {
        "K": count,
        "rows": len(y),
        "matrix [s]": f"{together:.1f}",
        "pair by pair [s]": f"{one_by_one:.0f}"
        + ("" if len(chosen) == len(pairs) else f" +- {error:.0f} (from {len(chosen)} pairs)"),
        "ratio": f"{one_by_one / together:.1f}",
        "more memory [MB]": f"{memory:.0f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="K = 5 and 10, small tables")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="numbers of domains")
    parser.add_argument("--rows", type=float, default=200, help="rows of the median hospital")
    parser.add_argument("--pairs", type=int, default=20, help="most pairs to measure one by one")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts, rows = ([5, 10], 60.0) if options.quick else (options.counts, options.rows)
    for number, count in enumerate(counts):
        row = measure(count, rows, options.pairs, options.seed)
        if number == 0:
            print(" | ".join(row))
        print(" | ".join(str(value) for value in row.values()), flush=True)


if __name__ == "__main__":
    main()
