"""Reductions, running totals, order statistics, and softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag
from benchmarks.agreement.counterparts.record import Counterpart, axes, axis, named, refuse


def _reduction(theirs: str, ours: str) -> Counterpart:
    """A reduction along the axes `dim`, with a type to compute in."""

    def call(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        options = {} if dtype is None else {"dtype": dtype}
        known = isinstance(dim, int) and ours in ("sum", "prod", "max", "min", "all", "any", "argmax", "argmin")
        over = dim if known else axes(input, dim)  # NumPy takes a number to have an axis 0 in some functions
        return named(ours)(input, over, keepdims=keepdim, **options)

    return Counterpart(theirs, (ours,), call)


def _masked(name: str, ours: str, **identity: Any) -> Counterpart:
    """A reduction of the elements that a mask lets through; of none of them it is the `identity`, if there is one."""

    def call(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
        options = identity if dtype is None else {"dtype": dtype, **identity}
        where = True if mask is None else np.broadcast_to(mask, np.shape(input))
        return named(ours)(input, axes(input, dim), keepdims=keepdim, where=where, **options)

    return Counterpart(f"masked.{name}", (ours,), call)


def _masked_spread(ours: str) -> Counterpart:
    def call(
        input: Any,
        dim: Any = None,
        unbiased: Any = None,
        *,
        keepdim: bool = False,
        dtype: Any = None,
        mask: Any = None,
        correction: Any = None,
    ) -> Any:
        over, where = axes(input, dim), True if mask is None else np.broadcast_to(mask, np.shape(input))
        ddof = _free(correction, unbiased)
        few = bool(np.any(np.sum(np.broadcast_to(where, np.shape(input)), axis=over) <= ddof))
        refuse(few, "no degree of freedom: NaN there, refused here")
        return named(ours)(input, over, ddof=ddof, keepdims=keepdim, where=where, dtype=dtype)

    return Counterpart(f"masked.{ours}", (ours,), call)


def _along(theirs: str, ours: str) -> Counterpart:
    """A function along one axis that keeps it."""

    def call(input: Any, dim: Any, *, dtype: Any = None) -> Any:
        refuse(ours.startswith("cumulative") and np.ndim(input) == 0, "a running total of a number")
        out = named(ours)(input, axis=axis(input, dim), **({} if dtype is None else {"dtype": dtype}))
        return out if np.ndim(input) else ag.reshape(out, ())  # NumPy makes a list of a number

    return Counterpart(theirs, (ours,), call)


def _running(name: str) -> Counterpart:
    """A running extreme; PyTorch gives its index too, the last one of a tie."""

    def call(input: Any, dim: Any) -> Any:
        out = named(name)(input, axis(input, dim))
        return (out if np.ndim(input) else ag.reshape(out, ())), None

    return Counterpart(name, (name,), call)


def _free(correction: Any, unbiased: Any) -> Any:
    """Degrees of freedom taken off: PyTorch's default is 1."""
    return correction if correction is not None else 1 if unbiased is None else int(unbiased)


def _spread(ours: str) -> Callable[..., Any]:
    def call(
        input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
    ) -> Any:
        if isinstance(dim, bool):  # torch.var(x, unbiased)
            dim, unbiased = None, dim
        ddof, over = _free(correction, unbiased), axes(input, dim)
        refuse(_degrees(input, over) <= ddof, "no degree of freedom: NaN there, refused here")
        return named(ours)(input, over, ddof=ddof, keepdims=keepdim)

    return call


def _degrees(x: Any, axis: Any) -> int:
    return np.size(x) if axis is None else int(np.prod([np.shape(x)[a] for a in np.atleast_1d(axis)], dtype=int))


