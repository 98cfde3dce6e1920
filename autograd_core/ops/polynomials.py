"""Polynomials as vectors of coefficients, the highest power first: values, arithmetic, derivatives, integrals.

As in NumPy's older interface. Leading zeros are cut off where NumPy cuts them off: which those are is looked up in the
numbers, and what stays has the derivative of the polynomials as they were given.
"""

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Interval, Raises, Subgradient
from ..op import composed, general
from .arithmetic import add, subtract
from .creation import alias, astype, ones_like
from .joining import concatenate, stack
from .linalg.solving import lstsq
from .operands import is_weak, like, operand, share_record, value_of
from .padding import pad
from .reduction import prod
from .shape import broadcast_to, reshape
from .signals import convolve

_WIDE = Interval(-2, 2)


def _coefficients(p, who, name="p"):
    """Coefficients as a vector; a number is a constant polynomial."""
    p = operand(p, who)
    if p.ndim > 1:
        raise ShapeError(
            f"{who}: the coefficients {name} must be a vector, the highest power first; got shape {p.shape}"
        )
    return p if p.ndim else reshape(p, (1,))


# --- values -----------------------------------------------------------------------------------------------------------


def _powers(xp, x, n):
    """x**(n - 1), ..., x, 1 as a list."""
    found = [xp.ones_like(x)]
    for _ in range(n - 1):
        found.append(found[-1] * x)
    return found[::-1]


def _polyval_coefficients(xp, g, x, p_aval):
    n = p_aval.shape[0]
    return xp.stack([xp.sum(g * power) for power in _powers(xp, x, n)]) if n else np.zeros(0, p_aval.dtype)


def _polyval_argument(xp, g, p, x):
    n = p.shape[0]
    if n < 2:
        return xp.zeros_like(x)
    return g * polyval(p[:-1] * np.arange(n - 1, 0, -1).astype(p.dtype), x)


@general(
    vjps=[_polyval_coefficients, _polyval_argument],
    domain=_WIDE,
    examples=[
        Example(p=(4,), x=(3,)),
        Example(p=(3,), x=(2, 2)),
        Example(p=(1,), x=(2,)),
        Example(p=(2,), x=()),
        Example(p=(0,), x=(2,)),
        Example(p=(3,), x=(0,)),
    ],
    reference=np.polyval,
    errors=[Raises(ShapeError, "must be a vector", p=(2, 2), x=(2,))],
    subgradients=[Subgradient({"p": np.array([1.0, 2.0, 3.0]), "x": 0.0}, {"p": np.array([0.0, 0.0, 1.0]), "x": 2.0})],
)
def polyval(xp, p, x, /):
    """Value ``p[0] x**(n - 1) + ... + p[n - 1]`` of a polynomial at each x, by Horner's rule.

    Shapes: p (n,), x (...) -> (...).

    >>> float(ag.polyval([1.0, 0.0, -1.0], 3.0))
    8.0
    """
    p = xp.asarray(p)
    if p.ndim != 1:
        raise ShapeError(f"polyval: the coefficients p must be a vector, the highest power first; got shape {p.shape}")
    return xp.polyval(p, x)


# --- arithmetic -------------------------------------------------------------------------------------------------------


def _aligned(a1, a2, who):
    """Two polynomials of the same length, with zeros in front of the shorter one."""
    a1, a2 = _coefficients(a1, who, "a1"), _coefficients(a2, who, "a2")
    n = max(len(a1), len(a2))
    return tuple(a if len(a) == n else pad(a, (n - len(a), 0)) for a in (a1, a2))


_TWO = [
    Example(a1=(3,), a2=(3,)),
    Example(a1=(2,), a2=(4,)),
    Example(a1=(4,), a2=(1,)),
    Example(a1=(), a2=(2,)),
]
_NO_VECTOR = Raises(ShapeError, "the coefficients a2 must be a vector", a1=(2,), a2=(2, 2))


@composed(domain=_WIDE, examples=[*_TWO, Example(a1=(0,), a2=(2,))], reference=np.polyadd, errors=[_NO_VECTOR])
def polyadd(a1, a2, /):
    """Sum of two polynomials.

    Shapes: a1 (n,), a2 (m,) -> (max(n, m),).

    >>> ag.polyadd([1.0, 2.0], [3.0])
    array([1., 5.])
    """
    return add(*_aligned(a1, a2, "polyadd"))


