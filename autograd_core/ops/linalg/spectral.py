"""Eigenvalues and eigenvectors of symmetric matrices, singular values and vectors.

Each decomposition is one array that holds all its pieces, and a composed function that takes it apart.

Note [Ties]
Vectors that belong to equal values are any basis of their space; LAPACK chooses one. The derivative divides by the
differences of the values, and so says what holds there: a function of the values alone is differentiated as one of
their mean, that is, ties share the gradient evenly. If a cotangent has anything to say about the vectors inside such a
space, the result is NaN: the same cotangents belong to functions with different gradients (a projection onto the space,
an exponential of the matrix), or with none. Values tie if they differ by no more than LAPACK's rounding.
"""

from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...errors import MissingRuleError, OptionError
from ...examples import Example, Raises, Subgradient
from ...op import composed, general
from ..operands import perhaps_any, value_of
from ..products import matmul
from ..selection import where
from ..shape import expand_dims, reshape
from .matrices import (
    NO_MATRIX,
    NOT_SQUARE,
    REGULAR,
    SYMMETRIC,
    as_given,
    check_matrix,
    check_symmetric,
    kept,
    rounded,
    rounding,
    single,
    solving,
    symmetric_part,
    transposed,
    widened,
)

_NOT_SYMMETRIC = Raises(OptionError, "not symmetric, and only one triangle", a=np.array([[1.0, 2.0], [0.0, 1.0]]))


def _between(x):
    """Differences of the values, ``x_j - x_i``."""
    return expand_dims(x, -2) - expand_dims(x, -1)


def _tied(values, a):
    """Which pairs of values are equal to rounding; every value is so to itself."""
    limit = rounding(a) * np.max(np.abs(values), axis=-1, keepdims=True, initial=0)[..., None]
    return np.abs(_between(values)) <= limit


def _undecided(tied, *rotations):
    """Inside which ties a cotangent asks for the vectors themselves; see Note [Ties]."""
    asked = np.zeros(tied.shape, bool)
    for h in rotations:
        asked |= tied & (value_of(h) != 0)
    vectors = np.any(asked | np.swapaxes(asked, -1, -2), axis=-1, keepdims=True)
    return tied & ~np.eye(tied.shape[-1], dtype=bool) & (vectors | np.swapaxes(vectors, -1, -2))


def _shared(xp, g, tied):
    """Cotangents of values, shared evenly where values tie."""
    weights = (tied / tied.sum(-1, keepdims=True)).astype(g.dtype)
    return matmul(weights, expand_dims(g, -1))  # a column


def _nan_where(xp, x, mask):
    return xp.where(mask, np.array(np.nan, x.dtype), x) if mask.any() else x


def _identity(x):
    return np.eye(x.shape[-1], dtype=x.dtype)


# --- eigenvalues ------------------------------------------------------------------------------------------------------


def _eigh_vjp(xp, g, a_aval, out):
    w, v = out[..., 0, :], out[..., 1:, :]
    gw, gv = g[..., 0, :], g[..., 1:, :]
    raw = value_of(w)
    tied = _tied(raw, v)
    on = _shared(xp, gw, tied) * _identity(v)
    h = matmul(transposed(v), gv)
    off = kept(xp, (h - transposed(h)) / (2 * xp.where(tied, 1, _between(w))), ~tied)
    inside = _nan_where(xp, on + off, _undecided(tied, h))
    return symmetric_part(xp, matmul(matmul(v, inside), transposed(v)))


def _check_uplo(who, UPLO):
    if str(UPLO).upper() not in ("L", "U"):
        raise OptionError(f"{who}: UPLO must be 'L' or 'U', got {UPLO!r}")


_SYMMETRIC_STACK = [Example(a=(3, 3)), Example(a=(2, 2, 2), UPLO="U"), Example(a=(1, 1)), Example(a=(0, 3, 3))]
_BAD_UPLO = Raises(OptionError, "UPLO must be 'L' or 'U'", a=(2, 2), UPLO="X")
_EIGH_ERRORS = [NOT_SQUARE, NO_MATRIX, _NOT_SYMMETRIC, _BAD_UPLO]


