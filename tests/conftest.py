# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures, hypothesis profile and the skips that depend on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# Timing on shared machines says nothing, so no deadline; the same examples are drawn on every run,
# so that a failure in continuous integration is a failure at home.
settings.register_profile(
    "package",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("package")


def _has_gpu() -> bool:
    tool = shutil.which("nvidia-smi")
    return tool is not None and subprocess.run([tool, "-L"], capture_output=True).returncode == 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `gpu` where no CUDA device is seen."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked and not _has_gpu():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


@pytest.fixture
def rng() -> np.random.Generator:
    """Random generator with a fixed seed."""
    return np.random.default_rng(20260101)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of real tables named by SKLEARN_TRANSFER_DATA; skips where it is not set."""
    folder = os.environ.get("SKLEARN_TRANSFER_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SKLEARN_TRANSFER_DATA names no folder of real tables")
    return Path(folder)
