"""Choosing between elements: comparisons, `where`, the larger and the smaller of two, clipping.

Where two arguments tie, the choice is shared evenly.
"""

import numpy as np

from ..errors import OptionError, ShapeError
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


def _wins_over_nan(xp, a, b):
    """The same, but a number wins over a NaN, and NaNs tie."""
    both = xp.isnan(a) & xp.isnan(b)
    return xp.where((a == b) | both, _HALF, (a > b) | (xp.isnan(b) & ~both))


_ONE_IS_NAN = Subgradient({"a": np.nan, "b": 1.0}, {"a": 0.0, "b": 1.0}, "to the one that is a number")


@elementwise(
    partials=[lambda xp, a, b: _wins_over_nan(xp, a, b), lambda xp, a, b: _wins_over_nan(xp, b, a)],
    domain=Apart(),
    reference=np.fmax,
    subgradients=[Subgradient({"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 0.5}, "ties share evenly"), _ONE_IS_NAN],
    errors=[_CLASH],
)
def fmax(xp, a, b, /):
    """The larger of two, or the one that is not NaN, element by element; ties share the gradient evenly.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.fmax(1.0, np.nan))
    1.0
    """
    return xp.fmax(a, b)


@elementwise(
    partials=[lambda xp, a, b: _wins_over_nan(xp, -a, -b), lambda xp, a, b: _wins_over_nan(xp, -b, -a)],
    domain=Apart(),
    reference=np.fmin,
    subgradients=[Subgradient({"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 0.5}, "ties share evenly"), _ONE_IS_NAN],
    errors=[_CLASH],
)
def fmin(xp, a, b, /):
    """The smaller of two, or the one that is not NaN, element by element; ties share the gradient evenly.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.fmin(1.0, np.nan))
    1.0
    """
    return xp.fmin(a, b)


@elementwise(
    partials=[0, lambda x: x == 0],
    domain={"x": Interval(-3, 3, away_from=[0]), "value": Interval(-3, 3)},
    reference=np.heaviside,
    subgradients=[Subgradient({"x": 0.0, "value": 0.5}, {"x": 0.0, "value": 1.0}, "a jump, at which it is the value")],
    errors=[Raises(ShapeError, "do not broadcast", x=(2, 3), value=(4,))],
)
def heaviside(xp, x, value, /):
    """The unit step: 0 for x < 0, 1 for x > 0, and the value given for x = 0; element by element.

    Shapes: x (...), value (...) -> broadcast (...).

    >>> ag.heaviside(np.array([-1.0, 0.0, 1.0]), 0.5)
    array([0. , 0.5, 1. ])
    """
    return xp.heaviside(x, value)


def _is_number(value):
    return value is None or isinstance(value, int | float | np.integer | np.floating)


@elementwise(
    partials=[lambda xp, x: xp.isfinite(x)],
    domain=Interval(-3, 3),
    examples=[
        Example(x=(2, 3)),
        Example(x=()),
        Example(x=(0,)),
        Example(x=(3,), nan=2.0),
        Example(x=(3,), posinf=2.0, neginf=-2.0),
    ],
    reference=np.nan_to_num,
    subgradients=[
        Subgradient({"x": np.nan}, {"x": 0.0}, "replaced by a constant"),
        Subgradient({"x": np.inf}, {"x": 0.0}, "replaced by a constant"),
    ],
    errors=[Raises(OptionError, "plain numbers", x=(2,), nan=np.ones(2))],
)
def nan_to_num(xp, x, /, *, nan=0.0, posinf=None, neginf=None):
    """NaN and infinities replaced by numbers (the largest there are for None), which get no gradient.

    Shapes: x (...) -> (...).
    Raises: OptionError for replacements that are not plain numbers.

    >>> ag.nan_to_num(np.array([1.0, np.nan, np.inf]), posinf=9.0)
    array([1., 0., 9.])
    """
    if not (_is_number(nan) and _is_number(posinf) and _is_number(neginf)):
        raise OptionError("nan_to_num: nan=, posinf= and neginf= are plain numbers here; for arrays use ag.where")
    return xp.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


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


@elementwise(partials=[None, None], domain=Interval(-3, 3), reference=np.logical_xor, errors=[_CLASH])
def logical_xor(xp, a, b, /):
    """Whether one of the two is true, and the other is not; a constant, without a gradient.

    Shapes: a (...), b (...) -> broadcast (...), booleans.

    >>> bool(ag.logical_xor(True, False))
    True
    """
    return xp.logical_xor(a, b)


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


@elementwise(partials=[None], domain=Interval(-3, 3), reference=np.isneginf)
def isneginf(xp, x, /):
    """Whether x is minus infinity, element by element; a constant, without a gradient.

    Shapes: x (...) -> (...), booleans.

    >>> bool(ag.isneginf(-np.inf))
    True
    """
    return xp.isneginf(x)


@elementwise(partials=[None], domain=Interval(-3, 3), reference=np.isposinf)
def isposinf(xp, x, /):
    """Whether x is plus infinity, element by element; a constant, without a gradient.

    Shapes: x (...) -> (...), booleans.

    >>> bool(ag.isposinf(-np.inf))
    False
    """
    return xp.isposinf(x)


@elementwise(partials=[None], domain=Interval(-3, 3), reference=np.isnan)
def isnan(xp, x, /):
    """Whether x is not a number, element by element; a constant, without a gradient.

    Shapes: x (...) -> (...), booleans.

    >>> bool(ag.isnan(1.0))
    False
    """
    return xp.isnan(x)
