# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The figure of zones and error reductions of `paper_cls.py`."""

from __future__ import annotations

import numpy as np


def draw(wide, methods, path):
    """One panel a setting: mean reduction by learner over the level, on the zones' shares.

    A learner has one colour in all panels; not every learner suits every setting.
    """
    import matplotlib.pyplot as plt

    settings = wide.setting.unique()
    fig, axes = plt.subplots(2, (len(settings) + 1) // 2, figsize=(14, 6), squeeze=False)
    lines = {}
    for axis, setting in zip(axes.ravel(), settings, strict=False):
        part = wide[wide.setting == setting]
        shares = [(part.zone == z).groupby(part.level).mean() for z in range(3)]
        low = np.zeros(len(shares[0]))
        background = axis.twinx()
        for share, colour in zip(shares, ["tab:green", "tab:gray", "tab:red"], strict=True):
            background.fill_between(share.index, low, low + share, color=colour, alpha=0.2)
            low = low + share.to_numpy()
        background.set(ylim=(0, 1), yticks=[])
        for number, name in enumerate(methods):
            if name in part and part[name].notna().any():
                means = part.groupby("level")[name].mean()
                lines[name] = axis.plot(means, color=f"C{number}", label=name, marker=".")[0]
        axis.axhline(0, color="black", lw=0.5)
        axis.set(title=setting, xlabel="shift" if setting == "mixture" else "cosine")
        axis.set_ylabel("average RER")
    for axis in axes.ravel()[len(settings) :]:
        axis.set_axis_off()
    shown = [lines[name] for name in methods if name in lines]
    if len(settings) % 2:
        axes[-1, -1].legend(handles=shown, loc="center")
    else:
        axes[0, 0].legend(handles=shown, fontsize=7)
    fig.tight_layout()
    fig.savefig(path, dpi=120)
