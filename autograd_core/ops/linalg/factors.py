"""Triangular factors: Cholesky and QR.

The rules are those of Murray (Differentiation of the Cholesky decomposition, 2016) and of Walter and Lehmann
(Algorithmic differentiation of linear algebra functions, 2018).
"""

from typing import Any, NamedTuple

import numpy as np

from ...errors import MissingRuleError, OptionError
from ...examples import Example, Raises
from ...op import composed, general
from ..joining import concatenate
from ..operands import value_of
from ..products import matmul
from .matrices import (
    NO_MATRIX,
    NOT_SQUARE,
    REGULAR,
    SYMMETRIC,
    LinAlgError,
    as_given,
    check_matrix,
    check_symmetric,
    kept,
    rounded,
    single,
    solving,
    symmetric_part,
    transposed,
    widened,
)
from .solving import solve


def _lower(shape, diagonal=0):
    return np.tri(shape[-2], shape[-1], diagonal, dtype=bool)


def _cholesky_vjp(xp, g, out, upper):
    factor, g = (transposed(out), transposed(g)) if upper else (out, g)
    inside = kept(xp, matmul(transposed(factor), g), _lower(g.shape))
    halved = inside * (1 - 0.5 * np.eye(g.shape[-1], dtype=g.dtype))
    left = solve(transposed(factor), halved)
    return symmetric_part(xp, solve(transposed(factor), transposed(left)))


@general(
    vjps=[_cholesky_vjp],
    name="linalg.cholesky",
    domain=SYMMETRIC,
    examples=[
        Example(a=(3, 3)),
        Example(a=(2, 2, 2), upper=True),
        Example(a=(1, 1)),
        Example(a=(0, 2, 2)),
    ],
    reference=np.linalg.cholesky,
    errors=[
        NOT_SQUARE,
        NO_MATRIX,
        Raises(LinAlgError, "not positive definite.*add a small multiple", a=np.diag([1.0, -1.0])),
        Raises(OptionError, "not symmetric", a=np.array([[1.0, 0.5], [0.0, 1.0]])),
    ],
)
def cholesky(xp, a, /, *, upper=False):
    """The lower triangular L with ``L L^T = a``, for symmetric positive definite a; with `upper`, L^T.

    The symmetric part ``(a + a^T) / 2`` is factored, so the gradient is symmetric. A matrix that is not symmetric to
    1 % is refused; ag.linalg.LinAlgError is raised for one that is not positive definite.

    Shapes: a (..., n, n) -> (..., n, n).

    >>> ag.linalg.cholesky(np.diag([4.0, 9.0]))
    array([[2., 0.],
           [0., 3.]])
    """
    check_symmetric(a, "linalg.cholesky")
    whole = symmetric_part(xp, single(a))
    return rounded(solving("linalg.cholesky", lambda: xp.linalg.cholesky(whole, upper=upper)), a)


def _qr_vjp(xp, g, out):
    m = out.shape[-2] - out.shape[-1]
    q, r, gq, gr = out[..., :m, :], out[..., m:, :], g[..., :m, :], g[..., m:, :]
    lower = _lower(r.shape)
    inside = matmul(r, transposed(kept(xp, gr, lower.T))) - matmul(transposed(gq), q)
    mirrored = kept(xp, inside, lower) + transposed(kept(xp, inside, _lower(r.shape, -1)))
    singular = (np.diagonal(value_of(r), axis1=-2, axis2=-1) == 0).any(-1)[..., None, None]
    safe = xp.where(singular, np.eye(r.shape[-1], dtype=r.dtype), r) if singular.any() else r
    found = transposed(solve(safe, transposed(gq + matmul(q, mirrored))))
    if singular.any():  # Q is arbitrary there
        return xp.where(singular & (value_of(g) != 0).any((-2, -1), keepdims=True), np.array(np.nan, g.dtype), found)
    return found


_TALL = [Example(a=(3, 2)), Example(a=(2, 2, 2)), Example(a=(2, 3, 1)), Example(a=(0, 3, 2))]
_MODES = [
    *_TALL,
    Example(a=(2, 3)),
    Example(a=(2, 2, 4)),
    Example(a=(2, 2), mode="complete"),
    Example(a=(2, 3), mode="complete"),
]


def _packed_qr(a):
    return np.concatenate(np.linalg.qr(single(a)), -2)


@general(
    vjps=[_qr_vjp],
    name="linalg.qr_packed",
    domain=REGULAR,
    examples=_TALL,
    reference=_packed_qr,
    errors=[NO_MATRIX],
)
def qr_packed(xp, a, /):
    """Q above R, for matrices of at least as many rows as columns: what `qr` takes apart.

    Shapes: a (..., m, n) -> (..., m + n, n), m >= n.
    """
    check_matrix(a, "linalg.qr")
    return rounded(_packed_qr(np.asarray(a)), a)


class QRResult(NamedTuple):
    """What `qr` returns, under NumPy's names."""

    Q: Any
    R: Any


@composed(
    name="linalg.qr",
    domain=REGULAR,
    examples=[*_MODES, Example(a=(3, 2), mode="r"), Example(a=(2, 3), mode="r")],
    reference=np.linalg.qr,
    errors=[
        NO_MATRIX,
        Raises(OptionError, "mode='raw' is LAPACK's own form", a=(2, 2), mode="raw"),
        Raises(OptionError, "mode must be", a=(2, 2), mode="full"),
    ],
)
def qr(a, /, mode="reduced"):
    """Factors ``a = Q R``, Q of orthonormal columns and R upper triangular; with ``mode="r"`` R alone.

    The gradient exists where the first min(m, n) columns are linearly independent, and is NaN where R has a 0 on its
    diagonal. ``mode="complete"`` fills up Q to (..., m, m) with an arbitrary basis: for m > n, it is refused if a
    requires a gradient.

    Shapes: a (..., m, n) -> Q (..., m, k), R (..., k, n), k = min(m, n).

    >>> Q, R = ag.linalg.qr(np.array([[3.0, 1.0], [4.0, 2.0]]))
    >>> bool(np.allclose(Q @ R, [[3.0, 1.0], [4.0, 2.0]]))
    True
    """
    if mode == "raw":
        raise OptionError(
            "linalg.qr: mode='raw' is LAPACK's own form of Q, which has no derivative here; use 'reduced'"
        )
    if mode not in ("reduced", "complete", "r"):
        raise OptionError(f"linalg.qr: mode must be 'reduced', 'complete' or 'r', got {mode!r}")
    a, kind = widened(a, "linalg.qr")
    check_matrix(a, "linalg.qr")
    m, n = a.shape[-2:]
    if mode == "complete" and m > n:
        if getattr(a, "node", None) is not None:
            raise MissingRuleError(
                f"linalg.qr: mode='complete' fills up Q with {m - n} arbitrary columns, which have no gradient; "
                "use mode='reduced'"
            )
        return QRResult(*(as_given(np.asarray(x), kind) for x in np.linalg.qr(value_of(a), mode)))
    square = a[..., :m]
    packed = qr_packed(square)
    q, r = packed[..., :m, :], packed[..., m:, :]
    if n > m:
        r = concatenate([r, matmul(transposed(q), a[..., m:])], axis=-1)
    q, r = as_given(q, kind), as_given(r, kind)
    return r if mode == "r" else QRResult(q, r)
