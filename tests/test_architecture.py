# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The floors of the package: which room may import which (in words: CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

import sklearn_transfer

ROOT = Path(sklearn_transfer.__file__).parent
FLOORS = {
    "exceptions": 0,
    "_math": 0,
    "_progress": 0,
    "_sklearn": 0,
    "_warnings": 0,
    "_domains": 1,
    "_folds": 1,
    "discrepancy": 1,
    "_base": 2,
    "_families": 2,
    "_model_geometry": 2,
    "_own_intercepts": 2,
    "_source_estimators": 2,
    "_weighted_fit": 2,
    "_weighted_refit": 2,
    "datasets": 2,
    "inspection": 2,
    "metrics": 2,
    "model_selection": 2,
    "neural": 2,
    "similarity": 2,
    "transferability": 2,
    "boosting": 3,
    "ensemble": 3,
    "hierarchical": 3,
    "multitask": 3,
    "weighting": 3,
    "zones": 4,
    "_cli": 5,
    "__main__": 5,
}
# Rooms that may import from these rooms alone, whatever the floors allow.
ALONE = {
    "_math": {"exceptions"},
    "_sklearn": set(),
    "_warnings": {"exceptions"},
    "exceptions": set(),
    "datasets": {"_math", "_sklearn", "_domains", "exceptions"},
    "model_selection": {"_math", "_sklearn", "_domains", "exceptions"},
    "inspection": {"_math", "_sklearn", "_domains", "exceptions"},
}
# Third-party packages that one room alone may import.
ONLY_IN = {"torch": {"neural"}, "skorch": {"neural"}}
NOT_IN_MATH = {"cvxpy": None, "ot": None, "pandas": {"_math"}, "sklearn": {"_math"}}


def _room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "sklearn_transfer" and len(parts) > 1 else None


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path) -> list[tuple[str, str, bool]]:
    """List (module, name or "", whether it runs at import time) of every import statement."""
    found: list[tuple[str, str, bool]] = []

    def visit(node: ast.AST, at_import: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend((alias.name, "", at_import) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                found.extend((child.module or "", alias.name, at_import) for alias in child.names)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                visit(child, at_import and not inside)

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


FILES = sorted(ROOT.rglob("*.py"))
IMPORTS = {_module_name(path): _imports(path) for path in FILES}
INSIDE_ROOMS = sorted(name for name in IMPORTS if _room(name))


@pytest.mark.parametrize("module", INSIDE_ROOMS)
def test_room_imports_only_from_its_own_floor_or_below(module):
    room = _room(module)
    assert room in FLOORS, f"Give the room {room!r} a floor in FLOORS and in CONTRIBUTING.md."
    for source, name, at_import in IMPORTS[module]:
        # `from sklearn_transfer import weighting` names the room as the imported object.
        other = _room(source) or (name if source == "sklearn_transfer" and name in FLOORS else None)
        if other is None or other == room:
            continue
        # The torch room is reached from below, but only when a function needs it.
        if other == "neural" and not at_import:
            continue
        assert FLOORS[other] <= FLOORS[room], f"{module} (floor {FLOORS[room]}) imports {other}"
        assert other in ALONE.get(room, {other}), f"{module} imports {other}"


@pytest.mark.parametrize("module", INSIDE_ROOMS)
def test_third_party_packages_stay_in_their_rooms(module):
    room = _room(module)
    for source, _, _ in IMPORTS[module]:
        top = source.split(".")[0]
        assert room in ONLY_IN.get(top, {room}), f"{module} imports {top}"
        assert room not in (NOT_IN_MATH.get(top) or set()), f"{module} imports {top}"


@pytest.mark.parametrize("module", sorted(IMPORTS))
def test_private_scikit_learn_names_come_through_one_file(module):
    if module == "sklearn_transfer._sklearn":
        return
    private = [
        f"{source}.{name}".rstrip(".")
        for source, name, _ in IMPORTS[module]
        if source.split(".")[0] == "sklearn"
        and any(part.startswith("_") for part in [*source.split("."), name])
    ]
    assert not private


def test_imports_form_no_circle():
    """`static_order` raises CycleError, which names the circle."""
    graph: dict[str, set[str]] = {}
    for module, imports in IMPORTS.items():
        graph[module] = set()
        for source, name, at_import in imports:
            if at_import:
                target = f"{source}.{name}" if f"{source}.{name}" in IMPORTS else source
                if target in IMPORTS and target != module:
                    graph[module].add(target)
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(IMPORTS)