@composed(domain=_WIDE, examples=[*_TWO, Example(a1=(0,), a2=(2,))], reference=np.polysub, errors=[_NO_VECTOR])
def polysub(a1, a2, /):
    """Difference of two polynomials.

    Shapes: a1 (n,), a2 (m,) -> (max(n, m),).

    >>> ag.polysub([1.0, 2.0], [3.0])
    array([ 1., -1.])
    """
    return subtract(*_aligned(a1, a2, "polysub"))


def _leading_zeros(p):
    """How many leading coefficients are 0, the last one not counted."""
    found = np.flatnonzero(value_of(p))
    return int(found[0]) if len(found) else max(len(p) - 1, 0)


@composed(
    domain=Interval(-2, 2, away_from=[0]),  # the shape depends on whether leading coefficients are 0
    examples=[*_TWO, Example(a1=np.array([0.0, 0.0, 2.0], np.float16), a2=(2,))],
    reference=np.polymul,
    errors=[_NO_VECTOR],
    subgradients=[
        Subgradient(
            {"a1": np.array([0.0, 2.0]), "a2": np.array([3.0, 4.0])},
            {"a1": np.array([4.0, 7.0]), "a2": np.array([2.0, 2.0])},
            "of the coefficients that NumPy keeps: [2 * 3, 2 * 4]",
        )
    ],
)
def polymul(a1, a2, /):
    """Product of two polynomials; leading zeros of both are cut off.

    Shapes: a1 (n,), a2 (m,) -> (n + m - 1,), less the leading zeros.

    >>> ag.polymul([1.0, 1.0], [1.0, -1.0])
    array([ 1.,  0., -1.])
    """
    a1, a2 = _coefficients(a1, "polymul", "a1"), _coefficients(a2, "polymul", "a2")
    cut = _leading_zeros(a1) + _leading_zeros(a2)
    product = convolve(a1, a2)
    return product[cut:] if cut else product


@composed(
    # The shape depends on whether leading coefficients of the remainder are 0. With all of v near 2 they are about
    # u[1] - u[0] or u[0] - u[2] + u[3], which these numbers keep at least 0.2 away from 0.
    domain={"u": Distinct(1.25, 4.5, margin=0.5), "v": Interval(1.99, 2.01)},
    examples=[
        Example(u=(4,), v=(2,)),
        Example(u=(5,), v=(3,)),
        Example(u=(3,), v=(3,)),
        Example(u=(3,), v=(1,)),
        Example(u=(2,), v=()),
    ],
    reference=np.polydiv,
    errors=[Raises(ShapeError, "the coefficients v must be a vector", u=(2,), v=(2, 2))],
)
def polydiv(u, v, /):
    """Quotient and remainder of two polynomials, ``u = q v + r``.

    Leading coefficients of r within 1e-8 of 0 are cut off, as in NumPy; one stays.

    Shapes: u (n,), v (m,) -> q (max(n - m + 1, 1),), r (at most max(n, 1),).

    >>> ag.polydiv([1.0, 0.0, -1.0], [1.0, 1.0])
    (array([ 1., -1.]), array([0.]))
    """
    u, v = _coefficients(u, "polydiv", "u"), _coefficients(v, "polydiv", "v")
    if not len(u) or not len(v):
        raise ShapeError(f"polydiv: a polynomial has at least one coefficient; got {len(u)} and {len(v)}")
    dtype = np.result_type(u.dtype, v.dtype)
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    r, v = like(astype(u, dtype), v), astype(v, dtype)
    steps, m = len(u) - len(v) + 1, len(v)
    nothing = 0.0 * (r[:1] + v[:1])
    if steps < 1:
        return nothing, _without_zeros(r)
    quotient = []
    for _ in range(steps):  # r is what is left, without the coefficients that have become 0
        quotient.append(r[:1] / v[:1])
        taken = quotient[-1] * v[1:]
        r = concatenate([r[1:m] - taken, r[m:]])
    return concatenate(quotient), _without_zeros(r) if len(r) else nothing


