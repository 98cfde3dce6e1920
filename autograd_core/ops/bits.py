"""How numbers are written down: sign, exponent and neighbours of floating point numbers; the bits of integers.

Signs and exponents are steps, so their derivative is 0 or they are constants. Python's operators on bits are defined
for integers and truth values only, as in NumPy.
"""

from typing import Any

import numpy as np

from ..engine import Variable, constant
from ..errors import DTypeError, ShapeError
from ..examples import Apart, Example, Interval, Raises, Subgradient
from ..op import composed, elementwise, linear
from .operands import operand, value_of
from .selection import logical_and, logical_not, logical_or, logical_xor

_NOT_ZERO = Interval(-4, 4, away_from=[0], margin=0.1)
_CLASH = Raises(ShapeError, "do not broadcast", a=(2, 3), b=(4,))


@elementwise(
    partials=[lambda xp, a, b: xp.sign(a) * xp.copysign(1.0, b), 0],
    domain=_NOT_ZERO,
    reference=np.copysign,
    subgradients=[
        Subgradient({"a": 0.0, "b": -1.0}, {"a": 0.0, "b": 0.0}, "the kink of |a|"),
        Subgradient({"a": -2.0, "b": -1.0}, {"a": 1.0, "b": 0.0}, "a itself"),
    ],
    errors=[_CLASH],
)
def copysign(xp, a, b, /):
    """The magnitude of a with the sign of b, element by element; its derivative at a = 0 is taken as 0.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.copysign(3.0, -0.0))
    -3.0
    """
    return xp.copysign(a, b)


@elementwise(partials=[None], domain=Interval(-3, 3), reference=np.signbit)
def signbit(xp, x, /):
    """Whether the sign is a minus, that of -0.0 included, element by element; a constant, without a gradient.

    Shapes: x (...) -> (...), booleans.

    >>> bool(ag.signbit(-0.0))
    True
    """
    return xp.signbit(x)


@elementwise(partials=[1, 0], domain=Apart(), reference=np.nextafter, errors=[_CLASH])
def nextafter(xp, a, b, /):
    """The number next to a in the direction of b, element by element: a up to rounding, and so is its derivative.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.nextafter(1.0, 2.0)) - 1.0
    2.220446049250313e-16
    """
    return xp.nextafter(a, b)


@elementwise(partials=[0], domain=Interval(1.1, 1.9), reference=np.spacing)
def spacing(xp, x, /):
    """The distance from x to the next number away from 0, element by element; a step, whose derivative is 0.

    Shapes: x (...) -> (...).

    >>> float(ag.spacing(1.0))
    2.220446049250313e-16
    """
    return xp.spacing(x)


@linear(
    transpose=[lambda g, exponent: ldexp(g, exponent), None],
    domain=Interval(-3, 3),
    examples=[
        Example(x=(3,), exponent=np.array([0, 3, -2])),
        Example(x=(3,), exponent=np.array([[1], [-1]])),
        Example(x=(2, 3), exponent=-1),
        Example(x=(), exponent=2),
        Example(x=(0,), exponent=1),
    ],
    reference=np.ldexp,
    errors=[Raises(DTypeError, "ldexp", x=(2,), exponent=0.5)],
)
def ldexp(xp, x, exponent, /):
    """``x 2**exponent`` for an integer exponent, exactly, element by element; the exponent has no derivative.

    Shapes: x (...), exponent (...) integers -> broadcast (...).

    >>> float(ag.ldexp(3.0, 2))
    12.0
    """
    return xp.ldexp(x, exponent)


@composed(
    domain=Interval(-3, 3, away_from=[-2, -1, -0.5, -0.25, -0.125, 0, 0.125, 0.25, 0.5, 1, 2], margin=0.1),
    examples=[Example(x=(2, 3)), Example(x=()), Example(x=(0,))],
    reference=np.frexp,
)
def frexp(x, /):
    """Mantissa m and exponent n with ``x = m 2**n`` and ``1/2 <= |m| < 1``; the exponent is a constant.

    Shapes: x (...) -> (...) and (...) integers.

    >>> m, n = ag.frexp(12.0)
    >>> float(m), int(n)
    (0.75, 4)
    """
    x = operand(x, "frexp")
    _, exponent = np.frexp(value_of(x))
    mantissa = ldexp(x, -exponent)
    return mantissa, constant(x.result_class, exponent) if isinstance(x, Variable) else exponent


def on_bits(symbol: str, ufunc: np.ufunc, *arguments: Any) -> Any:
    """What a Python operator on bits means for integers, and on truth values: a constant.

    Raises: DTypeError for floating point numbers, which NumPy refuses too.
    """
    values = [operand(value_of(x), symbol) for x in arguments]
    for value in values:
        if value.dtype.kind == "f":
            raise DTypeError(
                f"{symbol}: the bits of integers and truth values can be combined, not those of {value.dtype}; "
                "compare first (x > 0), or use ag.logical_and, ag.logical_or, ag.logical_not"
            )
    if symbol in _OF_TRUTH_VALUES and all(value.dtype == np.bool_ for value in values):
        return _OF_TRUTH_VALUES[symbol](*arguments)
    given = [x if type(x) in (int, bool) else v for x, v in zip(arguments, values, strict=True)]  # numbers stay weak
    try:
        out = ufunc(*given)
    except (TypeError, ValueError) as error:
        raise (DTypeError if isinstance(error, TypeError) else ShapeError)(f"{symbol}: {error}") from None
    return constant(next(x.result_class for x in arguments if isinstance(x, Variable)), out)


_OF_TRUTH_VALUES: dict[str, Any] = {"&": logical_and, "|": logical_or, "^": logical_xor, "~": logical_not}
