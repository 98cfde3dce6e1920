"""Arrays with a border: of constants, of what lies at the edge, of ramps, statistics, mirror images and periods.

Axis after axis gets what stands before and behind it, made from what is there by then; so corners come out as in NumPy.
Every border is composed of indexing, reductions and products, and so are its derivatives.
"""

import numpy as np

from ..arrays import is_differentiable
from ..containers import flatten
from ..engine import Variable, constant
from ..errors import DTypeError, OptionError, ShapeError
from ..examples import Distinct, Example, Raises
from ..op import composed
from .creation import astype, copy
from .grids import linspace
from .indexing import getitem, scatter_add
from .joining import concatenate
from .operands import operand, value_of
from .order_statistics import median
from .reduction import max, mean, min
from .reordering import flip
from .shape import broadcast_to, reshape

_WIDTHS = ((1, 2), (0, 3))
_ONLY_FOR = {
    "constant_values": ("constant",),
    "end_values": ("linear_ramp",),
    "stat_length": ("maximum", "minimum", "mean", "median"),
    "reflect_type": ("reflect", "symmetric"),
}


@composed(
    domain=Distinct(),
    examples=[
        Example(x=(2, 3), pad_width=1),
        Example(x=(3,), pad_width=(0, 2)),
        Example(x=(2, 0), pad_width=_WIDTHS, constant_values=7.0),
        Example(x=(2, 3), pad_width=_WIDTHS, constant_values=((1.0, 2.0), (3.0, 4.0))),
        Example(x=(2, 3), pad_width={-1: (1, 2), 0: 1}),
        Example(x=(2, 3), pad_width=_WIDTHS, mode="edge"),
        Example(x=(2, 3), pad_width=_WIDTHS, mode="linear_ramp"),
        Example(x=(2, 3), pad_width=[[2], [1]], mode="linear_ramp", end_values=((1.0, -1.0), (0.5, 2.0))),
        Example(x=(2, 3), pad_width=_WIDTHS, mode="maximum"),
        Example(x=(2, 4), pad_width=_WIDTHS, mode="minimum", stat_length=((1, 2), (3, 2))),
        Example(x=(2, 3), pad_width=2, mode="mean"),
        Example(x=(4,), pad_width=(1, 2), mode="mean", stat_length=2),
        Example(x=(2, 3), pad_width=((0, 0), (1, 3)), mode="median"),
        Example(x=(4,), pad_width=(1, 2), mode="median", stat_length=(2, 3)),
        Example(x=(2, 4), pad_width=_WIDTHS, mode="reflect"),
        Example(x=(3,), pad_width=(5, 8), mode="reflect"),
        Example(x=(2, 4), pad_width=_WIDTHS, mode="reflect", reflect_type="odd"),
        Example(x=(3,), pad_width=(7, 4), mode="reflect", reflect_type="odd"),
        Example(x=(1, 2), pad_width=(2, 1), mode="reflect"),
        Example(x=(2, 3), pad_width=_WIDTHS, mode="symmetric"),
        Example(x=(2,), pad_width=(5, 7), mode="symmetric", reflect_type="odd"),
        Example(x=(2,), pad_width=(1, 7), mode="symmetric"),
        Example(x=(3,), pad_width=(9, 1), mode="reflect", reflect_type="odd"),
        Example(x=(2, 3), pad_width=_WIDTHS, mode="wrap"),
        Example(x=(3,), pad_width=(4, 7), mode="wrap"),
        Example(x=(2, 0), pad_width=((1, 1), (0, 0)), mode="edge"),
        Example(x=(2, 3), pad_width=0, mode="wrap"),
    ],
    reference=np.pad,
    errors=[
        Raises(OptionError, "mode 'mirror' is unknown; there is constant, edge", x=(3,), pad_width=1, mode="mirror"),
        Raises(OptionError, "leaves the border without values", x=(3,), pad_width=1, mode="empty"),
        Raises(OptionError, "writes into its argument", x=(3,), pad_width=1, mode=lambda *arguments: None),
        Raises(OptionError, "stat_length is not for mode 'edge'", x=(3,), pad_width=1, mode="edge", stat_length=1),
        Raises(OptionError, "negative", x=(3,), pad_width=-1),
        Raises(OptionError, "must not be 0", x=(3,), pad_width=1, mode="maximum", stat_length=0),
        Raises(OptionError, "'even' or 'odd'", x=(3,), pad_width=1, mode="reflect", reflect_type="up"),
        Raises(DTypeError, "integers", x=(3,), pad_width=1.5),
        Raises(ShapeError, "do not say two numbers for each of 1 axes", x=(3,), pad_width=((1, 2), (3, 4))),
        Raises(ShapeError, "nothing to extend", x=(0,), pad_width=1, mode="edge"),
        Raises(ShapeError, "axis 1 is out of bounds", x=(3,), pad_width={1: 1}),
    ],
)
def pad(x, /, pad_width, mode="constant", *, constant_values=0, end_values=0, stat_length=None, reflect_type="even"):
    """With a border: `pad_width` is one width, (before, after), such a pair for each axis, or {axis: width or pair}.

    mode says of what: "constant" (`constant_values`), "edge", "linear_ramp" (to `end_values` at the outer rim),
    "maximum", "minimum", "mean" or "median" (of `stat_length` elements at each side, or all), "reflect" (about the
    outermost element) or "symmetric" (about the rim; `reflect_type` "odd" mirrors values too), or "wrap".
    `constant_values` and `end_values`, one, (before, after) or pairs, may be Tensors and carry gradients.

    Shapes: x (n, ...) -> (before + n + after, ...).

    >>> ag.pad(np.ones(1), (1, 2))
    array([0., 1., 0., 0.])
    >>> ag.pad(np.array([1, 2, 3]), 2, mode="reflect")
    array([3, 2, 1, 2, 3, 2, 1])
    """
    x = operand(x, "pad")
    given = {
        "constant_values": not _is_zero(constant_values),
        "end_values": not _is_zero(end_values),
        "stat_length": stat_length is not None,
        "reflect_type": reflect_type != "even",
    }
    _check_mode(mode, given)
    if reflect_type not in ("even", "odd"):
        raise OptionError(f"pad: reflect_type must be 'even' or 'odd', got {reflect_type!r}")
    widths = _widths(pad_width, x.ndim)
    if not any(map(any, widths)):
        return copy(x)
    if mode == "constant" and not given["constant_values"]:
        return _in_zeros(x, widths)
    if not is_differentiable(x.dtype):
        return _of_integers(x, widths, mode, constant_values, end_values, stat_length, reflect_type)
    ends = _pairs(constant_values if mode == "constant" else end_values, x.ndim, "pad")
    lengths = _lengths(stat_length, x.ndim)
    for axis, (before, after) in enumerate(widths):
        if not before and not after:
            continue
        if not x.shape[axis] and mode != "constant":
            raise ShapeError(f"pad: axis {axis} of shape {x.shape} is empty: there is nothing to extend with {mode!r}")
        if mode == "constant":
            sides = [
                _repeated(astype(e, x.dtype), x, axis, n) for e, n in zip(ends[axis], (before, after), strict=True)
            ]
        elif mode == "edge":
            sides = [_repeated(_part(x, axis, a, b), x, axis, n) for a, b, n in ((0, 1, before), (-1, None, after))]
        elif mode == "linear_ramp":
            sides = _ramps(x, axis, before, after, ends[axis])
        elif mode in _ONLY_FOR["stat_length"]:
            sides = _statistics(x, axis, before, after, mode, lengths[axis])
        elif mode == "wrap":
            x = _wrapped(x, axis, before, after)
            continue
        else:
            x = _mirrored(x, axis, before, after, mode == "symmetric", reflect_type == "odd")
            continue
        x = concatenate([sides[0], x, sides[1]], axis)
    return x