def _without_zeros(r):
    """Without leading coefficients that are 0 up to NumPy's tolerance; one stays."""
    found = np.flatnonzero(~np.isclose(value_of(r), 0, rtol=1e-14))
    cut = int(found[0]) if len(found) else len(r) - 1
    return r[cut:] if cut else r


# --- calculus ---------------------------------------------------------------------------------------------------------


@composed(
    domain=_WIDE,
    examples=[
        Example(p=(4,)),
        Example(p=(4,), m=2),
        Example(p=(3,), m=0),
        Example(p=(1,)),
        Example(p=(2,), m=3),
        Example(p=(0,)),
    ],
    reference=np.polyder,
    errors=[Raises(OptionError, "must not be negative", p=(3,), m=-1)],
)
def polyder(p, /, m=1):
    """Derivative of order m of a polynomial.

    Shapes: p (n,) -> (max(n - m, 0),).

    >>> ag.polyder([1.0, 2.0, 3.0])
    array([2., 2.])
    """
    p = _coefficients(p, "polyder")
    if m < 0:
        raise OptionError(f"polyder: the order m must not be negative, got {m}; integrate with ag.polyint")
    p = p if p.dtype.kind == "f" else astype(p, np.result_type(p.dtype, np.int64))
    p = p if m else alias(p)
    for _ in range(int(m)):
        p = p[:-1] * _exponents(len(p), p.dtype)[:-1]
    return p


def _exponents(n, dtype):
    """n - 1, ..., 1, 0, in the type of the coefficients."""
    return np.arange(n - 1, -1, -1).astype(dtype)


def polyint(p, /, m=1, k=None):
    """Antiderivative of order m of a polynomial, with the constants k in the order of the integrations.

    k is None for zeros, one number, or m numbers; they have derivatives too.

    Shapes: p (n,), k (m,) or () -> (n + m,).

    >>> ag.polyint([2.0, 2.0], k=3.0)
    array([1., 2., 3.])
    """
    p = _coefficients(p, "polyint")
    if m < 0:
        raise OptionError(f"polyint: the order m must not be negative, got {m}; differentiate with ag.polyder")
    p = astype(p, p.dtype if p.dtype.kind == "f" else np.float64)
    if k is None:
        constants = np.zeros(m, p.dtype)
    else:
        constants = _coefficients(np.asarray(k, np.result_type(p.dtype, k)) if is_weak(k) else k, "polyint", "k")
        constants = broadcast_to(constants, (m,)) if len(constants) == 1 else constants
    if len(constants) < m:
        raise ShapeError(f"polyint: k must be one constant or {m} of them, got {len(constants)}")
    for i in range(int(m)):
        p = concatenate([p / (_exponents(len(p), p.dtype) + 1), constants[i : i + 1]])
    return p


@composed(
    name="polyint",
    domain=_WIDE,
    examples=[
        Example(p=(3,)),
        Example(p=(3,), m=2),
        Example(p=(3,), m=0),
        Example(p=(2,), k=(1,)),
        Example(p=(2,), k=(), m=3),
        Example(p=(0,), k=(2,), m=2),
    ],
    reference=lambda p, k=None, m=1: np.polyint(p, m, k),
    errors=[
        Raises(OptionError, "must not be negative", p=(3,), m=-1),
        Raises(ShapeError, "one constant or 3 of them, got 2", p=(3,), k=(2,), m=3),
    ],
)
def _polyint(p, k=None, /, m=1):
    return polyint(p, m, k)


share_record(polyint, _polyint)


# --- fits -------------------------------------------------------------------------------------------------------------


