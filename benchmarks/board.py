# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The board: few-shot transfer on real tables, every method beside what one would do today.

    python benchmarks/board.py DATA_DIR --jobs 2                       # linear inner estimators
    python benchmarks/board.py DATA_DIR --inner xgboost --repeats 3 --rows 20 100
    python benchmarks/board.py DATA_DIR --search --repeats 3 -o board_search.csv
    python benchmarks/board.py --tables heart_hospitals --targets 4 --rows 20 50
    python benchmarks/board.py DATA_DIR --methods target pooled UOWQ 'UOWQ(guard="select")'
    python benchmarks/board.py DATA_DIR --variants --repeats 3 -o board_variants.csv
    python benchmarks/board.py --report OUT_DIR -o board.csv           # page and figure, no runs
    python benchmarks/board.py --quick

A table is DATA_DIR/NAME/NAME.parquet with features, `id_*`, `alt_*`, `target` and `domain`. Several
of its domains are the target in turn, with 20, 50, 100 or 200 labelled rows drawn by class; up to
20 other domains of up to 1000 rows are the sources, and up to 2000 further rows of the target are
tested on. Where an `id_*` column says which rows belong together, no group is on both sides. All
methods get the same inner estimator and the same columns, prepared on the training rows: numbers
median-imputed with indicators, categories one-hot, everything standardised. With `--search` every
method chooses the inner regularisation from the same four values by three-fold cross-validation on
the target's rows. The loss is log-loss, or root mean squared error over the target's standard
deviation. With `--variants` another column of the same tables, `alt_*`, is predicted, or is the
domain: questions on which no setting of the package was chosen.

target, pooled, sources, balanced, one-hot, category, augment
                     DirectTransfer with the strategy of that name
own intercepts       one-hot with indicators of 10, so that the penalty hardly touches them
recalibrated         pooled, then shifted by one intercept fitted to the target's rows
GLMM                 random intercepts by domain, slopes penalised like the inner estimator's
GLMM, statsmodels    MixedLM and BinomialBayesMixedGLM; slow, and run only where named
CatBoost             with the domain as category and XGBoost's number and depth of trees
TrAdaBoost           20 rounds, 10 with XGBoost inside; TrAdaBoost.R2 for values
ART                  20 splits, 5 with XGBoost inside
source detection, OTQMS, random (RandomCoefficients)
                     as they come, OTQMS without a guard
UOWQ static, UOWQ dynamic
                     the paper's algorithm, without a guard; `own`: with own intercepts
UOWQ                 UOWQClassifier() or UOWQRegressor() as they come
UOWQ, select         with guard="select"
UOWQ, groups         told which rows belong together (patient, mother, date, genotype) where the
                     table says; run only where named
UOWQ(option=...)     with those options

Every method on every draw is a line of the csv file, one that failed as well, with its error; a
second call computes what is missing, `--retry` also what failed.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from time import perf_counter

from _board_methods import INNERS, method, methods_of
from _board_report import show, write_report
from _board_run import FIELDS, KEY, one_draw
from _board_splits import board_targets
from _board_summary import load, read_lines, self_check
from _tables import BUNDLED, OTHERS, TUNING, VARIANTS, table_of
from joblib import Parallel, delayed, parallel_config


def tasks(arguments, done):
    """Draws with the methods that are missing: first repeats first, so that all tables advance."""
    found = []
    for name in arguments.tables:
        for rows in arguments.rows:
            for target in board_targets(arguments.folder, name, rows, arguments.targets):
                for inner in arguments.inner:
                    for repeat in range(arguments.repeats):
                        key = {"seed": arguments.seed, "search": int(arguments.search)}
                        key |= {"inner": inner, "table": name, "rows": rows}
                        key |= {"target": target, "repeat": repeat}
                        missing = [m for m in arguments.of[inner] if (*key.values(), m) not in done]
                        if missing:
                            found.append((key, missing))
    return sorted(found, key=lambda task: task[0]["repeat"])