def _packed_eigh(a, UPLO="L"):
    w, v = np.linalg.eigh(single(a), UPLO)
    return np.concatenate([w[..., None, :], v], -2)


@general(
    vjps=[_eigh_vjp],
    name="linalg.eigh_packed",
    domain=SYMMETRIC,
    examples=_SYMMETRIC_STACK,
    reference=_packed_eigh,
    errors=_EIGH_ERRORS,
    subgradients=[Subgradient({"a": np.eye(2)}, {"a": np.full((2, 2), np.nan)}, "any vectors are eigenvectors")],
)
def eigh_packed(xp, a, /, UPLO="L"):
    """Eigenvalues in the first row and eigenvectors in the columns below: what `eigh` takes apart.

    Shapes: a (..., n, n) -> (..., n + 1, n).
    """
    check_symmetric(a, "linalg.eigh")
    _check_uplo("linalg.eigh", UPLO)
    return rounded(solving("linalg.eigh", lambda: _packed_eigh(symmetric_part(xp, single(a)), UPLO)), a)


class EighResult(NamedTuple):
    """What `eigh` returns, under NumPy's names."""

    eigenvalues: Any
    eigenvectors: Any


@composed(
    name="linalg.eigh",
    domain=SYMMETRIC,
    examples=_SYMMETRIC_STACK,
    reference=np.linalg.eigh,
    errors=_EIGH_ERRORS,
)
def eigh(a, /, UPLO="L"):
    """Eigenvalues of symmetric matrices in ascending order, and orthonormal eigenvectors in columns.

    The symmetric part ``(a + a^T) / 2`` is decomposed, so the gradient is symmetric; `UPLO` therefore makes no
    difference. A matrix that is not symmetric to 1 % is refused. Where eigenvalues are equal, a function of the
    eigenvalues alone has a gradient, in which they share evenly; one that asks for their vectors has NaN.

    Shapes: a (..., n, n) -> eigenvalues (..., n), eigenvectors (..., n, n).

    >>> w, v = ag.linalg.eigh(np.diag([3.0, 2.0]))
    >>> w
    array([2., 3.])
    """
    a, kind = widened(a, "linalg.eigh")
    packed = as_given(eigh_packed(a, UPLO), kind)
    return EighResult(packed[..., 0, :], packed[..., 1:, :])


@composed(
    name="linalg.eigvalsh",
    domain=SYMMETRIC,
    examples=_SYMMETRIC_STACK,
    reference=np.linalg.eigvalsh,
    errors=_EIGH_ERRORS,
    subgradients=[
        Subgradient({"a": np.eye(2)}, {"a": np.eye(2)}, "the sum of the eigenvalues is the trace"),
        Subgradient({"a": np.zeros((3, 3))}, {"a": np.eye(3)}, "the sum of the eigenvalues is the trace"),
    ],
)
def eigvalsh(a, /, UPLO="L"):
    """Eigenvalues of symmetric matrices in ascending order; equal ones share the gradient evenly. See `eigh`.

    Shapes: a (..., n, n) -> (..., n).

    >>> ag.linalg.eigvalsh(np.diag([3.0, 2.0]))
    array([2., 3.])
    """
    return eigh(a, UPLO).eigenvalues


# --- singular values --------------------------------------------------------------------------------------------------


def _pieces(packed, shape, full):
    """U, s and V^T out of one array for each matrix."""
    m, n = shape[-2:]
    k = min(m, n)
    p, q = (m, n) if full else (k, k)
    stack = packed.shape[:-1]
    u = reshape(packed[..., : m * p], (*stack, m, p))
    s = packed[..., m * p : m * p + k]
    return u, s, reshape(packed[..., m * p + k :], (*stack, q, n))


def _check_null_space(h, k):
    """Refuse a function of the vectors that `full_matrices` fills up with, if another choice would change it."""
    rest = value_of(h)[..., k:, k:]
    skew = np.abs(rest - np.swapaxes(rest, -1, -2))
    limit = 64 * rounding(rest) * np.max(np.abs(value_of(h)), initial=0) if rest.size else 0
    if rest.size and np.max(skew) > limit:
        raise MissingRuleError(
            "linalg.svd: full_matrices=True fills up U or Vh with any vectors that are orthogonal to the others; a "
            "function that depends on which has no gradient; use full_matrices=False"
        )


