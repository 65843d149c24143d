# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Zones of the Cross-Learning Score beside what transfer did: the paper's eICU protocol.

    python benchmarks/eicu_zones.py FOLDER                         # the full eICU tables (hours)
    python benchmarks/eicu_zones.py FOLDER --domains region --splits 10     # the open demo
    python benchmarks/eicu_zones.py --bundled --splits 10          # the heart hospitals
    python benchmarks/eicu_zones.py --bundled --quick              # a look
    python benchmarks/eicu_zones.py --bundled --tables             # only print the csv file

"Quantifying Data Similarity Using Cross Learning", arXiv:2510.10866, section 4.1 and appendix C.1:
complete records of teaching hospitals, the hospital with the highest mortality as target, the ten
others with the most survivors as sources, each undersampled to as many deaths as survivors. Each
source is scored and put in a zone by all rows of both. Then the target's (the source's) rows are
split 70/30, a random forest and four learners around it are fitted on the 70 % and all rows of the
other, and the error on the 30 % is compared with that of the forest fitted on the 70 % alone. The
average relative error reduction (RER) is the mean of both directions. RER of the target alone, what
a user of the target asks for, is shown beside it.

What the paper leaves open is filled in so: outcome `hospital_mortality`; the columns of
`load_eicu(complete=True)`, rare categories together, encoded and scaled once over all rows without
looking at y; hospitals with fewer than --least rows of either outcome are not eligible; 100 trees,
10 rounds of boosting, 10 halvings of ART; RER is the ratio of mean errors over the splits, with a
jackknife standard error over splits. It holds for the rows given: their own sampling error is not
in it. A forest of full trees makes no error on its own rows, so that both TrAdaBoosts stop after
one round and agree; --leaf 5 lets them boost. --impute keeps incomplete records, without which the
demo has hardly any rows; the bundled hospitals, each in turn the target, have no complete ones.

A second table learns from all sources at once, tested on the target: pooled, or by
`TransferZoneClassifier` pooling those of certain zones, scored anew on the training rows.

Every task becomes lines of the csv file; a second call computes what is missing.
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
import zlib
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import sklearn
from _zone_tables import DOMAINS, eicu_table, heart_tables
from joblib import Parallel, delayed
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

import sklearn_transfer
from sklearn_transfer.boosting import DynamicTrAdaBoostClassifier, TrAdaBoostClassifier
from sklearn_transfer.ensemble import ARTClassifier, DirectTransferClassifier
from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.metrics import spearman_agreement
from sklearn_transfer.similarity import CrossLearningScore
from sklearn_transfer.zones import TransferZoneClassifier

LEARNERS = ["direct", "ART", "TrAdaBoost", "DTrAdaBoost"]
TOGETHER = ["pooled", "zones: positive", "zones: not negative"]
ALL = "(all sources)"
FIELDS = ["setting", "target", "source", "split", "method", "error", "n_used"]


def learners(forest, rounds):
    return {
        "direct": DirectTransferClassifier(forest),
        "ART": ARTClassifier(forest, max_splits=rounds),
        "TrAdaBoost": TrAdaBoostClassifier(forest, n_estimators=rounds),
        "DTrAdaBoost": DynamicTrAdaBoostClassifier(forest, n_estimators=rounds),
    }


def together(forest):
    def by_zone(*use):
        return TransferZoneClassifier(forest, transfer=DirectTransferClassifier(), use=use)

    return {
        "pooled": DirectTransferClassifier(forest),
        "zones: positive": by_zone("positive"),
        "zones: not negative": by_zone("positive", "ambiguous"),
    }


def one_task(table, target, source, split, trees, rounds, leaf):
    """Errors of all methods on one split of `target`, by which name a source may learn too."""
    # The split of a domain is the same whichever the other one is.
    seed = zlib.crc32(f"{target}-{split}".encode()) % 2**31
    own = np.flatnonzero(table.domain == target)
    train, test = train_test_split(own, test_size=0.3, stratify=table.y[own], random_state=seed)
    others = table.domain != target if source == ALL else table.domain == source
    rows = np.concatenate([train, np.flatnonzero(others)])
    forest = RandomForestClassifier(trees, min_samples_leaf=leaf, random_state=seed)
    forest.fit(table.X[train], table.y[train])
    found = [("alone", 1.0 - forest.score(table.X[test], table.y[test]), 0)]
    methods = together(forest) if source == ALL else learners(forest, rounds)
    for name, model in methods.items():
        model.set_params(target_domain=target, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TransferWarning)
            model.fit(table.X[rows], table.y[rows], sample_domain=table.domain[rows])
        error = 1.0 - model.score(table.X[test], table.y[test])
        found.append((name, error, int((model.source_weights_ > 0).sum())))
    return [
        {"target": target, "source": source, "split": split}
        | {"method": method, "error": error, "n_used": used}
        for method, error, used in found
    ]


