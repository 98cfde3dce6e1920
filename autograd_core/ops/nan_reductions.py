"""Reductions along axes that leave out NaNs: sums, products, means, deviations, extremes.

Each is the reduction of the same name without "nan", with a mask in its `where`; what is masked is replaced first, so
that no NaN reaches a gradient. Where nothing is left to reduce the result is NaN, with a RuntimeWarning as in NumPy,
and its gradient is 0.
"""

import warnings
from functools import partial

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Raises, Subgradient
from ..op import composed
from .axes import AXES, BAD_AXIS, BAD_MASK, EMPTY, EXTREME, MASKED, TYPED, WHOLE, WIDE
from .deciding import either
from .deviation import DDOF, NO_FREEDOM, std, var
from .operands import operand, perhaps_any, value_of
from .reduction import max, mean, min, prod, sum
from .selection import where as choose_where

_NONE = [Example(x=(0, 2), axis=1)]
_ONE_NAN = np.array([np.nan, 1.0, 3.0])


def _missing(x, who):
    """x as an array or Tensor, and where it is NaN."""
    x = operand(x, who)
    return x, np.isnan(value_of(x)) if x.dtype.kind == "f" and x.size else np.zeros(x.shape, bool)


def _filled(x, missing, number):
    return choose_where(missing, number, x) if perhaps_any(missing) else x


@composed(
    domain=WIDE,
    examples=[*AXES, *EMPTY, *MASKED, *TYPED, Example(x=(2, 3), axis=0, initial=2.5)],
    reference=np.nansum,
    errors=[BAD_AXIS, BAD_MASK, WHOLE],
    subgradients=[Subgradient({"x": _ONE_NAN}, {"x": np.array([0.0, 1.0, 1.0])}, "a NaN takes no part")],
)
def nansum(x, /, axis=None, *, dtype=None, keepdims=False, initial=None, where=True):
    """Sum along axes, in which a NaN counts as 0 and has the gradient 0.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.nansum(np.array([1.0, np.nan, 2.0])))
    3.0
    """
    x, missing = _missing(x, "nansum")
    return sum(_filled(x, missing, 0), axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)


@composed(
    domain=WIDE,
    examples=[*AXES, *EMPTY, *MASKED, *TYPED, Example(x=(2, 3), axis=0, initial=2.5)],
    reference=np.nanprod,
    errors=[BAD_AXIS, BAD_MASK, WHOLE],
    subgradients=[Subgradient({"x": _ONE_NAN}, {"x": np.array([0.0, 3.0, 1.0])}, "a NaN takes no part")],
)
def nanprod(x, /, axis=None, *, dtype=None, keepdims=False, initial=None, where=True):
    """Product along axes, in which a NaN counts as 1 and has the gradient 0.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.nanprod(np.array([2.0, np.nan, 3.0])))
    6.0
    """
    x, missing = _missing(x, "nanprod")
    return prod(_filled(x, missing, 1), axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)


def _moment(who, reduce, x, axis, where, ddof=None, **options):
    """A mean or deviation of the numbers that are not NaN; NaN where they leave no degree of freedom."""
    x, missing = _missing(x, who)
    where = value_of(where)
    if ddof is not None:
        options["ddof"] = ddof
    if not perhaps_any(missing) and where is True:
        return reduce(x, axis, **options)
    filled, present = _filled(x, missing, 0), _both(who, ~missing, where)
    lost = _count(who, present, axis) <= (ddof or 0)
    if _is_known(lost) and lost.any():
        warnings.warn(f"{who}: a slice has too few numbers, and the result there is NaN", RuntimeWarning, stacklevel=3)
    rest = partial(_of_the_rest, reduce, filled, present, lost, axis, options)
    return rest() if where is not True else either(missing, rest, lambda: reduce(filled, axis, **options))


def _of_the_rest(reduce, filled, present, lost, axis, options):
    """A mean or deviation of what is present; NaN where too much is lost."""
    if not perhaps_any(lost):
        return reduce(filled, axis, where=present, **options)
    # Where the result is NaN anyway, something is computed of all elements, which reaches no gradient.
    out = reduce(filled, axis, where=present | lost, **options)
    return choose_where(lost.reshape(out.shape), np.nan, out)


def _is_known(mask):
    """Whether a mask is that of this call, of which there is something to warn; not one of a program's."""
    return isinstance(mask, np.ndarray | np.generic)


def _both(who, present, where):
    """The mask of what is present and wanted."""
    try:
        return present & np.broadcast_to(where, present.shape)
    except ValueError:
        raise ShapeError(
            f"{who}: where= of shape {np.shape(where)} does not broadcast to the shape {present.shape} of x"
        ) from None


def _count(who, mask, axis):
    try:
        return np.add.reduce(mask, axis, np.intp, keepdims=True)
    except ValueError as error:
        raise ShapeError(f"{who}: {error}") from None


