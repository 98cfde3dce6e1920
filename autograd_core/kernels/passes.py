"""A formula in NumPy's ufuncs, written once, as one loop of machine code that goes through its arrays a single time.

Knows how a formula is written down by running it on stand-ins, and the loop around it. Does not know what it computes.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..parallel import share
from . import llvm
from .addresses import of_item
from .elementwise import computed, is_known
from .emitting import Module, Value
from .writing import Code

__all__ = ["in_one_pass", "machine_code"]

Array = NDArray[Any]
Formula = Callable[..., None]

_TASK = 1 << 16  # numbers that a core takes at once
_WORTH_THREADS = 1 << 18  # numbers from which other cores are woken


def machine_code(dtype: np.dtype[Any]) -> bool:
    """Whether formulas of numbers of this type can be machine code here: llvmlite is installed, and the type is known.

    >>> ag.machine_code(np.dtype(np.int8))
    False
    """
    return dtype.char in "fd" and dtype.isnative and llvm.available()


def in_one_pass(
    formula: Formula,
    w: Array,
    g: Array,
    kept: Sequence[Array],
    numbers: Sequence[Array],
    switches: tuple[Any, ...] = (),
    scratch: int = 0,
) -> bool:
    """Do ``formula(w, g, kept, numbers, *switches)`` in one pass; or nothing, and return False, where that cannot be.

    The formula computes by ufuncs with `out`, element by element, and writes into its arrays, in the bits that NumPy
    gives. `numbers` are arrays of one element; `switches` may decide what is computed, and nothing else. Behind what is
    kept it gets so many arrays more for intermediate results, which are never made here.
    It can be where there is `machine_code`, and all arrays are of one shape and type and lie alike, without gaps. What
    NumPy would warn of, an overflow say, goes unsaid. For optimizers.

    >>> def descended(w, g, kept, numbers):
    ...     np.subtract(w, np.multiply(g, numbers[0]), w)
    >>> w, g = np.ones(3), np.full(3, 2.0)
    >>> if not ag.in_one_pass(descended, w, g, (), [np.array(0.25)]):
    ...     descended(w, g, (), [np.array(0.25)])
    >>> w
    array([0.5, 0.5, 0.5])
    """
    shape, strides, dtype = w.shape, w.strides, w.dtype
    arrays = (w, g, *kept)
    for a in arrays:
        if a.strides != strides or a.shape != shape or a.dtype is not dtype or not (a is g or a.flags.writeable):
            return False
    if not w.flags.forc or any(number.dtype is not dtype for number in numbers):
        return False
    run = _kernel(formula, switches, len(kept), len(numbers), scratch, dtype)
    if run is None:
        return False
    size, given = w.size, (*arrays, *numbers)
    if size < _WORTH_THREADS:
        run(given, 0, size)
        return True

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            run(given, task * _TASK, min(size, (task + 1) * _TASK))

    share(work, -(-size // _TASK))
    return True


@cache
def _kernel(
    formula: Formula, switches: tuple[Any, ...], kept: int, numbers: int, scratch: int, dtype: np.dtype[Any]
) -> Callable[[tuple[Array, ...], int, int], None] | None:
    """A function of a tuple of arrays and numbers and the bounds of what to go through; None if there is none."""
    if not machine_code(dtype):
        return None
    c = Code(Module(), "run", "tuple", "start end", dtype, contract=False)
    places = [of_item(c.function, i) for i in range(2 + kept + numbers)]
    arrays, constants = places[: 2 + kept], places[2 + kept :]
    filled = {lanes: [c.spread(c.load(place, lanes=1), lanes) for place in constants] for lanes in (1, c.lanes)}
    try:
        for lanes, i in c.vectors(c.argument("start"), c.argument("end")):
            here = [c.at(array, i) for array in arrays]
            before = [c.load(place, lanes=lanes) for place in here]
            w, g, *rest = lines = [Line(value) for value in before]
            spare = [Line(None) for _ in range(scratch)]
            formula(w, g, (*rest, *spare), [Line(value) for value in filled[lanes]], *switches)
            for line, value, place in zip(lines, before, here, strict=True):
                if line.value is not None and line.value is not value:
                    c.store(line.value, place)
    except UnknownError:
        return None
    c.function.finish()
    return llvm.compiled(c.module.text).function("run", ctypes.py_object, ctypes.c_int64, ctypes.c_int64)


class UnknownError(Exception):
    """A function was asked for that has no machine code with NumPy's bits."""


class Line:
    """What stands for an array while a formula is written down: the value that it has by then."""

    __slots__ = ("value",)

    def __init__(self, value: Value | None) -> None:
        self.value = value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (None,), **options: Any) -> Any:
        name, values = ufunc.__name__, [x.value for x in inputs if isinstance(x, Line) and x.value is not None]
        plain = method == "__call__" and not options and len(values) == len(inputs)
        if not plain:
            raise UnknownError
        types = (values[0].dtype,) * (len(inputs) + 1)
        if not is_known(name, types, approximate=False):
            raise UnknownError
        target: Line = Line(None) if out[0] is None else out[0]
        target.value = computed(name, values, types, inline=True)
        return target
