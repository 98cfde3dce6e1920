"""Rounding, and division with a remainder: steps, whose derivative is 0, and saws, whose teeth have a slope.

At the jumps themselves the derivative is that of the piece the value belongs to.
"""

import numpy as np

from ..errors import DTypeError, ShapeError
from ..examples import Example, Interval, Raises, Subgradient
from ..op import composed, elementwise
from .creation import astype
from .operands import operand, perhaps_any, value_of
from .selection import isinf, where

_COMPLEX = Raises(DTypeError, "complex numbers .* are not supported", x=np.array([1j]))
_CLASH = Raises(ShapeError, "do not broadcast", a=(2, 3), b=(4,))
_BETWEEN_INTEGERS = Interval(-3, 3, away_from=range(-3, 4))
_BETWEEN_HALVES = Interval(-3, 3, away_from=[k / 2 for k in range(-6, 7)])
_BETWEEN_TWENTIETHS = Interval(-3, 3, away_from=[k / 20 for k in range(-60, 61)], margin=0.01)
# No quotient of the two comes near an integer.
_DIVISION = {"a": Interval(-3.7, -3.3), "b": Interval(0.98, 1.02)}
_STEP = Subgradient({"x": 2.0}, {"x": 0.0}, "a jump; the derivative is 0 on both sides")


@elementwise(partials=[0], domain=_BETWEEN_INTEGERS, reference=np.floor, subgradients=[_STEP], errors=[_COMPLEX])
def floor(xp, x, /):
    """The nearest integer that is not larger, element by element; its derivative is 0.

    Shapes: x (...) -> (...).

    >>> float(ag.floor(-1.5))
    -2.0
    """
    return xp.floor(x)


@elementwise(partials=[0], domain=_BETWEEN_INTEGERS, reference=np.ceil, subgradients=[_STEP], errors=[_COMPLEX])
def ceil(xp, x, /):
    """The nearest integer that is not smaller, element by element; its derivative is 0.

    Shapes: x (...) -> (...).

    >>> float(ag.ceil(-1.5))
    -1.0
    """
    return xp.ceil(x)


@elementwise(partials=[0], domain=_BETWEEN_INTEGERS, reference=np.trunc, subgradients=[_STEP], errors=[_COMPLEX])
def trunc(xp, x, /):
    """The nearest integer that is not further from 0, element by element; its derivative is 0.

    Shapes: x (...) -> (...).

    >>> float(ag.trunc(-1.5))
    -1.0
    """
    return xp.trunc(x)


@elementwise(partials=[0], domain=_BETWEEN_INTEGERS, reference=np.trunc, subgradients=[_STEP], errors=[_COMPLEX])
def fix(xp, x, /):
    """The nearest integer that is not further from 0, element by element; its derivative is 0.

    Shapes: x (...) -> (...).

    >>> float(ag.fix(1.9))
    1.0
    """
    return xp.trunc(x)


@elementwise(partials=[0], domain=_BETWEEN_HALVES, reference=np.rint, subgradients=[_STEP], errors=[_COMPLEX])
def rint(xp, x, /):
    """The nearest integer, of two equally near the even one, element by element; its derivative is 0.

    Shapes: x (...) -> (...).

    >>> float(ag.rint(2.5))
    2.0
    """
    return xp.rint(x)


@elementwise(
    partials=[0],
    domain=_BETWEEN_TWENTIETHS,
    examples=[
        Example(x=(2, 3)),
        Example(x=()),
        Example(x=(0,)),
        Example(x=(2, 3), decimals=1),
        Example(x=(3,), decimals=-1),
    ],
    reference=np.round,
    subgradients=[_STEP],
    errors=[_COMPLEX, Raises(DTypeError, "integer", x=(2,), decimals=1.5)],
)
def round(xp, x, /, decimals=0):
    """The nearest multiple of ``10**-decimals``, of two equally near the even one; its derivative is 0.

    Shapes: x (...) -> (...).

    >>> float(ag.round(1.25, 1))
    1.2
    """
    return xp.round(x, decimals)


@elementwise(
    partials=[0, 0],
    domain=_DIVISION,
    reference=np.floor_divide,
    subgradients=[Subgradient({"a": 4.0, "b": 2.0}, {"a": 0.0, "b": 0.0}, "a jump; 0 on both sides")],
    errors=[_CLASH],
)
def floor_divide(xp, a, b, /):
    """Quotient rounded down, ``floor(a / b)``, element by element; its derivative is 0.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.floor_divide(-7.0, 2.0))
    -4.0
    """
    return xp.floor_divide(a, b)


@elementwise(
    partials=[1, lambda xp, a, b: -xp.floor_divide(a, b)],
    domain=_DIVISION,
    reference=np.remainder,
    subgradients=[Subgradient({"a": 4.0, "b": 2.0}, {"a": 1.0, "b": -2.0}, "of the tooth that begins there")],
    errors=[_CLASH],
)
def remainder(xp, a, b, /):
    """What ``floor_divide`` leaves, ``a - b floor(a / b)``, with the sign of b; element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.remainder(-7.0, 2.0))
    1.0
    """
    return xp.remainder(a, b)


@elementwise(
    partials=[1, lambda xp, a, b, out: xp.rint((out - a) / b)],  # an integer, but for rounding
    domain=_DIVISION,
    reference=np.fmod,
    subgradients=[Subgradient({"a": -4.0, "b": 2.0}, {"a": 1.0, "b": 2.0}, "of the tooth that begins there")],
    errors=[_CLASH],
)
def fmod(xp, a, b, /):
    """What a quotient rounded towards 0 leaves, ``a - b trunc(a / b)``, with the sign of a; element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.fmod(-7.0, 2.0))
    -1.0
    """
    return xp.fmod(a, b)


_BOTH = [Example(a=(2, 3), b=(3,)), Example(a=(), b=()), Example(a=(0,), b=(1,)), Example(a=(2, 1), b=(3,))]


@composed(
    domain=_DIVISION, examples=_BOTH, reference=np.divmod, errors=[Raises(ShapeError, "broadcast", a=(2, 3), b=(4,))]
)
def divmod(a, b, /):
    """Quotient rounded down, and what is left: ``floor_divide(a, b)`` and ``remainder(a, b)``.

    Shapes: a (...), b (...) -> two of broadcast (...).

    >>> [float(y) for y in ag.divmod(-7.0, 2.0)]
    [-4.0, 1.0]
    """
    return floor_divide(a, b), remainder(a, b)


@composed(
    domain=_BETWEEN_INTEGERS,
    examples=[Example(x=(2, 3)), Example(x=()), Example(x=(0,))],
    reference=np.modf,
    errors=[_COMPLEX],
)
def modf(x, /):
    """The fractional part, whose derivative is 1, and the integral part, whose derivative is 0; both with x's sign.

    Shapes: x (...) -> two of (...).

    >>> [float(y) for y in ag.modf(-1.5)]
    [-0.5, -1.0]
    """
    x = operand(x, "modf")
    x = x if x.dtype.kind == "f" else astype(x, np.float64)
    whole, endless = trunc(x), isinf(x)  # an infinite number has no fraction
    some = perhaps_any(value_of(endless))
    return where(endless, 0.0, x - where(endless, 0.0, whole)) if some else x - whole, whole
