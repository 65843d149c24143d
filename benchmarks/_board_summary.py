# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Summaries of the board's losses, methods being compared on the runs that all of them completed.

A cell is a table with a number of labelled rows; its runs are targets and repeats. A method's loss
in a cell is the mean over runs. Its ratio is that mean over the smaller of the references' means;
its ratio per run, the geometric mean over runs of its loss over the smaller of the references'.
Both are averaged geometrically over cells. Intervals are percentiles over tables drawn with
replacement, and runs within each cell, the same for all methods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from _board_run import FIELDS, KEY

RUN = ["table", "rows", "target", "repeat"]
N_BOOTSTRAP = 1000
# A method that covers less, one that is not defined for several classes say, must not shrink the
# common runs; it is compared on its own runs.
LEAST_COVERAGE = 0.95


def read_lines(path):
    """Lines of one csv file; a domain may be called NA."""
    text = ["inner", "table", "target", "method", "error", "chosen"]
    missing = {name: ["", "nan"] for name in FIELDS if name not in text}
    types = dict.fromkeys(text, str)
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=missing)


def load(paths):
    """Lines of csv files; of a run done twice the last one counts."""
    found = pd.concat([read_lines(path) for path in paths])
    return found.drop_duplicates(KEY, keep="last").reset_index(drop=True)


def wide_losses(found, methods, values="loss"):
    """Runs in rows, methods in columns; NaN where a method did not complete the run."""
    wide = found.set_index([*RUN, "method"])[values].unstack().reindex(columns=methods)
    return wide[wide.notna().any(axis=1)]


def coverage(wide):
    """Share of the runs that each method completed."""
    return wide.notna().mean()


def common(wide, references):
    """Runs that all methods completed, and those methods: such as cover enough."""
    share = coverage(wide)
    kept = [name for name in wide if share[name] >= LEAST_COVERAGE or name in references]
    return wide[kept].dropna()


@dataclass(frozen=True)
class Ratios:
    """Logarithms of ratios to references, by cell and by bootstrap sample."""

    cells: pd.DataFrame  # of means
    per_run: pd.DataFrame
    drawn: np.ndarray  # bootstrap samples x methods, of means, averaged over cells
    drawn_per_run: np.ndarray

    @property
    def by_table(self):
        return self.cells.groupby(level="table").mean()


def ratios(wide, references, seed=0):
    """Log ratios of all columns to the best of the references; `wide` has no gaps."""
    rng = np.random.default_rng(seed)
    columns = [wide.columns.get_loc(name) for name in references]
    keys, of_means, per_run, drawn, drawn_per_run = [], [], [], [], []
    for key, part in wide.groupby(level=["table", "rows"]):
        losses = part.to_numpy()
        logs = np.log(losses / losses[:, columns].min(axis=1, keepdims=True))
        n = len(losses)
        share = rng.multinomial(n, np.full(n, 1.0 / n), size=N_BOOTSTRAP) / n
        means = np.vstack([losses.mean(axis=0), share @ losses])
        means = np.log(means / means[:, columns].min(axis=1, keepdims=True))
        keys.append(key)
        of_means.append(means[0])
        per_run.append(logs.mean(axis=0))
        drawn.append(means[1:])
        drawn_per_run.append(share @ logs)
    index = pd.MultiIndex.from_tuples(keys, names=["table", "rows"])
    # Tables are drawn, not cells: what holds at 20 rows tends to hold at 100.
    table = index.codes[0]
    n_tables = table.max() + 1
    times = rng.multinomial(n_tables, np.full(n_tables, 1.0 / n_tables), size=N_BOOTSTRAP)[:, table]
    times = times / times.sum(axis=1, keepdims=True)
    return Ratios(
        pd.DataFrame(of_means, index, wide.columns),
        pd.DataFrame(per_run, index, wide.columns),
        np.einsum("bc,cbm->bm", times, np.array(drawn)),
        np.einsum("bc,cbm->bm", times, np.array(drawn_per_run)),
    )


def ranks(wide):
    """Average rank of every method among all, by its mean in a cell."""
    means = wide.groupby(level=["table", "rows"]).mean()
    return means.rank(axis=1).mean()


