"""Products under the names and with the conventions of the array API: the last axes are the vectors or matrices."""

from itertools import pairwise
from operator import index

import numpy as np

from ...errors import DTypeError, OptionError, ShapeError
from ...examples import Example, Raises
from ...op import composed
from .. import products
from ..operands import operand
from ..reduction import sum
from ..selection import where
from ..shape import moveaxis, reshape, swapaxes
from .matrices import REGULAR, WIDE, LinAlgError, check_matrix, check_square
from .solving import inv


def _both(x1, x2, who):
    return operand(x1, who), operand(x2, who)


@composed(
    name="linalg.matmul",
    domain=WIDE,
    examples=[Example(x1=(2, 3), x2=(3, 2)), Example(x1=(2, 2, 3), x2=(3,)), Example(x1=(2, 0), x2=(0, 3))],
    reference=np.linalg.matmul,
    errors=[Raises(ShapeError, "inner lengths 3 and 4 differ", x1=(2, 3), x2=(4, 2))],
)
def matmul(x1, x2, /):
    """Matrix product over the last two axes; the same as ag.matmul.

    Shapes: x1 (..., n, k), x2 (..., k, m) -> (..., n, m).

    >>> ag.linalg.matmul(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    return products.matmul(x1, x2)


@composed(
    name="linalg.tensordot",
    domain=WIDE,
    examples=[
        Example(x1=(2, 3, 2), x2=(3, 2, 2)),
        Example(x1=(2, 3), x2=(2, 3), axes=([0], [0])),
        Example(x1=(2, 0), x2=(0, 3), axes=1),
    ],
    reference=np.linalg.tensordot,
    errors=[Raises(ShapeError, "lengths 3 and 2", x1=(2, 3), x2=(2, 3), axes=1)],
)
def tensordot(x1, x2, /, *, axes=2):
    """Sum of products over pairs of axes; the same as ag.tensordot.

    Shapes: x1 (free, contracted), x2 (contracted, free) -> (free of x1, free of x2).

    >>> ag.linalg.tensordot(np.ones((2, 3)), np.ones((3, 4)), axes=1).shape
    (2, 4)
    """
    return products.tensordot(*_both(x1, x2, "linalg.tensordot"), axes=axes)


@composed(
    name="linalg.outer",
    domain=WIDE,
    examples=[Example(x1=(2,), x2=(3,)), Example(x1=(0,), x2=(2,))],
    reference=np.linalg.outer,
    errors=[Raises(ShapeError, r"one axis each, got shapes \(2, 2\) and \(2,\)", x1=(2, 2), x2=(2,))],
)
def outer(x1, x2, /):
    """All products of an element of one vector with one of another.

    Shapes: x1 (n,), x2 (m,) -> (n, m).

    >>> ag.linalg.outer(np.ones(2), np.ones(3)).shape
    (2, 3)
    """
    x1, x2 = _both(x1, x2, "linalg.outer")
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(f"linalg.outer: vectors have one axis each, got shapes {x1.shape} and {x2.shape}")
    return x1[:, None] * x2


@composed(
    name="linalg.vecdot",
    domain=WIDE,
    examples=[
        Example(x1=(2, 3), x2=(3,)),
        Example(x1=(3,), x2=(3,)),
        Example(x1=(2, 3), x2=(2, 3), axis=0),
        Example(x1=(2, 0), x2=(0,)),
    ],
    reference=np.linalg.vecdot,
    errors=[
        Raises(ShapeError, "vectors of lengths 3 and 1", x1=(3,), x2=(1,)),
        Raises(ShapeError, r"got shapes \(2,\) and \(3,\)", x1=(2,), x2=(3,)),
        Raises(ShapeError, "at least one axis", x1=(), x2=(3,)),
    ],
)
def vecdot(x1, x2, /, *, axis=-1):
    """Inner products of the vectors along an axis.

    Shapes: x1 (..., n), x2 (..., n) -> broadcast (...).

    >>> float(ag.linalg.vecdot(np.ones(3), np.ones(3)))
    3.0
    """
    x1, x2 = _both(x1, x2, "linalg.vecdot")
    if not x1.ndim or not x2.ndim:
        raise ShapeError(f"linalg.vecdot: vectors have at least one axis, got shapes {x1.shape} and {x2.shape}")
    x1 = x1 if axis == -1 else moveaxis(x1, axis, -1)
    x2 = x2 if axis == -1 else moveaxis(x2, axis, -1)
    if x1.shape[-1] != x2.shape[-1] and 1 in (x1.shape[-1], x2.shape[-1]):
        raise ShapeError(f"linalg.vecdot: vectors of lengths {x1.shape[-1]} and {x2.shape[-1]} have no inner product")
    try:
        products = x1 * x2
        return sum(products, axis=-1, dtype=products.dtype)
    except ValueError as error:
        raise ShapeError(f"linalg.vecdot: {error}; got shapes {x1.shape} and {x2.shape}, axis={axis}") from None


@composed(
    name="linalg.cross",
    domain=WIDE,
    examples=[
        Example(x1=(3,), x2=(3,)),
        Example(x1=(2, 3), x2=(3,)),
        Example(x1=(3, 2), x2=(3, 2), axis=0),
        Example(x1=(0, 3), x2=(0, 3)),
    ],
    reference=np.linalg.cross,
    errors=[
        Raises(ShapeError, "three components", x1=(2,), x2=(2,)),
        Raises(ShapeError, "three components", x1=(), x2=(3,)),
    ],
)
def cross(x1, x2, /, *, axis=-1):
    """Vector products of the vectors of three components along an axis.

    Shapes: x1 (..., 3), x2 (..., 3) -> broadcast (..., 3).

    >>> ag.linalg.cross(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    array([0., 0., 1.])
    """
    x1, x2 = _both(x1, x2, "linalg.cross")
    if not all(x.ndim and x.shape[axis] == 3 for x in (x1, x2)):
        raise ShapeError(
            f"linalg.cross: vectors have three components along axis {axis}, got {x1.shape} and {x2.shape}"
        )
    a, b = moveaxis(x1, axis, -1), moveaxis(x2, axis, -1)
    one, two = [1, 2, 0], [2, 0, 1]
    return moveaxis(a[..., one] * b[..., two] - a[..., two] * b[..., one], -1, axis)


@composed(
    name="linalg.diagonal",
    domain=WIDE,
    examples=[
        Example(x=(3, 3)),
        Example(x=(2, 2, 3), offset=1),
        Example(x=(3, 2), offset=-1),
        Example(x=(2, 2), offset=5),
        Example(x=(0, 2, 2)),
    ],
    reference=np.linalg.diagonal,
    errors=[Raises(ShapeError, "at least two axes", x=(3,))],
)
def diagonal(x, /, *, offset=0):
    """Diagonals of matrices: the main one, or one that lies `offset` columns to the right of it.

    Shapes: x (..., m, n) -> (..., length of the diagonal).

    >>> ag.linalg.diagonal(np.arange(4.0).reshape(2, 2))
    array([0., 3.])
    """
    x = operand(x, "linalg.diagonal")
    check_matrix(x, "linalg.diagonal")
    m, n = x.shape[-2:]
    offset = index(offset)
    above, below = max(offset, 0), max(-offset, 0)
    along = np.arange(max(min(m - below, n - above), 0))
    return x[..., along + below, along + above]


@composed(
    name="linalg.trace",
    domain=WIDE,
    examples=[
        Example(x=(3, 3)),
        Example(x=(2, 2, 3), offset=1),
        Example(x=(3, 2), offset=-1),
        Example(x=(2, 2), dtype=np.float64),
        Example(x=(0, 2, 2)),
    ],
    reference=np.linalg.trace,
    errors=[
        Raises(ShapeError, "at least two axes", x=(3,)),
        Raises(DTypeError, "integers have no derivative", x=(2, 2), dtype=np.int64),
    ],
)
def trace(x, /, *, offset=0, dtype=None):
    """Sums along diagonals of matrices.

    Shapes: x (..., m, n) -> (...).

    >>> float(ag.linalg.trace(np.eye(3)))
    3.0
    """
    x = operand(x, "linalg.trace")
    check_matrix(x, "linalg.trace")
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


@composed(
    name="linalg.matrix_transpose",
    domain=WIDE,
    examples=[Example(x=(2, 3)), Example(x=(2, 3, 1)), Example(x=(0, 2))],
    reference=np.linalg.matrix_transpose,
    errors=[Raises(ShapeError, "at least two axes", x=(3,))],
)
def matrix_transpose(x, /):
    """Matrices with rows and columns exchanged.

    Shapes: x (..., m, n) -> (..., n, m).

    >>> ag.linalg.matrix_transpose(np.ones((2, 3))).shape
    (3, 2)
    """
    x = operand(x, "linalg.matrix_transpose")
    check_matrix(x, "linalg.matrix_transpose")
    return swapaxes(x, -1, -2)


@composed(
    name="linalg.matrix_power",
    domain=REGULAR,
    examples=[
        Example(a=(2, 2), n=2),
        Example(a=(2, 2, 2), n=3),
        Example(a=(2, 2), n=0),
        Example(a=(2, 2), n=1),
        Example(a=(2, 2), n=-2),
        Example(a=(1, 1), n=5),
        Example(a=(0, 2, 2), n=2),
    ],
    reference=np.linalg.matrix_power,
    errors=[
        Raises(ShapeError, r"same length.*\(2, 3\)", a=(2, 3), n=2),
        Raises(OptionError, "n must be an integer, got 0.5", a=(2, 2), n=0.5),
        Raises(LinAlgError, "linalg.inv: a matrix is singular", a=(2, 2), n=-1),
    ],
)
def matrix_power(a, /, n):
    """Product of a matrix with itself, n times; of its inverse if n < 0; the identity matrix if n = 0.

    Shapes: a (..., k, k) -> (..., k, k).

    >>> ag.linalg.matrix_power(np.diag([2.0, 3.0]), 2)
    array([[4., 0.],
           [0., 9.]])
    """
    a = operand(a, "linalg.matrix_power")
    check_square(a, "linalg.matrix_power")
    try:
        n = index(n)
    except TypeError:
        raise OptionError(f"linalg.matrix_power: n must be an integer, got {n!r}") from None
    if n == 0:
        return where(np.zeros(a.shape, bool), a, np.eye(a.shape[-1], dtype=a.dtype))
    if n < 0:
        a, n = inv(a), -n
    if n == 1:
        return a * 1
    half = matrix_power(a, n // 2)
    square = products.matmul(half, half)
    return products.matmul(square, a) if n % 2 else square


def _cheapest(lengths):
    """Where to cut a chain of matrices first, and then its parts: the order with the fewest multiplications."""
    n = len(lengths) - 1
    cost = np.zeros((n, n))
    cut = np.zeros((n, n), int)
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            costs = [cost[i, k] + cost[k + 1, j] + lengths[i] * lengths[k + 1] * lengths[j + 1] for k in range(i, j)]
            best = int(np.argmin(costs))
            cost[i, j], cut[i, j] = costs[best], i + best
    return cut


@composed(
    name="linalg.multi_dot",
    variadic=True,
    domain=WIDE,
    examples=[
        Example(arrays=[(2, 3), (3, 2)]),
        Example(arrays=[(2, 3), (3, 1), (1, 2)]),
        Example(arrays=[(3,), (3, 2), (2, 3), (3,)]),
        Example(arrays=[(3,), (3, 2)]),
        Example(arrays=[(2, 3), (3,)]),
        Example(arrays=[(2, 0), (0, 2), (2, 1)]),
    ],
    reference=np.linalg.multi_dot,
    errors=[
        Raises(ShapeError, "at least two", arrays=[(2, 2)]),
        Raises(ShapeError, r"two axes.*got shapes \(2, 2\), \(2,\), \(2, 2\)", arrays=[(2, 2), (2,), (2, 2)]),
        Raises(ShapeError, "lengths 3 and 2 do not meet", arrays=[(2, 3), (2, 2), (2, 2)]),
    ],
)
def multi_dot(arrays, /):
    """Product of a chain of matrices, in the order that takes the fewest multiplications.

    The first and the last may be vectors: a row and a column, dropped again.

    Shapes: arrays [(n0, n1), (n1, n2), ...] -> (n0, last n).

    >>> ag.linalg.multi_dot([np.ones((1, 2)), np.ones((2, 3)), np.ones((3, 1))])
    array([[6.]])
    """
    arrays = [operand(x, "linalg.multi_dot") for x in arrays]
    if len(arrays) < 2:
        raise ShapeError(f"linalg.multi_dot: a chain has at least two arrays, got {len(arrays)}")
    row, column = arrays[0].ndim == 1, arrays[-1].ndim == 1
    chain = list(arrays)
    if row:
        chain[0] = reshape(chain[0], (1, chain[0].shape[0]))
    if column:
        chain[-1] = reshape(chain[-1], (chain[-1].shape[0], 1))
    if any(x.ndim != 2 for x in chain):
        raise ShapeError(
            "linalg.multi_dot: all arrays but the first and the last have two axes; "
            f"got shapes {', '.join(str(x.shape) for x in arrays)}"
        )
    for left, right in pairwise(chain):
        if left.shape[1] != right.shape[0]:
            raise ShapeError(
                f"linalg.multi_dot: lengths {left.shape[1]} and {right.shape[0]} do not meet: "
                f"shapes {', '.join(str(x.shape) for x in arrays)}"
            )
    cut = _cheapest([chain[0].shape[0], *(x.shape[1] for x in chain)])

    def product(i, j):
        return chain[i] if i == j else products.matmul(product(i, cut[i, j]), product(cut[i, j] + 1, j))

    out = product(0, len(chain) - 1)
    if row or column:
        return reshape(out, (() if row else out.shape[:1]) + (() if column else out.shape[1:]))
    return out
