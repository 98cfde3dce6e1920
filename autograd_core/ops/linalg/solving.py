"""Inverses and systems of linear equations.

Derivatives of the inverse and of the solution follow from ``d(A^-1) = -A^-1 dA A^-1``; that of the pseudoinverse, for
matrices of constant rank, is due to Golub and Pereyra (SIAM J. Numer. Anal. 10, 1973).
"""

from math import prod
from operator import index
from typing import Any, NamedTuple

import numpy as np

from ...errors import OptionError, ShapeError
from ...examples import Example, Matrices, Raises
from ...op import composed, general
from ..operands import operand, value_of
from ..products import matmul
from ..reduction import sum
from ..shape import expand_dims, reshape, transpose
from .matrices import (
    NO_MATRIX,
    NOT_SQUARE,
    REGULAR,
    LinAlgError,
    as_given,
    check_matrix,
    check_square,
    check_symmetric,
    rounded,
    single,
    solving,
    symmetric_part,
    transposed,
    widened,
)
from .spectral import svdvals

_SINGULAR = np.ones((2, 2))
_STACK = [Example(a=(3, 3)), Example(a=(2, 2, 2)), Example(a=(1, 1)), Example(a=(0, 3, 3)), Example(a=(0, 0))]


@general(
    vjps=[lambda g, out: -matmul(matmul(transposed(out), g), transposed(out))],
    name="linalg.inv",
    domain=REGULAR,
    examples=_STACK,
    reference=np.linalg.inv,
    errors=[NOT_SQUARE, NO_MATRIX, Raises(LinAlgError, "singular, so it has no inverse; pinv", a=_SINGULAR)],
)
def inv(xp, a, /):
    """Inverse of square matrices.

    Shapes: a (..., n, n) -> (..., n, n). Raises ag.linalg.LinAlgError for singular matrices.

    >>> ag.linalg.inv(np.diag([2.0, 4.0]))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    check_square(a, "linalg.inv")
    return rounded(solving("linalg.inv", lambda: xp.linalg.inv(single(a))), a)


def _columns(x, is_vector):
    """A right-hand side or solution as a matrix."""
    return expand_dims(x, -1) if is_vector else x


def _solve_matrix(g, a, out, b_aval):
    is_vector = len(b_aval.shape) == 1
    back = solve(transposed(a), _columns(g, is_vector))
    return -matmul(back, transposed(_columns(out, is_vector)))


def _solve_right(g, a, b_aval):
    if len(b_aval.shape) > 1:
        return solve(transposed(a), g)
    return solve(transposed(a), expand_dims(g, -1))[..., 0]


@general(
    vjps=[_solve_matrix, _solve_right],
    name="linalg.solve",
    domain=REGULAR,
    examples=[
        Example(a=(3, 3), b=(3,)),
        Example(a=(2, 2), b=(2, 3)),
        Example(a=(2, 3, 3), b=(3,)),
        Example(a=(2, 2, 2), b=(2, 1)),
        Example(a=(2, 2), b=(3, 2, 1)),
        Example(a=(2, 1, 2, 2), b=(3, 2, 2)),
        Example(a=(0, 2, 2), b=(2,)),
        Example(a=(2, 2), b=(2, 0)),
    ],
    reference=np.linalg.solve,
    errors=[
        Raises(ShapeError, r"last two axes must.*\(2, 3\)", a=(2, 3), b=(2,)),
        Raises(ShapeError, r"2 equations.*3 right-hand sides.*\(2, 2\).*\(3,\)", a=(2, 2), b=(3,)),
        Raises(ShapeError, "at least one axis", a=(2, 2), b=()),
        Raises(ShapeError, "do not broadcast", a=(2, 2, 2), b=(3, 2, 1)),
        Raises(LinAlgError, "singular", a=_SINGULAR, b=(2,)),
    ],
)
def solve(xp, a, b, /):
    """The x with ``a x = b``: b is one vector if it has one axis, and a stack of matrices otherwise.

    Shapes: a (..., n, n), b (n,) -> (..., n); a (..., n, n), b (..., n, k) -> (..., n, k).
    Raises ag.linalg.LinAlgError for singular matrices.

    >>> ag.linalg.solve(np.diag([2.0, 4.0]), np.array([1.0, 1.0]))
    array([0.5 , 0.25])
    """
    check_square(a, "linalg.solve")
    if not np.ndim(b):
        raise ShapeError("linalg.solve: b must have at least one axis")
    rows = b.shape[0] if b.ndim == 1 else b.shape[-2]
    if a.shape[-1] != rows:
        raise ShapeError(
            f"linalg.solve: {a.shape[-1]} equations have {rows} right-hand sides: shapes {a.shape} and {b.shape}; "
            "b is one vector if it has one axis, and a stack of matrices otherwise"
        )
    if b.ndim > 1:
        try:
            np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        except ValueError:
            raise ShapeError(f"linalg.solve: the stacks of shapes {a.shape} and {b.shape} do not broadcast") from None
    return rounded(solving("linalg.solve", lambda: xp.linalg.solve(single(a), single(b))), a, b)


def _pinv_vjp(xp, g, a, out, hermitian):
    if hermitian:
        a = symmetric_part(xp, a)
    at, pt, gt = transposed(a), transposed(out), transposed(g)
    inside = -matmul(matmul(pt, g), pt)
    rows = matmul(gt - matmul(pt, matmul(at, gt)), matmul(out, pt))  # (I - A P) g^T P P^T, A P being symmetric
    columns = matmul(matmul(pt, out), gt - matmul(matmul(gt, out), a))
    found = inside + rows + columns
    return symmetric_part(xp, found) if hermitian else found


@general(
    vjps=[_pinv_vjp],
    name="linalg.pinv",
    domain=REGULAR,
    examples=[
        Example(a=(3, 2)),
        Example(a=(2, 3)),
        Example(a=(2, 2, 2), rcond=1e-5),
        Example(a=(2, 2), rtol=1e-5),
        Example(a=(0, 2, 3)),
    ],
    reference=np.linalg.pinv,
    errors=[
        NO_MATRIX,
        Raises(OptionError, "not symmetric", a=np.array([[1.0, 2.0], [0.0, 1.0]]), hermitian=True),
        Raises(ShapeError, "`rtol` and `rcond`", a=(2, 2), rcond=0.1, rtol=0.1),
    ],
)
def pinv(xp, a, /, rcond=None, hermitian=False, *, rtol=np._NoValue):
    """Moore and Penrose's pseudoinverse; singular values up to `rcond` (or `rtol`) times the largest count as 0.

    The derivative is that among matrices of the same rank: where the rank changes, the pseudoinverse jumps. With
    `hermitian` the symmetric part of a is taken, and a must be symmetric to 1 %.

    Shapes: a (..., m, n) -> (..., n, m).

    >>> ag.linalg.pinv(np.array([[2.0], [0.0]]))
    array([[0.5, 0. ]])
    """
    check_matrix(a, "linalg.pinv")
    wide = single(a)
    if hermitian:
        check_symmetric(wide, "linalg.pinv")
        wide = symmetric_part(xp, wide)
    options = {} if rtol is np._NoValue else {"rtol": rtol}
    return rounded(solving("linalg.pinv", lambda: xp.linalg.pinv(wide, rcond, hermitian, **options)), a)


class LstsqResult(NamedTuple):
    """What `lstsq` returns; NumPy returns a plain tuple of the same."""

    x: Any
    residuals: Any
    rank: Any
    s: Any


def _lstsq_reference(a, b, rcond=None):
    x, residuals, _, s = np.linalg.lstsq(a, b, rcond)
    return x, residuals, s


@composed(
    name="linalg.lstsq",
    domain=REGULAR,
    examples=[
        Example(a=(4, 2), b=(4,)),
        Example(a=(3, 2), b=(3, 2)),
        Example(a=(2, 3), b=(2,)),
        Example(a=(2, 2), b=(2, 2), rcond=1e-6),
        Example(a=(2, 2), b=(2,), rcond=-1),
        Example(a=(3, 2), b=(3, 0)),
    ],
    reference=_lstsq_reference,
    errors=[
        Raises(ShapeError, "matrix of two axes", a=(2, 2, 2), b=(2,)),
        Raises(ShapeError, "3 equations have 2 right-hand sides", a=(3, 2), b=(2,)),
    ],
)
def _lstsq(a, b, /, rcond=None):
    """Solution, residuals and singular values of a least squares problem; see `lstsq`.

    Shapes: a (m, n), b (m,) or (m, k) -> (n,) or (n, k); (k,) or (0,); (min(m, n),).

    >>> ag.linalg.lstsq(np.ones((2, 1)), np.array([1.0, 2.0])).rank
    1
    """
    a, kind = widened(a, "linalg.lstsq")
    b, b_kind = widened(b, "linalg.lstsq")
    if a.ndim != 2 or b.ndim not in (1, 2):
        raise ShapeError(
            f"linalg.lstsq: a must be a matrix of two axes, and b have one or two; got shapes {a.shape} and {b.shape}"
        )
    if a.shape[0] != b.shape[0]:
        raise ShapeError(
            f"linalg.lstsq: {a.shape[0]} equations have {b.shape[0]} right-hand sides: shapes {a.shape} and {b.shape}"
        )
    if not a.shape[0] or not a.shape[1]:
        raise ShapeError(f"linalg.lstsq: there is nothing to solve in shape {a.shape}")
    s, cut = svdvals(a), _cut(a, rcond)
    rank = _rank(s, cut)
    if rank < min(a.shape) and getattr(a, "node", None) is not None:
        raise LinAlgError(
            f"linalg.lstsq: a has rank {rank}, not {min(a.shape)}; its rank changes in every direction, and the "
            "solution jumps there, so there is no gradient with respect to a; use a.detach()"
        )
    x = matmul(pinv(a, rtol=cut), b)
    m, n = a.shape
    if rank == n < m:
        residuals = sum((b - matmul(a, x)) ** 2, axis=0)
        residuals = reshape(residuals, (1,)) if b.ndim == 1 else residuals
    else:
        residuals = reshape(x, (-1,) if x.size else (0,))[:0]
    dtype = np.result_type(kind, b_kind)
    return as_given(x, dtype), as_given(residuals, dtype), as_given(s, kind)


def _cut(a, rcond):
    """The share of the largest singular value below which one counts as 0."""
    eps = float(np.finfo(a.dtype if a.dtype.kind == "f" else np.float64).eps)
    if rcond is None:
        return eps * max(a.shape)
    return eps if rcond < 0 else rcond


def _rank(s, cut):
    s = value_of(s)
    return int(np.sum(s > cut * s[0]))


def lstsq(a, b, /, rcond=None):
    """The x that makes ``|a x - b|`` smallest, the smallest such x if there are many.

    Returns x, the sums of squared residuals (empty unless a has more rows than columns and full rank), the rank, and
    the singular values. Singular values up to `rcond` times the largest count as 0. The rank is a constant; a matrix
    that has not full rank has no gradient, because the solution jumps there, and raises ag.linalg.LinAlgError.

    Shapes: a (m, n), b (m,) or (m, k) -> x (n,) or (n, k), residuals (1,) or (k,) or (0,), rank, s (min(m, n),).

    >>> x, residuals, rank, s = ag.linalg.lstsq(np.ones((2, 1)), np.array([1.0, 2.0]))
    >>> [round(float(v), 6) for v in (x[0], residuals[0])], rank
    ([1.5, 0.5], 1)
    """
    x, residuals, s = _lstsq(a, b, rcond)
    return LstsqResult(x, residuals, _rank(s, _cut(widened(a, "linalg.lstsq")[0], rcond)), s)


lstsq.op = _lstsq.op  # type: ignore[attr-defined]


def _tensorinv_reference(a, ind=2):
    return np.linalg.tensorinv(a, ind) if a.size else np.zeros(a.shape[ind:] + a.shape[:ind])  # NumPy refuses those


@composed(
    name="linalg.tensorinv",
    domain=Matrices(unfolded=True),
    examples=[Example(a=(4, 2, 2), ind=1), Example(a=(2, 1, 1, 2)), Example(a=(0, 0), ind=1)],
    reference=_tensorinv_reference,
    errors=[
        Raises(ShapeError, "2 numbers.*3", a=(2, 3), ind=1),
        Raises(OptionError, "ind must be positive", a=(2, 2), ind=0),
    ],
)
def tensorinv(a, /, ind=2):
    """The inverse of a with respect to `tensordot` over its first `ind` axes.

    Shapes: a (first `ind` axes, rest) -> (rest, first axes); both have the same number of elements.

    >>> ag.linalg.tensorinv(np.eye(4).reshape(4, 2, 2), ind=1).shape
    (2, 2, 4)
    """
    a = operand(a, "linalg.tensorinv")
    if ind <= 0:
        raise OptionError(f"linalg.tensorinv: ind must be positive, got {ind}")
    first, rest = a.shape[:ind], a.shape[ind:]
    if prod(first) != prod(rest):
        raise ShapeError(
            f"linalg.tensorinv: the axes {first} have {prod(first)} numbers and the axes {rest} {prod(rest)}, "
            "which must be as many"
        )
    return reshape(inv(reshape(a, (prod(first), prod(rest)))), (*rest, *first))


@composed(
    name="linalg.tensorsolve",
    domain=Matrices(unfolded=True),
    examples=[
        Example(a=(2, 2, 4), b=(2, 2)),
        Example(a=(3, 1, 3), b=(3,), axes=(1,)),
        Example(a=(4, 2, 2), b=(4,)),
        Example(a=(3, 3), b=(3,)),
        Example(a=(0, 0), b=(0,)),
    ],
    reference=np.linalg.tensorsolve,
    errors=[Raises(ShapeError, "must be as many", a=(2, 3), b=(2,))],
)
def tensorsolve(a, b, /, axes=None):
    """The x with ``tensordot(a, x, x.ndim) = b``; `axes` of a are moved to its end first.

    Shapes: a (shape of b, shape of x), b -> x.

    >>> ag.linalg.tensorsolve(np.eye(4).reshape(2, 2, 4), np.ones((2, 2)))
    array([1., 1., 1., 1.])
    """
    a, b = operand(a, "linalg.tensorsolve"), operand(b, "linalg.tensorsolve")
    if axes is not None:
        last = [index(i) % a.ndim for i in axes]
        a = transpose(a, (*(i for i in range(a.ndim) if i not in last), *last))
    shape = a.shape[b.ndim - a.ndim :] if b.ndim < a.ndim else ()
    if a.size != prod(shape) ** 2 or b.size != prod(shape):
        raise ShapeError(
            f"linalg.tensorsolve: x of shape {shape} and b of shape {b.shape} must be as many numbers, and a as many "
            f"as the square of that; got a of shape {a.shape}"
        )
    return reshape(solve(reshape(a, (prod(shape), prod(shape))), reshape(b, (b.size,))), shape)
