"""Arrays that write down what NumPy is asked to do with them, as steps.

Knows NumPy's protocols, and which of its functions make views, copies, reductions and products. What looks at numbers,
or writes where nobody would see it, ends with `NotLowerable`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..lowered import Buffer, Elementwise, Host, Number, Operand, Piece, Product, Reduce, Step
from .memory import Memory

__all__ = ["NAMESPACE", "Followed", "NotLowerable", "Writing", "piece_of", "raw_of"]


class NotLowerable(Exception):
    """This is not a sequence of steps that are known."""


class Writing:
    """The steps of one operation, while they are written down."""

    def __init__(self, memory: Memory) -> None:
        self.memory, self.steps, self.own = memory, list[Step](), set[Buffer]()

    def new(self, array: Any) -> "Followed":
        """A result in memory of its own."""
        array = np.asarray(array)
        followed = array.view(Followed)
        followed.writing = self
        followed.piece = self.memory.buffer(array, "temporary")
        followed.buffer = followed.piece.buffer
        self.own.add(followed.buffer)
        return followed

    def write(self, step: Elementwise | Reduce | Product) -> None:
        """One more step, as quiet as the code is here."""
        step.quiet = frozenset(kind for kind, what in np.geterr().items() if what == "ignore")
        self.steps.append(step)


class Followed(np.ndarray):
    """An array that writes down what NumPy does with it."""

    writing: Writing
    buffer: Buffer
    piece: Piece | None = None  # where it lies, if that is known; a view of it finds out

    def __array_finalize__(self, obj: Any) -> None:
        if isinstance(obj, Followed):
            self.writing, self.buffer = obj.writing, obj.buffer  # right for views; `_piece` looks whether it is one

    # --- what is written down -----------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        writing = next(x.writing for x in (*inputs, *options.get("out", ())) if isinstance(x, Followed))
        out = options.pop("out", None)
        if method == "__call__" and not options and ufunc.nout == 1:
            if ufunc is np.matmul:
                return _product(writing, "matmul", inputs, out)
            return _elementwise(writing, ufunc.__name__, ufunc, inputs, out)
        if method == "reduce" and out is None:
            return _reduce(writing, ufunc, *inputs, **options)
        raise NotLowerable(f"{ufunc.__name__}.{method}")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        rule = _FUNCTIONS.get(function)
        if rule is None:
            raise NotLowerable(function.__name__)
        return rule(*args, **kwargs)

    def reshape(self, *shape: Any, order: Any = "C", copy: Any = None) -> Any:
        if order != "C" or copy is not None:
            raise NotLowerable("reshape")
        shape = shape[0] if len(shape) == 1 else shape
        made = np.reshape(raw_of(self), shape)
        if not self.size or np.may_share_memory(made, raw_of(self)):
            return _view(self, made)
        return super(Followed, _copied(self, "C")).reshape(shape)

    def copy(self, order: Any = "C") -> Any:
        return _copied(self, order)

    def astype(self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: Any = True, copy: Any = True) -> Any:
        dtype = np.dtype(dtype)
        if dtype == self.dtype and not copy:
            return self
        return _copied(self, order, dtype)

    def ravel(self, order: Any = "C") -> Any:
        return self.reshape(-1)

    def flatten(self, order: Any = "C") -> Any:
        return _copied(self, "C").reshape(-1)

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **other: Any) -> Any:
        if dtype is not None or out is not None or other:
            raise NotLowerable("sum")
        return np.add.reduce(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, out: Any = None, keepdims: Any = False, **other: Any) -> Any:
        if out is not None or other:
            raise NotLowerable("max")
        return np.maximum.reduce(self, axis=axis, keepdims=keepdims)

    def dot(self, b: Any, out: Any = None) -> Any:
        return np.dot(self, b)

    # --- what looks at numbers, or writes where nobody sees it -------------------------------------------------------

    def _lost(self, *args: Any, **kwargs: Any) -> Any:
        raise NotLowerable("the numbers are looked at")

    __bool__ = __float__ = __int__ = __index__ = __setitem__ = __array__ = item = tolist = fill = sort = _lost
    argmax = argmin = argsort = mean = var = std = prod = cumsum = min = all = any = nonzero = take = put = _lost
    partition = repeat = clip = round = choose = compress = diagonal = trace = searchsorted = __iter__ = _lost
    tobytes = view = setflags = resize = __deepcopy__ = __copy__ = __reduce__ = __contains__ = _lost

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        if not all(p is None or p is Ellipsis or type(p) in (int, slice) for p in parts):
            raise NotLowerable("an index of arrays")
        made = raw_of(self)[index]
        if not isinstance(made, np.ndarray):  # one element, as a scalar
            made = raw_of(self)[(*parts, Ellipsis)]
        return _view(self, made)


def raw_of(array: Any) -> Any:
    """The plain array."""
    return np.ndarray.view(array, np.ndarray) if isinstance(array, Followed) else array


def _view(of: Followed, array: Any) -> Followed:
    """An array in the memory of another one."""
    view = np.ndarray.view(array, Followed)
    view.writing, view.buffer = of.writing, of.buffer
    return view


def piece_of(array: Followed) -> Piece:
    if array.piece is not None:
        return array.piece
    memory = array.writing.memory
    raw = raw_of(array)
    if raw.size and not memory.holds(array.buffer, raw):
        raise NotLowerable("a copy that was not seen")
    return memory.piece(raw, array.buffer)


def _operand(x: Any, dtype: Any, writing: Writing) -> Operand:
    if isinstance(x, Followed):
        return piece_of(x)
    if isinstance(x, np.ndarray) and x.ndim:
        return _cached(x, writing).piece
    return Number(x.item() if isinstance(x, np.ndarray | np.generic) else x, dtype)


class _Cached(NamedTuple):
    piece: Piece
    array: Any


def _cached(x: Any, writing: Writing) -> _Cached:
    """An array from a cache of the code's own, which nobody may write into: a constant."""
    if x.flags.writeable or x.base is not None:
        raise NotLowerable("an array made inside")
    return _Cached(writing.memory.buffer(x, "constant"), x)


