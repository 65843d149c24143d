# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What holds for tests and doctests alike."""

import importlib.util
import os

import pytest

# Before matplotlib is first imported: figures are drawn without a display.
os.environ.setdefault("MPLBACKEND", "Agg")

collect_ignore_glob = []
if importlib.util.find_spec("torch") is None:
    # Doctest collection imports the modules; without the torch extra these cannot be.
    collect_ignore_glob.append("sklearn_transfer/neural/*")


@pytest.fixture(autouse=True)
def _close_figures():
    """Close the figures a test left open, so that they do not add up to matplotlib's warning."""
    yield
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(autouse=True)
def _doctest_in_empty_folder(request, monkeypatch, tmp_path_factory):
    """Run each doctest in a folder of its own: examples may write files."""
    if request.node.__class__.__name__ == "DoctestItem":
        monkeypatch.chdir(tmp_path_factory.mktemp("doctest"))
