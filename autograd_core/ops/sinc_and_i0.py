"""NumPy's own two special functions, `sinc` and `i0`: each in a family that is closed under differentiation."""

from functools import cache
from math import factorial, pi as _pi

import numpy as np

from ..errors import DTypeError
from ..examples import Example, Interval, Raises
from ..op import elementwise

_COMPLEX = Raises(DTypeError, "complex numbers .* are not supported", x=np.array([1j]))
_ALL = Interval(-8, 8)


def _wide(x):
    """x in a type that is good enough to compute in, and the type of the result."""
    x = np.asarray(x)
    kept = np.result_type(x, np.float16)  # integers become float64
    return x.astype(np.result_type(kept, np.float32)), kept


def _waves(x, order):
    """Derivative number `order` of the sine, at ``pi x``: exact for whole x, however large."""
    whole = np.rint(x)
    wave = (np.sin if order % 2 == 0 else np.cos)(_pi * (x - whole))
    return np.where((np.remainder(whole, 2) == 1) ^ (order % 4 >= 2), -wave, wave)


def _sinc_derivative(x, order):
    """Derivative number n of ``f(y) = sin(y) / y`` at ``y = pi x``, times ``pi**n``.

    Differentiating ``y f(y) = sin(y)`` n times gives a recursion that is stable for ``|y| > n``. Below, the power
    series of f converges quickly.
    """
    y = _pi * x
    near = np.abs(y) < max(2, order)
    small, large = np.where(near, y, 0), np.where(near, 1, y)
    series = np.zeros_like(y)
    for j in range(order % 2, 26 + 3 * order, 2):
        series += (-1) ** ((order + j) // 2) / ((order + j + 1) * factorial(j)) * small**j
    recursion = _waves(x, 0) / large
    for n in range(1, order + 1):
        recursion = (_waves(x, n) - n * recursion) / large
    return _pi**order * np.where(near, series, recursion)


def _wave(x, t, order):
    """``cos(pi x t + n pi / 2)`` for a reference, where the argument is rounded to more than double precision."""
    return np.cos(np.longdouble(_pi) * x * t + order * np.longdouble(_pi) / 2).astype(np.float64)


@elementwise(
    partials=[lambda x, order: sinc_derivative(x, order + 1)],
    domain=Interval(-2.5, 2.5),
    examples=[
        Example(x=(2, 3)),
        Example(x=(), order=2),
        Example(x=(0,)),
        Example(x=(2, 3), order=3),
        Example(x=(3,), order=0),
    ],
    reference=lambda x, order=1: (
        # by the integral of t**n cos(y t + n pi / 2) over t from 0 to 1, which Gauss's rule gives exactly enough
        sum(w * t**order * _wave(x, t, order) for t, w in zip(*_gauss(), strict=True)) * _pi**order
    ),
)
def sinc_derivative(xp, x, /, order=1):
    """Derivative of ``sinc`` of any order, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.sinc_derivative(0.0))
    0.0
    """
    x, kept = _wide(x)
    return _sinc_derivative(x, order).astype(kept)


@cache
def _gauss():
    t, w = np.polynomial.legendre.leggauss(40)
    return (t + 1) / 2, w / 2


@elementwise(partials=[lambda x: sinc_derivative(x)], domain=Interval(-2.5, 2.5), reference=np.sinc, errors=[_COMPLEX])
def sinc(xp, x, /):
    """``sin(pi x) / (pi x)``, and 1 at 0, element by element; smooth at 0 to every order.

    Shapes: x (...) -> (...).

    >>> float(ag.sinc(0.0))
    1.0
    """
    x, kept = _wide(x)
    return _sinc_derivative(x, 0).astype(kept)


def _i0_derivative(x, order, nodes=128):
    """Derivative number n of I0: the mean of ``cos(t)**n e**(x cos(t))`` over the half circle (DLMF 10.32.1).

    The integrand is periodic, so that the mean over a few nodes converges faster than any power of their number; as
    many as here are enough up to x = 713, where I0 overflows. The factor ``e**|x|`` is taken out, and opposite nodes
    are taken together.
    """
    size, sign = np.abs(x), np.where(x < 0, -1.0, 1.0) if order % 2 else 1.0
    total = np.zeros_like(size)
    for t in (np.arange(nodes // 2) + 0.5) * _pi / nodes:
        c = float(np.cos(t))
        opposite = np.expm1(-2 * c * size)  # e**-2cx, less 1
        total += c**order * np.exp((c - 1) * size) * (-opposite if order % 2 else 2 + opposite)
    half = np.exp(size / 2)  # twice, so that it does not overflow before the result does
    return sign * np.where(size > 1000, np.inf, (total / nodes * half) * half)


@elementwise(
    partials=[lambda x, order: i0_derivative(x, order + 1)],
    domain=Interval(-8, 8),
    examples=[
        Example(x=(2, 3)),
        Example(x=(), order=2),
        Example(x=(0,)),
        Example(x=(3,), order=3),
        Example(x=(3,), order=0),
    ],
    reference=lambda x, order=1: sum(
        # the power series of I0, differentiated term by term
        np.power(x, 2 * k - order) * (0.25**k * factorial(2 * k) / factorial(2 * k - order) / factorial(k) ** 2)
        for k in range((order + 1) // 2, 40)
    ),
)
def i0_derivative(xp, x, /, order=1):
    """Derivative of the modified Bessel function ``i0`` of any order, element by element; the first is ``i1``.

    Shapes: x (...) -> (...).

    >>> round(float(ag.i0_derivative(1.0)), 4)
    0.5652
    """
    x, kept = _wide(x)
    return _i0_derivative(x.astype(np.float64), order).astype(kept)


@elementwise(partials=[lambda x: i0_derivative(x)], domain=_ALL, reference=np.i0, errors=[_COMPLEX])
def i0(xp, x, /):
    """Modified Bessel function of the first kind and order 0, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.i0(0.0))
    1.0
    """
    x, kept = _wide(x)
    return np.i0(x.astype(np.float64)).astype(kept)
