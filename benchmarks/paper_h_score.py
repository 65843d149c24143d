# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the H-score tells: on tasks whose distribution is known, and on real tables.

Known tasks, as in Appendix E of the paper: a target with a random conditional distribution of the
label given a discrete input, and 20 sources ever farther from it. The H-score of each source's
minimum-error-probability features is set against the log-loss of the best linear transfer model on
them, exactly and from samples; then measured targets at 5 and at 16 levels.

Real tables: every score of the package, computed on the labelled rows of a target, against what
each source's features are worth on its test rows, in log-loss or R^2, in two ways: of a linear
model trained on the same labelled rows ("few rows"), and of one cross-validated on the test rows
themselves ("many rows"), which knows nothing of the labelled ones. Spearman correlation over the
sources of a target, averaged over targets and repeats, with 95 % intervals of a bootstrap over
targets and, within them, repeats. The tables are read from DATA_DIR (`DATA_DIR/NAME/NAME.parquet`);
results are kept in the file that --out names, and a run goes on where that file ends.

    OMP_NUM_THREADS=1 python benchmarks/paper_h_score.py
    OMP_NUM_THREADS=1 python benchmarks/paper_h_score.py DATA_DIR --out h_score.csv
    OMP_NUM_THREADS=1 python benchmarks/paper_h_score.py --quick
