"""A formula applied to every number of a dense array, in machine code, on several cores if it is long.

Knows which formulas there are (`approximations`), and their loops. Does not know operations or gradients.
"""

import ctypes
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..parallel import share
from . import llvm
from .approximations import approximation
from .elementwise import computed
from .emitting import Function, Module, type_name

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
    module = Module()
    sources = ["x", "factor"] if times else ["x"]
    arguments = [*(("ptr noalias", source) for source in [*sources, "out"]), ("i64", "count")]
    width = llvm.vector_bytes()
    function = Function(module, "run", arguments, attributes=f'nounwind "prefer-vector-width"="{8 * width}"')
    lanes = width // dtype.itemsize
    function.emit(f"%whole = and i64 %count, {-lanes}")
    function.emit("br label %start")
    function.label("start")

    def body(index: str, lanes: int) -> None:
        kind, element = type_name(dtype, lanes), type_name(dtype, 1)
        places = [
            function.text_value(f"getelementptr inbounds {element}, ptr %{array}, i64 {index}")
            for array in [*sources, "out"]
        ]
        values = [
            function.value(f"load {kind}, ptr {place}, align {dtype.itemsize}", dtype, lanes) for place in places[:-1]
        ]
        out = computed(name, values[:1], (dtype, dtype), inline=True)
        if times:
            out = out * values[1]
        function.emit(f"store {kind} {out.text}, ptr {places[-1]}, align {dtype.itemsize}")

    loop(function, "vectors", "start", "0", "%whole", lanes, body)
    loop(function, "rest", "vectors.end", "%whole", "%count", 1, body)
    function.finish()
    return llvm.compiled(module.text).function("run", *[ctypes.c_void_p] * (len(sources) + 1), ctypes.c_int64)


def loop(
    function: Function, name: str, before: str, first: str, end: str, step: int, body: Callable[[str, int], None]
) -> None:
    """A loop whose block has that name; `before` is the block that it is entered from."""
    function.emit(f"br label %{name}")
    function.label(name)
    function.emit(f"%{name}.index = phi i64 [{first}, %{before}], [%{name}.following, %{name}.body]")
    function.emit(f"%{name}.more = icmp slt i64 %{name}.index, {end}")
    function.emit(f"br i1 %{name}.more, label %{name}.body, label %{name}.end")
    function.label(f"{name}.body")
    body(f"%{name}.index", step)
    function.emit(f"%{name}.following = add i64 %{name}.index, {step}")
    function.emit(f"br label %{name}")
    function.label(f"{name}.end")
