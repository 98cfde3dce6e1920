"""Softmax, its losses and normalizations by machine code, for arrays with their axes in any order in memory.

Knows how rows lie in arrays, and shares them between the cores. Does not know what is computed of a row, or how.
Functions return None where machine code is not for the arrays that they are given.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels import llvm
from ..layout import empty_like
from ..parallel import share

Array = NDArray[Any]
Ints = tuple[int, ...]

_WORTHWHILE = 1 << 9  # numbers from which the call pays, with what it takes to make the code
_WORTH_THREADS = 1 << 18  # numbers from which other cores are woken
_TASK = 1 << 16  # numbers that a core takes at once, about
_ABREAST = 4  # rows that a kernel is at, at a time


def suits(x: Any, types: str = "f") -> bool:
    """Whether machine code is for an array, as far as its type and size say."""
    if type(x) is not np.ndarray or x.size < _WORTHWHILE or x.dtype.char not in types:
        return False
    return x.dtype.isnative and llvm.available()


# --- softmax and its losses -------------------------------------------------------------------------------------------


def mapped(name: str, axis: int, *arrays: Array) -> Array | None:
    """A kernel of `row_kernels` that makes an array of others of its shape, row by row along an axis."""
    x = arrays[0]
    if not suits(x) or not -x.ndim <= axis < x.ndim:
        return None
    x = _dense(x)
    rows = _rows(x.shape, x.strides, x.itemsize, (axis % x.ndim,), None)
    if rows is None:
        return None
    out = empty_like(x)
    _call(_kernel(name, x.dtype.char, rows.layout.beside), rows, (x, *(_alike(a, x) for a in arrays[1:]), out))
    return out


def cross_entropy(x: Array, ids: Array) -> tuple[Array, Array] | None:
    """The losses of the rows of a matrix by class ids; and in two rows the largest numbers, and the sums above them."""
    rows = _matrix(x)
    if rows is None:
        return None
    losses, found = np.empty(len(x), x.dtype), np.empty((2, len(x)), x.dtype)
    _call(_kernel("cross_entropy", x.dtype.char), rows, (x, np.ascontiguousarray(ids, np.int64), losses, found))
    return losses, found


def cross_entropy_pulled(x: Array, ids: Array, found: Array, weights: Array) -> Array | None:
    """The derivative of the losses, each times a weight."""
    rows = _matrix(x)
    if rows is None:
        return None
    out, weights = empty_like(x), np.ascontiguousarray(weights, x.dtype)
    kernel = _kernel("cross_entropy_pulled", x.dtype.char)
    _call(kernel, rows, (x, np.ascontiguousarray(ids, np.int64), found, weights, out))
    return out


def _matrix(x: Array) -> "Rows | None":
    if not suits(x) or not x.flags.c_contiguous:
        return None
    rows = _rows(x.shape, x.strides, x.itemsize, (1,), None)
    return None if rows is None or rows.layout.beside else rows


# --- standardization --------------------------------------------------------------------------------------------------


def standardized(x: Array, along: Ints, eps: float, weight: Any, bias: Any) -> tuple[Array, Array, "Rows"] | None:
    """The result; what is found of each row: mean, its rest, variance, and what deviations are multiplied by; the rows.

    These numbers lie in the order in memory of their rows: `Rows.ordered` says which is which.
    """
    if not suits(x, "fd") or (weight is None and bias is not None):
        return None
    x = _dense(x)
    if bias is None and weight is not None:
        bias = np.zeros(np.shape(weight), x.dtype)
    rows = _rows(x.shape, x.strides, x.itemsize, along, None if weight is None else np.shape(weight))
    if rows is None or np.shape(weight) != np.shape(bias):
        return None
    given = (x, x) if weight is None else (_plain(weight, x.dtype), _plain(bias, x.dtype))
    out, found = empty_like(x), np.empty((4, rows.rows), x.dtype)
    kernel = _kernel("standardized", x.dtype.char, rows.layout)
    _call(kernel, rows, (_constants(rows.rows / x.size, eps), x, *given, out, found))
    return out, found, rows


def standardized_pulled(g: Array, x: Array, weight: Any, found: Array, rows: "Rows") -> Any:
    """The derivatives by x, by the weight, and by a bias of its shape; None for other kinds of arrays."""
    dtype, x = found.dtype, _dense(x)
    if x.strides != rows.strides or any(type(a) is not np.ndarray or a.dtype != dtype for a in (x, g)):
        return None
    out, factor = empty_like(x), x if weight is None else _plain(weight, dtype)
    sums = np.zeros((2, rows.tasks, 0 if weight is None else factor.size))  # in double precision, as there may be many
    kernel = _kernel("standardized_pulled", dtype.char, rows.layout)
    _call(kernel, rows, (_constants(rows.rows / x.size), _alike(g, x), x, factor, found, out), sums)
    if weight is None:
        return out, None, None
    by_weight, by_bias = (sums[:, 0] if rows.tasks == 1 else np.add.reduce(sums, axis=1)).astype(dtype)
    return out, by_weight.reshape(factor.shape), by_bias.reshape(factor.shape)


@lru_cache(maxsize=512)
def _constants(*numbers: float) -> Array:
    return np.array(numbers)


# --- rows in memory ---------------------------------------------------------------------------------------------------


class Rows(NamedTuple):
    """Where rows are, for a kernel: its layout, how many there are, and of what a task is a part."""

    layout: Any
    rows: int
    units: int  # rows, or vectors of rows
    step: int  # units of a task
    tasks: int
    fields: Array
    strides: Ints  # of the array
    kept: Ints  # the lengths of the axes that are not along rows, and their order in memory
    order: Ints

    def ordered(self, numbers: Array) -> Array:
        """One number for each row, as an array of the axes that are not along rows."""
        shape = [self.kept[axis] for axis in self.order]
        return numbers.reshape(shape).transpose(np.argsort(self.order)) if len(shape) > 1 else numbers.reshape(shape)


@lru_cache(maxsize=512)
def _rows(shape: Ints, strides: Ints, item: int, along: Ints, weight: Ints | None) -> Rows | None:
    """How a dense array of that shape and those strides is gone through, with a dense weight that broadcasts to it."""
    from ..kernels.rows import FIELDS, Layout, lanes_of

    repeated = _repeated(weight or (), shape)
    memory = sorted(range(len(shape)), key=lambda axis: (-strides[axis], axis))
    axes = [(axis in along, shape[axis], strides[axis] // item, repeated[axis]) for axis in memory if shape[axis] > 1]
    if any(stride % item for stride in strides):
        return None
    kept, inside = _merged([a[1:] for a in axes if not a[0]]), _merged([a[1:] for a in axes if a[0]])
    if len(kept) > 2 or len(inside) > 2 or axes[-1][2] != 1:
        return None
    (_, x_outer, w_outer), (abreast, x_inner, w_inner) = ((1, 0, 0), (1, 0, 0), *kept)[-2:]
    (segments, x_segment, w_segment), (length, x_step, w_step) = ((1, 0, 0), (1, 0, 0), *inside)[-2:]
    beside = not axes[-1][0]
    if weight is None:
        kind, possible = "", True
    elif not w_segment and not w_step:
        kind, possible = "row", not beside or w_inner == 1
    elif w_step:
        kind, possible = "each", not beside and w_step == 1 and not (w_outer or w_inner)
    else:
        kind, possible = "segment", not beside or not w_inner
    if not possible:
        return None
    count, lanes = math.prod(n for n, _, _ in kept), lanes_of(np.dtype(f"f{item}")) if beside else 1
    units = count // abreast * -(-abreast // lanes)
    size = math.prod(shape)
    together = 1 if beside else _ABREAST
    step = units if size < _WORTH_THREADS else -(-units * _TASK // size // together) * together
    values = {
        "rows": count, "beside": abreast, "x_outer": x_outer, "x_inner": x_inner, "w_outer": w_outer,
        "w_inner": w_inner, "segments": segments, "length": length, "x_segment": x_segment, "x_step": x_step,
        "w_segment": w_segment, "w_step": w_step,
    }  # fmt: skip
    left = [axis for axis in range(len(shape)) if axis not in along]
    return Rows(
        layout=Layout(beside, kind),
        rows=count,
        units=units,
        step=step,
        tasks=-(-units // step),
        fields=np.array([values[name] for name in FIELDS], np.int64),
        strides=strides,
        kept=tuple([shape[axis] for axis in left]),
        order=tuple([left.index(axis) for axis in memory if axis in left]),
    )


def _repeated(weight: Ints, shape: Ints) -> Ints:
    """The distances, in numbers, at which a dense array of one shape is read where it is broadcast to another."""
    steps, step = [0] * len(shape), 1
    for back in range(1, len(weight) + 1):
        if weight[-back] > 1:
            steps[-back] = step
        step *= weight[-back]
    return tuple(steps)


def _merged(axes: Sequence[Ints]) -> list[Ints]:
    """Axes (length, steps), with those joined that lie behind each other in memory."""
    joined: list[Ints] = []
    for n, *steps in axes:
        if joined and all(outer == inner * n for outer, inner in zip(joined[-1][1:], steps, strict=True)):
            joined[-1] = (joined[-1][0] * n, *steps)
        else:
            joined.append((n, *steps))
    return joined


def _dense(x: Array) -> Array:
    """The array, or a copy without gaps."""
    if x.flags.c_contiguous or x.flags.f_contiguous:
        return x
    order = sorted(range(x.ndim), key=lambda axis: (x.shape[axis] == 1, -abs(x.strides[axis])))
    return x if x.transpose(order).flags.c_contiguous else x.copy(order="K")


def _alike(a: Array, x: Array) -> Array:
    """An array that lies in memory as another one does."""
    if a.strides == x.strides and a.dtype == x.dtype:
        return a
    copy = np.empty_like(x)
    np.copyto(copy, a, casting="same_kind")
    return copy


def _plain(a: Any, dtype: Any) -> Array:
    return a if type(a) is np.ndarray and a.flags.c_contiguous and a.dtype == dtype else np.asarray(a, dtype, order="C")


@cache
def _kernel(name: str, kind: str, *layout: Any) -> Any:
    from ..kernels import row_kernels  # only where there is something large enough

    return getattr(row_kernels, name)(np.dtype(kind), *layout)


def _call(kernel: Any, rows: Rows, arrays: tuple[Array, ...], parts: Any = ()) -> None:
    """Call a kernel on all rows. Of the arrays of `parts`, each task has an element."""
    units, step = rows.units, rows.step
    if rows.tasks == 1:
        kernel((rows.fields, *arrays, *parts), 0, units)
        return

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            given = rows.fields, *arrays, *(part[task] for part in parts)
            kernel(given, task * step, min((task + 1) * step, units))

    share(work, rows.tasks)