def _is_zero(value):
    return type(value) in (int, float) and value == 0


def _check_mode(mode, given):
    """Refuse what is not there, and options that are not for this mode."""
    if callable(mode):
        raise OptionError(
            "pad: a function as mode writes into its argument, which is not recorded; join pieces instead"
        )
    if mode == "empty":
        raise OptionError("pad: mode 'empty' leaves the border without values; say 'constant'")
    modes = ["constant", "edge", "linear_ramp", *_ONLY_FOR["stat_length"], *_ONLY_FOR["reflect_type"], "wrap"]
    if mode not in modes:
        raise OptionError(f"pad: mode {mode!r} is unknown; there is {', '.join(modes)}")
    for name, modes_of in _ONLY_FOR.items():
        if given[name] and mode not in modes_of:
            raise OptionError(f"pad: {name} is not for mode {mode!r}, only for {', '.join(modes_of)}")


def _widths(pad_width, ndim):
    """How much before and behind each axis."""
    if isinstance(pad_width, dict):
        by_axis = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            if not -ndim <= axis < ndim:
                raise ShapeError(f"pad: axis {axis} is out of bounds for an array with {ndim} axes")
            by_axis[axis] = width if np.ndim(width) else (width, width)
        pad_width = by_axis
    widths = np.asarray(value_of(pad_width))
    if widths.size and widths.dtype.kind not in "iu":
        raise DTypeError(f"pad: widths are integers, got {widths.dtype}: {pad_width}")
    if widths.size and widths.min() < 0:
        raise OptionError(f"pad: a width is negative: {pad_width}; cut with an index instead")
    return [(int(before), int(after)) for before, after in _pairs(widths, ndim, "pad")]


def _pairs(values, ndim, who):
    """Two values for each axis; `values` is one, one per side, or a pair (or one) per axis, and may hold Tensors."""
    if isinstance(values, list | tuple) and any(isinstance(v, Variable) for v in flatten(values)[0]):
        return _nested_pairs(values, ndim, who)
    values = operand(values, who)
    if values.size == 2 and values.shape != (2, 1):
        values = reshape(values, (2,))
    if values.ndim > 2 or any(n not in (1, m) for n, m in zip(values.shape[::-1], (2, ndim), strict=False)):
        raise ShapeError(f"{who}: values of shape {values.shape} do not say two numbers for each of {ndim} axes")
    full = broadcast_to(values, (ndim, 2))
    return [(full[i, 0], full[i, 1]) for i in range(ndim)]