def summary(wide, references):
    """A line per method: ratios with intervals, worst cell and table, share improved, rank.

    Of the runs that all methods completed, and of its own for one that completed fewer.
    """
    whole = common(wide, references)
    if whole.empty or not set(references) <= set(whole):
        return None
    lines = [_lines(ratios(whole, references), whole)]
    for name in [name for name in wide if name not in whole]:
        part = wide[[*references, name]].dropna()
        if not part.empty:
            lines.append(_lines(ratios(part, references), part).loc[[name]])
    frame = pd.concat(lines).reindex(wide.columns)
    frame["rank"] = ranks(whole)
    frame["coverage"] = coverage(wide)
    frame["own ratio"] = own_ratios(wide, references)
    return frame


def _lines(found, runs):
    low, high = np.exp(np.percentile(found.drawn, [2.5, 97.5], axis=0))
    run_low, run_high = np.exp(np.percentile(found.drawn_per_run, [2.5, 97.5], axis=0))
    worst = found.cells.idxmax()
    return pd.DataFrame(
        {
            "ratio": np.exp(found.cells.mean()),
            "low": low,
            "high": high,
            "worst": np.exp(found.cells.max()),
            "worst cell": [f"{table}, {rows}" for table, rows in worst],
            "worst table": np.exp(found.by_table.max()),
            "improved": (found.cells < 0).mean(),
            "tables improved": (found.by_table < 0).mean(),
            "per run": np.exp(found.per_run.mean()),
            "run low": run_low,
            "run high": run_high,
        },
        index=runs.columns,
    )


def own_ratios(wide, references):
    """Ratio of each method on all runs that it and the references completed."""
    found = {}
    for name in wide:
        part = wide[list(dict.fromkeys([*references, name]))].dropna()
        if not part.empty:
            means = part.groupby(level=["table", "rows"]).mean()
            best = means[references].min(axis=1)
            found[name] = float(np.exp(np.log(means[name] / best).mean()))
    return pd.Series(found)


def duels(wide, name, baselines):
    """One method over each baseline, on the runs that all of them completed.

    `baselines` gives the methods whose better one is the baseline, by the baseline's name.
    """
    lines = {}
    for title, against in baselines.items():
        part = wide[[name, *against]].dropna()
        if part.empty:
            continue
        found = ratios(part, against)
        low, high = np.exp(np.percentile(found.drawn[:, 0], [2.5, 97.5]))
        cells, tables = found.cells[name], found.by_table[name]
        lines[title] = {
            "ratio": np.exp(cells.mean()),
            "low": low,
            "high": high,
            "worst": np.exp(cells.max()),
            "worst cell": "{}, {}".format(*cells.idxmax()),
            "worst table": np.exp(tables.max()),
            "improved": (cells < 0).mean(),
            "cells > 1.03": int((cells > np.log(1.03)).sum()),
            "tables > 1.03": int((tables > np.log(1.03)).sum()),
            "cells": len(cells),
            "runs": len(part),
        }
    frame = pd.DataFrame(lines).T
    frame.index.name = f"{name} over"
    return frame


def per_cell(wide, references):
    """Ratios by cell, a line each, gaps allowed, with the number of runs."""
    lines = {}
    for key, part in wide.groupby(level=["table", "rows"]):
        best = part[references].mean().min()
        line = {}
        for name in wide:
            both = part[list(dict.fromkeys([*references, name]))].dropna()
            if not both.empty:
                line[name] = both[name].mean() / both[references].mean().min()
        lines[key] = {**line, "best loss": best, "runs": int(part[references].notna().all(1).sum())}
    frame = pd.DataFrame(lines).T
    frame.index.names = ["table", "rows"]
    return frame


def costs(found, methods):
    """Seconds a run, seconds over those of the bare fits, and fits of the inner estimator."""
    done = found[found["loss"].notna()]
    done = done.assign(cost=done["seconds"] / done["unit"])
    grouped = done.groupby("method")
    return pd.DataFrame(
        {
            "seconds": grouped["seconds"].mean(),
            "bare fits": grouped["cost"].median(),
            "fits": grouped["fits"].mean(),
            "pooled-size fits": grouped["pooled_fits"].mean(),
        }
    ).reindex(methods)


