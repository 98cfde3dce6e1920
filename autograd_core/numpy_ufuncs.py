"""NumPy's universal functions on Tensors: their keywords and methods, said with operations.

A ufunc is answered by the operation of its name. `dtype=` converts the arguments, `where=` chooses between the result
and `out=`, `axes=` moves axes, `reduce` and `accumulate` are reductions and scans, `outer` adds axes of length 1: each
of these is a composition of operations, so its derivative is right if theirs are.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from . import ops
from .engine import CONTEXT, nodes_of
from .errors import DTypeError, MissingRuleError, OptionError, ShapeError
from .numpy_functions import delivered, on_values, refuse
from .op import REGISTRY

SAME_AS = {
    "conjugate": "positive",
    "degrees": "rad2deg",
    "expit": "sigmoid",
    "float_power": "power",
    "psi": "special.digamma",
    "radians": "deg2rad",
}
"""Ufuncs whose values on real numbers are those of an operation of another name."""

CONSTANT = frozenset(
    {
        *("bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift", "bitwise_count"),
        *("gcd", "lcm", "isnat"),
    }
)
"""Ufuncs that NumPy computes on the values: numbers of integers and bits have no derivative."""

REDUCTIONS = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "max",
    "minimum": "min",
    "logaddexp": "logsumexp",
    "logical_and": "all",
    "logical_or": "any",
}
SCANS = {
    "add": "cumsum",
    "multiply": "cumprod",
    "maximum": "cummax",
    "minimum": "cummin",
    "logaddexp": "logcumsumexp",
}
PIECES = {"add": "add_reduceat", "multiply": "multiply_reduceat"}

_IN_DOMAIN = {"arctanh": 0.0, "special.erfinv": 0.0, "special.logit": 0.5, "special.ndtri": 0.5}
"""A number at which a ufunc is finite with a finite derivative; 1 for all others."""


ON_VALUES = "on values"
"""In the place of an operation's name: NumPy computes it on the values, and the result is a constant."""

REFUSED: Mapping[str, str] = {
    "gammasgn": "a sign, which np.sign of scipy.special.gamma gives",
    "rgamma": "say 1 / scipy.special.gamma",
    "yn": "say scipy.special.y0 and y1; higher orders of the second kind are not here",
}
"""Ufuncs that will not come, SciPy's among them, and why."""


def operation_of(ufunc: np.ufunc, method: str = "__call__") -> str | None:
    """The name of the operation that answers for a ufunc or one of its methods; None if nothing does.

    >>> operation_of(np.add, "reduce"), operation_of(np.radians)
    ('sum', 'deg2rad')
    """
    name = SAME_AS.get(ufunc.__name__, ufunc.__name__)
    if name in CONSTANT:
        return ON_VALUES if method != "at" else None
    if name not in REGISTRY and f"special.{name}" in REGISTRY:  # one of SciPy's
        name = f"special.{name}"
    if method in ("__call__", "outer"):
        return name if name in REGISTRY else None
    found = {"reduce": REDUCTIONS, "accumulate": SCANS, "reduceat": PIECES}.get(method, {}).get(name)
    return found if found in REGISTRY else None


