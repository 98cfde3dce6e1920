"""Determinants, and their logarithms.

The derivative of a determinant is the matrix of cofactors, which exists for singular matrices too: from the singular
values, ``U diag(products of the other singular values) V^T`` times the sign of ``det U det V``.
"""

from typing import Any, NamedTuple

import numpy as np

from ...examples import Example, Subgradient
from ...op import composed, general
from ..operands import value_of
from ..products import matmul
from .matrices import (
    NO_MATRIX,
    NOT_SQUARE,
    REGULAR,
    as_given,
    check_square,
    rounded,
    single,
    transposed,
    widened,
)
from .solving import inv
from .spectral import svd

_CORNER = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
_STACK = [Example(a=(3, 3)), Example(a=(2, 2, 2)), Example(a=(1, 1)), Example(a=(0, 2, 2))]


def _scalars(x):
    """One number a matrix, to be multiplied with matrices."""
    return x[..., None, None]


def _well_conditioned(a):
    """The inverses, if all matrices are so regular that a cofactor may be computed from them; otherwise None."""
    try:
        inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return None
    size = np.abs(a).sum(-1).max(-1, initial=0) * np.abs(inverse).sum(-1).max(-1, initial=0)
    return inverse if np.all(size < 1 / np.sqrt(np.finfo(inverse.dtype).eps)) else None


def _others(xp, s, pairs=False):
    """For each singular value the product of the others; with `pairs`, of all but two, and 0 for twice the same."""
    n = s.shape[-1]
    own = np.eye(n, dtype=bool)
    if not pairs:
        return xp.prod(xp.where(own, 1, xp.expand_dims(s, -2)), axis=-1)
    both = own[:, None, :] | own[None, :, :]
    rest = xp.prod(xp.where(both, 1, s[..., None, None, :]), axis=-1)
    return xp.where(own, 0, rest)


def _orientation(u, vh):
    """The sign of ``det U det V``, which does not change nearby."""
    u, vh = value_of(u), value_of(vh)
    return np.sign(np.linalg.det(u) * np.linalg.det(vh)).astype(u.dtype)


def _cofactors_vjp(xp, g, a, out):
    """The second differential of the determinant: for regular matrices ``(<g, C> C - C g^T C) / det a``."""
    a, kind = widened(a, "linalg.cofactors")
    g = g.astype(a.dtype)
    raw = value_of(a)
    if _well_conditioned(raw) is not None:
        inverse = inv(a)
        spread = matmul(matmul(transposed(inverse), transposed(g)), transposed(inverse))
        along = _scalars(xp.sum(g * transposed(inverse), axis=(-2, -1)))
        return as_given(_scalars(det(a)) * (along * transposed(inverse) - spread), kind)
    u, s, vh = svd(a)
    h = matmul(matmul(transposed(u), g), transposed(vh))
    rest = _others(xp, s, pairs=True)
    diagonal = xp.sum(h * np.eye(raw.shape[-1], dtype=raw.dtype), axis=-1)
    on = matmul(rest, xp.expand_dims(diagonal, -1)) * np.eye(raw.shape[-1], dtype=raw.dtype)
    inside = on - rest * transposed(h)
    return as_given(matmul(matmul(u, _scalars(_orientation(u, vh)) * inside), vh), kind)


def _cofactors_reference(a):
    return np.linalg.det(a)[..., None, None] * np.swapaxes(np.linalg.inv(a), -1, -2)


@general(
    vjps=[_cofactors_vjp],
    name="linalg.cofactors",
    domain=REGULAR,
    examples=_STACK,
    reference=_cofactors_reference,
    errors=[NOT_SQUARE, NO_MATRIX],
    subgradients=[
        Subgradient({"a": np.zeros((2, 2))}, {"a": np.array([[1.0, -1.0], [-1.0, 1.0]])}, "a linear map of 2 x 2"),
        Subgradient({"a": np.zeros((3, 3))}, {"a": np.zeros((3, 3))}, "cofactors of 3 x 3 are quadratic"),
        Subgradient({"a": _CORNER}, {"a": np.array([[0.0, 0, 0], [-1, 0, 1], [1, 0, -1]])}, "second derivatives"),
    ],
)
def cofactors(xp, a, /):
    """Matrix of cofactors: the derivative of the determinant, ``det(a) a^-T`` where a is regular.

    Shapes: a (..., n, n) -> (..., n, n).

    >>> ag.linalg.cofactors(np.diag([2.0, 0.0]))
    array([[0., 0.],
           [0., 2.]])
    """
    check_square(a, "linalg.cofactors")
    wide = single(a)
    inverse = _well_conditioned(wide)
    if inverse is not None:
        return rounded(_scalars(xp.linalg.det(wide)) * xp.swapaxes(inverse, -1, -2), a)
    u, s, vh = xp.linalg.svd(wide)
    return rounded((u * (_orientation(u, vh)[..., None] * _others(xp, s))[..., None, :]) @ vh, a)


