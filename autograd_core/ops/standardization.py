"""Numbers brought to mean 0 and variance 1 along axes: what batch, layer, group and instance normalization share.

Says what is computed and how it is differentiated; `standardization_kernels` knows how that is done fast.
"""

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..arrays import as_floating
from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Interval, Raises
from ..op import general
from . import standardization_kernels as kernels
from .axes import BAD_AXIS


def _reference(x, axis=-1, eps=1e-5):
    deviation = x - np.mean(x, axis=axis, keepdims=True)
    return deviation / np.sqrt(np.mean(deviation**2, axis=axis, keepdims=True) + eps)


def _scale(xp, x, axis, eps):
    """The number that deviations are divided by; infinite where it would be 0."""
    spread = xp.var(x, axis=axis, keepdims=True) + eps
    return xp.sqrt(xp.where(spread == 0, np.inf, spread))


def _pulled(xp, g, out, scale, axis):
    """The Jacobian, which is symmetric, on g: g without what would move the mean or the variance."""
    share_of_out = xp.mean(g * out, axis=axis, keepdims=True)
    return (g - xp.mean(g, axis=axis, keepdims=True) - out * share_of_out) / scale


@general(
    vjps=[lambda xp, g, x, out, axis, eps: _pulled(xp, g, out, _scale(xp, x, axis, eps), axis)],
    fused=[lambda g, x, aux: aux.pull(g, x, None)[0]],
    jvp=lambda xp, tangents, x, out, axis, eps: _pulled(xp, tangents[0], out, _scale(xp, x, axis, eps), axis),
    aux=True,
    domain=Distinct(),
    examples=[
        Example(x=(3,)),
        Example(x=(2, 3), axis=-1),
        Example(x=(3, 2), axis=0, eps=0.1),
        Example(x=(2, 3, 2), axis=(0, -1)),
        Example(x=(2, 2, 3), axis=(1, 2), eps=0.0),
        Example(x=(2, 3), axis=1, moments=np.empty((2, 2))),
        Example(x=(0, 3), axis=-1),
    ],
    reference=lambda x, axis=-1, eps=1e-5, moments=None: _reference(x, axis, eps),
    errors=[
        BAD_AXIS,
        Raises(ShapeError, "repeated axis", x=(2, 3), axis=(0, 0)),
        Raises(OptionError, "eps must not be negative", x=(2, 3), eps=-1.0),
        Raises(ShapeError, "no numbers along axis 0", x=(0, 3), axis=0),
        Raises(ShapeError, r"moments must have shape \(2, 2\)", x=(2, 3), moments=np.empty(2)),
    ],
)
def standardize(xp, x, /, axis=-1, eps=1e-5, *, moments=None):
    """``(x - mean) / sqrt(variance + eps)`` along axes; where that divides by 0, it is 0, and so is its gradient.

    The variance is that of all numbers, divided by n. An array `moments` of shape (2, ...) is filled with the means and
    the variances, which would otherwise have to be computed once more.
    Shapes: x (...) -> the same; the axes that are not in `axis` make the shape of a mean.
    Errors: ShapeError for axes without numbers.

    >>> ag.standardize(np.array([1.0, 3.0]), eps=0)
    array([-1.,  1.])
    """
    x, along, kept = _checked("standardize", x, axis, eps, moments)
    return kernels.standardized(x, along, kept, eps, moments)


def _checked(who, x, axis, eps, moments):
    """The numbers, the axes along which they belong together, and the lengths of the others."""
    x = as_floating(x)
    if not eps >= 0:
        raise OptionError(f"{who}: eps must not be negative, got {eps!r}")
    along = normalize_axis_tuple(axis, x.ndim)
    if not all(x.shape[a] for a in along):
        raise ShapeError(f"{who}: there are no numbers along axis {axis} of shape {x.shape}")
    kept = tuple([n for a, n in enumerate(x.shape) if a not in along])
    if moments is not None and np.shape(moments) != (2, *kept):
        raise ShapeError(f"{who}: moments must have shape {(2, *kept)} for x {x.shape}, got {np.shape(moments)}")
    return x, along, kept


