"""The LSTM and the GRU by machine code, with the rows of a batch shared between the cores.

Knows for which arrays it is there. Does not know what is computed, or how.
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
    gates, out = np.empty(x.shape, x.dtype), np.empty((2, *x.shape[:2], h.shape[1]), x.dtype)
    _call("lstm", h, len(x), weight, (x, h, c, weight.T), (gates, out))
    return out, gates


def lstm_pulled(g: Array, c: Array, weight: Array, out: Array, gates: Array) -> tuple[Array, Array, Array]:
    """The derivatives by the pre-activations of all steps, and by the first state and cell."""
    dz, dh, dc = np.empty(gates.shape, gates.dtype), np.zeros(c.shape, c.dtype), np.zeros(c.shape, c.dtype)
    _call("lstm_pulled", c, len(gates), weight, (g, c, weight, gates, out), (dz, dh, dc))
    return dz, dh, dc


def gru(x: Array, h: Array, weight: Array, bias: Array | None) -> tuple[Array, Array, Array]:
    """The states, the activations of the gates, and what the states contribute to new content."""
    bias = np.zeros(len(weight), x.dtype) if bias is None else bias
    gates, content, out = (np.empty((*x.shape[:2], n), x.dtype) for n in (x.shape[2], h.shape[1], h.shape[1]))
    _call("gru", h, len(x), weight, (x, h, weight.T, bias), (gates, content, out))
    return out, gates, content


def gru_pulled(
    g: Array, h: Array, weight: Array, out: Array, gates: Array, content: Array
) -> tuple[Array, Array, Array]:
    """The derivatives by what comes from inputs and from states in all steps, and by the first state."""
    dx, da, dh = np.empty(gates.shape, gates.dtype), np.empty(gates.shape, gates.dtype), np.zeros(h.shape, h.dtype)
    _call("gru_pulled", h, len(gates), weight, (g, h, weight, gates, content, out), (dx, da, dh))
    return dx, da, dh


def _call(name: str, h: Array, steps: int, weight: Array, given: tuple[Array, ...], made: tuple[Array, ...]) -> None:
    """Call a kernel with arrays that it reads, and arrays, without gaps, that it writes."""
    kernel, together = _kernel(name)
    rows, hidden = h.shape
    arrays = np.array([steps, rows, hidden]), *map(np.ascontiguousarray, given), *made
    parts = get_num_threads() if steps * rows * weight.size >= _WORTH_THREADS else 1
    step = max(1, -(-rows // (parts * together))) * together

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            kernel(arrays, task * step, min((task + 1) * step, rows))

    share(work, -(-rows // step), worthwhile=parts > 1)


@cache
def _kernel(name: str) -> tuple[Any, int]:
    """A kernel, and the rows that it is at, at a time."""
    from ..kernels import recurrences  # only where there are sequences

    return getattr(recurrences, name)(np.dtype(np.float32)), recurrences.ROWS
