"""From operations to NumPy steps: each is run once more on arrays that write down what NumPy is asked to do with them.

Does not know any operation: forward functions and rules are NumPy code, and are read as such. What comes out is
compared with what the operation gave, bit for bit, so that a lowering is never wrong for the arrays it was made with;
where the code looks at numbers, or leaves what can be followed, the operation stays whole.
"""

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from ..errors import AutogradError
from ..lowered import Elementwise, Host, Number, Piece, Step
from .followed import Followed, NotLowerable, Writing, piece_of, raw_of
from .memory import Memory

__all__ = ["close", "lowered", "rewritten", "same_bits_for_other_numbers", "same_for_other_numbers"]


def lowered(
    run: Callable[..., Any],
    memory: Memory,
    pieces: Sequence[Piece | None],
    arrays: Sequence[Any],
    expected: Any,
    quiet: Collection[str] = (),
) -> tuple[list[Step], list[tuple[Piece, Any]], bool]:
    """The steps of ``run(*arrays)``, its results with the pieces that they lie in, and whether these are the same bits.

    `pieces` say where the arrays lie; one without a piece is passed as it is. `expected` is what the operation gave: an
    array, or a tuple of them. `quiet` are the kinds of floating-point errors that are ignored around it.

    Errors: NotLowerable, with the reason.
    """
    writing = Writing(memory)
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
        with _unheard(quiet):
            results = run(*given)
    except NotLowerable:
        raise
    except Exception as error:  # code that takes plain arrays only: then the operation stays whole
        raise NotLowerable(f"{type(error).__name__}: {error}") from None
    results = results if isinstance(results, tuple) else (results,)
    if expected is None:
        expected = tuple(raw_of(result) for result in results)
    wanted = expected if isinstance(expected, tuple) else (expected,)
    found, exact = [], True
    for result, want in zip(results, wanted, strict=True):
        if not isinstance(result, Followed) or result.shape != np.shape(want) or result.dtype != want.dtype:
            raise NotLowerable("a result that does not come from the arrays")
        raw = raw_of(result)
        exact = exact and same_bits(raw, want)
        if not exact and not close(raw, want):
            raise NotLowerable("another result")
        found.append((piece_of(result), raw))
    return writing.steps, found, exact


def _unheard(quiet: Collection[str]) -> Any:
    """Nothing warns while code is followed; what it ignores itself can still be told from the rest."""
    kinds: dict[str, Any] = {kind: "ignore" if kind in quiet else "call" for kind in np.geterr()}
    return np.errstate(**kinds, call=lambda *_: None)


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


def same_bits_for_other_numbers(
    run: Callable[..., Any], whole: Callable[..., Any], arrays: Sequence[Any], count: int
) -> bool:
    """Whether an operation that is followed gives the bits of the operation, for so many sets of other numbers."""
    for i in range(count):
        others = [_other(array, 0.875 + i / 1024) for array in arrays]
        memory = Memory()
        try:
            with np.errstate(all="ignore"):
                expected = whole(*others)
            _, _, exact = lowered(run, memory, [memory.buffer(array, "input") for array in others], others, expected)
        except (NotLowerable, AutogradError):  # it does not take such numbers
            return False
        if not exact:
            return False
    return True


def _other(array: Any, factor: float = 0.875) -> Any:
    """An array that lies in the same way, with other numbers of much the same size."""
    array = np.asarray(array)
    other = np.empty_like(array)
    flipped = np.flip(array)
    with np.errstate(all="ignore"):
        other[...] = flipped * array.dtype.type(factor) if array.dtype.kind == "f" else flipped
    return other if other.strides == array.strides else array * array.dtype.type(factor)


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
    quiet: Collection[str] = (),
) -> list[Step]:
    """The steps of ``run(*arrays)``, which writes into the buffers of `places`, and does so here.

    Errors: NotLowerable, perhaps halfway through.
    """
    writing = Writing(memory)
    writing.own |= {place.buffer for place in places}
    followed = []
    for piece, array in zip(pieces, arrays, strict=True):
        each = np.ndarray.view(array, Followed)
        each.writing, each.buffer = writing, piece.buffer
        memory.moved(piece, array)
        followed.append(each)
    try:
        with _unheard(quiet):
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