def _with_mean(ours: str) -> Callable[..., Any]:
    spread = _spread(ours)

    def call(*args: Any, **kwargs: Any) -> Any:
        input, dim, keepdim = args[0], kwargs.get("dim", args[1] if len(args) > 1 else None), kwargs.get("keepdim")
        dim = None if isinstance(dim, bool) else dim
        return spread(*args, **kwargs), ag.mean(input, axes(input, dim), keepdims=bool(keepdim))

    return call


def _extreme(theirs: str, ours: str, index: str) -> Counterpart:
    """The largest along an axis, and where it is."""

    def call(input: Any, dim: int, keepdim: bool = False) -> Any:
        one = axis(input, dim)
        return named(ours)(input, one, keepdims=keepdim), named(index)(input, one, keepdims=keepdim)

    return Counterpart(theirs, (ours, index), call)


def _quantile(ours: str, unit: float = 1) -> Callable[..., Any]:
    def call(input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear") -> Any:
        return named(ours)(input, q * unit, axis=axis(input, dim), keepdims=keepdim, method=interpolation)

    return call


def _median(ours: str) -> Callable[..., Any]:
    def call(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
        x = np.asarray(input.detach() if isinstance(input, ag.Tensor) else input)
        counts = np.sum(~np.isnan(x), axis=axis(input, dim)) if ours == "nanmedian" else _degrees(x, axis(input, dim))
        refuse(not np.all(np.asarray(counts) % 2), "the median of an even number, of which PyTorch takes the lower one")
        out = named(ours)(input, axis(input, dim), keepdims=keepdim)
        return out if dim is None else (out, None)

    return call


def _partition(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    refuse(np.ndim(input) == 0, "the order of a number")
    parted = ag.partition(input, k - 1, dim)
    return ag.take(parted, [k - 1] if keepdim else k - 1, axis=dim), None


def _unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:
    return ag.unique(input, return_inverse=return_inverse, return_counts=return_counts, axis=dim)


def _softmax(ours: str, sign: int = 1) -> Callable[..., Any]:
    def call(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
        x = input if dtype is None else ag.astype(input, dtype)
        if np.ndim(x) == 0:
            return ag.reshape(named(ours)(ag.reshape(x, (1,)) * sign, dim), ())
        return named(ours)(x * sign if sign < 0 else x, dim)

    return call


def _sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    one = axis(input, dim)
    if one is None:
        return ag.positive(input), np.zeros((), np.int64)
    if descending:  # in the order of the negative, so that ties keep their order
        return ag.negative(ag.sort(ag.negative(input), one)), ag.argsort(ag.negative(input), one, stable=True)
    return ag.sort(input, one), ag.argsort(input, one, stable=True)


def _argsort(*args: Any, **kwargs: Any) -> Any:
    return _sort(*args, **kwargs)[1]


def _topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    refuse(np.ndim(input) == 0, "the order of a number")
    order = ag.sort(input, dim)
    order = ag.flip(order, dim) if largest else order
    return ag.take(order, np.arange(k), axis=dim), None


def _kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    refuse(np.ndim(input) == 0, "the order of a number")
    return ag.take(ag.sort(input, dim), [k - 1] if keepdim else k - 1, axis=dim), None


def _cumulative_trapezoid(y: Any, x: Any = None, *, dim: int = -1, dx: float = 1.0) -> Any:
    refuse(x is not None, "running totals of trapezoids")
    both = ag.moveaxis(y, dim, -1)
    return ag.moveaxis(ag.cumsum((both[..., 1:] + both[..., :-1]) * (dx / 2), -1), -1, dim)


REDUCTIONS = [
    *(_reduction(theirs, ours) for theirs, ours in [("sum", "sum"), ("mean", "mean"), ("prod", "prod")]),
    *(_reduction(name, name) for name in ("all", "any", "nansum", "nanmean", "logsumexp")),
    *(_reduction(theirs, ours) for theirs, ours in [("amax", "max"), ("amin", "min")]),
    *(_reduction(name, name) for name in ("argmax", "argmin")),
    _masked("sum", "sum"),
    _masked("mean", "mean"),
    _masked("prod", "prod"),
    _masked("amax", "max", initial=-np.inf),
    _masked("amin", "min", initial=np.inf),
    _masked_spread("var"),
    _masked_spread("std"),
    Counterpart("max.reduction_no_dim", ("max",), lambda input: ag.max(input)),
    Counterpart("min.reduction_no_dim", ("min",), lambda input: ag.min(input)),
    _extreme("max.reduction_with_dim", "max", "argmax"),
    _extreme("min.reduction_with_dim", "min", "argmin"),
    Counterpart(
        "aminmax",
        ("min", "max"),
        lambda input, *, dim=None, keepdim=False: (
            ag.min(input, axis(input, dim), keepdims=keepdim),
            ag.max(input, axis(input, dim), keepdims=keepdim),
        ),
    ),
    *(Counterpart(name, ("var",), _spread("var")) for name in ("var", "var.unbiased")),
    *(Counterpart(name, ("std",), _spread("std")) for name in ("std", "std.unbiased")),
    *(Counterpart(name, ("var", "mean"), _with_mean("var")) for name in ("var_mean", "var_mean.unbiased")),
    *(Counterpart(name, ("std", "mean"), _with_mean("std")) for name in ("std_mean", "std_mean.unbiased")),
    *(_along(name, name) for name in ("cumsum", "cumprod")),
    *(_along("cumsum", name) for name in ("cumulative_sum", "nancumsum")),
    *(_along("cumprod", name) for name in ("cumulative_prod", "nancumprod")),
    _along("logcumsumexp", "logcumsumexp"),
    _running("cummax"),
    _running("cummin"),
    _reduction("mean", "average"),
    _reduction("prod", "nanprod"),
    _reduction("amax", "nanmax"),
    _reduction("amin", "nanmin"),
    Counterpart("var", ("nanvar",), _spread("nanvar")),
    Counterpart("std", ("nanstd",), _spread("nanstd")),
    Counterpart("median", ("median",), _median("median")),
    Counterpart("nanmedian", ("nanmedian",), _median("nanmedian")),
    Counterpart("quantile", ("percentile",), _quantile("percentile", 100)),
    Counterpart("nanquantile", ("nanpercentile",), _quantile("nanpercentile", 100)),
    Counterpart("kthvalue", ("partition", "take"), _partition),
    Counterpart("unique", ("unique",), _unique),
    Counterpart(
        "bincount",
        ("bincount",),
        lambda input, weights=None, minlength=0: ag.bincount(input, weights, minlength=minlength),
    ),
    Counterpart("quantile", ("quantile",), _quantile("quantile")),
    Counterpart("nanquantile", ("nanquantile",), _quantile("nanquantile")),
    Counterpart("sort", ("sort", "argsort"), _sort),
    Counterpart("msort", ("sort",), lambda input: ag.sort(input, 0)),
    Counterpart("argsort", ("argsort",), _argsort),
    Counterpart("topk", ("sort", "take"), _topk),
    Counterpart("kthvalue", ("sort", "take"), _kthvalue),
    *(
        Counterpart(name, ("trapezoid",), lambda y, x=None, *, dim=-1, dx=1.0: ag.trapezoid(y, x, dx=dx, axis=dim))
        for name in ("trapz", "trapezoid")
    ),
    Counterpart("cumulative_trapezoid", ("cumsum",), _cumulative_trapezoid),
    *(Counterpart(name, ("softmax",), _softmax("softmax")) for name in ("softmax", "softmax.with_dtype")),
    *(
        Counterpart(f"nn.functional.{name}", ("softmax",), _softmax("softmax", -1))
        for name in ("softmin", "softmin.with_dtype")
    ),
    *(
        Counterpart(name, ("log_softmax",), _softmax("log_softmax"))
        for name in ("log_softmax", "log_softmax.with_dtype")
    ),
]
