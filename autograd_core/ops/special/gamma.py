"""The gamma function and what is made of it: its logarithm, digamma and polygamma, beta, incomplete functions."""

import numpy as np

from ...errors import ShapeError
from ...examples import Example, Interval, Raises
from ...op import elementwise
from .entropies import xlog1py, xlogy
from .origin import examples_with, from_scipy, held, scipys

_POSITIVE = Interval(0.5, 5)
_INSIDE = Interval(0.1, 0.9)
_CLASH = Raises(ShapeError, "do not broadcast", a=(2, 3), b=(4,))


@held("n")
@elementwise(
    partials=[None, lambda n, x: polygamma(n + 1, x)],
    domain=_POSITIVE,
    examples=[
        Example(n=1, x=(2, 3)),
        Example(n=np.array([0, 1, 2]), x=(2, 3)),
        Example(n=np.array([[2], [3]]), x=(3,)),
        Example(n=0, x=()),
        Example(n=1, x=(0,)),
    ],
    **scipys("polygamma"),
)
def polygamma(xp, n, x, /):
    """Derivative number n of ``digamma``, element by element; n has no derivative.

    Shapes: n (...) integers, x (...) -> broadcast (...).
    Raises: MissingRuleError for an n that requires a gradient.

    >>> round(float(ag.special.polygamma(1, 1.0)), 4)
    1.6449
    """
    kept = np.result_type(
        np.asarray(x), np.float16
    )  # the order decides nothing, and SciPy computes in double precision
    return np.asarray(from_scipy("polygamma", n, np.asarray(x, np.float64))).astype(kept)[()]


@elementwise(partials=[lambda x: polygamma(1, x)], singular=True, domain=_POSITIVE, **scipys("digamma"))
def digamma(xp, x, /):
    """Derivative of ``gammaln``, also called psi, element by element.

    Shapes: x (...) -> (...).

    >>> round(float(ag.special.digamma(1.0)), 4)
    -0.5772
    """
    return from_scipy("digamma", x)


@elementwise(partials=[lambda x: digamma(x)], singular=True, domain=_POSITIVE, **scipys("gammaln"))
def gammaln(xp, x, /):
    """Logarithm of the absolute value of the gamma function, element by element.

    Shapes: x (...) -> (...).

    >>> round(float(ag.special.gammaln(5.0)), 4)
    3.1781
    """
    return from_scipy("gammaln", x)


@elementwise(partials=[lambda x, out: out * digamma(x)], singular=True, domain=Interval(0.5, 4), **scipys("gamma"))
def gamma(xp, x, /):
    """Gamma function, ``(x - 1)!`` for whole x, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.special.gamma(5.0))
    24.0
    """
    return from_scipy("gamma", x)


@elementwise(
    partials=[lambda a, b: digamma(a) - digamma(a + b), lambda a, b: digamma(b) - digamma(a + b)],
    singular=True,
    domain=_POSITIVE,
    **scipys("betaln"),
    errors=[_CLASH],
)
def betaln(xp, a, b, /):
    """Logarithm of the absolute value of the beta function, element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> round(float(ag.special.betaln(2.0, 3.0)), 4)
    -2.4849
    """
    return from_scipy("betaln", a, b)


@elementwise(
    partials=[
        lambda a, b, out: out * (digamma(a) - digamma(a + b)),
        lambda a, b, out: out * (digamma(b) - digamma(a + b)),
    ],
    singular=True,
    domain=_POSITIVE,
    **scipys("beta"),
    errors=[_CLASH],
)
def beta(xp, a, b, /):
    """Beta function ``gamma(a) gamma(b) / gamma(a + b)``, element by element.

    Shapes: a (...), b (...) -> broadcast (...).

    >>> round(float(ag.special.beta(2.0, 3.0)), 4)
    0.0833
    """
    return from_scipy("beta", a, b)


def _in_type_of(x, a):
    """A held argument in a type that is not narrower than that of the other: it is computed with on its own."""
    return np.asarray(a, np.result_type(a, x.dtype))


def _gamma_density(xp, a, x):
    """``x**(a - 1) e**-x / gamma(a)``."""
    a = _in_type_of(x, a)
    return xp.exp(xlogy(a - 1, x) - x - gammaln(a))


def _beta_density(xp, a, b, x):
    """``x**(a - 1) (1 - x)**(b - 1) / beta(a, b)``."""
    a, b = _in_type_of(x, a), _in_type_of(x, b)
    return xp.exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b))


@held("a")
@elementwise(
    partials=[None, lambda xp, a, x: _gamma_density(xp, a, x)],
    singular=True,
    domain=_POSITIVE,
    examples=examples_with("a", "x"),
    **scipys("gammainc"),
    errors=[Raises(ShapeError, "do not broadcast", a=np.ones((2, 3)), x=(4,))],
)
def gammainc(xp, a, x, /):
    """Regularized lower incomplete gamma function, element by element; a has no derivative.

    Shapes: a (...), x (...) -> broadcast (...).
    Raises: MissingRuleError for an a that requires a gradient.

    >>> round(float(ag.special.gammainc(1.0, 1.0)), 4)
    0.6321
    """
    return from_scipy("gammainc", a, x)


@held("a")
@elementwise(
    partials=[None, lambda xp, a, x: -_gamma_density(xp, a, x)],
    singular=True,
    domain=_POSITIVE,
    examples=examples_with("a", "x"),
    **scipys("gammaincc"),
    errors=[Raises(ShapeError, "do not broadcast", a=np.ones((2, 3)), x=(4,))],
)
def gammaincc(xp, a, x, /):
    """Regularized upper incomplete gamma function, ``1 - gammainc(a, x)``, element by element; a has no derivative.

    Shapes: a (...), x (...) -> broadcast (...).
    Raises: MissingRuleError for an a that requires a gradient.

    >>> round(float(ag.special.gammaincc(1.0, 1.0)), 4)
    0.3679
    """
    return from_scipy("gammaincc", a, x)


@held("a", "b")
@elementwise(
    partials=[None, None, lambda xp, a, b, x: _beta_density(xp, a, b, x)],
    singular=True,
    domain=_INSIDE,
    examples=[
        Example(a=np.array([0.5, 1.0, 2.5], np.float16), b=np.array([[1.5], [3.0]], np.float16), x=(2, 3)),
        Example(a=2.0, b=np.array([1.0, 3.0], np.float16), x=()),
        Example(a=2.0, b=3.0, x=(3,)),
        Example(a=1.0, b=1.0, x=(0,)),
    ],
    **scipys("betainc"),
    errors=[Raises(ShapeError, "do not broadcast", a=np.ones((2, 3)), b=np.ones(4), x=())],
)
def betainc(xp, a, b, x, /):
    """Regularized incomplete beta function, element by element; a and b have no derivative.

    Shapes: a (...), b (...), x (...) -> broadcast (...).
    Raises: MissingRuleError for an a or b that requires a gradient.

    >>> float(ag.special.betainc(1.0, 1.0, 0.25))
    0.25
    """
    return from_scipy("betainc", a, b, x)
