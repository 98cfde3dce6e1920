"""The methods that an ndarray has, as operations, with PyTorch's spelling of the same arguments beside NumPy's.

NumPy says `axis` and `keepdims`, PyTorch `dim` and `keepdim`. Most methods mean the same to both, and take either.
Where they disagree, one convention decides: a positional argument and `axis=` have NumPy's meaning, `dim=` has
PyTorch's, and what only one of the two could have meant has that meaning. What could be either is refused, and the
error says what to write.
"""

import math
import sys
from collections.abc import Callable
from opcode import opmap
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from . import ops
from .engine import Variable
from .errors import OptionError, ShapeError
from .operators import Operators


class Ordered(NamedTuple):
    """What PyTorch's `max`, `min`, `sort` and `topk` along an axis give: the elements, and where they stood."""

    values: Any
    indices: Any


def reduced(op: Callable[..., Any]) -> Any:
    """An operation along axes as a method: `axis, keepdims`, or `dim, keepdim`, which mean the same."""

    def method(self: Any, *args: Any, **options: Any) -> Any:
        if len(args) > 1 and isinstance(args[1], bool):  # no dtype and no array is a truth value: this is keepdim
            options["keepdim"], args = args[1], args[:1]
        return op(self, *args, **(in_numpys_words(op, options) if options else options))

    return _named(method, op)


def in_numpys_words(op: Callable[..., Any], options: dict[str, Any]) -> dict[str, Any]:
    """Options with `axis` and `keepdims` in the place of `dim` and `keepdim`."""
    if "dim" in options:
        if "axis" in options:
            raise OptionError(f"{op.__name__}: axis= and dim= are two names of the same argument; give one")
        dim = options.pop("dim")
        options["axis"] = (tuple(dim) or None) if isinstance(dim, list | tuple) else dim  # to PyTorch, none means all
    if "keepdim" in options:
        options["keepdims"] = options.pop("keepdim")
    return options


def _named(method: Callable[..., Any], op: Callable[..., Any]) -> Callable[..., Any]:
    method.__name__ = method.__qualname__ = op.__name__
    method.__doc__ = f"{op.__doc__}\n    `dim` and `keepdim` are other names of `axis` and `keepdims`.\n"
    return method


def _extreme(op: Callable[..., Any], place: Callable[..., Any], of_two: Callable[..., Any]) -> Any:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        if len(args) > 1 and isinstance(args[1], bool):
            options |= {"dim": args[0], "keepdim": args[1]}
            args = ()
        if "dim" in options or "keepdim" in options:
            return along(self, place, *args, **options)
        if args and isinstance(args[0], Variable):
            return of_two(self, *args)
        if args and not options and _is_a_later_axis(args[0]) and _is_taken_for_a_pair(sys._getframe(1)):
            name = f"{op.__name__}({args[0]})"
            raise OptionError(
                f"{name}: this is taken for a pair of values and indices; NumPy's {name} is the values alone. "
                f"Say {op.__name__}(dim={args[0]}) for the pair, or {op.__name__}(axis={args[0]}) for the values"
            )
        return op(self, *args, **options)

    method = _named(method, op)
    method.__doc__ = (
        f"{op.__doc__}\n    With `dim` (and `keepdim`) the pair that PyTorch gives: values, and their indices along\n"
        "    the axis; each value's gradient then goes to the element of that index.\n"
    )
    return method


def along(x: Any, place: Callable[..., Any], dim: int, keepdim: bool = False) -> Ordered:
    """The element along an axis that `place` (argmax or argmin) finds, and where it found it."""
    if not x.ndim:
        return Ordered(ops.alias(x), place(x))
    indices = place(x, axis=dim, keepdims=True)
    values = ops.take_along_axis(x, indices, dim)
    return Ordered(values, indices) if keepdim else Ordered(ops.squeeze(values, dim), ops.squeeze(indices, dim))


def _is_a_later_axis(axis: Any) -> bool:
    """Whether this is one axis, and not the first: `low, high = x.min(0)` of points in the plane is NumPy's idiom."""
    return isinstance(axis, int) and axis != 0


_UNPACKED = bytes([opmap["UNPACK_SEQUENCE"], 2])


def _is_taken_for_a_pair(caller: FrameType) -> bool:
    """Whether the code that called is about to unpack the result into two names, as PyTorch's users do."""
    code, i = caller.f_code.co_code, caller.f_lasti + 2
    while code[i] == 0:  # the caches of the call
        i += 2
    return code[i : i + 2] == _UNPACKED


