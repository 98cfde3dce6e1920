"""Raw arrays: what counts as one, which numbers are allowed, and who may write into its memory.

Knows NumPy and nothing of graphs. Everything above this floor computes on what `as_array` lets through: arrays of
floating point numbers, integers or booleans, NumPy scalars and Python numbers (which stay weak in NumPy's promotion).
"""

import weakref
from collections.abc import Iterable
from sys import getrefcount
from typing import Any

import numpy as np

from .errors import DTypeError

Array = Any  # np.ndarray, or a NumPy scalar where NumPy returns one

_KINDS = frozenset("fiub")


def as_array(value: Any, who: str = "asarray") -> Array:
    """Let numbers and arrays through, turn sequences into arrays, refuse everything else in words.

    Raises: DTypeError for complex numbers, text, objects, and sequences that hold such things.

    >>> as_array([1.0, 2.0])
    array([1., 2.])
    """
    kind = type(value)
    if kind is float or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = value
    elif isinstance(value, int | float):  # of a class of its own, as `Tensor.size` is
        return int(value) if isinstance(value, int) else float(value)
    else:
        array = _from_sequence(value, who)
    if array.dtype.kind in _KINDS:
        return array
    if array.dtype.kind == "c":
        raise DTypeError(
            f"{who}: complex numbers ({array.dtype}) are not supported; "
            "carry the real and imaginary parts as two real arrays"
        )
    raise DTypeError(f"{who}: cannot compute with dtype {array.dtype}; numbers or booleans are needed")


def _from_sequence(value: Any, who: str) -> Array:
    if not isinstance(value, Iterable) and not hasattr(value, "__array__"):
        raise DTypeError(f"{who}: expected a number, an array or a Tensor, got {type(value).__name__}")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise DTypeError(f"{who}: this sequence is not an array of numbers ({error})") from None


def is_differentiable(dtype: np.dtype[Any]) -> bool:
    """Whether numbers of this type have derivatives: floating point numbers do.

    >>> is_differentiable(np.dtype(np.float32)), is_differentiable(np.dtype(np.int64))
    (True, False)
    """
    return dtype.kind == "f"


def as_floating(array: Array) -> Array:
    """Numbers as floating point, integers and booleans in double precision, where 8 bits would wrap round.

    >>> as_floating(np.array([200], np.uint8))
    array([200.])
    """
    array = array if isinstance(array, np.ndarray) else np.asarray(array)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


# Note [Who may write]
# A graph keeps arrays for its sweep. If somebody writes into one of them in between, the gradient would be silently
# wrong. So a graph keeps an array itself only where nobody outside can reach it, and a copy otherwise:
#   - what an operation computed is private until somebody asks for `.data`, which hands out a copy if a graph already
#     holds the array, and marks the tensor as `shared` from then on;
#   - ndarrays that users pass in, and tensors marked `shared`, are kept as snapshots, unless it turns out that nobody
#     but the tensor holds the array any more;
#   - an update in place (an optimizer's, `w -= ...` under no_grad) writes into a private array only if no one else
#     holds it, and into a new one otherwise. Reference counts know who holds it, views included.
# Whoever writes, the gradient is that of the computation as it was recorded.

_SMALL = 1 << 16  # bytes; below this a copy costs less than looking for an earlier one
_snapshots: dict[int, tuple[weakref.ref[np.ndarray], weakref.ref[np.ndarray]]] = {}


def snapshot(array: Array) -> Array:
    """A private copy of an array that somebody else may write into; see Note [Who may write].

    A large array that is kept many times unchanged (a matrix in a loop) is copied once.
    """
    if not isinstance(array, np.ndarray):
        return array
    if array.nbytes <= _SMALL:
        return array.copy(order="K")  # laid out alike, so that products of it are rounded alike
    known = _snapshots.get(id(array))
    if known is not None and known[0]() is array:
        copy = known[1]()
        if copy is not None and copy.shape == array.shape and copy.dtype == array.dtype and np.array_equal(copy, array):
            return copy
    copy = array.copy(order="K")
    key = id(array)
    _snapshots[key] = (weakref.ref(array, lambda _: _snapshots.pop(key, None)), weakref.ref(copy))
    return copy


# Interpreters differ in how many references a call itself takes. So what a private array counts is measured here, along
# the same ways as it is asked below.


class _Holder:
    __slots__ = ("_array",)

    def __init__(self) -> None:
        self._array = np.empty(1)

    def of_attribute(self) -> int:
        return _references(self._array)

    def of_local(self) -> int:
        array = np.empty(1)
        return _references(array)

    def of_attribute_and_two_locals(self) -> int:
        array = self._array
        return _passed_on(array)

    def of_cotangent(self) -> int:
        g = np.empty(1)
        return _pulled(g)

    def of_base(self) -> int:
        view = np.empty((1, 1)).T
        return getrefcount(view.base)


def _references(array: Array) -> int:
    return getrefcount(array)


def _passed_on(array: Array) -> int:
    return _references(array)


def _pulled(g: Array) -> int:
    count = _passed_on(g)
    return count


_ATTRIBUTE, _LOCAL, _BASE = _Holder().of_attribute(), _Holder().of_local(), _Holder().of_base()
_ATTRIBUTE_AND_LOCALS = _Holder().of_attribute_and_two_locals()
_COTANGENT = _Holder().of_cotangent()


def held_elsewhere(array: Array) -> bool:
    """Whether anyone holds an array, or a view of its memory, but the attribute it was passed from."""
    return isinstance(array, np.ndarray) and (getrefcount(array) > _ATTRIBUTE or _looks_into_more(array))


def held_beyond_attribute_and_locals(array: Array) -> bool:
    """Whether anyone holds an array, or its memory, but one attribute, one local and the argument it came as."""
    return not isinstance(array, np.ndarray) or array.base is not None or getrefcount(array) > _ATTRIBUTE_AND_LOCALS


def held_beyond_sweep(g: Array) -> bool:
    """Whether anyone holds a cotangent, or its memory, but the sweep that passed it to a pull, and that to this rule.

    If nobody does, and it may be written into, the rule's result can take its place.
    """
    return type(g) is not np.ndarray or getrefcount(g) > _COTANGENT or _looks_into_more(g)


def held_beyond_local(array: Array) -> bool:
    """Whether anyone holds an array, or a view of its memory, but the local variable it was passed from."""
    return isinstance(array, np.ndarray) and (getrefcount(array) > _LOCAL or _looks_into_more(array))


def take_own(found: dict[Any, Any], key: Any) -> np.ndarray:
    """An array out of a dict, as one that nobody else holds and that can be written into; copied only if need be."""
    array = found.pop(key)
    if isinstance(array, np.ndarray) and array.flags.writeable and not held_beyond_local(array):
        return array
    return np.array(array)


def _looks_into_more(array: np.ndarray) -> bool:
    """Whether this is a view of memory that somebody else reaches too. (A transposed view may be the only way in.)"""
    return array.base is not None and not (isinstance(array.base, np.ndarray) and getrefcount(array.base) <= _BASE)