@general(
    vjps=[lambda g, a: _scalars(g) * cofactors(a)],
    name="linalg.det",
    domain=REGULAR,
    examples=[*_STACK, Example(a=(0, 0))],
    reference=np.linalg.det,
    errors=[NOT_SQUARE, NO_MATRIX],
    subgradients=[
        Subgradient({"a": np.diag([2.0, 0.0])}, {"a": np.diag([0.0, 2.0])}, "cofactors of a singular matrix"),
        Subgradient({"a": _CORNER[:2, :2]}, {"a": np.array([[0.0, 0.0], [-1.0, 0.0]])}, "its sign"),
        Subgradient({"a": np.diag([2.0, 0.0, 0.0])}, {"a": np.zeros((3, 3))}, "cofactors where two ranks are missing"),
    ],
)
def det(xp, a, /):
    """Determinant of square matrices; its derivative is the matrix of cofactors, also where it is 0.

    Shapes: a (..., n, n) -> (...).

    >>> float(ag.linalg.det(np.diag([2.0, 3.0])))
    6.0
    """
    check_square(a, "linalg.det")
    return rounded(xp.linalg.det(single(a)), a)


def _slogdet_vjp(xp, g, a, out):
    g, along = g[..., 1], value_of(out)[..., 1]
    singular = np.isneginf(along)
    if not singular.any():
        return _scalars(g) * transposed(inv(a))
    # Towards a singular matrix the derivative has no limit; a cotangent of 0 absorbs that.
    none = _scalars(singular)
    inverse = transposed(inv(xp.where(none, np.eye(a.shape[-1], dtype=a.dtype), a)))
    undefined = none & (_scalars(value_of(g)) != 0)
    return xp.where(undefined, np.array(np.nan, a.dtype), xp.where(none, 0, _scalars(g) * inverse))


@general(
    vjps=[_slogdet_vjp],
    name="linalg.slogdet_packed",
    domain=REGULAR,
    examples=[*_STACK, Example(a=(0, 0))],
    reference=lambda a: np.stack(np.linalg.slogdet(a), -1),
    errors=[NOT_SQUARE, NO_MATRIX],
)
def slogdet_packed(xp, a, /):
    """Sign of the determinant and logarithm of its absolute value, in one array: what `slogdet` takes apart.

    Shapes: a (..., n, n) -> (..., 2).
    """
    check_square(a, "linalg.slogdet")
    return rounded(xp.stack(xp.linalg.slogdet(single(a)), -1), a)


class SlogdetResult(NamedTuple):
    """What `slogdet` returns, under NumPy's names."""

    sign: Any
    logabsdet: Any


@composed(
    name="linalg.slogdet",
    domain=REGULAR,
    examples=[*_STACK, Example(a=(0, 0))],
    reference=np.linalg.slogdet,
    errors=[NOT_SQUARE, NO_MATRIX],
)
def slogdet(a, /):
    """Sign of the determinant, whose derivative is 0, and logarithm of its absolute value.

    Where the determinant is 0 the logarithm is -inf, and its gradient NaN.

    Shapes: a (..., n, n) -> sign (...), logabsdet (...).

    >>> sign, logabsdet = ag.linalg.slogdet(np.diag([-1.0, 1.0]))
    >>> float(sign), float(logabsdet)
    (-1.0, 0.0)
    """
    a, kind = widened(a, "linalg.slogdet")
    packed = as_given(slogdet_packed(a), kind)
    return SlogdetResult(packed[..., 0], packed[..., 1])