def _spread(op: Callable[..., Any]) -> Any:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        if len(args) > 1 and isinstance(args[1], bool):
            options |= dict(zip(("unbiased", "keepdim"), args[1:], strict=False))
            args = args[:1]
        if {"dim", "keepdim", "unbiased", "correction"} & options.keys():
            less = int(options.pop("unbiased", "axis" not in options))
            less = options.pop("correction", less)
            options = in_numpys_words(op, {**options, "ddof": less})
        return op(self, *args, **options)

    method = _named(method, op)
    method.__doc__ = (
        f"{op.__doc__}\n    NumPy divides by n, and so does this; with `dim=`, `keepdim=` or `unbiased=` it divides\n"
        "    by n - 1 unless they say otherwise, as PyTorch does.\n"
    )
    return method


class NdarrayMethods(Operators):
    """A Variable with NumPy's commonest methods."""

    __slots__ = ()

    all = reduced(ops.all)
    any = reduced(ops.any)
    argmax = reduced(ops.argmax)
    argmin = reduced(ops.argmin)
    cumprod = reduced(ops.cumprod)
    cumsum = reduced(ops.cumsum)
    max = _extreme(ops.max, ops.argmax, ops.maximum)
    mean = reduced(ops.mean)
    min = _extreme(ops.min, ops.argmin, ops.minimum)
    prod = reduced(ops.prod)
    std = _spread(ops.std)
    sum = reduced(ops.sum)
    var = _spread(ops.var)

    argpartition = ops.argpartition
    astype = ops.astype
    conj = conjugate = ops.conjugate
    dot = ops.dot
    ravel = ops.ravel
    round = ops.round
    searchsorted = ops.searchsorted
    swapaxes = ops.swapaxes
    take = ops.take
    trace = ops.trace

    def argsort(
        self,
        axis: int | None = -1,
        kind: Any = None,
        *,
        dim: int | None = None,
        descending: bool = False,
        **options: Any,
    ) -> Any:
        """The indices that put the elements along an axis in order; with `descending`, the largest first."""
        axis = axis if dim is None else dim
        return order_descending(self, axis) if descending else ops.argsort(self, axis, kind, **options)

    def choose(self, choices: Any, mode: str = "raise") -> Any:
        """For each element, which is a number of a choice, the element of that choice."""
        return ops.choose(self, choices, mode=mode)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        """The elements, those beyond a bound replaced by it."""
        return ops.clip(self, min, max)

    def compress(self, condition: Any, axis: int | None = None) -> Any:
        """The slices along an axis for which the condition holds."""
        return ops.compress(condition, self, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1, **dims: int) -> Any:
        """A diagonal, along the axes of `axis1` and `axis2` (to PyTorch, `dim1` and `dim2`), as a new last axis."""
        return ops.diagonal(self, offset, dims.pop("dim1", axis1), dims.pop("dim2", axis2), **dims)

    def flatten(self, *args: Any, start_dim: int = 0, end_dim: int = -1, **options: Any) -> Any:
        """All elements along one axis; of some axes only, if PyTorch's `start_dim` and `end_dim` say so."""
        if args and isinstance(args[0], int):  # NumPy has an order here, and no number
            start_dim, end_dim = (*args, end_dim)[:2]
        elif args or options:
            return ops.ravel(self, *args, **options)
        shape = self._array.shape
        first, last = (_number_of(axis, len(shape), "flatten") for axis in (start_dim, end_dim))
        if not shape or (first, last) == (0, len(shape) - 1):
            return ops.ravel(self)
        if first > last:
            raise OptionError(f"flatten: start_dim={start_dim} lies behind end_dim={end_dim} of shape {shape}")
        return ops.reshape(self, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))

    def nonzero(self, *, as_tuple: bool = True) -> Any:
        """Where the elements are that are not 0, as one array of numbers for each axis; constants.

        With `as_tuple=False` as one array with a row for each of them, as PyTorch has it.
        """
        places = np.nonzero(self)  # type: ignore[arg-type]
        return places if as_tuple else ops.stack(places, axis=1)

    def repeat(self, *copies: Any, repeats: Any = None, axis: int | None = None) -> Any:
        """Each element so many times, flat or along an axis.

        Several numbers that cannot be a number of copies and an axis repeat the whole array, as in PyTorch.
        Errors: OptionError for those that can be either.
        """
        if repeats is not None:
            copies = (repeats,)
        if len(copies) > 2 or (len(copies) == 2 and copies[1] >= len(self._array.shape)):  # to NumPy an error
            return ops.tile(self, copies)
        if len(copies) != 1 or isinstance(copies[0], tuple):
            whole = copies if len(copies) > 1 else copies[0]
            raise OptionError(
                f"repeat{copies}: NumPy repeats the elements along an axis, PyTorch the whole array; say "
                f"repeat(n, axis=) for the elements, or tile({whole}) for the whole"
            )
        return ops.repeat(self, copies[0], axis)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """The same elements in another shape, given as one tuple or as separate lengths."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def sort(self, *args: Any, dim: int | None = None, descending: bool = False, stable: bool | None = None) -> Any:
        """The elements along an axis in order, and where they stood: `sort(dim=-1)` gives PyTorch's pair.

        Errors: OptionError without a `dim`, because NumPy's method sorts in place.
        """
        if args and (len(args) == 2 or descending or stable is not None):  # NumPy has a name of a method there, or none
            dim, descending = (*args, descending)[:2]
        elif dim is None and (args or not (descending or stable)):
            raise OptionError(
                "sort: NumPy sorts in place, PyTorch gives a pair; say np.sort(x) for the elements in order, or "
                "sort(dim=-1) for them and the indices where they stood"
            )
        dim = -1 if dim is None else dim
        order = order_descending(self, dim) if descending else ops.argsort(self, dim, stable=True)
        return Ordered(ops.take_along_axis(self, order, dim), order)

    def squeeze(self, axis: Any = None, *, dim: Any = None) -> Any:
        """Without axes of length 1: all of them, or some; of those that `dim` names, the longer ones stay."""
        if dim is None:
            try:
                return ops.squeeze(self, axis)
            except ShapeError as error:
                raise ShapeError(f"{error} To PyTorch longer axes stay: say squeeze(dim={axis}) for that.") from None
        shape = self._array.shape
        numbers = [_number_of(d, len(shape), "squeeze") for d in (dim if isinstance(dim, tuple | list) else (dim,))]
        return ops.squeeze(self, tuple([d for d in numbers if shape and shape[d] == 1]))

    def transpose(self, *axes: Any, dim0: int | None = None, dim1: int | None = None) -> Any:
        """Axes in another order, given as one tuple or as separate numbers; reversed if none are given.

        Two numbers exchange two axes of three or more, as in PyTorch.
        Errors: OptionError for two numbers that exchange the axes of a matrix to PyTorch, and leave them to NumPy.
        """
        if dim0 is not None and dim1 is not None:
            return ops.swapaxes(self, dim0, dim1)
        if len(axes) == 2 and (axes not in _EXCHANGED or len(self._array.shape) != 2):
            if len(self._array.shape) != 2:  # to NumPy an error
                return ops.swapaxes(self, *axes)
            raise OptionError(
                f"transpose{axes}: to NumPy this matrix stays as it is, to PyTorch its axes are exchanged; say T or "
                f"swapaxes{axes} to exchange them"
            )
        listed = len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list))
        return ops.transpose(self, (axes[0] if listed else axes) or None)

    @property
    def real(self) -> Any:
        """The real part, which of real numbers is themselves."""
        return ops.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part, which of real numbers is 0."""
        return ops.imag(self)

    @property
    def T(self) -> Any:
        """The axes reversed."""
        return ops.transpose(self)

    @property
    def mT(self) -> Any:
        """The last two axes exchanged: each matrix of a stack transposed."""
        if len(self._array.shape) < 2:
            raise OptionError(f"mT: a matrix has at least two axes, got shape {self._array.shape}")
        return ops.swapaxes(self, -1, -2)


_EXCHANGED = ((1, 0), (-1, -2), (1, -2), (-1, 0))  # of two axes: NumPy and PyTorch agree


def _number_of(axis: int, ndim: int, who: str) -> int:
    """An axis as a number from 0; a number without axes has one to PyTorch."""
    if not -max(ndim, 1) <= axis < max(ndim, 1):
        raise ShapeError(f"{who}: axis {axis} is out of bounds for an array of {ndim} axes")
    return axis % max(ndim, 1)


def order_descending(x: Any, axis: int | None) -> Any:
    """The indices that put elements in descending order; among equal ones, the first comes first."""
    turned = ops.argsort(ops.flip(x, axis), axis, stable=True)
    count = x._array.size if axis is None else x._array.shape[axis]
    return count - 1 - ops.flip(turned, 0 if axis is None else axis)
