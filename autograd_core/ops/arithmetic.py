"""Arithmetic on each element: sums, products, quotients, powers, roots, absolute value."""

import numpy as np

from ..errors import DTypeError, OptionError, ShapeError
from ..examples import Example, Interval, Raises, Subgradient
from ..op import composed, elementwise
from .creation import alias
from .operands import operand

_CLASH = Raises(
    ShapeError, r"shapes \(2, 3\) and \(4,\) do not broadcast.*axis -1 has lengths 3 and 4", a=(2, 3), b=(4,)
)
_COMPLEX = Raises(DTypeError, "complex numbers .* are not supported", x=np.array([1j]))
_NOT_ZERO = Interval(-4, 4, away_from=[0], margin=0.3)


@elementwise(partials=[1, 1], domain=Interval(-5, 5), reference=np.add, errors=[_CLASH])
def add(xp, a, b, /):
    """Sum ``a + b``, element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.add(1.0, 2.0))
    3.0
    """
    return a + b


@elementwise(partials=[1, -1], domain=Interval(-5, 5), reference=np.subtract, errors=[_CLASH])
def subtract(xp, a, b, /):
    """Difference ``a - b``, element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.subtract(1.0, 2.0))
    -1.0
    """
    return xp.subtract(a, b)


@elementwise(partials=[lambda b: b, lambda a: a], domain=Interval(-5, 5), reference=np.multiply, errors=[_CLASH])
def multiply(xp, a, b, /):
    """Product ``a * b``, element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.multiply(3.0, 2.0))
    6.0
    """
    return a * b


def _one_over(b, a_aval):
    """``1 / b`` in the type of a, if that is the wider one: 1/3 in half precision would be wrong for a in double."""
    kind = getattr(b, "dtype", a_aval.dtype)
    return 1 / (b if kind == a_aval.dtype else b.astype(np.result_type(kind, a_aval.dtype)))


@elementwise(
    partials=[lambda b, a_aval: _one_over(b, a_aval), lambda out, b: -out / b],
    singular=True,
    domain={"a": Interval(-5, 5), "b": _NOT_ZERO},
    reference=np.divide,
    errors=[_CLASH],
)
def divide(xp, a, b, /):
    """Quotient ``a / b``, element by element; integers are divided as real numbers.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> float(ag.divide(1.0, 4.0))
    0.25
    """
    return xp.divide(a, b)


@elementwise(partials=[-1], domain=Interval(-5, 5), reference=np.negative, errors=[_COMPLEX])
def negative(xp, x, /):
    """Negative ``-x``, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.negative(1.0))
    -1.0
    """
    return xp.negative(x)


def _power_base(xp, a, b):
    """``b a**(b-1)``, and 0 for b = 0 wherever a is."""
    if isinstance(b, int | float):
        return 2 * a if b == 2 else xp.zeros_like(a) if b == 0 else b * power(a, b - 1)
    return b * xp.power(a, xp.where((a == 0) & (b == 0), 1, b - 1))


def _power_exponent(xp, a, b, out):
    """``a**b log a``, and its limit 0 where a is 0 and b is not negative."""
    return out * xp.log(xp.where((a == 0) & (b >= 0), 1, a))


@elementwise(
    partials=[_power_base, _power_exponent],
    singular=True,
    domain={"a": Interval(0.3, 3), "b": Interval(-2, 3)},
    reference=np.power,
    examples=[
        Example(a=(3,), b=2),
        Example(a=(2, 2), b=3),
        Example(a=(3,), b=-1.5),
        Example(a=(), b=0),
        Example(a=2.0, b=(3,)),
        Example(a=(2, 3), b=(3,)),
        Example(a=(2, 1), b=(1, 3)),
        Example(a=(0,), b=(1,)),
    ],
    subgradients=[
        Subgradient({"a": 0.0, "b": 0.0}, {"a": 0.0}, "x**0 is the constant 1"),
        Subgradient({"a": 0.0, "b": 2.0}, {"a": 0.0, "b": 0.0}, "the limit of a**b log(a)"),
        Subgradient({"a": 0.0, "b": 1.0}, {"a": 1.0, "b": 0.0}, "the limit of a**b log(a)"),
    ],
    errors=[_CLASH, Raises(OptionError, "negative integer powers", a=np.array([1, 2]), b=-1)],
)
def power(xp, a, b, /):
    """Power ``a**b``, element by element.

    Shapes: a (...), b (...) -> broadcast (...). The derivative with respect to b wants a >= 0.

    >>> float(ag.power(3.0, 2))
    9.0
    """
    if type(b) is int and isinstance(a, np.ndarray) and a.dtype.kind == "f":
        if b == 2:
            return a * a
        if b == 3:  # NumPy calls pow() for each number, which takes many times longer
            return a * a * a
    return xp.power(a, b)


