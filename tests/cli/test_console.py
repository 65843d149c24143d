# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""What reaches the terminal, and what does not."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning

import sklearn_transfer
from sklearn_transfer._cli import _demo
from sklearn_transfer._cli._console import ProgressBar, one_line, warnings_as_notes
from sklearn_transfer.exceptions import TransferWarning


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_counts_on_a_terminal_and_leaves_no_trace():
    terminal = Terminal()
    with ProgressBar(4, "fits", terminal) as bar:
        bar.step()
        bar.step()
        assert "[###############...............] 2/4 fits" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_progress_is_silent_where_nobody_watches(capsys):
    with ProgressBar(1, "fits") as bar:
        bar.step()
    assert capsys.readouterr() == ("", "")


def test_each_warning_is_one_note_in_words_of_the_command_line(capsys):
    with warnings_as_notes():
        for _ in range(2):
            warnings.warn("Fewer\n rows; compare update='static'.", TransferWarning, stacklevel=1)
        warnings.warn("Not converged.", ConvergenceWarning, stacklevel=1)
    assert capsys.readouterr().err.splitlines() == [
        "note: Fewer rows; compare --update static.",
        "note: Not converged.",
    ]


def test_other_warnings_go_their_usual_way():
    with pytest.warns(DeprecationWarning, match="old"), warnings_as_notes():
        warnings.warn("old", DeprecationWarning, stacklevel=1)


def test_an_error_without_words_is_named():
    assert one_line(KeyError()) == "KeyError"


def test_interruption_ends_without_a_traceback(run, monkeypatch):
    def interrupt(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(_demo, "run", interrupt)
    assert run("demo") == (130, "", ["interrupted"])


def test_errors_of_our_own_are_not_hidden(run, monkeypatch):
    def fail(arguments):
        raise AttributeError("a defect")

    monkeypatch.setattr(_demo, "run", fail)
    with pytest.raises(AttributeError, match="a defect"):
        run("demo")


@pytest.mark.parametrize("command", [[], ["demo"], ["fit"], ["predict"], ["weights"]])
def test_help(run, command, capsys):
    with pytest.raises(SystemExit) as ended:
        run(*command, "--help")
    assert ended.value.code == 0
    assert "usage: python -m sklearn_transfer" in capsys.readouterr().out


def test_runs_as_a_module_whose_reader_may_leave(csv, outcome):
    """`... | head` ends without an error."""
    version = subprocess.run(
        [sys.executable, "-m", "sklearn_transfer", "--version"], capture_output=True, text=True
    )
    assert version.stdout == f"sklearn_transfer {sklearn_transfer.__version__}\n"
    with subprocess.Popen(
        [sys.executable, "-m", "sklearn_transfer", "weights", csv, *outcome],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
