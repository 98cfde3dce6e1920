"""Exponentials, logarithms, trigonometric and hyperbolic functions with their inverses, element by element."""

from math import log as _ln, pi as _pi
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..examples import Example, Interval, Raises, Subgradient
from ..op import elementwise
from .activations import sigmoid

_ALL = Interval(-4, 4)
_COMPLEX = Raises(DTypeError, "complex numbers .* are not supported", x=np.array([1j]))
_CLASH = Raises(ShapeError, "do not broadcast", a=(2, 3), b=(4,))


@elementwise(partials=[lambda out: out], domain=_ALL, reference=np.exp, errors=[_COMPLEX])
def exp(xp, x, /):
    """Exponential ``e**x``, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.exp(0.0))
    1.0
    """
    return xp.exp(x)


@elementwise(partials=[lambda out: out * _ln(2)], domain=_ALL, reference=np.exp2, errors=[_COMPLEX])
def exp2(xp, x, /):
    """Power of two ``2**x``, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.exp2(3.0))
    8.0
    """
    return xp.exp2(x)


@elementwise(partials=[lambda xp, x: xp.exp(x)], domain=_ALL, reference=np.expm1, errors=[_COMPLEX])
def expm1(xp, x, /):
    """``e**x - 1``, accurate for small x, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.expm1(0.0))
    0.0
    """
    return xp.expm1(x)


@elementwise(partials=[lambda x: 1 / x], singular=True, domain=Interval(0.1, 5), reference=np.log, errors=[_COMPLEX])
def log(xp, x, /):
    """Natural logarithm, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.log(1.0))
    0.0
    """
    return xp.log(x)


@elementwise(
    partials=[lambda x: (1 / _ln(2)) / x], singular=True, domain=Interval(0.1, 5), reference=np.log2, errors=[_COMPLEX]
)
def log2(xp, x, /):
    """Logarithm to base 2, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.log2(8.0))
    3.0
    """
    return xp.log2(x)


@elementwise(
    partials=[lambda x: (1 / _ln(10)) / x],
    singular=True,
    domain=Interval(0.1, 5),
    reference=np.log10,
    errors=[_COMPLEX],
)
def log10(xp, x, /):
    """Logarithm to base 10, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.log10(100.0))
    2.0
    """
    return xp.log10(x)


@elementwise(
    partials=[lambda x: 1 / (1 + x)], singular=True, domain=Interval(-0.8, 5), reference=np.log1p, errors=[_COMPLEX]
)
def log1p(xp, x, /):
    """``log(1 + x)``, accurate for small x, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.log1p(0.0))
    0.0
    """
    return xp.log1p(x)


@elementwise(partials=[lambda xp, x: xp.cos(x)], domain=_ALL, reference=np.sin, errors=[_COMPLEX])
def sin(xp, x, /):
    """Sine of an angle in radians, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.sin(0.0))
    0.0
    """
    return xp.sin(x)


@elementwise(partials=[lambda xp, x: -xp.sin(x)], domain=_ALL, reference=np.cos, errors=[_COMPLEX])
def cos(xp, x, /):
    """Cosine of an angle in radians, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.cos(0.0))
    1.0
    """
    return xp.cos(x)


@elementwise(partials=[lambda out: 1 + out * out], domain=Interval(-1.3, 1.3), reference=np.tan, errors=[_COMPLEX])
def tan(xp, x, /):
    """Tangent of an angle in radians, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.tan(0.0))
    0.0
    """
    return xp.tan(x)


@elementwise(
    partials=[lambda xp, x: 1 / xp.sqrt((1 - x) * (1 + x))],
    singular=True,
    domain=Interval(-0.9, 0.9),
    reference=np.arcsin,
    errors=[_COMPLEX],
)
def arcsin(xp, x, /):
    """Inverse sine, in radians from -pi/2 to pi/2, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.arcsin(0.0))
    0.0
    """
    return xp.arcsin(x)