def _beyond(xp, u, h, gu, s, full):
    """The part of a cotangent of U (times 1/s) outside the space of the first k columns, as columns in that space."""
    k = s.shape[-1]
    if full:
        return matmul(u[..., k:], (h[..., k:, :k] - transposed(h[..., :k, k:])) / expand_dims(s, -2))
    return (gu - matmul(u, h)) / expand_dims(s, -2)


def _svd_vjp(xp, g, a_aval, out, full_matrices):
    m, n = a_aval.shape[-2:]
    k = min(m, n)
    if not k:
        return xp.zeros(a_aval.shape, a_aval.dtype)
    u, s, vh = _pieces(out, a_aval.shape, full_matrices)
    gu, gs, gvh = _pieces(g, a_aval.shape, full_matrices)
    v, gv = transposed(vh), transposed(gvh)
    hu, hv = matmul(transposed(u), gu), matmul(vh, gv)
    if full_matrices:
        _check_null_space(hu, k)
        _check_null_space(hv, k)

    raw = value_of(s)
    tied = _tied(raw, a_aval)
    zero = raw <= rounding(a_aval) * raw[..., :1]
    free = zero & ((zero.sum(-1, keepdims=True) + abs(m - n)) > 1)  # may be rotated against the null space
    inner_u, inner_v = hu[..., :k, :k], hv[..., :k, :k]
    p = (inner_u - transposed(inner_u) + inner_v - transposed(inner_v)) / 2
    q = (inner_u - transposed(inner_u) - inner_v + transposed(inner_v)) / 2
    both = zero[..., :, None] & zero[..., None, :]
    sums = xp.where(both, 1, expand_dims(s, -2) + expand_dims(s, -1))
    off = kept(xp, p / xp.where(tied, 1, _between(s)), ~tied) + kept(xp, q / sums, ~both)
    on = kept(xp, _shared(xp, gs, tied), ~free[..., None]) * _identity(s)
    inside = _nan_where(xp, on + off, _undecided(tied, inner_u, inner_v))

    safe = xp.where(free, 1, s)
    first_u, first_vh = u[..., :k], vh[..., :k, :]
    found = matmul(matmul(first_u, inside), first_vh)
    if m > k:
        beyond = _beyond(xp, u, hu, gu, safe, full_matrices)
        found = found + matmul(_nan_where(xp, beyond, free[..., None, :] & _asked(gu, hu, k)), first_vh)
    if n > k:
        beyond = _beyond(xp, v, hv, gv, safe, full_matrices)
        found = found + matmul(first_u, transposed(_nan_where(xp, beyond, free[..., None, :] & _asked(gv, hv, k))))
    return found


def _asked(g, h, k):
    """Which of the first k vectors a cotangent says something about, against themselves or against the null space."""
    g, h = value_of(g), value_of(h)
    return ((g[..., :k] != 0).any(-2) | (h[..., :k, k:] != 0).any(-1))[..., None, :]


_MATRICES = [Example(a=(3, 2)), Example(a=(2, 3)), Example(a=(2, 2, 2)), Example(a=(1, 1)), Example(a=(0, 2, 3))]
_FULL = [Example(a=(3, 2), full_matrices=True), Example(a=(2, 2, 3), full_matrices=True)]


def _packed_svd(a, full_matrices=False):
    parts = np.linalg.svd(single(a), full_matrices)
    stack = a.shape[:-2]
    return np.concatenate([x.reshape(*stack, prod(x.shape[len(stack) :])) for x in parts], -1)


@general(
    vjps=[_svd_vjp],
    name="linalg.svd_packed",
    domain=REGULAR,
    examples=[*_MATRICES, *_FULL],
    reference=_packed_svd,
    errors=[NO_MATRIX],
    subgradients=[
        Subgradient({"a": np.eye(2)}, {"a": np.full((2, 2), np.nan)}, "any vectors are singular vectors"),
        Subgradient({"a": np.zeros((2, 1))}, {"a": np.full((2, 1), np.nan)}, "U has any direction"),
    ],
)
def svd_packed(xp, a, /, full_matrices=False):
    """U, singular values and V^T of each matrix end to end, in rows: what `svd` takes apart.

    Shapes: a (..., m, n) -> (..., m k + k + k n), k = min(m, n); with `full_matrices` (..., m^2 + k + n^2).
    """
    check_matrix(a, "linalg.svd")
    return rounded(solving("linalg.svd", lambda: _packed_svd(np.asarray(a), full_matrices)), a)


