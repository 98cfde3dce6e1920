"""Norms of vectors and matrices, and what is made of singular values: condition number and rank."""

from math import inf

import numpy as np

from ...errors import OptionError, ShapeError
from ...examples import Distinct, Example, Raises, Subgradient
from ...op import composed, general
from ..arithmetic import absolute
from ..axes import BAD_AXIS, axes_of, keep
from ..deviation import in_scale
from ..operands import operand, value_of
from ..reduction import max, min, sum
from ..selection import where
from ..shape import expand_dims, moveaxis
from .matrices import (
    REGULAR,
    LinAlgError,
    as_given,
    check_matrix,
    check_square,
    single,
    widened,
)
from .solving import inv
from .spectral import svdvals

_AWAY_FROM_TIES = Distinct(0.4, 3.0)


def _vector_norm_vjp(xp, g, x, out, axis, ord):
    """The cotangent times the direction of steepest ascent of the norm; 0 where the norm is 0."""
    g, out = keep(g, x.shape, axis), keep(out, x.shape, axis)
    if ord == 0:
        return xp.zeros(x.shape, x.dtype)
    if ord == 1:
        return g * xp.sign(x)
    if abs(ord) == inf:
        attained = (xp.absolute(x) == out).astype(g.dtype)
        return g * xp.sign(x) * (attained / xp.sum(attained, axis=axis, keepdims=True))
    nothing = value_of(out) == 0
    if ord == 2:
        return g * (x / xp.where(nothing, inf, out))
    out = xp.where(nothing, 1, out)
    # For powers below 1 the partial at a number 0 is infinite to both sides, and taken as 0.
    apart = nothing | (value_of(x) == 0) if ord < 1 else np.broadcast_to(nothing, x.shape)
    slope = xp.sign(x) * xp.power(xp.absolute(xp.where(apart, 1, x)) / out, ord - 1)
    return g * xp.where(apart, 0, slope)


_ORDERS = [0, 1, -1, 2, -2, 3, 2.5, 0.5, -0.5, inf, -inf]
_AT_ZERO = "the norm of a vector of zeros"


@general(
    vjps=[_vector_norm_vjp],
    name="linalg.vector_norm",
    domain=_AWAY_FROM_TIES,
    examples=[
        Example(x=(2, 3)),
        Example(x=(3,)),
        Example(x=()),
        Example(x=(0,)),
        Example(x=(2, 0), axis=1),
        Example(x=(2, 3, 2), axis=(0, -1), ord=3),
        Example(x=(2, 3), axis=0, keepdims=True, ord=1),
        Example(x=(2, 3), keepdims=True, ord=inf),
        *(Example(x=(2, 3), axis=-1, ord=p) for p in _ORDERS),
    ],
    reference=np.linalg.vector_norm,
    errors=[
        BAD_AXIS,
        Raises(OptionError, "ord must be a number", x=(3,), ord="fro"),
    ],
    subgradients=[Subgradient({"x": np.zeros(3)}, {"x": np.zeros(3)}, _AT_ZERO)],
)
def vector_norm(xp, x, /, *, axis=None, keepdims=False, ord=2):
    """Norm ``sum(|x|^ord)^(1/ord)`` along axes (None: all); inf and -inf give the extremes of |x|, 0 counts nonzeros.

    The gradient is 0 where all elements are 0; ties of the extremes share evenly; for powers below 1, elements that
    are 0 have gradient 0.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.linalg.vector_norm(np.array([3.0, 4.0])))
    5.0
    """
    if isinstance(ord, str) or ord is None:
        raise OptionError(f"linalg.vector_norm: ord must be a number, got {ord!r}")
    x = xp.asarray(x)
    axis = tuple(axis) if isinstance(axis, list) else axis

    def norm(x):
        return xp.asarray(xp.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord))

    if ord == 2 and x.dtype.kind == "f":
        return in_scale(norm, x, axis)[()]
    with np.errstate(divide="ignore"):  # negative powers of 0
        return norm(x)[()]


_MATRIX_ORDERS = ["fro", "nuc", 1, -1, 2, -2, inf, -inf]


