"""Error functions, the normal distribution, and the logistic function."""

from math import pi as _pi, sqrt as _sqrt

import numpy as np

from ...examples import Interval
from ...layout import in_blocks
from ...op import elementwise
from ..activations import sigmoid
from .origin import from_scipy, in_machine_code, scipys

_ALL = Interval(-4, 4)
_INSIDE = Interval(0.1, 0.9)


def _bell(xp, x):
    """``e**-x**2``, of which nothing is left beyond 30; there the square would overflow half precision."""
    return xp.exp(-xp.square(xp.where(xp.absolute(x) > 30, 30, x)))


def _times_bell(g, x, name, power, scale):
    """``g scale e**(power x**2)`` of raw arrays; the function of that name is without g."""
    if type(x) is not np.ndarray or type(g) is not np.ndarray or x.dtype.char not in "fd" or g.dtype != x.dtype:
        with np.errstate(over="ignore"):  # as below, to the bit
            return np.exp(x * x * power) * scale * g
    out = in_machine_code(name, x, g)
    if out is None:
        out = np.empty_like(x)
        if not in_blocks(lambda g, x, out: _bell_into(g, x, out, power, scale), g, x, out):
            _bell_into(g, x, out, power, scale)
    return out


def _bell_into(g, x, out, power, scale):
    with np.errstate(over="ignore"):  # of an infinite square nothing is left
        np.multiply(x, x, out=out)
    out *= power
    np.exp(out, out=out)
    out *= scale
    out *= g


@elementwise(
    partials=[lambda xp, x: (2 / _sqrt(_pi)) * _bell(xp, x)],
    fused=[lambda g, x: _times_bell(g, x, "erf_slope", -1.0, 2 / _sqrt(_pi))],
    domain=_ALL,
    **scipys("erf"),
)
def erf(xp, x, /):
    """Error function ``2 / sqrt(pi)`` times the integral of ``e**-t**2`` from 0 to x, element by element.

    Shapes: x (...) -> (...).
    Raises: ImportError without SciPy, as all functions here.

    >>> round(float(ag.special.erf(1.0)), 4)
    0.8427
    """
    return from_scipy("erf", x)


@elementwise(partials=[lambda xp, x: (-2 / _sqrt(_pi)) * _bell(xp, x)], domain=_ALL, **scipys("erfc"))
def erfc(xp, x, /):
    """``1 - erf(x)``, accurate where that is small, element by element.

    Shapes: x (...) -> (...).

    >>> round(float(ag.special.erfc(1.0)), 4)
    0.1573
    """
    return from_scipy("erfc", x)


def _erfcx_slope(xp, x, out):
    """``2 x erfcx(x) - 2 / sqrt(pi)``; for large x, where the two cancel, the asymptotic series (DLMF 7.12.1)."""
    far = x > max(4.0, float(np.finfo(out.dtype).eps) ** -0.1)
    q = 1 / xp.where(far, x, 1)
    q = q * q / 2
    tail = 1 - 3 * q * (1 - 5 * q * (1 - 7 * q * (1 - 9 * q)))
    near = xp.where(far, 0, x)
    return xp.where(far, (-2 / _sqrt(_pi)) * q * tail, 2 * near * xp.where(far, 0, out) - 2 / _sqrt(_pi))


@elementwise(partials=[lambda xp, x, out: _erfcx_slope(xp, x, out)], domain=Interval(-2, 50), **scipys("erfcx"))
def erfcx(xp, x, /):
    """``e**x**2 erfc(x)``, which for large x is about ``1 / (x sqrt(pi))``, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.special.erfcx(0.0))
    1.0
    """
    return from_scipy("erfcx", x)


def _rise(xp, y):
    """``e**y**2``, infinite where y is."""
    with np.errstate(over="ignore"):
        return xp.exp(xp.square(y))


@elementwise(
    partials=[lambda xp, out: (_sqrt(_pi) / 2) * _rise(xp, out)],
    singular=True,
    domain=Interval(-0.9, 0.9),
    **scipys("erfinv"),
)
def erfinv(xp, x, /):
    """Inverse of the error function, element by element; infinite at -1 and 1.

    Shapes: x (...) -> (...).

    >>> round(float(ag.special.erfinv(0.5)), 4)
    0.4769
    """
    return from_scipy("erfinv", x)


@elementwise(
    partials=[lambda xp, out: (-_sqrt(_pi) / 2) * _rise(xp, out)],
    singular=True,
    domain=Interval(0.1, 1.9),
    **scipys("erfcinv"),
)
def erfcinv(xp, x, /):
    """Inverse of ``erfc``, element by element; infinite at 0 and 2.

    Shapes: x (...) -> (...).

    >>> round(float(ag.special.erfcinv(0.5)), 4)
    0.4769
    """
    return from_scipy("erfcinv", x)


_DENSITY = 1 / _sqrt(2 * _pi)


@elementwise(
    partials=[lambda xp, x: _DENSITY * _bell(xp, x * _sqrt(0.5))],
    fused=[lambda g, x: _times_bell(g, x, "ndtr_slope", -0.5, _DENSITY)],
    domain=_ALL,
    **scipys("ndtr"),
)
def ndtr(xp, x, /):
    """Distribution function of the standard normal distribution, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.special.ndtr(0.0))
    0.5
    """
    return from_scipy("ndtr", x)


def _density_over_distribution(xp, x):
    """For negative x ``sqrt(2 / pi) / erfcx(-x / sqrt(2))``, because both vanish there."""
    negative = x < 0
    low, high = xp.where(negative, x, 0), xp.where(negative, 0, x)
    return xp.where(
        negative,
        _sqrt(2 / _pi) / erfcx(low * -_sqrt(0.5)),
        _DENSITY * _bell(xp, high * _sqrt(0.5)) / ndtr(high),
    )


@elementwise(
    partials=[lambda xp, x: _density_over_distribution(xp, x)],
    domain=Interval(-10, 4),
    **scipys("log_ndtr"),
)
def log_ndtr(xp, x, /):
    """Logarithm of ``ndtr``, accurate where that vanishes, element by element.

    Shapes: x (...) -> (...).

    >>> round(float(ag.special.log_ndtr(0.0)), 4)
    -0.6931
    """
    return from_scipy("log_ndtr", x)


@elementwise(
    partials=[lambda xp, out: _sqrt(2 * _pi) * _rise(xp, out * _sqrt(0.5))],
    singular=True,
    domain=_INSIDE,
    **scipys("ndtri"),
)
def ndtri(xp, x, /):
    """Quantile of the standard normal distribution, the inverse of ``ndtr``; infinite at 0 and 1.

    Shapes: x (...) -> (...).

    >>> float(ag.special.ndtri(0.5))
    0.0
    """
    return from_scipy("ndtri", x)


@elementwise(partials=[lambda x: 1 / x + 1 / (1 - x)], singular=True, domain=_INSIDE, **scipys("logit"))
def logit(xp, x, /):
    """Log-odds ``log(x / (1 - x))``, the inverse of ``sigmoid``, element by element; infinite at 0 and 1.

    Shapes: x (...) -> (...).

    >>> float(ag.special.logit(0.5))
    0.0
    """
    return from_scipy("logit", x)


@elementwise(partials=[lambda xp, x: sigmoid(-x)], domain=Interval(-20, 20), **scipys("log_expit"))
def log_expit(xp, x, /):
    """Logarithm of ``sigmoid``, ``-log(1 + e**-x)``, without overflow, element by element.

    Shapes: x (...) -> (...).

    >>> round(float(ag.special.log_expit(0.0)), 4)
    -0.6931
    """
    return from_scipy("log_expit", x)
