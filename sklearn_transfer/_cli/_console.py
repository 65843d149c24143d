# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What the commands say: results on stdout; notes, errors and progress on stderr."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, TextIO

from sklearn.exceptions import ConvergenceWarning, InconsistentVersionWarning

from sklearn_transfer.exceptions import TransferWarning

# How the package's messages name what the command line calls otherwise.
_IN_COMMAND_LINE = {
    "pass `drop_missing_target=True`": "pass --drop-missing-target",
    "`target_domain`": "--target-domain",
    "`target`": "--target",
    "`domain`": "--domain",
    "`drop`": "--drop",
    "compare update='static'": "compare --update static",
    "See to_frame() for": "See the table for",
}


class CommandError(Exception):
    """What the user must mend; its message fits on one line."""


class ProgressBar:
    """A line that counts up, where someone watches.

    Parameters
    ----------
    total : int
        Steps there will be.
    what : str
        What is counted, in the plural.
    stream : text stream or None, default=None
        None stands for stderr. Nothing is written unless it is a terminal.
    """

    _width = 30

    def __init__(self, total: int, what: str, stream: TextIO | None = None) -> None:
        self.total, self.what = total, what
        self.stream = sys.stderr if stream is None else stream
        self.done = 0
        self._started = perf_counter()

    def __enter__(self) -> ProgressBar:
        self._draw()
        return self

    def __exit__(self, *exception: object) -> None:
        self._write("\r\x1b[K")

    def step(self) -> None:
        """Count one more."""
        self.done += 1
        self._draw()

    def _draw(self) -> None:
        filled = self._width * self.done // max(self.total, 1)
        bar = "#" * filled + "." * (self._width - filled)
        seconds = perf_counter() - self._started
        self._write(f"\r[{bar}] {self.done}/{self.total} {self.what}, {seconds:.0f} s")

    def _write(self, text: str) -> None:
        if self.stream.isatty():
            self.stream.write(text)
            self.stream.flush()


def say(text: str = "") -> None:
    """Write a result to stdout."""
    sys.stdout.write(f"{text}\n")


def note(text: Any) -> None:
    """Tell the user something on stderr, in one line."""
    sys.stderr.write(f"note: {one_line(text)}\n")


def complain(text: Any) -> None:
    """Say on stderr what the user must mend, in one line."""
    sys.stderr.write(f"error: {one_line(text)}\n")


def one_line(message: Any) -> str:
    """Message of a warning or error on one line, in words of the command line.

    Parameters
    ----------
    message : object
        Warning, exception or text.

    Returns
    -------
    text : str
        Without line breaks.
    """
    text = " ".join(str(message).split()) or type(message).__name__
    for of_package, of_command in _IN_COMMAND_LINE.items():
        text = text.replace(of_package, of_command)
    return text


@contextmanager
def transfer_warnings() -> Iterator[list[str]]:
    """Collect the messages of transfer warnings; leave all other warnings as they are."""
    collected: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", TransferWarning)
        otherwise = warnings.showwarning

        def show(message: Any, category: Any, *where: Any, **more: Any) -> None:
            if issubclass(category, TransferWarning):
                collected.append(str(message))
            else:
                otherwise(message, category, *where, **more)

        warnings.showwarning = show
        yield collected


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Show what users should hear as notes, each once; leave all other warnings as they are."""
    heard: set[str] = set()
    shown = (TransferWarning, ConvergenceWarning, InconsistentVersionWarning)
    with warnings.catch_warnings():
        for category in shown:
            warnings.simplefilter("always", category)
        otherwise = warnings.showwarning

        def show(message: Any, category: Any, *where: Any, **more: Any) -> None:
            if not issubclass(category, shown):
                otherwise(message, category, *where, **more)
            elif str(message) not in heard:
                heard.add(str(message))
                note(message)

        warnings.showwarning = show
        yield
