"""Products of vectors, matrices and stacks of matrices: matmul, dot, tensordot, outer, and the affine map.

All are multilinear: each one's derivative is a product of the same family.
"""

from functools import lru_cache
from math import prod

import numpy as np

from ..errors import ShapeError
from ..examples import Example, Interval, Raises
from ..layout import LARGE, sum_to
from ..op import composed, general, multilinear
from . import product_kernels as kernels
from .operands import operand
from .shape import reshape, transpose

_WIDE = Interval(-2, 2)


def _columns(xp, v):
    return xp.expand_dims(v, -1)


def _matmul_left(xp, g, b, a_aval):
    if len(b.shape) == 1:
        return _columns(xp, g) * b
    if len(a_aval.shape) == 1:
        return xp.squeeze(matmul(b, _columns(xp, g)), -1)
    return matmul(g, xp.swapaxes(b, -1, -2))


def _matmul_right(xp, g, a, b_aval):
    if len(b_aval.shape) == 1:
        return xp.squeeze(matmul(xp.expand_dims(g, -2), a), -2) if len(a.shape) > 1 else g * a
    if len(a.shape) == 1:
        return _columns(xp, a) * xp.expand_dims(g, -2)
    if len(b_aval.shape) == 2 and len(a.shape) > 2:  # one product of tall matrices instead of a stack and its sum
        return matmul(xp.swapaxes(_tall(xp, a), 0, 1), _tall(xp, g))
    return matmul(xp.swapaxes(a, -1, -2), g)


def _tall(xp, x):
    """A stack of matrices as one, row under row."""
    return x if len(x.shape) == 2 else xp.reshape(x, (prod(x.shape[:-1]), x.shape[-1]))


