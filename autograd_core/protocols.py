"""NumPy's protocols: what happens when NumPy's own functions meet a Tensor. They stay in the graph, or raise."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from . import ops
from .arrays import Array
from .engine import Variable
from .errors import GraphError, MissingRuleError
from .op import REGISTRY
from .operators import Operators


class Protocols(Operators):
    """A Variable that NumPy's functions and ufuncs hand over to the operations of the same names."""

    __slots__ = ()

    data: Any  # the array, for others to hold; see Tensor

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.node is not None:
            raise GraphError(
                "asarray: this tensor requires a gradient, and what is done to an ndarray is not recorded; "
                "use .detach(), or a function of autograd_core"
            )
        if copy is False and dtype is not None and np.dtype(dtype) != self._data.dtype:
            raise ValueError(f"asarray: {self._data.dtype} cannot become {np.dtype(dtype)} without a copy")
        return np.array(self.data, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        name = _UFUNC_NAMES.get(ufunc.__name__, ufunc.__name__)
        if method != "__call__" or options or name not in REGISTRY:
            call = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            given = f" with {', '.join(options)}" if options else ""
            raise MissingRuleError(
                f"np.{call}{given} is not differentiable here; "
                "use .detach() for its value, or ag.custom_vjp to define its derivative"
            )
        return REGISTRY[name].call(*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = function.__name__
        if name in _FACTS:
            return _FACTS[name](*args, **kwargs)
        ours = getattr(ops, _FUNCTION_NAMES.get(name, name), None)
        if ours is None or function.__module__ != "numpy":
            raise MissingRuleError(
                f"{function.__module__}.{name} is not differentiable here; "
                "use .detach() for its value, or ag.custom_vjp to define its derivative"
            )
        signature = inspect.signature(ours)
        unknown = [k for k in kwargs if k not in signature.parameters]
        if unknown:
            raise MissingRuleError(
                f"np.{name}: the option {', '.join(unknown)} is not supported here; there is {signature}"
            )
        return ours(*args, **kwargs)


_UFUNC_NAMES = {"conjugate": "positive", "fabs": "absolute"}
_FUNCTION_NAMES = {
    "amax": "max",
    "amin": "min",
    "permute_dims": "transpose",
    "concat": "concatenate",
}
_FACTS: dict[str, Callable[..., Any]] = {
    "shape": lambda a: a.shape,
    "ndim": lambda a: a.ndim,
    "size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
    "result_type": lambda *xs: np.result_type(*(x._data.dtype if isinstance(x, Variable) else x for x in xs)),
}