def run(arguments):
    """Compute what is missing, and append it to the csv file as it comes."""
    done = set()
    if arguments.output.exists():
        past = read_lines(arguments.output)
        if arguments.retry:
            past = past[past["loss"].notna()]
        done = set(past[KEY].itertuples(index=False, name=None))
    missing = tasks(arguments, done)
    total = sum(len(names) for _, names in missing)
    print(f"{len(done)} lines found, {total} to compute in {len(missing)} draws", flush=True)
    started, last, lines = perf_counter(), 0.0, 0
    with (
        parallel_config("loky", inner_max_num_threads=1)
        if arguments.jobs > 1
        else parallel_config("sequential"),
        arguments.output.open("a", newline="") as file,
    ):
        writer = csv.DictWriter(file, FIELDS)
        if file.tell() == 0:
            writer.writeheader()
        for found in Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(
            delayed(one_draw)(arguments.folder, key, names, arguments.limit)
            for key, names in missing
        ):
            writer.writerows(found)
            file.flush()
            lines += len(found)
            spent = perf_counter() - started
            if spent - last > 5 or lines == total:
                last = spent
                left = spent / lines * (total - lines)
                where = f"{found[0]['inner']} {found[0]['table']} repeat {found[0]['repeat']}"
                print(
                    f"{lines}/{total} lines, {spent:.0f} s, about {left:.0f} s left ({where})",
                    file=sys.stderr,
                    flush=True,
                )


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", help="DIR of tables DIR/NAME/NAME.parquet")
    parser.add_argument("--tables", nargs="+", help=f"only these; {BUNDLED} is bundled")
    parser.add_argument("--rows", type=int, nargs="+", default=[20, 50, 100, 200])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument(
        "--variants", action="store_true", help="other domains or targets of the same tables"
    )
    parser.add_argument("--targets", type=int, default=2, help="domains of a table")
    parser.add_argument("--inner", nargs="+", choices=INNERS, default=["linear"])
    parser.add_argument("--methods", nargs="+", help="only these")
    parser.add_argument("--without", nargs="+", default=[], help="all methods but these")
    parser.add_argument("--search", action="store_true", help="choose the regularisation")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds of a method on a draw")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=Path("board.csv"))
    parser.add_argument(
        "--also", type=Path, nargs="+", default=[], help="csv files to summarise with the output"
    )
    parser.add_argument("--retry", action="store_true", help="compute again what failed")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write page and figure, no runs")
    parser.add_argument("--page", default="board", help="name of that page and its figures")
    parser.add_argument("--title", default="The board", help="of that page")
    parser.add_argument("--quick", action="store_true", help="a small table or three, 2 repeats")
    arguments = parser.parse_args()
    if arguments.quick:
        small = ["heart_disease", "student_performance", "pn2012"]
        arguments.tables = arguments.tables or (small if arguments.folder else [BUNDLED])
        arguments.rows, arguments.repeats, arguments.inner = [20], 2, list(INNERS)
    if arguments.report is None:
        arguments.tables = tables(arguments, parser)
    for name in arguments.methods or []:
        try:
            method(name)
        except (SyntaxError, ValueError) as error:
            parser.error(str(error))
    arguments.of = {}
    for inner in arguments.inner:
        names, left_out = methods_of(inner)
        for name, reason in left_out.items():
            if not arguments.methods or name in arguments.methods:
                print(f"{inner}: {name} is left out, {reason}")
        if arguments.methods:
            names = [name for name in arguments.methods if name not in left_out]
        arguments.of[inner] = [name for name in names if name not in arguments.without]
    return arguments


def tables(arguments, parser):
    if arguments.folder is None and arguments.tables != [BUNDLED]:
        parser.error(f"DATA_DIR is needed for tables other than {BUNDLED}")
    if arguments.tables is not None:
        return arguments.tables
    found = Path(arguments.folder).glob("*/*.parquet")
    here = sorted(path.stem for path in found if path.stem == path.parent.name)
    if arguments.variants:
        return [name for name in VARIANTS if table_of(name) in here]
    known = [name for name in (*TUNING, *OTHERS) if name in here]
    return known + [name for name in here if name not in known]


def main():
    arguments = parse()
    if arguments.quick:
        self_check()
    if arguments.report is None:
        run(arguments)
    found = load([*arguments.also, arguments.output])
    found = found[found["seed"] == arguments.seed]
    if arguments.tables:
        found = found[found["table"].isin(arguments.tables)]
    if arguments.methods:
        found = found[found["method"].isin(arguments.methods)]
    found = found[~found["method"].isin(arguments.without)]
    if arguments.report is not None:
        write_report(found, arguments.report, arguments.page, arguments.title)
        return
    show(found[found["search"] == int(arguments.search)], arguments.of)


if __name__ == "__main__":
    main()
