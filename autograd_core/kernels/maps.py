"""A formula applied to every number of a dense array, in machine code, on several cores if it is long.

Knows which formulas there are (`approximations`), and their loops. Does not know operations or gradients.
"""

import ctypes
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..parallel import share
from . import llvm
from .approximations import approximation
from .elementwise import computed
from .emitting import Module
from .writing import Code

__all__ = ["mapped"]

Array = NDArray[Any]

_TASK = 1 << 16  # numbers that a core takes at once
_WORTH_THREADS = 1 << 18  # numbers from which other cores are woken


def mapped(name: str, x: Array, factor: Array | None = None) -> Array | None:
    """``f(x)``, or ``f(x) * factor``, for the formula of that name; None where that is not for machine code.

    It is for arrays of the same type, shape and order in memory without gaps, if llvmlite is installed and there is a
    formula for their type.
    """
    if approximation(name, x.dtype) is None or not llvm.available():
        return None
    if factor is not None and (factor.dtype != x.dtype or factor.shape != x.shape):
        return None
    # all in C's order, or in Fortran's: strides would differ along axes of length 1 as well, where they say nothing
    arrays = (x,) if factor is None else (x, factor)
    if not (all(a.flags.c_contiguous for a in arrays) or all(a.flags.f_contiguous for a in arrays)):
        return None
    if not x.dtype.isnative:
        return None
    out = np.empty_like(x)  # in the order of x
    run = _kernel(name, x.dtype, factor is not None)
    sources = [a.ctypes.data for a in (x, factor, out) if a is not None]
    size, item = x.size, x.itemsize
    if size < _WORTH_THREADS:
        run(*sources, size)
        return out

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            start = task * _TASK
            run(*(address + start * item for address in sources), min(_TASK, size - start))

    share(work, -(-size // _TASK))
    return out


@cache
def _kernel(name: str, dtype: np.dtype[Any], times: bool) -> Any:
    """A function of addresses (x, perhaps a factor, the result) and a count."""
    sources = ["x", "factor"] if times else ["x"]
    c = Code(Module(), "run", " ".join([*sources, "out"]), "count", dtype, contract=False)
    for lanes, i in c.vectors(0, c.argument("count")):
        x, *factor = [c.load(c.at(f"%{source}", i), lanes=lanes) for source in sources]
        out = computed(name, [x], (dtype, dtype), inline=True)
        c.store(out * factor[0] if times else out, c.at("%out", i))
    c.function.finish()
    arguments = *[ctypes.c_void_p] * (len(sources) + 1), ctypes.c_int64
    return llvm.compiled(c.module.text).function("run", *arguments)
