"""PyTorch's functions of arrays, with PyTorch's meaning of their arguments.

Most are methods of a Tensor by the same name, so they are derived: a function asks the Tensor that its first argument
is or becomes. Where NumPy's meaning of a positional argument differs, the `dim` is handed on by name.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd_core as ag

# methods of a Tensor with the same arguments in the same order
METHODS = """
    abs absolute acos add addcdiv addcmul addmm arccos arcsin arctan arctan2 asin atan atan2 bmm ceil chunk clamp clip
    clone cos cosh cumprod cumsum detach diag diagonal div divide dot eq equal erf exp exp2 expm1 fix flatten flip floor
    floor_divide fmod frac gather ge ger greater greater_equal gt heaviside hypot index_select inner is_floating_point
    isfinite isinf isnan kron le lerp less less_equal log log10 log1p log2 log_softmax logaddexp logical_and logical_not
    logical_or logical_xor logit lt masked_fill masked_select matmul maximum minimum mm moveaxis movedim mul multiply mv
    nan_to_num narrow ne neg negative norm not_equal numel outer permute pow reciprocal relu remainder reshape roll
    round rsqrt scatter scatter_add select sigmoid sign sin sinh softmax split sqrt square sub subtract swapaxes t take
    tan tanh tile topk trace tril triu true_divide trunc unbind unflatten unique unsqueeze xlogy
""".split()  # noqa: SIM905

# methods with the arguments (input, dim=None, keepdim=False), where NumPy's second one is something else
ALONG = "all amax amin any argmax argmin logsumexp max mean min nanmean nansum prod sum".split()  # noqa: SIM905


def _tensor(input: Any) -> ag.Tensor:
    """What is no Tensor yet; Python's floats as float32."""
    if isinstance(input, float):
        input = np.float32(input)
    return ag.asarray(input)


def _said(method: Callable[..., Any]) -> str:
    """What a method says of itself in its first line; its examples speak of the method."""
    return (method.__doc__ or "").partition("\n")[0]


def _method(name: str) -> Callable[..., Any]:
    method = getattr(ag.Tensor, name)

    def function(input: Any, *args: Any, **options: Any) -> Any:
        return method(_tensor(input), *args, **options)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = _said(method)
    return function


def _along(name: str) -> Callable[..., Any]:
    method = getattr(ag.Tensor, name)

    def function(input: Any, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:
        if isinstance(dim, ag.Tensor):  # max(input, other)
            return method(_tensor(input), dim)
        if dim is None and not keepdim:
            return method(_tensor(input), **options)
        return method(_tensor(input), dim=dim, keepdim=keepdim, **options)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = _said(method)
    return function


globals().update({name: _method(name) for name in METHODS} | {name: _along(name) for name in ALONG})


# --- where PyTorch's and NumPy's functions of a name differ -----------------------------------------------------------


def _spread(name: str) -> Callable[..., Any]:
    method = getattr(ag.Tensor, name)

    def function(
        input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
    ) -> Any:
        if isinstance(dim, bool):  # var(input, unbiased)
            dim, unbiased = None, dim
        correction = int(unbiased) if correction is None else correction
        return method(_tensor(input), dim=dim, keepdim=keepdim, correction=correction)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = _said(method)
    return function


std, var = _spread("std"), _spread("var")


def std_mean(input: Any, dim: Any = None, **options: Any) -> tuple[Any, Any]:
    """Standard deviation (of n - 1 degrees of freedom unless `correction` says otherwise) and mean."""
    return std(input, dim, **options), _tensor(input).mean(dim=dim, keepdim=options.get("keepdim", False))


def var_mean(input: Any, dim: Any = None, **options: Any) -> tuple[Any, Any]:
    """Variance (of n - 1 degrees of freedom unless `correction` says otherwise) and mean."""
    return var(input, dim, **options), _tensor(input).mean(dim=dim, keepdim=options.get("keepdim", False))


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The elements along an axis in order, and where they stood."""
    return _tensor(input).sort(dim=dim, descending=descending)


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that put the elements along an axis in order."""
    return _tensor(input).argsort(dim=dim, descending=descending)


def squeeze(input: Any, dim: Any = None) -> Any:
    """Without axes of length 1: all, or those named; longer ones stay."""
    return _tensor(input).squeeze(dim=dim)


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two axes exchanged."""
    return _tensor(input).swapaxes(dim0, dim1)


swapdims = transpose


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Where the elements are that are not 0: a row for each, or an array for each axis (`as_tuple`)."""
    return _tensor(input).nonzero(as_tuple=as_tuple)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds and `other` elsewhere; of a condition alone, where it holds, as a tuple."""
    if input is None and other is None:
        return _tensor(condition).nonzero()
    return ag.where(_tensor(condition), input, other)


def repeat_interleave(input: Any, repeats: Any, dim: int | None = None) -> Any:
    """Each element so many times, flat or along an axis."""
    return ag.repeat(_tensor(input), repeats, dim)


def cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Arrays one behind the other along an axis."""
    return ag.concatenate([_tensor(one) for one in tensors], dim)


concat = concatenate = cat


def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Arrays of one shape along a new axis."""
    return ag.stack([_tensor(one) for one in tensors], dim)


def hstack(tensors: Sequence[Any]) -> Any:
    """Arrays beside each other."""
    return ag.hstack([_tensor(one) for one in tensors])


def vstack(tensors: Sequence[Any]) -> Any:
    """Arrays below each other."""
    return ag.vstack([_tensor(one) for one in tensors])


def einsum(equation: str, *operands: Any) -> Any:
    """Einstein's summation; the arrays one by one, or in one list."""
    given = operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
    return ag.einsum(equation, *[_tensor(one) for one in given])


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """The sum of products over some axes of both."""
    return ag.tensordot(_tensor(a), _tensor(b), dims)


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """All in the shape that they have together."""
    return tuple(ag.broadcast_arrays(*[_tensor(one) for one in tensors]))


def broadcast_to(input: Any, shape: Any) -> Any:
    """The elements repeated along axes of length 1, and new ones in front."""
    return ag.broadcast_to(_tensor(input), tuple(shape))


def cdist(x1: Any, x2: Any, p: float = 2.0) -> Any:
    """The p-norm of the difference of every row of one to every row of the other."""
    return ag.linalg.vector_norm(_tensor(x1)[..., :, None, :] - _tensor(x2)[..., None, :, :], axis=-1, ord=p)


def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements are not 0."""
    return (_tensor(input) != 0).sum(dim=dim)


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each number from 0 comes."""
    return ag.bincount(_tensor(input), weights, minlength=minlength)


def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Element by element, whether they differ by at most ``atol + rtol * |other|``."""
    a, b = (_tensor(one).detach().numpy() for one in (input, other))
    return ag.asarray(np.isclose(a, b, rtol, atol, equal_nan))


def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements differ by at most ``atol + rtol * |other|``."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


def is_tensor(obj: Any) -> bool:
    """Whether this is a Tensor."""
    return isinstance(obj, ag.Tensor)


_own = [name for name, value in globals().items() if name[0] != "_" and getattr(value, "__module__", "") == __name__]
__all__ = [*METHODS, *ALONG, *sorted({*_own} - {*METHODS, *ALONG})]  # noqa: PLE0604