def compute(tables, setting, arguments):
    """Append what is missing to the csv file."""
    path, done = arguments.output, set()
    if path.exists():
        known = pd.read_csv(path, dtype={"target": str, "source": str})
        known = known[known.setting == setting]
        keys = known[["target", "source", "split"]].drop_duplicates()
        done = set(keys.itertuples(index=False, name=None))
    tasks = {}
    for split in range(arguments.splits):
        for table in tables:
            pairs = [(table.target, source) for source in [*table.sources, ALL]]
            for pair in pairs + [(source, table.target) for source in table.sources]:
                if (*pair, split) not in done:  # a pair may stand in two tables
                    tasks[*pair, split] = table
    calls = (
        delayed(one_task)(table, *key, arguments.trees, arguments.rounds, arguments.leaf)
        for key, table in tasks.items()
    )
    is_new = not path.exists()
    started = said = perf_counter()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if is_new:
            writer.writeheader()
        work = Parallel(arguments.jobs, return_as="generator_unordered")(calls)
        for number, lines in enumerate(work, start=1):
            writer.writerows({"setting": setting, **line} for line in lines)
            file.flush()
            now = perf_counter()
            if now - said > 10.0 or number == len(tasks):
                print(f"{number} of {len(tasks)} tasks, {now - started:.0f} s", file=sys.stderr)
                said = now


def zones_of(table, seed):
    """Score and zone of every source, by the paper's rule and by one that keeps its level."""
    score = CrossLearningScore(target_domain=table.target, random_state=seed)
    score.fit(table.X, table.y, sample_domain=table.domain)
    found = score.zones().set_index("domain")[["score", "standard_error", "zone"]]
    found.insert(0, "rows", [int((table.domain == name).sum()) for name in found.index])
    found["kept level"] = score.zones(level=1e-4)["zone"].to_numpy()
    return found


def reductions(found, target, source, *, both):
    """RER of every method and its jackknife standard error over the splits.

    Of the target learning from the source or, with `both`, the average with the other direction.
    """
    of_target = (found.target == target) & (found.source == source)
    of_source = (found.target == source) & (found.source == target)
    part = found[of_target | of_source] if both else found[of_target]
    wide = part.pivot_table(index="split", columns=["target", "method"], values="error").dropna()

    def average(errors):
        learnt = errors.index.get_level_values(0).unique()
        each = [1.0 - errors[name].drop("alone") / errors[name]["alone"] for name in learnt]
        return sum(each) / len(each)

    values = average(wide.mean())
    if len(wide) < 2:
        return values, values * np.nan
    left_out = pd.DataFrame([average(wide.drop(index=i).mean()) for i in wide.index])
    # Without one split there may be no error left that could be reduced.
    left_out = left_out.replace([np.inf, -np.inf], np.nan)
    return values, np.sqrt((len(wide) - 1) * left_out.var(ddof=0, skipna=False))


def show(table, found, seed):
    """Print the sources of one target; give their zones and reductions of both kinds."""
    zones = zones_of(table, seed)
    own = found[(found.target == table.target) & (found.source == ALL)]
    rows = int((table.domain == table.target).sum())
    print(f"\ntarget {table.target}: {rows} rows, {own.split.nunique()} splits")
    kinds = {}
    for kind, both in (("average RER", True), ("RER of the target alone", False)):
        shown = zones.round(3).astype(str)
        measured = pd.DataFrame(index=zones.index, columns=LEARNERS, dtype=float)
        for source in zones.index:
            values, errors = reductions(found, table.target, source, both=both)
            measured.loc[source] = values
            for name in LEARNERS:
                shown.loc[source, name] = f"{values[name]:+.1%} ({errors[name]:.1%})"
        print(f"{kind}\n{shown.to_string()}")
        kinds[kind] = zones.join(measured).assign(
            pair=[frozenset([table.target, name]) for name in zones.index]
        )
    values, errors = reductions(found, table.target, ALL, both=False)
    used = own.groupby("method")["n_used"].mean()
    print(f"all {len(table.sources)} sources at once, RER of the target")
    for name in TOGETHER:
        print(
            f"  {name:22}{values[name]:+7.1%} ({errors[name]:.1%})   sources used {used[name]:.1f}"
        )
    return kinds, {name: float(values[name]) for name in TOGETHER}


