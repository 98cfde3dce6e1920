"""Do two libraries compute the same thing? Arrays are boiled down to a few numbers, and the numbers compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Fingerprint = list[list[float]]

_PROJECTIONS = 8


def fingerprint(arrays: Sequence[Any]) -> Fingerprint:
    """Size, norm and eight signed sums of each array, fit for a pipe.

    A sum under random signs changes by about the norm of what is added to the array, so that two arrays whose eight
    sums agree to a fraction of the norm agree to about that fraction themselves.
    """
    return [_row(np.asarray(array, dtype=np.float64).ravel(), index) for index, array in enumerate(arrays)]


def _row(values: np.ndarray[Any, np.dtype[np.float64]], seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    signs = (rng.integers(0, 2, values.size, dtype=np.int8) * 2 - 1 for _ in range(_PROJECTIONS))
    return [float(values.size), float(np.linalg.norm(values)), *(float(values @ sign) for sign in signs)]


def disagreement(first: Fingerprint, second: Fingerprint) -> float:
    """The largest relative difference between two fingerprints; infinite where sizes differ or a NaN is met."""
    if [row[0] for row in first] != [row[0] for row in second]:
        return float("inf")
    worst = 0.0
    for a, b in zip(first, second, strict=True):
        difference = float(np.max(np.abs(np.subtract(a[1:], b[1:]))))
        if not np.isfinite(difference):
            return float("inf")
        norm = max(a[1], b[1])
        if norm > 0:
            worst = max(worst, difference / norm)
    return worst