def _matrix_norm(x, ord, who):
    """The norm over the last two axes."""
    if ord is None or ord == "fro":
        return vector_norm(x, axis=(-2, -1))
    if ord in (1, -1, inf, -inf):
        sums = sum(absolute(x), axis=-2 if abs(ord) == 1 else -1)
        return (max if ord > 0 else min)(sums, axis=-1)
    if ord not in ("nuc", 2, -2):
        raise OptionError(
            f"{who}: a norm of matrices has ord None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf; got {ord!r}"
        )
    x, kind = widened(x, who)
    s = svdvals(x)
    return as_given(sum(s, axis=-1) if ord == "nuc" else max(s, axis=-1) if ord == 2 else min(s, axis=-1), kind)


@composed(
    name="linalg.matrix_norm",
    domain=REGULAR,
    examples=[
        Example(x=(2, 3)),
        Example(x=(2, 2, 2), keepdims=True),
        Example(x=(0, 2, 2)),
        *(Example(x=(2, 3, 2), ord=ord) for ord in _MATRIX_ORDERS),
    ],
    reference=np.linalg.matrix_norm,
    errors=[
        Raises(ShapeError, "at least two axes", x=(3,)),
        Raises(OptionError, "a norm of matrices has ord", x=(2, 2), ord=3),
    ],
    subgradients=[Subgradient({"x": np.zeros((2, 2))}, {"x": np.zeros((2, 2))}, "the norm of zeros")],
)
def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """Norm of matrices: the root of the sum of squares, or as `ord` says.

    'fro' is that root; 'nuc', 2 and -2 are the sum, the largest and the smallest of the singular values; 1 and -1 the
    largest and the smallest column sum of absolute values, inf and -inf of the row sums.

    Shapes: x (..., m, n) -> (...), or (..., 1, 1) (keepdims).

    >>> float(ag.linalg.matrix_norm(np.array([[3.0, 4.0]])))
    5.0
    """
    x = operand(x, "linalg.matrix_norm")
    check_matrix(x, "linalg.matrix_norm")
    out = _matrix_norm(x, ord, "linalg.matrix_norm")
    return out[..., None, None] if keepdims else out