@elementwise(
    partials=[lambda xp, x: -1 / xp.sqrt((1 - x) * (1 + x))],
    singular=True,
    domain=Interval(-0.9, 0.9),
    reference=np.arccos,
    errors=[_COMPLEX],
)
def arccos(xp, x, /):
    """Inverse cosine, in radians from 0 to pi, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.arccos(1.0))
    0.0
    """
    return xp.arccos(x)


def _over_square(xp, x):
    """``1 / (1 + x**2)``, where the square may overflow."""
    h = xp.hypot(x, 1)
    return 1 / h / h


@elementwise(partials=[lambda xp, x: _over_square(xp, x)], domain=_ALL, reference=np.arctan, errors=[_COMPLEX])
def arctan(xp, x, /):
    """Inverse tangent, in radians from -pi/2 to pi/2, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.arctan(0.0))
    0.0
    """
    return xp.arctan(x)


@elementwise(partials=[lambda xp, x: xp.cosh(x)], domain=_ALL, reference=np.sinh, errors=[_COMPLEX])
def sinh(xp, x, /):
    """Hyperbolic sine, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.sinh(0.0))
    0.0
    """
    return xp.sinh(x)


@elementwise(partials=[lambda xp, x: xp.sinh(x)], domain=_ALL, reference=np.cosh, errors=[_COMPLEX])
def cosh(xp, x, /):
    """Hyperbolic cosine, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.cosh(0.0))
    1.0
    """
    return xp.cosh(x)


@elementwise(
    partials=[lambda out: 1 - out * out],
    fused=[lambda g, out: g - g * (out * out)],
    domain=Interval(-20, 20),
    reference=np.tanh,
    errors=[_COMPLEX],
)
def tanh(xp, x, /):
    """Hyperbolic tangent, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.tanh(0.0))
    0.0
    """
    return xp.tanh(x)


@elementwise(partials=[lambda xp, x: 1 / xp.hypot(x, 1)], domain=_ALL, reference=np.arcsinh, errors=[_COMPLEX])
def arcsinh(xp, x, /):
    """Inverse hyperbolic sine, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.arcsinh(0.0))
    0.0
    """
    return xp.arcsinh(x)


@elementwise(
    partials=[lambda xp, x: 1 / xp.sqrt(x - 1) / xp.sqrt(x + 1)],  # the product would overflow
    singular=True,
    domain=Interval(1.2, 5),
    reference=np.arccosh,
    errors=[_COMPLEX],
)
def arccosh(xp, x, /):
    """Inverse hyperbolic cosine, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.arccosh(1.0))
    0.0
    """
    return xp.arccosh(x)


@elementwise(
    partials=[lambda x: 1 / ((1 - x) * (1 + x))],
    singular=True,
    domain=Interval(-0.9, 0.9),
    reference=np.arctanh,
    errors=[_COMPLEX],
)
def arctanh(xp, x, /):
    """Inverse hyperbolic tangent, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.arctanh(0.0))
    0.0
    """
    return xp.arctanh(x)


def _over(xp, a, b):
    """``a / b``, and the constant 0 where b is 0."""
    return xp.where(b == 0, 0, a / xp.where(b == 0, 1, b))


@elementwise(
    partials=[lambda xp, a, out: _over(xp, a, out), lambda xp, b, out: _over(xp, b, out)],
    domain=Interval(-4, 4, away_from=[0], margin=0.2),
    reference=np.hypot,
    subgradients=[Subgradient({"a": 0.0, "b": 0.0}, {"a": 0.0, "b": 0.0}, "the tip of the cone")],
    errors=[_CLASH],
)
def hypot(xp, a, b, /):
    """Length ``sqrt(a**2 + b**2)`` of the hypotenuse, without overflow; its derivative at the origin is taken as 0.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.hypot(3.0, 4.0))
    5.0
    """
    return xp.hypot(a, b)


def _turn(xp, x, a, b):
    """``x / (a**2 + b**2)``, where the squares may overflow or vanish."""
    radius = xp.hypot(a, b)
    return x / radius / radius


