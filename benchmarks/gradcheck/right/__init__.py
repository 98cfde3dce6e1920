"""Right derivatives, by where they come from: a check that fails for one of them raises a false alarm."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.gradcheck.right import jax_functions, registry, scipy_functions, torch_functions
from benchmarks.gradcheck.right.at_kinks import AT_KINKS
from benchmarks.gradcheck.right.by_hand import BY_HAND
from benchmarks.gradcheck.right.case import Right
from benchmarks.gradcheck.right.registry import RightOperation

GROUPS: dict[str, Callable[[], Sequence[Right | RightOperation]]] = {
    "NumPy, by hand": lambda: BY_HAND,
    "NumPy, at kinks": lambda: AT_KINKS,
    "SciPy": scipy_functions.cases,
    "PyTorch": torch_functions.cases,
    "JAX": jax_functions.cases,
    "operations of this library": registry.cases,
}
"""Each raises ImportError where its library is not installed."""

__all__ = ["AT_KINKS", "BY_HAND", "GROUPS", "Right", "RightOperation"]