@multilinear(
    vjps=[_matmul_left, _matmul_right],
    domain=_WIDE,
    examples=[
        Example(a=(2, 3), b=(3, 4)),
        Example(a=(3,), b=(3,)),
        Example(a=(2, 3), b=(3,)),
        Example(a=(3,), b=(3, 4)),
        Example(a=(2, 2, 3), b=(3, 4)),
        Example(a=(2, 3), b=(2, 3, 1)),
        Example(a=(2, 1, 2, 3), b=(3, 3, 2)),
        Example(a=(3,), b=(2, 3, 2)),
        Example(a=(2, 2, 3), b=(3,)),
        Example(a=(2, 0), b=(0, 3)),
        Example(a=(0, 2), b=(2, 3)),
    ],
    reference=np.matmul,
    errors=[
        Raises(ShapeError, r"inner lengths 3 and 4 differ", a=(2, 3), b=(4, 2)),
        Raises(ShapeError, "at least one axis", a=(2, 3), b=()),
        Raises(ShapeError, "do not broadcast", a=(2, 2, 3), b=(3, 3, 2)),
    ],
)
def matmul(xp, a, b, /):
    """Matrix product ``a @ b`` over the last two axes, for every pair of matrices in the stacks.

    Shapes: a (..., n, k), b (..., k, m) -> (..., n, m); a or b of shape (k,) is a row or a column, dropped again.

    >>> ag.matmul(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    try:
        return kernels.matmul(*(x if isinstance(x, np.ndarray) else xp.asarray(x) for x in (a, b)))
    except ValueError:
        raise _matmul_clash(np.shape(a), np.shape(b)) from None


def _matmul_clash(a, b):
    if not a or not b:
        return ShapeError(
            f"matmul: both factors need at least one axis, got shapes {a} and {b}; multiply with * instead"
        )
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        return ShapeError(
            f"matmul: inner lengths {a[-1]} and {inner} differ: shapes {a} @ {b}; "
            "the last axis of the left factor meets the last but one of the right; transpose one of them?"
        )
    return ShapeError(f"matmul: the stacks of shapes {a[:-2]} and {b[:-2]} do not broadcast: {a} @ {b}")


def _pair(a, b, axes):
    """The contracted axes of a and of b, as two lists of numbers >= 0."""
    if not np.iterable(axes):
        axes = range(a.ndim - axes, a.ndim), range(axes)
    left, right = ((n,) if np.ndim(n) == 0 else n for n in axes)
    if len(left) != len(right):
        raise ShapeError(f"tensordot: axes={axes} are {len(left)} axes of a and {len(right)} of b; they go in pairs")
    for x, along in ((a, left), (b, right)):
        if any(not -x.ndim <= i < x.ndim for i in along):
            raise ShapeError(f"tensordot: axes {[*along]} are out of bounds for an array with {x.ndim} axes")
    return [int(i) % a.ndim for i in left], [int(i) % b.ndim for i in right]


@composed(
    domain=_WIDE,
    examples=[
        Example(a=(2, 3, 4), b=(3, 4, 2)),
        Example(a=(2, 3), b=(3, 2), axes=1),
        Example(a=(2, 3), b=(2, 3), axes=([0, 1], [0, 1])),
        Example(a=(2, 3), b=(4,), axes=0),
        Example(a=(2, 3), b=(4, 2), axes=(0, 1)),
        Example(a=(2, 0), b=(0, 3), axes=1),
    ],
    reference=np.tensordot,
    errors=[
        Raises(ShapeError, "lengths 3 and 2", a=(2, 3), b=(2, 3), axes=1),
        Raises(ShapeError, "out of bounds", a=(2, 3), b=(2, 3), axes=([2], [0])),
        Raises(ShapeError, "out of bounds", a=(2, 2), b=(2, 2), axes=3),
        Raises(ShapeError, "they go in pairs", a=(2, 2), b=(2, 2), axes=([0, 1], [0])),
    ],
)
def tensordot(a, b, /, axes=2):
    """Sum of products over pairs of axes: the last `axes` of a with the first of b, or two lists of axes.

    Shapes: a (free a, contracted), b (contracted, free b) -> (free a, free b).

    >>> ag.tensordot(np.ones((2, 3)), np.ones((3, 4)), axes=1).shape
    (2, 4)
    """
    a, b = operand(a, "tensordot"), operand(b, "tensordot")
    left, right = _pair(a, b, axes)
    for i, j in zip(left, right, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                f"tensordot: axis {i} of a and axis {j} of b have lengths {a.shape[i]} and {b.shape[j]}: "
                f"shapes {a.shape} and {b.shape}, axes={axes}"
            )
    free_a = [i for i in range(a.ndim) if i not in left]
    free_b = [i for i in range(b.ndim) if i not in right]
    n = prod(a.shape[i] for i in left)
    rows = [a.shape[i] for i in free_a]
    columns = [b.shape[i] for i in free_b]
    a_matrix = reshape(transpose(a, (*free_a, *left)), (prod(rows), n))
    b_matrix = reshape(transpose(b, (*right, *free_b)), (n, prod(columns)))
    return reshape(matmul(a_matrix, b_matrix), (*rows, *columns))


@composed(
    domain=_WIDE,
    examples=[
        Example(a=(3,), b=(3,)),
        Example(a=(2, 3), b=(3, 2)),
        Example(a=(2, 3), b=(3,)),
        Example(a=(2, 2, 3), b=(2, 3, 2)),
        Example(a=(), b=(2,)),
    ],
    reference=np.dot,
    errors=[Raises(ShapeError, "lengths 3 and 2", a=(3,), b=(2,))],
)
def dot(a, b, /):
    """NumPy's dot: inner product of vectors, product of matrices, last axis of a with last but one of b.

    Shapes: a (..., k), b (..., k, m) -> (free a, free b).

    >>> float(ag.dot(np.ones(3), np.ones(3)))
    3.0
    """
    a, b = operand(a, "dot"), operand(b, "dot")
    if not a.ndim or not b.ndim:
        return a * b
    if b.ndim <= 2:
        return matmul(a, b)
    return tensordot(a, b, axes=([a.ndim - 1], [b.ndim - 2]))


@composed(
    domain=_WIDE,
    examples=[Example(a=(2,), b=(3,)), Example(a=(2, 2), b=(3,)), Example(a=(0,), b=(2,))],
    reference=np.outer,
)
def outer(a, b, /):
    """All products of an element of a with one of b.

    Shapes: a (n elements), b (m elements) -> (n, m).

    >>> ag.outer(np.ones(2), np.ones(3)).shape
    (2, 3)
    """
    a, b = operand(a, "outer"), operand(b, "outer")
    return reshape(a, (a.size, 1)) * reshape(b, (1, b.size))


def _check_linear(x, weight, bias):
    """Refuse shapes that do not fit; that they fit is found out first, because this runs in every layer."""
    try:
        rows, columns = weight.shape
        if x.shape[-1] == columns and (bias is None or bias.shape == (rows,)):
            return
    except (AttributeError, ValueError, IndexError):  # a number, or another count of axes: said below
        pass
    if np.ndim(weight) != 2:
        raise ShapeError(f"linear: weight must be (out_features, in_features), got shape {np.shape(weight)}")
    if np.ndim(x) < 1 or x.shape[-1] != weight.shape[1]:
        raise ShapeError(
            f"linear: x has {x.shape[-1] if np.ndim(x) else 'no'} features but weight expects {weight.shape[1]} "
            f"(x {np.shape(x)}, weight {weight.shape} is (out_features, in_features))"
        )
    if bias is not None and np.shape(bias) != weight.shape[:1]:
        raise ShapeError(f"linear: bias must be ({weight.shape[0]},) for weight {weight.shape}, got {np.shape(bias)}")


def _linear_input(g, x, weight):
    """``g @ weight``, with the batch innermost in memory if x has it there, as convolutions do."""
    if x.ndim == 2 and x.strides[0] == x.itemsize and x.shape[0] > 1:
        return kernels.matmul(weight.T, g.T).T
    return kernels.matmul(g, weight)


def _column_sums(g):
    """The sum of each column. Of a small matrix as a product with ones, which takes half as long as NumPy's sum."""
    if g.ndim == 2 and g.size < LARGE and g.dtype.char in "fd":
        return np.dot(_ones(g.shape[0], g.dtype), g)
    return sum_to(_tall(np, g), (0,))


