"""Saying on a terminal that a program is being planned, where one has to wait for that.

Knows how many operations there are. Does not know what is done with them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from time import perf_counter

__all__ = ["announced"]

PATIENCE = 2.0  # seconds in which nobody wonders what is going on
FEW = 1000  # operations that are planned in less


@contextmanager
def announced(name: str, count: int) -> Iterator[None]:
    """Say on standard error, if that is a terminal, that so many operations are planned, once that has taken long."""
    if count < FEW or sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    start = perf_counter()
    timer = Timer(PATIENCE, _say, (f"planning {count:,} operations of {name} ...",))
    timer.daemon = True  # nobody waits for it
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    seconds = perf_counter() - start
    if seconds > PATIENCE:
        _say(f"{name} is planned, after {seconds:.1f} s")


def _say(what: str) -> None:
    print(f"ag.compile: {what}", file=sys.stderr, flush=True)
