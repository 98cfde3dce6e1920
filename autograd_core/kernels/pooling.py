"""Machine code for max pooling: the largest number of each window, and the way back, for many windows side by side.

The windows of a row, many images of a batch or many channels, are neighbours in memory, and so is what each kernel
position (tap) meets of them. Where the maxima were is a byte for each window, whose bit t says that tap t holds it.
Knows rows, taps and bytes. Does not know what lies outside an array: all taps of all windows are there.
"""

import ctypes
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from .arithmetic import convert, where
from .emitting import Module, Value, full
from .llvm import compiled
from .writing import Code, Mask

__all__ = ["maxima", "scattered"]

Type = np.dtype[Any]

_BYTE = np.dtype(np.uint8)
_STRIDES = ("x_a", "x_b", "x_c", "out_a", "out_b", "out_c")


@cache
def maxima(dtype: Type, taps: int) -> Any:
    """The function that writes the maxima of windows and their bytes; a NaN is greater than all numbers.

    It takes x, out, bytes and the offsets of the taps in x; the first and last index along axis a, how many windows
    stand along b and c, and in a row; then by how much a step along each axis moves in x, and in out.
    """
    c = _begun("maxima", dtype)
    for x_at, out_at, mask in _vectors(c):
        seen = [c.load(c.at("%x", x_at + c.index("%taps", t)), mask) for t in range(taps)]
        most = seen[0]
        for x in seen[1:]:
            most = where((x > most) | x.isnan(), x, most)
        found = full(c.function, 0, _BYTE, c.lanes)
        for t, x in enumerate(seen):
            found = found | where((x == most) | x.isnan(), full(c.function, 1 << t, _BYTE, c.lanes), 0)
        c.store(most, c.at("%out", out_at), mask)
        c.store(found, c.at("%bytes", out_at, _BYTE), mask)
    return _finished(c)


@cache
def scattered(dtype: Type, taps: int, overlapping: bool) -> Any:
    """The function that sends what comes to a window back to its maximum; equal maxima share evenly.

    It takes x (which is written), out (which is read), and all the rest as `maxima`. With windows that overlap it adds
    to what stands in x.
    """
    c = _begun("scattered", dtype)
    for x_at, out_at, mask in _vectors(c):
        found = c.load(c.at("%bytes", out_at, _BYTE), mask, dtype=_BYTE)
        share = c.load(c.at("%out", out_at), mask) / convert(c.function.intrinsic("ctpop", found), dtype)
        for t in range(taps):
            place = c.at("%x", x_at + c.index("%taps", t))
            part = where((found & (1 << t)) != 0, share, full(c.function, 0, dtype, c.lanes))
            c.store(part + c.load(place, mask) if overlapping else part, place, mask)
    return _finished(c)


def _begun(name: str, dtype: Type) -> Code:
    return Code(Module(), name, "x out bytes taps", " ".join(("first", "last", "b", "c", "row", *_STRIDES)), dtype)


def _vectors(c: Code) -> Iterator[tuple[Value, Value, Mask]]:
    """Loop over all windows, a vector of them at a time: its places in x and out, and a mask where a row ends in it."""
    x_a, x_b, x_c, out_a, out_b, out_c = (c.argument(name) for name in _STRIDES)
    row = c.argument("row")
    whole = row - c.remainder(row, c.lanes)
    outermost, outer, inner = c.loop(c.argument("first"), c.argument("last")), *(c.loop(0, c.argument(n)) for n in "bc")
    with outermost as (a, _), outer as (b, _), inner as (i, _):
        x, out = a * x_a + b * x_b + i * x_c, a * out_a + b * out_b + i * out_c
        with c.loop(0, whole, c.lanes) as (j, _):
            yield x + j, out + j, None
        with c.loop(whole, row, c.lanes) as (j, _):
            yield x + j, out + j, c.mask(row - j)


def _finished(c: Code) -> Any:
    c.function.finish()
    arguments = [ctypes.c_void_p] * 4 + [ctypes.c_int64] * (5 + len(_STRIDES))
    return compiled(c.module.text).function(c.function.name, *arguments)
