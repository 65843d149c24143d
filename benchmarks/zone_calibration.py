# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""How often the zones of the Cross-Learning Score judge domains of one distribution wrongly.

Groups of ten domains are drawn from one distribution and all pairs of a group are scored. Printed
is the share of pairs called negative under each rule, and the share called positive. Pairs of a
group share domains: the standard errors are those of the groups' means.

    python benchmarks/zone_calibration.py            # the tables of the user guide
    python benchmarks/zone_calibration.py --quick    # a few groups of each
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression

from sklearn_transfer.similarity import CrossLearningScore

DOMAINS = 10
FEATURES = 10
SIGNAL = 1.2948  # of the probit setting: the length of the coefficients over the noise
RULES: dict[str, dict[str, Any]] = {
    "folds": {"standard_error": "folds"},
    "losses": {"standard_error": "losses"},
    "level 1e-4": {"level": 1e-4},
    "level 0.01": {"level": 0.01},
}
MODELS: dict[str, Any] = {
    "paper": None,
    "logistic": LogisticRegression(),
    "linear": LinearRegression(),
}
KEY = ["setting", "models", "rows", "seed", "pairs"]
# Setting, base models, rows of each domain, groups.
CASES = [
    ("probit", "paper", 20, 100),
    ("probit", "paper", 50, 40),
    ("probit", "paper", 200, 16),
    ("probit", "paper", 1000, 3),
    ("probit", "logistic", 20, 200),
    ("probit", "logistic", 50, 200),
    ("probit", "logistic", 200, 100),
    ("probit", "logistic", 1000, 25),
    ("noise", "logistic", 20, 200),
    ("noise", "logistic", 50, 200),
    ("noise", "logistic", 200, 100),
    ("noise", "logistic", 1000, 25),
    ("regression", "linear", 20, 200),
    ("regression", "linear", 50, 200),
    ("regression", "linear", 200, 100),
    ("regression", "linear", 1000, 25),
]


def group(setting: str, rows: int, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Draw domains of one distribution."""
    n_samples = DOMAINS * rows
    X = rng.normal(size=(n_samples, FEATURES))
    linear = X @ np.full(FEATURES, SIGNAL / np.sqrt(FEATURES))
    noise = rng.normal(size=n_samples)
    y = linear + noise
    if setting == "probit":
        y = (y > 0).astype(int)
    elif setting == "noise":
        y = (noise > 0).astype(int)
    return X, y, np.repeat(np.arange(DOMAINS), rows)


def shares(setting: str, models: str, rows: int, groups: int, seed: int) -> dict[str, Any]:
    """Shares of the pairs called negative and positive, with standard errors."""
    rng = np.random.default_rng([seed, rows])
    by_group: dict[str, list[float]] = {name: [] for name in [*RULES, "positive"]}
    for _ in range(groups):
        X, y, domain = group(setting, rows, rng)
        measure = CrossLearningScore(MODELS[models], random_state=0).fit(X, y, sample_domain=domain)
        called: dict[str, list[bool]] = {name: [] for name in by_group}
        for target in range(DOMAINS):
            for name, rule in RULES.items():
                zone = measure.zones(target, **rule).zone.to_numpy()
                called[name].extend(zone == "negative")
            called["positive"].extend(zone == "positive")
        for name, values in called.items():
            by_group[name].append(float(np.mean(values)))
    result: dict[str, Any] = {
        "setting": setting,
        "models": models,
        "rows": rows,
        "seed": seed,
        "pairs": groups * DOMAINS * (DOMAINS - 1) // 2,
    }
    for name, values in by_group.items():
        result[name] = f"{np.mean(values):.5f}"
        result[f"{name} (se)"] = f"{np.std(values) / np.sqrt(groups):.5f}"
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few groups of each")
    parser.add_argument("--out", type=Path, default=None, help="csv to go on from and to add to")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    done = []
    if options.out is not None and options.out.exists():
        done = list(csv.DictReader(options.out.open(newline="")))
    known = {tuple(row[name] for name in KEY) for row in done}
    for row in done:
        print(" | ".join(str(value) for value in row.values()))
    for setting, models, rows, groups in CASES:
        groups = max(groups // 50, 2) if options.quick else groups
        key = (setting, models, rows, options.seed, groups * DOMAINS * (DOMAINS - 1) // 2)
        if tuple(map(str, key)) in known:
            continue
        row = shares(setting, models, rows, groups, options.seed)
        if not known:
            print(" | ".join(row))
        known.add(tuple(map(str, key)))
        print(" | ".join(str(value) for value in row.values()), flush=True)
        if options.out is not None:
            new = not options.out.exists()
            with options.out.open("a", newline="") as file:
                writer = csv.DictWriter(file, list(row))
                if new:
                    writer.writeheader()
                writer.writerow(row)


if __name__ == "__main__":
    main()
