"""Configuration of Sphinx. `python -m sphinx -W docs docs/_build/html` needs no network."""

from __future__ import annotations

import inspect
import os

import sklearn_transfer

project = "sklearn_transfer"
author = "The sklearn_transfer developers"
copyright = "2026, The sklearn_transfer developers"
version = release = sklearn_transfer.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "auto_examples/*.ipynb", "auto_examples/*.md5", "Thumbs.db"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's Parameters sections state the types
numpydoc_show_class_members = False  # the class template lists them

# Links into other projects' pages need the network, so they are made on request.
if os.environ.get("SKLEARN_TRANSFER_DOCS_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["auto_examples"],
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sklearn_transfer",),
    "filename_pattern": r"plot_",
    "download_all_examples": False,
    "matplotlib_animations": False,
    "min_reported_time": 5,
    "plot_gallery": "True",
    "remove_config_comments": True,
    "show_memory": False,
    "reset_modules_order": "both",
}

html_theme = "pydata_sphinx_theme"
html_title = f"sklearn_transfer {release}"
html_static_path: list[str] = []
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False, "show_toc_level": 2}


def _skip_member(app, what, name, obj, skip, options):
    """Leave out members inherited from other packages; their own pages document them."""
    defined_in = getattr(inspect.unwrap(getattr(obj, "fget", obj)), "__module__", None) or ""
    return None if defined_in.split(".")[0] == "sklearn_transfer" else True


def setup(app):
    app.connect("autodoc-skip-member", _skip_member)
