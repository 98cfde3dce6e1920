"""Choosing between elements: comparisons, `where`, the larger and the smaller of two, clipping.

Where two arguments tie, the choice is shared evenly.
"""

import numpy as np

from ..errors import ShapeError
from ..examples import Apart, Example, Interval, Raises, Subgradient
from ..op import elementwise, linear

_CLASH = Raises(ShapeError, "do not broadcast", a=(2, 3), b=(4,))
_HALF = np.float16(0.5)  # the narrowest type: multiplied with a cotangent it takes the cotangent's type


def _wins(xp, a, b):
    """1 where a > b, 0 where a < b, 1/2 where they tie."""
    return xp.where(a == b, _HALF, a > b)


@elementwise(
    partials=[lambda xp, a, b: _wins(xp, a, b), lambda xp, a, b: _wins(xp, b, a)],
    domain=Apart(),
    reference=np.maximum,
    subgradients=[Subgradient({"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 0.5}, "ties share evenly")],
    errors=[_CLASH],
)
def maximum(xp, a, b, /):
    """The larger of two, element by element; ties share the gradient evenly.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.maximum(1.0, 2.0))
    2.0
    """
    return xp.maximum(a, b)


@elementwise(
    partials=[lambda xp, a, b: _wins(xp, b, a), lambda xp, a, b: _wins(xp, a, b)],
    domain=Apart(),
    reference=np.minimum,
    subgradients=[Subgradient({"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 0.5}, "ties share evenly")],
    errors=[_CLASH],
)
def minimum(xp, a, b, /):
    """The smaller of two, element by element; ties share the gradient evenly.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.minimum(1.0, 2.0))
    1.0
    """
    return xp.minimum(a, b)


def _above(xp, x, low):
    """How much of x passes the lower bound."""
    return True if low is None else _wins(xp, x, low)


def _below(xp, x, low, high):
    """How much of what passed the lower bound passes the upper one."""
    return True if high is None else _wins(xp, high, x if low is None else xp.maximum(x, low))


@elementwise(
    partials=[
        lambda xp, x, a_min, a_max: _above(xp, x, a_min) * _below(xp, x, a_min, a_max),
        lambda xp, x, a_min, a_max: _wins(xp, a_min, x) * _below(xp, x, a_min, a_max),
        lambda xp, x, a_min, a_max: _wins(xp, x if a_min is None else xp.maximum(x, a_min), a_max),
    ],
    domain={"x": Interval(-3, 3, away_from=[-1, 1]), "a_min": Interval(-1.02, -0.98), "a_max": Interval(0.98, 1.02)},
    reference=lambda x, a_min=None, a_max=None: np.clip(x, a_min, a_max),
    examples=[
        Example(x=(3,), a_min=-1.0, a_max=1.0),
        Example(x=(2, 3), a_min=None, a_max=1.0),
        Example(x=(3,), a_min=-1.0),
        Example(x=(2, 3), a_min=(3,), a_max=(2, 1)),
        Example(x=(3,), a_min=(2, 1), a_max=None),
        Example(x=(0,), a_min=(1,), a_max=1.0),
    ],
    subgradients=[
        Subgradient({"x": 1.0, "a_min": -1.0, "a_max": 1.0}, {"x": 0.5, "a_max": 0.5}, "a tie of minimum"),
        Subgradient({"x": -1.0, "a_min": -1.0, "a_max": 1.0}, {"x": 0.5, "a_min": 0.5}, "a tie of maximum"),
    ],
    errors=[Raises(ShapeError, "do not broadcast", x=(2, 3), a_min=(4,))],
)
def clip(xp, x, a_min=None, a_max=None, /):
    """``minimum(maximum(x, a_min), a_max)``; a bound of None is no bound. Ties with a bound share evenly.

    Shapes: x (...), a_min (...), a_max (...) -> broadcast (...).

    >>> ag.clip(np.array([-2.0, 0.5, 2.0]), -1.0, 1.0)
    array([-1. ,  0.5,  1. ])
    """
    return xp.clip(x, a_min, a_max)


@linear(
    transpose=[
        None,
        lambda xp, g, condition: xp.where(condition, g, 0),
        lambda xp, g, condition: xp.where(condition, 0, g),
    ],
    domain=Interval(-3, 3),
    reference=np.where,
    examples=[
        Example(condition=np.array([True, False, True]), x=(3,), y=(3,)),
        Example(condition=np.array([[True], [False]]), x=(3,), y=(2, 1)),
        Example(condition=np.array([True, False]), x=(2,), y=0.0),
        Example(condition=np.array(True), x=(), y=(2,)),
        Example(condition=np.zeros((0, 2), bool), x=(0, 2), y=()),
    ],
    errors=[Raises(ShapeError, "where", condition=np.array([True, False]), x=(3,), y=(3,))],
)
def where(xp, condition, x, y, /):
    """x where the condition holds, else y; nothing of the branch not taken reaches the gradient.

    Shapes: condition (...), x (...), y (...) -> broadcast (...).

    >>> ag.where(np.array([True, False]), 1.0, 2.0)
    array([1., 2.])
    """
    return xp.where(condition, x, y)


@elementwise(partials=[None, None], domain=Interval(-3, 3), reference=np.equal, errors=[_CLASH])
def equal(xp, a, b, /):
    """Whether a = b, element by element; a constant, without a gradient.

    Shapes: a (...), b (...) -> broadcast (...), booleans.

    >>> bool(ag.equal(1.0, 2.0))
    False
    """
    return xp.equal(a, b)


@elementwise(partials=[None, None], domain=Interval(-3, 3), reference=np.not_equal, errors=[_CLASH])
def not_equal(xp, a, b, /):
    """Whether a and b differ, element by element; a constant, without a gradient.

    Shapes: a (...), b (...) -> broadcast (...), booleans.

    >>> bool(ag.not_equal(1.0, 2.0))
    True
    """
    return xp.not_equal(a, b)


@elementwise(partials=[None, None], domain=Interval(-3, 3), reference=np.less, errors=[_CLASH])
def less(xp, a, b, /):
    """Whether a < b, element by element; a constant, without a gradient.

    Shapes: a (...), b (...) -> broadcast (...), booleans.

    >>> bool(ag.less(1.0, 2.0))
    True
    """
    return xp.less(a, b)


@elementwise(partials=[None, None], domain=Interval(-3, 3), reference=np.less_equal, errors=[_CLASH])
def less_equal(xp, a, b, /):
    """Whether a <= b, element by element; a constant, without a gradient.

    Shapes: a (...), b (...) -> broadcast (...), booleans.

    >>> bool(ag.less_equal(1.0, 2.0))
    True
    """
    return xp.less_equal(a, b)


@elementwise(partials=[None, None], domain=Interval(-3, 3), reference=np.greater, errors=[_CLASH])
def greater(xp, a, b, /):
    """Whether a > b, element by element; a constant, without a gradient.

    Shapes: a (...), b (...) -> broadcast (...), booleans.

    >>> bool(ag.greater(1.0, 2.0))
    False
    """
    return xp.greater(a, b)


@elementwise(partials=[None, None], domain=Interval(-3, 3), reference=np.greater_equal, errors=[_CLASH])
def greater_equal(xp, a, b, /):
    """Whether a >= b, element by element; a constant, without a gradient.

    Shapes: a (...), b (...) -> broadcast (...), booleans.

    >>> bool(ag.greater_equal(1.0, 2.0))
    False
    """
    return xp.greater_equal(a, b)


@elementwise(partials=[None, None], domain=Interval(-3, 3), reference=np.logical_and, errors=[_CLASH])
def logical_and(xp, a, b, /):
    """Whether both are true, element by element; a constant, without a gradient.

    Shapes: a (...), b (...) -> broadcast (...), booleans.

    >>> bool(ag.logical_and(True, False))
    False
    """
    return xp.logical_and(a, b)


@elementwise(partials=[None, None], domain=Interval(-3, 3), reference=np.logical_or, errors=[_CLASH])
def logical_or(xp, a, b, /):
    """Whether at least one is true, element by element; a constant, without a gradient.

    Shapes: a (...), b (...) -> broadcast (...), booleans.

    >>> bool(ag.logical_or(True, False))
    True
    """
    return xp.logical_or(a, b)


@elementwise(partials=[None], domain=Interval(-3, 3), reference=np.logical_not)
def logical_not(xp, x, /):
    """Whether x is false (zero), element by element; a constant, without a gradient.

    Shapes: x (...) -> (...), booleans.

    >>> bool(ag.logical_not(True))
    False
    """
    return xp.logical_not(x)


@elementwise(partials=[None], domain=Interval(-3, 3), reference=np.isfinite)
def isfinite(xp, x, /):
    """Whether x is neither infinite nor a NaN, element by element; a constant, without a gradient.

    Shapes: x (...) -> (...), booleans.

    >>> bool(ag.isfinite(1.0))
    True
    """
    return xp.isfinite(x)


@elementwise(partials=[None], domain=Interval(-3, 3), reference=np.isinf)
def isinf(xp, x, /):
    """Whether x is infinite, element by element; a constant, without a gradient.

    Shapes: x (...) -> (...), booleans.

    >>> bool(ag.isinf(1.0))
    False
    """
    return xp.isinf(x)


@elementwise(partials=[None], domain=Interval(-3, 3), reference=np.isnan)
def isnan(xp, x, /):
    """Whether x is not a number, element by element; a constant, without a gradient.

    Shapes: x (...) -> (...), booleans.

    >>> bool(ag.isnan(1.0))
    False
    """
    return xp.isnan(x)