"""

from __future__ import annotations

import argparse
import csv
import warnings
from pathlib import Path

import _tables
import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_transfer.transferability import HScoreSelector, h_score

TABLES = ("office_caltech10_surf", "amazon_reviews_400", "support2", "school_ilea", "diabetes130")
MODELS = ("linear", "hidden")
MOST_TARGETS = 8
CLASSIFICATION_ONLY = ("leep", "nce")
N_SOURCES = 20


def paper_h_score(features, y):
    """H-score as the paper defines it: nothing subtracted, nothing shrunken."""
    return h_score(features, y, shrinkage=None)


SCORES = {
    "h_score": "h_score",
    "h_score, as published": paper_h_score,
    "leep": "leep",
    "nce": "nce",
    "logme": "logme",
    "linear_probe": "linear_probe",
}


# Tasks whose distribution is known


def conditional(rng, n_symbols, concentration):
    """Rows P(Y | X = x), near 1 / n_symbols for a great concentration."""
    return rng.dirichlet(np.full(n_symbols, concentration), n_symbols)


def graded_sources(target, step):
    """Conditional distributions P_i = P_0 + i step I, rows scaled to sum to 1."""
    for i in range(1, N_SOURCES + 1):
        raw = target + i * step * np.eye(len(target))
        yield raw / raw.sum(axis=1, keepdims=True)


def best_features(given_x, k):
    """First k minimum-error-probability features of X, uniform over the symbols."""
    n = len(given_x)
    joint = given_x.T / n
    p_y = joint.sum(axis=1)
    matrix = joint / np.sqrt(p_y[:, None] / n) - np.sqrt(p_y[:, None] / n)
    return np.linalg.svd(matrix)[2][:k].T * np.sqrt(n)


def linear_transfer_loss(features, joint):
    """Least log-loss of a softmax that is linear in the features, over a joint distribution."""
    n_symbols, n_labels = joint.shape
    weight = joint.ravel() * 1e4  # so that the penalty is nothing
    rows = np.repeat(np.arange(n_symbols), n_labels)
    labels = np.tile(np.arange(n_labels), n_symbols)
    model = LogisticRegression(C=1e6, tol=1e-9, max_iter=5000)
    model.fit(features[rows], labels, sample_weight=weight)
    return log_loss(labels, model.predict_proba(features[rows]), sample_weight=weight)


def r_squared(x, y):
    return np.corrcoef(x, y)[0, 1] ** 2


def known_tasks(n_draws):
    print(f"Discrete tasks, {N_SOURCES} sources each, {n_draws} random targets; 3 features")
    print(f"{'labels':>7}{'concentration':>15}{'mean R^2':>10}{'least':>8}{'order':>10}{'H':>14}")
    for n_symbols in (6, 10):
        for concentration in (100.0, 10.0, 1.0):
            fits, orders, spans = [], [], []
            for seed in range(n_draws):
                rng = np.random.default_rng([seed, n_symbols])
                target = conditional(rng, n_symbols, concentration)
                joint = target / n_symbols
                rows, labels = np.divmod(np.arange(joint.size), n_symbols)
                step = 0.4 / N_SOURCES * np.std(target) / 0.1
                scores, losses = [], []
                for source in graded_sources(target, step):
                    f = best_features(source, 3)
                    scores.append(
                        h_score(f[rows], labels, shrinkage=None, sample_weight=joint.ravel())
                    )
                    losses.append(linear_transfer_loss(f, joint))
                fits.append(r_squared(scores, losses))
                orders.append(spearmanr(scores, np.negative(losses))[0])
                spans.append((min(scores), max(scores)))
            low, high = np.mean(spans, axis=0)
            print(
                f"{n_symbols:>7}{concentration:>15g}{np.mean(fits):>10.4f}{min(fits):>8.4f}"
                f"{np.mean(orders):>10.4f}{low:>7.3f}-{high:.3f}"
            )


def sample_sizes(n_draws, sizes):
    print("\nThe same from samples (6 labels, concentration 10): Spearman correlation of the")
    print("sampled H-score with the exact one, and R^2 with the log-loss on the same sample")
    print(f"{'rows':>8}{'order kept':>12}{'R^2 with log-loss':>20}")
    for size in sizes:
        orders, fits = [], []
        for seed in range(n_draws):
            rng = np.random.default_rng([seed, 6])
            target = conditional(rng, 6, 10.0)
            joint = target / 6
            symbols, labels = np.divmod(rng.choice(36, size, p=joint.ravel()), 6)
            counts = np.bincount(symbols * 6 + labels, minlength=36).reshape(6, 6) / size
            exact, sampled, losses = [], [], []
            rows, all_labels = np.divmod(np.arange(36), 6)
            for source in graded_sources(target, 0.4 / N_SOURCES * np.std(target) / 0.1):
                f = best_features(source, 3)
                exact.append(
                    h_score(f[rows], all_labels, shrinkage=None, sample_weight=joint.ravel())
                )
                sampled.append(h_score(f[symbols], labels, shrinkage=None))
                losses.append(linear_transfer_loss(f, counts))
            orders.append(spearmanr(exact, sampled)[0])
            fits.append(r_squared(sampled, losses))
        print(f"{size:>8}{np.mean(orders):>12.3f}{np.mean(fits):>20.4f}")


def quantisation(n_draws, sizes):
    print("\nMeasured targets y = exp(x.b) + noise; source i gives x.b_i, 0.2 to 1 away in angle:")
    print("Spearman correlation of the score with the R^2 of a linear model on the feature and its")
    print(f"square, on 20 000 other rows\n{'rows':>8}{'levels':>8}{'k-means':>10}{'quantile':>10}")
    for size in sizes:
        found = {(n, q): [] for n in (2, 5, 16) for q in ("kmeans", "quantile")}
        for seed in range(n_draws):
            rng = np.random.default_rng(seed)
            X = rng.standard_normal((size + 20_000, 10))
            b = np.full(10, 10**-0.5)
            y = np.exp(X @ b) + rng.standard_normal(len(X))
            quality, features = [], []
            for angle in np.linspace(0.2, 1.0, N_SOURCES):
                aside = rng.standard_normal(10)
                aside -= (aside @ b) * b
                aside /= np.linalg.norm(aside)
                value = X @ (np.cos(angle) * b + np.sin(angle) * aside)
                features.append(np.column_stack([value, value**2]))
                model = Ridge(alpha=1e-6).fit(features[-1][size:], y[size:])
                quality.append(model.score(features[-1][size:], y[size:]))
            for (levels, how), values in found.items():
                scores = [
                    h_score(f[:size], y[:size], shrinkage=None, n_levels=levels, quantization=how)
                    for f in features
                ]
                values.append(spearmanr(scores, quality)[0])
        for n in (2, 5, 16):
            by_rule = [np.mean(found[n, how]) for how in ("kmeans", "quantile")]
            print(f"{size:>8}{n:>8}{by_rule[0]:>10.3f}{by_rule[1]:>10.3f}")


# Real tables


def source_model(kind, classify, seed):
    if kind == "linear":
        model = LogisticRegression(max_iter=500) if classify else Ridge()
    else:
        family = MLPClassifier if classify else MLPRegressor
        model = family(hidden_layer_sizes=(32, 16), max_iter=60, alpha=1e-2, random_state=seed)
    return make_pipeline(StandardScaler(), model)


def performance(features, y, test_features, y_test, classes):
    """Test performance of a linear model on features: minus the log-loss, or R^2."""
    if classes is None:
        head = make_pipeline(StandardScaler(), Ridge()).fit(features, y)
        return r2_score(y_test, head.predict(test_features))
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features, y)
    return minus_log_loss(y_test, head.predict_proba(test_features), head.classes_, classes)


def minus_log_loss(y, probabilities, known, classes):
    """The same, with a thousandth for every class that the model has not seen."""
    p = np.full((len(y), len(classes)), 1e-3)
    p[:, np.searchsorted(classes, known)] = probabilities
    return -log_loss(y, p / p.sum(axis=1, keepdims=True), labels=classes)


def worth(features, y, classes):
    """Cross-validated performance of a linear model on features of the test rows."""
    folds = np.random.default_rng(0).permutation(len(y)) % 5
    return np.mean([
        performance(
            features[folds != fold], y[folds != fold], features[folds == fold], y[folds == fold],
            classes,
        )
        for fold in range(5)
        if classes is None or len(np.unique(y[folds != fold])) > 1
    ])  # fmt: skip


def without_features(y, y_test, classes):
    """Test performance of the class shares or the mean of the labelled rows."""
    if classes is None:
        return r2_score(y_test, np.full(len(y_test), y.mean()))
    known, counts = np.unique(y, return_counts=True)
    return minus_log_loss(y_test, np.tile(counts / len(y), (len(y_test), 1)), known, classes)


def cross_learning_scores(estimator, draw):
    """Cross-learning scores of the sources, where the package has them; else nothing."""
    try:
        from sklearn_transfer.similarity import CrossLearningScore
    except ImportError:
        return None
    measure = CrossLearningScore(estimator, target_domain=0, random_state=0)
    measure.fit(draw.X, draw.y, sample_domain=draw.domain)
    sign = 1.0 if measure.greater_is_closer else -1.0
    scores = sign * measure.source_scores_
    scores = np.where(np.isnan(scores), np.nanmin(scores), scores)
    return dict(zip(measure.source_domains_.tolist(), scores, strict=True))


def one_draw(table, name, kind, target, rows, repeat):
    """One record per source: its scores on the target's rows, and what its features are worth."""
    draw = _tables.draw(table, target, rows, repeat)
    classify = draw.classes is not None
    own = draw.domain == 0
    models = {}
    for number in np.unique(draw.domain[~own]):
        rows_of = draw.domain == number
        if classify and len(np.unique(draw.y[rows_of])) < 2:
            continue
        model = source_model(kind, classify, repeat).fit(draw.X[rows_of], draw.y[rows_of])
        models[int(number)] = FrozenEstimator(model)
    X, y = draw.X[own], draw.y[own]
    if len(models) < 3 or (classify and len(np.unique(y)) < 2):
        return []
    base = source_model(kind, classify, repeat)
    y = y.astype(int) if classify and y.dtype.kind == "f" else y
    found = {}
    for label, scoring in SCORES.items():
        if classify or label not in CLASSIFICATION_ONLY:
            selector = HScoreSelector(
                base, source_estimators=models, scoring=scoring, k="all", random_state=0
            ).fit(X, y)
            domains = selector.source_domains_.tolist()
            found[label] = dict(zip(domains, selector.scores_, strict=True))
    # Its cross-validation of every domain costs many times all else; for nets it is left out.
    similarity = cross_learning_scores(base, draw) if kind == "linear" else None
    if similarity is not None:
        found["cross-learning"] = similarity
    found["rows of the source"] = {n: int((draw.domain == n).sum()) for n in models}
    records = []
    for number in models:
        alone = HScoreSelector(base, source_estimators={number: models[number]}).fit(X, y)
        test_features = alone.transform(draw.X_test)
        few = performance(alone.transform(X), y, test_features, draw.y_test, draw.classes)
        many = worth(test_features, draw.y_test, draw.classes)
        bare = without_features(y, draw.y_test, draw.classes)
        for label, scores in found.items():
            key = (name, kind, target, repeat, label, number)
            records.append((*key, scores[number], few, many, bare))
    return records


