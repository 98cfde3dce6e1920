"""autograd_core and nn, eager, without Python's search for cycles: how much of a curve is that search's.

The search goes through all living objects again whenever there are a quarter more of them, so that a graph pays for its
size. No row is run like this: who uses the library has the search.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from benchmarks.libraries import ours
from benchmarks.step import Step

gc.disable()


def describe() -> dict[str, str]:
    """As eager."""
    return {**ours.describe(), "gc": "disabled"}


STEPS: dict[str, Callable[[], Step]] = {}

CURVES: dict[str, Callable[[int], Step]] = {"operations": ours.CURVES["operations"]}
