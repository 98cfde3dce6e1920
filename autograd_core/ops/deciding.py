"""Deciding by numbers what to compute, so that a program that is captured decides anew in each run.

While a program is captured, a mask of numbers that other calls may change is a Tensor: see `operands.value_of`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..performing import perform
from .operands import perhaps_any, value_of
from .reduction import any
from .selection import where

__all__ = ["either", "refuse_where"]


def either(mask: Any, if_any: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """What the first function gives if the mask lets anything through, else what the second does.

    In a program both are computed, and the choice is made in each run: each must be harmless where the other is right.

    >>> either(np.array([False, True]), lambda: 1, lambda: 2)
    1
    """
    if isinstance(mask, np.ndarray | np.generic):
        return if_any() if perhaps_any(mask) else otherwise()
    return where(any(mask), if_any(), otherwise())


def refuse_where(mask: Any, error: Callable[[], Exception]) -> None:
    """Raise an error if the mask lets anything through; in a program, in each run.

    >>> refuse_where(np.array([False]), lambda: ValueError("a number is negative"))
    """

    def look(mask: Any) -> None:
        if perhaps_any(np.asarray(value_of(mask))):
            raise error()

    if isinstance(mask, np.ndarray | np.generic):
        look(mask)
    else:
        perform(look, mask)
