# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
r"""What a guard costs, and what it is worth: loss against fits, for several settings.

    python benchmarks/board.py DATA_DIR --rows 20 100 --repeats 3 -o guard.csv --methods \
        target pooled "UOWQ static" "UOWQ dynamic" "UOWQ, select" UOWQ \
        "UOWQ(guard=None, n_rounds=2)" "UOWQ(guard=None, n_rounds=3)" \
        "UOWQ(guard='select', n_rounds=1)" "UOWQ(guard='select', n_rounds=2)"
    python benchmarks/guard_cost.py guard.csv --figure guard_cost.png

Cost is in fits of the inner estimator to as many rows as all domains have; fits to fewer rows
count by their rows. The loss is over that of the better of target-only and pooled fits, geometric
mean over tables and rows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from _board_methods import DEFAULT, POOLED, SELECT, TARGET
from _board_summary import costs, load, summary, wide_losses

# Each curve: name, and its settings by growing cost.
CURVES = {
    "guard=None": [
        "UOWQ static",
        "UOWQ(guard=None, n_rounds=2)",
        "UOWQ(guard=None, n_rounds=3)",
        "UOWQ dynamic",
    ],
    'guard="select"': [
        "UOWQ(guard='select', n_rounds=1)",
        "UOWQ(guard='select', n_rounds=2)",
        SELECT,
    ],
    'guard="auto"': [DEFAULT],
    "target only": [TARGET],
    "pooled": [POOLED],
}
SHOWN = ["pooled-size fits", "bare fits", "ratio", "low", "high", "worst", "improved", "rank"]


def figure(frame, path):
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    drawn, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
    for number, (name, settings) in enumerate(CURVES.items()):
        found = frame.loc[[setting for setting in settings if setting in frame.index]]
        ratio = found["ratio"]
        axes.errorbar(
            found["pooled-size fits"],
            ratio,
            yerr=[ratio - found["low"], found["high"] - ratio],
            marker="o",
            color=f"C{number}",
            label=name,
            capsize=2,
            elinewidth=0.8,
        )
    axes.axhline(1.0, color="0.6", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_ylim(top=1.3)
    axes.set_xlabel("fits to all rows")
    axes.set_ylabel("loss over the better of target and pooled")
    axes.legend()
    drawn.savefig(path, dpi=130)
    plt.close(drawn)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("board", type=Path, help="csv file of board.py with these settings")
    parser.add_argument("--inner", default="linear")
    parser.add_argument("--figure", type=Path, help="where to draw the curves")
    arguments = parser.parse_args()
    settings = [setting for curve in CURVES.values() for setting in curve]
    found = load([arguments.board])
    found = found[found["inner"] == arguments.inner]
    missing = [setting for setting in settings if setting not in set(found["method"])]
    if missing:
        parser.error(f"{arguments.board} needs lines of every setting. Got none of {missing}.")
    wide = wide_losses(found, settings)
    frame = summary(wide, [TARGET, POOLED]).join(costs(found, settings))
    print(frame.loc[settings, SHOWN].round(3).to_string())
    if arguments.figure:
        figure(frame, arguments.figure)


if __name__ == "__main__":
    main()
