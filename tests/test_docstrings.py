# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Docstrings are user interface: complete, in numpydoc order, and the same for the same thing."""

from __future__ import annotations

import inspect
import re

import pytest
from numpydoc.docscrape import FunctionDoc, NumpyDocString
from numpydoc.validate import validate
from sklearn.base import BaseEstimator

from tests.public_api import public_objects

PUBLIC = public_objects()
CLASSES = {name: item for name, item in PUBLIC.items() if inspect.isclass(item)}

IGNORED = {
    "ES01",  # a summary that says it all needs no extended summary
    "GL01",  # the summary starts on the line of the opening quotes
    "RT02",  # naming what is returned says more than its bare type
}
# A lone function or warning may have no relatives; estimators always have.
IGNORED_BESIDE_ESTIMATORS = IGNORED | {"SA01"}
# A method is read inside its class, which shows examples and points to relatives.
IGNORED_FOR_METHODS = IGNORED | {"EX01", "SA01"}
# What all classes of a subpackage share is described in the same words.
SHARED = [
    "domain_column",
    "memory",
    "n_jobs",
    "random_state",
    "sample_domain",
    "target_domain",
    "verbose",
]


def _own_methods() -> list[str]:
    """Name the public methods of public classes whose code is in this package."""
    names = []
    for full_name, cls in CLASSES.items():
        for name in dir(cls):
            item = inspect.getattr_static(cls, name)
            if name.startswith("_"):
                continue
            function = getattr(item, "fget", None) or getattr(item, "fn", None) or item
            function = getattr(function, "__func__", function)
            defined_in = getattr(inspect.unwrap(function), "__module__", None) or ""
            if callable(function) and defined_in.startswith("sklearn_transfer"):
                names.append(f"{full_name}.{name}")
    return names


def _problems(full_name: str, ignored: set[str]) -> list[str]:
    return [
        f"{code}: {message}"
        for code, message in validate(full_name)["errors"]
        if code not in ignored
    ]


@pytest.mark.parametrize("full_name", sorted(PUBLIC))
def test_public_class_or_function_is_documented(full_name):
    item = PUBLIC[full_name]
    is_estimator = inspect.isclass(item) and issubclass(item, BaseEstimator)
    assert not _problems(full_name, IGNORED if is_estimator else IGNORED_BESIDE_ESTIMATORS)


@pytest.mark.parametrize("full_name", _own_methods())
def test_public_method_is_documented(full_name):
    assert not _problems(full_name, IGNORED_FOR_METHODS)


@pytest.mark.parametrize("full_name", sorted(PUBLIC))
def test_documented_defaults_are_those_of_the_signature(full_name):
    item = PUBLIC[full_name]
    try:
        signature = inspect.signature(item)
    except ValueError:  # warning classes inherit a signature that C hides
        return
    wrong = []
    for parameter in NumpyDocString(inspect.getdoc(item))["Parameters"]:
        stated = re.search(r"default=(.+)$", parameter.type)
        actual = signature.parameters.get(parameter.name)
        if actual is None or actual.default is inspect.Parameter.empty:
            if stated:
                wrong.append(f"{parameter.name}: {stated[0]}, but it has no default")
        elif stated is None or stated[1].replace('"', "'") != repr(actual.default):
            wrong.append(f"{parameter.name}: {parameter.type!r}, default is {actual.default!r}")
    assert not wrong


def _texts(family: str, parameter_name: str) -> dict[tuple[str, str], list[str]]:
    """Group the places in a subpackage that document a parameter by its type and text."""
    texts: dict[tuple[str, str], list[str]] = {}
    for full_name, cls in CLASSES.items():
        if not full_name.startswith(f"{family}."):
            continue
        documents = {full_name: NumpyDocString(inspect.getdoc(cls) or "")}
        fit = getattr(cls, "fit", None)
        if callable(fit):
            documents[f"{full_name}.fit"] = FunctionDoc(fit)
        for place, document in documents.items():
            for parameter in document["Parameters"]:
                if parameter.name == parameter_name:
                    text = " ".join(" ".join(parameter.desc).split())
                    texts.setdefault((parameter.type, text), []).append(place)
    return texts


@pytest.mark.parametrize("family", sorted({name.rpartition(".")[0] for name in CLASSES}))
@pytest.mark.parametrize("parameter_name", SHARED)
def test_shared_parameter_has_one_text(family, parameter_name):
    texts = _texts(family, parameter_name)
    assert len(texts) <= 1, "\n".join(f"{places}: {key}" for key, places in texts.items())
