"""Taking over values by name: what is missing, what is unexpected, what does not fit, and what was perhaps meant.

Knows names, shapes and types. Does not know modules.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from .parameter import Uninitialized

__all__ = ["IncompatibleKeys", "near", "put", "unfit"]

_MANY = 300  # names; beyond that, looking for similar ones takes too long


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict(strict=False)` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def unfit(
    held: Mapping[str, Any], given: Mapping[str, NDArray[Any]], found: IncompatibleKeys, strict: bool
) -> list[str]:
    """All that keeps given values from being taken over, in words, in the order of the names."""
    reasons = []
    if strict:
        if found.missing_keys:
            reasons.append(f"missing: {', '.join(found.missing_keys)}")
        if found.unexpected_keys:
            reasons.append(f"unexpected: {', '.join(_with_near(found.unexpected_keys, found.missing_keys))}")
            prefix = _prefix(found)
            if prefix:
                reasons.append(prefix)
    return reasons + [f"{name}: {clash}" for name, value in given.items() if (clash := _clash(value, held[name]))]


def put(held: Any, value: NDArray[Any]) -> None:
    """Write a value that fits into a parameter or buffer."""
    if isinstance(held, Uninitialized):
        held.materialize(value.shape)
    array = held.writable() if isinstance(held, ag.Tensor) else held
    array[...] = value


def near(name: str, names: Sequence[str]) -> str:
    """Those of the names that `name` could have been meant for, as the end of an error message; often nothing.

    >>> near("wieght", ["weight", "bias"])
    ' (did you mean weight?)'
    """
    from difflib import get_close_matches  # when it is needed

    close = get_close_matches(name, names, n=1, cutoff=0.75) if len(names) <= _MANY else []
    return f" (did you mean {close[0]}?)" if close else ""


def _with_near(unexpected: Sequence[str], missing: Sequence[str]) -> list[str]:
    if len(unexpected) > _MANY:
        return [*unexpected]
    return [name + near(name, missing) for name in unexpected]


def _prefix(found: IncompatibleKeys) -> str:
    """The words for names that would all fit without, or with, something in front."""
    missing, unexpected = found
    for longer, shorter, say in (
        (unexpected, missing, "all names fit without {!r} in front: strip it from the keys"),
        (missing, unexpected, "all names fit with {!r} in front: add it to the keys, or load into that part"),
    ):
        if len(longer) == len(shorter) and longer[0].endswith(f".{shorter[0]}"):
            prefix = longer[0].removesuffix(shorter[0])
            if {prefix + name for name in shorter} == set(longer):
                return say.format(prefix)
    return ""


def _clash(value: NDArray[Any], held: Any) -> str:
    """Why a value cannot be loaded into what a module holds, or nothing."""
    if isinstance(held, Uninitialized):
        return "" if value.dtype.kind == "f" else f"numbers of type {value.dtype} where floating point is needed"
    if value.shape != held.shape:
        return f"shape {value.shape} where {held.shape} is needed"
    if value.dtype.kind not in "biuf" or not np.can_cast(value.dtype, held.dtype, "same_kind"):
        return f"numbers of type {value.dtype} where {held.dtype} is needed"
    return ""