class SVDResult(NamedTuple):
    """What `svd` returns, under NumPy's names."""

    U: Any
    S: Any
    Vh: Any


@composed(
    name="linalg.svd",
    domain=REGULAR,
    examples=[
        *(Example(**{"full_matrices": False, **e.arguments}) for e in _MATRICES),
        Example(a=(3, 2)),
        Example(a=(2, 2, 3)),
        Example(a=(3, 2), compute_uv=False),
    ],
    reference=np.linalg.svd,
    errors=[
        NO_MATRIX,
        Raises(OptionError, "not symmetric", a=np.array([[1.0, 2.0], [0.0, 1.0]]), hermitian=True),
    ],
)
def svd(a, /, full_matrices=True, compute_uv=True, hermitian=False):
    """Singular value decomposition ``U diag(S) Vh``, singular values in descending order.

    Where singular values are equal, a function of them alone has a gradient, in which they share evenly; one that asks
    for their vectors has NaN. What `full_matrices` adds to U or Vh is an arbitrary basis: a function may use it only
    as far as another would do as well, or there is just one more vector; anything else raises in the sweep. With
    `compute_uv=False` the singular values alone; with `hermitian` those of ``(a + a^T) / 2``, by way of `eigh`.

    Shapes: a (..., m, n) -> U (..., m, m), S (..., k), Vh (..., n, n); without `full_matrices` (..., m, k) and
    (..., k, n), k = min(m, n).

    >>> ag.linalg.svd(np.diag([2.0, 3.0])).S
    array([3., 2.])
    """
    if hermitian:
        return _symmetric_svd(a, compute_uv)
    if not compute_uv:
        return svdvals(a)
    a, kind = widened(a, "linalg.svd")
    check_matrix(a, "linalg.svd")
    return SVDResult(*(as_given(x, kind) for x in _pieces(svd_packed(a, full_matrices), a.shape, full_matrices)))


def _symmetric_svd(a, compute_uv):
    w, v = eigh(a)
    raw = value_of(w)
    order = np.argsort(np.abs(raw), -1)[..., ::-1]
    place = (*(i[..., None] for i in np.indices(raw.shape[:-1], sparse=True)), order)
    signs = np.sign(raw)
    if not compute_uv:
        return (w * signs)[place]
    columns = transposed(transposed(v)[place])
    return SVDResult(columns, (w * signs)[place], transposed(columns * signs[place][..., None, :]))


@composed(
    name="linalg.svdvals",
    domain=REGULAR,
    examples=_MATRICES,
    reference=np.linalg.svdvals,
    errors=[NO_MATRIX],
    subgradients=[
        Subgradient({"a": np.eye(2)}, {"a": np.eye(2)}, "equal singular values share"),
        Subgradient({"a": np.diag([2.0, 0.0])}, {"a": np.diag([1.0, 0.0])}, "a singular value of 0 is a kink"),
        Subgradient({"a": np.zeros((2, 3))}, {"a": np.zeros((2, 3))}, "a singular value of 0 is a kink"),
    ],
)
def svdvals(a, /):
    """Singular values in descending order; equal ones share the gradient evenly, and that of a 0 is taken as 0.

    Shapes: a (..., m, n) -> (..., min(m, n)).

    >>> ag.linalg.svdvals(np.diag([2.0, 3.0]))
    array([3., 2.])
    """
    a, kind = widened(a, "linalg.svdvals")
    check_matrix(a, "linalg.svdvals")
    s = _pieces(svd_packed(a), a.shape, full=False)[1]
    raw = value_of(s)
    zero = raw <= rounding(a) * raw[..., :1]
    return as_given(where(zero, raw, s) if perhaps_any(zero) else s, kind)
