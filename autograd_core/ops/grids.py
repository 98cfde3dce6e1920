"""Sample points: evenly spaced between two ends, in numbers or in logarithms, and the grids that they span."""

import numpy as np

from ..arrays import is_differentiable
from ..errors import DTypeError, OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed, linear
from .arithmetic import absolute, divide, multiply, power, subtract
from .creation import astype, copy
from .operands import is_weak, operand, value_of
from .refusals import named
from .shape import broadcast_to, expand_dims, reshape, swapaxes

_WIDE = Interval(-3, 3)


def _fractions(num, endpoint, ndim, axis, dtype):
    """How far each sample is from the start, in parts of the way, along one axis of so many."""
    steps = num - 1 if endpoint else num
    shape = [1] * ndim
    shape[axis] = num
    return (np.arange(num) / (steps or 1)).astype(dtype).reshape(shape)


_GRID = [
    Example(start=(), stop=(), num=4),
    Example(start=(2,), stop=(), num=3),
    Example(start=(2, 1), stop=(3,), num=3, axis=1),
    Example(start=(2,), stop=(2,), num=3, axis=-1),
    Example(start=(), stop=(), num=4, endpoint=False),
    Example(start=(), stop=(2,), num=1),
    Example(start=(), stop=(), num=0),
    Example(start=(0,), stop=(0,), num=2),
    Example(start=(2,), stop=(), num=3, dtype=np.float64),
]
_NEGATIVE = Raises(OptionError, "must not be negative", start=(), stop=(), num=-1)
_WHOLE = Raises(DTypeError, "integers have no derivative", start=(), stop=(), num=3, dtype=int)


@linear(
    name="linspace",
    transpose=[
        lambda xp, g, num, endpoint, axis: xp.sum(
            g * (1 - _fractions(num, endpoint, len(g.shape), axis, g.dtype)), axis=axis
        ),
        lambda xp, g, num, endpoint, axis: xp.sum(
            g * _fractions(num, endpoint, len(g.shape), axis, g.dtype), axis=axis
        ),
    ],
    jvp=lambda xp, tangents, out_aval, num, endpoint, axis: (
        _linspace(*(0.0 if t is None else t for t in tangents), num, endpoint, out_aval.dtype, axis)
        + xp.zeros(out_aval.shape, out_aval.dtype)
    ),
    domain=_WIDE,
    examples=_GRID,
    reference=np.linspace,
    errors=[_NEGATIVE, _WHOLE, Raises(ShapeError, "axis 2 is out of bounds", start=(2,), stop=(), num=3, axis=2)],
)
def _linspace(xp, start, stop, /, num=50, endpoint=True, dtype=None, axis=0):
    if num < 0:
        raise OptionError(f"linspace: the number of samples must not be negative, got {num}")
    if dtype is not None and not is_differentiable(np.dtype(dtype)):
        raise TypeError(f"dtype={np.dtype(dtype)}: integers have no derivative; use .detach() for the value")
    return xp.linspace(start, stop, num, endpoint, dtype=dtype, axis=axis)