@composed(
    domain=WIDE,
    examples=[*AXES, *_NONE, *MASKED[1:3], *TYPED],
    reference=np.nanmean,
    errors=[BAD_AXIS, BAD_MASK, WHOLE, Raises(ShapeError, "nothing to reduce", x=(0,))],
    subgradients=[Subgradient({"x": _ONE_NAN}, {"x": np.array([0.0, 0.5, 0.5])}, "a NaN takes no part")],
)
def nanmean(x, /, axis=None, *, dtype=None, keepdims=False, where=True):
    """Arithmetic mean along axes of the numbers that are not NaN; of NaNs only it is NaN, with a RuntimeWarning.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.nanmean(np.array([1.0, np.nan, 2.0])))
    1.5
    """
    return _moment("nanmean", mean, x, axis, where, dtype=dtype, keepdims=keepdims)


_DEVIATION_ERRORS = [BAD_AXIS, BAD_MASK, WHOLE, NO_FREEDOM]


@composed(
    domain=WIDE,
    examples=[*AXES, *_NONE, *DDOF, *MASKED[1:3], *TYPED],
    reference=np.nanvar,
    errors=_DEVIATION_ERRORS,
    subgradients=[Subgradient({"x": _ONE_NAN}, {"x": np.array([0.0, -1.0, 1.0])}, "a NaN takes no part")],
)
def nanvar(x, /, axis=None, *, dtype=None, ddof=0, keepdims=False, where=True):
    """Variance along axes of the numbers that are not NaN: mean squared deviation, with n - ddof in the place of n.

    Where n - ddof is not positive, it is NaN, with a RuntimeWarning.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.nanvar(np.array([1.0, np.nan, 3.0])))
    1.0
    """
    return _moment("nanvar", var, x, axis, where, ddof, dtype=dtype, keepdims=keepdims)


@composed(
    domain=Distinct(),
    examples=[*(e for e in [*AXES, *DDOF, *TYPED] if e.arguments["x"]), *_NONE, MASKED[2]],
    reference=np.nanstd,
    errors=_DEVIATION_ERRORS,
    subgradients=[
        Subgradient({"x": np.array([1.0, np.nan, 1.0])}, {"x": np.zeros(3)}, "all deviations are 0"),
    ],
)
def nanstd(x, /, axis=None, *, dtype=None, ddof=0, keepdims=False, where=True):
    """Standard deviation along axes of the numbers that are not NaN; where it is 0, its gradient is taken as 0.

    Where n - ddof is not positive, it is NaN, with a RuntimeWarning.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.nanstd(np.array([1.0, np.nan, 3.0])))
    1.0
    """
    return _moment("nanstd", std, x, axis, where, ddof, dtype=dtype, keepdims=keepdims)


_EXTREME = {
    **EXTREME,
    "subgradients": [
        Subgradient({"x": np.array([1.0, np.nan, 1.0])}, {"x": np.array([0.5, 0.0, 0.5])}, "ties share evenly"),
    ],
}


def _extreme(who, reduce, lowest, x, axis, keepdims, initial, where):
    x, missing = _missing(x, who)
    if not perhaps_any(missing):
        return reduce(x, axis, keepdims=keepdims, initial=initial, where=where)
    if where is not True and initial is None:
        raise OptionError(f"{who}: where= needs initial=, the result where the mask lets nothing through")
    mask = _both(who, ~missing, value_of(where))
    out = reduce(
        _filled(x, missing, 0), axis, keepdims=keepdims, initial=lowest if initial is None else initial, where=mask
    )
    lost = ~np.logical_or.reduce(mask, axis, keepdims=keepdims)
    if initial is not None or not perhaps_any(lost):
        return out
    if _is_known(lost):
        warnings.warn(f"{who}: a slice has NaNs only, and the result there is NaN", RuntimeWarning, stacklevel=3)
    return choose_where(lost, np.nan, out)


@composed(reference=np.nanmax, **_EXTREME)
def nanmax(x, /, axis=None, *, keepdims=False, initial=None, where=True):
    """Largest element along axes that is not NaN; of NaNs only it is NaN, with a RuntimeWarning. Ties share evenly.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.nanmax(np.array([1.0, np.nan, 2.0])))
    2.0
    """
    return _extreme("nanmax", max, -np.inf, x, axis, keepdims, initial, where)


@composed(reference=np.nanmin, **_EXTREME)
def nanmin(x, /, axis=None, *, keepdims=False, initial=None, where=True):
    """Smallest element along axes that is not NaN; of NaNs only it is NaN, with a RuntimeWarning. Ties share evenly.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.nanmin(np.array([1.0, np.nan, 2.0])))
    1.0
    """
    return _extreme("nanmin", min, np.inf, x, axis, keepdims, initial, where)
