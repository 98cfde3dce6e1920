"""Diagonals of matrices and stacks of them: taking them out, putting them in, what lies above and below, powers.

A diagonal of a matrix with m columns is every (m + 1)th element of its rows end to end: a slice, whose transpose is
another one.
"""

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed
from .arithmetic import power
from .creation import astype
from .indexing import getitem, scatter_add
from .operands import operand
from .reduction import sum
from .selection import where
from .shape import expand_dims, moveaxis, ravel, reshape

_WIDE = Interval(-3, 3)


def _on_diagonal(n, m, offset):
    """Which of the n * m elements of a matrix, row by row, lie on a diagonal."""
    length = min(n, m - offset) if offset >= 0 else min(n + offset, m)
    start = offset if offset >= 0 else -offset * m
    return slice(start, start + length * (m + 1), m + 1) if length > 0 else slice(0, 0)


_DIAGONALS = [
    Example(x=(3, 3)),
    Example(x=(3, 4), offset=1),
    Example(x=(4, 3), offset=-2),
    Example(x=(3, 4), offset=3),
    Example(x=(2, 3), offset=5),
    Example(x=(2, 3, 4), axis1=-1, axis2=0),
    Example(x=(2, 3, 4), offset=-1, axis1=1, axis2=2),
    Example(x=(2, 0)),
]
_BAD_AXES = [
    Raises(ShapeError, "at least two axes is needed, got shape", x=(3,)),
    Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), axis2=2),
    Raises(OptionError, "two different axes", x=(2, 3), axis1=0, axis2=-2),
]


def _diagonal(who, x, offset, axis1, axis2):
    x = operand(x, who)
    if x.ndim < 2:
        raise ShapeError(f"{who}: an array with at least two axes is needed, got shape {x.shape}")
    for axis in (axis1, axis2):
        if not -x.ndim <= axis < x.ndim:
            raise ShapeError(f"{who}: axis {axis} is out of bounds for an array with {x.ndim} axes")
    if axis1 % x.ndim == axis2 % x.ndim:
        raise OptionError(f"{who}: two different axes are needed, got {axis1} and {axis2}")
    if (axis1 % x.ndim, axis2 % x.ndim) != (x.ndim - 2, x.ndim - 1):
        x = moveaxis(x, (axis1, axis2), (-2, -1))
    *stack, n, m = x.shape
    return getitem(reshape(x, (*stack, n * m)), (..., _on_diagonal(n, m, offset)))


@composed(domain=_WIDE, examples=_DIAGONALS, reference=np.diagonal, errors=_BAD_AXES)
def diagonal(x, /, offset=0, axis1=0, axis2=1):
    """A diagonal of each matrix that lies in two axes; with a positive offset one above the main diagonal.

    Shapes: x (..., n, ..., m, ...) -> (..., length of the diagonal).

    >>> ag.diagonal(np.array([[1, 2], [3, 4]]))
    array([1, 4])
    """
    return _diagonal("diagonal", x, offset, axis1, axis2)


@composed(
    domain=_WIDE,
    examples=[*_DIAGONALS, Example(x=(2, 2), dtype=np.float64), Example(x=(2, 3, 2), axis1=2, dtype=np.float64)],
    reference=np.trace,
    errors=_BAD_AXES,
)
def trace(x, /, offset=0, axis1=0, axis2=1, dtype=None):
    """Sum along a diagonal of each matrix that lies in two axes.

    Shapes: x (..., n, ..., m, ...) -> (...).

    >>> float(ag.trace(np.eye(3)))
    3.0
    """
    return sum(_diagonal("trace", x, offset, axis1, axis2), axis=-1, dtype=dtype)