def call(ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
    """What a ufunc, or one of its methods, gives on these inputs.

    Raises: MissingRuleError for what has no derivative here, unless no gradient is wanted; OptionError for `where=`
    without `out=`.
    """
    name = operation_of(ufunc, method)
    if name is None:
        if method == "at" or "out" in options or (CONTEXT.get().recording and nodes_of(inputs)):
            _refuse(ufunc, method)
        return on_values(getattr(ufunc, method), inputs, options)
    if ufunc is np.float_power:  # a power that is computed in double precision
        wanted = np.dtype(options.pop("dtype", np.float64))
        if wanted != np.float64:
            raise DTypeError(f"np.float_power: computes in float64, not in {wanted}")
        inputs = [_cast(x, wanted, "same_kind", "np.float_power") for x in inputs]
    if method == "__call__" and not options and name != ON_VALUES:
        return REGISTRY[name].call(*inputs)
    out = options.pop("out", None)
    if method in ("__call__", "outer") and out is None and options.get("where", True) is not True:
        raise OptionError(
            f"np.{ufunc.__name__}: where= leaves elements without a value unless out= is given; use np.where"
        )
    if name == ON_VALUES or _is_constant(name):
        if out is not None:  # a copy of what is there, because a graph may hold it
            options["out"] = tuple(None if x is None else np.array(getattr(x, "_array", x)) for x in out)
        try:
            result = on_values(getattr(ufunc, method), inputs, options)
        except TypeError as error:
            raise DTypeError(f"np.{ufunc.__name__}: {error}") from None
    elif method == "__call__":
        result = _elementwise(ufunc, name, inputs, options, out)
    elif method == "outer":
        a, b = inputs
        spread = ops.reshape(a, np.shape(a) + (1,) * np.ndim(b))
        result = _elementwise(ufunc, name, (spread, b), options, out)
    else:
        options.setdefault("axis", 0)
        result = REGISTRY[name].call(*inputs, **_known(name, ufunc, method, options))
    return result if out is None else delivered(result, out, f"np.{ufunc.__name__}")


def _is_constant(name: str) -> bool:
    """Whether an operation has no derivative, by nature: then the ufunc itself knows best what its keywords mean."""
    op = REGISTRY[name]
    return op.kind == "elementwise" and not op.differentiable


def _refuse(ufunc: np.ufunc, method: str) -> NoReturn:
    """Say that a ufunc, or a method of it, has no derivative here, and what to do."""
    if method == "at":
        raise MissingRuleError(
            f"np.{ufunc.__name__}.at writes into its argument; for sums use x + ag.scatter_add(values, index, x.shape)"
        )
    reason = REFUSED.get(ufunc.__name__, "")
    refuse(ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}", reason)


def _known(name: str, ufunc: np.ufunc, method: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a reduction that our operation has; those that NumPy takes anyway are left out."""
    op = REGISTRY[name]
    for key, value in options.items():
        if key not in op.defaults and not (value is None or value is True or value is np._NoValue):
            raise MissingRuleError(f"np.{ufunc.__name__}.{method}: the option {key}={value!r} is not supported here")
    return {key: value for key, value in options.items() if key in op.defaults and value is not np._NoValue}


def _elementwise(ufunc: np.ufunc, name: str, inputs: Sequence[Any], options: dict[str, Any], out: Any) -> Any:
    """A call with keywords."""
    who = f"np.{ufunc.__name__}"
    where, dtype = options.pop("where", True), options.pop("dtype", None)
    casting = options.pop("casting", "same_kind")
    if options.pop("order", "K") not in ("K", "A", "C") or options.pop("subok", True) is not True:
        raise MissingRuleError(f"{who}: order= and subok= are not supported here; a Tensor's memory is its own")
    if "signature" in options or "sig" in options:
        raise MissingRuleError(f"{who}: signature= is not supported here; say dtype=")
    if dtype is not None:
        inputs = [_cast(x, np.dtype(dtype), casting, who) for x in inputs]
    elif casting not in ("same_kind", "unsafe"):
        raise MissingRuleError(f"{who}: casting={casting!r} is not supported here without dtype=")
    if ufunc.signature is not None:
        return _along_axes(ufunc, name, inputs, options)
    if options:
        refuse(f"{ufunc.__name__} with {', '.join(options)}")
    if where is True:
        return REGISTRY[name].call(*inputs)
    # An element that does not take part must not matter, whatever it is: it is computed at a harmless number.
    target, safe = (out[0] if isinstance(out, tuple) else out), _IN_DOMAIN.get(name, 1.0)
    inputs = [ops.where(where, x, safe).astype(_dtype(x)) if np.ndim(x) else x for x in inputs]
    result = REGISTRY[name].call(*inputs)
    if isinstance(result, tuple):
        return tuple(ops.where(where, y, x) for y, x in zip(result, out, strict=True))
    return ops.where(where, result, target)


def _dtype(x: Any) -> Any:
    return x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype


def _cast(x: Any, dtype: np.dtype[Any], casting: str, who: str) -> Any:
    if isinstance(x, int | float) and not isinstance(x, bool):
        return x
    if not np.can_cast(_dtype(x), dtype, casting):  # type: ignore[arg-type]
        raise DTypeError(f"{who}: cannot cast {_dtype(x)} to {dtype} with casting={casting!r}")
    return ops.astype(x, dtype)


def _along_axes(ufunc: np.ufunc, name: str, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
    """A product of vectors or matrices that lie along other axes than the last ones."""
    operation = REGISTRY[name].call
    axes, axis, keepdims = options.pop("axes", None), options.pop("axis", None), options.pop("keepdims", False)
    if options:
        refuse(f"{ufunc.__name__} with {', '.join(options)}")
    if axis is not None:
        axes = [axis] * len(inputs)
    cores = [
        [c for c in part.strip("()").split(",") if c] for part in str(ufunc.signature).replace("->", "),(").split("),(")
    ]
    if axes is not None:
        axes = [tuple(a) if isinstance(a, tuple | list) else (a,) for a in axes]
        if len(axes) not in (len(inputs), len(inputs) + 1):
            raise OptionError(f"np.{ufunc.__name__}: axes= has {len(axes)} entries; one per argument and result")
        for x, a, core in zip(inputs, axes, cores, strict=False):
            if len(a) != len(core) and np.ndim(x) >= len(core):
                raise ShapeError(f"np.{ufunc.__name__}: axes= names {len(a)} axes for {len(core)} of {core}")
        inputs = [ops.moveaxis(x, a, tuple(range(-len(a), 0))) for x, a in zip(inputs, axes, strict=False)]
    result = operation(*inputs)
    if keepdims:
        if cores[-1]:
            raise OptionError(f"np.{ufunc.__name__}: keepdims= is for products that drop axes")
        return ops.expand_dims(result, -1 if axes is None else axes[0])
    if axes is not None and len(axes) > len(inputs) and axes[-1]:
        result = ops.moveaxis(result, tuple(range(-len(axes[-1]), 0)), axes[-1])
    return result