def _affine_jvp(xp, tangents, x, weight, axis, eps, out_aval):
    """The sum of what the three tangents bring about."""
    dx, dw, db = tangents
    terms = [] if db is None else [xp.broadcast_to(db, out_aval.shape)]
    if dx is not None or dw is not None:
        normal = standardize(x, axis=axis, eps=eps)
    if dx is not None:
        term = _pulled(xp, dx, normal, _scale(xp, x, axis, eps), axis)
        terms.append(term if weight is None else term * weight)
    if dw is not None:
        terms.append(normal * dw)
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _affine_pulled(xp, g, x, weight, axis, eps):
    normal = standardize(x, axis=axis, eps=eps)
    return _pulled(xp, g if weight is None else g * weight, normal, _scale(xp, x, axis, eps), axis)


@general(
    vjps=[
        lambda xp, g, x, weight, axis, eps: _affine_pulled(xp, g, x, weight, axis, eps),
        lambda g, x, axis, eps: g * standardize(x, axis=axis, eps=eps),
        lambda g: g,
    ],
    fused=[
        lambda g, x, weight, aux: aux.pull(g, x, weight)[0],
        lambda g, x, weight, aux: aux.pull(g, x, weight)[1],
        lambda g, x, weight, aux, bias_aval: (
            aux.pull(g, x, weight)[2] if weight is not None and bias_aval.shape == np.shape(weight) else g
        ),
    ],
    jvp=_affine_jvp,
    aux=True,
    domain={"x": Distinct(), "weight": Interval(-2, 2), "bias": Interval(-2, 2)},
    examples=[
        Example(x=(2, 3), weight=(3,), bias=(3,), axis=-1),
        Example(x=(3, 2), weight=(2,), bias=(2,), axis=0, eps=0.1),
        Example(x=(3, 2, 2), weight=(2, 1), bias=(2, 1), axis=(0, 2)),
        Example(x=(2, 2, 3), weight=(2, 2, 1), bias=None, axis=-1),
        Example(x=(2, 3), weight=(3,), bias=(2, 1), axis=-1),
        Example(x=(2, 3), weight=None, bias=(3,), axis=-1),
        Example(x=(2, 3), weight=None, bias=None, axis=1, moments=np.empty((2, 2))),
        Example(x=(0, 3), weight=(3,), bias=(3,), axis=-1),
    ],
    reference=lambda x, weight=None, bias=None, axis=-1, eps=1e-5, moments=None: (
        _reference(x, axis, eps) * (1 if weight is None else weight) + (0 if bias is None else bias)
    ),
    errors=[
        BAD_AXIS,
        Raises(OptionError, "eps must not be negative", x=(2, 3), eps=-1.0),
        Raises(ShapeError, "no numbers along axis 0", x=(0, 3), axis=0),
        Raises(ShapeError, r"weight of shape \(2,\) does not broadcast to x \(2, 3\)", x=(2, 3), weight=(2,)),
        Raises(ShapeError, r"bias of shape \(2, 2, 3\) does not broadcast", x=(2, 3), bias=(2, 2, 3)),
    ],
)
def standardize_affine(xp, x, weight=None, bias=None, /, axis=-1, eps=1e-5, *, moments=None):
    """`standardize`, times a weight, plus a bias, in one pass over memory.

    Shapes: x (...) -> the same; weight and bias broadcast to it, and either may be left out. `moments` as there.
    Errors: ShapeError for axes without numbers, and for a weight or bias that does not broadcast to x.

    >>> ag.standardize_affine(np.array([1.0, 3.0]), 2.0, np.array([10.0, 20.0]), eps=0)
    array([ 8., 22.])
    """
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and not _broadcasts(np.shape(value), np.shape(x)):
            raise ShapeError(
                f"standardize_affine: {name} of shape {np.shape(value)} does not broadcast to x {np.shape(x)}"
            )
    x, along, kept = _checked("standardize_affine", x, axis, eps, moments)
    given = [v for v in (weight, bias) if v is not None]
    x = x.astype(np.result_type(x, *given), copy=False)
    return kernels.standardized(x, along, kept, eps, moments, weight, bias)


def _broadcasts(shape, to):
    """Whether an array of a shape can be repeated to another shape."""
    return len(shape) <= len(to) and all(n in (1, m) for n, m in zip(shape[::-1], to[::-1], strict=False))
