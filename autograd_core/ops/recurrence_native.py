"""The LSTM by machine code, with its rows shared between the cores.

Knows when that is faster, and for which arrays it is there. Does not know what is computed, or how.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import llvm
from ..parallel import get_num_threads, share

Array = NDArray[Any]

_WORTHWHILE = 1 << 9  # numbers of all gates in all steps from which the call pays
_WORTH_THREADS = 1 << 21  # multiplications from which other cores are woken


def suits(x: Any, *others: Any) -> bool:
    """Whether machine code is for these arrays: plain, of one type that has formulas for the gates, and enough."""
    if x.size < _WORTHWHILE or x.dtype.char != "f" or not x.dtype.isnative or not llvm.available():
        return False
    return all(type(a) is np.ndarray and a.dtype == x.dtype for a in (x, *others))


def lstm(x: Array, h: Array, c: Array, weight: Array) -> tuple[Array, Array]:
    """The states and cells, and the activations of the gates."""
    steps, rows, columns = x.shape
    hidden = columns // 4
    gates, out = np.empty_like(x, order="C"), np.empty((2, steps, rows, hidden), x.dtype)
    given = *map(np.ascontiguousarray, (x, h, c, weight.T)), gates, out
    _call("lstm", (np.array([steps, rows, hidden]), *given), steps, weight)
    return out, gates


def lstm_pulled(g: Array, c: Array, weight: Array, out: Array, gates: Array) -> tuple[Array, Array, Array]:
    """The derivatives by the pre-activations of all steps, and by the first state and cell."""
    _, steps, rows, hidden = out.shape
    dz, dh, dc = np.empty_like(gates), np.zeros((rows, hidden), gates.dtype), np.zeros((rows, hidden), gates.dtype)
    given = *map(np.ascontiguousarray, (g, c, weight, gates, out)), dz, dh, dc
    _call("lstm_pulled", (np.array([steps, rows, hidden]), *given), steps, weight)
    return dz, dh, dc


def _call(name: str, arrays: tuple[Array, ...], steps: int, weight: Array) -> None:
    kernel, rows = _kernel(name), int(arrays[0][1])
    together = kernel.rows
    parts = get_num_threads() if steps * rows * weight.size >= _WORTH_THREADS else 1
    step = -(-rows // (parts * together)) * together or 1

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            kernel.run(arrays, task * step, min((task + 1) * step, rows))

    share(work, -(-rows // step), worthwhile=parts > 1)


class _Kernel:
    def __init__(self, name: str) -> None:
        from ..kernels import lstm  # only where there are sequences

        self.rows, self.run = lstm.ROWS, getattr(lstm, name)(np.dtype(np.float32))


@cache
def _kernel(name: str) -> _Kernel:
    return _Kernel(name)