def other_scores(found, methods):
    """Means of the other scores over cells, on the runs where the method has a loss."""
    lines = {}
    for kind, part in (
        ("classes", found["accuracy"].notna()),
        ("values", found["accuracy"].isna()),
    ):
        done = found[part & found["loss"].notna()]
        if done.empty:
            continue
        done = done.assign(miscalibration=np.log(done["slope"].clip(lower=0.05)).abs())
        names = {"loss": "mean", "slope": "median", "miscalibration": "mean"}
        if kind == "classes":
            names |= {"auc": "mean", "accuracy": "mean", "brier": "mean"}
        cells = done.groupby(["method", "table", "rows"]).agg(names)
        lines[kind] = cells.groupby(level="method").mean().reindex(methods)
    return lines


def failures(found):
    """Methods that did not complete, with the reasons and how often."""
    failed = found[found["loss"].isna()]
    if failed.empty:
        return None
    reason = failed["error"].fillna("").str.slice(0, 90)
    grouped = failed.assign(reason=reason).groupby(["inner", "method", "reason"])
    return grouped.agg(
        runs=("table", "size"), tables=("table", lambda names: ", ".join(sorted(set(names))))
    ).reset_index()


def clinical(found, tables, rows, base=("linear", "pooled")):
    """Ratio of means to linear pooled by method and inner estimator, over clinical tables."""
    part = found[found["table"].isin(tables) & found["rows"].isin(rows) & found["loss"].notna()]
    if part.empty:
        return None
    part = part.assign(method=list(zip(part["inner"], part["method"], strict=True)))
    wide = part.pivot_table(index=RUN, columns="method", values="loss")
    names = list(wide)
    if base not in names:
        return None
    n_cells = wide[base].dropna().groupby(level=["table", "rows"]).ngroups
    lines = {}
    for name in names:
        both = wide[list(dict.fromkeys([base, name]))].dropna()
        if both.empty:
            continue
        means = both.groupby(level=["table", "rows"]).mean()
        log_ratio = np.log(means[name] / means[base])
        by_table = log_ratio.groupby(level="table").mean()
        # A mean over other cells than those of the rest would not compare.
        whole = len(log_ratio) == n_cells
        lines[", ".join(name)] = {
            "ratio": np.exp(log_ratio.mean()) if whole else np.nan,
            **np.exp(by_table).to_dict(),
            "cells": len(log_ratio),
            "runs": len(both),
        }
    return pd.DataFrame(lines).T.sort_values("ratio")


def self_check():
    """Planted losses have the summary that was planted, and gaps are reported, not filled."""
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([["a", "b", "c"], [20], ["t", "u"], range(5)], names=RUN)
    noise = rng.uniform(0.9, 1.1, len(index))
    table = index.get_level_values("table")
    wide = pd.DataFrame(
        {
            "target": noise * np.where(table == "a", 1.0, 2.0),
            "pooled": noise * np.where(table == "a", 3.0, 1.0),
            "good": noise * np.where(table == "c", 1.02, 0.9),
            "rare": noise,
        },
        index=index,
    )
    wide.loc[wide.index[3:], "rare"] = np.nan
    found = summary(wide, ["target", "pooled"])
    planted = (0.9 * 0.9 * 1.02) ** (1 / 3)
    line = found.loc["good"]
    np.testing.assert_allclose(line["ratio"], planted)
    np.testing.assert_allclose(line["per run"], planted)
    np.testing.assert_allclose(line["worst"], 1.02)
    assert line["worst cell"] == "c, 20"
    np.testing.assert_allclose([line["improved"], line["rank"]], [2 / 3, 4 / 3])
    # Noise is common to all methods: runs add nothing, tables all, to the interval.
    np.testing.assert_allclose([line["low"], line["high"]], [0.9, 1.02])
    assert np.isnan(found.loc["rare", "rank"])
    np.testing.assert_allclose(found.loc["rare", "ratio"], 1.0)
    np.testing.assert_allclose(found.loc["rare", ["coverage", "own ratio"]].tolist(), [0.1, 1.0])
    both = duels(wide, "good", {"pooled": ["pooled"], "any": ["target", "pooled"]})
    np.testing.assert_allclose(both.loc["pooled", "ratio"], (0.3 * 0.9 * 1.02) ** (1 / 3))
    np.testing.assert_allclose(both.loc["any", "ratio"], planted)
