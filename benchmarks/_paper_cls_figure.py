# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The figure of zones and error reductions of `paper_cls.py`."""

from __future__ import annotations

import numpy as np


def draw(wide, methods, path):
    """One panel a setting: reduction of the best learner over the level, on the zones' shares."""
    import matplotlib.pyplot as plt

    settings = wide.setting.unique()
    fig, axes = plt.subplots(2, (len(settings) + 1) // 2, figsize=(14, 6), squeeze=False)
    for axis, setting in zip(axes.ravel(), settings, strict=False):
        part = wide[wide.setting == setting]
        shares = [(part.zone == z).groupby(part.level).mean() for z in range(3)]
        low = np.zeros(len(shares[0]))
        background = axis.twinx()
        for share, colour in zip(shares, ["tab:green", "tab:gray", "tab:red"], strict=True):
            background.fill_between(share.index, low, low + share, color=colour, alpha=0.2)
            low = low + share.to_numpy()
        background.set(ylim=(0, 1), yticks=[])
        for name in [m for m in methods if m in part and part[m].notna().any()]:
            axis.plot(part.groupby("level")[name].mean(), label=name, marker=".")
        axis.axhline(0, color="black", lw=0.5)
        axis.set(title=setting, xlabel="shift" if setting == "mixture" else "cosine")
        axis.set_ylabel("average RER")
    axes[0, 0].legend(fontsize=7)
    fig.tight_layout()
    fig.savefig(path, dpi=120)
