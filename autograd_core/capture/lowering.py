"""From operations to NumPy steps: each is run once more on arrays that write down what NumPy is asked to do with them.

Knows NumPy's protocols. Does not know any operation: forward functions and rules are NumPy code, and are read as such.
What comes out is compared with what the operation gave, bit for bit, so that a lowering is never wrong for the arrays
it was made with; where the code looks at numbers, or leaves what can be followed, the operation stays whole.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..lowered import Buffer, Elementwise, Host, Number, Operand, Piece, Product, Reduce, Step

__all__ = [
    "NAMESPACE",
    "Followed",
    "Memory",
    "NotLowerable",
    "close",
    "lowered",
    "rewritten",
    "same_for_other_numbers",
]


class NotLowerable(Exception):
    """This is not a sequence of steps that are known."""


class Memory:
    """The buffers of a computation, and which of them the arrays of its first run lie in."""

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.whole: dict[Buffer, Piece] = {}  # the array that each was made for
        self._arrays: dict[Buffer, Any] = {}  # holds the memory, so that no other array gets its addresses
        self._starts: dict[Buffer, int] = {}

    def buffer(self, array: Any, kind: Any) -> Piece:
        """A new buffer for the memory of an array."""
        start, low, high = _span(array)
        buffer = Buffer(len(self.buffers), high - low, kind, array if kind == "constant" else None)
        self.buffers.append(buffer)
        self._arrays[buffer], self._starts[buffer] = array, low
        self.whole[buffer] = piece = Piece(buffer, start - low, array.shape, array.strides, array.dtype)
        return piece

    def temporary(self, piece: Piece) -> Buffer:
        """A buffer for a piece that no array stands for."""
        buffer = Buffer(len(self.buffers), math.prod(piece.shape) * piece.dtype.itemsize, "temporary")
        self.buffers.append(buffer)
        return buffer

    def object(self, held: Any) -> Piece:
        """A place for what is no array."""
        buffer = Buffer(len(self.buffers), 0, "object")
        self.buffers.append(buffer)
        self._arrays[buffer] = held
        self.whole[buffer] = piece = Piece(buffer, 0, (), (), np.dtype(object))
        return piece

    def piece(self, array: Any, buffer: Buffer) -> Piece:
        """An array that lies in a buffer."""
        offset = _span(array)[0] - self._starts[buffer] if array.size else 0
        return Piece(buffer, offset, array.shape, array.strides, array.dtype)

    def moved(self, piece: Piece, array: Any) -> None:
        """The array that a piece is lies somewhere else now, in the same way."""
        if array.size:
            self._arrays[piece.buffer] = array
            self._starts[piece.buffer] = _span(array)[0] - piece.offset

    def holds(self, buffer: Buffer, array: Any) -> bool:
        """Whether an array lies in a buffer."""
        if not array.size:
            return False
        _, low, high = _span(array)
        start = self._starts[buffer]
        return start <= low and high <= start + buffer.nbytes and start != 0


def _span(array: Any) -> tuple[int, int, int]:
    """The addresses of an array's first element, of the lowest byte that it has, and behind the highest."""
    if not array.size:
        return 0, 0, 0
    found = array.__array_interface__
    start = low = high = found["data"][0]
    if found["strides"] is None:
        return start, low, high + array.nbytes
    for n, stride in zip(array.shape, array.strides, strict=True):
        if stride < 0:
            low += (n - 1) * stride
        else:
            high += (n - 1) * stride
    return start, low, high + array.itemsize


class _Writing:
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


class Followed(np.ndarray):
    """An array that writes down what NumPy does with it."""

    writing: _Writing
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
        made = np.reshape(_raw(self), shape)
        if not self.size or np.may_share_memory(made, _raw(self)):
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
        made = _raw(self)[index]
        if not isinstance(made, np.ndarray):  # one element, as a scalar
            made = _raw(self)[(*parts, Ellipsis)]
        return _view(self, made)


def _raw(array: Any) -> Any:
    """The plain array."""
    return np.ndarray.view(array, np.ndarray) if isinstance(array, Followed) else array


