"""New Tensors from a shape or a range, under NumPy's names."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .tensor import Tensor, constant_of

Shape = int | Sequence[int]


def _made(array: Any, requires_grad: bool) -> Tensor:
    tensor = constant_of(array)
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


def full(shape: Shape, fill_value: float, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """One number everywhere.

    >>> ag.full(2, 3.0)
    Tensor([3., 3.])
    """
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


def linspace(start: float, stop: float, num: int = 50, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """So many evenly spaced numbers from start to stop, both included.

    >>> ag.linspace(0.0, 1.0, 3)
    Tensor([0. , 0.5, 1. ])
    """
    return _made(np.linspace(start, stop, num, dtype=dtype), requires_grad)