def polyfit(x, y, /, deg, rcond=None, *, w=None):
    """Coefficients of the polynomial of degree `deg` through the points (x, y), by least squares.

    What is made smallest is the sum of the squares of w times the residuals. x, y and w have derivatives. Points that
    do not determine the coefficients have no gradient with respect to x, see `linalg.lstsq`, which takes `rcond` too.

    Shapes: x (n,), y (n,) or (n, k), w (n,) -> (deg + 1,) or (deg + 1, k).

    >>> [round(float(c), 6) for c in ag.polyfit([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], 1)]
    [2.0, 1.0]
    """
    x, y = operand(x, "polyfit"), operand(y, "polyfit")
    if deg < 0:
        raise OptionError(f"polyfit: the degree must not be negative, got {deg}")
    if x.ndim != 1 or y.ndim not in (1, 2) or len(x) != len(y) or not len(x):
        raise ShapeError(f"polyfit: x must be a vector and y have as many rows, at least one; got {x.shape}, {y.shape}")
    x = astype(x, x.dtype if x.dtype.kind == "f" else np.float64)
    rcond = len(x) * float(np.finfo(x.dtype).eps) if rcond is None else rcond
    powers = [ones_like(x)]
    for _ in range(int(deg)):
        powers.append(powers[-1] * x)
    a = stack(powers[::-1], axis=1)
    if w is not None:
        w = operand(w, "polyfit")
        if w.shape != x.shape:
            raise ShapeError(f"polyfit: w must have one weight for each of the {len(x)} points; got shape {w.shape}")
        a, y = a * reshape(w, (-1, 1)), y * (w if y.ndim == 1 else reshape(w, (-1, 1)))
    # Columns of length 1 make the solution better determined. Their lengths cancel, so they are taken as constants.
    size = np.sqrt(np.sum(value_of(a) ** 2, axis=0))
    c = lstsq(a / size, y, rcond).x
    return c / (size if y.ndim == 1 else size[:, None])


@composed(
    name="polyfit",
    domain={"x": Distinct(-1.5, 1.5, margin=0.6), "y": _WIDE, "w": Interval(0.8, 1.25)},
    examples=[
        Example(x=(4,), y=(4,), deg=1),
        Example(x=(5,), y=(5,), deg=2),
        Example(x=(4,), y=(4, 2), deg=1),
        Example(x=(4,), y=(4,), w=(4,), deg=1),
        Example(x=(4,), y=(4, 2), w=(4,), deg=2),
        Example(x=(4,), y=(4,), deg=1, rcond=1e-6),
        Example(x=(3,), y=(3, 0), deg=1),
    ],
    reference=lambda x, y, w=None, deg=None, rcond=None: (
        np.polyfit(x, y, deg, rcond, w=w) if y.size else np.zeros((deg + 1, 0))
    ),
    errors=[
        Raises(OptionError, "must not be negative", x=(3,), y=(3,), deg=-1),
        Raises(ShapeError, "as many rows", x=(3,), y=(2,), deg=1),
        Raises(ShapeError, "one weight for each of the 3 points", x=(3,), y=(3,), w=(2,), deg=1),
    ],
)
def _polyfit(x, y, w=None, /, deg=1, rcond=None):
    return polyfit(x, y, deg, rcond, w=w)


share_record(polyfit, _polyfit)


# --- roots ------------------------------------------------------------------------------------------------------------


@composed(
    domain=_WIDE,
    examples=[Example(seq_of_zeros=(3,)), Example(seq_of_zeros=(1,)), Example(seq_of_zeros=(0,))],
    reference=np.poly,
    errors=[Raises(ShapeError, "characteristic polynomial of a matrix", seq_of_zeros=(2, 2))],
)
def poly(seq_of_zeros, /):
    """Coefficients of the polynomial with the given roots, and 1 before the highest power.

    Shapes: seq_of_zeros (n,) -> (n + 1,); of no roots the number 1.

    >>> ag.poly([1.0, -1.0])
    array([ 1.,  0., -1.])
    """
    roots = operand(seq_of_zeros, "poly")
    if roots.ndim > 1:
        raise ShapeError(
            f"poly: a vector of roots is needed, got shape {roots.shape}; the characteristic polynomial of a matrix is "
            "not supported, because its eigenvalues are complex in general"
        )
    roots = roots if roots.ndim else reshape(roots, (1,))
    roots = roots if roots.dtype.kind == "f" else astype(roots, np.float64)
    if not len(roots):
        return prod(roots)  # the empty product
    one = np.ones(1, roots.dtype)
    p = concatenate([one, -roots[:1]])
    for i in range(1, len(roots)):
        p = convolve(p, concatenate([one, -roots[i : i + 1]]))
    return p
