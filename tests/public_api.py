# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the package shows to the world, found by walking it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import Any

import sklearn_transfer

PACKAGE = sklearn_transfer.__name__


def module_names() -> list[str]:
    """Name every module of the package that can be imported here."""
    walked = pkgutil.walk_packages(
        sklearn_transfer.__path__, prefix=f"{PACKAGE}.", onerror=lambda name: None
    )
    names = [PACKAGE, *(module.name for module in walked)]
    if importlib.util.find_spec("torch") is None:
        names = [name for name in names if not name.startswith(f"{PACKAGE}.neural")]
    return names


def public_module_names() -> list[str]:
    """Name the modules without a leading underscore on their path, but for the command line."""
    return [
        name
        for name in module_names()
        if not any(part.startswith("_") for part in name.split(".")[1:])
    ]


def public_objects() -> dict[str, Callable[..., Any]]:
    """Map the full public name of each exported class and function to the object, each once."""
    found: dict[str, Callable[..., Any]] = {}
    seen: set[int] = set()
    # The longest path first: a name that a family exports belongs to the family, even where the
    # top of the package repeats it.
    for module_name in sorted(public_module_names(), key=lambda name: -name.count(".")):
        module: ModuleType = importlib.import_module(module_name)
        for name in module.__all__:
            item = getattr(module, name)
            if (inspect.isclass(item) or inspect.isfunction(item)) and id(item) not in seen:
                seen.add(id(item))
                found[f"{module_name}.{name}"] = item
    return dict(sorted(found.items()))