def _embedded(vector, k):
    """A square matrix with a vector on its kth diagonal."""
    n = vector.shape[0] + abs(k)
    return reshape(scatter_add(vector, _on_diagonal(n, n, k), (n * n,)), (n, n))


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(3,)),
        Example(x=(2,), k=1),
        Example(x=(2,), k=-2),
        Example(x=(3, 4)),
        Example(x=(3, 4), k=-1),
        Example(x=(4, 3), k=1),
        Example(x=(3, 3), k=4),
        Example(x=(0,)),
        Example(x=(0, 2)),
    ],
    reference=np.diag,
    errors=[Raises(ShapeError, r"a vector or a matrix is needed, got shape \(2, 2, 2\)", x=(2, 2, 2))],
)
def diag(x, /, k=0):
    """The kth diagonal of a matrix, as a vector; or the square matrix that has a vector there and zeros elsewhere.

    Shapes: x (n, m) -> (length of the diagonal,); x (n,) -> (n + |k|, n + |k|).

    >>> ag.diag(np.array([1, 2]))
    array([[1, 0],
           [0, 2]])
    """
    x = operand(x, "diag")
    if x.ndim not in (1, 2):
        raise ShapeError(
            f"diag: a vector or a matrix is needed, got shape {x.shape}; diagonal takes stacks of matrices"
        )
    return _embedded(x, k) if x.ndim == 1 else _diagonal("diag", x, k, 0, 1)


@composed(
    domain=_WIDE,
    examples=[Example(x=(2, 2)), Example(x=(3,), k=1), Example(x=(2, 1, 2), k=-2), Example(x=())],
    reference=np.diagflat,
)
def diagflat(x, /, k=0):
    """The square matrix that has all elements on its kth diagonal, and zeros elsewhere.

    Shapes: x (n elements) -> (n + |k|, n + |k|).

    >>> ag.diagflat(np.array([[1, 2]]))
    array([[1, 0],
           [0, 2]])
    """
    return _embedded(ravel(operand(x, "diagflat")), k)


_TRIANGLES = [
    Example(x=(3, 3)),
    Example(x=(2, 4), k=1),
    Example(x=(4, 2), k=-1),
    Example(x=(2, 3, 3), k=1),
    Example(x=(3,)),
    Example(x=(2, 0)),
]
_NO_AXIS = Raises(ShapeError, "at least one axis", x=())


def _masked(who, x, k, above):
    x = operand(x, who)
    if not x.ndim:
        raise ShapeError(f"{who}: an array with at least one axis is needed, got a single number")
    n, m = x.shape[-2:] if x.ndim > 1 else x.shape * 2
    below = np.tri(n, m, k - 1 if above else k, dtype=bool)
    return where(~below if above else below, x, x.dtype.type(0))


@composed(domain=_WIDE, examples=_TRIANGLES, reference=np.tril, errors=[_NO_AXIS])
def tril(x, /, k=0):
    """Each matrix of a stack with zeros above its kth diagonal; a vector stands for every row.

    Shapes: x (..., n, m) -> (..., n, m).

    >>> ag.tril(np.ones((2, 2)))
    array([[1., 0.],
           [1., 1.]])
    """
    return _masked("tril", x, k, above=False)


@composed(domain=_WIDE, examples=_TRIANGLES, reference=np.triu, errors=[_NO_AXIS])
def triu(x, /, k=0):
    """Each matrix of a stack with zeros below its kth diagonal; a vector stands for every row.

    Shapes: x (..., n, m) -> (..., n, m).

    >>> ag.triu(np.ones((2, 2)))
    array([[1., 1.],
           [0., 1.]])
    """
    return _masked("triu", x, k, above=True)


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(3,)),
        Example(x=(3,), N=2),
        Example(x=(2,), N=4, increasing=True),
        Example(x=(2,), N=0),
        Example(x=(0,)),
    ],
    reference=np.vander,
    errors=[Raises(ShapeError, r"a vector is needed, got shape \(2, 2\)", x=(2, 2))],
)
def vander(x, /, N=None, increasing=False):
    """Vandermonde's matrix: in each row the powers of one element, from the highest down, or up (increasing).

    Shapes: x (m,) -> (m, N); N is m unless given.

    >>> ag.vander(np.array([1, 2, 3]), 2)
    array([[1, 1],
           [2, 1],
           [3, 1]])
    """
    x = operand(x, "vander")
    if x.ndim != 1:
        raise ShapeError(f"vander: a vector is needed, got shape {x.shape}")
    x = x if x.dtype.kind == "f" else astype(x, np.result_type(x.dtype, np.int64))
    n = x.shape[0] if N is None else N
    exponents = np.arange(n, dtype=x.dtype) if increasing else np.arange(n - 1, -1, -1, dtype=x.dtype)
    return power(expand_dims(x, 1), exponents)
