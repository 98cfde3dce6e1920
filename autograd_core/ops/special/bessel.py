"""Bessel functions of the first and second kind, and modified ones."""

from ...examples import Interval, Subgradient
from ...op import elementwise
from ..sinc_and_i0 import i0_derivative
from .origin import examples_with, from_scipy, held, scipys

_ALL = Interval(-8, 8)

_ARGUMENT = Interval(0.5, 6)


@held("v")
@elementwise(
    partials=[None, lambda v, x: (iv(v - 1, x) + iv(v + 1, x)) / 2],
    domain=_ARGUMENT,
    examples=examples_with("v", "x"),
    **scipys("iv"),
)
def iv(xp, v, x, /):
    """Modified Bessel function of the first kind and real order v, element by element; v has no derivative.

    Shapes: v (...), x (...) -> broadcast (...).
    Raises: MissingRuleError for a v that requires a gradient; ImportError without SciPy, as all that follow.

    >>> round(float(ag.special.iv(1, 1.0)), 4)
    0.5652
    """
    return from_scipy("iv", v, x)


@held("v")
@elementwise(
    partials=[None, lambda xp, v, x, out: (ive(v - 1, x) + ive(v + 1, x)) / 2 - xp.sign(x) * out],
    domain=_ARGUMENT,
    examples=examples_with("v", "x"),
    **scipys("ive"),
)
def ive(xp, v, x, /):
    """``e**-|x| iv(v, x)``, element by element; v has no derivative.

    Shapes: v (...), x (...) -> broadcast (...).
    Raises: MissingRuleError for a v that requires a gradient.

    >>> round(float(ag.special.ive(1, 1.0)), 4)
    0.2079
    """
    return from_scipy("ive", v, x)


@held("v")
@elementwise(
    partials=[None, lambda v, x: (jv(v - 1, x) - jv(v + 1, x)) / 2],
    domain=_ARGUMENT,
    examples=examples_with("v", "x"),
    **scipys("jv"),
)
def jv(xp, v, x, /):
    """Bessel function of the first kind and real order v, element by element; v has no derivative.

    Shapes: v (...), x (...) -> broadcast (...).
    Raises: MissingRuleError for a v that requires a gradient.

    >>> round(float(ag.special.jv(1, 1.0)), 4)
    0.4401
    """
    return from_scipy("jv", v, x)


@elementwise(partials=[lambda x: i0_derivative(x, 2)], domain=_ALL, **scipys("i1"))
def i1(xp, x, /):
    """Modified Bessel function of the first kind and order 1, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.special.i1(0.0))
    0.0
    """
    return from_scipy("i1", x)


@elementwise(
    partials=[lambda xp, x, out: i1e(x) - xp.sign(x) * out],
    domain=Interval(-8, 8, away_from=[0]),
    **scipys("i0e"),
    subgradients=[Subgradient({"x": 0.0}, {"x": 0.0}, "the kink of |x|")],
)
def i0e(xp, x, /):
    """``e**-|x| i0(x)``, element by element; its derivative at 0 is taken as 0.

    Shapes: x (...) -> (...).

    >>> float(ag.special.i0e(0.0))
    1.0
    """
    return from_scipy("i0e", x)


@elementwise(
    partials=[
        # out / x is 1/2 at 0
        lambda xp, x, out: i0e(x) - xp.where(x == 0, 0.5, out / xp.where(x == 0, 1, x)) - xp.sign(x) * out
    ],
    domain=Interval(-8, 8, away_from=[0]),
    **scipys("i1e"),
)
def i1e(xp, x, /):
    """``e**-|x| i1(x)``, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.special.i1e(0.0))
    0.0
    """
    return from_scipy("i1e", x)


@elementwise(partials=[lambda x: -j1(x)], domain=_ALL, **scipys("j0"))
def j0(xp, x, /):
    """Bessel function of the first kind and order 0, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.special.j0(0.0))
    1.0
    """
    return from_scipy("j0", x)


@elementwise(partials=[lambda x: (j0(x) - jv(2, x)) / 2], domain=_ALL, **scipys("j1"))
def j1(xp, x, /):
    """Bessel function of the first kind and order 1, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.special.j1(0.0))
    0.0
    """
    return from_scipy("j1", x)


@elementwise(partials=[lambda x: -y1(x)], singular=True, domain=_ARGUMENT, **scipys("y0"))
def y0(xp, x, /):
    """Bessel function of the second kind and order 0, element by element, for positive x.

    Shapes: x (...) -> (...).

    >>> round(float(ag.special.y0(1.0)), 4)
    0.0883
    """
    return from_scipy("y0", x)


@elementwise(partials=[lambda x, out: y0(x) - out / x], singular=True, domain=_ARGUMENT, **scipys("y1"))
def y1(xp, x, /):
    """Bessel function of the second kind and order 1, element by element, for positive x.

    Shapes: x (...) -> (...).

    >>> round(float(ag.special.y1(1.0)), 4)
    -0.7812
    """
    return from_scipy("y1", x)
