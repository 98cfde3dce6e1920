"""What a program reads from outside while it runs, and what it changes there: parameters, buffers, gradients.

Knows Tensors. Does not know plans. Each is a function that a replay calls in its place among the steps.
"""

from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np

from ..arrays import held_elsewhere
from ..engine import Variable, switched
from ..errors import AutogradError
from ..lowered import Piece
from ..tensor import Tensor, constant_of, gradient_of

__all__ = ["Changed", "reader", "setter_of_grad", "traced_instead", "writer"]


class Changed(Exception):
    """Something is not as when the program was captured: a shape, a layout, or numbers that it was to hold for."""


def traced_instead(check: Callable[[Any], None]) -> Callable[[Any], None]:
    """A check before which nothing was done: what it refuses is for the function itself to take, or to refuse."""

    def checked(array: Any) -> None:
        try:
            check(array)
        except AutogradError as error:
            raise Changed from error

    return checked


def reader(
    tensor: Tensor, piece: Piece, of_grad: bool = False, copied: bool = False, updated: bool = False
) -> Callable[[], Any]:
    """A function that reads a Tensor, or its gradient, as an array laid out as when it was captured.

    `copied` for a copy, `updated` for the array that may be written into.
    """
    shape, strides, dtype = piece.shape, piece.strides, piece.dtype
    known: Callable[[], Any] = _nothing  # the array that was there last time, weakly

    def checked(array: Any) -> Any:
        nonlocal known
        array = array if isinstance(array, np.ndarray) else np.asarray(array)
        if array.shape != shape or array.dtype != dtype:
            raise Changed
        if array.strides != strides and array.size > 1:
            laid = np.empty_like(array)
            if laid.strides != strides:
                raise Changed
            laid[...] = array
            return laid
        known = ref(array)
        return array

    def read_grad() -> Any:
        if tensor._grad is None:
            raise Changed
        return checked(tensor._grad._array)

    def read() -> Any:
        array = tensor._array
        return array if array is known() else checked(array)

    def read_to_update() -> Any:
        if not tensor.shared and held_elsewhere(tensor._array):
            with switched(recording=False):
                tensor.writable()
        array = tensor._array
        return array if array is known() else checked(array)

    if of_grad:
        return read_grad
    if updated:
        return read_to_update
    return (lambda: read().copy(order="K")) if copied else read


def _nothing() -> None:
    return None


def writer(tensor: Tensor) -> Callable[[Any], None]:
    """A function that writes an array into a leaf or constant, in place."""

    def write(array: Any) -> None:
        with switched(recording=False):
            tensor.writable()[...] = array

    return write


def setter_of_grad(tensor: Tensor, clear: bool) -> Callable[..., None]:
    """A function that gives a leaf a gradient, which it then owns; or takes it away."""
    if clear:

        def forget() -> None:
            tensor._grad = None

        return forget

    def put(array: Any) -> None:
        tensor._grad = gradient_of(array)

    return put


def as_tensor(array: Any) -> Tensor:
    """A Tensor of its own for somebody who may keep it."""
    return constant_of(np.array(array))


def unwrapped(result: Any) -> Any:
    """What was performed gave, as plain arrays."""
    if isinstance(result, tuple):
        return tuple(map(unwrapped, result))
    return result._array if isinstance(result, Variable) else () if result is None else result