def summarise(kind, every):
    """Means of the RER by zone, and whether scores and reductions go together."""
    every = every.assign(best=every[LEARNERS].max(axis=1))
    for rule in ("zone", "kept level"):
        table = every.groupby(rule)[[*LEARNERS, "best"]].mean().map("{:+.1%}".format)
        table.insert(0, "pairs", every.groupby(rule).size())
        share = every.groupby(rule)[LEARNERS].agg(lambda column: (column > 0).mean())
        table["learners with RER > 0"] = share.mean(axis=1).map("{:.0%}".format)
        print(f"\nmean of the {kind}, by {rule}\n{table.to_string()}")
    scored = every[every.score.notna()]
    if len(scored) > 2:
        found = {
            name: f"{spearman_agreement(-scored.score.to_numpy(), scored[name].to_numpy()):+.2f}"
            for name in [*LEARNERS, "best"]
        }
        print(f"Spearman of -score with it over {len(scored)} pairs: {found}")


def arguments_given():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", help="folder of the original eICU tables")
    parser.add_argument("--bundled", action="store_true", help="the heart hospitals instead")
    parser.add_argument("--domains", choices=list(DOMAINS), default="hospital")
    parser.add_argument(
        "--outcome", choices=["hospital_mortality", "unit_mortality"], default="hospital_mortality"
    )
    parser.add_argument("--impute", action="store_true", help="keep incomplete records")
    parser.add_argument("--all-hospitals", action="store_true", help="not teaching hospitals alone")
    parser.add_argument("--least", type=int, default=20, help="rows of the rarer outcome")
    parser.add_argument("--sources", type=int, default=10)
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--leaf", type=int, default=1, help="least rows of a leaf")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("eicu_zones.csv"))
    parser.add_argument("--tables", action="store_true", help="only print what the file holds")
    parser.add_argument("--quick", action="store_true", help="2 splits, 20 trees, 3 rounds")
    given = parser.parse_args()
    if given.bundled is (given.folder is not None):
        parser.error("give either the folder of the eICU tables or --bundled")
    if given.quick:
        given.splits, given.trees, given.rounds = 2, 20, 3
    return given


def main():
    given = arguments_given()
    if given.bundled:
        tables = list(heart_tables(given.seed))
        setting = "heart"
    else:
        teaching = given.domains == "hospital" and not given.all_hospitals
        choice = {"impute": given.impute, "teaching": teaching, "least": given.least}
        tables = [
            eicu_table(
                given.folder,
                given.domains,
                given.outcome,
                n_sources=given.sources,
                seed=given.seed,
                **choice,
            )
        ]
        named = "-".join(f"{name}={value}" for name, value in choice.items())
        setting = f"{Path(given.folder).resolve().name}-{given.domains}-{given.outcome}-{named}"
    forest = f"trees={given.trees}-leaf={given.leaf}-rounds={given.rounds}"
    setting = f"{setting}-{forest}-seed={given.seed}"
    if not given.tables:
        compute(tables, setting, given)
    found = pd.read_csv(given.output, dtype={"target": str, "source": str})
    found = found[found.setting == setting]
    print(
        f"sklearn_transfer {sklearn_transfer.__version__}, scikit-learn {sklearn.__version__}, "
        f"NumPy {np.__version__}; {setting}\nin brackets: jackknife standard error over splits"
    )
    print(tables[0].rates.head(20).round(4).to_string())
    shown = [show(table, found, given.seed) for table in tables]
    for kind in shown[0][0]:
        every = pd.concat([kinds[kind] for kinds, _ in shown])
        # A pair of domains has one score and one average, though either may be the target.
        summarise(kind, every.drop_duplicates("pair") if kind == "average RER" else every)
    if len(shown) > 1:
        means = pd.DataFrame([values for _, values in shown]).mean()
        print(f"\nall sources at once, mean RER over the targets\n{means.round(3).to_string()}")


if __name__ == "__main__":
    main()
