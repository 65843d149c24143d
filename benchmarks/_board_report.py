# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The board printed, and as a page with a figure."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from _board_methods import DEFAULT, INNERS, METHODS, POOLED, PRACTICE, SELECT, TARGET
from _board_summary import (
    clinical,
    common,
    costs,
    duels,
    failures,
    other_scores,
    per_cell,
    summary,
    wide_losses,
)
from _tables import BUNDLED, TUNING

REFERENCES = [TARGET, POOLED]
CLINICAL = ("heart_disease", "support2", "rhc", "ist", "adult")
CLINICAL_ROWS = (20, 50, 100)
SEARCHED = {0: "inner parameters as they are", 1: "inner regularisation searched"}


def parts(found):
    tuned = found["table"].isin(TUNING)
    both = {"all tables": found, "tuning tables": found[tuned], "other tables": found[~tuned]}
    return both if tuned.any() and not tuned.all() else {"all tables": found}


def in_order(names):
    """The board's order; variants spelt out by their options come last."""
    names = set(names)
    known = [name for name in METHODS if name in names]
    return known + sorted(names - set(known))


def frames(found, inner):
    """All tables of one inner estimator as (title, frame), a generator."""
    found = found[found["inner"] == inner]
    if not set(REFERENCES) <= set(found["method"]):
        return
    methods = in_order(found["method"])
    for title, part in parts(found).items():
        wide = wide_losses(part, methods)
        if wide.empty:
            continue
        frame = summary(wide, REFERENCES)
        if frame is not None:
            n_cells = len(common(wide, REFERENCES).groupby(level=["table", "rows"]))
            note = f"{len(common(wide, REFERENCES))} common runs of {len(wide)}, {n_cells} cells"
            heading = f"{title}: over the better of target and pooled ({note})"
            yield heading, frame.join(costs(part, methods)).sort_values("own ratio")
        for rows, few in part.groupby("rows") if part["rows"].nunique() > 1 else []:
            frame = summary(wide_losses(few, methods), REFERENCES)
            if frame is not None:
                yield f"{title}, {rows} rows: over the better of target and pooled", frame
        for name in methods:
            if name in (DEFAULT, SELECT) or "(" in name:
                frame = duels(wide, name, baselines(inner, name, methods))
                if not frame.empty:
                    yield f"{title}: {name} over each of the others", frame
    wide = wide_losses(found, methods)
    yield "ratio by table and rows", per_cell(wide, REFERENCES)
    losses = found.pivot_table(index=["table", "rows"], columns="method", values="loss")
    yield "mean loss by table and rows", losses.reindex(columns=methods)
    for kind, frame in other_scores(found, methods).items():
        yield f"other scores, tables of {kind}: means over cells, slope the median", frame
    heart = found[found["table"] == BUNDLED]
    if not heart.empty:
        means = heart.pivot_table(index=["rows", "target"], columns="method", values="loss")
        means = means.reindex(columns=methods)
        yield "hospitals: mean log-loss", means
        yield "hospitals: mean over hospitals", means.groupby(level="rows").mean()
        better = means[REFERENCES].min(axis=1)
        yield "hospitals: over the better of target and pooled", means.div(better, axis=0)


def baselines(inner, name, methods):
    """Practice first, the better of its methods, then all others."""
    practice = [other for other in PRACTICE[inner] if other in methods]
    found = {"the best of practice": practice} if practice else {}
    others = [other for other in methods if other not in (*practice, name)]
    return found | {other: [other] for other in [*practice, *others]}


def show(found, of):
    for inner in of:
        for title, frame in frames(found, inner):
            print(f"\n{inner}, {title}")
            print(rounded(frame).to_string())
    frame = clinical(found, CLINICAL, CLINICAL_ROWS)
    if frame is not None:
        print("\nclinical tables: ratio of means to linear pooled")
        print(rounded(frame).to_string())
    frame = failures(found)
    print("\nfailures" if frame is not None else "\nno failures")
    if frame is not None:
        print(frame.to_string(index=False))
    print("\n" + versions())


def rounded(frame):
    return frame.apply(lambda column: column.infer_objects()).round(4)


def versions():
    found = []
    packages = ["sklearn-transfer", "scikit-learn", "numpy", "xgboost", "catboost", "statsmodels"]
    for name in packages:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


PAGE_COLUMNS = [
    "ratio",
    "low",
    "high",
    "worst",
    "worst cell",
    "worst table",
    "improved",
    "per run",
    "run low",
    "run high",
    "rank",
    "coverage",
    "own ratio",
    "seconds",
    "bare fits",
    "pooled-size fits",
]