@elementwise(partials=[1], domain=Interval(-5, 5), reference=np.positive, errors=[_COMPLEX])
def positive(xp, x, /):
    """The same numbers in new memory.

    Shapes: x (...) -> (...).

    >>> float(ag.positive(1.0))
    1.0
    """
    return xp.positive(x)


@elementwise(partials=[lambda x: x + x], domain=Interval(-5, 5), reference=np.square, errors=[_COMPLEX])
def square(xp, x, /):
    """Square ``x**2``, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.square(3.0))
    9.0
    """
    return xp.square(x)


@elementwise(
    partials=[lambda out: 0.5 / out], singular=True, domain=Interval(0.1, 5), reference=np.sqrt, errors=[_COMPLEX]
)
def sqrt(xp, x, /):
    """Non-negative square root, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.sqrt(9.0))
    3.0
    """
    return xp.sqrt(x)


@elementwise(
    partials=[lambda out: (1 / 3) / (out * out)],
    singular=True,
    domain=_NOT_ZERO,
    reference=np.cbrt,
    errors=[_COMPLEX],
)
def cbrt(xp, x, /):
    """Real cube root, element by element; its derivative at 0 is infinite.

    Shapes: x (...) -> (...).

    >>> float(ag.cbrt(-27.0))
    -3.0
    """
    return xp.cbrt(x)


@elementwise(
    partials=[lambda out: -out * out], singular=True, domain=_NOT_ZERO, reference=np.reciprocal, errors=[_COMPLEX]
)
def reciprocal(xp, x, /):
    """Reciprocal ``1 / x``, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.reciprocal(4.0))
    0.25
    """
    return xp.reciprocal(x)


@elementwise(
    partials=[lambda xp, x: xp.sign(x)],
    domain=Interval(-5, 5, away_from=[0]),
    reference=np.abs,
    subgradients=[Subgradient({"x": 0.0}, {"x": 0.0}, "the middle of [-1, 1]")],
    errors=[_COMPLEX],
)
def absolute(xp, x, /):
    """Absolute value, element by element; its derivative at 0 is taken as 0.

    Shapes: x (...) -> (...).

    >>> float(ag.abs(-2.0))
    2.0
    """
    return xp.absolute(x)


@elementwise(
    partials=[lambda xp, x: xp.sign(x)],
    domain=Interval(-5, 5, away_from=[0]),
    reference=np.fabs,
    subgradients=[Subgradient({"x": 0.0}, {"x": 0.0}, "the middle of [-1, 1]")],
    errors=[_COMPLEX],
)
def fabs(xp, x, /):
    """Absolute value as a floating point number, element by element; its derivative at 0 is taken as 0.

    Shapes: x (...) -> (...).

    >>> float(ag.fabs(-2))
    2.0
    """
    return xp.fabs(x)


@elementwise(
    partials=[0],
    domain=Interval(-5, 5, away_from=[0]),
    reference=np.sign,
    subgradients=[Subgradient({"x": 0.0}, {"x": 0.0}, "a jump; the derivative is 0 on both sides")],
    errors=[_COMPLEX],
)
def sign(xp, x, /):
    """Sign: -1, 0 or 1, element by element; its derivative is 0 everywhere.

    Shapes: x (...) -> (...).

    >>> float(ag.sign(-2.0))
    -1.0
    """
    return xp.sign(x)


# --- functions of complex numbers, which on real ones are simple ------------------------------------------------------


_SOME = [Example(x=(2, 3)), Example(x=()), Example(x=(0,))]


@composed(domain=Interval(-5, 5), examples=_SOME, reference=np.real, errors=[_COMPLEX])
def real(x, /):
    """The real part, which of a real number is itself.

    Shapes: x (...) -> (...).

    >>> float(ag.real(2.0))
    2.0
    """
    return alias(operand(x, "real"))


@elementwise(partials=[0], domain=Interval(-5, 5), reference=np.imag, errors=[_COMPLEX])
def imag(xp, x, /):
    """The imaginary part, which of a real number is 0.

    Shapes: x (...) -> (...).

    >>> float(ag.imag(2.0))
    0.0
    """
    return xp.zeros_like(x)


@composed(domain=Interval(-5, 5), examples=_SOME, reference=np.conjugate, errors=[_COMPLEX])
def conjugate(x, /):
    """The complex conjugate, which of a real number is itself.

    Shapes: x (...) -> (...).

    >>> float(ag.conjugate(2.0))
    2.0
    """
    x = operand(x, "conjugate")
    return alias(x) if x.dtype == bool else positive(x)


@composed(domain=Interval(-5, 5), examples=_SOME, reference=np.real_if_close, errors=[_COMPLEX])
def real_if_close(x, /):
    """The number itself, if it is real or close to a real one: all numbers here are real.

    Shapes: x (...) -> (...).

    >>> float(ag.real_if_close(2.0))
    2.0
    """
    return alias(operand(x, "real_if_close"))
