# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Progress of long work through `logging`, shown without set-up where the user asks for it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TypeVar

logger = logging.getLogger("sklearn_transfer")

T = TypeVar("T")


@contextmanager
def shown(verbose: int) -> Iterator[None]:
    """Let INFO messages reach stderr while `verbose` asks for them and no handler would.

    Parameters
    ----------
    verbose : int
        0 leaves logging as the application set it up.
    """
    if not verbose or logger.isEnabledFor(logging.INFO):
        yield
        return
    level = logger.level
    handler = None if logger.hasHandlers() else logging.StreamHandler()
    logger.setLevel(logging.INFO)
    if handler is not None:
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(level)
        if handler is not None:
            logger.removeHandler(handler)


def counted(items: Iterable[T], total: int, what: str, seconds: float = 2.0) -> Iterator[T]:
    """Pass `items` on, saying every few seconds how many of `total` are done.

    Parameters
    ----------
    items : iterable
        Results as they come.
    total : int
        How many there will be.
    what : str
        What they are, in the plural.
    seconds : float, default=2.0
        Least time between two messages.
    """
    started = said = perf_counter()
    for done, item in enumerate(items, start=1):
        yield item
        now = perf_counter()
        if now - said >= seconds or done == total:
            logger.info("%d of %d %s, %.1f s", done, total, what, now - started)
            said = now
