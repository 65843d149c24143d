# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The package as a whole: what it exports, and what importing it does to the process (nothing)."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import sklearn_transfer
from tests.public_api import module_names, public_module_names, public_objects

ROOT = Path(__file__).resolve().parents[1]
# Optional or slow to import; each is imported by the function that needs it.
HEAVY = ["cvxpy", "dask", "matplotlib", "ot", "pandas", "polars", "pyarrow", "skorch", "torch"]
HEAVY += ["xgboost"]


@pytest.mark.parametrize("module_name", public_module_names())
def test_all_is_sorted_and_is_what_exists(module_name):
    module = importlib.import_module(module_name)
    exported = module.__all__
    assert list(exported) == sorted(exported)
    assert len(set(exported)) == len(exported)
    missing = [name for name in exported if not hasattr(module, name)]
    assert not missing
    hidden = {
        name
        for name in dir(module)
        if not name.startswith("_")
        and name not in exported
        and not inspect.ismodule(item := getattr(module, name))
        and getattr(item, "__module__", "").startswith("sklearn_transfer")
    }
    assert not hidden


def test_every_finished_estimator_display_and_warning_is_exported():
    """A public class in a private file must be reachable by a public name."""
    exported = {id(item) for item in public_objects().values()}
    forgotten = []
    for module_name in module_names():
        if module_name.endswith("__main__"):
            continue
        for name, item in vars(importlib.import_module(module_name)).items():
            if not inspect.isclass(item) or item.__module__ != module_name:
                continue
            # What a fit leaves behind knows no domains, and is reached as an attribute.
            estimator = issubclass(item, BaseEstimator) and any(
                "__metadata_request__" in attribute for attribute in dir(item)
            )
            finished = estimator or issubclass(item, Warning) or name.endswith("Display")
            unfinished = name.startswith(("_", "Base")) or inspect.isabstract(item)
            if finished and not unfinished and id(item) not in exported:
                forgotten.append(f"{module_name}.{name}")
    assert not forgotten


def test_star_import_works():
    names: dict[str, object] = {}
    exec("from sklearn_transfer import *", names)
    assert set(sklearn_transfer.__all__) <= set(names)


def test_version_is_that_of_the_installed_metadata():
    assert sklearn_transfer.__version__ == importlib.metadata.version("sklearn-transfer")


def test_package_is_marked_as_typed():
    assert (Path(sklearn_transfer.__file__).parent / "py.typed").is_file()


def test_import_leaves_the_process_as_it_was():
    """Importing every public module loads nothing heavy and changes no global state."""
    modules = [
        name for name in public_module_names() if not name.startswith("sklearn_transfer.neural")
    ]
    script = f"""
import json, logging, os, random, sys, warnings
import numpy as np, sklearn
# scikit-learn itself may load some of the heavy packages (1.9 loads pandas); those are not ours.
import sklearn.linear_model, sklearn.model_selection, sklearn.pipeline, sklearn.datasets

def state():
    return {{
        "sklearn configuration": repr(sorted(sklearn.get_config().items())),
        "NumPy random state": repr(np.random.get_state()),
        "random state": repr(random.getstate()),
        "NumPy error handling": repr(np.geterr()),
        "NumPy print options": repr(np.get_printoptions()),
        "warning filters": repr(warnings.filters),
        "root log handlers": repr(logging.getLogger().handlers),
        "environment": repr(sorted(os.environ.items())),
    }}

before, loaded = state(), set(sys.modules)
for name in {modules!r} + ["sklearn_transfer.__main__"]:
    __import__(name)
after = state()
print(json.dumps({{
    "changed": [key for key in before if before[key] != after[key]],
    "heavy": [name for name in {HEAVY!r} if name in sys.modules and name not in loaded],
}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"changed": [], "heavy": []}


def test_api_page_lists_exactly_the_public_names():
    page = ROOT / "docs" / "api.md"
    if not page.is_file():
        pytest.skip("the documentation is not part of this distribution")
    listed = []
    module = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\.\. currentmodule:: (\S+)", line):
            module = match[1]
        elif match := re.match(r"   (\w[\w.]*)$", line):
            listed.append(f"{module}.{match[1]}")
    assert sorted(listed) == sorted(public_objects())


def test_lint_and_warning_exceptions_carry_their_reason():
    """Each ignored rule has a comment on its line, each ignored warning one above it."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings = tomllib.loads(text)
    lines = [line.strip() for line in text.splitlines()]
    rules = settings["tool"]["ruff"]["lint"]["ignore"]
    bare = [rule for rule in rules if not any(re.match(rf'"{rule}",\s+# ', line) for line in lines)]
    for entry in settings["tool"]["pytest"]["ini_options"]["filterwarnings"][1:]:
        quoted = json.dumps(entry)
        position = next(i for i, line in enumerate(lines) if line.startswith(quoted))
        if not lines[position - 1].startswith("#"):
            bare.append(entry)
    assert not bare
