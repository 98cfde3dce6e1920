"""Products with a logarithm, which are 0 where the factor is 0: shares in entropies."""

from ...errors import ShapeError
from ...examples import Interval, Raises, Subgradient
from ...op import elementwise
from .origin import from_scipy, over, scipys

_POSITIVE = Interval(0.5, 5)
_CLASH = Raises(ShapeError, "do not broadcast", a=(2, 3), b=(4,))

_AT_NOTHING = Subgradient({"a": 0.0, "b": 0.0}, {"a": 0.0, "b": 0.0}, "0 log 0 = 0 is taken as a constant")


def _log_unless_nothing(xp, a, b, log, pole):
    """A logarithm, and 0 where a is 0 and the logarithm is infinite or undefined, which it is up to its pole."""
    nothing = xp.logical_and(a == 0, xp.logical_not(b > pole))
    return xp.where(nothing, 0, log(xp.where(nothing, 1, b)))


@elementwise(
    partials=[lambda xp, a, b: _log_unless_nothing(xp, a, b, xp.log, 0), lambda xp, a, b: over(xp, a, b)],
    singular=True,
    domain=_POSITIVE,
    **scipys("xlogy"),
    subgradients=[_AT_NOTHING],
    errors=[_CLASH],
)
def xlogy(xp, a, b, /):
    """``a log(b)``, and 0 where a is 0, element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.special.xlogy(0.0, 0.0))
    0.0
    """
    return from_scipy("xlogy", a, b)


@elementwise(
    partials=[
        lambda xp, a, b: _log_unless_nothing(xp, a, b, xp.log1p, -1),
        lambda xp, a, b: over(xp, a, 1 + b),
    ],
    singular=True,
    domain=Interval(-0.7, 5, away_from=[0]),
    **scipys("xlog1py"),
    subgradients=[Subgradient({"a": 0.0, "b": -1.0}, {"a": 0.0, "b": 0.0}, "0 log 0 = 0 is taken as a constant")],
    errors=[_CLASH],
)
def xlog1py(xp, a, b, /):
    """``a log(1 + b)``, accurate for small b, and 0 where a is 0, element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.special.xlog1py(0.0, -1.0))
    0.0
    """
    return from_scipy("xlog1py", a, b)


@elementwise(partials=[lambda xp, x: -xp.log(x) - 1], singular=True, domain=_POSITIVE, **scipys("entr"))
def entr(xp, x, /):
    """Share ``-x log(x)`` in an entropy, 0 for x = 0 and minus infinity for negative x, element by element.

    Shapes: x (...) -> (...).

    >>> round(float(ag.special.entr(0.5)), 4)
    0.3466
    """
    return from_scipy("entr", x)


@elementwise(
    partials=[lambda xp, a, b: xp.log(a) - xp.log(b) + 1, lambda xp, a, b: -over(xp, a, b)],
    singular=True,
    domain=_POSITIVE,
    **scipys("rel_entr"),
    errors=[_CLASH],
)
def rel_entr(xp, a, b, /):
    """Share ``a log(a / b)`` in a relative entropy, 0 where a is 0, element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> round(float(ag.special.rel_entr(2.0, 1.0)), 4)
    1.3863
    """
    return from_scipy("rel_entr", a, b)


@elementwise(
    partials=[lambda xp, a, b: xp.log(a) - xp.log(b), lambda xp, a, b: 1 - over(xp, a, b)],
    singular=True,
    domain=_POSITIVE,
    **scipys("kl_div"),
    errors=[_CLASH],
)
def kl_div(xp, a, b, /):
    """Share ``a log(a / b) - a + b``, which is never negative, in a relative entropy; element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> round(float(ag.special.kl_div(2.0, 1.0)), 4)
    0.3863
    """
    return from_scipy("kl_div", a, b)
