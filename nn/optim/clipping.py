"""Gradients that are kept from being too long, or too large.

Knows gradients as arrays. Does not know what is done with them.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

import autograd_core as ag

from ..arguments import brief
from ..module import Module
from .blocks import Array

__all__ = ["clip_grad_norm_", "clip_grad_value_"]

PIECE = 8192  # numbers summed in their own precision; the sums of pieces are added in float64


@ag.performed
def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> ag.Tensor:
    """Make the gradient g of all parameters together, if ``||g|| > max_norm``, ``g / ||g|| * max_norm``, in place.

    Returns ``||g||`` as it was. The norm is that of `norm_type`, infinity for the largest number; it neither overflows
    nor vanishes on the way. The result has the norm `max_norm`, up to rounding: nothing is added to the divisor. Where
    the norm is NaN, nothing is changed; where it is infinite, what was infinite becomes NaN.
    Errors: OptionError for a negative max_norm, and for a norm_type that is not positive; GraphError for a norm that is
    NaN or infinite, if asked for.
    Source: Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks (2013), algorithm 1.

    >>> w = ag.Tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = [3.0, 4.0]
    >>> clip_grad_norm_([w], max_norm=1.0)
    Tensor(5.)
    >>> w.grad
    Tensor([0.6, 0.8])
    """
    who = "clip_grad_norm_"
    max_norm = _bound(max_norm, "max_norm", who)
    if not isinstance(norm_type, int | float | np.number) or isinstance(norm_type, bool) or not norm_type > 0:
        raise ag.OptionError(f"{who}: norm_type must be a positive number, infinity included; got {brief(norm_type)}")
    with ag.no_grad():
        arrays = [grad.writable() for grad in _gradients(parameters, who)]
        largest, relative = _norm(arrays, float(norm_type))
        norm = largest * relative
        if error_if_nonfinite and not math.isfinite(norm):
            raise ag.GraphError(
                f"{who}: the norm of the gradient is {norm}, so that there is nothing to scale it by; leave out "
                "error_if_nonfinite to go on all the same, or look for the cause with ag.detect_anomaly()"
            )
        if norm > max_norm:
            for array in arrays:
                _scale(array, max_norm, largest, relative)
    return ag.Tensor(np.float64(norm))


@ag.performed
def clip_grad_value_(parameters: Any, clip_value: float) -> None:
    """Bring every number of every gradient into the interval from ``-clip_value`` to ``clip_value``, in place.

    Errors: OptionError for a negative clip_value.

    >>> w = ag.Tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = [-3.0, 0.5]
    >>> clip_grad_value_([w], clip_value=1.0)
    >>> w.grad
    Tensor([-1. ,  0.5])
    """
    bound = _bound(clip_value, "clip_value", "clip_grad_value_")
    with ag.no_grad():
        for grad in _gradients(parameters, "clip_grad_value_"):
            array = grad.writable()
            np.clip(array, -bound, bound, out=array)


def _bound(value: Any, name: str, who: str) -> float:
    if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not value >= 0:
        raise ag.OptionError(f"{who}: {name} must be a number, at least 0; got {brief(value)}")
    return float(value)


def _gradients(parameters: Any, who: str) -> Iterator[ag.Tensor]:
    if isinstance(parameters, Module):
        raise ag.OptionError(f"{who}: parameters must be parameters, got a module; pass its .parameters()")
    if isinstance(parameters, ag.Tensor):
        parameters = [parameters]
    for parameter in parameters if isinstance(parameters, Iterable) else [parameters]:
        if not isinstance(parameter, ag.Tensor):
            raise ag.OptionError(f"{who}: parameters must be Tensors, got {brief(parameter)}")
        if parameter.grad is not None:
            yield parameter.grad


def _norm(arrays: list[Array], kind: float) -> tuple[float, float]:
    """The norm of all numbers together, as a product of two factors, of which the first is one that they have."""
    if kind == 2:
        total = sum(map(_squares, arrays))
        # a sum of squares out here has neither overflowed nor lost small numbers that count, in any float type
        if 1e-20 < total < 1e30:
            return 1.0, math.sqrt(total)
    largest = float(max((np.abs(array).max(initial=0) for array in arrays), default=0.0))
    if kind == math.inf or largest == 0 or not math.isfinite(largest):
        return largest, 1.0
    powers = (float(np.sum((np.abs(array, dtype=float) / largest) ** kind)) for array in arrays)
    return largest, sum(powers) ** (1 / kind)


def _squares(array: Array) -> float:
    flat = array.ravel(order="K")
    if flat.dtype == np.float16:  # whose squares overflow at 256
        flat = flat.astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return sum(float(piece @ piece) for piece in (flat[i : i + PIECE] for i in range(0, flat.size, PIECE)))


def _scale(array: Array, norm: float, largest: float, relative: float) -> None:
    """Divide an array by a norm given in two factors, and multiply it with another."""
    with np.errstate(invalid="ignore"):  # what is infinite becomes NaN, as is said
        if largest == 1.0:
            np.multiply(array, np.array(norm / relative, array.dtype), out=array)
        else:
            np.divide(array, np.array(largest, array.dtype), out=array)
            np.multiply(array, np.array(norm / relative, array.dtype), out=array)