def _view(of: Followed, array: Any) -> Followed:
    """An array in the memory of another one."""
    view = np.ndarray.view(array, Followed)
    view.writing, view.buffer = of.writing, of.buffer
    return view


def _piece(array: Followed) -> Piece:
    if array.piece is not None:
        return array.piece
    memory = array.writing.memory
    raw = _raw(array)
    if raw.size and not memory.holds(array.buffer, raw):
        raise NotLowerable("a copy that was not seen")
    return memory.piece(raw, array.buffer)


def _operand(x: Any, dtype: Any, writing: _Writing) -> Operand:
    if isinstance(x, Followed):
        return _piece(x)
    if isinstance(x, np.ndarray) and x.ndim:
        return _cached(x, writing).piece
    return Number(x.item() if isinstance(x, np.ndarray | np.generic) else x, dtype)


class _Cached(NamedTuple):
    piece: Piece
    array: Any


def _cached(x: Any, writing: _Writing) -> _Cached:
    """An array from a cache of the code's own, which nobody may write into: a constant."""
    if x.flags.writeable or x.base is not None:
        raise NotLowerable("an array made inside")
    return _Cached(writing.memory.buffer(x, "constant"), x)


def _known_type(x: Any) -> Any:
    return x.dtype if isinstance(x, np.ndarray | np.generic) else type(x)


def _elementwise(writing: _Writing, name: str, ufunc: Any, inputs: Any, out: Any) -> Any:
    known: Any = getattr(np, name, None)
    if known is not ufunc:
        raise NotLowerable(f"{name} is not NumPy's")
    try:
        loop = ufunc.resolve_dtypes((*map(_known_type, inputs), *(None,) * ufunc.nout))
    except TypeError as error:
        raise NotLowerable(str(error)) from None
    operands = tuple(_operand(x, dtype, writing) for x, dtype in zip(inputs, loop, strict=False))
    raws = [_raw(x) for x in inputs]
    if out is None:
        result = writing.new(ufunc(*raws))
    else:
        (result,) = out
        if not isinstance(result, Followed) or result.buffer not in writing.own:
            raise NotLowerable("written into what came from outside")
        ufunc(*raws, out=_raw(result))
    writing.steps.append(Elementwise(name, operands, _piece(result), tuple(loop)))
    return result