def linspace(start, stop, /, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """So many evenly spaced numbers from start to stop, which is the last one, or left out (endpoint=False).

    With retstep a pair: the numbers, and the distance between them.

    Shapes: start (...), stop (...) -> broadcast (...), with a new axis of length num.

    >>> ag.linspace(0.0, 1.0, 3)
    Tensor([0. , 0.5, 1. ])
    """
    out = _linspace(start, stop, num, endpoint, dtype, axis)
    if not retstep:
        return out
    steps = num - 1 if endpoint else num
    return out, divide(subtract(stop, start), steps) if steps > 0 else np.nan


linspace.op, _linspace.__doc__ = _linspace.op, linspace.__doc__  # type: ignore[attr-defined]


@composed(
    domain=Interval(-2, 2),
    examples=[*_GRID, Example(start=(2,), stop=(2,), num=3, base=2.0), Example(start=(), stop=(), num=3, base=0.5)],
    reference=np.logspace,
    errors=[_NEGATIVE, _WHOLE],
)
def logspace(start, stop, /, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    """Powers of a base whose exponents are evenly spaced from start to stop; the base may carry a gradient too.

    Shapes: start (...), stop (...), base (...) -> broadcast (...), with a new axis of length num.

    >>> ag.logspace(0.0, 2.0, 3)
    Tensor([  1.,  10., 100.])
    """
    if dtype is not None and not is_differentiable(np.dtype(dtype)):
        raise DTypeError(f"logspace: dtype={np.dtype(dtype)}: integers have no derivative; use .detach() for the value")
    if not is_weak(base):
        base = operand(base, "logspace")
        with named("logspace"):
            ndim = len(np.broadcast_shapes(np.shape(value_of(start)), np.shape(value_of(stop)), base.shape))
        ends = [operand(end, "logspace") for end in (start, stop)]
        start, stop = (reshape(end, (1,) * (ndim - end.ndim) + end.shape) for end in ends)
        base = reshape(base, (1,) * (ndim - base.ndim) + base.shape)
        base = expand_dims(base, axis)
    out = power(base, _linspace(start, stop, num, endpoint, None, axis))
    return out if dtype is None else astype(out, dtype)


@composed(
    domain=Interval(0.25, 3),
    examples=_GRID,
    reference=np.geomspace,
    errors=[_NEGATIVE, _WHOLE, Raises(OptionError, "0 is on no geometric", start=np.array(0.0), stop=(), num=3)],
)
def geomspace(start, stop, /, num=50, endpoint=True, dtype=None, axis=0):
    """So many numbers from start to stop of which each is the same multiple of the one before it.

    Shapes: start (...), stop (...) -> broadcast (...), with a new axis of length num.

    >>> ag.geomspace(1.0, 100.0, 3)
    Tensor([  1.,  10., 100.])
    """
    if num < 0:
        raise OptionError(f"geomspace: the number of samples must not be negative, got {num}")
    if dtype is not None and not is_differentiable(np.dtype(dtype)):
        raise DTypeError(
            f"geomspace: dtype={np.dtype(dtype)}: integers have no derivative; use .detach() for the value"
        )
    start, stop = operand(start, "geomspace"), operand(stop, "geomspace")
    signs = np.sign(value_of(start)), np.sign(value_of(stop))
    if not (signs[0].all() and signs[1].all()):
        raise OptionError("geomspace: 0 is on no geometric sequence; start and stop must not be 0")
    with named("geomspace"):
        ndim = len(np.broadcast_shapes(start.shape, stop.shape)) + 1
    if not np.all(signs[0] == signs[1]):
        raise OptionError("geomspace: start and stop must have the same sign; between others the sequence is complex")
    axis = _place("geomspace", axis, ndim)
    kind = np.result_type(start.dtype, stop.dtype)
    kind = kind if is_differentiable(kind) else np.dtype(float)
    part = _fractions(num, endpoint, ndim, axis, kind)
    ends = [expand_dims(reshape(x, (1,) * (ndim - 1 - x.ndim) + x.shape), axis) for x in (start, stop)]
    sign = np.sign(value_of(ends[0])).astype(kind)
    # each end alone to a power between 0 and 1: that can neither overflow nor miss the ends
    sizes = [absolute(astype(x, kind, copy=False)) for x in ends]
    out = multiply(multiply(power(sizes[0], 1 - part), power(sizes[1], part)), sign)
    return out if dtype is None else astype(out, dtype)


def _place(who, axis, ndim):
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{who}: axis {axis} is out of bounds for an array with {ndim} axes")
    return axis % ndim


def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    """The coordinates of all points of a grid, from those along each of its axes; a tuple.

    With indexing="xy" the first two axes are exchanged, as in pictures; "ij" keeps them as in matrices. Sparse
    coordinates have length 1 along the axes that they do not vary along. Without a copy they may share memory.

    Shapes: xi (n_i,) each -> (n_1, n_0, n_2, ...) each ("xy"), or (n_0, n_1, ...) ("ij").

    >>> x, y = ag.meshgrid(np.arange(3), np.arange(2))
    >>> x
    array([[0, 1, 2],
           [0, 1, 2]])
    """
    return _meshgrid(xi, copy=copy, sparse=sparse, indexing=indexing)


@composed(
    name="meshgrid",
    variadic=True,
    domain=_WIDE,
    examples=[
        Example(arrays=[(2,), (3,)]),
        Example(arrays=[(2,), (3,), (4,)], indexing="ij"),
        Example(arrays=[(2,), (3,), (2,)], sparse=True),
        Example(arrays=[(2,), (3,)], copy=False),
        Example(arrays=[(3,)]),
        Example(arrays=[(), (0,)], sparse=True, indexing="ij"),
    ],
    reference=lambda arrays, **options: np.meshgrid(*arrays, **options),
    errors=[Raises(OptionError, "'xy' or 'ij'", arrays=[(2,), (3,)], indexing="yx")],
)
def _meshgrid(arrays, /, *, copy=True, sparse=False, indexing="xy"):
    if indexing not in ("xy", "ij"):
        raise OptionError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    ndim = len(arrays)
    found = [operand(x, "meshgrid") for x in arrays]
    found = [reshape(x, (1,) * i + (x.size,) + (1,) * (ndim - 1 - i)) for i, x in enumerate(found)]
    if indexing == "xy" and ndim > 1:
        found = [swapaxes(x, 0, 1) for x in found]
    if not sparse:
        shape = np.broadcast_shapes(*(x.shape for x in found))
        found = [broadcast_to(x, shape) for x in found]
    return tuple([_copied(x) for x in found] if copy else found)


_copied = copy  # the option of meshgrid has its name

meshgrid.op, _meshgrid.__doc__ = _meshgrid.op, meshgrid.__doc__  # type: ignore[attr-defined]
