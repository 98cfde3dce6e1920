"""What a program reads from outside while it runs, and what it changes there: parameters, buffers, gradients.

Knows Tensors. Does not know plans. Each is a function that a replay calls in its place among the steps.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Variable, constant, switched
from ..tensor import Tensor, gradient_of
from .lowered import Piece

__all__ = ["Changed", "reader", "setter_of_grad", "writer"]


class Changed(Exception):
    """Something from outside has another shape, dtype or layout than when the program was captured."""


def reader(
    tensor: Tensor, piece: Piece, of_grad: bool = False, copied: bool = False, updated: bool = False
) -> Callable[[], Any]:
    """A function that reads a Tensor, or its gradient, as an array laid out as when it was captured.

    `copied` for a copy, `updated` for the array that may be written into.
    """
    shape, strides, dtype = piece.shape, piece.strides, piece.dtype

    def read() -> Any:
        if of_grad:
            grad = tensor._grad
            if grad is None:
                raise Changed
            array = grad._array
        else:
            array = _writable(tensor) if updated else tensor._array
        array = array if isinstance(array, np.ndarray) else np.asarray(array)
        if array.strides != strides or array.shape != shape or array.dtype != dtype:
            if array.shape != shape or array.dtype != dtype:
                raise Changed
            laid = np.empty_like(array)
            if laid.strides != strides:
                raise Changed
            laid[...] = array
            array = laid
        return array.copy(order="K") if copied else array

    return read


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
    return constant(Tensor, np.array(array))  # type: ignore[return-value]


def unwrapped(result: Any) -> Any:
    """What was performed gave, as plain arrays."""
    if isinstance(result, tuple):
        return tuple(map(unwrapped, result))
    return result._array if isinstance(result, Variable) else () if result is None else result


def _writable(tensor: Tensor) -> Any:
    with switched(recording=False):
        return tensor.writable()