def _known_type(x: Any) -> Any:
    return x.dtype if isinstance(x, np.ndarray | np.generic) else type(x)


def _elementwise(writing: Writing, name: str, ufunc: Any, inputs: Any, out: Any) -> Any:
    known: Any = getattr(np, name, None)
    if known is not ufunc:
        raise NotLowerable(f"{name} is not NumPy's")
    try:
        loop = ufunc.resolve_dtypes((*map(_known_type, inputs), *(None,) * ufunc.nout))
    except TypeError as error:
        raise NotLowerable(str(error)) from None
    operands = tuple(_operand(x, dtype, writing) for x, dtype in zip(inputs, loop, strict=False))
    raws = [raw_of(x) for x in inputs]
    if out is None:
        result = writing.new(ufunc(*raws))
    else:
        (result,) = out
        if not isinstance(result, Followed) or result.buffer not in writing.own:
            raise NotLowerable("written into what came from outside")
        ufunc(*raws, out=raw_of(result))
    writing.write(Elementwise(name, operands, piece_of(result), tuple(loop)))
    return result


def _reduce(
    writing: Writing,
    ufunc: Any,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    if (
        (dtype is not None and np.dtype(dtype) != x.dtype)
        or out is not None
        or initial is not None
        or where is not True
        or not isinstance(x, Followed)
    ):
        raise NotLowerable(f"{ufunc.__name__}.reduce with options")
    raw = raw_of(x)
    axes = range(raw.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted(n % raw.ndim for n in axes)) if raw.ndim else ()
    kept = np.asarray(ufunc.reduce(raw, axis=axis, keepdims=True))
    if kept.dtype != raw.dtype or not raw.size:
        raise NotLowerable(f"{ufunc.__name__}.reduce in another type, or of nothing")
    result = writing.new(kept)
    shape = tuple(n for i, n in enumerate(raw.shape) if i not in axes)
    narrow = _view(result, raw_of(result).reshape(shape))
    writing.write(Reduce(ufunc.__name__, piece_of(x), axes, piece_of(narrow)))
    return result if keepdims else narrow


def _product(writing: Writing, function: Any, inputs: Any, out: Any) -> Any:
    a, b = inputs
    if a.dtype != b.dtype or a.dtype.char not in "fd":
        raise NotLowerable("a product of two types")
    if not a.ndim or not b.ndim or (function == "dot" and max(a.ndim, b.ndim) > 2):
        raise NotLowerable("a product of numbers")
    pieces = tuple(piece_of(x) if isinstance(x, Followed) else _cached(x, writing).piece for x in (a, b))
    made = np.asarray(getattr(np, function)(raw_of(a), raw_of(b)))
    if out is None:
        result = writing.new(made)
    else:
        (result,) = out
        if not isinstance(result, Followed) or result.buffer not in writing.own:
            raise NotLowerable("written into what came from outside")
        np.copyto(raw_of(result), made)
    writing.write(Product(pieces[0], pieces[1], piece_of(result), function))
    return result


def _copied(x: Followed, order: Any, dtype: Any = None) -> Followed:
    raw = raw_of(x)
    result = x.writing.new(raw.astype(dtype or raw.dtype, order=order, copy=True))
    x.writing.write(Elementwise("copy", (piece_of(x),), piece_of(result), (raw.dtype, result.dtype)))
    return result


def _copied_to(to: Any, x: Any) -> None:
    if not isinstance(to, Followed) or to.buffer not in to.writing.own:
        raise NotLowerable("written into what came from outside")
    np.copyto(raw_of(to), raw_of(x))
    operand = _operand(x, to.dtype, to.writing)
    to.writing.write(Elementwise("copy", (operand,), piece_of(to), (operand.dtype, to.dtype)))


def _where(condition: Any, a: Any, b: Any) -> Any:
    inputs = (condition, a, b)
    writing = next(x.writing for x in inputs if isinstance(x, Followed))
    dtype = np.result_type(*(x if not isinstance(x, Followed) else x.dtype for x in (a, b)))
    loop = (np.dtype(bool), dtype, dtype, dtype)
    operands = tuple(_operand(x, t, writing) for x, t in zip(inputs, loop, strict=False))
    result = writing.new(np.where(*map(raw_of, inputs)))
    writing.write(Elementwise("where", operands, piece_of(result), loop))
    return result


def _filled(value: float) -> Callable[..., Any]:
    def like(x: Any, dtype: Any = None, **other: Any) -> Any:
        if other:
            raise NotLowerable("a fill with options")
        result = x.writing.new(np.full(x.shape, value, dtype or x.dtype))
        number = Number(value, result.dtype)
        x.writing.write(Elementwise("copy", (number,), piece_of(result), (result.dtype, result.dtype)))
        return result

    return like


def _viewing(function: Callable[..., Any]) -> Callable[..., Any]:
    def viewed(x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Followed):
            raise NotLowerable(function.__name__)
        made = function(raw_of(x), *args, **kwargs)
        if x.size and not np.may_share_memory(made, raw_of(x)):
            raise NotLowerable(f"{function.__name__} copies")
        return _view(x, made)

    return viewed


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: function(*map(raw_of, args), **kwargs)


def _contiguous(x: Any, dtype: Any = None, **_: Any) -> Any:
    return x if x.flags.c_contiguous else _copied(x, "C")


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: _where,
    np.dot: lambda a, b, out=None: _product(
        next(x.writing for x in (a, b) if isinstance(x, Followed)), "dot", (a, b), None
    ),
    np.empty_like: lambda x, dtype=None, **_: x.writing.new(np.empty_like(raw_of(x), dtype)),
    np.zeros_like: _filled(0),
    np.ones_like: _filled(1),
    np.reshape: lambda x, shape, **options: x.reshape(shape, **options),
    np.ravel: lambda x: x.reshape(-1),
    np.sum: lambda x, axis=None, **options: x.sum(axis, **options),
    np.max: lambda x, axis=None, **options: x.max(axis, **options),
    np.amax: lambda x, axis=None, **options: x.max(axis, **options),
    np.copyto: lambda to, x, **_: _copied_to(to, x),
    np.copy: lambda x, order="K": _copied(x, order),
    **{f: _viewing(f) for f in (np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.broadcast_to)},
    **{f: _viewing(f) for f in (np.atleast_1d, np.atleast_2d, np.flip, np.rollaxis)},
    **{f: _asking(f) for f in (np.size, np.ndim, np.shape, np.result_type, np.may_share_memory)},
}


class _Namespace:
    """NumPy, whose conversions leave a followed array followed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def asarray(x: Any, dtype: Any = None) -> Any:
        if isinstance(x, Followed):
            return x if dtype is None else x.astype(dtype, copy=False)
        return np.asarray(x, dtype)

    asanyarray = asarray

    @staticmethod
    def check(function: Callable[[Any], None], x: Any) -> None:
        """Have a function look at the numbers of an array, to refuse them, in every replay."""
        if isinstance(x, Followed):
            x.writing.steps.append(Host(function, (piece_of(x),), (), "check", True))

    @staticmethod
    def ascontiguousarray(x: Any, dtype: Any = None) -> Any:
        x = _Namespace.asarray(x, dtype)
        return _contiguous(x) if isinstance(x, Followed) else np.ascontiguousarray(x)


NAMESPACE: Any = _Namespace()