@lru_cache(64)
def _ones(count, dtype):
    ones = np.ones(count, dtype)
    ones.flags.writeable = False  # everybody gets the same
    return ones


def _linear_jvp(xp, tangents, x, weight):
    dx, dw, db = tangents
    total = None if dx is None else linear(dx, weight)
    if dw is not None:
        total = linear(x, dw) if total is None else total + linear(x, dw)
    return db if total is None else total if db is None else total + db


@general(
    vjps=[
        lambda g, weight: matmul(g, weight),
        lambda xp, g, x: matmul(xp.swapaxes(_tall(xp, g), 0, 1), _tall(xp, x)),
        lambda xp, g: xp.sum(_tall(xp, g), axis=0),
    ],
    fused=[
        _linear_input,
        lambda g, x: kernels.matmul(_tall(np, g).T, _tall(np, x)),
        _column_sums,
    ],
    jvp=_linear_jvp,
    domain=_WIDE,
    examples=[
        Example(x=(4, 3), weight=(2, 3), bias=(2,)),
        Example(x=(3,), weight=(2, 3), bias=(2,)),
        Example(x=(2, 2, 3), weight=(2, 3), bias=None),
        Example(x=(0, 3), weight=(2, 3), bias=(2,)),
    ],
    reference=lambda x, weight, bias=None: x @ weight.T + (0 if bias is None else bias),
    errors=[
        Raises(ShapeError, "x has 4 features but weight expects 3", x=(2, 4), weight=(2, 3)),
        Raises(ShapeError, r"bias must be \(2,\)", x=(2, 3), weight=(2, 3), bias=(3,)),
        Raises(ShapeError, r"weight must be \(out_features, in_features\)", x=(2, 3), weight=(3,)),
    ],
)
def linear(xp, x, weight, bias=None, /):
    """Affine map ``x @ weight.T + bias``, the layer of a perceptron.

    Shapes: x (..., in_features), weight (out_features, in_features), bias (out_features,) -> (..., out_features).

    >>> ag.linear(np.ones((2, 3)), np.ones((4, 3)), np.zeros(4)).shape
    (2, 4)
    """
    _check_linear(x, weight, bias)
    return kernels.linear(x, weight, bias)
