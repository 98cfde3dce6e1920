"""What a picture says of an array: its numbers, or their distribution, and what is wrong with them.

Knows arrays of any kind, however odd. Knows neither Tensors nor how a summary is drawn. Never warns and never fails: a
picture is looked at most when the numbers have gone wrong.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .picture import Summary

BINS = 12
"""Bins of a histogram."""
SIDE = 14
"""The most rows or columns of a thumbnail; the fewest that are worth one are four."""

_FEW, _COLUMNS, _ROWS = 9, 4, 6  # an array of so few numbers, in such a shape, is shown number by number


def summarize(array: Any) -> Summary:
    """The numbers of an array if they are few, else their distribution; norm, zeros, NaN and infinities.

    Few are six numbers, or nine in a matrix of at most six rows and four columns (3 x 3, 4 x 2). What has two axes of
    at least four entries, axes of length one aside, gets a thumbnail of block means. An array without numbers, of text
    or objects, has only its shape and type.

    >>> summarize(np.array([[1.0, 2.0], [3.0, 24.70081]])).numbers
    '[[1,    2],\\n [3, 24.7]]'
    >>> summarize(np.array([3.0, -4.0, np.nan])).norm, summarize(np.array([np.nan])).flag
    (5.0, 'NaN')
    """
    array = np.asarray(array)
    shape, dtype = tuple(int(n) for n in array.shape), str(array.dtype)
    if array.dtype.kind in "OSTUMm":
        return Summary(shape, dtype, size=int(array.size))
    with np.errstate(all="ignore"):
        return _summary(array, shape, dtype)


def _summary(array: np.ndarray, shape: tuple[int, ...], dtype: str) -> Summary:
    numbers = _numbers(array)
    values = (np.abs(array) if array.dtype.kind == "c" else array).astype(np.float64)
    finite = values[np.isfinite(values)]
    infinities = int(np.count_nonzero(np.isinf(values)))
    counts: dict[str, Any] = {
        "zeros": int(np.count_nonzero(finite == 0)),
        "nans": int(values.size - finite.size - infinities),
        "infinities": infinities,
        "size": int(values.size),
    }
    if not finite.size:
        return Summary(shape, dtype, numbers, **counts)
    low, high = float(finite.min()), float(finite.max())
    scale = max(abs(low), abs(high)) or 1.0  # neither squares nor sums of what is divided by it overflow or vanish
    finite = finite / scale if math.isfinite(1 / scale) else finite
    scale = scale if math.isfinite(1 / scale) else 1.0
    largest = float(np.finfo(np.float64).max)
    norm = float(np.sqrt(np.sum(finite * finite))) or max(abs(low), abs(high))
    return Summary(
        shape,
        dtype,
        numbers,
        low=low,
        high=high,
        mean=min(max(float(finite.mean()) * scale, low), high),  # rounding can put it outside
        norm=min(norm * scale, largest),
        histogram=_histogram(finite),
        thumbnail=_thumbnail(values / scale),
        **counts,
    )


def _histogram(values: np.ndarray) -> tuple[int, ...]:
    """Counts in equal bins from the lowest to the highest; equal numbers fill a single one."""
    low, high = values.min(), values.max()
    if not high > low:
        return (int(values.size),)
    bins = np.minimum(((values - low) / (high - low) * BINS).astype(np.int64), BINS - 1)
    return tuple(np.bincount(bins, minlength=BINS).tolist())


def _thumbnail(values: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """Means of blocks, from 0 (the lowest) to 1; NaN and infinities left out, a block without numbers is 0."""
    values = values.squeeze()
    if values.ndim != 2 or min(values.shape) < 4:
        return ()
    counted = np.isfinite(values)
    sums, counts = np.where(counted, values, 0.0), counted.astype(np.float64)
    for axis in (0, 1):
        parts = min(values.shape[axis], SIDE)
        starts = np.arange(parts) * values.shape[axis] // parts
        sums, counts = np.add.reduceat(sums, starts, axis), np.add.reduceat(counts, starts, axis)
    means = sums / np.maximum(counts, 1)
    low, high = means[counts > 0].min(), means[counts > 0].max()
    bright = np.where(counts > 0, (means - low) / (high - low if high > low else 1.0), 0.0)
    return tuple(tuple(round(b, 3) for b in row) for row in bright.tolist())


# --- numbers ----------------------------------------------------------------------------------------------------------


def _numbers(array: np.ndarray) -> str:
    """The array as text, in brackets as NumPy has it and columns one above the other, if it is small; else nothing."""
    matrix = array.ndim == 2 and array.shape[0] <= _ROWS and array.shape[1] <= _COLUMNS and array.size <= _FEW
    if array.size == 0 or not (array.size <= 6 or matrix):
        return ""
    rows = array.reshape(-1, array.shape[-1] if array.ndim else 1)
    texts = [[number(value) for value in row] for row in rows.tolist()]
    widths = [max(len(row[j]) for row in texts) for j in range(rows.shape[1])]
    lines = [", ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in texts]
    return _bracketed(lines, array.shape[:-1]) if array.ndim else lines[0]


def _bracketed(lines: Sequence[str], above: Sequence[int]) -> str:
    """Rows of numbers in the brackets of the axes above theirs."""
    text = []
    for i, line in enumerate(lines):
        opened = sum(i % math.prod(above[axis:]) == 0 for axis in range(len(above)))
        closed = sum((i + 1) % math.prod(above[axis:]) == 0 for axis in range(len(above)))
        text.append(" " * (len(above) - opened) + "[" * (opened + 1) + line + "]" * (closed + 1))
    return ",\n".join(text)


def number(value: Any) -> str:
    """A number in few characters: whole ones as they are, others with four digits.

    >>> number(-0.0), number(0.1234567), number(1e-12), number(7), number(True)
    ('0', '0.1235', '1e-12', '7', 'True')
    """
    return f"{value + 0.0:.4g}" if isinstance(value, float | complex) else str(value)  # -0.0 + 0.0 is 0.0
