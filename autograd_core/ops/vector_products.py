"""Further products: inner, with matrices and vectors in stacks, the cross product, and Kronecker's.

All are composed of sums of products, and so are their derivatives.
"""

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed
from .arithmetic import multiply, negative, subtract
from .indexing import getitem
from .joining import stack
from .operands import operand
from .products import matmul, tensordot
from .reduction import sum
from .shape import expand_dims, moveaxis, ravel, reshape, squeeze

_WIDE = Interval(-2, 2)


@composed(
    domain=_WIDE,
    examples=[
        Example(a=(3,), b=(3,)),
        Example(a=(2, 3), b=(4, 3)),
        Example(a=(2, 1, 3), b=(3,)),
        Example(a=(2, 0), b=(3, 0)),
        Example(a=(), b=(2, 2)),
    ],
    reference=np.inner,
    errors=[Raises(ShapeError, "last axes have lengths 3 and 2", a=(2, 3), b=(2,))],
)
def inner(a, b, /):
    """Sums of products over the last axes, of every vector of a with every one of b.

    Shapes: a (..., k), b (..., k) -> (free a, free b).

    >>> float(ag.inner(np.ones(3), np.ones(3)))
    3.0
    """
    a, b = operand(a, "inner"), operand(b, "inner")
    if not a.ndim or not b.ndim:
        return multiply(a, b)
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(
            f"inner: the last axes have lengths {a.shape[-1]} and {b.shape[-1]}: shapes {a.shape} and {b.shape}"
        )
    return tensordot(a, b, ([a.ndim - 1], [b.ndim - 1]))


@composed(
    domain=_WIDE,
    examples=[Example(a=(3,), b=(3,)), Example(a=(2, 3), b=(3, 2)), Example(a=(), b=()), Example(a=(0,), b=(0,))],
    reference=np.vdot,
    errors=[Raises(ShapeError, "6 and 4 elements", a=(2, 3), b=(4,))],
)
def vdot(a, b, /):
    """Sum of the products of all elements, both flattened.

    Shapes: a (n elements), b (n elements) -> ().

    >>> float(ag.vdot(np.ones((2, 2)), np.ones((2, 2))))
    4.0
    """
    a, b = ravel(operand(a, "vdot")), ravel(operand(b, "vdot"))
    if a.shape != b.shape:
        raise ShapeError(f"vdot: {a.shape[0]} and {b.shape[0]} elements have no sum of products")
    return matmul(a, b)


def _check(who, a, b, cores):
    """Refuse factors without the axes that the product runs over, or with lengths there that differ."""
    (ndim_a, at_a), (ndim_b, at_b) = cores
    if a.ndim < ndim_a or b.ndim < ndim_b:
        raise ShapeError(f"{who}: at least {ndim_a} and {ndim_b} axes are needed, got shapes {a.shape} and {b.shape}")
    if a.shape[at_a] != b.shape[at_b]:
        raise ShapeError(
            f"{who}: lengths {a.shape[at_a]} and {b.shape[at_b]} differ: "
            f"axis {at_a} of shape {a.shape} meets axis {at_b} of shape {b.shape}"
        )


@composed(
    domain=_WIDE,
    examples=[
        Example(a=(3,), b=(3,)),
        Example(a=(2, 3), b=(3,)),
        Example(a=(2, 1, 3), b=(4, 3)),
        Example(a=(2, 0), b=(0,)),
    ],
    reference=np.vecdot,
    errors=[
        Raises(ShapeError, "lengths 3 and 2 differ", a=(2, 3), b=(2,)),
        Raises(ShapeError, "at least 1 and 1 axes", a=(), b=(2,)),
        Raises(ShapeError, "do not broadcast", a=(2, 3), b=(4, 3)),
    ],
)
def vecdot(a, b, /):
    """Inner product of each vector of a stack with the one that belongs to it.

    Shapes: a (..., k), b (..., k) -> broadcast (...).

    >>> ag.vecdot(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    a, b = operand(a, "vecdot"), operand(b, "vecdot")
    _check("vecdot", a, b, ((1, -1), (1, -1)))
    products = multiply(a, b)
    return sum(products, axis=-1, dtype=products.dtype)  # which for small integers is not what a sum would take


@composed(
    domain=_WIDE,
    examples=[
        Example(a=(2, 3), b=(3,)),
        Example(a=(2, 3), b=(4, 3)),
        Example(a=(2, 1, 2, 3), b=(4, 3)),
        Example(a=(2, 0), b=(0,)),
    ],
    reference=getattr(np, "matvec", lambda a, b: np.einsum("...ij,...j->...i", a, b)),  # new in NumPy 2.2
    errors=[
        Raises(ShapeError, "lengths 3 and 2 differ", a=(2, 3), b=(2,)),
        Raises(ShapeError, "at least 2 and 1 axes", a=(3,), b=(3,)),
    ],
)
def matvec(a, b, /):
    """Product of each matrix of a stack with the vector that belongs to it.

    Shapes: a (..., n, k), b (..., k) -> broadcast (..., n).

    >>> ag.matvec(np.eye(2), np.ones((3, 2))).shape
    (3, 2)
    """
    a, b = operand(a, "matvec"), operand(b, "matvec")
    _check("matvec", a, b, ((2, -1), (1, -1)))
    return squeeze(matmul(a, expand_dims(b, -1)), -1)


@composed(
    domain=_WIDE,
    examples=[
        Example(a=(2,), b=(2, 3)),
        Example(a=(4, 2), b=(2, 3)),
        Example(a=(4, 2), b=(2, 1, 2, 3)),
        Example(a=(0,), b=(0, 2)),
    ],
    reference=getattr(np, "vecmat", lambda a, b: np.einsum("...i,...ij->...j", a, b)),  # new in NumPy 2.2
    errors=[
        Raises(ShapeError, "lengths 3 and 2 differ", a=(3,), b=(2, 3)),
        Raises(ShapeError, "at least 1 and 2 axes", a=(3,), b=(3,)),
    ],
)
def vecmat(a, b, /):
    """Product of each vector of a stack, as a row, with the matrix that belongs to it.

    Shapes: a (..., n), b (..., n, m) -> broadcast (..., m).

    >>> ag.vecmat(np.ones((3, 2)), np.eye(2)).shape
    (3, 2)
    """
    a, b = operand(a, "vecmat"), operand(b, "vecmat")
    _check("vecmat", a, b, ((1, -1), (2, -2)))
    return squeeze(matmul(expand_dims(a, -2), b), -2)


def _cross_by_numpy(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """NumPy's answer for vectors of three, those of two with a zero behind; NumPy warns of vectors of two."""
    axisa, axisb, axisc = (axis,) * 3 if axis is not None else (axisa, axisb, axisc)
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    flat = a.shape[-1] == b.shape[-1] == 2
    a, b = (np.concatenate([v, np.zeros_like(v[..., :1])], -1) if v.shape[-1] == 2 else v for v in (a, b))
    out = np.cross(a, b)
    return out[..., 2] if flat else np.moveaxis(out, -1, axisc)