COLUMNS = ["table", "model", "target", "repeat", "score", "source", "value"]
COLUMNS += ["few rows", "many rows", "no features"]


def real_tables(folder, out, rows, repeats, tables):
    out = Path(out)
    done = set()
    if out.exists():
        kept = pd.read_csv(out, dtype={"target": str})
        done = set(kept[COLUMNS[:4]].itertuples(index=False, name=None))
    else:
        out.write_text(",".join(COLUMNS) + "\n")
    for name in tables:
        table = _tables.read(folder, name)
        for target in _tables.targets(table, rows, MOST_TARGETS):
            for kind in MODELS:
                for repeat in range(repeats):
                    if (name, kind, target, repeat) in done:
                        continue
                    records = one_draw(table, name, kind, target, rows, repeat)
                    with out.open("a", newline="") as file:
                        csv.writer(file).writerows(records)
    summarise(pd.read_csv(out, dtype={"target": str}), rows)


def summarise(results, rows):
    """Spearman correlation per draw, and how near the chosen source comes to the best one."""
    print(
        f"\nReal tables, {rows} labelled rows of the target: mean Spearman correlation of a score"
    )
    print("with the performance of the features on test rows, [95 % interval], for a linear model")
    print(
        "trained on the labelled rows (few) and on test rows (many); gain: what the chosen source"
    )
    print("has over the mean one, as a share of the distance from the worst to the best")
    units = []
    for key, part in results.groupby(COLUMNS[:5]):
        for measure in ("few rows", "many rows"):
            value, performed = part["value"].to_numpy(), part[measure].to_numpy()
            flat = np.ptp(value) == 0 or np.ptp(performed) == 0
            order = 0.0 if flat else spearmanr(value, performed)[0]
            gain = performed[np.argmax(value)] - performed.mean()
            units.append((*key, measure, len(part), order, gain / max(np.ptp(performed), 1e-12)))
    columns = [*COLUMNS[:5], "measure", "sources", "spearman", "gain"]
    frame = pd.DataFrame(units, columns=columns)
    for (name, kind), part in frame.groupby(["table", "model"], sort=False):
        own = results[(results["table"] == name) & (results["model"] == kind)]
        by_draw = own.groupby(["target", "repeat"])
        few, many = by_draw["few rows"], by_draw["many rows"]
        print(
            f"\n{name}, {kind}: {own['target'].nunique()} targets, {by_draw.ngroups} draws, "
            f"{part['sources'].mean():.0f} sources. Trained on few rows: mean source "
            f"{few.mean().mean():.3f}, best {few.max().mean():.3f}, no features "
            f"{by_draw['no features'].first().mean():.3f}; on many: mean source "
            f"{many.mean().mean():.3f}, best {many.max().mean():.3f}"
        )
        report(part)
    for kind, part in frame.groupby("model", sort=False):
        print(f"\nAll tables, {kind}: mean over tables")
        report(part)