def _reduce(
    writing: _Writing,
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
    raw = _raw(x)
    axes = range(raw.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted(n % raw.ndim for n in axes)) if raw.ndim else ()
    kept = np.asarray(ufunc.reduce(raw, axis=axis, keepdims=True))
    if kept.dtype != raw.dtype or not raw.size:
        raise NotLowerable(f"{ufunc.__name__}.reduce in another type, or of nothing")
    result = writing.new(kept)
    shape = tuple(n for i, n in enumerate(raw.shape) if i not in axes)
    narrow = _view(result, _raw(result).reshape(shape))
    writing.steps.append(Reduce(ufunc.__name__, _piece(x), axes, _piece(narrow)))
    return result if keepdims else narrow


def _product(writing: _Writing, function: Any, inputs: Any, out: Any) -> Any:
    a, b = inputs
    if a.dtype != b.dtype or a.dtype.char not in "fd":
        raise NotLowerable("a product of two types")
    if not a.ndim or not b.ndim or (function == "dot" and max(a.ndim, b.ndim) > 2):
        raise NotLowerable("a product of numbers")
    pieces = tuple(_piece(x) if isinstance(x, Followed) else _cached(x, writing).piece for x in (a, b))
    made = np.asarray(getattr(np, function)(_raw(a), _raw(b)))
    if out is None:
        result = writing.new(made)
    else:
        (result,) = out
        if not isinstance(result, Followed) or result.buffer not in writing.own:
            raise NotLowerable("written into what came from outside")
        np.copyto(_raw(result), made)
    writing.steps.append(Product(pieces[0], pieces[1], _piece(result), function))
    return result


def _copied(x: Followed, order: Any, dtype: Any = None) -> Followed:
    raw = _raw(x)
    result = x.writing.new(raw.astype(dtype or raw.dtype, order=order, copy=True))
    x.writing.steps.append(Elementwise("copy", (_piece(x),), _piece(result), (raw.dtype, result.dtype)))
    return result


def _copied_to(to: Any, x: Any) -> None:
    if not isinstance(to, Followed) or to.buffer not in to.writing.own:
        raise NotLowerable("written into what came from outside")
    np.copyto(_raw(to), _raw(x))
    operand = _operand(x, to.dtype, to.writing)
    to.writing.steps.append(Elementwise("copy", (operand,), _piece(to), (operand.dtype, to.dtype)))


def _where(condition: Any, a: Any, b: Any) -> Any:
    inputs = (condition, a, b)
    writing = next(x.writing for x in inputs if isinstance(x, Followed))
    dtype = np.result_type(*(x if not isinstance(x, Followed) else x.dtype for x in (a, b)))
    loop = (np.dtype(bool), dtype, dtype, dtype)
    operands = tuple(_operand(x, t, writing) for x, t in zip(inputs, loop, strict=False))
    result = writing.new(np.where(*map(_raw, inputs)))
    writing.steps.append(Elementwise("where", operands, _piece(result), loop))
    return result


def _filled(value: float) -> Callable[..., Any]:
    def like(x: Any, dtype: Any = None, **other: Any) -> Any:
        if other:
            raise NotLowerable("a fill with options")
        result = x.writing.new(np.full(x.shape, value, dtype or x.dtype))
        number = Number(value, result.dtype)
        x.writing.steps.append(Elementwise("copy", (number,), _piece(result), (result.dtype, result.dtype)))
        return result

    return like


def _viewing(function: Callable[..., Any]) -> Callable[..., Any]:
    def viewed(x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Followed):
            raise NotLowerable(function.__name__)
        made = function(_raw(x), *args, **kwargs)
        if x.size and not np.may_share_memory(made, _raw(x)):
            raise NotLowerable(f"{function.__name__} copies")
        return _view(x, made)

    return viewed


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: function(*map(_raw, args), **kwargs)


def _contiguous(x: Any, dtype: Any = None, **_: Any) -> Any:
    return x if x.flags.c_contiguous else _copied(x, "C")


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: _where,
    np.dot: lambda a, b, out=None: _product(
        next(x.writing for x in (a, b) if isinstance(x, Followed)), "dot", (a, b), None
    ),
    np.empty_like: lambda x, dtype=None, **_: x.writing.new(np.empty_like(_raw(x), dtype)),
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
            x.writing.steps.append(Host(function, (_piece(x),), (), "check", True))

    @staticmethod
    def ascontiguousarray(x: Any, dtype: Any = None) -> Any:
        x = _Namespace.asarray(x, dtype)
        return _contiguous(x) if isinstance(x, Followed) else np.ascontiguousarray(x)


NAMESPACE: Any = _Namespace()


def lowered(
    run: Callable[..., Any], memory: Memory, pieces: Sequence[Piece | None], arrays: Sequence[Any], expected: Any
) -> tuple[list[Step], list[tuple[Piece, Any]], bool]:
    """The steps of ``run(*arrays)``, its results with the pieces that they lie in, and whether these are the same bits.

    `pieces` say where the arrays lie; one without a piece is passed as it is. `expected` is what the operation gave: an
    array, or a tuple of them.

    Errors: NotLowerable, with the reason.
    """
    writing = _Writing(memory)
    given = []
    for piece, array in zip(pieces, arrays, strict=True):
        if piece is not None:
            followed = np.ndarray.view(np.asarray(array), Followed)
            followed.writing, followed.buffer = writing, piece.buffer
            if followed.ndim:  # NumPy's numbers have no memory of their own, and are computed with in other ways
                followed.piece = piece
            array = followed
        given.append(array)
    try:
        with np.errstate(all="ignore"):
            results = run(*given)
    except NotLowerable:
        raise
    except Exception as error:  # code that takes plain arrays only: then the operation stays whole
        raise NotLowerable(f"{type(error).__name__}: {error}") from None
    results = results if isinstance(results, tuple) else (results,)
    if expected is None:
        expected = tuple(_raw(result) for result in results)
    wanted = expected if isinstance(expected, tuple) else (expected,)
    found, exact = [], True
    for result, want in zip(results, wanted, strict=True):
        if not isinstance(result, Followed) or result.shape != np.shape(want) or result.dtype != want.dtype:
            raise NotLowerable("a result that does not come from the arrays")
        raw = _raw(result)
        exact = exact and same_bits(raw, want)
        if not exact and not close(raw, want):
            raise NotLowerable("another result")
        found.append((_piece(result), raw))
    return writing.steps, found, exact


def same_for_other_numbers(run: Callable[..., Any], steps: Sequence[Step], arrays: Sequence[Any]) -> bool:
    """Whether the code asks NumPy for the same steps when the arrays hold other numbers.

    A number that code computed from the arrays in a way that was not seen would stand in the steps as if it were one of
    its own.
    """
    memory = Memory()
    others = [_other(array) for array in arrays]
    pieces = [memory.buffer(array, "input") for array in others]
    try:
        again, _, _ = lowered(run, memory, pieces, others, None)
    except NotLowerable:
        return False
    return [*map(_form, steps)] == [*map(_form, again)]


def _other(array: Any) -> Any:
    """An array that lies in the same way, with other numbers of much the same size."""
    array = np.asarray(array)
    other = np.empty_like(array)
    flipped = np.flip(array)
    with np.errstate(all="ignore"):
        other[...] = flipped * array.dtype.type(0.875) if array.dtype.kind == "f" else flipped
    return other if other.strides == array.strides else array * array.dtype.type(0.875)


def _form(step: Step) -> Any:
    """What is asked for in a step, but for where the arrays lie."""
    if isinstance(step, Elementwise):
        numbers = [repr(x.value) if isinstance(x, Number) else x.shape for x in step.operands]
        return step.name, step.loop, numbers, step.out.shape
    if isinstance(step, Host):
        return step.label
    return type(step), getattr(step, "name", ""), getattr(step, "axes", ()), step.out.shape


def rewritten(
    run: Callable[..., None],
    memory: Memory,
    pieces: Sequence[Piece],
    arrays: Sequence[Any],
    places: Sequence[Piece],
) -> list[Step]:
    """The steps of ``run(*arrays)``, which writes into the buffers of `places`, and does so here.

    Errors: NotLowerable, perhaps halfway through.
    """
    writing = _Writing(memory)
    writing.own |= {place.buffer for place in places}
    followed = []
    for piece, array in zip(pieces, arrays, strict=True):
        each = np.ndarray.view(array, Followed)
        each.writing, each.buffer = writing, piece.buffer
        memory.moved(piece, array)
        followed.append(each)
    try:
        run(*followed)
    except NotLowerable:
        raise
    except Exception as error:  # code that takes plain arrays only: then it stays whole
        raise NotLowerable(f"{type(error).__name__}: {error}") from None
    return writing.steps


_SMALL = 1 << 14  # bytes that are copied and compared sooner than NumPy is asked
_BITS = {np.dtype(f"f{n}"): np.dtype(f"u{n}") for n in (2, 4, 8)}


def same_bits(a: Any, b: Any) -> bool:
    """Whether two arrays are the same, NaN for NaN, and with the same signs of zeros."""
    a, b = np.asarray(a), np.asarray(b)
    if a.nbytes <= _SMALL and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes():
        return True
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    bits = _BITS.get(a.dtype)
    if bits is not None and a.dtype == b.dtype and np.array_equal(a.view(bits), b.view(bits)):
        return True
    return bool(np.array_equal(a, b, equal_nan=True) and np.array_equal(np.signbit(a), np.signbit(b)))


def close(a: Any, b: Any) -> bool:
    """Whether two results differ by no more than another order of the same additions would make."""
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    eps = float(np.finfo(a.dtype).eps)
    scale = float(np.nanmax(np.abs(b), initial=0.0, where=np.isfinite(b))) if b.size else 0.0
    return bool(np.allclose(a, b, rtol=64 * eps, atol=16 * math.sqrt(max(b.size, 1)) * eps * scale, equal_nan=True))