@elementwise(
    partials=[lambda xp, a, b: _turn(xp, b, a, b), lambda xp, a, b: -_turn(xp, a, a, b)],
    singular=True,
    domain=Interval(-4, 4, away_from=[0], margin=0.2),
    reference=np.arctan2,
    errors=[_CLASH],
)
def arctan2(xp, a, b, /):
    """Angle of the point with ordinate a and abscissa b, in radians from -pi to pi.

    Shapes: a (...), b (...) -> broadcast (...). At the origin, around which the angle takes every value, the
    derivative is not a number.

    >>> float(ag.arctan2(0.0, 1.0))
    0.0
    """
    return xp.arctan2(a, b)


def _ahead(xp, a, b):
    """``a - b``: 0 for equal arguments, infinite ones included."""
    endless = (a == b) & xp.isinf(a)  # elsewhere a tie is nothing special, and has a second derivative
    with np.errstate(over="ignore"):
        return xp.where(endless, 0, a) - xp.where(endless, 0, b)


_LOG_OF_SUM: dict[str, Any] = {
    "domain": _ALL,
    "subgradients": [
        Subgradient({"a": -np.inf, "b": -np.inf}, {"a": 0.5, "b": 0.5}, "equal arguments share"),
        Subgradient({"a": 3.0, "b": -np.inf}, {"a": 1.0, "b": 0.0}, "the limit"),
    ],
    "errors": [_CLASH],
}


@elementwise(
    partials=[lambda xp, a, b: sigmoid(_ahead(xp, a, b)), lambda xp, a, b: sigmoid(_ahead(xp, b, a))],
    reference=np.logaddexp,
    **_LOG_OF_SUM,
)
def logaddexp(xp, a, b, /):
    """``log(e**a + e**b)`` without overflow, element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.logaddexp(-np.inf, 1.0))
    1.0
    """
    return xp.logaddexp(a, b)


@elementwise(
    partials=[
        lambda xp, a, b: sigmoid(_ahead(xp, a, b) * _ln(2)),
        lambda xp, a, b: sigmoid(_ahead(xp, b, a) * _ln(2)),
    ],
    reference=np.logaddexp2,
    **_LOG_OF_SUM,
)
def logaddexp2(xp, a, b, /):
    """``log2(2**a + 2**b)`` without overflow, element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.logaddexp2(3.0, 3.0))
    4.0
    """
    return xp.logaddexp2(a, b)


@elementwise(partials=[_pi / 180], domain=Interval(-200, 200), reference=np.deg2rad, errors=[_COMPLEX])
def deg2rad(xp, x, /):
    """Degrees in radians, ``x pi / 180``, element by element.

    Shapes: x (...) -> (...).

    >>> round(float(ag.deg2rad(180.0)), 4)
    3.1416
    """
    return xp.deg2rad(x)


@elementwise(partials=[180 / _pi], domain=_ALL, reference=np.rad2deg, errors=[_COMPLEX])
def rad2deg(xp, x, /):
    """Radians in degrees, ``x 180 / pi``, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.rad2deg(0.0))
    0.0
    """
    return xp.rad2deg(x)


@elementwise(
    partials=[0],
    domain=Interval(-4, 4, away_from=[0]),
    examples=[Example(x=(2, 3)), Example(x=()), Example(x=(0,)), Example(x=(3,), deg=True)],
    reference=np.angle,
    subgradients=[Subgradient({"x": 0.0}, {"x": 0.0}, "a jump; the derivative is 0 on both sides")],
    errors=[_COMPLEX],
)
def angle(xp, x, /, deg=False):
    """Angle of a real number in the complex plane: 0 if it is positive, pi (or 180 degrees) if it is negative.

    Shapes: x (...) -> (...).

    >>> float(ag.angle(-2.0, deg=True))
    180.0
    """
    return xp.angle(x, deg=deg)