def _nested_pairs(values, ndim, who):
    """The same of a list that holds Tensors: one for each side, or a list of one or two for each axis."""
    if not any(isinstance(v, list | tuple) for v in values):
        values = [values]
    pairs = [tuple(v) * 2 if len(v) == 1 else tuple(v) for v in values]
    if len(pairs) not in (1, ndim) or any(len(pair) != 2 for pair in pairs):
        raise ShapeError(f"{who}: the nested values do not say two numbers for each of {ndim} axes")
    return pairs if len(pairs) == ndim else pairs * ndim


def _lengths(stat_length, ndim):
    if stat_length is None:
        return [(None, None)] * ndim
    if np.min(stat_length) <= 0:
        raise OptionError(f"pad: stat_length must not be 0 or negative, got {stat_length}")
    return [(int(a), int(b)) for a, b in _pairs(np.asarray(stat_length), ndim, "pad")]


def _of_integers(x, widths, mode, constant_values, end_values, stat_length, reflect_type):
    """What has no derivative, NumPy pads; values at the border that have one would be cut to integers."""
    options = {
        "constant": {"constant_values": constant_values},
        "linear_ramp": {"end_values": end_values},
        "reflect": {"reflect_type": reflect_type},
        "symmetric": {"reflect_type": reflect_type},
    }.get(mode, {"stat_length": stat_length} if mode in _ONLY_FOR["stat_length"] else {})
    for name, value in options.items():
        if isinstance(value, Variable) and value.node is not None:
            raise DTypeError(
                f"pad: {name} of type {value._array.dtype} would be cut to {x.dtype}; convert x with .astype first"
            )
    out = np.pad(value_of(x), widths, mode, **{name: value_of(v) for name, v in options.items()})
    return constant(x.result_class, out) if isinstance(x, Variable) else out


def _in_zeros(x, widths):
    """x in the middle of zeros."""
    middle = tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
    shape = tuple(before + n + after for (before, after), n in zip(widths, x.shape, strict=True))
    return scatter_add(x, middle, shape)


def _part(x, axis, start, stop):
    """A range of x along one axis."""
    return getitem(x, (slice(None),) * axis + (slice(start, stop),))


def _repeated(value, x, axis, n):
    """A border n wide, all of one value, or of one slice of x."""
    return broadcast_to(value, (*x.shape[:axis], n, *x.shape[axis + 1 :]))


def _ramps(x, axis, before, after, ends):
    """From the value at the rim, at each side, to (not including) the edge of x."""
    rim = (*x.shape[:axis], *x.shape[axis + 1 :])
    sides = []
    for end, n, at in ((ends[0], before, 0), (ends[1], after, -1)):
        edge = getitem(x, (slice(None),) * axis + (at,))
        start = broadcast_to(astype(end, x.dtype), rim)
        ramp = linspace(start, edge, n, endpoint=False, dtype=x.dtype, axis=axis)
        sides.append(ramp if at == 0 else flip(ramp, axis))
    return sides


def _statistics(x, axis, before, after, mode, lengths):
    """A statistic of so many elements at each side."""
    n = x.shape[axis]
    left, right = (n if k is None or k > n else k for k in lengths)
    sides = []
    for start, stop, width in ((0, left, before), (n - right, n, after)):
        sides.append(_repeated(_statistic(_part(x, axis, start, stop), axis, mode), x, axis, width))
    return sides


def _statistic(x, axis, mode):
    return {"maximum": max, "minimum": min, "mean": mean, "median": median}[mode](x, axis=axis, keepdims=True)


def _wrapped(x, axis, before, after):
    """x as one period of many."""
    n = x.shape[axis]
    pieces = [_part(x, axis, n - before % n, n), *[x] * (before // n + 1 + after // n), _part(x, axis, 0, after % n)]
    return concatenate(pieces, axis)


def _mirrored(x, axis, before, after, symmetric, odd):
    """x and its mirror images, one after the other, as many as it takes.

    A mirror image repeats the outermost element if `symmetric`; if `odd`, values are mirrored about it too.
    """
    period = x.shape[axis]
    if period == 1:
        sides = [_repeated(x, x, axis, n) for n in (before, after)]
        return concatenate([sides[0], x, sides[1]], axis)
    skip = 0 if symmetric else 1
    while before or after:
        # Only whole periods are mirrored at once, as in NumPy: then each image continues the last one.
        n = x.shape[axis]
        whole = n // period * period if symmetric else (n - 1) // (period - 1) * (period - 1)
        left, right = np.minimum(whole, before), np.minimum(whole, after)
        pieces = [
            flip(_part(x, axis, skip, skip + left), axis),
            x,
            flip(_part(x, axis, n - skip - right, n - skip), axis),
        ]
        if odd:
            pieces[0] = 2 * _part(x, axis, 0, 1) - pieces[0]
            pieces[2] = 2 * _part(x, axis, n - 1, n) - pieces[2]
        x, before, after = concatenate(pieces, axis), before - left, after - right
    return x
