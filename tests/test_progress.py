# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Progress goes through logging, shows up where asked for, and leaves logging as it was."""

from __future__ import annotations

import logging
from contextlib import contextmanager

import pytest

from sklearn_transfer import _progress
from sklearn_transfer._progress import counted, logger, shown


@contextmanager
def bare_logging():
    """Set logging to what a fresh interpreter has: no handlers, level WARNING at the root.

    No fixture: pytest puts its own handlers in place after fixtures are set up.
    """
    kept = [(log, log.level, log.handlers) for log in (logging.root, logger)]
    logging.root.handlers, logger.handlers = [], []
    logging.root.setLevel(logging.WARNING)
    logger.setLevel(logging.NOTSET)
    try:
        yield
    finally:
        for log, level, handlers in kept:
            log.handlers = handlers
            log.setLevel(level)


@pytest.fixture
def clock(monkeypatch):
    """Return the function that moves the clock."""
    now = [0.0]
    monkeypatch.setattr(_progress, "perf_counter", lambda: now[0])

    def move(seconds):
        now[0] += seconds

    return move


def _state():
    return logger.level, list(logger.handlers), list(logging.root.handlers), logging.root.level


def test_silent_unless_asked(capsys):
    with bare_logging(), shown(0):
        logger.info("unheard")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("verbose", [1, 10, True])
def test_verbose_reaches_stderr_without_any_set_up(capsys, verbose):
    with bare_logging():
        before = _state()
        with shown(verbose):
            logger.info("half %s", "way")
            logger.debug("detail")
        logger.info("over")
        assert _state() == before
    assert capsys.readouterr() == ("", "half way\n")


def test_logging_is_restored_after_an_error():
    with bare_logging():
        before = _state()
        with pytest.raises(RuntimeError, match="in the middle"), shown(1):
            raise RuntimeError("in the middle")
        assert _state() == before


def test_nested_use_says_everything_once(capsys):
    with bare_logging(), shown(1), shown(1):
        logger.info("once")
    assert capsys.readouterr().err == "once\n"


def _listening(log):
    heard = []
    handler = logging.Handler()
    handler.emit = lambda record: heard.append(record.getMessage())
    log.addHandler(handler)
    return heard


@pytest.mark.parametrize("log", [logging.root, logger], ids=["root", "package"])
def test_handlers_of_the_application_are_used_and_not_doubled(capsys, log):
    with bare_logging():
        heard = _listening(log)
        with shown(1):
            logger.info("to the application")
    assert heard == ["to the application"]
    assert capsys.readouterr() == ("", "")


def test_an_application_that_listens_hears_without_verbose():
    with bare_logging():
        heard = _listening(logger)
        logger.setLevel(logging.INFO)
        with shown(0):
            logger.info("heard")
    assert heard == ["heard"]


def test_counted_passes_items_on_lazily():
    taken = []

    def items():
        for item in "abc":
            taken.append(item)
            yield item

    passed = counted(items(), 3, "letters")
    assert taken == []
    assert next(passed) == "a"
    assert taken == ["a"]
    assert list(passed) == ["b", "c"]


def test_counted_speaks_every_few_seconds_and_at_the_end(caplog, clock):
    with caplog.at_level(logging.INFO, logger.name):
        for _ in counted(range(10), 10, "source models", seconds=2.0):
            clock(0.75)
    assert [record.getMessage() for record in caplog.records] == [
        "3 of 10 source models, 2.2 s",
        "6 of 10 source models, 4.5 s",
        "9 of 10 source models, 6.8 s",
        "10 of 10 source models, 7.5 s",
    ]
    assert {record.name for record in caplog.records} == {"sklearn_transfer"}
    assert {record.levelno for record in caplog.records} == {logging.INFO}


def test_counted_of_nothing_says_nothing(caplog):
    with caplog.at_level(logging.INFO, logger.name):
        assert list(counted([], 0, "source models")) == []
    assert not caplog.records