@composed(
    domain=_WIDE,
    examples=[
        Example(a=(3,), b=(3,)),
        Example(a=(2, 3), b=(3,)),
        Example(a=(2, 1, 3), b=(4, 3)),
        Example(a=(3, 2), b=(2, 3), axisa=0),
        Example(a=(2, 3), b=(3, 2), axisb=0, axisc=0),
        Example(a=(3, 2), b=(3, 2), axis=0),
        Example(a=(2,), b=(2,)),
        Example(a=(4, 2), b=(2,)),
        Example(a=(2,), b=(3,)),
        Example(a=(2, 3), b=(2, 2), axisc=0),
        Example(a=(0, 3), b=(3,)),
    ],
    reference=_cross_by_numpy,
    errors=[
        Raises(ShapeError, r"2 or 3 numbers, got lengths 4 and 3", a=(4,), b=(3,)),
        Raises(ShapeError, "at least one axis", a=(), b=(3,)),
        Raises(ShapeError, "axis 1 is out of bounds", a=(3,), b=(3,), axis=1),
    ],
)
def cross(a, b, /, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """Cross product of vectors of three numbers; a vector of two lies in the plane of the first two.

    Of two vectors in the plane only the third component is given. `axisa` and `axisb` say where the vectors lie,
    `axisc` where to put theirs, and `axis` all three.

    Shapes: a (..., 3), b (..., 3) -> broadcast (..., 3); a (..., 2), b (..., 2) -> broadcast (...).

    >>> ag.cross(np.array([1, 0, 0]), np.array([0, 1, 0]))
    array([0, 0, 1])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = operand(a, "cross"), operand(b, "cross")
    for x, at in ((a, axisa), (b, axisb)):
        if not x.ndim:
            raise ShapeError("cross: vectors have at least one axis, got a single number")
        if not -x.ndim <= at < x.ndim:
            raise ShapeError(f"cross: axis {at} is out of bounds for an array with {x.ndim} axes")
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    n, m = a.shape[-1], b.shape[-1]
    if n not in (2, 3) or m not in (2, 3):
        raise ShapeError(f"cross: vectors have 2 or 3 numbers, got lengths {n} and {m}")
    (a0, a1, *a2), (b0, b1, *b2) = ([getitem(x, (..., i)) for i in range(x.shape[-1])] for x in (a, b))
    third = subtract(multiply(a0, b1), multiply(a1, b0))
    if n == m == 2:
        return third
    if n == m:
        first = subtract(multiply(a1, b2[0]), multiply(a2[0], b1))
        second = subtract(multiply(a2[0], b0), multiply(a0, b2[0]))
    elif n == 2:
        first, second = multiply(a1, b2[0]), negative(multiply(a0, b2[0]))
    else:
        first, second = negative(multiply(a2[0], b1)), multiply(a2[0], b0)
    if not -third.ndim - 1 <= axisc <= third.ndim:
        raise OptionError(f"cross: axisc {axisc} is out of bounds for a result with {third.ndim + 1} axes")
    return stack([first, second, third], axisc)


@composed(
    domain=_WIDE,
    examples=[
        Example(a=(2, 3), b=(3, 2)),
        Example(a=(2,), b=(3,)),
        Example(a=(2, 1, 2), b=(2, 3)),
        Example(a=(2,), b=(2, 2, 2)),
        Example(a=(), b=(2, 2)),
        Example(a=(), b=()),
        Example(a=(0, 2), b=(2, 1)),
    ],
    reference=np.kron,
)
def kron(a, b, /):
    """Kronecker product: b in the place of every element of a, times that element.

    Shapes: a (n, ...), b (m, ...) -> (n m, ...); what has fewer axes gets axes of length 1 in front.

    >>> ag.kron(np.eye(2), np.ones((1, 2)))
    array([[1., 1., 0., 0.],
           [0., 0., 1., 1.]])
    """
    a, b = operand(a, "kron"), operand(b, "kron")
    ndim = max(a.ndim, b.ndim)
    sizes = [(1,) * (ndim - x.ndim) + tuple(x.shape) for x in (a, b)]
    # axes in pairs: (n, 1) for those of a, (1, m) for those of b
    spread = reshape(a, [k for n in sizes[0] for k in (n, 1)]), reshape(b, [k for m in sizes[1] for k in (1, m)])
    return reshape(multiply(*spread), tuple(n * m for n, m in zip(*sizes, strict=True)))
