"""
What are three hospitals worth to a fourth?
===========================================

A hospital has 50 patients whose disease is known, and three other hospitals have hundreds. Its own
patients are too few to learn from alone; pooling all hospitals takes every difference between them
for noise. :class:`~sklearn_transfer.weighting.UOWQClassifier` gives each hospital a weight instead.
"""

# %%
# Four hospitals
# --------------
#
# 920 patients were sent to coronary angiography in Cleveland, Budapest, Long Beach, and Zurich and
# Basel. The hospitals differ in how many of their patients have the disease, and in what they
# recorded: whole attributes are missing at some.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_transfer.datasets import load_heart_hospitals
from sklearn_transfer.inspection import SourceWeightsDisplay
from sklearn_transfer.model_selection import TargetShuffleSplit
from sklearn_transfer.weighting import UOWQClassifier

X, y, hospital = load_heart_hospitals(return_X_y=True)
pd.DataFrame(
    {
        "patients": y.groupby(hospital).size(),
        "with disease": y.groupby(hospital).mean().round(2),
        "missing cells": X.isna().mean(axis=1).groupby(hospital).mean().round(2),
    }
)

# %%
# One hospital with 50 patients
# -----------------------------
#
# Budapest is the target. :class:`~sklearn_transfer.model_selection.TargetShuffleSplit` draws 50 of
# its patients to train on, together with all patients of the other hospitals. The inner estimator
# is an ordinary pipeline; an attribute that a hospital never recorded stays, as a constant.

inner = make_pipeline(
    SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression()
)
splitter = TargetShuffleSplit(1, target_domain="hungary", train_size=50, random_state=0)
train, test = next(splitter.split(X, y, sample_domain=hospital))
model = UOWQClassifier(inner, target_domain="hungary", random_state=0)
model.fit(X.iloc[train], y.iloc[train], sample_domain=hospital.iloc[train])
model.to_frame().round(3)

# %%
# A row of Budapest has weight 1. `worth` is the weight of a source times its patients: so many
# patients of Budapest would have told as much.

_ = SourceWeightsDisplay.from_estimator(model, quantity="worth")

# %%
# Every hospital in turn
# ----------------------
#
# The more labelled patients the target has, the less it needs the others. Three fits of the same
# inner estimator are compared on held-out patients: on the target's patients alone, on everyone
# pooled, and weighted.

SHOTS = [10, 20, 50, 100]
names = sorted(hospital.unique())
losses = []
models = {}
for target in names:
    for shots in SHOTS:
        splitter = TargetShuffleSplit(4, target_domain=target, train_size=shots, random_state=0)
        for train, test in splitter.split(X, y, sample_domain=hospital):
            X_train, y_train, domain = X.iloc[train], y.iloc[train], hospital.iloc[train]
            own = (domain == target).to_numpy()
            fitted = {
                "target only": clone(inner).fit(X_train[own], y_train[own]),
                "pooled": clone(inner).fit(X_train, y_train),
                "UOWQ": UOWQClassifier(inner, target_domain=target, random_state=0).fit(
                    X_train, y_train, sample_domain=domain
                ),
            }
            if shots == 50:
                models[target] = fitted["UOWQ"]
            for method, estimator in fitted.items():
                loss = log_loss(y.iloc[test], estimator.predict_proba(X.iloc[test]))
                losses.append((target, shots, method, loss))
losses = pd.DataFrame(losses, columns=["target", "shots", "method", "log-loss"])
means = losses.groupby(["method", "shots", "target"])["log-loss"].mean()

# %%
# Who learns from whom, at 50 patients: one row per target.

_ = SourceWeightsDisplay.from_estimator(models, quantity="worth")

# %%
# The mean over the hospitals, and each hospital. Weighting is best on average from few patients to
# many. It does not win everywhere: Switzerland, where nearly everyone has the disease, is served
# best by its own patients, and Long Beach by pooling.

figure, axes = plt.subplots(1, 5, figsize=(13, 3.2), sharey=True, layout="constrained")
for ax, title in zip(axes, ["mean", *names], strict=True):
    for method, marker in {"target only": "o", "pooled": "s", "UOWQ": "D"}.items():
        curve = means[method].unstack()
        values = curve.mean(axis=1) if title == "mean" else curve[title]
        ax.plot(values.index, values, marker=marker, markersize=4, label=method)
    ax.set(xscale="log", title=title, xlabel="labelled patients")
    ax.set_xticks(SHOTS, [str(shots) for shots in SHOTS])
    ax.minorticks_off()
axes[0].set_ylabel("log-loss on held-out patients")
_ = axes[0].legend()

# %%
# The same as a table, in means over the hospitals.

print(means.unstack().mean(axis=1).unstack("shots").round(3))