@composed(
    name="linalg.norm",
    domain=_AWAY_FROM_TIES,
    examples=[
        Example(x=(2, 3)),
        Example(x=(2, 2, 2)),
        Example(x=()),
        Example(x=(0,)),
        Example(x=(3,), ord=1),
        Example(x=(2, 3), axis=1, keepdims=True),
        Example(x=(2, 3), keepdims=True),
        Example(x=(2, 2, 3), axis=(2, 0)),
        # One row or one column, so that sums have no ties.
        Example(x=(1, 2, 3), axis=(0, -1), ord=1, keepdims=True),
        Example(x=(3, 2, 1), axis=(0, -1), ord=inf),
        Example(x=(3, 2, 1), axis=(-1, 0), ord=1),
        *(Example(x=(1, 3), ord=ord) for ord in (1, -1)),
        *(Example(x=(3, 1), ord=ord) for ord in (inf, -inf)),
        Example(x=(2, 2), ord="fro"),
        *(Example(x=(2, 3), axis=0, ord=p) for p in _ORDERS),
    ],
    reference=np.linalg.norm,
    errors=[
        BAD_AXIS,
        Raises(OptionError, "a norm of matrices has ord", x=(2, 2), ord=3),
        Raises(OptionError, "a norm of vectors has a number", x=(2,), ord="fro"),
        Raises(ShapeError, "one axis or two", x=(2, 2, 2), ord=2),
        Raises(ShapeError, "two different axes", x=(2, 2, 2), axis=(0, 0)),
    ],
    subgradients=[
        Subgradient({"x": np.zeros(3)}, {"x": np.zeros(3)}, _AT_ZERO),
        Subgradient({"x": np.zeros((2, 2))}, {"x": np.zeros((2, 2))}, _AT_ZERO),
    ],
)
def norm(x, /, ord=None, axis=None, keepdims=False):
    """Norm of vectors (one axis), or of matrices (two axes); without `ord`, the root of the sum of squares.

    For vectors, `ord` is any power, inf or -inf, or 0, see `vector_norm`; for matrices 'fro', 'nuc', 1, -1, 2, -2,
    inf or -inf, see `matrix_norm`. Without `axis` and with `ord`, x is a vector or a matrix. The gradient of the norm
    of zeros is taken as 0, and ties share evenly.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.linalg.norm(np.array([3.0, 4.0])))
    5.0
    """
    who = "linalg.norm"
    x = operand(x, who)
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    if axis is None and ord is None:
        return vector_norm(x, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else tuple(axis) if isinstance(axis, tuple | list) else (axis,)
    if len(axes) not in (1, 2):
        raise ShapeError(f"{who}: a norm with ord={ord!r} is over one axis or two, got axes {axes} of shape {x.shape}")
    for i in axes:
        if not -x.ndim <= i < x.ndim:
            raise ShapeError(f"{who}: axis {i} is out of bounds for shape {x.shape}")
    if len(axes) == 1:
        if isinstance(ord, str):
            raise OptionError(f"{who}: a norm of vectors has a number as ord, got {ord!r}; matrices have two axes")
        return vector_norm(x, axis=axes[0], keepdims=keepdims, ord=2 if ord is None else ord)
    first, second = axes_of(axes, x.ndim)
    if first == second:
        raise ShapeError(f"{who}: a matrix has two different axes, got {axes}")
    out = _matrix_norm(moveaxis(x, (first, second), (-2, -1)), ord, who)
    return expand_dims(out, (first, second)) if keepdims else out


@composed(
    name="linalg.cond",
    domain=REGULAR,
    examples=[
        Example(x=(3, 2)),
        Example(x=(2, 2, 2), p=2),
        Example(x=(0, 2, 2)),
        *(Example(x=(2, 2), p=p) for p in ("fro", "nuc", 1, -1, -2, inf, -inf)),
    ],
    reference=np.linalg.cond,
    errors=[
        Raises(ShapeError, "at least two axes", x=(3,)),
        Raises(LinAlgError, "empty", x=(0, 0)),
        Raises(LinAlgError, "linalg.inv: a matrix is singular", x=np.ones((2, 2)), p=1),
    ],
)
def cond(x, /, p=None):
    """Condition number ``|x| |x^-1|`` in the norm p of matrices; for None and 2, the quotient of the singular values.

    Shapes: x (..., m, n) -> (...); square unless p is None, 2 or -2. With other p, singular matrices are refused.

    >>> float(ag.linalg.cond(np.diag([2.0, 4.0])))
    2.0
    """
    x, kind = widened(x, "linalg.cond")
    check_matrix(x, "linalg.cond")
    if not x.shape[-1] or not x.shape[-2]:
        raise LinAlgError(f"linalg.cond: empty matrices have no condition number, got shape {x.shape}")
    if p is None or p in (2, -2):
        s = svdvals(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            out = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        undefined = np.isnan(value_of(out)) & ~np.isnan(value_of(x)).any((-2, -1))  # of zeros: infinite, says NumPy
        return as_given(where(undefined, np.array(inf, out.dtype), out) if undefined.any() else out, kind)
    check_square(x, "linalg.cond")
    return as_given(_matrix_norm(x, p, "linalg.cond") * _matrix_norm(inv(x), p, "linalg.cond"), kind)


@general(
    vjps=[None],
    name="linalg.matrix_rank",
    domain=REGULAR,
    examples=[
        Example(A=(2, 3)),
        Example(A=(2, 2, 2), tol=5.0),
        Example(A=(2, 2), rtol=0.7),
        Example(A=(3,)),
        Example(A=(0, 2, 2)),
    ],
    reference=np.linalg.matrix_rank,
    errors=[Raises(ShapeError, "`tol` and `rtol` can't be both set", A=(2, 2), tol=0.1, rtol=0.1)],
)
def matrix_rank(xp, A, /, tol=None, hermitian=False, *, rtol=None):
    """Number of singular values above `tol`, or above `rtol` times the largest; a constant, without a gradient.

    Shapes: A (..., m, n) -> (...), integers.

    >>> int(ag.linalg.matrix_rank(np.ones((2, 2))))
    1
    """
    return xp.asarray(xp.linalg.matrix_rank(single(A), tol, hermitian, rtol=rtol))[()]