def write_report(found, folder, page="board", title="The board"):
    """The page, a figure for each inner estimator, and the tables as csv files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = [f"# {title}", "", _introduction(found), ""]
    for searched, lines in found.groupby("search"):
        for inner in [name for name in INNERS if name in set(lines["inner"])]:
            stem = f"{page}_{inner}" + ("_search" if searched else "")
            text += [f"## {inner}, {SEARCHED[searched]}", ""]
            for number, (title, frame) in enumerate(frames(lines, inner)):
                rounded(frame).to_csv(folder / f"{stem}_{number:02d}_{_slug(title)}.csv")
                if number == 0:
                    figure(frame, folder / f"{stem}.png", f"{inner}, {SEARCHED[searched]}")
                    text += [f"![Ratios and costs]({stem}.png)", ""]
                if "rows:" in title or "mean loss" in title:
                    continue
                shown = frame[[c for c in PAGE_COLUMNS if c in frame]] if "rank" in frame else frame
                text += [f"### {title}", "", markdown(shown), ""]
        frame = clinical(lines, CLINICAL, CLINICAL_ROWS)
        if frame is not None:
            frame.to_csv(folder / f"{page}_clinical{'_search' if searched else ''}.csv")
            text += ["## Clinical tables: ratio of means to linear pooled", "", markdown(frame), ""]
    frame = failures(found)
    if frame is not None:
        text += ["## What failed, or is not defined", "", markdown(frame.set_index("inner")), ""]
    (folder / f"{page}.md").write_text("\n".join(text))


def _introduction(found):
    rows = ", ".join(map(str, sorted(found["rows"].unique())))
    repeats = found.groupby(["inner", "method"])["repeat"].nunique()
    told = []
    for inner, of_inner in repeats.groupby(level="inner"):
        most = of_inner.max()
        fewer = of_inner[of_inner < most].droplevel("inner")
        of_others = ", ".join(f"{name} {n}" for name, n in fewer.items())
        told.append(f"{inner} {most}" + (f" ({of_others})" if of_others else ""))
    return (
        f"{found['table'].nunique()} tables, {rows} labelled target rows; repeats: "
        f"{'; '.join(told)}. Computed by `python benchmarks/board.py DATA_DIR` with `--rows`, "
        "`--inner` and `--repeats` as here, printed with `--report`. Ratios below 1 are better "
        "than the better of target-only and pooled fits. Intervals are 95 % percentiles over "
        f"tables and runs drawn with replacement. Versions: {versions()}."
    )


def _slug(title):
    head = title.partition(" (")[0]
    return "".join(c if c.isalnum() else "_" for c in head).strip("_").replace("__", "_")


def markdown(frame):
    """A Markdown table with the index in its first columns."""
    # Not by reset_index: "target" is a level of the index and the name of a method.
    header = [name or "" for name in frame.index.names] + [str(name) for name in frame.columns]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for key, row in zip(frame.index, frame.itertuples(index=False), strict=True):
        keys = key if isinstance(key, tuple) else (key,)
        lines.append("| " + " | ".join(_cell(value) for value in (*keys, *row)) + " |")
    return "\n".join(lines)


def _cell(value):
    if isinstance(value, float | np.floating):
        if np.isnan(value):
            return "-"
        if float(value).is_integer() and abs(value) >= 10:
            return f"{value:.0f}"
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    return str(value).replace("|", "\\|")


def figure(frame, path, title):
    """Ratios with intervals and worst cells; and cost against ratio."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    frame = frame[frame["ratio"].notna()].sort_values("ratio", ascending=False)
    if frame.empty:
        return
    height = np.arange(len(frame))
    ours = [name in (DEFAULT, SELECT) or "(" in name for name in frame.index]
    color = np.where(ours, "C3", np.where(frame.index.isin(REFERENCES), "C7", "C0"))
    drawn, (left, right) = plt.subplots(
        1, 2, figsize=(11, 1.5 + 0.27 * len(frame)), width_ratios=(3, 2), layout="constrained"
    )
    left.hlines(height, frame["low"], frame["high"], color=color, linewidth=2)
    left.scatter(frame["ratio"], height, color=color, zorder=3, label="geometric mean, 95 %")
    left.scatter(
        frame["worst"], height, facecolor="none", edgecolor=color, marker="D", label="worst cell"
    )
    left.axvline(1.0, color="0.6", linewidth=0.8)
    left.set_yticks(height, frame.index)
    left.set_xscale("log")
    ticks = [0.8, 0.9, 1, 1.2, 1.5, 2, 3, 5, 10]
    left.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    left.minorticks_off()
    left.set_xlim(
        0.95 * min(0.85, frame["low"].min()), 1.1 * max(2.0, min(10, frame["worst"].max()))
    )
    left.set_xlabel("loss over that of the better of target and pooled")
    left.legend(loc="upper right")
    near = frame[frame["ratio"] < 1.5]
    right.scatter(near["bare fits"], near["ratio"], color=color[frame["ratio"] < 1.5])
    for name, row in near.iterrows():
        right.annotate(
            name,
            (row["bare fits"], row["ratio"]),
            fontsize=7,
            xytext=(3, 3),
            textcoords="offset points",
        )
    right.axhline(1.0, color="0.6", linewidth=0.8)
    right.set_xscale("log")
    right.set_xlabel("seconds over those of the bare fits (median)")
    right.set_ylabel("ratio")
    drawn.suptitle(title)
    drawn.savefig(path, dpi=130)
    plt.close(drawn)
