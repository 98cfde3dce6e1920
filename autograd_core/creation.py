"""New Tensors from a shape or a range, under NumPy's names.

What fills them, and the ends of a range, may be Tensors too, and carry gradients. Whatever is given, the result is a
Tensor.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import ops
from .engine import Variable
from .errors import GraphError
from .tensor import Tensor, constant_of

Shape = int | Sequence[int]


def _made(array: Any, requires_grad: bool) -> Tensor:
    """A Tensor around a new array, or the Tensor that was computed."""
    if isinstance(array, Tensor):
        if requires_grad and array.node is not None:
            raise GraphError("requires_grad: what is computed from a Tensor with a gradient has one already")
        tensor = array
    else:
        tensor = constant_of(array if isinstance(array, np.ndarray) else np.asarray(array))
    return tensor.requires_grad_() if requires_grad else tensor


def zeros(shape: Shape, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros.

    >>> ag.zeros(2)
    Tensor([0., 0.])
    """
    return _made(np.zeros(shape, dtype or float), requires_grad)


def ones(shape: Shape, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones.

    >>> ag.ones(2)
    Tensor([1., 1.])
    """
    return _made(np.ones(shape, dtype or float), requires_grad)


def full(shape: Shape, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """One number everywhere; of a Tensor, with its gradient.

    >>> ag.full(2, 3.0)
    Tensor([3., 3.])
    """
    if isinstance(fill_value, Variable):
        filled = fill_value if dtype is None else ops.astype(fill_value, dtype)
        return _made(ops.copy(ops.broadcast_to(filled, shape)), requires_grad)
    return _made(np.full(shape, fill_value, dtype), requires_grad)


def eye(n: int, m: int | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones on the diagonal of an n x m matrix (n x n unless m is given), zeros elsewhere.

    >>> ag.eye(2)
    Tensor([[1., 0.],
            [0., 1.]])
    """
    return _made(np.eye(n, m, dtype=dtype or float), requires_grad)


def arange(*bounds: float, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Numbers from start (0) to before stop in steps of step (1): `arange(stop)`, `arange(start, stop[, step])`.

    >>> ag.arange(3.0)
    Tensor([0., 1., 2.])
    """
    return _made(np.arange(*bounds, dtype=dtype), requires_grad)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    requires_grad: bool = False,
) -> Any:
    """So many evenly spaced numbers from start to stop, which is the last one, or left out (endpoint=False).

    With retstep a pair: the numbers, and the distance between them.

    Shapes: start (...), stop (...) -> broadcast (...), with a new axis of length num.

    >>> ag.linspace(0.0, 1.0, 3)
    Tensor([0. , 0.5, 1. ])
    """
    if not retstep:
        return _made(ops.linspace(start, stop, num, endpoint, False, dtype, axis), requires_grad)
    numbers, step = ops.linspace(start, stop, num, endpoint, True, dtype, axis)
    return _made(numbers, requires_grad), _made(step, False)


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
    *,
    requires_grad: bool = False,
) -> Tensor:
    """Powers of a base whose exponents are evenly spaced from start to stop.

    Shapes: start (...), stop (...), base (...) -> broadcast (...), with a new axis of length num.

    >>> ag.logspace(0.0, 2.0, 3)
    Tensor([  1.,  10., 100.])
    """
    return _made(ops.logspace(start, stop, num, endpoint, base, dtype, axis), requires_grad)


def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
    *,
    requires_grad: bool = False,
) -> Tensor:
    """So many numbers from start to stop of which each is the same multiple of the one before it.

    Shapes: start (...), stop (...) -> broadcast (...), with a new axis of length num.

    >>> ag.geomspace(1.0, 100.0, 3)
    Tensor([  1.,  10., 100.])
    """
    return _made(ops.geomspace(start, stop, num, endpoint, dtype, axis), requires_grad)
