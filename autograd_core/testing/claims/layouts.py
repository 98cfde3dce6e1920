"""Claims about how numbers are stored: layouts in memory, whole numbers, narrow types, and types that meet."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...errors import AutogradError
from ...op import Op
from ...tensor import tensor
from ..cases import Case
from ..domains import Pick, pick_cotangents
from .claim import Broken, claim, close, gradients, pulled, same_bits


def _transposed(x: Any) -> Any:
    return ops.transpose(tensor(np.array(x.T, order="C"), requires_grad=True))


def _strided(x: Any) -> Any:
    every_other = (slice(None, None, 2),) * x.ndim
    wide = np.full([2 * n for n in x.shape], np.nan)  # a read beside the numbers would show
    wide[every_other] = x
    return tensor(wide, requires_grad=True)[every_other]


def _reversed(x: Any) -> Any:
    return ops.flip(tensor(np.array(np.flip(x), order="C"), requires_grad=True))


@claim()
def the_layout_in_memory_does_not_matter(case: Case, pick: Pick) -> None:
    """Transposed, strided and reversed arguments and cotangents give the same values and gradients."""
    outputs = case(*case.arrays)
    u = pick_cotangents(pick, outputs)
    expected = gradients(case, u) if case.live else []
    for layout in (_transposed, _strided, _reversed):
        how = layout.__name__.removeprefix("_")
        tensors = [layout(x) for x in case.arrays]
        for t, x in zip(tensors, case.arrays, strict=True):
            same_bits(f"a {how} argument", t.detach(), x)
        results = case(*tensors)
        for k, (y, out) in enumerate(zip(results, outputs, strict=True)):
            close(f"result {k} of {how} arguments", y.detach(), out, *case.arrays)
        if case.live:
            cotangents = [layout(a).detach() for a in u]
            found = pulled(case, tensors, results, cotangents)
            for k, g, e in zip(case.live, found, expected, strict=True):
                close(f"the gradient of argument {k} for {how} arguments", g, e, *u)


def _has_numpys_reference(op: Op) -> bool:
    """Whether the reference is a function of NumPy's own, which knows what it does with integers."""
    function = op.reference
    return isinstance(function, np.ufunc) or str(getattr(function, "__module__", "")).startswith("numpy")


def _whole_numbers(dtype: Any, exact: Any) -> None:
    def agree(case: Case, pick: Pick) -> bool:
        rng, eps = np.random.default_rng(0), float(np.finfo(exact).eps)
        arrays = [(rng.permutation(x.size).reshape(x.shape) + 1).astype(dtype) for x in case.arrays]
        with np.errstate(all="ignore"):
            try:
                expected = case.having(arrays).reference()
                outputs = case(*arrays)
            except (AutogradError, TypeError, ValueError, OverflowError):  # in words, ours or NumPy's
                return False
        for k, (out, reference) in enumerate(zip(outputs, expected, strict=True)):
            close(f"result {k} for {dtype.__name__}", out, reference, *arrays, eps=eps)
        return True

    agree.__doc__ = (
        f"Whole numbers ({dtype.__name__}) give the values of NumPy's reference, or are refused: they must not wrap "
        "round unless NumPy's do."
    )
    name = f"whole_numbers_give_the_values_of_the_reference_or_are_refused_{dtype.__name__}"
    claim(_has_numpys_reference, name=name, once=True)(agree)


_whole_numbers(np.int64, exact=np.float64)
_whole_numbers(np.uint8, exact=np.float16)  # NumPy takes 8 bits to half precision in some functions, and is inexact


def narrowed(case: Case, dtypes: Sequence[Any]) -> tuple[Case, Case]:
    """The same call in narrower types, and in float64 on the very same numbers."""
    narrow = [x.astype(t) for x, t in zip(case.arrays, dtypes, strict=True)]
    return case.having(narrow), case.having([x.astype(np.float64) for x in narrow])


def _kept(case: Case, pick: Pick, dtype: Any, eps: float) -> None:
    narrow, wide = narrowed(case, [dtype] * len(case.arrays))
    exact = wide(*wide.arrays)
    for k, (y, e) in enumerate(zip(narrow(*narrow.arrays), exact, strict=True)):
        expected = np.dtype(case.options.get("dtype", dtype)) if e.dtype.kind == "f" else e.dtype
        if y.dtype != expected:
            raise Broken(f"result {k}: has dtype {y.dtype}, not {expected}, where the arguments are {dtype.__name__}")
        close(f"result {k} in {dtype.__name__}", y, e, *wide.arrays, eps=eps)
    if case.live:
        u = pick_cotangents(pick, exact)
        for k, g, e in zip(case.live, gradients(narrow, u), gradients(wide, u), strict=True):
            close(f"the gradient of argument {k} in {dtype.__name__}", g, e, *u, *wide.arrays, eps=eps)


@claim()
def single_precision_is_kept(case: Case, pick: Pick) -> None:
    """In float32 results and gradients have dtype float32, and the values that float64 gives, as far as they go."""
    _kept(case, pick, np.float32, float(np.finfo(np.float32).eps))


@claim()
def half_precision_is_kept(case: Case, pick: Pick) -> None:
    """In float16 results and gradients have dtype float16, and the values that float64 gives, as far as they go.

    Intermediate results lose what the final ones would have had: 4 times the tolerance.
    """
    _kept(case, pick, np.float16, 4 * float(np.finfo(np.float16).eps))


@claim(lambda op: op.differentiable and (len(op.arrays) > 1 or op.variadic), where=lambda case: len(case.arrays) > 1)
def each_gradient_has_the_type_of_its_own_argument(case: Case, pick: Pick) -> None:
    """Where single and double precision meet, every argument gets its gradient in its own type."""
    eps = float(np.finfo(np.float32).eps)
    u = pick_cotangents(pick, case(*case.arrays))
    for odd in range(len(case.arrays)):
        for types in ((np.float32, np.float64), (np.float64, np.float32)):
            mixed, wide = narrowed(case, [types[0] if k == odd else types[1] for k in range(len(case.arrays))])
            for create_graph in (False, True):
                found = zip(case.live, gradients(mixed, u, create_graph), gradients(wide, u), strict=True)
                for k, g, e in found:
                    what = f"the gradient of argument {k}, argument {odd} in {types[0].__name__}, others not"
                    close(what, g, e, *u, *wide.arrays, eps=eps)