def report(part):
    print(f"  {'':<24}{'few rows':>24}{'gain':>7}{'many rows':>26}{'gain':>7}")
    for label in [*SCORES, "cross-learning", "rows of the source"]:
        line = f"  {label:<24}"
        for measure in ("few rows", "many rows"):
            own = part[(part["score"] == label) & (part["measure"] == measure)]
            if own.empty:
                break
            mean, gain = own.groupby("table")[["spearman", "gain"]].mean().mean()
            low, high = interval(own)
            line += f"{mean:>8.2f}  [{low:5.2f}, {high:5.2f}]{gain:>7.2f}  "
        else:
            print(line.rstrip())


def interval(units, n_draws=1000):
    """Percentile interval of a bootstrap over targets and, within them, repeats; mean of tables."""
    rng = np.random.default_rng(0)
    tables = [
        [own["spearman"].to_numpy() for _, own in part.groupby("target")]
        for _, part in units.groupby("table")
    ]
    means = []
    for _ in range(n_draws):
        of_tables = []
        for targets in tables:
            drawn = [targets[i] for i in rng.integers(len(targets), size=len(targets))]
            of_tables.append(np.mean([rng.choice(own, len(own)).mean() for own in drawn]))
        means.append(np.mean(of_tables))
    return np.percentile(means, [2.5, 97.5])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="folder of real tables")
    parser.add_argument("--out", default="paper_h_score.csv", help="results on real tables")
    parser.add_argument("--rows", type=int, default=100, help="labelled rows of the target")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tables", nargs="*", default=list(TABLES))
    parser.add_argument("--quick", action="store_true", help="few draws")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    n_draws = 3 if options.quick else 20
    known_tasks(n_draws)
    sample_sizes(n_draws, (500, 5000) if options.quick else (200, 1000, 5000, 20_000, 50_000))
    quantisation(n_draws, (200,) if options.quick else (100, 500, 5000))
    if options.folder is not None:
        real_tables(
            options.folder,
            options.out,
            options.rows,
            1 if options.quick else options.repeats,
            options.tables,
        )


if __name__ == "__main__":
    main()
