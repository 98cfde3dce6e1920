"""Ctrl-C between two updates, not within one: so that what is saved is a state that can be gone on from.

Knows signals. Does not know training.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["deferred"]


@contextmanager
def deferred(asked: Callable[[], None]) -> Iterator[None]:
    """Call a function at the first Ctrl-C, and raise KeyboardInterrupt at the second, as usual.

    Where somebody else handles Ctrl-C already, or outside the main thread, nothing is changed.

    >>> stops = []
    >>> with deferred(lambda: stops.append("asked")):
    ...     signal.raise_signal(signal.SIGINT)
    >>> stops
    ['asked']
    """
    usual = signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not usual:
        yield
        return

    def first(_number: int, _frame: Any) -> None:
        signal.signal(signal.SIGINT, usual)
        asked()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
